"""One odd row never blinds the rest: whatever the shape of the rows and whatever is wrong with some of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import create_model

from bot.errors import UndeliverableError
from bot.providers.payload_fields import Body, Count, Dollars, Word
from bot.providers.set_aside import (
    KINDS_MAX,
    OddRows,
    Reason,
    RowError,
    not_asked_for,
    set_aside,
    setting_aside,
    understood,
    understood_items,
    understood_one,
)
from bot.sync.parts import asides
from handlers.language import said_of

SECRET = "sk-ant-admin01-this-must-never-be-shown"
KINDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "count": (Count, st.integers(0, 10**13)),
    "cost": (Dollars, st.decimals(-1000, 1000, places=6)),
    "word": (Word, st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=20)),
    "flag": (bool, st.booleans()),
    "list": (list[Count], st.lists(st.integers(0, 9), max_size=3)),
}
WRONG = (SECRET, {"key": SECRET}, [SECRET], Decimal("NaN"), -(10**40), object())


@dataclass(frozen=True)
class Schema:
    """A shape, how good rows of it are made, and which of its fields must be there."""

    shape: type[Body]
    rows: st.SearchStrategy[dict[str, Any]]
    required: tuple[str, ...]


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """Any fields, some of which may be absent or null; one must be there."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5))
    optional = [False, *(draw(st.booleans()) for _ in kinds[1:])]
    fields: dict[str, Any] = {}
    values: dict[str, st.SearchStrategy[Any]] = {}
    for number, (kind, may_lack) in enumerate(zip(kinds, optional, strict=True)):
        type_, good = KINDS[kind]
        fields[f"f{number}"] = (type_ | None, None) if may_lack else (type_, ...)
        values[f"f{number}"] = st.one_of(good, st.none()) if may_lack else good
    required = tuple(name for name, may_lack in zip(fields, optional, strict=True) if not may_lack)
    absent = {name: values[name] for name in fields if name not in required}
    good_rows = st.fixed_dictionaries({name: values[name] for name in required}, optional=absent)
    return Schema(create_model("Shape", __base__=Body, **fields), good_rows, required)


def spoilt(shape: type[Body], row: dict[str, Any], name: str, how: Any) -> Any:
    """The row with something wrong in a field, if the shape takes it for wrong; None if it does not."""
    bad: Any = {key: value for key, value in row.items() if key != name} if how is None else {**row, name: how}
    with setting_aside() as odd:
        understood_one("Vendor", "a row", bad, shape.model_validate)
    return bad if odd else None


@given(st.data())
def test_all_good_rows_count_and_all_others_are_named(data: st.DataObject) -> None:
    """With the field that is wrong, and never with what stood there."""
    schema = data.draw(schemas())
    good = data.draw(st.lists(schema.rows, max_size=6))
    rows: list[Any] = list(good)
    spoilt_fields: list[str] = []
    for _ in range(data.draw(st.integers(0, 4))):
        name = data.draw(st.sampled_from(schema.required))
        bad = spoilt(schema.shape, data.draw(schema.rows), name, data.draw(st.sampled_from((None, *WRONG))))
        if bad is not None:
            rows.insert(data.draw(st.integers(0, len(rows))), bad)
            spoilt_fields.append(name)
    with setting_aside() as odd:
        found = list(understood("Vendor", "usage", iter(rows), schema.shape.model_validate))
    assert found == [schema.shape.model_validate(row) for row in good]
    assert sum(each.rows for each in odd) == len(spoilt_fields)
    assert {each.field.partition(".")[0] for each in odd} == set(spoilt_fields)
    assert SECRET not in repr(list(odd))


@pytest.mark.parametrize("row", [None, 7, "row", [], [1], float("nan"), {}])
def test_what_is_no_row_at_all_is_set_aside_like_any_other(row: Any) -> None:
    """Its place says which it was."""
    shape = create_model("Shape", __base__=Body, cost=(Dollars, ...))
    with setting_aside() as odd:
        found = list(understood("Vendor", "usage", [{"cost": 1}, row, {"cost": 2}], shape.model_validate))
    assert [each.model_dump() for each in found] == [{"cost": 1}, {"cost": 2}]
    assert [(each.place, each.rows) for each in odd] == [("usage, row 2", 1)]


def test_rows_with_the_same_thing_wrong_are_counted_together() -> None:
    """The place is that of the first; kinds without end are cut off, and no row is lost from the count."""
    with setting_aside() as odd:
        for number in range(3):
            set_aside("Vendor", f"usage, row {number}", "cost", "Field required")
        for number in range(KINDS_MAX * 2):
            set_aside("Vendor", "usage", f"field{number}", "Field required")
    first, *_ = odd
    assert first == OddRows("usage, row 0", "cost", "Field required", None, 3)
    assert len(list(odd)) == KINDS_MAX + 1
    assert sum(each.rows for each in odd) == 3 + KINDS_MAX * 2


def test_where_nobody_collects_an_odd_row_is_refused() -> None:
    """Nothing is ever left out unnoticed."""

    def understand(row: int) -> int:
        if row == 2:
            raise RowError("two is odd", "number")
        return row

    rows = understood("Vendor", "numbers", [1, 2, 3], understand)
    assert next(rows) == 1
    with pytest.raises(UndeliverableError, match=r"numbers, row 2 that cannot be right.*number: two is odd"):
        next(rows)


def test_names_are_rows_too() -> None:
    """A name that no database takes is set aside with what stands under it."""
    with setting_aside() as odd:
        found = dict(understood_items("Vendor", "models", {"a": 1, "b\0": 2, "c" * 999: 3}, lambda item: item))
    assert found == {"a": 1}
    assert sum(each.rows for each in odd) == 2


def test_each_reading_collects_its_own() -> None:
    """Also within another, and after trouble."""

    def read(collect: Callable[[], Any]) -> int:
        with collect() as odd:
            set_aside("Vendor", "a row", "", "odd")
            return len(list(odd))

    with setting_aside() as outer:
        assert read(setting_aside) == 1
        with pytest.raises(ZeroDivisionError), setting_aside():
            raise ZeroDivisionError
        set_aside("Vendor", "a row", "", "odd")
    assert len(list(outer)) == 1


def test_what_is_wrong_is_kept_so_that_it_can_be_said_in_any_language() -> None:
    """A sentence in English for whoever runs it; in the database its text and what fills it, and never twice so."""
    with setting_aside() as odd:
        set_aside("llm", "row 1", "day", not_asked_for(date(2026, 11, 20)))
        set_aside("llm", "row 2", "cost", "it is more than a row can cost")
        set_aside("llm", "row 3", "tag", "it holds {braces}")
    first, second, third = odd
    assert first.why == "it is about 2026-11-20, which was not asked for"
    kept = [each.why for each in asides("llm", "usage", None, (first, second, third))]
    assert json.loads(kept[0]) == {
        "text": "it is about {day}, which was not asked for",
        "values": {"day": "2026-11-20"},
    }
    assert [said_of("en", each) for each in kept] == [first.why, second.why, third.why]
    assert Reason.of(kept[0]) == first.why
