"""How a period will end: the kernel alone, on plain days and numbers."""

import random
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.questions.projection import coverage, project

DAY = timedelta(days=1)
TODAY = date(2026, 11, 22)  # a Sunday
FIRST, END = date(2026, 11, 1), date(2026, 12, 1)

Days = list[tuple[date, int]]

one_day = st.tuples(st.dates(TODAY - 70 * DAY, TODAY), st.integers(0, 10**13))
days_of_use = st.sampled_from([0, 35]).flatmap(
    lambda least: st.lists(one_day, min_size=least, max_size=71, unique_by=lambda day: day[0])
)


def each_day(first: date, end: date, working: int, weekend: int = 0) -> Days:
    """One number for working days, another for weekends."""
    count = (end - first).days
    return [(day, working if day.weekday() < 5 else weekend) for day in (first + n * DAY for n in range(count))]


def lively(seed: int, weeks: int) -> Days:
    """Somebody's days as they are in life: uneven, quiet on weekends, a week off now and then."""
    dice = random.Random(seed)
    days: Days = []
    for number in range(weeks):
        monday = date(2026, 1, 5) + 7 * number * DAY
        level = 0.0 if dice.random() < 0.05 else dice.lognormvariate(0, 0.2)
        for day in range(7):
            busy = 1.0 if day < 5 else 0.1
            days.append((monday + day * DAY, int(10**9 * level * busy * dice.lognormvariate(0, 0.5))))
    return days


def test_working_days_and_weekends_are_told_apart() -> None:
    """15 working days are spent, 6 are to come, and no weekend adds anything: 10 × 21."""
    seen = project(each_day(TODAY - 56 * DAY, TODAY, 10), FIRST, END, TODAY)

    assert (seen.p10, seen.p50, seen.p90) == (210, 210, 210)
    assert (seen.spent, seen.method) == (150, "weeks")


def test_a_holiday_is_like_a_weekend() -> None:
    """Thursday the 26th and Friday the 27th are known to be free."""
    free = {date(2026, 11, 26), date(2026, 11, 27)}

    assert project(each_day(TODAY - 56 * DAY, TODAY, 10), FIRST, END, TODAY, free=free).p50 == 190


def test_a_past_holiday_does_not_make_working_days_look_quiet() -> None:
    """A known free day without use belongs to the weekends of the history."""
    off = {TODAY - n * DAY for n in (2, 3, 4)}
    days = [(day, 0 if day in off else amount) for day, amount in each_day(TODAY - 56 * DAY, TODAY, 10)]

    told, untold = project(days, FIRST, END, TODAY, free=off), project(days, FIRST, END, TODAY)
    assert told.p90 - told.spent > untold.p10 - untold.spent
    assert told.p50 > untold.p50


def test_the_day_it_runs_out_is_the_first_at_whose_end_nothing_is_left() -> None:
    """150 of 170 are used: Monday takes 10, Tuesday the last 10."""
    seen = project(each_day(TODAY - 56 * DAY, TODAY, 10), FIRST, END, TODAY, limit=170)

    assert seen.runs_out == (date(2026, 11, 24),) * 3


def test_it_runs_out_earlier_if_it_goes_fast_and_later_if_it_goes_slowly() -> None:
    """Three days: P90, the middle, P10; None where the period ends first."""
    days = [
        (day, amount * (1 + (number // 7) % 3))
        for number, (day, amount) in enumerate(each_day(TODAY - 56 * DAY, TODAY, 10))
    ]
    spent = sum(amount for day, amount in days if day >= FIRST)
    early, middle, late = project(days, FIRST, END, TODAY, limit=spent + 60).runs_out

    assert early
    assert early < (middle or END)
    assert (middle or END) <= (late or END)


def test_a_used_up_limit_ran_out_on_a_day_of_the_past() -> None:
    """Known days are no guess."""
    seen = project(each_day(TODAY - 56 * DAY, TODAY, 10), FIRST, END, TODAY, limit=100)

    assert seen.runs_out == (date(2026, 11, 13),) * 3


def test_a_day_that_is_not_over_is_no_history_and_counts_at_least_what_it_has() -> None:
    """Monday noon: 4 by now will become the usual 10; 40 by now stay 40."""
    monday = TODAY + DAY
    past = each_day(monday - 56 * DAY, monday, 10)

    assert project([*past, (monday, 4)], FIRST, END, monday).p50 == 210
    assert project([*past, (monday, 40)], FIRST, END, monday).p50 == 240


def test_days_that_were_not_wholly_reported_are_no_history_either() -> None:
    """The provider is silent since Wednesday: the days after are drawn, not taken for zero."""
    wednesday = date(2026, 11, 18)
    seen = project(each_day(TODAY - 56 * DAY, wednesday, 10), FIRST, END, TODAY, whole_until=wednesday)

    assert (seen.spent, seen.p50) == (120, 210)


def test_a_short_history_goes_on_at_the_plain_pace_with_a_wide_range() -> None:
    """Ten active days: the mean of the fourteen days since, half of it, and twice it."""
    seen = project(each_day(TODAY - 14 * DAY, TODAY, 14), FIRST, END, TODAY)

    assert (seen.method, seen.history_days, seen.since) == ("pace", 10, date(2026, 11, 9))
    assert (seen.p10, seen.p50, seen.p90) == (140 + 9 * 5, 140 + 9 * 10, 140 + 9 * 21)


def test_one_day_is_not_taken_for_every_day() -> None:
    """A first day of 70 is a week of 70 until more is known."""
    seen = project([(TODAY - DAY, 70)], FIRST, END, TODAY)

    assert (seen.p10, seen.p50, seen.p90) == (70 + 9 * 5, 70 + 9 * 10, 70 + 9 * 20)


def test_nothing_known_is_nothing_expected() -> None:
    """No days, and days of zero: what is spent is all there is."""
    for days in ([], each_day(TODAY - 56 * DAY, TODAY, 0)):
        seen = project(days, FIRST, END, TODAY, limit=100)

        assert (seen.spent, seen.p10, seen.p90, seen.since) == (0, 0, 0, None)
        assert seen.runs_out == (None, None, None)
        assert len(seen.course) == 30


def test_the_leap_day_is_a_day_like_others() -> None:
    """February 2028 has 29 days: 21 working days."""
    today = date(2028, 2, 21)
    seen = project(each_day(today - 56 * DAY, today, 10), date(2028, 2, 1), date(2028, 3, 1), today)

    assert (seen.p50, len(seen.course)) == (210, 29)


def test_a_day_that_stands_alone_does_not_come_again() -> None:
    """One runaway of a hundred times the usual moves neither the middle nor the upper end much."""
    calm = each_day(TODAY - 56 * DAY, TODAY, 10)
    wild = [(day, 1000 if day == date(2026, 10, 14) else amount) for day, amount in calm]

    assert project(wild, FIRST, END, TODAY).p90 <= 1.1 * project(calm, FIRST, END, TODAY).p90


def test_recent_weeks_count_more() -> None:
    """Who has doubled the use four weeks ago is expected nearer to the new level than to the old."""
    days = each_day(TODAY - 56 * DAY, TODAY - 28 * DAY, 10) + each_day(TODAY - 28 * DAY, TODAY, 20)
    seen = project(days, FIRST, END, TODAY)

    assert seen.p50 - seen.spent > 6 * 15


def grown(rate: float, level: int = 10**9) -> Days:
    """Ninety days that end before today, growing by a rate a day, with a little of everything else."""
    dice = random.Random(7)
    first = TODAY - 90 * DAY
    return [
        (day, int(level * (1 + rate) ** n * (1 if day.weekday() < 5 else 0.1) * dice.lognormvariate(0, 0.1)))
        for n, day in enumerate(first + n * DAY for n in range(90))
    ]


def test_growth_goes_on_but_not_for_ever() -> None:
    """One percent a day: more than the last weeks on average, less than if it never ended."""
    days = grown(0.01)
    end = TODAY + 30 * DAY
    last_month = sum(amount for day, amount in days if day >= TODAY - 30 * DAY)
    for_ever = last_month * 1.01**30
    seen = project(days, TODAY, end, TODAY)

    assert 1.05 * last_month < seen.p50 < for_ever
    assert seen.p10 < for_ever < 1.1 * seen.p90


def test_a_decline_goes_on_too() -> None:
    """One percent a day less."""
    days = grown(-0.01)
    last_month = sum(amount for day, amount in days if day >= TODAY - 30 * DAY)

    assert project(days, TODAY, TODAY + 30 * DAY, TODAY).p50 < 0.95 * last_month


def test_weeks_that_do_not_agree_are_no_growth() -> None:
    """Full and empty weeks in turn are taken for what they are on average."""
    days = [(day, amount * (1 + n // 7 % 2)) for n, (day, amount) in enumerate(each_day(TODAY - 84 * DAY, TODAY, 10))]
    seen = project(days, TODAY, TODAY + 28 * DAY, TODAY)

    assert 0.85 * 20 * 15 < seen.p50 < 1.15 * 20 * 15


def test_a_range_that_could_not_be_tried_is_rough() -> None:
    """Twenty days are too few to look back eight times; ninety are enough."""
    assert project(each_day(TODAY - 20 * DAY, TODAY, 10), FIRST, END, TODAY).is_rough
    assert not project(each_day(TODAY - 90 * DAY, TODAY, 10), FIRST, END, TODAY).is_rough


def test_it_says_the_same_every_time() -> None:
    """A figure moves only if the days do."""
    days = lively(1, 8)
    today = days[-1][0] + DAY

    assert project(days, today, today + 30 * DAY, today) == project(days, today, today + 30 * DAY, today)


@settings(deadline=None, max_examples=50)
@given(
    days_of_use,
    st.integers(0, 10**14),
    st.sampled_from([FIRST, TODAY, TODAY + DAY, date(2026, 1, 1)]),
    st.integers(0, 9),
)
def test_the_ends_stand_in_order_and_never_below_what_is_spent(
    days: Days, limit: int, first: date, silent: int
) -> None:
    """Whatever the days: spent ≤ P10 ≤ P50 ≤ P90, the course rises to P50, and the days it runs out stand in order."""
    end = date(2026, 12, 31)
    seen = project(days, first, end, TODAY, whole_until=TODAY - silent * DAY, limit=limit)

    assert seen.spent == sum(amount for day, amount in days if first <= day < end)
    assert seen.spent <= seen.p10 <= seen.p50 <= seen.p90
    assert list(seen.course) == sorted(seen.course)
    assert (len(seen.course), seen.course[-1]) == ((end - first).days, seen.p50)
    dates = [day or end for day in seen.runs_out]
    assert dates == sorted(dates)
    assert [day < end for day in dates] == [each >= limit for each in (seen.p90, seen.p50, seen.p10)]


def test_the_range_holds_about_as_often_as_it_says() -> None:
    """Eight cases of ten are promised; tried on the weeks of four people, it is between six and nine and a half."""
    held, tried = map(sum, zip(*(coverage(lively(seed, 20)) for seed in range(4)), strict=True))

    assert tried > 400
    assert 0.6 <= held / tried <= 0.97


def test_nothing_is_tried_on_a_history_that_is_too_short() -> None:
    """Fourteen active days must lie before a day, and the week after it must be known."""
    assert coverage([]) == (0, 0)
    assert coverage(each_day(TODAY - 21 * DAY, TODAY, 10)) == (0, 0)


def test_a_price_that_rises_counts_from_its_day_and_the_past_at_its_own() -> None:
    """From the 25th on a quarter more. A rise two weeks ago leaves the six coming days as the last ones were."""
    steady = each_day(TODAY - 56 * DAY, TODAY, 1000)
    assert project(steady, FIRST, END, TODAY, steps=[(date(2026, 11, 25), 1.25)]).p50 == 15_000 + 2_000 + 4 * 1_250
    raised = date(2026, 11, 9)
    days = [(day, amount if day >= raised else amount // 2) for day, amount in steady]
    seen = project(days, FIRST, END, TODAY, steps=[(raised, 2.0)])
    assert seen.p50 == seen.spent + 6_000


def test_what_is_known_to_come_is_added_on_its_day() -> None:
    """800 on the 26th; a day after the period adds nothing."""
    steady = each_day(TODAY - 56 * DAY, TODAY, 10)
    seen = project(steady, FIRST, END, TODAY, extra=[(date(2026, 11, 26), 800), (END, 500)])
    assert seen.p50 == 210 + 800
    assert seen.course[24] == 180
    assert seen.course[25] == 990


def test_who_left_is_spent_and_not_expected() -> None:
    """Of 10 a day 4 were somebody's who is gone: 150 are spent, 6 days of 6 are to come."""
    steady = each_day(TODAY - 56 * DAY, TODAY, 10)
    gone = each_day(TODAY - 56 * DAY, TODAY, 4)
    seen = project(steady, FIRST, END, TODAY, gone=gone)
    assert (seen.spent, seen.p50) == (150, 150 + 36)


def test_last_years_weeks_shape_these_by_half_of_what_they_differed() -> None:
    """The end of last November had four times the use of the weeks before: a factor of two is believed."""
    year = 364 * DAY
    before = each_day(TODAY - year - 56 * DAY, TODAY - year, 5)
    busy = each_day(TODAY - year, END - year + 7 * DAY, 20)
    now = each_day(TODAY - 56 * DAY, TODAY, 10)
    alone = project(now, FIRST, END, TODAY)
    seen = project([*before, *busy, *now], FIRST, END, TODAY)
    assert alone.p50 == 210
    assert 150 + 60 * 1.6 < seen.p50 <= 150 + 60 * 2
    quiet = [(day, amount) for day, amount in before if day > TODAY - year - 10 * DAY]
    assert project([*quiet, *busy, *now], FIRST, END, TODAY).p50 == 210


def test_the_view_that_was_right_before_counts_most() -> None:
    """A level that halved lately is followed; bursts that mean nothing are not."""
    halved = each_day(TODAY - 84 * DAY, TODAY - 28 * DAY, 20) + each_day(TODAY - 28 * DAY, TODAY, 10)
    seen = project(halved, TODAY, TODAY + 30 * DAY, TODAY)
    working = sum((TODAY + n * DAY).weekday() < 5 for n in range(30))
    assert seen.p50 < 12 * working
    dice = random.Random(5)
    bursts = [(TODAY - n * DAY, 1000 * dice.choice((0, 0, 0, 6))) for n in range(90, 0, -1)]
    mean = sum(amount for _, amount in bursts) / 90
    assert 0.75 < project(bursts, TODAY, TODAY + 30 * DAY, TODAY).p50 / (30 * mean) < 1.25


def test_a_level_that_changed_at_once_is_followed_after_a_week() -> None:
    """Ten a day until nine days ago, and five since: what comes is five a day, within a tenth."""
    for since in (9, 14, 20):
        days = each_day(TODAY - 84 * DAY, TODAY - since * DAY, 10_000, 2_000)
        days += each_day(TODAY - since * DAY, TODAY, 5_000, 1_000)
        seen = project(days, FIRST, END, TODAY)
        left = seen.p50 - seen.spent
        true = 6 * 5_000 + 2 * 1_000 + 1_000  # until the 30th, beginning with a Sunday
        assert abs(left - true) < true / 10, since


def test_weeks_that_differ_anyway_are_no_change_of_level() -> None:
    """One small week after weeks of any size may be chance: what comes lies between."""
    days = [
        (day, amount * (1, 3, 2, 4, 1, 3, 2, 4)[(TODAY - day).days // 7 % 8])
        for day, amount in each_day(TODAY - 84 * DAY, TODAY, 1_000)
    ]
    seen = project(days, FIRST, END, TODAY)
    assert seen.p50 - seen.spent > 6 * 1_000 * 1.2
