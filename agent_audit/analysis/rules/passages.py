"""Outputs of tools that speak to the agent, and what its later calls took from them.

A passage reaches from the first phrase in an output that addresses or instructs a model to a little behind the last.
Only what stands in it, and was not known in the session before, counts as taken from it.
"""

from __future__ import annotations

from pydantic import Field

from agent_audit.analysis.rule import Parameters
from agent_audit.analysis.rules.fingerprints import fingerprints
from agent_audit.analysis.rules.instructions import INSTRUCTION
from agent_audit.analysis.scope import Scope, told_apart
from agent_audit.analysis.source import Expr, load_ibis

OUTPUTS = ("tool.response", "data.access")
CALLS = ("tool.call", "data.modify", "action.executed")
SESSION = ["log", "session_id"]
"""What an order of events holds in: seqs of two logs cannot be compared."""
SAID = ("agent.start", "llm.request")
"""What the user and the developer said is in these; so are earlier outputs."""

EFFECT = (
    "(^|[._])(send|post|share|forward|reply|publish|upload|invite|add|create|append|write|edit|update|modify|set|change|"
    "delete|remove|move|rename|cancel|book|reserve|buy|purchase|order|pay|transfer|schedule|reschedule|submit|execute|"
    "run|install|grant|register|close|withdraw|exchange|return)([._]|$)"
)
_HOST = r"(www\.|https?://)[a-z0-9._/-]{4,}"
_BLANKS = r"[\s'\"\\]+"


class Passages(Parameters):
    """How an instruction in an output and a call with an effect are recognised."""

    instruction: str = Field(INSTRUCTION, description="Regular expression; searched in lower case in outputs.")
    effect: str = Field(EFFECT, description="Regular expression; actions that change something, or reach somebody.")
    reach: int = Field(400, ge=1, description="Characters behind the last such phrase that still belong to it.")
    least: int = Field(4, ge=2, description="A shorter value of an argument says nothing.")


def passages(scope: Scope, parameters: Passages) -> Expr:
    """Outputs with a passage: `passage` (lower case, blanks and quotes as one blank) and where it `begins` and `ends`.

    That is in `source`, the result or, without one, the error.
    """
    ibis = load_ibis()
    events = told_apart(scope.payloads)
    outputs = events.filter(events.event_type.isin(OUTPUTS) & events.session_id.notnull())
    # Of a tool that failed the model reads the error, which a stranger's server may have written.
    told = ibis.coalesce(outputs.result.str, outputs.result.cast("string"), outputs.error)
    outputs = outputs.mutate(text=told.lower(), source=outputs.result.isnull().ifelse("error", "result"))
    outputs = outputs.filter(outputs.text.re_search(parameters.instruction))
    outputs = outputs.mutate(pieces=outputs.text.re_split(parameters.instruction))
    begins = outputs.pieces[0].length()
    last = outputs.text.length() - outputs.pieces[outputs.pieces.length() - 1].length()
    outputs = outputs.mutate(begins=begins, ends=last + parameters.reach)
    text = outputs.text.substr(outputs.begins, outputs.ends - outputs.begins)
    return outputs.select(
        *SESSION,
        "begins",
        "ends",
        "source",
        output_id="event_id",
        said_at="seq",
        passage=plain(text),
    )


def plain(text: Expr) -> Expr:
    """Without the quotes and line breaks that a value gets when it is written as YAML or JSON."""
    return text.lower().re_replace(_BLANKS, " ")


def effects(events: Expr, parameters: Passages) -> Expr:
    """The calls that change something or reach somebody; `data.modify` does by its type."""
    calls = events.filter(events.event_type.isin(CALLS))
    return calls.filter((calls.event_type == "data.modify") | calls.action.lower().re_search(parameters.effect))


def calls_after(scope: Scope, found: Expr, parameters: Passages) -> Expr:
    """Each call of a session with each passage before it; `effect` says whether it has one."""
    ibis = load_ibis()
    events = told_apart(scope.payloads)
    calls = events.filter(events.event_type.isin(CALLS) & events.session_id.notnull())
    effect = (calls.event_type == "data.modify") | ibis.coalesce(
        calls.action.lower().re_search(parameters.effect), False
    )
    calls = calls.select("event_id", "seq", *SESSION, "action", "parameters", effect=effect)
    pairs = calls.inner_join(found.view(), SESSION)
    return pairs.filter(pairs.seq > pairs.said_at)


def taken_as_text(scope: Scope, found: Expr, parameters: Passages) -> Expr:
    """(event_id, output_id): strings among a call's arguments that stand in the passage, and hosts in them."""
    ibis = load_ibis()
    pairs = calls_after(scope, found, parameters)
    pairs = pairs.filter(pairs.parameters.notnull())
    # Of JSON text without its keys, what stands between quotes is the strings; splitting works on every engine.
    values = pairs.parameters.cast("string").re_replace('"[^"]*" ?:', "").split('"')
    pairs = pairs.mutate(value=values.unnest())
    pairs = pairs.mutate(value=plain(pairs.value).strip())
    pairs = pairs.filter((pairs.value.length() >= parameters.least) & ~pairs.value.contains("[redacted"))
    # An argument that itself holds the instruction is a name somebody gave to a thing, not something taken from it.
    pairs = pairs.filter(~pairs.value.re_search(parameters.instruction))
    whole = pairs.filter(pairs.effect & pairs.passage.contains(pairs.value))
    hosts = pairs.mutate(value=pairs.value.re_extract(_HOST, 0))
    hosts = hosts.filter((ibis.coalesce(hosts.value, "") != "") & hosts.passage.contains(hosts.value))
    both = whole.select(*_TAKEN).union(hosts.select(*_TAKEN))
    return _unknown_before(scope, both)


def named_in(scope: Scope, found: Expr, parameters: Passages) -> Expr:
    """(event_id, output_id): calls whose every word the passage has, e.g. `delete_file`, and nobody said before."""
    pairs = calls_after(scope, found, parameters)
    pairs = pairs.filter(pairs.effect)
    words = pairs.action.lower().re_replace("^tool[.]", "").split("_")
    pairs = pairs.mutate(word=words.unnest())
    pairs = pairs.filter(pairs.word.length() > 2)
    pairs = pairs.mutate(word=pairs.word.left(5))  # "reserve" and "reservation"
    counted = pairs.group_by(["event_id", "output_id", *SESSION, "said_at"]).agg(
        words=pairs.count(), there=pairs.passage.contains(pairs.word).sum()
    )
    named = counted.filter((counted.words > 1) & (counted.words == counted.there))
    # One of the words must be new.
    new = pairs.semi_join(named.view(), ["event_id", "output_id"]).mutate(value=pairs.word)
    return _unknown_before(scope, new.select(*_TAKEN))


_TAKEN = ("event_id", "output_id", *SESSION, "said_at", "value")


def _unknown_before(scope: Scope, taken: Expr) -> Expr:
    """Without the values that somebody said in the session before the output."""
    events = told_apart(scope.payloads)
    said = events.filter(events.event_type.isin(SAID) & events.session_id.notnull() & events.parameters.notnull())
    sessions = taken.select(*SESSION).distinct()
    said = said.semi_join(sessions.view(), SESSION)
    said = said.select(
        known_in="session_id", known_log="log", known_at="seq", known=plain(said.parameters.cast("string"))
    ).view()
    told = [
        taken.session_id == said.known_in,
        taken.log == said.known_log,
        said.known_at < taken.said_at,
        said.known.contains(taken.value),
    ]
    return taken.anti_join(said, told).select("event_id", "output_id")


def taken_as_digest(scope: Scope, found: Expr, parameters: Passages) -> Expr:
    """(event_id, output_id): destinations in a call's arguments that stood in the passage, by fingerprint."""
    marks = fingerprints(told_apart(scope.events))
    marks = marks.select("event_id", *SESSION, "seq", "event_type", "digest", "path", "place")
    stood = marks.rename(output_id="event_id").inner_join(found.drop(*SESSION, "said_at").view(), "output_id")
    inside = (stood.path == stood.source) & (stood.place >= stood.begins) & (stood.place < stood.ends)
    # Of a nested result the place is known within its own text alone: being in the same output must do.
    nested = stood.path.startswith("result.") & stood.passage.contains("[redacted")
    stood = stood.filter(inside | nested).select("output_id", *SESSION, "digest", said_at="seq").distinct()
    before = marks.select(b_session="session_id", b_log="log", b_digest="digest", b_seq="seq").view()
    new = stood.anti_join(
        before,
        [
            stood.session_id == before.b_session,
            stood.log == before.b_log,
            stood.digest == before.b_digest,
            before.b_seq < stood.said_at,
        ],
    )
    used = marks.semi_join(effects(scope.events, parameters).select("event_id").view(), "event_id")
    used = used.filter(used.path.startswith("parameters"))
    used = used.select("event_id", *SESSION, "digest", "seq")
    both = used.inner_join(new.view(), [*SESSION, "digest"])
    both = both.filter(both.seq > both.said_at)
    return both.select("event_id", "output_id")
