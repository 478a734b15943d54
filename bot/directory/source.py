"""What a people source is, what it may know before it is asked, and what it says when it cannot be used."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, runtime_checkable

from bot.checks import CheckLine
from storage.directory import Directory, Person, address


class UnusableSourceError(Exception):
    """What a people source says contradicts itself, so nothing of it counts. The message has a line for each error."""


@runtime_checkable
class InBrief(Protocol):
    """People whom a database remembers, without all that it knows of them."""

    def in_brief(self) -> Iterator[tuple[str, str, str, bool]]:
        """Id, address, number and presence of everybody, by id."""


@dataclass(frozen=True)
class Known:
    """What is known when a source is asked, so that the same person keeps the same id for ever.

    Args:
        earlier: what app.yaml and the sources listed before say, merged.
        aliases: ids by which one of them calls somebody who is known by another id.
        remembered: everybody whom the database remembers, those who left included, by id.
        linked: the accounts of the identities in Slack and Teams that were linked before, such as "T1/U1" to
            "person/ana".
    """

    earlier: Directory = field(default_factory=Directory)
    aliases: Mapping[str, str] = field(default_factory=dict)
    remembered: Mapping[str, Person] = field(default_factory=dict)
    linked: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def people(self) -> Mapping[str, Person]:
        """Whom the earlier sources name, by id."""
        return {one.id: one for one in self.earlier.people}

    @property
    def ids(self) -> set[str]:
        """Every id that is, or was, somebody's."""
        return {*self.people, *self.aliases, *self.remembered}

    def by_id(self, person_id: str) -> str:
        """The id of whoever has this one, or is called so by an earlier source; "" if nobody is."""
        here = person_id in self.people or person_id in self.remembered
        return person_id if here else self.aliases.get(person_id, "")

    def by_email(self, email: str) -> str:
        """The id of whoever has the address by an earlier source or else by memory; "" if nobody has."""
        plain = address(email)
        return self.named.get(plain) or self._recalled.get(plain, "")

    @cached_property
    def named(self) -> Mapping[str, str]:
        """Whose an address is by the earlier sources."""
        return {address(one.email): one.id for one in self.earlier.people if one.email}

    @cached_property
    def _recalled(self) -> Mapping[str, str]:
        """Who is there comes last and so wins over who has left."""
        everybody = sorted(self.remembered.values(), key=lambda one: (one.active, one.id))
        return {address(one.email): one.id for one in everybody if one.email}

    def in_brief(self) -> Iterator[tuple[str, str, str, bool]]:
        """Id, address, number and presence of everybody who is remembered, by id."""
        if isinstance(self.remembered, InBrief):
            yield from self.remembered.in_brief()
            return
        for each in sorted(self.remembered):
            one = self.remembered[each]
            yield each, address(one.email), one.number, one.active

    def by_number(self, number: str) -> str:
        """The id of the one who is remembered under an employee number, "" if nobody or several are."""
        return self._numbered.get(number, "") if number else ""

    @cached_property
    def _numbered(self) -> Mapping[str, str]:
        count = Counter(one.number for one in self.remembered.values())
        return {one.number: one.id for one in self.remembered.values() if one.number and count[one.number] == 1}


@runtime_checkable
class Probed(Protocol):
    """A people source whose rights `check` can try."""

    def check(self) -> Iterator[CheckLine]:
        """Probe address, secret and rights, cheaply."""


@runtime_checkable
class Marked(Protocol):
    """Something that can tell without reading whether it says the same as before."""

    def mark(self) -> str:
        """A text that changes whenever what is said on one day may change, "" if that can't be told now."""


class Source(Protocol):
    """Names people, teams, agents and links."""

    def read(self, known: Known) -> Directory:
        """All that the source says, or nothing.

        Raises:
            UnusableSourceError: it contradicts itself.
            OutsideError: it cannot be asked.
        """


class Many(Protocol):
    """People of a source who are not held in memory."""

    said: Directory
    """What the source says besides them."""

    def touching(self, ids: Collection[str], emails: Collection[str]) -> Iterator[Person]:
        """Those who have one of these ids or addresses, or one of these as their manager; some perhaps twice."""

    def above(self, person_id: str) -> str:
        """Somebody's manager, "" if they have none or are not among them."""

    def left_with_a_manager(self) -> Iterator[str]:
        """The ids of those who have left, had a manager, and are somebody's manager."""

    def all_but(self, ids: Collection[str]) -> Iterator[Person]:
        """Everybody but some. It is the last thing that is asked."""


@runtime_checkable
class Large(Protocol):
    """A people source that can be read without holding everybody in memory."""

    def open(self, known: Known) -> Many:
        """See Source.read."""
