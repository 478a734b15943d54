"""Entra's tokens and Cost Management's query as learn.microsoft.com tells of them.

Rows are lists whose columns stand apart, a day is a number, and a next page is another POST with the same question.
"""

import json
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
QUERY = "/providers/Microsoft.CostManagement/query"
COLUMNS = (
    ("UsageDate", "Number"),
    ("Cost", "Number"),
    ("Meter", "String"),
    ("ResourceId", "String"),
    ("Currency", "String"),
)


def resource_of(name: str, group: str = "AI-Prod") -> str:
    """The id of an account of Foundry, in the case in which Azure writes it."""
    return f"/subscriptions/9c3e/resourceGroups/{group}/providers/Microsoft.CognitiveServices/accounts/{name}"


class FakeAzure(Loopback):
    """Entra and Cost Management behind one address.

    Attributes:
        key: the secret of the app registration.
        account: as app.yaml has it.
        used: by day, resource and meter.
        page_rows: how many rows an answer has at most.
        lasts_s: how long a token holds.
    """

    key, client, tenant, scope = (
        "Xy8Q~secret.of.an.app_registration-0123456789",
        "11aa-22bb",
        "contoso.example",
        "subscriptions/9c3e",
    )
    token = "eyJ0.token.for.management"

    def __init__(self) -> None:
        super().__init__()
        self.account = f"{self.tenant}/{self.client}/{self.scope}"
        self.used: dict[tuple[date, str, str], tuple[float, str]] = {}
        self.page_rows, self.lasts_s = 5000, 3599

    def use(
        self, day: date, user: str, dollars: Decimal, _tokens: int = 0, meter: str = "gpt 5 Inp glbl Tokens"
    ) -> None:
        """Say what a resource cost on a day; said again it is restated."""
        with self.lock:
            resource = user if user.startswith("/") else resource_of(user)
            self.used[day, resource, meter] = (float(dollars), "USD")

    @staticmethod
    def asks(heard: Heard) -> bool:
        """Everything is a question."""
        return heard.path.endswith(("/query", "/token"))

    def answer(self, heard: Heard) -> Answer:
        """Tokens for the right secret; cost for a token."""
        if heard.path == f"/{self.tenant}/oauth2/v2.0/token":
            return self._entra(parse_qs(heard.body.decode()))
        if heard.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "InvalidAuthenticationToken", "The access token is invalid.")
        if (heard.method, heard.path) != ("POST", f"/{self.scope}{QUERY}"):
            return _error(404, "InvalidResourceType", "The resource type could not be found.")
        if heard.query.get("api-version") != "2025-03-01":
            return _error(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        with self.lock:
            return self._cost(json.loads(heard.body), int(heard.query.get("$skiptoken", "0")))

    def _entra(self, said: dict[str, list[str]]) -> Answer:
        wanted = {"grant_type": ["client_credentials"], "client_id": [self.client], "client_secret": [self.key]}
        if any(said.get(name) != value for name, value in wanted.items()):
            body = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
            return Answer(401, body)
        return Answer(200, {"token_type": "Bearer", "expires_in": self.lasts_s, "access_token": self.token})

    def _cost(self, asked: Json, begin: int) -> Answer:
        first, last = (date.fromisoformat(asked["timePeriod"][name][:10]) for name in ("from", "to"))
        if len(asked["dataset"]["grouping"]) > 2:
            return _error(400, "BadRequest", "Invalid query definition: at most two groupings")
        rows = [
            [int(f"{day:%Y%m%d}"), cost, meter, resource, currency]
            for (day, resource, meter), (cost, currency) in sorted(self.used.items())
            if first <= day <= last
        ]
        page, more = rows[begin : begin + self.page_rows], begin + self.page_rows < len(rows)
        following = f"{self.url}/{self.scope}{QUERY}?api-version=2025-03-01&$skiptoken={begin + self.page_rows}"
        columns = [{"name": name, "type": kind} for name, kind in COLUMNS]
        properties = {"nextLink": following if more else None, "columns": columns, "rows": page}
        return Answer(200, {"id": "x", "name": "y", "type": "Microsoft.CostManagement/query", "properties": properties})


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})
