"""Tokens: made for oneself or what one owns, shown once and in private, ended by a word, by time or by leaving."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.platforms.web.messenger import Web
from handlers.card import Card, Facts, Text
from handlers.events import CheckTokens
from handlers.place import Place
from handlers.sentence import Sentence
from storage import audit, tokens
from storage.db import Database
from storage.tables import heard, outbox_items
from storage.tables import tokens as kept
from tests.support.clock import Clock
from tests.support.company import Company


@pytest.fixture
def acme(database: Database, clock: Clock) -> Company:
    """The company on each kind of database: who is let in is decided there."""
    return Company(database, clock)


def secret_in(card: Card) -> str:
    """The token that a card shows."""
    return next((block.secret for block in card.blocks if isinstance(block, Text) and block.secret), "")


def bearer(acme: Company, secret: str) -> tokens.Bearer:
    """What is kept of a token."""
    found = acme.app.database.ask(lambda conn: tokens.by_secret(conn, secret))
    assert found is not None
    return found


def facts_in(card: Card) -> dict[str, str]:
    """The facts of a card."""
    return {name: value for block in card.blocks if isinstance(block, Facts) for name, value in block.facts}


def test_a_token_is_shown_once_and_only_its_hash_is_kept(acme: Company) -> None:
    """Nowhere in the database is it: not in the answer that is kept for a repeated delivery, not in the audit."""
    card = acme.hear("ana", "token new", delivery="press-1")
    secret = secret_in(card)

    assert tokens.is_well_formed(secret)
    assert bearer(acme, secret).token.account_id == "person/ana"
    assert secret not in repr(card)
    again = acme.hear("ana", "token new", delivery="press-1")
    assert (secret_in(again), "is shown once" in str(again.blocks)) == ("", True)
    with acme.app.database._questions.connect() as conn:
        for table in (heard, outbox_items, kept):
            assert secret not in str(conn.execute(select(table)).all())
        assert secret not in str(list(audit.rows(conn)))


def test_what_goes_through_the_outbox_brings_the_token_at_once_or_never(acme: Company) -> None:
    """A chat whose answers are messages shows it without writing it down; a repeated delivery shows none."""
    shown: list[Card] = []

    class Direct(Web):
        def show(self, place: Place, card: Card, receipt: str) -> str:
            shown.append(card)
            return super().show(place, card, receipt)

    acme.app.platforms = {"web": Direct()}
    said = Sentence("token new", "ana", Place("web", "ana"), delivery="event-1")
    acme.app.answer("web/event-1", said)
    acme.app.answer("web/event-1", said)
    acme.settle()

    assert [bool(secret_in(card)) for card in shown] == [True, False]
    with acme.app.database._questions.connect() as conn:
        assert secret_in(shown[0]) not in str(conn.execute(select(outbox_items)).all())


@pytest.mark.parametrize(
    ("who", "words", "scope", "account"),
    [
        ("ana", "token new", "own", "person/ana"),
        ("ana", "token new telemetry", "telemetry", "person/ana"),
        ("ana", "token new reports", "reports", "person/ana"),
        ("max", "token new for agent crawler", "agent", "agent/crawler"),
        ("max", "token new for crawler telemetry 30 days", "telemetry", "agent/crawler"),
        ("max", "token new for team search reports", "reports", "team/search"),
        ("ada", "token new for agent crawler", "agent", "agent/crawler"),
        ("fay", "token new for organization telemetry", "telemetry_all", "org"),
        ("fay", "token new for organization reports", "reports", "org"),
    ],
)
def test_who_may_have_which_token(acme: Company, who: str, words: str, scope: str, account: str) -> None:
    """For oneself, for what one owns; for all by their role."""
    one = bearer(acme, secret_in(acme.hear(who, words))).token
    assert (one.scope, one.account_id, one.made_by) == (scope, account, who)


@pytest.mark.parametrize(
    ("who", "words", "why"),
    [
        ("ana", "token new for bob", "You can't see figures"),
        ("max", "token new for ana", "Only Ana Silva can make a token"),
        ("fay", "token new for ana telemetry", "Only Ana Silva can make a token"),
        ("ana", "token new for agent crawler", "You can't see figures"),
        ("fay", "token new for agent crawler", "Only the owner of Crawler"),
        ("ana", "token new for organization telemetry", "You can't see figures"),
        ("max", "token new for team search", "A token speaks for a person or an agent"),
        ("fay", "token new for organization", "A token speaks for a person or an agent"),
        ("ana", "token new 0 days", "A token lasts 1 to 365 days"),
        ("ana", "token new 366 days", "A token lasts 1 to 365 days"),
        ("ana", "token new forever", "Say it like this"),
        ("ana", "token revoke", "Say which one"),
        ("bob", "token revoke 1", "You have no token with that number"),
        ("bob", "token rotate 1", "You have no token with that number"),
        ("fay", "token rotate 1", "Only Ana Silva can make a token"),
        ("ana", "token revoke 99999999999999999999", "You have no token with that number"),
    ],
)
def test_a_token_that_one_may_not_have_is_refused(acme: Company, who: str, words: str, why: str) -> None:
    """Nobody speaks for another, whatever their role; who may end one need not be shown a new one."""
    acme.hear("ana", "token new")
    card = acme.hear(who, words)
    assert why in card.title
    assert secret_in(card) == ""


def test_a_channel_never_sees_a_token(acme: Company) -> None:
    """Others read there, or look at the screen."""
    card = acme.app.hear(Sentence("token new", "ana", Place("slack", "C1", public=True)))
    assert "in private only" in card.title
    assert acme.app.database.ask(lambda conn: tokens.live(conn, acme.clock())) == []


def test_a_list_shows_ones_own_and_to_finance_all(acme: Company) -> None:
    """Their last letters, never more."""
    secret = secret_in(acme.hear("ana", "token new"))
    acme.hear("max", "token new for agent crawler")

    assert "#1 …" + secret[-4:] in acme.say("ana", "token")
    assert secret not in acme.say("ana", "token")
    assert "#1" not in acme.say("max", "token")
    assert "2 tokens" in acme.say("fay", "token")
    assert "You have no tokens" in acme.say("bob", "token")


def test_a_renewed_token_works_beside_the_new_one_for_a_day(acme: Company) -> None:
    """So that programs can be told one after the other."""
    old = secret_in(acme.hear("ana", "token new 30 days"))
    card = acme.hear("ana", "token rotate 1")
    new = secret_in(card)

    assert new not in ("", old)
    assert bearer(acme, new).token.is_live(acme.clock() + timedelta(days=29))
    assert bearer(acme, old).token.is_live(acme.clock() + timedelta(hours=23))
    assert not bearer(acme, old).token.is_live(acme.clock() + timedelta(hours=25))
    assert "ends already" in acme.say("ana", "token rotate 1")


def test_a_revoked_token_ends_at_once_and_the_audit_knows_all(acme: Company) -> None:
    """Who made it, renewed it and ended it, and on whose authority."""
    acme.hear("max", "token new for agent crawler")
    acme.hear("max", "token rotate 1")
    acme.hear("fay", "token revoke 2")

    assert [each.token.id for each in acme.app.database.ask(lambda conn: tokens.live(conn, acme.clock()))] == [1]
    with acme.app.database._questions.connect() as conn:
        deeds = [row.deed for row in audit.rows(conn) if row.deed.subject.startswith("token/")]
    said = [(deed.who, deed.what, deed.subject, deed.authority) for deed in deeds]
    assert said == [
        ("max", "made token", "token/1", "owner"),
        ("max", "rotated token", "token/1", "owner"),
        ("fay", "revoked token", "token/2", "role finance"),
    ]


def test_a_leavers_tokens_end_and_an_agents_go_over_to_its_new_owner(acme: Company) -> None:
    """Ana leaves, and Max; the crawler is Kim's then."""
    anas = secret_in(acme.hear("ana", "token new"))
    crawlers = secret_in(acme.hear("max", "token new for agent crawler"))
    teams = secret_in(acme.hear("max", "token new for team search reports"))
    crawler = replace(acme.directory.agents[0], owner="kim")
    staying = tuple(each for each in acme.directory.people if each.id not in ("ana", "max"))
    acme.directory = replace(acme.directory, people=staying, agents=(crawler,))
    acme.app.refresh_people()

    assert [bearer(acme, each).token.ended_by for each in (anas, crawlers, teams)] == ["clock", "", "clock"]
    assert bearer(acme, crawlers).speaker == "kim"


def test_an_admin_who_is_none_any_more_takes_the_organizations_tokens_along(acme: Company) -> None:
    """Authority is looked up when it is used. The admins who are left hear of it."""
    secret = secret_in(acme.hear("fay", "token new for organization telemetry"))
    people = tuple(replace(each, roles=()) if each.id == "fay" else each for each in acme.directory.people)
    acme.directory = replace(acme.directory, people=people)
    acme.app.refresh_people()

    assert not bearer(acme, secret).stands
    assert bearer(acme, secret).token.ended_by == "clock"
    acme.happens(CheckTokens())
    assert [each for person in ("ada", "fay") for each in acme.reads(person) if "#1 of Acme ended" in each]


def test_who_owns_a_token_hears_before_it_ends(acme: Company) -> None:
    """Programs lose their tools in silence. One message, brought up to date; none for a renewed one."""
    acme.hear("ana", "token new 30 days")
    acme.hear("ana", "token new 30 days")
    acme.hear("ana", "token rotate 2")
    acme.clock.forward(timedelta(days=16, minutes=1))
    assert [each for each in acme.reads("ana") if "#1 of Ana Silva ends in 13 days" in each]
    acme.clock.forward(timedelta(days=11))
    told = [each for each in acme.reads("ana") if "ends in" in each]
    assert ["#1 of Ana Silva ends in 2 days" in each for each in told if "#1" in each] == [True]
    assert [each for each in told if "#2" in each] == []


def test_a_wrong_letter_is_seen_without_looking_up(acme: Company) -> None:
    """The checksum is in the last six letters."""
    secret = secret_in(acme.hear("ana", "token new"))
    assert tokens.is_well_formed(secret)
    for place in (8, 20, 40, len(secret) - 1):
        other = "0" if secret[place] != "0" else "1"
        assert not tokens.is_well_formed(secret[:place] + other + secret[place + 1 :])
    assert json.dumps(secret) == f'"{secret}"'
    assert not tokens.is_well_formed(secret + "\n")
