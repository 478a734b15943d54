"""Reading a provider: a day counts whole or not at all, however large it is and however it ends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection

from bot.errors import UndeliverableError, UnreachableError
from bot.http import KeyRefusedError
from bot.providers.base import Provider, ProviderIdentity, ProviderOutcome
from bot.sync.spool import IN_MEMORY_BYTES, spooled
from bot.sync.usage import Reading, link_members, pull
from handlers.policy.policy import Policy
from storage import people, pulls, spend
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


def total(database: Database) -> int:
    """All that was spent, in nanos."""

    def work(conn: Connection) -> int:
        return sum(
            each.cost_nanos for each in spend.spent_by(conn, "org", date(2026, 11, 1), date(2026, 12, 1), "model")
        )

    return database.ask(work)


def test_what_comes_out_of_a_spool_is_what_went_in() -> None:
    """Every field, any number of times, in memory or on disk."""
    start = datetime(2026, 11, 21, 7, tzinfo=UTC)
    odd = Charge("llm", start, 1, "mo\ndel “é\ud800”", cost_nanos=None, cost_source="unpriced", tokens_output=10**13)
    many = [odd, *(replace(odd, subject=f"u{n}", cost_nanos=-n) for n in range(IN_MEMORY_BYTES // 200))]
    with spooled(iter(many)) as rows:
        assert list(rows) == many
        assert list(rows) == many


def test_a_day_that_breaks_off_counts_nothing_of_itself(company: Database) -> None:
    """The days before it stay counted, and the reason is kept."""

    class Breaking(FakeProvider):
        def charges(self, first: date, last: date) -> Iterator[Charge]:
            yield from super().charges(first, last)
            if first == DAY:
                raise UnreachableError("The third page did not come")

    provider = Breaking()
    provider.spends("ana", "5.00", DAY - timedelta(days=1))
    provider.spends("ana", "7.00", DAY)
    with pytest.raises(UnreachableError):
        read(company, provider)
    (noted,) = company.ask(pulls.pulled)
    assert (noted.error, noted.through) == ("The third page did not come", None)
    assert total(company) == 5 * 10**9


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


def test_a_whole_day_with_a_cell_of_another_day_is_refused(company: Database) -> None:
    """It would take the other day's rest back."""

    class Mistaken(Complete):
        def charges(self, first: date, last: date) -> Iterator[Charge]:
            yield from super().charges(first + timedelta(days=1), last + timedelta(days=1))

    provider = Mistaken()
    provider.spends("ana", "4.00", DAY)
    with pytest.raises(
        UndeliverableError, match="was asked for 2026-11-20 and answered for 2026-11-21: nothing is counted"
    ):
        read(company, provider)
    assert total(company) == 0


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
