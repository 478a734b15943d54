"""Real series as dollars: what auctions cost by the hour, and how often pages were read by the day.

Neither has to do with AI; both were recorded, not made up, and are as bursty as what people and programs do.
"""

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median

from bench.score.guard_worlds import BEGIN, DAY, DAYS, EPOCH, FEEDS, FIRST, HISTORY_DAYS, HOURS, Incident, Owner, World

DATA = Path(__file__).parent.parent / "data"
ALL_DAYS = HISTORY_DAYS + DAYS
OWNERS = 24
ODD_TIMES = 8  # times the median of all weeks, those after it too: such a day of a page is out of the ordinary
EIGHT_WEEKS = 56
HOURLY, DAILY = (FEEDS[0], FEEDS[2]), (FEEDS[3], FEEDS[4])


def auctions(seed: int) -> World:
    """Fourteen days of auctions by the hour, again and again, each beginning elsewhere: whatever rings is false."""
    dice = random.Random(f"auctions/{seed}")
    series = [_columns(path)["value"] for path in sorted((DATA / "numenta").glob("*.csv"))]
    world = World("auctions")
    for number in range(OWNERS):
        values = series[number % len(series)]
        size = dice.lognormvariate(4.0, 0.8) / (sum(values) / len(values)) / 24
        begins = dice.randrange(len(values))
        costs = [values[(begins + hour) % len(values)] * size for hour in range(HOURS)]
        world.owners.append(Owner(f"agent/a{number}", HOURLY[number % 2], costs))
    return world


def views(seed: int) -> World:
    """Twelve weeks of how often a page was read; a day of eight times the median of them all should ring."""
    dice = random.Random(f"views/{seed}")
    pages = list(_columns(DATA / "wikimedia" / "views.csv").values())
    world = World("views")
    for number in range(OWNERS):
        values = pages[number % len(pages)]
        begins = dice.randrange((len(values) - ALL_DAYS) // 7 + 1) * 7
        days = values[begins : begins + ALL_DAYS]
        usual = median(days)
        size = dice.lognormvariate(2.5, 0.8) / usual
        owner = Owner(f"agent/a{number}", DAILY[number % 2], [cost * size / 24 for cost in days for _ in range(24)])
        world.owners.append(owner)
        odd = _odd(owner, days, usual, size)
        told = EPOCH - (owner.feed.late or timedelta())  # what ends later is told when nobody looks any more
        world.incidents += [each for each in odd if FIRST < each.end <= told]
        world.arguable += [*odd, *_weeks(owner, days, usual, size)]
    return world


def _odd(owner: Owner, days: Sequence[float], usual: float, size: float) -> list[Incident]:
    """The days that should ring, those that follow each other as one; apart, those that came twice in eight weeks."""
    found: list[Incident] = []
    for day in range(HISTORY_DAYS - 7, ALL_DAYS):
        if days[day] < ODD_TIMES * usual:
            continue
        start, dollars = BEGIN + day * DAY, (days[day] - usual) * size
        last = found.pop() if found and found[-1].end == start else None
        again = sorted(days[day - EIGHT_WEEKS : day])[-2] >= ODD_TIMES * usual
        kind = last.kind if last else "a page read 8 × as often" + (", as twice before" if again else "")
        begin, whole = (last.start, last.dollars + dollars) if last else (start, dollars)
        found.append(Incident(kind, owner.account, owner.feed.name, begin, start + DAY, whole))
    return found


def _weeks(owner: Owner, days: Sequence[float], usual: float, size: float) -> Iterator[Incident]:
    """Weeks of twice the usual, on each day of which much was read: who is told of them may find it right."""
    for day in range(HISTORY_DAYS - 7, ALL_DAYS - 6):
        week = days[day : day + 7]
        if min(week) >= 1.5 * usual and sum(week) >= 2 * 7 * usual:
            start = BEGIN + day * DAY
            dollars = (sum(week) - 7 * usual) * size
            yield Incident("a week of twice as much", owner.account, owner.feed.name, start, start + 7 * DAY, dollars)


def _columns(path: Path) -> Mapping[str, list[float]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0] if name != "day"}
