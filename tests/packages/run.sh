#!/usr/bin/env bash
# Tries the Debian packages out in a bare Debian:  tests/packages/run.sh bookworm|trixie
# Installs what `packaging/build` has left in build/package/SUITE, runs the host as its unit would, archives a record, upgrades,
# archives another, and purges. As root; needs debootstrap and the network (for the packages that ours depend on).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
suite="${1:-bookworm}"
base="$PWD/build/package/$suite.base" scene="$PWD/build/package/$suite.scene"
shopt -s nullglob
packages=("build/package/$suite"/connector-host_*.deb "build/package/$suite"/connector-host-dev_*.deb)
if [[ ${#packages[@]} -ne 2 ]]; then
  echo "no packages in build/package/$suite: run packaging/build first" >&2
  exit 1
fi
packaging/bare_debian.sh "$suite" "$base"
rm -rf --one-file-system "$scene"
trap 'rm -rf --one-file-system "$scene"' EXIT
cp -a "$base" "$scene"
mkdir "$scene/test"
cp "${packages[@]}" tests/packages/scene.sh "$scene/test/"
for kind in package package-end; do
  tests/how_to.sh print "$kind" >"$scene/test/$kind.sh"
done
# Its own mounts, processes and network: nothing of it stays, and no port of it is anybody else's. The network is there while
# packages are fetched.
chroot "$scene" sh -c 'apt-get -q update && apt-get -q -y install --no-install-recommends --download-only /test/*.deb kcat curl' >"$scene/test/apt.log" 2>&1 ||
  { tail "$scene/test/apt.log" && exit 1; }
# shellcheck disable=SC2016
unshare --mount --pid --net --fork --kill-child bash -euc '
  ip link set lo up
  mount --bind "$1" "$1"
  mount -t proc proc "$1/proc"
  mount --rbind /dev "$1/dev"
  exec chroot "$1" /bin/bash /test/scene.sh' bash "$scene"
