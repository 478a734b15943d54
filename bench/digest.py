"""The week of 1,000 teams, alerts for 100,000 people, and charts: their time beside matplotlib's own, their memory.

The floor of a chart is matplotlib alone: the same picture size, as many bars and letters, drawn and saved once.
"""

import gc
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from io import BytesIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.databases import KINDS
from bench.ledger import LARGE, PEOPLE, RULES, TEAMS, empty, fill, large_company
from bench.table import Table, aimed
from bot.app import App
from bot.charts.png import HEIGHT_PX, WIDTH_PX, draw
from bot.config import Settings
from bot.platforms.web.messenger import Web
from handlers.card import Chart, Series
from handlers.events import CheckThresholds, GiveAllotments
from handlers.place import Place
from handlers.sentence import Sentence
from storage import people, pulls
from storage.pulls import Pull

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
CHANNEL = Place("web", "#all", public=True)
SIZE = 1_000_000
CHARTS, CHARTS_IN_ALL = 20, 500
RATIO_AIM, GROWTH_AIM_MB = 1.5, 10.0
TEAMS_ASKED = 200  # of 1,000: each costs the same


def bench() -> Iterator[Table]:
    """With a million charges; charts first, for filling a database takes more memory than they can show by growing."""
    yield from _charts()
    for kind in KINDS:
        yield from _company(kind, SIZE)


def bench_large() -> Iterator[Table]:
    """With ten million; it takes several minutes and some gigabytes of disk."""
    for kind in KINDS:
        yield from _company(kind, LARGE)


def _company(kind: str, size: int) -> list[Table]:
    with empty(kind) as database:
        directory = large_company()
        database.transact(lambda conn: people.apply(conn, directory, date(2026, 1, 1)))
        app = App(
            Settings.model_validate(RULES), database, {"web": Web()}, directory=lambda: directory, now=lambda: MONDAY
        )
        app.handle(GiveAllotments(), "clock")
        fill(database, size)
        heard = Pull("llm", MONDAY, MONDAY, MONDAY.date(), size, size, "")
        database.transact(lambda conn: pulls.note_pull(conn, heard))
        teams = [f"digest of team t{number}" for number in range(0, TEAMS, TEAMS // TEAMS_ASKED)]
        took_s = sum(_seconds(partial(_say, app, words)) for words in teams)
        organization_s = _seconds(lambda: _say(app, "digest of organization"))
        first_s, again_s = (_seconds(lambda: app.handle(CheckThresholds(), "clock")) for _ in range(2))
    rows = [
        (f"digests of {TEAMS:,} teams", f"{took_s * TEAMS / len(teams):.1f}", f"{took_s / len(teams) * 1_000:.1f}"),
        (f"digest of {PEOPLE:,} people", f"{organization_s:.1f}", f"{organization_s * 1_000:.1f}"),
        (f"alerts of {PEOPLE:,} people, the first look", f"{first_s:.1f}", ""),
        (f"alerts of {PEOPLE:,} people, nothing new", f"{again_s:.1f}", ""),
    ]
    note = f"The digests of {len(teams)} teams were made; the first line is what {TEAMS:,} take at that pace."
    return [Table(f"Digests and alerts, {kind}, {size:,} charges", ("", "seconds", "ms each"), rows, (note,))]


def _say(app: App, words: str) -> None:
    card = app.hear(Sentence(words, "clock", CHANNEL))
    assert "broke" not in card.title, card.title


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# Charts --------------------------------------------------------------------------------------------------------------


def _chart(number: int) -> Chart:
    """Eight weeks of three tiers, other figures each time."""
    weeks = tuple(f"{day} Oct" for day in range(1, 9))
    series = tuple(
        Series(name, tuple(100.0 + (number * 7 + week * 13 + place * 29) % 90 for week in range(8)))
        for place, name in enumerate(("standard", "flagship", "small"))
    )
    return Chart("Cost per week by tier", "stack", weeks, series, "$", "$4,675 in the week from 16 November.")


def _bare(chart: Chart) -> bytes:
    """The same piles by matplotlib's own means: axes, bars, ticks, a title, a legend."""
    figure = Figure(figsize=(WIDTH_PX / 72, HEIGHT_PX / 72), dpi=72)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    below = [0.0] * len(chart.categories)
    for series in chart.series:
        axes.bar(chart.categories, series.values, bottom=below, label=series.name)
        below = [low + value for low, value in zip(below, series.values, strict=True)]
    axes.set_title(chart.title)
    axes.legend()
    picture = BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _charts() -> list[Table]:
    """Both take turns; the median of each, and what 500 charts leave behind in memory."""
    times: dict[Callable[[Chart], bytes], list[float]] = {_bare: [], draw: []}
    for number in range(CHARTS):
        for work, took in times.items():
            took.append(_seconds(partial(work, _chart(number))) * 1_000)
    bare, ours = (_median(took[5:]) for took in times.values())
    before = _memory_mb()
    for number in range(CHARTS_IN_ALL):
        draw(_chart(number))
    grown = _memory_mb() - before
    speed = [
        ("matplotlib alone", f"{bare:.1f}", "1.00", ""),
        ("a chart of a digest", f"{ours:.1f}", f"{ours / bare:.2f}", aimed(ours / bare, at_most=RATIO_AIM)),
    ]
    size = f"{WIDTH_PX} × {HEIGHT_PX}"
    memory = [(f"{CHARTS_IN_ALL} charts", f"{before:.0f}", f"{grown:.1f}", aimed(grown, at_most=GROWTH_AIM_MB))]
    return [
        Table(f"A chart of {size} pixels, ms (median of {CHARTS - 5})", ("", "ms", "ratio", "aim"), speed),
        Table("Memory over charts, MB", ("", "at first", "grown by", "aim"), memory),
    ]


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _memory_mb() -> float:
    """The most that was ever resident, after everything that can go is gone."""
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
