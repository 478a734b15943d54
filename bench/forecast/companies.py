"""Other series: what teams, agents and pages use, made up of people who come and go, projects, timetables and holidays.

Written by somebody who had not written the forecast, in another way than the series of worlds.py: a total is the sum of
people with habits of their own, growth is that people begin, and a project begins slowly, lasts some weeks and ends.
"""

import csv
import math
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random

from bench.forecast.worlds import DAY, DOLLAR, HISTORY_DAYS, WEEKEND, Asked, Dice

VIEWS = Path(__file__).parent.parent / "data" / "wikimedia" / "views.csv"
PAGES = "pages of Wikipedia"
FIRST = date(2026, 1, 1)
DAYS = 365

Drawn = Callable[[Dice, date], Iterator[float]]
"""Dollars of each day of the year, the last quarter of the year before included, from a seed and when it is asked."""


def _begin() -> date:
    return FIRST - HISTORY_DAYS * DAY


def _calendar() -> Iterator[date]:
    day = _begin()
    while day < FIRST + DAYS * DAY:
        yield day
        day += DAY


def _reached(dice: Dice) -> Iterator[date]:
    """The calendar, day by day."""
    for day in _calendar():
        dice.reach(day)
        yield day


def _person(dice: Dice, begins: date, ends: date) -> list[float]:
    """Somebody's days: a level, a rhythm of the week, weeks of much and of little work, days off."""
    dice = dice.another()
    level = math.exp(dice.gauss(2.0, 0.8))
    rhythm = [dice.uniform(0.6, 1.4) for _ in range(5)] + [dice.choice((0, 0, 0.1, 0.4)) for _ in range(2)]
    mood, off, found = 1.0, 0, []
    for day in _reached(dice):
        if day.weekday() == 0:
            mood = math.exp(0.6 * math.log(mood) + dice.gauss(0, 0.25))
            off = dice.randrange(4, 12) if dice.random() < 0.05 else max(0, off - 7)
        away = off > day.weekday() or not begins <= day < ends
        quiet = 0.1 if (day.month, day.day) >= (12, 24) or (day.month, day.day) == (1, 1) else 1.0
        found.append(0.0 if away else level * mood * quiet * rhythm[day.weekday()] * dice.lognormvariate(-0.1, 0.45))
    return found


def _sum(people: list[list[float]]) -> Iterator[float]:
    return (sum(day) for day in zip(*people, strict=True))


def _always(dice: Dice, number: int) -> list[list[float]]:
    return [_person(dice, date.min, date.max) for _ in range(number)]


def _team(dice: Dice, _today: date) -> Iterator[float]:
    return _sum(_always(dice, dice.randrange(6, 16)))


def _one(dice: Dice, _today: date) -> Iterator[float]:
    return _sum(_always(dice, 1))


def _company(dice: Dice, _today: date) -> Iterator[float]:
    return _sum(_always(dice, 80))


def _adoption(dice: Dice, today: date) -> Iterator[float]:
    """Half of sixty people begin in the months around the moment, most of them near it."""
    begun = [_person(dice, today + int(dice.gauss(0, 70)) * DAY, date.max) for _ in range(30)]
    return _sum(_always(dice, 15) + begun)


def _leaving(dice: Dice, today: date) -> Iterator[float]:
    """One by one they leave."""
    going = [series for _, series in _goers(dice, today)]
    return _sum(_always(dice, 12) + going)


def _goers(dice: Dice, today: date) -> list[tuple[date, list[float]]]:
    """Twenty people, each with the day from which on they are gone."""
    ends = [today + int(dice.gauss(0, 70)) * DAY for _ in range(20)]
    return [(end, _person(dice, date.min, end)) for end in ends]


def _seats(dice: Dice, today: date) -> Iterator[float]:
    """A department joined a few weeks ago."""
    since = today - dice.randrange(10, 45) * DAY
    return _sum(_always(dice, 16) + [_person(dice, since, date.max) for _ in range(12)])


def _cheaper(dice: Dice, today: date) -> Iterator[float]:
    """A model that costs a half, since a few weeks ago."""
    since = today - dice.randrange(10, 45) * DAY
    return (used * (0.5 if day >= since else 1) for day, used in zip(_calendar(), _team(dice, today), strict=True))


def _projects(dice: Dice, _today: date) -> Iterator[float]:
    """One project after another, each of seven weeks or so, beside what is always done."""
    days = list(_calendar())
    total = [each * 0.5 for each in _sum(_always(dice, 5))]
    start = -30
    while start < len(days):
        dice.reach(days[max(0, start)])
        length, size = dice.randrange(30, 70), dice.uniform(30, 120)
        for number in range(max(0, start), min(len(days), start + length)):
            shape = math.sin(math.pi * (number - start + 0.5) / length) ** 0.5
            weekend = 0.1 if days[number].weekday() >= WEEKEND else 1.0
            total[number] += size * shape * weekend * dice.lognormvariate(-0.05, 0.3)
        start += dice.randrange(25, 60)
    return iter(total)


def _timetable(dice: Dice, _today: date) -> Iterator[float]:
    """A program with a large run each week, and a small one each day."""
    large, small, on = dice.uniform(40, 200), dice.uniform(2, 20), dice.randrange(7)
    return (
        (large if day.weekday() == on else 0) * dice.lognormvariate(0, 0.15) + small * dice.lognormvariate(0, 0.2)
        for day in _reached(dice)
    )


def _queue(dice: Dice, _today: date) -> Iterator[float]:
    """A program that works off what comes in: some days nothing, some much."""
    mean = dice.uniform(10, 80)
    return (mean * dice.choice((0, 0.1, 0.5, 1, 1, 1.5, 3)) * dice.lognormvariate(-0.1, 0.4) for _ in _reached(dice))


KINDS: dict[str, Drawn] = {
    "one person": _one,
    "a team": _team,
    "eighty people": _company,
    "people begin one by one": _adoption,
    "people leave one by one": _leaving,
    "a department joined lately": _seats,
    "half the price lately": _cheaper,
    "one project after another": _projects,
    "a program with a timetable": _timetable,
    "a program with a queue": _queue,
}


def companies(seed: int, kind: str, period: str, again: int = 0) -> Asked:
    """One series of a kind, asked somewhere in its period; with the future that it has, or with another."""
    dice = Dice(f"companies/{seed}/{kind}/{period}", again=again)
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    opens = dice.randrange(0, 12, months) + 1
    first = date(2026, opens, 1)
    end = date(2027, 1, 1) if opens + months > 12 else date(2026, opens + months, 1)
    today = first + int((end - first).days * dice.uniform(0.1, 0.8)) * DAY
    dice.today = today
    state = dice.getstate()
    drawn = KINDS[kind](dice, today)
    days = {day: int(used * DOLLAR) for day, used in zip(_calendar(), drawn, strict=True)}
    left: list[tuple[date, int]] = []
    if KINDS[kind] is _leaving:
        dice.setstate(state)
        goers = [series for ends, series in _goers(dice, today) if ends <= today]
        left = [(day, int(used * DOLLAR)) for day, used in zip(_calendar(), _sum(goers), strict=True)] if goers else []
    return Asked(
        kind,
        period,
        days,
        first,
        end,
        today,
        min(first, today - HISTORY_DAYS * DAY),
        left,
        lambda number: companies(seed, kind, period, number),
    )


def views(seed: int, period: str) -> Asked:
    """A month or a quarter of how often a page of Wikipedia was read, as dollars: a series that was recorded."""
    dice = Random(f"views/{seed}")
    with VIEWS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    page = dice.choice([name for name in rows[0] if name != "day"])
    days = {date.fromisoformat(row["day"]): int(float(row[page])) * DOLLAR // 100 for row in rows}
    opens = min(days)
    length = {"month": 30, "quarter": 91}[period]
    first = opens + dice.randrange(HISTORY_DAYS - length, (max(days) - opens).days - length) * DAY
    today = first + int(length * dice.uniform(0.1, 0.8)) * DAY
    return Asked(
        "pages of Wikipedia", period, days, first, first + length * DAY, today, max(opens, today - HISTORY_DAYS * DAY)
    )
