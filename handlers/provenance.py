"""Where figures come from and of when they are: the line under every answer."""

from collections.abc import Iterator
from datetime import date

from handlers.card import Text
from handlers.context import Context
from storage import comparisons
from storage.pulls import Pull


def late(ctx: Context, end: date) -> tuple[Pull, ...]:
    """Providers that have not told all days before the end. One that app.yaml names no more is waited for no more."""
    here = (each for each in ctx.readings() if ctx.policy.vendor(each.provider))
    return tuple(each for each in here if each.through is None or each.through < end)


def is_unread(ctx: Context) -> bool:
    """Whether no provider has ever been read, so that nothing spent is not known to be nothing."""
    return not any(pull.done_at for pull in ctx.readings())


def begun_later(ctx: Context, first: date) -> Iterator[Text]:
    """That figures begin later than the first day of a sum, if they do."""
    begun = comparisons.begun(ctx.conn)
    if begun and begun > first:
        yield Text(ctx.t("Figures begin on {day}. Earlier days are not in the sum.", day=ctx.day(begun)))


def not_priced(ctx: Context, tokens: int) -> Iterator[Text]:
    """That a sum of money leaves tokens out whose price nobody knows, if it does."""
    if tokens > 0:
        said = ctx.amount(tokens, "tokens")
        yield Text(ctx.t("{tokens} have no known price and are not in the sum.", tokens=said))


def known_cost(ctx: Context, cost_nanos: int, tokens_unpriced: int) -> str:
    """What something cost: "not known" if all of it has no price, "more than $3.00" if a part of it has none."""
    amount = ctx.amount(cost_nanos, ctx.policy.organization.currency)
    if tokens_unpriced <= 0:
        return amount
    return ctx.t("more than {amount}", amount=amount) if cost_nanos > 0 else ctx.t("not known")


def spent_in_words(ctx: Context, cost_nanos: int, tokens_unpriced: int, period: str) -> str:
    """What was spent in a period, as a title."""
    amount = ctx.amount(cost_nanos, ctx.policy.organization.currency)
    if tokens_unpriced <= 0:
        return ctx.t("{amount} spent {period}", amount=amount, period=period)
    if cost_nanos > 0:
        return ctx.t("More than {amount} spent {period}", amount=amount, period=period)
    tokens = ctx.amount(tokens_unpriced, "tokens")
    return ctx.t("{tokens} used {period}, cost not known", tokens=tokens, period=period)


def as_of(ctx: Context) -> Text:
    """The line that says when each provider was last read."""
    reads = ctx.readings()
    if not reads:
        return Text(ctx.t("No usage has been read from a provider yet, so nothing is counted."), quiet=True)
    sentences = [
        ctx.t(
            "{readings}. Costs are as the providers report them, or at your own or list prices where they report none; "
            "they may be restated.",
            readings="; ".join(_read(ctx, each) for each in reads),
        )
    ]
    return Text(" ".join(sentences), quiet=True)


def _read(ctx: Context, pull: Pull) -> str:
    if pull.done_at is None:
        return ctx.t("{provider}: never read", provider=pull.provider)
    when = ctx.moment(pull.done_at)
    if pull.error:
        return ctx.t("{provider} as of {moment} (newer reads failed)", provider=pull.provider, moment=when)
    return ctx.t("{provider} as of {moment}", provider=pull.provider, moment=when)
