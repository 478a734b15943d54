"""What cannot be used of an HR export: who, column, value, and what would be right."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from bot.texts import nt, t

SHOWN_MAX = 20
LINES_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that cannot be used.

    Args:
        line: number of the line, from 1.
        what: what is wrong and what would be right; it is translated where it is shown.
        who: the name or address of the person, "" if it is about nobody.
        column: its title in the file, "" if it is about none.
        word: what was written there.
        known: gives the words that would be right, if one of them may have been meant.
    """

    line: int
    what: str
    who: str = ""
    column: str = ""
    word: str = ""
    known: Callable[[], Iterable[str]] | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """What makes it like another one."""
        return self.column, self.what

    @property
    def sentence(self) -> str:
        """All of it. To look for what was meant takes time, so it is done only for what is shown."""
        what = t(self.what)
        if self.known:
            close = get_close_matches(self.word, sorted(filter(None, self.known())), n=1, cutoff=0.6)
            what = t("{what}. Did you mean “{name}”?", what=what, name=close[0]) if close else what
        if self.column and self.word:
            what = t("{column} “{word}”: {what}", column=self.column, word=self.word, what=what)
        elif self.column:
            what = t("{column}: {what}", column=self.column, what=what)
        if self.who:
            return t("line {line}, {name}: {what}", line=self.line, name=self.who, what=what)
        return t("line {line}: {what}", line=self.line, what=what)


def explained(path: Path, wrong: Sequence[Complaint]) -> tuple[str, ...]:
    """All complaints in the order of the file, alike ones as one with their count.

    Args:
        path: of the file.
        wrong: what is wrong.
    """
    alike: dict[tuple[str, str], list[Complaint]] = {}
    for each in sorted(wrong, key=lambda each: each.line):
        alike.setdefault(each.kind, []).append(each)
    groups = list(alike.values())
    said = [f"{path}, {_of_several(group)}" for group in groups[:SHOWN_MAX]]
    more = sum(map(len, groups[SHOWN_MAX:]))
    if more:
        said.append(nt("{file}: and {n} more", "{file}: and {n} more", more, file=path))
    return tuple(said)


def _of_several(group: Sequence[Complaint]) -> str:
    first, more = group[0].sentence, len(group) - 1
    if not more:
        return first
    lines = ", ".join(str(each.line) for each in group[1 : LINES_SHOWN_MAX + 1])
    lines += ", …" if more > LINES_SHOWN_MAX else ""
    return nt(
        "{first} (and {n} more like it, on line {lines})",
        "{first} (and {n} more like it, on lines {lines})",
        more,
        first=first,
        lines=lines,
    )
