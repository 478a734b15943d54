"""Who there is, as a people source tells it: app.yaml, an HR export, a chat directory, the sample company."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Literal
from unicodedata import category, normalize

Role = Literal["finance", "admin", "viewer"]
RESERVED = frozenset({"clock", "rules"})
"""Ids that the bot itself speaks and decides under; nobody may have one of them."""


def visible(written: str) -> str:
    """What somebody wrote, without blanks around it and without the invisible letters that are pasted along.

    Those are of Unicode's category Cf: zero-width spaces, byte-order marks, soft hyphens, marks of direction.
    """
    if written.isascii():
        return written.strip()
    return "".join(letter for letter in written if category(letter) != "Cf").strip()


def address(written: str) -> str:
    """An e-mail address as it is compared and kept: what is visible of it, in one form (NFKC) and in small letters.

    A letter that only looks like one of ASCII stays what it is: the small letter of the Kelvin sign is a plain k, and
    an address with it is another's.
    """
    if written.isascii():
        return written.strip().lower()
    letters = [_small(letter) for letter in visible(written)]
    # Composing would make plain letters of those that look alike.
    return "".join(letters if any(map(_looks_plain, letters)) else normalize("NFC", "".join(letters)))


def _small(letter: str) -> str:
    return letter if _looks_plain(letter) else _folded(letter)


def _folded(letter: str) -> str:
    return normalize("NFKC", letter).casefold()


def _looks_plain(letter: str) -> bool:
    return not letter.isascii() and _folded(letter).isascii()


def has_plain_domain(email: str) -> bool:
    """Whether the domain of an address is plain ASCII, as it is on the wire: others only look like it."""
    return address(email).rpartition("@")[2].isascii()


@dataclass(frozen=True, slots=True)
class Team:
    """A team or department. `parent` is the id of the team above, "" for the organization itself."""

    id: str
    name: str
    owner: str = ""
    parent: str = ""
    cost_center: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who speaks and spends.

    `id` is short, lower case and stays for ever ("ana"). `language` is what they chose themselves, "" for that of their
    locale. `number` is the employee number with the source that gave it, "" if none did: it stays when a name or an
    address changes. `groups` are words across teams, such as ("contractors",).
    """

    id: str
    name: str
    email: str = ""
    manager: str = ""
    team: str = ""
    zone: str = ""
    locale: str = ""
    roles: tuple[Role, ...] = ()
    active: bool = True
    joined: date | None = None
    language: str = ""
    number: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agent:
    """A program that spends: a key or a service with an owner."""

    id: str
    name: str
    owner: str
    team: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An explicit identity: this id over there is that account here.

    Args:
        platform: name of a chat platform or of a provider.
        kind: "user", "key", "team" or "member" (a user within a team).
        external_id: the id over there.
        account: "person/ana", "agent/crawler" or "team/search".
    """

    platform: str
    kind: Literal["user", "key", "team", "member"]
    external_id: str
    account: str


@dataclass(frozen=True, slots=True)
class Group:
    """People across teams, such as contractors, by their ids."""

    id: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """All that one people source says.

    Args:
        people: who there is.
        teams: where they are.
        agents: programs that spend.
        links: explicit identities; they may be too many to be held in memory.
        groups: across teams.
        left_out: what of it could not be used, a sentence each.
        more: people who are too many to be held in memory; they can be gone through once.
    """

    people: tuple[Person, ...] = ()
    teams: tuple[Team, ...] = ()
    agents: tuple[Agent, ...] = ()
    links: Collection[Link] = ()
    groups: tuple[Group, ...] = ()
    left_out: tuple[str, ...] = ()
    more: Iterable[Person] = field(default=(), compare=False)

    def everybody(self) -> Iterator[Person]:
        """All people, those who can be gone through once included."""
        return chain(self.more, self.people)
