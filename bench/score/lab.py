"""How often the policy lab is right about who will ask for more: a limit that came after the days it has seen.

The sample company has no limit for people from August to October. The lab sees these months alone, and is asked what a
limit would have done. On 1 November the company sets just that limit, and its people act on it, each in their own way:
some spend less once they are told that they are near it, some wait for the next month instead of asking, and some of
those who ask are denied. Nothing of that is known to the lab, nor are the days of November.

    python -m bench.score.lab [--seeds 5]
"""

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from bench.table import Table
from bot.config import Settings
from bot.providers.sample.company import directory, roster
from bot.providers.sample.provider import Sample
from handlers.planning.history import DayUse, History, Placed
from handlers.planning.replay import Replay
from handlers.planning.requests_made import requests_made
from handlers.policy import Policy
from storage.people import Account
from storage.spend import Spent
from storage.tables import ORGANIZATION
from tests.support.uses import HeldUses

FIRST, SET, END = date(2026, 8, 1), date(2026, 11, 1), date(2026, 12, 1)
MONTHS = 3
LIMITS_USD = (100, 150, 200, 300)
NANOS = 10**9
DAY = timedelta(days=1)
# How people act: the part that heeds a warning at 80 %, by how much; who asks rather than waits; what is granted.
HEEDS, LESS, ASKS, GRANTED, DECIDED_AFTER = 0.5, 0.7, 0.85, 0.8, 1

Days = Mapping[date, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Month:
    """What became of November: who asked, and how often all of them did."""

    askers: frozenset[str]
    requests: int


@dataclass(frozen=True, slots=True)
class Foretold:
    """What the lab said, what came, and what the months before say without it.

    Args:
        limit_usd: the limit.
        lab: what the lab foretells of a month, with the most requests.
        least: and how many it says there are at least.
        above: who spent more than the limit in the last month before it.
        came: what came.
    """

    limit_usd: int
    lab: Month
    least: int
    above: frozenset[str]
    came: Month


def bench(seeds: Sequence[int]) -> Iterator[Table]:
    """A table of all companies together."""
    yield table([each for seed in seeds for each in foretold(seed)])


@cache
def spent(seed: int) -> Days:
    """What each person of the sample company wants to spend on each day, in nanos."""
    now = datetime(END.year, END.month, END.day, tzinfo=UTC) + 5 * DAY
    sample = Sample("sample", seed, now=lambda: now)
    people = {each.subject: each.account for each in roster("sample", seed, sample.story) if each.subject}
    days: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in sample.charges(FIRST, END - DAY):
        account = people.get(each.subject, "")
        if account.startswith("person/"):
            days[each.bucket_start.date()][account] += each.cost_nanos or 0
    return days


def foretold(seed: int) -> list[Foretold]:
    """Each limit in one company."""
    days = spent(seed)
    return [
        Foretold(limit, *of_the_lab(days, limit), _above(days, limit), came(days, limit, random.Random(seed)))
        for limit in LIMITS_USD
    ]


def policy(limit_usd: int) -> Policy:
    """The rules with that limit for every person."""
    rules = {
        "organization": {"name": "Meridian", "zone": "UTC"},
        "providers": [{"kind": "sample"}],
        "budgets": [{"name": "per-person", "who": "every person", "amount": f"{limit_usd} USD"}],
    }
    return Settings.model_validate(rules).policy


def of_the_lab(days: Days, limit_usd: int) -> tuple[Month, int]:
    """What a replay of the months before foretells: whoever would have been stopped in most of them asks."""
    rules, past = policy(limit_usd), _history(days)
    stops = Replay(rules, rules.budgets, past, "none").run().stops
    often: dict[str, int] = defaultdict(int)
    for stop in stops:
        often[stop.account_id] += 1
    now = datetime(SET.year, SET.month, SET.day, tzinfo=UTC)
    load = requests_made(rules, past, stops, now)
    askers = frozenset(each for each, times in often.items() if 2 * times > MONTHS)
    return Month(askers, -(-load.count // MONTHS)), load.least // MONTHS


def _history(days: Days) -> History:
    """The months before the limit, and nothing after."""
    people = directory("sample", Sample("sample", now=lambda: datetime.now(UTC)).story, SET)
    accounts = {ORGANIZATION: Account(ORGANIZATION, "organization", "Meridian", "", "", "", active=True)}
    for one in people.people:
        account = Account(f"person/{one.id}", "person", one.name, f"team/{one.team}", one.id, "", active=True)
        accounts[account.id] = account
    everybody = {each for uses in days.values() for each in uses}
    for each in everybody - accounts.keys():
        accounts[each] = Account(each, "person", each, ORGANIZATION, each.removeprefix("person/"), "", active=True)
    used = {
        day: {each: DayUse((Spent("model", nanos, 1, 0, 1),), ()) for each, nanos in sorted(uses.items())}
        for day, uses in sorted(days.items())
        if day < SET
    }
    placed = {each: [Placed(date.min, date.max, (ORGANIZATION,))] for each in accounts}
    return History(
        ORGANIZATION, FIRST, SET, HeldUses(used), placed, accounts, {each.id: each for each in people.people}
    )


def _above(days: Days, limit_usd: int) -> frozenset[str]:
    month: dict[str, int] = defaultdict(int)
    for day, uses in days.items():
        if (day.year, day.month) == (SET - DAY).timetuple()[:2]:
            for each, nanos in uses.items():
                month[each] += nanos
    return frozenset(each for each, nanos in month.items() if nanos > limit_usd * NANOS)


def came(days: Days, limit_usd: int, chance: random.Random) -> Month:
    """November with the limit: day by day, each person for themselves."""
    everybody = sorted({each for uses in days.values() for each in uses})
    asked = {each: _asked(days, each, limit_usd * NANOS, chance) for each in everybody}
    return Month(frozenset(each for each, times in asked.items() if times), sum(asked.values()))


def _asked(days: Days, account: str, limit: int, chance: random.Random) -> int:
    """How often somebody asks for more in November."""
    heeds, asks = chance.random() < HEEDS, chance.random() < ASKS
    used = times = 0
    allowed, grants = limit, dict[date, int]()
    day = SET
    while day < END:
        allowed += grants.pop(day, 0)
        wanted = days.get(day, {}).get(account, 0)
        if heeds and used > allowed * 8 // 10:
            wanted = int(wanted * LESS)
        if used + wanted > allowed and asks and not grants:
            times += 1
            if chance.random() < GRANTED:
                grants[day + DECIDED_AFTER * DAY] = limit // 4
            else:
                asks = False
        used = min(allowed, used + wanted)
        day += DAY
    return times


def table(found: Sequence[Foretold]) -> Table:
    """How often it is right, by limit; a month's requests with the error."""
    rows = []
    for limit in sorted({each.limit_usd for each in found}):
        here = [each for each in found if each.limit_usd == limit]
        least, most = sum(each.least for each in here) / len(here), sum(each.lab.requests for each in here) / len(here)
        real = sum(each.came.requests for each in here) / len(here)
        within = sum(each.least <= each.came.requests <= each.lab.requests for each in here)
        rows.append(
            (
                f"${limit}",
                f"{sum(len(each.came.askers) for each in here) / len(here):.0f}",
                *_right([(each.lab.askers, each.came.askers) for each in here]),
                *_right([(each.above, each.came.askers) for each in here]),
                f"{least:.0f}–{most:.0f}",
                f"{real:.0f}",
                f"{within} of {len(here)}",
            )
        )
    heads = ("limit", "asked", "precision", "recall", "last month: p.", "r.", "requests said", "came", "within")
    return Table("The lab on a limit it has not seen, a month", heads, rows)


def _right(found: Sequence[tuple[frozenset[str], frozenset[str]]]) -> tuple[str, str]:
    """Which share of those who were named asked, and which share of those who asked was named."""
    both = sum(len(said & came_) for said, came_ in found)
    named, asked = (sum(len(each[place]) for each in found) for place in (0, 1))
    return (f"{both / named:.2f}" if named else "", f"{both / asked:.2f}" if asked else "")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.score.lab", description="Who will ask for more.")
    parser.add_argument("--seeds", type=int, default=5, help="how many companies")
    parser.add_argument("--first", type=int, default=1000, help="the first seed")
    asked = parser.parse_args(argv)
    for one in bench(range(asked.first, asked.first + asked.seeds)):
        print(one)
    return 0


if __name__ == "__main__":
    sys.exit(main())
