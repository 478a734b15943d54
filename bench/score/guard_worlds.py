"""Worlds for the guard: what accounts really cost by the hour, how it is reported, and what is wrong.

No world knows the guard's rules. `offices` draws days and spreads them over working hours; `sessions` draws single
sessions of very different cost, weeks with much and with little work, holidays, new projects, and programs that run by
timetables or in bursts. `guard_practice` has a company that was written by somebody else, and `guard_real` real series.
Seeds below 100 are for tuning, those from 1000 on are held out.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from storage.tables import ORGANIZATION

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EPOCH = datetime(2026, 11, 23, tzinfo=UTC)
HISTORY_DAYS, DAYS = 63, 21
BEGIN = EPOCH - (HISTORY_DAYS + DAYS) * DAY
FIRST = EPOCH - DAYS * DAY
HOURS = (HISTORY_DAYS + DAYS) * 24
FLOOR = 25.0
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Feed:
    """A way in which a provider reports.

    Args:
        name: what it is called.
        hourly: by the hour; else by the UTC day.
        late: how long after the end of an hour or a day it is told; None for a day that is told while it lasts.
        early_percent: so much of it is told at first, the rest a day later.
        block: how many hours are told as one, where they are told by the hour.
    """

    name: str
    hourly: bool
    late: timedelta | None
    early_percent: int = 100
    block: int = 1


FEEDS = (
    Feed("hours, at once", True, HOUR),
    Feed("hours, 5 h late, 90 % at first", True, 5 * HOUR, 90),
    Feed("hours, a day late", True, 26 * HOUR),
    Feed("days, as they go", False, None),
    Feed("days, next morning", False, 6 * HOUR),
    Feed("days, 30 h late", False, 30 * HOUR),
)


class Dice(random.Random):
    """Dice by which days can be thrown anew of an owner that stays what it is like."""

    again: int | None = None

    def days_begin(self) -> None:
        """Called where it is settled what an owner is like; what follows are its days."""
        if self.again is not None:
            self.seed(self.again)


Habit = Callable[..., list[float]]


@dataclass(frozen=True, slots=True)
class Nature:
    """What an owner is like, of which its days are one throw: for a measure of what can be known at all."""

    habit: Habit
    about: tuple[object, ...]
    state: tuple[object, ...]

    def days_again(self, number: int) -> list[float]:
        """What each hour would cost in another throw of the same owner."""
        dice = Dice()
        dice.setstate(self.state)
        dice.again = number
        return self.habit(dice, *self.about)


@dataclass(eq=False)
class Owner:
    """Who spends: the account, how it is reported, and what each hour since `BEGIN` costs in dollars."""

    account: str
    feed: Feed
    costs: list[float]
    stray: str = ""
    nature: Nature | None = None

    @classmethod
    def thrown(cls, account: str, feed: Feed, dice: Dice, habit: Habit, *about: object) -> "Owner":
        """One of a habit."""
        nature = Nature(habit, about, dice.getstate())
        return cls(account, feed, habit(dice, *about), nature=nature)

    def day(self, number: int) -> float:
        """What a day costs."""
        return sum(self.costs[number * 24 : number * 24 + 24])

    @property
    def usual(self) -> float:
        """What an active day of the history usually costs."""
        active = [cost for cost in map(self.day, range(HISTORY_DAYS)) if cost > 0]
        return median(active) if active else 0.0


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that the guard should tell of: whose, what, from when until when, and what it costs in dollars."""

    kind: str
    account: str
    feed: str
    start: datetime
    end: datetime
    dollars: float


@dataclass
class World:
    """A company: who spends, and what is wrong. Of what is `arguable` nobody has to be told, and may be."""

    name: str
    owners: list[Owner] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    arguable: list[Incident] = field(default_factory=list)


def add(world: World, kind: str, owner: Owner, start: datetime, extra: Sequence[float]) -> None:
    """Let something go wrong: so much more in each hour from a moment on."""
    at = (start - BEGIN) // HOUR
    for number, dollars in enumerate(extra[: HOURS - at]):
        owner.costs[at + number] += dollars
    end = start + len(extra) * HOUR
    world.incidents.append(Incident(kind, owner.account, owner.feed.name, start, end, sum(extra)))


# Generators ----------------------------------------------------------------------------------------------------------


def _weekday(day: int) -> int:
    return (BEGIN + day * DAY).weekday()


def _office_person(dice: Dice) -> list[float]:
    """Days of much the same size, in working hours, hardly anything on weekends."""
    usual, wide = dice.lognormvariate(2.2, 0.9), dice.uniform(0.25, 0.9)
    opens, away = dice.choice([5, 7, 8, 14, 16]), dice.uniform(0.03, 0.25)
    dice.days_begin()
    costs = [0.0] * HOURS
    for day in range(HISTORY_DAYS + DAYS):
        share = 0.3 if _weekday(day) >= SATURDAY else 1.0
        if dice.random() < (0.9 if share < 1 else away):
            continue
        spent = usual * share * dice.lognormvariate(0, wide)
        weights = [dice.expovariate(1) for _ in range(9)]
        for number, weight in enumerate(weights):
            costs[day * 24 + (opens + number) % 24] += spent * weight / sum(weights)
    return costs


def _office_agent(dice: Dice) -> list[float]:
    """A service that follows the day, or a batch of each night."""
    usual, wide = dice.lognormvariate(3.2, 1.0), dice.uniform(0.1, 0.4)
    nightly, hour, width = dice.random() < 0.4, dice.randrange(24), dice.randrange(2, 6)
    dice.days_begin()
    costs = [0.0] * HOURS
    for day in range(HISTORY_DAYS + DAYS):
        spent = usual * dice.lognormvariate(0, wide) * (0.6 if _weekday(day) >= SATURDAY and not nightly else 1)
        for at in range(24):
            weight = (at - hour) % 24 < width if nightly else 1 + 0.8 * (8 <= at < 20)
            whole = width if nightly else 24 + 0.8 * 12
            costs[day * 24 + at] += spent * weight / whole * dice.lognormvariate(0, 0.2)
    return costs


def _session_person(dice: Dice) -> list[float]:
    """Sessions of very different cost; weeks with much and with little work; a holiday; a new project."""
    tail, worth = dice.uniform(1.6, 3.0), dice.lognormvariate(0.6, 0.8)
    busy, rate = True, dice.gammavariate(2, 2)
    begins, zone = dice.uniform(7, 11), dice.choice([0, 8, 17])
    holiday = dice.randrange(HISTORY_DAYS + DAYS - 10) if dice.random() < 0.4 else -100
    project, factor = dice.randrange(20, 80), dice.choice([0.6, 1.0, 1.5])
    dice.days_begin()
    costs = [0.0] * HOURS
    for day in range(HISTORY_DAYS + DAYS):
        if dice.random() < 0.15:
            busy = not busy
        if holiday <= day < holiday + 9 or (_weekday(day) >= SATURDAY and dice.random() < 0.85):
            continue
        often = rate * (1 if busy else 0.35) * (factor if day >= project else 1)
        at = begins
        while (at := at + dice.expovariate(often / 9)) < begins + 10:
            cost = worth * min(dice.paretovariate(tail), 40)
            hour = day * 24 + int(at + zone)
            for number in range(lasts := dice.choice([1, 1, 2, 3])):
                if hour + number < HOURS:
                    costs[hour + number] += cost / lasts
    return costs


def _session_agent(dice: Dice) -> list[float]:
    """A timetable of days, weeks, fortnights or months; bursts at any hour; or a service that grows slowly."""
    kind = dice.choice(["nightly", "weekly", "fortnightly", "monthly", "bursts", "bursts", "service", "growing"])
    size, costs = dice.lognormvariate(3.0, 1.0), [0.0] * HOURS
    hour, weekday, on = dice.randrange(22), dice.randrange(7), False
    dice.days_begin()
    for at in range(HOURS):
        day, clock = divmod(at, 24)
        when = BEGIN + day * DAY
        due = {
            "nightly": True,
            "weekly": when.weekday() == weekday,
            "fortnightly": when.weekday() == weekday and when.toordinal() // 7 % 2 == 0,
            "monthly": when.day == 1 + weekday,
        }.get(kind)
        if due is not None:
            costs[at] = size / 40 * dice.expovariate(1)
            if due and hour <= clock < hour + 2:
                costs[at] += size * {"nightly": 0.5, "weekly": 2, "fortnightly": 4, "monthly": 5}[kind]
                costs[at] *= dice.lognormvariate(0, 0.2)
        elif kind == "bursts":
            on = dice.random() < (0.7 if on else 0.05)
            costs[at] = size / 6 * dice.gammavariate(1.2, 1) if on else size / 200
        else:
            grown = 1.004**day if kind == "growing" else 1.0
            costs[at] = size / 24 * grown * dice.gammavariate(6, 1 / 6)
    return costs


def _filled(name: str, seed: int, person: Habit, agent: Habit) -> World:
    """Forty people and twelve programs, reported in all ways, and runaways at a fourth of them."""
    dice = Dice(f"{name}/{seed}")
    world = World(name)
    for number in range(52):
        who, habit = (f"person/p{number}", person) if number < 40 else (f"agent/a{number}", agent)
        world.owners.append(Owner.thrown(who, FEEDS[number % len(FEEDS)], dice, habit))
    chosen = [each for each in world.owners if each.usual > 0]
    for number, owner in enumerate(dice.sample(chosen, min(15, len(chosen)))):
        times = (4, 8, 20)[number % 3]
        start = FIRST + dice.randrange(2, DAYS - 3) * DAY + dice.randrange(24) * HOUR
        kind = f"runaway {times} ×, {owner.account.partition('/')[0]}"
        add(world, kind, owner, start, [times * owner.usual / 8] * 8)
    return world


def offices(seed: int) -> World:
    """People and programs whose days are of much the same size."""
    return _filled("offices", seed, _office_person, _office_agent)


def sessions(seed: int) -> World:
    """People and programs whose days are not."""
    return _filled("sessions", seed, _session_person, _session_agent)


def bursts(seed: int) -> World:
    """Machines only, by the hour, with nothing wrong: whatever rings is false."""
    dice = Dice(f"bursts/{seed}")
    world = World("bursts")
    for number in range(12):
        costs = _session_agent(dice)
        world.owners.append(Owner(f"agent/a{number}", FEEDS[number % 2 * 2], costs))
    return world


def kinds(seed: int) -> World:
    """What was missed once, each on each feed: late days, drifts, waves, newcomers, old large days, steady programs."""
    dice = Dice(f"kinds/{seed}")
    world = World("kinds")
    for number, feed in enumerate(FEEDS):
        steady, person, few, old, drifts, late = (
            Owner(f"{kind}{number}", feed, costs)
            for kind, costs in (
                ("agent/steady", _steady(dice, dice.uniform(10, 40))),
                ("person/second", _office_person(dice)),
                ("person/few", _steady(dice, dice.uniform(3, 8))),
                ("agent/old", _steady(dice, dice.uniform(8, 30))),
                ("agent/drift", _steady(dice, dice.uniform(10, 20))),
                ("agent/late", _steady(dice, dice.uniform(8, 20))),
            )
        )
        world.owners += [steady, person, few, old, drifts, late]
        hour = dice.randrange(24) * HOUR
        add(world, "4 × of a steady program", steady, FIRST + 5 * DAY + hour, [steady.usual * 4 / 8] * 8)
        few.costs[: (HISTORY_DAYS - 6) * 24] = [0.0] * (HISTORY_DAYS - 6) * 24
        typical = few.day(HISTORY_DAYS)
        add(world, "10 × after ten days of history", few, FIRST + 4 * DAY + hour, [typical * 10 / 8] * 8)
        then = (HISTORY_DAYS - dice.choice([10, 17, 30])) * 24
        for at in range(then, then + 8):
            old.costs[at] += old.usual * 12 / 8
        add(world, "8 × after an old large day", old, FIRST + 6 * DAY + hour, [old.usual] * 8)
        begin = HISTORY_DAYS * 24
        grown = [drifts.costs[at] * (1.05 ** ((at - begin) / 24) - 1) for at in range(begin, HOURS)]
        add(world, "5 % more each day", drifts, FIRST, grown)
        add(world, "a day of 10 ×", late, FIRST + 8 * DAY, [late.usual * 10 / 24] * 24)
    batch = Owner("agent/batch", FEEDS[0], _steady(dice, 5))
    for day in range(3, HISTORY_DAYS + DAYS, 14):
        for at in range(3):
            batch.costs[day * 24 + at] += 60
    world.owners.append(batch)
    for number in range(40):
        costs = [0.0] * HOURS
        owner = Owner(f"agent/wave{number}", FEEDS[3], costs)
        world.owners.append(owner)
        at = (HISTORY_DAYS + 12) * 24
        costs[at : at + 24] = [1.0] * 24
    start = FIRST + 12 * DAY
    world.incidents.append(Incident("a wave of 40 new agents", ORGANIZATION, FEEDS[3].name, start, start + DAY, 960))
    return world


def small(seed: int) -> World:
    """A company of four or ten programs, a new one at $40 an hour, and an unknown key at $60 an hour."""
    dice = Dice(f"small/{seed}")
    world = World("small")
    for number in range(4 if seed % 2 else 10):
        world.owners.append(Owner(f"agent/a{number}", FEEDS[number % 2 * 3], _office_agent(dice)))
    for number in range(5):
        world.owners.append(Owner(f"person/p{number}", FEEDS[3], _office_person(dice)))
    for number, feed in enumerate((FEEDS[0], FEEDS[3])):
        new = Owner(f"agent/new{number}", feed, [0.0] * HOURS)
        unknown = Owner("unallocated", feed, [0.0] * HOURS, stray=f"key_{number}")
        world.owners += [new, unknown]
        start = FIRST + (3 + 4 * number) * DAY + dice.randrange(24) * HOUR
        add(world, "a new agent at $40 an hour", new, start, [40.0] * 10)
        add(world, "an unknown key at $60 an hour", unknown, start + 8 * DAY, [60.0] * 10)
    linked = Owner("unallocated", FEEDS[0], _steady(dice, 30), stray="key_old")
    world.owners.append(linked)
    return world


def _steady(dice: random.Random, usual: float) -> list[float]:
    sizes = [usual * dice.lognormvariate(0, 0.15) for _ in range(HISTORY_DAYS + DAYS)]
    return [sizes[at // 24] / 24 * dice.gammavariate(8, 1 / 8) for at in range(HOURS)]


OWN: Mapping[str, Callable[[int], World]] = {
    "offices": offices,
    "sessions": sessions,
    "bursts": bursts,
    "kinds": kinds,
    "small": small,
}


def day_of(number: int) -> date:
    """The day of a number, from `BEGIN` on."""
    return (BEGIN + number * DAY).date()


def midnight(number: int) -> datetime:
    """Its beginning."""
    return datetime.combine(day_of(number), time(), UTC)
