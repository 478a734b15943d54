"""Shadow budgets: finance sees what they would have done, nobody else sees anything, and one press lets them count."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.config import Settings
from handlers.card import Button, Card
from handlers.events import CheckShadows, CheckThresholds, GiveAllotments
from storage.db import Database
from tests.support.at_once import at_once
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.history import on_working_days, read_all, uses

SHADOW: dict[str, object] = {
    "name": "next",
    "who": "every person",
    "amount": "200 USD",
    "every": "month",
    "limit": "shadow",
}
BUDGETS: list[dict[str, object]] = [
    {"name": "per-person", "who": "every person", "amount": "400 USD", "every": "month"}
]


def with_history(database: Database, clock: Clock, budgets: list[dict[str, object]]) -> Company:
    """Ana spends ten dollars on each working day, Bob twenty."""
    company = Company(database, clock, {**RULES, "budgets": budgets})
    company.llm.rows = []
    uses(company, "ana", on_working_days("10.00"))
    uses(company, "bob", on_working_days("20.00"))
    company.llm.knows("ana", "bob")
    return read_all(company)


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """A company with a shadow budget, on each kind of database."""
    return with_history(database, clock, [*BUDGETS, SHADOW])


@pytest.fixture
def small(acme: Company) -> Company:
    """The same on SQLite."""
    return with_history(acme.database, acme.clock, [*BUDGETS, SHADOW])


def button(card: Card, label: str) -> Button:
    """The button with a label."""
    (found,) = [each for each in card.whole.buttons if each.label == label]
    return found


def test_nobody_but_finance_sees_anything_of_it(small: Company) -> None:
    """No balance, no form, no help, no alert and no limit at a provider knows it."""
    small.happens(GiveAllotments())
    small.happens(CheckThresholds())
    small.app.limits.read(small.llm)
    small.settle()

    for words in ("balance", "request", "why", "forecast", "exceptions", "raise"):
        assert "next" not in small.say("bob", words).replace("next month", ""), words
    assert small.say("bob", "request 50 of next the launch").find("“next”") == -1
    assert small.say("bob", "lab").startswith("! Only finance and admins see shadow budgets.")
    assert small.llm.allows("bob") == 400
    assert not [text for text in small.reads("bob") if "next" in text]


def test_finance_sees_what_it_would_have_done(company: Company) -> None:
    """In October both spent more than 200; in November Bob alone so far."""
    text = company.say("fay", "lab")

    assert text.startswith("1 shadow budget")
    assert "2 of 2 people and agents" in text
    assert "1 of 2 people and agents" in text


def test_finance_is_told_once_when_a_period_is_over_and_its_figures_stand(small: Company) -> None:
    """Two days after its end; looked for each day, told once."""
    small.clock.moment = datetime(2026, 12, 2, 8, 30, tzinfo=UTC)
    small.happens(CheckShadows())
    assert not [card for card in small.messages("fay") if "Shadow" in card.title]

    for _ in range(3):
        small.clock.forward(timedelta(days=1))
        small.happens(CheckShadows())
        small.settle()

    (told,) = [card for card in small.messages("fay") if card.title.startswith("Shadow") and card.buttons]
    assert told.title == "Shadow budget “next”: 1 account would have reached it"
    assert button(told, "Let it count").says == "promote next"
    for person in ("ana", "bob", "max"):
        assert not [card for card in small.messages(person) if "hadow" in card.title]


def test_one_press_lets_it_count_from_the_next_period_on(company: Company) -> None:
    """Until then nothing changes; then it binds, and providers are told."""
    assert company.say("fay", "promote next").startswith("“next” will count from 1 December on")
    company.app.tick()
    assert "next" not in company.say("bob", "balance").replace("next month", "")

    company.clock.moment = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    company.app.tick()
    company.settle()

    assert "$200.00" in company.say("bob", "balance")
    assert "It counts since 1 December" in company.say("fay", "lab")
    company.app.limits.read(company.llm)
    company.settle()
    assert company.llm.allows("bob") == 200


def test_a_later_shadow_budget_of_the_same_name_starts_as_a_shadow(company: Company) -> None:
    """Once app.yaml says that it is hard, the press of before is forgotten; not while the file does not say it."""
    company.say("fay", "promote next")
    company.clock.moment = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    company.happens(CheckShadows())
    again = Company(company.database, company.clock, company.rules)
    assert {each.name for each in again.app.policy.budgets} == {"per-person", "next"}

    hard = Company(
        company.database, company.clock, {**company.rules, "budgets": [*BUDGETS, {**SHADOW, "limit": "hard"}]}
    )
    hard.happens(CheckShadows())
    hard.settle()

    later = Company(company.database, company.clock, company.rules)
    assert {each.name for each in later.app.policy.budgets} == {"per-person"}
    assert later.say("fay", "promote next").startswith("“next” will count from 1 January 2027 on")


def test_another_process_learns_of_it_at_its_next_tick(company: Company) -> None:
    """And a process that starts later knows it at once."""
    company.say("fay", "promote next")
    company.clock.moment = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)

    other = Company(company.database, company.clock, company.rules)

    assert {each.name for each in other.app.policy.budgets} == {"per-person", "next"}


def test_it_can_be_taken_back_until_its_day(small: Company) -> None:
    """Afterwards only app.yaml can."""
    small.say("fay", "promote next")
    assert small.say("fay", "demote next").startswith("“next” stays a shadow budget")
    assert small.say("fay", "demote next").startswith("! “next” is not going to count")

    small.say("fay", "promote next")
    small.clock.moment = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    assert small.say("fay", "demote next").startswith("! “next” is not going to count, or it counts already.")


def test_several_who_press_at_once_let_it_count_once(company: Company) -> None:
    """Two people, twice each: the others hear from when on it counts."""
    said = at_once(*(lambda who=who: company.hear(who, "promote next").title for who in ("fay", "ada", "fay", "ada")))

    assert sorted(said)[:3] == ["“next” counts from 1 December on."] * 3
    assert sorted(said)[3] == "“next” will count from 1 December on"


@pytest.mark.parametrize("words", ["promote next", "demote next", "lab"])
def test_only_finance_and_admins_may(small: Company, words: str) -> None:
    """Also by a button that was passed on."""
    assert small.say("max", words).startswith("! Only finance and admins see shadow budgets.")


def test_a_name_that_is_no_shadow_budget_is_refused(small: Company) -> None:
    """A budget that binds cannot be promoted."""
    assert small.say("fay", "promote per-person").startswith("! There is no shadow budget “per-person” in app.yaml.")


def test_without_shadow_budgets_finance_hears_how_to_have_one(acme: Company) -> None:
    """In one sentence."""
    assert "limit: shadow" in acme.say("fay", "lab")


def test_a_shadow_budget_needs_a_name_of_its_own() -> None:
    """Else nobody knew which of the two binds."""
    twice = [*BUDGETS, {**SHADOW, "name": "per-person", "who": "every person in contractors"}]

    with pytest.raises(ValueError, match="a shadow budget needs one of its own"):
        _ = Settings.model_validate({**RULES, "budgets": twice}).policy
