"""What Google's client needs of Cloud Storage, on the loopback: the S3 server, behind a translator.

No emulator that can be installed here speaks Google's XML API, which is the one of S3 with headers, signatures and
escapes of its own. So this tests what the client sends and how it takes the answers, and not Google's service.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.ship.loopback import TIMEOUT

EMAIL = "shipper@project.iam.gserviceaccount.com"
_PASSED_ON = ("Content-Type", "Range", "If-Match")
_KNOWN = {"Authorization": "AWS test:test"}
"""The S3 server takes any signature, but wants one."""
_ANSWERED = ("Content-Type", "Content-Range", "ETag", "Last-Modified")


class GoogleServer(ThreadingHTTPServer):
    """The translator.

    Args:
        s3_port: the S3 server behind it.
    """

    daemon_threads = True

    def __init__(self, s3_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Translator)
        self.s3_port = s3_port
        self.key = rsa.generate_private_key(65537, 2048)
        self.port: int = self.server_address[1]

    def write_account(self, path: Path, port: int) -> None:
        """The file of a service account whose requests are taken, as Google's console makes it; and where they go."""
        pkcs8, pem = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
        account = {
            "type": "service_account",
            "client_email": EMAIL,
            "private_key_id": "k1",
            "private_key": self.key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode(),
            "gcs_base_url": f"http://127.0.0.1:{port}",
        }
        path.write_text(json.dumps(account))


class _Translator(BaseHTTPRequestHandler):
    """One connection: a request of Google's XML API becomes one of S3."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: GoogleServer

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        generation = self.headers.get("x-goog-if-generation-match")
        self._ask(body, {} if generation is None else {"If-None-Match": "*"} if generation == "0" else None)

    def do_GET(self) -> None:
        self._ask(None, {})

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass

    def _ask(self, body: bytes | None, headers: dict[str, str] | None) -> None:
        if headers is None or not self._is_signed():
            self._answer(400 if headers is None else 401, {}, b"")
            return
        url = urlsplit(self.path)
        # Google's client escapes the slashes of a name, too.
        target = quote(unquote(url.path), safe="/~") + (f"?{url.query}" if url.query else "")
        passed_on = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.s3_port, timeout=TIMEOUT)
        with contextlib.closing(connection):
            connection.request(self.command, target, body, {**_KNOWN, **passed_on, **headers})
            found = connection.getresponse()
            answered = {name: value for name in _ANSWERED if (value := found.getheader(name)) is not None}
            if tag := found.getheader("ETag"):
                answered["x-goog-generation"] = str(int(tag.strip('"')[:12], 16) + 1)
            self._answer(found.status, answered, found.read())

    def _is_signed(self) -> bool:
        """Whether it carries a token that the service account has signed itself (RS256), for somebody like us."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        signed, _, signature = token.rpartition(".")
        try:
            self.server.key.public_key().verify(
                _decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            return bool(json.loads(_decoded(signed.partition(".")[2]))["iss"] == EMAIL)
        except (InvalidSignature, ValueError):
            return False

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@contextlib.contextmanager
def google_server(s3_port: int) -> Iterator[GoogleServer]:
    """A running translator, which has the buckets of the S3 server."""
    server = GoogleServer(s3_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
