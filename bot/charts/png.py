"""Chart -> PNG, for platforms that cannot draw and for the page that shows what they will get.

The picture is laid out in its own pixels (72 dots per inch make a point a pixel), with letters large enough for a
phone. It brings its own paper, so that it reads the same on a light and on a dark screen. Nothing is said by colour
alone: parts are hatched, courses have markers and strokes of their own, and names and numbers stand where they belong
instead of in a legend.

matplotlib's object interface is used, never pyplot: a figure belongs to the call that draws it and goes with it.
"""

import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from bot.charts.axis import check, columns, extremes, is_money, piled, short, spread, ticks
from bot.charts.fonts import families, glyphs
from handlers.card import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_PX, HEIGHT_PX = 1200, 675
MARGIN_PX = 44
TITLE_PX, TEXT_PX, LINE_PX = 50, 32, 42
SWATCH_PX = 40
NAMES_MAX_PX = 330
BAR_MAX_PX = 150

PAPER, INK, QUIET, GRID = "#fbfaf7", "#1d1f21", "#55595e", "#dedbd3"
COLOURS = ("#0072b2", "#d55e00", "#008f68", "#93478a", "#a37700", "#4a4f55")  # after Okabe and Ito, darkened to 3:1
HATCHES = ("", "//", "..", "\\\\", "xx", "--")
MARKERS = ("o", "s", "^", "D", "v", "P")
STROKES = ("-", (0, (5, 1)))

LYING_ROWS_MAX = 10
# What a line may end after: a word with the blank before it, or any letter of a script that has no blanks.
PIECES = re.compile(r"\s*[^\s\u3000-\u9fff\uff00-\uffef]+[\u3001-\u303f\u6708\u65e5\uff00-\uff0f]?|\s*\S")

_drawing = threading.Lock()  # matplotlib promises nothing about threads


def draw(chart: Chart) -> bytes:
    """Draw a chart as a PNG of 1200 by 675 pixels, in about a tenth of a second.

    Args:
        chart: what to draw; texts may hold anything, they are never taken for markup.

    Raises:
        ValueError: a series has not the values it needs, or there is nothing to draw at all.
    """
    check(chart)
    with _drawing, _open() as sheet:
        top = _heading(sheet, chart)
        names = [sheet.plain(category) for category in chart.categories]
        room = (WIDTH_PX - 2 * MARGIN_PX) / len(names) - 10
        crowded = max(sheet.width(name) for name in names) > room
        if chart.form == "bar" and crowded and len(names) <= LYING_ROWS_MAX:
            _lying_bars(sheet, chart, names, top)
        else:
            _standing(sheet, chart, names, top)
        return sheet.png()


# The sheet: paper, letters, and how wide they are.


class _Sheet:
    """A sheet of paper measured in pixels from its lower left corner."""

    def __init__(self, figure: "Figure") -> None:
        self.figure = figure
        self.family = list(families())
        self.axes: Axes = figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set_xlim(0, WIDTH_PX)
        self.axes.set_ylim(0, HEIGHT_PX)

    def plain(self, text: str) -> str:
        """The text in one line, with a box for each sign that no font here has (it would only be warned about)."""
        known = glyphs()
        return "".join(sign if ord(sign) in known else "□" for sign in " ".join(text.split()))

    def write(self, x: float, y: float, text: str, **style: Any) -> None:
        self.axes.text(
            x, y, text, parse_math=False, **{"fontsize": TEXT_PX, "color": INK, "fontfamily": self.family, **style}
        )

    def width(self, text: str, size: float = TEXT_PX, weight: str = "normal") -> float:
        """Pixels from the left to the right edge of a text."""
        artist = self.axes.text(0, 0, text, fontsize=size, fontweight=weight, fontfamily=self.family, parse_math=False)
        box = artist.get_window_extent()
        artist.remove()
        return float(box.width)

    def shorten(self, text: str, room: float) -> str:
        """As much of a text as fits, with "…" where it was cut."""
        shown, kept = text, len(text)
        while kept and (wide := self.width(shown)) > room:
            kept = min(kept - 1, int(kept * room / wide))
            shown = text[:kept].rstrip() + "…"
        return shown

    def wrap(self, text: str, room: float, lines_max: int) -> list[str]:
        """The text in lines that fit, the last of them shortened if need be."""
        lines = [""]
        for word in PIECES.findall(text):
            longer = lines[-1] + word
            if lines[-1] and len(lines) < lines_max and self.width(longer.strip()) > room:
                lines.append(word)
            else:
                lines[-1] = longer
        return [self.shorten(line.strip(), room) for line in lines]

    def swatch(self, x: float, y: float, chart: Chart, number: int) -> None:
        """A sample of a series beside its name: a stroke with its marker, or a hatched box."""
        if chart.form == "line":
            self.axes.plot([x, x + SWATCH_PX], [y, y], **_stroke(number))
            self.axes.plot([x + SWATCH_PX / 2], [y], **_stroke(number), **_marker(number))
        else:
            self.axes.bar([x + SWATCH_PX / 2], [26], bottom=[y - 13], width=SWATCH_PX - 8, **_fill(number))

    def rule(self, frame: "_Frame", value: float, **style: Any) -> None:
        """A line across the plot at the height of a value."""
        self.axes.plot([frame.left, frame.right], [frame.y(value)] * 2, **style)

    def png(self) -> bytes:
        picture = BytesIO()
        self.figure.savefig(picture, format="png", metadata={"Software": None})
        return picture.getvalue()


@contextmanager
def _open() -> Iterator[_Sheet]:
    """An empty sheet, cleared when drawing is done. The one place that loads matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - 0.7 s and 40 MB, only for pictures
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    figure = Figure(figsize=(WIDTH_PX / 72, HEIGHT_PX / 72), dpi=72, facecolor=PAPER)
    FigureCanvasAgg(figure)
    try:
        yield _Sheet(figure)
    finally:
        figure.clear()


def _heading(sheet: _Sheet, chart: Chart) -> float:
    """Write the title and the finding; return where the plot may begin, in pixels from below."""
    room = WIDTH_PX - 2 * MARGIN_PX
    title = sheet.plain(chart.title)
    size = min(TITLE_PX, TITLE_PX * room / max(1, sheet.width(title, TITLE_PX, "bold")))
    y = HEIGHT_PX - MARGIN_PX + 6
    sheet.write(MARGIN_PX, y, title, fontsize=size, fontweight="bold", va="top")
    y -= TITLE_PX + 20
    finding = sheet.plain(chart.alt)
    if sheet.width(finding) > 1.9 * room:
        finding = finding.split(". ")[0]
    wide = sheet.width(finding)
    for line in sheet.wrap(finding, room if wide <= room else min(room, max(wide * 0.56, room * 0.7)), 2):
        sheet.write(MARGIN_PX, y, line, color=QUIET, va="top")
        y -= LINE_PX
    return y - 32


# Standing forms: bars, stacks and courses over a horizontal axis.


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the plot stands on the sheet, and which values its lower and upper edge mean."""

    left: float
    right: float
    bottom: float
    top: float
    low: float
    high: float
    count: int

    @property
    def slot(self) -> float:
        return (self.right - self.left) / self.count

    @property
    def bar(self) -> float:
        return min(BAR_MAX_PX, self.slot * 0.74)

    @property
    def middles(self) -> list[float]:
        """The horizontal middle of each category."""
        return [self.left + (number + 0.5) * self.slot for number in range(self.count)]

    def y(self, value: float) -> float:
        return self.bottom + (value - self.low) / (self.high - self.low) * (self.top - self.bottom)


@dataclass(frozen=True, slots=True)
class _Note:
    """A name beside the plot, at the height of what it names: a series, or the limit (number -1)."""

    value: float
    text: str
    number: int


LIMIT = -1


def _standing(sheet: _Sheet, chart: Chart, names: list[str], top: float) -> None:
    notes = _notes(sheet, chart)
    right = WIDTH_PX - MARGIN_PX - max((SWATCH_PX + 28 + sheet.width(note.text) for note in notes), default=0)
    figures = _figures(sheet, chart, (right - MARGIN_PX) / len(names) - 8)
    low, high = extremes(chart)
    marks = [] if figures else ticks(low, high)
    scale = [short(mark, chart.unit, chart.locale) for mark in marks]
    left = MARGIN_PX + max((sheet.width(text) + 18 for text in scale), default=0)
    bottom, labels = _labels(sheet, names, (right - left) / len(names))
    if chart.unit not in ("%", "") and not is_money(chart.unit, chart.locale):
        sheet.write(MARGIN_PX, top, sheet.plain(chart.unit), color=QUIET, va="top")
        top -= LINE_PX + 10
    if figures:
        top -= LINE_PX
    frame = _Frame(left, right, bottom, top, min([low, *marks]), max([high, *marks]), len(names))
    _grid(sheet, frame, marks, scale)
    (_courses if chart.form == "line" else _piles)(sheet, chart, frame)
    _tell(sheet, chart, frame, figures)
    for middle, label in zip(frame.middles, labels, strict=True):
        sheet.write(middle, bottom - 14, label, ha="center", va="top", linespacing=1.15)
    _name(sheet, chart, frame, notes)


def _figures(sheet: _Sheet, chart: Chart, room: float) -> list[str]:
    """What each column amounts to in all, if there is room for that; courses are read at their end instead."""
    figures = [short(sum(column), chart.unit, chart.locale) for column in columns(chart)]
    return [] if chart.form == "line" or max(map(sheet.width, figures)) > room else figures


def _labels(sheet: _Sheet, names: list[str], slot: float) -> tuple[float, list[str]]:
    """Where the axis lies and what stands under it: all names, in two lines if need be, or every so many."""
    room = slot - 12
    widest = max(sheet.width(name) for name in names)
    if widest <= room:
        return MARGIN_PX + LINE_PX, names
    wrapped = [sheet.wrap(name, room, 2) for name in names]
    whole = all(sheet.width(word) <= room for name in names for word in name.split())
    if len(names) <= LYING_ROWS_MAX and whole:
        # All break alike: "5" above "Oct" as well, where "28" stands above "Sep".
        return MARGIN_PX + 2 * LINE_PX, [
            "\n".join(lines if len(lines) > 1 else name.split(maxsplit=1))
            for name, lines in zip(names, wrapped, strict=True)
        ]
    every = math.ceil((widest + 12) / slot)
    last = len(names) - 1
    return MARGIN_PX + LINE_PX, [name if (last - number) % every == 0 else "" for number, name in enumerate(names)]


def _grid(sheet: _Sheet, frame: _Frame, marks: list[float], scale: list[str]) -> None:
    for mark, text in zip(marks, scale, strict=True):
        sheet.rule(frame, mark, color=GRID, linewidth=2, zorder=0)
        sheet.write(frame.left - 18, frame.y(mark), text, color=QUIET, ha="right", va="center")
    sheet.rule(frame, 0, color=QUIET, linewidth=3, zorder=3)


def _piles(sheet: _Sheet, chart: Chart, frame: _Frame) -> None:
    """Bars, and stacks of them."""
    for middle, column in zip(frame.middles, columns(chart), strict=True):
        for number, (start, end) in enumerate(piled(column)):
            look = _fill(number if chart.form == "stack" else _weight(chart, end))
            height = frame.y(end) - frame.y(start)
            sheet.axes.bar([middle], [height], bottom=[frame.y(start)], width=frame.bar, **look)


def _weight(chart: Chart, value: float) -> int:
    """The look of a bar: another one beyond the limit."""
    return 1 if chart.limit is not None and value > chart.limit else 0


def _courses(sheet: _Sheet, chart: Chart, frame: _Frame) -> None:
    every = max(1, frame.count // 8)
    for number, series in enumerate(chart.series):
        heights = [frame.y(value) if math.isfinite(value) else math.nan for value in series.values]
        marks = {**_marker(number), "markevery": ((frame.count - 1) % every, every)}
        sheet.axes.plot(frame.middles[: len(heights)], heights, zorder=4, **_stroke(number), **marks)


def _tell(sheet: _Sheet, chart: Chart, frame: _Frame, figures: list[str]) -> None:
    """Write each column's figure above it, if there are figures."""
    for middle, column, figure in zip(frame.middles, columns(chart), figures, strict=False):
        height = max(0.0, *(end for _, end in piled(column)))
        sheet.write(middle, frame.y(height) + 10, figure, ha="center", va="bottom", zorder=6, bbox=_BACKING)


_BACKING = {"facecolor": PAPER, "edgecolor": "none", "pad": 2}


def _notes(sheet: _Sheet, chart: Chart) -> list[_Note]:
    """What is named beside the plot: the courses where they end, the parts of the last pile, and the limit."""
    notes = []
    if chart.form == "stack":
        for number, (start, end) in enumerate(piled(columns(chart)[-1])):
            notes.append(_Note((start + end) / 2, sheet.plain(chart.series[number].name), number))
    if chart.form == "line":
        for number, series in enumerate(chart.series):
            last = next((value for value in reversed(series.values) if math.isfinite(value)), 0.0)
            name = sheet.plain(series.name) if len(chart.series) > 1 else ""
            notes.append(_Note(last, f"{name} {short(last, chart.unit, chart.locale)}".strip(), number))
    if chart.limit is not None:
        notes.append(_Note(chart.limit, f"limit {short(chart.limit, chart.unit, chart.locale)}", LIMIT))
    return [_Note(note.value, sheet.shorten(note.text, NAMES_MAX_PX), note.number) for note in notes]


def _name(sheet: _Sheet, chart: Chart, frame: _Frame, notes: list[_Note]) -> None:
    """Write the names beside the plot, apart from each other, and draw the limit."""
    if chart.limit is not None:
        sheet.rule(frame, chart.limit, **_LIMIT)
    heights = spread([frame.y(note.value) for note in notes], LINE_PX, frame.bottom, frame.top)
    x = frame.right + 18
    for note, y in zip(notes, heights, strict=True):
        if note.number == LIMIT:
            sheet.axes.plot([x, x + SWATCH_PX], [y, y], **_LIMIT)
        else:
            sheet.swatch(x, y, chart, note.number)
        sheet.write(x + SWATCH_PX + 10, y, note.text, va="center")


# Lying bars: for a few categories with long names.


def _lying_bars(sheet: _Sheet, chart: Chart, names: list[str], top: float) -> None:
    figures = [short(value, chart.unit, chart.locale) for [value] in columns(chart)]
    low, high = extremes(chart)
    names = [sheet.shorten(name, WIDTH_PX * 0.42) for name in names]
    left = MARGIN_PX + max(sheet.width(name) for name in names) + 18
    right = WIDTH_PX - MARGIN_PX - max(sheet.width(figure) for figure in figures) - 12
    bottom = MARGIN_PX + (LINE_PX if chart.limit is not None else -12)
    row = (top - bottom) / len(names)

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    for number, (name, figure, [value]) in enumerate(zip(names, figures, columns(chart), strict=True)):
        y = top - (number + 0.5) * row
        sheet.write(left - 18, y, name, ha="right", va="center")
        sheet.axes.barh([y], [x(value) - x(0)], left=[x(0)], height=min(70, row * 0.72), **_fill(_weight(chart, value)))
        sheet.write(max(x(value), x(0)) + 10, y, figure, va="center", zorder=6, bbox=_BACKING)
    sheet.axes.plot([x(0), x(0)], [bottom, top], color=QUIET, linewidth=3)
    if chart.limit is not None:
        sheet.axes.plot([x(chart.limit)] * 2, [bottom, top], **_LIMIT)
        sheet.write(
            x(chart.limit), bottom - 8, f"limit {short(chart.limit, chart.unit, chart.locale)}", ha="center", va="top"
        )


# Looks: each number has a colour and a second sign.

_LIMIT: dict[str, Any] = {"color": INK, "linewidth": 4, "linestyle": (0, (3, 2)), "zorder": 5}


def _fill(number: int) -> dict[str, Any]:
    kind = number % len(COLOURS)
    hatch = {"hatch": HATCHES[kind], "hatchcolor": f"{PAPER}a0", "hatch_linewidth": 3}
    return {"facecolor": COLOURS[kind], "edgecolor": PAPER, "linewidth": 2, **hatch}


def _stroke(number: int) -> dict[str, Any]:
    kind = number % len(COLOURS)
    return {"color": COLOURS[kind], "linestyle": STROKES[kind % len(STROKES)], "linewidth": 6}


def _marker(number: int) -> dict[str, Any]:
    kind = number % len(COLOURS)
    return {"marker": MARKERS[kind], "markersize": 17, "markeredgecolor": PAPER, "markeredgewidth": 2.5}
