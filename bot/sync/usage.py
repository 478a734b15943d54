"""Reading a provider: who is there, and what was consumed since we last heard."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot.errors import KeyRefusedError, NotFoundError, OutsideError, UndeliverableError, UnreachableError
from bot.providers.base import Provider, ProviderIdentity, days, midnight
from bot.providers.set_aside import RowError, setting_aside
from bot.providers.set_aside import set_aside as set_aside_row
from bot.sync.hours import DAY_MAX, read_hours
from bot.sync.parts import asides, read_apart, unread
from bot.sync.spool import spooled
from handlers.context import CLOCK, NOWHERE, Context
from handlers.language import stored
from handlers.policy import Policy
from handlers.pricing import PriceBook
from handlers.telemetry import give_way, make_room
from storage import aliases, former_links, ingest, outcomes, people, prepaid, prices, pulls, seats, set_aside
from storage.charges import Charge
from storage.db import Apart, Database
from storage.directory import Link, address
from storage.ingest import Recorded, WholeDay
from storage.prepaid import Credit
from storage.prices import PostedPrice
from storage.pulls import Pull
from storage.seats import Seat
from storage.units import from_nanos

AGAIN_DAYS_MAX = 31
"""Days before the span that are read again at once: one a day with odd rows, each time one that could not be read."""

LATE_MARGIN = timedelta(hours=2)
"""What is this much later than usual is not waited for."""


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
    """Read a provider's people and charges, day by day; each day and each part fails by itself.

    Rows that cannot be understood are set aside, and the rest of their day counts. A day that cannot be read is left
    out, noted, and asked for again each time, as long as a day after it can be read.

    Raises:
        OutsideError: the last days could not be read. Days before them stay counted, and the reason is kept.
    """
    started = now()
    pulled = {each.provider: each for each in database.ask(pulls.pulled)}
    before = pulled.get(provider.name) or Pull(provider.name, started, None, None, 0, 0, "")
    if "people" in provider.can:
        with read_apart(database, provider.name, "people", now):
            members = list(provider.people())
            today = started.astimezone(how.policy.zone).date()
            named = [((provider.name, each.kind, each.external_id), each.name) for each in members if each.name]
            database.transact(lambda conn: aliases.record(conn, named))
            database.transact(lambda conn: link_members(conn, provider.name, members, today, started))
    if "charges" not in provider.can:
        return _pull_without_charges(database, provider, before, now)
    span = _span(before, how, started)
    usage = _Days(database, provider, how, now, before)
    trouble = usage.read(*span)
    _note_model_groups(database, provider, how.policy)
    beside = before
    if not isinstance(trouble, UnreachableError):
        beside = read_hours(database, provider, how.policy, before, now)
        _read_besides(database, provider, how.policy, span, now)
    heard = database.ask(lambda conn: pulls.heard_until(conn, provider.name))
    late = pulls.lateness(before, heard, started)
    known = replace(beside, began_at=before.began_at or started, heard_until=heard, late_seconds=late)
    through = max(filter(None, (before.through, told_until(known, usage.through, started))), default=None)
    if trouble:
        known = known if usage.through else beside
        failed = replace(known, tried_at=started, through=through, error=stored(trouble))
        database.transact(lambda conn: pulls.note_pull(conn, failed))
        raise trouble
    read = replace(
        known,
        tried_at=started,
        done_at=started,
        through=through,
        rows_seen=usage.rows_seen,
        rows_changed=usage.rows_changed,
        error="",
    )
    database.transact(lambda conn: pulls.note_pull(conn, read))
    return Recorded(usage.rows_seen, usage.rows_changed)


def _pull_without_charges(
    database: Database, provider: Provider, before: Pull, now: Callable[[], datetime]
) -> Recorded:
    """Read a provider that tells no usage: its credit if it has one, and a failure of that is the whole reading's.

    One that has none is asked for a limit: whoever sees that a reading was done takes it that the provider answers.
    What is odd there is noted where all limits are read.
    """
    started = now()
    tried = replace(before, tried_at=started, began_at=before.began_at or started)
    try:
        if "credit" in provider.can:
            with read_apart(database, provider.name, "credit", now, alone=False):
                _read_credit(database, provider, started)
        elif "limits" in provider.can:
            with setting_aside():
                next(provider.limits(), None)
    except OutsideError as trouble:
        failed = replace(tried, error=stored(trouble))
        database.transact(lambda conn: pulls.note_pull(conn, failed))
        raise
    read = replace(tried, done_at=started, through=started.date(), error="")
    database.transact(lambda conn: pulls.note_pull(conn, read))
    return Recorded(0, 0)


def _read_credit(database: Database, provider: Provider, now: datetime) -> None:
    here = [Credit(provider.name, each.currency, each.left_nanos, each.granted_nanos) for each in provider.credit()]
    database.transact(lambda conn: prepaid.record(conn, provider.name, here, now))


def told_until(known: Pull, read_through: date | None, now: datetime) -> date | None:
    """The newest day of which something is known: it told something, or would have if there were anything.

    Args:
        known: how late the provider is, and up to when it told something.
        read_through: the last day that was read, None if none was.
        now: the moment.
    """
    if read_through is None or known.late_seconds is None or known.heard_until is None:
        return read_through
    told = (known.heard_until - timedelta(seconds=1)).date()
    idle = (now - timedelta(seconds=known.late_seconds) - LATE_MARGIN).date()
    return min(read_through, max(told, idle))


def _note_model_groups(database: Database, provider: Provider, policy: Policy) -> None:
    """Note by which names people ask for models, so that their tiers are those of these names."""
    told = provider.model_groups()
    if told:
        named = [((provider.name, "model", model), group) for model, group in told.items()]
        database.transact(lambda conn: aliases.record(conn, named))
        policy.call_models(database.ask(aliases.of_models))


def _span(before: Pull, how: Reading, now: datetime) -> tuple[date, date]:
    """From the last day that was heard, however long ago: what lies between is read as far as it is still told."""
    today = now.date()
    earliest = today - timedelta(days=how.history_days)
    if before.through is None:
        return earliest, today
    again = min(before.through, today) - timedelta(days=how.days_back)
    return (again if before.through < earliest else max(earliest, again)), today


@dataclass(slots=True)
class _Days:
    """Reads days of usage, each by itself. Whether one is alone with its trouble shows once another can be read.

    Args:
        database: where they count.
        provider: whose.
        how: it is read.
        now: the clock.
        before: how it went before.
        through: the last day of the span that was read, None if none was.
        rows_seen: rows that the provider gave.
        rows_changed: cells that were new or changed.
        unread: days that could not be read since the last one that could, and why.
    """

    database: Database
    provider: Provider
    how: Reading
    now: Callable[[], datetime]
    before: Pull
    through: date | None = None
    rows_seen: int = 0
    rows_changed: int = 0
    unread: list[tuple[date, OutsideError]] = field(default_factory=list)

    def read(self, first: date, last: date) -> OutsideError | None:
        """Read a span, and then days before it of which there may be something new.

        Returns:
            Why the last days of the span could not be read, None if they could.
        """
        earliest, today = self.provider.earliest(last), midnight(last)
        odd = self.database.ask(lambda conn: set_aside.to_read_again(conn, self.provider.name, today, AGAIN_DAYS_MAX))
        self._note_gone(earliest)
        self._span(max(first, earliest), last)
        if self.unread:
            return self.unread[-1][1]
        news = self._news(first)
        for day in sorted(day for day in {*odd, *news} if earliest <= day < first):
            if not self._take(day, news.get(day, "")) and self._seems_down():
                break
        self._note_unread()
        return None

    def _span(self, first: date, last: date) -> None:
        is_up = False
        for day in days(first, last):
            if self._take(day):
                self._note_unread()
                self.through = day
            elif isinstance(self.unread[-1][1], KeyRefusedError):
                return
            elif not is_up and self._seems_down():
                is_up = day < last and self._take(last)  # it is only down if it does not tell another day either
                if not is_up:
                    return

    def _news(self, first: date) -> dict[date, str]:
        """Days before `first` of which the provider tells something new, with their marks."""
        marks = self.provider.marks_before(first)
        known = self.database.ask(lambda conn: pulls.marks(conn, self.provider.name)) if marks else {}
        return {day: mark for day, mark in marks.items() if known.get(day) != mark}

    def _take(self, day: date, mark: str = "") -> bool:
        try:
            done = _read_day(self.database, self.provider, day, self.how, self.now, mark)
        except OutsideError as trouble:
            self.unread.append((day, trouble))
            return False
        self.rows_seen += done.rows_seen
        self.rows_changed += done.rows_changed
        return True

    def _seems_down(self) -> bool:
        """One day alone may be garbled; two in a row may be, too, but rarely are."""
        return sum(isinstance(trouble, UnreachableError) for _, trouble in self.unread[-2:]) > 1

    def _note_gone(self, earliest: date) -> None:
        """Note the days of a gap that the provider tells no more."""
        heard = self.before.through
        if heard and heard < earliest:
            why = UndeliverableError("nothing before {earliest} is told", earliest=earliest)
            self.unread += [(day, why) for day in days(heard + timedelta(days=1), earliest - timedelta(days=1))]
            self._note_unread()

    def _note_unread(self) -> None:
        """Note the days that could not be read, and of each whether it is missing or only was not read again."""
        missing = {each.day for each in self.before.odd if each.missing}
        heard, name, unread_days = self.before.through, self.provider.name, self.unread

        def work(conn: Connection) -> None:
            for day, why in unread_days:
                is_known = heard is not None and day <= heard and day not in missing
                found = unread(name, "usage", day, why, read_before=is_known)
                set_aside.replace(conn, name, "usage", day, [found], self.now())

        if unread_days:
            self.database.transact(work)
            self.unread = []


def _read_day(
    database: Database, provider: Provider, day: date, how: Reading, now: Callable[[], datetime], mark: str
) -> Recorded:
    """Read one day whole before any of it counts. With odd rows it takes nothing back: they may be what is left out.

    It counts by the prices that stand in the transactions in which it does: a price that finance sets meanwhile is
    either known here, or its own pricing finds these cells.
    """

    def convert(cost_nanos: int, currency: str, day: date) -> tuple[int, int]:
        house = how.policy.convert(cost_nanos, currency, day)
        if house is None:
            raise AssertionError("a cost without a rate was set aside")
        return house

    asked_at = now()
    with setting_aside() as odd, spooled(_told(provider, day, how.policy)) as rows:
        whole = WholeDay(provider.name, day) if provider.complete and not odd else None
        found = asides(provider.name, "usage", day, odd)

        def context(conn: Connection) -> Context:
            return Context(conn, now(), CLOCK, NOWHERE, how.policy)

        def record(apart: Apart) -> Recorded:
            posted = database.ask(prices.posted)

            def meanwhile(conn: Connection, account_ids: Sequence[str]) -> None:
                _same_prices(conn, posted)
                make_room(context(conn), provider.name, day, account_ids, asked_at)

            def at_last(conn: Connection) -> None:
                _same_prices(conn, posted)
                set_aside.replace(conn, provider.name, "usage", day, found, now())
                if mark:
                    pulls.note_mark(conn, provider.name, day, mark)
                give_way(context(conn), provider.name, day, asked_at)

            priced = map(PriceBook(how.policy, posted).priced, rows)
            return ingest.record_apart(
                apart, priced, how.policy.zone, convert, now(), whole, meanwhile=meanwhile, at_last=at_last
            )

        with database.apart() as apart:
            while True:
                with suppress(_PricesChangedError):
                    return record(apart)


class _PricesChangedError(Exception):
    """Finance set a price while a day was recorded."""


def _same_prices(conn: Connection, known: Sequence[PostedPrice]) -> None:
    """See that a slice counts by the prices of its own moment: all before were found by finance's own pricing.

    Raises:
        _PricesChangedError: they are others now.
    """
    if prices.posted(conn) != known:
        raise _PricesChangedError


def _read_besides(
    database: Database, provider: Provider, policy: Policy, span: tuple[date, date], now: Callable[[], datetime]
) -> None:
    """Read who has a paid seat, what credit is left and what came of the work, if the provider tells."""
    if "seats" in provider.can:
        with read_apart(database, provider.name, "seats", now) as odd:
            here = [
                Seat(
                    provider.name,
                    each.external_id,
                    each.product,
                    policy.seat_nanos(each.product),
                    each.active_on,
                    each.assigned_on,
                    each.use_known,
                )
                for each in provider.seats()
            ]
            database.transact(lambda conn: seats.record(conn, provider.name, here, all_told=not odd))
    if "credit" in provider.can:
        with read_apart(database, provider.name, "credit", now):
            _read_credit(database, provider, now())
    if "outcomes" in provider.can:
        with read_apart(database, provider.name, "outcomes", now):
            try:
                told = [(each.external_id, each.day, each.what, each.count) for each in provider.outcomes(*span)]
            except (KeyRefusedError, NotFoundError):
                return  # a right that nothing else needs: usage is read without it, and `check` names it
            database.transact(lambda conn: outcomes.record_of_users(conn, provider.name, span, told))


def _told(provider: Provider, day: date, policy: Policy) -> Iterator[Charge]:
    """What a provider tells of a day, without prices; what cannot be counted is set aside.

    Who calls its days complete must not speak of another day: that one would lose its rest.
    """
    who, total = provider.who or provider.name, 0
    for number, charge in enumerate(provider.charges(day, day), 1):
        try:
            total += abs(_house_cost(provider, charge, day, policy, total))
        except RowError as wrong:
            set_aside_row(who, f"usage of {day}, cell {number}", wrong.field, wrong.why)
        else:
            yield charge


def _house_cost(provider: Provider, charge: Charge, day: date, policy: Policy, before: int) -> int:
    """What a charge costs in the house currency, of a day with so much before it.

    Raises:
        RowError: it cannot be counted.
    """
    if provider.complete and charge.bucket_start.date() != day:
        raise RowError("it is about {day}, which was not asked for", "day", day=charge.bucket_start.date())
    if charge.cost_nanos is None:
        return 0
    counts_on = ingest.day_of(charge, policy.zone)
    converted = policy.convert(charge.cost_nanos, charge.currency, counts_on)
    if converted is None:
        rate = f"{charge.currency} to {policy.organization.currency} for {counts_on}"
        raise RowError("app.yaml knows no rate from {rate}: add it under rates:", "currency", rate=rate)
    if before + abs(converted[0]) > DAY_MAX or abs(from_nanos(charge.cost_nanos, charge.currency)) > DAY_MAX:
        raise RowError("it is more than a day can cost", "cost")
    return converted[0]


def link_members(conn: Connection, provider: str, members: list[ProviderIdentity], today: date, now: datetime) -> None:
    """Link a provider's users by verified e-mail, keys and members to their users' accounts; nothing else is guessed.

    Charges of the past follow a new link. Of what was another's before they stay with that one, until today.
    """
    users = {each.external_id: each for each in members if each.kind == "user"}
    ids = people.ids_by_email(conn)
    found = []
    for member in members:
        user = users.get(member.owner) if member.kind == "key" else users.get(member.external_id)
        person_id = ids.get(address(user.email)) if user else None
        if person_id and member.kind in ("user", "key"):
            how = "email" if member.kind == "user" else "owner"
            found.append((Link(provider, member.kind, member.external_id, f"person/{person_id}"), how, member.name))
    former_links.settle(conn, people.link_all(conn, found), today, now)
    accounts = dict(people.members(conn, provider))  # a member of a team is whoever the user is, however that is known
    of_teams = [(each, accounts[each.owner]) for each in members if each.kind == "member" and each.owner in accounts]
    people.link_all(conn, ((Link(provider, "member", m.external_id, whose), "owner", m.name) for m, whose in of_teams))
