#!/usr/bin/env bash
# Makes a bare Debian in a folder, as root:  packaging/bare_debian.sh bookworm|trixie FOLDER
# With the mirror, the certificates and the settings for apt that this machine has. Does nothing if it is there.
set -euo pipefail
if [[ $# -ne 2 || ! $1 =~ ^(bookworm|trixie)$ ]]; then
  sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
suite="$1" folder="$2"
if [[ -e $folder/complete ]]; then
  exit 0
fi
if [[ $EUID -ne 0 ]] || ! command -v debootstrap >/dev/null; then
  echo "a bare Debian is made by root, with debootstrap: apt-get install debootstrap" >&2
  exit 1
fi
mirror="$(grep -rhoE '^(URIs:|deb) .*' /etc/apt/sources.list /etc/apt/sources.list.d/ 2>/dev/null | grep -oE '[a-z+]+://[^ ]+/debian/?( |$)' | tr -d ' ' | head -n 1 || true)"
rm -rf --one-file-system "$folder"
mkdir -p "$folder"
debootstrap --variant=minbase --include=ca-certificates "$suite" "$folder" ${mirror:+"$mirror"}
cp -a /etc/apt/apt.conf.d/. "$folder/etc/apt/apt.conf.d/"
if [[ -d /usr/local/share/ca-certificates ]]; then
  cp -a /usr/local/share/ca-certificates/. "$folder/usr/local/share/ca-certificates/"
  chroot "$folder" update-ca-certificates >/dev/null
fi
cp /etc/resolv.conf /etc/hosts "$folder/etc/"
touch "$folder/complete"
