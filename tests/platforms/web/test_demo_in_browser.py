"""The demo page in a real browser, with the sample company behind it: what a newcomer sees in the first minute."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.cli.demo import TOUR, demo_app, demo_page
from bot.clock import Clock
from bot.config import load
from tests.support.clock import Clock as SetClock
from tests.support.receipt_files import pdf
from tests.support.small_bot import served


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of the sample company, on a Friday in November."""
    url = f"sqlite:///{tmp_path_factory.mktemp('demo')}/demo.db"
    app = demo_app(load({}), url, SetClock(datetime(2026, 11, 20, 15, 0, tzinfo=UTC)))
    clock = Clock(app)
    clock.start()
    with served(demo_page(app)) as running:
        yield running
    clock.stop()
    app.close()


def say(tab: Page, words: str) -> None:
    """Type a sentence and send it."""
    tab.get_by_role("combobox", name="What you want to say").fill(words)
    tab.keyboard.press("Enter")


def card_with(tab: Page, words: str) -> Locator:
    """The newest card that says it; what the demo tells of its own accord may stand below."""
    card = tab.get_by_role("article").filter(has_text=words).last
    expect(card).to_be_visible()
    return card


def test_a_newcomer_asks_what_is_left_and_where_it_went(browser: Browser, address: str, pictures: Path) -> None:
    """Type `balance`, press a button, read the answers; the picture of the README is taken here."""
    tab = browser.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=2)
    tab.goto(f"{address}/?as=ana")
    say(tab, "balance")
    card = card_with(tab, "left of $400.00")
    expect(card.get_by_role("meter")).to_be_visible()
    expect(card).to_contain_text("Search pool, this month")
    tab.screenshot(path=pictures / "demo.png")

    card.get_by_role("button", name="Where did it go?").click()
    spent = card_with(tab, "spent this month")
    expect(spent.get_by_role("table").first).to_contain_text("claude-sonnet-4-5")
    expect(spent.get_by_role("img")).to_be_visible()
    tab.close()


@pytest.mark.parametrize(
    ("path", "width", "name", "shows"),
    [
        ("/console/team/search", 1280, "console-team", "By person"),
        ("/console/queue", 390, "console-queue-phone", "Approve #1"),
    ],
)
def test_a_lead_finds_their_pages_behind_the_demo(
    browser: Browser, address: str, pictures: Path, path: str, width: int, name: str, shows: str
) -> None:
    """The pictures of docs/how-to/console.md; no page is wider than its window."""
    context = browser.new_context(viewport={"width": width, "height": 1100}, device_scale_factor=2)
    tab = context.new_page()
    tab.goto(f"{address}/console/as/max")
    tab.goto(f"{address}{path}")
    expect(tab.get_by_text(shows, exact=True).first).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.screenshot(path=pictures / f"{name}.png")
    context.close()


GALLERY = (
    ("ana", "/", 1280, "light", "en", "me"),
    ("ana", "/", 390, "dark", "zh_Hans", "me-chinese-dark-phone"),
    ("ana", "/requests", 1280, "light", "en", "requests"),
    ("ana", "/claims", 1280, "light", "en", "claims"),
    ("ana", "/waste", 1280, "light", "en", "savings"),
    ("max", "/request/1", 390, "light", "en", "request-phone"),
    ("ines", "/organization", 1280, "light", "en", "organization-viewer"),
    ("fay", "/organization", 1280, "dark", "en", "organization-dark"),
    ("fay", "/organization", 1280, "light", "zh_Hans", "organization-chinese"),
    ("fay", "/providers", 1280, "light", "en", "providers"),
    ("fay", "/money", 1280, "light", "en", "money"),
    ("fay", "/lab?first=per-person+150+USD&second=per-person+200+USD+granting+none", 1280, "light", "en", "lab"),
    ("fay", "/audit", 1280, "light", "en", "audit"),
)


def test_each_page_has_its_picture(
    browser: Browser, address: str, pictures: Path, request: pytest.FixtureRequest
) -> None:
    """Those at the end of docs/how-to/console.md; whoever draws them anew looks at them."""
    if not request.config.getoption("--pictures"):
        pytest.skip("make pictures draws them; what the pages show is tested in tests/console")
    for person, path, width, scheme, language, name in GALLERY:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        tab = context.new_page()
        tab.goto(f"{address}/console/as/{person}")
        if tab.locator("html").get_attribute("lang") != language.replace("_", "-"):
            tab.locator(f"button[name=language][value={language}]").click()
        tab.goto(f"{address}/console{path}")
        expect(tab.locator("article.card").first).to_be_visible()
        tab.screenshot(path=pictures / f"console-{name}.png")
        if language != "en":
            tab.locator("button[name=language][value=en]").click()
        context.close()


def test_a_request_goes_to_the_managers_window_and_the_decision_back(browser: Browser, address: str) -> None:
    """Two people in two windows: one asks, the other decides, and both pages end in the same state."""
    hers, his = browser.new_page(), browser.new_page()
    hers.goto(f"{address}/?as=ana")
    his.goto(f"{address}/?as=max")
    card_with(his, "Priya Shah asks")
    approve = his.get_by_role("button", name="Approve", exact=True)
    waited_before = approve.count()
    say(hers, "request 50 finish the migration")
    card_with(hers, "Asked for $50.00 more")

    asked = his.get_by_role("article").filter(has_text="Ana Silva asks for $50.00 more")
    asked.get_by_role("button", name="Approve", exact=True).click()
    expect(his.get_by_role("article").filter(has_text="Approved: $50.00 for Ana Silva").first).to_be_visible()
    expect(hers.get_by_role("article").filter(has_text="Max Weber approved $50.00")).to_be_visible()
    expect(asked.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    expect(approve).to_have_count(waited_before)

    say(hers, "balance")
    card_with(hers, "left of $450.00")
    hers.close()
    his.close()


def test_a_question_goes_to_the_askers_window_and_the_answer_back(browser: Browser, address: str) -> None:
    """Two people in two windows: Bob asks, Lea asks back, Bob answers, Lea decides; what was said stays to be read."""
    his, hers = browser.new_page(), browser.new_page()
    his.goto(f"{address}/?as=bob")
    hers.goto(f"{address}/?as=lea")
    say(his, "request 60 the new campaign")
    card_with(his, "Asked for $60.00 more")

    asked = hers.get_by_role("article").filter(has_text="asks for $60.00 more")
    asked.get_by_role("button", name="Ask a question").click()
    form = hers.get_by_role("article").filter(has_text="About request").last
    form.get_by_role("textbox").fill("Why not *next* month? <b>")
    form.get_by_role("button", name="Send").click()
    question = his.get_by_role("article").filter(has_text="“Why not *next* month? <b>”").first
    expect(question).to_be_visible()
    question.get_by_role("button", name="Answer").click()
    reply = his.get_by_role("article").filter(has_text="About request").last
    reply.get_by_role("textbox").fill("It starts on Friday")
    reply.get_by_role("button", name="Send").click()
    answer = hers.get_by_role("article").filter(has_text="“It starts on Friday”").first
    expect(answer).to_be_visible()
    asked.get_by_role("button", name="Approve", exact=True).click()

    for told in (question, answer):
        expect(told).to_contain_text("Approved: $60.00")
        expect(told.get_by_role("button", name="Answer")).to_have_count(0)
    expect(question).to_contain_text("“Why not *next* month? <b>”")
    expect(his.get_by_role("article").filter(has_text="approved $60.00")).to_be_visible()
    his.close()
    hers.close()


def test_the_page_speaks_the_language_of_the_browser(browser: Browser, address: str) -> None:
    """Until somebody chooses one: Kim's browser is Chinese, and when she chose English the page stays English."""
    context = browser.new_context(locale="zh-CN")
    tab = context.new_page()
    tab.goto(f"{address}/?as=kim")
    expect(tab.locator("html")).to_have_attribute("lang", "zh-Hans")
    tab.get_by_role("button", name="English").click()
    expect(tab.locator("html")).to_have_attribute("lang", "en")
    tab.reload()
    expect(tab.locator("html")).to_have_attribute("lang", "en")
    context.close()


# Tables of two to seven columns, long words, long ranges of money, charts and forms.
ON_A_PHONE = (
    ("ana", ("help", "models", "request")),
    ("max", ("requests", "pool", "guard", "digest of team search")),
    ("fay", ("limits", "link", "waste of organization", "spend of organization by team", "value of team search")),
)


@pytest.mark.parametrize(("person", "sentences"), ON_A_PHONE, ids=[person for person, _ in ON_A_PHONE])
def test_nothing_scrolls_sideways_on_a_phone(
    browser: Browser, address: str, person: str, sentences: tuple[str, ...]
) -> None:
    """At 390 pixels neither the page nor the conversation is wider than the screen, and every table fits."""
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.goto(f"{address}/?as={person}")
    for words in sentences:
        before = tab.locator(".said").count()
        say(tab, words)
        expect(tab.locator(".said")).to_have_count(before + 1)
        expect(tab.locator(".waiting")).to_have_count(0)
        wide = tab.evaluate(
            "[...document.querySelectorAll('html, .log, .card, .table')]"
            ".filter(each => each.clientWidth && each.checkVisibility() && each.scrollWidth > each.clientWidth)"
            ".map(each => `${each.className} ${each.scrollWidth} > ${each.clientWidth}`)"
        )
        assert (words, wide) == (words, [])
    tab.close()


def test_the_page_offers_the_tour(browser: Browser, address: str) -> None:
    """Ana is offered her sentences of the tour; a press says one of them."""
    tab = browser.new_page()
    tab.goto(f"{address}/?as=ana")
    offered = tab.locator("[data-pane=''] .chips button")
    expect(offered).to_have_count(sum(who == "ana" for who, _, _ in TOUR))
    offered.filter(has_text="spend by model last week").click()
    expect(tab.locator(".said").last).to_have_text("spend by model last week")
    card_with(tab, "claude-sonnet-4-5")
    tab.close()


def test_a_claim_goes_from_the_chat_to_a_page_with_its_receipt(browser: Browser, address: str) -> None:
    """Ana sends a file along; Max opens it beside what waits for him, and approves it there."""
    tab = browser.new_page()
    tab.goto(f"{address}/?as=ana")
    say(tab, "claim")
    form = card_with(tab, "Claim what you paid yourself")
    form.get_by_label("How much did you pay?").fill("20 USD")
    form.get_by_label("For which tool?").fill("cursor")
    form.get_by_label("What is it for?").fill("pairing")
    form.get_by_label("Receipt").set_input_files({"name": "a.pdf", "mimeType": "application/pdf", "buffer": pdf()})
    form.get_by_role("button", name="Send").click()
    expect(card_with(tab, "Claimed $20.00 for cursor")).to_contain_text("PDF, 1 kB")

    tab.goto(f"{address}/console/as/max")
    tab.goto(f"{address}/console/queue")
    tab.get_by_role("link", name=re.compile("See the receipt of")).last.click()
    with tab.expect_download() as saved:
        tab.get_by_role("link", name=re.compile(r"^receipt-\d+-1\.pdf$")).click()
    assert Path(saved.value.path()).read_bytes() == pdf()
    tab.goto(f"{address}/console/queue")
    tab.get_by_role("button", name=re.compile(r"Approve #\d+")).last.click()
    expect(tab.get_by_role("main")).to_contain_text("Approved: $20.00 for Ana Silva")
