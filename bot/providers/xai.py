"""xAI's API platform (Grok): one team, read and limited with a management key.

Facts are from docs.x.ai, references of billing and of keys, November 2026; nothing was seen live. That usage can be
grouped by the key is told by others only, so that it is asked for with less where it is refused.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote

from pydantic import AliasPath, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bot.checks import CheckLine, may_read, may_write, why_not, works
from bot.errors import InvalidError, NotFoundError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Batch, Params, Patience
from bot.providers.base import Limit, Provider, ProviderCredit, ProviderIdentity, days, midnight
from bot.providers.payload_fields import NANOS, Body, Dollars, Word, nanos
from bot.providers.set_aside import RowError, not_asked_for, setting_aside, understood
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge
from storage.limits import Cap, Subject

KEY_ITSELF = "/auth/management-keys/validation"
OF_A_TEAM = "SCOPE_TEAM"
PAGE_ROWS = 100
NANOS_OF_A_CENT = NANOS // 100
CENTS_OF_A_DOLLAR = 100

KEY, WHAT = "api_key_id", "description"
GROUPINGS = ((KEY, WHAT), (WHAT,), ())
"""What usage is grouped by, the next one where one is refused."""

DAY, HOUR = ("TIME_UNIT_DAY", 24), ("TIME_UNIT_HOUR", 1)

# How often it may be asked is not documented.
CALLS_PER_MINUTE = 60

NEEDED = N_("a management key of the team, which is another one than an API key")
TO_WRITE = N_("The management key must have the rights to write billing and API keys.")

Spent = dict[tuple[datetime, str, str], Decimal]


class _Camel(Body):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class _Itself(_Camel):
    scope: Word = ""
    scope_id: Word = ""
    team_id: Word = ""


class _Key(_Camel):
    """An API key. What the answer has of the key itself is not read."""

    api_key_id: Word
    name: Word | None = None
    disabled: bool = False


class _Keys(_Camel):
    api_keys: list[Any] = Field(default_factory=list)
    pagination_token: str = ""


class _Series(_Camel):
    group: list[Word]
    data_points: list[Any]


class _Point(_Camel):
    timestamp: datetime
    values: list[Dollars] = Field(default_factory=list)


class _Usage(_Camel):
    time_series: list[Any]
    limit_reached: bool = False


class _Cents(Body):
    """An amount; nought is left out."""

    val: Decimal = Decimal(0)

    @property
    def nanos(self) -> int:
        """The amount in 10⁻⁹ of a dollar."""
        return nanos(self.val / CENTS_OF_A_DOLLAR)


class _Limits(Body):
    soft: _Cents | None = Field(None, validation_alias=AliasPath("spendingLimits", "softSl"))
    effective: _Cents | None = Field(None, validation_alias=AliasPath("spendingLimits", "effectiveSl"))


class _Balance(Body):
    total: _Cents = _Cents()


class XAI(Provider):
    """One team at xAI.

    Args:
        name: its name in app.yaml.
        url: where the management API is.
        key: a management key.
        team: the team's id, "" if the key is one of a team.
        key_name: the environment variable that the key stands in.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"charges", "hours", "people", "limits", "set_limit", "pause", "credit"})
    limited = frozenset({"organization"})
    step_nanos = NANOS_OF_A_CENT
    complete = True
    cannot = (
        "xAI has one limit, for the whole team, and none for a key: Bursar tells, and pauses the key.",
        "xAI's limit holds for what it invoices by the month: prepaid credits are used first and have no limit.",
        "xAI reports money and no tokens.",
        "xAI's report knows API keys and no people: link each key to whoever uses it.",
        "Seats of Grok Business are another product, which this key does not open.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        team: str,
        key_name: str,
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._known_team = team
        self._api = Api("xAI", url, ApiKey(key_name, key, {}, NEEDED), patience, None, calls_per_minute)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day, key and what was bought, as far as xAI tells them apart."""
        for day in days(first, last):
            start = midnight(day)
            yield from self._charges(start, start + timedelta(days=1), DAY)

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """The same by the hour."""
        return self._charges(since, until, HOUR)

    def people(self) -> Iterator[ProviderIdentity]:
        """The API keys."""
        return (ProviderIdentity("key", key.api_key_id, key.name or "") for key in self._keys())

    def limits(self) -> Iterator[Limit]:
        """The team's limit, and of each key whether it is paused."""
        yield self._limit_of_team()
        yield from map(_limit_of_key, self._keys())

    def limit(self, subject: Subject) -> Limit | None:
        """The team's limit, or whether a key is paused."""
        if subject.kind == "organization":
            return self._limit_of_team()
        found = self._find(subject)
        return _limit_of_key(found) if found else None

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Set the team's limit of the month; the one that xAI has set itself stays, and the lower one holds."""
        if subject.kind != "organization":
            raise UndeliverableError("{service} can only limit the organization", service=self.who)
        cents = {"val": str(amount_nanos // NANOS_OF_A_CENT)}
        self._api.write_json("POST", self._of_team("/postpaid/spending-limits"), {"desiredSoftSpendingLimit": cents})
        return self._limit_of_team()

    def before(self, subject: Subject) -> str:
        """Whether a key is disabled."""
        return json.dumps({"disabled": self._known(subject).disabled})

    def pause(self, subject: Subject) -> None:
        """Disable a key. All of xAI's clusters know it shortly after."""
        self._switch(subject, disabled=True)

    def resume(self, subject: Subject, before: str) -> None:
        """Enable a key if it was enabled."""
        self._switch(subject, disabled=json.loads(before)["disabled"])

    def credit(self) -> Iterator[ProviderCredit]:
        """What is left of prepaid credits."""
        yield ProviderCredit("USD", self._prepaid())

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, whether the key may read all that we read, and what prepaid credit is left."""
        self._team()
        yield CheckLine(t("{service} answers", service=self.who), ok=True)
        yesterday = midnight(datetime.now(UTC).date() - timedelta(days=1))
        tells = partial(self._grouped, yesterday, yesterday + timedelta(days=1), DAY[0])
        yield may_read(self._key_name, "/usage", why_not(tells))
        for path, ask in (("/api-keys", lambda: list(self._keys())), ("/spending-limits", self._limit_of_team)):
            yield may_read(self._key_name, path, why_not(ask))
        unread = why_not(self._prepaid)
        yield may_read(self._key_name, "/prepaid/balance", unread)
        if not unread:
            left = Decimal(self._prepaid()) / NANOS
            yield works(t("prepaid credit left: {amount} USD", amount=f"{left:.2f}"), None)
        yield may_write(TO_WRITE)

    def _prepaid(self) -> int:
        """What is left of prepaid credits in nanos; they count them below zero."""
        told = self._api.get_json(self._of_team("/prepaid/balance"))
        return -self._api.read(_Balance, told, "its balance").total.nanos

    def _charges(self, start: datetime, end: datetime, unit: tuple[str, int]) -> Iterator[Charge]:
        grain, hours = unit
        groups, series = self._grouped(start, end, grain)
        what = f"usage of {start.date()}" if unit == DAY else f"hours since {start:%Y-%m-%d %H:%M}"

        def of_groups(row: Any) -> _Series:
            found = _Series.model_validate(row)
            if len(found.group) != len(groups):
                raise RowError(N_("it is of another kind than was asked for"), "group")
            return found

        def within(row: Any) -> tuple[datetime, Decimal]:
            found = _Point.model_validate(row)
            at = (found.timestamp if found.timestamp.tzinfo else found.timestamp.replace(tzinfo=UTC)).astimezone(UTC)
            spent = sum(found.values, Decimal(0))
            if spent and not start <= at < end:
                raise RowError(not_asked_for(at.date()), "timestamp")
            return at, spent

        cells: Spent = defaultdict(Decimal)
        for each in understood(self.who, what, series, of_groups):
            names = dict(zip(groups, each.group, strict=True))
            for at, spent in understood(self.who, f"{what}, points", each.data_points, within):
                cells[at, names.get(KEY, ""), names.get(WHAT, "")] += spent
        for (at, key, bought), spent in sorted(cells.items()):
            if cost := nanos(spent):
                yield Charge(self.name, at, hours, bought, resource=key, cost_nanos=cost)

    def _grouped(self, start: datetime, end: datetime, grain: str) -> tuple[tuple[str, ...], list[Any]]:
        """The series of a time, and what they are grouped by: as finely as is allowed."""
        for groups in GROUPINGS:
            question = {
                "timeRange": {"startTime": _written(start), "endTime": _written(end), "timezone": "Etc/GMT"},
                "timeUnit": grain,
                "values": [{"name": "usd", "aggregation": "AGGREGATION_SUM"}],
                "groupBy": list(groups),
                "filters": [],
            }
            try:
                told = self._api.ask_json(self._of_team("/usage"), {"analyticsRequest": question})
            except InvalidError:
                if not groups:
                    raise
                continue
            usage = self._api.read(_Usage, told, f"usage of {start.date()}")
            if not usage.limit_reached:
                return groups, usage.time_series
        raise UndeliverableError(
            "{service} has more rows for {day} than it gives at once: nothing is counted",
            service=self.who,
            day=start.date(),
        )

    def _limit_of_team(self) -> Limit:
        told = self._api.get_json(self._of_team("/postpaid/spending-limits"))
        held = self._api.read(_Limits, told, "its limits")
        soft, effective = (each.nanos if each else None for each in (held.soft, held.effective))
        binds = effective is not None and (soft is None or effective < soft)
        caps: tuple[Cap, ...] = (("month", effective),) if binds and effective is not None else ()
        return Limit(Subject("organization", ""), soft, caps=caps)

    def _keys(self) -> Iterator[_Key]:
        def ask(token: str) -> Batch:
            params: Params = {"pageSize": PAGE_ROWS, **({"paginationToken": token} if token else {})}
            told = self._api.get_json(f"/auth/teams/{quote(self._team(), safe='')}/api-keys", params)
            page = self._api.read(_Keys, told, "keys")
            return Batch(page.api_keys, page.pagination_token)

        return understood(self.who, "keys", self._api.follow(ask, "keys"), _Key.model_validate)

    def _find(self, subject: Subject) -> _Key | None:
        with setting_aside():  # what stands beside has to be understood when all are read
            return next((key for key in self._keys() if key.api_key_id == subject.external_id), None)

    def _known(self, subject: Subject) -> _Key:
        found = self._find(subject) if subject.kind == "key" else None
        if found is None:
            raise NotFoundError("{service} knows no key {id}", service=self.who, id=subject.external_id)
        return found

    def _switch(self, subject: Subject, *, disabled: bool) -> None:
        path = f"/auth/api-keys/{quote(self._known(subject).api_key_id, safe='')}"
        self._api.write_json("PUT", path, {"apiKey": {"disabled": disabled}, "fieldMask": "disabled"})

    def _team(self) -> str:
        if not self._known_team:
            told = self._api.read(_Itself, self._api.get_json(KEY_ITSELF), "its own key")
            self._known_team = told.scope_id if told.scope == OF_A_TEAM else told.team_id
        if not self._known_team:
            raise UndeliverableError(
                "{service} does not say which team the key in {name} is of: make a management key of a team, or write "
                "the team's id as account",
                service=self.who,
                name=self._key_name,
            )
        return self._known_team

    def _of_team(self, path: str) -> str:
        return f"/v1/billing/teams/{quote(self._team(), safe='')}{path}"


def _limit_of_key(key: _Key) -> Limit:
    return Limit(Subject("key", key.api_key_id), None, paused=key.disabled, name=key.name or "")


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
