"""Charges on their way from a provider to the database, kept in a file so that a day may be as large as it likes.

No transaction waits for a network, and an order may have to be run twice. So a day is written down whole first, and is
then read as often as it takes.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from operator import attrgetter
from tempfile import SpooledTemporaryFile
from typing import IO

from storage.charges import Charge

IN_MEMORY_BYTES = 2**20

_VALUES = attrgetter(*Charge.__dataclass_fields__)


@contextmanager
def spooled(charges: Iterable[Charge]) -> Iterator[Iterable[Charge]]:
    """The same charges, to be gone through any number of times; small days never touch the disk."""
    with SpooledTemporaryFile(IN_MEMORY_BYTES, "w+", encoding="ascii") as file:
        for charge in charges:
            provider, start, *rest = _VALUES(charge)
            file.write(json.dumps((provider, start.isoformat(), *rest)))
            file.write("\n")
        yield _Spool(file)


class _Spool:
    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[Charge]:
        self._file.seek(0)
        for line in self._file:
            provider, start, *rest = json.loads(line)
            yield Charge(provider, datetime.fromisoformat(start), *rest)
