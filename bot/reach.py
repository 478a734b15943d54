"""Messages for people of whom no chat account is known: they are looked for, and what waits reaches them then."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection

from bot.errors import UnreachableError
from bot.ports import Knows, Platform
from handlers.context import CHAT_PLATFORMS, place_to_json, places_of_identities
from handlers.place import UNLINKED, Place
from storage import outbox, people
from storage.db import Database
from storage.directory import Person
from storage.outbox import NewItem, OutboxItem

AGAIN_S = 6 * 3600.0
"""After so long somebody is looked for again. Whoever writes first, or is linked, is reached at once."""


class NoAccountError(UnreachableError):
    """Nobody knows an account of somebody in a chat."""


@runtime_checkable
class Finds(Protocol):
    """A platform that can look somebody up."""

    def find(self, email: str) -> str:
        """The identity of the one member with a verified address, such as "workspace/user"; "" if there is none.

        Raises:
            OutsideError: the platform cannot be asked.
        """


@dataclass(slots=True)
class Reach:
    """Looks for people, each once in a round of delivery.

    Args:
        database: where people and their accounts are.
        platforms: those that this process can show cards on, by name.
        knows: links an account to a person.
        workspaces: of Slack, if there are several.
    """

    database: Database
    platforms: Mapping[str, Platform]
    knows: Knows
    workspaces: Sequence[str] = ()
    missed: set[str] = field(default_factory=set)

    def forward(self, item: OutboxItem, now: datetime) -> str:
        """Hand a message on to the places of whom it is for; it is dropped if they have left.

        Raises:
            NoAccountError: no account of theirs is known.
            OutsideError: a platform cannot be asked.
        """
        person = self._person(item)
        if person is None or not person.active:
            return "left"
        places = self._places(person)
        if not places:
            self.missed.add(person.id)
            raise NoAccountError("No chat account of {name} is known.", AGAIN_S, name=person.name)
        self.database.transact(lambda conn: _forward(conn, item, places, now))
        return "forwarded"

    def _person(self, item: OutboxItem) -> Person | None:
        person_id = json.loads(item.payload)["place"]["id"]
        return self.database.ask(lambda conn: people.person(conn, person_id))

    def _places(self, person: Person) -> list[Place]:
        known = self._known(person)
        if known or person.id in self.missed or not person.email:
            return known
        for name, platform in self.platforms.items():
            identity = platform.find(person.email) if isinstance(platform, Finds) else ""
            if identity:
                self.knows.introduce(name, identity, person.email)
        return self._known(person)

    def _known(self, person: Person) -> list[Place]:
        found = self.database.ask(lambda conn: people.identities(conn, [person.id], CHAT_PLATFORMS))
        return places_of_identities(found[person.id], self.workspaces)


def _forward(conn: Connection, item: OutboxItem, places: list[Place], now: datetime) -> None:
    """Say the same at each place, unless something newer was said there.

    All else that waits for the person is said there as well, as old as it is: what is said later must not overtake it.
    """
    waiting = outbox.waiting_for(conn, UNLINKED, json.loads(item.payload)["place"]["id"])
    keys = {_key(each, place): (each, place) for each in waiting for place in places}
    said = outbox.known(conn, keys)
    moved = [_at(key, each, place) for key, (each, place) in keys.items() if key not in said]
    outbox.ensure_all(conn, moved, now)


def _key(item: OutboxItem, place: Place) -> str:
    was = Place(**json.loads(item.payload)["place"])
    return item.key.removesuffix(f"@{was}") + f"@{place}"


def _at(key: str, item: OutboxItem, place: Place) -> NewItem:
    payload = json.loads(item.payload)
    was = Place(**payload["place"])
    below = payload["below"].replace(f"@{UNLINKED}:{was.id}", f"@{place}")
    there = place_to_json(replace(place, aloud=was.aloud))
    said = json.dumps({**payload, "place": there, "below": below})
    return NewItem(key, "show", place.platform, said, item.due_at)
