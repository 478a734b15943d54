"""Reading the hours that a provider tells beside its days: for seeing soon what goes on, never for what was spent."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter

from sqlalchemy import Connection

from bot.errors import KeyRefusedError, NotFoundError
from bot.providers.base import Provider
from bot.providers.set_aside import not_asked_for
from bot.providers.set_aside import set_aside as set_aside_row
from bot.sync.parts import read_apart
from bot.sync.spool import spooled
from handlers.policy import Policy
from handlers.pricing import PriceBook
from storage import erased, hours, ingest, prices, pulls
from storage.charges import TOKENS, Charge
from storage.db import Database
from storage.hours import Place, Used
from storage.pulls import Pull

FIRST = timedelta(hours=48)
"""So far back they are read the first time, and after a break."""
_tokens = attrgetter(*TOKENS)

COST_DAYS = timedelta(days=14)
"""What a model without a list price cost on so many days is taken for its price."""
DAY_MAX = 10**17
"""What a provider's day may cost: a hundred million dollars. It keeps the sums of years within 64 bits."""


def read_hours(
    database: Database, provider: Provider, policy: Policy, before: Pull, now: Callable[[], datetime]
) -> Pull:
    """Read the last hours of a provider that tells any; it fails by itself.

    The right to it is one that nothing else needs: who may not, or has no such route, is read by the day, and `check`
    names it.

    Args:
        database: where they are kept.
        provider: who is asked.
        policy: knows the zone and the prices.
        before: how it went before.
        now: the clock.

    Returns:
        `before` with what is known now of how far the hours are told.
    """
    if "hours" not in provider.can:
        return before
    asked_at = now().astimezone(UTC)
    since, until = _since(before, provider, asked_at), _whole(asked_at) + timedelta(hours=1)
    done = False
    with (
        read_apart(database, provider.name, "hours", now) as odd,
        suppress(KeyRefusedError, NotFoundError),
        spooled(_asked_for(provider, since, until)) as rows,
    ):

        def work(conn: Connection) -> None:
            used = _used(conn, provider.name, rows, policy, asked_at)
            hours.record(conn, provider.name, since, until, used, whole=provider.complete and not odd)

        database.transact(work)
        done = True
    if not done:
        return before
    heard = database.ask(lambda conn: hours.told_until(conn, provider.name))
    beside = replace(
        before, done_at=before.hours_read_at, heard_until=before.hours_until, late_seconds=before.hours_late_seconds
    )
    late = pulls.lateness(beside, heard, asked_at)
    return replace(before, hours_read_at=asked_at, hours_until=heard, hours_late_seconds=late)


def _whole(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _since(before: Pull, provider: Provider, now: datetime) -> datetime:
    """From where on hours are read: from those that may have changed since the newest that was told."""
    earliest, heard = _whole(now - FIRST), before.hours_until
    return earliest if heard is None else max(earliest, _whole(min(heard, now) - provider.hours_late))


def _asked_for(provider: Provider, since: datetime, until: datetime) -> Iterator[Charge]:
    """What a provider tells of some hours; what is about another time is set aside."""
    for number, charge in enumerate(provider.hours(since, until), 1):
        start = charge.bucket_start
        if since <= start < until and start == _whole(start):
            yield charge
        else:
            place = f"hours since {since:%Y-%m-%d %H:%M}, cell {number}"
            set_aside_row(provider.who or provider.name, place, "hour", not_asked_for(start))


def _used(conn: Connection, provider: str, rows: Iterable[Charge], policy: Policy, now: datetime) -> dict[Place, Used]:
    """What was used in each hour, of whatever model. What has no price is estimated by what its model cost of late."""
    book = PriceBook(policy, prices.posted(conn))
    found: dict[Place, Used] = {}
    days: dict[datetime, date] = {}
    unpriced: list[tuple[Used, str, int]] = []
    for charge in erased.under_pseudonym(conn, rows):
        start = charge.bucket_start
        if start not in days:
            days[start] = ingest.day_of(charge, policy.zone)
        place = Place(start, charge.sub_account, charge.resource, charge.subject)
        used = found.get(place)
        if used is None:
            used = found[place] = Used(days[start])
        tokens = sum(_tokens(charge))
        used.tokens_input += tokens - charge.tokens_output
        used.tokens_output += charge.tokens_output
        used.requests += charge.requests
        cost = _house_cost(policy, book.priced(charge), days[start])
        if cost is not None:
            used.cost_nanos += cost
        elif tokens:
            unpriced.append((used, charge.model, tokens))
    usual = hours.costs_of_tokens(conn, provider, now - COST_DAYS) if unpriced else {}
    for used, model, tokens in unpriced:
        cost, counted = usual.get(model, (0, 0))
        used.cost_nanos += cost * tokens // counted if counted else 0
        used.tokens_unpriced += 0 if counted else tokens
    return found


def _house_cost(policy: Policy, charge: Charge, day: date) -> int | None:
    """What an hour costs in the house currency, None if nobody can say; the reading of days says what is wrong."""
    if charge.cost_nanos is None:
        return None
    house = policy.convert(charge.cost_nanos, charge.currency, day)
    return house[0] if house and abs(house[0]) <= DAY_MAX else None
