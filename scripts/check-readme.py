"""Holds the README to what is there: links, commands, flags and IAM policies.

    check-readme.py PROGRAM CFN-LINT

Called by scripts/check.sh.
"""

import json
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NESTED = ("role", "workload")
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "keys/README.md"]


def main(program, cfn_lint):
    wrong = []
    readme = (ROOT / "README.md").read_text()
    for page in PAGES:
        text = (ROOT / page).read_text()
        wrong += [f"{page}: {found}" for found in [*links(page, text), *commands(text, program)]]
    wrong += [f"README.md: {found}" for found in policies(readme, cfn_lint)]
    wrong += [f"README.md: not there as written: {line}" for line in missing_commands(readme)]
    if wrong:
        sys.exit("\n".join(wrong))
    print("links, commands, flags and policies are as the pages say")


def links(page, text):
    """Files that are linked to, and headings of the same page."""
    headings = {re.sub(r"[^\w\- ]", "", line).strip().replace(" ", "-").lower()
                for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("#"):
            if target[1:] not in headings:
                yield f"no heading {target}"
        elif "://" not in target and not (ROOT / page).parent.joinpath(target.split("#")[0]).exists():
            yield f"no file {target}"


def commands(text, program):
    """Every `issuerctl COMMAND --flag` of a shell block: the command has to have the flag."""
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if not words or words[0] != "issuerctl":
                continue
            command = words[1:2]
            # `role apply` and `workload webhook` are commands of commands.
            if command[0] in NESTED:
                command = words[1:3]
            asked = subprocess.run([program, *command, "--help"], capture_output=True, text=True, check=False)
            if asked.returncode != 0:
                yield f"no command: {line}"
            known = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z0-9-]*", asked.stdout))
            name = " ".join(command)
            yield from (f"{name} has no {word}" for word in words if word.startswith("-") and word not in known)


def policies(text, cfn_lint):
    """Every JSON block is a policy; cfn-lint knows all actions of IAM."""
    resources = {}
    for number, block in enumerate(re.findall(r"```json\n(.*?)```", text, re.DOTALL)):
        policy = json.loads(block)
        trust = any("Principal" in statement for statement in policy["Statement"])
        kind, name = ("Role", "AssumeRolePolicyDocument") if trust else ("ManagedPolicy", "PolicyDocument")
        resources[f"Policy{number}"] = {"Type": f"AWS::IAM::{kind}", "Properties": {name: policy}}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as template:
        json.dump({"Resources": resources}, template)
        template.flush()
        found = subprocess.run([cfn_lint, "--template", template.name], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        yield found.stdout.strip()[:1000]


def missing_commands(text):
    for line in ["cargo run --locked -p issuerctl -- bootstrap --sandbox", "scripts/check.sh"]:
        if f"```sh\n{line}\n```" not in text:
            yield line


main(*sys.argv[1:])
