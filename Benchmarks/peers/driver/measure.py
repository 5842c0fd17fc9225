"""Programs that take turns."""
import os
import re
import statistics
import subprocess
import sys
import threading
import time

# Threads of both sides spin for a while after their work; the other side starts when that is over.
PAUSE = 0.25
# Seconds of a case, as far as three rounds allow.
LONGEST = 15
# A sample shorter than this is taken twice and counts the second time: whoever had the turn before left the caches full of its own.
BRIEF = 0.1
# A form of a peer that after two rounds is so many times slower than its fastest takes no further turns.
HOPELESS = 1.25


class Worker:
    """A program that prints what it is, then, for each line it is sent, the seconds of one call."""

    def __init__(self, command, environment, patience=900, prefix="", scale=1.0):
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, **environment})
        self.errors = []
        self.reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self.reader.start()
        self.patience, self.scale = patience, scale
        self.title = f"{prefix}: {self._line()}" if prefix else self._line()

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
            raise RuntimeError(complaint(self.errors) or f"ended with {self.process.returncode}")
        return line.strip()

    def _seconds(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return float(self._line()) * self.scale

    def sample(self):
        start = time.monotonic()
        seconds = self._seconds()
        return self._seconds() if time.monotonic() - start < BRIEF else seconds

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()


def complaint(lines):
    """The line that says what went wrong: Python's exception, which further lines may follow, else the last."""
    said = [line.strip() for line in lines if line.strip()]
    exceptions = [line for line in said if re.match(r"[\w.]*(Error|Exception)\b.*:", line)]
    return (exceptions or said or [""])[-1]


def started(make):
    """A form of a peer after a sample that does not count: what it reads is read, its threads run."""
    side = make()
    try:
        side.sample()
    except BaseException:
        side.close()
        raise
    return side


class Duel:
    """Samples of the engine and of the forms of a peer, in turns; the fastest form counts.

    A side has `sample()`, `title` and `close()`.
    """

    def __init__(self, ours, makers):
        self.ours, self.theirs = ours, []
        try:
            self._start(makers)
        except BaseException:
            self.close()
            raise

    def _start(self, makers):
        reasons = []
        for make in makers:
            try:
                self.theirs.append(started(make))
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                reasons.append(error)
                say(f"    one form is left out: {one_line(error)}")
        if not self.theirs:
            raise reasons[0] if reasons else RuntimeError("nothing of it was built")

    def close(self):
        for side in (self.ours, *self.theirs):
            side.close()

    def run(self, rounds):
        """Samples of the engine, of the fastest form, and both titles."""
        try:
            return self._result(*self._turns(rounds))
        finally:
            self.close()

    def _turns(self, rounds):
        ours, theirs = [], [[] for _ in self.theirs]
        start = time.monotonic()
        for done in range(rounds):
            # Seconds-long samples need fewer rounds.
            if done >= 3 and time.monotonic() - start > LONGEST:
                break
            fastest = min((min(values) for values in theirs if values), default=0)
            time.sleep(PAUSE)
            ours.append(self.ours.sample())
            for side, values in zip(self.theirs, theirs):
                if done < 2 or min(values) <= fastest * HOPELESS:
                    time.sleep(PAUSE)
                    values.append(side.sample())
        return ours, theirs

    def _result(self, ours, theirs):
        # Those that went on to the end before those that dropped out.
        ranked = sorted(range(len(theirs)), key=lambda index: (-len(theirs[index]), statistics.median(theirs[index])))
        fastest = theirs[ranked[0]]
        slower = [f"{self.theirs[index].title}: {statistics.median(theirs[index]) / statistics.median(fastest):.2f} times as long" for index in ranked[1:]]
        return (ours, fastest), [self.ours.title, "; ".join([self.theirs[ranked[0]].title, *slower])]


def spread(values):
    if len(values) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / middle if middle else 0.0


def everything(peers, machine, store, options):
    if not options.only and not options.case:
        machine_cases(machine, store, options)
    for peer in peers:
        asked = [case for case in peer.cases if not options.case or any(text in case.title for text in options.case)]
        wanted = [case for case in asked if options.fresh or not store.is_current(f"{peer.name} {case.title}")]
        if not wanted:
            if asked:
                say(f"{peer.name}: measured already")
            continue
        say(f"{peer.name}: preparing")
        try:
            peer.prepare(may_install=not options.no_build)
        except Exception as error:  # Whatever keeps a peer from being had is a result, not a failure.
            say(f"{peer.name}: not available: {one_line(error)}")
            for case in wanted:
                store.put(f"{peer.name} {case.title}", reason=one_line(error))
            continue
        for index, case in enumerate(wanted):
            say(f"{peer.name}, {index + 1} of {len(wanted)}: {case.title}")
            measure(peer, case, machine, store, options)


def measure(peer, case, machine, store, options):
    key = f"{peer.name} {case.title}"
    start = time.monotonic()
    try:
        (ours, theirs), titles = case.run(peer, machine, options)
    except Exception as error:
        say(f"    not available: {one_line(error)}")
        store.put(key, reason=one_line(error))
        return
    if peer.version:
        titles[1] = f"{peer.version}, {titles[1]}"
    ratio = statistics.median(theirs) / statistics.median(ours)
    store.put(key, ours=ours, theirs=theirs, titles=titles, ratio=ratio, threads=machine.threads)
    say(f"    {ratio:.2f} (ours {statistics.median(ours):.4g} s, {peer.name} {statistics.median(theirs):.4g} s, "
        f"spread {spread(ours):.0%} and {spread(theirs):.0%}, {len(ours)} rounds in {time.monotonic() - start:.0f} s)")


def say(text):
    print(text, file=sys.stderr, flush=True)


def machine_cases(machine, store, options):
    """What the engine says about itself: the roofline, and every kernel's share of it."""
    for key, arguments in (("roofline", ["bench", "roofline"]), ("kernels", ["bench", "kernels"])):
        if options.fresh or not store.is_current(key):
            say(f"leo {' '.join(arguments)}")
            try:
                store.put(key, report=machine.report(*arguments, "--threads", str(machine.threads)))
            except Exception as error:
                say(f"    {one_line(error)}")


def one_line(error):
    text = " ".join(str(error).split())
    return (text[:240] + " ...") if len(text) > 244 else text or type(error).__name__
