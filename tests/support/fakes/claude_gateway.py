"""A Claude apps gateway as the program of November 2026 answered, with its own clock.

tests/providers/claude_gateway_recorded has what the real one said; test_claude_gateway.py holds the two together.
"""

import itertools
import json
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
ROOT = "/v1/organizations/spend_limits"
PERIODS = ("daily", "weekly", "monthly")


class _RefusedError(Exception):
    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(
            status, {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_0"}
        )


def _bad(message: str) -> _RefusedError:
    return _RefusedError(400, "invalid_request_error", message)


class FakeClaudeGateway(Loopback):
    """Starts with Dana, who spent something once and is in the group eng.

    Attributes:
        key: may write.
        look: may read only.
        now: its clock.
        actors: whom it has seen, by the id that the identity provider gives.
    """

    key = "bursar-write-key-of-32-characters-or-more"
    look = "bursar-read-key-of-32-characters-or-more-"

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 18, 12, tzinfo=UTC)
        self.rows: dict[str, Json] = {}
        self.actors: dict[str, Json] = {}
        self.groups: dict[str, list[str]] = defaultdict(list)
        self._spent: dict[tuple[str, date], Decimal] = {}
        self._pooled: dict[str, Decimal] = defaultdict(Decimal)
        self._numbers = itertools.count(1)
        self.see("sub-dana", "dana@acme.test", "Dana Reyes", "eng")
        self._spent["sub-dana", date(2026, 11, 2)] = Decimal("200.4")

    def see(self, user_id: str, email: str | None, name: str | None, *groups: str) -> None:
        """Somebody signs in and asks something for the first time."""
        self.actors[user_id] = {"user_id": user_id, "name": name, "email_address": email, "deleted": False}
        self.groups[user_id] = list(groups)
        self._spent.setdefault((user_id, self.now.date()), Decimal(0))

    def use(self, day: date, user: str, dollars: Decimal, _tokens: int = 0) -> None:
        """Say what somebody spent on a day; said again it is what they spent by the end of it. The clock follows."""
        with self.lock:
            self.now = max(self.now, datetime.combine(day, time(12), UTC))
            if user not in self.actors:
                self.see(user, f"{user}@acme.test", user)
            before = self._spent.get((user, day), Decimal(0))
            self._spent[user, day] = dollars * 100
            for group in self.groups[user]:
                self._pooled[group] += dollars * 100 - before

    def told(self, first: date, last: date) -> dict[tuple[str, date], int]:
        """What somebody who had read it each midnight would know of the days before today."""
        return {
            (user, day): int(cents * 10**7)
            for (user, day), cents in self._spent.items()
            if first <= day <= last and day < self.now.date() and cents
        }

    def answer(self, heard: Heard) -> Answer:
        """Everything but the limits is for developers, who sign in otherwise: it is refused, and not unknown."""
        with self.lock:
            try:
                return self._admitted(heard)
            except _RefusedError as no:
                return no.answer

    def _admitted(self, heard: Heard) -> Answer:
        if not heard.path.startswith(ROOT):
            raise _RefusedError(401, "authentication_error", "invalid token")
        secret = heard.headers.get("x-api-key")
        if secret not in {self.key, self.look}:
            raise _RefusedError(401, "authentication_error", "missing or invalid admin credentials")
        if heard.method != "GET" and secret != self.key:
            raise _RefusedError(403, "permission_error", "requires write:spend_limits")
        rest = heard.path.removeprefix(ROOT).strip("/")
        match heard.method, rest:
            case "GET", "":
                return Answer(200, self._listed(heard))
            case "POST", "":
                return Answer(200, self._set(json.loads(heard.body or b"{}")))
            case "GET", "effective":
                return Answer(200, self._effective(heard))
            case "GET", name if name in self.rows:
                return Answer(200, self._shown(self.rows[name]))
            case "DELETE", name if name in self.rows:
                del self.rows[name]
                return Answer(200, {"type": "spend_limit_deleted", "id": name})
        raise _RefusedError(404, "not_found_error", "spend limit not found")

    def _listed(self, heard: Heard) -> Json:
        kind = heard.query.get("scope_type")
        limit = _number(heard)
        rows = [self._shown(row) for row in self.rows.values() if kind in {None, row["scope"]["type"]}]
        after = heard.query.get("after_id")
        if after:
            ids = [row["id"] for row in rows]
            if after not in ids:
                raise _bad("after_id: no such spend limit")
            rows = rows[ids.index(after) + 1 :]
        page = rows[:limit]
        return {
            "data": page,
            "has_more": len(rows) > limit,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
        }

    def _set(self, body: Json) -> Json:
        scope, period = body.get("scope"), body.get("period", "monthly")
        if scope is None:
            raise _bad("scope: Required")
        if scope.get("type") not in {"user", "rbac_group", "organization"}:
            raise _bad("scope.type: Invalid discriminator value. Expected 'user' | 'rbac_group' | 'organization'")
        if period not in PERIODS:
            raise _bad(f"period: Invalid enum value. Expected 'daily' | 'weekly' | 'monthly', received '{period}'")
        if "amount" not in body:
            raise _bad("amount: Required")
        _whole_cents("amount", body["amount"])
        pool = body.get("pooled_budget")
        if pool:
            self._check_pool(scope, period, body["amount"], pool)
        old = next((row for row in self.rows.values() if (row["scope"], row["period"]) == (scope, period)), None)
        at = f"{self.now:%Y-%m-%dT%H:%M:%S.000Z}"
        name = old["id"] if old else f"spl_{next(self._numbers):032x}"
        made = {"type": "spend_limit", "id": name, "created_at": old["created_at"] if old else at, "updated_at": at}
        made |= {"scope": scope, "amount": body["amount"], "currency": "USD", "period": period}
        made["pooled_budget"] = (old or {}).get("pooled_budget") if pool is None else pool
        if pool and pool.get("amount") is None:
            made["pooled_budget"] = None
        elif pool and not (old or {}).get("pooled_budget"):
            self._pooled[scope["rbac_group_id"]] = Decimal(0)  # it counts from the moment it is set
        self.rows[name] = made
        return self._shown(made)

    def _check_pool(self, scope: Json, period: str, amount: str | None, pool: Json) -> None:
        _whole_cents("pooled_budget.amount", pool.get("amount"))
        if scope["type"] != "rbac_group" or period != "monthly":
            raise _bad("Pooled budgets are monthly only. Set pooled fields on the group's monthly limit.")
        if amount is None and not pool.get("paused"):
            raise _bad(
                "A pooled budget that isn't paused needs amount (each member's own limit) on the same spend limit. "
                "Set amount; it may equal pooled_budget.amount."
            )

    def _shown(self, row: Json) -> Json:
        pool = row.get("pooled_budget")
        bare = {name: value for name, value in row.items() if name != "pooled_budget"}
        if not pool:
            return bare
        spent = self._pooled[row["scope"]["rbac_group_id"]]
        more = {"currency": "USD", "period_to_date_spend": f"{spent.normalize():f}"}
        return {**bare, "pooled_budget": {"amount": pool["amount"], "paused": pool.get("paused", False), **more}}

    def _effective(self, heard: Heard) -> Json:
        periods = heard.lists.get("period[]", list(PERIODS))
        if set(periods) - set(PERIODS):
            raise _bad("period: Invalid enum value")
        users = heard.lists.get("user_ids[]") or [
            user for user in self.actors if any(cents for (who, _), cents in self._spent.items() if who == user)
        ]
        rows = [self._bound(user, period) for user in users for period in periods]
        start = int(heard.query.get("page", "0"))
        limit = _number(heard)
        following = str(start + limit) if start + limit < len(rows) else None
        return {"data": rows[start : start + limit], "next_page": following}

    def _bound(self, user: str, period: str) -> Json:
        nobody = {"user_id": user, "name": None, "email_address": None, "deleted": False}
        found = self._wins(user, period)
        return {
            "scope": {"type": "user", "user_id": user},
            "groups": self.groups.get(user, []),
            "actor": {"type": "user_actor", **self.actors.get(user, nobody)},
            "amount": found["amount"] if found else None,
            "currency": "USD",
            "period": period,
            "source": found["scope"] if found else None,
            "spend_limit_id": found["id"] if found else None,
            "period_to_date_spend": f"{self._so_far(user, period).normalize():f}",
        }

    def _wins(self, user: str, period: str) -> Json | None:
        """The person's own, else the lowest of their groups, else the organization's."""
        rows = [row for row in self.rows.values() if row["period"] == period]
        own = [row for row in rows if row["scope"].get("user_id") == user]
        groups = [row for row in rows if row["scope"].get("rbac_group_id") in self.groups.get(user, [])]
        all_of_it = [row for row in rows if row["scope"]["type"] == "organization"]
        groups.sort(key=lambda row: Decimal("inf") if row["amount"] is None else Decimal(row["amount"]))
        return next(iter([*own, *groups, *all_of_it]), None)

    def _so_far(self, user: str, period: str) -> Decimal:
        today = self.now.date()
        since = {
            "daily": today,
            "weekly": today - timedelta(days=today.weekday()),
            "monthly": today.replace(day=1),
        }[period]
        spent = (cents for (who, day), cents in self._spent.items() if who == user and since <= day <= today)
        return sum(spent, Decimal(0))


def _whole_cents(name: str, amount: Any) -> None:
    if amount is None:
        return
    if not isinstance(amount, str):
        raise _bad(f"{name}: Expected string, received number")
    if not amount.isdigit():
        raise _bad(f"{name}: must be a whole-number decimal string of cents")


def _number(heard: Heard) -> int:
    limit = int(heard.query.get("limit", "1000"))
    if not 1 <= limit <= 1000:
        raise _bad("limit: must be between 1 and 1000")
    return limit
