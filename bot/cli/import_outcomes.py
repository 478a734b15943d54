"""Reads a list of outcomes: a CSV of what teams got done."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from bot.directory.source import UnusableSourceError
from storage.outcomes import Outcome

COLUMNS = ("team", "day", "kind", "count")
SOURCE = "list"


def read(path: Path, teams: Iterable[str]) -> list[Outcome]:
    """The outcomes of a list, all or none.

    Args:
        path: a CSV in UTF-8 with the columns team, day, kind and count.
        teams: ids of the teams there are, such as "search".

    Raises:
        UnusableSourceError: the first thing that is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if set(COLUMNS) - set(rows.fieldnames or ()):
                raise UnusableSourceError(f"{path} needs the columns {', '.join(COLUMNS)} in its first line.")
            return list(_outcomes(path, rows, set(teams)))
    except (OSError, UnicodeDecodeError, csv.Error) as trouble:
        raise UnusableSourceError(f"{path} cannot be read: {trouble}") from trouble


def _outcomes(path: Path, rows: Iterable[dict[str, str | None]], teams: set[str]) -> Iterator[Outcome]:
    seen = set()
    for line, row in enumerate(rows, start=2):
        team, day, kind, count = ((row[name] or "").strip() for name in COLUMNS)
        if team not in teams:
            raise UnusableSourceError(f"{path}, line {line}: there is no team “{team}”.")
        if not kind or not count.isdecimal():
            raise UnusableSourceError(
                f"{path}, line {line}: say what was counted (kind), and how many as a whole number (count)."
            )
        try:
            outcome = Outcome(SOURCE, f"team/{team}", date.fromisoformat(day), kind, int(count))
        except ValueError:
            raise UnusableSourceError(f"{path}, line {line}: “{day}” is no day; write such as 2026-10-15.") from None
        key = (outcome.account_id, outcome.day, outcome.kind)
        if key in seen:
            raise UnusableSourceError(f"{path}, line {line}: {team}, {day} and {kind} stand there twice.")
        seen.add(key)
        yield outcome
