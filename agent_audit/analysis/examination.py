"""That somebody looked at the log: an event like any other, in the log itself.

`log.examined`: `action` is the command, `user_id` who examined, `metadata` what was chosen, what `verify` said (the
verdict, and size and root of the head it rests on), what was counted, and the SHA-256 of the file that was made, if one
was: whoever is handed that file later can show by whom and when it was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent_audit.analysis.freshness import sha256_of
from agent_audit.errors import ConfigurationError
from agent_audit.event import AuditEvent, AuditEventType
from agent_audit.verify import Verification


def examination_event(
    command: str,
    *,
    by: str,
    choice: Mapping[str, str] | None = None,
    verification: Verification | None = None,
    output: Path | None = None,
    **counted: int,
) -> AuditEvent:
    """The event that records an examination; give it to a logger of the same log.

    Args:
        command: what was done: `verify`, `anomalies`, `compliance`, `report`, `evidence` …
        by: who did it.
        choice: the part of the log that was looked at: option -> value; empty: all of it.
        verification: what `agent_audit.verify.verify` said; None: it was not asked.
        output: the file that was made.
        counted: what was found, by name.

    Raises:
        ConfigurationError: nobody named.
        OSError: `output` cannot be read.
    """
    if not by.strip():
        raise ConfigurationError("an examination of the log needs who examined it")
    metadata: dict[str, Any] = {"choice": dict(choice or {}), **counted}
    if verification is not None:
        head = {"size": verification.size, "root": verification.root} if verification.root else None
        metadata |= {"verdict": str(verification.verdict), "head": head}
    if output is not None:
        metadata["output"] = {"file": output.name, "bytes": output.stat().st_size, "sha256": sha256_of(output)}
    return AuditEvent(event_type=AuditEventType.LOG_EXAMINED, action=command, user_id=by, metadata=metadata)
