"""Identities that are too many to be held in memory: they stand in a scratch database, and are gone through there."""

from collections.abc import Collection, Iterator

from bot.directory.scratch import Scratch
from storage.directory import Link


class StagedLinks(Collection[Link]):
    """Links that a statement finds, each time anew.

    Args:
        scratch: where they are.
        statement: gives platform, kind, id over there and account of each.
    """

    def __init__(self, scratch: Scratch, statement: str) -> None:
        self._scratch = scratch
        self._statement = statement

    def __iter__(self) -> Iterator[Link]:
        return (Link(*row) for row in self._scratch(self._statement))

    def __len__(self) -> int:
        return int(self._scratch.one(f"select count(*) from ({self._statement})"))  # noqa: S608 - our own

    def __contains__(self, one: object) -> bool:
        return any(one == each for each in self)
