"""publish and register do what bootstrap does, each its half; what IAM already has of others stays."""

import oracle
import pytest


def register(case, *words, code=0):
    return case.run("register", "--issuer", case.issuer, *words, code=code)


def test_publish_and_register_together_are_bootstrap(case):
    made = case.program.run("keygen", "--keys", case.keys, "-o", "json").json
    assert (made["kid"], made["created"]) == (case.kid(), True)

    assert case.run("publish", *case.place(), "--check", code=3).json["command"] == "publish"
    case.run("publish", *case.place(), code=2).says("--yes")
    assert not case.exists()
    published = case.run("publish", *case.place(), "--yes").json
    assert published["signing_key"] == made["kid"]
    case.assert_bucket()
    case.assert_statement()
    case.assert_documents()
    assert case.provider() is None
    assert case.run("publish", *case.place(), "--check").json["changes"] == 0

    register(case, "--check", code=3)
    register(case, code=2).says("--yes")
    register(case, "--dry-run")
    assert case.provider() is None
    registered = register(case, "--yes").json
    assert registered["provider_arn"] == case.peer.provider_arn(case.issuer)
    case.assert_provider()
    assert register(case, "--check").json["changes"] == 0
    assert register(case, "--yes").json["changes"] == 0

    # Nothing is left for bootstrap.
    case.assert_done()


def test_their_data_is_one_line(case):
    """For scripts: the issuer's URL, the provider's ARN."""
    case.program.run("keygen", "--keys", case.keys)
    words = [*case.peer.words(), "--yes"]
    environment = case.environment()
    published = case.program.run("publish", *case.place(), *words, environment=environment)
    assert published.out == f"{case.issuer}\n"
    registered = case.program.run("register", "--issuer", case.issuer, *words, environment=environment)
    assert registered.out == f"{case.peer.provider_arn(case.issuer)}\n"


def test_public_keys_alone_publish_and_check(case):
    """A scheduled job or CI never holds the private key."""
    elsewhere = case.directory / "elsewhere"
    case.program.run("keygen", "--keys", elsewhere)
    public = elsewhere / "sa.pub"
    keys = oracle.public_keys(public.read_bytes())
    case.run("publish", *case.place(), "--public-key", public, "--yes")
    case.assert_bucket()
    case.assert_documents(keys)
    assert not case.keys.exists()
    checked = case.bootstrap("--public-key", public, "--check", code=3)
    assert checked.kinds() == ["create-provider"]
    case.bootstrap("--public-key", public, "--yes")
    case.assert_provider()
    assert case.bootstrap("--public-key", public, "--check").json["changes"] == 0
    assert not case.keys.exists()


def test_two_public_keys_are_published_in_order(case):
    files = []
    for algorithm in ("es256", "rsa-2048"):
        case.program.run("keygen", "--keys", case.directory / algorithm, "--algorithm", algorithm)
        files.append(case.directory / algorithm / "sa.pub")
    words = [word for file in files for word in ("--public-key", file)]
    case.run("publish", *case.place(), *words, "--yes")
    case.assert_documents([oracle.public_keys(file.read_bytes())[0] for file in files])


def test_several_audiences_tags_and_thumbprints(case):
    case.program.run("keygen", "--keys", case.keys)
    case.run("publish", *case.place(), "--yes")
    given = ["--audience", "b", "--audience", "a", "--audience", "b", "--tag", "team=platform"]
    register(case, *given, "--thumbprint", "B" * 40, "--thumbprint", "a" * 40, "--yes")
    case.assert_provider(["a", "b"], {"team": "platform"}, ["a" * 40, "b" * 40])
    # Without a thumbprint, those that are there are left alone.
    assert register(case, *given, "--yes").json["changes"] == 0


@pytest.mark.needs("thumbprints")
def test_a_thumbprint_is_reconciled_on_ours(case):
    register(case, "--thumbprint", "a" * 40, "--yes")
    checked = register(case, "--thumbprint", "b" * 40, "--check", code=3)
    assert checked.kinds() == ["thumbprints"]
    register(case, "--thumbprint", "b" * 40, "--yes")
    case.assert_provider(thumbprints=["b" * 40])
    assert register(case, "--thumbprint", "B" * 40, "--check").json["changes"] == 0


@pytest.fixture
def theirs(case):
    """A provider that somebody else made for this issuer."""
    case.iam.create_open_id_connect_provider(
        Url=case.issuer,
        ClientIDList=["theirs", "sts.amazonaws.com"],
        ThumbprintList=["c" * 40],
        Tags=[{"Key": "owner", "Value": "somebody else"}],
    )
    return case


def test_a_provider_of_others_is_used_and_left_alone(theirs):
    before = theirs.provider()
    assert register(theirs, "--yes", "--tag", "team=platform").json["changes"] == 0
    done = theirs.bootstrap("--yes", "--tag", "team=platform")
    assert not {"create-provider", "tag-provider", "thumbprints"} & set(done.kinds())
    assert theirs.provider() == before
    theirs.assert_done("--tag", "team=platform")


def test_thumbprints_of_others_are_not_replaced(theirs):
    before = theirs.provider()
    refused = register(theirs, "--yes", "--thumbprint", "d" * 40, code=1)
    refused.says("c" * 40, f"--thumbprint {'c' * 40}")
    assert theirs.provider() == before
    assert register(theirs, "--yes", "--thumbprint", "c" * 40).json["changes"] == 0


@pytest.mark.needs("client-ids")
def test_a_client_id_is_added_beside_those_of_others(theirs):
    register(theirs, "--yes", "--audience", "mine")
    provider = theirs.provider()
    assert provider["client_ids"] == ["mine", "sts.amazonaws.com", "theirs"]
    assert provider["tags"] == {"owner": "somebody else"}


def test_a_full_provider_is_refused_before_any_call(case):
    case.iam.create_open_id_connect_provider(
        Url=case.issuer, ClientIDList=[f"id-{n}" for n in range(100)], ThumbprintList=["c" * 40]
    )
    before = case.provider()
    register(case, "--yes", code=1).says("101 client ids")
    assert case.provider() == before


@pytest.mark.needs("issuer-fetched")
def test_register_before_publish_waits_and_can_be_stopped(case):
    """IAM looks at the issuer itself; until it can, the wait is named, and Ctrl-C ends it."""
    words = ["register", "--issuer", case.issuer, "--yes", *case.peer.words()]
    process = case.program.begin(*words, environment=case.environment())
    said = b""
    for line in process.stderr:
        said += line
        if b"waiting for IAM to reach the issuer" in line:
            break
    process.send_signal(2)
    done = case.program.finish(process)
    assert b"waiting for IAM" in said, str(done)
    assert done.code == 130
    done.says("interrupted")
    assert case.provider() is None
