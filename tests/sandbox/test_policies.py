"""Bucket policies: what S3 takes, what it calls public, what it then lets the world read."""

import json

import pytest
from conftest import assert_refused, open_block, read_policy, refusal
from wire import send, signed

BLOCKED = (
    "AccessDenied",
    403,
    'is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::{}" because public policies are '
    "prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
)


def public(bucket, **more):
    return read_policy(bucket, ".well-known/openid-configuration", "openid/v1/jwks", **more)


def get(sandbox, bucket, key, method="GET"):
    return send(sandbox, method, f"/{bucket}/{key}")


def test_a_public_policy_needs_an_open_bucket(s3, bucket):
    blocked = (*BLOCKED[:2], BLOCKED[2].format(bucket))
    assert_refused(blocked, s3.put_bucket_policy, Bucket=bucket, Policy=public(bucket))
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=open_block(RestrictPublicBuckets=True))
    s3.put_bucket_policy(Bucket=bucket, Policy=public(bucket))
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == public(bucket)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": True}
    assert s3.delete_bucket_policy(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.parametrize(
    "more",
    [
        {"principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"principal": {"Service": "cloudfront.amazonaws.com"}},
        {"effect": "Deny"},
        {"Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:cloudfront::123456789012:distribution/E1"}}},
        {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},
    ],
)
def test_what_is_not_public_is_taken_by_a_closed_bucket(s3, bucket, more):
    s3.put_bucket_policy(Bucket=bucket, Policy=public(bucket, **more))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": False}


@pytest.mark.parametrize(
    "more",
    [
        {"principal": {"AWS": "*"}},
        {"principal": {"AWS": ["arn:aws:iam::123456789012:root", "*"]}},
        {"Condition": {"StringLike": {"aws:SourceArn": "*"}}},
        {"Condition": {"StringLike": {"aws:Referer": "https://a.example/*"}}},
    ],
)
def test_other_words_for_everyone_are_public_too(s3, bucket, more):
    assert refusal(s3.put_bucket_policy, Bucket=bucket, Policy=public(bucket, **more))[:2] == ("AccessDenied", 403)


def test_the_world_reads_what_the_policy_gives(sandbox, s3, open_bucket):
    for key in [".well-known/openid-configuration", "openid/v1/jwks", "secret"]:
        s3.put_object(Bucket=open_bucket, Key=key, Body=b"{}", ContentType="application/json", CacheControl="max-age=1")
    s3.put_bucket_policy(Bucket=open_bucket, Policy=public(open_bucket))
    answer = get(sandbox, open_bucket, "openid/v1/jwks")
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["Cache-Control"] == "max-age=1"
    assert answer.headers["x-amz-request-id"]
    head = get(sandbox, open_bucket, "openid/v1/jwks", "HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "2")
    denied = get(sandbox, open_bucket, "secret")
    assert (denied.status, denied.error["Code"], denied.error["Message"]) == (403, "AccessDenied", "Access Denied")


def test_what_is_missing_is_denied_to_who_may_not_list(sandbox, s3, open_bucket):
    s3.put_bucket_policy(Bucket=open_bucket, Policy=read_policy(open_bucket))
    assert get(sandbox, open_bucket, "nothing").error["Code"] == "AccessDenied"
    assert get(sandbox, open_bucket, "nothing", "HEAD").status == 403
    both = json.loads(read_policy(open_bucket))
    resource = [f"arn:aws:s3:::{open_bucket}", f"arn:aws:s3:::{open_bucket}/*"]
    both["Statement"][0].update(Action=["s3:GetObject", "s3:ListBucket"], Resource=resource)
    s3.put_bucket_policy(Bucket=open_bucket, Policy=json.dumps(both))
    missing = get(sandbox, open_bucket, "nothing")
    assert (missing.status, missing.error["Code"]) == (404, "NoSuchKey")


def test_without_a_policy_nothing_is_public(sandbox, s3, open_bucket):
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x")
    assert get(sandbox, open_bucket, "k").status == 403
    s3.put_bucket_policy(Bucket=open_bucket, Policy=read_policy(open_bucket))
    assert get(sandbox, open_bucket, "k").status == 200
    s3.delete_bucket_policy(Bucket=open_bucket)
    assert get(sandbox, open_bucket, "k").status == 403


def test_restrict_public_buckets_mutes_the_policy(sandbox, s3, open_bucket):
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x")
    s3.put_bucket_policy(Bucket=open_bucket, Policy=read_policy(open_bucket))
    s3.put_public_access_block(
        Bucket=open_bucket, PublicAccessBlockConfiguration=open_block(RestrictPublicBuckets=True)
    )
    assert get(sandbox, open_bucket, "k").status == 403
    assert s3.get_object(Bucket=open_bucket, Key="k")["Body"].read() == b"x"
    s3.put_public_access_block(Bucket=open_bucket, PublicAccessBlockConfiguration=open_block())
    assert get(sandbox, open_bucket, "k").status == 200


def test_a_deny_outweighs_everything(sandbox, s3, open_bucket):
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x")
    policy = json.loads(read_policy(open_bucket))
    policy["Statement"].append({**policy["Statement"][0], "Sid": "No", "Effect": "Deny"})
    s3.put_bucket_policy(Bucket=open_bucket, Policy=json.dumps(policy))
    assert get(sandbox, open_bucket, "k").status == 403
    expected = ("AccessDenied", 403, "with an explicit deny in a resource-based policy")
    assert_refused(expected, s3.get_object, Bucket=open_bucket, Key="k")
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"y")


def test_a_policy_may_ask_for_tls(sandbox, s3, open_bucket):
    policy = read_policy(open_bucket, Condition={"Bool": {"aws:SecureTransport": "true"}})
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x")
    s3.put_bucket_policy(Bucket=open_bucket, Policy=policy)
    assert get(sandbox, open_bucket, "k").status == 403
    host = f"{open_bucket}.s3.us-east-1.amazonaws.com"
    assert send(sandbox, "GET", "/k", host=host, tls=True).body == b"x"


@pytest.mark.table("refusal")
@pytest.mark.parametrize("method,target", [("GET", "/"), ("GET", "/{}"), ("PUT", "/{}/k"), ("DELETE", "/{}/k"), ("GET", "/{}?policy"), ("PUT", "/{}?policy"), ("GET", "/{}?list-type=2"), ("POST", "/{}?delete"), ("DELETE", "/{}")])
def test_strangers_only_read(sandbox, s3, open_bucket, method, target):
    policy = json.loads(read_policy(open_bucket))
    resource = [f"arn:aws:s3:::{open_bucket}", f"arn:aws:s3:::{open_bucket}/*"]
    policy["Statement"][0].update(Action="s3:*", Resource=resource)
    s3.put_bucket_policy(Bucket=open_bucket, Policy=json.dumps(policy))
    answer = send(sandbox, method, target.format(open_bucket), body=b"")
    assert (answer.status, answer.error["Code"]) == (403, "AccessDenied"), answer


def test_strangers_learn_what_is_not_there(sandbox, name):
    answer = get(sandbox, name, "k")
    assert (answer.status, answer.error["Code"], answer.error["BucketName"]) == (404, "NoSuchBucket", name)
    assert get(sandbox, "somebody-elses", "k").error["Code"] == "AccessDenied"


MALFORMED = [
    ("not json", "Policies must be valid JSON and the first byte must be '{'"),
    (" {}", "Policies must be valid JSON and the first byte must be '{'"),
    ("{", "Policies must be valid JSON and the first byte must be '{'"),
    ('{"Version":"2012-10-17"}', "Missing required field Statement"),
    ('{"Version":"2012-10-17","Statement":[]}', "Statement is empty"),
    ({"Version": "2020-01-01"}, "valid version"),
    ({"Other": 1}, "Unknown field Other"),
    ({"statement": {"Other": 1}}, "Unknown field Other"),
    ({"statement": {"Principal": None}}, "Missing required field Principal"),
    ({"statement": {"Principal": {"AWS": "nobody"}}}, "Invalid principal in policy"),
    ({"statement": {"Principal": {"AWS": "arn:aws:iam::123456789012:role/nonexistent"}}}, "Invalid principal in policy"),
    ({"statement": {"Principal": {"AWS": ["arn:aws:iam::999999999999:root", "arn:aws:iam::999:root"]}}}, "Invalid principal in policy"),
    ({"statement": {"Principal": {"Service": "not.a.service"}}}, "Invalid principal in policy"),
    ({"statement": {"Principal": {"CanonicalUser": "me"}}}, "Invalid principal in policy"),
    ({"statement": {"Principal": None, "NotPrincipal": {"AWS": "123456789012"}}}, "Allow with NotPrincipal is not allowed."),
    ({"statement": {"Condition": {"StringEqual": {"aws:Referer": "a"}}}}, "Invalid Condition type : StringEqual"),
    ({"statement": {"Resource": None}}, "Missing required field Resource"),
    ({"statement": {"Resource": "arn:aws:s3:::other/*"}}, "Policy has invalid resource"),
    ({"statement": {"Resource": "*"}}, "Policy has invalid resource"),
    ({"statement": {"Resource": "arn:aws-cn:s3:::{bucket}/*"}}, "Policy has invalid resource"),
    ({"statement": {"Resource": "arn:aws:s3:::{bucket}"}}, "Action does not apply to any resource(s) in statement"),
    ({"statement": {"Action": "s3:ListBucket"}}, "Action does not apply to any resource(s) in statement"),
    ({"statement": {"Action": "iam:GetUser"}}, "Policy has invalid action"),
    ({"statement": {"Action": "s3:Get Object"}}, "Policy has invalid action"),
    ({"statement": {"Action": "s3:"}}, "Policy has invalid action"),
    ({"statement": {"Effect": "Perhaps"}}, "Policy has invalid syntax"),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("which", range(len(MALFORMED)), ids=lambda which: str(which))
def test_malformed_policies(s3, open_bucket, which):
    change, words = MALFORMED[which]
    text = change
    if isinstance(change, dict):
        policy = json.loads(read_policy(open_bucket))
        policy.update({key: value for key, value in change.items() if key != "statement"})
        for key, value in change.get("statement", {}).items():
            if value is None:
                del policy["Statement"][0][key]
            else:
                policy["Statement"][0][key] = value
        text = json.dumps(policy).replace("{bucket}", open_bucket)
    assert_refused(("MalformedPolicy", 400, words), s3.put_bucket_policy, Bucket=open_bucket, Policy=text)
    assert refusal(s3.get_bucket_policy, Bucket=open_bucket)[0] == "NoSuchBucketPolicy"


@pytest.mark.table("refusal")
def test_a_policy_has_at_most_20_kilobytes(s3, open_bucket):
    def policy(count):
        return read_policy(open_bucket, *[f"clusters/{one:04}/openid/v1/jwks" for one in range(count)])

    s3.put_bucket_policy(Bucket=open_bucket, Policy=policy(200))
    expected = ("PolicyTooLarge", 400, "Policy exceeds the maximum allowed document size.")
    assert_refused(expected, s3.put_bucket_policy, Bucket=open_bucket, Policy=policy(400))
    assert s3.get_bucket_policy(Bucket=open_bucket)["Policy"] == policy(200)


def test_the_accounts_block_outweighs_the_buckets(sandbox, s3, open_bucket):
    """At the plain endpoint, where S3 Control is known by its path."""
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x")
    s3.put_bucket_policy(Bucket=open_bucket, Policy=read_policy(open_bucket))
    path, account = "/v20180820/configuration/publicAccessBlock", {"x-amz-account-id": "123456789012"}
    host = "123456789012.127.0.0.1:" + sandbox.endpoint.rsplit(":", 1)[1]
    missing = signed(sandbox, "GET", path, account)
    assert (missing.status, missing.error["Code"]) == (404, "NoSuchPublicAccessBlockConfiguration")
    body = (
        b'<PublicAccessBlockConfiguration xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">'
        b"<BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>"
        b"</PublicAccessBlockConfiguration>"
    )
    try:
        assert signed(sandbox, "PUT", path, account, body, host=host).status == 201
        assert signed(sandbox, "GET", path, account, host=host).error["RestrictPublicBuckets"] == "true"
        assert get(sandbox, open_bucket, "k").status == 403
        blocked = (*BLOCKED[:2], BLOCKED[2].format(open_bucket))
        assert_refused(blocked, s3.put_bucket_policy, Bucket=open_bucket, Policy=public(open_bucket))
        assert s3.get_public_access_block(Bucket=open_bucket)["PublicAccessBlockConfiguration"] == open_block()
    finally:
        assert signed(sandbox, "DELETE", path, account).status == 204
    assert get(sandbox, open_bucket, "k").status == 200
