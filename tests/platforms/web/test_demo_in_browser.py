"""The demo page in a real browser, with the sample company behind it: what a newcomer sees in the first minute."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.cli.demo import CAST, demo_app
from bot.clock import Clock
from bot.config import load
from bot.platforms.web.page import page
from tests.support.clock import Clock as SetClock
from tests.support.small_bot import served


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of the sample company, on a Friday in November."""
    url = f"sqlite:///{tmp_path_factory.mktemp('demo')}/demo.db"
    app = demo_app(load({}), url, SetClock(datetime(2026, 11, 20, 15, 0, tzinfo=UTC)))
    clock = Clock(app)
    clock.start()
    names = {one.id: one.name for one in app.everybody()}
    with served(page(app, [(person, names[person], role) for person, role in CAST])) as running:
        yield running
    clock.stop()
    app.close()


def say(tab: Page, words: str) -> None:
    """Type a sentence and send it."""
    tab.get_by_role("combobox", name="What you want to say").fill(words)
    tab.keyboard.press("Enter")


def test_a_newcomer_asks_what_is_left_and_where_it_went(browser: Browser, address: str, pictures: Path) -> None:
    """Type `balance`, press a button, read the answers; the picture of the README is taken here."""
    tab = browser.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=2)
    tab.goto(f"{address}/?as=ana")
    say(tab, "balance")
    card = tab.get_by_role("article").last
    expect(card).to_contain_text("left of $400.00")
    expect(card.get_by_role("meter")).to_be_visible()
    expect(card).to_contain_text("Search pool, this month")
    tab.screenshot(path=pictures / "demo.png")

    card.get_by_role("button", name="Where did it go?").click()
    spent = tab.get_by_role("article").last
    expect(spent).to_contain_text("spent this month")
    expect(spent.get_by_role("table").first).to_contain_text("claude-sonnet-4-5")
    expect(spent.get_by_role("img")).to_be_visible()
    tab.close()


def test_a_request_goes_to_the_managers_window_and_the_decision_back(browser: Browser, address: str) -> None:
    """Two people in two windows: one asks, the other decides, and both pages end in the same state."""
    hers, his = browser.new_page(), browser.new_page()
    hers.goto(f"{address}/?as=ana")
    his.goto(f"{address}/?as=max")
    say(hers, "request 50 finish the migration")
    expect(hers.get_by_role("article").last).to_contain_text("Asked for $50.00 more")

    asked = his.get_by_role("article").filter(has_text="Ana Silva asks for $50.00 more")
    asked.get_by_role("button", name="Approve", exact=True).click()
    expect(his.get_by_role("article").filter(has_text="Approved: $50.00 for Ana Silva").first).to_be_visible()
    expect(hers.get_by_role("article").filter(has_text="Max Weber approved $50.00")).to_be_visible()
    expect(his.get_by_role("article").get_by_role("button", name="Approve", exact=True)).to_have_count(0)

    say(hers, "balance")
    expect(hers.get_by_role("article").last).to_contain_text("left of $450.00")
    hers.close()
    his.close()
