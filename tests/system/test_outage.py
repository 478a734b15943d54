"""An hour without Slack: the real process keeps what is to be said, and says it when Slack is back."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.app import App
from bot.build import build
from bot.config import Settings
from handlers.card import Card
from handlers.context import Context
from handlers.place import Place
from handlers.sentence import Sentence
from tests.support.clock import Clock
from tests.support.company import says_first
from tests.support.fakes.slack import FakeSlack
from tests.support.process import bot_process, get, until

MANAGERS, REPORTS, REQUESTS, WORDS = 8, 40, 120, 340
OUTAGE = timedelta(hours=1)
SLOTS = 6
BACK_S = 60.0
"""What the first card may take on a busy machine. A pause that had grown with the outage would be many minutes long."""
DRAWN = 10
ALL_S = 240.0


def people() -> list[dict[str, object]]:
    """Managers with their reports. The last manager was never seen in Slack."""
    managers: list[dict[str, object]] = [
        {"id": f"m{n}", "name": f"Manager {n}", "email": f"m{n}@acme.test"} for n in range(MANAGERS)
    ]
    reports: list[dict[str, object]] = [
        {"id": f"p{n}", "name": f"Person {n}", "email": f"p{n}@acme.test", "manager": f"m{n % MANAGERS}", "team": "all"}
        for n in range(REPORTS)
    ]
    return [*managers, *reports]


def _in_mid_month(began: datetime) -> str:
    """A zone in which no month ends while this test runs: with it requests lapse, and gifts are said to end tonight."""
    for zone in ("UTC", "Etc/GMT-14", "Etc/GMT+12"):
        first, last = (moment.astimezone(ZoneInfo(zone)) for moment in (began, began + OUTAGE + timedelta(minutes=10)))
        if first.month == last.month == (last + timedelta(days=1)).month:
            return zone
    raise AssertionError("one of the three is far enough from the end of its month")


def rules(slack: FakeSlack, began: datetime) -> dict[str, object]:
    """app.yaml with a sentence that is said every ten minutes, last five minutes before Slack is back."""
    minutes = sorted((began + timedelta(minutes=5 + 10 * slot)).minute for slot in range(SLOTS))
    at = f"{','.join(map(str, minutes))} * * * *"
    return {
        "organization": {"name": "Acme", "zone": _in_mid_month(began)},
        "people": people(),
        "teams": [{"id": "all", "name": "All", "owner": "m0"}],
        "budgets": [{"name": "monthly", "who": "every person", "amount": "10 USD"}],
        "schedule": [{"at": at, "say": "digest of team all", "in": "slack:C1"}],
        "slack": {"mode": "http", "url": slack.base_url},
    }


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A workspace in which everybody is."""
    with FakeSlack() as workspace:
        for each in people():
            workspace.add_user(f"U{str(each['id']).upper()}", str(each["email"]))
        yield workspace


def test_what_waited_for_an_hour_arrives_once_in_order_and_as_it_is_now(
    slack: FakeSlack, database_url: str, tmp_path: Path
) -> None:
    """500 messages: requests that were decided meanwhile, words to everybody, a card redrawn, a digest of each slot."""
    back = datetime.now(UTC)
    clock = Clock(back - OUTAGE)
    settings = rules(slack, clock())
    other = build(  # another process of the same bot, which shows nothing itself
        Settings.model_validate(settings), {}, clock, database_url
    )
    other.refresh_people()
    for each in people()[: MANAGERS - 1] + people()[MANAGERS:]:
        assert other.introduce("slack", f"T1/U{str(each['id']).upper()}", str(each["email"])) == each["id"]
    with bot_process(tmp_path, settings, {}, database_url) as bot:
        slack.down = True
        _an_hour_passes(other, clock)
        until(lambda: "slack: is down" in get(f"{bot.url}/readyz")[1])
        assert get(f"{bot.url}/readyz")[0] == 200
        assert not any(slack.messages.values())

        slack.down = False
        slack.wait(lambda: any(slack.messages.values()), BACK_S)
        until(lambda: not _waiting(other), ALL_S)
        until(lambda: "is down" not in get(f"{bot.url}/readyz")[1])
    other.close()
    _all_was_said(slack)


def _an_hour_passes(app: App, clock: Clock) -> None:
    """Requests of which every third is decided, words to everybody, a card that changes, and ticks."""
    steps = REQUESTS // 2
    for step in range(steps):
        clock.forward(OUTAGE / steps)
        for number in (2 * step, 2 * step + 1):
            _says(app, f"p{number % REPORTS}", f"request 1 need {number}")
            if number % 3 == 0:
                _says(app, f"m{number % REPORTS % MANAGERS}", f"approve {number + 1}")
        says_first(app, lambda ctx, step=step: _tell(ctx, step, steps))  # type: ignore[misc]
        app.tick()


def _says(app: App, person: str, text: str) -> None:
    card = app.hear(Sentence(text, person, Place("terminal", person)))
    assert card.tone not in {"warn", "bad"}, card.title


def _tell(ctx: Context, step: int, steps: int) -> None:
    for number in range(WORDS * step // steps, WORDS * (step + 1) // steps):
        ctx.tell(f"p{number % REPORTS}", f"word/{number}", Card(f"Word {number}."))
    if step % (steps // DRAWN) == 0:
        ctx.tell("m0", "changing", Card(f"Drawn {1 + step // (steps // DRAWN)} times."))


def _waiting(app: App) -> bool:
    """Whether a message or a scheduled sentence is still to be delivered."""
    rows = "select count(*) from outbox where kind in ('show', 'say') and state <> 'done'"
    return bool(app.database.ask(lambda conn: conn.exec_driver_sql(rows).scalar_one()))


def _all_was_said(slack: FakeSlack) -> None:
    """Each once, in the order in which it was made at its place."""
    seen = {place: [each.words for each in messages] for place, messages in slack.messages.items()}
    for manager in range(MANAGERS):
        asked = _numbers(seen[f"DUM{manager}"], r"need (\d+)\b")
        assert asked == [each for each in range(REQUESTS) if each % REPORTS % MANAGERS == manager]
    for person in range(REPORTS):
        mine = seen[f"DUP{person}"]
        assert _numbers(mine, r"^Word (\d+)\.") == list(range(person, WORDS, REPORTS))
        decided = [each for each in range(person, REQUESTS, REPORTS) if each % 3 == 0]
        assert _numbers(mine, r"^(?!Word).*need (\d+)\b") == decided
    cards = [each for manager in range(MANAGERS) for each in seen[f"DUM{manager}"] if "need" in each]
    assert sum("Approve" in each and "Approved" not in each for each in cards) == REQUESTS - REQUESTS // 3
    assert [each for each in seen["DUM0"] if each.startswith("Drawn")] == [f"Drawn {DRAWN} times. Drawn {DRAWN} times."]
    assert len([each for each in slack.messages["C1"] if not each.thread_ts]) == 1


def _numbers(texts: Sequence[str], pattern: str) -> list[int]:
    return [int(found[1]) for each in texts if (found := re.search(pattern, each, re.DOTALL))]
