"""Starts one sandbox for the whole suite and hands out boto3 clients and the AWS CLI for it.

ISSUERCTL is the program, `issuerctl`; without it, it is built. ISSUERCTL_SANDBOX_COMMAND is another command that runs
a sandbox: it has to print one line of JSON with endpoint, public_endpoint, ca_file and env, and to end at SIGTERM.

Tests marked `table` are rows of refusals and successes that are compared with AWS's code and message:
`pytest --collect-only -q -m table` counts them.
"""

import functools
import itertools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
THUMBPRINT = "a" * 40

# Nothing of the machine's own AWS may be seen by what is tested.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
for name in [name for name in os.environ if name.startswith("ISSUERCTL_") and name != "ISSUERCTL_SANDBOX_COMMAND"]:
    del os.environ[name]
for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]:
    os.environ.pop(name, None)
    os.environ.pop(name.lower(), None)
os.environ.update(
    AWS_CONFIG_FILE="/dev/null",
    AWS_SHARED_CREDENTIALS_FILE="/dev/null",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_MAX_ATTEMPTS="1",
)


def sandbox_command(*arguments):
    given = os.environ.get("ISSUERCTL_SANDBOX_COMMAND")
    if given:
        return [*shlex.split(given), *arguments]
    return [os.environ.get("ISSUERCTL") or built(), "sandbox", "-o", "json", *arguments]


@functools.cache
def built():
    """Builds the program; run by itself, it is the process that is started and stopped."""
    build = ["cargo", "build", "--quiet", "-p", "issuerctl", "--message-format=json"]
    done = subprocess.run(build, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return next(one["executable"] for one in messages if one.get("target", {}).get("name") == "issuerctl" and one["executable"])


class Running:
    """A sandbox's process and what it printed."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            sandbox_command(*arguments), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the sandbox ended with {self.process.wait(30)} and said nothing")
        described = json.loads(line)
        self.endpoint = described["endpoint"]
        self.public_endpoint = described["public_endpoint"]
        self.ca_file = described["ca_file"]
        self.env = described["env"]
        self.seed = described.get("seed")
        self.admin_env = described.get("admin_env")
        self.accounts = described.get("accounts", {})

    def kill(self):
        """Ends it as a power cut would."""
        self.process.kill()
        self.process.wait(30)
        self.process.stdin.close()
        self.process.stdout.close()

    def stop(self):
        self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(30)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(30)

    def client(self, service, door="plain", region=None, **settings):
        """A boto3 client through one of the doors: plain (endpoint override) or proxy (AWS's own names)."""
        settings = {"retries": {"total_max_attempts": 1}, **settings}
        keys = {
            "aws_access_key_id": settings.pop("key", self.env["AWS_ACCESS_KEY_ID"]),
            "aws_secret_access_key": settings.pop("secret", self.env["AWS_SECRET_ACCESS_KEY"]),
            "aws_session_token": settings.pop("token", None),
            "region_name": region or self.env["AWS_REGION"],
        }
        if door == "plain":
            return boto3.client(service, endpoint_url=self.endpoint, config=Config(**settings), **keys)
        config = Config(proxies={"https": self.endpoint}, **settings)
        return boto3.client(service, verify=self.ca_file, config=config, **keys)


def pytest_configure(config):
    config.addinivalue_line("markers", 'table(kind): a row that is compared with AWS: a "refusal" or a "success"')


def pytest_collection_finish(session):
    """Counts the rows of the table; one that goes through two doors is one row."""
    rows = {"refusal": set(), "success": set()}
    for item in session.items:
        marker = item.get_closest_marker("table")
        if marker:
            settings = getattr(item, "callspec", None)
            settings = {key: value for key, value in (settings.params if settings else {}).items() if key != "door"}
            rows[marker.args[0]].add((item.path.name, item.originalname, repr(settings)))
    session.config.stash[ROWS] = {kind: len(found) for kind, found in rows.items()}


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash.get(ROWS, None)
    if rows:
        terminalreporter.write_line(f"the table: {rows['refusal']} refusals and {rows['success']} successes")


ROWS = pytest.StashKey()


@pytest.fixture(scope="session")
def sandbox():
    running = Running("--foreign-bucket", "somebody-elses")
    yield running
    running.stop()


@pytest.fixture(scope="session", params=["plain", "proxy"])
def door(request):
    return request.param


@pytest.fixture(scope="session")
def s3(sandbox, door):
    return sandbox.client("s3", door)


@pytest.fixture(scope="session")
def iam(sandbox, door):
    return sandbox.client("iam", door)


@pytest.fixture(scope="session")
def sts(sandbox, door):
    return sandbox.client("sts", door)


NUMBERS = itertools.count(1)


@pytest.fixture
def name():
    """A bucket name that no other test has."""
    return f"bucket-{os.getpid()}-{next(NUMBERS)}"


@pytest.fixture
def bucket(s3, name):
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def open_bucket(s3, bucket):
    """A bucket whose policy may be public."""
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=open_block())
    return bucket


@pytest.fixture
def cli(sandbox, door):
    """Runs the AWS CLI: the result as JSON, or the error it prints."""

    def run(*words, fails=False):
        # The interpreter that runs the tests has the CLI beside it.
        command = [str(Path(sys.executable).with_name("aws")), *words]
        if door == "plain":
            command += ["--endpoint-url", sandbox.endpoint]
            hidden = {"HTTPS_PROXY", "AWS_CA_BUNDLE"}
        else:
            hidden = set()
        given = {key: value for key, value in sandbox.env.items() if key not in hidden}
        environment = {**os.environ, **given, "AWS_PAGER": ""}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        if fails:
            assert done.returncode != 0, done.stdout
            return done.stderr.strip()
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.lstrip().startswith("{") else done.stdout

    return run


def open_block(**settings):
    return {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
        **settings,
    }


def read_policy(bucket, *keys, principal="*", effect="Allow", **more):
    statement = {
        "Sid": "Read",
        "Effect": effect,
        "Principal": principal,
        "Action": "s3:GetObject",
        "Resource": [f"arn:aws:s3:::{bucket}/{key}" for key in keys or ["*"]],
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def refusal(call, *arguments, **settings):
    """What a call is refused with: code, HTTP status, message."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **settings)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"].get("Message", "")


def assert_refused(expected, call, *arguments, **settings):
    """Compares code and status exactly; the message has to contain the expected words."""
    code, status, words = expected
    got = refusal(call, *arguments, **settings)
    assert got[:2] == (code, status), got
    assert words in got[2], got
