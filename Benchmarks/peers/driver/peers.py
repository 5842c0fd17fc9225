"""How a peer is installed, and what is compared."""
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import venv

from .machine import cache
from .measure import Duel, Worker

HERE = pathlib.Path(__file__).resolve().parents[1]


def call(command, log, **options):
    """Runs a command; what it says goes to a log, its last line into the error."""
    with open(log, "ab") as file:
        done = subprocess.run([str(part) for part in command], stdout=file, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        lines = [line.strip() for line in pathlib.Path(log).read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines[-40:] if "error" in line.lower()]
        raise RuntimeError(f"{pathlib.Path(str(command[0])).name} failed: {(errors or lines or ['?'])[-1]} (log: {log})")


class Peer:
    """A program of other people."""

    # Where a worker's title does not say it.
    version = ""

    def __init__(self, name, title, cases):
        self.name, self.title, self.cases = name, title, cases

    @property
    def folder(self):
        return cache() / self.name

    def prepare(self, may_install):
        marker = self.folder / "installed"
        if marker.exists() and marker.read_text() == self.signature():
            return
        if not may_install:
            raise RuntimeError("not installed")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.install(self.folder / "install.log")
        marker.write_text(self.signature())

    def signature(self):
        return ""

    def install(self, log):
        raise NotImplementedError


class PythonPeer(Peer):
    """Packages in a virtual environment of their own.

    `shared` names modules that are taken from the Python that runs this, if it has them: they are large.
    """

    def __init__(self, name, title, packages, cases, shared=(), early=(), options=()):
        super().__init__(name, title, cases)
        self.packages, self.shared, self.early, self.options = packages, shared, early, options

    @property
    def python(self):
        return self.folder / "venv" / "bin" / "python"

    def signature(self):
        return " ".join([sys.version, *self.packages])

    def install(self, log):
        shared = all(has_module(module) for module in self.shared) and bool(self.shared)
        shutil.rmtree(self.folder / "venv", ignore_errors=True)
        venv.create(self.folder / "venv", with_pip=True, system_site_packages=shared)
        packages = list(self.packages) + ([] if shared else list(self.early))
        if packages:
            call([self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *self.options, *packages], log)

    def kernel_workers(self, case, machine):
        command = [self.python, "-u", HERE / "workers" / case.worker, *case.arguments]
        return [functools.partial(Worker, command, machine.environment)]


def has_module(name):
    import importlib.util
    return importlib.util.find_spec(name) is not None


class KernelCase:
    """One of `leo bench kernels`' cases against a worker that does the same."""

    def __init__(self, kernel, worker, *arguments, note=""):
        self.kernel, self.worker, self.arguments, self.note = kernel, worker, [str(a) for a in arguments], note
        self.title = kernel + (f" ({note})" if note else "")

    def run(self, peer, machine, options):
        kernel = self.kernel.replace("/f32_bf16_", "/bf16_bf16_") if machine.multiplies_bf16 else self.kernel
        command = [machine.leo, "bench", "kernels", "--on-request", "--filter", kernel, "--threads", machine.threads]
        return Duel(Worker(command, machine.environment), peer.kernel_workers(self, machine)).run(options.rounds)


def checkout(url, folder, variable, log):
    """An existing checkout, or a shallow clone."""
    existing = os.environ.get(variable)
    if existing:
        if not (pathlib.Path(existing) / "CMakeLists.txt").exists():
            raise RuntimeError(f"{variable}: {existing} holds no CMakeLists.txt")
        return pathlib.Path(existing)
    source = folder / "source"
    if not (source / "CMakeLists.txt").exists():
        shutil.rmtree(source, ignore_errors=True)
        call(["git", "clone", "--quiet", "--depth", "1", url, source], log, env={**os.environ, "GIT_TERMINAL_PROMPT": "0"}, timeout=1800)
    return source
