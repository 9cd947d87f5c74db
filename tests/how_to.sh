#!/usr/bin/env bash
# Runs the command lines of docs/how-to.md that are marked "run: here", one after another, against `connector-host dev`:
#   tests/how_to.sh            CH_BIN_DIR says where the program is
#   tests/how_to.sh print KIND [FILE]    prints those of a kind: here, package, package-end, by hand
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# What stands between the fences of a block whose comment names this kind.
blocks() {
  awk -v kind="<!-- run: $1 -->" '
    /^<!-- run: / { wanted = $0 == kind; marked = 1; next }
    /^```sh$/ { inside = 1; if (!marked) { print "line " NR ": a block that does not say where it is run" >"/dev/stderr"; exit 1 } next }
    /^```$/ { inside = 0; marked = 0; next }
    inside && wanted' "${2:-$root/docs/how-to.md}"
}

if [[ ${1:-} == print ]]; then
  blocks "$2" "${3:-}"
  exit 0
fi
export PATH="${CH_BIN_DIR:?}:$PATH"
work="$(mktemp -d)"
dev=""
finish() {
  local status=$?
  if [[ -n $dev ]]; then
    kill "$dev" && wait "$dev" || status=1
  fi
  [[ $status -eq 0 ]] || tail -n 40 "$work"/{dev,prepared,blocks}.log >&2
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 1' TERM INT

connector-host dev --no-sample --listen 127.0.0.1:0 --dir "$work/dev" >"$work/dev.log" 2>&1 &
dev=$!
deadline=$((SECONDS + 60))
until grep -q '^COS key' "$work/dev.log"; do
  if ((SECONDS >= deadline)) || ! kill -0 "$dev"; then exit 1; fi
  sleep 0.2
done
CONNECTOR_HOST_URL="$(sed -nE 's/^REST API: +//p' "$work/dev.log")"
STATE_DIR="$(find "$work/dev" -name connector-host.db -printf '%h' -quit)"
KAFKA_BROKER="$(sed -nE 's/^Kafka broker: +//p' "$work/dev.log")"
export CONNECTOR_HOST_URL STATE_DIR KAFKA_BROKER CONNECTOR_HOST_CONFIG_FILE="$work/none"
mkdir "$work/cwd"
ln -s "$root/examples" "$work/cwd/examples"
cd "$work/cwd"
# The task of the document, and records that are all there before it begins.
(
  endpoint="$(sed -nE 's/^COS endpoint: +//p' "$work/dev.log")"
  seq 20 | timeout 30 kcat -P -b "$KAFKA_BROKER" -t orders -p 0
  timeout 30 kcat -P -b "$KAFKA_BROKER" -t invoices -p 0 <<<'{"invoice": 1}'
  cat >"$work/orders.json" <<EOF
{"name": "orders", "config": {"topics": "orders", "start.position": "earliest", "cos.bucket": "dev-1250000000", "cos.endpoint": "$endpoint",
 "cos.secret.id": "connector-host-dev-only", "cos.secret.key": "not-a-secret-dev-only", "rotate.interval.ms": "1000"}}
EOF
  connector-host task create "$work/orders.json" --wait 60s
  deadline=$((SECONDS + 60))
  until connector-host task objects orders --partition 0 --output json | jq -e '.objects | length > 0'; do
    ((SECONDS < deadline)) || exit 1
    sleep 0.5
  done
) >"$work/prepared.log" 2>&1
blocks here >"$work/blocks.sh"
grep -q . "$work/blocks.sh"
bash -euxo pipefail "$work/blocks.sh" >"$work/blocks.log" 2>&1
[[ $(timeout 30 kcat -C -q -e -b "$KAFKA_BROKER" -t _restored-orders 2>>"$work/blocks.log" | sort -n | paste -sd' ') == "$(seq 20 | paste -sd' ')" ]]
echo "$(grep -c '^+ ' "$work/blocks.log") commands of docs/how-to.md, all of them as they stand there"
