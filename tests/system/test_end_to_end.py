"""The main job, whole: usage read from a provider, a balance asked in chat, and the true answer shown."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Connection

from bot.app import App
from bot.build import build
from bot.config import Settings
from bot.platforms.web.page import page
from bot.run import assembled
from handlers.place import Place
from handlers.sentence import Sentence
from tests.support.clock import Clock
from tests.support.fakes.litellm import FakeLiteLLM
from tests.support.fakes.slack import PATIENCE_S, FakeSlack, Message
from tests.support.paths import ROOT
from tests.support.process import KEYS, bot_process, get, until
from tests.support.small_bot import served


def rules(slack: FakeSlack, proxy: FakeLiteLLM, mode: str) -> dict[str, object]:
    """app.yaml of a company with a LiteLLM proxy."""
    people = [
        {"id": "alice", "name": "Alice", "email": "alice@acme.test", "manager": "bob", "team": "platform"},
        {"id": "bob", "name": "Bob", "email": "bob@acme.test", "team": "platform"},
    ]
    return {
        "organization": {"name": "Acme", "zone": "UTC"},
        "people": people,
        "teams": [{"id": "platform", "name": "Platform", "owner": "bob"}],
        "budgets": [{"name": "monthly", "who": "every person", "amount": "10 USD"}],
        "providers": [{"kind": "litellm", "url": proxy.url, "key": "LITELLM_API_KEY", "history_days": 3}],
        "slack": {"mode": mode, "url": slack.base_url},
    }


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A workspace in which Alice and Bob are."""
    with FakeSlack() as workspace:
        workspace.add_user("UALICE", "alice@acme.test")
        workspace.add_user("UBOB", "bob@acme.test")
        yield workspace


@pytest.fixture
def proxy() -> Iterator[FakeLiteLLM]:
    """A LiteLLM proxy with the recorded day."""
    with FakeLiteLLM() as running:
        yield running


@pytest.fixture
def recorded(database_url: str, slack: FakeSlack, proxy: FakeLiteLLM) -> Iterator[App]:
    """The bot on the recorded day, which has read its provider as the clock told it to."""
    clock = Clock(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    settings = Settings.model_validate(rules(slack, proxy, "http"))
    app = build(settings, {"LITELLM_API_KEY": proxy.key}, clock, database_url)
    app.refresh_people()
    app.tick()
    while app.deliver():
        pass
    yield app
    app.close()


@pytest.mark.parametrize("mode", ["http", "socket"])
def test_the_recorded_figures_are_the_balance_to_the_cent(recorded: App, slack: FakeSlack, mode: str) -> None:
    """LiteLLM's recorded bodies, read over HTTP; the command signed as Slack signs it, or come through the socket.

    Alice's two keys cost 0.09947 and 0.147: $0.25 of her $10.
    """
    recorded.settings = recorded.settings.model_copy(
        update={"slack": recorded.settings.slack.model_copy(update={"mode": mode})}
    )
    with assembled(recorded, KEYS) as asgi, served(asgi) as url:
        slack.bot_url = f"{url}/slack/events" if mode == "http" else ""
        reply = slack.command("UALICE", "balance")

    assert reply.status == 200
    assert reply.json["response_type"] == "ephemeral"
    shown = json.dumps(reply.json)
    assert "$9.75 left of $10.00" in shown
    assert "$0.25 of $10.00 used (2 %)" in shown


def test_all_that_the_proxy_reports_is_counted_and_what_is_nobodys_is_shown_as_unallocated(recorded: App) -> None:
    """The recorded day cost 0.73647; 0.343 of it has no user that is known."""
    nanos = recorded.database.ask(_sums)

    assert nanos == {
        "org": 736_470_000,
        "person/alice": 246_470_000,
        "person/bob": 147_000_000,
        "team/platform": 393_470_000,
        "unallocated": 343_000_000,
    }


def _sums(conn: Connection) -> dict[str, int]:
    rows = conn.exec_driver_sql("select account_id, sum(cost_nanos) from spend group by 1")
    return {row[0]: int(row[1]) for row in rows}


def test_page_terminal_and_slack_say_the_same(recorded: App, slack: FakeSlack) -> None:
    """One registry, one handler, one answer."""
    with assembled(recorded, KEYS) as asgi, served(asgi) as url:
        slack.bot_url = f"{url}/slack/events"
        in_slack = json.dumps(slack.command("UALICE", "balance").json, ensure_ascii=False)
    card = recorded.hear(Sentence("balance", "alice", Place("terminal", "alice")))
    with served(page(recorded, [("alice", "Alice", "")])) as url:
        body = json.dumps({"as": "alice", "text": "balance"}).encode()
        ask = urllib.request.Request(f"{url}/say", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(ask) as answer:
            on_page = answer.read().decode()

    assert card.title == "$9.75 left of $10.00"
    for words in ("$0.25 of $10.00 used (2 %)", "1 December"):
        assert words in in_slack
        assert words in on_page


def test_a_request_goes_to_the_manager_in_slack_and_back(recorded: App, slack: FakeSlack) -> None:
    """The form opens, the manager's message has buttons, one press decides, and both see the end."""
    with assembled(recorded, KEYS) as asgi, served(asgi) as url:
        slack.bot_url = f"{url}/slack/events"
        slack.command("UBOB", "balance")  # Bob is known from now on
        slack.command("UALICE", "request")
        slack.wait(lambda: slack.modal("UALICE"))
        slack.submit("UALICE", amount="5", reason="finish the migration")
        recorded.deliver()
        (asked,) = slack.seen(slack.direct("UBOB"), "UBOB")
        assert "Alice asks for $5.00 more" in asked.words

        slack.click("UBOB", "Approve", channel=slack.direct("UBOB"))
        until(lambda: recorded.deliver() and "Approved" in slack.seen(slack.direct("UBOB"), "UBOB")[0].words)
        told = slack.seen(slack.direct("UALICE"), "UALICE")[-1]

    assert "Bob approved $5.00" in told.words
    assert recorded.hear(Sentence("balance", "alice", Place("terminal", "alice"))).title == "$14.75 left of $15.00"


def test_question_and_answer_are_replies_in_their_threads_in_slack(recorded: App, slack: FakeSlack) -> None:
    """Bob replies “Why?” below the request, Alice below his question; the decision leaves both to be read."""

    def newest(user: str) -> Message:
        while recorded.deliver():
            pass
        return slack.seen(slack.direct(user), user)[-1]

    with assembled(recorded, KEYS) as asgi, served(asgi) as url:
        slack.bot_url = f"{url}/slack/events"
        slack.write("UBOB", "balance")
        slack.write("UALICE", "request 5 finish the migration")
        until(lambda: "Alice asks for $5.00 more" in newest("UBOB").words)
        request = newest("UBOB")
        slack.write("UBOB", "Why?", thread_ts=request.ts)
        until(lambda: "“Why?”" in newest("UALICE").words)
        question = newest("UALICE")
        slack.write("UALICE", "The demo is on Friday", thread_ts=question.thread_ts or question.ts)
        until(lambda: "“The demo is on Friday”" in newest("UBOB").words)
        answer = newest("UBOB")
        assert answer.thread_ts == request.ts
        slack.click("UBOB", "Approve", channel=slack.direct("UBOB"))
        until(lambda: "$5.00 more: applied" in newest("UALICE").words)

        for user, said in (("UALICE", question), ("UBOB", answer)):
            kept = next(each for each in slack.seen(slack.direct(user), user) if each.ts == said.ts)
            assert "Approved: $5.00 for Alice" in kept.words
            assert ("“Why?”" if user == "UALICE" else "“The demo is on Friday”") in kept.words
        decisions = [each for each in slack.seen(slack.direct("UBOB"), "UBOB") if each.words.startswith("Approved:")]
        assert [each.ts for each in decisions] == [request.ts]


@pytest.mark.parametrize("mode", ["http", "socket"])
def test_run_serves_reads_answers_and_ends_in_order(
    tmp_path: Path, slack: FakeSlack, proxy: FakeLiteLLM, mode: str
) -> None:
    """The real process: ready, its provider read, a command answered, SIGTERM obeyed, no secret logged."""
    today = datetime.now(UTC).date().isoformat()
    proxy._rows.clear()  # the recorded day may be today
    proxy.add_usage(today, "alice", "alice@acme.test", "k1", "alice-laptop", None, "gpt-5.2", 2.5, 100, 50)
    with bot_process(tmp_path, rules(slack, proxy, mode), {"LITELLM_API_KEY": proxy.key}) as bot:
        slack.bot_url = f"{bot.url}/slack/events" if mode == "http" else ""
        until(lambda: "$7.50 left of $10.00" in json.dumps(slack.command("UALICE", "balance").json))
        metrics = get(f"{bot.url}/metrics")[1]
        bot.process.send_signal(signal.SIGTERM)
        assert bot.process.wait(PATIENCE_S) == 0

    assert 'bursar_heard_seconds_count{what="balance"}' in metrics
    log = bot.log.read_text()
    assert '"event": "stopped"' in log
    for secret in (FakeSlack.bot_token, FakeSlack.app_token, FakeSlack.secret, proxy.key):
        assert secret not in log


def test_run_without_a_token_says_which_and_where_to_find_it(
    tmp_path: Path, slack: FakeSlack, proxy: FakeLiteLLM
) -> None:
    """One plain sentence, exit status 2."""
    (tmp_path / "app.yaml").write_text(yaml.safe_dump(rules(slack, proxy, "http")))
    environ = {**os.environ, "BURSAR_CONFIG": str(tmp_path / "app.yaml"), "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "run"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("SLACK_BOT_TOKEN is not set")
    assert "Traceback" not in done.stderr
