#!/usr/bin/env bash
# Runs every test of the project, from nothing but a Debian 12 or 13 and this folder:  tests/run.sh [--fast]
# Installs the packages that are missing; builds with g++, with clang and its address and undefined-behaviour
# sanitizers, and with g++ and its thread sanitizer; then runs all tests and checks as one ctest, whose summary is the
# last line.  --fast leaves out the system and browser tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root="$PWD"

fast=
for option in "$@"; do
  case "$option" in
    --fast) fast=1 ;;
    -h | --help)
      sed -n '2,5s/^# //p' "$root/tests/run.sh"
      exit 0
      ;;
    *)
      echo "unknown option $option; there is --fast" >&2
      exit 2
      ;;
  esac
done

jobs="$(nproc)"
begin=$SECONDS
export CH_TEST_FIGURES="$root/build/figures.txt"

# stage NAME COMMAND...: one step of the preparation; its output is shown if it fails.
stage() {
  local name="$1" log="$root/build/logs/${1// /-}.log" from=$SECONDS
  shift
  printf '%-28s ' "$name"
  if "$@" >"$log" 2>&1; then
    echo "$((SECONDS - from)) s"
  else
    echo "failed after $((SECONDS - from)) s; the end of $log:"
    tail -n 60 "$log"
    exit 1
  fi
}

# shellcheck disable=SC2317  # called by stage
build() {
  cmake --preset "$1"
  cmake --build --preset "$1" -j "$jobs"
}

# One list of the tests of all builds and of the checks of the sources, for one ctest.
write_test_list() {
  {
    for check in format references shellcheck tidy; do
      echo "add_test(\"check: $check\" \"$root/tests/checks.sh\" $check)"
      echo "set_tests_properties(\"check: $check\" PROPERTIES LABELS check TIMEOUT 2400 COST 1000)"
    done
    for preset in dev clang tsan; do
      echo "subdirs(\"$root/build/$preset\")"
    done
  } >"$root/build/all/CTestTestfile.cmake"
}

mkdir -p build/logs build/all
: >"$CH_TEST_FIGURES"
echo "logs are in $root/build/logs"
stage "packages" cmake/install_packages.sh test
for preset in dev clang tsan; do
  stage "build $preset" build "$preset"
done
if [[ -z $fast ]]; then
  stage "Kafka broker" tests/support/kafka/fetch_kafka.sh
fi
stage "Python packages" tests/support/python/run.sh
write_test_list

selection=()
if [[ -n $fast ]]; then
  selection=(-LE '^(system|browser)$')
fi
from=$SECONDS
failed=0
# For each core one that computes, two with a broker, which wait more than they compute, and clang-tidy, which gives way to all.
ctest --test-dir build/all -j "$((jobs + 3))" --output-on-failure --no-tests=error "${selection[@]}" 2>&1 | tee build/logs/ctest.log || failed=1
echo
printf '%-28s %s s\n' "tests" "$((SECONDS - from))" "all together" "$((SECONDS - begin))"
cat "$CH_TEST_FIGURES"
# Once more at the end what failed said last: the end of a log is what is kept and read.
awk '/^ *[0-9]+\/[0-9]+ Test +#/ { failed = /\*\*\*/; if (failed) { name = $0; count = 0 } next }
     failed { lines[name, count++ % 40] = $0; last[name] = count }
     END { for (name in last) { print "\n" name; for (i = (last[name] > 40 ? last[name] - 40 : 0); i < last[name]; ++i) print lines[name, i % 40] } }' build/logs/ctest.log
grep -E '^[0-9]+% tests passed' build/logs/ctest.log || echo "ctest gave no summary"
exit "$failed"
