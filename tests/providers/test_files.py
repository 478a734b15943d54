"""Usage from files: whole or not at all, to the nano, and in constant memory."""
# ruff: noqa: RUF001 - letters of other languages are meant

import json
import os
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from bot.config import Settings
from bot.errors import OutsideError
from bot.providers.base import ProviderIdentity
from bot.providers.files.provider import Files
from bot.providers.registry import PROVIDERS, Opening
from bot.providers.set_aside import setting_aside
from handlers.policy import Policy
from handlers.pricing import PriceBook
from storage.charges import Charge
from storage.tables import charges

DAY = date(2026, 11, 21)
NOVEMBER, NEXT = date(2026, 11, 1), date(2026, 11, 30)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
PLAIN = "date,who,model,tokens,cost\n"
FOCUS = {
    "BilledCost": "0.3",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-11-21T00:00:00Z",
    "ConsumedQuantity": "1000",
    "ConsumedUnit": "Tokens",
    "EffectiveCost": "0.3",
    "ResourceId": "key-7",
    "ServiceCategory": "AI and Machine Learning",
    "SkuMeter": "Input Tokens",
    "SkuPriceDetails": '{"x_ModelId": "gpt-5"}',
    "SubAccountId": "proj-1",
    "x_UserId": "ana@acme.example",
}


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """All files of a folder."""
    provider = Files("files", str(tmp_path / "*"))
    yield provider
    provider.close()


def midnight_of(day: date) -> datetime:
    """When a UTC day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def read(files: Files, first: date = NOVEMBER, last: date = NEXT) -> list[Charge]:
    """All cells of November."""
    return list(files.charges(first, last))


def refused(files: Files) -> str:
    """The sentence that reading ends in."""
    with pytest.raises(OutsideError) as trouble:
        read(files)
    return str(trouble.value)


def odd(files: Files) -> list[str]:
    """What is set aside of November, without the folder."""
    with setting_aside() as found:
        read(files)
    return [": ".join(filter(None, (each.place.rpartition("/")[2], each.field, each.why))) for each in found]


def subjects(files: Files) -> list[str]:
    """Whose rows count, those that do not left aside."""
    with setting_aside():
        return [cell.subject for cell in read(files)]


def focus_csv(path: Path, *rows: dict[str, str]) -> None:
    """Rows of FOCUS: an ordinary one with some things otherwise."""
    whole = [{**FOCUS, **row} for row in rows]
    lines = [",".join(FOCUS), *(",".join(json.dumps(v).replace('\\"', '""') for v in row.values()) for row in whole)]
    path.write_text("\n".join(lines), encoding="utf-8")


def focus_cells(files: Files, folder: Path, *rows: dict[str, str]) -> list[Charge]:
    """What comes of such rows."""
    focus_csv(folder / "focus.csv", *rows)
    return read(files)


# A plain file --------------------------------------------------------------------------------------------------------


def test_a_plain_row_is_a_cell(files: Files, tmp_path: Path) -> None:
    """Who, what, when, how many and how much."""
    (tmp_path / "a.csv").write_text(f"{PLAIN}2026-11-21,ana@acme.example,llama-4,1200,0.36\n")
    assert read(files) == [
        Charge(
            "files",
            datetime(2026, 11, 21, tzinfo=UTC),
            24,
            "llama-4",
            subject="ana@acme.example",
            tokens_input=1200,
            cost_nanos=360_000_000,
        )
    ]


def test_a_long_name_of_a_tier_is_cut_to_what_is_kept(files: Files, tmp_path: Path) -> None:
    """The charge is kept: PostgreSQL would refuse the whole day for one name."""
    long = "Provisioned throughput of one month without commitment"
    (tmp_path / "a.csv").write_text(
        f"date,who,model,tier,tokens_input,tokens_output,cost\n2026-11-21,ana@acme.example,llama-4,{long},12,3,0.36\n"
    )

    assert [(each.tier, each.cost_nanos) for each in read(files)] == [(long[:32], 360_000_000)]
    assert charges.c.tier.type.length == 32  # type: ignore[attr-defined]


def test_rows_of_one_cell_add_up_over_all_files(files: Files, tmp_path: Path) -> None:
    """Each cell is given once, and a thousand tenths of a nano are a hundred nanos."""
    (tmp_path / "a.csv").write_text(PLAIN + "2026-11-21,ana,m,1,0.0000000001\n" * 600)
    (tmp_path / "b.csv").write_text(PLAIN + "2026-11-21,ana,m,1,0.0000000001\n" * 400)
    (cell,) = read(files)
    assert (cell.tokens_input, cell.cost_nanos) == (1_000, 100)


@pytest.mark.parametrize(
    ("cost", "nanos"), [("0.0000000005", 0), ("0.0000000015", 2), ("1e-9", 1), ("-3.5", -35 * 10**8)]
)
def test_a_cost_is_a_whole_number_of_nanos(files: Files, tmp_path: Path, cost: str, nanos: int) -> None:
    """Half goes to the even one; a credit is below zero."""
    (tmp_path / "a.csv").write_text(f"{PLAIN}2026-11-21,ana,m,1,{cost}\n")
    assert [cell.cost_nanos for cell in read(files)] == [nanos]


@pytest.mark.parametrize(
    ("cost", "currency", "nanos"),
    [
        ("R$ 5.20", "BRL", 52 * 10**8),
        ("5 zł", "PLN", 5 * 10**9),
        ("₽5", "RUB", 5 * 10**9),
        ("5 руб.", "RUB", 5 * 10**9),
        ("5 Kč", "CZK", 5 * 10**9),
        ("5 Ft", "HUF", 5 * 10**9),
        ("Rp 5000", "IDR", 5 * 10**12),
        ("₫5000", "VND", 5 * 10**12),
        ("5원", "KRW", 5 * 10**9),
        ("CN¥5", "CNY", 5 * 10**9),
        ("RMB 5", "CNY", 5 * 10**9),
        ("1.2万元", "CNY", 12 * 10**12),
        ('"₹1,00,000.50"', "INR", 1000005 * 10**8),
        ("5 usd", "USD", 5 * 10**9),
        ('"$1,234.50 USD"', "USD", 12345 * 10**8),
        ("$5.2e-05", "USD", 52_000),
        ("EUR -3.20", "EUR", -32 * 10**8),
        ("3.20- EUR", "EUR", -32 * 10**8),
        ("($3.20)", "USD", -32 * 10**8),
    ],
)
def test_a_cost_may_have_its_currency_beside_it(
    files: Files, tmp_path: Path, cost: str, currency: str, nanos: int
) -> None:
    """As people and their spreadsheets write it, before or behind."""
    (tmp_path / "a.csv").write_text(f"{PLAIN}2026-11-21,ana,m,1,{cost}\n", encoding="utf-8")
    assert [(cell.currency, cell.cost_nanos) for cell in read(files)] == [(currency, nanos)]


@pytest.mark.parametrize(
    ("said", "currency"),
    [
        ("usd", "USD"),
        ("US Dollar", "USD"),
        ("$", "USD"),
        ("RMB", "CNY"),
        ("人民币", "CNY"),
        ("€", "EUR"),
        ("Euro", "EUR"),
    ],
)
def test_a_currency_may_be_called_by_its_name(files: Files, tmp_path: Path, said: str, currency: str) -> None:
    """RMB is the yuan and no other currency."""
    header = PLAIN.replace("cost", "cost,currency")
    (tmp_path / "a.csv").write_text(f"{header}2026-11-21,ana,m,1,1,{said}\n", encoding="utf-8")
    assert [cell.currency for cell in read(files)] == [currency]


OWN_TABLES = {
    "Date,User,Email,Model,Input Tokens,Output Tokens,Cost (USD)\n2026-11-03,A,ana@x.y,m,12,3,1.5\nTotal,,,,12,3,1\n": (
        *("ana@x.y", "m", 12, 3, "USD", 1_500_000_000),
    ),
    "Datum;Benutzer;Modell;Cost (€)\n03.11.2026;ana;m;1,50\nSumme;;;1,50\n": ("ana", "m", 0, 0, "EUR", 1_500_000_000),
    "日期,用户,模型,输入tokens,输出tokens,费用(元)\n2026/11/3,安娜,m,12,3,1.5\n,合计,,12,3,1.5\n": (
        *("安娜", "m", 12, 3, "CNY", 1_500_000_000),
    ),
    "Day,Member,Model,Total tokens,Input tokens,Output tokens,Amount (GBP)\n3 Nov 2026,ana,m,15,12,3,1.5\n": (
        *("ana", "m", 12, 3, "GBP", 1_500_000_000),
    ),
    "date,who,model,tokens,cost (€)\n2026-11-03,ana,m,12,1.5\n": ("ana", "m", 12, 0, "EUR", 1_500_000_000),
}


@pytest.mark.parametrize("text", OWN_TABLES)
def test_a_table_of_ones_own_is_read_by_its_titles(files: Files, tmp_path: Path, text: str) -> None:
    """The currency may stand in a title, and the row that adds up the others is left out."""
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    (cell,) = read(files)
    told = (cell.subject, cell.model, cell.tokens_input, cell.tokens_output, cell.currency, cell.cost_nanos)
    assert told == OWN_TABLES[text]
    assert odd(files) == []


@pytest.mark.parametrize(
    "text",
    [
        "Date,User,Model,Cost,Total cost\n2026-11-03,a,m,1,2\n",
        "Date,User,Model,Input tokens,Cached tokens,Output tokens,Cost\n2026-11-03,a,m,10,5,1,2\n",
        "Date,User,Tokens\n2026-11-03,a,10\n",
        "Date,User,Model,Amount\n2026-11-03,a,m,1\n",
        "Date,User,Model,Cost (¥)\n2026-11-03,a,m,1\n",
    ],
)
def test_titles_that_could_mean_two_things_are_asked_about(files: Files, tmp_path: Path, text: str) -> None:
    """Which of two costs, whether the input holds the cache, yuan or yen: nobody guesses."""
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert "header: " in refused(files)


def test_days_are_given_that_were_asked_for(files: Files, tmp_path: Path) -> None:
    """The sum of the days is the whole."""
    (tmp_path / "a.csv").write_text(PLAIN + "".join(f"2026-11-{day:02},ana,m,1,1\n" for day in range(1, 11)))
    days = [date(2026, 11, day) for day in range(1, 11)]
    assert [cell for day in days for cell in read(files, day, day)] == read(files)
    assert read(files, DAY, DAY) == []


def test_excels_semicolons_marks_and_own_columns_are_read(files: Files, tmp_path: Path) -> None:
    """A byte order mark, blank lines, quotes with line ends, and columns that are nobody's business."""
    text = 'date;who;model;tokens;cost;note\r\n\r\n2026-11-21;ana;m;5;1.5;"two\r\nlines"\r\n;;;;;\r\n'
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert [(cell.tokens_input, cell.cost_nanos) for cell in read(files)] == [(5, 1_500_000_000)]


def test_a_report_may_have_its_title_above_the_header(files: Files, tmp_path: Path) -> None:
    """A line is named by its number in the file all the same."""
    (tmp_path / "a.csv").write_text(f"Usage report\nNovember 2026\n\n{PLAIN}2026-11-21,ana,m,5,1.5\nsoon,,,5,1.5\n")
    assert odd(files) == ["a.csv, line 6: date: it is no day; write it as 2026-11-22"]
    assert subjects(files) == ["ana"]


def test_another_currency_stands_in_a_column(files: Files, tmp_path: Path) -> None:
    """Without one it is dollars."""
    (tmp_path / "a.csv").write_text(
        "date,who,model,tokens,cost,currency\n2026-11-21,ana,m,5,1,EUR\n2026-11-21,bo,m,5,1,\n"
    )
    assert [cell.currency for cell in read(files)] == ["EUR", "USD"]


def test_tokens_without_a_cost_say_their_kinds_and_get_a_list_price(files: Files, tmp_path: Path) -> None:
    """A bare sum of tokens cannot be priced."""
    split = "date,who,model,tokens,tokens_input,tokens_output,cost\n"
    (tmp_path / "a.csv").write_text(f"{split}2026-11-21,ana,gpt-5,3000000,1000000,2000000,\n")
    (cell,) = read(files)
    assert (cell.cost_nanos, cell.cost_source, cell.tokens_input) == (None, "unpriced", 10**6)
    assert PriceBook(Policy()).priced(cell).cost_nanos == 21_250_000_000
    (tmp_path / "a.csv").write_text(f"{PLAIN}2026-11-21,ana,gpt-5,3000000,\n")
    assert "tokens without a cost are priced by their kinds: say tokens_input and tokens_output" in refused(files)


def test_who_is_an_address_is_known_by_it(files: Files, tmp_path: Path) -> None:
    """Others are linked by hand."""
    (tmp_path / "a.csv").write_text(
        f"{PLAIN}2026-11-21,ana@acme.example,m,1,1\n2026-11-21,bo,m,1,1\n2026-11-21,,m,1,1\n"
    )
    assert list(files.people()) == [
        ProviderIdentity("user", "ana@acme.example", email="ana@acme.example"),
        ProviderIdentity("user", "bo"),
    ]


# Changes -------------------------------------------------------------------------------------------------------------


def test_a_file_that_changed_is_read_again_and_one_that_is_gone_is_forgotten(files: Files, tmp_path: Path) -> None:
    """What the files say now is all that counts."""
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"{PLAIN}2026-11-21,{name},m,1,1\n")
    assert [cell.cost_nanos for cell in read(files)] == [10**9, 10**9]
    (tmp_path / "a.csv").write_text(f"{PLAIN}2026-11-21,a,m,1,22.00\n")
    assert [cell.cost_nanos for cell in read(files)] == [22 * 10**9, 10**9]
    (tmp_path / "b.csv").unlink()
    assert [cell.subject for cell in read(files)] == ["a"]


def test_a_file_that_was_wrong_for_a_while_is_as_before(files: Files, tmp_path: Path) -> None:
    """A backup that is put back with its old time finds the rows of then, and none of the wrong file."""
    path = tmp_path / "a.csv"
    path.write_text(f"{PLAIN}2026-11-21,a,m,1,1\n")
    before, times = read(files), path.stat()
    path.write_text(f"{PLAIN}2026-11-21,b,m,1,1\n2026-11-21,b,m,1,?\n")
    refused(files)
    path.write_text(f"{PLAIN}2026-11-21,a,m,1,1\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert read(files) == before


def test_a_file_that_did_not_change_is_not_read_again(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year of files is looked at in no time."""
    (tmp_path / "a.csv").write_text(f"{PLAIN}2026-11-21,a,m,1,1\n")
    before = read(files)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was opened"))
    assert read(files) == before


# What is wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("the 21st,ana,m,1,1", "date: it is no day; write it as 2026-11-22"),
        ("2026-11-21,ana,m,1,twelve", "cost: it is no number; write it as 1234.56"),
        ("2026-11-21,ana,m,1,1e11", "cost: it is more than a row can cost"),
        ("2026-11-21,ana,m,1.5,1", "tokens: it is no count; write a whole number such as 1200"),
        ("2026-11-21,ana,m,1e16,1", "tokens: it is more than a row can count"),
        ("2026-11-21,ana,m,1,¥1", "cost: it could be CNY or JPY; say currency: CNY or JPY"),
        ("2026-11-21,ana,m,1,5 kr", "cost: it could be SEK or NOK; say currency: SEK or NOK"),
        ("2026-11-21,1.2E+15,m,1,1", "who: a spreadsheet made a number of this id; export the file again"),
        (f"2026-11-21,{'x' * 256},m,1,1", "who: it is no name: it is too long or has odd letters"),
        ("2026-11-21,ana,m,1", "it has 4 fields where the header has 5"),
        ("2026-11-21,ana,m,1,1,1", "it has 6 fields where the header has 5"),
    ],
)
def test_a_wrong_row_is_told_by_its_line_and_the_others_count(files: Files, tmp_path: Path, row: str, why: str) -> None:
    """Its value is not told: it may be a secret."""
    (tmp_path / "good.csv").write_text(f"{PLAIN}2026-11-21,a,m,1,1\n")
    path = tmp_path / "wrong.csv"
    path.write_text(f"{PLAIN}2026-11-21,b,m,1,1\n\n{row}\n{row}\n2026-11-21,c,m,1,1\n", encoding="utf-8")
    os.utime(path, (NOON, NOON))
    assert odd(files) == [f"wrong.csv, line 4: {why}"]
    assert subjects(files) == ["a", "b", "c"]
    (wrong,) = [line for line in files.check() if not line.ok]
    assert (wrong.what, wrong.advice) == (f"{path}, line 4: 2 rows are not counted", why)
    path.write_text(f"{PLAIN}2026-11-21,b,m,1,1\n")
    assert subjects(files) == ["a", "b"]
    assert odd(files) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{PLAIN}2026-11-21,a\0b,m,1,1", "line 2: this is no text; save the file as “CSV UTF-8”"),
        (f'{PLAIN}2026-11-21,"a"na,m,1,1', "line 2: the quotes of this record are wrong"),
        (PLAIN + "2026-11-21,ana,m,1,?\n" * 2, "none of its 2 rows can be understood, such as line 2: cost: it is no"),
        ("", "header: its columns are not known: it has nothing"),
    ],
)
def test_a_file_of_which_nothing_can_be_used_leaves_its_neighbours_alone(
    files: Files, tmp_path: Path, text: str, why: str
) -> None:
    """What it said before stays, and nothing is taken back: nobody knows what it would say."""
    (tmp_path / "good.csv").write_text(f"{PLAIN}2026-11-21,a,m,1,1\n")
    path = tmp_path / "wrong.csv"
    path.write_text(f"{PLAIN}2026-11-21,b,m,1,1\n")
    assert subjects(files) == ["a", "b"]
    path.write_text(text)
    os.utime(path, (NOON, NOON))
    assert subjects(files) == ["a", "b"]
    assert not files.complete
    (told,) = odd(files)
    assert told.startswith(f"wrong.csv: {why}")
    assert told.endswith("Nothing of it counts")
    path.unlink()
    assert subjects(files) == ["a"]
    assert files.complete


def test_what_is_no_file_is_no_report(files: Files, tmp_path: Path) -> None:
    """A pipe is not waited for, and a device not read to its end, which it has not."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    (tmp_path / "good.csv").write_text(f"{PLAIN}2026-11-21,a,m,1,1\n")
    assert subjects(files) == ["a"]
    told = [line.advice for line in files.check() if not line.ok]
    assert told == ["it cannot be read: it is no regular file; put a plain file there. Nothing of it counts"] * 2


def test_letters_of_another_encoding_are_told(files: Files, tmp_path: Path) -> None:
    """Excel's plain CSV is no UTF-8, and which of the Western encodings it is nobody can know."""
    (tmp_path / "a.csv").write_bytes(f"{PLAIN}2026-11-21,J\xf6rg,m,1,1\n".encode("latin-1"))
    assert "no UTF-8; save the file as “CSV UTF-8”, or say its encoding:" in refused(files)


@pytest.mark.parametrize(
    ("header", "lacking"),
    [
        ("date,who,model,tokens", "cost"),
        ("date,who,model,cost,tokens_output", "tokens_input"),
        ("ChargePeriodStart,BilledCost", "BillingCurrency, ServiceCategory"),
    ],
)
def test_a_header_without_what_is_needed_says_what(files: Files, tmp_path: Path, header: str, lacking: str) -> None:
    """And what it has."""
    (tmp_path / "a.csv").write_text(f"{header}\n1{',1' * header.count(',')}\n")
    told = refused(files)
    assert f"it lacks {lacking}; it has {header.replace(',', ', ')}" in told
    assert 'such as columns: {date: "' in told


def test_the_first_of_two_columns_of_one_name_counts(files: Files, tmp_path: Path) -> None:
    """An export may have a second one that is none of our business."""
    (tmp_path / "a.csv").write_text("date,who,model,tokens,cost,note,note\n2026-11-21,ana,m,1,1,x,y\n")
    assert subjects(files) == ["ana"]


@pytest.mark.parametrize(
    ("other", "how"),
    [
        ("2026-11-21,ana,m,1,1,1,EUR", "currency: the cost of one cell is told in two currencies"),
        ("2026-11-21,ana,m,1,1,,USD", "cost: the cost of one cell is told on one line and missing on another"),
        ("2026-11-21,ana,m,1,1,9000000000,USD\n" * 2, "cost: rows of one cell add up to more than can be counted"),
    ],
)
def test_a_cell_that_cannot_be_added_up_is_set_aside(files: Files, tmp_path: Path, other: str, how: str) -> None:
    """The others count."""
    header = "date,who,model,tokens_input,tokens_output,cost,currency"
    lines = [header, "2026-11-21,ana,m,1,1,1,USD", other, "2026-11-21,bo,m,1,1,1,USD"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    assert odd(files) == [f"usage of 2026-11-21: {how}"]
    assert subjects(files) == ["bo"]


def test_large_amounts_of_small_currencies_add_up(files: Files, tmp_path: Path) -> None:
    """A day of a large company in rupiah."""
    (tmp_path / "a.csv").write_text(
        "date,who,model,tokens,cost,currency\n" + "2026-11-21,ana,m,1,1000000000.000000001,IDR\n" * 9
    )
    assert [cell.cost_nanos for cell in read(files)] == [9 * 10**18 + 9]


def test_no_file_is_no_empty_report(files: Files) -> None:
    """A wrong pattern is told, and what was counted stays."""
    assert "put one there, or mend file: in app.yaml" in refused(files)


# FOCUS ---------------------------------------------------------------------------------------------------------------


def test_rows_of_focus_add_up_to_a_cell(files: Files, tmp_path: Path) -> None:
    """FOCUS has a row for each kind of token; a cell has all of them."""
    (cell,) = focus_cells(
        files,
        tmp_path,
        {},
        {"SkuMeter": "Output Tokens", "ConsumedQuantity": "0.5", "ConsumedUnit": "1000 Tokens", "EffectiveCost": "1"},
        {"SkuPriceDetails": '{"x_ModelId": "gpt-5", "x_TokenCacheAction": "Read"}', "ConsumedUnit": "1M tokens"},
        {"SkuPriceDetails": '{"ModelId": "gpt-5", "TokenCacheAction": "Write"}'},
        {"ConsumedUnit": "Requests", "ConsumedQuantity": "7", "EffectiveCost": "0"},
    )
    assert cell == Charge(
        "files",
        datetime(2026, 11, 21, tzinfo=UTC),
        24,
        "gpt-5",
        sub_account="proj-1",
        resource="key-7",
        subject="ana@acme.example",
        tokens_input=1_000,
        tokens_cache_read=10**9,
        tokens_cache_write_5m=1_000,
        tokens_output=500,
        requests=7,
        cost_nanos=1_900_000_000,
    )


@pytest.mark.parametrize(
    ("meter", "kind"),
    [
        ("gpt-5 Inp glbl Tokens", "tokens_input"),
        ("gpt-5 cached Inp Tokens", "tokens_cache_read"),
        ("Cache creation tokens", "tokens_cache_write_5m"),
        ("gpt-5 outpt Tokens", "tokens_output"),
    ],
)
def test_a_meters_name_tells_the_kind_where_nothing_else_does(
    files: Files, tmp_path: Path, meter: str, kind: str
) -> None:
    """Version 1.4 has no column for it."""
    (cell,) = focus_cells(files, tmp_path, {"SkuMeter": meter})
    assert getattr(cell, kind) == 1_000


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"EffectiveCost": "0.3", "BilledCost": "0"}, {"cost_nanos": 300_000_000}),
        ({"EffectiveCost": "", "BilledCost": "0.4"}, {"cost_nanos": 400_000_000}),
        ({"ChargePeriodStart": "2026-11-21T23:30:00-02:00"}, {"bucket_start": datetime(2026, 11, 22, tzinfo=UTC)}),
        ({"BillingCurrency": "EUR"}, {"currency": "EUR"}),
        ({"x_UserId": "", "Tags": ""}, {"subject": ""}),
        ({"SkuPriceDetails": "", "SkuMeter": "seat"}, {"model": "seat"}),
        ({"EffectiveCost": "NULL", "BilledCost": "0.4"}, {"cost_nanos": 400_000_000}),
        ({"SubAccountId": "NULL", "ResourceId": "null"}, {"sub_account": "", "resource": ""}),
        ({"SkuPriceDetails": "NULL", "SkuMeter": "USE1-Claude4.6Sonnet-output-tokens"}, {"model": "Claude4.6Sonnet"}),
        ({"ConsumedUnit": "1K", "ConsumedQuantity": "1.5"}, {"tokens_input": 1_500}),
        ({"ConsumedUnit": "1M", "SkuMeter": "gpt 5 outp glbl", "ConsumedQuantity": "2"}, {"tokens_output": 2 * 10**6}),
        ({"ConsumedUnit": "1M", "SkuMeter": "Provisioned Managed Unit"}, {"tokens_input": 0, "requests": 0}),
        ({"SkuPriceDetails": '{"TokenType": "CacheRead"}'}, {"tokens_cache_read": 1_000}),
        ({"SkuPriceDetails": '{"TokenType": "Output"}', "SkuMeter": "Text"}, {"tokens_output": 1_000}),
        ({"SkuPriceDetails": '{"TokenDirection": "Input", "TokenCacheAction": "Uncached"}'}, {"tokens_input": 1_000}),
        ({"ChargeCategory": "Credit", "EffectiveCost": "-5"}, {"cost_nanos": -5 * 10**9, "tokens_input": 0}),
        ({"ConsumedUnit": "Hours"}, {"tokens_input": 0, "cost_nanos": 300_000_000}),
    ],
)
def test_what_a_row_of_focus_means(files: Files, tmp_path: Path, row: dict[str, str], expected: dict[str, Any]) -> None:
    """Effective cost before billed, UTC days, and tokens for use alone."""
    (cell,) = focus_cells(files, tmp_path, {name: value for name, value in row.items() if name in FOCUS})
    assert {name: getattr(cell, name) for name in expected} == expected


def test_a_user_may_stand_in_a_tag(files: Files, tmp_path: Path) -> None:
    """FOCUS knows no users."""
    header, row = ",".join([*FOCUS, "Tags"]), [*FOCUS.values(), '{"team": "x", "user_email": "bo@acme.example"}']
    row[[*FOCUS].index("x_UserId")] = ""
    line = ",".join(f'"{value.replace(chr(34), chr(34) * 2)}"' for value in row)
    (tmp_path / "a.csv").write_text(f"{header}\n{line}\n")
    assert [cell.subject for cell in read(files)] == ["bo@acme.example"]


def focus_row(path: Path, **more: str) -> None:
    """A file with one row, with further columns."""
    row = {**FOCUS, "x_UserId": "", **more}
    quoted = (f'"{value.replace(chr(34), chr(34) * 2)}"' for value in row.values())
    path.write_text(f"{','.join(row)}\n{','.join(quoted)}\n")


@pytest.mark.parametrize(
    ("row", "who", "key"),
    [
        ({"PrincipalId": "ana@acme.example", "CredentialId": "cred-1"}, "ana@acme.example", "cred-1"),
        ({"PrincipalId": "svc-bot", "ConsumerId": "emp-7", "CredentialId": "NULL"}, "emp-7", "key-7"),
        ({"PrincipalId": "ana@acme.example", "ConsumerId": "emp-7"}, "ana@acme.example", "key-7"),
        ({"Tags": "NULL"}, "", "key-7"),
        ({"Tags": "null"}, "", "key-7"),
        ({"Tags": '{"Owner": "ana@acme.example", "user": null}'}, "ana@acme.example", "key-7"),
        ({"Tags": '"owner": "ana","team": "x"'}, "ana", "key-7"),
        ({"Tags": '[{"key": "userAttribute/email", "value": "bo@acme.example"}]'}, "bo@acme.example", "key-7"),
    ],
)
def test_a_person_and_a_key_of_focus(files: Files, tmp_path: Path, row: dict[str, str], who: str, key: str) -> None:
    """The draft of 1.5 has columns for them; an address is better than an id, for by that a person is known."""
    focus_row(tmp_path / "a.csv", **row)
    assert [(cell.subject, cell.resource) for cell in read(files)] == [(who, key)]


def test_litellms_focus_has_its_keys_in_place_of_accounts(files: Files, tmp_path: Path) -> None:
    """And its models in place of resources."""
    tags = {"user_email": "ana@acme.example", "api_key_alias": "laptop", "custom_llm_provider": "openai"}
    row = {"BillingAccountId": "88dc", "ResourceId": "gpt-5", "ConsumedUnit": "Requests", "SkuPriceDetails": ""}
    focus_row(tmp_path / "a.csv", Tags=json.dumps(tags), **row)
    (cell,) = read(files)
    assert (cell.subject, cell.resource, cell.model, cell.requests) == ("ana@acme.example", "88dc", "gpt-5", 1_000)


def test_a_month_of_focus_is_spread_over_its_days_to_the_nano(files: Files, tmp_path: Path) -> None:
    """Never all on the first."""
    focus_row(
        tmp_path / "a.csv",
        ChargePeriodStart="2026-11-01T00:00:00Z",
        ChargePeriodEnd="2026-12-01T00:00:00Z",
        EffectiveCost="100.000000001",
        ConsumedQuantity="1001",
    )
    cells = read(files)
    assert [cell.bucket_start.day for cell in cells] == list(range(1, 31))
    assert sum(cell.cost_nanos or 0 for cell in cells) == 100_000_000_001
    assert sum(cell.tokens_input for cell in cells) == 1_001


def test_input_and_output_lines_of_one_model_are_one_cell(files: Files, tmp_path: Path) -> None:
    """AWS names a model in its meters alone."""
    lines = [{"SkuPriceDetails": "", "SkuMeter": f"USE1-Claude4.6Sonnet-{way}-tokens"} for way in ("input", "output")]
    (cell,) = focus_cells(files, tmp_path, *lines)
    assert (cell.model, cell.tokens_input, cell.tokens_output) == ("Claude4.6Sonnet", 1_000, 1_000)


def test_what_is_not_ai_is_left_out(files: Files, tmp_path: Path) -> None:
    """A FOCUS export has all that a company rents."""
    cells = focus_cells(files, tmp_path, {}, {"ServiceCategory": "Compute", "BilledCost": "n/a"})
    assert [cell.cost_nanos for cell in cells] == [300_000_000]


def test_a_correction_never_leaves_tokens_below_zero(files: Files, tmp_path: Path) -> None:
    """It may take back more than its day had; its money counts in full."""
    (cell,) = focus_cells(files, tmp_path, {}, {"ConsumedQuantity": "-5000", "EffectiveCost": "-1"})
    assert (cell.tokens_input, cell.cost_nanos) == (0, -700_000_000)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"ChargePeriodStart": "yesterday"}, "ChargePeriodStart: it is no moment; write it as 2026-11-22T00:00:00Z"),
        ({"EffectiveCost": "", "BilledCost": "NULL"}, "BilledCost: it is no number; write it as 1234.56"),
        ({"BillingCurrency": "pesos"}, "BillingCurrency: it is no currency; write three letters such as USD"),
        ({"SkuPriceDetails": "gpt-5"}, "SkuPriceDetails: it is no JSON object"),
        ({"ConsumedQuantity": "many"}, "ConsumedQuantity: it is no number; write it as 1234.56"),
        ({"ConsumedQuantity": "1e30"}, "ConsumedQuantity: it is more than a row can count"),
    ],
)
def test_a_wrong_row_of_focus_is_told(files: Files, tmp_path: Path, row: dict[str, str], why: str) -> None:
    """By its line, as any other."""
    focus_csv(tmp_path / "focus.csv", {}, row)
    os.utime(tmp_path / "focus.csv", (NOON, NOON))
    assert odd(files) == [f"focus.csv, line 3: {why}"]
    assert len(subjects(files)) == 1


# Parquet -------------------------------------------------------------------------------------------------------------


def test_parquet_says_the_same_as_csv(files: Files, tmp_path: Path) -> None:
    """With real types: moments without a zone, decimals, maps, nulls."""
    same = focus_cells(files, tmp_path, {})
    (tmp_path / "focus.csv").unlink()
    typed: dict[str, Any] = {
        **FOCUS,
        "ChargePeriodStart": datetime(2026, 11, 21),  # noqa: DTZ001 - Parquet does not always say the zone
        "BilledCost": Decimal("0.300000000000"),
        "EffectiveCost": None,
        "ConsumedQuantity": 1000.0,
    }
    table = {name: [value] for name, value in typed.items() if name != "SkuPriceDetails"}
    details = pa.array([[("x_ModelId", "gpt-5")]], type=pa.map_(pa.string(), pa.string()))
    pq.write_table(pa.table({**table, "SkuPriceDetails": details}), tmp_path / "focus.parquet")
    assert read(files) == same


def test_columns_of_any_type_do_no_harm(files: Files, tmp_path: Path) -> None:
    """Lists, structures and empty maps stand in exports, too."""
    odd = {"x_List": [["a"]], "x_Struct": [{"a": Decimal("1.5")}], "x_Bytes": [b"\xff"], "x_None": [None]}
    table = pa.table({**{name: [value] for name, value in FOCUS.items() if name != "SkuPriceDetails"}, **odd})
    empty = pa.array([[]], type=pa.map_(pa.string(), pa.string()))
    pq.write_table(table.append_column("SkuPriceDetails", empty), tmp_path / "focus.parquet")
    assert [(cell.model, cell.tokens_input) for cell in read(files)] == [("", 1_000)]


def test_a_broken_parquet_file_is_told(files: Files, tmp_path: Path) -> None:
    """As is a wrong row in a whole one, by its number."""
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and then nothing")
    assert "row 1: it is no Parquet file" in refused(files)
    rows = {**{name: [value] * 2 for name, value in FOCUS.items()}, "EffectiveCost": ["1", "?"]}
    pq.write_table(pa.table(rows), tmp_path / "a.parquet")
    os.utime(tmp_path / "a.parquet", (NOON, NOON))
    assert odd(files) == ["a.parquet, row 2: EffectiveCost: it is no number; write it as 1234.56"]
    assert len(subjects(files)) == 1


def test_without_pyarrow_one_sentence_says_what_to_do(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not installed with Bursar: it is larger than everything else together."""
    (tmp_path / "a.parquet").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install pyarrow, or export CSV" in refused(files)


# The rest ------------------------------------------------------------------------------------------------------------


def test_files_are_read_in_constant_memory(tmp_path: Path) -> None:
    """Ten times the rows need no more than the little that buffers take."""
    most = []
    for count in (1_000, 10_000):
        path = tmp_path / f"{count}.csv"
        path.write_text(PLAIN + "".join(f"2026-11-21,u{n},m,1,0.01\n" for n in range(count)))
        provider = Files("files", str(path))
        tracemalloc.start()
        assert sum(1 for _ in provider.charges(DAY, DAY)) == count
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        provider.close()
    assert most[1] < most[0] + 200_000


def test_files_stand_beside_app_yaml(tmp_path: Path) -> None:
    """And a month that comes in one file is read whole."""
    (tmp_path / "usage").mkdir()
    (tmp_path / "usage" / "a.csv").write_text(f"{PLAIN}2026-11-21,ana,m,1,1\n")
    content = yaml.safe_load("providers: [{kind: files, file: usage/*.csv}]")
    (settings,) = Settings.model_validate(content, context={"folder": tmp_path}).providers
    provider = PROVIDERS["files"].make(
        Opening("files", "", "", "", "", settings.file, None, lambda: datetime.now(UTC), settings)
    )
    assert settings.days_back == 35
    assert [finding.what for finding in provider.check()] == [
        f"{tmp_path}/usage/a.csv: 1 row as plain-total, 2026-11-21 to 2026-11-21, 1.00 USD",
        f"{tmp_path}/usage/a.csv, line 2: 2026-11-21, who ana, model m, tokens_input 1, cost 1 USD",
    ]
    assert [cell.subject for cell in provider.charges(DAY, DAY)] == ["ana"]
    provider.close()
