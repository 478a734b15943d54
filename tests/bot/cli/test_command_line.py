"""The command line: one table of help, one of what is done, and nothing is loaded for the help alone."""

import os
import subprocess
import sys
from pathlib import Path

from bot.__main__ import HELP, LIGHT, PROFILES
from bot.cli.commands import COMMANDS
from bot.exports import focus
from tests.support.paths import ROOT

HEAVY = ("alembic", "bot.config", "httpx", "matplotlib", "pydantic", "slack_sdk", "sqlalchemy", "starlette")


def test_every_command_has_its_help_and_no_other_has() -> None:
    """What is listed can be done, and what can be done is listed."""
    assert sorted(HELP) == sorted([*COMMANDS, *LIGHT])


def test_the_versions_of_focus_are_those_that_can_be_written() -> None:
    """The parser names them without loading what writes them."""
    assert PROFILES == focus.PROFILES


def test_help_loads_nothing_but_itself() -> None:
    """Who only looks around does not wait for what a command needs."""
    program = (
        "import runpy, sys\n"
        "sys.argv = ['bot', '--help']\n"
        "try:\n    runpy.run_module('bot', run_name='__main__')\n"
        f"except SystemExit:\n    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert all(name in done.stdout for name in HELP)
    assert done.stderr == "[]\n"


def test_a_server_holds_only_what_it_needs() -> None:
    """What is for several workspaces, for charts and for migrations comes with them; and one country's holidays."""
    program = (
        "import sys\nfrom datetime import date\nimport bot.cli.commands, bot.run\n"
        "from handlers.policy import Policy\nfrom handlers.questions.free_days import free_days\n"
        "policy = Policy.model_validate({'organization': {'name': 'Acme', 'zone': 'Europe/Berlin'}})\n"
        "assert free_days(policy, date(2026, 12, 1), date(2027, 1, 1))\n"
        "unwanted = ('alembic', 'bot.installations', 'cryptography.fernet', 'matplotlib', 'sqlalchemy.orm')\n"
        "print([name for name in unwanted if name in sys.modules])\n"
        "print([name for name in sys.modules if name.startswith('holidays.countries.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n['holidays.countries.germany']\n"


def test_an_answer_loads_only_what_it_needs() -> None:
    """Servers, migrations and the vendors that app.yaml does not name are none of it."""
    wanted = (
        "alembic",
        "bot.installations",
        "jinja2",
        "matplotlib",
        "slack_bolt",
        "starlette",
        "uvicorn",
        "bot.run",
        "bot.cli.commands",
    )
    program = (
        "import sys\nimport bot.cli.say\n"
        f"print([name for name in {wanted} if name in sys.modules])\n"
        "print([name for name in sys.modules if name.startswith(('bot.providers.openai', 'bot.providers.litellm'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n[]\n"


def test_an_answer_of_the_command_line_speaks_with_nobody(tmp_path: Path) -> None:
    """What asks providers, reads people or draws on terminals is loaded by who does so, and then it can be."""
    unwanted = ("bot.http", "httpx", "rich", "stamina", "bot.outcomes.github", "bot.directory.hr_csv.source")
    program = (
        "import sys\nfrom bot.__main__ import main\n"
        "status = main(['say', 'help', '--as', 'ana'])\n"
        f"print([name for name in {unwanted} if name in sys.modules], file=sys.stderr)\n"
        "from bot.cli.progress import progress\n"
        "print(status, file=sys.stderr)"
    )
    settings = tmp_path / "app.yaml"
    settings.write_text("organization: {name: Acme}\npeople: [{id: ana, name: Ana Silva}]\n")
    environ = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/said.db", "BURSAR_CONFIG": str(settings)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )

    assert done.stderr.splitlines()[-2:] == ["[]", "0"]
