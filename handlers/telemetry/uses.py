"""What programs say their tokens were for: skills, sub-agents, MCP servers, what asked, how fast, with what effort."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time

from handlers.context import Context
from handlers.pricing import book_of
from handlers.spans import Span
from handlers.telemetry.counting import best_priced
from storage import telemetry
from storage.charges import Charge
from storage.spend import Spent
from storage.telemetry import Dimension, Use

DIMENSIONS: Mapping[str, Dimension] = {
    "skill": "skill",
    "subagent": "subagent",
    "mcp": "mcp_server",
    "source": "source",
    "speed": "tier",
    "effort": "effort",
}
"""By what people call them."""


def spent_on(ctx: Context, account_id: str, by: str, span: Span) -> list[Spent]:
    """What an account and all below it spent by one of DIMENSIONS, as programs told it, whoever speaks for it later."""
    start, end = (datetime.combine(day, time(), ctx.policy.zone) for day in (span.first, span.end))
    sums: dict[str, Spent] = defaultdict(lambda: Spent("", 0, 0, 0, 0))
    for use, cost in costs_of(ctx, telemetry.used_by(ctx.conn, account_id, start, end, DIMENSIONS[by])):
        tokens, so_far = sum(use.tokens), sums[use.name]
        sums[use.name] = Spent(
            use.name,
            so_far.cost_nanos + (cost or 0),
            so_far.tokens + tokens,
            so_far.tokens_unpriced + (tokens if cost is None else 0),
            so_far.requests + use.requests,
        )
    return list(sums.values())


def costs_of(ctx: Context, uses: Iterable[Use]) -> Iterator[tuple[Use, int | None]]:
    """What uses cost in the house currency: by own prices, by the program, or by the list; None if nobody knows."""
    book = book_of(ctx)
    for use in uses:
        charge = Charge(
            provider=use.program,
            bucket_start=datetime.combine(use.day, time(), UTC),
            bucket_hours=1,
            model=use.model,
            tier=use.tier,
            tokens_input=max(0, use.tokens[0]),
            tokens_cache_read=use.tokens[1],
            tokens_cache_write_5m=use.tokens[2],
            tokens_cache_write_1h=use.tokens[3],
            tokens_output=use.tokens[4],
            cost_nanos=use.cost_nanos,
        )
        priced = best_priced(book, charge)
        house = None
        if priced.cost_nanos is not None:
            house = ctx.policy.convert(priced.cost_nanos, priced.currency, use.day)
        yield use, house[0] if house else None
