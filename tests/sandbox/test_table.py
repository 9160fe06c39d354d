"""What is taken: each call with the status and the answer that AWS documents. What is refused stands in the tables of
the other files."""

import itertools
import json

import pytest
from conftest import ACCOUNT, THUMBPRINT, assert_refused, open_block, read_policy

NUMBERS = itertools.count(1)
DOCUMENT = ".well-known/openid-configuration"
TAGS = [{"Key": "issuerctl:managed", "Value": "created"}]


@pytest.fixture
def filled(s3, open_bucket):
    """An open bucket with a policy, tags and one document."""
    s3.put_bucket_policy(Bucket=open_bucket, Policy=read_policy(open_bucket))
    s3.put_bucket_tagging(Bucket=open_bucket, Tagging={"TagSet": TAGS})
    s3.put_object(Bucket=open_bucket, Key=DOCUMENT, Body=b"{}", ContentType="application/json", CacheControl="max-age=60")
    return open_bucket


ETAG = '"99914b932bd37a50b983c5e7c90ae93b"'
OBJECT = {"ContentType": "application/json", "CacheControl": "max-age=60", "ServerSideEncryption": "AES256", "ETag": ETAG, "ContentLength": 2}
S3 = [
    ("head_bucket", {}, 200, {"BucketRegion": "us-east-1"}),
    ("head_bucket", {"ExpectedBucketOwner": ACCOUNT}, 200, {}),
    # us-east-1 says 200 to who owns the bucket already.
    ("create_bucket", {}, 200, {}),
    ("get_bucket_location", {}, 200, {}),
    ("get_public_access_block", {}, 200, {"PublicAccessBlockConfiguration": open_block()}),
    ("put_public_access_block", {"PublicAccessBlockConfiguration": open_block()}, 200, {}),
    ("delete_public_access_block", {}, 204, {}),
    ("get_bucket_policy", {}, 200, {}),
    ("put_bucket_policy", {"Policy": "POLICY"}, 204, {}),
    ("delete_bucket_policy", {}, 204, {}),
    ("get_bucket_policy_status", {}, 200, {"PolicyStatus": {"IsPublic": True}}),
    ("get_bucket_tagging", {}, 200, {"TagSet": TAGS}),
    ("put_bucket_tagging", {"Tagging": {"TagSet": TAGS}}, 204, {}),
    ("delete_bucket_tagging", {}, 204, {}),
    ("get_bucket_versioning", {}, 200, {}),
    ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}, 200, {}),
    ("get_bucket_encryption", {}, 200, {}),
    ("get_bucket_ownership_controls", {}, 200, {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}),
    ("get_object", {"Key": DOCUMENT}, 200, OBJECT),
    ("get_object", {"Key": DOCUMENT, "IfMatch": ETAG}, 200, OBJECT),
    ("get_object", {"Key": DOCUMENT, "IfNoneMatch": '"other"'}, 200, OBJECT),
    ("get_object", {"Key": DOCUMENT, "Range": "bytes=0-0"}, 206, {"ContentRange": "bytes 0-0/2"}),
    ("head_object", {"Key": DOCUMENT}, 200, OBJECT),
    ("head_object", {"Key": DOCUMENT, "ExpectedBucketOwner": ACCOUNT}, 200, OBJECT),
    ("put_object", {"Key": "new", "Body": b"{}"}, 200, {"ETag": ETAG, "ServerSideEncryption": "AES256"}),
    ("put_object", {"Key": "new", "Body": b"{}", "IfNoneMatch": "*"}, 200, {"ETag": ETAG}),
    ("put_object", {"Key": DOCUMENT, "Body": b"{}", "IfMatch": ETAG}, 200, {"ETag": ETAG}),
    ("put_object", {"Key": "new", "Body": b"{}", "ACL": "bucket-owner-full-control"}, 200, {"ETag": ETAG}),
    ("delete_object", {"Key": DOCUMENT}, 204, {}),
    ("delete_object", {"Key": DOCUMENT, "IfMatch": ETAG}, 204, {}),
    # Nothing is there, and that is no error.
    ("delete_object", {"Key": "never was"}, 204, {}),
    ("delete_objects", {"Delete": {"Objects": [{"Key": DOCUMENT, "ETag": ETAG}]}}, 200, {"Deleted": [{"Key": DOCUMENT}]}),
    ("list_objects_v2", {}, 200, {"KeyCount": 1, "IsTruncated": False, "MaxKeys": 1000}),
    ("list_objects_v2", {"Delimiter": "/"}, 200, {"KeyCount": 1, "CommonPrefixes": [{"Prefix": ".well-known/"}]}),
    ("list_objects_v2", {"Prefix": "other"}, 200, {"KeyCount": 0}),
    ("list_objects_v2", {"StartAfter": DOCUMENT}, 200, {"KeyCount": 0}),
    ("list_objects_v2", {"MaxKeys": 0}, 200, {"KeyCount": 0, "IsTruncated": False}),
    ("list_object_versions", {}, 200, {"IsTruncated": False}),
]


def ids(rows):
    return [f"{row[0]}-{number}" for number, row in enumerate(rows)]


@pytest.mark.table("success")
@pytest.mark.parametrize("operation,settings,status,expected", S3, ids=ids(S3))
def test_s3_takes(s3, filled, operation, settings, status, expected):
    settings = {key: read_policy(filled) if value == "POLICY" else value for key, value in settings.items()}
    got = getattr(s3, operation)(Bucket=filled, **settings)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == status
    assert {key: got.get(key) for key in expected} == expected


IAM = [
    ("get_open_id_connect_provider", {}, {"ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": [THUMBPRINT]}),
    ("add_client_id_to_open_id_connect_provider", {"ClientID": "another"}, {}),
    ("add_client_id_to_open_id_connect_provider", {"ClientID": "sts.amazonaws.com"}, {}),
    ("remove_client_id_from_open_id_connect_provider", {"ClientID": "sts.amazonaws.com"}, {}),
    ("remove_client_id_from_open_id_connect_provider", {"ClientID": "never was"}, {}),
    ("update_open_id_connect_provider_thumbprint", {"ThumbprintList": [THUMBPRINT] * 5}, {}),
    ("tag_open_id_connect_provider", {"Tags": TAGS}, {}),
    ("untag_open_id_connect_provider", {"TagKeys": ["never was"]}, {}),
    ("list_open_id_connect_provider_tags", {}, {"Tags": [], "IsTruncated": False}),
    ("delete_open_id_connect_provider", {}, {}),
]


@pytest.mark.table("success")
@pytest.mark.parametrize("operation,settings,expected", IAM, ids=ids(IAM))
def test_iam_takes(iam, operation, settings, expected):
    url = f"https://table-{next(NUMBERS)}.example.com"
    created = iam.create_open_id_connect_provider(Url=url, ThumbprintList=[THUMBPRINT], ClientIDList=["sts.amazonaws.com"])
    arn = created["OpenIDConnectProviderArn"]
    try:
        got = getattr(iam, operation)(OpenIDConnectProviderArn=arn, **settings)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert {key: got.get(key) for key in expected} == expected
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
ROLE = [
    ("get_role", {}, {}),
    ("list_role_tags", {}, {"Tags": [], "IsTruncated": False}),
    ("list_instance_profiles_for_role", {}, {"InstanceProfiles": [], "IsTruncated": False}),
    ("update_role", {}, {}),
    ("update_role", {"Description": "d", "MaxSessionDuration": 43200}, {}),
    ("update_assume_role_policy", {"PolicyDocument": TRUST}, {}),
    ("tag_role", {"Tags": TAGS}, {}),
    ("untag_role", {"TagKeys": ["never was"]}, {}),
    ("get_role_policy", {"PolicyName": "inline"}, {"PolicyName": "inline", "PolicyDocument": json.loads(POLICY)}),
    ("put_role_policy", {"PolicyName": "inline", "PolicyDocument": POLICY}, {}),
    ("list_role_policies", {}, {"PolicyNames": ["inline"], "IsTruncated": False}),
    ("attach_role_policy", {"PolicyArn": READ_ONLY}, {}),
    ("list_attached_role_policies", {}, {"AttachedPolicies": [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": READ_ONLY}]}),
    ("list_attached_role_policies", {"PathPrefix": "/mine/"}, {"AttachedPolicies": []}),
    ("put_role_permissions_boundary", {"PermissionsBoundary": READ_ONLY}, {}),
    ("delete_role_permissions_boundary", {}, {}),
    ("detach_role_policy", {"PolicyArn": READ_ONLY}, {}),
    ("delete_role_policy", {"PolicyName": "inline"}, {}),
]


@pytest.fixture
def busy_role(iam):
    """A role with one of each: an inline policy, an attached one, a boundary."""
    name = f"table-{next(NUMBERS)}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, PermissionsBoundary=READ_ONLY)
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=POLICY)
    iam.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    yield name
    for one in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=one)
    for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=one["PolicyArn"])
    iam.delete_role(RoleName=name)


@pytest.mark.table("success")
@pytest.mark.parametrize("operation,settings,expected", ROLE, ids=ids(ROLE))
def test_iam_takes_calls_on_roles(iam, busy_role, operation, settings, expected):
    got = getattr(iam, operation)(RoleName=busy_role, **settings)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert {key: got.get(key) for key in expected} == expected


URLS = [
    "https://table.example.com",
    "https://table.example.com/with/a/path",
    "https://table.example.com/with/a/slash/",
    "https://TABLE.example.com/Upper",
    "https://" + "a." * 122 + "b",
]


@pytest.mark.table("success")
@pytest.mark.parametrize("url", URLS, ids=range(len(URLS)))
def test_iam_takes_urls(iam, url):
    arn = iam.create_open_id_connect_provider(Url=url, ThumbprintList=[THUMBPRINT])["OpenIDConnectProviderArn"]
    try:
        assert arn == f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url.removeprefix('https://')}"
        assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["Url"] == url.removeprefix("https://")
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


DELETIONS = [
    ("delete_object", {"Key": DOCUMENT, "IfMatch": '"other"'}, ("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")),
    ("delete_objects", {"Delete": {"Objects": []}}, ("MalformedXML", 400, "not well-formed")),
    ("delete_bucket", {}, ("BucketNotEmpty", 409, "The bucket you tried to delete is not empty")),
    ("get_object", {"Key": DOCUMENT, "IfMatch": '"other"'}, ("PreconditionFailed", 412, "At least one of the pre-conditions")),
    ("put_object", {"Key": DOCUMENT, "Body": b"x", "IfNoneMatch": "*"}, ("PreconditionFailed", 412, "At least one of the pre-conditions")),
    ("put_object", {"Key": DOCUMENT, "Body": b"x", "IfMatch": '"other"'}, ("PreconditionFailed", 412, "At least one of the pre-conditions")),
    ("put_object", {"Key": "never was", "Body": b"x", "IfMatch": ETAG}, ("NoSuchKey", 404, "The specified key does not exist.")),
    ("get_object", {"Key": "never was"}, ("NoSuchKey", 404, "The specified key does not exist.")),
    ("get_object", {"Key": DOCUMENT, "Range": "bytes=9-"}, ("InvalidRange", 416, "The requested range is not satisfiable")),
    ("list_objects_v2", {"MaxKeys": -1}, ("InvalidArgument", 400, "Argument maxKeys must be an integer between 0 and 2147483647")),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("operation,settings,expected", DELETIONS, ids=ids(DELETIONS))
def test_what_does_not_hold_is_refused(s3, filled, operation, settings, expected):
    assert_refused(expected, getattr(s3, operation), Bucket=filled, **settings)


def test_each_of_many_deletions_has_its_own_answer(s3, filled):
    s3.put_object(Bucket=filled, Key="kept/k", Body=b"x")
    policy = json.loads(read_policy(filled))
    deny = {"Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{filled}/kept/*"}
    policy["Statement"].append(deny)
    s3.put_bucket_policy(Bucket=filled, Policy=json.dumps(policy))
    wanted = [{"Key": "kept/k"}, {"Key": DOCUMENT, "ETag": '"other"'}, {"Key": "never was"}]
    got = s3.delete_objects(Bucket=filled, Delete={"Objects": wanted})
    assert [one["Key"] for one in got["Deleted"]] == ["never was"]
    assert [(one["Key"], one["Code"]) for one in got["Errors"]] == [("kept/k", "AccessDenied"), (DOCUMENT, "PreconditionFailed")]
    assert s3.list_objects_v2(Bucket=filled)["KeyCount"] == 2
