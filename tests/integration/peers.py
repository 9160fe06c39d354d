"""The three peers that stand in for AWS: our own sandbox, moto and MiniStack, each as a server on loopback."""

import json
import sys
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

from capabilities import LACKS
from front import Front, Recorder
from processes import Server, started


class Peer:
    """A running peer: how boto3 reaches it, and how the program does."""

    name = ""
    # What the plain door puts right in this peer's answers.
    renames = ()

    def __init__(self, server, endpoint, key, secret, front):
        self.server = server
        self.endpoint = endpoint
        self.key = key
        self.secret = secret
        self.front = front
        self.clients = {}
        self.account = self.client("sts").get_caller_identity()["Account"]

    def has(self, capability):
        return (self.name, capability) not in LACKS

    def client(self, service, region="us-east-1", secret=None):
        """A boto3 client; made once, for making one takes longer than most calls."""
        wanted = (service, region, secret)
        if wanted not in self.clients:
            self.clients[wanted] = boto3.client(
                service,
                region_name=region,
                aws_access_key_id=self.key,
                aws_secret_access_key=secret or self.secret,
                **self.door(),
            )
        return self.clients[wanted]

    def door(self):
        retries = {"total_max_attempts": 1}
        return {"endpoint_url": self.endpoint, "config": Config(retries=retries, s3={"addressing_style": "path"})}

    def environment(self, region):
        """What the program's environment has for this peer."""
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": region}

    def words(self):
        """What the program's command line has for this peer."""
        return []

    def own_host_words(self, host):
        """What leads this host, one of the tests' own, to the front."""
        return []

    def provider_arn(self, issuer):
        return f"arn:aws:iam::{self.account}:oidc-provider/{issuer.removeprefix('https://')}"

    def control(self):
        """S3 Control, under the host that the program asks: ACCOUNT before the endpoint's."""
        client = self.client("s3control")

        def dial(request, **_):
            # No resolver knows ACCOUNT.127.0.0.1.
            request.url = request.url.replace(f"//{self.account}.127.", "//127.")

        # Registered once, however often it is asked for.
        client.meta.events.register("before-send.s3-control", dial, unique_id="dial")
        return client

    def stop(self):
        self.front.stop()
        self.server.stop()


class Sandbox(Peer):
    """`issuerctl sandbox`, reached through its proxy under AWS's own host names."""

    name = "sandbox"

    def __init__(self, program, home, authority, *options):
        # Where issuers of one's own are: IAM's side of the sandbox reads them too.
        front = Front(authority)
        words = ["--connect-to", f":443:127.0.0.1:{front.port}", "--ca-file", front.ca_file]
        server = Server([program, "sandbox", "-o", "json", *words, *options], home)
        try:
            line = server.wait_for("the sandbox", lambda: first_line(server.out))
            described = json.loads(line)
            self.env = described["env"]
            self.ca_file = Path(described["ca_file"])
            self.public_endpoint = described["public_endpoint"]
            self.trusted = authority.together_with(self.ca_file)
            key, secret = self.env["AWS_ACCESS_KEY_ID"], self.env["AWS_SECRET_ACCESS_KEY"]
            endpoint = described["endpoint"]
            front.endpoint = endpoint
            super().__init__(server, endpoint, key, secret, front)
        except BaseException:
            server.stop()
            raise

    def door(self):
        config = Config(proxies={"https": self.endpoint}, retries={"total_max_attempts": 1})
        return {"verify": str(self.ca_file), "config": config}

    def environment(self, region):
        return {**self.env, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}

    def own_host_words(self, host):
        return ["--connect-to", f"{host}:443:127.0.0.1:{self.front.port}", "--ca-file", self.trusted]


class Moto(Peer):
    """moto's server; the program is told its endpoint by the environment."""

    name = "moto"
    renames = ((b"GetBucketVersioningResponse", b"VersioningConfiguration"),)

    def __init__(self, home, authority):
        def start(port):
            server = Server([beside("moto_server"), "-H", "127.0.0.1", "-p", port], home)
            return answering(server, "moto", f"http://127.0.0.1:{port}", "/moto-api/data.json")

        server, endpoint = started(start)
        front = Front(authority, endpoint, signs="/.well-known/openid-configuration")
        self.plain = Recorder(endpoint, self.renames)
        super().__init__(server, endpoint, "AKIAIOSFODNN7EXAMPLE", "not-a-real-secret", front)

    def environment(self, region):
        return {**super().environment(region), "AWS_ENDPOINT_URL": self.plain.endpoint}

    def stop(self):
        self.plain.stop()
        super().stop()

    def words(self):
        return ["--connect-to", f":443:127.0.0.1:{self.front.port}", "--ca-file", self.front.ca_file]


class MiniStack(Peer):
    """MiniStack; the program is told its endpoint by a flag."""

    name = "ministack"

    def __init__(self, home, authority):
        def start(port):
            environment = {
                "AUTH": "true",
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                # Listeners of its own that would take fixed ports.
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                "S3_DATA_DIR": str(home / "s3"),
                "STATE_DIR": str(home / "state"),
            }
            server = Server([beside("ministack")], home, environment)
            return answering(server, "MiniStack", f"http://127.0.0.1:{port}", "/_ministack/health")

        server, endpoint = started(start)
        super().__init__(server, endpoint, "test", "test", Front(authority, endpoint))

    def words(self):
        front = ["--connect-to", f":443:127.0.0.1:{self.front.port}", "--ca-file", self.front.ca_file]
        return ["--endpoint-url", self.endpoint, *front]


def beside(name):
    """A command of the environment that runs the tests."""
    return Path(sys.executable).with_name(name)


def first_line(path):
    text = path.read_text()
    return text.splitlines()[0] if "\n" in text else None


def answering(server, what, endpoint, path):
    def look():
        try:
            with urllib.request.urlopen(endpoint + path, timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    try:
        server.wait_for(what, look)
    except BaseException:
        server.stop()
        raise
    return server, endpoint
