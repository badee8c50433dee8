"""Every error this library raises on purpose, how arguments of the wrong kind are refused, and how the errors of others
are told.

::

    AuditError
    ├── ConfigurationError     an argument, AGENT_AUDIT_* variable or file says something impossible
    ├── EncodingError          an event cannot be written as one JSON line
    ├── LogNotFoundError       there is no log where one was looked for
    ├── FormatError            the directory is a log of a newer format, or no log at all
    ├── HeldError              the log is held; nothing may be pruned
    ├── CorruptLineError       a recorded line cannot be read; says which file and line
    ├── ProofError             a note, key, proof, tile or policy is malformed or does not verify
    ├── WitnessError           a witness cannot be reached or would not cosign
    ├── ShipError              events cannot be shipped to another store; they stay in the log
    │   ├── StoreUnavailableError  the store does not answer or cannot take more now: try again later
    │   └── StoreRefusedError  the store will not take them: its rights, its schema, or a log that has parted from it
    └── WriteError             an event could not be recorded; what was recorded before is unharmed
        ├── BufferFullError    the buffer stayed full for `block_timeout`
        ├── LockTimeoutError   another writer held the log's lock for longer than `lock_timeout`
        │   └── PruneInProgressError  another process is pruning the log
        ├── StorageError       the operating system refused (disk full, I/O error, read-only …)
        │   ├── SyncError      a sync failed: what it covered may not be on the disk
        │   ├── PrunedMeanwhileError  events went while they were read: read again
        │   └── RolledBackError  the log is not the one that this key has signed: older, or another
        └── ClosedError        the logger or backend has been closed

Messages are for a person: what happened, to which file or event, and what to do.
"""

from __future__ import annotations

from math import isfinite


class AuditError(Exception):
    """Base of every error of this library."""


class ConfigurationError(AuditError, ValueError):
    """A setting is impossible; the message names the setting and what is allowed."""


class EncodingError(AuditError, ValueError):
    """An event cannot be encoded as one line of the log."""


class LogNotFoundError(AuditError, FileNotFoundError):
    """There is no log at the path."""


class FormatError(AuditError):
    """The directory is not a log this version can read."""


class CorruptLineError(AuditError):
    """A recorded line is not a readable event; the message names the file and the line."""


class HeldError(AuditError):
    """Somebody has asked for everything to be kept; the message gives the reason."""


class ProofError(AuditError, ValueError):
    """A note, key, proof, tile or policy is malformed or does not verify; the message says why."""


class WitnessError(AuditError):
    """A witness cannot be reached, or would not cosign; the message says what it answered."""


class ShipError(AuditError):
    """Events cannot be shipped; nothing is lost, they stay in the log."""


class StoreUnavailableError(ShipError):
    """The store cannot be reached, is full or too slow now; trying again later may work."""


class StoreRefusedError(ShipError):
    """The store will not take the events however often they are sent; the message says what to do."""


class WriteError(AuditError):
    """An event could not be recorded. What was recorded before is unharmed."""


class BufferFullError(WriteError):
    """The buffer stayed full for longer than `block_timeout`."""


class LockTimeoutError(WriteError):
    """Another writer held the log's lock for longer than `lock_timeout`."""


class PruneInProgressError(LockTimeoutError):
    """Another process is pruning the log."""


class StorageError(WriteError):
    """The operating system refused to store the events (`__cause__` is its error)."""


class SyncError(StorageError):
    """A sync failed: what it covered may not be on the disk. Never retried on the same descriptor."""


class RolledBackError(StorageError):
    """What is there is not the history that the log's key has signed, or cannot continue it; the message says how."""


class PrunedMeanwhileError(StorageError):
    """Events that were there when reading began were pruned, or removed. What is there now can be read."""


class ClosedError(WriteError):
    """The logger or backend has been closed."""


def missing_extra(doing: str, error: ImportError, extra: str) -> ConfigurationError:
    """What to say when a module of an extra cannot be imported: which one, and how to install it."""
    return ConfigurationError(
        f"{doing} needs an extra that is not installed ({error.name} is missing): "
        f"pip install 'agent-audit-log[{extra}]'"
    )


def cannot_write(log: object, error: OSError) -> StorageError:
    """What to say when the operating system refuses to write to a log's directory."""
    return StorageError(f"cannot write to the log {log}: {error.strerror or error}")


def as_write_error(error: Exception) -> WriteError:
    """What a store has raised, as those are told of it whose events it did not take."""
    if isinstance(error, WriteError):
        return error
    if isinstance(error, EncodingError):
        failure = WriteError(str(error))
    else:
        failure = WriteError(f"the backend failed: {error if isinstance(error, AuditError) else repr(error)}")
    failure.__cause__ = error
    return failure


def reason_of(error: Exception) -> str:
    """What stands against a file, for a sentence that names it already."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is no text in UTF-8, from byte {error.start:,} on; is it packed, or in another encoding?"
    return str(getattr(error, "strerror", None) or error)


def pruned_meanwhile(log: object) -> PrunedMeanwhileError:
    """What to say when events are gone that were there when reading began."""
    return PrunedMeanwhileError(
        f"events of {log} went while it was read: they were pruned, or removed (`agent-audit-log verify` tells); "
        "read it again"
    )


def describe_error(exception: BaseException) -> dict[str, str]:
    """`error` and `error_type` of an exception."""
    return {"error": text_of(exception), "error_type": type(exception).__name__}


def text_of(value: object) -> str:
    """Its text. An object may lie or fail when asked for it."""
    try:
        return str(value)
    except Exception as problem:
        return f"[no text: str() raised {type(problem).__name__}]"


# -- arguments of the wrong kind -------------------------------------------------------------------------
#
# Refused where they are given: what fails later fails far away, or in another thread. A value is never quoted, only its
# kind: it may be a secret that stands in the wrong place.

MOST = 2**31
"""More rows than that nobody counts, and no engine takes any number."""

_IN_WORDS = {str: "a text", int: "a whole number", float: "a number"}


def require(name: str, value: object, kind: type | tuple[type, ...], wanted: str) -> None:
    """Refuse a value of another kind.

    Args:
        name: the argument.
        value: what was given.
        kind: what it must be an instance of.
        wanted: the same in words.

    Raises:
        ConfigurationError: it is not.
    """
    if not isinstance(value, kind):
        raise ConfigurationError(f"{name} is {_told(value)}; give {wanted}")


def require_name(name: str, value: object) -> None:
    """Refuse what names nobody and nothing.

    Raises:
        ConfigurationError: it is no text, or an empty one.
    """
    if not isinstance(value, str) or not value:
        raise ConfigurationError(f"{name} is {_told(value)}; give a text that is not empty")


def require_given(kind: type | tuple[type, ...], **values: object) -> None:
    """Refuse what is neither None nor of a kind.

    Args:
        kind: what a value must be an instance of, or None.
        **values: by the names of the arguments.

    Raises:
        ConfigurationError: one of them is neither.
    """
    for name, value in values.items():
        if value is not None and not isinstance(value, kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            wanted = " or ".join(_IN_WORDS.get(one, one.__name__) for one in kinds)
            raise ConfigurationError(f"{name} is {_told(value)}; give {wanted}, or None")


def require_utf8(**texts: str | None) -> None:
    """Refuse texts that no event can have: a command line's bytes that are no UTF-8 come as lone surrogates.

    Raises:
        ConfigurationError: one of them is neither None nor UTF-8.
    """
    require_given(str, **texts)
    for name, text in texts.items():
        try:
            (text or "").encode()
        except UnicodeEncodeError:
            raise ConfigurationError(f"{name} {text!a} is no UTF-8, as every recorded text is") from None


def require_count(name: str, value: object) -> None:
    """Refuse what limits no number of rows.

    Raises:
        ConfigurationError: it is neither None nor a number from 0 on.
    """
    if value is not None and (type(value) is not int or not 0 <= value <= MOST):
        told = f"{value:,}" if type(value) is int else _told(value)
        raise ConfigurationError(f"{name} is {told}; give a number from 0 to {MOST:,}, or None for all")


def require_number(name: str, value: object, *, whole: bool = False, above: bool = False) -> None:
    """Refuse what is no finite number, or one below 0.

    Args:
        name: the argument.
        value: what was given.
        whole: whether it counts something.
        above: whether 0 is refused, too.

    Raises:
        ConfigurationError: it is none.
    """
    known = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not known or not isfinite(value) or value < 0 or (above and not value):  # type: ignore[arg-type,operator]
        told = f"{value:,}" if known else _told(value)
        what = "a whole number" if whole else "a number"
        raise ConfigurationError(f"{name} is {told}; give {what} {'above' if above else 'from'} 0")


def _told(value: object) -> str:
    if value is None:
        return "None"
    return "empty" if value == "" else f"of the type {type(value).__name__}"
