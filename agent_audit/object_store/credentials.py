"""What a client of a store is told: credentials from the environment alone, never from a URL, and limits of a request.

Nobody else is asked for credentials unless the environment says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent_audit.errors import ConfigurationError

INSTANCE = "AGENT_AUDIT_INSTANCE_CREDENTIALS"
"""Set to 1, the cloud's metadata service is asked for the machine's own identity when there is nothing else."""

_ACCOUNT = "AZURE_STORAGE_ACCOUNT_NAME"
_GCLOUD = Path(".config", "gcloud", "application_default_credentials.json")

_NAMED: dict[str, tuple[str, ...]] = {
    "s3": (
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_SKIP_SIGNATURE",
    ),
    "gs": (
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_SERVICE_ACCOUNT",
        "GOOGLE_SERVICE_ACCOUNT_PATH",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        "GOOGLE_BEARER_TOKEN",
        # Not GOOGLE_SKIP_SIGNATURE: with it alone the client reads without a token, but to write it asks the machine.
    ),
    "az": (
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_ACCESS_KEY",
        "AZURE_STORAGE_CLIENT_SECRET",
        "AZURE_CLIENT_SECRET",
        "AZURE_STORAGE_SAS_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_STORAGE_TOKEN",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_USE_AZURE_CLI",
        "AZURE_STORAGE_USE_EMULATOR",
        "AZURE_SKIP_SIGNATURE",
    ),
}
"""URL scheme -> the variables that its client (Apache object_store) reads credentials or their files from."""


def require_credentials(scheme: str, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse to open a client that would ask the network who it is.

    Without credentials the clouds' clients turn to the metadata service of the machine (169.254.169.254), whose answer
    is an identity that nobody may have meant to ship with.

    Raises:
        ConfigurationError: the environment names no credentials, or of Azure no account; says which variables do.
    """
    if scheme == "az" and not (environ.get(_ACCOUNT) or environ.get("AZURE_STORAGE_USE_EMULATOR")):
        raise ConfigurationError(f"no credentials for az://: set {_ACCOUNT}, the storage account of the container")
    known = _NAMED.get(scheme, ())
    if not known or any(environ.get(name) for name in (*known, INSTANCE)):
        return
    if scheme == "gs" and Path(environ.get("HOME", "/"), _GCLOUD).is_file():
        return
    raise ConfigurationError(
        f"no credentials for {scheme}://: set one of {', '.join(known)}; "
        f"or {INSTANCE}=1 to use the identity that the cloud gives this machine"
    )


def refuse_password(url: str) -> None:
    """Refuse a URL with a password, without repeating it.

    Raises:
        ConfigurationError: there is one in it.
    """
    try:
        password = urlsplit(url).password
    except ValueError:  # its message may hold what stands before an @
        raise ConfigurationError("this is no URL of a store; see docs/shipping.md") from None
    if password is not None:
        raise ConfigurationError(
            "a password does not belong in the URL, where process lists and notes show it; "
            "docs/shipping.md says which variable or file each store reads it from"
        )


def client_options() -> dict[str, Any]:
    """Limits of one request; without TLS only when the environment says so, as for obstore itself."""
    plain = any(
        os.environ.get(f"{cloud}_ALLOW_HTTP", "").lower() in ("1", "true") for cloud in ("AWS", "AZURE", "GOOGLE")
    )
    return {"connect_timeout": "5s", "timeout": "60s", "allow_http": plain}
