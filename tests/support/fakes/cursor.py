"""A Cursor team as its documents of autumn 2026 describe it, on the Enterprise plan."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from tests.support.clock import Clock
from tests.support.fakes.loopback import Answer, Heard, Loopback

CYCLE_START = 1_793_491_200_000
MONTH_MS = 30 * 24 * 3600 * 1000


@dataclass(slots=True)
class Seat:
    """A member: the name, the own limit in dollars, and whether the member was removed."""

    name: str
    limit: int | None = None
    removed: bool = False
    role: str = "member"


@dataclass(slots=True)
class State:
    """All that it knows."""

    seats: dict[str, Seat] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    daily: list[dict[str, Any]] = field(default_factory=list)


class FakeCursor(Loopback):
    """Two members, Ana and Bo, and a team whose members may spend 100 dollars each if nothing else is said.

    Attributes:
        key: an Admin API key.
        state: what it knows; a test may look, and change it as a person at the dashboard would.
        default: what a member without an own limit may spend, None for no limit.
        enterprise: whether the plan has limits of members.
        clock: its time; what happens later is not reported yet.
    """

    key = "crsr_admin"

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.state = State()
        self.default: float | None = 100
        self.enterprise = True
        self.clock = clock or Clock()
        self.add_member("Ana@acme.example", "Ana Silva")
        self.add_member("bo@acme.example", "Bo Li")

    def add_member(self, email: str, name: str) -> None:
        """Another member."""
        self.state.seats[email] = Seat(name)

    def use(
        self,
        moment: datetime,
        email: str | None,
        model: str,
        cents: float,
        tokens: Mapping[str, int] | None = None,
        **facts: object,
    ) -> dict[str, Any]:
        """One call of somebody's; what is given back may be changed, which restates it."""
        event: dict[str, Any] = {
            "timestamp": str(int(moment.astimezone(UTC).timestamp() * 1000)),
            "userEmail": email,
            "model": model,
            "kind": "Usage-based",
            "maxMode": False,
            "requestsCosts": 1.4,
            "isTokenBasedCall": True,
            "isChargeable": True,
            "isHeadless": False,
            "chargedCents": cents,
            **facts,
        }
        if tokens is not None:
            event["tokenUsage"] = {**tokens, "totalCents": cents}
        with self.lock:
            self.state.events.insert(0, event)
        return event

    def answer(self, heard: Heard) -> Answer:
        """As Cursor would answer."""
        expected = b64encode(f"{self.key}:".encode()).decode()
        if heard.headers.get("authorization") != f"Basic {expected}":
            return _no(401, "Unauthorized", "Invalid API key")
        work = self._routes().get((heard.method, heard.path))
        if work is None:
            return _no(404, "Not Found", "No such route")
        try:
            body = json.loads(heard.body or b"{}")
        except ValueError:
            return _no(400, "Bad Request", "Invalid JSON")
        with self.lock:
            return work(body)

    def _routes(self) -> Mapping[tuple[str, str], Callable[[dict[str, Any]], Answer]]:
        return {
            ("GET", "/teams/members"): self._members,
            ("GET", "/teams/groups"): self._groups,
            ("POST", "/teams/spend"): self._spend,
            ("POST", "/teams/filtered-usage-events"): self._usage,
            ("POST", "/teams/user-spend-limit"): self._set,
            ("POST", "/teams/daily-usage-data"): self._daily,
        }

    def _members(self, _body: dict[str, Any]) -> Answer:
        rows = [
            {"id": f"user_{number}", "name": seat.name, "email": email, "role": seat.role, "isRemoved": seat.removed}
            for number, (email, seat) in enumerate(self.state.seats.items())
        ]
        return Answer(200, {"teamMembers": rows})

    def _groups(self, _body: dict[str, Any]) -> Answer:
        if not self.enterprise:
            return _no(403, "Forbidden", "Enterprise plan required")
        return Answer(200, {"groups": [], "billingCycle": {"cycleStart": "2026-11-01", "cycleEnd": "2026-12-01"}})

    def _spend(self, body: dict[str, Any]) -> Answer:
        wanted = body.get("searchTerm", "").casefold()
        found = [
            (email, seat)
            for email, seat in self.state.seats.items()
            if not seat.removed and wanted in f"{email} {seat.name}".casefold()
        ]
        page, size = body.get("page", 1), body.get("pageSize", 50)
        if not (_is_whole(page) and _is_whole(size) and page >= 1 and 1 <= size <= 1000):
            return _no(400, "Bad Request", "Invalid page")
        rows = [self._spend_row(email, seat) for email, seat in found[(page - 1) * size : page * size]]
        totals = {"totalMembers": len(found), "totalPages": -(-len(found) // size)}
        return Answer(200, {"teamMemberSpend": rows, "subscriptionCycleStart": CYCLE_START, **totals})

    def _spend_row(self, email: str, seat: Seat) -> dict[str, Any]:
        """An override of 0 is written for none; what is enforced stands in a field of its own."""
        cents = sum(event["chargedCents"] for event in self.state.events if event["userEmail"] == email)
        return {
            "userId": f"user_{email}",
            "name": seat.name,
            "email": email,
            "role": "member",
            "spendCents": cents,
            "overallSpendCents": cents,
            "fastPremiumRequests": 0,
            "hardLimitOverrideDollars": seat.limit or 0,
            "monthlyLimitDollars": seat.limit,
            "effectivePerUserLimitDollars": self.default if seat.limit is None else seat.limit,
        }

    def _usage(self, body: dict[str, Any]) -> Answer:
        start, end = body.get("startDate", ""), body.get("endDate", "")
        page, size = body.get("page", 1), body.get("pageSize", 100)
        if not (_is_whole(start) and _is_whole(end) and start <= end <= start + MONTH_MS):
            return _no(400, "Bad Request", "Date range cannot exceed 30 days")
        if not (_is_whole(page) and _is_whole(size) and page >= 1 and 1 <= size <= 1000):
            return _no(400, "Bad Request", "Invalid page")
        until = min(end, int(self.clock().timestamp() * 1000))
        found = [event for event in self.state.events if start <= int(event["timestamp"]) <= until]
        pages = -(-len(found) // size)
        paging = {"numPages": pages, "currentPage": page, "pageSize": size, "hasPreviousPage": page > 1}
        body = {
            "totalUsageEventsCount": len(found),
            "pagination": {**paging, "hasNextPage": page < pages},
            "usageEvents": found[(page - 1) * size : page * size],
            "period": {"startDate": start, "endDate": end},
        }
        return Answer(200, body)

    def work(self, day: date, email: str | None, lines: int, accepts: int = 0, rejects: int = 0) -> None:
        """What somebody took of what was proposed on a day."""
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
        did = {"acceptedLinesAdded": lines, "totalAccepts": accepts, "totalRejects": rejects, "totalLinesAdded": 900}
        self.state.daily.append({"date": start, "email": email, "isActive": True, **did})

    def _daily(self, body: dict[str, Any]) -> Answer:
        """Only who was active, as there is no page asked for."""
        start, end = body.get("startDate", ""), body.get("endDate", "")
        if not (_is_whole(start) and _is_whole(end) and start <= end <= start + MONTH_MS):
            return _no(400, "Bad Request", "Date range cannot exceed 30 days")
        rows = [row for row in self.state.daily if start <= row["date"] <= end]
        return Answer(200, {"data": rows, "period": {"startDate": start, "endDate": end}})

    def _set(self, body: dict[str, Any]) -> Answer:
        if not self.enterprise:
            return _no(403, "Forbidden", "Enterprise plan required")
        email, dollars = body.get("userEmail", ""), body.get("spendLimitDollars", "")
        if "@" not in email:
            return Answer(200, {"outcome": "error", "message": "Invalid email format"})
        if dollars is not None and not (_is_whole(dollars) and dollars >= 0):
            return Answer(400, {"outcome": "error", "message": "spendLimitDollars must be an integer"})
        seat = self.state.seats.get(email)
        if seat is None or seat.removed:
            return Answer(200, {"outcome": "error", "message": "User is not in the team"})
        seat.limit = dollars
        return Answer(200, {"outcome": "success", "message": f"Spend limit set to ${dollars} for user {email}"})


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _no(status: int, error: str, message: str) -> Answer:
    return Answer(status, {"error": error, "message": message})
