"""The other side of driver/measure.py: says what it is, then times a call for each line it gets."""
import sys
import time


def serve(title, call, least=0.001):
    """`call` does the work once. A sample is the mean of as many calls as take `least` seconds, as the engine's is."""
    call()
    count = 1
    while True:
        start = time.perf_counter()
        for _ in range(count):
            call()
        seconds = time.perf_counter() - start
        if seconds >= least:
            break
        count = max(count + 1, min(count * 10, int(count * least * 1.2 / max(seconds, 1e-9))))
    print(title, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(count):
            call()
        print((time.perf_counter() - start) / count, flush=True)
