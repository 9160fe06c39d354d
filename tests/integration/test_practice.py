"""`bootstrap --sandbox`, and `sandbox` as a process: everything on this machine, and nothing is left."""

import json
import stat
import urllib.error
import urllib.request

import pytest
from processes import Server
from program import BUILT


def leftovers(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--region", "eu-west-1", "--bucket", "my-own-name", "--prefix", "clusters/one", "--algorithm", "es256"],
        ["--jwks-path", "keys.json", "--target", "kubeadm", "--audience", "mine"],
    ],
    ids=["alone", "placed", "chosen"],
)
def test_the_whole_job_on_this_machine(program, words):
    # Credentials and a profile that are there are not read; a proxy that is there is not asked.
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL", "AWS_SECRET_ACCESS_KEY": "real", "AWS_PROFILE": "nobody",
        "HTTPS_PROXY": "http://127.0.0.1:1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    done = program.run("bootstrap", "--sandbox", *words, environment=environment)
    done.says("a sandbox stands in for AWS", "/.well-known/openid-configuration", "the sandbox and its keys are gone")
    # A token became a session, and the session wrote.
    done.says("assumed-role/my-app/practice", "s3://my-app-data/hello")
    assert done.out
    assert leftovers(program.home) == []
    assert "AKIAREAL" not in done.out + done.err


def test_the_bucket_of_the_workload_is_never_the_issuers(program):
    done = program.run("bootstrap", "--sandbox", "--bucket", "my-app-data", "--region", "eu-central-1")
    done.says("s3://my-other-data/hello")


def test_it_tells_machines_what_it_made(program):
    done = program.run("bootstrap", "--sandbox", "-o", "json").json
    assert done["command"] == "bootstrap" and done["changes"] > 0
    documents = {url: json.loads(body) for url, body in done["documents"]}
    discovery = documents[f"{done['issuer']}/.well-known/openid-configuration"]
    assert discovery["issuer"] == done["issuer"]
    (key,) = documents[discovery["jwks_uri"]]["keys"]
    assert key["kid"] == done["signing_key"]
    assert done["caller"] == "arn:aws:sts::123456789012:assumed-role/my-app/practice"
    assert leftovers(program.home) == []


def test_a_sandbox_ends_without_a_trace(tmp_path):
    server = Server([BUILT, "sandbox", "-o", "json"], tmp_path / "home")
    try:
        line = server.wait_for("the sandbox", lambda: "\n" in server.out.read_text() and server.out.read_text())
        described = json.loads(line)
        assert set(described) == {"endpoint", "public_endpoint", "ca_file", "env"}
        for name in ("endpoint", "public_endpoint"):
            assert "://127.0.0.1:" in described[name]
        assert described["env"]["AWS_CA_BUNDLE"] == described["ca_file"]
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(described["endpoint"], timeout=30)
    finally:
        code = server.stop()
    assert code == 0
    assert leftovers(server.home) == ["server.log", "server.out"]


def test_a_sandbox_for_other_machines_has_to_be_asked_for(program):
    program.run("sandbox", "--listen", "0.0.0.0:0", code=2).says("--allow-non-loopback")


def test_a_ca_file_of_ones_own(tmp_path):
    ca_file = tmp_path / "home" / "ca.pem"
    server = Server([BUILT, "sandbox", "-o", "json", "--write-ca", "ca.pem"], tmp_path / "home")
    try:
        server.wait_for("the sandbox", lambda: "\n" in server.out.read_text())
        # Whoever exports it may work in another directory.
        assert json.loads(server.out.read_text())["env"]["AWS_CA_BUNDLE"] == str(ca_file)
        assert ca_file.read_text().startswith("-----BEGIN CERTIFICATE-----")
        assert stat.S_IMODE(ca_file.stat().st_mode) & 0o022 == 0
    finally:
        server.stop()
