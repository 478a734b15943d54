"""No text escapes the catalogs.

Everybody reads a language that puts every text in marks (tests/support/pseudo.py). What a person can see outside the
marks must be a value: a name, an amount, a day, their own words, or a sentence that can be said as it stands.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.cli.demo import CAST, TOUR
from bot.platforms.identity import Identities
from bot.platforms.slack import identity as slack_identity
from bot.platforms.slack import listener as slack_listener
from bot.platforms.teams import identity as teams_identity
from bot.platforms.teams import listener as teams_listener
from bot.platforms.teams import messenger as teams_messenger
from bot.platforms.web.page import page
from bot.ports import broken, in_language
from handlers import COMMANDS, language
from handlers.card import Button, Card, Chart, File, Input, Series, Table, Text
from handlers.events import CheckSpikes, CheckThresholds, DetectWaste, SendNotes
from storage.directory import Link
from storage.tokens import SHAPE
from tests.handlers import test_statements as statements
from tests.handlers.test_sentences import REFUSED, UNDERSTOOD, table
from tests.support import pseudo
from tests.support.clock import Clock
from tests.support.company import ACME, PEOPLE, RULES, Company
from tests.support.databases import migrated
from tests.support.history import on_working_days, read_all, uses

READERS = tuple(replace(one, locale=pseudo.LOCALE) for one in PEOPLE)
SLACK = tuple(Link("slack", "user", f"T1/{one.id}", f"person/{one.id}") for one in PEOPLE)
NAMES = {
    *(word for one in PEOPLE for word in (one.id, one.name, one.name.split()[0])),
    *(one.name for one in ACME.teams),
    *(
        "Acme",
        "Crawler",
        "crawler-key",
        "usr_stranger",
        "llm",
        "The sample company",
        "per-person",
        "search-pool",
        "agents",
    ),
    *("claude-sonnet-4-5", "claude-opus-4-5", "English", "Bursar", "#ai-spend", "USD", "tools", "cursor"),
}
WRITTEN = (
    *("finish the migration", "a quick test", "train a model", "nightly reindex", "the review", "train a larger model"),
    *("too early", "why?", "so", "the project ended", "more", "the review needs it", "the demo", "refund", "demo", "x"),
    *(
        "migration",
        "it is needed",
        "I lead it",
        "it is over",
        "pair programming",
        "again",
        "3 days of tests",
        "two people",
    ),
    *("Nothing is cached", "Cached", "Cache it."),  # a finding of the tests' own
)
"""What people wrote in these tests."""

USAGES = {one.usage for one in COMMANDS.values()}
ASKED = ("", " last week", " of team search", " of organization", " of agent crawler", " of unallocated", " 1", " llm")
WAYS = ("day", "week", "month", "provider", "team", "person", "agent", "key", "tier", "tokens")


@pytest.fixture(autouse=True, scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of catalogs with this one language."""
    folder = tmp_path_factory.mktemp("locales")
    pseudo.write_catalog(folder)
    caches = (language.languages, language.language_of, language._catalog)
    patch = pytest.MonkeyPatch()
    patch.setattr(language, "LOCALES", folder)
    for each in caches:
        each.cache_clear()
    yield folder
    patch.undo()
    for each in caches:
        each.cache_clear()


def company_at(path: Path) -> Company:
    """The company of the statements, where everybody reads that language."""
    clock = Clock()
    clock.moment = statements.MONDAY
    organization = {"name": "Acme", "zone": "Europe/Berlin", "locale": pseudo.LOCALE}
    rules: dict[str, object] = {**RULES, "organization": organization, "approvals": statements.LADDER}
    made = Company(migrated(path), clock, rules, replace(ACME, people=READERS, links=(*ACME.links, *SLACK)))
    made.llm.knows(*(one.id for one in PEOPLE), "crawler-key")
    made.app.limits.read(made.llm)
    made.hear("max", "allot 500 to ana")
    return made


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """That company, as it begins."""
    made = company_at(tmp_path / "acme.db")
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """That company with ten weeks of use, and with something of everything."""
    made = company_at(tmp_path_factory.mktemp("busy") / "acme.db")
    for subject in ("ana", "bob", "crawler-key", "usr_stranger"):
        uses(made, subject, on_working_days("10"))
    uses(made, "ana", lambda day: "3" if day.day % 3 else "0", "claude-opus-4-5")
    read_all(made)
    statements.is_changed_over_there(made)
    statements.finds(made)
    statements.finds_a_seat(made)
    statements.spikes_up(made)
    made.llm.spends("lea", "390", date(2026, 11, 23))
    made.pull()
    for person, words in (*statements.TALK[:2], ("bob", "request 600 x")):
        made.hear(person, words)
    for event in (CheckThresholds(), CheckSpikes(), DetectWaste(), SendNotes()):
        made.happens(event)
    made.settle()
    yield made
    made.database.close()


def outside(texts: Iterable[str]) -> list[str]:
    """Those of some texts in which words stand outside the marks that are no values."""
    values = (*NAMES, *WRITTEN)
    seen = (text for text in texts if text not in USAGES and not text.endswith(".csv") and not SHAPE.fullmatch(text))
    return [text for text in seen if pseudo.escaped(text, values)]


def escapes(card: Card) -> list[str]:
    """The texts of a card that escape the catalogs; a button may be called by the sentence that it says."""
    sentences = {each.says for each in card.buttons if each.label == each.says}
    return [text for text in outside(pseudo.texts_of(card)) if text not in sentences]


def test_what_stands_outside_the_marks_is_found() -> None:
    """This test can fail: a text without marks, one beside marks, and one glued to marks."""
    assert pseudo.escaped("$5.00 left", ()) == ["left"]
    assert pseudo.escaped("⟦5 left⟧ today, Ana", ("Ana",)) == ["today"]
    assert pseudo.escaped("⟦$5.00 ⟦left⟧ of x⟧: 11月22日 12:00", ()) == []


@pytest.mark.parametrize("name", sorted(statements.ORDERS))
def test_an_order_is_answered_and_told_in_the_readers_language(name: str, tmp_path: Path) -> None:
    """Its answer, and every message that follows from it."""
    for number, spoken in enumerate(statements.ORDERS[name]):
        if spoken.words.startswith("press "):
            continue
        company = company_at(tmp_path / f"{number}.db")
        card, _ = statements.says(company, spoken)
        company.settle()
        told = [each for one in PEOPLE for each in company.messages(one.id)]
        assert [escapes(each) for each in (card, *told) if escapes(each)] == [], spoken.words
        company.database.close()


def test_the_audit_says_what_was_done_in_the_readers_language(busy: Company) -> None:
    """Verbs, rights and subjects; the details are as they were written, and the same for every reader."""
    [table, *_] = [each for each in busy.hear("fay", "audit").blocks if isinstance(each, Table)]
    rows = tuple((*row[:5], "", "") for row in table.rows)
    assert len(rows) > 3
    assert escapes(Card("", (replace(table, rows=rows),))) == []


def test_a_question_is_answered_in_the_readers_language(busy: Company) -> None:
    """Every question there is, about everybody and everything, also where it is refused."""
    for name, one in COMMANDS.items():
        if name == "audit":
            continue  # of which some is as it was written: see below
        for said in (name, *(f"{name}{words}" for words in ASKED if not one.writes)):
            for person in ("ana", "max", "fay"):
                assert escapes(busy.hear(person, said)) == [], f"{person}: {said}"
    for way in WAYS:
        assert escapes(busy.hear("fay", f"spend of organization by {way} q4")) == [], way


def test_help_is_in_the_readers_language(busy: Company) -> None:
    """Only the grammar is not: it is what one types."""
    for name in ("", *COMMANDS):
        assert escapes(busy.hear("fay", f"help {name}")) == [], name


def test_a_message_is_in_its_readers_language(busy: Company) -> None:
    """What the night found, what was used up, what waits for a decision, the week."""
    told = [card for one in PEOPLE for card in busy.messages(one.id)]
    assert len(told) > 9
    assert [escapes(card) for card in told if escapes(card)] == []


def test_whatever_is_said_is_answered_in_the_readers_language(company: Company) -> None:
    """The hundreds of sentences that are understood, and those that are refused."""
    for said, _ in (*table(UNDERSTOOD), *table(REFUSED)):
        assert escapes(company.hear("ana", said)) == [], said


def test_platforms_add_nothing_in_another_language(busy: Company) -> None:
    """What Slack's and Teams' cards and the page say by themselves is in the language of the card."""
    for said in ("balance", "spend", "forecast", "request", "limits", "requests", "xyzzy", "spend by modle", "guard"):
        card = busy.hear("fay" if said == "limits" else "ana", said)
        sentences = {f"{each.says}" for each in card.buttons}
        assert [each for each in outside(pseudo.drawn(card)) if each not in sentences] == [], said


def test_remarks_of_platforms_are_in_the_readers_language() -> None:
    """A card on which nothing fits makes them say all that they ever say."""
    many = tuple(str(number) for number in range(40))
    card = Card(
        "1",
        (
            Text("9 " * 9000),
            Table("1", many, tuple(many for _ in range(150)), "r" * 40),
            Chart("1", "stack", many, (Series("1", tuple(map(float, range(40)))),), "$", "2", limit=3.0),
            File("1.csv"),
            Input("9", "1", "choice", choices=tuple((each * 9, each) for each in map(str, range(300)))),
            *(Input(str(number), "1", optional=True) for number in range(20)),
            *(Button("1", "9" * 5000, confirm="1") for _ in range(30)),
            Button("1", "9", confirm="1"),
        ),
        tone="warn",
        language=pseudo.LANGUAGE,
    )
    drawn = list(pseudo.drawn(card))
    assert outside(drawn) == []
    assert sum(pseudo.OPENS in each for each in drawn) > 8


def test_what_listeners_say_by_themselves_is_in_the_organizations_language() -> None:
    """To who is not known, or when something broke."""
    own = [
        *(getattr(slack_identity, name) for name in ("STRANGER", "GUEST", "NOBODY", "NO_ADDRESS")),
        *(getattr(slack_listener, name) for name in ("PATIENCE", "OUTDATED", "TOO_LATE")),
        *(teams_identity.STRANGER, teams_listener.FORGOTTEN, teams_messenger.IN_THE_CHAT),
    ]

    class Nobody:
        """Knows nobody."""

        def who(self, _platform: str, _external_id: str) -> None:
            return None

        def introduce(self, _platform: str, _external_id: str, _email: str) -> None:
            return None

    for unlisted in (slack_identity.UNLISTED, teams_identity.UNLISTED):
        identities = Identities(Nobody(), "slack", "Slack", unlisted, pseudo.LANGUAGE)
        found = identities.introduced("T1/U1", ["a@b.example"])
        assert isinstance(found, Card)
        own += [found, identities.unanswered()]
    for card in (*(in_language(each, pseudo.LANGUAGE) for each in own), broken("7f3a", pseudo.LANGUAGE)):
        assert [each for each in pseudo.texts_of(card) if pseudo.escaped(each, ("7f3a", "Slack"))] == []
        assert card.language == pseudo.LANGUAGE


def test_the_page_is_in_the_language_of_whoever_looks(busy: Company) -> None:
    """Its frame, who one can be, what is offered, the menu, and what a screen reader hears."""
    names = {one.id: one.name for one in PEOPLE}
    cast = [(person, names[person], role) for person, role in CAST if person in names]
    with TestClient(page(busy.app, cast, TOUR, busy.app.language), base_url="http://127.0.0.1:8000") as client:
        for person, _, _ in cast:
            html = client.get(f"/?as={person}").text
            assert f'lang="{pseudo.LANGUAGE}"' in html
            assert [each for each in outside(pseudo.texts_of_page(html)) if each != "A"] == []
