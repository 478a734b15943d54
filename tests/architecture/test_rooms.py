"""The plan of the house, held by tests: doors open one way, and a few habits."""

import ast
from collections.abc import Iterator

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
    ("bot/app.py", "hear"),
    ("bot/app.py", "handle"),
    ("bot/clock.py", "guarded"),
    ("bot/delivery.py", "_deliver_one"),
    ("bot/platforms/teams/listener.py", "_unbroken"),
}
LATE_IMPORTS = {("bot/charts/png.py", "matplotlib")}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the three rooms, with its path."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "versions" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def imported(tree: ast.AST) -> Iterator[str]:
    """The names of modules that a tree imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("room", ROOMS)
def test_doors_open_one_way(room: str) -> None:
    """Bot may use handlers and storage, handlers may use storage, storage uses nothing of ours."""
    for path, tree in modules():
        if path.startswith(f"{room}/"):
            tops = {name.partition(".")[0] for name in imported(tree)}
            assert tops & set(ROOMS) <= MAY_IMPORT[room], path
            assert not tops & OUTSIDE[room], path


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
    """One for sentences, one for events, the loop of the clock, its deliveries, and a listener whose SDK has none."""
    found = set()
    for path, tree in modules():
        for function in functions(tree):
            for node in ast.walk(function):
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
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            }
            assert not calls & {"utcnow", "today", "now"}, path


def test_only_the_door_to_the_database_commits() -> None:
    """One sentence, one transaction."""
    for path, tree in modules():
        calls = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert "commit" not in calls or path == "storage/db.py", path


def test_tests_mock_nothing() -> None:
    """Fakes have names and state; `monkeypatch` only injects faults."""
    for path in (ROOT / "tests").rglob("*.py"):
        names = set(imported(ast.parse(path.read_text())))
        assert not any("mock" in name for name in names), path


def test_every_command_says_what_it_does() -> None:
    """Its docstring is its help text."""
    for path, tree in modules():
        if path.startswith("handlers/"):
            for function in tree.body:
                if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
                    assert ast.get_docstring(function), f"{path}: {function.name}"
