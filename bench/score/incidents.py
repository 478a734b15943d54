"""Runaways put into the sample company, so that there are many of each size, and the truth about them."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from statistics import median_low
from typing import Literal

from bot.checks import CheckLine
from bot.providers.base import Provider, ProviderIdentity, ProviderSeat
from bot.providers.sample.ground_truth import EPISODES
from bot.providers.sample.provider import Sample
from storage.charges import Charge

Kind = Literal["runaway", "ramp", "same_document", "off_hours_loop"]
TIMES = (4, 6, 10, 15, 25, 50)  # what a runaway burns in a night, in usual days
RUNAWAYS, RAMPS = 14, 4
NIGHT_HOURS = 8
RAMP_DAYS, RAMP_PERCENT = 10, 40
ACTIVE_DAYS_MIN = 14
SHARE_EARLY = 9, 10  # of what was burnt is reported within a day
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOKENS = (1_500, 42_000, 3_500, 700)  # plain, read, written, output: 4.3 cents on the model below
MODEL, REQUEST_NANOS = "claude-sonnet-4-5", 40_725_000


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody of the sample company who spends: how its rows are called, and what a usual day costs."""

    account: str
    subject: str
    resource: str
    hourly: bool
    usual_nanos: int


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that the guard should tell of.

    Args:
        kind: what it is.
        owner: whose.
        start: when it begins.
        end: when it is over.
        times: what it burns in all, in usual days; 0 for a ramp and for a loop.
        extra: what it burns in each of its hours, from the start on.
    """

    kind: Kind
    owner: Owner
    start: datetime
    end: datetime
    times: int
    extra: tuple[int, ...]

    @property
    def nanos(self) -> int:
        """What it burns in all."""
        return sum(self.extra)

    def burnt(self, first: datetime, end: datetime) -> int:
        """What it burns from a moment until before another, by whole hours."""
        return sum(each for number, each in enumerate(self.extra) if first <= self.start + number * HOUR < end)


def owners(history: Sequence[Charge], accounts: Mapping[tuple[str, str], str]) -> list[Owner]:
    """Whoever is active on enough days and is in none of the simulator's own stories."""
    days: dict[tuple[str, str], dict[date, int]] = defaultdict(lambda: defaultdict(int))
    hourly = {}
    for row in history:
        identity = ("key", row.resource) if row.resource else ("user", row.subject)
        days[identity][row.bucket_start.date()] += row.cost_nanos or 0
        hourly[identity] = row.bucket_hours < 24
    told = {f"key_{episode.spender}" for episode in EPISODES}
    found = []
    for (kind, name), costs in sorted(days.items()):
        active = [cost for cost in costs.values() if cost]
        if len(active) >= ACTIVE_DAYS_MIN and name not in told and (kind, name) in accounts:
            resource, subject = (name, "") if kind == "key" else ("", name)
            owner = Owner(accounts[kind, name], subject, resource, hourly[kind, name], median_low(active))
            found.append(owner)
    return found


def made_up(seed: int, among: Sequence[Owner], first: date, days: int) -> list[Incident]:
    """Runaways of every size and some slow ramps, each of another owner, within some days."""
    dice = random.Random(f"incidents/{seed}")
    chosen = dice.sample(list(among), min(len(among), RUNAWAYS + RAMPS))
    found = []
    for number, owner in enumerate(chosen):
        start = datetime.combine(first, time(), UTC) + dice.randrange(1, days - 2) * DAY + dice.randrange(24) * HOUR
        if number < RUNAWAYS:
            times = TIMES[number % len(TIMES)]
            extra = (owner.usual_nanos * times // NIGHT_HOURS,) * NIGHT_HOURS
            found.append(Incident("runaway", owner, start, start + NIGHT_HOURS * HOUR, times, extra))
        else:
            start = datetime.combine(first + dice.randrange(days - RAMP_DAYS) * DAY, time(), UTC)
            usual = owner.usual_nanos // 24
            extra = tuple(usual * RAMP_PERCENT * (1 + hour // 24) // 100 for hour in range(24 * RAMP_DAYS))
            found.append(Incident("ramp", owner, start, start + RAMP_DAYS * DAY, 0, extra))
    return found


@dataclass
class Spoilt(Provider):
    """The sample company with incidents. They are reported as it reports: by the hour or the day, and in part at first.

    Args:
        sample: the company.
        incidents: what happens besides.
    """

    sample: Sample
    incidents: Sequence[Incident]

    can = frozenset({"charges", "people", "seats"})

    def __post_init__(self) -> None:
        self.name = self.sample.name

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """See Provider."""
        yield from self.sample.charges(first, last)
        made = self.sample.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        for number in range((last - first).days + 1):
            day = datetime.combine(first + number * DAY, time(), UTC)
            for incident in self.incidents:
                yield from self._rows(incident, day, made)

    def _rows(self, incident: Incident, day: datetime, made: datetime) -> Iterator[Charge]:
        step = HOUR if incident.owner.hourly else DAY
        start = day
        while start < min(day + DAY, made):
            nanos = incident.burnt(start, min(start + step, made))
            if made < start + step + DAY:
                nanos = nanos * SHARE_EARLY[0] // SHARE_EARLY[1]
            requests = nanos // REQUEST_NANOS
            if requests:
                yield _charge(self.name, incident.owner, start, step, requests)
            start += step

    def people(self) -> Iterator[ProviderIdentity]:
        """See Provider."""
        return self.sample.people()

    def seats(self) -> Iterator[ProviderSeat]:
        """See Provider."""
        return self.sample.seats()

    def probe(self) -> Iterator[CheckLine]:
        """See Provider."""
        return self.sample.check()

    def close(self) -> None:
        """See Provider."""


def _charge(provider: str, owner: Owner, start: datetime, step: timedelta, requests: int) -> Charge:
    plain, read, written, output = (each * requests for each in TOKENS)
    row = Charge(provider, start, step // HOUR, MODEL, "spoilt", owner.resource, owner.subject, "standard")
    return replace(
        row,
        tokens_input=plain,
        tokens_cache_read=read,
        tokens_cache_write_5m=written,
        tokens_output=output,
        requests=requests,
        cost_nanos=requests * REQUEST_NANOS,
    )
