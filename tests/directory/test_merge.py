"""Several people sources as one: what holds for any sources, and what is said where they contradict each other."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cycles import circles
from bot.directory.merge import Merged, Merger
from storage.directory import Agent, Directory, Link, Person, Team, address

IDS = ("ana", "bob", "kim", "max")
ADDRESSES = ("", "ana@x.y", "bob@x.y", "Kim@x.y", "max@x.y")
TEAMS = ("ads", "eng", "search")

persons = st.builds(
    Person,
    id=st.sampled_from(IDS),
    name=st.sampled_from(["", "A", "B"]),
    email=st.sampled_from(ADDRESSES),
    manager=st.sampled_from(["", *IDS]),
    team=st.sampled_from(["", *TEAMS]),
    zone=st.sampled_from(["", "UTC"]),
    roles=st.sampled_from([(), ("finance",)]),
    active=st.booleans(),
)
teams = st.builds(
    Team,
    id=st.sampled_from(TEAMS),
    name=st.sampled_from(["S", "T"]),
    owner=st.sampled_from(["", *IDS]),
    parent=st.sampled_from(["", *TEAMS]),
)
links = st.builds(
    Link,
    platform=st.just("slack"),
    kind=st.just("user"),
    external_id=st.sampled_from(["U1", "U2"]),
    account=st.sampled_from([f"person/{id}" for id in IDS]),
)
directories = st.builds(
    Directory,
    people=st.lists(persons, max_size=4, unique_by=lambda one: one.id).map(tuple),
    teams=st.lists(teams, max_size=3, unique_by=lambda one: one.id).map(tuple),
    agents=st.lists(
        st.builds(Agent, id=st.just("bot"), name=st.just("Bot"), owner=st.sampled_from(IDS)), max_size=1
    ).map(tuple),
    links=st.lists(links, max_size=2, unique_by=lambda one: one.external_id).map(tuple),
)
several = st.lists(directories, max_size=4)
calm = settings(deadline=None)  # other work on the machine is no fault of a merge


def merge(parts: Iterable[Directory]) -> Directory:
    """The sources as one, the weightiest first."""
    merger = Merger()
    for part in parts:
        merger.take("", part)
    return merger.merged().directory


def merged(parts: Iterable[Directory]) -> Merged:
    """The sources as one; they are called app.yaml, people.csv and slack, and the fourth has no name."""
    merger = Merger()
    for name, part in zip(("app.yaml", "people.csv", "slack", ""), parts, strict=False):
        merger.take(name, part)
    return merger.merged()


def differences(*parts: Directory) -> tuple[str, ...]:
    """Where the sources contradict each other."""
    return merged(parts).disagreements


def someone(**said: object) -> Directory:
    """A source that names Ana only."""
    return Directory(people=(replace(Person("ana", "Ana"), **said),))  # type: ignore[arg-type]


# What holds for any sources


class InMemory:
    """People as a large source has them: nobody twice, no address twice, and no circle of those who are there."""

    def __init__(self, part: Directory) -> None:
        seen: set[str] = set()
        people = {}
        for one in part.people:
            email = "" if address(one.email) in seen else address(one.email)
            seen.add(email)
            people[one.id] = replace(one, email=email, manager="" if one.manager == one.id else one.manager)
        around = circles({one.id: one.manager for one in people.values() if one.active})
        for each in (each for circle in around for each in circle):
            people[each] = replace(people[each], manager="")
        self.all = people
        self.said = replace(part, people=(), groups=())

    def touching(self, ids: Collection[str], emails: Collection[str]) -> Iterator[Person]:
        return (one for one in self.all.values() if {one.id, one.manager} & {*ids} or one.email in emails)

    def above(self, person_id: str) -> str:
        return self.all[person_id].manager if person_id in self.all else ""

    def left_with_a_manager(self) -> Iterator[str]:
        return (one.id for one in self.all.values() if not one.active and one.manager)

    def all_but(self, ids: Collection[str]) -> Iterator[Person]:
        return (one for one in self.all.values() if one.id not in ids)


@calm
@given(several, directories)
def test_people_who_are_not_held_in_memory_come_out_the_same(parts: list[Directory], last: Directory) -> None:
    """Only those come in who are named elsewhere, too."""
    many = InMemory(last)
    plain, large = Merger(), Merger()
    for number, part in enumerate(parts):
        plain.take(str(number), part)
        large.take(str(number), part)
    plain.take("last", replace(many.said, people=tuple(many.all.values())))
    large.take_many("last", many)
    expected, found = plain.merged(), large.merged()

    everybody = [*found.directory.people, *found.directory.more]
    assert sorted(map(repr, everybody)) == sorted(map(repr, expected.directory.people))
    assert replace(found.directory, people=(), more=()) == replace(expected.directory, people=())
    assert sorted(found.disagreements) == sorted(expected.disagreements)
    assert sorted(found.left_out) == sorted(expected.left_out)


@calm
@given(several)
def test_nobody_is_twice_and_no_address_is_two_peoples(parts: list[Directory]) -> None:
    """One person, one id, one address."""
    told = merge(parts)
    addresses = [one.email.lower() for one in told.people if one.email]

    assert len({one.id for one in told.people}) == len(told.people)
    assert len(set(addresses)) == len(addresses)
    assert len({team.id for team in told.teams}) == len(told.teams)
    assert len({each.external_id for each in told.links}) == len(told.links)


@calm
@given(several)
def test_nobody_is_lost(parts: list[Directory]) -> None:
    """Whoever is named is there, under that id or another one."""
    told = merged(parts)
    ids = {one.id for one in told.directory.people}

    assert not ids & told.aliases.keys()
    assert ids | told.aliases.keys() == {one.id for part in parts for one in part.people}
    assert ids >= set(told.aliases.values())
    assert {team.id for team in told.directory.teams} == {team.id for part in parts for team in part.teams}


@calm
@given(several)
def test_no_circle_comes_out(parts: list[Directory]) -> None:
    """Neither of managers nor of teams; one link of a circle goes, and nothing else."""
    told = merge(parts)

    assert not circles({one.id: one.manager for one in told.people})
    assert not circles({team.id: team.parent for team in told.teams})


@calm
@given(directories, several)
def test_what_the_first_source_says_stands(first: Directory, others: list[Directory]) -> None:
    """Field by field, but that who has left by any source has left."""
    alone, together = merge([first]), merge([first, *others])
    after = {one.id: one for one in together.people}

    for one in alone.people:
        for field in ("name", "team", "zone", "roles", "email"):
            assert getattr(one, field) in ("", (), getattr(after[one.id], field))
        assert one.active or not after[one.id].active
    for link in alone.links:
        assert link in together.links or link.account.removeprefix("person/") not in after


@calm
@given(several)
def test_who_has_left_by_any_source_has_left(parts: list[Directory]) -> None:
    """A list of people that an admin once wrote must not keep somebody's authority alive."""
    told = merged(parts)
    there = {one.id for one in told.directory.people if one.active}

    for part in parts:
        gone = {told.aliases.get(one.id, one.id) for one in part.people if not one.active}
        assert not gone & there


@calm
@given(several)
def test_merging_twice_changes_nothing(parts: list[Directory]) -> None:
    """What is merged is as good as one source."""
    told = merge(parts)

    assert merge([told]) == told
    assert merge([told, told]) == told


@calm
@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefx"), max_size=6))
def test_every_circle_is_found_once(above: dict[str, str]) -> None:
    """Taking one link out of each leaves a tree."""
    found = circles(above)

    for circle in found:
        assert all(above[each] == circle[(n + 1) % len(circle)] for n, each in enumerate(circle))
        assert circle[0] == min(circle)
    assert len({each for circle in found for each in circle}) == sum(map(len, found))
    assert not circles({each: up for each, up in above.items() if each not in {circle[0] for circle in found}})


# What a later source may add


def test_a_later_source_fills_what_is_empty() -> None:
    """So app.yaml may give a role, HR the manager and Slack the zone."""
    told = merge(
        [someone(roles=("finance",)), someone(manager="max", team="search"), someone(manager="bob", zone="UTC")]
    )

    assert told.people == (Person("ana", "Ana", "", "max", "search", "UTC", roles=("finance",)),)


def test_the_same_address_is_the_same_person_whatever_the_id_and_the_case() -> None:
    """And whoever points at the second id points at the person."""
    first = Directory(people=(Person("ana.silva", "Ana", "Ana@x.y"), Person("tim", "Tim", manager="an")))
    second = Directory(
        people=(Person("an", "A.", "ana@X.y", zone="UTC"), Person("bob", "Bob", "bob@x.y", "an")),
        teams=(Team("s", "S", "an"),),
        agents=(Agent("bot", "Bot", "an"),),
        links=(Link("slack", "user", "U1", "person/an"),),
    )
    told = merge([first, second])

    assert told.people == (
        Person("ana.silva", "Ana", "Ana@x.y", zone="UTC"),
        Person("tim", "Tim", manager="ana.silva"),
        Person("bob", "Bob", "bob@x.y", "ana.silva"),
    )
    assert (told.teams[0].owner, told.agents[0].owner) == ("ana.silva", "ana.silva")
    assert told.links == (Link("slack", "user", "U1", "person/ana.silva"),)


def test_a_team_of_app_yaml_keeps_its_owner_and_gets_the_parent_of_the_export() -> None:
    """What is written counts more than what is counted."""
    told = merge([Directory(teams=(Team("s", "Search", "kim"),)), Directory(teams=(Team("s", "S", "max", "eng"),))])

    assert told.teams == (Team("s", "Search", "kim", "eng"),)


# What is said where they contradict each other


def test_a_disagreement_about_a_manager_is_told() -> None:
    """With who says what, and who counts."""
    assert differences(someone(manager="max"), someone(manager="kim")) == (
        "ana: the manager is max by app.yaml and kim by people.csv; what app.yaml says counts",
    )
    assert differences(someone(), someone(manager="kim"), someone(manager="kim")) == ()
    assert differences(someone(), someone(manager="kim"), someone(manager="max")) == (
        "ana: the manager is kim by people.csv and max by slack; what people.csv says counts",
    )


def test_a_disagreement_about_an_address_is_told() -> None:
    """It may be two people who are taken for one."""
    assert differences(someone(email="ana@x.y"), someone(email="ana@z.y")) == (
        "ana: the address is ana@x.y by app.yaml and ana@z.y by people.csv; what app.yaml says counts",
    )


def test_two_people_of_one_address_in_one_source_are_told() -> None:
    """An address is one person's."""
    part = Directory(people=(Person("ana", "Ana", "a@x.y"), Person("anna", "Anna", "a@x.y")))

    assert differences(part) == ("anna: a@x.y is the address of ana, too; they are taken for one person",)


def test_an_address_that_is_somebody_elses_is_left_out() -> None:
    """The id counts more than the address."""
    first = Directory(people=(Person("ana", "Ana"), Person("bob", "Bob", "b@x.y")))
    second = someone(email="b@x.y")

    assert differences(first, second) == ("ana: b@x.y, from people.csv, is the address of bob; it is left out",)
    assert merge([first, second]).people == first.people


def test_a_circle_over_two_sources_is_told_and_the_later_word_is_left_out() -> None:
    """Two people must not approve each other's requests."""
    first = Directory(people=(Person("ana", "Ana", manager="max"), Person("max", "Max")))
    second = Directory(people=(Person("max", "Max", manager="ana"),), teams=(Team("a", "A", "", "b"),))
    third = Directory(teams=(Team("b", "B", "", "a"),))

    assert merged([first, second, third]).left_out == (
        "max: ana is left out, for ana → max → ana would be a circle",
        "b: a is left out, for a → b → a would be a circle",
    )
    assert merge([first, second]).people == first.people


def test_who_has_left_gives_way_in_a_circle_without_a_word() -> None:
    """Zoe was Ana's manager, and reports to her since; whom she reports to no longer matters to anybody else."""
    told = Directory(people=(Person("zoe", "Zoe", manager="ana"), Person("ana", "Ana", manager="zoe", active=False)))

    assert {one.id: one.manager for one in merge([told]).people} == {"zoe": "ana", "ana": ""}
    assert differences(told) == ()
