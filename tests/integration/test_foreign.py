"""What others have put beside ours stays: statements, tags, client ids, keys."""

import json

import oracle
import pytest
from capabilities import read_statement
from cryptography.hazmat.primitives.asymmetric import ec, rsa

FOREIGN_TAGS = {"team": "others", "Cost Center": "42"}


def foreign_statement(case):
    """Another account's permission: not public, so the access block has nothing against it."""
    return {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{case.peer.account}:root"},
        "Action": ["s3:PutObject", "s3:GetObject"],
        "Resource": f"arn:aws:s3:::{case.bucket}/backups/*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    }


def entries(case):
    return json.loads(case.object(oracle.JWKS)[0])["keys"]


def test_statements_of_others_stay(case):
    case.made()
    theirs = [foreign_statement(case), read_statement(case.bucket, "public/*", sid="TheirsToo")]
    ours = case.our_statement()
    case.set_policy(theirs[0], ours, theirs[1])
    case.assert_done()
    case.set_policy(*theirs)
    case.assert_mended("policy")
    assert [one for one in case.statements() if one["Sid"].startswith("Theirs")] == theirs
    case.assert_statement()


@pytest.mark.needs("policy-conditions")
def test_a_denial_of_others_is_said_and_kept(case):
    """Adding an Allow beside a Deny would change nothing but the look of things."""
    case.made()
    # A fence around the account: its administrators pass, and everyone without an account is outside.
    inside = {"StringNotEquals": {"aws:PrincipalAccount": case.peer.account}}
    fence = read_statement(case.bucket, "*", sid="Fence", Effect="Deny", Condition=inside)
    case.set_policy(case.our_statement(), fence)
    case.assert_refused("denies everyone to read", "Fence", "change that statement")
    assert fence in case.statements()


@pytest.mark.only("sandbox")  # moto refuses without words, and MiniStack does not refuse.
def test_a_denial_that_is_ours_too_is_named(case):
    """A Deny for everyone shuts its own administrators out: no permission of theirs lifts it."""
    case.made()
    case.set_policy(case.our_statement(), read_statement(case.bucket, "*", sid="Shut", Effect="Deny"))
    object_arn = case.arns(oracle.DISCOVERY)[0]
    done = case.assert_refused("s3:GetObject", object_arn, "a statement of a resource-based policy denies it")
    assert "to these credentials" not in done.err


def test_tags_of_others_stay(case):
    case.made()
    case.tag({**FOREIGN_TAGS, **case.tags()})
    case.assert_done()
    # publish, for not every peer has tags of providers.
    case.run("publish", *case.place(), "--yes", "--tag", "stage=test")
    assert case.tags() == {**FOREIGN_TAGS, oracle.OWNER: "created", "stage": "test"}


@pytest.mark.needs("provider-tags")
def test_tags_of_others_on_the_provider_stay(case):
    case.made()
    case.iam.tag_open_id_connect_provider(
        OpenIDConnectProviderArn=case.peer.provider_arn(case.issuer), Tags=[{"Key": "theirs", "Value": "kept"}]
    )
    case.assert_done()
    case.bootstrap("--yes", "--tag", "stage=test")
    case.assert_provider(tags={"theirs": "kept", "stage": "test"})


@pytest.mark.needs("client-ids")
def test_client_ids_added_by_others_stay(case):
    case.made()
    case.iam.add_client_id_to_open_id_connect_provider(
        OpenIDConnectProviderArn=case.peer.provider_arn(case.issuer), ClientID="theirs"
    )
    case.assert_done()
    case.bootstrap("--yes", "--audience", "mine")
    case.assert_provider(["mine", "sts.amazonaws.com", "theirs"])


def test_published_keys_of_others_stay(case):
    """In order, with members that we would not write."""
    case.made()
    (ours,) = case.public_keys()
    first = {**oracle.jwk(rsa.generate_private_key(65537, 2048).public_key()), "x5t": "unknown to us"}
    last = oracle.jwk(ec.generate_private_key(ec.SECP256R1()).public_key())
    keys = [first, oracle.jwk(ours), last]
    case.put(oracle.JWKS, oracle.compact({"keys": keys}))
    # The document lists the algorithms of all published keys.
    checked = case.bootstrap("--check", code=3)
    assert checked.kinds() == ["object"]
    checked.says(first["kid"], last["kid"], "kept")
    case.bootstrap("--yes")
    assert entries(case) == keys
    document = json.loads(case.object(oracle.DISCOVERY)[0])
    assert document["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]
    case.assert_done()


def test_bootstrap_adds_no_key_to_a_live_set_and_publish_does(case):
    """A second verifier of ours in sa.pub: that is a rotation, and never happens by the way."""
    case.made()
    second = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = second.public_bytes(
        oracle.serialization.Encoding.PEM, oracle.serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (ours,) = case.public_keys()
    with (case.keys / "sa.pub").open("ab") as file:
        file.write(pem)
    done = case.bootstrap("--yes").says(oracle.kid(second), "publish")
    assert done.json["changes"] == 0
    case.assert_documents([ours])
    case.run("publish", *case.place(), "--yes")
    case.assert_documents([ours, second])
    case.assert_done()
