"""Verdicts and signature checks of one core, beside `openssl speed rsa2048`.

Both sides measure themselves within one process for a second, in turns; what is compared is the time of one check.
"""

import json
import statistics
import subprocess

from measure import interval, output, show, verdict

SIGNATURE_RATIO = 1.3
VERDICT_RATIO = 2.0


def verdicts(example, rounds):
    """What a signature check and a whole verdict take, as multiples of openssl's RSA-2048 verification."""
    print(f"\nverdicts: RS256 with 2048 bits on one core, beside `openssl speed rsa2048` verify, {rounds} rounds of a second")
    theirs, signatures, whole = [], [], []
    for number in range(rounds):
        # Whoever goes second gains nothing from it.
        if number % 2 == 0:
            theirs.append(openssl())
        signature, all_of_it = ours(example)
        signatures.append(signature)
        whole.append(all_of_it)
        if number % 2 == 1:
            theirs.append(openssl())
    named = {"openssl": theirs, "signature": signatures, "verdict": whole}
    for name, times in named.items():
        show(name, times, "us", 1)
    figures = (f"{name} {1e6 / statistics.fmean(times):.0f}" for name, times in named.items())
    print(f"  a second: {', '.join(figures)}")
    met = []
    for what, times, target in (("signature", signatures, SIGNATURE_RATIO), ("verdict", whole, VERDICT_RATIO)):
        low, high = interval(times, theirs)
        print(f"  {what}: 95 % of the ratio of the means between {low:.2f} and {high:.2f}")
        met.append(verdict(f"{what} beside openssl's", statistics.fmean(times) / statistics.fmean(theirs), target, ""))
    return met


def ours(example):
    """Microseconds of a signature check and of a verdict."""
    # Half of the time is for each.
    measured = json.loads(output(example, "2"))
    return 1e6 / measured["signatures_per_second"], 1e6 / measured["verdicts_per_second"]


def openssl():
    """Microseconds of a verification."""
    # -elapsed: by the clock, as we measure, not by the processor's time, which a busy machine makes look better.
    words = ["openssl", "speed", "-elapsed", "-mr", "-seconds", "1", "rsa2048"]
    told = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    # +F2:INDEX:BITS:SIGNATURES A SECOND:VERIFICATIONS A SECOND
    line = next(line for line in told.splitlines() if line.startswith("+F2:"))
    return 1e6 / float(line.split(":")[4])
