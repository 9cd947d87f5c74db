#!/usr/bin/env bash
# Installs the Debian packages that are missing:  cmake/install_packages.sh [build|test]
# build (the default): to build connector-host and to try it out; test: that, and what the tests need.
# Does nothing if all are there. Uses apt-get as root, or by sudo.
set -euo pipefail

build=(
  # compiler and tools
  g++ cmake ninja-build pkg-config ccache mold python3
  # libraries
  libboost-dev libcli11-dev libcpprest-dev libcurl4-openssl-dev libexpected-dev libfmt-dev libisal-dev libpugixml-dev libre2-dev
  librdkafka-dev libsimdjson-dev libspdlog-dev libsqlite3-dev libssl-dev libtcmalloc-minimal4 libzstd-dev nlohmann-json3-dev prometheus-cpp-dev
  # for examples/quickstart.sh, and to reach COS by https
  ca-certificates curl jq kcat
)
test=(
  # libraries, a second compiler with its sanitizers, checks of the sources
  catch2 clang clang-format clang-tidy libclang-rt-14-dev python3-jsonschema python3-venv shellcheck zstd
  # for the tests of the dashboard
  chromium
  # a real Kafka broker, and a client in Java
  maven openjdk-17-jdk-headless
)

case "${1:-build}" in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${test[@]}") ;;
  *)
    echo "usage: cmake/install_packages.sh [build|test]" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "this is no Debian: install what stands for these packages by hand, then go on: ${wanted[*]}" >&2
  exit 1
fi

missing=()
for package in "${wanted[@]}"; do
  # shellcheck disable=SC2016  # the ${...} is dpkg's
  status="$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)"
  [[ $status == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "all ${#wanted[@]} packages are there"
  exit 0
fi

as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "packages are missing; as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "installing ${#missing[@]} packages: ${missing[*]}"
"${as_root[@]}" apt-get -q -o Acquire::Retries=3 update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends "${missing[@]}"
