"""What the local page promises: every block is shown, words stay words, and nobody else gets in."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from email.message import Message
from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.platforms.web.html import headline, render
from bot.platforms.web.page import BODY_MAX_BYTES, page
from handlers.card import Button, Card, Chart, Facts, File, Gauge, Heading, Input, Series, Table, Text
from handlers.place import Place
from handlers.sentence import Sentence
from tests.support.paths import ROOT
from tests.support.small_bot import EVERY_BLOCK, PEOPLE, WAITING, SmallBot, served

HOSTILE = "</p></textarea></title><script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7 * 7 }} &amp;"


class Outline(HTMLParser):
    """The elements of a page with the names of their attributes, their values, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def having(self, **wanted: str) -> list[dict[str, str | None]]:
        """The attributes of the elements whose attributes have these values; "_" in a name stands for "-"."""
        pairs = {(name.rstrip("_").replace("_", "-"), value) for name, value in wanted.items()}
        return [attributes for _, attributes in self.elements if pairs <= attributes.items()]


def outline(card: Card) -> Outline:
    return Outline(render(card, "k1"))


# Blocks


def test_letters_that_nobody_sees_are_not_on_the_page() -> None:
    """A mark of direction would show “50 for a dinner” as something else than what was asked."""
    card = Card(
        "Asked\u202e for", (Text("a\u200b\x00b"), Facts((("Reason\u2066", "\u202egnp.exe"),)), Button("Yes\u200f", "a"))
    )
    assert not set("\u202e\u200b\x00\u2066\u200f") & set(render(card, "k1"))


def test_every_block_shows_its_words() -> None:
    """Each text of each block is on the page, as text or as a value."""
    shown = outline(EVERY_BLOCK)
    said = shown.text + " ".join(str(value) for _, attributes in shown.elements for value in attributes.values())

    for words in (
        *("$412.10", " left of $1,000 in November", "November budget", "$587.90 of $1,000 used (59 %)"),
        *("Forecast", "$930 by 30 November", "By model", "opus", "$87.50", "Spend by day. Tuesday was the peak."),
        *("Three quarters went into code review.", "as of 13:40, from the cost report", "How much more"),
        *("such as $200", "What for", "this month", "Ask for it", "request", "Give back all that is left?"),
    ):
        assert words in said


def typed(words: str) -> Card:
    """A card in which every text of every block is the same words."""
    return Card(
        title=words,
        blocks=(
            Text(words),
            Text(words, quiet=True),
            Heading(words),
            Facts(((words, words),)),
            Gauge(words, 1200, words),
            Table(words, (words, words), ((words, words),), "lr"),
            Chart(words, "stack", (words,), (Series(words, (1,)),), words, words),
            Button(words, words, confirm=words),
            *(
                Input(
                    words, words, form=form, value=words, choices=((words, words),), hint=words, least=words, most=words
                )
                for form in ("text", "long", "choice", "date", "number")
            ),
        ),
        fault=words,
    )


def test_words_are_never_markup() -> None:
    """Whatever is typed, into any field of any block, the page has the elements it has for a plain word."""
    assert outline(typed(HOSTILE)).shape == outline(typed("word")).shape
    assert outline(typed(HOSTILE)).text.count("{{ 7 * 7 }}") == outline(typed("word")).text.count("word")


def test_no_field_was_forgotten_among_the_hostile() -> None:
    """The card of hostile words fills every text that a block has."""
    for block in typed("word").blocks:
        for part in fields(block):
            if part.type is str and part.name not in ("kind", "align", "locale"):
                assert getattr(block, part.name) == "word"


def test_no_style_or_script_is_inline() -> None:
    """The policy forbids inline scripts and styles, so there are none to be forbidden."""
    with served(page(SmallBot(), PEOPLE)) as url:
        html = fetch(url, "/?as=ana").text + render(EVERY_BLOCK, "k1")

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", html)


def test_ids_on_a_page_are_unique() -> None:
    """Two cards on a page share no element id, and every reference leads somewhere."""
    shown = Outline(render(EVERY_BLOCK, "k1") + render(EVERY_BLOCK, "k2"))
    ids = [attributes["id"] for _, attributes in shown.elements if "id" in attributes]
    references = [
        one
        for _, attributes in shown.elements
        for name in ("for", "aria-labelledby", "aria-describedby")
        for one in (attributes.get(name) or "").split()
    ]

    assert len(ids) == len(set(ids))
    assert set(references) <= set(ids)


@pytest.mark.parametrize(("permille", "now", "end"), [(0, "0", "1000"), (588, "588", "1000"), (1204, "1204", "1204")])
def test_a_gauge_can_be_read_without_seeing_it(permille: int, now: str, end: str) -> None:
    """A gauge is a meter with its bounds and its caption; above the limit the bounds grow with it."""
    [meter] = outline(Card("t", (Gauge("Budget", permille, "so much is used"),))).having(role="meter")

    assert (meter["aria-valuenow"], meter["aria-valuemax"]) == (now, end)
    assert meter["aria-valuetext"] == "so much is used"


def test_numbers_stand_right_under_their_heading() -> None:
    """A table has headings for its columns and rows, and numbers and their headings stand on the right."""
    shown = outline(Card("t", (Table("By model", ("Model", "Cost"), (("opus", "$5"),), "lr"),)))
    cells = [
        (tag, attributes.get("scope"), attributes["class"]) for tag, attributes in shown.elements if tag in ("th", "td")
    ]

    assert cells == [
        ("th", "col", "words"),
        ("th", "col", "number"),
        ("th", "row", "words"),
        ("td", None, "number"),
    ]


def test_a_chart_has_words_and_numbers() -> None:
    """A chart has a text for those who cannot see it, and its numbers in a table."""
    shown = outline(Card("t", (Chart("Spend", "line", ("Mon", "Tue"), (Series("a", (1, 1204.5)),), "$", "It grew."),)))
    [picture] = [attributes for tag, attributes in shown.elements if tag == "img"]

    assert picture["alt"] == "Spend. It grew."
    assert str(picture["src"]).startswith("data:image/png;base64,iVBORw0KGgo")
    assert "$1,204.50" in shown.text


def test_a_button_says_its_sentence_and_asks_first_if_it_should() -> None:
    """A button carries the words it says; one with a question carries that too."""
    [approve, deny] = [attributes for tag, attributes in outline(WAITING).elements if tag == "button"]

    assert (approve["value"], "data-confirm" in approve) == ("approve 42", False)
    assert (deny["value"], deny["data-confirm"]) == ("deny 42", "Deny what Ana asks for?")


def test_a_card_without_buttons_is_no_form() -> None:
    """Where nothing can be pressed there is no form."""
    assert "form" not in {tag for tag, _ in outline(Card("t", (Text("x"),))).elements}


def test_what_is_needed_and_what_is_optional_is_said() -> None:
    """A field says in words that it may be left empty, and to screen readers that it may not."""
    shown = outline(EVERY_BLOCK)

    assert [field["name"] for field in shown.having(aria_required="true")] == ["amount", "until"]
    assert shown.text.count("optional") == 1


def test_a_choice_keeps_its_value() -> None:
    """The chosen option is selected; an optional choice can be none."""
    shown = outline(EVERY_BLOCK)
    free = outline(Card("t", (Input("x", "X", form="choice", choices=(("a", "A"),), optional=True),)))

    assert [attributes["value"] for attributes in shown.having() if "selected" in attributes] == ["month"]
    assert [attributes["value"] for tag, attributes in free.elements if tag == "option"] == ["", "a"]


def test_a_long_text_keeps_its_first_line() -> None:
    """A value that begins with an empty line or tags is what the field holds."""
    html = render(Card("t", (Input("x", "X", form="long", value="\n<b>"),)), "k1")

    assert re.search(r"<textarea[^>]*>\n\n&lt;b&gt;</textarea>", html)


def test_the_field_at_fault_is_marked() -> None:
    """A refused form marks the one field at fault and says why beside it."""
    shown = outline(replace(EVERY_BLOCK, title="Say how much.", tone="warn", fault="amount"))

    assert [field["name"] for field in shown.having(aria_invalid="true")] == ["amount"]
    assert shown.text.count("Say how much.") == 2


@pytest.mark.parametrize(("tone", "word"), [("warn", "Attention: "), ("bad", "Problem: ")])
def test_a_tone_is_said_in_words(tone: Any, word: str) -> None:
    """Warnings are no matter of colour alone."""
    assert word in outline(Card("Over the budget", tone=tone)).text


@pytest.mark.parametrize(
    ("title", "figure"),
    [
        ("$412.10 left of $1,000", "$412.10"),
        ("-$4 left", "-$4"),
        ("12 € left", "12 €"),
        ("1.2M tokens left", "1.2M"),
        ("38 % used", "38 %"),
        ("2 requests wait for you", "2"),
        ("412,000, which is much", "412,000"),
        ("$5", "$5"),
        ("14:30 is the time", ""),
        ("2026-11-22 was a Sunday", ""),
        ("3rd try", ""),
        ("Nothing is left", ""),
        ("", ""),
    ],
)
def test_a_number_that_begins_a_title_is_drawn_large(title: str, figure: str) -> None:
    """The number comes first and big, and a date or a time is no number."""
    assert headline(title) == figure
    assert title in " ".join(outline(Card(title)).text.split())


@pytest.mark.parametrize(
    ("title", "figure"),
    [
        ("Search: $2,264.90 spent this month", "$2,264.90"),
        ("搜索：$2,264.90 本月已支出", "$2,264.90"),
        ("At 14:30: nothing", None),
        ("Search: more than $5 spent", "$5"),
        ("剩余US$155.15，限额US$400.00", "US$155.15"),
        ("CN¥6,000.00 left of CN¥7,000.00", "CN¥6,000.00"),
        ("No price is known for 3 models", None),
    ],
)
def test_a_number_after_a_name_or_a_few_words_is_drawn_large_too(title: str, figure: str | None) -> None:
    """The page of a team says first how much."""
    shown = outline(Card(title))

    assert title in " ".join(shown.text.split())
    found = re.search(r'<strong class="figure">([^<]+)<', render(Card(title), "k"))
    assert (found and found[1]) == figure


# The page


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Message
    text: str


def fetch(url: str, path: str, body: object = None, method: str = "", **headers: str) -> Answer:
    """One request; a body that is no bytes is sent as JSON by POST. Underscores in header names stand for hyphens."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    if data is not None:
        sent.setdefault("Content-Type", "application/json")
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method or ("GET" if data is None else "POST"), path, data, sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode())
    finally:
        connection.close()


def messages(url: str, person: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(fetch(url, f"/messages?as={person}").text)["messages"]
    return found


@pytest.fixture
def bot() -> SmallBot:
    return SmallBot()


@pytest.fixture
def url(bot: SmallBot) -> Iterator[str]:
    with served(page(bot, PEOPLE)) as url:
        yield url


def test_the_page_shows_who_one_can_be_and_what_one_can_say(url: str) -> None:
    """People with their roles, both conversations and the menu are there at once."""
    html = fetch(url, "/?as=max").text

    for words in ("Ana", "engineer, Search", "finance", "#ai-spend", "spend [by WHAT] [PERIOD]", "where it went"):
        assert words in html
    assert [one["data-person"] for one in Outline(html).having(aria_current="page")] == ["max"]


@pytest.mark.parametrize("path", ["/", "/?as=nobody"])
def test_who_is_nobody_becomes_the_first(url: str, path: str) -> None:
    """Without a name, or with one that is not here, one is the first person."""
    answer = fetch(url, path)

    assert (answer.status, answer.headers["Location"]) == (307, "/?as=ana")


def test_a_file_that_came_with_a_message_can_be_downloaded(url: str) -> None:
    """The link of its card leads to it, and a name that no card has to nothing."""
    assert 'href="/files/a%26b.csv"' in render(Card("Close", (File("a&b.csv"),)), "k")
    answer = fetch(url, "/files/close.csv")

    assert (answer.status, answer.text) == (200, "team,cost\nSearch,12\n")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="close.csv"'
    assert fetch(url, "/files/..%2Fapp.yaml").status == 404
    assert fetch(url, "/files/other.csv").status == 404


def test_a_list_that_a_card_brings_along_is_in_its_link() -> None:
    """Nobody else can ask for it by its name."""
    html = str(render(Card("Spend", (File("spend.csv", ("who",), (("Ana",),)),)), "k"))

    address = html.partition('href="')[2].partition('"')[0]
    assert b64decode(address.partition("base64,")[2]).decode() == "\ufeffwho\r\nAna\r\n"
    assert 'download="spend.csv"' in html


def test_a_text_that_a_card_brings_along_is_in_its_link_as_it_is() -> None:
    """No spreadsheet opens it, so nothing is put before it."""
    html = str(render(Card("Suggested", (File("a.yaml", text="budgets:\n- {name: ä}\n"),)), "k"))

    address = html.partition('href="')[2].partition('"')[0]
    assert address.startswith("data:application/yaml;charset=utf-8;base64,")
    assert b64decode(address.partition("base64,")[2]).decode() == "budgets:\n- {name: ä}\n"


def test_words_reach_the_bot_as_one_sentence(bot: SmallBot, url: str) -> None:
    """What is posted is heard as a sentence with its person, place, inputs and delivery."""
    body = {"as": "ana", "text": "request", "inputs": {"amount": "200"}, "delivery": "d1"}

    assert "Max has your request" in fetch(url, "/say", body).text
    assert bot.heard == [Sentence("request", "ana", Place("web", "ana"), {"amount": "200"}, "ana/d1")]


def test_a_personal_answer_in_the_channel_is_for_the_asker_alone(bot: SmallBot, url: str) -> None:
    """The asker sees the answer with a line that says so; nobody else sees anything."""
    answer = fetch(url, "/say", {"as": "ana", "text": "balance", "channel": "#ai-spend"})

    assert "Only visible to you" in answer.text
    assert bot.heard[0].place == Place("web", "#ai-spend", public=True)
    assert [messages(url, person) for person in ("ana", "max")] == [[], []]


def test_an_answer_for_all_is_seen_by_all(url: str) -> None:
    """A group's total asked for in the channel is shown to the others too, with who asked."""
    answer = fetch(url, "/say", {"as": "ana", "text": "group", "channel": "#ai-spend"})
    [seen] = messages(url, "max")

    assert "Only visible to you" not in answer.text
    assert seen["place"] == "#ai-spend"
    assert all(words in seen["html"] for words in ("Ana", "group", "spent by Search"))
    assert f'data-id="{seen["id"]}"' in answer.text


def test_an_answer_for_all_that_was_asked_in_private_stays_there(url: str) -> None:
    """What is said in the direct message is not shown to others."""
    fetch(url, "/say", {"as": "ana", "text": "group"})

    assert messages(url, "max") == []


def test_a_message_is_fetched_by_whom_it_is_for_and_changes_in_place(bot: SmallBot, url: str) -> None:
    """A pushed message has an id and a version, and is seen by nobody but its person."""
    bot.push("max", WAITING)
    [first] = messages(url, "max")
    bot.push("max", Card("Approved", tone="good"))
    [second] = messages(url, "max")

    assert (first["id"], first["version"], second["version"]) == ("request/42", 1, 2)
    assert "Approved" in second["html"]
    assert messages(url, "ana") == []


def test_others_are_told_that_there_is_news_but_not_what(bot: SmallBot, url: str) -> None:
    """The page can mark for whom there is news; the figure grows with each change."""
    bot.push("max", WAITING)
    bot.push("max", WAITING)

    assert json.loads(fetch(url, "/messages?as=ana").text) == {"messages": [], "news": {"ana": 0, "max": 2, "fay": 0}}


def test_what_has_not_changed_is_not_sent_again(bot: SmallBot, url: str) -> None:
    """A second look without news costs an empty answer."""
    tag = fetch(url, "/messages?as=max").headers["ETag"]

    again = fetch(url, "/messages?as=max", If_None_Match=tag)
    assert (again.status, again.text) == (304, "")

    bot.push("max", WAITING)
    assert fetch(url, "/messages?as=max", If_None_Match=tag).status == 200


# Who gets in


@pytest.fixture(scope="module")
def standing() -> Iterator[tuple[SmallBot, str]]:
    """One page for all that is turned away: nothing comes of it."""
    bot = SmallBot()
    with served(page(bot, PEOPLE)) as url:
        yield bot, url


@pytest.fixture
def porter(standing: tuple[SmallBot, str]) -> SmallBot:
    standing[0].heard.clear()
    return standing[0]


@pytest.fixture
def door(standing: tuple[SmallBot, str]) -> str:
    return standing[1]


@pytest.mark.parametrize("path", ["/", "/?as=ana", "/messages?as=ana", "/static/page.js", "/nowhere"])
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "", "localhost@evil.example", "[::1]x"]
)
def test_a_foreign_host_name_is_refused(door: str, path: str, host: str) -> None:
    """A name of somebody else that leads to this machine (DNS rebinding) opens nothing."""
    answer = fetch(door, path, Host=host)

    assert answer.status in (400, 421)
    assert "html" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:8000", "[::1]:8000"])
def test_this_machine_is_let_in(door: str, host: str) -> None:
    """The names of this machine are served, whatever the port."""
    assert fetch(door, "/?as=ana", Host=host).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:1", "null", "", "http://127.0.0.1"])
def test_a_post_from_another_page_is_refused(porter: SmallBot, door: str, origin: str) -> None:
    """Another site, or another program's page on this machine, cannot say anything."""
    answer = fetch(door, "/say", {"as": "ana", "text": "approve"}, Origin=origin)

    assert (answer.status, porter.heard) == (403, [])


def test_a_post_from_this_page_is_taken(door: str) -> None:
    """The page's own origin is let in."""
    assert fetch(door, "/say", {"as": "ana", "text": "balance"}, Origin=door).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_foreign_form_could_send_is_refused(porter: SmallBot, door: str, kind: str) -> None:
    """A body of a kind that browsers send across sites unasked is not read."""
    answer = fetch(door, "/say", {"as": "ana", "text": "approve"}, Content_Type=kind)

    assert (answer.status, porter.heard) == (400, [])


@pytest.mark.parametrize(
    "path", ["/?as=ana", "/messages?as=ana", "/messages?as=x", "/static/page.js", "/nowhere", "/say"]
)
def test_every_answer_carries_the_policy(door: str, path: str) -> None:
    """No answer, not even an error, allows foreign scripts, frames or guesses at its kind."""
    headers = fetch(door, path).headers

    assert "default-src 'none'; script-src 'self';" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"as": "ana", "text": "\\ud800"}',
        {"as": "ana"},
        {"text": "balance"},
        {"as": "nobody", "text": "balance"},
        {"as": ["ana"], "text": "balance"},
        {"as": "ana", "text": ""},
        {"as": "ana", "text": 7},
        {"as": "ana", "text": "x" * 4001},
        {"as": "ana", "text": "a\x00b"},
        {"as": "ana", "text": "request", "inputs": {"amount": 200}},
        {"as": "ana", "text": "request", "inputs": {"a\nb": 200}},
        {"as": "ana", "text": "request", "inputs": {str(number): "" for number in range(51)}},
        {"as": "ana", "text": "balance", "channel": "#secret"},
        {"as": "ana", "text": "balance", "role": "admin"},
    ],
    ids=lambda body: str(body)[:40],
)
def test_a_bad_body_gets_one_plain_sentence(porter: SmallBot, door: str, body: object) -> None:
    """What cannot be read is refused with a line of plain text, and the bot hears nothing."""
    answer = fetch(door, "/say", body)

    assert (answer.status, porter.heard) == (400, [])
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text.endswith(".")
    assert "\n" not in answer.text


def test_a_huge_body_is_not_read_to_its_end(porter: SmallBot, door: str) -> None:
    """More than the page could ever send is refused."""
    answer = fetch(door, "/say", b" " * (BODY_MAX_BYTES + 1))

    assert (answer.status, porter.heard) == (413, [])


@pytest.mark.parametrize("path", ["/messages", "/messages?as=", "/messages?as=nobody"])
def test_messages_of_nobody_are_refused(door: str, path: str) -> None:
    """Who is not here has no messages."""
    assert fetch(door, path).status == 400


@pytest.mark.parametrize("path", ["/static/../page.py", "/static/%2e%2e/page.py", "/static/", "/static//etc/passwd"])
def test_only_the_pages_own_files_are_served(door: str, path: str) -> None:
    """No path leads out of the folder of static files."""
    assert fetch(door, path).status == 404


@pytest.mark.parametrize("name", ["page.js", "page.css", "icon.svg"])
def test_the_pages_files_load_nothing_from_elsewhere(door: str, name: str) -> None:
    """Script, style and icon are served from here and point nowhere else."""
    answer = fetch(door, f"/static/{name}")

    assert answer.status == 200
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import", answer.text)


def test_no_template_turns_escaping_off() -> None:
    """No template marks anything as safe by itself."""
    for template in (ROOT / "bot/platforms/web/templates").iterdir():
        assert not re.search(r"\|\s*safe|autoescape|striptags", template.read_text())
