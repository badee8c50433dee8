"""How often each detection finds what it should, and how often it alarms for nothing, on public labelled traces.

    pip install agentdojo bfcl-eval inspect-evals 'agent-audit-log[analysis]'
    python benchmarks/detections.py [--every 3] [--work DIR]

Not in the ordinary suite: it needs those packages and some minutes. Rates per session: a session counts as found by a
detection when at least one finding rests on it. docs/detections.md has the numbers and what they do not show.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from traces.session import Label

from agent_audit import AuditLogger, FileAuditBackend
from agent_audit.analysis import Period, Ruleset
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import Log, rows

TUNED_ON = ("important_instructions", "direct", "ignore_previous", "injecagent")
"""Attacks whose texts were read while the patterns were written."""
HELD_OUT = ("system_message", "bare")
"""Attacks that were not; `bare` is the goal alone, with no word that addresses a model."""
SUITES = ("workspace", "slack", "banking", "travel")


def record(name: str, logger: AuditLogger, every: int) -> Iterator[Label]:
    """The sessions of one source."""
    if name in ("agentdojo", "agentdojo, held out"):
        from traces import dojo

        yield from dojo.record(logger, TUNED_ON if name == "agentdojo" else HELD_OUT, SUITES, every)
    elif name == "bfcl":
        from traces import bfcl

        yield from bfcl.record(logger)
    else:
        from traces import tau2

        yield from tau2.record(logger)


def judge(log: Path) -> dict[str, set[str]]:
    """Rule -> sessions in which it found something; each session is an agent of its own."""
    found: dict[str, set[str]] = {}
    with Log(log) as opened:
        scope = Scope.of(opened.facts, Period(), whole=opened.events, store=opened.store)
        # The rows alone: the texts and event ids of thousands of findings would be two queries each.
        for rule in Ruleset().rules:
            found[rule.id] = {row["agent_id"] for row in rows(rule.query(scope, rule.parameters))}
    return found


def table(labels: list[Label], found: dict[str, set[str]]) -> Iterable[str]:
    """Rates per rule and kind of session, as Markdown."""
    kinds = sorted({label.kind for label in labels})
    sessions = {kind: [label.session_id for label in labels if label.kind == kind] for kind in kinds}
    yield "| detection | " + " | ".join(f"{kind} ({len(sessions[kind])})" for kind in kinds) + " |"
    yield "|---|" + "---|" * len(kinds)
    for rule in Ruleset().rules:
        hits = found.get(rule.id, set())
        rates = [sum(session in hits for session in sessions[kind]) / len(sessions[kind]) for kind in kinds]
        if any(rates):
            yield f"| {rule.id} | " + " | ".join(f"{rate:.1%}" for rate in rates) + " |"
    silent = [rule.id for rule in Ruleset().rules if not found.get(rule.id)]
    yield f"\nNo finding at all: {', '.join(silent) or 'none'}."


def by_variant(labels: list[Label], found: dict[str, set[str]], rule: str) -> Iterable[str]:
    """What a rule found, per suite, attack and kind."""
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for label in labels:
        groups[label.source, label.variant, label.kind].append(label.session_id)
    for (source, variant, kind), sessions in sorted(groups.items()):
        rate = sum(session in found[rule] for session in sessions) / len(sessions)
        yield f"{rule}: {source} {variant or '-'} {kind}: {rate:.1%} of {len(sessions)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=3, help="each n-th pair of user and injection task (default: 3)")
    parser.add_argument("--work", type=Path, help="where the logs go (default: a temporary folder, removed at the end)")
    parser.add_argument("--only", action="append", help="agentdojo, 'agentdojo, held out', bfcl or tau2")
    args = parser.parse_args()
    work = args.work or Path(tempfile.mkdtemp(prefix="detections-"))
    try:
        for name in args.only or ("agentdojo", "agentdojo, held out", "bfcl", "tau2"):
            log = work / name.replace(", ", "-").replace(" ", "-")
            try:
                with AuditLogger(FileAuditBackend(log), durability="buffered") as logger:
                    labels = list(record(name, logger, args.every))
            except ModuleNotFoundError as error:
                print(f"\n## {name}: skipped, {error.name} is not installed")
                continue
            found = judge(log)
            print(f"\n## {name}: {len(labels):,} sessions\n")
            print("\n".join(table(labels, found)))
            print("\n".join(by_variant(labels, found, "injected-action")))
    finally:
        if args.work is None:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
