"""Series of daily use as life writes them, with the moment at which somebody asks how the period will end.

None of them is drawn as the forecast draws: levels wander, weeks differ, growth slows down, people are away.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

DAY = timedelta(days=1)
HISTORY_DAYS = 90
WEEKEND = 5
DOLLAR = 10**9


@dataclass(frozen=True, slots=True)
class Asked:
    """One series, and the question.

    Args:
        kind: what happens in it.
        period: month, quarter or year.
        days: what was used on each day, the future included.
        first: the period's first day.
        end: the day after its last.
        today: when it is asked; from this day on nothing is known.
        known_from: the first day that is known.
        gone: what of its days people used who had left when it is asked, as a people source tells.
        again: draws the same series with another future, None where it was recorded.
    """

    kind: str
    period: str
    days: Mapping[date, int]
    first: date
    end: date
    today: date
    known_from: date
    gone: Sequence[tuple[date, int]] = ()
    again: "Callable[[int], Asked] | None" = None

    @property
    def known(self) -> list[tuple[date, int]]:
        """What is known when it is asked."""
        return [(day, used) for day, used in self.days.items() if self.known_from <= day < self.today]

    @property
    def truth(self) -> int:
        """What the period came to."""
        return sum(used for day, used in self.days.items() if self.first <= day < self.end)

    @property
    def remaining(self) -> int:
        """What was still to come."""
        return sum(used for day, used in self.days.items() if self.today <= day < self.end)


class Dice(Random):
    """Chance that can be thrown anew from a day on, for who wants to know what could have come as well.

    Args:
        name: what is drawn; the same name draws the same.
        today: the day from which on it is thrown anew.
        again: how many times it was, 0 for what does come.
    """

    def __init__(self, name: str, today: date | None = None, again: int = 0) -> None:
        super().__init__(name)
        self.name, self.today, self.again = name, today, again

    def reach(self, day: date) -> None:
        """Come to a day."""
        if self.again and day == self.today:
            self.seed(f"{self.name}/{self.again}")

    def another(self) -> "Dice":
        """The dice of one of several, which draw the same past whatever the others' future is."""
        return Dice(f"{self.name}/{self.random()}", self.today, self.again)


Shape = Callable[[Random, int], float]
"""The level on a day that lies so many days after today, as a multiple of the level today."""


def _steady(_dice: Random, _day: int) -> float:
    return 1.0


def _rate(per_day: float, slows_after_days: int) -> Shape:
    """Growth or decline at a daily rate, which halves each time so many days have passed after today."""

    def level(_dice: Random, day: int) -> float:
        if day <= 0:
            return math.exp(per_day * day)
        slow = slows_after_days / math.log(2)
        return math.exp(per_day * slow * (1 - math.exp(-day / slow)))

    return level


def _step(times: float, days_ago: int) -> Shape:
    """A new level since some days."""
    return lambda _dice, day: 1.0 if day >= -days_ago else 1 / times


KINDS: Mapping[str, Shape] = {
    "steady": _steady,
    "growth of 0.8 % a day": _rate(0.008, 60),
    "growth of 2 % a day": _rate(0.02, 21),
    "decline of 0.8 % a day": _rate(-0.008, 60),
    "doubled five weeks ago": _step(2, 35),
    "halved two weeks ago": _step(0.5, 14),
    "machine, bursts": _steady,
    "person, away now and then": _steady,
    "heavy at the month's end": _steady,
    "December": _steady,
}
PERIODS = {"month": 30, "quarter": 91, "year": 365}


def series(seed: int, kind: str, period: str, again: int = 0) -> Asked:
    """One series of a kind, asked somewhere in its period; with the future that it has, or with another."""
    dice = Dice(f"{seed}/{kind}/{period}", again=again)
    first, end = _span(dice, kind, period)
    length = (end - first).days
    today = first + int(length * dice.uniform(0.2, 0.7)) * DAY
    if kind == "December":
        today = first + dice.randrange(3, 17) * DAY
    start = min(first, today - HISTORY_DAYS * DAY)
    joined = dice.random() < 0.1
    known_from = today - dice.randrange(40, 80) * DAY if joined else start
    dice.today = today
    days = dict(_drawn(dice, kind, start, end, today))
    return Asked(
        kind, period, days, first, end, today, known_from, again=lambda number: series(seed, kind, period, number)
    )


def _span(dice: Random, kind: str, period: str) -> tuple[date, date]:
    year = 2026
    if kind == "December":
        return date(year, {"month": 12, "quarter": 10, "year": 1}[period], 1), date(year + 1, 1, 1)
    if period == "year":
        return date(year, 1, 1), date(year + 1, 1, 1)
    if period == "quarter":
        month = dice.choice((4, 7))
        return date(year, month, 1), date(year, month + 3, 1)
    month = dice.choice((3, 4, 5, 6, 7, 9, 10, 11))
    return date(year, month, 1), date(year, month + 1, 1)


def _drawn(dice: Dice, kind: str, start: date, end: date, today: date) -> Iterator[tuple[date, int]]:
    base = math.exp(dice.gauss(2.5, 1.2)) * DOLLAR
    size = dice.choice((1, 1, 10, 60))  # a person, or the sum of so many
    noise = {1: 0.6, 10: 0.25, 60: 0.12}[size]
    machine = kind == "machine, bursts"
    weekend = dice.choice((0.05, 0.15, 0.3)) if not machine else dice.choice((0.8, 1.0))
    week_noise = {1: 0.35, 10: 0.15, 60: 0.07}[size]
    wander, level = 0.0, 1.0
    away: set[date] = set()
    if kind == "person, away now and then" or (size == 1 and dice.random() < 0.3):
        day = start
        while day < end:
            day += dice.randrange(20, 60) * DAY
            away |= {day + n * DAY for n in range(dice.randrange(3, 12))}
    day = start
    holidays = _year_end(dice)
    while day < end:
        dice.reach(day)
        if day.weekday() == 0 or day == start:
            wander += dice.gauss(0, week_noise * 0.5)
            wander *= 0.85
            level = math.exp(wander + dice.gauss(0, week_noise * 0.6))
        used = (
            base * size * level * KINDS[kind](dice, (day - today).days) * math.exp(dice.gauss(0, noise) - noise**2 / 2)
        )
        used *= weekend if day.weekday() >= WEEKEND else 1
        if machine:
            used *= dice.choice((0.2, 0.5, 1, 1, 1, 4))
        if day in away:
            used = 0.0
        if kind == "heavy at the month's end" and (day + 4 * DAY).month != day.month:
            used *= 2.5
        used *= holidays.get((day.month, day.day), 1.0)
        if size == 1 and dice.random() < 0.004:
            used *= 8
        yield day, int(used)
        day += DAY


def _year_end(dice: Random) -> dict[tuple[int, int], float]:
    """What people use between the years, of a usual day."""
    quiet = dice.uniform(0.05, 0.3)
    ends = {(12, day): quiet for day in range(24, 32)}
    ends |= {(12, day): dice.uniform(0.4, 0.9) for day in range(19, 24)}
    return ends
