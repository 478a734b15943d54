"""Charges on their way from a provider to the database, kept in a file so that a day may be as large as it likes.

No transaction waits for a network, and an order may have to be run twice. So a day is written down whole first, and is
then read as often as it takes.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from operator import attrgetter
from tempfile import SpooledTemporaryFile
from typing import IO

from storage.charges import Charge

IN_MEMORY_BYTES = 2**20
BATCH_ROWS = 500

_VALUES = attrgetter(*Charge.__dataclass_fields__)


@contextmanager
def spooled(charges: Iterable[Charge]) -> Iterator[Iterable[Charge]]:
    """The same charges, to be gone through any number of times; small days never touch the disk."""
    rows = map(_VALUES, charges)
    with SpooledTemporaryFile(IN_MEMORY_BYTES, "w+", encoding="ascii") as file:
        while batch := list(islice(rows, BATCH_ROWS)):
            file.write(json.dumps(batch, default=datetime.isoformat) + "\n")
        yield _Spool(file)


class _Spool:
    """A line holds many rows: taking them apart one by one would take twice as long."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[Charge]:
        self._file.seek(0)
        for line in self._file:
            for provider, start, *rest in json.loads(line):
                yield Charge(provider, datetime.fromisoformat(start), *rest)
