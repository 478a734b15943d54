"""Alerts: once each, to the right people, in waking hours, with something to press."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from bot.config import Settings
from handlers.events import CheckThresholds
from handlers.place import Place
from handlers.policy.policy import Policy
from storage.db import Database
from storage.directory import Person
from tests.support.at_once import at_once
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.fakes.board import Board

CROWD = tuple(Person(f"p{n}", f"P {n}", team="search") for n in range(4))
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """The small company at noon on a Monday; Ana has used $246.76 of $400."""
    clock.moment = MONDAY
    return Company(database, clock)


def with_rules(database: Database, clock: Clock, **budget: Any) -> Company:
    """The small company with one budget."""
    clock.moment = MONDAY
    rules: dict[str, object] = {**RULES, "budgets": [{"name": "b", "amount": "400 USD", **budget}]}
    crowd = replace(ACME, people=(*ACME.people, *CROWD))
    return Company(database, clock, rules, crowd)


def look(company: Company) -> None:
    """Let the clock look for alerts."""
    company.happens(CheckThresholds())
    company.settle()


def titles(company: Company, person: str) -> list[str]:
    """What somebody was told by alerts, the newest last."""
    company.settle()
    return [card.title for card in company.messages(person) if "asks for" not in card.title]


def press(company: Company, person: str, label: str) -> str:
    """Press a button of the newest message."""
    (button,) = (each for each in company.messages(person)[-1].buttons if each.label == label)
    return company.say(person, button.says)


def test_a_mark_is_told_once_after_the_reading_in_which_it_was_reached(company: Company) -> None:
    """A reading brings Ana to 85 %; she hears of it with that reading, and not with the next one."""
    company.llm.spends("ana", "340.00", date(2026, 11, 21))
    company.app.tick()
    company.settle()

    assert titles(company, "ana") == ["$60.00 left of $400.00"]
    company.clock.forward(timedelta(minutes=10))
    company.app.tick()
    company.settle()
    assert titles(company, "ana") == ["$60.00 left of $400.00"]


def test_the_next_mark_is_another_message(company: Company) -> None:
    """Used up is news even to somebody who knows of the 80 %."""
    for dollars in ("340.00", "410.00", "420.00"):
        company.llm.spends("ana", dollars)
        company.pull()
        look(company)

    assert titles(company, "ana") == ["$60.00 left of $400.00", "$10.00 over the limit of $400.00"]


def test_a_raised_limit_arms_it_again(company: Company) -> None:
    """Kim's company gives $100 more; at 80 % of $500 Ana hears again."""
    company.llm.spends("ana", "340.00")
    company.pull()
    look(company)
    company.say("fay", "correct 100 of ana a good reason")
    look(company)
    assert len(titles(company, "ana")) == 1

    company.llm.spends("ana", "405.00")
    company.pull()
    look(company)
    assert titles(company, "ana")[-1] == "$95.00 left of $500.00"


def test_the_next_period_begins_armed(company: Company) -> None:
    """December has a budget of its own, and marks of its own."""
    company.llm.spends("ana", "340.00")
    company.pull()
    look(company)
    company.clock.moment = datetime(2026, 12, 9, 12, 0, tzinfo=UTC)
    company.app.refresh_people()
    company.llm.spends("ana", "330.00", date(2026, 12, 8))
    company.pull()
    look(company)

    assert titles(company, "ana") == ["$60.00 left of $400.00", "$70.00 left of $400.00"]


def test_whatever_is_less_than_the_whole_waits_for_working_hours(company: Company) -> None:
    """80 % on Saturday night is told on Monday morning; a limit that is used up is told at once."""
    company.clock.moment = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    company.llm.spends("ana", "340.00")
    company.llm.spends("bob", "500.00")
    company.pull()
    look(company)
    assert titles(company, "ana") == []
    assert titles(company, "bob")[-1].startswith("$200.00 over the limit")

    company.clock.moment = datetime(2026, 11, 23, 7, 59, tzinfo=UTC)
    look(company)
    assert titles(company, "ana") == []
    company.clock.moment = datetime(2026, 11, 23, 8, 1, tzinfo=UTC)
    look(company)
    assert titles(company, "ana") == ["$60.00 left of $400.00"]


def test_a_holiday_has_no_working_hours(company: Company) -> None:
    """Nor in app.yaml's own list."""
    rules = company.app.policy.working.model_copy(update={"holidays": (date(2026, 11, 23),)})
    company.app.policy = company.app.policy.model_copy(update={"working": rules})
    company.llm.spends("ana", "340.00")
    company.pull()
    look(company)

    assert titles(company, "ana") == []


def test_what_was_put_off_is_told_again_on_the_next_working_day(company: Company) -> None:
    """Remind me tomorrow: the message loses its buttons, and a new one comes at noon on Tuesday."""
    company.llm.spends("ana", "340.00")
    company.pull()
    look(company)
    assert press(company, "ana", "Remind me tomorrow").startswith("I'll remind you on 24 Nov 13:00")
    company.settle()
    assert [each.label for each in company.messages("ana")[-1].buttons] == ["Ask for more", "Where did it go?"]
    look(company)
    assert len(titles(company, "ana")) == 1

    company.clock.forward(timedelta(days=1))
    look(company)
    assert len(titles(company, "ana")) == 2


def test_what_is_known_is_not_told_again(company: Company) -> None:
    """Got it."""
    company.llm.spends("ana", "340.00")
    company.pull()
    look(company)
    assert press(company, "ana", "Got it").startswith("Noted")
    company.clock.forward(timedelta(days=3))
    look(company)

    assert len(titles(company, "ana")) == 1
    assert "Ana Silva has seen this." in company.reads("ana")[-1]


def test_the_buttons_of_another_are_no_right(company: Company) -> None:
    """Bob presses what Ana got, and something that never was: the same answer, and nothing changes."""
    company.llm.spends("ana", "340.00")
    company.pull()
    look(company)
    said = next(each.says for each in company.messages("ana")[-1].buttons if each.says.startswith("known"))

    assert company.say("bob", said) == company.say("bob", "known 0123456789abcdef")
    assert "Got it" in [each.label for each in company.messages("ana")[-1].buttons]


def test_asking_for_more_opens_the_form_with_what_will_be_missing(company: Company) -> None:
    """$340 by the 21st at the pace of the last days: the form knows the sum."""
    company.llm.spends("ana", "340.00")
    company.pull()
    look(company)
    form = company.hear("ana", company.messages("ana")[-1].buttons[0].says)
    amount = next(each for each in form.inputs if each.name == "amount")

    assert amount.value.isdecimal()
    assert int(amount.value) % 10 == 0
    assert int(amount.value) > 0
    assert company.say("ana", "request", amount=amount.value, reason="the demo").startswith("Asked for")


def test_an_agents_owner_is_told(company: Company) -> None:
    """Max answers for the crawler."""
    company.llm.spends("crawler-key", "450.00")
    company.pull()
    look(company)

    assert titles(company, "max") == ["Crawler: $50.00 left of $500.00"]
    assert "Ask for more: request for agent crawler" in company.reads("max")[-1]


def test_a_pool_is_told_to_its_owner_and_in_its_channel(database: Database, clock: Clock) -> None:
    """Six people in Search: the channel sees the total, Max can answer."""
    company = with_rules(database, clock, who="team search", alert_in="web:#ai-spend")
    company.llm.spends("ana", "350.00")
    company.pull()
    look(company)

    assert titles(company, "max") == ["Search: $50.00 left of $400.00"]
    ((_, _, card),) = company.app.messages(Place("web", "#ai-spend"))
    assert (card.title, card.personal) == ("Search: $50.00 left of $400.00", False)
    assert [each.label for each in card.buttons] == ["Where did it go?"]


def test_a_small_groups_pool_is_never_for_a_channel(database: Database, clock: Clock) -> None:
    """Two people in Ads: the card stays personal, and a channel does not show it."""
    company = with_rules(database, clock, who="team ads", alert_in="web:#ai-spend")
    board = Board()
    company.app.platforms = {"web": board}
    company.llm.spends("bob", "350.00")
    company.pull()
    look(company)

    assert {(place.id, card.personal) for place, card in board.messages.values()} == {
        ("demo/lea".rpartition("/")[2], True),
        ("#ai-spend", True),
    }


def test_only_a_pool_has_a_channel() -> None:
    """A person's budget is told to nobody else, so app.yaml cannot say it."""
    budget = {"name": "b", "who": "every person", "amount": "400 USD", "alert_in": "slack:C1"}
    with pytest.raises(ValueError, match="only a budget of a team or of the organization"):
        Policy.model_validate({"budgets": [budget]})


def test_the_organizations_budget_is_told_to_finance(database: Database, clock: Clock) -> None:
    """Nobody owns the organization."""
    company = with_rules(database, clock, who="organization")
    company.pull()
    look(company)

    assert titles(company, "fay") == ["Acme: $53.24 left of $400.00"]


def test_whoever_has_a_share_of_a_pool_hears_of_the_share(database: Database, clock: Clock) -> None:
    """Ana has $300 of the pool and uses 82 % of them, the pool as a whole is at 62 %."""
    company = with_rules(database, clock, who="team search")
    company.say("max", "allot 300 to ana")
    company.settle()
    look(company)

    assert titles(company, "ana")[-1] == "$53.24 left of $300.00"
    assert "Share of the Search pool, this month" in company.reads("ana")[-1]
    assert titles(company, "max") == []


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ({"amount": "1000 tokens"}, "150 tokens left of 1,000 tokens"),
        ({"amount": "300 USD", "models": "flagship"}, "$50.00 left of $300.00"),
        ({"amount": "300 USD", "models": "small"}, ""),
        ({"amount": "300 USD", "zone": "Pacific/Auckland"}, "$50.00 left of $300.00"),
        ({"amount": "300 USD", "limit": "watch"}, ""),
        ({"amount": "300 USD", "alert_at": []}, ""),
        ({"amount": "300 USD", "alert_at": [95]}, ""),
        ({"amount": "300 USD", "every": "week"}, ""),
        ({"amount": "300 USD", "every": "quarter"}, "$50.00 left of $300.00"),
    ],
)
def test_every_kind_of_budget_has_its_marks(database: Database, clock: Clock, budget: Any, told: str) -> None:
    """Tokens, tiers, other zones and other periods; what is only watched, or has no marks, tells nobody."""
    company = with_rules(database, clock, who="every person", **budget)
    company.llm.spends("ana", "250.00", date(2026, 11, 21), "claude-opus-4-5", 850)
    company.llm.spends("ana", "0.00", date(2026, 11, 20), "claude-haiku-4-5", 0)
    company.llm.rows = [each for each in company.llm.rows if each.model != "claude-sonnet-4-5"]
    company.database.transact(lambda conn: conn.execute(text("delete from charges")))
    company.database.transact(lambda conn: conn.execute(text("delete from spend")))
    company.pull()
    look(company)

    assert titles(company, "ana") == ([told] if told else [])


def test_who_has_left_is_told_nothing(company: Company) -> None:
    """The account stays, inactive."""
    company.llm.spends("ana", "390.00")
    company.directory = replace(ACME, people=tuple(each for each in ACME.people if each.id != "ana"))
    company.app.refresh_people()
    company.pull()
    look(company)

    assert titles(company, "ana") == []


def test_replicas_that_look_at_once_tell_once(company: Company) -> None:
    """Four at the same moment: one message, one row."""
    company.llm.spends("ana", "340.00")
    company.llm.spends("bob", "240.00")
    company.pull()
    at_once(*[partial(company.happens, CheckThresholds())] * 4)

    assert titles(company, "ana") == titles(company, "bob") == ["$60.00 left of $400.00"]
    rows = company.database.ask(lambda conn: conn.execute(text("select account_id, round from alerts")).all())
    assert sorted(map(tuple, rows)) == [("person/ana", 1), ("person/bob", 1)]


def test_alert_in_is_a_setting() -> None:
    """Of a pool."""
    budget = {"name": "b", "who": "team search", "amount": "400 USD", "alert_in": "slack:C1"}
    assert Settings.model_validate({"directory": ["sample"], "budgets": [budget]}).budgets[0].alert_in == "slack:C1"
