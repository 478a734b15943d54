"""Chart -> where its bars and courses lie, for a picture that the browser draws.

The plot is a square of its own units that grows with the page; names and numbers stand beside it as words, so that
they keep their size, can be read aloud and follow the colours of the reader.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.charts.axis import check, columns, extremes, piled, short, ticks
from handlers.card import Chart

WIDTH, HEIGHT = 1000, 400
GAP = 0.18
"""Of the room of a bar, what is left free beside it."""
LABELS_MAX = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, or a part of one, in units of the plot; `series` is the number of its series."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart as it lies in its plot.

    Args:
        bars: of a "bar" or "stack".
        courses: paths of a "line", one for each series.
        lines: heights of the round values, the highest first.
        ticks: what stands beside these.
        labels: some of the categories, evenly spread; always the first and the last.
        names: of the series.
        bound: the height of the limit, None if there is none.
        bound_label: the limit in words.
    """

    bars: tuple[Bar, ...]
    courses: tuple[str, ...]
    lines: tuple[float, ...]
    ticks: tuple[str, ...]
    labels: tuple[str, ...]
    names: tuple[str, ...]
    bound: float | None
    bound_label: str
    width: int = WIDTH
    height: int = HEIGHT


def plot(chart: Chart) -> Plot:
    """Lay a chart out.

    Raises:
        ValueError: a series has not the values it needs, or there is nothing to draw at all.
    """
    check(chart)
    marks = ticks(*extremes(chart))
    low, high = marks[0], marks[-1]

    def y(value: float) -> float:
        return round(HEIGHT * (high - value) / (high - low), 2)

    is_line = chart.form == "line"
    return Plot(
        bars=() if is_line else tuple(_bars(chart, y)),
        courses=tuple(_course(each.values, len(chart.categories), y) for each in chart.series) if is_line else (),
        lines=tuple(y(mark) for mark in reversed(marks)),
        ticks=tuple(short(mark, chart.unit, chart.locale) for mark in reversed(marks)),
        labels=tuple(_labels(chart.categories)),
        names=tuple(each.name for each in chart.series),
        bound=None if chart.limit is None else y(chart.limit),
        bound_label="" if chart.limit is None else short(chart.limit, chart.unit, chart.locale),
    )


def _bars(chart: Chart, y: Callable[[float], float]) -> Iterator[Bar]:
    room = WIDTH / len(chart.categories)
    for place, column in enumerate(columns(chart)):
        for series, (start, end) in enumerate(piled(column)):
            top, bottom = sorted((y(start), y(end)))
            if bottom > top:
                x, width = round((place + GAP / 2) * room, 2), round((1 - GAP) * room, 2)
                yield Bar(x, top, width, round(bottom - top, 2), series)


def _course(values: Sequence[float], count: int, y: Callable[[float], float]) -> str:
    """A path through the middles of the first of so many categories; where a value is no number, it is broken."""
    room, pen, path = WIDTH / count, "M", []
    for place, value in enumerate(values):
        if not math.isfinite(value):
            pen = "M"
            continue
        path.append(f"{pen}{round((place + 0.5) * room, 2)} {y(value)}")
        pen = "L"
    return " ".join(path)


def _labels(categories: Sequence[str]) -> list[str]:
    """So many that a phone has room for them, at even distances: their places in the row are those in the plot."""
    last = len(categories) - 1
    if last < LABELS_MAX:
        return list(categories)
    steps = next((each for each in (4, 3, 2) if last % each == 0), 1)
    return [categories[last * step // steps] for step in range(steps + 1)]
