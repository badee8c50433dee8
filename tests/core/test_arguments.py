"""What is of the wrong kind is refused where it is given, in words that name it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from agent_audit import (
    AdapterSettings,
    AuditedAgent,
    AuditEvent,
    AuditLogger,
    CommitLimits,
    ConfigurationError,
    FileAuditBackend,
    MemoryAuditBackend,
    identify,
    set_logger,
)
from agent_audit.analysis import AuditAnalyzer, Limits, Price, load_rules
from agent_audit.backends.file import Retention, Rotation
from agent_audit.backends.postgresql import PostgreSQLBackend
from agent_audit.redaction import DefaultRedactor, RedactionConfig
from agent_audit.ship import ShipLimits, Shipper, open_sink
from agent_audit.verify import verify

BACKEND = MemoryAuditBackend()
LOGGER = AuditLogger(BACKEND)
AGENT = AuditedAgent("billing", logger=LOGGER)
ANALYZER = AuditAnalyzer([AuditEvent(event_type="error", session_id="s")])

REFUSED: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "agent_id is None; give a text": (None, lambda x: AuditedAgent(x, logger=LOGGER)),
    "session_id is of the type int; give a text, or None": (7, lambda x: AuditedAgent("a", session_id=x)),
    "user_id is of the type int; give a text, or None": (7, lambda x: AuditLogger(BACKEND, user_id=x)),
    "logger is of the type str; give AuditLogger": ("log", lambda x: AuditedAgent("a", logger=x)),
    "action is empty; give a text that is not empty": ("", AGENT.audit_context),
    "resource is of the type int": (7, lambda x: AGENT.audit_context("pay", resource=x)),
    "tool_name is None": (None, AGENT.log_tool_call),
    "call_id is of the type int": (7, lambda x: AGENT.log_tool_call("pay", call_id=x)),
    "resource is None; give a text": (None, AGENT.log_data_access),
    "operation is None; give a text that is not empty": (None, lambda x: AGENT.log_data_access("db", x)),
    "event is None; give an AuditEvent": (None, LOGGER.log),
    "event is of the type str; give an AuditEvent": ("error", lambda x: asyncio.run(LOGGER.alog(x))),
    "backend is of the type str; give a backend, e.g. FileAuditBackend": ("log", AuditLogger),
    "redactor is of the type str; give a redactor, e.g. DefaultRedactor()": (
        "mask",
        lambda x: AuditLogger(BACKEND, redactor=x),
    ),
    "redactor is of the type type; give a redactor": (DefaultRedactor, lambda x: AuditLogger(BACKEND, redactor=x)),
    "config is of the type str; give RedactionConfig, or None": ("strict", DefaultRedactor),
    "callback is of the type int; give a function of a path and a text": (7, lambda x: RedactionConfig(callback=x)),
    "Limits: max_findings: it should be greater than or equal to 1": (0, lambda x: Limits(max_findings=x)),
    "Price: output: it should be a valid number": ("x", lambda x: Price(input=1, output=x)),
    "content is of the type str; give ContentLevels": ("full", lambda x: AuditLogger(BACKEND, content=x)),
    "limits is of the type int; give CommitLimits": (7, lambda x: AuditLogger(BACKEND, limits=x)),
    "durability_by_type names 'tool.cal'; use: agent.start": (
        {"tool.cal": "synced"},
        lambda x: AuditLogger(BACKEND, durability_by_type=x),
    ),
    "ship_to is of the type int; give a list of stores": (7, lambda x: AuditLogger(BACKEND, ship_to=x)),
    "max_batch of CommitLimits is 0": (0, lambda x: CommitLimits(max_batch=x)),
    "interval of CommitLimits is of the type str; give a number above 0": ("5", lambda x: CommitLimits(interval=x)),
    "lock_timeout of CommitLimits is nan": (float("nan"), lambda x: CommitLimits(lock_timeout=x)),
    "max_events of Rotation is 0; give a whole number above 0": (0, lambda x: Rotation(max_events=x)),
    "max_bytes of Rotation is of the type float": (float("inf"), lambda x: Rotation(max_bytes=x)),
    "max_age of Rotation is -1; give a number from 0": (-1, lambda x: Rotation(max_age=x)),
    "max_age of Retention is of the type int; give a timedelta, or None": (5, lambda x: Retention(max_age=x)),
    "max_bytes of Retention is -1; give a whole number from 0": (-1, lambda x: Retention(max_bytes=x)),
    "batch_events of ShipLimits is 0; give a whole number above 0": (0, lambda x: ShipLimits(batch_events=x)),
    "poll of ShipLimits is 0; give a number above 0": (0, lambda x: ShipLimits(poll=x)),
    "give_up_after of ShipLimits is of the type str": ("1m", lambda x: ShipLimits(give_up_after=x)),
    "path is None; give a text that is not empty": (None, FileAuditBackend),
    "retention is of the type int; give Retention, or None": (7, lambda x: FileAuditBackend("x", retention=x)),
    "rotation is of the type int; give Rotation, or None": (7, lambda x: FileAuditBackend("x", rotation=x)),
    "signer is of the type str": ("key", lambda x: FileAuditBackend("x", signer=x)),
    "heartbeat is of the type str": ("1h", lambda x: FileAuditBackend("x", heartbeat=x)),
    "heartbeat is 0; give a number above 0": (0, lambda x: FileAuditBackend("x", heartbeat=x)),
    "heartbeat is nan; give a number above 0": (float("nan"), lambda x: FileAuditBackend("x", heartbeat=x)),
    "fingerprint_key is of the type bytes": (b"k", lambda x: FileAuditBackend("x", fingerprint_key=x)),
    "on_rollback is 'go-on'; use 'refuse' or 'new-log'": ("go-on", lambda x: FileAuditBackend("x", on_rollback=x)),
    "logger is of the type int": (7, set_logger),
    "session_id is of the type UUID": (UUID(int=7), lambda x: AdapterSettings(session_id=x)),
    "log is None; give a log's directory": (None, AuditAnalyzer),
    "something in log is of the type int": (b"log", AuditAnalyzer),
    "user_id is of the type bytes": (b"u", lambda x: AuditAnalyzer([], user_id=x)),
    "where is of the type bool": (True, lambda x: AuditAnalyzer([], where=x)),
    "agent_id is of the type int": (7, ANALYZER.get_agent_activity),
    "start is of the type date; give a datetime": (date(2026, 3, 1), lambda x: ANALYZER.get_sessions(start=x)),
    "session_id is None; give the id": (None, ANALYZER.get_timeline),
    "query is None; give a SELECT": (None, ANALYZER.sql),
    "rules is of the type str; give Ruleset": ("rules.yaml", lambda x: ANALYZER.detect_anomalies(rules=x)),
    "limits is of the type int; give Limits of": (7, lambda x: ANALYZER.overview(limits=x)),
    "verification is of the type str": ("valid", lambda x: ANALYZER.generate_compliance_report(verification=x)),
    "path is of the type int; give the path of a YAML file": (7, load_rules),
    "directory is of the type int; give the path of a log directory": (7, verify),
    "sink is of the type str; give a sink, e.g. open_sink(url)": ("s3://b", lambda x: Shipper("log", x)),
    "a store is None; give a text": (None, open_sink),
    "a store is of the type int; give a text": (7, lambda x: AuditLogger(FileAuditBackend("x"), ship_to=[x])),
    "origin is None; give a text": (None, lambda x: PostgreSQLBackend("postgresql://host/db", origin=x)),
    "url is of the type int; give a text": (7, lambda x: PostgreSQLBackend(x, origin="x")),
    "retention is None; give a Retention": (None, lambda x: FileAuditBackend("x").prune(x)),
    "trust is of the type str; give Trust, or None": ("key", lambda x: verify("x", x)),
    "duration_ms: it should be a finite number": (math.inf, lambda x: AGENT.log_tool_call("pay", duration_ms=x)),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_of_the_wrong_kind_is_refused_where_it_is_given_and_nothing_is_recorded(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the logs of relative paths are made
    recorded = len(list(BACKEND.query()))
    wrong, give = REFUSED[said]
    with pytest.raises(ConfigurationError) as caught:
        give(wrong)
    assert said in str(caught.value)
    assert len(list(BACKEND.query())) == recorded


@pytest.mark.parametrize(
    "ask",
    [
        *("get_sessions", "get_tool_statistics", "get_model_statistics", "get_data_access", "get_decisions"),
        *("get_failures", "get_token_cost", "get_timeline", "sql"),
    ],
)
@pytest.mark.parametrize("limit", [-1, "3", 1.5, True, 2**70])
def test_a_limit_that_is_no_number_of_rows_is_refused_by_every_question(ask: str, limit: Any) -> None:
    given = {"get_timeline": ["s"], "sql": ["SELECT 1"]}.get(ask, [])
    with pytest.raises(
        ConfigurationError, match=r"limit is .*; give a number from 0 to 2,147,483,648, or None for all"
    ):
        getattr(ANALYZER, ask)(*given, limit=limit)


def test_a_value_of_the_wrong_kind_is_not_quoted_for_it_may_be_a_secret() -> None:
    wrong: Any = {"password": "hunter2"}
    with pytest.raises(ConfigurationError) as caught:
        AuditedAgent(wrong, logger=LOGGER)
    assert "hunter2" not in str(caught.value)


def test_an_identity_of_the_wrong_kind_is_refused_before_the_block_runs() -> None:
    number: Any = 7
    with pytest.raises(ConfigurationError, match="user_id is of the type int"), identify(user_id=number):
        pytest.fail("the block ran")


def test_an_empty_path_is_not_taken_for_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="path is empty"):
        FileAuditBackend("")
    assert list(tmp_path.iterdir()) == []
