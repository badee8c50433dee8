"""A server of Azure's Blob Storage on the loopback: Azurite, which Microsoft publishes on npm."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from email.utils import formatdate

from tests.ship.loopback import free_port, serving

CONTAINER = "audit"
ACCOUNT = "devstoreaccount1"
# Azurite's account and its key are fixed and published (Azurite's README, "Default storage account").
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def missing() -> str | None:
    """Why there is no such server here."""
    return None if shutil.which("azurite-blob") else "no azurite-blob on PATH (npm install azurite)"


@contextlib.contextmanager
def azure_server() -> Iterator[int]:
    """A running server with an empty container; yields its port."""
    port = free_port()
    command = ["azurite-blob", "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--blobPort", str(port)]
    with (
        tempfile.TemporaryDirectory(prefix="azurite-") as folder,
        serving([*command, "--location", folder], _making_a_container(port)),
    ):
        yield port


def _making_a_container(port: int) -> urllib.request.Request:
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
    return urllib.request.Request(url, method="PUT", headers=headers)
