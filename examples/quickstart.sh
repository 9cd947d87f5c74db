#!/usr/bin/env bash
# From a checkout to a record in the bucket:  examples/quickstart.sh [--keep]
# Installs missing packages, builds, starts a host with an embedded Kafka broker and a COS emulator, produces a record,
# creates a task, waits until the record is stored, and reads it back. --keep leaves the host running.
# With CONNECTOR_HOST=PROGRAM in the environment it tries that program, and neither installs nor builds.
set -eu
cd "$(dirname "$0")/.."

keep=
case "${1:-}" in
  "") ;;
  --keep) keep=1 ;;
  -h | --help)
    sed -n '2,5s/^# //p' "$0"
    exit 0
    ;;
  *)
    echo "unknown option $1; there is --keep" >&2
    exit 2
    ;;
esac

begin=$SECONDS
logs=build/quickstart
host=

say() { printf '[%3d s] %s\n' "$((SECONDS - begin))" "$*"; }
die() {
  say "$1"
  [ -z "${2:-}" ] || tail -n 40 "$2"
  exit 1
}
stop() {
  [ -n "$host" ] || return 0
  kill "$host" 2>/dev/null || true
  wait "$host" 2>/dev/null || true
  host=
}
trap stop EXIT
trap 'exit 130' INT TERM

# within SECONDS WHAT LOG COMMAND...: runs the command until it succeeds; ends the script if it does not in time.
within() {
  limit=$((SECONDS + $1)) what=$2 log=$3
  shift 3
  until "$@"; do
    kill -0 "$host" 2>/dev/null || die "the host ended; the end of $log:" "$log"
    [ "$SECONDS" -lt "$limit" ] || die "$what: not in time; the end of $log:" "$log"
    sleep 0.2
  done
}

mkdir -p "$logs"
connector_host=${CONNECTOR_HOST:-build/release/bin/connector-host}
if [ -z "${CONNECTOR_HOST:-}" ]; then
  say "packages"
  cmake/install_packages.sh build >"$logs/packages.log" 2>&1 || die "packages cannot be installed; the end of $logs/packages.log:" "$logs/packages.log"
  say "building (a first build takes some minutes; $logs/build.log)"
  { cmake --preset release && cmake --build --preset release -j "$(nproc)"; } >"$logs/build.log" 2>&1 ||
    die "the build failed; the end of $logs/build.log:" "$logs/build.log"
fi

say "starting a host, an embedded Kafka broker and a COS emulator"
"$connector_host" dev --no-sample --listen http://127.0.0.1:0 >"$logs/dev.txt" 2>"$logs/host.log" &
host=$!
within 30 "start of the host" "$logs/host.log" grep -q '^REST API:' "$logs/dev.txt"
fact() { sed -n "s/^$1: *//p" "$logs/dev.txt"; }
rest=$(fact "REST API") broker=$(fact "Kafka broker") cos_key=$(fact "COS key")
within 10 "health of the host" "$logs/host.log" curl -sf -o "$logs/health.json" "$rest/health"

text="hello from quickstart $(date -u +%Y-%m-%dT%H:%M:%SZ) $$"
say "producing a record into the topic quickstart: $text"
printf '%s\n' "$text" | kcat -P -q -b "$broker" -t quickstart 2>"$logs/kcat.log" || die "kcat cannot produce:" "$logs/kcat.log"

say "creating and enabling a task (POST $rest/v1/tasks)"
cos_key=${cos_key%% (*}
jq -n --arg bucket "$(fact "COS bucket")" --arg endpoint "$(fact "COS endpoint")" --arg id "${cos_key%% / *}" --arg key "${cos_key##* / }" '{
  name: "quickstart",
  config: {
    "topics": "quickstart", "start.position": "earliest", "rotate.interval.ms": "2000",
    "cos.bucket": $bucket, "cos.endpoint": $endpoint, "cos.secret.id": $id, "cos.secret.key": $key
  }
}' >"$logs/task.json"
curl -s -o "$logs/created.json" --fail-with-body "$rest/v1/tasks" -d @"$logs/task.json" || die "the task was refused:" "$logs/created.json"
curl -s -o "$logs/enabled.json" --fail-with-body -X POST "$rest/v1/tasks/quickstart/enable?wait=30s" || die "the task does not run:" "$logs/enabled.json"

say "waiting for the object"
has_object() { curl -sf -o "$logs/objects.json" "$rest/v1/tasks/quickstart/objects" && jq -e '.objects | length > 0' "$logs/objects.json" >"$logs/jq.log"; }
within 60 "an object in the bucket" "$logs/host.log" has_object

say "reading it back through its presigned link"
: >"$logs/content.txt"
jq -r '.objects[].url' "$logs/objects.json" | while read -r url; do curl -sf "$url" >>"$logs/content.txt"; done
count=$(grep -cFx -- "$text" "$logs/content.txt" || true)
[ "$count" -eq 1 ] || die "the record is stored $count times" "$logs/content.txt"
address=$(jq -r '.objects[0].url' "$logs/objects.json")
echo
echo "address: $address"
echo "content: $(cat "$logs/content.txt")"
echo
say "stored exactly once"

if [ -n "$keep" ]; then
  trap - EXIT
  say "left running as process $host: REST API $rest, broker $broker; kill $host ends it"
else
  stop
  say "stopped; nothing is left running"
fi
