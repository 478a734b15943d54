"""What was spent, divided up: by model, by time, by provider, by account, by key, by tier, by kind of tokens."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import cast

from handlers.access import GROUP_MIN, TooFewError, groups_below, step_of
from handlers.arguments import Chosen
from handlers.context import CLOCK, Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import in_units
from handlers.pages import Cell
from handlers.periods import Every
from handlers.questions.why import NAMES
from handlers.spans import Span
from handlers.telemetry import DIMENSIONS, spent_on
from storage import aliases, people
from storage.charges import TOKENS
from storage.people import Account
from storage.spend import (
    Spent,
    spent_by,
    spent_by_account,
    spent_by_day_and,
    spent_by_hour,
    spent_by_key,
    tokens_by_day,
    who_spent_by,
    who_spent_where,
    who_used,
)

WAYS = (
    "model",
    "day",
    "hour",
    "provider",
    "team",
    "person",
    "agent",
    "key",
    "week",
    "month",
    "tier",
    "tokens",
    *DIMENSIONS,
)
TIMES = ("day", "week", "month")
OTHERS = "\x00others"
"""The name of what is left of a whole; no account is called so."""

HEADS = {
    "model": N_("Model"),
    "day": N_("Day"),
    "hour": N_("Hour"),
    "week": N_("Week"),
    "month": N_("Month"),
    "provider": N_("Provider"),
    "team": N_("Team"),
    "person": N_("Person"),
    "agent": N_("Agent"),
    "key": N_("Key"),
    "tier": N_("Tier"),
    "tokens": N_("Kind of tokens"),
    "skill": N_("Skill"),
    "subagent": N_("Sub-agent"),
    "mcp": N_("MCP server"),
    "source": N_("Source"),
    "speed": N_("Speed"),
    "effort": N_("Effort"),
}
CAPTIONS = {
    "model": N_("By model"),
    "day": N_("By day"),
    "hour": N_("By hour"),
    "week": N_("By week"),
    "month": N_("By month"),
    "provider": N_("By provider"),
    "team": N_("By team"),
    "person": N_("By person"),
    "agent": N_("By agent"),
    "key": N_("By key"),
    "tier": N_("By tier"),
    "tokens": N_("By kind of tokens"),
    "skill": N_("By skill"),
    "subagent": N_("By sub-agent"),
    "mcp": N_("By MCP server"),
    "source": N_("By source"),
    "speed": N_("By speed"),
    "effort": N_("By effort"),
}
KEY_SHOWN = 8
NO_NAMES = {**dict.fromkeys(DIMENSIONS, N_("none")), "speed": N_("ordinary")}


def rows_of(ctx: Context, account: Account, by: str, span: Span, order: str = "") -> list[Spent]:
    """The sums of an account's days by one of WAYS.

    Times stand in their order and people in that of the alphabet, for they are never ranked; all else by cost. `order`
    is "name" or "amount" where another one was asked for.
    """
    found = _sums(ctx, account, by, span)
    if by == "person" or order == "name":
        return sorted(found, key=lambda each: (each.name == OTHERS, named(ctx, by, each.name, span).casefold()))
    if order == "amount" or by not in (*TIMES, "hour", "tokens"):
        return sorted(found, key=lambda each: (-each.cost_nanos, -each.tokens))
    return found


def rows_on(ctx: Context, account: Account, by: str, span: Span, on: Chosen) -> list[Spent]:
    """The same sums of some models or of one provider, by model or by time.

    Raises:
        RefusedError: they are not known by that; or many would see of few people what only single ones used.
    """
    if by == "model" and not on.provider:
        hidden = few_behind(ctx, account, by, span)
        if not hidden.isdisjoint(on.models):
            raise TooFewError("Too few people used this for many to see what it cost.")
        rows = without_few(rows_of(ctx, account, by, span), hidden)
        return [each for each in rows if each.name in on.models]
    if by not in TIMES or for_all(ctx):
        raise RefusedError(
            "Spending on some models is shown by model, day, week or month, to whom all figures are shown."
        )
    kind = "provider" if on.provider else "model"
    daily = spent_by_day_and(ctx.conn, account.id, span.first, span.end, kind)
    names = {on.provider} if on.provider else on.models
    days = _merged([replace(spent, name=str(day)) for day, spent in daily if spent.name in names], str)
    return days if by == "day" else _merged(days, lambda day: _first_of(ctx, day, by))


def named_on(on: Chosen | None) -> str:
    """The words by which a sentence names some models again, "" for all."""
    return f" on {on.said}" if on else ""


def _sums(ctx: Context, account: Account, by: str, span: Span) -> list[Spent]:
    match by:
        case "model" | "provider" | "day":
            return spent_by(ctx.conn, account.id, span.first, span.end, by)
        case "hour":
            hours = spent_by_hour(ctx.conn, account.id, span.first, span.end)
            return [replace(each, name=hour.isoformat()) for hour, each in hours]
        case "week" | "month":
            days = spent_by(ctx.conn, account.id, span.first, span.end, "day")
            # A week without its days that are told is the days that are not.
            told = without_few(days, few_behind(ctx, account, "day", span)) if by == "week" else days
            return _merged(told, lambda day: _first_of(ctx, day, by))
        case "tier":
            # Of the models that are told, or a tier and its models would tell of one that is not.
            models = spent_by(ctx.conn, account.id, span.first, span.end, "model")
            told = without_few(models, few_behind(ctx, account, "model", span))
            return _merged(told, lambda model: model if model == OTHERS else ctx.policy.tier_of(model))
        case "key":
            return _called(ctx, spent_by_key(ctx.conn, account.id, span.first, span.end))
        case _ if by in DIMENSIONS:
            return spent_on(ctx, account.id, by, span)
        case "tokens":
            days_ = [each for _, each in tokens_by_day(ctx.conn, account.id, span.first, span.end)]
            sums = [sum(kind) for kind in zip(*days_, strict=True)]
            return [Spent(kind, 0, count, 0, 0) for kind, count in zip(TOKENS, sums, strict=False) if count]
        case _:
            return _by_account(ctx, account, by, span)


def _first_of(ctx: Context, day: str, every: str) -> str:
    """The first day of the period of a day; what is left of the whole stays what it is."""
    return day if day == OTHERS else str(ctx.period(date.fromisoformat(day), cast("Every", every)).first)


def _called(ctx: Context, keys: list[Spent]) -> list[Spent]:
    """Keys by their alias, else by the end of their id; where several are called alike, by both."""
    named_ = {key[-1]: name for key, name in aliases.names(ctx.conn, [each.name for each in keys]).items()}
    often = Counter(named_.values())

    def word(key: str) -> str:
        name, end = named_.get(key, ""), f"…{key[-KEY_SHOWN:]}" if key else ""
        return f"{name} {end}" if often[name] > 1 else name or end

    return [replace(each, name=word(each.name)) for each in keys]


def _merged(sums: Iterable[Spent], name_of: Callable[[str], str]) -> list[Spent]:
    """Sums of several names that are called alike, as one."""
    found: dict[str, Spent] = {}
    for each in sums:
        name = name_of(each.name)
        found[name] = added(name, [found[name], each]) if name in found else replace(each, name=name)
    return list(found.values())


def added(name: str, sums: Iterable[Spent]) -> Spent:
    """Several sums as one of a name."""
    several = list(sums)
    return Spent(
        name,
        sum(each.cost_nanos for each in several),
        sum(each.tokens for each in several),
        sum(each.tokens_unpriced for each in several),
        sum(each.requests for each in several),
    )


def _by_account(ctx: Context, account: Account, kind: str, span: Span) -> list[Spent]:
    """Sums of the accounts of a kind below; what is left of the whole is a row of its own, so that sums agree."""
    names = inside(ctx, account, kind, span)
    found = spent_by_account(ctx.conn, account.id, sorted(names), span.first, span.end)
    whole = added("", spent_by(ctx.conn, account.id, span.first, span.end, "provider"))
    known = added("", found)
    rest = Spent(
        OTHERS,
        whole.cost_nanos - known.cost_nanos,
        whole.tokens - known.tokens,
        whole.tokens_unpriced - known.tokens_unpriced,
        whole.requests - known.requests,
    )
    named_ = [replace(each, name=names[each.name]) for each in found]
    return [*named_, rest] if rest.cost_nanos or rest.tokens else named_


def inside(ctx: Context, account: Account, kind: str, span: Span) -> dict[str, str]:
    """The accounts of a kind below, with their names: of teams those that have no team below."""
    below = people.descendants(ctx.conn, account.id, kind)
    if kind != "team":
        return {each.id: each.name for each in below}
    teams = below
    parents = {each.parent_id for each in teams}
    found = {each.id: each.name for each in teams if each.id not in parents and each.id != account.id}
    if not for_all(ctx):
        return found
    told = groups_below(ctx, account.id, span)
    return {each: name for each, name in found.items() if each in told}


def for_all(ctx: Context) -> bool:
    """Whether many see the answer."""
    return ctx.place.public and ctx.person.id == CLOCK.id


def few_behind(ctx: Context, account: Account, by: str, span: Span) -> frozenset[str]:
    """The names of sums that too few people are behind for many to see them, so that they become one: the others.

    Whoever asks what they like is told of the parts of the organization only: what a part of it and a part of a team
    leave may be one person's.
    """
    if by not in ("model", "provider", "tokens", "day") or not for_all(ctx):
        return frozenset()
    if by == "tokens":
        who = who_used(ctx.conn, account.id, span.first, span.end)
    else:
        who = who_spent_by(ctx.conn, account.id, span.first, span.end, by)
    if ctx.only is not None and account.kind != "organization":
        return frozenset(who)
    if by == "day" and ctx.only is not None:
        return _within_steps(ctx, who)
    return _beside_models(ctx, account, span, who) if by == "provider" else too_few(who)


def _within_steps(ctx: Context, who: Mapping[str, set[str]]) -> frozenset[str]:
    """The same of days, for viewers, who have seen what each step of a month came to: in each for itself."""
    steps: dict[date, dict[str, set[str]]] = {}
    for day, persons in who.items():
        steps.setdefault(step_of(ctx, date.fromisoformat(day)), {})[day] = persons
    return frozenset(day for each in steps.values() for day in too_few(each))


def _beside_models(ctx: Context, account: Account, span: Span, who: Mapping[str, set[str]]) -> frozenset[str]:
    """The same of providers: what a sum leaves when the models that are told are taken away, too few are behind."""
    hidden = too_few(who_spent_by(ctx.conn, account.id, span.first, span.end, "model"))
    left: dict[str, set[str]] = {}
    for provider, model, person in who_spent_where(ctx.conn, account.id, span.first, span.end):
        if model in hidden:
            left.setdefault(provider, set()).add(person)
    found = too_few(left) | too_few(who)
    rest = {each for name in found for each in left.get(name, ())}
    return frozenset(who) if 0 < len(rest) < GROUP_MIN else found


def too_few(who: Mapping[str, set[str]]) -> frozenset[str]:
    """The names behind which are fewer than five people, with the next smallest until five are behind the others."""
    hidden = {name for name, persons in who.items() if len(persons) < GROUP_MIN}
    rest = {each for name in hidden for each in who[name]}
    for name in sorted(who.keys() - hidden, key=lambda each: (len(who[each]), each)):
        if not rest or len(rest) >= GROUP_MIN:
            break
        hidden.add(name)
        rest |= who[name]
    return frozenset(hidden)


def without_few(rows: Iterable[Spent], hidden: Collection[str]) -> list[Spent]:
    """Sums in which those with too few people behind them are one, the last."""
    every = list(rows)
    few = [each for each in every if each.name in hidden]
    return [*(each for each in every if each.name not in hidden), *([added(OTHERS, few)] if few else [])]


def named(ctx: Context, by: str, name: str, span: Span) -> str:
    """What a row is called: a day, the days of a week as far as they were asked for, a month, a kind, a name."""
    if name == OTHERS:
        return ctx.t("others")
    match by:
        case "day":
            return ctx.day(date.fromisoformat(name))
        case "hour":
            return ctx.moment(datetime.fromisoformat(name))
        case "week":
            week = ctx.period(date.fromisoformat(name), "week")
            first, last = max(week.first, span.first), min(week.end, span.end) - timedelta(days=1)
            if first == last:
                return ctx.short_day(first)
            return ctx.t("{first} to {last}", first=ctx.short_day(first), last=ctx.short_day(last))
        case "month":
            return ctx.month(date.fromisoformat(name))
        case "key":
            return name or ctx.t("no key")
        case "tier":
            return ctx.tier(name)
        case "tokens":
            return ctx.t(NAMES[name])
        case _:
            return ctx.t(NO_NAMES[by]) if not name and by in NO_NAMES else name or ctx.t("no name")


def cells(by: str, rows: Iterable[Spent], currency: str) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """The columns and rows of a file with the same sums, as machines read them: a month is "2026-11"."""
    if by == "tokens":
        return ("kind", "tokens"), [(each.name.removeprefix("tokens_"), each.tokens) for each in rows]
    columns = (by, "cost", "currency", "tokens", "tokens_unpriced", "requests")
    return columns, [
        (
            "others" if each.name == OTHERS else each.name[: len("2026-11")] if by == "month" else each.name,
            in_units(each.cost_nanos, currency),
            currency,
            each.tokens,
            each.tokens_unpriced,
            each.requests,
        )
        for each in rows
    ]
