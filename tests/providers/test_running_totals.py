"""Days out of running totals: nothing is lost or counted twice, whenever they are read."""

from collections import defaultdict
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.providers.running_totals import DaysTold, Totals, earliest, week_of

MONDAY = date(2026, 11, 2)
Ledger = dict[tuple[str, date], int]


def read(ledger: Ledger, spent: dict[tuple[str, date], int], today: date) -> None:
    """Ask a gateway that knows running totals only, and count what it tells, day after day."""

    def so_far(user: str, since: date) -> int:
        return sum(cost for (who, day), cost in spent.items() if who == user and since <= day <= today)

    users = {user for user, _ in spent}
    for number in range((today - earliest(today)).days + 1):
        day = earliest(today) + timedelta(days=number)
        known = DaysTold(today, ledger)
        for user in sorted(users | known.users(day)):
            totals = Totals(so_far(user, today), so_far(user, week_of(today)), so_far(user, today.replace(day=1)))
            ledger[user, day] = known.spent(day, user, totals)


def test_the_evening_after_the_last_reading_is_found_the_next_day() -> None:
    """It counts for the day on which it was spent."""
    ledger: Ledger = {}
    monday, tuesday = date(2026, 11, 16), date(2026, 11, 17)
    read(ledger, {("ana", monday): 100}, monday)
    read(ledger, {("ana", monday): 130, ("ana", tuesday): 7}, tuesday)
    assert {day: cost for (_, day), cost in ledger.items() if cost} == {monday: 130, tuesday: 7}


def test_the_evening_of_the_last_day_of_a_month_is_found_by_the_week() -> None:
    """The month's total begins anew, the week's does not."""
    ledger: Ledger = {}
    monday, first = date(2026, 11, 30), date(2026, 12, 1)
    read(ledger, {("ana", monday): 100}, monday)
    read(ledger, {("ana", monday): 130, ("ana", first): 7}, first)
    assert {day: cost for (_, day), cost in ledger.items() if cost} == {monday: 130, first: 7}


def test_a_first_reading_shares_the_month_out() -> None:
    """Nobody knows when it was spent; the sum is right, and no day looks like a burn."""
    ledger: Ledger = {}
    read(ledger, {("ana", date(2026, 11, 3)): 1_000, ("ana", date(2026, 11, 11)): 5}, date(2026, 11, 11))
    assert sum(ledger.values()) == 1_005
    assert {cost for (_, day), cost in ledger.items() if date(2026, 11, 1) <= day <= date(2026, 11, 10)} == {100}
    assert ledger["ana", date(2026, 11, 11)] == 5


@settings(max_examples=60, deadline=None)
@given(
    uses=st.lists(st.tuples(st.integers(0, 55), st.sampled_from("ab"), st.integers(1, 10**9)), max_size=25),
    readings=st.lists(st.integers(0, 55), min_size=1, max_size=12),
)
def test_the_month_adds_up_whenever_it_is_read(uses: list[tuple[int, str, int]], readings: list[int]) -> None:
    """What somebody spent up to a reading in its month is counted, each nano once, and nobody's is another's."""
    ledger: Ledger = {}
    for number in sorted(readings):
        today = MONDAY + timedelta(days=number)
        spent: dict[tuple[str, date], int] = defaultdict(int)
        for offset, user, cost in uses:
            if offset <= number:
                spent[user, MONDAY + timedelta(days=offset)] += cost
        read(ledger, spent, today)
        for user in "ab":
            month = {day: cost for (who, day), cost in ledger.items() if who == user and day.month == today.month}
            assert sum(month.values()) == sum(
                cost for (who, day), cost in spent.items() if who == user and day.month == today.month
            )
            assert all(cost >= 0 for cost in month.values())
