#!/usr/bin/env bash
# Fuzzes the readers of everything that comes from outside: tools/fuzz.sh [reader...]
#
# FUZZ_SECONDS  seconds for each reader (600)
# FUZZ_ARGUMENTS  more options for libFuzzer
# Corpora stay in .build-fuzz/corpus, findings in .build-fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."

all="archive checkpoint configuration image numpy pcd pickle ply safetensors text tokenizer torch"
readers=("${@:-}")
[ -n "${readers[0]}" ] || read -ra readers <<<"$all"
seconds=${FUZZ_SECONDS:-600}
read -ra arguments <<<"${FUZZ_ARGUMENTS:-}"

# The fuzzer wants the crash itself, at once; Swift's own report of a crash would only slow it down.
export SWIFT_BACKTRACE=enable=no

# SwiftPM's default instrumentation for the fuzzer is one that today's libFuzzer no longer reads.
swift build --package-path Fuzz --scratch-path .build-fuzz -c release --product LEOFuzz \
    --sanitize fuzzer --sanitize address \
    -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp
program=.build-fuzz/release/LEOFuzz

failed=()
for reader in "${readers[@]}"; do
    corpus=.build-fuzz/corpus/$reader
    artifacts=.build-fuzz/artifacts/$reader
    mkdir -p "$corpus" "$artifacts"
    python3 tools/fuzz-seeds.py "$reader" "$corpus"
    echo "== $reader: $seconds s"
    "$program" --reader="$reader" "$corpus" -max_total_time="$seconds" -max_len=16384 -rss_limit_mb=2048 -timeout=10 \
        -artifact_prefix="$artifacts/" -print_final_stats=1 "${arguments[@]}" </dev/null >"$artifacts/log" 2>&1 || failed+=("$reader")
    grep -E 'stat::number_of_executed_units|SUMMARY|Fatal error|ERROR' "$artifacts/log" || true
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "findings in ${failed[*]}: see .build-fuzz/artifacts/<reader>/log"
    exit 1
fi
echo "no findings"
