#!/bin/sh
# A task's life by curl. HOST is a running connector-host.
set -eu
host=${HOST:-http://127.0.0.1:8083}
here=$(dirname "$0")

curl -sS --fail-with-body "$host/v1/validate" -H 'Content-Type: application/json' -d @"$here/tasks/orders.json"
curl -sS --fail-with-body "$host/v1/tasks" -H 'Content-Type: application/json' -d @"$here/tasks/orders.json"
curl -sS --fail-with-body -X POST "$host/v1/tasks/orders/enable?wait=60s"
curl -sS --fail-with-body "$host/v1/tasks/orders/status"
curl -sS --fail-with-body -X PATCH "$host/v1/tasks/orders" -H 'Content-Type: application/json' -d '{"config": {"time.granularity.minutes": "15"}}'
curl -sS --fail-with-body "$host/v1/tasks/orders/objects?limit=10"
curl -sS --fail-with-body "$host/v1/tasks/orders/events"
curl -sS --fail-with-body -X POST "$host/v1/tasks/orders/disable?wait=60s"
curl -sS --fail-with-body -X DELETE "$host/v1/tasks/orders"
