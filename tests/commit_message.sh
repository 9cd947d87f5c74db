#!/usr/bin/env bash
# The commit rule of CONTRIBUTING.md, as .githooks/commit-msg holds it: what passes, and what is refused with which words.
set -euo pipefail
hook="$(dirname "${BASH_SOURCE[0]}")/../.githooks/commit-msg"
file="$(mktemp)"
trap 'rm -f "$file"' EXIT
failed=0

# passes MESSAGE; refused WORDS MESSAGE
passes() {
  printf '%b' "$1" >"$file"
  "$hook" "$file" || { echo "should pass: $1" && failed=1; }
}
refused() {
  local said
  printf '%b' "$2" >"$file"
  if said="$("$hook" "$file" 2>&1)"; then
    echo "should be refused: $2" && failed=1
  elif [[ $said != *"$1"* ]]; then
    echo "should be refused with '$1', not with: $said" && failed=1
  fi
}

seventy_two="$(printf 'x%.0s' {1..72})"
passes "Count dropped lines\n\nA full pipe lost them silently.\n"
passes "$seventy_two\n\nwhy\n"
passes "Merge branch 'a'\n"
passes "fixup! Count dropped lines\n"
passes "Count dropped lines\n\nwhy\n# what git adds\n"
refused "73 characters" "${seventy_two}x\n\nwhy\n"
refused "by ';'" "Count lines; drop old ones\n\nwhy\n"
refused "full stop" "Count lines.\n\nwhy\n"
refused "body is missing" "Count lines\n"
refused "body is missing" "Count lines\n\n# only a remark of git\n"
refused "second line" "Count lines\nand why\n"
refused "subject is missing" "\n\nwhy\n"
exit "$failed"
