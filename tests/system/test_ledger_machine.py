"""The whole bot against a model so simple that one sees it is right: any orders, in any order, for months on end."""

import json
import shutil
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection

from bot.app import App
from bot.config import Settings
from handlers.budgets.status import STILL_MOVES, statuses
from handlers.card import Card
from handlers.context import CLOCK, Context
from handlers.events import EndGrants, Event, GiveAllotments
from handlers.money import COUNTED
from handlers.periods import Period, period_of
from handlers.place import Place
from handlers.policy.policy import Budget, Policy
from handlers.sentence import Sentence
from storage import ingest
from storage.charges import Charge
from storage.db import Database
from storage.directory import Agent, Directory, Link, Person, Team
from tests.support.clock import Clock
from tests.support.databases import copied
from tests.support.fakes.provider import FakeProvider

NANOS = ingest.NANOS
HERE = "Europe/Berlin"
BERLIN = ZoneInfo(HERE)
ZONES = (HERE, "America/New_York", "Asia/Kolkata")
START = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)
STAFF = (
    Person("ana", "Ana", manager="max", team="search"),
    Person("eva", "Eva", manager="max", team="search"),
    Person("bob", "Bob", manager="lea", team="ads"),
    Person("max", "Max", manager="kim", team="search"),
    Person("lea", "Lea", manager="kim", team="ads"),
    Person("kim", "Kim", team="engineering"),
    Person("fay", "Fay", manager="kim", roles=("finance",)),
    Person("ada", "Ada", manager="kim", roles=("admin",)),
)
NEWCOMER = Person("joy", "Joy", manager="lea", team="ads")
SPEAKERS = [one.id for one in STAFF] + ["joy"]
PLAIN = frozenset({"ana", "eva", "bob", "joy"})
TEAMS = (Team("engineering", "Engineering", "kim"), Team("search", "Search", "max", "engineering"))
AGENT = Agent("crawler", "Crawler", "max", "search")
LINKS = (
    *(Link("llm", "user", one, f"person/{one}") for one in SPEAKERS),
    Link("llm", "key", "k-crawler", "agent/crawler"),
)
OWNERS = {"team/engineering": "kim", "team/search": "max", "team/ads": "lea", "agent/crawler": "max"}
# Who or what is charged: a user's id and a key's.
STRANGERS = [("user", f"ghost-{number}") for number in range(4)] + [("key", f"k-lost-{number}") for number in range(4)]
PAYERS = [
    *((one, "") for one in SPEAKERS),
    ("ana", "k-crawler"),
    ("", "k-crawler"),
    *((name, "") if kind == "user" else ("bob", name) for kind, name in STRANGERS),
]
# Transfers that may well be possible: who speaks, of whom (None for oneself), to whom.
FAIR = [
    ("ana", None, "eva"),
    ("eva", None, "ana"),
    ("max", None, "eva"),
    ("bob", None, "joy"),
    ("max", "ana", "eva"),
    ("max", "eva", "ana"),
    ("kim", "ana", "bob"),
    ("kim", "bob", "max"),
    ("kim", "max", "lea"),
]
MODELS = ("claude-sonnet-4-5", "claude-opus-4-5")
BUDGETS: list[dict[str, object]] = [
    {"name": "own", "who": "every person", "amount": "400 USD", "rollover": "up to 100 USD", "prorate": True},
    {"name": "words", "who": "every person", "amount": "5000 tokens", "every": "week", "zone": "America/New_York"},
    {"name": "dear", "who": "every person", "amount": "100 USD", "models": "flagship", "rollover": "all"},
    {"name": "desk", "who": "role finance", "amount": "90 USD", "every": "quarter"},
    {"name": "search", "who": "team search", "amount": "1500 USD", "rollover": "all"},
    {"name": "ads", "who": "team ads", "amount": "900 USD", "every": "week", "zone": "Asia/Kolkata"},
    {"name": "agents", "who": "every agent", "amount": "50 USD", "every": "day"},
    {"name": "all", "who": "organization", "amount": "20000 USD", "every": "year"},
]
TERMED = ("words", "agents")
"""Budgets that give the same to all of a kind, and carry nothing on."""
RULES = {
    "organization": {"name": "Acme", "zone": HERE, "fiscal_year_starts": 4},
    "budgets": BUDGETS,
}
SETTINGS = Settings.model_validate(RULES)
SHARED: dict[str, int] = Counter()
"""How often each thing was done, over all runs of this process."""


Effect = tuple[str, str, date, str, int]
"""Of whom, of what, since when, why, how much."""


@dataclass(frozen=True, slots=True)
class Row:
    """An entry, as it stands in the table."""

    id: int
    key: str
    account: str
    budget: str
    first: date
    kind: str
    amount: int
    rest: tuple[Any, ...]

    @property
    def effect(self) -> Effect:
        """What it does: of whom, of what, since when, why, how much."""
        return self.account, self.budget, self.first, self.kind, self.amount


@dataclass(frozen=True, slots=True)
class Consumed:
    """A cell as it counts: whose it is, who is above that day, its day here and in the budgets' zones, and how much."""

    own: str
    above: frozenset[str]
    days: dict[str, date]
    model: str
    tokens: int
    cost: int
    is_unpriced: bool


@dataclass
class Model:
    """What is so, in lists and loops."""

    policy: Policy
    now: datetime = START
    staff: dict[str, Person] = field(default_factory=lambda: {one.id: one for one in STAFF})
    ads_below: str = "engineering"
    links: dict[tuple[str, str], str] = field(
        default_factory=lambda: {(one.kind, one.external_id): one.account for one in LINKS}
    )
    cells: dict[tuple[object, ...], Charge] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    by_period: dict[tuple[str, date], list[Row]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[str, list[tuple[date, frozenset[str]]]] = field(default_factory=dict)
    consumed: list[Consumed] = field(default_factory=list)
    overdue: frozenset[tuple[str, date]] = frozenset()

    # Who ------------------------------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        """The organization's day."""
        return self.now.astimezone(BERLIN).date()

    def directory(self) -> Directory:
        """What the people source says."""
        teams = (*TEAMS, Team("ads", "Ads", "lea", self.ads_below))
        return Directory(tuple(self.staff.values()), teams, (AGENT,), LINKS)

    def parents(self) -> dict[str, str]:
        """Who stands directly below whom today."""
        directory = self.directory()
        found = {f"team/{team.id}": f"team/{team.parent}" if team.parent else "org" for team in directory.teams}
        found |= {f"person/{one.id}": f"team/{one.team}" if one.team else "org" for one in directory.people}
        return found | {"agent/crawler": "team/search", "unallocated": "org", "org": ""}

    def settle_people(self) -> None:
        """From today on everybody stands where the directory says."""
        parents = self.parents()
        for account in parents:
            above, each = set[str](), account
            while each:
                above.add(each)
                each = parents[each]
            line = self.lines.setdefault(account, [(date.min, frozenset(above))])
            if line[-1][1] != above:
                line[:] = [pair for pair in line if pair[0] < self.today] + [(self.today, frozenset(above))]
        self.consume()

    def above(self, account: str, day: date) -> frozenset[str]:
        """An account and all above it on a day."""
        return next(above for since, above in reversed(self.lines[account]) if since <= day)

    def active(self, account: str) -> bool:
        """Whether it is there."""
        person = self.staff.get(account.removeprefix("person/"))
        return person.active if person else not account.startswith("person/")

    def owns(self, person: str, account: str) -> bool:
        """Whether somebody owns an account or one above it today."""
        above = self.lines[account][-1][1]
        return f"person/{person}" == account or person in {OWNERS.get(each) for each in above}

    def roles(self, account: str) -> tuple[str, ...]:
        """The roles of the person of an account."""
        return next((one.roles for one in STAFF if account == f"person/{one.id}"), ())

    # How much -------------------------------------------------------------------------------------------------------

    def period(self, budget: Budget, day: date | None = None) -> Period:
        """The period of a budget on a day, or now."""
        day = day or self.now.astimezone(ZoneInfo(budget.zone or HERE)).date()
        return period_of(day, budget.every, self.policy.budget_calendar)

    def payer(self, cell: Charge) -> str:
        """Whose charge it is; a link to somebody who is not there yet does not count."""
        by_key, by_user = self.links.get(("key", cell.resource)), self.links.get(("user", cell.subject))
        return next((each for each in (by_key, by_user) if each in self.lines), None) or "unallocated"

    def consume(self) -> None:
        """Count all cells anew, after anything changed about them or about people."""
        self.consumed = []
        for cell in self.cells.values():
            days = {zone: day_in(cell, ZoneInfo(zone)) for zone in ZONES}
            own, tokens, cost = self.payer(cell), tokens_of(cell), cell.cost_nanos
            above = self.above(own, days[HERE])
            self.consumed.append(Consumed(own, above, days, cell.model, tokens, cost or 0, cost is None))

    def spent(self, budget: Budget, period: Period, holder: str, payer: str = "") -> int:
        """What was spent of a budget by all who were below its holder then, or by one of them."""
        zone = budget.zone or HERE
        return sum(
            each.tokens if budget.unit in COUNTED else each.cost
            for each in self.consumed
            if holder in each.above
            and payer in ("", each.own)
            and period.first <= each.days[zone] < period.end
            and self.policy.covers(budget, each.model)
        )

    def post(self, row: Row) -> None:
        """One more entry."""
        self.rows.append(row)
        self.by_period[row.budget, row.first].append(row)

    def imply(self, effect: Effect) -> None:
        """What the terms of a period say counts as if it had been posted for each."""
        row = Row(0, "", *effect, ())
        self.by_period[row.budget, row.first].append(row)

    def unpost(self) -> None:
        """Forget the last one, which was but supposed."""
        row = self.rows.pop()
        self.by_period[row.budget, row.first].pop()

    def sum(self, budget: Budget, first: date, account: str = "", *, allotted: bool | None = None) -> int:
        """The sum of the entries of a budget, of one account or all."""
        return sum(
            row.amount
            for row in self.by_period[budget.name, first]
            if account in ("", row.account) and allotted in (None, row.kind == "allotment")
        )

    def has_allotment(self, budget: Budget, first: date, account: str) -> bool:
        """Whether the rule's amount was posted."""
        return any(row.account == account and row.kind == "allotment" for row in self.by_period[budget.name, first])

    def rule(self, budget: Budget, period: Period, account: str) -> int:
        """What the rule gives."""
        person = self.staff.get(account.removeprefix("person/"))
        joined = person.joined if person else None
        if not budget.prorate or joined is None or joined <= period.first:
            return budget.allotment
        return budget.allotment * max(0, (period.end - joined).days) // period.days

    def allotment(self, budget: Budget, period: Period, account: str) -> int:
        """What was posted of it, or would be."""
        if self.has_allotment(budget, period.first, account):
            return self.sum(budget, period.first, account, allotted=True)
        return self.rule(budget, period, account)

    def holds(self, budget: Budget, account: str) -> bool:
        """Whether an account has a budget of its own by a rule."""
        if budget.role:
            return budget.role in self.roles(account)
        return account == budget.account_id or bool(budget.kind and account.startswith(f"{budget.kind}/"))

    def shares(self, budget: Budget, first: date) -> dict[str, int]:
        """Who has which share of a pool."""
        there = {row.account for row in self.by_period[budget.name, first]}
        sums = {each: self.sum(budget, first, each) for each in there - {budget.account_id}}
        return {each: share for each, share in sums.items() if share}

    def free(self, budget: Budget) -> int:
        """What of a pool is neither given away nor spent by those without a share."""
        period, holder = self.period(budget), budget.account_id
        shares = self.shares(budget, period.first)
        kept = self.allotment(budget, period, holder) + self.sum(budget, period.first, holder, allotted=False)
        theirs = sum(self.spent(budget, period, holder, each) for each in shares)
        return kept - (self.spent(budget, period, holder) - theirs)

    def stands(self, account: str, day: date | None = None) -> Iterator[tuple[str, str, date, int, int, bool]]:
        """Budget, holder, first day, limit, spent and whether it is a share, of every limit that binds an account."""
        above = self.lines[account][-1][1]
        for budget in self.policy.budgets:
            period = self.period(budget, day)
            if budget.is_pool and budget.account_id in above:
                yield from self.stands_in_pool(budget, period, account)
            elif not budget.is_pool and self.holds(budget, account):
                limit = self.allotment(budget, period, account)
                limit += self.sum(budget, period.first, account, allotted=False)
                yield budget.name, account, period.first, limit, self.spent(budget, period, account), False

    def stands_in_pool(
        self, budget: Budget, period: Period, account: str
    ) -> Iterator[tuple[str, str, date, int, int, bool]]:
        """The pool as a whole; if it is split, and for those below, what binds them in it."""
        holder, name, first = budget.account_id, budget.name, period.first
        shares = self.shares(budget, first)
        kept = self.allotment(budget, period, holder) + self.sum(budget, first, holder, allotted=False)
        whole = self.spent(budget, period, holder)
        yield name, holder, first, kept + sum(shares.values()), whole, False
        if not sum(shares.values()) or account == holder:
            return
        if account in shares:
            yield name, account, first, shares[account], self.spent(budget, period, holder, account), True
        else:
            theirs = sum(self.spent(budget, period, holder, each) for each in shares)
            yield name, holder, first, kept, whole - theirs, True

    def left(self, budget: Budget, account: str) -> int:
        """What is left of an account's own limit or share."""
        period = self.period(budget)
        holder = budget.account_id if budget.is_pool else account
        limit = self.sum(budget, period.first, account, allotted=False)
        limit += 0 if budget.is_pool and account != holder else self.allotment(budget, period, account)
        return limit - self.spent(budget, period, holder, account if budget.is_pool and account != holder else "")

    # What must be posted --------------------------------------------------------------------------------------------

    def beginning(self) -> Iterator[Effect]:
        """The entries that the clock is to post now."""
        accounts = [each for each in self.parents() if self.active(each)]
        for budget in self.policy.budgets:
            period = self.period(budget)
            for each in accounts:
                if self.holds(budget, each) and not self.has_allotment(budget, period.first, each):
                    yield each, budget.name, period.first, "allotment", self.rule(budget, period, each)
            yield from self.carried(budget, period)

    def carried(self, budget: Budget, period: Period) -> Iterator[Effect]:
        """What is left of the last period, from two days after its end, once; not before its grants are ended."""
        done = any(row.kind == "rollover" for row in self.by_period[budget.name, period.first])
        last = self.period(budget, period.first - timedelta(days=1))
        waits = self.today < period.first + timedelta(days=2) or (budget.name, last.first) in self.overdue
        if budget.rollover_max == 0 or waits or done:
            return
        before = {row.account for row in self.by_period[budget.name, last.first]}
        for each in {budget.account_id} if budget.is_pool else before:
            left = self.sum(budget, last.first, "" if budget.is_pool else each) - self.spent(budget, last, each)
            amount = left if budget.rollover_max is None else min(left, budget.rollover_max)
            if amount > 0 and before:
                yield each, budget.name, last.first, "rollover", -amount
                yield each, budget.name, period.first, "rollover", amount


def day_in(cell: Charge, zone: ZoneInfo) -> date:
    """The day a cell counts for in a zone; a day's cell counts for the day that the provider names."""
    return cell.bucket_start.date() if cell.bucket_hours == 24 else cell.bucket_start.astimezone(zone).date()


def tokens_of(cell: Charge) -> int:
    """Every kind once."""
    return cell.tokens_input + cell.tokens_cache_read + cell.tokens_output


def same(cost_nanos: int, _currency: str, _day: date) -> tuple[int, int]:
    """The house counts in the provider's currency."""
    return cost_nanos, NANOS


@cache
def bot_on_a_file() -> tuple[Path, Path, Database]:
    """An empty, migrated file to copy, the file to work on, and a database on it that keeps what it has compiled."""
    home = Path(tempfile.mkdtemp(prefix="bursar-machine-"))
    copied(home / "empty.db")
    with sqlite3.connect(home / "empty.db") as raw:  # the database itself refuses what must never happen
        for what in ("update", "delete"):
            for table in ("entries", "terms"):
                never = f"before {what} on {table} begin select raise(abort, 'never'); end"
                raw.execute(f"create trigger no_{what}_of_{table} {never}")
        raw.execute("pragma wal_checkpoint(truncate)")
    raw.close()
    database = Database(f"sqlite:///{home}/work.db")

    return home / "empty.db", home / "work.db", database


ACCOUNTS = [f"person/{one}" for one in SPEAKERS] + [*OWNERS, "org", "unallocated"]
speakers = st.sampled_from(SPEAKERS)
amounts = st.sampled_from([1, 5, 20, 50, 150, 400])
costs = st.one_of(st.none(), st.integers(0, 200)).map(lambda cost: None if cost is None else cost * NANOS // 7)
payers = st.sampled_from(PAYERS)
reports = st.tuples(
    payers,
    st.sampled_from(MODELS),
    st.integers(0, 9),
    st.sampled_from([None, 3, 21, 22, 23]),
    costs,
    st.integers(0, 999),
)


class Months(RuleBasedStateMachine):
    """Everything that people, providers and the clock do."""

    def __init__(self) -> None:
        super().__init__()
        empty, work, self.database = bot_on_a_file()
        self.database.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{work}{suffix}").unlink(missing_ok=True)
        shutil.copy(empty, work)
        self.raw = sqlite3.connect(work)
        self.clock = Clock(START)
        self.model = Model(SETTINGS.policy)
        self.app = App(SETTINGS, self.database, {}, {"llm": FakeProvider()}, self.model.directory, self.clock)
        self.steps = 0
        self.people_changed()

    def teardown(self) -> None:
        """Everything is compared at the end of a life."""
        self.compare_everything()
        self.raw.close()
        self.database.close()

    # Doing ----------------------------------------------------------------------------------------------------------

    def count(self, what: str) -> None:
        """One more step; after every third one an account is compared, each in its turn, and now and then all."""
        SHARED[what] += 1
        SHARED["steps"] += 1
        self.steps += 1
        if self.steps % 3 == 0:
            self.compare(ACCOUNTS[self.steps // 3 % len(ACCOUNTS)])
        if self.steps % 100 == 0:
            self.compare_everything()

    def say(self, speaker: str, words: str) -> tuple[Card, list[Row]]:
        """A sentence, its answer, and what was posted by it."""
        self.clock.forward(timedelta(microseconds=1))
        self.model.now = self.clock()
        card = self.app.hear(Sentence(words, speaker, Place("terminal", speaker)))
        assert not card.title.startswith(("That broke", "I am busy")), words
        new = self.new_rows()
        own = f"person/{speaker}"
        if speaker in PLAIN:
            raised = [row for row in new if row.amount > 0 and (row.account == own or row.account in OWNERS)]
            assert not raised, f"{speaker} raised the own limit by saying: {words}"
        if card.tone == "warn" and new:
            raise AssertionError(f"refused and posted: {words}")
        return card, new

    def happens(self, event: Event) -> list[Row]:
        """An event, and what was posted by it."""
        self.clock.forward(timedelta(microseconds=1))
        self.model.now = self.clock()
        assert self.app.handle(event, "clock")
        return self.new_rows()

    def new_rows(self) -> list[Row]:
        """What was posted since we last looked."""
        new = list(self.all_rows(self.model.rows[-1].id if self.model.rows else 0))
        for row in new:
            self.model.post(row)
        return new

    def all_rows(self, after: int = 0) -> Iterator[Row]:
        """The entries as they stand."""
        words = "select id, key, account_id, budget, period_start, kind, amount, unit, said_by, note, posted_at"
        for row in self.raw.execute(f"{words} from entries where id > ? order by id", (after,)):
            number, key, account, budget, first, kind, amount, *rest = row
            yield Row(number, key, account, budget, date.fromisoformat(first), kind, amount, tuple(rest))

    def people_changed(self) -> None:
        """The people sources are read again; newcomers get what is theirs."""
        self.model.now = self.clock()
        self.model.settle_people()
        wanted = self.beginning()
        assert not self.app.refresh_people()
        self.posted_or_implied(wanted, self.new_rows())

    def posted_or_implied(self, wanted: Sequence[Effect], new: Sequence[Row]) -> None:
        """Of what each is to be given, that is posted as an entry which the terms do not say for everybody."""
        posted = [row.effect for row in new]
        assert not Counter(posted) - Counter(wanted)
        for effect in (Counter(wanted) - Counter(posted)).elements():
            _, budget, _, kind, _ = effect
            assert (budget in TERMED, kind) == (True, "allotment"), effect
            self.model.imply(effect)

    def beginning(self) -> list[Effect]:
        """What a beginning is to give now."""
        grants = self.overdue()
        self.model.overdue = frozenset((one["budget"], date.fromisoformat(one["period_start"])) for one in grants)
        return sorted(self.model.beginning())

    # Comparing ------------------------------------------------------------------------------------------------------

    def compare(self, account: str) -> None:
        """Every limit of an account, what was spent of it and what is left."""
        if account not in self.model.lines:
            return
        ctx_now, house = self.clock(), self.app.policy

        def work(conn: Connection) -> list[tuple[str, str, date, int, int, bool]]:
            ctx = Context(conn, ctx_now, CLOCK, Place("terminal", "x"), house)
            found = ctx.account(account)
            assert found is not None
            return [
                (each.budget.name, each.account_id, each.period.first, each.limit, each.spent, each.is_share)
                for each in statuses(ctx, found)
            ]

        assert sorted(self.database.ask(work)) == sorted(self.model.stands(account)), account

    def compare_everything(self) -> None:
        """All invariants at once."""
        for each in ACCOUNTS:
            self.compare(each)
        assert list(self.all_rows()) == self.model.rows, "an entry was changed"
        for kind in ("transfer", "rollover"):
            per_budget = Counter[tuple[str, object]]()
            for row in self.model.rows:
                if row.kind == kind:
                    per_budget[row.budget, row.first if kind == "transfer" else ""] += row.amount
            assert not any(per_budget.values()), kind
        rolled = self.rollup()
        assert rolled == self.summed()
        assert self.record(list(self.model.cells.values())) == 0, "the same report again changed something"
        assert self.rollup() == rolled
        self.database.transact(ingest.rebuild)
        assert self.rollup() == rolled

    def rollup(self) -> dict[tuple[Any, ...], tuple[int, ...]]:
        """The rollup as it stands, without rows of nothing."""
        rows = self.raw.execute("select account_id, day, model, cost_nanos, tokens, tokens_unpriced from spend")
        return {row[:3]: row[3:] for row in rows if any(row[3:])}

    def summed(self) -> dict[tuple[Any, ...], tuple[int, ...]]:
        """The rollup as it should be."""
        sums: dict[tuple[Any, ...], list[int]] = {}
        for cell in self.model.consumed:
            for each in cell.above:
                one = sums.setdefault((each, str(cell.days[HERE]), cell.model), [0, 0, 0])
                one[0] += cell.cost
                one[1] += cell.tokens
                one[2] += cell.tokens if cell.is_unpriced else 0
        return {key: tuple(one) for key, one in sums.items() if any(one)}

    # Usage ----------------------------------------------------------------------------------------------------------

    @rule(report=st.lists(reports, min_size=1, max_size=3, unique_by=lambda each: each[:4]))
    def a_provider_reports(self, report: list[tuple[Any, ...]]) -> None:
        """New cells, or another word about old ones; the same word again changes nothing."""
        batch = [self.cell(*each) for each in report]
        self.record(batch)
        self.model.cells |= {(c.bucket_start, c.resource, c.subject, c.model): c for c in batch}
        self.model.consume()
        if self.steps % 3 == 0:
            assert self.record(batch) == 0, "the same word again changed something"
        self.count("report")

    def cell(
        self, payer: tuple[str, str], model: str, back: int, hour: int | None, cost: int | None, tokens: int
    ) -> Charge:
        """A cell of some days ago; a day's if there is no hour."""
        day = self.clock().replace(hour=hour or 0, minute=0, second=0, microsecond=0) - timedelta(days=back)
        return Charge(
            "llm",
            day,
            24 if hour is None else 1,
            model,
            subject=payer[0],
            resource=payer[1],
            tier="day" if hour is None else "",
            tokens_input=tokens,
            tokens_cache_read=tokens // 3,
            tokens_output=tokens // 2,
            tokens_reasoning=tokens // 4,
            cost_nanos=cost,
        )

    def record(self, batch: Iterable[Charge]) -> int:
        """Take cells in. Returns how many changed."""
        now = self.clock()
        return self.database.transact(lambda conn: ingest.record(conn, batch, BERLIN, same, now)).rows_changed

    @rule(speaker=st.sampled_from(["fay", "ada", "ana"]), what=st.sampled_from(STRANGERS), to=speakers)
    def somebody_links(self, speaker: str, what: tuple[str, str], to: str) -> None:
        """An identity that was nobody's gets an owner, and its past follows."""
        card, new = self.say(speaker, f"link llm {what[0]} {what[1]} to {to}")
        assert not new
        if card.tone != "warn":
            assert speaker in ("fay", "ada")
            self.model.links[what] = f"person/{to}"
            self.model.consume()
        self.count("linked" if card.tone != "warn" else "not linked")

    # People ---------------------------------------------------------------------------------------------------------

    @rule(
        who=st.sampled_from(["ana", "eva", "bob", "max", "fay", "team ads"]),
        team=st.sampled_from(["search", "ads", "engineering", ""]),
    )
    def somebody_moves(self, who: str, team: str) -> None:
        """To another team, or to none; or a whole team does, with everybody in it."""
        if who == "team ads":
            self.model.ads_below = "" if team == "ads" else team
        else:
            self.model.staff[who] = replace(self.model.staff[who], team=team)
        self.people_changed()
        self.count("move")

    @rule(who=st.sampled_from(["ana", "bob", "joy"]), there=st.booleans())
    def somebody_leaves_or_comes_back(self, who: str, there: bool) -> None:
        """Whoever has left keeps the history; Joy may come for the first time."""
        known = self.model.staff.get(who, replace(NEWCOMER, joined=self.clock().date()))
        self.model.staff[who] = replace(known, active=there)
        self.people_changed()
        self.count("leave or come")

    # Time -----------------------------------------------------------------------------------------------------------

    @rule(hours=st.integers(1, 30), ticks=st.booleans())
    def hours_pass(self, hours: int, *, ticks: bool) -> None:
        """And what is due every hour is done, or late."""
        self.pass_time(timedelta(hours=hours), ticks=ticks)

    @rule(days=st.integers(2, 9), ticks=st.booleans())
    def days_pass(self, days: int, *, ticks: bool) -> None:
        """Over the end of a week, and some time of a month."""
        self.pass_time(timedelta(days=days), ticks=ticks)

    @rule(days=st.integers(20, 70), ticks=st.booleans())
    def months_pass(self, days: int, *, ticks: bool) -> None:
        """Perhaps so long that a whole period was slept through."""
        self.pass_time(timedelta(days=days), ticks=ticks)

    def pass_time(self, step: timedelta, *, ticks: bool) -> None:
        """What was begun is not begun again."""
        self.clock.forward(step)
        self.model.now = self.clock()
        if ticks:
            self.begins()
            if self.steps % 3 == 0:
                self.begins()
            self.grants_end()
        self.count("time")

    def begins(self) -> None:
        """Exactly what is missing is given."""
        wanted = self.beginning()
        self.posted_or_implied(wanted, self.happens(GiveAllotments()))

    # Requests -------------------------------------------------------------------------------------------------------

    @rule(speaker=speakers, amount=amounts, days=st.integers(0, 9))
    def somebody_asks(self, speaker: str, amount: int, days: int) -> None:
        """For more, perhaps for some days only. Asking alone moves nothing."""
        until = f" until {self.model.today + timedelta(days=days)}" if days else ""
        card, new = self.say(speaker, f"request {amount}{until} for the machine")
        assert not new
        self.count("asked" if card.tone != "warn" else "not asked")

    def requests(self, where: str = "1 = 1") -> list[dict[str, Any]]:
        """The latest requests of a kind, the newest first."""
        cursor = self.raw.execute(f"select * from requests where {where} order by id desc")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def request(self, back: int, state: str) -> dict[str, Any]:
        """One of the latest in a state, or of all if there is none or nine were gone by."""
        found = self.requests(f"state = '{state}'") if back < 9 else []
        found = found or self.requests()
        return found[back % len(found)]

    def base_of_share(self, asked: dict[str, Any]) -> int:
        """What somebody's first share of a pool holds beside what they get: what they have used of it."""
        budget = self.budget(asked["budget"])
        period = self.model.period(budget)
        if not budget.is_pool or asked["account_id"] in self.model.shares(budget, period.first):
            return 0
        return self.model.spent(budget, period, budget.account_id, asked["account_id"])

    @precondition(lambda self: self.requests())
    @rule(
        speaker=speakers,
        back=st.integers(0, 10),
        less=st.sampled_from([0, 1, 3]),
        rightful=st.sampled_from([True, True, False]),
    )
    def somebody_approves(self, speaker: str, back: int, less: int, rightful: bool) -> None:
        """One grant of what was asked or less, by another than the asker, and never a second one."""
        asked = self.request(back, "pending")
        if rightful:
            words = "select person_id from asked where request_id = ? order by stage desc"
            speaker = next((each for (each,) in self.raw.execute(words, (asked["id"],))), speaker)
        given = f" {less}" if less else ""
        base = self.base_of_share(asked)
        card, new = self.say(speaker, f"approve {asked['id']}{given}")
        if card.title.startswith("Approved"):
            assert asked["state"] == "pending"
            assert speaker != asked["asker_id"]
            unit = 1 if asked["unit"] in COUNTED else NANOS
            first = date.fromisoformat(asked["period_start"])
            amount = less * unit or asked["amount"]
            assert amount <= asked["amount"]
            effects = [row.effect for row in new]
            whose, pool = (asked["account_id"], asked["budget"], first), self.budget(asked["budget"])
            if json.loads(asked["stages"])[asked["stage"]]["by"] == "lead":  # a larger share, out of what is free
                base, posted = base + amount, []
            else:
                base = 0 if asked["share_base"] is None or asked["given"] else base
                posted = [(*whose, "grant", amount)]
            out = pool.account_id, pool.name, first, "transfer", -base
            assert effects == [*([(*whose, "transfer", base), out] if base else []), *posted]
        else:
            assert not new
        self.count("approved" if new else "not approved")

    @precondition(lambda self: self.requests())
    @rule(speaker=speakers, back=st.integers(0, 10), verb=st.sampled_from(["deny", "withdraw", "remind", "change"]))
    def somebody_ends_a_request(self, speaker: str, back: int, verb: str) -> None:
        """Whatever else becomes of it, nothing is posted."""
        asked = self.request(back, "pending")
        if verb != "deny":
            speaker = asked["asker_id"]
        _, new = self.say(
            speaker,
            f"{verb} {asked['id']} for the machine".removesuffix(
                "" if verb in ("deny", "change") else " for the machine"
            ),
        )
        assert not new
        self.count(verb)

    @precondition(lambda self: self.requests())
    @rule(
        speaker=speakers,
        back=st.integers(0, 10),
        verb=st.sampled_from(["revoke", "return-grant"]),
        rightful=st.sampled_from([True, True, False]),
    )
    def somebody_takes_back(self, speaker: str, back: int, verb: str, rightful: bool) -> None:
        """What is not spent of a running grant, once."""
        asked = self.request(back, "approved")
        if rightful:
            speaker = asked["asker_id"] if verb == "return-grant" else "fay"
        wanted = self.taken(asked)
        _, new = self.say(speaker, f"{verb} {asked['id']}" + (" for the machine" if verb == "revoke" else ""))
        if new:
            assert (asked["state"], asked["ended_at"]) == ("approved", None)
            assert speaker == asked["asker_id"] if verb == "return-grant" else speaker in ("fay", asked["resolved_by"])
            assert [row.effect for row in new] == wanted
        self.count("taken back" if new else "not taken back")

    def taken(self, asked: dict[str, Any]) -> list[Effect]:
        """What the end of a grant takes away: what of it is left."""
        account, name, first = asked["account_id"], asked["budget"], date.fromisoformat(asked["period_start"])
        for budget, holder, start, limit, spent, _ in self.model.stands(account, first):
            unspent = min(asked["resolved_amount"], max(0, limit - spent))
            if (budget, holder, start) == (name, account, first) and unspent:
                return [(account, name, first, "expiry", -unspent)]
        return []

    def overdue(self) -> list[dict[str, Any]]:
        """The grants that run on though their last day is over, the oldest first."""
        running = self.requests(f"state = 'approved' and ended_at is null and until < '{self.model.today}'")
        return running[::-1]

    def grants_end(self) -> None:
        """One after the other, for the end of one may leave less for the next."""
        wanted: list[Effect] = []
        for asked in self.overdue():
            ended = self.model.period(self.budget(asked["budget"]), date.fromisoformat(asked["period_start"])).end
            if ended <= self.model.today < ended + STILL_MOVES:
                continue  # what was spent of it in time may be reported late
            for effect in self.taken(asked):
                wanted.append(effect)
                self.model.post(Row(0, "", *effect, ()))
        for _ in wanted:
            self.model.unpost()
        new = self.happens(EndGrants())
        assert [row.effect for row in new] == wanted

    def budget(self, name: str) -> Budget:
        """The rule of a name."""
        return next(each for each in self.model.policy.budgets if each.name == name)

    # Moves of budget ------------------------------------------------------------------------------------------------

    @rule(
        who=st.one_of(st.sampled_from(FAIR), st.tuples(speakers, st.one_of(st.none(), speakers), speakers)),
        amount=amounts,
    )
    def somebody_transfers(self, who: tuple[str, str | None, str], amount: int) -> None:
        """What one gets another gives, who had it left, and never to oneself."""
        speaker, giver, to = who
        source, target = f"person/{giver or speaker}", f"person/{to}"
        words = f"transfer {amount} {f'from {giver} ' if giver else ''}to {to}"
        lefts = {each.name: self.model.left(each, source) for each in self.model.policy.budgets}
        _, new = self.say(speaker, words)
        if new:
            out, into = sorted(new, key=lambda row: row.amount)
            budget = self.budget(out.budget)
            units = amount * (1 if budget.unit in COUNTED else NANOS)
            first = self.model.period(budget).first
            assert out.effect == (source, budget.name, first, "transfer", -units)
            assert into.effect == (target, budget.name, first, "transfer", units)
            assert units <= lefts[budget.name]
            assert giver in (None, speaker) or self.model.owns(speaker, source)
            assert to != speaker
            assert budget.models == "all"
        self.count("transferred" if new else "not transferred")

    @rule(
        speaker=st.sampled_from(["max", "kim", "lea", "ana", "fay"]),
        pool=st.sampled_from(["search", "ads"]),
        to=speakers,
        amount=st.sampled_from([0, 1, 50, 200, 900]),
    )
    def somebody_allots(self, speaker: str, pool: str, to: str, amount: int) -> None:
        """A share becomes what was said, out of what is free, by the pool's owner."""
        budget, target = self.budget(pool), f"person/{to}"
        period, free = self.model.period(budget), self.model.free(budget)
        card, new = self.say(speaker, f"allot {amount} to {to} from team {pool}")
        if card.tone != "warn":
            assert self.model.owns(speaker, budget.account_id)
            assert self.model.shares(budget, period.first).get(target, 0) == amount * NANOS
            assert self.model.spent(budget, period, budget.account_id, target) <= amount * NANOS
            assert {row.account for row in new} <= {target, budget.account_id}
        self.moved_in_pool(budget, free, new)
        self.count("allotted" if new else "not allotted")

    @rule(speaker=st.sampled_from(["max", "kim", "lea", "ana"]), pool=st.sampled_from(["search", "ads"]))
    def somebody_splits(self, speaker: str, pool: str) -> None:
        """Evenly among the people and agents of the team, to the last nano that can be given to all.

        What is left of a larger share that somebody asked for stays theirs besides.
        """
        budget = self.budget(pool)
        period, free = self.model.period(budget), self.model.free(budget)
        kept = self.kept_of_grants(budget, period)
        card, new = self.say(speaker, f"split now of team {pool}")
        self.moved_in_pool(budget, free, new)
        if card.tone != "warn":
            assert self.model.owns(speaker, budget.account_id)
            members = self.members(budget.account_id)
            shares = self.model.shares(budget, period.first)
            spent = {each: self.model.spent(budget, period, budget.account_id, each) for each in members}
            assert len({shares.get(each, 0) - spent[each] - kept[each] for each in members}) == 1
            assert 0 <= self.model.free(budget) < len(members)
        self.count("split" if new else "not split")

    def kept_of_grants(self, budget: Budget, period: Period) -> Counter[str]:
        """What is unspent of what was granted for shares of a pool and has not ended, by account."""
        granted = Counter[str]()
        for asked in self.requests("state = 'approved' and ended_at is null"):
            if (asked["budget"], asked["period_start"]) == (budget.name, str(period.first)):
                granted[asked["account_id"]] += asked["resolved_amount"] + asked["given"]
        shares = self.model.shares(budget, period.first)
        unspent = {
            each: share - self.model.spent(budget, period, budget.account_id, each) for each, share in shares.items()
        }
        return Counter({each: max(0, min(granted[each], left)) for each, left in unspent.items()})

    def members(self, team: str) -> list[str]:
        """The people and agents who are there and below a team."""
        return [
            each
            for each in self.model.parents()
            if each.startswith(("person/", "agent/"))
            and self.model.active(each)
            and team in self.model.lines[each][-1][1]
        ]

    def moved_in_pool(self, budget: Budget, free: int, new: list[Row]) -> None:
        """A pool's moves sum to zero in its present period, and give away only what was free."""
        assert sum(row.amount for row in new) == 0
        assert {row.effect[1:4] for row in new} <= {(budget.name, self.model.period(budget).first, "transfer")}
        assert self.model.free(budget) >= min(0, free)

    @rule(
        speaker=st.sampled_from(["fay", "fay", "ada", "ana", "kim"]),
        of=st.sampled_from([*SPEAKERS, "crawler", "team search"]),
        amount=amounts,
        more=st.booleans(),
    )
    def somebody_corrects(self, speaker: str, of: str, amount: int, more: bool) -> None:
        """Finance alone, never its own, by exactly what was said."""
        account = f"agent/{of}" if of == "crawler" else of.replace(" ", "/") if " " in of else f"person/{of}"
        _, new = self.say(speaker, f"correct {'' if more else '-'}{amount} of {of} for the machine")
        if new:
            assert speaker == "fay" != of
            (row,) = new
            budget = self.budget(row.budget)
            units = amount * (1 if budget.unit in COUNTED else NANOS) * (1 if more else -1)
            assert row.effect == (account, budget.name, self.model.period(budget).first, "correction", units)
        self.count("corrected" if new else "not corrected")

    # Rules ----------------------------------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(["own", "search", "agents"]),
        dollars=st.sampled_from([100, 400, 900]),
        speaker=st.sampled_from(["", "fay", "ada", "ana", "max"]),
    )
    def a_rule_changes(self, name: str, dollars: int, speaker: str) -> None:
        """app.yaml says another amount; what is posted stays, until somebody enforces it who may."""
        changed = {str(each["name"]): str(each["amount"]) for each in BUDGETS} | {name: f"{dollars} USD"}
        self.model.policy = self.app.policy = house_of(tuple(sorted(changed.items())))
        if speaker:
            self.enforces(speaker, name)
        self.count("rule")

    def enforces(self, speaker: str, name: str) -> None:
        """Whoever has another amount than the rule says gets the difference, once."""
        budget = self.budget(name)
        period = self.model.period(budget)
        wanted = []
        for each in self.model.parents():
            if self.model.active(each) and self.model.holds(budget, each):
                difference = self.model.rule(budget, period, each) - self.model.allotment(budget, period, each)
                wanted += [(each, name, period.first, "allotment", difference)] if difference else []
        _, new = self.say(speaker, f"enforce {name}")
        rightful = speaker in ("fay", "ada") and self.model.active(f"person/{speaker}")
        self.posted_or_implied(wanted if rightful else [], new)

    # Mischief -------------------------------------------------------------------------------------------------------

    @rule(
        speaker=st.sampled_from(sorted(PLAIN)),
        other=speakers,
        number=st.integers(1, 9),
        number_of_words=st.integers(0, 15),
    )
    def somebody_tries_everything(self, speaker: str, other: str, number: int, number_of_words: int) -> None:
        """No sentence of somebody without a role raises the own limit, or posts anything at all."""
        words = (
            f"approve {number}",
            f"approve {number} 400",
            f"correct 50 of {speaker} please",
            f"correct -50 of {other} please",
            f"transfer 50 from {other} to {speaker}",
            f"transfer 50 to {speaker}",
            f"transfer -50 to {other}",
            f"allot 100 to {speaker} from team search",
            f"allot 100 to {speaker} from organization",
            "split now of team ads",
            f"delegate {other} until tomorrow",
            f"request 50 for crawler nightly for {other}",
            f"raise {number} 0",
            f"nudge {number} 0",
            "grants",
            f"revoke {number} please",
        )[number_of_words]
        _, new = self.say(speaker, words)
        assert not [row for row in new if row.kind != "grant" or row.account == f"person/{speaker}"], words
        self.count("mischief")


@cache
def house_of(amounts: tuple[tuple[str, str], ...]) -> Policy:
    """The rules with other amounts."""
    named = dict(amounts)
    budgets = [{**each, "amount": named[str(each["name"])]} for each in BUDGETS]
    return Settings.model_validate({**RULES, "budgets": budgets}).policy


def run(examples: int, steps: int) -> None:
    """So many lives of so many steps."""
    SHARED.clear()
    run_state_machine_as_test(
        Months,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    done = ", ".join(f"{count} {what}" for what, count in sorted(SHARED.items(), key=lambda pair: -pair[1]))
    print(f"\nledger machine: {done}")  # noqa: T201 - how much was tried is a part of the answer


def test_the_ledger_is_what_the_simple_model_says() -> None:
    """Every invariant of the ledger after any orders in any order: the quick run."""
    run(examples=15, steps=50)
    assert SHARED["steps"] >= 500


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(4))
def test_the_ledger_is_what_the_simple_model_says_in_a_hundred_thousand_steps(part: int) -> None:
    """The same for long lives, a quarter of the steps in each part."""
    run(examples=145, steps=200)
    assert SHARED["steps"] >= 25_000, part
