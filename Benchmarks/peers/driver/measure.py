"""Two programs that take turns."""
import os
import statistics
import subprocess
import sys
import threading
import time

# Threads of both sides spin for a while after their work; the other side starts when that is over.
PAUSE = 0.25
# Seconds of a case, as far as three rounds allow.
LONGEST = 60


class Worker:
    """A program that prints what it is, then, for each line it is sent, the seconds of one call."""

    def __init__(self, command, environment, patience):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1, env={**os.environ, **environment})
        self.errors = []
        self.reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self.reader.start()
        self.patience = patience
        self.title = self._line()

    def _line(self):
        timer = threading.Timer(self.patience, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            self.process.wait()
            self.reader.join(2)
            said = [line.strip() for line in self.errors if line.strip()]
            raise RuntimeError(said[-1] if said else f"ended with {self.process.returncode}")
        return line.strip()

    def sample(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return float(self._line())

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()


def duel(ours, theirs, rounds, environment, patience=900):
    """Samples of both sides, in turns."""
    workers = []
    try:
        for command in (ours, theirs):
            workers.append(Worker(command, environment, patience))
        for worker in workers:
            worker.sample()
        times = ([], [])
        start = time.monotonic()
        for done in range(rounds):
            # Seconds-long samples need fewer rounds.
            if done >= 3 and time.monotonic() - start > LONGEST:
                break
            for worker, values in zip(workers, times):
                time.sleep(PAUSE)
                values.append(worker.sample())
        return times, [worker.title for worker in workers]
    finally:
        for worker in workers:
            worker.close()


def spread(values):
    if len(values) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / middle if middle else 0.0


def everything(peers, machine, store, options):
    if not options.only:
        machine_cases(machine, store, options)
    for peer in peers:
        wanted = [case for case in peer.cases if options.fresh or not store.is_current(f"{peer.name} {case.title}")]
        if not wanted:
            print(f"{peer.name}: measured already")
            continue
        print(f"{peer.name}: preparing", flush=True)
        try:
            peer.prepare(may_install=not options.no_build)
        except Exception as error:  # Whatever keeps a peer from being had is a result, not a failure.
            reason = one_line(error)
            print(f"{peer.name}: not available: {reason}", flush=True)
            for case in wanted:
                store.put(f"{peer.name} {case.title}", reason=reason)
            continue
        for case in wanted:
            key = f"{peer.name} {case.title}"
            try:
                (ours, theirs), titles = case.run(peer, machine, options)
                ratio = statistics.median(theirs) / statistics.median(ours)
                store.put(key, ours=ours, theirs=theirs, titles=titles, ratio=ratio, threads=machine.threads)
                print(f"  {case.title}: {ratio:.2f} (ours {statistics.median(ours):.4g} s, {peer.name} {statistics.median(theirs):.4g} s, "
                      f"spread {spread(ours):.0%} and {spread(theirs):.0%})", flush=True)
            except Exception as error:
                reason = one_line(error)
                print(f"  {case.title}: not available: {reason}", flush=True)
                store.put(key, reason=reason)


def machine_cases(machine, store, options):
    """What the engine says about itself: the roofline, and every kernel's share of it."""
    for key, arguments in (("roofline", ["bench", "roofline"]), ("kernels", ["bench", "kernels"])):
        if options.fresh or not store.is_current(key):
            print(f"leo {' '.join(arguments)}", flush=True)
            try:
                store.put(key, report=machine.report(*arguments, "--threads", str(machine.threads)))
            except Exception as error:
                print(f"  {one_line(error)}", file=sys.stderr)


def one_line(error):
    text = " ".join(str(error).split())
    return (text[:240] + " ...") if len(text) > 244 else text or type(error).__name__
