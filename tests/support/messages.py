"""`make messages`: all texts that people read, collected from the code, into the catalogs of handlers/locales.

New texts come in untranslated, changed ones are marked fuzzy, and what is said no more goes. A new language begins
with `python -m tests.support.messages fr`.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from handlers import COMMANDS
from handlers.language import LOCALES
from tests.support.paths import ROOT

KEYWORDS: dict[str, tuple[int, ...]] = {
    "t": (0,),
    "nt": (0, 1),
    "say": (1,),
    "say_many": (1, 2),
    "N_": (0,),
    "remark": (0,),
    "missing": (0, 1),
    "RefusedError": (0,),
    "MeantOtherwiseError": (0,),
    "SettingError": (0,),
    "OutsideError": (0,),
    "UnreachableError": (0,),
    "UndeliverableError": (0,),
    "GoneError": (0,),
    "RefusesUsError": (0,),
    "KeyRefusedError": (0,),
    "NotFoundError": (0,),
    "InvalidError": (0,),
    "may_write": (0,),
    "NoAccountError": (0,),
    "Words": (0,),
    "RowError": (0,),
    "reason": (0,),
    "set_aside": (3,),
}
"""The functions that say a text, and which of their arguments it is: one, or one for each form of the plural."""
CANNOT = "cannot"
"""What a provider declares under this name is shown to people, too."""
IN_A_PAGE = re.compile(r'\bt\("([^"]+)"')
FOLDERS = ("handlers", "bot")
HEADER = "# What Bursar says, in another language. docs/how-to/translating.md says how to change it."


def texts() -> Iterator[tuple[str | tuple[str, ...], str]]:
    """Every text, with the file in which it stands."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for text in _said_in(ast.parse(path.read_text())):
                yield text, str(path.relative_to(ROOT))
        for path in sorted((ROOT / folder).rglob("*.html")):
            yield from ((text, str(path.relative_to(ROOT))) for text in IN_A_PAGE.findall(path.read_text()))
    for command in COMMANDS.values():
        if not command.hidden:
            yield from ((text, "handlers/__init__.py") for text in command.texts if text)


def _said_in(tree: ast.Module) -> Iterator[str | tuple[str, ...]]:
    """The texts that the calls of a module say. Babel's own extractor is confused by a variable called like one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and CANNOT in (getattr(each, "id", "") for each in node.targets):
            yield from _strings(ast.walk(node.value))
        if isinstance(node, ast.Call):
            places = KEYWORDS.get(str(getattr(node.func, "attr", None) or getattr(node.func, "id", "")), ())
            said = list(_strings(node.args[place] for place in places if place < len(node.args)))
            if said and len(said) == len(places):
                yield said[0] if len(said) == 1 else tuple(said)


def _strings(nodes: Iterable[ast.AST]) -> Iterator[str]:
    return (each.value for each in nodes if isinstance(each, ast.Constant) and isinstance(each.value, str))


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
