"""Langfuse: what traced programs of one project used, as its observations tell.

Facts are from the API types of its SDK 5.0.4 (October 2026), which hold for its cloud and for version 4 on one's own
machine; nothing was seen live. Costs there are reckoned at list prices. Texts of calls are never asked for.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from bot.checks import CheckLine, works
from bot.http import PATIENCE, Api, ApiKey, Batch, Params, Patience, Sign, basic
from bot.providers.base import Provider, days, midnight
from bot.providers.calls import Calls
from bot.providers.payload_fields import Body, Count, Dollars, Word, nanos
from bot.providers.set_aside import RowError, not_asked_for, understood
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge

OBSERVATIONS = "/api/public/v2/observations"
FIELDS = "basic,model,usage"
"""Groups of fields: of what was said in a call nothing is in them."""
TYPES = ("GENERATION", "EMBEDDING")
PAGE_ROWS = 1000
FAILED = "ERROR"

# How often it may be asked depends on the plan.
CALLS_PER_MINUTE = 100

NEEDED = N_("the secret key of a project, which begins with sk-lf-, and in account its public key")

Cell = tuple[datetime, str, str, str]


class _Observation(Body):
    """A call. What is not there was not told by whoever traced it."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)

    id: Word
    start_time: datetime
    user_id: Word | None = None
    environment: Word | None = None
    model: Word | None = None
    level: Word | None = None
    usage_details: dict[str, Count] | None = None
    total_cost: Dollars | None = None


class _Meta(Body):
    cursor: str | None = None


class _Page(Body):
    data: list[Any]
    meta: _Meta = Field(default_factory=_Meta)


class Langfuse(Provider):
    """One project of Langfuse.

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the secret key.
        public: the public key.
        key_name: the environment variable that the secret key stands in.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"charges"})
    complete = True
    cannot = (
        "Langfuse sees only calls that are traced, and whoever traces them says whose they are.",
        "Langfuse has no limits: what runs through a gateway is limited there.",
        "Langfuse reckons cost at list prices; a price of yours counts instead.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        public: str,
        key_name: str,
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        sign = _signed_as(public)
        self._api = Api("Langfuse", url, ApiKey(key_name, key, {}, NEEDED, sign), patience, None, calls_per_minute)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each hour, environment, user and model."""
        for day in days(first, last):
            yield from self._of_day(day)

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers and the key may read calls."""
        start = midnight(datetime.now(UTC).date())
        self._page(TYPES[0], start, start + timedelta(days=1), "", 1)
        yield works(t("{service} answers", service=self.who), None)

    def _of_day(self, day: date) -> Iterator[Charge]:
        start = midnight(day)
        end = start + timedelta(days=1)

        def call(row: Any) -> tuple[Cell, _Observation]:
            found = _Observation.model_validate(row)
            at = (found.start_time if found.start_time.tzinfo else found.start_time.replace(tzinfo=UTC)).astimezone(UTC)
            if not start <= at < end:
                raise RowError(not_asked_for(at.date()), "startTime")
            hour = at.replace(minute=0, second=0, microsecond=0)
            return (hour, found.environment or "", found.user_id or "", found.model or ""), found

        sums: dict[Cell, Calls] = defaultdict(Calls)
        for kind in TYPES:
            rows = self._api.follow(partial(self._batch, kind, start, end), "observations")
            for cell, found in understood(self.who, f"usage of {day}", rows, call):
                _add(sums[cell], found)
        for (hour, environment, user, model), one in sorted(sums.items()):
            yield one.of_hour(self.name, hour, model, sub_account=environment, subject=user)

    def _batch(self, kind: str, start: datetime, end: datetime, after: str) -> Batch:
        page = self._page(kind, start, end, after, PAGE_ROWS)
        return Batch(page.data, page.meta.cursor or "")

    def _page(self, kind: str, start: datetime, end: datetime, after: str, rows: int) -> _Page:
        params: Params = {
            "fields": FIELDS,
            "type": kind,
            "fromStartTime": _written(start),
            "toStartTime": _written(end),
            "limit": rows,
            **({"cursor": after} if after else {}),
        }
        return self._api.read(_Page, self._api.get_json(OBSERVATIONS, params), "observations")


def _add(one: Calls, found: _Observation) -> None:
    used = _kinds(found.usage_details or {})
    one.input += used["input"]
    one.read += used["read"]
    one.written += used["written"]
    one.output += used["output"]
    one.reasoning += used["reasoning"]
    one.requests += 1
    one.failed += found.level == FAILED
    one.cost_nanos += nanos(found.total_cost) if found.total_cost else 0


def _kinds(told: Mapping[str, int]) -> Mapping[str, int]:
    """The disjoint kinds of tokens out of counts whose names whoever traces is free to choose.

    Parts of the input and the output stand beside the rest of them, as they should, or within them, as some programs
    write it: the total tells which. Without a total they stand beside.
    """
    read = sum(count for name, count in told.items() if name.startswith("input") and "cache" in name)
    read += told.get("cache_read_input_tokens", 0)
    written = told.get("cache_creation_input_tokens", 0)
    reasoning = sum(count for name, count in told.items() if "reasoning" in name)
    parts = {"input", "output", "total"}
    named = [name for name in told if name not in parts and "cache" not in name and "reasoning" not in name]
    plain_in = told.get("input", 0) + sum(told[name] for name in named if name.startswith("input"))
    plain_out = told.get("output", 0) + sum(told[name] for name in named if not name.startswith("input"))
    total = told.get("total")
    within = read + written + reasoning
    if within and total is not None and total == plain_in + plain_out and plain_in >= read + written:
        plain_in -= read + written
    elif reasoning:
        plain_out += reasoning
    return {
        "input": plain_in,
        "read": read,
        "written": written,
        "output": plain_out,
        "reasoning": min(reasoning, plain_out),
    }


def _signed_as(public: str) -> Sign:
    def sign(secret: str) -> Mapping[str, str]:
        return basic(secret, public)

    return sign


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
