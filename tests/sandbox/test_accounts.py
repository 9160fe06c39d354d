"""Several accounts: each has an IAM of its own, one has the buckets, and roles are assumed across them."""

import json
import os
import subprocess

import pytest
from conftest import ACCOUNT, THUMBPRINT, Running, assert_refused, refusal, sandbox_command
from issuers import in_bucket, make_key

OTHER, THIRD = "222222222222", "333333333333"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal):
    return document({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})


def allow(action, resource="*"):
    return document({"Effect": "Allow", "Action": action, "Resource": resource})


def client(running, account, service, door="plain"):
    keys = running.accounts[account]
    return running.client(service, door, key=keys["AWS_ACCESS_KEY_ID"], secret=keys["AWS_SECRET_ACCESS_KEY"])


def session(running, credentials, service):
    keys = {"key": credentials["AccessKeyId"], "secret": credentials["SecretAccessKey"], "token": credentials["SessionToken"]}
    return running.client(service, **keys)


@pytest.fixture(scope="module")
def three():
    running = Running("--account", OTHER, "--account", THIRD)
    yield running
    running.stop()


def test_each_account_has_an_iam_of_its_own(three, door):
    assert sorted(three.accounts) == [OTHER, THIRD]
    clients = {ACCOUNT: three.client("iam", door), **{id: client(three, id, "iam", door) for id in [OTHER, THIRD]}}
    for id, iam in clients.items():
        made = iam.create_role(RoleName=f"same-{door}", AssumeRolePolicyDocument=trust(id))["Role"]
        assert made["Arn"] == f"arn:aws:iam::{id}:role/same-{door}"
        made = iam.create_open_id_connect_provider(Url=f"https://{door}.example.com", ThumbprintList=[THUMBPRINT])
        assert made["OpenIDConnectProviderArn"] == f"arn:aws:iam::{id}:oidc-provider/{door}.example.com"
    ids = {iam.get_role(RoleName=f"same-{door}")["Role"]["RoleId"] for iam in clients.values()}
    assert len(ids) == 3
    clients[OTHER].delete_role(RoleName=f"same-{door}")
    assert refusal(clients[OTHER].get_role, RoleName=f"same-{door}")[0] == "NoSuchEntity"
    clients[THIRD].get_role(RoleName=f"same-{door}")
    who = client(three, OTHER, "sts", door).get_caller_identity()
    assert (who["Account"], who["Arn"]) == (OTHER, f"arn:aws:iam::{OTHER}:user/sandbox")


def test_a_role_of_another_account_is_assumed_when_both_allow_it(three):
    iam, theirs, sts = three.client("iam"), client(three, OTHER, "iam"), three.client("sts")
    user = f"arn:aws:iam::{ACCOUNT}:user/sandbox"
    arn = theirs.create_role(RoleName="crossed", AssumeRolePolicyDocument=trust(f"arn:aws:iam::{ACCOUNT}:root"))["Role"]["Arn"]
    theirs.put_role_policy(RoleName="crossed", PolicyName="p", PolicyDocument=allow("iam:ListUsers"))
    got = sts.assume_role(RoleArn=arn, RoleSessionName="ops")
    assert got["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{OTHER}:assumed-role/crossed/ops"
    who = session(three, got["Credentials"], "sts").get_caller_identity()
    assert (who["Account"], who["Arn"]) == (OTHER, got["AssumedRoleUser"]["Arn"])
    # It is of that account, and sees its users.
    theirs.create_user(UserName="theirs")
    assert [one["UserName"] for one in session(three, got["Credentials"], "iam").list_users()["Users"]] == ["theirs"]
    assert refusal(client(three, THIRD, "sts").assume_role, RoleArn=arn, RoleSessionName="ops")[0] == "AccessDenied"
    theirs.update_assume_role_policy(RoleName="crossed", PolicyDocument=trust(OTHER))
    expected = ("AccessDenied", 403, f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {arn}")
    assert_refused(expected, sts.assume_role, RoleArn=arn, RoleSessionName="ops")
    # Across accounts a name in the trust policy is not enough.
    iam.create_user(UserName="ours")
    key = iam.create_access_key(UserName="ours")["AccessKey"]
    ours = three.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    theirs.update_assume_role_policy(RoleName="crossed", PolicyDocument=trust(f"arn:aws:iam::{ACCOUNT}:user/ours"))
    denied = refusal(ours.assume_role, RoleArn=arn, RoleSessionName="ops")
    assert denied[0] == "AccessDenied" and "no identity-based policy allows" in denied[2]
    iam.put_user_policy(UserName="ours", PolicyName="p", PolicyDocument=allow("sts:AssumeRole", arn))
    ours.assume_role(RoleArn=arn, RoleSessionName="ops")


def test_an_issuer_in_the_first_accounts_bucket_serves_all(three):
    issuer = in_bucket(f"accounts-{os.getpid()}", make_key())
    issuer.publish(three.client("s3"), issuer.name.split(".")[0])
    theirs, sts = client(three, OTHER, "iam"), three.client("sts")
    issuer.arn = issuer.register(theirs)
    assert issuer.arn.startswith(f"arn:aws:iam::{OTHER}:oidc-provider/")
    arn = theirs.create_role(RoleName="pod", AssumeRolePolicyDocument=issuer.trust())["Role"]["Arn"]
    ask = {"RoleSessionName": "pod", "WebIdentityToken": issuer.token()}
    got = sts.assume_role_with_web_identity(RoleArn=arn, **ask)
    assert got["Provider"] == issuer.arn
    assert session(three, got["Credentials"], "sts").get_caller_identity()["Account"] == OTHER
    # The provider of one account is none of another's.
    theirs = client(three, THIRD, "iam")
    arn = theirs.create_role(RoleName="pod", AssumeRolePolicyDocument=issuer.trust())["Role"]["Arn"]
    assert refusal(sts.assume_role_with_web_identity, RoleArn=arn, **ask)[0] == "InvalidIdentityToken"


def test_the_buckets_are_the_first_accounts(three):
    expected = ("NotImplemented", 501, f"The sandbox's buckets are account {ACCOUNT}'s, and open to no other one.")
    assert_refused(expected, client(three, OTHER, "s3").list_buckets)
    control = client(three, OTHER, "s3control", "proxy")
    assert refusal(control.get_public_access_block, AccountId=OTHER)[0] == "NoSuchPublicAccessBlockConfiguration"
    assert refusal(control.get_public_access_block, AccountId=ACCOUNT)[0] == "AccessDenied"


def test_every_account_is_kept(tmp_path):
    words = ["--state", str(tmp_path / "state"), "--account", OTHER]
    first = Running(*words)
    client(first, OTHER, "iam").create_role(RoleName="kept", AssumeRolePolicyDocument=trust(OTHER))
    first.stop()
    again = Running(*words)
    try:
        client(again, OTHER, "iam").get_role(RoleName="kept")
        assert refusal(again.client("iam").get_role, RoleName="kept")[0] == "NoSuchEntity"
    finally:
        again.stop()


@pytest.mark.parametrize("ids,told", [
    (["12345678901"], "`12345678901` is not an AWS account"), ([ACCOUNT], f"account {ACCOUNT} is named twice"),
    ([OTHER, OTHER], f"account {OTHER} is named twice"), (["../../../../x"], "is not an AWS account"),
])
def test_accounts_that_are_none(tmp_path, ids, told):
    words = [word for id in ids for word in ["--account", id]]
    done = subprocess.run(sandbox_command("--state", str(tmp_path), *words), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and told in done.stderr, done
