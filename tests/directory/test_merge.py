"""Several people sources as one: what holds for any sources, and what is said where they contradict each other."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cycles import circles
from bot.directory.merge import Merged, Merger
from storage.directory import Agent, Directory, Group, Link, Person, Team, address
from tests.support import plain_merge

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
    joined=st.sampled_from([None, date(2026, 2, 28)]),
    groups=st.sampled_from([(), ("interns",), ("contractors", "interns")]),
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
    groups=st.lists(
        st.builds(
            Group,
            st.sampled_from(["contractors", "pilots"]),
            st.lists(st.sampled_from([*IDS, "zoe"]), max_size=3).map(tuple),
        ),
        max_size=1,
    ).map(tuple),
)
several = st.lists(directories, max_size=4)
calm = settings(deadline=None)  # other work on the machine is no fault of a merge


def merge(parts: Iterable[Directory]) -> Directory:
    """The sources as one, the weightiest first."""
    return collected(merged(parts).directory)


def collected(directory: Directory) -> Directory:
    """The same with everybody in memory."""
    return replace(directory, people=tuple(directory.everybody()), links=tuple(directory.links), more=())


def merged(parts: Iterable[Directory]) -> Merged:
    """The sources as one; they are called app.yaml, people.csv and slack, and the fourth has no name."""
    return taken(parts).merged()


def taken(parts: Iterable[Directory]) -> Merger:
    """The same, before they are one."""
    merger = Merger()
    for name, part in zip(("app.yaml", "people.csv", "slack", ""), parts, strict=False):
        merger.take(name, part)
    return merger


def differences(*parts: Directory) -> tuple[str, ...]:
    """Where the sources contradict each other."""
    return merged(parts).disagreements.shown


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


def in_order(directory: Directory) -> Directory:
    """The same with everybody in memory, by id."""
    everybody = sorted(directory.everybody(), key=lambda one: one.id)
    return replace(directory, people=tuple(everybody), links=by_key(directory.links), more=())


def by_key(links: Iterable[Link]) -> tuple[Link, ...]:
    """Links in the order of their keys."""
    return tuple(sorted(links, key=lambda one: (one.platform, one.kind, one.external_id)))


SAME_IDS = st.lists(persons, max_size=5).map(lambda some: Directory(people=tuple(some)))
HAND_OVER = st.sampled_from(["in memory", "many"])
steps = st.lists(st.tuples(st.one_of(directories, directories, SAME_IDS), HAND_OVER), max_size=4)


@calm
@given(steps, st.sampled_from([0, 3, 1_000]))
def test_any_sources_in_any_order_are_merged_as_in_memory(parts: list[tuple[Directory, str]], few: int) -> None:
    """Those that have many people, too, wherever they stand; and so says each step on the way what is known by then."""
    plain, merger = plain_merge.Merger(), Merger(few)
    for number, (part, how) in enumerate(parts, 1):
        many = InMemory(part)
        if how == "many":
            part = replace(many.said, people=tuple(many.all.values()))  # noqa: PLW2901 - what it says is cleaned
            merger.take_many(str(number), many, is_last=number == len(parts))
        else:
            merger.take(str(number), part)
        plain.take(str(number), part)
        if number == len(parts):
            break
        expected = plain.merged()
        assert by_key(merger.so_far().links) == by_key(expected.directory.links)
        assert dict(merger.people) == {one.id: one for one in expected.directory.people}
        assert dict(merger.aliases) == expected.aliases
        assert dict(merger.named) == {address(one.email): one.id for one in expected.directory.people if one.email}
    expected, found = plain.merged(), merger.merged()

    assert in_order(found.directory) == in_order(expected.directory)
    if few and any(how == "many" for _, how in parts):  # only some of them come in, in another order
        assert {*found.disagreements.shown} <= {*expected.disagreements}
    else:
        assert found.disagreements.shown == expected.disagreements[:20]
    assert found.disagreements.count == len(expected.disagreements)
    assert found.left_out == expected.left_out


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
    merger = taken(parts)
    ids, aliases = {*merger.people}, dict(merger.aliases)

    assert not ids & aliases.keys()
    assert ids | aliases.keys() == {one.id for part in parts for one in part.people}
    assert ids >= set(aliases.values())
    assert {team.id for team in merger.merged().directory.teams} == {team.id for part in parts for team in part.teams}


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
    merger = taken(parts)
    aliases = dict(merger.aliases)
    there = {one.id for one in merger.merged().directory.everybody() if one.active}

    for part in parts:
        gone = {aliases.get(one.id, one.id) for one in part.people if not one.active}
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
    assert tuple(told.links) == (Link("slack", "user", "U1", "person/ana.silva"),)


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
    assert differences(someone(), someone(email="ana@x.y"), someone(email="ana@z.y")) == (
        "ana: the address is ana@x.y by people.csv and ana@z.y by slack; what people.csv says counts",
    )


def test_two_ids_of_one_manager_are_no_disagreement() -> None:
    """The first source knew the manager by an id that does not count."""
    boss = Directory(people=(Person("max", "Max", "max@x.y"), Person("mw", "Max", "max@x.y")))

    told = merged([boss, someone(manager="mw"), someone(manager="max")])
    assert told.disagreements.shown == ("mw: max@x.y is the address of max, too; they are taken for one person",)
    assert [one.manager for one in told.directory.everybody()] == ["", "max"]


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


def test_a_circle_through_people_whom_nobody_else_names_is_found() -> None:
    """They stand in a large source, which comes last."""
    merger = Merger()
    merger.take("app.yaml", someone(manager="bob"))
    merger.take_many(
        "people.csv",
        InMemory(Directory(people=(Person("bob", "Bob", manager="kim"), Person("kim", "Kim", manager="ana")))),
        is_last=True,
    )
    told = merger.merged()

    assert told.left_out == ("kim: ana is left out, for ana → bob → kim → ana would be a circle",)
    assert {one.id: one.manager for one in told.directory.everybody()} == {"ana": "bob", "bob": "kim", "kim": ""}


def test_a_circle_of_two_ids_of_one_person_is_none() -> None:
    """Who is known by another id does not come in a second time because a large source has them in a circle."""
    merger = Merger()
    same = (Person("ana", "Ana", "ana@x.y"), Person("kim", "Ana", "ana@x.y"), Person("bob", "Ana", "ana@x.y"))
    merger.take("app.yaml", Directory(people=same))
    gone = (Person("bob", "Bob", manager="kim", active=False), Person("kim", "Kim", manager="bob", active=False))
    merger.take_many("people.csv", InMemory(Directory(people=gone)), is_last=True)

    assert [one.id for one in merger.merged().directory.everybody()] == ["ana"]


def test_who_has_left_gives_way_in_a_circle_without_a_word() -> None:
    """Zoe was Ana's manager, and reports to her since; whom she reports to no longer matters to anybody else."""
    told = Directory(people=(Person("zoe", "Zoe", manager="ana"), Person("ana", "Ana", manager="zoe", active=False)))

    assert {one.id: one.manager for one in merge([told]).people} == {"zoe": "ana", "ana": ""}
    assert differences(told) == ()


def test_of_many_circles_twenty_are_told_and_the_others_counted() -> None:
    """Two exports may contradict each other about everybody."""
    pairs = [(f"a{n:02}", f"b{n:02}") for n in range(22)]
    first = Directory(tuple(Person(one, one, manager=other) for one, other in pairs))
    second = Directory(tuple(Person(other, other, manager=one) for one, other in pairs))
    told = merged([first, second])

    assert told.left_out[0] == "b00: a00 is left out, for a00 → b00 → a00 would be a circle"
    assert told.left_out[19:] == (
        "b19: a19 is left out, for a19 → b19 → a19 would be a circle",
        "and 2 more circles of managers or teams",
    )
    assert not circles({one.id: one.manager for one in told.directory.everybody()})


def test_of_many_differences_twenty_are_told_and_all_are_counted() -> None:
    """In the order of the sources and of the people in them."""
    some = [Person(f"p{n:02}", "P", f"p{n}@x.y") for n in range(30)]
    parts = [Directory(tuple(replace(one, manager=above) for one in some)) for above in ("max", "kim", "bob")]
    told = merged(parts).disagreements

    assert [each.partition(":")[0] for each in told.shown] == [one.id for one in some[:20]]
    assert told.count == 60
