"""Peers that run a whole network, and what the engine takes for the same."""
import functools
import json
import os
import shutil

from .machine import REPOSITORY, cache
from .measure import Duel, Worker
from .peers import HERE, PythonPeer, call

NEW_TOKENS = 16
# Samples are seconds long.
MOST_ROUNDS = 5


def require_disk(folder, needed):
    if shutil.disk_usage(folder).free < needed + 10e9:
        raise RuntimeError(f"needs {needed / 1e9:.1f} GB of disk and 10 GB to spare")


def require_memory(needed):
    pages = os.sysconf("SC_AVPHYS_PAGES") if "SC_AVPHYS_PAGES" in os.sysconf_names else None
    available = pages * os.sysconf("SC_PAGE_SIZE") if pages else None
    if os.path.exists("/proc/meminfo"):
        # What the system would give, its cache of files included.
        fields = dict(line.split(":", 1) for line in open("/proc/meminfo"))
        available = int(fields["MemAvailable"].split()[0]) * 1024
    if available is not None and available < needed:
        raise RuntimeError(f"needs {needed / 1e9:.0f} GB of memory, {available / 1e9:.0f} GB are free")


def model_file(machine, layers, dtype, image_dtype=None):
    """LEO-7B's shape with random weights; its image encoder small where `image_dtype` does not say that it is compared."""
    path = cache() / "models" / f"vicuna7b-{layers}-{dtype}{f'-image-{image_dtype}' if image_dtype else ''}.leo"
    stamp = path.with_suffix(".engine")
    if path.exists() and stamp.exists() and stamp.read_text() == machine.engine:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    require_disk(path.parent, 700e6 + layers * (220e6 if dtype == "int8" else 130e6))
    configuration = json.loads((REPOSITORY / "models/vicuna7b.json").read_text())
    configuration["language"]["num_hidden_layers"] = layers
    if not image_dtype:
        configuration["image"]["depths"] = [1, 1, 1, 1]
        configuration["image"]["dims"] = [32, 64, 128, 256]
    configuration["name"] = f"vicuna7b, {layers} layers"
    source = path.with_suffix(".json")
    source.write_text(json.dumps(configuration))
    image = ["--image-dtype", image_dtype] if image_dtype else []
    call([machine.leo, "synthesize", "--config", source, "-o", path, "--dtype", dtype, "--seed", "1", *image], path.with_suffix(".log"))
    stamp.write_text(machine.engine)
    return path


class Ours:
    """A stage of `leo bench request`, one request a sample; of prefill and decoding the seconds a token."""

    STAGES = {"prefill": "prefill", "decode": "per token", "image": "image", "points": "points"}

    def __init__(self, machine, model, stage, note, *arguments):
        self.machine, self.stage = machine, stage
        self.command = ["bench", "request", str(model), "--beams", "1", "--repeat", "1", "--threads", str(machine.threads), *arguments]
        self.title = f"leo bench request, {note}"

    def report(self):
        return self.machine.report(*self.command)

    def sample(self):
        report = self.report()
        stages = {stage["name"]: stage["seconds"]["median"] for stage in report["stages"]}
        seconds = stages[self.STAGES[self.stage]]
        return seconds / self.rows(report) if self.stage == "prefill" else seconds

    @staticmethod
    def rows(report):
        """Rows of the prompt that were computed: not those that the file stores, nor those kept from the request before."""
        rows = report.get("rows_read")
        if not isinstance(rows, int) or rows < 1:
            raise RuntimeError("leo bench request --json reports no rows_read: this engine is older than the comparison needs")
        return rows

    def close(self):
        """Nothing runs between samples."""


class ModelCase:
    """Prefill or decoding of the 7B-shaped language model: seconds a token."""

    def __init__(self, stage, layers, note, dtype):
        self.stage, self.layers, self.note, self.dtype = stage, layers, note, dtype
        what = "prefill" if stage == "prefill" else "decoding"
        self.title = f"7B shape, {layers} layers, {what}, a token ({note})"

    def run(self, peer, machine, options):
        model = model_file(machine, self.layers, self.dtype)
        ours = Ours(machine, model, self.stage, self.dtype, "--no-image", "--new-tokens", str(NEW_TOKENS))
        prompt = ours.rows(ours.report())
        ours.title += f", {prompt} rows of prompt"
        return Duel(ours, peer.model_workers(self, machine, prompt)).run(min(options.rounds, MOST_ROUNDS))


class StageCase:
    """An encoder of the request, whole, against a worker that does the same."""

    def __init__(self, stage, title, worker, *arguments):
        self.stage, self.title, self.worker, self.arguments = stage, title, worker, [str(a) for a in arguments]

    def run(self, peer, machine, options):
        # The language model is not compared: one layer of it will do.
        image_dtype = "bf16" if machine.multiplies_bf16 and "bfloat16" in self.arguments else "f32"
        model = model_file(machine, 1, "int8", image_dtype if self.stage == "image" else None)
        request = ["--new-tokens", "1"] if self.stage == "points" else ["--new-tokens", "1", "--objects", "1"]
        ours = Ours(machine, model, self.stage, image_dtype, *request)
        return Duel(ours, peer.kernel_workers(self, machine)).run(options.rounds)


class LEOInPyTorch(PythonPeer):
    """The official model's language part."""

    def model_workers(self, case, machine, prompt):
        size = 2 if case.note == "bfloat16" else 4
        # Layers, both ends of the vocabulary, and a copy of one tensor while weights are made.
        require_memory((case.layers * 203e6 + 2 * 131e6) * size + 2e9)
        command = [self.python, "-u", HERE / "workers/leo_torch.py", case.stage, case.layers, prompt, case.note]
        scale = 1 / prompt if case.stage == "prefill" else 1
        return [functools.partial(Worker, command, machine.environment, patience=1800, scale=scale)]
