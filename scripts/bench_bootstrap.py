"""`bootstrap` on the sandbox: as a process, beside the same by hand, and its round trips; those of `doctor` too.

The sandbox is a process of its own that runs before and after; its start is not measured.
"""

import contextlib
import json
import os
import statistics
import subprocess

from measure import interval, peak, run, show, verdict

PROCESS_SECONDS = 0.15
BY_HAND_RATIO = 0.1
MEBIBYTES = 40.0
FIRST_ROUND_TRIPS = 8
SECOND_ROUND_TRIPS = 3
DOCTOR_ROUND_TRIPS = 6
LATENCY_MILLISECONDS = 50
REGION = "eu-central-1"


def bootstrap(program, aws, directory, runs):
    """All that is quoted of bootstrap."""
    directory = directory / "bootstrap"
    directory.mkdir()
    key = directory / "given"
    run([program, "keygen", "--keys", key])
    return [*process(program, aws, directory, key, runs), *round_trips(program, aws, directory, key)]


def process(program, aws, directory, key, runs):
    by_hand_runs = max(3, runs // 6)
    print(
        f"\nbootstrap: a whole issuer from a given key on the sandbox, {runs} runs, beside scripts/by-hand.sh"
        f" (openssl and six calls of the aws CLI), {by_hand_runs} runs"
    )
    with sandbox(program, directory / "ca.pem") as environment:
        ours, theirs = [], []
        for number in range(runs):
            ours.append(run(first(program, directory, key, f"ours-{number}"), environment)[0])
            if number < by_hand_runs:
                documents = directory / f"by-hand-{number}"
                documents.mkdir()
                words = ["scripts/by-hand.sh", f"theirs-{number}", REGION, key / "sa.key", documents]
                theirs.append(run(words, {**environment, "AWS": aws})[0])
        show("issuerctl", ours, "s", 3)
        show("by hand", theirs, "s", 3)
        ratio = statistics.fmean(ours) / statistics.fmean(theirs)
        low, high = interval(ours, theirs)
        print(f"  ratio of the means {ratio:.3f} (95 % between {low:.3f} and {high:.3f})")
        # Finished issuers are bootstrapped again: the same reads, the read-back, and no writes.
        again = [program, "bootstrap", "--bucket", "ours-0", "--keys", directory / "ours-0", "--yes"]
        memory, how = peak(again, environment=environment)
        memory = max(memory, peak(first(program, directory, key, "memory"), runs=1, environment=environment)[0])
        print(f"  peak memory (resident, {how}): {memory:.1f} MiB")
    return [
        verdict("bootstrap, median", statistics.median(ours), PROCESS_SECONDS, " s"),
        verdict("bootstrap beside by hand", ratio, BY_HAND_RATIO, ""),
        verdict("bootstrap, peak memory", memory, MEBIBYTES, " MiB"),
    ]


def round_trips(program, aws, directory, key):
    print(f"\nRound trips of bootstrap and doctor, from the sandbox's trace, {LATENCY_MILLISECONDS} ms added to every call")
    trace = directory / "trace.jsonl"
    words = ["--latency", str(LATENCY_MILLISECONDS), "--trace", trace]
    made = first(program, directory, key, "traced")
    again = [*made, "--check"]
    counted = []
    with sandbox(program, directory / "traced-ca.pem", *words) as environment:
        runs = [
            ("bootstrap, first", lambda: made, FIRST_ROUND_TRIPS),
            ("bootstrap, second", lambda: made, SECOND_ROUND_TRIPS),
            ("bootstrap --check", lambda: again, SECOND_ROUND_TRIPS),
            ("doctor", lambda: whole_doctor(program, aws, directory, environment), DOCTOR_ROUND_TRIPS),
        ]
        for name, words, target in runs:
            command = words()
            seen = len(lines(trace))
            elapsed = run(command, environment)[0]
            calls = lines(trace)[seen:]
            trips = longest_chain(calls)
            counted.append((name, trips, target))
            print(f"  {name:<17} {len(calls)} calls, {trips} one after another, {elapsed * 1000:.0f} ms")
    return [verdict(f"{name}, round trips", trips, target, "") for name, trips, target in counted]


def whole_doctor(program, aws, directory, environment):
    """The words of a doctor that looks at everything but a cluster, at an issuer with a role that trusts it."""
    host = f"traced.s3.{REGION}.amazonaws.com"
    provider = f"arn:aws:iam::123456789012:oidc-provider/{host}"
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": "system:serviceaccount:default:app",
        }},
    }]}
    create = ["iam", "create-role", "--role-name", "app", "--assume-role-policy-document", json.dumps(trust)]
    run([aws, *create], environment)
    return [
        program, "doctor", "--issuer", f"https://{host}", "--keys", directory / "traced", "--assume-role",
        "--role-arn", "arn:aws:iam::123456789012:role/app", "--service-account", "default/app",
    ]


def first(program, directory, key, name):
    """The words of a first bootstrap of this name, with a key directory that holds the given key alone."""
    keys = directory / name
    keys.mkdir(mode=0o700)
    (keys / "sa.key").write_bytes((key / "sa.key").read_bytes())
    (keys / "sa.key").chmod(0o600)
    return [program, "bootstrap", "--bucket", name, "--region", REGION, "--keys", keys, "--yes"]


def lines(trace):
    return [json.loads(line) for line in trace.read_text().splitlines()] if trace.exists() else []


def longest_chain(calls):
    """How many calls waited for each other: the most of which each began when the one before had ended."""
    chain, end = 0, -1
    for call in sorted(calls, key=lambda call: call["end_us"]):
        if call["start_us"] >= end:
            chain, end = chain + 1, call["end_us"]
    return chain


@contextlib.contextmanager
def sandbox(program, ca, *words):
    """A sandbox of the program's own; the environment that leads to it and to nothing else."""
    command = [program, "sandbox", "-o", "json", "--region", REGION, "--write-ca", ca, *words]
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        ready = json.loads(process.stdout.readline())
        # No file of the user's is read.
        nothing = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        yield {**kept, **nothing, **ready["env"]}
    finally:
        process.terminate()
        process.wait()
