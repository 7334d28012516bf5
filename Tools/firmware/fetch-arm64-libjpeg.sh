#!/bin/sh
# Puts libjpeg for AArch64 (headers, static library) into .build/arm64, from Debian's packages, without touching the system.
set -e
cd "$(dirname "$0")/../.."
root=$PWD/.build/arm64
[ -f "$root/usr/lib/aarch64-linux-gnu/libjpeg.a" ] && exit 0
mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
: > "$root/state/status"
options="-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State=$root/state -o Dir::State::status=$root/state/status
  -o Dir::Cache=$root/cache -o APT::Sandbox::User=root"
apt-get -qq $options update
cd "$root/cache"
apt-get -qq $options download libjpeg62-turbo-dev libjpeg62-turbo
for package in *.deb; do dpkg -x "$package" "$root"; done
