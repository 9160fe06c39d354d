"""The measurements of scripts/bench.sh, which builds the program and calls this.

Every time is the wall time of a whole process, from before it is started until it has ended. What is compared runs
in turns, so that a machine that slows down slows both.
"""

import argparse
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KEYGEN_RATIO = 0.6
JWKS_MILLISECONDS = 10.0
JWKS_MEBIBYTES = 16.0


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench.sh", description="Measures issuerctl beside its peers.")
    parser.add_argument("program", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--pairs", type=int, default=30, help="pairs of RSA-4096 keys (default: 30)")
    parser.add_argument("--runs", type=int, default=200, help="runs of jwks and of its peer (default: 200)")
    options = parser.parse_args()
    if options.pairs < 2 or options.runs < 2:
        parser.error("at least two of each, or there is no spread")
    program = options.program.resolve()
    if shutil.which("openssl") is None:
        sys.exit("openssl is not installed, and is what this compares with")

    machine(program)
    with tempfile.TemporaryDirectory(prefix="issuerctl-bench-") as directory:
        directory = Path(directory)
        met = [rsa_4096(program, directory, options.pairs), *jwks(program, directory, options.runs)]
    print(f"\n{sum(met)} of {len(met)} targets met")


def machine(program):
    """Says what was measured on what."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"machine    {cpu_model()}, {cores} cores, {platform.system()} {platform.release()} {platform.machine()}")
    print(f"load       {os.getloadavg()[0]:.2f} in the last minute; figures count on an idle machine")
    print(f"versions   {output(program, '--version')}; {output('openssl', 'version')}; {output('rustc', '--version')}")


def rsa_4096(program, directory, pairs):
    """One new RSA-4096 key, written to a file, by us and by openssl."""
    print(f"\nRSA-4096: `issuerctl keygen --algorithm rsa-4096` beside `openssl genrsa -traditional 4096`, {pairs} pairs")
    ours, theirs = [], []
    for number in range(pairs):
        keygen = [program, "keygen", "--algorithm", "rsa-4096", "--keys", directory / f"keys-{number}"]
        genrsa = ["openssl", "genrsa", "-traditional", "-out", directory / f"{number}.key", "4096"]
        # Whoever goes second gains nothing from it.
        turns = [(keygen, ours), (genrsa, theirs)]
        for command, times in turns if number % 2 == 0 else reversed(turns):
            times.append(run(command)[0])
    show("issuerctl", ours, "s", 3)
    show("openssl", theirs, "s", 3)
    ratio = statistics.fmean(ours) / statistics.fmean(theirs)
    low, high = interval(ours, theirs)
    print(f"  ratio of the means {ratio:.2f} (95 % between {low:.2f} and {high:.2f}); ", end="")
    print(f"ratio of the medians {statistics.median(ours) / statistics.median(theirs):.2f}; ", end="")
    won = sum(mine < other for mine, other in zip(ours, theirs, strict=True))
    print(f"faster in {won} of {pairs} pairs")
    return verdict("ratio of the means", ratio, KEYGEN_RATIO, "")


def jwks(program, directory, runs):
    """The JWKS of one RSA-2048 key, beside openssl reading and printing that public key."""
    print(f"\nJWKS: `issuerctl jwks` of one key beside `openssl rsa -pubin -text` of it, {runs} runs each")
    keys = directory / "keys"
    run([program, "keygen", "--keys", keys])
    ours = [program, "jwks", "--keys", keys]
    theirs = ["openssl", "rsa", "-pubin", "-in", keys / "sa.pub", "-text", "-noout"]
    for command in (ours, theirs):
        run(command)
    times, peer_times = [], []
    for _ in range(runs):
        times.append(run(ours)[0] * 1000)
        peer_times.append(run(theirs)[0] * 1000)
    show("issuerctl", times, "ms", 1)
    show("openssl", peer_times, "ms", 1)
    memory, how = peak(ours)
    peer_memory, _ = peak(theirs)
    print(f"  peak memory (resident, {how}): issuerctl {memory:.1f} MiB, openssl {peer_memory:.1f} MiB")
    median = statistics.median(times)
    return [
        verdict("jwks, median", median, JWKS_MILLISECONDS, " ms"),
        verdict("jwks, peak memory", memory, JWKS_MEBIBYTES, " MiB"),
    ]


def run(command):
    """Runs a command to its end; returns its wall time in seconds and its peak resident size in MiB.

    The size is the kernel's figure for the child, which counts our own size from before the program was loaded too.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    unit = 1 if platform.system() == "Darwin" else 1024
    return elapsed, usage.ru_maxrss * unit / 2**20


def peak(command, runs=10):
    """The largest resident size of some runs, in MiB, and how it was found."""
    gnu_time = Path("/usr/bin/time")
    if not gnu_time.exists():
        return max(run(command)[1] for _ in range(runs)), "an upper bound: not below this script's own size"
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


def cpu_model():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


main()
