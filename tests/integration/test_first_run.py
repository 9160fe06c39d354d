"""From nothing to an issuer, and the same command again: judged by boto3 and by the `cryptography` library."""

import json
import stat

import oracle
import pytest
from cryptography.hazmat.primitives import serialization

PLACES = [("us-east-1", ""), ("us-east-1", "clusters/one"), ("eu-west-1", ""), ("eu-west-1", "clusters/one")]


@pytest.fixture(params=PLACES, ids=[f"{region}-{'prefix' if prefix else 'whole'}" for region, prefix in PLACES])
def placed(request, peer, case_on):
    region, prefix = request.param
    return case_on(peer, region=region, prefix=prefix)


def test_from_nothing_to_an_issuer_and_again(placed):
    case = placed
    # Looking makes nothing, not even a key.
    looked = case.bootstrap("--dry-run")
    assert case.bootstrap("--check", code=3).json["plan"] == looked.json["plan"]
    assert case.state() == {"exists": False, "provider": None}
    assert not case.keys.exists()

    # Nobody is there to confirm.
    refused = case.bootstrap(code=2).says("--yes")
    assert refused.json["exit_code"] == 2
    assert case.state() == {"exists": False, "provider": None}
    assert not case.keys.exists()

    done = case.bootstrap("--yes").json
    assert done["issuer"] == case.issuer
    assert done["signing_key"] == case.kid()
    assert done["account"] == case.peer.account
    assert done["provider_arn"] == case.peer.provider_arn(case.issuer)
    assert done["bucket"] == case.bucket
    assert done["changes"] == looked.json["changes"]

    case.assert_bucket()
    assert len(case.statements()) == 1
    case.assert_statement()
    case.assert_documents()
    case.assert_provider()
    case.assert_done()


def test_the_key_directory_is_what_kube_apiserver_takes(case):
    case.made()
    mode = lambda path: stat.S_IMODE(path.stat().st_mode)
    names = sorted(str(path.relative_to(case.keys)) for path in case.keys.rglob("*"))
    assert names == [".gitignore", "ring.json", "sa.key", "sa.pub"]
    assert mode(case.keys) == 0o700
    assert mode(case.keys / "sa.key") == 0o600
    assert mode(case.keys / "sa.pub") == 0o644
    assert (case.keys / ".gitignore").read_text() == "*\n"

    pem = (case.keys / "sa.key").read_bytes()
    assert pem.startswith(b"-----BEGIN RSA PRIVATE KEY-----")
    key = serialization.load_pem_private_key(pem, None)
    assert key.key_size == 2048
    (public,) = case.public_keys()
    assert key.public_key() == public

    ring = json.loads((case.keys / "ring.json").read_text())
    (record,) = ring["keys"]
    assert (record["kid"], record["issuer"]) == (oracle.kid(public), case.issuer)
    assert record["made"] <= record["first_published"]


@pytest.mark.only("sandbox")  # No peer looks at a key; tokens and documents of each kind are tested without one.
@pytest.mark.parametrize("algorithm", ["rsa-3072", "rsa-4096", "es256", "es384", "es512"])
def test_every_kind_of_key(case, algorithm):
    case.made("--algorithm", algorithm)
    (public,) = case.public_keys()
    kinds = {"rsa-3072": 3072, "rsa-4096": 4096, "es256": 256, "es384": 384, "es512": 521}
    size = public.key_size if algorithm.startswith("rsa") else public.curve.key_size
    assert size == kinds[algorithm]
    case.assert_documents()
    # The kind of a key that is there is not asked about again.
    case.assert_done()


def test_everything_that_can_be_chosen(case):
    """Tags, audiences, a thumbprint, another place for the keys, the settings as files."""
    words = [
        "--tag", "team=platform", "--tag", "cost=a b",
        "--audience", "sts.amazonaws.com", "--audience", "https://other.example.test",
        "--thumbprint", "A" * 40, "--jwks-path", "keys.json",
        "--target", "kubeadm", "--out", case.directory / "out",
    ]
    case.made(*words)
    tags = {"team": "platform", "cost": "a b"}
    assert case.tags() == {oracle.OWNER: "created", **tags}
    case.assert_statement(jwks_path="keys.json")
    case.assert_documents(jwks_path="keys.json")
    case.assert_provider(["sts.amazonaws.com", "https://other.example.test"], tags, ["a" * 40])
    files = [path for path in (case.directory / "out").rglob("*") if path.is_file()]
    assert any(case.issuer in path.read_text() for path in files)
    case.assert_done(*words)


def test_two_clusters_in_one_bucket(case, case_on, tmp_path):
    """By prefix: each has its own keys, its own statement and its own provider."""
    case.prefix, case.issuer = "one", f"{case.issuer}/one"
    case.made()
    other = case_on(case.peer, bucket=case.bucket, prefix="two")
    other.keys = tmp_path / "other"
    other.bootstrap("--yes", "--keys", other.keys)
    assert case.kid() != other.kid()
    assert len(case.statements()) == 2
    allowed = sorted(arn for statement in case.statements() for arn in statement["Resource"])
    expected = case.arns(oracle.DISCOVERY, oracle.JWKS) + other.arns(oracle.DISCOVERY, oracle.JWKS)
    assert allowed == sorted(expected)
    case.assert_documents()
    other.assert_documents()
    case.assert_provider()
    other.assert_provider()
    case.assert_done()
    assert other.bootstrap("--check", "--keys", other.keys).json["changes"] == 0


def test_a_second_run_sends_no_write(case, recorded):
    """Not only is nothing different afterwards: nothing is asked for."""
    case.made()
    again = recorded(case)
    again("--yes")
    assert again.recorder.writes() == []
    assert again.recorder.calls


def test_looking_sends_no_write(case, recorded):
    again = recorded(case)
    again("--dry-run")
    again("--check", code=3)
    again(code=2)
    assert again.recorder.writes() == []
    assert again.recorder.calls
