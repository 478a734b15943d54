"""Programs of a small company, over HTTP as they speak it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.api.endpoint import routes
from bot.bearer import Doorkeeper
from bot.server import server
from storage import tokens
from storage.db import Database
from storage.tokens import Scope
from tests.support.clock import Clock
from tests.support.company import Company

SCOPES: dict[str, Scope] = {"person": "own", "agent": "agent", "org": "reports"}


@dataclass
class Api:
    """The API of a company.

    Args:
        company: the company.
        client: of HTTP.
    """

    company: Company
    client: TestClient
    secrets: dict[str, str] = field(default_factory=dict)

    def token(self, account: str, scope: Scope | None = None) -> str:
        """A token that speaks for an account."""
        name = f"{account} {scope}"
        if name not in self.secrets:
            found = scope or SCOPES[account.partition("/")[0]]
            secret, now = tokens.new_secret(found), self.company.clock()
            by = "max" if account == "agent/crawler" else account.partition("/")[2]
            until = now.replace(year=now.year + 1)
            self.company.database.transact(lambda conn: tokens.make(conn, secret, found, account, by, now, until))
            self.secrets[name] = secret
        return self.secrets[name]

    def asks(self, account: str, method: str, path: str, body: Any = None, key: str = "", **more: Any) -> Any:
        """A request of a program that speaks for an account."""
        headers = {"Authorization": f"Bearer {self.token(account)}", **more.pop("headers", {})}
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body)
        return self.client.request(method, f"/api/v1{path}", headers=headers, content=content, **more)

    def gets(self, account: str, path: str) -> Any:
        """What is answered to a GET."""
        return self.asks(account, "GET", path)

    def posts(self, account: str, path: str, body: Any = None, key: str = "") -> Any:
        """What is answered to a POST."""
        return self.asks(account, "POST", path, {} if body is None else body, key)


def api_of(company: Company) -> Iterator[Api]:
    """The API of a company, as long as it is needed."""
    app = company.app
    made = server(app, routes(app, Doorkeeper(company.database, app.policy, app.now)), lambda: True)
    with TestClient(made, raise_server_exceptions=False) as client:
        yield Api(company, client)


@pytest.fixture
def api(database: Database, clock: Clock) -> Iterator[Api]:
    """The API of the small company, on each kind of database in turn."""
    yield from api_of(Company(database, clock))


@pytest.fixture
def acme_api(acme: Company) -> Iterator[Api]:
    """The same on SQLite, for rules that no database has a part in."""
    yield from api_of(acme)
