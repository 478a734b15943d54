"""Where figures come from and of when they are: the line under every answer."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from handlers.card import Text
from handlers.context import Context
from handlers.language import N_
from handlers.policy import PROGRAMS
from storage import comparisons
from storage.kept import kept
from storage.pulls import OddDay, Pull

DAYS_NAMED_MAX = 3


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


def spent_on_in_words(ctx: Context, cost_nanos: int, tokens_unpriced: int, what: str, period: str) -> str:
    """The same of what was spent on something, such as a model."""
    amount = ctx.amount(cost_nanos, ctx.policy.organization.currency)
    if tokens_unpriced <= 0:
        return ctx.t("{amount} spent on {what} {period}", amount=amount, what=what, period=period)
    if cost_nanos > 0:
        return ctx.t("More than {amount} spent on {what} {period}", amount=amount, what=what, period=period)
    tokens = ctx.amount(tokens_unpriced, "tokens")
    return ctx.t("{tokens} used on {what} {period}, cost not known", tokens=tokens, what=what, period=period)


def not_whole(
    ctx: Context, first: date | None = None, end: date | None = None, names: Collection[str] | None = None
) -> list[str]:
    """What is not known of the days first until before end, a phrase for each provider; without days, of all.

    Args:
        ctx: of whoever reads.
        first: the first day, None for the beginning.
        end: the day after the last, None for today.
        names: of which providers, None for all.
    """
    found = []
    for pull in (each for each in ctx.readings() if names is None or each.provider in names):
        odd = [each for each in pull.odd if (not first or first <= each.day) and (not end or each.day < end)]
        said = [words for each in odd[:DAYS_NAMED_MAX] for words in _odd(ctx, each)]
        more = len(odd) - DAYS_NAMED_MAX
        said += [ctx.nt("{n} more day not read whole", "{n} more days not read whole", more)] if more > 0 else []
        if said:
            found.append(ctx.t("{provider}: {what}", provider=pull.provider, what=ctx.listed(said)))
    return found


def _odd(ctx: Context, odd: OddDay) -> Iterator[str]:
    day = ctx.day(odd.day)
    if odd.rows:
        yield ctx.nt("{n} row of {day} set aside", "{n} rows of {day} set aside", odd.rows, day=day)
    if odd.missing:
        yield ctx.t("{day} is missing", day=day)
    if odd.stale:
        yield ctx.t("{day} could not be read again", day=day)


def as_of(ctx: Context, tokens_unpriced: int = 0, first: date | None = None, end: date | None = None) -> Text:
    """The line that says when each provider was last read, what is not priced, and what is not in the figures.

    Args:
        ctx: of whoever reads.
        tokens_unpriced: in the figures above it.
        first: the first day that they are of, None for the beginning.
        end: the day after their last one, None for today.
    """
    reads = ctx.readings()
    if any(each.provider in PROGRAMS for each in reads):  # of these it says what they told of whom is asked about
        return _as_of(ctx, reads, tokens_unpriced, first, end)
    zone = ctx.person.zone or ctx.policy.organization.zone
    key = ("as of", ctx.language, ctx.locale, zone, ctx.today, tokens_unpriced, first, end)
    return kept(ctx.conn, key, lambda: _as_of(ctx, reads, tokens_unpriced, first, end))


def _as_of(ctx: Context, reads: Sequence[Pull], tokens_unpriced: int, first: date | None, end: date | None) -> Text:
    if not reads:
        return Text(ctx.t("No usage has been read from a provider yet, so nothing is counted."), quiet=True)
    sentences = [
        ctx.t(
            "{readings}. Costs are as the providers report them, or at your own or list prices where they report none; "
            "they may be restated.",
            readings=together(ctx, [_read(ctx, each) for each in reads]),
        )
    ]
    if tokens_unpriced:
        tokens = ctx.amount(tokens_unpriced, "tokens")
        sentences.append(ctx.t("{tokens} have no known price and are not in the sum.", tokens=tokens))
    if end is None or end > ctx.today:
        sentences += provisional(ctx)
    odd = not_whole(ctx, first, end)
    if odd:
        sentences.append(ctx.t("Not in the sum: {what}.", what=together(ctx, odd)))
    return Text(_joined(ctx, N_("{text} {next}"), sentences), quiet=True)


def provisional(ctx: Context) -> list[str]:
    """What is in this month's figures of whom was asked about by the word of programs alone, a sentence for each."""
    unit, found = ctx.policy.organization.currency, []
    for pull in (each for each in ctx.readings() if each.provider in PROGRAMS and each.told_nanos > 0):
        vendor = ctx.policy.vendor(ctx.policy.speaker(pull.provider))
        said = {"amount": ctx.amount(pull.told_nanos, unit), "program": ctx.t(PROGRAMS[pull.provider].title)}
        if vendor:
            text = N_("{amount} of this month is so far by telemetry of {program}, not yet by {service}.")
            found.append(ctx.t(text, service=vendor.service, **said))
        else:
            found.append(ctx.t("{amount} of this month is an estimate by telemetry of {program}.", **said))
    return found


def together(ctx: Context, parts: Sequence[str]) -> str:
    """Several clauses as one, with what a language puts between them."""
    return _joined(ctx, N_("{text}; {next}"), parts)


def _joined(ctx: Context, how: str, parts: Sequence[str]) -> str:
    said = parts[0]
    for each in parts[1:]:
        said = ctx.t(how, text=said, next=each)
    return said


def _read(ctx: Context, pull: Pull) -> str:
    if pull.done_at is None:
        return ctx.t("{provider}: never read", provider=pull.provider)
    when = ctx.moment(pull.done_at)
    if pull.provider in PROGRAMS:
        name = ctx.t(PROGRAMS[pull.provider].title)
        return ctx.t("{program} by telemetry as of {moment}", program=name, moment=when)
    if pull.error:
        return ctx.t("{provider} as of {moment} (newer reads failed)", provider=pull.provider, moment=when)
    return ctx.t("{provider} as of {moment}", provider=pull.provider, moment=when)
