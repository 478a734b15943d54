"""Who may not, and what cannot be: each is refused in one sentence, and nothing is changed by it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, func, select

from handlers.place import Place
from handlers.sentence import Sentence
from storage.directory import Person, Team
from storage.tables import metadata
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated

FIN = Person("fin", "Fin Quinn", "fin@acme.example", "kim", "search", roles=("finance",), joined=date(2026, 10, 1))
OFFICE = replace(
    ACME,
    people=(*ACME.people, FIN),
    teams=(*ACME.teams, Team("empty", "Empty", "lea", "engineering")),
)
BUDGETS = [
    *RULES["budgets"],
    {"name": "ads-pool", "who": "team ads", "amount": "10 USD", "every": "month"},
    {"name": "empty-pool", "who": "team empty", "amount": "10 USD", "every": "quarter"},
]
OFFICE_RULES: dict[str, object] = {
    **RULES,
    "budgets": BUDGETS,
    "claims": {"categories": [{"name": "tools", "amount": "100 USD"}]},
    "contracts": [
        {"name": "deal", "provider": "llm", "starts": "2026-01-01", "ends": "2027-01-01", "commitment": "9000 USD"}
    ],
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A company in which an extra budget was granted and somebody raised the limit of finance at the provider."""
    database = migrated(tmp_path_factory.mktemp("office") / "bursar.db")
    company = Company(database, Clock(datetime(2026, 11, 24, 9, tzinfo=UTC)), OFFICE_RULES, OFFICE)
    company.llm.knows("fay")
    company.app.limits.read(company.llm)
    company.settle()
    company.llm.changes("fay", 900)
    company.app.limits.read(company.llm)
    company.say("ana", "request 50 finish the migration", "d1")
    company.say("max", "approve 1", "d2")
    company.settle()
    yield company
    database.close()


def everything(conn: Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {each.name: conn.scalar(select(func.count()).select_from(each)) or 0 for each in metadata.sorted_tables}


@pytest.mark.parametrize(
    ("person", "text", "why"),
    [
        # Moving budget.
        ("ana", "transfer 10 from bob to max", "You can only give from your own budget"),
        ("fay", "transfer 500 from team search to team search", "Both are the same budget"),
        ("max", "transfer 5 from ana to ana", "Both are the same budget"),
        ("fay", "transfer 5 from team empty to team ads", "have no budget of the same kind"),
        ("fin", "transfer 5 from team ads to team search", "You spend from Search's budget yourself"),
        ("ana", "transfer 5 from team search to team ads", "Only finance can move budget between pools"),
        ("fin", "correct 5 of team search the outage", "You spend from Search's budget yourself"),
        ("fay", "correct 5 of fay the outage", "You can't correct a budget of your own"),
        ("ada", "correct 5 of ana the outage", "Only finance can correct budgets"),
        ("fay", "correct 5 of ana", "Say why, for example"),
        ("fay", "correct 5 of team engineering the outage", "Engineering has no budget of their own to correct"),
        ("lea", "split of team ads", "The Ads pool is used up"),
        ("lea", "split of team empty", "There is nobody in Empty to split the pool among"),
        ("max", "enforce per-person", "Only finance and admins can apply a changed budget"),
        # Limits at providers.
        ("ada", "proceed llm", "Only finance can do this"),
        ("ada", "restore llm", "Only finance can do this"),
        ("ada", "restore-ours llm user:fay 900000000000", "Only finance can do this"),
        ("fay", "restore-ours llm user:fay 900000000000", "This is your own limit"),
        ("fin", "restore-ours llm user:fay 800000000000", "This is already settled"),
        ("fin", "restore-ours llm somebody 1", "Say whose limit you mean"),
        ("ana", "pause key not-there", "There is nobody with this name at a provider"),
        # Requests.
        ("clock", "request 50 the demo", "You have no account of your own"),
        ("fay", "revoke 1", "Say why, for example"),
        ("bob", "revoke 1 the demo", "There is no approved request with that number"),
        ("max", "delegate @max until friday", "Name a colleague"),
        ("max", "delegate @kim", "Say until when"),
        ("max", "delegate @kim until 2027-12-31", "Say until when"),
        ("ana", "raise crawler to 900 until friday: more", "Only the owner of Crawler can ask for it"),
        # Claims.
        ("ana", "claims all", "Only finance and admins see everybody's claims"),
        ("max", "payroll", "Only finance and admins see what payroll has to pay"),
        ("ada", "paid 1", "Only finance notes what is paid back"),
        ("fay", "paid everything", "Say the numbers of at most"),
        ("ana", "claim 20 USD cursor 2026-12: pair programming", "is not over yet"),
        ("ana", "claim 2M tokens cursor September: pair programming", "Say how much money you paid"),
        ("fin", "claim 20 USD cursor September: pair programming", "You joined on"),
        ("ana", "receipt", "Send me the file in a direct message"),
        # Tokens and people.
        ("clock", "token new", "You have no account of your own"),
        ("max", "token new for ana", "Only Ana Silva can make a token"),
        ("fay", "token new for agent crawler", "Only the owner of Crawler and admins"),
        ("ana", "token revoke", "Say which one"),
        ("ada", "erase ada", "You can't erase yourself"),
        ("ana", "erase bob", "Only admins can do this"),
        ("ana", "go-live send", "Only admins can do this"),
        ("ada", "go-live send", "This is no restored copy"),
        ("fay", "link llm", "Say it like this"),
        ("fay", "link llm user usr_123", "Say whose it is"),
        # Money: prices, contracts, the close of a month.
        ("ana", "close october", "Only finance and admins can close a month"),
        ("fay", "close november", "You can only close a whole month that is over"),
        ("fay", "renewal deal 20 %", "Say another price"),
        ("fay", "renewal deal +99999 %", "Say a change from"),
        ("fay", "price my-model input 3", "Say both prices"),
        ("fay", f"price {'m' * 300} input 3 output 4", "That is too long for the name of a model"),
        ("max", "value of @ana", "never for a person"),
        ("max", "value of team search", "fewer than five people"),
        ("ana", "expected @bob until friday", "You can say this about yourself"),
    ],
)
def test_it_is_refused_and_changes_nothing(office: Company, person: str, text: str, why: str) -> None:
    before = office.database.ask(everything)

    card = office.hear(person, text)

    assert why in card.title
    assert card.tone == "warn"
    assert office.database.ask(everything) == before


def test_a_token_is_never_shown_where_others_read(office: Company) -> None:
    card = office.app.hear(Sentence("token new", "ana", Place("slack", "C1/U1", public=True)))

    assert "A token is shown in private only" in card.title
    assert not card.has_secret


def test_of_two_orders_to_move_budget_in_one_moment_one_counts(acme: Company) -> None:
    """They would have the same key in the ledger: half of a pair is never posted without the other."""
    acme.say("fay", "correct 20 of ana refund of the outage", "d1")

    assert "Two of these were sent at the same moment" in acme.say("fay", "correct 20 of ana another one", "d2")
    assert "of $420.00" in acme.hear("ana", "balance").title
