"""Who is there, a part at a time."""

from datetime import date
from functools import partial

from storage import people, roll
from storage.db import Database
from storage.directory import Agent, Directory, Person, Team

COMPANY = Directory(
    people=(
        Person("ana", "Ana", manager="max", team="search"),
        Person("bea", "Bea", manager="gone", team="search"),
        Person("gone", "Carl", active=False, team="search"),
        Person("max", "Max", roles=("finance",)),
        Person("other", "Ana", manager="max"),
    ),
    teams=(Team("search", "Search"),),
    agents=(Agent("crawler", "Crawler", "max", "search"),),
)


def test_who_is_there_is_listed_by_name(database: Database) -> None:
    """With team and manager; not who has left, who is nobody's manager either."""
    database.transact(lambda conn: people.apply(conn, COMPANY, date(2026, 11, 1)))

    def lines(skipped: int, most: int) -> list[tuple[str, str, str]]:
        found = database.ask(partial(roll.listed, skipped=skipped, most=most))
        return [(each.person.id, each.team, each.manager) for each in found]

    everybody = [("ana", "Search", "Max"), ("other", "", "Max"), ("bea", "Search", ""), ("max", "", "")]
    assert lines(0, 9) == everybody
    assert (lines(1, 2), lines(4, 2)) == (everybody[1:3], [])
    assert database.ask(lambda conn: [each.person.id for each in roll.everybody(conn)]) == [row[0] for row in everybody]
    assert (database.ask(roll.count), database.ask(roll.counts)) == (
        4,
        {"organization": 1, "unallocated": 1, "team": 1, "agent": 1},
    )


def test_those_without_a_manager_or_a_team_are_named_and_counted(database: Database) -> None:
    """The first of them, and how many there are."""
    database.transact(lambda conn: people.apply(conn, COMPANY, date(2026, 11, 1)))

    for most, managers, teams in ((1, ["Bea"], ["Ana"]), (9, ["Bea", "Max"], ["Ana", "Max"])):
        assert database.ask(partial(roll.without_manager, most=most)) == (managers, 2)
        assert database.ask(partial(roll.without_team, most=most)) == (teams, 2)
