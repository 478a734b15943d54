"""What spends far above usual at Meridian just now: begun by the demo, so that it shows one whatever the day.

It is kept in a file, so that a later reading of the same hours, in this process or another, says the same.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

SPIKING = "crawler"
USD_HOUR = 90.0
BEGAN_HOURS = 4  # before it is begun
LASTS = timedelta(hours=16)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SampleSpike:
    """Somebody spends so much in each hour, on top of the usual.

    Args:
        spender: who.
        since: the first hour.
        until: the first hour in which it is over.
    """

    spender: str
    since: datetime
    until: datetime


class SampleSpikes:
    """The spikes that were begun.

    Args:
        file: where they are kept; None to forget them with the process.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        kept = json.loads(file.read_text()) if file and file.exists() else []
        self._known = [SampleSpike(who, *map(datetime.fromisoformat, times)) for who, *times in kept]

    def begin(self, now: datetime) -> None:
        """Let a program spend far above usual since some hours ago, unless it does already."""
        if not any(each.since <= now < each.until for each in self._known):
            since = _hour(now) - BEGAN_HOURS * _HOUR
            self._keep([*self._known, SampleSpike(SPIKING, since, _hour(now) + LASTS)])

    def end(self, spender: str, now: datetime) -> None:
        """Let somebody's spike be over with this hour."""
        over = _hour(now) + _HOUR
        known = self._known
        if any(each.spender == spender and over < each.until for each in known):
            ended = [SampleSpike(each.spender, each.since, min(each.until, over)) for each in known]
            self._keep([new if old.spender == spender else old for old, new in zip(known, ended, strict=True)])

    def usd(self, spender: str, hour: datetime) -> float:
        """What somebody spends on top of the usual in an hour."""
        return sum(USD_HOUR for each in self._known if each.spender == spender and each.since <= hour < each.until)

    def ever(self, spender: str) -> bool:
        """Whether a spike of somebody was ever begun."""
        return any(each.spender == spender for each in self._known)

    def _keep(self, spikes: list[SampleSpike]) -> None:
        self._known = spikes
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            kept = [(each.spender, each.since.isoformat(), each.until.isoformat()) for each in spikes]
            self._file.write_text(json.dumps(kept))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
