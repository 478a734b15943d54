"""Leadership sees the company in groups of five people and more, and nobody in them, whatever it asks."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from random import Random

import pytest

from bot.sync.usage import pull
from handlers import COMMANDS
from handlers.context import CHAT_PLATFORMS, CLOCK
from handlers.place import Place
from handlers.sentence import Sentence
from storage import findings, outcomes
from storage.audit import rows
from storage.db import Database
from storage.directory import Directory, Link, Person, Team
from storage.findings import Found, Said
from storage.outcomes import Outcome
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.fakes.provider import FakeProvider

SIZES = {"search": 6, "ads": 5, "ops": 2, "lab": 5}
"""Ops has two people; with the smallest of the others, Ads, there are seven of whom nothing is told."""
PERSONS = tuple(
    Person(f"{team}{n}", f"{team.title()} Person{n}", f"{team}{n}@acme.example", "", team)
    for team, size in SIZES.items()
    for n in range(size)
)
VIC = Person("vic", "Vic Viewer", "vic@acme.example", team="search", roles=("viewer",))
MONEY = re.compile(r"\$([\d,]+\.\d\d)")
SEEN_NOWHERE = tuple(each.name.split()[1] for each in PERSONS)


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """A company with a viewer, who is one of Search."""
    people = (*(each for each in PERSONS if each.id != "search0"), VIC)
    directory = Directory(
        people=people,
        teams=tuple(Team(team, team.title(), f"{team}1") for team in SIZES),
        links=tuple(Link("llm", "user", each.id, f"person/{each.id}") for each in people),
    )
    made = Company(database, clock, {**RULES, "budgets": RULES["budgets"]}, directory)
    for number, each in enumerate(people):
        made.llm.spends(each.id, f"{number + 1}.00", date(2026, 11, 20))
    made.pull()
    return made


def test_a_viewer_sees_the_company_and_its_teams(company: Company) -> None:
    """Their totals, and only of teams of five and more that leave none or five and more."""
    by_team = company.say("vic", "spend of organization by team")

    assert "Acme: $517.76 spent this month" in by_team
    assert "Search" in by_team
    assert "Lab" in by_team
    assert "Ops" not in by_team
    assert "Ads" not in by_team
    assert "Search: " in company.say("vic", "spend of team search")
    assert "expected by" in company.say("vic", "forecast of organization")


@pytest.mark.parametrize("team", ["ops", "ads", "nowhere"])
def test_a_small_team_is_as_if_it_were_not_there(team: str, company: Company) -> None:
    """Also one that would tell of a small one by what it leaves."""
    said = company.say("vic", f"spend of team {team}")

    assert f"You can't see figures for “{team}”, or it doesn't exist" in said


@pytest.mark.parametrize(
    "question",
    [
        "spend of organization by person",
        "spend of team search by person",
        "spend of organization by key",
        "spend of organization by agent",
        "spend of organization by skill",
        "spend of organization by person as csv",
        "spend of search1",
        "balance of search1",
        "why of search1",
        "why of organization",
        "waste of search1",
        "pool of team search",
        "people",
        "limits",
        "status",
        "link",
        "exceptions",
        "guard",
    ],
)
def test_nothing_names_a_person(question: str, company: Company) -> None:
    """Neither a name nor a sum of one person, whatever the question."""
    said = company.say("vic", question)

    assert [each for each in SEEN_NOWHERE if each in said] == []


def test_no_question_of_the_menu_names_a_person(company: Company) -> None:
    """The whole menu, about the organization and each team."""
    for one in COMMANDS.values():
        for whom in ("organization", "team search", "team ops", "search1"):
            if not one.writes and one.name != "help":
                said = company.say("vic", f"{one.name} of {whom}")
                assert [each for each in SEEN_NOWHERE if each in said] == [], (one.name, whom)


def test_a_viewer_still_has_their_own(company: Company) -> None:
    """What everybody has."""
    assert "spent this month" in company.say("vic", "spend")
    assert company.hear("vic", "balance").personal
    assert "web" in CHAT_PLATFORMS


def test_a_viewer_orders_nothing_of_others(company: Company) -> None:
    """Seeing is not doing."""
    for order in ("allot 300 to search1", "pause search1", "correct 20 of search1 refund", "close october"):
        assert company.hear("vic", order).tone == "warn", order
    assert company.database.ask(lambda conn: list(rows(conn))) == []


def test_what_was_one_persons_once_is_not_a_groups_today(company: Company) -> None:
    """A team that grew: of months in which fewer than five were behind it nothing is told, nor by what others leave."""
    newcomers = {f"lab{number}" for number in range(1, 5)}
    people = tuple(
        replace(each, joined=date(2026, 11, 10)) if each.id in newcomers else each for each in company.directory.people
    )
    assert "Lab: " in company.say("vic", "spend of team lab")
    company.directory = replace(company.directory, people=people)
    company.app.refresh_people()
    company.llm.spends("lab0", "77.00", date(2026, 10, 20))
    company.llm.spends("search1", "40.00", date(2026, 10, 20))
    company.pull()

    for span in ("last month", "this month"):
        assert "You can't see figures" in company.say("vic", f"spend of team lab {span}")
        assert "Lab" not in company.say("vic", f"spend of organization by team {span}")
    assert "77" not in company.say("vic", "spend of organization by team last month")


def test_of_those_who_left_only_their_own_time_counts(company: Company) -> None:
    """Four left after the 20th: of the one who stayed alone until others came no channel is told."""
    stayed = tuple(each for each in company.directory.people if each.id not in {"lab1", "lab2", "lab3", "lab4"})
    come = tuple(Person(f"new{n}", f"N New{n}", team="lab", joined=date(2026, 11, 22)) for n in range(4))
    company.directory = replace(company.directory, people=(*stayed, *come))
    company.app.refresh_people()

    def is_told(days: str) -> bool:
        place = Place("slack", "C1", public=True)
        return not company.app.carry_out(Sentence(f"spend of team lab {days}", CLOCK.id, place)).personal

    assert is_told("2026-11-20")
    assert is_told("2026-11-22")
    assert not is_told("2026-11-20..2026-11-21")


def month_over(company: Company) -> None:
    """Let November be over and read; then its parts are told."""
    company.clock.moment = datetime(2026, 12, 2, 12, tzinfo=UTC)
    company.pull()


def outsider_of(company: Company, *figures: tuple[str, str, str, str]) -> None:
    """Let people spend: whose, how much, with which model, and of which day."""
    for who, amount, model, day in figures:
        company.llm.spends(who, amount, date.fromisoformat(day), model)
    month_over(company)


def test_what_an_outcome_costs_is_told_by_the_month(company: Company) -> None:
    """Of a day on which one person spent, the cost of one and the number would tell what; so of any other stretch."""
    new = [Outcome("list", "team/lab", day, "pull_requests", 4) for day in (date(2026, 10, 10), date(2026, 11, 20))]
    company.database.transact(lambda conn: outcomes.record(conn, new))
    for words in ("2026-11-20", "2026-11-01..2026-11-19", "last week", "this week", "yesterday"):
        said = company.say("vic", f"value of team lab {words}")
        assert "You see whole months, such as: value of team lab 2026-" in said, words
        assert "$" not in said

    assert "October 2026" in company.say("vic", "value of team lab")
    assert "4 pull requests" in company.say("vic", "value of team lab 2026-10")
    assert "October 2026" in company.say("vic", "outcomes")
    assert "in the last four weeks" in company.say("lab1", "value of team lab")


def test_of_a_team_the_total_is_told_and_no_part(company: Company) -> None:
    """Five of Search and one of Lab use a model: what Search leaves of it would be the sixth one's."""
    six = [(f"search{n}", "3.00", "gpt-5.2", "2026-11-20") for n in range(1, 6)]
    outsider_of(company, *six, ("lab0", "91.37", "gpt-5.2", "2026-11-20"))

    whole = company.say("vic", "spend of organization by model")
    assert "gpt-5.2" in whole
    for by in ("model", "provider", "tier", "tokens", "day", "week"):
        said = company.say("vic", f"spend of team search by {by}")
        assert "Search: " in said
        assert "others" in said
        assert [word for word in ("gpt-5.2", "\n20 November", "input", "llm  $") if word in said] == [], said
    assert "Spent so far and expected" not in company.say("vic", "forecast of team search")
    assert "Too few people" in company.say("vic", "spend of team search on gpt-5.2")


def test_a_tier_and_its_models_tell_of_nobody(company: Company) -> None:
    """One uses Opus; with the smallest other model it is told. Its tier less the model beside it would be that one."""
    company.app.policy = company.app.policy.model_copy(update={"tiers": {"flagship": ("claude-opus-*", "gemini-*")}})
    outsider_of(
        company,
        ("search1", "91.37", "claude-opus-4-5", "2026-11-20"),
        *((f"lab{n}", "2.00", "gpt-5.2", "2026-11-20") for n in range(5)),
        *((f"ads{n}", "3.00", "gemini-3-pro", "2026-11-20") for n in range(5)),
        ("ops0", "3.00", "gemini-3-pro", "2026-11-20"),
    )
    assert "gemini-3-pro" in company.say("vic", "spend of organization by model")

    said = company.say("vic", "spend of organization by tier")

    assert "$18.00" in said
    assert "$109.37" not in said


def test_a_kind_of_tokens_that_one_person_uses_is_not_told(company: Company) -> None:
    """Nor by the hand of others: it is one of them with the next smallest."""
    company.llm.rows[-1] = replace(company.llm.rows[-1], tokens_output=77_777)
    month_over(company)

    said = company.say("vic", "spend of organization by tokens")

    assert "others" in said
    assert [word for word in ("output", "input", "77,777") if word in said] == []


def test_a_provider_and_its_models_tell_of_nobody(database: Database, clock: Clock) -> None:
    """One uses Opus there. Beside the model that is told, the provider's sum would be that one's."""
    people = tuple(each for each in PERSONS if not each.id.startswith("ops"))
    links = [Link(name, "user", each.id, f"person/{each.id}") for each in people for name in ("llm", "other")]
    directory = Directory(
        people=(*people, VIC), teams=tuple(Team(team, team.title()) for team in SIZES), links=(*links,)
    )
    rules: dict[str, object] = {**RULES, "providers": [{"kind": "sample", "name": each} for each in ("llm", "other")]}
    company = Company(database, clock, rules, directory)
    other = FakeProvider(name="other")
    company.llm.rows.clear()
    for each in people[:6]:
        company.llm.spends(each.id, "2.00", date(2026, 11, 20))
    company.llm.spends("search1", "91.37", date(2026, 11, 20), "claude-opus-4-5")
    for each in people[6:11]:
        other.spends(each.id, "3.00", date(2026, 11, 20), "gpt-5.2")
    month_over(company)
    pull(database, other, company.app.reading("other"), clock)
    assert "claude-sonnet-4-5" in company.say("vic", "spend of organization by model")

    said = company.say("vic", "spend of organization by provider")

    assert "$450.13" not in said
    assert "$465.13" in said


def test_a_kind_of_waste_that_one_person_has_is_not_told(company: Company) -> None:
    """Its figure would be theirs; what five people have in common is told, and so is what no person has."""
    found = Found(
        "person/search1", "", Said("Unused seat"), (), Said("Release it"), 39 * 10**9, (39 * 10**9, 39 * 10**9), "high"
    )
    one = replace(found, detector="unused_seat")
    day = company.clock().date()

    def seen(*those: Found) -> str:
        company.database.transact(lambda conn: findings.keep(conn, [*those], day))
        return company.say("vic", "waste of organization")

    assert "$39.00" not in seen(one)
    five = [replace(one, account_id=f"person/lab{n}") for n in range(5)]
    assert "$234.00" in seen(one, *five)


ASKED_AGAIN = (
    "spend of organization by team",
    "spend of organization by month this year",
    "spend of organization",
    "spend of team search",
)
ASKED_ON = (1, 7, 8, 15, 21, 22, 29, 30)
"""Days on which a step ends or begins, and the last ones of a month."""


def test_whoever_asks_again_and_again_sees_no_single_charge_come(company: Company) -> None:
    """One person a day spends, each day another amount: no two answers of two months differ by a day, or by a few."""
    company.llm.rows.clear()
    spent: dict[date, int] = {}
    seen: set[int] = set()
    amounts = Random(5)
    for number in range(38):
        day = date(2026, 11, 1) + timedelta(days=number)
        spent[day] = amounts.randrange(10**6, 10**8)
        who = f"{('search', 'lab')[number % 2]}{number % 4 + 1}"
        company.llm.spends(who, f"{spent[day] / 100:.2f}", day)
        company.clock.moment = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
        company.pull()
        for question in ASKED_AGAIN if day.day in ASKED_ON else ():
            found = MONEY.findall(company.say("vic", question))
            seen.update(int(each.replace(",", "").replace(".", "")) for each in found)
    days = sorted(spent)
    few = {sum(spent[each] for each in days[n : n + size]) for n in range(len(days)) for size in range(1, 5)}
    differences = {abs(one - other) for one, other in combinations(seen, 2)} | seen
    assert len(seen) > 5
    assert differences & few == set()


def test_the_month_that_runs_is_told_by_steps_of_a_week(company: Company) -> None:
    """Its total until the 7th, 14th and 21st, when these days are read; its parts when it is over."""
    said = company.say("vic", "spend of organization by team this month")
    assert said.startswith("Acme: $517.76 spent this month until 21 November")
    company.llm.spends("search1", "91.37", date(2026, 11, 22))
    company.pull()
    assert company.say("vic", "spend of organization by team this month").startswith("Acme: $517.76")
    assert "It is too early to show these days." in company.say("vic", "spend of organization by model this month")
    company.clock.moment = datetime(2026, 11, 29, 12, tzinfo=UTC)
    company.pull()
    assert "until 21 November" in company.say("vic", "spend of organization by team")
    month_over(company)
    assert "Acme: $609.13 spent last month" in company.say("vic", "spend of organization by team last month")
    assert "in November 2026" in company.say("vic", "spend of organization by team")
    assert "$609.13 spent in November 2026" in company.say("vic", "spend of organization by model")


def test_a_forecast_for_viewers_says_nothing_of_today(company: Company) -> None:
    """Two digits, and not what is spent so far."""
    said = company.say("vic", "forecast of organization")
    assert "About $" in said
    assert "Spent so far" not in said
    company.llm.spends("search1", "1.37", date(2026, 11, 22))
    company.pull()
    assert company.say("vic", "forecast of organization").splitlines()[0] == said.splitlines()[0]
    assert "You see the company by the month." in company.say("vic", "digest of organization")
    assert "when its month is over" in company.say("vic", "value of team lab 2026-11")


def test_days_with_few_behind_are_others_within_their_step(company: Company) -> None:
    """Two people spend on Sunday the 8th; with another Sunday they were five, and the step would tell what they did."""
    company.llm.rows.clear()
    for day in range(2, 16):
        those = ("search1", "search2") if day == 8 else tuple(f"lab{n}" for n in range(5))
        those = ("ads0", "ads1", "ads2") if day == 15 else those
        for who in those:
            company.llm.spends(who, "91.37" if day == 8 else "2.00", date(2026, 11, day))
    company.clock.moment = datetime(2026, 12, 2, 12, tzinfo=UTC)
    pull(company.database, company.llm, replace(company.app.reading("llm"), days_back=30), company.clock)
    said = company.say("vic", "spend of organization by day")
    assert "$182.74" not in said
    assert "\n8 November" not in said
    shown = {int(each) for each in re.findall(r"\n(\d+) November", said)}
    assert len(shown & set(range(8, 15))) == 6 - 1
