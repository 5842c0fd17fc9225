#!/usr/bin/env bash
# Runs the tests of kernels and readers under AddressSanitizer, the C code also under UndefinedBehaviorSanitizer:
# tools/test-sanitize.sh [regular expression of tests]
set -euo pipefail
cd "$(dirname "$0")/.."

# Swift's own crash report would only follow the sanitizer's.
export SWIFT_BACKTRACE=enable=no
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
# The Swift runtime and Foundation keep things for the life of the process.
export ASAN_OPTIONS=detect_leaks=0
export LEO_ONLY_TESTS="KernelTests LEOTensorTests LEOArchiveTests LEOTextTests LEOConvertTests LEOSceneTests LEOActionTests"
# A debug build: unoptimised C shows more. Tests of speed say nothing here.
swift test --sanitize address --scratch-path .build-asan -Xcc -fsanitize=undefined \
    --filter "${1:-.}" --skip longTextsStayFast
