"""What single requests cost at LiteLLM, added up by the hour: its usage is told by the day.

Version 1.106.2 takes moments as UTC and without a zone, gives 1,000 rows of a few kilobytes at once, and counts no
more than 10,000, so that neither its total nor its number of pages says where the end is: a page that is not full does.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import Field

from bot.errors import UndeliverableError
from bot.http import Api, Page
from bot.providers.litellm.payloads import Moment
from bot.providers.payload_fields import Body, Count, Dollars, Word, nanos
from bot.providers.set_aside import RowError, understood
from storage.charges import Charge

LOGS = "/spend/logs/v2"
ROWS_MAX = 1000
PAGES_MAX = 50
"""More are not read at once: with so many requests the newest hours are, and then the newest one."""

HOUR = timedelta(hours=1)
FEWER = (6 * HOUR, HOUR)
FAILED = "failure"


class _Logged(Body):
    data: list[Any]


class _Request(Body):
    """A request that was made. What it said and what was answered is not looked at."""

    request_id: Word
    at: Moment = Field(validation_alias="startTime")
    api_key: Word | None = None
    user: Word | None = None
    team_id: Word | None = None
    model: Word | None = None
    spend: Dollars
    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    status: Word | None = None


class _Cell(NamedTuple):
    hour: datetime
    team: str
    key: str
    user: str
    model: str


@dataclass(slots=True)
class _Used:
    dollars: Decimal = Decimal(0)
    prompt: int = 0
    completion: int = 0
    requests: int = 0
    failed: int = 0


class _TooManyError(UndeliverableError):
    """There are more requests than are read at once."""


def probe() -> dict[str, str | int]:
    """The cheapest question. The time is any time."""
    return {"start_date": "2026-01-01 00:00:00", "end_date": "2026-01-01 00:00:01", "page": 1, "page_size": 1}


def hours(api: Api, provider: str, since: datetime, until: datetime) -> Iterator[Charge]:
    """One cell for each hour, team, key, user and model. Cached input is not told apart.

    Of a proxy with very many requests only the newest hours are read.

    Args:
        api: asks the proxy.
        provider: its name.
        since: the first hour.
        until: the moment before which.

    Raises:
        UndeliverableError: there are too many requests also in one hour.
    """
    for first in (since, *(max(since, until - span) for span in FEWER)):
        try:
            cells = _cells(api, first, until)
        except _TooManyError:
            if first == max(since, until - HOUR):
                raise
        else:
            yield from (_charge(provider, cell, cells[cell]) for cell in sorted(cells))
            return


def _cells(api: Api, since: datetime, until: datetime) -> dict[_Cell, _Used]:
    cells: dict[_Cell, _Used] = defaultdict(_Used)
    seen = set[str]()
    what = f"requests since {since:%Y-%m-%d %H:%M}"
    for one in understood(api.who, what, _rows(api, since, until, what), _dated):
        if one.request_id in seen or one.at is None or not since <= one.at < until:
            continue  # what comes in meanwhile moves the pages, and some rows come twice
        seen.add(one.request_id)
        hour = one.at.replace(minute=0, second=0, microsecond=0)
        used = cells[_Cell(hour, one.team_id or "", one.api_key or "", one.user or "", one.model or "")]
        used.dollars += one.spend
        used.prompt += one.prompt_tokens
        used.completion += one.completion_tokens
        used.requests += 1
        used.failed += one.status == FAILED
    return cells


def _dated(row: Any) -> _Request:
    request = _Request.model_validate(row)
    if request.at is None:
        raise RowError("Input should be a valid date or datetime", "startTime")
    return request


def _rows(api: Api, since: datetime, until: datetime, what: str) -> Iterator[Any]:
    times = {"start_date": _written(since), "end_date": _written(until)}

    def ask(number: int) -> Page:
        if number > PAGES_MAX:
            raise _TooManyError(
                "{service} had more than {most} requests in an hour: its usage is read by the day alone",
                service=api.who,
                most=PAGES_MAX * ROWS_MAX,
            )
        page = api.read(_Logged, api.get_json(LOGS, {**times, "page": number, "page_size": ROWS_MAX}), what)
        return Page(page.data, number + 1 if len(page.data) >= ROWS_MAX else number)

    return api.pages(ask, what)


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _charge(provider: str, cell: _Cell, used: _Used) -> Charge:
    return Charge(
        provider=provider,
        bucket_start=cell.hour,
        bucket_hours=1,
        sub_account=cell.team,
        resource=cell.key,
        subject=cell.user,
        model=cell.model,
        tokens_input=used.prompt,
        tokens_output=used.completion,
        requests=used.requests,
        requests_failed=used.failed,
        cost_nanos=nanos(used.dollars),
    )
