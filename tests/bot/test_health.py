"""Health tells the truth: what makes a process unfit, what a person should know, and figures for alerts."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest
from starlette.testclient import TestClient

from bot.errors import RefusesUsError
from bot.health import STANDSTILL_S, Health
from bot.server import server
from handlers.card import Card
from handlers.place import Place
from storage import pauses
from storage.charges import Charge
from storage.db import BusyError
from storage.pauses import DeliveryPause
from tests.support.company import Company
from tests.support.fakes.board import Board
from tests.support.paths import ROOT

NAMES = re.compile(r"bursar_[a-z_]+")


def ready(company: Company, *, connected: bool = True) -> tuple[int, str]:
    answer = TestClient(server(company.app, [], lambda: connected)).get("/readyz")
    return answer.status_code, answer.text


def test_an_outage_of_slack_does_not_take_teams_out_of_the_balancer(acme: Company) -> None:
    """It is said, and requests are sent here all the same."""
    board = Board()
    acme.app.platforms = {"web": board}
    board.trouble = RefusesUsError("Slack said token_revoked.")
    acme.app.post("1", Place("web", "x"), Card("one"))
    acme.settle()
    status, said = ready(acme, connected=False)

    assert status == 200
    assert "slack: the socket is not connected" in said
    assert "web: refuses us since" in said
    assert "token_revoked" in said


def test_a_database_that_takes_no_writes_or_does_not_answer_is_not_ready(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason; and well again afterwards."""
    assert ready(acme) == (200, "ready\n")
    acme.app.unwritable = "OperationalError"
    assert ready(acme) == (503, "the database takes no writes: OperationalError\n")
    acme.app.tick()
    assert ready(acme)[0] == 200

    def busy(*_said: object) -> object:
        raise BusyError("all in use")

    monkeypatch.setattr(acme.database, "ask", busy)
    assert ready(acme) == (503, "the database is busy\n")


def test_a_process_that_stands_still_is_not_ready(acme: Company) -> None:
    """Nothing looked at the outbox for two minutes; before the first look it has not started."""
    ticks = [1000.0]
    health = Health(acme.app, lambda: True, lambda: ticks[0])
    assert health.started()
    acme.app.looked_s = ticks[0]
    assert (health.started(), health.not_ready()) == ("", "")
    ticks[0] += STANDSTILL_S + 1
    assert "stands still" in health.not_ready()


def test_alerts_and_dashboard_name_figures_that_a_scrape_shows(acme: Company) -> None:
    """What is not measured cannot alarm anybody."""
    now = acme.clock()
    for each in ("web", "llm"):
        stopped = DeliveryPause(each, now, now, "", refused=True)
        acme.database.transact(lambda conn, stopped=stopped: pauses.begin(conn, stopped))  # type: ignore[misc]
    Health(acme.app, lambda: True).measure()
    shown = set(NAMES.findall(generate_latest().decode()))
    rules = yaml.safe_load(Path(ROOT / "deploy/alerts.yaml").read_text())["groups"][0]["rules"]
    board = json.loads(Path(ROOT / "deploy/grafana-dashboard.json").read_text())
    asked = [rule["expr"] for rule in rules] + [panel["targets"][0]["expr"] for panel in board["panels"]]

    assert {name for each in asked for name in NAMES.findall(each)} <= shown


def test_tokens_without_a_price_are_measured(acme: Company) -> None:
    """By provider, of the last month; gone when they have a price, or are old."""

    def shown() -> str:
        Health(acme.app, lambda: True).measure()
        return next(each for each in generate_latest().decode().splitlines() if each.startswith("bursar_unpriced_"))

    start = datetime(2026, 11, 21, tzinfo=UTC)
    acme.llm.rows.append(Charge("llm", start, 24, "nobody-knows-it", subject="ana", tokens_input=700, requests=1))
    acme.pull()
    assert shown() == 'bursar_unpriced_tokens{provider="llm"} 700.0'
    acme.say("fay", "price nobody-knows-it input 3 output 15")
    acme.settle()
    assert shown() == 'bursar_unpriced_tokens{provider="llm"} 0.0'
