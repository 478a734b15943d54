"""GitHub Copilot, as an organization or an enterprise pays for it: in AI credits of a cent each.

All facts here are from GitHub's OpenAPI document and docs of autumn 2026; nothing was seen live.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from pydantic import AliasChoices, BeforeValidator, Field

from bot.checks import CheckLine, may_read, may_write, why_not
from bot.errors import KeyRefusedError, NotFoundError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Page, Patience
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
from bot.providers.github_usage_report import ReportRow, UsageReports
from bot.providers.payload_fields import NANOS, Address, Body, Count, Dollars, WholeDollars, Word, nanos
from bot.providers.set_aside import not_asked_for, set_aside, setting_aside, understood
from bot.texts import t
from handlers import language
from handlers.language import N_
from storage.charges import Charge
from storage.limits import Subject, SubjectKind

ROWS = 100
EVERYBODY = ("multi_user_customer", "")
EACH_OF_CENTER = "multi_user_cost_center"
SKU = "ai_credits"
# It needs no rights and is free of charge; a server of one's own may have it switched off (404).
ANSWERS = "/rate_limit"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2026-03-10"}

# Metrics begin on that day, are kept for a year, and are whole two days after theirs ended.
CREDITS_SINCE = date(2026, 6, 1)
KEPT_DAYS = 730
METRICS_SINCE = date(2025, 10, 10)
METRICS_DAYS = 365
METRICS_LAG = timedelta(days=3)

# In a larger organization nobody is asked about one by one where a file says what all used. Of days without one it is
# this many who are asked about.
ASKED_MAX = 200
CREDIT = Decimal("0.01")

# 5,000 calls an hour are allowed, to be shared with whatever else uses the token's account.
CALLS_PER_MINUTE = 60

NEEDED = N_("a token that may administer the billing and read the Copilot seats, as docs/reference/providers.md says")

Words = Annotated[list[Word], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)]


class _Assignee(Body):
    login: Word
    name: Word | None = None
    email: Word | None = None


class _SeatRow(Body):
    assignee: _Assignee | None = None
    created_at: datetime | None = None
    last_activity_at: datetime | None = None
    plan_type: Word | None = None

    @property
    def login(self) -> str:
        """GitHub does not tell logins apart by capitals, and neither do we. A team that waits for people has none."""
        return self.assignee.login.casefold() if self.assignee else ""

    @property
    def name(self) -> str:
        return (self.assignee and self.assignee.name) or ""

    @property
    def address(self) -> str:
        return (self.assignee and self.assignee.email) or ""

    def active_since(self, day: date) -> bool:
        """Whether GitHub saw any activity on that day or later."""
        return self.last_activity_at is not None and self.last_activity_at.date() >= day


class _Seats(Body):
    rows: list[Any] = Field(validation_alias="seats")
    total: Count | None = Field(None, validation_alias="total_seats")

    def pages_total(self, number: int) -> int:
        """How many pages there are; where that is not said, one that is not full is the last."""
        return number + (len(self.rows) >= ROWS) if self.total is None else -(-self.total // ROWS)


class _BudgetRow(Body):
    """A budget. The documents say one product and show several."""

    id: Word
    scope: Word = Field(validation_alias="budget_scope")
    amount: WholeDollars = Field(validation_alias="budget_amount")
    stops: bool = Field(True, validation_alias="prevent_further_usage")
    products: Words = Field(validation_alias=AliasChoices("budget_product_skus", "budget_product_sku"))
    user: Word | None = None
    entity: Word | None = Field(None, validation_alias="budget_entity_name")

    @property
    def holder(self) -> tuple[str, str]:
        """For whom it is: the scope, and who in it."""
        who = {"user": self.user, EVERYBODY[0]: ""}.get(self.scope, self.entity)
        return self.scope, (who or "").casefold()


class _Budgets(Body):
    rows: list[Any] = Field(validation_alias="budgets")
    more: bool | None = Field(None, validation_alias="has_next_page")

    @property
    def goes_on(self) -> bool:
        """Whether there is another page; where that is not said, one that is not full is the last."""
        return len(self.rows) >= ROWS if self.more is None else self.more


class _Resource(Body):
    """Who or what is in a cost centre."""

    type: Word = ""
    name: Word = ""


class _Center(Body):
    id: Word
    name: Word = ""
    state: Word = "active"
    resources: list[Any] = Field(default_factory=list)


class _Centers(Body):
    rows: list[Any] = Field(validation_alias="costCenters")


class _Item(Body):
    model: Word | None = None
    gross: Dollars = Field(validation_alias="grossAmount")
    net: Dollars | None = Field(None, validation_alias="netAmount")


class _Period(Body):
    """What an answer is about, as far as it says."""

    year: int | None = None
    month: int | None = None
    day: int | None = None


class _Usage(Body):
    period: _Period = Field(_Period(), validation_alias="timePeriod")
    user: Word | None = None
    rows: list[Any] = Field(validation_alias="usageItems")

    def contradicts(self, asked: Mapping[str, int], login: str) -> bool:
        """Whether it is about something else than was asked for; what it leaves out is what was asked for."""
        period = self.period.model_dump(exclude_none=True)
        return any(asked[name] != value for name, value in period.items()) or (
            self.user is not None and self.user.casefold() != login
        )


class _Report(Body):
    links: list[Address] = Field(default_factory=list, validation_alias="download_links")


class _Made(Body):
    """What somebody made of Copilot on a day, in editors that send telemetry."""

    day: date
    user: Word = Field("", validation_alias="user_login")
    lines: Count = Field(0, validation_alias="loc_added_sum")
    accepted: Count = Field(0, validation_alias="code_acceptance_activity_count")
    credits: Dollars = Field(Decimal(0), validation_alias="ai_credits_used")

    @property
    def login(self) -> str:
        return self.user.casefold()

    def counts(self) -> Mapping[str, int]:
        """What came of it."""
        return {"lines_accepted": self.lines, "edits_accepted": self.accepted}


class _Used(NamedTuple):
    """What somebody used. `billed` is what is left of it after included credits, None if GitHub does not say."""

    dollars: Decimal = Decimal(0)
    billed: Decimal | None = Decimal(0)
    tokens_input: int = 0
    tokens_cache_read: int = 0
    tokens_cache_write_5m: int = 0
    tokens_output: int = 0

    def plus(self, row: ReportRow) -> "_Used":
        """With what a row says."""
        tokens = (mine + getattr(row, name) for name, mine in zip(self._fields[2:], self[2:], strict=True))
        return _Used(self.dollars + row.dollars, _sum(self.billed, row.billed), *tokens)

    def less(self, part: "_Used") -> "_Used":
        """What a whole has more than a part; nothing where the part has more, unless the whole is a credit."""
        left = self.dollars - part.dollars
        billed = _sum(self.billed, None if part.billed is None else -part.billed)
        dollars = left if self.dollars < 0 else max(left, Decimal(0))
        return _Used(dollars, billed)


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


class GitHubCopilot(Provider):
    """Copilot of one organization or one enterprise.

    Everybody goes by their login, in lower case. A cost centre, which only enterprises have, goes by its id.

    Args:
        name: its name in app.yaml.
        url: where GitHub's API is.
        key: the token.
        account: the organization's login, or "enterprises/" and the enterprise's name.
        key_name: the environment variable that the token stands in.
        now: the clock; `check` asks for today's usage.
        patience: how long one question may take.
        calls_per_minute: how often GitHub is asked at most.
    """

    can = frozenset({"charges", "people", "limits", "set_limit", "pause", "seats", "outcomes"})
    limited = frozenset[SubjectKind]({"user", "team", "organization"})
    step_nanos = NANOS
    complete = True
    zero_is_cost = True
    cannot = (
        "GitHub says how many tokens Copilot took only in the reports of an enterprise.",
        "Code completions use no credits: they go on when a budget is used up, and during a pause.",
        "A person's budget is of no use once the budget of the cost centre or the organization is used up.",
        "Budgets of cost centres and of the organization count only what comes after the included credits.",
        "GitHub enforces a new budget after seconds to half an hour, so somebody may pass it by a little.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        account: str,
        key_name: str = "GITHUB_COPILOT_KEY",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: Patience = PATIENCE,
        calls_per_minute: int = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._now = now
        self._is_enterprise = account.startswith("enterprises/")
        self._owner = account.removeprefix("enterprises/")
        owner = quote(self._owner, safe="")
        billing = f"/enterprises/{owner}" if self._is_enterprise else f"/organizations/{owner}"
        self._budgets_path = f"{billing}/settings/billing/budgets"
        self._usage_path = f"{billing}/settings/billing/ai_credit/usage"
        self._centers_path = f"{billing}/settings/billing/cost-centers"
        self._seats_path = f"/enterprises/{owner}/copilot/billing/seats"
        if not self._is_enterprise:
            self.limited = frozenset({"user", "organization"})
            self._seats_path = f"/orgs/{owner}/copilot/billing/seats"
        copilot = self._seats_path.removesuffix("/billing/seats")
        self._metrics_path = f"{copilot}/metrics/reports/users-1-day"
        self._api = Api("GitHub", url, ApiKey(key_name, key, {}, NEEDED), patience, HEADERS, calls_per_minute)
        self.who = self._api.who
        reports = f"{billing}/settings/billing/reports"
        self._reports = UsageReports(self._api, reports, patience, now) if self._is_enterprise else None

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day, person and model, worth what it cost before included credits.

        Of an enterprise all of it comes in one file. Otherwise GitHub is asked about one person after the other.
        """
        seats: list[_SeatRow] | None = None
        for day in days(first, last):
            reported = self._reports.of(day) if self._reports else None
            if reported is None:
                seats = list(self._seats()) if seats is None else seats
                cells = self._cells(day, seats)
            else:
                cells = self._added_up(day, reported)
            yield from (_charge(self.name, day, login, model, cells[login, model]) for login, model in sorted(cells))

    def earliest(self, today: date) -> date:
        """See Provider. Before that day there were no AI credits, and GitHub keeps two years."""
        return max(CREDITS_SINCE, today - timedelta(days=KEPT_DAYS))

    def people(self) -> Iterator[ProviderIdentity]:
        """Who has a seat, mostly without an address, and an enterprise's cost centres."""
        for seat in self._seats():
            yield ProviderIdentity("user", seat.login, name=seat.name, email=seat.address)
        for center in self._centers():
            yield ProviderIdentity("team", center.id, name=center.name)

    def seats(self) -> Iterator[ProviderSeat]:
        """Who has a seat. GitHub knows of the last activity some hours later, and forgets it after 90 days."""
        for seat in self._seats():
            made, active = seat.created_at, seat.last_activity_at
            product = f"copilot_{seat.plan_type or 'business'}"
            yield ProviderSeat(seat.login, product, made.date() if made else None, active.date() if active else None)

    def outcomes(self, first: date, last: date) -> Iterator[ProviderOutcome]:
        """What people made of Copilot in their editors, of days that are reported already."""
        today = self._now().date()
        since = max(first, METRICS_SINCE, today - timedelta(days=METRICS_DAYS - 1))
        for day in days(since, min(last, self._reported)):
            for row in self._made(day):
                if not row.login:
                    continue  # of somebody who has no seat any more
                yield from outcomes_of(row.login, day, row.counts())

    def limits(self) -> Iterator[Limit]:
        """Everybody with a seat, every cost centre, and the whole."""
        budgets, centers = self._budgets(), list(self._centers())
        shared = self._shared(budgets, centers)
        for seat in self._seats():
            yield self._limit(Subject("user", seat.login), seat.name, budgets, shared)
        for center in centers:
            yield self._limit(Subject("team", center.id), center.name, budgets)
        yield self._limit(Subject("organization", ""), self._owner, budgets)

    def limit(self, subject: Subject) -> Limit | None:
        """What one may use now."""
        name = self._name(subject)
        if name is None:
            return None
        budgets = self._budgets(subject)
        with setting_aside():
            shared = self._shared(budgets, list(self._centers())) if subject.kind == "user" else {}
        return self._limit(subject, name, budgets, shared)

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Change a budget or make one; either way it then stops whoever has used it up."""
        name = self._known(subject)
        self._write(subject, amount_nanos // NANOS, stops=True)
        return self._limit(subject, name, self._budgets(subject))

    def before(self, subject: Subject) -> str:
        """The budget that is there for this very subject, if there is one."""
        self._known(subject)
        own = self._budgets(subject).get(self._holder(subject))
        return json.dumps({"amount": own.amount, "stops": own.stops} if own else None)

    def pause(self, subject: Subject) -> None:
        """A budget of nothing."""
        self._known(subject)
        self._write(subject, 0, stops=True)

    def resume(self, subject: Subject, before: str) -> None:
        """The budget as it was; if there was none, it goes."""
        state = json.loads(before)
        if state:
            self._write(subject, state["amount"], stops=state["stops"])
            return
        own = self._budgets(subject).get(self._holder(subject))
        if own:
            self._api.write_json("DELETE", f"{self._budgets_path}/{own.id}")

    def probe(self) -> Iterator[CheckLine]:
        """Whether GitHub answers, and whether the token may read all that we read."""
        probes: dict[str, Callable[[], object]] = {
            self._seats_path: lambda: self._api.get_json(self._seats_path, {"per_page": 1}),
            self._budgets_path: lambda: self._api.get_json(self._budgets_path, {"per_page": 1}),
            self._usage_path: lambda: self._usage(self._now().date()),
            self._metrics_path: lambda: self._api.get_json(self._metrics_path, {"day": self._reported.isoformat()}),
        }
        if self._is_enterprise:
            probes[self._centers_path] = lambda: self._api.get_json(self._centers_path)
        with suppress(NotFoundError):
            self._api.get_json(ANSWERS)
        yield CheckLine(t("{service} answers", service=self.who), ok=True)
        for path, ask in probes.items():
            yield may_read(self._key_name, path, why_not(ask))
        yield may_write("The token needs Administration (read and write), or manage_billing:enterprise.")

    def _made(self, day: date) -> Iterator[_Made]:
        """The rows of a day. They lie in files at addresses that are told; of a quiet day there may be none."""
        what = f"metrics of {day}"
        body = self._api.get_json(self._metrics_path, {"day": day.isoformat()})
        report = self._api.read(_Report, body or {}, what)
        for address in report.links:
            for row in understood(self.who, what, self._api.lines_at(address, what), _Made.model_validate):
                if row.day == day:
                    yield row
                else:
                    set_aside(self.who, what, "day", not_asked_for(row.day))

    def _added_up(self, day: date, rows: Iterable[ReportRow]) -> dict[tuple[str, str], _Used]:
        """The cells of a file; its rows are apart by repository, too."""
        cells: dict[tuple[str, str], _Used] = defaultdict(_Used)
        for row in rows:
            if row.day == day:
                cells[row.login, row.plain_model] = cells[row.login, row.plain_model].plus(row)
            else:
                set_aside(
                    self.who,
                    f"AI usage of {day}",
                    "date",
                    not_asked_for(row.day),
                )
        return cells

    def _cells(self, day: date, seats: list[_SeatRow]) -> dict[tuple[str, str], _Used]:
        """GitHub gives one person at a time, so we ask until nothing is left of the whole: first who was active since.

        What is left then is nobody's. A large organization is read from its metrics, which know no models.
        """
        rest = self._usage(day)
        cells: dict[tuple[str, str], _Used] = {}
        if len(seats) > ASKED_MAX and (used := self._used_by(day)):
            left = sum((each.dollars for each in rest.values()), Decimal(0)) - sum(used.values(), Decimal(0))
            return {(login, ""): _Used(dollars, None) for login, dollars in used.items()} | (
                {("", ""): _Used(left, None)} if nanos(left) > 0 else {}
            )
        for seat in sorted(seats, key=lambda seat: not seat.active_since(day))[:ASKED_MAX]:
            if not any(nanos(each.dollars) for each in rest.values()):
                break
            for model, used_there in self._usage(day, seat.login).items():
                cells[seat.login, model] = used_there
                rest[model] = rest[model].less(used_there)
        return cells | {("", model): left for model, left in rest.items() if nanos(left.dollars)}

    def _used_by(self, day: date) -> dict[str, Decimal]:
        """Dollars by person, of a day whose metrics are there; nothing if they are not, or may not be read."""
        dollars: dict[str, Decimal] = defaultdict(Decimal)
        if METRICS_SINCE <= day <= self._reported:
            with suppress(KeyRefusedError, NotFoundError):
                for row in self._made(day):
                    dollars[row.login] += row.credits * CREDIT
        return {login: used for login, used in dollars.items() if nanos(used)}

    def _usage(self, day: date, login: str = "") -> dict[str, _Used]:
        """Dollars by model, of one person or of all. An answer about anything else is refused."""
        asked = {"year": day.year, "month": day.month, "day": day.day}
        what = f"usage of {day}"
        body = self._api.get_json(self._usage_path, {**asked, **({"user": login} if login else {})})
        usage = self._api.read(_Usage, body, what)
        if usage.contradicts(asked, login):
            raise UndeliverableError(
                "{service} was asked for {what} and answered for another day or person",
                service=self._api.who,
                what=what,
            )
        found: dict[str, _Used] = defaultdict(_Used)
        for item in understood(self.who, what, usage.rows, _Item.model_validate):
            before = found[item.model or ""]
            found[item.model or ""] = _Used(before.dollars + item.gross, _sum(before.billed, item.net))
        return found

    def _shared(
        self, budgets: Mapping[tuple[str, str], _BudgetRow], centers: Iterable[_Center]
    ) -> Mapping[str, _BudgetRow]:
        """The budget that each person of a cost centre has, by login."""
        found: dict[str, _BudgetRow] = {}
        for center in centers:
            budget = budgets.get((EACH_OF_CENTER, center.id.casefold()))
            budget = budget or budgets.get((EACH_OF_CENTER, center.name.casefold()))
            if budget:
                members = understood(self.who, "a cost centre", center.resources, _Resource.model_validate)
                found |= {each.name.casefold(): budget for each in members if each.type == "User"}
        return found

    def _limit(
        self,
        subject: Subject,
        name: str,
        budgets: Mapping[tuple[str, str], _BudgetRow],
        shared: Mapping[str, _BudgetRow] = MappingProxyType({}),
    ) -> Limit:
        """A person's own budget goes before that of each in a cost centre, and that before everybody's.

        What does not stop anybody is no limit.
        """
        held = budgets.get(self._holder(subject))
        if held is None and subject.kind == "user":
            held = shared.get(subject.external_id) or budgets.get(EVERYBODY)
        if held is None or not held.stops:
            return Limit(subject, None, name=name)
        return Limit(subject, held.amount * NANOS, paused=held.amount == 0, name=name)

    def _holder(self, subject: Subject) -> tuple[str, str]:
        whole = "enterprise" if self._is_enterprise else "organization"
        scope = {"user": "user", "team": "cost_center"}.get(subject.kind, whole)
        return scope, (subject.external_id or self._owner).casefold()

    def _write(self, subject: Subject, dollars: int, *, stops: bool) -> None:
        own = self._budgets(subject).get(self._holder(subject))
        terms = {"budget_amount": dollars, "prevent_further_usage": stops}
        if own:
            self._api.write_json("PATCH", f"{self._budgets_path}/{own.id}", terms)
            return
        is_user = subject.kind == "user"
        new = {
            **terms,
            "budget_scope": self._holder(subject)[0],
            "budget_entity_name": "" if is_user else subject.external_id or self._owner,
            "budget_type": "BundlePricing",
            "budget_product_sku": SKU,
            "budget_alerting": {"will_alert": False, "alert_recipients": []},
        }
        self._api.write_json("POST", self._budgets_path, new | ({"user": subject.external_id} if is_user else {}))

    @property
    def _reported(self) -> date:
        """The last day whose metrics must be there."""
        return self._now().date() - METRICS_LAG

    def _known(self, subject: Subject) -> str:
        name = self._name(subject)
        if name is None:
            what = language.Words("seat") if subject.kind == "user" else language.Words("cost centre")
            raise UndeliverableError(
                "{service} has no Copilot {what} {id} in {owner}",
                service=self._api.who,
                what=what,
                id=subject.external_id,
                owner=self._owner,
            )
        return name

    def _name(self, subject: Subject) -> str | None:
        """What somebody is called there, None if they are not there."""
        with setting_aside():  # whoever stands beside has to be understood when all are read
            match subject.kind:
                case "user":
                    return next((seat.name for seat in self._seats() if seat.login == subject.external_id), None)
                case "team":
                    return next((each.name for each in self._centers() if each.id == subject.external_id), None)
                case "organization":
                    return self._owner
                case "key" | "member":
                    return None

    def _seats(self) -> Iterator[_SeatRow]:
        """Everybody once; in an enterprise somebody may have a seat from several organizations."""
        seen = set[str]()

        def ask(number: int) -> Page:
            body = self._api.get_json(self._seats_path, {"page": number, "per_page": ROWS})
            page = self._api.read(_Seats, body, "seats")
            return Page(page.rows, page.pages_total(number))

        for seat in understood(self.who, "seats", self._api.pages(ask, "seats"), _SeatRow.model_validate):
            if seat.login and seat.login not in seen:
                seen.add(seat.login)
                yield seat

    def _budgets(self, subject: Subject | None = None) -> Mapping[tuple[str, str], _BudgetRow]:
        """Budgets of AI credits by whom they are for, at least those that hold for a subject.

        Other products are none of our business.
        """
        only = {"user": subject.external_id} if subject and subject.kind == "user" else {}

        def ask(number: int) -> Page:
            body = self._api.get_json(self._budgets_path, {**only, "page": number, "per_page": ROWS})
            page = self._api.read(_Budgets, body, "budgets")
            return Page(page.rows, number + page.goes_on)

        rows = understood(self.who, "budgets", self._api.pages(ask, "budgets"), _BudgetRow.model_validate)
        with setting_aside() if subject else nullcontext():
            return {budget.holder: budget for budget in rows if SKU in budget.products}

    def _centers(self) -> Iterator[_Center]:
        """Only enterprises have cost centres."""
        if self._is_enterprise:
            page = self._api.read(_Centers, self._api.get_json(self._centers_path), "cost centres")
            centers = understood(self.who, "cost centres", page.rows, _Center.model_validate)
            yield from (center for center in centers if center.state == "active")


def _charge(provider: str, day: date, login: str, model: str, used: _Used) -> Charge:
    billed = None if used.billed in (None, used.dollars) else used.billed
    return Charge(
        provider=provider,
        bucket_start=midnight(day),
        bucket_hours=24,
        subject=login,
        model=model,
        tokens_input=used.tokens_input,
        tokens_cache_read=used.tokens_cache_read,
        tokens_cache_write_5m=used.tokens_cache_write_5m,
        tokens_output=used.tokens_output,
        cost_nanos=nanos(used.dollars),
        billed_nanos=None if billed is None else nanos(billed),
    )
