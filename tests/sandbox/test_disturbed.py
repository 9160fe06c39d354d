"""Sandboxes that are not at their best: faults by chance, slow changes, two changes at once, restarts; and the trace."""

import json
import os
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import ACCOUNT, THUMBPRINT, Running, assert_refused, open_block, read_policy, refusal, sandbox_command
from wire import send

URL = "https://oidc.example.com"
ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com"


@pytest.fixture
def start(tmp_path):
    """Starts sandboxes that end with the test."""
    running = []

    def start(*arguments):
        running.append(Running(*map(str, arguments)))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.stop()


def lines(trace):
    return [json.loads(line) for line in Path(trace).read_text().splitlines()]


def patient(sandbox, service, door="plain"):
    return sandbox.client(service, door, retries={"total_max_attempts": 20, "mode": "standard"})


# Faults by chance.


def the_guides_flow(s3, iam, bucket):
    """Everything that has to be done, by clients that try again."""
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=open_block())
    s3.put_bucket_policy(Bucket=bucket, Policy=read_policy(bucket))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 1000)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x" * 1000
    try:
        iam.create_open_id_connect_provider(Url=URL, ThumbprintList=[THUMBPRINT])
    except iam.exceptions.EntityAlreadyExistsException:
        # It was made, and the answer was cut.
        pass
    for one in range(5):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=ARN, ClientID=f"c{one}")
    assert len(iam.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)["ClientIDList"]) == 5


@pytest.mark.parametrize("door", ["plain", "proxy"])
def test_who_tries_again_gets_there(start, tmp_path, door):
    sandbox = start("--fail-rate", "0.4", "--seed", "4", "--trace", tmp_path / "trace")
    the_guides_flow(patient(sandbox, "s3", door), patient(sandbox, "iam", door), "a-bucket")
    calls = lines(tmp_path / "trace")
    faults = [call["fault"] for call in calls if call["fault"]]
    assert len(faults) >= 3 and len(calls) == len(faults) + sum(call["fault"] is None for call in calls)
    assert {"refuse", "cut-before", "cut-after"} >= set(faults)


def fates(start, trace, seed, order=1):
    sandbox = start("--fail-rate", "0.4", "--seed", seed, "--trace", trace)
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    calls = [s3.list_buckets, iam.list_open_id_connect_providers][::order]
    for _ in range(20):
        for call in calls:
            try:
                call()
            except Exception:
                pass
    found = {}
    for line in lines(trace):
        found.setdefault(line["call"], []).append((line["status"], line["fault"]))
    return found


def test_the_same_seed_lets_the_same_calls_fail(start, tmp_path):
    first = fates(start, tmp_path / "1", 5)
    assert set(first) == {"s3 GET /", "iam ListOpenIDConnectProviders"}
    assert first == fates(start, tmp_path / "2", 5, order=-1)
    assert first != fates(start, tmp_path / "3", 6)


THROTTLED = {
    "s3": {("SlowDown", 503, "Please reduce your request rate."), ("InternalError", 500, "We encountered an internal error. Please try again."), ("ServiceUnavailable", 503, "Service is unable to handle request.")},
    "iam": {("Throttling", 400, "Rate exceeded"), ("ServiceFailure", 500, "The request processing has failed because of an unknown error, exception or failure."), ("ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server.")},
    "sts": {("Throttling", 400, "Rate exceeded"), ("InternalFailure", 500, "The request processing has failed because of an unknown error, exception or failure."), ("ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server.")},
}


@pytest.mark.table("refusal")
@pytest.mark.parametrize("service", THROTTLED)
def test_each_service_fails_in_its_own_words(start, service):
    from botocore.exceptions import ClientError, ConnectionClosedError

    sandbox = start("--fail-rate", "1", "--seed", "3")
    client = sandbox.client(service)
    call = {"s3": "list_buckets", "iam": "list_open_id_connect_providers", "sts": "get_caller_identity"}[service]
    seen, cut = set(), 0
    for _ in range(40):
        try:
            getattr(client, call)()
        except ClientError as error:
            told = error.response["Error"]
            seen.add((told["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"], told["Message"]))
        except ConnectionClosedError:
            cut += 1
    assert seen == THROTTLED[service] and cut > 0


def test_a_seed_is_said_when_none_is_given(start):
    first, second = start("--fail-rate", "0.5"), start("--fail-rate", "0.5", "--seed", "7")
    assert isinstance(first.seed, int) and second.seed == 7
    assert start().seed is None


@pytest.mark.parametrize("words", [["--fail-rate", "1.5"], ["--fail-rate=-0.1"], ["--fail-rate", "nan"], ["--fail-rate", "often"], ["--seed", "1"], ["--propagation=-1"]])
def test_what_is_no_rate_is_refused(words):
    done = subprocess.run(sandbox_command(*words), capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and words[0].split("=")[0] in done.stderr, done


# The state.


def everything(sandbox):
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    found = {"providers": iam.list_open_id_connect_providers()["OpenIDConnectProviderList"], "buckets": {}}
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        objects = s3.list_object_versions(Bucket=name)
        found["buckets"][name] = {
            "made": bucket["CreationDate"],
            "policy": s3.get_bucket_policy(Bucket=name)["Policy"],
            "block": s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
            "versions": [(one["Key"], one["VersionId"], one["ETag"], one["LastModified"]) for one in objects["Versions"]],
            "tags": s3.get_bucket_tagging(Bucket=name)["TagSet"],
        }
    return found


def test_the_state_survives_a_restart_and_a_kill(start, tmp_path):
    directory = tmp_path / "state"
    sandbox = start("--state", directory)
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    s3.create_bucket(Bucket="a-bucket")
    s3.put_bucket_versioning(Bucket="a-bucket", VersioningConfiguration={"Status": "Enabled"})
    s3.put_public_access_block(Bucket="a-bucket", PublicAccessBlockConfiguration=open_block())
    s3.put_bucket_policy(Bucket="a-bucket", Policy=read_policy("a-bucket"))
    s3.put_bucket_tagging(Bucket="a-bucket", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    for one in range(3):
        s3.put_object(Bucket="a-bucket", Key="k", Body=f"{one}".encode())
    iam.create_open_id_connect_provider(Url=URL, ThumbprintList=[THUMBPRINT], ClientIDList=["c"])
    before, ca = everything(sandbox), Path(sandbox.ca_file).read_text()
    assert Path(sandbox.ca_file) == directory / "ca.pem"
    sandbox.kill()

    sandbox = start("--state", directory)
    assert everything(sandbox) == before and Path(sandbox.ca_file).read_text() == ca
    # Old versions are read by their ids, over TLS with the authority of before.
    versions = sandbox.client("s3", "proxy").list_object_versions(Bucket="a-bucket")["Versions"]
    bodies = [sandbox.client("s3", "proxy").get_object(Bucket="a-bucket", Key="k", VersionId=one["VersionId"])["Body"].read() for one in versions]
    assert bodies == [b"2", b"1", b"0"]
    sandbox.stop()
    assert everything(start("--state", directory)) == before


def test_what_was_answered_before_a_kill_is_there_after_it(start, tmp_path):
    """Killed at ten moments of a stream of writes: every write that was answered is found again."""
    directory = tmp_path / "state"
    answered = set()
    for round in range(10):
        sandbox = start("--state", directory)
        s3 = sandbox.client("s3")
        if round == 0:
            s3.create_bucket(Bucket="a-bucket")
        keys = {one["Key"] for one in s3.list_objects_v2(Bucket="a-bucket").get("Contents", [])}
        assert answered <= keys
        # At most the one that was under way is there without having been answered.
        assert len(keys - answered) <= round
        answered |= keys

        def write(s3=s3, round=round):
            for one in range(100_000):
                key = f"{round}-{one}"
                try:
                    s3.put_object(Bucket="a-bucket", Key=key, Body=b"x")
                except Exception:
                    return
                answered.add(key)

        writer = threading.Thread(target=write)
        writer.start()
        while not any(key.startswith(f"{round}-{round}") for key in answered):
            time.sleep(0.001)
        sandbox.kill()
        writer.join(60)
        assert not writer.is_alive()


def test_nobody_else_reads_or_shares_the_directory(start, tmp_path):
    directory = tmp_path / "state"
    start("--state", directory).client("s3").create_bucket(Bucket="a-bucket")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    secret = [path.name for path in directory.iterdir() if stat.S_IMODE(path.stat().st_mode) == 0o600]
    assert {"authority.pem", "state.json"} <= set(secret)
    done = subprocess.run(sandbox_command("--state", str(directory)), capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and f"another sandbox is running with its state in {directory}" in done.stderr


@pytest.mark.parametrize("contents,words", [("{", "is not a sandbox's state, or is damaged"), ('{"version": 99}', "was written by a newer version")])
def test_a_state_that_cannot_be_read_is_left_alone(tmp_path, contents, words):
    file = tmp_path / "state.json"
    file.write_text(contents)
    done = subprocess.run(sandbox_command("--state", str(tmp_path)), capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and words in done.stderr, done
    assert file.read_text() == contents


# What AWS makes true in its own time.


def test_changes_show_when_they_have_spread(start):
    sandbox = start("--propagation", "700")
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    s3.create_bucket(Bucket="a-bucket")
    s3.put_object(Bucket="a-bucket", Key="k", Body=b"x")
    assert s3.get_object(Bucket="a-bucket", Key="k")["Body"].read() == b"x"

    def eventually(call, seen, done):
        """The first answer is one that is seen before, the last one that is done: and nothing else comes between."""
        answers = [call()]
        while answers[-1] != done:
            assert len(answers) < 500
            time.sleep(0.02)
            answers.append(call())
        assert answers[0] == seen and set(answers) == {seen, done}

    def code(call, **settings):
        try:
            call(**settings)
            return "done"
        except s3.exceptions.ClientError as error:
            return error.response["Error"]["Code"]

    s3.put_public_access_block(Bucket="a-bucket", PublicAccessBlockConfiguration=open_block())
    assert s3.get_public_access_block(Bucket="a-bucket")["PublicAccessBlockConfiguration"] == open_block()
    policy = {"Bucket": "a-bucket", "Policy": read_policy("a-bucket")}
    eventually(lambda: code(s3.put_bucket_policy, **policy), "AccessDenied", "done")
    eventually(lambda: send(sandbox, "GET", "/a-bucket/k").status, 403, 200)
    iam.create_open_id_connect_provider(Url=URL, ThumbprintList=[THUMBPRINT])
    eventually(lambda: code(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=ARN), "NoSuchEntity", "done")
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": ARN}]


# Two changes at once: the first is under way for a second.


def at_once(*calls):
    """Sends calls so that each is under way when the next one comes; their refusals, or nothing for what was done."""
    results = [None] * len(calls)

    def run(number, call):
        try:
            call()
        except Exception as error:
            told = error.response["Error"]
            results[number] = (told["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"], told["Message"])

    threads = []
    for number, call in enumerate(calls):
        threads.append(threading.Thread(target=run, args=(number, call)))
        threads[-1].start()
        time.sleep(0.2)
    for thread in threads:
        thread.join(60)
    return results


@pytest.fixture(scope="module")
def slow():
    running = Running("--latency", "1000")
    yield running
    running.stop()


CONCURRENT = ("ConcurrentModification", 409, "The request was rejected because multiple requests to change this object were submitted simultaneously. Wait a few minutes and submit your request again.")
CHANGES = [
    ("add_client_id_to_open_id_connect_provider", {"ClientID": "a"}),
    ("remove_client_id_from_open_id_connect_provider", {"ClientID": "a"}),
    ("update_open_id_connect_provider_thumbprint", {"ThumbprintList": [THUMBPRINT]}),
    ("tag_open_id_connect_provider", {"Tags": [{"Key": "a", "Value": ""}]}),
    ("untag_open_id_connect_provider", {"TagKeys": ["a"]}),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("operation,settings", CHANGES, ids=[row[0] for row in CHANGES])
def test_two_changes_of_one_provider(slow, operation, settings):
    iam = slow.client("iam", max_pool_connections=10)
    url = f"https://{operation.replace('_', '-')}.example.com"
    arn = iam.create_open_id_connect_provider(Url=url, ThumbprintList=[THUMBPRINT])["OpenIDConnectProviderArn"]
    change = lambda: getattr(iam, operation)(OpenIDConnectProviderArn=arn, **settings)
    add = lambda: iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="first")
    get = lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert at_once(add, change, get) == [None, CONCURRENT, None]
    # A deletion does not mind.
    delete = lambda: iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert at_once(add, delete) == [None, None]


@pytest.mark.table("refusal")
def test_one_provider_made_twice_at_once(slow):
    iam = slow.client("iam")
    create = lambda: iam.create_open_id_connect_provider(Url="https://twice.example.com", ThumbprintList=[THUMBPRINT])
    assert at_once(create, create) == [None, CONCURRENT]


@pytest.mark.table("refusal")
def test_one_bucket_made_twice_at_once(slow):
    s3 = slow.client("s3")
    aborted = ("OperationAborted", 409, "A conflicting conditional operation is currently in progress against this resource. Please try again.")
    create = lambda: s3.create_bucket(Bucket="twice")
    assert at_once(create, create) == [None, aborted]


@pytest.mark.table("refusal")
def test_a_deletion_during_a_conditional_write(slow):
    s3 = slow.client("s3")
    s3.create_bucket(Bucket="conditional")
    s3.put_object(Bucket="conditional", Key="k", Body=b"x")
    conflict = ("ConditionalRequestConflict", 409, "The conditional request cannot succeed due to a conflicting operation against this resource.")
    delete = lambda: s3.delete_object(Bucket="conditional", Key="k")
    write = lambda: s3.put_object(Bucket="conditional", Key="k", Body=b"y", IfNoneMatch="*")
    assert at_once(delete, write) == [None, conflict]
    write()
    # The first one to end wins, and the next comes too late.
    failed = ("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")
    etag = s3.head_object(Bucket="conditional", Key="k")["ETag"]
    follow = lambda body: lambda: s3.put_object(Bucket="conditional", Key="k", Body=body, IfMatch=etag)
    assert at_once(follow(b"1"), follow(b"2")) == [None, failed]
    assert s3.get_object(Bucket="conditional", Key="k")["Body"].read() == b"1"


# The trace.


def test_a_trace_counts_round_trips(start, tmp_path):
    trace = tmp_path / "trace"
    sandbox = start("--trace", trace, "--latency", "20")
    s3 = sandbox.client("s3", "proxy")
    s3.create_bucket(Bucket="a-bucket")
    s3.put_object(Bucket="a-bucket", Key=".well-known/openid-configuration", Body=b"secret contents")
    s3.list_objects_v2(Bucket="a-bucket", Prefix="a-secret-prefix")
    refusal(sandbox.client("iam").get_open_id_connect_provider, OpenIDConnectProviderArn=ARN)
    send(sandbox, "GET", "/a-bucket/k")
    told = lines(trace)
    key = sandbox.env["AWS_ACCESS_KEY_ID"]
    assert [(one["number"], one["call"], one["operation"], one["status"], one["access_key_id"]) for one in told] == [
        (1, "s3 PUT a-bucket", "s3:CreateBucket", 200, key),
        (2, "s3 PUT a-bucket/.well-known/openid-configuration", "s3:PutObject", 200, key),
        (3, "s3 GET a-bucket?list-type&prefix&encoding-type", "s3:ListObjectsV2", 200, key),
        (4, "iam GetOpenIDConnectProvider", "iam:GetOpenIDConnectProvider", 404, key),
        (5, "s3 GET a-bucket/k", "s3:GetObject", 403, None),
    ]
    assert all(one["end_us"] - one["start_us"] >= 20_000 and one["fault"] is None for one in told)
    assert "secret" not in trace.read_text() and sandbox.env["AWS_SECRET_ACCESS_KEY"] not in trace.read_text()
    assert stat.S_IMODE(os.stat(trace).st_mode) == 0o600


# The aws CLI, which tries again by itself.


def aws(sandbox, *words, **more):
    import sys

    command = [str(Path(sys.executable).with_name("aws")), *words]
    environment = {**os.environ, **sandbox.env, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "20", **more}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_the_cli_gets_there_too(start, tmp_path):
    sandbox = start("--fail-rate", "0.4", "--seed", "4", "--trace", tmp_path / "trace", "--state", tmp_path / "state")
    for words in [
        ["s3api", "create-bucket", "--bucket", "a-bucket"],
        ["s3api", "put-bucket-versioning", "--bucket", "a-bucket", "--versioning-configuration", "Status=Enabled"],
        ["s3api", "list-objects-v2", "--bucket", "a-bucket"],
        ["iam", "list-open-id-connect-providers"],
        ["sts", "get-caller-identity"],
    ]:
        done = aws(sandbox, *words)
        assert done.returncode == 0, done
    assert any(line["fault"] for line in lines(tmp_path / "trace"))
    sandbox.kill()
    done = aws(start("--state", tmp_path / "state"), "s3api", "get-bucket-versioning", "--bucket", "a-bucket")
    assert '"Status": "Enabled"' in done.stdout


GIVEN_UP = [
    (2, ["s3api", "create-bucket", "--bucket", "b-bucket"], "(SlowDown) when calling the CreateBucket operation (reached max retries: 1): Please reduce your request rate."),
    (8, ["sts", "get-caller-identity"], "(Throttling) when calling the GetCallerIdentity operation (reached max retries: 1): Rate exceeded"),
    (8, ["iam", "list-open-id-connect-providers"], "(ServiceFailure) when calling the ListOpenIDConnectProviders operation (reached max retries: 1): The request processing has failed"),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("seed,words,told", GIVEN_UP, ids=[row[1][1] for row in GIVEN_UP])
def test_the_cli_gives_up_in_the_end(start, seed, words, told):
    """With these seeds the second answer is a refusal, which the CLI shows."""
    done = aws(start("--fail-rate", "1", "--seed", seed), *words, AWS_MAX_ATTEMPTS="2")
    assert done.returncode != 0 and told in done.stderr, done


@pytest.mark.table("refusal")
def test_the_accounts_block_is_set_from_the_start(start):
    sandbox = start("--account-block")
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="a-bucket")
    s3.put_public_access_block(Bucket="a-bucket", PublicAccessBlockConfiguration=open_block())
    expected = ("AccessDenied", 403, "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.")
    assert_refused(expected, s3.put_bucket_policy, Bucket="a-bucket", Policy=read_policy("a-bucket"))
