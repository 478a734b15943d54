"""Cursor, a code editor whose teams pay for seats and for usage beyond what is included.

All facts here are from its documents of autumn 2026; nothing was seen live.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AliasChoices, AliasPath, Field, model_validator

from bot.checks import CheckLine, may_read, may_write, why_not, works
from bot.errors import KeyRefusedError, UndeliverableError, UnreachableError
from bot.http import PATIENCE, Api, ApiKey, Page, Patience, basic
from bot.providers.base import (
    Limit,
    Provider,
    ProviderIdentity,
    ProviderOutcome,
    ProviderSeat,
    days,
    midnight,
    outcomes_of,
)
from bot.providers.payload_fields import DOLLARS_MAX, NANOS, Body, Count, WholeDollars, Word, nanos
from bot.providers.set_aside import setting_aside, understood
from bot.texts import t
from handlers.language import N_, Words
from storage.charges import Charge
from storage.limits import Subject

MEMBERS, SPEND, EVENTS, GROUPS = "/teams/members", "/teams/spend", "/teams/filtered-usage-events", "/teams/groups"
SET_LIMIT = "/teams/user-spend-limit"
DAILY = "/teams/daily-usage-data"
SPEND_ROWS, EVENT_ROWS_MAX = 100, 1000

# Up to 30 days may be asked for at once; ten of a large team fit into a body.
DAILY_DAYS = 10
IDLE_DAYS = 90

SEAT, UNPAID = "cursor", "free-owner"

HOUR = timedelta(hours=1)
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The day of a probe is any day.
PROBE = {"startDate": 1_767_225_600_000, "endDate": 1_767_225_600_000, "page": 1, "pageSize": 1}

NEEDED = N_("an Admin API key with the scope admin:*, which an admin of the team makes")
ENTERPRISE = N_("Limits of members exist in Cursor's Enterprise plan only; usage may be readable all the same.")

# The tier of calls of which nobody says what they cost: they are told apart from those with a cost.
UNPRICED = "unpriced"

Cents = Annotated[Decimal, Field(ge=-100 * DOLLARS_MAX, le=100 * DOLLARS_MAX)]
Percent = Annotated[Decimal, Field(ge=0, le=100)]
Milliseconds = Annotated[int, Field(ge=0, le=10**14)]


class CallRates(NamedTuple):
    """How often Cursor wants to be asked at most, in calls a minute."""

    lists: int = 20
    events: int = 60
    limits: int = 250


RATES = CallRates()


class _MemberRow(Body):
    email: Word
    name: Word | None = None
    role: Word = ""
    removed: bool = Field(False, validation_alias="isRemoved")


class _Members(Body):
    rows: list[Any] = Field(validation_alias="teamMembers")


class _SpendRow(Body):
    """A member's limits. An override of 0 means that there is none, so what is enforced is a field of its own."""

    email: Word
    name: Word | None = None
    override: WholeDollars | None = Field(None, validation_alias="hardLimitOverrideDollars")
    monthly: WholeDollars | None = Field(None, validation_alias="monthlyLimitDollars")
    enforced: WholeDollars | None = Field(None, validation_alias="effectivePerUserLimitDollars")

    @property
    def own(self) -> int | None:
        """The member's own limit in dollars, None if the team's holds."""
        return self.override or None if self.monthly is None else self.monthly

    def as_limit(self) -> Limit:
        """What the member may use beyond what is included."""
        amount = None if self.enforced is None else self.enforced * NANOS
        return Limit(Subject("user", self.email.casefold()), amount, paused=amount == 0, name=self.name or "")


class _SpendPage(Body):
    rows: list[Any] = Field(validation_alias="teamMemberSpend")
    pages_total: Count = Field(validation_alias="totalPages")


class _Tokens(Body):
    input: Count = Field(0, validation_alias="inputTokens")
    output: Count = Field(0, validation_alias="outputTokens")
    written: Count = Field(0, validation_alias="cacheWriteTokens")
    read: Count = Field(0, validation_alias="cacheReadTokens")
    cents: Cents | None = Field(None, validation_alias="totalCents")
    discount: Percent = Field(Decimal(0), validation_alias="discountPercentOff")


class _Event(Body):
    """One call. A service account or an automation is no person, though one may stand beside it."""

    at_ms: Milliseconds = Field(validation_alias="timestamp")
    email: Word | None = Field(None, validation_alias="userEmail")
    service: Word | None = Field(None, validation_alias=AliasChoices("serviceAccountId", "automationId"))
    model: Word = ""
    kind: Word = ""
    chargeable: bool = Field(True, validation_alias="isChargeable")
    cents: Cents | None = Field(None, validation_alias="chargedCents")
    fee: Cents = Field(Decimal(0), validation_alias="cursorTokenFee")
    tokens: _Tokens = Field(_Tokens(), validation_alias="tokenUsage")

    @property
    def tier(self) -> str:
        if self.kind.startswith("Included"):
            return "included"
        return UNPRICED if self.on_demand is None else ""

    @property
    def on_demand(self) -> Decimal | None:
        """Cents beyond what the plan includes: the seat pays for that, and limits do not count it.

        Where the charge is left out it follows from what the tokens cost; None if that is not said either.
        """
        if self.kind.startswith("Included") or not self.chargeable:
            return Decimal(0)
        if self.cents is not None or self.tokens.cents is None:
            return self.cents
        return self.tokens.cents * (100 - self.tokens.discount) / 100 + self.fee


class _EventPage(Body):
    rows: list[Any] = Field(validation_alias="usageEvents")
    total: Count | None = Field(None, validation_alias="totalUsageEventsCount")
    more: bool | None = Field(None, validation_alias=AliasPath("pagination", "hasNextPage"))

    @property
    def goes_on(self) -> bool:
        """Whether there is another page; where that is not said, one that is not full is the last."""
        return len(self.rows) >= EVENT_ROWS_MAX if self.more is None else self.more


class _DailyRow(Body):
    """What a member did on a day, which is told in one of two ways. A row without an address is nobody's."""

    at_ms: Milliseconds | None = Field(None, validation_alias="date")
    on: date | None = Field(None, validation_alias="day")
    email: Word | None = None
    active: bool = Field(True, validation_alias="isActive")
    lines: Count = Field(0, validation_alias="acceptedLinesAdded")
    accepts: Count = Field(0, validation_alias="totalAccepts")
    rejects: Count = Field(0, validation_alias="totalRejects")

    @model_validator(mode="after")
    def _has_a_day(self) -> Self:
        if self.at_ms is None and self.on is None:
            raise ValueError("it has no day")
        return self

    @property
    def day(self) -> date:
        """The day; one of the two is there."""
        return self.on or (EPOCH + (self.at_ms or 0) * MILLISECOND).date()

    @property
    def user(self) -> str:
        return (self.email or "").casefold()

    def counts(self) -> Mapping[str, int]:
        """What came of it."""
        return {"lines_accepted": self.lines, "edits_accepted": self.accepts, "edits_rejected": self.rejects}


class _Daily(Body):
    rows: list[Any] = Field(validation_alias="data")


class _Done(Body):
    outcome: Word
    message: Word = ""


class _Cell(NamedTuple):
    hour: datetime
    service: str
    user: str
    model: str
    tier: str


class _Used(NamedTuple):
    cents: Decimal | None = None
    requests: int = 0
    input: int = 0
    output: int = 0
    written: int = 0
    read: int = 0

    def plus(self, cents: Decimal | None, tokens: _Tokens) -> "_Used":
        return _Used(
            None if cents is None else (self.cents or Decimal(0)) + cents,
            self.requests + 1,
            self.input + tokens.input,
            self.output + tokens.output,
            self.written + tokens.written,
            self.read + tokens.read,
        )


class Cursor(Provider):
    """One Cursor team, read and limited with an Admin API key.

    People are known by their addresses: that is what Cursor's usage and limits go by.

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the Admin API key.
        key_name: the environment variable that the key stands in.
        now: the clock. Usage is asked for until now, so that what happens meanwhile does not shift the pages.
        patience: how long one question may take.
        rates: how often it is asked at most.
    """

    can = frozenset({"charges", "people", "limits", "set_limit", "pause", "seats", "outcomes"})
    limited = frozenset({"user"})
    complete = True
    zero_is_cost = True
    step_nanos = NANOS
    cannot = (
        "Cursor's limit holds for on-demand usage only: what the plan includes goes on, even while somebody is paused.",
        "A limit starts anew with the team's billing cycle, which need not begin on the first of a month.",
        "Cursor has limits in whole dollars, and none for groups.",
        "Limits of members exist in Cursor's Enterprise plan only.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        key_name: str = "CURSOR_API_KEY",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: Patience = PATIENCE,
        rates: CallRates = RATES,
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._now = now
        opens = ApiKey(key_name, key, {}, NEEDED, basic)
        self._lists, self._events, self._limits = (Api("Cursor", url, opens, patience, None, rate) for rate in rates)
        self.who = self._lists.who

    def close(self) -> None:
        """Let go of the connections."""
        for api in (self._lists, self._events, self._limits):
            api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each hour, person or service account, and model; what the plan includes is apart and free."""
        for day in days(first, last):
            cells = self._cells(day)
            yield from (_charge(self.name, cell, cells[cell]) for cell in sorted(cells))

    def people(self) -> Iterator[ProviderIdentity]:
        """Members of the team, those who were removed included: their usage stays theirs."""
        for row in self._members():
            address = row.email.casefold()
            yield ProviderIdentity("user", address, name=row.name or "", email=address)

    def seats(self) -> Iterator[ProviderSeat]:
        """Every member has one. When it was last used is known for the last three months, if the key may read that."""
        today = self._now().date()
        active_on: dict[str, date] = {}
        rows = list[Any]()
        is_known = False
        with suppress(KeyRefusedError):
            rows = list(self._daily_rows(today - timedelta(days=IDLE_DAYS - 1), today))
            found = list(understood(self.who, "what was done", rows, _DailyRow.model_validate))
            is_known = len(found) == len(rows)
            for row in found:
                if row.active:
                    active_on[row.user] = max(row.day, active_on.get(row.user, row.day))
        for member in self._members():
            address = member.email.casefold()
            if not member.removed and member.role != UNPAID:
                yield ProviderSeat(address, SEAT, None, active_on.get(address), use_known=is_known)

    def outcomes(self, first: date, last: date) -> Iterator[ProviderOutcome]:
        """What members took of what Cursor proposed."""
        for row in self._daily(first, min(last, self._now().date())):
            if row.user:
                yield from outcomes_of(row.user, row.day, row.counts())

    def limits(self) -> Iterator[Limit]:
        """Every member's limit as it is enforced, the team's own default included."""
        return (row.as_limit() for row in self._spend())

    def limit(self, subject: Subject) -> Limit | None:
        """What one member may use beyond what is included."""
        row = self._row(subject)
        return row.as_limit() if row else None

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Limit a member in each billing cycle; Cursor's answer has no figure, so it is read back."""
        self._set(self._known(subject), amount_nanos // NANOS)
        return self._known(subject).as_limit()

    def before(self, subject: Subject) -> str:
        """A member's own limit, None if the team's holds, and what was enforced."""
        row = self._known(subject)
        return json.dumps({"own": row.own, "enforced": row.enforced})

    def pause(self, subject: Subject) -> None:
        """Allow no on-demand usage."""
        self._set(self._known(subject), 0)

    def resume(self, subject: Subject, before: str) -> None:
        """Give a member the own limit back, or none. What is enforced then is compared with what was."""
        state = json.loads(before)
        self._set(self._known(subject), state["own"])
        enforced = self._known(subject).enforced
        if enforced != state["enforced"]:
            raise UndeliverableError(
                "{service} allows {member} {now} now, and it was {before}: set it right there",
                service=self._lists.who,
                member=subject.external_id,
                now=_dollars(enforced),
                before=_dollars(state["enforced"]),
            )

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, whether the key may read all that we read, and whether the plan has limits."""
        self._lists.get_json(MEMBERS)
        yield CheckLine(t("{service} answers", service=self.who), ok=True)
        day = {name: PROBE[name] for name in ("startDate", "endDate")}
        spend = {"page": 1, "pageSize": 1}
        for api, path, body in ((self._lists, SPEND, spend), (self._events, EVENTS, PROBE), (self._lists, DAILY, day)):
            yield may_read(self._key_name, path, why_not(partial(api.ask_json, path, body)))
        no = why_not(partial(self._lists.get_json, GROUPS))
        closed = isinstance(no, KeyRefusedError)
        yield CheckLine(
            t("the plan has limits of members"), ok=no is None, advice=t(ENTERPRISE) if closed else works("", no).advice
        )
        if no is None:
            yield may_write("The key needs the scope admin:*; with read:* Bursar only reads.")

    def _members(self) -> Iterator[_MemberRow]:
        rows = self._lists.read(_Members, self._lists.get_json(MEMBERS), "members").rows
        return understood(self.who, "members", rows, _MemberRow.model_validate)

    def _daily(self, first: date, last: date) -> Iterator[_DailyRow]:
        """Who was active, and what they did."""
        rows = understood(self.who, "what was done", self._daily_rows(first, last), _DailyRow.model_validate)
        return (row for row in rows if first <= row.day <= last)

    def _daily_rows(self, first: date, last: date) -> Iterator[Any]:
        """Some days at a time, for there are no pages."""
        for start in list(days(first, last))[::DAILY_DAYS]:
            end = min(start + timedelta(days=DAILY_DAYS - 1), last)
            body = self._lists.ask_json(DAILY, {"startDate": _ms(midnight(start)), "endDate": _ms(midnight(end))})
            yield from self._lists.read(_Daily, body, "what was done").rows

    def _cells(self, day: date) -> dict[_Cell, _Used]:
        cells: dict[_Cell, _Used] = defaultdict(_Used)
        what = f"usage of {day}"
        for event in understood(self.who, what, self._usage(day, what), _Event.model_validate):
            cell = _cell(event)
            cells[cell] = cells[cell].plus(event.on_demand, event.tokens)
        return cells

    def _usage(self, day: date, what: str) -> Iterator[Any]:
        """All events of a day, and exactly as many as Cursor says there are."""
        start = midnight(day)
        end = min(start + 24 * HOUR - MILLISECOND, self._now())
        if end < start:
            return
        span = {"startDate": _ms(start), "endDate": _ms(end)}
        totals, seen = set[int | None](), 0

        def ask(number: int) -> Page:
            nonlocal seen
            body = self._events.ask_json(EVENTS, {**span, "page": number, "pageSize": EVENT_ROWS_MAX})
            page = self._events.read(_EventPage, body, what)
            totals.add(page.total)
            seen += len(page.rows)
            return Page(page.rows, number + page.goes_on)

        yield from self._events.pages(ask, what)
        if totals - {None} not in (set(), {seen}):
            raise UnreachableError(
                "{service} changed its {what} while it was read, so nothing is counted",
                service=self._events.who,
                what=what,
            )

    def _spend(self, **only: str) -> Iterator[_SpendRow]:
        def ask(number: int) -> Page:
            body = self._lists.ask_json(SPEND, {**only, "page": number, "pageSize": SPEND_ROWS})
            page = self._lists.read(_SpendPage, body, "spend")
            return Page(page.rows, page.pages_total)

        return understood(self.who, "spend", self._lists.pages(ask, "spend"), _SpendRow.model_validate)

    def _row(self, subject: Subject) -> _SpendRow | None:
        with setting_aside():  # whoever stands beside has to be understood when all are read
            found = self._spend(searchTerm=subject.external_id)
            return next((row for row in found if row.email.casefold() == subject.external_id), None)

    def _known(self, subject: Subject) -> _SpendRow:
        row = self._row(subject)
        if row is None:
            raise UndeliverableError(
                "{service} has no member with the address {id}", service=self._lists.who, id=subject.external_id
            )
        return row

    def _set(self, row: _SpendRow, dollars: int | None) -> None:
        """A refusal may come with a good status."""
        order = {"userEmail": row.email, "spendLimitDollars": dollars}
        done = self._limits.read(_Done, self._limits.write_json("POST", SET_LIMIT, order), "an answer to a new limit")
        if done.outcome != "success":
            raise UndeliverableError(
                "{service} refused a limit for {member}: {message}",
                service=self._limits.who,
                member=row.email,
                message=self._limits.safe(done.message),
            )


def _ms(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND


def _dollars(amount: int | None) -> Words:
    return Words("no limit") if amount is None else Words("{amount} dollars", {"amount": amount})


def _cell(event: _Event) -> _Cell:
    moment = EPOCH + event.at_ms * MILLISECOND
    user = "" if event.service else (event.email or "").casefold()
    return _Cell(moment.replace(minute=0, second=0, microsecond=0), event.service or "", user, event.model, event.tier)


def _charge(provider: str, cell: _Cell, used: _Used) -> Charge:
    """Cursor does not say for how long a cache was written; most vendors' default is five minutes."""
    return Charge(
        provider=provider,
        bucket_start=cell.hour,
        bucket_hours=1,
        resource=cell.service,
        subject=cell.user,
        model=cell.model,
        tier=cell.tier,
        tokens_input=used.input,
        tokens_cache_read=used.read,
        tokens_cache_write_5m=used.written,
        tokens_output=used.output,
        requests=used.requests,
        cost_nanos=None if used.cents is None else nanos(used.cents / 100),
        cost_source="unpriced" if used.cents is None else "cost_report",
    )
