"""What is spent, left and expected is the same on every card, whoever reads it and whyever it was sent."""

import re
from datetime import timedelta

from bot.platforms import terminal
from handlers.events import CheckSpikes, CheckThresholds
from handlers.programs import Caller
from handlers.programs.shapes import Reserve, SeeBudget, SeeLine
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.history import on_working_days, read_all, uses


def test_all_cards_say_the_same_of_one_account(acme: Company) -> None:
    """A balance, a forecast, a digest, a spike and the card of whoever decides, after a day that ran away."""
    uses(acme, "ana", on_working_days("10"))
    acme.llm.spends("ana", "110.00")
    read_all(acme)
    acme.happens(CheckSpikes())
    acme.settle()
    acme.say("ana", "request 50 finish the migration")
    balance, forecast, digest = (acme.say("ana", words) for words in ("balance", "forecast", "digest"))
    [spike] = [terminal.render(card) for card in acme.messages("ana") if "usually" in card.title]
    [decides] = [text for text in acme.reads("max") if "finish the migration" in text]

    [expected] = re.findall(r"^\W*(\$[\d,]+) expected by", forecast)
    for card in (balance, digest, decides):
        assert re.findall(r"Month-end estimate +(\$[\d,]+)", card) == [expected]
    [left] = re.findall(r"(\$[\d,.]+) left", balance.splitlines()[0])
    assert f"{left} left" in spike
    [used] = re.findall(r"\$[\d,.]+ of \$[\d,.]+ used \(\d+ %\)", balance)
    assert used in decides


def test_what_is_reserved_is_left_on_no_card(acme: Company) -> None:
    """An agent has spent $450 of $500, and a job reserves $20: its balance, its alert and its spike say $30."""
    uses(acme, "crawler-key", on_working_days("20"))
    acme.llm.spends("crawler-key", "150.00")
    read_all(acme)
    acme.app.call(Caller("agent/crawler", "token #1"), "max", Reserve(amount="20 USD", ttl_seconds=86_400), "")
    acme.happens(CheckSpikes())
    acme.clock.forward(timedelta(hours=20))  # Monday: a warning waits for working hours
    acme.happens(CheckThresholds())
    acme.settle()
    balance = acme.say("max", "balance of crawler")
    assert "$30.00 left of $500.00" in balance
    cards = acme.messages("max")
    [spike] = [terminal.render(card) for card in cards if "usually" in card.title]
    [alert] = [terminal.render(card) for card in cards if "left of" in card.title]
    assert acme.app.call(Caller("agent/crawler", "token #1"), "max", SeeBudget(), "").budgets[0].free.amount == "30"  # type: ignore[attr-defined]
    assert "$30.00 left, for" in spike
    assert "$30.00 left of $500.00" in alert
    assert "$20.00 for 1 job" in alert
    line = acme.app.call(Caller("agent/crawler", "token #1"), "max", SeeLine(), "")
    assert line.line.startswith("$30.00 of $500.00 left + $20.00 for its jobs")  # type: ignore[attr-defined]


def test_whoever_decides_reads_what_the_balance_will_say(database: Database, clock: Clock) -> None:
    """Of an agent's $30 a job has reserved $20, and the $50 it asks for are reserved for the next: $10 stay left."""
    company = Company(database, clock)
    uses(company, "crawler-key", on_working_days("20"))
    company.llm.spends("crawler-key", "170.00")
    read_all(company)
    company.app.call(Caller("agent/crawler", "token #1"), "max", Reserve(amount="20 USD", ttl_seconds=86_400), "")
    assert "$10.00 left of $500.00" in company.say("max", "balance of crawler")

    company.say("max", "request 50 for crawler the nightly reindex")
    [decides] = [text for text in company.reads("kim") if "nightly reindex" in text]
    assert "$10.00 left, and $70.00 reserved for its jobs" in decides
    assert "$10.00 left, and $70.00 reserved for its jobs" in company.say("kim", "approve 1")
    balance = company.say("max", "balance of crawler")
    assert "$10.00 left of $550.00" in balance
    assert "$70.00 for 2 jobs" in balance
