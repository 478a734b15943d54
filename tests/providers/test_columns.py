"""A mapping makes any table readable, and says what it cannot read."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.config import Settings
from bot.providers.files.charge_rows import ChargeRow, spread
from bot.providers.files.kinds import kind_of, model_of, unit_of
from bot.providers.files.presets import PRESETS
from bot.providers.files.provider import Files
from bot.providers.files.settings import FileRules
from bot.providers.set_aside import setting_aside
from storage.charges import Charge
from tests.providers.test_files import NEXT, NOVEMBER, midnight_of

Reading = Callable[..., list[Charge]]


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Reading]:
    """Reads a text by rules, as the part of app.yaml that says them."""
    opened: list[Files] = []

    def reading(text: str | bytes, **rules: Any) -> list[Charge]:
        (tmp_path / "a.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        opened.append(Files("files", str(tmp_path / "*"), FileRules.model_validate(rules)))
        return list(opened[-1].charges(NOVEMBER, NEXT))

    yield reading
    for each in opened:
        each.close()


PLAIN_HEADER = ("date", "who", "model", "tokens", "cost", "currency", "key")
HEADERS = tuple((*each.header, *each.any_of, "Tags", "SkuPriceDetails", "ConsumedQuantity") for each in PRESETS)
COLUMNS = {"date": "day", "who": "user", "model": "m", "cost": "fee"}


def one(cells: list[Charge]) -> Charge:
    """The only one."""
    (cell,) = cells
    return cell


def test_a_gateways_log_is_read_by_a_mapping(read: Reading) -> None:
    """All that the page of the docs shows."""
    text = (
        "Our gateway\n\n"
        "ts,principal,key_alias,labels,Model,prompt_tokens,cached_tokens,completion_tokens,fee,status\n"
        '1793721600000,sso/ana@acme.example,k1,"{""cost_centre"": ""R&D""}",GPT-5,1000,400,20,1250,OK\n'
        "1793721600000,service/crawler,k2,{},GPT-5,1000,400,20,1250,ok\n"
        "1793721600000,sso/ana@acme.example,k1,{},GPT-5,1000,400,20,1250,failed\n"
    )
    cell = one(
        read(
            text,
            columns={
                "date": {"column": "ts", "zone": "Asia/Shanghai"},
                "who": {"column": "principal", "match": "([^/]+@[^/]+)$", "else": "drop"},
                "key": "key_alias",
                "team": {"first_of": ["team", "labels.cost_centre"]},
                "model": {"column": "model", "lower": True},
                "tokens_input": {"column": "prompt_tokens", "minus": "cached_tokens"},
                "tokens_cache_read": "cached_tokens",
                "tokens_output": "completion_tokens",
                "requests": 1,
                "cost": {"column": "fee", "divide": 100},
                "currency": "CNY",
            },
            keep={"status": ["ok", "success"]},
            skip_rows=2,
        )
    )
    assert cell == Charge(
        "files",
        midnight_of(date(2026, 11, 4)),
        24,
        "gpt-5",
        sub_account="R&D",
        resource="k1",
        subject="ana@acme.example",
        tokens_input=600,
        tokens_cache_read=400,
        tokens_output=20,
        requests=1,
        cost_nanos=12_500_000_000,
        currency="CNY",
    )


@pytest.mark.parametrize(
    ("text", "rules", "nanos"),
    [
        ("day;user;m;fee\n2026-11-03;a;m;1,50\n", {}, 1_500_000_000),
        ("day;user;m;fee\n2026-11-03;a;m;1.50\n", {}, 1_500_000_000),
        ("day;user;m;fee\n2026-11-03;a;m;1.234\n", {}, 1_234_000_000_000),
        ("day;user;m;fee\n2026-11-03;a;m;1.234\n", {"decimal": "point"}, 1_234_000_000),
        ('day,user,m,fee\n2026-11-03,a,m,"1,50"\n', {}, 1_500_000_000),
        ('day,user,m,fee\n2026-11-03,a,m,"1,234"\n', {}, 1_234_000_000_000),
        ("day|user|m|fee\n2026-11-03|a|m|(0.5)\n", {}, -500_000_000),
        ("day^user^m^fee\n2026-11-03^a^m^0.5\n", {"delimiter": "^"}, 500_000_000),
        ("day,user,m,fee\n11/03/2026,a,m,1\n11/13/2026,a,m,0\n", {}, 10**9),
        ("day,user,m,fee\n03/11/2026,a,m,1\n13/11/2026,a,m,0\n", {}, 10**9),
        ("day,user,m,fee\n03/11/2026,a,m,1\n", {"date_order": "dmy"}, 10**9),
        ("day,user,m,fee\n46329,a,m,1\n", {}, 10**9),
        ('"Day ","USER","M","Fee (USD)"\n2026-11-03,a,m,1\n', {"columns": COLUMNS | {"cost": "fee usd"}}, 10**9),
        (
            "day,user,m,fee\n2026-11-03,a,m,NULL\n",
            {"columns": COLUMNS | {"cost": {"column": "fee", "default": 2}}},
            2 * 10**9,
        ),
        (
            "day,user,m,fee\n2026-11-03,a,m,-3\n",
            {"columns": COLUMNS | {"cost": {"column": "fee", "sign": "absolute"}}},
            3 * 10**9,
        ),
        ("day,user,m,fee\n2026-11-03,a,m,3\n", {"free": {"m": "M"}}, 0),
    ],
)
def test_days_and_numbers_are_read_as_the_file_writes_them(
    read: Reading, text: str, rules: dict[str, Any], nanos: int
) -> None:
    """What the other rows show need not be said."""
    cell = read(text, **{"columns": COLUMNS, **rules})[0]
    assert (cell.bucket_start.day, cell.cost_nanos) == (3, nanos)


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-8-sig"])
def test_chinese_files_are_read(read: Reading, encoding: str) -> None:
    """With their own names of columns, kinds and units."""
    text = "日期,用户,模型,类型,用量,单位,金额\n2026年11月3日,王伟,qwen3,输入,1.2,千tokens,￥3\n"
    columns = {"date": "日期", "who": "用户", "model": "模型", "kind": "类型", "tokens": "用量", "unit": "单位"}
    cell = one(read(text.encode(encoding), columns={**columns, "cost": "金额", "currency": "CNY"}))
    assert (cell.subject, cell.tokens_input, cell.cost_nanos, cell.currency) == ("王伟", 1_200, 3 * 10**9, "CNY")


def test_a_western_encoding_is_told(read: Reading) -> None:
    """Nobody can guess it."""
    text = "day,user,m,fee\n2026-11-03,Jörg,m,1\n".encode("cp1252")
    assert one(read(text, columns=COLUMNS, encoding="cp1252")).subject == "Jörg"


def test_a_month_is_spread_over_its_days_to_the_nano(read: Reading) -> None:
    """And adds up."""
    cells = read("day,user,m,fee\n2026-11,a,m,100\n", columns=COLUMNS)
    assert [cell.bucket_start.day for cell in cells] == list(range(1, 31))
    assert sum(cell.cost_nanos or 0 for cell in cells) == 100 * 10**9
    assert {cell.cost_nanos for cell in cells} <= {3_333_333_333, 3_333_333_334}


@given(st.integers(-(10**18), 10**18), st.integers(0, 10**9), st.integers(1, 400 * 24))
def test_what_is_spread_adds_up(nanos: int, tokens: int, hours: int) -> None:
    """Each part is a whole number of nanos, and none of the tokens is lost or below zero."""
    row = ChargeRow("", tokens_input=tokens, cost=nanos * 1_000)
    start = midnight_of(NOVEMBER) + timedelta(hours=7)
    parts = list(spread(row, start, start + timedelta(hours=hours)))
    assert sum(part.cost or 0 for part in parts) == nanos * 1_000
    assert sum(part.tokens_input for part in parts) == tokens
    assert all(part.tokens_input >= 0 and (part.cost or 0) % 1_000 == 0 for part in parts)
    assert len({part.day for part in parts}) == len(parts)


def test_objects_in_parquet_have_dotted_names(tmp_path: Path) -> None:
    """As BigQuery exports them: structures, and lists of keys and values."""
    labels = [[{"key": "user", "value": "ana@acme.example"}]]
    table = {
        "at": [midnight_of(date(2026, 11, 3))],
        "usage": [{"amount": 5, "unit": "1K"}],
        "labels": labels,
        "c": [Decimal("0.5")],
    }
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    columns = {"date": "at", "who": "labels.user", "tokens": "usage.amount", "unit": "usage.unit", "cost": "c"}
    provider = Files("files", str(tmp_path / "*"), FileRules.model_validate({"columns": columns}))
    cell = one(list(provider.charges(NOVEMBER, NEXT)))
    provider.close()
    assert (cell.subject, cell.tokens_input, cell.cost_nanos) == ("ana@acme.example", 5_000, 500_000_000)


def test_a_usable_key_is_never_kept(read: Reading) -> None:
    """Its end tells it from others, as consoles show it."""
    cell = one(read("day,user,m,fee\n2026-11-03,a,sk-proj-1234567890,1\n", columns=COLUMNS | {"key": "m"}))
    assert cell.resource == "sk-…7890"


# What cannot be read ------------------------------------------------------------------------------------------------


def refused(tmp_path: Path, text: str, **rules: Any) -> str:
    """What `check` says."""
    (tmp_path / "a.csv").write_text(text)
    provider = Files("files", str(tmp_path / "*"), FileRules.model_validate(rules))
    advice = "; ".join(line.advice for line in provider.check() if not line.ok)
    provider.close()
    return advice


@pytest.mark.parametrize(
    ("text", "rules", "said"),
    [
        ("day,user,fee\n2026-11-03,a,1\n", {}, "header: it lacks m; it has day, user, fee"),
        ("day,user,m,fee\n03/04/2026,a,m,1\n", {}, "could have the day or the month first; say date_order: dmy or mdy"),
        ("day,user,m,fee\n13/04/2026,a,m,1\n04/13/2026,a,m,1\n", {}, "some days have the month first and some the day"),
        (
            "Fee,user,m,day,FEE\n1,a,m,2026-11-03,2\n",
            {},
            "the columns Fee and FEE could both be fee; write the name exactly",
        ),
        ("day,user,m,fee\n2026-11-03,a,m,€1\n", {"columns": COLUMNS | {"currency": "USD"}}, "it is not in USD"),
        ("when,whom\n1,2\n", {"columns": {}}, "Say in app.yaml what they mean, such as columns: {"),
        ("day,user,m,n\n2026-11-03,a,m,1\n", {"columns": {"date": "day", "tokens": "n"}}, "priced by their kinds"),
        ("day,user,m,fee\n2026-11-03,a,m,1\n", {"skip": {"status": ["x"]}}, "header: it lacks status"),
    ],
)
def test_what_a_file_lacks_is_said(tmp_path: Path, text: str, rules: dict[str, Any], said: str) -> None:
    """With what would be right."""
    assert said in refused(tmp_path, text, **{"columns": COLUMNS, **rules})


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"columns": {"date": {}}}, "write one of column, first_of and const"),
        ({"columns": {"date": {"column": "a", "match": "("}}}, "is not a regular expression"),
        ({"columns": {"date": {"column": "a", "match": "a"}}}, "has no group"),
        ({"columns": {"date": "a"}}, "neither a cost nor tokens"),
        ({"encoding": "klingon"}, "“klingon” is not an encoding"),
        ({"preset": "openai-cost"}, "there is no preset “openai-cost”. Did you mean “openai-costs”?"),
        ({"period": "November"}, "“November” is not a range of days"),
        ({"kind": "sample", "decimal": "comma"}, "remove decimal: sample reads no files"),
    ],
)
def test_a_wrong_mapping_is_refused(rules: dict[str, Any], said: str) -> None:
    """At the start, not at the first file."""
    with pytest.raises(ValueError, match=r".") as wrong:
        Settings.model_validate({"providers": [{"kind": "files", "file": "*.csv", **rules}]})
    assert said in str(wrong.value)


def test_a_suggested_mapping_can_be_pasted(tmp_path: Path) -> None:
    """Once what it could not guess is filled in."""
    advice = refused(tmp_path, "when,User name,Total spend\n2026-11-03,a,1\n")
    pasted = yaml.safe_load(advice.partition("such as ")[2].removesuffix(". Nothing of it counts"))["columns"]
    assert pasted["who"] == "User name"
    assert pasted["cost"] == "Total spend"


ODD = st.one_of(
    st.sampled_from(
        ["NULL", "1e400", "nan", "¥5", "(", "9999-12-31", "0001-01-01", "12/31/9999", "[]", "5", "{", "1E+15", "½"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=12),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([PLAIN_HEADER, *HEADERS]), st.data())
def test_no_cell_breaks_a_reading(tmp_path: Path, header: tuple[str, ...], data: st.DataObject) -> None:
    """What it says is understood or set aside, whatever it is."""
    out = io.StringIO(newline="")
    rows = data.draw(st.lists(st.lists(ODD, min_size=len(header), max_size=len(header)), min_size=1, max_size=3))
    csv.writer(out).writerows([header, *rows])
    (tmp_path / "a.csv").write_text(out.getvalue(), encoding="utf-8", newline="")
    provider = Files("files", str(tmp_path / "a.csv"), credit=Decimal(1))
    with setting_aside():
        assert all(abs(cell.cost_nanos or 0) < 2**63 for cell in provider.charges(date(1990, 1, 1), date(2189, 12, 31)))
    assert list(provider.check())
    provider.close()


# Words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("USE1-Claude4.6Sonnet-cache-write-1h-input-token-count", "tokens_cache_write_1h"),
        ("input_cache_miss_tokens", "tokens_input"),
        ("text_cached_input", "tokens_cache_read"),
        ("kimi-thinking 输入", "tokens_input"),
        ("思考", "tokens_output"),
        ("openrouter gemini prompt", "tokens_input"),
        ("web search", ""),
    ],
)
def test_words_tell_a_kind(words: str, kind: str) -> None:
    """Also where they stand beside a model's name."""
    assert kind_of(words) == kind


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("1K", 1_000),
        ("1M tokens", 10**6),
        ("1000_tokens", 1_000),
        ("百万Tokens", 10**6),
        ("Token-Hours", None),
        ("GB", None),
    ],
)
def test_units_tell_how_many(text: str, times: int | None) -> None:
    """What counts something else is no number of tokens."""
    unit = unit_of(text)
    assert (unit and unit.times) == times


@pytest.mark.parametrize(
    ("meter", "model"),
    [
        ("USE1-Claude4.6Sonnet-input-tokens", "Claude4.6Sonnet"),
        ("EUC1-Claude4.6Sonnet-cache-read-input-token-count", "Claude4.6Sonnet"),
        ("gpt 5 Inp glbl Tokens", "gpt 5"),
        ("gpt-5 cached Inp glbl 1M Tokens", "gpt-5"),
        ("Cache Read Input Tokens", ""),
        ("seat", "seat"),
    ],
)
def test_lines_of_one_model_have_one_name(meter: str, model: str) -> None:
    """Whatever their direction and region."""
    assert model_of(meter) == model
