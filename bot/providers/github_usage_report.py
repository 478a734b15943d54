"""GitHub's report of AI usage: all that an enterprise used in some days, in one file, with tokens by kind.

It is ordered, made within minutes, and fetched. Only enterprises can order one. Facts are from GitHub's OpenAPI
document of autumn 2026 (`POST /enterprises/{enterprise}/settings/billing/reports`) and from files that people showed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal

from pydantic import Field

from bot.csv_records import MalformedCsvError, records
from bot.errors import KeyRefusedError, NotFoundError, UndeliverableError, UnreachableError
from bot.http import Api, Patience
from bot.providers.base import days
from bot.providers.payload_fields import Address, Body, Count, Dollars, Word
from bot.providers.set_aside import understood

# GitHub takes 31 days; of a large company a week is as much as one file should hold.
REPORT_DAYS = 7
REPORT_S_MAX = 1800.0
PAUSE_S_MAX = 60.0
KEPT = timedelta(hours=1)
COMPLETED, FAILED = "completed", "failed"


class ReportRow(Body):
    """What somebody used of a model in a repository on a day. A row of an old plan counts requests, not credits."""

    day: date = Field(validation_alias="date")
    user: Word = Field("", validation_alias="username")
    model: Word = ""
    unit: Word = Field("", validation_alias="unit_type")
    gross: Dollars = Field(Decimal(0), validation_alias="gross_amount")
    net: Dollars | None = Field(None, validation_alias="net_amount")
    credits_gross: Dollars = Field(Decimal(0), validation_alias="aic_gross_amount")
    tokens_input: Count = Field(0, validation_alias="input")
    tokens_cache_read: Count = Field(0, validation_alias="cache_read")
    tokens_cache_write_5m: Count = Field(0, validation_alias="cache_write")
    tokens_output: Count = Field(0, validation_alias="output")

    @property
    def login(self) -> str:
        """Who, in lower case, "" if nobody is named."""
        return self.user.casefold()

    @property
    def plain_model(self) -> str:
        """The model, whether somebody chose it or GitHub did."""
        return self.model.removeprefix("Auto: ")

    @property
    def dollars(self) -> Decimal:
        """What it is worth before included credits. In files of summer 2026 that stands in a column of its own."""
        return self.gross if self.unit.startswith("ai-credit") or not self.credits_gross else self.credits_gross

    @property
    def billed(self) -> Decimal | None:
        """What is billed of it after included credits, None if that is not told in credits."""
        return self.net if self.dollars == self.gross else None


class _Ordered(Body):
    id: Word


class _Report(Body):
    status: Word
    urls: list[Address] = Field(default_factory=list, validation_alias="download_urls")


class UsageReports:
    """The reports of one enterprise.

    Args:
        api: asks GitHub.
        path: where they are ordered.
        patience: `pause_s` is the first pause before asking whether a report is made.
        now: the clock.
    """

    def __init__(self, api: Api, path: str, patience: Patience, now: Callable[[], datetime]) -> None:
        self._api = api
        self._path = path
        self._pause_s = patience.pause_s
        self._now = now
        self._is_given = True
        self._fetched_at = now()
        self._days: dict[date, list[dict[str, str]]] = {}

    def of(self, day: date) -> Iterator[ReportRow] | None:
        """The rows of a UTC day that can be understood; None if GitHub gives no such reports here.

        The days that follow are fetched with it, and each is given once: who reads it again wants the latest word.
        """
        if self._now() - self._fetched_at > KEPT:
            self._days.clear()
        if day not in self._days and self._is_given:
            with suppress(KeyRefusedError, NotFoundError):
                self._fetch(day, min(day + timedelta(days=REPORT_DAYS - 1), max(day, self._now().date())))
            self._is_given = day in self._days
        rows = self._days.pop(day, None)
        return None if rows is None else understood(self._api.who, _name(day), rows, ReportRow.model_validate)

    def _fetch(self, first: date, last: date) -> None:
        what = f"{_name(first)} to {last}"
        order = {"report_type": "ai_credit", "start_date": first.isoformat(), "end_date": last.isoformat()}
        ordered = self._api.read(_Ordered, self._api.ask_json(self._path, order), what)
        found: dict[date, list[dict[str, str]]] = {day: [] for day in days(first, last)}
        for address in self._made(ordered.id, what):
            for row in self._rows(self._api.file_at(address, what), what):
                found[_day_of(row, first, last)].append(row)
        self._days, self._fetched_at = found, self._now()

    def _made(self, report_id: str, what: str) -> list[str]:
        """Where the files lie, as soon as they are made."""
        until, pause_s = time.monotonic() + REPORT_S_MAX, self._pause_s
        while True:
            report = self._api.read(_Report, self._api.get_json(f"{self._path}/{report_id}"), what)
            if report.status == COMPLETED:
                return report.urls
            if report.status == FAILED:
                raise UndeliverableError(
                    "{service} could not make its report of {what}", service=self._api.who, what=what
                )
            if time.monotonic() + pause_s > until:
                raise UnreachableError(
                    "{service} did not make its report of {what} within half an hour", service=self._api.who, what=what
                )
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, PAUSE_S_MAX)

    def _rows(self, content: bytes, what: str) -> Iterator[dict[str, str]]:
        """Rows by the names of their columns; an empty field is none."""
        header: list[str] = []
        try:
            for _, fields in records(content):
                if header:
                    yield {name: value for name, value in zip(header, fields, strict=False) if value.strip()}
                else:
                    header = [name.strip().lower() for name in fields]
        except MalformedCsvError as trouble:
            raise UndeliverableError(
                "{service} sent {what} as no CSV: {trouble}", service=self._api.who, what=what, trouble=trouble
            ) from trouble
        if not {"date", "username", "model"} <= set(header):
            raise UndeliverableError(
                "{service} sent {what} without the columns date, username and model", service=self._api.who, what=what
            )


def _name(day: date) -> str:
    return f"AI usage of {day}"


def _day_of(row: dict[str, str], first: date, last: date) -> date:
    """The day of a row; one without a day that was asked for is looked at, and set aside, with the first."""
    try:
        day = date.fromisoformat(row.get("date", "")[:10])
    except ValueError:
        return first
    return day if first <= day <= last else first
