"""Temporary credentials: who they are, what they may do, and how they end. The role's policies decide, and the bucket's."""

import itertools
import json
import os
import subprocess
import sys

import pytest
from conftest import ACCOUNT, assert_refused, refusal
from issuers import in_bucket, make_key
from wire import signed

NUMBERS = itertools.count(1)
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role"


@pytest.fixture(scope="module")
def issuer(sandbox):
    issuer = in_bucket(f"sessions-{os.getpid()}-{next(NUMBERS)}", make_key())
    issuer.publish(sandbox.client("s3"), issuer.name.split(".")[0])
    iam = sandbox.client("iam")
    issuer.register(iam)
    yield issuer
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=issuer.arn)


class Role:
    """A role that one service account may assume, and its sessions."""

    def __init__(self, sandbox, door, issuer, name):
        self.sandbox, self.door, self.issuer, self.name = sandbox, door, issuer, name
        self.iam = sandbox.client("iam")
        self.arn = f"arn:aws:iam::{ACCOUNT}:role/workloads/{name}"
        self.iam.create_role(RoleName=name, Path="/workloads/", AssumeRolePolicyDocument=issuer.trust())
        self.policies = itertools.count(1)

    def may(self, action, resource, **more):
        statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.iam.put_role_policy(RoleName=self.name, PolicyName=f"p{next(self.policies)}", PolicyDocument=document)

    def session(self, **settings):
        sts = self.sandbox.client("sts", self.door)
        settings = {"RoleArn": self.arn, "RoleSessionName": "pod", "WebIdentityToken": self.issuer.token(), **settings}
        return sts.assume_role_with_web_identity(**settings)["Credentials"]

    def client(self, service, **settings):
        one = self.session(**settings)
        keys = {"key": one["AccessKeyId"], "secret": one["SecretAccessKey"], "token": one["SessionToken"]}
        return self.sandbox.client(service, self.door, **keys)

    def remove(self):
        for one in self.iam.list_role_policies(RoleName=self.name)["PolicyNames"]:
            self.iam.delete_role_policy(RoleName=self.name, PolicyName=one)
        for one in self.iam.list_attached_role_policies(RoleName=self.name)["AttachedPolicies"]:
            self.iam.detach_role_policy(RoleName=self.name, PolicyArn=one["PolicyArn"])
        self.iam.delete_role(RoleName=self.name)


@pytest.fixture
def role(sandbox, door, issuer):
    role = Role(sandbox, door, issuer, f"session-{next(NUMBERS)}")
    yield role
    role.remove()


def denied(role, action, resource=None, why=None):
    on = f' on resource: "{resource}"' if resource else ""
    why = why or f"because no identity-based policy allows the {action} action"
    return "AccessDenied", 403, f"User: {SESSION}/{role.name}/pod is not authorized to perform: {action}{on} {why}"


def arn(bucket, key=None):
    return f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# Who they are.


def test_a_session_says_who_it_is(role):
    who = role.client("sts").get_caller_identity()
    identity = role.iam.get_role(RoleName=role.name)["Role"]["RoleId"]
    assert (who["Arn"], who["UserId"], who["Account"]) == (f"{SESSION}/{role.name}/pod", f"{identity}:pod", ACCOUNT)


# What they may do.


def test_a_role_without_policies_may_nothing(role, bucket, s3):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    client = role.client("s3")
    put = {"Bucket": bucket, "Key": "k", "Body": b"y"}
    assert_refused(denied(role, "s3:PutObject", arn(bucket, "k")), client.put_object, **put)
    assert_refused(denied(role, "s3:GetObject", arn(bucket, "k")), client.get_object, Bucket=bucket, Key="k")
    assert_refused(denied(role, "s3:ListBucket", arn(bucket)), client.list_objects_v2, Bucket=bucket)
    assert_refused(denied(role, "s3:DeleteBucket", arn(bucket)), client.delete_bucket, Bucket=bucket)
    assert_refused(denied(role, "s3:ListAllMyBuckets"), client.list_buckets)
    assert_refused(denied(role, "s3:CreateBucket", arn(bucket + "-b")), client.create_bucket, Bucket=bucket + "-b")
    assert refusal(client.head_bucket, Bucket=bucket)[:2] == ("403", 403)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_a_role_may_what_its_policies_allow(role, bucket, s3):
    role.may("s3:PutObject", arn(bucket, "logs/*"))
    role.may(["s3:Get*", "s3:ListBucket"], [arn(bucket), arn(bucket, "*")])
    client = role.client("s3")
    client.put_object(Bucket=bucket, Key="logs/one", Body=b"x")
    assert client.get_object(Bucket=bucket, Key="logs/one")["Body"].read() == b"x"
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    other = {"Bucket": bucket, "Key": "other", "Body": b"x"}
    assert_refused(denied(role, "s3:PutObject", arn(bucket, "other")), client.put_object, **other)
    delete = {"Bucket": bucket, "Key": "logs/one"}
    assert_refused(denied(role, "s3:DeleteObject", arn(bucket, "logs/one")), client.delete_object, **delete)


def test_who_may_not_list_does_not_learn_what_is_missing(role, bucket):
    role.may("s3:GetObject", arn(bucket, "*"))
    client = role.client("s3")
    missing = {"Bucket": bucket, "Key": "never was"}
    assert_refused(denied(role, "s3:ListBucket", arn(bucket)), client.get_object, **missing)
    role.may("s3:ListBucket", arn(bucket))
    assert refusal(client.get_object, **missing)[:2] == ("NoSuchKey", 404)


def test_a_deny_comes_before_every_allow(role, bucket):
    role.may("s3:*", "*")
    role.may("s3:PutObject", arn(bucket, "secret/*"), Effect="Deny")
    client = role.client("s3")
    client.put_object(Bucket=bucket, Key="open", Body=b"x")
    why = "with an explicit deny in an identity-based policy"
    put = {"Bucket": bucket, "Key": "secret/k", "Body": b"x"}
    assert_refused(denied(role, "s3:PutObject", arn(bucket, "secret/k"), why), client.put_object, **put)


def raw(role, method, target, sent=None):
    """A request of a session that no SDK would send, escaped in its own way."""
    one = role.session()
    headers = {"X-Amz-Security-Token": one["SessionToken"]}
    keys = {"key": one["AccessKeyId"], "secret": one["SecretAccessKey"]}
    return signed(role.sandbox, method, target, headers, sent=sent or target, **keys)


# A query that names no version, and ways to name one: as they are signed, and as they are sent where that differs.
NO_VERSION = [
    ("", None), ("?xversionId=1", None), ("?x=versionId%3D1", "?x=versionId=1"), ("?x=%26versionId%3D1", None),
    ("?versionid=1", None), ("?versionId%3D1=", "?versionId%3D1"),
]
VERSION = [("?versionId=1", None), ("?versionId=1", "?version%49d=1"), ("?versionId=1&x=", "?x&versionId=1")]


@pytest.mark.parametrize("query,sent", NO_VERSION + VERSION)
def test_a_deny_is_not_gone_around_with_a_query(role, bucket, s3, query, sent):
    s3.put_object(Bucket=bucket, Key="secret", Body=b"x")
    role.may("s3:*", "*")
    denies = "s3:GetObjectVersion" if (query, sent) in VERSION else "s3:GetObject"
    role.may(denies, arn(bucket, "secret"), Effect="Deny")
    answer = raw(role, "GET", f"/{bucket}/secret{query}", sent and f"/{bucket}/secret{sent}")
    assert (answer.status, answer.error["Code"]) == (403, "AccessDenied"), answer
    assert f"perform: {denies} on" in answer.error["Message"]


@pytest.mark.parametrize("method,target,sent", [
    ("DELETE", "/{}/k?acl", None), ("DELETE", "/{}/k?acl=", "/{}/k?%61cl"), ("PUT", "/{}/k?renameObject", None),
    ("DELETE", "/{}?acl", None), ("DELETE", "/{}?abac", None),
])
def test_a_subresource_without_such_a_method_is_not_the_thing_itself(role, bucket, s3, method, target, sent):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    role.may("s3:*", "*")
    answer = raw(role, method, target.format(bucket), sent and sent.format(bucket))
    assert (answer.status, answer.error["Code"]) == (501, "NotImplemented"), answer
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


NOT_THERE = [
    ("create_multipart_upload", {"Key": "k"}, "CreateMultipartUpload"),
    ("upload_part", {"Key": "k", "PartNumber": 1, "UploadId": "u", "Body": b"x"}, "UploadPart"),
    ("complete_multipart_upload", {"Key": "k", "UploadId": "u", "MultipartUpload": {"Parts": []}}, "CompleteMultipartUpload"),
    ("abort_multipart_upload", {"Key": "k", "UploadId": "u"}, "AbortMultipartUpload"),
    ("copy_object", {"Key": "k", "CopySource": "other/k"}, "CopyObject"),
    ("get_object_tagging", {"Key": "k"}, "GetObjectTagging"),
    ("get_bucket_cors", {}, "GetBucketCors"),
]


@pytest.mark.parametrize("operation,settings,shown", NOT_THERE, ids=[row[0] for row in NOT_THERE])
def test_what_is_not_there_no_policy_allows(role, bucket, operation, settings, shown):
    """A session without permissions is told that it is not there, and not that it may not."""
    expected = ("NotImplemented", 501, shown)
    assert_refused(expected, getattr(role.client("s3"), operation), Bucket=bucket, **settings)


def test_an_acl_is_asked_for_too(role, bucket):
    role.may("s3:PutObject", "*")
    client, put = role.client("s3"), {"Bucket": bucket, "Key": "k", "Body": b"x"}
    client.put_object(**put)
    for settings in [{"ACL": "private"}, {"ACL": "public-read"}, {"GrantRead": 'id="x"'}]:
        assert_refused(denied(role, "s3:PutObjectAcl", arn(bucket, "k")), client.put_object, **put, **settings)
    role.may("s3:PutObjectAcl", "*")
    client.put_object(**put, ACL="private")
    expected = ("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")
    assert_refused(expected, client.put_object, **put, ACL="public-read")


@pytest.mark.parametrize("settings,action", [
    ({"ACL": "public-read"}, "s3:PutBucketAcl"),
    ({"GrantRead": 'id="x"'}, "s3:PutBucketAcl"),
    ({"ObjectOwnership": "BucketOwnerEnforced"}, "s3:PutBucketOwnershipControls"),
    ({"CreateBucketConfiguration": {"Tags": [{"Key": "a", "Value": "b"}]}}, "s3:TagResource"),
])
def test_what_a_bucket_is_made_with_is_asked_for_too(role, name, settings, action):
    role.may("s3:CreateBucket", "*")
    assert_refused(denied(role, action, arn(name)), role.client("s3").create_bucket, Bucket=name, **settings)
    assert refusal(role.sandbox.client("s3").head_bucket, Bucket=name)[:2] == ("404", 404)


CONDITIONS = [
    ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, True),
    ({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, True),
    ({"StringLike": {"aws:userid": "AROA*:pod"}}, True),
    ({"StringLike": {"aws:userid": "AROA*:other"}}, False),
    ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, True),
    ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
    ({"Null": {"aws:username": "true"}}, True),
    ({"NumericLessThan": {"aws:EpochTime": "99999999999"}}, True),
    # What the sandbox does not know allows nothing.
    ({"StringEquals": {"aws:NoSuchKey": "x"}}, False),
]


@pytest.mark.parametrize("condition,allowed", CONDITIONS, ids=range(len(CONDITIONS)))
def test_conditions(role, bucket, condition, allowed):
    role.may("s3:PutObject", "*", Condition=condition)
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    if allowed:
        role.client("s3").put_object(**put)
    else:
        assert_refused(denied(role, "s3:PutObject", arn(bucket, "k")), role.client("s3").put_object, **put)


def test_a_list_is_held_to_its_prefix(role, bucket):
    role.may("s3:ListBucket", arn(bucket), Condition={"StringLike": {"s3:prefix": "home/*"}})
    client = role.client("s3")
    assert client.list_objects_v2(Bucket=bucket, Prefix="home/one")["KeyCount"] == 0
    for other in [{}, {"Prefix": "other"}]:
        assert_refused(denied(role, "s3:ListBucket", arn(bucket)), client.list_objects_v2, Bucket=bucket, **other)


def test_a_condition_that_nobody_knows_denies(role, bucket):
    role.may("s3:*", "*")
    role.may("s3:PutObject", "*", Effect="Deny", Condition={"StringEquals": {"aws:NoSuchKey": "x"}})
    assert refusal(role.client("s3").put_object, Bucket=bucket, Key="k", Body=b"x")[:2] == ("AccessDenied", 403)


def test_managed_policies(role, bucket, s3):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    role.iam.attach_role_policy(RoleName=role.name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    client = role.client("s3")
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x" and client.list_buckets()["Buckets"]
    assert refusal(client.put_object, Bucket=bucket, Key="k", Body=b"y")[:2] == ("AccessDenied", 403)


def test_the_version_that_counts_decides(role, bucket):
    statement = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    made = role.iam.create_policy(PolicyName=role.name, PolicyDocument=policy(statement))["Policy"]["Arn"]
    role.iam.attach_role_policy(RoleName=role.name, PolicyArn=made)
    client = role.client("s3")
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    why = "with an explicit deny in an identity-based policy"
    try:
        assert_refused(denied(role, "s3:PutObject", arn(bucket, "k"), why), client.put_object, **put)
        allow = policy({**statement, "Effect": "Allow"})
        role.iam.create_policy_version(PolicyArn=made, PolicyDocument=allow, SetAsDefault=True)
        client.put_object(**put)
        role.iam.delete_policy_version(PolicyArn=made, VersionId="v1")
    finally:
        role.iam.detach_role_policy(RoleName=role.name, PolicyArn=made)
        role.iam.delete_policy(PolicyArn=made)


def test_a_boundary_bounds(role, bucket):
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    made = role.iam.create_policy(PolicyName=role.name, PolicyDocument=policy(statement))["Policy"]["Arn"]
    role.iam.put_role_permissions_boundary(RoleName=role.name, PermissionsBoundary=made)
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    client = role.client("s3")
    try:
        # A boundary alone allows nothing.
        why = "because no identity-based policy allows the s3:GetObject action"
        assert_refused(denied(role, "s3:GetObject", arn(bucket, "k"), why), client.get_object, Bucket=bucket, Key="k")
        role.may("s3:*", "*")
        why = "because no permissions boundary allows the s3:PutObject action"
        assert_refused(denied(role, "s3:PutObject", arn(bucket, "k"), why), client.put_object, **put)
    finally:
        role.iam.delete_role_permissions_boundary(RoleName=role.name)
        role.iam.delete_policy(PolicyArn=made)
    client.put_object(**put)


def test_a_session_may_be_bounded_too(role, bucket):
    role.may("s3:*", "*")
    client = role.client("s3", Policy=policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}))
    why = "because no session policy allows the s3:PutObject action"
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    assert_refused(denied(role, "s3:PutObject", arn(bucket, "k"), why), client.put_object, **put)
    # Beyond the role's own policies it goes nowhere.
    client = role.client("iam", Policy=policy({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    assert refusal(client.list_roles)[:2] == ("AccessDenied", 403)


def test_the_buckets_policy_allows_and_denies(role, bucket, s3):
    client = role.client("s3")
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    allow = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": arn(bucket, "*")}
    for principal in [role.arn, f"{SESSION}/{role.name}/pod"]:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy({**allow, "Principal": {"AWS": principal}}))
        client.put_object(**put)
    # Another session, another role, and the account as a whole are not this session.
    role.iam.create_role(RoleName=f"{role.name}-other", AssumeRolePolicyDocument=role.issuer.trust())
    for principal in [f"{SESSION}/{role.name}/other", f"arn:aws:iam::{ACCOUNT}:role/{role.name}-other", ACCOUNT]:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy({**allow, "Principal": {"AWS": principal}}))
        assert_refused(denied(role, "s3:PutObject", arn(bucket, "k")), client.put_object, **put)
    role.iam.delete_role(RoleName=f"{role.name}-other")
    role.may("s3:*", "*")
    client.put_object(**put)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy({**allow, "Effect": "Deny", "Principal": {"AWS": role.arn}}))
    why = "with an explicit deny in a resource-based policy"
    assert_refused(denied(role, "s3:PutObject", arn(bucket, "k"), why), client.put_object, **put)
    # The keys of the account are somebody else.
    s3.put_object(**put)


def test_many_deletions_are_judged_one_by_one(role, bucket, s3):
    for key in ["logs/a", "kept/b"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    role.may("s3:DeleteObject", arn(bucket, "logs/*"))
    objects = [{"Key": "logs/a"}, {"Key": "kept/b"}]
    got = role.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [one["Key"] for one in got["Deleted"]] == ["logs/a"]
    assert [(one["Key"], one["Code"]) for one in got["Errors"]] == [("kept/b", "AccessDenied")]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["kept/b"]


def test_iam_asks_too(role):
    iam = role.client("iam")
    user = f"User: {SESSION}/{role.name}/pod is not authorized to perform: "
    because = "because no identity-based policy allows the "
    expected = ("AccessDenied", 403, f"{user}iam:GetRole on resource: role {role.name} {because}iam:GetRole action")
    assert_refused(expected, iam.get_role, RoleName=role.name)
    name = f"{role.name}-x"
    on = f"arn:aws:iam::{ACCOUNT}:role/workloads/{name}"
    expected = ("AccessDenied", 403, f"{user}iam:CreateRole on resource: {on} {because}iam:CreateRole action")
    create = {"RoleName": name, "Path": "/workloads/", "AssumeRolePolicyDocument": role.issuer.trust()}
    assert_refused(expected, iam.create_role, **create)
    role.may("iam:*Role", f"arn:aws:iam::{ACCOUNT}:role/workloads/*")
    assert iam.get_role(RoleName=role.name)["Role"]["Arn"] == role.arn
    iam.create_role(**create)
    iam.delete_role(RoleName=name)
    # Elsewhere than under the path it may nothing.
    assert refusal(iam.create_role, **{**create, "Path": "/"})[:2] == ("AccessDenied", 403)
    assert refusal(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=role.issuer.arn)[:2] == ("AccessDenied", 403)
    role.may("iam:GetOpenIDConnectProvider", role.issuer.arn)
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=role.issuer.arn)["ClientIDList"]


def test_iam_has_conditions_of_its_own(role):
    boundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    role.may("iam:CreateRole", "*", Condition={"StringEquals": {"iam:PermissionsBoundary": boundary, "aws:RequestTag/team": "a"}})
    iam, name = role.client("iam"), f"{role.name}-x"
    create = {"RoleName": name, "AssumeRolePolicyDocument": role.issuer.trust()}
    assert refusal(iam.create_role, **create)[:2] == ("AccessDenied", 403)
    create.update(PermissionsBoundary=boundary, Tags=[{"Key": "team", "Value": "a"}])
    assert "iam:TagRole" in refusal(iam.create_role, **create)[2]
    role.may("iam:TagRole", "*")
    iam.create_role(**create)
    role.iam.delete_role(RoleName=name)


TAGS = [{"Key": "team", "Value": "a"}]
TAGGED = [
    ("create_role", {"RoleName": "{}", "AssumeRolePolicyDocument": "TRUST"}, "iam:TagRole", "role/{}"),
    ("create_policy", {"PolicyName": "{}", "PolicyDocument": "POLICY"}, "iam:TagPolicy", "policy/{}"),
    (
        "create_open_id_connect_provider", {"Url": "https://{}.example.com", "ThumbprintList": ["a" * 40]},
        "iam:TagOpenIDConnectProvider", "oidc-provider/{}.example.com",
    ),
]


@pytest.mark.parametrize("operation,settings,action,resource", TAGGED, ids=[row[0] for row in TAGGED])
def test_whoever_tags_what_it_makes_may_tag(role, operation, settings, action, resource):
    name = f"{role.name}-x"
    documents = {"TRUST": role.issuer.trust(), "POLICY": policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})}
    fill = lambda value: documents.get(value, value.format(name)) if isinstance(value, str) else value
    settings = {key: fill(value) for key, value in settings.items()}
    made = {
        "create_role": lambda: role.iam.delete_role(RoleName=name),
        "create_policy": lambda: role.iam.delete_policy(PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{name}"),
        "create_open_id_connect_provider": lambda: role.iam.delete_open_id_connect_provider(
            OpenIDConnectProviderArn=f"arn:aws:iam::{ACCOUNT}:oidc-provider/{name}.example.com"
        ),
    }
    role.may("iam:Create*", "*")
    iam = role.client("iam")
    on = f"on resource: arn:aws:iam::{ACCOUNT}:{resource.format(name)} because"
    code, status, message = refusal(getattr(iam, operation), **settings, Tags=TAGS)
    assert (code, status) == ("AccessDenied", 403) and f"perform: {action} {on}" in message
    # Nothing was made, and without tags nothing more is asked for.
    getattr(iam, operation)(**settings)
    made[operation]()
    role.may(action, "*")
    getattr(iam, operation)(**settings, Tags=TAGS)
    made[operation]()


def test_s3_control_asks_too(role):
    client = role.client("s3control") if role.door == "proxy" else None
    if client is None:
        # An endpoint override puts the account before the host, which only a name can carry.
        one = role.session()
        headers = {"x-amz-account-id": ACCOUNT, "X-Amz-Security-Token": one["SessionToken"]}
        answer = signed(
            role.sandbox, "GET", "/v20180820/configuration/publicAccessBlock", headers,
            key=one["AccessKeyId"], secret=one["SecretAccessKey"],
        )
        assert (answer.status, answer.error["Code"]) == (403, "AccessDenied"), answer
        assert "s3:GetAccountPublicAccessBlock" in answer.error["Message"]
        return
    get = client.get_public_access_block
    assert_refused(denied(role, "s3:GetAccountPublicAccessBlock"), get, AccountId=ACCOUNT)
    role.may("s3:GetAccountPublicAccessBlock", "*")
    assert refusal(get, AccountId=ACCOUNT)[:2] == ("NoSuchPublicAccessBlockConfiguration", 404)
    put = {"AccountId": ACCOUNT, "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}
    assert_refused(denied(role, "s3:PutAccountPublicAccessBlock"), client.put_public_access_block, **put)


# How they end, and what is none.


def keyed(role, one, service, **changed):
    keys = {"key": one["AccessKeyId"], "secret": one["SecretAccessKey"], "token": one["SessionToken"], **changed}
    return role.sandbox.client(service, role.door, **keys)


S3_INVALID = ("InvalidToken", 400, "The provided token is malformed or otherwise invalid.")
S3_UNKNOWN = ("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records.")
INVALID = ("InvalidClientTokenId", 403, "The security token included in the request is invalid.")


@pytest.mark.table("refusal")
def test_credentials_that_are_none(role):
    one, two = role.session(), role.session()
    for changed, of_s3 in [
        ({"token": two["SessionToken"]}, S3_INVALID),
        ({"token": one["SessionToken"][:-8]}, S3_INVALID),
        ({"token": "nonsense"}, S3_INVALID),
        ({"token": None}, S3_UNKNOWN),
    ]:
        assert_refused(of_s3, keyed(role, one, "s3", **changed).list_buckets)
        assert_refused(INVALID, keyed(role, one, "iam", **changed).list_roles)
        assert_refused(INVALID, keyed(role, one, "sts", **changed).get_caller_identity)
    for service, call in [("s3", "list_buckets"), ("sts", "get_caller_identity")]:
        wrong = getattr(keyed(role, one, service, secret=two["SecretAccessKey"]), call)
        assert refusal(wrong)[:2] == ("SignatureDoesNotMatch", 403)


@pytest.mark.table("refusal")
def test_a_role_that_is_gone_takes_its_sessions_along(sandbox, door, issuer, bucket, s3):
    role = Role(sandbox, door, issuer, f"session-{next(NUMBERS)}")
    role.may("s3:*", "*")
    one = role.session()
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    # The bucket's policy names the session, which a later session of the name may be.
    named = {"Effect": "Allow", "Principal": {"AWS": f"{SESSION}/{role.name}/pod"}, "Action": "s3:PutObject", "Resource": arn(bucket, "*")}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(named))
    keyed(role, one, "s3").put_object(**put)

    def is_none():
        assert_refused(S3_UNKNOWN, keyed(role, one, "s3").put_object, **put)
        assert_refused(INVALID, keyed(role, one, "sts").get_caller_identity)
        assert_refused(INVALID, keyed(role, one, "iam").list_roles)

    role.remove()
    is_none()
    # Another role of the name is another role.
    again = Role(sandbox, door, issuer, role.name)
    again.may("s3:*", "*")
    try:
        is_none()
        again.client("s3").put_object(**put)
    finally:
        again.remove()


# As in a pod.

POD = """
import sys, boto3
from botocore.exceptions import ClientError
s3 = boto3.client("s3")
assert s3._request_signer._credentials.method == "assume-role-with-web-identity"
print(boto3.client("sts").get_caller_identity()["Arn"])
s3.put_object(Bucket=sys.argv[1], Key="mine/k", Body=b"from the pod")
try:
    s3.put_object(Bucket=sys.argv[1], Key="other/k", Body=b"x")
except ClientError as error:
    print(error.response["Error"]["Code"], error.response["Error"]["Message"])
"""


def environment(role, tmp_path, token):
    """What the pod identity webhook sets, and the way to the sandbox; no access key anywhere."""
    file = tmp_path / "token"
    file.write_text(token)
    given = {name: value for name, value in role.sandbox.env.items() if not name.startswith("AWS_ACCESS") and "SECRET" not in name}
    given = {**os.environ, **given, "AWS_STS_REGIONAL_ENDPOINTS": "regional"}
    if role.door == "plain":
        given = {name: value for name, value in given.items() if name not in ("HTTPS_PROXY", "AWS_CA_BUNDLE")}
        given["AWS_ENDPOINT_URL"] = role.sandbox.endpoint
    return {
        **given, "AWS_ROLE_ARN": role.arn, "AWS_WEB_IDENTITY_TOKEN_FILE": str(file), "AWS_ROLE_SESSION_NAME": "pod",
    }


def test_a_pod_gets_its_credentials_by_itself(role, bucket, s3, tmp_path):
    role.may("s3:PutObject", arn(bucket, "mine/*"))
    done = subprocess.run(
        [sys.executable, "-c", POD, bucket], env=environment(role, tmp_path, role.issuer.token()),
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stderr
    who, refused = done.stdout.splitlines()
    assert who == f"{SESSION}/{role.name}/pod"
    assert refused == "AccessDenied " + denied(role, "s3:PutObject", arn(bucket, "other/k"))[2]
    assert s3.get_object(Bucket=bucket, Key="mine/k")["Body"].read() == b"from the pod"


def test_a_pod_of_another_namespace_gets_none(role, bucket, tmp_path):
    role.may("s3:*", "*")
    done = subprocess.run(
        [sys.executable, "-c", POD, bucket], env=environment(role, tmp_path, role.issuer.token(account="other:demo")),
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode != 0
    assert "(AccessDenied) when calling the AssumeRoleWithWebIdentity operation" in done.stderr
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in done.stderr
