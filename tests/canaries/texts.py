"""Secrets that can be recognised wherever they turn up, and a look at every byte of a directory."""

from __future__ import annotations

import hashlib
from pathlib import Path


class CanaryTexts:
    """One set of secrets for each place; what is not secret of it shows that the place was recorded."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self.places: list[str] = []

    def text(self, place: str, *, recorded: bool = True) -> str:
        """A text as an agent might meet it, with a token, a password, credentials of a URL and an address.

        `recorded`: whether it belongs into the log, without its secrets.
        """
        if recorded:
            self.places.append(place)
        address = self._secret(place, "address", "j")
        return (
            f"at-{place}: use {self.token(place)}\n"
            f"password={self._secret(place, 'password', 'Zq7')} "
            f"postgresql://app:{self._secret(place, 'url', 'kP4')}@db.example/x, ask {address}@example.org"
        )

    def token(self, place: str) -> str:
        """The token alone."""
        return "sk-ant-api03-" + self._secret(place, "token", "") * 2

    def value(self, place: str) -> str:
        """A secret that only its key gives away."""
        return self._secret(place, "value", "v8Q")

    def _secret(self, place: str, kind: str, prefix: str) -> str:
        secret = prefix + hashlib.sha256(f"{place} {kind}".encode()).hexdigest()[:28]
        self._secrets[secret] = f"{kind} of {place}"
        return secret

    def leaks(self, directory: Path) -> list[str]:
        """Which secrets stand in which file of a directory, in whatever file or file name."""
        found = []
        for path in sorted(directory.rglob("*")):
            data = str(path).encode() + (path.read_bytes() if path.is_file() else b"")
            found += [f"{what} in {path}" for secret, what in self._secrets.items() if secret.encode() in data]
        return found

    def unrecorded(self, directory: Path) -> list[str]:
        """Places that no file mentions: of those, nothing is shown by there being no leak."""
        data = b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())
        return [place for place in self.places if f"at-{place}:".encode() not in data]
