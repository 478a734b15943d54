"""Usage from files: FOCUS as CSV or Parquet, or a plain CSV of date, who, model, tokens and cost.

Several rows may be one cell, on any line of any file. So rows are added up in a table of SQLite's own, in a temporary
file that is gone with the process: no file is held in memory, and only one that changed is read again.
"""

import glob
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from bot.checks import CheckLine
from bot.errors import OutsideError, UndeliverableError, UnreachableError
from bot.providers.base import Provider, ProviderIdentity, midnight
from bot.providers.files import focus
from bot.providers.files.charge_rows import ChargeRow, cost_of, count_of, currency_of, day_of, word_of
from bot.providers.files.readers import RowError, TextRow, rows
from storage.charges import Charge

Meaning = Callable[[TextRow], ChargeRow | None]

PLAIN = ("date", "who", "model", "cost")
SPLIT = ("tokens_input", "tokens_output")
PICO_PER_NANO = 1_000

_MAKE = f"create table cells (file, {', '.join(ChargeRow._fields)}); create index by_day on cells (day)"
_PUT = f"insert into cells values (?, {', '.join('?' for _ in ChargeRow._fields)})"  # noqa: S608 - our own names
_KEY = "day, sub_account, resource, subject, model"
_USED = [name for name in ChargeRow._fields if name.startswith(("tokens_", "requests"))]
# A correction may take more back than its day had; below zero nothing was used.
_SUMS = ", ".join(f"max(0, sum({name}))" for name in _USED)
# A Cell of all its lines; beside it another currency if there is one, how many lines, and how many name a cost.
_CELLS = f"""
select {_KEY}, min(currency), {_SUMS}, sum(cost), max(currency), count(*), count(cost)
from cells where day between ? and ? group by {_KEY} order by {_KEY}
"""  # noqa: S608 - our own names


class Files(Provider):
    """Files that somebody puts there.

    Args:
        name: its name in app.yaml.
        pattern: which files, such as "usage/*.csv"; `**` stands for any folders.
    """

    can = frozenset({"charges", "people"})
    cannot = ("Files only tell: no limit can be set and nobody can be paused through them.",)
    complete = True

    def __init__(self, name: str, pattern: str) -> None:
        self.name = name
        self._pattern = pattern
        self._read: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a temporary file
        self._table.executescript(_MAKE)

    def close(self) -> None:
        """Let the table go."""
        self._table.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """What all files together say of each day. One file that cannot be used stops all: its days would be half."""
        self._refresh()
        try:
            for row in self._table.execute(_CELLS, (first.isoformat(), last.isoformat())):
                *told, other_currency, lines, costs = row
                cell = ChargeRow(*told)
                if cell.currency != other_currency:
                    raise self._torn(cell, f"in {cell.currency} and in {other_currency}")
                if costs not in {0, lines}:
                    raise self._torn(cell, "on one line and missing on another")
                yield _charge(self.name, cell)
        except sqlite3.OperationalError as trouble:  # whole numbers end at 2⁶³
            raise UndeliverableError(
                f"{self._pattern}: rows of one cell add up to more than can be counted"
            ) from trouble

    def people(self) -> Iterator[ProviderIdentity]:
        """Who stands in the files. Whoever is written as an e-mail address is the person with that address."""
        self._refresh()
        for (who,) in self._table.execute("select distinct subject from cells where subject != '' order by subject"):
            yield ProviderIdentity("user", who, email=who if "@" in who else "")

    def probe(self) -> Iterator[CheckLine]:
        """How many rows of each file count, or what is wrong with the first that cannot be used."""
        try:
            self._refresh()
        except OutsideError as trouble:
            yield CheckLine(f"files {self._pattern}", ok=False, advice=str(trouble))
            return
        for path in self._read:
            (count,) = self._table.execute("select count(*) from cells where file = ?", (path,)).fetchone()
            yield CheckLine(f"{path}: {count} {'row' if count == 1 else 'rows'}", ok=True)

    def _refresh(self) -> None:
        """Read what changed since the last time, each file whole or not at all."""
        with self._lock:
            try:
                found = {path: _mark(path) for path in sorted(glob.glob(self._pattern, recursive=True))}  # noqa: PTH207 - may be absolute
            except OSError as trouble:
                raise UnreachableError(f"{trouble.filename} cannot be looked at: {trouble.strerror}") from trouble
            if not found:
                raise UndeliverableError(f"No file is called {self._pattern}: put one there, or mend file: in app.yaml")
            for path in [*self._read]:
                if path not in found:
                    self._table.execute("delete from cells where file = ?", (path,))
                    del self._read[path]
            for path, mark in found.items():
                if self._read.get(path) != mark:
                    self._load(path)
                    self._read[path] = mark

    def _load(self, path: str) -> None:
        self._table.execute("begin")
        try:
            self._table.execute("delete from cells where file = ?", (path,))
            self._table.executemany(_PUT, ((path, *cell) for cell in _cells(Path(path))))
            self._table.execute("commit")
        except RowError as wrong:
            where = f", {wrong.where}" if wrong.where else ""
            raise UndeliverableError(f"{path}{where}: {wrong}. Nothing of the file is counted") from None
        except OSError as trouble:
            raise UnreachableError(f"{path} cannot be read: {trouble.strerror or trouble}") from trouble
        finally:
            if self._table.in_transaction:
                self._table.execute("rollback")

    def _torn(self, cell: ChargeRow, how: str) -> UndeliverableError:
        what = f"what {cell.subject or 'nobody'} used of {cell.model or 'no model'} on {cell.day}"
        return UndeliverableError(f"{self._pattern}: the cost of {what} is told {how}, so nothing is counted")


def _charge(provider: str, cell: ChargeRow) -> Charge:
    told = {name: value for name, value in cell._asdict().items() if name not in {"day", "cost"}}
    return Charge(
        provider=provider,
        bucket_start=midnight(date.fromisoformat(cell.day)),
        bucket_hours=24,
        **told,
        cost_nanos=None if cell.cost is None else _nanos(cell.cost),
        cost_source="unpriced" if cell.cost is None else "cost_report",
    )


def _cells(path: Path) -> Iterator[ChargeRow]:
    """The rows of a file that count."""
    meaning: Meaning | None = None
    for where, row in rows(path):
        try:
            if meaning is None:  # the header, which must be right even if no row follows
                meaning = _meaning(row)
                continue
            cell = meaning(row)
        except RowError as wrong:
            raise RowError(str(wrong), wrong.where or where) from None
        if cell:
            yield cell


def _meaning(row: TextRow) -> Meaning:
    """Which kind of file it is, by the columns of its header."""
    if focus.MARK in row:
        _need(row, focus.NEEDED)
        return focus.cell
    _need(row, PLAIN)
    _need(row, ("tokens",) if "tokens" in row else SPLIT)
    return _plain


def _need(row: TextRow, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in row]
    if missing:
        raise RowError(f"it lacks {', '.join(missing)}; it has {', '.join(row) or 'nothing'}", "header")


def _plain(row: TextRow) -> ChargeRow:
    """A row of a plain file. Tokens without a cost are priced by their kinds, so it must say them."""
    told, kinds = row["cost"].strip(), all(name in row for name in SPLIT)
    if not told and not kinds:
        raise RowError(
            "tokens without a cost are priced by their kinds: say tokens_input and tokens_output, or the cost"
        )
    return ChargeRow(
        day=day_of(row["date"], "date"),
        sub_account="",
        resource="",
        subject=word_of(row["who"], "who"),
        model=word_of(row["model"], "model"),
        currency=currency_of(row.get("currency") or "USD", "currency"),
        tokens_input=count_of(row["tokens_input"], "tokens_input") if kinds else count_of(row["tokens"], "tokens"),
        tokens_output=count_of(row["tokens_output"], "tokens_output") if kinds else 0,
        cost=cost_of(told, "cost") if told else None,
    )


def _mark(path: str) -> tuple[int, int]:
    """What changes when a file is written."""
    facts = Path(path).stat()
    return facts.st_mtime_ns, facts.st_size


def _nanos(pico: int) -> int:
    return int((Decimal(pico) / PICO_PER_NANO).quantize(Decimal(1), ROUND_HALF_EVEN))
