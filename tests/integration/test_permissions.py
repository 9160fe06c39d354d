"""`permissions`: the whole job runs under exactly the policy that is printed, and without any one action of it some
step fails with a sentence that names that action."""

import json
import tempfile

import pytest
from capabilities import CLOSED
from program import BUILT, Program
from roles import Roles, allow, path_of

# No other peer judges what its callers may do.
pytestmark = pytest.mark.only("sandbox")

# What a command can do without, and says so in a note.
NOTED = {"s3:GetAccountPublicAccessBlock"}


def printed(case, *parts, words=()):
    done = case.program.run("permissions", *parts, *case.place(), *words, environment=case.environment())
    return json.loads(done.out)


def actions_of(policy):
    for statement in policy["Statement"]:
        actions = statement["Action"]
        yield from actions if isinstance(actions, list) else [actions]


def without(policy, action):
    """The policy with one action less."""
    statements = []
    for statement in policy["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        left = [one for one in actions if one != action]
        if left:
            statements.append({**statement, "Action": left})
    return {**policy, "Statement": statements}


class Operator:
    """Somebody who may do what one policy says, and nothing else."""

    def __init__(self, case, name):
        self.case = case
        self.roles = Roles(case)
        self.name = f"{name}-operator"
        self.roles.make_foreign(self.name, {
            "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{case.peer.account}:root"},
            "Action": "sts:AssumeRole",
        })
        given = case.peer.client("sts").assume_role(
            RoleArn=self.roles.live(self.name)["arn"], RoleSessionName="operator"
        )["Credentials"]
        self.environment = {
            **case.environment(),
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def may(self, policy):
        self.roles.iam.put_role_policy(RoleName=self.name, PolicyName="all", PolicyDocument=json.dumps(policy))

    def jobs(self):
        """Every command that a policy is printed for, through all that it does."""
        case, role = self.case, self.case.bucket
        boundary = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
        one, two = self.roles.policy("one", allow("sqs:*")), self.roles.policy("two", allow("sns:*"))
        base = ["role", "apply", "--issuer", case.issuer, "--name", role, "--service-account", "default/app"]
        second = ["role", "apply", "--issuer", case.issuer, "--name", f"{role}-2", "--service-account", "default/b"]
        made = f"{role}-made"
        rich = [
            *base, "--policy-arn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "--inline-policy", one,
            "--create-policy", f"{made}={one}", "--permissions-boundary", boundary, "--tag", "a=1",
        ]
        # Six texts of one policy: IAM keeps five.
        changed = [
            [
                *base, "--inline-policy", two, "--service-account", "default/b", "--max-session", "7200",
                "--permissions-boundary", boundary.replace("S3Full", "S3ReadOnly"), "--tag", "a=2",
                "--create-policy", f"{made}={path}",
            ]
            for path in [two, one, two, one, two, one]
        ]
        arn = f"arn:aws:iam::{case.peer.account}:role{path_of(case.issuer)}{role}"
        yield ["bootstrap", *case.place(), "--tag", "a=1", "--yes"]
        self.disturb()
        yield ["bootstrap", *case.place(), "--tag", "a=2", "--audience", "two", "--yes"]
        yield ["register", "--issuer", case.issuer, "--thumbprint", "a" * 40, "--yes"]
        for words in [rich, *changed, base, second]:
            yield [*words, "--yes"]
        yield ["role", "list", "--issuer", case.issuer]
        yield ["role", "show", role, "--issuer", case.issuer]
        yield ["doctor", "--issuer", case.issuer, "--bucket", case.bucket, "--role-arn", arn]
        yield ["role", "delete", f"{role}-2", "--issuer", case.issuer, "--yes"]
        yield [*rich, "--yes"]
        yield ["destroy", "--bucket", case.bucket, "--delete-bucket", "--yes"]

    def disturb(self):
        """Leaves the second bootstrap something to mend in each part of the bucket."""
        self.case.set_block(CLOSED)
        self.case.s3.put_bucket_versioning(
            Bucket=self.case.bucket, VersioningConfiguration={"Status": "Suspended"}
        )

    def run(self, words):
        process = self.case.program.begin(*words, *self.case.peer.words(), environment=self.environment)
        return self.case.program.finish(process)


def all_actions():
    """Those of the policy for a bucket and an issuer like those of the tests."""
    done = Program(BUILT, tempfile.mkdtemp()).run(
        "permissions", "--bucket", "some-bucket", "--account", "123456789012", "--region", "us-east-1"
    )
    return sorted(set(actions_of(json.loads(done.out))))


@pytest.fixture
def operator(case, name):
    one = Operator(case, name)
    yield one
    one.roles.forget()


def test_the_whole_job_runs_under_the_printed_policy(operator):
    policy = printed(operator.case)
    operator.may(policy)
    for words in operator.jobs():
        done = operator.run(words)
        assert done.code == 0, f"it fails\n{done}"
        assert "AccessDenied" not in done.out + done.err, str(done)
    assert operator.case.provider() is None and not operator.case.exists()


@pytest.mark.parametrize("action", all_actions())
def test_without_one_action_a_step_fails_and_names_it(operator, action):
    policy = printed(operator.case)
    operator.may(without(policy, action))
    for words in operator.jobs():
        done = operator.run(words)
        said = action in done.out + done.err
        # The doctor goes on without what it may not see, and says so; so does a plan that only notes it.
        if said and (done.code == 1 or words[0] == "doctor" or action in NOTED):
            break
        assert done.code == 0, f"it fails, and does not name {action}\n{done}"
    else:
        pytest.fail(f"nothing needs {action}")
    operator.may(policy)
    assert operator.run(["destroy", "--bucket", operator.case.bucket, "--delete-bucket", "--yes"]).code == 0


@pytest.mark.parametrize("part", ["publish", "register", "roles", "doctor", "destroy"])
def test_each_part_is_within_the_whole(case, part):
    assert set(actions_of(printed(case, part))) <= set(actions_of(printed(case)))


def test_one_part_alone_does_its_own_work_and_no_other(operator):
    case = operator.case
    operator.may(printed(case, "publish"))
    bootstrap, publish = ["bootstrap", *case.place(), "--yes"], ["publish", *case.place(), "--yes"]
    assert operator.run(["keygen"]).code == 0
    assert operator.run(publish).code == 0
    refused = operator.run(bootstrap)
    assert refused.code == 1 and "iam:GetOpenIDConnectProvider" in refused.err
    operator.may(printed(case, "register"))
    assert operator.run(["register", "--issuer", case.issuer, "--yes"]).code == 0
    # Another issuer's provider is out of reach.
    other = operator.run(["register", "--issuer", "https://other.example.com", "--yes"])
    assert other.code == 1 and "AccessDenied" in other.err


def test_no_role_without_its_boundary(operator):
    case = operator.case
    boundary = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    operator.may(printed(case, "roles", words=["--permissions-boundary", boundary]))
    words = [
        "role", "apply", "--issuer", case.issuer, "--name", case.bucket, "--service-account", "default/app", "--yes",
    ]
    operator.roles.names.add(case.bucket)
    refused = operator.run(words)
    assert refused.code == 1 and "iam:CreateRole" in refused.err
    assert operator.run([*words, "--permissions-boundary", boundary]).code == 0
    # Nor does a role outside of the issuer's path come within reach.
    elsewhere = operator.run([*words, "--permissions-boundary", boundary, "--path", "/other/", "--name", "elsewhere"])
    assert elsewhere.code != 0
