"""Roles, what hangs on them, and managed policies, as IAM keeps them."""

import itertools
import json
import re

import pytest
from conftest import ACCOUNT, Running, assert_refused

NUMBERS = itertools.count(1)
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com"


def trust(**changed):
    statement = {
        "Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"oidc.example.com:aud": "sts.amazonaws.com"}}, **changed,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [{key: value for key, value in statement.items() if value}]})


def identity(**changed):
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", **changed}
    return json.dumps({"Version": "2012-10-17", "Statement": [{key: value for key, value in statement.items() if value}]})


def of_size(characters):
    """An identity policy of this many characters, white space not counted."""
    return identity(Sid="x" * (characters - len(identity(Sid="x").replace(" ", "")) + 1))


@pytest.fixture
def role_name():
    return f"role-{next(NUMBERS)}"


@pytest.fixture
def role(iam, role_name):
    iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=trust())
    yield role_name
    remove(iam, role_name)


@pytest.fixture
def policy(iam):
    arn = iam.create_policy(PolicyName=f"policy-{next(NUMBERS)}", PolicyDocument=identity())["Policy"]["Arn"]
    yield arn
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def remove(iam, name):
    for one in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=one)
    for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=one["PolicyArn"])
    iam.delete_role(RoleName=name)


# Roles.


@pytest.mark.table("success")
def test_a_role_is_made_shown_and_listed(iam, role_name):
    tags = [{"Key": "Cluster", "Value": "one"}]
    document = trust()
    created = iam.create_role(
        RoleName=role_name, Path="/issuerctl/one/", AssumeRolePolicyDocument=document, Description="for a test",
        MaxSessionDuration=43200, PermissionsBoundary=READ_ONLY, Tags=tags,
    )["Role"]
    arn = f"arn:aws:iam::{ACCOUNT}:role/issuerctl/one/{role_name}"
    assert created["Arn"] == arn and re.fullmatch(r"AROA[A-Z0-9]{17}", created["RoleId"])
    assert created["AssumeRolePolicyDocument"] == json.loads(document) and created["Tags"] == tags
    try:
        got = iam.get_role(RoleName=role_name)["Role"]
        assert got["Path"] == "/issuerctl/one/" and got["MaxSessionDuration"] == 43200
        assert got["AssumeRolePolicyDocument"] == json.loads(document)
        boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": READ_ONLY}
        assert got["PermissionsBoundary"] == boundary and got["Tags"] == tags and got["RoleLastUsed"] == {}
        [listed] = iam.list_roles(PathPrefix="/issuerctl/one/")["Roles"]
        # Neither tags nor boundary, as AWS has it.
        assert sorted(listed) == sorted(set(got) - {"Tags", "PermissionsBoundary", "RoleLastUsed"})
        assert not iam.list_roles(PathPrefix="/issuerctl/two/")["Roles"]
    finally:
        iam.delete_role(RoleName=role_name)
    assert_refused(("NoSuchEntity", 404, f"The role with name {role_name} cannot be found."), iam.get_role, RoleName=role_name)


def test_a_later_role_of_the_name_is_another_one(iam, role_name):
    ids = set()
    for _ in range(2):
        ids.add(iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=trust())["Role"]["RoleId"])
        iam.delete_role(RoleName=role_name)
    assert len(ids) == 2


def test_what_is_not_said_has_its_default(iam, role):
    got = iam.get_role(RoleName=role)["Role"]
    assert got["Path"] == "/" and got["MaxSessionDuration"] == 3600
    assert not {"Description", "PermissionsBoundary", "Tags"} & set(got)


def test_roles_are_listed_in_pages(iam):
    names = [f"paged-{next(NUMBERS):04}" for _ in range(5)]
    for name in names:
        iam.create_role(RoleName=name, Path="/paged/", AssumeRolePolicyDocument=trust())
    try:
        pages = iam.get_paginator("list_roles").paginate(PathPrefix="/paged/", PaginationConfig={"PageSize": 2})
        pages = [[one["RoleName"] for one in page["Roles"]] for page in pages]
        assert [len(page) for page in pages] == [2, 2, 1] and sum(pages, []) == names
    finally:
        for name in names:
            iam.delete_role(RoleName=name)


@pytest.mark.table("refusal")
def test_a_thousand_roles_and_not_one_more(tmp_path):
    """They are read from a state, which is quicker than to make them."""
    one = {
        "path": "/", "id": "AROAEXAMPLE0000000000", "created": "2026-01-01T00:00:00Z", "description": None, "trust": trust(),
        "max_session": 3600, "boundary": None, "tags": {}, "inline": {}, "attached": [],
    }
    roles = {f"r{number:04}": one for number in range(1000)}
    state = {"buckets": {}, "account_block": None, "providers": {}, "roles": roles, "policies": {}}
    saved = {"version": 1, "account": ACCOUNT, "partition": "aws", "next_thing": 1, "state": state}
    (tmp_path / "state.json").write_text(json.dumps(saved))
    running = Running("--state", str(tmp_path))
    try:
        iam = running.client("iam")
        pages = list(iam.get_paginator("list_roles").paginate())
        assert [len(page["Roles"]) for page in pages] == [100] * 10
        assert [one["RoleName"] for page in pages for one in page["Roles"]] == sorted(roles)
        expected = ("LimitExceeded", 409, "Cannot exceed quota for RolesPerAccount: 1000")
        assert_refused(expected, iam.create_role, RoleName="more", AssumeRolePolicyDocument=trust())
    finally:
        running.stop()


MALFORMED = [
    ("not json", "This policy contains invalid Json"),
    ("[]", "Syntax errors in policy."),
    ('{"Statement": []}', "Syntax errors in policy."),
    ('{"Version": "2012-10-17", "Statement": [], "Extra": 1}', "Syntax errors in policy."),
    (trust(Principal=None), "Missing required field Principal"),
    (trust(Resource="*"), "Has prohibited field Resource"),
    (trust(Action="s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
    (trust(Principal={"Federated": "*"}), 'Invalid principal in policy: "FEDERATED":"*"'),
    (trust(Principal={"Federated": PROVIDER.replace("arn:aws:", "arn:aws-cn:")}), 'Invalid principal in policy: "FEDERATED"'),
    (trust(Principal={"Federated": "oidc.example.com"}), 'Invalid principal in policy: "FEDERATED":"oidc.example.com"'),
    (trust(Principal={"AWS": "somebody"}), 'Invalid principal in policy: "AWS":"somebody"'),
    (trust(Sid="with space"), "Sid"),
    (trust(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/nonexistent"}), f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT}:role/nonexistent"'),
    (trust(Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/nonexistent/pod"}), 'Invalid principal in policy: "AWS":"arn:aws:sts'),
    (trust(Principal={"AWS": "arn:aws:iam::999:root"}), 'Invalid principal in policy: "AWS":"arn:aws:iam::999:root"'),
    (trust(Principal={"Service": "not.a.service"}), 'Invalid principal in policy: "SERVICE":"not.a.service"'),
    (trust(Principal={"CanonicalUser": "a" * 64}), 'Invalid principal in policy: "CANONICALUSER"'),
    (trust(Principal=None, NotPrincipal={"AWS": ACCOUNT}), "Allow with NotPrincipal is not allowed."),
    (trust(Principal=None, NotPrincipal={"AWS": ACCOUNT}, Effect="Deny"), "AssumeRole policy must not contain NotPrincipal field."),
    (trust(Action="sts:GetCallerIdentity"), "AssumeRole policy may only specify STS AssumeRole actions."),
    (trust(Action=["sts:AssumeRole", "sts:Get*"]), "AssumeRole policy may only specify STS AssumeRole actions."),
    (trust(Action=None, NotAction="sts:AssumeRole"), "AssumeRole policy may only specify STS AssumeRole actions."),
    (trust(Condition={"StringEqual": {"oidc.example.com:aud": "sts.amazonaws.com"}}), "Syntax errors in policy."),
    (trust(Condition={"ForAnyValues:StringEquals": {"oidc.example.com:aud": "sts.amazonaws.com"}}), "Syntax errors in policy."),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("document,words", MALFORMED, ids=range(len(MALFORMED)))
def test_trust_policies_are_read(iam, role, role_name, document, words):
    expected = ("MalformedPolicyDocument", 400, words)
    assert_refused(expected, iam.create_role, RoleName=f"{role_name}-b", AssumeRolePolicyDocument=document)
    assert_refused(expected, iam.update_assume_role_policy, RoleName=role, PolicyDocument=document)
    assert iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == json.loads(trust())


NAME = "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
PATH = "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
LONG = "a" * 65
CREATE = [
    ({"RoleName": "a b"}, ("ValidationError", 400, NAME)),
    ({"RoleName": "a/b"}, ("ValidationError", 400, NAME)),
    ({"RoleName": LONG}, ("ValidationError", 400, f"1 validation error detected: Value '{LONG}' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64")),
    ({"Path": "no-slash"}, ("ValidationError", 400, PATH)),
    ({"Path": "/a b/"}, ("ValidationError", 400, PATH)),
    ({"Path": "/" + "a" * 511 + "/"}, ("ValidationError", 400, "at 'path' failed to satisfy constraint: Member must have length less than or equal to 512")),
    ({"MaxSessionDuration": 3599}, ("ValidationError", 400, "Value '3599' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600")),
    ({"MaxSessionDuration": 43201}, ("ValidationError", 400, "Value '43201' at 'maxSessionDuration' failed to satisfy constraint: Member must have value less than or equal to 43200")),
    ({"Description": "a" * 1001}, ("ValidationError", 400, "at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000")),
    ({"PermissionsBoundary": "arn:aws:iam::aws:policy/NoSuchPolicy"}, ("NoSuchEntity", 404, "does not exist or is not attachable.")),
    ({"PermissionsBoundary": "no-arn-but-long-enough-for-one"}, ("InvalidInput", 400, "ARN no-arn-but-long-enough-for-one is not valid.")),
    ({"Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]}, ("InvalidInput", 400, "Duplicate tag keys found.")),
    ({"AssumeRolePolicyDocument": trust(Sid="x" * 2048)}, ("LimitExceeded", 409, "Cannot exceed quota for ACLSizePerRole: 2048")),
    ({"AssumeRolePolicyDocument": trust(Sid="SID").replace("SID", "€")}, ("ValidationError", 400, "It must contain only printable ASCII characters.")),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("settings,expected", CREATE, ids=range(len(CREATE)))
def test_what_a_role_may_not_be(sandbox, door, role_name, settings, expected):
    iam = sandbox.client("iam", door, parameter_validation=False)
    settings = {"RoleName": role_name, "AssumeRolePolicyDocument": trust(), **settings}
    assert_refused(expected, iam.create_role, **settings)


TRUSTED = [
    {"Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/sandbox"}},
    {"Action": "sts:AssumeRole*", "Principal": {"AWS": "arn:aws:iam::999999999999:role/of-somebody-else"}},
    {"Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {"Service": ["ec2.amazonaws.com", "pods.eks.amazonaws.com"]}},
    {"Action": "sts:AssumeRole", "Principal": {"AWS": "*"}, "Condition": {"ForAllValues:StringLikeIfExists": {"aws:PrincipalOrgPaths": "o-a/*"}}},
]


@pytest.mark.table("success")
@pytest.mark.parametrize("changed", TRUSTED, ids=range(len(TRUSTED)))
def test_trust_policies_of_others_are_taken(iam, role, changed):
    document = trust(**{"Condition": None, **changed})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    assert iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == json.loads(document)


def test_a_role_that_is_there_can_be_trusted(iam, role, role_name):
    """By its whole path, and not before it is made."""
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    iam.create_role(RoleName=f"{role_name}-b", AssumeRolePolicyDocument=trust(Action="sts:AssumeRole", Principal={"AWS": arn}))
    iam.delete_role(RoleName=f"{role_name}-b")
    own = arn.replace(role, f"{role_name}-c")
    itself = trust(Action="sts:AssumeRole", Principal={"AWS": own})
    expected = ("MalformedPolicyDocument", 400, f'Invalid principal in policy: "AWS":"{own}"')
    assert_refused(expected, iam.create_role, RoleName=f"{role_name}-c", AssumeRolePolicyDocument=itself)


def test_white_space_is_not_counted(iam, role):
    document = json.dumps(json.loads(trust()), indent=400)
    assert len(document) > 4096
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)


@pytest.mark.table("refusal")
def test_names_differ_by_more_than_case(iam, role):
    expected = ("EntityAlreadyExists", 409, f"Role with name {role.upper()} already exists.")
    assert_refused(expected, iam.create_role, RoleName=role.upper(), AssumeRolePolicyDocument=trust())


@pytest.mark.table("success")
def test_a_role_is_changed(iam, role):
    iam.update_role(RoleName=role, Description="new", MaxSessionDuration=7200)
    got = iam.get_role(RoleName=role)["Role"]
    assert (got["Description"], got["MaxSessionDuration"]) == ("new", 7200)
    iam.update_role(RoleName=role, MaxSessionDuration=3601)
    assert iam.get_role(RoleName=role)["Role"]["Description"] == "new"
    # A duration that is left out is one hour again, as the documentation has it.
    iam.update_role(RoleName=role, Description="")
    got = iam.get_role(RoleName=role)["Role"]
    assert "Description" not in got and got["MaxSessionDuration"] == 3600
    other = trust(Action="sts:AssumeRole", Principal={"AWS": ACCOUNT})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=other)
    assert iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == json.loads(other)


@pytest.mark.table("success")
def test_tags_come_and_go(iam, role):
    iam.tag_role(RoleName=role, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_role(RoleName=role, Tags=[{"Key": "A", "Value": "3"}])
    listed = iam.list_role_tags(RoleName=role)
    assert listed["Tags"] == [{"Key": "A", "Value": "3"}, {"Key": "b", "Value": "2"}] and not listed["IsTruncated"]
    many = [{"Key": f"k{one}", "Value": ""} for one in range(49)]
    assert_refused(("LimitExceeded", 409, "TagsPerRole: 50"), iam.tag_role, RoleName=role, Tags=many)
    iam.untag_role(RoleName=role, TagKeys=["a", "never was"])
    assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "b", "Value": "2"}]


@pytest.mark.table("refusal")
def test_a_role_with_policies_stays(iam, role):
    iam.attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=identity())
    expected = ("DeleteConflict", 409, "Cannot delete entity, must detach all policies first.")
    assert_refused(expected, iam.delete_role, RoleName=role)
    iam.detach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    expected = ("DeleteConflict", 409, "Cannot delete entity, must delete policies first.")
    assert_refused(expected, iam.delete_role, RoleName=role)


ON_NO_ROLE = [
    ("get_role", {}), ("update_role", {}), ("delete_role", {}), ("list_role_tags", {}), ("list_role_policies", {}),
    ("update_assume_role_policy", {"PolicyDocument": trust()}),
    ("tag_role", {"Tags": [{"Key": "a", "Value": ""}]}), ("untag_role", {"TagKeys": ["a"]}),
    ("put_role_policy", {"PolicyName": "p", "PolicyDocument": identity()}), ("get_role_policy", {"PolicyName": "p"}),
    ("delete_role_policy", {"PolicyName": "p"}), ("attach_role_policy", {"PolicyArn": READ_ONLY}),
    ("detach_role_policy", {"PolicyArn": READ_ONLY}), ("list_attached_role_policies", {}),
    ("put_role_permissions_boundary", {"PermissionsBoundary": READ_ONLY}), ("delete_role_permissions_boundary", {}),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("operation,settings", ON_NO_ROLE, ids=lambda one: one if isinstance(one, str) else "")
def test_a_role_that_is_not_there(iam, operation, settings):
    expected = ("NoSuchEntity", 404, "The role with name nobody cannot be found.")
    assert_refused(expected, getattr(iam, operation), RoleName="nobody", **settings)


# Inline policies.


@pytest.mark.table("success")
def test_inline_policies(iam, role):
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=identity())
    iam.put_role_policy(RoleName=role, PolicyName="two", PolicyDocument=identity(Resource="*"))
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["one", "two"]
    got = iam.get_role_policy(RoleName=role, PolicyName="one")
    assert got["PolicyDocument"] == json.loads(identity()) and (got["RoleName"], got["PolicyName"]) == (role, "one")
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=identity(Effect="Deny"))
    assert iam.get_role_policy(RoleName=role, PolicyName="one")["PolicyDocument"]["Statement"][0]["Effect"] == "Deny"
    iam.delete_role_policy(RoleName=role, PolicyName="one")
    expected = ("NoSuchEntity", 404, "The role policy with name one cannot be found.")
    assert_refused(expected, iam.get_role_policy, RoleName=role, PolicyName="one")
    assert_refused(expected, iam.delete_role_policy, RoleName=role, PolicyName="one")


@pytest.mark.table("refusal")
def test_inline_policies_have_10240_characters_together(iam, role):
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=of_size(10_000))
    expected = ("LimitExceeded", 409, f"Maximum policy size of 10240 bytes exceeded for role {role}")
    assert_refused(expected, iam.put_role_policy, RoleName=role, PolicyName="two", PolicyDocument=of_size(241))
    iam.put_role_policy(RoleName=role, PolicyName="two", PolicyDocument=of_size(240))
    # In the place of the first one counts the new one.
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=of_size(9_999))


NO_IDENTITY = [
    ("not json", "This policy contains invalid Json"),
    (identity(Principal="*"), "Policy document should not specify a principal."),
    (identity(Resource=None), "Policy statement must contain resources."),
    (identity(Action=None), "Policy statement must contain actions."),
    (identity(Action="GetObject"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    (identity(Resource="b/*"), 'Resource b/* must be in ARN format or "*".'),
    (identity(Resource="arn:aws-cn:s3:::b/*"), 'Partition "aws-cn" is not valid for resource "arn:aws-cn:s3:::b/*".'),
    (identity(Sid="not good"), "Sid"),
    (identity(Action="s3:Get Object"), "The policy failed legacy parsing"),
    (identity(Action="s3:"), "The policy failed legacy parsing"),
    (identity(Action="s3:a:b"), "Actions/Condition can contain only one colon."),
    (identity(Action="s 3:GetObject"), "Vendor s 3 is not valid"),
    (identity(Resource="arn:aws:s3"), "The policy failed legacy parsing"),
    (identity(Resource="arn:aws:"), "Resource vendor must be fully qualified and cannot contain regexes."),
    (identity(Resource="arn:aws:s3:eu-west-1::b"), "Resource arn:aws:s3:eu-west-1::b can not contain region information."),
    (identity(Resource="arn:aws:iam:eu-west-1::role/b"), "IAM resource arn:aws:iam:eu-west-1::role/b cannot contain region information."),
    (identity(Condition={"StringEqual": {"aws:username": "a"}}), "Syntax errors in policy."),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("document,words", NO_IDENTITY, ids=range(len(NO_IDENTITY)))
def test_identity_policies_are_read(iam, role, policy, document, words):
    expected = ("MalformedPolicyDocument", 400, words)
    assert_refused(expected, iam.put_role_policy, RoleName=role, PolicyName="p", PolicyDocument=document)
    assert_refused(expected, iam.create_policy, PolicyName=f"{role}-p", PolicyDocument=document)
    assert_refused(expected, iam.create_policy_version, PolicyArn=policy, PolicyDocument=document)


# What is attached.


@pytest.mark.table("success")
def test_policies_are_attached_and_detached(iam, role, policy):
    for _ in range(2):
        iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    iam.attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    listed = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert {"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": READ_ONLY} in listed and len(listed) == 2
    assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 1
    iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    expected = ("NoSuchEntity", 404, f"Policy {policy} was not found.")
    assert_refused(expected, iam.detach_role_policy, RoleName=role, PolicyArn=policy)


@pytest.mark.table("refusal")
def test_ten_policies_are_attached_at_most(iam, role, policy):
    made = [iam.create_policy(PolicyName=f"ten-{next(NUMBERS)}", PolicyDocument=identity())["Policy"]["Arn"] for _ in range(10)]
    try:
        for arn in made:
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        expected = ("LimitExceeded", 409, "Cannot exceed quota for PoliciesPerRole: 10")
        assert_refused(expected, iam.attach_role_policy, RoleName=role, PolicyArn=policy)
        # One that is attached is none too many.
        iam.attach_role_policy(RoleName=role, PolicyArn=made[0])
    finally:
        for arn in made:
            iam.detach_role_policy(RoleName=role, PolicyArn=arn)
            iam.delete_policy(PolicyArn=arn)


@pytest.mark.table("refusal")
@pytest.mark.parametrize("arn", ["arn:aws:iam::aws:policy/NoSuchPolicy", f"arn:aws:iam::{ACCOUNT}:policy/nothing"])
def test_what_cannot_be_attached(iam, role, arn):
    expected = ("NoSuchEntity", 404, f"Policy {arn} does not exist or is not attachable.")
    assert_refused(expected, iam.attach_role_policy, RoleName=role, PolicyArn=arn)


@pytest.mark.table("success")
def test_boundaries(iam, role, policy):
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy)
    assert iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == policy
    assert iam.get_policy(PolicyArn=policy)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    iam.delete_role_permissions_boundary(RoleName=role)
    assert "PermissionsBoundary" not in iam.get_role(RoleName=role)["Role"]
    expected = ("NoSuchEntity", 404, f"The role with name {role} has no permissions boundary.")
    assert_refused(expected, iam.delete_role_permissions_boundary, RoleName=role)


# Managed policies.


@pytest.mark.table("success")
def test_a_managed_policy_is_made_shown_and_listed(iam, role_name):
    settings = {"PolicyName": role_name, "Path": "/issuerctl/", "PolicyDocument": identity(), "Description": "d"}
    made = iam.create_policy(**settings, Tags=[{"Key": "a", "Value": "b"}])["Policy"]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/issuerctl/{role_name}"
    assert made["Arn"] == arn and re.fullmatch(r"ANPA[A-Z0-9]{17}", made["PolicyId"]) and made["DefaultVersionId"] == "v1"
    try:
        got = iam.get_policy(PolicyArn=arn)["Policy"]
        assert got["Description"] == "d" and got["Tags"] == [{"Key": "a", "Value": "b"}] and got["IsAttachable"]
        version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
        assert version["Document"] == json.loads(identity()) and version["IsDefaultVersion"]
        [listed] = iam.list_policies(Scope="Local", PathPrefix="/issuerctl/")["Policies"]
        assert listed["Arn"] == arn and "Tags" not in listed
        expected = ("EntityAlreadyExists", 409, f"A policy called {role_name} already exists. Duplicate names are not allowed.")
        assert_refused(expected, iam.create_policy, **{**settings, "Path": "/"})
    finally:
        iam.delete_policy(PolicyArn=arn)
    assert_refused(("NoSuchEntity", 404, f"Policy {arn} was not found."), iam.get_policy, PolicyArn=arn)


def test_the_lists_of_policies(iam, policy, role):
    arns = lambda **settings: [one["Arn"] for one in iam.list_policies(**settings)["Policies"]]
    assert READ_ONLY in arns(Scope="AWS") and policy not in arns(Scope="AWS")
    assert policy in arns(Scope="Local") and READ_ONLY not in arns(Scope="Local")
    assert {policy, READ_ONLY} <= set(arns())
    assert policy not in arns(OnlyAttached=True)
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    assert policy in arns(OnlyAttached=True) and policy not in arns(PolicyUsageFilter="PermissionsBoundary")
    pages = iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 1})
    assert [one["Arn"] for page in pages for one in page["Policies"]] == arns()


def test_five_versions_one_of_which_counts(iam, policy):
    for one in range(2, 6):
        made = iam.create_policy_version(PolicyArn=policy, PolicyDocument=identity(), SetAsDefault=one == 3)["PolicyVersion"]
        assert (made["VersionId"], made["IsDefaultVersion"]) == (f"v{one}", one == 3)
    words = "A managed policy can have up to 5 versions."
    assert_refused(("LimitExceeded", 409, words), iam.create_policy_version, PolicyArn=policy, PolicyDocument=identity())
    listed = iam.list_policy_versions(PolicyArn=policy)["Versions"]
    assert [one["VersionId"] for one in listed] == ["v5", "v4", "v3", "v2", "v1"]
    assert [one["VersionId"] for one in listed if one["IsDefaultVersion"]] == ["v3"]
    expected = ("DeleteConflict", 409, "Cannot delete the default version of a policy.")
    assert_refused(expected, iam.delete_policy_version, PolicyArn=policy, VersionId="v3")
    words = "This policy has more than one version."
    assert_refused(("DeleteConflict", 409, words), iam.delete_policy, PolicyArn=policy)
    iam.delete_policy_version(PolicyArn=policy, VersionId="v5")
    # A number is never given twice.
    assert iam.create_policy_version(PolicyArn=policy, PolicyDocument=identity())["PolicyVersion"]["VersionId"] == "v6"
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v1")
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == "v1"


POLICY = f"arn:aws:iam::{ACCOUNT}:policy/nothing"
ON_POLICIES = [
    ("get_policy", {"PolicyArn": POLICY}, ("NoSuchEntity", 404, f"Policy {POLICY} was not found.")),
    ("delete_policy", {"PolicyArn": POLICY}, ("NoSuchEntity", 404, f"Policy {POLICY} was not found.")),
    ("list_policy_versions", {"PolicyArn": POLICY}, ("NoSuchEntity", 404, f"Policy {POLICY} was not found.")),
    ("get_policy_version", {"PolicyArn": READ_ONLY, "VersionId": "v99"}, ("NoSuchEntity", 404, "version v99 does not exist")),
    ("get_policy_version", {"PolicyArn": READ_ONLY, "VersionId": "1"}, ("ValidationError", 400, "at 'versionId' failed to satisfy constraint")),
    ("create_policy_version", {"PolicyArn": READ_ONLY, "PolicyDocument": identity()}, ("AccessDenied", 403, "")),
    ("delete_policy", {"PolicyArn": ADMINISTRATOR}, ("AccessDenied", 403, "")),
    ("create_policy", {"PolicyName": "p", "PolicyDocument": of_size(6145)}, ("LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144")),
    ("create_policy", {"PolicyName": "p", "PolicyDocument": identity(), "Path": "/a//"}, ("ValidationError", 400, PATH)),
    ("list_policies", {"Scope": "Mine"}, ("ValidationError", 400, "Member must satisfy enum value set: [All, AWS, Local]")),
    ("list_roles", {"MaxItems": 1001}, ("ValidationError", 400, "at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000")),
    ("list_roles", {"Marker": "!"}, ("ValidationError", 400, "Invalid Marker.")),
    ("list_roles", {"PathPrefix": "a"}, ("ValidationError", 400, "The specified value for pathPrefix is invalid.")),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("operation,settings,expected", ON_POLICIES, ids=[f"{one[0]}-{at}" for at, one in enumerate(ON_POLICIES)])
def test_what_policies_and_lists_are_refused_with(iam, operation, settings, expected):
    assert_refused(expected, getattr(iam, operation), **settings)


@pytest.mark.table("refusal")
def test_managed_policies_are_of_the_newer_version(iam, role, policy):
    statement = json.loads(identity())["Statement"]
    for old in [{"Statement": statement}, {"Version": "2008-10-17", "Statement": statement}]:
        document = json.dumps(old)
        expected = ("MalformedPolicyDocument", 400, "Policy document must be version 2012-10-17 or greater.")
        assert_refused(expected, iam.create_policy, PolicyName=f"{role}-p", PolicyDocument=document)
        assert_refused(expected, iam.create_policy_version, PolicyArn=policy, PolicyDocument=document)
        # An inline one may be old.
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document)


@pytest.mark.table("refusal")
def test_a_policy_in_use_stays(iam, policy, role):
    expected = ("DeleteConflict", 409, "Cannot delete a policy attached to entities.")
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    assert_refused(expected, iam.delete_policy, PolicyArn=policy)
    iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy)
    assert_refused(expected, iam.delete_policy, PolicyArn=policy)


def test_policies_of_aws_have_documents(iam):
    version = iam.get_policy(PolicyArn=READ_ONLY)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=READ_ONLY, VersionId=version)["PolicyVersion"]["Document"]
    assert "s3:Get*" in document["Statement"][0]["Action"]


def test_the_cli_makes_and_removes_a_role(cli, door, role_name):
    made = cli("iam", "create-role", "--role-name", role_name, "--assume-role-policy-document", trust())
    assert made["Role"]["AssumeRolePolicyDocument"] == json.loads(trust())
    put = ["--role-name", role_name, "--policy-name", "p"]
    cli("iam", "put-role-policy", *put, "--policy-document", identity())
    assert cli("iam", "get-role-policy", *put)["PolicyDocument"] == json.loads(identity())
    told = cli("iam", "delete-role", "--role-name", role_name, fails=True)
    assert "An error occurred (DeleteConflict) when calling the DeleteRole operation" in told
    cli("iam", "delete-role-policy", *put)
    cli("iam", "delete-role", "--role-name", role_name)


@pytest.mark.table("success")
def test_policies_are_tagged(iam, policy):
    iam.tag_policy(PolicyArn=policy, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_policy(PolicyArn=policy, Tags=[{"Key": "B", "Value": "3"}])
    iam.untag_policy(PolicyArn=policy, TagKeys=["a", "never was"])
    expected = [{"Key": "B", "Value": "3"}]
    assert iam.list_policy_tags(PolicyArn=policy)["Tags"] == expected == iam.get_policy(PolicyArn=policy)["Policy"]["Tags"]


@pytest.mark.table("refusal")
def test_tags_of_policies_have_their_limits(iam, policy):
    nobody = f"arn:aws:iam::{ACCOUNT}:policy/nobody"
    missing = ("NoSuchEntity", 404, f"Policy {nobody} was not found.")
    assert_refused(missing, iam.tag_policy, PolicyArn=nobody, Tags=[{"Key": "a", "Value": "1"}])
    assert_refused(missing, iam.list_policy_tags, PolicyArn=nobody)
    of_aws = ("AccessDenied", 403, "Cannot operate on the policy of another account.")
    assert_refused(of_aws, iam.tag_policy, PolicyArn=READ_ONLY, Tags=[{"Key": "a", "Value": "1"}])
    iam.tag_policy(PolicyArn=policy, Tags=[{"Key": f"k{number}", "Value": ""} for number in range(50)])
    expected = ("LimitExceeded", 409, "Cannot exceed quota for TagsPerPolicy: 50")
    assert_refused(expected, iam.tag_policy, PolicyArn=policy, Tags=[{"Key": "more", "Value": ""}])


def test_a_role_that_is_not_there_has_no_instance_profiles(iam):
    expected = ("NoSuchEntity", 404, "The role with name nobody cannot be found.")
    assert_refused(expected, iam.list_instance_profiles_for_role, RoleName="nobody")
