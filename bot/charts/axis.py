"""The numbers of a chart: how they are written, how high a plot must be, where piles begin and end."""

import math
from collections.abc import Sequence
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import zip_longest

from babel import Locale
from babel.numbers import format_compact_currency, format_compact_decimal, format_currency, format_decimal

from handlers.amounts import CURRENCIES
from handlers.card import Chart, Series, Table

CENT, HUNDRED, MILLION = 0.01, 100, 1_000_000
LEAST_SHOWN = CENT / 100  # of less money only that it is less than a cent is of interest
NOTHING = 1e-9
AS_MANY_AS_THERE_ARE = "." + 18 * "#"
DIGITS_MAX = 400
"""More than the largest float has before its point; decimals have 28 unless asked for more."""


def amount(value: float, unit: str, locale: str) -> str:
    """A value in full with its unit, as people of a locale write it; "n/a" for what is no number.

    Args:
        value: in units.
        unit: the sign of a currency, "%", or a word such as "tokens".
        locale: such as "en_US", which writes "$1,204.50", "412,000 tokens" and "-38 %".
    """
    if not math.isfinite(value):
        return "n/a"
    cents = Decimal(f"{value:.2f}")
    if 0 < abs(value) < CENT:
        figure = _figure(Decimal(f"{value:.2g}"), AS_MANY_AS_THERE_ARE, unit, locale)
    else:
        figure = _figure(cents, "" if cents == cents.to_integral_value() else ".00", unit, locale)
    return figure if is_money(unit, locale) else f"{figure} {unit}".rstrip()


def short(value: float, unit: str, locale: str) -> str:
    """A value as briefly as a picture needs it; a unit that is a word stands once above the plot."""
    size, money = abs(value), is_money(unit, locale)
    if size >= MILLION:
        return _with_percent(_compact(Decimal(value), unit, locale), unit)
    if size >= HUNDRED or size == int(size):
        figure = _figure(Decimal(f"{value:.0f}"), "", unit, locale)
    elif money and 0 < value < LEAST_SHOWN:
        figure = "<" + _figure(Decimal(str(CENT)), ".00", unit, locale)
    elif size >= (CENT if money else 1):
        figure = _figure(Decimal(f"{value:.2f}"), ".00", unit, locale)
    else:
        figure = _figure(Decimal(f"{value:.2g}"), AS_MANY_AS_THERE_ARE, unit, locale)
    return _with_percent(figure, unit)


@lru_cache(maxsize=256)
def is_money(unit: str, locale: str) -> bool:
    """Whether a unit is the sign or the code of a currency, which stands where the locale wants it."""
    return unit in CURRENCIES or unit in Locale.parse(locale).currency_symbols.values()


def _figure(number: Decimal, fraction: str, unit: str, locale: str) -> str:
    """A number as the locale groups it, with its currency if the unit is one.

    Args:
        number: as precise as it is to be shown.
        fraction: the digits behind the point, as a pattern of CLDR writes them.
        unit: see `amount`.
        locale: see `amount`.
    """
    here = Locale.parse(locale)
    with localcontext(prec=DIGITS_MAX):
        if is_money(unit, locale):
            pattern = here.currency_formats["standard"].pattern.replace(".00", fraction)
            return format_currency(number, unit, pattern, locale, currency_digits=False)
        return format_decimal(number, here.decimal_formats[None].pattern.replace(".###", fraction), locale)


def _compact(number: Decimal, unit: str, locale: str) -> str:
    """A large number in millions or whatever the locale counts in; see `_figure`."""
    with localcontext(prec=DIGITS_MAX):
        if is_money(unit, locale):
            return format_compact_currency(number, unit, locale=locale, fraction_digits=1)
        return format_compact_decimal(number, locale=locale, fraction_digits=1)


def _with_percent(figure: str, unit: str) -> str:
    return f"{figure} %" if unit == "%" else figure


def check(chart: Chart) -> None:
    """Raise a ValueError for a chart that cannot be drawn."""
    if not chart.categories or not chart.series:
        raise ValueError(f"The chart {chart.title!r} has nothing to draw.")
    if chart.form == "bar" and len(chart.series) > 1:
        raise ValueError(f"The chart {chart.title!r} has several series: stack them.")
    if chart.limit is not None and not math.isfinite(chart.limit):
        raise ValueError(f"The chart {chart.title!r} has a limit that is no number.")
    for series in chart.series:
        if not has_its_values(series, chart):
            raise ValueError(
                f"The series {series.name!r} needs a value for each of {len(chart.categories)} categories."
            )


def has_its_values(series: Series, chart: Chart) -> bool:
    """Whether there is a value for each category; a line may end before the last."""
    count = len(chart.categories)
    return 0 < len(series.values) <= count if chart.form == "line" else len(series.values) == count


def numbers(chart: Chart) -> Table:
    """The numbers of a chart, a row for each category; a cell is empty where a line has ended."""
    cells = [[amount(each, chart.unit, chart.locale) for each in one.values] for one in chart.series]
    whole = [column + [""] * (len(chart.categories) - len(column)) for column in cells]
    return Table(
        caption="",
        columns=("", *(series.name for series in chart.series)),
        rows=tuple(zip(chart.categories, *whole, strict=True)),
        align="l" + "r" * len(chart.series),
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
    return [list(column) for column in zip_longest(*rows, fillvalue=0.0)]


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
