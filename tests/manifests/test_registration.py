"""Whom the webhook's registration asks for, and who waits for it: the control plane never does."""

import pytest

import golden
from expressions import applies

STRICT = ["webhook-cert-manager-fail-closed.pod-identity-webhook.yaml", "webhook-kube-system-fail-closed.pod-identity-webhook.yaml"]


def selects(selector, labels):
    """https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements"""
    for one in (selector or {}).get("matchExpressions", []):
        value = labels.get(one["key"])
        met = {
            "NotIn": lambda: value not in one["values"],
            "DoesNotExist": lambda: value is None,
        }[one["operator"]]()
        if not met:
            return False
    return True


def asked(name, namespace, labels=None, annotations=None, **spec):
    """The failure policies of the entries that are called for such a pod."""
    registration = golden.of_kind(name, "MutatingWebhookConfiguration")
    metadata = {"labels": labels or {}, **({"annotations": annotations} if annotations else {})}
    data = {"object": {"metadata": metadata, "spec": spec}, "request": {"namespace": namespace}}
    return [
        webhook["failurePolicy"]
        for webhook in registration["webhooks"]
        if selects(webhook.get("namespaceSelector"), {"kubernetes.io/metadata.name": namespace})
        and selects(webhook["objectSelector"], labels or {})
        and applies(webhook.get("matchConditions"), **data)
    ]


MIRROR = {"kubernetes.io/config.mirror": "0f"}


@pytest.mark.parametrize(
    ("namespace", "pod", "expected"),
    [
        ("shop", {}, ["Fail"]),
        ("shop", {"hostNetwork": False, "annotations": {"a": "b"}}, ["Fail"]),
        ("kube-system", {}, ["Ignore"]),
        ("calico-system", {"hostNetwork": True}, ["Ignore"]),
        ("kube-system", {"annotations": MIRROR, "hostNetwork": True}, []),
        ("shop", {"annotations": MIRROR}, []),
        ("shop", {"labels": {"eks.amazonaws.com/skip-pod-identity-webhook": "true"}}, []),
    ],
)
@pytest.mark.parametrize("name", STRICT)
def test_every_pod_is_asked_for_once_and_the_control_plane_never_waits(name, namespace, pod, expected):
    assert asked(name, namespace, **pod) == expected


@pytest.mark.parametrize("name", [*STRICT, "webhook.pod-identity-webhook.yaml"])
def test_its_own_pods_never_wait_for_it(name):
    deployment = golden.of_kind(name, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert asked(name, deployment["metadata"]["namespace"], labels=labels) == []


def test_cert_manager_never_waits_for_the_webhook_whose_certificate_it_makes():
    assert asked(STRICT[0], "cert-manager") == ["Ignore"]
    assert asked(STRICT[0], "irsa") == ["Ignore"]


def test_open_means_one_entry_that_never_refuses():
    name = "webhook.pod-identity-webhook.yaml"
    assert asked(name, "shop") == asked(name, "kube-system") == ["Ignore"]


@pytest.mark.parametrize("name", [*STRICT, "webhook.pod-identity-webhook.yaml"])
def test_the_service_leads_to_the_pods_and_the_webhook_to_the_service(name):
    deployment, service = golden.of_kind(name, "Deployment"), golden.of_kind(name, "Service")
    template = deployment["spec"]["template"]
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    (container,) = template["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    (port,) = service["spec"]["ports"]
    assert f"--port={ports[port['targetPort']]}" in container["args"]
    for webhook in golden.of_kind(name, "MutatingWebhookConfiguration")["webhooks"]:
        target = webhook["clientConfig"]["service"]
        assert (target["namespace"], target["name"], target["port"]) == (
            service["metadata"]["namespace"],
            service["metadata"]["name"],
            port["port"],
        )
        assert webhook["admissionReviewVersions"] == ["v1beta1"]
    head = golden.text(name).split("\n---\n")[0]
    assert f"on their port {ports[port['targetPort']]}:" in head


def tolerated(taint, tolerations):
    """https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#concepts"""
    return any(
        one["key"] == taint["key"] and one["operator"] == "Exists" and one.get("effect", taint["effect"]) == taint["effect"]
        for one in tolerations
    )


@pytest.mark.parametrize(
    ("key", "effect", "runs"),
    [
        ("node-role.kubernetes.io/control-plane", "NoSchedule", True),
        # https://docs.rke2.io/install/ha has servers tainted so, as k3s has.
        ("CriticalAddonsOnly", "NoExecute", True),
        ("CriticalAddonsOnly", "NoSchedule", True),
        ("example.org/gpu", "NoSchedule", False),
        ("node.kubernetes.io/unreachable", "NoExecute", False),
    ],
)
@pytest.mark.parametrize("name", [*STRICT, "webhook.pod-identity-webhook.yaml"])
def test_it_runs_where_there_are_servers_of_the_control_plane_only(name, key, effect, runs):
    spec = golden.of_kind(name, "Deployment")["spec"]["template"]["spec"]
    assert tolerated({"key": key, "effect": effect}, spec["tolerations"]) == runs


def test_the_webhook_may_read_service_accounts_and_nothing_else():
    role = golden.of_kind("webhook.pod-identity-webhook.yaml", "ClusterRole")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get", "list", "watch"]}]
