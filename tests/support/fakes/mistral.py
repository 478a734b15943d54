"""Mistral's admin API (beta) as its public description tells of it. It refuses what Mistral refuses.

Usage comes by the month, the prices of its lines with it, as text; a workspace stands for whoever uses something.
"""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
PAGE_ROWS_MAX = 100
EMPTY = ("ocr", "audio", "audio_characters", "connectors")


class _RefusedError(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class FakeMistral(Loopback):
    """Starts with a default workspace and a limit of 500 for the organization.

    Attributes:
        key: of an admin.
        currency: what it bills in.
        limit: of the organization in whole units, None for none.
        lines: by workspace, day and model: tokens and price of each kind.
        per: how many tokens a price is for.
    """

    key = "Hk2vC9qZ7mXw4tLrP8sNd3yBf6uJa1Ge"

    def __init__(self) -> None:
        super().__init__()
        self.currency, self.per = "USD", 1
        self.limit: int | None = 500
        self.workspaces: dict[str, str | None] = {}
        self.lines: dict[tuple[str, date, str], dict[str, tuple[int, Decimal | None]]] = {}
        self.keys: dict[str, str | None] = {"key-1": "crawler", "key-2": None}
        self.add_workspace("default", "Default")

    def add_workspace(self, uuid: str, name: str | None) -> None:
        """A workspace is made."""
        self.workspaces[uuid] = name

    def use(self, day: date, user: str, dollars: Decimal, tokens: int = 1, model: str = "") -> None:
        """Say what a workspace used on a day of a model of its own; said again it is restated."""
        with self.lock:
            self.workspaces.setdefault(user, user)
            tokens = max(tokens, 1_000_000)
            each: dict[str, tuple[int, Decimal | None]] = {
                "input": (tokens, dollars / tokens),
                "output": (0, Decimal("0.0000017")),
            }
            self.lines[user, day, model or f"mistral-{user}"] = each

    def answer(self, heard: Heard) -> Answer:
        """Everything wants the key."""
        with self.lock:
            try:
                return Answer(200, self._answered(heard))
            except _RefusedError as no:
                return Answer(no.status, {"detail": no.detail})

    def _answered(self, heard: Heard) -> Any:
        if heard.headers.get("authorization") != f"Bearer {self.key}":
            raise _RefusedError(401, "Unauthorized")
        match heard.method, heard.path.removeprefix("/v1/admin/"):
            case "GET", "workspaces":
                return {"workspaces": [self._workspace(*each) for each in self.workspaces.items()]}
            case "GET", "usage":
                return self._usage(heard.query)
            case "GET", "spend-limit":
                return self._limits()
            case "POST", "spend-limit":
                return self._set(json.loads(heard.body))
            case "GET", "api-keys":
                if int(heard.query["limit"]) > PAGE_ROWS_MAX:
                    raise _RefusedError(422, "limit must be at most 100")
                keys = [_key(*each) for each in self.keys.items()]
                return {"keys": keys[int(heard.query["offset"]) :][: int(heard.query["limit"])]}
            case _:
                raise _RefusedError(404, "Not Found")

    def _workspace(self, uuid: str, name: str | None) -> Json:
        limit = {"value": None, "currency": self.currency, "no_monthly_limit": True}
        return {"uuid": uuid, "name": name, "members_count": 3, "spend_limit": limit, "is_default": uuid == "default"}

    def _usage(self, asked: Any) -> Json:
        year, month = int(asked["year"]), int(asked["month"])
        models: dict[str, dict[str, list[Json]]] = {}
        prices: dict[tuple[str, str, str], Json] = {}
        for (workspace, day, model), kinds in sorted(self.lines.items()):
            if (day.year, day.month) != (year, month) or asked.get("workspace_id", workspace) != workspace:
                continue
            for kind, (tokens, price) in kinds.items():
                name = models.setdefault(f"{model}-latest::{model}", {})
                line = {"usage_type": "tokens", "billing_metric": f"{model}/{day.day}", "billing_group": kind}
                more = {"timestamp": str(day), "value": tokens, "api_zone": "global", "service_tier": None}
                name.setdefault(kind, []).append(line | more)
                if price is not None:
                    what = {"event_type": "chat.completions", "api_zone": "global", "service_tier": None}
                    metric = {"billing_metric": f"{model}/{day.day}", "billing_group": kind}
                    priced = {"price": f"{price * self.per}"}
                    prices[f"{model}/{day.day}", kind, workspace] = what | metric | priced
        return {
            "completion": {"models": models},
            **{name: {"models": {}} for name in EMPTY},
            "chat": None,
            "libraries_api": {"pages": {"models": {}}, "tokens": {"models": {}}},
            "fine_tuning": {"training": {}, "storage": {}},
            "vibe_code": {"completion": {"models": {}}, "ocr": {"models": {}}},
            "vibe_usage": 0,
            "date": f"{year}-{month:02}-01T00:00:00Z",
            "currency": self.currency,
            "currency_symbol": "$",
            "prices": list(prices.values()),
        }

    def _limits(self) -> Json:
        completion = {
            "no_monthly_limit": self.limit is None,
            "monthly_limit_reached": False,
            "usage": 12.5,
            "vibe_usage": 0,
            "total_usage": 12.5,
            "usage_limit": self.limit,
        }
        more = {"last_payment_failure": None, "last_payment_failure_protection": None, "currency": self.currency}
        return {"limits": {"completion": completion, **more}}

    def _set(self, body: Json) -> Json:
        if not isinstance(body.get("amount"), int) or body["amount"] < 0:
            raise _RefusedError(422, "amount must be an integer")
        self.limit = None if body.get("no_monthly_limit") else body["amount"]
        return self._limits()


def _key(key_id: str, name: str | None) -> Json:
    return {"key_id": key_id, "name": name, "hidden_key": "Hk2v…", "workspace_id": "default", "last_used": None}
