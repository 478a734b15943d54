"""Mistral: one organization, read by workspace and model, and limited as a whole.

Facts are from the public description of the admin API (beta), November 2026; nothing was seen live. Of a line of usage
no more is described than that it has a value and a time, so it is read as loosely as that allows.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, ValidationError

from bot.checks import CheckLine, may_read, may_write, why_not, works
from bot.errors import UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Batch, Params, Patience
from bot.providers.base import Limit, Provider, ProviderIdentity, midnight
from bot.providers.payload_fields import NANOS, Body, Count, Currency, Dollars, WholeDollars, Word, nanos
from bot.providers.set_aside import understood
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge
from storage.limits import Subject

USAGE, LIMIT, WORKSPACES, KEYS = (
    "/v1/admin/usage",
    "/v1/admin/spend-limit",
    "/v1/admin/workspaces",
    "/v1/admin/api-keys",
)
PAGE_ROWS = 100

OF_A_TOKEN_MAX = Decimal("0.001")
"""A price below this is one of a token, and any other one of a million: nobody sells a million tokens at a tenth of a
cent, nor one at that. The description does not say which it is."""

MILLION = 10**6

# How often it may be asked is not documented.
CALLS_PER_MINUTE = 60

NEEDED = N_("an admin key of an organization on the Enterprise plan; a key for models is refused")
TO_WRITE = N_("The admin key must be allowed to set the spend limit.")

KEPT_S = 600.0
"""So long a month that was told serves its other days at most."""

Price = Annotated[Decimal, Field(ge=0, le=10**6)]


class _Price(Body):
    """What one line costs: found by all four, for a price holds in a zone and a tier only."""

    billing_metric: Word = ""
    billing_group: Word = ""
    api_zone: Word | None = None
    service_tier: Word | None = None
    price: Price


class _Dated(Body):
    """When something was used; the rest of a line may be odd."""

    timestamp: datetime | date


class _Line(Body):
    """What was used of a model on a day, of one kind of tokens."""

    value: Count
    timestamp: datetime | date
    billing_metric: Word | None = None
    billing_group: Word | None = None
    api_zone: Word | None = None
    service_tier: Word | None = None


class _Usage(Body):
    currency: Currency
    prices: list[Any] = Field(default_factory=list)
    completion: Any = None
    chat: Any = None
    ocr: Any = None
    audio: Any = None
    connectors: Any = None
    vibe_code: Any = None


class _Workspace(Body):
    uuid: Word
    name: Word | None = None


class _Listed(Body):
    workspaces: list[Any]


class _Key(Body):
    key_id: Word
    name: Word | None = None


class _Keys(Body):
    keys: list[Any]


class _Completion(Body):
    no_monthly_limit: bool = False
    monthly_limit_reached: bool = False
    total_usage: Dollars | None = None
    usage_limit: WholeDollars | None = None


class _Limits(Body):
    completion: _Completion
    currency: Currency


class _Held(Body):
    limits: _Limits


@dataclass(slots=True)
class _Sum:
    """What was used of a model on a day."""

    input: int = 0
    cached: int = 0
    output: int = 0
    cost: Decimal | None = Decimal(0)


@dataclass(slots=True)
class _Told:
    """A month as it was told at a moment, and until which of its days that was read."""

    at_s: float
    usage: _Usage
    served: date = date.min


class Mistral(Provider):
    """One organization at Mistral.

    Args:
        name: its name in app.yaml.
        url: where its API is.
        key: an admin key.
        key_name: the environment variable that the key stands in.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
        ticks: seconds of a clock that only goes forward.
    """

    can = frozenset({"charges", "people", "limits", "set_limit"})
    limited = frozenset({"organization"})
    step_nanos = NANOS
    complete = True
    cannot = (
        "Mistral can limit the organization only, in whole units of its currency.",
        "Mistral reports use by workspace, not by person: link each workspace to its team.",
        "Mistral's admin API is for Enterprise plans and may change.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        key_name: str,
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._api = Api("Mistral", url, ApiKey(key_name, key, {}, NEEDED), patience, None, calls_per_minute)
        self.who = self._api.who
        self._ticks = ticks
        self._told: dict[tuple[str, int, int], _Told] = {}

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day, workspace and model, at the prices that stand in the same answer."""
        for workspace in self._workspaces():
            for year, month in _between(first, last):
                yield from self._of_month(workspace.uuid, year, month, first, last)

    def people(self) -> Iterator[ProviderIdentity]:
        """The workspaces as teams, and the keys."""
        for workspace in self._workspaces():
            yield ProviderIdentity("team", workspace.uuid, workspace.name or "")
        for key in understood(self.who, "keys", self._api.follow(self._some_keys, "keys"), _Key.model_validate):
            yield ProviderIdentity("key", key.key_id, key.name or "")

    def limits(self) -> Iterator[Limit]:
        """The organization's."""
        yield self._limit()

    def limit(self, subject: Subject) -> Limit | None:
        """The organization's."""
        return self._limit() if subject.kind == "organization" else None

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Set the organization's limit of the month, in whole units of its currency."""
        if subject.kind != "organization":
            raise UndeliverableError("{service} can only limit the organization", service=self.who)
        self._api.write_json("POST", LIMIT, {"amount": amount_nanos // NANOS, "no_monthly_limit": False})
        return self._limit()

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers and the key may read what we read."""
        no = why_not(lambda: list(self._workspaces()))
        yield works(t("{service} answers", service=self.who), no)
        if no:
            return
        today = datetime.now(UTC).date()
        yield may_read(self._key_name, USAGE, why_not(lambda: self._asked("", today.year, today.month)))
        yield may_read(self._key_name, LIMIT, why_not(self._limit))
        yield may_write(TO_WRITE)

    def _of_month(self, workspace: str, year: int, month: int, first: date, last: date) -> Iterator[Charge]:
        told = self._month(workspace, year, month, (first, last))
        what = f"usage of {year}-{month:02}"
        prices = _by_what(understood(self.who, f"{what}, prices", told.prices, _Price.model_validate))
        sums: dict[tuple[date, str], _Sum] = defaultdict(_Sum)
        for model, kind, rows in _lines(told):
            asked = [row for row in rows if _is_asked_for(row, first, last)]
            for line in understood(self.who, what, asked, _Line.model_validate):
                _add(sums[_day(line.timestamp), model], kind, line, prices)
        for (day, model), one in sorted(sums.items()):
            yield Charge(
                self.name,
                midnight(day),
                24,
                model,
                sub_account=workspace,
                tokens_input=one.input,
                tokens_cache_read=one.cached,
                tokens_output=one.output,
                cost_nanos=None if one.cost is None else nanos(one.cost),
                currency=told.currency,
                cost_source="unpriced" if one.cost is None else "cost_report",
            )

    def _month(self, workspace: str, year: int, month: int, days: tuple[date, date]) -> _Usage:
        """A month as it was told just now: it is asked for once for all its days that are read one after the other.

        A day that is asked for again wants the newest word about it.
        """
        now_s, key = self._ticks(), (workspace, year, month)
        self._told = {each: told for each, told in self._told.items() if now_s - told.at_s < KEPT_S}
        told = self._told.get(key)
        if told is None or days[0] <= told.served:
            told = self._told[key] = _Told(now_s, self._asked(workspace, year, month))
        told.served = days[1]
        return told.usage

    def _asked(self, workspace: str, year: int, month: int) -> _Usage:
        params: Params = {"month": month, "year": year, **({"workspace_id": workspace} if workspace else {})}
        return self._api.read(_Usage, self._api.get_json(USAGE, params), "usage")

    def _limit(self) -> Limit:
        held = self._api.read(_Held, self._api.get_json(LIMIT), "its limit").limits
        now, capped = held.completion, not held.completion.no_monthly_limit
        amount = now.usage_limit * NANOS if capped and now.usage_limit is not None else None
        spent = None if now.total_usage is None else nanos(now.total_usage)
        return Limit(
            Subject("organization", ""),
            amount,
            currency=held.currency,
            spent_nanos=spent,
            refusing=now.monthly_limit_reached,
        )

    def _workspaces(self) -> Iterator[_Workspace]:
        told = self._api.read(_Listed, self._api.get_json(WORKSPACES), "workspaces")
        return understood(self.who, "workspaces", told.workspaces, _Workspace.model_validate)

    def _some_keys(self, offset: str) -> Batch:
        begin = int(offset or 0)
        told = self._api.read(_Keys, self._api.get_json(KEYS, {"limit": PAGE_ROWS, "offset": begin}), "keys")
        return Batch(told.keys, str(begin + PAGE_ROWS) if len(told.keys) == PAGE_ROWS else "")


def _is_asked_for(row: Any, first: date, last: date) -> bool:
    """Whether a line of a month is of the days that are read; so is one that does not say when it was."""
    try:
        return first <= _day(_Dated.model_validate(row).timestamp) <= last
    except ValidationError:
        return True


def _day(moment: datetime | date) -> date:
    """The UTC day that something is of."""
    if not isinstance(moment, datetime):
        return moment
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()


What = tuple[str, str, str, str]


def _by_what(prices: Iterator[_Price]) -> Mapping[What, Decimal]:
    """Prices of a token by what they are for."""
    found = {}
    for each in prices:
        per_token = each.price if each.price < OF_A_TOKEN_MAX else each.price / MILLION
        found[each.billing_metric, each.billing_group, each.api_zone or "", each.service_tier or ""] = per_token
    return found


def _lines(told: _Usage) -> Iterator[tuple[str, str, list[Any]]]:
    """The lines by model and kind, wherever models stand in the answer."""
    found: list[Any] = [told.completion, told.chat, told.ocr, told.audio, told.connectors, told.vibe_code]
    while found:
        part = found.pop(0)
        if not isinstance(part, dict):
            continue
        models = part.get("models")
        if not isinstance(models, dict):
            found += part.values()
            continue
        for model, kinds in sorted(models.items()):
            for kind, rows in sorted(kinds.items() if isinstance(kinds, dict) else ()):
                if isinstance(rows, list):
                    yield model.rpartition("::")[2][:255], kind, rows


def _add(one: _Sum, kind: str, line: _Line, prices: Mapping[What, Decimal]) -> None:
    if "cache" in kind:
        one.cached += line.value
    elif kind == "output":
        one.output += line.value
    elif kind == "input":
        one.input += line.value
    what = (line.billing_metric or "", line.billing_group or kind, line.api_zone or "", line.service_tier or "")
    price = prices.get(what)
    if price is None:
        one.cost = None
    elif one.cost is not None:
        one.cost += price * line.value


def _between(first: date, last: date) -> Iterator[tuple[int, int]]:
    """The months that a span touches."""
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        yield year, month
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004 - of a year
