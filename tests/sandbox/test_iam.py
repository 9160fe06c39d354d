"""OpenID Connect providers, as IAM keeps them; and who is calling, as STS says it."""

import itertools
import json
import re

import pytest
from conftest import ACCOUNT, THUMBPRINT, assert_refused, open_block, read_policy, refusal

NUMBERS = itertools.count(1)
MISSING = "arn:aws:iam::123456789012:oidc-provider/nobody.example.com"


@pytest.fixture
def url(iam):
    """An issuer that no other test has; its provider is gone afterwards, for there may be a hundred only."""
    url = f"https://oidc-{next(NUMBERS)}.example.com/Clusters/one"
    yield url
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn_of(url))


def arn_of(url):
    return f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url.removeprefix('https://')}"


@pytest.fixture
def provider(iam, url):
    created = iam.create_open_id_connect_provider(Url=url, ThumbprintList=[THUMBPRINT], ClientIDList=["sts.amazonaws.com"])
    return created["OpenIDConnectProviderArn"]


def get(iam, arn):
    return iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


@pytest.mark.table("success")
def test_a_provider_is_made_and_shown(iam, url):
    tags = [{"Key": "Cluster", "Value": "one + two/three"}, {"Key": "empty", "Value": ""}]
    upper = "AB" * 20
    created = iam.create_open_id_connect_provider(Url=url, ThumbprintList=[upper], ClientIDList=["b", "a", "b"], Tags=tags)
    assert created["OpenIDConnectProviderArn"] == arn_of(url)
    assert created["Tags"] == tags
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", created["ResponseMetadata"]["RequestId"])
    assert created["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"]
    got = get(iam, arn_of(url))
    # Without its scheme, as IAM shows it.
    assert got["Url"] == url.removeprefix("https://")
    assert got["ClientIDList"] == ["b", "a"]
    assert got["ThumbprintList"] == [upper.lower()]
    assert got["Tags"] == tags and got["CreateDate"].year >= 2020
    assert {"Arn": arn_of(url)} in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]


def test_a_trailing_slash_is_another_provider(iam, url, provider):
    other = iam.create_open_id_connect_provider(Url=url + "/", ThumbprintList=[THUMBPRINT])["OpenIDConnectProviderArn"]
    assert other == provider + "/"
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=other)
    assert get(iam, provider)


INVALID = ("InvalidInput", 400, "Invalid Open ID Connect Provider URL.")
CREATE = [
    ({"Url": "oidc.example.com"}, ("ValidationError", 400, "Invalid Open ID Connect Provider URL")),
    ({"Url": "https://"}, ("ValidationError", 400, "Invalid Open ID Connect Provider URL")),
    ({"Url": "https://" + "a" * 244 + ".com"}, ("ValidationError", 400, "1 validation error detected: Value at 'url' failed to satisfy constraint: Member must have length less than or equal to 255")),
    ({"Url": "http://oidc.example.com"}, ("InvalidInput", 400, "The URL must begin with https://.")),
    ({"Url": "https://oidc.example.com:443"}, INVALID),
    ({"Url": "https://oidc.example.com:8443/x"}, INVALID),
    ({"Url": "https://oidc.example.com?a=b"}, INVALID),
    ({"Url": "https://oidc.example.com#a"}, INVALID),
    ({"Url": "https://u@oidc.example.com"}, INVALID),
    ({"Url": "https://oidc_x.example.com"}, INVALID),
    ({"ThumbprintList": ["a" * 41]}, ("InvalidInput", 400, "Thumbprint must be exactly 40 characters.")),
    ({"ThumbprintList": ["a" * 40] * 6}, ("InvalidInput", 400, "Thumbprint list must contain fewer than 5 entries.")),
    ({"ClientIDList": ["c" * 256]}, ("ValidationError", 400, "Value at 'clientID' failed to satisfy constraint: Member must have length less than or equal to 255")),
    ({"ClientIDList": [f"c{one}" for one in range(101)]}, ("LimitExceeded", 409, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100")),
    ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, ("InvalidInput", 400, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")),
    ({"Tags": [{"Key": "a;b", "Value": "1"}]}, ("ValidationError", 400, "Value at 'tags.1.member.key' failed to satisfy constraint")),
    ({"Tags": [{"Key": "aws:a", "Value": "1"}]}, ("InvalidInput", 400, "reserved")),
    ({"Tags": [{"Key": str(one), "Value": ""} for one in range(51)]}, ("ValidationError", 400, "Value at 'tags' failed to satisfy constraint")),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("which", range(len(CREATE)), ids=lambda which: f"{CREATE[which][1][0]}-{which}")
def test_create_refuses(iam, url, which):
    settings, expected = CREATE[which]
    settings = {"Url": url, "ThumbprintList": [THUMBPRINT], **settings}
    assert_refused(expected, iam.create_open_id_connect_provider, **settings)
    assert refusal(get, iam, arn_of(url))[0] == "NoSuchEntity"


@pytest.mark.table("refusal")
def test_one_url_is_one_provider(iam, url, provider):
    expected = ("EntityAlreadyExists", 409, f"Provider with url {url} already exists.")
    assert_refused(expected, iam.create_open_id_connect_provider, Url=url, ThumbprintList=[THUMBPRINT])
    assert get(iam, provider)["ClientIDList"] == ["sts.amazonaws.com"]


@pytest.mark.table("refusal")
def test_an_account_has_a_hundred_providers(iam):
    taken = len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"])
    urls = [f"https://many-{one}.example.com" for one in range(100 - taken)]
    try:
        for url in urls:
            iam.create_open_id_connect_provider(Url=url, ThumbprintList=[THUMBPRINT])
        expected = ("LimitExceeded", 409, "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100")
        assert_refused(expected, iam.create_open_id_connect_provider, Url="https://one-more.example.com", ThumbprintList=[THUMBPRINT])
    finally:
        for url in urls:
            iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn_of(url))


@pytest.mark.table("success")
def test_client_ids_come_and_go_twice(iam, provider):
    for _ in range(2):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=provider, ClientID="other")
        assert get(iam, provider)["ClientIDList"] == ["sts.amazonaws.com", "other"]
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=provider, ClientID="other")
        assert get(iam, provider)["ClientIDList"] == ["sts.amazonaws.com"]


@pytest.mark.table("refusal")
def test_a_provider_has_a_hundred_client_ids(iam, url):
    ids = [f"c{one}" for one in range(100)]
    iam.create_open_id_connect_provider(Url=url, ThumbprintList=[THUMBPRINT], ClientIDList=ids)
    add = iam.add_client_id_to_open_id_connect_provider
    add(OpenIDConnectProviderArn=arn_of(url), ClientID="c99")
    expected = ("LimitExceeded", 409, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100")
    assert_refused(expected, add, OpenIDConnectProviderArn=arn_of(url), ClientID="one more")


def test_thumbprints_are_replaced(iam, provider):
    update = iam.update_open_id_connect_provider_thumbprint
    update(OpenIDConnectProviderArn=provider, ThumbprintList=["b" * 40, "C" * 40])
    assert get(iam, provider)["ThumbprintList"] == ["b" * 40, "c" * 40]
    expected = ("InvalidInput", 400, "Thumbprint must be exactly 40 characters.")
    assert_refused(expected, update, OpenIDConnectProviderArn=provider, ThumbprintList=["b" * 41])
    # IAM does not ask for hex.
    update(OpenIDConnectProviderArn=provider, ThumbprintList=["x" * 40])


def test_tags_come_and_go(iam, provider):
    def tags():
        listed = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=provider)
        assert listed["IsTruncated"] is False
        return {tag["Key"]: tag["Value"] for tag in listed["Tags"]}

    tag, untag = iam.tag_open_id_connect_provider, iam.untag_open_id_connect_provider
    tag(OpenIDConnectProviderArn=provider, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    tag(OpenIDConnectProviderArn=provider, Tags=[{"Key": "A", "Value": "3"}])
    assert tags() == {"A": "3", "b": "2"}
    pages = iam.get_paginator("list_open_id_connect_provider_tags")
    pages = list(pages.paginate(OpenIDConnectProviderArn=provider, PaginationConfig={"PageSize": 1}))
    assert [page["Tags"][0]["Key"] for page in pages] == ["A", "b"]
    many = [{"Key": f"k{one}", "Value": ""} for one in range(49)]
    assert_refused(("LimitExceeded", 409, "50"), tag, OpenIDConnectProviderArn=provider, Tags=many)
    untag(OpenIDConnectProviderArn=provider, TagKeys=["a", "never was"])
    assert tags() == {"b": "2"}


@pytest.mark.table("success")
def test_a_provider_is_deleted_twice(iam, provider):
    for _ in range(2):
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    assert_refused(("NoSuchEntity", 404, f"OpenIDConnect Provider not found for arn {provider}"), get, iam, provider)


ON_NOTHING = [
    ("get_open_id_connect_provider", {}),
    ("add_client_id_to_open_id_connect_provider", {"ClientID": "a"}),
    ("remove_client_id_from_open_id_connect_provider", {"ClientID": "a"}),
    ("update_open_id_connect_provider_thumbprint", {"ThumbprintList": [THUMBPRINT]}),
    ("tag_open_id_connect_provider", {"Tags": [{"Key": "a", "Value": ""}]}),
    ("untag_open_id_connect_provider", {"TagKeys": ["a"]}),
    ("list_open_id_connect_provider_tags", {}),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("operation,settings", ON_NOTHING, ids=lambda one: one if isinstance(one, str) else "")
def test_what_is_not_there(iam, operation, settings):
    expected = ("NoSuchEntity", 404, f"OpenIDConnect Provider not found for arn {MISSING}")
    assert_refused(expected, getattr(iam, operation), OpenIDConnectProviderArn=MISSING, **settings)
    foreign = MISSING.replace(ACCOUNT, "999999999999")
    assert refusal(getattr(iam, operation), OpenIDConnectProviderArn=foreign, **settings)[:2] == ("InvalidInput", 400)


def test_actions_that_are_not_there_are_named(iam, sts):
    words = "Could not find operation ListGroups for version 2010-05-08"
    assert_refused(("InvalidAction", 400, words), iam.list_groups)
    words = "Could not find operation GetSessionToken for version 2011-06-15"
    assert_refused(("InvalidAction", 400, words), sts.get_session_token)


@pytest.mark.table("success")
def test_who_is_calling(sts):
    who = sts.get_caller_identity()
    assert who["Account"] == ACCOUNT
    assert who["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/sandbox"
    assert who["UserId"].startswith("AIDA")
    assert who["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"]


# CreateOpenIDConnectProvider without a thumbprint goes to the issuer.

WELL_KNOWN = ".well-known/openid-configuration"


def publish(s3, bucket, issuer, prefix=""):
    jwks_uri = f"{issuer}/openid/v1/jwks"
    s3.put_object(Bucket=bucket, Key=f"{prefix}{WELL_KNOWN}", Body=json.dumps({"issuer": issuer, "jwks_uri": jwks_uri}))
    s3.put_object(Bucket=bucket, Key=f"{prefix}openid/v1/jwks", Body=b'{"keys":[]}')


@pytest.mark.table("success")
def test_iam_reads_a_public_issuer(sandbox, iam, s3, open_bucket):
    for issuer, prefix in [
        (f"https://{open_bucket}.s3.us-east-1.amazonaws.com", ""),
        (f"https://{open_bucket}.s3.us-east-1.amazonaws.com/clusters/one", "clusters/one/"),
        (f"https://s3.us-east-1.amazonaws.com/{open_bucket}", ""),
    ]:
        create = iam.create_open_id_connect_provider
        expected = ("OpenIdIdpCommunicationError", 400, f"Please check {WELL_KNOWN} of provider: {issuer} is valid.")
        s3.delete_bucket_policy(Bucket=open_bucket)
        assert_refused(expected, create, Url=issuer)
        publish(s3, open_bucket, issuer, prefix)
        assert_refused(expected, create, Url=issuer)
        # The discovery document alone is not enough.
        s3.put_bucket_policy(Bucket=open_bucket, Policy=read_policy(open_bucket, prefix + WELL_KNOWN))
        assert_refused(expected, create, Url=issuer)
        s3.put_bucket_policy(Bucket=open_bucket, Policy=read_policy(open_bucket, prefix + WELL_KNOWN, prefix + "openid/v1/jwks"))
        try:
            arn = create(Url=issuer)["OpenIDConnectProviderArn"]
            assert get(iam, arn)["ThumbprintList"] == [fingerprint(sandbox.ca_file)]
        finally:
            iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn_of(issuer))


@pytest.mark.table("refusal")
@pytest.mark.parametrize("spoil", ["not json", "{}", '{"jwks_uri": 1}', '{"jwks_uri": "http://x.example.com"}', "muted", "region"])
def test_iam_refuses_an_issuer_that_is_none(iam, s3, open_bucket, spoil):
    issuer = f"https://{open_bucket}.s3.us-east-1.amazonaws.com"
    publish(s3, open_bucket, issuer)
    s3.put_bucket_policy(Bucket=open_bucket, Policy=read_policy(open_bucket))
    if spoil == "muted":
        block = open_block(RestrictPublicBuckets=True)
        s3.put_public_access_block(Bucket=open_bucket, PublicAccessBlockConfiguration=block)
    elif spoil == "region":
        issuer = issuer.replace("us-east-1", "eu-west-1")
    else:
        s3.put_object(Bucket=open_bucket, Key=WELL_KNOWN, Body=spoil.encode())
    expected = ("OpenIdIdpCommunicationError", 400, "Please check")
    assert_refused(expected, iam.create_open_id_connect_provider, Url=issuer)


@pytest.mark.table("refusal")
def test_an_issuer_that_cannot_be_reached_is_refused(iam, url):
    expected = ("OpenIdIdpCommunicationError", 400, f"Please check {WELL_KNOWN} of provider: {url} is valid.")
    assert_refused(expected, iam.create_open_id_connect_provider, Url=url)
    # And the sandbox says that it did not go there.
    assert "where --connect-to leads it" in refusal(iam.create_open_id_connect_provider, Url=url)[2]


def fingerprint(ca_file):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    with open(ca_file, "rb") as file:
        return x509.load_pem_x509_certificate(file.read()).fingerprint(hashes.SHA1()).hex()
