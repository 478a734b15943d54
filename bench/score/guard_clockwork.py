"""A company of timetables: most of what it spends is started by a clock, and its people work in two time zones.

Written before the guard was changed for it, and never tuned on: programs that run every quarter of an hour, every six
hours, at night on working days, on Mondays, on the first days of a month, or when a file comes in; people in Berlin and
in San Francisco with lunches, meetings, quiet Fridays and days off; and a vendor that reports blocks of six hours. What
goes wrong does not begin and end at once: retries double until a ceiling is reached, a job is started ten times as
often, a loop dies down as its context fills, a key is used by somebody else in bursts.
"""

from collections.abc import Iterator
from datetime import timedelta

from bench.score.guard_worlds import (
    BEGIN,
    DAY,
    DAYS,
    FEEDS,
    FIRST,
    HISTORY_DAYS,
    HOUR,
    HOURS,
    SATURDAY,
    Dice,
    Feed,
    Habit,
    Owner,
    World,
    add,
)

BLOCKS = Feed("blocks of 6 hours, 2 h late", True, timedelta(hours=2), block=6)
REPORTED = (BLOCKS, FEEDS[3], FEEDS[0], BLOCKS, FEEDS[4], FEEDS[1])
ALL_DAYS = HISTORY_DAYS + DAYS
BERLIN, SAN_FRANCISCO = -1, 8  # hours from their clock to UTC
FRIDAY = 4
SIZES = (20, 8, 4)


def clockwork(seed: int) -> World:
    """Twenty-four people in two zones and twenty-four programs; something goes wrong at eighteen of them."""
    dice = Dice(f"clockwork/{seed}")
    world = World("clockwork")
    for number in range(48):
        habit, account = (
            (_person, f"person/p{number}") if number < 24 else (JOBS[number % len(JOBS)], f"agent/a{number}")
        )
        world.owners.append(Owner.thrown(account, REPORTED[number % len(REPORTED)], dice, habit))
    chosen = dice.sample([each for each in world.owners if each.usual > 0], 18)
    for number, owner in enumerate(chosen):
        times = SIZES[number % len(SIZES)]
        start = FIRST + dice.randrange(2, DAYS - 3) * DAY + dice.randrange(24) * HOUR
        shape = list(dice.choice(SHAPES)(dice))
        kind = f"wrong, {times} ×, {owner.account.partition('/')[0]}"
        add(world, kind, owner, start, [times * owner.usual * each / sum(shape) for each in shape])
    return world


# What is usual -------------------------------------------------------------------------------------------------------


def _weekday(day: int) -> int:
    return (BEGIN + day * DAY).weekday()


def _person(dice: Dice) -> list[float]:
    """Two stretches of a day with a lunch between them, meetings in which nothing is spent, and quiet Fridays."""
    usual, zone = dice.lognormvariate(2.4, 0.7), dice.choice([BERLIN, SAN_FRANCISCO])
    meets = {(dice.randrange(5), dice.randrange(9, 17)) for _ in range(dice.randrange(3, 12))}
    wide, late = dice.uniform(0.3, 0.7), dice.random() < 0.2
    dice.days_begin()
    costs = [0.0] * HOURS
    for day in range(ALL_DAYS):
        weekday = _weekday(day)
        if weekday >= SATURDAY or dice.random() < 0.08:
            continue
        size = usual * dice.lognormvariate(0, wide) * (0.5 if weekday == FRIDAY else 1.0)
        hours = [hour for hour in (9, 10, 11, 13, 14, 15, 16, 17) if (weekday, hour) not in meets]
        hours += [21, 22] if late and dice.random() < 0.3 else []
        for hour in hours:
            at = day * 24 + hour + zone
            if at < HOURS:
                costs[at] += size / 7 * dice.gammavariate(2, 1 / 2)
    return costs


def _every(dice: Dice) -> list[float]:
    """Every quarter of an hour, a little each time."""
    usual, wide = dice.lognormvariate(3.0, 0.8), dice.uniform(0.05, 0.3)
    dice.days_begin()
    return [usual / 24 * dice.lognormvariate(0, wide) for _ in range(HOURS)]


def _four_a_day(dice: Dice) -> list[float]:
    """Every six hours, as much as has come in."""
    usual, first = dice.lognormvariate(3.2, 0.8), dice.randrange(6)
    dice.days_begin()
    costs = [0.0] * HOURS
    for at in range(first, HOURS, 6):
        costs[at] = usual / 4 * dice.gammavariate(4, 1 / 4) * (0.5 if _weekday(at // 24) >= SATURDAY else 1.0)
    return costs


def _weeknights(dice: Dice) -> list[float]:
    """At night on working days, for two to four hours; on Mondays what the weekend left."""
    usual, hour, lasts = dice.lognormvariate(3.3, 0.8), dice.randrange(24), dice.randrange(2, 5)
    dice.days_begin()
    costs = [0.0] * HOURS
    for day in range(ALL_DAYS):
        if _weekday(day) < SATURDAY:
            size = usual * dice.lognormvariate(0, 0.3) * (1.8 if _weekday(day) == 0 else 1.0)
            for number in range(lasts):
                if day * 24 + hour + number < HOURS:
                    costs[day * 24 + hour + number] += size / lasts
    return costs


def _mondays(dice: Dice) -> list[float]:
    """A report each Monday, and a small check every morning."""
    usual, hour = dice.lognormvariate(3.6, 0.8), dice.randrange(4, 9)
    dice.days_begin()
    costs = [0.0] * HOURS
    for day in range(ALL_DAYS):
        times = 1.0 if _weekday(day) == 0 else 0.08
        costs[day * 24 + hour] = usual * times * dice.lognormvariate(0, 0.25)
    return costs


def _of_a_month(dice: Dice) -> list[float]:
    """Invoices: much on the first working days of a month, little on the others."""
    usual = dice.lognormvariate(3.0, 0.7)
    dice.days_begin()
    costs = [0.0] * HOURS
    left = 0.0
    for day in range(ALL_DAYS):
        left = 25 * usual if (BEGIN + day * DAY).day == 1 else left
        if _weekday(day) < SATURDAY:
            part = left * dice.uniform(0.3, 0.6)
            left -= part
            for hour in range(8, 16):
                costs[day * 24 + hour] = (part + usual * 0.3 * dice.gammavariate(3, 1 / 3)) / 8
    return costs


def _when_files_come(dice: Dice) -> list[float]:
    """Whenever a partner sends a file: some times a week, of very different size."""
    usual = dice.lognormvariate(2.6, 0.8)
    dice.days_begin()
    costs, at = [0.0] * HOURS, 0.0
    while (at := at + dice.expovariate(1 / 30)) < HOURS:
        costs[int(at)] += usual * dice.lognormvariate(0, 0.8)
    return costs


def _seasons_of_a_week(dice: Dice) -> list[float]:
    """Answers customers of both continents: two humps a day, half as much at weekends."""
    usual = dice.lognormvariate(3.4, 0.7)
    dice.days_begin()
    costs = [0.0] * HOURS
    for at in range(HOURS):
        hour = at % 24
        hump = max(0.1, 1 - abs(hour - 10) / 5, 0.8 - abs(hour - 20) / 6)
        costs[at] = usual / 9 * hump * (0.5 if _weekday(at // 24) >= SATURDAY else 1.0) * dice.gammavariate(5, 1 / 5)
    return costs


JOBS: tuple[Habit, ...] = (
    _every,
    _four_a_day,
    _weeknights,
    _mondays,
    _of_a_month,
    _when_files_come,
    _seasons_of_a_week,
    _weeknights,
)


# What goes wrong -----------------------------------------------------------------------------------------------------


def _retries(dice: Dice) -> Iterator[float]:
    """Twice as many each hour until a ceiling."""
    for number in range(dice.randint(6, 14)):
        yield float(min(2**number, 16))


def _too_often(dice: Dice) -> Iterator[float]:
    """Ten times as often, until somebody looks."""
    for _ in range(dice.randint(10, 30)):
        yield dice.uniform(0.8, 1.2)


def _dies_down(dice: Dice) -> Iterator[float]:
    """Much at first, and less each hour."""
    for number in range(dice.randint(5, 10)):
        yield float(0.75**number)


def _in_bursts(dice: Dice) -> Iterator[float]:
    """Some hours of much, and hours of nothing between them."""
    for number in range(dice.randint(8, 20)):
        yield dice.uniform(0.5, 2) if number == 0 or dice.random() < 0.5 else 0.0


SHAPES = (_retries, _too_often, _dies_down, _in_bursts)
