"""Tokens, judged by joserfc, a JWT library that shares nothing with the program."""

import base64
import json
import time
import uuid

import oracle
import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ISSUER = "https://issuer.example.test/cluster-1"
ALGORITHMS = {
    "rsa-2048": "RS256", "rsa-3072": "RS256", "rsa-4096": "RS256",
    "es256": "ES256", "es384": "ES384", "es512": "ES512",
}


def part(token, number):
    text = token.split(".")[number]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def make_keys(program, algorithm="rsa-2048"):
    program.run("keygen", "--algorithm", algorithm)
    return oracle.public_keys((program.home / "keys" / "sa.pub").read_bytes())[0]


def token(program, *words, code=0):
    return program.run("token", "--issuer", ISSUER, "--service-account", "default/demo", *words, code=code)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_is_valid_to_somebody_elses_library(program, algorithm):
    public = make_keys(program, algorithm)
    before = int(time.time())
    done = token(program)
    after = int(time.time())
    # STS refuses a token with a newline at its end.
    assert done.out == done.out.strip()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    key = (RSAKey if algorithm.startswith("rsa") else ECKey).import_key(pem)
    decoded = jwt.decode(done.out, key, algorithms=[ALGORITHMS[algorithm]])
    claims = decoded.claims

    # Members in kube-apiserver's order, no typ.
    assert part(done.out, 0) == oracle.compact({"alg": ALGORITHMS[algorithm], "kid": oracle.kid(public)})
    assert part(done.out, 1) == oracle.compact(claims)
    assert list(claims) == ["aud", "exp", "iat", "iss", "jti", "kubernetes.io", "nbf", "sub"]
    account = claims["kubernetes.io"]["serviceaccount"]
    assert claims["kubernetes.io"] == {"namespace": "default", "serviceaccount": account}
    assert list(account) == ["name", "uid"] and account["name"] == "demo"
    assert str(uuid.UUID(account["uid"])) == account["uid"]
    assert str(uuid.UUID(claims["jti"])) == claims["jti"]
    assert claims["aud"] == ["sts.amazonaws.com"]
    assert claims["iss"] == ISSUER
    assert claims["sub"] == "system:serviceaccount:default:demo"
    assert before <= claims["iat"] <= after
    assert claims["nbf"] == claims["iat"]
    assert claims["exp"] == claims["iat"] + 600

    done.says("system:serviceaccount:default:demo", "sts.amazonaws.com", "600 s", "secret")


def test_what_can_be_chosen(program):
    make_keys(program)
    done = token(program, "--audience", "a", "--audience", "b", "--expires-in", "3600", "-o", "json")
    described = done.json
    claims = json.loads(part(described["token"], 1))
    assert claims["aud"] == described["audiences"] == ["a", "b"]
    assert claims["exp"] - claims["iat"] == described["expires_in"] == 3600
    assert described["token"] not in done.err


@pytest.mark.parametrize("seconds", ["0", "3601", "86400"])
def test_a_life_that_is_too_long_or_none(program, seconds):
    make_keys(program)
    done = token(program, f"--expires-in={seconds}", code=2).says("error:", "3600")
    assert done.out == ""


def test_no_keys(program):
    done = token(program, code=1).says("there is no key", "issuerctl keygen")
    assert done.out == ""


def test_public_keys_do_not_sign(program):
    make_keys(program)
    done = token(program, "--public-key", program.home / "keys" / "sa.pub", code=2).says("cannot sign", "--keys")
    assert done.out == ""
    (program.home / "keys" / "sa.key").unlink()
    assert token(program, code=1).says("no private key").out == ""


@pytest.mark.only("moto")  # Only the key directory counts.
def test_a_key_signs_for_its_own_issuer_alone(case):
    case.made()
    words = ["token", "--service-account", "default/demo", "--issuer"]
    assert case.program.run(*words, f"{case.issuer}/other", code=1).says(case.issuer, "--keys").out == ""
    signed = case.program.run(*words, case.issuer).out
    assert json.loads(part(signed, 1))["iss"] == case.issuer


def test_the_published_jwks_verifies_it(case):
    """As a relying party does: discovery, jwks_uri, kid, signature."""
    case.made()
    signed = case.program.run("token", "--issuer", case.issuer, "--service-account", "default/demo").out
    discovery = json.loads(case.object(oracle.DISCOVERY)[0])
    path = discovery["jwks_uri"].removeprefix(f"{case.issuer}/")
    kid = json.loads(part(signed, 0))["kid"]
    (entry,) = [key for key in json.loads(case.object(path)[0])["keys"] if key["kid"] == kid]
    assert jwt.decode(signed, RSAKey.import_key(entry), algorithms=[entry["alg"]]).claims["iss"] == discovery["issuer"]
