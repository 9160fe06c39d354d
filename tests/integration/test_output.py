"""Streams, JSON, variables, and what is never said."""

import base64
import json

import oracle
import pytest
from cryptography.hazmat.primitives import serialization

GOOD = "https://issuer.example.test"


def test_json_is_one_document_for_every_command(case, tmp_path):
    program, keys = case.program, ["--keys", case.keys]
    issuer = ["--issuer", case.issuer]
    documents = {
        "keygen": program.run("keygen", *keys, "-o", "json"),
        "jwks": program.run("jwks", *keys, "-o", "json"),
        "discovery": program.run("discovery", *issuer, *keys, "-o", "json"),
        "discovery --out": program.run("discovery", *issuer, *keys, "--out", tmp_path / "www", "-o", "json"),
        "emit": program.run("emit", "flags", *issuer, "-o", "json"),
        "emit --list": program.run("emit", "--list"),
        "token": program.run("token", *issuer, *keys, "--service-account", "default/demo", "-o", "json"),
        "publish": case.run("publish", *case.place(), "--yes"),
        "register": case.run("register", *issuer, "--yes"),
        "bootstrap": case.bootstrap("--yes"),
        "bootstrap --dry-run": case.bootstrap("--dry-run"),
        "bootstrap --check": case.bootstrap("--check"),
    }
    listed = documents.pop("emit --list").out
    for target in ("flags", "systemd", "static-pod", "kubeadm"):
        assert target in listed
    parsed = {name: done.json for name, done in documents.items()}
    for name in ("publish", "register", "bootstrap", "bootstrap --dry-run", "bootstrap --check"):
        assert parsed[name]["command"] == name.split()[0]
        assert {"issuer", "changes", "plan", "notes", "done"} <= parsed[name].keys()
    for name in ("bootstrap --dry-run", "bootstrap --check"):
        assert parsed[name]["changes"] == 0
        # Only what changes something is counted; a look is a step too.
        assert [step["kind"] for step in parsed[name]["plan"]] == ["read-back"]


@pytest.mark.only("moto")
def test_data_on_stdout_and_talk_on_stderr(case):
    words = ["bootstrap", *case.place(), *case.peer.words()]
    run = lambda *more, **rest: case.program.run(*words, *more, environment=case.environment(), **rest)
    # A plan is data while nothing is done, and talk before something is.
    assert "create bucket" in run("--dry-run").out
    assert "create bucket" in run("--check", code=3).out
    done = run("--yes")
    assert "create bucket" in done.err and "create bucket" not in done.out
    settings = [line for line in done.out.splitlines() if line.startswith("--")]
    assert settings[0] == f"--service-account-issuer={case.issuer}"
    assert f"--service-account-jwks-uri={case.issuer}/{oracle.JWKS}" in settings
    quiet = run("--yes", "--quiet")
    assert quiet.err == "" and quiet.out == done.out
    assert run("--check").out.strip() in ("", "no changes")


@pytest.mark.only("moto")
def test_no_colours_without_a_terminal(case):
    for done in (case.bootstrap("--yes"), case.bootstrap("--yes", "--region", "eu-west-1", code=1)):
        assert "\x1b" not in done.out + done.err


def words_of_the_key(keys):
    """Every form in which the private numbers of a key could slip out."""
    key = serialization.load_pem_private_key((keys / "sa.key").read_bytes(), None)
    numbers = key.private_numbers()
    secrets = [numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp]
    words = []
    for secret in secrets:
        data = secret.to_bytes((secret.bit_length() + 7) // 8, "big")
        # The middle of each, for a form may have cut, shifted or wrapped it.
        words += [data.hex()[20:60], str(secret)[20:60]]
        words += [base64.b64encode(data[at:])[8:40].decode() for at in range(3)]
        words += [base64.urlsafe_b64encode(data[at:])[8:40].decode() for at in range(3)]
    body = "".join((keys / "sa.key").read_text().splitlines()[1:-1])
    # The head of the PEM has the modulus; what comes after it is private.
    words += [body[at : at + 32] for at in range(len(body) // 2, len(body) - 32, 16)]
    return words


def test_nothing_private_is_said(case):
    """With -v, on success and on failure, in text and in JSON."""
    runs = [case.bootstrap("--yes", "-v"), case.bootstrap("--check", "-v"), case.bootstrap("--dry-run", "-v")]
    environment = case.environment()
    words = [*case.place(), *case.peer.words(), "-v"]
    for extra in (["--yes"], ["--yes", "--target", "kubeadm"], ["--yes", "--target", "systemd"]):
        runs.append(case.program.run("bootstrap", *words, *extra, environment=environment))
    issuer = ["--issuer", case.issuer, "-v"]
    runs.append(case.run("register", "--yes", *issuer))
    runs.append(case.program.run("keygen", "-v"))
    runs.append(case.program.run("jwks", "-v"))
    runs.append(case.program.run("discovery", *issuer))
    runs.append(case.program.run("token", "--service-account", "default/demo", *issuer))
    case.put(oracle.JWKS, b"not JSON")
    runs.append(case.bootstrap("--yes", "-v", code=1))
    case.program.run("keygen", "--keys", case.directory / "other")
    (case.keys / "sa.pub").write_bytes((case.directory / "other" / "sa.pub").read_bytes())
    runs.append(case.bootstrap("--yes", "-v", code=1))
    said = "".join(done.out + done.err for done in runs)
    found = [word for word in words_of_the_key(case.keys) if word in said]
    assert found == []
    # The secret that signs calls is not said either, nor what it signs.
    if len(case.peer.secret) > 8:
        assert case.peer.secret not in said
    assert "Signature=" not in said and "x-amz-security-token" not in said.lower()


def test_every_outside_call_is_named(case):
    done = case.bootstrap("--yes", "-v")
    done.says("GetCallerIdentity", "CreateOpenIDConnectProvider", f"GET {case.issuer}/{oracle.JWKS}: 200")


@pytest.mark.only("sandbox")
def test_every_flag_can_be_a_variable(case, tmp_path):
    keys, out = tmp_path / "k", tmp_path / "out"
    variables = {
        "ISSUERCTL_BUCKET": case.bucket, "ISSUERCTL_YES": "1", "ISSUERCTL_OUTPUT": "json",
        "ISSUERCTL_KEYS": str(keys), "ISSUERCTL_REGION": "eu-west-1", "ISSUERCTL_JWKS_PATH": "keys.json",
        "ISSUERCTL_ALGORITHM": "es256", "ISSUERCTL_AUDIENCE": "mine", "ISSUERCTL_TAG": "team=platform",
        "ISSUERCTL_TARGET": "systemd", "ISSUERCTL_OUT": str(out), "ISSUERCTL_WAIT": "10",
    }
    done = case.program.run("bootstrap", environment={**case.environment(), **variables}).json
    issuer = f"https://{case.bucket}.s3.eu-west-1.amazonaws.com"
    assert done["issuer"] == issuer and done["target"] == "systemd"
    (key,) = oracle.public_keys((keys / "sa.pub").read_bytes())
    assert oracle.jwk(key)["alg"] == "ES256"
    case.issuer = issuer
    case.assert_provider(["mine"], {"team": "platform"})
    assert case.object("keys.json")[0] == oracle.jwks(key)
    assert any(out.iterdir())
    # A word wins over its variable; a false one is none.
    variables["ISSUERCTL_YES"] = "0"
    environment = {**case.environment(), **variables, "ISSUERCTL_TAG": "stage=test"}
    case.program.run("bootstrap", code=2, environment=environment).says("--yes")
    checked = case.program.run("bootstrap", "--tag", "team=platform", "--check", environment=environment)
    assert checked.json["changes"] == 0


@pytest.mark.parametrize("algorithm", ["rsa-2048", "rsa-3072", "rsa-4096", "es256", "es384", "es512"])
def test_documents_without_any_aws(program, tmp_path, algorithm):
    """keygen, jwks and discovery: files and stdout, by public keys as by the key directory."""
    made = program.run("keygen", "--algorithm", algorithm, "-o", "json").json
    public = program.home / "keys" / "sa.pub"
    (key,) = oracle.public_keys(public.read_bytes())
    assert made["kid"] == oracle.kid(key) and made["algorithm"] == algorithm
    expected = oracle.jwks(key)
    document = oracle.discovery(GOOD, f"{GOOD}/{oracle.JWKS}", oracle.jwk(key)["alg"])
    nowhere = ["--keys", tmp_path / "nowhere", "--public-key", public]
    for words in ([], nowhere):
        assert program.run("jwks", *words).out.encode() == expected
        assert program.run("discovery", "--issuer", GOOD, *words).out.encode() == document + b"\n" + expected + b"\n"
    tree = tmp_path / "www"
    files = program.run("discovery", "--issuer", GOOD, "--out", tree).out.splitlines()
    assert sorted(files) == sorted([str(tree / oracle.DISCOVERY), str(tree / oracle.JWKS)])
    assert (tree / oracle.JWKS).read_bytes() == expected
    assert (tree / oracle.DISCOVERY).read_bytes() == document
    assert program.run("discovery", "--issuer", GOOD, "--out", tree, "-o", "json").json["changes"] == 0
    # A second keygen keeps the key.
    assert program.run("keygen", "-o", "json").json == {**made, "created": False}


@pytest.mark.parametrize("target", ["flags", "systemd", "kubeadm"])
def test_settings(program, tmp_path, target):
    words = ["emit", target, "--issuer", GOOD, "--keep-issuer", "https://kubernetes.default.svc.cluster.local"]
    text = program.run(*words).out
    assert f"{GOOD}/{oracle.JWKS}" in text and "/etc/kubernetes/pki/sa.key" in text
    assert text.index(GOOD) < text.index("https://kubernetes.default.svc.cluster.local")
    assert "sts.amazonaws.com" not in text
    program.run(*words, "--out", tmp_path / "out")
    written = [path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert any(GOOD in one for one in written)


def test_settings_of_a_manifest(program, tmp_path):
    manifest = tmp_path / "kube-apiserver.yaml"
    manifest.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: kube-apiserver\n  namespace: kube-system\nspec:\n"
        "  containers:\n  - name: kube-apiserver\n    image: registry.k8s.io/kube-apiserver:v1.34.0\n    command:\n"
        "    - kube-apiserver\n    - --service-account-issuer=https://kubernetes.default.svc.cluster.local\n"
        "    - --secure-port=6443\n"
        "    volumeMounts:\n    - mountPath: /etc/kubernetes/pki\n      name: k8s-certs\n      readOnly: true\n"
        "  volumes:\n  - name: k8s-certs\n    hostPath:\n      path: /etc/kubernetes/pki\n"
    )
    before = manifest.read_text()
    text = program.run("emit", "static-pod", "--issuer", GOOD, "--manifest", manifest).out
    assert f"--service-account-issuer={GOOD}" in text and "--secure-port=6443" in text
    assert manifest.read_text() == before


def test_help_and_version_are_data(program):
    assert program.run("--version").err == ""
    for words in ([], ["bootstrap"], ["publish"], ["register"], ["sandbox"], ["token"], ["emit"]):
        done = program.run(*words, "--help")
        assert done.err == "" and "Usage:" in done.out


def test_a_failure_is_json_too(program):
    done = program.run("jwks", "-o", "json", code=1)
    assert json.loads(done.out)["exit_code"] == 1
    assert json.loads(done.out)["error"] in done.err
