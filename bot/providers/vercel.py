"""Vercel's AI Gateway: budgets of its team, of projects and of members, and reports of what was used.

Facts are from vercel.com's documents of the REST API and of custom reporting, September and October 2026; nothing was
seen live. Budgets are asked for at the management API with an access token, reports at the gateway with a key of it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from bot.checks import CheckLine, may_read, may_write, why_not, works
from bot.errors import NotFoundError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Batch, Params, Patience
from bot.providers.base import Limit, Provider, ProviderIdentity, days, midnight
from bot.providers.payload_fields import NANOS, Body, Count, Dollars, Word, nanos
from bot.providers.set_aside import RowError, setting_aside, understood
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge
from storage.limits import Subject, SubjectKind, Window

BUDGETS, REPORT, CREDITS = "/ai-gateway/budgets", "/v1/report", "/v1/credits"
PROJECTS, ONE_PROJECT = "/v10/projects", "/v9/projects"
LISTED = f"{BUDGETS}/list"
PAGE_ROWS = 100

REPORTS_AT: Mapping[str, str] = {"https://api.vercel.com": "https://ai-gateway.vercel.sh"}
"""Where the gateway is, by where the management API is; whoever stands in front of them answers for both."""

Scope = Literal["team", "project", "user", "api-key"]
KINDS: Mapping[Scope, SubjectKind] = {"team": "organization", "project": "team", "user": "user", "api-key": "key"}
SCOPES: Mapping[SubjectKind, Scope] = {kind: scope for scope, kind in KINDS.items()}
WINDOWS: Mapping[str, Window] = {"daily": "day", "weekly": "week", "monthly": "month", "none": "total"}
MONTHLY, ONCE = "monthly", "none"

LEAST = 1
"""Dollars of the least budget. One that is never refreshed lets that much through, once: so nothing is written."""

ALERTS = (50, 75, 100)

# How often either may be asked is not documented.
CALLS_PER_MINUTE = 120

NEEDED = N_("an access token of an owner of the team, made for that team")
NEEDED_FOR_REPORTS = N_("a key of the AI Gateway of a team on Pro or Enterprise")
TO_WRITE = N_("The token must be of an owner or an admin of the team.")


class _Following(Body):
    next: int | str | None = None


class _Members(Body):
    members: list[Any]
    pagination: _Following = _Following()


class _Projects(Body):
    projects: list[Any]
    pagination: _Following = _Following()


class _Budgets(Body):
    budgets: list[Any]


class _Report(Body):
    results: list[Any]


class _Credits(Body):
    balance: Dollars


class _Member(Body):
    uid: Word
    email: Word | None = None
    name: Word | None = None
    username: Word | None = None


class _Project(Body):
    id: Word
    name: Word | None = None


class _Budget(Body):
    """What a scope may spend. One that comes from a default of the team binds like one of its own."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)

    scope_type: Scope
    scope_id: Word
    name: Word | None = None
    limit_amount: Dollars = Field(ge=0)
    current_spend: Dollars = Decimal(0)
    refresh_period: Word
    include_byok_in_quota: bool = False
    active: bool = True
    archived: bool = False
    alert_thresholds: list[Any] | None = None


class _Row(Body):
    """What was used on a day; by what it is grouped stands in the field of that name."""

    user: Word | None = None
    model: Word | None = None
    total_cost: Dollars
    market_cost: Dollars | None = None
    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_input_tokens: Count = 0
    cache_creation_input_tokens: Count = 0
    reasoning_tokens: Count = 0
    request_count: Count = 0


class _Used(NamedTuple):
    cost: int = 0
    list_cost: int = 0
    input: int = 0
    cached: int = 0
    written: int = 0
    output: int = 0
    reasoning: int = 0
    requests: int = 0

    def plus(self, other: "_Used") -> "_Used":
        return _Used(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def less(self, other: "_Used") -> "_Used":
        """What remains. The whole was asked for a moment before its parts, which may have grown meanwhile."""
        return _Used(*(max(mine - theirs, min(mine, 0)) for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class _Held:
    """The budgets of a kind of scope, by whose they are, and of whom there is one, be it understood or not."""

    budgets: Mapping[str, _Budget]
    named: frozenset[str]


class Vercel(Provider):
    """The AI Gateway of one team at Vercel.

    Args:
        name: its name in app.yaml.
        url: where the management API is.
        key: the access token.
        account: the team's id.
        key_name: the environment variable that the token stands in.
        reports_key: a key of the gateway.
        reports_key_name: the environment variable that it stands in.
        patience: how long one question may take.
        calls_per_minute: how often each of the two is asked at most.
    """

    can = frozenset({"charges", "people", "limits", "set_limit"})
    limited = frozenset({"user", "team", "organization"})
    step_nanos = NANOS
    complete = True
    zero_is_cost = True
    live = True
    cannot = (
        "Vercel's least budget is one dollar: a limit of nothing is written as one dollar for all time.",
        "Vercel can stop nobody at once: who is to be paused keeps a budget until it is used up.",
        "A key's budget is set when the key is made: Bursar shows it and does not change it.",
        "Who used something is whom the program names in its request, which need not be a member of the team.",
        "What runs on your own vendor keys costs nothing here: the vendor's own bill has it.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        account: str,
        key_name: str,
        reports_key: str,
        reports_key_name: str,
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._team, self._key_name, self._reports_key_name = account, key_name, reports_key_name
        self._api = Api("Vercel", url, ApiKey(key_name, key, {}, NEEDED), patience, None, calls_per_minute)
        opens = ApiKey(reports_key_name, reports_key, {}, NEEDED_FOR_REPORTS)
        reports_at = REPORTS_AT.get(url.rstrip("/"), url)
        self._reports = Api("Vercel's AI Gateway", reports_at, opens, patience, None, calls_per_minute)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()
        self._reports.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day, named user and model. What no request names a user for is nobody's."""
        for day in days(first, last):
            cells: dict[tuple[str, str], _Used] = defaultdict(_Used)
            for row in self._report(day, "model"):
                cells["", row.model or ""] = cells["", row.model or ""].plus(_used(row))
            for user in sorted({row.user for row in self._report(day, "user") if row.user}):
                for row in self._report(day, "model", user):
                    at, rest = (_comparable(user), row.model or ""), ("", row.model or "")
                    cells[at] = cells[at].plus(_used(row))
                    cells[rest] = cells[rest].less(_used(row))
            yield from (_charge(self.name, day, *at, cells[at]) for at in sorted(cells) if any(cells[at]))

    def people(self) -> Iterator[ProviderIdentity]:
        """Members by their id and by their address, for programs name either; projects; keys that have a budget."""
        for member in self._members():
            address = (member.email or "").casefold()
            name = member.name or member.username or ""
            yield ProviderIdentity("user", member.uid, name, address)
            if address:
                yield ProviderIdentity("user", address, name, address)
        for project in self._projects():
            yield ProviderIdentity("team", project.id, project.name or "")
        for key in self._budgets("api-key").budgets.values():
            yield ProviderIdentity("key", key.scope_id, key.name or "")

    def limits(self) -> Iterator[Limit]:
        """The budgets of the team, of projects, members and keys. Whose is not understood is left out."""
        yield from self._of_all("team", {self._team: ""})
        yield from self._of_all("project", {each.id: each.name or "" for each in self._projects()})
        yield from self._of_all("user", {each.uid: each.name or each.username or "" for each in self._members()})
        yield from self._of_all("api-key", {})

    def limit(self, subject: Subject) -> Limit | None:
        """What one may spend now, and what is counted against it."""
        held = self._one(subject)
        if held:
            return _limit(held)
        return Limit(subject, None) if self._is_known(subject) else None

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Set a budget of the month, in whole dollars. What else stands at the budget stays as it is.

        One that came from a default becomes an own one.
        """
        held = self._one(subject)
        if held is None and not self._is_known(subject):
            raise NotFoundError("{service} does not know {id}", service=self.who, id=subject.external_id)
        scope = SCOPES[subject.kind]
        whose = {f"{scope}Id": subject.external_id} if scope in {"project", "user"} else {}
        dollars = amount_nanos // NANOS
        terms = {
            "limitAmount": max(dollars, LEAST),
            "refreshPeriod": MONTHLY if dollars else ONCE,
            "includeByokInQuota": held.include_byok_in_quota if held else False,
            "alertThresholds": held.alert_thresholds if held and held.alert_thresholds is not None else ALERTS,
        }
        self._api.write_json("PUT", self._of_team(BUDGETS), {"scopeType": scope, **whose, **terms})
        now = self._one(subject)
        return _limit(now) if now else Limit(subject, None)

    def probe(self) -> Iterator[CheckLine]:
        """Whether both answer, whether the token reads what we read, what credit is left, and what a report costs."""
        no = why_not(partial(self._budgets, "team"))
        yield works(t("{service} answers", service=self.who), no)
        if not self._team.startswith("team_"):
            yield CheckLine(
                t("account is the id of a team"),
                ok=False,
                advice=t("Set account to the team's id, which begins with team_ (Vercel: Settings, General)."),
            )
        if not no:
            yield may_read(self._key_name, "/members", why_not(lambda: list(self._members())))
            yield may_read(self._key_name, PROJECTS, why_not(lambda: list(self._projects())))
            yield may_write(TO_WRITE)
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        yield may_read(self._reports_key_name, REPORT, why_not(lambda: list(self._report(yesterday, "model"))))
        left = self._reports.read(_Credits, self._reports.get_json(CREDITS), "its credits").balance
        advice = "" if left > 0 else t("Buy credits at Vercel: without them every call is refused.")
        yield CheckLine(t("credit left: {amount} USD", amount=f"{left:.2f}"), ok=left > 0, advice=advice)

    def _report(self, day: date, group: Literal["user", "model"], user: str = "") -> Iterator[_Row]:
        """One day by one thing; the first and the last day of a question count both."""
        asked = {"start_date": str(day), "end_date": str(day), "group_by": group, **({"user_id": user} if user else {})}
        rows = self._reports.read(_Report, self._reports.get_json(REPORT, asked), f"usage of {day}").results
        return understood(self._reports.who, f"usage of {day} by {group}", rows, _Row.model_validate)

    def _members(self) -> Iterator[_Member]:
        path = f"/v3/teams/{quote(self._team, safe='')}/members"

        def ask(until: str) -> Batch:
            params: Params = {"limit": PAGE_ROWS, **({"until": until} if until else {})}
            page = self._api.read(_Members, self._api.get_json(path, params), "members")
            return Batch(page.members, str(page.pagination.next or ""))

        return understood(self.who, "members", self._api.follow(ask, "members"), _Member.model_validate)

    def _projects(self) -> Iterator[_Project]:
        def ask(since: str) -> Batch:
            params: Params = {"teamId": self._team, "limit": PAGE_ROWS, **({"from": since} if since else {})}
            page = self._api.read(_Projects, self._api.get_json(PROJECTS, params), "projects")
            return Batch(page.projects, str(page.pagination.next or ""))

        return understood(self.who, "projects", self._api.follow(ask, "projects"), _Project.model_validate)

    def _budgets(self, scope: Scope) -> _Held:
        def of_scope(row: Any) -> _Budget:
            found = _Budget.model_validate(row)
            if found.scope_type != scope:
                raise RowError(N_("it is of another kind than was asked for"), "scopeType")
            if found.refresh_period not in WINDOWS:
                raise RowError(N_("its period is not one that we know"), "refreshPeriod")
            return found

        answer = self._api.get_json(LISTED, {"teamId": self._team, "scopeType": scope})
        rows = self._api.read(_Budgets, answer, "budgets").budgets
        named = frozenset(str(row.get("scopeId")) for row in rows if isinstance(row, dict))
        read = list(understood(self.who, f"budgets of {scope}", rows, of_scope))
        return _Held({each.scope_id: each for each in read if not each.archived}, named)

    def _of_all(self, scope: Scope, names: Mapping[str, str]) -> Iterator[Limit]:
        held = self._budgets(scope)
        yield from (_limit(each, names.get(each.scope_id, "")) for each in held.budgets.values())
        for external_id, name in names.items():
            if external_id not in held.budgets and external_id not in held.named:
                yield Limit(Subject(KINDS[scope], "" if scope == "team" else external_id), None, name=name)

    def _one(self, subject: Subject) -> _Budget | None:
        with setting_aside():  # what stands beside has to be understood when all are read
            held = self._budgets(SCOPES[subject.kind])
        sought = subject.external_id or self._team
        if sought in held.named and sought not in held.budgets:
            raise UndeliverableError(
                "{service} does not say what {id} may spend", service=self.who, id=subject.external_id or self._team
            )
        return held.budgets.get(sought)

    def _is_known(self, subject: Subject) -> bool:
        match subject.kind:
            case "organization":
                return True
            case "team":
                try:
                    self._api.get_json(f"{ONE_PROJECT}/{quote(subject.external_id, safe='')}", {"teamId": self._team})
                except NotFoundError:
                    return False
                return True
            case "user":
                with setting_aside():
                    return any(member.uid == subject.external_id for member in self._members())
            case _:
                return False

    def _of_team(self, path: str) -> str:
        return f"{path}?teamId={quote(self._team, safe='')}"


def _limit(held: _Budget, name: str = "") -> Limit:
    """A budget as a limit. The least one that is never refreshed stands for nothing, as we write it."""
    kind = KINDS[held.scope_type]
    subject = Subject(kind, "" if kind == "organization" else held.scope_id)
    name = held.name or name
    if not held.active:
        return Limit(subject, None, name=name)
    is_nothing = held.limit_amount <= LEAST and held.refresh_period == ONCE
    return Limit(
        subject,
        0 if is_nothing else nanos(held.limit_amount),
        "month" if is_nothing else WINDOWS[held.refresh_period],
        name=name,
        spent_nanos=max(nanos(held.current_spend), 0),
        refusing=held.current_spend >= held.limit_amount,
    )


def _comparable(user: str) -> str:
    """An address as we compare it; any other word as it is."""
    return user.casefold() if "@" in user else user


def _used(row: _Row) -> _Used:
    """What was read from a cache or written to one is a part of the input, unless it is more than that."""
    parts = row.cached_input_tokens + row.cache_creation_input_tokens
    return _Used(
        nanos(row.total_cost),
        nanos(row.total_cost if row.market_cost is None else row.market_cost),
        row.input_tokens - parts if parts <= row.input_tokens else row.input_tokens,
        row.cached_input_tokens,
        row.cache_creation_input_tokens,
        row.output_tokens,
        min(row.reasoning_tokens, row.output_tokens),
        row.request_count,
    )


def _charge(name: str, day: date, user: str, model: str, used: _Used) -> Charge:
    return Charge(
        name,
        midnight(day),
        24,
        model,
        subject=user,
        tokens_input=used.input,
        tokens_cache_read=used.cached,
        tokens_cache_write_5m=used.written,
        tokens_output=used.output,
        tokens_reasoning=min(used.reasoning, used.output),
        requests=used.requests,
        cost_nanos=used.cost,
        list_nanos=used.list_cost,
    )
