"""An S3 server on the loopback (moto), and a network before it that can be cut."""

from __future__ import annotations

import contextlib
import random
import socket
import sys
import threading
import urllib.request
from collections.abc import Iterator

from tests.ship.loopback import TIMEOUT, free_port, serving

BUCKET = "audit"


class Network:
    """Forwards connections to a server; cuts them when it is told to.

    Args:
        target: port of the server.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.down = False
        self.loss = 0.0
        """How often a piece of data is the last one of its connection."""
        self.cuts = 0
        self._chance = random.Random(7)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.down:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target), timeout=TIMEOUT)
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._forward, args=(source, target), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if self.down or self._chance.random() < self.loss:
                    self.cuts += 1
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextlib.contextmanager
def s3_server() -> Iterator[int]:
    """A running server with an empty bucket; yields its port."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with serving(command, urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")):
        yield port
