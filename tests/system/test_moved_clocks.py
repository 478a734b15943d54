"""Clocks that are wrong: the real process on hosts whose clock is moved."""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from bot.build import build
from bot.config import Settings
from handlers.card import Card
from handlers.context import Context
from handlers.place import Place
from handlers.sentence import Sentence
from tests.support.company import says_first
from tests.support.databases import Postgres
from tests.support.fakes.slack import PATIENCE_S, FakeSlack
from tests.support.process import BotProcess, bot_process, get, until

TICKED_S = 180.0
"""The clock ticks each minute; a machine that is busy takes longer."""
CARDS = 20
PEOPLE = [
    {"id": "ana", "name": "Ana", "email": "ana@acme.test", "team": "all", "manager": "p0"},
    *({"id": f"p{number}", "name": f"Person {number}", "team": "all"} for number in range(6)),
]
SETTINGS: dict[str, object] = {
    "organization": {"name": "Acme", "zone": "UTC"},
    "people": PEOPLE,
    "teams": [{"id": "all", "name": "All", "owner": "ana"}],
    "budgets": [{"name": "monthly", "who": "every person", "amount": "10 USD"}],
}


class Hosts(Protocol):
    """Starts the bot on a host of its own."""

    def __call__(
        self, name: str, ahead_s: float, settings: dict[str, object], url: str
    ) -> AbstractContextManager[BotProcess]:
        """The bot; its clock is so far ahead."""


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A workspace with Ana."""
    with FakeSlack() as workspace:
        workspace.add_user("UANA", "ana@acme.test")
        workspace.add_channel("C2")
        yield workspace


@pytest.fixture
def host(tmp_path: Path) -> Hosts:
    """Hosts whose clocks can be moved."""

    def started(name: str, ahead_s: float, settings: dict[str, object], url: str) -> AbstractContextManager[BotProcess]:
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        set_ahead(home, ahead_s)
        own = {"HOST_AHEAD": str(home / "clock")}
        return bot_process(home, settings, own, url, module="tests.support.moved_clock")

    return started


def set_ahead(home: Path, ahead_s: float) -> None:
    """Set a host's clock."""
    new = home / "clock.new"
    new.write_text(f"{ahead_s:+.0f}")
    new.replace(home / "clock")


def skew_s(bot: BotProcess) -> float:
    """What a host says of its clock."""
    lines = get(f"{bot.url}/metrics")[1].splitlines()
    return float(next(each for each in lines if each.startswith("bursar_clock_skew_seconds ")).split()[1])


@pytest.mark.long
def test_hosts_with_wrong_clocks_show_each_card_once_and_none_stands_still(
    postgres: Postgres, slack: FakeSlack, host: Hosts, tmp_path: Path
) -> None:
    """One is two hours ahead and is set right, the other is four minutes ahead all the time."""
    settings = {**SETTINGS, "slack": {"mode": "http", "url": slack.base_url}}
    with postgres.migrated() as url:
        other = build(Settings.model_validate(settings), {}, lambda: datetime.now(UTC), url)
        other.refresh_people()
        other.introduce("slack", "T1/UANA", "ana@acme.test")

        def cards(first: int) -> None:
            """All shown, each once."""
            for number in range(first, first + CARDS):
                says_first(other, lambda ctx, number=number: _tell(ctx, number))  # type: ignore[misc]
            slack.wait(lambda: len(slack.messages.get("DUANA", [])) >= first + CARDS)

        with host("a", 7200, settings, url) as a, host("b", 240, settings, url) as b:
            assert (round(skew_s(a), -2), round(skew_s(b), -1)) == (7200, 240)
            assert "clock: this host is 7" in get(f"{a.url}/readyz")[1]
            for each in (a, b):
                slack.bot_url = f"{each.url}/slack/events"
                assert slack.command("UANA", "balance").status == 200
            cards(0)
            set_ahead(tmp_path / "a", 0)
            cards(CARDS)
            until(lambda: abs(skew_s(a)) < 5, TICKED_S)
            assert "clock:" not in get(f"{a.url}/readyz")[1]
            b.process.kill()
            cards(2 * CARDS)
        other.close()

    said = Counter(each.text for each in slack.messages["DUANA"])
    assert set(said.values()) == {1}
    assert len(said) == 3 * CARDS


def _tell(ctx: Context, number: int) -> None:
    ctx.tell("ana", f"word/{number}", Card(f"Word {number}."))


@pytest.mark.long
@pytest.mark.parametrize(
    ("zone", "change"),
    [("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)), ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC))],
)
def test_what_is_scheduled_for_a_time_that_a_day_lacks_is_said_at_the_next(
    zone: str, change: datetime, slack: FakeSlack, host: Hosts, tmp_path: Path
) -> None:
    """Midnight until one o'clock does not exist: 00:15 is said at 01:00, once, and on the next day at 00:15."""
    lines = [("15 0 * * *", "C1"), ("* * * * *", "C2")]
    schedule = [
        {"at": at, "say": "digest of team all", "in": f"slack:{channel}", "grace_hours": 1} for at, channel in lines
    ]
    settings = {**SETTINGS, "organization": {"name": "Acme", "zone": zone}, "schedule": schedule}
    settings["slack"] = {"mode": "http", "url": slack.base_url}

    url = f"sqlite:///{tmp_path}/run.db"
    before = build(Settings.model_validate(settings), {}, lambda: change - timedelta(hours=1), url)
    before.refresh_people()
    before.hear(Sentence("request 5 reindex", "ana", Place("terminal", "ana")))  # a digest without news is not posted
    before.close()

    def said_at(moment: datetime) -> int:
        """How often it was said in all, once the clock has ticked at a moment."""
        was = len(slack.messages.get("C2", []))
        ahead_s = (moment - datetime.now(UTC)).total_seconds()
        with host("a", ahead_s, settings, url) as bot:
            slack.wait(lambda: len(slack.messages.get("C2", [])) > was)
            bot.process.terminate()
            assert bot.process.wait(PATIENCE_S) == 0
        return len([each for each in slack.messages.get("C1", []) if not each.thread_ts])

    next_day = change + timedelta(days=1) - timedelta(minutes=45)
    assert said_at(change - timedelta(minutes=1)) == 0
    assert said_at(change + timedelta(seconds=5)) == 1
    assert said_at(change + timedelta(minutes=15)) == 1
    assert said_at(next_day - timedelta(minutes=1)) == 1
    assert said_at(next_day + timedelta(seconds=5)) == 2
