"""An OTLP/HTTP receiver in a process of its own: decodes what it is sent, writes it to files, answers as it is told.

    python -m tests.ship.otlp.receiver FOLDER PORT [CERTIFICATE [CLIENT_AUTHORITY]]

A POST to /plan says how to answer: {"next": [ANSWER, …], "always": ANSWER}. An ANSWER has, each where it is needed:
`status`, `type`, `text` (of a google.rpc.Status unless a type is given), `headers`, `delay` (seconds), `pace` (bytes a
second), `limit` (bytes of a decoded request, 413 above it), `too_large` (status in place of 413), `rejected` and
`message` (partial success), `echo` (repeat that header in the text), `raw` (bytes in place of an answer), `die` (end
before answering).
"""

from __future__ import annotations

import gzip
import json
import os
import select
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    folder: Path
    plan: ClassVar[dict[str, Any]] = {"next": [], "always": {}}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/plan":
            type(self).plan = json.loads(body)
            self._answer(204, "text/plain", b"", {})
            return
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        following = type(self).plan["next"]
        self._follow(following.pop(0) if following else type(self).plan["always"], body)

    def _follow(self, how: dict[str, Any], body: bytes) -> None:
        request = ExportLogsServiceRequest.FromString(body)
        status = how.get("status", 200)
        if len(body) > how.get("limit", len(body)):
            status = how.get("too_large", 413)
        self._note("requests", self._request(request, body, status))
        time.sleep(how.get("delay", 0) + (len(body) / how["pace"] if "pace" in how else 0))
        if status == 200:
            self._keep(request)
        if how.get("die"):
            os._exit(0)
        if "raw" in how:
            self.wfile.write(how["raw"].encode())
            self.close_connection = True
            return
        text = how.get("text", "") + self.headers.get(how.get("echo", ""), "")
        kind = how.get("type", "application/x-protobuf")
        if kind != "application/x-protobuf":
            data = text.encode()
        elif status == 200:
            response = ExportLogsServiceResponse()
            response.partial_success.rejected_log_records = how.get("rejected", 0)
            response.partial_success.error_message = how.get("message", "")
            data = response.SerializeToString()
        else:
            data = Status(message=text).SerializeToString()
        self._answer(status, kind, data, how.get("headers", {}))

    def _request(self, request: ExportLogsServiceRequest, body: bytes, status: int) -> dict[str, Any]:
        return {
            "path": self.path,
            "status": status,
            "size": len(body),
            "client": self.client_address[1],
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "records": sum(len(scope.log_records) for group in request.resource_logs for scope in group.scope_logs),
        }

    def _keep(self, request: ExportLogsServiceRequest) -> None:
        for group in request.resource_logs:
            for scope in group.scope_logs:
                for record in scope.log_records:
                    kept = {"resource": group.resource, "scope": scope.scope, "record": record}
                    self._note("records", {name: MessageToDict(message) for name, message in kept.items()})

    def _note(self, name: str, value: dict[str, Any]) -> None:
        # One write, so that a kill leaves whole lines.
        handle = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, json.dumps(value).encode() + b"\n")
        os.close(handle)

    def _answer(self, status: int, kind: str, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.send_header("content-type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Nothing on stderr."""


class Server(ThreadingHTTPServer):
    """Can be started again on the same port at once; TLS is shaken hands about by the connection's own thread."""

    allow_reuse_address = True
    daemon_threads = True
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is None:
            super().finish_request(request, client_address)
            return
        request = self.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        try:
            request.do_handshake()
        except ssl.SSLError as error:
            if "CERTIFICATE" in error.reason:
                _drain(request.fileno())
            raise
        super().finish_request(request, client_address)
        request.unwrap()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is what some tests are about."""


def _drain(handle: int) -> None:
    """Read until the client has gone: to close with something unread is a reset, which overtakes TLS's own alert."""
    while select.select([handle], [], [], 5)[0] and os.read(handle, 65536):
        pass


def main(folder: str, port: str, *tls: str) -> None:
    """Serve until killed; the port stands in the file `port` once it does."""
    Handler.folder = Path(folder)
    server = Server(("127.0.0.1", int(port)), Handler)
    if tls:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(tls[0])
        if len(tls) > 1:
            server.context.verify_mode = ssl.CERT_REQUIRED
            server.context.load_verify_locations(tls[1])
    draft = Handler.folder / "port.new"
    draft.write_text(str(server.server_address[1]))
    draft.replace(Handler.folder / "port")
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
