"""Users of IAM: made, given keys and policies, and what they may do then."""

import itertools
import json
import re

import pytest
from conftest import ACCOUNT, Running, assert_refused, refusal

NUMBERS = itertools.count(1)
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
LIST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}]})


@pytest.fixture
def user(iam):
    name = f"user-{next(NUMBERS)}"
    iam.create_user(UserName=name)
    yield name
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for one in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=one)
    for one in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=one["PolicyArn"])
    iam.delete_user(UserName=name)


def client(running, door, service, key):
    return running.client(service, door, key=key["AccessKeyId"], secret=key["SecretAccessKey"])


@pytest.mark.table("success")
def test_a_user_is_made_shown_and_listed(iam):
    name = f"user-{next(NUMBERS)}"
    tags = [{"Key": "team", "Value": "a"}]
    made = iam.create_user(UserName=name, Path="/people/", Tags=tags, PermissionsBoundary=READ_ONLY)["User"]
    try:
        assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/people/{name}" and re.fullmatch(r"AIDA[A-Z0-9]{17}", made["UserId"])
        assert iam.get_user(UserName=name)["User"] == made and made["Tags"] == tags
        assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
        [listed] = iam.list_users(PathPrefix="/people/")["Users"]
        assert sorted(listed) == sorted(set(made) - {"Tags", "PermissionsBoundary"})
    finally:
        iam.delete_user(UserName=name)
    assert_refused(("NoSuchEntity", 404, f"The user with name {name} cannot be found."), iam.get_user, UserName=name)


def test_who_asks_without_a_name_asks_for_itself(iam, user, sandbox, door):
    assert iam.get_user()["User"]["UserName"] == "sandbox"
    key = iam.create_access_key(UserName=user)["AccessKey"]
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=LIST)
    [listed] = client(sandbox, door, "iam", key).list_access_keys()["AccessKeyMetadata"]
    assert (listed["UserName"], listed["AccessKeyId"]) == (user, key["AccessKeyId"]) and "SecretAccessKey" not in listed


@pytest.mark.table("success")
def test_a_key_may_do_what_the_users_policies_allow(iam, user, sandbox, door):
    key = iam.create_access_key(UserName=user)["AccessKey"]
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key["AccessKeyId"]) and len(key["SecretAccessKey"]) == 40
    own = client(sandbox, door, "iam", key)
    who = client(sandbox, door, "sts", key).get_caller_identity()
    assert (who["Arn"], who["UserId"]) == (f"arn:aws:iam::{ACCOUNT}:user/{user}", iam.get_user(UserName=user)["User"]["UserId"])
    expected = ("AccessDenied", 403, f"User: arn:aws:iam::{ACCOUNT}:user/{user} is not authorized to perform: iam:ListUsers on resource")
    assert_refused(expected, own.list_users)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=LIST)
    own.list_users()
    s3 = client(sandbox, door, "s3", key)
    assert refusal(s3.list_buckets)[0] == "AccessDenied"
    iam.attach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    s3.list_buckets()
    iam.detach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    assert refusal(s3.list_buckets)[0] == "AccessDenied"
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    assert refusal(own.list_users)[0] == "InvalidClientTokenId"
    assert refusal(s3.list_buckets)[0] == "InvalidAccessKeyId"


def test_a_boundary_bounds_a_user(iam, sandbox):
    name = f"user-{next(NUMBERS)}"
    iam.create_user(UserName=name, PermissionsBoundary=READ_ONLY)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    client(sandbox, "plain", "s3", key).list_buckets()
    denied = refusal(client(sandbox, "plain", "iam", key).list_users)
    assert denied[0] == "AccessDenied" and "no permissions boundary allows the iam:ListUsers action" in denied[2]


def test_another_secret_is_no_signature(iam, user, sandbox, door):
    key = iam.create_access_key(UserName=user)["AccessKey"]
    wrong = {**key, "SecretAccessKey": "x" * 40}
    assert refusal(client(sandbox, door, "iam", wrong).list_users)[0] == "SignatureDoesNotMatch"
    assert refusal(client(sandbox, door, "s3", wrong).list_buckets)[0] == "SignatureDoesNotMatch"


REFUSED = [
    ("create_user", {"UserName": "NAME"}, ("EntityAlreadyExists", 409, "User with name NAME already exists.")),
    ("create_user", {"UserName": "sandbox"}, ("EntityAlreadyExists", 409, "User with name sandbox already exists.")),
    ("create_user", {"UserName": "a b"}, ("ValidationError", 400, "The specified value for userName is invalid.")),
    ("create_user", {"UserName": "x" * 65}, ("ValidationError", 400, "Member must have length less than or equal to 64")),
    ("create_user", {"UserName": "b", "PermissionsBoundary": "arn:aws:iam::aws:policy/Nothing"}, ("NoSuchEntity", 404, "does not exist or is not attachable")),
    ("get_user_policy", {"UserName": "NAME", "PolicyName": "b"}, ("NoSuchEntity", 404, "The user policy with name b cannot be found.")),
    ("put_user_policy", {"UserName": "NAME", "PolicyName": "b", "PolicyDocument": "{}"}, ("MalformedPolicyDocument", 400, "")),
    ("put_user_policy", {"UserName": "NAME", "PolicyName": "b", "PolicyDocument": LIST.replace("iam:List*", "iam:" + "L" * 2000)}, ("LimitExceeded", 409, "Maximum policy size of 2048 bytes exceeded for user NAME")),
    ("attach_user_policy", {"UserName": "NAME", "PolicyArn": "arn:aws:iam::aws:policy/Nothing"}, ("NoSuchEntity", 404, "does not exist or is not attachable")),
    ("detach_user_policy", {"UserName": "NAME", "PolicyArn": READ_ONLY}, ("NoSuchEntity", 404, f"Policy {READ_ONLY} was not found.")),
    ("create_access_key", {"UserName": "nobody"}, ("NoSuchEntity", 404, "The user with name nobody cannot be found.")),
    ("delete_access_key", {"UserName": "NAME", "AccessKeyId": "AKIANOBODYSKEY000000"}, ("NoSuchEntity", 404, "The Access Key with id AKIANOBODYSKEY000000 cannot be found.")),
    ("delete_user", {"UserName": "sandbox"}, ("NoSuchEntity", 404, "The user with name sandbox cannot be found.")),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_wrong_is_refused(iam, user, number):
    operation, settings, (code, status, words) = REFUSED[number]
    settings = {key: value.replace("NAME", user) for key, value in settings.items()}
    assert_refused((code, status, words.replace("NAME", user)), getattr(iam, operation), **settings)


def test_what_hangs_on_a_user_keeps_it(iam, user):
    key = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    iam.create_access_key(UserName=user)
    assert_refused(("LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2"), iam.create_access_key, UserName=user)
    expected = ("DeleteConflict", 409, "Cannot delete entity, must remove tokens from principal first.")
    assert_refused(expected, iam.delete_user, UserName=user)
    for one in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=one["AccessKeyId"])
    assert key not in str(iam.list_access_keys(UserName=user))
    iam.attach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    expected = ("DeleteConflict", 409, "Cannot delete entity, must detach all policies first.")
    assert_refused(expected, iam.delete_user, UserName=user)
    iam.detach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=LIST)
    assert_refused(("DeleteConflict", 409, "Cannot delete entity, must delete policies first."), iam.delete_user, UserName=user)


def test_users_and_their_keys_are_kept(tmp_path):
    first = Running("--state", str(tmp_path / "state"))
    iam = first.client("iam")
    iam.create_user(UserName="kept")
    key = iam.create_access_key(UserName="kept")["AccessKey"]
    iam.put_user_policy(UserName="kept", PolicyName="p", PolicyDocument=LIST)
    first.stop()
    again = Running("--state", str(tmp_path / "state"))
    try:
        assert [one["UserName"] for one in client(again, "plain", "iam", key).list_users()["Users"]] == ["kept"]
    finally:
        again.stop()
