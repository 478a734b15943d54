"""What a provider is: it sells tokens or guards them, and declares what it can do.

A provider is one file here and one entry of PROVIDERS (registry.py). It inherits Provider, names in `can` what it can
do, and says in `cannot` in plain words what people would expect and it cannot. Nothing is asked of it that it does not
declare.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from bot.checks import CheckLine, works
from bot.errors import KeyRefusedError, OutsideError, RefusesUsError, UnreachableError
from bot.texts import t
from handlers.language import N_, Words
from storage.charges import Charge
from storage.limits import Cap, Subject, SubjectKind, Window

Capability = Literal[
    "charges",
    "hours",
    "people",
    "limits",
    "set_limit",
    "pause",
    "increase_requests",
    "seats",
    "outcomes",
    "credit",
]

SUBJECTS: Mapping[str, str] = {
    "user": N_("user"),
    "key": N_("key"),
    "team": N_("team"),
    "member": N_("member"),
    "organization": N_("organization"),
}
"""What a kind of subject is called."""


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Somebody or something the provider knows and charges are reported for.

    Args:
        kind: "user" (matches Charge.subject), "key" (Charge.resource), "team" (Charge.sub_account) or "member" (a user
            within a team).
        external_id: the provider's own id; of a member as in Subject.
        name: what people call it there, "" if it has no name.
        email: verified e-mail of a user, "" if unknown. It is the only thing we link by ourselves.
        owner: external id of the user that a key belongs to or that a member is, "" if none.
    """

    kind: Literal["user", "key", "team", "member"]
    external_id: str
    name: str = ""
    email: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a provider allows somebody now.

    Args:
        subject: who is limited there.
        amount_nanos: how much in 10⁻⁹ of the currency, or how many tokens, each window; None if there is no limit.
        window: how often what was used starts from nothing, by the provider's calendar (UTC).
        paused: whether it is blocked altogether.
        name: what people call it there, "" if it has no name.
        currency: ISO 4217 code of the amount: what the provider bills in; "tokens" where it counts these.
        resets_at: when what was used next starts from nothing, aware, None if it is not said.
        spent_nanos: what is counted against it now, None if it is not said.
        caps: further limits of it, which we do not set and which bind as well.
        refusing: whether the provider says that it refuses requests under it now.
    """

    subject: Subject
    amount_nanos: int | None
    window: Window = "month"
    paused: bool = False
    name: str = ""
    currency: str = "USD"
    resets_at: datetime | None = None
    spent_nanos: int | None = None
    caps: tuple[Cap, ...] = ()
    refusing: bool = False


@dataclass(frozen=True, slots=True)
class IncreaseRequest:
    """Somebody asked the provider for more.

    Args:
        external_id: the provider's id of the request.
        subject: for whom.
        total_nanos: the limit asked for, in 10⁻⁹ of the currency, None if it was left open.
        limit_nanos: the limit now, None if there is none.
        reason: what for, "" if it was not said.
        asked_at: when, aware UTC.
        currency: ISO 4217 code of the amounts.
    """

    external_id: str
    subject: Subject
    total_nanos: int | None
    limit_nanos: int | None
    reason: str
    asked_at: datetime
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class ProviderSeat:
    """A paid place of a user.

    Args:
        external_id: the provider's id of the user.
        product: what the seat is for, such as "copilot_business"; app.yaml prices it under this name.
        assigned_on: since when, None if it is not said.
        active_on: last day of use, None if never or not said.
        use_known: whether the provider says when it was used; if it does not, nothing is made of that it was not.
    """

    external_id: str
    product: str
    assigned_on: date | None
    active_on: date | None
    use_known: bool = True


@dataclass(frozen=True, slots=True)
class ProviderCredit:
    """What is left of what the company paid ahead.

    Args:
        currency: ISO 4217.
        left_nanos: in 10⁻⁹ of the currency, all in all; below zero is a debt.
        granted_nanos: what of it was given for nothing, such as vouchers.
    """

    currency: str
    left_nanos: int
    granted_nanos: int = 0


@dataclass(frozen=True, slots=True)
class ProviderOutcome:
    """What came of the work on a day, counted by a provider.

    Args:
        external_id: the provider's id of the user.
        day: the calendar day.
        what: such as "commits", "pull_requests", "lines_accepted".
        count: how many.
    """

    external_id: str
    day: date
    what: str
    count: int


def outcomes_of(external_id: str, day: date, counts: Mapping[str, int]) -> Iterator[ProviderOutcome]:
    """What came of somebody's day; what did not happen is not told."""
    return (ProviderOutcome(external_id, day, what, count) for what, count in counts.items() if count)


def days(first: date, last: date) -> Iterator[date]:
    """The days first to last, both included."""
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))


def midnight(day: date) -> datetime:
    """When a UTC day begins."""
    return datetime.combine(day, time(), UTC)


def kind_of(subject: Subject) -> Words:
    """The word for what a subject is."""
    return Words(SUBJECTS.get(subject.kind, subject.kind))


class Provider:
    """Speaks to one provider. Every method may raise UnreachableError or UndeliverableError, with one sentence.

    A list is read with `understood` (set_aside.py): a row that is not understood is set aside, and the others count.

    Attributes:
        name: the name under which app.yaml lists it.
        who: what sentences call it, with its address; "" for one that is not asked over a network.
        can: what it declares; nothing else may be asked of it.
        limited: whose limits it can set, by kind.
        window: how often a limit that we set starts from nothing there.
        step_nanos: limits there are multiples of this, in 10⁻⁹ of their currency; ours are rounded down to it.
        cannot: what people would expect of it and it cannot do, a plain sentence each.
        complete: its report of a day leaves out only what is not so any more, and never what is late. Its days are of
            UTC. Cells that it told before and leaves out are then taken back.
        zero_is_cost: it knows the price of all that it sells, so that tokens which it reports at no cost cost nothing.
            Others report nothing for what they have no price of.
        hours_late: how long after its end an hour may still change, so that it is read again.
        live: whether one limit can be asked for at any time, and says at once what is counted against it.
    """

    name: str
    who: str = ""
    can: frozenset[Capability] = frozenset()
    limited: frozenset[SubjectKind] = frozenset()
    window: Window = "month"
    step_nanos: int = 1
    cannot: tuple[str, ...] = ()
    complete: bool = False
    zero_is_cost: bool = False
    live: bool = False
    hours_late: timedelta = timedelta(hours=6)

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """Everything reported for the days first to last, both included, in the provider's own calendar.

        Pages are streamed. If a page fails for good, it raises: the caller then counts nothing of the call, and asks
        again. A row that cannot be understood is set aside, and the others count.
        """
        raise self._undeclared("charges")

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """What is known of the hours (UTC) from one moment until before another, of an hour that goes on so far.

        They stand beside `charges`, which tells the same use by the day, and count nowhere but for seeing soon what
        goes on. Who tells them in `charges` already does not declare "hours". A cost that is not told by the hour is
        None. A page that fails raises, as there.

        Args:
            since: the beginning of an hour.
            until: the end of the hour that goes on.
        """
        raise self._undeclared("hours")

    def earliest(self, today: date) -> date:
        """The first day that it still tells. Days of a gap before it are said to be missing and not asked for."""
        return date.min

    def marks_before(self, first: date) -> Mapping[date, str]:
        """Days before `first` that it tells, such as those of a file that was put there late.

        Each has a mark that is another one when what it tells of the day is. A day is read when its mark is new.
        """
        return {}

    def people(self) -> Iterator[ProviderIdentity]:
        """Users, keys and teams as the provider knows them."""
        raise self._undeclared("people")

    def model_groups(self) -> Mapping[str, str]:
        """The name by which people ask for a model, by the model's name in charges; as learned from charges told."""
        return {}

    def limits(self) -> Iterator[Limit]:
        """What everybody is allowed now, those without a limit included; pages are streamed."""
        raise self._undeclared("limits")

    def limit(self, subject: Subject) -> Limit | None:
        """What one is allowed now, None if the provider does not know it."""
        raise self._undeclared("limits")

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Allow so much each window, and say what the provider then says: the caller compares.

        It is said once; whether to say it again is the outbox's to decide. Nobody is made who is not there.

        Args:
            subject: one of a kind in `limited`.
            amount_nanos: a multiple of `step_nanos`, 0 to allow nothing; in the currency that `limit` tells.

        Raises:
            UndeliverableError: the provider does not know the subject, or refuses.
        """
        raise self._undeclared("set_limit")

    def before(self, subject: Subject) -> str:
        """What `resume` needs to restore a subject exactly as it is now; it changes nothing."""
        raise self._undeclared("pause")

    def pause(self, subject: Subject) -> None:
        """Block a subject as far as the provider can, at once. Paused twice is paused.

        Raises:
            UndeliverableError: there is nothing that could be blocked, or it did not hold.
        """
        raise self._undeclared("pause")

    def resume(self, subject: Subject, before: str) -> None:
        """Restore a paused subject to what `before` said."""
        raise self._undeclared("pause")

    def increase_requests(self) -> Iterator[IncreaseRequest]:
        """Who waits there for more."""
        raise self._undeclared("increase_requests")

    def answer(self, external_id: str, total_nanos: int | None) -> None:
        """Grant a request there with a new total, or deny it with None. An answered one may be answered again.

        The total is in the currency that `limit` tells of whom it is for.
        """
        raise self._undeclared("increase_requests")

    def seats(self) -> Iterator[ProviderSeat]:
        """Who has a paid place."""
        raise self._undeclared("seats")

    def outcomes(self, first: date, last: date) -> Iterator[ProviderOutcome]:
        """What came of the work on the days first to last, both included."""
        raise self._undeclared("outcomes")

    def credit(self) -> Iterator[ProviderCredit]:
        """What is left of what was paid ahead, of each currency once. It is the account's: all keys have the same."""
        raise self._undeclared("credit")

    def check(self) -> Iterator[CheckLine]:
        """Probe address, key and rights, cheaply and without changing anything. It never raises."""
        try:
            yield from self.probe()
        except OutsideError as trouble:
            yield works(t("{service} answers", service=self.who or self.name), trouble)

    def probe(self) -> Iterator[CheckLine]:
        """What `check` says, a line for each thing; that there is no answer need not be caught."""
        raise NotImplementedError

    def try_key(self) -> None:
        """Ask whether it takes our key for anything, without changing anything: the first thing that it tells will do.

        Raises:
            UnreachableError: it is down.
            RefusesUsError: whatever is asked, the key is refused.
        """
        met = list[OutsideError]()
        try:
            for line in self.probe():
                if line.asked and line.trouble is None:
                    return
                met += [line.trouble] if line.trouble else []
        except OutsideError as trouble:
            met.append(trouble)
        for each in met:
            if isinstance(each, KeyRefusedError):
                raise RefusesUsError(each.why, **each.values) from each
        for each in met:
            if isinstance(each, UnreachableError):
                raise each

    def close(self) -> None:
        """Let connections go."""

    def _undeclared(self, capability: Capability) -> NotImplementedError:
        return NotImplementedError(f"{self.name} does not declare {capability}")
