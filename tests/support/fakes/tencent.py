"""Tencent Cloud's TokenHub as the SDK and the documents of November 2026 tell of it, with its own clock.

It checks what is signed, refuses with status 200, and gives quotas as text.
"""

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.http import Sent
from bot.providers.signatures import tencent
from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
READS = frozenset({"DescribeApiKeyList", "DescribeUsageRankList"})
STATS = ("InputTotalToken", "OutputTotalToken", "CacheTotalToken", "RequestCount", "RequestFailCount")
MODEL = "hunyuan-turbos"


class _RefusedError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class FakeTencent(Loopback):
    """Starts with two keys, Dana's with a quota of the month and one of the day, and a crawler's without.

    Attributes:
        secret_id, secret: open everything.
        reader: the SecretId of a sub-user who may read only; its secret is the same.
        now: its clock.
        keys: by id.
        used: tokens and requests by day, key and model.
    """

    secret_id, reader = "AKIDbursar", "AKIDreader"
    secret = "9zYw8Xv7Ut6Sr5Qp"

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
        self.keys: dict[str, Json] = {}
        self.used: dict[tuple[date, str, str], dict[str, int]] = {}
        self.add_key("ak-dana", "dana-laptop", "Dana Reyes")
        self.add_key("ak-crawler", "crawler", "")
        self.set_quota("ak-dana", "m", 50_000_000, start_day=1)
        self.set_quota("ak-dana", "d", 5_000_000)

    @staticmethod
    def asks(heard: Heard) -> bool:
        """Whether a request is a question, or looks whether it might write at a key that is not there."""
        is_try = heard.headers.get("x-tc-action") == "ModifyApiKeyStatus" and b"bursar-looks" in heard.body
        return heard.headers.get("x-tc-action") in READS or is_try

    def add_key(self, key_id: str, name: str, remark: str | None) -> None:
        """A key is made at the console. What it looks like is shown masked."""
        self.keys[key_id] = {
            "ApiKeyId": key_id,
            "Name": name,
            "ApiKey": "sk-t****9f",
            "Remark": remark,
            "Platform": "maas",
            "Uin": "100000000001",
            "SubUin": "100000000002",
            "Status": "enable",
            "BindType": "all",
            "CreateTime": "2026-08-24 10:30:00",
            "Editable": True,
            "BindingItems": None,
            "IpWhitelist": [],
            "QuotaStatus": "",
        }

    def set_quota(self, key_id: str, unit: str, tokens: int, used: int = 0, start_day: int = 1) -> None:
        """A quota as somebody sets it at the console."""
        quota = {
            "PkgId": f"pkg-{key_id}-{unit}",
            "Status": 3 if used >= tokens else 1,
            "CycleUnit": unit,
            "CycleCredits": str(tokens),
            "CycleUsed": str(used),
            "StartTime": f"2026-11-{start_day:02} 00:00:00",
            "ExpireTime": "2099-12-31 23:59:59",
        }
        key = self.keys[key_id]
        others = [each for each in key.get("QuotaSet") or [] if each["CycleUnit"] != unit]
        key["QuotaSet"] = [*others, quota]
        key["QuotaStatus"] = "active"

    def use(self, day: date, user: str, dollars: Decimal, _tokens: int = 0, **stats: int) -> None:
        """Say what a key used on a day: a thousand tokens of input for a dollar; said again it is restated."""
        with self.lock:
            if user not in self.keys:
                self.add_key(user, user, None)
            usual = {"InputTotalToken": int(dollars * 1000), "OutputTotalToken": 7, "RequestCount": 2}
            model = MODEL
            self.used[day, user, model] = dict.fromkeys(STATS, 0) | usual | stats

    def answer(self, heard: Heard) -> Answer:
        """Everything is one path; what is wanted stands in a header."""
        with self.lock:
            try:
                return _said(self._admitted(heard))
            except _RefusedError as no:
                return _said({"Error": {"Code": no.code, "Message": str(no)}})

    def _admitted(self, heard: Heard) -> Json:
        action = heard.headers.get("x-tc-action", "")
        if heard.path != "/" or heard.method != "POST" or heard.headers.get("x-tc-version") != "2026-03-22":
            raise _RefusedError("InvalidAction", "The request action does not exist or the version is wrong.")
        who = self._signed(heard)
        if action not in READS and who != self.secret_id:
            raise _RefusedError("UnauthorizedOperation.UnauthorizedOperation", "you are not authorized to do this")
        body = json.loads(heard.body)
        work = {
            "DescribeApiKeyList": self._list,
            "DescribeUsageRankList": self._rank,
            "ModifyApiKeyInfo": self._change,
            "ModifyApiKeyStatus": self._switch,
        }.get(action)
        if work is None:
            raise _RefusedError("InvalidAction", "The request action does not exist.")
        return work(body)

    def _signed(self, heard: Heard) -> str:
        """Who signed. Five minutes are the most that clocks may differ."""
        stamp = int(heard.headers.get("x-tc-timestamp", "0"))
        if abs(self.now.timestamp() - stamp) > 300:
            raise _RefusedError("AuthFailure.SignatureExpire", "The signature has expired.")
        sent = Sent("POST", heard.headers["host"], "/", "", heard.headers, heard.body)
        for who in (self.secret_id, self.reader):
            ours = tencent(who, "tokenhub", lambda: datetime.fromtimestamp(stamp, UTC))(self.secret, sent)
            if ours["Authorization"] == heard.headers.get("authorization"):
                return who
        raise _RefusedError("AuthFailure.SignatureFailure", "The provided credentials could not be validated.")

    def _list(self, body: Json) -> Json:
        limit, offset = body.get("Limit", 20), body.get("Offset", 0)
        if not 1 <= limit <= 100:
            raise _RefusedError("InvalidParameter.Limit", "Limit must be in 1..100")
        rows = list(self.keys.values())
        for one in body.get("Filters", []):
            if one["Name"] not in {"apikeyId", "apiKeyName", "platform", "status", "bindType"}:
                raise _RefusedError("InvalidParameter.InvalidParameter", f"unknown filter {one['Name']}")
            if one["Name"] == "apikeyId" and one["Op"] == "EXACT":
                rows = [row for row in rows if row["ApiKeyId"] in one["Values"]]
        return {"ApiKeySet": rows[offset : offset + limit], "TotalCount": len(rows)}

    def _rank(self, body: Json) -> Json:
        dimension, metric, anchor = body["Dimension"], body.get("MetricType", "tokens"), body.get("Anchor")
        if metric == "apikey_usage" and (not anchor or dimension not in {"model", "endpoint"}):
            raise _RefusedError("InvalidParameter.InvalidParameter", "Anchor is required")
        if metric not in {"tokens", "apikey_usage"}:
            raise _RefusedError("InvalidParameter.InvalidParameter", "MetricType")
        first, end = (datetime.fromisoformat(body[name]) for name in ("StartTime", "EndTime"))
        if not first < end <= first + timedelta(days=90):
            raise _RefusedError("InvalidParameter.PeriodExceedsSpan", "the span must not exceed 90 days")
        named = ("TotalToken", *STATS[:3]) if metric == "tokens" else ("TotalToken", *STATS)
        sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STATS, 0))
        for (day, key, model), used in self.used.items():
            at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
            if first <= at < end and anchor in {None, key}:
                row = sums[key if dimension == "apikey" else model]
                for name in STATS:
                    row[name] += used[name]
        rows = []
        for rank, (name, row) in enumerate(sums.items(), 1):
            total = {"TotalToken": row["InputTotalToken"] + row["OutputTotalToken"], **row}
            title = self.keys.get(name, {}).get("Name", name)
            stats = {each: total[each] for each in named}
            rows.append({"Rank": rank, "Key": name, "Name": title, "Stats": stats, "Series": None})
        if not body.get("ShowAll"):
            rows = rows[body.get("Offset", 0) :][:10]
        return {
            "Dimension": dimension,
            "MetricType": metric,
            "MetricKeys": list(named),
            "Total": len(sums),
            "TopList": rows,
            "Timestamps": [],
            "PageStats": None,
            "TotalStats": None,
            "SortKey": "TotalToken",
        }

    def _change(self, body: Json) -> Json:
        key = self._key(body)
        wanted = body.get("QuotasDesired")
        if wanted is None:
            return {}
        old = {each["CycleUnit"]: each for each in key.get("QuotaSet") or []}
        if len({each["CycleUnit"] for each in wanted}) != len(wanted):
            raise _RefusedError("InvalidParameter.InvalidParameter", "CycleUnit is said twice")
        key["QuotaSet"] = []
        for each in wanted:
            credits, unit = each["CycleCredits"], each["CycleUnit"]
            if not isinstance(credits, str) or not credits.isdigit() or not 0 < int(credits) <= 10**13:
                raise _RefusedError("InvalidParameterValue.InvalidParameterValue", "CycleCredits")
            if unit not in {"d", "m", "lifetime"}:
                raise _RefusedError("InvalidParameterValue.InvalidParameterValue", "CycleUnit")
            start = each.get("MonthStartDay", 1)
            before = old.get(unit)
            moved = unit == "m" and before is not None and int(before["StartTime"][8:10]) != start
            used = 0 if before is None or moved else int(before["CycleUsed"])
            self.set_quota(key["ApiKeyId"], unit, int(credits), used, start)
        key["QuotaStatus"] = "active" if wanted else ""
        return {}

    def _switch(self, body: Json) -> Json:
        if body.get("Status") not in {"enable", "disable"}:
            raise _RefusedError("InvalidParameterValue.InvalidParameterValue", "Status")
        self._key(body)["Status"] = body["Status"]
        return {}

    def _key(self, body: Json) -> Json:
        if body.get("Platform") != "maas":
            raise _RefusedError("InvalidParameter.InvalidParameter", "Platform")
        if body["ApiKeyId"] not in self.keys:
            raise _RefusedError("ResourceNotFound.ResourceNotFound", "no such ApiKey")
        return self.keys[body["ApiKeyId"]]


def _said(response: Json) -> Answer:
    return Answer(200, {"Response": {**response, "RequestId": "5b1f7d2e-0000-4000-8000-1f2e3d4c5b6a"}})
