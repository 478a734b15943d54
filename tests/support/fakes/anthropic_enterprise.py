"""A Claude Enterprise organization: limits that are inherited, requests for more, and what came of the work."""

import copy
import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.support.fakes.anthropic import FakeAnthropic, Json, Route, amount_of, body_of, invalid, missing, number
from tests.support.fakes.loopback import Heard

PAGING = frozenset({"limit", "page"})
DAYS = frozenset({"date", "starting_date", "ending_date"})

# A row that is of no single user.
OF_A_GROUP: Json = {"user": None, "chat_metrics": None, "claude_code_metrics": None, "web_search_count": None}


class FakeClaudeEnterprise(FakeAnthropic):
    """Starts with two members, Dana and Eli, and a limit of $500 for everybody with a standard seat.

    Attributes:
        seat_cents: what the seat tier allows, None for no limit.
        currency: what the organization is billed in.
        reports_last_days: whether activity has a last day.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seat_cents: str | None = "50000"
        self.currency = "USD"
        self.reports_last_days = True
        self.overrides: dict[str, Json] = {}
        self.asked: dict[str, Json] = {}
        self.mails: list[str] = []
        self._work: dict[tuple[date, str], Json] = {}
        self._numbers = itertools.count(1)
        self.join("user_01Dana", "dana@acme.test", "Dana Reyes")
        self.join("user_01Eli", "eli@acme.test", "Eli Novak")

    def ask_for_more(self, user_id: str, period: str = "monthly") -> str:
        """A member clicks "Request more usage"; at most one request of theirs is pending."""
        with self.lock:
            for each in self.asked.values():
                if each["actor"]["user_id"] == user_id and each["status"] == "pending":
                    return str(each["id"])
            name = f"slir_{next(self._numbers):04}"
            self.asked[name] = {
                "type": "spend_limit_increase_request",
                "id": name,
                "actor": self.actor(user_id),
                "status": "pending",
                "period": period,
                "created_at": f"{self.now:%Y-%m-%dT%H:%M:%SZ}",
                "resolved_at": None,
                "resolved_by": None,
            }
            return name

    def resolve(self, name: str, status: str) -> None:
        """An administrator decides in claude.ai."""
        with self.lock:
            by = {"type": "user_actor", "user_id": "user_01Admin"}
            self.asked[name] |= {"status": status, "resolved_at": self.now.isoformat(), "resolved_by": by}

    def work(self, day: date, user_id: str, **core: int) -> None:
        """What came of somebody's day with Claude Code."""
        lines = {"added_count": core.pop("lines", 0), "removed_count": 3}
        edits = {"accepted_count": core.pop("accepted", 0), "rejected_count": core.pop("rejected", 0)}
        with self.lock:
            self._work[day, user_id] = {
                "core_metrics": {
                    "commit_count": core.pop("commits", 0),
                    "distinct_session_count": core.pop("sessions", None),
                    "lines_of_code": lines,
                    "pull_request_count": core.pop("pull_requests", 0),
                },
                "tool_actions": {"edit_tool": edits, "write_tool": {"accepted_count": 1, "rejected_count": 0}},
            }

    def routes(self) -> Iterable[Route]:
        """Those of an Enterprise organization beside the common ones."""
        read, write = "read:spend_limits", "write:spend_limits"
        asked = "/spend_limit_increase_requests"
        yield from super().routes()
        yield Route("GET", "/analytics/users", "read:analytics", self._activity, PAGING | DAYS)
        yield Route("GET", "/spend_limits/effective", read, self._effective, PAGING | {"period[]", "user_ids[]"})
        yield Route("POST", "/spend_limits", write, self._set)
        yield Route("GET", asked, read, self._requests, PAGING | {"status[]", "actor_ids[]"})
        yield Route("GET", f"{asked}/(slir_\\w+)", read, self._request)
        yield Route("POST", f"{asked}/(slir_\\w+)/approve", write, self._approve)
        yield Route("POST", f"{asked}/(slir_\\w+)/deny", write, self._deny)

    def _effective(self, heard: Heard) -> Json:
        wanted = heard.lists.get("user_ids[]", [])
        if len(wanted) > 100:
            raise invalid("user_ids: at most 100 values")
        periods = heard.lists.get("period[]", ["monthly"])
        if set(periods) - {"daily", "weekly", "monthly"}:
            raise invalid("period: unknown value")
        rows = [
            self._bound(each, period) for each in self.members if not wanted or each in wanted for period in periods
        ]
        return self.paged(heard, rows)

    def _bound(self, user_id: str, period: str = "monthly") -> Json:
        """Each period resolves on its own, and only months have limits here."""
        own = self.overrides.get(user_id)
        tier = {"type": "seat_tier", "seat_tier": "enterprise_standard"}
        none = {"type": "organization"}
        inherited = (self.seat_cents, tier, "spl_tier") if self.seat_cents is not None else (None, none, None)
        amount, source, name = (own["amount"], own["scope"], own["id"]) if own else inherited
        amount = amount if period == "monthly" else None
        month = [use.cents or 0 for use in self.uses if use.group["actor"] == user_id and _same_month(use.at, self.now)]
        return {
            "scope": {"type": "user", "user_id": user_id},
            "actor": self.actor(user_id),
            "amount": amount,
            "currency": self.currency,
            "period": period,
            "source": source,
            "spend_limit_id": name,
            "period_to_date_spend": f"{sum(month, Decimal(0)):f}",
        }

    def _set(self, heard: Heard) -> Json:
        body = body_of(heard, {"scope", "amount"}, {"period"})
        scope = body["scope"]
        if set(scope) != {"type", "user_id"} or scope["type"] != "user":
            raise invalid("scope: only a user's limit can be set")
        if body.get("period", "monthly") != "monthly":
            raise invalid("period: only monthly is supported")
        return self._override(scope["user_id"], amount_of(body))

    def _override(self, user_id: str, amount: str) -> Json:
        if user_id not in self.members:
            raise missing("User")
        at = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        old = self.overrides.get(user_id)
        self.overrides[user_id] = {
            "type": "spend_limit",
            "id": old["id"] if old else f"spl_{next(self._numbers):04}",
            "scope": {"type": "user", "user_id": user_id},
            "amount": amount,
            "currency": self.currency,
            "period": "monthly",
            "is_enabled": True,
            "created_at": old["created_at"] if old else at,
            "updated_at": at,
        }
        return copy.deepcopy(self.overrides[user_id])

    def _requests(self, heard: Heard) -> Json:
        wanted = heard.lists.get("status[]", ["pending", "approved", "denied"])
        if set(wanted) - {"pending", "approved", "denied"}:
            raise invalid("status: unknown value")
        rows = [self._shown(each) for each in reversed(self.asked.values()) if each["status"] in wanted]
        return self.paged(heard, [row for row in rows if row["actor"]["user_id"] in self.members])

    def _request(self, _heard: Heard, name: str) -> Json:
        if name not in self.asked:
            raise missing("Spend limit increase request")
        return self._shown(self.asked[name])

    def _shown(self, request: Json) -> Json:
        is_pending = request["status"] == "pending"
        return {**request, "spend_summary": self._bound(request["actor"]["user_id"]) if is_pending else None}

    def _approve(self, heard: Heard, name: str) -> Json:
        body = body_of(heard, {"amount"}, {"period", "suppress_notification"})
        request = self._decided(name, {"pending"})
        made = self._override(request["actor"]["user_id"], amount_of(body))
        return {**self._close(request, "approved", body), "spend_limit": made}

    def _deny(self, heard: Heard, name: str) -> Json:
        body = body_of(heard, set(), {"suppress_notification"})
        return self._close(self._decided(name, {"pending", "denied"}), "denied", body)

    def _decided(self, name: str, allowed: set[str]) -> Json:
        if name not in self.asked:
            raise missing("Spend limit increase request")
        if self.asked[name]["status"] not in allowed:
            raise invalid(f"the request is already {self.asked[name]['status']}")
        return self.asked[name]

    def _close(self, request: Json, status: str, body: Any) -> Json:
        if request["status"] == "pending":
            by = {"type": "scoped_api_key_actor", "scoped_api_key_id": "sak_01Zz"}
            request |= {"status": status, "resolved_at": f"{self.now:%Y-%m-%dT%H:%M:%SZ}", "resolved_by": by}
            if not body.get("suppress_notification", False):
                self.mails.append(request["actor"]["user_id"])
        return self._shown(request)

    def _activity(self, heard: Heard) -> Json:
        number(heard, "limit", 100, 1000)
        if ("date" in heard.query) == ("starting_date" in heard.query):
            raise invalid("either date or starting_date is required")
        first = _day(heard.query.get("date") or heard.query["starting_date"])
        end = heard.query.get("ending_date")  # itself not included
        last = first if "date" in heard.query else (_day(end) if end else self.now.date()) - timedelta(days=1)
        latest = (self.now - timedelta(hours=17)).date() - timedelta(days=1)
        if last > latest:
            raise invalid(f"Data is not available yet. The latest available date is {latest}.")
        if first < date(2026, 1, 1) or not timedelta(0) <= last - first < timedelta(days=366):
            raise invalid("dates: not before 2026-01-01, and 366 days at most")
        mine: dict[str, list[date]] = {}
        for day, user_id in sorted(self._work):
            if first <= day <= last:
                mine.setdefault(user_id, []).append(day)
        rows = [self._active(user_id, worked) for user_id, worked in mine.items()]
        return self.paged(heard, [*rows, *([OF_A_GROUP] if rows else [])], usual=100)

    def _active(self, user_id: str, worked: list[date]) -> Json:
        who = {"id": user_id, "email_address": self.actor(user_id)["email_address"], "type": "user"}
        return {
            "user": who,
            "chat_metrics": {"distinct_conversation_count": 7, "message_count": 61, "thinking_message_count": 12},
            "claude_code_metrics": self._work[worked[-1], user_id],
            "cowork_metrics": {"distinct_session_count": 1, "message_count": 9},
            "web_search_count": 14,
            **({"last_activity_date": worked[-1].isoformat()} if self.reports_last_days else {}),
        }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid("date: Input should be a valid date") from None


def _same_month(at: datetime, now: datetime) -> bool:
    return at >= datetime.combine(now.date().replace(day=1), time(), UTC)
