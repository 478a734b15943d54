"""Anthropic's report of usage and cost, in beta since October 2026: who used which tokens, and what that cost.

Usage and cost come apart, as rows by the same dimensions, so a cell of ours is a row of each. What a report does not
attribute to anyone is a cell without user and key.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import AliasChoices, AwareDatetime, Field, model_validator

from bot.errors import KeyRefusedError, NotFoundError, UndeliverableError
from bot.http import Params
from bot.providers.anthropic.client import ROOT, AdminApi, Cents, nanos
from bot.providers.base import midnight
from bot.providers.payload_fields import Body, Count, Currency, Tier, Word
from bot.providers.set_aside import not_asked_for, set_aside, understood
from storage.charges import HOURS_OF_A_DAY, TOKENS, Charge

BETA = "analytics-usage-cost-2026-08-24"
USAGE, COST = f"{ROOT}/analytics/usage", f"{ROOT}/analytics/cost"

# How many rows a page may have is not documented. The reports that these replace give the first; the second is safe.
PAGE_ROWS_MAX, PAGE_ROWS_SURE = 1000, 100

# Nothing is reported of earlier days, and asking for them is refused.
REPORTED_SINCE = date(2026, 1, 1)
REPORTED_DAYS = 365

KEY_PREFIX = "apikey_"
WHO_LETTERS_MAX = 255
COUNTS = (*TOKENS, "requests")


class _Actor(Body):
    """Who used it: a user, a service account, a key, or an identity of a cloud, which has no id at Anthropic."""

    type: Word = ""
    id: Annotated[Word, Field(validation_alias=AliasChoices("user_id", "service_account_id", "api_key_id", "id"))] = ""
    provider: Word = ""
    subject: Word = ""

    @property
    def who(self) -> str:
        """The id; of a cloud's identity whose it is and its name there."""
        return self.id or (f"{self.provider}:{self.subject}" if self.subject else self.provider)

    @model_validator(mode="after")
    def _is_somebody(self) -> "_Actor":
        """If a user's id were spelt otherwise, all would be charged to nobody, and twice once we can spell it."""
        if self.type == "user_actor" and not self.id:
            raise ValueError("a user without an id")
        if len(self.who) > WHO_LETTERS_MAX:
            raise ValueError("a name that is too long")
        return self


class _Group(Body):
    actor: _Actor | None = None
    api_key_id: Word | None = None
    workspace_id: Word | None = None
    model: Word | None = None
    service_tier: Tier | None = None


class _CacheWrites(Body):
    ephemeral_5m_input_tokens: Count = 0
    ephemeral_1h_input_tokens: Count = 0


class _Tokens(Body):
    uncached_input_tokens: Count
    cache_read_input_tokens: Count = 0
    cache_creation: _CacheWrites = _CacheWrites()
    output_tokens: Count
    requests: Count = 0


class _Money(Body):
    """What a row cost after discounts, and what it would have cost without them."""

    amount: Cents
    list_amount: Cents | None = None
    currency: Currency = "USD"


class _Row(Body):
    """A row of either report."""

    starting_at: AwareDatetime | None = None
    group: _Group

    @property
    def begins(self) -> datetime:
        """When its hour began, of one that was asked for by the hour."""
        if self.starting_at is None:
            raise AssertionError("an hour without its beginning was set aside")
        return self.starting_at.astimezone(UTC)

    def is_of_an_hour(self, start: datetime, end: datetime) -> bool:
        """Whether it is of an hour within a time."""
        at = self.starting_at
        return at is not None and start <= at < end and not (at.minute or at.second or at.microsecond)


class _UsageRow(_Row):
    usage: _Tokens


class _CostRow(_Row):
    cost: _Money


RowShape = TypeVar("RowShape", bound=_Row)


class _Cell(NamedTuple):
    workspace: str
    key: str
    user: str
    model: str
    tier: str


@dataclass(slots=True)
class _Used:
    """What a cell adds up to."""

    tokens_input: int = 0
    tokens_cache_read: int = 0
    tokens_cache_write_5m: int = 0
    tokens_cache_write_1h: int = 0
    tokens_output: int = 0
    requests: int = 0
    cents: Decimal | None = None
    list_cents: Decimal | None = None
    currency: str = "USD"

    def bill(self, money: _Money) -> None:
        """Count what a row cost in. A list price counts only if every row has one."""
        listed = self.list_cents if self.cents is not None else Decimal(0)
        self.list_cents = None if listed is None or money.list_amount is None else listed + money.list_amount
        self.cents = (self.cents or Decimal(0)) + money.amount
        self.currency = money.currency

    def add(self, tokens: _Tokens) -> None:
        """Count a row's tokens in."""
        self.tokens_input += tokens.uncached_input_tokens
        self.tokens_cache_read += tokens.cache_read_input_tokens
        self.tokens_cache_write_5m += tokens.cache_creation.ephemeral_5m_input_tokens
        self.tokens_cache_write_1h += tokens.cache_creation.ephemeral_1h_input_tokens
        self.tokens_output += tokens.output_tokens
        self.requests += tokens.requests


def earliest(today: date) -> date:
    """The first day that is reported."""
    return max(REPORTED_SINCE, today - timedelta(days=REPORTED_DAYS - 1))


@dataclass(slots=True)
class Reports:
    """The two reports of an organization.

    Args:
        api: asks with the header that they need.
        dimensions: what their rows are told apart by.
        now: the clock.
        page_rows: rows to ask for at once; fewer once that was refused.
    """

    api: AdminApi
    dimensions: Sequence[str]
    now: Callable[[], datetime]
    page_rows: int = PAGE_ROWS_MAX

    def charges(self, provider: str, day: date) -> Iterator[Charge]:
        """The cells of a UTC day, each once. Of today the whole hours are reported."""
        now = self.now().astimezone(UTC)
        start = midnight(day)
        end = min(start + timedelta(days=1), now.replace(minute=0, second=0, microsecond=0))
        if end <= start or day < earliest(now.date()):
            return
        cells: dict[_Cell, _Used] = {}
        for usage in self._rows(USAGE, _UsageRow, start, end):
            cells.setdefault(_cell(usage.group), _Used()).add(usage.usage)
        for cost in self._rows(COST, _CostRow, start, end):
            self._bill(cells.setdefault(_cell(cost.group), _Used()), cost, f"cost of {day}")
        for cell in sorted(cells):
            yield _charge(provider, start, HOURS_OF_A_DAY, cell, cells[cell])

    def hours(self, provider: str, since: datetime, until: datetime) -> Iterator[Charge]:
        """The cells of some hours (UTC), each once; the hour that goes on is not reported.

        Rows are asked for in the order of time: by amount a page would move while money is spent.
        """
        now = self.now().astimezone(UTC)
        start = max(since, midnight(earliest(now.date())))
        end = min(until, now.replace(minute=0, second=0, microsecond=0))
        if end <= start:
            return
        more = {"time_bucket_width": "1h", "order_by": "time", "order": "asc"}
        cells: dict[tuple[datetime, _Cell], _Used] = {}
        for usage in self._rows(USAGE, _UsageRow, start, end, more):
            cells.setdefault((usage.begins, _cell(usage.group)), _Used()).add(usage.usage)
        for cost in self._rows(COST, _CostRow, start, end, more):
            used = cells.setdefault((cost.begins, _cell(cost.group)), _Used())
            self._bill(used, cost, f"cost of {cost.begins:%Y-%m-%d %H:%M}")
        for begins, cell in sorted(cells):
            yield _charge(provider, begins, 1, cell, cells[begins, cell])

    def _bill(self, used: _Used, cost: _CostRow, what: str) -> None:
        """Count what a row cost in; one in another currency than the other rows is set aside."""
        if used.cents is None or used.currency == cost.cost.currency:
            used.bill(cost.cost)
        else:
            set_aside(self.api.who, what, "cost.currency", f"it is not {used.currency} as in other rows")

    def probes(self) -> Mapping[str, Params]:
        """The cheapest question to each."""
        start = midnight(self.now().date() - timedelta(days=1))
        params = {**self._asked(start, start + timedelta(hours=1)), "limit": 1}
        return {USAGE: params, COST: params}

    def _asked(self, start: datetime, end: datetime) -> dict[str, Any]:
        return {"starting_at": _written(start), "ending_at": _written(end), "group_by[]": list(self.dimensions)}

    def _rows(
        self, path: str, shape: type[RowShape], start: datetime, end: datetime, more: Params | None = None
    ) -> Iterator[RowShape]:
        """The rows of a time: of all of it, or of its hours if `more` asks for them."""
        what = f"{'usage' if path == USAGE else 'cost'} of {start.date()}"
        bodies = self.api.paged(path, what, {**self._asked(start, end), **(more or {})}, self._page)
        for row in understood(self.api.who, what, bodies, shape.model_validate):
            if row.starting_at == start or (row.is_of_an_hour(start, end) if more else row.starting_at is None):
                yield row
            else:
                set_aside(
                    self.api.who,
                    what,
                    "starting_at",
                    not_asked_for(row.starting_at),
                )

    def _page(self, path: str, asked: Params) -> Any:
        """A page, the first one with fewer rows if that many are refused."""
        try:
            return self.api.get_json(path, {**asked, "limit": self.page_rows})
        except UndeliverableError as trouble:
            is_about_rows = "page" not in asked and not isinstance(trouble, KeyRefusedError | NotFoundError)
            if not is_about_rows or self.page_rows == PAGE_ROWS_SURE:
                raise
        self.page_rows = PAGE_ROWS_SURE
        return self._page(path, asked)


def _cell(group: _Group) -> _Cell:
    """Whose a row is. A key is told as such where it was used by nobody else."""
    actor = group.actor.who if group.actor else ""
    is_key = actor.startswith(KEY_PREFIX)
    return _Cell(
        workspace=group.workspace_id or "",
        key=group.api_key_id or (actor if is_key else ""),
        user="" if is_key else actor,
        model=group.model or "",
        tier=group.service_tier or "",
    )


def _charge(provider: str, start: datetime, hours: int, cell: _Cell, used: _Used) -> Charge:
    counts = {name: getattr(used, name) for name in COUNTS}
    return Charge(
        provider=provider,
        bucket_start=start,
        bucket_hours=hours,
        sub_account=cell.workspace,
        resource=cell.key,
        subject=cell.user,
        model=cell.model,
        tier=cell.tier,
        **counts,
        cost_nanos=None if used.cents is None else nanos(used.cents),
        currency=used.currency,
        list_nanos=None if used.list_cents is None else nanos(used.list_cents),
        cost_source="unpriced" if used.cents is None else "cost_report",
    )


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
