"""Every manifest against the schemas of the oldest and the newest Kubernetes that is supported, no unknown field let by."""

import kubernetes_validate
import pytest

import golden

VERSIONS = ["1.30", "1.37"]

# Not Kubernetes' own kinds: cert-manager's and kustomize's.
FOREIGN = {("cert-manager.io/v1", "Certificate"), ("cert-manager.io/v1", "Issuer"), ("kustomize.config.k8s.io/v1alpha1", "Component")}

# In v1 from 1.36 on.
LATE = {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"}

PATCHES = golden.paths("pod-patch-*.patch.yaml")
WHOLE = [path for path in golden.paths("*.yaml") if path not in PATCHES]


def manifests():
    for path in WHOLE:
        for position, document in enumerate(golden.documents(path)):
            yield pytest.param(document, id=f"{path.name[len('workload-'):]}-{position}-{document['kind']}")


@pytest.mark.parametrize("document", list(manifests()))
def test_every_document_is_valid(document):
    if (document["apiVersion"], document["kind"]) in FOREIGN:
        with pytest.raises(kubernetes_validate.SchemaNotFoundError):
            kubernetes_validate.validate(document, VERSIONS[-1], strict=True)
        return
    for version in VERSIONS:
        if document["kind"] in LATE and version == "1.30":
            with pytest.raises(kubernetes_validate.SchemaNotFoundError):
                kubernetes_validate.validate(document, version, strict=True)
        else:
            assert kubernetes_validate.validate(document, version, strict=True) == version


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.name)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_patch_is_valid_once_its_containers_have_an_image(path, version):
    (patch,) = golden.documents(path)
    spec = patch["spec"]
    while "containers" not in spec:
        spec = spec.get("jobTemplate", spec.get("template", spec)).get("spec")
    for container in spec["containers"]:
        container["image"] = "registry.example/app:1"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": spec}
    assert kubernetes_validate.validate(pod, version, strict=True) == version


def test_an_unknown_field_would_be_seen():
    pod = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}, "colour": "blue"}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(pod, "1.37", strict=True)


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name)
def test_no_two_documents_are_the_same_object(path):
    """Or the second apply of a file would undo half of the first."""
    objects = [
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in golden.documents(path)
        if one["kind"] != "Component"
    ]
    assert len(objects) == len(set(objects))
