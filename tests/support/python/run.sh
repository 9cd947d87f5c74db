#!/usr/bin/env bash
# Runs Python with the packages of requirements.txt beside it:  run.sh SCRIPT [ARGUMENT...]; without a script it only makes the
# environment. The environment is made once for each content of requirements.txt and kept in the tests' cache; it counts
# as complete only with the mark that is written last, so that an interrupted or a second run does no harm.
set -euo pipefail

requirements="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/requirements.txt"
hash="$(sha256sum <"$requirements")"
dir="${CH_TEST_CACHE:-$HOME/.cache/connector-host-tests}/python-${hash:0:12}"

if [[ ! -f "$dir/.complete" ]]; then
  mkdir -p "$(dirname "$dir")"
  exec 9>"$dir.lock"
  flock 9
  if [[ ! -f "$dir/.complete" ]]; then
    rm -rf "$dir"
    /usr/bin/python3 -m venv "$dir"
    for attempt in 1 2 3; do
      if "$dir/bin/pip" -q --disable-pip-version-check install --no-cache-dir -r "$requirements" >&2; then
        break
      elif [[ $attempt == 3 ]]; then
        echo "pip could not install what $requirements names: is the Python package index reachable?" >&2
        exit 1
      fi
    done
    touch "$dir/.complete"
  fi
  exec 9>&-
fi
if [[ $# -gt 0 ]]; then
  exec env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$(dirname "$requirements")" "$dir/bin/python" "$@"
fi
