"""The admission policy, evaluated: what it makes of pods, by a ServiceAccount's annotations and by a map."""

import copy

import pytest

import golden
from expressions import evaluate, mutated, refusal

ROLE = "arn:aws:iam::123456789012:role/issuerctl/0123456789abcdef/web"
PREFIX = "eks.amazonaws.com"
MOUNT = {"name": "aws-iam-token", "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount", "readOnly": True}
FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"

STS = [{"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"}]
REGION = [{"name": "AWS_DEFAULT_REGION", "value": "eu-west-1"}, {"name": "AWS_REGION", "value": "eu-west-1"}]
CREDENTIALS = [{"name": "AWS_ROLE_ARN", "value": ROLE}, {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": FILE}]

GOLDEN = {
    "label": "admission-policy-label-validate.admission-policy.yaml",
    "each": "admission-policy-each-validate.admission-policy.yaml",
    "map": "admission-policy-map-validate.admission-policy.yaml",
}
BINDINGS = list(GOLDEN)


def policy(binding):
    return golden.of_kind(GOLDEN[binding], "MutatingAdmissionPolicy")


def companion(binding):
    return golden.of_kind(GOLDEN[binding], "ValidatingAdmissionPolicy")


def account(name="web", **annotations):
    annotations = {f"{PREFIX}/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {"metadata": {"name": name, "namespace": "shop", **({"annotations": annotations} if annotations else {})}}


def pod(*containers, annotations=None, **spec):
    metadata = {"name": "one", "namespace": "shop", **({"annotations": annotations} if annotations else {})}
    return {"metadata": metadata, "spec": {"serviceAccountName": "web", "containers": list(containers) or [{"name": "app"}], **spec}}


def volume(audience="sts.amazonaws.com", expiration=86400):
    token = {"audience": audience, "expirationSeconds": expiration, "path": "token"}
    return {"name": "aws-iam-token", "projected": {"sources": [{"serviceAccountToken": token}]}}


def admitted(binding, given, params=None, namespace="shop"):
    data = {"params": params or account(role_arn=ROLE), "request": {"namespace": namespace}}
    return mutated(policy(binding), object=given, **data)


CHANGED = [
    ("a bare pod", pod(), [{"name": "app", "env": STS + REGION + CREDENTIALS, "volumeMounts": [MOUNT]}], [volume()]),
    (
        "a volume that is there stays behind the token's",
        pod(volumes=[{"name": "data", "emptyDir": {}}]),
        [{"name": "app", "env": STS + REGION + CREDENTIALS, "volumeMounts": [MOUNT]}],
        [volume(), {"name": "data", "emptyDir": {}}],
    ),
    (
        "a region of its own stays",
        pod({"name": "app", "env": [{"name": "AWS_REGION", "value": "us-east-1"}]}),
        [{"name": "app", "env": [{"name": "AWS_REGION", "value": "us-east-1"}] + STS + CREDENTIALS, "volumeMounts": [MOUNT]}],
        [volume()],
    ),
    (
        "a role of its own stays",
        pod({"name": "app", "env": [{"name": "AWS_ROLE_ARN", "value": "own"}]}),
        [{"name": "app", "env": [{"name": "AWS_ROLE_ARN", "value": "own"}] + STS + REGION, "volumeMounts": [MOUNT]}],
        [volume()],
    ),
    (
        "a container that is to be skipped",
        pod({"name": "app"}, {"name": "proxy"}, annotations={f"{PREFIX}/skip-containers": "proxy,other"}),
        [{"name": "app", "env": STS + REGION + CREDENTIALS, "volumeMounts": [MOUNT]}, {"name": "proxy"}],
        [volume()],
    ),
    (
        "the pod's own expiration, 600 at least",
        pod(annotations={f"{PREFIX}/token-expiration": "5"}),
        [{"name": "app", "env": STS + REGION + CREDENTIALS, "volumeMounts": [MOUNT]}],
        [volume(expiration=600)],
    ),
    (
        "an expiration that is none",
        pod(annotations={f"{PREFIX}/token-expiration": "soon"}),
        [{"name": "app", "env": STS + REGION + CREDENTIALS, "volumeMounts": [MOUNT]}],
        [volume()],
    ),
]


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize(("given", "containers", "volumes"), [case[1:] for case in CHANGED], ids=[case[0] for case in CHANGED])
def test_a_pod_gets_what_it_lacks(binding, given, containers, volumes):
    before = copy.deepcopy(given)
    changed = admitted(binding, given)
    assert changed["spec"]["containers"] == containers
    assert changed["spec"]["volumes"] == volumes
    assert given == before
    # Run again, as IfNeeded does, and applied to what is whole: nothing more.
    assert admitted(binding, changed) == changed
    assert refusal(companion(binding), object=changed, params=account(role_arn=ROLE), request={"namespace": "shop"}) is None


@pytest.mark.parametrize("binding", BINDINGS)
def test_init_containers_are_containers(binding):
    changed = admitted(binding, pod(initContainers=[{"name": "first"}]))
    assert changed["spec"]["initContainers"] == [{"name": "first", "env": STS + REGION + CREDENTIALS, "volumeMounts": [MOUNT]}]


@pytest.mark.parametrize("binding", BINDINGS)
def test_windows_has_paths_of_its_own(binding):
    changed = admitted(binding, pod(nodeSelector={"kubernetes.io/os": "windows"}))
    files = [one["value"] for one in changed["spec"]["containers"][0]["env"] if one["name"] == "AWS_WEB_IDENTITY_TOKEN_FILE"]
    assert files == ["C:\\var\\run\\secrets\\eks.amazonaws.com\\serviceaccount\\token"]


@pytest.mark.parametrize("params", [account(), account(name="other", role_arn=ROLE), account(role_arn="")])
@pytest.mark.parametrize("binding", ["label", "each"])
def test_without_a_role_of_its_service_account_a_pod_stays_as_it_is(binding, params):
    given = pod()
    assert admitted(binding, given, params) == given
    assert refusal(companion(binding), object=given, params=params, request={"namespace": "shop"}) is None


@pytest.mark.parametrize(("name", "namespace"), [("other", "shop"), ("web", "elsewhere")])
def test_who_is_not_in_the_map_stays_as_it_is(name, namespace):
    given = pod(serviceAccountName=name)
    assert admitted("map", given, namespace=namespace) == given
    assert refusal(companion("map"), object=given, request={"namespace": namespace}) is None


def test_annotations_of_the_service_account_go_before_the_defaults():
    params = account(role_arn=ROLE, audience="other", token_expiration="7200", sts_regional_endpoints="false")
    changed = admitted("label", pod(), params)
    assert changed["spec"]["volumes"] == [volume("other", 7200)]
    assert changed["spec"]["containers"][0]["env"] == REGION + CREDENTIALS


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_silent_miss_is_refused_in_a_sentence(binding):
    data = {"params": account(role_arn=ROLE), "request": {"namespace": "shop"}}
    said = refusal(companion(binding), object=pod(volumes=[{"name": "data", "emptyDir": {}}]), **data)
    assert said == (
        f"the service account shop/web has the role {ROLE}, but this pod carries no token for it: "
        "the policy issuerctl-irsa has missed it; create the pod again"
    )
    by_hand = {**volume(), "name": "token-of-my-own"}
    assert refusal(companion(binding), object=pod(volumes=[by_hand]), **data) is None
    mirror = pod(annotations={"kubernetes.io/config.mirror": "0f"})
    assert refusal(companion(binding), object=mirror, **data) is None


@pytest.mark.parametrize("binding", BINDINGS)
def test_no_expression_is_longer_than_kubernetes_takes(binding):
    for document in [policy(binding), companion(binding)]:
        for variable in document["spec"]["variables"]:
            assert len(variable["expression"]) <= 100_000


def test_the_companion_never_looks_at_kube_system():
    for binding in BINDINGS:
        constraints = companion(binding)["spec"]["matchConstraints"]
        assert constraints["namespaceSelector"]["matchExpressions"] == [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}
        ]


def test_an_expression_that_is_broken_would_be_seen():
    with pytest.raises(Exception, match="(?i)syntax|parse|expected|mismatched"):
        evaluate("'a' + + ", object={})
