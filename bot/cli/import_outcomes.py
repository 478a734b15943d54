"""Reads a list of outcomes: a CSV of what teams got done."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bot.column_values import moment_of, tidy
from bot.csv_records import MalformedCsvError, opened, records
from bot.directory.source import UnusableSourceError
from bot.texts import t
from storage.outcomes import Outcome

COLUMNS = ("team", "day", "kind", "count")
SOURCE = "list"


def read(path: Path, teams: Iterable[str]) -> list[Outcome]:
    """The outcomes of a list, all or none.

    Args:
        path: a CSV with the columns team, day, kind and count.
        teams: ids of the teams there are, such as "search".

    Raises:
        UnusableSourceError: the first thing that is wrong.
    """
    try:
        with opened(path) as file:
            lines = records(file.read())
            _, header = next(lines, (1, []))
            names = [tidy(name).lower() for name in header]
            if set(COLUMNS) - set(names):
                raise UnusableSourceError(
                    t("{file} needs the columns {names} in its first line.", file=path, names=", ".join(COLUMNS))
                )
            return list(_outcomes(path, names, lines, set(teams)))
    except OSError as trouble:
        raise UnusableSourceError(t("{file} cannot be read: {reason}", file=path, reason=trouble.strerror)) from trouble
    except MalformedCsvError as trouble:
        raise _wrong(path, trouble.line, str(trouble)) from trouble


def _outcomes(
    path: Path, names: Sequence[str], lines: Iterable[tuple[int, list[str]]], teams: set[str]
) -> Iterator[Outcome]:
    seen = set()
    for line, record in lines:
        row = dict(zip(names, record, strict=False))
        team, day, kind, count = (tidy(row.get(name, "")) for name in COLUMNS)
        if team not in teams:
            raise _wrong(path, line, t("there is no team “{name}”", name=team))
        if not kind or not count.isdecimal():
            raise _wrong(path, line, t("write what was counted (kind), and how many as a whole number (count)"))
        try:
            outcome = Outcome(SOURCE, f"team/{team}", moment_of(day).date(), kind, int(count))
        except ValueError:
            raise _wrong(path, line, t("“{word}” is not a date; write one such as 2026-10-15", word=day)) from None
        key = (outcome.account_id, outcome.day, outcome.kind)
        if key in seen:
            twice = t("{team}, {day} and {kind} stand there twice; keep one", team=team, day=day, kind=kind)
            raise _wrong(path, line, twice)
        seen.add(key)
        yield outcome


def _wrong(path: Path, line: int, what: str) -> UnusableSourceError:
    return UnusableSourceError(t("{file}, line {line}: {what}", file=path, line=line, what=what))
