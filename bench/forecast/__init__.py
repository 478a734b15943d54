"""How good the forecast is on series that it was not tuned on, beside plain methods in the same run.

The figures of the method in handlers/questions/projection.py were chosen on the seeds from 100 to 115, and how its
views are weighed on those from 1 to 8; here are others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import mean, median

from bench.forecast import companies
from bench.forecast.methods import Method, Said, methods, oracle, reached
from bench.forecast.worlds import KINDS, PERIODS, Asked, series
from bench.table import Table

FIRST_SEED, SEEDS = 7000, 12
VIEWS_SEEDS = 60
WORLDS = ("worlds", "companies", "views")
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer, beside the truth.

    Args:
        asked: the question.
        error: of the middle, as a share of the truth.
        pinball: the mean of the quantiles' losses as a share of the truth, None without a range.
        held: whether the truth lay in the range.
        in_time: whether the day the limit was reached lay between the earliest and the latest.
    """

    asked: Asked
    error: float
    pinball: float | None
    held: bool | None
    in_time: bool | None


def bench() -> list[Table]:
    """Judge every method on every series."""
    tables = []
    for world in WORLDS:
        questions = [each for each in _questions(world) if each.remaining]
        known = {name: method for name, method in methods().items() if method is not oracle or questions[0].again}
        judged = {name: [_judged(method, each) for each in questions] for name, method in known.items()}
        tables += [_of_methods(world, judged), _of_periods(world, judged["Bursar"]), _of_kinds(world, judged)]
    return tables


def _questions(world: str) -> Iterator[Asked]:
    """Those of a world: two that were made up by different authors, and one that was recorded."""
    seeds = range(FIRST_SEED, FIRST_SEED + SEEDS)
    if world == "worlds":
        yield from (series(seed, kind, period) for period in PERIODS for kind in KINDS for seed in seeds)
    elif world == "companies":
        for period in PERIODS:
            yield from (companies.companies(seed, kind, period) for kind in companies.KINDS for seed in seeds)
    else:
        for period in ("month", "quarter"):
            yield from (companies.views(FIRST_SEED + number, period) for number in range(VIEWS_SEEDS))


def _judged(method: Method, asked: Asked) -> Judged:
    so_far = sum(used for day, used in asked.known if day >= asked.first)
    truth = so_far + asked.remaining
    share = Random(f"{asked.kind}/{asked.today}/{truth}").uniform(0.3, 1.0)
    limit = so_far + int(asked.remaining * share)
    said = method(asked, limit)
    return Judged(
        asked,
        abs(said.p50 - truth) / truth,
        _pinball(said, truth),
        said.band[0] <= truth <= said.band[1] if said.band else None,
        _in_time(said, asked, limit),
    )


def _pinball(said: Said, truth: int) -> float | None:
    if said.band is None:
        return None
    points = (said.band[0], said.p50, said.band[1])
    return mean(
        (share * (truth - point) if truth >= point else (1 - share) * (point - truth)) / truth
        for share, point in zip(QUANTILES, points, strict=True)
    )


def _in_time(said: Said, asked: Asked, limit: int) -> bool | None:
    day = reached(asked, limit)
    if said.runs_out is None or day is None:
        return None
    early, _, late = said.runs_out
    return early is not None and early <= day and (late is None or day <= late)


def _of_methods(world: str, judged: dict[str, list[Judged]]) -> Table:
    rows = []
    for name, answers in judged.items():
        pinballs = [each.pinball for each in answers if each.pinball is not None]
        errors = [each.error for each in answers]
        rows.append(
            (
                name,
                f"{100 * median(errors):.1f} %",
                f"{100 * mean(errors):.1f} %",
                _share(each.held for each in answers),
                f"{mean(pinballs):.3f}" if pinballs else "–",
            )
        )
    heads = ("method", "median error", "mean error", "range held", "pinball")
    return Table(f"{world}: how {len(next(iter(judged.values())))} periods end, asked before their end", heads, rows)


def _of_periods(world: str, judged: Sequence[Judged]) -> Table:
    rows = []
    for period in PERIODS:
        some = [each for each in judged if each.asked.period == period]
        if not some:
            continue
        rows.append(
            (
                period,
                f"{100 * median(each.error for each in some):.1f} %",
                _share(each.held for each in some),
                _share(each.in_time for each in some),
            )
        )
    return Table(f"{world}: Bursar, by period", ("period", "median error", "range held", "runs out as said"), rows)


def _of_kinds(world: str, judged: dict[str, list[Judged]]) -> Table:
    rows = []
    for kind in dict.fromkeys(each.asked.kind for each in judged["Bursar"]):
        held = [each.held for each in judged["Bursar"] if each.asked.kind == kind]
        errors = [
            f"{100 * median(each.error for each in answers if each.asked.kind == kind):.1f} %"
            for answers in judged.values()
        ]
        rows.append((kind, _share(held), *errors))
    return Table(f"{world}: range held, and the median error of each method", ("kind", "held", *judged), rows)


def _share(of: Iterator[bool | None] | Sequence[bool | None]) -> str:
    known = [each for each in of if each is not None]
    return f"{sum(known) / len(known):.2f}" if known else "–"
