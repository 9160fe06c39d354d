"""Two administrators at one moment: whoever is first wins, nobody's work is lost, and the other one is told.

On the sandbox alone: it answers two calls of one moment as S3 does, one after the other with conditions checked in
between. The seed of a round decides who begins, and how much later the other one does.
"""

import random
import shutil
import time

import oracle
import pytest

ROUNDS = range(6)

pytestmark = pytest.mark.only("sandbox")


@pytest.fixture(params=ROUNDS, ids=[f"round-{number}" for number in ROUNDS])
def together(request):
    """Runs two commands at once, in an order and at a distance that the round decides."""
    chance = random.Random(request.param)

    def run(*cases_and_words):
        begun = list(enumerate(cases_and_words))
        chance.shuffle(begun)
        processes = []
        for at, (case, words) in begun:
            command = ["bootstrap", *case.place(), "--keys", case.keys, *words, *case.peer.words(), "-o", "json"]
            processes.append((at, case, case.program.begin(*command, environment=case.environment())))
            # A run takes a few hundred milliseconds: from the same moment to half a run apart.
            time.sleep(chance.choice([0, 0, 0.01, 0.03, 0.08]))
        finished = {at: case.program.finish(process) for at, case, process in processes}
        return [finished[at] for at in sorted(finished)]

    return run


@pytest.fixture
def pair(case, case_on, tmp_path):
    """Two administrators of one issuer, each with a key directory of their own."""
    other = case_on(case.peer, bucket=case.bucket)
    case.keys, other.keys = tmp_path / "first", tmp_path / "second"
    return case, other


def assert_one_result(case, key):
    assert len(case.statements()) == 1
    case.assert_bucket()
    case.assert_statement()
    case.assert_documents([key])
    case.assert_provider()
    assert case.bootstrap("--check", "--keys", case.keys).json["changes"] == 0


def test_with_copies_of_the_same_keys(pair, together):
    first, second = pair
    first.program.run("keygen", "--keys", first.keys)
    shutil.copytree(first.keys, second.keys)
    done = together((first, ["--yes"]), (second, ["--yes"]))
    assert [one.code for one in done] == [0, 0], "\n".join(map(str, done))
    for case in pair:
        assert_one_result(case, case.public_keys()[0])


def test_with_different_keys(pair, together):
    for case in pair:
        case.program.run("keygen", "--keys", case.keys)
    assert_one_wins(pair, together((pair[0], ["--yes"]), (pair[1], ["--yes"])))


def test_from_nothing_in_two_directories(pair, together):
    assert_one_wins(pair, together((pair[0], ["--yes"]), (pair[1], ["--yes"])))


def assert_one_wins(pair, done):
    assert sorted(one.code for one in done) == [0, 1], "\n".join(map(str, done))
    lost = next(one for one in done if one.code == 1)
    winner = pair[0] if done[0].code == 0 else pair[1]
    lost.says("error:", winner.kid(), "import", "rotate start")
    assert lost.json["exit_code"] == 1
    assert_one_result(winner, winner.public_keys()[0])


def test_from_nothing_in_one_directory(pair, together):
    """A shared home: one of them makes the key, and both use it."""
    first, second = pair
    second.keys = first.keys
    done = together((first, ["--yes"]), (second, ["--yes"]))
    assert [one.code for one in done] == [0, 0], "\n".join(map(str, done))
    assert sorted(path.name for path in first.keys.iterdir()) == [".gitignore", "ring.json", "sa.key", "sa.pub"]
    assert_one_result(first, first.public_keys()[0])


def test_two_clusters_in_one_bucket(case, case_on, tmp_path, together):
    """Each adds its statement to one policy, which S3 writes without any condition."""
    one = case_on(case.peer, bucket=case.bucket, prefix="one")
    two = case_on(case.peer, bucket=case.bucket, prefix="two")
    one.keys, two.keys = tmp_path / "first", tmp_path / "second"
    done = together((one, ["--yes"]), (two, ["--yes"]))
    assert [each.code for each in done] == [0, 0], "\n".join(map(str, done))
    assert len(case.statements()) == 2, case.statements()
    for each in (one, two):
        each.assert_documents()
        each.assert_provider()
        assert each.bootstrap("--check", "--keys", each.keys).json["changes"] == 0


def test_tags_of_both_are_kept(pair, together):
    """PutBucketTagging replaces the whole set."""
    first, second = pair
    first.made("--keys", first.keys)
    shutil.copytree(first.keys, second.keys)
    done = together((first, ["--yes", "--tag", "a=1"]), (second, ["--yes", "--tag", "b=2"]))
    assert {one.code for one in done} == {0}, "\n".join(map(str, done))
    assert first.tags() == {oracle.OWNER: "created", "a": "1", "b": "2"}
