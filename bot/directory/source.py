"""What a people source is, what it may know before it is asked, and what it says when it cannot be used."""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, runtime_checkable

from bot.checks import CheckLine
from bot.directory.scratch import Scratch
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
        earlier: what app.yaml and the sources listed before say besides people, merged.
        people: whom they name, by id.
        named: whose an address is by them, as it is compared.
        aliases: ids by which one of them calls somebody who is known by another id.
        remembered: everybody whom the database remembers, those who left included, by id.
        linked: the accounts of the identities in Slack and Teams that were linked before, such as "T1/U1" to
            "person/ana".
    """

    earlier: Directory = field(default_factory=Directory)
    people: Mapping[str, Person] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    remembered: Mapping[str, Person] = field(default_factory=dict)
    linked: Mapping[str, str] = field(default_factory=dict)

    def has(self, person_id: str) -> bool:
        """Whether an id is, or was, somebody's."""
        return person_id in self.people or person_id in self.aliases or self._recalled.has(person_id)

    def by_email(self, email: str) -> str:
        """The id of whoever has the address by an earlier source or else by memory; "" if nobody has."""
        plain = address(email)
        return self.named.get(plain) or self._recalled.by_email(plain)

    @cached_property
    def _recalled(self) -> "_Recalled":
        return _Recalled(self.in_brief())

    def in_brief(self) -> Iterator[tuple[str, str, str, bool]]:
        """Id, address, number and presence of everybody who is remembered, by id."""
        if isinstance(self.remembered, InBrief):
            yield from self.remembered.in_brief()
            return
        for each in sorted(self.remembered):
            one = self.remembered[each]
            yield each, address(one.email), one.number, one.active


class _Recalled:
    """Who is remembered, to be found by a database.

    Args:
        brief: see InBrief.
    """

    def __init__(self, brief: Iterable[tuple[str, str, str, bool]]) -> None:
        self._scratch = Scratch()
        self._scratch("create table known (id text primary key, email text, active integer) without rowid")
        self._scratch.load("known", ((id, email, active) for id, email, _, active in brief))
        self._scratch("create index known_email on known (email) where email <> ''")

    def has(self, person_id: str) -> bool:
        """Whether an id is remembered."""
        return self._scratch.one("select 1 from known where id = ?", person_id) is not None

    def by_email(self, email: str) -> str:
        """The id of whoever has the address; who is there wins over who has left, and then the last id."""
        last = "select id from known where email = ? and email <> '' order by active desc, id desc limit 1"
        return self._scratch.one(last, email) or ""


class Taken(Container[str]):
    """Ids that are somebody's, which may be too many to be listed.

    Args:
        has: whether an id is among some of them; for all.
    """

    def __init__(self, *has: Callable[[str], bool]) -> None:
        self._has = has

    def __contains__(self, person_id: object) -> bool:
        return any(has(str(person_id)) for has in self._has)


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
