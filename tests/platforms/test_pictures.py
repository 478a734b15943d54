"""What people see in Slack: every kind of message that the bot sends by itself, drawn as Slack draws it.

`make pictures` keeps the pictures in docs/images. The drawing is slack-blocks-to-jsx in Chromium; `make pictures`
fetches it, and without it these tests are skipped.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from bot.app import App
from bot.charts.png import draw
from bot.cli.demo import demo_app
from bot.config import load
from bot.platforms.slack.block_kit import Json, message
from bot.sync.usage import pull
from handlers.card import Button, Card, Chart
from handlers.events import CheckSpikes, CheckThresholds, DetectWaste, Event, SendNotes
from handlers.place import Place
from handlers.sentence import Sentence
from tests.support.clock import Clock
from tests.support.paths import ROOT

BUILT = ROOT / "var" / "pictures" / "node_modules" / "draw.js"
ICON = ROOT / "bot" / "platforms" / "web" / "static" / "icon.svg"
WIDTH_PX, PHONE_PX = 720, 390
PAPER = {"light": "#ffffff", "dark": "#1a1d21"}
MONDAY = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
TUESDAY_EVENING = datetime(2026, 11, 17, 21, 5, tzinfo=UTC)
CHANNEL = Place("slack", "C1", public=True)

pytestmark = pytest.mark.skipif(not BUILT.exists(), reason="make pictures fetches what draws them")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The sample company on a Monday morning, with everything said that the clock says."""
    clock = Clock(MONDAY)
    made = demo_app(load({}), f"sqlite:///{tmp_path_factory.mktemp('pictures')}/demo.db", clock, staged=False)
    made.handle(DetectWaste(), "clock")
    yield made
    made.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """An empty page on which messages can be drawn."""
    tab = browser.new_page(device_scale_factor=2)
    tab.set_content("<meta charset=utf-8><div id=root></div>")
    tab.add_style_tag(path=BUILT.with_suffix(".css"))
    tab.add_style_tag(content="#root { padding: 12px 16px }")
    tab.add_script_tag(path=BUILT)
    yield tab
    tab.close()


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The night in which the crawler forgets its cap: the company is read at eleven, two and nine."""
    clock = Clock(TUESDAY_EVENING)
    made = demo_app(load({}), f"sqlite:///{tmp_path_factory.mktemp('night')}/demo.db", clock, staged=False)
    made.limits.read(made.providers["sample"])
    yield made
    made.close()


def drawn(
    page: Page, card: Card, path: Path, theme: str = "light", width: int = WIDTH_PX, now: datetime = MONDAY
) -> str:
    """Draw a card as Slack would, keep the picture, and return the words that stand in it."""
    charts = [block for block in card.blocks if isinstance(block, Chart)]
    said = message(card, pictures={each: f"F{number}" for number, each in enumerate(charts)})
    blocks = [shown(block, charts) for block in said["blocks"]]
    logo = f"data:image/svg+xml;base64,{b64encode(ICON.read_bytes()).decode()}"
    page.set_viewport_size({"width": width, "height": 600})
    page.evaluate("(paper) => (document.body.style = `margin: 0; background: ${paper}`)", PAPER[theme])
    page.evaluate(
        "window.draw", {"blocks": blocks, "name": "Bursar", "time": now.isoformat(), "logo": logo, "theme": theme}
    )
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    root = page.locator("#root")
    root.screenshot(path=path)
    return root.inner_text()


def shown(block: Json, charts: list[Chart]) -> Json:
    """A picture that Slack would have in its files stands in the page itself, and bold is bold.

    What Slack calls verbatim only keeps it from making links; here it would keep everything from being drawn.
    """
    if block["type"] != "image":
        return json.loads(json.dumps(block).replace('"verbatim": true', '"verbatim": false'))  # type: ignore[no-any-return]
    picture = b64encode(draw(charts[int(block["slack_file"]["id"][1:])])).decode()
    return {**{key: block[key] for key in ("type", "alt_text")}, "image_url": f"data:image/png;base64,{picture}"}


def said(app: App, words: str, person: str = "clock", place: Place = CHANNEL) -> Card:
    """What is answered."""
    return app.hear(Sentence(words, person, place))


def told(app: App, cause: Event | str, person: str) -> list[Card]:
    """What somebody is told when something happens, or the clock says something."""
    if isinstance(cause, str):
        said(app, cause)
    else:
        assert app.handle(cause, "clock")
    while app.deliver():
        pass
    return [card for _, _, card in app.messages(Place("web", person))]


@pytest.mark.parametrize(("theme", "width"), [("light", WIDTH_PX), ("dark", WIDTH_PX), ("light", PHONE_PX)])
def test_the_digest_of_a_team(app: App, page: Page, pictures: Path, theme: str, width: int) -> None:
    """On a bright and on a dark screen, and on a phone."""
    card = said(app, "digest of team search")
    name = "slack-digest" + ("-phone" if width == PHONE_PX else "-dark" if theme == "dark" else "")
    words = drawn(page, card, pictures / f"{name}.png", theme, width)

    assert "spent last week" in words
    assert "Where did it go?" in words


def test_the_chart_of_the_digest(app: App, pictures: Path) -> None:
    """As it is uploaded."""
    (chart,) = (block for block in said(app, "digest of team search").blocks if isinstance(block, Chart))
    (pictures / "chart-digest.png").write_bytes(draw(chart))


@pytest.mark.parametrize(("whom", "name"), [("team search", "slack-digest-thread"), ("org", "slack-digest-company")])
def test_the_details_and_the_whole_company(app: App, page: Page, pictures: Path, whom: str, name: str) -> None:
    """The thread below the digest of a team, and the digest of everybody."""
    card = said(app, f"digest of {whom}")
    card = Card(f"{card.title}: details", card.thread) if "thread" in name else card

    assert "last week" in drawn(page, card, pictures / f"{name}.png")


# What the clock says, whom it tells, a word of what they are told, and the name of the picture.
TOLD = (
    (CheckThresholds(), "vera", "left of $250.00", "slack-alert"),
    (CheckThresholds(), "indra", "over the limit of $400.00", "slack-alert-used-up"),
    (DetectWaste(), "tom", "a month in potential savings", "slack-waste"),
    (DetectWaste(), "hanna", "a month in potential savings", "slack-waste-seat"),
    (DetectWaste(), "kim", "a month in potential savings", "slack-waste-seat-large"),
    (DetectWaste(), "indra", "a month in potential savings", "slack-waste-several"),
    (SendNotes(), "ana", "spent last week", "slack-note"),
    ("close", "fay", "spent in October 2026", "slack-close"),
)


@pytest.mark.parametrize(("cause", "person", "expected", "name"), TOLD)
def test_what_one_is_told(
    app: App, page: Page, pictures: Path, cause: Event | str, person: str, expected: str, name: str
) -> None:
    """Alerts, waste, the private note of the week, the close of a month."""
    if isinstance(cause, SendNotes):
        said(app, "settings weekly on", person, Place("web", person))
    card = next(each for each in told(app, cause, person) if expected in each.title)

    assert expected in drawn(page, card, pictures / f"{name}.png")


# The hours to wait, what is expected then, and the name of the picture.
NIGHT = (
    (2, "Crawler spends $", "slack-danger"),
    (3, "Still going on: Crawler spends $", "slack-danger-again"),
    (7, "Crawler is back to usual: $", "slack-danger-over"),
)


@pytest.mark.parametrize(("hours", "expected", "name"), NIGHT)
def test_the_night_in_which_a_cap_was_forgotten(
    night: App, page: Page, pictures: Path, hours: int, expected: str, name: str
) -> None:
    """What its owner is told: at once, when it has doubled, and when it is over."""
    assert isinstance(night.now, Clock)
    night.now.forward(timedelta(hours=hours))
    pull(night.database, night.providers["sample"], night.reading("sample"), night.now)
    card = told(night, CheckSpikes(), "max")[-1]

    assert card.title.startswith(expected)
    assert expected in drawn(page, card, pictures / f"{name}.png", now=night.now())
    assert ("Pause" in [each.label for each in card.blocks if isinstance(each, Button)]) == ("over" not in name)


def test_what_is_asked_of_the_guard(night: App, page: Page, pictures: Path) -> None:
    """The morning after."""
    card = said(night, "guard", "max", Place("web", "max"))
    assert "Crawler" in drawn(page, card, pictures / "slack-guard.png", now=night.now())


def test_the_waste_of_a_team(app: App, page: Page, pictures: Path) -> None:
    """Totals only: whose it is stays between Bursar and them."""
    card = said(app, "waste of org", "fay", Place("web", "fay"))
    assert "potential savings" in drawn(page, card, pictures / "slack-waste-team.png")
