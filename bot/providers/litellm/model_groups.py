"""By which names people ask LiteLLM for models: its model groups, while its usage names deployments.

The usage of a page is told twice, by deployment and by group, and never by both. A key that used one group used all its
deployments under it; of a key that used several, those belong together of which the same is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

DAYS_MAX = 62

ByKey = Mapping[str, Mapping[str, Any]]
"""What each key used, by the name of a model or of a group."""


@dataclass(slots=True)
class ModelGroups:
    """What was learned of the names of models, by day."""

    _days: dict[date, dict[str, set[str]]] = field(default_factory=dict)

    def forget(self, day: date) -> None:
        """Let a day be told anew."""
        self._days.pop(day, None)
        while len(self._days) >= DAYS_MAX:
            del self._days[min(self._days)]

    def learn(self, day: date, models: ByKey, groups: ByKey) -> None:
        """Learn from a page.

        Args:
            day: of which it is.
            models: what each key used of each model.
            groups: what each key used of each group.
        """
        known = self._days.setdefault(day, {})
        for key, used in models.items():
            asked = {name: what for name, what in groups.get(key, {}).items() if name}
            for model, what in used.items():
                found = list(asked) if len(asked) == 1 else [name for name, same in asked.items() if same == what]
                known.setdefault(model, set()).update(found)

    def names(self) -> dict[str, str]:
        """The group of each model, by the latest day that it was used on; its own name where it has several."""
        found: dict[str, str] = {}
        for day in sorted(self._days):
            for model, groups in self._days[day].items():
                if groups:
                    found[model] = next(iter(groups)) if len(groups) == 1 else model
        return found


def by_key(told: Sequence[tuple[str, str, Any]]) -> dict[str, dict[str, Any]]:
    """What each key used, from rows of a name, a key and what was used."""
    found: dict[str, dict[str, Any]] = {}
    for name, key, what in told:
        found.setdefault(key, {})[name] = what
    return found
