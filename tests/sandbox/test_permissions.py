"""What each call needs to be allowed: exactly its actions, on exactly what it is done to."""

import itertools
import json
import os
import re

import pytest
from conftest import ACCOUNT, ROOT, THUMBPRINT, open_block, read_policy, refusal

NUMBERS = itertools.count(1)
IAM = f"arn:aws:iam::{ACCOUNT}"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
TAGS = [{"Key": "team", "Value": "a"}]


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


TRUST = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
POLICY = document(allow("s3:GetObject"))
BLOCK = {"PublicAccessBlockConfiguration": open_block()}

# Operation, settings, the actions that it needs, and what they are done to. NAME stands for what is made for the row.
ROLE, MANAGED, PROVIDER, USER = (f"{IAM}:{kind}" for kind in ["role/p/NAME", "policy/p/NAME", "oidc-provider/NAME.example.com", "user/p/NAME"])
BUCKET, OBJECT = "arn:aws:s3:::NAME", "arn:aws:s3:::NAME/k"
OF_ROLE, OF_POLICY, OF_PROVIDER, OF_USER = {"RoleName": "NAME"}, {"PolicyArn": MANAGED}, {"OpenIDConnectProviderArn": PROVIDER}, {"UserName": "NAME"}
NEW_ROLE = {"RoleName": "NAME-b", "Path": "/p/", "AssumeRolePolicyDocument": TRUST}
NEW_POLICY = {"PolicyName": "NAME-b", "Path": "/p/", "PolicyDocument": POLICY}
NEW_PROVIDER = {"Url": "https://NAME-b.example.com", "ThumbprintList": [THUMBPRINT]}
NEW_USER = {"UserName": "NAME-b", "Path": "/p/"}
ROWS = [
    ("iam", "create_open_id_connect_provider", NEW_PROVIDER, ["CreateOpenIDConnectProvider"], PROVIDER.replace("NAME", "NAME-b")),
    ("iam", "create_open_id_connect_provider", {**NEW_PROVIDER, "Tags": TAGS}, ["CreateOpenIDConnectProvider", "TagOpenIDConnectProvider"], PROVIDER.replace("NAME", "NAME-b")),
    ("iam", "get_open_id_connect_provider", OF_PROVIDER, ["GetOpenIDConnectProvider"], PROVIDER),
    ("iam", "list_open_id_connect_providers", {}, ["ListOpenIDConnectProviders"], "*"),
    ("iam", "delete_open_id_connect_provider", OF_PROVIDER, ["DeleteOpenIDConnectProvider"], PROVIDER),
    ("iam", "add_client_id_to_open_id_connect_provider", {**OF_PROVIDER, "ClientID": "a"}, ["AddClientIDToOpenIDConnectProvider"], PROVIDER),
    ("iam", "remove_client_id_from_open_id_connect_provider", {**OF_PROVIDER, "ClientID": "a"}, ["RemoveClientIDFromOpenIDConnectProvider"], PROVIDER),
    ("iam", "update_open_id_connect_provider_thumbprint", {**OF_PROVIDER, "ThumbprintList": [THUMBPRINT]}, ["UpdateOpenIDConnectProviderThumbprint"], PROVIDER),
    ("iam", "tag_open_id_connect_provider", {**OF_PROVIDER, "Tags": TAGS}, ["TagOpenIDConnectProvider"], PROVIDER),
    ("iam", "untag_open_id_connect_provider", {**OF_PROVIDER, "TagKeys": ["team"]}, ["UntagOpenIDConnectProvider"], PROVIDER),
    ("iam", "list_open_id_connect_provider_tags", OF_PROVIDER, ["ListOpenIDConnectProviderTags"], PROVIDER),
    ("iam", "create_role", NEW_ROLE, ["CreateRole"], ROLE.replace("NAME", "NAME-b")),
    ("iam", "create_role", {**NEW_ROLE, "Tags": TAGS}, ["CreateRole", "TagRole"], ROLE.replace("NAME", "NAME-b")),
    ("iam", "get_role", OF_ROLE, ["GetRole"], ROLE),
    ("iam", "list_roles", {"PathPrefix": "/p/"}, ["ListRoles"], "*"),
    ("iam", "update_assume_role_policy", {**OF_ROLE, "PolicyDocument": TRUST}, ["UpdateAssumeRolePolicy"], ROLE),
    ("iam", "update_role", {**OF_ROLE, "MaxSessionDuration": 7200}, ["UpdateRole"], ROLE),
    ("iam", "delete_role", {"RoleName": "NAME-empty"}, ["DeleteRole"], ROLE.replace("NAME", "NAME-empty")),
    ("iam", "tag_role", {**OF_ROLE, "Tags": TAGS}, ["TagRole"], ROLE),
    ("iam", "untag_role", {**OF_ROLE, "TagKeys": ["team"]}, ["UntagRole"], ROLE),
    ("iam", "list_role_tags", OF_ROLE, ["ListRoleTags"], ROLE),
    ("iam", "put_role_policy", {**OF_ROLE, "PolicyName": "b", "PolicyDocument": POLICY}, ["PutRolePolicy"], ROLE),
    ("iam", "get_role_policy", {**OF_ROLE, "PolicyName": "inline"}, ["GetRolePolicy"], ROLE),
    ("iam", "list_role_policies", OF_ROLE, ["ListRolePolicies"], ROLE),
    ("iam", "delete_role_policy", {**OF_ROLE, "PolicyName": "inline"}, ["DeleteRolePolicy"], ROLE),
    ("iam", "attach_role_policy", {**OF_ROLE, **OF_POLICY}, ["AttachRolePolicy"], ROLE),
    ("iam", "detach_role_policy", {**OF_ROLE, "PolicyArn": READ_ONLY}, ["DetachRolePolicy"], ROLE),
    ("iam", "list_attached_role_policies", OF_ROLE, ["ListAttachedRolePolicies"], ROLE),
    ("iam", "put_role_permissions_boundary", {**OF_ROLE, "PermissionsBoundary": READ_ONLY}, ["PutRolePermissionsBoundary"], ROLE),
    ("iam", "delete_role_permissions_boundary", OF_ROLE, ["DeleteRolePermissionsBoundary"], ROLE),
    ("iam", "list_instance_profiles_for_role", OF_ROLE, ["ListInstanceProfilesForRole"], ROLE),
    ("iam", "create_policy", NEW_POLICY, ["CreatePolicy"], MANAGED.replace("NAME", "NAME-b")),
    ("iam", "create_policy", {**NEW_POLICY, "Tags": TAGS}, ["CreatePolicy", "TagPolicy"], MANAGED.replace("NAME", "NAME-b")),
    ("iam", "get_policy", OF_POLICY, ["GetPolicy"], MANAGED),
    ("iam", "list_policies", {"Scope": "Local"}, ["ListPolicies"], "*"),
    ("iam", "delete_policy", {"PolicyArn": MANAGED + "-single"}, ["DeletePolicy"], MANAGED + "-single"),
    ("iam", "tag_policy", {**OF_POLICY, "Tags": TAGS}, ["TagPolicy"], MANAGED),
    ("iam", "untag_policy", {**OF_POLICY, "TagKeys": ["team"]}, ["UntagPolicy"], MANAGED),
    ("iam", "list_policy_tags", OF_POLICY, ["ListPolicyTags"], MANAGED),
    ("iam", "create_policy_version", {**OF_POLICY, "PolicyDocument": POLICY}, ["CreatePolicyVersion"], MANAGED),
    ("iam", "get_policy_version", {**OF_POLICY, "VersionId": "v1"}, ["GetPolicyVersion"], MANAGED),
    ("iam", "list_policy_versions", OF_POLICY, ["ListPolicyVersions"], MANAGED),
    ("iam", "delete_policy_version", {**OF_POLICY, "VersionId": "v2"}, ["DeletePolicyVersion"], MANAGED),
    ("iam", "set_default_policy_version", {**OF_POLICY, "VersionId": "v2"}, ["SetDefaultPolicyVersion"], MANAGED),
    ("iam", "create_user", NEW_USER, ["CreateUser"], USER.replace("NAME", "NAME-b")),
    ("iam", "create_user", {**NEW_USER, "Tags": TAGS}, ["CreateUser", "TagUser"], USER.replace("NAME", "NAME-b")),
    ("iam", "get_user", OF_USER, ["GetUser"], USER),
    ("iam", "get_user", {}, ["GetUser"], f"{IAM}:user/caller-NAME"),
    ("iam", "list_users", {}, ["ListUsers"], "*"),
    ("iam", "delete_user", {"UserName": "NAME-empty"}, ["DeleteUser"], USER + "-empty"),
    ("iam", "put_user_policy", {**OF_USER, "PolicyName": "b", "PolicyDocument": POLICY}, ["PutUserPolicy"], USER),
    ("iam", "get_user_policy", {**OF_USER, "PolicyName": "inline"}, ["GetUserPolicy"], USER),
    ("iam", "list_user_policies", OF_USER, ["ListUserPolicies"], USER),
    ("iam", "delete_user_policy", {**OF_USER, "PolicyName": "inline"}, ["DeleteUserPolicy"], USER),
    ("iam", "attach_user_policy", {**OF_USER, **OF_POLICY}, ["AttachUserPolicy"], USER),
    ("iam", "detach_user_policy", {**OF_USER, "PolicyArn": READ_ONLY}, ["DetachUserPolicy"], USER),
    ("iam", "list_attached_user_policies", OF_USER, ["ListAttachedUserPolicies"], USER),
    ("iam", "create_access_key", OF_USER, ["CreateAccessKey"], USER),
    ("iam", "list_access_keys", OF_USER, ["ListAccessKeys"], USER),
    ("iam", "delete_access_key", {**OF_USER, "AccessKeyId": "KEY"}, ["DeleteAccessKey"], USER),
    ("s3", "list_buckets", {}, ["ListAllMyBuckets"], "*"),
    ("s3", "create_bucket", {"Bucket": "NAME-b"}, ["CreateBucket"], BUCKET + "-b"),
    ("s3", "create_bucket", {"Bucket": "NAME-b", "CreateBucketConfiguration": {"Tags": TAGS}}, ["CreateBucket", "TagResource"], BUCKET + "-b"),
    ("s3", "create_bucket", {"Bucket": "NAME-b", "ObjectOwnership": "BucketOwnerEnforced"}, ["CreateBucket", "PutBucketOwnershipControls"], BUCKET + "-b"),
    ("s3", "head_bucket", {}, ["ListBucket"], BUCKET),
    ("s3", "get_bucket_location", {}, ["GetBucketLocation"], BUCKET),
    ("s3", "delete_bucket", {"Bucket": "NAME-empty"}, ["DeleteBucket"], BUCKET + "-empty"),
    ("s3", "get_public_access_block", {}, ["GetBucketPublicAccessBlock"], BUCKET),
    ("s3", "put_public_access_block", BLOCK, ["PutBucketPublicAccessBlock"], BUCKET),
    ("s3", "delete_public_access_block", {}, ["PutBucketPublicAccessBlock"], BUCKET),
    ("s3", "get_bucket_policy", {}, ["GetBucketPolicy"], BUCKET),
    ("s3", "put_bucket_policy", {"Policy": read_policy("NAME", "other")}, ["PutBucketPolicy"], BUCKET),
    ("s3", "delete_bucket_policy", {}, ["DeleteBucketPolicy"], BUCKET),
    ("s3", "get_bucket_policy_status", {}, ["GetBucketPolicyStatus"], BUCKET),
    ("s3", "get_bucket_tagging", {}, ["GetBucketTagging"], BUCKET),
    ("s3", "put_bucket_tagging", {"Tagging": {"TagSet": TAGS}}, ["PutBucketTagging"], BUCKET),
    ("s3", "delete_bucket_tagging", {}, ["PutBucketTagging"], BUCKET),
    ("s3", "get_bucket_versioning", {}, ["GetBucketVersioning"], BUCKET),
    ("s3", "put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}, ["PutBucketVersioning"], BUCKET),
    ("s3", "get_bucket_encryption", {}, ["GetEncryptionConfiguration"], BUCKET),
    ("s3", "put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}}, ["PutEncryptionConfiguration"], BUCKET),
    ("s3", "get_bucket_ownership_controls", {}, ["GetBucketOwnershipControls"], BUCKET),
    ("s3", "list_objects_v2", {}, ["ListBucket"], BUCKET),
    ("s3", "list_object_versions", {}, ["ListBucketVersions"], BUCKET),
    ("s3", "get_object", {"Key": "k"}, ["GetObject"], OBJECT),
    ("s3", "get_object", {"Key": "k", "VersionId": "VERSION"}, ["GetObjectVersion"], OBJECT),
    ("s3", "put_object", {"Key": "k", "Body": b"y"}, ["PutObject"], OBJECT),
    ("s3", "put_object", {"Key": "k", "Body": b"y", "ACL": "bucket-owner-full-control"}, ["PutObject", "PutObjectAcl"], OBJECT),
    ("s3", "put_object", {"Key": "k", "Body": b"y", "IfMatch": "ETAG"}, ["PutObject", "GetObject"], OBJECT),
    ("s3", "put_object", {"Key": "new", "Body": b"y", "IfNoneMatch": "*"}, ["PutObject"], BUCKET + "/new"),
    ("s3", "delete_object", {"Key": "k"}, ["DeleteObject"], OBJECT),
    ("s3", "delete_object", {"Key": "k", "VersionId": "VERSION"}, ["DeleteObjectVersion"], OBJECT),
    ("s3", "delete_object", {"Key": "k", "IfMatch": "ETAG"}, ["DeleteObject", "GetObject"], OBJECT),
    ("s3", "delete_object", {"Key": "k", "IfMatch": "*"}, ["DeleteObject"], OBJECT),
    ("s3control", "get_public_access_block", {"AccountId": ACCOUNT}, ["GetAccountPublicAccessBlock"], "*"),
    ("s3control", "put_public_access_block", {"AccountId": ACCOUNT, **BLOCK}, ["PutAccountPublicAccessBlock"], "*"),
    ("s3control", "delete_public_access_block", {"AccountId": ACCOUNT}, ["PutAccountPublicAccessBlock"], "*"),
    ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "one"}, ["AssumeRole"], ROLE),
]


class Things:
    """One of each, with something on it, and a user who may nothing with any."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.name = name = f"permissions-{os.getpid()}-{next(NUMBERS)}"
        self.iam, self.s3 = iam, s3 = sandbox.client("iam"), sandbox.client("s3")
        self.control = sandbox.client("s3control", "proxy")
        iam.create_open_id_connect_provider(Url=f"https://{name}.example.com", ThumbprintList=[THUMBPRINT], ClientIDList=["a"], Tags=TAGS)
        for one in [name, f"{name}-empty"]:
            iam.create_role(RoleName=one, Path="/p/", AssumeRolePolicyDocument=TRUST, Tags=TAGS)
            iam.create_user(UserName=one, Path="/p/", Tags=TAGS)
            s3.create_bucket(Bucket=one)
        iam.create_role(RoleName=f"{name}-bare", AssumeRolePolicyDocument=TRUST)
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=READ_ONLY)
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=POLICY)
        iam.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
        iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=POLICY)
        iam.attach_user_policy(UserName=name, PolicyArn=READ_ONLY)
        self.key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        for one in [name, f"{name}-single"]:
            iam.create_policy(PolicyName=one, Path="/p/", PolicyDocument=POLICY)
        iam.create_policy_version(PolicyArn=f"{IAM}:policy/p/{name}", PolicyDocument=POLICY)
        s3.put_public_access_block(Bucket=name, **BLOCK)
        s3.put_bucket_policy(Bucket=name, Policy=read_policy(name, "other"))
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": TAGS})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        self.version = s3.put_object(Bucket=name, Key="k", Body=b"x")["VersionId"]
        self.etag = s3.head_object(Bucket=name, Key="k")["ETag"]
        s3.put_object(Bucket=name, Key="other", Body=b"x")
        self.user = f"caller-{name}"
        iam.create_user(UserName=self.user)
        key = iam.create_access_key(UserName=self.user)["AccessKey"]
        self.keys = {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}

    def filled(self, value):
        """A value of a row with the names of these things in it."""
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        if not isinstance(value, str):
            return value
        for word, name in [("NAME", self.name), ("VERSION", self.version), ("ETAG", self.etag), ("KEY", self.key)]:
            value = value.replace(word, name)
        return value

    def may(self, *statements):
        self.iam.put_user_policy(UserName=self.user, PolicyName="may", PolicyDocument=document(*statements))

    def client(self, service):
        # S3 Control has a name with the account in it, which only the proxy leads to.
        return self.sandbox.client(service, "proxy" if service == "s3control" else "plain", **self.keys)


@pytest.fixture
def things(sandbox):
    """What is made stays, where it is in no other test's way; there are only a hundred providers, and one account's block."""
    things = Things(sandbox)
    yield things
    things.control.delete_public_access_block(AccountId=ACCOUNT)
    for name in [things.name, f"{things.name}-b"]:
        things.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=f"{IAM}:oidc-provider/{name}.example.com")


def of_row(things, row):
    service, operation, settings, actions, resource = row
    settings = things.filled(settings)
    if service == "s3" and operation != "list_buckets":
        settings = {"Bucket": things.name, **settings}
    prefix = "s3" if service == "s3control" else service
    if service == "s3control":
        things.control.put_public_access_block(AccountId=ACCOUNT, **BLOCK)
    call = getattr(things.client(service), operation)
    return lambda: call(**settings), [f"{prefix}:{action}" for action in actions], things.filled(resource)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[1]}-{number}" for number, row in enumerate(ROWS)])
def test_each_call_needs_exactly_its_actions(things, row):
    call, actions, resource = of_row(things, row)
    for missing in actions:
        rest = [action for action in actions if action != missing]
        things.may(allow(["iam:GetAccountSummary", *rest]))
        code, status, message = refusal(call)
        assert status == 403 and code in ("AccessDenied", "403"), (code, message)
        if row[1] != "head_bucket":
            assert f"user/{things.user} is not authorized to perform: {missing}" in message
            assert f"because no identity-based policy allows the {missing} action" in message
    if resource != "*":
        things.may(allow(actions, resource + "-or-another"))
        assert refusal(call)[1] == 403
    things.may(allow(actions, resource))
    assert call()["ResponseMetadata"]["HTTPStatusCode"] < 300


def test_every_row_of_the_table_is_tested():
    """Those of the sandbox's own source, so that none is forgotten here; ACLs are refused whatever one may."""
    tested = {f"{'s3' if row[0] == 's3control' else row[0]}:{action}" for row in ROWS for action in row[3]}
    source = "".join(path.read_text() for path in (ROOT / "crates/sandbox/src/actions").glob("*.rs"))
    named = set(re.findall(r'"((?:iam|s3|sts):\w+)"', source))
    acls = {"s3:PutBucketAcl", "s3:PutObjectVersionAcl", "s3:PutObjectTagging"}
    assert len(named) > 80 and named - tested == acls


def test_each_of_many_deletions_is_asked_for(things):
    versions = {"Objects": [{"Key": "k", "VersionId": things.version}, {"Key": "other"}]}
    client = things.client("s3")
    things.may(allow("s3:DeleteObject", f"arn:aws:s3:::{things.name}/*"))
    got = client.delete_objects(Bucket=things.name, Delete=versions)
    assert [one["Key"] for one in got["Deleted"]] == ["other"]
    assert [(one["Key"], one["Code"]) for one in got["Errors"]] == [("k", "AccessDenied")]
    assert "s3:DeleteObjectVersion" in got["Errors"][0]["Message"]
    things.may(allow("s3:DeleteObjectVersion", f"arn:aws:s3:::{things.name}/k"))
    got = client.delete_objects(Bucket=things.name, Delete={"Objects": versions["Objects"][:1]})
    assert [one["VersionId"] for one in got["Deleted"]] == [things.version] and "Errors" not in got


def test_who_may_not_see_a_role_does_not_learn_that_it_is_not_there(things):
    """It is asked for under no path: nobody knows one of it."""
    client = things.client("iam")
    things.may(allow("iam:GetRole", f"{IAM}:role/p/*"))
    assert refusal(client.get_role, RoleName="nobody")[0] == "AccessDenied"
    things.may(allow("iam:GetRole", f"{IAM}:role/nobody"))
    assert refusal(client.get_role, RoleName="nobody")[0] == "NoSuchEntity"


def test_lists_are_of_everything_or_not_at_all(things):
    client = things.client("iam")
    things.may(allow(["iam:ListRoles", "iam:ListUsers"], [f"{IAM}:role/p/", f"{IAM}:role/*", f"{IAM}:user/*"]))
    assert refusal(client.list_roles, PathPrefix="/p/")[2].endswith(
        f"iam:ListRoles on resource: {IAM}:role/p/ because no identity-based policy allows the iam:ListRoles action"
    )
    assert refusal(client.list_users)[0] == "AccessDenied"


# Conditions: the statement, and calls with whether it allows them.
CONDITIONS = [
    ("iam:CreateRole", {"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}, "create_role", NEW_ROLE, {**NEW_ROLE, "PermissionsBoundary": READ_ONLY}),
    ("iam:AttachRolePolicy", {"ArnEquals": {"iam:PolicyARN": READ_ONLY}}, "attach_role_policy", {**OF_ROLE, **OF_POLICY}, {**OF_ROLE, "PolicyArn": READ_ONLY}),
    ("iam:DetachRolePolicy", {"ArnLike": {"iam:PolicyARN": "arn:aws:iam::aws:policy/*"}}, "detach_role_policy", {**OF_ROLE, **OF_POLICY}, {**OF_ROLE, "PolicyArn": READ_ONLY}),
    ("iam:PutRolePolicy", {"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}, "put_role_policy", {"RoleName": "NAME-empty", "PolicyName": "b", "PolicyDocument": POLICY}, {**OF_ROLE, "PolicyName": "b", "PolicyDocument": POLICY}),
    ("iam:PutRolePermissionsBoundary", {"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}, "put_role_permissions_boundary", {**OF_ROLE, "PermissionsBoundary": MANAGED}, {"RoleName": "NAME-empty", "PermissionsBoundary": READ_ONLY}),
    ("iam:TagRole", {"StringEquals": {"aws:RequestTag/team": "a"}}, "tag_role", {**OF_ROLE, "Tags": [{"Key": "team", "Value": "b"}]}, {**OF_ROLE, "Tags": TAGS}),
    ("iam:UntagRole", {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, "untag_role", {**OF_ROLE, "TagKeys": ["team", "other"]}, {**OF_ROLE, "TagKeys": ["team"]}),
    ("iam:GetRole", {"StringEquals": {"iam:ResourceTag/team": "a"}}, "get_role", {"RoleName": "nobody"}, OF_ROLE),
    ("iam:GetPolicy", {"StringEquals": {"aws:ResourceTag/team": "a"}}, "get_policy", OF_POLICY, None),
    ("iam:GetOpenIDConnectProvider", {"StringEquals": {"aws:ResourceTag/team": "a"}}, "get_open_id_connect_provider", {"OpenIDConnectProviderArn": f"{IAM}:oidc-provider/nobody.example.com"}, OF_PROVIDER),
    # A tag that is not there is known to be absent.
    ("iam:GetRole", {"Null": {"aws:ResourceTag/team": "true"}}, "get_role", OF_ROLE, {"RoleName": "NAME-bare"}),
    ("iam:TagRole", {"StringEqualsIfExists": {"aws:RequestTag/other": "b"}}, "tag_role", {**OF_ROLE, "Tags": [{"Key": "other", "Value": "a"}]}, {**OF_ROLE, "Tags": TAGS}),
    # Of a provider the reference knows no tag under IAM's own name, and of reading a role no boundary.
    ("iam:GetOpenIDConnectProvider", {"StringEquals": {"iam:ResourceTag/team": "a"}}, "get_open_id_connect_provider", OF_PROVIDER, None),
    ("iam:GetRole", {"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}, "get_role", OF_ROLE, None),
]


@pytest.mark.parametrize("action,condition,operation,refused,allowed", CONDITIONS, ids=[f"{row[0]}-{number}" for number, row in enumerate(CONDITIONS)])
def test_conditions_ask_for_what_the_action_knows(things, action, condition, operation, refused, allowed):
    call = getattr(things.client("iam"), operation)
    things.may(allow(action, Condition=condition))
    assert action in refusal(call, **things.filled(refused))[2]
    if allowed:
        assert call(**things.filled(allowed))["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_tags_of_a_bucket_that_is_made_can_be_asked_for(things):
    client = things.client("s3")
    condition = {"StringEquals": {"aws:RequestTag/team": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": "team"}}
    things.may(allow("s3:CreateBucket"), allow("s3:TagResource", Condition=condition))
    for tags, allowed in [([{"Key": "team", "Value": "b"}], False), (TAGS, True)]:
        settings = {"Bucket": f"{things.name}-{'b' if allowed else 'c'}", "CreateBucketConfiguration": {"Tags": tags}}
        if allowed:
            client.create_bucket(**settings)
        else:
            assert "s3:TagResource" in refusal(client.create_bucket, **settings)[2]
