"""What is spent, left and expected is the same on every card, whoever reads it and whyever it was sent."""

import re

from bot.platforms import terminal
from handlers.events import CheckSpikes
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
