"""A past that is made up: what everybody used, held in memory."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from handlers.planning.history import DayUse, InAll


@dataclass(frozen=True)
class HeldUses:
    """What was used, by day, as the database tells it."""

    days: Mapping[date, Mapping[str, DayUse]]

    def by_day(
        self, first: date, end: date, only: Collection[str] | None = None
    ) -> Iterator[tuple[date, Mapping[str, DayUse]]]:
        """Day by day."""
        for day, uses in sorted(self.days.items()):
            here = {one: use for one, use in uses.items() if only is None or one in only}
            if here and first <= day < end:
                yield day, here

    def in_all(self, first: date, end: date) -> Iterator[InAll]:
        """In all."""
        found: dict[str, list[DayUse]] = defaultdict(list)
        for _, uses in self.by_day(first, end):
            for one, use in uses.items():
                found[one].append(use)
        for one, uses_ in sorted(found.items()):
            kept = tuple(spent for use in uses_ for spent in use.kept)
            free = tuple(spent for use in uses_ for spent in use.free)
            most = DayUse(*(tuple(each for each in part if each.cost_nanos > 0) for part in (kept, free)))
            yield InAll(one, DayUse(kept, free), most)
