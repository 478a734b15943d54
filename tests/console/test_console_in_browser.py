"""The console in a real browser: sign in, look, order, sign out; and what axe-core finds of each page (make axe)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from handlers.language import say
from tests.console.conftest import Console, console_of
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.databases import migrated
from tests.support.paths import ROOT
from tests.support.small_bot import served

AXE = ROOT / "var" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
RULES_OF_AXE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PATHS = {
    "ana": ("/", "/requests", "/waste", "/ask?q=request"),
    "max": ("/queue", "/team/search"),
    "fay": ("/organization", "/providers", "/money", "/lab", "/audit", "/ask?q=limits"),
}
LOOKS = (("light", 1280, "en"), ("dark", 390, "zh_Hans"))


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The console of the small company."""
    database = migrated(tmp_path_factory.mktemp("console") / "acme.db")
    yield console_of(Company(database, Clock()), url="http://127.0.0.1")
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
    max_.get_by_role("button", name="Approve #1").click()
    expect(max_.get_by_role("heading", level=1)).to_contain_text("Approved")

    max_.get_by_role("button", name="Sign out").click()
    expect(max_).to_have_url(f"{url}/signin")
    max_.goto(f"{url}/queue")
    expect(max_).to_have_url(f"{url}/signin?next=%2Fqueue")


@pytest.mark.parametrize("person", PATHS)
def test_pages_can_be_read_by_everybody(person: str, browser: Browser, console: Console, url: str) -> None:
    """In both languages, light and dark, wide and on a phone: no finding of axe, no page wider than its window."""
    for scheme, width, language in LOOKS:
        console.company.say(person, "settings language auto")
        page = signed_in(browser, console, url, person, width, scheme)
        console.company.say(person, f"settings language {language}")
        for path in PATHS[person]:
            page.goto(f"{url}{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            page.keyboard.press("Tab")
            expect(page.locator(":focus")).to_have_text(say(language, "Skip to the page"))
            assert page.locator("html").get_attribute("lang") == language.replace("_", "-")
            if AXE.exists():
                page.evaluate(AXE.read_text())
                found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES_OF_AXE)
                assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], path
        page.context.close()
    console.company.say(person, "settings language auto")
    if not AXE.exists():
        pytest.skip("no axe-core: make axe")
