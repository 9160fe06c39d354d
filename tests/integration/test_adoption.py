"""Somebody else's bucket is never loosened by the way: refused at first, opened when an administrator says so."""

import oracle
import pytest
from capabilities import CLOSED, POLICY_ONLY, read_statement

TAGS = {"owner": "somebody else"}


@pytest.fixture
def theirs(case):
    """A closed bucket of theirs, with a statement that would make much public if the block were opened."""
    case.make_bucket(tags=TAGS, block=POLICY_ONLY)
    case.set_policy(read_statement(case.bucket, "reports/*", sid="Reports"))
    case.s3.put_object(Bucket=case.bucket, Key="reports/1", Body=b"theirs")
    case.set_block(CLOSED)
    return case


@pytest.mark.parametrize("words", [["--yes"], ["--dry-run"], ["--check"], ["--yes", "--quiet"]], ids=" ".join)
def test_it_is_refused(theirs, words):
    done = theirs.assert_refused(theirs.bucket, "not ours", oracle.OWNER, "--adopt-bucket", words=words)
    exposed = [hint for hint in done.json["hints"] if "would become public" in hint]
    assert len(exposed) == 1
    assert "Reports" in exposed[0] and f"arn:aws:s3:::{theirs.bucket}/reports/*" in exposed[0]
    assert theirs.files() is None


def test_it_is_adopted_when_asked(theirs):
    statements = theirs.statements()
    theirs.made("--adopt-bucket")
    assert theirs.tags() == {**TAGS, oracle.OWNER: "adopted"}
    assert theirs.block() == POLICY_ONLY
    assert [one for one in theirs.statements() if one["Sid"] == "Reports"] == statements
    theirs.assert_statement()
    theirs.assert_documents()
    theirs.assert_provider()
    assert theirs.s3.get_object(Bucket=theirs.bucket, Key="reports/1")["Body"].read() == b"theirs"
    # It is ours now: the flag is not needed again.
    theirs.assert_done()


def test_an_empty_bucket_of_theirs_is_refused_too(case):
    case.make_bucket()
    done = case.assert_refused("--adopt-bucket")
    assert not any("would become public" in hint for hint in done.json["hints"])


def test_a_bucket_of_theirs_that_is_open_enough_stays_as_it_is(case):
    """Where everybody may read the whole bucket already, nothing is loosened: only the documents are written."""
    case.make_bucket(tags=TAGS, block=POLICY_ONLY)
    open_to_all = read_statement(case.bucket, "*", sid="All")
    case.set_policy(open_to_all)
    done = case.bootstrap("--yes")
    assert sorted(done.kinds()) == ["create-provider", "make-key", "object", "object"]
    assert case.tags() == TAGS
    assert case.statements() == [open_to_all]
    case.assert_documents()
    case.assert_done()


def test_publish_asks_as_bootstrap_does(theirs):
    theirs.program.run("keygen", "--keys", theirs.keys)
    before = theirs.state()
    theirs.run("publish", *theirs.place(), "--yes", code=1).says("not ours", "--adopt-bucket", "Reports")
    assert theirs.state() == before
    theirs.run("publish", *theirs.place(), "--yes", "--adopt-bucket")
    theirs.assert_documents()
