"""Traces: how long each piece of work took, and what it was part of. Off until somebody wants them.

What OpenTelemetry needs is in `bot/otel.py` and imported only then. As in the metrics, a span says kinds, names of
commands, platforms and providers: no people, no places, no texts.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

Attributes = Mapping[str, str | int]


class Span(Protocol):
    """A piece of work that is under way."""

    def note(self, name: str, value: str | int) -> None:
        """Say something of it that is known only now."""


class _Untraced:
    """A piece of work of which no trace is kept."""

    def note(self, name: str, value: str | int) -> None:
        """See Span."""


Begin = Callable[[str, Attributes, Mapping[str, str]], AbstractContextManager[Span]]
_NOBODY: Mapping[str, str] = {}
_UNTRACED = nullcontext[Span](_Untraced())
_begins: list[Begin] = []


@contextmanager
def traced_by(begin: Begin) -> Iterator[None]:
    """Keep traces of all work of this process, for as long as this is open."""
    _begins.append(begin)
    try:
        yield
    finally:
        _begins.remove(begin)


def span(name: str, attributes: Attributes, caller: Mapping[str, str] = _NOBODY) -> AbstractContextManager[Span]:
    """A piece of work, from now until the block ends.

    Args:
        name: such as "sentence balance".
        attributes: what else is known of it.
        caller: the headers in which somebody else says what it is part of, such as `traceparent` (W3C Trace Context).
    """
    return _begins[-1](name, attributes, caller) if _begins else _UNTRACED
