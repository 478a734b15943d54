"""The guard's clocks and the sums of findings, alone, on plain figures."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.alerts.spikes.batches import month_back
from handlers.alerts.spikes.burn import Burn, Spell, goes_on
from handlers.alerts.spikes.remembering import meets
from handlers.alerts.spikes.rules import look
from handlers.alerts.spikes.tail import repeated, seldom_above
from handlers.alerts.spikes.weeks import drift
from handlers.waste.totals import total
from storage.findings import Found, Said
from storage.spikes import Sight, Spike

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
TODAY = NOW.date()
MORNING = NOW + timedelta(hours=5)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGAN = NOW - timedelta(days=30)
DOLLAR = 10**9
FLOOR = 25 * DOLLAR


def spells(costs: Sequence[int], end: datetime = NOW) -> list[Spell]:
    """Hours that follow each other up to now, with requests that differ."""
    first = end - len(costs) * HOUR
    return [Spell(first + n * HOUR, cost, 10 + n % 9, 1000 + n % 13 * 50, 100) for n, cost in enumerate(costs)]


def burn(hours: Sequence[Spell] = (), days: dict[date, int] | None = None, **more: object) -> Burn:
    """An account."""
    usual = {"new_hour": 10**8, "new_day": 3 * DOLLAR, "heard_until": NOW, "judged_from": TODAY - DAY}
    return Burn(hours, days or {}, **(usual | more))  # type: ignore[arg-type]


def seen(one: Burn) -> list[Sight]:
    """What rings."""
    return look(one, NOW, MORNING, FLOOR)


USUAL = [10**8 + n % 10 * 10**7 for n in range(200)]


def test_an_hour_of_ten_times_the_usual_rings_if_it_is_dear_by_morning() -> None:
    """$10 an hour over five hours to come."""
    [sight] = seen(burn(spells([*USUAL, 10 * DOLLAR])))

    assert (sight.rule, sight.since, sight.until) == ("velocity", NOW - HOUR, NOW)
    assert sight.rate_nanos == 10 * DOLLAR - sight.usual_nanos
    assert seen(burn(spells([*USUAL, 2 * DOLLAR]))) == []


def test_a_quiet_hour_does_not_end_it_and_four_do() -> None:
    """The report may have a hole; what stopped hours ago burns no more."""
    [sight] = seen(burn(spells([*USUAL, *[10 * DOLLAR] * 3, 0, 10 * DOLLAR])))
    assert sight.since == NOW - 5 * HOUR

    over = burn(spells([*USUAL, *[10 * DOLLAR] * 3, 0, 0, 0, 0]))
    [sight] = seen(over)
    assert not goes_on(over, sight, NOW)


def test_a_long_danger_does_not_become_its_own_usual() -> None:
    """What is usual was before it began."""
    hours = spells([*USUAL, *[10 * DOLLAR] * 150])
    assert seen(burn(hours)) == []
    [sight] = seen(burn(hours, since=NOW - 150 * HOUR))
    assert sight.excess_nanos == 150 * (10 * DOLLAR - sight.usual_nanos)


def test_without_a_history_the_dearest_of_ones_kind_is_the_measure() -> None:
    """A new key without a cap is not given two weeks; but nothing of it is said to be usual."""
    [sight] = seen(burn(spells([10 * DOLLAR])))
    assert (sight.rule, sight.usual_nanos) == ("velocity", 0)

    [sight] = seen(burn(days={TODAY: 40 * DOLLAR}))
    assert sight.rule == "daily"
    assert seen(burn(days={TODAY: 2 * DOLLAR})) == []


def working_days(cost: int) -> dict[date, int]:
    """Eight weeks of it before today, a little more and less."""
    days = [TODAY - n * DAY for n in range(1, 57)]
    return {day: cost * (80 + day.day % 5 * 10) // 100 for day in days if day.weekday() < 5}


def test_a_day_rings_while_it_lasts() -> None:
    """Three in the morning, and it is past everything."""
    days = working_days(5 * DOLLAR) | {TODAY: 60 * DOLLAR}
    [sight] = seen(burn(days=days))

    assert (sight.rule, sight.since, sight.until) == ("daily", datetime(2026, 11, 25, tzinfo=UTC), NOW)
    assert sight.excess_nanos == 60 * DOLLAR - sight.usual_nanos


def test_a_day_that_goes_on_counts_until_the_morning_and_one_that_is_over_does_not() -> None:
    """Three hours have cost $15, and five more are to come before somebody is there."""
    usual = working_days(2 * DOLLAR)
    [sight] = seen(burn(days=usual | {TODAY: 15 * DOLLAR}))
    assert sight.excess_nanos < FLOOR <= sight.excess_nanos + 5 * sight.rate_nanos

    assert seen(burn(days=usual | {TODAY - DAY: 15 * DOLLAR})) == []


def test_what_chance_brings_about_is_silent() -> None:
    """Nearly twice the usual of such days comes about now and then, which is too often for everybody on each day."""
    days = {TODAY - n * DAY: (20 + n * 7 % 13) * DOLLAR for n in range(1, 57)}
    assert seen(burn(days=days | {TODAY: 47 * DOLLAR})) == []
    assert [each.rule for each in seen(burn(days=days | {TODAY: 120 * DOLLAR}))] == ["daily"]


def test_a_night_with_a_midnight_in_it_rings_by_both_its_days() -> None:
    """Neither of them comes to the floor."""
    days = working_days(2 * DOLLAR) | {TODAY - DAY: 17 * DOLLAR, TODAY: 17 * DOLLAR}
    [sight] = seen(burn(days=days))
    assert sight.since == datetime(2026, 11, 24, tzinfo=UTC)
    assert sight.excess_nanos >= FLOOR


def test_a_dear_day_among_dear_days_is_silent() -> None:
    """Half as much again as the dearest is allowed."""
    days = working_days(40 * DOLLAR) | {TODAY: 70 * DOLLAR}
    assert seen(burn(days=days)) == []


@pytest.mark.parametrize("hours", [7, 8, 20])
def test_hours_that_are_all_alike_are_a_loop(hours: int) -> None:
    """From eight hours on."""
    same = [Spell(NOW - n * HOUR, 21 * 10**7, 40, 120_000, 16_000) for n in range(hours, 0, -1)]
    rung = [sight.rule for sight in seen(burn([*spells(USUAL, NOW - hours * HOUR), *same]))]

    assert rung == (["loop"] if hours >= 8 else [])


def test_work_that_varies_is_no_loop() -> None:
    """Two in a hundred are enough."""
    vary = [Spell(NOW - n * HOUR, 21 * 10**7, 40 + n % 2, 120_000, 16_000) for n in range(20, 0, -1)]
    assert seen(burn([*spells(USUAL, NOW - 20 * HOUR), *vary])) == []


def test_a_slow_drift_is_seen_by_weeks() -> None:
    """And only if there are three weeks to compare with."""
    days = {TODAY - n * DAY: (30 if n <= 7 else 6) * DOLLAR for n in range(1, 60)}
    sight = drift(days, TODAY, BEGAN, FLOOR)
    assert sight is not None
    assert (sight.now_nanos, sight.usual_nanos) == (210 * DOLLAR, 42 * DOLLAR)
    assert drift({day: cost for day, cost in days.items() if day > TODAY - 20 * DAY}, TODAY, BEGAN, FLOOR) is None
    assert drift(dict.fromkeys(days, 30 * DOLLAR), TODAY, BEGAN, FLOOR) is None


@given(st.lists(st.integers(0, 10**12), max_size=80), st.dictionaries(st.integers(0, 60), st.integers(0, 10**14)))
def test_whatever_is_reported_a_sight_is_above_the_floor_and_not_to_come(
    costs: list[int], days: dict[int, int]
) -> None:
    """No figure makes the guard stumble, or speak of small change."""
    for sight in seen(burn(spells(costs), {TODAY - n * DAY: cost for n, cost in days.items()})):
        assert sight.since < sight.until <= NOW
        assert sight.rate_nanos >= 0
        ahead = sight.rate_nanos * (5 if sight.rule == "velocity" else 24 * 7)
        assert sight.excess_nanos + ahead >= FLOOR or sight.rule == "daily"


def found(account: str, low: int, high: int, *parts: str) -> Found:
    """A finding about some parts of an account's bill."""
    return Found(account, "", Said(""), (), Said(""), high, (low, high), "high", frozenset(parts))


def test_findings_about_the_same_tokens_count_once() -> None:
    """The largest; those about other tokens, or of another account, are added."""
    here = [
        found("a", 1, 10, "m input"),
        found("a", 5, 8, "m input", "m output"),
        found("a", 1, 2, "n input"),
        found("b", 1, 4, "m input"),
    ]
    assert total(here) == (1 + 1 + 1, 10 + 2 + 4)


@given(
    st.lists(
        st.builds(
            found,
            st.sampled_from("ab"),
            st.integers(0, 5),
            st.integers(5, 10),
            st.sampled_from("xyz"),
            st.sampled_from("xyz"),
        ),
        max_size=8,
    )
)
def test_a_total_is_never_more_than_the_sum_nor_less_than_the_largest(every: list[Found]) -> None:
    """And its range is one."""
    low, high = total(every)
    sums = [each.saving or (0, 0) for each in every]

    assert low <= high <= sum(most for _, most in sums)
    assert high >= max((most for _, most in sums), default=0)


# Late, new, old, again -----------------------------------------------------------------------------------------------


def test_a_day_that_arrives_late_rings_when_it_is_known() -> None:
    """Two days later; and whether it goes on is not known, as nothing later is."""
    late = TODAY - 2 * DAY
    one = burn(
        days=working_days(5 * DOLLAR) | {late: 60 * DOLLAR, TODAY - DAY: 0},
        heard_until=datetime(2026, 11, 24, tzinfo=UTC),
        judged_from=TODAY - 7 * DAY,
    )
    [sight] = seen(one)
    assert (sight.rule, sight.since.date(), sight.now_nanos) == ("daily", late, 60 * DOLLAR)
    assert goes_on(one, sight, NOW)

    [sight] = seen(replace(one, heard_until=NOW))
    assert not goes_on(replace(one, heard_until=NOW), sight, NOW)
    assert seen(replace(one, judged_from=TODAY - DAY)) == []  # it was read when readings began


def test_what_burnt_before_anybody_looked_rings_with_all_its_days() -> None:
    """Three days of it are no reason to take them for usual."""
    days = working_days(5 * DOLLAR) | {TODAY - n * DAY: 60 * DOLLAR for n in range(3)}
    [sight] = seen(burn(days=days))
    assert sight.since.date() == TODAY - 2 * DAY


def test_one_large_day_of_long_ago_hides_nothing_and_two_do() -> None:
    """What happened once is not usual; what happened to a program now and then may have gone wrong each time."""
    usual = working_days(5 * DOLLAR) | {TODAY - 25 * DAY: 100 * DOLLAR}
    assert [each.rule for each in seen(burn(days=usual | {TODAY: 60 * DOLLAR}))] == ["daily"]
    one = burn(days=usual | {TODAY - 39 * DAY: 90 * DOLLAR, TODAY: 60 * DOLLAR})
    assert seen(replace(one, has_timetable=False)) == []
    assert [each.rule for each in seen(one)] == ["daily"]
    often = {TODAY - n * DAY: 90 * DOLLAR for n in (9, 12, 17, 23)}
    assert seen(replace(one, days={**one.days, **often})) == []


def test_of_little_money_what_happened_once_is_usual() -> None:
    """$40 after $33 some weeks ago is no matter; $400 after $330 is, where a usual day is as much larger."""
    for dollars, rings in ((1, False), (10, True)):
        days = working_days(3 * dollars * DOLLAR) | {TODAY - 25 * DAY: 33 * dollars * DOLLAR}
        one = burn(days=days | {TODAY: 40 * dollars * DOLLAR}, has_timetable=False)
        assert bool(seen(one)) is rings


@pytest.mark.parametrize("back", [7, 14, 28, 31])
def test_a_batch_that_comes_at_its_time_is_silent_though_nobody_answered(back: int) -> None:
    """A week, two, or four before, or on that day of the month before; a person has no such times."""
    last = TODAY - back * DAY
    one = burn(days=working_days(5 * DOLLAR) | {last: 90 * DOLLAR, TODAY: 100 * DOLLAR}, odd=frozenset({last}))
    assert seen(one) == []
    assert [each.rule for each in seen(replace(one, has_timetable=False))] == ["daily"]
    assert [each.rule for each in seen(replace(one, days={**one.days, TODAY: 200 * DOLLAR}))] == ["daily"]


def test_ten_times_the_usual_rings_after_ten_days_of_history() -> None:
    """Its own days say enough, whatever others cost."""
    days = {TODAY - n * DAY: (5 + n % 3) * DOLLAR for n in range(1, 11)}
    assert [each.rule for each in seen(burn(days=days | {TODAY: 60 * DOLLAR}, new_day=900 * DOLLAR))] == ["daily"]
    assert seen(burn(days=days | {TODAY: 20 * DOLLAR})) == []


@pytest.mark.parametrize(("growth", "times"), [(1.06, 1.7), (1.12, 2.25), (1.4, 1.5)])
def test_the_dearest_days_say_how_far_others_may_go(growth: float, times: float) -> None:
    """The more unlike they are, the further, up to 2.25 times the dearest; of days of all sizes 1.5 times is enough."""
    days = [round(DOLLAR * growth ** (n % 20)) for n in range(40)]
    assert seldom_above(days, 0.003, 14) / max(days) == pytest.approx(times, abs=0.02)


def test_what_happened_once_counts_as_half_more_than_what_happened_again_at_most() -> None:
    """Also if it lasted over midnight."""
    days = {TODAY - n * DAY: 5 * DOLLAR for n in range(1, 30)}
    assert max(repeated(days | {TODAY - 9 * DAY: 60 * DOLLAR, TODAY - 10 * DAY: 40 * DOLLAR})) == 75 * DOLLAR // 10
    assert max(repeated(days | {TODAY - 9 * DAY: 60 * DOLLAR, TODAY - 12 * DAY: 40 * DOLLAR})) == 60 * DOLLAR
    assert repeated({TODAY: DOLLAR}) == [DOLLAR]


def test_five_days_that_are_alike_may_be_so_by_chance() -> None:
    """More is allowed after them than after forty."""
    even = [10 * DOLLAR + n * 10**7 for n in range(40)]
    assert seldom_above(even[:5], 0.003, 14) > seldom_above(even, 0.003, 14)


def test_a_day_between_batches_is_compared_with_such_days_only() -> None:
    """A weekly batch of $200 hides no $150 on another weekday; on its own weekday it does."""
    batch = TODAY.weekday()
    days = {
        day: 200 * DOLLAR if day.weekday() == batch else (5 + day.day % 3) * DOLLAR
        for day in (TODAY - n * DAY for n in range(1, 57))
    }
    assert seen(burn(days=days | {TODAY: 200 * DOLLAR})) == []
    other = {day - DAY: cost for day, cost in days.items()}
    assert [each.rule for each in seen(burn(days=other | {TODAY: 150 * DOLLAR}))] == ["daily"]
    assert seen(burn(days=other | {TODAY: 150 * DOLLAR}, has_timetable=False)) == []


def test_a_monthly_batch_hides_nothing_on_another_day_of_the_month() -> None:
    """Two closes of $300, on the first of two months."""
    days = {TODAY - n * DAY: (5 + n % 3) * DOLLAR for n in range(1, 57)}
    days |= {date(2026, 11, 1): 300 * DOLLAR, date(2026, 10, 1): 290 * DOLLAR}
    assert [each.rule for each in seen(burn(days=days | {TODAY: 200 * DOLLAR}))] == ["daily"]


def test_a_night_at_which_nobody_works_rings_though_a_day_may_cost_as_much() -> None:
    """$40 from eight in the evening on; by day it is one of many such days."""
    costs = [10, 35, 20, 45, 15]
    start = NOW - timedelta(days=27, hours=3)
    office = [
        Spell(start + n * DAY + hour * HOUR, costs[n % 5] * DOLLAR // 10, 9, 900, 90)
        for n in range(27)
        for hour in range(6, 16)
    ]
    days = {start.date() + n * DAY: costs[n % 5] * DOLLAR for n in range(27)}
    night = [Spell(NOW - (7 - n) * HOUR, 5 * DOLLAR, 9, 900, 90) for n in range(8)]
    one = burn([*office, *night], days | {TODAY - DAY: 20 * DOLLAR, TODAY: 20 * DOLLAR})
    [sight] = seen(one)
    assert (sight.rule, sight.since, sight.excess_nanos) == ("velocity", NOW - 7 * HOUR, 40 * DOLLAR)
    again = [Spell(each.start - 14 * DAY, each.cost_nanos, 9, 900, 90) for each in night]
    twice = [Spell(each.start - 21 * DAY, each.cost_nanos, 9, 900, 90) for each in night]
    worked = sorted([*office, *again, *twice, *night], key=lambda each: each.start)
    assert seen(replace(one, hours=worked)) == []  # two such nights are usual
    by_day = [replace(each, start=each.start - 14 * HOUR) for each in night]
    assert seen(replace(one, hours=[*office[:-20], *by_day])) == []


def test_eight_hours_of_twice_the_dearest_hour_ring() -> None:
    """No single hour is out of the ordinary; a night of them is."""
    office = [DOLLAR * (8 <= n % 24 < 18) for n in range(24 * 20 - 21)]
    days = {TODAY - n * DAY: 10 * DOLLAR for n in range(1, 21)}
    one = burn(spells([*office, *[4 * DOLLAR] * 8]), days | {TODAY: 32 * DOLLAR})
    assert seen(one)[0].rule == "velocity"
    assert seen(burn(spells([*office, *[2 * DOLLAR] * 8]), days)) == []


def test_four_times_the_usual_of_a_steady_program_rings() -> None:
    """By the day, and by the hour."""
    days = {TODAY - n * DAY: (18 + n % 5) * DOLLAR for n in range(1, 57)}
    assert [each.rule for each in seen(burn(days=days | {TODAY: 80 * DOLLAR}))] == ["daily"]
    hours = spells([*[9 * DOLLAR // 10 + n % 5 * 10**8 for n in range(26 * 24)], *[10 * DOLLAR] * 8])
    assert seen(burn(hours, days | {TODAY: 80 * DOLLAR}))[0].rule == "velocity"


def test_five_percent_more_each_day_is_a_drift() -> None:
    """Within three weeks; what varies as much and does not grow is none."""
    grows = {TODAY - n * DAY: round(20 * DOLLAR * 1.05 ** max(0, 20 - n)) for n in range(1, 60)}
    assert drift(grows, TODAY, BEGAN, FLOOR) is not None
    rests = {day: cost // (1 + (day.weekday() > 4)) for day, cost in grows.items()}  # half as much on weekends
    assert drift(rests, TODAY, BEGAN, FLOOR) is not None
    varies = {day: 20 * DOLLAR * (1 + 2 * (day.day % 3 == 0)) for day in grows}
    assert drift(varies, TODAY, BEGAN, FLOOR) is None


def test_an_hour_that_goes_on_is_judged_by_its_pace() -> None:
    """$20 in twenty minutes are $60 an hour; in its first minutes nobody can say."""
    now = NOW + HOUR / 3
    hours = [*spells(USUAL), Spell(NOW, 20 * DOLLAR, 10, 1000, 100)]
    [sight] = look(burn(hours, heard_until=now), now, MORNING, FLOOR)
    assert (sight.since, sight.until, sight.now_nanos) == (NOW, now, 60 * DOLLAR)
    assert sight.rate_nanos == 60 * DOLLAR - sight.usual_nanos

    now = NOW + HOUR / 60
    [sight] = look(burn(hours, heard_until=now), now, MORNING, FLOOR)
    assert sight.now_nanos == 80 * DOLLAR


def test_hours_that_come_late_go_on_until_later_ones_are_known() -> None:
    """Though a provider tells its day at once: what is told by the hour is known as far as hours are."""
    hours = spells([*USUAL, *[10 * DOLLAR] * 3], NOW - 4 * HOUR)
    late = burn(hours, hours_until=NOW - 4 * HOUR)
    [sight] = seen(late)
    assert goes_on(late, sight, NOW)
    [sight] = seen(burn(hours, hours_until=NOW - HOUR))
    assert not goes_on(burn(hours, hours_until=NOW - HOUR), sight, NOW)


def test_the_hour_that_goes_on_hides_no_loop() -> None:
    """It is smaller than the others because it is not over."""
    alike = [Spell(NOW - n * HOUR, DOLLAR, 60, 60_000, 6_000) for n in range(12, 0, -1)]
    now = NOW + HOUR / 4
    told = burn([*alike, Spell(NOW, DOLLAR // 4, 15, 15_000, 1_500)], heard_until=now)
    assert "loop" in [each.rule for each in look(told, now, MORNING, FLOOR)]


# Judged alike each time ----------------------------------------------------------------------------------------------


def test_a_day_is_judged_by_the_eight_weeks_before_it_however_late() -> None:
    """Two large days of eight weeks ago make $60 usual; five days later they still do, for that day."""
    day = TODAY - 5 * DAY
    large = {day - 52 * DAY: 80 * DOLLAR, day - 54 * DAY: 80 * DOLLAR}
    days = {day - n * DAY: (4 + n % 3) * DOLLAR for n in range(1, 57)} | large | {day: 90 * DOLLAR}
    assert seen(burn(days=days, judged_from=TODAY - 7 * DAY, has_timetable=False)) == []
    without = {each: cost for each, cost in days.items() if each not in large}
    assert [each.rule for each in seen(burn(days=without, judged_from=TODAY - 7 * DAY))] == ["daily"]


def test_two_days_of_which_one_would_be_usual_alone_are_usual() -> None:
    """Few days follow each other, so such pairs have no history; the days themselves have."""
    days = {TODAY - n * DAY: [200, 150, 90][n % 3] * DOLLAR for n in range(4, 56, 4)}
    large = {TODAY - DAY: 230 * DOLLAR, TODAY: 10 * DOLLAR}
    one = burn(days=days | large, new_day=20 * DOLLAR, has_timetable=False)
    assert seen(one) == []


def test_on_a_day_on_which_there_is_seldom_any_usage_less_is_out_of_the_ordinary() -> None:
    """A Sunday of somebody who works on weekdays."""
    sunday = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    usual = {sunday.date() - n * DAY: (2 + n * n % 19) * DOLLAR for n in range(1, 57)}
    days = {day: cost for day, cost in usual.items() if day.weekday() < 5}
    for day, dollars, rung in ((sunday.date(), 35, ["daily"]), (sunday.date() - 4 * DAY, 35, [])):
        one = burn(days=days | {day: dollars * DOLLAR}, heard_until=sunday, judged_from=sunday.date() - 4 * DAY)
        assert [each.rule for each in look(one, sunday, sunday, 15 * DOLLAR)] == rung


def test_little_money_has_to_be_further_from_the_usual_than_much() -> None:
    """Two and a half times the usual: $45 more is no matter, $4,500 more is."""
    for dollars, rings in ((30, False), (3000, True)):
        days = {TODAY - n * DAY: (dollars + n % 3) * DOLLAR for n in range(1, 57)}
        assert bool(seen(burn(days=days | {TODAY: dollars * DOLLAR * 5 // 2}))) is rings


def test_a_day_that_goes_on_is_not_taken_to_last_until_monday() -> None:
    """On Friday afternoon $10 were spent; there will be no three days of it."""
    friday = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    days = {friday.date() - n * DAY: (10 + n % 3) * DOLLAR // 20 for n in range(1, 57)}
    monday = friday + timedelta(days=2, hours=17)
    for dollars, rings in ((10, False), (16, True)):
        one = burn(days=days | {friday.date(): dollars * DOLLAR}, heard_until=friday, judged_from=friday.date())
        assert bool(look(one, friday, monday, FLOOR)) is rings


def test_eight_usual_days_ring_though_days_are_very_unlike() -> None:
    """The dearest was five usual ones; twice that is not waited for."""
    days = {TODAY - n * DAY: [5, 5, 6, 5, 24, 5, 9][n % 7] * DOLLAR for n in range(1, 57)}
    assert [each.rule for each in seen(burn(days=days | {TODAY: 42 * DOLLAR}, has_timetable=False))] == ["daily"]
    assert seen(burn(days=days | {TODAY: 35 * DOLLAR}, has_timetable=False)) == []


def test_a_weekday_of_batches_is_known_though_something_large_came_on_another_once() -> None:
    """Each Sunday $100; a Tuesday of $110 some weeks ago hides no $90 on a Wednesday."""
    days = {day: (100 if day.weekday() == 6 else 5) * DOLLAR for day in (TODAY - n * DAY for n in range(1, 57))}
    assert [each.rule for each in seen(burn(days=days | {TODAY - 22 * DAY: 110 * DOLLAR, TODAY: 90 * DOLLAR}))] == [
        "daily"
    ]


def test_a_batch_of_every_second_sunday_hides_nothing_on_another_day() -> None:
    """Four Sundays of eight cost $200; a Wednesday of $150 is none of them."""
    days = {TODAY - n * DAY: (200 if n % 14 == 3 else 5) * DOLLAR for n in range(1, 57)}
    assert [each.rule for each in seen(burn(days=days | {TODAY: 150 * DOLLAR}))] == ["daily"]


def test_what_comes_on_the_first_sunday_of_a_month_is_a_batch() -> None:
    """Five weeks lie between two of them, or four."""
    sunday = datetime(2026, 11, 1, 23, 0, tzinfo=UTC)
    days = {sunday.date() - n * DAY: (5 + n % 3) * DOLLAR for n in range(1, 57)}
    first = date(2026, 9, 27)
    one = burn(days=days | {first: 90 * DOLLAR, sunday.date(): 100 * DOLLAR}, judged_from=sunday.date())
    assert (sunday.date() - first).days == 35
    assert look(replace(one, heard_until=sunday), sunday, sunday, FLOOR) == []


def test_one_large_day_is_no_drift_and_a_week_before_readings_began_is_old() -> None:
    """The day itself was judged; twice as much before anybody looked is not news, three times is."""
    usual = {TODAY - n * DAY: 10 * DOLLAR for n in range(1, 60)}
    assert drift(usual | {TODAY - 3 * DAY: 300 * DOLLAR}, TODAY, BEGAN, FLOOR) is None
    for dollars, rings in ((22, False), (40, True)):
        week = usual | {TODAY - n * DAY: dollars * DOLLAR for n in range(1, 8)}
        assert drift(week, TODAY, BEGAN, FLOOR) is not None
        assert (drift(week, TODAY, NOW - DAY, FLOOR) is not None) is rings


def test_hours_that_come_to_light_shortly_before_what_is_over_are_the_same_matter() -> None:
    """What comes after it is new, and so is what was half a day before."""
    over = Spike(
        "velocity", NOW - 9 * HOUR, NOW - 6 * HOUR, 9, 1, 9, 1, id=1, account_id="agent/a", burns=False, told_nanos=9,
        told_times=1, paused=False, verdict="", ended_at=NOW,
    )  # fmt: skip
    for since, same in ((-14, True), (-22, False), (-5, False), (-8, True)):
        start = NOW + since * HOUR
        assert meets(over, Sight("velocity", start, start + HOUR, 9, 1, 9, 1)) is same


# Days that there seldom are, newcomers among others, quiet hours, closes of months -----------------------------------


def test_on_a_day_off_less_is_out_of_the_ordinary_than_on_a_working_day() -> None:
    """Of somebody who never works on weekends: $58 on a Sunday ring, and not on a Monday."""
    sunday = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    for moment, rings in ((sunday, True), (sunday + DAY, False)):
        days = {moment.date() - n * DAY: (6 + (n * 7 % 17) ** 2 // 7) * DOLLAR for n in range(1, 57)}
        days = {day: cost for day, cost in days.items() if day.weekday() < 5} | {moment.date(): 58 * DOLLAR}
        one = burn(days=days, has_timetable=False, judged_from=moment.date(), heard_until=moment)
        assert bool(look(one, moment, moment, FLOOR)) is rings


def test_a_dear_day_of_others_is_allowed_to_somebody_who_came_two_weeks_ago() -> None:
    """Nine days of up to $6; $35 is nothing special where $60 is a dear day of others, and is where nobody knows."""
    days = {TODAY - n * DAY: (2 + n % 5) * DOLLAR for n in range(1, 10)} | {TODAY: 35 * DOLLAR}
    assert seen(burn(days=days, dear_day=60 * DOLLAR, has_timetable=False)) == []
    assert [each.rule for each in seen(burn(days=days, has_timetable=False))] == ["daily"]
    much = days | {TODAY: 120 * DOLLAR}
    assert [each.rule for each in seen(burn(days=much, dear_day=60 * DOLLAR, has_timetable=False))] == ["daily"]
    known = {TODAY - n * DAY: (2 + n % 5) * DOLLAR for n in range(1, 40)} | {TODAY: 35 * DOLLAR}
    assert [each.rule for each in seen(burn(days=known, dear_day=60 * DOLLAR, has_timetable=False))] == ["daily"]


def test_a_day_whose_hours_have_become_quiet_costs_no_more() -> None:
    """$20 until seven in the evening; nothing in the two hours after it, as far as hours are told, and it is over."""
    evening = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
    days = working_days(2 * DOLLAR) | {TODAY: 20 * DOLLAR}
    for last, rings in ((18, False), (21, True)):
        hours = [
            Spell(datetime(2026, 11, 25, hour, tzinfo=UTC), DOLLAR, 10, 9, 9)
            for hour in range(last - 19, last + 1)
            if hour >= 0
        ]
        hours[0] = replace(hours[0], cost_nanos=20 * DOLLAR - sum(each.cost_nanos for each in hours[1:]))
        one = burn(hours, days, heard_until=evening, has_timetable=False)
        rung = [each for each in look(one, evening, evening + 12 * HOUR, FLOOR) if each.rule == "daily"]
        assert bool(rung) is rings, last


def test_books_that_are_closed_each_month_are_no_drift() -> None:
    """Five dear days at the end of each month, or a week of them; the first close is told, and one of twice as much."""
    end = date(2026, 11, 4)
    closes = {date(2026, 10, 29) + n * DAY for n in (0, 1, 3, 4, 5)}
    before = {date(2026, 9, 28) + n * DAY for n in range(5)}
    days = {end - n * DAY: 5 * DOLLAR for n in range(1, 64)}
    closed = days | dict.fromkeys(closes, 120 * DOLLAR)
    began = datetime(2026, 9, 1, tzinfo=UTC)
    assert drift(closed, end, began, FLOOR) is not None
    assert drift(closed | dict.fromkeys(before, 110 * DOLLAR), end, began, FLOOR) is None
    whole, last = ({first + n * DAY for n in range(7)} for first in (date(2026, 10, 28), date(2026, 9, 28)))
    long = days | dict.fromkeys(whole, 120 * DOLLAR)
    assert drift(long | dict.fromkeys(last, 110 * DOLLAR), end, began, FLOOR) is None
    assert drift(long | dict.fromkeys(last, 60 * DOLLAR), end, began, FLOOR) is not None
    stays = closed | {date(2026, 9, 28) + n * DAY: 70 * DOLLAR for n in range(20)}
    assert drift(stays, end, began, FLOOR) is None  # as much was usual


def test_seven_dear_days_are_a_week_wherever_they_begin() -> None:
    """They were on both sides of a border of whole weeks; half as much again, not on each day, is no drift."""
    days = {TODAY - n * DAY: 5 * DOLLAR for n in range(1, 64)} | {TODAY - n * DAY: 100 * DOLLAR for n in range(25, 32)}
    now = {TODAY - n * DAY: (90 if n in {2, 5} else 170) * DOLLAR for n in range(1, 8)}
    assert drift(days | now, TODAY, BEGAN, FLOOR) is None


def test_what_comes_on_the_first_working_days_of_a_month_is_a_batch_wherever_weekends_lie() -> None:
    """October began on a Thursday, November on a Sunday: the third working day is the 5th, and the 4th."""
    moment = datetime(2026, 11, 4, 23, 0, tzinfo=UTC)
    days = {moment.date() - n * DAY: 4 * DOLLAR for n in range(1, 57)}
    for day, dollars in (
        ("09-01", 300),
        ("09-02", 180),
        ("09-03", 100),
        ("10-01", 310),
        ("10-02", 170),
        ("10-05", 110),
    ):
        days[date.fromisoformat(f"2026-{day}")] = dollars * DOLLAR
    days |= {date(2026, 10, 6): 60 * DOLLAR, date(2026, 11, 2): 320 * DOLLAR, date(2026, 11, 3): 150 * DOLLAR}
    hours = [Spell(moment - n * HOUR, DOLLAR // 4, 9, 9, 9) for n in range(24, 600)]
    hours += [Spell(moment - (12 - n) * HOUR, 15 * DOLLAR, 9, 9 + n, 9) for n in range(8)]
    one = burn(sorted(hours, key=lambda each: each.start), days, judged_from=moment.date(), heard_until=moment)
    today = replace(one, days=days | {moment.date(): 120 * DOLLAR})
    assert look(today, moment, moment, FLOOR) == []
    october = {day: 4 * DOLLAR if day.month == 10 else cost for day, cost in today.days.items()}
    assert look(replace(today, days=october), moment, moment, FLOOR) != []


def test_a_batch_with_a_midnight_in_it_is_as_large_as_both_its_days_were() -> None:
    """On the first Monday of a month from ten to two, $40 on either side of midnight; four weeks ago by days only."""
    monday = datetime(2026, 11, 2, 22, 0, tzinfo=UTC)
    now = monday + 5 * HOUR
    hours = [Spell(now - n * HOUR, DOLLAR // 10, 9, 9, 9) for n in range(5, 27 * 24) if n % 5]
    hours += [Spell(monday + n * HOUR, 20 * DOLLAR, 9, 9 + n, 9) for n in range(4)]
    days = {now.date() - n * DAY: 2 * DOLLAR for n in range(57)} | {now.date(): 42 * DOLLAR, monday.date(): 42 * DOLLAR}
    last = {date(2026, 10, 5): 42 * DOLLAR, date(2026, 10, 6): 42 * DOLLAR}
    one = burn(sorted(hours, key=lambda each: each.start), days, judged_from=now.date() + DAY, heard_until=now)
    assert look(replace(one, days=days | last), now, now, FLOOR) == []
    assert look(one, now, now, FLOOR) != []


def test_a_day_of_a_month_is_compared_with_the_same_working_day_too() -> None:
    """The fifth one from the beginning, and the last one; a Sunday with the days around its number only."""
    for day, then in (("2026-07-07", "2026-06-05"), ("2026-02-27", "2026-01-30")):
        one = date.fromisoformat(day)
        assert (one - date.fromisoformat(then)).days in month_back(one)
    sunday = date(2026, 11, 15)
    assert [sunday - back * DAY for back in month_back(sunday)] == [date(2026, 10, 16 - n) for n in range(3)]
