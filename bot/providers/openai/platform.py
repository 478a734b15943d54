"""OpenAI's API platform: organizations that pay for what they use. ChatGPT's workspaces are another service.

The facts are from OpenAI's own OpenAPI document and guides of autumn 2026. What no document says is marked "not said".
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AliasChoices, AliasPath, Field

from bot.checks import CheckLine, may_read, why_not
from bot.errors import InvalidError, NotFoundError, OutsideError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Params, Patience
from bot.providers.base import Limit, Provider, ProviderIdentity, days, kind_of, midnight
from bot.providers.openai.costs import CostLine, UsageCell, UsageCounts, joined, line
from bot.providers.openai.paging import rows
from bot.providers.payload_fields import DOLLARS_MAX, Body, Count, Currency, Dollars, Tier, Word, nanos
from bot.providers.set_aside import reason, set_aside, understood, understood_one
from bot.texts import t
from handlers.language import N_, Words
from storage.charges import HOURS_OF_A_DAY, Charge
from storage.limits import Subject, Window

# The usage that is counted in tokens. Moderation is free; images, audio and tools are in the costs.
USAGE = ("/organization/usage/completions", "/organization/usage/embeddings")
DECISIONS = "/organization/usage/decisions"
USAGE_GROUPS = {
    USAGE[0]: ["project_id", "api_key_id", "user_id", "model", "batch", "service_tier"],
    USAGE[1]: ["project_id", "api_key_id", "user_id", "model"],
    DECISIONS: ["project_id", "api_key_id", "user_id", "model", "batch", "service_tier"],
}
COSTS = "/organization/costs"
# Whether costs can be told apart by users, and by projects beside that, depends on the organization and the days.
COSTS_GROUPS = (
    ["project_id", "user_id", "api_key_id", "line_item"],
    ["user_id", "api_key_id", "line_item"],
    ["project_id", "api_key_id", "line_item"],
)
USERS, PROJECTS = "/organization/users", "/organization/projects"
SPEND_LIMIT = "/organization/spend_limit"
LIST_ROWS_MAX = 100
HOURS_MAX = 168  # buckets on a page

# OpenAI says no number. One call a second has been enough for everybody.
CALLS_PER_MINUTE = 60

CENT_NANOS = 10**7
# The smallest limit there is. It stands for nothing, so our limits are even: none of them means a cent.
CENTS_MIN = 1
STEP_CENTS = 2

NEEDED = N_("an admin key (sk-admin-…), which an owner of the organization makes")

MONTH = "month"
ENFORCING = "enforcing"

Cents = Annotated[Count, Field(le=100 * DOLLARS_MAX)]


class _Bucket(Body):
    start_time: Count
    results: list[Any]


class _Usage(Body):
    """Tokens of one group. `input_tokens` holds the cached and the written ones too.

    What was written to a cache is told as a sum, or by how long it is kept: 30 minutes and 12 hours.
    """

    input_tokens: Count
    output_tokens: Count = 0
    input_cached_tokens: Count = 0
    input_cache_write_tokens: Count | None = None
    input_cache_write_30m_tokens: Count = 0
    input_cache_write_12h_tokens: Count = 0
    input_uncached_tokens: Count | None = None
    num_model_requests: Count = 0
    project_id: Word | None = None
    api_key_id: Word | None = None
    user_id: Word | None = None
    model: Word | None = None
    batch: bool | None = None
    service_tier: Tier | None = None

    @property
    def cell(self) -> UsageCell:
        tier = "batch" if self.batch else (self.service_tier or "")
        tier = "standard" if tier == "default" else tier
        return UsageCell(self.project_id or "", self.api_key_id or "", self.user_id or "", self.model or "", tier)

    @property
    def used(self) -> UsageCounts:
        long = self.input_cache_write_12h_tokens
        written = self.input_cache_write_tokens
        written = self.input_cache_write_30m_tokens + long if written is None else max(written, long)
        uncached = self.input_uncached_tokens
        return UsageCounts(
            input=max(self.input_tokens - self.input_cached_tokens - written, 0) if uncached is None else uncached,
            cache_read=self.input_cached_tokens,
            cache_write=written - long,
            output=self.output_tokens,
            requests=self.num_model_requests,
            cache_write_1h=long,
        )


class _Amount(Body):
    value: Dollars
    currency: Currency = "USD"


class _Cost(Body):
    """One line. It may be without an amount, and then says nothing."""

    amount: _Amount | None = None
    project_id: Word | None = None
    user_id: Word | None = None
    api_key_id: Word | None = None
    line_item: Word | None = None


class _User(Body):
    """A user. Names and addresses may stand in a corner of their own."""

    id: Annotated[Word, Field(validation_alias=AliasChoices("id", AliasPath("user", "id")))]
    name: Annotated[Word | None, Field(validation_alias=AliasChoices("name", AliasPath("user", "name")))] = None
    email: Annotated[Word | None, Field(validation_alias=AliasChoices("email", AliasPath("user", "email")))] = None


class _Project(Body):
    id: Word
    name: Word | None = None
    status: Word | None = None
    archived_at: Count | None = None

    @property
    def is_archived(self) -> bool:
        """Whether it is closed for good; the one or the other field says so."""
        return self.status == "archived" or self.archived_at is not None


class _Holder(Body):
    id: Word


class _Owner(Body):
    """Who holds a key, told by which of the two is there."""

    user: _Holder | None = None
    service_account: _Holder | None = None

    @property
    def id(self) -> str:
        owner = self.user or self.service_account
        return owner.id if owner else ""


class _Key(Body):
    id: Word
    name: Word | None = None
    owner: _Owner = _Owner()


class _SpendLimit(Body):
    """A hard limit. That of no limit is not said: it may be a 404, or one without an amount."""

    threshold_amount: Cents | None = None
    currency: Currency = "USD"
    interval: Word = MONTH
    status: Word | None = Field(None, validation_alias=AliasPath("enforcement", "status"))


class OpenAI(Provider):
    """One organization of OpenAI's API platform, read and limited with an admin key.

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the admin key.
        key_name: the environment variable that the key stands in.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most, None for no limit.
    """

    can = frozenset({"charges", "hours", "people", "limits", "set_limit", "pause"})
    limited = frozenset({"team", "organization"})
    step_nanos = STEP_CENTS * CENT_NANOS
    cannot = (
        "OpenAI's platform has no per-person cap; a person's limit is kept by the hard limit of their project.",
        "A key cannot be switched off and on again, only deleted for good; what is paused is its project.",
        "The smallest limit is one cent: it stands for nothing, and for paused.",
        "OpenAI stops a project some time after its limit is passed, so a little more may be spent.",
        "Rate limits of projects and OpenAI's own e-mail alerts hold no budget; Bursar leaves them as they are.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        key_name: str = "OPENAI_ADMIN_KEY",
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._api = Api("OpenAI", url, ApiKey(key_name, key, {}, NEEDED), patience, calls_per_minute=calls_per_minute)
        self.who = self._api.who
        self._costs_groups = 0

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day, project, key, user, model and tier, and one for each cost that has no user."""
        for day in days(first, last):
            costs = self._costs(day)
            currency = next((cost.amount.currency for cost in costs if cost.amount), "USD")
            used = self._used(day)
            lines = list(self._lines(day, costs, currency, used))
            for cell, counts, cost in joined(used, lines):
                yield _charge(self.name, midnight(day), HOURS_OF_A_DAY, cell, counts, cost, currency)

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """Usage by the hour, project, key, user, model and tier. Costs are told by the day only.

        OpenAI says nothing of how late it is: some minutes as a rule, and rows that come later than their hour.
        """
        cells: dict[tuple[datetime, UsageCell], UsageCounts] = {}
        what = f"hours since {since:%Y-%m-%d %H:%M}"
        for path in (*USAGE, DECISIONS):
            for start, row in self._hourly(path, since, until):
                for usage in understood(self.who, f"{what} ({path.rpartition('/')[2]})", row, _Usage.model_validate):
                    cell = start, usage.cell
                    cells[cell] = cells.get(cell, UsageCounts()).plus(usage.used)
        for start, used in sorted(cells):
            yield _charge(self.name, start, 1, used, cells[start, used], None, "USD")

    def people(self) -> Iterator[ProviderIdentity]:
        """Users, projects as teams, and the keys of projects that are not archived."""
        found = rows(self._api, USERS, "users", {"limit": LIST_ROWS_MAX})
        for user in understood(self.who, "users", found, _User.model_validate):
            yield ProviderIdentity("user", user.id, name=user.name or "", email=user.email or "")
        for project in self._projects(include_archived="true"):
            yield ProviderIdentity("team", project.id, name=project.name or "")
            if not project.is_archived:
                yield from self._keys(project.id)

    def limits(self) -> Iterator[Limit]:
        """The hard limit of the organization, then that of each project."""
        holders = [(Subject("organization", ""), "")]
        holders += [(Subject("team", each.id), each.name or "") for each in self._projects() if not each.is_archived]
        for subject, name in holders:
            told = understood_one(self.who, f"the limit of {name or subject.kind}", self._told(subject), _read_limit)
            if told:
                yield _limit(subject, told, name)

    def limit(self, subject: Subject) -> Limit | None:
        """The hard limit of the organization or a project; an archived project is none."""
        if subject.kind == "organization":
            return self._limit(subject)
        project = self._project(subject.external_id) if subject.kind == "team" else None
        return self._limit(subject, project.name or "") if project else None

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Set the hard monthly limit. OpenAI makes no project by it: it refuses one that it does not know."""
        return _limit(subject, self._set(subject, amount_nanos))

    def before(self, subject: Subject) -> str:
        """The hard limit as it is."""
        limit = self.limit(subject)
        if limit is None:
            raise UndeliverableError(
                "{service} knows no project {id} that could be paused", service=self._api.who, id=subject.external_id
            )
        return json.dumps({"amount_nanos": limit.amount_nanos})

    def pause(self, subject: Subject) -> None:
        """Leave a cent a month: who has spent that is stopped, and who has not is as good as stopped."""
        self._set(subject, 0)

    def resume(self, subject: Subject, before: str) -> None:
        """Write the limit of before, or take it away if there was none."""
        amount_nanos = json.loads(before)["amount_nanos"]
        if amount_nanos is not None:
            self._set(subject, amount_nanos)
            return
        try:
            self._api.write_json("DELETE", _limit_path(subject))
        except NotFoundError:
            return

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, and whether the key may read all that we read."""
        for path, params in self._probes().items():
            no = why_not(partial(self._api.get_json, path, params))
            if path == SPEND_LIMIT and isinstance(no, NotFoundError):
                no = None  # there is none yet
            yield may_read(self._key_name, path, no)
            if no and path == PROJECTS:
                return
        yield from self._enforced()

    def _enforced(self) -> Iterator[CheckLine]:
        """That OpenAI refuses all requests now, if it does. Of projects a balance says so: all of them take long."""
        with suppress(OutsideError):  # a line above says why
            if self._limit(Subject("organization", "")).refusing:
                advice = t("it is used up, and OpenAI refuses requests now: raise it, or wait for the next month")
                yield CheckLine(t("the organization's limit"), ok=False, advice=advice)

    def _costs(self, day: date) -> list[_Cost]:
        """What a day cost, told apart as finely as OpenAI does it for this organization and day."""
        what = f"costs of {day}"
        while True:
            try:
                found = list(self._report(COSTS, day, COSTS_GROUPS[self._costs_groups]))
            except InvalidError:
                if self._costs_groups == len(COSTS_GROUPS) - 1:
                    raise
                self._costs_groups += 1
            else:
                return list(understood(self.who, what, found, _Cost.model_validate))

    def _lines(
        self, day: date, costs: Sequence[_Cost], currency: str, used: Mapping[UsageCell, UsageCounts]
    ) -> Iterator[CostLine]:
        """The lines with an amount, all in one currency. Where no project is told, it is that of the key."""
        projects = {cell.key: cell.project for cell in used if cell.key}
        for cost in costs:
            if cost.amount and cost.amount.currency != currency:
                why = reason("it is not {currency} as in the other rows", currency=currency)
                set_aside(
                    self.who,
                    f"costs of {day}",
                    "currency",
                    why,
                )
            elif cost.amount:
                key, text = cost.api_key_id or "", cost.line_item or ""
                project = cost.project_id or projects.get(key, "")
                yield line(project, key, text, nanos(cost.amount.value), cost.user_id or "")

    def _used(self, day: date) -> Mapping[UsageCell, UsageCounts]:
        cells: dict[UsageCell, UsageCounts] = {}
        for path in (*USAGE, DECISIONS):
            what = f"usage of {day} ({path.rpartition('/')[2]})"
            try:
                found = list(self._report(path, day, USAGE_GROUPS[path]))
            except NotFoundError:
                if path != DECISIONS:
                    raise
                continue  # not everywhere
            for usage in understood(self.who, what, found, _Usage.model_validate):
                cells[usage.cell] = cells.get(usage.cell, UsageCounts()).plus(usage.used)
        return cells

    def _report(self, path: str, day: date, groups: list[str]) -> Iterator[Any]:
        """The rows of one day, which is one bucket. All of a bucket comes at once: OpenAI pages by buckets."""
        start = int(midnight(day).timestamp())
        params: Params = {**_day(day), "group_by[]": groups}
        for row in rows(self._api, path, f"{path} of {day}", params):
            bucket = self._api.read(_Bucket, row, f"{path} of {day}")
            if bucket.start_time != start:
                raise UndeliverableError(
                    "{service} was asked for {day} and answered for another day: nothing is counted",
                    service=self._api.who,
                    day=day,
                )
            yield from bucket.results

    def _hourly(self, path: str, since: datetime, until: datetime) -> Iterator[tuple[datetime, list[Any]]]:
        """The hours of a time, each with its rows; hours without usage may be there, without rows."""
        params: Params = {
            "start_time": int(since.timestamp()),
            "end_time": int(until.timestamp()),
            "bucket_width": "1h",
            "limit": HOURS_MAX,
            "group_by[]": USAGE_GROUPS[path],
        }
        what = f"{path} by the hour"
        try:
            for row in rows(self._api, path, what, params):
                bucket = self._api.read(_Bucket, row, what)
                yield datetime.fromtimestamp(bucket.start_time, UTC), bucket.results
        except NotFoundError:
            if path != DECISIONS:
                raise

    def _projects(self, **params: str) -> Iterator[_Project]:
        found = rows(self._api, PROJECTS, "projects", {"limit": LIST_ROWS_MAX, **params})
        return understood(self.who, "projects", found, _Project.model_validate)

    def _project(self, project_id: str) -> _Project | None:
        try:
            body = self._api.get_json(f"{PROJECTS}/{quote(project_id, safe='')}")
        except NotFoundError:
            return None
        project = self._api.read(_Project, body, "a project")
        return None if project.is_archived else project

    def _keys(self, project_id: str) -> Iterator[ProviderIdentity]:
        path = f"{PROJECTS}/{quote(project_id, safe='')}/api_keys"
        what = f"keys of {project_id}"
        try:
            found = list(rows(self._api, path, "keys", {"limit": LIST_ROWS_MAX}))
        except NotFoundError:
            set_aside(self.who, "keys of a project", "", "the project is listed and not there")
            return
        for key in understood(self.who, what, found, _Key.model_validate):
            yield ProviderIdentity("key", key.id, name=key.name or "", owner=key.owner.id)

    def _limit(self, subject: Subject, name: str = "") -> Limit:
        return _limit(subject, self._api.read(_SpendLimit, self._told(subject), "a spend limit"), name)

    def _told(self, subject: Subject) -> Any:
        """The limit as it is told; where there is none, one without an amount."""
        try:
            return self._api.get_json(_limit_path(subject)) or {}
        except NotFoundError:
            return {}

    def _set(self, subject: Subject, amount_nanos: int) -> _SpendLimit:
        """Write a limit in the currency that is there. One for another time than a month is somebody's own rule."""
        now = self._api.read(_SpendLimit, self._told(subject), "a spend limit")
        if now.threshold_amount is not None and now.interval != MONTH:
            raise UndeliverableError(
                "{service} has a limit for each {interval} there, which Bursar leaves alone: take it "
                "away there, or make it one for the month",
                service=self._api.who,
                interval=self._api.safe(now.interval),
            )
        cents = max(amount_nanos // CENT_NANOS, CENTS_MIN)
        body = {"threshold_amount": cents, "currency": now.currency, "interval": MONTH}
        return self._api.read(_SpendLimit, self._api.write_json("POST", _limit_path(subject), body), "a spend limit")

    def _probes(self) -> Mapping[str, Params]:
        """The cheapest question to each route that we read. The day is any day."""
        any_day = _day(date(2026, 1, 1))
        reports = dict.fromkeys((*USAGE, COSTS), any_day)
        return {PROJECTS: {"limit": 1}, USERS: {"limit": 1}, **reports, SPEND_LIMIT: {}}


def _read_limit(body: Any) -> _SpendLimit:
    return _SpendLimit.model_validate(body)


def _limit(subject: Subject, told: _SpendLimit, name: str = "") -> Limit:
    cents = told.threshold_amount
    amount_nanos = None if cents is None else cents * CENT_NANOS
    stopped = cents is not None and cents <= CENTS_MIN
    window: Window = "month" if told.interval == MONTH else "total"
    refusing = amount_nanos is not None and told.status == ENFORCING
    return Limit(subject, 0 if stopped else amount_nanos, window, stopped, name, told.currency, refusing=refusing)


def _limit_path(subject: Subject) -> str:
    match subject.kind:
        case "organization":
            return SPEND_LIMIT
        case "team":
            return f"{PROJECTS}/{quote(subject.external_id, safe='')}/spend_limit"
        case _:
            raise UndeliverableError(
                "OpenAI limits projects and the whole organization only, so no {kind}: {reason}",
                kind=kind_of(subject),
                reason=Words(OpenAI.cannot[0]),
            )


def _day(day: date) -> dict[str, str | int]:
    start = midnight(day)
    end = start + timedelta(days=1)
    return {"start_time": int(start.timestamp()), "end_time": int(end.timestamp()), "bucket_width": "1d", "limit": 1}


def _charge(
    provider: str,
    start: datetime,
    hours: int,
    cell: UsageCell,
    used: UsageCounts,
    cost_nanos: int | None,
    currency: str,
) -> Charge:
    """What OpenAI keeps in a cache for 30 minutes, or without a word for how long, stands with five minutes."""
    return Charge(
        provider=provider,
        bucket_start=start,
        bucket_hours=hours,
        sub_account=cell.project,
        resource=cell.key,
        subject=cell.user,
        model=cell.model,
        tier=cell.tier,
        tokens_input=used.input,
        tokens_cache_read=used.cache_read,
        tokens_cache_write_5m=used.cache_write,
        tokens_cache_write_1h=used.cache_write_1h,
        tokens_output=used.output,
        requests=used.requests,
        cost_nanos=cost_nanos,
        currency=currency,
        cost_source="unpriced" if cost_nanos is None else "cost_report",
    )
