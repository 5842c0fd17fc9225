#!/usr/bin/env bash
# Lets LEGENT's own Python toolkit play in the embedded world: tools/test-legent-python.sh [toolkit's folder]
#
# Takes the toolkit from the folder or clones it, makes a Python environment for it, starts its server and lets
# `leo world legent` connect. Everything it fetches goes to LEGENT_HOME (~/.cache/leo-engine/legent), nothing into this
# repository. Needs python3 with venv, git and the internet; the release build of `leo` (make build), or LEO.
#
# LEGENT_SEED  scene of the world (7)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
leo=${LEO:-$root/.build/release/leo}
home=${LEGENT_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/leo-engine/legent}
[ -x "$leo" ] || { echo "$leo is missing: make build, or set LEO" >&2; exit 1; }
mkdir -p "$home"

toolkit=${1:-$home/LEGENT}
[ -d "$toolkit/legent" ] || git clone --quiet --depth 1 https://github.com/thunlp/LEGENT "$toolkit"

# Newer protobuf refuses the booleans that the toolkit puts into numbers, and its generated code; 3.20 takes both.
python=$home/venv/bin/python
[ -x "$python" ] || python3 -m venv "$home/venv"
if ! "$python" -c 'import legent_needs' 2>/dev/null; then
    "$python" -m pip install --quiet --upgrade pip
    "$python" -m pip install --quiet 'protobuf==3.20.3' grpcio numpy pillow colorama requests tqdm scikit-image shapely pyqtree attrs
    # Marks the environment as complete.
    touch "$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/legent_needs.py"
fi

cd "$home"
PYTHONPATH=$toolkit PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python \
    "$python" "$root/tools/test-legent-python.py" "$leo" world legent --port '{port}' --seed "${LEGENT_SEED:-7}"
