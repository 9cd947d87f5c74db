#!/usr/bin/env bash
# A check that cannot fail proves nothing. Runs chaos without a bug, which must pass, and then with one deliberate bug after
# the other, each of which must be caught; up to three seeds each. Then what takes too long for a test run: a COS that
# answers nothing for three minutes.  tests/chaos/prove.sh [BUG...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
chaos="${CH_TEST_BIN_DIR:-build/dev/bin}/chaos"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# In the order of docs/delivery.md.
bugs=("$@")
if [[ ${#bugs[@]} -eq 0 ]]; then
  bugs=(no_intent intent_forgotten "no_audit,no_fence" no_epoch_check denied_is_absent end_by_counting auto_commit upload_thread_commit
    left_paused)
fi

# run SEED FAULTS BUG[,BUG...]: the verdict's line; chaos's status.
run() {
  local status=0 options=() bug
  if [[ -n $3 ]]; then
    for bug in ${3//,/ }; do options+=(--bug "$bug"); done
  fi
  "$chaos" --seed "$1" --faults "$2" --hosts 2 "${options[@]}" >"$log" 2>&1 || status=$?
  tail -n 1 "$log"
  return "$status"
}

failed=0
printf '%-20s ' "no bug"
run 1 25 "" || failed=1
for bug in "${bugs[@]}"; do
  caught=
  for seed in 1 2 3; do
    status=0
    printf '%-20s ' "$bug"
    run "$seed" 25 "$bug" || status=$?
    if [[ $status -eq 1 ]]; then
      caught=1
      break
    fi
  done
  if [[ -z $caught ]]; then
    echo "$bug was NOT caught"
    failed=1
  fi
done
if [[ $# -eq 0 ]]; then
  CH_TEST_STALL_S=180 "${chaos%/*}/system_tests" "a COS that takes requests*" || failed=1
fi
exit "$failed"
