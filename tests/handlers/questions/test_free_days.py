"""Free days: those of the company, public holidays, and what lies between two of them."""

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from handlers.policy import Policy
from handlers.questions.free_days import free_days

DAY = timedelta(days=1)


def free(first: date, end: date, zone: str = "Europe/Berlin", **working: object) -> list[date]:
    policy = Policy.model_validate({"organization": {"name": "Acme", "zone": zone}, "working": working})
    return sorted(free_days(policy, first, end))


def test_the_days_between_the_years_are_free_in_berlin() -> None:
    """Christmas is on a Friday in 2026; its eve and the four days before New Year are taken off by most."""
    days = free(date(2026, 12, 14), date(2027, 1, 11))

    assert days == [
        date(2026, 12, 24),
        date(2026, 12, 25),
        *(date(2026, 12, 28) + n * DAY for n in range(4)),
        date(2027, 1, 1),
    ]


def test_where_nobody_celebrates_christmas_its_eve_is_a_day_like_others() -> None:
    """In China only New Year's Day is free."""
    assert free(date(2026, 12, 14), date(2027, 1, 2), "Asia/Shanghai") == [date(2027, 1, 1)]


def test_a_week_between_two_holidays_is_a_week_of_work() -> None:
    """Ascension is eleven days before Whit Monday."""
    assert free(date(2026, 5, 12), date(2026, 5, 30)) == [date(2026, 5, 14), date(2026, 5, 25)]


@pytest.mark.parametrize(
    ("zone", "working", "thanksgiving"),
    [
        ("America/Los_Angeles", {}, True),
        ("Europe/Berlin", {}, False),
        ("Europe/Berlin", {"country": "US"}, True),
        ("America/Los_Angeles", {"country": "none"}, False),
        ("UTC", {}, False),
        ("Europe/Berlin", {"holidays": ["2026-11-26"]}, True),
    ],
)
def test_the_country_is_that_of_the_zone_unless_it_is_said(
    zone: str, working: dict[str, object], thanksgiving: bool
) -> None:
    """UTC is no country's zone."""
    assert (date(2026, 11, 26) in free(date(2026, 11, 20), date(2026, 11, 30), zone, **working)) is thanksgiving


@pytest.mark.parametrize("word", ["Germany", "de", "XX"])
def test_a_country_is_a_code_of_two_letters(word: str) -> None:
    """Another word is refused when app.yaml is loaded, not ignored."""
    with pytest.raises(ValidationError, match="such as DE"):
        free(date(2026, 1, 1), date(2026, 2, 1), country=word)
