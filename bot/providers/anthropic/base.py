"""Anthropic: what a Claude Enterprise and a Claude Console organization have in common.

They have different keys and other rights, but the same address, members, and report of usage and cost. What is said
here and in the files beside it is from Anthropic's documentation of August to November 2026.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import partial
from typing import ClassVar

from bot.checks import CheckLine, may_read, why_not
from bot.http import PATIENCE, ApiKey, Params, Patience
from bot.providers.anthropic.client import ROOT, AdminApi, signed
from bot.providers.anthropic.reports import BETA as REPORTS_BETA
from bot.providers.anthropic.reports import Reports, earliest
from bot.providers.base import Provider, ProviderIdentity, days
from bot.providers.payload_fields import Body, Word
from bot.providers.set_aside import understood
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge

ME, USERS = f"{ROOT}/me", f"{ROOT}/users"
CALLS_PER_MINUTE = 60

REFUSALS = {"authentication_error": N_("it does not know this key")}


class _Organization(Body):
    name: Word


class _User(Body):
    id: Word
    email: Word | None = None
    name: Word | None = None


class Claude(Provider):
    """One organization at Anthropic.

    Reports and limits are asked for through connections of their own: they have a share of calls a minute each, and
    some need a header that the rest must not have.

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the key of its administrators.
        key_name: the environment variable that the key stands in.
        now: the clock; nobody reports the future.
        patience: how long one question may take.
        calls_per_minute: how often each connection may ask.

    Attributes:
        service: what people call this kind of organization.
        needed: what key is needed.
        dimensions: what its reports are told apart by.
        limits_beta: the name of the beta that its limits are in, "" if in none.
    """

    service: ClassVar[str]
    needed: ClassVar[str]
    complete = True
    zero_is_cost = True

    dimensions: ClassVar[tuple[str, ...]]
    limits_beta: ClassVar[str] = ""

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        key_name: str,
        now: Callable[[], datetime],
        patience: Patience = PATIENCE,
        calls_per_minute: int = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._key_name = key_name
        self._now = now
        opens = ApiKey(key_name, key, REFUSALS, self.needed, signed)

        def connection(beta: str = "") -> AdminApi:
            return AdminApi(self.service, url, opens, patience, calls_per_minute, beta)

        self._api = connection()
        self.who = self._api.who
        self._limits = connection(self.limits_beta)
        self._reports = Reports(connection(REPORTS_BETA), self.dimensions, now)

    def close(self) -> None:
        """Let go of the connections."""
        for api in (self._api, self._limits, self._reports.api):
            api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day and whatever the organization's reports are told apart by."""
        for day in days(first, last):
            yield from self._reports.charges(self.name, day)

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """Tokens and cost by the hour, of whole hours."""
        return self._reports.hours(self.name, since, until)

    def earliest(self, today: date) -> date:
        """See Provider."""
        return earliest(today)

    def people(self) -> Iterator[ProviderIdentity]:
        """The members of the organization."""
        return self._members()

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, and whether the key may read all that we read."""
        organization = self._api.read(_Organization, self._api.get_json(ME), "its name")
        yield CheckLine(t("{service} answers for {name}", service=self.who, name=organization.name), ok=True)
        for path, params in self._probes().items():
            yield may_read(self._key_name, path, why_not(partial(self._api.get_json, path, params)))
        for path, params in self._reports.probes().items():
            yield may_read(self._key_name, path, why_not(partial(self._reports.api.get_json, path, params)))
        yield from self._more()

    def _probes(self) -> Mapping[str, Params]:
        """The cheapest question to each route that we read, but for the reports."""
        raise NotImplementedError

    def _more(self) -> Iterator[CheckLine]:
        """What else is to be said of this kind of organization."""
        raise NotImplementedError

    def _members(self) -> Iterator[ProviderIdentity]:
        for user in understood(self.who, "members", self._api.listed(USERS, "members"), _User.model_validate):
            yield ProviderIdentity("user", user.id, name=user.name or "", email=user.email or "")
