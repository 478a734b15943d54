"""How people and channels are reached: Teams gives the address along with what is said, and never on demand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from storage import conversations, people
from storage.conversations import Conversation
from storage.db import Database

SERVICE_URL = "https://smba.trafficmanager.net/teams"
"""Where messages go whose region we never heard of."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses that are kept.

    Args:
        database: where.
        now: the clock.
    """

    database: Database
    now: Callable[[], datetime]

    def note(self, seen: Conversation) -> None:
        """Keep an address, if it is news."""
        if self.find(seen.place_id) != seen:
            self.database.transact(lambda conn: conversations.note(conn, seen, self.now()))

    def forget(self, place_id: str) -> None:
        """The app was taken away there."""
        self.database.transact(lambda conn: conversations.forget(conn, place_id))

    def find(self, place_id: str) -> Conversation | None:
        """The address of a channel, or of a person's private chat."""
        return self.database.ask(lambda conn: conversations.find(conn, place_id))

    def who_answers(self) -> dict[str, str]:
        """What Teams calls those who may do more than anybody may, by the id of the person."""
        return self.database.ask(_who_answers)

    def person_of(self, member_id: str) -> str | None:
        """The directory's id of somebody who is mentioned."""
        return self.database.ask(lambda conn: conversations.person_of(conn, member_id))

    def service_url(self) -> str:
        """The best guess for a place that was never heard from: that of the last one that was."""
        latest = self.database.ask(conversations.latest)
        return latest.service_url if latest else SERVICE_URL


def _who_answers(conn: Connection) -> dict[str, str]:
    called, ids = conversations.members(conn), people.who_answers(conn)
    known = ((identity, account.removeprefix("person/")) for identity, account in people.members(conn, "teams"))
    return {person_id: called[identity] for identity, person_id in known if identity in called and person_id in ids}
