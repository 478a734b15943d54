"""Ten weeks of use for a company of a test."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from storage import ingest, pulls
from storage.charges import Charge
from storage.pulls import Pull
from tests.support.company import Company

FIRST, LAST = date(2026, 9, 14), date(2026, 11, 21)
DAYS = tuple(FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1))


def uses(
    company: Company,
    subject: str,
    dollars: Callable[[date], str],
    model: str = "claude-sonnet-4-5",
    tokens: Callable[[date], int] = lambda _: 1000,
) -> None:
    """Let somebody spend so much on each day; "0" is said as well, and takes back what was there."""
    for day in DAYS:
        cost = dollars(day)
        company.llm.spends(subject, cost, day, model, tokens(day) if float(cost) else 0)


def on_working_days(dollars: str) -> Callable[[date], str]:
    """The same from Monday to Friday, nothing on weekends."""
    return lambda day: dollars if day.weekday() < 5 else "0"


def reports(company: Company, subject: str, day: date, **cell: object) -> None:
    """Add a cell with all its columns."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    company.llm.rows.append(Charge("llm", start, 24, subject=subject, requests=1, **cell))  # type: ignore[arg-type]


def read_all(company: Company) -> Company:
    """Take in all ten weeks at once, as a provider's pull of now would day by day."""
    now = company.clock()
    rows = [row for row in company.llm.rows if row.bucket_start <= now]

    def record(conn: Connection) -> None:
        ingest.record(conn, rows, company.app.policy.zone, lambda cost, *_: (cost, ingest.NANOS), now)
        pulls.note_pull(conn, Pull("llm", now, now, now.date(), len(rows), 0, ""))

    company.database.transact(record)
    return company
