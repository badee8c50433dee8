"""Permissions got around: no approval where others were asked, other arguments than approved, done though denied,
another way in."""

from __future__ import annotations

from pydantic import Field

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.kinds import kinds, kinds_in_log
from agent_audit.analysis.operations import DECISIONS, at, is_at, nearest, with_beginnings
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.rules.denials import kept_denials
from agent_audit.analysis.scope import EVIDENCE, Scope, effective_outcome, ended, not_refused
from agent_audit.analysis.source import Expr, load_ibis
from agent_audit.wording import plural


class MissingApproval(Parameters):
    """See `MISSING_APPROVAL`."""

    approvals: int = Field(3, ge=1, description="So many approvals in the log make an action one that is asked for.")


class DeniedThenDone(Parameters):
    """See `DENIED_THEN_DONE`."""

    denials: int = Field(
        3, ge=1, description="So many denials of an agent in a session, and after the last or a later one ..."
    )
    minutes: float = Field(10.0, gt=0, description="... within so many minutes a success with another action.")


class AccessErrors(Parameters):
    """See `ACCESS_ERRORS`."""

    more_than: int = Field(5, ge=0, description="More failures of one agent than this speak of access.")
    pattern: str = Field(
        "permission denied|access denied|accessdenied|unauthori[sz]ed|forbidden|not authori[sz]ed|"
        "authentication (failed|required|error)|invalid (api key|credentials|token)|insufficient (privileges|scope)|"
        "permissionerror|(^|[^0-9])40[13]([^0-9]|$)",
        description="Regular expression; searched in lower case in the error and its type.",
    )


def unapproved(scope: Scope, parameters: MissingApproval) -> Expr:
    """Calls that ended well without an approval, of actions that others were approved for."""
    decided = scope.log.filter(scope.log.event_type == "action.approved")
    asked = decided.filter(decided.action.notnull())
    asked = asked.group_by("action").agg(approvals=asked.count())
    asked = asked.filter(asked.approvals >= parameters.approvals)
    calls = scope.events.filter(scope.events.event_type == "tool.call")
    calls = not_refused(scope, calls.semi_join(asked, "action"))
    done, _ = _after_approvals(calls, decided, scope.log)
    return calls.anti_join(done, is_at(calls, done)).select(*calls.columns)


def denied_and_done(scope: Scope, parameters: Parameters) -> Expr:
    """Calls that began after they were denied, with no approval since.

    One that had begun before and has not come to an end since asks by itself, and goes on when it is answered: it has
    the answer, and may end well.
    """
    log = scope.log
    ended_by_itself = (log.event_type == "tool.response") & log.outcome.isin(("success", "failure"))
    said = log.filter((log.event_type.isin((*DECISIONS, "tool.call")) | ended_by_itself) & log.call_id.notnull())
    said = said.semi_join(log.filter(log.event_type == "action.denied").select("call_id").view(), "call_id")
    said = with_beginnings(said, log)
    kinds = {"approval": "action.approved", "denial": "action.denied", "begun": "tool.call", "end": "tool.response"}
    said = nearest(said, {name: said.event_type == kind for name, kind in kinds.items()})
    none_since = said.approval.isnull() | (said.approval < said.denial)
    begins = said.begun.isnull() | (said.begun > said.denial) | (said.end > said.begun)
    done = at(said.filter((said.event_type == "tool.call") & said.denial.notnull() & none_since & begins))
    calls = scope.events.filter(scope.events.event_type == "tool.call")
    return not_refused(scope, calls.semi_join(done, is_at(calls, done))).select(*calls.columns)


def changed_arguments(scope: Scope, parameters: Parameters) -> Expr:
    """Calls whose keyed digest of arguments is not the one that was approved last before them."""
    approved = _digested(scope.log.filter(scope.log.event_type == "action.approved"))
    calls = scope.events.filter(scope.events.event_type == "tool.call")
    calls = _digested(calls.semi_join(approved.select("call_id").view(), "call_id"))
    # The last decision counts: an approval may be asked for again after the arguments were edited.
    done, approvals = _after_approvals(calls, approved, scope.log, approved_digest="arguments_digest")
    both = calls.inner_join(done, is_at(calls, done))
    both = both.inner_join(approvals, is_at(both, approvals, "approval"))
    return both.filter(both.arguments_digest != both.approved_digest).select(*calls.columns)


def _after_approvals(calls: Expr, approvals: Expr, log: Expr, **told: str) -> tuple[Expr, Expr]:
    """Where the calls are that an approval was there for, with the `seq` of the latest as `approval`; and where the
    approvals are, with what they tell."""
    columns = ("log", "seq", "timestamp", "event_type", "session_id", "call_id")
    ids = approvals.select("call_id").view()
    said = approvals.select(*columns).union(calls.select(*columns).semi_join(ids, "call_id"))
    said = with_beginnings(said.filter(said.call_id.notnull()), log)
    said = nearest(said, {"approval": said.event_type == "action.approved"})
    done = said.filter((said.event_type == "tool.call") & said.approval.notnull())
    return at(done, approval="approval"), at(approvals, **told)


def _digested(events: Expr) -> Expr:
    """The events that have a call id and the keyed digest of arguments, as `arguments_digest`."""
    digest = events.metadata["arguments"]["hmac_sha256"].str
    return events.mutate(arguments_digest=digest).filter(events.call_id.notnull() & digest.notnull())


def done_after_denials(scope: Scope, parameters: DeniedThenDone) -> Expr:
    """Successes within the time after an agent's n-th or a later denial in a session, with no action that it was denied
    there."""
    ibis = load_ibis()
    refused = kept_denials(scope)
    refused = refused.filter(refused.session_id.notnull())
    who = ["session_id", "agent_id"]
    window = ibis.window(group_by=[refused[name] for name in who], order_by=[refused.timestamp, refused.seq])
    nth = refused.mutate(place=ibis.row_number().over(window)).filter(lambda t: t.place >= parameters.denials - 1)
    nth = nth.select(*who, refused_at="timestamp")
    ends = ended(scope.events, "agent_id", "action", *EVIDENCE)
    ends = ends.filter((effective_outcome(ends) == "success") & ~ends.event_type.isin(["agent.stop", "llm.response"]))
    span, nth = ibis.interval(seconds=round(parameters.minutes * 60)), nth.view()
    soon = [ends.timestamp > nth.refused_at, ends.timestamp <= nth.refused_at + span]
    done = ends.semi_join(nth, [*(ends[name] == nth[name] for name in who), *soon])
    denied_actions = refused.select(*who, "action").distinct()
    return done.anti_join(denied_actions.view(), [*who, "action"])


def access_errors(scope: Scope, parameters: AccessErrors) -> Expr:
    """Failures whose error text, or type, names permission or authentication; one that comes up through the levels of a
    run with the same words counts where it began."""
    ibis = load_ibis()
    events = scope.events
    text = ibis.coalesce(events.error_type, "") + " " + ibis.coalesce(events.error, "")
    met = events.mutate(words=text).filter(
        (events.error.notnull() | events.error_type.notnull()) & text.lower().re_search(parameters.pattern)
    )
    below = met.select(told_by="parent_span_id", told_in="log", told="words").view()
    again = [met.span_id == below.told_by, met.log.identical_to(below.told_in), met.words == below.told]
    return met.anti_join(below, again).select(*events.columns)


def _has_calls(scope: Scope) -> bool:
    return kinds(scope).of("tool.call") > 0


_UNAPPROVED = Counting(
    "unapproved",
    unapproved,
    ("agent_id", "action"),
    lambda parameters, row: (
        f"{named(row['agent_id'])} called {row['action']} {plural(row['found'], 'time')} without an approval on "
        f"record; elsewhere in the log this action was approved at least {parameters.approvals} times."
    ),
)
_CHANGED = Counting(
    "changed arguments",
    changed_arguments,
    ("agent_id", "action"),
    lambda parameters, row: (
        f"{named(row['agent_id'])} called {row['action'] or 'a tool'} {plural(row['found'], 'time')} with other "
        "arguments than the ones that were approved."
    ),
)
_DENIED = Counting(
    "denied and done",
    denied_and_done,
    ("agent_id", "action"),
    lambda parameters, row: (
        f"{named(row['agent_id'])} called {row['action'] or 'a tool'} {plural(row['found'], 'time')} after the "
        "call had been denied, with no approval since."
    ),
)
_DONE = Counting(
    "done after denials",
    done_after_denials,
    ("agent_id", "session_id"),
    lambda parameters, row: (
        f"{named(row['agent_id'])} was refused {parameters.denials} times or more in session {row['session_id']} and "
        f"then succeeded {plural(row['found'], 'time')} with something else within {parameters.minutes:g} minutes."
    ),
)
_ERRORS = Counting(
    "access errors",
    access_errors,
    ("agent_id",),
    lambda parameters, row: (
        f"{named(row['agent_id'])} met {row['found']:,} errors that speak of permission or authentication (unusual "
        f"above {parameters.more_than})."
    ),
    least=lambda parameters: parameters.more_than + 1,
)

MISSING_APPROVAL = Rule(
    "missing-approval", "No approval where others were asked", Level.HIGH,
    "Somebody may have switched the question off, or found a way around it.",
    _UNAPPROVED.query, _UNAPPROVED.explain, ("T3", "T10", "AML.T0053"), MissingApproval(),
    "an action approved three times elsewhere is one that is asked for",
    possible=lambda scope, parameters: (
        kinds_in_log(scope).of("action.approved") >= parameters.approvals and _has_calls(scope)
    ),
)  # fmt: skip
"""A call of an action that needs approval elsewhere, without one."""

CHANGED_ARGUMENTS = Rule(
    "changed-arguments", "Other arguments than approved", Level.HIGH,
    "What was done is not what somebody agreed to.",
    _CHANGED.query, _CHANGED.explain, ("T2", "T10", "T15", "AML.T0053"), Parameters(),
    "keyed digests of the arguments, made when approved and when called",
    possible=lambda scope, parameters: kinds_in_log(scope).of("action.approved") > 0 and _has_calls(scope),
)  # fmt: skip
"""The arguments executed are not those approved."""

DENIED_AND_DONE = Rule(
    "denied-and-done", "Denied, and done all the same", Level.HIGH,
    "The answer was not heeded: a fault of the program around it, or a way around whoever decides.",
    _DENIED.query, _DENIED.explain, ("T2", "T3", "T10", "AML.T0053"), Parameters(),
    "a decision is on record before what it is about; a call that asks by itself has begun before",
    possible=lambda scope, parameters: kinds_in_log(scope).of("action.denied") > 0 and _has_calls(scope),
)  # fmt: skip
"""A call was denied, and ran."""

DENIED_THEN_DONE = Rule(
    "denied-then-done", "Refused, then done another way", Level.MEDIUM,
    "It may have found a way around what it was refused; or it gave up and did something else.",
    _DONE.query, _DONE.explain, ("T2", "T3", "T7"), DeniedThenDone(),
    "our own starting point",
    possible=lambda scope, parameters: kinds(scope).ended_as("denied") >= parameters.denials,
)  # fmt: skip
"""A burst of denials, followed by success with another action."""

ACCESS_ERRORS = Rule(
    "access-errors", "Errors about access", Level.MEDIUM,
    "It may lack a permission, use a credential that has run out, or try doors.",
    _ERRORS.query, _ERRORS.explain, ("T3", "T9", "AML.T0012"), AccessErrors(),
    "each error once, where it began; as many as denials; Panther alarms at 50 access failures in 10 minutes",
    possible=lambda scope, parameters: kinds(scope).errors > parameters.more_than,
)  # fmt: skip
"""Error texts that name permission or authentication."""
