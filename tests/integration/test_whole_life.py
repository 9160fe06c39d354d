"""From nothing to a pod with a role, and back to nothing: on the sandbox, with boto3 in place of the pod."""

import json

import pytest
from botocore.exceptions import ClientError
from roles import Roles, allow, trust

pytestmark = pytest.mark.only("sandbox")  # no other peer verifies a token


@pytest.fixture
def life(case):
    one = Roles(case)
    case.made()
    yield one
    one.forget()


def refusal(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def whole(life, name):
    """A bucket of the workload's, and roles for it: one from a file, one from a preset."""
    case = life.case
    data = f"{name}-data"
    case.s3.create_bucket(Bucket=data)
    life.policy("data", allow(["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{data}/mine/*"))
    life.names |= {f"{name}-app", f"{name}-dns"}
    life.file(
        f"""
roles:
  - name: {name}-app
    serviceAccounts: [default/app]
    inlinePolicies: {{data: data.json}}
  - name: {name}-dns
    preset: external-dns
""",
        "--yes",
    )
    return data


def forget_bucket(s3, bucket):
    for found in s3.list_object_versions(Bucket=bucket).get("Versions", []):
        s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def test_from_nothing_to_nothing(life, name):
    case = life.case
    data = whole(life, name)
    app, dns = life.live(f"{name}-app")["arn"], life.live(f"{name}-dns")

    pod = life.session(app, "default/app")
    who = pod("sts").get_caller_identity()["Arn"]
    assert who.endswith(f":assumed-role/{name}-app/pod")
    s3 = pod("s3")
    s3.put_object(Bucket=data, Key="mine/a", Body=b"hello")
    assert s3.get_object(Bucket=data, Key="mine/a")["Body"].read() == b"hello"
    # Exactly as the policy says, and no further.
    assert refusal(s3.put_object, Bucket=data, Key="other/a", Body=b"x") == "AccessDenied"
    assert refusal(s3.delete_object, Bucket=data, Key="mine/a") == "AccessDenied"
    assert refusal(pod("iam").list_roles) == "AccessDenied"

    # Another namespace, another name, another role's service account.
    for account in ("other/app", "default/app2", "kube-system/app"):
        assert refusal(life.session, role_arn=app, account=account) == "AccessDenied"
    (statement,) = dns["trust"]
    host = case.issuer.removeprefix("https://")
    account = statement["Condition"]["StringEquals"][f"{host}:sub"].removeprefix("system:serviceaccount:")
    assert life.session(dns["arn"], account.replace(":", "/"))("sts").get_caller_identity()["Arn"]
    assert refusal(life.session, role_arn=dns["arn"], account="default/app") == "AccessDenied"

    # The doctor sees the same chain.
    case.run("doctor", "--issuer", case.issuer, "--role-arn", app, "--service-account", "default/app", "--assume-role")

    words = ["--bucket", case.bucket, "--delete-bucket"]
    looked = case.run("destroy", *words, "--dry-run").json
    assert looked["changes"] > 0 and any("name" in note and "take" in note for note in looked["notes"]), looked["notes"]
    case.run("destroy", *words, code=2).says("--yes")
    assert life.live(f"{name}-app") and case.provider() and case.exists()
    done = case.run("destroy", *words, "--yes").json
    assert done["left"] == []
    assert life.live(f"{name}-app") is None and life.live(f"{name}-dns") is None
    assert case.provider() is None
    assert not case.exists()
    # Twice is once; the workload's own bucket and the keys are not ours to take.
    again = case.run("destroy", "--issuer", case.issuer, "--yes").json
    assert (again["changes"], again["done"]) == (0, [])
    assert case.keys.joinpath("sa.key").is_file()
    forget_bucket(case.s3, data)


def test_what_is_not_ours_stays(life, name):
    case = life.case
    whole(life, name)
    provider = case.peer.provider_arn(case.issuer)
    # A role of somebody else that trusts the issuer, one of ours that another issuer uses too, a stranger's object,
    # a stranger's statement.
    statement = trust(provider, case.issuer, "system:serviceaccount:default:theirs")
    life.make_foreign(f"{name}-theirs", {**statement, "Sid": "Mine"})
    other = "https://other.example.com/x"
    life.apply("--name", f"{name}-app", "--service-account", "default/app", "--yes", issuer=other)
    case.s3.put_object(Bucket=case.bucket, Key="theirs/a", Body=b"theirs")
    theirs = {
        "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucketPolicy",
        "Resource": f"arn:aws:s3:::{case.bucket}", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-none"}},
    }
    own = case.statements()
    case.set_policy(theirs, *own)

    done = case.run("destroy", "--bucket", case.bucket, "--yes")
    assert done.json["left"] == []
    done.says(f"{name}-theirs")
    assert life.live(f"{name}-theirs") is not None
    assert [statement["Sid"] for statement in life.live(f"{name}-app")["trust"]] != []
    assert life.live(f"{name}-dns") is None and case.provider() is None
    assert case.s3.get_object(Bucket=case.bucket, Key="theirs/a")["Body"].read() == b"theirs"
    assert case.statements() == [theirs]
    for path in (".well-known/openid-configuration", "openid/v1/jwks"):
        assert refusal(case.s3.get_object, Bucket=case.bucket, Key=path) == "NoSuchKey"
    life.run("delete", f"{name}-app", "--yes", issuer=other)


def test_a_role_of_ours_that_cannot_go_is_left_and_said(life, name):
    """What somebody else wrote into it would be lost with it."""
    case = life.case
    whole(life, name)
    theirs = json.dumps(allow("sqs:*"))
    life.iam.put_role_policy(RoleName=f"{name}-app", PolicyName="theirs", PolicyDocument=theirs)
    words = ["destroy", "--bucket", case.bucket]
    # Before anybody is asked.
    assert len(case.run(*words, "--dry-run").says("left:", f"{name}-app").json["left"]) == 1
    done = case.run(*words, "--yes", code=1)
    done.says("left:", f"{name}-app", "theirs", "aws iam delete-role-policy")
    assert len(done.json["left"]) == 1 and done.json["exit_code"] == 1
    # Everything else has gone, and it is said again for as long as it is so.
    assert life.live(f"{name}-dns") is None and case.provider() is None
    case.run(*words, "--check", code=1).says("left:")
    life.iam.delete_role_policy(RoleName=f"{name}-app", PolicyName="theirs")
    assert case.run(*words, "--yes").json["left"] == []
    assert life.live(f"{name}-app") is None


def test_where_nothing_is_that_is_said(case):
    done = case.run("destroy", "--bucket", case.bucket, "--delete-bucket", "--yes")
    assert done.json["changes"] == 0
    assert any("nothing of" in note and case.peer.account in note for note in done.json["notes"])


def test_a_bucket_with_something_else_in_it_is_not_deleted(life):
    case = life.case
    case.s3.put_object(Bucket=case.bucket, Key="theirs/a", Body=b"theirs")
    before = case.state()
    done = case.run("destroy", "--bucket", case.bucket, "--delete-bucket", "--yes", code=1)
    done.says("theirs/a")
    assert case.state() == before


def test_a_provider_that_cannot_go_keeps_the_documents(life, name):
    """Documents that anyone could replace, for an issuer that IAM still trusts, are a takeover."""
    case = life.case
    policy = json.loads(case.program.run(
        "permissions", "destroy", "--bucket", case.bucket, environment=case.environment(), *()
    ).out)
    for statement in policy["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [action for action in actions if action != "iam:DeleteOpenIDConnectProvider"]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
    operator = f"{name}-operator"
    life.make_foreign(operator, {
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{case.peer.account}:root"}, "Action": "sts:AssumeRole",
    })
    life.iam.put_role_policy(RoleName=operator, PolicyName="all", PolicyDocument=json.dumps(policy))
    role = life.live(operator)["arn"]
    documents = case.object(".well-known/openid-configuration")[0]
    done = case.run(
        "destroy", "--bucket", case.bucket, "--delete-bucket", "--assume-role", role, "--yes", code=1
    )
    done.says("iam:DeleteOpenIDConnectProvider", "left:")
    assert done.json["left"] and done.json["exit_code"] == 1
    assert case.object(".well-known/openid-configuration")[0] == documents
    # With the permission, the same command goes on.
    assert case.run("destroy", "--bucket", case.bucket, "--delete-bucket", "--yes").json["left"] == []
    assert not case.exists()


def test_a_directory(program, tmp_path, running):
    """Documents in a directory go with the rest; what else is in it stays."""
    peer = running("sandbox")
    root = tmp_path / "www"
    issuer = "https://web.example.test/d1"
    environment = {**peer.environment("us-east-1")}
    program.run("keygen", environment=environment)
    program.run("publish", "--dir", root, "--issuer", issuer, "--skip-read-back", "--yes", environment=environment)
    (root / "index.html").write_text("theirs")
    words = ["destroy", "--dir", root, "--issuer", issuer]
    program.run(*words, "--check", environment=environment, code=3)
    program.run(*words, "--yes", environment=environment)
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == ["index.html"]
    program.run(*words, "--check", environment=environment)
