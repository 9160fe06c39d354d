"""Starts servers for tests on loopback and stops them again, by process id and with bounded waits."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ANSWER_WITHIN = 60.0
END_WITHIN = 30.0


def poll(what, look, within=ANSWER_WITHIN):
    """Looks until something true is seen; the bound is for broken machines, no test measures time."""
    ends = time.monotonic() + within
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > ends:
            raise TimeoutError(f"{what}: nothing within {within:.0f} s")
        time.sleep(0.05)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bare_environment(home):
    """An environment made from scratch: nothing of the machine's AWS, proxies or profiles is seen."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": "",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Server:
    """A child process that serves on loopback until it is stopped."""

    def __init__(self, command, home, environment=None):
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.log = self.home / "server.log"
        self.out = self.home / "server.out"
        with self.log.open("wb") as log, self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.home,
                env={**bare_environment(self.home), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
            )

    def wait_for(self, what, look):
        """Polls until the server is seen to answer; tells its last words when it has ended instead."""

        def look_again():
            if self.process.poll() is not None:
                raise RuntimeError(f"{what} ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")
            return look()

        return poll(what, look_again)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(END_WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(END_WITHIN)
        return self.process.returncode


def started(start, attempts=3):
    """Starts what takes a free port; the port may be gone a moment later, so it is tried anew."""
    for attempt in range(attempts):
        try:
            return start(free_port())
        except RuntimeError:
            if attempt + 1 == attempts:
                raise
