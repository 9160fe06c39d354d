"""Peers, one of each for a run of the tests, and a case for each test: an issuer that no other test has.

ISSUERCTL names the program; without it, the debug build of this repository is taken. A test that takes `case` runs
against every peer; `needs` keeps it from those that lack a capability (see capabilities.py).

    cargo build -p issuerctl
    .venv/bin/python -m pytest tests/integration
"""

import itertools
import os

import pytest

from authority import Authority
from capabilities import PEERS, having
from case import Case
from front import Recorder
from peers import MiniStack, Moto, Sandbox
from program import BUILT, Program

NUMBERS = itertools.count(1)

# boto3 sees nothing of the machine's own AWS either.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]:
    os.environ.pop(name, None)
    os.environ.pop(name.lower(), None)
os.environ.update(
    AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_EC2_METADATA_DISABLED="true"
)


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(*capabilities): collected for the peers that have all of these")
    config.addinivalue_line("markers", "only(*peers): collected for these peers, for the reason that the test gives")
    if not BUILT.is_file():
        raise pytest.UsageError(f"{BUILT} is not there: run `cargo build -p issuerctl`, or name one with ISSUERCTL")


def pytest_generate_tests(metafunc):
    if "peer" not in metafunc.fixturenames:
        return
    needed = [name for marker in metafunc.definition.iter_markers("needs") for name in marker.args]
    names = having(*needed)
    for marker in metafunc.definition.iter_markers("only"):
        names = [name for name in names if name in marker.args]
    assert names, f"{metafunc.definition.name} would run nowhere"
    metafunc.parametrize("peer", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def running(tmp_path_factory, authority):
    """Starts what a test asks for, once; everything is stopped at the end."""
    servers = {}

    def start(name, *options):
        if (name, *options) not in servers:
            home = tmp_path_factory.mktemp(name)
            makers = {
                "sandbox": lambda: Sandbox(BUILT, home, authority, *options),
                "moto": lambda: Moto(home, authority),
                "ministack": lambda: MiniStack(home, authority),
            }
            servers[name, *options] = makers[name]()
        return servers[name, *options]

    yield start
    for server in servers.values():
        server.stop()


@pytest.fixture(scope="session")
def peer(request, running):
    assert request.param in PEERS
    return running(request.param)


@pytest.fixture
def name():
    """A name that no other test has, good for a bucket and for a host."""
    return f"it-{os.getpid()}-{next(NUMBERS)}"


@pytest.fixture
def case_on(tmp_path, name):
    """Makes cases on any peer. Their providers go with the test: an account takes 100, and our sandbox counts."""
    made = []

    def make(peer, bucket=None, **more):
        made.append(Case(peer, BUILT, tmp_path / "admin", bucket or name, **more))
        return made[-1]

    yield make
    for one in made:
        one.forget_provider()


@pytest.fixture
def case(peer, case_on):
    return case_on(peer)


@pytest.fixture
def program(tmp_path):
    """The program alone, where no peer is asked."""
    return Program(BUILT, tmp_path / "home")


class Recorded:
    """Runs a command, bootstrap at first, with every signed call going through a recorder."""

    command = "bootstrap"

    def __init__(self, case):
        self.case = case
        self.recorder = Recorder(case.peer.endpoint, case.peer.renames)

    def __call__(self, *words, code=0):
        case = self.case
        # The plain door of each peer; anonymous reads go where they went before.
        environment = {**case.environment(), "AWS_ENDPOINT_URL": ""}
        words = [*case.peer.words(), *words]
        if "--endpoint-url" in words:
            at = words.index("--endpoint-url")
            del words[at : at + 2]
        words = [self.command, *case.place(), *words, "--endpoint-url", self.recorder.endpoint]
        done = case.program.run(*words, code=code, environment=environment)
        assert not self.recorder.plans, f"the moment that the test waits for never came\n{done}"
        return done


@pytest.fixture
def recorded():
    made = []

    def make(case):
        made.append(Recorded(case))
        return made[-1]

    yield make
    for one in made:
        one.recorder.stop()
