"""Alibaba Cloud's Model Studio (Bailian): Qwen and other models by API key, billed by key and day.

Facts are from the SDK alibabacloud-modelstudio20260210 2.2.3 and Alibaba Cloud's documents of November 2026; nothing
was seen live.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AliasPath, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bot.checks import CheckLine, may_read, why_not, works
from bot.errors import KeyRefusedError, NotFoundError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Batch, Params, Patience, Refusal
from bot.providers.base import Limit, Provider, ProviderIdentity, ProviderSeat, midnight
from bot.providers.beijing import days_there, today
from bot.providers.payload_fields import Body, Count, Currency, Dollars, Word, nanos
from bot.providers.set_aside import not_asked_for, set_aside, setting_aside, understood
from bot.providers.signatures import alibaba
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge
from storage.limits import Subject

VERSION = "2026-02-10"
KEYS, TREND, WORKSPACES = "/modelstudio/apikeys", "/modelstudio/billing/trend", "/modelstudio/workspaces"
SEATS = "/tokenplan/subscription/seat-detail"
PAGE_ROWS = 100
SEAT = "alibaba_token_plan"

GROUPS_MAX = 20
"""A question tells so many groups at most, and what the others cost together."""

REST = frozenset({"DIMENSION_GROUP_OTHERS_VALUE", "DIMENSION_FILTER_NULL_VALUE"})
BY_KEY, BY_MODEL, BY_FEE = "API_KEY_ID", "BASE_MODEL", "FEE_TYPE"

CALLS_PER_MINUTE = 300
REFUSED, NOT_FOUND = 400, 404

NEEDED = N_("the AccessKey secret of a RAM user who may use Model Studio, with its AccessKey ID as account")
REFUSALS = {
    "SignatureDoesNotMatch": N_("the secret does not belong to the AccessKey ID that stands in account"),
    "InvalidAccessKeyId.NotFound": N_("it does not know this key"),
}

# What a word for a refusal amounts to, by how it begins.
STATUSES: Mapping[str, int] = {
    "Throttling": 429,
    "ServiceUnavailable": 503,
    "InternalError": 500,
    "SignatureDoesNotMatch": 401,
    "IncompleteSignature": 401,
    "InvalidAccessKeyId": 401,
    "InvalidTimeStamp": 401,
    "NoPermission": 403,
    "Forbidden": 403,
    "Unauthorized": 403,
}

# An id is a number in a list and text in a bill.
KeyId = Annotated[Word, BeforeValidator(lambda said: str(said) if isinstance(said, int) else said)]


class _Camel(Body):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class _Key(_Camel):
    """An API key. What it looks like stands in the answer, too, and is not read."""

    api_key_id: KeyId
    description: Word | None = None
    created_by: KeyId | None = None
    workspace_id: Word | None = None
    workspace_name: Word | None = None
    disabled: bool = False


class _Keys(_Camel):
    api_keys: list[Any]
    next_token: Word | None = None


class _Group(_Camel):
    """What a group cost on a day, before taxes."""

    key: KeyId
    pretax_amount: Dollars


class _Sum(_Camel):
    currency: Currency = "CNY"
    pretax_amount: Dollars = Decimal(0)


class _Day(_Camel):
    period: Word
    total: _Sum = _Sum()
    period_details: list[Any] = Field(default_factory=list)


class _Trend(Body):
    days: Annotated[list[Any], Field(validation_alias=AliasPath("data", "resultByTime"))]


class _Seat(Body):
    AccountId: KeyId
    AccountEmail: Word | None = None
    SpecType: Word | None = None
    EquityList: list[Any] = Field(default_factory=list)


class _Equity(Body):
    CycleTotalValue: Dollars
    CycleSurplusValue: Dollars


class _Seats(Body):
    Items: list[Any]
    Total: Count = 0


class Alibaba(Provider):
    """The API keys of one account in one region.

    Args:
        name: its name in app.yaml.
        url: where it is; the region stands in it.
        key: the AccessKey secret.
        account: the AccessKey ID.
        key_name: the environment variable that the key stands in.
        now: the clock; requests are signed with it.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"charges", "people", "limits", "pause", "seats"})
    zero_is_cost = True
    cannot = (
        "Alibaba has no money limit for a key: Bursar tells, and pauses the key.",
        "Alibaba's bill is hours to a day late, so a budget that is used up is seen late: set its warning lower.",
        "Alibaba's bill has money by key and model, and no tokens.",
        "Alibaba knows API keys and no people: link each key to whoever uses it.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        account: str,
        key_name: str,
        now: Callable[[], datetime],
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._now = now
        opens = ApiKey(key_name, key, REFUSALS, NEEDED, sign_all=alibaba(account, VERSION, now))
        headers = {"accept": "application/json"}
        self._api = Api("Alibaba Cloud", url, opens, patience, headers, calls_per_minute, _refusal)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each day, key and model, before taxes; what the bill gives to no key is nobody's.

        Plans that are bought in advance are no use of a day and are left out.
        """
        known = [key.api_key_id for key in self._keys()]
        for day in days_there(first, last, self._now()):
            yield from self._charges(day, known)

    def people(self) -> Iterator[ProviderIdentity]:
        """The API keys by their id, and workspaces."""
        workspaces: dict[str, str] = {}
        for key in self._keys():
            yield ProviderIdentity("key", key.api_key_id, name=key.description or "")
            if key.workspace_id:
                workspaces.setdefault(key.workspace_id, key.workspace_name or "")
        for seat in self._seats():
            yield ProviderIdentity("user", seat.AccountId, email=seat.AccountEmail or "")
        yield from (ProviderIdentity("team", each, name=name) for each, name in sorted(workspaces.items()))

    def limits(self) -> Iterator[Limit]:
        """Which keys there are, and which are switched off; none has a limit."""
        return map(_limit, self._keys())

    def limit(self, subject: Subject) -> Limit | None:
        """Whether one key is switched off."""
        found = self._find(subject)
        return _limit(found) if found else None

    def before(self, subject: Subject) -> str:
        """Whether a key was switched off before."""
        return json.dumps({"disabled": self._known(subject).disabled})

    def pause(self, subject: Subject) -> None:
        """Switch a key off, at once."""
        self._known(subject)
        self._order("DisableApiKey", f"{KEYS}/{quote(subject.external_id, safe='')}/disable")

    def resume(self, subject: Subject, before: str) -> None:
        """Switch a key on if it was on."""
        self._known(subject)
        if not json.loads(before)["disabled"]:
            self._order("EnableApiKey", f"{KEYS}/{quote(subject.external_id, safe='')}/enable")

    def seats(self) -> Iterator[ProviderSeat]:
        """Seats of a team's plan: one of whose cycle nothing was used is idle, and it is not said since when."""
        for seat in self._seats():
            equities = list(understood(self.who, "seats", seat.EquityList, _Equity.model_validate))
            is_used = any(each.CycleSurplusValue < each.CycleTotalValue for each in equities)
            product = f"{SEAT}_{seat.SpecType}".lower() if seat.SpecType else SEAT
            active_on = today(self._now()) if is_used else None
            yield ProviderSeat(seat.AccountId, product, None, active_on, use_known=bool(equities))

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, and whether keys and the bill may be read. Nothing tells whether keys may be written."""
        no = why_not(partial(self._ask, "ListApiKeys", KEYS, {"maxResults": 1}))
        yield works(t("{service} answers", service=self.who), no)
        if no:
            return
        yesterday = today(self._now()) - timedelta(days=1)
        yield may_read(self._key_name, TREND, why_not(partial(self._trend, yesterday, BY_KEY)))
        yield CheckLine(t("whether keys may be switched off shows at the first pause"), ok=True)

    def _charges(self, day: date, known: Sequence[str]) -> Iterator[Charge]:
        whole, by_key = self._trend(day, BY_KEY)
        costs = {group.key: group.pretax_amount for group in by_key if group.key not in REST}
        unseen = [key for key in known if key not in costs] if len(by_key) >= GROUPS_MAX else []
        for start in range(0, len(unseen), GROUPS_MAX):
            _, some = self._trend(day, BY_KEY, {BY_KEY: unseen[start : start + GROUPS_MAX]})
            costs |= {group.key: group.pretax_amount for group in some if group.key not in REST}
        for key, cost in sorted(costs.items()):
            yield from self._of_key(day, key, cost, whole.currency)
        rest = whole.pretax_amount - sum(costs.values(), Decimal(0))
        if nanos(rest):
            yield _charge(self.name, day, "", "", rest, whole.currency)

    def _of_key(self, day: date, key: str, cost: Decimal, currency: str) -> Iterator[Charge]:
        """What a key cost by model; what is of no model that is named stands without."""
        _, by_model = self._trend(day, BY_MODEL, {BY_KEY: [key]})
        models = {group.key: group.pretax_amount for group in by_model if group.key not in REST}
        for model, amount in sorted(models.items()):
            yield _charge(self.name, day, key, model, amount, currency)
        rest = cost - sum(models.values(), Decimal(0))
        if nanos(rest):
            yield _charge(self.name, day, key, "", rest, currency)

    def _trend(self, day: date, by: str, only: Mapping[str, Sequence[str]] | None = None) -> tuple[_Sum, list[_Group]]:
        """What a day cost, and by one dimension. Lists stand in the question as JSON."""
        wanted = {BY_FEE: ["billing"], **(only or {})}
        dimensions = [{"code": code, "values": list(values), "selectType": "IN"} for code, values in wanted.items()]
        params: Params = {
            "granularity": "DAY",
            "timePeriod": _written({"start": f"{day}", "end": f"{day}"}),
            "groupBy": _written([{"code": by}]),
            "filter": _written({"dimensions": dimensions}),
            "topNum": GROUPS_MAX,
        }
        answer = self._api.read(_Trend, self._ask("GetBillingTrend", TREND, params), "the bill")
        what = f"bill of {day}"
        for one in understood(self.who, what, answer.days, _Day.model_validate):
            if one.period.replace("-", "") == f"{day:%Y%m%d}":
                return one.total, list(understood(self.who, what, one.period_details, _Group.model_validate))
            set_aside(self.who, what, "period", not_asked_for(one.period))
        return _Sum(), []

    def _keys(self) -> Iterator[_Key]:
        def ask(token: str) -> Batch:
            params: Params = {"maxResults": PAGE_ROWS, **({"nextToken": token} if token else {})}
            page = self._api.read(_Keys, self._ask("ListApiKeys", KEYS, params), "keys")
            return Batch(page.api_keys, page.next_token or "")

        return understood(self.who, "keys", self._api.follow(ask, "keys"), _Key.model_validate)

    def _seats(self) -> Iterator[_Seat]:
        """The seats that somebody has. Without a plan, or the right to read it, there are none."""
        try:
            rows = list(self._seat_rows())
        except (KeyRefusedError, NotFoundError):
            return iter(())
        return understood(self.who, "seats", rows, _Seat.model_validate)

    def _seat_rows(self) -> Iterator[Any]:
        number, seen = 1, 0
        while True:
            params: Params = {"PageNo": number, "PageSize": PAGE_ROWS, "QueryAssigned": "true"}
            page = self._api.read(_Seats, self._ask("GetSubscriptionSeatDetails", SEATS, params), "seats")
            yield from page.Items
            number, seen = number + 1, seen + len(page.Items)
            if not page.Items or seen >= page.Total:
                return

    def _find(self, subject: Subject) -> _Key | None:
        if subject.kind != "key":
            return None
        answer = self._ask("ListApiKeys", KEYS, {"apiKeyId": subject.external_id, "maxResults": 1})
        with setting_aside():
            rows = self._api.read(_Keys, answer, "a key").api_keys
            found = list(understood(self.who, "a key", rows, _Key.model_validate))
        return next((key for key in found if key.api_key_id == subject.external_id), None)

    def _known(self, subject: Subject) -> _Key:
        found = self._find(subject)
        if found is None:
            raise NotFoundError("{service} knows no key {id}", service=self.who, id=subject.external_id)
        return found

    def _ask(self, action: str, path: str, params: Params) -> Any:
        return self._api.get_json(path, params, {"x-acs-action": action})

    def _order(self, action: str, path: str) -> None:
        said = self._api.write_json("PUT", path, None, {"x-acs-action": action})
        if isinstance(said, dict) and said.get("success") is False:
            raise UndeliverableError("{service} refused {action}", service=self.who, action=action)


def _written(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _limit(key: _Key) -> Limit:
    return Limit(Subject("key", key.api_key_id), None, paused=key.disabled, name=key.description or "", currency="CNY")


def _charge(name: str, day: date, key: str, model: str, amount: Decimal, currency: str) -> Charge:
    return Charge(
        name,
        midnight(day),
        24,
        model,
        resource=key,
        cost_nanos=nanos(amount),
        currency=currency,
        cost_source="invoice",
    )


def _refusal(said: Any) -> Refusal | None:
    """A refusal has a word and a message, in one of two spellings; an answer may have both, too, and is well."""
    match said:
        case {"code": str(code), "success": False, **more}:
            message = more.get("message", "")
        case {"Code": str(code), "Message": str(message)}:
            pass
        case _:
            return None
    return Refusal.of_code(code, message, STATUSES, NOT_FOUND if code.endswith("NotFound") else REFUSED)
