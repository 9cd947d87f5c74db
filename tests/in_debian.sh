#!/usr/bin/env bash
# Runs a command on a clone of this checkout in a bare Debian:  tests/in_debian.sh bookworm|trixie [COMMAND...]
# Without COMMAND: ./tests/run.sh. As root; needs debootstrap and the network. What is committed is cloned; the Debian is made once, in
# build/debian, and each run begins with a copy of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
suite="${1:-}"
[[ $suite =~ ^(bookworm|trixie)$ ]] || { sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2 && exit 2; }
shift
[[ $# -gt 0 ]] || set -- ./tests/run.sh
base="$PWD/build/debian/$suite" scene="$PWD/build/debian/$suite.scene"
packaging/bare_debian.sh "$suite" "$base"
rm -rf --one-file-system "$scene"
trap 'rm -rf --one-file-system "$scene"' EXIT
cp -a "$base" "$scene"
git clone -q . "$scene/project"
# Its own mounts and processes: nothing of them stays.
# shellcheck disable=SC2016
unshare --mount --pid --fork --kill-child bash -euc '
  mount -t proc proc "$1/proc"
  mount --rbind /sys "$1/sys"
  mount --rbind /dev "$1/dev"
  exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
    $(env | grep -E "^(https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY|PIP_[A-Z_]*|[A-Z_]*CA_(CERTS|BUNDLE)|SSL_CERT_(FILE|DIR))=" | tr "\n" " ") \
    chroot "$1" /usr/bin/env -C /project "${@:2}"' bash "$scene" "$@"
