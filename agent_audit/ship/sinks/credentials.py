"""Whether the environment says how to sign requests to a cloud; nobody else is asked unless it says so."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from agent_audit.errors import ConfigurationError

INSTANCE = "AGENT_AUDIT_INSTANCE_CREDENTIALS"
"""Set to 1, the cloud's metadata service is asked for the machine's own identity when there is nothing else."""

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
        "GOOGLE_SKIP_SIGNATURE",
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
        ConfigurationError: the environment names no credentials; says which variables do.
    """
    known = _NAMED.get(scheme, ())
    if not known or any(environ.get(name) for name in (*known, INSTANCE)):
        return
    if scheme == "gs" and Path(environ.get("HOME", "/"), _GCLOUD).is_file():
        return
    raise ConfigurationError(
        f"no credentials for {scheme}://: set one of {', '.join(known)}; "
        f"or {INSTANCE}=1 to use the identity that the cloud gives this machine"
    )
