"""Where it runs, and with which engine."""
import functools
import hashlib
import json
import os
import pathlib
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


def cores():
    """Those that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cache():
    path = pathlib.Path(os.environ.get("LEO_PEERS_CACHE") or pathlib.Path.home() / ".cache" / "leo-peers")
    path.mkdir(parents=True, exist_ok=True)
    if REPOSITORY in path.resolve().parents:
        raise SystemExit(f"LEO_PEERS_CACHE: {path} lies inside the repository")
    return path


class Machine:
    def __init__(self, leo, cpu, threads, engine):
        self.leo, self.cpu, self.threads, self.engine = leo, cpu, threads, engine

    @staticmethod
    def current(threads):
        leo = pathlib.Path(os.environ.get("LEO") or REPOSITORY / ".build/release/leo")
        if not leo.exists():
            raise SystemExit(f"{leo} is missing: make build, or name the command line in LEO")
        digest = hashlib.sha256(leo.read_bytes()).hexdigest()[:16]
        cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown CPU") \
            if os.path.exists("/proc/cpuinfo") else "unknown CPU"
        return Machine(str(leo), cpu, threads or cores(), digest)

    @property
    def environment(self):
        """What tells every library the number of threads."""
        return {name: str(self.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PEER_THREADS")}

    @functools.cached_property
    def multiplies_bf16(self):
        """Whether the engine multiplies pairs of bfloat16 here: then it does, where a peer computes in bfloat16."""
        listed = subprocess.run([self.leo, "bench", "kernels", "--list"], capture_output=True, text=True, timeout=60)
        return "linear/bf16_bf16_nk16/" in listed.stdout

    def report(self, *arguments, timeout=1800):
        """What a measurement of the engine itself prints as JSON."""
        done = subprocess.run([self.leo, *arguments, "--json"], capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or f"leo {' '.join(arguments)} ended with {done.returncode}")
        return json.loads(done.stdout)
