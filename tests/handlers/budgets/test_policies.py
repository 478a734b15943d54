"""The policies of docs/how-to/policies.md: each is loaded as it stands there, and lived."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from bot.config import Settings
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated
from tests.support.paths import ROOT

PAGE = (ROOT / "docs/how-to/policies.md").read_text()
POLICIES = [yaml.safe_load(each) for each in re.findall(r"```yaml app.yaml\n(.*?)```", PAGE, re.DOTALL)]
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Found = Callable[[int], Company]


@pytest.fixture
def lived(tmp_path: Path, clock: Clock) -> Iterator[Found]:
    """The small company under a policy of the page, by its number."""
    made: list[Database] = []
    clock.moment = MONDAY

    def begin(number: int) -> Company:
        policy = POLICIES[number - 1]
        groups = Settings.model_validate(policy).groups
        members = {person for group in groups for person in group.people}
        people = tuple(replace(one, groups=("contractors",) if one.id in members else ()) for one in ACME.people)
        made.append(migrated(tmp_path / f"{number}.db"))
        rules = {key: RULES[key] for key in ("directory", "providers")} | policy
        company = Company(made[-1], clock, rules, replace(ACME, people=people))
        company.app.tick()
        company.settle()
        return company

    yield begin
    for database in made:
        database.close()


def title(company: Company, person: str, words: str = "balance") -> str:
    return company.hear(person, words).title


def test_there_are_six() -> None:
    """As the page says."""
    assert len(POLICIES) == 6


def test_by_team_and_for_contractors(lived: Found) -> None:
    """¥7,000, ¥5,250 and ¥1,000; an exception until March is a manager's, one for good finance's, too."""
    company = lived(1)
    for person, limit in (("ana", "7,000"), ("lea", "5,250"), ("bob", "1,000")):
        assert f"CN¥{limit}.00" in title(company, person)
    company.say("bob", "raise me to 3000 a month until 31 March: the launch")
    assert title(company, "lea", "approve 1") == "Approved: CN¥3,000.00 a month for Bob Reyes"
    assert "CN¥3,000.00" in title(company, "bob")
    company.say("bob", "permanent: 4000 a month for me: the launch")
    assert title(company, "lea", "approve 2").startswith("You agreed to CN¥4,000.00 a month. Next to decide: Fay Osei")
    assert title(company, "fay", "approve 2") == "Approved: CN¥4,000.00 a month for Bob Reyes"
    assert "CN¥5,250.00" in title(company, "kim")  # nobody else has more by it


def test_pools_whose_leads_give_shares(lived: Found) -> None:
    """¥7,000 for Search: 1,727.32 are used; Max gives 2,000, then the 3,272.68 that are free, and Kim the rest."""
    company = lived(2)
    assert title(company, "ana") == "CN¥5,272.68 left of CN¥7,000.00"
    company.say("ana", "request 2000 finish the migration")
    assert title(company, "max", "approve 1") == "Approved: CN¥2,000.00 for Ana Silva"
    company.say("ana", "request 6000 train a model")
    assert title(company, "max", "approve 2") == (
        "You gave CN¥3,272.68. The pool lacks CN¥2,727.32; next to decide: Kim Tanaka"
    )
    assert title(company, "kim", "approve 2") == "Approved: CN¥6,000.00 for Ana Silva"
    assert title(company, "ana") == "CN¥8,000.00 left of CN¥9,727.32"
    assert title(company, "bob").endswith("left of CN¥5,250.00")  # Ads has its own
    assert "Kept in reserve  CN¥525.00" in company.say("lea", "split")


def test_tokens_for_every_worker(lived: Found) -> None:
    """Twice at once, then by the manager; never more than a million."""
    company = lived(3)
    assert title(company, "bob") == "2M tokens left of 2M tokens"
    for _ in range(2):
        assert title(company, "bob", "request 200k the report") == "200,000 tokens approved at once"
    assert title(company, "bob", "request 200k the report") == "Asked for 200,000 tokens more"
    assert title(company, "bob", "request 2M the report") == "You can ask for at most 1M tokens at once."


def test_less_for_flagship_models(lived: Found) -> None:
    """Bob's $100 of them are used; more is decided by two."""
    company = lived(4)
    assert title(company, "bob") == "$0.00 left of $100.00"
    company.say("bob", "request 50 of flagship the review")
    assert title(company, "lea", "approve 1").startswith("You agreed to $50.00. Next to decide: Fay Osei")
    assert title(company, "fay", "approve 1") == "Approved: $50.00 for Bob Reyes"


def test_so_much_a_week(lived: Found) -> None:
    """What was asked on Friday is offered for the new week on Monday."""
    company = lived(5)
    assert title(company, "kim") == "$50.00 left of $50.00"
    company.clock.moment = MONDAY + timedelta(days=4)
    company.say("ana", "request 30 the demo")
    company.clock.moment = MONDAY + timedelta(days=7)
    offered = company.hear("max", "approve 1")
    assert offered.title == "Request #1 was for spending until 29 November, which is over."
    assert company.hear("max", offered.buttons[0].says).title == "Approved: $30.00 for Ana Silva"
    assert title(company, "ana") == "$80.00 left of $80.00"


def test_a_year_a_quarter_and_a_month(lived: Found) -> None:
    """Ana has $800 a month beside what her department has in the quarter, whose first day is 1 November."""
    company = lived(6)
    assert title(company, "ana") == "$553.24 left of $800.00"
    shown = company.say("ana", "balance")
    assert "Engineering pool, this quarter" in shown
    assert "Acme pool, this year" in shown
    assert "Max Weber" in company.say("ana", "request 400 the review")
    company.say("ana", "request 2000 train a model")
    assert title(company, "max", "approve 2").startswith("You agreed to $2,000.00. Next to decide: Fay Osei")
    assert title(company, "ana", "request 6000 a cluster") == "You can ask for at most $5,000.00 at once."
