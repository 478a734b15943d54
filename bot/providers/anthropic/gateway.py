"""Claude apps gateway: the gateway within the `claude` program, which a company runs for its own people.

What is said here was seen on version 2.1.332 of the program in November 2026, unless another source is named.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from pydantic import AliasPath, Field

from bot.checks import CheckLine, may_read, why_not, works
from bot.errors import KeyRefusedError, NotFoundError, UndeliverableError
from bot.http import PATIENCE, ApiKey, Params, Patience
from bot.providers.anthropic.client import LIST_ROWS_MAX, NANOS_OF_A_CENT, ROOT, AdminApi, Cents, cents, nanos, signed
from bot.providers.base import Limit, Provider, ProviderIdentity, days, midnight
from bot.providers.payload_fields import Body, Currency, Word
from bot.providers.running_totals import DaysTold, Told, Totals, earliest
from bot.providers.set_aside import RowError, setting_aside, understood
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge
from storage.limits import Cap, Subject, Window

IDS_MAX = 100
LIMITS, EFFECTIVE = f"{ROOT}/spend_limits", f"{ROOT}/spend_limits/effective"
CALLS_PER_MINUTE = 120

WINDOWS: Mapping[str, Window] = {"daily": "day", "weekly": "week", "monthly": "month"}
DAILY, WEEKLY, MONTHLY = WINDOWS

MALFORMED: Mapping[str, Any] = {}
"""An order that changes nothing, for it names nobody: who may not write is refused before that is seen."""

REFUSALS = {"authentication_error": N_("it does not know this key")}


class _Actor(Body):
    user_id: Word
    name: Word | None = None
    email_address: Word | None = None
    deleted: bool = False


class _Source(Body):
    type: Word


class _Spent(Body):
    """What binds somebody in one kind of period, and what they spent in it. An amount is text with parts of a cent."""

    actor: _Actor
    groups: list[Any] = Field(default_factory=list)
    amount: Cents | None = None
    currency: Currency = "USD"
    period: Word
    source: _Source | None = None
    spend_limit_id: Word = ""
    period_to_date_spend: Cents

    @property
    def is_own(self) -> bool:
        """Whether the amount was set for this person, and does not come from a group or the organization."""
        return self.source is not None and self.source.type == "user"

    @property
    def is_known(self) -> bool:
        """Whether the gateway has seen them. It answers for every id that it is asked for, be there such a user or not.

        Who was seen has a name or an address, or spent something; who was given a limit of their own is somebody's
        intention and counts as well.
        """
        return bool(self.actor.name or self.actor.email_address or self.period_to_date_spend or self.is_own)


class _Pool(Body):
    amount: Cents | None = None
    paused: bool = False
    period_to_date_spend: Cents = Decimal(0)


class _Group(Body):
    """A group's limit: an amount for each member, and what all of them may spend together."""

    id: Word
    group: Annotated[Word, Field(validation_alias=AliasPath("scope", "rbac_group_id"))]
    amount: Cents | None = None
    currency: Currency = "USD"
    period: Word = MONTHLY
    pooled_budget: _Pool | None = None


class _Own(Body):
    user: Annotated[Word, Field(validation_alias=AliasPath("scope", "user_id"))]


class _Configured(Body):
    amount: Cents | None = None
    currency: Currency = "USD"


@dataclass(slots=True)
class _Person:
    """Somebody's rows, one for each kind of period."""

    rows: dict[str, _Spent]

    @property
    def totals(self) -> Totals:
        """What they spent so far."""
        spent = {period: nanos(row.period_to_date_spend) for period, row in self.rows.items()}
        return Totals(spent.get(DAILY), spent.get(WEEKLY), spent.get(MONTHLY))


class ClaudeGateway(Provider):
    """One gateway of a company, read and limited with an admin key that stands in its gateway.yaml.

    It tells running totals of the day, the week and the month only: running_totals.py makes days of them.

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: an admin key with the right to write.
        key_name: the environment variable that the key stands in.
        now: the clock; the gateway's periods are of UTC.
        told: what was told of days before.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"charges", "people", "limits", "set_limit", "pause"})
    limited = frozenset({"user", "team"})
    step_nanos = NANOS_OF_A_CENT
    zero_is_cost = True
    live = True
    cannot = (
        "The gateway counts at list prices in US dollars: it knows no discount, and the vendor's bill may be lower.",
        "The gateway says what a person spent, and not with which models; Claude Code's own telemetry does.",
        "Who never used the gateway is not known there: until then the organization's own default holds.",
        "A group's pool counts from the moment it is set: in its first month it does not know what was spent before.",
        "The bill of Anthropic, Bedrock or Vertex behind the gateway is the same money: read one of the two.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        key_name: str,
        now: Callable[[], datetime],
        told: Told,
        patience: Patience = PATIENCE,
        calls_per_minute: int = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._now = now
        self._told = told
        needed = N_("an admin key of admin.write_keys in gateway.yaml")
        self._api = AdminApi(
            "Claude apps gateway", url, ApiKey(key_name, key, REFUSALS, needed, signed), patience, calls_per_minute
        )
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day and person, at list price. Of days before those that `earliest` names: nothing."""
        today = self._now().astimezone(UTC).date()
        first, last = max(first, earliest(today)), min(last, today)
        if first > last:
            return
        spent = self._people("usage")
        known = DaysTold(today, self._told(earliest(today), today))
        for day in days(first, last):
            for user_id in sorted(spent.keys() | known.users(day)):
                totals = spent[user_id].totals if user_id in spent else Totals(None, None, None)
                cost = known.spent(day, user_id, totals)
                if cost:
                    yield Charge(self.name, midnight(day), 24, "", subject=user_id, cost_nanos=cost, list_nanos=cost)

    def earliest(self, today: date) -> date:
        """See Provider."""
        return earliest(today)

    def people(self) -> Iterator[ProviderIdentity]:
        """Everybody who has used the gateway, and the groups that have a limit or that somebody is in."""
        groups = {row.group for row in self._groups()}
        for user_id, person in self._people("people").items():
            one = next(iter(person.rows.values()))
            groups |= {each for each in one.groups if isinstance(each, str)}
            yield ProviderIdentity("user", user_id, one.actor.name or "", one.actor.email_address or "")
        yield from (ProviderIdentity("team", group, name=group) for group in sorted(groups))

    def limits(self) -> Iterator[Limit]:
        """What binds everybody who used it in these weeks or has a limit of their own, and each group's pool."""
        people = self._people("limits")
        own = self._api.listed(LIMITS, "own limits", {"scope_type": "user"})
        having = {row.user for row in understood(self.who, "own limits", own, _Own.model_validate)}
        quiet = sorted(having - people.keys())
        for start in range(0, len(quiet), IDS_MAX):
            people |= self._people("limits", quiet[start : start + IDS_MAX])
        for user_id, person in people.items():
            if MONTHLY in person.rows:
                yield self._limit(user_id, person.rows)
        for group in self._groups():
            yield self._pool(group)

    def limit(self, subject: Subject) -> Limit | None:
        """What one user or group may spend now."""
        if subject.kind == "team":
            found = self._group(subject.external_id)
            return self._pool(found) if found else None
        rows = self._rows_of(subject)
        return self._limit(subject.external_id, rows) if rows[MONTHLY].is_known else None

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Set a person's own month, or a group's pool. What a group's pool allows each member stays as it is there."""
        if subject.kind == "team":
            return self._set_pool(subject, cents(amount_nanos))
        self._known(subject)
        said = self._write(_scope(subject), cents(amount_nanos))
        amount = None if said.amount is None else nanos(said.amount)
        return Limit(subject, amount, paused=amount == 0, currency=said.currency)

    def before(self, subject: Subject) -> str:
        """The amount that was set for a person themself, or a group's amount and pool; nothing if there was none."""
        if subject.kind == "team":
            held = self._known_group(subject)
            pool = held.pooled_budget if held else None
            return json.dumps(
                {
                    "has": held is not None,
                    "amount": _said(held.amount) if held else None,
                    "pool": {"amount": _said(pool.amount), "paused": pool.paused} if pool else None,
                }
            )
        row = self._known(subject)[MONTHLY]
        return json.dumps({"has": row.is_own, "amount": _said(row.amount) if row.is_own else None})

    def pause(self, subject: Subject) -> None:
        """Let a person's month, or a group's pool, allow nothing: the next request is refused.

        It is the month's row, for a row of the day would lift itself at midnight.
        """
        self.set_limit(subject, 0)

    def resume(self, subject: Subject, before: str) -> None:
        """Put the amount back that was set, or take ours away where none was."""
        state = json.loads(before)
        if not state["has"]:
            self._take_away(subject)
        elif subject.kind == "team":
            self._write(_scope(subject), state["amount"], state["pool"] or {"amount": None, "paused": True})
        else:
            self._write(_scope(subject), state["amount"])

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, and whether the key may read and write. Who may not write is refused an empty order."""
        no = why_not(partial(self._api.get_json, LIMITS, {"limit": 1}))
        yield works(t("{service} answers", service=self.who), no)
        if no:
            return
        yield may_read(self._key_name, EFFECTIVE, why_not(partial(self._api.get_json, EFFECTIVE, {"limit": 1})))
        refused = why_not(partial(self._api.write_json, "POST", LIMITS, MALFORMED))
        may_not = refused if isinstance(refused, KeyRefusedError) else None
        yield works(t("{name} may write limits", name=self._key_name), may_not)

    def _people(self, what: str, user_ids: Sequence[str] = ()) -> dict[str, _Person]:
        """Everybody who has spent something, or whom one asks for, with a row for each kind of period."""
        people: dict[str, _Person] = defaultdict(lambda: _Person({}))
        params: dict[str, int | Sequence[str]] = {"limit": LIST_ROWS_MAX, "period[]": list(WINDOWS)}
        if user_ids:
            params["user_ids[]"] = user_ids
        for row in understood(self.who, what, self._api.paged(EFFECTIVE, what, params), _spent):
            if not row.actor.deleted:
                people[row.actor.user_id].rows[row.period] = row
        return people

    def _rows_of(self, subject: Subject) -> Mapping[str, _Spent]:
        params: Params = {"user_ids[]": [subject.external_id], "period[]": list(WINDOWS)}
        with setting_aside():
            rows = understood(self.who, "a limit", self._api.paged(EFFECTIVE, "a limit", params), _spent)
            found = {row.period: row for row in rows if row.actor.user_id == subject.external_id}
        if MONTHLY not in found:
            raise UndeliverableError(
                "{service} does not say what {id} may spend", service=self.who, id=subject.external_id
            )
        return found

    def _known(self, subject: Subject) -> Mapping[str, _Spent]:
        rows = self._rows_of(subject)
        if not rows[MONTHLY].is_known:
            raise UndeliverableError(
                "{service} has not seen {id}: whoever uses it is known there after the first request",
                service=self.who,
                id=subject.external_id,
            )
        return rows

    def _groups(self) -> Iterator[_Group]:
        rows = self._api.listed(LIMITS, "groups", {"scope_type": "rbac_group"})
        return (row for row in understood(self.who, "groups", rows, _Group.model_validate) if row.period == MONTHLY)

    def _group(self, group: str) -> _Group | None:
        with setting_aside():  # what stands beside has to be understood when all are read
            return next((row for row in self._groups() if row.group == group), None)

    def _known_group(self, subject: Subject) -> _Group | None:
        """A group's row, None for a group without one that somebody is in.

        Raises:
            UndeliverableError: nobody is in such a group.
        """
        held = self._group(subject.external_id)
        if held:
            return held
        with setting_aside():
            people = self._people("people")
        if not any(subject.external_id in row.groups for person in people.values() for row in person.rows.values()):
            raise UndeliverableError(
                "{service} has seen nobody of the group {id}", service=self.who, id=subject.external_id
            )
        return None

    def _limit(self, user_id: str, rows: Mapping[str, _Spent]) -> Limit:
        month = rows[MONTHLY]
        amount = None if month.amount is None else max(nanos(month.amount), 0)
        further: tuple[Cap, ...] = tuple(
            (WINDOWS[period], max(nanos(row.amount), 0))
            for period, row in sorted(rows.items())
            if period != MONTHLY and row.amount is not None
        )
        return Limit(
            Subject("user", user_id),
            amount,
            paused=amount == 0,
            name=month.actor.name or month.actor.email_address or "",
            currency=month.currency,
            resets_at=self._next_month(),
            spent_nanos=nanos(month.period_to_date_spend),
            caps=further,
        )

    def _pool(self, row: _Group) -> Limit:
        """A pool that is paused is not enforced: it stops nobody."""
        pool = row.pooled_budget
        amount = None if pool is None or pool.paused or pool.amount is None else max(nanos(pool.amount), 0)
        return Limit(
            Subject("team", row.group),
            amount,
            paused=amount == 0,
            name=row.group,
            currency=row.currency,
            resets_at=self._next_month(),
            spent_nanos=nanos(pool.period_to_date_spend) if pool else None,
        )

    def _set_pool(self, subject: Subject, amount: str) -> Limit:
        """A pool needs an amount for each member. Where that only was as high as the pool, it goes on being so."""
        held = self._known_group(subject)
        each = held.amount if held else None
        pool = held.pooled_budget if held else None
        if each is None or (pool and pool.amount == each):
            own: str | None = amount
        else:
            own = _said(each)
        self._write(_scope(subject), own, {"amount": amount, "paused": False})
        set_to = self._group(subject.external_id)
        if set_to is None:
            raise UndeliverableError(
                "{service} does not tell of the pool that was set for {id}", service=self.who, id=subject.external_id
            )
        return self._pool(set_to)

    def _take_away(self, subject: Subject) -> None:
        if subject.kind == "team":
            held = self._group(subject.external_id)
            name = held.id if held else ""
        else:
            row = self._rows_of(subject)[MONTHLY]
            name = row.spend_limit_id if row.is_own else ""
        if name:
            try:
                self._api.write_json("DELETE", f"{LIMITS}/{name}")
            except NotFoundError:
                return  # somebody took it away at the same time

    def _write(
        self, scope: Mapping[str, str], amount: str | None, pool: Mapping[str, Any] | None = None
    ) -> _Configured:
        body = {"scope": scope, "amount": amount, "period": MONTHLY, **({"pooled_budget": pool} if pool else {})}
        return self._api.read(_Configured, self._api.write_json("POST", LIMITS, body), "the limit that was set")

    def _next_month(self) -> datetime:
        today = self._now().astimezone(UTC).date()
        return midnight((today.replace(day=1) + timedelta(days=31)).replace(day=1))


def _spent(row: Any) -> _Spent:
    found = _Spent.model_validate(row)
    if found.period not in WINDOWS:
        raise RowError(N_("its period is not one that we know"), "period")
    if found.currency != "USD":
        raise RowError(N_("its currency is not US dollars"), "currency")
    return found


def _scope(subject: Subject) -> Mapping[str, str]:
    if subject.kind == "team":
        return {"type": "rbac_group", "rbac_group_id": subject.external_id}
    return {"type": "user", "user_id": subject.external_id}


def _said(amount: Decimal | None) -> str | None:
    """An amount in cents as the gateway takes it."""
    return None if amount is None else f"{amount:f}"
