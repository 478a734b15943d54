"""Claims: what people paid themselves, decided like a request and paid back out of a yearly budget of their own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.config import Settings
from bot.csv_files import text_of
from handlers.card import Card, Facts, File, Input
from handlers.events import CheckRequests
from storage import audit, claims
from storage.db import Database
from tests.support.at_once import at_once
from tests.support.clock import Clock
from tests.support.company import ACME, PEOPLE, RULES, Company
from tests.support.databases import migrated

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CATEGORIES = [{"name": "tools", "amount": "100 USD"}, {"name": "courses", "amount": "500 USD"}]
AT_ONCE = [
    {"when": {"amount_up_to": "25 USD", "times_up_to": 2}, "stages": [{"by": "nobody"}]},
    {"stages": [{"by": "manager"}]},
]
CLAIM = "claim 20 USD cursor September: pair programming"


def begun(database: Database, clock: Clock, **rules: object) -> Company:
    clock.moment = MONDAY
    said = {"claims": {"categories": CATEGORIES}, "approvals": AT_ONCE, "rates": {"EUR": {"2026-01-01": "1.1"}}}
    return Company(database, clock, {**RULES, **said, **rules})


@pytest.fixture
def company(tmp_path: Path, clock: Clock) -> Iterator[Company]:
    """The small company, with a yearly budget for tools and one for courses."""
    database = migrated(tmp_path / "bursar.db")
    yield begun(database, clock)
    database.close()


@pytest.fixture
def on_both(database: Database, clock: Clock) -> Company:
    """The same on each kind of database in turn."""
    return begun(database, clock)


def facts(card: Card) -> dict[str, str]:
    return {name: value for block in card.blocks if isinstance(block, Facts) for name, value in block.facts}


def file(card: Card) -> str:
    return next(text_of(each) for each in (*card.blocks, *card.thread) if isinstance(each, File))


def test_a_claim_is_made_decided_and_paid_back(on_both: Company) -> None:
    """The manager decides it, also where the policy approves as little at once; finance notes that it is paid."""
    made = on_both.hear("ana", CLAIM)
    assert made.title == "Claimed $20.00 for cursor"
    assert facts(made)["Goes to"] == "Max Weber (your manager)"
    assert facts(made)["Bought for"] == "September 2026"
    assert on_both.reads("max")[0].startswith("Ana Silva claims $20.00 for cursor")

    assert on_both.hear("max", "approve 1").title == "Approved: $20.00 for Ana Silva"
    assert "Max Weber approved your claim for $20.00" in on_both.reads("ana")[0]
    assert facts(on_both.hear("ana", "claims"))["tools"] == "$80.00 of $100.00 left this year"
    assert on_both.hear("ana", "balance").title == "$153.24 left of $400.00"  # no budget grows by it

    assert on_both.hear("fay", "payroll").title == "$20.00 to pay back"
    assert on_both.hear("fay", "paid 1").title == "1 claim is noted as paid back"
    assert on_both.reads("ana")[-1].startswith("$20.00 for cursor is paid back")
    assert on_both.hear("fay", "payroll").title == "Nothing to pay back"
    assert on_both.say("fay", "paid 1").startswith("! Claim #1 is already paid back. Nothing was noted.")
    assert "paid back" in on_both.say("ana", "claims")


def test_a_year_has_its_own_budget_for_each_person_and_category(company: Company) -> None:
    """What was approved is gone, what waits is only said, and no approval goes beyond what is left."""
    company.say("ana", "claim 70 USD cursor October: x")
    company.say("ana", "claim 60 USD raycast October: x")
    assert "Left in the year        $100.00 of $100.00" in company.reads("max")[1]
    assert "Other claims that wait  $70.00" in company.reads("max")[1]
    company.say("max", "approve 1")
    assert "Approve at most that, such as: approve 2 30" in company.say("max", "approve 2")
    assert company.hear("max", "approve 2 30").title == "Approved: $30.00 for Ana Silva"
    assert company.say("ana", "claim 1 USD cursor: x").startswith(
        "! Nothing is left of the $100.00 a year for “tools”."
    )
    assert company.hear("ana", "claim 200 USD cursor in courses: x").title == "Claimed $200.00 for cursor"
    assert company.hear("bob", "claim 100 USD cursor: x").title == "Claimed $100.00 for cursor"
    assert company.say("bob", "claim 101 USD cursor October: x").startswith("! $100.00 is left of the $100.00 a year")


def test_it_counts_for_the_year_in_which_it_was_bought(company: Company) -> None:
    """Also if it is approved in the next one."""
    company.say("ana", "claim 90 USD cursor: x")
    company.clock.moment = datetime(2027, 1, 5, 12, 0, tzinfo=UTC)
    assert company.hear("ana", "claim 90 USD raycast: y").title == "Claimed $90.00 for raycast"
    assert company.hear("max", "approve 1").title == "Approved: $90.00 for Ana Silva"
    assert company.hear("max", "approve 2").title == "Approved: $90.00 for Ana Silva"
    assert "Claim at most that" in company.say("ana", "claim 20 USD notion December: z")


def test_the_same_claim_is_asked_about_before_it_is_sent(company: Company) -> None:
    """Tool, month and amount; another month is a subscription, and other people's claims are nobody's business."""
    company.say("ana", CLAIM)
    twice = company.hear("ana", "claim 20 USD Cursor september: pairing")
    assert twice.title == "Did you claim this already?"
    assert "Possible duplicate" not in "".join(company.reads("max"))
    assert company.hear("bob", CLAIM).title == "Claimed $20.00 for cursor"
    assert company.hear("ana", "claim 20 USD cursor October: pairing").title == "Claimed $20.00 for cursor"

    sent = company.hear("ana", twice.buttons[-1].says)
    assert sent.title == "Claimed $20.00 for Cursor"
    assert facts(sent)["Reason"] == "pairing"
    assert "Possible duplicate      #1 ($20.00)" in company.reads("max")[-1]


def test_another_currency_counts_at_the_rate_of_the_day(company: Company) -> None:
    """To the cent; without a rate somebody has to add one."""
    made = company.hear("ana", "claim 19.99 EUR Claude Max on 3 Nov in courses: the exam")
    assert made.title == "Claimed $21.99 for Claude Max"
    assert facts(made)["Paid"] == "€19.99, at the rate of 3 November"
    assert company.say("ana", "claim 20 GBP cursor: x").startswith(
        "! There is no exchange rate of GBP for 23 November."
    )


@pytest.mark.parametrize(
    ("said", "tool", "month", "reason"),
    [
        ("claim 20 USD for Cursor Pro on 3 Nov: pairing", "Cursor Pro", "November 2026", "pairing"),
        ("claim 20 USD cursor finish the migration", "cursor", "November 2026", "finish the migration"),
        ("claim 20 USD cursor: march release", "cursor", "November 2026", "march release"),
        ("claim 20 USD ChatGPT Plus in September in courses: exam", "ChatGPT Plus", "September 2026", "exam"),
        ("claim $20 cursor in tools for october the review", "cursor", "October 2026", "the review"),
        ("报销 20 USD cursor 九月: 结对编程", "cursor", "September 2026", "结对编程"),
    ],
)
def test_it_is_said_as_people_say_it(company: Company, said: str, tool: str, month: str, reason: str) -> None:
    """What was bought, when and what for, in any of their orders."""
    told = facts(company.hear("ana", said))
    assert (told["Tool"], told["Bought for"], told["Reason"]) == (tool, month, reason)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("claim 5M tokens cursor: x", "Say how much money you paid"),
        ("claim 20 USD cursor January: x", "January 2026 is too long ago: you can claim what you bought in the last 6"),
        ("claim 20 USD cursor last 60 days: x", "Claim each month by itself"),
        ("claim 250 cents cursor: x", "Say the amount as the receipt has it, such as: claim 2.50 USD"),
        ("claim 20 USD a b c d e f: g", "I don't understand “b c d e f:”"),
        ("claim 0 USD cursor: x", "An amount must be above zero."),
        ("claim 0.001 USD cursor: x", "An amount must be a multiple of $0.01."),
        ("claim -5 USD cursor: x", "An amount must be above zero."),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_right(company: Company, said: str, answer: str) -> None:
    """In one sentence; nothing is sent."""
    assert answer in company.say("ana", said)
    assert company.reads("max") == []


def test_a_claim_without_a_reason_is_a_form_that_knows_the_rest(company: Company) -> None:
    """Only what it is for is left to say; what could never be claimed is said at once."""
    card = company.hear("ana", "claim 20 USD for cursor in october")
    filled = {block.name: block.value for block in card.blocks if isinstance(block, Input)}
    assert (filled["amount"], filled["tool"], filled["day"]) == ("20 USD", "cursor", "2026-10-31")
    assert "claimed nothing" in company.say("ana", "claims")
    assert "too long ago" in company.say("ana", "claim 20 USD cursor 2025-01")


def test_a_form_asks_for_all_of_it(company: Company) -> None:
    """With the categories that somebody has."""
    form = company.hear("ana", "claim")
    assert [each.name for each in form.inputs] == ["amount", "tool", "day", "category", "reason", "receipt"]
    sent = {"amount": "20 USD", "tool": "Claude Max", "day": "2026-09-14", "category": "courses", "reason": "exam"}
    made = facts(company.hear("ana", "claim", **sent))
    assert (made["Tool"], made["Budget"], made["Bought for"]) == ("Claude Max", "courses", "September 2026")
    assert "Name the tool in at most 4 words" in company.say("ana", "claim", **{**sent, "tool": "a b c d e"})
    assert "You can't claim for “bar”" in company.say("ana", "claim", **{**sent, "category": "bar"})


def test_who_has_no_such_budget_cannot_claim(company: Company) -> None:
    """A category may be for a team; without any, claims are off and not offered."""
    rules = {"categories": [{"name": "tools", "who": "every person of team ads", "amount": "50 USD"}]}
    made = begun(company.database, company.clock, claims=rules)
    assert made.say("ana", CLAIM).startswith("! There is no budget for claims that you could use.")
    assert made.hear("bob", CLAIM).title == "Claimed $20.00 for cursor"
    assert "claim 20" in made.say("bob", "help")
    off = begun(company.database, company.clock, claims={})
    assert "claim 20" not in off.say("bob", "help")


def test_a_tool_that_the_company_pays_already_is_said(company: Company) -> None:
    """To whoever claims it and to whoever decides."""
    assert "Your company already provides The sample company (llm)." in company.say("ana", "claim 20 USD llm: x")
    assert "Already provided  The company already provides" in company.reads("max")[0]
    assert "provides" not in company.say("ana", "claim 20 USD Notion AI November: x")


def test_nobody_sees_or_decides_what_is_not_theirs(company: Company) -> None:
    """Not their own, not as finance, not a colleague's; the list of all is for finance and admins."""
    company.say("ana", CLAIM)
    for person in ("ana", "bob", "fay"):
        assert company.say(person, "approve 1").startswith("! There is no request with that number for you to decide.")
    for words in ("claims all", "claims unpaid", "payroll", "payroll as csv", "claims all as csv"):
        assert company.say("bob", words).startswith("! Only finance and admins see")
    assert "cursor" not in company.say("bob", "claims")
    assert company.say("ada", "paid 1").startswith("! Only finance notes what is paid back.")
    assert company.say("fay", "paid 1").startswith("! Claim #1 is not approved. Nothing was noted.")
    assert company.say("bob", "history 1").startswith("! You can't see a request with that number")


def test_the_file_for_payroll_computes_nothing(company: Company) -> None:
    """Whatever somebody wrote as the tool or the reason is text in a spreadsheet, and a number stays as it was."""
    company.directory = replace(
        ACME, people=tuple(replace(each, number="hr/00042") if each.id == "ana" else each for each in PEOPLE)
    )
    company.app.refresh_people()
    company.say("ana", "claim 19.99 EUR =HYPERLINK(1) September: =1+1")
    company.say("max", "approve 1")
    head, row, *_ = file(company.hear("fay", "payroll as csv")).lstrip("\ufeff").splitlines()
    assert head.startswith("claim,employee_number,person,name,email,tool,month,category,paid_amount,paid_currency,rate")
    assert row.startswith("1,00042,ana,Ana Silva,ana@acme.example,'=HYPERLINK(1),2026-09,tools,19.99,EUR,1.1,")
    assert ",21.99,USD,approved,2026-11-23,max,,'=1+1" in row


def test_an_approval_can_be_taken_back_until_it_is_paid(company: Company) -> None:
    """By who approved it, who claimed it, and finance; then it is no part of the year."""
    company.say("ana", CLAIM)
    company.say("max", "approve 1")
    assert company.hear("max", "revoke 1 not for work").title == "Claim #1 will not be paid back"
    assert company.reads("ana")[-1].startswith("! Max Weber took back the approval of your claim for $20.00")
    assert facts(company.hear("ana", "claims"))["tools"] == "$100.00 of $100.00 left this year"
    company.say("ana", CLAIM)
    company.say("max", "approve 2")
    company.say("fay", "paid 2")
    assert company.say("max", "revoke 2 x").startswith("! Claim #2 is already paid back.")
    assert company.say("ana", "revoke 2").startswith("! Claim #2 is already paid back.")


def test_a_claim_outlives_its_month_and_ends_with_its_claimant(company: Company) -> None:
    """It is for money that was spent; whoever has left is asked nothing any more."""
    company.say("ana", CLAIM)
    company.clock.forward(timedelta(days=9))
    company.happens(CheckRequests())
    company.settle()
    assert company.hear("max", "home").title == "1 request waits for you"
    company.directory = replace(ACME, people=tuple(each for each in PEOPLE if each.id != "ana"))
    company.app.refresh_people()
    company.settle()
    assert company.say("max", "approve 1").startswith("! Request #1 has expired: Ana Silva has left.")


def test_two_who_act_at_once_change_nothing_twice(on_both: Company) -> None:
    """The same claim twice, two approvals for what one of them uses up, and two payments."""
    said = at_once(*[lambda: on_both.hear("ana", "claim 60 USD cursor: x").title] * 2)
    assert sorted(said) == ["Claimed $60.00 for cursor", "Did you claim this already?"]
    on_both.say("ana", "claim 60 USD raycast: x")
    at_once(lambda: on_both.say("max", "approve 1"), lambda: on_both.say("max", "approve 2"))
    approved = on_both.database.ask(claims.unpaid)
    assert [each.request.resolved_amount for each in approved] == [60 * 10**9]
    number = approved[0].request.id
    paid = at_once(*[lambda: on_both.say("fay", f"paid {number}")] * 2)
    assert sum(each.startswith("1 claim is noted") for each in paid) == 1
    rows = on_both.database.ask(lambda conn: list(audit.rows(conn, f"request/{number}")))
    deeds = [each.deed.what for each in rows]
    assert deeds == ["asked", "approved", "paid"]


def test_who_is_erased_leaves_the_sums_and_no_words(company: Company) -> None:
    """What is to be paid is said first; tool and amount stay, under the pseudonym."""
    company.say("ana", CLAIM)
    company.say("max", "approve 1")
    company.directory = replace(ACME, people=tuple(each for each in PEOPLE if each.id != "ana"))
    company.app.refresh_people()
    assert "Pay back #1, and say: paid 1" in company.say("ada", "erase ana")
    company.say("fay", "paid 1")
    company.say("ada", "erase ana confirm")
    text = company.say("fay", "claims all")
    assert "$20.00" in text
    assert "Ana" not in text
    assert "pair programming" not in file(company.hear("fay", "claims all as csv"))


@pytest.mark.parametrize(
    ("category", "why"),
    [
        ({"name": "per-person", "amount": "5 USD"}, "is a budget already"),
        ({"name": "tools", "amount": "5 EUR"}, "is not the organization's currency"),
        ({"name": "tools", "amount": "5M tokens"}, "is not the organization's currency"),
        ({"name": "tools", "amount": "5 USD", "who": "team search"}, "are no people"),
        ({"name": "tools", "amount": "5 USD", "who": "every agent"}, "are no people"),
    ],
)
def test_a_category_fits_with_the_rest_of_app_yaml(category: dict[str, str], why: str) -> None:
    """It is refused with what would be right."""
    with pytest.raises(ValidationError, match=why):
        Settings.model_validate({**RULES, "claims": {"categories": [category]}})
