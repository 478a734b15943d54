"""Devin, the agent of Cognition: one enterprise, whose use is counted in ACU (agent compute units).

Facts are from docs.devin.ai, reference of the API v3 and its page of ACU limits, November 2026; nothing was seen live.
A day there begins at midnight in California's winter, 08:00 UTC, all year.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from bot.checks import CheckLine, may_read, may_write, why_not, works
from bot.errors import NotFoundError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Batch, Params, Patience
from bot.providers.base import Limit, Provider, ProviderIdentity, midnight
from bot.providers.payload_fields import Body, Count, Word, nanos
from bot.providers.set_aside import RowError, not_asked_for, setting_aside, understood
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge, CostSource
from storage.limits import Subject

DAILY, LIMITS = "/v3/enterprise/consumption/daily", "/v3/enterprise/consumption/acu-limits/devin"
PEOPLE, ORGANIZATIONS = "/v3/enterprise/members/users", "/v3/enterprise/organizations"
PAGE_ROWS = 200
DAY_BEGINS = timedelta(hours=8)
MOMENT_MAX = 4_102_444_800  # in the year 2100, in seconds
ACUS_MAX = 10**9
NOISE = Decimal("0.000001")
"""What sums of floats may differ by, in ACU."""

# How often it may be asked is not documented.
CALLS_PER_MINUTE = 120

NEEDED = N_("the key of a service user of the enterprise, which begins with cog_")
TO_WRITE = N_("The service user must have ManageBilling.")
PRICE_MISSING = N_("say what an ACU costs you in US dollars, such as credit: 2.25, in app.yaml")

Acus = Annotated[Decimal, Field(ge=0, le=ACUS_MAX)]


class _Page(Body):
    items: list[Any]
    end_cursor: str | None = None
    has_next_page: bool = False


class _User(Body):
    user_id: Word
    email: Word | None = None
    name: Word | None = None


class _Organization(Body):
    org_id: Word
    name: Word | None = None


class _Cap(Body):
    """What an organization may use in a cycle; None if it may use any."""

    org_id: Word | None = None
    cycle_acu_limit: Count | None = None


class _Usage(Body):
    consumption_by_date: list[Any]


class _Day(Body):
    begins: Annotated[Count, Field(le=MOMENT_MAX)] = Field(validation_alias="date")
    acus: Acus
    acus_by_product: dict[Word, Acus] = Field(default_factory=dict)

    @property
    def day(self) -> date:
        """The day by Devin's calendar; it is told as the moment at which it begins."""
        return datetime.fromtimestamp(self.begins, UTC).date()


class Devin(Provider):
    """One enterprise at Devin.

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the key of a service user.
        acu: what an ACU costs in US dollars, None if nobody said.
        key_name: the environment variable that the key stands in.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"charges", "people", "limits", "set_limit"})
    limited = frozenset({"team"})
    complete = True
    cannot = (
        "Devin counts in ACU: what one costs stands in your contract, and in app.yaml as credit.",
        "Devin's limits are whole ACUs of a cycle, which begins on the day of your contract and not on the 1st.",
        "An organization's limit there holds for Devin's sessions, not for what people use at their own desk.",
        "Limits of persons and requests for more that are made within Devin are not seen here.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        acu: Decimal | None,
        key_name: str,
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._acu = acu
        self.step_nanos = nanos(acu) if acu else 1
        self._api = Api("Devin", url, ApiKey(key_name, key, {}, NEEDED), patience, None, calls_per_minute)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each day there, user and product; what no user did, such as service users, is nobody's."""
        cells: dict[tuple[date, str, str], Decimal] = defaultdict(Decimal)
        for day, product, acus in self._used("", first, last):
            cells[day, "", product] += acus
        for user in list(self._users()):
            for day, product, acus in self._used(f"/users/{quote(user.user_id, safe='')}", first, last):
                cells[day, user.user_id, product] += acus
                cells[day, "", product] -= acus
        for (day, user_id, product), acus in sorted(cells.items()):
            if acus > NOISE:
                cost = nanos(acus * self._acu) if self._acu else None
                source: CostSource = "cost_report" if self._acu else "unpriced"
                yield Charge(
                    self.name, midnight(day), 24, product, subject=user_id, cost_nanos=cost, cost_source=source
                )

    def people(self) -> Iterator[ProviderIdentity]:
        """Members of the enterprise, and its organizations."""
        for user in self._users():
            yield ProviderIdentity("user", user.user_id, user.name or "", (user.email or "").casefold())
        for each in self._organizations():
            yield ProviderIdentity("team", each.org_id, each.name or "")

    def limits(self) -> Iterator[Limit]:
        """Each organization's; whose is not understood is left out. Without a price of an ACU, none is told."""
        if not self._acu:
            return
        held, named = self._caps()
        for each in self._organizations():
            if each.org_id in held or each.org_id not in named:
                yield self._limit(each.org_id, held.get(each.org_id), each.name or "")

    def limit(self, subject: Subject) -> Limit | None:
        """One organization's."""
        return next((each for each in self._quietly() if each.subject == subject), None)

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Set what an organization may use in a cycle, in whole ACUs."""
        if not self._acu:
            raise UndeliverableError("{service}: {advice}", service=self.who, advice=t(PRICE_MISSING))
        if self.limit(subject) is None:
            raise NotFoundError("{service} does not know {id}", service=self.who, id=subject.external_id)
        path = f"{LIMITS}/organizations/{quote(subject.external_id, safe='')}"
        self._api.write_json("PUT", path, {"cycle_acu_limit": amount_nanos // self.step_nanos})
        return self.limit(subject) or Limit(subject, None)

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, whether the key reads what we read, and whether it is known what an ACU costs."""
        no = why_not(partial(self._page, ORGANIZATIONS, "", 1))
        yield works(t("{service} answers", service=self.who), no)
        if no:
            return
        today = datetime.now(UTC).date()
        yield may_read(self._key_name, PEOPLE, why_not(partial(self._page, PEOPLE, "", 1)))
        yield may_read(self._key_name, DAILY, why_not(lambda: list(self._used("", today, today))))
        yield may_read(self._key_name, LIMITS, why_not(partial(self._page, LIMITS, "", 1)))
        advice = "" if self._acu else t(PRICE_MISSING)
        yield CheckLine(t("it is known what an ACU costs"), ok=bool(self._acu), advice=advice)
        yield may_write(TO_WRITE)

    def _used(self, whose: str, first: date, last: date) -> Iterator[tuple[date, str, Decimal]]:
        """What was used by day and product; what is of no product stands under none."""
        since, until = (midnight(day) + DAY_BEGINS for day in (first, last + timedelta(days=1)))
        span: Params = {"time_after": int(since.timestamp()), "time_before": int(until.timestamp())}
        what = f"usage of {first}"
        told = self._api.read(_Usage, self._api.get_json(DAILY + whose, span), what)

        def of_a_day(row: Any) -> _Day:
            found = _Day.model_validate(row)
            if not first <= found.day <= last:
                raise RowError(not_asked_for(found.day), "date")
            if sum(found.acus_by_product.values()) > found.acus + NOISE:
                raise RowError(N_("its parts are more than the whole"), "acus_by_product")
            return found

        for each in understood(self.who, what, told.consumption_by_date, of_a_day):
            yield from ((each.day, product, acus) for product, acus in each.acus_by_product.items())
            yield each.day, "", max(each.acus - sum(each.acus_by_product.values()), Decimal(0))

    def _users(self) -> Iterator[_User]:
        return understood(self.who, "people", self._all(PEOPLE, "people"), _User.model_validate)

    def _organizations(self) -> Iterator[_Organization]:
        rows = self._all(ORGANIZATIONS, "organizations")
        return understood(self.who, "organizations", rows, _Organization.model_validate)

    def _caps(self) -> tuple[dict[str, _Cap], set[str]]:
        """The limits of organizations, and of which organizations there is one, be it understood or not."""
        rows = list(self._all(LIMITS, "limits"))
        named = {str(row["org_id"]) for row in rows if isinstance(row, dict) and row.get("org_id")}
        read = understood(self.who, "limits", rows, _Cap.model_validate)
        return {each.org_id: each for each in read if each.org_id}, named

    def _quietly(self) -> list[Limit]:
        with setting_aside():  # what stands beside has to be understood when all are read
            return list(self.limits())

    def _limit(self, org_id: str, held: _Cap | None, name: str) -> Limit:
        cap = held.cycle_acu_limit if held else None
        amount = None if cap is None else cap * self.step_nanos
        return Limit(Subject("team", org_id), amount, name=name)

    def _all(self, path: str, what: str) -> Iterator[Any]:
        def ask(after: str) -> Batch:
            page = self._page(path, after, PAGE_ROWS)
            return Batch(page.items, (page.end_cursor or "") if page.has_next_page else "")

        return self._api.follow(ask, what)

    def _page(self, path: str, after: str, rows: int) -> _Page:
        params: Params = {"first": rows, **({"after": after} if after else {})}
        return self._api.read(_Page, self._api.get_json(path, params), path)
