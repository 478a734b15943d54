"""Tencent Cloud's TokenHub: models of Hunyuan, DeepSeek and others by API key, with a quota in tokens for each key.

Facts are from the SDK tencentcloud-sdk-python-tokenhub 3.1.177 (version 2026-03-22 of the API) and Tencent Cloud's
documents of November 2026; nothing was seen live.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Literal

from bot.checks import CheckLine, may_read, why_not, works
from bot.errors import KeyRefusedError, NotFoundError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Batch, Patience, Refusal
from bot.providers.base import Limit, Provider, ProviderIdentity, midnight
from bot.providers.beijing import begins, days_there, next_month, today
from bot.providers.payload_fields import Body, Count, Word
from bot.providers.set_aside import RowError, reason, set_aside, setting_aside, understood
from bot.providers.signatures import tencent
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge
from storage.limits import Cap, Subject, Window

VERSION, PLATFORM = "2026-03-22", "maas"
KEYS, USAGE, QUOTAS, STATUS = "DescribeApiKeyList", "DescribeUsageRankList", "ModifyApiKeyInfo", "ModifyApiKeyStatus"
PAGE_ROWS = 100
TOKENS_MAX = 10**13
NOTHING, ENDED = 1, 4
"""The least quota that there is, and the status of one that was taken off."""

# Twenty calls a second for an action, a region and a sub-account are documented.
CALLS_PER_MINUTE = 600

WINDOWS: Mapping[str, Window] = {"d": "day", "m": "month", "lifetime": "total"}
MONTHLY = "m"
NOBODY = "bursar-looks-whether-it-may"

NEEDED = N_("the key of a sub-user who may use TokenHub (QcloudTokenHubFullAccess), with its SecretId as account")

REFUSALS = {"AuthFailure.SignatureFailure": N_("the secret does not belong to the SecretId that stands in account")}

# What a word for a refusal amounts to, by how it begins. Refusals come with status 200.
STATUSES: Mapping[str, int] = {
    "AuthFailure": 401,
    "UnauthorizedOperation": 403,
    "ResourceNotFound": 404,
    "RequestLimitExceeded": 429,
    "InternalError": 500,
    "ServiceUnavailable": 503,
}


class _Answer(Body):
    Response: dict[str, Any]


class _Keys(Body):
    ApiKeySet: list[Any]
    TotalCount: Count


class _Ranking(Body):
    TopList: list[Any]


class _Quota(Body):
    """What a key may use in a cycle, in tokens; figures come as text. One that was taken off stays listed as ended."""

    Status: Count | None = None
    CycleUnit: Word
    CycleCredits: Count
    CycleUsed: Count = 0
    StartTime: Word | None = None

    @property
    def is_standing(self) -> bool:
        """Whether it still holds; a used-up one does."""
        return self.Status != ENDED

    @property
    def start_day(self) -> int:
        """On which day of the month it begins. To change it would let what was used start from nothing."""
        try:
            return datetime.fromisoformat(self.StartTime or "").day
        except ValueError:
            return 1


class _Key(Body):
    """An API key. What the answer has of the key itself is not read."""

    ApiKeyId: Word
    Name: Word | None = None
    Remark: Word | None = None
    Status: Literal["enable", "disable"]
    QuotaSet: list[Any] | None = None


class _Stats(Body):
    """What was used. Input has what was read from a cache."""

    InputTotalToken: Count = 0
    OutputTotalToken: Count = 0
    CacheTotalToken: Count = 0
    RequestCount: Count = 0
    RequestFailCount: Count = 0


class _Total(Body):
    TotalToken: Count


class _ByKey(Body):
    Key: Word
    Stats: _Total | None = None


class _ByModel(Body):
    Key: Word
    Stats: _Stats


class Tencent(Provider):
    """One account at Tencent Cloud.

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the SecretKey.
        account: the SecretId.
        key_name: the environment variable that the key stands in.
        now: the clock; requests are signed with it.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"charges", "people", "limits", "set_limit", "pause"})
    limited = frozenset({"key"})
    cannot = (
        "Tencent counts a key's quota in tokens: a budget in money is written as tokens at the recent average price.",
        "Tencent reports tokens, and money only with the bill: they are priced with your prices or the price list.",
        "Tencent knows API keys and no people: link each key to whoever uses it.",
        "A key's cycles of a day or a lifetime, set at Tencent, stay as they are and bind as well.",
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
        opens = ApiKey(key_name, key, REFUSALS, NEEDED, sign_all=tencent(account, "tokenhub", now))
        self._api = Api("Tencent Cloud", url, opens, patience, None, calls_per_minute, _refusal)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each day, key and model; keys that are gone still have theirs. Nothing is priced here."""
        for day in days_there(first, last, self._now()):
            for key_id in self._used(day):
                what = {"Dimension": "model", "MetricType": "apikey_usage", "Anchor": key_id}
                answer = self._ranking(day, what)
                rows = list(understood(self.who, f"usage of {day} by model", answer.TopList, _by_model))
                if not answer.TopList:
                    why = reason(N_("it names no model that was used"))
                    set_aside(self.who, f"usage of {day} by model", "TopList", why)
                yield from (_charge(self.name, day, key_id, row.Key, row.Stats) for row in rows)

    def people(self) -> Iterator[ProviderIdentity]:
        """The API keys, by their id. What is noted at a key stands beside its name."""
        for key in self._keys():
            yield ProviderIdentity("key", key.ApiKeyId, name=_title(key))

    def limits(self) -> Iterator[Limit]:
        """Each key's quota of the month, in tokens."""
        for key in self._keys():
            yield self._limit(key)

    def limit(self, subject: Subject) -> Limit | None:
        """One key's quota."""
        found = self._find(subject)
        return self._limit(found) if found else None

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Set a key's quota of the month, in tokens; other cycles are said again, for the list replaces all.

        A quota of nothing cannot be had: a key that may use nothing is allowed one token.
        """
        held = self._known(subject)
        quotas = _quotas(self.who, held)
        kept = [_said(each, str(each.CycleCredits)) for each in quotas if each.CycleUnit != MONTHLY]
        month = next((each for each in quotas if each.CycleUnit == MONTHLY), None)
        amount = str(min(max(amount_nanos, NOTHING), TOKENS_MAX))
        ours = {"CycleUnit": MONTHLY, "CycleCredits": amount, "MonthStartDay": month.start_day if month else 1}
        self._order(QUOTAS, {"ApiKeyId": subject.external_id, "Platform": PLATFORM, "QuotasDesired": [*kept, ours]})
        return self._limit(self._known(subject))

    def before(self, subject: Subject) -> str:
        """Whether a key is switched on."""
        return json.dumps({"status": self._known(subject).Status})

    def pause(self, subject: Subject) -> None:
        """Switch a key off, at once."""
        self._switch(subject, "disable")

    def resume(self, subject: Subject, before: str) -> None:
        """Switch a key on if it was on."""
        self._switch(subject, json.loads(before)["status"])

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, and whether keys and usage may be read and keys written: asked of a key that is not."""
        no = why_not(partial(self._ask, KEYS, {"Platform": PLATFORM, "Limit": 1}))
        yield works(t("{service} answers", service=self.who), no)
        if no:
            return
        yesterday = today(self._now()) - timedelta(days=1)
        used = why_not(partial(lambda day: list(self._used(day)), yesterday))
        yield may_read(self._key_name, USAGE, used)
        order = {"ApiKeyId": NOBODY, "Platform": PLATFORM, "Status": "enable"}
        refused = why_not(partial(self._order, STATUS, order))
        may_not = refused if isinstance(refused, KeyRefusedError) else None
        yield works(t("{name} may write limits", name=self._key_name), may_not)

    def _used(self, day: date) -> list[str]:
        answer = self._ranking(day, {"Dimension": "apikey", "MetricType": "tokens"})
        ranked = understood(self.who, f"usage of {day} by key", answer.TopList, _ByKey.model_validate)
        return [row.Key for row in ranked if row.Stats is None or row.Stats.TotalToken]

    def _ranking(self, day: date, what: Mapping[str, str]) -> _Ranking:
        span = {"StartTime": _written(begins(day)), "EndTime": _written(begins(day + timedelta(days=1)))}
        return self._api.read(_Ranking, self._ask(USAGE, {**what, **span, "ShowAll": True}), "usage")

    def _keys(self) -> Iterator[_Key]:
        def ask(offset: str) -> Batch:
            at = int(offset or 0)
            page = self._api.read(
                _Keys, self._ask(KEYS, {"Platform": PLATFORM, "Limit": PAGE_ROWS, "Offset": at}), "keys"
            )
            behind = at + len(page.ApiKeySet)
            return Batch(page.ApiKeySet, str(behind) if page.ApiKeySet and behind < page.TotalCount else "")

        return understood(self.who, "keys", self._api.follow(ask, "keys"), _Key.model_validate)

    def _find(self, subject: Subject) -> _Key | None:
        only = [{"Name": "apikeyId", "Op": "EXACT", "Values": [subject.external_id]}]
        page = self._api.read(_Keys, self._ask(KEYS, {"Platform": PLATFORM, "Filters": only}), "a key")
        with setting_aside():
            found = list(understood(self.who, "a key", page.ApiKeySet, _Key.model_validate))
        return next((key for key in found if key.ApiKeyId == subject.external_id), None)

    def _known(self, subject: Subject) -> _Key:
        found = self._find(subject)
        if found is None:
            raise NotFoundError("{service} knows no key {id}", service=self.who, id=subject.external_id)
        return found

    def _limit(self, key: _Key) -> Limit:
        """A key's limits. What is set for a day or for life binds beside what we set."""
        quotas = _quotas(self.who, key)
        month = next((each for each in quotas if each.CycleUnit == MONTHLY), None)
        further: tuple[Cap, ...] = tuple(
            (WINDOWS[each.CycleUnit], each.CycleCredits) for each in quotas if each.CycleUnit != MONTHLY
        )
        return Limit(
            Subject("key", key.ApiKeyId),
            (0 if month.CycleCredits <= NOTHING else month.CycleCredits) if month else None,
            paused=key.Status == "disable",
            name=_title(key),
            currency="tokens",
            resets_at=next_month(self._now(), month.start_day) if month else None,
            spent_nanos=month.CycleUsed if month else None,
            caps=further,
            refusing=any(each.CycleUsed >= each.CycleCredits for each in quotas),
        )

    def _switch(self, subject: Subject, status: str) -> None:
        if subject.kind != "key":
            raise UndeliverableError("{service} can only pause keys", service=self.who)
        self._order(STATUS, {"ApiKeyId": subject.external_id, "Platform": PLATFORM, "Status": status})

    def _ask(self, action: str, body: Mapping[str, Any]) -> Any:
        return self._api.read(_Answer, self._api.ask_json("/", body, _headers(action)), action).Response

    def _order(self, action: str, body: Mapping[str, Any]) -> None:
        self._api.write_json("POST", "/", body, _headers(action))


def _headers(action: str) -> Mapping[str, str]:
    return {"X-TC-Action": action, "X-TC-Version": VERSION, "X-TC-Region": "ap-guangzhou"}


def _refusal(said: Any) -> Refusal | None:
    match said:
        case {"Response": {"Error": {"Code": str(code), **more}}}:
            return Refusal.of_code(code, more.get("Message", ""), STATUSES)
        case _:
            return None


def _quotas(who: str, key: _Key) -> list[_Quota]:
    read = understood(who, f"quotas of key {key.ApiKeyId}", key.QuotaSet or [], _quota)
    return [each for each in read if each.is_standing]


def _by_model(row: Any) -> _ByModel:
    found = _ByModel.model_validate(row)
    if found.Stats.CacheTotalToken > found.Stats.InputTotalToken:
        raise RowError(N_("its parts are more than the whole"), "Stats.CacheTotalToken")
    return found


def _quota(row: Any) -> _Quota:
    found = _Quota.model_validate(row)
    if found.CycleUnit not in WINDOWS:
        raise RowError(N_("its period is not one that we know"), "CycleUnit")
    return found


def _said(quota: _Quota, amount: str) -> Mapping[str, str]:
    return {"CycleUnit": quota.CycleUnit, "CycleCredits": amount}


def _title(key: _Key) -> str:
    return f"{key.Name} ({key.Remark})" if key.Name and key.Remark else key.Name or key.Remark or ""


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _charge(name: str, day: date, key_id: str, model: str, used: _Stats) -> Charge:
    return Charge(
        name,
        midnight(day),
        24,
        model,
        resource=key_id,
        tokens_input=used.InputTotalToken - used.CacheTotalToken,
        tokens_cache_read=used.CacheTotalToken,
        tokens_output=used.OutputTotalToken,
        requests=used.RequestCount,
        requests_failed=min(used.RequestFailCount, used.RequestCount),
        currency="CNY",
        cost_source="unpriced",
    )
