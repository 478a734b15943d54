"""Months that a benchmark fills fast are what readings would have made of them."""

import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from bench import ledger, months
from storage import ingest, partitions
from storage.tables import charges, spend
from tests.support.databases import Postgres

PEOPLE = 20


def sums(conn: Connection) -> list[tuple[object, ...]]:
    """All of the rollup."""
    return [tuple(row) for row in conn.execute(select(spend).order_by(*spend.primary_key))]


def test_months_that_are_filled_fast_have_their_keys_and_right_sums(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the one that is added up by our own rollup."""
    monkeypatch.setattr(ledger, "PEOPLE", PEOPLE)
    monkeypatch.setattr(ledger, "TEAMS", 5)
    with postgres.empty() as url, ledger.opened(url) as database:
        ledger.company(database, 200)
        assert len(list(months.fill(database, 2, PEOPLE, str(tmp_path), time.monotonic() + 600))) == 2
        filled = database.ask(sums)
        count = database.ask(lambda conn: conn.execute(select(func.count()).select_from(charges)).scalar_one())
        ledger.record(database, 0)
        database.transact(ingest.rebuild)
        database.transact(lambda conn: conn.execute(charges.delete().where(charges.c.provider == "restater")))
        database.transact(ingest.rebuild)
        assert database.ask(sums) == filled
        assert [f"{month:%Y-%m}" for month in database.ask(partitions.partitions)] == ["2026-09", "2026-10", "2026-11"]
    assert count == 200 + 2 * months.CELLS_OF_A_PERSON * PEOPLE


def test_no_month_is_begun_when_time_or_disk_is_used_up(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the first one, without which nothing can be measured."""
    monkeypatch.setattr(ledger, "PEOPLE", PEOPLE)
    monkeypatch.setattr(ledger, "TEAMS", 5)
    monkeypatch.setattr(months, "BYTES_OF_A_CHARGE", 10**15)
    with postgres.empty() as url, ledger.opened(url) as database:
        ledger.company(database, 200)
        assert len(list(months.fill(database, 2, PEOPLE, str(tmp_path), time.monotonic() + 600))) == 1
