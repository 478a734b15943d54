"""Findings, dangers, seats, outcomes and what is burnt, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from storage import burn_rate, findings, ingest, outcomes, people, seats, spikes, usage_patterns
from storage.charges import Charge
from storage.db import Database
from storage.findings import Found, Said
from storage.outcomes import Outcome
from storage.seats import Seat
from storage.spikes import Expectation, Sight
from tests.support.company import ACME

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ONE = Found(
    "person/ana",
    "",
    Said("Only {percent} % is cached", {"percent": 3}),
    ((Said("Input"), Said("{count} tokens", {"count": 20_000})),),
    Said("Mark it."),
    10**11,
    (10**10, 5 * 10**10),
    "medium",
    frozenset({"sonnet tokens_input"}),
    "no_caching",
)


@pytest.fixture
def acme_base(database: Database) -> Database:
    """A database that knows the people of Acme."""
    database.transact(lambda conn: people.apply(conn, ACME, TODAY))
    return database


def kept(base: Database, day: date, *found: Found) -> None:
    """Keep what was seen on a day."""
    base.transact(lambda conn: findings.keep(conn, found, day))


def states(base: Database) -> list[tuple[str, str]]:
    """Detector and state of every finding."""
    return [(each.found.detector, each.state) for each in base.ask(lambda conn: findings.below(conn, "org"))]


def test_a_finding_comes_back_as_it_was_kept(acme_base: Database) -> None:
    """Range, evidence and parts included, and for every account above."""
    kept(acme_base, TODAY, ONE)

    for account in ("person/ana", "team/search", "org"):
        [one] = acme_base.ask(lambda conn, account=account: findings.below(conn, account))  # type: ignore[misc]
        assert one.found == ONE
        assert (one.state, one.since, one.seen) == ("open", TODAY, TODAY)
    assert acme_base.ask(lambda conn: findings.below(conn, "team/ads")) == []


def test_a_finding_of_before_there_were_languages_is_its_own_text(acme_base: Database) -> None:
    """It was kept as plain words, which may look like placeholders."""
    kept(acme_base, TODAY, ONE)
    plain = {"what": "No cache for {x}", "evidence": '[["Input", "20k"]]', "advice": "Mark it."}
    acme_base.transact(
        lambda conn: conn.execute(
            text("update findings set what = :what, evidence = :evidence, advice = :advice"), plain
        )
    )
    [one] = acme_base.ask(lambda conn: findings.below(conn, "person/ana"))

    assert (one.found.what, one.found.advice) == (Said("No cache for {x}"), Said("Mark it."))
    assert one.found.evidence == ((Said("Input"), Said("20k")),)


def test_what_is_not_seen_any_more_is_gone_and_may_come_again(acme_base: Database) -> None:
    """It is one finding all the time; told anew when it comes again."""
    kept(acme_base, TODAY, ONE)
    acme_base.transact(lambda conn: findings.note(conn, 1, told_on=TODAY))
    kept(acme_base, TODAY + DAY)
    assert states(acme_base) == [("no_caching", "gone")]

    kept(acme_base, TODAY + 2 * DAY, replace(ONE, cost_nanos=7))
    assert states(acme_base) == [("no_caching", "open")]
    [one] = acme_base.ask(findings.untold)
    assert (one.id, one.found.cost_nanos, one.since) == (1, 7, TODAY + 2 * DAY)


def test_what_was_done_or_dismissed_stays_so_while_it_is_seen(acme_base: Database) -> None:
    """Only time opens it again."""
    other = replace(ONE, detector="failed_calls")
    kept(acme_base, TODAY, ONE, other)
    acme_base.transact(lambda conn: findings.note(conn, 1, state="dismissed", silent_until=TODAY + 90 * DAY))
    acme_base.transact(lambda conn: findings.note(conn, 2, state="done", done_on=TODAY))
    kept(acme_base, TODAY + 89 * DAY, ONE, other)
    assert sorted(each[1] for each in states(acme_base)) == ["dismissed", "done"]

    kept(acme_base, TODAY + 90 * DAY, ONE, other)
    assert sorted(each[1] for each in states(acme_base)) == ["done", "open"]


@pytest.mark.parametrize("number", ["", "0", "x", "-1", "1e3", "9" * 40, "²"])
def test_a_number_that_is_none_finds_nothing(acme_base: Database, number: str) -> None:
    """Nor does it break the database."""
    assert acme_base.ask(lambda conn: findings.find(conn, number)) is None
    assert acme_base.ask(lambda conn: spikes.find(conn, number)) is None


def test_a_danger_is_known_while_it_burns_and_for_a_time(acme_base: Database) -> None:
    """And what is expected until its day."""
    seen = Sight("velocity", NOW - HOUR, NOW, now_nanos=5, usual_nanos=1, excess_nanos=4, rate_nanos=4)
    one = acme_base.transact(lambda conn: spikes.begin(conn, "agent/crawler", seen))
    assert acme_base.ask(lambda conn: spikes.known(conn, NOW + 90 * DAY)) == [one]

    over = acme_base.transact(lambda conn: spikes.note(conn, one.id, burns=False, ended_at=NOW))
    assert acme_base.ask(lambda conn: spikes.known(conn, NOW - DAY)) == [over]
    assert acme_base.ask(lambda conn: spikes.known(conn, NOW + DAY)) == []

    said = Expectation("agent/crawler", TODAY, TODAY, 5, "max", "reindex", NOW)
    acme_base.transact(lambda conn: spikes.expect(conn, said))
    assert acme_base.ask(lambda conn: spikes.expected(conn, TODAY)) == {"agent/crawler": said}
    assert acme_base.ask(lambda conn: spikes.expected(conn, TODAY + DAY)) == {}
    acme_base.transact(lambda conn: spikes.unexpect(conn, "agent/crawler"))
    assert acme_base.ask(lambda conn: spikes.expected(conn, TODAY)) == {}


def recorded(base: Database) -> Database:
    """Two hours of the crawler's key, a day of Ana's, one of which is unpriced."""

    def cell(start: datetime, hours: int, subject: str, cost: int | None, **more: int) -> Charge:
        model = "m" if cost is not None else "unpriced"
        return Charge("llm", start, hours, model, subject=subject, cost_nanos=cost, requests=3, **more)  # type: ignore[arg-type]

    rows = [
        cell(NOW - 2 * HOUR, 1, "crawler-key", 5, tokens_input=7, tokens_cache_read=1, requests_failed=1),
        cell(NOW - HOUR, 1, "crawler-key", 6, tokens_output=2),
        cell(datetime(2026, 11, 21, tzinfo=UTC), 24, "ana", 10, tokens_input=4),
        cell(datetime(2026, 11, 21, tzinfo=UTC), 24, "ana", None, tokens_input=400),
    ]
    zone = ZoneInfo("Europe/Berlin")
    base.transact(lambda conn: ingest.record(conn, rows, zone, lambda cost, *_: (cost, ingest.NANOS), NOW))
    return base


def test_what_is_burnt_is_told_by_hour_and_day(acme_base: Database) -> None:
    """As the guard reads it."""
    base = recorded(acme_base)
    late = base.ask(lambda conn: list(burn_rate.latest(conn, "llm", NOW - 90 * timedelta(minutes=1))))
    assert [(each.account_id, each.cost_nanos, each.output, each.hours) for each in late] == [
        ("agent/crawler", 6, 2, 1)
    ]

    hours = base.ask(lambda conn: burn_rate.hours(conn, ["agent/crawler", "person/ana"], TODAY))
    assert {each: [one.cost_nanos for one in some] for each, some in hours.items()} == {"agent/crawler": [5, 6]}
    assert hours["agent/crawler"][0].input == 8
    days = base.ask(lambda conn: burn_rate.days(conn, ["agent/crawler", "person/ana"], TODAY - DAY))
    assert days == {"agent/crawler": {TODAY: 11}, "person/ana": {TODAY - DAY: 10}}
    dear = base.ask(lambda conn: burn_rate.dear(conn, TODAY - DAY, TODAY + DAY, 11))
    assert dear == ["agent/crawler"]


def test_habits_leave_out_what_has_no_price(acme_base: Database) -> None:
    """Unknown is not zero, and would make all else look dear."""
    base = recorded(acme_base)
    first, end = TODAY - DAY, TODAY + DAY
    seen = base.ask(lambda conn: list(usage_patterns.habits(conn, first, end)))
    assert [(each.account_id, each.model, each.cost_nanos, sum(each.tokens), each.failed) for each in seen] == [
        ("agent/crawler", "m", 11, 10, 1),
        ("person/ana", "m", 10, 4, 0),
    ]
    hours = base.ask(lambda conn: list(usage_patterns.hours(conn, first, end)))
    assert [(each.start, each.cost_nanos) for each in hours] == [(NOW - 2 * HOUR, 5), (NOW - HOUR, 6)]
    assert base.ask(lambda conn: usage_patterns.cost_and_requests(conn, "person/ana", first, end)) == (10, 3)
    assert base.ask(lambda conn: usage_patterns.cost_and_requests(conn, "person/bob", first, end)) == (0, 0)


def test_a_providers_seats_are_its_latest_word(acme_base: Database) -> None:
    """A seat that is not on the list any more is given up; another provider's stay."""
    mine = Seat("llm", "ana", "business", 19, TODAY, None)
    acme_base.transact(lambda conn: seats.record(conn, "llm", [mine, replace(mine, external_id="stranger")]))
    acme_base.transact(lambda conn: seats.record(conn, "other", [replace(mine, provider="other")]))
    assert acme_base.ask(seats.owned) == {"person/ana": [mine]}

    acme_base.transact(lambda conn: seats.record(conn, "llm", []))
    assert acme_base.ask(seats.owned) == {}


def test_outcomes_of_persons_are_kept_as_sums_of_their_teams(acme_base: Database) -> None:
    """The provider's later word replaces the earlier; a list stands beside it."""
    days = (TODAY - DAY, TODAY)
    for number in (5, 7):
        told = [("ana", TODAY, "commits", number), ("max", TODAY, "commits", 1), ("nobody", TODAY, "commits", 100)]
        acme_base.transact(lambda conn, told=told: outcomes.record_of_users(conn, "llm", days, told))  # type: ignore[misc]
    acme_base.transact(lambda conn: outcomes.record(conn, [Outcome("list", "team/ads", TODAY, "commits", 2)]))

    def count(account: str) -> dict[str, int]:
        return acme_base.ask(lambda conn: outcomes.counted(conn, account, TODAY, TODAY + DAY))

    assert (count("team/search"), count("team/engineering"), count("team/ads")) == (
        {"commits": 8},
        {"commits": 10},
        {"commits": 2},
    )
