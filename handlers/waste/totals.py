"""What findings come to, for whoever shows it. The nightly detection keeps them once a day; they are read from there.

    found(ctx, account_id, since, until) -> tuple[Finding, ...]
    summary(ctx, account_id, since, until) -> Summary     # totals for teams and channels; nothing is counted twice
    advice(ctx, account_id) -> Advice                     # for whoever decides a request; advice_in_words draws it

None of them checks who asks: access stands with the caller (handlers/access.py). Findings of persons are theirs;
whoever else is told hears a `summary`, and only of five people or more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.context import Context
from handlers.money import percent
from handlers.policy import STANDARD
from handlers.questions import MILLION, Rate, rate
from handlers.waste.detectors import DETECTORS
from handlers.waste.usage import FLAGSHIP, WINDOW_DAYS
from storage import findings, spend
from storage.findings import Finding, Found
from storage.tables import ORGANIZATION

WEEK = 7
SAVED_FOR = timedelta(days=365)
TIERS_DOWN = (FLAGSHIP, STANDARD, "small")
CHEAPER_PERCENT_MAX = 80


@dataclass(frozen=True, slots=True)
class Summary:
    """What the findings of an account and all below it come to.

    Args:
        count: open findings.
        low_nanos: the least of what could be saved a month, overlapping findings counted once.
        high_nanos: the most.
        unexplained_nanos: what is spent a month and only shown: without an owner, or for tools.
        realised_nanos: what a month costs less since owners acted, as measured.
        measured: how many findings that is of.
        waiting: how many are done and not measured yet.
        kinds: of each detector with open findings: its title, how many, and the range, None without a saving; the
            largest first.
    """

    count: int
    low_nanos: int
    high_nanos: int
    unexplained_nanos: int
    realised_nanos: int
    measured: int
    waiting: int
    kinds: tuple[tuple[str, int, tuple[int, int] | None], ...]


def found(ctx: Context, account_id: str, since: date, until: date) -> tuple[Finding, ...]:
    """The open findings of an account and all below it that were seen on a day from since until before until.

    The largest saving stands first.
    """
    every = findings.seen_between(ctx.conn, account_id, since, until)
    return tuple(sorted((each for each in every if _is_open(each, ctx.today)), key=order))


def summary(ctx: Context, account_id: str, since: date, until: date) -> Summary:
    """What these findings come to, without names; realised savings are those of findings done since then or before."""
    return summary_of(found(ctx, account_id, since, until), every(ctx, account_id))


def every(ctx: Context, account_id: str) -> list[Finding]:
    """All findings of an account and below; what was done counts as saved for a year."""
    since = ctx.today - SAVED_FOR
    return [each for each in findings.below(ctx.conn, account_id) if each.done_on is None or each.done_on > since]


def summary_of(here: Sequence[Finding], every: Iterable[Finding]) -> Summary:
    """What some open findings come to, and what those of `every` that are done have saved."""
    low, high = total(each.found for each in here)
    done = [each for each in every if each.state == "done"]
    measured = [each.realised_nanos for each in done if each.realised_nanos is not None]
    return Summary(
        count=len(here),
        low_nanos=low,
        high_nanos=high,
        unexplained_nanos=sum(each.found.cost_nanos for each in here if each.found.saving is None),
        realised_nanos=sum(measured),
        measured=len(measured),
        waiting=len(done) - len(measured),
        kinds=tuple(sorted(_kinds(here), key=lambda kind: -(kind[2] or (0, 0))[1])),
    )


@dataclass(frozen=True, slots=True)
class Cheaper:
    """A model that would be cheaper than the one most goes to.

    Args:
        model: the one most goes to.
        instead: the cheaper one.
        percent: what the same tokens cost on it, of what they cost now.
    """

    model: str
    instead: str
    percent: int


@dataclass(frozen=True, slots=True)
class Advice:
    """What whoever decides a request should know: how much a month looks like waste, and what would be cheaper.

    Args:
        low_nanos: the least that could be saved.
        high_nanos: the most, 0 if nothing is found.
        cheaper: what could be used instead, None for nothing.
    """

    low_nanos: int
    high_nanos: int
    cheaper: Cheaper | None


def advice(ctx: Context, account_id: str) -> Advice:
    """What is to be said about an account, in two statements."""
    end = ctx.today + timedelta(days=1)
    low, high = total(each.found for each in found(ctx, account_id, ctx.today - timedelta(days=WEEK), end))
    first = end - timedelta(days=WINDOW_DAYS)
    own, every = spend.spent_in(ctx.conn, [(account_id, first, end), (ORGANIZATION, first, end)])
    here = {each.name: rate([each]) for each in every}
    dearest = max((each for each in own if each.cost_nanos > 0), key=lambda each: each.cost_nanos, default=None)
    return Advice(low, high, _cheaper(ctx, dearest.name, here) if dearest else None)


def advice_in_words(ctx: Context, given: Advice) -> str:
    """One or two plain sentences without details, or "" if there is nothing to say."""
    cheaper, wasted = given.cheaper, _wasted(ctx, given)
    if cheaper is None:
        return wasted
    models = {"model": cheaper.model, "instead": cheaper.instead, "percent": cheaper.percent}
    dear = ctx.t("Most goes to {model}; {instead} costs {percent} % of its price here.", **models)
    return ctx.t("{first} {second}", first=wasted, second=dear) if wasted else dear


def _wasted(ctx: Context, given: Advice) -> str:
    unit = ctx.policy.organization.currency
    low, high = ctx.amount(given.low_nanos, unit), ctx.amount(given.high_nanos, unit)
    if not given.high_nanos:
        return ""
    if not given.low_nanos:
        return ctx.t("Up to {high} a month of it may be waste.", high=high)
    if low == high:
        return ctx.t("{amount} a month of it looks like waste.", amount=high)
    return ctx.t("{low} to {high} a month of it looks like waste.", low=low, high=high)


def _cheaper(ctx: Context, model: str, here: Mapping[str, Rate]) -> Cheaper | None:
    """The most used model of the tiers below that is cheaper by a fifth at least, at what the organization pays."""
    tiers = (
        TIERS_DOWN[TIERS_DOWN.index(ctx.policy.tier_of(model)) + 1 :] if ctx.policy.tier_of(model) in TIERS_DOWN else ()
    )
    own = here[model].of(MILLION) or 0
    cheap = [
        name
        for name, each in here.items()
        if ctx.policy.tier_of(name) in tiers
        and (price := each.of(MILLION))
        and price * 100 <= own * CHEAPER_PERCENT_MAX
    ]
    if not cheap:
        return None
    other = max(cheap, key=lambda name: (-tiers.index(ctx.policy.tier_of(name)), here[name].cost_nanos))
    return Cheaper(model, other, percent(here[other].of(MILLION) or 0, own))


def total(every: Iterable[Found]) -> tuple[int, int]:
    """The least and the most that findings could save together.

    Of those that would make the same tokens cheaper only the largest counts.
    """
    taken: dict[str, set[str]] = {}
    low = high = 0
    for each in sorted(every, key=lambda each: -(each.saving or (0, 0))[1]):
        parts = taken.setdefault(each.account_id, set())
        if each.saving is not None and not parts & each.parts:
            parts |= each.parts
            low, high = low + each.saving[0], high + each.saving[1]
    return low, high


def _is_open(finding: Finding, today: date) -> bool:
    return finding.state == "open" and (finding.silent_until is None or finding.silent_until <= today)


def order(finding: Finding) -> tuple[int, int, int]:
    """The order in which findings are shown: the largest saving first."""
    saving = finding.found.saving
    return -(saving[1] if saving else 0), -finding.found.cost_nanos, finding.id


def _kinds(here: Iterable[Finding]) -> Iterator[tuple[str, int, tuple[int, int] | None]]:
    every = list(here)
    for name, row in DETECTORS.items():
        some = [each.found for each in every if each.found.detector == name]
        if some:
            yield row.title, len(some), total(some) if any(each.saving for each in some) else None
