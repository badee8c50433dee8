"""`cost`: the tokens that models took and gave, and what they cost."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.analysing import analyse
from agent_audit.cli.sources import add_source

_BY = {"agent": "agent_id", "user": "user_id", "session": "session_id", "log": "log"}


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(subparsers, "cost", "Show how many tokens models used, and what they cost.")
    options.add_logs(parser)
    add_source(parser)
    parser.add_argument("--by", choices=tuple(_BY), help="split by this as well as by model")
    parser.add_argument(
        "--price",
        type=_price,
        action="append",
        default=[],
        metavar="MODEL=IN,OUT",
        help="price of a million input and a million output tokens, e.g. gpt-5=1.25,10; may be repeated",
    )
    options.add_filters(parser)
    options.add_limit(parser)
    options.add_format(parser)
    parser.set_defaults(whole=True, run=run)


def run(args: Namespace) -> int:
    """Print the cost; returns the exit code."""
    from agent_audit.analysis import Price

    prices = {model: Price(input=taken, output=given) for model, taken, given in args.price}
    period = (args.agent, args.since, args.until, args.limit)
    _, code = analyse(args, lambda analyzer: analyzer.get_token_cost(*period, by=_BY.get(args.by), prices=prices))
    return code


def _price(text: str) -> tuple[str, float, float]:
    model, _, numbers = text.rpartition("=")
    try:
        taken, given = map(float, numbers.split(","))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no price: write MODEL=IN,OUT, e.g. gpt-5=1.25,10") from None
    if not model or not 0 <= taken < float("inf") or not 0 <= given < float("inf"):
        raise ArgumentTypeError(f"{text!r} is no price: write MODEL=IN,OUT, e.g. gpt-5=1.25,10")
    return model, taken, given
