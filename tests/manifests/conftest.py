"""Somebody else's eyes on the manifests for workloads: schemas, a CEL evaluator, kubectl's kustomize, a shell.

What is looked at are the golden files of the emitter; that they are what the program writes is shown there
(crates/emitter/tests/workloads.rs). Nothing talks to a cluster or to AWS.

    .venv/bin/python -m pytest tests/manifests

Where there is no kubectl the tests by it are not collected, and the head of the report says so.
"""

import shutil

KUBECTL = shutil.which("kubectl")

collect_ignore = [] if KUBECTL else ["test_kustomize.py"]


def pytest_report_header():
    return f"kubectl: {KUBECTL or 'not installed, so kustomize is not asked'}"
