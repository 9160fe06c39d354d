"""The doctor over a live sandbox: its finding and the answer of STS to boto3 name the same step, row by row.

Every case breaks one thing with boto3 or with a key of the test's own, asks STS for a session as a pod does, and runs
the doctor on the same facts.
"""

import html.parser
import json
import shutil
import time
from pathlib import Path

import oracle
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import boto3
from peers import Sandbox

pytestmark = pytest.mark.only("sandbox")

ACCOUNT = "default/my-app"
SUBJECT = "system:serviceaccount:default:my-app"
AUDIENCE = "sts.amazonaws.com"


class Workload:
    """A service account, its role and its tokens, for one issuer."""

    def __init__(self, case):
        self.case = case
        self.role = case.bucket
        self.arn = f"arn:aws:iam::{case.peer.account}:role/{self.role}"
        self.file = case.directory / "token"
        self.words = ["--role-arn", self.arn, "--service-account", ACCOUNT]
        self.set_trust()

    def trust(self, **conditions):
        host = self.case.issuer.removeprefix("https://")
        equals = {"aud": AUDIENCE, "sub": SUBJECT, **conditions}
        return json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": self.case.peer.provider_arn(self.case.issuer)},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{host}:{name}": value for name, value in equals.items() if value}},
        }]})

    def set_trust(self, **conditions):
        document, iam = self.trust(**conditions), self.case.iam
        try:
            iam.create_role(RoleName=self.role, AssumeRolePolicyDocument=document)
        except iam.exceptions.EntityAlreadyExistsException:
            iam.update_assume_role_policy(RoleName=self.role, PolicyDocument=document)

    def delete_role(self):
        self.case.iam.delete_role(RoleName=self.role)

    def claims(self, **changes):
        now = int(time.time())
        claims = {"aud": [AUDIENCE], "exp": now + 600, "iat": now, "iss": self.case.issuer, "nbf": now, "sub": SUBJECT}
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def sign(self, key=None, kid=None, **changes):
        """A token signed by the cluster's key, or by another one that says it is that one."""
        if key is None:
            key = serialization.load_pem_private_key((self.case.keys / "sa.key").read_bytes(), None)
        header = {"alg": "RS256", "kid": kid or oracle.kid(key.public_key())}
        head = ".".join(oracle.b64(oracle.compact(part)) for part in (header, self.claims(**changes)))
        return f"{head}.{oracle.b64(key.sign(head.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def assume(self, token, **more):
        """What STS answers to a pod: nothing, or code, status and the step that it names."""
        door = self.case.peer.door()
        door["config"] = door["config"].merge(Config(signature_version=UNSIGNED, parameter_validation=False))
        sts = boto3.client("sts", region_name=self.case.region, **door)
        try:
            sts.assume_role_with_web_identity(
                RoleArn=self.arn, RoleSessionName="pod", WebIdentityToken=token, **more
            )
        except ClientError as error:
            answer = error.response
            step = answer["ResponseMetadata"]["HTTPHeaders"]["x-issuerctl-step"]
            return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], step
        return None

    def examine(self, token, *words, code):
        """What the doctor says of the same: its report."""
        self.file.write_text(token)
        done = self.case.run(
            "doctor", "--issuer", self.case.issuer, *self.words, "--token", self.file, *self.case.naming[2:], *words,
            code=code,
        )
        return done.json


@pytest.fixture
def workload(case):
    made = Workload(case.made())
    yield made
    made.case.iam.delete_role(RoleName=made.role) if made.role in roles(made) else None


def roles(workload):
    pages = workload.case.iam.get_paginator("list_roles").paginate()
    return [role["RoleName"] for page in pages for role in page["Roles"]]


def ended(report, status):
    return {check["name"]: check for check in report["checks"] if check["status"] == status}


def failed_steps(report):
    return {check.get("step") for check in ended(report, "fail").values()}


def test_a_healthy_chain_has_no_failure_and_sts_agrees(workload):
    token = workload.sign()
    assert workload.assume(token) is None
    report = workload.examine(token, "--assume-role", code=0)
    assert ended(report, "fail") == {}
    # A certificate authority of one's own is not what AWS sees: that alone is to look at.
    assert set(ended(report, "warn")) == {"documents/public-look"}, ended(report, "warn")
    groups = {check["group"] for check in ended(report, "pass").values()}
    assert groups == {"keys", "documents", "bucket", "provider", "role", "token", "sts"}
    assert report["summary"]["fail"] == 0 and report["issuer"] == workload.case.issuer


def test_a_token_is_signed_for_the_look_when_none_is_given(workload):
    done = workload.case.run("doctor", "--issuer", workload.case.issuer, *workload.words, "--assume-role")
    done.says("signed by", "300 s")
    assert ended(done.json, "fail") == {}
    assert {check["status"] for check in done.json["checks"] if check["group"] == "sts"} == {"pass"}


def test_a_key_of_another_issuer_signs_nothing_for_the_look(workload):
    done = workload.case.run(
        "doctor", "--issuer", "https://another.example.test", *workload.words, "--assume-role", code=1
    )
    assert "is signed by" not in done.err
    checks = {check["name"]: check for check in done.json["checks"]}
    assert checks["keys/issuer"]["status"] == checks["sts/accepts"]["status"] == "fail", checks


def no_provider(workload):
    workload.case.forget_provider()


def private_documents(workload):
    workload.case.s3.delete_bucket_policy(Bucket=workload.case.bucket)


def overwritten_keys(workload):
    stranger = rsa.generate_private_key(65537, 2048).public_key()
    workload.case.put(oracle.JWKS, oracle.jwks(stranger))


def other_issuer(workload):
    document = oracle.discovery(f"{workload.case.issuer}/", f"{workload.case.issuer}/{oracle.JWKS}", "RS256")
    workload.case.put(oracle.DISCOVERY, document)


def no_document(workload):
    workload.case.s3.delete_object(Bucket=workload.case.bucket, Key=oracle.JWKS)


def stranger_with_our_kid(workload):
    return workload.sign(rsa.generate_private_key(65537, 2048), kid=workload.case.kid())


# What is broken (with the name of the check that has to find it), and what STS answers.
ROWS = {
    "1, a token that is too short": (lambda _: "abc", {}, "ValidationError", "parameters"),
    "2, a session that is too long": (Workload.sign, {"DurationSeconds": 7200}, "ValidationError", "duration"),
    "3, not a JWT": (lambda _: "not.a.token", {}, "InvalidIdentityToken", "token"),
    "3, a newline at the end": (lambda w: w.sign() + "\n", {}, "InvalidIdentityToken", "token"),
    "4, a token of a Secret": (lambda w: w.sign(iss="kubernetes/serviceaccount"), {}, "InvalidIdentityToken", "issuer"),
    "5, no audience": (lambda w: w.sign(aud=None), {}, "InvalidIdentityToken", "claims"),
    "6, two audiences": (lambda w: w.sign(aud=[AUDIENCE, "vault"]), {}, "InvalidIdentityToken", "authorized-party"),
    "7, no provider": (Workload.sign, {}, "InvalidIdentityToken", "provider", no_provider),
    "7, a slash at the end": (lambda w: w.sign(iss=f"{w.case.issuer}/"), {}, "InvalidIdentityToken", "provider"),
    "8, another audience": (lambda w: w.sign(aud=["vault"]), {}, "InvalidIdentityToken", "audience"),
    "9, documents that nobody may read": (Workload.sign, {}, "InvalidIdentityToken", "keys", private_documents),
    "9, a JWKS that is gone": (Workload.sign, {}, "InvalidIdentityToken", "keys", no_document),
    "9, keys that were overwritten": (Workload.sign, {}, "InvalidIdentityToken", "keys", overwritten_keys),
    "9, a document of another issuer": (Workload.sign, {}, "InvalidIdentityToken", "keys", other_issuer),
    "9, a stranger's signature": (stranger_with_our_kid, {}, "InvalidIdentityToken", "signature"),
    "11, a token that has run out": (lambda w: w.sign(exp=int(time.time()) - 301), {}, "ExpiredTokenException", "expiry"),
    "12, another namespace": (
        lambda w: w.sign(sub="system:serviceaccount:other:my-app"), {}, "AccessDenied", "trust",
    ),
    "12, no role": (Workload.sign, {}, "AccessDenied", "trust", Workload.delete_role),
    "12, a trust policy of another subject": (
        Workload.sign, {}, "AccessDenied", "trust", lambda w: w.set_trust(sub="system:serviceaccount:default:else"),
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_doctor_and_sts_name_the_same_step(workload, row):
    token, more, code, step, *breaks = ROWS[row]
    for one in breaks:
        one(workload)
    token = token(workload)
    answer = workload.assume(token, **more)
    assert answer == (code, 403 if code == "AccessDenied" else 400, step)
    words = ["--session-duration", more["DurationSeconds"]] if more else []
    report = workload.examine(token, *words, "--assume-role", code=1)
    assert step in failed_steps(report), ended(report, "fail")
    # The real call, made by the doctor itself, is told with the same step.
    asked = {check["name"]: check for check in report["checks"] if check["group"] == "sts"}
    assert asked["sts/accepts"]["status"] == "fail" and code in asked["sts/accepts"]["actual"], asked
    # What was looked at is not what a token of another issuer stands on: nothing to compare with then.
    of_another_issuer = row == "7, a slash at the end"
    assert asked["sts/agrees"]["status"] == ("skip" if of_another_issuer else "pass"), asked
    # Every failure says what should be, what is and what to do.
    for check in ended(report, "fail").values():
        assert check["expected"] and check["actual"] and check["hint"], check


def test_row_10_a_thumbprint_that_is_no_longer_the_hosts(case):
    case.on_own_domain().made()
    workload = Workload(case)
    token = workload.sign()
    assert workload.assume(token) is None
    arn = case.peer.provider_arn(case.issuer)
    case.iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["f" * 40])
    assert workload.assume(token) == ("InvalidIdentityToken", 400, "thumbprint")
    assert "thumbprint" in failed_steps(workload.examine(token, code=1))
    # The field's habit: forty x, which IAM takes.
    case.iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["x" * 40])
    report = workload.examine(token, code=1)
    assert any("xxxx" in check["actual"] for check in ended(report, "fail").values()), ended(report, "fail")


def test_row_13_a_host_that_nobody_listens_at(tmp_path, authority, name):
    from case import Case
    from program import BUILT

    peer = Sandbox(BUILT, tmp_path / "sandbox", authority)
    try:
        case = Case(peer, BUILT, tmp_path / "admin", name).on_own_domain().made()
        workload = Workload(case)
        peer.front.stop()
        token = workload.sign()
        assert workload.assume(token) == ("IDPCommunicationError", 400, "reachable")
        assert "reachable" in failed_steps(workload.examine(token, code=1))
    finally:
        peer.server.stop()


def test_the_field_forgets_the_audience_in_the_trust_policy(workload):
    """STS takes it, and the doctor does not: any token of the account would do, whoever it was made for."""
    workload.set_trust(aud=None)
    token = workload.sign()
    assert workload.assume(token) is None
    report = workload.examine(token, code=1)
    assert "role/lint" in ended(report, "fail"), ended(report, "fail")


def test_without_credentials_everything_else_is_looked_at(workload):
    case = workload.case
    environment = {name: "" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    done = case.run("doctor", "--issuer", case.issuer, environment=environment)
    groups = {check["group"]: set() for check in done.json["checks"]}
    for check in done.json["checks"]:
        groups[check["group"]].add(check["status"])
    assert groups["bucket"] == groups["provider"] == {"skip"}
    assert "pass" in groups["keys"] and "pass" in groups["documents"]


def test_the_whole_doctor_takes_at_most_six_round_trips(tmp_path, authority, name):
    """50 ms are added to every call; the trace of the sandbox says when each began and ended."""
    from case import Case
    from program import BUILT

    trace = tmp_path / "trace.jsonl"
    peer = Sandbox(BUILT, tmp_path / "sandbox", authority, "--latency", "50", "--trace", trace)
    try:
        case = Case(peer, BUILT, tmp_path / "admin", name).made()
        workload = Workload(case)
        token = workload.sign()
        before = len(trace.read_text().splitlines())
        workload.examine(token, "--assume-role", code=0)
        calls = [json.loads(line) for line in trace.read_text().splitlines()[before:]]
    finally:
        peer.stop()
    assert len(calls) > 10
    assert longest_chain(calls) <= 6, calls


KUBECTL = Path(__file__).with_name("kubectl.sh")


def listed(*objects):
    return oracle.compact({"apiVersion": "v1", "kind": "List", "items": objects})


class Cluster:
    """A kubectl on PATH that answers for a kubeadm cluster with one control-plane node."""

    def __init__(self, workload, directory):
        self.workload, self.directory = workload, directory
        (directory / "answers").mkdir(parents=True)
        shutil.copy(KUBECTL, directory / "kubectl")
        (directory / "kubectl").chmod(0o755)
        case = workload.case
        keys = oracle.public_keys((case.keys / "sa.pub").read_bytes())
        self.answer("get --raw /.well-known/openid-configuration",
                    oracle.discovery(case.issuer, f"{case.issuer}/{oracle.JWKS}", "RS256"))
        self.answer("get --raw /openid/v1/jwks", oracle.jwks(*keys))
        self.answer("version -o json", oracle.compact({"serverVersion": {"gitVersion": "v1.36.2"}}))
        self.answer(f"-n default create token my-app --audience {AUDIENCE} --duration 10m", workload.sign().encode() + b"\n")
        account = {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": workload.arn}}}
        self.answer("-n default get serviceaccount my-app -o json", oracle.compact(account))
        self.answer("get mutatingwebhookconfigurations -o json", listed())
        self.node(f"https://kubernetes.default.svc.cluster.local,{case.issuer}")

    def answer(self, call, body):
        name = "".join(c if c.isascii() and (c.isalnum() or c in ".=-") else "_" for c in call)
        (self.directory / "answers" / name).write_bytes(body)

    def node(self, audiences):
        command = [
            "kube-apiserver", f"--service-account-issuer={self.workload.case.issuer}", f"--api-audiences={audiences}",
            "--service-account-signing-key-file=/etc/kubernetes/pki/sa.key",
            "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
            "--service-account-max-token-expiration=24h",
        ]
        pod = {
            "metadata": {"name": "kube-apiserver-cp-1", "labels": {"component": "kube-apiserver"}},
            "spec": {"nodeName": "cp-1", "containers": [{"name": "kube-apiserver", "command": command}]},
        }
        for label in ("component=kube-apiserver", "k8s-app=kube-apiserver", "tier=control-plane"):
            pods = [pod] if label == "component=kube-apiserver" else []
            self.answer(f"-n kube-system get pods -l {label} -o json", listed(*pods))

    def examine(self, *words, code):
        environment = {"PATH": f"{self.directory}:/usr/bin:/bin"}
        workload = self.workload
        return workload.case.run(
            "doctor", "--issuer", workload.case.issuer, *workload.words, "--cluster", *words,
            code=code, environment=environment,
        ).json


@pytest.fixture
def cluster(workload, tmp_path):
    return Cluster(workload, tmp_path / "kubectl")


def of_group(report, group):
    return {check["name"]: check["status"] for check in report["checks"] if check["group"] == group}


def test_a_healthy_cluster_is_seen_through_kubectl(cluster):
    found = of_group(cluster.examine(code=0), "cluster")
    assert len(found) > 10 and set(found.values()) == {"pass"}, found
    calls = (cluster.directory / "calls").read_text().splitlines()
    changes = ("apply", "patch", "delete", "edit", "replace", "annotate", "label", "scale")
    assert not [call for call in calls if set(call.split()) & set(changes)], "the doctor changes nothing"


def test_the_field_hands_the_audience_of_aws_to_kube_apiserver(cluster):
    cluster.node(f"{AUDIENCE},{cluster.workload.case.issuer}")
    report = cluster.examine(code=1)
    assert of_group(report, "cluster")["cluster/api-audiences"] == "fail"


def test_a_cluster_that_signs_with_another_key_is_found(cluster):
    stranger = rsa.generate_private_key(65537, 2048)
    token = cluster.workload.sign(stranger).encode()
    cluster.answer("get --raw /openid/v1/jwks", oracle.jwks(stranger.public_key()))
    cluster.answer(f"-n default create token my-app --audience {AUDIENCE} --duration 10m", token)
    report = cluster.examine(code=1)
    assert of_group(report, "cluster")["cluster/signing-key"] == "fail"
    assert token.decode() not in json.dumps(report)


def test_saved_documents_stand_in_for_a_cluster_out_of_reach(cluster):
    answers = cluster.directory / "answers"
    case = cluster.workload.case
    words = [
        "--cluster-openid-configuration", answers / "get_--raw__.well-known_openid-configuration",
        "--cluster-jwks", answers / "get_--raw__openid_v1_jwks",
    ]
    found = of_group(case.run("doctor", "--issuer", case.issuer, *words).json, "cluster")
    assert {found[name] for name in ("cluster/issuer", "cluster/signing-key", "cluster/jwks-uri")} == {"pass"}
    assert found["cluster/control-plane"] == "skip"
    assert not (cluster.directory / "calls").exists()


def test_without_kubectl_the_rest_is_still_looked_at(cluster):
    (cluster.directory / "kubectl").unlink()
    environment = {"PATH": str(cluster.directory)}
    workload = cluster.workload
    report = workload.case.run(
        "doctor", "--issuer", workload.case.issuer, "--cluster", environment=environment, code=1
    ).json
    assert "kubectl" in str(ended(report, "fail"))
    assert "pass" in of_group(report, "documents").values()


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.text, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_says_what_the_report_says_and_needs_nothing_else(workload):
    workload.set_trust(sub="system:serviceaccount:default:else")
    file = workload.case.directory / "report.html"
    report = workload.examine(workload.sign(), "--html", file, code=1)
    page = Page(file.read_text())
    text = " ".join(page.text)
    for check in report["checks"]:
        assert check["title"] in text, check
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "img", "object", "embed", "form"}
    links = [attributes[name] for _, attributes in page.tags for name in ("href", "src") if name in attributes]
    assert all(link.startswith("#") for link in links), links


def test_a_page_that_cannot_be_written_loses_no_report(workload):
    workload.file.write_text(workload.sign())
    words = ["--token", workload.file, "--html", workload.case.directory / "no" / "such" / "place.html"]
    done = workload.case.run("doctor", "--issuer", workload.case.issuer, *workload.words, *words, code=1)
    done.says("cannot write", "place.html")
    assert ended(done.json, "fail") == {} and ended(done.json, "pass")


def test_a_page_replaces_no_file_but_a_page(workload):
    case = workload.case
    key, page = case.keys / "sa.key", case.directory / "report.html"
    before = key.read_bytes()
    words = ["doctor", "--issuer", case.issuer]
    case.run(*words, "--html", key, code=2).says("sa.key", "no page of the doctor's")
    case.run(*words, "--html", case.keys, code=2).says("not a regular file")
    assert key.read_bytes() == before
    case.run(*words, "--html", page)
    first = page.read_text()
    case.run(*words, "--html", page)
    assert page.read_text() != first, "a page says when it was made"


def test_a_token_that_is_not_there_is_said_before_anything_is_asked(program):
    done = program.run("doctor", "--issuer", "https://a.example.test", "--token", "no-such-file", code=1)
    done.says("cannot read the token no-such-file")
    assert not done.out


def test_a_token_is_never_shown(workload):
    token = workload.sign()
    file = workload.case.directory / "report.html"
    workload.file.write_text(token)
    for words in (["-v"], ["-v", "-o", "json"]):
        done = workload.case.program.run(
            "doctor", "--issuer", workload.case.issuer, *workload.words, "--token", workload.file, "--assume-role",
            "--html", file, *words, environment=workload.case.environment(),
        )
        signature = token.rsplit(".", 1)[1]
        for text in (done.out, done.err, file.read_text()):
            assert signature not in text and token not in text


def longest_chain(calls):
    """How many calls lie after each other at most: each begins when the one before it has ended."""
    times = sorted((call["start_us"], call["end_us"]) for call in calls)
    longest, free = 0, -1
    # The most intervals that do not overlap: always the one that ends first.
    for arrived, answered in sorted(times, key=lambda pair: pair[1]):
        if arrived >= free:
            longest, free = longest + 1, answered
    return longest
