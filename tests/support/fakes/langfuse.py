"""Langfuse's observations as the API types of its SDK tell of them. It refuses what Langfuse refuses."""

import base64
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
PAGE_ROWS_MAX = 1000
GROUPS = frozenset({"core", "basic", "time", "io", "metadata", "model", "usage", "prompt", "metrics", "trace_context"})
UNASKED = {"io": ("input", "output"), "metadata": ("metadata",), "usage": ("usageDetails", "costDetails", "totalCost")}


class FakeLangfuse(Loopback):
    """Starts with a project in which nothing was called.

    Attributes:
        key: the secret key.
        public: the public key.
        rows: what was traced, by id.
        page_rows: how many rows a page has at most.
    """

    key = "sk-lf-8c1f0a52-7f1d-4d0e-9f43-2b8f5f1a9d77"
    public = "pk-lf-2f6c1b1e-0c55-4b1a-8d0f-5a1f3c9d4e21"

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, Json] = {}
        self.page_rows = PAGE_ROWS_MAX

    def use(self, day: date, user: str, dollars: Decimal, tokens: int = 0, model: str = "gpt-x") -> None:
        """Say what a user's one call of a day used; said again it is restated."""
        usage = {"input": tokens, "output": tokens, "total": 2 * tokens}
        self.trace(f"{day}-{user}-{model}", datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC), user, usage)
        self.rows[f"{day}-{user}-{model}"] |= {"totalCost": float(dollars), "model": model}

    def trace(self, row_id: str, at: datetime, user: str | None, usage: Json | None, **more: Any) -> None:
        """A call is traced; what whoever traces it did not say is null."""
        with self.lock:
            self.rows[row_id] = {
                "id": row_id,
                "traceId": f"trace-{row_id}",
                "startTime": f"{at:%Y-%m-%dT%H:%M:%S}.123Z",
                "endTime": None,
                "projectId": "cm1",
                "parentObservationId": None,
                "type": "GENERATION",
                "name": "chat",
                "level": "DEFAULT",
                "statusMessage": None,
                "version": None,
                "environment": "default",
                "bookmarked": False,
                "public": False,
                "userId": user,
                "sessionId": None,
                "input": "what somebody asked",
                "output": "what it answered",
                "metadata": {"purpose": "secret"},
                "model": "gpt-x",
                "internalModelId": None,
                "modelParameters": None,
                "usageDetails": usage,
                "costDetails": None,
                "totalCost": None,
                "usagePricingTierName": None,
                **more,
            }

    def answer(self, heard: Heard) -> Answer:
        """Everything wants both keys."""
        wanted = base64.b64encode(f"{self.public}:{self.key}".encode()).decode()
        if heard.headers.get("authorization") != f"Basic {wanted}":
            message = "Invalid credentials. Confirm that you've configured the correct host."
            return Answer(401, {"message": message, "error": "UnauthorizedError"})
        if (heard.method, heard.path) != ("GET", "/api/public/v2/observations"):
            return Answer(404, {"message": "Not Found", "error": "NotFoundError"})
        with self.lock:
            return self._page(heard.query)

    def _page(self, asked: Any) -> Answer:
        limit, groups = int(asked.get("limit", 50)), set(asked.get("fields", "core,basic").split(","))
        if not 1 <= limit <= PAGE_ROWS_MAX or not groups <= GROUPS:
            return Answer(400, {"message": "Invalid request data", "error": "InvalidRequestError"})
        found = [
            row
            for row in sorted(self.rows.values(), key=lambda row: (row["startTime"], row["id"]))
            if row["type"] == asked["type"] and _within(row["startTime"], asked["fromStartTime"], asked["toStartTime"])
        ]
        begin = json.loads(base64.b64decode(asked["cursor"])) if "cursor" in asked else 0
        rows = min(limit, self.page_rows)
        unasked = {name for group, names in UNASKED.items() if group not in groups for name in names}
        data = [{name: value for name, value in row.items() if name not in unasked} for row in found]
        following = base64.b64encode(json.dumps(begin + rows).encode()).decode()
        meta = {"cursor": following} if begin + rows < len(found) else {}
        return Answer(200, {"data": data[begin : begin + rows], "meta": meta})


def _within(at: str, first: str, end: str) -> bool:
    return datetime.fromisoformat(first) <= datetime.fromisoformat(at) < datetime.fromisoformat(end)
