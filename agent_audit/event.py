"""The audit event: one thing an agent did, asked for, was allowed or refused, as an immutable value.

Wire format: one JSON object a line, keys in the order of the fields below, absent fields left out,
`timestamp` as RFC 3339 in UTC with microseconds, `event_id` a UUIDv7 (RFC 9562).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

import orjson
import uuid_utils
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from agent_audit.checked import Checked
from agent_audit.errors import EncodingError, text_of
from agent_audit.process import current_pid

if TYPE_CHECKING:
    from typing_extensions import Self


class _WireEnum(str, Enum):
    """A string enum whose `str()` is its wire name on every supported Python."""

    __str__ = str.__str__
    __format__ = str.__format__  # type: ignore[assignment]  # typeshed names the argument otherwise in Enum


class AuditEventType(_WireEnum):
    """What kind of thing happened. The values are the wire names."""

    AGENT_START = "agent.start"
    AGENT_STOP = "agent.stop"
    ACTION_REQUEST = "action.request"
    ACTION_APPROVED = "action.approved"
    ACTION_DENIED = "action.denied"
    ACTION_EXECUTED = "action.executed"
    ACTION_FAILED = "action.failed"
    TOOL_CALL = "tool.call"
    TOOL_RESPONSE = "tool.response"
    DATA_ACCESS = "data.access"
    DATA_MODIFY = "data.modify"
    PERMISSION_CHECK = "permission.check"
    PERMISSION_DENIED = "permission.denied"
    ERROR = "error"
    LLM_REQUEST = "llm.request"
    LLM_RESPONSE = "llm.response"
    AGENT_HANDOFF = "agent.handoff"
    GUARDRAIL_PASSED = "guardrail.passed"
    GUARDRAIL_TRIPPED = "guardrail.tripped"
    LOG_OPENED = "log.opened"
    LOG_CLOSED = "log.closed"
    LOG_HEARTBEAT = "log.heartbeat"
    LOG_RECOVERED = "log.recovered"
    LOG_GAP = "log.gap"
    LOG_PRUNED = "log.pruned"
    LOG_KEY = "log.key"
    LOG_EXAMINED = "log.examined"
    FINDING_DISPOSITION = "finding.disposition"


class Outcome(_WireEnum):
    """How an operation ended. Events that only start one carry none."""

    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"
    CANCELLED = "cancelled"
    SUSPENDED = "suspended"
    """Paused to ask somebody; the same `call_id` continues when the run is resumed."""
    UNKNOWN = "unknown"
    """The operation was still open when the run around it ended."""


class Source(BaseModel):
    """Which framework, in which version, and which of its hooks saw the event."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    framework: str
    version: str | None = None
    hook: str | None = None

    @property
    def record(self) -> dict[str, str]:
        """The wire fields that are there."""
        record = {"framework": self.framework}
        if self.version is not None:
            record["version"] = self.version
        if self.hook is not None:
            record["hook"] = self.hook
        return record


_seeded_in = current_pid()
"""The process whose random numbers `uuid_utils` gives."""


_make_id: Callable[[], object] = uuid_utils.uuid7


def _new_event_id() -> str:
    global _seeded_in, _make_id
    if _seeded_in != current_pid():  # forked in C, as uWSGI's workers are: nobody has told uuid_utils
        uuid_utils.reseed_rng()
        _seeded_in = current_pid()
    try:
        return str(_make_id())
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # not to be had by its name: pyo3 makes one for each library
            raise
        _make_id = _uuid7
        return _uuid7()


def _uuid7() -> str:
    """A UUIDv7 without Rust, whose values of a thread are gone where Python ends in C's `exit`, as in uWSGI."""
    digits = f"{time.time_ns() // 1_000_000:012x}7{os.urandom(10).hex()[1:]}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _now() -> datetime:
    return datetime.now(timezone.utc)


_RECORDED = {"recorded": True}


class AuditEvent(Checked):
    """One audit event. Frozen; unknown fields are refused when made, kept when read from a newer log.

    Raises:
        ConfigurationError: a field that there is not, or a value that makes no sense; every one of them is named.

    `seq`, `writer` and `writer_seq` are given by the log and the logger; leave them out.
    """

    model_config = ConfigDict(extra="forbid")

    seq: int | None = Field(None, ge=0, description="Position in the log, given by the log on append.")
    event_id: str = Field(default_factory=_new_event_id, min_length=1, description="UUIDv7 (RFC 9562).")
    timestamp: AwareDatetime = Field(default_factory=_now, description="When it happened: RFC 3339, UTC, microseconds.")
    event_type: AuditEventType | str = Field(description="Wire name of the type.", union_mode="left_to_right")
    outcome: Outcome | str | None = Field(
        None, description="How the operation ended; none on starts.", union_mode="left_to_right"
    )
    agent_id: str | None = Field(None, description="Which agent acted.")
    session_id: str | None = Field(None, description="In which conversation or thread.")
    user_id: str | None = Field(None, description="For whom.")
    trace_id: str | None = Field(None, description="One run of an agent or chain.")
    span_id: str | None = Field(None, description="One operation; shared by its start and its end.")
    parent_span_id: str | None = Field(None, description="The operation this one ran under.")
    call_id: str | None = Field(
        None, description="The model's tool-call id: joins request, approval, call and response."
    )
    action: str | None = Field(None, description="What was done, e.g. `tool.search` or `write`.")
    resource: str | None = Field(None, description="On what it was done.")
    parameters: Any = Field(None, description="What it was done with; usually an object.")
    result: Any = Field(None, description="What came of it.")
    error: str | None = Field(None, description="What went wrong, in words.")
    error_type: str | None = Field(None, description="Class name of the error.")
    duration_ms: float | None = Field(None, ge=0, allow_inf_nan=False, description="How long it took, in milliseconds.")
    source: Source | None = Field(None, description="Framework, version and hook that saw it.")
    metadata: dict[str, Any] | None = Field(
        None, description="The rest: model, tokens, tags, redaction summary, digests and sizes."
    )
    writer: str | None = Field(None, description="Random id of the writing process.")
    writer_seq: int | None = Field(None, ge=0, description="Running number within that process.")

    @classmethod
    def unchecked(cls, event_type: AuditEventType, **fields: Any) -> Self:
        """An event made without validation, in half the time: for adapters, whose values are of the right types.

        Args:
            event_type: a member, not its wire name.
            **fields: fields by their names; `timestamp`, if given, in UTC, `outcome` as a member, `source` a `Source`.
                What is to be a text becomes one: ids come from models, and one that is a number makes a line that
                nobody can read.
        """
        event = object.__new__(cls)
        values = {**_ABSENT, "event_id": _new_event_id(), "timestamp": _now(), "event_type": event_type, **fields}
        for name in _TEXTS:
            value = values[name]
            if value is not None and not isinstance(value, str):
                values[name] = text_of(value)
        _set(event, "__dict__", values)
        _set(event, "__pydantic_fields_set__", {"event_type", *fields})
        _set(event, "__pydantic_extra__", None)
        _set(event, "__pydantic_private__", None)
        return event

    @field_validator("timestamp", mode="after")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        """Also because a time in a zone's change of hours is equal to none in any other zone (PEP 495)."""
        if value.tzinfo is timezone.utc:
            return value
        try:
            return value.astimezone(timezone.utc)
        except OverflowError:
            raise ValueError(f"timestamp {value} is outside the years 1 to 9999 in UTC") from None

    @field_validator("event_type", mode="after")
    @classmethod
    def _known_type(cls, value: AuditEventType | str, info: ValidationInfo) -> AuditEventType | str:
        _require_known(value, AuditEventType, info)
        return value

    @field_validator("outcome", mode="after")
    @classmethod
    def _known_outcome(cls, value: Outcome | str | None, info: ValidationInfo) -> Outcome | str | None:
        if value is not None:
            _require_known(value, Outcome, info)
        return value

    def to_record(self) -> dict[str, Any]:
        """The event as a plain dict of its wire fields: absent ones left out, values not copied."""
        record = self.to_encodable()
        record["timestamp"] = format_timestamp(self.timestamp)
        return record

    def to_encodable(self) -> dict[str, Any]:
        """Like `to_record`, for `encode_record` alone: it writes most timestamps itself, in half the time."""
        record = {name: value for name, value in self.__dict__.items() if value is not None}
        moment = record["timestamp"]
        # orjson leaves out a fraction of zero, and takes its time over zones that are not datetime's own UTC.
        if moment.tzinfo is not timezone.utc or not moment.microsecond:
            record["timestamp"] = format_timestamp(moment)
        if "source" in record:
            record["source"] = record["source"].record
        if self.__pydantic_extra__:
            record.update(self.__pydantic_extra__)
        return record

    def to_json(self) -> str:
        """The event as one JSON line without its line feed.

        Raises:
            EncodingError: a payload holds something JSON has no form for.
        """
        return encode_record(self.to_record()).decode()

    @classmethod
    def from_json(cls, line: str | bytes) -> AuditEvent:
        """Read a recorded line. Types, outcomes and fields of newer versions are kept as they are.

        Raises:
            pydantic.ValidationError: the line is no audit event.
        """
        # orjson first: it reads every number and string that it wrote, pydantic's own parser is not
        # needed to be its equal.
        return cls.from_record(orjson.loads(line))

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> AuditEvent:
        """Like `from_json`, from the line already parsed."""
        if isinstance(record, dict) and not record.keys() >= _OWN:
            record = dict.fromkeys(_OWN) | record  # else it would get a new id, and the time of reading
        return cls.model_validate(record, extra="allow", context=_RECORDED)


_OWN = frozenset({"event_id", "timestamp"})
"""What an event gets when it is made, and brings along when it is read."""

_ABSENT = dict.fromkeys(AuditEvent.model_fields)
"""Every field in its order."""

_TEXTS = (
    "agent_id", "session_id", "user_id", "trace_id", "span_id", "parent_span_id", "call_id", "action", "resource",
    "error", "error_type",
)  # fmt: skip

_SURROGATES = re.compile("[\ud800-\udfff]")

_set = object.__setattr__


def _require_known(value: str, known: type[_WireEnum], info: ValidationInfo) -> None:
    if isinstance(value, known) or (info.context or {}).get("recorded"):
        return
    names = ", ".join(known)
    raise ValueError(f"unknown {info.field_name} {value!r}; one of: {names}")


def format_timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, always with six digits, so that the text sorts as the time does."""
    if moment.tzinfo is not timezone.utc:
        moment = moment.astimezone(timezone.utc)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def encode_record(record: dict[str, Any]) -> bytes:
    """One JSON object as UTF-8 without a line feed (JSON escapes LF and CR inside strings).

    Raises:
        EncodingError: a value has no JSON form. The redactor turns everything into JSON values, so this is
            met only by callers that go around it.
    """
    try:
        return orjson.dumps(record, option=orjson.OPT_UTC_Z)
    except TypeError:
        pass  # most likely a key that is no string: asking for those at once would double the usual cost
    try:
        return orjson.dumps(record, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError):
        pass  # a text with lone surrogates, perhaps: ids come from models, and what they send is JSON's `"\ud800"`
    try:
        return orjson.dumps(_in_utf8(record), option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError) as error:
        name = without_surrogates(str(record.get("event_id")))
        raise EncodingError(f"event {name} cannot be written as JSON: {error}") from error


def without_surrogates(text: str) -> str:
    """Text that can be encoded: lone surrogates replaced."""
    return _SURROGATES.sub("\ufffd", text)


def _in_utf8(value: Any) -> Any:
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, dict):
        return {_in_utf8(name): _in_utf8(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_in_utf8(part) for part in value]
    return value


def _warm_up() -> None:
    """Validate and dump every kind of value once, here, where no other thread runs.

    pydantic-core makes what each kind needs when it first meets one, behind a lock. A process that forked while
    another thread was at it would leave a child that waits for that lock forever.
    """
    given = AuditEvent(
        event_type=AuditEventType.LOG_OPENED,
        timestamp=_now(),
        outcome=Outcome.SUCCESS,
        duration_ms=0.5,
        source=Source(framework="agent_audit"),
        metadata={"number": 1},
        agent_id="",
        parameters="",
    )
    AuditEvent(event_type="log.opened", outcome="success", duration_ms=1, seq=0, writer_seq=0, parameters={"list": [1]})
    recorded = {**given.to_record(), "later": None}
    AuditEvent.from_record(recorded).model_dump(exclude_none=True)
    try:
        AuditEvent.from_record({**recorded, "seq": -1})
    except ValidationError as error:
        str(error)


_warm_up()
