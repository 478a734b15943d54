"""xAI's management API as its references of November 2026 tell of it.

Amounts of limits are cents as text, and nought is left out; usage is dollars as floats, with a point for every bucket
that was asked for. It refuses what xAI refuses.
"""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
UNITS = {"TIME_UNIT_DAY": timedelta(days=1), "TIME_UNIT_HOUR": timedelta(hours=1)}
PAGE_ROWS_MAX = 100
FORMAT = "%Y-%m-%d %H:%M:%S"


class _RefusedError(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class FakeXAI(Loopback):
    """Starts with Dana's key and a crawler's, a limit of $200 of the month and $45 of prepaid credit.

    Attributes:
        key: a management key.
        scope: what the key is of.
        groups: what usage may be grouped by.
        series_max: how many series are given at once.
        soft, hard: the team's limits in cents; xAI sets the hard one. None is one that was never set.
        prepaid: cents, below zero as they are told.
    """

    key, team = f"xai-token-{'Manager9' * 8}", "65c1e471-205f-4566-9c5a-07198bcdf4ce"

    def __init__(self) -> None:
        super().__init__()
        self.scope: Json = {"scope": "SCOPE_TEAM", "scopeId": self.team, "teamId": ""}
        self.groups = {"api_key_id", "description"}
        self.series_max = 10_000
        self.soft: int | None = 20_000
        self.hard, self.prepaid = 22_500_000, -4500
        self.keys: dict[str, Json] = {}
        self.used: dict[tuple[datetime, str, str], float] = {}
        self.add_key("key-dana", "dana")
        self.add_key("key-crawler", None)

    @staticmethod
    def asks(heard: Heard) -> bool:
        """Whether a request is a question."""
        return heard.path.endswith("/usage")

    def add_key(self, key_id: str, name: str | None) -> None:
        """An API key is made at the console."""
        self.keys[key_id] = {
            "redactedApiKey": "xai-...b14o",
            "userId": "59fbe5f2-040b-46d5-8325-868bb8f23eb2",
            "name": name,
            "createTime": "2026-08-24T10:30:00Z",
            "modifyTime": "2026-08-24T10:30:00Z",
            "teamId": self.team,
            "aclStrings": ["api-key:model:*", "api-key:endpoint:*"],
            "apiKeyId": key_id,
            "qps": 5,
            "qpm": 100,
            "tpm": None,
        }

    def use(
        self, day: date, user: str, dollars: Decimal, _tokens: int = 0, what: str = "Chat grok-4", hour: int = 9
    ) -> None:
        """Say what a key spent on something in an hour; said again it is restated."""
        with self.lock:
            if user not in self.keys:
                self.add_key(user, user)
            self.used[datetime(day.year, day.month, day.day, hour, tzinfo=UTC), user, what] = float(dollars)

    def answer(self, heard: Heard) -> Answer:
        """Everything wants the management key."""
        with self.lock:
            try:
                return Answer(200, self._answered(heard))
            except _RefusedError as no:
                return Answer(no.status, {"code": no.code, "message": str(no), "details": []})

    def _answered(self, heard: Heard) -> Any:
        if heard.headers.get("authorization") != f"Bearer {self.key}":
            raise _RefusedError(401, 16, "Invalid bearer token.")
        match heard.method, heard.path.strip("/").split("/"):
            case "GET", ["auth", "management-keys", "validation"]:
                return {"apiKeyId": "mgmt-1", "name": "bursar", **self.scope}
            case "GET", ["auth", "teams", self.team, "api-keys"]:
                return self._listed(heard)
            case "PUT", ["auth", "api-keys", key_id]:
                return self._changed(key_id, json.loads(heard.body))
            case method, ["v1", "billing", "teams", self.team, *rest]:
                return self._billing(method, rest, heard)
            case _:
                raise _RefusedError(404, 5, "Not Found")

    def _billing(self, method: str, rest: list[str], heard: Heard) -> Json:
        match method, rest:
            case "POST", ["usage"]:
                return self._usage(json.loads(heard.body)["analyticsRequest"])
            case "GET", ["prepaid", "balance"]:
                return {"changes": [], "total": _cents(self.prepaid)}
            case "GET", ["postpaid", "spending-limits"]:
                soft = {} if self.soft is None else {"softSl": _cents(self.soft)}
                effective = self.hard if self.soft is None else min(self.soft, self.hard)
                hard = {"hardSlAuto": _cents(self.hard), "effectiveHardSl": _cents(self.hard)}
                return {"spendingLimits": {**hard, **soft, "effectiveSl": _cents(effective)}}
            case "POST", ["postpaid", "spending-limits"]:
                wanted = int(json.loads(heard.body)["desiredSoftSpendingLimit"]["val"])
                if wanted < 0:
                    raise _RefusedError(400, 3, "spending limit must not be negative")
                self.soft = wanted
                return {"thisBpSoftSpendingLimit": _cents(wanted)}
            case _:
                raise _RefusedError(404, 5, "Not Found")

    def _listed(self, heard: Heard) -> Json:
        size = min(int(heard.query.get("pageSize", 10)), PAGE_ROWS_MAX)
        start = int(heard.query.get("paginationToken") or 0)
        rows = list(self.keys.values())
        following = {"paginationToken": str(start + size)} if start + size < len(rows) else {}
        return {"apiKeys": rows[start : start + size], **following}

    def _changed(self, key_id: str, body: Json) -> Json:
        if key_id not in self.keys:
            raise _RefusedError(404, 5, "API key not found")
        if body.get("fieldMask") != "disabled" or not isinstance(body["apiKey"].get("disabled"), bool):
            raise _RefusedError(400, 3, "invalid field mask")
        self.keys[key_id].pop("disabled", None)
        if body["apiKey"]["disabled"]:
            self.keys[key_id]["disabled"] = True
        return self.keys[key_id]

    def _usage(self, asked: Json) -> Json:
        groups, unit = asked["groupBy"], UNITS.get(asked["timeUnit"])
        span = asked["timeRange"]
        if not set(groups) <= self.groups or unit is None or span["timezone"] != "Etc/GMT":
            raise _RefusedError(400, 3, "invalid analytics request")
        start, end = (datetime.strptime(span[name], FORMAT).replace(tzinfo=UTC) for name in ("startTime", "endTime"))
        buckets = [start + unit * number for number in range((end - start) // unit)]
        series: dict[tuple[str, ...], list[float]] = {}
        for (at, key, what), dollars in self.used.items():
            if start <= at < end:
                group = tuple({"api_key_id": key, "description": what}[name] for name in groups)
                series.setdefault(group, [0.0] * len(buckets))[(at - start) // unit] += dollars
        told = [
            {
                "group": list(group),
                "groupLabels": list(group),
                "dataPoints": [
                    {"timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", "values": [value]}
                    for at, value in zip(buckets, values, strict=True)
                ],
            }
            for group, values in series.items()
        ]
        return {"timeSeries": told[: self.series_max], "limitReached": len(told) > self.series_max}


def _cents(amount: int) -> Json:
    return {"val": str(amount)} if amount else {}
