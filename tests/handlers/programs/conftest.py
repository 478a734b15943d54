"""A company whose programs speak, as they do through the API and MCP."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from handlers.errors import RefusedError
from handlers.programs import Call, Caller
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company

OWNERS = {"agent/crawler": "max"}


@dataclass
class Programs:
    """Programs of the people of a company.

    Args:
        company: the company.
    """

    company: Company
    numbers: dict[str, int] = field(default_factory=dict)

    def call(self, account: str, call: Call, key: str = "") -> Any:
        """What is answered to a program that speaks for an account."""
        number = self.numbers.setdefault(account, len(self.numbers) + 1)
        speaker = OWNERS.get(account, account.removeprefix("person/"))
        return self.company.app.call(Caller(account, f"token #{number}"), speaker, call, key)

    def refused(self, account: str, call: Call) -> str:
        """Why it was refused."""
        with pytest.raises(RefusedError) as no:
            self.call(account, call)
        return str(no.value)


@pytest.fixture
def here(database: Database, clock: Clock) -> Programs:
    """Programs of the small company, on each kind of database in turn."""
    return Programs(Company(database, clock))


@pytest.fixture
def at_acme(acme: Company) -> Programs:
    """The same on SQLite, for rules that no database has a part in."""
    return Programs(acme)
