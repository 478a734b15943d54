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
    ACTIVE_DAYS_FEW,
    HISTORY_DAYS,
    HOUR_LATE,
    HOURS_DAYS,
    LATE_DAYS,
    NEWCOMER_TIMES,
    PRESSING,
    WEEK,
    WEEK_FLOORS,
    Burn,
    Spell,
    drift,
    goes_on,
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
from storage.pulls import Pull
from storage.spikes import Expectation, Sight, Spike
from storage.tables import ORGANIZATION

KINDS = ("person", "agent", "unallocated")
PEERS_MIN = 12
WAVE_MIN = 8  # new agents
WAVE_PART = 10  # each spends this part of the floor at least
WAVE_FLOORS = 10  # and all of them together so many floors a day
FINANCE_FLOORS = 10  # of a drift in a week, for finance to hear of it too
_DAY = timedelta(days=1)
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # before anything was read


class SpendFigures(Protocol):
    """Where figures are read: `storage.burn_rate`, or a memory for measuring how often the guard is right.

    Live figures, such as those of telemetry, enter here as hours that are told before the provider tells them.
    """

    def latest(self, conn: Connection, provider: str, since: datetime, /) -> Iterable[Bucket]:
        """See storage.burn_rate."""

    def late(
        self, conn: Connection, provider: str, since: datetime, until: datetime, heard: datetime, least_nanos: int, /
    ) -> Iterable[str]:
        """See storage.burn_rate."""

    def strays(self, conn: Connection, first: date, /) -> Mapping[tuple[str, ...], Sequence[Bucket]]:
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
    accounts = {each.id: each for each in people.accounts_ever(ctx.conn)}
    known = spikes.known(ctx.conn, ctx.now - HISTORY_DAYS * _DAY)
    expected = spikes.expected(ctx.conn, ctx.today)
    hot = [each for each in known if each.burns and each.rule != "weekly"]
    looked = _looked(ctx, figures, accounts, known)
    over: list[Spike] = []
    for account_id, here in looked.items():
        mine = [each for each in known if each.account_id == account_id]
        sights = _beyond(ctx, expected.get(account_id), here.burn, here.sights)
        over += _remember(ctx, account_id, replace(here, sights=sights), mine)
        for each in hot:
            if each.account_id == account_id and not (_still(ctx, each, here.burn, sights) or here.unheard):
                _end(ctx, accounts[account_id], each, here.burn)
    burning = [each for each in spikes.known(ctx.conn, ctx.now) if each.burns]
    for each in (*over, *burning):
        _tell(ctx, accounts[each.account_id], each)
    return len(burning)


def watch_weeks(ctx: Context, figures: SpendFigures = burn_rate) -> None:
    """Look for slow drifts, once a night; whoever drifts is told in working hours."""
    end = comparisons.whole_until(ctx.conn, ctx.today)
    floor = ctx.policy.guard_floor_nanos
    known = spikes.known(ctx.conn, ctx.now - HISTORY_DAYS * _DAY)
    expected = {who for who, said in spikes.expected(ctx.conn, ctx.today).items() if said.first <= ctx.today}
    dear = figures.dear(ctx.conn, end - WEEK * _DAY, end, WEEK_FLOORS * floor)
    days = figures.days(ctx.conn, dear, end - (HISTORY_DAYS + WEEK) * _DAY)
    seen = {each: sight for each in dear if (sight := drift(days.get(each, {}), end, floor))}
    for account_id, sight in seen.items():
        mine = [each for each in known if each.account_id == account_id]
        recent = any(each.until > sight.since for each in mine if each.rule != "weekly")
        if account_id not in expected and not recent:
            same = next((each for each in reversed(mine) if each.rule == "weekly" and _continues(each, sight)), None)
            if same:
                _grow(ctx, same, sight)
            elif not any(each.burns for each in mine):
                spikes.begin(ctx.conn, account_id, sight)
    for each in known:
        if each.burns and each.rule == "weekly" and each.account_id not in seen:
            spikes.note(ctx.conn, each.id, burns=False, ended_at=ctx.now)


# Looking -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """An account that was looked at closely.

    Args:
        burn: what it burns.
        sights: what is out of the ordinary there, the most pressing first.
        unheard: whether a provider that reports it was not read of late, so that silence means nothing.
    """

    burn: Burn
    sights: list[Sight]
    unheard: bool


@dataclass(frozen=True, slots=True)
class _Heard:
    """How far the providers are known that report an account.

    Args:
        until: up to when one of them told something, of anybody, or would have.
        judged_from: days before it were read when readings began.
        unheard: whether one of them was not read of late.
        hours_until: the same as `until` of hours that are told beside days, None if none are.
    """

    until: datetime
    judged_from: date
    unheard: bool = False
    hours_until: datetime | None = None

    def plus(self, other: "_Heard") -> "_Heard":
        """Both."""
        return _Heard(
            max(self.until, other.until),
            min(self.judged_from, other.judged_from),
            self.unheard or other.unheard,
            max(filter(None, (self.hours_until, other.hours_until)), default=None),
        )


class _Recent:
    """What all accounts cost of late, and which of them are worth a close look."""

    def __init__(self, ctx: Context, figures: SpendFigures, hot: Mapping[str, Spike]) -> None:
        floor = ctx.policy.guard_floor_nanos
        recent = datetime.combine(ctx.today - 2 * _DAY, time(), ctx.policy.zone)
        self.buckets: dict[str, list[Bucket]] = defaultdict(list)
        self.dear = set[str](hot)
        self._heard: dict[str, _Heard] = {}
        self._nobody = _Heard(_NEVER, ctx.today)
        for pull in pulls.pulled(ctx.conn):
            here = _heard_of(ctx, pull)
            self._nobody = _Heard(max(self._nobody.until, here.until), min(self._nobody.judged_from, here.judged_from))
            since = min([recent, *(each.since for each in hot.values())]) if here.unheard else recent
            for bucket in figures.latest(ctx.conn, pull.provider, since):
                self.buckets[bucket.account_id].append(bucket)
                self._note(bucket.account_id, here)
            days = recent - (LATE_DAYS - 2) * _DAY, recent
            for account_id in figures.late(ctx.conn, pull.provider, *days, ctx.now - _DAY, floor):
                self.dear.add(account_id)
                self._note(account_id, here)
        self.dear |= {each for each, buckets in self.buckets.items() if _is_dear(buckets, floor)}

    def heard(self, account_id: str) -> _Heard:
        """How far the providers of an account are known; of one without recent figures, how far any is."""
        return self._heard.get(account_id, self._nobody)

    def _note(self, account_id: str, here: _Heard) -> None:
        self._heard[account_id] = self._heard[account_id].plus(here) if account_id in self._heard else here


def _heard_of(ctx: Context, pull: Pull) -> _Heard:
    """How far a provider is known. One that app.yaml names no more is not waited for."""
    is_waited_for = ctx.policy.vendor(pull.provider) is not None
    done = pull.done_at or _NEVER
    told = _told_until(ctx, pull.done_at, pull.heard_until, pull.late_seconds)
    hours = _told_until(ctx, pull.hours_read_at, pull.hours_until, pull.hours_late_seconds)
    earliest = ctx.today - LATE_DAYS * _DAY
    began = pull.began_at.date() - _DAY if pull.began_at else earliest
    unheard = is_waited_for and done < ctx.now - HOUR_LATE
    has_hours = pull.hours_read_at is not None and pull.hours_read_at > ctx.now - _DAY
    return _Heard(told, max(earliest, began), unheard, hours if has_hours else None)


def _told_until(
    ctx: Context, read_at: datetime | None, heard_until: datetime | None, late_seconds: int | None
) -> datetime:
    """Up to when something is known: it was told, or would have been if there were anything."""
    late = max(HOUR_LATE, timedelta(seconds=late_seconds or 0))
    return max(read_at - late if read_at else _NEVER, min(heard_until or _NEVER, ctx.now))


def _looked(
    ctx: Context, figures: SpendFigures, accounts: dict[str, Account], known: Sequence[Spike]
) -> dict[str, Look]:
    """What is out of the ordinary, by account. Only who spent enough of late, or burns, is looked at closely."""
    recent = _Recent(ctx, figures, {each.account_id: each for each in known if each.burns})
    agents = _small_agents(recent, accounts, ctx.policy.guard_floor_nanos)
    chosen = sorted(each for each in recent.dear | agents if each in accounts and accounts[each].kind in KINDS)
    hours = figures.hours(ctx.conn, chosen, ctx.today - HOURS_DAYS * _DAY)
    days = figures.days(ctx.conn, chosen, ctx.today - HISTORY_DAYS * _DAY)
    burning = {each.account_id for each in known if each.burns}
    newcomers = {each for each in chosen if sum(cost > 0 for cost in days.get(each, {}).values()) < ACTIVE_DAYS_FEW}
    peers = _Peers(ctx, accounts, {who: each for who, each in recent.buckets.items() if who not in newcomers | burning})
    zones = {each.id: each.zone for each in people.active_people(ctx.conn)}
    found: dict[str, Look] = {}
    for each in chosen:
        mine = [one for one in known if one.account_id == each and one.rule in PRESSING and one.verdict != "expected"]
        allowed = peers.allowed(each)
        here = recent.heard(each)
        burn = _burn(ctx, hours.get(each, ()), days.get(each, {}), allowed, here, mine)
        burn = replace(burn, has_timetable=accounts[each].kind != "person")
        morning = next_morning(ctx.now, ctx.policy.working, _zone(ctx, zones.get(accounts[each].owner_id, "")))
        sights = look(burn, ctx.now, morning, ctx.policy.guard_floor_nanos)
        if accounts[each].kind == "unallocated":
            sights += _of_strays(ctx, figures, allowed, here, morning)
        found[each] = Look(burn, _of_late(sights, here), here.unheard)
    wave = _wave(ctx, found, newcomers & agents_of(accounts), recent.heard(ORGANIZATION))
    if wave:
        for each in wave.who:
            found[each] = replace(found[each], sights=[])
        found[ORGANIZATION] = wave.look
    elif any(one.burns and one.account_id == ORGANIZATION for one in known):
        found[ORGANIZATION] = Look(_burn(ctx, (), {}, (0, 0), recent.heard(ORGANIZATION), ()), [], unheard=False)
    return found


def _burn(
    ctx: Context,
    hours: Iterable[Bucket],
    days: Mapping[date, int],
    allowed: tuple[int, int],
    here: _Heard,
    mine: Sequence[Spike],
) -> Burn:
    """An account as the rules see it, without what was said not to be expected, and without what happened once."""
    mine = _unusual(mine)
    spells = [Spell(one.start, one.cost_nanos, one.requests, one.input, one.output) for one in hours]
    never = [each for each in mine if each.verdict == "unexpected"]
    return Burn(
        hours=[spell for spell in spells if not _was_spike(spell.start, mine)] if mine else spells,
        days={day: cost for day, cost in days.items() if not _was_spike_on(day, ctx, never)},
        new_hour=allowed[0],
        new_day=allowed[1],
        heard_until=here.until,
        hours_until=here.hours_until,
        judged_from=here.judged_from,
        since=min((one.since for one in mine if one.burns), default=None),
        odd=frozenset(day for day in days if _was_spike_on(day, ctx, mine)) if mine else frozenset(),
    )


def _unusual(mine: Sequence[Spike]) -> list[Spike]:
    """The dangers that say nothing of what is usual: what nobody answered does, once it happened twice.

    Else who uses more each week, or tries something out now and then, would ring each time.
    """
    unanswered = sum(not each.burns and not each.verdict for each in mine)
    return [each for each in mine if each.burns or each.verdict or unanswered == 1]


def _of_late(sights: Iterable[Sight], here: _Heard) -> list[Sight]:
    """Without what was over when readings began."""
    return [each for each in sights if each.until.date() >= here.judged_from]


def _of_strays(
    ctx: Context, figures: SpendFigures, allowed: tuple[int, int], here: _Heard, morning: datetime
) -> list[Sight]:
    """What is out of the ordinary at a single key that is unallocated: in the sum of all it may not show."""
    floor = ctx.policy.guard_floor_nanos
    found: list[list[Sight]] = []
    for buckets in figures.strays(ctx.conn, ctx.today - HOURS_DAYS * _DAY).values():
        if not _is_dear([each for each in buckets if each.day >= here.judged_from], floor):
            continue
        days: dict[date, int] = defaultdict(int)
        for each in buckets:
            days[each.day] += 0 if each.beside else each.cost_nanos
        hours = [each for each in buckets if each.hours < HOURS_OF_A_DAY]
        found.append(look(_burn(ctx, hours, days, allowed, here, ()), ctx.now, morning, floor))
    found.sort(key=lambda sights: max((each.excess_nanos for each in sights), default=0), reverse=True)
    return [each for sights in found for each in sights]


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
    """What the dearest but one in twenty of a kind cost of late: for accounts that have no history of their own.

    An account is no peer of itself, nor are those that burn or are new themselves. With few peers, a newcomer may cost
    what app.yaml allows for its kind.
    """

    def __init__(self, ctx: Context, accounts: Mapping[str, Account], late: Mapping[str, Sequence[Bucket]]) -> None:
        self._ctx = ctx
        self._accounts = accounts
        self._hours: dict[str, dict[str, list[int]]] = defaultdict(dict)
        self._days: dict[str, dict[str, list[int]]] = defaultdict(dict)
        for account_id, buckets in late.items():
            if account_id not in accounts:
                continue
            kind = accounts[account_id].kind
            days: dict[date, int] = defaultdict(int)
            for each in buckets:
                days[each.day] += 0 if each.beside else each.cost_nanos
            self._days[kind][account_id] = list(days.values())
            self._hours[kind][account_id] = [
                each.cost_nanos for each in buckets if each.hours < HOURS_OF_A_DAY and each.cost_nanos
            ]

    def allowed(self, account_id: str) -> tuple[int, int]:
        """What a dear hour, and what a day of a newcomer may cost."""
        kind = self._accounts[account_id].kind
        cap = self._ctx.policy.guard_cap_nanos(kind)
        hours, days = (self._of_others(each[kind], account_id) for each in (self._hours, self._days))
        return hours or cap // 24, NEWCOMER_TIMES * days or cap

    @staticmethod
    def _of_others(costs: Mapping[str, Sequence[int]], account_id: str) -> int:
        others = [each for who, each in costs.items() if who != account_id and each]
        return dearest(cost for each in others for cost in each) if len(others) >= PEERS_MIN else 0


def dearest(costs: Iterable[int]) -> int:
    """The dearest but one in twenty, 0 of none."""
    known = sorted(costs)
    return known[len(known) * 19 // 20] if known else 0


# Waves ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wave:
    """Many new agents that spend much together: who they are, and how it looks."""

    who: list[str]
    look: Look


def agents_of(accounts: Mapping[str, Account]) -> set[str]:
    """The agents among some accounts."""
    return {each.id for each in accounts.values() if each.kind == "agent"}


def _small_agents(recent: _Recent, accounts: Mapping[str, Account], floor_nanos: int) -> set[str]:
    """Agents that are too small to be looked at alone, and may be part of a wave; none where few agents are active."""
    least = floor_nanos // WAVE_PART
    agents = {each for each in recent.buckets if each in accounts and accounts[each].kind == "agent"}
    sums = {each: sum(one.cost_nanos for one in recent.buckets[each] if not one.beside) for each in agents}
    some = {each for each, cost in sums.items() if cost >= least}
    return some if len(some) >= WAVE_MIN else set()


def _wave(ctx: Context, found: Mapping[str, Look], newcomers: Iterable[str], here: _Heard) -> _Wave | None:
    """Whether many new agents together spend what is worth a word; then it is told once, as one."""
    floor = ctx.policy.guard_floor_nanos
    first = comparisons.begun(ctx.conn) or ctx.today
    begun = min((day for each in found.values() for day in each.burn.days), default=first)
    begun = min(begun, first)
    who = [each for each in newcomers if max(found[each].burn.days.values(), default=0) >= floor // WAVE_PART]
    if len(who) < WAVE_MIN or begun > ctx.today - 2 * WEEK * _DAY:
        return None
    days: dict[date, int] = defaultdict(int)
    for each in who:
        for day, cost in found[each].burn.days.items():
            days[day] += cost
    dear = sorted(day for day, cost in days.items() if cost >= WAVE_FLOORS * floor and day >= here.judged_from)
    if not dear:
        return None
    since, end = (datetime.combine(day, time(), UTC) for day in (dear[0], dear[-1] + _DAY))
    now, until = days[dear[-1]], min(end, ctx.now)
    rate = now // max(1, (until - end + _DAY) // timedelta(hours=1))
    sight = Sight("wave", since, until, now, 0, sum(days[day] for day in dear), rate)
    burn = _burn(ctx, (), days, (0, 0), here, ())
    return _Wave(who, Look(burn, [sight], unheard=False))


# Remembering ---------------------------------------------------------------------------------------------------------


def _beyond(ctx: Context, said: Expectation | None, burn: Burn, sights: list[Sight]) -> list[Sight]:
    """What is not expected of what was seen; if more was spent than was said, that is what is seen."""
    if said is None or ctx.today < said.first:
        return sights
    begun = datetime.combine(said.first, time(), ctx.policy.zone)
    before = [each for each in sights if each.until <= begun]
    spent = {day: cost for day, cost in burn.days.items() if said.first <= day <= said.until}
    total_nanos, ceiling = sum(spent.values()), said.ceiling_nanos
    if ceiling is None or total_nanos <= ceiling:
        return before
    rate = spent.get(max(spent), 0) // 24
    since, until = max(begun, said.said_at), max(ctx.now, said.said_at + timedelta(seconds=1))
    return [Sight("ceiling", since, until, total_nanos, ceiling, total_nanos - ceiling, rate), *before]


def _remember(ctx: Context, account_id: str, here: Look, mine: Sequence[Spike]) -> list[Spike]:
    """Bring what burns up to date, or note what is new; of several sights of one time the most pressing counts.

    Returns:
        What is new and over already: its figures came late.
    """
    known, over = list(mine), []
    for sight in here.sights:
        same = next((each for each in reversed(known) if each.rule == sight.rule and _continues(each, sight)), None)
        if same is not None:
            grown = _grow(ctx, same, sight)
            known = [grown if each.id == same.id else each for each in known]
            continue
        pressing = sight.rule in PRESSING
        if any(each.burns and pressing <= (each.rule in PRESSING) and _meets(each, sight) for each in known):
            continue
        if any(not each.burns and each.rule != "weekly" and _meets(each, sight) for each in known):
            continue
        new = spikes.begin(ctx.conn, account_id, sight)
        if not goes_on(here.burn, sight, ctx.now):
            new = spikes.note(ctx.conn, new.id, burns=False, ended_at=ctx.now)
            over.append(new)
        known.append(new)
    return over


def _grow(ctx: Context, same: Spike, sight: Sight) -> Spike:
    since, excess = min(same.since, sight.since), max(same.excess_nanos, sight.excess_nanos)
    grown = replace(sight, since=since, excess_nanos=excess)
    return spikes.note(ctx.conn, same.id, burns=True, ended_at=None, **asdict(grown))


def _meets(one: Spike, sight: Sight) -> bool:
    """Whether both are, in part, of the same time; what burns is of all time since it began."""
    return one.since < sight.until and (one.burns or one.until > sight.since)


def _continues(one: Spike, sight: Sight) -> bool:
    """Whether a sight is of what is known already; what is no danger may rest for a day, and is not told again."""
    if one.burns:
        return one.since < sight.until and sight.until >= one.until
    return one.rule not in PRESSING and one.until >= sight.since - _DAY and one.since < sight.until


def _still(ctx: Context, one: Spike, burn: Burn, sights: Iterable[Sight]) -> bool:
    """Whether what burnt does so still."""
    return any(each.rule == one.rule and _continues(one, each) and goes_on(burn, each, ctx.now) for each in sights)


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
    """Whom it concerns: the owner; finance, too, if it is a danger, if nobody owns it, or if much is at stake."""
    owner = people.person(ctx.conn, account.owner_id)
    if owner is not None and owner.active:
        yield owner
    at_stake = one.rule == "weekly" and one.excess_nanos >= FINANCE_FLOORS * ctx.policy.guard_floor_nanos
    if one.rule in PRESSING or at_stake or owner is None or not owner.active:
        yield from (each for each in people.people_with_role(ctx.conn, "finance") if each.id != account.owner_id)


def _is_awake(ctx: Context, person: Person) -> bool:
    return after_working(ctx.now, 0, ctx.policy.working, _zone(ctx, person.zone)) == ctx.now


def _zone(ctx: Context, name: str) -> ZoneInfo:
    return ZoneInfo(name or ctx.policy.organization.zone)
