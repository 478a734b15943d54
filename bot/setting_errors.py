"""What is wrong with settings, in the words of whoever writes them: where, what, and what would be right.

pydantic's own sentences speak of Python; they are replaced here by kind (docs.pydantic.dev, Validation Errors).
"""

from collections.abc import Collection, Mapping, Sized
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

from bot.secret_shapes import without_random
from bot.texts import in_words, t
from bot.yaml_file import Path, YamlFile
from handlers.language import N_

KNOWN_MAX = 30
"""More words than these are no help."""

_NUMBER = N_("“{word}” is not a number: write one such as 0.04")
_WHOLE = N_("“{word}” is not a whole number: write one such as 3")
_TRUTH = N_("“{word}” is neither true nor false: write one of the two")
_LIST = N_("write a list, such as [a, b]")
_BELOW = N_("write names and values below it, such as name: Acme")
_DAY = N_("“{word}” is not a date: write one such as 2026-12-25")
_TEXT = N_("write text, in quotes if it looks like a number or a list")
_OTHER = N_("“{word}” cannot be used here; see the page of settings in the docs")

# The first that a kind of error begins with.
_BY_KIND: Mapping[str, str] = {
    "int_": _WHOLE,
    "float_": _NUMBER,
    "decimal_max_places": N_("“{word}” has too many digits behind the point: write at most {decimal_places}"),
    "decimal_": _NUMBER,
    "finite_number": _NUMBER,
    "bool_": _TRUTH,
    "string_too_long": N_("“{word}” is too long: write {max_length} letters or fewer"),
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_sub_type": _TEXT,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "dict_type": _BELOW,
    "model_type": _BELOW,
    "model_attributes_type": _BELOW,
    "date_": _DAY,
    "greater_than_equal": N_("{word} is too small: write {ge} or more"),
    "greater_than": N_("{word} is too small: write more than {gt}"),
    "less_than_equal": N_("{word} is too large: write {le} or less"),
    "less_than": N_("{word} is too large: write less than {lt}"),
    "too_short": N_("the list is too short: write {min_length} or more"),
    "too_long": N_("the list is too long: write {max_length} or fewer"),
    "recursion_loop": N_("this refers to itself; write it out"),
}


def explained(file: YamlFile, name: str, path: Path, what: str) -> tuple[int, str]:
    """A fault with the place where it stands, as people say it, and its line.

    Args:
        file: what was read.
        name: of the file.
        path: of the setting.
        what: is wrong, in the operator's language.
    """
    line = file.line(path)
    words = [without_random(each) if isinstance(each, str) else t("entry {n}", n=each) for each in file.called(path)]
    what = without_random(what)
    if not words:
        return line, _in_one_line(t("{file}, line {line}: {what}", file=name, line=line, what=what))
    said = t("{file}: {path} (line {line}): {what}", file=name, path=": ".join(words), line=line, what=what)
    return line, _in_one_line(said)


def _in_one_line(text: str) -> str:
    """A sentence that may quote anything, so that it stays one line that can be seen."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def fault_of(error: Mapping[str, Any], file: YamlFile, model: type[BaseModel]) -> tuple[Path, str]:
    """Where and what an error of pydantic's is, in the operator's language.

    Args:
        error: one of ValidationError.errors().
        file: what was validated.
        model: by which it was.
    """
    kind, where = str(error["type"]), tuple(error["loc"])
    path = file.real(where)
    ctx = error.get("ctx") or {}
    if kind == "missing":
        return path, t("“{name}” is missing", name=where[-1])
    if kind == "extra_forbidden":
        known = _names_at(model, where[:-1])
        return path, meant(t("there is no such setting"), str(where[-1]), known)
    given = error.get("input")
    is_name = where[-1:] == ("[key]",)
    word = (
        str(where[-2])
        if is_name
        else file.written(path) or ("" if isinstance(given, dict | list | tuple) or given is None else str(given))
    )
    if kind == "literal_error":
        known = {str(each) for each in ctx.get("values", ())} or _quoted(str(ctx.get("expected", "")))
        return path, meant(t("“{word}” is not known", word=word), word, known)
    if kind == "value_error":
        return path, in_words(ctx["error"])
    template = next((said for begins, said in _BY_KIND.items() if kind.startswith(begins)), _OTHER)
    return path, t(template, **{"word": word, **{name: value for name, value in ctx.items() if name != "error"}})


def is_echo(error: Mapping[str, Any]) -> bool:
    """Whether an error only follows from another one: a list whose entries are wrong seems too short, too."""
    least = (error.get("ctx") or {}).get("min_length", 0)
    return error["type"] == "too_short" and isinstance(error["input"], Sized) and len(error["input"]) >= least


def meant(what: str, word: str, known: Collection[str]) -> str:
    """What is wrong with a word, with the one that may have been meant, or with all that would be right.

    Args:
        what: is wrong, in the operator's language, without a full stop.
        word: what was written.
        known: what would be right.
    """
    words = sorted(filter(None, known))
    close = get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return t("{what}. Did you mean “{name}”?", what=what, name=close[0])
    if 0 < len(words) <= KNOWN_MAX:
        return t("{what}. You can write: {names}", what=what, names=", ".join(words))
    return what


def _quoted(expected: str) -> set[str]:
    return {each for number, each in enumerate(expected.split("'")) if number % 2}


def _names_at(model: type[BaseModel], path: Path) -> set[str]:
    """The names of the settings there are at a path."""
    here: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int) or here is None:
            continue
        fields = {field.alias or name: field.annotation for name, field in here.model_fields.items()}
        if part in fields:
            here = _model_in(fields[part])
    return {field.alias or name for name, field in here.model_fields.items()} if here else set()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
