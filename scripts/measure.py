"""How the bench measures: wall time and memory of whole processes, and how figures are told."""

import os
import platform
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path


def run(command, environment=None):
    """Runs a command to its end; returns its wall time in seconds and its peak resident size in MiB.

    The size is the kernel's figure for the child, which counts our own size from before the program was loaded too.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    unit = 1 if platform.system() == "Darwin" else 1024
    return elapsed, usage.ru_maxrss * unit / 2**20


def peak(command, runs=10, environment=None):
    """The largest resident size of some runs, in MiB, and how it was found."""
    gnu_time = Path("/usr/bin/time")
    if not gnu_time.exists():
        return max(run(command, environment)[1] for _ in range(runs)), "an upper bound: not below this script's own size"
    largest = 0
    for _ in range(runs):
        # %M: the maximum resident set size in KiB; /usr/bin/time itself is small.
        timed = subprocess.run(
            [gnu_time, "--format=%M", *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
            env=environment,
        )
        largest = max(largest, int(timed.stderr.split()[-1]))
    return largest / 1024, f"/usr/bin/time, largest of {runs} runs"


def interval(ours, theirs, rounds=10_000):
    """The middle 95 % of the ratio of the means, drawing again from what was measured (bootstrap)."""
    draw = random.Random(4096)
    ratios = sorted(
        statistics.fmean(draw.choices(ours, k=len(ours))) / statistics.fmean(draw.choices(theirs, k=len(theirs)))
        for _ in range(rounds)
    )
    return ratios[int(rounds * 0.025)], ratios[int(rounds * 0.975)]


def show(name, times, unit, digits):
    spread = statistics.stdev(times)
    figures = [statistics.fmean(times), spread, statistics.median(times), min(times), max(times)]
    mean, spread, median, least, most = (f"{figure:.{digits}f}" for figure in figures)
    print(f"  {name:<10} mean {mean} {unit} (sd {spread}), median {median}, min {least}, max {most}")


def verdict(what, value, target, unit):
    met = value <= target
    print(f"  target: {what} at most {target:g}{unit}: {value:.2f}{unit}, {'met' if met else 'NOT MET'}")
    return met


def output(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout.strip()
