"""A provider that makes its figures up: Meridian, a company of 120 people and a dozen programs, and what they spend.

It serves the demo, the tests and the bench. A day is a function of the seed, the day and how old the day is, so it can
be asked for in any range and any number of times. What real reports do to a reader, this one does too:

- A day or an hour that is not over is there in part, and nothing of the future. The report is made every full hour.
- Figures come late. Within a day after its end a bucket holds four fifths or more of the truth, or is missing; within
  the second day it is a little off in either direction; two days after its end it is final.
- People are reported by UTC day, keys by hour. An evening in San Francisco is the next day of the report.
- One model has no price: its cost is unknown, not zero. A few users and a key belong to nobody.

Who there is stands in `sample_company.py`, what is wrong with them in `sample_truth.py`.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import pi, sin
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.checks import CheckLine
from bot.providers.base import (
    Limit,
    Provider,
    ProviderIdentity,
    ProviderOutcome,
    ProviderSeat,
    days,
    midnight,
    outcomes_of,
)
from bot.providers.sample.company import COMPANY, EDITOR, Spender, Use, directory, members, roster, workspace
from bot.providers.sample.ground_truth import Episode, Story, Truth, truths
from bot.providers.sample.limits import SampleLimits
from bot.providers.sample.seats import seats, wrong_seats
from bot.providers.sample.spikes import SampleSpikes
from bot.texts import t
from storage.charges import Charge, CostSource
from storage.directory import Directory
from storage.limits import Subject

Tokens = tuple[int, int, int, int, int]  # plain input, cache read, written for 5 minutes, for an hour, output

HISTORY_DAYS = 90
FINAL_AFTER = timedelta(days=2)
KEY = "key_"
# What is counted in which team.
OUTCOMES = {
    **dict.fromkeys(("search", "ads", "platform", "mobile", "data", "security"), "pull_requests"),
    "support": "tickets",
}
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Price:
    """Nanos of a US dollar for one token of each kind; a thousand is a dollar for a million tokens.

    A vendor that sells no cache writes has None there: what would be written counts as ordinary input.
    """

    input: int
    cache_read: int
    cache_write_5m: int | None
    cache_write_1h: int | None
    output: int
    source: CostSource = "cost_report"


# Plausible prices of autumn 2026, none of them a quotation. That of the unpriced model only sets how much it is used.
PRICES = {
    "claude-opus-4-1": Price(15_000, 1_500, 18_750, 30_000, 75_000),
    "claude-opus-4-5": Price(5_000, 500, 6_250, 10_000, 25_000),
    "claude-sonnet-4-5": Price(3_000, 300, 3_750, 6_000, 15_000),
    "claude-haiku-4-5": Price(1_000, 100, 1_250, 2_000, 5_000),
    "gpt-5.2": Price(1_750, 175, None, None, 14_000),
    "gpt-5.2-mini": Price(250, 25, None, None, 2_000),
    "gemini-3-pro": Price(2_000, 200, None, None, 12_000, "list_price"),
    "meridian-flash-preview": Price(500, 50, None, None, 3_000, "unpriced"),
    "deepseek-v3": Price(280, 28, None, None, 420, "list_price"),
}
SEARCH, SEARCH_NANOS = "web search", 10**7  # what a search costs, without tokens
# Times as much, in halves. An odd price is rounded down to the nano for a token of a batch.
_TIER_HALVES = {"standard": 2, "batch": 1, "priority": 4}

_WEEKDAYS = (0.95, 1.1, 1.12, 1.05, 0.82)
_WORKDAYS_IN_MONTH = 21
_OPENS, _CLOSES = time(8), time(18)
_WEEKEND_WORK = (0.07, 0.3)  # how often somebody works on a free day, and how much of a day
_AWAY = 0.07  # share of weeks off
_REPORTED_EARLY, _REPORTED_LATE, _MISSING_EARLY = (0.8, 0.97), (0.97, 1.01), 0.04
# Holidays that fall on the same date every year; the movable ones but Thanksgiving are left out.
_HOLIDAYS = {
    "Europe/Berlin": {(1, 1), (5, 1), (10, 3), (12, 24), (12, 25), (12, 26), (12, 31)},
    "Europe/London": {(1, 1), (12, 25), (12, 26)},
    "America/New_York": {(1, 1), (6, 19), (7, 4), (11, 11), (12, 24), (12, 25)},
    "America/Los_Angeles": {(1, 1), (6, 19), (7, 4), (11, 11), (12, 24), (12, 25)},
    "Asia/Kolkata": {(1, 26), (8, 15), (10, 2), (12, 25)},
    "Pacific/Chatham": {(1, 1), (1, 2), (2, 6), (4, 25), (12, 25), (12, 26)},
}


@dataclass(frozen=True, slots=True)
class Sample(Provider):
    """The sample provider.

    Args:
        name: name under which app.yaml lists it.
        seed: another seed is another company of the same people.
        now: the present, aware UTC.
        epoch: see `Story`; without it the episodes come back every three weeks.
        memory: where its limits are kept, so that another process finds them; its spikes are kept beside them.
    """

    can = frozenset({"charges", "people", "limits", "set_limit", "pause", "seats", "outcomes"})
    limited = frozenset({"user", "key"})

    name: str = "sample"
    seed: int = 7
    now: Callable[[], datetime] = field(kw_only=True)
    epoch: date | None = None
    memory: Path | None = None
    _limits: SampleLimits = field(init=False)
    _spikes: SampleSpikes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_limits", SampleLimits(self.memory))
        spikes = self.memory.with_name(f"{self.name}-spikes.json") if self.memory else None
        object.__setattr__(self, "_spikes", SampleSpikes(spikes))

    @property
    def story(self) -> Story:
        return Story(self.epoch)

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """The report of the days first to last as it stands at this hour. Days after today are not in it."""
        made = self.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        for day in days(first, min(last, made.date())):
            for one in roster(self.name, self.seed, self.story):
                yield from self._as_of(one, day, made)

    def people(self) -> Iterator[ProviderIdentity]:
        """Users, keys and workspaces of today. Two users and a key can be linked to nobody."""
        return members(self.story, self._today)

    def limits(self) -> Iterator[Limit]:
        """What everybody may spend in a month, as it was last told. The editor knows of no limits."""
        return self._limits.of(each for each in self.people() if not each.external_id.startswith(EDITOR))

    def limit(self, subject: Subject) -> Limit | None:
        """See Provider."""
        return next((each for each in self.limits() if each.subject == subject), None)

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """See Provider."""
        self._limits.change(self.limit(subject), subject, nanos=amount_nanos)
        return next(each for each in self.limits() if each.subject == subject)

    def before(self, subject: Subject) -> str:
        """Nothing but the pause itself is changed by a pause."""
        return subject.kind

    def pause(self, subject: Subject) -> None:
        """See Provider. It ends a spike; what is usual goes on being made up."""
        self._limits.change(self.limit(subject), subject, paused=True)
        self._spikes.end(subject.external_id.removeprefix(KEY), self.now().astimezone(UTC))

    def resume(self, subject: Subject, before: str) -> None:
        """See Provider."""
        assert before == subject.kind
        self._limits.change(self.limit(subject), subject, paused=False)

    def seats(self) -> Iterator[ProviderSeat]:
        """Who has a paid seat today."""
        today = self._today
        everybody = roster(self.name, self.seed, self.story)
        here = (one for one in everybody if one.account.startswith("person/") and one.subject)
        return seats((one for one in here if one.since <= today < one.until), today, self._is_active)

    def outcomes(self, first: date, last: date) -> Iterator[ProviderOutcome]:
        """What people of some teams got done, while they worked."""
        for one in roster(self.name, self.seed, self.story):
            counted = OUTCOMES.get(one.team, "") if one.subject and one.account.startswith("person/") else ""
            for day in days(first, min(last, self._today)) if counted else ():
                number = self._rng(day, one.id, "outcomes").choice((0, 1, 1, 2, 3))
                yield from outcomes_of(one.subject, day, {counted: number if self._is_active(one, day) else 0})

    def begin_spike(self) -> None:
        """Let a program spend far above usual just now, until it is paused or half a day is over; for the demo."""
        self._spikes.begin(self.now().astimezone(UTC))

    def probe(self) -> Iterator[CheckLine]:
        yield CheckLine(t("sample figures of {name} (made up, seed {seed})", name=COMPANY, seed=self.seed), ok=True)

    def close(self) -> None:
        """Nothing is open."""

    def directory(self) -> Directory:
        """Who works there today, as a people source tells it."""
        return directory(self.name, self.story, self._today)

    def truth(self) -> tuple[Truth, ...]:
        """What a good detector finds in the last 90 whole days, with what it costs."""
        last = self._today - _DAY
        first = last - (HISTORY_DAYS - 1) * _DAY
        return (*truths(self.story, first, last, self._spent), *wrong_seats(first, last))

    @property
    def _today(self) -> date:
        return self.now().astimezone(UTC).date()

    # What is reported of a day, given how old it is

    def _as_of(self, one: Spender, day: date, made: datetime) -> Iterator[Charge]:
        rows = self._final(one, day)
        if made >= midnight(day) + _DAY + FINAL_AFTER:
            return iter(rows)
        rng = self._rng(day, one.id, "late")
        missing, early, late = (
            rng.random() < _MISSING_EARLY and not self._spikes.ever(one.id),  # a spike is seen at once
            rng.uniform(*_REPORTED_EARLY),
            rng.uniform(*_REPORTED_LATE),
        )
        seen = _seen(one.zone, day, made) if one.hours is None else 1.0
        shares = (0.0 if missing else seen * early, late, 1.0)
        reported = (_part(one, row, shares[_stage(row, made)]) for row in rows if row.bucket_start < made)
        return (row for row in reported if row.requests)

    # What really happened on a day

    def _final(self, one: Spender, day: date) -> list[Charge]:
        if not one.since <= day < one.until or not one.usd_month:
            return []
        rng = self._rng(day, one.id, "cells")
        return list(self._hours(one, day, rng) if one.hours else self._day(one, day, rng))

    def _is_active(self, one: Spender, day: date) -> bool:
        return bool(self._final(one, day))

    def _day(self, one: Spender, day: date, rng: random.Random) -> Iterator[Charge]:
        """A person's UTC day: the parts of the local working days that lie in it."""
        usd = sum(part * self._work(one, local) for local, part in _local_days(one.zone, day))
        if usd:
            yield from _cells(one, (midnight(day), 24), one.usd_month * usd, rng)

    def _work(self, one: Spender, local: date) -> float:
        """What a person does on a local day, as a share of a month."""
        rng = self._rng(local, one.id)
        free = local.weekday() > 4 or _holiday(one.zone, local) or self._away(one, local)  # noqa: PLR2004 - Saturday
        often, much = _WEEKEND_WORK
        level = (much if rng.random() < often else 0.0) if free else _WEEKDAYS[local.weekday()]
        spread = 0.25 if one.steady else 0.45
        return level * _tide(local) * rng.lognormvariate(-(spread**2) / 2, spread) / _WORKDAYS_IN_MONTH

    def _away(self, one: Spender, local: date) -> bool:
        year, week, _ = local.isocalendar()
        return not one.steady and self._rng(f"{year}-W{week}", one.id).random() < _AWAY

    def _hours(self, one: Spender, day: date, rng: random.Random) -> Iterator[Charge]:
        """A key's UTC day, hour by hour. A loop over one thing takes the place of the usual; a runaway comes on top."""
        opens, closes = one.hours or (0, 24)
        usd_hour = one.usd_month / 30 / (closes - opens) * _tide(day) * rng.lognormvariate(-0.02, 0.2)
        for number in range(24):
            start = midnight(day) + number * _HOUR
            local = start.astimezone(ZoneInfo(one.zone))
            episode = self.story.at(one.id, local)
            if episode and episode.requests_hour:
                yield _loop(one, start, episode)
                continue
            usd = usd_hour * rng.uniform(0.7, 1.3) if opens <= local.hour < closes else 0.0
            usd += episode.usd_hour * rng.uniform(0.85, 1.15) if episode else 0.0
            usd += self._spikes.usd(one.id, start)
            if usd:
                yield from _cells(one, (start, 1), usd, rng)

    def _rng(self, *names: object) -> random.Random:
        """A dice of its own for each thing, the same in every process."""
        return random.Random("/".join(map(str, (self.seed, *names))))  # noqa: S311 - a game, no secret

    def _spent(self, spender: str, first: date, last: date, episode: Episode | None) -> tuple[str, int]:
        """Account and final cost of a spender, or its cost in the hours of an episode."""
        parts = [one for one in roster(self.name, self.seed, self.story) if one.id == spender]
        rows = ((one, row) for one in parts for day in days(first, last) for row in self._final(one, day))
        cost = sum(
            row.cost_nanos or 0
            for one, row in rows
            if episode is None or self.story.at(spender, row.bucket_start.astimezone(ZoneInfo(one.zone))) is episode
        )
        return parts[0].account, cost


@lru_cache(maxsize=64)
def price_of(model: str, tier: str) -> Price:
    """The price of a token in a service tier."""
    price, halves = PRICES[model], _TIER_HALVES[tier]

    def times(nanos: int | None) -> int | None:
        return None if nanos is None else nanos * halves // 2

    return replace(
        price,
        input=price.input * halves // 2,
        cache_read=price.cache_read * halves // 2,
        cache_write_5m=times(price.cache_write_5m),
        cache_write_1h=times(price.cache_write_1h),
        output=price.output * halves // 2,
    )


def cost_nanos(model: str, tier: str, tokens: Tokens) -> int | None:
    """What tokens cost by the price table, to the nano; None for the model without a price."""
    return None if PRICES[model].source == "unpriced" else _nanos(price_of(model, tier), tokens)


def _nanos(price: Price, tokens: Tokens) -> int:
    plain, read, short, long, output = tokens
    written = short * (price.cache_write_5m or price.input) + long * (price.cache_write_1h or price.input)
    return plain * price.input + read * price.cache_read + written + output * price.output


def _cells(one: Spender, bucket: tuple[datetime, int], usd: float, rng: random.Random) -> Iterator[Charge]:
    """About so many dollars of use, one row for each model; a model of little use is left out on some days."""
    use = one.use
    dead = rng.random() < use.dead_hours
    for model, tier, share in use.mix:
        skipped = rng.random() < max(0.0, 0.35 - share)
        wanted = usd * 1e9 * share * rng.uniform(0.75, 1.25) / _request_nanos(use, model, tier)
        asked = int(wanted * (3 if dead else 1) + rng.random())
        failed = asked if dead else min(asked, int(asked * use.failing * rng.uniform(0.5, 1.5) + rng.random()))
        if asked and not skipped:
            tokens = _tokens(use, model, asked, asked - failed, lambda: rng.uniform(0.88, 1.12))
            yield _charge(one, bucket, (model, tier), tokens, (asked, failed))
            if use.searches:
                yield _charge(one, bucket, (SEARCH, tier), (0, 0, 0, 0, 0), (asked * use.searches, 0))


def _loop(one: Spender, start: datetime, episode: Episode) -> Charge:
    """An hour of asking for one and the same thing: every request is of the same size."""
    (model, tier, _), asked = one.use.mix[0], episode.requests_hour
    return _charge(one, (start, 1), (model, tier), _tokens(one.use, model, asked, asked, lambda: 1), (asked, 0))


def _tokens(use: Use, model: str, asked: int, answered: int, size: Callable[[], float]) -> Tokens:
    """Tokens of all requests; only those that are answered have output. `size` is how they differ from the usual."""
    plain, read, short, long = (
        int(each * asked * size()) for each in (use.input, use.read, use.write_5m, use.write_1h)
    )
    if PRICES[model].cache_write_5m is None:
        plain, short, long = plain + short + long, 0, 0
    return plain, read, short, long, int(use.output * answered * size())


def _charge(
    one: Spender, bucket: tuple[datetime, int], sku: tuple[str, str], tokens: Tokens, requests: tuple[int, int]
) -> Charge:
    """One row of the report: bucket as (start, hours), sku as (model, tier), requests as (all, failed)."""
    return Charge(
        provider=one.provider,
        bucket_start=bucket[0],
        bucket_hours=bucket[1],
        model=sku[0],
        sub_account=workspace(one.team),
        resource=one.resource,
        subject=one.subject,
        tier=sku[1],
        tokens_input=tokens[0],
        tokens_cache_read=tokens[1],
        tokens_cache_write_5m=tokens[2],
        tokens_cache_write_1h=tokens[3],
        tokens_output=tokens[4],
        tokens_reasoning=tokens[4] * 3 // 10,
        requests=requests[0],
        requests_failed=requests[1],
        cost_nanos=requests[0] * SEARCH_NANOS if sku[0] == SEARCH else cost_nanos(*sku, tokens),
        cost_source="cost_report" if sku[0] == SEARCH else PRICES[sku[0]].source,
    )


@lru_cache(maxsize=1024)
def _request_nanos(use: Use, model: str, tier: str) -> int:
    return _nanos(price_of(model, tier), _tokens(use, model, 1, 1, lambda: 1))


def _part(one: Spender, row: Charge, share: float) -> Charge:
    """The row as it is reported while it is not complete."""
    if share == 1:
        return row
    told = (
        row.tokens_input,
        row.tokens_cache_read,
        row.tokens_cache_write_5m,
        row.tokens_cache_write_1h,
        row.tokens_output,
    )
    plain, read, short, long, output = (int(tokens * share) for tokens in told)
    asked = int(row.requests * share)
    bucket, sku = (row.bucket_start, row.bucket_hours), (row.model, row.tier)
    return _charge(one, bucket, sku, (plain, read, short, long, output), (asked, min(row.requests_failed, asked)))


def _stage(row: Charge, made: datetime) -> int:
    """0 until a day after the end of the bucket, 1 until the second day, then 2: final."""
    age = made - row.bucket_start - row.bucket_hours * _HOUR
    return 0 if age < _DAY else 1 if age < FINAL_AFTER else 2


@lru_cache(maxsize=4096)
def _overlap(zone: str, local: date, start: datetime, end: datetime) -> float:
    """The share of the working hours of a local day that lies from start to end."""
    opens, closes = (datetime.combine(local, hour, ZoneInfo(zone)).astimezone(UTC) for hour in (_OPENS, _CLOSES))
    return max(0.0, (min(end, closes) - max(start, opens)) / (closes - opens))


@lru_cache(maxsize=4096)
def _local_days(zone: str, day: date) -> tuple[tuple[date, float], ...]:
    """The local days whose working hours reach into a UTC day, each with the share that does."""
    start, near = midnight(day), (day - _DAY, day, day + _DAY)
    parts = ((local, _overlap(zone, local, start, start + _DAY)) for local in near)
    return tuple((local, part) for local, part in parts if part)


def _seen(zone: str, day: date, made: datetime) -> float:
    """The share of the working hours in a UTC day that were over when the report was made."""
    start, parts = midnight(day), _local_days(zone, day)
    until = min(made, start + _DAY)
    return sum(_overlap(zone, local, start, until) for local, _ in parts) / sum(part for _, part in parts)


def _holiday(zone: str, local: date) -> bool:
    thanksgiving = local.month == 11 and local.weekday() == 3 and (local.day - 1) // 7 == 3  # noqa: PLR2004 - 4th Thu
    return (thanksgiving and zone.startswith("America/")) or (local.month, local.day) in _HOLIDAYS[zone]


def _tide(day: date) -> float:
    """The slow trend: up and down by a sixteenth in a year and a half, so that a month costs alike in any year."""
    return 1 + 0.0625 * sin(2 * pi * day.toordinal() / 548)
