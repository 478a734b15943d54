"""Databases of earlier releases, filled, brought up to date."""

import json
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from bot.app import App
from bot.config import Settings
from handlers import EVENTS
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import RULES
from tests.support.paths import ROOT

# What the first release left in its outbox: key, sentence; and the key and the event that it is now.
SAID: tuple[tuple[str, str, str, dict[str, object]], ...] = (
    ("say/begin@@2026-11-22T12:01", "begin", "event/give_allotments/2026-11-22T12:01", {}),
    ("say/grants@@2026-11-22T12:15", "grants", "event/end_grants/2026-11-22T12:15", {}),
    ("say/alerts@@2026-11-22T12:15", "alerts", "event/check_thresholds/2026-11-22T12:15", {}),
    (
        "say/alerts@pull/llm/2026-11-22T12:00",
        "alerts",
        "event/check_thresholds/after/pull/llm/2026-11-22T12:00",
        {},
    ),
    ("say/watch@pull/llm/2026-11-22T12:00", "watch", "event/check_spikes/after/pull/llm/2026-11-22T12:00", {}),
    ("say/notes@@2026-11-22T12:05", "notes", "event/send_notes/2026-11-22T12:05", {}),
    ("say/sift@@2026-11-22T04:40", "sift", "event/detect_waste/2026-11-22T04:40", {}),
    ("say/tell/ana/2026-47", "tell ana", "event/tell_findings/ana/2026-47", {"person_id": "ana"}),
    ("say/nudge/7/0", "nudge h4nd1e 0", "event/remind_approver/7/0", {"request_id": 7, "stage": 0}),
    ("say/raise/7/1", "raise h4nd1e 1", "event/escalate/7/1", {"request_id": 7, "stage": 1}),
    ("say/lapse/7/0", "lapse h4nd1e 0", "event/request_expired/7/0", {"request_id": 7, "stage": 0}),
    ("say/answered/7", "answered h4nd1e", "event/increase_decided/7", {"request_id": 7}),
    (
        "say/follow/person/ana/2026-11-22T12:00:00.000001",
        "follow person/ana",
        "event/sync_account/person/ana/2026-11-22T12:00:00.000001",
        {"account_id": "person/ana"},
    ),
    (
        "say/reconcile/llm/2026-11-22T12:00:00.000001",
        "reconcile llm",
        "event/sync_provider/llm/2026-11-22T12:00:00.000001",
        {"provider": "llm"},
    ),
    ("say/pause/3", "pause agent crawler", "event/pause_account/3", {"account_id": "agent/crawler"}),
)
OUTBOX = text(
    "insert into wishes (key, kind, target, payload, version, state, due_at, held_until, holder, attempts, receipt,"
    " error, made_at) values (:key, :kind, :target, :payload, 1, 'open', :at, :at, '', 0, '', '', :at)"
)
SPIKE = text(
    "insert into dangers (account_id, clock, burns, since, until, now_nanos, usual_nanos, excess_nanos, rate_nanos,"
    " told_times, paused, verdict) values ('agent/crawler', 'velocity', true, :at, :at, 5, 1, 4, 1, 0, false, '')"
)
CRAWLER = text(
    "insert into accounts (id, kind, name, parent_id, owner_id, cost_center, active)"
    " values ('agent/crawler', 'agent', 'Crawler', 'org', 'max', '', true)"
)
ASKED = text(
    "insert into requests (id, handle, version, state, asker_id, account_id, budget, period_start, until, amount, unit,"
    " reason, stages, stage, raised, asked_at, resolved_by, resolved_amount, resolved_note, origin) values"
    " (:id, :handle, 2, 'approved', 'ana', 'person/ana', 'monthly', '2026-11-01', '2026-11-30', 5, 'USD', 'x', '[]', 0,"
    " 0, :at, 'max', 5, '', '')"
)
DEED = text(
    "insert into audit (id, at, who, what, subject, authority, place, details, hash)"
    " values (:id, :at, 'clock', :what, :subject, :authority, 'clock:', '', '')"
)
DEEDS = (
    ("approved", "request/1", "manager"),
    ("applied", "request/1", "llm"),
    ("applied", "request/1", "proxy"),
    ("applied", "request/3", "llm"),
    ("applied", "request/3", "llm"),
)
SAYS = tuple[str, str, str, dict[str, object]]


@pytest.fixture
def first_release(empty_url: str) -> Iterator[Database]:
    """A database of the first release, with something of each kind in its outbox."""
    made = Database(empty_url)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "storage" / "migrations"))
    with made._orders.connect() as conn, conn.begin():
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        at = Clock()()
        at = at.replace(tzinfo=None) if made.is_sqlite else at
        nowhere, channel = {"platform": "nowhere", "id": ""}, {"platform": "web", "id": "#all", "public": True}
        rows: list[SAYS] = [(key, "say", "clock", {"sentence": words, "place": nowhere}) for key, words, *_ in SAID]
        rows += [
            ("say/status@web:#all@2026-11-22T09:00", "say", "clock", {"sentence": "status", "place": channel}),
            ("increase/llm/inc_1", "answer", "llm", {"id": "inc_1", "total_nanos": 5, "who": "user:a%20b", "limit": 9}),
            ("increase/llm/inc_2", "answer", "llm", {"id": "inc_2", "total_nanos": None, "who": "", "limit": 0}),
            ("request/7@web:ana", "show", "web", {"place": {"platform": "web", "id": "ana"}, "card": {"title": "x"}}),
        ]
        for key, kind, target, payload in rows:
            conn.execute(OUTBOX, {"key": key, "kind": kind, "target": target, "payload": json.dumps(payload), "at": at})
        conn.execute(SPIKE, {"at": at})
        for number in (1, 2, 3):
            conn.execute(ASKED, {"id": number, "handle": f"handle-{number}", "at": at})
        for number, (what, subject, authority) in enumerate(DEEDS, start=1):
            conn.execute(DEED, {"id": number, "at": at, "what": what, "subject": subject, "authority": authority})
        conn.execute(CRAWLER)
    made.migrate()
    yield made
    made.close()


def test_amounts_of_a_currency_that_is_worth_little_are_counted_in_larger_parts(empty_url: str) -> None:
    """What was in nanos of a won is in 10⁻⁵ of it; what is in tokens or dollars stays."""
    made = Database(empty_url)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "storage" / "migrations"))
    entry = text(
        "insert into entries (key, account_id, budget, period_start, kind, amount, unit, said_by, note, posted_at)"
        " values (:unit, 'person/ana', :unit, '2026-11-01', 'allotment', :amount, :unit, 'clock', '', :at)"
    )
    on_the_way = text(
        "insert into outbox (key, kind, target, payload, version, state, due_at, held_until, holder, attempts, receipt,"
        " error, made_at) values (:key, :kind, 'llm', :payload, 1, 'open', :at, :at, '', 0, '', '', :at)"
    )
    spent = text("insert into spend values ('org', '2026-11-01', 'llm', 'm', 5000000000000, 7, 0, 1)")
    with made._orders.connect() as conn, conn.begin():
        config.attributes["connection"] = conn
        command.upgrade(config, "0010")
        at = Clock()()
        at = at.replace(tzinfo=None) if made.is_sqlite else at
        conn.execute(entry, {"unit": "KRW", "amount": 400_000 * 10**9, "at": at})
        conn.execute(entry, {"unit": "tokens", "amount": 400_000, "at": at})
        conn.execute(spent)
        for key, kind, said in (("a", "limit", {"nanos": 7}), ("b", "answer", {"total_nanos": 7})):
            payload = json.dumps({**said, "limit": 400_000 * 10**9})
            conn.execute(on_the_way, {"key": key, "kind": kind, "payload": payload, "at": at})
    made.migrate()
    amounts = made.ask(lambda conn: conn.execute(text("select unit, amount from entries order by unit")).all())
    cost = made.ask(lambda conn: conn.execute(text("select cost_nanos, tokens from spend")).one())
    waiting = [payload for _, (_, payload) in sorted(kept(made).items())]
    made.close()
    assert [tuple(row) for row in amounts] == [("KRW", 400_000 * 10**5), ("tokens", 400_000)]
    assert waiting == [{"nanos": 7, "limit": 400_000 * 10**5}, {"total_nanos": 7, "limit": 400_000 * 10**5}]
    assert tuple(cost) == (5_000 * 10**5, 7)


def kept(database: Database) -> dict[str, tuple[str, dict[str, object]]]:
    """What is in the outbox: kind and payload by key."""
    rows = database.ask(lambda conn: conn.execute(text("select key, kind, payload from outbox")).all())
    return {key: (kind, json.loads(payload)) for key, kind, payload in rows}


def test_what_the_first_release_told_itself_in_words_becomes_events(first_release: Database) -> None:
    """Each is the event that its handler reads, under a key that new ones meet."""
    found = kept(first_release)
    for _, _, key, fields in SAID:
        kind, payload = found[key]
        name = key.split("/")[1]
        assert (kind, payload) == ("event", {"event": name, **fields})
        assert EVENTS[name].from_json(json.dumps(payload)) == EVENTS[name].event(**fields)


def test_what_people_asked_for_stays_as_it_was(first_release: Database) -> None:
    """Sentences of app.yaml and messages are as before; who is limited is data."""
    found = kept(first_release)
    assert found["say/status@web:#all@2026-11-22T09:00"][0] == "say"
    assert found["request/7@web:ana"][0] == "show"
    assert found["increase/llm/inc_1"][1]["who"] == {"kind": "user", "external_id": "a b"}
    assert found["increase/llm/inc_2"][1]["who"] is None
    assert len(found) == len(SAID) + 4


def test_an_updated_outbox_is_delivered(first_release: Database, clock: Clock) -> None:
    """All of it is handled by this release, and numbers go on where they were."""
    app = App(Settings.model_validate(RULES), first_release, now=clock)
    while app.deliver():
        pass
    rows = first_release.ask(
        lambda conn: conn.execute(text("select key, error from outbox where kind = 'event' and state <> 'done'")).all()
    )
    assert rows == []
    numbers = first_release.ask(lambda conn: conn.execute(text("select id from outbox order by id")).scalars().all())
    assert len(numbers) == len(set(numbers))


def test_where_a_grant_is_applied_is_taken_from_the_audit(first_release: Database) -> None:
    """So nobody hears of it again."""
    found = first_release.ask(
        lambda conn: conn.execute(text("select applied from requests order by id")).scalars().all()
    )
    assert found == ["llm proxy", "", "llm"]
