"""What could not be understood is said wherever a figure lacks it, and finance is told once."""

from datetime import date, timedelta
from functools import partial
from io import StringIO

import pytest
from sqlalchemy import Connection

from bot.cli.check import set_aside_lines
from bot.exports.files import EXPORTS
from handlers.card import Text
from handlers.periods import Period, period_of
from tests.support.company import Company

ODD = date(2026, 11, 21)


@pytest.fixture
def odd(acme: Company) -> Company:
    """Two rows of 21 November that nobody understands."""
    acme.llm.odd = {ODD: 2}
    acme.pull()
    return acme


def write_to(company: Company, name: str, month: Period, out: StringIO, conn: Connection) -> None:
    """Write a file of a month."""
    EXPORTS[name](conn, company.app.policy, month, out)


def later(acme: Company, **step: int) -> None:
    """Some time goes by, with all that is due in it."""
    acme.clock.forward(timedelta(**step))
    acme.app.tick()
    acme.settle()


def test_every_figure_says_what_is_not_in_it(odd: Company) -> None:
    """In the line that says where it comes from, and only where its days are meant."""
    for words in ("balance", "spend", "spend of organization by day 2026-11-21", "why", "digest"):
        assert "2 rows of 21 November set aside" in odd.say("fay", words), words
    assert "set aside" not in odd.say("fay", "spend 2026-11-22")


def test_those_who_run_it_see_what_was_wrong_and_where(odd: Company) -> None:
    """In `status`, which is not well then, in `providers`, and in `check`."""
    for words in ("status", "providers llm", "providers"):
        said = odd.say("fay", words)
        assert "2 rows of 21 November set aside" in said, words
        assert "Field required" in said, words
        assert "usage of 2026-11-21, row 1" in said, words
    assert not odd.say("fay", "status").startswith("Everything works")
    (line,) = set_aside_lines(odd.app, "llm")
    assert (line.ok, line.what) == (False, "llm: 2 rows of usage of 2026-11-21 set aside")
    assert line.advice == "cost: Field required (usage of 2026-11-21, row 1)"


def test_all_is_said_to_be_well_again_once_it_is(odd: Company) -> None:
    """The provider restates the day, or we learn to read it."""
    odd.llm.odd = {}
    odd.pull()
    assert odd.say("fay", "status").startswith("Everything works")
    assert "set aside" not in odd.say("fay", "balance")


def test_finance_is_told_once_with_what_it_was(acme: Company) -> None:
    """Not again by the next reading, nor for more of the same; but for something new."""

    def told() -> list[str]:
        return [card for card in acme.reads("fay") if "set aside" in card.partition("\n")[0]]

    acme.llm.odd = {ODD: 2}
    later(acme, minutes=10)
    (card,) = told()
    assert "The sample company (llm): 2 rows set aside" in card.partition("\n")[0]
    assert "Field required" in card
    acme.llm.odd = {ODD: 2, acme.clock().date(): 1}
    later(acme, minutes=10)
    later(acme, days=1)
    assert len(told()) == 1
    acme.llm.odd = {}
    later(acme, days=1)
    acme.llm.odd = {acme.clock().date(): 1}
    later(acme, minutes=10)
    assert len(told()) == 2
    assert not [card for card in acme.reads("ana") if "set aside" in card.partition("\n")[0]]


def test_a_day_that_cannot_be_read_is_named_as_missing(acme: Company) -> None:
    """Where a sum has it in its days."""
    acme.clock.forward(timedelta(days=2))
    acme.llm.broken = frozenset({acme.clock().date() - timedelta(days=1)})
    acme.pull()
    missing = acme.llm.broken
    (day,) = missing
    for words in ("balance", "status", "providers"):
        assert f"{day.day} November is missing" in acme.say("fay", words), words
    assert not acme.say("fay", "status").startswith("Everything works")


def test_a_provider_that_is_taken_out_of_the_settings_troubles_nobody(odd: Company) -> None:
    """What it did not tell stays missing in the figures of then."""
    odd.app.providers = {}
    odd.app.policy = odd.app.policy.model_copy(update={"vendors": ()})
    assert odd.say("fay", "status").startswith("Everything works")
    assert "2 rows of 21 November set aside" in odd.say("fay", "balance")


def test_a_gap_is_named_in_every_sum_over_it(acme: Company) -> None:
    """Ten weeks later the provider tells only the last of them."""
    acme.clock.forward(timedelta(weeks=10))
    acme.llm.earliest = lambda today: today - timedelta(days=60)  # type: ignore[method-assign]
    acme.pull()
    said = acme.say("fay", "spend of organization 2026-11-01..2027-01-31")
    assert "23 November is missing" in said
    assert "more days not read whole" in said
    assert "missing" not in acme.say("fay", "spend of organization 2027-01-01..2027-01-31")


def test_an_incomplete_month_says_so_at_the_top_of_its_files(odd: Company) -> None:
    """As a row of nothing that every reader of the format takes."""
    november = period_of(ODD, "month")
    for name in ("focus-1.2", "focus-1.4", "showback"):
        out = StringIO()
        odd.database.ask(partial(write_to, odd, name, november, out))
        lines = out.getvalue().splitlines()
        assert "INCOMPLETE: llm was last read on" in lines[1], name
        assert "INCOMPLETE: llm: 2 rows of 2026-11-21 are set aside" in lines[2], name


def test_the_close_of_an_incomplete_month_says_so_at_the_top(odd: Company) -> None:
    """And is not shown as if all was there."""
    odd.clock.forward(timedelta(days=12))
    odd.pull()
    odd.say("fay", "close november")
    odd.settle()
    card = odd.messages("fay")[0]
    top = [block.text for block in card.blocks[:2] if isinstance(block, Text)]
    assert "This month is incomplete. Not in the sum: llm: 2 rows of 21 November set aside." in top
    assert card.tone == "warn"
