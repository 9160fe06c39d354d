"""The golden files, as text and as documents."""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "crates" / "emitter" / "tests" / "golden"


def paths(pattern="*"):
    found = sorted(GOLDEN.glob(f"workload-{pattern}"))
    assert found, f"there is no golden file workload-{pattern}"
    return found


def text(name):
    return (GOLDEN / f"workload-{name}").read_text()


def documents(path):
    return list(yaml.safe_load_all(path.read_text()))


def of_kind(name, kind):
    """The one document of this kind in a golden file."""
    found = [one for one in documents(GOLDEN / f"workload-{name}") if one["kind"] == kind]
    assert len(found) == 1, f"{len(found)} of {kind} in {name}"
    return found[0]
