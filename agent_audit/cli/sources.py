"""Which stores a command reads instead of log directories: `--source`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from agent_audit.errors import ConfigurationError, require_name
from agent_audit.object_store.credentials import refuse_password


def add_source(parser: ArgumentParser) -> None:
    """Where many hosts' logs are."""
    parser.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="URL",
        help="all logs of a store that hosts ship to, instead of a log directory: s3://, gs://, az://, "
        "postgresql:// or a directory; may be repeated",
    )

    parser.add_argument(
        "--engine", choices=("duckdb", "spark"), default="duckdb", help="engine that reads the store (default: duckdb)"
    )
    parser.add_argument(
        "--master", metavar="URL", help="Spark master: spark://host:7077 or local[4] (default: as Spark is configured)"
    )


def sources_of(args: Namespace) -> list[str]:
    """The stores that a command line names, as URLs; none when it names log directories, or nothing.

    Raises:
        ConfigurationError: it names both, or a URL has a password in it.
    """
    named: list[str] = args.source
    if args.engine == "spark" and not named:
        raise ConfigurationError("Spark reads what hosts have shipped: name a store with --source")
    if named and (args.dir or args.log):
        raise ConfigurationError("--source names stores, but a log directory is named too: name only one kind")
    for name in named:
        refuse_password(name)  # before it is printed
    return [as_url(name) for name in named]


def as_url(name: str) -> str:
    """The URL of a store that is read; a directory may be named by its path.

    Raises:
        ConfigurationError: nothing is named.
    """
    require_name("the store", name)
    return name if "://" in name else Path(name).absolute().as_uri()
