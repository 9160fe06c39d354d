"""Several accounts trust one issuer: it is published once, and each account has its own provider and roles."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError
from roles import Roles, path_of, trust

OTHER = "222222222222"
ISSUED = "arn:aws:iam::{}:role/deployer"


@pytest.fixture
def life(running, case_on):
    """An issuer on a sandbox of two accounts."""
    case = case_on(running("sandbox", "--account", OTHER)).made()
    one = Roles(case)
    yield one
    one.forget()


@pytest.fixture
def other(life):
    """IAM of the other account, by an access key of its own."""
    described = json.loads(life.case.peer.server.out.read_text().splitlines()[0])
    keys = described["accounts"][OTHER]
    iam = boto3.client(
        "iam", region_name="us-east-1", aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"], **life.case.peer.door(),
    )
    try:
        iam.create_role(
            RoleName="deployer",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{life.case.peer.account}:root"},
                "Action": "sts:AssumeRole",
            }]}),
        )
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
        iam.put_role_policy(RoleName="deployer", PolicyName="all", PolicyDocument=json.dumps(everything))
    except ClientError as error:
        assert error.response["Error"]["Code"] == "EntityAlreadyExists", error
    return iam, keys


def deployer():
    return ISSUED.format(OTHER)


def test_the_way_in_by_a_role(life, other):
    case, (iam, _) = life.case, other
    words = ["--issuer", case.issuer, "--assume-role", deployer()]
    registered = case.run("register", *words, "--yes").json
    assert registered["account"] == OTHER
    assert registered["provider_arn"] == case.peer.provider_arn(case.issuer).replace(case.peer.account, OTHER)
    name = f"{case.bucket}-far"
    applied = case.run(
        "role", "apply", *words, "--name", name, "--service-account", "default/app", "--yes"
    ).json
    arn = f"arn:aws:iam::{OTHER}:role{path_of(case.issuer)}{name}"
    assert applied["roles"] == [{"account": OTHER, "role_arn": arn, "subjects": ["default/app"]}]
    role = iam.get_role(RoleName=name)["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        trust(registered["provider_arn"], case.issuer, "system:serviceaccount:default:app")
    ]
    # A pod of the cluster gets it, and the account of the issuer has nothing of it.
    assert life.session(arn, "default/app")("sts").get_caller_identity()["Account"] == OTHER
    assert life.live(name) is None
    assert case.run("destroy", *words, "--yes").json["left"] == []
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName=name)
    assert case.provider() is not None


def test_the_way_in_by_a_profile(life, other, tmp_path):
    case, (_, keys) = life.case, other
    config = tmp_path / "config"
    config.write_text(
        f"[profile far]\nregion = us-east-1\naws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {keys['AWS_SECRET_ACCESS_KEY']}\n"
    )
    done = case.run(
        "register", "--issuer", case.issuer, "--profile", "far", "--yes",
        environment={"AWS_CONFIG_FILE": str(config), "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
    )
    assert done.json["account"] == OTHER
    case.run("destroy", "--issuer", case.issuer, "--assume-role", deployer(), "--yes")


def test_a_file_names_the_account_of_a_role(life, other):
    case, (iam, _) = life.case, other
    near, far = f"{case.bucket}-near", f"{case.bucket}-far"
    text = f"""
accounts:
  "{OTHER}": {{assumeRole: "{deployer()}"}}
roles:
  - name: {near}
    serviceAccounts: [default/near]
  - name: {far}
    account: "{OTHER}"
    serviceAccounts: [default/far]
"""
    life.names.add(near)
    done = life.file(text, "--yes")
    assert [role["account"] for role in done.json["roles"]] == [case.peer.account, OTHER]
    # Its provider is not there yet: that is said, with the account.
    done.says(OTHER, "issuerctl register")
    assert life.live(near) and life.live(far) is None
    assert iam.get_role(RoleName=far)["Role"]["Path"] == path_of(case.issuer)
    assert life.file(text, "--check").json["changes"] == 0
    case.run("destroy", "--issuer", case.issuer, "--assume-role", deployer(), "--yes")


def test_an_account_that_nothing_leads_into(life):
    text = f'roles:\n  - name: far\n    account: "{OTHER}"\n    serviceAccounts: [default/far]\n'
    life.file(text, "--yes", code=2).says(OTHER, "assumeRole")
    # What leads elsewhere is noticed before anything is made there.
    wrong = f'accounts:\n  "333333333333": {{assumeRole: "{deployer()}"}}\n' + text.replace(OTHER, "333333333333")
    assert life.file(wrong, "--yes", code=2).says("333333333333")


def test_a_role_that_may_not_be_assumed(life):
    done = life.case.run(
        "role", "list", "--issuer", life.case.issuer, "--assume-role", ISSUED.format("222222222222") + "-not", code=1
    )
    done.says("sts:AssumeRole", "AccessDenied")
