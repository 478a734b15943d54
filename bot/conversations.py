"""How people and channels of Teams are reached, kept in the database: see Conversations in bot/ports.py."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from storage import conversations, people
from storage.conversations import Conversation
from storage.db import Database


@dataclass(frozen=True, slots=True)
class StoredConversations:
    """The conversations that are kept.

    Args:
        database: where.
        now: the clock.
    """

    database: Database
    now: Callable[[], datetime]

    def note(self, seen: Conversation) -> None:
        """See Conversations."""
        if self.find(seen.place_id) != seen:
            self.database.transact(lambda conn: conversations.note(conn, seen, self.now()))

    def forget(self, place_id: str) -> None:
        """See Conversations."""
        self.database.transact(lambda conn: conversations.forget(conn, place_id))

    def find(self, place_id: str) -> Conversation | None:
        """See Conversations."""
        return self.database.ask(lambda conn: conversations.find(conn, place_id))

    def who_answers(self) -> dict[str, str]:
        """See Conversations."""
        return self.database.ask(_who_answers)

    def person_of(self, member_id: str) -> str | None:
        """See Conversations."""
        return self.database.ask(lambda conn: conversations.person_of(conn, member_id))

    def latest(self) -> Conversation | None:
        """See Conversations."""
        return self.database.ask(conversations.latest)


def _who_answers(conn: Connection) -> dict[str, str]:
    called, ids = conversations.members(conn), people.who_answers(conn)
    known = ((identity, account.removeprefix("person/")) for identity, account in people.members(conn, "teams"))
    return {person_id: called[identity] for identity, person_id in known if identity in called and person_id in ids}
