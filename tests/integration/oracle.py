"""What the documents have to be, worked out without the program: from sa.pub, by the `cryptography` library.

The rules are kube-apiserver's; test_oracle.py compares this file with the bytes that its own code made.
"""

import base64
import hashlib
import json
import re

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CURVES = {"secp256r1": ("P-256", "ES256"), "secp384r1": ("P-384", "ES384"), "secp521r1": ("P-521", "ES512")}
DISCOVERY = ".well-known/openid-configuration"
JWKS = "openid/v1/jwks"
OWNER = "issuerctl:managed"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def public_keys(pem):
    blocks = re.findall(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", pem, re.DOTALL)
    return [serialization.load_pem_public_key(block) for block in blocks]


def kid(key):
    """base64url of SHA-256 over the DER of the SubjectPublicKeyInfo."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return b64(hashlib.sha256(der).digest())


def jwk(key):
    """One entry, its members in kube-apiserver's order."""
    numbers = key.public_numbers()
    if isinstance(key, rsa.RSAPublicKey):
        return {
            "use": "sig", "kty": "RSA", "kid": kid(key), "alg": "RS256",
            "n": number(numbers.n), "e": number(numbers.e),
        }
    assert isinstance(key, ec.EllipticCurvePublicKey)
    curve, algorithm = CURVES[key.curve.name]
    size = (key.curve.key_size + 7) // 8
    return {
        "use": "sig", "kty": "EC", "kid": kid(key), "crv": curve, "alg": algorithm,
        "x": number(numbers.x, size), "y": number(numbers.y, size),
    }


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def jwks(*keys):
    return compact({"keys": [jwk(key) for key in keys]})


def discovery(issuer, jwks_uri, *algorithms):
    """kube-apiserver's five members, then the two of AWS's guide."""
    return compact({
        "issuer": issuer,
        "jwks_uri": jwks_uri,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": sorted(set(algorithms)),
        "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
        "claims_supported": ["sub", "iss"],
    })
