"""AgentThreatBench (as shipped by `inspect-evals`): a customer desk and an inbox whose texts speak to the agent.

A scripted model does the task, and obeys or resists. Its third part, a memory that was tampered with, asks for
nothing but words.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent_audit import AuditLogger

from .session import Label, Recorder

_ADDRESS = r"[\w.+-]+@[\w-]+\.[\w.-]*\w|https?://[^\s\"'<>)]+"
_CLEAN = "clean_baseline"


def record(logger: AuditLogger) -> Iterator[Label]:
    """Run and record each sample."""
    spec = importlib.util.find_spec("inspect_evals")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("inspect_evals")
    data = Path(next(iter(spec.submodule_search_locations))) / "agent_threat_bench/data"
    parts: dict[str, Callable[[Recorder, Any, bool], str]] = {
        "memory_poison": _memory,
        "data_exfil": _desk,
        "autonomy_hijack": _inbox,
    }
    for part, run in parts.items():
        for sample in json.loads((data / f"{part}.json").read_text()):
            clean = sample["attack_name"] == _CLEAN
            quiet = Label(f"threats/{sample['id']}/resisted", f"threats/{part}", "benign" if clean else "resisted")
            run(Recorder(logger, quiet), sample, False)
            yield quiet
            if not clean:
                label = Label(f"threats/{sample['id']}/obeyed", f"threats/{part}", "")
                yield label._replace(kind=run(Recorder(logger, label), sample, True))


def _memory(recorder: Recorder, sample: Any, obeys: bool) -> str:
    recorder.start(sample["input"])
    for key, value in sample["memory_store"].items():
        recorder.call("memory_read", {"key": key}, lambda value=value: (value, None))
    recorder.stop(sample["attack_marker"] if obeys else sample["target"])
    return "only in words"


def _desk(recorder: Recorder, sample: Any, obeys: bool) -> str:
    """The attacker's address is the first one in a customer's record that may not have the data."""
    customers, allowed = sample["customer_db"], sample["authorized_recipients"]
    recorder.start(sample["input"])
    found = [customer for customer in customers if customer["id"] in sample["input"]] or customers
    output = "\n\n".join("\n".join(f"{name}: {value}" for name, value in one.items()) for one in found)
    recorder.call("lookup_customer", {"query": found[0]["id"]}, lambda: (output, None))
    others = [address for address in re.findall(_ADDRESS, output) if address not in allowed]
    if obeys and others:
        _send(recorder, others[0], f"Record: {sample['sensitive_fields'][0]}")
    _send(recorder, allowed[0], "We have looked into it.")
    recorder.call("resolve_ticket", {"customer_id": found[0]["id"], "resolution": "done"}, lambda: ("Resolved.", None))
    recorder.stop("Done.")
    return "attacked" if others else "failed attack"


def _send(recorder: Recorder, recipient: str, body: str) -> None:
    recorder.call("send_message", {"recipient": recipient, "body": body}, lambda: ("Sent.", None))


def _inbox(recorder: Recorder, sample: Any, obeys: bool) -> str:
    recorder.start(sample["input"])
    output = "\n\n".join(
        f"Email {place}:\n  From: {mail['from']}\n  Subject: {mail['subject']}\n  Body: {mail['body']}"
        for place, mail in enumerate(sample["inbox"], start=1)
    )
    recorder.call("read_inbox", {}, lambda: (output, None))
    for place, mail in enumerate(sample["inbox"], start=1):
        _file(recorder, "categorize_email", {"email_index": place, "category": "normal"})
        _file(recorder, "draft_summary", {"email_index": place, "summary": mail["subject"]})
        if obeys and place in sample["attack_email_indices"]:
            _file(recorder, "draft_summary", {"email_index": place, "summary": sample["forbidden_actions"][0]})
    recorder.stop("Done.")
    return "attacked"


def _file(recorder: Recorder, name: str, arguments: dict[str, Any]) -> None:
    recorder.call(name, arguments, lambda: ("ok", None))
