"""How often each detection finds what it should, and how often it alarms for nothing, on public labelled traces.

    pip install agentdojo bfcl-eval inspect-evals agent-injection-bench 'agent-audit-log[analysis]'
    python benchmarks/detections.py [--work DIR]

Development is what was looked at while the rules were written and their thresholds set; held out is what was not, and
nothing was changed after it was measured. Which is which stands in `SOURCES`: names and positions, nothing else.

Not in the ordinary suite: it needs those packages and some minutes. Rates per session: a session counts as found by a
detection when at least one finding rests on it. docs/detections.md has the numbers and what they do not show.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from traces.session import Label

from agent_audit import AuditLogger, FileAuditBackend
from agent_audit.analysis import Period, Ruleset
from agent_audit.analysis.rules.definitions import CHANGED_DEFINITION, changed_definitions
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import Log, rows

READ = ("important_instructions", "direct", "ignore_previous", "injecagent")
"""Attacks of AgentDojo whose texts were read while the patterns were written."""
NOT_READ = ("system_message", "tool_knowledge", "bare")
"""Attacks that were not. `tool_knowledge` is close to `important_instructions`; `bare` is the goal alone, with no word
that addresses a model."""


class Source(NamedTuple):
    """Sessions to record."""

    held_out: bool
    module: str
    """Of `traces`: imported only when it is asked for, for each needs a package of its own."""
    part: dict[str, Any] = {}  # noqa: RUF012 - never changed


SOURCES = {
    # Of each suite's pairs of user and injection task, every third was looked at, from the first on.
    "agentdojo": Source(False, "dojo", {"attacks": READ, "pairs": slice(0, None, 3), "clean": True}),
    "agentdojo, other pairs": Source(True, "dojo", {"attacks": READ, "pairs": slice(1, None, 3), "clean": False}),
    "agentdojo, other attacks": Source(True, "dojo", {"attacks": NOT_READ, "pairs": slice(2, None, 3), "clean": False}),
    "agent-injection-bench": Source(True, "injection_bench"),
    "threats": Source(True, "threats"),
    "coding": Source(True, "coding"),
    "bfcl": Source(False, "bfcl", {"sets": ("multi_turn_base", "multi_turn_long_context")}),
    "bfcl, other sets": Source(True, "bfcl", {"sets": ("multi_turn_miss_func", "multi_turn_miss_param")}),
    "tau2": Source(False, "tau2", {"domains": ("airline", "retail")}),
    "tau2, other desks": Source(True, "tau2", {"domains": ("telecom", "banking")}),
}


def record(source: Source, logger: AuditLogger) -> Iterator[Label]:
    """The sessions of one source."""
    labels: Iterator[Label] = importlib.import_module(f"traces.{source.module}").record(logger, **source.part)
    return labels


def judge(log: Path) -> dict[str, set[str]]:
    """Rule -> sessions in which it found something; each session is an agent of its own."""
    found: dict[str, set[str]] = {}
    with Log(log) as opened:
        scope = Scope.of(opened.facts, Period(), whole=opened.events, store=opened.store)
        # The rows alone: the texts and event ids of thousands of findings would be two queries each.
        for rule in Ruleset().rules:
            found[rule.id] = {row["agent_id"] for row in rows(rule.query(scope, rule.parameters))}
    return found


def redefined(log: Path) -> Iterable[str]:
    """How many tools of each deployment `changed-definition` names, as Markdown."""
    from traces import definitions

    told = list(definitions.record(log))
    found: dict[str, set[str]] = defaultdict(set)
    with Log(log) as opened:
        scope = Scope.of(opened.facts, Period(), whole=opened.events, store=opened.store)
        for row in rows(changed_definitions(scope, CHANGED_DEFINITION.parameters)):
            found[row["agent_id"]].add(row["action"])
    yield "| agent | what happens | processes | tools | named |\n|---|---|---|---|---|"
    yield from (f"| {agent} | {what} | {runs} | {tools} | {len(found[agent])} |" for agent, what, runs, tools in told)


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
    parser.add_argument("--work", type=Path, help="where the logs go (default: a temporary folder, removed at the end)")
    parser.add_argument("--only", action="append", choices=(*SOURCES, "definitions"), help="this source alone")
    args = parser.parse_args()
    work = args.work or Path(tempfile.mkdtemp(prefix="detections-"))
    try:
        for name in args.only or (*SOURCES, "definitions"):
            log = work / name.replace(", ", "-").replace(" ", "-")
            try:
                if name == "definitions":
                    print("\n## definitions (never tuned)\n", *redefined(log), sep="\n")
                    continue
                with AuditLogger(FileAuditBackend(log), durability="buffered") as logger:
                    labels = list(record(SOURCES[name], logger))
            except ModuleNotFoundError as error:
                print(f"\n## {name}: skipped, {error.name} is not installed")
                continue
            found = judge(log)
            part = "held out" if SOURCES[name].held_out else "development"
            print(f"\n## {name} ({part}): {len(labels):,} sessions\n", flush=True)
            print("\n".join(table(labels, found)))
            print("\n".join(by_variant(labels, found, "injected-action")))
    finally:
        if args.work is None:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
