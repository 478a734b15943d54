"""What charts promise: a picture that can be read by anybody, whatever is in it."""

import gc
import math
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.charts import axis, fonts, png
from bot.charts.plot import plot
from bot.charts.png import draw
from handlers.card import Chart, Series

DAYS = tuple(f"{day} Oct" for day in range(1, 32))
BAR = Chart(
    "Spend by day", "bar", ("Mon", "Tue", "Wed"), (Series("spend", (120, 340.5, 610)),), "$", "Peak on Wednesday."
)
STACK = Chart("Spend", "stack", ("W43", "W44"), (Series("in", (1, 2)), Series("out", (3, 4))), "$", "Output is most.")
LINE = Chart("Spend", "line", DAYS, (Series("a", tuple(range(31))), Series("b", (5,) * 31)), "tokens", "It grows.")
LYING = replace(BAR, categories=("a model with a long name", "another one as long as that", "a third that is as long"))


def bar(*values: float, limit: float | None = None) -> Chart:
    return Chart("t", "bar", tuple(map(str, range(len(values)))), (Series("s", values),), "$", "f", limit)


@pytest.mark.parametrize("chart", [BAR, STACK, LINE, LYING], ids=["bar", "stack", "line", "lying"])
@pytest.mark.parametrize("limit", [None, 4.0, 900.0])
def test_every_form_is_a_png_of_its_size(chart: Chart, limit: float | None) -> None:
    """Each form is drawn as a PNG of 1200 by 675 pixels, with a limit and without."""
    picture = draw(replace(chart, limit=limit))

    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (1200, 675)


@pytest.mark.parametrize(
    "chart",
    [
        bar(0),
        bar(0, 0, 0, limit=0),
        bar(-5, -1),
        bar(1e-12),
        bar(math.nan, math.inf, 3),
        bar(2**63, 1),
        bar(*range(31)),
        replace(STACK, series=(Series("up", (1, -2)), Series("down", (math.nan, -3)))),
        replace(LINE, series=(Series("gaps", (math.nan,) * 31), Series("some", (math.nan, *range(30))))),
        replace(LINE, series=tuple(Series("x" * 60, (number,) * 31) for number in range(9))),
        replace(LYING, limit=-4.0, series=(Series("s", (-3, 0, math.nan)),)),
        replace(BAR, title="", alt="", unit="", categories=("", " ", "\n")),
    ],
    ids=lambda chart: f"{chart.form} of {chart.series[0].values[:3]}",
)
def test_odd_figures_are_drawn_all_the_same(chart: Chart) -> None:
    """Nothing at all, debts, gaps and giants are drawn without a complaint."""
    assert draw(chart)


@pytest.mark.parametrize(
    "text", ["$a^{b$", "\\frac{1}{0} $x$ $y$", "日本 🙂 \x00\ud800", "<b>&amp;", "W" * 300, "a " * 300]
)
def test_texts_are_never_markup(text: str) -> None:
    """What somebody typed is drawn as it is: no formula, no warning about letters that lack, no overflow."""
    series = (Series(text, (1, 2)), Series(text, (3, 4)))

    assert draw(Chart(text, "stack", (text, text + "2"), series, text, text, limit=3))


def test_letters_that_the_font_lacks_are_boxes() -> None:
    """A sign that cannot be drawn is seen to be missing; all others stay."""
    with png._open() as sheet:
        assert sheet.plain("Zoë  spends\n\ue000 €5") == "Zoë spends □ €5"


@given(text=st.text(max_size=80), room=st.floats(60, 1200))
def test_shortened_text_fits(text: str, room: float) -> None:
    """A shortened text is no wider than its room, and says that it was cut."""
    with png._open() as sheet:
        whole = sheet.plain(text)
        shown = sheet.shorten(whole, room)

        assert sheet.width(shown) <= room
        assert shown == whole or shown.endswith("…")


@pytest.mark.parametrize(
    ("chart", "why"),
    [
        (replace(BAR, categories=()), "nothing to draw"),
        (replace(BAR, series=()), "nothing to draw"),
        (replace(STACK, form="bar"), "stack them"),
        (replace(BAR, limit=math.nan), "limit that is no number"),
        (replace(BAR, categories=("Mon",)), "a value for each of 1 categories"),
        (replace(LINE, categories=DAYS[:30]), "a value for each of 30 categories"),
        (replace(LINE, series=(Series("a", ()),)), "a value for each of 31 categories"),
    ],
)
def test_a_chart_that_breaks_its_rules_is_refused(chart: Chart, why: str) -> None:
    """A chart that cannot be drawn is an error that says what is wrong with it."""
    with pytest.raises(ValueError, match=why):
        draw(chart)


def test_a_line_may_end_before_the_last_category() -> None:
    """What is spent ends today, also in the picture of a page and in the table of its numbers."""
    line = replace(LINE, categories=DAYS[:3], series=(Series("spent", (1, 2)), Series("likely", (1, 2, 4))))

    assert draw(line) != draw(replace(line, series=(Series("spent", (1, 2, 2)), line.series[1])))
    assert [course.count("L") for course in plot(line).courses] == [1, 2]
    assert plot(line).courses[1].startswith(plot(line).courses[0])
    assert [row[1:] for row in axis.numbers(line).rows] == [
        ("1 tokens", "1 tokens"),
        ("2 tokens", "2 tokens"),
        ("", "4 tokens"),
    ]


def test_same_chart_same_picture() -> None:
    """A chart is drawn alike each time, also by several threads at once."""
    alone = [draw(chart) for chart in (BAR, STACK, LINE)]
    with ThreadPoolExecutor(3) as threads:
        together = list(threads.map(draw, (BAR, STACK, LINE)))

    assert alone == together


def test_a_limit_and_what_exceeds_it_are_seen() -> None:
    """A limit changes the picture, and a bar beyond it has another hatching than one below it."""
    assert draw(BAR) != draw(replace(BAR, limit=500))
    assert png._fill(png._weight(bar(6, limit=5), 6))["hatch"] != png._fill(0)["hatch"]


def test_every_series_differs_by_more_than_its_colour() -> None:
    """Six series have six colours, six hatchings and six markers."""
    for signs in (png.COLOURS, png.HATCHES, png.MARKERS):
        assert len(set(signs)) == 6


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("colour", "least"), [*((colour, 3.0) for colour in png.COLOURS), (png.INK, 7.0), (png.QUIET, 4.5)]
)
def test_colours_stand_out_from_the_paper(colour: str, least: float) -> None:
    """Shapes have a contrast of at least 3 to 1 with the paper, words of 4.5 to 1."""
    assert (luminance(png.PAPER) + 0.05) / (luminance(colour) + 0.05) >= least


def test_memory_does_not_grow() -> None:
    """Fifty charts leave nothing behind."""
    draw(BAR)
    gc.collect()
    before = len(gc.get_objects())
    for number in range(50):
        draw(bar(number, 2, 3, limit=2))
    gc.collect()

    assert len(gc.get_objects()) - before < 1000


SAID = {"zh": "预算还剩 11月16日", "hi": "बजट", "th": "งบประมาณ", "ar": "الميزانية", "he": "תקציב"}


@pytest.mark.parametrize("language", sorted(SAID))
def test_letters_of_other_scripts_are_drawn(language: str) -> None:
    """By whichever font of the machine has them; no warning about a missing glyph."""
    if fonts.lacking(language):
        pytest.skip(f"no font with the letters of {language}: apt-get install {fonts.lacking(language)}")
    with png._open() as sheet:
        assert "□" not in sheet.plain(SAID[language])
    chart = Chart("t", "bar", (SAID[language], "b"), (Series(SAID[language], (1, 2)),), "$", SAID[language])
    assert draw(chart) != draw(replace(chart, categories=("\ue000", "b")))


def test_a_script_without_blanks_is_broken_between_its_letters() -> None:
    """A day keeps its month together; a sentence ends its line anywhere but before a comma."""
    if fonts.lacking("zh"):
        pytest.skip(f"no font with Chinese letters: apt-get install {fonts.lacking('zh')}")
    with png._open() as sheet:
        assert sheet.wrap("11\u670816\u65e5", 80, 2) == ["11\u6708", "16\u65e5"]


def test_a_line_ends_between_words() -> None:
    """And never within one."""
    with png._open() as sheet:
        assert sheet.wrap("a long sentence", 180, 2) == ["a long", "sentence"]


def test_a_language_without_letters_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` says which font to install; a language of Latin letters needs none."""
    monkeypatch.setattr(fonts, "glyphs", lambda: frozenset(map(ord, "abc")))
    assert (fonts.lacking("zh"), fonts.lacking("de"), fonts.lacking("th")) == ("fonts-noto-cjk", "", "fonts-noto-core")


def test_matplotlib_is_loaded_at_first_use_and_pyplot_never() -> None:
    """Who draws nothing pays nothing, and who draws keeps no figure in a global list."""
    program = (
        "import sys; from bot.charts.png import draw; from handlers.card import Chart, Series\n"
        "print('matplotlib' in sys.modules)\n"
        "draw(Chart('t', 'bar', ('a',), (Series('s', (1,)),), '$', 'f'))\n"
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True", "False"]


@pytest.mark.parametrize(
    ("value", "unit", "locale", "full", "brief"),
    [
        (1204.5, "$", "en_US", "$1,204.50", "$1,204"),
        (-0.5, "$", "en_US", "-$0.50", "-$0.50"),
        (0.003, "$", "en_US", "$0.003", "$0.003"),
        (1e-9, "$", "en_US", "$0.000000001", "<$0.01"),
        (9.2e9, "$", "en_US", "$9,200,000,000", "$9.2B"),
        (2000, "€", "en_US", "€2,000", "€2,000"),
        (412_000, "tokens", "en_US", "412,000 tokens", "412,000"),
        (12_345_678, "tokens", "en_US", "12,345,678 tokens", "12.3M"),
        (38, "%", "en_US", "38 %", "38 %"),
        (0, "", "en_US", "0", "0"),
        (1204.5, "€", "de_DE", "1.204,50\xa0€", "1.204\xa0€"),
        (-1_500_000, "€", "de_DE", "-1.500.000\xa0€", "-1,5\xa0Mio.\xa0€"),
        (412_000.5, "tokens", "de_DE", "412.000,50 tokens", "412.000"),
        (0.003, "kr", "sv_SE", "0,003\xa0kr", "0,003\xa0kr"),
        (1204.5, "CHF", "de_CH", "CHF\xa01\u2019204.50", "CHF\xa01\u2019204"),
    ],
)
def test_values_have_units_and_separators(value: float, unit: str, locale: str, full: str, brief: str) -> None:
    """A value is written with its unit, in full in a table and briefly in a picture."""
    assert (axis.amount(value, unit, locale), axis.short(value, unit, locale)) == (full, brief)


def test_what_is_no_number_is_said_to_be_missing() -> None:
    """A gap in the figures is written as a gap, not as nan."""
    assert axis.amount(math.nan, "$", "en_US") == "n/a"


@given(value=st.floats(allow_nan=False, allow_infinity=False), unit=st.sampled_from(("$", "€", "tokens", "%", "")))
def test_every_number_can_be_written(value: float, unit: str) -> None:
    """However large or small: a chart of nonsense is no reason to lose the card."""
    for locale in ("en_US", "de_DE", "ja_JP", "hi_IN"):
        assert axis.amount(value, unit, locale)
        assert axis.short(value, unit, locale)


@given(low=st.floats(-1e15, 0), high=st.floats(0, 1e15))
def test_ticks_enclose_the_values(low: float, high: float) -> None:
    """There are two to seven ticks, evenly apart, from below the lowest to above the highest value."""
    low, high = axis.extremes(bar(low, high))
    marks = axis.ticks(low, high)
    slack = (high - low) * 0.001

    assert 2 <= len(marks) <= 7
    assert marks[0] <= low + slack
    assert high - slack <= marks[-1]


@given(heights=st.lists(st.floats(0, 400), max_size=7))
def test_names_beside_the_plot_do_not_touch(heights: list[float]) -> None:
    """Names are a line apart, in the order of what they name, within the plot as long as there is room."""
    placed = axis.spread(heights, 42, 0, 400)

    assert all(low - high >= 41.99 for high, low in pairwise(sorted(placed)))
    assert all(0 <= height <= 400 for height in placed)
    assert [placed[number] for number in sorted(range(len(heights)), key=lambda number: -heights[number])] == sorted(
        placed, reverse=True
    )


@given(column=st.lists(st.integers(-100, 100), min_size=1, max_size=6))
def test_piles_have_no_gap(column: list[int]) -> None:
    """The parts of a pile add up, what is above zero upwards and what is below downwards."""
    parts = axis.piled(column)

    assert [end - start for start, end in parts] == column
    assert max(0, *(end for _, end in parts)) == sum(value for value in column if value > 0)
    assert min(0, *(end for _, end in parts)) == sum(value for value in column if value < 0)
