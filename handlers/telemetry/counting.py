"""What programs told, as charges that give way to what their provider reports.

Until a day is over at the provider and told by it, an account is charged the larger of the two, for each model and
kind of tokens: what is reported takes the place of what was told, from the earliest hour on, and what was told beyond
that is still counted. When the day was told after its end, only the report counts.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from handlers.context import Context
from handlers.model_names import forms
from handlers.policy import PROGRAMS, Policy
from handlers.pricing import PriceBook, book_of
from storage import ingest
from storage import telemetry as storage
from storage.charges import TOKENS, Charge
from storage.tables import UNALLOCATED
from storage.telemetry import Identity, Reported, Told
from storage.units import from_nanos

SETTLED_AFTER = timedelta(hours=1)
"""A day that a provider tells so long after its end (UTC) is over: what it leaves out, it does not know."""

COST_MAX = 10**16
"""What a program says that an hour cost is not believed above this (ten million dollars)."""

KINDS = (*TOKENS, "tokens_reasoning", "requests")
_DATED = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})$")
_CLOUD = re.compile(r"^(?:[a-z]{2,6}\.)?[a-z0-9]+\.(?=[a-z])|-v\d+(?::\d+)?$")


def count(ctx: Context, touched: Iterable[tuple[Identity, date]]) -> None:
    """Count what was told anew, of some identities on some days (UTC), beside what their providers report."""
    here: dict[tuple[str, date], set[Identity]] = defaultdict(set)
    for identity, day in touched:
        here[ctx.policy.speaker(identity[0]), day].add(identity)
    read = storage.told_at(ctx.conn, {speaker for speaker, _ in here if speaker}, {day for _, day in here})
    for (speaker, day), identities in sorted(here.items()):
        if not speaker:
            told = storage.told(ctx.conn, {program for program, _, _ in identities}, day, identities)
            _record(ctx, [_charge(each) for each in told], estimate=True)
            continue
        accounts = storage.accounts_of(ctx.conn, identities)
        programs = _spoken_for(ctx.policy, speaker)
        everywhere = storage.identities_of(ctx.conn, programs, set(accounts.values()))
        _count_day(ctx, speaker, day, {*identities, *everywhere}, read.get((speaker, day)))


def give_way(ctx: Context, provider: str, day: date, told_at: datetime) -> None:
    """Let what was told of a day (UTC) give way to what a provider reports of it, in the same transaction.

    Args:
        ctx: of the transaction in which the report is counted.
        provider: that reported.
        day: which.
        told_at: when it was asked.
    """
    if not _spoken_for(ctx.policy, provider):
        return
    storage.note_told(ctx.conn, provider, day, told_at)
    _count_day(ctx, provider, day, None, told_at)


def make_room(ctx: Context, provider: str, day: date, account_ids: Collection[str], told_at: datetime) -> None:
    """The same of some accounts, while the rest of a provider's day is still being written.

    The day is not over before its last part counts: until then an account is charged the larger of the two.

    Args:
        ctx: of the transaction in which a part of the report is counted.
        provider: that reported.
        day: which.
        account_ids: whose charges that part changed.
        told_at: when it was asked.
    """
    programs = _spoken_for(ctx.policy, provider)
    known = storage.told_at(ctx.conn, [provider], [day]).get((provider, day)) if programs else None
    if not programs or is_settled(day, known):
        return
    so_far = min(told_at, _over_at(day) - timedelta(microseconds=1))
    if known is None:
        storage.note_told(ctx.conn, provider, day, so_far)
    everybody = UNALLOCATED in account_ids  # of whom nobody knows, no link says which are theirs
    whose = None if everybody else storage.identities_of(ctx.conn, programs, account_ids)
    _count_day(ctx, provider, day, whose, so_far)


def _spoken_for(policy: Policy, provider: str) -> list[str]:
    return [name for name in PROGRAMS if policy.speaker(name) == provider]


def _count_day(
    ctx: Context, provider: str, day: date, identities: Collection[Identity] | None, told_at: datetime | None
) -> None:
    told = storage.told(ctx.conn, _spoken_for(ctx.policy, provider), day, identities)
    if not told:
        return
    if is_settled(day, told_at):
        _record(ctx, [_nothing(_charge(each)) for each in told], estimate=False)
        return
    accounts = storage.accounts_of(ctx.conn, {(each.program, each.resource, each.subject) for each in told})
    reported: dict[str, list[Reported]] = defaultdict(list)
    if told_at is not None:
        for row in storage.reported(ctx.conn, provider, day, set(accounts.values())):
            reported[row.account_id].append(row)
    hours: dict[str, list[Charge]] = defaultdict(list)
    for each in told:
        hours[accounts[each.program, each.resource, each.subject]].append(_charge(each))
    book = book_of(ctx)
    left: list[Charge] = []
    for account_id, charges in sorted(hours.items()):
        priced = [_priced(ctx.policy, book, each) for each in charges]
        left += still_counting(priced, reported[account_id], lambda each: _in_house(ctx.policy, each))
    _record(ctx, left, estimate=False)


def is_settled(day: date, told_at: datetime | None) -> bool:
    """Whether a provider told of a day (UTC) when it was over there."""
    return told_at is not None and told_at >= _over_at(day)


def _over_at(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=1) + SETTLED_AFTER


def still_counting(
    hours: Sequence[Charge], reported: Iterable[Reported], in_house: Callable[[Charge], int]
) -> list[Charge]:
    """What is left of an account's day beyond what is reported of it, hour by hour.

    Of each model and kind, the sum of what is reported and what is left is the larger of what was reported and told.

    Args:
        hours: what was told, priced.
        reported: what the provider reports of the account and day.
        in_house: what a charge costs in the house currency.
    """
    pots: dict[str, _Pot] = defaultdict(_Pot)
    for each in reported:
        pots[model_key(each.model)].add(each)
    left = []
    for hour in sorted(hours, key=lambda each: (each.bucket_start, each.model, each.tier, each.resource, each.subject)):
        rest = hour
        for key in dict.fromkeys((model_key(hour.model), "")):
            rest = pots[key].take_from(rest, in_house)
        left.append(rest)
    return left


@dataclass(slots=True)
class _Pot:
    """What is reported of a model and was not held against anything told yet. A cost below nought is none."""

    amounts: tuple[int, ...] = (0,) * len(KINDS)
    cost_house: int = 0

    def add(self, one: Reported) -> None:
        more = (*one.tokens, one.reasoning, one.requests)
        self.amounts = tuple(map(int.__add__, self.amounts, more))
        self.cost_house += one.cost_house

    def take_from(self, hour: Charge, in_house: Callable[[Charge], int]) -> Charge:
        here = tuple(getattr(hour, kind) for kind in KINDS)
        taken = tuple(max(0, min(pair)) for pair in zip(here, self.amounts, strict=True))
        self.amounts = tuple(map(int.__sub__, self.amounts, taken))
        left: dict[str, Any] = dict(zip(KINDS, map(int.__sub__, here, taken), strict=True))
        cost = hour.cost_nanos
        if cost:
            house = in_house(hour)
            paid = max(0, min(house, self.cost_house))
            self.cost_house -= paid
            cost = cost * (house - paid) // house if house else 0
        return replace(hour, cost_nanos=cost, **left)


def model_key(model: str) -> str:
    """A model's name without the vendor, the cloud and the day of its version: reports have them, programs do not."""
    said = [each.name for each in forms(_CLOUD.sub("", model.lower()))] if model else []
    return _DATED.sub("", said[-1].lower()) if said else ""


def _charge(told: Told) -> Charge:
    """What a program told, as it would be charged. Parts that came before their whole make nothing less than nought."""
    tokens = [max(0, each) for each in told.tokens]
    return Charge(
        provider=told.program,
        bucket_start=told.hour,
        bucket_hours=1,
        model=told.model,
        resource=told.resource,
        subject=told.subject,
        tier=told.tier,
        tokens_input=tokens[0],
        tokens_cache_read=tokens[1],
        tokens_cache_write_5m=tokens[2],
        tokens_cache_write_1h=tokens[3],
        tokens_output=tokens[4],
        tokens_reasoning=min(max(0, told.reasoning), tokens[-1]),
        requests=max(0, told.requests),
        cost_nanos=None if told.cost_nanos is None else min(max(0, told.cost_nanos), COST_MAX),
        cost_source="unpriced" if told.cost_nanos is None else "telemetry",
    )


def _nothing(charge: Charge) -> Charge:
    """The same, of which nothing counts any more."""
    key = charge.provider, charge.bucket_start, charge.bucket_hours, charge.model
    named: dict[str, Any] = {"resource": charge.resource, "subject": charge.subject, "tier": charge.tier}
    return Charge(*key, **named, cost_nanos=0, cost_source="telemetry")


def best_priced(book: PriceBook, charge: Charge) -> Charge:
    """What it costs by the company's own prices, else by what the program says, else by the list.

    Programs compute their figure at list prices, and know nothing of a contract. The zero of one that knows no price is
    not believed, as of any other.
    """
    ours = book.priced(replace(charge, cost_nanos=None, cost_source="unpriced"))
    is_own = ours.cost_source == "own_price" and ours.cost_nanos is not None
    return charge if charge.cost_nanos and not is_own else ours


def _priced(policy: Policy, book: PriceBook, charge: Charge) -> Charge:
    """The same; what cannot be counted has no cost."""
    known = best_priced(book, charge)
    if known.cost_nanos is None or _converted(policy, known) is None:
        return replace(charge, cost_nanos=None, cost_source="unpriced")
    return known


def _converted(policy: Policy, charge: Charge) -> int | None:
    """The cost in the house currency, None if it cannot be had."""
    if charge.cost_nanos is None:
        return None
    first = charge.bucket_start.date() - timedelta(days=1)  # an hour may count for the day before
    house = policy.convert(charge.cost_nanos, charge.currency, first)
    if house is None or max(abs(house[0]), abs(from_nanos(charge.cost_nanos, charge.currency))) > COST_MAX:
        return None
    return house[0]


def _in_house(policy: Policy, charge: Charge) -> int:
    return _converted(policy, charge) or 0


def _record(ctx: Context, charges: Sequence[Charge], *, estimate: bool) -> None:
    """Let charges count.

    Args:
        ctx: of an order.
        charges: as they are to be.
        estimate: no provider will speak for them, so that prices which are set later still count.
    """

    def convert(cost_nanos: int, currency: str, day: date) -> tuple[int, int]:
        house = ctx.policy.convert(cost_nanos, currency, day)
        if house is None:
            raise AssertionError("a cost without a rate has no cost")
        return house

    if estimate:
        book = book_of(ctx)
        final = (_priced(ctx.policy, book, each) for each in charges)
    else:
        final = (each if each.cost_nanos is None else replace(each, cost_source="telemetry") for each in charges)
    ingest.record(ctx.conn, final, ctx.policy.zone, convert, ctx.now)
