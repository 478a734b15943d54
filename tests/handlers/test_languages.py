"""Languages: a catalog is a file, it is complete, and everybody is spoken to in their own."""

import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from handlers import language
from handlers.errors import RefusedError
from handlers.language import LOCALES, language_of, languages, say, say_many
from storage import people
from tests.support.company import ACME, PEOPLE, Company
from tests.support.messages import template, texts, updated

PLACEHOLDER = re.compile(r"\{(\w*)[^{}]*\}")
CATALOGS = [each for each in languages() if each != "en"]


def catalog_of(code: str) -> Catalog:
    """A catalog as it lies in the tree."""
    return read_po(BytesIO((LOCALES / f"{code}.po").read_bytes()), locale=code)


def sides(message: Message) -> tuple[set[str], list[set[str]]]:
    """The placeholders of a text, and of each of its translations."""
    wanted = set(PLACEHOLDER.findall("".join(_words(message.id))))
    return wanted, [set(PLACEHOLDER.findall(each)) for each in _words(message.string)]


def _words(said: object) -> tuple[str, ...]:
    return tuple(map(str, said)) if isinstance(said, tuple | list) else (str(said or ""),)


@pytest.mark.parametrize("code", CATALOGS)
def test_a_catalog_is_complete(code: str) -> None:
    """Every text of the code is in it, none is empty, and none is doubtful. `make messages` brings in what is new."""
    known = {message.id: message for message in catalog_of(code) if message.id}
    assert {message.id for message in template() if message.id} == set(known), "make messages"
    assert [each for each, message in known.items() if not all(_words(message.string))] == []
    assert [each for each, message in known.items() if message.fuzzy] == []


@pytest.mark.parametrize("code", CATALOGS)
def test_a_translation_has_the_placeholders_of_its_text(code: str) -> None:
    """None more and none less; a number may be left out where a language says it otherwise."""
    for message in catalog_of(code):
        if message.id:
            wanted, found = sides(message)
            assert all(each in (wanted, wanted - {"n"}) for each in found), message.id


@pytest.mark.parametrize("code", CATALOGS)
def test_a_catalog_is_as_make_messages_writes_it(code: str) -> None:
    """So that a change of a text is a change of few lines."""
    assert {m.id: m.string for m in read_po(BytesIO(updated(code)), locale=code)} == {
        m.id: m.string for m in catalog_of(code)
    }


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en_US", "en"),
        ("de_DE", "en"),
        ("zh_CN", "zh_Hans"),
        ("zh-CN", "zh_Hans"),
        ("zh_Hans_SG", "zh_Hans"),
        ("zh", "zh_Hans"),
        ("zh_TW", "en"),
        ("zh_Hant_HK", "en"),
        ("", "en"),
        ("klingon", "en"),
    ],
)
def test_a_locale_is_spoken_to_in_its_language(locale: str, expected: str) -> None:
    """Who reads traditional characters is better served in English than in simplified ones."""
    assert language_of(locale) == expected


HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals={}\\n"\n\n'


@pytest.fixture
def locales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of catalogs."""
    caches = (language.languages, language.language_of, language._catalog)
    monkeypatch.setattr(language, "LOCALES", tmp_path)
    for each in caches:
        each.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    for each in caches:
        each.cache_clear()


def test_a_second_catalog_is_a_file_and_nothing_else(locales: Path) -> None:
    """Put there, it is spoken."""
    (locales / "fr.po").write_text(
        HEAD.format("2; plural=(n > 1);")
        + 'msgid "{left} left of {limit}"\nmsgstr "Il reste {left} sur {limit}"\n\n'
        + 'msgid "{n} day"\nmsgid_plural "{n} days"\nmsgstr[0] "{n} jour"\nmsgstr[1] "{n} jours"\n',
        encoding="utf-8",
    )
    assert language_of("fr_CA") == "fr"
    assert say("fr", "{left} left of {limit}", left="1 $", limit="2 $") == "Il reste 1 $ sur 2 $"
    assert [say_many("fr", "{n} day", "{n} days", n) for n in (0, 1, 2)] == ["0 jour", "1 jour", "2 jours"]


def speaks_chinese(locales: Path) -> None:
    """Put a catalog there that says one thing."""
    (locales / "zh_Hans.po").write_text(
        HEAD.format("1; plural=0;") + 'msgid "Your language is {name}"\nmsgstr "您的语言是{name}"\n',
        encoding="utf-8",
    )


@pytest.mark.parametrize("said", ["zh", "ZH", "zh_Hans", "zh-CN", "chinese", "中文"])
def test_settings_choose_a_language_and_answer_in_it(acme: Company, locales: Path, said: str) -> None:
    """By a short name, a locale, or as people call it; English and the chat app's language are the ways back."""
    speaks_chinese(locales)
    assert acme.hear("ana", f"settings language {said}").title == "您的语言是中文 (简体)"
    ana = acme.database.ask(lambda conn: people.person(conn, "ana"))
    assert ana is not None
    assert ana.language == "zh_Hans"
    assert acme.hear("ana", "settings language en").title == "Your language is English"
    acme.hear("ana", "settings language zh")
    assert acme.hear("ana", "settings language auto").title == "Your language is English"
    ana = acme.database.ask(lambda conn: people.person(conn, "ana"))
    assert ana is not None
    assert ana.language == ""


@pytest.mark.parametrize("said", ["klingon", "zh_TW", "", "fr"])
def test_a_language_without_a_catalog_cannot_be_chosen(acme: Company, locales: Path, said: str) -> None:
    """And those that can are named."""
    speaks_chinese(locales)
    assert "Choose one of: en, zh_Hans, auto" in acme.hear("ana", f"settings language {said}").title


def test_a_refusal_is_said_in_the_readers_language() -> None:
    """Its names stay as they are, braces and all."""
    no = RefusedError("I don't know “{word}”.", word="{x}")
    assert str(no) == "I don't know “{x}”."


def test_a_person_may_choose_a_language(acme: Company) -> None:
    """It outlives the next reading of the people sources."""
    acme.database.transact(lambda conn: people.choose_language(conn, "ana", "zh_Hans"))
    acme.directory = replace(ACME, people=tuple(replace(one, zone="Asia/Shanghai") for one in PEOPLE))
    acme.app.refresh_people()
    ana = acme.database.ask(lambda conn: people.person(conn, "ana"))
    assert ana is not None
    assert (ana.language, ana.zone) == ("zh_Hans", "Asia/Shanghai")


def test_no_text_is_marked_as_code() -> None:
    """Cards show a backtick as it is: a sentence to say stands between quotation marks, “token new”."""
    assert [text for text, _ in texts() if "`" in str(text)] == []
