"""Programs are let in by a token, or told in one sentence why not."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.bearer import A_MINUTE, REFUSED_A_MINUTE, Doorkeeper, ProblemError, Right, secret_of
from handlers.card import Text
from storage import audit, tokens
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company


@pytest.fixture
def acme(database: Database, clock: Clock) -> Company:
    """The company on each kind of database: who is let in is decided there."""
    return Company(database, clock)


@pytest.fixture
def door(acme: Company) -> Doorkeeper:
    """The door of the company."""
    return Doorkeeper(acme.app.database, acme.app.policy, acme.clock)


def made(acme: Company, words: str = "token new", who: str = "ana") -> str:
    """A new token."""
    return next(block.secret for block in acme.hear(who, words).blocks if isinstance(block, Text) and block.secret)


def refused(door: Doorkeeper, header: str | None, right: Right = "figures", peer: str = "a") -> tuple[int, str]:
    """The status and the kind of problem of a request that is refused."""
    with pytest.raises(ProblemError) as caught:
        door.let_in(header, right, peer)
    answer = caught.value.respond()
    said = json.loads(bytes(answer.body))
    assert answer.media_type == "application/problem+json"
    assert (said["status"], answer.status_code) == (caught.value.status,) * 2
    return caught.value.status, said["type"].rpartition(":")[2]


def test_a_token_opens_what_it_is_for(acme: Company, door: Doorkeeper) -> None:
    """And says for whom it speaks."""
    own = door.let_in(f"Bearer {made(acme)}", "figures")
    assert (own.speaker, own.token.account_id) == ("ana", "person/ana")
    agent = door.let_in(f"bearer {made(acme, 'token new for agent crawler', 'max')}", "requests")
    assert (agent.speaker, agent.token.account_id) == ("max", "agent/crawler")
    only = f"Bearer%20{made(acme, 'token new telemetry')}"
    assert door.let_in(only, "telemetry").token.scope == "telemetry"
    assert refused(door, only, "figures") == (403, "token-scope")
    assert refused(door, only, "requests") == (403, "token-scope")
    assert refused(door, f"Bearer {made(acme, 'token new reports')}", "telemetry") == (403, "token-scope")


def test_a_token_that_does_not_count_is_refused(acme: Company, door: Doorkeeper) -> None:
    """Missing, mistyped, invented, ended by a word or by time."""
    secret = made(acme, "token new 30 days")
    for header in (None, "", "Bearer", "Basic YTpi", "Bearer  "):
        assert refused(door, header) == (401, "token-missing")
    assert refused(door, f"Bearer {secret[:-1]}") == (401, "token-malformed")
    assert refused(door, f"Bearer {tokens.new_secret('own')}") == (401, "token-unknown")
    short = made(acme, "token new 1 days")
    acme.clock.forward(timedelta(days=1))
    assert refused(door, f"Bearer {short}") == (401, "token-ended")
    acme.hear("ana", "token revoke 1")
    assert refused(door, f"Bearer {secret}") == (401, "token-ended")


def test_a_leaver_is_not_let_in_even_before_the_token_is_ended(acme: Company, door: Doorkeeper) -> None:
    """It is looked up with each request."""
    header = f"Bearer {made(acme)}"
    door.let_in(header, "figures")
    with acme.app.database._orders.begin() as conn:
        conn.exec_driver_sql("update people set active = false where id = 'ana'")
    assert refused(door, header) == (401, "token-ended")


def test_many_wrong_tokens_from_one_address_wait_and_right_ones_do_not(acme: Company, door: Doorkeeper) -> None:
    """A company has one address: a program with an old token does not lock the others out."""
    right, late = f"Bearer {made(acme)}", f"Bearer {made(acme)}"
    door.let_in(right, "figures", "a")
    for _ in range(REFUSED_A_MINUTE):
        assert refused(door, f"Bearer {tokens.new_secret('own')}")[0] == 401
    assert refused(door, f"Bearer {tokens.new_secret('own')}") == (429, "too-many-requests")
    assert refused(door, "Bearer nonsense") == (429, "too-many-requests")
    assert refused(door, late) == (429, "too-many-requests")
    door.let_in(right, "figures", "a")
    door.let_in(late, "figures", "b")
    acme.clock.forward(timedelta(minutes=1))
    door.let_in(late, "figures", "a")


def test_one_token_asks_so_often_a_minute(acme: Company, door: Doorkeeper) -> None:
    """The answer says how long to wait."""
    header = f"Bearer {made(acme, 'token new reports')}"
    for _ in range(A_MINUTE["reports"]):
        door.let_in(header, "reports")
    acme.clock.forward(timedelta(seconds=20))
    with pytest.raises(ProblemError) as caught:
        door.let_in(header, "reports")
    assert caught.value.respond().headers["Retry-After"] == "40"
    acme.clock.moment -= timedelta(hours=1)
    door.let_in(header, "reports")  # a clock that steps back stops nothing


def test_use_is_noted_once_an_hour_and_the_first_in_the_audit(acme: Company, door: Doorkeeper) -> None:
    """Also when many come at once."""
    header = f"Bearer {made(acme)}"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: door.let_in(header, "figures", client="curl/8"), range(8)))
    first = acme.clock()
    acme.clock.forward(timedelta(minutes=59))
    assert door.let_in(header, "figures").token.used_at == first
    acme.clock.forward(timedelta(minutes=1))
    door.let_in(header, "figures", client="other")
    one = door.let_in(header, "figures").token
    assert (one.used_at, one.client) == (acme.clock(), "other")
    with acme.app.database._questions.connect() as conn:
        assert [row.deed.what for row in audit.rows(conn) if row.deed.what == "first used token"] == [
            "first used token"
        ]


def test_a_renewed_token_that_is_still_used_is_told_to_its_owner(acme: Company, door: Doorkeeper) -> None:
    """Once a day: some program has not been given the new one."""
    header = f"Bearer {made(acme)}"
    acme.hear("ana", "token rotate 1")
    door.let_in(header, "figures")
    acme.clock.forward(timedelta(hours=25))
    assert refused(door, header) == (401, "token-ended")
    assert refused(door, header) == (401, "token-ended")
    told = [each for each in acme.reads("ana") if "still uses token #1" in each]
    assert len(told) == 1
    assert "renewed as #2" in told[0]


@pytest.mark.parametrize("header", ["Bearer \x00", "Bearer " + "a" * 100_000, "Bearer bursar_p_" + "é" * 36, "🔑 x"])
def test_junk_in_the_header_is_refused(door: Doorkeeper, header: str) -> None:
    """Nothing of it reaches the database."""
    assert refused(door, header)[0] == 401
    assert secret_of("Bearer%20x") == "x"
