"""Words that cannot be meant: exit 2 and one clear sentence, before any call and without a file.

No peer runs here, and there are no credentials: whatever asked AWS would end with 1.
"""

import pytest

GOOD = "https://issuer.example.test"

ISSUERS = {
    "": "is empty",
    "http://issuer.example.test": "http://",
    "HTTP://issuer.example.test": "http://",
    "HTTPS://issuer.example.test": "https:// in lower case",
    "issuer.example.test": "https://",
    "ftp://issuer.example.test": "https://",
    "https://": "has no host",
    "https:///path": "has no host",
    "https://issuer.example.test?x=1": "query",
    "https://issuer.example.test/a?x=1": "query",
    "https://issuer.example.test#x": "fragment",
    "https://me@issuer.example.test": "user name",
    "https://me:secret@issuer.example.test": "user name",
    "https://issuer.example.test:443": "port",
    "https://issuer.example.test:8443/a": "port",
    "https://issuer.example.test/": "slash",
    "https://issuer.example.test/a/": "slash",
    "https://Issuer.example.test": "upper-case",
    "https://issuer..example.test": "not a DNS name",
    "https://-issuer.example.test": "not a DNS name",
    "https://issuer_1.example.test": "not a DNS name",
    "https://127.0.0.1": "not a DNS name",
    "https://[::1]": "not a DNS name",
    "https://issuer.example.test./a": "not a DNS name",
    "https://bücher.example.test": "not a DNS name",
    "https://issuer.example.test/a//b": "segment",
    "https://issuer.example.test/a/../b": "segment",
    "https://issuer.example.test/a b": "' '",
    "https://issuer.example.test/a\\b": "'\\\\'",
    "https://issuer.example.test/" + "a" * 300: "255",
    "https://my.bucket.s3.us-east-1.amazonaws.com": "dots",
    "https://s3.us-east-1.amazonaws.com/my.bucket": "dots",
    "https://my.bucket.s3.cn-north-1.amazonaws.com.cn/a": "dots",
}

BUCKETS = {
    "": "3 to 63",
    "ab": "3 to 63",
    "a" * 64: "3 to 63",
    "my.bucket": "dots",
    "My-bucket": "'M'",
    "my_bucket": "'_'",
    "my bucket": "' '",
    "bücher": "'ü'",
    "my/bucket": "'/'",
    "-my-bucket": "hyphen",
    "my-bucket-": "hyphen",
    "xn--bucket": "reserves",
    "sthree-bucket": "reserves",
    "amzn-s3-demo-bucket": "reserves",
    "bucket-s3alias": "reserves",
    "bucket--ol-s3": "reserves",
    "bucket--x-s3": "reserves",
    "bucket--table-s3": "reserves",
}


def refused(program, *words):
    done = program.run(*words, code=2)
    assert done.out == "", str(done)
    assert list(program.home.iterdir()) == []
    return done


@pytest.mark.parametrize("issuer", ISSUERS, ids=lambda text: text[:50].encode("ascii", "replace").decode() or "empty")
def test_issuers(program, issuer):
    refused(program, "register", f"--issuer={issuer}", "--yes").says("error:", ISSUERS[issuer])


@pytest.mark.parametrize(
    "words",
    [
        ["bootstrap", "--bucket", "my-bucket", "--yes"],
        ["bootstrap", "--dir", "www", "--yes"],
        ["publish", "--dir", "www", "--yes"],
        ["discovery", "--out", "www"],
        ["emit", "flags"],
        ["token", "--service-account", "default/demo"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_every_command_that_takes_an_issuer(program, words):
    refused(program, *words, "--issuer", f"{GOOD}/").says("ends with a slash")


@pytest.mark.parametrize("bucket", BUCKETS, ids=lambda text: text.encode("ascii", "replace").decode()[:24] or "empty")
@pytest.mark.parametrize("command", ["bootstrap", "publish"])
def test_bucket_names(program, command, bucket):
    refused(program, command, f"--bucket={bucket}", "--yes").says("error:", BUCKETS[bucket])


OTHERS = [
    (["bootstrap", "--bucket", "my-bucket", "--prefix", "/a"], "slash"),
    (["bootstrap", "--bucket", "my-bucket", "--prefix", "a/"], "slash"),
    (["bootstrap", "--bucket", "my-bucket", "--prefix", "a//b"], "prefix"),
    (["bootstrap", "--bucket", "my-bucket", "--prefix", "a/../b"], "prefix"),
    (["bootstrap", "--bucket", "my-bucket", "--prefix", "ä"], "prefix"),
    (["bootstrap", "--bucket", "my-bucket", "--jwks-path", "/keys.json"], "JWKS path"),
    (["bootstrap", "--bucket", "my-bucket", "--jwks-path", ".well-known/openid-configuration"], "JWKS path"),
    (["bootstrap", "--bucket", "my-bucket", "--algorithm", "ed25519"], "ed25519"),
    (["bootstrap", "--bucket", "my-bucket", "--target", "nomad"], "nomad"),
    (["bootstrap", "--bucket", "my-bucket", "--region", "Mars 1"], "Mars 1"),
    (["bootstrap", "--bucket", "my-bucket", "--dir", "www"], "--dir"),
    (["bootstrap", "--bucket", "my-bucket", "--check", "--dry-run"], "--dry-run"),
    (["bootstrap", "--bucket", "my-bucket", "--wait", "long"], "long"),
    (["bootstrap", "--bucket", "my-bucket", "--tag", "team"], "KEY=VALUE"),
    (["bootstrap", "--bucket", "my-bucket", "--tag", "aws:x=1"], "aws:"),
    (["bootstrap", "--bucket", "my-bucket", "--tag", "issuerctl:managed=created"], "issuerctl:"),
    (["bootstrap", "--bucket", "my-bucket", "--connect-to", "somewhere"], "HOST:PORT:ADDR:PORT"),
    (
        ["bootstrap", "--bucket", "my-bucket", "--issuer", GOOD, "--api-audience", "sts.amazonaws.com"],
        "sts.amazonaws.com",
    ),
    (["bootstrap", "--bucket", "my-bucket", "--issuer", GOOD, "--keep-issuer", "a,b"], "comma"),
    (["bootstrap"], "--bucket"),
    (["bootstrap", "--dir", "www"], "--issuer"),
    (["bootstrap", "--sandbox", "--dry-run"], "--dry-run"),
    (["publish"], "--bucket"),
    (["publish", "--bucket", "my-bucket", "--skip-read-back"], "--dir"),
    (["register"], "--issuer"),
    (["register", "--issuer", GOOD, "--audience", ""], "audience"),
    (["register", "--issuer", GOOD, "--audience", "a b"], "audience"),
    (["register", "--issuer", GOOD, "--audience", "a" * 256], "255"),
    (["register", "--issuer", GOOD, "--thumbprint", "aa:bb"], "thumbprint"),
    (["register", "--issuer", GOOD, "--thumbprint", "a" * 64], "thumbprint"),
    (["token", "--issuer", GOOD, "--service-account", "demo"], "NAMESPACE/NAME"),
    (["token", "--issuer", GOOD, "--service-account", "Default/demo"], "namespace"),
    (["token", "--issuer", GOOD, "--service-account", "default/de*mo"], "name"),
    (["doctor"], "--issuer"),
    (["doctor", "--issuer", ""], "issuer"),
    (["doctor", "--issuer", "a,b"], "comma"),
    (["doctor", "--issuer", GOOD, "--role-arn", "my-role"], "ARN of a role"),
    (["doctor", "--issuer", GOOD, "--role-arn", "arn:aws:iam::123456789012:user/me"], "ARN of a role"),
    (["doctor", "--issuer", GOOD, "--assume-role"], "--role-arn"),
    (["doctor", "--issuer", GOOD, "--service-account", "demo"], "NAMESPACE/NAME"),
    (["doctor", "--issuer", GOOD, "--session-duration", "60"], "900"),
    (["doctor", "--issuer", GOOD, "--cluster", "--cluster-jwks", "x"], "--cluster"),
    (["doctor", "--issuer", GOOD, "--context", "x"], "--cluster"),
    (["emit", "nomad", "--issuer", GOOD], "nomad"),
    (["emit", "flags"], "--issuer"),
    (["keygen", "--algorithm", "rsa-1024"], "rsa-1024"),
    (["-o", "yaml", "jwks"], "yaml"),
    (["rotat"], "rotat"),
    ([], "Usage"),
]


@pytest.mark.parametrize(("words", "text"), OTHERS, ids=[" ".join(words)[-40:] or "none" for words, _ in OTHERS])
def test_other_words(program, words, text):
    refused(program, *words).says(text)
