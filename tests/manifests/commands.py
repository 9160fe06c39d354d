"""Commands of one's own in place of the machine's: each writes down how it was called, and does what the test says."""

import os
import subprocess


class Commands:
    """A directory of commands that goes before the machine's own."""

    def __init__(self, directory):
        self.directory = directory
        self.log = directory / "calls"
        self.log.touch()

    def script(self, name, body):
        """Makes a command: `body` is a shell's, and sees the arguments."""
        path = self.directory / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>"{self.log}"\n{body}\n')
        path.chmod(0o755)

    def run(self, command, **environment):
        environment = {
            "PATH": f"{self.directory}:{os.environ['PATH']}",
            "TMPDIR": str(self.directory),
            "STATE": str(self.directory),
            **environment,
        }
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    def calls(self, name):
        return [line for line in self.log.read_text().splitlines() if line.startswith(f"{name} ")]
