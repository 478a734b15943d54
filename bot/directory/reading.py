"""Make people, teams and links in the database as the people sources say."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from bot import __version__
from bot.directory.source import Marked, UnusableSourceError
from bot.errors import OutsideError
from bot.texts import in_words, t
from handlers.context import CHAT_PLATFORMS
from handlers.place import UNLINKED
from handlers.policy import Policy
from storage import former_links, outbox, people, people_sources, roster
from storage.db import Database
from storage.directory import Directory, Link

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Learnt:
    """What came of a reading.

    Args:
        why: why nothing was learnt, or "".
        renamed: ids of those who are called otherwise now.
    """

    why: str = ""
    renamed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PeopleReading:
    """Reads the people sources.

    Args:
        database: where people are kept.
        sources: gives all that the people sources say; it may be `Marked`.
        policy: of the organization.
        providers: names of those whose links say whose the spending is.
        now: the clock.
    """

    database: Database
    sources: Callable[[], Directory]
    policy: Policy
    providers: Collection[str]
    now: Callable[[], datetime]

    def read(self, *, anew: bool) -> Learnt:
        """Read the sources, unless they say the same as on the last reading of the day.

        A source that cannot be read, or not be believed, leaves everybody as they were.

        Args:
            anew: read them in any case.

        Raises:
            OutsideError: a source cannot be asked, and nobody is known yet.
            UnusableSourceError: a source contradicts itself, and nobody is known yet.
        """
        try:
            return Learnt(renamed=self._renamed(anew=anew))
        except (OutsideError, UnusableSourceError) as trouble:
            if not self.database.ask(people.active_people):
                raise
            why = in_words(trouble)
        except roster.ShrunkError as shrunk:
            why = t(
                "By the people sources, {n} of {all} people have left at once. Nothing was changed. Check the sources; "
                "if it is true, raise organization.leavers_percent in app.yaml.",
                n=shrunk.leavers,
                all=shrunk.before,
            )
        log.warning("people were not refreshed", why=why)
        return Learnt(why)

    def _renamed(self, *, anew: bool) -> tuple[str, ...]:
        today = self.now().astimezone(self.policy.zone).date()
        mark = self._mark(today)
        if mark and not anew and mark == self.database.ask(people_sources.mark):
            return ()
        directory = self.sources()
        renamed = self._make_so(directory, today, mark)
        if directory.left_out:
            log.warning("some of the people sources cannot be used; see check", how_many=len(directory.left_out))
        return renamed

    def _mark(self, today: date) -> str:
        """What is the same while a reading would bring nothing new; "" if nobody can tell."""
        sources: object = self.sources
        said = sources.mark() if isinstance(sources, Marked) else ""
        return f"{said}/{today}/{self.policy.organization.name}/{__version__}" if said else ""

    def _make_so(self, directory: Directory, today: date, mark: str) -> tuple[str, ...]:
        """Staged and compared while nobody waits; what differs is written in one transaction."""
        organization = self.policy.organization
        with self.database.apart() as apart:
            apart.prepare(lambda conn: roster.stage(conn, directory, organization.name))
            try:
                while True:
                    found = apart.prepare(lambda conn: roster.compare(conn, organization.leavers_percent))
                    if apart.transact(partial(self._write, found, directory.links, today, mark)):
                        return found.renamed
            finally:
                apart.prepare(roster.clear)

    def _write(self, found: roster.Compared, wanted: Iterable[Link], today: date, mark: str, conn: Connection) -> bool:
        """Whether it is written: not if somebody else wrote people since it was compared."""
        people_sources.take_turn(conn)
        if not roster.is_as_compared(conn, found):
            return False
        people_sources.note(conn, mark, self.now())
        at_providers = []
        for some in people.settle(conn, wanted, today):
            at_providers += [each for each in some if each.link.platform in self.providers]
            known = [each.link.account for each in some if each.link.platform in CHAT_PLATFORMS]
            outbox.wake(conn, UNLINKED, [each.removeprefix("person/") for each in known], self.now())
        former_links.settle(conn, at_providers, today, self.now())
        return True
