"""Volcengine Ark as its documents and SDK of November 2026 tell of it, with its own clock.

It checks what is signed, refuses with status 200 or another, and gives the amounts of bills as text.
"""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.http import Sent
from bot.providers.signatures import volcengine
from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
READS = frozenset({"ListEndpoints", "GetUsage", "ListBillDetail"})
MODEL = "doubao-seed-1-6"
AHEAD = timedelta(hours=8)


class _RefusedError(Exception):
    def __init__(self, code: str, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class FakeVolcengine(Loopback):
    """Starts with two endpoints in the project default, Dana's by a tag and a crawler's.

    Attributes:
        key_id, secret: open everything.
        now: its clock.
        endpoints: by id, each with its project.
        starts: whether endpoints can be started by the API; the SDK lacks it.
        has_bills: whether the sub-user may read bills.
    """

    key_id, secret = "AKLTbursar", "TWpNMU5qYzRPVEF4TWpN"

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
        self.endpoints: dict[str, Json] = {}
        self.used: dict[tuple[date, str], dict[str, int]] = {}
        self.bills: list[Json] = []
        self.starts, self.has_bills = True, True
        self.add("ep-dana", "dana", tags=[{"Key": "owner", "Value": "dana@acme.test"}])
        self.add("ep-crawler", "crawler")

    @staticmethod
    def asks(heard: Heard) -> bool:
        """Whether a request is a question."""
        return heard.query.get("Action") in READS

    def add(self, endpoint_id: str, name: str | None, project: str = "default", tags: list[Json] | None = None) -> None:
        """An endpoint is made at the console."""
        self.endpoints[endpoint_id] = {
            "Id": endpoint_id,
            "Name": name,
            "ProjectName": project,
            "ModelReference": {"FoundationModel": {"Name": MODEL, "ModelVersion": "250615"}, "CustomModelId": None},
            "RateLimit": {"Rpm": 30000, "Tpm": 5000000},
            "Status": "Running",
            "StatusReason": None,
            "Tags": tags or [],
            "RollingId": None,
            "CreateTime": "2026-08-24T10:30:00Z",
            "UpdateTime": "2026-08-24T10:30:00Z",
        }

    def use(self, day: date, user: str, dollars: Decimal, _tokens: int = 0, **tokens: int) -> None:
        """Say what an endpoint used on a day in Beijing: a thousand tokens for a dollar; said again it is restated."""
        with self.lock:
            if user not in self.endpoints:
                self.add(user, user)
            usual = {"PromptTokens": int(dollars * 1000), "CompletionTokens": 7}
            self.used[day, user] = usual | tokens

    def bill(self, day: date, endpoint_id: str, payable: str, original: str) -> None:
        """The bill of a day is there, a line for each element."""
        for element, share in (("input", "0"), ("output", payable)):
            self.bills.append(
                {
                    "BillPeriod": f"{day:%Y-%m}",
                    "ExpenseDate": f"{day}",
                    "Product": "ark",
                    "InstanceNo": endpoint_id,
                    "Element": element,
                    "Count": "12.5",
                    "Unit": "千tokens",
                    "OriginalBillAmount": original if element == "output" else "0",
                    "DiscountBillAmount": "0",
                    "CouponAmount": "0",
                    "PayableAmount": share,
                    "Currency": "CNY",
                    "Project": "default",
                    "Tag": None,
                }
            )

    def answer(self, heard: Heard) -> Answer:
        """Everything is one path; what is wanted stands in the query."""
        with self.lock:
            try:
                return _said(heard, {"Result": self._admitted(heard)})
            except _RefusedError as no:
                return _said(heard, {"Error": {"CodeN": 100024, "Code": no.code, "Message": str(no)}}, no.status)

    def _admitted(self, heard: Heard) -> Any:
        action, version = heard.query.get("Action", ""), heard.query.get("Version")
        self._check_signature(heard, "billing" if action == "ListBillDetail" else "ark")
        body = json.loads(heard.body)
        match action, version:
            case "ListEndpoints", "2024-01-01":
                return self._list(body)
            case "GetUsage", "2024-01-01":
                return self._usage(body)
            case "ListBillDetail", "2022-01-01":
                return self._bill(body)
            case "StopEndpoint", "2024-01-01":
                self._endpoint(body)["Status"] = "Stopped"
                return {}
            case "StartEndpoint", "2024-01-01" if self.starts:
                self._endpoint(body)["Status"] = "Running"
                return {}
        raise _RefusedError("InvalidActionOrVersion", f"Could not find operation {action} for version {version}", 404)

    def _check_signature(self, heard: Heard, service: str) -> None:
        at = datetime.strptime(heard.headers.get("x-date", "19700101T000000Z"), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(self.now - at) > timedelta(minutes=15):
            raise _RefusedError("InvalidTimestamp", "the request has expired", 400)
        sent = Sent("POST", heard.headers["host"], heard.path, heard.raw, heard.headers, heard.body)
        ours = volcengine(self.key_id, service, "cn-beijing", lambda: at)(self.secret, sent)
        if ours["Authorization"] != heard.headers.get("authorization"):
            raise _RefusedError("SignatureDoesNotMatch", "The request signature does not match", 401)

    def _list(self, body: Json) -> Json:
        wanted = (body.get("Filter") or {}).get("Ids")
        rows = [
            row
            for row in self.endpoints.values()
            if row["ProjectName"] == body.get("ProjectName", "default") and (not wanted or row["Id"] in wanted)
        ]
        size, number = body.get("PageSize", 10), body.get("PageNumber", 1)
        if not 1 <= size <= 100:
            raise _RefusedError("InvalidParameter", "PageSize must be in 1..100", 400)
        page = rows[(number - 1) * size :][:size]
        return {"Items": page, "TotalCount": len(rows), "PageNumber": number, "PageSize": size}

    def _usage(self, body: Json) -> Json:
        if body.get("Interval") not in {3600, 86400}:
            raise _RefusedError("InvalidParameter", "Interval must be 3600 or 86400", 400)
        ids = body.get("EndpointIds") or list(self.endpoints)
        kinds = {name: self._series(name, ids, body) for name in ("PromptTokens", "CompletionTokens")}
        tags = [{"Key": "EndpointId", "Value": ids[0]}]
        return {
            "UsageResults": [
                {"Name": name, "MetricItems": [{"Tags": tags, "Values": values}]} for name, values in kinds.items()
            ]
        }

    def _series(self, name: str, ids: list[str], body: Json) -> list[Json]:
        """What was used stands at noon in Beijing; the other hours are there as well."""
        values = []
        for at_s in range(body["StartTime"], body["EndTime"] + 1, 3600):
            there = datetime.fromtimestamp(at_s, UTC) + AHEAD
            used = sum(self.used.get((there.date(), each), {}).get(name, 0) for each in ids) if there.hour == 12 else 0
            values.append({"Timestamp": at_s, "Value": used})
        return values

    def _bill(self, body: Json) -> Json:
        if not self.has_bills:
            raise _RefusedError("AccessDenied", "no permission", 403)
        if body.get("Limit", 0) > 300:
            raise _RefusedError("InvalidParameter", "Limit must not exceed 300", 400)
        rows = [row for row in self.bills if row["ExpenseDate"] == body["ExpenseDate"]]
        offset = body.get("Offset", 0)
        return {"List": rows[offset : offset + body["Limit"]], "Total": len(rows), "Limit": body["Limit"]}

    def _endpoint(self, body: Json) -> Json:
        if body["Id"] not in self.endpoints:
            raise _RefusedError("NotFound.Endpoint", "The endpoint is not found", 404)
        return self.endpoints[body["Id"]]


def _said(heard: Heard, more: Json, status: int = 200) -> Answer:
    head = {"RequestId": "2026112900", "Action": heard.query.get("Action"), "Service": "ark", "Region": "cn-beijing"}
    error = {"Error": more["Error"]} if "Error" in more else {}
    return Answer(status, {"ResponseMetadata": head | error, **({"Result": more["Result"]} if not error else {})})
