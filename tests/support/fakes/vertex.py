"""Google's tokens for a signed assertion, and Cloud Billing's budgets as their references tell of them.

As Google's JSON has it a member that is nought or empty is not sent, and whole units of money are text. What stands in
a `spendCap` is not described: the fake keeps what it was given, and refuses a change of a capped budget's filter.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
SCOPES = {"https://www.googleapis.com/auth/cloud-billing", "https://www.googleapis.com/auth/cloud-platform"}
MEMBERS = {"displayName", "budgetFilter", "amount", "thresholdRules", "notificationsRule", "ownershipScope"}
PAGE_ROWS_MAX, SKEW_S, HOUR_S = 100, 300, 3600


class _RefusedError(Exception):
    def __init__(self, code: int, status: str, message: str) -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message


@cache
def rsa_key() -> RSAPrivateKey:
    """The service account's; one for all tests, for it takes long to make."""
    return generate_private_key(65537, 2048)


class FakeVertex(Loopback):
    """Starts with projects 4711 (500 US dollars a month) and 4712, which have caps, and with budgets that are none.

    Attributes:
        key: the JSON key of the service account.
        account: the billing account.
        now: the clock.
        budgets: by name.
        currency: of the billing account.
        page_rows: how many budgets a page has at most.
        may_write: whether the service account may change budgets.
    """

    email = "bursar@acme-finance.iam.gserviceaccount.com"
    key_id = "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567"
    account = "01A2B3-C4D5E6-F70819"
    token = "ya29.c.c0AY_VpZg" + "Qx7Lm2" * 9

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.currency, self.page_rows, self.may_write = "USD", 2, True
        self.budgets: dict[str, Json] = {}
        self._changes = 0
        self._until = 0.0
        pem = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.key = json.dumps(
            {
                "type": "service_account",
                "project_id": "acme-finance",
                "private_key_id": self.key_id,
                "private_key": pem,
                "client_email": self.email,
                "token_uri": "https://oauth2.googleapis.com/token",
                "universe_domain": "googleapis.com",
            },
            indent=2,
        )
        self.add_budget("warns", [], self.money("USD", 9000), title="All of it")
        self.add_budget("cap-search", ["projects/4711"], self.money("USD", 500), cap=True, title="Search")
        self.add_budget("warns-search", ["projects/4711"], self.money("USD", 450))
        self.add_budget("cap-shop", ["projects/4712"], self.money("USD", 0, 500_000_000), cap=True)
        self.add_budget("cap-two", ["projects/1", "projects/2"], self.money("USD", 70), cap=True)
        self.add_budget("cap-year", ["projects/4711"], self.money("USD", 6000), cap=True, period="YEAR")
        self.add_budget("as-before", ["projects/4713"], None)

    @staticmethod
    def money(currency: str, units: int, nanos: int = 0) -> Json:
        """An amount as Google's JSON has it."""
        return {
            "currencyCode": currency,
            **({"units": str(units)} if units else {}),
            **({"nanos": nanos} if nanos else {}),
        }

    def add_budget(
        self,
        name: str,
        projects: Sequence[str],
        amount: Json | None,
        *,
        cap: bool = False,
        title: str = "",
        period: str = "MONTH",
    ) -> None:
        """A budget is made in the console; without an amount it is what was spent the month before."""
        full = f"billingAccounts/{self.account}/budgets/{name}"
        self.budgets[full] = {
            "name": full,
            **({"displayName": title} if title else {}),
            "budgetFilter": {
                **({"projects": list(projects)} if projects else {}),
                "creditTypesTreatment": "EXCLUDE_ALL_CREDITS" if cap else "INCLUDE_ALL_CREDITS",
                "calendarPeriod": period,
            },
            "amount": {"lastPeriodAmount": {}} if amount is None else {"specifiedAmount": amount},
            "thresholdRules": [{"thresholdPercent": 1, "spendBasis": "CURRENT_SPEND"}],
            "etag": self._etag(),
            **({"spendCap": {"whateverItIs": "ENABLED", "since": ["2026-11-01"]}} if cap else {}),
        }

    def budget(self, name: str) -> Json:
        """One of them."""
        return self.budgets[f"billingAccounts/{self.account}/budgets/{name}"]

    @staticmethod
    def asks(heard: Heard) -> bool:
        """A token is a question, too."""
        return heard.path == "/token"

    def answer(self, heard: Heard) -> Answer:
        """Tokens for a signed assertion; budgets for a token."""
        with self.lock:
            if (heard.method, heard.path) == ("POST", "/token"):
                return self._token_for(parse_qs(heard.body.decode()))
            try:
                return Answer(200, self._answered(heard))
            except _RefusedError as no:
                return Answer(no.code, {"error": {"code": no.code, "message": no.message, "status": no.status}})

    def _token_for(self, said: dict[str, list[str]]) -> Answer:
        wrong = self._wrong_with(said)
        if wrong:
            return Answer(400, {"error": wrong[0], "error_description": wrong[1]})
        self._until = self.now.timestamp() + HOUR_S - 1
        return Answer(200, {"access_token": self.token, "expires_in": HOUR_S - 1, "token_type": "Bearer"})

    def _wrong_with(self, said: dict[str, list[str]]) -> tuple[str, str] | None:
        if said.get("grant_type") != ["urn:ietf:params:oauth:grant-type:jwt-bearer"]:
            return "unsupported_grant_type", "Invalid grant_type"
        head, claims, signature = said["assertion"][0].split(".")
        try:
            rsa_key().public_key().verify(_bytes(signature), f"{head}.{claims}".encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return "invalid_grant", "Invalid JWT Signature."
        told, at = json.loads(_bytes(claims)), self.now.timestamp()
        if json.loads(_bytes(head)) != {"alg": "RS256", "typ": "JWT", "kid": self.key_id}:
            return "invalid_grant", "Invalid JWT header."
        if told["iss"] != self.email:
            return "invalid_grant", "Invalid grant: account not found"
        if told["aud"] != "https://oauth2.googleapis.com/token":
            return "invalid_grant", "Invalid JWT: Failed audience check."
        if abs(told["iat"] - at) > SKEW_S or not 0 < told["exp"] - told["iat"] <= HOUR_S:
            return "invalid_grant", (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            )
        if told["scope"] not in SCOPES:
            return "invalid_scope", "Invalid OAuth scope or ID token audience provided."
        return None

    def _answered(self, heard: Heard) -> Json:
        is_old = self.now.timestamp() >= self._until
        if heard.headers.get("authorization") != f"Bearer {self.token}" or is_old:
            raise _RefusedError(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        name = heard.path.removeprefix("/v1/")
        if (heard.method, name) == ("GET", f"billingAccounts/{self.account}/budgets"):
            return self._page(heard)
        if name not in self.budgets:
            raise _RefusedError(404, "NOT_FOUND", "Requested entity was not found.")
        if heard.method == "PATCH":
            return self._changed(self.budgets[name], heard.query.get("updateMask", ""), json.loads(heard.body))
        raise _RefusedError(404, "NOT_FOUND", "Method not found.")

    def _page(self, heard: Heard) -> Json:
        rows = min(int(heard.query.get("pageSize", PAGE_ROWS_MAX)), self.page_rows)
        begin = int(heard.query.get("pageToken", "0"))
        page, more = list(self.budgets.values())[begin : begin + rows], begin + rows < len(self.budgets)
        return {
            **({"budgets": page} if page else {}),
            **({"nextPageToken": str(begin + rows)} if more else {}),
        }

    def _changed(self, budget: Json, mask: str, said: Json) -> Json:
        if not self.may_write:
            raise _RefusedError(403, "PERMISSION_DENIED", "The caller does not have permission")
        if said.get("etag", budget["etag"]) not in {"", budget["etag"]}:
            raise _RefusedError(409, "ABORTED", "The budget was changed by somebody else.")
        members = [each.partition(".")[0] for each in mask.split(",")]
        if not set(members) <= MEMBERS or ("spendCap" in budget and members != ["amount"]):
            raise _RefusedError(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        money = said["amount"].get("specifiedAmount", {})
        is_amount = money.get("currencyCode") == self.currency and str(money.get("units", "0")).isdigit()
        if not is_amount or not 0 <= money.get("nanos", 0) < 10**9:
            raise _RefusedError(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        units, nanos = int(money.get("units", "0")), money.get("nanos", 0)
        budget |= {"amount": {"specifiedAmount": self.money(self.currency, units, nanos)}, "etag": self._etag()}
        return budget

    def _etag(self) -> str:
        self._changes += 1
        return f"etag-{self._changes}=="


def _bytes(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
