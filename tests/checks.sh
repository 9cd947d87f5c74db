#!/usr/bin/env bash
# Checks of the sources:  tests/checks.sh format|references|shellcheck|tidy
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sources() { find api connector-host connectors tests examples -type f \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name '*.c' \) | sort; }

case "${1:-}" in
  format)
    sources | xargs clang-format --dry-run --Werror
    ;;
  references)
    tests/references.py .
    ;;
  shellcheck)
    { find cmake packaging tests examples -type f -name '*.sh' && find .ci .githooks packaging/build packaging/debian/*.p* -type f; } | sort | xargs shellcheck
    ;;
  tidy)
    # The code that ships; tests are left to the compilers. Needs the list of commands of `dev`, where each source is compiled by
    # itself; it is g++'s. Behind everything else that runs: it takes minutes of all cores, beside tests that wait.
    find api connector-host connectors -name '*.cpp' | sort | nice -n 19 xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p build/dev --extra-arg=-Wno-unknown-warning-option
    ;;
  *)
    echo "usage: tests/checks.sh format|references|shellcheck|tidy" >&2
    exit 2
    ;;
esac
