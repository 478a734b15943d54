"""Days, periods and slots in the zones where they go wrong: half hours, changed clocks, leap days, fiscal years."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import get_args
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, text

from bot.schedule import latest_slot
from handlers.arguments import PeriodWord
from handlers.budgets.status import current, spent_below, statuses
from handlers.context import CLOCK, Context
from handlers.periods import Calendar, Every, called_after, month_called, period_of
from handlers.place import Place
from handlers.policy.policy import Policy
from storage import ingest, people, spend
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from tests.support.clock import NOW, Clock
from tests.support.company import RULES, Company

ONE_DAY = timedelta(days=1)
EVERY: tuple[Every, ...] = get_args(Every)
ZONES = (
    "Asia/Kolkata",
    "Pacific/Chatham",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Casablanca",
    "UTC",
)
OWN_CALENDARS = (Calendar(6), Calendar(5, 6, 4), Calendar(0, 15, 2), Calendar(0, 16, 2), Calendar(0, 28, 12))
# The days on which the clocks of these zones change, and how long those days are.
CHANGES = (
    ("America/New_York", date(2026, 11, 1), 25.0),
    ("America/New_York", date(2027, 3, 14), 23.0),
    ("Europe/Berlin", date(2026, 10, 25), 25.0),
    ("Europe/Berlin", date(2027, 3, 28), 23.0),
    ("Australia/Lord_Howe", date(2027, 4, 4), 24.5),
    ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
    ("Pacific/Chatham", date(2027, 4, 4), 25.0),
    ("Pacific/Chatham", date(2026, 9, 27), 23.0),
    ("Africa/Cairo", date(2026, 4, 24), 23.0),  # midnight itself is missing
    ("America/Havana", date(2026, 11, 1), 25.0),  # midnight comes twice
    ("Asia/Kolkata", date(2026, 11, 1), 24.0),
)
CRONS = ("1 * * * *", "*/10 * * * *", "45 1 * * *", "30 2 * * *", "0 0 * * *")
HERE = Directory(
    people=(Person("ana", "Ana", "ana@x.example", team="search"),),
    teams=(Team("search", "Search", "ana"),),
    links=(Link("llm", "user", "u-ana", "person/ana"),),
)


@pytest.fixture(scope="module")
def conn() -> Iterator[Connection]:
    """A connection for questions that look at nothing but the calendar."""
    engine = create_engine("sqlite://")
    with engine.connect() as made:
        yield made
    engine.dispose()


def context(conn: Connection, house_zone: str, now: datetime, fiscal: int = 1, **budget: str) -> Context:
    """What a handler sees at a moment in a house of a zone, perhaps with one budget per person."""
    rule = {"name": "b", "who": "every person", "amount": "1000 USD"} | budget
    rules = {"organization": {"zone": house_zone, "fiscal_year_starts": fiscal}, "budgets": [rule]}
    return Context(conn, now, CLOCK, Place("terminal", "x"), Policy.model_validate(rules))


# Periods -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("calendar", [*(Calendar(0, 1, fiscal) for fiscal in range(1, 13)), *OWN_CALENDARS], ids=str)
@pytest.mark.parametrize("every", EVERY)
def test_every_day_is_in_exactly_one_period_and_each_begins_where_the_last_one_ended(
    every: Every, calendar: Calendar
) -> None:
    """Nine years day by day, with two leap days, every month's end and the years of 53 weeks."""
    period = period_of(date(2023, 12, 1), every, calendar)
    while period.end < date(2032, 3, 1):
        days = [period.first + timedelta(days=n) for n in range(period.days)]
        assert days
        assert days[-1] + ONE_DAY == period.end
        assert {period_of(day, every, calendar) for day in days} == {period}
        following = period_of(period.end, every, calendar)
        assert following.first == period.end
        period = following


@pytest.mark.parametrize("fiscal", range(1, 13))
def test_quarters_and_years_begin_on_the_first_of_the_months_that_the_fiscal_year_sets(fiscal: int) -> None:
    """A year of twelve months from its month on, cut in four equal quarters."""
    for month in range(1, 13):
        day = date(2028, month, 1)
        own = Calendar(year_starts=fiscal)
        quarter, year = period_of(day, "quarter", own), period_of(day, "year", own)
        assert (year.first.month, year.first.day, year.days in (365, 366)) == (fiscal, 1, True)
        assert (quarter.first.day, (quarter.first.month - fiscal) % 3) == (1, 0)
        assert year.first <= quarter.first < quarter.end <= year.end


@pytest.mark.parametrize(
    ("calendar", "week", "month", "quarter", "year", "called"),
    [
        (Calendar(), (11, 23), (11, 1), (10, 1), (1, 1), (11, 1)),
        (Calendar(6), (11, 29), (11, 1), (10, 1), (1, 1), (11, 1)),
        (Calendar(5, 6, 4), (11, 28), (11, 6), (10, 6), (4, 6), (11, 1)),
        (Calendar(0, 15, 1), (11, 23), (11, 15), (10, 15), (1, 15), (11, 1)),
        (Calendar(0, 16, 2), (11, 23), (11, 16), (10, 16), (1, 16), (12, 1)),
        (Calendar(0, 26, 12), (11, 23), (11, 26), (11, 26), (11, 26), (12, 1)),
    ],
)
def test_a_company_begins_its_weeks_months_and_years_as_it_does(
    calendar: Calendar,
    week: tuple[int, int],
    month: tuple[int, int],
    quarter: tuple[int, int],
    year: tuple[int, int],
    called: tuple[int, int],
) -> None:
    """On Sunday the 29th of November 2026: month and day of each; a month is called after where most of it lies."""
    today = date(2026, 11, 29)
    firsts = [period_of(today, every, calendar).first for every in ("week", "month", "quarter", "year")]

    assert [(first.month, first.day) for first in firsts] == [week, month, quarter, year]
    assert called_after(firsts[1]) == date(2026, *called)
    assert month_called(called_after(firsts[1]), calendar) == period_of(today, "month", calendar)


@pytest.mark.parametrize(
    ("words", "first", "end", "label"),
    [
        (["this", "week"], date(2026, 11, 29), date(2026, 12, 6), "this week"),
        (["this", "month"], date(2026, 11, 26), date(2026, 12, 26), "this month"),
        (["october"], date(2026, 9, 26), date(2026, 10, 26), "October 2026"),
        (["last", "november"], date(2026, 10, 26), date(2026, 11, 26), "November 2026"),
        (["2026-10"], date(2026, 9, 26), date(2026, 10, 26), "October 2026"),
        (["q2", "2026"], date(2026, 6, 26), date(2026, 9, 26), "Q2 (26 June to 25 September)"),
        (["last", "year"], date(2025, 3, 26), date(2026, 3, 26), "last year"),
    ],
)
def test_words_for_periods_are_those_of_the_company(words: list[str], first: date, end: date, label: str) -> None:
    """Weeks from Sunday, months from the 26th, a year that begins with April."""
    with create_engine("sqlite://").connect() as conn:
        ctx = context(conn, "UTC", datetime(2026, 11, 29, 12, tzinfo=UTC), 4)
        own = ctx.policy.organization.model_copy(update={"week_starts": "sunday", "month_starts": 26})
        found = PeriodWord().take(words, replace(ctx, policy=Policy(organization=own, budgets=ctx.policy.budgets)))
    assert found is not None
    assert (found[0].first, found[0].end, found[0].label) == (first, end, label)


def test_months_are_as_long_as_they_are_and_weeks_are_those_of_iso() -> None:
    """29 February, 30 and 31 days; and the 53rd week, which lies in two years."""
    lengths = [period_of(date(2028, month, 28), "month").days for month in range(1, 13)]
    assert lengths == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert period_of(date(2027, 2, 28), "month").end == date(2027, 3, 1)

    week = period_of(date(2027, 1, 2), "week")
    assert (week.first, week.end) == (date(2026, 12, 28), date(2027, 1, 4))
    assert {(week.first + timedelta(days=n)).isocalendar()[:2] for n in range(7)} == {(2026, 53)}


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(EVERY), st.integers(1, 12))
def test_what_people_call_last_ends_where_this_begins(day: date, every: Every, fiscal: int) -> None:
    """`last quarter` and `this quarter` share no day and leave none out."""
    with create_engine("sqlite://").connect() as conn:
        ctx = context(conn, "UTC", datetime(day.year, day.month, day.day, 12, tzinfo=UTC), fiscal)
        (last, _), (this, _) = (PeriodWord().take([which, every], ctx) or (None, 0) for which in ("last", "this"))
    assert last is not None
    assert this is not None
    assert last.first < last.end == this.first <= day < this.end


def moments(zone: str, day: date, step: timedelta, around: timedelta) -> list[datetime]:
    """The moments of a day in a zone, and of some hours before and after it, in UTC."""
    midnights = (datetime(each.year, each.month, each.day, tzinfo=ZoneInfo(zone)) for each in (day, day + ONE_DAY))
    start, end = (midnight.astimezone(UTC) for midnight in midnights)
    return [start - around + n * step for n in range((end - start + 2 * around) // step)]


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_a_day_of_a_clock_change_is_one_day_however_long_it_is(
    conn: Connection, zone: str, day: date, hours: float
) -> None:
    """23, 23.5, 24.5 or 25 hours: the day begins once, ends once, and the next follows without a gap."""
    step = timedelta(minutes=5)
    rule = context(conn, "UTC", NOW, zone=zone, every="day")
    policy = context(conn, zone, NOW, every="day")
    seen = []
    for now in moments(zone, day, step, ONE_DAY):
        own = current(Context(conn, now, CLOCK, rule.place, rule.policy), rule.policy.budgets[0])
        assert own == current(Context(conn, now, CLOCK, policy.place, policy.policy), policy.policy.budgets[0])
        seen.append(own)

    assert all(after == before or after.first == before.end for before, after in pairwise(seen))
    assert sum(period.first == day for period in seen) * step == timedelta(hours=hours)


@pytest.mark.long
def test_in_every_zone_there_is_every_day_follows_the_one_before(conn: Connection) -> None:
    """All zones of the database, around each change of their clocks from 2026 to 2030, every quarter of an hour."""
    noons = [datetime(2025, 12, 31, 12, tzinfo=UTC) + timedelta(days=n) for n in range(5 * 365 + 3)]
    changes = 0
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        rule = context(conn, "UTC", NOW, zone=name, every="day")
        for before, after in pairwise(noons):
            if before.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
                continue
            changes += 1
            steps = [before - timedelta(hours=24) + n * timedelta(minutes=15) for n in range(4 * 72)]
            days = [
                current(Context(conn, now, CLOCK, rule.place, rule.policy), rule.policy.budgets[0]) for now in steps
            ]
            assert all(b == a or b.first == a.end for a, b in pairwise(days)), (name, before)
    assert changes > 1000


# Usage ---------------------------------------------------------------------------------------------------------------


def same(cost_nanos: int, _currency: str, _day: date) -> tuple[int, int]:
    """The house counts in the provider's currency."""
    return cost_nanos, ingest.NANOS


def take_in(database: Database, zone: str, batch: list[Charge]) -> None:
    """Make an empty house of a zone, and take charges in."""

    def work(conn: Connection) -> None:
        for table in ("charges", "spend", "entries"):
            conn.execute(text(f"delete from {table}"))
        people.apply(conn, HERE, date(2020, 1, 1))
        ingest.record(conn, batch, ZoneInfo(zone), same, NOW)

    database.transact(work)


def hourly(start: datetime, costs: dict[int, int]) -> list[Charge]:
    """A cell for each of some hours after a moment, with what it cost."""
    return [
        Charge("llm", start + timedelta(hours=n), 1, "m", subject="u-ana", tokens_input=1, requests=1, cost_nanos=cost)
        for n, cost in sorted(costs.items())
    ]


costs_by_hour = st.dictionaries(st.integers(0, 24 * 6 - 1), st.integers(1, 10**12), min_size=1, max_size=40)
with_a_database = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@with_a_database
@given(st.sampled_from(ZONES), st.sampled_from(CHANGES), costs_by_hour)
def test_the_reports_of_single_days_add_up_to_that_of_many_days_in_every_zone(
    database: Database, zone: str, change: tuple[str, date, float], costs: dict[int, int]
) -> None:
    """Invariant 9: each hour counts on the one day on which it begins, also where the clock changes."""
    day = change[1]
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=3)
    batch = hourly(start, costs)
    take_in(database, zone, batch)
    days = [day + timedelta(days=n) for n in range(-6, 7)]

    def total(conn: Connection, first: date, end: date) -> int:
        return sum(each.cost_nanos for each in spend.spent_by(conn, "org", first, end, "model"))

    single = database.ask(lambda conn: [total(conn, each, each + ONE_DAY) for each in days])
    wanted = [
        sum(c.cost_nanos or 0 for c in batch if c.bucket_start.astimezone(ZoneInfo(zone)).date() == each)
        for each in days
    ]
    assert single == wanted
    assert sum(single) == database.ask(lambda conn: total(conn, days[0], days[-1] + ONE_DAY))


@with_a_database
@given(st.sampled_from(ZONES), st.sampled_from(ZONES), st.sampled_from(CHANGES), costs_by_hour, st.sampled_from(EVERY))
def test_a_budget_with_its_own_zone_counts_the_hours_of_its_own_calendar(
    database: Database, house: str, own: str, change: tuple[str, date, float], costs: dict[int, int], every: Every
) -> None:
    """However far the organization's zone is away, and wherever it changes its clocks."""
    day = change[1]
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=3)
    batch = hourly(start, costs)
    whole_day = Charge("llm", start, 24, "n", subject="u-ana", tokens_input=1, requests=1, cost_nanos=7)
    take_in(database, house, [*batch, whole_day])
    now = start + timedelta(days=3, hours=1)

    def ask(conn: Connection) -> tuple[int, int, date, date]:
        ctx = context(conn, house, now, zone=own, every=every)
        account = ctx.account("person/ana")
        assert account is not None
        (status,) = statuses(ctx, account)
        below = spent_below(ctx, status.budget, status.period, "team/search")
        spent = sum(each.cost_nanos for each in below.get("team/search", []))
        return status.spent, spent, status.period.first, status.period.end

    spent, by_team, first, end = database.ask(ask)
    assert first <= now.astimezone(ZoneInfo(own)).date() < end
    hours = sum(c.cost_nanos or 0 for c in batch if first <= c.bucket_start.astimezone(ZoneInfo(own)).date() < end)
    assert (spent, by_team) == (hours + 7 * (first <= start.date() < end),) * 2


# Slots of the schedule -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cron", CRONS)
@pytest.mark.parametrize(("zone", "day", "_hours"), CHANGES[2:9])
def test_each_slot_is_said_once_however_the_clock_changes(cron: str, zone: str, day: date, _hours: float) -> None:
    """An hour that happens twice is said once, and a line whose time is missing is said later on the same day."""
    policy = Policy.model_validate({"organization": {"zone": zone}})
    ticks = moments(zone, day, timedelta(minutes=10), timedelta(hours=6))
    slots = [latest_slot(cron, policy.zone, tick, timedelta(hours=24)) for tick in ticks]
    said = list(dict.fromkeys(slot for slot in slots if slot is not None))
    there = {tick.astimezone(policy.zone).replace(tzinfo=None, fold=0) for tick in ticks}

    assert said == sorted(said)
    minute, hour, *_ = cron.split()
    that_day = [slot for slot in said if slot.date() == day]
    if hour != "*":
        assert len(that_day) == 1
    elif minute == "*/10":
        assert that_day == sorted(wall for wall in there if wall.date() == day)
    else:
        assert [slot.replace(minute=0) for slot in that_day] == sorted(
            wall for wall in there if wall.date() == day and wall.minute == 0
        )


def test_a_line_of_the_schedule_in_the_hour_that_happens_twice_is_one_message(database: Database, clock: Clock) -> None:
    """The whole bot ticks through the night on which Berlin's clocks go back, and ends it."""
    line = {"at": "30 2 * * *", "say": "status", "in": "web:#ops"}
    clock.moment = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    company = Company(database, clock, {**RULES, "schedule": [line]})
    for _ in range(5 * 12):
        company.app.tick()
        clock.forward(timedelta(minutes=5))

    said = text("select key from outbox where key like 'say/status@%' order by key")
    keys = database.ask(lambda conn: list(conn.execute(said).scalars()))
    assert keys == ["say/status@web:#ops@2026-10-24T02:30", "say/status@web:#ops@2026-10-25T02:30"][-len(keys) :]
    assert keys[-1].endswith("2026-10-25T02:30")
