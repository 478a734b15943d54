"""The sample company on any day: what the README's tour promises is there, and what finance must hear of is told."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import App
from bot.cli.demo import CAST, TOUR, demo_app
from bot.config import load
from bot.platforms import terminal
from handlers.card import Button, Card
from handlers.place import Place
from handlers.sentence import Sentence
from tests.support.clock import Clock
from tests.support.paths import ROOT

# A working day, a Sunday night, the first minutes of a year, a leap day, and a night on which the clocks change.
MOMENTS = (
    datetime(2026, 11, 20, 15, 0, tzinfo=UTC),
    datetime(2026, 11, 29, 3, 10, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 4, tzinfo=UTC),
    datetime(2028, 2, 29, 22, 58, tzinfo=UTC),
    datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
)
ROW = re.compile(r"^\| \d+ \| (\w+) \| `([^`]+)` \| (.+) \|$", re.MULTILINE)


def started(folder: Path, now: datetime) -> App:
    """The demo as it is once all that was due is delivered."""
    app = demo_app(load({}), f"sqlite:///{folder}/demo.db", Clock(now))
    deliver(app)
    return app


def deliver(app: App) -> None:
    while app.deliver():
        pass


@pytest.fixture(scope="module", params=MOMENTS, ids=lambda now: f"{now:%Y-%m-%dT%H%M}")
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    running = started(tmp_path_factory.mktemp("demo"), request.param)
    yield running
    running.close()


def say(app: App, person: str, words: str) -> Card:
    return app.hear(Sentence(words, person, Place("web", person)))


def told(app: App, person: str) -> list[Card]:
    """What somebody was told without asking."""
    return [card for _, _, card in app.messages(Place("web", person))]


def says(card: Card) -> list[str]:
    """What its buttons say, the first word of each."""
    return [each.says.split()[0] for each in card.blocks if isinstance(each, Button)]


def tour() -> list[tuple[str, str, list[str]]]:
    """The README's tour: who says what, and the words in bold that the answer has."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    return [(who.lower(), words, re.findall(r"\*\*(.+?)\*\*", seen)) for who, words, seen in ROW.findall(page)]


def test_the_tour_of_the_readme_is_what_the_page_offers() -> None:
    """Twelve sentences, each with something to look for."""
    assert [(who, words) for who, words, _ in tour()] == [(who, words) for who, words, _ in TOUR]
    assert len(tour()) == 12
    assert all(seen for _, _, seen in tour())


def test_a_spike_is_told_to_its_owner_and_to_finance(app: App) -> None:
    """While it goes on, with a button that pauses it."""
    for person in ("max", "fay"):
        assert any("Crawler" in card.title and "pause" in says(card) for card in told(app, person))
        assert "Crawler" in terminal.render(say(app, person, "guard"))
        assert "expected" in says(say(app, person, "guard"))


def test_a_limit_that_somebody_changed_waits_for_finance(app: App) -> None:
    """Nothing was written over it, and finance has three buttons."""
    asked = [card for card in told(app, "fay") if "restore-ours" in says(card)]

    assert [says(card) for card in asked] == [["restore-ours", "keep-theirs", "adopt"]]
    assert "Bob Reyes" in asked[0].title
    assert "$900.00" in terminal.render(say(app, "fay", "limits"))


def test_a_request_waits_for_max(app: App) -> None:
    asked = next(card for card in told(app, "max") if "approve" in says(card))

    assert "Priya Shah" in asked.title


@pytest.mark.parametrize("person", [person for person, _ in CAST if person != "ines"])
def test_everybody_of_the_cast_has_a_finding(app: App, person: str) -> None:
    assert "finding" in says(say(app, person, "waste"))


def test_each_page_of_finance_has_something_to_show(app: App) -> None:
    """A contract that is half drawn, claims in each state, and what came of the work of teams."""
    assert "models" in terminal.render(say(app, "kim", "contracts"))
    rows = terminal.render(say(app, "fay", "claims all"))
    assert all(state in rows for state in ("waiting", "approved", "paid back"))
    assert "Raycast" in terminal.render(say(app, "fay", "payroll"))
    assert "Search" in terminal.render(say(app, "fay", "outcomes"))


def test_whoever_leads_the_company_sees_totals(app: App) -> None:
    """In the demo, too: of teams and of the whole, and nobody in them."""
    assert "Search" in terminal.render(say(app, "ines", "spend of organization by team last month"))
    assert "can't see figures" in terminal.render(say(app, "ines", "spend of ana"))


def test_the_tour_shows_what_the_readme_says(app: App) -> None:
    """Each sentence is said by the person named there; the answer has all words in bold."""
    for who, words, seen in tour():
        answer = terminal.render(say(app, who, words))
        assert {word for word in seen if word not in answer} == set(), answer


def test_the_next_start_begins_anew_only_what_is_over(tmp_path: Path) -> None:
    """Two days later another spike goes on; the changed limit waits still, and nobody is asked twice."""
    now = MOMENTS[0]
    first = started(tmp_path, now)
    asked = next(card for card in told(first, "max") if "approve" in says(card))
    say(first, "max", next(each.says for each in asked.blocks if isinstance(each, Button)))
    deliver(first)
    first.close()

    again = started(tmp_path, now + timedelta(days=2))
    assert len([card for card in told(again, "fay") if "restore-ours" in says(card)]) == 1
    titles = [card.title for card in told(again, "max") if "approve" in says(card)]
    assert [each.partition(" for ")[0] for each in titles if "claims" not in each] == ["Priya Shah asks"]
    assert len([each for each in titles if "claims" in each]) == 1
    assert len(re.findall("Crawler", terminal.render(say(again, "max", "guard")))) == 2
    again.close()
