"""The guard on worlds that nobody tuned it on: few of them here, all of them with `python -m bench.score.guard`."""

import pytest

from bench.score.guard import (
    GUARD,
    WORLDS,
    Played,
    Told,
    false_ones,
    false_table,
    hits,
    is_as_large,
    kinds_table,
    play,
)
from bench.score.guard_frontier import Scored, Window, false_alerts, found, main, needed, threshold_at
from bench.score.guard_worlds import BEGIN, DAY, DAYS, EPOCH, FEEDS, FIRST, HOUR, HOURS, Incident, Owner, World


@pytest.mark.long
def test_a_new_agent_and_an_unknown_key_of_a_small_company_are_told_within_a_reading() -> None:
    """In a company of four programs and in one of ten."""
    played = [play("small", seed) for seed in (1001, 1002)]
    told = [told for _, _, told in hits(played, GUARD)]
    assert len(told) == 8
    assert all(told)
    assert "an unknown key at $60 an hour" in str(kinds_table(played))
    assert "small" in str(false_table(played))


@pytest.mark.long
def test_bursty_loads_by_the_hour_are_silent_but_for_a_few() -> None:
    """Real ones, of which no hour is wrong: five alerts in a thousand owner-days at most."""
    played = play("auctions", 1)
    assert len(false_ones(played, GUARD)) * 1000 <= 5 * sum(played.owner_days.values())


def test_real_series_have_what_should_ring() -> None:
    """Pages of which one day in hundreds was read eight times as often; auctions of which no hour is wrong."""
    views, auctions = WORLDS["views"](1), WORLDS["auctions"](1)
    often = "a page read 8 × as often"
    assert {each.kind for each in views.incidents} == {often, f"{often}, as twice before"}
    assert all(FIRST < each.end <= EPOCH for each in views.incidents)  # what ends later nobody can tell
    assert {each.kind for each in views.arguable} >= {often, "a week of twice as much"}
    assert not auctions.incidents
    assert all(sum(each.costs) > 0 for each in (*views.owners, *auctions.owners))


def test_an_ordinary_day_as_large_as_a_runaway_is_false_and_counted_apart() -> None:
    """Nobody can tell it from one by what it cost. A smaller one, and one like another before, are false only."""
    costs = [1.0] * HOURS
    first = (FIRST - BEGIN) // DAY
    for number, dollars in ((2, 200.0), (4, 190.0), (6, 100.0), (8, 240.0)):
        costs[(first + number) * 24] += dollars
    world = World("one", [Owner("agent/a", FEEDS[0], costs)])
    told = [
        Told(f"{GUARD}: daily", "agent/a", start, start, start + DAY)
        for start in (FIRST + number * DAY for number in (2, 4, 6, 8))
    ]
    played = Played(world, {FEEDS[0].name: DAYS}, told)
    assert [is_as_large(played, each) for each in false_ones(played, GUARD)] == [True, False, False, True]


def test_a_world_is_the_same_each_time_and_another_for_another_seed() -> None:
    """So that two rules can be compared in it."""
    for name, world in WORLDS.items():
        one, same, other = world(1), world(1), world(2)
        assert [each.costs for each in one.owners] == [each.costs for each in same.owners], name
        assert [each.costs for each in one.owners] != [each.costs for each in other.owners], name
        assert one.incidents == same.incidents


# What can be reached -------------------------------------------------------------------------------------------------


def test_a_threshold_is_as_low_as_the_false_alerts_allow() -> None:
    """Windows that touch are one alert, and none is false that is in part about an incident."""
    start = FIRST + 5 * DAY
    incident = Incident("runaway 8 ×", "agent/a", FEEDS[0].name, start, start + DAY, 90.0)
    first = (start - BEGIN) // HOUR
    windows = [
        (Window(first, first + 24, 4.0), True),
        (Window(first + 24, first + 48, 4.0), False),
        (Window(first + 96, first + 120, 3.0), False),
        (Window(first + 120, first + 144, 3.0), False),
        (Window(first + 192, first + 216, 2.0), False),
    ]
    one = Scored([(incident, 4.0)], windows)
    assert [false_alerts(one, threshold) for threshold in (3.5, 2.5, 1.5)] == [0, 1, 2]
    assert threshold_at([one], 1) == 2.0
    assert found([one], "8 ×", 3.5) == "1.00"
    assert needed([one], "8 ×", 0.9) == 0


def test_an_owner_stays_what_it_is_like_when_its_days_are_thrown_anew() -> None:
    """Its days are others, and cost about as much on average."""
    for owner in WORLDS["offices"](1).owners[-2:]:
        assert owner.nature is not None
        again = [owner.nature.days_again(number) for number in range(3)]
        assert owner.costs not in again
        assert again[0] != again[1]
        assert all(0.5 < sum(costs) / sum(owner.costs) < 2 for costs in again)


def test_the_sweep_says_what_a_rule_reaches(capsys: pytest.CaptureFixture[str]) -> None:
    """On real series, of which nobody knows more than what was read."""
    assert main(["--worlds", "views", "--seeds", "1", "--processes", "1"]) == 0
    said = capsys.readouterr().out
    assert "so many times the median day" in said
    assert "knows what each owner is like" not in said
