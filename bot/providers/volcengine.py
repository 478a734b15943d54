"""Volcengine Ark: Doubao and other models behind endpoints, which a company gives to its teams, agents and people.

Facts are from Volcengine's documents and the SDK volcengine-python-sdk 5.0.54 of November 2026 (version 2024-01-01 of
the API, 2022-01-01 of its bills); nothing was seen live.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from pydantic import AliasPath, Field

from bot.checks import CheckLine, may_read, why_not, works
from bot.errors import InvalidError, KeyRefusedError, NotFoundError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Page, Patience, Refusal
from bot.providers.base import Limit, Provider, ProviderIdentity, midnight
from bot.providers.beijing import begins, days_there, today
from bot.providers.payload_fields import Body, Count, Currency, Dollars, Word, nanos
from bot.providers.set_aside import RowError, setting_aside, understood
from bot.providers.signatures import volcengine
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge
from storage.limits import Subject

ARK, BILLING = "2024-01-01", "2022-01-01"
ENDPOINTS, USAGE, STOP, START = "ListEndpoints", "GetUsage", "StopEndpoint", "StartEndpoint"
BILL = "ListBillDetail"
PAGE_ROWS, BILL_ROWS = 100, 300
HOUR_S = 3600
PROJECT = "default"

# A few calls a second for an action are said to pass; nothing is documented.
CALLS_PER_MINUTE = 60

NEEDED = N_("the secret key of a sub-user who may use Ark and read bills, with its access key id as account")
REFUSALS = {"SignatureDoesNotMatch": N_("the secret does not belong to the access key id that stands in account")}

# What a word for a refusal amounts to, by how it begins. Refusals may come with status 200.
STATUSES: Mapping[str, int] = {
    "SignatureDoesNotMatch": 401,
    "InvalidAccessKey": 401,
    "InvalidCredential": 401,
    "MissingAuthenticationToken": 401,
    "AccessDenied": 403,
    "Forbidden": 403,
    "UnauthorizedOperation": 403,
    "NotFound": 404,
    "ResourceNotFound": 404,
    "InvalidEndpoint.NotFound": 404,
    "FlowLimitExceeded": 429,
    "RequestLimitExceeded": 429,
    "Throttling": 429,
    "InternalError": 500,
    "InternalServiceError": 500,
    "ServiceUnavailable": 503,
}
STOPPED = frozenset({"stopped", "stopping"})


class _Endpoints(Body):
    items: Annotated[list[Any], Field(validation_alias=AliasPath("Result", "Items"))]
    total: Annotated[Count, Field(validation_alias=AliasPath("Result", "TotalCount"))] = 0


class _Tag(Body):
    Key: Word
    Value: Word = ""


class _Endpoint(Body):
    """An endpoint: what is called, and which model answers."""

    Id: Word
    Name: Word | None = None
    Status: Word
    Tags: list[Any] = Field(default_factory=list)
    model: Annotated[Word, Field(validation_alias=AliasPath("ModelReference", "FoundationModel", "Name"))] = ""
    own_model: Annotated[Word, Field(validation_alias=AliasPath("ModelReference", "CustomModelId"))] = ""


class _Usage(Body):
    results: Annotated[list[Any], Field(validation_alias=AliasPath("Result", "UsageResults"))]


class _Kind(Body):
    Name: Word
    MetricItems: list[Any] = Field(default_factory=list)


class _Metric(Body):
    Values: list[Any] = Field(default_factory=list)


class _Value(Body):
    Timestamp: Count
    Value: Count


class _BillPage(Body):
    rows: Annotated[list[Any], Field(validation_alias=AliasPath("Result", "List"))]


class _BillLine(Body):
    """A line of the bill: an element of an endpoint's use on a day. Amounts are text."""

    InstanceNo: Word = ""
    PayableAmount: Dollars
    OriginalBillAmount: Dollars = Decimal(0)
    currency: Annotated[Currency, Field(validation_alias="Currency")] = "CNY"


@dataclass(frozen=True, slots=True)
class _Billed:
    payable: Decimal = Decimal(0)
    original: Decimal = Decimal(0)
    currency: str = "CNY"


class Volcengine(Provider):
    """The endpoints of some projects of one account.

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the secret key.
        account: the access key id, and after a slash the projects, if they are others than "default".
        key_name: the environment variable that the key stands in.
        now: the clock; requests are signed with it.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"charges", "people", "limits", "pause"})
    cannot = (
        "Volcengine has no limit for an endpoint by its API, in money or in tokens: pause the endpoint instead.",
        "A paused endpoint stops everybody who calls it: give each person or agent an endpoint of their own.",
        "Until its bill is there, what Volcengine reports is priced as if nothing had been read from a cache.",
        "Volcengine knows endpoints and no people: link each endpoint to whoever calls it.",
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
        key_id, _, projects = account.partition("/")
        self._projects = [each.strip() for each in projects.split(",") if each.strip()] or [PROJECT]

        def opened(service: str) -> Api:
            opens = ApiKey(key_name, key, REFUSALS, NEEDED, sign_all=volcengine(key_id, service, "cn-beijing", now))
            return Api("Volcengine", url, opens, patience, None, calls_per_minute, _refusal)

        self._api, self._bills = opened("ark"), opened("billing")
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()
        self._bills.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each day and endpoint; its cost is that of the bill once it is there."""
        here = today(self._now())
        endpoints = list(self._endpoints())
        for day in days_there(first, last, self._now()):
            billed = self._billed(day) if day < here else {}
            for project, endpoint in endpoints:
                used = self._used(project, endpoint.Id, day)
                bill = billed.get(endpoint.Id)
                if any(used.values()) or bill:
                    yield self._charge(day, project, endpoint, used, bill)

    def people(self) -> Iterator[ProviderIdentity]:
        """The endpoints, by their id, with their name and the address or name of whom a tag says they are."""
        for _, endpoint in self._endpoints():
            yield ProviderIdentity("key", endpoint.Id, name=self._title(endpoint))
        yield from (ProviderIdentity("team", project, name=project) for project in self._projects)

    def limits(self) -> Iterator[Limit]:
        """Which endpoints there are, and which are stopped; none has a limit."""
        for _, endpoint in self._endpoints():
            yield self._limit(endpoint)

    def limit(self, subject: Subject) -> Limit | None:
        """Whether one endpoint is stopped."""
        found = self._find(subject)
        return self._limit(found) if found else None

    def before(self, subject: Subject) -> str:
        """Whether an endpoint was stopped before."""
        return json.dumps({"stopped": self._known(subject).Status.lower() in STOPPED})

    def pause(self, subject: Subject) -> None:
        """Stop an endpoint: calls are refused at once, whoever makes them."""
        if self._known(subject).Status.lower() not in STOPPED:
            self._order(STOP, {"Id": subject.external_id})

    def resume(self, subject: Subject, before: str) -> None:
        """Start an endpoint that was not stopped before."""
        if json.loads(before)["stopped"] or self._known(subject).Status.lower() not in STOPPED:
            return
        try:
            self._order(START, {"Id": subject.external_id})
        except (InvalidError, NotFoundError):
            raise UndeliverableError(
                "{service} does not start endpoint {id} by its API: start it in the console",
                service=self.who,
                id=subject.external_id,
            ) from None

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, and whether endpoints, usage and bills may be read. Bills are not needed."""
        no = why_not(partial(self._ask, ENDPOINTS, {"PageNumber": 1, "PageSize": 1, "ProjectName": self._projects[0]}))
        yield works(t("{service} answers", service=self.who), no)
        if no:
            return
        for project in self._projects:
            yield may_read(self._key_name, f"{ENDPOINTS} {project}", why_not(partial(list, self._endpoints())))
        yesterday = today(self._now()) - timedelta(days=1)
        yield may_read(self._key_name, USAGE, why_not(partial(self._usage, self._projects[0], None, yesterday)))
        refused = why_not(partial(self._bill_page, yesterday, 0, 1))
        if refused:
            what = t("{name} may read {path}", name=self._key_name, path=BILL)
            advice = t("without it costs stay estimates by your prices")
            yield CheckLine(what, ok=True, advice=advice)
        else:
            yield may_read(self._key_name, BILL, None)
        yield CheckLine(t("whether endpoints may be stopped shows at the first pause"), ok=True)

    def _endpoints(self) -> Iterator[tuple[str, _Endpoint]]:
        for project in self._projects:

            def ask(number: int, project: str = project) -> Page:
                body = {"PageNumber": number, "PageSize": PAGE_ROWS, "ProjectName": project}
                page = self._api.read(_Endpoints, self._ask(ENDPOINTS, body), "endpoints")
                return Page(page.items, max(1, -(-page.total // PAGE_ROWS)))

            rows = self._api.pages(ask, "endpoints")
            for endpoint in understood(self.who, "endpoints", rows, _Endpoint.model_validate):
                yield project, endpoint

    def _find(self, subject: Subject) -> _Endpoint | None:
        for project in self._projects:
            body = {"PageNumber": 1, "PageSize": 1, "ProjectName": project, "Filter": {"Ids": [subject.external_id]}}
            page = self._api.read(_Endpoints, self._ask(ENDPOINTS, body), "an endpoint")
            with setting_aside():
                found = list(understood(self.who, "an endpoint", page.items, _Endpoint.model_validate))
            if found and found[0].Id == subject.external_id:
                return found[0]
        return None

    def _known(self, subject: Subject) -> _Endpoint:
        found = self._find(subject) if subject.kind == "key" else None
        if found is None:
            raise NotFoundError("{service} knows no endpoint {id}", service=self.who, id=subject.external_id)
        return found

    def _limit(self, endpoint: _Endpoint) -> Limit:
        paused = endpoint.Status.lower() in STOPPED
        return Limit(Subject("key", endpoint.Id), None, paused=paused, name=self._title(endpoint), currency="CNY")

    def _title(self, endpoint: _Endpoint) -> str:
        """Its name, and whose it is by its tags."""
        with setting_aside():
            tags = list(understood(self.who, "tags", endpoint.Tags, _Tag.model_validate))
        whose = next((tag.Value for tag in tags if tag.Key.lower() in {"owner", "email"} and tag.Value), "")
        return f"{endpoint.Name} ({whose})" if endpoint.Name and whose else endpoint.Name or whose

    def _used(self, project: str, endpoint_id: str, day: date) -> Mapping[str, int]:
        """Tokens by kind, summed up from hours: an hour belongs to one day in every zone that it may be cut by."""
        start_s, end_s = (int(begins(each).timestamp()) for each in (day, day + timedelta(days=1)))
        sums: dict[str, int] = defaultdict(int)
        what = f"usage of {day}"
        for kind in understood(self.who, what, self._usage(project, endpoint_id, day), _kind):
            for item in understood(self.who, what, kind.MetricItems, _Metric.model_validate):
                for value in understood(self.who, what, item.Values, _Value.model_validate):
                    if start_s <= value.Timestamp < end_s:
                        sums[kind.Name] += value.Value
        return sums

    def _usage(self, project: str, endpoint_id: str | None, day: date) -> list[Any]:
        body = {
            "Interval": HOUR_S,
            "StartTime": int(begins(day).timestamp()),
            "EndTime": int(begins(day + timedelta(days=1)).timestamp()),
            "ProjectName": project,
            **({"EndpointIds": [endpoint_id]} if endpoint_id else {}),
        }
        return self._api.read(_Usage, self._ask(USAGE, body), "usage").results

    def _billed(self, day: date) -> Mapping[str, _Billed]:
        """What the bill says of each endpoint; nothing if it may not be read."""
        found: dict[str, _Billed] = defaultdict(_Billed)
        try:
            rows = list(self._bill(day))
        except KeyRefusedError:
            return {}
        for line in understood(self.who, f"bill of {day}", rows, _BillLine.model_validate):
            if line.InstanceNo:
                so_far = found[line.InstanceNo]
                payable, original = so_far.payable + line.PayableAmount, so_far.original + line.OriginalBillAmount
                found[line.InstanceNo] = _Billed(payable, original, line.currency)
        return found

    def _bill(self, day: date) -> Iterator[Any]:
        offset = 0
        while True:
            rows = self._bill_page(day, offset, BILL_ROWS)
            yield from rows
            offset += len(rows)
            if len(rows) < BILL_ROWS:
                return

    def _bill_page(self, day: date, offset: int, limit: int) -> list[Any]:
        body = {"BillPeriod": f"{day:%Y-%m}", "ExpenseDate": f"{day}", "Limit": limit, "Offset": offset}
        answer = self._bills.ask_json(f"/?Action={BILL}&Version={BILLING}", body)
        return self._bills.read(_BillPage, answer, "the bill").rows

    def _charge(
        self, day: date, project: str, endpoint: _Endpoint, used: Mapping[str, int], bill: _Billed | None
    ) -> Charge:
        """Where prepaid tokens paid for it, the bill says nothing: then it is priced as if there were no bill."""
        is_billed = bill is not None and (bill.payable != 0 or not any(used.values()))
        return Charge(
            self.name,
            midnight(day),
            24,
            endpoint.model or endpoint.own_model,
            sub_account=project,
            resource=endpoint.Id,
            tokens_input=used.get(PROMPT, 0),
            tokens_output=used.get(COMPLETION, 0),
            cost_nanos=nanos(bill.payable) if bill and is_billed else None,
            currency=bill.currency if bill and is_billed else "CNY",
            cost_source="invoice" if is_billed else "unpriced",
            list_nanos=nanos(bill.original) if bill and is_billed and bill.original else None,
        )

    def _ask(self, action: str, body: Mapping[str, Any]) -> Any:
        return self._api.ask_json(f"/?Action={action}&Version={ARK}", body)

    def _order(self, action: str, body: Mapping[str, Any]) -> None:
        self._api.write_json("POST", f"/?Action={action}&Version={ARK}", body)


PROMPT, COMPLETION = "PromptTokens", "CompletionTokens"


def _kind(row: Any) -> _Kind:
    found = _Kind.model_validate(row)
    if found.Name not in {PROMPT, COMPLETION}:
        raise RowError(N_("it is an unknown kind of tokens"), "Name")
    return found


def _refusal(said: Any) -> Refusal | None:
    match said:
        case {"ResponseMetadata": {"Error": {"Code": str(code), **more}}}:
            return Refusal.of_code(code, more.get("Message", ""), STATUSES)
        case _:
            return None
