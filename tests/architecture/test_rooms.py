"""The plan of the house, held by tests: doors open one way, and a few habits."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType

import pytest

from tests.support.paths import ROOT

ROOMS = ("bot", "handlers", "storage")
MAY_IMPORT = {"bot": {"bot", "handlers", "storage"}, "handlers": {"handlers", "storage"}, "storage": {"storage"}}
OUTSIDE = {
    "bot": set(),
    "handlers": {"httpx", "slack_bolt", "slack_sdk", "apscheduler", "matplotlib", "starlette", "uvicorn", "time"},
    "storage": {"httpx", "slack_bolt", "slack_sdk", "apscheduler", "matplotlib", "starlette", "uvicorn", "pydantic"},
}
BOUNDARIES = {
    ("bot/app.py", "answers"),
    ("bot/app.py", "ask_linked"),
    ("bot/app.py", "call"),
    ("bot/app.py", "hear"),
    ("bot/app.py", "handle"),
    ("bot/clock.py", "guarded"),
    ("bot/delivery.py", "_deliver_one"),
    ("bot/platforms/slack/listener.py", "_asked"),
    ("bot/platforms/teams/listener.py", "_unbroken"),
    ("bot/telemetry/intake.py", "_run"),
}
WIRING = "bot.app bot.build bot.cli bot.delivery bot.run bot.schedule"
NOT_OF_THE_CONSOLE = "bot.api bot.build bot.cli bot.delivery bot.directory bot.mcp bot.run bot.schedule"
NEVERS = (
    # folder, what it never imports, and the one thing of that which one folder in it may
    ("bot/platforms", f"{WIRING} bot.directory bot.providers bot.sync storage", ""),
    ("bot/platforms/slack", "bot.platforms.teams bot.platforms.web", ""),
    ("bot/platforms/teams", "bot.platforms.slack bot.platforms.web", ""),
    ("bot/platforms/web", "bot.platforms.slack bot.platforms.teams", ""),
    ("bot/providers", f"{WIRING} bot.directory bot.platforms bot.sync", ""),
    ("bot/directory", f"{WIRING} bot.platforms bot.sync", "bot/directory/slack: bot.platforms.slack.client"),
    ("bot/api", "bot.platforms bot.directory bot.providers bot.sync bot.mcp bot.telemetry", ""),
    ("bot/mcp", "bot.platforms bot.directory bot.providers bot.sync bot.telemetry", ""),
    (
        "bot/console",
        f"{NOT_OF_THE_CONSOLE} bot.platforms.slack bot.platforms.teams bot.providers bot.sync bot.telemetry",
        "",
    ),
    ("bot/sync", f"{WIRING} bot.directory bot.platforms", ""),
    ("bot/outcomes", f"{WIRING} bot.directory bot.platforms bot.sync", ""),
    ("bot/telemetry", "bot.build bot.cli bot.delivery bot.directory bot.platforms bot.providers bot.run bot.sync", ""),
)
"""What would let one edge know another. Each has its own folder, so that it can be read, changed and left out alone."""
LATE_IMPORTS = {
    ("bot/charts/png.py", "matplotlib"),
    ("bot/charts/fonts.py", "matplotlib"),
    ("handlers/pricing/list_prices.py", "genai_prices"),
    ("handlers/questions/free_days.py", "holidays"),
}


@cache
def modules() -> list[tuple[str, ast.Module]]:
    """Every module of the three rooms, with its path."""
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "versions" not in path.parts]
    return [(str(path.relative_to(ROOT)), ast.parse(path.read_text())) for path in paths]


@cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """All that is in a tree, walked once for all tests."""
    return tuple(ast.walk(tree))


@pytest.fixture(autouse=True, scope="module")
def _forgotten() -> Iterator[None]:
    """So many objects are not kept for all the tests that follow."""
    yield
    modules.cache_clear()
    nodes.cache_clear()


def imported(tree: ast.AST) -> Iterator[str]:
    """The names of modules that a tree imports; of what is taken out of a module, both names."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method."""
    return (node for node in nodes(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("room", ROOMS)
def test_doors_open_one_way(room: str) -> None:
    """Bot may use handlers and storage, handlers may use storage, storage uses nothing of ours."""
    for path, tree in modules():
        if path.startswith(f"{room}/"):
            tops = {name.partition(".")[0] for name in imported(tree)}
            assert tops & set(ROOMS) <= MAY_IMPORT[room], path
            assert not tops & OUTSIDE[room], path


@pytest.mark.parametrize(("folder", "never", "but_for"), NEVERS, ids=[folder for folder, _, _ in NEVERS])
def test_edges_do_not_know_each_other(folder: str, never: str, but_for: str) -> None:
    """A folder imports nothing of what its row names, but for the one exception that stands there."""
    free_folder, _, free = but_for.partition(": ")
    found = {
        (path, name)
        for path, tree in modules()
        if path.startswith(f"{folder}/")
        for name in imported(tree)
        if any(_is_below(name, each) for each in never.split())
        and not (free and path.startswith(f"{free_folder}/") and _is_below(name, free))
    }
    assert found == set()


CAPABILITIES = {path.parent.name for path in (ROOT / "handlers").glob("*/__init__.py")}
GROUND_FLOOR = {"policy"}
MENU = "handlers/__init__.py"


def test_the_vocabulary_of_handlers_knows_no_capability() -> None:
    """What stands at the top of handlers/ is used by all of them; only the menu names them, and all stand on policy."""
    found = {
        (path, name)
        for path, tree in modules()
        if path.startswith("handlers/") and path.count("/") == 1 and path != MENU
        for name in imported(tree)
        if any(_is_below(name, f"handlers.{each}") for each in CAPABILITIES - GROUND_FLOOR)
    }
    assert found == set()


def test_a_capability_is_entered_by_its_front_door() -> None:
    """Another folder of handlers takes what it needs from `handlers.budgets`, never from a module in there."""
    found = {
        (path, name)
        for path, tree in modules()
        if path.startswith("handlers/") and path.count("/") > 1
        for name in behind_the_door(tree)
        if not _is_below(name, f"handlers.{path.split('/')[1]}")
    }
    assert found == set()


def behind_the_door(tree: ast.AST) -> Iterator[str]:
    """The modules in folders of capabilities that a tree imports, or imports from."""
    fronts = {f"handlers.{each}" for each in CAPABILITIES}
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.rpartition(".")[0] in fronts)
        elif isinstance(node, ast.ImportFrom) and node.module in fronts:
            front = import_module(node.module)
            whole = (alias.name for alias in node.names if isinstance(getattr(front, alias.name), ModuleType))
            yield from (f"{node.module}.{name}" for name in whole)
        elif isinstance(node, ast.ImportFrom) and any(_is_below(node.module or "", each) for each in fronts):
            yield str(node.module)


def _is_below(name: str, module: str) -> bool:
    return f"{name}.".startswith(f"{module}.")


def test_only_one_module_imports_httpx() -> None:
    """The network has one seam, so that the client library can be changed in one line."""
    assert [path for path, tree in modules() if "httpx" in set(imported(tree))] == ["bot/http.py"]


def test_nothing_is_imported_inside_a_function_but_matplotlib_in_one() -> None:
    """What a module needs stands at its top; matplotlib is 0.5 s and 40 MB that a balance does not need."""
    late = {
        (path, name.partition(".")[0])
        for path, tree in modules()
        for function in functions(tree)
        for name in imported(function)
    }
    assert late == LATE_IMPORTS


def test_everything_is_caught_in_the_boundaries_only() -> None:
    """One for sentences, one for events, the loops of the clock, its deliveries and telemetry, and a listener's."""
    found = set()
    for path, tree in modules():
        for function in functions(tree):
            for node in nodes(function):
                if isinstance(node, ast.ExceptHandler) and _names(node.type) & {"Exception", "BaseException", ""}:
                    found.add((path, function.name))
    assert found == BOUNDARIES


def _names(node: ast.expr | None) -> set[str]:
    if node is None:
        return {""}
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def test_decisions_read_no_clock() -> None:
    """A handler is told the moment; it never asks for it."""
    for path, tree in modules():
        if not path.startswith("bot/"):
            calls = {
                node.func.attr
                for node in nodes(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            }
            assert not calls & {"utcnow", "today", "now"}, path


def test_only_the_door_to_the_database_commits() -> None:
    """One sentence, one transaction."""
    for path, tree in modules():
        calls = {node.attr for node in nodes(tree) if isinstance(node, ast.Attribute)}
        assert "commit" not in calls or path == "storage/db.py", path


def test_tests_mock_nothing() -> None:
    """Fakes have names and state; `monkeypatch` only injects faults."""
    for path in (ROOT / "tests").rglob("*.py"):
        text = path.read_text()
        names = set(imported(ast.parse(text))) if "mock" in text else set()
        assert not any("mock" in name for name in names), path


def test_every_command_says_what_it_does() -> None:
    """Its docstring is its help text."""
    for path, tree in modules():
        if path.startswith("handlers/"):
            for function in tree.body:
                if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
                    assert ast.get_docstring(function), f"{path}: {function.name}"


def test_the_audit_is_written_and_never_read_as_state() -> None:
    """It is shown (`history`) and exported (`bursar export audit`); nothing is decided by it."""
    readers = {
        path
        for path, tree in modules()
        for node in nodes(tree)
        if isinstance(node, ast.Attribute) and node.attr == "rows"
        if isinstance(node.value, ast.Name) and node.value.id == "audit"
    }
    tables = {path for path, tree in modules() for name in imported(tree) if name == "storage.tables.audit"}
    assert readers == {"bot/cli/commands.py", "handlers/requests/decide.py"}
    assert tables == {"storage/audit.py"}


def test_what_is_decided_and_shown_of_a_request_reads_nothing() -> None:
    """Who decides and what everybody sees are functions of the case that was read."""
    for path, tree in modules():
        if path in ("handlers/requests/approvers.py", "handlers/requests/messages.py"):
            names = {node.attr for node in nodes(tree) if isinstance(node, ast.Attribute)}
            assert "conn" not in names, path
