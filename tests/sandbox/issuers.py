"""Issuers whose keys the tests hold: their documents, where those lie, and tokens, sound or broken at one place."""

import base64
import datetime
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time

from conftest import ACCOUNT, open_block, read_policy
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

AUDIENCE = "sts.amazonaws.com"
DISCOVERY = ".well-known/openid-configuration"
JWKS = "openid/v1/jwks"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Issuer:
    """An issuer URL and one RSA key."""

    def __init__(self, url, key):
        self.url = url
        self.key = key
        der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.kid = b64(hashlib.sha256(der).digest())
        self.arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{self.name}"

    @property
    def name(self):
        return self.url.removeprefix("https://")

    def documents(self, **changed):
        numbers = self.key.public_key().public_numbers()
        jwk = {"use": "sig", "kty": "RSA", "kid": self.kid, "alg": "RS256", "n": number(numbers.n), "e": number(numbers.e)}
        discovery = {"issuer": self.url, "jwks_uri": f"{self.url}/{JWKS}", "id_token_signing_alg_values_supported": ["RS256"]}
        return {DISCOVERY: json.dumps({**discovery, **changed}).encode(), JWKS: json.dumps({"keys": [jwk]}).encode()}

    def claims(self, account="default:demo", **changed):
        """kube-apiserver's claims; one that is changed to None is not there."""
        now = int(time.time())
        claims = {
            "aud": [AUDIENCE], "exp": now + 600, "iat": now, "iss": self.url, "nbf": now,
            "sub": f"system:serviceaccount:{account}",
        }
        return {name: value for name, value in {**claims, **changed}.items() if value is not None}

    def token(self, account="default:demo", header=None, **changed):
        head = {"alg": "RS256", "kid": self.kid, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return self.signed(json.dumps(head), json.dumps(self.claims(account, **changed)), head["alg"])

    def signed(self, head, claims, algorithm="RS256"):
        """A token of texts that may be no JSON at all."""
        signed = f"{b64(head.encode())}.{b64(claims.encode())}"
        return f"{signed}.{b64(self.sign(algorithm, signed.encode()))}"

    def sign(self, algorithm, data):
        if algorithm == "none":
            return b""
        if algorithm == "HS256":
            # With the public key as the secret, as the classic attack has it.
            pem = self.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            return hmac.digest(pem, data, "sha256")
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def trust(self, account="default:demo", **changed):
        """A trust policy that binds both claims."""
        condition = {"StringEquals": {f"{self.name}:aud": AUDIENCE, f"{self.name}:sub": f"system:serviceaccount:{account}"}}
        statement = {
            "Effect": "Allow", "Principal": {"Federated": self.arn}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition, **changed,
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def publish(self, s3, bucket, **changed):
        """Puts the documents into a bucket and opens it for them."""
        s3.create_bucket(Bucket=bucket)
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=open_block())
        s3.put_bucket_policy(Bucket=bucket, Policy=read_policy(bucket, DISCOVERY, JWKS))
        for key, body in self.documents(**changed).items():
            s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")

    def register(self, iam, **more):
        return iam.create_open_id_connect_provider(Url=self.url, ClientIDList=[AUDIENCE], **more)["OpenIDConnectProviderArn"]


def make_key(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def in_bucket(bucket, key):
    return Issuer(f"https://{bucket}.s3.us-east-1.amazonaws.com", key)


class Elsewhere:
    """A web server under a name of one's own, whose certificate is from an authority of one's own."""

    def __init__(self, host, directory):
        self.ca_file = directory / "ca.pem"
        ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca = certificate("an authority of the tests'", ca_key, None, ca_key, x509.BasicConstraints(True, None))
        leaf = certificate(host, key, ca, ca_key, x509.SubjectAlternativeName([x509.DNSName(host)]))
        self.ca_file.write_bytes(pem(ca))
        (directory / "chain.pem").write_bytes(pem(leaf) + pem(ca))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (directory / "leaf.key").write_bytes(private)
        self.thumbprint = hashlib.sha1(ca.public_bytes(serialization.Encoding.DER)).hexdigest()
        self.documents = {}
        documents = self.documents

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, body = documents.get(self.path.lstrip("/"), (404, b""))
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "chain.pem", directory / "leaf.key")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(30)


def certificate(name, key, issuer, signer, extension):
    now = datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
    return builder.add_extension(extension, critical=issuer is None).sign(signer, hashes.SHA256())


def pem(one):
    return one.public_bytes(serialization.Encoding.PEM)
