"""Plays three weeks of a company through the whole bot, pull by pull, and notes who was told of what, and when."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bench.score.incidents import DAY, HOUR, Incident, Kind, Owner, Spoilt, made_up, owners
from bot.app import App
from bot.config import Settings
from bot.providers.sample.company import Spender
from bot.providers.sample.ground_truth import Truth
from bot.providers.sample.provider import Sample
from bot.providers.sample.seats import PRICES_USD
from bot.sync.usage import link_members, pull
from handlers.alerts.spikes.watch import watch_hours, watch_weeks
from handlers.context import CLOCK, NOWHERE, Context
from handlers.events import DetectWaste
from handlers.sentence import Sentence
from storage import findings, pulls, spikes
from storage.burn_rate import Bucket
from storage.charges import Charge
from storage.db import Database
from storage.findings import Finding
from storage.pulls import Pull
from storage.tables import ORGANIZATION, UNALLOCATED

EPOCH = date(2026, 11, 23)
DAYS = 21
HISTORY = 63
DAYS_BACK = 1
PULL_EVERY = 4 * HOUR
ZONE = ZoneInfo("Europe/Berlin")
FLOOR_NANOS = 25 * 10**9
POOL = "search-pool"
SHARES = {"max": 70, "ana": 1000}  # dollars a week; Ana uses a fifteenth of hers
# The simulator's own episodes: the hour (UTC) at which each begins, its hours, and how many usual days it burns.
BEGINS: Mapping[str, tuple[Kind, int, int, int]] = {
    "runaway": ("runaway", 21, 9, 50),
    "same_document": ("same_document", 7, 7 * 24, 0),
    "off_hours_loop": ("off_hours_loop", 21, 5 * 24, 0),  # the nights of five days
}
STRANDED = Truth(
    "stranded_quota", "W19", "person/ana", EPOCH - 14 * DAY, EPOCH - DAY, 0, None, "has a share of which little is used"
)
SETTINGS = Settings.model_validate(
    {
        "organization": {"name": "Meridian", "zone": "Europe/Berlin"},
        "providers": [{"kind": "sample", "days_back": DAYS_BACK, "history_days": 56}],
        "budgets": [{"name": POOL, "who": "team search", "amount": "1500 USD", "every": "week"}],
        "seats": {product: f"{usd} USD" for product, usd in PRICES_USD.items()},
    }
)


@dataclass(frozen=True, slots=True)
class Alert:
    """Somebody was told of an account by a rule at a moment, about the time from `first` until before `end`."""

    rule: str
    account: str
    at: datetime
    first: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Played:
    """What happened in a company.

    Args:
        incidents: what there was to be told of.
        alerts: what was told.
        owner_days: accounts that spent, times days.
    """

    incidents: list[Incident]
    alerts: list[Alert]
    owner_days: int


@dataclass
class SetClock:
    """A clock that is set."""

    moment: datetime

    def __call__(self) -> datetime:
        """The moment."""
        return self.moment


@dataclass(frozen=True)
class Kept(Sample):
    """The sample company, which plays each day once: it is asked for the same days again and again here."""

    kept: dict[tuple[str, date, date], list[Charge]] = field(default_factory=dict)

    def _final(self, one: Spender, day: date) -> list[Charge]:
        key = (one.id, one.since, day)
        if key not in self.kept:
            self.kept[key] = super()._final(one, day)
        return self.kept[key]


class Memory:
    """What was reported, kept in memory as storage.burn would tell it: a database would take hours for this."""

    def __init__(self, accounts: Mapping[tuple[str, str], str]) -> None:
        """See Memory. `accounts` has the account of each (kind, id at the provider)."""
        self._accounts = accounts
        self._days: dict[date, dict[tuple[str, datetime, int], Bucket]] = {}
        self.sums: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))

    def read(self, provider: Spoilt, first: date, last: date) -> None:
        """Take the provider's word about some days; it replaces the word before."""
        for number in range((last - first).days + 1):
            day = first + number * DAY
            for bucket in self._days.get(day, {}).values():
                self.sums[bucket.account_id][bucket.day] -= bucket.cost_nanos
            self._days[day] = self._told(provider.charges(day, day))
            for bucket in self._days[day].values():
                self.sums[bucket.account_id][bucket.day] += bucket.cost_nanos

    def _told(self, rows: Iterable[Charge]) -> dict[tuple[str, datetime, int], Bucket]:
        told: dict[tuple[str, datetime, int], Bucket] = {}
        for row in rows:
            key, user = self._accounts.get(("key", row.resource)), self._accounts.get(("user", row.subject))
            account = key or user or UNALLOCATED
            local = row.bucket_start.astimezone(ZONE) if row.bucket_hours < 24 else row.bucket_start
            plain = row.tokens_input + row.tokens_cache_read + row.tokens_cache_write_5m + row.tokens_cache_write_1h
            new = (row.cost_nanos or 0, row.requests, plain, row.tokens_output)
            old = told.get((account, row.bucket_start, row.bucket_hours))
            before = (old.cost_nanos, old.requests, old.input, old.output) if old else (0, 0, 0, 0)
            sums = (a + b for a, b in zip(new, before, strict=True))
            told[account, row.bucket_start, row.bucket_hours] = Bucket(
                account, row.bucket_start, row.bucket_hours, local.date(), *sums
            )
        return told

    def latest(self, _conn: Connection, _provider: str, since: datetime) -> Iterator[Bucket]:
        """See storage.burn."""
        for day in self._from(since.astimezone(UTC).date()):
            yield from (each for each in self._days[day].values() if each.start >= since)

    def late(
        self, _conn: Connection, _provider: str, since: datetime, until: datetime, _heard: datetime, least: int
    ) -> set[str]:
        """See storage.burn_rate."""
        days = [day for day in self._days if since.date() <= day < until.date()]
        return {account for account, sums in self.sums.items() if any(sums.get(day, 0) >= least for day in days)}

    def strays(self, _conn: Connection, _first: date) -> dict[tuple[str, ...], list[Bucket]]:
        """See storage.burn_rate. What is unallocated here is one key."""
        return {}

    def hours(self, _conn: Connection, account_ids: Sequence[str], first: date) -> dict[str, list[Bucket]]:
        """See storage.burn."""
        found: dict[str, list[Bucket]] = defaultdict(list)
        wanted = set(account_ids)
        for day in self._from(first):
            for each in self._days[day].values():
                if each.account_id in wanted and each.hours < 24:
                    found[each.account_id].append(each)
        return {account: sorted(each, key=lambda bucket: bucket.start) for account, each in found.items()}

    def days(self, _conn: Connection, account_ids: Sequence[str], first: date) -> dict[str, dict[date, int]]:
        """See storage.burn."""
        return {each: {day: cost for day, cost in self.sums[each].items() if day >= first} for each in account_ids}

    def dear(self, _conn: Connection, first: date, end: date, least_nanos: int) -> list[str]:
        """See storage.burn."""
        sums = {each: sum(cost for day, cost in days.items() if first <= day < end) for each, days in self.sums.items()}
        return sorted(each for each, cost in sums.items() if cost >= least_nanos)

    def _from(self, first: date) -> list[date]:
        return sorted(day for day in self._days if day >= first - DAY)


@dataclass
class Company:
    """A sample company with its bot on a database of its own."""

    seed: int
    clock: SetClock
    home: Path
    incidents: list[Incident] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sample = Kept(seed=self.seed, now=self.clock, epoch=EPOCH)
        self.provider = Spoilt(self.sample, self.incidents)
        database = Database(f"sqlite:///{self.home}/score.db")
        database.migrate()
        self.app = App(
            settings=SETTINGS,
            database=database,
            providers={"sample": self.provider},
            directory=self.sample.directory,
            now=self.clock,
        )
        self.app.refresh_people()

    def context(self, conn: Connection) -> Context:
        """The clock's."""
        return Context(conn, self.clock(), CLOCK, NOWHERE, self.app.policy)


def play(seed: int, *, days: int = DAYS, every: timedelta = PULL_EVERY) -> Played:
    """Some weeks with incidents: the guard after each pull, and beside it the plain rules on the same figures."""
    end = datetime.combine(EPOCH, time(), UTC)
    clock = SetClock(end - days * DAY)
    with tempfile.TemporaryDirectory(prefix="bursar-score-") as home:
        company = Company(seed, clock, Path(home))
        accounts = _accounts(company)
        company.incidents += made_up(seed, _owners(company, accounts), clock().date(), days)
        memory = Memory(accounts)
        memory.read(company.provider, clock().date() - HISTORY * DAY, clock().date())
        alerts: list[Alert] = []
        seen: set[int] = set()
        plain: set[tuple[str, str, date]] = set()
        while clock.moment < end:
            clock.moment += every
            memory.read(company.provider, clock().date() - DAYS_BACK * DAY, clock().date())
            company.app.database.transact(lambda conn: _watched(company, memory, conn, every))
            alerts += _told(company, seen)
            alerts += _plainly_told(clock(), memory.sums, plain)
        first = (end - days * DAY).date()
        count = sum(any(day >= first and cost for day, cost in costs.items()) for costs in memory.sums.values())
        incidents = [*company.incidents, *_own_episodes(company, days)]
        company.app.close()
    return Played(incidents, alerts, count * days)


def _watched(company: Company, memory: Memory, conn: Connection, every: timedelta) -> None:
    """What follows a pull; the weeks are looked at once a night."""
    now = company.clock()
    began = EPOCH - HISTORY * DAY
    since = datetime.combine(began, time(), UTC)
    pulls.note_pull(conn, Pull("sample", now, now, now.date(), 0, 0, "", since, now - HOUR, 0))
    ctx = company.context(conn)
    watch_hours(ctx, memory)
    if now.hour < every // HOUR:
        watch_weeks(ctx, memory)


def detected(seed: int) -> tuple[tuple[Truth, ...], list[Finding]]:
    """What is wrong in a company without incidents, and what the detectors find in a night, through the whole bot."""
    clock = SetClock(datetime.combine(EPOCH - 42 * DAY, time(6), UTC))  # before somebody leaves, whose key stays
    with tempfile.TemporaryDirectory(prefix="bursar-score-") as home:
        company = Company(seed, clock, Path(home))
        members = list(company.sample.people())
        company.app.database.transact(lambda conn: link_members(conn, "sample", members, clock().date(), clock()))
        for weeks in (2, 1):
            clock.moment = datetime.combine(EPOCH - weeks * 7 * DAY, time(6), UTC)
            company.app.refresh_people()
            _share_out(company)
        clock.moment = datetime.combine(EPOCH, time(6), UTC)
        pull(company.app.database, company.provider, company.app.reading("sample"), clock)
        assert company.app.handle(DetectWaste(), "clock")
        found = company.app.database.ask(lambda conn: findings.below(conn, ORGANIZATION))
        company.app.close()
    return (*company.sample.truth(), STRANDED), found


def _share_out(company: Company) -> None:
    """Let the owner of the pool give its shares of a week; the simulator knows nothing of pools."""
    for person, usd in SHARES.items():
        card = company.app.hear(Sentence(f"allot {usd} to {person}", "max", NOWHERE))
        assert " is now " in card.title, card.title


def _accounts(company: Company) -> dict[tuple[str, str], str]:
    """The account of each identity at the provider, as pulling links them."""
    mail = {each.email: f"person/{each.id}" for each in company.app.everybody()}
    users = {each.external_id: mail[each.email] for each in company.sample.people() if mail.get(each.email)}
    agents = {each.external_id: each.account for each in company.sample.directory().links if each.kind == "key"}
    keys = {each.external_id: users[each.owner] for each in company.sample.people() if each.owner in users}
    found = {("user", each): account for each, account in users.items()}
    return found | {("key", each): account for each, account in (keys | agents).items()}


def _owners(company: Company, accounts: Mapping[tuple[str, str], str]) -> list[Owner]:
    """Whoever could have an incident, as of the beginning."""
    today = company.clock().date()
    return owners(list(company.sample.charges(today - 28 * DAY, today - 3 * DAY)), accounts)


def _own_episodes(company: Company, days: int) -> Iterator[Incident]:
    """The simulator's own runaway and loops, with what they really cost."""
    first = company.clock().date() - days * DAY
    for truth in company.sample.truth():
        if (begins := BEGINS.get(truth.kind)) and truth.first >= first:
            owner = Owner(truth.account, "", "", hourly=True, usual_nanos=0)
            kind, opens, hours, times = begins
            start = datetime.combine(truth.first, time(opens), UTC)
            extra = (truth.cost_nanos // hours,) * hours
            yield Incident(kind, owner, start, start + hours * HOUR, times, extra)


def _told(company: Company, seen: set[int]) -> Iterator[Alert]:
    """What the guard has told for the first time."""
    now = company.clock()
    for each in company.app.database.ask(lambda conn: spikes.known(conn, now - 60 * DAY)):
        if each.told_nanos is not None and each.id not in seen:
            seen.add(each.id)
            yield Alert(f"guard: {each.rule}", each.account_id, now, each.since, each.until)


# Plain rules ---------------------------------------------------------------------------------------------------------

Rule = Callable[[int, list[int]], bool]


def _three_times(today: int, week: list[int]) -> bool:
    return today * 7 > 3 * sum(week) > 0


def _three_deviations(today: int, week: list[int]) -> bool:
    mean = sum(week) / 7
    deviation = (sum((each - mean) ** 2 for each in week) / 7) ** 0.5
    return mean > 0 and today > mean + 3 * deviation


def _cap(today: int, _week: list[int]) -> bool:
    return today > 50 * 10**9


PLAIN: dict[str, Rule] = {
    "3 × own 7-day mean": _three_times,
    "mean + 3 sd of 7 days": _three_deviations,
    "static cap of $50 a day": _cap,
}


def _plainly_told(
    now: datetime, sums: Mapping[str, Mapping[date, int]], told: set[tuple[str, str, date]]
) -> Iterator[Alert]:
    """What each plain rule would tell: each account once a day, with and without the guard's floor."""
    today = now.date()
    for account, costs in sorted(sums.items()):
        for day in (today - DAY, today):
            cost = costs.get(day, 0)
            week = [costs.get(day - number * DAY, 0) for number in range(1, 8)]
            for name, rule in PLAIN.items():
                rung = cost > 0 and rule(cost, week)
                floored = cost - sum(week) // 7 >= FLOOR_NANOS
                for label in (name, f"{name}, floor $25")[: 1 + floored] if rung else ():
                    if (label, account, day) not in told:
                        told.add((label, account, day))
                        first = datetime.combine(day, time(), UTC)
                        yield Alert(label, account, now, first, first + DAY)
