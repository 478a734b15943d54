"""One odd row never blinds the rest: a row that cannot be understood is set aside with its reason, the others count.

How a provider reads a list:

    for row in understood(api.who, "usage of 2026-11-21", api.pages(ask, "usage"), UsageRow.model_validate):
        ...  # only rows that are as UsageRow wants them come here

`understood` gives what each row means, and sets aside those that raise a ValidationError of pydantic (the shape is not
what we know) or a RowError (what the provider's own rules find wrong). A list within a row is read the same way: let
its field be `list[Any]` or `dict[str, Any]`, and read its items with `understood` or `understood_items`, so that one
odd item does not take its neighbours with it. What stands alone goes through `understood_one`, and what is only found
later, such as parts that are more than the whole, is noted with `set_aside`.

What is no row is still refused with an OutsideError: a page that is no list, a page that came twice, a wrong key. Be as
tolerant as the vendor's own schema: an unknown word, an absent optional field, a null and a cost below zero are normal
and not set aside.

Who reads a provider collects what was set aside with `setting_aside` (bot/sync does). Where nobody collects, an odd row
is refused: nothing is ever left out unnoticed. Who looks for one row in a list that is read elsewhere, too, leaves the
others out by collecting them: `with setting_aside(): found = list(…)`. Don't do that around a `yield`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bot.errors import UndeliverableError
from bot.providers.payload_fields import Word
from bot.secret_shapes import shown
from handlers.language import ENGLISH, N_, Words, said_of, stored

KINDS_MAX = 50
"""Kinds of trouble that are told apart in one reading; the rows of any further kind are counted together."""

Item = TypeVar("Item")
Meaning = TypeVar("Meaning")


class RowError(Exception):
    """A row cannot be understood.

    Args:
        why: what is wrong, without the value: it may be a secret. A text of the catalogs, with named placeholders.
        field: where in the row, "" if it is about all of it.
        values: fill the placeholders.

    """

    def __init__(self, why: str, field: str = "", **values: object) -> None:
        self.why = why if isinstance(why, Reason) else reason(why, **values)
        super().__init__(self.why)
        self.field = field


class Reason(str):
    """What is wrong with a row: in English, and beside that as it is kept, to be said in the reader's language."""

    __slots__ = ("kept",)
    kept: str

    @classmethod
    def of(cls, kept: str) -> "Reason":
        """From what is kept."""
        made = cls(said_of(ENGLISH, kept))
        made.kept = kept
        return made


def reason(why: str, **values: object) -> Reason:
    """What is wrong with a row, by a text of the catalogs and what fills its placeholders."""
    return Reason.of(stored(Words(why, values)))


def not_asked_for(day: object) -> Reason:
    """That a row is about another day than was asked for."""
    return reason("it is about {day}, which was not asked for", day=day)


@dataclass(frozen=True, slots=True)
class OddRows:
    """Rows of one list that have the same thing wrong with them.

    Args:
        place: where the first stood in the answer, such as "usage of 2026-11-21, row 3".
        field: which field of it, "" if it is about all of it.
        why: what is wrong with it; never the value.
        day: the day they are about, None for the day that was asked for, or for none.
        rows: how many.
    """

    place: str
    field: str
    why: str
    day: date | None = None
    rows: int = 1


class SetAside:
    """What was set aside while somebody read."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[date | None, str, str], OddRows] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def __iter__(self) -> Iterator[OddRows]:
        return iter(self._kinds.values())

    def note(self, odd: OddRows) -> None:
        """Count some rows in, those with the same thing wrong together."""
        kind = (odd.day, odd.field, odd.why)
        if kind not in self._kinds and len(self._kinds) >= KINDS_MAX:
            odd = OddRows("", "", "other things", odd.day, odd.rows)
            kind = (odd.day, odd.field, odd.why)
        known = self._kinds.get(kind)
        rows = odd.rows + (known.rows if known else 0)
        first = known or odd
        self._kinds[kind] = OddRows(first.place, first.field, first.why, first.day, rows)


_NAME = TypeAdapter(Word)
_collector: ContextVar[SetAside | None] = ContextVar("collector", default=None)


@contextmanager
def setting_aside() -> Iterator[SetAside]:
    """Collect the odd rows of whatever is read in here, by this thread, instead of refusing them."""
    found = SetAside()
    token = _collector.set(found)
    try:
        yield found
    finally:
        _collector.reset(token)


def is_collected() -> bool:
    """Whether somebody collects what is set aside. Who sets aside more than was asked for is to refuse it otherwise."""
    return _collector.get() is not None


def set_aside(who: str, place: str, field: str, why: str, day: date | None = None, rows: int = 1) -> None:
    """Note a row as not understood, or several of them that have the same thing wrong.

    Args:
        who: the provider, for the sentence if nobody collects.
        place: where it stands, such as "usage of 2026-11-21, row 3".
        field: which field, "" if it is about all of it.
        why: what is wrong; never the value.
        day: as in OddRows.
        rows: how many.

    Raises:
        UndeliverableError: nobody collects what is set aside.
    """
    collector = _collector.get()
    place, field = shown(place), shown(field)
    if collector is None:
        wrong = ": ".join(filter(None, (field, why)))
        raise UndeliverableError(
            "{service} sent {place} that cannot be right, so nothing of it is counted: {wrong}",
            service=who,
            place=place,
            wrong=wrong,
        )
    collector.note(OddRows(place, field, why, day, rows))


def understood(
    who: str, what: str, rows: Iterable[Item], understand: Callable[[Item], Meaning], day: date | None = None
) -> Iterator[Meaning]:
    """What the rows of a list mean, each that can be understood; the others are set aside.

    Args:
        who: the provider, as sentences call it.
        what: name of the list, such as "usage of 2026-11-21".
        rows: as they came; trouble in getting them is raised as it is.
        understand: what one row means, such as the `model_validate` of its shape.
        day: the day that the list is about, None for the day that was asked for, or for none.

    Raises:
        UndeliverableError: a row cannot be understood and nobody collects what is set aside.
    """
    return _each(who, ((f"{what}, row {number}", row) for number, row in enumerate(rows, 1)), understand, day)


def understood_items(
    who: str, what: str, items: Mapping[str, Item], understand: Callable[[Item], Meaning], day: date | None = None
) -> Iterator[tuple[str, Meaning]]:
    """The same of what stands under names, with these."""

    def named(item: tuple[str, Item]) -> tuple[str, Meaning]:
        return _NAME.validate_python(item[0]), understand(item[1])

    return _each(who, ((f"{what}, {item[0]}", item) for item in items.items()), named, day)


def understood_one(
    who: str, place: str, row: Item, understand: Callable[[Item], Meaning], day: date | None = None
) -> Meaning | None:
    """The same of something that stands alone; None if it was set aside."""
    return next(_each(who, [(place, row)], understand, day), None)


def _each(
    who: str, rows: Iterable[tuple[str, Item]], understand: Callable[[Item], Meaning], day: date | None
) -> Iterator[Meaning]:
    for place, row in rows:
        try:
            meaning = understand(row)
        except RowError as wrong:
            set_aside(who, place, wrong.field, wrong.why, day)
        except ValidationError as wrong:
            first = wrong.errors(include_input=False, include_url=False)[0]
            set_aside(who, place, ".".join(map(str, first["loc"])), _of_a_shape(first), day)
        else:
            yield meaning


# What pydantic says of fields, as far as people read it; its own words for all else.
SHAPES = {
    "missing": N_("Field required"),
    "string_type": N_("Input should be a valid string"),
    "int_type": N_("Input should be a valid integer"),
    "int_parsing": N_("Input should be a valid integer, unable to parse string as an integer"),
    "int_from_float": N_("Input should be a valid integer, got a number with a fractional part"),
    "decimal_type": N_("Decimal input should be an integer, float, string or Decimal object"),
    "decimal_parsing": N_("Input should be a valid decimal"),
    "bool_type": N_("Input should be a valid boolean"),
    "list_type": N_("Input should be a valid list"),
    "dict_type": N_("Input should be a valid dictionary"),
    "date_from_datetime_parsing": N_("Input should be a valid date or datetime"),
    "greater_than_equal": N_("Input should be greater than or equal to {ge}"),
    "less_than_equal": N_("Input should be less than or equal to {le}"),
}


def _of_a_shape(error: ErrorDetails) -> str:
    """What is wrong with a field, in words that can be said in the reader's language where we have them."""
    text = SHAPES.get(error["type"], "")
    bounds = {name: str(value) for name, value in error.get("ctx", {}).items() if f"{{{name}}}" in text}
    if text and text.format(**bounds) == error["msg"]:
        return reason(text, **bounds)
    return error["msg"]
