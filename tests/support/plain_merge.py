"""Several people sources as one: whoever has the same id or the same e-mail address is the same person.

What an earlier source says stands, field by field; a later one fills what is empty. There are three exceptions. Who has
left by any source has left, for an authority that lingers does more harm than one that is missing. A manager or a team
above that would close a circle is left out. An address that is somebody else's already is left out.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bot.cycles import circles
from bot.texts import t
from handlers.language import N_
from storage.directory import Agent, Directory, Group, Link, Person, Team, address

PERSON, TEAM = "person/", "team/"
_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class Merged:
    """The sources as one.

    Args:
        directory: what they say together.
        aliases: ids by which a source calls somebody who is known by another one.
        disagreements: where they contradict each other, a sentence each.
        left_out: what could not be used, such as a manager of one's own manager, a sentence each.
    """

    directory: Directory
    aliases: Mapping[str, str]
    disagreements: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(slots=True)
class Merger:
    """Takes sources one after the other, the weightiest first, and says at any time what they say together."""

    _people: dict[str, Person] = field(default_factory=dict)
    _teams: dict[str, Team] = field(default_factory=dict)
    _agents: dict[str, Agent] = field(default_factory=dict)
    _links: dict[tuple[str, str, str], Link] = field(default_factory=dict)
    _groups: list[Group] = field(default_factory=list)
    _addresses: dict[str, str] = field(default_factory=dict)  # whose an address is
    _aliases: dict[str, str] = field(default_factory=dict)
    _said_by: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)  # number and name of the source
    _disagreements: list[str] = field(default_factory=list)
    _taken: int = 0

    def take(self, source: str, part: Directory) -> None:
        """Add what a source says.

        Args:
            source: its name in disagreements.
            part: what it says.
        """
        self._taken += 1
        mine = self._identified(part.people)

        def called(person_id: str) -> str:
            return mine.get(person_id, person_id)

        for one in part.people:
            self._person(source, one, mine[one.id], called(one.manager))
        for team in part.teams:
            if team.parent and not (team.id in self._teams and self._teams[team.id].parent):
                self._said_by[TEAM + team.id, "above"] = (self._taken, source)
            self._teams[team.id] = _filled(self._teams.get(team.id), _owned(team, called))
        for agent in part.agents:
            self._agents[agent.id] = _filled(self._agents.get(agent.id), _owned(agent, called))
        self._groups += part.groups
        for link in part.links:
            self._links.setdefault((link.platform, link.kind, link.external_id), _linked(link, called))

    def merged(self) -> Merged:
        """All that was said, without circles, and with everybody under the id that counts."""

        def called(person_id: str) -> str:
            return self._known_as(person_id) or person_id

        people = {one.id: _changed(one, manager=called(one.manager)) for one in self._people.values()}
        strangers = list(self._join_groups(people, called))
        teams = {each.id: _owned(each, called) for each in self._teams.values()}
        gone = {each.id for each in people.values() if not each.active}
        circular = list(self._circular(PERSON, {each.id: each.manager for each in people.values()}, gone))
        for one, _ in circular:
            people[one] = replace(people[one], manager="")
        tangled = list(self._circular(TEAM, {each.id: each.parent for each in teams.values()}, ()))
        for team, _ in tangled:
            teams[team] = replace(teams[team], parent="")
        directory = Directory(
            tuple(people.values()),
            tuple(teams.values()),
            tuple(_owned(each, called) for each in self._agents.values()),
            tuple(_linked(each, called) for each in self._links.values()),
        )
        reasons = [why for one, why in circular if one not in gone] + [why for _, why in tangled]
        return Merged(directory, self._aliases, (*self._disagreements, *strangers), tuple(reasons))

    def _join_groups(self, people: dict[str, Person], called: Callable[[str], str]) -> Iterator[str]:
        """Put people into the groups that list them; a sentence for each whom nobody knows."""
        for group in self._groups:
            for one in map(called, group.people):
                if one in people:
                    people[one] = _changed(people[one], groups=tuple(sorted({*people[one].groups, group.id})))
                else:
                    yield t("the group {name} has somebody in it who is not known: {person}", name=group.id, person=one)

    def _identified(self, people: Iterable[Person]) -> dict[str, str]:
        """The id that counts for each person of a source: theirs, if it is known or the address is not."""
        mine: dict[str, str] = {}
        here = {one.id for one in people}
        for one in people:
            email = address(one.email)
            known = self._known_as(one.id) or self._addresses.get(email, one.id)
            if email:
                self._addresses.setdefault(email, known)
            if known != one.id:
                self._aliases.setdefault(one.id, known)
                if known in here:
                    self._disagree(
                        one.id,
                        t(
                            "{address} is the address of {other}, too; they are taken for one person",
                            address=one.email,
                            other=known,
                        ),
                    )
            mine[one.id] = known
        return mine

    def _known_as(self, person_id: str) -> str:
        return person_id if person_id in self._people else self._aliases.get(person_id, "")

    def _person(self, source: str, one: Person, known: str, manager: str) -> None:
        email, owner = one.email, self._addresses.get(address(one.email), known)
        if owner != known:
            self._disagree(
                known,
                t(
                    "{address}, from {source}, is the address of {other}; it is left out",
                    address=email,
                    source=source,
                    other=owner,
                ),
            )
            email = ""
        said = _changed(one, id=known, email=email, manager="" if manager == known else manager)
        before = self._people.get(known)
        self._compare(source, known, "manager", before.manager if before else "", said.manager)
        self._compare(source, known, "address", address(before.email) if before else "", address(email))
        active = one.active and (before is None or before.active)
        groups = tuple(sorted({*(before.groups if before else ()), *said.groups}))
        self._people[known] = _changed(_filled(before, said), active=active, groups=groups)

    def _compare(self, source: str, who: str, what: Literal["manager", "address"], old: str, new: str) -> None:
        """Remember who was the first to say something, or note that a later source says something else."""
        key = (PERSON + who, "above" if what == "manager" else what)
        if new and not old:
            self._said_by[key] = (self._taken, source)
        elif new and self._aliases.get(old, old) != new:
            first = self._said_by[key][1]
            sentence = (
                N_("the manager is {old} by {first} and {new} by {source}; what {first} says counts")
                if what == "manager"
                else N_("the address is {old} by {first} and {new} by {source}; what {first} says counts")
            )
            self._disagree(who, t(sentence, old=old, new=new, first=first, source=source))

    def _circular(self, kind: str, above: Mapping[str, str], gone: Container[str]) -> Iterator[tuple[str, str]]:
        """What must not stand where it was put, and why: in each circle who has left, or else what was said last."""
        for circle in circles(above):
            last = max(circle, key=lambda each: (each in gone, self._said_by[kind + each, "above"][0], each))
            shown = circle if len(circle) <= _SHOWN_MAX else [*circle[: _SHOWN_MAX - 1], "…"]
            around = " → ".join([*shown, circle[0]])
            yield (
                last,
                t(
                    "{name}: {above} is left out, for {names} would be a circle",
                    name=last,
                    above=above[last],
                    names=around,
                ),
            )

    def _disagree(self, who: str, what: str) -> None:
        self._disagreements.append(t("{name}: {what}", name=who, what=what))


def _filled(before: Any, said: Any) -> Any:
    """The earlier word, with what it left empty from the later one."""
    if before is None:
        return said
    return _changed(before, **{name: getattr(said, name) for name in before.__slots__ if not getattr(before, name)})


def _changed(one: Any, **values: Any) -> Any:
    """The same with other values; itself if they are not other. There may be a million of them."""
    return one if all(getattr(one, name) == value for name, value in values.items()) else replace(one, **values)


def _owned(one: Any, called: Callable[[str], str]) -> Any:
    return _changed(one, owner=called(one.owner))


def _linked(link: Link, called: Callable[[str], str]) -> Link:
    if not link.account.startswith(PERSON):
        return link
    account: Link = _changed(link, account=PERSON + called(link.account.removeprefix(PERSON)))
    return account
