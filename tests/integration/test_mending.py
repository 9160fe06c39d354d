"""A half-made issuer of ours: --check names the part that is missing, a run mends it, and nothing else is touched."""

import oracle
import pytest
from capabilities import CLOSED


def without_policy(case):
    case.s3.delete_bucket_policy(Bucket=case.bucket)


def with_half_a_policy(case):
    statement = case.our_statement()
    case.set_policy({**statement, "Resource": statement["Resource"][:1]})


def closed_again(case):
    case.set_block(CLOSED)


def without_versioning(case):
    case.s3.put_bucket_versioning(Bucket=case.bucket, VersioningConfiguration={"Status": "Suspended"})


def without_jwks(case):
    case.s3.delete_object(Bucket=case.bucket, Key=oracle.JWKS)


def without_discovery(case):
    case.s3.delete_object(Bucket=case.bucket, Key=oracle.DISCOVERY)


def with_another_content_type(case):
    case.put(oracle.JWKS, case.object(oracle.JWKS)[0], ContentType="text/plain")


def with_another_cache_time(case):
    case.put(oracle.DISCOVERY, case.object(oracle.DISCOVERY)[0], CacheControl="max-age=31536000")


def with_other_bytes(case):
    case.put(oracle.DISCOVERY, case.object(oracle.DISCOVERY)[0] + b"\n")


def without_provider(case):
    case.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=case.peer.provider_arn(case.issuer))


def without_public_key(case):
    (case.keys / "sa.pub").unlink()


PARTS = [
    (without_policy, ["policy"]),
    (with_half_a_policy, ["policy"]),
    (closed_again, ["access-block"]),
    (without_versioning, ["versioning"]),
    (without_jwks, ["object"]),
    (without_discovery, ["object"]),
    (with_another_content_type, ["object"]),
    (with_another_cache_time, ["object"]),
    (with_other_bytes, ["object"]),
    (without_provider, ["create-provider"]),
    (without_public_key, ["save-keys"]),
]


@pytest.mark.parametrize(("damage", "kinds"), PARTS, ids=[damage.__name__ for damage, _ in PARTS])
def test_each_part_is_mended_by_itself(case, damage, kinds):
    case.made()
    keys = case.public_keys()
    damage(case)
    case.assert_mended(*kinds)
    case.assert_bucket()
    case.assert_statement()
    case.assert_documents(keys)
    case.assert_provider()


def test_tags_that_were_asked_for_are_put_back(case):
    case.made("--tag", "team=platform")
    case.tag({oracle.OWNER: "created"})
    checked = case.bootstrap("--check", "--tag", "team=platform", code=3)
    assert checked.kinds() == ["tags"]
    case.bootstrap("--yes", "--tag", "team=platform")
    case.assert_bucket(tags={"team": "platform"})
    case.assert_done("--tag", "team=platform")


def test_without_our_tag_it_is_nobodys_to_mend(case):
    """The tag is all that says whose a bucket is: without it, an issuer that works is left alone, and no more."""
    case.made()
    case.s3.delete_bucket_tagging(Bucket=case.bucket)
    case.assert_done()
    case.s3.delete_bucket_policy(Bucket=case.bucket)
    case.assert_refused("not ours", "--adopt-bucket")
    case.bootstrap("--yes", "--adopt-bucket")
    assert case.tags() == {oracle.OWNER: "adopted"}
    case.assert_statement()
    case.assert_done()


def test_a_bucket_that_was_only_just_made(case):
    case.bucket_made_by_us()
    case.made()
    case.assert_bucket()
    case.assert_statement()
    case.assert_documents()
    case.assert_done()


def test_everything_at_once(case):
    case.made()
    keys = case.public_keys()
    for damage in (without_policy, closed_again, without_versioning, without_jwks, without_discovery, without_provider):
        damage(case)
    case.assert_mended("policy", "access-block", "versioning", "object", "object", "create-provider")
    case.assert_documents(keys)


@pytest.mark.needs("client-ids")
def test_a_client_id_that_was_taken_away(case):
    case.made()
    case.iam.remove_client_id_from_open_id_connect_provider(
        OpenIDConnectProviderArn=case.peer.provider_arn(case.issuer), ClientID="sts.amazonaws.com"
    )
    case.assert_mended("add-client-id")
    case.assert_provider()
