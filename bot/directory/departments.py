"""Departments, or teams, as an HR export has them: a name in a column, and the people who stand beside it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.cycles import circles
from bot.directory.names import same_name, slug
from bot.texts import t
from storage.directory import Team

LineFault = tuple[int, str]
"""A line of the file, and what is wrong there as the rest of a sentence."""


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """What a line says of a department.

    Args:
        line: of the file.
        person: id of the member.
        manager: id of the member's manager, "" if none.
        department: id.
        parent: id of the one that it is a part of, "" if none.
        owner: id of whom the line calls the owner of the department, "" if nobody.
        cost_center: "" if none.
    """

    line: int
    person: str
    manager: str
    department: str
    parent: str
    owner: str
    cost_center: str


@dataclass(slots=True)
class DepartmentIds:
    """Finds the id of a department by its name: that of one we know by this name, else the name itself as an id."""

    known: Iterable[Team]
    names: dict[str, str] = field(default_factory=dict, init=False)
    """The name of each department that was asked for, by its id."""
    wrong: list[LineFault] = field(default_factory=list, init=False)
    _ids: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for department in self.known:
            self._ids.setdefault(same_name(department.name), department.id)

    def of(self, name: str, line: int) -> str:
        """The id of the department of that name on that line, "" for no name."""
        same = same_name(name)
        if not same:
            return ""
        made = self._ids.get(same)
        if made is None:
            made = self._ids[same] = slug(name)
            if made in self.names:
                one = t(
                    "the teams “{name}” and “{other}” are taken for one, with the id {id}; to keep them apart, add one "
                    "of them with another id to the teams in app.yaml",
                    name=self.names[made],
                    other=name,
                    id=made,
                )
                self.wrong.append((line, one))
        self.names.setdefault(made, name)
        return made


@dataclass(frozen=True, slots=True)
class Word:
    """What lines say of a department.

    Args:
        said: what.
        count: how many lines say so.
        line: the first of them.
    """

    said: str
    count: int
    line: int


Words = Mapping[str, Sequence[Word]]
"""What is said of each department, each word once; of one of which nothing is said there need be no word."""


class Told(Protocol):
    """What all lines together say of departments, of those people who count."""

    @property
    def parents(self) -> Words:
        """Of which they are a part."""

    @property
    def owners(self) -> Words:
        """Who owns them."""

    @property
    def centers(self) -> Words:
        """Their cost centers."""

    def managers(self) -> Iterator[tuple[str, Counter[str]]]:
        """By department, how many of its people each manager has."""

    def manager_of(self, person: str) -> str:
        """Somebody's manager, "" if they have none or do not count."""

    def is_inside(self, person: str, department: str) -> bool:
        """Whether somebody is one of its people."""


class ToldByMembers:
    """The same, of members who are all in memory."""

    def __init__(self, members: Sequence[DepartmentLine]) -> None:
        self.parents = _words(members, lambda one: one.parent)
        self.owners = _words(members, lambda one: one.owner)
        self.centers = _words(members, lambda one: one.cost_center)
        self._managers = {one.person: one.manager for one in members}
        self._inside = {(one.person, one.department) for one in members}
        self._votes: dict[str, Counter[str]] = defaultdict(Counter)
        for one in members:
            if one.manager:
                self._votes[one.department][one.manager] += 1

    def managers(self) -> Iterator[tuple[str, Counter[str]]]:
        """See Told."""
        yield from self._votes.items()

    def manager_of(self, person: str) -> str:
        """See Told."""
        return self._managers.get(person, "")

    def is_inside(self, person: str, department: str) -> bool:
        """See Told."""
        return (person, department) in self._inside


def _words(members: Sequence[DepartmentLine], said: Callable[[DepartmentLine], str]) -> Words:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[tuple[str, str], int] = {}
    for one in members:
        if word := said(one):
            counts[one.department][word] += 1
            first.setdefault((one.department, word), one.line)
    return {
        department: [Word(word, count, first[department, word]) for word, count in words.items()]
        for department, words in counts.items()
    }


def departments_of(ids: DepartmentIds, told: Told) -> tuple[tuple[Team, ...], list[LineFault]]:
    """The departments with owner, cost centre and the one above, and what of it could not be used.

    Where lines differ about a department, what most of them say counts. The owner of one is whom a line calls so, else
    the most common manager of its members and of the owners of those below it.

    Args:
        ids: has been asked for every department.
        told: what is said of them.
    """
    wrong: list[LineFault] = list(ids.wrong)
    said_parents, said_owners, centers = told.parents, told.owners, told.centers
    parents, owners = _agreed(said_parents), _agreed(said_owners)
    for words, agreed, sentence in ((said_parents, parents, _other_parent), (said_owners, owners, _other_owner)):
        wrong += [
            (one.line, sentence(ids, department, one.said, agreed[department]))
            for department, said in words.items()
            for one in said
            if one.said != agreed[department]
        ]
    for circle in circles(parents):
        around = " → ".join(ids.names[each] for each in [*circle, circle[0]])
        line = min(one.line for each in circle for one in said_parents[each])
        wrong.append((line, t("a department cannot be part of itself: {names}. That is left out", names=around)))
        for each in circle:
            del parents[each]
    owners = _owners(ids, told, parents, owners)
    departments = (
        Team(each, name, owners.get(each, ""), parents.get(each, ""), _most_common_center(centers.get(each, ())))
        for each, name in ids.names.items()
    )
    return tuple(departments), wrong


def _other_parent(ids: DepartmentIds, department: str, said: str, most: str) -> str:
    return t(
        "the team “{name}” is part of “{department}” by this line and of “{other}” by most; that counts",
        name=ids.names[department],
        department=ids.names[said],
        other=ids.names[most],
    )


def _other_owner(ids: DepartmentIds, department: str, said: str, most: str) -> str:
    return t(
        "the owner of the team “{name}” is {owner} by this line and {other} by most; that counts",
        name=ids.names[department],
        owner=said,
        other=most,
    )


def _agreed(words: Words) -> dict[str, str]:
    """What most lines of each department say; among as many, what the first of them says."""
    return {
        department: min(said, key=lambda one: (-one.count, one.line)).said
        for department, said in words.items()
        if department and said
    }


def _most_common_center(words: Sequence[Word]) -> str:
    return min(words, key=lambda one: (-one.count, one.said)).said if words else ""


def _owners(ids: DepartmentIds, told: Told, parents: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """The owner of each department: whoever a line calls so, else by votes, from the lowest departments up.

    There may be very many; only the votes of those that have others below them are kept.
    """
    owners: dict[str, str] = {}
    votes: dict[str, Counter[str]] = {each: Counter() for each in parents.values()}

    def decide(department: str, counted: Counter[str]) -> None:
        owner = owners[department] = said.get(department) or _most_common(department, counted, told)
        above = parents.get(department, "")
        if above and (manager := told.manager_of(owner)):
            votes[above][manager] += 1

    for department, counted in told.managers():
        if department in votes:
            votes[department].update(counted)
        else:
            decide(department, counted)
    for department in ids.names:
        if department not in votes and department not in owners:
            decide(department, Counter())
    for department in sorted(votes, key=lambda each: -_depth(each, parents)):
        decide(department, votes[department])
    return owners


def _most_common(department: str, votes: Counter[str], told: Told) -> str:
    """The word said most often, "" if none; among equals one that is inside, then the first in the alphabet."""
    most = max(votes.values(), default=0)
    first = [each for each in votes if votes[each] == most]
    if len(first) <= 1:
        return "".join(first)
    return min(first, key=lambda each: (not told.is_inside(each, department), each))


def _depth(department: str, parents: Mapping[str, str]) -> int:
    depth = 0
    while department := parents.get(department, ""):
        depth += 1
    return depth
