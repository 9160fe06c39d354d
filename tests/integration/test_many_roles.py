"""Many roles at once: interrupted, throttled and run again, on a sandbox that answers as slowly as IAM does."""

import signal
import time

import pytest
from roles import Roles

COUNT = 300


@pytest.fixture
def life(running, case_on):
    case = case_on(running("sandbox", "--latency", "20")).made()
    one = Roles(case)
    yield one
    case.run("destroy", "--issuer", case.issuer, "--yes")


def many(name):
    allowed = '{Version: "2012-10-17", Statement: [{Effect: Allow, Action: "sqs:SendMessage", Resource: "*"}]}'
    return "roles:\n" + "".join(
        f"  - name: {name}-{number}\n    serviceAccounts: [team-{number}/app]\n    inlinePolicies: {{queue: {allowed}}}\n"
        for number in range(COUNT)
    )


def live(life):
    pages = life.iam.get_paginator("list_roles").paginate(PathPrefix="/issuerctl/")
    return {role["RoleName"] for page in pages for role in page["Roles"]}


def test_an_interruption_loses_nothing_and_the_same_command_goes_on(life, name):
    case = life.case
    path = case.directory / "many.yaml"
    path.write_text(many(name))
    words = ["role", "apply", "--issuer", case.issuer, "-f", path, "--yes"]
    process = case.program.begin(*words, environment=case.environment())
    deadline = time.monotonic() + 60
    while len(live(life)) < COUNT // 10:
        assert process.poll() is None and time.monotonic() < deadline, "it never got so far"
    process.send_signal(signal.SIGINT)
    done = case.program.finish(process)
    assert done.code == 130, str(done)
    done.says("interrupted", "steps are done", "The same command goes on")
    assert 0 < len(live(life)) < COUNT

    # Progress for a log: a dozen lines, not one for each step.
    again = case.program.run(*words, environment=case.environment())
    assert 5 < again.err.count(" steps done") < 15, again.err
    assert live(life) >= {f"{name}-{number}" for number in range(COUNT)}
    assert again.out.count("kind: ServiceAccount") == COUNT
    third = case.run(*words)
    assert (third.json["changes"], third.json["done"]) == (0, [])
