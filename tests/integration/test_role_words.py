"""What cannot be is refused before anybody is asked: the endpoint that is given would not answer."""

import json

import pytest

NOWHERE = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
}
ISSUER = "https://oidc.example.com/c1"
GOOD = ["--name", "app", "--service-account", "default/app"]


def apply(program, *words, code=2):
    return program.run("role", "apply", "--issuer", ISSUER, *words, "--yes", code=code, environment=NOWHERE)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--name", "a" * 65, "--service-account", "default/app"], "64"),
        (["--name", "a b", "--service-account", "default/app"], "a b"),
        (["--name", "app", "--service-account", "app"], "NAMESPACE/NAME"),
        (["--name", "app", "--service-account", "default/App"], "default/App"),
        (["--name", "app"], "--service-account"),
        ([], "--name"),
        (["--preset", "no-such-thing"], "aws-load-balancer-controller"),
        ([*GOOD, "--policy-arn", "AdministratorAccess"], "AdministratorAccess"),
        ([*GOOD, "--path", "no-slashes"], "no-slashes"),
        ([*GOOD, "--max-session", "60"], "3600"),
        ([*GOOD, "--subject-pattern", "system:serviceaccount:*"], "every service account"),
        ([*GOOD, "--subject-pattern", "*/*"], "every service account"),
        ([*GOOD, "--inline-policy", "missing.json"], "missing.json"),
        ([*GOOD, "--create-policy", "no-equals-sign"], "NAME=FILE"),
        ([*GOOD, "--hardened"], "--preset"),
        (["--preset", "external-dns", "--hardened"], "--zone"),
        (["-f", "missing.yaml"], "missing.yaml"),
        (["-f", "roles.yaml", "--name", "x"], "--name"),
    ],
)
def test_wrong_words(program, words, said):
    done = apply(program, *words)
    done.says("error:", said)
    assert done.out == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "policy.json"),
        ("[]", "policy.json"),
        ('{"Version": "2012-10-17", "Statement": []}', "policy.json"),
        (json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "x"}]}), "policy.json"),
        (
            json.dumps(
                {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"arn:aws:s3:::b/{n:0200}" for n in range(80)]}
                ]}
            ),
            "10240",
        ),
    ],
    ids=["no-json", "list", "empty", "no-resource", "too-large"],
)
def test_policies_that_iam_would_refuse(program, text, said):
    (program.home / "policy.json").write_text(text)
    apply(program, *GOOD, "--inline-policy", "policy.json").says("error:", said)


@pytest.mark.parametrize(
    ("text", "line", "path"),
    [
        ("roles:\n  - name: a\n    serviceAccounts: [app]\n", 3, "roles[0].serviceAccounts[0]"),
        ("roles:\n  - name: a\n    serviceAccounts: [n/a]\n  - name: a\n    serviceAccounts: [n/a]\n", 4, "roles[1]"),
        (f"roles:\n  - serviceAccounts: [n/a]\n    name: {'a' * 65}\n", 3, "roles[0].name"),
        ("roles:\n  - name: a\n    serviceAccounts: [n/a]\n    preset: nothing\n", 4, "roles[0].preset"),
        ("roles:\n  - name: a\n    serviceAccount: n/a\n", 3, "roles[0]"),
        ("roles:\n  - name: a\n    serviceAccounts: [n/a]\n    inlinePolicies: {p: gone.json}\n", 4, "roles[0].inlinePolicies"),
        ("roles:\n  - name: a\n    maxSession: soon\n    serviceAccounts: [n/a]\n", 3, "roles[0].maxSession"),
        ("roles:\n  - name: [\n", 2, ""),
        ("rolls: []\n", 1, "rolls"),
    ],
)
def test_a_mistake_in_a_file_has_its_line_and_its_path(program, text, line, path):
    (program.home / "roles.yaml").write_text(text)
    apply(program, "-f", "roles.yaml").says("error:", "roles.yaml", f"line {line}", path)


def test_a_trust_policy_over_the_quota_is_known_before_any_call(program):
    accounts = [f"namespace-{n:03}/workload-{n:03}" for n in range(60)]
    flags = [word for account in accounts for word in ("--service-account", account)]
    apply(program, "--name", "app", *flags).says("2048")
    (program.home / "roles.yaml").write_text(f"roles:\n  - name: app\n    serviceAccounts: {json.dumps(accounts)}\n")
    apply(program, "-f", "roles.yaml").says("2048", "roles.yaml", "line 2", "roles[0]")


def test_presets_are_listed_with_their_versions(program):
    presets = program.run("role", "presets", "-o", "json").json["presets"]
    assert {preset["preset"] for preset in presets} == {
        "aws-load-balancer-controller", "external-dns", "cert-manager", "cluster-autoscaler", "ebs-csi", "efs-csi",
    }
    text = program.run("role", "presets").out
    for preset in presets:
        assert preset["version"] and preset["source"].startswith("https://") and "/" in preset["service_account"]
        assert preset["version"] in text and preset["service_account"] in text


def test_the_policy_of_a_preset_is_shown(program):
    shown = program.run("role", "presets", "external-dns", "--region", "cn-north-1").json
    assert "arn:aws-cn:route53:::hostedzone/*" in json.dumps(shown)
    words = ["role", "presets", "external-dns", "--region", "eu-west-1", "--hardened", "--zone", "Z0123456789ABCDEFGHIJ"]
    assert "hostedzone/Z0123456789ABCDEFGHIJ" in program.run(*words).out


def test_what_is_missing_is_named_in_json_too(program):
    done = program.run("role", "list", "-o", "json", code=2)
    assert "--issuer" in done.json["error"] and done.json["exit_code"] == 2 and done.json["done"] == []
