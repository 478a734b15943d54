"""Receipts of claims: what may be one, who sees it, and for how long it is kept."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.card import Card
from handlers.context import CONSOLE
from handlers.errors import RefusedError
from handlers.events import ForgetOld
from handlers.place import Place
from handlers.requests.receipt_files import BYTES_MAX, kind_of
from handlers.sentence import Sentence
from storage import receipts
from storage.db import Database
from tests.handlers.requests.test_claims import CATEGORIES, CLAIM, begun, facts
from tests.support.at_once import at_once
from tests.support.clock import Clock
from tests.support.company import ACME, Company
from tests.support.databases import migrated
from tests.support.receipt_files import GOOD, HOSTILE, pdf

CONSOLE_RULES = {"console": {"url": "https://bursar.acme.example"}}


@pytest.fixture
def company(tmp_path: Path, clock: Clock) -> Iterator[Company]:
    """The small company, in which tools can be claimed."""
    database = migrated(tmp_path / "bursar.db")
    yield begun(database, clock, **CONSOLE_RULES)
    database.close()


@pytest.fixture
def on_both(database: Database, clock: Clock) -> Company:
    """The same on each kind of database in turn."""
    return begun(database, clock, **CONSOLE_RULES)


def claims_with(company: Company, person: str, text: str, content: bytes) -> Card:
    """Say something and send a file along, as a platform does."""
    return company.hear(person, text, receipt=company.app.keep_receipt(person, content))


def on_a_page(company: Company, person: str, text: str) -> Card:
    return company.app.hear(Sentence(text, person, Place(CONSOLE, person)))


def receipt_on(message: str) -> str:
    found = re.search(r"^Receipt +(.+)$", message, re.MULTILINE)
    assert found, message
    return found[1]


def looks(company: Company, person: str, name: str) -> bytes:
    return company.app.receipt(person, Place(CONSOLE, person), name)[1]


@pytest.mark.parametrize("kind", GOOD)
def test_a_receipt_is_known_by_what_is_in_it(kind: str) -> None:
    """Its name says nothing, and nobody asks for it."""
    assert kind_of(GOOD[kind]) == kind


@pytest.mark.parametrize("what", HOSTILE)
def test_what_only_looks_like_one_is_refused(what: str) -> None:
    """In one sentence, and before anything is kept."""
    with pytest.raises(RefusedError, match=r"send it as a PDF, PNG, JPEG or HEIC file|is empty"):
        kind_of(HOSTILE[what])


def test_a_file_that_is_too_large_is_refused() -> None:
    """Whatever it is."""
    kind_of(pdf().replace(b"endstream", b" " * (BYTES_MAX - 1000) + b"endstream"))
    with pytest.raises(RefusedError, match="a receipt may have 5 MB"):
        kind_of(pdf().replace(b"endstream", b" " * BYTES_MAX + b"endstream"))


def test_a_receipt_comes_with_a_claim_and_is_seen_by_whom_it_concerns(on_both: Company) -> None:
    """The claimant, who decides the claim, and finance; that others looked stands in the audit."""
    made = claims_with(on_both, "ana", CLAIM, pdf())
    assert facts(made)["Receipt"] == "PDF, 1 kB"
    assert receipt_on(on_both.reads("max")[0]) == "PDF, 1 kB"
    assert "[See the receipt of #1: receipts 1]" in on_both.reads("max")[0]

    for person in ("ana", "max", "fay"):
        assert on_a_page(on_both, person, "receipts 1").files[0].name == "receipt-1-1.pdf"
        assert looks(on_both, person, "receipt-1-1.pdf") == pdf()
    for person in ("bob", "lea", "kim", "ada"):
        with pytest.raises(RefusedError, match="You can't see the receipts of a claim with that number"):
            looks(on_both, person, "receipt-1-1.pdf")
        assert on_both.say(person, "receipts 1") == on_both.say(person, "receipts 7")
    deeds = on_both.say("fay", "audit")
    assert deeds.count("looked at a receipt") == 2

    on_both.hear("max", "approve 1")
    assert looks(on_both, "max", "receipt-1-1.pdf") == pdf()


def test_who_decided_nothing_sees_it_no_longer(company: Company) -> None:
    """Max was asked, and then there was nothing to decide."""
    claims_with(company, "ana", CLAIM, pdf())
    company.hear("ana", "withdraw 1")
    with pytest.raises(RefusedError):
        looks(company, "max", "receipt-1-1.pdf")


def test_no_file_ever_stands_in_the_chat(company: Company) -> None:
    """There a claim leads to its page."""
    claims_with(company, "ana", CLAIM, pdf())
    said = company.hear("max", "receipts 1")
    assert said.files == ()
    assert "On a page: https://bursar.acme.example/claim/1" in company.say("max", "receipts 1")


def test_a_receipt_can_follow_and_whoever_decides_sees_it(company: Company) -> None:
    """The message that stands there is drawn anew; three are the most."""
    made = company.hear("ana", CLAIM)
    assert facts(made)["Receipt"] == "none"
    assert "Add a receipt" in [each.label for each in made.buttons]
    assert receipt_on(company.reads("max")[0]) == "none"

    assert "receipts 1" in [each.says for each in company.hear("ana", "claims").buttons]

    added = claims_with(company, "ana", "receipt 1", pdf())
    assert "receipts 1" not in [each.says for each in company.hear("ana", "claims").buttons]
    assert added.title == "Added to claim #1"
    assert receipt_on(company.reads("max")[0]) == "PDF, 1 kB"
    assert len(company.reads("max")) == 1
    assert claims_with(company, "ana", "receipt 1", pdf()).title == "Claim #1 has this receipt already."
    for word in ("b", "c"):
        assert claims_with(company, "ana", "receipt 1", pdf(word)).title == "Added to claim #1"
    assert claims_with(company, "ana", "receipt 1", pdf("d")).title == "A claim has at most 3 receipts."
    assert company.say("max", "receipt 1").startswith("! Only the claimant adds receipts to a claim.")


def test_a_file_without_words_asks_which_claim_it_is_for(company: Company) -> None:
    """And the next claim within the hour is the one it was sent for."""
    company.hear("ana", CLAIM)
    asked = claims_with(company, "ana", "receipt", pdf())
    assert asked.title == "Which claim is it for?"
    assert [each.says for each in asked.buttons] == ["receipt 1", "claim"]
    assert company.hear("ana", "receipt 1").title == "Added to claim #1"

    company.app.keep_receipt("ana", pdf("second"))
    assert facts(company.hear("ana", "claim 20 USD raycast: x"))["Receipt"] == "PDF, 1 kB"
    company.app.keep_receipt("ana", pdf("third"))
    company.clock.moment += timedelta(hours=2)
    assert facts(company.hear("ana", "claim 20 USD notion: x"))["Receipt"] == "none"


def test_nobody_takes_the_file_of_somebody_else(company: Company) -> None:
    """A number that is not theirs is as one that is not there."""
    number = company.app.keep_receipt("ana", pdf())
    assert company.hear("bob", CLAIM, receipt=number).title == "The file is not here any more. Send it again."


def test_one_file_pays_for_one_claim(on_both: Company) -> None:
    """Who sends another person's receipt is told no name; finance is told both."""
    claims_with(on_both, "ana", CLAIM, pdf())
    again = claims_with(on_both, "ana", "claim 20 USD cursor October: x", pdf())
    assert again.title == "This file is the receipt of your claim #1 already."
    others = claims_with(on_both, "bob", "claim 20 USD cursor: x", pdf())
    assert others.title == "This file is the receipt of another claim already."
    assert "Ana" not in on_both.say("bob", "claims")
    told = on_both.reads("fay")
    assert any("Bob Reyes sent the receipt of another person's claim" in each and "#1" in each for each in told)

    on_both.hear("ana", "withdraw 1")
    assert claims_with(on_both, "ana", "claim 20 USD cursor October: x", pdf()).title == "Claimed $20.00 for cursor"


def test_the_same_file_at_the_same_time_pays_once(on_both: Company) -> None:
    """Two people, one receipt, one moment."""
    numbers = {each: on_both.app.keep_receipt(each, pdf()) for each in ("ana", "bob")}
    titles = at_once(*(lambda who=who: on_both.hear(who, CLAIM, receipt=numbers[who]).title for who in numbers))
    assert sorted(titles) == ["Claimed $20.00 for cursor", "This file is the receipt of another claim already."]


def test_a_claim_above_an_amount_needs_its_receipt(tmp_path: Path, clock: Clock) -> None:
    """If app.yaml says so."""
    rules = {"claims": {"categories": CATEGORIES, "receipt_above": "25 USD"}}
    database = migrated(tmp_path / "bursar.db")
    company = begun(database, clock, **rules)
    assert company.hear("ana", CLAIM).title == "Claimed $20.00 for cursor"
    refused = company.hear("ana", "claim 30 USD raycast: x")
    assert refused.title.startswith("A claim above $25.00 needs its receipt.")
    assert refused.fault == "receipt"
    assert claims_with(company, "ana", "claim 30 USD raycast: x", pdf()).title == "Claimed $30.00 for raycast"
    database.close()


def test_a_receipt_is_kept_as_long_as_it_is_set(on_both: Company) -> None:
    """Then its content goes, and its mark stays: it pays for no other claim."""
    claims_with(on_both, "ana", CLAIM, pdf())
    on_both.app.keep_receipt("ana", pdf("for nothing"))
    on_both.hear("max", "approve 1")
    on_both.clock.moment += timedelta(days=89)
    on_both.happens(ForgetOld())
    assert looks(on_both, "ana", "receipt-1-1.pdf") == pdf()  # it waits to be paid
    on_both.hear("fay", "paid 1")
    on_both.clock.moment += timedelta(days=89)
    on_both.happens(ForgetOld())
    assert looks(on_both, "ana", "receipt-1-1.pdf") == pdf()
    on_both.clock.moment += timedelta(days=2)
    on_both.happens(ForgetOld())
    with pytest.raises(RefusedError):
        looks(on_both, "ana", "receipt-1-1.pdf")
    assert "deleted, its time is over" in on_both.say("ana", "receipts 1")
    again = claims_with(on_both, "ana", "claim 20 USD raycast: x", pdf())
    assert again.title == "This file is the receipt of your claim #1 already."


def test_a_receipt_goes_with_whom_it_belongs_to(on_both: Company) -> None:
    """Who is erased leaves none."""
    claims_with(on_both, "ana", CLAIM, pdf())
    on_both.directory = replace(ACME, people=tuple(each for each in ACME.people if each.id != "ana"))
    on_both.clock.moment += timedelta(days=1)
    on_both.app.refresh_people()
    on_both.settle()
    assert on_both.hear("ada", "erase ana confirm").title == "Erased"
    assert on_both.app.database.ask(lambda conn: receipts.of_request(conn, 1)) == []


def test_somebody_fills_up_nothing(company: Company) -> None:
    """Ten files without a claim are the most; the same one again is the same."""
    for number in range(10):
        company.app.keep_receipt("ana", pdf(str(number)))
    company.app.keep_receipt("ana", pdf("3"))
    with pytest.raises(RefusedError, match="10 files that you sent belong to no claim yet"):
        company.app.keep_receipt("ana", pdf("10"))
    company.clock.moment += timedelta(days=2)
    company.happens(ForgetOld())
    company.app.keep_receipt("ana", pdf("10"))


def test_without_claims_no_file_is_kept(tmp_path: Path, clock: Clock) -> None:
    """There is nothing that it could belong to."""
    database = migrated(tmp_path / "bursar.db")
    company = begun(database, clock, claims={})
    assert not company.app.takes_file("receipt")
    with pytest.raises(RefusedError, match="I keep files for claims only"):
        company.app.keep_receipt("ana", pdf())
    database.close()


def test_a_claim_that_is_paid_back_or_denied_takes_no_receipt(on_both: Company) -> None:
    """What the books say of it stands; a file that comes later is of no use to it."""
    on_both.say("ana", CLAIM, "d1")
    on_both.say("ana", "claim 10 USD cursor October: pair programming", "d2")
    on_both.say("max", "approve 1", "d3")
    on_both.say("max", "deny 2 too late", "d4")
    on_both.say("fay", "paid 1", "d5")

    for number in (1, 2):
        said = claims_with(on_both, "ana", f"receipt {number}", pdf())
        assert said.title == f"Claim #{number} is closed: no receipt can be added."
    assert on_both.database.ask(lambda conn: receipts.counted(conn, [1, 2])) == {}
