"""An HR export: what it may look like, what is made of it, and what is said when it cannot be used."""
# ruff: noqa: RUF001 - letters of other languages are meant

import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.config import HrColumn, Settings
from bot.directory import SOURCES
from bot.directory.hr_csv import people_in_file
from bot.directory.hr_csv.columns import COLUMNS
from bot.directory.hr_csv.rows import HrLayout
from bot.directory.hr_csv.source import Csv
from bot.directory.source import Known, UnusableSourceError
from storage.directory import Directory, Person, Team
from tests.support.knowing import knowing

Read = Callable[..., Directory]
T = TypeVar("T")

ACME = """\
E-mail,Name,Manager,Team,Department,Cost centre,Time zone,Status
kim@acme.example,Kim Tanaka,,,Engineering,CC-1,Europe/Berlin,active
max@acme.example,Max Weber,kim@acme.example,Search & Ads,Engineering,CC-2,Europe/Berlin,active
ana@acme.example,Ana Silva,max@acme.example,Search & Ads,Engineering,CC-2,Asia/Kolkata,on leave
zed@acme.example,Zed Gone,max@acme.example,Search & Ads,Engineering,CC-9,,terminated
"""
KIM = "kim@acme.example,Kim Tanaka,,,Engineering,CC-1,Europe/Berlin,active"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads some text as an export."""

    def reading(text: str | bytes, known: Known | None = None) -> Directory:
        path = tmp_path / "people.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Csv(path).read(known or knowing())

    return reading


@pytest.fixture
def complaint(read: Read, tmp_path: Path) -> Callable[..., list[str]]:
    """What is said about a wrong export, a line each, without the file's name."""

    def complaining(text: str | bytes, known: Known | None = None) -> list[str]:
        with pytest.raises(UnusableSourceError) as caught:
            read(text, known)
        return [line.removeprefix(f"{tmp_path}/people.csv, ") for line in str(caught.value).splitlines()]

    return complaining


@pytest.fixture
def left_out(read: Read, tmp_path: Path) -> Callable[..., list[str]]:
    """What could not be used of an export, a line each, without the file's name."""

    def leaving(text: str | bytes, known: Known | None = None) -> list[str]:
        return [line.removeprefix(f"{tmp_path}/people.csv, ") for line in read(text, known).left_out]

    return leaving


def timed(work: Callable[[str], T], text: str) -> tuple[T, float]:
    """What is made of a text, and the seconds of a core that it takes; a busy machine takes hardly more of them."""
    began_s = time.process_time()
    made = work(text)
    return made, time.process_time() - began_s


def person(directory: Directory, id: str) -> Person:
    """Somebody of a directory."""
    return next(one for one in directory.people if one.id == id)


# What is made of it


def test_a_line_is_a_person_with_an_id_from_the_address(read: Read) -> None:
    """Name, manager, team and zone come from the columns."""
    assert person(read(ACME), "ana") == Person(
        "ana", "Ana Silva", "ana@acme.example", "max", "search-ads", "Asia/Kolkata"
    )


def test_who_has_left_stays_in_the_list_as_left_and_who_is_on_leave_is_there(read: Read) -> None:
    """A status says who is there."""
    told = read(ACME)

    assert not person(told, "zed").active
    assert person(told, "ana").active


def test_teams_come_from_their_column_and_departments_stand_above_them(read: Read) -> None:
    """A team's owner is the most common manager of its people, a department's also of the owners below it."""
    assert read(ACME).teams == (
        Team("engineering", "Engineering", "kim", "", "CC-1"),
        Team("search-ads", "Search & Ads", "max", "engineering", "CC-2"),
    )


def test_among_managers_named_equally_often_the_one_inside_the_team_owns_it(read: Read) -> None:
    """In a team of two, the one who manages the other."""
    told = read("e-mail,name,manager,team\nzoe@x.y,Zoe,,\nmax@x.y,Max,ada,S\nana@x.y,Ana,max,S\nada@x.y,Ada,,T\n")

    assert {team.id: team.owner for team in told.teams} == {"s": "max", "t": ""}


def test_a_team_owner_may_stand_in_a_column_of_its_own(read: Read) -> None:
    """What is written counts more than what is counted."""
    told = read("e-mail,name,manager,team,team owner\na@x.y,A,b,S,c@x.y\nb@x.y,B,,S,\nc@x.y,C,,S,c\n")

    assert [team.owner for team in told.teams] == ["c"]


def test_a_department_column_alone_names_teams(read: Read) -> None:
    """Not every export has two levels."""
    assert read("mail;name;department\na@x.y;A;Sales\n").teams == (Team("sales", "Sales"),)


def test_a_team_that_app_yaml_names_is_that_team(read: Read) -> None:
    """By its name or its id, in any case."""
    known = knowing(Directory(teams=(Team("sea", "Search & Ads", "ada"),)))

    assert person(read(ACME, known), "ana").team == "sea"
    assert person(read("e-mail,name,team\na@x.y,A,SEA\n", known), "a").team == "sea"


def test_whoever_is_their_own_manager_stands_at_the_top(read: Read) -> None:
    """That is how HR systems write it."""
    assert person(read("e-mail,name,manager\nkim@x.y,Kim,kim@x.y\n"), "kim").manager == ""


def test_a_manager_is_found_by_address_id_or_number(read: Read) -> None:
    """In any case of letters."""
    told = read(
        "Employee ID,e-mail,name,manager\n"
        "0017,Kim@x.y,Kim,\n1,a@x.y,A,KIM@X.Y\n2,b@x.y,B,kim\n3,c@x.y,C,0017\n4,d@x.y,D,eve@x.y\n5,e@x.y,E,eve\n",
        knowing(Directory(people=(Person("eve", "Eve", "eve@x.y"),))),
    )

    assert {one.id: one.manager for one in told.people} == {
        "kim": "", "a": "kim", "b": "kim", "c": "kim", "d": "eve", "e": "eve",
    }  # fmt: skip


def test_a_manager_who_has_left_the_file_is_still_known_by_memory(read: Read) -> None:
    """The reports of somebody who has left are no error of the file."""
    known = knowing(remembered={"kim.t": Person("kim.t", "Kim", "kim@x.y", active=False)})

    assert person(read("e-mail,name,manager\na@x.y,A,kim@x.y\n", known), "a").manager == "kim.t"


def test_what_somebody_who_has_left_reported_to_may_be_unknown(read: Read) -> None:
    """An export forgets the managers of the past before their people."""
    assert not person(read("e-mail,name,manager,status\na@x.y,A,old@x.y,left\n"), "a").active


def test_who_has_left_is_in_no_circle(read: Read) -> None:
    """Ana took over from Max, who had been her manager."""
    told = read("e-mail,name,manager,status\nana@x.y,Ana,max@x.y,\nmax@x.y,Max,ana@x.y,left\n")

    assert person(told, "ana").manager == "max"


def test_optional_columns_are_read_where_they_are(read: Read) -> None:
    """Names in two pieces, days as Excel writes them in Germany, locales with a hyphen, several roles."""
    told = read(
        "mail;first name;last name;joined;locale;roles\n"
        "a@x.y;Ana;Silva;2026-03-01;pt-BR;\nb@x.y;Bo;Ek;1.3.2026;;Finance, admin\n"
    )

    assert told.people == (
        Person("a", "Ana Silva", "a@x.y", locale="pt_BR", joined=date(2026, 3, 1)),
        Person("b", "Bo Ek", "b@x.y", roles=("finance", "admin"), joined=date(2026, 3, 1)),
    )


# Who keeps which id


def test_an_id_column_is_taken_as_it_is(read: Read) -> None:
    """In lower case; and then the address may be missing, as with people who have none."""
    told = read("id,e-mail,name\nAna.S,ana@x.y,Ana\nw-17,,Worker\n,bo@x.y,Bo\n")

    assert [one.id for one in told.people] == ["ana.s", "w-17", "bo"]


def test_two_of_the_same_local_part_are_two_people_however_the_file_is_sorted(read: Read) -> None:
    """The second takes its domain along."""
    lines = ["ana@b.example,Ana B", "ana@a.example,Ana A", "bo@a.example,Bo"]
    for order in (lines, lines[::-1]):
        told = read("e-mail,name\n" + "\n".join(order))
        assert {one.email: one.id for one in told.people} == {
            "ana@a.example": "ana",
            "ana@b.example": "ana-b.example",
            "bo@a.example": "bo",
        }


def test_whoever_is_remembered_keeps_the_id_and_a_namesake_never_gets_it(read: Read) -> None:
    """An id leads to a history, also when its owner has left long ago."""
    known = knowing(remembered={"ana": Person("ana", "Ana", "ana@b.example", active=False)})
    told = read("e-mail,name\nana@a.example,Another Ana\nana@b.example,Ana\n", known)

    assert [one.id for one in told.people] == ["ana-a.example", "ana"]


def test_who_keeps_the_employee_number_is_the_same_person_whatever_the_name_and_the_address(read: Read) -> None:
    """Ana marries. An address that is free now is not hers any more, whoever gets it; and it stays so."""
    before = read("Employee number,e-mail,name\n1042,ana.silva@x.y,Ana Silva\n7,max@x.y,Max\n")
    known = knowing(remembered={one.id: one for one in before.people})
    text = (
        "Employee number,e-mail,name\n 1042\u200b,ana.costa@x.y,Ana Costa\n7,max@x.y,Max\n9,ana.silva@x.y,Ana Silva\n"
    )
    after = read(text, known)

    assert [(one.id, one.name) for one in after.people] == [
        ("ana.silva", "Ana Costa"),
        ("max", "Max"),
        ("ana.silva-x.y", "Ana Silva"),
    ]
    assert read(text, knowing(remembered={one.id: one for one in after.people})) == after


def test_an_employee_number_counts_in_its_own_file_only(read: Read) -> None:
    """Two companies of a group number their people from 1."""
    (dora,) = read("Employee number,e-mail,name\n2,dora@b.example,Dora\n").people
    other = replace(dora, number="sister.csv/2")

    text = "Employee number,e-mail,name\n2,cid@a.example,Cid\n"
    assert read(text, knowing(remembered={"dora": other})).people[0].id == "cid"
    assert read(text, knowing(remembered={"dora": dora})).people[0].id == "dora"
    twice = {"dora": dora, "eve": replace(dora, id="eve")}
    assert read(text, knowing(remembered=twice)).people[0].id == "cid"


def test_blanks_and_invisible_letters_are_no_part_of_what_is_written(read: Read) -> None:
    """They come along when somebody copies an address."""
    told = read("e-mail,name,manager\n\u00a0Ana\u200b@x.y\ufeff,\u200eAna ,max@x.y\u00ad\nmax@x.y,Max,\n")

    assert told.people[0] == Person("ana", "Ana", "ana@x.y", "max")


def test_whom_app_yaml_names_without_an_address_is_whoever_has_the_id(read: Read) -> None:
    """So a role can be given in app.yaml to somebody of the export; with another address it is somebody else."""
    named = knowing(Directory(people=(Person("ana", "Ana", roles=("finance",)),)))
    other = knowing(Directory(people=(Person("ana", "Ana", "ana@b.example"),)))
    taken = replace(named, remembered={"ana": Person("ana", "Ana", "ana@c.example")})

    assert read("e-mail,name\nana@a.example,Ana\n", named).people[0].id == "ana"
    assert read("e-mail,name\nana@a.example,Ana\n", other).people[0].id == "ana-a.example"
    assert read("e-mail,name\nana@a.example,Ana\n", taken).people[0].id == "ana-a.example"


SEVERAL_WORDS = st.sampled_from(["ana@x.y", "ana@z.y", "bob@x.y", "ana-x.y@x.y", "Ana.@x.y"])
NAMED = st.lists(
    st.builds(
        Person, st.sampled_from(["ana", "bob", "ana-x.y", "kim"]), st.just("N"), st.one_of(st.just(""), SEVERAL_WORDS)
    ),
    unique_by=(lambda one: one.id, lambda one: one.email.lower() or one.id),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.tuples(SEVERAL_WORDS, st.sampled_from(["", "1", "2"])), unique_by=lambda one: one[0], min_size=1),
    named=NAMED,
    before=NAMED,
    numbers=st.lists(st.sampled_from(["", "people.csv/1", "people.csv/2"]), min_size=4, max_size=4),
    aliases=st.dictionaries(st.sampled_from(["ana", "bob"]), st.just("kim"), max_size=1),
)
def test_whoever_is_known_anyway_need_not_be_looked_at_alone(
    lines: list[tuple[str, str]],
    named: list[Person],
    before: list[Person],
    numbers: list[str],
    aliases: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Whom an earlier source names with the same id and address gets the same id as if all were found one by one."""
    source = Csv(tmp_path_factory.getbasetemp() / "people.csv")
    source.path.write_text(
        "e-mail,name,employee number\n" + "".join(f"{email},N,{number}\n" for email, number in lines)
    )
    remembered = {one.id: replace(one, number=number) for one, number in zip(before, numbers, strict=False)}
    known = knowing(Directory(tuple(named)), aliases=aliases, remembered=remembered)
    found = source.read(known)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people_in_file, "_SEVERAL", "select line from row where is_made")
        one_by_one = source.read(known)

    assert found == one_by_one


@settings(max_examples=60, deadline=None)
@given(
    emails=st.lists(st.from_regex(r"[a-zé._+]{1,8}@[ab]\.example", fullmatch=True), unique_by=str.lower, max_size=12),
    data=st.data(),
)
def test_everybody_keeps_the_id_when_others_come_and_go(
    emails: list[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever subset of people an export names, in whatever order, time after time."""
    source = Csv(tmp_path_factory.getbasetemp() / "people.csv")
    ids: dict[str, str] = {}
    remembered: dict[str, Person] = {}
    for _ in range(3):
        here = data.draw(st.permutations(emails)) if emails else []
        here = here[: data.draw(st.integers(1, max(1, len(here))))]
        source.path.write_text("e-mail,name\nzzz@z.example,Zzz\n" + "".join(f"{each},Somebody\n" for each in here))
        told = source.read(knowing(remembered=dict(remembered)))
        assert len({one.id for one in told.people}) == len(told.people)
        for one in told.people:
            assert ids.setdefault(one.email, one.id) == one.id
            remembered[one.id] = one


# What it may look like


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_shape_that_excel_writes_is_read(read: Read, delimiter: str, newline: str, mark: bytes) -> None:
    """Comma, semicolon or tab; any ends of lines; with a byte order mark or without; blank lines at the end."""
    text = ACME.replace(",", delimiter).replace("\n", newline) + newline + delimiter * 7 + newline

    assert read(mark + text.encode()) == read(ACME)


def test_the_delimiter_may_be_said_in_the_first_line(read: Read) -> None:
    """Excel does so if asked nicely."""
    assert read("sep=|\r\n" + ACME.replace(",", "|").replace("\n", "\r\n")) == read(ACME)


def test_quoted_fields_may_hold_delimiters_quotes_and_line_ends(read: Read, left_out: Callable[..., list[str]]) -> None:
    """And the lines of what is told are still those of the file; fields that are missing at the end are empty."""
    text = '"E-Mail","Name","Team"\na@x.y,"Weber, ""Max""\nJr.","Search;Ads"\nb@x,"B, too\n"\nc@x,C,,more\n'

    assert person(read(text), "a").name == 'Weber, "Max" Jr.'
    assert person(read(text), "b").team == ""
    assert left_out(text) == [
        "line 6, C: there are more fields than in the header; put a value with the delimiter in quotes"
    ]


@pytest.mark.parametrize("titles", [titles for column, titles in COLUMNS.items() if column == "email"])
def test_every_title_in_the_table_is_understood(read: Read, titles: tuple[str, ...]) -> None:
    """In any case, with any punctuation."""
    for title in titles:
        written = title.upper().replace(" ", "_") + ":"
        assert read(f"{written},NAME\na@x.y,A\n").people[0].email == "a@x.y"


def test_the_title_that_says_more_counts(read: Read) -> None:
    """Where a file has the manager's name and address, the address is read."""
    told = read("Work E-mail,Full Name,Manager,Manager Email,Salary\na@x.y,A,Bo Ek,b@x.y,1\nb@x.y,Bo Ek,,,2\n")

    assert person(told, "a").manager == "b"


def test_a_hundred_thousand_people_are_read_quickly(read: Read) -> None:
    """Names, teams, managers, zones and statuses included: eight times as many take about eight times as long."""

    def export(size: int) -> str:
        rng = random.Random(7)
        rows = [
            f"p{n}@acme.example,Person {n},p{rng.randrange(n) if n else 0}@acme.example,Team {n % 900},"
            f"Division {n % 30},CC-{n % 900},Europe/Berlin,active"
            for n in range(size)
        ]
        rng.shuffle(rows)
        return "E-mail,Name,Manager,Team,Department,Cost centre,Zone,Status\n" + "\n".join(rows)

    read(export(1_000))  # what is only done once is done
    _, few_s = timed(read, export(12_500))
    told, many_s = timed(read, export(100_000))

    assert len(told.people) == 100_000
    assert len(told.teams) == 930
    assert many_s < 24 * few_s  # it would be 64 times if each were compared with all others


# What is said when something cannot be used


def test_who_is_known_by_an_id_alone_stays_although_the_line_has_a_field_too_many(read: Read) -> None:
    """A comma in a name is no reason to leave."""
    worker = Person("w-17", "Worker", number="people.csv/7")
    told = read("id,e-mail,name\nw-17,,Wor,ker\nbo,bo@x.y,Bo\n", knowing(remembered={"w-17": worker}))

    assert person(told, "w-17") == worker


@pytest.mark.parametrize(
    ("right", "wrong", "said", "still"),
    [
        (
            "Asia/Kolkata",
            "Asia/Kolkatta",
            (
                "line 4, Ana Silva: Time zone “Asia/Kolkatta”: this time zone is not known; write one such as "
                "Europe/Berlin. Did you mean “Asia/Kolkata”?"
            ),
            Person("ana", "Ana Silva", "ana@acme.example", "max", "search-ads"),
        ),
        (
            "on leave",
            "on leav",
            (
                "line 4, Ana Silva: Status “on leav”: this status is not known; write active or left, or add it under "
                "statuses in app.yaml. Did you mean “on leave”?"
            ),
            None,
        ),
        (
            "Ana Silva,max@",
            "Ana Silva,eve@",
            (
                "line 4, Ana Silva: Manager “eve@acme.example”: nobody is known so; write the e-mail address, the "
                "employee "
                "number or the exact name"
            ),
            Person("ana", "Ana Silva", "ana@acme.example", "", "search-ads", "Asia/Kolkata"),
        ),
        ("ana@acme.example", "", "line 4, Ana Silva: E-mail: the e-mail address is missing", None),
        (
            "ana@acme.example",
            "ana at acme",
            (
                "line 4, Ana Silva: E-mail “ana at acme”: this is not an e-mail address; write one such as "
                "ana@acme.example"
            ),
            None,
        ),
        (
            "Ana Silva",
            "",
            "line 4, ana@acme.example: Name: the name is missing",
            Person("ana", "ana", "ana@acme.example", "max", "search-ads", "Asia/Kolkata"),
        ),
        (
            "Kim Tanaka,",
            "Kim Tanaka,ana@acme.example",
            (
                "line 2, Kim Tanaka: Manager “ana@acme.example”: these people are each other's managers: ana → max → "
                "kim → "
                "ana. None of them has one until it is corrected"
            ),
            Person("ana", "Ana Silva", "ana@acme.example", "", "search-ads", "Asia/Kolkata"),
        ),
        (
            "Ana Silva,max",
            "Ana, Silva,max",
            "line 4, Ana: there are more fields than in the header; put a value with the delimiter in quotes",
            None,
        ),
    ],
)
def test_what_cannot_be_used_of_somebody_is_one_line_and_the_others_come_in(
    left_out: Callable[..., list[str]], read: Read, right: str, wrong: str, said: str, still: Person | None
) -> None:
    """Person, column, value, and what would be right; a near miss is suggested."""
    assert right in ACME
    text = ACME.replace(right, wrong, 1)

    assert left_out(text) == [said]
    told = read(text)
    assert {"kim", "max", "zed"} <= {one.id for one in told.people}
    assert next((one for one in told.people if one.id == "ana"), None) == still


@pytest.mark.parametrize(
    ("text", "said", "people"),
    [
        (
            "id,e-mail,name\nA na,a@x.y,A\n,b@x.y,B\n",
            "line 2, A: id “A na”: use at most 63 letters, digits, dots and hyphens for an id",
            ["b"],
        ),
        (
            "e-mail,name,roles\na@x.y,A,admn\n",
            "line 2, A: roles “admn”: write finance, admin, both, or nothing",
            ["a"],
        ),
        (
            "e-mail,name,locale\na@x.y,A,English\n",
            "line 2, A: locale “English”: this locale is not known; write one such as en_US or de_DE",
            ["a"],
        ),
        (
            "e-mail,name,joined\na@x.y,A,2026-02-30\n",
            "line 2, A: joined “2026-02-30”: this is not a date; write one such as 2026-11-22",
            ["a"],
        ),
        (
            "e-mail,name,joined\na@x.y,A,03/04/2026\n",
            (
                "line 2, A: joined “03/04/2026”: day or month first? Add dates: day first, or dates: month first, to "
                "this "
                "source in app.yaml"
            ),
            ["a"],
        ),
        (
            "e-mail,name,manager\na@x.y,A,Kim\nk@x.y,Kim,\nl@x.y,Kim,\n",
            "line 2, A: manager “Kim”: several people are called so; write the e-mail address or the employee number",
            ["a", "k", "l"],
        ),
        (
            "e-mail,name,team\na@x.y,A,S\na@x.y,A,T\n",
            "line 3, A: e-mail “a@x.y”: this person stands on lines 2, 3; what line 2 says counts",
            ["a"],
        ),
        (
            "e-mail,name\na@x.y,A\na@x.y,B\nc@x.y,C\n",
            (
                "line 3, B: e-mail “a@x.y”: different people have this on lines 2, 3, so neither can be used; give "
                "each "
                "their own"
            ),
            ["c"],
        ),
        (
            "e-mail,name,employee id\na@x.y,A,7\nb@x.y,B,7\n",
            "line 3, B: employee id “7”: two people have this number, so it is nobody's",
            ["a", "b"],
        ),
        (
            "e-mail,name,team,team owner\na@x.y,A,S,a\nb@x.y,B,S,b\nc@x.y,C,S,b\n",
            "line 2: the owner of the team “S” is a by this line and b by most; that counts",
            ["a", "b", "c"],
        ),
        (
            "e-mail,name,team owner\na@x.y,A,eve\n",
            (
                "line 2, A: team owner “eve”: nobody is known so; write the e-mail address, the employee number or the "
                "exact name"
            ),
            ["a"],
        ),
        (
            "e-mail,name,team,department\na@x.y,A,S,E\nb@x.y,B,S,E\nc@x.y,C,S,F\n",
            "line 4: the team “S” is part of “F” by this line and of “E” by most; that counts",
            ["a", "b", "c"],
        ),
        (
            "e-mail,name,team,department\na@x.y,A,S,E\nb@x.y,B,E,S\n",
            "line 2: a department cannot be part of itself: E → S → E. That is left out",
            ["a", "b"],
        ),
        (
            "e-mail,name,team\na@x.y,A,S & T\nb@x.y,B,S-T\n",
            (
                "line 3: the teams “S & T” and “S-T” are taken for one, with the id s-t; to keep them apart, add one "
                "of "
                "them with another id to the teams in app.yaml"
            ),
            ["a", "b"],
        ),
    ],
)
def test_no_oddity_keeps_others_out(
    left_out: Callable[..., list[str]], read: Read, text: str, said: str, people: list[str]
) -> None:
    """It is told in one line, with what to do."""
    assert left_out(text) == [said]
    assert [one.id for one in read(text).people] == people


def test_alike_lines_are_one_with_their_count(left_out: Callable[..., list[str]]) -> None:
    """Of a status that nobody knows there may be thousands."""
    lines = "".join(f"p{n}@x.y,P{n},X\n" for n in range(8))

    assert left_out(f"e-mail,name,status\n{lines}k@x.y,K,active\n") == [
        (
            "line 2, P0: status “X”: this status is not known; write active or left, or add it under statuses in "
            "app.yaml "
            "(and 7 more like it, on lines 3, 4, 5, 6, 7, …)"
        )
    ]


def test_who_cannot_be_understood_any_more_stays_as_they_were(read: Read) -> None:
    """An odd line makes nobody leave; and it brings nobody in."""
    before = {one.id: one for one in read(ACME).people}
    known = knowing(remembered=before)
    for right, wrong in (
        ("Ana Silva,max", "Ana, Silva,max"),
        ("on leave", "gone fishing"),
        ("zed@acme.example,Zed", "ana@acme.example,Zed"),
    ):
        text = ACME.replace(right, wrong, 1).replace("terminated", "active" if "zed" in right else "terminated")
        assert person(read(text, known), "ana") == before["ana"], wrong
    assert not person(read(ACME.replace("terminated", "gone fishing"), known), "zed").active


# What real exports look like

WORKDAY = """\
Employee ID,Worker,Email - Primary Work,Supervisory Organization,Worker Status,Hire Date,Manager
1001,Kim Tanaka,kim@acme.example,Engineering (Kim Tanaka),Active,11/16/2019,
1002,Max Weber,max@acme.example,Search (Max Weber),Active,02/27/2023,Kim Tanaka (1001)
1003,Ana Silva,ana@acme.example,Search (Max Weber),Active - Leave,03/04/2024,Max Weber (1002)
"""
PERSONIO = """\
First name;Last name;Email;Status;Department;Team;Supervisor;Hire date
Kim;Tanaka;kim@acme.example;active;Engineering;;;16.11.2019
Max;Weber;max@acme.example;active;Engineering;Search;Kim Tanaka;27.02.2023
Ana;Silva;ana@acme.example;leave;Engineering;Search;Max Weber;04.03.2024
Zoe;Neu;zoe@acme.example;onboarding;Engineering;Search;Max Weber;01.12.2026
"""
BAMBOOHR = """\
Employee #,First Name,Last Name,Work Email,Department,Division,Reporting to,Status,Hire Date
1,Kim,Tanaka,kim@acme.example,Engineering,R&D,,Active,2019-11-16
2,Max,Weber,max@acme.example,Search,R&D,"Tanaka, Kim",Active,2023-02-27
3,Ana,Silva,ana@acme.example,Search,R&D,Max Weber,Furloughed,2024-03-04
"""
HIBOB = """\
Display name,Email,Employee ID,Department,Reports to,Lifecycle status,Start date
Kim Tanaka,kim@acme.example,0001,Engineering,,Employed,16-Nov-2019
Max Weber,max@acme.example,0002,Search,0001,Employed,27-Feb-2023
Ana Silva,ana@acme.example,0003,Search,2,Leave,04-Mar-2024
"""
CHINESE = """\
工号,姓名,工作邮箱,部门,直属上级,员工状态,入职日期
1,Kim Tanaka,kim@acme.example,Engineering,,在职,2019年11月16日
2,Max Weber,max@acme.example,Search,Kim Tanaka,在职,2023/2/27
3,Ana Silva,ana@acme.example,Search,2,休假,45355
"""


@pytest.mark.parametrize("text", [WORKDAY, PERSONIO, BAMBOOHR, HIBOB, CHINESE])
def test_an_export_is_read_as_it_is(read: Read, text: str) -> None:
    """Titles, managers by name or number, statuses and dates of the systems that companies have."""
    told = read(text)

    assert told.left_out == ()
    assert [
        (one.id, one.name, one.manager, one.joined) for one in told.people if one.active
    ] == [
        ("kim", "Kim Tanaka", "", date(2019, 11, 16)),
        ("max", "Max Weber", "kim", date(2023, 2, 27)),
        ("ana", "Ana Silva", "max", date(2024, 3, 4)),
    ]  # fmt: skip
    assert person(told, "ana").team == person(told, "max").team != ""


OTHER_EXPORTS = {
    "SuccessFactors": """\
User/Employee ID,First Name,Last Name,Business Email Address,Department,Supervisor,Employee Status,Hire Date
1,Kim,Lee,kim@acme.example,Eng (100),NO_MANAGER,A,01/13/2020
2,Ana,Silva,ana@acme.example,Eng (100),1,T,01/14/2020
""",
    "ADP": """\
Associate ID,Payroll Name,Work Contact: Work Email,Home Department Description,Reports To Name,Position Status
A1,"Lee, Kim",kim@acme.example,Eng,,Active
A2,"Silva, Ana",ana@acme.example,Eng,"Lee, Kim",Terminated
""",
    "Rippling": """\
Employee,Work email,Department,Manager,Employment status
Kim Lee,kim@acme.example,Eng,,ACTIVE
Ana Silva,ana@acme.example,Eng,Kim Lee,TERMINATED
""",
    "Oracle": """\
PERSON_NUMBER,DISPLAY_NAME,EMAIL_ADDRESS,DEPARTMENT_NAME,MANAGER_PERSON_NUMBER,ASSIGNMENT_STATUS_TYPE
1,Kim Lee,kim@acme.example,Eng,,ACTIVE
2,Ana Silva,ana@acme.example,Eng,1,INACTIVE
""",
    "Google": """\
First Name [Required],Last Name [Required],Email Address [Required],Status [READ ONLY],Manager Email,Department
Kim,Lee,kim@acme.example,Active,,Eng
Ana,Silva,ana@acme.example,Suspended,kim@acme.example,Eng
""",
    "Feishu": """\
姓名,工号,企业邮箱,部门,直属上级,人员状态,入职日期
Kim Lee,1,kim@acme.example,研发部/搜索,,正式,2020/1/1
Ana Silva,2,ana@acme.example,研发部/搜索,Kim Lee,离职,2021/1/1
""",
    "WeCom": """\
姓名,帐号,部门,邮箱,直属上级,禁用
Kim Lee,kim,研发部,kim@acme.example,,否
Ana Silva,ana,研发部,ana@acme.example,Kim Lee,是
""",
    "Japanese": """\
社員番号,氏名,メールアドレス,部署,上司,入社日,在籍状況
1,Kim Lee,kim@acme.example,開発部,,2020/01/01,在籍
2,Ana Silva,ana@acme.example,開発部,Kim Lee,2020/01/01,退職
""",
    "Korean": """\
사번,이름,이메일,부서,상사,입사일,재직상태
1,Kim Lee,kim@acme.example,개발,,2020. 1. 13.,재직
2,Ana Silva,ana@acme.example,개발,Kim Lee,2020. 1. 14.,퇴사
""",
    "Spanish": """\
Nombre,Apellidos,Correo electrónico,Departamento,Responsable,Fecha de alta,Estado
Kim,Lee,kim@acme.example,Ing,,13/01/2020,Activo
Ana,Silva,ana@acme.example,Ing,Kim Lee,14/01/2020,Baja
""",
    "French": """\
Prénom;Nom;Adresse e-mail;Service;Responsable hiérarchique;Statut
Kim;Lee;kim@acme.example;Ing;;Actif
Ana;Silva;ana@acme.example;Ing;Kim Lee;Sorti
""",
    "Portuguese": """\
Nome,E-mail,Departamento,Gestor,Data de admissão,Situação
Kim Lee,kim@acme.example,Eng,,13 de janeiro de 2020,Ativo
Ana Silva,ana@acme.example,Eng,Kim Lee,14 de janeiro de 2020,Desligado
""",
    "Italian": """\
Nome,Cognome,Email,Reparto,Responsabile,Stato
Kim,Lee,kim@acme.example,Ing,,Attivo
Ana,Silva,ana@acme.example,Ing,Kim Lee,Cessato
""",
    "Dutch": """\
Voornaam,Achternaam,E-mailadres,Afdeling,Leidinggevende,Datum in dienst,Status
Kim,Lee,kim@acme.example,Ing,,13-01-2020,Actief
Ana,Silva,ana@acme.example,Ing,Kim Lee,14-01-2020,Uit dienst
""",
    "Polish": """\
Imię;Nazwisko;E-mail;Dział;Przełożony;Data zatrudnienia;Status
Kim;Lee;kim@acme.example;Ing;;13.01.2020;Aktywny
Ana;Silva;ana@acme.example;Ing;Kim Lee;14.01.2020;Zwolniony
""",
    "Russian": """\
Имя;Фамилия;Эл. почта;Отдел;Руководитель;Дата приёма;Статус
Kim;Lee;kim@acme.example;Инж;;13 января 2020 г.;Работает
Ana;Silva;ana@acme.example;Инж;Kim Lee;14.01.2020;Уволен
""",
}


@pytest.mark.parametrize("text", OTHER_EXPORTS.values(), ids=OTHER_EXPORTS)
def test_an_export_of_another_system_or_language_is_read_as_it_is(read: Read, text: str) -> None:
    """Kim is there and leads Ana, who has left."""
    told = read(text)

    assert told.left_out == ()
    kim, ana = person(told, "kim"), person(told, "ana")
    assert kim.name in ("Kim Lee", "Lee, Kim")
    assert (kim.active, kim.manager, ana.active, ana.manager) == (True, "", False, "kim")
    assert kim.team == ana.team != ""


def test_an_address_ends_before_the_full_stop(read: Read) -> None:
    """It stood at the end of a sentence."""
    assert person(read("e-mail,name\nkim@acme.example.,Kim\n"), "kim").email == "kim@acme.example"


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["2026-11-16T00:00:00", "2026-11-16 09:00:00", "2026-11-16T09:00:00+01:00"], [date(2026, 11, 16)] * 3),
        (["46342", "16-Nov-2026", "Nov 16, 2026"], [date(2026, 11, 16)] * 3),
        (["11/16/2026", "03/04/2026", ""], [date(2026, 11, 16), date(2026, 3, 4), None]),
        (["16/11/2026", "03/04/2026", "-"], [date(2026, 11, 16), date(2026, 4, 3), None]),
        (["03/04/2026 12:00:00 AM", "16/11/98", "n/a"], [date(2026, 4, 3), date(1998, 11, 16), None]),
    ],
)
def test_start_dates_are_read_by_one_rule_that_is_found_in_their_column(
    read: Read, dates: list[str], days: list[date | None]
) -> None:
    """Nobody writes them by the same."""
    text = "e-mail,name,hire date\n" + "".join(f'p{n}@x.y,P,"{each}"\n' for n, each in enumerate(dates))

    assert [one.joined for one in read(text).people] == days
    assert read(text).left_out == ()


def test_where_the_column_does_not_tell_app_yaml_is_asked_once(tmp_path: Path) -> None:
    """And its answer counts."""
    path = tmp_path / "people.csv"
    path.write_text("e-mail,name,hire date\na@x.y,A,03/04/2026\nb@x.y,B,05/06/2026\n")

    assert [one.joined for one in Csv(path).read(knowing()).people] == [None, None]
    assert len(Csv(path).read(knowing()).left_out) == 1
    for said, month in (("day first", 4), ("month first", 3)):
        told = Csv(path, HrLayout(dates=said)).read(knowing())
        assert told.people[0].joined is not None
        assert (told.people[0].joined.month, told.left_out) == (month, ())


def test_app_yaml_names_columns_and_statuses_that_are_not_known(tmp_path: Path) -> None:
    """For any other export."""
    path = tmp_path / "people.csv"
    path.write_text("Contact,Who,Boss,E-mail,Lage\na@x.y,A,B,private@z.z,dabei\nb@x.y,B,,,weg\n")
    columns: dict[HrColumn, str] = {"email": "contact", "name": "Who", "manager": "Boss", "status": "Lage"}
    told = Csv(path, HrLayout(columns, statuses={"Dabei": "active", "weg": "left"})).read(knowing())

    assert [(one.email, one.active) for one in told.people] == [("a@x.y", True), ("b@x.y", False)]
    with pytest.raises(UnusableSourceError, match=r"there is no column “Conact”\. Did you mean “Contact”"):
        Csv(path, HrLayout({**columns, "email": "Conact"})).read(knowing())


def test_a_line_that_stands_twice_is_one(left_out: Callable[..., list[str]], read: Read) -> None:
    """Whoever came back has a line for each time, and is there."""
    assert left_out(ACME + KIM + "\n") == []
    back = ACME + "zed@acme.example,Zed Gone,kim@acme.example,Search & Ads,Engineering,CC-2,,active\n"

    assert left_out(back) == []
    assert person(read(back), "zed").active
    assert person(read(back), "zed").manager == "kim"


@pytest.mark.parametrize(
    ("status", "there"),
    [
        ("Active - Leave", True),
        ("LOA", True),
        ("Furloughed", True),
        ("Full-Time", True),
        ("Active (Probation)", True),
        ("Terminated - Voluntary", False),
        ("Leave / Terminated", False),
        ("Pre-Hire", False),
    ],
)
def test_a_status_may_be_in_several_parts(read: Read, status: str, there: bool) -> None:
    """Who has left by any of them has left."""
    assert read(f"e-mail,name,status\na@x.y,A,{status}\n").people[0].active is there


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: there is no header; the first line names the columns, such as e-mail, name, manager, team"),
        ("e-mail,name\n", "line 1: there is nobody below the header"),
        (b"e-mail,name\na@x.y,Jos\xe9\n", "line 2: this is no UTF-8; save the file as “CSV UTF-8”"),
        ("e-mail,name\na@x.y,A\0\n", "line 2: this is no text; save the file as “CSV UTF-8”"),
        (
            ACME.replace("E-mail", "Contact"),
            (
                "line 1: there is no column with e-mail addresses among Contact, Name, Manager, Team, Department, Cost "
                "centre, Time zone, Status; name it in app.yaml (columns, email)"
            ),
        ),
        (
            "e-mail,Title\na@x.y,A\n",
            "line 1: there is no column with names among e-mail, Title; name it in app.yaml (columns, name)",
        ),
        (ACME.replace("Status", "Name"), "line 1: the column “Name” stands 2 times; keep one"),
        (
            ACME.replace("Max Weber", '"Max" Weber'),
            "line 3: the quotes of this record are wrong (',' expected after '\"')",
        ),
        (ACME[: ACME.index("Silva")], "line 4: the file ends in the middle of this line; export it again"),
        (
            ACME[: ACME.index("@acme.example,Ana") + 6],
            "line 4: the file ends in the middle of this line; export it again",
        ),
    ],
)
def test_a_file_that_is_broken_as_a_whole_counts_for_nothing(
    complaint: Callable[..., list[str]], text: str | bytes, said: str
) -> None:
    """No traceback, and always what to do. Half a file is worse than yesterday's."""
    assert complaint(text) == [said]


def test_a_file_of_which_nobody_can_be_used_counts_for_nothing(complaint: Callable[..., list[str]]) -> None:
    """And it says why."""
    assert complaint("e-mail,name\nana,Ana\n") == [
        "line 1: nobody in this file can be used",
        "line 2, Ana: e-mail “ana”: this is not an e-mail address; write one such as ana@acme.example",
    ]


def test_everything_is_told_at_once_in_the_order_of_the_lines(left_out: Callable[..., list[str]]) -> None:
    """Nobody corrects a file one error at a time."""
    told = left_out(ACME.replace("terminated", "x").replace("Ana Silva", "").replace("Kim Tanaka,", "Kim,eve"))

    assert [re.split("[,:]", line)[0] for line in told] == ["line 2", "line 4", "line 5"]


def test_very_many_odd_lines_are_told_quickly(left_out: Callable[..., list[str]]) -> None:
    """Eight times as many take about eight times as long."""

    def wrong(size: int) -> str:
        return "e-mail,name,zone\n" + "".join(f"p{n}@x.y,P{n},Nowhere/{n}\n" for n in range(size))

    left_out(wrong(1_000))  # what is only done once is done
    _, few_s = timed(left_out, wrong(6_250))
    told, many_s = timed(left_out, wrong(50_000))

    assert len(told) == 1
    assert "(and 49999 more like it, on lines 3, 4, 5, 6, 7, …)" in told[0]
    assert many_s < 24 * few_s  # it would be 64 times if each were compared with all others


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(UnusableSourceError, match=r"people\.csv cannot be read: No such file or directory"):
        Csv(tmp_path / "people.csv").read(knowing())
    with pytest.raises(UnusableSourceError, match="Is a directory"):
        Csv(tmp_path).read(knowing())


@settings(max_examples=200, deadline=None)
@given(content=st.one_of(st.binary(max_size=200), st.text(alphabet='a@.,;"\n\r \t|é', max_size=120).map(str.encode)))
def test_whatever_is_in_the_file_it_is_people_or_a_plain_no(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Never a traceback."""
    source = Csv(tmp_path_factory.getbasetemp() / "any.csv")
    for head in (b"", b"e-mail,name,manager,team\n"):
        source.path.write_bytes(head + content)
        try:
            told = source.read(knowing())
        except UnusableSourceError:
            continue
        assert all(one.id and one.name for one in told.people)


def test_a_column_puts_people_into_a_group(tmp_path: Path) -> None:
    """In any case and with any blanks around it. Without the column nothing counts: nobody would be in the group."""
    path = tmp_path / "people.csv"
    head, ana, bob = "E-mail,Name,Worker Type", "ana@acme.example,Ana,Employee", "bob@acme.example,Bob, contractor "
    path.write_text(f"{head}\n{ana}\n{bob}\n", encoding="utf-8")
    layout = HrLayout(groups={"contractors": ("worker type", "Contractor")})

    assert [(each.id, each.groups) for each in Csv(path, layout).read(knowing()).people] == [
        ("ana", ()),
        ("bob", ("contractors",)),
    ]
    with pytest.raises(UnusableSourceError, match="no column “Type”"):
        Csv(path, HrLayout(groups={"contractors": ("Type", "Contractor")})).read(knowing())


LEAVERS = """\
Work Email,Name,Employee ID,Status,Start date,Termination date
kim@acme.example,Kim Tanaka,1,Active,2020-01-01,
ana@acme.example,Ana Silva,2,Active,2021-01-01,22/11/2026
bob@acme.example,Bob Reyes,3,Active,2021-01-01,23/11/2026
cy@acme.example,Cy Again,4,Active,2026-03-01,31/12/2025
dee@acme.example,Dee Odd,5,Active,2021-01-01,soon
"""


@pytest.mark.parametrize("title", ["Termination date", "Last day of work", "Austrittsdatum", "离职日期"])
def test_a_person_leaves_on_the_day_after_the_last_one(tmp_path: Path, title: str) -> None:
    """Whatever the status still says. An end before the start is of an earlier job; an odd one is told."""
    path = tmp_path / "people.csv"
    path.write_text(LEAVERS.replace("Termination date", title))
    here: dict[date, set[str]] = {}
    for day in (date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 24)):
        found = Csv(path, today=partial(date, day.year, day.month, day.day)).read(knowing())
        here[day] = {one.id for one in found.people if one.active}
        assert any("Dee Odd" in line and "soon" in line for line in found.left_out)
    assert here == {
        date(2026, 11, 22): {"kim", "ana", "bob", "cy", "dee"},
        date(2026, 11, 23): {"kim", "bob", "cy", "dee"},
        date(2026, 11, 24): {"kim", "cy", "dee"},
    }


def test_the_header_may_stand_below_the_title_of_a_report(read: Read, left_out: Callable[..., list[str]]) -> None:
    """As Workday and SAP export it; lines are still counted from the top of the file."""
    text = "Active workers\nRun by,hr@acme.example\nOn,2026-11-29\n\nE-mail,Name\nk@x.y,Kim\nnobody,Lee\n"

    assert [each.id for each in read(text).people] == ["k"]
    assert left_out(text) == [
        "line 7, Lee: E-mail “nobody”: this is not an e-mail address; write one such as ana@acme.example"
    ]


def test_without_any_header_the_fault_of_the_likeliest_row_is_told(complaint: Callable[..., list[str]]) -> None:
    """A title names nothing; the row with most columns is the one that somebody meant."""
    said = " ".join(complaint("Active workers\n\nName,Team\nKim,Eng\n"))

    assert "line 3" in said
    assert "there is no column with e-mail addresses among Name, Team" in said


@pytest.mark.parametrize(
    "written", ["mailto:kim@x.y", "SMTP:Kim@X.y", "Kim Lee <kim@x.y>", "<kim@x.y>", '"Lee, Kim" <kim@x.y>']
)
def test_an_address_may_be_a_link_or_stand_behind_a_name(read: Read, written: str) -> None:
    """Directories export it so."""
    quoted = written.replace('"', '""')

    assert person(read(f'E-mail,Name\n"{quoted}",Kim\n'), "kim").email == "kim@x.y"


@pytest.mark.parametrize(
    ("header", "cells"),
    [("Name,Vorname", "Lee,Kim"), ("Nom,Prénom", "Lee,Kim"), ("Name", "Kim Lee"), ("Nom", "Kim Lee")],
)
def test_beside_a_first_name_the_name_is_the_last_one(read: Read, header: str, cells: str) -> None:
    """In German and French exports."""
    assert person(read(f"E-mail,{header}\nkim@x.y,{cells}\n"), "kim").name == "Kim Lee"


@pytest.mark.parametrize(
    ("title", "word", "there"),
    [
        ("accountEnabled", "TRUE", True),
        ("accountEnabled", "False", False),
        ("status", "DEPROVISIONED", False),
        ("status", "STAGED", False),
        ("status", "LOCKED_OUT", True),
        ("status", "PASSWORD_EXPIRED", True),
    ],
)
def test_a_directory_says_otherwise_who_is_there(read: Read, title: str, word: str, there: bool) -> None:
    """Microsoft Entra by whether the account is enabled, Okta by the state of the account."""
    assert person(read(f"E-mail,Name,{title}\nkim@x.y,Kim,{word}\n"), "kim").active is there


def test_an_encoding_that_cannot_be_found_out_is_told_in_app_yaml(tmp_path: Path) -> None:
    """Names are nobody's where they are read in another one."""
    (tmp_path / "people.csv").write_bytes("email,name\nivan@acme.example,Иванов Иван\n".encode("koi8-r"))

    def reading(**more: str) -> Directory:
        told = {"directory": [{"csv": "people.csv", **more}]}
        settings = Settings.model_validate(told, context={"folder": tmp_path})
        made = SOURCES["csv"](settings.directory[0], settings, {}, lambda: datetime(2026, 11, 22, tzinfo=UTC))
        return made.read(knowing())

    with pytest.raises(UnusableSourceError, match="no UTF-8"):
        reading()
    assert [one.name for one in reading(encoding="koi8-r").people] == ["Иванов Иван"]
    with pytest.raises(ValidationError, match="is not an encoding"):
        reading(encoding="cyrillic-ish")
