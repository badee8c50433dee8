"""Which log a command reads."""

from __future__ import annotations

import os
from argparse import Namespace
from glob import glob, has_magic
from pathlib import Path

from agent_audit.backends.file.layout import DIRECTORY_NAME, Layout
from agent_audit.errors import ConfigurationError, LogNotFoundError


def log_of(args: Namespace) -> Path:
    """The log that a command line names, or the default one.

    Raises:
        LogNotFoundError: there is none.
        ConfigurationError: two different ones are named, or a pattern.
    """
    positional = getattr(args, "log", None)
    if args.dir and positional and args.dir != positional:
        raise ConfigurationError(f"two logs are named, {args.dir} and {positional}; name one")
    named = args.dir or positional
    if named and has_magic(named) and not Path(named).exists():
        raise ConfigurationError(f"this command reads one log, and {named} is a pattern for many: name one of them")
    return find_log(named)


def logs_of(args: Namespace) -> list[Path]:
    """The logs that a command line names, patterns resolved, or the default one.

    Raises:
        LogNotFoundError: there is none, or one of them is none.
        ConfigurationError: `--dir` names another one.
    """
    named = getattr(args, "log", None) or []
    named = [named] if isinstance(named, str) else list(named)
    if args.dir and named and named != [args.dir]:
        raise ConfigurationError(f"--dir names {args.dir}, but {', '.join(named)} is named too; name logs in one way")
    if args.dir or not named:
        return [find_log(args.dir)]
    return list(dict.fromkeys(found for name in named for found in _resolved(name)))


def _resolved(name: str) -> list[Path]:
    """A directory, or the logs among those that a pattern names."""
    if Path(name).exists() or not has_magic(name):
        return [find_log(name)]
    matching = glob(name, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    found = [path for path in map(Path, sorted(matching)) if Layout(path).exists()]
    if not found:
        raise LogNotFoundError(f"no audit log matches {name}")
    return [path.absolute() for path in found]


def find_log(given: str | None) -> Path:
    """The given directory, else AGENT_AUDIT_DIR, else `agent-audit-log` here or in a parent folder.

    Raises:
        LogNotFoundError: none of them is a log.
    """
    named = given or os.environ.get("AGENT_AUDIT_DIR")
    if named:
        return _checked(Path(named).absolute(), given)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if Layout(folder / DIRECTORY_NAME).exists():
            return folder / DIRECTORY_NAME
    raise LogNotFoundError(
        f"no audit log: there is no {DIRECTORY_NAME}/ in {here} or above it; "
        "name one with --dir or AGENT_AUDIT_DIR" + _elsewhere()
    )


def _checked(path: Path, given: str | None) -> Path:
    if Layout(path).exists():
        return path
    if path.is_dir() and Layout(path / DIRECTORY_NAME).exists():
        return path / DIRECTORY_NAME
    what = "does not exist"
    if path.exists():
        what = "has no log.json and no segments/" if path.is_dir() else "is no directory"
    by = "" if given else " (from AGENT_AUDIT_DIR)"
    raise LogNotFoundError(f"no audit log in {path}{by}: it {what}")


def _elsewhere() -> str:
    """Where a process that may not write to its working directory records instead."""
    from agent_audit.keys import state_directory

    fallback = state_directory() / "log"
    return f" (there is one in {fallback})" if Layout(fallback).exists() else ""
