"""How the events of a session nest: starts with their ends, under the operation they ran under. Pure Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agent_audit.pairs import BEGINS_A_CALL, BY_CALL, BY_SPAN

Row = dict[str, Any]
"""An event: a row of the log's relation."""

_ENDS = frozenset().union(*BY_SPAN.values())
Call = tuple[str, int]
"""A call id, and how often the model had asked for a call of that id: it may use ids again in each turn."""

_DECISIONS = ("action.approved", "action.denied")
_ASKING = frozenset({"permission.check", *_DECISIONS})


@dataclass
class Node:
    """One operation, or one event that is none."""

    head: Row
    """The event that says what it is: an operation's start."""
    events: list[Row]
    """In order of the log."""
    end: Row | None = None
    answered: bool = False
    """Whether the model's request was taken up or decided on."""
    call: Call | None = None
    """Of its head."""
    approvals: list[tuple[Row | None, Row | None]] = field(default_factory=list)
    """Questions and decisions about it."""
    depth: int = 0
    parent: int | None = None
    """Place of the node it ran under in what `nested` returns."""

    @property
    def open(self) -> bool:
        """Whether it is an intent that nothing ended."""
        kind = self.head["event_type"]
        waits = kind in BY_SPAN and bool(self.head["span_id"] or (kind in BY_CALL and self.head["call_id"]))
        return waits and self.end is None and not self.answered


def nested(events: Iterable[Row]) -> list[Node]:
    """The nodes of a session, each before those under it, siblings in order of time.

    Args:
        events: all of one session, in order of the log.
    """
    found = list(events)
    nodes, questions = _operations(found)
    _attach(questions, nodes)
    return _in_order(nodes)


def _operations(events: list[Row]) -> tuple[list[Node], list[tuple[Call, Row]]]:
    """Events joined by their span, and apart from them those that ask and decide."""
    nodes: list[Node] = []
    by_span: dict[str, Node] = {}
    requests: dict[str, Node] = {}
    asked_for: dict[str, int] = defaultdict(int)
    questions = []
    for event in events:
        kind, span, call = event["event_type"], event["span_id"], event["call_id"]
        if kind == BEGINS_A_CALL and call:
            asked_for[call] += 1
        if call in requests and kind in BY_CALL["action.request"]:
            requests[call].answered = True
        if kind in _ASKING and call:
            questions.append(((call, asked_for[call]), event))
            continue
        started = by_span.get(span) if kind in _ENDS else None
        if started and kind in BY_SPAN[started.head["event_type"]]:
            started.events.append(event)
            started.end = event
            continue
        node = Node(event, [event], end=event if kind in _ENDS else None)
        node.call = (call, asked_for[call]) if call else None
        if kind == "tool.call" and call in requests:
            # What the model asked for and the framework then called is one step.
            request = requests.pop(call)
            node.events = [*request.events, event]
            nodes.remove(request)
        nodes.append(node)
        if kind == "action.request" and call:
            requests[call] = node
        if kind in BY_SPAN and span:
            by_span[span] = node
    return nodes, questions


def _attach(questions: list[tuple[Call, Row]], nodes: list[Node]) -> None:
    """Give each question and its answer to the operation of the same call; without one it is a node itself."""
    by_call: dict[Call, Node] = {}
    for node in nodes:
        call = node.call
        # A call that was made again: the first operation that is one.
        if call and (call not in by_call or by_call[call].head["event_type"] != "tool.call"):
            by_call[call] = node
    waiting: dict[Call, list[Row]] = defaultdict(list)
    for call, event in questions:
        if event["event_type"] == "permission.check":
            waiting[call].append(event)
            continue
        asked = waiting.pop(call, [])
        # Who answers what was asked again answers it all.
        _give(by_call, nodes, call, asked[-1] if asked else None, event).events += asked[:-1]
    for call, asked_for in waiting.items():
        for event in asked_for:
            _give(by_call, nodes, call, event, None)
    for node in nodes:
        if node.approvals:
            node.events.sort(key=lambda event: (event["log"] or "", event["seq"]))


def _give(by_call: dict[Call, Node], nodes: list[Node], call: Call, asked: Row | None, decided: Row | None) -> Node:
    event = asked or decided
    assert event is not None
    node = by_call.get(call)
    if node is None:
        node = Node(event, [one for one in (asked, decided) if one], end=decided)
        nodes.append(node)
        by_call[call] = node
    node.approvals.append((asked, decided))
    return node


def _in_order(nodes: list[Node]) -> list[Node]:
    """Depth first. A parent that is its own descendant (a forged or damaged log) is taken for none."""
    by_span: dict[str, Node] = {}
    for node in nodes:
        span = node.head["span_id"]
        if span and (node.head["event_type"] in BY_SPAN or span not in by_span):
            by_span[span] = node
    children: dict[int | None, list[Node]] = defaultdict(list)
    for node in nodes:
        above = _above(node, by_span)
        children[None if above is None else id(above)].append(node)
    ordered: list[Node] = []
    seen: set[int] = set()
    _walk(_by_time(children[None]), children, ordered, seen)
    # What is left hangs in circles: each begins anew at its earliest node.
    for node in _by_time(nodes):
        if id(node) not in seen:
            _walk([node], children, ordered, seen)
    return ordered


def _above(node: Node, by_span: dict[str, Node]) -> Node | None:
    """The operation it ran under; an event that only shares an operation's span is part of that one."""
    own = by_span.get(node.head["span_id"] or "")
    above = own if own is not None and own is not node else by_span.get(node.head["parent_span_id"] or "")
    return None if above is node else above


def _walk(roots: list[Node], children: dict[int | None, list[Node]], ordered: list[Node], seen: set[int]) -> None:
    """Without recursion: a chain may be as deep as an attacker likes."""
    stack: list[tuple[Node, int, int | None]] = [(node, 0, None) for node in reversed(roots)]
    while stack:
        node, depth, parent = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        node.depth, node.parent = depth, parent
        place = len(ordered)
        ordered.append(node)
        stack += [(child, depth + 1, place) for child in reversed(_by_time(children[id(node)]))]


def _by_time(nodes: list[Node]) -> list[Node]:
    return sorted(nodes, key=lambda node: (node.head["timestamp"], node.head["seq"]))
