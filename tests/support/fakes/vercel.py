"""Vercel as its documents of autumn 2026 tell of it: budgets of a team, and the reports of its AI Gateway.

One server answers for both hosts; each wants its own key. It refuses what Vercel refuses, and figures have the noise of
floats.
"""

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
FIGURES = (
    "total_cost",
    "market_cost",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_creation_input_tokens",
    "reasoning_tokens",
    "request_count",
)
PAGE_ROWS_MAX = 100


class _RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class FakeVercel(Loopback):
    """Starts with the member Dana, the project shop, and no budget.

    Attributes:
        token, key: open the management API and the gateway.
        owner: whether the token may write budgets.
        has_reports: whether the plan has them.
        reports: how many were asked for, each of which costs money.
        budgets: own ones, by scope and id.
        defaults: dollars that everybody of a scope may spend who has no own budget.
    """

    token, key, team = f"vcp_{'Owner7' * 8}", f"vck_{'Gateway3' * 7}", "team_acme"

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, Json] = {}
        self.projects: dict[str, Json] = {}
        self.budgets: dict[tuple[str, str], Json] = {}
        self.defaults: dict[str, float] = {}
        self.spent: dict[tuple[str, str], float] = {}
        self.used: dict[tuple[date, str | None, str], Json] = {}
        self.owner, self.has_reports, self.reports, self.balance = True, True, 0, "95.50"
        self.add_member("uid-dana", "Dana@acme.test", "Dana")
        self.add_project("prj_shop", "shop")

    def add_member(self, uid: str, email: str | None, name: str | None) -> None:
        """Somebody joins the team."""
        self.members[uid] = {
            "uid": uid,
            "email": email,
            "name": name,
            "username": uid,
            "role": "MEMBER",
            "confirmed": True,
            "avatar": None,
            "createdAt": 1_760_000_000_000 - len(self.members),
        }

    def add_project(self, project_id: str, name: str | None = None) -> None:
        """A project is made."""
        created = 1_760_000_000_000 - len(self.projects)
        self.projects[project_id] = {"id": project_id, "name": name or project_id, "createdAt": created}

    def set_budget(self, scope: str, scope_id: str, dollars: float, period: str = "monthly", **more: Any) -> None:
        """Somebody sets a budget in the dashboard."""
        self.budgets[scope, scope_id] = {
            "quotaEntityId": f"quota_{scope}_{scope_id}",
            "scopeType": scope,
            "scopeId": scope_id,
            "name": None,
            "limitAmount": dollars,
            "currentByokSpend": 0,
            "includeByokInQuota": False,
            "refreshPeriod": period,
            "active": True,
            "archived": False,
            "alertThresholds": [50, 75, 100],
            "createdAt": 1_760_000_000_000,
            "updatedAt": 1_760_000_000_000,
            **more,
        }

    def use(
        self, day: date, user: str | None, dollars: Decimal, tokens: int, model: str = "acme/gpt-x", **more: Any
    ) -> None:
        """Say what was used of a model on a day for somebody whom the requests name; said again it is restated."""
        with self.lock:
            if user and user not in self.members and "@" not in user:
                self.add_member(user, f"{user}@acme.test", None)
            figures = (float(dollars), float(dollars) * 1.25, tokens, tokens, 0, 0, 0, 1)
            self.used[day, user, model] = dict(zip(FIGURES, figures, strict=True)) | more

    def answer(self, heard: Heard) -> Answer:
        """Which key is wanted depends on the host, of which the paths tell."""
        with self.lock:
            try:
                return Answer(200, self._answered(heard))
            except _RefusedError as no:
                return Answer(no.status, {"error": {"code": no.code, "message": str(no)}})

    def _answered(self, heard: Heard) -> Any:
        shown = heard.headers.get("authorization")
        if heard.path in {"/v1/report", "/v1/credits"}:
            if shown != f"Bearer {self.key}":
                raise _RefusedError(401, "authentication_error", "Invalid API key")
            return self._reported(heard) if heard.path == "/v1/report" else self._credited()
        if shown != f"Bearer {self.token}":
            raise _RefusedError(403, "forbidden", "Not authorized")
        if heard.path == f"/v3/teams/{self.team}/members":
            return self._page("members", self.members.values(), heard, "until")
        if heard.query.get("teamId") != self.team:
            raise _RefusedError(403, "forbidden", "Not authorized: trying to access resource under another scope")
        return self._managed(heard)

    def _managed(self, heard: Heard) -> Any:
        match heard.method, heard.path.strip("/").split("/"):
            case "GET", ["v10", "projects"]:
                return self._page("projects", self.projects.values(), heard, "from")
            case "GET", ["v9", "projects", project_id] if project_id in self.projects:
                return self.projects[project_id]
            case "GET", ["ai-gateway", "budgets", "list"]:
                return {"budgets": list(self._listed(heard.query.get("scopeType", "")))}
            case "PUT", ["ai-gateway", "budgets"]:
                return self._put(json.loads(heard.body))
            case _:
                raise _RefusedError(404, "not_found", "The requested resource was not found")

    def _page(self, name: str, rows: Iterable[Json], heard: Heard, param: str) -> Json:
        limit = min(int(heard.query.get("limit", 20)), PAGE_ROWS_MAX)
        before = int(heard.query.get(param, 1 << 60))
        found = [row for row in rows if row["createdAt"] < before]
        page = found[:limit]
        following = page[-1]["createdAt"] if len(found) > limit else None
        return {name: page, "pagination": {"count": len(page), "next": following, "prev": None}}

    def _listed(self, scope: str) -> Iterable[Json]:
        everybody = {"team": [self.team], "project": self.projects, "user": self.members}.get(scope, ())
        own = {scope_id: each for (kind, scope_id), each in self.budgets.items() if kind == scope}
        for scope_id, each in own.items():
            yield each | {"currentSpend": self.spent.get((scope, scope_id), 0)}
        if scope in self.defaults:
            for scope_id in everybody:
                if scope_id not in own:
                    self.set_budget(scope, scope_id, self.defaults[scope], source="default")
                    row = self.budgets.pop((scope, scope_id))
                    yield row | {"currentSpend": self.spent.get((scope, scope_id), 0)}

    def _put(self, body: Json) -> Json:
        if not self.owner:
            raise _RefusedError(403, "forbidden", "You don't have permission to manage AI Gateway budgets")
        scope = body.get("scopeType")
        whose = {"team": self.team, "project": body.get("projectId"), "user": body.get("userId")}
        amount = body.get("limitAmount")
        if scope not in whose or not whose[scope] or not isinstance(amount, int | float) or amount < 1:
            raise _RefusedError(400, "bad_request", "Invalid request: `limitAmount` should be >= 1")
        if body.get("refreshPeriod", "none") not in {"daily", "weekly", "monthly", "none"}:
            raise _RefusedError(400, "bad_request", "Invalid request: `refreshPeriod`")
        if scope != "team" and whose[scope] not in (self.members if scope == "user" else self.projects):
            raise _RefusedError(404, "not_found", f"{scope} not found")
        more = {name: body[name] for name in ("includeByokInQuota", "alertThresholds") if name in body}
        self.set_budget(scope, str(whose[scope]), amount, body.get("refreshPeriod", "none"), **more)
        return {"budget": self.budgets[scope, str(whose[scope])]}

    def _credited(self) -> Json:
        return {"balance": self.balance, "total_used": "4.50"}

    def _reported(self, heard: Heard) -> Json:
        if not self.has_reports:
            raise _RefusedError(403, "forbidden", "Custom reporting is available on Pro and Enterprise")
        self.reports += 1
        group = heard.query.get("group_by", "day")
        first, last = (date.fromisoformat(heard.query[name]) for name in ("start_date", "end_date"))
        if group not in {"day", "user", "model", "tag", "provider", "credential_type"} or last < first:
            raise _RefusedError(400, "invalid_request_error", "Invalid query parameters")
        sums: dict[str | None, dict[str, Any]] = {}
        for (day, user, model), used in self.used.items():
            if first <= day <= last and heard.query.get("user_id", user) == user:
                name = {"user": user, "model": model}.get(group, str(day))
                row = sums.setdefault(name, dict.fromkeys(FIGURES, 0))
                for each in FIGURES:
                    row[each] += used[each]
        return {"results": [{group: name, **row} for name, row in sums.items()]}
