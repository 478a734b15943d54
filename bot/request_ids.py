"""A number for each piece of work, on all lines that it logs; who asked is told it if something broke."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from structlog.contextvars import bound_contextvars, get_contextvars

Given = ParamSpec("Given")
Made = TypeVar("Made")
NAME = "request"


def numbered(work: Callable[Given, Made]) -> Callable[Given, Made]:
    """Let a piece of work have a number; what it calls, such as an event that it raises, has the same."""

    @wraps(work)
    def under_a_number(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        if number():
            return work(*args, **kwargs)
        with bound_contextvars(**{NAME: secrets.token_hex(2)}):
            return work(*args, **kwargs)

    return under_a_number


def number() -> str:
    """The number of what is under way here, "" if nothing is."""
    return str(get_contextvars().get(NAME, ""))
