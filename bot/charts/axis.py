"""The numbers of a chart: how they are written, how high a plot must be, where piles begin and end."""

import math
from collections.abc import Sequence

from handlers.card import Chart

CURRENCIES = ("$", "€", "£", "¥")
CENT, HUNDRED, MILLION = 0.01, 100, 1_000_000
NOTHING = 1e-9


def amount(value: float, unit: str) -> str:
    """A value in full with its unit: "$1,204.50", "412,000 tokens", "-38 %"; "n/a" for what is no number."""
    if not math.isfinite(value):
        return "n/a"
    size = abs(value)
    figure = f"{size:.2g}" if 0 < size < CENT else f"{size:,.2f}".removesuffix(".00")
    return _signed(value, figure, unit)


def short(value: float, unit: str) -> str:
    """A value as briefly as a picture needs it; a unit that is a word stands once above the plot."""
    size = abs(value)
    if size >= MILLION:
        figure = f"{size / MILLION:,.1f}".removesuffix(".0") + "M"
    elif size >= HUNDRED or size == int(size):
        figure = f"{size:,.0f}"
    else:
        figure = f"{size:.2f}" if size >= (CENT if unit in CURRENCIES else 1) else f"{size:.2g}"
    return _signed(value, figure, unit if unit in (*CURRENCIES, "%") else "")


def _signed(value: float, figure: str, unit: str) -> str:
    sign = "-" if value < 0 else ""
    if unit in CURRENCIES:
        return f"{sign}{unit}{figure}"
    return f"{sign}{figure} {unit}".rstrip()


def check(chart: Chart) -> None:
    """Raise a ValueError for a chart that cannot be drawn."""
    if not chart.categories or not chart.series:
        raise ValueError(f"The chart {chart.title!r} has nothing to draw.")
    if chart.form == "bar" and len(chart.series) > 1:
        raise ValueError(f"The chart {chart.title!r} has several series: stack them.")
    if chart.limit is not None and not math.isfinite(chart.limit):
        raise ValueError(f"The chart {chart.title!r} has a limit that is no number.")
    for series in chart.series:
        if len(series.values) != len(chart.categories):
            raise ValueError(
                f"The series {series.name!r} needs a value for each of {len(chart.categories)} categories."
            )


def extremes(chart: Chart) -> tuple[float, float]:
    """The lowest and the highest value to be shown, zero always among them."""
    tops = [chart.limit] if chart.limit is not None else []
    if chart.form == "stack":
        for column in columns(chart):
            tops += [sum(value for value in column if value > 0), sum(value for value in column if value < 0)]
    else:
        tops += [value for series in chart.series for value in series.values]
    seen = [0.0, *(value for value in tops if math.isfinite(value))]
    low, high = min(seen), max(seen)
    return (low, high) if high - low > NOTHING else (0.0, 1.0)


def columns(chart: Chart) -> list[list[float]]:
    """The values of each category, one per series; what is no number counts as nothing."""
    rows = [[value if math.isfinite(value) else 0.0 for value in series.values] for series in chart.series]
    return [list(column) for column in zip(*rows, strict=True)]


def ticks(low: float, high: float) -> list[float]:
    """A handful of round values that reach from below the lowest to above the highest."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 0.001), math.ceil(high / step - 0.001)
    return [step * number for number in range(first, last + 1)]


def piled(column: Sequence[float]) -> list[tuple[float, float]]:
    """Where each part of a pile starts and ends; what is below zero piles downwards."""
    up = down = 0.0
    parts = []
    for value in column:
        if value >= 0:
            parts.append((up, up := up + value))
        else:
            parts.append((down, down := down + value))
    return parts


def spread(heights: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Heights moved as little as need be to stand a gap apart between two edges."""
    order = sorted(range(len(heights)), key=lambda number: -heights[number])
    placed = list(heights)
    ceiling = high
    for number in order:
        placed[number] = min(placed[number], ceiling)
        ceiling = placed[number] - gap
    floor = low
    for number in reversed(order):
        placed[number] = max(placed[number], floor)
        floor = placed[number] + gap
    return placed
