"""A clock for tests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        """The moment."""
        return self.moment

    def forward(self, step: timedelta) -> None:
        """Let time pass."""
        self.moment += step
