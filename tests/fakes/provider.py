"""A provider that says what a test put into it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from bot.providers.base import Finding, Member, Provider
from storage.charges import Charge


@dataclass
class FakeProvider(Provider):
    """Reports `rows` and `members`; raises `trouble` instead, if there is any."""

    can = frozenset({"charges", "people"})

    name: str = "llm"
    rows: list[Charge] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    trouble: Exception | None = None

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
        if self.trouble:
            raise self.trouble
        yield from (row for row in self.rows if first <= row.bucket_start.date() <= last)

    def people(self) -> Iterator[Member]:
        """See Provider."""
        yield from self.members

    def check(self) -> Iterator[Finding]:
        """See Provider."""
        yield Finding(f"{self.name} answers", ok=True)

    def close(self) -> None:
        """See Provider."""
