"""Claims in the console: a receipt is sent in a form, seen by whom it concerns, saved and never shown."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.db import Database
from tests.console.conftest import Browser, Console, console_of
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.databases import migrated
from tests.support.receipt_files import GOOD, HOSTILE, pdf

CLAIMS = {"categories": [{"name": "tools", "amount": "1000 USD"}]}


@pytest.fixture
def console(tmp_path: Path, clock: Clock) -> Iterator[Console]:
    """The company, in which tools can be claimed."""
    database = migrated(tmp_path / "bursar.db")
    yield begun(database, clock)
    database.close()


def begun(database: Database, clock: Clock, **more: object) -> Console:
    """The console of the company, with other settings."""
    return console_of(Company(database, clock, {**RULES, "claims": CLAIMS, **more}))


def sends(browser: Browser, text: str, content: bytes, name: str = "receipt.pdf", **fields: str) -> str:
    """Send a form with a file in it, as a browser does."""
    answer = browser.client.post(
        "/say",
        data={"says": text, **fields},
        files={"receipt": (name, content, "application/octet-stream")},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 200, answer.text
    return answer.text


FILLED = {"amount": "20 USD", "tool": "cursor", "day": "2026-11-03", "reason": "pairing"}


def test_a_claim_is_made_seen_decided_and_paid_on_pages(database: Database, clock: Clock) -> None:
    """The claimant fills in a form; the manager sees it in the queue, with its receipt; finance has payroll's file."""
    console = begun(database, clock)
    ana, max_, fay = console.of("ana"), console.of("max"), console.of("fay")
    assert "$1,000.00 of $1,000.00 left this year" in ana.reads("/claims")
    page = ana.get("/claims").text
    assert 'enctype="multipart/form-data"' in page
    assert 'type="file"' in page

    assert "Claimed $20.00 for cursor" in sends(ana, "claim", pdf(), **FILLED)
    queue = max_.get("/queue").text
    assert "PDF, 1 kB" in queue
    link = re.search(r'href="([^"]+)"[^>]*>See the receipt of #1', queue)
    assert link
    card = max_.get(link[1].replace("&amp;", "&")).text
    file = re.search(r'href="(/files/receipt-1-1\.pdf[^"]+)"', card)
    assert file
    address = file[1].replace("&amp;", "&")
    answer = max_.get(address)
    assert answer.content == pdf()
    assert answer.headers["content-disposition"] == 'attachment; filename="receipt-1-1.pdf"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert ("max", "looked at a receipt", "request/1") in console.audit()

    for person in ("bob", "kim", "ada"):
        assert console.of(person).get(address).status_code == 404
        assert console.of(person).get("/claim/1").status_code == 404
    assert max_.get("/claim/1").status_code == 200

    approve = re.search(r'name="says" value="(approve [^"]+)"', queue)
    assert approve
    assert "Approved" in max_.says(approve[1])
    assert "$20.00 to pay back" in fay.reads("/payroll").replace("\n", "")
    assert "cursor" in fay.get("/files/payroll-2026-11-22.csv", params={"q": "payroll as csv"}).text
    assert "paid back" in fay.says("paid 1")
    assert "paid back" in ana.reads("/claims")
    assert ana.get("/payroll").status_code == 404


def test_a_receipt_can_follow(console: Console) -> None:
    """On the page of its claim."""
    ana = console.of("ana")
    ana.says("claim", **FILLED)
    assert 'type="file"' in ana.get("/claim/1").text
    assert "Added to claim #1" in sends(ana, "receipt 1", pdf())
    assert "receipt-1-1.pdf" in ana.reads("/claim/1")
    assert 'type="file"' not in console.of("fay").get("/claim/1").text


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_receipt_is_refused_beside_its_field(console: Console, what: str) -> None:
    """The form is shown again with what was filled in; nothing is claimed. An empty field is a claim without one."""
    page = sends(console.of("ana"), "claim", HOSTILE[what], form="claim", **FILLED)
    if HOSTILE[what]:
        assert "send it as a PDF, PNG, JPEG or HEIC file" in page
        assert 'value="cursor"' in page
        assert console.company.say("ana", "claims").startswith("tools: $1,000.00 of $1,000.00 left this year")
    else:
        assert "Claimed $20.00" in page


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", 'a"; filename="b.html', "receipt.html", "\u202egnp.exe", "x" * 250]
)
def test_the_name_of_a_file_means_nothing(console: Console, name: str) -> None:
    """It is kept nowhere and comes back nowhere."""
    ana = console.of("ana")
    assert "Claimed $20.00" in sends(ana, "claim", GOOD["png"], name, **FILLED)
    answer = ana.get("/files/receipt-1-1.png", params={"q": "receipts 1"})
    assert (answer.content, answer.headers["content-type"]) == (GOOD["png"], "image/png")
    assert answer.headers["content-disposition"] == 'attachment; filename="receipt-1-1.png"'


def test_more_than_a_receipt_may_have_is_not_read(console: Console) -> None:
    """Nor a form of another kind, nor many files."""
    ana, own = console.of("ana"), {"Sec-Fetch-Site": "same-origin"}
    large = {"receipt": ("a.pdf", b"x" * 7 * 1024 * 1024)}
    assert ana.client.post("/say", data=FILLED, files=large, headers=own).status_code == 413
    many = [("receipt", (f"{number}.pdf", pdf())) for number in range(9)]
    assert ana.client.post("/say", data=FILLED, files=many, headers=own).status_code == 400
    broken = {**own, "Content-Type": "multipart/form-data"}
    assert ana.client.post("/say", content=b"x", headers=broken).status_code == 400
    assert ana.client.post("/say", data=FILLED, files={"receipt": ("a.pdf", pdf())}).status_code == 403
    assert console.company.say("ana", "claims").startswith("tools: $1,000.00 of $1,000.00 left this year")


def test_without_claims_there_are_no_pages_of_them(database: Database, clock: Clock) -> None:
    """As if they did not exist."""
    fay = begun(database, clock, claims={}).of("fay")
    assert [fay.get(path).status_code for path in ("/claims", "/payroll", "/claim/1")] == [404, 404, 404]
    assert "/claims" not in fay.get("/").text


def test_the_company_of_the_seed(console: Console) -> None:
    """$1,000 a year for each person, for tools of their own choice (ByteDance)."""
    company = console.company
    for month, amount in (("September", 400), ("October", 500)):
        company.say("ana", f"claim {amount} USD cursor {month}: pairing")
    company.say("max", "approve 1")
    company.say("max", "approve 2")
    assert "$100.00 of $1,000.00 left this year" in console.of("ana").reads("/claims")
    assert "$100.00 is left of the $1,000.00 a year" in company.say("ana", "claim 200 USD claude: x")
    assert "$900.00 to pay back" in console.of("fay").reads("/payroll").replace("\n", "")
    assert "$1,000.00 of $1,000.00 left this year" in console.of("bob").reads("/claims")
