"""What the peers lack of AWS, and what the tests do about it.

The table is read by the tests: a test that needs a row's capability is collected for the peers without that row only,
and test_peers.py asks the live peer about every pair of peer and capability, so that no row outlives its reason.
Our own sandbox has to have all of them.

| peer      | capability        | what the peer does                                           | what the tests do instead                               |
|-----------|-------------------|--------------------------------------------------------------|---------------------------------------------------------|
| moto      | client-ids        | AddClientIDToOpenIDConnectProvider answers HTTP 500          | added ids are tested on the sandbox; kept ids everywhere |
| moto      | create-tags       | CreateBucket forgets its Tags                                | tags are judged after PutBucketTagging                  |
| moto      | closed-by-default | a new bucket has no access block                             | the test closes the bucket by PutPublicAccessBlock      |
| moto      | block-enforced    | PutBucketPolicy is taken whatever the access block says      | the block's settings are judged, not their effect       |
| moto      | expected-owner    | x-amz-expected-bucket-owner counts for nothing               | another account's bucket is tested on the sandbox       |
| moto      | one-partition     | another partition takes the same credentials, as its own     | another partition: on the others                        |
| moto      | signatures        | no signature is verified                                     | wrong credentials are tested on the sandbox             |
| moto      | policy-conditions | a bucket policy's conditions count for nothing               | refused statements with conditions: on the others       |
| moto      | versioning-xml    | GetBucketVersioning answers with a root element of its own   | the SDK for Rust refuses it: the plain door renames it   |
| moto      | public-discovery  | an unsigned GET of the discovery document is Cognito's       | the front signs that one read; the JWKS is read unsigned |
| moto      | issuer-fetched    | IAM never reads the issuer                                   | the thumbprint list is judged to be empty               |
| ministack | client-ids        | AddClientIDToOpenIDConnectProvider is not known              | added ids are tested on the sandbox; kept ids everywhere |
| ministack | thumbprints       | UpdateOpenIDConnectProviderThumbprint is not known           | thumbprints are replaced on the others, kept everywhere |
| ministack | provider-tags     | TagOpenIDConnectProvider is not known                        | tags are judged as the create call set them             |
| ministack | bare-url          | GetOpenIDConnectProvider answers a Url with https://         | the scheme is left out before comparing                 |
| ministack | closed-by-default | a new bucket has no access block                             | the test closes the bucket by PutPublicAccessBlock      |
| ministack | block-enforced    | PutBucketPolicy is taken whatever the access block says      | the block's settings are judged, not their effect       |
| ministack | anonymous-refused | everything can be read without credentials                   | the policy is judged, not its effect                    |
| ministack | expected-owner    | x-amz-expected-bucket-owner counts for nothing               | another account's bucket is tested on the sandbox       |
| ministack | account-block     | S3 Control answers GetPublicAccessBlock with 200 and {}      | the plan's note about it is judged                      |
| ministack | one-partition     | another partition takes them, as those of aws                | that is what the program has to notice: it does so here |
| ministack | signatures        | no signature is verified                                     | wrong credentials are tested on the sandbox             |
| ministack | issuer-fetched    | IAM never reads the issuer                                   | the thumbprint list is judged to be empty               |

Besides, moto and MiniStack know no virtual hosts over TLS: front.py stands before them for anonymous reads. Two calls
of one moment are tested on the sandbox alone, for the others promise nothing about them.
"""

import json
import urllib.error
import urllib.request

from botocore.exceptions import ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

CLOSED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
POLICY_ONLY = {**CLOSED, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
PEERS = ("sandbox", "moto", "ministack")


def _table():
    rows = {}
    for line in __doc__.splitlines():
        if line.startswith("| ") and not line.startswith("| peer "):
            peer, capability, does, instead = (cell.strip() for cell in line.strip("|").split("|"))
            rows[peer, capability] = (does, instead)
    return rows


LACKS = _table()


def having(*capabilities):
    """The peers that have all of these."""
    unknown = set(capabilities) - PROBES.keys()
    assert not unknown, f"no such capability: {unknown}"
    return [peer for peer in PEERS if not any((peer, capability) in LACKS for capability in capabilities)]


def read_statement(bucket, *keys, sid="Test", **more):
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": [f"arn:aws:s3:::{bucket}/{key}" for key in keys],
        **more,
    }


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def answered(call, **arguments):
    """Whether a call is answered without a refusal, a crash included."""
    try:
        call(**arguments)
    except (ClientError, ResponseParserError, HTTPClientError):
        return False
    return True


def anonymous_status(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def _provider(peer, name):
    # With a thumbprint nobody has to reach the issuer.
    url = f"https://{name}.example.test"
    made = peer.client("iam").create_open_id_connect_provider(
        Url=url, ClientIDList=["one"], ThumbprintList=["a" * 40], Tags=[{"Key": "a", "Value": "1"}]
    )
    return made["OpenIDConnectProviderArn"]


def _has_client_ids(peer, name):
    arn = _provider(peer, name)
    call = peer.client("iam").add_client_id_to_open_id_connect_provider
    return answered(call, OpenIDConnectProviderArn=arn, ClientID="two")


def _has_thumbprints(peer, name):
    arn = _provider(peer, name)
    call = peer.client("iam").update_open_id_connect_provider_thumbprint
    return answered(call, OpenIDConnectProviderArn=arn, ThumbprintList=["b" * 40])


def _has_provider_tags(peer, name):
    arn = _provider(peer, name)
    call = peer.client("iam").tag_open_id_connect_provider
    return answered(call, OpenIDConnectProviderArn=arn, Tags=[{"Key": "b", "Value": "2"}])


def _has_bare_url(peer, name):
    found = peer.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=_provider(peer, name))
    return found["Url"] == f"{name}.example.test"


def _has_create_tags(peer, name):
    s3 = peer.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": [{"Key": "a", "Value": "1"}]})
    try:
        return s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "a", "Value": "1"}]
    except ClientError:
        return False


def _is_closed_by_default(peer, name):
    s3 = peer.client("s3")
    s3.create_bucket(Bucket=name)
    try:
        return s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == CLOSED
    except ClientError:
        return False


def _enforces_block(peer, name):
    s3 = peer.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=CLOSED)
    return not answered(s3.put_bucket_policy, Bucket=name, Policy=policy(read_statement(name, "a")))


def _refuses_anonymous(peer, name):
    s3 = peer.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a", Body=b"secret")
    return anonymous_status(f"{peer.endpoint}/{name}/a") == 403


def _has_public_discovery(peer, name):
    s3, key = peer.client("s3"), ".well-known/openid-configuration"
    s3.create_bucket(Bucket=name)
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=POLICY_ONLY)
    s3.put_object(Bucket=name, Key=key, Body=b"mine")
    s3.put_bucket_policy(Bucket=name, Policy=policy(read_statement(name, key)))
    with urllib.request.urlopen(f"{peer.endpoint}/{name}/{key}", timeout=30) as response:
        return response.read() == b"mine"


def _has_policy_conditions(peer, name):
    """A denial for other accounts lets this one read."""
    s3 = peer.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a", Body=b"ours")
    others = {"StringNotEquals": {"aws:PrincipalAccount": peer.account}}
    fence = read_statement(name, "*", Effect="Deny", Condition=others)
    s3.put_bucket_policy(Bucket=name, Policy=policy(fence))
    return answered(s3.get_object, Bucket=name, Key="a")


def _has_versioning_xml(peer, name):
    s3, seen = peer.client("s3"), []
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    # boto3 itself takes any root.
    s3.meta.events.register(
        "before-parse.s3.GetBucketVersioning", lambda response_dict, **_: seen.append(response_dict["body"])
    )
    s3.get_bucket_versioning(Bucket=name)
    return b"<VersioningConfiguration" in seen[0]


def _knows_owners(peer, name):
    s3 = peer.client("s3")
    s3.create_bucket(Bucket=name)
    return not answered(s3.head_bucket, Bucket=name, ExpectedBucketOwner="999999999999")


def _has_account_block(peer, name):
    try:
        peer.control().get_public_access_block(AccountId=peer.account)
    except ClientError as error:
        return error.response["Error"]["Code"] == "NoSuchPublicAccessBlockConfiguration"
    except ResponseParserError:
        pass
    return False


def _is_of_one_partition(peer, name):
    return not answered(peer.client("sts", "cn-north-1").get_caller_identity)


def _verifies_signatures(peer, name):
    return not answered(peer.client("sts", secret="wrong" * 8).get_caller_identity)


def _fetches_issuer(peer, name):
    issuer = f"https://{name}.s3.us-east-1.amazonaws.com"
    return not answered(peer.client("iam").create_open_id_connect_provider, Url=issuer, ClientIDList=["one"])


PROBES = {
    "client-ids": _has_client_ids,
    "thumbprints": _has_thumbprints,
    "provider-tags": _has_provider_tags,
    "bare-url": _has_bare_url,
    "create-tags": _has_create_tags,
    "closed-by-default": _is_closed_by_default,
    "block-enforced": _enforces_block,
    "anonymous-refused": _refuses_anonymous,
    "public-discovery": _has_public_discovery,
    "policy-conditions": _has_policy_conditions,
    "versioning-xml": _has_versioning_xml,
    "expected-owner": _knows_owners,
    "account-block": _has_account_block,
    "one-partition": _is_of_one_partition,
    "signatures": _verifies_signatures,
    "issuer-fetched": _fetches_issuer,
}
