#!/usr/bin/env bash
# Measures one request on this machine and prints a Markdown table: tools/measure.sh <model.leo> [runs]
#
# Room scan, picture, 16 new tokens, LEO's five beams. Each number is the best of the runs (3); the first run also reads
# the file from disk, so it is not counted.
set -euo pipefail
cd "$(dirname "$0")/.."
model=$1 runs=${2:-3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 - "$folder/view.png" <<'E2'
import struct, sys, zlib
def chunk(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = b"".join(b"\0" + b"".join(bytes((x * 255 // 640, y * 255 // 480, (x ^ y) & 255)) for x in range(640)) for y in range(480))
open(sys.argv[1], "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 640, 480, 8, 2, 0, 0, 0))
                              + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
E2
for run in $(seq 0 "$runs"); do
    .build/release/leo ask "$model" --scene Examples/Scenes/room.ply --image "$folder/view.png" --max-tokens 16 --json \
        "What is on the table?" >"$folder/$run.json" 2>/dev/null
done
python3 - "$folder" "$runs" <<'E2'
import json, sys
folder, runs = sys.argv[1], int(sys.argv[2])
reports = [json.load(open("%s/%d.json" % (folder, run)))["seconds"] for run in range(1, runs + 1)]
best = {key: min(report[key] for report in reports) for key in reports[0]}
print("| stage | seconds | |\n|---|---|---|")
for key, what, note in [
    ("opening", "open the model", "map, check, compile the plans"),
    ("image", "image encoder", "one picture"),
    ("points", "point encoder", "%d objects of 1024 points" % best["objects"]),
    ("spatial", "spatial transformer", ""),
    ("prefill", "prompt", "%d tokens, %d read, %.0f/s" % (best["prompt_tokens"], best["rows_read"], best["rows_read"] / best["prefill"])),
    ("decoding", "decoding", "%d steps of five beams, %.1f steps/s" % (best["steps"], best["steps"] / best["decoding"])),
    ("total", "total", "without opening"),
]:
    print("| %s | %.3f | %s |" % (what, best[key], note))
E2
