"""The close of a month: by cost centre and team, what was moved, what is not known; and the files for the books."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from sqlalchemy import Connection, event

from bot.exports.files import EXPORTS, made, of_month, safe
from bot.exports.focus import Profile, columns
from handlers.card import Card, File, Table
from handlers.place import Place
from handlers.sentence import Sentence
from storage import exports, ingest, people, pulls
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.exports import ToldApart
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company

OCTOBER = date(2026, 10, 15)
NOVEMBER = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
SPEC = yaml.safe_load((Path(__file__).parent / "focus_columns.yaml").read_text(encoding="utf-8"))
STAMP = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"
FORMATS = {
    "Decimal": r"-?\d+(\.\d+)?",
    "DateTime": STAMP,
    "Currency": r"[A-Z]{3}",
    "Unit": rf"(\d+ )?({'|'.join(SPEC['units'])})",
}


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """October is over: Search, Ads, a key of nobody, tokens without a price; and a correction."""
    clock.moment = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
    teams = (Team("engineering", "Engineering", "kim", "", "CC-1"), Team("search", "Search", "max", "engineering"))
    directory = replace(ACME, teams=(*teams, Team("ads", "Ads", "lea", "engineering", "CC-2")))
    budget = {"name": "per-person", "who": "every person", "amount": "400 USD", "rollover": "up to 100 USD"}
    made = Company(database, clock, {**RULES, "budgets": [budget]}, directory)
    made.llm.rows = []
    for subject, dollars in (
        ("ana", "200.00"),
        ("bob", "100.00"),
        ("kim", "40.00"),
        ("ghost", "50.00"),
        ("fay", "10.00"),
    ):
        made.llm.spends(subject, dollars, OCTOBER, tokens=1000)
    made.llm.spends("ana", "150.00", date(2026, 9, 1))
    start = datetime(2026, 10, 16, tzinfo=UTC)
    made.llm.rows.append(Charge("llm", start, 24, "=evil()", subject="max", tokens_output=70, cost_nanos=None))
    read(made)
    made.say("fay", "correct 20 of ana a refund")
    clock.moment = NOVEMBER
    made.app.refresh_people()
    read(made)
    return made


def read(company: Company) -> None:
    """Take in all that was reported."""
    now = company.clock()

    def record(conn: Connection) -> None:
        ingest.record(conn, company.llm.rows, company.app.policy.zone, lambda cost, *_: (cost, ingest.NANOS), now)
        pulls.note_pull(conn, pulls.Pull("llm", now, now, now.date(), 1, 1, ""))

    company.database.transact(record)


def closed(company: Company) -> list[Card]:
    """What finance is told by the clock: the card, the details, and a card for each file."""
    company.app.hear(Sentence("close", "clock", Place("nowhere", "")))
    company.settle()
    return company.messages("fay")


def table(card: Card) -> list[tuple[str, ...]]:
    """The rows of the card's only table."""
    (found,) = (block for block in card.blocks if isinstance(block, Table))
    return list(found.rows)


def test_finance_gets_the_close_with_its_files(company: Company) -> None:
    """The sum and the change first, then cost centres, what was moved, and what is not known."""
    top, details, *files = closed(company)

    assert top.title == "Acme: $400.00 spent in October 2026, 167 % more than the month before"
    facts = {name: value for block in top.blocks if block.kind == "facts" for name, value in block.facts}
    assert facts["Corrections"] == "1 entry, +$20.00"
    assert facts["Rolled over"].endswith("out of this month")
    assert facts["Unallocated"] == "$50.00 (13 %)"
    assert facts["Unpriced"] == "70 tokens, not in the total"
    assert table(top) == [
        ("CC-1", "$240.00", "60 %", "$150.00"),
        ("CC-2", "$100.00", "25 %", "$0.00"),
        ("No cost center", "$10.00", "3 %", "$0.00"),
        ("Unallocated", "$50.00", "13 %", "$0.00"),
    ]
    assert [row[0] for row in table(details)] == ["Ads", "Engineering", "Search", "No team", "Unallocated"]
    names = [block.name for card in files for block in card.blocks if isinstance(block, File)]
    assert names == ["showback-2026-10.csv", "focus-1.2-2026-10.csv", "focus-1.4-2026-10.csv"]
    assert len(closed(company)) == 5


def test_a_month_that_is_known_in_part_is_not_compared_with(company: Company) -> None:
    """Before September's first day of use there is nothing to compare September with."""
    company.say("fay", "close september")
    company.settle()

    assert company.messages("fay")[0].title == "Acme: $150.00 spent in September 2026"
    assert table(company.messages("fay")[0]) == [("CC-1", "$150.00", "100 %")]


def test_whoever_asks_gets_it_in_private(company: Company) -> None:
    """Finance and admins; others hear who may."""
    assert "in your direct messages" in company.say("fay", "close october")
    company.settle()
    assert company.messages("fay")[0].title.startswith("Acme: $400.00 spent in October 2026")
    assert "Only finance and admins" in company.say("max", "close")
    for words in ("close november", "close this week", "close 2026-10-01..2026-10-15"):
        assert "whole month that is over" in company.say("fay", words)


def test_a_provider_that_was_not_read_to_the_end_is_named(company: Company) -> None:
    """What is missing is not zero."""
    early = pulls.Pull("llm", company.clock(), company.clock(), date(2026, 10, 30), 1, 0, "down")
    company.database.transact(lambda conn: pulls.note_pull(conn, early))
    top = closed(company)[0]

    assert top.tone == "warn"
    assert "Not read to the end of the month yet: llm." in top.blocks[0].text  # type: ignore[union-attr]


def test_a_moved_team_bears_its_days_where_it_was(database: Database) -> None:
    """Search moves from A to B on the 11th, with a person in it: all shares add up, and nothing is borne twice."""

    def tree(parent: str) -> Directory:
        teams = (Team("a", "A", "", "", "CC-A"), Team("b", "B", "", "", "CC-B"), Team("search", "Search", "", parent))
        return Directory(people=(Person("ana", "Ana", team="search"), Person("kim", "Kim", team="a")), teams=teams)

    def spends(who: str, day: int, dollars: int) -> Charge:
        start = datetime(2026, 10, day, tzinfo=UTC)
        return Charge("llm", start, 24, "m", subject=who, tokens_input=1, cost_nanos=dollars * 10**9)

    def work(conn: Connection) -> dict[str, int]:
        people.apply(conn, tree("a"), date(2026, 10, 1))
        for who in ("ana", "kim"):
            people.link(conn, Link("llm", "user", who, f"person/{who}"), "explicit")
        people.apply(conn, tree("b"), date(2026, 10, 11))
        rows = [spends("ana", 5, 10), spends("ana", 20, 7), spends("kim", 5, 3)]
        ingest.record(conn, rows, ZoneInfo("Europe/Berlin"), lambda cost, *_: (cost, ingest.NANOS), NOVEMBER)
        shares = exports.showback(conn, date(2026, 10, 1), date(2026, 11, 1))
        return {each.team: each.spent.cost_nanos // 10**9 for each in shares}

    shares = database.transact(work)
    assert shares == {"A": 3, "B": 0, "Search": 17, "No team": 0, "Unallocated": 0}


def test_only_providers_that_tell_more_than_what_counts_are_looked_through(database: Database) -> None:
    """A list price of one charge counts beside all others of its provider; a provider without any is not read."""

    def told(provider: str, day: int, cost: int, listed: int | None = None) -> Charge:
        start = datetime(2026, 10, day, tzinfo=UTC)
        return Charge(provider, start, 24, "m", subject="x", tokens_input=1, cost_nanos=cost, list_nanos=listed)

    asked: list[tuple[str, tuple[Any, ...]]] = []

    def work(conn: Connection) -> list[ToldApart]:
        rows = [told("llm", 5, 7, 10), told("llm", 6, 3), told("plain", 5, 9)]
        ingest.record(conn, rows, ZoneInfo("UTC"), lambda cost, *_: (cost, ingest.NANOS), NOVEMBER)
        event.listen(conn, "before_cursor_execute", lambda *each: asked.append((each[2], each[3])))
        return exports.told_apart(conn, date(2026, 10, 1), date(2026, 11, 1))

    assert database.transact(work) == [ToldApart("llm", "USD", 10, 13, None)]
    if database.is_sqlite:  # PostgreSQL reads so small a table as a whole
        plan = database.ask(
            lambda conn: [row[3] for row in conn.exec_driver_sql(f"explain query plan {asked[0][0]}", asked[0][1])]
        )
        assert "ix_charges_told_apart" in plan[0]


# The files -----------------------------------------------------------------------------------------------------------


def rows_of(company: Company, name: str) -> list[dict[str, str]]:
    """A file as a reader of CSV sees it."""
    with made(company.database, company.app.policy, name) as path, path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_showback_adds_up(company: Company) -> None:
    """To the cent, with what belongs to nobody and to no team."""
    rows = rows_of(company, "showback-2026-10.csv")

    assert sum(Decimal(row["cost"]) for row in rows) == 400
    assert {row["team"]: (row["cost_center"], row["cost"]) for row in rows}["Search"] == ("CC-1", "200")


def test_excel_opens_the_showback_with_its_letters(company: Company) -> None:
    """By a double click: a mark at the beginning says that it is UTF-8. FOCUS wants none."""
    begins = {}
    for name in EXPORTS:
        with made(company.database, company.app.policy, f"{name}-2026-10.csv") as path:
            begins[name] = path.read_bytes().startswith(b"\xef\xbb\xbf")
    focus = {"focus-1.2": False, "focus-1.4": False, "focus-1.3-commitments": False}
    assert begins == {"showback": True, **focus}


def test_contracts_are_a_file_of_focus_where_there_are_any(database: Database, clock: Clock) -> None:
    """Money as a cost, tokens and seats as a quantity with its unit; days are those of the organization's zone."""
    clock.moment = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
    shared = {"provider": "llm", "starts": date(2026, 3, 1), "ends": date(2027, 3, 1)}
    contracts = [
        {**shared, "name": "spend", "commitment": "600,000 USD", "seats": 250},
        {**shared, "name": "tokens", "commitment": "40B tokens", "ends": date(2026, 10, 16), "renews_months": 1},
        {**shared, "name": "over", "commitment": "5 USD", "ends": date(2026, 10, 1)},
    ]
    company = Company(database, clock, {**RULES, "contracts": contracts}, ACME)
    rows = rows_of(company, "focus-1.3-commitments-2026-10.csv")
    named = [(row["ContractCommitmentId"], row["ContractCommitmentCategory"]) for row in rows]
    assert named == [("spend", "Spend"), ("spend/seats", "Usage"), ("tokens", "Usage")]
    spend, seats, tokens = rows
    assert (spend["ContractCommitmentCost"], spend["ContractCommitmentQuantity"]) == ("600000", "")
    assert spend["ContractPeriodStart"] == "2026-02-28T23:00:00Z"
    assert (seats["ContractCommitmentQuantity"], seats["ContractCommitmentUnit"]) == ("250", "Seats")
    assert (tokens["ContractCommitmentQuantity"], tokens["ContractCommitmentCost"]) == ("40000000000", "")
    for row in rows:
        assert row["ContractCommitmentCost"] or row["ContractCommitmentQuantity"]
        assert bool(row["ContractCommitmentUnit"]) == bool(row["ContractCommitmentQuantity"])
        assert not [name for name in row if not row[name] and name[-4:] not in ("Cost", "tity", "Unit")]
    assert "focus-1.3-commitments-2026-10.csv" in str(company.hear("fay", "month october"))


def faults(row: dict[str, str], profile: Profile) -> list[str]:
    """What the specification's definitions say against a row."""
    own = {
        name: each
        for name, each in SPEC["columns"].items()
        if each.get("since", profile) <= profile <= each.get("until", profile)
    }
    found = [f"{name} is missing" for name, each in own.items() if each["level"] == "Mandatory" and name not in row]
    found += [f"{name} is not defined" for name in row if name not in own and name[:2] != "x_"]
    for name, value in row.items():
        found += [f"{name}: {why}" for why in _wrong(own.get(name, {}), value, row)]
    found += [f"{each} must not be" for each in SPEC["never"] if _is(row, each)]
    for kind in ("Billing", "Charge"):
        found += [f"the {kind} period has no length"] * (row[f"{kind}PeriodStart"] >= row[f"{kind}PeriodEnd"])
    inside = row["BillingPeriodStart"] <= row["ChargePeriodStart"] and row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]
    return found if inside else [*found, "the charge is outside of the billing period"]


def _is(row: dict[str, str], condition: dict[str, list[str]]) -> bool:
    return all(row[name] in values for name, values in condition.items())


def _wrong(defined: dict[str, Any], value: str, row: dict[str, str]) -> Iterator[str]:
    """What is wrong with a value by the definition of its column."""
    filled = any(_is(row, each) for each in defined.get("not_null", ()))
    filled = filled or bool(defined.get("not_null_with") and row[defined["not_null_with"]])
    if not value:
        if filled or not defined.get("nulls", True):
            yield "it is null"
        return
    if any(_is(row, each) for each in defined.get("null", ())):
        yield "it is not null"
    pattern = FORMATS.get(defined.get("format", defined.get("type", "")), "")
    if pattern and not re.fullmatch(pattern, value):
        yield value
    allowed = defined.get("allowed_of", {}).get(row["ServiceCategory"], defined.get("allowed", [value]))
    if value not in allowed:
        yield f"{value} is not allowed"
    if defined.get("type") == "KeyValue":
        keys = json.loads(value)
        known = SPEC["sku_price_details"] if defined["keys"] == "defined" else keys
        yield from (f"the key {key} is not defined" for key in keys if key not in known and key[:2] != "x_")


@pytest.mark.parametrize("profile", ["1.2", "1.4"])
def test_every_row_keeps_the_rules_of_its_version(company: Company, profile: Profile) -> None:
    """The specification's own definitions: columns, nulls, formats, allowed values; and the sum is the month's."""
    rows = rows_of(company, f"focus-{profile}-2026-10.csv")

    assert tuple(rows[0]) == columns(profile)
    assert [fault for row in rows for fault in faults(row, profile)] == []
    assert sum(Decimal(row["BilledCost"]) for row in rows) == 400
    assert {row["x_EstimateQuality"] for row in rows} == {"cost_api", "unpriced"}
    (search,) = (row for row in rows if row["x_AccountId"] == "person/ana")
    assert json.loads(search["Tags"]) == {"team": "Search", "cost_center": "CC-1"}
    assert (search["PricingQuantity"], search["PricingUnit"]) == ("1000", "Tokens")


@pytest.mark.parametrize(
    ("commitment", "applied"),
    [
        ("3000 USD", {"ContractCommitmentAppliedCost": "2.5"}),
        ("40M tokens", {"ContractCommitmentAppliedQuantity": 7, "ContractCommitmentAppliedUnit": "Tokens"}),
        ("", None),
    ],
)
def test_a_charge_names_the_commitment_that_it_draws_on(
    acme: Company, commitment: str, applied: dict[str, object] | None
) -> None:
    """The first contract of its provider whose term its day is in, and no other; FOCUS 1.2 knows no such column."""
    term = {"starts": date(2026, 10, 10), "ends": date(2026, 10, 21)}
    said = [{"name": "llm-2026", "provider": "llm", **term, "commitment": commitment}]
    said += [{**said[0], "name": "other"}]
    acme.clock.moment = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
    company = Company(acme.database, acme.clock, {**RULES, "contracts": said}, ACME)
    company.llm.rows = []
    for day in (9, 10, 20, 21):
        company.llm.spends("ana", "2.50", date(2026, 10, day), tokens=7)
    read(company)

    rows = [row for row in rows_of(company, "focus-1.4-2026-10.csv") if row["ChargeCategory"] == "Usage"]

    assert [fault for row in rows for fault in faults(row, "1.4")] == []
    ids = {"ContractId": "llm-2026", "ContractCommitmentId": "llm-2026"}
    found = {int(row["ChargePeriodEnd"][8:10]): row["ContractApplied"] for row in rows}
    held = [json.loads(each, parse_float=str) for each in found.values() if each]
    assert held == ([{"Elements": [ids | applied]}] * 2 if applied else [])
    assert [day for day, each in sorted(found.items()) if each] == ([10, 20] if applied else [])
    assert "ContractApplied" not in columns("1.2")


def test_a_charge_draws_on_a_contract_that_has_renewed(acme: Company) -> None:
    """As long as nobody says that notice was given."""
    term = {"starts": date(2025, 10, 10), "ends": date(2026, 10, 10), "commitment": "3000 USD"}
    said = [
        {"name": name, "provider": "llm", **term, "renews_months": n} for name, n in (("ended", 0), ("goes-on", 12))
    ]
    acme.clock.moment = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
    company = Company(acme.database, acme.clock, {**RULES, "contracts": said}, ACME)
    company.llm.rows = []
    for day in (9, 20):
        company.llm.spends("ana", "2.50", date(2026, 10, day), tokens=7)
    read(company)

    rows = [row for row in rows_of(company, "focus-1.4-2026-10.csv") if row["ChargeCategory"] == "Usage"]

    assert ['"ended"' in row["ContractApplied"] for row in rows] == [True, False]
    assert ['"goes-on"' in row["ContractApplied"] for row in rows] == [False, True]


def test_the_rules_would_find_a_bad_row(company: Company) -> None:
    """A validator that never objects is none."""
    row = rows_of(company, "focus-1.2-2026-10.csv")[0]

    assert faults({**row, "BilledCost": "1e-9"}, "1.2") == ["BilledCost: 1e-9"]
    assert faults({**row, "ServiceName": ""}, "1.2") == ["ServiceName: it is null"]
    assert faults({**row, "ChargePeriodEnd": "2026-10-01 00:00"}, "1.2")
    assert faults({**row, "cost": "1"}, "1.2") == ["cost is not defined"]
    assert faults({**row, "ServiceSubcategory": "Chat"}, "1.2") == ["ServiceSubcategory: Chat is not allowed"]
    assert faults({**row, "SkuId": ""}, "1.2") == ["SkuId: it is null", "SkuMeter: it is not null"]
    assert faults({**row, "ChargeCategory": "Credit"}, "1.2") == ["ConsumedQuantity: it is not null"]
    assert faults({**row, "PricingUnit": "tokens"}, "1.2") == ["PricingUnit: tokens"]
    assert faults({**row, "SkuPriceDetails": '{"Model": "x"}'}, "1.2") == [
        "SkuPriceDetails: the key Model is not defined"
    ]
    assert len(faults(row, "1.4")) == 4


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Los_Angeles"])
def test_charges_are_inside_their_billing_period(database: Database, clock: Clock, zone: str) -> None:
    """That of the organization's calendar, in its zone: a day is the day that its provider names."""
    clock.moment = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    rules: dict[str, object] = {**RULES, "organization": {"name": "Acme", "zone": zone}}
    company = Company(database, clock, rules, ACME)
    company.llm.rows = []
    company.llm.spends("ana", "1.00", date(2026, 10, 1), tokens=1)
    company.llm.spends("ana", "2.00", date(2026, 10, 31), tokens=1)
    read(company)
    rows = rows_of(company, "focus-1.4-2026-10.csv")
    charged = [row for row in rows if row["ChargeCategory"] == "Usage"]
    assert [fault for row in rows for fault in faults(row, "1.4")] == []
    assert sum(Decimal(row["BilledCost"]) for row in charged) == 3
    first = ZoneInfo(zone).utcoffset(datetime(2026, 10, 1))  # noqa: DTZ001 - of that place
    begins = datetime(2026, 10, 1, tzinfo=UTC) - (first or timedelta())
    assert {row["BillingPeriodStart"] for row in rows} == {f"{begins:%Y-%m-%dT%H:%M:%SZ}"}


def test_an_export_names_the_vendors_account_and_tells_list_from_what_was_paid(
    database: Database, clock: Clock
) -> None:
    """The account is the one that the vendor bills; a discount is the difference of two columns."""
    clock.moment = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
    rules: dict[str, object] = {**RULES, "providers": [{"kind": "sample", "name": "llm", "account": "org-acme"}]}
    company = Company(database, clock, rules, ACME)
    at = datetime(2026, 10, 15, tzinfo=UTC)
    cells = [
        Charge("llm", at, 24, "gpt-5", subject="ana", tokens_input=7, cost_nanos=8 * 10**9, list_nanos=10**10),
        Charge("llm", at, 24, "", subject="ana", cost_nanos=-(10**9)),
    ]
    company.llm.rows = cells
    read(company)
    paid, credit = sorted(
        rows_of(company, "focus-1.4-2026-10.csv"), key=lambda row: row["ChargeCategory"], reverse=True
    )
    assert [fault for row in (paid, credit) for fault in faults(row, "1.4")] == []
    assert (paid["ListCost"], paid["EffectiveCost"], paid["BilledCost"]) == ("10", "8", "8")
    assert (paid["BillingAccountId"], paid["BillingAccountName"]) == ("org-acme", "llm")
    assert (credit["ChargeCategory"], credit["BilledCost"], credit["ListCost"]) == ("Credit", "-1", "-1")


def test_what_counts_stands_beside_the_list_price_and_the_bill(database: Database, clock: Clock) -> None:
    """A discount shows, and what included credits paid; what is reserved is said, and in no sum."""
    clock.moment = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
    rules: dict[str, object] = {**RULES, "prices": [{"model": "azure/own", "reserved": "12000 USD"}]}
    company = Company(database, clock, rules, ACME)
    at = datetime(2026, 10, 15, tzinfo=UTC)
    company.llm.rows = [
        Charge("llm", at, 24, "gpt-5", subject="ana", tokens_input=7, cost_nanos=8 * 10**9, list_nanos=10**10),
        Charge("llm", at, 24, "gpt-4", subject="ana", tokens_input=7, cost_nanos=3 * 10**9, billed_nanos=10**9),
    ]
    read(company)
    company.hear("fay", "close october")
    card = next(each for each in company.reads("fay") if "October" in each.splitlines()[0])
    [line] = [each for each in card.splitlines() if each.strip().startswith("llm  ")]
    assert line.split() == ["llm", "$11.00", "$13.00", "$9.00"]
    assert "Reserved: azure/own" in card
    assert "12000 USD a month, not in the total" in card
    rows = rows_of(company, "focus-1.4-2026-10.csv")
    assert sorted((row["EffectiveCost"], row["BilledCost"]) for row in rows) == [("3", "1"), ("8", "8")]
    assert [fault for row in rows for fault in faults(row, "1.4")] == []


def test_no_cell_of_a_file_is_a_formula(company: Company) -> None:
    """A model that calls itself =evil() is shown with an apostrophe; a number below zero stays a number."""
    for name in ("focus-1.2-2026-10.csv", "focus-1.4-2026-10.csv", "showback-2026-10.csv"):
        cells = [cell for row in rows_of(company, name) for cell in row.values()]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]
    assert "'=evil()" in {row["SkuId"] for row in rows_of(company, "focus-1.2-2026-10.csv")}
    assert (safe(Decimal("-12.50")), safe(-3), safe("-3")) == ("-12.50", "-3", "'-3")


@pytest.mark.parametrize(
    "name", ["focus-1.3-2026-10.csv", "showback-2026-13.csv", "../app.yaml", "showback-2026-10", ""]
)
def test_there_is_no_other_file(company: Company, name: str) -> None:
    """A name is a name of the table, or nothing."""
    with pytest.raises(KeyError), made(company.database, company.app.policy, name):
        raise AssertionError(name)


def test_a_file_is_gone_after_it_was_used(company: Company) -> None:
    """Finance's figures do not lie about on the machine."""
    with made(company.database, company.app.policy, "showback-2026-10.csv") as path:
        assert path.exists()
    assert not path.parent.exists()


def test_an_empty_month_is_a_file_with_a_head(company: Company) -> None:
    """Nothing was charged in January."""
    out = io.StringIO()
    write = EXPORTS["focus-1.4"]
    company.database.ask(lambda conn: write(conn, company.app.policy, of_month("2026-01"), out))
    assert out.getvalue().strip() == ",".join(columns("1.4"))


def test_a_month_that_figures_do_not_reach_back_to_says_so(acme: Company) -> None:
    """Nothing is known of October, which is not nothing spent."""
    acme.hear("fay", "close october")

    assert any("Figures begin on 21 November. Earlier days are not in the sum." in said for said in acme.reads("fay"))
