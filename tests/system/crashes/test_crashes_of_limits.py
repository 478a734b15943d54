"""From asking to applied at the provider, the process dies at any step: then the limit is the ledger's, told once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from storage import audit
from storage.db import Database
from storage.limits import Subject
from storage.outbox import LEASE
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.fakes.provider import FakeProvider
from tests.system.crashes.test_crashes import Died, Fate, MortalBoard, fresh
from tests.system.crashes.test_crashes_of_requests import MortalDatabase, facts

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
PLAY = (("ana", "request 50 finish the migration"), ("max", "approve 1"), ("fay", "pause @bob"), ("fay", "resume @bob"))


class MortalProvider(FakeProvider):
    """Outlives the process, which dies before its orders or after them."""

    fate = Fate()

    def _fail(self, what: str) -> None:
        if what in ("set_limit", "pause", "resume"):
            self.fate.step()
        super()._fail(what)


def life(url: str, provider: MortalProvider, board: MortalBoard, fate: Fate, clock: Clock) -> None:
    """One life of a process: everything is said again, under the ids that it has, and delivered."""
    board.fate = provider.fate = Fate()
    database = MortalDatabase(url)
    company = Company(database, clock)
    company.app.platforms, company.app.providers = {"web": board}, {"llm": provider}
    company.app.__post_init__()
    if not provider.there:
        provider.knows("ana", "bob")
        company.app.limits.read(provider)
        company.settle()
    board.fate = provider.fate = database.fate = fate
    event.listen(database._orders, "commit", fate.step)
    try:
        for number, (person, words) in enumerate(PLAY):
            company.say(person, words, delivery=f"press-{number}")
            company.settle()
    finally:
        event.remove(database._orders, "commit", fate.step)
        database.close()


def at_the_provider(provider: MortalProvider) -> list[object]:
    """What everybody may spend there, and who is paused."""
    return [(each.subject, each.amount_nanos, each.paused) for each in provider.there.values()]


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.long)])
def test_whenever_the_process_dies_from_asking_to_applied_the_end_is_the_same(tmp_path: Path, every: int) -> None:
    """At commits, before and after them, and at orders to the provider, every fifth or all: nothing lost or double."""
    url = fresh(tmp_path, "whole")
    provider, board, fate = MortalProvider(), MortalBoard(), Fate()
    life(url, provider, board, fate, Clock(MONDAY))
    wanted = facts(url)
    assert provider.allows("ana") == 450
    assert any("applied at" in title for title in board.titles())

    for at in range(1, fate.steps + 1, every):
        url, clock = fresh(tmp_path, f"died-{at}"), Clock(MONDAY)
        again, board = MortalProvider(), MortalBoard()
        with pytest.raises(Died):
            life(url, again, board, Fate(at), clock)
        clock.moment = MONDAY + LEASE + timedelta(seconds=1)
        life(url, again, board, Fate(), clock)

        assert at_the_provider(again) == at_the_provider(provider), f"died at step {at}"
        assert facts(url)[:3] == wanted[:3], f"died at step {at}"
        told = [title for title in board.titles() if "applied at" in title]
        assert 1 <= len(told) <= 2, "only a crash between the platform's answer and our note repeats one"
        database = Database(url)
        assert database.ask(audit.first_broken) is None
        database.close()
    assert fate.steps > 30
    assert not again.there[Subject("user", "bob")].paused
