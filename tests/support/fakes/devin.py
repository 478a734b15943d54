"""Devin's API v3 as its reference of November 2026 tells of it. It refuses what Devin refuses.

A day is told as the moment at which it begins, 08:00 UTC, and ACUs are floats.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
PAGE_ROWS_MAX = 200
PRODUCTS = ("devin", "cascade", "terminal")


class _RefusedError(Exception):
    def __init__(self, status: int, detail: Any) -> None:
        super().__init__(str(detail))
        self.status, self.detail = status, detail


class FakeDevin(Loopback):
    """Starts with Dana and the organizations platform, which has a limit of 100 ACU, and lab, which has none.

    Attributes:
        key: of a service user who may do all.
        used: ACU by day, user ("" for a service user) and product.
        limits: by organization; one of a person stands beside them.
    """

    key = f"cog_{'Service8' * 6}"

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, Json] = {}
        self.organizations: dict[str, Json] = {}
        self.used: dict[tuple[date, str, str], float] = {}
        self.limits: dict[str, int | None] = {"org-platform": 100}
        self.add_person("email|dana", "Dana@acme.test", "Dana")
        self.add_organization("org-platform", "platform")
        self.add_organization("org-lab", None)

    def add_person(self, user_id: str, email: str | None, name: str | None) -> None:
        """Somebody joins the enterprise."""
        self.people[user_id] = {"user_id": user_id, "email": email, "name": name, "role_assignments": []}

    def add_organization(self, org_id: str, name: str | None) -> None:
        """An organization is made."""
        self.organizations[org_id] = {
            "org_id": org_id,
            "name": name,
            "created_at": 1_760_000_000,
            "updated_at": 1_760_000_000,
            "max_cycle_acu_limit": None,
            "max_session_acu_limit": None,
        }

    def use(self, day: date, user: str, dollars: Decimal, _tokens: int = 0, product: str = "devin") -> None:
        """Say what somebody used on a day there, at a dollar an ACU; said again it is restated."""
        with self.lock:
            if user and user not in self.people:
                self.add_person(user, f"{user}@acme.test", None)
            self.used[day, user, product] = float(dollars)

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
        match heard.method, heard.path.removeprefix("/v3/enterprise/").split("/"):
            case "GET", ["members", "users"]:
                return self._page(self.people.values(), heard)
            case "GET", ["organizations"]:
                return self._page(self.organizations.values(), heard)
            case "GET", ["consumption", "acu-limits", "devin"]:
                return self._page(self._caps(), heard)
            case "PUT", ["consumption", "acu-limits", "devin", "organizations", org_id]:
                return self._cap(unquote(org_id), json.loads(heard.body))
            case "GET", ["consumption", "daily"]:
                return self._daily(heard, None)
            case "GET", ["consumption", "daily", "users", user_id] if unquote(user_id) in self.people:
                return self._daily(heard, unquote(user_id))
            case _:
                raise _RefusedError(404, "Not Found")

    def _caps(self) -> list[Json]:
        person = {"cycle_acu_limit": 7, "scope": "user", "org_id": None, "user_id": "email|dana"}
        ours = [
            {"cycle_acu_limit": acus, "scope": "organization", "org_id": org_id, "user_id": None}
            for org_id, acus in self.limits.items()
        ]
        return [person, *ours]

    def _cap(self, org_id: str, body: Json) -> Json:
        if org_id not in self.organizations:
            raise _RefusedError(404, "Organization not found")
        wanted = body.get("cycle_acu_limit")
        if not isinstance(wanted, int) or wanted < 0:
            wrong = {"loc": ["body", "cycle_acu_limit"], "msg": "Input should be a valid integer", "type": "int_type"}
            raise _RefusedError(422, [wrong])
        self.limits[org_id] = wanted
        return {"cycle_acu_limit": wanted, "scope": "organization", "org_id": org_id, "user_id": None}

    def _daily(self, heard: Heard, user: str | None) -> Json:
        since, until = (int(heard.query[name]) for name in ("time_after", "time_before"))
        days: dict[int, dict[str, float]] = {}
        for (day, who, product), acus in self.used.items():
            at = int(datetime(day.year, day.month, day.day, 8, tzinfo=UTC).timestamp())
            if since <= at < until and user in {None, who}:
                products = days.setdefault(at, dict.fromkeys(PRODUCTS, 0.0))
                products[product] = products.get(product, 0.0) + acus
        rows = [{"date": at, "acus": sum(each.values()), "acus_by_product": each} for at, each in days.items()]
        return {"total_acus": sum(row["acus"] for row in rows), "consumption_by_date": rows}

    def _page(self, rows: Iterable[Json], heard: Heard) -> Json:
        size = int(heard.query.get("first", 100))
        if not 1 <= size <= PAGE_ROWS_MAX:
            raise _RefusedError(422, [{"loc": ["query", "first"], "msg": "Input should be less", "type": "less"}])
        start = int(heard.query.get("after", 0))
        every = list(rows)
        more = start + size < len(every)
        return {
            "items": every[start : start + size],
            "end_cursor": str(start + size) if more else None,
            "has_next_page": more,
            "total": None,
        }
