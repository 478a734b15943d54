"""An organization at Anthropic as its documentation of November 2026 tells of it, with its own clock.

What both kinds of organization have: the admission, the ways of listing, members, and the report of usage and cost.
Bodies have the fields that the documentation shows, those that we do not read included.
"""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.support.fakes.loopback import Answer, Heard, Loopback

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ROOT = "/v1/organizations"
REPORTS_BETA = "analytics-usage-cost-2026-08-24"
REPORTED_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DIMENSIONS = (
    *("actor", "actor_type", "agent_id", "api_key_id", "claude_tag_category", "claude_tag_user_id", "context_window"),
    *("deployment_id", "environment_id", "inference_geo", "model", "product", "rbac_group_id", "service_tier"),
    *("session_id", "slack_channel_id", "speed", "user_profile_id", "workspace_id"),
)

ORDERED = ("order", "order_by")

Json = dict[str, Any]


class ApiError(Exception):
    """What the organization refuses."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


def invalid(message: str) -> ApiError:
    """A question or an order that makes no sense."""
    return ApiError(400, "invalid_request_error", message)


def missing(what: str) -> ApiError:
    """Something that is not there."""
    return ApiError(404, "not_found_error", f"{what} not found")


@dataclass(frozen=True, slots=True)
class Route:
    """Something that can be asked or ordered.

    Args:
        method: the HTTP method.
        pattern: of its path below the root, with groups for ids.
        scope: what a key needs for it, "" for nothing.
        work: gives the answer; it is told the request and the ids.
        query: the names that the question may have.
        beta: a header without which it is refused, "" for none.
    """

    method: str
    pattern: str
    scope: str
    work: Callable[..., Json]
    query: frozenset[str] = frozenset()
    beta: str = ""


@dataclass(slots=True)
class Use:
    """What was used in an hour by somebody, and what it cost."""

    at: datetime
    group: Json
    usage: Json
    cents: Decimal | None


@dataclass(frozen=True, slots=True)
class Credential:
    """What a key opens; None is everything."""

    scopes: frozenset[str] | None


class FakeAnthropic(Loopback):
    """Whoever inherits it adds the routes of its kind of organization.

    Attributes:
        key: opens everything.
        now: its clock.
        report_rows_max: how many rows a page of a report may have, which is not documented.
        late: how long after its end an hour is reported.
    """

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__()
        self.now = now
        self.report_rows_max = 100
        self.late = timedelta()
        self.members: dict[str, Json] = {}
        self.uses: list[Use] = []
        self._credentials: dict[str, Credential] = {}
        self.key = self.issue()

    def issue(self, *scopes: str) -> str:
        """A new key; without scopes it may do everything."""
        secret = f"sk-ant-api01-{secrets.token_urlsafe(16)}"
        self._credentials[secret] = Credential(frozenset(scopes) if scopes else None)
        return secret

    def join(self, user_id: str, email: str, name: str, added_at: str = "2026-06-12T09:14:03Z") -> None:
        """Somebody becomes a member."""
        row = {"type": "user", "id": user_id, "email": email, "name": name, "role": "user", "added_at": added_at}
        with self.lock:
            self.members[user_id] = row

    def use(
        self,
        day: date,
        user: str,
        dollars: Decimal | None,
        tokens: int,
        *,
        model: str | None = "claude-sonnet-5",
        hour: int = 0,
        output: int = 0,
        cache_read: int = 0,
        cache_5m: int = 0,
        cache_1h: int = 0,
        **group: str | None,
    ) -> None:
        """Say what somebody used in an hour; said again for the same group it is restated. No user is nobody."""
        at = datetime.combine(day, time(hour), UTC)
        usage = {
            "uncached_input_tokens": tokens,
            "cache_read_input_tokens": cache_read,
            "cache_creation": {"ephemeral_5m_input_tokens": cache_5m, "ephemeral_1h_input_tokens": cache_1h},
            "output_tokens": output,
            "total_tokens": tokens + cache_read + cache_5m + cache_1h + output,
            "requests": 1 if user else None,
            "server_tool_use": {"web_search_requests": 0},
        }
        new = Use(
            at, {"actor": user or None, "model": model, **group}, usage, None if dollars is None else dollars * 100
        )
        with self.lock:
            self.uses = [old for old in self.uses if (old.at, old.group) != (at, new.group)] + [new]

    def answer(self, heard: Heard) -> Answer:
        """As Anthropic would answer."""
        number = {"request-id": f"req_{secrets.token_hex(8)}"}
        try:
            with self.lock:
                return Answer(200, self._admitted(heard), number)
        except ApiError as no:
            error = {"type": no.kind, "message": str(no)}
            return Answer(no.status, {"type": "error", "error": error, "request_id": number["request-id"]}, number)

    def routes(self) -> Iterable[Route]:
        """What both kinds have."""
        report = frozenset({"starting_at", "ending_at", "group_by[]", "limit", "page", "time_bucket_width", *ORDERED})
        yield Route("GET", "/me", "", lambda _heard: {"id": "org_013FP9", "name": "Acme", "type": "organization"})
        yield Route("GET", "/users", "read:members", self._users, frozenset({"limit", "after_id", "before_id"}))
        yield Route("GET", "/analytics/usage", "read:analytics", self._usage, report, REPORTS_BETA)
        yield Route("GET", "/analytics/cost", "read:analytics", self._cost, report, REPORTS_BETA)

    def actor(self, user_id: str) -> Json:
        """Somebody as they stand in reports and limits; who has left has neither name nor address."""
        member = self.members.get(user_id)
        name = member["name"] if member else "Deleted User"
        email = member["email"] if member else None
        return {"type": "user_actor", "user_id": user_id, "name": name, "email_address": email, "deleted": not member}

    def paged(self, heard: Heard, rows: list[Json], usual: int = 20, most: int = 1000) -> Json:
        """A page of a list that names the next one; its name holds for the same question only."""
        size = number(heard, "limit", usual, most)
        question = {name: values for name, values in heard.lists.items() if name != "page"}
        mark = hashlib.sha256(json.dumps([heard.path, question], sort_keys=True).encode()).hexdigest()[:8]
        offset = self._offset(heard.query.get("page", ""), mark)
        following = _cursor(offset + size, mark) if len(rows) > offset + size else None
        return {"data": rows[offset : offset + size], "next_page": following}

    def listed(self, heard: Heard, rows: list[Json]) -> Json:
        """A slice of a list that goes on after an id."""
        size = number(heard, "limit", 20, 1000)
        ids = [row["id"] for row in rows]
        after = heard.query.get("after_id", "")
        if after and after not in ids:
            raise invalid(f"after_id: {after} is not in the list")
        start = ids.index(after) + 1 if after else 0
        part = rows[start : start + size]
        ends = {"first_id": part[0]["id"], "last_id": part[-1]["id"]} if part else {"first_id": None, "last_id": None}
        return {"data": part, "has_more": len(rows) > start + size, **ends}

    def _offset(self, page: str, mark: str) -> int:
        if not page:
            return 0
        try:
            offset, of = json.loads(base64.urlsafe_b64decode(page))
        except ValueError:
            raise invalid("page: invalid cursor") from None
        if of != mark:
            raise invalid("cursor does not match current query parameters")
        return int(offset)

    def _admitted(self, heard: Heard) -> Json:
        credential = self._credentials.get(heard.headers.get("x-api-key", ""))
        if credential is None:
            raise ApiError(401, "authentication_error", "invalid x-api-key")
        if "anthropic-version" not in heard.headers:
            raise invalid("anthropic-version: header is required")
        found = [(route, match) for route in self.routes() if (match := re.fullmatch(ROOT + route.pattern, heard.path))]
        if not found:
            raise ApiError(404, "not_found_error", "Not found")
        for route, match in found:
            if route.method == heard.method:
                _admit(route, credential, heard)
                return route.work(heard, *match.groups())
        raise ApiError(405, "invalid_request_error", "Method Not Allowed")

    def _users(self, heard: Heard) -> Json:
        return self.listed(heard, list(self.members.values()))

    def _usage(self, heard: Heard) -> Json:
        return self._report(heard, DIMENSIONS, _usage_of)

    def _cost(self, heard: Heard) -> Json:
        return self._report(heard, (*DIMENSIONS, "cost_type", "token_type"), _cost_of)

    def _report(
        self, heard: Heard, dimensions: tuple[str, ...], told: Callable[[list[Use]], tuple[Decimal, Json] | None]
    ) -> Json:
        start, end = self._range(heard)
        asked = heard.lists.get("group_by[]", [])
        unknown = set(asked) - set(dimensions)
        if unknown:
            raise invalid(f"group_by: unknown values {sorted(unknown)}")
        hourly = self._width(heard)
        groups: dict[tuple[Any, ...], list[Use]] = {}
        for use in self.uses:
            if start <= use.at < end and use.at + HOUR + self.late <= self.now:
                begins = use.at if hourly else start
                groups.setdefault((begins, *(use.group.get(name) for name in asked)), []).append(use)
        rows = []
        for (begins, *values), uses in groups.items():
            if (row := told(uses)) is not None:
                group = {**dict.fromkeys(dimensions), **dict(zip(asked, values, strict=True))}
                if group["actor"]:
                    group["actor"] = self._who(group["actor"])
                ends = begins + HOUR if hourly else end
                times = {"starting_at": f"{begins:%Y-%m-%dT%H:%M:%SZ}", "ending_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}
                rows.append((row[0], {**times, "group": group, **row[1]}))
        if hourly:
            rows.sort(key=lambda row: row[1]["starting_at"], reverse=heard.query.get("order", "desc") == "desc")
        else:
            rows.sort(key=lambda row: row[0], reverse=True)
        page = self.paged(heard, [row for _, row in rows], most=self.report_rows_max)
        refreshed = self.now - timedelta(minutes=90)
        return {**page, "data_refreshed_at": refreshed.isoformat()}

    def _width(self, heard: Heard) -> bool:
        """Whether hours are asked for; they need an end, and only they have an order in time."""
        width = heard.query.get("time_bucket_width")
        if width not in {None, "1h"}:
            raise invalid("time_bucket_width: Input should be '1m', '1h' or '1d'")
        if width and "ending_at" not in heard.query:
            raise invalid("ending_at: required when time_bucket_width is set")
        if heard.query.get("order_by") == "time" and not width:
            raise invalid("order_by: time needs time_bucket_width")
        return width is not None

    def _who(self, actor: str) -> Json:
        if actor.startswith("apikey_"):
            return {"type": "api_actor", "api_key_id": actor}
        if ":" in actor:
            provider, subject = actor.split(":", 1)
            return {"type": "federated_actor", "provider": provider, "subject": subject or None}
        if actor.startswith("svac_"):
            return {"type": "service_account_actor", "service_account_id": actor}
        return self.actor(actor)

    def _range(self, heard: Heard) -> tuple[datetime, datetime]:
        start = moment(heard, "starting_at")
        end = moment(heard, "ending_at") if "ending_at" in heard.query else min(self.now, start + timedelta(days=31))
        end = end.replace(minute=0, second=0, microsecond=0)
        if start < max(REPORTED_SINCE, self.now - timedelta(days=365)):
            raise invalid("starting_at: must be within the last 365 days and not before 2026-01-01")
        if not start < end <= self.now:
            raise invalid("ending_at: must be after starting_at and not in the future")
        if end - start > timedelta(days=31):
            raise invalid("ending_at: the range may be 31 days at most")
        return start, end


def number(heard: Heard, name: str, usual: int, most: int) -> int:
    """A whole number of the question within its bounds."""
    text = heard.query.get(name, str(usual))
    if not (text.isdecimal() and 1 <= int(text) <= most):
        raise invalid(f"{name}: Input should be between 1 and {most}")
    return int(text)


def moment(heard: Heard, name: str) -> datetime:
    """A moment of the question, with its zone."""
    try:
        found = datetime.fromisoformat(heard.query[name])
    except (KeyError, ValueError):
        raise invalid(f"{name}: Input should be a valid datetime") from None
    if found.tzinfo is None:
        raise invalid(f"{name}: Input should have timezone info")
    return found


def body_of(heard: Heard, required: set[str], optional: set[str]) -> Mapping[str, Any]:
    """The body of an order, with all that it needs and nothing else."""
    try:
        body = json.loads(heard.body or b"{}")
    except ValueError:
        raise invalid("The request body is not valid JSON") from None
    for name in required - set(body):
        raise invalid(f"{name}: Field required")
    for name in set(body) - required - optional:
        raise invalid(f"{name}: Extra inputs are not permitted")
    found: Mapping[str, Any] = body
    return found


def amount_of(body: Mapping[str, Any]) -> str:
    """An amount of an order: a text of whole cents."""
    amount = body["amount"]
    if not (isinstance(amount, str) and amount.isascii() and amount.isdigit()):
        raise invalid("amount: must be a string of whole minor units")
    return str(int(amount))


def _admit(route: Route, credential: Credential, heard: Heard) -> None:
    if credential.scopes is not None and route.scope and route.scope not in credential.scopes:
        has = ", ".join(sorted(credential.scopes))
        raise ApiError(403, "permission_error", f"This API key has the scopes {has}, but {route.scope} is needed")
    if route.beta and route.beta not in heard.headers.get("anthropic-beta", "").split(","):
        raise invalid(f"this endpoint needs the header anthropic-beta: {route.beta}")
    unknown = set(heard.lists) - route.query
    if unknown:
        raise invalid(f"{min(unknown)}: Extra inputs are not permitted")


def _usage_of(uses: list[Use]) -> tuple[Decimal, Json]:
    total = _added([use.usage for use in uses])
    return Decimal(total["total_tokens"]), {"usage": total}


def _cost_of(uses: list[Use]) -> tuple[Decimal, Json] | None:
    """What is billed elsewhere, or not yet, has no row."""
    billed = [use.cents for use in uses if use.cents is not None]
    if not billed:
        return None
    cents = sum(billed, Decimal(0))
    listed = f"{abs(cents) * Decimal('1.1'):f}"
    return cents, {"cost": {"amount": f"{cents:f}", "list_amount": listed, "currency": "USD", "requests": None}}


def _added(parts: list[Json]) -> Json:
    return {
        name: _added([part[name] for part in parts])
        if isinstance(value, dict)
        else _sum([part[name] for part in parts])
        for name, value in parts[0].items()
    }


def _sum(values: list[int | None]) -> int | None:
    """What nobody counted is null."""
    counted = [value for value in values if value is not None]
    return sum(counted) if counted else None


def _cursor(offset: int, mark: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([offset, mark]).encode()).decode()
