"""What AWS, the key directory and the network can have wrong: a sentence, the right exit code, nothing lost."""

import os
import socket

import oracle
import pytest
from authority import openssl
from capabilities import CLOSED

NO_CREDENTIALS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}


def test_no_credentials(case):
    """Nor any file, profile or metadata service that has them."""
    done = case.bootstrap("--yes", code=1, environment=NO_CREDENTIALS)
    done.says("there are no AWS credentials", "AWS_ACCESS_KEY_ID", "--profile", "bootstrap --sandbox")
    assert not case.exists() and not case.keys.exists()


@pytest.mark.needs("signatures")
@pytest.mark.parametrize(
    "wrong",
    [{"AWS_ACCESS_KEY_ID": "AKIANOBODYNOBODYNOBO"}, {"AWS_SECRET_ACCESS_KEY": "wrong"}],
    ids=["unknown-key", "wrong-secret"],
)
def test_wrong_credentials(case, wrong):
    done = case.bootstrap("--yes", code=1, environment=wrong)
    done.says("AWS does not take these credentials", "sign in again")
    assert not case.exists() and not case.keys.exists()


@pytest.mark.only("moto")  # No peer is reached.
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_no_region(case, value):
    hidden = {"AWS_REGION": value, "AWS_DEFAULT_REGION": value}
    case.bootstrap("--yes", code=2, environment=hidden).says("no AWS region is set", "--region")
    assert not case.exists() and not case.keys.exists()


@pytest.mark.only("moto")  # No peer is reached.
def test_an_unknown_profile(case):
    done = case.bootstrap("--yes", "--profile", "nobody", code=1, environment=NO_CREDENTIALS)
    done.says("error:", "nobody")
    assert not case.keys.exists()


@pytest.mark.needs("one-partition")
def test_another_partition_does_not_know_us(case):
    case.bootstrap("--yes", "--region", "cn-north-1", code=1).says("AWS does not take these credentials")
    assert not case.keys.exists()


@pytest.mark.only("ministack")  # It answers for every partition with an identity of aws.
def test_an_identity_of_another_partition(case):
    case.bootstrap("--yes", "--region", "cn-north-1", code=2).says("partition aws,", "aws-cn", "--profile")
    assert not case.keys.exists()


@pytest.mark.parametrize(("asked", "found"), [("us-east-1", "eu-west-1"), ("eu-west-1", "us-east-1")])
def test_the_wrong_region(peer, case_on, asked, found):
    there = case_on(peer, region=found)
    there.bucket_made_by_us()
    case = case_on(peer, bucket=there.bucket, region=asked)
    before = there.state()
    done = case.bootstrap("--yes", code=1)
    done.says(f"is in {found}, not in {asked}", f"--region {found}")
    assert there.state() == before
    assert not case.keys.exists()


@pytest.fixture(scope="session")
def strict_sandbox(running):
    """A sandbox where a name is taken by somebody else."""
    return running("sandbox", "--foreign-bucket", "somebody-elses")


@pytest.mark.parametrize("words", [["--yes"], ["--dry-run"], ["--yes", "--adopt-bucket"]], ids=" ".join)
def test_a_bucket_of_another_account(strict_sandbox, case_on, words):
    case = case_on(strict_sandbox, bucket="somebody-elses")
    done = case.bootstrap(*words, code=1)
    done.says("somebody-elses", "another account", "choose another name")
    assert case.provider() is None
    assert not case.keys.exists()


@pytest.fixture
def blocked(peer, running):
    """A peer whose account blocks all public access, as long as the test lasts."""
    if peer.name == "sandbox":
        yield running("sandbox", "--account-block")
        return
    control = peer.control()
    control.put_public_access_block(AccountId=peer.account, PublicAccessBlockConfiguration=CLOSED)
    yield peer
    control.delete_public_access_block(AccountId=peer.account)


@pytest.mark.needs("account-block")
@pytest.mark.parametrize("words", [["--yes"], ["--dry-run"], ["--yes", "--adopt-bucket"]], ids=" ".join)
def test_the_accounts_own_block(blocked, case_on, words):
    case = case_on(blocked)
    done = case.bootstrap(*words, code=1)
    done.says("the account's own S3 Block Public Access", "BlockPublicPolicy", "never switches", "CloudFront", "--dir")
    assert case.state() == {"exists": False, "provider": None}
    assert not case.keys.exists()


def test_an_account_block_that_cannot_be_read_is_noted(case):
    done = case.bootstrap("--dry-run")
    noted = [note for note in done.json["notes"] if "s3:GetAccountPublicAccessBlock" in note]
    assert len(noted) == (0 if case.peer.has("account-block") else 1)


def test_an_account_regional_name_of_another_account(case):
    case.bucket = "issuers-210987654321-us-east-1-an"
    case.bootstrap("--yes", code=1).says("bound to account 210987654321", case.peer.account)
    assert not case.exists()


def test_an_account_regional_name(case):
    case.bucket = f"{case.bucket}-{case.peer.account}-us-east-1-an"
    case.issuer = f"https://{case.bucket}.s3.us-east-1.amazonaws.com"
    case.made()
    case.assert_bucket()
    case.assert_documents()
    case.assert_done()


@pytest.mark.parametrize(
    ("issuer", "text"),
    [
        ("https://other.s3.us-east-1.amazonaws.com", "bucket other"),
        ("https://{bucket}.s3.eu-west-1.amazonaws.com", "region eu-west-1"),
        ("https://{bucket}.s3.us-east-1.amazonaws.com/a", "prefix a"),
    ],
)
def test_an_issuer_that_names_another_place(case, issuer, text):
    words = ["--issuer", issuer.format(bucket=case.bucket), "--prefix", "b" if "prefix" in text else ""]
    case.bootstrap("--yes", *words, code=2).says(text, "leave --issuer out")
    assert not case.exists() and not case.keys.exists()


# The key directory.


def test_a_key_of_another_issuer(case, case_on):
    case.made()
    other = case_on(case.peer, bucket=f"{case.bucket}-b")
    other.keys = case.keys
    other.assert_refused(case.issuer, other.issuer, "a key directory of its own", "--keys")
    case.assert_done()


def with_keys(case, algorithm="rsa-2048"):
    case.program.run("keygen", "--keys", case.keys, "--algorithm", algorithm)
    return case.keys / "sa.key", case.keys / "sa.pub"


def mismatching(case):
    _, public = with_keys(case)
    case.program.run("keygen", "--keys", case.directory / "other")
    public.write_bytes((case.directory / "other" / "sa.pub").read_bytes())


def truncated(case):
    private, _ = with_keys(case)
    private.write_bytes(private.read_bytes()[:-300])


def half_a_line(case):
    private, _ = with_keys(case)
    lines = private.read_bytes().splitlines(keepends=True)
    private.write_bytes(b"".join(lines[:5] + lines[-1:]))


def encrypted(case):
    private, _ = with_keys(case)
    openssl("rsa", "-in", private, "-aes256", "-passout", "pass:secret", "-traditional", "-out", private)


def encrypted_pkcs8(case):
    private, _ = with_keys(case)
    openssl("pkcs8", "-topk8", "-in", private, "-passout", "pass:secret", "-out", case.directory / "new")
    private.write_bytes((case.directory / "new").read_bytes())


def empty(case):
    with_keys(case)[0].write_bytes(b"")


def no_key(case):
    with_keys(case)[0].write_bytes(b"hello\n")


def edwards(case):
    private, public = with_keys(case)
    private.write_bytes(openssl("genpkey", "-algorithm", "ed25519"))
    public.unlink()


def pss(case):
    private, public = with_keys(case)
    private.write_bytes(openssl("genpkey", "-algorithm", "rsa-pss"))
    public.unlink()


def a_directory(case):
    private, _ = with_keys(case)
    private.unlink()
    private.mkdir()


def damaged_ring(case):
    with_keys(case)
    (case.keys / "ring.json").write_text("{")


def later_ring(case):
    with_keys(case)
    (case.keys / "ring.json").write_text('{"version":99,"keys":[]}')


KEYS = [
    (mismatching, ["do not belong together", "sa.key", "sa.pub"]),
    (truncated, ["sa.key", "cut off"]),
    (half_a_line, ["sa.key"]),
    (encrypted, ["sa.key", "encrypted"]),
    (encrypted_pkcs8, ["sa.key", "encrypted"]),
    (empty, ["sa.key"]),
    (no_key, ["sa.key"]),
    (edwards, ["sa.key", "Ed25519"]),
    (pss, ["sa.key", "RSA-PSS"]),
    (a_directory, ["sa.key"]),
    (damaged_ring, ["ring.json"]),
    (later_ring, ["ring.json", "version is 99"]),
]


@pytest.mark.only("moto")  # Nothing is asked of the peer but who we are.
@pytest.mark.parametrize(("damage", "texts"), KEYS, ids=[damage.__name__ for damage, _ in KEYS])
def test_keys_that_cannot_be_used(case, damage, texts):
    damage(case)
    case.assert_refused(str(case.keys.name), *texts)
    assert not case.exists()


@pytest.mark.only("moto")
def test_a_private_key_that_others_can_read_is_warned_about(case):
    private, _ = with_keys(case)
    os.chmod(private, 0o644)
    case.bootstrap("--yes").says("warning:", "sa.key")
    case.assert_documents()
    assert private.stat().st_mode & 0o777 == 0o644


@pytest.mark.only("moto")
def test_a_weak_key_is_warned_about(case):
    private, public = with_keys(case)
    weak = openssl("genrsa", "-traditional", "1024")
    private.write_bytes(weak)
    public.unlink()
    (case.keys / "ring.json").unlink()
    case.bootstrap("--dry-run").says("warning:", "1024")


@pytest.mark.only("moto")
def test_mounted_keys_are_read_through_links(case):
    """A Secret's files are symbolic links; so is a key that lives elsewhere."""
    private, public = with_keys(case)
    mounted = case.directory / "mounted"
    mounted.mkdir()
    for file in (private, public):
        (mounted / file.name).symlink_to(file)
    done = case.bootstrap("--dry-run", "--keys", mounted)
    assert "make-key" not in done.kinds()


@pytest.mark.only("moto")
def test_public_keys_that_cannot_be_read(case):
    missing = case.directory / "nothing.pub"
    case.bootstrap("--yes", "--public-key", missing, code=1).says("nothing.pub")
    missing.write_bytes(b"hello")
    case.bootstrap("--yes", "--public-key", missing, code=1).says("nothing.pub")
    assert not case.exists()


# The network.


def test_a_ca_file_that_cannot_be_read(program):
    words = ["bootstrap", "--bucket", "my-bucket", "--yes", "--region", "us-east-1", "--ca-file"]
    missing = program.home / "missing.pem"
    program.run(*words, missing, code=1).says("missing.pem", "CA file")
    nothing = program.home / "nothing.pem"
    nothing.write_text("hello\n")
    program.run(*words, nothing, code=1).says("error:", "certificate")
    program.run(*words, program.home, code=1).says("CA file")


@pytest.mark.only("moto")
def test_a_certificate_of_an_unknown_authority(case):
    """Another CA than the one that the front's certificate is from."""
    other = case.directory / "other.pem"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-days", "1"]
    openssl(*request, "-keyout", case.directory / "other.key", "-out", other)
    words = [other if word == case.peer.front.ca_file else word for word in case.peer.words()]
    words = ["bootstrap", *case.place(), "--yes", "--wait", "1", *words]
    done = case.program.run(*words, code=1, environment=case.environment())
    done.says("the read-back failed", "again when the URL answers")
    assert case.provider() is None


def test_an_endpoint_that_nobody_listens_at(program):
    with socket.socket() as taken:
        # Bound and never listening: nobody else can take it, and every connection is refused.
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        environment = {
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"
        }
        words = ["bootstrap", "--bucket", "my-bucket", "--yes", "--endpoint-url", endpoint]
        done = program.run(*words, code=1, environment=environment)
        done.says("sts:GetCallerIdentity", "could not be reached", "run the same command again")
    assert not (program.home / "keys").exists()


@pytest.mark.only("moto")
def test_an_object_that_is_no_document(case):
    """A JWKS larger than any: it is not read to its end, and not replaced."""
    case.bucket_made_by_us()
    case.put(oracle.JWKS, b" " * (2 << 20))
    case.assert_refused("larger than a document")
