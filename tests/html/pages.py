"""The pages that `scripts/check-html.sh` has made, with what each has to show.

HTML_CHECK names their directory, target/html unless told: NAME.html, and beside it NAME.json, are written by the
example `pages` of issuer-doctor.
"""

import json
import os
from pathlib import Path

DIRECTORY = Path(os.environ.get("HTML_CHECK") or Path(__file__).parents[2] / "target" / "html")
NAMES = ["healthy", "warned", "broken", "hostile"]


def page(name):
    return (DIRECTORY / f"{name}.html").read_bytes()


def wanted(name):
    return json.loads((DIRECTORY / f"{name}.json").read_bytes())
