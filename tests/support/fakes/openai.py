"""OpenAI's API platform, as its own OpenAPI document describes the admin routes: it refuses what that one refuses.

What no document says is what the reference for this provider expects: the answer to a limit that is not set can be
chosen, a project that is not known is a 404, and a figure out of range is a 400.
"""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from tests.support.fakes.loopback import Answer, Heard, Loopback

DAY_S, HOUR_S = 86_400, 3_600
DIMENSIONS = {
    "completions": {"project_id", "user_id", "api_key_id", "model", "batch", "service_tier"},
    "embeddings": {"project_id", "user_id", "api_key_id", "model"},
    "decisions": {"project_id", "user_id", "api_key_id", "model", "batch", "service_tier"},
    "costs": {"project_id", "user_id", "api_key_id", "line_item"},
}
BUCKETS_MAX = {"completions": 31, "embeddings": 31, "decisions": 31, "costs": 180}
HOURS_MAX, HOURS_USUAL = 168, 24
WRITES = ("input_cache_write_tokens", "input_cache_write_30m_tokens", "input_cache_write_12h_tokens")
INPUT = ("input_tokens", "input_cached_tokens", *WRITES, "input_uncached_tokens")
MEASURES = {
    "completions": (*INPUT, "output_tokens"),
    "embeddings": ("input_tokens",),
    "decisions": (*INPUT, "output_tokens"),
}

Row = dict[str, Any]


@dataclass
class Project:
    """A project with its keys and its limit in cents."""

    name: str
    keys: dict[str, Row] = field(default_factory=dict)
    archived: bool = False
    limit: int | None = None


class FakeOpenAI(Loopback):
    """An organization with the project "proj_main".

    Attributes:
        key: an admin key.
        projects: projects by id.
        users: users by id, as they are listed.
        limit: hard limit of the organization in cents.
        unset: how it answers for a limit that is not set.
        enforced: of which projects the limit stops requests now, "" for that of the organization.
        currency: what the organization is billed in.
        costs_by: what costs can be told apart by besides keys and lines: users, projects, or both; asking for another
            combination is refused, as it is for some organizations and days.
    """

    def __init__(self) -> None:
        super().__init__()
        self.key = f"sk-admin-{secrets.token_urlsafe(16)}"
        self.plain_key = f"sk-proj-{secrets.token_urlsafe(16)}"
        self.projects = {"proj_main": Project("main")}
        self.users: dict[str, Row] = {}
        self.limit: int | None = None
        self.unset: Literal["missing", "null", "empty"] = "missing"
        self.enforced = set[str]()
        self.currency = "usd"
        self.costs_by = {"user_id", "project_id"}
        self._usage: dict[tuple[object, ...], Row] = {}
        self._costs: dict[tuple[object, ...], Row] = {}

    @property
    def base(self) -> str:
        """Its address with the version."""
        return f"{self.url}/v1"

    def add_user(self, user_id: str, email: str = "", project: str = "proj_main") -> str:
        """A user with a key of their own in a project, whose id is returned."""
        with self.lock:
            self.users[user_id] = {
                "object": "organization.user",
                "id": user_id,
                "name": user_id.title(),
                "email": email or f"{user_id}@acme.test",
                "role": "reader",
                "added_at": 1767225600,
            }
            owner = {"type": "user", "user": {"id": user_id, "email": email, "role": "member"}}
            self.projects[project].keys[f"key_{user_id}"] = {"name": f"{user_id}-laptop", "owner": owner}
        return f"key_{user_id}"

    def add_usage(
        self,
        day: date,
        user: str | None,
        key: str | None,
        model: str,
        input_tokens: int,
        *,
        project: str = "proj_main",
        kind: Literal["completions", "embeddings", "decisions"] = "completions",
        batch: bool = False,
        tier: str = "default",
        requests: int = 1,
        hour: int = 0,
        **measures: int,
    ) -> None:
        """Say what was used in an hour (UTC); said again for the same hour and dimensions it is restated."""
        dims: Row = {"project_id": project, "user_id": user, "api_key_id": key, "model": model}
        if kind != "embeddings":
            dims |= {"batch": batch, "service_tier": tier}
        row: Row = {
            **dict.fromkeys(MEASURES[kind], 0),
            "input_tokens": input_tokens,
            **measures,
            "num_model_requests": requests,
        }
        if "input_uncached_tokens" in row:
            split = sum(measures.get(name, 0) for name in WRITES[1:])
            row["input_cache_write_tokens"] = row["input_cache_write_tokens"] or split
            if not split:
                row |= dict.fromkeys(WRITES[1:])  # buckets from before they were told apart
            uncached = row["input_tokens"] - row["input_cached_tokens"] - row["input_cache_write_tokens"]
            row["input_uncached_tokens"] = measures.get("input_uncached_tokens", uncached)
        with self.lock:
            self._usage[kind, day, hour, *dims.values()] = {"kind": kind, "day": day, "hour": hour, **dims, **row}

    def add_cost(
        self,
        day: date,
        key: str | None,
        item: str | None,
        dollars: Decimal | str,
        project: str | None = "proj_main",
        user: str | None = None,
    ) -> None:
        """Say what a line cost; said again for the same day, project, user, key and line it is restated."""
        dims = {"project_id": project, "user_id": user, "api_key_id": key, "line_item": item}
        with self.lock:
            row = {"kind": "costs", "day": day, **dims, "value": Decimal(dollars)}
            self._costs[day, *dims.values()] = row

    def use(self, day: date, user: str, dollars: Decimal, tokens: int) -> None:
        """A user's day with one model: a third of the cost is for the input."""
        key = self.add_user(user)
        self.add_usage(day, user, key, "gpt-5.2-2026-01-15", tokens, output_tokens=tokens)
        third = (dollars / 3).quantize(Decimal("1e-9"))
        self.add_cost(day, key, "gpt-5.2-2026-01-15, input", third)
        self.add_cost(day, key, "gpt-5.2-2026-01-15, output", dollars - third)

    def answer(self, heard: Heard) -> Answer:
        """As OpenAI would answer."""
        secret = heard.headers.get("authorization", "").removeprefix("Bearer ")
        if secret == self.plain_key:
            return _error(403, "You have insufficient permissions for this operation.")
        if secret != self.key:
            return _error(401, f"Incorrect API key provided: {secret[:8]}***. You can find your API key at …")
        for pattern, methods in self._routes():
            found = re.fullmatch(pattern, heard.path)
            if found and heard.method in methods:
                with self.lock:
                    return methods[heard.method](heard, *found.groups())
            if found:
                return _error(405, f"Not allowed to {heard.method} on {heard.path}")
        return _error(404, f"Invalid URL ({heard.method} {heard.path})")

    def _routes(self) -> list[tuple[str, Mapping[str, Callable[..., Answer]]]]:
        limit = {"GET": self._get_limit, "POST": self._set_limit, "DELETE": self._drop_limit}
        return [
            ("/v1/organization/users", {"GET": self._list_users}),
            ("/v1/organization/projects", {"GET": self._list_projects}),
            ("/v1/organization/projects/([^/]+)", {"GET": self._get_project}),
            ("/v1/organization/projects/([^/]+)/api_keys", {"GET": self._list_keys}),
            ("/v1/organization/projects/([^/]+)/spend_limit", limit),
            ("/v1/organization/spend_limit", limit),
            ("/v1/organization/usage/(completions|embeddings|decisions)", {"GET": self._report_usage}),
            ("/v1/organization/costs", {"GET": lambda heard: self._report(heard, "costs", self._costs)}),
        ]

    def _list_users(self, heard: Heard) -> Answer:
        return _listed(heard, list(self.users.values()))

    def _list_projects(self, heard: Heard) -> Answer:
        hidden = heard.query.get("include_archived") != "true"
        listed = [
            self._project_row(each) for each, project in self.projects.items() if not (hidden and project.archived)
        ]
        return _listed(heard, listed)

    def _get_project(self, _heard: Heard, project_id: str) -> Answer:
        if project_id not in self.projects:
            return _no_project(project_id)
        return Answer(200, self._project_row(project_id))

    def _project_row(self, project_id: str) -> Row:
        project = self.projects[project_id]
        return {
            "id": project_id,
            "object": "organization.project",
            "name": project.name,
            "created_at": 1767225600,
            "archived_at": 1790000000 if project.archived else None,
            "status": "archived" if project.archived else None,
        }

    def _list_keys(self, heard: Heard, project_id: str) -> Answer:
        if project_id not in self.projects:
            return _no_project(project_id)
        keys = self.projects[project_id].keys.items()
        return _listed(heard, [{"object": "organization.project.api_key", "id": each, **key} for each, key in keys])

    def _get_limit(self, _heard: Heard, project_id: str = "") -> Answer:
        holder = self._holder(project_id)
        if holder is None:
            return _no_project(project_id)
        if holder.limit is not None:
            return Answer(200, self._limit_row(holder.limit, project_id))
        absent = {"missing": _error(404, "No spend limit is set."), "null": Answer(200, None)}
        return absent.get(self.unset, Answer(200, {**self._limit_row(1, project_id), "threshold_amount": None}))

    def _set_limit(self, heard: Heard, project_id: str = "") -> Answer:
        holder = self._holder(project_id)
        if holder is None:
            return _no_project(project_id)
        body = json.loads(heard.body)
        cents = body.get("threshold_amount")
        if type(cents) is not int or cents < 1:
            return _error(400, "Invalid value for threshold_amount: expected an integer of at least 1.")
        if (body.get("currency"), body.get("interval")) != (self.currency.upper(), "month"):
            return _error(400, f"currency must be {self.currency.upper()} and interval must be month.")
        holder.limit = cents
        return Answer(200, self._limit_row(cents, project_id))

    def _drop_limit(self, _heard: Heard, project_id: str = "") -> Answer:
        holder = self._holder(project_id)
        if holder is None or holder.limit is None:
            return _error(404, "No spend limit is set.")
        holder.limit = None
        return Answer(200, {"object": f"{_scope(project_id)}.spend_limit.deleted", "deleted": True})

    def _holder(self, project_id: str) -> "FakeOpenAI | Project | None":
        return self.projects.get(project_id) if project_id else self

    def _report_usage(self, heard: Heard, kind: str) -> Answer:
        return self._report(heard, kind, self._usage)

    def _report(self, heard: Heard, kind: str, rows: Mapping[tuple[object, ...], Row]) -> Answer:
        """Buckets by page; within a bucket, rows added up by what they are grouped by."""
        query, groups = heard.query, heard.lists.get("group_by[]", [])
        buckets = query.get("limit", str(HOURS_USUAL) if query.get("bucket_width") == "1h" else "7")
        if not query.get("start_time", "").isdecimal():
            return _error(400, "Missing required parameter: 'start_time'.")
        width = query.get("bucket_width", "1d")
        hourly = width == "1h" and kind != "costs"
        if (width != "1d" and not hourly) or not _within(buckets, HOURS_MAX if hourly else BUCKETS_MAX[kind]):
            return _error(400, "bucket_width or limit is out of range.")
        if set(groups) - DIMENSIONS[kind]:
            return _error(400, f"Invalid group_by for {kind}.")
        if kind == "costs" and {"user_id", "project_id"} & set(groups) - self.costs_by:
            return _error(400, "This combination of group_by is not available for this organization and time range.")
        seconds = HOUR_S if hourly else DAY_S
        start, end = int(query["start_time"]) // seconds, int(query.get("end_time", "9999999999"))
        first = start + int(query.get("page", "page_0").removeprefix("page_"))
        last = min(first + int(buckets), -(-end // seconds))
        more = last * seconds < end and "end_time" in query
        bucket_list = [self._bucket(each * seconds, seconds, kind, groups, rows) for each in range(first, last)]
        following = f"page_{last - start}" if more else None
        return Answer(200, {"object": "page", "data": bucket_list, "has_more": more, "next_page": following})

    def _bucket(
        self, start: int, seconds: int, kind: str, groups: list[str], rows: Mapping[tuple[object, ...], Row]
    ) -> Row:
        begins = datetime.fromtimestamp(start, UTC)
        grouped: dict[tuple[object, ...], list[Row]] = {}
        for row in rows.values():
            there = seconds == DAY_S or row["hour"] == begins.hour
            if (row["kind"], row["day"]) == (kind, begins.date()) and there:
                grouped.setdefault(tuple(row[name] for name in groups), []).append(row)
        results = []
        for values, group in grouped.items():
            dims = {**dict.fromkeys(sorted(DIMENSIONS[kind])), **dict(zip(groups, values, strict=True))}
            results.append({"object": f"organization.{kind}.result", **dims, **self._sums(kind, group)})
        return {"object": "bucket", "start_time": start, "end_time": start + seconds, "results": results}

    def _sums(self, kind: str, rows: list[Row]) -> Row:
        """Costs are JSON numbers, with the noise of floats; what nobody counted is null."""
        if kind == "costs":
            return {"amount": {"value": float(sum(row["value"] for row in rows)), "currency": self.currency}}
        counts = {name: [row[name] for row in rows] for name in (*MEASURES[kind], "num_model_requests")}
        return {name: None if None in values else sum(values) for name, values in counts.items()}

    def _limit_row(self, cents: int, project_id: str) -> Row:
        return {
            "object": f"{_scope(project_id)}.spend_limit",
            "threshold_amount": cents,
            "currency": self.currency.upper(),
            "interval": "month",
            "enforcement": {"status": "enforcing" if project_id in self.enforced else "inactive"},
        }


def _listed(heard: Heard, rows: list[Row]) -> Answer:
    """One page of a list whose cursor is the id of the last row seen."""
    size = heard.query.get("limit", "20")
    if not _within(size, 100):
        return _error(400, "limit must be between 1 and 100.")
    after = heard.query.get("after")
    ids = [row["id"] for row in rows]
    if after is not None and after not in ids:
        return _error(400, f"No such cursor: {after}")
    start = ids.index(after) + 1 if after else 0
    page = rows[start : start + int(size)]
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    return Answer(200, {"object": "list", "data": page, **ends, "has_more": start + int(size) < len(rows)})


def _within(text: str, most: int) -> bool:
    return text.isdecimal() and 1 <= int(text) <= most


def _scope(project_id: str) -> str:
    return "project" if project_id else "organization"


def _no_project(project_id: str) -> Answer:
    """In the other shape of OpenAI's errors."""
    return Answer(404, {"code": 404, "message": f"The project {project_id} was not found"})


def _error(status: int, message: str) -> Answer:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return Answer(status, {"error": error})
