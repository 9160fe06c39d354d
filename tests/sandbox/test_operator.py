"""An operator who may do only what a policy allows, and the key beside it that may do everything."""

import json
import subprocess

import pytest
from conftest import ACCOUNT, THUMBPRINT, Running, assert_refused, refusal, sandbox_command

USER = f"arn:aws:iam::{ACCOUNT}:user/sandbox"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.fixture
def operated(tmp_path):
    """Starts a sandbox whose operator may do what the statements say; ends it afterwards."""
    started = []

    def start(*statements):
        file = tmp_path / "policy.json"
        file.write_text(policy(*statements))
        started.append(Running("--operator-policy", str(file)))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def limited(operated):
    return operated(allow("s3:CreateBucket", "arn:aws:s3:::mine-*"), allow("iam:CreateOpenIDConnectProvider"), allow("iam:GetRole"))


def admin(running, service, door="plain"):
    keys = running.admin_env
    return running.client(service, door, key=keys["AWS_ACCESS_KEY_ID"], secret=keys["AWS_SECRET_ACCESS_KEY"])


def test_the_operator_may_what_the_policy_allows_and_nothing_else(limited):
    s3, iam = limited.client("s3"), limited.client("iam")
    s3.create_bucket(Bucket="mine-one")
    because = "because no identity-based policy allows the"
    expected = ("AccessDenied", 403, f'User: {USER} is not authorized to perform: s3:CreateBucket on resource: "arn:aws:s3:::other" {because} s3:CreateBucket action')
    assert_refused(expected, s3.create_bucket, Bucket="other")
    assert refusal(s3.delete_bucket, Bucket="mine-one")[0] == "AccessDenied"
    create = {"Url": "https://operator.example.com", "ThumbprintList": [THUMBPRINT]}
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/operator.example.com"
    expected = ("AccessDenied", 403, f"User: {USER} is not authorized to perform: iam:TagOpenIDConnectProvider on resource: {arn} {because} iam:TagOpenIDConnectProvider action")
    assert_refused(expected, iam.create_open_id_connect_provider, **create, Tags=[{"Key": "a", "Value": "b"}])
    assert iam.create_open_id_connect_provider(**create)["OpenIDConnectProviderArn"] == arn
    expected = ("AccessDenied", 403, f"User: {USER} is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::{ACCOUNT}:role/p/r {because} iam:CreateRole action")
    assert_refused(expected, iam.create_role, RoleName="r", Path="/p/", AssumeRolePolicyDocument=policy())
    assert refusal(iam.get_role, RoleName="r")[0] == "NoSuchEntity"
    # "No permissions are required to perform this operation."
    assert limited.client("sts").get_caller_identity()["Arn"] == USER


def test_a_second_key_may_do_everything(limited):
    assert set(limited.admin_env) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert limited.admin_env["AWS_ACCESS_KEY_ID"] != limited.env["AWS_ACCESS_KEY_ID"]
    assert admin(limited, "sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/admin"
    admin(limited, "s3").create_bucket(Bucket="other")
    control = admin(limited, "s3control", "proxy")
    assert refusal(control.get_public_access_block, AccountId=ACCOUNT)[0] == "NoSuchPublicAccessBlockConfiguration"
    control = limited.client("s3control", "proxy")
    expected = ("AccessDenied", 403, f"User: {USER} is not authorized to perform: s3:GetAccountPublicAccessBlock because no identity-based policy allows")
    assert_refused(expected, control.get_public_access_block, AccountId=ACCOUNT)


def test_a_buckets_policy_may_allow_the_operator_by_name(operated):
    running = operated(allow("s3:ListAllMyBuckets"))
    s3, operator = admin(running, "s3"), running.client("s3")
    s3.create_bucket(Bucket="shared")
    assert refusal(operator.put_object, Bucket="shared", Key="k", Body=b"x")[0] == "AccessDenied"
    named = {**allow("s3:PutObject", "arn:aws:s3:::shared/*"), "Principal": {"AWS": USER}}
    s3.put_bucket_policy(Bucket="shared", Policy=policy(named))
    operator.put_object(Bucket="shared", Key="k", Body=b"x")


def test_a_deny_is_told_as_one(operated):
    running = operated(allow("*"), {**allow("s3:DeleteBucket"), "Effect": "Deny"})
    s3 = running.client("s3")
    s3.create_bucket(Bucket="kept")
    why = "is not authorized to perform: s3:DeleteBucket on resource: \"arn:aws:s3:::kept\" with an explicit deny in an identity-based policy"
    assert_refused(("AccessDenied", 403, why), s3.delete_bucket, Bucket="kept")


def test_without_a_policy_there_is_no_second_key(sandbox):
    assert sandbox.admin_env is None
    keys = {"key": "SANDBOXEXAMPLEADMIN0", "secret": "sandbox-example-admin-no-real-secret-000"}
    assert refusal(sandbox.client("iam", **keys).list_roles)[0] == "InvalidClientTokenId"


@pytest.mark.parametrize("text", [
    "", "no json", "[]", "{}", policy(), policy({"Effect": "Allow", "Action": "s3:*"}),
    policy({**allow("s3:*"), "Principal": "*"}), policy(allow("noservice")),
])
def test_a_policy_that_iam_would_not_take_ends_it(tmp_path, text):
    file = tmp_path / "policy.json"
    file.write_text(text)
    done = subprocess.run(sandbox_command("--operator-policy", str(file)), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "endpoint" not in done.stdout, done
    assert "the operator policy is none that IAM takes" in done.stderr
