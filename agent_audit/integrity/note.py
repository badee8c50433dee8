"""Signed notes (C2SP signed-note): a text, an empty line, and lines of signatures by named keys.

`cryptography` is imported where a signature is made or checked, so that reading a note needs nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from agent_audit.errors import ProofError

ED25519 = 0x01
"""Signature type of a log: Ed25519 over the text of the note."""
COSIGNATURE = 0x04
"""Signature type of a witness: Ed25519 over a time and the text, see `cosignature`."""
MLDSA44 = 0x06
"""Signature type of a witness: ML-DSA-44 (FIPS 204) over a time and the head, see `cosignature`."""

_PUBLIC_SIZES = {ED25519: 32, COSIGNATURE: 32, MLDSA44: 1312}
"""Bytes of the public keys that are known here."""

_EM_DASH = "\u2014"
_MOST_SIGNATURES = 100


def decode_base64(text: str, what: str) -> bytes:
    """Standard base64 with padding (RFC 4648, section 4), in its one right form.

    Raises:
        ProofError: it is not; `what` says what it should be.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or encode_base64(data) != text:
        raise ProofError(f"{what} is not base64: {text[:60]!r}")
    return data


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The four bytes by which a signature line names its key."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def check_name(name: str) -> str:
    """The name of a key.

    Raises:
        ProofError: it is empty, is no UTF-8, or has a space or a plus in it.
    """
    if not name or "+" in name or any(char.isspace() or "\ud800" <= char <= "\udfff" for char in name):
        raise ProofError(f"{name!r} cannot name a key: it must be UTF-8, not empty, and have no spaces or '+' in it")
    return name


@dataclass(frozen=True)
class VerifierKey:
    """A public key with its name, as a vkey line has it: `<name>+<key id>+<base64 of type and key>`."""

    name: str
    kind: int
    public: bytes
    """An Ed25519 public key (RFC 8032), 32 bytes, or one of ML-DSA-44 (FIPS 204), 1312 bytes."""
    id: bytes = field(init=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public) != _PUBLIC_SIZES.get(self.kind):
            raise ProofError(f"the key of {self.name} is none that is known here: type {self.kind:#04x}")
        object.__setattr__(self, "id", key_id(self.name, self.kind, self.public))

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """Read a vkey line.

        Raises:
            ProofError: it is none, or its id is not that of the key.
        """
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3:
            raise ProofError(f"{vkey[:80]!r} is no vkey: <name>+<8 hex digits>+<base64> is needed")
        name, hex_id, encoded = parts
        data = decode_base64(encoded, f"the vkey of {name}")
        key = cls(name, data[0] if data else 0, data[1:])
        if hex_id != key.id.hex():
            raise ProofError(f"the vkey of {name} says key id {hex_id[:20]}, but its key has {key.id.hex()}")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encode_base64(bytes([self.kind]) + self.public)}"

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this is a signature of `message` by this key.

        Raises:
            ProofError: the installed `cryptography` cannot tell.
        """
        from cryptography.exceptions import InvalidSignature

        try:
            self._public_key().verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _public_key(self) -> Any:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if self.kind != MLDSA44:
            return Ed25519PublicKey.from_public_bytes(self.public)
        try:
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

            return MLDSA44PublicKey.from_public_bytes(self.public)
        except (ImportError, UnsupportedAlgorithm) as error:
            raise ProofError(
                f"signatures of {self.name} are ML-DSA-44, which needs cryptography 47 or newer: {error}"
            ) from error


class Signer(Protocol):
    """Whoever signs for a log: a key in a file, a key service, an agent that holds the key."""

    @property
    def vkey(self) -> VerifierKey:
        """The public side; its name is the log's origin."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the Ed25519 signature (RFC 8032) of `message`.

        Raises:
            Exception: it cannot be had now; no checkpoint is made then, and it is tried again later.
        """
        ...


class Ed25519Signer:
    """Signs with a private key in memory.

    Args:
        name: name of the key; for a log, its origin.
        seed: the 32 bytes of the private key (RFC 8032).
    """

    def __init__(self, name: str, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._vkey = VerifierKey(name, ED25519, self._key.public_key().public_bytes_raw())

    @property
    def vkey(self) -> VerifierKey:
        """See `Signer.vkey`."""
        return self._vkey

    def sign(self, message: bytes) -> bytes:
        """See `Signer.sign`."""
        return self._key.sign(message)


class Signature(NamedTuple):
    """One signature line."""

    name: str
    id: bytes
    """Which key of that name: four bytes."""
    value: bytes

    def __str__(self) -> str:
        return f"{_EM_DASH} {self.name} {encode_base64(self.id + self.value)}\n"

    @classmethod
    def parse(cls, line: str) -> Signature:
        """Read a signature line without its line feed.

        Raises:
            ProofError: it is none.
        """
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != _EM_DASH:
            raise ProofError(f"{line[:80]!r} is no signature line: '{_EM_DASH} <name> <base64>' is needed")
        data = decode_base64(parts[2], f"the signature of {parts[1][:60]}")
        if len(data) < 5:
            raise ProofError(f"the signature of {parts[1][:60]} is too short")
        return cls(check_name(parts[1]), data[:4], data[4:])


class Note(NamedTuple):
    """A text with signatures. Read, not yet verified."""

    text: str
    """Ends with a line feed."""
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Read a note.

        Raises:
            ProofError: it is none.
        """
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ProofError(f"the note is not UTF-8: {error}") from None
        if any(char < " " and char != "\n" for char in whole):
            raise ProofError("the note has control characters in it")
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise ProofError("the note has no signatures: a text, an empty line and signature lines are needed")
        found = lines[:-1].split("\n")
        if len(found) > _MOST_SIGNATURES:
            raise ProofError(f"the note has {len(found)} signatures; at most {_MOST_SIGNATURES} are read")
        return cls(text + "\n", tuple(Signature.parse(line) for line in found))

    def encode(self) -> bytes:
        """The note as bytes."""
        return (self.text + "\n" + "".join(map(str, self.signatures))).encode()

    def verify(self, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
        """Which of these log keys have signed. Signatures of other keys are passed over.

        Raises:
            ProofError: a signature of one of these keys is wrong, or none of them has signed.
        """
        known = {(key.name, key.id): key for key in keys if key.kind == ED25519}
        signed = []
        for signature in self.signatures:
            key = known.get((signature.name, signature.id))
            if key is None:
                continue
            if not key.verifies(signature.value, self.text.encode()):
                raise ProofError(f"the signature of {key.name} (key {key.id.hex()}) is wrong")
            if key not in signed:
                signed.append(key)
        if not signed:
            names = ", ".join(f"{one.name} ({one.id.hex()})" for one in self.signatures)
            raise ProofError(f"the note is signed by no known key, only by {names}")
        return signed


def sign_note(text: str, signers: Sequence[Signer]) -> Note:
    """Sign a text.

    Raises:
        ProofError: no text of a note.
    """
    if not text.endswith("\n") or any(char < " " and char != "\n" for char in text):
        raise ProofError("the text of a note must end with a line feed and have no control characters")
    message = text.encode()
    return Note(text, tuple(Signature(one.vkey.name, one.vkey.id, one.sign(message)) for one in signers))
