"""An issuer that is live with keys or documents of somebody else: nothing is replaced, and the way on is named."""

import json

import oracle
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

IMPORT = ("import it", "rotate start")


def foreign_key():
    return rsa.generate_private_key(65537, 2048).public_key()


@pytest.fixture
def live(case):
    """A bucket of ours; a test puts documents into it."""
    case.bucket_made_by_us()
    return case


def with_keys(case):
    case.program.run("keygen", "--keys", case.keys)


def test_a_live_issuer_without_our_keys(live):
    """The dangerous moment: an empty key directory, and a cluster that signs with a key which we lack."""
    key = foreign_key()
    live.put(oracle.JWKS, oracle.jwks(key))
    live.assert_refused("live", oracle.kid(key), *IMPORT)
    live.assert_refused("live", oracle.kid(key), *IMPORT, words=("--dry-run",))
    assert live.files() is None


@pytest.mark.parametrize("command", ["bootstrap", "publish"])
def test_a_live_issuer_whose_key_is_not_ours(live, command):
    key = foreign_key()
    live.put(oracle.JWKS, oracle.jwks(key))
    with_keys(live)
    before, files = live.state(), live.files()
    done = live.run(command, *live.place(), "--yes", code=1)
    done.says(oracle.kid(key), live.kid(), *IMPORT)
    assert live.state() == before
    assert live.files() == files


def colliding(case):
    """Our kid on another key."""
    entry = {**oracle.jwk(foreign_key()), "kid": case.kid()}
    return oracle.compact({"keys": [entry]})


def leaking(case):
    """A published private key."""
    private = rsa.generate_private_key(65537, 2048).private_numbers()
    entry = {**oracle.jwk(private.public_numbers.public_key()), "d": oracle.number(private.d)}
    return oracle.compact({"keys": [oracle.jwk(case.public_keys()[0]), entry]})


JWKS = [
    (lambda case: b"<html>not found</html>", ["published JWKS cannot be read"]),
    (lambda case: b"", ["published JWKS cannot be read"]),
    (lambda case: b"{}", ["published JWKS cannot be read"]),
    (lambda case: b'{"keys":{}}', ["published JWKS cannot be read"]),
    (lambda case: b'{"keys":["one"]}', ["published JWKS cannot be read"]),
    (colliding, ["has the id of ours"]),
    (leaking, ["private member", "compromised"]),
]


@pytest.mark.only("sandbox")  # To every peer a document is bytes.
@pytest.mark.parametrize(
    ("body", "texts"), JWKS,
    ids=["html", "empty", "no-keys", "keys-not-a-list", "keys-of-text", "our-kid", "leak"],
)
@pytest.mark.parametrize("has_keys", [True, False], ids=["with-keys", "without-keys"])
def test_a_jwks_that_cannot_be_merged(live, body, texts, has_keys):
    with_keys(live)
    content = body(live)
    if not has_keys:
        for path in live.keys.iterdir():
            path.unlink()
        live.keys.rmdir()
        if body is colliding:
            texts = ["live", "holds no key"]
    live.put(oracle.JWKS, content)
    done = live.assert_refused(*texts)
    if body is leaking:
        leaked = json.loads(content)["keys"][1]["d"]
        assert leaked not in done.out + done.err


def document(issuer, jwks_uri):
    return lambda case: oracle.discovery(issuer.format(case=case), jwks_uri.format(case=case), "RS256")


DOCUMENTS = [
    (lambda case: b"<html>not found</html>", ["discovery document cannot be read"]),
    (lambda case: b'{"issuer":"https://a.example.test"}', ["discovery document cannot be read"]),
    (
        document("https://other.example.test", "https://other.example.test/openid/v1/jwks"),
        ["of another issuer, https://other.example.test", "--prefix"],
    ),
    # One slash more is another issuer, to everyone who compares bytes.
    (document("{case.issuer}/", "{case.issuer}/openid/v1/jwks"), ["of another issuer"]),
    (document("{case.issuer}", "{case.issuer}/keys.json"), ["/keys.json", "--jwks-path keys.json"]),
    (document("{case.issuer}", "{case.issuer}/a/b/keys"), ["/a/b/keys", "--jwks-path a/b/keys"]),
]


@pytest.mark.only("sandbox")  # To every peer a document is bytes.
@pytest.mark.parametrize(
    ("body", "texts"), DOCUMENTS, ids=["html", "no-jwks-uri", "other-issuer", "slash", "keys-json", "nested-path"]
)
@pytest.mark.parametrize("has_keys", [True, False], ids=["with-keys", "without-keys"])
def test_a_discovery_document_that_is_not_ours(live, body, texts, has_keys):
    if has_keys:
        with_keys(live)
    live.put(oracle.DISCOVERY, body(live))
    live.assert_refused(*texts)


def test_the_path_that_is_live_is_kept(case):
    """The other habit, keys.json: refused under the default path, and fine when it is named."""
    case.made("--jwks-path", "keys.json")
    case.assert_refused("--jwks-path keys.json")
    case.assert_done("--jwks-path", "keys.json")


def test_an_empty_jwks_is_filled(live):
    live.put(oracle.JWKS, b'{"keys":[]}')
    live.made()
    live.assert_documents()
    live.assert_done()
