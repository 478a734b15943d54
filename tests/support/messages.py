"""`make messages`: all texts that people read, collected from the code, into the catalogs of handlers/locales.

New texts come in untranslated, changed ones are marked fuzzy, and what is said no more goes. A new language begins
with `python -m tests.support.messages fr`.
"""

import sys
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from handlers import COMMANDS
from handlers.language import LOCALES
from tests.support.paths import ROOT

KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "t": None,
    "nt": (1, 2),
    "say": (2,),
    "say_many": (2, 3),
    "N_": None,
    "remark": None,
    "missing": (1, 2),
    "RefusedError": None,
    "SettingError": None,
}
METHODS = [("**.py", "python")]
FOLDERS = ("handlers", "bot")
HEADER = "# What Bursar says, in another language. docs/how-to/translating.md says how to change it."


def texts() -> Iterator[tuple[str | tuple[str, ...], str]]:
    """Every text, with the file in which it stands."""
    for folder in FOLDERS:
        found = extract_from_dir(ROOT / folder, METHODS, keywords=KEYWORDS)
        for path, _line, message, _comments, _context in found:
            if message:
                yield message, f"{folder}/{path}"
    for command in COMMANDS.values():
        if not command.hidden:
            yield from ((text, "handlers/__init__.py") for text in command.texts if text)


def template(since: datetime | str | None = None) -> Catalog:
    """All texts, as a catalog without a language; `since` is when the catalog was begun that takes them in."""
    made = Catalog(project="Bursar", fuzzy=False, creation_date=since if isinstance(since, datetime) else None)
    for message, path in texts():
        made.add(message, locations=[(path, 0)])
    return made


def updated(language: str) -> bytes:
    """The catalog of a language with all texts of now."""
    path = LOCALES / f"{language}.po"
    if path.exists():
        catalog = read_po(BytesIO(path.read_bytes()), locale=language)
    else:
        catalog = Catalog(locale=language, project="Bursar", version="1", header_comment=HEADER, fuzzy=False)
    catalog.update(template(catalog.creation_date), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    out = BytesIO()
    write_po(out, catalog, width=120, omit_header=False, include_lineno=False, sort_by_file=True)
    return out.getvalue()


if __name__ == "__main__":
    for language in sys.argv[1:] or [path.stem for path in LOCALES.glob("*.po")]:
        made = updated(language)
        (LOCALES / f"{language}.po").write_bytes(made)
