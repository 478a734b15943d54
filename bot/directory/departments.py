"""Departments, or teams, as an HR export has them: a name in a column, and the people who stand beside it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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


def departments_of(ids: DepartmentIds, members: Sequence[DepartmentLine]) -> tuple[tuple[Team, ...], list[LineFault]]:
    """The departments with owner, cost centre and the one above, and what of it could not be used.

    Where lines differ about a department, what most of them say counts. The owner of one is whom a line calls so, else
    the most common manager of its members and of the owners of those below it.

    Args:
        ids: has been asked for every department.
        members: those who count.
    """
    wrong: list[LineFault] = list(ids.wrong)
    parents = _agreed(members, lambda one: one.parent)
    owners = _agreed(members, lambda one: one.owner)
    wrong += [
        (one.line, _other_parent(ids, one, parents)) for one in _differing(members, lambda one: one.parent, parents)
    ]
    wrong += [(one.line, _other_owner(ids, one, owners)) for one in _differing(members, lambda one: one.owner, owners)]
    for circle in circles(parents):
        around = " → ".join(ids.names[each] for each in [*circle, circle[0]])
        line = min(one.line for one in members if one.department in circle and one.parent)
        wrong.append((line, t("a department cannot be part of itself: {names}. That is left out", names=around)))
        for each in circle:
            del parents[each]
    owners = _owners(ids, members, parents, owners)
    centers = _counted(members, lambda one: one.cost_center)
    departments = (
        Team(each, name, owners.get(each, ""), parents.get(each, ""), _most_common(centers[each], ()))
        for each, name in ids.names.items()
    )
    return tuple(departments), wrong


def _other_parent(ids: DepartmentIds, one: DepartmentLine, parents: Mapping[str, str]) -> str:
    return t(
        "the team “{name}” is part of “{department}” by this line and of “{other}” by most; that counts",
        name=ids.names[one.department],
        department=ids.names[one.parent],
        other=ids.names[parents[one.department]],
    )


def _other_owner(ids: DepartmentIds, one: DepartmentLine, owners: Mapping[str, str]) -> str:
    return t(
        "the owner of the team “{name}” is {owner} by this line and {other} by most; that counts",
        name=ids.names[one.department],
        owner=one.owner,
        other=owners[one.department],
    )


def _agreed(members: Sequence[DepartmentLine], said: Callable[[DepartmentLine], str]) -> dict[str, str]:
    """What most lines of each department say; among as many, what the first of them says."""
    return {department: votes.most_common(1)[0][0] for department, votes in _counted(members, said).items()}


def _differing(
    members: Sequence[DepartmentLine], said: Callable[[DepartmentLine], str], agreed: Mapping[str, str]
) -> Iterator[DepartmentLine]:
    """The first line of each department that says something else, for each word that is said."""
    told: set[tuple[str, str]] = set()
    for one in members:
        key = (one.department, said(one))
        if said(one) and said(one) != agreed[one.department] and key not in told:
            told.add(key)
            yield one


def _owners(
    ids: DepartmentIds, members: Sequence[DepartmentLine], parents: Mapping[str, str], said: Mapping[str, str]
) -> dict[str, str]:
    """The owner of each department: whoever a line calls so, else by votes, from the lowest departments up."""
    managers = {one.person: one.manager for one in members}
    votes = _counted(members, lambda one: one.manager)
    inside: dict[str, set[str]] = defaultdict(set)
    for one in members:
        inside[one.department].add(one.person)
    owners: dict[str, str] = {}
    for department in sorted(ids.names, key=lambda each: -_depth(each, parents)):
        owner = owners[department] = said.get(department) or _most_common(votes[department], inside[department])
        if above := managers.get(owner):
            votes[parents.get(department, "")][above] += 1
    return owners


def _counted(members: Iterable[DepartmentLine], said: Callable[[DepartmentLine], str]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in members:
        if word := said(one):
            found[one.department][word] += 1
    return found


def _most_common(votes: Counter[str], inside: Iterable[str]) -> str:
    """The word said most often, "" if none; among equals one that is inside, then the first in the alphabet."""
    most = max(votes.values(), default=0)
    return min((each for each in votes if votes[each] == most), key=lambda each: (each not in inside, each), default="")


def _depth(department: str, parents: Mapping[str, str]) -> int:
    depth = 0
    while department := parents.get(department, ""):
        depth += 1
    return depth
