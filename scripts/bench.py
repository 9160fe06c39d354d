"""The measurements of scripts/bench.sh, which builds the program and calls this.

Every time is the wall time of a whole process, from before it is started until it has ended; only verdicts, which take
microseconds, are measured from within. What is compared runs in turns, so that a machine that slows down slows both.
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench_bootstrap import bootstrap
from bench_roles import roles
from bench_verdicts import verdicts
from measure import interval, output, peak, run, show, verdict

KEYGEN_RATIO = 0.6
JWKS_MILLISECONDS = 10.0
JWKS_MEBIBYTES = 16.0


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench.sh", description="Measures issuerctl beside its peers.")
    parser.add_argument("program", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--pairs", type=int, default=30, help="pairs of RSA-4096 keys (default: 30)")
    parser.add_argument("--runs", type=int, default=200, help="runs of jwks and of its peer (default: 200)")
    parser.add_argument("--bootstraps", type=int, default=30, help="runs of bootstrap (default: 30)")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of verdicts (default: 10)")
    parser.add_argument("--aws", default=".venv/bin/aws", help="the aws CLI (default: that of the gate)")
    options = parser.parse_args()
    if min(options.pairs, options.runs, options.bootstraps, options.rounds) < 2:
        parser.error("at least two of each, or there is no spread")
    program = options.program.resolve()
    if shutil.which("openssl") is None:
        sys.exit("openssl is not installed, and is what this compares with")
    if shutil.which(options.aws) is None:
        sys.exit(f"{options.aws} is not there: scripts/check.sh puts it into .venv, or name one with --aws")

    machine(program)
    with tempfile.TemporaryDirectory(prefix="issuerctl-bench-") as directory:
        directory = Path(directory)
        met = [
            rsa_4096(program, directory, options.pairs),
            *jwks(program, directory, options.runs),
            *bootstrap(program, options.aws, directory, options.bootstraps),
            *roles(program, directory),
            *verdicts(program.parent / "examples" / "verdicts", options.rounds),
        ]
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


def cpu_model():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


main()
