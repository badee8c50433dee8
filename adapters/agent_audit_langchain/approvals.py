"""Questions to humans and their answers, as `permission.check`, `action.approved` and `action.denied`.

LangGraph runs an interrupted task again when it is resumed, under the same namespace. So a question is remembered
by the namespace of its task, and its answer goes on record when that task starts again, before it can do anything.
In another process nobody remembers the question; then it is taken from the interrupt id that the answer names, and from
what the task is given and returns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent_audit import (
    ActionRequest,
    AuditLogger,
    BoundedMap,
    Outcome,
    Run,
    describe_check,
    describe_decision,
    digest_of,
    fork_safe_lock,
    same_arguments,
)
from agent_audit_langchain import messages
from agent_audit_langchain.graph import interrupt_ids, step_of
from agent_audit_langchain.identity import decider_in
from agent_audit_langchain.questions import (
    Decision,
    Question,
    as_requests,
    is_accepted,
    is_batch,
    match_by_evidence,
    read_decisions,
    read_question,
)
from agent_audit_langchain.talks import Talk, begins_talk, call_answered, talk_of

Note = Callable[..., Any]

_MAX_PENDING = 10_000

BROKEN_OFF = (Outcome.FAILURE, Outcome.CANCELLED)
"""How ends what may be tried again from where it was."""


@dataclass
class Resume:
    """The answer a graph was resumed with."""

    value: Any
    by_id: bool
    """Whether it is a dict of interrupt id to answer."""
    decided_by: str | None = None
    used: set[str | None] = field(default_factory=set)

    @classmethod
    def of(cls, value: Any, decided_by: str | None) -> Resume:
        ids = isinstance(value, dict) and value and all(_is_interrupt_id(key) for key in value)
        return cls(value, bool(ids), decided_by)


@dataclass
class Node:
    """A task of a graph, while it runs."""

    name: str
    namespace: str
    inputs: Any
    step: Any = None
    """Of its graph."""
    resume: Resume | None = None
    """What its graph was resumed with, or the one around that."""
    unexplained: Any = None
    """An answer that is for this task, as far as is known, without a question that is remembered."""
    has_unexplained: bool = False
    answered: Question | None = None
    """What it has asked and now has the answer to."""

    @property
    def calls(self) -> Any:
        return messages.tool_calls_in(self.inputs)

    def calls_decided_by(self, answer: Any) -> list[ActionRequest]:
        """What an answer may be about."""
        return as_requests(messages.tool_calls_judged(self.inputs) if is_batch(answer) else self.calls)


class Approvals:
    """What is asked and answered in the runs of one logger. Thread-safe.

    Args:
        logger: for keyed digests.
        note: records a point in time: `note(event_type=, run=, hook=, **fields)`.
    """

    def __init__(self, logger: AuditLogger, note: Note) -> None:
        self._digest = logger.digest
        self._note = note
        self._lock = fork_safe_lock()
        self._pending: BoundedMap[Question] = BoundedMap(_MAX_PENDING)
        self._stopped_at: BoundedMap[Question] = BoundedMap(_MAX_PENDING)
        """The last breakpoint of each thread."""
        self._broken_off: BoundedMap[bool] = BoundedMap(_MAX_PENDING)
        """The threads whose last run failed or was stopped: they may go on, and nobody was asked."""
        self._left: BoundedMap[Talk] = BoundedMap(_MAX_PENDING)
        """What was asked, decided and not done in conversations that may go on, by their places."""

    # -- asked -----------------------------------------------------------------------------------------

    def interrupted(self, run: Run, interrupts: Any, hook: str) -> None:
        """A run was stopped by interrupts: record each question once, at the deepest level."""
        node_run = nearest_node(run)
        node: Node | None = node_run.state["node"] if node_run else None
        for interrupt in interrupts:
            if not self._first_sight(run.root, interrupt.id):
                continue
            if node_run is not None and node is not None and node.has_unexplained:
                # It goes on to its next question, so the answer was to the one before.
                self._settle(node_run, node, None, hook=hook, after_effect=True, asks=interrupt.id)
            question = read_question(
                interrupt.value,
                interrupt.id,
                calls=node.calls if node else (),
                judged=messages.tool_calls_judged(node.inputs) if node else (),
                tool=run.state.get("request"),
                schema=getattr(interrupt, "response_schema", None),
                steps=_steps_around(node_run),
            )
            if self._remember(node.namespace if node else interrupt.id, question):
                self._record_question(run, question, hook)

    def at_breakpoint(self, run: Run, event: Any) -> None:
        """The graph stopped before or after a node, as it was compiled to."""
        asked = ActionRequest("interrupt", {"status": event.status}, event.checkpoint_id)
        question = Question(None, "breakpoint", [asked])
        if self._remember(event.checkpoint_id, question):
            self._stopped_at[talk_of(run).thread, event.checkpoint_ns] = question
            self._record_question(run, question, "on_interrupt")

    def _first_sight(self, root: Run, interrupt_id: str) -> bool:
        with self._lock:
            seen: set[str] = root.state.setdefault("interrupts", set())
            if interrupt_id in seen:
                return False
            seen.add(interrupt_id)
            return True

    def _remember(self, key: str, question: Question) -> bool:
        """False when just this question is open already: the graph was resumed with the answer to another one."""
        with self._lock:
            known = self._pending.get(key)
            if known is not None and known.interrupt_id == question.interrupt_id:
                return False
            self._pending[key] = question
            return True

    def _record_question(self, run: Run, question: Question, hook: str) -> None:
        facts = {"kind": question.kind, "interrupt_id": question.interrupt_id, "asked": question.asked}
        for request in question.requests:
            if _is_call(request):
                talk_of(run).asked.add(request.call_id)
            self._note(run=run, hook=hook, after_effect=True, **describe_check(request, digest=self._digest, **facts))

    # -- answered --------------------------------------------------------------------------------------

    def node_started(self, run: Run, node: Node) -> None:
        """A task starts; if the graph was resumed and this task is the one that asked, here is the answer."""
        if node.resume is None:
            return
        with self._lock:
            question = self._pending.get(node.namespace)
            found, answer = _answer_for(node.resume, question, node)
            if not found or (question is None and not node.resume.by_id and self._is_for_another(run)):
                return
            if question is not None and not is_accepted(question, answer):
                # Refused by whoever asked, most likely; if it is not, that shows when the task ends.
                node.unexplained, node.has_unexplained = answer, True
                return
            if question is not None:
                node.resume.used.add(question.interrupt_id if node.resume.by_id else "")
                node.answered = self._pending.pop(node.namespace)
        if question is None:
            self._answer_without_question(run, node, node.resume, answer)
            return
        for request, decision in _decisions_on(question, answer):
            self._record_decision(run, request, decision, question, decided_by=node.resume.decided_by)

    def _is_for_another(self, run: Run) -> bool:
        """Whether an answer that names no question is for one that another task asked, which is remembered.

        LangGraph takes such an answer only when one question is open: the one that was asked at the same step. A
        question from an earlier step was answered elsewhere.
        """
        here = _steps_around(run)
        for question in self._pending.values():
            common = here.keys() & question.steps.keys()
            if common and all(here[graph] == question.steps[graph] for graph in common):
                return True
        return False

    def before_effect(self, run: Run | None) -> None:
        """Something is about to be done in a task: what it was answered is on record before.

        Raises `WriteError` when the logger is fail-closed.
        """
        node_run = nearest_node(run)
        if node_run is None or not node_run.state["node"].has_unexplained:
            return
        node: Node = node_run.state["node"]
        if not is_batch(node.unexplained):
            self._settle(node_run, node, None, hook="on_chain_start", after_effect=False)

    def continued(self, run: Run, event: Any) -> None:
        """A graph goes on from a checkpoint: that is the yes to a breakpoint."""
        talk = talk_of(run)
        where = (talk.thread, event.checkpoint_ns)
        question = self._pending.pop(event.checkpoint_id)
        stopped_at = self._stopped_at.pop(where)
        broken_off = self._broken_off.pop(talk.thread)
        if question is not None:
            self._record_decision(run, question.requests[0], Decision("approve"), question, hook="on_resume")
        elif stopped_at is not None:
            (asked,) = stopped_at.requests
            if step_of(event.checkpoint_id) <= step_of(asked.call_id):
                return  # a change is a step of its own: it goes on from before the breakpoint, which nobody let it pass
            # Somebody has changed the state meanwhile, which made another checkpoint.
            self._pending.pop(asked.call_id)
            edit = Decision("edit", {**asked.parameters, "checkpoint_id": event.checkpoint_id})
            self._record_decision(run, asked, edit, stopped_at, hook="on_resume")
        elif talk.goes_on and talk.decided_by and begins_talk(run) and not broken_off:  # stopped in another process
            asked = ActionRequest("interrupt", None, event.checkpoint_id)
            self._record_decision(run, asked, Decision("approve"), None, hook="on_resume")

    def begun(self, talk: Talk, *, anew: bool) -> None:
        """A conversation begins: anew, or it goes on from where it was, which may be a breakpoint."""
        if talk.place is None:
            return
        before = self._left.pop(talk.place)
        if anew:
            self._stopped_at.pop((talk.thread, ()))
            self._broken_off.pop(talk.thread)
        elif before is not None:
            talk.continue_from(before)

    def interrupted_talk(self, talk: Talk, *, broken_off: bool) -> None:
        """A conversation has ended before its time, and may go on; if it failed, that is no answer to a breakpoint."""
        left = talk.left_open()
        if talk.place is not None and left is not None:
            self._left[talk.place] = left
        if talk.place is not None and broken_off:
            self._broken_off[talk.thread] = True

    def _answer_without_question(self, run: Run, node: Node, resume: Resume, answer: Any) -> None:
        calls = node.calls_decided_by(answer)
        expected = len(answer["decisions"]) if is_batch(answer) else 1
        decisions = read_decisions(answer, expected)
        if len(calls) != expected or (is_batch(answer) and any(one.kind == "answer" for one in decisions)):
            node.unexplained, node.has_unexplained = answer, True
            if resume.by_id and not is_batch(answer):
                self._settle(run, node, None, hook="on_chain_start", after_effect=False)
            return  # which calls were asked about, or whether a task further down has asked, shows later
        resume.used.add("")
        for request, decision in zip(calls, decisions, strict=False):
            self._record_decision(run, request, decision, None, decided_by=resume.decided_by)

    def node_ended(self, run: Run, node: Node, outputs: Any, outcome: Outcome = Outcome.SUCCESS) -> None:
        """A task ended: an answer whose question nobody remembers is explained now or not at all."""
        if outcome in BROKEN_OFF and node.answered is not None:  # it may be answered once more
            self._pending.claim(node.namespace, node.answered)
        if not node.has_unexplained:
            return
        if outcome is Outcome.FAILURE and (is_batch(node.unexplained) or node.namespace in self._pending):
            node.has_unexplained = False  # it was refused, and decides nothing
            return
        self._settle(run, node, outputs, hook="on_chain_end", after_effect=True)

    def _settle(
        self, run: Run, node: Node, outputs: Any, *, hook: str, after_effect: bool, asks: str | None = None
    ) -> None:
        resume = node.resume
        node.has_unexplained = False
        if resume is None:
            return
        with self._lock:
            if not resume.by_id and "" in resume.used:
                return  # a task further down took it
            resume.used.add("")
            question = node.answered = self._pending.pop(node.namespace)
        answer = node.unexplained
        explained = self._explain(node, outputs, asks) if question is None else _decisions_on(question, answer)
        for request, decision in explained:
            self._record_decision(
                run,
                request,
                decision,
                question,
                decided_by=resume.decided_by,
                after_effect=after_effect,
                hook=hook,
            )

    def _explain(self, node: Node, outputs: Any, asks: str | None) -> list[tuple[ActionRequest, Decision]]:
        calls = node.calls_decided_by(node.unexplained)
        decisions = read_decisions(node.unexplained, len(calls))
        if not calls or not is_batch(node.unexplained):
            resume, ids = node.resume, interrupt_ids(node.namespace)
            named = [one for one in ids if resume is not None and resume.by_id and one in resume.value]
            before = ids[ids.index(asks) - 1 :] if asks in ids[1:] else ids
            interrupt_id = (named or before)[0]  # a guess when none is named and the task, which has asked before, ends
            return [(ActionRequest("interrupt", None, interrupt_id), decision) for decision in decisions]
        spoken = {message.tool_call_id for message in messages.tool_messages(outputs)}
        edits = [update.get("hitl_edited_tool_calls") or {} for update in messages.updates(outputs)]
        return match_by_evidence(decisions, calls, spoken, {call_id for edit in edits for call_id in edit})

    def _record_decision(
        self,
        run: Run,
        request: ActionRequest,
        decision: Decision,
        question: Question | None,
        *,
        decided_by: str | None = None,
        hook: str = "on_chain_start",
        after_effect: bool = False,
    ) -> None:
        talk = talk_of(run)
        denied = decision.kind in ("reject", "respond")
        edited = decision.kind == "edit"
        decided = ActionRequest(
            action=f"tool.{decision.name}" if decision.name else request.action,
            parameters=decision.parameters if edited else request.parameters,
            call_id=request.call_id,
        )
        if _is_call(request):
            talk.asked.discard(request.call_id)
            if edited and question is not None and question.in_tool:
                talk.told_tools[request.call_id] = decided
            else:
                talk.decided[request.call_id] = decided.parameters
            if denied:
                call_answered(run, request.call_id)
            else:
                call = {"name": decided.action.removeprefix("tool."), "args": decided.parameters, "id": request.call_id}
                talk.requested.setdefault(request.call_id, call)
                talk.due.add(request.call_id)
        described = describe_decision(
            decided,
            approved=not denied,
            digest=self._digest,
            decision=decision.kind,
            kind=question.kind if question else None,
            interrupt_id=question.interrupt_id if question else None,
            edited=edited or None,
            message=None if decision.kind == "respond" else decision.text,
            decided_by=decided_by or talk.decided_by or decider_in(talk.settings),
            question_from=None if question else "resumed run",
        )
        self._note(run=run, hook=hook, after_effect=after_effect, result=_said(decision, question), **described)

    def decided_on(self, parent: Run | None, request: ActionRequest) -> dict[str, Any] | None:
        """For the metadata of a call that somebody decided on in this run: whether it is the one they saw."""
        if parent is None:
            return None
        talk = talk_of(parent)
        if talk.told_tools and request.call_id is None:
            return self._told_by_tool(talk, request)
        if not talk.decided or request.call_id not in talk.decided:
            return None
        return self._compared(request, talk.decided[request.call_id])

    def _told_by_tool(self, talk: Talk, request: ActionRequest) -> dict[str, Any] | None:
        """A tool that asked calls another one of its name in its place, which has no id of its own."""
        told = [one for one in talk.told_tools.values() if one.action == request.action]
        obeyed = [one for one in told if same_arguments(one.parameters, request.parameters)]
        if not obeyed and len(told) != 1:
            return None
        one = (obeyed or told)[0]
        talk.told_tools.pop(one.call_id, None)
        return self._compared(ActionRequest(request.action, request.parameters, one.call_id), one.parameters)

    def _compared(self, request: ActionRequest, decided: Any) -> dict[str, Any]:
        facts = digest_of(request, self._digest)
        if not same_arguments(decided, request.parameters):
            facts["differs_from_decision"] = True
        return facts


def _is_call(request: ActionRequest) -> bool:
    """Whether the question is about a tool call, not about whether and how a graph goes on."""
    return request.call_id is not None and request.action != "interrupt"


def nearest_node(run: Run | None) -> Run | None:
    """The task of a graph that a run is part of."""
    while run is not None and "node" not in run.state:
        run = run.parent
    return run


def _answer_for(resume: Resume, question: Question | None, node: Node) -> tuple[bool, Any]:
    """The part of the answer that is for this task, if any; each is given once."""
    if not resume.by_id:
        if "" in resume.used or (question is None and not _may_have_asked(node, resume.value)):
            return False, None
        return True, resume.value
    ids = [question.interrupt_id] if question else interrupt_ids(node.namespace)
    for interrupt_id in ids:
        if interrupt_id is not None and interrupt_id in resume.value and interrupt_id not in resume.used:
            if question is None:
                resume.used.add(interrupt_id)
            return True, resume.value[interrupt_id]
    return False, None


def _may_have_asked(node: Node, answer: Any) -> bool:
    """Several decisions at once are for whoever judges the model's calls, not for the task that executes one."""
    return not (is_batch(answer) and isinstance(node.inputs, (list, tuple)))


def _decisions_on(question: Question, answer: Any) -> list[tuple[ActionRequest, Decision]]:
    decisions = read_decisions(answer, len(question.requests))
    if len(decisions) == 1:  # one yes or no to all that was asked at once
        decisions *= len(question.requests)
    return list(zip(question.requests, decisions, strict=False))


def _steps_around(run: Run | None) -> dict[Any, Any]:
    """Of each graph around a run, the step it is at; a graph is known by its thread and its place within others."""
    steps = {}
    while (run := nearest_node(run)) is not None:
        node: Node = run.state["node"]
        steps[talk_of(run).thread, node.namespace.rpartition("|")[0]] = node.step
        run = run.parent
    return steps


def _said(decision: Decision, question: Question | None) -> Any:
    """What goes on record as the result: the human's words in place of the tool's, or what `interrupt()` returns."""
    if decision.kind == "respond":
        return decision.text
    plain = question is not None and question.kind == "interrupt"
    return decision.value if plain or decision.kind == "answer" or question is None else None


def _is_interrupt_id(key: Any) -> bool:
    return isinstance(key, str) and len(key) == 32 and all(letter in "0123456789abcdef" for letter in key)
