"""Where the guard reads figures."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import Connection

from storage.burn_rate import Bucket


class SpendFigures(Protocol):
    """Where figures are read: `storage.burn_rate`, or a memory for measuring how often the guard is right.

    Live figures, such as those of telemetry, enter here as hours that are told before the provider tells them.
    """

    def latest(self, conn: Connection, provider: str, since: datetime, /) -> Iterable[Bucket]:
        """See storage.burn_rate."""

    def late(
        self, conn: Connection, provider: str, since: datetime, until: datetime, heard: datetime, least_nanos: int, /
    ) -> Iterable[str]:
        """See storage.burn_rate."""

    def strays(self, conn: Connection, first: date, /) -> Mapping[tuple[str, ...], Sequence[Bucket]]:
        """See storage.burn_rate."""

    def hours(self, conn: Connection, account_ids: Sequence[str], first: date, /) -> Mapping[str, Sequence[Bucket]]:
        """See storage.burn_rate."""

    def days(self, conn: Connection, account_ids: Sequence[str], first: date, /) -> Mapping[str, Mapping[date, int]]:
        """See storage.burn_rate."""

    def dear(self, conn: Connection, first: date, end: date, least_nanos: int, /) -> list[str]:
        """See storage.burn_rate."""
