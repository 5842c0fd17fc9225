#!/usr/bin/env bash
# Compiles every kernel for 64-bit ARM without linking, so that NEON code is not forgotten on other machines: tools/check-arm.sh
#
# Any warning fails. Needs ARM's C headers, which Debian has as libc6-dev-arm64-cross.
set -euo pipefail
cd "$(dirname "$0")/.."

headers=/usr/aarch64-linux-gnu/include
[ -f $headers/math.h ] || tools/setup.sh libc6-dev-arm64-cross
# The C compiler that comes with Swift builds the package, so it is the one to ask.
swift=$(readlink -f "$(command -v swift)")
clang=$(dirname "$swift")/clang
[ -x "$clang" ] || clang=clang

count=0
while IFS= read -r file; do
    "$clang" --target=aarch64-linux-gnu -nostdlibinc -isystem $headers -std=c11 -Wall -Wextra -Werror -fsyntax-only \
        -ICKernels/include -ICKernels/cpu -ICKernels -ISources/CLEOBench/include "$file"
    count=$((count + 1))
done < <(find CKernels Sources/CLEOBench -name '*.c' | sort)
echo "check-arm: $count files compile for aarch64"
