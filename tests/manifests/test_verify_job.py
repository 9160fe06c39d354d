"""The Job's script, run as its container would run it, with an aws CLI that answers what a test says."""

import re

import pytest

import golden
from commands import Commands

ROLE = "arn:aws:iam::123456789012:role/issuerctl/0123456789abcdef/web"
SESSION = "arn:aws:sts::123456789012:assumed-role/web/issuerctl-verify"
DENIED = "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"
BUSY = "An error occurred (SlowDown) when calling the DeleteObject operation: Please reduce your request rate"

# An S3 of one object, kept in a file.
AWS = """
case "$1 $2" in
  "sts get-caller-identity") printf '%s\\n' "$IDENTITY" ;;
  "s3api put-object") cp "$8" "$STATE/object" ;;
  "s3api get-object") cp "$STATE/object" "$7" ;;
  "s3api delete-object") rm "$STATE/object" ;;
  *) echo "what is $*?" >&2; exit 2 ;;
esac
"""


def container(name):
    (container,) = golden.of_kind(name, "Job")["spec"]["template"]["spec"]["containers"]
    return container


def expanded(text, environment):
    """As Kubernetes does with a container's arguments: $(NAME) is a variable's value, $$ a dollar.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    known = lambda found: "$" if found[0] == "$$" else environment.get(found[1], found[0])
    return re.sub(r"\$\$|\$\(([^()]*)\)", known, text)


class Pod:
    def __init__(self, directory):
        self.commands = Commands(directory)
        self.commands.script("aws", AWS)
        self.token = directory / "token"
        self.token.write_text("token")
        self.object = directory / "object"

    def run(self, name, *, injected=None, **changed):
        given = container(name)
        environment = {one["name"]: one["value"] for one in given["env"]}
        environment |= {"IDENTITY": SESSION, "HOSTNAME": "one", **(injected or {})}
        if environment.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
            environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(self.token)
        environment |= changed
        command = given["command"] + [expanded(text, environment) for text in given["args"]]
        return self.commands.run(command, **environment)


OWN = "verify-job.verify-job.yaml"
BUCKET = "verify-job-injected-bucket.verify-job.yaml"
PREFIXED = "verify-job-key-prefix.verify-job.yaml"
INJECTED = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "token"}


@pytest.fixture
def pod(tmp_path):
    return Pod(tmp_path)


def failed(done, *words):
    assert done.returncode != 0
    assert done.stderr.startswith("FAILED: "), done.stderr
    for word in words:
        assert word in done.stderr
    assert done.stderr.count("\n") == 1, "one sentence"


def test_the_expected_role_is_said_and_nothing_else_is_called(pod):
    done = pod.run(OWN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"This pod is {SESSION}\nOK: the role is as expected.\n"
    assert [call.split()[1] for call in pod.commands.calls("aws")] == ["sts"]


def test_an_object_is_written_read_back_and_taken_away(pod):
    done = pod.run(BUCKET, injected=INJECTED)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("OK: the role is as expected, and an object was written to shop-data and read back.\n")
    assert not pod.object.exists()
    calls = pod.commands.calls("aws")[1:]
    assert [call.split()[2] for call in calls] == ["put-object", "get-object", "delete-object"]
    assert all("--bucket shop-data --key issuerctl-verify/" in call for call in calls)


def test_a_second_run_in_the_same_scratch_is_the_same(pod):
    assert [pod.run(BUCKET, injected=INJECTED).returncode for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("injected", [{}, {"AWS_ROLE_ARN": ROLE}, {"AWS_WEB_IDENTITY_TOKEN_FILE": "token"}])
def test_nothing_injected_is_said_before_any_call(pod, injected):
    failed(pod.run(BUCKET, injected=injected), "nothing was injected into this pod", "eks.amazonaws.com/role-arn")
    assert pod.commands.calls("aws") == []


def test_another_role_is_said_before_any_call(pod):
    failed(pod.run(BUCKET, injected={**INJECTED, "AWS_ROLE_ARN": f"{ROLE}-2"}), f"{ROLE}-2", f"{ROLE} was expected")
    assert pod.commands.calls("aws") == []


@pytest.mark.parametrize("present", [True, False])
def test_a_token_that_is_empty_or_absent_is_said(pod, present):
    pod.token.write_text("") if present else pod.token.unlink()
    failed(pod.run(OWN), f"no token that can be read at {pod.token}")


def test_what_sts_says_comes_through(pod):
    said = "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: No OpenIDConnect provider"
    pod.commands.script("aws", f'printf "\\n%s\\n" "{said}" >&2; exit 254')
    failed(pod.run(OWN), said)


@pytest.mark.parametrize(
    "identity",
    [
        "arn:aws:sts::123456789012:assumed-role/node/i-0123456789",
        "arn:aws:sts::123456789012:assumed-role/web-2/issuerctl-verify",
        "arn:aws:sts::210987654321:assumed-role/web/issuerctl-verify",
        "arn:aws:iam::123456789012:user/web",
        "",
    ],
)
def test_whoever_else_the_pod_is_fails(pod, identity):
    failed(pod.run(OWN, IDENTITY=identity), f"that is no session of {ROLE}")


def failing(operation, said=DENIED):
    return f'if [ "$2" = {operation} ]; then printf "\\n%s\\n" "{said}" >&2; exit 254; fi\n{AWS}'


def test_a_write_that_is_refused_leaves_nothing_to_take_away(pod):
    pod.commands.script("aws", failing("put-object"))
    failed(pod.run(BUCKET, injected=INJECTED), "may not write s3://shop-data/issuerctl-verify/", DENIED)
    assert pod.commands.calls("aws")[-1].split()[2] == "put-object"


def test_a_read_that_is_refused_still_takes_the_object_away(pod):
    pod.commands.script("aws", failing("get-object"))
    failed(pod.run(BUCKET, injected=INJECTED), "may not read s3://shop-data/issuerctl-verify/", DENIED)
    assert not pod.object.exists()


def test_other_bytes_than_were_written_are_seen(pod):
    pod.commands.script("aws", AWS.replace('cp "$STATE/object" "$7"', 'echo other >"$7"'))
    failed(pod.run(BUCKET, injected=INJECTED), "reads back differently")
    assert not pod.object.exists()


@pytest.mark.parametrize(
    ("said", "why"), [(DENIED, "the role has no s3:DeleteObject"), (BUSY, "it could not be deleted")], ids=["denied", "busy"]
)
def test_an_object_that_stays_is_a_warning_and_the_role_is_proven(pod, said, why):
    pod.commands.script("aws", failing("delete-object", said))
    done = pod.run(BUCKET, injected=INJECTED)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"WARNING: left behind: s3://shop-data/issuerctl-verify/\d+-one; {why}: +{re.escape(said)} *\n", done.stderr)
    assert done.stdout.endswith("OK: the role is as expected, and an object was written to shop-data and read back.\n")
    assert pod.object.exists()
    assert [call.split()[2] for call in pod.commands.calls("aws")].count("delete-object") == 1, "one try is enough"


def test_the_key_begins_as_was_said(pod):
    done = pod.run(PREFIXED, IDENTITY=SESSION.replace("arn:aws:", "arn:aws-cn:"))
    assert (done.returncode, done.stderr) == (0, "")
    calls = pod.commands.calls("aws")[1:]
    assert len(calls) == 3
    assert all(re.search(r" --bucket shop-data --key 2026/checks=irsa/web-\d+-one( |$)", call) for call in calls)


@pytest.mark.parametrize(
    ("name", "objects"),
    [(BUCKET, "arn:aws:s3:::shop-data/issuerctl-verify/*"), (PREFIXED, "arn:aws-cn:s3:::shop-data/2026/checks=irsa/web-*")],
)
def test_the_head_names_what_the_script_asks_of_the_role(name, objects):
    text = golden.text(name)
    head = text[: text.index("apiVersion:")]
    assert f"#   {objects}\n" in head
    (script,) = container(name)["args"]
    operations = re.findall(r"aws s3api ([a-z-]+)", script)
    assert sorted(operations) == ["delete-object", "get-object", "put-object"]
    for operation in operations:
        assert "s3:" + operation.title().replace("-", "") in head


def test_without_a_bucket_nothing_is_asked_of_the_role():
    assert "s3:" not in golden.text(OWN).split("apiVersion:")[0]


def test_both_are_said_where_neither_reading_nor_deleting_is_allowed(pod):
    pod.commands.script("aws", failing("get-object").replace('"$2" = get-object', '"$2" != put-object ] && [ "$1" = s3api'))
    done = pod.run(BUCKET, injected=INJECTED)
    assert done.returncode == 1
    assert [line.split("s3://")[0] for line in done.stderr.splitlines()] == ["FAILED: the role may not read ", "WARNING: left behind: "]


def test_no_dollar_of_the_script_is_kubernetes_own():
    for name in [OWN, BUCKET, PREFIXED]:
        given = container(name)
        environment = {one["name"]: "changed" for one in given["env"]}
        assert [expanded(text, environment) for text in given["args"]] == given["args"]


@pytest.mark.parametrize("name", [OWN, BUCKET, PREFIXED])
def test_the_job_runs_under_the_restricted_standard_and_without_other_credentials(name):
    template = golden.of_kind(name, "Job")["spec"]["template"]["spec"]
    given = container(name)
    assert template["automountServiceAccountToken"] is False
    assert template["securityContext"]["runAsNonRoot"] and template["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert given["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"name": "AWS_EC2_METADATA_DISABLED", "value": "true"} in given["env"]
    mounted = {mount["name"] for mount in given["volumeMounts"]}
    assert mounted == {volume["name"] for volume in template["volumes"]}
    assert ("aws-iam-token" in mounted) == (name != BUCKET)
