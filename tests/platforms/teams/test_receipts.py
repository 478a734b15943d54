"""Files that people send in Teams: they lie in OneDrive, at an address that opens them, and are kept elsewhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from bot.http import Origin
from bot.platforms.teams.connector import ONE_DRIVE, PATH, Connector
from bot.platforms.teams.manifest import manifest
from bot.run import teams_connected
from handlers.place import Place
from tests.platforms.teams.test_manifest import HELP, SETTINGS, URL
from tests.platforms.teams.test_teams import NAMES, Office
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.databases import migrated
from tests.support.fakes.teams import FakeTeams
from tests.support.receipt_files import pdf
from tests.support.small_bot import served

CLAIMS = {"categories": [{"name": "tools", "amount": "1000 USD"}]}


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    """The company in Teams, in which tools can be claimed."""
    database = migrated(tmp_path / "acme.db")
    with FakeTeams() as teams:
        for name in NAMES:
            teams.join(name)
        rules: dict[str, object] = {
            **RULES,
            "claims": CLAIMS,
            "msteams": {"app_id": teams.app_id, "tenants": [teams.tenant]},
        }
        company = Company(database, clock, rules)
        line = Connector(company.app.settings.msteams, "", teams.cloud, teams.token, Origin(teams.url))
        with teams_connected(company.app, line) as route, served(Starlette(routes=[route])) as url:
            teams.bot_url = url + PATH
            yield Office(teams, company)
    database.close()


def sends(office: Office, text: str, content: bytes, channel: str = "", **odd: Any) -> None:
    """Somebody sends a file with some words, or without."""
    office.teams.send("ana", text, content, channel, **odd)
    office.company.settle()


def test_a_file_comes_with_a_claim(office: Office) -> None:
    """It is fetched from OneDrive without any token of ours."""
    sends(office, "claim 20 USD cursor: pairing", pdf())
    assert "Claimed $20.00 for cursor" in office.reads("ana")
    assert "PDF, 1 kB" in office.reads("ana")
    assert "PDF, 1 kB" in office.company.reads("max")[-1]
    assert office.app.receipt("max", Place("console", "max"), "receipt-1-1.pdf")[1] == pdf()
    assert office.teams.authorized == [""]


def test_a_file_without_words_asks_which_claim_it_is_for(office: Office) -> None:
    """And a press says it."""
    office.says("ana", "claim 20 USD cursor: pairing")
    sends(office, "", pdf())
    assert "Which claim is it for?" in office.reads("ana")
    office.presses("ana", "#1: $20.00, cursor")
    assert "PDF, 1 kB" in office.company.reads("max")[-1]


@pytest.mark.parametrize(
    "address", ["https://evil.example/a.pdf", "http://169.254.169.254/latest/meta-data", "https://a.sharepoint.com/x"]
)
def test_nothing_else_is_asked_for(office: Office, address: str) -> None:
    """One sentence says so."""
    sends(office, "claim 20 USD cursor: pairing", pdf(), address=address)
    assert "at an address that we do not trust" in office.reads("ana")
    assert office.teams.authorized == []


def test_onedrive_is_where_microsoft_keeps_them() -> None:
    """Each company has a host of its own there."""
    assert ONE_DRIVE.covers(
        "https://acme-my.sharepoint.com/personal/ana/_layouts/15/download.aspx?UniqueId=1&tempauth=x"
    )
    assert not ONE_DRIVE.covers("https://acme-my.sharepoint.com.evil.example/personal/ana")
    assert not ONE_DRIVE.covers("http://acme-my.sharepoint.com/personal/ana")


def test_what_is_no_receipt_is_refused(office: Office) -> None:
    """Nothing is claimed."""
    sends(office, "claim 20 USD cursor: pairing", b"<html>")
    assert "send it as a PDF, PNG, JPEG or HEIC file" in office.reads("ana")
    assert office.company.say("ana", "claims").startswith("tools: $1,000.00 of $1,000.00 left this year")


def test_teams_lets_people_send_files() -> None:
    """The manifest says that the bot takes them."""
    assert manifest(SETTINGS, URL, HELP)["bots"][0]["supportsFiles"] is True
