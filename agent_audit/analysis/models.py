"""How the models fared: calls, outcomes, durations, tokens, and what the tokens cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.document import Document, Table, left_out
from agent_audit.analysis.result import Period, Result, bad_line_remark
from agent_audit.analysis.scope import Scope, first_of_few
from agent_audit.analysis.source import Expr, load_ibis, rows
from agent_audit.checked import Checked
from agent_audit.errors import ConfigurationError

COST_BY = ("agent_id", "user_id", "session_id", "log")
"""What the cost can be split by, beside the model."""


class Price(Checked):
    """What a model's tokens cost. In any currency; the result is in the same."""

    model_config = ConfigDict(extra="forbid")

    input: float = Field(ge=0, description="A million input tokens.")
    output: float = Field(ge=0, description="A million output tokens.")


class ModelUse(BaseModel):
    """One model within the period."""

    model_config = ConfigDict(frozen=True)

    model: str | None = Field(description="As the response names it, else as the request does; None: neither does.")
    calls: int = Field(description="Calls that began or ended in the period.")
    responses: int
    succeeded: int
    failed: int
    agents: int
    mean_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    max_ms: float | None
    input_tokens: int
    output_tokens: int
    without_tokens: int = Field(description="Responses that tell no token counts.")


class ModelStatistics(Result):
    """The models of a period, the most called first."""

    main: ClassVar[str] = "models"

    period: Period
    models: tuple[ModelUse, ...]
    model_count: int = Field(description="How many there are in all.")
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        columns = (
            "model",
            "calls",
            "succeeded",
            "failed",
            "median ms",
            "p95 ms",
            "tokens in",
            "tokens out",
            "not told",
        )
        listed = tuple(
            (
                used.model,
                used.calls,
                used.succeeded,
                used.failed,
                used.p50_ms,
                used.p95_ms,
                used.input_tokens,
                used.output_tokens,
                used.without_tokens,
            )
            for used in self.models
        )
        return Document(
            f"Models, {self.period}",
            bad_line_remark(self.bad_line_count),
            (Table("Models", columns, listed, left_out(self.model_count - len(listed))),),
        )


class CostItem(BaseModel):
    """Tokens of one model for one value of what the cost is split by."""

    model_config = ConfigDict(frozen=True)

    name: str | None = Field(description="The agent, user, session or log; None: not told, or not split.")
    model: str | None
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None = Field(description="None: no price was given for this model.")


class TokenCost(Result):
    """Tokens of a period and what they cost, the most tokens first."""

    main: ClassVar[str] = "items"

    period: Period
    by: str | None = Field(description="One of `COST_BY`; None: by model alone.")
    items: tuple[CostItem, ...]
    item_count: int = Field(description="How many there are in all.")
    input_tokens: int = Field(description="Of all items.")
    output_tokens: int = Field(description="Of all items.")
    cost: float = Field(description="Of all items whose model has a price.")
    without_price: int = Field(description="Tokens of models without a price, in and out.")
    without_tokens: int = Field(description="Responses that tell no token counts: the real numbers are higher.")
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        totals = (
            ("input tokens", self.input_tokens),
            ("output tokens", self.output_tokens),
            ("cost", self.cost),
            ("tokens of models without a price", self.without_price),
            ("responses without token counts", self.without_tokens),
        )
        columns = (self.by or "name", "model", "calls", "tokens in", "tokens out", "cost")
        listed = tuple((i.name, i.model, i.calls, i.input_tokens, i.output_tokens, i.cost) for i in self.items)
        tables = (
            Table("Summary", ("what", "value"), totals),
            Table("Tokens", columns, listed, left_out(self.item_count - len(listed))),
        )
        return Document(f"Tokens and cost, {self.period}", bad_line_remark(self.bad_line_count), tables)


def model_calls(events: Expr) -> Expr:
    """One row per call of a model: its request and its response, joined by their span."""
    ibis = load_ibis()
    told = events.filter(events.event_type.isin(("llm.request", "llm.response")))
    ended = told.event_type == "llm.response"
    told = told.mutate(
        call=ibis.coalesce(told.span_id, told.event_id),
        ended=ibis.ifelse(ended, 1, 0),
        # ifelse and not `where=`: the same JSON is then parsed once for both.
        model=told.metadata["model"].str,
        input_tokens=told.metadata["input_tokens"].int,
        output_tokens=told.metadata["output_tokens"].int,
    )
    each = told.group_by(["log", "call"]).agg(
        answered_by=told.model.max(where=told.ended == 1),
        asked=told.model.max(where=told.ended == 0),
        agent_id=told.agent_id.max(),
        user_id=told.user_id.max(),
        session_id=told.session_id.max(),
        outcome=told.outcome.max(),
        duration_ms=told.duration_ms.max(),
        responses=told.ended.sum(),
        input_tokens=told.input_tokens.sum(),
        output_tokens=told.output_tokens.sum(),
    )
    return each.mutate(
        model=ibis.coalesce(each.answered_by, each.asked),
        untold=(each.responses > 0) & each.input_tokens.isnull() & each.output_tokens.isnull(),
    )


def model_uses(calls: Expr) -> Expr:
    """One row per model, the most called first."""
    each = calls.group_by("model").agg(
        calls=calls.count(),
        responses=calls.responses.sum(),
        succeeded=calls.count(where=calls.outcome == "success"),
        failed=calls.count(where=calls.outcome == "failure"),
        agents=calls.agent_id.nunique(),
        mean_ms=calls.duration_ms.mean(),
        p50_ms=calls.duration_ms.quantile(0.5),
        p95_ms=calls.duration_ms.quantile(0.95),
        max_ms=calls.duration_ms.max(),
        input_tokens=calls.input_tokens.sum().fill_null(0),
        output_tokens=calls.output_tokens.sum().fill_null(0),
        without_tokens=calls.count(where=calls.untold),
    )
    return each.order_by([each.calls.desc(), each.model])


def token_uses(calls: Expr, by: str | None) -> Expr:
    """One row per model and value of `by`, the most tokens first."""
    name = load_ibis().null("string") if by is None else calls[by]
    each = calls.group_by(name=name, model=calls.model).agg(
        calls=calls.count(),
        input_tokens=calls.input_tokens.sum().fill_null(0),
        output_tokens=calls.output_tokens.sum().fill_null(0),
        without_tokens=calls.count(where=calls.untold),
    )
    return each.order_by([(each.input_tokens + each.output_tokens).desc(), each.name, each.model])


def model_statistics(scope: Scope, limit: int | None) -> ModelStatistics:
    """The models of a scope, at most `limit`."""
    found, model_count = first_of_few(model_uses(model_calls(scope.events)), limit)
    return ModelStatistics(
        period=scope.period,
        models=tuple(ModelUse(**row) for row in found),
        model_count=model_count,
        bad_line_count=scope.bad_line_count,
    )


def token_cost(scope: Scope, by: str | None, prices: Mapping[str, Price], limit: int | None) -> TokenCost:
    """Tokens of a scope and their cost, at most `limit` items.

    Raises:
        ConfigurationError: the cost cannot be split by `by`.
    """
    if by is not None and by not in COST_BY:
        raise ConfigurationError(f"cost cannot be split by {by!r}; one of: {', '.join(COST_BY)}")
    found = rows(token_uses(model_calls(scope.events), by))
    untold = sum(row.pop("without_tokens") for row in found)
    items = [CostItem(**row, cost=_cost(row, prices.get(row["model"]))) for row in found]
    return TokenCost(
        period=scope.period,
        by=by,
        items=tuple(items[:limit]),
        item_count=len(items),
        input_tokens=sum(item.input_tokens for item in items),
        output_tokens=sum(item.output_tokens for item in items),
        cost=sum(item.cost for item in items if item.cost is not None),
        without_price=sum(item.input_tokens + item.output_tokens for item in items if item.cost is None),
        without_tokens=untold,
        bad_line_count=scope.bad_line_count,
    )


def _cost(row: Mapping[str, Any], price: Price | None) -> float | None:
    if price is None:
        return None
    return float(row["input_tokens"] * price.input + row["output_tokens"] * price.output) / 1e6
