"""Signatures: whose, for what, when, and what each service says when they are wrong."""

import datetime

import pytest
from conftest import refusal
from wire import send, signed

IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
PROVIDERS = b"Action=ListOpenIDConnectProviders&Version=2010-05-08"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
BLOCK = "/v20180820/configuration/publicAccessBlock"


def call(sandbox, door, **how):
    service = door
    if service == "s3":
        return signed(sandbox, "GET", "/", **how)
    if service == "s3-control":
        headers = {"x-amz-account-id": "123456789012", **how.pop("headers", {})}
        return signed(sandbox, "GET", BLOCK, headers, **{"service": "s3", **how})
    body = IDENTITY if service == "sts" else PROVIDERS
    headers = {**FORM, **how.pop("headers", {})}
    return signed(sandbox, "POST", "/", headers, body, **{"service": service, **how})


@pytest.mark.table("success")
@pytest.mark.parametrize("service,status", [("s3", 200), ("s3-control", 404), ("sts", 200), ("iam", 200)])
def test_a_good_signature_is_taken(sandbox, service, status):
    assert call(sandbox, service).status == status


WRONG = {
    "key": {
        "s3": ("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
        "query": ("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
    },
    "secret": {
        "s3": ("SignatureDoesNotMatch", 403, "The request signature we calculated does not match the signature you provided. Check your key and signing method."),
        "query": ("SignatureDoesNotMatch", 403, "Check your AWS Secret Access Key and signing method."),
    },
    "late": {
        "s3": ("RequestTimeTooSkewed", 403, "The difference between the request time and the current time is too large."),
        "query": ("SignatureDoesNotMatch", 403, "Signature expired: "),
    },
    "early": {
        "s3": ("RequestTimeTooSkewed", 403, "The difference between the request time and the current time is too large."),
        "query": ("SignatureDoesNotMatch", 403, "Signature not yet current: "),
    },
    "service": {
        "s3": ("AuthorizationHeaderMalformed", 400, 'The authorization header is malformed; incorrect service "ec2". This endpoint belongs to "s3".'),
        "query": ("SignatureDoesNotMatch", 403, "Credential should be scoped to correct service"),
    },
    "token": {
        "s3": ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
        "query": ("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
    },
    "malformed": {
        "s3": ("AuthorizationHeaderMalformed", 400, "The authorization header is malformed"),
        "query": ("IncompleteSignature", 400, "Authorization header requires 'SignedHeaders' parameter."),
    },
    "changed": {
        "s3": ("SignatureDoesNotMatch", 403, "The request signature we calculated does not match"),
        "query": ("SignatureDoesNotMatch", 403, "The request signature we calculated does not match"),
    },
    "undated": {
        "s3": ("AccessDenied", 403, "x-amz-date"),
        "query": ("IncompleteSignature", 400, "X-Amz-Date"),
    },
}


def spoil(how):
    minute = datetime.timedelta(minutes=1)

    def cut(headers):
        headers["Authorization"] = headers["Authorization"].replace("SignedHeaders=", "Signed=")

    def flip(headers):
        last = headers["Authorization"][-1]
        headers["Authorization"] = headers["Authorization"][:-1] + ("0" if last != "0" else "1")

    return {
        "key": {"key": "SANDBOXNOSUCHKEY0000"},
        "secret": {"secret": "another-secret"},
        "late": {"at": -16 * minute},
        "early": {"at": 16 * minute},
        "service": {"service": "ec2"},
        "token": {"headers": {"X-Amz-Security-Token": "a-session-token"}},
        "malformed": {"change": cut},
        "changed": {"change": flip},
        "undated": {"change": lambda headers: headers.pop("X-Amz-Date")},
    }[how]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("service", ["s3", "s3-control", "sts", "iam"])
@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_signature_is_refused_in_the_services_words(sandbox, service, how):
    code, status, words = WRONG[how]["s3" if service.startswith("s3") else "query"]
    answer = call(sandbox, service, **spoil(how))
    assert (answer.error["Code"], answer.status) == (code, status), answer
    assert words in answer.error["Message"]


@pytest.mark.table("success")
@pytest.mark.parametrize("minutes", [-14, 14])
@pytest.mark.parametrize("service,status", [("s3", 200), ("sts", 200), ("iam", 200)])
def test_clocks_may_differ_a_little(sandbox, service, status, minutes):
    assert call(sandbox, service, at=datetime.timedelta(minutes=minutes)).status == status


def test_nobody_signed(sandbox):
    for body in (IDENTITY, PROVIDERS):
        answer = send(sandbox, "POST", "/", FORM, body)
        assert (answer.error["Code"], answer.status) == ("MissingAuthenticationToken", 403)
    assert send(sandbox, "GET", BLOCK, {"x-amz-account-id": "123456789012"}).error["Code"] == "AccessDenied"
    assert send(sandbox, "GET", "/").error["Code"] == "AccessDenied"


def test_a_changed_body_is_seen(sandbox, s3, open_bucket):
    def promise(headers):
        headers["X-Amz-Content-SHA256"] = "0" * 64

    answer = signed(sandbox, "PUT", f"/{open_bucket}/k", {}, b"body", change=promise)
    assert (answer.error["Code"], answer.status) == ("XAmzContentSHA256Mismatch", 400)
    no_digest = signed(sandbox, "GET", "/", change=lambda headers: headers.pop("X-Amz-Content-SHA256"))
    assert (no_digest.error["Code"], no_digest.status) == ("InvalidRequest", 400)
    assert "Contents" not in s3.list_objects_v2(Bucket=open_bucket)


def test_headers_of_aws_have_to_be_signed(sandbox, s3, open_bucket):
    def add(headers):
        headers["x-amz-acl"] = "private"

    answer = signed(sandbox, "PUT", f"/{open_bucket}/k", {}, b"", change=add)
    assert (answer.error["Code"], answer.error["HeadersNotSigned"]) == ("AccessDenied", "x-amz-acl")


def test_other_ways_to_sign_are_refused(sandbox, s3, bucket):
    version_2 = {"Authorization": "AWS AKID:c2lnbmF0dXJl", "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    answer = send(sandbox, "GET", f"/{bucket}", version_2)
    assert (answer.error["Code"], answer.status) == ("InvalidRequest", 400)
    assert "Please use AWS4-HMAC-SHA256" in answer.error["Message"]
    answer = send(sandbox, "GET", f"/{bucket}/k?AWSAccessKeyId=a&Signature=b&Expires=1")
    assert "Please use AWS4-HMAC-SHA256" in answer.error["Message"]
    answer = send(sandbox, "GET", f"/{bucket}/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0")
    assert (answer.error["Code"], answer.status) == ("NotImplemented", 501)
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = send(sandbox, "POST", f"/{bucket}", form, b"--x--\r\n")
    assert (answer.error["Code"], answer.status) == ("NotImplemented", 501)
    answer = send(sandbox, "GET", "/", {"Authorization": "Bearer x"})
    assert (answer.error["Code"], answer.status) == ("InvalidArgument", 400)


def test_boto3_with_the_wrong_keys(sandbox, door):
    assert refusal(sandbox.client("s3", door, key="SANDBOXOTHERKEY00000").list_buckets)[:2] == ("InvalidAccessKeyId", 403)
    assert refusal(sandbox.client("s3", door, secret="other").list_buckets)[:2] == ("SignatureDoesNotMatch", 403)
    assert refusal(sandbox.client("s3", door, token="token").list_buckets)[:2] == ("InvalidToken", 400)
    iam = sandbox.client("iam", door, key="SANDBOXOTHERKEY00000")
    assert refusal(iam.list_open_id_connect_providers)[:2] == ("InvalidClientTokenId", 403)
    sts = sandbox.client("sts", door, secret="other")
    assert refusal(sts.get_caller_identity)[:2] == ("SignatureDoesNotMatch", 403)


@pytest.mark.parametrize(
    "body,expected",
    [
        (b"Version=2011-06-15", ("MissingAction", 400)),
        (b"Action=GetCallerIdentity&Version=2000-01-01", ("NoSuchVersion", 400)),
        (b"Action=GetCallerIdentity", ("NoSuchVersion", 400)),
        (b"Action=GetCallerIdentity&Version=2011-06-15&Action=Other", ("MalformedQueryString", 400)),
        (b"Action=%ff&Version=2011-06-15", ("MalformedQueryString", 400)),
        (b"Action=Nonsense&Version=2011-06-15", ("InvalidAction", 400)),
    ],
)
def test_forms_that_cannot_be_read(sandbox, body, expected):
    answer = signed(sandbox, "POST", "/", FORM, body, service="sts")
    assert (answer.error["Code"], answer.status) == expected


def test_required_parameters(sandbox):
    body = b"Action=GetOpenIDConnectProvider&Version=2010-05-08"
    answer = signed(sandbox, "POST", "/", FORM, body, service="iam")
    assert answer.error["Code"] == "ValidationError"
    assert "'openIDConnectProviderArn' failed to satisfy constraint: Member must not be null" in answer.error["Message"]


def test_s3_control_speaks_of_one_account(sandbox):
    other = call(sandbox, "s3-control", headers={"x-amz-account-id": "999999999999"})
    assert (other.error["Code"], other.status) == ("AccessDenied", 403)
    unknown = signed(sandbox, "GET", "/v20180820/jobs", {"x-amz-account-id": "123456789012"})
    assert (unknown.error["Code"], unknown.status) == ("NotImplemented", 501)
