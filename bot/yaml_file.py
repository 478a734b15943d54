"""A YAML file with the line of everything in it, and what is wrong with it in plain words.

PyYAML's nodes know where they stand (pyyaml.org, PyYAML documentation: Mark, Node). Of a name that stands twice in one
place PyYAML takes the last and says nothing; here it is found.
"""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from handlers.language import N_

Path = tuple[str | int, ...]
"""Names of settings and places in lists, from 0."""

MERGE = "<<"
NAMING = ("name", "id", "kind", "platform", "file", "say")
"""By what people call an entry of a list, if it has it."""

# What PyYAML says, and the same in plain words; {start} is the line on which the part in question begins.
_WORDS = (
    (r"found character '\\t'", N_("there is a tab; use spaces")),
    (r"found character '[@`%]'", N_("a text begins with {letter}; put it in quotes")),
    (r"while scanning an alias|found undefined alias", N_("put text that begins with * in quotes, such as “*/10 * *”")),
    (r"while scanning an anchor", N_("put text that begins with & in quotes")),
    (r"could not determine a constructor|while (scanning|parsing) a tag", N_("put text that begins with ! in quotes")),
    (
        r"mapping values are not allowed",
        N_("this line is indented too far, or has a colon too many; put a text with a colon in quotes"),
    ),
    (r"could not find expected ':'", N_("there is no colon behind a name")),
    (r"while scanning a quoted scalar", N_("the quotes that open on line {start} are not closed")),
    (r"while parsing a flow", N_("the bracket that opens on line {start} is not closed, or a comma is missing")),
    (r"while parsing a block", N_("this line is not indented like those above it")),
    (r"special characters are not allowed", N_("there is a letter that cannot be shown; remove it")),
    (r"expected a single document", N_("remove the line “---” and keep one list of settings")),
    (r"while constructing a mapping", N_("this name is no word; write a word before the colon")),
)
_OTHER = N_("this is not valid YAML; check indentation, colons and quotes here and on the line above")


class YamlError(Exception):
    """The text cannot be understood as YAML.

    Args:
        line: on which.
        why: what is wrong and what would be right; shown to people in their language.
        values: fill the placeholders.
    """

    def __init__(self, line: int, why: str, **values: object) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why
        self.values = values


class _Loader(yaml.SafeLoader):
    """The safe one. What looks like a day or a number and is none, such as 2026-02-30, stays the text that it is."""


def _kept(tag: str) -> None:
    construct = yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{tag}"]

    def constructed(loader: _Loader, node: ScalarNode) -> Any:
        with suppress(ValueError):
            return construct(loader, node)
        return node.value

    _Loader.add_constructor(f"tag:yaml.org,2002:{tag}", constructed)


for _tag in ("timestamp", "int", "float"):
    _kept(_tag)


@dataclass(frozen=True, slots=True)
class Twice:
    """A name that stands twice in one place: where, and on which lines first and again."""

    path: Path
    first: int
    again: int


@dataclass(frozen=True, slots=True)
class YamlFile:
    """What a file says, and where.

    Args:
        content: what it says; None if it is empty.
        root: of the nodes.
    """

    content: Any
    root: Node | None

    def line(self, path: Path) -> int:
        """The line, from 1, of the setting or entry at a path, or of the nearest one around it."""
        line = 1 if self.root is None else _line(self.root)
        for _, _, begins in self._down(path):
            line = begins
        return line

    def written(self, path: Path) -> str:
        """The value at a path as it stands in the file; "" if it is no single value."""
        nodes = list(self._down(path))
        here = nodes[-1][1] if len(nodes) == len(path) and nodes else None
        return str(here.value) if isinstance(here, ScalarNode) else ""

    def real(self, path: Path) -> Path:
        """The path as far as it stands in the file."""
        return tuple(part for part, _, _ in self._down(path))

    def called(self, path: Path) -> list[str | int]:
        """The path as people say it: an entry of a list by its name, or by its number, from 1."""
        said: list[str | int] = []
        here = self.content
        for part in path:
            here = _inside(here, part)
            if isinstance(part, str):
                said.append(part)
            else:
                own = here if isinstance(here, Mapping) else {}
                name = next((own[each] for each in NAMING if isinstance(own.get(each), str) and own[each]), "")
                said.append(name or part + 1)
        return said

    def twice(self) -> Iterator[Twice]:
        """Every name that stands twice in one place."""
        todo: list[tuple[Node, Path]] = [(self.root, ())] if self.root else []
        seen: set[int] = set()
        while todo:
            node, path = todo.pop()
            if id(node) in seen:  # an alias
                continue
            seen.add(id(node))
            if isinstance(node, SequenceNode):
                todo += [(each, (*path, place)) for place, each in enumerate(node.value)]
            elif isinstance(node, MappingNode):
                lines: dict[str, int] = {}
                for key, value in node.value:
                    name = str(key.value)
                    if name in lines and name != MERGE:
                        yield Twice((*path, name), lines[name], _line(key))
                    lines.setdefault(name, _line(key))
                    todo.append((value, (*path, name)))

    def _down(self, path: Path) -> Iterator[tuple[str | int, Node, int]]:
        """The parts of a path that are there, each with its node and line."""
        here = self.root
        for part in path:
            found = _below(here, part)
            if found is None:
                return
            here, line = found
            yield part, here, line


def read(text: str) -> YamlFile:
    """A text as YAML.

    Raises:
        YamlError: it is none.
    """
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        return YamlFile(loader.construct_document(root) if root else None, root)
    except RecursionError as trouble:
        raise YamlError(1, N_("there are too many brackets within brackets")) from trouble
    except yaml.reader.ReaderError as trouble:
        raise YamlError(text.count("\n", 0, trouble.position) + 1, _plain(str(trouble))) from trouble
    except yaml.MarkedYAMLError as trouble:
        mark = trouble.problem_mark or trouble.context_mark
        start = trouble.context_mark or mark
        letter = re.search(r"found character '(.)'", str(trouble.problem))
        raise YamlError(
            mark.line + 1 if mark else 1,
            _plain(f"{trouble.context} {trouble.problem}"),
            start=start.line + 1 if start else 1,
            letter=letter[1] if letter else "",
        ) from trouble


def _plain(said: str) -> str:
    return next((words for pattern, words in _WORDS if re.search(pattern, said)), _OTHER)


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _below(node: Node | None, part: str | int) -> tuple[Node, int] | None:
    """The node under a name or at a place, and the line on which that begins."""
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], _line(node.value[part])
    if isinstance(node, MappingNode):
        same = [(value, _line(key)) for key, value in node.value if str(key.value) == str(part)]
        return same[-1] if same else None
    return None


def _inside(here: Any, part: str | int) -> Any:
    if isinstance(here, Mapping) and isinstance(part, Hashable):
        return here.get(part)
    if isinstance(here, Sequence) and isinstance(part, int) and part < len(here):
        return here[part]
    return None
