"""Sources that say the same are not read again."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.app import App
from bot.config import Settings
from bot.directory import everybody
from bot.directory.combined import Everybody
from storage import people, roster
from storage.db import Database
from storage.directory import Directory, Link
from tests.support.clock import Clock
from tests.support.company import ACME

HEAD = "Employee ID,Name,Email,Manager,Department\n"
ROWS = "1,Kim Tanaka,kim@acme.example,,Search\n2,Ana Silva,ana@acme.example,1,Search\n"
Reads = Callable[[], int]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    here = tmp_path / "people.csv"
    here.write_text(HEAD + ROWS)
    return here


@pytest.fixture
def app(file: Path, database: Database, clock: Clock) -> App:
    return of(file, database, clock)


def of(file: Path, database: Database, clock: Clock, **more: object) -> App:
    """A bot that knows people from a file."""
    settings = Settings.model_validate({"directory": [{"csv": str(file)}], **more})
    return App(settings, database, directory=everybody(settings, {}, clock, database), now=clock)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """How often the sources were read."""
    count = 0
    read = Everybody.__call__

    def counted(self: Everybody) -> Directory:
        nonlocal count
        count += 1
        return read(self)

    monkeypatch.setattr(Everybody, "__call__", counted)
    return lambda: count


def names(app: App) -> list[str]:
    return [each.name for each in app.database.ask(people.active_people)]


def test_the_same_file_is_read_once(app: App, reads: Reads, file: Path, database: Database, clock: Clock) -> None:
    """By this process and by the next one."""
    assert not app.refresh_people()
    clock.forward(timedelta(hours=1))
    assert not app.refresh_people()
    assert not of(file, database, clock).refresh_people()

    assert reads() == 1
    assert names(app) == ["Ana Silva", "Kim Tanaka"]


def test_another_file_is_read(app: App, reads: Reads, file: Path) -> None:
    """One person more, then one less."""
    app.refresh_people()
    file.write_text(f"{HEAD}{ROWS}3,Bob Reyes,bob@acme.example,1,Search\n")
    app.refresh_people()
    assert names(app) == ["Ana Silva", "Bob Reyes", "Kim Tanaka"]
    file.write_text(HEAD + ROWS)
    app.refresh_people()

    assert names(app) == ["Ana Silva", "Kim Tanaka"]
    assert reads() == 3


def test_a_new_day_is_read(app: App, reads: Reads, clock: Clock) -> None:
    """Somebody may have had their last day."""
    app.refresh_people()
    clock.forward(timedelta(days=1))
    app.refresh_people()

    assert reads() == 2


def test_another_app_yaml_is_read(app: App, reads: Reads, file: Path, database: Database, clock: Clock) -> None:
    """A group, a column, the organization's name."""
    app.refresh_people()
    changed: tuple[dict[str, object], ...] = (
        {"organization": {"name": "Other"}},
        {"people": [{"id": "max", "name": "Max Weber"}]},
        {"directory": [{"csv": str(file), "dates": "day first"}]},
    )
    for number, each in enumerate(changed):
        assert not of(file, database, clock, **each).refresh_people()
        assert reads() == number + 2


def test_check_reads_anew(app: App, reads: Reads) -> None:
    """It says what cannot be used."""
    app.refresh_people()
    app.refresh_people(anew=True)

    assert reads() == 2


def test_a_file_that_is_not_believed_is_not_taken_for_read(app: App, reads: Reads, file: Path) -> None:
    """Everybody has left at once, says it; and says it again."""
    file.write_text(HEAD + "".join(f"{n},P {n},p{n}@acme.example,,Search\n" for n in range(30)))
    app.refresh_people()
    file.write_text(HEAD + ROWS)
    assert "have left at once" in app.refresh_people()
    assert "have left at once" in app.refresh_people()

    assert reads() == 3


def test_a_file_that_is_gone_is_told_each_time(app: App, file: Path) -> None:
    """No mark, no silence."""
    app.refresh_people()
    file.unlink()

    assert "cannot be read" in app.refresh_people()
    assert "cannot be read" in app.refresh_people()


def test_a_source_that_has_no_mark_is_read_each_time(database: Database, clock: Clock) -> None:
    """Such as Slack."""
    count = 0

    def directory() -> Directory:
        nonlocal count
        count += 1
        return ACME

    app = App(Settings.model_validate({"directory": ["sample"]}), database, directory=directory, now=clock)
    app.refresh_people()
    app.refresh_people()

    assert count == 2


def test_a_link_that_a_person_changed_lets_the_sources_speak_again(app: App, reads: Reads) -> None:
    """What app.yaml says of the same identity counts at the next reading, as ever."""
    app.refresh_people()
    app.database.transact(lambda conn: people.relink(conn, Link("llm", "user", "u1", "person/ana")))
    app.refresh_people()

    assert reads() == 2


def test_what_another_replica_wrote_meanwhile_is_compared_anew(
    app: App, file: Path, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had read the same new file: nobody comes in twice."""
    app.refresh_people()
    file.write_text(f"{HEAD}{ROWS}3,Bob Reyes,bob@acme.example,1,Search\n")
    compare, other = roster.compare, of(file, database, clock)
    compared = 0

    def overtaken(conn: Connection, leavers_percent: int) -> roster.Compared:
        nonlocal compared
        compared += 1
        found = compare(conn, leavers_percent)
        if compared == 1:
            clock.forward(timedelta(seconds=1))
            other.refresh_people(anew=True)
        return found

    monkeypatch.setattr(roster, "compare", overtaken)

    assert not app.refresh_people()
    assert compared == 3
    assert names(app) == ["Ana Silva", "Bob Reyes", "Kim Tanaka"]
