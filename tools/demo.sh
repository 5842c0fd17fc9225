#!/usr/bin/env bash
# Makes a small random model, looks into it, and asks it about a small scan: tools/demo.sh
#
# Everything it needs is in the repository. The model has LEO's shape and random weights, so the answer is noise; every
# stage that computes it is the real one.
set -euo pipefail
cd "$(dirname "$0")/.."
leo=.build/release/leo
folder=.build-demo
model=$folder/tiny.leo
mkdir -p $folder

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
run() { printf '$ %s\n' "leo ${*@Q}"; "$leo" "$@"; }

say "1. A model file: LEO's shape in small, random weights, int8 matrices"
run synthesize --config models/tiny.json -o $model --dtype int8 --seed 1

say "2. What is in it"
run inspect $model

say "3. The static plan of the point cloud encoder"
run plan $model --part points >$folder/plan.txt
head -24 $folder/plan.txt
echo "... $(wc -l <$folder/plan.txt) lines: $folder/plan.txt"

say "4. A question about Examples/Scenes/room.ply: 1850 points, seven labelled objects"
run ask $model --scene Examples/Scenes/room.ply --max-tokens 16 --timings "What is on the table?"

cat <<'E2'

Just now: the model was mapped, not read; the scan was divided into objects by its labels; each object's points went
through PointNet++, all objects through the spatial transformer; a five-beam search over a LLaMA decoder wrote the
answer. It means nothing, because the weights are random. README.md says how to convert the official ones.
E2
