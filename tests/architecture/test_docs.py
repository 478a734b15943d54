"""The docs stay true: what they name exists, and what exists is named."""

import argparse
import ast
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.__main__ import HELP, _parser
from bot.config import Settings, SourceSettings
from bot.platforms.slack.manifest import (
    AGENT_SCOPES,
    CHANNEL_SCOPES,
    CLAIM_SCOPES,
    DIRECTORY_SCOPES,
    GROUP_SCOPES,
    SCOPES,
)
from bot.providers.files.settings import ColumnRule
from bot.providers.registry import PROVIDERS, Opening
from handlers import COMMANDS
from storage.tables import metadata
from tests.architecture.test_rooms import modules
from tests.support.company import Company
from tests.support.paths import ROOT

ROOMS = ("bench", "bot", "deploy", "docs", "handlers", "storage", "tests")
PAGES = sorted([*ROOT.glob("*.md"), *(page for room in ROOMS for page in (ROOT / room).rglob("*.md"))])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
FILE = re.compile(rf"({'|'.join(ROOMS)}|\.ci)/[\w./-]*")
BOT = "python -m bot "
UNHEARD = ("I don't know “", "I don't understand", "You can't see figures", "I don't know")
HOSTS = {
    "api.moonshot.ai",
    "bedrock-agentcore-control.eu-central-1.amazonaws.com",
    "eu.api.helicone.ai",
    "us.cloud.langfuse.com",
    "api.z.ai",
    "127.0.0.1",
    "api.slack.com",
    "slack.com",
    "docs.slack.dev",
    "keepachangelog.com",
    "semver.org",
}
MACHINE = re.compile(r"(?<![\w.])(/(home|root|tmp|Users|work)\b|shared/)")


def text_of(page: str) -> str:
    """A page as it stands."""
    return (ROOT / page).read_text(encoding="utf-8")


def fences(page: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks of a page: what stands behind the fence, and the content."""
    return ((found[2], dedent(found[3])) for found in FENCE.finditer(text_of(page)))


def spans(page: str) -> list[str]:
    """What stands in code within the prose of a page."""
    return SPAN.findall(FENCE.sub("", text_of(page)))


def rows(page: str) -> dict[str, list[str]]:
    """The table rows of a page that begin with one piece of code, by it: the other cells."""
    lines = (line for line in text_of(page).splitlines() if line.startswith("|"))
    cells = ([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines)
    return {found[1]: rest for first, *rest in cells if (found := SPAN.fullmatch(first))}


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its path; `[]` stands behind a list."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        inner = list(models_in(field.annotation))
        for each in inner:
            yield from leaves(each, f"{path}[]." if get_origin(field.annotation) is tuple else f"{path}.")
        if not inner:
            yield path, field


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field holds. A people source is one setting, and so is what a column means: both are a word."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in {SourceSettings, ColumnRule}:
            yield annotation
    else:
        for part in get_args(annotation):
            yield from models_in(part)


def words_of(annotation: Any) -> Iterator[str]:
    """The words that a field may hold, if it takes only certain ones."""
    if annotation is SourceSettings:
        yield from words_of(SourceSettings.model_fields["kind"].annotation)
    elif get_origin(annotation) is Literal:
        yield from (word for word in get_args(annotation) if word)
    else:
        for part in get_args(annotation):
            yield from words_of(part)


def written(default: object) -> str:
    """A default as it stands in a table of the docs."""
    match default:
        case None | "":
            return "none" if default is None else '""'
        case bool():
            return str(default).lower()
        case tuple():
            return f"[{', '.join(map(written, default))}]"
        case _:
            return str(default)


SETTINGS = dict(leaves(Settings))


def paths_in(data: Any, path: str = "") -> Iterator[str]:
    """The paths of the settings that some YAML sets."""
    if path in SETTINGS:
        yield path
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from paths_in(value, f"{path}.{name}".lstrip("."))
    elif isinstance(data, list):
        for value in data:
            yield from paths_in(value, f"{path}[]")


def examples(page: str) -> list[Any]:
    """The pieces of app.yaml on a page."""
    return [yaml.safe_load(content) for info, content in fences(page) if info == "yaml app.yaml"]


def asked_for(tree: ast.AST) -> Iterator[str]:
    """The environment variables that a module asks for by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            callee = ast.unparse(node.func)
            if callee.endswith(("environ.get", "getenv", "secret", "_needed")):
                yield str(node.args[0].value)


def constants(tree: ast.AST) -> Iterator[str]:
    """Every text in a module that looks like an environment variable."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and VARIABLE.fullmatch(node.value):
            yield node.value


def command_lines() -> Iterator[tuple[str, str]]:
    """Every line in the docs that starts the bot: page, and the words after `python -m bot`."""
    for page in NAMES:
        blocks = [content.splitlines() for info, content in fences(page) if info == "sh"]
        for line in [*spans(page), *(line for block in blocks for line in block)]:
            if BOT in line:
                yield page, line.partition(BOT)[2]


def parsed(words: str) -> argparse.Namespace:
    """The words after `python -m bot`, read as the command line does."""
    return _parser().parse_args(shlex.split(re.split(r"[>|&]", words)[0], comments=True))


def sentences() -> Iterator[tuple[str, str]]:
    """Every sentence that the docs say to the bot: page and words. Usage lines are none."""
    usages = {one.usage for one in COMMANDS.values()}
    for page in NAMES:
        for words in spans(page):
            if words.partition(" ")[0] in COMMANDS and words not in usages and not set(words) & set("[…"):
                yield page, words
    for page, words in command_lines():
        said = getattr(parsed(words), "sentence", None)
        if said:
            yield page, " ".join(said)


def requirements(name: str) -> set[str]:
    """The packages of a requirements file."""
    return set(re.findall(r"^([a-z0-9-]+)(?:\[\w+\])?==", text_of(name), re.MULTILINE))


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """Where a link into a page may lead."""
    return {slug(each) for each in re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)}


# Settings ------------------------------------------------------------------------------------------------------------


def test_every_setting_stands_in_the_docs_and_no_other() -> None:
    """Whoever reads settings.md knows all that app.yaml can say."""
    documented = {
        name for name, cells in rows("docs/reference/settings.md").items() if len(cells) == 3 and not name.isupper()
    }

    assert documented == set(SETTINGS)


@pytest.mark.parametrize("path", sorted(SETTINGS))
def test_the_docs_say_the_default_that_the_code_has(path: str) -> None:
    """A default in a table is the one that counts."""
    field, said = SETTINGS[path], rows("docs/reference/settings.md")[path][1].strip("`")
    default = field.get_default(call_default_factory=True)
    if isinstance(default, dict) and default:
        assert said == "as below"
        assert {path: {name: list(patterns) for name, patterns in default.items()}} in examples(
            "docs/reference/settings.md"
        )
    else:
        assert said == ("required" if field.is_required() else written(default))


@pytest.mark.parametrize("path", sorted(SETTINGS))
def test_the_docs_name_every_word_that_a_setting_may_be(path: str) -> None:
    """Whoever may choose sees what there is."""
    said = " ".join(rows("docs/reference/settings.md")[path])

    assert {word for word in words_of(SETTINGS[path].annotation) if f"`{word}`" not in said} == set()


def test_every_setting_has_an_example() -> None:
    """Nobody has to guess how it is written."""
    shown = {path for example in examples("docs/reference/settings.md") for path in paths_in(example)}

    assert shown == set(SETTINGS)


@pytest.mark.parametrize("page", [name for name in NAMES if examples(name)])
def test_every_piece_of_app_yaml_in_the_docs_can_be_used(page: str) -> None:
    """What is copied from the docs loads."""
    for example in examples(page):
        Settings.model_validate(example)


def test_every_environment_variable_stands_in_the_docs_and_no_other() -> None:
    """A secret that nobody knows of cannot be set, and one that is not read is set in vain."""
    trees = [tree for _, tree in modules()]
    asked = {name for tree in trees for name in asked_for(tree) if VARIABLE.fullmatch(name)}
    written = {name for tree in trees for name in constants(tree)}
    documented = {name for name in rows("docs/reference/settings.md") if name.isupper()}

    assert asked <= documented <= written
    assert "`_FILE`" in text_of("docs/reference/settings.md")


# What one can say and type -------------------------------------------------------------------------------------------


def test_every_command_stands_in_the_docs_as_it_is_written() -> None:
    """The page of sentences is the menu."""
    assert set(rows("docs/reference/sentences.md")) == {one.usage for one in COMMANDS.values() if not one.hidden}


def test_every_subcommand_stands_in_the_docs() -> None:
    """What `python -m bot` can do is written down somewhere."""
    (commands,) = (each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction))
    everything = "\n".join(text_of(page) for page in NAMES)

    assert {name for name in commands.choices if f"{BOT}{name}" not in everything} == set()


@pytest.mark.parametrize(("page", "words"), sorted(set(command_lines())))
def test_a_command_line_in_the_docs_is_understood(page: str, words: str) -> None:
    """What is copied from the docs runs."""
    assert parsed(words).command in HELP, page


def test_a_sentence_in_the_docs_is_understood(acme: Company) -> None:
    """What is tried from the docs is answered, or refused for another reason than its words."""
    said = sorted(set(sentences()))
    answers = {(page, words): acme.say("fay", words) for page, words in said}
    unheard = {where: answer for where, answer in answers.items() if any(no in answer for no in UNHEARD)}
    missing = {where for where, answer in answers.items() if "Something is missing" in answer and " " in where[1]}

    assert len(said) > 10
    assert (unheard, missing) == ({}, set())


def test_a_make_target_in_the_docs_exists() -> None:
    """`make help` knows it."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", text_of("Makefile"), re.MULTILINE))
    code = [each for page in NAMES for each in (*spans(page), *(content for _, content in fences(page)))]
    named = {target for each in code for target in re.findall(r"\bmake ([a-z][a-z-]*)", each)}

    assert {"demo", "test"} <= named <= targets


# What there is -------------------------------------------------------------------------------------------------------


def test_what_a_page_says_a_test_holds_is_held_by_one() -> None:
    """A test that is called otherwise now, or is gone, is named by no page."""
    tests = "".join(page.read_text() for page in (ROOT / "tests").rglob("test_*.py"))
    said = re.findall(r"`(test_\w+)`", (ROOT / "docs/explanation/waiting.md").read_text())
    assert said
    assert [each for each in said if f"def {each}(" not in tests] == []


def test_every_package_says_why_it_is_there() -> None:
    """And no package is explained that is gone."""
    pinned = set.union(
        *(
            requirements(f"requirements{which}.txt")
            for which in ("", "-teams", "-mcp", "-console", "-aws", "-tracing", "-dev", "-deploy")
        )
    )

    assert set(rows("docs/reference/dependencies.md")) == pinned


def of_each_provider() -> Iterator[str]:
    """What each kind declares, as rows of the table in providers.md."""
    for kind, made in PROVIDERS.items():
        opening = Opening(kind, "http://127.0.0.1:1", "key", "KEY", "acme", "*.csv", None, lambda: datetime.now(UTC))
        provider = made.make(opening)
        can = [
            "yes" if each in provider.can else "–"
            for each in ("charges", "hours", "pause", "seats", "outcomes", "credit")
        ]
        limited = ", ".join(sorted(provider.limited)) or "–"
        yield f"| `{kind}` | [{made.page}](#{slug(made.page)}) | {limited} | {' | '.join(can)} |"
        provider.close()


def test_the_table_says_what_each_provider_can() -> None:
    """It is made from what the providers declare."""
    section = text_of("docs/reference/providers.md").partition("### What each can do\n")[2].partition("\n#")[0]
    assert [line for line in section.splitlines() if line.startswith("| `")] == list(of_each_provider())


def test_every_scope_of_the_slack_app_is_explained() -> None:
    """An administrator of Slack reads why before allowing it."""
    explained = {
        name: cells[0] for name, cells in rows("docs/how-to/slack.md").items() if ":" in name or name == "commands"
    }

    optional = (DIRECTORY_SCOPES, GROUP_SCOPES, CHANNEL_SCOPES, AGENT_SCOPES, CLAIM_SCOPES)
    assert explained == {**SCOPES, **{name: what for each in optional for name, what in each.items()}}


def test_every_table_is_explained() -> None:
    """The room of memory says what it remembers."""
    assert set(rows("storage/README.md")) == set(metadata.tables)


@pytest.mark.parametrize("page", NAMES)
def test_what_a_page_leads_to_exists(page: str) -> None:
    """Links, pictures, anchors, files and tests that are named."""
    for target in LINK.findall(FENCE.sub("", text_of(page))):
        path, _, anchor = target.partition("#")
        if not urlsplit(target).scheme:
            there = (ROOT / page).parent / path if path else ROOT / page
            assert there.exists(), target
            assert there.resolve().is_relative_to(ROOT), target
            assert not anchor or anchor in anchors(there), target
    tests = {path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    for code in spans(page):
        assert not FILE.fullmatch(code) or (ROOT / code).exists(), code
        assert not re.fullmatch(r"test_\w+", code) or any(f"def {code}(" in each for each in tests), code


def test_every_page_can_be_reached_from_the_readme() -> None:
    """A page that nobody finds is not there."""
    found, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page not in found and page.suffix == ".md":
            found.add(page)
            targets = (target.partition("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8")))
            todo += [(page.parent / target).resolve() for target in targets if target and "://" not in target]

    assert {page.relative_to(ROOT) for page in found} >= {Path(name) for name in NAMES if name.startswith("docs/")}


@pytest.mark.parametrize("page", NAMES)
def test_the_docs_name_no_machine_of_ours(page: str) -> None:
    """Addresses are examples, or of those who document what we use; no path leads to somebody's desk."""
    addresses = re.findall(r"(?:https?|postgresql)://[^\s`>)\"']+", text_of(page))
    hosts = {urlsplit(address).hostname or "" for address in addresses}

    assert {host for host in hosts if host and host not in HOSTS and not host.endswith(".example")} == set()
    assert MACHINE.findall(text_of(page)) == []
