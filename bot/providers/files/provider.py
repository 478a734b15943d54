"""Usage from files: FOCUS, the exports of vendors, or any table whose columns app.yaml explains.

Several rows may be one cell, on any line of any file. So rows are added up in a table of SQLite's own, in a temporary
file that is gone with the process: no file is held in memory, and only one that changed is read again. A row that
cannot be understood is set aside, and a file of which nothing can be used leaves its neighbours alone.
"""

import glob
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from hashlib import blake2b
from pathlib import Path

from bot.checks import CheckLine, works
from bot.csv_records import CsvLayout
from bot.errors import OutsideError, UndeliverableError, UnreachableError
from bot.providers.base import Provider, ProviderIdentity, midnight
from bot.providers.files import focus, presets
from bot.providers.files.bucket import Bucket, is_bucket
from bot.providers.files.charge_rows import MONEY, PICO_PER_NANO, ChargeRow, DatedRowError
from bot.providers.files.invocation_log import InvocationLog
from bot.providers.files.mapping import Mapped, getter, lacking, suggestion
from bot.providers.files.presets import FOCUS, Preset
from bot.providers.files.readers import ROWS_MAX, TextRow, TextTable, UnknownTableError, UnusableFileError, tables
from bot.providers.files.settings import FileRules
from bot.providers.set_aside import Reason, RowError, is_collected, set_aside, setting_aside
from bot.texts import kept, nt, t
from storage.charges import Charge

Meaning = Callable[[TextRow], Iterable[ChargeRow]]

SHOWN_MAX = 3
NANOS_MAX = 2**63 - 1
PRINTS = 2**63
OWN = Preset("columns:", (), newest=False)

_NAMES = [name for name in ChargeRow._fields if name not in MONEY]
_USED = [name for name in _NAMES if name.startswith(("tokens_", "requests"))]
_KEY = "day, sub_account, resource, subject, model, tier"
_COLUMNS = ["source", "counted", *_NAMES, "cost", "rest", "list", "list_rest"]  # nanos, and what is left in 10⁻¹²
_MAKE = f"""
create table sources (
  source primary key, file, preset, family, part, newest, written, note, rows, left_out, shown
);
create table cells ({", ".join(_COLUMNS)});
create index by_day on cells (day);
create table days (source, day, print, primary key (source, day)) without rowid;
create table odd (source, day, dated, place, field, why, rows);
"""
_PUT = f"insert into cells values ({', '.join('?' for _ in _COLUMNS)})"  # noqa: S608 - our own names
# A correction may take more back than its day had; below zero nothing was used. SQLite's whole numbers end at 2⁶³, so
# money is added up in two halves. The tokens of a vendor's one file need no cost of their own if its other has it.
_SUMS = ", ".join(f"max(0, sum({name}))" for name in _USED)
_CELLS = f"""
select {_KEY}, min(currency), {_SUMS}, max(currency),
  sum(cost >> 32), sum(cost & 4294967295), sum(rest), count(cost),
  sum(list >> 32), sum(list & 4294967295), sum(list_rest), count(list),
  count(*) - max(part = 'cost') * sum(part = 'tokens')
from cells join sources using (source) where day between ? and ? and counted group by {_KEY} order by {_KEY}
"""  # noqa: S608 - our own names
_ALL_COUNT = "update cells set counted = 1"
_NEWEST_COUNTS = """
update cells set counted = 0 where exists (
  select 1 from sources mine join sources other on other.preset = mine.preset and other.newest
    and (other.written, other.source) > (mine.written, mine.source)
  join days on days.source = other.source and days.day = cells.day
  where mine.source = cells.source and mine.newest
)
"""
_FAMILY = """
  select 1 from sources mine join sources other on other.family = mine.family and other.part = '{part}'
    and mine.part in ({mine}) and other.source <> mine.source
  join {where} on theirs.source = other.source and {same}
  where mine.source = cells.source and mine.family <> ''
"""
_ONE_TELLS_BOTH = f"""
update cells set counted = 0 where exists ({
    _FAMILY.format(part="both", mine="'tokens', 'cost'", where="days theirs", same="theirs.day = cells.day")
})
"""  # noqa: S608 - our own names
_TOKENS_MEET_THEIR_COST = f"""
update cells set counted = 0 where exists ({
    _FAMILY.format(part="cost", mine="'tokens'", where="days theirs", same="theirs.day = cells.day")
}) and not exists ({
    _FAMILY.format(
        part="cost",
        mine="'tokens'",
        where="cells theirs",
        same=" and ".join(f"theirs.{name} = cells.{name}" for name in _KEY.split(", ")),
    )
})
"""  # noqa: S608 - our own names
_MARKS = """
select days.day, sum(print % 4294967296), sum(print >> 32), sum(counted), total(odd.rows)
from days left join (select source, day, sum(counted) counted from cells group by source, day) using (source, day)
left join odd on odd.source = days.source and odd.day = days.day
where days.day < ? group by days.day
"""


class Files(Provider):
    """Files that somebody puts there.

    Args:
        name: its name in app.yaml.
        pattern: which files, such as "usage/*.csv" or "s3://bucket/cur/**/*.csv.gz"; `**` stands for any folders.
        rules: what app.yaml says about them.
        credit: what a credit costs in US dollars, for exports that count in credits; None if nobody said it.
    """

    can = frozenset({"charges", "people"})
    cannot = ("Files only tell: no limit can be set and nobody can be paused through them.",)

    def __init__(self, name: str, pattern: str, rules: FileRules = FileRules(), credit: Decimal | None = None) -> None:
        self.name = name
        self.complete = True
        self._bucket = Bucket(pattern) if is_bucket(pattern) else None
        self._pattern = pattern
        self._rules = rules
        self._credit = credit
        self._read: dict[str, tuple[int, int]] = {}
        self._unusable: dict[str, tuple[date, str]] = {}
        self._lock = threading.Lock()
        self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a temporary file
        self._table.executescript(_MAKE)

    def close(self) -> None:
        """Let the table go."""
        self._table.close()
        if self._bucket:
            self._bucket.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """What all files together say of each day.

        Rows and files that cannot be used are set aside: on their day, or on that on which their file was written. As
        long as there are some of which nobody knows the day, nothing is taken back.
        """
        self._refresh()
        span = first.isoformat(), last.isoformat()
        for path, (day, why) in sorted(self._unusable.items()):
            if first <= day <= last or not is_collected():
                set_aside(self.name, path, "", f"{why}. Nothing of it counts", day)
        where = "day between ? and ?" if is_collected() else "day between ? and ? or not dated"
        odd = self._table.execute(
            f"select source, day, place, field, why, rows from odd where {where} order by rowid",  # noqa: S608 - ours
            span,
        )
        for source, day, place, field, why, rows in odd.fetchall():
            set_aside(self.name, f"{source}, {place}", field, Reason.of(why), date.fromisoformat(day), rows)
        for row in self._table.execute(_CELLS, span):
            *told, other_currency, high, low, rest, costs, list_high, list_low, list_rest, listed, lines = row
            cell = ChargeRow(*told)
            torn = _torn(cell, other_currency, costs, lines)
            nanos = _nanos(high, low, rest)
            list_nanos = _nanos(list_high, list_low, list_rest) if listed == lines else None
            if max(abs(nanos or 0), abs(list_nanos or 0)) > NANOS_MAX:
                torn = "cost", "rows of one cell add up to more than can be counted"
            if torn:
                set_aside(self.name, f"usage of {cell.day}", *torn, date.fromisoformat(cell.day), lines)
            else:
                yield _charge(self.name, cell, nanos, list_nanos)

    def marks_before(self, first: date) -> Mapping[date, str]:
        """See Provider: whatever the days of a file that was put there late."""
        self._refresh()
        rows = self._table.execute(_MARKS, (first.isoformat(),))
        marks = {date.fromisoformat(day): "-".join(str(int(each or 0)) for each in told) for day, *told in rows}
        for day, why in self._unusable.values():
            if day < first:
                marks[day] = f"{marks.get(day, '')}-{_print(why):x}"
        return marks

    def people(self) -> Iterator[ProviderIdentity]:
        """Who stands in the files. Whoever is written as an e-mail address is the person with that address."""
        self._refresh()
        for (who,) in self._table.execute("select distinct subject from cells where subject != '' order by subject"):
            yield ProviderIdentity("user", who, email=who if "@" in who else "")

    def probe(self) -> Iterator[CheckLine]:
        """How each file is understood, with its first rows; or which column is missing, and a mapping to paste."""
        try:
            self._refresh()
        except OutsideError as trouble:
            yield works(t("files {pattern}", pattern=self._pattern), trouble)
            return
        for path, (_, why) in sorted(self._unusable.items()):
            yield CheckLine(path, ok=False, advice=t("{why}. Nothing of it counts", why=why))
        for row in self._table.execute("select source, preset, note, rows, left_out, shown from sources order by 1"):
            yield from self._found(*row)
        with setting_aside() as odd:
            torn = sum(1 for _ in self.charges(date.min, date.max))
        for each in odd:
            what = ": ".join(
                filter(None, (each.field, kept(each.why.kept) if isinstance(each.why, Reason) else each.why))
            )
            if each.place not in self._unusable:
                rows = nt(
                    "{place}: {n} row is not counted", "{place}: {n} rows are not counted", each.rows, place=each.place
                )
                yield CheckLine(rows, ok=False, advice=what)
        if not torn and not self._unusable and not odd:
            yield CheckLine(t("files {pattern}: no rows that count", pattern=self._pattern), ok=True)

    def _found(self, source: str, preset: str, note: str, rows: int, left_out: int, shown: str) -> Iterator[CheckLine]:
        sums = self._table.execute(
            "select currency, sum(cost / 1e9), min(day), max(day), count(*) - sum(counted), count(distinct subject)"
            " from cells where source = ? group by currency order by currency",
            (source,),
        ).fetchall()
        form = f"{preset} ({note})" if note else preset
        parts = [nt("{n} row as {form}", "{n} rows as {form}", rows, form=form)]
        parts += [t("{first} to {last}", first=sums[0][2], last=max(each[3] for each in sums))] if sums else []
        parts += [f"{cost:,.2f} {currency}" for currency, cost, *_ in sums if cost is not None]
        parts += [t("{n} of other products left out", n=left_out)] if left_out else []
        hidden = sum(each[4] for each in sums)
        parts += [t("{n} not counted, because another file tells the same days", n=hidden)] if hidden else []
        yield CheckLine(f"{source}: {', '.join(parts)}", ok=True)
        for line in filter(None, shown.split("\n")):
            yield CheckLine(f"{source}, {line}", ok=True)

    # Reading ---------------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Read what changed since the last time."""
        with self._lock:
            if self._bucket:
                self._bucket.refresh()
            try:
                here = self._bucket.files() if self._bucket else glob.glob(self._pattern, recursive=True)  # noqa: PTH207 - may be absolute
                found = {path: _mark(path) for path in sorted(here)}
            except OSError as trouble:
                raise UnreachableError(
                    "{file} cannot be looked at: {trouble}", file=trouble.filename, trouble=trouble.strerror
                ) from trouble
            if not found:
                raise UndeliverableError(
                    "No file is called {pattern}: put one there, or mend file: in app.yaml", pattern=self._pattern
                )
            gone = [path for path in self._read if path not in found]
            changed = [path for path, mark in found.items() if self._read.get(path) != mark]
            if not gone and not changed:
                return
            for path in gone:
                self._forget(path)
                self._unusable.pop(path, None)
                del self._read[path]
            for path in changed:
                self._load(path, found[path])
            for statement in (_ALL_COUNT, _NEWEST_COUNTS, _ONE_TELLS_BOTH, _TOKENS_MEET_THEIR_COST):
                self._table.execute(statement)
            undated = self._table.execute("select count(*) from odd where not dated").fetchone()[0]
            self.complete = not self._unusable and not undated

    def _load(self, path: str, mark: tuple[int, int]) -> None:
        """Read a file. One of which nothing can be used leaves what it said before."""
        written = datetime.fromtimestamp(mark[0] / 10**9, UTC).date()
        self._unusable.pop(path, None)
        self._read[path] = mark
        self._table.execute("begin")
        try:
            self._forget(path)
            layout = CsvLayout(self._rules.encoding, self._rules.delimiter, self._rules.skip_rows)
            with tables(Path(path), layout, self._knows) as all_:
                self._put_all(path, mark[0], written, all_)
            self._table.execute("commit")
        except UnusableFileError as wrong:
            self._unusable[path] = written, str(wrong)
        except OSError as trouble:
            self._unusable[path] = written, f"it cannot be read: {trouble.strerror or trouble}"
        finally:
            if self._table.in_transaction:
                self._table.execute("rollback")

    def _forget(self, path: str) -> None:
        for name in ("cells", "days", "odd"):
            self._table.execute(
                f"delete from {name} where source in (select source from sources where file = ?)",  # noqa: S608 - ours
                (path,),
            )
        self._table.execute("delete from sources where file = ?", (path,))

    def _put_all(self, path: str, mtime: int, written: date, found: Iterable[TextTable]) -> None:
        """Take in the tables of a file. Of a workbook, sheets that nobody knows are left out if one is known."""
        unknown: list[tuple[str, UnusableFileError]] = []
        put = 0
        for table in found:
            try:
                self._put(path, mtime, written, table)
            except UnknownTableError as wrong:
                if not table.is_sheet:
                    raise
                unknown.append((table.name.rpartition("/")[2], wrong))
            else:
                put += 1
        if unknown and not put:
            raise unknown[0][1]
        if unknown:
            left_out = f"not read: sheet {', '.join(name for name, _ in unknown)}"
            self._table.execute("update sources set note = ? where file = ?", (left_out, path))

    def _put(self, path: str, mtime: int, written: date, table: TextTable) -> None:
        """Take in the rows of a table."""
        preset, read = self._meaning(table)
        loaded = _Loaded(table, read)
        self._table.executemany(_PUT, ((table.name, 1, *row) for row in loaded))
        if loaded.odd and not loaded.rows:
            (_, field, why), (place, _) = next(iter(loaded.odd.items()))
            rows = sum(count for _, count in loaded.odd.values())
            raise UnusableFileError(f"none of its {rows} rows can be understood, such as {place}: {field}: {why}")
        newest = preset.newest and not self._rules.additive
        about = (table.name, path, preset.name, preset.family, preset.part, newest, mtime, table.note)
        shown = "\n".join(loaded.shown)
        self._table.execute(
            "insert into sources values (?,?,?,?,?,?,?,?,?,?,?)", (*about, loaded.rows, loaded.left_out, shown)
        )
        days = {**dict.fromkeys((day or written.isoformat() for day, _, _ in loaded.odd), 0), **loaded.prints}
        self._table.executemany("insert into days values (?,?,?)", ((table.name, *each) for each in days.items()))
        odd = (
            (table.name, day or written.isoformat(), bool(day), place, field, why.kept, rows)
            for (day, field, why), (place, rows) in loaded.odd.items()
        )
        self._table.executemany("insert into odd values (?,?,?,?,?,?,?)", odd)

    def _knows(self, titles: Sequence[str]) -> bool:
        """Whether a header may be this one: of a table of one's own app.yaml says where it begins."""
        own = bool(self._rules.columns or self._rules.preset)
        return not own and presets.recognized(titles) is not None

    def _meaning(self, table: TextTable) -> tuple[Preset, Meaning]:
        """How the rows of a table are read: as app.yaml says, else as the export is that its header is known to be."""
        ours = self._rules
        if ours.columns and not ours.preset:
            return OWN, Mapped(ours, table).read
        preset = presets.named(ours.preset) or presets.recognized(table.columns)
        if preset is None:
            raise UnknownTableError(_unknown(table), "header")
        if preset.name == FOCUS:
            missing = [name for name in preset.header if name not in table.columns]
            if missing:
                raise UnusableFileError(lacking(missing, table.columns), "header")
            return preset, partial(focus.read, who_tags=ours.who_tags or focus.WHO_TAGS)
        theirs = preset.parsed
        merged = ours.model_copy(
            update={
                "columns": {**theirs.columns, **ours.columns},
                "keep": ours.keep or theirs.keep,
                "skip": {**_there(theirs.skip, table), **ours.skip},
                "free": {**_there(theirs.free, table), **ours.free},
            }
        )
        prepare = preset.prepare
        whole = _widened(table, prepare) if prepare else table
        read = Mapped(merged, whole, self._credit if preset.credits else Decimal(1), preset.adds).read
        return preset, (lambda row: read({**row, **prepare(row)})) if prepare else read


class FilesWithLog(Files):
    """Files of Amazon Bedrock's bill, and beside them its log of calls, for the hours that are not billed yet."""

    can = Files.can | {"hours"}

    def __init__(self, name: str, pattern: str, rules: FileRules, credit: Decimal | None = None) -> None:
        super().__init__(name, pattern, rules, credit)
        self._log = InvocationLog(name, rules.log)

    def close(self) -> None:
        """Let the table and the log go."""
        super().close()
        self._log.close()

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """What the log says."""
        return self._log.hours(since, until)


class _Loaded:
    """The rows of a table as they go into ours, with what is found out on the way.

    Attributes:
        rows: how many were understood.
        left_out: how many are about something else.
        odd: what could not be understood, by day, field and reason: the first place, and how many.
        prints: by day, a number that changes with what is said of it.
        shown: the first rows, as they are understood.
    """

    def __init__(self, table: TextTable, read: Meaning) -> None:
        self._table = table
        self._meaning = read
        self.rows = self.left_out = 0
        self.odd: dict[tuple[str, str, Reason], tuple[str, int]] = {}
        self.prints: dict[str, int] = {}
        self.shown: list[str] = []

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        for number, (where, row) in enumerate(self._table.rows(), 1):
            if number > ROWS_MAX:
                raise UnusableFileError(f"it has more than {ROWS_MAX:,} rows: split it, for example by month")
            try:
                if isinstance(row, RowError):
                    raise row
                cells = tuple(self._meaning(row))
            except RowError as wrong:
                kind = (wrong.day if isinstance(wrong, DatedRowError) else "", wrong.field, wrong.why)
                first, count = self.odd.get(kind, (where, 0))
                self.odd[kind] = first, count + 1
                continue
            self.rows += 1
            self.left_out += not cells
            if cells and len(self.shown) < SHOWN_MAX:
                self.shown.append(f"{where}: {_in_words(cells)}")
            for cell in cells:
                self.prints[cell.day] = (self.prints.get(cell.day, 0) + _print(cell[:])) % PRINTS
                yield (*cell[: -len(MONEY)], *_parted(cell.cost), *_parted(cell.list_cost))


def _print(told: object) -> int:
    """A number that tells one thing from others."""
    return int.from_bytes(blake2b(repr(told).encode(), digest_size=7).digest(), "big")


def _in_words(cells: tuple[ChargeRow, ...]) -> str:
    """A row as it was understood; of one of several days the sum."""
    first, last = cells[0], cells[-1]
    words = [first.day if first.day == last.day else f"{first.day} to {last.day}"]
    words += [
        f"{name} {value}"
        for name, value in (
            ("who", first.subject),
            ("key", first.resource),
            ("model", first.model),
            ("tier", first.tier),
        )
        if value
    ]
    words += [f"{name} {count:,}" for name in _USED if (count := sum(getattr(each, name) for each in cells))]
    cost = sum(each.cost or 0 for each in cells)
    words.append(
        "no cost" if first.cost is None else f"cost {Decimal(cost).scaleb(-12).normalize():f} {first.currency}"
    )
    return ", ".join(words)


def _widened(table: TextTable, prepare: Callable[[TextRow], Mapping[str, str]]) -> TextTable:
    """A table whose rows have what is worked out, too."""

    def rows() -> Iterator[tuple[str, TextRow | RowError]]:
        for where, row in table.rows():
            yield where, row if isinstance(row, RowError) else {**row, **prepare(row)}

    return replace(table, rows=rows)


def _there(words: Mapping[str, tuple[str, ...]], table: TextTable) -> dict[str, tuple[str, ...]]:
    """What a preset says of columns that only some of its files have."""
    return {name: some for name, some in words.items() if getter(name, table.columns)}


def _unknown(table: TextTable) -> str:
    """That a header is not known, with what would help."""
    near = presets.nearest(table.columns)
    known = f"to be read as {near[0].name} {lacking(near[1], table.columns)}" if near else lacking([], table.columns)
    return f"its columns are not known: {known}. Say in app.yaml what they mean, such as {suggestion(table.columns)}"


def _torn(cell: ChargeRow, other_currency: str, costs: int, lines: int) -> tuple[str, str] | None:
    """Why the rows of a cell cannot be added up, with the field; None if they can."""
    if cell.currency != other_currency:
        return "currency", "the cost of one cell is told in two currencies"
    if costs not in {0, lines}:
        return "cost", "the cost of one cell is told on one line and missing on another"
    return None


def _charge(provider: str, cell: ChargeRow, nanos: int | None, list_nanos: int | None) -> Charge:
    told = {name: value for name, value in cell._asdict().items() if name not in {"day", *MONEY}}
    return Charge(
        provider=provider,
        bucket_start=midnight(date.fromisoformat(cell.day)),
        bucket_hours=24,
        **told,
        cost_nanos=nanos,
        cost_source="unpriced" if nanos is None else "cost_report",
        list_nanos=list_nanos,
    )


def _mark(path: str) -> tuple[int, int]:
    """What changes when a file is written."""
    facts = Path(path).stat()
    return facts.st_mtime_ns, facts.st_size


def _parted(pico: int | None) -> tuple[int | None, int | None]:
    """Nanos, and what is left of them."""
    return (None, None) if pico is None else divmod(pico, PICO_PER_NANO)


def _nanos(high: int | None, low: int, rest: int) -> int | None:
    """A sum of nanos that was added up in two halves, with what is left of them; None if there was none."""
    if high is None:
        return None
    pico = ((high << 32) + low) * PICO_PER_NANO + rest
    return int((Decimal(pico) / PICO_PER_NANO).quantize(Decimal(1), ROUND_HALF_EVEN))
