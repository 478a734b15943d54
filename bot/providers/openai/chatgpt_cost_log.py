"""ChatGPT's log of costs: who used which model in which hour, in files that are kept for thirty days.

OpenAI's help pages tell its form, and real lines were seen by others. A line is delivered at least once, three to five
hours late, in files that are found by when they were written.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, NamedTuple, Self
from urllib.parse import quote

from pydantic import AliasChoices, AliasPath, Field, model_validator

from bot.http import Api, Batch, Params
from bot.providers.base import midnight
from bot.providers.openai.chatgpt_currency import Money
from bot.providers.openai.costs import UsageCounts, measure
from bot.providers.payload_fields import Body, Dollars, Tier, Word
from bot.providers.set_aside import RowError, understood

# Files are kept for thirty days. Of a day that is nearly as old some may be gone, and what is left would be too little.
KEPT_DAYS = 28
WRITTEN_WITHIN = timedelta(days=1)
FILES_MAX = 100


class _File(Body):
    id: Word


class _Files(Body):
    data: list[_File]
    has_more: bool
    last_end_time: Word | None = None

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        if self.has_more and not self.last_end_time:
            raise ValueError("there is more, but not where")
        return self


class _Identity(Body):
    user_id: Word | None = None


class _Measured(Body):
    value: Dollars
    unit: Word


class _Billed(Body):
    """One thing that was billed, such as "GPT-5.6 Sol - Cached Input". Estimates of dollars are not looked at."""

    sku: Word = ""
    quantity: _Measured | None = None
    cost: _Measured | None = None


class _Payload(Body):
    day: date
    hour: Annotated[int, Field(ge=0, le=23)]
    identity: _Identity | None = None
    model: Word | None = None
    service_tier: Tier | None = None
    billing: list[_Billed] = Field(validation_alias=AliasChoices("billing", AliasPath("measures", "billing")))


class _Line(Body):
    event_id: Word
    payload: _Payload


class UserHour(NamedTuple):
    """Who used what when; "" for what is not said."""

    start: datetime
    user: str
    model: str
    tier: str


class CostLog:
    """The log of one organization.

    Args:
        api: asks ChatGPT.
        organization: id of the organization, org-…
        money: what credits are worth.
    """

    def __init__(self, api: Api, organization: str, money: Money) -> None:
        self._api = api
        self._money = money
        self.path = f"/compliance/organizations/{organization}/logs"

    def hours(self, day: date) -> Mapping[UserHour, tuple[UsageCounts, int | None]]:
        """What was used in the hours of a UTC day, and what it cost, None if nobody says."""
        heard, hours = set[str](), dict[UserHour, tuple[UsageCounts, int | None]]()
        for file in self.files(day):
            lines = self._api.get_lines(f"{self.path}/{quote(file, safe='')}")
            for said, billed in understood(self._api.who, f"the log of {day}", lines, self._understand):
                if said.payload.day == day and said.event_id not in heard:
                    heard.add(said.event_id)
                    _add(hours, said.payload, billed)
        return hours

    def files(self, day: date) -> Iterator[str]:
        """The files in which lines of a day may stand."""
        start = midnight(day)
        until = start + timedelta(days=1) + WRITTEN_WITHIN
        params: Params = {"event_type": "COSTS", "before": _written(until), "limit": FILES_MAX}

        def ask(after: str) -> Batch:
            body = self._api.get_json(self.path, {**params, "after": after or _written(start)})
            page = self._api.read(_Files, body, "files of the log")
            return Batch([each.id for each in page.data], (page.last_end_time or "") if page.has_more else "")

        yield from self._api.follow(ask, "files of the log")

    def _understand(self, row: Any) -> tuple[_Line, list[tuple[UsageCounts, int | None]]]:
        """A line, and tokens and cost of each thing that was billed in it."""
        line = _Line.model_validate(row)
        return line, [(_tokens(each), self._cost(each)) for each in line.payload.billing]

    def _cost(self, billed: _Billed) -> int | None:
        match billed.cost:
            case None:
                return None
            case _Measured(value=value, unit="CREDITS"):
                return self._money.cost(None, value)
            case _Measured(value=value, unit="USD"):
                return self._money.cost(value, None)
            case _:
                raise RowError("it is neither in credits nor in dollars", "billing.cost.unit")


def _tokens(billed: _Billed) -> UsageCounts:
    """Tokens of a kind that is not named count as input, so that none is lost."""
    if billed.quantity is None or billed.quantity.unit != "TOKENS":
        return UsageCounts()
    kind, count = measure(billed.sku.lower()), int(billed.quantity.value)
    if count < 0:
        raise RowError("it is below zero", "billing.quantity.value")
    return UsageCounts()._replace(**{"input" if kind == "requests" else kind: count})


def _add(
    hours: dict[UserHour, tuple[UsageCounts, int | None]],
    said: _Payload,
    billed: Iterable[tuple[UsageCounts, int | None]],
) -> None:
    start = datetime.combine(said.day, time(said.hour), UTC)
    user = (said.identity and said.identity.user_id) or ""
    tier = "standard" if said.service_tier == "default" else said.service_tier or ""
    hour = UserHour(start, user, said.model or "", tier)
    used, cost = hours.get(hour, (UsageCounts(), None))
    for tokens, more in billed:
        used = used.plus(tokens)
        cost = cost if more is None else (cost or 0) + more
    hours[hour] = used, cost


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
