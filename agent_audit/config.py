"""Settings, from arguments or `AGENT_AUDIT_*` variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ConfigDict, Field, ValidationError, field_validator

from agent_audit.backends.file import FileAuditBackend
from agent_audit.checked import Checked, plain
from agent_audit.content import content_from
from agent_audit.errors import ConfigurationError
from agent_audit.locks import unforked
from agent_audit.logger import AuditLogger, OnFailure, parse_durability
from agent_audit.redaction import DefaultRedactor

PREFIX = "AGENT_AUDIT_"

_READ_ELSEWHERE = ("AGENT_AUDIT_MEMORY_BYTES", "AGENT_AUDIT_CACHE_BYTES", "AGENT_AUDIT_INSTANCE_CREDENTIALS")
"""Variables of analyses and of stores: known, but no settings of a logger; who needs them reads and checks them."""


class AuditConfig(Checked):
    """Settings of a logger on the embedded file store.

    Each field is read from `AGENT_AUDIT_<FIELD>` by `from_env`; unknown `AGENT_AUDIT_*` names are refused, because a
    misspelt setting of an audit log must not go unnoticed.
    """

    model_config = ConfigDict(extra="forbid")

    dir: Path | None = Field(None, description="Log directory; the default one when left out.")
    agent_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    durability: str = Field("written", description="buffered, written or synced.")
    on_failure: OnFailure = Field("warn", description="warn or raise.")
    ship_to: str | None = Field(None, description="URLs of stores that follow the log, separated by commas.")
    settings: Path | None = Field(None, description="TOML file with redaction and content levels.")
    fingerprint_key: str | None = Field(None, description="Key of digests, 64 hex digits; else a file's.", repr=False)

    @field_validator("durability")
    @classmethod
    def _known_level(cls, value: str) -> str:
        parse_durability(value)
        return value

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> AuditConfig:
        """Read the variables.

        Raises:
            ConfigurationError: naming the variable and what is allowed.
        """
        environ = os.environ if environ is None else environ
        given = {
            name[len(PREFIX) :].lower(): value
            for name, value in environ.items()
            if name.startswith(PREFIX) and name not in _READ_ELSEWHERE and value != ""
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            name = str(problem["loc"][0])
            known = ", ".join([*(PREFIX + field.upper() for field in cls.model_fields), *_READ_ELSEWHERE])
            one_of = "" if name in cls.model_fields else f" (known settings: {known})"
            raise ConfigurationError(f"{PREFIX}{name.upper()}: {plain(problem)}{one_of}") from error

    def open(self, directory: Path) -> AuditLogger:
        """A logger on the log in `directory`, which is made when there is none.

        Raises:
            StorageError: it cannot be made or written to.
        """
        backend = FileAuditBackend(directory, fingerprint_key=self.fingerprint_key)
        backend.ensure()
        redactor = content = None
        if self.settings is not None:
            with unforked:
                from agent_audit.redaction.settings import redaction_from

            redactor = DefaultRedactor(redaction_from(self.settings, backend.fingerprint_key))
            content = content_from(self.settings)
        return AuditLogger(
            backend,
            redactor=redactor,
            content=content,
            agent_id=self.agent_id,
            session_id=self.session_id,
            user_id=self.user_id,
            durability=self.durability,
            on_failure=self.on_failure,
            ship_to=[store.strip() for store in (self.ship_to or "").split(",") if store.strip()],
        )
