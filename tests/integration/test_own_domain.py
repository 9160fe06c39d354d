"""An issuer on a host of one's own: before a bucket, or before a directory that a web server hands out."""

import json
import stat

import oracle
import pytest
from cryptography.hazmat.primitives.asymmetric import ec


def test_a_bucket_behind_a_host_of_ones_own(case):
    case.on_own_domain().made()
    case.assert_bucket()
    case.assert_statement()
    case.assert_documents()
    case.assert_provider()
    case.assert_done()


def test_the_public_reads_without_credentials(case):
    """The read-back goes where a relying party goes, and signs nothing."""
    case.on_own_domain().made()
    seen = [request for request in case.peer.front.requests if request[0] == case.host]
    paths = {f"/{oracle.DISCOVERY}", f"/{oracle.JWKS}"}
    assert {path for _, path, _ in seen} == paths
    assert not any(signed for _, _, signed in seen)


@pytest.fixture
def served(case):
    """A directory behind a web server; IAM is the peer's."""
    case.host = f"{case.bucket}.example.test"
    case.issuer = f"https://{case.host}"
    case.root = case.directory / "www"
    case.peer.front.hands_out(case.host, case.root)
    place = ["--dir", case.root, "--issuer", case.issuer, *case.peer.own_host_words(case.host)]
    case.place = lambda: place
    return case


def assert_tree(case, *keys):
    files = {str(path.relative_to(case.root)): path for path in case.root.rglob("*") if path.is_file()}
    assert sorted(files) == sorted([oracle.DISCOVERY, oracle.JWKS])
    algorithms = [oracle.jwk(key)["alg"] for key in keys]
    assert files[oracle.JWKS].read_bytes() == oracle.jwks(*keys)
    expected = oracle.discovery(case.issuer, f"{case.issuer}/{oracle.JWKS}", *algorithms)
    assert files[oracle.DISCOVERY].read_bytes() == expected
    # Another user's web server reads them.
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o644}
    directories = [case.root, *(path for path in case.root.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in directories} == {0o755}


def snapshot(case):
    files = [path for path in case.root.rglob("*") if path.is_file()]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in files}


def test_a_directory_from_nothing_and_again(served):
    case = served
    case.bootstrap("--dry-run")
    case.bootstrap("--check", code=3)
    case.bootstrap(code=2).says("--yes")
    assert not case.root.exists() and not case.keys.exists() and case.provider() is None
    case.bootstrap("--yes")
    assert_tree(case, *case.public_keys())
    case.assert_provider()
    before = snapshot(case)
    assert case.bootstrap("--check").json["changes"] == 0
    assert case.bootstrap("--yes").json["changes"] == 0
    assert snapshot(case) == before


def test_a_directory_that_is_live_elsewhere(served):
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    file = served.root / oracle.JWKS
    file.parent.mkdir(parents=True)
    file.write_bytes(oracle.jwks(key))
    before = snapshot(served)
    served.bootstrap("--yes", code=1).says("live", oracle.kid(key), "import", "rotate start")
    assert snapshot(served) == before
    assert not served.keys.exists() and served.provider() is None


def test_keys_of_others_in_a_directory_stay(served):
    served.bootstrap("--yes")
    (ours,) = served.public_keys()
    theirs = ec.generate_private_key(ec.SECP256R1()).public_key()
    (served.root / oracle.JWKS).write_bytes(oracle.jwks(theirs, ours))
    served.bootstrap("--yes")
    assert_tree(served, theirs, ours)
    assert served.bootstrap("--check").json["changes"] == 0


def test_a_symbolic_link_is_not_written_through(served):
    file = served.root / oracle.JWKS
    file.parent.mkdir(parents=True)
    file.symlink_to(served.directory / "nowhere")
    served.bootstrap("--yes", code=1).says("symbolic link")
    assert file.is_symlink() and not (served.directory / "nowhere").exists()
    assert served.provider() is None


def test_a_directory_that_is_copied_elsewhere_is_not_read_back(served):
    """publish --dir asks no AWS at all, and with --skip-read-back no web server either."""
    served.program.run("keygen", "--keys", served.keys)
    words = ["publish", "--dir", served.root, "--issuer", served.issuer, "--skip-read-back", "--yes", "-o", "json"]
    done = served.program.run(*words)
    assert done.json["changes"] > 0
    assert_tree(served, *served.public_keys())
    assert served.program.run(*words).json["changes"] == 0


WRONG = [
    (oracle.JWKS, b"<html>hello</html>", 200, {}, ["serves other bytes"]),
    (oracle.DISCOVERY, b"", 403, {}, ["HTTP 403", "allowed to read"]),
    (oracle.JWKS, b"", 404, {}, ["HTTP 404"]),
    (oracle.DISCOVERY, b"", 301, {"location": "https://a.example.test/"}, ["HTTP 301", "https://a.example.test/"]),
    (oracle.JWKS, b"", 500, {}, ["HTTP 500"]),
]


@pytest.mark.parametrize(
    ("path", "body", "status", "headers", "texts"), WRONG, ids=["bytes", "403", "404", "301", "500"]
)
@pytest.mark.only("sandbox")  # The front answers, not the peer: one of them is enough.
def test_a_read_back_that_differs(case, path, body, status, headers, texts):
    """IAM is told nothing of an issuer that nobody can read; the same command goes on from there."""
    case.on_own_domain()
    case.peer.front.says(case.host, f"/{path}", body, status, headers)
    done = case.bootstrap("--yes", "--wait", "0", code=1)
    done.says("the read-back failed", f"{case.issuer}/{path}", "again when the URL answers", *texts)
    assert case.provider() is None
    case.assert_documents()
    del case.peer.front.answers[case.host, f"/{path}"]
    again = case.bootstrap("--yes")
    assert "create-provider" in again.kinds() and "object" not in again.kinds()
    case.assert_provider()
    case.assert_done()


def test_a_read_back_at_the_buckets_own_host(case):
    """On moto and MiniStack the front answers for S3's host as well, so there it can answer wrongly."""
    if case.peer.name == "sandbox":
        case.on_own_domain()
    case.peer.front.says(case.host, f"/{oracle.JWKS}", json.dumps({"keys": []}).encode())
    case.bootstrap("--yes", "--wait", "1", code=1).says("serves other bytes", "cache")
    assert case.provider() is None
    del case.peer.front.answers[case.host, f"/{oracle.JWKS}"]
    case.bootstrap("--yes")
    case.assert_done()
