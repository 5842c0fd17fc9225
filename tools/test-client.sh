#!/usr/bin/env bash
# Uses this package as others do, by URL and version: tools/test-client.sh
#
# LEO  a leo command that was built already (one is built)
#
# Puts the working tree into a bare repository with the tag 0.1.0, builds Examples/SwiftClient against it and compares
# its answer with that of the command line. SwiftPM refuses versioned dependencies with unsafe flags, so this fails if
# any slipped in.
set -euo pipefail
cd "$(dirname "$0")/.."

leo=${LEO:-}
if [ -z "$leo" ]; then
    swift build -c release --product leo
    leo=.build/release/leo
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir "$folder/tree"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    # A deleted file is still listed until the deletion is committed.
    [ ! -e "$file" ] || printf '%s\0' "$file"
done | tar -c --null -T - | tar -x -C "$folder/tree"
identity=(-c user.name=test -c user.email=test@localhost -c init.defaultBranch=main -c commit.gpgsign=false)
git "${identity[@]}" -C "$folder/tree" init -q
git -C "$folder/tree" add -A
git "${identity[@]}" -C "$folder/tree" commit -qm "Working tree"
git "${identity[@]}" -C "$folder/tree" tag -a 0.1.0 -m 0.1.0
git clone -q --bare "$folder/tree" "$folder/leo-engine.git"

# SwiftPM remembers the commit of every tag it has seen; that of a test must not stay.
export LEO_ENGINE_URL="file://$folder/leo-engine.git"
cp -r Examples/SwiftClient "$folder/client"
options=(--package-path "$folder/client" --scratch-path .build-client --cache-path "$folder/cache"
    --config-path "$folder/config" --security-path "$folder/security" -c release)
rm -rf .build-client/repositories .build-client/checkouts .build-client/workspace-state.json
swift build "${options[@]}"
client=$(swift build "${options[@]}" --show-bin-path)/Client

"$leo" synthesize --config models/tiny.json -o "$folder/tiny.leo" --dtype f32 --seed 1
question="What is on the table?"
"$client" "$folder/tiny.leo" Examples/Scenes/room.ply "$question" | tee "$folder/output"
"$leo" ask "$folder/tiny.leo" --scene Examples/Scenes/room.ply --beams 1 --max-tokens 16 "$question" >"$folder/expected"

tail -n 1 "$folder/output" | grep -qE '^[1-9][0-9]* tokens, 7 objects, [1-9][0-9]* prompt tokens$' ||
    { echo "test-client: no answer was printed" >&2; exit 1; }
head -n -1 "$folder/output" | cmp - "$folder/expected" ||
    { echo "test-client: the client and leo ask answer differently" >&2; exit 1; }
echo "test-client: the package works as a versioned dependency"
