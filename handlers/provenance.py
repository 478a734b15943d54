"""Where figures come from and of when they are: the line under every answer."""

from datetime import date

from handlers.card import Text
from handlers.context import Context
from storage import pulls
from storage.pulls import Pull


def late(ctx: Context, end: date) -> tuple[Pull, ...]:
    """Providers that have not told all days before the end. One that app.yaml names no more is waited for no more."""
    here = (each for each in pulls.pulled(ctx.conn) if ctx.policy.vendor(each.provider))
    return tuple(each for each in here if each.through is None or each.through < end)


def as_of(ctx: Context, tokens_unpriced: int = 0) -> Text:
    """The line that says since when each provider has been heard, and what is not priced."""
    reads = pulls.pulled(ctx.conn)
    if not reads:
        return Text("No usage has been read from a provider yet, so nothing is counted.", quiet=True)
    parts = []
    for pull in reads:
        if pull.done_at is None:
            parts.append(f"{pull.provider}: never read")
        else:
            late = " (newer reads failed)" if pull.error else ""
            parts.append(f"{pull.provider} as of {ctx.moment(pull.done_at)}{late}")
    unpriced = (
        f" {ctx.amount(tokens_unpriced, 'tokens')} have no known price and are not in the sum."
        if tokens_unpriced
        else ""
    )
    source = "Costs as providers report them, at list prices where they report none; they may be restated."
    return Text(f"{'; '.join(parts)}. {source}{unpriced}", quiet=True)
