#!/usr/bin/env bash
# Builds librdkafka from Debian 13's source package, with a patch, into a private folder:  cmake/build_librdkafka.sh PREFIX
# Debian 12's own 2.0.2 is too old, and 13's 2.8.0 crashes (docs/decisions/0010-librdkafka-from-the-next-debian.md). The source
# is signed by Debian; it is asked by a list of its own, so nothing of this system's package lists is changed and nothing
# of the system is replaced. Does nothing if PREFIX has it with this patch.
set -euo pipefail

if [[ $# -ne 1 ]]; then
  echo "usage: cmake/build_librdkafka.sh PREFIX" >&2
  exit 2
fi
prefix="$(realpath -m "$1")"
suite=trixie
patch="$(dirname "$(realpath "${BASH_SOURCE[0]}")")/librdkafka-topic-id.patch"
if [[ -e $prefix/complete ]] && cmp -s "$patch" "$prefix/patch"; then
  echo "librdkafka $(cat "$prefix/complete") is in $prefix"
  exit 0
fi

as_root=()
if [[ $EUID -ne 0 ]]; then
  as_root=(sudo)
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

# The mirror that this machine's own packages come from.
mirror="$(grep -rhoE '^(URIs:|deb) .*' /etc/apt/sources.list /etc/apt/sources.list.d/ 2>/dev/null | grep -oE '[a-z+]+://[^ ]+/debian/?( |$)' | tr -d ' ' | head -n 1 || true)"
if [[ -z $mirror ]]; then
  echo "no Debian mirror in /etc/apt/sources.list or /etc/apt/sources.list.d: librdkafka 2.8 or newer has to be installed by hand" >&2
  exit 1
fi
mkdir -p "$work/lists/partial" "$work/source"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/$suite.list"
own=(-q -o "Acquire::Retries=3" -o "Dir::Etc::sourcelist=$work/$suite.list" -o "Dir::Etc::sourceparts=-" -o "Dir::State::Lists=$work/lists"
  -o "APT::Sandbox::User=root")
needed=(build-essential dpkg-dev debhelper pkgconf libcurl4-openssl-dev liblz4-dev libsasl2-dev libssl-dev libzstd-dev python3 rapidjson-dev zlib1g-dev)

"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends "${needed[@]}"
"${as_root[@]}" apt-get "${own[@]}" update
(cd "$work/source" && apt-get "${own[@]}" source librdkafka)
patch -p1 -d "$(echo "$work"/source/librdkafka-*/)" <"$patch"
(cd "$work"/source/librdkafka-*/ && DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -b -us -uc -nc)

rm -rf "$prefix"
mkdir -p "$prefix"
for package in "$work"/source/librdkafka1_*.deb "$work"/source/librdkafka-dev_*.deb; do
  dpkg -x "$package" "$prefix"
done
# Where it lies now is what its description for pkg-config has to say.
sed -i -E "s#^((prefix|libdir|includedir)=)/usr#\1$prefix/usr#" "$prefix"/usr/lib/*/pkgconfig/rdkafka*.pc
cp "$patch" "$prefix/patch"
dpkg-deb -f "$(echo "$work"/source/librdkafka1_*.deb)" Version >"$prefix/complete"
echo "librdkafka $(cat "$prefix/complete") is in $prefix"
