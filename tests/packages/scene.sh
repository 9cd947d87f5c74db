#!/bin/bash
# What tests/packages/run.sh does in the bare Debian, as root.
set -euo pipefail
cd /test
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
begin=$SECONDS

say() { echo "[$((SECONDS - begin)) s] $*"; }
fail() {
  echo "FAILED: $*" >&2
  tail -n 30 /test/*.log >&2 || true
  exit 1
}
expect() { [[ $2 == "$3" ]] || fail "$1: '$2' instead of '$3'"; }
eventually() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "not in time: $*"
    sleep 0.3
  done
}
install() { apt-get -q -y install --no-install-recommends "$@" >>/test/install.log 2>&1 || fail "apt-get install $*"; }

# The command line, user, folder and privileges of the unit; of its sandbox the read-only tree, and devices of its own are left out.
start_host() {
  local command
  read -ra command < <(sed -n 's/^ExecStart=//p' "$unit")
  # shellcheck disable=SC2016
  unshare --mount bash -euc '
    mount --bind / / && mount -o remount,bind,ro /
    mount --bind /var/lib/connector-host /var/lib/connector-host && mount -o remount,bind,rw /var/lib/connector-host
    mount -t tmpfs tmpfs /tmp && cd / && umask 0077
    exec setpriv --reuid=connector-host --regid=connector-host --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
      env -i PATH=/usr/bin:/bin "$@"' bash "${command[@]}" >>/test/host.log 2>&1 &
  host=$!
  eventually 60 connector-host health --ready
}
stop_host() {
  kill "$host"
  wait "$host" || fail "the host ended with $?"
}
send() { printf '%s\n' "$1" | timeout 30 kcat -P -b "$broker" -t orders -p 0; }
stored() { connector-host task objects orders --output json | grep -o '"records": *[0-9]*' | grep -o '[0-9]*' | paste -sd+ | sed 's/^$/0/' | bc_; }
bc_() { read -r sum && echo $((sum)); }
has_stored() { [[ $(stored) == "$1" ]]; }

package="$(echo /test/connector-host_*.deb)"
install "$package" kcat curl  # from what was fetched before: there is no network here
unit="$(find /lib/systemd/system /usr/lib/systemd/system -name connector-host.service | head -n 1)"
expect "host.json" "$(stat -c '%a %U:%G' /etc/connector-host/host.json)" "640 root:connector-host"
expect "the state's folder" "$(stat -c '%a %U:%G' /var/lib/connector-host)" "700 connector-host:connector-host"
expect "the user's shell" "$(getent passwd connector-host | cut -d: -f7)" "/usr/sbin/nologin"
for file in /usr/share/man/man1/connector-host.1.gz /usr/share/bash-completion/completions/connector-host \
  /usr/share/zsh/vendor-completions/_connector-host /usr/share/fish/vendor_completions.d/connector-host.fish; do
  [[ -s $file ]] || fail "$file is missing"
done
expect "the connectors" "$(connector-host plugins --output json | grep -o '"name": *"[a-z]*-sink"' | grep -o '[a-z]*-sink' | sort | paste -sd' ')" "cos-sink file-sink"
ldd /usr/bin/connector-host | grep -q rdkafka && fail "librdkafka is not in the program"
connector-host check --config /etc/connector-host/host.json >/test/check.log 2>&1 || fail "its own configuration is refused"
systemd-analyze verify --man=no "$unit" || fail "the unit"
exposure="$(systemd-analyze security --offline=true --no-pager "$unit" | sed -nE 's/.*exposure level[^:]*: ([0-9.]+).*/\1/p')"
[[ ${exposure//./} -le 20 ]] || fail "systemd-analyze security: $exposure"
expect "the service" "$(systemctl is-enabled connector-host.service 2>/dev/null || true)" disabled
say "installed; systemd-analyze security: $exposure"

# Kafka and COS: those of `connector-host dev`, whose own host has another address.
connector-host dev --no-sample --listen 127.0.0.1:8090 --dir /test/dev >/test/dev.log 2>&1 &
dev=$!
eventually 60 grep -q "COS key" /test/dev.log
broker="$(sed -nE 's/^Kafka broker: +//p' /test/dev.log)" endpoint="$(sed -nE 's/^COS endpoint: +//p' /test/dev.log)"
cat >/etc/connector-host/host.json <<EOF
{
  "state.dir": "/var/lib/connector-host",
  "rotate.interval.min.ms": 1000,
  "egress.allowed": "127.0.0.1",
  "instances": {"test": {"bootstrap.servers": "$broker", "region": "ap-guangzhou"}}
}
EOF
printf 'secret.id=connector-host-dev-only\nsecret.key=not-a-secret-dev-only\n' >/etc/connector-host/cos.properties
chown root:connector-host /etc/connector-host/cos.properties && chmod 640 /etc/connector-host/cos.properties
cat >/test/orders.json <<EOF
{"name": "orders", "config": {"topics": "orders", "start.position": "earliest", "cos.bucket": "dev-1250000000", "cos.endpoint": "$endpoint",
 "cos.secret.id": "\${file:/etc/connector-host/cos.properties:secret.id}",
 "cos.secret.key": "\${file:/etc/connector-host/cos.properties:secret.key}", "rotate.interval.ms": "1000"}}
EOF
send first
start_host
connector-host task create /test/orders.json --wait 60s >/test/task.log 2>&1 || fail "the task does not run"
eventually 60 has_stored 1
say "archived a record"

# A later version of the same: what runs is stopped and started by hand, since there is no systemd here.
dpkg-deb -R "$package" /test/later
sed -i 's/^Version: .*/&+later/' /test/later/DEBIAN/control
dpkg-deb --root-owner-group -Zgzip -z1 -b /test/later /test/later.deb >/dev/null
before="$(md5sum /etc/connector-host/host.json)"
send second
install /test/later.deb
stop_host
expect "the version" "$(dpkg-query -W -f '${Version}' connector-host | grep -o '+later')" "+later"
expect "the configuration after an upgrade" "$(md5sum /etc/connector-host/host.json)" "$before"
expect "its mode after an upgrade" "$(stat -c '%a %U:%G' /etc/connector-host/host.json)" "640 root:connector-host"
start_host
send third
eventually 60 has_stored 3
eventually 60 connector-host task verify orders --complete
connector-host task objects orders --download /test/objects >/test/download.log 2>&1 || fail "download"
expect "what is archived" "$(find /test/objects -type f ! -name '*.json' -exec cat {} + | sort | paste -sd' ')" "first second third"
stop_host
say "upgraded in the middle: three records, each once"

install /test/connector-host-dev_*.deb
[[ -e /usr/include/connector_host/plugin.h && -e /usr/share/cmake/connector-host/connector-host-config.cmake ]] || fail "connector-host-dev"

kill "$dev"
wait "$dev" || fail "dev ended with $?"

# What docs/how-to.md says of this machine, as it stands there. Without systemd, systemctl enables and does nothing else.
[[ -s /test/package.sh && -s /test/package-end.sh ]] || fail "no command lines of docs/how-to.md"
mkdir /test/how-to
mv /test/later.deb /test/how-to/connector-host_later.deb
(cd /test/how-to && exec bash -euxo pipefail /test/package.sh) >/test/how-to.log 2>&1 || fail "a command line of docs/how-to.md"
expect "the user's unit" "$(systemctl is-enabled connector-host.service)" enabled
say "did what docs/how-to.md says"

bash -euxo pipefail /test/package-end.sh >>/test/how-to.log 2>&1 || fail "purge"
apt-get -q -y purge connector-host-dev >>/test/install.log 2>&1 || fail "purge"
left="$(find / -xdev \( -path /test -o -path /proc -o -path /sys -o -path /dev -o -path /var/cache/apt \) -prune -o -name '*connector*host*' -print)"
[[ -z $left ]] || fail "left behind: $left"
[[ ! -e /etc/systemd/system/multi-user.target.wants/connector-host.service ]] || fail "still enabled"
getent passwd connector-host >/dev/null && fail "the user is still there"
getent group connector-host >/dev/null && fail "the group is still there"
say "purged: nothing is left"
echo "all passed"
