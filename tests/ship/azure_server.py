"""A server of Azure's Blob Storage on the loopback: Azurite, which Microsoft publishes on npm."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from email.utils import formatdate

CONTAINER = "audit"
ACCOUNT = "devstoreaccount1"
# Azurite's account and its key are fixed and published (Azurite's README, "Default storage account").
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_TIMEOUT = 30.0


def missing() -> str | None:
    """Why there is no such server here."""
    return None if shutil.which("azurite-blob") else "no azurite-blob on PATH (npm install azurite)"


@contextlib.contextmanager
def azure_server() -> Iterator[int]:
    """A running server with an empty container; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="azurite-") as folder:
        command = ["azurite-blob", "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--blobPort", str(port)]
        process = subprocess.Popen(
            [*command, "--location", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _make_container(port, process)
            yield port
        finally:
            process.kill()
            process.wait(_TIMEOUT)


def _make_container(port: int, process: subprocess.Popen[bytes]) -> None:
    """The one request that obstore has no call for, signed by a shared key (Azure Storage REST, Authorization)."""
    date, version = formatdate(usegmt=True), "2021-08-06"
    named = f"x-ms-date:{date}\nx-ms-version:{version}\n/{ACCOUNT}/{ACCOUNT}/{CONTAINER}\nrestype:container"
    signed = "PUT" + 12 * "\n" + named
    signature = base64.b64encode(hmac.new(base64.b64decode(_KEY), signed.encode(), hashlib.sha256).digest()).decode()
    headers = {
        "x-ms-date": date,
        "x-ms-version": version,
        "Authorization": f"SharedKey {ACCOUNT}:{signature}",
        "Content-Length": "0",
    }
    url = f"http://127.0.0.1:{port}/{ACCOUNT}/{CONTAINER}?restype=container"
    request = urllib.request.Request(url, method="PUT", headers=headers)
    deadline = time.monotonic() + _TIMEOUT
    while True:
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
