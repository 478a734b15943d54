"""The pages of the console, as a browser asks for them, in a company of 100,000 people.

Beside the charges the company has what pages show of everything else: a limit at the provider for everybody, users that
nobody is linked to, requests that wait, and spikes. Each page is asked for in a process that has drawn all of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from sqlalchemy import Connection, insert
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bench.alerts import Took, alone, measured
from bench.databases import KINDS, temporary
from bench.ledger import LARGE, PEOPLE, RULES, TEAMS, fill, large_company
from bench.table import Table, aimed
from bot.app import App
from bot.config import Settings
from bot.console import of_anyone
from bot.providers.sample.provider import Sample
from handlers.place import Place
from handlers.sentence import Sentence
from storage import people, pulls, tables
from storage.db import Database
from storage.directory import Directory, Link
from storage.pulls import Pull

SIZE = 1_000_000
AIM_S = 0.2
ROUNDS = 7
WAITING = 300
STRANGERS = 2_000
SPIKES = 200
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LOOKS = (
    ("p5000", "/"),
    ("p5000", "/requests"),
    ("p5000", "/waste"),
    ("p7", "/queue"),
    ("p7", "/team/t7"),
    ("p0", "/queue"),
    ("p0", "/organization"),
    ("p0", "/providers"),
    ("p0", "/money"),
    ("p0", "/lab"),
    ("p0", "/audit"),
)
NAMES = {"p5000": "a person", "p7": "a lead", "p0": "finance"}


def bench() -> Iterator[Table]:
    """With a million charges."""
    for kind in KINDS:
        yield _of(kind, SIZE)


def bench_large() -> Iterator[Table]:
    """With ten million; it takes several minutes and some gigabytes of disk."""
    for kind in KINDS:
        yield _of(kind, LARGE)


def _of(kind: str, size: int) -> Table:
    with temporary(kind) as url:
        alone(partial(build, url, size))
        took = alone(partial(_looked, url))
    rows = [
        (
            path,
            NAMES[person],
            f"{each.cpu_s * 1_000:.0f}",
            f"{each.wall_s * 1_000:.0f}",
            aimed(each.cpu_s, at_most=AIM_S),
        )
        for (person, path), each in zip(LOOKS, took, strict=True)
    ]
    note = "On PostgreSQL our processor's time leaves out its own."
    heads = ("", "for", "CPU ms", "ms", "aim, s of CPU")
    return Table(f"Pages of the console, {kind}, {PEOPLE:,} people, {size:,} charges", heads, rows, (note,))


def company() -> Directory:
    """A hundred thousand people in a thousand teams, each team with a lead who manages it."""
    large = large_company()
    everybody = tuple(
        replace(each, manager=f"p{number % TEAMS}" if number >= TEAMS else "p0" if number else "")
        for number, each in enumerate(large.people)
    )
    teams = tuple(replace(each, owner=f"p{each.id[1:]}") if each.id.startswith("t") else each for each in large.teams)
    links = tuple(Link("llm", "user", f"u{n}", f"person/p{n}") for n in range(PEOPLE))
    return replace(large, people=everybody, teams=teams, links=links)


def app_of(url: str, replica_url: str = "", heard: Callable[[str], object] = lambda _why: None) -> App:
    """The bot of that company."""
    rules: dict[str, Any] = RULES | {"providers": [{"kind": "sample", "name": "llm"}]}
    sample = Sample("llm", now=lambda: NOW)
    return App(
        Settings.model_validate(rules), Database(url, replica_url, heard), {}, {"llm": sample}, company, now=lambda: NOW
    )


def build(url: str, size: int) -> None:
    """Put the company in."""
    database = Database(url)
    database.migrate()
    directory = company()
    database.transact(lambda conn: people.apply(conn, directory, date(2026, 1, 1)))
    fill(database, size)
    database.transact(_beside)
    database.transact(lambda conn: pulls.note_pull(conn, Pull("llm", NOW, NOW, NOW.date(), size, size, "")))
    database.close()
    app = app_of(url)
    for number in range(WAITING):
        asker = f"p{TEAMS + number * 7}"
        app.hear(Sentence("request 50 for the bench", asker, Place("web", asker)))
    app.close()
    if not database.is_sqlite:
        again = Database(url)
        again.outside_of_transactions("vacuum analyze")
        again.close()


def _beside(conn: Connection) -> None:
    """What is there beside charges: limits of everybody, users that nobody is linked to, spikes."""
    seen = {"provider": "llm", "kind": "user", "window": "month", "paused": False, "seen_at": NOW, "first_seen_at": NOW}
    caps = [
        {**seen, "external_id": f"u{n}", "name": f"user {n}", "seen_nanos": (400 if n % 100 else 350) * 10**9}
        for n in range(PEOPLE)
    ]
    conn.execute(insert(tables.limits), caps)
    cell = {
        "provider": "llm",
        "sub_account": "",
        "resource": "",
        "model": "claude-sonnet-4-5",
        "tier": "",
        "bucket_hours": 24,
        "account_id": tables.UNALLOCATED,
        "tokens_input": 1_000,
        **dict.fromkeys(("tokens_cache_read", "tokens_cache_write_5m", "tokens_cache_write_1h"), 0),
        **dict.fromkeys(("tokens_output", "tokens_reasoning", "requests_failed"), 0),
        "requests": 1,
        "cost_nanos": 10**9,
        "currency": "USD",
        "cost_source": "cost_report",
        "cost_house_nanos": 10**9,
        "rate_nanos": 10**9,
        "version": 1,
        "recorded_at": NOW,
    }
    days = [NOW.replace(hour=0) - timedelta(days=ago) for ago in range(1, 6)]
    strange = [
        {**cell, "subject": f"s{n}", "bucket_start": day, "day": day.date()} for n in range(STRANGERS) for day in days
    ]
    conn.execute(insert(tables.charges), strange)
    burns = [
        {
            "account_id": f"person/p{n * 11}",
            "rule": "day",
            "burns": n % 10 == 0,
            "since": NOW - timedelta(days=n % 20, hours=5),
            "until": NOW - timedelta(days=n % 20),
            "now_nanos": 90 * 10**9,
            "usual_nanos": 10**9,
            "excess_nanos": 89 * 10**9,
            "rate_nanos": 10**9,
            "told_times": 1,
            "paused": False,
            "verdict": "",
        }
        for n in range(SPIKES)
    ]
    conn.execute(insert(tables.spikes), burns)


def _looked(url: str) -> list[Took]:
    """What each page takes: the median of some rounds, after one that is not counted."""
    app = app_of(url)
    site = Starlette(routes=[of_anyone(app, [("p0", "Person 0")], "/pages")])
    found: list[list[Took]] = [[] for _ in LOOKS]
    with TestClient(site, base_url="http://127.0.0.1") as browser:
        for _ in range(ROUNDS + 1):
            for (person, path), took in zip(LOOKS, found, strict=True):
                took.append(measured(partial(ask, browser, person, path)))
    app.close()
    return [
        Took(median(each.cpu_s for each in took[1:]), median(each.wall_s for each in took[1:]), 0.0) for took in found
    ]


def ask(browser: TestClient, person: str, path: str) -> None:
    """Ask for a page of the console."""
    browser.cookies = {"bursar-demo": person}
    answer = browser.get(f"/pages{path}")
    assert answer.status_code == 200, (path, answer.status_code)
