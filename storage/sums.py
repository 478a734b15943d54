"""Sums that cannot overflow: what people ask for and move is theirs to choose, and any number of them may."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func

_PART = 10**9


def halves(column: ColumnElement[int]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The sum of a column as two: of what is above 10⁹, and of the rest. Each fits in 64 bits for 10⁹ rows and more."""
    return _sum(column // _PART), _sum(column % _PART)


def parts(column: ColumnElement[int]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """A column as the same two, for the statement that has sums beside it."""
    return cast(column // _PART, BigInteger), cast(column % _PART, BigInteger)


def _sum(column: ColumnElement[int]) -> ColumnElement[Any]:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def whole(high: int, low: int) -> int:
    """The sum that two halves are."""
    return high * _PART + low
