"""Helicone's metrics of users as its reference of November 2026 tells of them."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.support.fakes.loopback import Answer, Heard, Loopback

USERS = "/v1/user/metrics/query"
PAGE_ROWS_MAX = 100


class FakeHelicone(Loopback):
    """Starts with nobody.

    Attributes:
        key: of the organization.
        used: by day and user: dollars, tokens in and out, requests.
        ends: the last second of each time that was asked for.
    """

    key = "sk-helicone-eu-7vqzs2y-tq4jmky-kqd2m6i-3bxqkpa"

    def __init__(self) -> None:
        super().__init__()
        self.used: dict[tuple[date, str], tuple[float | None, int, int]] = {}

    def use(self, day: date, user: str, dollars: Decimal, tokens: int = 0) -> None:
        """Say what a user used on a day; said again it is restated."""
        with self.lock:
            self.used[day, user] = (float(dollars), tokens, 1)

    def answer(self, heard: Heard) -> Answer:
        """A question is a POST."""
        if heard.headers.get("authorization") != f"Bearer {self.key}":
            return Answer(401, {"error": "Invalid API key", "trace": "isAuthorized"})
        if (heard.method, heard.path) != ("POST", USERS):
            return Answer(404, {"error": "Not found"})
        asked = json.loads(heard.body)
        if asked["limit"] > PAGE_ROWS_MAX:
            return Answer(200, {"data": None, "error": "limit is too large"})
        times = asked["timeFilter"]
        first, last = (datetime.fromtimestamp(times[name], UTC).date() for name in times)
        with self.lock:
            rows = [_row(*each) for each in sorted(self.used.items()) if first <= each[0][0] <= last]
        page = rows[asked["offset"] : asked["offset"] + asked["limit"]]
        return Answer(200, {"data": {"users": page, "count": len(rows), "hasUsers": bool(rows)}, "error": None})


def _row(key: tuple[date, str], used: tuple[float | None, int, int]) -> dict[str, Any]:
    (day, user), (dollars, tokens, requests) = key, used
    at = f"{day}T09:30:00.000Z"
    return {
        "id": user,
        "user_id": user,
        "active_for": 1,
        "first_active": at,
        "last_active": at,
        "total_requests": requests,
        "average_requests_per_day_active": requests,
        "average_tokens_per_request": tokens,
        "total_completion_tokens": tokens,
        "total_prompt_tokens": tokens,
        "cost": dollars,
        "rate_limited_count": 0,
    }
