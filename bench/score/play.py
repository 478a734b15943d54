"""Plays three weeks of a company through the whole bot, pull by pull, and notes who was told of what, and when."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from bench.score.incidents import DAY, HOUR, Incident, Kind, Owner, Spoilt, made_up, owners
from bot.app import NOWHERE, App
from bot.config import Settings
from bot.providers.sample import Sample
from bot.providers.sample_truth import Truth
from bot.pull import pull
from handlers.context import CLOCK, Context
from handlers.guard.watch import watch_weeks
from handlers.sentence import Sentence
from storage import burn, dangers, findings, people
from storage.db import Database
from storage.findings import Finding
from storage.models import ORGANIZATION

EPOCH = date(2026, 11, 23)
DAYS = 21
HISTORY = 63
PULL_EVERY = 3 * HOUR
FLOOR_NANOS = 25 * 10**9
SETTINGS = Settings.model_validate(
    {
        "organization": {"name": "Meridian", "zone": "Europe/Berlin"},
        "providers": [{"kind": "sample", "days_back": 2, "history_days": HISTORY}],
    }
)


@dataclass(frozen=True, slots=True)
class Alert:
    """Somebody was told of an account by a rule at a moment."""

    rule: str
    account: str
    at: datetime


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


@dataclass
class Company:
    """A sample company with its bot on a database of its own."""

    seed: int
    clock: SetClock
    home: Path
    incidents: list[Incident] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sample = Sample(seed=self.seed, now=self.clock, epoch=EPOCH)
        database = Database(f"sqlite:///{self.home}/score.db")
        database.migrate()
        self.app = App(
            settings=SETTINGS,
            database=database,
            providers={"sample": Spoilt(self.sample, self.incidents)},
            directory=self.sample.directory,
            now=self.clock,
        )
        self.app.refresh_people()

    def pull(self) -> None:
        """Read the provider."""
        provider = self.app.providers["sample"]
        pull(self.app.database, provider, self.app.reading("sample"), self.clock)

    def say(self, words: str) -> None:
        """Let the clock say something."""
        card = self.app.hear(Sentence(words, CLOCK.id, NOWHERE))
        assert not card.title.startswith("That broke"), card.title


def play(seed: int, *, days: int = DAYS, every: timedelta = PULL_EVERY) -> Played:
    """Three weeks with incidents: the guard after each pull, and beside it the plain rules on the same figures."""
    end = datetime.combine(EPOCH, time(), UTC)
    clock = SetClock(end - days * DAY)
    with tempfile.TemporaryDirectory(prefix="bursar-score-") as home:
        company = Company(seed, clock, Path(home))
        company.incidents += made_up(seed, _owners(company), clock().date(), days)
        company.pull()
        alerts: list[Alert] = []
        seen: set[int] = set()
        plain: set[tuple[str, str, date]] = set()
        while clock.moment < end:
            clock.moment += every
            company.pull()
            company.say("watch")
            if clock.moment.hour < every // HOUR:
                company.app.database.transact(
                    lambda conn: watch_weeks(Context(conn, clock(), CLOCK, NOWHERE, company.app.house))
                )
            alerts += _told(company, seen)
            alerts += _plainly_told(company, plain)
        count = len(_spenders(company, (end - days * DAY).date()))
        every_incident = [*company.incidents, *_own_episodes(company, days)]
        company.app.close()
    return Played(every_incident, alerts, count * days)


def detected(seed: int) -> tuple[tuple[Truth, ...], list[Finding]]:
    """What is wrong in a company without incidents, and what the detectors find after a night."""
    clock = SetClock(datetime.combine(EPOCH, time(6), UTC))
    with tempfile.TemporaryDirectory(prefix="bursar-score-") as home:
        company = Company(seed, clock, Path(home))
        company.pull()
        company.say("sift")
        found = company.app.database.ask(
            lambda conn: findings.below(conn, ORGANIZATION),
        )
        company.app.close()
    return company.sample.truth(), found


def _owners(company: Company) -> list[Owner]:
    """Whoever could have an incident, as of the beginning."""
    today = company.clock().date()
    history = list(company.sample.charges(today - 28 * DAY, today - 3 * DAY))
    mail = {each.email: f"person/{each.id}" for each in company.app.everybody()}
    linked = {}
    for member in company.sample.people():
        account = mail.get(member.email) if member.kind == "user" else f"agent/{member.external_id[4:]}"
        if account:
            linked[member.kind, member.external_id] = account
    known = {each.id for each in company.app.database.ask(people.every_account)}
    return owners(history, {identity: account for identity, account in linked.items() if account in known})


def _own_episodes(company: Company, days: int) -> Iterator[Incident]:
    """The simulator's own runaway and loop, with what they really cost."""
    first = company.clock().date() - days * DAY
    for truth in company.sample.truth():
        if truth.kind in ("runaway", "same_document") and truth.first >= first:
            owner = Owner(truth.account, "", "", hourly=True, usual_nanos=0)
            start = datetime.combine(truth.first, time(21 if truth.kind == "runaway" else 7), UTC)
            hours = 9 if truth.kind == "runaway" else 24 * 7
            extra = (truth.cost_nanos // hours,) * hours
            kind: Kind = "runaway" if truth.kind == "runaway" else "same_document"
            yield Incident(kind, owner, start, start + hours * HOUR, 50 if hours == 9 else 0, extra)


def _told(company: Company, seen: set[int]) -> Iterator[Alert]:
    """What the guard has told for the first time."""
    now = company.clock()
    for each in company.app.database.ask(lambda conn: dangers.known(conn, now - 60 * DAY)):
        if each.told_nanos is not None and each.id not in seen:
            seen.add(each.id)
            yield Alert(f"guard: {each.clock}", each.account_id, now)


def _spenders(company: Company, first: date) -> list[str]:
    """The accounts that the guard watches and that spent anything."""
    end = company.clock().date() + DAY
    return company.app.database.ask(lambda conn: burn.dear(conn, first, end, 1))


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


def _plainly_told(company: Company, told: set[tuple[str, str, date]]) -> Iterator[Alert]:
    """What each plain rule would tell: each account once a day, with and without the guard's floor."""
    now = company.clock()
    today = now.date()
    accounts = _spenders(company, today - DAY)
    days = company.app.database.ask(lambda conn: burn.days(conn, accounts, today - 8 * DAY))
    for account, costs in sorted(days.items()):
        for day in (today - DAY, today):
            cost = costs.get(day, 0)
            week = [costs.get(day - number * DAY, 0) for number in range(1, 8)]
            for name, rule in PLAIN.items():
                rung = cost > 0 and rule(cost, week)
                floored = cost - sum(week) // 7 >= FLOOR_NANOS
                for label in (name, f"{name}, floor $25")[: 1 + floored] if rung else ():
                    if (label, account, day) not in told:
                        told.add((label, account, day))
                        yield Alert(label, account, now)
