#!/usr/bin/env bash
# What a deployment does with an archiving task: apply its definition and run it, deploy, then stop it in order, and verify
# that all it has stored is there, once.
#   archive.sh start TASKFILE|FOLDER    archive.sh stop NAME
# CONNECTOR_HOST_URL and CONNECTOR_HOST_TOKEN say which host. The exit status is the command line's own: 5 = it did not
# come true in time (the reason is on standard error), 6 = no host, 7 = something is missing, there twice or not stored.
set -euo pipefail

case "${1:-}" in
  start)
    connector-host task apply "$2" --enabled --retry 30s --wait "${ARCHIVE_WAIT:-60s}"
    ;;
  stop)
    # What comes after this moment is nobody's to store.
    until="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    connector-host task disable "$2" --wait "${ARCHIVE_WAIT:-60s}"
    connector-host task verify "$2" --complete --until "$until"
    ;;
  *)
    sed -n '2,6s/^# //p' "$0" >&2
    exit 2
    ;;
esac
