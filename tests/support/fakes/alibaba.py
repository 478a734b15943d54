"""Alibaba Cloud's Model Studio as its documents and SDK of November 2026 tell of it, with its own clock.

It checks what is signed, tells twenty groups of a bill at most, and shows with each key what it looks like.
"""

import json
import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.http import Sent
from bot.providers.signatures import alibaba
from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
OTHERS, NONE = "DIMENSION_GROUP_OTHERS_VALUE", "DIMENSION_FILTER_NULL_VALUE"
CODES = frozenset({"MAAS_TYPE", "BASE_MODEL", "API_KEY_ID", "WORKSPACE_ID", "FEE_TYPE", "CHARGE_TYPE"})
MODEL = "qwen3-max"


class _RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class FakeAlibaba(Loopback):
    """Starts with the key 1001 in the workspace ws-main.

    Attributes:
        key_id, secret: open everything.
        now: its clock.
        keys: by id.
        costs: before taxes, by day, key, model and kind of fee.
        has_plan: whether the account has a team's plan.
    """

    key_id, secret = "LTAI5tBursar", "q8Zr5Yw2Xv9Ut"
    value = "sk-0f9e8d7c6b5a4938271605f4e3d2c1b0"

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
        self.keys: dict[str, Json] = {}
        self.costs: dict[tuple[date, str, str, str], Decimal] = {}
        self.seats: list[Json] = []
        self.has_plan = True
        self.currency = "CNY"
        self.add_key("1001", "dana laptop")

    def add_key(self, key_id: str, description: str | None) -> None:
        """A key is made at the console. Its id is a number, and its value stands in every list."""
        self.keys[key_id] = {
            "apiKeyId": int(key_id) if key_id.isdigit() else key_id,
            "apiKeyValue": self.value,
            "auth": {"type": "All", "accessIps": None, "modelAccessScope": {"allowAllModels": True}},
            "createdBy": 2001,
            "description": description,
            "disabled": 0,
            "gmtCreate": "2026-08-24 10:30:00",
            "workspaceId": "ws-main",
            "workspaceName": "Main",
        }

    def use(
        self,
        day: date,
        user: str,
        dollars: Decimal,
        _tokens: int = 0,
        model: str = MODEL,
        fee: str = "billing",
    ) -> None:
        """Say what a key cost on a day before taxes; said again it is restated."""
        with self.lock:
            if user and user not in self.keys:
                self.add_key(user, user)
            self.costs[day, user, model, fee] = dollars

    def seat(self, account_id: str, email: str | None, used: int, kind: str = "standard") -> None:
        """Somebody has a seat of a team's plan, and used so much of 100 in its cycle."""
        equity = {
            "EquityType": "CREDIT",
            "CycleTotalValue": "100",
            "CycleSurplusValue": str(100 - used),
            "CycleStartTime": 1793462400000,
            "CycleEndTime": 1796054400000,
        }
        self.seats.append(
            {
                "SeatId": f"seat-{account_id}",
                "SpecType": kind,
                "Status": "NORMAL",
                "AssignedStatus": "ASSIGNED",
                "AccountId": account_id,
                "AccountName": account_id,
                "AccountEmail": email,
                "EndTime": 1798732800000,
                "EquityList": [equity],
            }
        )

    def answer(self, heard: Heard) -> Answer:
        """As the service would answer."""
        with self.lock:
            try:
                self._check_signature(heard)
                said = self._work(heard)
            except _RefusedError as no:
                said = {"code": no.code, "message": str(no), "requestId": "R", "success": False}
                return Answer(no.status, said)
            return Answer(200, {"code": "Success", "message": "", "requestId": "R", "success": True, **said})

    def _check_signature(self, heard: Heard) -> None:
        at = datetime.fromisoformat(heard.headers.get("x-acs-date", "1970-01-01T00:00:00Z"))
        if abs(self.now - at) > timedelta(minutes=15):
            raise _RefusedError(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        nonce = heard.headers["x-acs-signature-nonce"]
        sent = Sent(heard.method, heard.headers["host"], heard.path, heard.raw, heard.headers, heard.body)
        ours = alibaba(self.key_id, "2026-02-10", lambda: at, lambda: nonce)(self.secret, sent)
        if ours["Authorization"] != heard.headers.get("authorization"):
            raise _RefusedError(400, "SignatureDoesNotMatch", "Specified signature does not match our calculation.")

    def _work(self, heard: Heard) -> Json:
        action = heard.headers.get("x-acs-action")
        switched = re.fullmatch("/modelstudio/apikeys/([^/]+)/(disable|enable)", heard.path)
        match heard.method, heard.path, action:
            case "GET", "/modelstudio/apikeys", "ListApiKeys":
                return self._list(heard)
            case "GET", "/modelstudio/billing/trend", "GetBillingTrend":
                return {"data": self._trend(heard)}
            case "GET", "/tokenplan/subscription/seat-detail", "GetSubscriptionSeatDetails":
                return self._seats(heard)
            case "PUT", _, "DisableApiKey" | "EnableApiKey" if switched:
                if switched[1] not in self.keys:
                    raise _RefusedError(404, "ApiKey.NotFound", "The API key does not exist.")
                self.keys[switched[1]]["disabled"] = int(switched[2] == "disable")
                return {}
        raise _RefusedError(404, "InvalidAction.NotFound", "Specified api is not found.")

    def _list(self, heard: Heard) -> Json:
        size, start = int(heard.query.get("maxResults", "20")), int(heard.query.get("nextToken", "0"))
        if not 1 <= size <= 100:
            raise _RefusedError(400, "InvalidParameter", "maxResults must be in 1..100")
        only = heard.query.get("apiKeyId")
        rows = [row for row in self.keys.values() if only in {None, str(row["apiKeyId"])}]
        following = str(start + size) if start + size < len(rows) else None
        return {
            "apiKeys": rows[start : start + size],
            "nextToken": following,
            "maxResults": size,
            "totalCount": len(rows),
        }

    def _trend(self, heard: Heard) -> Json:
        span, (by,) = json.loads(heard.query["timePeriod"]), json.loads(heard.query["groupBy"])
        only = json.loads(heard.query.get("filter", '{"dimensions": []}'))["dimensions"]
        codes = {by["code"], *(each["code"] for each in only)}
        top = int(heard.query.get("topNum", "20"))
        if codes - CODES or not 1 <= top <= 20 or heard.query.get("granularity") != "DAY":
            raise _RefusedError(400, "InvalidParameter", "unknown dimension or topNum")
        first, last = (date.fromisoformat(span[name]) for name in ("start", "end"))
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        shown = [self._day(day, by["code"], only, top) for day in days]
        return {"resultByTime": shown, "costTotals": None, "groupByTotal": []}

    def _day(self, day: date, by: str, only: list[Json], top: int) -> Json:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for (on, key, model, fee), cost in self.costs.items():
            words = {"API_KEY_ID": key, "BASE_MODEL": model, "FEE_TYPE": fee}
            if on == day and all(words[each["code"]] in each["values"] for each in only):
                sums[words[by] or NONE] += cost
        ranked = sorted(((name, cost) for name, cost in sums.items() if cost), key=lambda each: -each[1])
        groups = ranked[:top]
        if ranked[top:]:
            groups.append((OTHERS, sum((cost for _, cost in ranked[top:]), Decimal(0))))
        total = sum(sums.values(), Decimal(0))
        return {
            "period": f"{day:%Y%m%d}",
            "total": {"currency": self.currency, **_amounts(total)},
            "periodDetails": [
                {"key": name, "name": name, "percentage": "0.5", **_amounts(cost)} for name, cost in groups
            ],
        }

    def _seats(self, heard: Heard) -> Json:
        if not self.has_plan:
            raise _RefusedError(404, "Organization.NotFound", "There is no token plan.")
        size, number = int(heard.query["PageSize"]), int(heard.query["PageNo"])
        return {"Items": self.seats[(number - 1) * size :][:size], "Total": len(self.seats), "PageNo": number}


def _amounts(pretax: Decimal) -> Json:
    """Numbers, as the answer has them; taxes are six percent."""
    tax = (pretax * Decimal("0.06")).quantize(Decimal("0.000001"))
    return {"amount": float(pretax + tax), "pretaxAmount": float(pretax), "taxAmount": float(tax)}
