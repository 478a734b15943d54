"""Contracts: how far they are drawn, when notice is due, and what a renewal costs at another price."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection

from bot.config import Settings
from handlers.card import Card, File, Table
from handlers.events import CheckContracts
from storage import findings, people, seats
from storage.db import Database
from storage.directory import Link
from storage.findings import Found, Said
from storage.seats import Seat
from storage.tables import ORGANIZATION
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.history import read_all, uses

CONTRACT = {
    "name": "llm-2026",
    "provider": "llm",
    "owner": "kim",
    "starts": date(2026, 9, 14),
    "ends": date(2027, 3, 14),
    "commitment": "3000 USD",
    "renews_months": 12,
}


def ten(_day: date) -> str:
    """What each of them spends a day."""
    return "10.00"


def with_contract(database: Database, clock: Clock, dollars: Callable[[date], str] = ten, **said: object) -> Company:
    """Ana and Bob spend ten dollars a day each, from 14 September to 21 November: 69 days."""
    company = Company(database, clock, {**RULES, "contracts": [{**CONTRACT, **said}]})
    company.llm.rows = []
    uses(company, "ana", dollars)
    uses(company, "bob", dollars, model="claude-opus-4-5")
    return read_all(company)


def facts(card: Card) -> dict[str, str]:
    """What a card says, by name."""
    return {name: value for block in card.blocks if block.kind == "facts" for name, value in block.facts}


def test_it_says_when_a_commitment_is_used_up(database: Database, clock: Clock) -> None:
    """Of 3,000 dollars 1,380 are drawn; 20 a day use up the rest in 81 days."""
    said = facts(with_contract(database, clock).hear("fay", "contracts"))

    assert said["Commitment"] == "$1,380 of $3,000 drawn (46 %)"
    assert said["At this pace"] == "used up on 11 February 2027; what is spent beyond it is extra"
    assert said["Notice"] == "until 14 December (22 days left)"


def test_what_is_used_up_on_the_very_last_day_lapses_not(acme: Company) -> None:
    """112 days more at 20 make 3,620 dollars: a commitment of 3,610 is used up within the last day."""
    for commitment in ("3610 USD", "3620 USD"):
        said = facts(with_contract(acme.database, acme.clock, commitment=commitment).hear("fay", "contracts"))
        assert said["At this pace"] == "used up on 13 March 2027; what is spent beyond it is extra"


def test_a_term_that_began_before_anything_was_known_says_so(acme: Company) -> None:
    """Figures begin on 14 September; what was drawn before is in none of them."""
    company = with_contract(acme.database, acme.clock, starts=date(2026, 3, 14))
    assert facts(company.hear("fay", "contracts"))["Not known"] == (
        "what was used before 14 September, when its figures begin"
    )
    assert "Not known" not in facts(with_contract(acme.database, acme.clock).hear("fay", "contracts"))
    company.llm.rows = []
    later = with_contract(acme.database, acme.clock, starts=date(2026, 12, 1))
    assert "Not known" not in facts(later.hear("fay", "contracts"))


def test_it_says_what_lapses_and_what_each_dollar_of_use_then_costs(acme: Company) -> None:
    """112 days more at 20 make 3,620 of 7,240 dollars: every dollar of use costs two."""
    said = facts(with_contract(acme.database, acme.clock, commitment="7240 USD").hear("fay", "contracts"))

    assert said["At this pace"].startswith("$3,620 ($3,620 to $3,620) lapse at its end")
    assert said["At this pace"].endswith("costs 200 % of its price")


def test_only_finance_admins_and_its_owner_see_a_contract(acme: Company) -> None:
    """Others get the answer of one that does not exist."""
    company = with_contract(acme.database, acme.clock)

    for person in ("fay", "ada", "kim"):
        assert company.say(person, "contracts").startswith("1 contract")
    assert company.say("max", "contracts").startswith("! Only finance, admins and whoever owns a contract see it.")
    assert company.say("max", "renewal llm-2026 +400 %").startswith("! There is no contract “llm-2026”")
    assert company.say("max", "renewal other +400 %").startswith("! There is no contract “other”")


def test_each_milestone_before_notice_is_told_once(acme: Company) -> None:
    """Notice is due by 14 December: on 22 November the mark of 30 days has passed, on 30 November that of 14."""
    company = with_contract(acme.database, acme.clock, commitment="3200 USD")

    for _ in range(3):
        company.happens(CheckContracts())
        company.settle()
    assert [card.title for card in company.messages("fay")] == ["llm-2026: 22 days left to give notice"]
    assert [card.title for card in company.messages("kim")] == ["llm-2026: 22 days left to give notice"]
    assert company.messages("max") == []

    company.clock.moment = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    company.happens(CheckContracts())
    company.settle()
    assert [card.title for card in company.messages("fay")][1:] == ["llm-2026: 14 days left to give notice"]

    company.clock.moment = datetime(2026, 12, 20, 9, 0, tzinfo=UTC)
    company.happens(CheckContracts())
    company.settle()
    assert len(company.messages("fay")) == 2
    said = facts(company.hear("fay", "contracts"))
    assert said["Notice"] == "the last day was 14 December"
    assert said["Renewal"] == "by itself on 14 March 2027 for 12 months, unless notice was given by 14 December"


def test_it_says_what_happens_when_the_term_ends(acme: Company) -> None:
    """By itself, unless somebody gives notice; or nothing."""
    said = facts(with_contract(acme.database, acme.clock).hear("fay", "contracts"))
    assert said["Renewal"] == "by itself on 14 March 2027 for 12 months, unless notice is given by 14 December"

    said = facts(with_contract(acme.database, acme.clock, renews_months=0).hear("fay", "contracts"))
    assert said["Renewal"] == "none: it ends on 13 March 2027"
    assert said["Notice"] == "none is needed: it ends by itself"


def test_who_has_a_contract_that_ends_by_itself_is_told_in_time(acme: Company) -> None:
    """There is no notice to give, but something to agree on."""
    company = with_contract(acme.database, acme.clock, commitment="", renews_months=0)

    company.happens(CheckContracts())
    company.settle()

    assert [card.title for card in company.messages("kim")] == [
        "llm-2026: ends in 112 days and does not renew by itself"
    ]


def test_a_contract_that_renewed_goes_on_with_its_next_term(acme: Company) -> None:
    """Six months again from 14 November: the commitment is drawn anew, and the next notice is told of."""
    term = {"starts": date(2026, 5, 14), "ends": date(2026, 11, 14), "renews_months": 6}
    company = with_contract(acme.database, acme.clock, ten, **term)

    said = facts(company.hear("fay", "contracts"))

    assert said["Term"].startswith("14 November to 13 May 2027")
    assert said["Commitment"] == "$160 of $3,000 drawn (5 %)"
    assert said["Renewed"] == "by itself on 14 November; if notice was given, set renews_months to 0 in app.yaml"
    assert said["Renewal"] == "by itself on 14 May 2027 for 6 months, unless notice is given by 13 February 2027"
    company.happens(CheckContracts())
    company.settle()
    assert [card.title for card in company.messages("kim")] == ["llm-2026: 83 days left to give notice"]

    company.clock.moment = datetime(2028, 1, 10, 9, 0, tzinfo=UTC)
    assert facts(company.hear("fay", "contracts"))["Term"].startswith("14 November 2027 to 13 May")


def test_what_a_term_of_another_length_commits_to_is_not_guessed(acme: Company) -> None:
    """Six months became twelve."""
    term = {"starts": date(2026, 5, 14), "ends": date(2026, 11, 14), "renews_months": 12}

    said = facts(with_contract(acme.database, acme.clock, ten, **term).hear("fay", "contracts"))

    assert said["Commitment"].startswith("not known, for this term is not as long as the first")
    assert said["Spent"] == "$160"


@pytest.mark.parametrize(
    ("commitment", "outcome"), [("1500 USD", "$260 lapsed"), ("1000 USD", "all used, $240 beyond it")]
)
def test_a_contract_that_has_ended_says_what_became_of_it(acme: Company, commitment: str, outcome: str) -> None:
    """62 days at 20; no pace goes on."""
    term = {"starts": date(2026, 9, 14), "ends": date(2026, 11, 15), "renews_months": 0, "commitment": commitment}

    said = facts(with_contract(acme.database, acme.clock, ten, **term).hear("fay", "contracts"))

    assert said["At its end"] == outcome
    assert "At this pace" not in said
    assert said["Renewal"] == "none: it ended on 14 November; if there is a new one, write it into app.yaml"


@pytest.mark.parametrize(("offer", "times"), [("+400 %", "5"), ("5 times", "5"), ("at +20%", "1.2"), ("-10 %", "0.9")])
def test_a_change_is_said_both_ways(acme: Company, offer: str, times: str) -> None:
    """Four hundred percent more is five times."""
    company = with_contract(acme.database, acme.clock)

    assert facts(company.hear("fay", f"renewal llm-2026 {offer}"))["Offer"].endswith(f"{times} times the price")


def test_a_renewal_shows_what_it_costs_by_team_and_which_seats_to_let_go(acme: Company) -> None:
    """Twenty dollars a day are 7,300 a year, and two seats of 30 a month 720."""
    company = with_contract(acme.database, acme.clock)
    used = {"ana": date(2026, 11, 20), "bob": date(2026, 9, 1)}
    new = [Seat("llm", who, "assistant", 30 * 10**9, day, date(2026, 1, 1)) for who, day in used.items()]
    company.database.transact(lambda conn: seats.record(conn, "llm", new))

    card = company.hear("fay", "renewal llm-2026 +400 %")

    assert card.title == "llm-2026: $40,100 a year instead of $8,020"
    teams, persons, idle = (block for block in card.blocks if isinstance(block, Table))
    assert ("Search", "$300", "$1,500") in teams.rows
    assert ("Ana Silva", "$300", "$1,500") in persons.rows
    assert idle.rows == (("Bob Reyes", "assistant", "$150"),)
    assert facts(card)["Budgets of today buy"] == "20 % of what they buy now"


def test_the_owner_of_a_contract_sees_nobody_behind_it(acme: Company) -> None:
    """Neither a team of fewer than five nor whose seat is not used: who signed a contract is nobody's manager by it."""
    company = with_contract(acme.database, acme.clock, owner="lea")
    seat = Seat("llm", "ana", "assistant", 30 * 10**9, date(2026, 9, 1), date(2026, 1, 1))
    company.database.transact(lambda conn: seats.record(conn, "llm", [seat]))

    said = company.say("lea", "renewal llm-2026 +400 %")

    assert "a year instead of" in said
    assert "Search" not in said
    assert "Ana" not in said
    assert "1 seat was not used for 30 days. Finance sees whose it is." in said


@pytest.mark.parametrize("words", ["renewal llm-2026", "renewal llm-2026 more", "renewal llm-2026 400"])
def test_another_price_must_be_said_so_that_nobody_can_mistake_it(acme: Company, words: str) -> None:
    """A bare number is neither a percentage nor a factor."""
    company = with_contract(acme.database, acme.clock)

    assert company.say("fay", words).startswith("! Say another price such as: renewal cursor +400 %")


def test_too_little_is_known_of_a_new_provider(acme: Company) -> None:
    """A year is not guessed from two weeks."""
    company = Company(acme.database, acme.clock, {**RULES, "contracts": [CONTRACT]})

    assert company.say("fay", "renewal llm-2026 +20 %").startswith("! Less than four weeks of llm are known")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"provider": "lllm"}, "unknown provider"),
        ({"ends": date(2026, 9, 14)}, "ends must be after starts"),
        ({"commitment": "3000 EUR"}, "EUR"),
    ],
)
def test_a_contract_that_cannot_be_is_refused(said: dict[str, object], why: str) -> None:
    """When app.yaml is read."""
    with pytest.raises(ValueError, match=why):
        _ = Settings.model_validate({**RULES, "contracts": [{**CONTRACT, **said}]}).policy


def told(company: Company, person: str) -> list[str]:
    """What somebody is told when contracts are looked at, three times over."""
    for _ in range(3):
        company.happens(CheckContracts())
        company.settle()
    return [card.title for card in company.messages(person) if "notice" not in card.title]


def test_news_of_a_contract_with_a_long_name_are_told(database: Database, clock: Clock) -> None:
    """As long as app.yaml allows: what was told is noted by the name."""
    company = with_contract(database, clock, name="l" * 63)

    assert told(company, "fay") == ["l" * 63 + ": the commitment will be used up long before its end"]


def test_tokens_may_be_committed(acme: Company) -> None:
    """138,000 of them are drawn of 300,000; they are never called money."""
    said = facts(with_contract(acme.database, acme.clock, commitment="300000 tokens").hear("fay", "contracts"))

    assert said["Commitment"] == "138,000 tokens of 300,000 tokens drawn (46 %)"
    assert said["At this pace"].startswith("used up on 11 February 2027")


def test_what_is_used_beyond_a_commitment_has_a_price(acme: Company) -> None:
    """112 days more at 20 dollars make 3,620: 620 beyond 3,000, at 110 %."""
    company = with_contract(acme.database, acme.clock, overage_percent=110)

    assert facts(company.hear("fay", "contracts"))["At its end"] == "$682 ($682 to $682) beyond it"


def test_it_is_told_once_that_the_pace_uses_a_commitment_up_early(acme: Company) -> None:
    """31 days before the end; a year later, nobody is told again."""
    company = with_contract(acme.database, acme.clock)

    assert told(company, "fay") == ["llm-2026: the commitment will be used up long before its end"]
    assert told(company, "kim") == ["llm-2026: the commitment will be used up long before its end"]
    assert told(company, "max") == []


def test_it_is_told_once_that_part_of_a_commitment_will_lapse(acme: Company) -> None:
    """Half of 7,240 dollars."""
    company = with_contract(acme.database, acme.clock, commitment="7240 USD")

    assert told(company, "fay") == ["llm-2026: part of the commitment will lapse unused"]


@pytest.mark.parametrize(
    ("commitment", "title"),
    [
        ("1700 USD", "llm-2026: 75 % of the commitment is drawn"),
        ("1500 USD", "llm-2026: 90 % of the commitment is drawn"),
        ("1000 USD", "llm-2026: the commitment is used up"),
    ],
)
def test_marks_of_a_commitment_are_told(acme: Company, commitment: str, title: str) -> None:
    """The last one that was passed, once."""
    assert title in told(with_contract(acme.database, acme.clock, commitment=commitment), "fay")


def test_a_contract_that_has_just_begun_has_no_course(acme: Company) -> None:
    """Ten weeks of five years tell nothing yet."""
    company = with_contract(acme.database, acme.clock, ends=date(2031, 9, 14), commitment="90000 USD")

    assert told(company, "fay") == []


def test_seats_that_were_bought_stand_beside_those_that_are_used(acme: Company) -> None:
    """Of five two are given away and one is used: four cost 30 dollars a month each for nothing."""
    company = with_contract(acme.database, acme.clock, seats=5)
    used = {"ana": date(2026, 11, 20), "stranger": date(2026, 9, 1)}
    new = [Seat("llm", who, "assistant", 30 * 10**9, day, date(2026, 1, 1)) for who, day in used.items()]
    company.database.transact(lambda conn: seats.record(conn, "llm", new))

    said = facts(company.hear("fay", "contracts"))
    assert said["Seats"] == "5 bought, 2 given away, 1 used in the last 30 days"
    assert said["Not used"] == "4 seats, $120 a month"


def test_an_offer_stands_beside_what_the_contract_allows(acme: Company) -> None:
    """+400 % of 7,300 dollars, where five percent were agreed."""
    company = with_contract(acme.database, acme.clock, uplift_percent=5)

    card = company.hear("fay", "renewal llm-2026 +400 %")
    assert card.title == "llm-2026: $36,500 a year instead of $7,300"
    assert facts(card)["The contract allows"] == "5 % more at most: $7,665 a year"
    assert facts(company.hear("fay", "contracts"))["At renewal"] == "the price may rise by 5 % at most"


def dearer(**said: object) -> dict[str, object]:
    """A price of Bob's model that was announced for 1 December, ten days after the last known one."""
    return {"model": "claude-opus-*", "from": date(2026, 12, 1), **said}


@pytest.mark.parametrize(
    "how",
    [
        {"percent": 100},
        {"old": {"input": 5, "output": 25}, "new": {"input": 10, "output": 50}},
    ],
)
def test_an_announced_price_uses_up_a_commitment_earlier(acme: Company, how: dict[str, object]) -> None:
    """1,620 are left. Until 1 December 20 a day go, then 30: 1,440 in 48 days, on 18 January instead of 11 February."""
    said = facts(with_contract(acme.database, acme.clock, prices=[dearer(**how)]).hear("fay", "contracts"))

    assert said["At this pace"].startswith("used up on 18 January 2027;")
    assert said["Announced"] in (
        "100 % more for claude-opus-* from 1 December on",
        "claude-opus-* from 1 December on, a million tokens: input $5.00 → $10.00, output $25.00 → $50.00",
    )
    assert said["The new prices cost"] == "$1,030 more until its end"


def test_a_price_that_has_changed_already_is_in_the_pace(acme: Company) -> None:
    """Since 15 November everything costs twice as much: 1,480 are left and 40 a day go, whatever week one looks at."""
    risen = date(2026, 11, 15)
    company = with_contract(
        acme.database,
        acme.clock,
        lambda day: "20.00" if day >= risen else "10.00",
        prices=[{"percent": 100, "from": risen}],
    )
    said = facts(company.hear("fay", "contracts"))

    assert said["At this pace"].startswith("used up on 29 December;")
    assert said["Announced"] == "100 % more for all models from 15 November on"
    assert "The new prices cost" not in said


def test_what_may_be_used_beyond_a_commitment_is_said_though_it_is_not_likely(acme: Company) -> None:
    """At the pace of most weeks 3,620 are used, of 3,800; at that of the week before last twice as much a day."""
    busy = date(2026, 11, 8), date(2026, 11, 14)
    company = with_contract(
        acme.database,
        acme.clock,
        lambda day: "20.00" if busy[0] <= day <= busy[1] else "10.00",
        commitment="4700 USD",
    )

    assert facts(company.hear("fay", "contracts"))["At its end"] == "$0.00 ($0.00 to $1,300) beyond it"


def test_tokens_do_not_become_more_by_a_price(acme: Company) -> None:
    """A commitment in tokens is drawn by tokens."""
    said = facts(
        with_contract(acme.database, acme.clock, commitment="300000 tokens", prices=[dearer(percent=100)]).hear(
            "fay", "contracts"
        )
    )

    assert said["At this pace"].startswith("used up on 11 February 2027")


def test_kinds_of_tokens_that_change_unlike_count_as_they_are_used(acme: Company) -> None:
    """Bob's tokens are all input, whose price stays: that output doubles costs nothing."""
    change = dearer(old={"input": 5, "output": 25}, new={"input": 5, "output": 50})
    said = facts(with_contract(acme.database, acme.clock, prices=[change]).hear("fay", "contracts"))

    assert said["At this pace"].startswith("used up on 11 February 2027")
    assert said["The new prices cost"] == "$0.00 more until its end"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, "write percent, or both old and new"),
        ({"percent": 5, "old": {"input": 1}, "new": {"input": 2}}, "write percent, or both old and new"),
        ({"old": {"input": 1}}, "the same kinds of tokens"),
        ({"old": {"input": 1}, "new": {"output": 2}}, "the same kinds of tokens"),
        ({"old": {"image": 1}, "new": {"image": 2}}, "image"),
        ({"old": {"input": 0}, "new": {"input": 2}}, "cannot rise"),
        ({"percent": 5, "currency": "ABC"}, "unknown currency ABC"),
    ],
)
def test_a_price_that_nobody_can_reckon_with_is_refused(change: dict[str, object], why: str) -> None:
    """When app.yaml is read."""
    with pytest.raises(ValueError, match=why):
        _ = Settings.model_validate({**RULES, "contracts": [{**CONTRACT, "prices": [dearer(**change)]}]}).policy


def tables(card: Card) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The rows of all tables of a card, by caption."""
    return {block.caption: block.rows for block in card.blocks if isinstance(block, Table)}


def test_a_price_that_is_announced_comes_before_the_offer(acme: Company) -> None:
    """Bob's 3,650 a year become 7,300, and five times that; what comes after the next term begins is not in."""
    later = dearer(percent=900) | {"from": date(2027, 3, 15)}
    company = with_contract(acme.database, acme.clock, prices=[dearer(percent=100), later])

    card = company.hear("fay", "renewal llm-2026 +400 %")

    assert card.title == "llm-2026: $54,750 a year instead of $7,300"
    assert facts(card)["Announced prices"] == "$3,650 more a year, before the offer"
    assert facts(card)["Budgets of today buy"] == "13 % of what they buy now"
    persons = tables(card)["By person and agent"]
    assert ("Ana Silva", "$300", "$1,500") in persons
    assert ("Bob Reyes", "$300", "$3,000") in persons


def test_a_renewal_by_person_is_a_file_for_finance_alone(acme: Company) -> None:
    """Whoever owns the contract is nobody's manager by it."""
    company = with_contract(acme.database, acme.clock, owner="lea")

    card = company.hear("fay", "renewal llm-2026 +400 % as csv")
    (file,) = (block for block in card.blocks if isinstance(block, File))
    assert file.rows == (("person/ana", "Ana Silva", "300", "1500"), ("person/bob", "Bob Reyes", "300", "1500"))
    assert company.say("lea", "renewal llm-2026 +400 % as csv").startswith("! Only finance and admins can see this.")


def test_seats_that_can_go_are_those_that_the_detectors_found(acme: Company) -> None:
    """Nobody has one of three; Bob does not use his; Ana has two and keeps what she does not use."""
    company = with_contract(acme.database, acme.clock, seats=4)
    idle, busy = date(2026, 9, 1), date(2026, 11, 20)
    new = [
        Seat("llm", "bob", "assistant", 30 * 10**9, idle, date(2026, 1, 1)),
        Seat("llm", "ana", "assistant", 30 * 10**9, idle, date(2026, 1, 1)),
        Seat("llm", "max", "assistant", 30 * 10**9, busy, date(2026, 1, 1)),
    ]

    def record(conn: Connection) -> None:
        seats.record(conn, "llm", new)
        people.link(conn, Link("llm", "user", "max", "person/max"), "explicit")
        found = [
            Found(f"person/{who}", f"llm/{who}", Said("it"), (), Said("do"), 10**9, None, "high", detector=detector)
            for who, detector in (("ana", "idle_seat"), ("max", "doubled_seat"))
        ]
        findings.keep(conn, found, date(2026, 11, 22))
        (one,) = [each for each in findings.below(conn, ORGANIZATION) if each.found.account_id == "person/ana"]
        findings.note(conn, one.id, state="dismissed", reason="kept")

    company.database.transact(record)
    card = company.hear("fay", "renewal llm-2026 +400 %")

    assert "1 seat was bought and nobody has it: do not renew it." in company.say("fay", "renewal llm-2026 +400 %")
    assert tables(card)["Not used for 30 days: let these go first"] == (("Bob Reyes", "assistant", "$150"),)
    assert tables(card)["Look at these next"] == (
        ("Ana Silva", "assistant", "its owner keeps it", "$150"),
        ("Max Weber", "assistant", "has another seat, too", "$150"),
    )
    assert facts(card)["Today"].startswith("$7,300 usage and $1,440 seats a year")


def test_each_model_has_its_price_beside_that_of_the_list(acme: Company) -> None:
    """1,000 tokens for ten dollars; where half of the commitment lapses, each costs twice that."""
    company = with_contract(acme.database, acme.clock, commitment="7240 USD")

    rows = tables(company.hear("fay", "contracts llm-2026"))[
        "A million tokens as you use them, last four weeks; you pay for what lapses, too"
    ]

    assert [(row[0], *row[1:3]) for row in rows] == [
        ("claude-opus-4-5", "$5.00", "$20,000.00"),
        ("claude-sonnet-4-5", "$3.00", "$20,000.00"),
    ]
    assert company.say("fay", "contracts other").startswith("! There is no contract “other”")


@pytest.mark.parametrize("days", [120, 90, 60, 30, 14, 7])
def test_every_milestone_is_told_on_its_day(acme: Company, days: int) -> None:
    """Not the day before, and on a process that stood still a day later."""
    company = Company(acme.database, acme.clock, {**RULES, "contracts": [{**CONTRACT, "commitment": ""}]})
    start = company.clock()
    until = start.date() + timedelta(days=days)
    contract = {**CONTRACT, "commitment": "", "ends": until + timedelta(days=90), "starts": date(2026, 1, 1)}
    company = Company(acme.database, acme.clock, {**RULES, "contracts": [contract]})
    company.happens(CheckContracts())
    company.settle()
    (told_now,) = [card.title for card in company.messages("fay") if "notice" in card.title]
    assert told_now == f"llm-2026: {days} days left to give notice"
    company.happens(CheckContracts())
    company.settle()
    assert len(company.messages("fay")) == 1


def test_what_has_ended_stands_below_what_runs(acme: Company) -> None:
    """However long ago its last day for notice was."""
    ended = {**CONTRACT, "name": "ended", "starts": date(2026, 9, 1), "ends": date(2026, 10, 1), "renews_months": 0}
    company = Company(acme.database, acme.clock, {**RULES, "contracts": [ended, CONTRACT]})

    heads = [block.text for block in company.hear("fay", "contracts").blocks if block.kind == "heading"]

    assert heads == ["llm-2026", "ended"]


def test_a_commitment_in_another_currency_is_converted_once(acme: Company) -> None:
    """At the rate of the first day of its term; as it was agreed stands beside it."""
    rules = {**RULES, "rates": {"EUR": {"2026-01-01": 1.1, "2026-10-01": 2}}}
    company = Company(acme.database, acme.clock, {**rules, "contracts": [{**CONTRACT, "commitment": "3000 EUR"}]})
    said = facts(read_all(company).hear("fay", "contracts"))
    assert " of $3,300 drawn" in said["Commitment"]
    assert said["As agreed"] == "3000 EUR, at the rate of 14 September"
    with pytest.raises(ValueError, match="write a rate for 2026-09-14 under “rates”"):
        Settings.model_validate({**RULES, "contracts": [{**CONTRACT, "commitment": "3000 EUR"}]})


@pytest.mark.parametrize(
    ("words", "times"),
    [
        ("+7,5 %", "+7.5 %, that is 1.075 times"),
        ("20 % more", "+20 %, that is 1.2 times"),
        ("costs 25 % less", "-25 %, that is 0.75 times"),
        ("at 5 times", "+400 %, that is 5 times"),
    ],
)
def test_an_offer_is_understood_as_people_say_it(acme: Company, words: str, times: str) -> None:
    """But for a bare “20 %”, which may be of the price."""
    company = with_contract(acme.database, acme.clock)
    assert facts(company.hear("fay", f"renewal llm-2026 {words}"))["Offer"].startswith(times)
    assert company.say("fay", "renewal llm-2026 20 %").startswith("! Say another price")
