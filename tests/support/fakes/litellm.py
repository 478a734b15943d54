"""A LiteLLM proxy as seen on version 1.106.2: its bodies were recorded there, and it refuses what that one refuses.

What was not recorded (a missing key, an expired key, a malformed date, a user without rights listing users, an order
about a team or key that is not there) is as in the source of 1.109.1.
"""

import copy
import dataclasses
import hashlib
import itertools
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote

from tests.support.fakes.loopback import Answer, Heard, Loopback
from tests.support.paths import RECORDED

MASTER_KEY = "litellm_proxy_master_key"
MANAGEMENT_ROUTES = (
    *(
        "/spend/logs/v2",
        "/user/daily/activity",
        "/user/list",
        "/v2/team/list",
        "/key/list",
        "/user/info",
        "/team/info",
        "/key/info",
    ),
    *("/user/update", "/team/update", "/team/member_update", "/key/update"),
    *("/team/block", "/team/unblock", "/key/block", "/key/unblock"),
)
DURATIONS = re.compile(r"[0-9]+(s|m|h|d|w|mo)|hourly|daily|weekly|monthly")
# What an order may change; whatever else it says is dropped without a word.
WRITABLE = {
    "users": {"max_budget", "budget_duration", "spend", "metadata", "user_alias"},
    "teams": {"max_budget", "budget_duration", "metadata", "team_alias", "blocked"},
    "keys": {"max_budget", "budget_duration", "spend", "metadata", "key_alias", "blocked"},
}

RESETS = {"1mo": "2026-12-01T00:00:00Z", "30d": "2026-12-01T00:00:00Z"}

LOG_TIME = "%Y-%m-%d %H:%M:%S"

Metrics = dict[str, float]


def recorded(number: str) -> dict[str, Any]:
    """A recorded exchange by its number: `request`, `status` and `response`."""
    (path,) = RECORDED.glob(f"{number}-*.json")
    exchange: dict[str, Any] = json.loads(path.read_text())
    return exchange


@dataclass(frozen=True, slots=True)
class Credential:
    """A key that opens the proxy. Without `routes` it opens what its user may see."""

    user_id: str
    routes: tuple[str, ...] = ()
    expired: bool = False


@dataclass(slots=True)
class Row:
    """What a key used of a model in an hour: requests in its log, and a part of a row of its daily table."""

    day: str
    hour: int
    user_id: str | None
    key_hash: str
    model: str
    endpoint: str
    metrics: Metrics


class FakeLiteLLM(Loopback):
    """Starts with the recorded day 2026-11-22: seven rows, 0.73647 dollars.

    Attributes:
        key: a management key of the user "quota-bot", who is a proxy_admin.
        master_key: the proxy's own key.
        counted_max: so many requests of its log it counts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counted_max = 10_000
        self._credentials: dict[str, Credential] = {}
        self._users: dict[str, dict[str, Any]] = {}
        self._teams: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, dict[str, Any]] = {}
        self._memberships: dict[str, dict[str, dict[str, Any]]] = {}
        self._owners: dict[str, dict[str, Any]] = {}
        self._rows: list[Row] = []
        self._start_as_recorded()
        self.key = self.issue("quota-bot", routes=("management_routes",))
        self.master_key = self.issue("default_user_id")

    def issue(self, user_id: str, *, routes: tuple[str, ...] = (), expired: bool = False) -> str:
        """A new key of a user. The keys of "quota-bot" and "default_user_id" have admin rights."""
        secret = f"sk-{secrets.token_urlsafe(16)}"
        self._credentials[secret] = Credential(user_id, routes, expired)
        return secret

    def add_usage(
        self,
        day: date | str,
        user_id: str | None,
        email: str | None,
        key_hash: str,
        key_alias: str | None,
        team_id: str | None,
        model: str,
        spend: float,
        prompt_tokens: int,
        completion_tokens: int,
        *,
        cache_read: int = 0,
        cache_write: int = 0,
        requests: int = 1,
        failed: int = 0,
        endpoint: str = "/chat/completions",
        hour: int = 0,
    ) -> None:
        """Say what a key used in an hour; said again for the same hour, user, key, model and endpoint it is restated.

        The user, the team and the key are there from then on, and the key is its latest user's and team's.
        """
        metrics = {
            **self._nothing,
            "spend": spend,
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "cache_read_input_tokens": cache_read,
            "cache_creation_input_tokens": cache_write,
            "api_requests": requests,
            "successful_requests": requests - failed,
            "failed_requests": failed,
        }
        row = Row(str(day), hour, user_id, key_hash, model, endpoint, metrics)
        owner = {"key_alias": key_alias, "team_id": team_id, "user_id": user_id, "user_email": email}
        with self.lock:
            self._know({**owner, "key_exists": key_hash != MASTER_KEY}, key_hash)
            same = [old for old in self._rows if (old.hour, *_identity(old)) == (hour, *_identity(row))]
            if same:
                same[0].metrics = metrics
            else:
                self._rows.append(row)

    def answer(self, heard: Heard) -> Answer:
        """As the proxy would answer."""
        route = self._routes().get(heard.path)
        if heard.path == "/health/readiness":
            return Answer(200, {"status": "healthy", "db": "connected"})
        secret = heard.headers.get("authorization", "").removeprefix("Bearer ")
        credential = self._credentials.get(secret)
        if credential is None or credential.expired:
            return _not_let_in(secret, credential)
        if credential.routes and heard.path not in _opened(credential.routes):
            return _route_refused(credential.routes, heard.path)
        with self.lock:
            if heard.path in self._orders():
                return self._ordered(heard, credential)
            if heard.method != "GET":
                return Answer(405, {"detail": "Method Not Allowed"})
            return route(_with_pluses(heard), credential) if route else Answer(404, {"detail": "Not Found"})

    def _routes(self) -> Mapping[str, Callable[[Mapping[str, str], Credential], Answer]]:
        return {
            "/health/license": lambda _query, _credential: Answer(200, recorded("001")["response"]),
            "/user/daily/activity": self._usage,
            "/spend/logs/v2": self._logs,
            "/user/list": partial(self._list, "users", self._users),
            "/v2/team/list": partial(self._list, "teams", self._teams),
            "/key/list": self._key_list,
            "/user/info": self._user_info,
            "/team/info": self._team_info,
            "/key/info": self._key_info,
        }

    def _orders(self) -> Mapping[str, Callable[[dict[str, Any]], Answer]]:
        return {
            "/user/update": self._update_user,
            "/team/update": partial(self._update, "teams", "team_id"),
            "/team/member_update": self._update_member,
            "/key/update": partial(self._update, "keys", "key"),
            "/team/block": partial(self._block, "teams", "team_id", blocked=True),
            "/team/unblock": partial(self._block, "teams", "team_id", blocked=False),
            "/key/block": partial(self._block, "keys", "key", blocked=True),
            "/key/unblock": partial(self._block, "keys", "key", blocked=False),
        }

    def facts(self, kind: str, id_: str, **facts: Any) -> dict[str, Any]:
        """The row of a user, team or key, after writing these facts into it as somebody at the console would."""
        row = self._tables()[f"{kind}s"][id_]
        row.update(facts)
        return row

    def _tables(self) -> Mapping[str, dict[str, dict[str, Any]]]:
        return {"users": self._users, "teams": self._teams, "keys": self._keys}

    def _ordered(self, heard: Heard, credential: Credential) -> Answer:
        if heard.method != "POST":
            return Answer(405, {"detail": "Method Not Allowed"})
        if not self._is_admin(credential):
            return _as_recorded("109" if heard.path.startswith("/key") else "108")
        role = self._users[credential.user_id]["user_role"] if credential.user_id in self._users else "proxy_admin"
        if role != "proxy_admin":  # as in the source of 1.108.7
            said = f"user not allowed to access this route, role= {role}. Trying to access: {heard.path}"
            return Answer(403, {"detail": said})
        body = json.loads(heard.body or b"{}")
        if not isinstance(body.get("max_budget"), int | float | None):
            return _as_recorded("111")
        if not DURATIONS.fullmatch(body.get("budget_duration") or "1d"):
            refusal = recorded("113")
            refusal["response"]["error"]["message"] = refusal["response"]["error"]["message"].replace(
                "fortnight", body["budget_duration"]
            )
            return Answer(refusal["status"], refusal["response"])
        return self._orders()[heard.path](body)

    def _update_user(self, body: dict[str, Any]) -> Answer:
        """Whoever is not there is made."""
        user_id = body["user_id"]
        if user_id not in self._users:
            made = recorded("023")["response"]["data"]
            self._users[user_id] = {**_like(made, user_id=user_id, max_budget=None), "key_count": 0}
        row = self._write("users", user_id, body)
        shape = recorded("015")["response"]["data"]
        return Answer(
            200, {"user_id": user_id, "data": {**shape, **{name: row[name] for name in shape if name in row}}}
        )

    def _update(self, table: str, id_name: str, body: dict[str, Any]) -> Answer:
        trouble = self._missing(table, id_name, body)
        if trouble:
            return trouble
        row = self._write(table, body[id_name], body)
        envelope = {"team_id": body[id_name], "data": row} if table == "teams" else {"key": body[id_name], **row}
        return Answer(200, envelope)

    def _update_member(self, body: dict[str, Any]) -> Answer:
        """The answer repeats what was said. Who was on the team's default gets a row of their own, made of it."""
        trouble = self._missing("teams", "team_id", body)
        if trouble:
            return trouble
        if ("temp_budget_increase" in body) != ("temp_budget_expiry" in body):
            return Answer(422, {"detail": [{"type": "value_error", "loc": ["body"], "msg": "Both or neither"}]})
        team, user = body["team_id"], body.get("user_id", "")
        if user not in {each["user_id"] for each in self._teams[team]["members_with_roles"]}:
            return Answer(400, {"detail": {"error": f"User id doesn't exist in team table. Data={body}"}})
        row = self._memberships[team].setdefault(user, _like(self._bare_member, user_id=user, team_id=team))
        share = _like(row["litellm_budget_table"] or self._bare_share)
        said = {name: body[name] for name in recorded("057")["response"] if body.get(name) is not None}
        share.update({name: value for name, value in said.items() if name in share})
        share["max_budget"] = said.get("max_budget_in_team", share["max_budget"])
        row.update(litellm_budget_table=share, budget_source="custom")
        return Answer(200, {**dict.fromkeys(recorded("057")["response"]), **said})

    def member(self, team: str, user: str, **facts: Any) -> dict[str, Any]:
        """The row of a member, after writing these facts into it as somebody at the console would."""
        row = self._memberships[team].setdefault(user, _like(self._bare_member, user_id=user, team_id=team))
        row.update(facts)
        return row

    def _block(self, table: str, id_name: str, body: dict[str, Any], *, blocked: bool) -> Answer:
        trouble = self._missing(table, id_name, body)
        return trouble or Answer(200, self._write(table, body[id_name], {"blocked": blocked}))

    def _missing(self, table: str, id_name: str, body: dict[str, Any]) -> Answer | None:
        if id_name not in body:
            return Answer(422, {"detail": [{"type": "missing", "loc": ["body", id_name], "msg": "Field required"}]})
        if body[id_name] not in self._tables()[table]:
            return Answer(
                404, {"detail": {"error": f"{table[:-1].title()} not found, passed {id_name}={body[id_name]}"}}
            )
        return None

    def _write(self, table: str, id_: str, body: dict[str, Any]) -> dict[str, Any]:
        """A window that is said begins anew; we know the end of those that end with November."""
        row = self._tables()[table][id_]
        if body.get("budget_duration"):
            row["budget_reset_at"] = RESETS.get(body["budget_duration"])
        row.update({name: value for name, value in body.items() if name in WRITABLE[table]})
        return row

    def _user_info(self, query: Mapping[str, str], credential: Credential) -> Answer:
        """Who names nobody is told about itself."""
        user_id = query.get("user_id") or credential.user_id
        if user_id not in self._users:
            return _as_recorded("020", ghost=user_id)
        keys = [key for key in self._keys.values() if key["user_id"] == user_id]
        return Answer(200, {"user_id": user_id, "user_info": self._users[user_id], "keys": keys, "teams": []})

    def _team_info(self, query: Mapping[str, str], _credential: Credential) -> Answer:
        team_id = query.get("team_id", "")
        if team_id not in self._teams:
            return _as_recorded("062", ghost=team_id)
        rows = list(self._memberships[team_id].values())
        told = {"team_id": team_id, "team_info": self._teams[team_id], "keys": [], "team_memberships": rows}
        return Answer(200, told)

    def _key_info(self, query: Mapping[str, str], credential: Credential) -> Answer:
        """Who names no key is told about its own; the master key is no key of the database."""
        if "key" not in query and credential.user_id != "default_user_id":
            info = recorded("033")["response"]["info"]
            return Answer(
                200,
                {"key": "", "info": {**info, "user_id": credential.user_id, "allowed_routes": list(credential.routes)}},
            )
        if query.get("key") not in self._keys:
            return _as_recorded("034")
        row = self._keys[query["key"]]
        info = {name: row.get(name, value) for name, value in recorded("032")["response"]["info"].items()}
        return Answer(200, {"key": query["key"], "info": info})

    def _start_as_recorded(self) -> None:
        self._users["quota-bot"] = _like(recorded("021")["response"]["users"][1], user_id="quota-bot")
        self._users["alice"] = _like(recorded("021")["response"]["users"][0], user_id="alice")
        team = recorded("064")["response"]["teams"][0]
        self._teams[team["team_id"]] = team
        told = recorded("061")["response"]
        self._memberships[team["team_id"]] = {row["user_id"]: row for row in told["team_memberships"]}
        unspent = {"spend": 0.0, "total_spend": 0.0, "budget_id": None, "litellm_budget_table": None}
        self._bare_member = _like(told["team_memberships"][0], **unspent)
        self._bare_share = dict.fromkeys(told["team_memberships"][0]["litellm_budget_table"])
        (day,) = recorded("088")["response"]["results"]
        self._nothing: Metrics = {name: type(value)() for name, value in day["metrics"].items()}
        for model, use in day["breakdown"]["models"].items():
            for key_hash, keyed in use["api_key_breakdown"].items():
                self._know(keyed["metadata"], key_hash)
                user_id = keyed["metadata"]["user_id"]
                self._rows.append(Row(day["date"], 0, user_id, key_hash, model, "/chat/completions", keyed["metrics"]))

    def _know(self, owner: dict[str, Any], key_hash: str) -> None:
        self._owners[key_hash] = owner
        user_id, team_id = owner["user_id"], owner["team_id"]
        if owner["key_exists"]:
            facts = {"token": key_hash, "key_alias": owner["key_alias"], "user_id": user_id, "team_id": team_id}
            self._keys[key_hash] = _like(recorded("035")["response"]["keys"][0], **facts)
            if user_id is not None and user_id not in self._users:
                facts = {"user_id": user_id, "user_email": owner["user_email"], "user_alias": None}
                self._users[user_id] = _like(recorded("021")["response"]["users"][0], **facts)
            if team_id is not None and team_id not in self._teams:
                facts = {"team_id": team_id, "team_alias": None, "members_with_roles": []}
                self._teams[team_id] = _like(recorded("064")["response"]["teams"][0], **facts)
                self._memberships[team_id] = {}
            members = self._teams[team_id]["members_with_roles"] if team_id is not None else []
            if user_id is not None and user_id not in {each["user_id"] for each in members}:
                members.append({"user_id": user_id, "user_email": owner["user_email"], "role": "user"})

    def _daily(self) -> Iterable[Row]:
        """The rows of the daily table, which is what its pages count."""
        rows: dict[tuple[object, ...], Row] = {}
        for row in self._rows:
            same = rows.get(_identity(row))
            metrics = self._sum([same, row]) if same else row.metrics
            rows[_identity(row)] = dataclasses.replace(row, metrics=metrics)
        return rows.values()

    def _logs(self, query: Mapping[str, str], credential: Credential) -> Answer:
        """Single requests, the latest first. Who is no admin is told about itself; only so many are counted."""
        try:
            start, end = (
                datetime.strptime(f"{query[name]} +0000", f"{LOG_TIME} %z") for name in ("start_date", "end_date")
            )
        except (KeyError, ValueError):
            return Answer(400, {"detail": {"error": "Invalid date format. Expected: YYYY-MM-DD HH:MM:SS"}})
        rows = [
            logged
            for row in self._rows
            if self._is_admin(credential) or row.user_id == credential.user_id
            for logged in _requests(row, self._owners[row.key_hash])
            if f"{start:%Y-%m-%dT%H:%M:%S}" <= logged["startTime"] <= f"{end:%Y-%m-%dT%H:%M:%S.999}"
        ]
        rows.sort(key=lambda each: each["startTime"], reverse=True)

        def body(part: list[Any], total: int, page: int, size: int) -> dict[str, Any]:
            counted = min(total, self.counted_max)
            pages = {"page": page, "page_size": size, "total_pages": -(-counted // size)}
            return {"data": part, "total": counted, **pages, "total_is_capped": total > self.counted_max}

        return _paged(query, "page_size", 50, 1000, rows, body)

    def _usage(self, query: Mapping[str, str], credential: Credential) -> Answer:
        if "start_date" not in query or "end_date" not in query:
            return Answer(400, {"detail": {"error": "Please provide start_date and end_date"}})
        if not (_is_date(query["start_date"]) and _is_date(query["end_date"])):
            return Answer(400, {"detail": {"error": "start_date and end_date must be valid YYYY-MM-DD dates"}})
        user_id = query.get("user_id")
        if not self._is_admin(credential):
            if user_id not in {None, credential.user_id}:
                return Answer(403, {"detail": {"error": "Non-admin users can only view their own spend data."}})
            user_id = credential.user_id
        wanted = {"user_id": user_id, "model": query.get("model"), "key_hash": query.get("api_key")}
        rows = [
            row
            for row in sorted(self._daily(), key=lambda row: row.day, reverse=True)
            if query["start_date"] <= row.day <= query["end_date"]
            and all(value in {None, getattr(row, name)} for name, value in wanted.items())
        ]
        return _paged(query, "page_size", 50, 1000, rows, self._usage_page)

    def _usage_page(self, rows: list[Row], total: int, page: int, size: int) -> dict[str, Any]:
        totals = {
            name if name.startswith("total_") else f"total_{name}": value for name, value in self._sum(rows).items()
        }
        unlimited = dict.fromkeys(("api_key_limit", "total_api_keys", "entity_total_api_keys"))
        paging = {"page": page, "total_pages": -(-total // size), "has_more": page * size < total}
        days = [self._day(day, list(group)) for day, group in itertools.groupby(rows, lambda row: row.day)]
        return {"results": days, "metadata": {**totals, **paging, **unlimited}}

    def _day(self, day: str, rows: list[Row]) -> dict[str, Any]:
        breakdown = {
            "mcp_servers": {},
            "models": self._broken_down(rows, lambda row: row.model),
            "model_groups": self._broken_down(rows, lambda row: row.model.split("/")[-1]),
            "providers": self._broken_down(rows, lambda row: row.model.split("/")[0]),
            "endpoints": self._broken_down(rows, lambda row: row.endpoint),
            "api_keys": self._by_key(rows),
            "entities": self._broken_down(rows, lambda row: row.user_id or "Unassigned", self._named),
        }
        return {"date": day, "metrics": self._sum(rows), "breakdown": breakdown}

    def _broken_down(
        self, rows: list[Row], by: Callable[[Row], str], named: Callable[[str], dict[str, Any]] = lambda _name: {}
    ) -> dict[str, Any]:
        return {
            name: {
                "metrics": self._sum(part),
                "metadata": named(name),
                "api_key_breakdown": self._by_key(part),
            }
            for name, part in _grouped(rows, by).items()
        }

    def _by_key(self, rows: list[Row]) -> dict[str, Any]:
        return {
            key_hash: {"metrics": self._sum(part), "metadata": self._owners[key_hash]}
            for key_hash, part in _grouped(rows, lambda row: row.key_hash).items()
        }

    def _sum(self, rows: Iterable[Row]) -> Metrics:
        """Sums of floats, with the noise that the real one has."""
        sums = dict(self._nothing)
        for row in rows:
            for name, value in row.metrics.items():
                sums[name] += value
        return sums

    def _named(self, user_id: str) -> dict[str, Any]:
        user = self._users.get(user_id)
        return {"user_email": user["user_email"], "user_alias": user["user_alias"]} if user else {}

    def _list(
        self, name: str, rows: Mapping[str, dict[str, Any]], query: Mapping[str, str], credential: Credential
    ) -> Answer:
        if not self._is_admin(credential):
            return Answer(403, {"detail": {"error": f"Only proxy admins and organization admins can list {name}."}})

        def body(part: list[dict[str, Any]], total: int, page: int, size: int) -> dict[str, Any]:
            return {name: part, "total": total, "page": page, "page_size": size, "total_pages": -(-total // size)}

        return _paged(query, "page_size", 25, 100, list(rows.values()), body)

    def _key_list(self, query: Mapping[str, str], credential: Credential) -> Answer:
        """An ordinary user sees the own keys."""
        user_id = query.get("user_id") if self._is_admin(credential) else credential.user_id
        full = query.get("return_full_object") == "true"
        rows = [
            key if full else key["token"] for key in self._keys.values() if user_id is None or key["user_id"] == user_id
        ]

        def body(part: list[Any], total: int, page: int, size: int) -> dict[str, Any]:
            return {"keys": part, "total_count": total, "current_page": page, "total_pages": -(-total // size)}

        return _paged(query, "size", 10, 100, rows, body)

    def _is_admin(self, credential: Credential) -> bool:
        return credential.user_id in {"quota-bot", "default_user_id"}


def _with_pluses(heard: Heard) -> Mapping[str, str]:
    """What is asked, as LiteLLM reads it: in the id of a user a plus is a plus, and a blank is %20."""
    if heard.path != "/user/info" or "user_id" not in heard.query:
        return heard.query
    written = dict(part.partition("=")[::2] for part in heard.raw.split("&"))["user_id"]
    return {**heard.query, "user_id": unquote(written)}


def _as_recorded(number: str, ghost: str = "ghost") -> Answer:
    """A recorded refusal; it is of somebody else than "ghost"."""
    exchange = recorded(number)
    body = json.dumps(exchange["response"]).replace("ghost", json.dumps(ghost)[1:-1])
    return Answer(exchange["status"], json.loads(body))


def _identity(row: Row) -> tuple[object, ...]:
    return row.day, row.user_id, row.key_hash, row.model, row.endpoint


def _requests(row: Row, owner: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The requests of an hour as they stand in the log, each with its part; those that failed cost nothing."""
    (template,) = recorded("102")["response"]["data"]
    count, failed = int(row.metrics["api_requests"]), int(row.metrics["failed_requests"])
    paid = max(count - failed, 1)
    for number in range(count):
        shares = {
            name: int(row.metrics[name]) // paid + (int(row.metrics[name]) % paid if number == 0 else 0)
            for name in ("prompt_tokens", "completion_tokens")
        }
        spend = round(row.metrics["spend"] / paid, 9)
        spend = row.metrics["spend"] - spend * (paid - 1) if number == 0 else spend
        at = datetime.fromisoformat(row.day) + timedelta(hours=row.hour, milliseconds=number)
        failure = number >= paid
        yield {
            **template,
            "request_id": f"chatcmpl-{hashlib.sha256(repr((_identity(row), row.hour, number)).encode()).hexdigest()}",
            "api_key": row.key_hash,
            "user": row.user_id or "",
            "team_id": owner["team_id"] or "",
            "model": row.model,
            "startTime": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}+00:00",
            "status": "failure" if failure else "success",
            "spend": 0 if failure else spend,
            **dict.fromkeys(shares, 0),
            **({} if failure else shares),
        }


def _like(template: dict[str, Any], **facts: object) -> dict[str, Any]:
    return {**copy.deepcopy(template), **facts}


def _grouped(rows: list[Row], by: Callable[[Row], str]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(by(row), []).append(row)
    return groups


def _paged(
    query: Mapping[str, str],
    size_name: str,
    size_usual: int,
    size_max: int,
    rows: list[Any],
    body: Callable[[list[Any], int, int, int], dict[str, Any]],
) -> Answer:
    numbers = {"page": (query.get("page", "1"), 10**9), size_name: (query.get(size_name, str(size_usual)), size_max)}
    for name, (text, most) in numbers.items():
        if not (text.isdecimal() and 1 <= int(text) <= most):
            wrong = f"Input should be between 1 and {most}"
            return Answer(422, {"detail": [{"type": "int_parsing", "loc": ["query", name], "msg": wrong}]})
    page, size = (int(text) for text, _most in numbers.values())
    return Answer(200, body(rows[(page - 1) * size : page * size], len(rows), page, size))


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _opened(routes: tuple[str, ...]) -> tuple[str, ...]:
    return MANAGEMENT_ROUTES if routes == ("management_routes",) else routes


def _route_refused(routes: tuple[str, ...], path: str) -> Answer:
    only = f"Only allowed to call routes: {list(routes)}. Tried to call route: {path}"
    return Answer(403, {"detail": f"Virtual key is not allowed to call this route. {only}"})


def _not_let_in(secret: str, credential: Credential | None) -> Answer:
    if not secret:
        message, kind, parameter = "Authentication Error, No api key passed in.", "auth_error", "None"
    elif credential is None:
        return _unknown_key(secret)
    else:
        times = "Key Expiry time 2026-11-01 00:00:00+00:00 and current time 2026-11-22 06:45:00+00:00"
        message, kind, parameter = f"Authentication Error - Expired Key. {times}", "expired_key", "sk-..."
    return Answer(401, {"error": {"message": message, "type": kind, "param": parameter, "code": "401"}})


def _unknown_key(secret: str) -> Answer:
    body = recorded("110")["response"]
    known_hash = hashlib.sha256(b"sk-nope").hexdigest()
    body["error"]["message"] = body["error"]["message"].replace(known_hash, hashlib.sha256(secret.encode()).hexdigest())
    return Answer(401, body)
