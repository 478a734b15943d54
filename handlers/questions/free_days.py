"""Days on which a company works as little as on a weekend: those it names, public holidays, and what lies between them.

Public holidays come from the package `holidays`, which knows some 200 countries. Where Christmas is one, its eve and
the last day of the year count, too.
"""

import sys
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from itertools import pairwise

from babel.core import get_global

from handlers.policy import Policy
from handlers.questions.projection import DAY, SATURDAY

COUNTRIES = "holidays.countries"
BRIDGED_MAX = 4
"""So many working days between two public holidays are taken off by most, such as those after Christmas."""


def free_days(policy: Policy, first: date, end: date) -> frozenset[date]:
    """The free days of a company from one day until before another, weekends not counted."""
    return _free(policy.organization.zone, policy.working.country, policy.working.holidays, first, end)


@lru_cache(maxsize=64)
def _free(zone: str, country: str, named: tuple[date, ...], first: date, end: date) -> frozenset[date]:
    """Worked out once a day: it takes longer than all else that a balance looks ahead by."""
    where = country or get_global("zone_territories").get(zone, "")
    public = _with_eves(_public(where, first.year - 1, end.year + 1))
    days = {*named, *public, *_bridges(public)}
    return frozenset(day for day in days if first <= day < end and day.weekday() < SATURDAY)


@lru_cache(maxsize=64)
def _public(country: str, first_year: int, last_year: int) -> Sequence[date]:
    """The public holidays of some years in their order; none of a country that is not known."""
    # Its countries are a package that loads all 250 of them, 8 MB. It is put there unread, so each is loaded alone.
    if COUNTRIES not in sys.modules and (spec := find_spec(COUNTRIES)):
        sys.modules[COUNTRIES] = module_from_spec(spec)
    from holidays import country_holidays  # noqa: PLC0415 - a tenth of a second, for who looks ahead

    try:  # the package's list of the countries that it knows would load them all
        return tuple(sorted(country_holidays(country, years=range(first_year, last_year + 1))))
    except NotImplementedError:
        return ()


def _with_eves(public: Sequence[date]) -> Sequence[date]:
    """The public holidays, with the eves of Christmas and New Year's Day where Christmas is one: few work then."""
    years = {day.year for day in public if (day.month, day.day) == (12, 25)}
    return sorted({*public, *(date(year, 12, day) for year in years for day in (24, 31))})


def _bridges(public: Sequence[date]) -> Iterable[date]:
    """The working days between two public holidays that are close to each other."""
    for one, other in pairwise(public):
        between = [one + n * DAY for n in range(1, (other - one).days)]
        working = [day for day in between if day.weekday() < SATURDAY]
        if len(working) <= BRIDGED_MAX:
            yield from working
