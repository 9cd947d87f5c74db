#!/usr/bin/env bash
# What a deployment does with an archiving task: apply its definition and run it, deploy, then stop it in order, and verify
# that all it has stored is there, once.
#   archive.sh start TASKFILE    archive.sh stop NAME
# CONNECTOR_HOST_URL and CONNECTOR_HOST_TOKEN say which host. The exit status is the command line's own: 5 = it did not
# come true in time (the reason is on standard error), 6 = no host, 7 = something is missing or there twice.
set -euo pipefail

case "${1:-}" in
  start)
    name="$(sed -n 's/^ *"name": *"\(.*\)",*$/\1/p' "$2" | head -n 1)"
    connector-host task apply "$2" --retry 30s
    connector-host task enable "$name" --wait "${ARCHIVE_WAIT:-60s}"
    ;;
  stop)
    connector-host task disable "$2" --wait "${ARCHIVE_WAIT:-60s}"
    connector-host task verify "$2"
    ;;
  *)
    sed -n '2,6s/^# //p' "$0" >&2
    exit 2
    ;;
esac
