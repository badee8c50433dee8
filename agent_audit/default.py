"""The process-wide default logger: what everything uses that is not handed one."""

from __future__ import annotations

from pathlib import Path

from agent_audit.backends.file import DIRECTORY_NAME, Layout
from agent_audit.config import AuditConfig
from agent_audit.errors import StorageError, require_given
from agent_audit.keys import state_directory
from agent_audit.locks import fork_safe_lock
from agent_audit.logger import AuditLogger
from agent_audit.notice import warn

_lock = fork_safe_lock()
_logger: AuditLogger | None = None


def get_logger() -> AuditLogger:
    """The default logger; opened at the first call, from the `AGENT_AUDIT_*` variables.

    It writes to AGENT_AUDIT_DIR, else to `./agent-audit-log` (made absolute now, whatever `chdir` comes later),
    or, if that cannot be created, to the user's state directory. A new log is announced once on stderr.

    Raises:
        ConfigurationError: a variable is wrong.
        StorageError: no directory can be written to.
    """
    global _logger
    if (known := _logger) is not None:  # adapters ask with every event
        return known
    with _lock:
        if _logger is None:
            _logger = _open_default()
        return _logger


def set_logger(logger: AuditLogger | None) -> AuditLogger | None:
    """Make `logger` the default; returns the one before. None: the next `get_logger` opens a new one.

    Raises:
        ConfigurationError: it is no logger.
    """
    global _logger
    require_given(AuditLogger, logger=logger)
    with _lock:
        before, _logger = _logger, logger
        return before


def _open_default() -> AuditLogger:
    config = AuditConfig.from_env()
    if config.dir is not None:
        return _open(config, config.dir.absolute())
    try:
        return _open(config, Path.cwd() / DIRECTORY_NAME)
    except StorageError as error:
        fallback = state_directory() / "log"
        warn(f"cannot write to {DIRECTORY_NAME} in the working directory ({error}); using {fallback}")
        return _open(config, fallback)


def _open(config: AuditConfig, directory: Path) -> AuditLogger:
    new = not Layout(directory).exists()
    logger = config.open(directory)
    if new:
        warn(f"recording to a new audit log in {directory}")
    return logger
