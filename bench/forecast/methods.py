"""Ways to say how a period will end: Bursar's, and the plain ones that it must beat."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from statistics import median
from typing import Any

from bench.forecast.worlds import Asked
from handlers.policy import Policy
from handlers.questions.free_days import free_days
from handlers.questions.projection import RunsOut, project

DAY = timedelta(days=1)
WEEK = 7
FUTURES = 15


@dataclass(frozen=True, slots=True)
class Said:
    """What a method says: the middle, and for some its range and the days on which a limit is reached.

    Args:
        p50: what the period comes to.
        band: (P10, P90), None if there is none.
        runs_out: the earliest, likely and latest day, None if there is none.
    """

    p50: float
    band: tuple[float, float] | None = None
    runs_out: RunsOut | None = None


Method = Callable[[Asked, int], Said]
"""From what is known and a limit."""
BERLIN = Policy.model_validate({"organization": {"name": "Bench", "zone": "Europe/Berlin"}})


def bursar(asked: Asked, limit: int) -> Said:
    """The one of the product, with the public holidays of a company in Berlin."""
    free = free_days(BERLIN, asked.known_from, asked.end)
    gone = [each for each in asked.gone if asked.known_from <= each[0] < asked.today]
    seen = project(asked.known, asked.first, asked.end, asked.today, limit=limit, free=free, gone=gone)
    return Said(seen.p50, (seen.p10, seen.p90), seen.runs_out)


def linear(asked: Asked, _limit: int) -> Said:
    """The pace of the period so far, as consoles do it."""
    since = max(asked.first, asked.known_from)
    so_far = _spent(asked)
    return Said(so_far + so_far / max(1, (asked.today - since).days) * (asked.end - asked.today).days)


def naive(asked: Asked, _limit: int) -> Said:
    """Each coming day like the same weekday of the last week."""
    known = dict(asked.known)
    last = [known.get(asked.today - (WEEK - n) * DAY, 0) for n in range(WEEK)]
    return Said(_spent(asked) + sum(last[n % WEEK] for n in range((asked.end - asked.today).days)))


def ets(asked: Asked, _limit: int) -> Said:
    """Exponential smoothing with a damped trend and a weekly season, by statsmodels with its own choice of weights."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing  # type: ignore[import-not-found]  # noqa: PLC0415

    known = dict(asked.known)
    days = [asked.known_from + n * DAY for n in range((asked.today - asked.known_from).days)]
    values = [float(known.get(day, 0)) for day in days]
    ahead = (asked.end - asked.today).days
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model: Any = ExponentialSmoothing(
            values,
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=WEEK,
            initialization_method="estimated",
        )
        coming = model.fit().forecast(ahead)
    return Said(_spent(asked) + float(sum(max(0.0, each) for each in coming)))


def blend(asked: Asked, limit: int) -> Said:
    """The mean of Bursar, linear pace and seasonal naive, as teachers of forecasting advise."""
    return Said(sum(each(asked, limit).p50 for each in (bursar, linear, naive)) / 3)


def oracle(asked: Asked, _limit: int) -> Said:
    """What only who made the series can say: the middle of how the same company could have gone on.

    It knows each level, habit and plan, and who leaves when; what it is wrong by is chance. Nobody is for a recorded
    series.
    """
    again = asked.again
    if again is None:
        raise ValueError("nobody knows how a recorded series could have gone on")
    return Said(median(again(number).truth for number in range(1, FUTURES + 1)))


def methods() -> Mapping[str, Method]:
    """All that can run here."""
    plain: dict[str, Method] = {"Bursar": bursar, "linear pace": linear, "seasonal naive": naive, "blend": blend}
    plain["oracle"] = oracle
    return plain | ({"ETS (statsmodels)": ets} if find_spec("statsmodels") else {})


def _spent(asked: Asked) -> int:
    return sum(used for day, used in asked.known if day >= asked.first)


def reached(asked: Asked, limit: int) -> date | None:
    """The day on which the limit was reached, None if it was not."""
    total = 0
    for day in sorted(asked.days):
        if max(asked.first, asked.known_from) <= day < asked.end:
            total += asked.days[day]
            if total >= limit:
                return day
    return None
