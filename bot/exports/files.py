"""What leaves the bot as a file: the audit, and the exports of a month."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from sqlalchemy import Connection

from bot.csv_files import BYTE_ORDER_MARK, safe, write_csv
from bot.exports import commitments, focus
from bot.exports.focus import Profile
from handlers.periods import Period, called_after, month_called, period_of
from handlers.policy import Policy
from storage import exports, pulls
from storage.audit import Row
from storage.db import Database

__all__ = ["AUDIT_COLUMNS", "EXPORTS", "audit_rows", "made", "of_month", "safe", "showback", "write_csv"]

AUDIT_COLUMNS = ("number", "at", "who", "what", "subject", "authority", "place", "details", "hash")


def audit_rows(rows: Iterable[Row]) -> Iterable[Sequence[object]]:
    """The audit as rows of AUDIT_COLUMNS."""
    for row in rows:
        deed = row.deed
        at = deed.at.isoformat(timespec="microseconds")
        yield (row.id, at, deed.who, deed.what, deed.subject, deed.authority, deed.place, deed.details, row.hash)


# The files of a month ------------------------------------------------------------------------------------------------

SHOWBACK_COLUMNS = ("month", "team", "cost_center", "cost", "currency", "tokens", "tokens_unpriced", "requests")
NAME = re.compile(r"(?P<what>[a-z0-9.-]+)-(?P<month>[0-9]{4}-(0[1-9]|1[0-2]))\.csv")


def incomplete(conn: Connection, policy: Policy, month: Period) -> Iterator[str]:
    """What is not known of a month: it stands at the top of its files."""
    for pull in pulls.pulled(conn):
        if policy.vendor(pull.provider) and (pull.through is None or pull.through < month.end):
            yield (
                f"{pull.provider} was last read on {pull.through}" if pull.through else f"{pull.provider} is not read"
            )
        for odd in (each for each in pull.odd if month.first <= each.day < month.end):
            if odd.rows:
                yield f"{pull.provider}: {odd.rows} rows of {odd.day} are set aside"
            if odd.missing or odd.stale:
                yield f"{pull.provider}: {odd.day} could not be read"


def showback(conn: Connection, policy: Policy, month: Period, out: TextIO) -> None:
    """What each team itself spent in a month, with its cost center; the rows add up to the whole."""
    currency = policy.organization.currency
    rows = (
        (
            f"{called_after(month.first):%Y-%m}",
            each.team,
            each.cost_center,
            focus.money(each.spent.cost_nanos, currency),
            currency,
            each.spent.tokens,
            each.spent.tokens_unpriced,
            each.spent.requests,
        )
        for each in exports.showback(conn, month.first, month.end)
    )
    notes = (
        (f"{called_after(month.first):%Y-%m}", f"INCOMPLETE: {why}", "", 0, currency, 0, 0, 0)
        for why in incomplete(conn, policy, month)
    )
    out.write(BYTE_ORDER_MARK)
    write_csv(out, SHOWBACK_COLUMNS, chain(notes, rows))


def in_focus(profile: Profile, conn: Connection, policy: Policy, month: Period, out: TextIO) -> None:
    """Every charge of a month in the columns of FOCUS, below what is not known of it."""
    notes = focus.notes(incomplete(conn, policy, month), profile, month, policy)
    lines = exports.lines(conn, month.first, month.end)
    write_csv(out, focus.columns(profile), chain(notes, focus.rows(lines, profile, month, policy)))


def in_commitments(_conn: Connection, policy: Policy, month: Period, out: TextIO) -> None:
    """What was agreed with vendors that has a day of a month."""
    write_csv(out, commitments.COLUMNS, commitments.rows(policy, month))


EXPORTS: Mapping[str, Callable[[Connection, Policy, Period, TextIO], None]] = {
    "showback": showback,
    "focus-1.2": partial(in_focus, "1.2"),
    "focus-1.4": partial(in_focus, "1.4"),
    "focus-1.3-commitments": in_commitments,
}


def export(conn: Connection, policy: Policy, what: str, month: Period, out: TextIO) -> None:
    """Write what is to be written of a month: showback by the organization's month, FOCUS by the calendar's.

    Args:
        conn: any connection.
        policy: the rules.
        what: a name of EXPORTS.
        month: of the calendar.
        out: is written to.
    """
    own = month_called(month.first, policy.calendar) if what == "showback" else month
    EXPORTS[what](conn, policy, own, out)


def of_month(words: str) -> Period:
    """The calendar's month of words such as "2026-10".

    Raises:
        ValueError: it is no month.
    """
    return period_of(date.fromisoformat(f"{words}-01"), "month")


def anew(out: TextIO, write: Callable[[Connection], object]) -> Callable[[Connection], None]:
    """A question that writes a file. Where it is asked again, because a server went away, the file begins anew."""

    def work(conn: Connection) -> None:
        out.seek(0)
        out.truncate()
        write(conn)

    return work


@contextmanager
def made(database: Database, policy: Policy, name: str) -> Iterator[Path]:
    """The file of a name such as "focus-1.2-2026-10.csv", made now and gone afterwards.

    Raises:
        KeyError: there is no export of that name.
    """
    found = NAME.fullmatch(name)
    if found is None:
        raise KeyError(name)
    month = of_month(found["month"])
    with TemporaryDirectory(prefix="bursar-") as home:
        path = Path(home) / name
        with path.open("w", encoding="utf-8", newline="") as out:
            database.ask(anew(out, lambda conn: export(conn, policy, found["what"], month, out)), anywhere=True)
        yield path
