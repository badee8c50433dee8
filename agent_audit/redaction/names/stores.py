"""Which members of a record hold the secret, whatever they are called: of secret stores, manifests and key files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent_audit.redaction.names.keys import SERVICE_KEYS, VALUE_KEYS

_PRIVATE_PARAMETERS = frozenset(("d", "p", "q", "dp", "dq", "qi", "k"))
"""The private parameters of a JSON Web Key (RFC 7517)."""

_UNSEAL_KEYS = ("keys", "keys_base64", "recovery_keys", "recovery_keys_base64")
_INITIALISED = frozenset(("root_token", "keys_base64", "recovery_keys_base64"))
SECRET_TYPES = ("SecureString", "CONCEALED")
"""What AWS Systems Manager and 1Password call the type of a secret value."""
STORE_MARKS = (*SECRET_TYPES, "/secrets/", '"keyName"')
"""In the text of a record of a store: these, the names that Azure and Google give a secret, Azure's of a key."""

# The names that Azure Key Vault and Google Secret Manager give a secret.
_SECRET_NAME = re.compile(
    r"https://[\w-]{1,64}\.vault\.azure\.net/secrets/|projects/[\w:.-]{1,64}/secrets/[\w-]{1,256}/versions/"
)


_MARKS = ("sensitive", "isSecret", "is_secret", "secret", "secure", "masked")
"""Of Terraform, Azure Pipelines, GitLab and others: set to true beside a secret value."""


STORE_KEYS = frozenset(
    {
        "kind",
        "kty",
        *_INITIALISED,
        "payload",
        "data",
        "stringData",
        "special",
        "grant_type",
        "role_id",
        *SERVICE_KEYS,
        *VALUE_KEYS,
    }
)
"""One of them is in every such record."""


def secret_members(out: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Container and key of each secret of a record."""
    for name in ("data", "stringData") if out.get("kind") == "Secret" else ("stringData",):  # Kubernetes
        if type(out.get(name)) is dict:
            yield from ((out[name], slot) for slot in list(out[name]))
    if "kty" in out:
        yield from ((out, slot) for slot in _PRIVATE_PARAMETERS & out.keys())
    if not _INITIALISED.isdisjoint(out):  # Vault
        yield from ((out, slot) for slot in _UNSEAL_KEYS if slot in out)
    if "result" in out and "special" in out and "length" in out:  # Terraform's random_password
        yield out, "result"
    if "grant_type" in out:  # RFC 6749, sections 4.1.3 and 4.3.2
        yield from ((out, slot) for slot in ("code", "assertion") if slot in out)
    if "role_id" in out and "secret_id" in out:  # Vault's AppRole
        yield out, "secret_id"
    if not SERVICE_KEYS.isdisjoint(out) and "To" in out and "Code" in out:  # Twilio's Verify: what somebody was sent
        yield out, "Code"
    if _is_of_a_store(out):
        yield from ((out, slot) for slot in VALUE_KEYS if slot in out)
        payload = out.get("payload")
        if type(payload) is dict and "data" in payload:
            yield payload, "data"


def _is_of_a_store(out: dict[str, Any]) -> bool:
    names = [out[key] for key in ("id", "name") if type(out.get(key)) is str]
    return (
        out.get("Type", out.get("type")) in SECRET_TYPES
        or any(out.get(mark) is True for mark in _MARKS)
        or ("keyName" in out and "permissions" in out)  # the keys of a storage account of Azure
        or any(map(_SECRET_NAME.match, names))
    )


def is_key_of_bytes(value: Any) -> bool:
    """Whether a list is a key given as its 32 or 64 bytes, as the tools of Solana and NaCl write one."""
    if type(value) is not list or len(value) not in (32, 64):
        return False
    return all(type(byte) is int and 0 <= byte < 256 for byte in value) and 2 * len(set(value)) > len(value)
