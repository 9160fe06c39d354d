"""AWS's own names: through the proxy, at the TLS endpoint, in the right and in the wrong region."""

import socket
from urllib.parse import urlsplit

import pytest
from conftest import ACCOUNT, Running, assert_refused, open_block, read_policy, refusal
from wire import send, signed

BLOCK = "/v20180820/configuration/publicAccessBlock"


@pytest.fixture
def there(sandbox, name):
    """A bucket in eu-west-1 that everyone can read."""
    s3 = sandbox.client("s3", region="eu-west-1")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=open_block())
    s3.put_bucket_policy(Bucket=name, Policy=read_policy(name))
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    return name


@pytest.mark.parametrize("way", [{"tls": True}, {"proxy": True}], ids=["tls", "proxy"])
def test_documents_are_read_under_their_own_names(sandbox, there, way):
    for host, path in [
        (f"{there}.s3.eu-west-1.amazonaws.com", "/k"),
        (f"{there}.s3.dualstack.eu-west-1.amazonaws.com", "/k"),
        (f"{there}.s3-eu-west-1.amazonaws.com", "/k"),
        (f"{there}.s3.amazonaws.com", "/k"),
        ("s3.eu-west-1.amazonaws.com", f"/{there}/k"),
    ]:
        answer = send(sandbox, "GET", path, host=host, **way)
        assert (answer.status, answer.body) == (200, b"x"), host


def test_the_public_endpoint_answers_under_its_address_too(sandbox, there):
    assert send(sandbox, "GET", f"/{there}/k", host="127.0.0.1", tls=True).body == b"x"


@pytest.mark.parametrize("style", ["host", "path"])
def test_another_regions_endpoint_redirects(sandbox, there, style):
    base = "s3.us-west-2.amazonaws.com"
    host, target = (f"{there}.{base}", "/k") if style == "host" else (base, f"/{there}/k")
    for answer in [
        send(sandbox, "GET", target, host=host, tls=True),
        signed(sandbox, "GET", target, host=host, region="us-west-2", tls=True),
    ]:
        assert answer.status == 301
        assert answer.headers["x-amz-bucket-region"] == "eu-west-1"
        assert answer.error["Code"] == "PermanentRedirect"
        assert answer.error["Endpoint"] == f"{there}.s3.eu-west-1.amazonaws.com"
        assert answer.error["Bucket"] == there
        assert "must be addressed using the specified endpoint" in answer.error["Message"]


def test_head_bucket_tells_the_region(sandbox, there):
    base = "s3.us-west-2.amazonaws.com"
    answer = signed(sandbox, "HEAD", f"/{there}", host=base, region="us-west-2", tls=True)
    assert (answer.status, answer.body, answer.headers["x-amz-bucket-region"]) == (301, b"", "eu-west-1")
    # At the plain endpoint the region of the signature is what counts.
    answer = signed(sandbox, "HEAD", f"/{there}", region="us-west-2")
    assert (answer.status, answer.headers["x-amz-bucket-region"]) == (301, "eu-west-1")
    assert signed(sandbox, "HEAD", f"/{there}", region="eu-west-1").status == 200
    # Nobody signed: refused, and told all the same.
    answer = send(sandbox, "HEAD", f"/{there}")
    assert (answer.status, answer.headers["x-amz-bucket-region"]) == (403, "eu-west-1")


def test_boto3_follows_to_the_bucket(sandbox, there):
    for region in ["us-east-1", "us-west-2"]:
        s3 = sandbox.client("s3", "proxy", region=region)
        assert s3.get_object(Bucket=there, Key="k")["Body"].read() == b"x"


def test_the_signature_has_to_name_the_hosts_region(sandbox, there):
    answer = signed(sandbox, "GET", "/", host="s3.eu-west-1.amazonaws.com", region="us-east-1", tls=True)
    assert (answer.error["Code"], answer.status) == ("AuthorizationHeaderMalformed", 400)
    assert "the region 'us-east-1' is wrong; expecting 'eu-west-1'" in answer.error["Message"]
    assert answer.error["Region"] == "eu-west-1"
    form, body = {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=GetCallerIdentity&Version=2011-06-15"
    answer = signed(sandbox, "POST", "/", form, body, "sts.eu-west-1.amazonaws.com", "sts", "us-east-1", tls=True)
    assert (answer.error["Code"], answer.status) == ("SignatureDoesNotMatch", 403)
    assert "Credential should be scoped to a valid region, not 'us-east-1'." in answer.error["Message"]
    body = b"Action=ListOpenIDConnectProviders&Version=2010-05-08"
    answer = signed(sandbox, "POST", "/", form, body, "iam.amazonaws.com", "iam", "eu-west-1", tls=True)
    assert "Credential should be scoped to a valid region." in answer.error["Message"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-2"])
def test_sts_in_every_region(sandbox, region):
    assert sandbox.client("sts", "proxy", region=region).get_caller_identity()["Account"] == ACCOUNT


def test_another_partition_does_not_know_the_key(sandbox):
    s3 = sandbox.client("s3", "proxy", region="cn-north-1")
    assert refusal(s3.list_buckets)[:2] == ("InvalidAccessKeyId", 403)
    iam = sandbox.client("iam", "proxy", region="cn-north-1")
    assert refusal(iam.list_open_id_connect_providers)[:2] == ("InvalidClientTokenId", 403)


def test_s3_control_through_the_proxy(sandbox):
    control = sandbox.client("s3control", "proxy")
    missing = ("NoSuchPublicAccessBlockConfiguration", 404, "The public access block configuration was not found")
    assert_refused(missing, control.get_public_access_block, AccountId=ACCOUNT)
    try:
        control.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
        got = control.get_public_access_block(AccountId=ACCOUNT)["PublicAccessBlockConfiguration"]
        assert got["BlockPublicAcls"] is True and got["BlockPublicPolicy"] is False
    finally:
        control.delete_public_access_block(AccountId=ACCOUNT)
    assert_refused(missing, control.get_public_access_block, AccountId=ACCOUNT)
    assert refusal(control.get_public_access_block, AccountId="999999999999")[:2] == ("AccessDenied", 403)


def test_an_account_may_start_blocked(name):
    running = Running("--account-block")
    try:
        control = running.client("s3control", "proxy")
        got = control.get_public_access_block(AccountId=ACCOUNT)["PublicAccessBlockConfiguration"]
        assert all(got.values()) and len(got) == 4
        s3 = running.client("s3", "proxy")
        s3.create_bucket(Bucket=name)
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=open_block())
        expected = ("AccessDenied", 403, "prevented by the BlockPublicPolicy setting in S3 Block Public Access.")
        assert_refused(expected, s3.put_bucket_policy, Bucket=name, Policy=read_policy(name))
    finally:
        running.stop()


def test_another_partition_is_whole(name):
    running = Running("--region", "cn-north-1")
    try:
        s3 = running.client("s3", "proxy")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "cn-north-1"})
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=open_block())
        s3.put_bucket_policy(Bucket=name, Policy=read_policy(name).replace("arn:aws:", "arn:aws-cn:"))
        s3.put_object(Bucket=name, Key="k", Body=b"x")
        host = f"{name}.s3.cn-north-1.amazonaws.com.cn"
        assert send(running, "GET", "/k", host=host, tls=True).body == b"x"
        assert running.client("sts", "proxy").get_caller_identity()["Arn"] == f"arn:aws-cn:iam::{ACCOUNT}:user/sandbox"
        url, thumbprints = "https://oidc.example.com", ["a" * 40]
        made = running.client("iam", "proxy").create_open_id_connect_provider(Url=url, ThumbprintList=thumbprints)
        assert made["OpenIDConnectProviderArn"] == f"arn:aws-cn:iam::{ACCOUNT}:oidc-provider/oidc.example.com"
    finally:
        running.stop()


@pytest.mark.parametrize(
    "target",
    ["example.com:443", "amazonaws.com.example.com:443", "169.254.169.254:80", "127.0.0.1:22", "s3.amazonaws.com:80", "localhost:443"],
)
def test_the_proxy_leads_nowhere_else(sandbox, target):
    address = urlsplit(sandbox.endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 403")
    assert target.encode() + b" is refused." in answer


def test_services_that_are_not_there_are_named(sandbox):
    answer = send(sandbox, "POST", "/", host="ec2.us-east-1.amazonaws.com", tls=True)
    assert (answer.status, answer.error["Code"]) == (501, "NotImplemented")
    assert "no service ec2" in answer.error["Message"]
