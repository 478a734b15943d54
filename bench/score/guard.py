"""Plays worlds through the guard's own code, reading by reading, beside plain rules on the same figures.

python -m bench.score.guard --first 1000 --seeds 6
"""

import argparse
import sys
import tempfile
import time as clock_time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from statistics import median

from sqlalchemy import Connection

from bench.machine import described
from bench.score import guard_clockwork, guard_practice, guard_real
from bench.score.guard_worlds import (
    BEGIN,
    DAY,
    DAYS,
    EPOCH,
    FEEDS,
    FIRST,
    FLOOR,
    HOUR,
    OWN,
    Incident,
    Owner,
    World,
    midnight,
)
from bench.table import Table
from bot.app import App
from bot.config import Settings
from bot.sync.usage import told_until
from handlers.alerts.spikes.watch import watch_hours, watch_weeks
from handlers.context import CLOCK, NOWHERE, Context
from storage import pulls, spikes
from storage.burn_rate import Bucket
from storage.db import Database
from storage.directory import Agent, Directory, Person
from storage.pulls import Pull
from storage.tables import UNALLOCATED

PULL_EVERY = 4 * HOUR
NANOS = 10**9
TOLD_WITHIN = 3 * DAY  # after the end of an incident and its provider's lateness: later is not told
GUARD = "the guard"
LARGE_TIMES, LARGE_DAYS_MIN = 8, 5
WORLDS: Mapping[str, Callable[[int], World]] = {
    **OWN,
    "practice": guard_practice.practice,
    "clockwork": guard_clockwork.clockwork,
    "auctions": guard_real.auctions,
    "views": guard_real.views,
}
SETTINGS = Settings.model_validate({"organization": {"name": "Measured", "zone": "Etc/UTC"}})


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody was told by a rule, at a moment, of an account and a time."""

    rule: str
    account: str
    at: datetime
    since: datetime
    until: datetime


@dataclass
class Played:
    """What came of a world: how many owner-days of each feed, and who was told of what."""

    world: World
    owner_days: dict[str, int] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)


class Figures:
    """What was reported by a moment, as `storage.burn_rate` would tell it; a database would take hours for this."""

    def __init__(self, owners: Sequence[Owner]) -> None:
        """Take the owners."""
        self.owners = owners
        self.now = FIRST
        self._reported = [_Reported(each) for each in owners]

    def read(self, now: datetime) -> None:
        """A reading: what is told by now."""
        self.now = now
        self.buckets = [each.told(now) for each in self._reported]
        self.sums: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        for owner, buckets in zip(self.owners, self.buckets, strict=True):
            sums = self.sums[owner.account]
            for each in buckets:
                sums[each.day] += each.cost_nanos

    def heard_until(self, feed: str) -> datetime | None:
        """The end of the newest hour or day of which a feed tells anything."""
        ends = (
            each.start + each.hours * HOUR
            for owner, buckets in zip(self.owners, self.buckets, strict=True)
            if owner.feed.name == feed
            for each in buckets[-1:]
        )
        return max(ends, default=None)

    def latest(self, _conn: Connection, provider: str, since: datetime) -> Iterator[Bucket]:
        """See storage.burn_rate."""
        for owner, buckets in zip(self.owners, self.buckets, strict=True):
            if owner.feed.name == provider:
                yield from (each for each in buckets if each.start >= since)

    def late(
        self, _conn: Connection, provider: str, since: datetime, until: datetime, heard: datetime, least: int
    ) -> set[str]:
        """See storage.burn_rate."""
        found = set()
        for owner in self.owners:
            if owner.feed.name == provider and owner.feed.late is not None:
                days = [day for day in self.sums[owner.account] if since.date() <= day < until.date()]
                told = {day: midnight((day - BEGIN.date()).days) + DAY + owner.feed.late for day in days}
                if any(self.sums[owner.account][day] >= least and told[day] + DAY >= heard for day in days):
                    found.add(owner.account)
        return found

    def strays(self, _conn: Connection, first: date) -> dict[tuple[str, ...], list[Bucket]]:
        """See storage.burn_rate."""
        return {
            (owner.feed.name, owner.stray): [each for each in buckets if each.day >= first]
            for owner, buckets in zip(self.owners, self.buckets, strict=True)
            if owner.account == UNALLOCATED
        }

    def hours(self, _conn: Connection, account_ids: Sequence[str], first: date) -> dict[str, list[Bucket]]:
        """See storage.burn_rate."""
        found: dict[str, list[Bucket]] = defaultdict(list)
        for owner, buckets in zip(self.owners, self.buckets, strict=True):
            if owner.account in account_ids:
                found[owner.account] += [each for each in buckets if each.hours < 24 and each.day >= first]
        return {account: sorted(each, key=lambda bucket: bucket.start) for account, each in found.items()}

    def days(self, _conn: Connection, account_ids: Sequence[str], first: date) -> dict[str, dict[date, int]]:
        """See storage.burn_rate."""
        return {each: {day: cost for day, cost in self.sums[each].items() if day >= first} for each in account_ids}

    def dear(self, _conn: Connection, first: date, end: date, least_nanos: int) -> list[str]:
        """See storage.burn_rate."""
        sums = {who: sum(cost for day, cost in days.items() if first <= day < end) for who, days in self.sums.items()}
        return sorted(who for who, cost in sums.items() if cost >= least_nanos)


class _Reported:
    """All that a feed ever tells of an owner, and how much of it is told by a moment."""

    def __init__(self, owner: Owner) -> None:
        """Work it out once: it is asked for at each reading."""
        self.owner = owner
        step = owner.feed.block if owner.feed.hourly else 24
        sums = [sum(owner.costs[at : at + step]) for at in range(0, len(owner.costs), step)]
        self.every = [
            _bucket(owner, BEGIN + number * step * HOUR, step, cost, number)
            for number, cost in enumerate(sums)
            if cost > 0
        ]
        self.ends = [each.start + step * HOUR for each in self.every]

    def told(self, now: datetime) -> list[Bucket]:
        """What is told by a moment, the oldest first."""
        feed = self.owner.feed
        if feed.late is None:
            whole = self.every[: bisect_right(self.ends, now)]
            first = (now - BEGIN) // DAY * 24
            cost = sum(self.owner.costs[first : first + max(0, (now - HOUR - BEGIN) // HOUR - first)])
            today = [_bucket(self.owner, BEGIN + first * HOUR, 24, cost, first // 24)] if cost > 0 else []
            return [*whole, *today]
        told = self.every[: bisect_right(self.ends, now - feed.late)]
        early = bisect_right(self.ends, now - feed.late - DAY) if feed.early_percent < 100 else len(told)
        return [
            *told[:early],
            *(replace(each, cost_nanos=each.cost_nanos * feed.early_percent // 100) for each in told[early:]),
        ]


def _bucket(owner: Owner, start: datetime, hours: int, dollars: float, number: int) -> Bucket:
    nanos = round(dollars * NANOS)
    requests = 20 + number * 7 % 11  # never as alike as those of a loop
    return Bucket(owner.account, start, hours, start.date(), nanos, requests, requests * (900 + number % 5 * 90), 1000)


def _directory(world: World) -> Directory:
    names = sorted({each.account.partition("/")[2] for each in world.owners if each.account.startswith("person/")})
    agents = sorted({each.account.partition("/")[2] for each in world.owners if each.account.startswith("agent/")})
    boss = Person("boss", "The Boss", "boss@measured.example", "", roles=("finance",))
    people = (boss, *(Person(name, name.title(), f"{name}@measured.example", "boss") for name in names))
    return Directory(people=people, agents=tuple(Agent(name, name.title(), "boss", "") for name in agents))


def play(name: str, seed: int) -> Played:
    """Three weeks of a world: the guard after each reading, and the plain rules."""
    played = Played(WORLDS[name](seed))
    world, figures = played.world, Figures(played.world.owners)
    moment = FIRST
    with tempfile.TemporaryDirectory(prefix="bursar-guard-") as home:
        database = Database(f"sqlite:///{home}/guard.db")
        database.migrate()
        directory = _directory(world)
        app = App(settings=SETTINGS, database=database, providers={}, directory=lambda: directory, now=lambda: moment)
        app.refresh_people()
        readings = {each.feed.name: Pull(each.feed.name, FIRST, None, None, 0, 0, "") for each in world.owners}
        seen: set[int] = set()
        plain: set[tuple[str, str, date]] = set()

        def watched(conn: Connection) -> None:
            for feed, before in readings.items():
                readings[feed] = _read(figures, before, moment)
                pulls.note_pull(conn, readings[feed])
            ctx = Context(conn, moment, CLOCK, NOWHERE, app.policy)
            watch_hours(ctx, figures)
            if moment.hour < PULL_EVERY // HOUR:
                watch_weeks(ctx, figures)

        while moment < EPOCH:
            moment += PULL_EVERY
            figures.read(moment)
            database.transact(watched)
            played.told += _told(database, moment, seen)
            played.told += _plainly_told(figures, moment, plain)
        app.close()
    for feed in {each.feed.name for each in world.owners}:
        owners = [each for each in world.owners if each.feed.name == feed]
        played.owner_days[feed] = len(owners) * DAYS
    return played


def _read(figures: Figures, before: Pull, now: datetime) -> Pull:
    heard = figures.heard_until(before.provider)
    late = pulls.lateness(before, heard, now)
    began = before.began_at or FIRST
    read = Pull(before.provider, now, now, None, 0, 0, "", began, heard, late)
    return Pull(before.provider, now, now, told_until(read, now.date(), now), 0, 0, "", began, heard, late)


def _told(database: Database, now: datetime, seen: set[int]) -> Iterator[Told]:
    for each in database.ask(lambda conn: spikes.known(conn, now - 60 * DAY)):
        if each.told_nanos is not None and each.id not in seen:
            seen.add(each.id)
            yield Told(f"{GUARD}: {each.rule}", each.account_id, now, each.since, each.until)


# Plain rules ---------------------------------------------------------------------------------------------------------


def _three_times(cost: int, week: Sequence[int]) -> bool:
    return cost * 7 > 3 * sum(week) > 0


def _three_deviations(cost: int, week: Sequence[int]) -> bool:
    mean = sum(week) / 7
    return mean > 0 and cost > mean + 3 * (sum((each - mean) ** 2 for each in week) / 7) ** 0.5


def _cap(cost: int, _week: Sequence[int]) -> bool:
    return cost > 50 * NANOS


PLAIN: Mapping[str, Callable[[int, Sequence[int]], bool]] = {
    "3 × own 7-day mean": _three_times,
    "mean + 3 sd of 7 days": _three_deviations,
    "$50 a day": _cap,
}


def _plainly_told(figures: Figures, now: datetime, told: set[tuple[str, str, date]]) -> Iterator[Told]:
    """What each plain rule would tell, with the guard's floor, of each day once it is known."""
    for account, costs in figures.sums.items():
        for back in range(4):
            day = now.date() - back * DAY
            cost = costs.get(day, 0)
            week = [costs.get(day - number * DAY, 0) for number in range(1, 8)]
            for name, rule in PLAIN.items():
                if (name, account, day) not in told and cost - sum(week) // 7 >= FLOOR * NANOS and rule(cost, week):
                    told.add((name, account, day))
                    start = midnight((day - BEGIN.date()).days)
                    yield Told(name, account, now, start, start + DAY)


# Tables --------------------------------------------------------------------------------------------------------------

RULES = (GUARD, *PLAIN)


def is_about(told: Told, incident: Incident) -> bool:
    """Whether somebody was told of a time that is, in part, that of an incident; of a drift, the week after it too."""
    slack = 7 * DAY if "each day" in incident.kind else timedelta()
    same = told.account == incident.account
    return same and told.since < incident.end + slack and incident.start < told.until and told.at >= incident.start


def hits(played: Iterable[Played], rule: str) -> Iterator[tuple[Played, Incident, Told | None]]:
    """Each incident that comes to the floor, and when it was first told of by a rule."""
    for each in played:
        for incident in each.world.incidents:
            if incident.dollars >= FLOOR:
                mine = (told for told in each.told if told.rule.startswith(rule) and is_about(told, incident))
                yield each, incident, next(mine, None)


def false_ones(played: Played, rule: str) -> list[Told]:
    """What a rule told that is about nothing."""
    real = (*played.world.incidents, *played.world.arguable)
    return [
        told for told in played.told if told.rule.startswith(rule) and not any(is_about(told, each) for each in real)
    ]


def is_as_large(played: Played, told: Told) -> bool:
    """Whether an ordinary day of that time cost what a runaway costs that has to ring.

    Eight usual days, and more than any day of eight weeks: figures of what was spent cannot tell it from a runaway, and
    whoever pays wants to hear of it. What happens in a company is drawn by dice, so such days happen.
    """
    return any(
        _is_large(owner, (each - BEGIN) // DAY)
        for owner in played.world.owners
        if owner.account == told.account
        for each in (told.since + number * DAY for number in range((told.until - told.since) // DAY + 1))
    )


def _is_large(owner: Owner, number: int) -> bool:
    before = [cost for cost in map(owner.day, range(max(0, number - 56), number)) if cost > 0]
    if len(before) < LARGE_DAYS_MIN:
        return False
    usual, cost = median(before), owner.day(number)
    return cost >= LARGE_TIMES * usual and cost > max(before) and cost - usual >= FLOOR


def kinds_table(played: Sequence[Played]) -> Table:
    """How much of each kind was told, beside the plain rules."""
    rows = []
    for world, kind in sorted({(each.world.name, one.kind) for each in played for one in each.world.incidents}):
        row = [world, kind]
        for rule in RULES:
            here = [told for each, one, told in hits(played, rule) if (each.world.name, one.kind) == (world, kind)]
            count = len(here)
            row.append(f"{sum(told is not None for told in here) / count:.2f}" if count else "–")
        delays = [
            (told.at - one.start) / HOUR
            for each, one, told in hits(played, GUARD)
            if told and (each.world.name, one.kind) == (world, kind)
        ]
        rows.append((row[0], row[1], str(count), *row[2:], f"{median(delays):.0f}" if delays else "–"))
    return Table("told at all, by kind", ("world", "kind", "there were", *RULES, "the guard's hours"), rows)


def feeds_table(played: Sequence[Played]) -> Table:
    """The same by feed, for runaways."""
    rows = []
    for feed in sorted({feed for each in played for feed in each.owner_days}):
        row = [feed]
        for rule in RULES:
            here = [told for _, one, told in hits(played, rule) if one.feed == feed and "runaway" in one.kind]
            row.append(f"{sum(told is not None for told in here) / len(here):.2f}" if here else "–")
        late = [
            told is not None and told.at <= one.end + lateness(feed) + DAY
            for _, one, told in hits(played, GUARD)
            if one.feed == feed and one.kind == "a day of 10 ×"
        ]
        rows.append((*row, f"{sum(late)} of {len(late)}"))
    return Table("runaways of all sizes, by feed", ("feed", *RULES, "a day of 10 ×, at the reading"), rows)


def lateness(name: str) -> timedelta:
    """How late a feed is."""
    feed = next(each for each in (*FEEDS, guard_clockwork.BLOCKS) if each.name == name)
    return feed.late or timedelta()


def false_table(played: Sequence[Played]) -> Table:
    """False alerts per 1,000 owner-days, of each world and feed."""
    rows = []
    for world in WORLDS:
        here = [each for each in played if each.world.name == world]
        days = sum(sum(each.owner_days.values()) for each in here)
        if days:
            false = {rule: [(each, told) for each in here for told in false_ones(each, rule)] for rule in RULES}
            counts = [len(some) for some in false.values()]
            small = [sum(not is_as_large(*each) for each in false[rule]) for rule in RULES[:2]]
            rows.append((world, f"{days:,}", *(f"{1000 * count / days:.2f}" for count in (*counts, *small))))
    apart = tuple(f"{rule}, less days as large as a runaway" for rule in RULES[:2])
    return Table("false alerts per 1,000 owner-days", ("world", "owner-days", *RULES, *apart), rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Play the worlds and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.score.guard")
    parser.add_argument("--seeds", type=int, default=6, help="how many of each world")
    parser.add_argument("--first", type=int, default=1000, help="the first seed; below 100 are for tuning")
    parser.add_argument("--worlds", default=",".join(WORLDS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="each false alert")
    asked = parser.parse_args(argv)
    seeds, names = range(asked.first, asked.first + asked.seeds), asked.worlds.split(",")
    began = clock_time.monotonic()
    print(described())
    with ProcessPoolExecutor(asked.processes) as pool:
        played = list(pool.map(partial(_played), [(name, seed) for name in names for seed in seeds]))
    for table in (kinds_table(played), feeds_table(played), false_table(played)):
        print(f"\n{table}", flush=True)
    for each in played if asked.show else ():
        for told in false_ones(each, GUARD):
            print(each.world.name, told.rule, told.account, told.at, told.since, told.until)
    print(f"\n({clock_time.monotonic() - began:.0f} s)")
    return 0


def _played(asked: tuple[str, int]) -> Played:
    return play(*asked)


if __name__ == "__main__":
    sys.exit(main())
