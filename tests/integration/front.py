"""The doors before a peer: TLS under AWS's host names, and a plain one that writes down every call.

moto and MiniStack speak plain HTTP and know buckets by path. Relying parties read an issuer at
https://BUCKET.s3.REGION.amazonaws.com/KEY, without credentials; so the front ends TLS for such names and asks the
peer for /BUCKET/KEY. It also hands out directories under other names (a web server of one's own), and, where a test
says so, other bytes than were published (a cache, a wrong server).
"""

import http.client
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BUCKET_HOST = re.compile(r"(?P<bucket>[a-z0-9-]+)\.s3\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
KEPT_HEADERS = ("content-type", "cache-control", "etag", "last-modified")
HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    # A client may give up a connection whenever it likes.
    handle_error = lambda *_: None


class _Listener:
    def __init__(self, handler, context=None):
        self.server = _Quiet(("127.0.0.1", 0), handler)
        if context is not None:
            # The handshake belongs to the connection's own thread: one slow client stops nobody.
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(30)


class Front:
    """Serves https for any host of its certificate; what is asked for decides what is answered."""

    def __init__(self, authority, endpoint=None, signs=None):
        self.endpoint = endpoint
        self.signs = signs
        self.directories = {}
        self.buckets = {}
        self.answers = {}
        self.requests = []
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                host = (self.headers["host"] or "").split(":")[0]
                front.requests.append((host, self.path, "authorization" in self.headers))
                status, headers, body = front.answer(host, self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.certificate, authority.key)
        self.ca_file = authority.ca_file
        self.listener = _Listener(Handler, context)
        self.port = self.listener.port

    def answer(self, host, path):
        given = self.answers.get((host, path))
        if given is not None:
            return given
        root = self.directories.get(host)
        if root is not None:
            file = root / path.lstrip("/")
            if not file.is_file():
                return 404, {}, b""
            return 200, {"content-type": "application/octet-stream"}, file.read_bytes()
        named = BUCKET_HOST.fullmatch(host)
        bucket = named["bucket"] if named else self.buckets.get(host)
        if bucket is None or self.endpoint is None:
            return 421, {}, b"this front knows no such host"
        return self.ask(f"/{bucket}{path}")

    def ask(self, path):
        peer = urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(peer.hostname, peer.port, timeout=30)
        try:
            connection.request("GET", path, headers=self.signature(path))
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        return response.status, headers, body

    def signature(self, path):
        """What is sent for a path that the peer keeps for another service; it verifies no signature."""
        if self.signs is None or not path.endswith(self.signs):
            return {}
        credential = "Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/s3/aws4_request"
        return {"Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"}

    def hands_out(self, host, directory):
        """A web server of one's own: this directory, at the root of this host."""
        self.directories[host] = directory

    def stands_before(self, host, bucket):
        """A CDN of one's own: this bucket, at the root of this host."""
        self.buckets[host] = bucket

    def says(self, host, path, body, status=200, headers=None):
        """Other bytes than the peer has."""
        self.answers[(host, path)] = (status, headers or {}, body)

    def stop(self):
        self.listener.stop()


class Recorder:
    """Stands before a plain endpoint and writes down what is called; the calls go on as they are.

    `renames` puts right what a peer's answers are known to have wrong.
    """

    def __init__(self, endpoint, renames=()):
        self.calls = []
        self.answered = []
        self.plans = []
        self.lock = threading.Lock()
        peer = urlsplit(endpoint)
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                action = parse_qs(body.decode("latin-1")).get("Action", [""])[0] if self.command == "POST" else ""
                call = (self.command, self.path, action)
                recorder.calls.append(call)
                recorder.act("before", call)
                connection = http.client.HTTPConnection(peer.hostname, peer.port, timeout=30)
                try:
                    connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        connection.putheader(name, value)
                    connection.endheaders(body)
                    response = connection.getresponse()
                    answer = response.read()
                    for wrong, right in renames:
                        answer = answer.replace(wrong, right)
                finally:
                    connection.close()
                recorder.answered.append(call)
                recorder.act("after", call)
                self.send_response(response.status)
                for name, value in response.headers.items():
                    if name.lower() not in HOP_HEADERS:
                        self.send_header(name, value)
                length = response.headers.get("content-length") if self.command == "HEAD" else str(len(answer))
                if response.status != 204:
                    self.send_header("content-length", length or "0")
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward

            def log_message(self, *_):
                pass

        self.listener = _Listener(Handler)
        self.endpoint = f"http://127.0.0.1:{self.listener.port}"

    def once(self, when, matches, action):
        """Has `action` done `before` or `after` the peer sees the first call that matches."""
        self.plans.append((when, matches, action))

    def act(self, when, call):
        with self.lock:
            due = [plan for plan in self.plans if plan[0] == when and plan[1](*call)]
            self.plans = [plan for plan in self.plans if plan not in due]
        for _, _, action in due:
            action()

    def writes(self):
        """Lists the calls that ask for a change."""
        reads = ("Get", "List")
        return [call for call in self.calls if call[0] not in ("GET", "HEAD") and not call[2].startswith(reads)]

    def stop(self):
        self.listener.stop()
