#!/usr/bin/env bash
# Installs what building needs, where something is missing: tools/setup.sh [Debian package...]
#
# Takes further packages as arguments. Does nothing when all is there.
set -euo pipefail

if ! version=$(swift --version 2>&1); then
    echo "Swift is missing or does not run. Install Swift 6 from https://www.swift.org/install/linux/ and put it on PATH." >&2
    [ -z "$version" ] || echo "swift --version said: $version" >&2
    exit 1
fi
number=$(sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' <<<"$version" | head -1)
read -r major minor <<<"${number:-0 0}"
if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 1 ]; }; then
    echo "Swift 6.1 or newer is needed, found: $(head -1 <<<"$version")" >&2
    exit 1
fi

# Compilers' C and C++ headers, the OpenMP runtime, OpenBLAS (an oracle of the tests), zlib (zip and npz files), PNG and JPEG.
packages=(make git pkg-config libc6-dev libstdc++-12-dev libomp-dev libopenblas-dev zlib1g-dev libpng-dev libjpeg-dev "$@")

if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian: make sure that what these packages hold is installed: ${packages[*]}" >&2
    exit 0
fi
missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        printf 'Missing packages. Run this, then the same command again:\n  sudo apt-get update && sudo apt-get install -y %s\n' "${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo -n)
fi
echo "installing ${missing[*]}"
install() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" </dev/null >&2; }
# Package lists are often missing on fresh machines, and stale on others.
[ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit 2>/dev/null)" ] || "${as_root[@]}" apt-get update -q >&2
install || { "${as_root[@]}" apt-get update -q >&2 && install; }
