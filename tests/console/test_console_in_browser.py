"""The console in a real browser: sign in, look, order, sign out; and what axe-core finds of each page (make axe)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import chain

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.console.pages import PAGES
from bot.sync.usage import pull
from handlers.language import say
from tests.console.conftest import Console, console_of
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated
from tests.support.paths import ROOT
from tests.support.receipt_files import pdf
from tests.support.small_bot import served

AXE = ROOT / "var" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
    "preload": False,
}
FILLED = {
    "/claim/{number}": ("/claim/1",),
    "/request/{number}": ("/request/2",),
    "/team/{team}": ("/team/search",),
    "/lab": ("/lab?first=per-person+150+USD&second=per-person+200+USD+granting+none",),
}
ASKED = {
    "ana": ("/ask?q=spend+by+day", "/ask?q=token+new", "/?period=2026-10"),
    "max": ("/ask?q=help",),
    "fay": ("/ask?q=limits",),
    "kim": ("/ask?q=spend+of+organization+by+month",),
}
NOT_THERE = {"ana": ("/nowhere",), "max": (), "fay": (), "kim": ()}
HAVE = {"ana": 9, "max": 9, "fay": 15, "kim": 8}
"""How many pages each can open."""
PEOPLE = ("ana", "max", "fay", "kim")
"""Who asks, who leads, finance, and who sees groups."""
LOOKS = (("light", 1280), ("dark", 390))
RULES_OF_COMPANY: dict[str, object] = {
    **RULES,
    "claims": {"categories": [{"name": "tools", "amount": "1000 USD"}]},
    "budgets": [
        *RULES["budgets"],
        {"name": "all", "who": "organization", "amount": "9000 USD"},
        {"name": "next", "who": "every person", "amount": "150 USD", "limit": "shadow"},
    ],
    "contracts": [
        {
            "name": "models",
            "provider": "llm",
            "starts": "2026-01-01",
            "ends": "2027-01-01",
            "commitment": "5000 USD",
            "renews_months": 12,
        }
    ],
}


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The console of the small company, where people have asked, claimed with a receipt, and spent for months."""
    database = migrated(tmp_path_factory.mktemp("console") / "acme.db")
    people = tuple(replace(each, roles=("viewer",)) if each.id == "kim" else each for each in ACME.people)
    company = Company(database, Clock(), RULES_OF_COMPANY, replace(ACME, people=people))
    for month in (9, 10, 11):
        for day in range(1, 29 if month < 11 else 22):
            company.llm.spends("ana", "9.25", date(2026, month, day))
            company.llm.spends("crawler-key", "4.00", date(2026, month, day), "claude-opus-4-5")
    pull(database, company.llm, replace(company.app.reading("llm"), history_days=90), company.clock)
    made = console_of(company, url="http://127.0.0.1")
    receipt = company.app.keep_receipt("ana", pdf())
    company.hear("ana", "claim", amount="20 USD", tool="cursor", reason="pairing", receipt=receipt)
    company.say("ana", "request 70 compare two rerankers")
    yield made
    database.close()


@pytest.fixture(scope="module")
def url(console: Console) -> Iterator[str]:
    """Where it is served."""
    with served(console.asgi) as address:
        yield address


def signed_in(
    browser: Browser, console: Console, url: str, person: str, width: int = 1280, scheme: str = "light"
) -> Page:
    """A window of somebody, who came in by a link; what breaks the policy of the page fails the test."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.on("console", lambda said: pytest.fail(said.text) if "Security" in said.text else None)
    link = console.link(person).removeprefix("http://127.0.0.1")
    page.goto(f"{url}{link}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My budget")
    return page


def test_somebody_asks_for_more_and_their_manager_allows_it(browser: Browser, console: Console, url: str) -> None:
    """By forms, without a script; what is refused keeps what was filled in."""
    ana = signed_in(browser, console, url, "ana")
    ana.get_by_role("link", name="Ask for more").first.click()
    ana.get_by_label("How much").fill("lots")
    ana.get_by_role("button", name="Send").click()
    expect(ana.locator("[aria-invalid]")).to_have_value("lots")
    ana.get_by_label("How much").fill("50")
    ana.get_by_label("What is it for?").fill("finish the migration")
    ana.get_by_role("button", name="Send").click()
    expect(ana.get_by_role("heading", level=1)).to_contain_text("Asked for $50.00 more")

    max_ = signed_in(browser, console, url, "max", 390)
    max_.get_by_role("link", name="To decide").click()
    max_.get_by_role("button", name="Approve #3").click()
    expect(max_.get_by_role("heading", level=1)).to_contain_text("Approved")

    max_.get_by_role("button", name="Sign out").click()
    expect(max_).to_have_url(f"{url}/signin")
    max_.goto(f"{url}/queue")
    expect(max_).to_have_url(f"{url}/signin?next=%2Fqueue")


def test_what_is_printed_is_the_page_without_what_is_pressed(browser: Browser, console: Console, url: str) -> None:
    """No navigation and no buttons; what is folded is there, with its title."""
    page = signed_in(browser, console, url, "fay")
    page.goto(f"{url}/money")
    table = page.locator(".folded table")
    expect(table).to_be_hidden()

    page.emulate_media(media="print")

    for gone in (".rail", ".ask", ".buttons >> nth=0", ".months a >> nth=1"):
        expect(page.locator(gone)).to_be_hidden()
    expect(table).to_be_visible()
    expect(page.get_by_text("By team, without its subteams").first).to_be_visible()
    page.context.close()


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize("person", PEOPLE)
def test_pages_can_be_read_by_everybody(
    person: str, language: str, browser: Browser, console: Console, url: str
) -> None:
    """Every page they have, light and dark, wide and on a phone: no finding of axe, no page wider than its window."""
    console.company.say(person, "settings language auto")
    page = signed_in(browser, console, url, person)
    console.company.say(person, f"settings language {language}")
    every = [*chain.from_iterable(FILLED.get(one.path, (one.path,)) for one in PAGES), *ASKED[person]]
    theirs = [path for path in every if page.request.get(f"{url}{path}").ok]
    assert len(theirs) == HAVE[person]
    for path in (*theirs, *NOT_THERE[person]):
        page.goto(f"{url}{path}")
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text(say(language, "Skip to the page"))
        assert page.locator("html").get_attribute("lang") == language.replace("_", "-")
        if AXE.exists():
            page.evaluate(AXE.read_text())
        for scheme, width in LOOKS:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            if AXE.exists():
                found = page.evaluate("options => axe.run(document, options)", AXE_OPTIONS)
                assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], path
    page.context.close()
    console.company.say(person, "settings language auto")
    if not AXE.exists():
        pytest.skip("no axe-core: make axe")
