"""Situations in which somebody is asked before a tool may run."""

from __future__ import annotations

from typing import Any

from agent_audit.event import AuditEventType, Outcome
from agent_audit.testing.bench import Bench, situation
from agent_audit.testing.script import Script, ScriptedCall, ScriptedTool

T = AuditEventType


class Human(dict[str, bool]):
    """What somebody decides, call by call. Remembers what was on record when they were asked."""

    def __init__(self, bench: Bench, decisions: dict[str, bool]) -> None:
        super().__init__(decisions)
        self._bench = bench
        self.known: dict[str, list[tuple[str, str | None]]] = {}
        """Call id -> its story until then."""
        self.stops: set[str | None] = set()
        """Outcomes of agents that had stopped by then."""

    def __getitem__(self, call_id: str) -> bool:
        if call_id in self and call_id not in self.known:
            self._bench.logger.flush(sync=False)
            self.known[call_id] = self._bench.story(call_id)
            self.stops |= {event.outcome for event in self._bench.events(T.AGENT_STOP)}
        return super().__getitem__(call_id)

    def get(self, call_id: str, default: Any = None) -> Any:
        """As of any dict, through `__getitem__`."""
        try:
            return self[call_id]
        except KeyError:
            return default

    def check(self) -> None:
        """Each call was asked about before it was decided on, and nobody was said to be done."""
        for call_id in self:
            assert call_id in self.known, f"the driver has not looked up what is decided about {call_id}"
            kinds = [kind for kind, _ in self.known[call_id]]
            assert "permission.check" in kinds, f"nobody was on record as being asked about {call_id}: {self._bench}"
            assert not {"action.approved", "action.denied"} & set(kinds), f"decided before anybody was asked: {call_id}"
        assert Outcome.SUCCESS not in self.stops, f"an agent that waits for somebody has not succeeded\n{self._bench}"


def _paying(bench: Bench, decisions: dict[str, bool]) -> tuple[Script, Human, list[int]]:
    """One call of `pay` for each decision: of 5, 6, … Returns the script, who decides, and what is paid."""
    paid: list[int] = []

    def pay(amount: int) -> str:
        paid.append(amount)
        return "paid"

    calls = [ScriptedCall("pay", {"amount": 5 + place}, call_id) for place, call_id in enumerate(decisions)]
    human = Human(bench, decisions)
    return Script([calls, "done"], [ScriptedTool("pay", pay, needs_approval=True)], approvals=human), human, paid


def _check_digests(bench: Bench, call_id: str) -> None:
    """Question, decision and the call that follows are about the same arguments, and say so."""
    told = bench.events(T.PERMISSION_CHECK, T.ACTION_APPROVED, T.ACTION_DENIED, call_id=call_id)
    if bench.events(T.ACTION_APPROVED, call_id=call_id):
        told += bench.events(T.TOOL_CALL, call_id=call_id)[-1:]
    digests = [(event.metadata or {}).get("arguments") for event in told]
    assert None not in digests, f"without a digest of the arguments: {told[digests.index(None)].event_type}\n{bench}"
    assert all(digest == digests[0] for digest in digests), f"not all have the same digest: {digests}\n{bench}"


@situation("an approved call is asked, approved and carried out")
async def _an_approval(bench: Bench) -> None:
    script, human, paid = _paying(bench, {"c1": True})
    assert await bench.run(script) is None
    human.check()
    assert paid == [5]
    story = [kind for kind, outcome in bench.story("c1") if outcome is not Outcome.SUSPENDED]
    wanted = ["action.request", "permission.check", "action.approved", "tool.call", "tool.response"]
    assert [kind for kind in wanted if kind in story] == wanted, bench
    assert story.index("permission.check") < story.index("action.approved"), bench
    assert "tool.call" in story[story.index("action.approved") :], "it is carried out after the decision"
    assert bench.one(T.ACTION_APPROVED).parameters == {"amount": 5}, "what was decided on"
    _check_digests(bench, "c1")


@situation("a rejected call is denied and not carried out")
async def _a_rejection(bench: Bench) -> None:
    script, human, paid = _paying(bench, {"c1": False})
    assert await bench.run(script) is None
    human.check()
    assert not paid
    denied = bench.one(T.ACTION_DENIED)
    assert (denied.call_id, denied.outcome) == ("c1", Outcome.DENIED), bench
    assert Outcome.SUCCESS not in {event.outcome for event in bench.events(call_id="c1")}, bench
    _check_digests(bench, "c1")


@situation("of calls that wait at once each is asked about and answered")
async def _several_questions(bench: Bench) -> None:
    script, human, paid = _paying(bench, {"c1": True, "c2": False, "c3": True})
    assert await bench.run(script) is None
    human.check()
    assert sorted(paid) == [5, 7]
    for call_id, approved in human.items():
        bench.one(T.PERMISSION_CHECK, call_id=call_id)
        decision = bench.events(T.ACTION_APPROVED, T.ACTION_DENIED, call_id=call_id)
        wanted = T.ACTION_APPROVED if approved else T.ACTION_DENIED
        assert [event.event_type for event in decision] == [wanted], f"what was decided about {call_id}\n{bench}"
        outcomes = {event.outcome for event in bench.events(T.TOOL_RESPONSE, call_id=call_id)}
        assert (Outcome.SUCCESS in outcomes) is approved, bench
        _check_digests(bench, call_id)
