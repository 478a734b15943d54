"""What cannot be used of an HR export: who, column, value, and what would be right."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from bot.directory.scratch import Scratch
from bot.texts import nt, t

SHOWN_MAX = 20
LINES_SHOWN_MAX = 5
Words = Mapping[str, Callable[[], Iterable[str]]]
"""By a kind of word, what gives the words that would be right."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that cannot be used.

    Args:
        line: number of the line, from 1.
        what: what is wrong and what would be right; it is translated where it is shown.
        who: the name or address of the person, "" if it is about nobody.
        column: its title in the file, "" if it is about none.
        word: what was written there.
        kind: of the word, if one of those that would be right may have been meant.
    """

    line: int
    what: str
    who: str = ""
    column: str = ""
    word: str = ""
    kind: str = ""

    def sentence(self, words: Words) -> str:
        """All of it. To look for what was meant takes time, so it is done only for what is shown."""
        what = t(self.what)
        if self.kind:
            close = get_close_matches(self.word, sorted(filter(None, words[self.kind]())), n=1, cutoff=0.6)
            what = t("{what}. Did you mean “{name}”?", what=what, name=close[0]) if close else what
        if self.column and self.word:
            what = t("{column} “{word}”: {what}", column=self.column, word=self.word, what=what)
        elif self.column:
            what = t("{column}: {what}", column=self.column, what=what)
        if self.who:
            return t("line {line}, {name}: {what}", line=self.line, name=self.who, what=what)
        return t("line {line}: {what}", line=self.line, what=what)


class Complaints:
    """All of a file, however many.

    Args:
        scratch: where they are kept.
    """

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        scratch("create table complaint (line integer, what text, who text, col text, word text, kind text)")

    def add(self, one: Complaint) -> None:
        """One more."""
        values = (one.line, one.what, one.who, one.column, one.word, one.kind)
        self._scratch("insert into complaint values (?, ?, ?, ?, ?, ?)", *values)

    def explained(self, path: Path, words: Words) -> tuple[str, ...]:
        """All in the order of the file, alike ones as one with their count.

        Args:
            path: of the file.
            words: see there.
        """
        first_of_each = """
            select col, what, count(*) from
              (select col, what, row_number() over (order by line, rowid) as place from complaint)
            group by col, what order by min(place)
        """
        said: list[str] = []
        shown = 0
        for col, what, count in self._scratch(f"{first_of_each} limit ?", SHOWN_MAX):
            alike = self._scratch(
                "select line, what, who, col, word, kind from complaint where col = ? and what = ? "
                "order by line, rowid limit ?",
                *(col, what, LINES_SHOWN_MAX + 1),
            ).fetchall()
            said.append(f"{path}, {_of_several([Complaint(*each) for each in alike], count, words)}")
            shown += count
        more = self._scratch.one("select count(*) from complaint") - shown
        if more:
            said.append(nt("{file}: and {n} more", "{file}: and {n} more", more, file=path))
        return tuple(said)


def _of_several(alike: list[Complaint], count: int, words: Words) -> str:
    first, more = alike[0].sentence(words), count - 1
    if not more:
        return first
    lines = ", ".join(str(each.line) for each in alike[1:])
    lines += ", …" if more > LINES_SHOWN_MAX else ""
    return nt(
        "{first} (and {n} more like it, on line {lines})",
        "{first} (and {n} more like it, on lines {lines})",
        more,
        first=first,
        lines=lines,
    )
