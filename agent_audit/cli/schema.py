"""`schema`: the JSON Schema of an event."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.exits import OK


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(subparsers, "schema", "Print the JSON Schema of an audit event.")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print the schema; returns the exit code."""
    from agent_audit.event import AuditEvent

    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **AuditEvent.model_json_schema()}
    sys.stdout.write(json.dumps(schema, indent=2) + "\n")
    return OK
