"""What the sample company's provider allows its people and keys, kept in a file, so that a demo goes on."""

import json
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from bot.errors import NotFoundError
from bot.providers.base import Limit, ProviderIdentity, kind_of
from storage.limits import Subject

NANOS = 10**9
FIRST_NANOS = {"user": 400 * NANOS, "key": 500 * NANOS}


class State(TypedDict):
    """What is remembered of one."""

    nanos: int
    paused: bool


class SampleLimits:
    """The limits of those who are there. Whoever was never told another has the first one of their kind.

    Args:
        file: where they are kept; None to forget them with the process.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._known: dict[str, State] = json.loads(file.read_text()) if file and file.exists() else {}

    def of(self, members: Iterable[ProviderIdentity]) -> Iterator[Limit]:
        """Everybody's limit."""
        for each in members:
            if each.kind in FIRST_NANOS:
                subject = Subject(each.kind, each.external_id)
                state = self._state(subject)
                yield Limit(subject, state["nanos"], paused=state["paused"], name=each.name)

    def change(self, found: Limit | None, subject: Subject, **values: int | bool) -> None:
        """Remember something of one who is there.

        Raises:
            NotFoundError: nobody of that id is.
        """
        if found is None:
            raise NotFoundError("The sample company has no {kind} {id}", kind=kind_of(subject), id=subject.external_id)
        with self._lock:
            self._known[_key(subject)] = State(**{**self._state(subject), **values})  # type: ignore[typeddict-item]
            if self._file:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.write_text(json.dumps(self._known))

    def _state(self, subject: Subject) -> State:
        return self._known.get(_key(subject)) or State(nanos=FIRST_NANOS[subject.kind], paused=False)


def _key(subject: Subject) -> str:
    return f"{subject.kind}/{subject.external_id}"
