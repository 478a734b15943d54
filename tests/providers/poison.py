"""Odd rows: where each provider's rows stand in its answers, and every field of them made odd in every way.

A provider is one table of Rows. Its fields are taken from the shapes that the provider reads with, so that a new field
is tried by itself. One fake is filled for each provider; what it answers is recorded once and replayed with one field
of one row changed, without a network.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin

import httpx
from pydantic import AliasChoices, AliasPath, BaseModel

from bot.http import Api
from bot.providers import (
    alibaba,
    azure,
    cursor,
    devin,
    github_copilot,
    helicone,
    langfuse,
    mistral,
    tencent,
    vercel,
    vertex,
    volcengine,
    xai,
)
from bot.providers.anthropic import base as claude
from bot.providers.anthropic import console, enterprise, gateway, reports
from bot.providers.base import Provider, midnight
from bot.providers.litellm import logs as litellm_logs
from bot.providers.litellm import members
from bot.providers.litellm import payloads as litellm
from bot.providers.litellm import provider as litellm_usage
from bot.providers.openai import chatgpt, chatgpt_cost_log, platform
from bot.providers.openrouter import payloads as openrouter
from tests.support.fakes.azure import COLUMNS as AZURE

DAY = date(2026, 11, 18)
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
ODD = "oddity"
"""In the id of everything that is made odd, and of nothing else."""

ODD_LINES = f"completion/models/mistral-{ODD}-latest::mistral-{ODD}/input"

ABSENT = object()
POISONS: Mapping[str, Any] = {
    "absent": ABSENT,
    "null": None,
    "negative": -1,
    "unknown": "never-heard-of",
    "huge": 10**30,
    "long": "x" * 5000,
    "wrong": {"a": [1]},
    "true": True,
}

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one list.

    Args:
        part: the method of the provider that reads them.
        path: of the question, as a regular expression.
        at: where they stand in the answer: a list, or an object whose values they are; () if the answer is the row.
        shape: what the provider reads one with.
        quiet: fields that may leave a row out without a word, because they say that it is none of our business.
        lines: whether the answer is a file of a row in each line.
    """

    part: str
    path: str
    at: Path
    shape: type[BaseModel]
    quiet: frozenset[str] = field(default_factory=frozenset)
    lines: bool = False
    columns: Sequence[str] = ()


def _rows(part: str, path: str, at: str, shape: type[BaseModel], quiet: str = "", *, lines: bool = False) -> Rows:
    steps = tuple(int(step) if step.isdecimal() else step for step in at.split("/") if step)
    return Rows(part, path, steps, shape, frozenset(quiet.split()), lines)


_REPORTS = (
    _rows("charges", "/analytics/usage", "data", reports._UsageRow),
    _rows("charges", "/analytics/cost", "data", reports._CostRow),
    _rows("hours", "/analytics/usage", "data", reports._UsageRow),
    _rows("hours", "/analytics/cost", "data", reports._CostRow),
)
TABLES: Mapping[str, tuple[Rows, ...]] = {
    "alibaba": (
        _rows("charges", "/billing/trend", "data/resultByTime/0/periodDetails", alibaba._Group),
        _rows("people", "/apikeys", "apiKeys", alibaba._Key),
        _rows("limits", "/apikeys", "apiKeys", alibaba._Key),
        _rows("seats", "/seat-detail", "Items", alibaba._Seat),
    ),
    "anthropic-console": (
        *_REPORTS,
        _rows("people", "/users", "data", claude._User),
        _rows("people", "/api_keys", "data", console._ApiKey),
        _rows("people", "/workspaces", "data", console._Workspace),
        _rows("limits", "/api_keys", "data", console._ApiKey, "status"),
        _rows("limits", "/workspaces", "data", console._Workspace),
        _rows("limits", "/spend_limits", "data", console._Configured, "scope.type period"),
        _rows("outcomes", "/usage_report/claude_code", "data", console._Session, "actor.email_address"),
    ),
    "anthropic-enterprise": (
        *_REPORTS,
        _rows("people", "/users", "data", claude._User),
        _rows("limits", "/effective", "data", enterprise._Effective, "actor actor.user_id actor.deleted period"),
        _rows(
            "increase_requests",
            "/spend_limit_increase_requests",
            "data",
            enterprise._Request,
            "actor actor.user_id period",
        ),
        _rows("seats", "/users", "data", enterprise._Joined),
        _rows("seats", "/analytics/users", "data", enterprise._Activity),
        _rows("outcomes", "/analytics/users", "data", enterprise._Activity, "user user.id claude_code_metrics"),
    ),
    "chatgpt-enterprise": (
        _rows("charges", "/usage", "data", chatgpt._Usage),
        _rows("people", "/users", "data", chatgpt._User),
        _rows("people", "/groups", "data", chatgpt._Group),
        _rows("limits", "/usage_limits/users", "data", chatgpt._UserLimit),
        _rows("seats", "/manage/workspaces/[^/]+/users", "data", chatgpt._User, "seat_type"),
    ),
    "chatgpt-enterprise with its log of costs": (
        _rows("charges", "/logs/.*", "", chatgpt_cost_log._Line, "payload.day", lines=True),
    ),
    "claude-gateway": (
        _rows("charges", "/effective", "data", gateway._Spent, "actor.deleted"),
        _rows("people", "/effective", "data", gateway._Spent, "actor.deleted"),
        _rows("limits", "/effective", "data", gateway._Spent, "actor.deleted"),
        _rows("limits", "/spend_limits", "data", gateway._Group, "period"),
    ),
    "tencent": (
        _rows("charges", "/", "Response/TopList", tencent._ByModel),
        _rows("people", "/", "Response/ApiKeySet", tencent._Key),
        _rows("limits", "/", "Response/ApiKeySet", tencent._Key),
    ),
    "vercel": (
        _rows("charges", "/v1/report", "results", vercel._Row),
        _rows("people", "/members", "members", vercel._Member),
        _rows("people", "/projects", "projects", vercel._Project),
        _rows("people", "/ai-gateway/budgets/list", "budgets", vercel._Budget, "archived"),
        _rows("limits", "/ai-gateway/budgets/list", "budgets", vercel._Budget, "archived"),
        _rows("limits", "/members", "members", vercel._Member),
        _rows("limits", "/projects", "projects", vercel._Project),
    ),
    "volcengine": (
        _rows("charges", r"/\?Action=GetUsage.*", "Result/UsageResults", volcengine._Kind),
        _rows("charges", r"/\?Action=ListEndpoints.*", "Result/Items", volcengine._Endpoint, "Id"),
        _rows("charges", r"/\?Action=ListBillDetail.*", "Result/List", volcengine._BillLine, "InstanceNo"),
        _rows("people", r"/\?Action=ListEndpoints.*", "Result/Items", volcengine._Endpoint),
        _rows("limits", r"/\?Action=ListEndpoints.*", "Result/Items", volcengine._Endpoint),
    ),
    "azure": (
        replace(
            _rows("charges", ".*/query.*", "properties/rows", azure._Row, "ResourceId"),
            columns=[name for name, _ in AZURE],
        ),
    ),
    "helicone": (_rows("charges", "/v1/user/metrics/query", "data/users", helicone._User),),
    "langfuse": (_rows("charges", "/api/public/v2/observations", "data", langfuse._Observation),),
    "mistral": (
        _rows("charges", "/v1/admin/usage", ODD_LINES, mistral._Line),
        _rows("charges", "/v1/admin/usage", "prices", mistral._Price),
        _rows("charges", "/v1/admin/workspaces", "workspaces", mistral._Workspace, "uuid"),
        _rows("people", "/v1/admin/workspaces", "workspaces", mistral._Workspace),
        _rows("people", "/v1/admin/api-keys", "keys", mistral._Key),
    ),
    "vertex": (_rows("limits", "/budgets", "budgets", vertex._Budget, "budgetFilter budgetFilter.customPeriod"),),
    "xai": (
        _rows("charges", "/usage", "timeSeries", xai._Series),
        _rows("hours", "/usage", "timeSeries", xai._Series),
        _rows("people", "/api-keys", "apiKeys", xai._Key),
        _rows("limits", "/api-keys", "apiKeys", xai._Key),
    ),
    "cursor": (
        _rows("charges", "/teams/filtered-usage-events", "usageEvents", cursor._Event),
        _rows("people", "/teams/members", "teamMembers", cursor._MemberRow),
        _rows("limits", "/teams/spend", "teamMemberSpend", cursor._SpendRow),
        _rows("seats", "/teams/members", "teamMembers", cursor._MemberRow, "isRemoved"),
        _rows("seats", "/teams/daily-usage-data", "data", cursor._DailyRow),
        _rows("outcomes", "/teams/daily-usage-data", "data", cursor._DailyRow, "email date day"),
    ),
    "devin": (
        _rows("charges", "/consumption/daily/users/.*", "consumption_by_date", devin._Day),
        _rows("people", "/members/users", "items", devin._User),
        _rows("people", "/enterprise/organizations", "items", devin._Organization),
        _rows("limits", "/enterprise/organizations", "items", devin._Organization),
        _rows("limits", "/acu-limits/devin", "items", devin._Cap),
    ),
    "github-copilot": (
        _rows("charges", ".*ai_credit/usage", "usageItems", github_copilot._Item),
        _rows("people", ".*/billing/seats", "seats", github_copilot._SeatRow, "assignee"),
        _rows("limits", ".*/billing/seats", "seats", github_copilot._SeatRow, "assignee"),
        _rows("limits", ".*/billing/budgets", "budgets", github_copilot._BudgetRow),
        _rows("seats", ".*/billing/seats", "seats", github_copilot._SeatRow, "assignee"),
        _rows("outcomes", "metrics.*", "", github_copilot._Made, "user_login", lines=True),
    ),
    "litellm": (
        _rows(
            "charges",
            "/user/daily/activity",
            "results/0/breakdown/models/m-both/api_key_breakdown",
            litellm_usage._KeyUse,
        ),
        _rows("hours", "/spend/logs/v2", "data", litellm_logs._Request),
        _rows("people", "/user/list", "users", litellm.UserRow),
        _rows("people", "/v2/team/list", "teams", litellm.TeamRow),
        _rows("people", "/key/list", "keys", litellm.VirtualKeyRow),
        _rows("limits", "/user/list", "users", litellm.UserRow),
        _rows("limits", "/key/list", "keys", litellm.VirtualKeyRow),
        _rows("limits", "/v2/team/list", "teams", litellm.TeamRow),
        _rows("limits", "/team/info", "team_memberships", members._Membership),
        _rows("people", "/v2/team/list", "teams/2/members_with_roles", litellm.TeamMember, "user_id"),
    ),
    "openai": (
        _rows("charges", "/organization/usage/completions", "data/0/results", platform._Usage),
        _rows("hours", "/organization/usage/completions", "data/0/results", platform._Usage),
        _rows("charges", "/organization/costs", "data/0/results", platform._Cost),
        _rows("people", "/organization/users", "data", platform._User),
        _rows("people", "/organization/projects", "data", platform._Project),
        _rows("people", ".*/api_keys", "data", platform._Key),
        _rows("limits", "/organization/projects", "data", platform._Project, "status archived_at"),
        _rows("limits", ".*/projects/.*/spend_limit", "", platform._SpendLimit),
    ),
    "openrouter": (
        _rows("charges", "/analytics/query", "data/data", openrouter.UsageRow, "date__day created_at__day"),
        _rows("hours", "/analytics/query", "data/data", openrouter.UsageRow, "date__hour created_at__hour"),
        _rows("people", "/organization/members", "data", openrouter.MemberRow),
        _rows("people", "/keys", "data", openrouter.ApiKeyRow),
        _rows("people", "/workspaces", "data", openrouter.WorkspaceRow),
        _rows("limits", "/organization/members", "data", openrouter.MemberRow),
        _rows("limits", "/keys", "data", openrouter.ApiKeyRow),
        _rows("limits", "/guardrails", "data", openrouter.RailRow),
        _rows("limits", "/guardrails/assignments/members", "data", openrouter.AssignedRow),
    ),
}


# What stands there ---------------------------------------------------------------------------------------------------


def _fill_console(fake: Any) -> None:
    fake.found(f"wrkspc_{ODD}", "odd")
    fake.join(f"user_{ODD}", f"{ODD}@acme.test", "Odd")
    fake.make_key(f"apikey_{ODD}", "odd", f"user_{ODD}", workspace=f"wrkspc_{ODD}")
    fake.allow({"type": "workspace", "workspace_id": f"wrkspc_{ODD}"}, Decimal(7))
    for name in ("user_01Dana", f"user_{ODD}"):
        fake.use(DAY, name, Decimal(3), 10, model=f"m-{name}", workspace_id=f"wrkspc_{ODD}", service_tier="batch")
        fake.work(DAY, fake.members[name]["email"], commits=2, lines=3, sessions=1, accepted=1)


def _fill_enterprise(fake: Any) -> None:
    fake.join(f"user_{ODD}", f"{ODD}@acme.test", "Odd")
    for name in ("user_01Dana", f"user_{ODD}"):
        fake.use(DAY, name, Decimal(3), 10, model=f"m-{name}")
        fake.work(DAY, name, commits=2, lines=3, sessions=1)
        fake.ask_for_more(name)


def _fill_chatgpt(fake: Any) -> None:
    fake.use(DAY, ODD, Decimal(3), 10)
    fake.use(DAY, "yan", Decimal(2), 10)
    fake.groups |= {f"group-{ODD}": "Odd", "group-x": "Others"}


def _fill_alibaba(fake: Any) -> None:
    for name in ("1001", ODD):
        fake.use(DAY, name, Decimal(3))
        fake.seat(f"account-{name}", f"{name}@acme.test", 5)


def _fill_gateway(fake: Any) -> None:
    for name, group in (("sub-dana", "eng"), (ODD, ODD)):
        fake.see(name, f"{name}@acme.test", name, group)
        fake.use(DAY, name, Decimal(3))
    fake.see("sub-quiet", "quiet@acme.test", "Quiet")
    fake._set({"scope": {"type": "user", "user_id": "sub-quiet"}, "amount": "900"})
    for name in ("eng", ODD):
        scope = {"type": "rbac_group", "rbac_group_id": name}
        fake._set({"scope": scope, "amount": "700", "pooled_budget": {"amount": "5000"}})


def _fill_tencent(fake: Any) -> None:
    fake.now = NOON + timedelta(days=1)
    for name in ("ak-dana", ODD):
        fake.use(DAY, name, Decimal(3))
        fake.set_quota(name, "m", 900)


def _fill_volcengine(fake: Any) -> None:
    fake.now = NOON + timedelta(days=1)
    fake.add("zoe", "zoe")
    for name in ("ep-dana", ODD):
        fake.use(DAY, name, Decimal(3))
        fake.bill(DAY, name, "3.50", "4.00")


def _fill_cursor(fake: Any) -> None:
    fake.add_member(f"{ODD}@acme.example", "Odd")
    for who in ("bo@acme.example", f"{ODD}@acme.example"):
        fake.use(NOON, who, "gpt-x", 5, {"inputTokens": 3, "outputTokens": 4}, day=DAY.isoformat())
        fake.work(DAY, who, 5, 2, 1)


def _fill_github(fake: Any) -> None:
    fake.add_seat(ODD, f"{ODD}@acme.example")
    fake.use(DAY, "octocat", "GPT-5", 1.5)
    fake.use(DAY, ODD, f"GPT-{ODD}", 1.5)
    fake.add_budget("user", 30, user=ODD)
    fake.make(DAY, "octocat", 4, 2)
    fake.make(DAY, ODD, 4, 2)


def _fill_litellm(fake: Any) -> None:
    for who, model in ((ODD, "m-both"), ("zoe", "m-both"), ("yan", "gpt-x")):
        fake.add_usage(DAY, who, f"{who}@acme.test", f"key-{who}", who, f"team-{who}", model, 1.5, 30, 3)
    fake.member(f"team-{ODD}", ODD, spend=3.0)
    fake.member("team-zoe", "zoe", spend=3.0)


def _fill_openai(fake: Any) -> None:
    fake.projects[f"proj_{ODD}"] = type(fake.projects["proj_main"])(ODD, limit=700)
    fake.add_user("zoe")
    fake.add_usage(DAY, "zoe", "key_zoe", "gpt-x", 10)
    fake.add_cost(DAY, "key_zoe", "gpt-x, input", "1.5")
    key = fake.add_user(ODD, project=f"proj_{ODD}")
    fake.add_usage(DAY, ODD, key, f"m-{ODD}", 10, project=f"proj_{ODD}")
    fake.add_cost(DAY, key, f"m-{ODD}, input", "1.5", project=f"proj_{ODD}", user=ODD)


def _fill_openrouter(fake: Any) -> None:
    fake.add_workspace(f"ws-{ODD}", "Odd")
    fake.add_member(f"user_{ODD}", f"{ODD}@acme.example", "Odd", None)
    key = fake.add_key(ODD, f"user_{ODD}", f"ws-{ODD}")
    fake.add_rail(ODD, 5, "monthly", holder=f"user_{ODD}")
    fake.use(DAY, fake.ana_key, "gpt-x", 1.5)
    fake.use(DAY, key, f"m-{ODD}", 1.5)


def _fill_vercel(fake: Any) -> None:
    fake.use(DAY, "zoe", Decimal("1.5"), 10)
    fake.use(DAY, ODD, Decimal("1.5"), 10, f"m-{ODD}")
    fake.add_project(ODD)
    for scope in ("user", "project", "api-key"):
        fake.set_budget(scope, f"key-{ODD}" if scope == "api-key" else ODD, 20)


def _fill_xai(fake: Any) -> None:
    fake.use(DAY, "zoe", Decimal("1.5"))
    fake.use(DAY, ODD, Decimal("1.5"), what=f"Chat {ODD}")


def _fill_observer(fake: Any) -> None:
    fake.use(DAY, "zoe", Decimal("1.5"), 10)
    fake.use(DAY, ODD, Decimal("1.5"), 10)


def _fill_mistral(fake: Any) -> None:
    _fill_observer(fake)
    fake.keys[f"key-{ODD}"] = "odd"


def _fill_devin(fake: Any) -> None:
    fake.use(DAY, "zoe", Decimal("1.5"))
    fake.use(DAY, ODD, Decimal("1.5"), product=f"m-{ODD}")
    fake.add_organization(f"org-{ODD}", None)
    fake.limits[f"org-{ODD}"] = 20


def _fill_vertex(fake: Any) -> None:
    fake.add_budget(f"cap-{ODD}", [f"projects/{ODD}"], fake.money("EUR", 75, 500_000_000), cap=True)


FILLS: Mapping[str, Callable[[Any], None]] = {
    "alibaba": _fill_alibaba,
    "anthropic-console": _fill_console,
    "anthropic-enterprise": _fill_enterprise,
    "chatgpt-enterprise": _fill_chatgpt,
    "chatgpt-enterprise with its log of costs": _fill_chatgpt,
    "claude-gateway": _fill_gateway,
    "tencent": _fill_tencent,
    "vercel": _fill_vercel,
    "volcengine": _fill_volcengine,
    "vertex": _fill_vertex,
    "xai": _fill_xai,
    "cursor": _fill_cursor,
    "devin": _fill_devin,
    "azure": _fill_observer,
    "helicone": _fill_observer,
    "mistral": _fill_mistral,
    "langfuse": _fill_observer,
    "github-copilot": _fill_github,
    "litellm": _fill_litellm,
    "openai": _fill_openai,
    "openrouter": _fill_openrouter,
}


# How it is made odd --------------------------------------------------------------------------------------------------


def read(provider: Provider, part: str) -> list[Any]:
    """All of a part; of what has days, of that day."""
    method = getattr(provider, part)
    if part == "hours":
        return list(method(midnight(DAY), midnight(DAY) + timedelta(days=1)))
    return list(method(DAY, DAY) if part in {"charges", "outcomes"} else method())


def fields_of(shape: type[BaseModel], row: Any, above: Path = ()) -> Iterator[Path]:
    """Where the fields of a shape stand in a row, those within fields included."""
    for name, one in shape.model_fields.items():
        here = above + _place(one.validation_alias or name, row, above)
        yield here
        for inner in _shapes(one.annotation):
            yield from fields_of(inner, row, here)


def _place(alias: str | AliasPath | AliasChoices, row: Any, above: Path) -> Path:
    """Where a field stands; of several places the one that the row uses."""
    match alias:
        case AliasChoices(choices=choices):
            places = [_place(each, row, above) for each in choices]
            return next((each for each in places if _at(row, above + each) is not ABSENT), places[0])
        case AliasPath(path=path):
            return tuple(path)
        case _:
            return (alias,)


def _shapes(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Union, UnionType}:
        for each in get_args(annotation):
            yield from _shapes(each)


def _at(row: Any, path: Path) -> Any:
    for step in path:
        try:
            row = row[step]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return row


def spoiled(row: Any, path: Path, value: Any) -> Any:
    """The row with something else at a place; None if the row has no such place."""
    row = json.loads(json.dumps(row))
    *way, last = path
    there = _at(row, tuple(way))
    if not isinstance(there, dict):
        return None
    if value is ABSENT:
        there.pop(last, None)
    else:
        there[last] = value
    return row


def _in_columns(change: Callable[[Any], Any], columns: Sequence[str]) -> Callable[[Any], Any]:
    """The same change of a row whose values stand in the order of its columns; what is absent there is null."""

    def changed(row: Any) -> Any:
        found = change(dict(zip(columns, row, strict=True)))
        return [found.get(name) for name in columns] if isinstance(found, dict) else found

    return changed if columns else change


class Replay:
    """What a fake answered once, given again with one row changed.

    Attributes:
        change: what becomes of the odd row of a list, None to leave all as it is.
    """

    def __init__(self) -> None:
        self.change: tuple[Rows, Callable[[Any], Any]] | None = None
        self.changed = 0
        self._heard: dict[str, tuple[httpx.Response, bytes]] = {}

    @contextmanager
    def on(self, monkeypatch: Any) -> Iterator["Replay"]:
        """Ask nobody twice."""
        ask = Api._exchange

        def exchange(api: Api, method: str, url: str, path: str, deadline: float, **content: Any) -> Any:
            key = repr((method, url, sorted(content.items(), key=str)))
            if key not in self._heard:
                self._heard[key] = ask(api, method, url, path, deadline, **content)
            answer, body = self._heard[key]
            return answer, self._spoiled(path, body) if answer.is_success else body

        with monkeypatch.context() as patch:
            patch.setattr(Api, "_exchange", exchange)
            yield self

    def _spoiled(self, path: str, body: bytes) -> bytes:
        if self.change is None or not body:
            return body
        rows, change = self.change
        if not re.fullmatch(f"(?:.*/v1)?(?:.*)?{rows.path}" if rows.path.startswith("/") else rows.path, path):
            return body
        if rows.lines:
            lines = [json.loads(line) for line in body.splitlines() if line.strip()]
            return b"\n".join(json.dumps(self._changed(line, change)).encode() for line in lines)
        told = json.loads(body)
        if not rows.at:
            return json.dumps(self._changed(told, change, always=ODD in path)).encode()
        found = _at(told, rows.at)
        if isinstance(found, list):
            found[:] = [self._changed(each, _in_columns(change, rows.columns)) for each in found]
        elif isinstance(found, dict):
            found.update({name: self._changed(each, change, always=ODD in name) for name, each in found.items()})
        return json.dumps(told).encode()

    def _changed(self, row: Any, change: Callable[[Any], Any], *, always: bool = False) -> Any:
        if not always and ODD not in json.dumps(row):
            return row
        self.changed += 1
        return change(row)
