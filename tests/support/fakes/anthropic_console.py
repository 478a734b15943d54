"""A Claude Console organization: keys that can be switched, workspaces, and limits for whom early access is given."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from tests.support.fakes.anthropic import (
    NOW,
    ApiError,
    FakeAnthropic,
    Json,
    Route,
    amount_of,
    body_of,
    invalid,
    missing,
)
from tests.support.fakes.loopback import Heard

LIMITS_BETA = "spend-limit-reads-2026-09-26"
IDS = frozenset({"limit", "after_id", "before_id"})
PAGING = frozenset({"limit", "page"})
SCOPES = {"organization", "organization_service", "rbac_group", "seat_tier", "user", "workspace"}


class FakeClaudeConsole(FakeAnthropic):
    """Starts with Dana, her key in the workspace of Search, and a key of nobody in the default workspace.

    Attributes:
        reads_limits: whether limits can be read.
        early_access: whether limits can be set.
        currency: what the organization is billed in.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reads_limits = True
        self.early_access = True
        self.currency = "USD"
        self.keys: dict[str, Json] = {}
        self.workspaces: dict[str, Json] = {}
        self.limits: dict[str, Json] = {}
        self._work: list[tuple[date, Json]] = []
        self.join("user_01Dana", "dana@acme.test", "Dana Reyes")
        self.found("wrkspc_01Search", "team-search")
        self.make_key("apikey_01Dana", "dana-laptop", "user_01Dana", workspace="wrkspc_01Search")
        self.make_key("apikey_01Eval", "nightly-eval", "svac_01Eval", kind="service_account", is_old=True)

    def found(self, name: str, title: str, *, archived: bool = False) -> None:
        """A workspace is made."""
        with self.lock:
            self.workspaces[name] = {
                "type": "workspace",
                "id": name,
                "name": title,
                "created_at": "2026-01-12T10:00:00Z",
                "archived_at": "2026-11-01T00:00:00Z" if archived else None,
                "display_color": "#6C5BB9",
                "tags": {},
            }

    def make_key(
        self,
        name: str,
        title: str,
        holder: str,
        *,
        kind: str = "user",
        workspace: str | None = None,
        status: str = "active",
        is_old: bool = False,
    ) -> None:
        """A key is made in the Console, by Dana, for whoever it acts as.

        Since October a key says its workspace and whom it acts for in another way than those that are old; both are
        sent, and a key of no workspace is one of the organization.
        """
        scope = {"type": "workspace", "workspace_id": workspace} if workspace else {"type": "organization"}
        new = {"scope": scope, "created_by": None, "principal": {"type": f"{kind}_actor", f"{kind}_id": holder}}
        old = {
            "workspace_id": workspace,
            "created_by": {"id": "user_01Dana", "type": "user"},
            "partial_key_hint": "sk-ant-api03-R2D...igAA",
            "principal": {"id": holder, "type": kind},
            "expires_at": None,
        }
        with self.lock:
            self.keys[name] = {
                "type": "api_key",
                "id": name,
                "name": title,
                "status": status,
                "created_at": "2026-03-01T10:00:00Z",
                **(old if is_old else new),
            }

    def work(self, day: date, email: str, *, terminal: str = "vscode", **core: int) -> None:
        """What somebody did with Claude Code in a kind of terminal; without an address it was a key."""
        who = {"type": "user_actor", "email_address": email} if email else {"type": "api_actor", "api_key_name": "ci"}
        row = {
            "date": f"{day}T00:00:00Z",
            "actor": who,
            "customer_type": "api",
            "terminal_type": terminal,
            "core_metrics": {
                "num_sessions": core.get("sessions", 0),
                "lines_of_code": {"added": core.get("lines", 0), "removed": 1},
                "commits_by_claude_code": core.get("commits", 0),
                "pull_requests_by_claude_code": core.get("pull_requests", 0),
            },
            "tool_actions": {
                "edit_tool": {"accepted": core.get("accepted", 0), "rejected": core.get("rejected", 0)},
                "write_tool": {"accepted": 0, "rejected": 0},
            },
            "model_breakdown": [{"model": "m", "estimated_cost": {"currency": "USD", "amount": 141}}],
        }
        with self.lock:
            self._work.append((day, row))

    def allow(self, scope: Json, dollars: Decimal | None, *, is_enabled: bool = True, period: str = "monthly") -> Json:
        """A limit is set, by whomever."""
        name = str(scope.get("workspace_id", scope["type"]))
        self.limits[name] = {
            "type": "spend_limit",
            "id": f"spl_{name}",
            "scope": scope,
            "amount": None if dollars is None else f"{dollars * 100:f}",
            "currency": self.currency,
            "period": period,
            "is_enabled": is_enabled,
            "created_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
            "updated_at": f"{self.now:%Y-%m-%dT%H:%M:%SZ}",
        }
        return self.limits[name]

    def routes(self) -> Iterable[Route]:
        """Those of a Console organization beside the common ones."""
        yield from super().routes()
        yield Route("GET", "/api_keys", "", self._keys, IDS | {"status", "workspace_id", "created_by_user_id"})
        yield Route("GET", "/api_keys/([\\w-]+)", "", self._key)
        yield Route("POST", "/api_keys/([\\w-]+)", "", self._change_key)
        yield Route("GET", "/workspaces", "", self._workspaces, IDS | {"include_archived"})
        yield Route("GET", "/usage_report/claude_code", "", self._code, PAGING | {"starting_at"})
        yield Route("GET", "/spend_limits", "", self._limits, PAGING | {"scope_type[]"}, LIMITS_BETA)
        yield Route("POST", "/spend_limits", "", self._set)

    def _keys(self, heard: Heard) -> Json:
        wanted = {name: heard.query[name] for name in ("status", "workspace_id") if name in heard.query}
        facts = ((key, {"status": key["status"], "workspace_id": _workspace(key)}) for key in self.keys.values())
        return self.listed(heard, [key for key, known in facts if wanted.items() <= known.items()])

    def _key(self, _heard: Heard, name: str) -> Json:
        if name not in self.keys:
            raise missing("API key")
        return self.keys[name]

    def _change_key(self, heard: Heard, name: str) -> Json:
        body = body_of(heard, set(), {"name", "status"})
        if body.get("status", "active") not in {"active", "inactive", "archived"}:
            raise invalid("status: Input should be 'active', 'inactive' or 'archived'")
        self.keys[name] = {**self._key(heard, name), **body}
        return self.keys[name]

    def _workspaces(self, heard: Heard) -> Json:
        all_of_them = heard.query.get("include_archived") == "true"
        return self.listed(heard, [each for each in self.workspaces.values() if all_of_them or not each["archived_at"]])

    def _code(self, heard: Heard) -> Json:
        try:
            day = date.fromisoformat(heard.query["starting_at"])
        except (KeyError, ValueError):
            raise invalid("starting_at: Input should be a valid date") from None
        page = self.paged(heard, [row for worked, row in self._work if worked == day])
        return {**page, "has_more": page["next_page"] is not None}

    def _limits(self, heard: Heard) -> Json:
        if not self.reads_limits:
            raise ApiError(403, "permission_error", "Spend limits are not enabled for this organization")
        wanted = set(heard.lists.get("scope_type[]", SCOPES))
        if wanted - SCOPES:
            raise invalid("scope_type: unknown value")
        return self.paged(heard, [each for each in self.limits.values() if each["scope"]["type"] in wanted])

    def _set(self, heard: Heard) -> Any:
        if not self.early_access:
            raise ApiError(403, "permission_error", "Setting spend limits is not enabled for this organization")
        body = body_of(heard, {"scope", "amount"}, {"period"})
        scope = body["scope"]
        if (scope.get("type"), set(scope)) not in [
            ("organization", {"type"}),
            ("workspace", {"type", "workspace_id"}),
        ] or body.get("period", "monthly") != "monthly":
            raise invalid("scope: only the organization's or a workspace's monthly limit can be set")
        if scope["type"] == "workspace" and scope["workspace_id"] not in self.workspaces:
            raise missing("Workspace")
        return self.allow(scope, Decimal(amount_of(body)) / 100)


def _workspace(key: Json) -> str | None:
    found: str | None = key["scope"].get("workspace_id") if "scope" in key else key["workspace_id"]
    return found
