"""Days and numbers as people and consoles write them: each is read in one way, or not at all."""

# ruff: noqa: RUF001 - letters of other languages are meant

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.column_values import (
    DateOrder,
    DecimalSign,
    date_order,
    decimal_sign,
    moment_of,
    month_of,
    number_of,
    said,
    tidy,
)

DAY = datetime(2026, 11, 5)  # noqa: DTZ001 - as it is written
NOON = DAY.replace(hour=12, minute=30)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-05", DAY),
        ("20261105", DAY),
        ("2026/11/5", DAY),
        ("2026年11月5日", DAY),
        ("05.11.2026", DAY),
        ("5-Nov-2026", DAY),
        ("05 November 2026", DAY),
        ("Nov 5, 2026", DAY),
        ("5-Nov-26", DAY),
        ("5. November 2026", DAY),
        ("5 novembre 2026", DAY),
        ("5 de noviembre de 2026", DAY),
        ("5-März-2026", DAY.replace(month=3)),
        ("5 Okt. 2026", DAY.replace(month=10)),
        ("5 août 2026", DAY.replace(month=8)),
        ("46331", DAY),
        ("46331.520833333336", NOON),
        ("2026-11-05 12:30:00", NOON),
        ("2026/11/5 12:30", NOON),
        ("Nov 5, 2026 12:30 PM", NOON),
        ("2026-11-05T12:30:00Z", NOON.replace(tzinfo=UTC)),
        ("2026-11-05 12:30:00 UTC", NOON.replace(tzinfo=UTC)),
        ("2026-11-05T12:30+08:00", NOON.replace(tzinfo=timezone(timedelta(hours=8)))),
        ("２０２６/１１/０５", DAY),
        ("٢٠٢٦-١١-٠٥", DAY),
        ("2026. 11. 5.", DAY),
        ("2026.11.05.", DAY),
        ("2026년 11월 5일", DAY),
        ("2026年11月5日(木)", DAY),
        ("令和8年11月5日", DAY),
        ("民國115年11月5日", DAY),
        ("5 ноября 2026 г.", DAY),
        ("05.11.2026 г.", DAY),
        ("5 Kasım 2026", DAY),
        ("5. marraskuuta 2026", DAY),
        ("den 5 november 2026", DAY),
        ("5 Νοεμβρίου 2026", DAY),
        ("November 5th, 2026", DAY),
        ("Thursday, November 5, 2026", DAY),
        ("jueves, 5 de noviembre de 2026", DAY),
        ("mar. 3 nov. 2026", DAY.replace(day=3)),
        ("Thu Nov 05 2026", DAY),
        ("5 Nov '26", DAY),
        ("Thu, 05 Nov 2026 12:30:00 GMT", NOON.replace(tzinfo=UTC)),
        ("Thu, 05 Nov 2026 12:30:00 +0800", NOON.replace(tzinfo=timezone(timedelta(hours=8)))),
        ("2026/11/5 下午12:30", NOON),
        ("2026/11/05 午後12:30", NOON),
        ("2026-11-05 12:30:00 +0000 UTC", NOON.replace(tzinfo=UTC)),
        ("2026-11-05 12:30:00 (UTC+8)", NOON.replace(tzinfo=timezone(timedelta(hours=8)))),
        ("2026-11-05 12:30:00 Asia/Shanghai", NOON.replace(tzinfo=timezone(timedelta(hours=8)))),
        ("1793881800", NOON.replace(tzinfo=UTC)),
        ("1793881800000", NOON.replace(tzinfo=UTC)),
    ],
)
def test_a_day_is_read_in_any_usual_form(text: str, moment: datetime) -> None:
    """With its time and zone, if it has them; that of a spreadsheet to the second."""
    assert abs(moment_of(text) - moment) < timedelta(seconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01",
        "31.02.2026",
        "5 Foo 2026",
        "12",
        "99999",
        "03/04/2026",
        "5 lis 2026",
        "2026-11-05 12:30 CST",
        "Nov-26",
    ],
)
def test_what_is_no_day_or_two_is_refused(text: str) -> None:
    """A guess would move money between days."""
    with pytest.raises(ValueError, match=r"."):
        moment_of(text)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2026", "13/04/2026"], "dmy"),
        (["03/04/2026", "04/13/2026"], "mdy"),
        (["03-04-2026", "04-13-26"], "mdy"),
        (["03/04/2026", "2026-11-05", "05.11.2026"], None),
    ],
)
def test_other_days_of_a_column_tell_whether_the_month_is_first(texts: list[str], order: DateOrder | None) -> None:
    """And where none tells, nobody guesses."""
    assert date_order(texts) == order


def test_days_of_both_orders_are_no_column() -> None:
    """They contradict each other."""
    with pytest.raises(ValueError, match="month first"):
        date_order(["13/04/2026", "04/13/2026"])


@given(st.dates(date(1970, 1, 2), date(2099, 12, 31)))
def test_day_and_month_first_are_the_same_day(day: date) -> None:
    """Whichever the column has."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - as it is written
    assert moment_of(f"{day:%d/%m/%Y}", "dmy") == moment_of(f"{day:%m/%d/%Y}", "mdy") == midnight
    assert moment_of(str((day - date(1899, 12, 30)).days)) == midnight


@pytest.mark.parametrize("text", ["2026-11", "202611", "2026/11", "2026年11月", "Nov 2026", "November-2026", "11/2026"])
def test_a_month_is_its_first_day_and_the_next(text: str) -> None:
    """The second is no part of it."""
    assert month_of(text) == (date(2026, 11, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("texts", "sign"),
    [
        (["1,50"], ","),
        (["1.50"], "."),
        (["1.234", "0,5"], ","),
        (["1.234.567"], ","),
        (["1,234,567"], "."),
        (["1.234,5"], ","),
        (["0.123"], "."),
        (["1234.567"], "."),
        (["1.234", "12"], None),
        (["€ 1.234,00"], ","),
    ],
)
def test_other_numbers_of_a_column_tell_its_decimal_sign(texts: list[str], sign: DecimalSign | None) -> None:
    """The first that can be read in one way only."""
    assert decimal_sign(texts) == sign


@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("1234.50", ".", "1234.50"),
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1 234,50", ",", "1234.50"),
        ("1\u202f234,50", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("1e-9", ".", "0.000000001"),
        ("(3.20)", ".", "-3.20"),
        ("−3.20", ".", "-3.20"),
        ("12.3 M", ".", "12300000"),
        ("3万", ".", "30000"),
        ("\uff11\uff12\uff13", ".", "123"),
        (".5", ".", "0.5"),
        ("1,00,000.50", ".", "100000.50"),
        ("3,20-", ",", "-3.20"),
        ("1,5 Mio.", ",", "1500000"),
        ("12 Tsd.", ",", "12000"),
        ("1.5 lakh", ".", "150000"),
        ("١٢٣٫٥", ".", "123.5"),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, sign: DecimalSign, number: str) -> None:
    """Exactly."""
    assert number_of(text, sign) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "sign"),
    [("1,50", "."), ("1.50", ","), ("1,2,3", "."), ("x", "."), ("1.2.3", "."), ("", "."), ("-3-", "."), ("10,00", ".")],
)
def test_a_number_of_another_kind_is_refused(text: str, sign: DecimalSign) -> None:
    """1,50 is not 150."""
    with pytest.raises(ValueError, match=r"."):
        number_of(text, sign)


@pytest.mark.parametrize("text", ["", " ", "-", "N/A", "NULL", "\\N", "null", "\ufeff"])
def test_words_for_nothing_are_nothing(text: str) -> None:
    """Every export has its own."""
    assert said(text) == ""


@pytest.mark.parametrize("text", ["ana", " ana ", "\ufeffana", "a\u200bna", "'ana", "\tana"])
def test_what_nobody_sees_is_left_out(text: str) -> None:
    """Blanks around, marks without width, and the quote that keeps a spreadsheet from counting."""
    assert tidy(text) == "ana"
