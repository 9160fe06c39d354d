"""IAM's rate: a burst, then so many a second, and a refusal for the rest."""

import json
import subprocess
import time

import pytest
from conftest import Running, refusal, sandbox_command


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """One call a second is longer than a test takes, however slow the machine."""
    trace = tmp_path_factory.mktemp("throttled") / "trace"
    running = Running("--iam-rate", "1", "--iam-burst", "30", "--trace", str(trace))
    yield running, trace
    running.stop()


def test_what_comes_too_fast_is_throttled_and_not_carried_out(slow):
    running, trace = slow
    iam, made, refused = running.client("iam"), 0, []
    began = time.monotonic()
    while not refused:
        try:
            iam.create_user(UserName=f"u{made}")
            made += 1
        except iam.exceptions.ClientError as error:
            refused.append(error.response)
    most = 30 + int(time.monotonic() - began) + 1
    [response] = refused
    assert (response["Error"]["Code"], response["Error"]["Message"]) == ("Throttling", "Rate exceeded")
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400 and 30 <= made <= most
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    assert [line["status"] for line in lines] == [200] * made + [400]
    # Others are not: the bucket is IAM's alone.
    running.client("sts").get_caller_identity()
    running.client("s3").list_buckets()


def test_the_sdks_wait_until_they_may(slow):
    """botocore knows the refusal for what it is and comes again."""
    running, _ = slow
    iam = running.client("iam", retries={"mode": "standard", "total_max_attempts": 10})
    for _ in range(3):
        iam.list_users()
    assert refusal(running.client("iam").get_user, UserName="nobody")[0] in ("NoSuchEntity", "Throttling")


@pytest.mark.parametrize("words", [["--iam-rate", "0"], ["--iam-burst", "5"], ["--iam-rate", "2", "--iam-burst", "0"], ["--iam-rate", "x"]])
def test_rates_that_are_none(words):
    done = subprocess.run(sandbox_command(*words), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "endpoint" not in done.stdout, done
