"""LiteLLM, a proxy that a company runs in front of its model providers.

All facts here were seen on version 1.106.2, but for the word for an expired key, which is in the source of 1.109.1.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple

from pydantic import AliasPath, Field

from bot.checks import CheckLine, may_read, why_not
from bot.errors import KeyRefusedError, NotFoundError, OutsideError
from bot.http import PATIENCE, Api, ApiKey, Patience
from bot.providers.base import Limit, Provider, ProviderIdentity, days, midnight
from bot.providers.litellm import logs
from bot.providers.litellm.limits import BLOCKING, ROUTES, UPDATES, Limits, listed
from bot.providers.litellm.model_groups import ModelGroups, by_key
from bot.providers.litellm.payloads import InfoAnswer, Owned, TeamMember, TeamRow, rows
from bot.providers.payload_fields import Body, Count, Dollars, Word, nanos
from bot.providers.set_aside import (
    not_asked_for,
    set_aside,
    setting_aside,
    understood,
    understood_items,
    understood_one,
)
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge
from storage.limits import Subject

USAGE = "/user/daily/activity"
USERS, TEAMS, KEYS = "/user/list", "/v2/team/list", "/key/list"
USAGE_ROWS_MAX = 1000

MEMBERS: tuple[Literal["user", "team", "key"], ...] = ("user", "team", "key")

# LiteLLM notes beside each change who was behind it.
CHANGED_BY = {"litellm-changed-by": "bursar"}

# The cheapest question to each route that we read. The day is any day.
PROBES: dict[str, dict[str, str | int]] = {
    USERS: {"page_size": 1},
    TEAMS: {"page_size": 1},
    KEYS: {"size": 1},
    USAGE: {"start_date": "2026-01-01", "end_date": "2026-01-01", "page_size": 1},
    logs.LOGS: logs.probe(),
}

# A sum of floats may fall short of its parts by its last digits. If it falls short by more dollars, it is no sum.
NOISE = Decimal("0.000001")

# LiteLLM's words for what is wrong with a key. It has no word for a blocked key or one without a right.
REFUSALS = {"token_not_found_in_db": N_("it does not know this key"), "expired_key": N_("the key has expired")}
NEEDED = N_("a management key of a user with the role proxy_admin")

EVERY_ROUTE, ADMIN = "management_routes", "proxy_admin"

# Orders that can change nothing, for they are malformed: no id, or an amount that is no number.
MALFORMED: dict[str, dict[str, str]] = {
    **{route: {"max_budget": "?"} for route in UPDATES},
    **{route: {} for route in BLOCKING},
}

NO_DATABASE = N_("give LiteLLM a PostgreSQL database (DATABASE_URL): without one it counts nothing")


class _Metrics(Body):
    """What was used. `prompt_tokens` holds the cached ones too, as a rule."""

    spend: Dollars
    prompt_tokens: Count
    completion_tokens: Count
    cache_read_input_tokens: Count = 0
    cache_creation_input_tokens: Count = 0
    api_requests: Count
    failed_requests: Count = 0

    def __add__(self, other: "_Metrics") -> "_Metrics":
        return self.model_construct(**{name: value + getattr(other, name) for name, value in self})

    def __sub__(self, other: "_Metrics") -> "_Metrics":
        return self.model_construct(**{name: value - getattr(other, name) for name, value in self})


NOTHING = _Metrics(spend=Decimal(0), prompt_tokens=0, completion_tokens=0, api_requests=0)


class _KeyOwner(Body):
    user_id: Word | None = None
    team_id: Word | None = None


class _KeyUse(Body):
    metrics: _Metrics
    metadata: _KeyOwner


class _ModelUse(Body):
    """What was used of a model, and by which keys. Its parts are understood one by one."""

    metrics: Any
    api_key_breakdown: dict[str, Any] | None = None


class _Day(Body):
    """A page's part of a day. Its parts are understood one by one."""

    day: date = Field(validation_alias="date")
    metrics: Any
    models: dict[str, Any] = Field(validation_alias=AliasPath("breakdown", "models"))
    groups: dict[str, Any] | None = Field(None, validation_alias=AliasPath("breakdown", "model_groups"))


class _Spend(Body):
    """What was spent in a while."""

    spend: Dollars = Field(validation_alias=AliasPath("metrics", "spend"))


class _Ready(Body):
    db: Word = ""


class _Licence(Body):
    license_type: Word


class _Rights(Body):
    allowed_routes: list[Word] | None = None


class _Role(Body):
    user_role: Word | None = None


class _Cell(NamedTuple):
    team: str
    key: str
    user: str
    model: str


class LiteLLM(Provider):
    """One LiteLLM proxy, read with a management key.

    The master key would do and is never needed. What the proxy does with its master key it reports under the user
    "default_user_id" and the key "litellm_proxy_master_key".

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the management key.
        key_name: the environment variable that the key stands in.
        patience: how long one question may take.
        page_rows: rows of its database to ask for at once, at most 1000.
        now: the clock.
    """

    can = frozenset({"charges", "hours", "people", "limits", "set_limit", "pause"})
    live = True
    hours_late = timedelta(minutes=10)
    limited = frozenset({"user", "team", "member", "key"})
    complete = True
    cannot = (
        "A user's own limit does not bind the keys of teams: the limit as a member of the team does, and the team's.",
        "A call is refused by what LiteLLM estimates it may cost, so some of a limit may stay unused.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        key_name: str = "LITELLM_API_KEY",
        patience: Patience = PATIENCE,
        page_rows: int = USAGE_ROWS_MAX,
        now: Callable[[], datetime] = partial(datetime.now, UTC),
    ) -> None:
        self.name = name
        self._api = Api("LiteLLM", url, ApiKey(key_name, key, REFUSALS, NEEDED), patience, CHANGED_BY)
        self.who = self._api.who
        self._limits = Limits(self._api, hashlib.sha256(key.encode()).hexdigest(), self._spent_this_month)
        self._now = now
        self._key_name = key_name
        self._page_rows = page_rows
        self._groups = ModelGroups()

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each day, team, key, user and model; days are UTC days.

        A key without admin rights is not refused the figures: it is given its own user's only, as if they were all.
        So we first ask for what only an admin may see.
        """
        self._api.get_json(USERS, PROBES[USERS])
        for day in days(first, last):
            yield from self._charges_of(day)

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """What single requests cost, added up by hour, team, key, user and model.

        A proxy that keeps no log of requests (`disable_spend_logs`) has no hours.
        """
        self._api.get_json(USERS, PROBES[USERS])
        yield from logs.hours(self._api, self.name, since, until)

    def model_groups(self) -> Mapping[str, str]:
        """See Provider. LiteLLM calls them so, too."""
        return self._groups.names()

    def people(self) -> Iterator[ProviderIdentity]:
        """Users, teams with their members, and keys. A key is known by its hash, as in its charges."""
        for kind in MEMBERS:
            for row in listed(self._api, kind):
                name, email, owner = row.name or "", row.email or "", row.owner or ""
                yield ProviderIdentity(kind, row.external_id, name=name, email=email, owner=owner)
                if isinstance(row, TeamRow):
                    members = understood(self.who, "members of a team", row.members, TeamMember.model_validate)
                    yield from (_member(row, each.user_id) for each in members if each.user_id)

    def limits(self) -> Iterator[Limit]:
        """See Provider."""
        return self._limits.every()

    def limit(self, subject: Subject) -> Limit | None:
        """See Provider."""
        return self._limits.of(subject)

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """See Provider."""
        return self._limits.set(subject, amount_nanos)

    def before(self, subject: Subject) -> str:
        """See Provider."""
        return self._limits.before(subject)

    def pause(self, subject: Subject) -> None:
        """See Provider."""
        self._limits.pause(subject)

    def resume(self, subject: Subject, before: str) -> None:
        """See Provider."""
        self._limits.resume(subject, before)

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, what licence it has, and whether the key may read all that we read."""
        ready = self._api.read(_Ready, self._api.get_json("/health/readiness"), "its state")
        yield CheckLine(t("{service} answers", service=self.who), ok=True)
        yield CheckLine(
            t("its database is connected"), ready.db == "connected", "" if ready.db == "connected" else t(NO_DATABASE)
        )
        for path, params in PROBES.items():
            no = why_not(partial(self._api.get_json, path, params))
            yield may_read(self._key_name, path, no)
            if isinstance(no, KeyRefusedError) and no.kind in REFUSALS:
                return
        yield self._rights()
        yield self._licence()

    def _charges_of(self, day: date) -> Iterator[Charge]:
        """A page counts rows of LiteLLM's database, so a cell may be on several: it is added up before it is given."""
        cells: dict[_Cell, _Metrics] = {}
        self._groups.forget(day)
        dates = {"start_date": day.isoformat(), "end_date": day.isoformat()}
        what = f"usage of {day}"
        found = rows(self._api, USAGE, "usage", **dates, page_size=self._page_rows)
        for part in understood(self.who, what, found, _Day.model_validate):
            if part.day != day:
                set_aside(self.who, what, "date", not_asked_for(part.day))
                continue
            for cell, used in self._cells(part, what):
                cells[cell] = cells.get(cell, NOTHING) + used
            self._learn_groups(part)
        for cell in sorted(cells):
            yield _charge(self.name, day, cell, cells[cell])

    def _cells(self, part: _Day, what: str) -> Iterator[tuple[_Cell, _Metrics]]:
        """The cells of a page, and what it counts in a sum without saying whose it is, so that nothing is lost."""
        unnamed = understood_one(self.who, what, part.metrics, _Metrics.model_validate)
        for model, use in understood_items(self.who, what, part.models, _ModelUse.model_validate):
            of_model = f"{what}, {model}"
            whole = understood_one(self.who, of_model, use.metrics, _Metrics.model_validate)
            keys = NOTHING
            for key, keyed in understood_items(self.who, of_model, use.api_key_breakdown or {}, _KeyUse.model_validate):
                keys += keyed.metrics
                owner = keyed.metadata
                yield _Cell(owner.team_id or "", key, owner.user_id or "", model), keyed.metrics
            yield from self._rest(of_model, model, whole, keys)
            unnamed = unnamed and unnamed - (whole or keys)
        yield from self._rest(what, "", unnamed, NOTHING)

    def _learn_groups(self, part: _Day) -> None:
        """What is odd in the groups costs nothing but their names."""
        told = []
        for of in (part.models, part.groups or {}):
            with setting_aside():
                uses = list(understood_items(self.who, "names of models", of, _ModelUse.model_validate))
            told.append(by_key([(name, key, said) for name, use in uses for key, said in _metrics_by_key(use)]))
        self._groups.learn(part.day, *told)

    def _rest(self, what: str, model: str, whole: _Metrics | None, parts: _Metrics) -> Iterator[tuple[_Cell, _Metrics]]:
        """What a sum has more than its parts. Without a sum nothing is known of a rest."""
        if whole is None:
            return
        rest = whole - parts
        counts = [value for name, value in rest if name != "spend"]
        owes = rest.spend < -NOISE and whole.spend >= 0  # below zero the sum may be a credit that has no key
        if owes or min(counts) < 0:
            set_aside(self.who, what, "metrics", "its parts are more than the whole")
        elif nanos(rest.spend) > 0 or rest.spend < -NOISE or max(counts) > 0:
            yield _Cell("", "", "", model), rest

    def _spent_this_month(self, subject: Subject) -> Decimal:
        today = self._now().astimezone(UTC).date()
        whose = {"user": "user_id", "key": "api_key"}[subject.kind]
        dates = {"start_date": today.replace(day=1).isoformat(), "end_date": today.isoformat()}
        found = rows(self._api, USAGE, "usage", **dates, page_size=self._page_rows, **{whose: subject.external_id})
        return sum((self._api.read(_Spend, row, "usage of a month").spend for row in found), Decimal(0))

    def _rights(self) -> CheckLine:
        """Whether limits may be set, by what LiteLLM says of our own key and its user, and by trying.

        What is tried changes nothing: LiteLLM looks at the key first and then finds the order malformed.
        """
        what = t("{name} may set limits", name=self._key_name)
        try:
            own = self._api.read(InfoAnswer, self._api.get_json("/key/info"), "our own key").row or {}
        except NotFoundError:
            return CheckLine(t("{what}: it is the master key", what=what), ok=True)
        except OutsideError as trouble:
            return CheckLine(what, ok=False, advice=t("without it Bursar only reads: {trouble}", trouble=trouble))
        allowed = self._api.read(_Rights, own, "our own key").allowed_routes or [EVERY_ROUTE]
        missing = [] if EVERY_ROUTE in allowed else sorted({*ROUTES, *BLOCKING} - {*allowed})
        if missing:
            advice = t(
                "without it Bursar only reads: add {routes} to the allowed_routes of its key", routes=", ".join(missing)
            )
            return CheckLine(what, ok=False, advice=advice)
        role = self._role_of(self._api.read(Owned, own, "our own key").owner or "")
        if role == ADMIN:
            return self._tried(what)
        advice = (
            t("without it Bursar only reads: its user has the role {role}, and needs {needed}", role=role, needed=ADMIN)
            if role
            else t("without it Bursar only reads: it has no user, and needs {needed}", needed=ADMIN)
        )
        return CheckLine(what, ok=False, advice=advice)

    def _role_of(self, user: str) -> str:
        """The role of a user, "" if there is none."""
        if not user:
            return ""
        try:
            told = self._api.read(InfoAnswer, self._api.get_json("/user/info", {"user_id": user}), "our own user").row
        except OutsideError:
            return ""
        return self._api.read(_Role, told or {}, "our own user").user_role or ""

    def _tried(self, what: str) -> CheckLine:
        troubles = {
            route: why_not(partial(self._api.write_json, "POST", route, body)) for route, body in MALFORMED.items()
        }
        refused = [route for route, no in troubles.items() if isinstance(no, KeyRefusedError | NotFoundError)]
        if not refused:
            return CheckLine(what, ok=True)
        return CheckLine(
            what,
            ok=False,
            advice=t(
                "this LiteLLM does not let the key write {routes}: name all routes in its allowed_routes instead of a "
                "key_type, or update LiteLLM",
                routes=", ".join(refused),
            ),
        )

    def _licence(self) -> CheckLine:
        """A management key may not ask for it, and what we do needs none."""
        try:
            licence = self._api.read(_Licence, self._api.get_json("/health/license"), "its licence")
        except OutsideError:
            return CheckLine(t("licence: not shown to this key, and not needed"), ok=True)
        return CheckLine(t("licence: {kind}, and none is needed", kind=licence.license_type), ok=True)


def _metrics_by_key(use: _ModelUse) -> Iterator[tuple[str, Any]]:
    for key, said in (use.api_key_breakdown or {}).items():
        if isinstance(said, dict):
            yield key, said.get("metrics")


def _member(team: TeamRow, user: str) -> ProviderIdentity:
    return ProviderIdentity(
        "member", Subject.of_member(team.external_id, user).external_id, name=team.name or "", owner=user
    )


def _charge(provider: str, day: date, cell: _Cell, used: _Metrics) -> Charge:
    """LiteLLM does not say for how long a cache was written; most providers' default is five minutes.

    Some ways through it report a prompt without the cached tokens: where it has fewer, they stand beside it.
    """
    cached = used.cache_read_input_tokens + used.cache_creation_input_tokens
    prompt = used.prompt_tokens
    return Charge(
        provider=provider,
        bucket_start=midnight(day),
        bucket_hours=24,
        sub_account=cell.team,
        resource=cell.key,
        subject=cell.user,
        model=cell.model,
        tokens_input=prompt - cached if prompt >= cached else prompt,
        tokens_cache_read=used.cache_read_input_tokens,
        tokens_cache_write_5m=used.cache_creation_input_tokens,
        tokens_output=used.completion_tokens,
        requests=used.api_requests,
        requests_failed=used.failed_requests,
        cost_nanos=nanos(used.spend),
    )
