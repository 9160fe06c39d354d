"""`role apply`, `list`, `show` and `delete`, on every peer that has the calls; what others made stays as it was."""

import json

import pytest
from botocore.exceptions import ClientError
from roles import ISSUER, OURS, Roles, allow, issuer_id, path_of, sid_of, trust

APP = "system:serviceaccount:default:app"


@pytest.fixture
def roles(case):
    # A role is trusted before its provider is there: that is a note, not an error.
    one = Roles(case)
    yield one
    one.forget()


@pytest.fixture
def role(name):
    return f"{name}-role"


@pytest.fixture
def theirs(roles, name):
    """Two managed policies that somebody else made: not every peer has AWS's own."""
    arns = [roles.make_policy(f"{name}-{number}", allow("ec2:*")) for number in ("one", "two")]
    yield arns
    roles.forget()
    for arn in arns:
        roles.iam.delete_policy(PolicyArn=arn)


def provider(roles):
    return roles.case.peer.provider_arn(roles.case.issuer)


def test_one_role_by_flags(roles, role, theirs):
    first_arn, second_arn = theirs
    policy = roles.policy("logs", allow("logs:PutLogEvents"))
    words = [
        "--name", role, "--service-account", "default/app", "--service-account", "batch/job",
        "--policy-arn", first_arn, "--inline-policy", policy, "--permissions-boundary", second_arn,
        "--max-session", "7200", "--tag", "team=a",
    ]
    # Nothing happens before it is agreed to.
    assert roles.apply(*words, "--dry-run").json["changes"] > 0
    assert roles.apply(*words, "--check", code=3).json["done"] == []
    roles.apply(*words, code=2).says("--yes")
    assert roles.live(role) is None

    done = roles.apply(*words, "--yes")
    live = roles.live(role)
    issuer = roles.case.issuer
    assert live["path"] == path_of(issuer)
    assert live["trust"] == [trust(provider(roles), issuer, "system:serviceaccount:batch:job", APP)]
    assert live["attached"] == [first_arn]
    assert live["inline"] == {"issuerctl-logs": allow("logs:PutLogEvents")}
    assert live["boundary"] == second_arn
    assert live["session"] == 7200
    assert live["tags"].items() >= {OURS: "created", ISSUER: issuer_id(issuer), "team": "a"}.items()

    assert done.json["roles"] == [
        {"account": roles.case.peer.account, "role_arn": live["arn"], "subjects": ["batch/job", "default/app"]}
    ]
    # Nothing is left to do.
    assert roles.apply(*words, "--check").json["changes"] == 0
    assert roles.apply(*words, "--yes").json["done"] == []


def test_the_manifest_is_the_data(roles, role):
    words = [
        "role", "apply", "--issuer", roles.case.issuer, "--name", role, "--service-account", "default/app", "--yes",
        *roles.case.peer.words(),
    ]
    roles.names.add(role)
    done = roles.case.program.run(*words, environment=roles.case.environment())
    assert "kind: ServiceAccount" in done.out
    assert f"eks.amazonaws.com/role-arn: {roles.live(role)['arn']}" in done.out
    assert "name: app" in done.out and "namespace: default" in done.out


def test_a_pattern_is_warned_about_and_binds_the_audience_all_the_same(roles, role):
    done = roles.apply("--name", role, "--subject-pattern", "team-*/app", "--yes")
    done.says("team-*")
    issuer = roles.case.issuer
    pattern = trust(provider(roles), issuer, "system:serviceaccount:team-*:app", operator="StringLike")
    assert roles.live(role)["trust"] == [pattern]


def test_a_role_of_ours_is_put_back(roles, role, theirs):
    first_arn, _ = theirs
    policy = roles.policy("logs", allow("logs:PutLogEvents"))
    words = ["--name", role, "--service-account", "default/app", "--policy-arn", first_arn, "--inline-policy", policy]
    roles.apply(*words, "--yes")
    before = roles.live(role)
    iam = roles.iam
    wide = trust(provider(roles), roles.case.issuer, "system:serviceaccount:kube-system:default")
    document = {"Version": "2012-10-17", "Statement": [wide]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))
    iam.detach_role_policy(RoleName=role, PolicyArn=first_arn)
    iam.put_role_policy(RoleName=role, PolicyName="issuerctl-logs", PolicyDocument=json.dumps(allow("*")))
    iam.untag_role(RoleName=role, TagKeys=[ISSUER])
    roles.apply(*words, "--check", code=3)
    roles.apply(*words, "--yes")
    assert roles.live(role) == before


def test_what_is_no_longer_wanted_goes_and_what_others_made_stays(roles, role, theirs):
    first_arn, second_arn = theirs
    first, second = roles.policy("first", allow("logs:*")), roles.policy("second", allow("sqs:*"))
    base = ["--name", role, "--service-account", "default/app"]
    roles.apply(*base, "--policy-arn", first_arn, "--inline-policy", first, "--yes")
    iam = roles.iam
    iam.attach_role_policy(RoleName=role, PolicyArn=second_arn)
    iam.put_role_policy(RoleName=role, PolicyName="theirs", PolicyDocument=json.dumps(allow("ec2:*")))
    stranger = {
        "Sid": "Theirs", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole",
    }
    own = roles.live(role)["trust"]
    document = {"Version": "2012-10-17", "Statement": [stranger, *own]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))

    roles.apply(*base, "--inline-policy", second, "--yes")
    live = roles.live(role)
    assert live["attached"] == [second_arn]
    assert live["inline"] == {"issuerctl-second": allow("sqs:*"), "theirs": allow("ec2:*")}
    assert live["trust"] == [stranger, *own]


def test_a_role_of_somebody_else(roles, role):
    roles.make_foreign(role)
    before = roles.live(role)
    words = ["--name", role, "--service-account", "default/app"]
    roles.apply(*words, "--yes", code=1).says(role, "--adopt")
    assert roles.live(role) == before
    roles.apply(*words, "--adopt", "--yes")
    live = roles.live(role)
    assert live["trust"] == [*before["trust"], trust(provider(roles), roles.case.issuer, APP)]
    assert live["tags"][OURS] == "adopted"
    # Leaving it takes our statement alone.
    roles.run("delete", role, "--yes")
    assert roles.live(role)["trust"] == before["trust"]


def test_a_second_cluster_joins(roles, role, theirs):
    first_arn, _ = theirs
    roles.apply("--name", role, "--service-account", "default/app", "--policy-arn", first_arn, "--yes")
    other = "https://other-cluster.example.com/two"
    done = roles.apply("--name", role, "--service-account", "default/app", "--yes", issuer=other)
    # Two clusters of one account may have meant two roles: it is said.
    done.says("another cluster's")
    live = roles.live(role)
    assert {statement["Sid"] for statement in live["trust"]} == {sid_of(roles.case.issuer), sid_of(other)}
    # It took nothing from the first, and its manifest names the role where it is.
    assert live["attached"] == [first_arn]
    assert done.json["roles"][0]["role_arn"] == live["arn"]
    assert roles.apply("--name", role, "--service-account", "default/app", "--policy-arn", first_arn, "--check").json[
        "changes"
    ] == 0
    # The first leaves, the second stays.
    roles.run("delete", role, "--yes")
    assert [statement["Sid"] for statement in roles.live(role)["trust"]] == [sid_of(other)]
    roles.run("delete", role, "--yes", issuer=other)
    assert roles.live(role) is None


def test_list_and_show(roles, role, theirs):
    first_arn, _ = theirs
    roles.apply("--name", role, "--service-account", "default/app", "--policy-arn", first_arn, "--yes")
    listed = roles.run("list").json
    assert [(one["name"], one["subjects"]) for one in listed["roles"]] == [(role, ["default/app"])]
    shown = roles.run("show", role).json
    assert shown["role_arn"] == roles.live(role)["arn"] and shown["ours"] is True
    assert shown["attached"] == [first_arn] and shown["subjects"] == ["default/app"]
    roles.run("show", "nobody-there", code=1).says("nobody-there")


def test_a_policy_of_our_own_making(roles, role):
    document = roles.policy("shared", allow("sqs:SendMessage"))
    words = ["--name", role, "--service-account", "default/app", "--create-policy", f"{role}-shared={document}"]
    roles.apply(*words, "--yes")
    (arn,) = roles.live(role)["attached"]
    assert arn == f"arn:aws:iam::{roles.case.peer.account}:policy{path_of(roles.case.issuer)}{role}-shared"
    assert roles.apply(*words, "--check").json["changes"] == 0
    # Seven texts, and IAM keeps five versions.
    for number in range(7):
        roles.policy("shared", allow("sqs:SendMessage", f"arn:aws:sqs:*:*:q{number}"))
        roles.apply(*words, "--yes")
    policy = roles.iam.get_policy(PolicyArn=arn)["Policy"]
    version = roles.iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"] == allow("sqs:SendMessage", "arn:aws:sqs:*:*:q6")
    assert len(roles.iam.list_policy_versions(PolicyArn=arn)["Versions"]) <= 5
    roles.run("delete", role, "--yes")
    assert roles.live(role) is None
    with pytest.raises(ClientError, match="NoSuchEntity"):
        roles.iam.get_policy(PolicyArn=arn)


def test_many_from_a_file(roles, name, theirs):
    first_arn, _ = theirs
    roles.policy("queue", allow("sqs:SendMessage"))
    text = f"""
defaults:
  tags: {{team: platform}}
roles:
  - name: {name}-a
    serviceAccounts: [default/a]
    policyArns: [{first_arn}]
  - name: {name}-b
    serviceAccounts: [default/b, batch/b]
    inlinePolicies:
      queue: queue.json
      here: {{Version: "2012-10-17", Statement: [{{Effect: Allow, Action: "sns:Publish", Resource: "*"}}]}}
    maxSession: 7200
  - preset: external-dns
    name: {name}-dns
"""
    roles.names |= {f"{name}-a", f"{name}-b", f"{name}-dns"}
    done = roles.file(text, "--yes")
    assert len(done.json["roles"]) == 3
    assert roles.live(f"{name}-a")["attached"] == [first_arn]
    b = roles.live(f"{name}-b")
    assert set(b["inline"]) == {"issuerctl-queue", "issuerctl-here"} and b["session"] == 7200
    assert b["tags"]["team"] == "platform"
    assert roles.live(f"{name}-dns")["inline"].keys() == {"issuerctl-external-dns"}
    assert roles.file(text, "--check").json["changes"] == 0
    assert roles.file(text, "--yes").json["done"] == []

