#!/usr/bin/env bash
# Installs the Debian packages that are missing:  cmake/install_packages.sh [build|package|test]
# build (the default): to build connector-host and to try it out; package: that, and what
# packages are made with; test: what the tests need as well.
# For Debian 12 and 13. The distribution's librdkafka is too old (12) or crashes (13): one is built into .deps of this checkout.
# Does nothing if all is there. Uses apt-get as root, or by sudo.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

build=(
  # compiler and tools
  g++ cmake ninja-build pkg-config ccache mold python3
  # libraries
  libboost-dev libcli11-dev libcpprest-dev libcurl4-openssl-dev libexpected-dev libfmt-dev libisal-dev libpugixml-dev libre2-dev
  librdkafka-dev libsimdjson-dev libsqlite3-dev libssl-dev libtcmalloc-minimal4 libyaml-cpp-dev libzstd-dev nlohmann-json3-dev
  prometheus-cpp-dev
  # what librdkafka needs of others where it is linked into the program
  liblz4-dev libsasl2-dev zlib1g-dev
  # for examples/quickstart.sh, and to reach COS by https
  ca-certificates curl jq kcat
)
package=(debhelper dpkg-dev)
test=(
  # libraries, a second compiler with its sanitizers, checks of the sources
  catch2 clang clang-format clang-tidy libclang-rt-dev python3-jsonschema python3-venv shellcheck sqlite3 zstd
  # for the tests of the dashboard
  chromium
  # a real Kafka broker, and a client in Java
  maven default-jdk-headless
)

case "${1:-build}" in
  build) wanted=("${build[@]}") ;;
  package) wanted=("${build[@]}" "${package[@]}") ;;
  test) wanted=("${build[@]}" "${test[@]}") ;;
  *)
    echo "usage: cmake/install_packages.sh [build|package|test]" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "this is no Debian: install what stands for these packages by hand, then go on: ${wanted[*]}" >&2
  exit 1
fi

# librdkafka 2.8 with a patch (decision 10); the distribution's from 2.10 on, which needs none.
private_librdkafka() {
  local system
  system="$(dpkg-query -W -f '${Version}' librdkafka-dev 2>/dev/null || true)"
  if [[ -n $system ]] && dpkg --compare-versions "$system" ge 2.10; then
    return
  fi
  "$root/cmake/build_librdkafka.sh" "$root/.deps/librdkafka"
}

# promtool, which the test of the alerts needs. Only unpacked: installed, Debian's package would run a Prometheus.
private_promtool() {
  local home="$root/.deps/promtool"
  if [[ ${1:-} != test || -x $home/usr/bin/promtool ]] || command -v promtool >/dev/null; then
    return
  fi
  local folder
  folder="$(mktemp -d)"
  chmod 755 "$folder"
  if ! (cd "$folder" && apt-get -q -o Acquire::Retries=3 download prometheus); then
    "${as_root[@]}" apt-get -q -o Acquire::Retries=3 update
    (cd "$folder" && apt-get -q -o Acquire::Retries=3 download prometheus)
  fi
  mkdir -p "$home"
  dpkg-deb --extract "$folder"/prometheus_*.deb "$home"
  rm -rf "$folder" "$home/usr/bin/prometheus"
}

as_root=()
if [[ $EUID -ne 0 ]]; then as_root=(sudo); fi

missing=()
for package in "${wanted[@]}"; do
  # shellcheck disable=SC2016  # the ${...} is dpkg's
  status="$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)"
  [[ $status == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "all ${#wanted[@]} packages are there"
  private_librdkafka
  private_promtool "${1:-}"
  exit 0
fi

if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "packages are missing; as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi
echo "installing ${#missing[@]} packages: ${missing[*]}"
"${as_root[@]}" apt-get -q -o Acquire::Retries=3 update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends "${missing[@]}"
private_librdkafka
private_promtool "${1:-}"
