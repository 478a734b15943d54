"""Figures on a port or with a token of their own."""

import urllib.request
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.config import ConfigError
from bot.server import metrics_route, served_apart, server
from tests.support.company import Company
from tests.support.fakes.slack import FakeSlack
from tests.support.process import bot_process, free_port, get

TOKEN = "open-sesame"


@pytest.mark.parametrize(
    ("shown", "status"),
    [(f"Bearer {TOKEN}", 200), (None, 401), ("Bearer ", 401), (f"Basic {TOKEN}", 401), (f"Bearer {TOKEN}x", 401)],
)
def test_figures_are_shown_for_their_token(acme: Company, shown: str | None, status: int) -> None:
    """And health without."""
    app = server(acme.app, [], lambda: True, [metrics_route(acme.app, lambda: True, TOKEN)])
    client = TestClient(app)
    headers = {"Authorization": shown} if shown is not None else {}
    answer = client.get("/metrics", headers=headers)

    assert (answer.status_code, "bursar_outbox_rows" in answer.text) == (status, status == 200)
    assert client.get("/healthz").status_code == 200


def test_a_port_in_use_is_told(acme: Company) -> None:
    """In a sentence."""
    with served_apart(metrics_route(acme.app, lambda: True), "127.0.0.1", 0) as port:
        assert get(f"http://127.0.0.1:{port}/metrics")[0] == 200
        assert get(f"http://127.0.0.1:{port}/readyz")[0] == 404
        with (
            pytest.raises(ConfigError, match=f"Port {port} on 127.0.0.1 cannot be used"),
            served_apart(metrics_route(acme.app, lambda: True), "127.0.0.1", port),
        ):
            pass
    assert get(f"http://127.0.0.1:{port}/metrics")[0] == 0


def test_the_process_serves_them_apart(tmp_path: Path) -> None:
    """Then the port that strangers reach has none."""
    port = free_port()
    with FakeSlack() as slack:
        rules: dict[str, object] = {"slack": {"mode": "http", "url": slack.base_url}}
        rules["server"] = {"metrics_port": port}
        with bot_process(tmp_path, rules, {"METRICS_TOKEN": TOKEN}) as running:
            assert get(f"{running.url}/metrics")[0] == 404
            assert get(f"http://127.0.0.1:{port}/metrics")[0] == 401
            asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics")
            asked.add_header("Authorization", f"Bearer {TOKEN}")
            with urllib.request.urlopen(asked) as answer:
                assert b"bursar_outbox_rows" in answer.read()
