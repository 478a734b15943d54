"""A number for each piece of work, on all lines that it logs; who asked is told it if something broke."""

import random
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from structlog.typing import EventDict, WrappedLogger

Given = ParamSpec("Given")
Made = TypeVar("Made")
NAME = "request"
_number: ContextVar[str] = ContextVar(NAME, default="")


def numbered(work: Callable[Given, Made]) -> Callable[Given, Made]:
    """Let a piece of work have a number; what it calls, such as an event that it raises, has the same."""

    @wraps(work)
    def under_a_number(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        if number():
            return work(*args, **kwargs)
        before = _number.set(f"{random.getrandbits(16):04x}")
        try:
            return work(*args, **kwargs)
        finally:
            _number.reset(before)

    return under_a_number


def number() -> str:
    """The number of what is under way here, "" if nothing is."""
    return _number.get()


def add_number(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Put the number on a line of the log."""
    return {**line, NAME: number()} if number() else line
