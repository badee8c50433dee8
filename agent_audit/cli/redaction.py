"""`redaction`: the rules there are, and what they would mask in a file, and why."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import FINDING, OK

if TYPE_CHECKING:
    from agent_audit.redaction import RedactionConfig


def add(subparsers: Any) -> None:
    """Add the command and its two parts to the parser."""
    parser = options.command(subparsers, "redaction", "List the redaction rules, or try them on a text.")
    parts = parser.add_subparsers(metavar="PART", required=True)
    rules = options.command(parts, "rules", "List every rule: id, outcome, and the document its format is taken from.")
    rules.add_argument("--format", choices=("table", "json"), default="table", help="default: table")
    rules.set_defaults(run=run_rules)
    test = options.command(
        parts, "test", "Show what would be masked, where, and by which rule. Exit code 1 if anything would."
    )
    test.add_argument("file", metavar="FILE", help="a file with JSON, JSON lines or any text; - for standard input")
    test.add_argument("--action", metavar="ACTION", help="redact as in an event with this action, e.g. tool.search")
    test.set_defaults(run=run_test)
    for part in (rules, test):
        part.add_argument("--settings", metavar="TOML", help="settings file (default: AGENT_AUDIT_SETTINGS, if set)")


def run_rules(args: Namespace) -> int:
    """Print the rules; returns the exit code."""
    from agent_audit.redaction.names.keys import KEY_RULES
    from agent_audit.redaction.rules import rule_ids
    from agent_audit.redaction.rules.sources import source_of

    config = _config(args)
    outcomes = config.all_outcomes()
    own = {rule.id: f"own rule, at {rule.literal!r}" for rule in config.extra_rules}
    own.update({name: "own key" for name in outcomes if name.startswith("key:") and name not in KEY_RULES})
    sources = {name: source_of(name) for name in rule_ids()}
    sources.update(dict.fromkeys(KEY_RULES, "name of a key or variable, vocabulary of this project"))
    rows = [
        {
            "id": name,
            "outcome": "off" if name in config.disabled_rules else outcomes.get(name, "mask"),
            "source": source,
        }
        for name, source in sorted({**sources, **own}.items())
    ]
    if args.format == "json":
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        width = max(len(row["id"]) for row in rows)
        sys.stdout.writelines(f"{row['id']:{width}}  {row['outcome']:<12}  {row['source']}\n" for row in rows)
    return OK


def run_test(args: Namespace) -> int:
    """Print the masked text on stdout and the reasons on stderr; returns the exit code."""
    from agent_audit.redaction import DefaultRedactor
    from agent_audit.redaction.rules.sources import OTHERWISE, source_of

    config = _config(args)
    redactor = DefaultRedactor(config)
    reasons = dict(OTHERWISE)
    for one in (config, *config.actions.values()):
        reasons.update({rule.id: "own rule" for rule in one.extra_rules})
    raw = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    text = raw.decode(errors="replace")
    hits: list[tuple[str, str]] = []
    for value, name, is_json in _values(text):
        redacted = redactor.redact(value, path=name, action=args.action)
        hits += [(hit.path, hit.rule) for hit in redacted.hits]
        shown = json.dumps(redacted.value, ensure_ascii=False) if is_json else str(redacted.value)
        sys.stdout.write(shown + ("\n" if not shown.endswith("\n") else ""))
    sys.stdout.flush()
    counts = Counter(rule for _, rule in hits)
    for path, rule in hits:
        why = "the name of the key" if rule.startswith("key:") else reasons.get(rule) or source_of(rule)
        sys.stderr.write(f"{path or 'text'}: {rule} ({why})\n")
    summary = ", ".join(f"{rule} {count}" for rule, count in counts.most_common()) or "nothing"
    sys.stderr.write(f"masked: {summary}\n")
    return FINDING if hits else OK


def _values(text: str) -> list[tuple[Any, str, bool]]:
    """One JSON value, JSON lines, or the text itself; each with a name for its paths and whether it was JSON."""
    try:
        return [(json.loads(text), "", True)]
    except ValueError:
        pass
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        values = [json.loads(line) for line in lines]
    except ValueError:
        return [(text, "", False)]
    return [(value, f"line {number}", True) for number, value in enumerate(values, 1)]


def _config(args: Namespace) -> RedactionConfig:
    from agent_audit.config import AuditConfig
    from agent_audit.content import content_from
    from agent_audit.redaction import RedactionConfig
    from agent_audit.redaction.settings import redaction_from

    settings = args.settings or AuditConfig.from_env().settings
    if settings is None:
        return RedactionConfig()
    content_from(Path(settings))  # refused here as by a logger, which reads the whole file
    # Trying rules needs no log; pseudonyms shown here are made with a key of their own.
    return redaction_from(Path(settings), b"redaction-test-only-key")
