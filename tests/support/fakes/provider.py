"""A provider that says what a test put into it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from bot.checks import CheckLine, works
from bot.errors import GoneError, OutsideError, UnreachableError
from bot.providers.base import IncreaseRequest, Limit, Provider, ProviderIdentity
from bot.providers.set_aside import set_aside
from storage.charges import Charge
from storage.limits import Subject


@dataclass
class FakeProvider(Provider):
    """Reports `rows` and `members`; raises `trouble` instead, if there is any.

    What it `refuses` with meets whatever is asked, and the question whether the key works, too. A deaf one says yes
    and does nothing; a mute one does it, and its answer is lost. What happens meanwhile happens once, while the next
    limit is on its way. Of the days in `odd` so many rows cannot be understood, and those in `broken` break off.
    """

    can = frozenset({"charges", "people", "limits", "set_limit", "pause", "increase_requests"})
    limited = frozenset({"user", "key", "team", "member"})

    name: str = "llm"
    rows: list[Charge] = field(default_factory=list)
    members: list[ProviderIdentity] = field(default_factory=list)
    trouble: Exception | None = None
    refuses: OutsideError | None = None
    there: dict[Subject, Limit] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    asked: list[IncreaseRequest] = field(default_factory=list)
    answers: dict[str, int | None] = field(default_factory=dict)
    deaf: bool = False
    mute: bool = False
    meanwhile: Callable[[], object] | None = None
    odd: dict[date, int] = field(default_factory=dict)
    odd_rows: int = 0
    broken: frozenset[date] = frozenset()
    breaks_off: OutsideError = field(default_factory=lambda: UnreachableError("The third page did not come"))
    days_asked: list[date] = field(default_factory=list)

    def spends(
        self,
        subject: str,
        dollars: str,
        day: date = date(2026, 11, 21),
        model: str = "claude-sonnet-4-5",
        tokens: int = 1,
    ) -> None:
        """Add, or restate, what somebody spent on a day."""
        whole, _, cents = dollars.partition(".")
        nanos = int(whole) * 10**9 + int((cents + "000000000")[:9])
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        new = Charge(self.name, start, 24, model, subject=subject, tokens_input=tokens, requests=1, cost_nanos=nanos)
        cell = (subject, start, model)
        self.rows = [row for row in self.rows if (row.subject, row.bucket_start, row.model) != cell] + [new]

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """See Provider."""
        self._fail("charges")
        self.days_asked.append(first)
        for number in range(self.odd.get(first, 0)):
            set_aside(self.name, f"usage of {first}, row {number + 1}", "cost", "Field required")
        yield from (row for row in self.rows if first <= row.bucket_start.date() <= last)
        if first in self.broken:
            raise self.breaks_off

    def people(self) -> Iterator[ProviderIdentity]:
        """See Provider."""
        yield from self.members

    def knows(self, *users: str, currency: str = "USD") -> None:
        """Let users be there, without a limit."""
        for user in users:
            self.there[Subject("user", user)] = Limit(Subject("user", user), None, name=user, currency=currency)

    def allows(self, user: str) -> int | None:
        """What a user may spend there, in whole dollars, None for no limit."""
        nanos = self.there[Subject("user", user)].amount_nanos
        return None if nanos is None else nanos // 10**9

    def changes(self, user: str, dollars: int | None) -> None:
        """Somebody changes a limit in the provider's own console."""
        old = self.there[Subject("user", user)]
        self.there[old.subject] = replace(old, amount_nanos=None if dollars is None else dollars * 10**9)

    def limits(self) -> Iterator[Limit]:
        """See Provider."""
        self._fail("limits")
        self._tell_odd("limits")
        yield from list(self.there.values())

    def limit(self, subject: Subject) -> Limit | None:
        """See Provider."""
        self._fail("limit")
        return self.there.get(subject)

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """See Provider."""
        self._fail("set_limit")
        if subject not in self.there:
            raise GoneError(f"{self.name} knows no {subject.external_id}")
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        if not self.deaf:
            self.there[subject] = replace(self.there[subject], amount_nanos=amount_nanos)
        self._lose()
        return self.there[subject]

    def before(self, subject: Subject) -> str:
        """See Provider."""
        self._fail("before")
        if subject not in self.there:
            raise GoneError(f"{self.name} knows no {subject.external_id}")
        return json.dumps({"amount_nanos": self.there[subject].amount_nanos})

    def pause(self, subject: Subject) -> None:
        """See Provider."""
        self._fail("pause")
        if not self.deaf:
            self.there[subject] = replace(self.there[subject], paused=True, amount_nanos=0)
        self._lose()

    def resume(self, subject: Subject, before: str) -> None:
        """See Provider."""
        self._fail("resume")
        self.there[subject] = replace(self.there[subject], paused=False, **json.loads(before))

    def increase_requests(self) -> Iterator[IncreaseRequest]:
        """See Provider."""
        self._fail("increase_requests")
        self._tell_odd("requests")
        yield from [each for each in self.asked if each.external_id not in self.answers]

    def answer(self, external_id: str, total_nanos: int | None) -> None:
        """See Provider."""
        self._fail("answer")
        self.answers[external_id] = total_nanos
        one = next(each for each in self.asked if each.external_id == external_id)
        if total_nanos is not None:
            self.there[one.subject] = replace(self.there[one.subject], amount_nanos=total_nanos)

    def _tell_odd(self, what: str) -> None:
        for number in range(self.odd_rows):
            set_aside(self.name, f"{what}, row {number + 1}", "id", "Field required")

    def _lose(self) -> None:
        if self.mute:
            raise UnreachableError("It broke off in the middle of its answer")

    def _fail(self, what: str) -> None:
        self.calls.append(what)
        for each in filter(None, (self.refuses, self.trouble)):
            raise each

    def probe(self) -> Iterator[CheckLine]:
        """See Provider."""
        yield works(f"{self.name} answers", self.refuses)

    def close(self) -> None:
        """See Provider."""
