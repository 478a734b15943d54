"""The digest: a week in five seconds, for a channel, for an owner, for oneself."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.errors import UnreachableError
from bot.platforms import terminal
from handlers.card import Card, Chart, Table
from handlers.events import DetectWaste
from handlers.place import Place
from handlers.sentence import Sentence
from storage import findings, pulls
from storage.db import Database
from storage.directory import Person
from storage.findings import Found, Said
from storage.pulls import Pull
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.fakes.board import Board
from tests.support.history import on_working_days, read_all, uses

CHANNEL = Place("web", "#ai-spend", public=True)
CROWD = tuple(Person(f"{team[0]}{n}", f"P {n}", team=team) for n in range(5) for team in ("search", "ads"))
LINE = {"at": "0 9 * * mon", "say": "digest of team search", "in": "web:#ai-spend"}


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """Ten weeks of the same, and a last week with twice as much on one model; it is Monday, half past nine."""
    return founded(database, clock, ACME.people)


def founded(database: Database, clock: Clock, people: tuple[Person, ...]) -> Company:
    """The same with people who may stand elsewhere."""
    clock.moment = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    directory = replace(ACME, people=(*people, *CROWD))
    made = Company(database, clock, {**RULES, "schedule": [LINE]}, directory)
    uses(made, "ana", on_working_days("20"))
    uses(made, "max", lambda day: "10" if day >= date(2026, 11, 16) else "0", "claude-opus-4-5")
    uses(made, "bob", on_working_days("10"))
    uses(made, "bob", lambda _: "0", "claude-opus-4-5")
    return read_all(made)


def of_clock(company: Company, words: str) -> Card:
    """What the clock would show in the channel."""
    return company.app.hear(Sentence(words, "clock", CHANNEL))


def posted(company: Company) -> list[Card]:
    """What stands in the channel after a tick."""
    company.app.tick()
    company.settle()
    return [card for _, _, card in company.app.messages(CHANNEL)]


def facts(card: Card) -> dict[str, str]:
    """The facts of a card by name."""
    return {name: value for block in card.blocks if block.kind == "facts" for name, value in block.facts}


def test_the_channel_gets_the_week_and_its_details_below(company: Company) -> None:
    """One message with number, reason, outlook and picture, and one below it with the details; once."""
    top, details = posted(company)

    assert top.title == "Search: $160.00 spent last week, 60 % more than the week before"
    assert (
        facts(top)["Biggest change"]
        == "claude-opus-4-5 +$60.00 compared with the weeks before, first used on 16 November"
    )
    assert facts(top)["Month-end estimate"].startswith("$")
    assert facts(top)["Models"] == "standard 63\N{NO-BREAK SPACE}%, flagship 38\N{NO-BREAK SPACE}%"
    assert [block for block in top.blocks if isinstance(block, Chart)]
    assert not top.personal
    assert details.title == "Search: $160.00 spent last week, 60 % more than the week before: details"
    assert "What changed most" in [block.caption for block in details.blocks if isinstance(block, Table)]
    assert len(posted(company)) == 2


def test_the_chart_is_of_weeks_and_says_its_finding(company: Company) -> None:
    """Eight weeks, a series for each tier, and words for those who do not see it."""
    (chart,) = (block for block in of_clock(company, "digest of team search").blocks if isinstance(block, Chart))

    assert chart.categories[-1] == "16 Nov"
    assert {each.name: each.values[-1] for each in chart.series} == {"standard": 100.0, "flagship": 60.0}
    assert chart.alt == "$160.00 in the week from 16 November; the 7 weeks before had $100.00 on average."


def test_who_asks_gets_all_of_it_in_one_answer(company: Company) -> None:
    """An answer has no thread."""
    shown = company.hear("max", "digest")

    assert shown.title == "Search: $160.00 spent last week, 60 % more than the week before"
    assert shown.personal
    assert shown.thread == ()
    assert "What changed most" in [block.caption for block in shown.blocks if isinstance(block, Table)]
    assert company.hear("fay", "digest").title == "Acme: $210.00 spent last week, 40 % more than the week before"
    assert company.hear("bob", "digest").title == "$50.00 spent last week, like the week before"


def test_a_preview_shows_what_a_channel_would_see(company: Company) -> None:
    """And whether it would see anything, to those who may see the figures."""
    assert "This is what a channel sees" in company.say("max", "digest preview")
    assert "You can't see figures" in company.say("bob", "digest preview of team search")
    company.directory = ACME
    company.app.refresh_people()
    assert "fewer than five people" in company.say("max", "digest preview")


def test_a_week_in_which_nothing_happened_is_not_told(company: Company) -> None:
    """The channel stays silent, and a preview says why; whoever asks is answered all the same."""
    company.llm.rows = []
    company.clock.forward(timedelta(days=21))
    company.pull()

    assert posted(company) == []
    assert "because nothing happened" in company.say("max", "digest preview")
    assert company.say("max", "digest").startswith("Search: $0.00")


def test_a_week_in_which_the_provider_was_down_is_not_a_cheap_week(company: Company) -> None:
    """It was last read on the 18th: no comparison, no zero, and the provider by its name, first of all."""
    read = Pull("llm", company.clock(), company.clock(), date(2026, 11, 18), 1, 0, "down")
    company.database.transact(lambda conn: pulls.note_pull(conn, read))
    top, _ = posted(company)

    assert top.title == "Search: $160.00 reported for last week so far, and figures are missing"
    assert top.blocks[0].text == "llm was last read on 18 November, so later usage is missing here."  # type: ignore[union-attr]
    assert top.tone == "warn"
    assert "Biggest change" not in facts(top)


def test_a_provider_that_was_never_read_is_named(company: Company) -> None:
    """Beside another that was. One that app.yaml names no more is waited for no more."""
    never = Pull("other", company.clock(), None, None, 0, 0, "no key")
    company.database.transact(lambda conn: pulls.note_pull(conn, never))
    assert "other has never been read" not in company.say("max", "digest")

    policy = company.app.policy
    other = policy.vendors[0].model_copy(update={"name": "other"})
    company.app.policy = policy.model_copy(update={"vendors": (*policy.vendors, other)})
    assert "other has never been read" in company.say("max", "digest")


def test_requests_that_wait_are_counted(company: Company) -> None:
    """How many, and how much; not whose."""
    company.hear("ana", "request 30 for the demo")
    company.hear("ana", "request 20 for the other demo")

    assert facts(of_clock(company, "digest of team search"))["Waiting for a decision"] == "2 requests for $50.00"


def test_what_is_nobodys_is_told_of_everybody_only(company: Company) -> None:
    """A share of the company's week."""
    company.llm.spends("ghost", "42.00", date(2026, 11, 18))
    read_all(company)

    assert facts(of_clock(company, "digest of organization"))["Unallocated"] == "$42.00 (17 %)"
    assert "Unallocated" not in facts(of_clock(company, "digest of team search"))


def by_team(company: Company) -> list[list[str]]:
    """The teams that a channel is shown, once for each table of them."""
    thread = of_clock(company, "digest of team engineering").thread
    tables = [block for block in thread if block.kind == "table" and block.caption == "By team"]
    return [[row[0] for row in table.rows] for table in tables]


def test_a_channel_sees_teams_of_five_people_or_more(database: Database, clock: Clock) -> None:
    """Search and Ads are large enough. A team of two is not shown, nor what is left of the whole without it."""
    people = tuple(replace(each, team="search") if each.id == "kim" else each for each in ACME.people)
    company = founded(database, clock, people)
    assert by_team(company) == [["Ads", "Search"]]

    few = tuple(each for each in company.directory.people if each.id not in "a0a1a2a3")
    company.directory = replace(ACME, people=few)
    company.app.refresh_people()
    assert by_team(company) == []


def test_a_channel_sees_no_teams_that_leave_one_person_of_the_whole(company: Company) -> None:
    """Nor does it on days on which they did: Kim was alone above them until today."""
    assert by_team(company) == []
    people = (replace(each, team="search") if each.id == "kim" else each for each in company.directory.people)
    company.directory = replace(company.directory, people=tuple(people))
    company.app.refresh_people()
    assert by_team(company) == []


def test_details_wait_for_the_message_above_them(company: Company) -> None:
    """The platform is down for a moment: both come, in their order, the details below the message."""
    board = Board(trouble=UnreachableError("down"))
    company.app.platforms = {"web": board}
    company.app.tick()
    company.settle()
    board.trouble = None
    for _ in range(4):
        company.clock.forward(timedelta(minutes=1))
        company.settle()

    assert [(place.thread, card.title.endswith("details")) for place, card in board.messages.values()] == [
        ("", False),
        ("1", True),
    ]


def test_whoever_wants_it_gets_a_private_note_of_the_week(company: Company) -> None:
    """Once, on Monday in working hours, and not to those who do not want it."""
    assert company.say("ana", "settings").startswith("Your weekly summary is off")
    company.say("ana", "settings weekly on")
    company.say("bob", "settings weekly on")
    assert company.say("bob", "settings weekly off").startswith("Your weekly summary is off")
    for _ in range(10):
        company.app.tick()
        company.settle()
        company.clock.forward(timedelta(hours=3))

    assert [card.title for card in company.messages("ana")] == ["$100.00 spent last week, like the week before"]
    assert company.messages("bob") == []


def test_what_looks_like_waste_is_a_total_in_the_thread(company: Company) -> None:
    """Ana caches nothing, calls of Max fail; the channel hears how much, and not who."""
    uses(company, "ana", lambda _: "30", "claude-opus-4-5", lambda _: 2_000_000)
    read_all(company)
    company.happens(DetectWaste())
    failed = Found("person/max", "", Said("Calls fail"), (), Said("Wait."), 90 * 10**9, (10**10, 2 * 10**10), "medium")
    failed = replace(failed, detector="failed_calls")
    company.database.transact(lambda conn: findings.keep(conn, [failed], company.clock().date()))
    shown = of_clock(company, "digest of team search")
    waste = {name: value for block in shown.thread if block.kind == "facts" for name, value in block.facts}

    assert re.fullmatch(r"\$10\.00 to \$[\d,]+\.\d\d a month", waste["Potential savings"])
    assert "Ana" not in terminal.render(shown.whole)
    assert [each.says for each in shown.whole.buttons][-1] == "waste of team search"
    assert re.fullmatch(r"up to \$\d+\.\d\d a month", waste["No caching"])
    assert waste["Failed calls"] == "$10.00 to $20.00 a month"


def test_what_acting_on_waste_saved_stands_above_once_it_is_measured(company: Company) -> None:
    """For a year: how much, on how many findings, and how many are yet to be measured; done is not saved yet."""
    uses(company, "ana", lambda _: "30", "claude-opus-4-5", lambda _: 2_000_000)
    uses(company, "max", lambda _: "30", "claude-opus-4-5", lambda _: 2_000_000)
    read_all(company)
    company.happens(DetectWaste())
    here = company.database.ask(lambda conn: findings.below(conn, "team/search"))
    numbers = [each.id for each in sorted(here, key=lambda each: each.found.account_id)]
    for person, number in zip(("ana", "max"), numbers, strict=True):
        company.say(person, f"done {number}")
    assert "Saved" not in facts(of_clock(company, "digest of team search"))

    measured = {"checked_days": 14, "realised_nanos": 107 * 10**9}
    company.database.transact(lambda conn: findings.note(conn, numbers[0], **measured))
    said = facts(of_clock(company, "digest of team search"))
    assert said["Saved"] == "$107.00 a month, measured on 1 finding"
    assert said["Not measured yet"] == "1 finding"

    long_ago = company.clock().date() - timedelta(days=365)
    company.database.transact(lambda conn: findings.note(conn, numbers[0], done_on=long_ago))
    assert "Saved" not in facts(of_clock(company, "digest of team search"))


def test_a_channel_reads_its_own_language_and_dates(company: Company) -> None:
    """app.yaml may say another locale of a channel than of the organization; people keep their own."""
    organization = company.app.policy.organization.model_copy(update={"channels": {"web:#ai-spend": "de_DE"}})
    company.app.policy = company.app.policy.model_copy(update={"organization": organization})
    (chart,) = (block for block in of_clock(company, "digest of team search").blocks if isinstance(block, Chart))

    assert chart.locale == "de_DE"
    assert chart.categories[-1] == "16. Nov."
    assert "160,00" in of_clock(company, "digest of team search").title
    assert company.hear("max", "digest of team search").title.startswith("Search: $160.00")


def test_a_week_that_figures_do_not_reach_back_to_says_so(database: Database, clock: Clock) -> None:
    """Figures begin on Saturday, so the week before it is not nothing."""
    clock.moment = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    made = Company(database, clock)
    made.llm.rows = [each for each in made.llm.rows if each.subject == "ana"]

    assert "Figures begin on 21 November. Earlier days are not in the sum." in made.say("ana", "digest")
