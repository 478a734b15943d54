"""The guard at work: after each pull it looks, remembers, and tells."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from handlers.alerts.spikes import cards
from handlers.alerts.spikes.rules import (
    HISTORY_DAYS,
    HOUR_LATE,
    HOURS_DAYS,
    PRESSING,
    WEEK,
    WEEK_FLOORS,
    Burn,
    Spell,
    drift,
    look,
    total,
)
from handlers.context import Context
from handlers.events import CheckDrifts, CheckSpikes, PauseAccount
from handlers.limits import is_pausable
from handlers.policy import after_working, next_morning
from storage import burn_rate, comparisons, people, pulls, spikes
from storage.burn_rate import Bucket
from storage.charges import HOURS_OF_A_DAY
from storage.directory import Person
from storage.people import Account
from storage.spikes import Sight, Spike

KINDS = ("person", "agent", "unallocated")
_DAY = timedelta(days=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


class SpendFigures(Protocol):
    """Where figures are read: `storage.burn_rate`, or a memory for measuring how often the guard is right."""

    def latest(self, conn: Connection, provider: str, since: datetime, /) -> Iterable[Bucket]:
        """See storage.burn_rate."""

    def hours(self, conn: Connection, account_ids: Sequence[str], first: date, /) -> Mapping[str, Sequence[Bucket]]:
        """See storage.burn_rate."""

    def days(self, conn: Connection, account_ids: Sequence[str], first: date, /) -> Mapping[str, Mapping[date, int]]:
        """See storage.burn_rate."""

    def dear(self, conn: Connection, first: date, end: date, least_nanos: int, /) -> list[str]:
        """See storage.burn_rate."""


def check_spikes(ctx: Context, _event: CheckSpikes) -> None:
    """Look at what everybody spends, and tell owners and finance of spikes."""
    watch_hours(ctx, burn_rate)


def check_drifts(ctx: Context, _event: CheckDrifts) -> None:
    """Look for weeks that grew slowly."""
    watch_weeks(ctx)


def watch_hours(ctx: Context, figures: SpendFigures) -> int:
    """Look, remember and tell.

    Returns:
        How many burn.
    """
    accounts = {each.id: each for each in people.accounts_ever(ctx.conn) if each.kind in KINDS}
    known = spikes.known(ctx.conn, ctx.now - HISTORY_DAYS * _DAY)
    expected = spikes.expected(ctx.conn, ctx.today)
    hot = [each for each in known if each.burns and each.rule != "weekly"]
    looked = _looked(ctx, figures, accounts, known)
    for account_id, here in looked.items():
        mine = [each for each in known if each.account_id == account_id]
        if account_id not in expected:
            _remember(ctx, account_id, here.sights, mine)
    for each in hot:
        here = looked[each.account_id]
        still = any(sight.rule == each.rule for sight in here.sights)
        if each.account_id in expected or not (still or here.unheard):
            _end(ctx, accounts[each.account_id], each, here.burn)
    burning = [each for each in spikes.known(ctx.conn, ctx.now) if each.burns]
    for each in burning:
        _tell(ctx, accounts[each.account_id], each)
    return len(burning)


def watch_weeks(ctx: Context, figures: SpendFigures = burn_rate) -> None:
    """Look for slow drifts, once a night; whoever drifts is told in working hours."""
    end = comparisons.whole_until(ctx.conn, ctx.today)
    floor = ctx.policy.guard_floor_nanos
    known = spikes.known(ctx.conn, ctx.now - HISTORY_DAYS * _DAY)
    expected = spikes.expected(ctx.conn, ctx.today)
    dear = figures.dear(ctx.conn, end - WEEK * _DAY, end, WEEK_FLOORS * floor)
    days = figures.days(ctx.conn, dear, end - (HISTORY_DAYS + WEEK) * _DAY)
    seen = {each: sight for each in dear if (sight := drift(days.get(each, {}), end, floor))}
    for account_id, sight in seen.items():
        mine = [each for each in known if each.account_id == account_id]
        recent = any(each.until > sight.since for each in mine if each.rule != "weekly")
        if account_id not in expected and not recent:
            _remember(ctx, account_id, [sight], mine)
    for each in known:
        if each.burns and each.rule == "weekly" and each.account_id not in seen:
            spikes.note(ctx.conn, each.id, burns=False, ended_at=ctx.now)


# Looking -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """An account that was looked at closely.

    Args:
        burn: what it burns.
        sights: what is out of the ordinary there.
        unheard: whether a provider that reports it was not read of late, so that silence means nothing.
    """

    burn: Burn
    sights: list[Sight]
    unheard: bool


def _looked(
    ctx: Context, figures: SpendFigures, accounts: dict[str, Account], known: Sequence[Spike]
) -> dict[str, Look]:
    """What is out of the ordinary, by account. Only who spent enough of late, or burns, is looked at closely."""
    late: dict[str, list[Bucket]] = defaultdict(list)
    hot = {each.account_id: each for each in known if each.burns}
    recent = datetime.combine(ctx.today - 2 * _DAY, time(), ctx.policy.zone)
    unheard: set[str] = set()
    for pull in pulls.pulled(ctx.conn):
        is_waited_for = ctx.policy.vendor(pull.provider) is not None  # not so if app.yaml names it no more
        was_heard = not is_waited_for or (pull.done_at or _NEVER) >= ctx.now - HOUR_LATE
        since = recent if was_heard else min([recent, *(each.since for each in hot.values())])
        for bucket in figures.latest(ctx.conn, pull.provider, since):
            if bucket.account_id in accounts:
                late[bucket.account_id].append(bucket)
                unheard |= set() if was_heard else {bucket.account_id}
    floor = ctx.policy.guard_floor_nanos
    chosen = sorted({*hot, *(each for each, buckets in late.items() if _is_dear(buckets, floor))})
    hours = figures.hours(ctx.conn, chosen, ctx.today - HOURS_DAYS * _DAY)
    days = figures.days(ctx.conn, chosen, ctx.today - HISTORY_DAYS * _DAY)
    peers = _Peers(accounts, late)
    whole_until = comparisons.whole_until(ctx.conn, ctx.today)
    zones = {each.id: each.zone for each in people.active_people(ctx.conn)}
    found = {}
    for each in chosen:
        spells = [Spell(one.start, one.cost_nanos, one.requests, one.input, one.output) for one in hours.get(each, ())]
        mine = [one for one in known if one.account_id == each and one.rule in PRESSING and one.verdict != "expected"]
        seen = Burn(
            hours=[spell for spell in spells if not _was_spike(spell.start, mine)] if mine else spells,
            days={day: cost for day, cost in days.get(each, {}).items() if not _was_spike_on(day, ctx, mine)},
            peer_hour=peers.hour(accounts[each].kind),
            peer_day=peers.day(accounts[each].kind),
            whole_until=whole_until,
            since=min((one.since for one in mine if one.burns), default=None),
        )
        morning = next_morning(ctx.now, ctx.policy.working, _zone(ctx, zones.get(accounts[each].owner_id, "")))
        found[each] = Look(seen, look(seen, ctx.now, morning, floor), each in unheard)
    return found


def _is_dear(buckets: Sequence[Bucket], floor_nanos: int) -> bool:
    """Whether an hour of it for a week, or a day of it, comes to the floor."""
    return any(each.cost_nanos * (24 * WEEK if each.hours < HOURS_OF_A_DAY else 1) >= floor_nanos for each in buckets)


def _was_spike(start: datetime, mine: Iterable[Spike]) -> bool:
    """Whether an hour lies in a danger that is over, so that it is not taken for usual."""
    return any(each.since <= start < each.until for each in mine if not each.burns)


def _was_spike_on(day: date, ctx: Context, mine: Iterable[Spike]) -> bool:
    """Whether a day does. A danger of days has those of the provider, one of hours those of the organization."""
    for each in mine:
        zone = UTC if each.rule == "daily" else ctx.policy.zone
        last = each.until - timedelta(seconds=1)
        if not each.burns and each.since.astimezone(zone).date() <= day <= last.astimezone(zone).date():
            return True
    return False


class _Peers:
    """What the dearest but one in twenty of a kind cost of late: for accounts that have no history of their own."""

    def __init__(self, accounts: dict[str, Account], late: dict[str, list[Bucket]]) -> None:
        self._hours: dict[str, list[int]] = defaultdict(list)
        self._days: dict[str, list[int]] = defaultdict(list)
        for account_id, buckets in late.items():
            kind = accounts[account_id].kind
            days: dict[date, int] = defaultdict(int)
            for each in buckets:
                days[each.day] += each.cost_nanos
                if each.hours < HOURS_OF_A_DAY and each.cost_nanos:
                    self._hours[kind].append(each.cost_nanos)
            self._days[kind] += days.values()

    def hour(self, kind: str) -> int:
        return dearest(self._hours[kind])

    def day(self, kind: str) -> int:
        return dearest(self._days[kind])


def dearest(costs: Iterable[int]) -> int:
    """The dearest but one in twenty, 0 of none."""
    known = sorted(costs)
    return known[len(known) * 19 // 20] if known else 0


# Remembering ---------------------------------------------------------------------------------------------------------


def _remember(ctx: Context, account_id: str, seen: Sequence[Sight], mine: Sequence[Spike]) -> None:
    """Bring what burns up to date, or note what is new; of several sights the most pressing counts."""
    burning = [each for each in mine if each.burns]
    for sight in seen:
        pressing = sight.rule in PRESSING
        same = next((each for each in reversed(mine) if each.rule == sight.rule and _goes_on(each, sight)), None)
        if same is not None:
            since, excess = min(same.since, sight.since), max(same.excess_nanos, sight.excess_nanos)
            grown = replace(sight, since=since, excess_nanos=excess)
            spikes.note(ctx.conn, same.id, burns=True, ended_at=None, **asdict(grown))
            return
        if any(pressing <= (each.rule in PRESSING) for each in burning):
            continue
        if not any(each.until > sight.since for each in mine if not each.burns and each.rule != "weekly"):
            spikes.begin(ctx.conn, account_id, sight)
            return


def _goes_on(one: Spike, sight: Sight) -> bool:
    """Whether a sight is of what is known already; what is no danger may rest for a day, and is not told again."""
    return one.burns or (one.rule not in PRESSING and one.until >= sight.since - _DAY)


# Telling -------------------------------------------------------------------------------------------------------------


def _tell(ctx: Context, account: Account, one: Spike) -> None:
    """Tell of a danger at once, and again each time it has doubled; of the rest once, in working hours."""
    pressing = one.rule in PRESSING
    if one.told_nanos is not None and (not pressing or one.excess_nanos < 2 * one.told_nanos):
        return
    readers = [each for each in told(ctx, account, one) if pressing or _is_awake(ctx, each)]
    if not readers and not pressing:
        return
    one = _pause(ctx, account, one)
    for person in readers:
        theirs = replace(ctx, person=person)
        theirs.tell(person.id, f"danger/{one.id}/{one.told_times}", cards.spike_card(theirs, account, one))
    spikes.note(ctx.conn, one.id, told_nanos=one.excess_nanos, told_times=one.told_times + 1)


def _pause(ctx: Context, account: Account, one: Spike) -> Spike:
    """Have an agent paused that has burnt more than the rules allow."""
    limit = ctx.policy.pause_above_nanos
    if one.paused or limit is None or account.kind != "agent" or one.excess_nanos < limit or one.verdict:
        return one
    if not is_pausable(ctx, account):
        return one
    ctx.emit(str(one.id), PauseAccount(account.id))
    return spikes.note(ctx.conn, one.id, paused=True)


def _end(ctx: Context, account: Account, one: Spike, burn: Burn) -> None:
    """It is over: say what it came to, and take the buttons off what was said before."""
    whole = total(burn, one)
    values = {"until": whole.until, "excess_nanos": whole.excess_nanos}
    over = spikes.note(ctx.conn, one.id, burns=False, ended_at=ctx.now, **values)
    if one.told_nanos is None:
        return
    for person in told(ctx, account, one):
        theirs = replace(ctx, person=person)
        card = cards.over_card(theirs, account, over)
        for number in range(one.told_times):
            theirs.tell(person.id, f"danger/{one.id}/{number}", card, again=True)
        theirs.tell(person.id, f"danger/{one.id}/over", card)


def told(ctx: Context, account: Account, one: Spike) -> Iterator[Person]:
    """Whom it concerns: the owner; finance, too, if it is a danger, or if nobody owns it."""
    owner = people.person(ctx.conn, account.owner_id)
    if owner is not None and owner.active:
        yield owner
    if one.rule in PRESSING or owner is None or not owner.active:
        yield from (each for each in people.people_with_role(ctx.conn, "finance") if each.id != account.owner_id)


def _is_awake(ctx: Context, person: Person) -> bool:
    return after_working(ctx.now, 0, ctx.policy.working, _zone(ctx, person.zone)) == ctx.now


def _zone(ctx: Context, name: str) -> ZoneInfo:
    return ZoneInfo(name or ctx.policy.organization.zone)
