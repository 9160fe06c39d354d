"""AssumeRoleWithWebIdentity: what is accepted, and every way in which a token, a role or an issuer is not.

The header x-issuerctl-step of a refusal is the sandbox's own: it says at which step STS stopped.
"""

import itertools
import json
import os
import re
import socket
import time
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError
from conftest import ACCOUNT, Running, read_policy, refusal
from issuers import AUDIENCE, DISCOVERY, JWKS, Elsewhere, Issuer, in_bucket, make_key
from wire import send

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def key():
    return make_key()


@pytest.fixture(scope="module")
def issuer(sandbox, key):
    """An issuer in a bucket, known to IAM, with one role that trusts one service account."""
    issuer = in_bucket(f"sts-{os.getpid()}-{next(NUMBERS)}", key)
    issuer.publish(sandbox.client("s3"), issuer.name.split(".")[0])
    iam = sandbox.client("iam")
    issuer.register(iam)
    iam.create_role(RoleName="demo", Path="/sts/", AssumeRolePolicyDocument=issuer.trust())
    issuer.role = f"arn:aws:iam::{ACCOUNT}:role/sts/demo"
    yield issuer
    iam.delete_role(RoleName="demo")
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=issuer.arn)


@pytest.fixture
def assume(sandbox, door, issuer):
    """Calls STS as a pod does; parameters are not looked at before they are sent."""
    return caller(sandbox, issuer, door)


def caller(sandbox, issuer, door="plain"):
    sts = sandbox.client("sts", door, parameter_validation=False)

    def assume(**settings):
        token = {} if "WebIdentityToken" in settings else {"WebIdentityToken": issuer.token()}
        settings = {"RoleArn": issuer.role, "RoleSessionName": "pod", **token, **settings}
        return sts.assume_role_with_web_identity(**settings)

    return assume


def assert_refused_at(step, expected, call, **settings):
    """Code, status and step exactly; the message has to contain the words."""
    with pytest.raises(ClientError) as caught:
        call(**settings)
    response = caught.value.response
    got = response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]
    assert got == expected[:2], response
    assert expected[2] in response["Error"]["Message"], response
    assert response["ResponseMetadata"]["HTTPHeaders"]["x-issuerctl-step"] == step, response


@pytest.mark.table("success")
def test_a_token_is_exchanged(assume, issuer):
    before = time.time()
    got = assume(DurationSeconds=900)
    credentials = got["Credentials"]
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", credentials["AccessKeyId"]) and len(credentials["SecretAccessKey"]) == 40
    assert before + 898 <= credentials["Expiration"].timestamp() <= time.time() + 901
    assert got["SubjectFromWebIdentityToken"] == "system:serviceaccount:default:demo"
    assert got["Audience"] == AUDIENCE and got["Provider"] == issuer.arn
    # The role's path is not in it.
    assert got["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/demo/pod"
    assert re.fullmatch(r"AROA[A-Z0-9]{17}:pod", got["AssumedRoleUser"]["AssumedRoleId"])
    assert "PackedPolicySize" not in got and "x-issuerctl-step" not in got["ResponseMetadata"]["HTTPHeaders"]


def test_the_cli_exchanges_a_token(cli, issuer):
    words = ["--role-arn", issuer.role, "--role-session-name", "pod", "--web-identity-token"]
    got = cli("sts", "assume-role-with-web-identity", *words, issuer.token())
    assert got["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/demo/pod"
    told = cli("sts", "assume-role-with-web-identity", *words, issuer.token(account="default:other"), fails=True)
    assert "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation" in told


def test_each_session_has_credentials_of_its_own(assume):
    one, two = assume()["Credentials"], assume()["Credentials"]
    for part in ["AccessKeyId", "SecretAccessKey", "SessionToken"]:
        assert one[part] != two[part]


def now(offset):
    return int(time.time()) + offset


DENIED = ("AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
NOT_A_JWT = ("InvalidIdentityToken", 400, "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
NO_KEY = ("InvalidIdentityToken", 400, "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements")
INVALID = "1 validation error detected: Value"
# The number of the row, the step, the refusal, and what is sent: parameters, or how the token is made.
ROWS = [
    (1, "parameters", ("ValidationError", 400, INVALID), {"WebIdentityToken": "a" * 20001}, {}),
    (1, "parameters", ("ValidationError", 400, INVALID), {"WebIdentityToken": "abc"}, {}),
    (1, "parameters", ("ValidationError", 400, INVALID), {"RoleSessionName": "a b"}, {}),
    (1, "parameters", ("ValidationError", 400, INVALID), {"RoleSessionName": "a"}, {}),
    (1, "parameters", ("ValidationError", 400, INVALID), {"DurationSeconds": 899}, {}),
    (1, "parameters", ("ValidationError", 400, INVALID), {"DurationSeconds": 43201}, {}),
    (1, "parameters", ("ValidationError", 400, INVALID), {"DurationSeconds": -1}, {}),
    (1, "parameters", ("ValidationError", 400, INVALID), {"RoleArn": "arn:aws:iam"}, {}),
    (1, "parameters", ("ValidationError", 400, "2 validation errors detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*; Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"), {"RoleSessionName": "a b", "DurationSeconds": 899}, {}),
    (1, "parameters", ("ValidationError", 400, "2 validation errors detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2; Value '***' at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000"), {"RoleSessionName": "a", "WebIdentityToken": "a" * 20001}, {}),
    (1, "parameters", ("ValidationError", 400, "5 validation errors detected: "), {"RoleArn": "arn", "RoleSessionName": " ", "WebIdentityToken": "abc", "DurationSeconds": 0}, {}),
    (1, "parameters", ("ValidationError", 400, "Request ARN is invalid"), {"RoleArn": f"arn:aws:iam::{ACCOUNT}:user/demo"}, {}),
    (2, "duration", ("ValidationError", 400, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."), {"DurationSeconds": 3601}, {}),
    (3, "token", NOT_A_JWT, {"WebIdentityToken": "no-token"}, {}),
    (3, "token", NOT_A_JWT, {}, {"header": {"alg": "none"}}),
    (3, "token", NOT_A_JWT, {}, {"header": {"alg": "HS256"}}),
    (4, "issuer", ("InvalidIdentityToken", 400, "Issuer must be a valid URL"), {}, {"iss": "kubernetes/serviceaccount"}),
    (5, "claims", ("InvalidIdentityToken", 400, "Missing a required claim: aud"), {}, {"aud": None}),
    (5, "claims", ("InvalidIdentityToken", 400, "Missing a required claim: sub"), {}, {"sub": None}),
    (6, "authorized-party", ("InvalidIdentityToken", 400, "Token audience contains more than one audience while authorized party is not present"), {}, {"aud": [AUDIENCE, "other"]}),
    (7, "provider", ("InvalidIdentityToken", 400, "No OpenIDConnect provider found in your account for https://nobody.example.com"), {}, {"iss": "https://nobody.example.com"}),
    (8, "audience", ("InvalidIdentityToken", 400, "Incorrect token audience"), {}, {"aud": ["other"]}),
    (9, "keys", NO_KEY, {}, {"header": {"kid": "unknown"}}),
    (11, "expiry", ("ExpiredTokenException", 400, "Token expired: current date/time"), {}, {"exp": -301}),
    (12, "trust", DENIED, {}, {"sub": "system:serviceaccount:default:other"}),
    (12, "trust", DENIED, {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"}, {}),
    # The path counts, though names are unique without it.
    (12, "trust", DENIED, {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/demo"}, {}),
    (12, "trust", DENIED, {"RoleArn": "arn:aws:iam::999999999999:role/sts/demo"}, {}),
    (12, "trust", DENIED, {"RoleArn": f"arn:aws-cn:iam::{ACCOUNT}:role/sts/demo"}, {}),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("row,step,expected,settings,made", ROWS, ids=[f"row-{row[0]}-{at}" for at, row in enumerate(ROWS)])
def test_a_row_of_the_table(assume, issuer, row, step, expected, settings, made):
    # Times are told from now on, and the table was written before.
    made = {name: now(value) if name == "exp" else value for name, value in made.items()}
    token = {} if "WebIdentityToken" in settings else {"WebIdentityToken": issuer.token(**made)}
    assert_refused_at(step, expected, assume, **token, **settings)


@pytest.mark.table("refusal")
def test_row_9_a_signature(assume, issuer):
    token = issuer.token()
    broken = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    assert_refused_at("signature", NO_KEY, assume, WebIdentityToken=broken)
    head, claims, _ = issuer.token(account="default:admin").split(".")
    exchanged = ".".join([head, claims, token.split(".")[2]])
    assert_refused_at("signature", NO_KEY, assume, WebIdentityToken=exchanged)


def twice(text, name, value):
    return text.replace("{", f'{{"{name}": {json.dumps(value)}, ', 1)


def hostile(issuer):
    """Tokens that somebody made to be believed, or to break who reads them; each with the step that stops it."""
    good, claims, head = issuer.token(), issuer.claims(), {"alg": "RS256", "kid": issuer.kid}
    text, header = json.dumps(claims), json.dumps(head)
    parts = good.split(".")
    jwk = json.loads(issuer.documents()[JWKS])["keys"][0]
    deep = "[" * 5000 + "]" * 5000
    return {
        "a newline at the end": (good + "\n", "token"),
        "two parts": (".".join(parts[:2]), "token"),
        "four parts": (good + ".x", "token"),
        "no signature": (".".join(parts[:2]) + ".", "signature"),
        "padding": (good + "==", "token"),
        "a header that is none": (issuer.signed("no json", text), "token"),
        "claims that are none": (issuer.signed(header, "[]"), "token"),
        "deep claims": (issuer.signed(header, text[:-1] + f', "x": {deep}}}'), "token"),
        "a claim twice": (issuer.signed(header, twice(text, "sub", "system:serviceaccount:default:demo")), "token"),
        "a parameter twice": (issuer.signed(twice(header, "alg", "none"), text), "token"),
        "alg none": (issuer.token(header={"alg": "none"}), "token"),
        "alg None": (issuer.signed(json.dumps({**head, "alg": "None"}), text), "token"),
        "HS256 with the public key": (issuer.token(header={"alg": "HS256"}), "token"),
        "PS256": (issuer.signed(json.dumps({**head, "alg": "PS256"}), text), "token"),
        "a key of the sender": (issuer.token(header={"jwk": jwk}), "token"),
        "a place of the sender": (issuer.token(header={"jku": f"{issuer.url}/{JWKS}"}), "token"),
        "a certificate of the sender": (issuer.token(header={"x5c": ["MIIB"]}), "token"),
        "a critical extension": (issuer.token(header={"crit": ["exp"]}), "token"),
        "no kid": (issuer.token(header={"kid": None}), "keys"),
        "another kid": (issuer.token(header={"kid": "../../etc/passwd"}), "keys"),
        "a key of another type": (issuer.signed(json.dumps({**head, "alg": "ES256"}), text), "keys"),
        "another algorithm": (issuer.signed(json.dumps({**head, "alg": "RS512"}), text), "keys"),
        "a truncated signature": (good[:-2], "signature"),
        "a stretched signature": (good + "AAAA", "signature"),
        "exp as text": (issuer.token(exp="9999999999"), "claims"),
        "exp without an end": (issuer.signed(header, re.sub('"exp": [0-9]+', '"exp": 1e999', text)), "token"),
        "sub as a number": (issuer.token(sub=1), "claims"),
        "an issuer of another scheme": (issuer.token(iss=issuer.url.replace("https", "http")), "provider"),
        "an issuer with a slash": (issuer.token(iss=issuer.url + "/"), "provider"),
        "an issuer in capitals": (issuer.token(iss="https://" + issuer.name.upper()), "provider"),
        "an empty audience": (issuer.token(aud=[]), "claims"),
        "from the future": (issuer.token(nbf=now(400)), "expiry"),
    }


HOSTILE = sorted(hostile(in_bucket("never-made", make_key())))


@pytest.mark.table("refusal")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token(sandbox, issuer, name):
    token, step = hostile(issuer)[name]
    assert_refused_at(step, ("InvalidIdentityToken", 400, ""), caller(sandbox, issuer), WebIdentityToken=token)


def test_expiry_has_five_minutes(assume, issuer):
    assert assume(WebIdentityToken=issuer.token(exp=now(-290)))["Credentials"]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("broken", ["policy", "block", "missing", "other-issuer", "no-json", "no-keys", "plain-jwks", "deleted"])
def test_row_9_documents(sandbox, key, broken):
    """One thing at a time is wrong with what the bucket shows to everybody."""
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    bucket = f"sts-{os.getpid()}-{next(NUMBERS)}"
    issuer = in_bucket(bucket, key)
    issuer.publish(s3, bucket)
    issuer.register(iam)
    issuer.role = f"arn:aws:iam::{ACCOUNT}:role/{bucket}"
    iam.create_role(RoleName=bucket, AssumeRolePolicyDocument=issuer.trust())
    put = lambda key, body: s3.put_object(Bucket=bucket, Key=key, Body=body)
    try:
        assert caller(sandbox, issuer)()["Credentials"]
        match broken:
            case "policy":
                s3.delete_bucket_policy(Bucket=bucket)
            case "block":
                settings = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
                s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=settings)
            case "missing":
                s3.delete_object(Bucket=bucket, Key=JWKS)
            case "other-issuer":
                put(DISCOVERY, issuer.documents(issuer=issuer.url + "/")[DISCOVERY])
            case "no-json":
                put(JWKS, b"<html>")
            case "no-keys":
                put(JWKS, b'{"keys": []}')
            case "plain-jwks":
                put(DISCOVERY, issuer.documents(jwks_uri=f"http://{issuer.name}/{JWKS}")[DISCOVERY])
            case "deleted":
                for one in [DISCOVERY, JWKS]:
                    s3.delete_object(Bucket=bucket, Key=one)
                s3.delete_bucket(Bucket=bucket)
        assert_refused_at("keys", NO_KEY, caller(sandbox, issuer))
    finally:
        iam.delete_role(RoleName=bucket)
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=issuer.arn)


# What everybody gets at these, STS gets too.
PLACES = [
    (f"/{JWKS}?x=1", True),
    (f"/{JWKS}#x", True),
    (f"/{JWKS}?x=1#y?versionId=1", True),
    ("/openid%2Fv1%2Fjwks", True),
    (f"/{JWKS}?xversionId=1", True),
    (f"/{JWKS}?versionId=null", False),
    (f"/{JWKS}?acl", False),
    (f"/{JWKS}%23x", False),
    ("/?list-type=2", False),
]


@pytest.fixture(scope="module")
def moved(sandbox, key):
    """An issuer whose discovery document can be changed, and a role."""
    issuer = in_bucket(f"sts-{os.getpid()}-{next(NUMBERS)}", key)
    issuer.bucket = issuer.name.split(".")[0]
    iam = sandbox.client("iam")
    issuer.publish(sandbox.client("s3"), issuer.bucket)
    issuer.register(iam)
    issuer.role = f"arn:aws:iam::{ACCOUNT}:role/{issuer.bucket}"
    iam.create_role(RoleName=issuer.bucket, AssumeRolePolicyDocument=issuer.trust())
    yield issuer
    iam.delete_role(RoleName=issuer.bucket)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=issuer.arn)


def put(sandbox, issuer, key, body):
    sandbox.client("s3").put_object(Bucket=issuer.bucket, Key=key, Body=body)


@pytest.mark.parametrize("place,public", PLACES, ids=[row[0] for row in PLACES])
def test_sts_sees_what_everybody_sees(sandbox, moved, place, public):
    target = place.partition("#")[0]
    everybody = send(sandbox, "GET", target, host=moved.name, tls=True)
    assert (everybody.status == 200) == public, everybody
    put(sandbox, moved, DISCOVERY, moved.documents(jwks_uri=moved.url + place)[DISCOVERY])
    if public:
        assert caller(sandbox, moved)()["Credentials"]
    else:
        assert_refused_at("keys", NO_KEY, caller(sandbox, moved))


READERS = [
    ({"Action": ["s3:GetObject", "s3:GetObjectVersion"]}, "?versionId=null", True),
    ({"Action": ["s3:GetObject", "s3:GetObjectVersion"]}, "?versionId=never-was", False),
    ({"Condition": {"Bool": {"aws:SecureTransport": "true"}, "IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, "", True),
    # AWS does not read from this machine.
    ({"Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}, "", False),
    ({"Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}}, "", False),
]


@pytest.mark.parametrize("changed,query,readable", READERS, ids=range(len(READERS)))
def test_sts_reads_what_the_buckets_policy_gives_to_everybody(sandbox, moved, changed, query, readable):
    s3 = sandbox.client("s3")
    put(sandbox, moved, DISCOVERY, moved.documents(jwks_uri=f"{moved.url}/{JWKS}{query}")[DISCOVERY])
    s3.put_bucket_policy(Bucket=moved.bucket, Policy=read_policy(moved.bucket, DISCOVERY, JWKS, **changed))
    try:
        if readable:
            assert caller(sandbox, moved)()["Credentials"]
        else:
            assert_refused_at("keys", NO_KEY, caller(sandbox, moved))
    finally:
        s3.put_bucket_policy(Bucket=moved.bucket, Policy=read_policy(moved.bucket, DISCOVERY, JWKS))


@pytest.mark.table("refusal")
@pytest.mark.parametrize("document", [DISCOVERY, JWKS])
def test_documents_have_at_most_a_mebibyte(sandbox, moved, document):
    for path, body in moved.documents().items():
        put(sandbox, moved, path, body.ljust((1 << 20) + (path == document)))
    assert_refused_at("keys", NO_KEY, caller(sandbox, moved))
    # One byte less is not too much.
    put(sandbox, moved, document, moved.documents()[document].ljust(1 << 20))
    assert caller(sandbox, moved)()["Credentials"]


CALLS = [
    ({"Bool": {"aws:SecureTransport": "true"}}, True),
    ({"Bool": {"aws:SecureTransport": "false"}}, False),
    ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, True),
    ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, False),
    ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
    ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
    ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, True),
    ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
    ({"StringEquals": {"aws:NoSuchKey": "x"}}, False),
]


@pytest.mark.parametrize("condition,trusted", CALLS, ids=range(len(CALLS)))
def test_a_trust_policy_may_ask_about_the_call(sandbox, issuer, condition, trusted):
    iam, name = sandbox.client("iam"), f"asks-{next(NUMBERS)}"
    policy = json.loads(issuer.trust())
    for operator, keys in condition.items():
        policy["Statement"][0]["Condition"].setdefault(operator, {}).update(keys)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))
    try:
        answer = post(sandbox, "sts.eu-west-1.amazonaws.com", form(issuer, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}"))
        assert (answer.status == 200) == trusted, answer
        assert trusted or answer.headers["x-issuerctl-step"] == "trust"
    finally:
        iam.delete_role(RoleName=name)


@pytest.mark.table("refusal")
def test_row_9_a_bucket_with_dots(sandbox, key):
    """Its name is in no certificate: what everybody reads in the path, nobody reads in the host."""
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    bucket = f"sts.dots-{next(NUMBERS)}"
    in_host, in_path = in_bucket(bucket, key), Issuer(f"https://s3.us-east-1.amazonaws.com/{bucket}", key)
    for issuer, expected in [(in_host, NO_KEY), (in_path, None)]:
        issuer.publish(s3, bucket)
        issuer.register(iam, ThumbprintList=["a" * 40])
        issuer.role = f"arn:aws:iam::{ACCOUNT}:role/{bucket}"
        iam.create_role(RoleName=bucket, AssumeRolePolicyDocument=issuer.trust())
        try:
            if expected:
                assert_refused_at("keys", expected, caller(sandbox, issuer))
            else:
                assert caller(sandbox, issuer)()["Credentials"]
        finally:
            iam.delete_role(RoleName=bucket)
            iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=issuer.arn)


# Issuers that are in no bucket.


@pytest.fixture
def elsewhere(tmp_path, key):
    """An issuer on a web server with an authority of its own, a sandbox that is led there, and a role."""
    host = "oidc.example.test"
    server = Elsewhere(host, tmp_path)
    issuer = Issuer(f"https://{host}/one", key)
    for path, body in issuer.documents().items():
        server.documents[f"one/{path}"] = (200, body)
    running = Running("--connect-to", f"{host}:443:127.0.0.1:{server.port}", "--ca-file", str(server.ca_file))
    iam = running.client("iam")
    issuer.role = f"arn:aws:iam::{ACCOUNT}:role/demo"
    iam.create_role(RoleName="demo", AssumeRolePolicyDocument=issuer.trust())
    yield server, issuer, running, iam
    server.stop()
    running.stop()


def test_an_issuer_elsewhere(elsewhere):
    server, issuer, running, iam = elsewhere
    # Without a thumbprint IAM fetches it itself.
    issuer.register(iam)
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=issuer.arn)
    assert got["ThumbprintList"] == [server.thumbprint]
    assume = caller(running, issuer)
    assert assume()["Provider"] == issuer.arn
    for status in (404, 500, 302):
        server.documents[f"one/{JWKS}"] = (status, issuer.documents()[JWKS])
        assert_refused_at("keys", NO_KEY, assume)
    server.documents[f"one/{JWKS}"] = (200, b" " * (1 << 20) + issuer.documents()[JWKS])
    assert_refused_at("keys", NO_KEY, assume)


@pytest.mark.table("refusal")
def test_row_10_a_thumbprint(elsewhere):
    _, issuer, running, iam = elsewhere
    issuer.register(iam, ThumbprintList=["a" * 40])
    words = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    assert_refused_at("thumbprint", ("InvalidIdentityToken", 400, words), caller(running, issuer))


@pytest.mark.table("refusal")
def test_row_13_nobody_there(tmp_path, key):
    """A port on which nobody listens."""
    issuer = Issuer("https://oidc.example.test", key)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        running = Running("--connect-to", f"::127.0.0.1:{held.getsockname()[1]}")
        try:
            iam = running.client("iam")
            issuer.register(iam, ThumbprintList=["a" * 40])
            issuer.role = f"arn:aws:iam::{ACCOUNT}:role/demo"
            iam.create_role(RoleName="demo", AssumeRolePolicyDocument=issuer.trust())
            words = "The request could not be fulfilled because the identity provider (IDP) that was asked to verify the incoming identity token could not be reached."
            assert_refused_at("reachable", ("IDPCommunicationError", 400, words), caller(running, issuer))
        finally:
            running.stop()


def test_an_issuer_that_the_sandbox_may_not_ask(sandbox, key, issuer):
    """Without --connect-to nothing is sent, and STS reaches nobody."""
    iam = sandbox.client("iam")
    other = Issuer("https://not-asked.example.test", key)
    other.register(iam, ThumbprintList=["a" * 40])
    try:
        other.role = issuer.role
        assert_refused_at("reachable", ("IDPCommunicationError", 400, ""), caller(sandbox, other))
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=other.arn)


# The endpoints, and what the sandbox does not have.

HOSTS = ["sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"]


def form(issuer, **settings):
    fields = {
        "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": issuer.role, "RoleSessionName": "pod",
        "WebIdentityToken": issuer.token(), **settings,
    }
    return urlencode({name: value for name, value in fields.items() if value is not None}).encode()


def post(sandbox, host, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return send(sandbox, "POST", "/", headers, body, host=host, tls=True)


@pytest.mark.parametrize("host", HOSTS)
def test_every_endpoint_of_the_partition_answers(sandbox, issuer, host):
    answer = post(sandbox, host, form(issuer))
    assert answer.status == 200 and b"<AccessKeyId>ASIA" in answer.body, answer


@pytest.mark.parametrize("host", ["sts.cn-north-1.amazonaws.com.cn", "sts.us-gov-west-1.amazonaws.com", "sts.eusc-de-east-1.amazonaws.eu"])
def test_other_partitions_know_nothing_of_the_role(sandbox, issuer, host):
    answer = post(sandbox, host, form(issuer))
    assert (answer.status, answer.error["Code"], answer.headers["x-issuerctl-step"]) == (403, "AccessDenied", "trust"), answer


@pytest.mark.parametrize("region,host", [
    ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"), ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
    ("us-gov-east-1", "sts.us-gov-east-1.amazonaws.com"), ("eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu"),
])
def test_partitions_have_endpoints_of_their_own(key, region, host):
    running = Running("--region", region)
    try:
        partition = {"cn": "aws-cn", "us": "aws-us-gov", "eu": "aws-eusc"}[region[:2]]
        suffix = host.split(".", 2)[2]
        issuer = Issuer(f"https://b-{region}.s3.{region}.{suffix}", key)
        issuer.arn = issuer.arn.replace("arn:aws:", f"arn:{partition}:")
        issuer.role = f"arn:{partition}:iam::{ACCOUNT}:role/demo"
        s3, iam = running.client("s3"), running.client("iam")
        s3.create_bucket(Bucket=f"b-{region}", CreateBucketConfiguration={"LocationConstraint": region})
        s3.delete_public_access_block(Bucket=f"b-{region}")
        s3.put_bucket_policy(Bucket=f"b-{region}", Policy=public(partition, f"b-{region}"))
        for path, body in issuer.documents().items():
            s3.put_object(Bucket=f"b-{region}", Key=path, Body=body)
        issuer.register(iam)
        iam.create_role(RoleName="demo", AssumeRolePolicyDocument=issuer.trust())
        answer = post(running, host, form(issuer))
        assert answer.status == 200, answer
        assert f"arn:{partition}:sts::{ACCOUNT}:assumed-role/demo/pod" in answer.body.decode()
    finally:
        running.stop()


def public(partition, bucket):
    return read_policy(bucket).replace("arn:aws:", f"arn:{partition}:")


@pytest.mark.table("refusal")
@pytest.mark.parametrize("missing", ["RoleArn", "RoleSessionName", "WebIdentityToken"])
def test_parameters_that_have_to_be_there(sandbox, issuer, missing):
    answer = post(sandbox, "sts.amazonaws.com", form(issuer, **{missing: None}))
    assert (answer.status, answer.error["Code"]) == (400, "ValidationError"), answer
    name = missing[0].lower() + missing[1:]
    assert f"'{name}' failed to satisfy constraint: Member must not be null" in answer.error["Message"]
    assert answer.headers["x-issuerctl-step"] == "parameters"


@pytest.mark.parametrize("settings", [
    {"ProviderId": "www.amazon.com"}, {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}]},
])
def test_what_is_not_there_is_refused_by_name(assume, settings):
    code, status, message = refusal(assume, **settings)
    assert (code, status) == ("NotImplemented", 501) and next(iter(settings)) in message


def test_parameters_in_the_url_are_not_left_out(sandbox, issuer):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for host in ["sts.amazonaws.com", "localhost"]:
        answer = send(sandbox, "POST", "/?Policy=%7B%7D", headers, form(issuer), host=host, tls=True)
        assert (answer.status, answer.error["Code"]) == (501, "NotImplemented"), answer


def test_a_trace_says_at_which_step_a_token_is_refused(tmp_path, key):
    running = Running("--trace", str(tmp_path / "trace"))
    try:
        issuer = in_bucket("never-made", key)
        issuer.role = f"arn:aws:iam::{ACCOUNT}:role/nobody"
        assert_refused_at("token", NOT_A_JWT, caller(running, issuer), WebIdentityToken="no-token")
        assert_refused_at("trust", DENIED, caller(running, issuer))
        running.client("sts").get_caller_identity()
    finally:
        running.stop()
    lines = [json.loads(line) for line in (tmp_path / "trace").read_text().splitlines()]
    assert [line.get("step") for line in lines] == ["token", "trust", None] and "step" not in lines[2]


@pytest.mark.parametrize("name", [
    "PolicyArns.member.2.arn", "PolicyArns.member.1.arn", "PolicyArns.member.1", "PolicyArns.1.arn", "PolicyArns", "ProviderId",
])
def test_what_would_bound_a_session_is_never_left_out(sandbox, issuer, name):
    """However its members are numbered."""
    for value in ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", ""]:
        answer = post(sandbox, "sts.amazonaws.com", form(issuer, **{name: value}))
        assert (answer.status, answer.error["Code"]) == (501, "NotImplemented"), answer
        assert name.split(".")[0] in answer.error["Message"]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("policy,expected", [
    ("no json", ("MalformedPolicyDocument", 400, "This policy contains invalid Json")),
    (" " * 2049, ("ValidationError", 400, "at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048")),
])
def test_the_policy_of_a_session_is_read(assume, policy, expected):
    assert_refused_at("parameters", expected, assume, Policy=policy)
