"""A ChatGPT workspace (Enterprise, Edu, Healthcare), by OpenAI's Programmatic Admin Platform.

The facts are from OpenAI's sample for daily usage limits, which was checked against version 2.5 of the API's document,
and from its help pages. What neither says is marked "not said".
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from bot.checks import CheckLine, may_read, may_write, why_not
from bot.errors import NotFoundError, OutsideError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Patience
from bot.providers.base import Limit, Provider, ProviderIdentity, ProviderSeat, days, kind_of, midnight
from bot.providers.openai.chatgpt_cost_log import KEPT_DAYS, CostLog, UserHour
from bot.providers.openai.chatgpt_currency import PRICE_MISSING, LimitRule, Money, Unit
from bot.providers.openai.costs import UsageCounts
from bot.providers.openai.paging import Listed, rows
from bot.providers.payload_fields import Body, Count, Dollars, Word, nanos
from bot.providers.set_aside import set_aside, understood
from bot.texts import in_words, t
from handlers.language import N_, Words
from storage.charges import Charge
from storage.limits import Subject

USAGE_ROWS_MAX = 10_000
USERS_MAX = 1_000
LIST_ROWS_MAX = 100

# OpenAI says no number. One call a second has been enough for everybody.
CALLS_PER_MINUTE = 60

NEEDED = N_("an admin key of this workspace with the rights that docs/reference/providers.md lists")
NO_MODELS = N_("ChatGPT's report by day knows no models; its log of costs does, if account: names the organization.")
REQUESTS = N_("Answer them in the Admin Console: OpenAI has not published how a program answers them.")


class _Totals(Body):
    """The tokens are disjoint. `estimated_cost_usd` is no cost: it is never looked at."""

    credits: Dollars | None = None
    cost_usd: Dollars | None = None
    uncached_text_input_tokens: Count | None = None
    cached_text_input_tokens: Count | None = None
    text_output_tokens: Count | None = None

    def __add__(self, other: "_Totals") -> "_Totals":
        """Both together; what neither says stays unsaid."""
        said = [{name: value for name, value in each if value is not None} for each in (self, other)]
        return _Totals(**{name: sum(each.get(name, 0) for each in said) for name in {**said[0], **said[1]}})


class _Usage(Body):
    user_id: Word | None = None
    start_time: Count
    totals: _Totals


class _User(Body):
    id: Word
    email: Word | None = None
    name: Word | None = None
    seat_type: Word | None = None


class _Group(Body):
    id: Word
    name: Word | None = None


class _Workspace(Body):
    id: Word


class _Effective(Body):
    limit: LimitRule


class _UserLimit(Body):
    """What a user may use, and the rule of their own, if they have one. `None` is no limit at all."""

    id: Word
    email: Word | None = None
    effective_monthly_usage_limit: _Effective | None


class _Override(Body):
    override_monthly_usage_limit: list[dict[str, Any]] | None


class _Month(Body):
    current_month_usage_unit: Unit


class ChatGPT(Provider):
    """One ChatGPT workspace, read and limited with an admin key of that workspace.

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the admin key.
        account: id of the workspace; with a slash and the id of the organization behind it the log of costs is read.
        credit: what a credit costs in US dollars, None if it is not known or nothing is counted in credits.
        key_name: the environment variable that the key stands in.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most, None for no limit.
        now: the clock; a temporary limit that has ended meanwhile is not restored.
    """

    can = frozenset({"charges", "people", "limits", "set_limit", "pause", "seats"})
    zero_is_cost = True
    limited = frozenset({"user"})
    cannot: tuple[str, ...] = (
        "A limit of a group or workspace at ChatGPT is what each member may use, so a team is limited by its persons'.",
        "Requests for more made inside ChatGPT are answered in its Admin Console, for OpenAI documents no other way.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        account: str,
        credit: Decimal | None = None,
        key_name: str = "CHATGPT_ADMIN_KEY",
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._workspace, _, organization = account.partition("/")
        self._now = now
        self._api = Api("ChatGPT", url, ApiKey(key_name, key, {}, NEEDED), patience, calls_per_minute=calls_per_minute)
        self.who = self._api.who
        self._money = Money(self._api.who, None if credit is None else nanos(credit))
        self.step_nanos = self._money.step_nanos
        self._log = CostLog(self._api, quote(organization, safe=""), self._money) if organization else None
        self.cannot = self.cannot if self._log else (*self.cannot, NO_MODELS)
        ours = quote(self._workspace, safe="")
        self._usage = f"/analytics/workspaces/{ours}/usage"
        self._users = f"/manage/workspaces/{ours}/users"
        self._groups = f"/manage/workspaces/{ours}/groups"
        self._limits = f"/manage/workspaces/{ours}/usage_limits"
        self._own = f"{self._limits}/workspace"

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day and user; from the log of costs one for each hour, user, model and tier."""
        for day in days(first, last):
            yield from self._logged(self._log, day) if self._log else self._reported(day)

    def earliest(self, today: date) -> date:
        """See Provider. Only the log of costs is kept for so many days."""
        return today - timedelta(days=KEPT_DAYS) if self._log else date.min

    def people(self) -> Iterator[ProviderIdentity]:
        """Users, and groups as teams. Service accounts are not listed."""
        for user in self._everybody():
            yield ProviderIdentity("user", user.id, name=user.name or "", email=user.email or "")
        yield from self._teams()

    def seats(self) -> Iterator[ProviderSeat]:
        """Every user has one, of some type. Since when, and when it was last used, is not said."""
        for user in self._everybody():
            if user.seat_type:
                yield ProviderSeat(user.id, f"chatgpt_{user.seat_type}", assigned_on=None, active_on=None)

    def limits(self) -> Iterator[Limit]:
        """What counts for each user: a limit of their own, else that of a group or of the workspace."""
        found = rows(self._api, f"{self._limits}/users", "limits", {"limit": LIST_ROWS_MAX})
        yield from understood(self.who, "limits", found, self._limit_of)

    def limit(self, subject: Subject) -> Limit | None:
        """What counts for one user."""
        try:
            body = self._api.get_json(self._of(subject))
        except NotFoundError:
            return None
        return self._limit(self._api.read(_UserLimit, body, "a limit"))

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Give a user a limit of their own, until it is changed."""
        return self._write(subject, self._money.limited(self._unit(subject), amount_nanos))

    def before(self, subject: Subject) -> str:
        """The user's own limit as it is, null if there is none."""
        body = self._api.read(_Override, self._api.get_json(self._of(subject)), "a limit")
        match body.override_monthly_usage_limit or []:
            case []:
                return json.dumps(None)
            case [rule]:
                kept = self._api.read(LimitRule, rule, "a limit")
                return kept.model_dump_json(exclude_none=True)
            case _:
                raise UndeliverableError(
                    "{service} has several limits for user {id}, which could not be restored",
                    service=self._api.who,
                    id=subject.external_id,
                )

    def pause(self, subject: Subject) -> None:
        """Leave nothing of the month."""
        self.set_limit(subject, 0)

    def resume(self, subject: Subject, before: str) -> None:
        """Write the user's own limit of before. A temporary one that has ended meanwhile is over."""
        rule = None if before == "null" else LimitRule.model_validate_json(before)
        ended = rule and rule.limit_expires_at and rule.limit_expires_at <= self._now()
        if rule is None or ended:
            self._write(subject, None)
            return
        amount = {"limit"} if rule.limit_amount else {"limit_amount"}
        again = rule.model_dump(mode="json", exclude_none=True, exclude={"limit_expires_at", *amount})
        self._write(subject, again | ({"temporary": True} if rule.limit_expires_at else {}))

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, whether what we read can be read, and whether its unit can be counted."""
        for path, probe in self._probes().items():
            no = why_not(probe)
            yield may_read(self._key_name, path, no)
            if no and path == self._own:
                return
        yield may_write("The key needs chatgpt.enterprise.usage_limit.write.")
        yield from self._check_unit()
        yield from self._check_requests()

    def _reported(self, day: date) -> Iterator[Charge]:
        used: dict[str, _Totals] = {}
        for usage in self._used(day):
            user = usage.user_id or ""
            if user and user in used:
                set_aside(self.who, f"usage of {day}", "user_id", "it is a second row of one user")
                continue
            used[user] = used.get(user, _Totals()) + usage.totals
        for user, totals in sorted(used.items(), key=lambda each: each[0]):
            hour = UserHour(midnight(day), user, "", "")
            tokens = UsageCounts(
                totals.uncached_text_input_tokens or 0,
                totals.cached_text_input_tokens or 0,
                output=totals.text_output_tokens or 0,
            )
            yield _charge(self.name, hour, 24, tokens, self._money.cost(totals.cost_usd, totals.credits))

    def _logged(self, log: CostLog, day: date) -> Iterator[Charge]:
        """Of a day whose files may be gone nothing is said: what was heard of it stays."""
        if self._now().date() - day > timedelta(days=KEPT_DAYS):
            return
        for hour, (used, cost) in sorted(log.hours(day).items(), key=lambda each: each[0]):
            yield _charge(self.name, hour, 1, used, cost)

    def _used(self, day: date) -> Iterator[_Usage]:
        window, what = _window(day), f"usage of {day}"
        found = rows(self._api, self._usage, what, {**window, "limit": USAGE_ROWS_MAX})
        for usage in understood(self.who, what, found, _Usage.model_validate):
            if usage.start_time == window["start_time"]:
                yield usage
            else:
                set_aside(self.who, what, "start_time", "it is about another day than was asked for")

    def _everybody(self) -> Iterator[_User]:
        found = rows(self._api, self._users, "users", {"limit": USERS_MAX})
        return understood(self.who, "users", found, _User.model_validate)

    def _teams(self) -> Iterator[ProviderIdentity]:
        found = rows(self._api, self._groups, "groups", {"limit": LIST_ROWS_MAX})
        for group in understood(self.who, "groups", found, _Group.model_validate):
            yield ProviderIdentity("team", group.id, name=group.name or "")

    def _of(self, subject: Subject) -> str:
        if subject.kind != "user":
            raise NotFoundError(
                "{service} limits users only, so no {kind}: {reason}",
                service=self._api.who,
                kind=kind_of(subject),
                reason=Words(self.cannot[0]),
            )
        return f"{self._limits}/users/{quote(subject.external_id, safe='')}"

    def _unit(self, subject: Subject) -> Unit:
        body = self._api.get_json(f"{self._of(subject)}/monthly-usage")
        return self._api.read(_Month, body, "a month's usage").current_month_usage_unit

    def _write(self, subject: Subject, rule: Mapping[str, Any] | None) -> Limit:
        body = self._api.write_json("PATCH", self._of(subject), {"override_monthly_usage_limit": rule})
        return self._limit(self._api.read(_UserLimit, body, "a limit"))

    def _limit_of(self, row: Any) -> Limit:
        user = _UserLimit.model_validate(row)
        return self._limit(user, user.email or "")

    def _limit(self, user: _UserLimit, name: str = "") -> Limit:
        effective = user.effective_monthly_usage_limit
        amount_nanos = None if effective is None else self._money.allowed(effective.limit)
        return Limit(Subject("user", user.id), amount_nanos, paused=amount_nanos == 0, name=name)

    def _probes(self) -> Mapping[str, Callable[[], object]]:
        """A look at each route. Usage is that of today, which is not over yet."""
        return {
            self._own: self._see_workspace,
            self._users: lambda: next(self._everybody(), None),
            self._groups: lambda: next(self._teams(), None),
            f"{self._limits}/users": lambda: next(self.limits(), None),
            **self._report_probe(),
        }

    def _report_probe(self) -> Mapping[str, Callable[[], object]]:
        log, today = self._log, self._now().date()
        if log:
            return {log.path: lambda: next(log.files(today), None)}
        return {self._usage: lambda: next(self._used(today), None)}

    def _see_workspace(self) -> None:
        if self._api.read(_Workspace, self._api.get_json(self._own), "a workspace").id != self._workspace:
            raise UndeliverableError(
                "{service} answered for another workspace than the one under account:", service=self._api.who
            )

    def _check_unit(self) -> Iterator[CheckLine]:
        """The unit is told with a user's usage only, so we look at one user."""
        try:
            first = next(self._everybody(), None)
            unit = self._unit(Subject("user", first.id)) if first else "usd"
        except OutsideError as trouble:
            yield CheckLine(t("its unit"), ok=False, advice=in_words(trouble))
            return
        priced = unit == "usd" or self._money.credit_nanos is not None
        what = t("it counts in US dollars") if unit == "usd" else t("it counts in credits")
        yield CheckLine(what, priced, "" if priced else t(PRICE_MISSING))

    def _check_requests(self) -> Iterator[CheckLine]:
        """Requests for more can be counted, and that is all that we know of them."""
        try:
            waiting = self._api.read(Listed, self._api.get_json(f"{self._limits}/requests"), "requests")
        except OutsideError:
            return
        if waiting.data:
            count = len(waiting.data)
            what = (
                t("{n} or more requests for more in ChatGPT's own list", n=count)
                if waiting.has_more
                else t("{n} requests for more in ChatGPT's own list", n=count)
            )
            yield CheckLine(what, ok=True, advice=t(REQUESTS))


def _window(day: date) -> dict[str, int]:
    start = midnight(day)
    return {"start_time": int(start.timestamp()), "end_time": int((start + timedelta(days=1)).timestamp())}


def _charge(provider: str, hour: UserHour, hours: int, used: UsageCounts, cost_nanos: int | None) -> Charge:
    """OpenAI does not say for how long a cache was written; five minutes is the least it keeps one."""
    return Charge(
        provider=provider,
        bucket_start=hour.start,
        bucket_hours=hours,
        subject=hour.user,
        model=hour.model,
        tier=hour.tier,
        tokens_input=used.input,
        tokens_cache_read=used.cache_read,
        tokens_cache_write_5m=used.cache_write,
        tokens_output=used.output,
        cost_nanos=cost_nanos,
        cost_source="unpriced" if cost_nanos is None else "cost_report",
    )
