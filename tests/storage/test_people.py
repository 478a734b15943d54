"""People, teams and links, as the sources say."""

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event

from storage import people, usage_history
from storage.db import Database
from storage.directory import Agent, Directory, Link, Person, Team, address
from storage.roster import ShrunkError

TODAY = date(2026, 11, 1)
HERE = Directory(
    people=(
        Person("ana", "Ana Silva", "Ana@X.example", "max", "search"),
        Person("max", "Max Weber", "max@x.example", team="search"),
    ),
    teams=(Team("eng", "Engineering", "max"), Team("search", "Search", "max", "eng")),
    agents=(Agent("crawler", "Crawler", "max", "search"),),
    links=(Link("slack", "user", "T1/U1", "person/ana"),),
)


@pytest.fixture
def company(database: Database) -> Database:
    """Two people, two teams, an agent."""
    database.transact(lambda conn: people.apply(conn, HERE, TODAY))
    return database


def test_the_tree_knows_every_account_above(company: Database) -> None:
    """A person stands below the team, the department and the organization."""
    line = company.ask(lambda conn: people.line(conn, "person/ana"))
    assert [each.id for each in line] == ["person/ana", "team/search", "team/eng", "org"]


def test_what_several_rows_say_alike_is_in_memory_once_for_whoever_reads_all_of_them(company: Database) -> None:
    """A driver makes each id and name anew for every row."""

    def read(conn: Connection) -> tuple[Any, ...]:
        same: dict[Any, Any] = {}
        accounts = {each.id: each for each in people.accounts_ever(conn, same)}
        persons = {each.id: each for each in people.active_people(conn, same)}
        lines = usage_history.lines(conn, "org", TODAY, date(2026, 12, 1), same)
        return accounts, persons, [each for each in lines if each.account_id == "person/ana"]

    accounts, persons, above = company.ask(read)

    account, ana, team = accounts["person/ana"], persons["ana"], accounts["team/search"]
    assert (account.owner_id, account.name, account.parent_id) == ("ana", "Ana Silva", "team/search")
    assert account.owner_id is ana.id
    assert account.name is ana.name
    assert account.parent_id is team.id
    assert team.owner_id is ana.manager is persons["max"].id
    assert len(above) == 4
    assert all(each.account_id is account.id for each in above)
    assert all(each.ancestor_id is accounts[each.ancestor_id].id for each in above)


def test_an_owner_owns_what_is_below(company: Database) -> None:
    """Max owns Engineering and so Ana's account; Ana owns only her own."""
    owned = [("max", "person/ana"), ("max", "team/search"), ("ana", "person/ana"), ("ana", "team/search")]
    lines = company.ask(lambda conn: [people.line(conn, account_id) for _, account_id in owned])
    assert [people.owns(who, line) for (who, _), line in zip(owned, lines, strict=True)] == [True, True, True, False]


def test_an_email_is_found_in_any_case_and_only_if_it_is_one_persons(company: Database) -> None:
    """Two people under one address are nobody."""
    assert company.ask(lambda conn: people.person_by_email(conn, " ANA@x.exam\u200bple")) is not None
    twice = replace(HERE, people=(*HERE.people, Person("eve", "Eve", "ana@x.example")))
    company.transact(lambda conn: people.apply(conn, twice, TODAY))

    assert company.ask(lambda conn: people.person_by_email(conn, "ana@x.example")) is None


def test_a_letter_that_only_looks_alike_makes_another_address(company: Database) -> None:
    """In small letters a Kelvin sign would be a plain k; an umlaut has a small letter of its own."""
    assert address("\N{KELVIN SIGN}im@x.example") != address("kim@x.example")
    assert address("JÖRG@x.example") == "jörg@x.example"
    twin = replace(HERE, people=(*HERE.people, Person("kim", "Kim", "kim@x.example")))
    company.transact(lambda conn: people.apply(conn, twin, TODAY))

    assert company.ask(lambda conn: people.person_by_email(conn, "\N{KELVIN SIGN}im@x.example")) is None
    assert company.ask(lambda conn: people.person_by_email(conn, "KIM@x.example")) is not None


def test_who_is_missing_from_the_sources_has_left_and_keeps_the_history(company: Database) -> None:
    """The person stays, inactive."""
    company.transact(lambda conn: people.apply(conn, replace(HERE, people=HERE.people[1:]), TODAY))
    ana = company.ask(lambda conn: people.person(conn, "ana"))

    assert ana is not None
    assert not ana.active


def test_a_source_that_suddenly_loses_the_company_is_not_believed(company: Database) -> None:
    """A broken export must not lock everybody out."""
    many = replace(HERE, people=tuple(Person(f"p{n:02}", f"P {n}") for n in range(50)))
    company.transact(lambda conn: people.apply(conn, many, TODAY))

    fewer = replace(many, people=many.people[:20])
    with pytest.raises(ShrunkError, match="30 of 50 people have left at once"):
        company.transact(lambda conn: people.apply(conn, fewer, TODAY))
    with pytest.raises(ShrunkError):
        company.transact(lambda conn: people.apply(conn, fewer, TODAY, leavers_percent=59))
    assert len(company.ask(people.active_people)) == 50
    company.transact(lambda conn: people.apply(conn, fewer, TODAY, leavers_percent=60))
    assert len(company.ask(people.active_people)) == 20


def test_an_explicit_link_is_never_replaced_by_a_found_one(company: Database) -> None:
    """What an admin wrote stands."""
    found = Link("slack", "user", "T1/U1", "person/max")

    assert not company.transact(lambda conn: people.link(conn, found, "email"))
    assert company.ask(lambda conn: people.linked(conn, "slack", "user", "T1/U1")) == "person/ana"
    assert company.transact(lambda conn: people.link(conn, found, "explicit"))


def test_links_come_in_some_at_a_time_as_if_at_once(company: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each part those of accounts that nobody names are left out, and what changed is told with whose it was."""
    monkeypatch.setattr(people, "LINKS_AT_ONCE", 2)
    first = [Link("slack", "user", f"T1/U{n}", "person/ana" if n % 2 else "person/zoe") for n in range(1, 8)]
    later = [replace(each, account="person/max") for each in first if each.external_id in ("T1/U3", "T1/U7")]
    found = [Link("teams", "user", "A", "person/max"), *(each for each in first if each.account == "person/ana")]

    new = company.transact(lambda conn: people.apply(conn, replace(HERE, links=first), TODAY))
    moved = company.transact(lambda conn: people.apply(conn, replace(HERE, links=later), TODAY))
    once = company.transact(lambda conn: people.link_all(conn, ((each, "address", "") for each in found)))

    assert [each.link.external_id for each in new] == ["T1/U3", "T1/U5", "T1/U7"]
    assert [(each.link.external_id, each.link.account, each.was) for each in moved] == [
        ("T1/U3", "person/max", "person/ana"),
        ("T1/U7", "person/max", "person/ana"),
    ]
    assert [each.link.external_id for each in once] == ["A"]


def test_a_move_back_on_the_same_day_leaves_one_line(company: Database) -> None:
    """Moving to and fro within a day neither fails nor doubles the tree."""
    away = replace(HERE, people=(replace(HERE.people[0], team="eng"), HERE.people[1]))
    for directory in (away, HERE, away, HERE):
        company.transact(partial(people.apply, directory=directory, today=date(2026, 11, 5)))

    assert "team/search" in {each.id for each in company.ask(lambda conn: people.line(conn, "person/ana"))}


NAMED = Directory(
    people=(
        Person("emile", "Émile Zola", "emile@x.example"),
        Person("oegmundur", "Ögmundur ÞÓR", "oe@x.example"),
        Person("wei", "王伟", "wei@x.example", roles=("finance",), groups=("contractors",)),
        Person("gone", "Gone Girl", active=False, roles=("admin",), groups=("interns",)),
    )
)


@pytest.mark.parametrize(
    ("said", "whom"),
    [
        ("émile zola", "person/emile"),
        ("Émile Zola", "person/emile"),
        ("ÉMILE ZOLA", "person/emile"),
        ("EMILE@x.example", "person/emile"),
        ("Emile", "person/emile"),
        ("Ögmundur ÞÓR", "person/oegmundur"),
        ("王伟", "person/wei"),
    ],
)
def test_a_name_is_found_in_any_case(database: Database, said: str, whom: str) -> None:
    """Databases know the two cases of the letters of ASCII only."""
    database.transact(lambda conn: people.apply(conn, NAMED, TODAY))
    found = database.ask(lambda conn: people.find_accounts(conn, [said, "nobody", "Gone Girl"]))
    assert {word: [each.id for each in accounts] for word, accounts in found.items()} == {
        said: [whom],
        "nobody": [],
        "Gone Girl": [],
    }


def test_to_find_who_is_called_so_not_everybody_is_looked_at(company: Database) -> None:
    """A person in a company of a hundred thousand waits for three looks into indexes."""
    if not company.is_sqlite:
        pytest.skip("PostgreSQL looks through what is small")
    said: list[tuple[str, Any]] = []

    def hear(_conn: object, _cursor: object, statement: str, sent: object, *_: object) -> None:
        said.append((statement, sent))

    def plans(conn: Connection) -> list[str]:
        event.listen(conn.engine, "before_cursor_execute", hear)
        people.find_accounts(conn, ["ana silva", "ana"])
        event.remove(conn.engine, "before_cursor_execute", hear)
        ((statement, sent),) = said
        return [row[-1] for row in conn.exec_driver_sql(f"explain query plan {statement}", tuple(sent))]

    looks = company.ask(plans)
    assert any("ix_accounts_in_any_case" in each for each in looks)
    assert not [each for each in looks if each.startswith("SCAN")]


def test_who_is_meant_is_looked_for_nearby_where_there_are_many(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of names and of ids; where there are few, everybody is near."""
    assert len(company.ask(lambda conn: people.nearby(conn, "nobody"))) == 7
    monkeypatch.setattr(people, "FEW", 2)
    ids = {
        word: {each.id for each in company.ask(partial(people.nearby, word=word, most=1))}
        for word in ("Ana Slva", "enx")
    }
    assert "person/ana" in ids["Ana Slva"]
    assert "team/eng" in ids["enx"]
    assert all(len(each) < 7 for each in ids.values())


def test_a_word_is_a_group_or_a_role_while_somebody_has_it(database: Database) -> None:
    """Whole words only, and not of who has left."""
    database.transact(lambda conn: people.apply(conn, NAMED, TODAY))
    words = ("contractors", "contract", "interns", "finance", "admin", "%")
    groups = {each: database.ask(partial(people.is_group, word=each)) for each in words}
    roles = {each: database.ask(partial(people.is_role, word=each)) for each in words}
    assert [each for each in words if groups[each]] == ["contractors"]
    assert [each for each in words if roles[each]] == ["finance"]
