"""Reading a provider: who is there, and what was consumed since we last heard."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot.errors import OutsideError, UndeliverableError
from bot.http import KeyRefusedError, NotFoundError
from bot.providers.base import Provider, ProviderIdentity, days
from bot.sync.spool import spooled
from handlers.policy import Policy
from handlers.pricing import PriceBook
from storage import ingest, outcomes, people, prices, pulls, seats
from storage.charges import Charge
from storage.db import Database
from storage.directory import Link
from storage.ingest import Recorded, WholeDay
from storage.pulls import Pull
from storage.seats import Seat


@dataclass(frozen=True, slots=True)
class Reading:
    """How a provider is read.

    Args:
        policy: cuts the days and knows the currency.
        days_back: days before the last one heard that are read again, for restatements.
        history_days: days read the first time.
    """

    policy: Policy
    days_back: int
    history_days: int


def pull(database: Database, provider: Provider, how: Reading, now: Callable[[], datetime]) -> Recorded:
    """Read a provider's people and charges, day by day; each day counts whole or not at all.

    Raises:
        OutsideError: what went wrong; days read before it stay counted, and the reason is kept for `status`.
    """
    started = now()
    known = {each.provider: each for each in database.ask(pulls.pulled)}
    before = known.get(provider.name) or Pull(provider.name, started, None, None, 0, 0, "")
    total = Recorded(0, 0)
    try:
        if "people" in provider.can:
            members = list(provider.people())
            database.transact(lambda conn: link_members(conn, provider.name, members, started))
        first, last = _span(before, how, started)
        for day in days(first, last):
            total = _read_day(database, provider, day, how, now, total)
        _read_besides(database, provider, how.policy, first, last)
    except OutsideError as trouble:
        why = str(trouble)
        failed = Pull(
            provider.name, started, before.done_at, before.through, before.rows_seen, before.rows_changed, why
        )
        database.transact(lambda conn: pulls.note_pull(conn, failed))
        raise
    done = Pull(provider.name, started, started, last, total.rows_seen, total.rows_changed, "")
    database.transact(lambda conn: pulls.note_pull(conn, done))
    return total


def _span(before: Pull, how: Reading, now: datetime) -> tuple[date, date]:
    today = now.date()
    earliest = today - timedelta(days=how.history_days)
    if before.through is None:
        return earliest, today
    return max(earliest, min(before.through, today) - timedelta(days=how.days_back)), today


def _read_day(
    database: Database, provider: Provider, day: date, how: Reading, now: Callable[[], datetime], so_far: Recorded
) -> Recorded:
    """Read one day whole before any of it counts.

    It is priced in the transaction in which it counts: a price that finance sets meanwhile is either known here, or its
    own pricing finds these cells.
    """

    def convert(cost_nanos: int, currency: str, day: date) -> tuple[int, int]:
        house = how.policy.convert(cost_nanos, currency, day)
        if house is None:
            raise UndeliverableError(
                f"{provider.name} reports costs in {currency}, and app.yaml knows no rate to "
                f"{how.policy.organization.currency} for {day}. Add it under rates:",
            )
        return house

    whole = WholeDay(provider.name, day) if provider.complete else None

    def record(conn: Connection, rows: Iterable[Charge]) -> Recorded:
        priced = map(PriceBook(how.policy, prices.posted(conn)).priced, rows)
        return ingest.record(conn, priced, how.policy.zone, convert, now(), whole)

    with spooled(_told(provider, day)) as rows:
        done = database.transact(lambda conn: record(conn, rows))
    return Recorded(so_far.rows_seen + done.rows_seen, so_far.rows_changed + done.rows_changed)


def _read_besides(database: Database, provider: Provider, policy: Policy, first: date, last: date) -> None:
    """Read who has a paid seat, and what came of the work, if the provider tells."""
    if "seats" in provider.can:
        here = [
            Seat(
                provider.name,
                each.external_id,
                each.product,
                policy.seat_nanos(each.product),
                each.active_on,
                each.assigned_on,
            )
            for each in provider.seats()
        ]
        database.transact(lambda conn: seats.record(conn, provider.name, here))
    if "outcomes" in provider.can:
        try:
            told = [(each.external_id, each.day, each.what, each.count) for each in provider.outcomes(first, last)]
        except (KeyRefusedError, NotFoundError):
            return  # a right that nothing else needs: usage is read without it, and `check` names it
        database.transact(lambda conn: outcomes.record_of_users(conn, provider.name, (first, last), told))


def _told(provider: Provider, day: date) -> Iterator[Charge]:
    """What a provider tells of a day.

    Who calls its days complete must not speak of another day: that one would lose its rest.
    """
    for charge in provider.charges(day, day):
        if provider.complete and charge.bucket_start.date() != day:
            raise UndeliverableError(
                f"{provider.name} was asked for {day} and answered for {charge.bucket_start.date()}: nothing is counted"
            )
        yield charge


def link_members(conn: Connection, provider: str, members: list[ProviderIdentity], now: datetime) -> None:
    """Link a provider's users by verified e-mail, keys and members to their users' accounts; nothing else is guessed.

    Charges of the past follow a new link.
    """
    users = {each.external_id: each for each in members if each.kind == "user"}
    ids = people.ids_by_email(conn)
    found = []
    for member in members:
        user = users.get(member.owner) if member.kind == "key" else users.get(member.external_id)
        person_id = ids.get(user.email.lower()) if user else None
        if person_id and member.kind in ("user", "key"):
            how = "email" if member.kind == "user" else "owner"
            found.append((Link(provider, member.kind, member.external_id, f"person/{person_id}"), how, member.name))
    ingest.reattribute(conn, people.link_all(conn, found), now)
    accounts = dict(people.members(conn, provider))  # a member of a team is whoever the user is, however that is known
    of_teams = [(each, accounts[each.owner]) for each in members if each.kind == "member" and each.owner in accounts]
    people.link_all(conn, ((Link(provider, "member", m.external_id, whose), "owner", m.name) for m, whose in of_teams))
