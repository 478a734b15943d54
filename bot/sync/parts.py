"""A part of a reading fails by itself: what is odd in it is noted for those who read the figures."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from bot.errors import OutsideError
from bot.providers.set_aside import OddRows, Reason, SetAside, setting_aside
from handlers.language import Words, stored
from storage import set_aside
from storage.db import Database
from storage.set_aside import Aside, Part


@contextmanager
def read_apart(
    database: Database, provider: str, part: Part, now: Callable[[], datetime], *, alone: bool = True
) -> Iterator[SetAside]:
    """Read a part of what a provider tells; what is set aside in it, or why it could not be read, is noted.

    Args:
        database: where it is noted.
        provider: whose.
        part: which.
        now: the clock.
        alone: whether trouble ends only this part, and what follows goes on.

    Raises:
        OutsideError: it could not be read, unless `alone`.
    """
    trouble: OutsideError | None = None
    with setting_aside() as odd:
        try:
            yield odd
        except OutsideError as no:
            trouble = no
    found = asides(provider, part, None, odd)
    if trouble:
        found.append(unread(provider, part, None, trouble))
    database.transact(lambda conn: set_aside.replace(conn, provider, part, None, found, now()))
    if trouble and not alone:
        raise trouble


def asides(provider: str, part: Part, day: date | None, odd: Iterable[OddRows]) -> list[Aside]:
    """Odd rows as they are kept; those that name no day are about the one that was asked for."""
    return [Aside(provider, part, each.day or day, each.place, each.field, _kept(each.why), each.rows) for each in odd]


def _kept(why: str) -> str:
    """A reason as it is kept: a plain one is a text of the catalogs itself."""
    return why.kept if isinstance(why, Reason) else why if "{" in why else stored(Words(why))


def unread(provider: str, part: Part, day: date | None, why: object, *, read_before: bool = False) -> Aside:
    """That a day or a part could not be read at all, or not again."""
    place = stored(Words("as it was read before")) if read_before else ""
    return Aside(provider, part, day, place, "", stored(why), None)
