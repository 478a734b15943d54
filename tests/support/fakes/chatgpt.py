"""The admin side of a ChatGPT workspace, as OpenAI's own sample and help pages describe it.

What they do not say is as the reference for this provider expects: a user who is not known is a 404, and a body that is
not understood is a 400. The list of limits is paged like the list of users.
"""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote, unquote

from tests.support.fakes.loopback import Answer, Heard, Loopback

DAY_S = 86_400
PERIOD_END = "2026-12-01T00:00:00Z"
RIGHTS = {
    "usage_limits": "chatgpt.enterprise.usage_limit.read",
    "users": "chatgpt.enterprise.user.read",
    "groups": "chatgpt.enterprise.directory.read",
    "usage": "enterprise.analytics.usage.read",
    "logs": "chatgpt.enterprise.compliance_logs_platform.costs.read",
}

Row = dict[str, Any]


@dataclass
class Person:
    """A user of the workspace. `override` is the limit of their own, as it is stored."""

    email: str
    override: Row | None = None
    seat: str | None = "default"


class FakeChatGPT(Loopback):
    """A workspace that counts in credits, whose members may use 500 of them each month.

    Attributes:
        key: an admin key with all rights.
        unit: what it counts in.
        default: limit of each member, None for none.
        lacking: rights that the key lacks, of RIGHTS.
        requests_waiting: what is in its own list of requests for more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.key = f"sk-admin-{secrets.token_urlsafe(16)}"
        self.signature = secrets.token_urlsafe(16)
        self.workspace = "ws-123"
        self.unit: Literal["credit", "usd"] = "credit"
        self.default: Row | None = self.rule("500")
        self.lacking: set[str] = set()
        self.requests_waiting: list[Row] = []
        self.people: dict[str, Person] = {"user-dana": Person("dana@acme.test")}
        self.groups = {"group-42": "Search team"}
        self.organization = "org-abc"
        self._usage: dict[tuple[date, str | None], list[Row]] = {}
        self._files: dict[str, dict[str, Row]] = {}

    @property
    def base(self) -> str:
        """Its address with the version."""
        return f"{self.url}/v1"

    def rule(self, amount: str, unit: str = "", expires: str | None = None) -> Row:
        """A limit as it is shown."""
        worth = {"amount": amount, "unit": unit or self.unit}
        return {"type": "limited", "limit_amount": worth, "limit_expires_at": expires}

    def add_usage(self, day: date, user: str | None, *, more: bool = False, **totals: object) -> None:
        """Say what a user's day was, instead of what was said before, or `more` beside it."""
        nothing = dict.fromkeys(("credits", "cost_usd", "estimated_cost_usd", "text_total_tokens"))
        tokens = dict.fromkeys(("uncached_text_input_tokens", "cached_text_input_tokens", "text_output_tokens"), 0)
        with self.lock:
            if not more:
                self._usage.pop((day, user), None)
            self._usage.setdefault((day, user), []).append({**nothing, **tokens, **totals})

    def log(self, written: datetime, event_id: str, day: date, hour: int, *billing: Row, **said: object) -> None:
        """Write a line of the log of costs into the file of that moment; the same line again replaces itself."""
        payload = {"day": str(day), "hour": hour, **said, "billing": list(billing)}
        with self.lock:
            lines = self._files.setdefault(written.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), {})
            lines[event_id] = {"event_id": event_id, "event_type": "COSTS", "payload": payload}

    def use(self, day: date, user: str, dollars: Decimal, tokens: int) -> None:
        """A user's day at four cents a credit."""
        self.people.setdefault(user, Person(f"{user}@acme.test"))
        credits_ = float(dollars / Decimal("0.04"))
        self.add_usage(
            day,
            user,
            credits=credits_,
            estimated_cost_usd=99.0,
            uncached_text_input_tokens=tokens,
            text_output_tokens=tokens,
        )
        self.log(
            datetime.combine(day, time(19), UTC),
            f"evt_{day}_{user}",
            day,
            14,
            billed("GPT-5.6 Sol - Input", tokens, credits_ / 4),
            billed("GPT-5.6 Sol - Output", tokens, credits_ / 4 * 3),
            identity={"user_id": user, "email": f"{user}@acme.test"},
            model="gpt-5.6-sol",
            service_tier="default",
        )

    def answer(self, heard: Heard) -> Answer:
        """As OpenAI would answer."""
        if heard.path.startswith("/signed/"):
            return self._signed_file(heard)
        if heard.headers.get("authorization", "") != f"Bearer {self.key}":
            return _error(401, "Invalid admin key.")
        for pattern, right, methods in self._routes():
            found = re.fullmatch(pattern, heard.path)
            if found and heard.method in methods:
                if right in self.lacking:
                    return _error(403, f"Missing permission: {RIGHTS[right]}")
                if found[1] not in {self.workspace, self.organization}:
                    return _error(403, "This key belongs to another workspace.")
                with self.lock:
                    return methods[heard.method](heard, *found.groups()[1:])
            if found:
                return _error(405, f"Not allowed to {heard.method} on {heard.path}")
        return _error(404, "Not found")

    def _routes(self) -> list[tuple[str, str, Mapping[str, Callable[..., Answer]]]]:
        manage = "/v1/manage/workspaces/([^/]+)"
        limits = f"{manage}/usage_limits"
        return [
            (f"{limits}/workspace", "usage_limits", {"GET": lambda _heard: Answer(200, {"id": self.workspace})}),
            (f"{limits}/users", "usage_limits", {"GET": self._list_limits}),
            (f"{limits}/users/([^/]+)", "usage_limits", {"GET": self._get_limit, "PATCH": self._set_limit}),
            (f"{limits}/users/([^/]+)/monthly-usage", "usage_limits", {"GET": self._month}),
            (f"{limits}/requests", "usage_limits", {"GET": lambda heard: _listed(heard, self.requests_waiting, 100)}),
            (f"{manage}/users", "users", {"GET": self._list_users}),
            (f"{manage}/groups", "groups", {"GET": self._list_groups}),
            ("/v1/analytics/workspaces/([^/]+)/usage", "usage", {"GET": self._report}),
            ("/v1/compliance/organizations/([^/]+)/logs", "logs", {"GET": self._list_files}),
            ("/v1/compliance/organizations/([^/]+)/logs/([^/]+)", "logs", {"GET": self._send_to_file}),
        ]

    def _list_users(self, heard: Heard) -> Answer:
        listed = [
            {"object": "workspace.user", "id": each, "email": one.email, "name": each, "seat_type": one.seat}
            for each, one in self.people.items()
        ]
        return _listed(heard, listed, 1000)

    def _list_groups(self, heard: Heard) -> Answer:
        """Paged by a cursor of its own."""
        listed = [{"id": each, "name": name} for each, name in self.groups.items()]
        page = _listed(heard, listed, 100, "cursor")
        if page.status == 200:
            page.body["cursor"] = page.body["last_id"] if page.body["has_more"] else None
        return page

    def _list_limits(self, heard: Heard) -> Answer:
        found = [each for each in self.people if heard.query.get("query", "") in self.people[each].email]
        return _listed(heard, [self._shown(each) for each in found], 100)

    def _get_limit(self, _heard: Heard, user: str) -> Answer:
        return Answer(200, self._shown(user)) if user in self.people else _error(404, "No such user.")

    def _set_limit(self, heard: Heard, user: str) -> Answer:
        if user not in self.people:
            return _error(404, "No such user.")
        body = json.loads(heard.body)
        if set(body) != {"override_monthly_usage_limit"}:
            return _error(400, "Expected override_monthly_usage_limit.")
        said = body["override_monthly_usage_limit"]
        wrong = None if said is None else self._wrong(said)
        if wrong:
            return _error(400, wrong)
        self.people[user].override = said and {
            **{name: value for name, value in said.items() if name != "temporary"},
            "limit_expires_at": PERIOD_END if said.get("temporary") else None,
        }
        return Answer(200, self._shown(user))

    def _wrong(self, rule: Row) -> str:
        """What is wrong with a limit, "" if it is good."""
        if set(rule) - {"type", "limit", "limit_amount", "temporary"}:
            return "Unknown field. limit_expires_at cannot be set."
        if rule.get("type") == "unlimited":
            return "" if set(rule) <= {"type", "temporary"} else "An unlimited rule has no amount."
        if ("limit" in rule) == ("limit_amount" in rule) or rule.get("type") != "limited":
            return "Exactly one of limit and limit_amount is needed."
        worth = rule.get("limit_amount") or {"unit": "credit", "amount": str(rule.get("limit"))}
        if worth["unit"] != self.unit:
            return "The unit does not match the workspace's."
        form = r"\d+" if self.unit == "credit" else r"\d+\.\d{2}"
        if not re.fullmatch(form, worth["amount"]) or Decimal(worth["amount"]) > 2**31 - 1:
            return "The amount is out of range."
        return ""

    def _month(self, _heard: Heard, user: str) -> Answer:
        if user not in self.people:
            return _error(404, "No such user.")
        body = {"id": user, "current_month_usage": 312.5, "current_month_usage_unit": self.unit}
        return Answer(200, {**body, "effective_monthly_usage_limit": self.people[user].override or self.default})

    def _shown(self, user: str) -> Row:
        override = self.people[user].override
        inherited = self.default and {"limit": self.default, "source": {"kind": "workspace_default"}}
        own = override and {"limit": override, "source": {"kind": "individual_override"}}
        return {
            "object": "workspace.user.usage_limit",
            "id": user,
            "email": self.people[user].email,
            "account_user_id": f"{user}__{self.workspace}",
            "override_monthly_usage_limit": [override] if override else None,
            "effective_monthly_usage_limit": own or inherited,
            "inherited_monthly_usage_limit": inherited,
        }

    def _list_files(self, heard: Heard) -> Answer:
        """Files by when they were written, after one moment and not after another."""
        query = heard.query
        size = query.get("limit", "20")
        if query.get("event_type") != "COSTS" or "after" not in query or not _within(size, 100):
            return _error(400, "event_type and after are needed, and limit is at most 100.")
        found = [each for each in sorted(self._files) if query["after"] < each <= query.get("before", "9999")]
        page = found[: int(size)]
        listed = [{"id": f"eclf_{each}", "event_type": "COSTS", "end_time": each} for each in page]
        ends = {"has_more": len(found) > len(page), "last_end_time": page[-1] if page else None}
        return Answer(200, {"data": listed, **ends})

    def _send_to_file(self, _heard: Heard, file: str) -> Answer:
        file = unquote(file).removeprefix("eclf_")
        if file not in self._files:
            return _error(404, "No such file.")
        return Answer(307, b"", {"Location": f"{self.url}/signed/{quote(file)}?sig={self.signature}"})

    def _signed_file(self, heard: Heard) -> Answer:
        """Where files lie. Whoever brings another key than the signature is sent away."""
        if "authorization" in heard.headers or heard.query.get("sig") != self.signature:
            return Answer(400, b"<Error>Only one auth mechanism allowed</Error>")
        lines = self._files[unquote(heard.path.removeprefix("/signed/"))].values()
        return Answer(200, "".join(f"{json.dumps(line)}\n" for line in lines).encode())

    def _report(self, heard: Heard) -> Answer:
        query = heard.query
        start, end = query.get("start_time", ""), query.get("end_time", "")
        size = query.get("limit", "1000")
        if not all(each.isdecimal() and int(each) % DAY_S == 0 for each in (start, end)):
            return _error(400, "start_time and end_time must be midnights in UTC.")
        if not _within(size, 30_000):
            return _error(400, "limit must be between 1 and 30000.")
        listed = [
            _usage_row(day, user, totals)
            for (day, user), parts in sorted(self._usage.items(), key=lambda each: str(each[0]))
            if int(start) <= _midnight(day) < int(end)
            for totals in parts
        ]
        first = int(query.get("page", "page_0").removeprefix("page_"))
        last = first + int(size)
        more = last < len(listed)
        following = f"page_{last}" if more else None
        return Answer(200, {"object": "page", "data": listed[first:last], "has_more": more, "next_page": following})


def billed(sku: str, tokens: int, credits_: float) -> Row:
    """What one thing cost in a line of the log; OpenAI's estimate in dollars is not to be trusted."""
    cost = {"value": credits_, "unit": "CREDITS"}
    return {"sku": sku, "quantity": {"value": tokens, "unit": "TOKENS"}, "cost": cost, "estimated_cost_usd": 99.0}


def _within(text: str, most: int) -> bool:
    return text.isdecimal() and 1 <= int(text) <= most


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _usage_row(day: date, user: str | None, totals: Row) -> Row:
    start = _midnight(day)
    return {
        "object": "workspace.usage.result",
        "user_id": user,
        "actor": {"type": "ACCOUNT_USER" if user else "AGENT", "user_id": user},
        "start_time": start,
        "end_time": start + DAY_S,
        "totals": totals,
        "clients": [],
    }


def _listed(heard: Heard, listed: list[Row], most: int, word: str = "after") -> Answer:
    size = heard.query.get("limit", "20")
    if not _within(size, most):
        return _error(400, f"limit must be between 1 and {most}.")
    ids = [row["id"] for row in listed]
    after = heard.query.get(word)
    if after is not None and after not in ids:
        return _error(400, "No such cursor.")
    start = ids.index(after) + 1 if after else 0
    page = listed[start : start + int(size)]
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    return Answer(200, {"object": "list", "data": page, **ends, "has_more": start + int(size) < len(listed)})


def _error(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}})
