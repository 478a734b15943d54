"""An OpenRouter organization as its OpenAPI document and docs of August 2026 describe it."""

import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from tests.support.fakes.loopback import Answer, Heard, Loopback

RESETS = ("daily", "weekly", "monthly", None)
METRICS = ("credits_usage", "request_count", "tokens_prompt", "cached_tokens", "tokens_completion", "reasoning_tokens")
DIMENSIONS = ("user", "model", "api_key_id", "workspace")
MAIN = "0df9e665-d932-5740-b2c7-b52af166bc11"
GROUP_USUAL = 20
BORN = "2026-08-24T10:30:00Z"


@dataclass(slots=True)
class Use:
    """What a key used of a model in an hour of a day (UTC)."""

    day: date
    hour: int
    key_hash: str
    model: str
    figures: Mapping[str, float]


@dataclass(slots=True)
class State:
    """All that it knows."""

    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    workspaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    rails: dict[str, dict[str, Any]] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)


class FakeOpenRouter(Loopback):
    """Two members, Ana and Bo, each with a key, and a key of the workspace that nobody made.

    Attributes:
        key: a management key.
        model_key: a key that calls models and may manage nothing.
        state: what it knows; a test may look, and change it as a person at the console would.
        rows_max: rows that an analytics query gives at most.
    """

    key = "sk-or-v1-management"
    model_key = "sk-or-v1-model"

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.rows_max = 10_000
        self.credits = {"total_credits": 100.5, "total_usage": 25.75}
        self._numbers = itertools.count(1)
        self.add_workspace(MAIN, "Main")
        self.add_member("user_ana", "Ana@acme.example", "Ana", "Silva")
        self.add_member("user_bo", "bo@acme.example", "Bo", None)
        self.ana_key = self.add_key("ana laptop", "user_ana")
        self.bo_key = self.add_key("bo laptop", "user_bo")
        self.agent_key = self.add_key("crawler", None)

    def add_workspace(self, workspace_id: str, name: str) -> None:
        """Another workspace."""
        self.state.workspaces[workspace_id] = {"id": workspace_id, "name": name, "slug": name.lower()}

    def add_member(self, user_id: str, email: str, first_name: str | None, last_name: str | None) -> None:
        """Another member."""
        names = {"first_name": first_name, "last_name": last_name}
        self.state.members[user_id] = {"id": user_id, "email": email, **names, "role": "org:member"}

    def add_key(self, name: str, creator: str | None, workspace_id: str = MAIN, created_at: str = BORN) -> str:
        """Another key that calls models; its hash."""
        key_hash = f"{next(self._numbers):064x}"
        usage = {f"{kind}usage{span}": 0 for kind in ("", "byok_") for span in ("", "_daily", "_weekly", "_monthly")}
        self.state.keys[key_hash] = {
            "hash": key_hash,
            "label": "sk-or-v1-0e6...1c96",
            "name": name,
            "disabled": False,
            "limit": None,
            "limit_remaining": None,
            "limit_reset": None,
            "include_byok_in_limit": False,
            **usage,
            "created_at": created_at,
            "updated_at": None,
            "expires_at": None,
            "creator_user_id": creator,
            "workspace_id": workspace_id,
        }
        return key_hash

    def key_of(self, creator: str) -> str:
        """The key that somebody made; it is made if there is none."""
        made = (one["hash"] for one in self.state.keys.values() if one["creator_user_id"] == creator)
        return str(next(made, None) or self.add_key(creator, creator))

    def add_rail(self, name: str, limit_usd: float | None = None, reset: str | None = None, holder: str = "") -> str:
        """A guardrail that somebody made at the console, and gave to somebody."""
        rail_id = self._new_rail({"name": name, "limit_usd": limit_usd, "reset_interval": reset})["id"]
        if holder:
            self.state.held[holder] = rail_id
        return str(rail_id)

    def use(
        self,
        day: date,
        key_hash: str,
        model: str,
        dollars: float,
        prompt: int = 10,
        completion: int = 5,
        cached: int = 0,
        reasoning: int = 0,
        requests: int = 1,
        hour: int = 0,
    ) -> None:
        """Say what a key used of a model in an hour; said again it is restated."""
        values = (dollars, requests, prompt, cached, completion, reasoning)
        new = Use(day, hour, key_hash, model, dict(zip(METRICS, values, strict=True)))
        with self.lock:
            cell = (day, hour, key_hash, model)
            others = [one for one in self.state.uses if (one.day, one.hour, one.key_hash, one.model) != cell]
            self.state.uses = [*others, new]
            spent = sum(one.figures["credits_usage"] for one in self.state.uses if one.key_hash == key_hash)
            if key_hash in self.state.keys:  # else it was deleted
                self.state.keys[key_hash]["usage"] = spent

    def answer(self, heard: Heard) -> Answer:
        """As OpenRouter would answer."""
        secret = heard.headers.get("authorization", "").removeprefix("Bearer ")
        if secret == self.model_key:
            return _no(403, "Only management keys can perform this operation")
        if secret != self.key:
            return _no(401, "No cookie auth credentials found" if not secret else "User not found.")
        for (method, pattern), work in self._routes().items():
            found = re.fullmatch(pattern, heard.path)
            if found and method == heard.method:
                return self._work(work, heard, found.groups())
        return _no(404, "Not Found")

    def _work(self, work: Callable[..., Answer], heard: Heard, ids: tuple[str, ...]) -> Answer:
        body: Any = None
        if heard.body:
            try:
                body = json.loads(heard.body)
            except ValueError:
                return _no(400, "Invalid JSON")
        with self.lock:
            return work(*ids, body) if heard.method != "GET" else work(*ids, heard.query)

    def _routes(self) -> Mapping[tuple[str, str], Callable[..., Answer]]:
        state = self.state
        return {
            ("GET", "/credits"): lambda _query: Answer(200, {"data": self.credits}),
            ("GET", "/organization/members"): lambda query: _paged(list(state.members.values()), query),
            ("GET", "/workspaces"): lambda query: _paged(list(state.workspaces.values()), query),
            ("GET", "/keys"): self._list_keys,
            ("GET", "/keys/([^/]+)"): self._one_key,
            ("PATCH", "/keys/([^/]+)"): self._change_key,
            ("GET", "/guardrails"): self._list_rails,
            ("POST", "/guardrails"): self._create_rail,
            ("GET", "/guardrails/assignments/members"): self._list_held,
            ("GET", "/guardrails/([^/]+)"): self._one_rail,
            ("PATCH", "/guardrails/([^/]+)"): self._change_rail,
            ("POST", "/guardrails/([^/]+)/assignments/members"): self._assign,
            ("POST", "/guardrails/([^/]+)/assignments/members/remove"): self._remove,
            ("GET", "/analytics/meta"): lambda _query: Answer(200, {"data": _meta()}),
            ("POST", "/analytics/query"): self._query,
        }

    def _list_keys(self, query: Mapping[str, str]) -> Answer:
        """Without a workspace only the keys of the default one, and never a total."""
        if set(query) - {"offset", "workspace_id", "include_disabled"}:
            return _no(400, "Unrecognized query parameter")
        workspace = query.get("workspace_id", MAIN)
        if workspace not in self.state.workspaces:
            return _no(404, "Workspace not found")
        shown = query.get("include_disabled") == "true"
        keys = [one for one in self.state.keys.values() if one["workspace_id"] == workspace]
        keys = [one for one in keys if shown or not one["disabled"]]
        offset = int(query.get("offset", "0"))
        return Answer(200, {"data": keys[offset : offset + 100]})

    def _one_key(self, key_hash: str, _query: object) -> Answer:
        key = self.state.keys.get(key_hash)
        return Answer(200, {"data": key}) if key else _no(404, "API key not found")

    def _change_key(self, key_hash: str, body: dict[str, Any]) -> Answer:
        key = self.state.keys.get(key_hash)
        if key is None:
            return _no(404, "API key not found")
        if set(body) - {"name", "disabled", "limit", "limit_reset", "include_byok_in_limit"}:
            return _no(400, "Unrecognized key")
        if not _is_amount(body.get("limit")) or body.get("limit_reset") not in RESETS:
            return _no(400, "Invalid limit")
        key.update(body)
        return Answer(200, {"data": key})

    def _new_rail(self, body: dict[str, Any]) -> dict[str, Any]:
        rail_id = f"550e8400-e29b-41d4-a716-{next(self._numbers):012d}"
        rail = {"id": rail_id, "limit_usd": None, "reset_interval": None, "allowed_models": None, **body}
        rail.setdefault("workspace_id", MAIN)
        self.state.rails[rail_id] = rail
        return rail

    def _list_rails(self, query: Mapping[str, str]) -> Answer:
        """Those of a workspace; without one those of the default workspace, and those that are older than that."""
        wanted = {query["workspace_id"]} if "workspace_id" in query else {MAIN, None}
        return _paged([rail for rail in self.state.rails.values() if rail["workspace_id"] in wanted], query)

    def _create_rail(self, body: dict[str, Any]) -> Answer:
        if not body.get("name") or not _is_rail(body):
            return _no(400, "Invalid guardrail")
        return Answer(201, {"data": self._new_rail(body)})

    def _one_rail(self, rail_id: str, _query: object) -> Answer:
        rail = self.state.rails.get(rail_id)
        return Answer(200, {"data": rail}) if rail else _no(404, "Guardrail not found")

    def _change_rail(self, rail_id: str, body: dict[str, Any]) -> Answer:
        rail = self.state.rails.get(rail_id)
        if rail is None:
            return _no(404, "Guardrail not found")
        if not _is_rail(body):
            return _no(400, "Invalid guardrail")
        rail.update(body)
        return Answer(200, {"data": rail})

    def _list_held(self, query: Mapping[str, str]) -> Answer:
        rows = [{"id": f"as_{user}", "user_id": user, "guardrail_id": rail} for user, rail in self.state.held.items()]
        return _paged(rows, query)

    def _assign(self, rail_id: str, body: dict[str, Any]) -> Answer:
        """One guardrail sits on a member; a new one takes its place."""
        users = body["member_user_ids"]
        if rail_id not in self.state.rails or set(users) - set(self.state.members):
            return _no(404, "Guardrail or member not found")
        self.state.held.update(dict.fromkeys(users, rail_id))
        return Answer(200, {"assigned_count": len(users)})

    def _remove(self, rail_id: str, body: dict[str, Any]) -> Answer:
        gone = [user for user in body["member_user_ids"] if self.state.held.get(user) == rail_id]
        for user in gone:
            del self.state.held[user]
        return Answer(200, {"unassigned_count": len(gone)})

    def _query(self, question: dict[str, Any]) -> Answer:
        dimensions, span = question.get("dimensions", []), question.get("time_range")
        grain = question.get("granularity")
        filters = question.get("filters", [])
        known = set(question["metrics"]) <= set(METRICS) and set(dimensions) <= set(DIMENSIONS)
        if not known or len(dimensions) > 2 or not span or grain not in ("day", "hour"):
            return _no(400, "Invalid query")
        if any(set(one) != {"field", "operator", "value"} or one["operator"] != "eq" for one in filters):
            return _no(400, "Invalid filter")
        start, end = (datetime.fromisoformat(span[name]) for name in ("start", "end"))
        if not start < end:
            return _no(400, "Invalid time range")
        sums: dict[tuple[str | None, ...], dict[str, float]] = defaultdict(lambda: dict.fromkeys(METRICS, 0.0))
        for use in self.state.uses:
            words = self._words(use)
            wanted = all(words[one["field"]] == one["value"] for one in filters)
            at = datetime.combine(use.day, time(use.hour), UTC)
            if start <= at <= end and wanted:  # the end is included, of a day all of it
                when = str(use.day) if grain == "day" else f"{at:%Y-%m-%d %H:%M:%S}"
                figures = sums[when, *(words[name] for name in dimensions)]
                for name, value in use.figures.items():
                    figures[name] += value
        rows = [self._row(cell, dimensions, figures, grain) for cell, figures in sums.items()]
        rows = _not_too_many(rows, dimensions, question.get("group_limit"))
        limit = min(self.rows_max, question.get("limit", 1000))
        cut = {"query_time_ms": 3, "row_count": min(len(rows), limit), "truncated": len(rows) > limit}
        return Answer(200, {"data": {"data": rows[:limit], "metadata": cut}})

    def _words(self, use: Use) -> dict[str, str | None]:
        """What a filter compares with: the ids."""
        key = self.state.keys.get(use.key_hash, {})
        return {"user": key.get("creator_user_id"), "model": use.model, "api_key_id": key.get("hash")}

    def _row(
        self, cell: tuple[str | None, ...], dimensions: list[str], figures: Mapping[str, float], grain: str
    ) -> dict[str, Any]:
        """People are named and never by their id; counts are numbers in quotes."""
        prefix = "created_at" if dimensions == ["model"] else "date"
        row: dict[str, Any] = {f"{prefix}__{grain}": cell[0], **dict(zip(dimensions, cell[1:], strict=True))}
        if "user" in row:
            member = self.state.members.get(row["user"] or "", {})
            row |= {"user": member.get("first_name"), "user_email": member.get("email")}
        counts: dict[str, str | None] = {name: str(int(value)) for name, value in figures.items()}
        counts |= dict.fromkeys(name for name in ("cached_tokens", "reasoning_tokens") if not figures[name])
        return {**row, **counts, "credits_usage": figures["credits_usage"]}


def _not_too_many(rows: list[dict[str, Any]], dimensions: list[str], most: int | None) -> list[dict[str, Any]]:
    """So many rows of each combination; without a number some are left out."""
    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    found = []
    for row in rows:
        group = tuple(row[name] for name in dimensions)
        counts[group] += 1
        if counts[group] <= (most or GROUP_USUAL):
            found.append(row)
    return found


def _paged(rows: list[dict[str, Any]], query: Mapping[str, str]) -> Answer:
    offset, limit = int(query.get("offset", "0")), int(query.get("limit", "50"))
    if not 1 <= limit <= 100 or offset < 0:
        return _no(400, "Invalid page")
    return Answer(200, {"data": rows[offset : offset + limit], "total_count": len(rows)})


def _is_amount(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and value >= 0)


def _is_rail(body: dict[str, Any]) -> bool:
    return _is_amount(body.get("limit_usd")) and body.get("reset_interval") in RESETS


def _meta() -> dict[str, Any]:
    metrics = [{"name": name, "display_label": name, "is_rate": False, "display_format": "number"} for name in METRICS]
    return {"metrics": metrics, "dimensions": [{"name": name, "display_label": name} for name in DIMENSIONS]}


def _no(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"code": status, "message": message}})
