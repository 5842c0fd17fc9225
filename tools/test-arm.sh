#!/usr/bin/env bash
# Runs the vector kernels for 64-bit ARM under an emulator, beside their references: tools/test-arm.sh [part of a family]
#
# Once on a CPU with the dot product extension and once on one without. On a machine that is ARM the tests of KernelTests
# do this and more. Needs clang, and from Debian: libc6-dev-arm64-cross, gcc-aarch64-linux-gnu (to link), qemu-user-static.
set -euo pipefail
cd "$(dirname "$0")/.."

headers=/usr/aarch64-linux-gnu/include
if ! { [ -f $headers/math.h ] && command -v aarch64-linux-gnu-gcc && command -v qemu-aarch64-static; } >/dev/null; then
    tools/setup.sh libc6-dev-arm64-cross gcc-aarch64-linux-gnu qemu-user-static
fi
# The C compiler that comes with Swift builds the package, so it is the one to ask.
swift=$(readlink -f "$(command -v swift)")
clang=$(dirname "$swift")/clang
[ -x "$clang" ] || clang=clang

folder=.build-arm
mkdir -p $folder
find CKernels Tests/NEON -name '*.c' | sort | xargs -P "$(nproc)" -I{} bash -c '
    object=$1/$(echo "${0%.c}" | tr / -).o
    [ "$object" -nt "$0" ] && [ -z "$(find CKernels Tests/NEON -name "*.h" -newer "$object" -print -quit)" ] ||
        "$2" --target=aarch64-linux-gnu -nostdlibinc -isystem "$3" -std=c11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE \
            -ICKernels/include -ICKernels/cpu -ICKernels -c "$0" -o "$object"' {} $folder "$clang" $headers
objects=$(find CKernels Tests/NEON -name '*.c' | sed -e 's/\.c$/.o/' -e 'y:/:-:' -e "s:^:$folder/:")
# shellcheck disable=SC2086
aarch64-linux-gnu-gcc -static $objects -lm -lpthread -o $folder/kernels
for cpu in max cortex-a72; do
    echo "cpu $cpu"
    qemu-aarch64-static -cpu $cpu $folder/kernels "$@"
done
