"""Runs the program as a user would: its own words, an environment made from scratch, no terminal."""

import json
import os
import re
import subprocess
from pathlib import Path

from processes import bare_environment

ROOT = Path(__file__).resolve().parents[2]
BUILT = Path(os.environ.get("ISSUERCTL", ROOT / "target" / "debug" / "issuerctl")).resolve()
# A run that takes longer hangs; no test asks how long one takes.
LIMIT = 120
PRIVATE_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class Done:
    """How a run ended."""

    def __init__(self, words, code, out, err):
        self.words = [str(word) for word in words]
        self.code = code
        self.out = out
        self.err = err

    def __str__(self):
        return f"issuerctl {' '.join(self.words)}\nexit {self.code}\nstdout: {self.out}\nstderr: {self.err}"

    @property
    def json(self):
        """The one JSON document on stdout."""
        return json.loads(self.out)

    def kinds(self):
        """The kinds of the steps of the plan that change something."""
        return [step["kind"] for step in self.json["plan"] if step["changes"]]

    def says(self, *texts):
        """Asserts that stderr has each of these texts."""
        for text in texts:
            assert text in self.err, f"{text!r} is missing in\n{self}"
        return self


class Program:
    """The program under test, with a home of its own."""

    def __init__(self, path, home):
        self.path = Path(path)
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)

    def environment(self, more=None):
        """The bare one and more; what is None is taken out."""
        given = {**bare_environment(self.home), **(more or {})}
        return {name: value for name, value in given.items() if value is not None}

    def run(self, *words, code=0, environment=None, within=None):
        """Runs to the end and asserts the exit code."""
        done = self.ended(
            subprocess.run(
                [self.path, *(str(word) for word in words)],
                cwd=within or self.home,
                env=self.environment(environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LIMIT,
            ),
            words,
        )
        assert done.code == code, f"exit code {code} expected\n{done}"
        return done

    def begin(self, *words, environment=None, within=None):
        """Starts a run that goes on beside the test."""
        return subprocess.Popen(
            [self.path, *(str(word) for word in words)],
            cwd=within or self.home,
            env=self.environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def finish(self, process):
        out, err = process.communicate(timeout=LIMIT)
        return self.ended(subprocess.CompletedProcess(process.args, process.returncode, out, err), process.args[1:])

    @staticmethod
    def ended(process, words):
        done = Done(words, process.returncode, process.stdout.decode(), process.stderr.decode())
        for text in (done.out, done.err):
            assert not PRIVATE_BLOCK.search(text), "a private key in the output"
            assert "panicked" not in text, str(done)
        return done
