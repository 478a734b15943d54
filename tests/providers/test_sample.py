"""The sample provider: a company that is the same every time one looks, and wrong exactly where it says so."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from bot.config import load
from bot.errors import UndeliverableError
from bot.providers.base import Provider
from bot.providers.sample.ground_truth import Truth
from bot.providers.sample.provider import FINAL_AFTER, PRICES, SEARCH, SEARCH_NANOS, Sample, cost_nanos, price_of
from bot.providers.sample.seats import PRICES_USD
from storage.charges import Charge
from storage.directory import Person
from storage.limits import Subject
from tests.support.paths import ROOT

NOW = datetime(2026, 11, 22, 14, 20, tzinfo=UTC)
DAY = timedelta(days=1)


def sample(now: datetime = NOW, seed: int = 7, epoch: date | None = None) -> Sample:
    return Sample(seed=seed, now=lambda: now, epoch=epoch)


@cache
def quarter() -> tuple[Charge, ...]:
    """The ninety days before the present, read once for all that only look."""
    return tuple(sample().charges(NOW.date() - 90 * DAY, NOW.date()))


@cache
def wrong() -> tuple[Truth, ...]:
    return sample().truth()


def during(first: date, last: date) -> list[Charge]:
    return [row for row in quarter() if first <= row.bucket_start.date() <= last]


def cell(row: Charge) -> tuple[object, ...]:
    return row.bucket_start, row.sub_account, row.resource, row.subject, row.model, row.tier


def tokens(row: Charge) -> tuple[int, int, int, int, int]:
    return (
        row.tokens_input,
        row.tokens_cache_read,
        row.tokens_cache_write_5m,
        row.tokens_cache_write_1h,
        row.tokens_output,
    )


def usd(rows: Iterable[Charge]) -> float:
    return sum(row.cost_nanos or 0 for row in rows) / 1e9


def spender(row: Charge) -> str:
    return row.resource or row.subject


# A report one can rely on


def test_it_is_a_provider() -> None:
    """The type checker agrees that it speaks the protocol, and it declares what it can do."""
    provider: Provider = sample()

    assert frozenset({"charges", "people", "limits", "set_limit", "pause", "seats", "outcomes"}) == provider.can
    assert [finding.ok for finding in provider.check()] == [True]


def test_the_same_days_read_twice_are_the_same() -> None:
    """Reading a report does not change it."""
    bot = sample()

    assert list(bot.charges(date(2026, 10, 1), date(2026, 10, 10))) == list(
        bot.charges(date(2026, 10, 1), date(2026, 10, 10))
    )


def test_a_day_does_not_depend_on_the_range_it_is_asked_in() -> None:
    """One-day reports put together are the report of the many days, late ones included."""
    first, last = date(2026, 11, 10), date(2026, 11, 22)
    whole = list(sample().charges(first, last))
    days = [first + number * DAY for number in range(13)]

    assert whole == [row for day in days for row in sample().charges(day, day)]


def test_another_process_sees_the_same_day() -> None:
    """Nothing hangs on the random salt that every process has for its hashes."""
    words = (
        "from datetime import *; from bot.providers.sample.provider import Sample; d = date(2026, 11, 3); "
        f"print(sum(r.cost_nanos or 0 for r in Sample(now=lambda: datetime.fromisoformat('{NOW}')).charges(d, d)))"
    )
    root = ROOT
    told = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True, cwd=root).stdout

    day = date(2026, 11, 3)

    assert sum(row.cost_nanos or 0 for row in sample().charges(day, day)) == int(told)


def test_another_seed_is_another_company() -> None:
    """People stay who they are; what they spend changes."""
    day = date(2026, 11, 3)

    assert list(sample().charges(day, day)) != list(sample(seed=8).charges(day, day))
    assert sample().directory() == sample(seed=8).directory()


def test_each_cell_is_reported_once() -> None:
    """No two rows of a report claim the same cell, not even on the days around a move between teams."""
    rows = Counter(cell(row) for row in quarter())

    assert {1} == set(rows.values())


def searches() -> list[Charge]:
    """What is charged for searches of the web."""
    return [row for row in quarter() if row.model == SEARCH]


def test_costs_are_tokens_times_prices_to_the_nano() -> None:
    """Token kinds are disjoint, so the cost is the plain sum; a row without a price has no cost, which is not zero."""
    sources = set()
    assert all(row.cost_nanos == row.requests * SEARCH_NANOS and not any(tokens(row)) for row in searches())
    for row in quarter():
        if row.model == SEARCH:
            continue
        price = price_of(row.model, row.tier)
        each = (
            price.input,
            price.cache_read,
            price.cache_write_5m or 0,
            price.cache_write_1h or 0,
            price.output,
        )
        expected = sum(count * nanos for count, nanos in zip(tokens(row), each, strict=True))
        sources.add((row.cost_source, row.cost_nanos is None))

        assert (None if row.cost_source == "unpriced" else expected) == row.cost_nanos

    assert {("cost_report", False), ("list_price", False), ("unpriced", True)} == sources


def test_counts_make_sense() -> None:
    """Nothing is negative, reasoning is a part of output, failures are a part of requests, buckets are whole."""
    for row in quarter():
        assert min(tokens(row)) >= 0
        assert row.tokens_reasoning <= row.tokens_output
        assert 0 <= row.requests_failed <= row.requests
        assert row.requests > 0
        assert (24 if row.subject else 1) == row.bucket_hours
        assert row.bucket_start.tzinfo == UTC
        assert row.bucket_hours == 1 or row.bucket_start.hour == 0


def test_a_batch_is_half_price_and_priority_twice() -> None:
    """Service tiers are prices of their own; without a write price, what would be written is plain input."""
    standard, half, twice = (price_of("claude-sonnet-4-5", tier) for tier in ("standard", "batch", "priority"))

    assert (standard.input, half.input, twice.input) == (3_000, 1_500, 6_000)
    assert (standard.cache_write_5m, half.cache_write_5m, twice.cache_write_5m) == (3_750, 1_875, 7_500)
    assert price_of("gpt-5.2", "standard").cache_write_1h is None
    assert cost_nanos("claude-sonnet-4-5", "standard", (5, 0, 0, 0, 2)) == 5 * 3_000 + 2 * 15_000
    assert cost_nanos("meridian-flash-preview", "standard", (5, 0, 0, 0, 2)) is None


def test_all_models_and_tiers_are_in_use() -> None:
    """The price table lists nothing that nobody uses."""
    rows = quarter()

    assert {*PRICES, SEARCH} == {row.model for row in rows}
    assert {"standard", "batch", "priority"} == {row.tier for row in rows}


# Late and restated


def test_nothing_of_the_future_is_reported() -> None:
    """Asked for a week ahead, the report ends with the hour that is over."""
    rows = list(sample().charges(date(2026, 11, 22), date(2026, 11, 29)))

    assert rows
    assert max(row.bucket_start for row in rows if row.bucket_hours == 1) == NOW.replace(hour=13, minute=0)
    assert {date(2026, 11, 22)} == {row.bucket_start.date() for row in rows}


def test_days_that_are_all_in_the_future_are_empty() -> None:
    """Tomorrow is no row rather than a zero."""
    assert list(sample().charges(date(2026, 11, 23), date(2026, 11, 29))) == []


def test_figures_rise_while_a_day_goes_on() -> None:
    """Each later look at a working day sees more of it, and an hour's two looks see the same."""
    day = date(2026, 11, 18)
    morning, again, evening, later = (
        usd(sample(datetime(2026, 11, hour_day, hour, minute, tzinfo=UTC)).charges(day, day))
        for hour_day, hour, minute in ((18, 9, 5), (18, 9, 55), (18, 20, 0), (21, 0, 0))
    )

    assert morning == again
    assert 0 < morning < evening < later


def test_a_person_is_seen_in_the_hours_of_their_own_office() -> None:
    """Between three and three in the afternoon UTC Berlin works and San Francisco sleeps."""
    day = date(2026, 11, 18)
    zones = {f"usr_{person.id}": person.zone for person in sample().directory().people}

    def seen(hour: int, zone: str) -> float:
        rows = sample(datetime(2026, 11, 18, hour, tzinfo=UTC)).charges(day, day)
        return usd(row for row in rows if zones.get(row.subject) == zone)

    assert 0 < seen(3, "America/Los_Angeles") == seen(15, "America/Los_Angeles")
    assert seen(3, "Europe/Berlin") == 0 < seen(9, "Europe/Berlin") < seen(15, "Europe/Berlin")


def test_a_day_is_final_two_days_after_its_end() -> None:
    """Before that it is restated, in either direction; from then on it never changes."""
    day = date(2026, 11, 17)
    end = datetime(2026, 11, 18, tzinfo=UTC)
    looks = [list(sample(end + age).charges(day, day)) for age in (DAY / 4, 1.5 * DAY, FINAL_AFTER, 30 * DAY)]
    first, second, final, much_later = looks
    costs = [{cell(row): row.requests for row in look} for look in (second, final)]

    assert 0.75 * usd(final) < usd(first) < usd(second) < 1.01 * usd(final)
    assert len(first) < len(final)
    assert first != second != final
    assert any(costs[0][key] > costs[1][key] for key in costs[0])
    assert any(costs[0][key] < costs[1][key] for key in costs[0])
    assert final == much_later


def test_reading_a_few_days_again_every_day_converges() -> None:
    """A reader that keeps the latest word of each cell ends with the final report."""
    held: dict[tuple[object, ...], Charge] = {}
    for number in range(6):
        now = datetime(2026, 11, 17, 6, tzinfo=UTC) + number * DAY
        held |= {cell(row): row for row in sample(now).charges(now.date() - 3 * DAY, now.date())}
    first, last = date(2026, 11, 14), date(2026, 11, 19)
    kept = {key: row for key, row in held.items() if first <= row.bucket_start.date() <= last}

    assert {cell(row): row for row in sample(NOW + 9 * DAY).charges(first, last)} == kept


# A plausible company


@pytest.mark.parametrize("month", [date(2026, 2, 1), date(2026, 9, 1), date(2027, 7, 1)])
def test_a_month_costs_what_such_a_company_spends(month: date) -> None:
    """Fifteen to thirty thousand dollars in all; typical engineers in the hundreds; Ana has most of $400, Bob more."""
    last = (month + 31 * DAY).replace(day=1) - DAY
    rows = list(sample(datetime(2027, 12, 1, tzinfo=UTC)).charges(month, last))
    engineers = {f"usr_{p.id}" for p in sample().directory().people if p.team in {"search", "ads", "mobile", "data"}}
    each: dict[str, list[Charge]] = defaultdict(list)
    for row in rows:
        each[spender(row)].append(row)

    assert 15_000 < usd(rows) < 30_000
    assert 60 < median(usd(each[id_]) for id_ in engineers) < 200
    assert 200 < usd(each["usr_ana"]) < 380
    assert 300 < usd(each["usr_bob"]) < 500


def test_people_rest_at_weekends_and_on_holidays() -> None:
    """A Saturday or Christmas Day is a small part of a Tuesday for people; programs go on."""
    bot = sample(datetime(2027, 1, 15, tzinfo=UTC))
    tuesday, saturday, christmas = (
        list(bot.charges(day, day)) for day in (date(2026, 12, 1), date(2026, 12, 5), date(2026, 12, 25))
    )

    def by(rows: list[Charge], *, people: bool) -> float:
        return usd(row for row in rows if bool(row.subject) is people)

    assert by(saturday, people=True) < 0.2 * by(tuesday, people=True)
    assert by(christmas, people=True) < 0.2 * by(tuesday, people=True)
    assert by(saturday, people=False) > 0.5 * by(tuesday, people=False)


def test_many_zones_have_their_own_day() -> None:
    """The offices keep different hours, a half hour and three quarters among them."""
    zones = {person.zone for person in sample().directory().people}

    assert {timedelta(minutes=330), timedelta(minutes=825)} <= {
        NOW.astimezone(ZoneInfo(zone)).utcoffset() for zone in zones
    }
    assert len(zones) == 6


def test_a_day_is_some_hundred_rows() -> None:
    """The work for a day is bounded by its rows, so ninety days take seconds."""
    day = date(2026, 11, 17)

    assert 400 < len(list(sample().charges(day, day))) < 900


# Who there is


def test_the_company_has_120_people_in_twelve_teams_of_three_departments() -> None:
    """Names, ids and addresses are each one's own, and the addresses can never be anybody's."""
    told = sample().directory()
    ids = [person.id for person in told.people]

    assert len(told.people) == 120
    assert sum(bool(team.parent) for team in told.teams) == 12
    assert sum(not team.parent for team in told.teams) == 3
    assert len(set(ids)) == len(ids)
    assert len({person.email for person in told.people}) == len(ids)
    assert all(person.email.endswith("@meridian.example") for person in told.people)
    assert all(id_.isascii() and id_.islower() for id_ in ids)


def test_every_manager_owner_and_team_exists() -> None:
    """Nothing in the directory points at nothing, on the day it is told."""
    for now in (datetime(2026, 9, 1, tzinfo=UTC), NOW):
        told = sample(now).directory()
        people, teams = {p.id: p for p in told.people}, {t.id for t in told.teams}

        assert all(person.manager in people for person in told.people if person.id != "ines")
        assert all(people[person.manager].active for person in told.people if person.manager)
        assert all(team.owner in people and team.parent in teams | {""} for team in told.teams)
        assert all(person.team in teams | {""} for person in told.people)
        assert all(agent.owner in people and agent.team in teams for agent in told.agents)


def test_the_line_of_managers_ends_at_the_top() -> None:
    """Nobody is their own manager, at any distance."""
    people = {person.id: person for person in sample().directory().people}

    def line(person: Person) -> list[str]:
        seen = [person.id]
        while people[seen[-1]].manager:
            seen.append(people[seen[-1]].manager)
            assert len(seen) < 6
        return seen

    assert {"ines"} == {line(person)[-1] for person in people.values()}
    assert line(people["ana"]) == ["ana", "max", "kim", "ines"]
    assert line(people["bob"]) == ["bob", "lea", "kim", "ines"]


def test_the_people_of_the_stories_are_there() -> None:
    """Those that the guide and the tests speak of by name."""
    told = sample().directory()
    people, owners = {p.id: p for p in told.people}, {t.id: t.owner for t in told.teams}

    assert {"Ana Silva", "Max Weber", "Kim Tanaka", "Fay Osei", "Bob Reyes"} <= {p.name for p in told.people}
    assert (
        people["ana"].team,
        people["bob"].team,
        owners["search"],
        owners["engineering"],
    ) == ("search", "ads", "max", "kim")
    assert (people["fay"].roles, people["ada"].roles) == (("finance",), ("admin",))
    assert next((a.owner, a.team) for a in told.agents if a.id == "crawler") == ("max", "search")


def test_one_joined_one_moved_and_one_left() -> None:
    """The directory tells them as of today, and their charges agree to the day."""
    bot = sample()
    story = bot.story
    before = {p.id: p for p in sample(datetime(2026, 9, 1, tzinfo=UTC)).directory().people}
    after = {p.id: p for p in bot.directory().people}
    days: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for row in quarter():
        days[row.subject].append((row.bucket_start.date(), row.sub_account))

    assert ("zoe" in before, after["zoe"].joined) == (False, story.joined)
    assert min(days["usr_zoe"])[0] >= story.joined
    assert (before["xavier"].active, after["xavier"].active) == (True, False)
    assert max(days["usr_xavier"])[0] < story.left
    assert (
        before["ida"].team,
        before["ida"].manager,
        after["ida"].team,
        after["ida"].manager,
    ) == ("ads", "lea", "search", "max")
    assert all(("ws_ads" if day < story.moved else "ws_search") == team for day, team in days["usr_ida"])


def test_whom_the_provider_knows_can_be_linked_but_for_a_few() -> None:
    """Users by their e-mail, agents' keys and workspaces by a link; two users and a key by nothing."""
    bot = sample()
    told, members = bot.directory(), list(bot.people())
    emails = {person.email for person in told.people}
    linked = {(link.kind, link.external_id) for link in told.links}
    users = {member.external_id for member in members if member.kind == "user"}

    stray_users = {m.external_id for m in members if m.kind == "user" and m.email not in emails}
    stray_keys = {m.external_id for m in members if m.kind == "key" and not m.owner}
    own_keys = {m.external_id for m in members if m.kind == "key" and m.owner and ("key", m.external_id) not in linked}

    assert {"usr_contractor", "usr_deleted"} == stray_users
    assert {"key_unclaimed"} == stray_keys
    assert {"key_tom_notebook", "key_xavier_ci"} == own_keys
    assert linked <= {(member.kind, member.external_id) for member in members}
    assert all(member.owner in users for member in members if member.owner)
    assert {link.platform for link in told.links} == {bot.name}


def test_every_charge_is_of_a_member() -> None:
    """What is reported names only users, keys and workspaces that people() lists."""
    bot = sample()
    known = {(member.kind, member.external_id) for member in bot.people()}
    for row in during(date(2026, 11, 1), date(2026, 11, 22)):
        assert (("user", row.subject) if row.subject else ("key", row.resource)) in known
        assert not row.sub_account or ("team", row.sub_account) in known


# What is wrong


def test_every_truth_is_of_an_account_that_exists() -> None:
    """Accounts are those of the directory, or the provider's ids where nobody answers for them."""
    bot = sample()
    told = bot.directory()
    accounts = {f"person/{p.id}" for p in told.people} | {f"agent/{a.id}" for a in told.agents}
    accounts |= {f"{member.kind}/{member.external_id}" for member in bot.people()}

    assert {truth.account for truth in wrong()} <= accounts
    assert len({truth.kind for truth in wrong()}) == 20


def test_a_saving_is_a_part_of_what_was_spent() -> None:
    """From first to last within ninety days, more than nothing, and never more than the cost."""
    for truth in wrong():
        low, high = truth.saving_nanos or (0, 0)

        assert 0 <= low <= high <= truth.cost_nanos
        assert NOW.date() - 90 * DAY <= truth.first <= truth.last < NOW.date()
        assert truth.note


@pytest.mark.parametrize("number", range(0, 45, 9))
def test_a_runaway_night_is_never_older_than_three_weeks(number: int) -> None:
    """On whatever day a demo begins, the last such night is there, at more than forty times a usual day's money."""
    now = datetime(2027, 2, 26, 8, tzinfo=UTC) + number * DAY
    night = max((t for t in sample(now).truth() if t.kind == "runaway"), key=lambda truth: truth.first)
    rows = [r for r in sample(now).charges(now.date() - 30 * DAY, now.date() - 3 * DAY) if r.resource == "key_crawler"]
    days: Counter[date] = Counter()
    for row in rows:
        days[row.bucket_start.date()] += row.cost_nanos or 0

    assert night.account == "agent/crawler"
    assert now.date() - night.first <= 22 * DAY
    assert night.cost_nanos > 40 * median(days.values())


def test_the_runaway_begins_at_ten_in_the_evening_and_ends_at_seven() -> None:
    """By the clock of Berlin, where its owner sleeps."""
    night = next(truth for truth in wrong() if truth.kind == "runaway")
    rows = [r for r in during(night.first - DAY, night.last + DAY) if r.resource == "key_crawler"]
    hours: Counter[datetime] = Counter()
    for row in rows:
        hours[row.bucket_start.astimezone(ZoneInfo("Europe/Berlin"))] += row.cost_nanos or 0
    hot = sorted(hour for hour, cost in hours.items() if cost > 10 * 10**9)

    assert (hot[0].hour, hot[-1].hour, len(hot)) == (22, 6, 9)
    assert (night.first, night.last, 1) == (hot[0].date(), hot[-1].date(), night.first.weekday())
    assert night.cost_nanos == sum(hours[hour] for hour in hot)


def test_with_an_epoch_the_story_is_told_once() -> None:
    """The night is in the week before, and the months before it are quiet, whatever the present is."""
    epoch = date(2027, 3, 10)
    for now in (datetime(2027, 3, 10, 8, tzinfo=UTC), datetime(2027, 4, 20, 8, tzinfo=UTC)):
        told = [t for t in sample(now, epoch=epoch).truth() if t.kind in {"runaway", "same_document", "off_hours_loop"}]

        assert [date(2027, 3, 2), date(2027, 2, 22), date(2027, 3, 1)] == [truth.first for truth in told]


def test_the_loop_over_one_document_is_even_and_small() -> None:
    """For a week each hour has as many requests, all of one size, at no more than three times the usual day."""
    loop = max((t for t in wrong() if t.kind == "same_document"), key=lambda truth: truth.first)
    days: dict[date, list[Charge]] = defaultdict(list)
    zone = ZoneInfo("America/Los_Angeles")
    for row in during(loop.first - 14 * DAY, loop.last + DAY):
        if row.resource == "key_scribe":
            days[row.bucket_start.astimezone(zone).date()].append(row)
    week = [row for day, rows in days.items() if loop.first <= day <= loop.last for row in rows]
    usual = median(usd(rows) for day, rows in days.items() if day < loop.first)

    assert len(week) == 7 * 24
    assert len({(row.requests, tokens(row)) for row in week}) == 1
    assert sum(row.cost_nanos or 0 for row in week) == loop.cost_nanos
    assert 1.2 * usual < usd(week) / 7 < 3 * usual


class Sums:
    """A month of one spender: tokens, requests and dollars, and dollars by model, tier and local night."""

    def __init__(self) -> None:
        self.plain = self.read = self.short = self.long = self.out = self.asked = self.failed = 0
        self.usd: Counter[str] = Counter()
        self.hours: Counter[int] = Counter()

    def add(self, row: Charge) -> None:
        plain, read, short, long, out = tokens(row)
        self.plain, self.read, self.short, self.long = (
            self.plain + plain,
            self.read + read,
            self.short + short,
            self.long + long,
        )
        self.out, self.asked, self.failed = self.out + out, self.asked + row.requests, self.failed + row.requests_failed
        cost = row.cost_nanos or 0
        self.usd.update({"": cost, row.model: cost, row.tier: cost})
        if row.bucket_hours == 1:
            self.hours[row.bucket_start.hour] += row.requests

    @property
    def context(self) -> float:
        return (self.plain + self.read) / self.asked

    @property
    def length(self) -> float:
        return self.out / self.asked

    def share(self, *names: str) -> float:
        return sum(self.usd[name] for name in names) / max(1, self.usd[""])


# Rough detectors, in the spirit of the real ones: each rule over a month and the median of the company.
RULES: dict[str, Callable[[Sums, Sums], bool]] = {
    "low_cache_reuse": lambda s, _: s.plain > 1e6 and 0 < s.read < 0.25 * (s.plain + s.read + s.short + s.long),
    "no_caching": lambda s, _: s.read + s.short + s.long < 0.01 * s.plain,
    "cache_not_reread": lambda s, _: s.short > 1e6 and s.read < 0.28 * s.short,
    "wrong_cache_lifetime": lambda s, _: s.long > 1e6 and s.asked > 30 * 24 * 12,
    "top_tier_only": lambda s, _: s.length > 100 and s.share("claude-opus-4-5") > 0.9,
    "small_jobs_big_model": lambda s, _: s.length < 100 and s.share("claude-opus-4-5") > 0.9,
    "batchable_run_live": lambda s, _: 0 < len(s.hours) <= 5 and s.usd["batch"] == 0,
    "premium_speed": lambda s, _: s.usd["priority"] > 0,
    "context_bloat": lambda s, usual: s.context > 3 * usual.context,
    "verbose_output": lambda s, usual: s.length > 3 * usual.length,
    "failed_calls": lambda s, _: s.failed > 0.05 * s.asked,
    "older_model": lambda s, _: s.usd["claude-opus-4-1"] > 0,
    "tool_fees": lambda s, _: s.share(SEARCH) > 0.1,
}


@pytest.mark.parametrize("seed", [7, 8])
def test_each_waste_shows_in_the_figures_where_it_is_told_and_nowhere_else(seed: int) -> None:
    """What truth() says can be found from the report alone, and the others' habits do not look like it."""
    bot = sample(seed=seed)
    month: dict[str, Sums] = defaultdict(Sums)
    for row in bot.charges(date(2026, 10, 21), date(2026, 11, 19)):
        month[spender(row)].add(row)
    coders = sorted((s for id_, s in month.items() if id_.startswith("usr_")), key=lambda s: s.context)
    usual = coders[len(coders) // 2]
    found = {
        (kind, id_) for kind, rule in RULES.items() for id_, s in month.items() if s.usd[""] > 20e9 and rule(s, usual)
    }

    assert {(t.kind, account_id(t)) for t in bot.truth() if t.kind in RULES} == found


def account_id(truth: Truth) -> str:
    kind, id_ = truth.account.split("/")
    return f"usr_{id_}" if kind == "person" else f"key_{id_}"


def test_the_notebook_burns_at_night_in_its_week_only() -> None:
    """A person's own key, whose nights are otherwise empty."""
    zone = ZoneInfo("Europe/Berlin")
    told = [t for t in wrong() if t.kind == "off_hours_loop"]
    nights = set()
    for row in during(told[0].first, told[-1].last):
        local = row.bucket_start.astimezone(zone)
        if row.resource == "key_tom_notebook" and not 7 <= local.hour < 20:
            nights.add(local.date())

    assert {"person/tom"} == {truth.account for truth in told}
    assert {one.first + n * DAY for one in told for n in range(6)} == nights | {told[-1].last}
    assert all(later.first - earlier.first == 21 * DAY for earlier, later in pairwise(told))


def test_nobody_answers_for_some_of_the_money() -> None:
    """An orphan key, a key of somebody who left, and two users that are linked to nobody."""
    told = {truth.account: truth for truth in wrong() if truth.kind == "unattributed"}

    assert {"key/key_unclaimed", "person/xavier", "user/usr_contractor", "user/usr_deleted"} == set(told)
    assert told["person/xavier"].first == sample().story.left
    assert {None} == {truth.saving_nanos for truth in told.values()}


def test_nothing_is_told_of_a_key_whose_owner_has_not_left_yet() -> None:
    """Before somebody leaves, their key is in order."""
    told = sample(datetime(2026, 10, 1, tzinfo=UTC)).truth()

    assert "person/xavier" not in {truth.account for truth in told}


# Seats


def test_everybody_has_a_seat_and_app_yaml_has_its_price() -> None:
    """One of the assistant each, and five of the editor, whose users are members as well."""
    bot = sample()
    told = list(bot.seats())
    people_now = {person.id for person in bot.directory().people if person.active}
    house = load({}).policy
    priced = {product: house.seat_nanos(product) // 10**9 for product in PRICES_USD}

    assert {each.external_id for each in told if each.product.startswith("assistant")} == {
        f"usr_{person}" for person in people_now
    }
    assert {each.external_id for each in told if each.product == "editor_business"} == {
        "editor_ana", "editor_bob", "editor_dante", "editor_hanna", "editor_max"
    }  # fmt: skip
    assert {each.external_id for each in told} <= {each.external_id for each in bot.people()}
    assert priced == PRICES_USD
    assert {each.product for each in told} == PRICES_USD.keys()


def test_a_seat_was_used_on_the_last_day_of_usage() -> None:
    """Who never uses models never used the seat."""
    told = {each.external_id: each.active_on for each in sample().seats()}
    last: dict[str, date] = {}
    for row in during(NOW.date() - 20 * DAY, NOW.date() - DAY):
        last[row.subject] = max(row.bucket_start.date(), last.get(row.subject, date.min))

    assert told["usr_ana"] == last["usr_ana"]
    assert told["usr_ines"] is None


# Limits


def test_limits_are_set_paused_and_found_again_by_the_next_process(tmp_path: Path) -> None:
    """What was told is remembered in the file; resumed is as it was; nobody is made."""
    file = tmp_path / "limits.json"
    first = Sample(now=lambda: NOW, memory=file)
    ana = next(each.subject for each in first.limits() if each.name == "Ana Silva")
    assert first.set_limit(ana, 450 * 10**9).amount_nanos == 450 * 10**9
    before = first.before(ana)
    first.pause(ana)

    second = Sample(now=lambda: NOW, memory=file)
    found = second.limit(ana)
    assert found is not None
    assert (found.amount_nanos, found.paused) == (450 * 10**9, True)
    second.resume(ana, before)
    assert not any(each.paused for each in second.limits())
    with pytest.raises(UndeliverableError):
        second.set_limit(Subject("user", "nobody"), 10**9)


# Spikes, which only the demo begins


def hourly_usd(bot: Sample, now: datetime) -> list[float]:
    """What Crawler's last eight whole hours cost, by the report."""
    first = now.replace(minute=0) - timedelta(hours=8)
    rows = [row for row in bot.charges(now.date() - DAY, now.date()) if row.resource == "key_crawler"]
    return [usd(row for row in rows if row.bucket_start == first + timedelta(hours=number)) for number in range(8)]


def test_a_spike_is_in_the_report_at_once_and_in_that_of_another_process(tmp_path: Path) -> None:
    """Four hours before it is begun are far above usual already, on any day; beginning it twice is one spike."""
    for days in range(30):  # a day without a report among them
        now = NOW + days * DAY
        clock = partial(lambda moment: moment, now)
        memory = tmp_path / f"{days}" / "limits.json"
        bot = Sample(now=clock, memory=memory)
        bot.begin_spike()
        bot.begin_spike()
        seen = hourly_usd(bot, now)

        assert hourly_usd(Sample(now=clock, memory=memory), now) == seen
        assert min(seen[4:]) > 5
        assert max(seen[:4]) < 1 or days in (1, 2, 22, 23)  # a Tuesday's runaway


def test_a_spike_ends_when_it_is_paused_and_by_itself(tmp_path: Path) -> None:
    """The hour in which somebody pauses it is its last; else it is over after sixteen hours, and may begin anew."""
    now = NOW
    bot = Sample(now=lambda: now, memory=tmp_path / "limits.json")
    bot.begin_spike()
    bot.pause(Subject("key", "key_crawler"))
    now = NOW + 3 * timedelta(hours=1)
    assert [cost > 5 for cost in hourly_usd(bot, now)] == [False] + [True] * 5 + [False] * 2

    bot.begin_spike()
    now = NOW + DAY
    assert not any(cost > 5 for cost in hourly_usd(bot, now)[4:])
    bot.begin_spike()
    assert all(cost > 5 for cost in hourly_usd(bot, now)[4:])


# Outcomes


def test_teams_have_outcomes_of_people_who_worked() -> None:
    """Pull requests of engineers, tickets of Support; none of a day without work, and the same each time."""
    first, last = NOW.date() - 20 * DAY, NOW.date() + DAY
    told = list(sample().outcomes(first, last))
    worked = {(row.subject, row.bucket_start.date()) for row in during(first, last)}
    teams = {f"usr_{each.id}": each.team for each in sample().directory().people}

    assert told == list(sample().outcomes(first, last))
    assert {(each.what, teams[each.external_id] == "support") for each in told} == {
        ("pull_requests", False), ("tickets", True)
    }  # fmt: skip
    final = NOW.date() - 3 * DAY
    assert all((each.external_id, each.day) in worked for each in told if each.day <= final)
    assert max(each.day for each in told) <= NOW.date()
