"""What docs/explanation/architecture.md says about adding something is done here, in a copy of the tree, and works."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FAILED = re.compile(r"^FAILED (\S+)", re.MULTILINE)
PARTS = ("bot", "handlers", "storage", "tests", "docs", "pyproject.toml", "app.yaml")

DETECTOR = '''"""Every account, for the walk."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.waste.usage import Peers, Usage
from storage.findings import Found, Said


def spends_at_all(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Whoever spends anything."""
    yield Found(one.account_id, "", Said(N_("It spends")), (), Said(N_("Spend nothing.")), 10**12, None, "low")
'''
COMMAND = '''"""A greeting, for the walk."""

from handlers.card import Card
from handlers.context import Context


def greet(ctx: Context) -> Card:
    """Say hello: `greet`."""
    return Card(f"Hello {ctx.person.name}")
'''
EVENT = '''

@dataclass(frozen=True, slots=True)
class SayHello(Event):
    """Somebody is to be greeted."""

    person_id: str
'''
EVENT_HANDLER = '''"""A greeting by itself, for the walk."""

from handlers.card import Card
from handlers.context import Context
from handlers.events import SayHello


def say_hello(ctx: Context, event: SayHello) -> None:
    """Greet somebody in private."""
    ctx.tell(event.person_id, f"hello/{event.person_id}", Card("Hello"))
'''
PROVIDER = '''"""A toy, for the walk."""

from bot.providers.base import Provider


class Toy(Provider):
    """Reports nothing."""
'''
ROOMS = "tests/architecture/test_rooms.py"
HEARD = """
from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company
database = Database("sqlite:///toy.db")
database.migrate()
acme = Company(database, Clock())
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what is built from, with what is compiled of it: only what a walk changes is compiled anew."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("images"))
        else:
            shutil.copy(source, tmp_path / part)
    return tmp_path


def put(path: Path, mark: str, more: str) -> None:
    """A line into a table, before the first line that begins with a mark."""
    text = path.read_text(encoding="utf-8")
    assert mark in text, f"{path.name} has no {mark!r}"
    path.write_text(text.replace(mark, f"{more}{mark}", 1), encoding="utf-8")


def runs(tree: Path, program: str) -> str:
    """What a program in the copy prints."""
    done = subprocess.run([sys.executable, "-c", program], cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def failing(tree: Path, *tests: str) -> set[str]:
    """Which of some tests fail in the copy."""
    words = [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)
    found = set(FAILED.findall(done.stdout))
    assert done.returncode == int(bool(found)), done.stdout + done.stderr
    return found


def test_a_detector_is_a_file_and_a_line(tree: Path) -> None:
    """And a row in the docs, without which a test fails."""
    (tree / "handlers/waste/spends_at_all.py").write_text(DETECTOR)
    table = tree / "handlers/waste/detectors.py"
    put(table, "from handlers.waste.small_jobs", "from handlers.waste.spends_at_all import spends_at_all\n")
    put(table, '        Detector(N_("Unused share")', '        Detector(N_("Spends"), spends_at_all, saves="day"),\n')
    found = runs(
        tree,
        HEARD
        + "from handlers.events import DetectWaste\nacme.clock.forward(__import__('datetime').timedelta(days=2))\n"
        "acme.pull(); acme.happens(DetectWaste()); print(acme.say('ana', 'waste'))",
    )
    assert " Spends" in found
    rows = "tests/architecture/test_tables.py::test_every_detector_is_explained"
    assert failing(tree, rows, ROOMS) == {rows}
    put(tree / "docs/explanation/waste.md", "| unused share", "| spends | everybody | nothing |\n")
    assert not failing(tree, rows)


def test_a_command_is_a_file_and_a_line(tree: Path) -> None:
    """Its docstring is its help, and its line in the docs is asked for."""
    (tree / "handlers/admin/greet.py").write_text(COMMAND)
    put(
        tree / "handlers/admin/__init__.py",
        "from handlers.admin.identities",
        "from handlers.admin.greet import greet\n",
    )
    put(tree / "handlers/admin/__init__.py", '    "link"', '    "greet",\n')
    put(tree / "handlers/__init__.py", "from handlers.alerts import", "from handlers.admin import greet\n")
    put(tree / "handlers/__init__.py", "        command(help,", "        command(greet, writes=False),\n")
    said = runs(tree, HEARD + "print(acme.say('ana', 'greet'), acme.say('ana', 'help greet'))")
    assert "Hello Ana Silva" in said
    assert "Say hello" in said
    docs = "tests/architecture/test_docs.py::test_every_command_stands_in_the_docs_as_it_is_written"
    assert failing(tree, docs) == {docs}


def test_an_event_is_a_class_a_handler_and_a_line(tree: Path) -> None:
    """It goes through the outbox as data."""
    events = tree / "handlers/events.py"
    put(events, "\n\n# The registry's rows", EVENT)
    (tree / "handlers/admin/greet.py").write_text(EVENT_HANDLER)
    put(
        tree / "handlers/admin/__init__.py",
        "from handlers.admin.identities",
        "from handlers.admin.greet import say_hello\n",
    )
    put(tree / "handlers/__init__.py", "from handlers.alerts import", "from handlers.admin import say_hello\n")
    put(
        tree / "handlers/__init__.py", "        event_type(give_allotments", '        event_type(say_hello, "clock"),\n'
    )
    said = runs(
        tree,
        HEARD + "from handlers.context import CLOCK, NOWHERE, Context\nfrom handlers.events import SayHello\n"
        "def work(conn):\n"
        "    ctx = Context(conn, acme.clock(), CLOCK, NOWHERE, acme.app.policy)\n"
        "    ctx.emit('ana', SayHello('ana'))\n"
        "    ctx.write()\n"
        "database.transact(work)\nprint(acme.reads('ana'))",
    )
    assert "Hello" in said
    assert not failing(tree, ROOMS)


def test_a_provider_is_a_file_and_a_line(tree: Path) -> None:
    """Without a contract case and a section of the docs, tests fail."""
    (tree / "bot/providers/toy.py").write_text(PROVIDER)
    table = tree / "bot/providers/registry.py"
    put(table, "\n\n@dataclass(frozen=True, slots=True)\nclass Opening", "from bot.providers.toy import Toy\n")
    put(table, '    "openai": ProviderKind(', '    "toy": ProviderKind("Toy", "Toy", lambda its: Toy(its.name)),\n')
    kinds = (
        "from bot.config import Settings\n"
        "Settings.model_validate({'directory': ['sample'], 'providers': [{'kind': 'toy', 'name': 't'}]})\n"
        "print('fine')"
    )
    assert runs(tree, kinds) == "fine"
    rows = "tests/architecture/test_tables.py"
    case, section = (
        f"{rows}::test_every_provider_keeps_the_contract",
        f"{rows}::test_every_provider_has_its_section_and_no_other_has",
    )
    assert failing(tree, case, section) == {case, section}
    put(tree / "docs/reference/providers.md", "## LiteLLM", "## Toy\n\n`kind: toy`\n\n")
    assert failing(tree, case, section) == {case}
