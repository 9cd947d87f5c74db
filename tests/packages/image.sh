#!/usr/bin/env bash
# Tries the image out:  tests/packages/image.sh
# Builds it of the packages in build/package/bookworm (packaging/build) on a bare Debian, and archives a record with a root that is
# read only and without a capability. As root; needs podman, buildah, kcat, jq and the network. CH_PODMAN_OPTIONS is for machines
# without systemd: "--runtime runc --cgroup-manager cgroupfs".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work="$(mktemp -d)"
names=()
podman() {
  # shellcheck disable=SC2086  # several words
  command podman ${CH_PODMAN_OPTIONS:-} "$@"
}
finish() {
  local status=$?
  if [[ $status -ne 0 ]]; then
    for name in "${names[@]}"; do podman logs "$name" >&2 || true; done
    tail -n 20 "$work"/*.log >&2
  fi
  [[ ${#names[@]} -eq 0 ]] || podman rm --force --volumes "${names[@]}" >/dev/null
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM

packaging/bare_debian.sh bookworm build/package/bookworm.base
tar --create --one-file-system --directory=build/package/bookworm.base . | podman import - localhost/debian-bare >"$work/import.log" 2>&1
buildah bud --format docker --isolation chroot --network host --build-arg BASE=localhost/debian-bare \
  -f packaging/Containerfile -t localhost/connector-host build/package/bookworm >"$work/build.log" 2>&1
bill=build/package/bookworm/connector-host-image.cdx.json
# shellcheck disable=SC2016  # dpkg-query's own
podman run --rm --network none --entrypoint dpkg-query localhost/connector-host -W -f '${Package} ${Version} ${Architecture} ${source:Package}\n' |
  packaging/sbom.py image build/package/bookworm/connector-host_*.cdx.json >"$bill"
jq -e '[.components[].name] | index("librdkafka") != null and index("dpkg") != null and index("ca-certificates") != null' "$bill" >"$work/bill.log"

# container NAME COMMAND...: of the image, with nothing that it could do without
container() {
  local name="connector-host-$1-$$"
  shift
  names+=("$name")
  # Podman's health checks are timers of systemd, which may not run here; what they would call is called below.
  podman run --detach --name "$name" --no-healthcheck --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --network host --read-only --cap-drop all --security-opt no-new-privileges "$@" >>"$work/run.log" 2>&1
}
eventually() {
  local deadline=$((SECONDS + 60))
  until "$@" >>"$work/waited.log" 2>&1; do
    ((SECONDS < deadline))
    sleep 0.3
  done
}
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
cli() { podman exec --env "CONNECTOR_HOST_URL=http://127.0.0.1:$port" "${names[1]}" connector-host "$@"; }

container dev localhost/connector-host dev --no-sample --listen "127.0.0.1:$(port)" --dir /var/lib/connector-host/dev
says() { podman logs "${names[0]}" 2>"$work/dev.log" | sed -nE "s/^$1: +//p" | grep .; }
eventually says "COS key"
broker="$(says "Kafka broker")" endpoint="$(says "COS endpoint")"
echo "a record" | timeout 30 kcat -P -b "$broker" -t orders -p 0
port="$(port)"
cat >"$work/host.json" <<EOF
{"listeners": "http://127.0.0.1:$port", "state.dir": "/var/lib/connector-host", "rotate.interval.min.ms": 1000, "egress.allowed": "127.0.0.1",
 "instances": {"test": {"bootstrap.servers": "$broker", "region": "ap-guangzhou"}}}
EOF
cat >"$work/orders.json" <<EOF
{"name": "orders", "config": {"topics": "orders", "start.position": "earliest", "cos.bucket": "dev-1250000000", "cos.endpoint": "$endpoint",
 "cos.secret.id": "connector-host-dev-only", "cos.secret.key": "not-a-secret-dev-only", "rotate.interval.ms": "1000"}}
EOF
chmod 755 "$work"
container host --volume "$work:/etc/connector-host:ro" localhost/connector-host
eventually cli health --ready
cli task create /etc/connector-host/orders.json --wait 60s >"$work/task.log" 2>&1
eventually cli task verify orders --complete
[[ $(cli task verify orders --complete --output json | jq -r .records) == 1 ]]
[[ $(podman exec "${names[1]}" id -u) == 10001 ]]
capabilities="$(podman exec "${names[1]}" sed -n 's/^CapEff:\t//p' /proc/1/status)"
[[ $capabilities == 0000000000000000 ]]
if podman exec "${names[1]}" touch /usr/x 2>>"$work/run.log"; then exit 1; fi
podman stop --time 60 "${names[1]}" >>"$work/run.log"
[[ $(podman inspect --format '{{.State.ExitCode}}' "${names[1]}") == 0 ]]
echo "the image has archived a record, with a read-only root and no capability"
