"""Events: what the machine tells itself. People say sentences; a timer, a reading or a delivery raises an event.

An event is data and travels as data: in the outbox it is JSON, never words. Its handler, who may raise it and whether
it runs in bulk stand in one table, EVENTS in handlers/__init__.py; the handler has the event's name.
"""

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Literal, get_type_hints

from pydantic import TypeAdapter

from storage.limits import Subject

Raiser = Literal["clock", "sync"]


class Event:
    """Something that happened, or is due, in the machine."""

    __slots__ = ()


def name_of(event: type[Event]) -> str:
    """The name of a kind of event, such as "limit_applied" of LimitApplied; its handler has the same."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()


# Due by the calendar


@dataclass(frozen=True, slots=True)
class GiveAllotments(Event):
    """The allotments of the current periods are due, and those of newcomers."""


@dataclass(frozen=True, slots=True)
class EndGrants(Event):
    """Grants whose last day is over end, and askers hear a day before."""


@dataclass(frozen=True, slots=True)
class CheckThresholds(Event):
    """Limits may have passed a threshold."""


@dataclass(frozen=True, slots=True)
class CheckSpikes(Event):
    """Somebody may spend far above usual."""


@dataclass(frozen=True, slots=True)
class CheckDrifts(Event):
    """Somebody's weeks may have grown slowly."""


@dataclass(frozen=True, slots=True)
class DetectWaste(Event):
    """Findings are looked for, and those that were done are measured."""


@dataclass(frozen=True, slots=True)
class CheckPrices(Event):
    """Models may be in use that have no price."""


@dataclass(frozen=True, slots=True)
class CheckCredit(Event):
    """Credit that was paid ahead may soon be used up."""


@dataclass(frozen=True, slots=True)
class RepriceCharges(Event):
    """The prices in app.yaml, or the list, are others than those by which charges were priced.

    Args:
        rules: tells these prices from others.
    """

    rules: str


@dataclass(frozen=True, slots=True)
class RepriceDay(Event):
    """What was used on a day has to be priced anew.

    Args:
        day: the day (UTC), such as "2026-11-21".
        cause: why, for the audit.
    """

    day: str
    cause: str


@dataclass(frozen=True, slots=True)
class CheckContracts(Event):
    """The last days for notice of contracts come nearer."""


@dataclass(frozen=True, slots=True)
class ReportContract(Event):
    """It is time to tell of a contract, such as that notice must be given soon.

    Args:
        contract: its name.
        days: how many days before the last one this is told; of the commitment, how many percent are drawn.
        about: "notice", or of the commitment that so much of it is "drawn", is used up "early", or will stay "unused".
    """

    contract: str
    days: int
    about: str = "notice"


@dataclass(frozen=True, slots=True)
class CheckSources(Event):
    """Sources of outcomes were read: a token of theirs may end soon."""


@dataclass(frozen=True, slots=True)
class CheckShadows(Event):
    """Periods of shadow budgets may be over, of which finance is told."""


@dataclass(frozen=True, slots=True)
class ReportShadow(Event):
    """A period of a shadow budget is over, and its figures are known.

    Args:
        budget: its name.
        first: the first day of the period, such as "2026-10-01".
    """

    budget: str
    first: str


@dataclass(frozen=True, slots=True)
class SendNotes(Event):
    """Private notes of the week may be due."""


@dataclass(frozen=True, slots=True)
class CheckRequests(Event):
    """The people, the budgets or the day may have changed for requests that wait.

    Args:
        renamed: ids of the people who are called otherwise now.
    """

    renamed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefreshHomes(Event):
    """What Homes show has changed: those of some people, and those of finance and admins.

    Args:
        people: ids of persons.
        at: the moment, so that a later change is another one.
    """

    people: tuple[str, ...] = ()
    at: str = ""


@dataclass(frozen=True, slots=True)
class CheckTokens(Event):
    """Somebody may have left on whom a token depends."""


@dataclass(frozen=True, slots=True)
class ForgetOld(Event):
    """Something may be older than it may be kept."""


@dataclass(frozen=True, slots=True)
class ForgetMonths(Event):
    """Charges of whole months may be older than they may be kept."""


# Timers


@dataclass(frozen=True, slots=True)
class TokenEnds(Event):
    """A token ends in so many days."""

    token_id: int
    days: int


@dataclass(frozen=True, slots=True)
class TellFindings(Event):
    """Somebody's working hours have come, and they have findings to hear of."""

    person_id: str


@dataclass(frozen=True, slots=True)
class RemindApprover(Event):
    """A request waits at a stage since the reminder's hours. `round` tells who was asked before from who is now."""

    request_id: int
    stage: int
    round: int = 0


@dataclass(frozen=True, slots=True)
class ProposalExpired(Event):
    """What a program asked for waited too long for the person it works for."""

    request_id: int


@dataclass(frozen=True, slots=True)
class CheckJobs(Event):
    """Half of what jobs of agents may spend may be spent."""


@dataclass(frozen=True, slots=True)
class Escalate(Event):
    """A request waits at a stage so long that the manager above is asked, too."""

    request_id: int
    stage: int
    round: int = 0


@dataclass(frozen=True, slots=True)
class RequestExpired(Event):
    """A request waited at a stage for so long that it is refused."""

    request_id: int
    stage: int
    round: int = 0


@dataclass(frozen=True, slots=True)
class FollowRequest(Event):
    """Something changed for a request that waits: who decides, or whether it still makes sense.

    Args:
        request_id: which.
        noticed: when and what, so that each time is an event of its own.
    """

    request_id: int
    noticed: str


@dataclass(frozen=True, slots=True)
class ServiceRefused(Event):
    """A chat platform takes nothing from us until somebody acts, or a provider refuses the key.

    Why stands in `delivery_pauses`, or with how the provider was read last if it refuses some things only.
    """

    name: str


@dataclass(frozen=True, slots=True)
class MessageGivenUp(Event):
    """A message did not reach whom it is for, and will not by itself.

    Args:
        key: the whole key of its item of the outbox.
    """

    key: str


@dataclass(frozen=True, slots=True)
class ChannelClosed(Event):
    """A channel does not take what app.yaml has posted there, and will not by itself.

    Args:
        key: the whole key of the message's item of the outbox.
    """

    key: str


@dataclass(frozen=True, slots=True)
class AskNextInLine(Event):
    """Somebody who was asked could not be reached for so long that the next in line is asked."""

    request_id: int
    stage: int
    round: int = 0


# Limits at the providers


@dataclass(frozen=True, slots=True)
class SyncAccount(Event):
    """An account's ledger has moved: its limits at all providers follow."""

    account_id: str


@dataclass(frozen=True, slots=True)
class SyncProvider(Event):
    """A provider's limits were read, or many ledgers have moved: all its limits are compared."""

    provider: str


@dataclass(frozen=True, slots=True)
class LimitApplied(Event):
    """A provider shows a limit as it was wanted.

    Args:
        provider: its name in app.yaml.
        subject: whose limit it is there.
        limit_nanos: in 10⁻⁹ US dollars each window of the provider.
        ledger_limit: the limit in the ledger from which it followed, in nanos of the budget's currency.
    """

    provider: str
    subject: Subject
    limit_nanos: int
    ledger_limit: int


@dataclass(frozen=True, slots=True)
class LimitFailed(Event):
    """A provider did not take a limit; the outbox has the reason."""

    provider: str
    subject: Subject


@dataclass(frozen=True, slots=True)
class PauseFailed(Event):
    """A provider did not pause or resume somebody as it was told; the outbox has the reason."""

    provider: str
    subject: Subject


@dataclass(frozen=True, slots=True)
class PauseAccount(Event):
    """An account spends so far above usual that the rules pause it."""

    account_id: str


@dataclass(frozen=True, slots=True)
class PauseApplied(Event):
    """A provider has paused somebody, or let them go on."""

    provider: str
    subject: Subject
    paused: bool


# A provider's own requests for more


@dataclass(frozen=True, slots=True)
class IncreaseRequested(Event):
    """Somebody asked for more at a provider.

    Args:
        provider: its name in app.yaml.
        increase_id: the provider's id of the request.
        subject: who asked there.
        more_nanos: how much more, in 10⁻⁹ of the currency; None if it was left open.
        reason: their words.
        currency: ISO 4217 code.
    """

    provider: str
    increase_id: str
    subject: Subject
    more_nanos: int | None
    reason: str
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class IncreaseWithdrawn(Event):
    """A request no longer waits at the provider: it was decided there."""

    provider: str
    increase_id: str


@dataclass(frozen=True, slots=True)
class IncreaseDecided(Event):
    """A request that was asked at a provider is decided here: the decision is written back."""

    request_id: int


@dataclass(frozen=True, slots=True)
class OldTokenUsed(Event):
    """A program showed a token that was renewed and has ended."""

    token_id: int


@dataclass(frozen=True, slots=True)
class ReportSetAside(Event):
    """Something in a provider's answers could not be understood, and finance has not been told of it."""

    provider: str


# The registry's rows, and events as they are kept in the outbox


@dataclass(frozen=True, slots=True)
class EventType:
    """A row of the registry of events.

    Args:
        event: the class.
        handler: what is done about it, in one transaction.
        by: who may raise it: "clock" out of the outbox or the schedule, "sync" while a provider is read or written.
        bulk: it may take long and writes nothing to the audit, so that other orders need not wait for it.
        looks: it writes nothing if it finds nothing, so a read replica may look first whether it does.
    """

    event: type[Event]
    handler: Callable[..., None]
    by: frozenset[Raiser]
    bulk: bool
    looks: bool

    @property
    def name(self) -> str:
        """The event's name."""
        return name_of(self.event)

    def from_json(self, kept: str) -> Event:
        """The event as it was kept in the outbox.

        Raises:
            pydantic.ValidationError: it is no such event.
        """
        return _shape(self).validate_json(kept)


@cache
def _shape(row: EventType) -> TypeAdapter[Event]:
    """What reads an event back as it was kept: made at the first one, for a command that answers reads none."""
    return TypeAdapter(row.event)


def event_type(handler: Callable[..., None], *by: Raiser, bulk: bool = False, looks: bool = False) -> EventType:
    """Read the event of a handler from its signature.

    Raises:
        TypeError: the handler is not named as its event.
    """
    second = list(inspect.signature(handler).parameters)[1]
    event: type[Event] = get_type_hints(handler)[second]
    row = EventType(event, handler, frozenset(by), bulk, looks)
    if handler.__name__ != row.name:
        raise TypeError(f"{handler.__name__} handles {row.name}, so it must be called that.")
    return row


def to_json(event: Event) -> str:
    """An event as it is kept in the outbox; its row of the registry reads it back."""
    return json.dumps({"event": name_of(type(event)), **asdict(event)})  # type: ignore[call-overload]
