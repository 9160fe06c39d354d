"""Requests below boto3: signed with botocore's signers or not at all, sent as they are, followed nowhere."""

import datetime
import http.client
import ssl
import xml.etree.ElementTree as ElementTree
from urllib.parse import urlsplit

import botocore.auth
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def error(self):
        """The elements of the error, wherever the XML has them, without namespaces."""
        found = {}
        for element in ElementTree.fromstring(self.body).iter():
            found[element.tag.rpartition("}")[2]] = element.text
        return found

    def __repr__(self):
        return f"{self.status} {self.body[:400]!r}"


def send(sandbox, method, target, headers=None, body=b"", host=None, tls=False, proxy=False):
    """Sends a request to the plain endpoint, to the TLS one under the name `host`, or through the proxy."""
    headers = {"Content-Length": str(len(body)), **(headers or {})}
    address = urlsplit(sandbox.public_endpoint if tls else sandbox.endpoint)
    if tls or proxy:
        context = ssl.create_default_context(cafile=sandbox.ca_file)
        connection = Named(address.hostname, address.port, host or address.hostname, context, proxy)
    else:
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host or address.netloc)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Named(http.client.HTTPSConnection):
    """A TLS connection to one address under another name, as curl's --connect-to makes it."""

    def __init__(self, address, port, name, context, proxy):
        super().__init__(address, port, context=context, timeout=30)
        self.name = name.partition(":")[0]
        self.given = context
        self.proxy = proxy

    def connect(self):
        http.client.HTTPConnection.connect(self)
        if self.proxy:
            self.sock.sendall(f"CONNECT {self.name}:443 HTTP/1.1\r\nHost: {self.name}:443\r\n\r\n".encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.sock.recv(1)
            assert head.startswith(b"HTTP/1.1 200"), head
        self.sock = self.given.wrap_socket(self.sock, server_hostname=self.name)


def signed(sandbox, method, target, headers=None, body=b"", host=None, service="s3", region="us-east-1", at=None, **how):
    """Signs with botocore and sends; `change` may spoil the headers in between, and `sent` is the target as it goes out
    when that is escaped in another way than signatures are made of."""
    sent = how.pop("sent", target)
    name = host or urlsplit(sandbox.endpoint).netloc
    request = AWSRequest(method=method, url=f"http://{name}{target}", headers=dict(headers or {}), data=body)
    key = how.pop("key", sandbox.env["AWS_ACCESS_KEY_ID"])
    secret = how.pop("secret", sandbox.env["AWS_SECRET_ACCESS_KEY"])
    change = how.pop("change", lambda headers: None)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    real = botocore.auth.get_current_datetime
    if at is not None:
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + at
        botocore.auth.get_current_datetime = lambda *_, **__: now
    try:
        signer(Credentials(key, secret), service, region).add_auth(request)
    finally:
        botocore.auth.get_current_datetime = real
    headers = {key: value for key, value in request.headers.items() if key.lower() not in ("host", "content-length")}
    change(headers)
    return send(sandbox, method, sent, headers, body, host, **how)
