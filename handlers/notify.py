"""Cards for everybody who holds a role."""

from collections.abc import Callable
from dataclasses import replace

from handlers.card import Card
from handlers.context import Context
from storage import people


def tell_finance(ctx: Context, key: str, make: Callable[[Context], Card]) -> None:
    """Show everybody of finance a card, in their own words of numbers and dates."""
    finance = people.people_with_role(ctx.conn, "finance")
    ctx.places_of([each.id for each in finance])
    for person in finance:
        reader = replace(ctx, person=person)
        reader.tell(person.id, key, make(reader))
