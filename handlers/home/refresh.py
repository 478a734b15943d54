"""A Home that was opened once shows how things stand now: it is drawn again when something changes."""

from collections.abc import Iterator
from dataclasses import replace

from handlers.context import Context
from handlers.events import RefreshHomes
from handlers.home.first_look import home
from handlers.place import HOME, Place, home_of
from storage import outbox, people
from storage.directory import Person


def refresh_homes(ctx: Context, event: RefreshHomes) -> None:
    """Draw the Homes of some people and of finance again, of those that were ever opened."""
    overseers = [*people.people_with_role(ctx.conn, "finance"), *people.people_with_role(ctx.conn, "admin")]
    concerned = {each.id: each for each in overseers}
    concerned |= people.persons(ctx.conn, set(event.people) - concerned.keys())
    opened = list(_opened(ctx, concerned))
    for person, place in opened:
        theirs = replace(ctx, person=person, place=place)
        theirs.show(HOME, place, replace(home(theirs), language=theirs.language), again=True)


def _opened(ctx: Context, concerned: dict[str, Person]) -> Iterator[tuple[Person, Place]]:
    homes = [
        (concerned[person_id], home_of(place))
        for person_id, places in ctx.places_of(sorted(concerned)).items()
        for place in places
        if concerned[person_id].active
    ]
    known = outbox.known(ctx.conn, {f"{HOME}@{place}" for _, place in homes})
    return ((person, place) for person, place in homes if f"{HOME}@{place}" in known)
