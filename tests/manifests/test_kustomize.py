"""The component, built by kubectl's own kustomize on workloads that exist: nothing but ours is added."""

import copy
import subprocess

import pytest
import yaml

import golden


def built(directory, case, workload):
    base, component = directory / "base", directory / "component"
    base.mkdir()
    component.mkdir()
    (base / "workload.yaml").write_text(yaml.safe_dump_all(workload))
    (base / "kustomization.yaml").write_text("resources: [workload.yaml]\ncomponents: [../component]\n")
    for file in ["kustomization.yaml", "patch.yaml"]:
        (component / file).write_text(golden.text(f"pod-patch-{case}.{file}"))
    done = subprocess.run(["kubectl", "kustomize", str(base)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {one["metadata"]["name"]: one for one in yaml.safe_load_all(done.stdout)}


def deployment(name):
    containers = [
        {"name": "app", "image": "app:1", "env": [{"name": "OWN", "value": "1"}]},
        {"name": "sidecar", "image": "sidecar:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        {"name": "other", "image": "other:1"},
    ]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": containers, "volumes": [{"name": "data", "emptyDir": {}}]},
            },
        },
    }


def without_ours(workload):
    """The workload with everything that the patch stands for taken out again."""
    workload = copy.deepcopy(workload)
    spec = workload["spec"]["template"]["spec"]
    assert spec.pop("serviceAccountName") == "web"
    spec["volumes"] = [one for one in spec["volumes"] if one["name"] != "aws-iam-token"]
    for container in spec["containers"]:
        for member, ours in [("env", lambda one: one["name"].startswith("AWS_")), ("volumeMounts", lambda one: one["name"] == "aws-iam-token")]:
            rest = [one for one in container.pop(member, []) if not ours(one)]
            if rest:
                container[member] = rest
    spec["containers"].sort(key=lambda one: one["name"])
    return workload


def test_a_named_deployment_gets_its_token_and_keeps_the_rest(tmp_path):
    one, other = deployment("front"), deployment("front-2")
    made = built(tmp_path, "deployment", [one, other])
    assert made["front-2"] == other
    spec = made["front"]["spec"]["template"]["spec"]
    named = {container["name"]: container for container in spec["containers"]}
    for name in ["app", "sidecar"]:
        variables = [variable["name"] for variable in named[name]["env"]]
        assert {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION"} <= set(variables)
        assert "aws-iam-token" in [mount["name"] for mount in named[name]["volumeMounts"]]
    assert "env" not in named["other"]
    one["spec"]["template"]["spec"]["containers"].sort(key=lambda one: one["name"])
    assert without_ours(made["front"]) == one


@pytest.mark.parametrize("case", ["deployment", "pod"])
def test_the_component_says_what_it_changes_and_that_it_misses_others_silently(case):
    text = golden.text(f"pod-patch-{case}.kustomization.yaml")
    (patch,) = yaml.safe_load(text)["patches"]
    assert f"# It changes {patch['target']['kind']}/{patch['target']['name']} alone. " in text
    assert "nothing said" in text and "--name" in text


def test_another_name_is_passed_over(tmp_path):
    other = deployment("other")
    assert built(tmp_path, "deployment", [other]) == {"other": other}


def test_a_second_build_adds_nothing(tmp_path):
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    made = built(tmp_path / "first", "deployment", [deployment("front")])
    assert built(tmp_path / "second", "deployment", list(made.values())) == made


@pytest.mark.parametrize("names", [["a"], ["a", "b"]])
def test_without_a_name_every_workload_of_the_kind_is_patched(tmp_path, names):
    job = {"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "app", "image": "app:1"}]}}}}}}
    made = built(tmp_path, "cron-job", [{**job, "metadata": {"name": name}} for name in names])
    assert sorted(made) == names
    for workload in made.values():
        spec = workload["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        assert spec["serviceAccountName"] == "web"
        (container,) = spec["containers"]
        assert container["image"] == "app:1"
        assert container["volumeMounts"][0]["name"] == "aws-iam-token"
