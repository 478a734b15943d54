"""The people of the sample company."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.directory.source import Known
from bot.providers.sample.provider import Sample
from storage.directory import Directory


@dataclass(frozen=True, slots=True)
class SampleDirectory:
    """Who works at the sample company today.

    Args:
        now: the clock.
    """

    now: Callable[[], datetime]

    def read(self, _known: Known) -> Directory:
        """See Source. It never fails."""
        return Sample(now=self.now).directory()
