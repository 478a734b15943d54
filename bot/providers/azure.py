"""Azure's bill for its AI services (Foundry, Azure OpenAI) by day, resource and meter, through Cost Management.

Facts are from learn.microsoft.com and the SDK of Cost Management for its version 2025-03-01; nothing was seen live. The
bill knows no persons: who they are is known by what stands in front of a resource.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import Field

from bot.checks import CheckLine, works
from bot.errors import UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Batch, Patience
from bot.providers.access_tokens import AccessToken, TokenSign, unsigned
from bot.providers.base import Provider, days, midnight
from bot.providers.payload_fields import Body, Currency, Dollars, Word, nanos
from bot.providers.set_aside import RowError, not_asked_for, understood
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge

MANAGEMENT, LOGIN = "https://management.azure.com", "https://login.microsoftonline.com"
VERSION = "2025-03-01"

RESOURCES = ("/microsoft.cognitiveservices/", "/microsoft.machinelearningservices/")
"""Parts of the ids of what is AI: accounts of Foundry and Azure OpenAI, and endpoints of models."""

MODEL = re.compile(r"(?i)^(.+?)[- ](?:cach|cchd|inp|in |outp|out|opt)")
"""A meter such as "gpt 5 Inp glbl Tokens" begins with its model."""
NUMBERED_DAY = 8

# Cost Management lets a scope be asked a few times a minute.
CALLS_PER_MINUTE = 8

NEEDED = N_("the secret of an app registration with the role Cost Management Reader on the scope")
ACCOUNT = re.compile(r"(?P<tenant>[\w.-]+)/(?P<client>[\w-]+)/(?P<scope>\w.*)")


class _Column(Body):
    name: Word


class _Properties(Body):
    columns: list[_Column]
    rows: list[Any]
    next_link: str | None = Field(None, alias="nextLink")


class _Answer(Body):
    properties: _Properties


class _Row(Body):
    """What a meter of a resource cost on a day."""

    cost: Dollars = Field(alias="Cost")
    day: int | str = Field(alias="UsageDate")
    resource: Word = Field(alias="ResourceId")
    meter: Word = Field(alias="Meter")
    currency: Currency = Field(alias="Currency")


class Azure(Provider):
    """One scope of Azure: a subscription, a resource group or a billing account.

    Args:
        name: its name in app.yaml.
        url: where its management API is.
        key: the secret of the app registration.
        account: its tenant, its application id and the scope, with slashes between them.
        key_name: the environment variable that the secret stands in.
        now: the clock.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"charges"})
    complete = True
    cannot = (
        "Azure's bill knows resources and no persons: link each resource to whoever uses it.",
        "Azure tells no tokens with the cost.",
        "Azure has no limit in money: what runs through a gateway is limited there.",
        "What the Marketplace sells, such as Claude in Foundry, stands in a bill of its own: read it from a file.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        account: str,
        key_name: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._now = now
        self._url = url.rstrip("/")
        self._account = ACCOUNT.fullmatch(account.strip("/"))
        login = LOGIN if self._url == MANAGEMENT else self._url
        self._login = Api("Microsoft Entra", login, ApiKey(key_name, key, {}, NEEDED, unsigned), patience)
        sign = TokenSign(lambda: self._token(key), now)
        opens = ApiKey(key_name, key, {}, NEEDED, sign)
        self._api = Api("Azure", url, opens, patience, None, calls_per_minute)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()
        self._login.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day, resource and model; cost of the same model's meters is one."""
        for day in days(first, last):
            yield from self._of_day(day)

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers and the app registration may read the cost of the scope."""
        yesterday = self._now().astimezone(UTC).date() - timedelta(days=1)
        list(self._rows(yesterday, yesterday))
        yield works(t("{service} answers", service=self.who), None)

    def _of_day(self, day: date) -> Iterator[Charge]:
        sums: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
        for row in self._rows(day, day):
            model = MODEL.match(row.meter)
            group = re.search(r"(?i)/resourcegroups/([^/]+)/", row.resource)
            place = group[1].lower() if group else "", _key(row.resource)
            sums[(*place, model[1] if model else row.meter, row.currency)] += row.cost
        for (group_name, resource, model_name, currency), cost in sorted(sums.items()):
            yield Charge(
                self.name,
                midnight(day),
                24,
                model_name,
                sub_account=group_name,
                resource=resource,
                cost_nanos=nanos(cost),
                currency=currency,
            )

    def _rows(self, first: date, last: date) -> Iterator[_Row]:
        def meant(row: Any) -> _Row:
            found = _Row.model_validate(row)
            day = _day(found.day)
            if not first <= day <= last:
                raise RowError(not_asked_for(day), "UsageDate")
            return found

        what = f"cost of {first}"
        for row in understood(self.who, what, self._api.follow(self._ask(first, last), what), meant):
            if any(part in row.resource.lower() for part in RESOURCES):
                yield row

    def _ask(self, first: date, last: date) -> Callable[[str], Batch]:
        question = {
            "type": "ActualCost",
            "timeframe": "Custom",
            "timePeriod": {"from": f"{first}T00:00:00Z", "to": f"{last}T23:59:59Z"},
            "dataset": {
                "granularity": "Daily",
                "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}},
                "grouping": [{"type": "Dimension", "name": name} for name in ("ResourceId", "Meter")],
            },
        }
        scope = quote(self._parts()["scope"], safe="/")
        begin = f"/{scope}/providers/Microsoft.CostManagement/query?api-version={VERSION}"

        def ask(following: str) -> Batch:
            told = self._api.read(_Answer, self._api.ask_json(following or begin, question), "cost").properties
            names = ["Cost" if each.name == "totalCost" else each.name for each in told.columns]
            rows = [dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in told.rows]
            return Batch(rows, self._own(told.next_link or ""))

        return ask

    def _own(self, link: str) -> str:
        """The path of a next page; our token is taken to no other host."""
        if not link:
            return ""
        parts = urlsplit(link)
        if f"{parts.scheme}://{parts.netloc}" != self._url:
            raise UndeliverableError(
                "{service} keeps {what} at an address that we do not trust", service=self.who, what="nextLink"
            )
        return f"{parts.path}?{parts.query}"

    def _token(self, secret: str) -> AccessToken:
        parts = self._parts()
        fields = {
            "grant_type": "client_credentials",
            "client_id": parts["client"],
            "client_secret": secret,
            "scope": f"{MANAGEMENT}/.default",
        }
        told = self._login.ask_form(f"/{quote(parts['tenant'])}/oauth2/v2.0/token", fields)
        return self._login.read(AccessToken, told, "a token")

    def _parts(self) -> Mapping[str, str]:
        if self._account is None:
            raise UndeliverableError(
                "account of {name} must be the tenant, the application id and the scope, such as "
                "contoso.example/11aa…/subscriptions/9c3e…",
                name=self.name,
            )
        return self._account.groupdict()


def _key(resource: str) -> str:
    """A resource's id as a key: Azure writes one in several cases."""
    return resource.lower()[-255:]


def _day(told: int | str) -> date:
    """20261128, or with dashes and a time."""
    digits = re.sub(r"\D", "", str(told))[:NUMBERED_DAY]
    try:
        return datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise RowError(N_("it is no day"), "UsageDate") from None
