"""The AWS CLI, unchanged, through an endpoint override and through the proxy."""

import json

import pytest
from conftest import ACCOUNT, THUMBPRINT, open_block, read_policy


def test_the_guides_flow_by_hand(cli, name, tmp_path, door):
    document = tmp_path / "openid-configuration"
    document.write_text('{"issuer": "x"}')
    assert cli("sts", "get-caller-identity")["Account"] == ACCOUNT
    assert cli("s3api", "create-bucket", "--bucket", name)["Location"] == f"/{name}"
    policy = read_policy(name, ".well-known/openid-configuration")
    told = cli("s3api", "put-bucket-policy", "--bucket", name, "--policy", policy, fails=True)
    assert "An error occurred (AccessDenied) when calling the PutBucketPolicy operation" in told
    assert "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access." in told
    block = ",".join(f"{key}={str(value).lower()}" for key, value in open_block().items())
    cli("s3api", "put-public-access-block", "--bucket", name, "--public-access-block-configuration", block)
    cli("s3api", "put-bucket-policy", "--bucket", name, "--policy", policy)
    where = ["--bucket", name, "--key", ".well-known/openid-configuration"]
    put = cli("s3api", "put-object", *where, "--body", str(document), "--content-type", "application/json")
    assert put["ServerSideEncryption"] == "AES256"
    read = tmp_path / "read"
    cli("s3api", "get-object", *where, str(read))
    assert read.read_text() == document.read_text()
    # Anonymously, under the bucket's own name, as IAM would.
    cli("s3api", "get-object", *where, str(read), "--no-sign-request")
    assert read.read_text() == document.read_text()
    told = cli("s3api", "put-object", *where, "--body", str(document), "--acl", "public-read", fails=True)
    assert "(AccessControlListNotSupported)" in told and "The bucket does not allow ACLs" in told
    status = cli("s3api", "get-bucket-policy-status", "--bucket", name)
    assert status["PolicyStatus"]["IsPublic"] is True
    cli("s3api", "delete-object", *where)
    cli("s3api", "delete-bucket", "--bucket", name)


def test_high_level_commands(cli, name, tmp_path):
    file = tmp_path / "keys.json"
    file.write_text('{"keys": []}')
    cli("s3", "mb", f"s3://{name}")
    cli("s3", "cp", str(file), f"s3://{name}/openid/v1/jwks", "--content-type", "application/json")
    assert "openid/v1/jwks" in cli("s3", "ls", f"s3://{name}", "--recursive")
    assert name in cli("s3", "ls")
    again = tmp_path / "again.json"
    cli("s3", "cp", f"s3://{name}/openid/v1/jwks", str(again))
    assert again.read_text() == file.read_text()
    assert "BucketNotEmpty" in cli("s3", "rb", f"s3://{name}", fails=True)
    cli("s3", "rb", f"s3://{name}", "--force")
    assert "NoSuchBucket" in cli("s3", "ls", f"s3://{name}", fails=True)


def test_providers(cli, door):
    url = f"https://cli-{door}.example.com"
    create = ["iam", "create-open-id-connect-provider", "--url", url, "--client-id-list", "sts.amazonaws.com"]
    arn = cli(*create, "--thumbprint-list", THUMBPRINT, "--tags", "Key=a,Value=b")["OpenIDConnectProviderArn"]
    named = ["--open-id-connect-provider-arn", arn]
    told = cli(*create, "--thumbprint-list", THUMBPRINT, fails=True)
    assert "(EntityAlreadyExists)" in told and f"Provider with url {url} already exists." in told
    cli("iam", "add-client-id-to-open-id-connect-provider", *named, "--client-id", "other")
    got = cli("iam", "get-open-id-connect-provider", *named)
    assert got["ClientIDList"] == ["sts.amazonaws.com", "other"] and got["Tags"] == [{"Key": "a", "Value": "b"}]
    assert got["Url"] == url.removeprefix("https://")
    cli("iam", "delete-open-id-connect-provider", *named)
    assert "(NoSuchEntity)" in cli("iam", "get-open-id-connect-provider", *named, fails=True)


def test_the_accounts_block_through_the_proxy(cli, door):
    if door == "plain":
        # With an endpoint override the CLI asks for 123456789012.127.0.0.1, which has no address.
        told = cli("s3control", "get-public-access-block", "--account-id", ACCOUNT, fails=True)
        assert "Could not connect" in told or "Failed to resolve" in told or "Endpoint" in told, told
        return
    told = cli("s3control", "get-public-access-block", "--account-id", ACCOUNT, fails=True)
    assert "(NoSuchPublicAccessBlockConfiguration)" in told


def test_refusals_are_told_by_name(cli, name):
    assert "(NoSuchBucket)" in cli("s3api", "get-bucket-location", "--bucket", name, fails=True)
    told = cli("s3api", "create-bucket", "--bucket", name, "--region", "eu-west-1", fails=True)
    assert "(IllegalLocationConstraintException)" in told and "unspecified location constraint" in told
    configuration = json.dumps({"LocationConstraint": "eu-west-1", "Tags": [{"Key": "a", "Value": "b"}]})
    cli("s3api", "create-bucket", "--bucket", name, "--region", "eu-west-1", "--create-bucket-configuration", configuration)
    assert cli("s3api", "get-bucket-tagging", "--bucket", name, "--region", "eu-west-1")["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert "(InvalidAction)" in cli("iam", "list-groups", fails=True)
    assert "(BucketAlreadyExists)" in cli("s3api", "create-bucket", "--bucket", "somebody-elses", fails=True)


# The words of the CLI, which refusal is told how: code and message are AWS's own.
TOLD = [
    (["s3api", "get-bucket-policy", "--bucket", "BUCKET"], "(NoSuchBucketPolicy) when calling the GetBucketPolicy operation: The bucket policy does not exist"),
    (["s3api", "get-bucket-tagging", "--bucket", "BUCKET"], "(NoSuchTagSet) when calling the GetBucketTagging operation: The TagSet does not exist"),
    (["s3api", "head-bucket", "--bucket", "BUCKET", "--expected-bucket-owner", "999999999999"], "(403) when calling the HeadBucket operation: Forbidden"),
    (["s3api", "get-object", "--bucket", "BUCKET", "--key", "k", "/dev/null"], "(NoSuchKey) when calling the GetObject operation: The specified key does not exist."),
    (["s3api", "get-object", "--bucket", "BUCKET", "--key", "k", "--no-sign-request", "/dev/null"], "(AccessDenied) when calling the GetObject operation: Access Denied"),
    (["s3api", "put-object", "--bucket", "BUCKET", "--key", "k", "--if-match", "x"], "(NoSuchKey) when calling the PutObject operation: The specified key does not exist."),
    (["s3api", "put-bucket-policy", "--bucket", "BUCKET", "--policy", "x"], "(MalformedPolicy) when calling the PutBucketPolicy operation: Policies must be valid JSON and the first byte must be '{'"),
    (["s3api", "put-bucket-acl", "--bucket", "BUCKET", "--acl", "public-read"], "(AccessControlListNotSupported) when calling the PutBucketAcl operation: The bucket does not allow ACLs"),
    (["s3api", "create-bucket", "--bucket", "Not_A_Name"], "(InvalidBucketName) when calling the CreateBucket operation: The specified bucket is not valid."),
    (["iam", "create-open-id-connect-provider", "--url", "http://oidc.example.com"], "(InvalidInput) when calling the CreateOpenIDConnectProvider operation: Invalid Open ID Connect Provider URL. The URL must begin with https://."),
    (["iam", "create-open-id-connect-provider", "--url", "https://oidc.example.com"], "(OpenIdIdpCommunicationError) when calling the CreateOpenIDConnectProvider operation: Please check .well-known/openid-configuration of provider: https://oidc.example.com is valid."),
    (["iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", "arn:aws:iam::123456789012:oidc-provider/nobody"], "(NoSuchEntity) when calling the GetOpenIDConnectProvider operation: OpenIDConnect Provider not found for arn arn:aws:iam::123456789012:oidc-provider/nobody"),
    (["sts", "get-session-token"], "(InvalidAction) when calling the GetSessionToken operation: Could not find operation GetSessionToken for version 2011-06-15"),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("words,told", TOLD, ids=[f"{row[0][1]}-{number}" for number, row in enumerate(TOLD)])
def test_the_cli_shows_codes_and_messages(cli, bucket, words, told):
    shown = cli(*[bucket if word == "BUCKET" else word for word in words], fails=True)
    assert f"An error occurred {told}" in shown
