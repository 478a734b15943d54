"""Who may see what: the one place that decides it.

A person sees their own figures; an owner sees their account and all below it; finance and admins see all. A channel
sees group totals only, and so do viewers.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate
from urllib.parse import quote

from handlers.context import CLOCK, Context
from handlers.errors import RefusedError
from handlers.periods import called_after
from handlers.spans import Span
from storage import comparisons, membership, people
from storage.people import Account
from storage.tables import ORGANIZATION

GROUP_MIN = 5
STEP_DAYS = 7
ONE_DAY = timedelta(days=1)


class TooFewError(RefusedError):
    """Viewers are not told this, for so few people are behind a part of it that it tells of them."""


def may_see(ctx: Context, account_id: str) -> bool:
    """Whether the person who speaks may see an account's figures."""
    if ctx.only is not None:
        return account_id in ctx.only
    if account_id == ctx.account_id or sees_all(ctx):
        return True
    return owns(ctx, account_id)


def owns(ctx: Context, account_id: str) -> bool:
    """Whether the person who speaks owns an account or one above it. Who is nobody owns nothing."""
    return people.owns(ctx.person.id, ctx.line(account_id))


def is_for_all(ctx: Context, account_id: str, span: Span | None = None) -> bool:
    """Whether an account's totals may be shown to the channel: the clock says so, and enough people are behind them.

    Args:
        ctx: of whoever asks.
        account_id: whose totals.
        span: of which days; then there must have been as many on each of them, or two spans would tell of one person.
    """
    if not (ctx.place.public and ctx.person.id == CLOCK.id and is_group(ctx, account_id)):
        return False
    return span is None or was_group(*_changes(ctx, [account_id], span).values())


def _changes(ctx: Context, account_ids: Collection[str], span: Span) -> dict[str, Counter[date]]:
    return membership.changes(ctx.conn, account_ids, span.first, min(span.end, ctx.today + ONE_DAY))


def was_group(changes: Mapping[date, int]) -> bool:
    """Whether there were five people and more on each day, or nobody.

    Args:
        changes: by how many they grew or shrank, by day.
    """
    return all(size == 0 or size >= GROUP_MIN for size in _sizes(changes))


def _sizes(changes: Mapping[date, int]) -> list[int]:
    return list(accumulate(changes[day] for day in sorted(changes)))


def is_group(ctx: Context, account_id: str) -> bool:
    """Whether so many people are behind an account that its totals tell of nobody."""
    return sum(people.headcounts(ctx.conn, account_id).values()) >= GROUP_MIN


def groups_below(ctx: Context, account_id: str, span: Span | None = None) -> frozenset[str]:
    """The teams below an account whose totals may stand beside its own in a channel; of a span as above."""
    teams = people.teams_below(ctx.conn, account_id)
    told = _told_apart(teams, people.headcounts(ctx.conn, account_id), account_id)
    if span is None or not told:
        return told
    return _always_apart(teams, _changes(ctx, [account_id, *told], span), account_id)


def _always_apart(teams: Iterable[Account], changes: Mapping[str, Counter[date]], whole_id: str) -> frozenset[str]:
    """The teams that were a group on every day, and leave none or a group of the whole; the largest are kept.

    Args:
        teams: all below the whole.
        changes: of the whole, and of the teams that are told apart today.
        whole_id: whose total is told, too.
    """
    parents = {each.id: each.parent_id for each in teams}
    kept = {each for each, of_it in changes.items() if was_group(of_it)}
    if whole_id not in kept:
        return frozenset()

    def left() -> Counter[date]:
        """What the outermost of those that are kept leave."""
        rest = Counter(changes[whole_id])
        for each in kept - {whole_id}:
            above = parents.get(each, whole_id)
            while above in parents and above not in kept:
                above = parents[above]
            if above == whole_id:
                rest.subtract(changes[each])
        return rest

    for each in sorted(kept - {whole_id}, key=lambda one: (max(_sizes(changes[one]), default=0), one)):
        if was_group(left()):
            break
        kept.discard(each)
    return frozenset(kept)


def told_apart(accounts: Iterable[Account], whole_id: str) -> frozenset[str]:
    """The accounts that have five people and more, and leave none or five and more of the account above untold.

    Of teams side by side the smallest are left out until that is so; what is below one that is left out is, too.

    Args:
        accounts: a whole, and all below it.
        whole_id: whose total is told, too.
    """
    every = list(accounts)
    direct = Counter(each.parent_id for each in every if each.kind == "person")
    return _told_apart([each for each in every if each.kind == "team"], direct, whole_id)


def _told_apart(teams: Iterable[Account], direct: Mapping[str, int], whole_id: str) -> frozenset[str]:
    """The same, of teams and of how many people have each account directly above them."""
    below: dict[str, list[Account]] = {}
    for each in teams:
        below.setdefault(each.parent_id, []).append(each)

    def people_in(account_id: str) -> int:
        return direct.get(account_id, 0) + sum(people_in(each.id) for each in below.get(account_id, []))

    def told(account_id: str, size: int) -> Iterator[str]:
        yield account_id
        sizes = {each.id: people_in(each.id) for each in below.get(account_id, [])}
        kept = {each: number for each, number in sizes.items() if number >= GROUP_MIN}
        rest = size - sum(kept.values())
        for each in sorted(kept, key=lambda one: (kept[one], one)):
            if not 0 < rest < GROUP_MIN:
                break
            rest += kept.pop(each)
        for each, number in kept.items():
            yield from told(each, number)

    whole = people_in(whole_id)
    return frozenset(told(whole_id, whole)) if whole >= GROUP_MIN else frozenset()


def is_viewer(ctx: Context) -> bool:
    """Whether the person who speaks sees the company in groups: what a channel may see, and no single person."""
    return "viewer" in ctx.person.roles


def as_viewer(ctx: Context) -> Context:
    """The same question as a channel would be answered, about groups that nobody can be told out of; in their language.

    The clock asks, at a place that many read: then all that names single people is left out or personal. Of whose
    figures it asks is held here: not only is each a group, what two of them leave is none or a group, too.
    """
    organization = ctx.policy.organization.model_copy(update={"locale": ctx.locale, "channels": {}})
    return replace(
        ctx,
        person=replace(CLOCK, zone=ctx.person.zone),
        place=replace(ctx.place, public=True),
        policy=ctx.policy.model_copy(update={"organization": organization}),
        only=groups_below(ctx, ORGANIZATION),
    )


def refuse_parts_of_months(ctx: Context, first: date, end: date, example: str) -> None:
    """Refuse viewers all days but whole months: what two stretches differ by may be a day of a single person.

    Raises:
        TooFewError: they asked for others.
    """
    is_whole = ctx.period(first, "month").first == first and ctx.period(end, "month").first == end
    if ctx.only is not None and not is_whole:
        raise TooFewError("You see whole months, such as: {example}", example=example)


def told_until(ctx: Context) -> tuple[date, date]:
    """How far viewers are told of the month that runs: before which day its total, and before which day parts of it.

    Whoever asks again and again sees single charges come, and by two answers what was between them. So totals grow by
    seven days at once, and the last step, the one at the end of the month, is as long at least. Parts wait for the
    whole month: few may be behind what is new in one of them. A month runs until all its days are read.
    """
    whole = comparisons.whole_before(ctx.readings(), ctx.today)
    return step_of(ctx, whole), ctx.period(whole, "month").first


def step_of(ctx: Context, day: date) -> date:
    """The first day of the step of a month in which a day is; the last one has up to thirteen days."""
    month = ctx.period(day, "month")
    step = min((day - month.first).days // STEP_DAYS, month.days // STEP_DAYS - 1)
    return month.first + timedelta(days=step * STEP_DAYS)


def told_span(ctx: Context, span: Span, example: str, *, parts: bool, is_usual: bool) -> Span:
    """The days that are told of some that were asked for: for viewers none that come one by one.

    Args:
        ctx: of whoever asks.
        span: the days.
        example: a sentence about the month before, for whoever is told none of these days.
        parts: whether parts of a total are asked for.
        is_usual: nobody named days; then it is the month before where none of these are told.

    Raises:
        TooFewError: they asked for days of which nothing is told yet.
    """
    until = told_until(ctx)[parts] if ctx.only is not None else span.end
    if span.end <= until or span.first > ctx.today:
        return span
    if span.first < until:
        label = ctx.t("{period} until {day}", period=span.label, day=ctx.day(until - ONE_DAY))
        return replace(span, end=until, label=label)
    if not is_usual:
        raise TooFewError("It is too early to show these days. For the month before, say: {example}", example=example)
    month = ctx.period(told_until(ctx)[1] - ONE_DAY, "month")
    return Span(
        month.first, month.end, ctx.t("in {month}", month=ctx.month(month.first)), f"{called_after(month.first):%Y-%m}"
    )


def role_of(ctx: Context) -> str:
    """The role by which somebody who sees all acts, as the audit says it."""
    return "role finance" if "finance" in ctx.person.roles else "role admin"


def page_of(account: Account) -> str:
    """The page of the console that shows an account to whoever may see it."""
    pages = {"organization": "/organization", "team": f"/team/{quote(account.id.removeprefix('team/'), safe='')}"}
    return pages.get(account.kind, "/")


def ours(ctx: Context) -> Account | None:
    """What somebody means who says "we": the organization, for who sees all of it; else the one team that they own.

    It is their own account where they own no team or several, and None if they have none.
    """
    if sees_all(ctx):
        return ctx.account(ORGANIZATION)
    teams = [each for each in people.owned(ctx.conn, ctx.person.id) if each.kind == "team"]
    return teams[0] if len(teams) == 1 else ctx.account(ctx.account_id)


def sees_all(ctx: Context) -> bool:
    """Whether the person who speaks sees everybody's figures."""
    return "finance" in ctx.person.roles or "admin" in ctx.person.roles
