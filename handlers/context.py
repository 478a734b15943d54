"""What a handler is given: the database, the moment, who speaks and where, the rules; and the outbox."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from sqlalchemy import Connection

from handlers.card import CARD, Card, File
from handlers.events import Event, name_of, to_json
from handlers.money import show_amount, show_estimate
from handlers.place import Place
from handlers.policy import House
from storage import audit, outbox, people
from storage.audit import Deed
from storage.directory import Person

CLOCK = Person(id="clock", name="The clock", roles=("finance", "admin"))
NOWHERE = Place("nowhere", "")
CHAT_PLATFORMS = ("slack", "teams", "web")


@lru_cache(maxsize=1024)
def _day(day: date, form: str, locale: str) -> str:
    return format_date(day, form, locale=locale)


@lru_cache(maxsize=1024)
def _moment(moment: datetime, zone: str, locale: str) -> str:
    return format_datetime(moment, "d MMM HH:mm", tzinfo=ZoneInfo(zone), locale=locale)


@dataclass(frozen=True, slots=True)
class Context:
    """One sentence's surroundings.

    Args:
        conn: read-only for a question; for an order, its one transaction.
        now: the moment, aware UTC.
        person: who speaks.
        place: where.
        house: the rules.
        known: people who were looked up for this sentence, by id; None for nobody.
    """

    conn: Connection
    now: datetime
    person: Person
    place: Place
    house: House
    known: dict[str, Person | None] = field(default_factory=dict, repr=False)

    @property
    def today(self) -> date:
        """The organization's calendar day."""
        return self.now.astimezone(self.house.zone).date()

    @property
    def locale(self) -> str:
        """How the person who speaks writes numbers and dates."""
        return self.person.locale or self.house.organization.locale

    @property
    def account_id(self) -> str:
        """The account of the person who speaks."""
        return f"person/{self.person.id}"

    def somebody(self, person_id: str) -> Person | None:
        """The person under an id, or None; looked up once, for one sentence sees one state of the world."""
        if person_id not in self.known:
            self.known[person_id] = people.person(self.conn, person_id)
        return self.known[person_id]

    # Words ---------------------------------------------------------------------------------------------------------

    def amount(self, units: int, unit: str) -> str:
        """An amount as the person who speaks would write it."""
        return show_amount(units, unit, self.locale)

    def estimate(self, units: int, unit: str) -> str:
        """An amount that is only likely, without cents."""
        return show_estimate(units, unit, self.locale)

    def day(self, day: date) -> str:
        """A day, such as "22 November", in the words of the person's locale."""
        return _day(day, "d MMMM", self.locale)

    def short_day(self, day: date) -> str:
        """A day for the axis of a chart, such as "22 Nov"."""
        return _day(day, "d MMM", self.locale)

    def moment(self, moment: datetime) -> str:
        """A moment in the person's own zone, with the zone's name."""
        zone = self.person.zone or self.house.organization.zone
        local = _moment(moment, zone, self.locale)
        return f"{local} ({zone.rpartition('/')[2].replace('_', ' ')})"

    # Deeds ---------------------------------------------------------------------------------------------------------

    def deed(self, what: str, subject: str, authority: str, details: str = "") -> None:
        """Write down in the audit what the person who speaks did, to what, and on whose authority."""
        said = Deed(self.now, self.person.id, what, subject, authority, str(self.place), details)
        audit.append(self.conn, said)

    # Outbox --------------------------------------------------------------------------------------------------------

    def show(self, key: str, place: Place, card: Card) -> None:
        """Have a place show a card as the message that the key names; a later card under the key replaces it.

        Its details are a message of their own in the thread below it, and so is each file, so that trouble with one
        of them repeats no other.
        """
        above = f"{key}@{place}"
        self._show(above, place, replace(card, thread=()))
        details = tuple(block for block in card.thread if not isinstance(block, File))
        if details:
            below = Card(f"{card.title}: details", details, personal=card.personal)
            self._show(f"{key}/details@{place}", place, below, above)
        for file in (block for block in card.thread if isinstance(block, File)):
            self._show(f"{key}/{file.name}@{place}", place, Card(file.name, (file,), personal=card.personal), above)

    def _show(self, key: str, place: Place, card: Card, below: str = "") -> None:
        said = {"place": place_to_json(place), "card": CARD.dump_python(card, mode="json"), "below": below}
        outbox.ensure(self.conn, key, "show", place.platform, json.dumps(said), self.now, self.now)

    def tell(self, person_id: str, key: str, card: Card, *, again: bool = False) -> bool:
        """Have a person see a card, in private, wherever they talk to us; `again` only changes what they saw.

        Returns:
            Whether there is such a place; somebody who never spoke to us on a platform may have none.
        """
        places = self._places(person_id)
        for place in places:
            if not again or outbox.is_known(self.conn, f"{key}@{place}"):
                self.show(key, place, card)
        return bool(places)

    def tell_below(self, person_id: str, above: Iterable[str], key: str, card: Card) -> None:
        """The same in the thread of what they saw before: of the first of some keys under which they have a message."""
        keys = tuple(above)
        for place in self._places(person_id):
            head = outbox.first_known(self.conn, (f"{each}@{place}" for each in keys))
            self._show(f"{key}@{place}", replace(place, aloud=True), card, head)

    def _places(self, person_id: str) -> list[Place]:
        """Where a person talks to us in private."""
        found = people.identities(self.conn, f"person/{person_id}", CHAT_PLATFORMS)
        return [Place(platform, external_id.rpartition("/")[2]) for platform, external_id in found]

    def pull(self, provider: str, key: str, what: str = "usage", slot: str = "") -> None:
        """Have a provider's usage, limits or requests read; under the same key again for another slot."""
        payload = json.dumps({"what": what, **({"slot": slot} if slot else {})})
        outbox.ensure(self.conn, f"pull/{provider}/{key}", "pull", provider, payload, self.now, self.now)

    def emit(self, key: str, event: Event, due_at: datetime | None = None) -> None:
        """Have an event handled once under a key: after this transaction, or when a later moment has come."""
        name = name_of(type(event))
        payload = to_json(event)
        outbox.ensure(self.conn, f"event/{name}/{key}", "event", "clock", payload, due_at or self.now, self.now)


def place_to_json(place: Place) -> dict[str, object]:
    """A place as it is kept in the outbox."""
    return asdict(place)
