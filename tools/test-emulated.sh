#!/usr/bin/env bash
# Tests the AVX-512 kernels, and plans and small models that run on them, on a CPU without AVX-512, each of the instructions
# they use computed by AVX2 code:
# tools/test-emulated.sh [regular expression of tests]
set -euo pipefail
cd "$(dirname "$0")/.."

export LEO_ONLY_TESTS="KernelTests ExecutionPlanTests LEOModelTests" LEO_EMULATE_AVX512=1
swift test -c release -Xswiftc -enable-testing --scratch-path .build-emulated --filter "${1:-.}"
