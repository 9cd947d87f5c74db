#!/usr/bin/env bash
# Puts the jars of the Kafka broker for tests into a folder and prints its name: fetch_kafka.sh [DIR [POM]]
# With a POM beside which lies a list of checksums (NAME.sha256 for NAME.xml), they must be those, and no others.
# Does nothing if they are there. A folder counts as complete only with the mark that is written last, under another
# name, so that an interrupted or a second run does no harm.
set -euo pipefail

pom="${2:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/pom.xml}"
dir="${1:-${CH_TEST_CACHE:-$HOME/.cache/connector-host-tests}/kafka-4.3.0}"
sums="${pom%.xml}.sha256"
wanted="$({
  cat "$pom"
  [[ ! -f "$sums" ]] || cat "$sums"
} | sha256sum)"

is_complete() { [[ -f "$dir/.complete" && "$(<"$dir/.complete")" == "$wanted" ]]; }

if ! is_complete; then
  mkdir -p "$(dirname "$dir")"
  exec 9>"$dir.lock"
  flock 9
  if ! is_complete; then
    if ! command -v mvn >/dev/null; then
      echo "mvn is missing: install maven and openjdk-17-jdk-headless (cmake/install_packages.sh test)" >&2
      exit 1
    fi
    rm -rf "$dir" "$dir".new.*
    new="$(mktemp -d "$dir.new.XXXXXX")"
    trap 'rm -rf "$new"' EXIT
    for attempt in 1 2 3; do
      echo "fetching Apache Kafka's jars into $dir (attempt $attempt)" >&2
      if mvn -q -B -f "$pom" dependency:copy-dependencies -DoutputDirectory="$new" >&2; then
        break
      elif [[ $attempt == 3 ]]; then
        echo "Maven could not fetch the jars: is Maven Central, or a mirror named in ~/.m2/settings.xml, reachable?" >&2
        exit 1
      fi
    done
    if [[ -f "$sums" ]] && ! diff <(cd "$new" && sha256sum -- *.jar) "$sums" >&2; then
      echo "the jars are not those of $sums" >&2
      exit 1
    fi
    echo "$wanted" >"$new/.complete"
    mv "$new" "$dir"
  fi
fi
echo "$dir"
