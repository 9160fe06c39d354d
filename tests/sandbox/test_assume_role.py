"""AssumeRole: whom a role trusts, and what the caller's own policies have to say to it."""

import itertools
import json
import re
import time

import pytest
from conftest import ACCOUNT, assert_refused, refusal

NUMBERS = itertools.count(1)
IAM = f"arn:aws:iam::{ACCOUNT}"
SANDBOX = f"{IAM}:user/sandbox"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal, **more):
    return document({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more})


@pytest.fixture
def iam(sandbox):
    return sandbox.client("iam")


@pytest.fixture
def make(iam):
    """Makes roles under a path, and takes them away again."""
    made = []

    def role(document, **more):
        name = f"assumed-{next(NUMBERS)}"
        made.append(name)
        return iam.create_role(RoleName=name, Path="/team/", AssumeRolePolicyDocument=document, **more)["Role"]["Arn"]

    yield role
    for name in made:
        for one in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=one)
        iam.delete_role(RoleName=name)


@pytest.fixture
def user(sandbox, iam):
    """A user who may nothing, with a key."""
    name = f"assuming-{next(NUMBERS)}"
    iam.create_user(UserName=name, Path="/team/")
    key = iam.create_access_key(UserName=name)["AccessKey"]
    client = lambda service: sandbox.client(service, key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    yield name, client
    for one in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=one)
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def session(sandbox, door, credentials, service):
    keys = {"key": credentials["AccessKeyId"], "secret": credentials["SecretAccessKey"], "token": credentials["SessionToken"]}
    return sandbox.client(service, door, **keys)


def not_authorized(who, arn):
    return "AccessDenied", 403, f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}"


@pytest.mark.table("success")
def test_a_role_is_assumed_and_its_policies_count(sandbox, door, make, iam):
    arn = make(trust(ACCOUNT))
    name = arn.rsplit("/", 1)[1]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document({"Effect": "Allow", "Action": "iam:GetRole", "Resource": arn}))
    before = time.time()
    got = sandbox.client("sts", door).assume_role(RoleArn=arn, RoleSessionName="ops", DurationSeconds=900)
    assert got["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/ops"
    assert re.fullmatch(r"AROA[A-Z0-9]{17}:ops", got["AssumedRoleUser"]["AssumedRoleId"]) and "PackedPolicySize" not in got
    assert before + 898 <= got["Credentials"]["Expiration"].timestamp() <= time.time() + 901
    assert session(sandbox, door, got["Credentials"], "sts").get_caller_identity()["Arn"] == got["AssumedRoleUser"]["Arn"]
    client = session(sandbox, door, got["Credentials"], "iam")
    assert client.get_role(RoleName=name)["Role"]["Arn"] == arn
    assert refusal(client.delete_role, RoleName=name)[0] == "AccessDenied"


def test_a_session_policy_bounds_it(sandbox, make, iam):
    arn = make(trust(ACCOUNT))
    everything = document({"Effect": "Allow", "Action": "iam:*", "Resource": "*"})
    iam.put_role_policy(RoleName=arn.rsplit("/", 1)[1], PolicyName="p", PolicyDocument=everything)
    only = document({"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"})
    got = sandbox.client("sts").assume_role(RoleArn=arn, RoleSessionName="ops", Policy=only)
    assert 0 < got["PackedPolicySize"] < 100
    client = session(sandbox, "plain", got["Credentials"], "iam")
    client.list_users()
    assert "no session policy allows the iam:ListRoles action" in refusal(client.list_roles)[2]


# Trust policies, and whether they let the sandbox's own user in.
TRUSTS = [
    (trust(ACCOUNT), True), (trust(f"{IAM}:root"), True), (trust(SANDBOX), True), (trust([SANDBOX, "999999999999"]), True),
    (trust("999999999999"), False), (trust("arn:aws:iam::999999999999:root"), False),
    (document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}), False),
    (document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:TagSession"}), False),
    (trust(ACCOUNT, Condition={"StringEquals": {"sts:ExternalId": "secret"}}), False),
    (trust(ACCOUNT, Condition={"StringEquals": {"sts:RoleSessionName": "other"}}), False),
    (trust(ACCOUNT, Condition={"StringEquals": {"sts:RoleSessionName": "ops", "aws:PrincipalArn": SANDBOX}}), True),
]


@pytest.mark.parametrize("number", range(len(TRUSTS)))
def test_whom_the_trust_policy_allows(sandbox, make, number):
    text, allowed = TRUSTS[number]
    arn, sts = make(text), sandbox.client("sts")
    if allowed:
        sts.assume_role(RoleArn=arn, RoleSessionName="ops")
    else:
        assert_refused(not_authorized(SANDBOX, arn), sts.assume_role, RoleArn=arn, RoleSessionName="ops")


def test_an_external_id_opens_what_asks_for_it(sandbox, make):
    arn, sts = make(trust(ACCOUNT, Condition={"StringEquals": {"sts:ExternalId": "secret"}})), sandbox.client("sts")
    sts.assume_role(RoleArn=arn, RoleSessionName="ops", ExternalId="secret")
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="ops", ExternalId="other")[0] == "AccessDenied"


def test_a_denial_in_the_trust_policy_decides(sandbox, make):
    denies = {"Effect": "Deny", "Principal": {"AWS": SANDBOX}, "Action": "sts:AssumeRole"}
    allows = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    arn = make(document(allows, denies))
    expected = ("AccessDenied", 403, "with an explicit deny in a resource-based policy")
    assert_refused(expected, sandbox.client("sts").assume_role, RoleArn=arn, RoleSessionName="ops")


def test_a_user_who_is_not_named_needs_a_policy_of_its_own(make, iam, user):
    name, client = user
    who = f"{IAM}:user/team/{name}"
    of_account, by_name = make(trust(ACCOUNT)), make(trust(who))
    sts = client("sts")
    # Named itself it needs no more.
    sts.assume_role(RoleArn=by_name, RoleSessionName="ops")
    code, status, words = not_authorized(who, of_account)
    expected = (code, status, f"{words} because no identity-based policy allows the sts:AssumeRole action")
    assert_refused(expected, sts.assume_role, RoleArn=of_account, RoleSessionName="ops")
    may = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": of_account})
    iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=may)
    sts.assume_role(RoleArn=of_account, RoleSessionName="ops")


def test_a_role_assumes_another_for_an_hour_at_most(sandbox, make, iam):
    first = make(trust(ACCOUNT))
    second = make(trust(first), MaxSessionDuration=7200)
    got = sandbox.client("sts").assume_role(RoleArn=first, RoleSessionName="ops")
    sts = session(sandbox, "plain", got["Credentials"], "sts")
    sts.assume_role(RoleArn=second, RoleSessionName="chained")
    expected = ("ValidationError", 400, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
    assert_refused(expected, sts.assume_role, RoleArn=second, RoleSessionName="chained", DurationSeconds=3601)
    assert refusal(sts.assume_role, RoleArn=first, RoleSessionName="ops")[0] == "AccessDenied"


REFUSED = [
    ({"RoleArn": f"{IAM}:role/team/nobody"}, ("AccessDenied", 403, f"perform: sts:AssumeRole on resource: {IAM}:role/team/nobody")),
    # The path counts, and the account.
    ({"RoleArn": f"{IAM}:role/NAME"}, ("AccessDenied", 403, "perform: sts:AssumeRole on resource")),
    ({"RoleArn": "arn:aws:iam::999999999999:role/team/NAME"}, ("AccessDenied", 403, "perform: sts:AssumeRole on resource")),
    ({"RoleArn": f"{IAM}:user/sandbox"}, ("ValidationError", 400, f"{IAM}:user/sandbox is invalid")),
    ({"DurationSeconds": 3601}, ("ValidationError", 400, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")),
    ({"DurationSeconds": 899}, ("ValidationError", 400, "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900")),
    ({"RoleSessionName": "a b"}, ("ValidationError", 400, "Member must satisfy regular expression pattern")),
    ({"Policy": "{}"}, ("MalformedPolicyDocument", 400, "")),
    ({"Tags": [{"Key": "a", "Value": "b"}]}, ("NotImplemented", 501, "The sandbox does not take the parameter Tags.")),
    ({"PolicyArns": [{"arn": f"{IAM}:policy/a"}]}, ("NotImplemented", 501, "The sandbox does not take the parameter PolicyArns.")),
    ({"SourceIdentity": "me"}, ("NotImplemented", 501, "The sandbox does not take the parameter SourceIdentity.")),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_wrong_is_refused(sandbox, make, number):
    changed, expected = REFUSED[number]
    arn = make(trust(ACCOUNT))
    changed = {key: value.replace("NAME", arn.rsplit("/", 1)[1]) if key == "RoleArn" else value for key, value in changed.items()}
    # What the client would refuse itself is for STS to refuse.
    sts = sandbox.client("sts", parameter_validation=False)
    assert_refused(expected, sts.assume_role, **{"RoleArn": arn, "RoleSessionName": "ops", **changed})


def test_a_session_ends_with_its_role(sandbox, iam, make):
    arn = make(trust(ACCOUNT))
    got = sandbox.client("sts").assume_role(RoleArn=arn, RoleSessionName="ops")
    sts, name = session(sandbox, "plain", got["Credentials"], "sts"), arn.rsplit("/", 1)[1]
    sts.get_caller_identity()
    iam.delete_role(RoleName=name)
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    iam.create_role(RoleName=name, Path="/team/", AssumeRolePolicyDocument=trust(ACCOUNT))
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"
