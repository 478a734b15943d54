r"""Who owns which files, as a CODEOWNERS file says: names of teams and people, for pure rules to ask.

Sources: GitHub's "About code owners" (the last pattern that fits decides, a pattern without owners owns nothing, a line
that is not understood is skipped; `!`, `[ ]` and `\#` do not work) and GitLab's "Code owners syntax" (sections with
owners of their own, of which each names an owner; a pattern that does not begin with a slash fits at any depth; `!`
excludes for the whole section). Patterns are those of the package codeowners.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from codeowners import CodeOwners as Patterns

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks for the file, in this order."""
PLACES_GITLAB = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
SECTION = re.compile(r"\^?\[(?P<name>[^\]]+)\](?:\[\d+\])?(?P<owners>.*)")
BLANK = "\\ "
"""A blank of a path; other blanks end it."""
COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
EVERYTHING = frozenset({"*", "/", "**", "/**", "**/*", "/**/*"})


@dataclass(frozen=True, slots=True)
class CodeOwners:
    """What a file says.

    Args:
        sections: the patterns of each section; at GitHub there is one.
        names: all who own anything, without their @, in small letters.
        default: who owns what no narrower pattern fits.
    """

    sections: tuple[Patterns, ...] = ()
    names: frozenset[str] = frozenset()
    default: tuple[str, ...] = ()

    def of(self, path: str) -> set[str]:
        """Who owns a file, without their @, in small letters.

        Args:
            path: from the top of the repository, such as "docs/index.md".
        """
        return {_plain(name) for section in self.sections for _, name in section.of(path)}


def read_code_owners(text: str, *, sections: bool = False) -> CodeOwners:
    """Read a CODEOWNERS file.

    Args:
        text: all of it.
        sections: whether it is written for GitLab.
    """
    kept: dict[str, list[str]] = defaultdict(list)
    excluded: dict[str, list[str]] = defaultdict(list)
    names, default = set[str](), dict[str, list[str]]()
    for section, line in _lines(text, sections=sections):
        pattern, *owners = line.split(" ")
        is_excluded = pattern.startswith("!")
        if is_excluded and not sections:
            continue
        shown = pattern.removeprefix("!")
        whole = (f"/**/{shown}" if sections and not shown.startswith("/") else shown).replace("\0", BLANK)
        if not _is_understood(whole, brackets=sections):
            continue
        (excluded if is_excluded else kept)[section].append(" ".join([whole, *([] if is_excluded else owners)]))
        names.update(() if is_excluded else map(_plain, owners))
        if shown in EVERYTHING:
            default[section] = [] if is_excluded else owners
    texts = ("\n".join([*lines, *excluded[section]]) for section, lines in kept.items())
    everybody = tuple(dict.fromkeys(_plain(each) for owners in default.values() for each in owners))
    return CodeOwners(tuple(map(Patterns, texts)), frozenset(names), everybody)


def _lines(text: str, *, sections: bool) -> Iterator[tuple[str, str]]:
    """Each pattern with its owners, single blanks between (NUL for one of a path), and the section it stands in."""
    section, owners = "", ""
    for raw in text.removeprefix("\ufeff").splitlines():
        line = " ".join(COMMENT.sub("", raw.replace(BLANK, "\0")).split())
        heading = SECTION.fullmatch(line) if sections else None
        if heading:
            section, owners = heading["name"].strip().casefold(), heading["owners"].strip()
        elif line:
            yield section, line if " " in line or not owners else f"{line} {owners}"


def _is_understood(pattern: str, *, brackets: bool) -> bool:
    if not pattern.strip("/") and pattern != "/":
        return False
    if pattern.startswith("\\") or (not brackets and ("[" in pattern or "]" in pattern)):
        return False
    try:
        Patterns(pattern)
    except (ValueError, re.error):
        return False
    return True


def _plain(owner: str) -> str:
    return owner.removeprefix("@").casefold()
