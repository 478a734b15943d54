"""The local page in a real browser, with a small bot behind it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from bot.platforms.web.page import page as web_page
from handlers.card import Button, Card, Input, Text
from tests.support.small_bot import PEOPLE, SmallBot, served

HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>"


@pytest.fixture
def bot() -> SmallBot:
    return SmallBot()


@pytest.fixture
def url(bot: SmallBot) -> Iterator[str]:
    with served(web_page(bot, PEOPLE)) as url:
        yield url


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains about in Ana's window."""
    return []


@pytest.fixture
def ana(browser: Browser, url: str, complaints: list[str]) -> Iterator[Page]:
    """A window of Ana's. Whatever the browser complains about fails the test."""
    context = browser.new_context()
    window = context.new_page()
    window.on("console", lambda message: complaints.append(message.text))
    window.on("pageerror", lambda error: complaints.append(str(error)))
    window.goto(f"{url}/?as=ana")
    yield window
    context.close()

    assert complaints == []


def say(window: Page, words: str) -> None:
    window.get_by_role("combobox", name="What you want to say").fill(words)
    window.keyboard.press("Enter")


def test_a_question_is_answered_with_a_card(ana: Page) -> None:
    """What is typed appears, and below it the answer with its meter, table, picture and number."""
    say(ana, "balance")

    card = ana.get_by_role("article", name="$412.10 left of $1,000 in November")
    expect(ana.locator(".said")).to_have_text("balance")
    expect(card.get_by_role("meter", name="November budget")).to_be_visible()
    expect(card.get_by_role("rowheader", name="opus")).to_be_visible()
    expect(card.get_by_role("img", name="Spend by day. Tuesday was the peak.")).to_be_visible()
    assert ana.evaluate("document.querySelector('.chart img').naturalWidth") == 1200


def test_quotation_marks_are_no_wider_than_letters(ana: Page) -> None:
    """On a machine whose only fine font is a Chinese one, too."""
    width = """mark => {
        const drawn = document.body.appendChild(document.createElement("span"));
        drawn.textContent = mark;
        drawn.style.position = "absolute";
        return drawn.getBoundingClientRect().width / parseFloat(getComputedStyle(drawn).fontSize);
    }"""

    assert ana.evaluate(width, "“") < 0.7


def test_a_request_goes_through_two_windows(browser: Browser, url: str, ana: Page) -> None:
    """Ana's form is refused at the field at fault, then sent; Max sees it, approves it, and his message changes."""
    max_window = browser.new_page()
    max_window.goto(f"{url}/?as=max")
    say(ana, "ask")
    ana.get_by_role("button", name="Ask for it").click()
    amount = ana.get_by_role("textbox", name="How much more")
    expect(amount).to_have_attribute("aria-invalid", "true")
    expect(amount).to_be_focused()
    expect(ana.get_by_text("Say how much, such as $200.")).to_be_visible()
    amount.fill("$200")
    amount.press("Enter")
    expect(ana.get_by_role("article", name="Max has your request")).to_be_visible()
    expect(amount).to_be_disabled()

    asked = max_window.get_by_role("article", name="Ana asks for $200 more")
    asked.get_by_role("button", name="Approve").click()
    expect(max_window.get_by_role("article", name="Approved: $200 for Ana")).to_be_visible()
    expect(asked).to_have_count(0)
    max_window.close()


def test_a_dangerous_button_asks_first(ana: Page, bot: SmallBot) -> None:
    """A button with a question says nothing until the question is answered with its own label."""
    say(ana, "ask")
    ana.get_by_role("button", name="Give it all back").click()
    question = ana.get_by_role("dialog", name="Give back all that is left?")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    assert [sentence.text for sentence in bot.heard] == ["ask"]

    ana.get_by_role("button", name="Give it all back").click()
    ana.keyboard.press("Escape")
    expect(question).to_be_hidden()
    assert [sentence.text for sentence in bot.heard] == ["ask"]

    ana.get_by_role("button", name="Give it all back").click()
    question.get_by_role("button", name="Give it all back").click()
    expect(ana.get_by_role("article", name="I do not know that sentence.")).to_be_visible()
    assert [sentence.text for sentence in bot.heard] == ["ask", "return all"]
    assert bot.heard[1].inputs == {"amount": "", "why": "", "until": "month"}


def test_suggestions_work_with_the_keyboard(ana: Page, bot: SmallBot) -> None:
    """Typing narrows what can be said, arrows choose, Enter writes it up to its first blank, Escape closes."""
    words = ana.get_by_role("combobox")
    words.press_sequentially("sp")
    expect(ana.get_by_role("option")).to_have_count(1)
    words.press("ArrowDown")
    expect(words).to_have_attribute("aria-activedescendant", re.compile("suggestion-"))
    words.press("Enter")
    expect(words).to_have_value("spend ")
    words.fill("/")
    expect(ana.get_by_role("option")).to_have_count(len(bot.sentences()))
    words.press("Escape")
    expect(ana.get_by_role("option")).to_have_count(0)
    assert bot.heard == []


def test_a_suggestion_without_blanks_is_said_at_once(ana: Page, bot: SmallBot) -> None:
    """A tile of the first screen says its sentence when nothing needs to be filled in."""
    ana.get_by_role("button", name="balance what is left").click()

    expect(ana.get_by_role("article")).to_have_count(1)
    assert [sentence.text for sentence in bot.heard] == ["balance"]


def test_the_channel_is_its_own_conversation(browser: Browser, url: str, ana: Page) -> None:
    """In the channel what is personal is marked as such, and what is for all is seen by the others."""
    ana.get_by_role("link", name="#ai-spend").click()
    say(ana, "balance")
    expect(ana.get_by_text("Only visible to you")).to_be_visible()
    say(ana, "group")
    expect(ana.get_by_role("article", name="$4,210 spent by Search")).to_be_visible()

    fay = browser.new_page()
    fay.goto(f"{url}/?as=fay#ai-spend")
    expect(fay.get_by_role("article", name="$4,210 spent by Search")).to_be_visible()
    expect(fay.get_by_role("article")).to_have_count(1)
    fay.close()


def test_who_has_news_is_marked(ana: Page, bot: SmallBot) -> None:
    """When something waits for somebody else, their name says so until one has been them."""
    bot.push("max", Card("Something new"))

    ana.get_by_role("link", name="Max has news").click()
    expect(ana.get_by_role("article", name="Something new")).to_be_visible()
    ana.get_by_role("link", name="Ana engineer").click()
    expect(ana.get_by_role("heading", name="Hello Ana")).to_be_visible()
    expect(ana.locator(".dot:visible")).to_have_count(0)


def test_a_reload_loses_nothing(ana: Page) -> None:
    """What was said and answered in a window is still there after a reload, once."""
    say(ana, "ask")
    ana.get_by_role("textbox", name="How much more").fill("200")
    ana.get_by_role("button", name="Ask for it").click()
    expect(ana.get_by_role("article")).to_have_count(2)

    ana.reload()

    expect(ana.get_by_role("article")).to_have_count(2)
    expect(ana.get_by_role("textbox", name="How much more")).to_have_value("200")


def test_what_is_typed_is_never_run(ana: Page, bot: SmallBot) -> None:
    """Tags that somebody types are shown as they are, in words, cards, fields and questions."""
    alerts: list[str] = []

    def note(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    ana.on("dialog", note)
    card = Card(HOSTILE, (Text(HOSTILE), Button(HOSTILE, HOSTILE, confirm=HOSTILE)))
    bot.answers["<img"] = lambda _: card
    bot.push("ana", card)
    say(ana, HOSTILE)
    expect(ana.get_by_role("article")).to_have_count(2)
    ana.get_by_role("button", name=HOSTILE).first.click()
    ana.get_by_role("dialog").get_by_role("button", name=HOSTILE).click()
    expect(ana.get_by_role("article")).to_have_count(3)
    ana.reload()
    expect(ana.get_by_role("article")).to_have_count(3)

    assert alerts == []
    assert ana.locator(".log img[src=x]").count() == 0


def test_an_answer_that_did_not_come_can_be_asked_for_again(ana: Page, bot: SmallBot, complaints: list[str]) -> None:
    """When nothing comes back the page says so, and another try carries the same delivery."""
    ana.route("**/say", lambda route: route.fulfill(status=503))
    say(ana, "balance")
    expect(ana.get_by_text("Bursar did not answer.")).to_be_visible()
    ana.unroute("**/say")
    complaints.clear()
    ana.get_by_role("button", name="Try again").click()

    expect(ana.get_by_role("article")).to_have_count(1)
    assert len(bot.heard) == 1
    assert bot.heard[0].delivery.startswith("ana/")


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_at_any_width(browser: Browser, url: str, width: int, scheme: str) -> None:
    """From the narrowest phone to a desk, in light and dark, the page never scrolls sideways."""
    window = browser.new_page(
        viewport={"width": width, "height": 700}, color_scheme="dark" if scheme == "dark" else "light"
    )
    window.goto(f"{url}/?as=ana")
    say(window, "balance")
    expect(window.get_by_role("article")).to_have_count(1)

    assert window.evaluate("document.documentElement.scrollWidth") == width
    assert window.evaluate("document.querySelector('.log:not([hidden] *)').scrollWidth") <= width
    window.close()


def test_a_file_goes_along_with_a_form(ana: Page, bot: SmallBot, complaints: list[str]) -> None:
    """It is sent ahead, and the form says its number; what is refused is said beside the field."""
    form = Card("Claim", (Input("receipt", "Receipt", form="file", optional=True), Button("Send it", "claim now")))
    bot.answers["claim"] = lambda said: Card("Claimed") if "receipt" in said.inputs else form
    say(ana, "claim")
    field = ana.get_by_label("Receipt")
    field.set_input_files({"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"<html>"})
    ana.get_by_role("button", name="Send it").click()
    expect(ana.get_by_text("This is no receipt.")).to_be_visible()
    assert [each.text for each in bot.heard] == ["claim"]
    complaints.clear()  # the browser says that it was refused

    field.set_input_files({"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-"})
    ana.get_by_role("button", name="Send it").click()
    expect(ana.get_by_text("Claimed", exact=True)).to_be_visible()
    assert bot.kept == [("ana", b"%PDF-")]
    assert bot.heard[-1].inputs == {"receipt": "1"}
