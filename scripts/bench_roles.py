"""`role apply -f` with many roles on the sandbox, 20 ms added to every call: beside the same calls one after another.

What the calls would take one after another is not guessed: it is their number times the latency that the sandbox adds,
which leaves out all that they would take beside it.
"""

import statistics

from bench_bootstrap import first, lines, sandbox
from measure import peak, run, verdict

LATENCY_MILLISECONDS = 20
SHARE = 1 / 8
GROWTH = 1.3
MEBIBYTES = 64.0
COUNTS = (100, 300, 1000)
POLICY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
READS = ("iam:Get", "iam:List", "sts:GetCallerIdentity")


def roles(program, directory, rounds=3):
    """All that is quoted of roles."""
    directory = directory / "roles"
    directory.mkdir()
    key = directory / "given"
    run([program, "keygen", "--keys", key])
    print(
        f"\nroles: `role apply -f` of {', '.join(map(str, COUNTS))} new roles, each with one attached and one inline"
        f" policy, on the sandbox with {LATENCY_MILLISECONDS} ms added to every call; {rounds} rounds"
    )
    each, shares, memory, writes, calls = {count: [] for count in COUNTS}, [], 0.0, 0, 0
    for number in range(rounds):
        # IAM keeps a thousand roles in an account: each round has a sandbox of its own for each count.
        for count in COUNTS:
            trace = directory / f"{number}-{count}.jsonl"
            words = ["--latency", str(LATENCY_MILLISECONDS), "--trace", trace]
            with sandbox(program, directory / f"{number}-{count}.pem", *words) as environment:
                run(first(program, directory, key, f"issuer-{number}-{count}"), environment)
                apply = [
                    program, "role", "apply", "--issuer",
                    f"https://issuer-{number}-{count}.s3.eu-central-1.amazonaws.com",
                    "-f", roles_file(directory, count), "--yes",
                ]
                seen = len(lines(trace))
                if (number, count) == (0, COUNTS[-1]):
                    memory, how = peak(apply, runs=1, environment=environment)
                    print(f"  peak memory with {count} new roles (resident, {how}): {memory:.1f} MiB")
                    seen_again = len(lines(trace))
                    run(apply, environment)
                    again = lines(trace)[seen_again:]
                    writes = sum(not call["operation"].startswith(READS) for call in again)
                    print(f"  the second run: {len(again)} calls, {writes} of them write")
                    continue
                elapsed = run(apply, environment)[0]
                calls = len(lines(trace)) - seen
                each[count].append(elapsed)
                if count == COUNTS[-1]:
                    shares.append(elapsed / (calls * LATENCY_MILLISECONDS / 1000))
    for count, times in each.items():
        print(f"  {count:5} roles: median {statistics.median(times):.2f} s, {statistics.median(times) / count * 1000:.2f} ms a role")
    share = statistics.median(shares)
    growth = (statistics.median(each[1000]) / 1000) / (statistics.median(each[100]) / 100)
    print(f"  {calls} calls: 1/{1 / share:.1f} of {calls} times {LATENCY_MILLISECONDS} ms")
    return [
        verdict("1,000 roles beside one after another", share, SHARE, ""),
        verdict("a role among 1,000 beside one among 100", growth, GROWTH, ""),
        verdict("1,000 roles, peak memory", memory, MEBIBYTES, " MiB"),
        verdict("1,000 roles again, writes", writes, 0, ""),
    ]


def roles_file(directory, count):
    path = directory / f"{count}.yaml"
    if not path.exists():
        allowed = '{Version: "2012-10-17", Statement: [{Effect: Allow, Action: "sqs:SendMessage", Resource: "*"}]}'
        made = "".join(
            f"  - name: role-{number}\n    serviceAccounts: [team-{number}/app]\n    policyArns: [{POLICY}]\n"
            f"    inlinePolicies: {{queue: {allowed}}}\n"
            for number in range(count)
        )
        path.write_text(f"roles:\n{made}")
    return path
