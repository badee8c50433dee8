"""How a situation is brought about and checked."""

from __future__ import annotations

import unittest
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from agent_audit.analysis.pairing import unpaired
from agent_audit.event import AuditEvent, AuditEventType
from agent_audit.logger import AuditLogger, OnFailure
from agent_audit.testing.backends import FailingBackend
from agent_audit.testing.invariants import check_nothing_open, check_record, describe
from agent_audit.testing.script import AdapterDriver, Script


class Bench:
    """A driver with a log in memory."""

    def __init__(self, driver: AdapterDriver, on_failure: OnFailure) -> None:
        self.driver = driver
        self.backend = FailingBackend(failing=False)
        self.backend.fingerprint_key = bytes(range(32))
        self.logger = AuditLogger(self.backend, on_failure=on_failure)

    async def run(self, script: Script, **settings: Any) -> BaseException | None:
        """Record a run; returns what it raised."""
        with self.driver.recording(self.logger, **settings):
            try:
                await self.driver.run(script)
            except Exception as error:
                return error
        return None

    def events(self, *types: AuditEventType, **fields: Any) -> list[AuditEvent]:
        """What is on record, in order."""
        return [
            event
            for event in self.backend.events()
            if (not types or event.event_type in types) and all(getattr(event, k) == v for k, v in fields.items())
        ]

    def one(self, event_type: AuditEventType, **fields: Any) -> AuditEvent:
        """The only event of that kind."""
        found = self.events(event_type, **fields)
        assert len(found) == 1, f"{len(found)} {event_type} with {fields}, not one\n{self}"
        return found[0]

    def story(self, call_id: str) -> list[tuple[str, str | None]]:
        """Type and outcome of all that belongs to a call."""
        return [(str(event.event_type), event.outcome) for event in self.events(call_id=call_id)]

    def __str__(self) -> str:
        return "\n".join(map(describe, self.backend.events()))


@dataclass(frozen=True)
class Situation:
    """One thing that may happen to an agent."""

    name: str
    """A sentence that says what must be on record."""
    body: Callable[[Bench], Awaitable[None]]
    on_failure: OnFailure = "warn"

    def __str__(self) -> str:
        return self.name.replace(" ", "_")

    async def check(self, driver: AdapterDriver) -> None:
        """Bring it about and check the record; raises AssertionError that says what does not hold.

        Raises:
            unittest.SkipTest: the driver says that its framework does not have it.
        """
        unknown = set(driver.missing) - {one.name for one in SITUATIONS}
        assert not unknown, f"no such situation: {unknown}"
        if self.name in driver.missing:
            raise unittest.SkipTest(driver.missing[self.name])
        bench = Bench(driver, self.on_failure)
        with bench.logger:
            try:
                await self.body(bench)
            finally:
                bench.backend.failing, bench.backend.refused_type = False, None
            bench.logger.flush()
            check_record(bench.backend.events(), driver.framework)
            check_nothing_open(bench.logger.adapter_state)
            open_ones = unpaired(bench.backend.events())
            assert not open_ones, f"{list(map(str, open_ones))}\n{bench}"


SITUATIONS: list[Situation] = []
"""What every adapter must record."""

_Body = Callable[[Bench], Awaitable[None]]


def situation(name: str, *, on_failure: OnFailure = "warn") -> Callable[[_Body], _Body]:
    """Decorator: add a situation to those that every adapter is checked in.

    Args:
        name: a sentence that says what must be on record.
        on_failure: of the logger.
    """

    def add(body: _Body) -> _Body:
        SITUATIONS.append(Situation(name, body, on_failure))
        return body

    return add
