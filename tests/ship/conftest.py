from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.ship import azure_server
from tests.ship.google_server import GoogleServer, google_server
from tests.ship.s3_server import BUCKET, Network, s3_server

CLOUDS = ("AWS_", "GOOGLE_", "AZURE_", "AZURITE_", "AGENT_AUDIT_INSTANCE")


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever this machine knows of clouds, the tests do not."""
    import os

    for name in list(os.environ):
        if name.startswith(CLOUDS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


class Store(NamedTuple):
    """An empty store of objects."""

    url: str
    network: Network | None
    """What is between; None where there is nothing."""


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    with s3_server() as port:
        yield port


@pytest.fixture
def s3_store(s3_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    network = Network(s3_port)
    settings = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{network.port}",
        "AWS_ALLOW_HTTP": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield Store(f"s3://{BUCKET}/{tmp_path.parent.name}-{tmp_path.name}", network)
    network.close()


@pytest.fixture(scope="session")
def azure_port() -> Iterator[int]:
    reason = azure_server.missing()
    if reason is not None:
        pytest.skip(reason)
    with azure_server.azure_server() as port:
        yield port


@pytest.fixture
def azure_store(azure_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    settings = {
        "AZURE_STORAGE_USE_EMULATOR": "true",
        "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{azure_port}",
        "AZURE_ALLOW_HTTP": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return Store(f"az://{azure_server.CONTAINER}/{tmp_path.parent.name}-{tmp_path.name}", None)


@pytest.fixture(scope="session")
def google(s3_port: int) -> Iterator[GoogleServer]:
    with google_server(s3_port) as server:
        yield server


@pytest.fixture
def google_store(google: GoogleServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    network = Network(google.port)
    google.write_account(tmp_path / "account.json", network.port)
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(tmp_path / "account.json"))
    monkeypatch.setenv("GOOGLE_ALLOW_HTTP", "true")
    yield Store(f"gs://{BUCKET}/{tmp_path.parent.name}-{tmp_path.name}", network)
    network.close()


@pytest.fixture(params=["s3", "google"])
def far_store(request: pytest.FixtureRequest) -> Store:
    """One behind a network that can be cut."""
    return request.getfixturevalue(f"{request.param}_store")  # type: ignore[no-any-return]


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3":
        return request.getfixturevalue("s3_store")  # type: ignore[no-any-return]
    return Store(f"file://{tmp_path}/store", None)


@pytest.fixture(params=["file", "s3", "azure", "google"])
def every_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param != "file":
        return request.getfixturevalue(f"{request.param}_store")  # type: ignore[no-any-return]
    return Store(f"file://{tmp_path}/store", None)
