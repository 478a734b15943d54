"""OpenRouter, a gateway to the models of many vendors, paid with credits.

All facts here are from its OpenAPI document and its docs of August 2026; nothing was seen live.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import quote

from bot.checks import CheckLine, may_read, why_not
from bot.errors import NotFoundError, OutsideError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Page, Params, Patience
from bot.providers.base import Limit, Provider, ProviderIdentity, days, midnight
from bot.providers.openrouter.payloads import (
    METRICS,
    Answer,
    ApiKeyRow,
    AssignedRow,
    CountedList,
    Credits,
    MemberRow,
    Meta,
    One,
    RailRow,
    UsageRow,
    WorkspaceRow,
    allowed,
    window_of,
)
from bot.providers.payload_fields import NANOS, Body, nanos
from bot.providers.set_aside import set_aside, setting_aside, understood
from bot.texts import in_words, t
from handlers.language import N_
from storage.charges import HOURS_OF_A_DAY, Charge
from storage.limits import Subject

CREDITS, MEMBERS, WORKSPACES, KEYS = "/credits", "/organization/members", "/workspaces", "/keys"
RAILS, ASSIGNED = "/guardrails", "/guardrails/assignments/members"
META, QUERY = "/analytics/meta", "/analytics/query"
LIST_ROWS, KEY_ROWS, QUERY_ROWS_MAX = 100, 100, 10_000
HOUR = timedelta(hours=1)

# The documented rate of the analytics routes is 64 a minute; the others name none.
CALLS_PER_MINUTE = 60

# Our own guardrails go by their names: one for each person, and one in which whoever is paused stands.
OURS = "Bursar: "
PAUSED = "Bursar: paused"

Shape = TypeVar("Shape", bound=Body)

NEEDED = N_("a management key that an admin of the organization makes")


class _TooMuchError(UndeliverableError):
    """There are more rows than are given at once."""


class _Cell(NamedTuple):
    key: str
    user: str
    model: str


class _Used(NamedTuple):
    dollars: Decimal = Decimal(0)
    requests: int = 0
    prompt: int = 0
    cached: int = 0
    completion: int = 0
    reasoning: int = 0

    @property
    def is_some(self) -> bool:
        """Sums of floats leave noise, which is nothing."""
        return nanos(self.dollars) != 0 or any(self[1:])

    def plus(self, other: "_Used") -> "_Used":
        counts = (mine + theirs for mine, theirs in zip(self[1:], other[1:], strict=True))
        return _Used(self.dollars + other.dollars, *counts)

    def less(self, other: "_Used") -> "_Used":
        """What remains. It was asked for a moment before its part, so a figure may have grown meanwhile."""
        counts = (max(mine - theirs, 0) for mine, theirs in zip(self[1:], other[1:], strict=True))
        rest = self.dollars - other.dollars
        return _Used(rest if self.dollars < 0 else max(rest, Decimal(0)), *counts)


class OpenRouter(Provider):
    """One OpenRouter organization, read and limited with a management key.

    A key can be limited by itself, a person by a guardrail of their own. Guardrails that somebody made by hand are
    left alone: they hold rules that we do not know.

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the management key.
        key_name: the environment variable that the key stands in.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"charges", "hours", "people", "limits", "set_limit", "pause"})
    limited = frozenset({"user", "key"})
    complete = True
    zero_is_cost = True
    step_nanos = NANOS // 100
    cannot = (
        "OpenRouter counts a call for whoever made the key, not for whoever uses it.",
        "A person's limit holds for what is paid with OpenRouter's credits, not for what runs on your own vendor keys.",
        "A workspace's own guardrail or budget may be lower than a limit of Bursar's; then the lower one holds.",
        "Bursar does not change a guardrail that somebody made by hand, and whoever has one cannot be given another.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        key_name: str = "OPENROUTER_API_KEY",
        patience: Patience = PATIENCE,
        calls_per_minute: int = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._api = Api("OpenRouter", url, ApiKey(key_name, key, {}, NEEDED), patience, None, calls_per_minute)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day, person and model; for each workspace key and model where no person made the key.

        What remains is nobody's.
        """
        orphans = self._orphans()
        for day in days(first, last):
            start = midnight(day)
            yield from self._charges(start, start + timedelta(days=1), "day", orphans)

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """The same by the hour; a time of which there is more than is given at once is asked for in two halves."""
        try:
            yield from list(self._charges(since, until, "hour", self._orphans()))
        except _TooMuchError:
            half = since + (until - since) // 2 // HOUR * HOUR
            if half == since:
                raise
            yield from self.hours(since, half)
            yield from self.hours(half, until)

    def _orphans(self) -> list[ApiKeyRow]:
        """The keys that no person made and that were ever used."""
        return [key for key in self._keys() if not key.creator_user_id and key.usage + key.byok_usage]

    def _charges(
        self, start: datetime, end: datetime, grain: Literal["day", "hour"], orphans: Sequence[ApiKeyRow]
    ) -> Iterator[Charge]:
        made = [key for key in orphans if key.created_at is None or key.created_at < end]
        cells = self._cells(start, end, grain, made)
        hours = HOURS_OF_A_DAY if grain == "day" else 1
        yield from (_charge(self.name, at, hours, cell, cells[at, cell]) for at, cell in sorted(cells))

    def people(self) -> Iterator[ProviderIdentity]:
        """Members of the organization by their address, and the keys of all workspaces by their hash."""
        addresses = {}
        for member in self._members():
            addresses[member.id] = member.address
            yield ProviderIdentity("user", member.address, name=member.name, email=member.address)
        for key in self._keys():
            owner = addresses.get(key.creator_user_id or "", "")
            yield ProviderIdentity("key", key.hash, name=key.name or key.label or "", owner=owner)

    def limits(self) -> Iterator[Limit]:
        """Every key and every member."""
        rails = {rail.id: rail for rail in self._rails()}
        held = {each.user_id: each.guardrail_id for each in self._assignments()}
        for member in self._members():
            yield _limit(member, rails.get(held.get(member.id, "")))
        for key in self._keys():
            yield key.as_limit()

    def limit(self, subject: Subject) -> Limit | None:
        """What one member or key may use now."""
        if subject.kind == "key":
            try:
                return self._key(subject).as_limit()
            except NotFoundError:
                return None
        member = self._member(subject)
        return _limit(member, self._rail_of(member)) if member else None

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Limit a key itself, or a person by a guardrail of their own; each starts anew on the first of a month."""
        dollars = amount_nanos / NANOS  # JSON has no other fractions; whole cents survive it
        if subject.kind == "key":
            change = {"limit": dollars, "limit_reset": "monthly"}
            return self._one(ApiKeyRow, self._api.write_json("PATCH", self._path(subject), change), "a key").as_limit()
        member = self._known(subject)
        held = self._rail_of(member)
        if held and held.name != OURS + member.id:
            raise self._taken(member, held)
        rail = held or self._rail_named(OURS + member.id)
        terms = {"limit_usd": dollars, "reset_interval": "monthly"}
        if rail:
            answer = self._api.write_json("PATCH", f"{RAILS}/{rail.id}", terms)
        else:
            answer = self._api.write_json("POST", RAILS, {"name": OURS + member.id, **terms})
        rail = self._one(RailRow, answer, "a guardrail")
        if not held:
            self._assign(member, rail.id)
        return _limit(member, rail)

    def before(self, subject: Subject) -> str:
        """Whether a key is disabled, or which guardrail a person has."""
        if subject.kind == "key":
            return json.dumps({"disabled": self._key(subject).disabled})
        rail = self._rail_of(self._known(subject))
        return json.dumps({"guardrail": rail.id if rail else None})

    def pause(self, subject: Subject) -> None:
        """Disable a key, or put a person under a guardrail that allows nothing; their own one waits."""
        if subject.kind == "key":
            self._api.write_json("PATCH", self._path(subject), {"disabled": True})
            return
        member = self._known(subject)
        rail = self._rail_named(PAUSED)
        if not rail:
            nothing = {"name": PAUSED, "limit_usd": 0, "reset_interval": "monthly"}
            rail = self._one(RailRow, self._api.write_json("POST", RAILS, nothing), "a guardrail")
        self._assign(member, rail.id)

    def resume(self, subject: Subject, before: str) -> None:
        """Enable a key if it was enabled, or give a person the guardrail back that they had."""
        state = json.loads(before)
        if subject.kind == "key":
            self._api.write_json("PATCH", self._path(subject), {"disabled": state["disabled"]})
            return
        member = self._known(subject)
        if state["guardrail"]:
            self._assign(member, state["guardrail"])
            return
        held = self._rail_of(member)
        if held:
            one = {"member_user_ids": [member.id]}
            self._api.write_json("POST", f"{RAILS}/{held.id}/assignments/members/remove", one)

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, what credit is left, and whether the key may read all that we read."""
        account = self._one(Credits, self._api.get_json(CREDITS), "its credits")
        left = account.total_credits - account.total_usage
        yield CheckLine(t("{service} answers", service=self.who), ok=True)
        advice = "" if left > 0 else t("Buy credits at OpenRouter: without them every call is refused.")
        yield CheckLine(t("credit left: {amount} USD", amount=f"{left:.2f}"), ok=left > 0, advice=advice)
        for path in (MEMBERS, WORKSPACES, KEYS, RAILS, ASSIGNED):
            yield may_read(self._key_name, path, why_not(partial(self._list, path, path)))
        yield self._analytics()

    def _analytics(self) -> CheckLine:
        what = t("its analytics have all figures that we count")
        try:
            lacking = self._one(Meta, self._api.get_json(META), "its figures").lacks()
        except OutsideError as trouble:
            return CheckLine(what, ok=False, advice=in_words(trouble))
        names = ", ".join(lacking)
        advice = t("It does not name {names} any more: a newer Bursar is needed.", names=names) if lacking else ""
        return CheckLine(what, ok=not lacking, advice=advice)

    def _cells(
        self, start: datetime, end: datetime, grain: str, orphans: Sequence[ApiKeyRow]
    ) -> dict[tuple[datetime, _Cell], _Used]:
        """What no person did is asked for key by key, until nothing is left of it."""
        cells: dict[tuple[datetime, _Cell], _Used] = defaultdict(_Used)
        for row in self._usage(start, end, grain, "user", "model"):
            at = row.at, _Cell("", row.address, row.model or "")
            cells[at] = cells[at].plus(_used(row))
        for key in orphans:
            if not any(used.is_some for (_, cell), used in cells.items() if not (cell.key or cell.user)):
                break
            for row in self._usage(start, end, grain, "model", api_key_id=key.hash):
                theirs = row.at, _Cell(key.hash, "", row.model or "")
                rest = row.at, _Cell("", "", row.model or "")
                cells[theirs] = cells[theirs].plus(_used(row))
                cells[rest] = cells[rest].less(_used(row))
        return {at: used for at, used in cells.items() if used.is_some}

    def _usage(self, start: datetime, end: datetime, grain: str, *dimensions: str, **only: str) -> Iterator[UsageRow]:
        question = {
            "metrics": METRICS,
            "dimensions": dimensions,
            "filters": [{"field": name, "operator": "eq", "value": value} for name, value in only.items()],
            "granularity": grain,
            "time_range": {"start": _written(start), "end": _written(end)},
            "limit": QUERY_ROWS_MAX,
        }
        if grain == "hour":
            question["group_limit"] = (end - start) // HOUR + 1  # or hours of a combination would be left out
        what = f"usage of {start.date()}" if grain == "day" else f"hours since {start:%Y-%m-%d %H:%M}"
        answer = self._one(Answer, self._api.ask_json(QUERY, question), what)
        if answer.metadata.truncated:
            raise _TooMuchError(
                "{service} has more than {most} rows for {day}, which it does not give at once: nothing is counted",
                service=self._api.who,
                most=QUERY_ROWS_MAX,
                day=start.date(),
            )
        rows = understood(self.who, what, answer.data, UsageRow.model_validate)
        return (row for row in rows if start <= row.at < end)  # the end may be taken as included

    def _members(self) -> Iterator[MemberRow]:
        return understood(self.who, "members", self._rows(MEMBERS, "members"), MemberRow.model_validate)

    def _rails(self) -> Iterator[RailRow]:
        """Those of all workspaces, each once, the old ones that are in none included."""
        seen = set[str]()
        for only in ({}, *({"workspace_id": each} for each in self._workspaces())):
            for rail in understood(self.who, "guardrails", self._rows(RAILS, "guardrails", **only), _read_rail):
                if rail.id not in seen:
                    seen.add(rail.id)
                    yield rail

    def _assignments(self) -> Iterator[AssignedRow]:
        return understood(self.who, "assignments", self._rows(ASSIGNED, "assignments"), AssignedRow.model_validate)

    def _workspaces(self) -> Iterator[str]:
        rows = understood(self.who, "workspaces", self._rows(WORKSPACES, "workspaces"), WorkspaceRow.model_validate)
        return (each.id for each in rows)

    def _keys(self) -> Iterator[ApiKeyRow]:
        """Without a workspace only the keys of the default one would be listed."""
        for workspace in self._workspaces():
            try:
                rows = list(self._rows(KEYS, "keys", workspace_id=workspace, include_disabled="true"))
            except NotFoundError:
                set_aside(self.who, "keys of a workspace", "", "the workspace is listed and not there")
                continue
            yield from understood(self.who, "keys", rows, ApiKeyRow.model_validate)

    def _rows(self, path: str, what: str, **params: str) -> Iterator[Any]:
        """A list names its total, but for that of the keys: there a page that is not full is the last."""
        seen = 0

        def ask(number: int) -> Page:
            nonlocal seen
            size = {} if path == KEYS else {"limit": LIST_ROWS}
            page = self._list(path, what, {**params, **size, "offset": seen})
            seen += len(page.data)
            full = len(page.data) >= KEY_ROWS if page.total_count is None else seen < page.total_count
            return Page(page.data, number + 1 if page.data and full else number)

        return self._api.pages(ask, what)

    def _list(self, path: str, what: str, params: Params | None = None) -> CountedList:
        return self._api.read(CountedList, self._api.get_json(path, params), what)

    def _member(self, subject: Subject) -> MemberRow | None:
        with setting_aside():  # whoever stands beside has to be understood when all are read
            return next((each for each in self._members() if each.address == subject.external_id), None)

    def _known(self, subject: Subject) -> MemberRow:
        member = self._member(subject)
        if member is None:
            raise UndeliverableError(
                "{service} has no member with the address {id}", service=self._api.who, id=subject.external_id
            )
        return member

    def _key(self, subject: Subject) -> ApiKeyRow:
        return self._one(ApiKeyRow, self._api.get_json(self._path(subject)), "a key")

    def _path(self, subject: Subject) -> str:
        return f"{KEYS}/{quote(subject.external_id, safe='')}"

    def _rail_of(self, member: MemberRow) -> RailRow | None:
        with setting_aside():
            held = next((each.guardrail_id for each in self._assignments() if each.user_id == member.id), None)
        return self._one(RailRow, self._api.get_json(f"{RAILS}/{held}"), "a guardrail") if held else None

    def _rail_named(self, name: str) -> RailRow | None:
        with setting_aside():
            return next((rail for rail in self._rails() if rail.name == name), None)

    def _assign(self, member: MemberRow, rail_id: str) -> None:
        """It takes the place of the guardrail before. That is documented for keys only, so we look."""
        self._api.write_json("POST", f"{RAILS}/{rail_id}/assignments/members", {"member_user_ids": [member.id]})
        with setting_aside():
            held = {each.guardrail_id for each in self._assignments() if each.user_id == member.id}
        if rail_id not in held:
            raise UndeliverableError(
                "{service} did not assign the guardrail to {member}", service=self._api.who, member=member.address
            )

    def _taken(self, member: MemberRow, rail: RailRow) -> UndeliverableError:
        if rail.name == PAUSED:
            return UndeliverableError(
                "{member} is paused at {service}: resume first", member=member.address, service=self._api.who
            )
        return UndeliverableError(
            "{member} has the guardrail “{guardrail}” at {service}, which somebody made by hand: take it off there, "
            "so that Bursar can give one of its own",
            member=member.address,
            guardrail=rail.name,
            service=self._api.who,
        )

    def _one(self, shape: type[Shape], body: Any, what: str) -> Shape:
        return self._api.read(shape, self._api.read(One, body, what).data, what)


def _limit(member: MemberRow, rail: RailRow | None) -> Limit:
    subject = Subject("user", member.address)
    amount = allowed(rail.limit_usd) if rail else None
    if rail is None or amount is None:
        return Limit(subject, None, name=member.name)
    return Limit(subject, amount, window_of(rail.reset_interval), paused=rail.name == PAUSED, name=member.name)


def _read_rail(row: Any) -> RailRow:
    return RailRow.model_validate(row)


def _used(row: UsageRow) -> _Used:
    return _Used(
        row.credits_usage,
        row.request_count,
        row.tokens_prompt,
        row.cached_tokens,
        row.tokens_completion,
        row.reasoning_tokens,
    )


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _charge(provider: str, start: datetime, hours: int, cell: _Cell, used: _Used) -> Charge:
    """Tokens read from a cache are a part of the prompt; how many were written to one is not said."""
    return Charge(
        provider=provider,
        bucket_start=start,
        bucket_hours=hours,
        resource=cell.key,
        subject=cell.user,
        model=cell.model,
        tokens_input=max(used.prompt - used.cached, 0),
        tokens_cache_read=used.cached,
        tokens_output=used.completion,
        tokens_reasoning=min(used.reasoning, used.completion),
        requests=used.requests,
        cost_nanos=nanos(used.dollars),
    )
