"""Reading a provider: a day counts whole or not at all, however large it is and however it ends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.errors import KeyRefusedError, OutsideError, UndeliverableError, UnreachableError
from bot.providers.base import Provider, ProviderIdentity, ProviderOutcome, ProviderSeat
from bot.providers.files.provider import Files
from bot.sync.spool import IN_MEMORY_BYTES, spooled
from bot.sync.usage import Reading, link_members, pull
from handlers.language import said_of
from handlers.policy.policy import Policy
from storage import people, pulls, set_aside, spend
from storage.charges import Charge
from storage.db import Database
from storage.directory import Directory, Person
from storage.ingest import Recorded
from tests.support.fakes.provider import FakeProvider

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = date(2026, 11, 21)
HOW = Reading(Policy(), days_back=2, history_days=2)


class Complete(FakeProvider):
    """Tells whole days."""

    complete = True


@pytest.fixture
def company(database: Database) -> Database:
    """A company of nobody: all that is spent is unallocated."""
    database.transact(lambda conn: people.apply(conn, Directory(), date(2026, 11, 1)))
    return database


def read(database: Database, provider: Provider) -> Recorded:
    """Pull once."""
    return pull(database, provider, HOW, lambda: NOW)


def total(database: Database, until: date = date(2026, 12, 1)) -> int:
    """All that was spent, in nanos."""

    def work(conn: Connection) -> int:
        return sum(each.cost_nanos for each in spend.spent_by(conn, "org", date(2026, 11, 1), until, "model"))

    return database.ask(work)


def test_what_comes_out_of_a_spool_is_what_went_in() -> None:
    """Every field, any number of times, in memory or on disk."""
    start = datetime(2026, 11, 21, 7, tzinfo=UTC)
    odd = Charge("llm", start, 1, "mo\ndel “é\ud800”", cost_nanos=None, cost_source="unpriced", tokens_output=10**13)
    many = [odd, *(replace(odd, subject=f"u{n}", cost_nanos=-n) for n in range(IN_MEMORY_BYTES // 200))]
    with spooled(iter(many)) as rows:
        assert list(rows) == many
        assert list(rows) == many


def asides(database: Database) -> list[tuple[date | None, str, int | None]]:
    """What is set aside: of which day, why, how many rows."""
    return [(each.day, said_of("en", each.why), each.rows) for each in database.ask(set_aside.everything)]


def test_the_last_days_that_break_off_count_nothing_of_themselves(company: Database) -> None:
    """The days before them stay counted, and the reason is kept; the next reading goes on from there."""
    provider = FakeProvider(broken=frozenset({DAY, NOW.date()}))
    provider.spends("ana", "5.00", DAY - timedelta(days=1))
    provider.spends("ana", "7.00", DAY)
    with pytest.raises(UnreachableError):
        read(company, provider)
    (noted,) = company.ask(pulls.pulled)
    assert (said_of("en", noted.error), noted.through) == ("The third page did not come", DAY - timedelta(days=1))
    assert (total(company), asides(company)) == (5 * 10**9, [])


@pytest.mark.parametrize("how", [UnreachableError, UndeliverableError])
def test_a_day_that_cannot_be_read_hides_no_other(company: Database, how: type[OutsideError]) -> None:
    """It is noted, asked for again each time, also when it is long ago, and forgotten once it was read."""
    provider = FakeProvider(broken=frozenset({DAY}), breaks_off=how("No JSON"))
    provider.spends("ana", "5.00", DAY)
    provider.spends("ana", "7.00", NOW.date())
    read(company, provider)
    (noted,) = company.ask(pulls.pulled)
    assert (noted.error, noted.through, total(company)) == ("", NOW.date(), 7 * 10**9)
    assert asides(company) == [(DAY, "No JSON", None)]
    later = NOW + timedelta(days=20)
    pull(company, provider, HOW, lambda: later)
    assert (provider.days_asked.count(DAY), asides(company)) == (2, [(DAY, "No JSON", None)])
    provider.broken = frozenset()
    pull(company, provider, HOW, lambda: later + timedelta(minutes=10))
    assert (total(company), asides(company)) == (12 * 10**9, [])


def test_a_provider_that_is_down_is_not_asked_for_every_day(company: Database) -> None:
    """Each question may take a minute and a half."""
    provider = FakeProvider(broken=frozenset(DAY - timedelta(days=n) for n in range(-1, 40)))
    with pytest.raises(UnreachableError):
        pull(company, provider, Reading(Policy(), 2, 35), lambda: NOW)
    assert len(provider.days_asked) == 3  # two in a row, and the last one


def test_days_that_a_provider_chokes_on_hide_no_other(company: Database) -> None:
    """Several in a row may be answered with an error of the server; if another day is told, it is up."""
    provider = FakeProvider(broken=frozenset(DAY - timedelta(days=n) for n in range(1, 6)))
    provider.spends("ana", "5.00", DAY)
    pull(company, provider, Reading(Policy(), 2, 8), lambda: NOW)
    (noted,) = company.ask(pulls.pulled)
    assert (total(company), noted.through, len(noted.odd)) == (5 * 10**9, NOW.date(), 5)
    assert provider.days_asked.count(NOW.date()) == 2  # once to see whether it is up, and in its turn


def test_a_day_that_was_read_before_is_not_called_missing(company: Database) -> None:
    """What it said still counts."""
    provider = FakeProvider()
    provider.spends("ana", "5.00", DAY)
    read(company, provider)
    provider.broken = frozenset({DAY})
    read(company, provider)
    (noted,) = company.ask(pulls.pulled)
    assert [(each.day, each.missing, each.stale) for each in noted.odd] == [(DAY, False, True)]
    assert total(company) == 5 * 10**9


def test_a_refused_key_is_refused_for_every_day(company: Database) -> None:
    """It is not tried on each of them."""
    provider = FakeProvider(broken=frozenset({DAY - timedelta(days=1)}), breaks_off=KeyRefusedError("expired", ""))
    with pytest.raises(KeyRefusedError):
        read(company, provider)
    assert len(provider.days_asked) == 1


def test_what_lies_between_is_read_after_ten_weeks(company: Database) -> None:
    """However long nobody read, and as far back as the provider still tells; what it tells no more is noted."""
    provider = FakeProvider()
    read(company, provider)
    gone, kept = NOW.date() + timedelta(days=1), NOW.date() + timedelta(days=30)
    provider.spends("ana", "5.00", kept)
    provider.earliest = lambda today: today - timedelta(days=60)  # type: ignore[method-assign]
    later = NOW + timedelta(days=70)
    pull(company, provider, HOW, lambda: later)
    assert total(company, until=later.date()) == 5 * 10**9
    missing = [day for day, _, rows in asides(company) if rows is None]
    assert missing == [gone + timedelta(days=n) for n in range(9)]
    pull(company, provider, HOW, lambda: later)
    assert gone not in provider.days_asked
    assert len(asides(company)) == 9


def test_a_day_with_an_odd_row_counts_and_is_read_again_once_a_day(company: Database) -> None:
    """It takes nothing back by silence: what is missing may be what was not understood."""
    provider = Complete()
    provider.spends("ana", "4.00")
    provider.spends("bob", "6.00")
    read(company, provider)
    provider.rows = [row for row in provider.rows if row.subject == "bob"]
    provider.odd = {DAY: 2}
    read(company, provider)
    assert (total(company), asides(company)) == (10 * 10**9, [(DAY, "Field required", 2)])
    (noted,) = company.ask(pulls.pulled)
    assert (noted.error, noted.through) == ("", NOW.date())
    later = NOW + timedelta(days=20)
    pull(company, provider, HOW, lambda: later)
    pull(company, provider, HOW, lambda: later)
    assert provider.days_asked.count(DAY) == 3
    provider.odd = {}
    pull(company, provider, HOW, lambda: later + timedelta(days=1))
    assert (total(company), asides(company)) == (6 * 10**9, [])


def test_what_cannot_be_counted_is_set_aside(company: Database) -> None:
    """A currency without a rate takes no other row with it."""
    provider = FakeProvider()
    provider.spends("ana", "5.00")
    provider.rows.append(replace(provider.rows[0], subject="bob", currency="XAU"))
    read(company, provider)
    assert total(company) == 5 * 10**9
    ((day, why, rows),) = asides(company)
    assert (day, rows) == (DAY, 1)
    assert why.startswith("app.yaml knows no rate from XAU to USD")


def test_each_part_of_a_reading_fails_by_itself(company: Database) -> None:
    """People and outcomes that cannot be read keep no usage back, and are noted."""

    class Parted(FakeProvider):
        can = FakeProvider.can | {"outcomes", "seats"}

        def people(self) -> Iterator[ProviderIdentity]:
            raise UndeliverableError("No people")

        def seats(self) -> Iterator[ProviderSeat]:
            yield ProviderSeat("ana", "pro", None, None)
            raise UnreachableError("No seats")

        def outcomes(self, first: date, last: date) -> Iterator[ProviderOutcome]:  # noqa: ARG002 - none at all
            yield from ()
            raise UndeliverableError("No outcomes")

    provider = Parted()
    provider.spends("ana", "5.00")
    read(company, provider)
    assert total(company) == 5 * 10**9
    noted = [(each.part, said_of("en", each.why), each.rows) for each in company.ask(set_aside.everything)]
    assert noted == [("outcomes", "No outcomes", None), ("people", "No people", None), ("seats", "No seats", None)]


def test_only_who_tells_whole_days_takes_back_by_silence(company: Database) -> None:
    """What a complete report leaves out is gone; what another leaves out is late."""
    for provider, left in ((FakeProvider(name="late"), 10 * 10**9), (Complete(name="whole"), 6 * 10**9)):
        provider.spends("ana", "4.00")
        provider.spends("bob", "6.00")
        before = total(company)
        read(company, provider)
        provider.rows = [row for row in provider.rows if row.subject == "bob"]
        read(company, provider)
        assert total(company) - before == left


def test_an_empty_whole_day_takes_nothing_back(company: Database) -> None:
    """A proxy that lost its table says nothing about yesterday."""
    provider = Complete()
    provider.spends("ana", "4.00")
    read(company, provider)
    provider.rows = []
    read(company, provider)
    assert total(company) == 4 * 10**9


def test_a_cell_of_another_day_is_set_aside(company: Database) -> None:
    """It would take the other day's rest back."""

    class Mistaken(Complete):
        def charges(self, first: date, last: date) -> Iterator[Charge]:
            yield from super().charges(first + timedelta(days=1), last + timedelta(days=1))

    provider = Mistaken()
    provider.spends("ana", "4.00", DAY)
    read(company, provider)
    assert total(company) == 0
    assert asides(company) == [(DAY - timedelta(days=1), "it is about 2026-11-21, which was not asked for", 1)]


def test_outcomes_that_the_key_may_not_read_keep_nothing_else_back(company: Database) -> None:
    """Usage is read all the same, and what was told of outcomes before stays."""

    class Closed(FakeProvider):
        can = FakeProvider.can | {"outcomes"}
        open = True

        def outcomes(self, first: date, last: date) -> Iterator[ProviderOutcome]:
            yield ProviderOutcome("ana", max(first, min(last, DAY)), "commits", 3)
            if not self.open:
                raise KeyRefusedError("it may not", "")

    provider = Closed()
    provider.spends("ana", "4.00")
    read(company, provider)
    provider.open = False
    provider.spends("ana", "5.00")
    read(company, provider)
    (noted,) = company.ask(pulls.pulled)
    assert (noted.error, noted.through, total(company)) == ("", NOW.date(), 5 * 10**9)


def test_tokens_without_a_cost_count_at_the_list_price(company: Database) -> None:
    """What the list does not know stays unpriced, and is not free."""
    provider = FakeProvider()
    start = datetime(2026, 11, 21, tzinfo=UTC)
    provider.rows = [
        Charge("llm", start, 24, model, tokens_input=10**6, cost_source="unpriced") for model in ("gpt-5", "our-own")
    ]
    read(company, provider)
    first, end = DAY, DAY + timedelta(days=1)
    found = company.ask(lambda conn: spend.spent_by(conn, "org", first, end, "model"))
    assert [(each.cost_nanos, each.tokens_unpriced) for each in found] == [(1_250_000_000, 0), (0, 10**6)]


def test_an_address_that_two_people_have_is_nobodys(database: Database) -> None:
    """A user is linked by an address that one person has, whatever is invisible in it; its key follows it."""
    here = [
        Person("ana", "Ana", "ana@x.example"),
        Person("b1", "Bob", "bob@x.example"),
        Person("b2", "Bob", "bob@x.example"),
    ]
    told = [
        ProviderIdentity("user", "u-ana", email="\ufeff Ana@X.ex\u200bample\u00a0"),
        ProviderIdentity("key", "k-ana", owner="u-ana"),
        ProviderIdentity("user", "u-bob", email="bob@x.example"),
        ProviderIdentity("user", "u-none"),
    ]

    def work(conn: Connection) -> list[str | None]:
        people.apply(conn, Directory(tuple(here)), NOW.date())
        link_members(conn, "llm", told, NOW.date(), NOW)
        return [people.linked(conn, "llm", each.kind, each.external_id) for each in told]

    assert database.transact(work) == ["person/ana", "person/ana", None, None]


# Files of long ago --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [True, False], ids=["the same process", "another process"])
def test_a_file_with_old_days_is_read_whole_and_once(company: Database, tmp_path: Path, kept: bool) -> None:
    """A bill that is put there late counts, whatever its days; corrected later, it counts as corrected."""

    def write(cost: int) -> None:
        text = f"date,who,model,tokens,cost\n2026-03-02,ana,m,1,{cost}\n2025-11-21,ana,m,1,7\n"
        (tmp_path / "bill.csv").write_text(text)

    def read_files() -> tuple[int, int, int]:
        files = same if kept else Files("files", str(tmp_path / "*.csv"))
        done = read(company, files)
        year = company.ask(lambda conn: spend.spent_by(conn, "org", date(2025, 1, 1), date(2027, 1, 1), "model"))
        return sum(each.cost_nanos for each in year) // 10**9, done.rows_seen, done.rows_changed

    same = Files("files", str(tmp_path / "*.csv"))
    (tmp_path / "today.csv").write_text("date,who,model,tokens,cost\n2026-11-22,ana,m,1,1\n")
    assert read_files() == (1, 1, 1)
    write(50)
    assert read_files() == (58, 3, 2)
    assert read_files() == (58, 1, 0)
    write(20)
    assert read_files() == (28, 2, 1)
    assert read_files() == (28, 1, 0)
    same.close()


def test_a_wrong_row_of_a_file_is_known_until_it_is_right(company: Database, tmp_path: Path) -> None:
    """With its day; the rest counts."""
    path = tmp_path / "a.csv"
    header = "date,who,model,tokens,cost\n2026-11-21,ana,m,1,1\n"
    path.write_text(f"{header}2026-11-21,ana,m,1,much\n")
    files = Files("files", str(path))
    read(company, files)
    (odd,) = company.ask(set_aside.everything)
    assert (odd.day, odd.place, odd.field) == (DAY, f"{path}, line 3", "cost")
    assert total(company) == 10**9
    path.write_text(f"{header}2026-11-21,ana,m,1,2\n")
    read(company, files)
    assert company.ask(set_aside.everything) == []
    assert total(company) == 3 * 10**9
    files.close()


def test_days_before_the_first_reading_are_not_asked_for_again(company: Database) -> None:
    """Nobody asked for them, whatever is read again for corrections."""
    provider = FakeProvider()
    for _ in range(2):
        pull(company, provider, Reading(Policy(), days_back=9, history_days=1), lambda: NOW)
    assert min(provider.days_asked) == DAY
