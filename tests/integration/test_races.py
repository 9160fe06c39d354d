"""Somebody else between two calls of ours: boto3 changes things at the worst moment, every time, on every peer."""

import json
import time

import oracle
import pytest
from capabilities import POLICY_ONLY, read_statement
from cryptography.hazmat.primitives.asymmetric import rsa


def put(what):
    """S3's PUT of a key, or of a bucket's subresource."""

    def matches(method, path, _):
        key, _, query = path.partition("?")
        subresource = what.startswith("?") and query.split("&")[0].rstrip("=") == what[1:]
        return method == "PUT" and (subresource or key.endswith(what))

    return matches


def iam_call(action):
    return lambda _method, _path, called: called == action


def test_a_bucket_that_appears_while_it_is_read(case, recorded):
    """Another run of ours makes it, with its tag, after some parts were asked for and before others were."""
    run = recorded(case)

    def appear():
        # What is asked at the same time has been answered by now, or is asked afterwards.
        ends = time.monotonic() + 2
        while time.monotonic() < ends and len(run.recorder.answered) < len(run.recorder.calls) - 1:
            time.sleep(0.01)
        time.sleep(0.2)
        case.bucket_made_by_us()

    run.recorder.once("before", lambda method, *_: method == "HEAD", appear)
    run("--yes")
    case.assert_bucket()
    case.assert_statement()
    case.assert_documents()
    case.assert_checked()


def test_a_bucket_that_is_made_before_ours(case, recorded):
    """CreateBucket answers 200 or 409 for a bucket of one's own: it is looked at again."""
    run = recorded(case)
    create = lambda method, path, _: method == "PUT" and path.strip("/").split("?")[0] == case.bucket and (
        "?" not in path or path.endswith("?")
    )
    run.recorder.once("before", create, case.bucket_made_by_us)
    run("--yes")
    case.assert_bucket()
    case.assert_documents()
    case.assert_checked()


def test_our_tags_are_overwritten(case, recorded):
    """By somebody who read before we wrote, and wrote after it."""
    case.made()
    run = recorded(case)
    theirs = {oracle.OWNER: "created", "theirs": "1"}
    run.recorder.once("after", put("?tagging"), lambda: case.tag(theirs))
    run.command = "publish"
    run("--yes", "--tag", "ours=2")
    assert case.tags() == {**theirs, "ours": "2"}


def test_our_statement_is_overwritten(case, recorded):
    case.made()
    theirs = read_statement(case.bucket, "theirs/*", sid="Theirs")
    case.set_policy(theirs)
    run = recorded(case)
    run.recorder.once("after", put("?policy"), lambda: case.set_policy(theirs))
    run("--yes")
    assert theirs in case.statements()
    case.assert_statement()
    case.assert_checked()


def test_a_statement_that_appears_while_we_plan(case, recorded):
    """The policy is read again right before it is written."""
    case.made()
    case.s3.delete_bucket_policy(Bucket=case.bucket)
    case.set_block({**POLICY_ONLY, "BlockPublicAcls": False})
    theirs = read_statement(case.bucket, "theirs/*", sid="Theirs")
    run = recorded(case)
    run.recorder.once("before", put("?publicAccessBlock"), lambda: case.set_policy(theirs))
    run("--yes")
    assert theirs in case.statements()
    case.assert_statement()
    case.assert_checked()


@pytest.mark.parametrize("when", ["nothing-was-there", "ours-was-there"])
def test_keys_that_appear_before_ours_are_written(case, recorded, when):
    """A conditional write: theirs stays, and the run ends as if they had been there before."""
    theirs = rsa.generate_private_key(65537, 2048).public_key()
    case.made()
    keys = [theirs]
    if when == "ours-was-there":
        keys = [theirs, case.public_keys()[0]]
        case.put(oracle.JWKS, case.object(oracle.JWKS)[0], ContentType="text/plain")
    else:
        case.s3.delete_object(Bucket=case.bucket, Key=oracle.JWKS)
    run = recorded(case)
    run.recorder.once("before", put(oracle.JWKS), lambda: case.put(oracle.JWKS, oracle.jwks(*keys)))
    done = run("--yes", code=1 if len(keys) == 1 else 0)
    if len(keys) == 1:
        done.says("live", oracle.kid(theirs), "import", "rotate start")
    assert case.object(oracle.JWKS)[0] == oracle.jwks(*keys)


def test_keys_that_go_before_ours_are_written(case, recorded):
    """If-Match on what is gone answers 404 or 412: looked at anew, and written."""
    case.made()
    case.put(oracle.JWKS, case.object(oracle.JWKS)[0], ContentType="text/plain")
    run = recorded(case)
    gone = lambda: case.s3.delete_object(Bucket=case.bucket, Key=oracle.JWKS)
    run.recorder.once("before", put(oracle.JWKS), gone)
    run("--yes")
    case.assert_documents()
    case.assert_checked()


def test_a_provider_that_is_made_before_ours(case, recorded):
    """EntityAlreadyExists: theirs is used as it is."""
    run = recorded(case)
    run.recorder.once(
        "before",
        iam_call("CreateOpenIDConnectProvider"),
        lambda: case.iam.create_open_id_connect_provider(
            Url=case.issuer, ClientIDList=["sts.amazonaws.com", "theirs"], ThumbprintList=["c" * 40]
        ),
    )
    run("--yes")
    provider = case.provider()
    assert provider["client_ids"] == ["sts.amazonaws.com", "theirs"] and provider["tags"] == {}
    case.assert_checked()


def test_the_answer_of_a_write_is_lost(case, recorded):
    """Ours was written, and nobody told us: not taken for somebody else's."""
    run = recorded(case)
    done = []

    def break_off():
        done.append(json.loads(case.object(oracle.JWKS)[0]))
        raise ConnectionAbortedError

    run.recorder.once("after", put(oracle.JWKS), break_off)
    run("--yes")
    assert len(done) == 1
    case.assert_documents()
    case.assert_provider()
    case.assert_checked()


def test_another_run_makes_the_key_while_we_read(case, recorded):
    """One key directory, two runs: there was no key when this one looked, and there is one by the time it plans."""
    run = recorded(case)
    run.recorder.once("before", lambda method, *_: method == "HEAD", case.made)
    run("--yes")
    case.assert_bucket()
    case.assert_documents()
    case.assert_checked()
