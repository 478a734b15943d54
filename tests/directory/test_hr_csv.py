"""An HR export: what it may look like, what is made of it, and what is said when it cannot be used."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.directory.hr_csv.columns import COLUMNS
from bot.directory.hr_csv.source import Csv
from bot.directory.source import Known, UnusableSourceError
from storage.directory import Directory, Person, Team

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
        return Csv(path).read(known or Known())

    return reading


@pytest.fixture
def complaint(read: Read, tmp_path: Path) -> Callable[..., list[str]]:
    """What is said about a wrong export, a line each, without the file's name."""

    def complaining(text: str | bytes, known: Known | None = None) -> list[str]:
        with pytest.raises(UnusableSourceError) as caught:
            read(text, known)
        return [line.removeprefix(f"{tmp_path}/people.csv, ") for line in str(caught.value).splitlines()]

    return complaining


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
    known = Known(Directory(teams=(Team("sea", "Search & Ads", "ada"),)))

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
        Known(Directory(people=(Person("eve", "Eve", "eve@x.y"),))),
    )

    assert {one.id: one.manager for one in told.people} == {
        "kim": "", "a": "kim", "b": "kim", "c": "kim", "d": "eve", "e": "eve",
    }  # fmt: skip


def test_a_manager_who_has_left_the_file_is_still_known_by_memory(read: Read) -> None:
    """The reports of somebody who has left are no error of the file."""
    known = Known(remembered={"kim.t": Person("kim.t", "Kim", "kim@x.y", active=False)})

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
    known = Known(remembered={"ana": Person("ana", "Ana", "ana@b.example", active=False)})
    told = read("e-mail,name\nana@a.example,Another Ana\nana@b.example,Ana\n", known)

    assert [one.id for one in told.people] == ["ana-a.example", "ana"]


def test_who_keeps_the_employee_number_is_the_same_person_whatever_the_name_and_the_address(read: Read) -> None:
    """Ana marries. An address that is free now is not hers any more, whoever gets it; and it stays so."""
    before = read("Employee number,e-mail,name\n1042,ana.silva@x.y,Ana Silva\n7,max@x.y,Max\n")
    known = Known(remembered={one.id: one for one in before.people})
    text = (
        "Employee number,e-mail,name\n 1042\u200b,ana.costa@x.y,Ana Costa\n7,max@x.y,Max\n9,ana.silva@x.y,Ana Silva\n"
    )
    after = read(text, known)

    assert [(one.id, one.name) for one in after.people] == [
        ("ana.silva", "Ana Costa"),
        ("max", "Max"),
        ("ana.silva-x.y", "Ana Silva"),
    ]
    assert read(text, Known(remembered={one.id: one for one in after.people})) == after


def test_an_employee_number_counts_in_its_own_file_only(read: Read) -> None:
    """Two companies of a group number their people from 1."""
    (dora,) = read("Employee number,e-mail,name\n2,dora@b.example,Dora\n").people
    other = replace(dora, number="sister.csv/2")

    text = "Employee number,e-mail,name\n2,cid@a.example,Cid\n"
    assert read(text, Known(remembered={"dora": other})).people[0].id == "cid"
    assert read(text, Known(remembered={"dora": dora})).people[0].id == "dora"
    twice = {"dora": dora, "eve": replace(dora, id="eve")}
    assert read(text, Known(remembered=twice)).people[0].id == "cid"


def test_blanks_and_invisible_letters_are_no_part_of_what_is_written(read: Read) -> None:
    """They come along when somebody copies an address."""
    told = read("e-mail,name,manager\n\u00a0Ana\u200b@x.y\ufeff,\u200eAna ,max@x.y\u00ad\nmax@x.y,Max,\n")

    assert told.people[0] == Person("ana", "Ana", "ana@x.y", "max")


def test_whom_app_yaml_names_without_an_address_is_whoever_has_the_id(read: Read) -> None:
    """So a role can be given in app.yaml to somebody of the export; with another address it is somebody else."""
    named = Known(Directory(people=(Person("ana", "Ana", roles=("finance",)),)))
    other = Known(Directory(people=(Person("ana", "Ana", "ana@b.example"),)))
    taken = replace(named, remembered={"ana": Person("ana", "Ana", "ana@c.example")})

    assert read("e-mail,name\nana@a.example,Ana\n", named).people[0].id == "ana"
    assert read("e-mail,name\nana@a.example,Ana\n", other).people[0].id == "ana-a.example"
    assert read("e-mail,name\nana@a.example,Ana\n", taken).people[0].id == "ana-a.example"


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
        told = source.read(Known(remembered=dict(remembered)))
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


def test_quoted_fields_may_hold_delimiters_quotes_and_line_ends(
    read: Read, complaint: Callable[..., list[str]]
) -> None:
    """And the lines of an error are still those of the file."""
    text = '"E-Mail","Name","Team"\na@x.y,"Weber, ""Max""\nJr.","Search;Ads"\nb@x,"B, too\n",\nc@x,C,,more\n'

    assert person(read(text.replace(",,more", ",")), "a").name == 'Weber, "Max"\nJr.'
    assert complaint(text) == ["line 6: there are 4 fields where the header has 3"]


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


# What is said when it cannot be used


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "Asia/Kolkata",
            "Asia/Kolkatta",
            ("line 4: “Asia/Kolkatta” is no time zone; write one such as Europe/Berlin; did you mean “Asia/Kolkata”?"),
        ),
        (
            "on leave",
            "on leav",
            ("line 4: the status “on leav” is not known; write active, or left; did you mean “on leave”?"),
        ),
        (
            "Ana Silva,max@",
            "Ana Silva,eve@",
            (
                "line 4: nobody knows the manager “eve@acme.example”; write the e-mail "
                "address or the id of somebody in this file"
            ),
        ),
        (
            "\nana@",
            "\nMax@",
            (
                "line 4: the e-mail address max@acme.example stands on line 3 already; give each "
                "person one line with their own"
            ),
        ),
        ("ana@acme.example", "", "line 4: the e-mail address is missing"),
        (
            "ana@acme.example",
            "ana at acme",
            ("line 4: “ana at acme” is no e-mail address; write one such as ana@acme.example"),
        ),
        ("Ana Silva", "", "line 4: the name is missing"),
        (
            "Kim Tanaka,",
            "Kim Tanaka,ana@acme.example",
            (
                "line 2: the managers form a circle (ana → max → kim → ana); one "
                "of them must report to somebody else, or to nobody"
            ),
        ),
        (
            "Ads,Engineering,CC-2,Asia",
            "Ads,Sales,CC-2,Asia",
            (
                "line 4: the team “Search & Ads” is part of “Sales” here, "
                "but on line 3 the team “Search & Ads” is part of “Engineering”"
            ),
        ),
        (
            KIM,
            KIM.replace(",,,Engineering", ",,Engineering,Search & Ads"),
            (
                "line 2: a department cannot be below itself: "
                "“Engineering” below “Search & Ads” below “Engineering”; correct the column department"
            ),
        ),
        (
            KIM,
            KIM.replace(",,,", ",,Search-Ads,"),
            (
                "line 3: the teams “Search-Ads” and “Search & Ads” would both have "
                "the id search-ads; rename one, or list one with another id under teams: in app.yaml"
            ),
        ),
        ("E-mail", "Contact", "line 1: there is no column with e-mail addresses; call it e-mail"),
        (
            "Name",
            "Title",
            ("line 1: there is no column with names; call it name, or have the columns first name and last name"),
        ),
        ("Status", "Name", "line 1: there are 2 columns “Name”; keep one of them"),
        ("Max Weber", '"Max" Weber', "line 3: the quotes of this record are wrong (',' expected after '\"')"),
    ],
)
def test_an_error_names_its_line_and_what_would_be_right(
    complaint: Callable[..., list[str]], right: str, wrong: str, said: str
) -> None:
    """A near miss is suggested."""
    assert right in ACME
    assert complaint(ACME.replace(right, wrong, 1)) == [said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: there is no header; the first line names the columns, such as e-mail, name, manager, team"),
        ("e-mail,name\n", "line 1: there is nobody below the header"),
        ("e-mail,name\na@x.y\n", "line 2: there are 1 fields where the header has 2"),
        (b"e-mail,name\na@x.y,Jos\xe9\n", "line 2: this is no UTF-8; save the file as “CSV UTF-8”"),
        ("e-mail,name\na@x.y,A\0\n", "line 2: this is no text; save the file as “CSV UTF-8”"),
        ("id,e-mail,name\nA na,a@x.y,A\n", "line 2: “a na” is no id; use at most 63 letters, digits, dots and hyphens"),
        (
            "e-mail,name,roles\na@x.y,A,admn\n",
            ("line 2: “admn” is no role; write finance or admin, or nothing; did you mean “admin”?"),
        ),
        ("e-mail,name,locale\na@x.y,A,English\n", "line 2: “English” is no locale; write one such as en_US or de_DE"),
        ("e-mail,name,joined\na@x.y,A,2026-02-30\n", "line 2: “2026-02-30” is no day; write one such as 2026-11-22"),
        ("e-mail,name,joined\na@x.y,A,03/04/2026\n", "line 2: “03/04/2026” is no day; write one such as 2026-11-22"),
        (
            "e-mail,name,team,team owner\na@x.y,A,S,a\nb@x.y,B,S,b\n",
            ("line 3: the owner of the team “S” is b here, but on line 2 the owner of the team “S” is a"),
        ),
        (
            "e-mail,name,team owner\na@x.y,A,eve\n",
            (
                "line 2: nobody knows the owner of the team “eve”; write the e-mail "
                "address or the id of somebody in this file"
            ),
        ),
    ],
)
def test_what_no_export_should_be_is_said_plainly(
    complaint: Callable[..., list[str]], text: str | bytes, said: str
) -> None:
    """No traceback, and always what to do."""
    assert complaint(text) == [said]


def test_every_error_is_told_at_once_in_the_order_of_the_lines(complaint: Callable[..., list[str]]) -> None:
    """Nobody mends a file one error at a time."""
    said = complaint(ACME.replace("terminated", "x").replace("Ana Silva", "").replace("Kim Tanaka,", "Kim,eve"))

    assert [line.partition(":")[0] for line in said] == ["line 2", "line 4", "line 5"]


def test_of_very_many_errors_the_first_twenty_are_told(complaint: Callable[..., list[str]]) -> None:
    """And quickly: eight times as many take about eight times as long."""

    def wrong(size: int) -> str:
        return "e-mail,name,zone\n" + "".join(f"p{n}@x.y,P,Nowhere/{n}\n" for n in range(size))

    complaint(wrong(1_000))  # what is only done once is done
    _, few_s = timed(complaint, wrong(6_250))
    said, many_s = timed(complaint, wrong(50_000))

    assert len(said) == 21
    assert said[-1].endswith("people.csv: and 49980 more")
    assert many_s < 24 * few_s  # it would be 64 times if each were compared with all others


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(UnusableSourceError, match=r"people\.csv cannot be read: No such file or directory"):
        Csv(tmp_path / "people.csv").read(Known())
    with pytest.raises(UnusableSourceError, match="Is a directory"):
        Csv(tmp_path).read(Known())


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
            told = source.read(Known())
        except UnusableSourceError:
            continue
        assert all(one.id and one.name for one in told.people)
