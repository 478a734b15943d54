"""Where figures come from and of when they are: the line under every answer."""

from collections.abc import Iterator, Sequence
from datetime import date

from handlers.card import Text
from handlers.context import Context
from handlers.language import N_
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


def as_of(ctx: Context, tokens_unpriced: int = 0) -> Text:
    """The line that says when each provider was last read, and what is not priced."""
    reads = ctx.readings()
    if not reads:
        return Text(ctx.t("No usage has been read from a provider yet, so nothing is counted."), quiet=True)
    sentences = [
        ctx.t(
            "{readings}. Costs are as the providers report them, or at list prices where they report none; they may be "
            "restated.",
            readings=_readings(ctx, reads),
        )
    ]
    if tokens_unpriced:
        tokens = ctx.amount(tokens_unpriced, "tokens")
        sentences.append(ctx.t("{tokens} have no known price and are not in the sum.", tokens=tokens))
    return Text(_together(ctx, N_("{text} {next}"), sentences), quiet=True)


def _readings(ctx: Context, reads: Sequence[Pull]) -> str:
    return _together(ctx, N_("{text}; {next}"), [_read(ctx, each) for each in reads])


def _together(ctx: Context, how: str, parts: Sequence[str]) -> str:
    """Some texts as one, each put to what stands before it as a language does."""
    said = parts[0]
    for each in parts[1:]:
        said = ctx.t(how, text=said, next=each)
    return said


def _read(ctx: Context, pull: Pull) -> str:
    if pull.done_at is None:
        return ctx.t("{provider}: never read", provider=pull.provider)
    when = ctx.moment(pull.done_at)
    if pull.error:
        return ctx.t("{provider} as of {moment} (newer reads failed)", provider=pull.provider, moment=when)
    return ctx.t("{provider} as of {moment}", provider=pull.provider, moment=when)
