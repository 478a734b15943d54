"""The command line: bursar (or python -m bot) run, demo, check, say, and what else HELP lists.

What a command needs is imported when it is run, so that help comes at once.
"""

import argparse
import gc
import getpass
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from bot import __version__

DEMO_HOST = "127.0.0.1"
DEMO_PORT = 8765
HEALTH = "http://127.0.0.1:8080/healthz"
PROFILES = ("1.2", "1.4")
SHELLS = ("bash", "zsh", "tcsh")
AGENTS = ("claude-code", "codex", "gemini")
HOOK = "/opt/bursar/bursar-hook"


def t(text: str, /, **values: object) -> str:
    """A text in the language of the terminal. English needs nothing to be loaded."""
    said = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    if not said or said.startswith(("C", "POSIX", "en")):
        return text.format(**values) if values else text
    return str(import_module("bot.texts").t(text, **values))


def N_(text: str) -> str:  # noqa: N802 - as in handlers/language.py, which is not loaded for the help alone
    """A text of a table."""
    return text


HELP: Mapping[str, str] = {
    "run": N_("Start the bot: Slack, Teams, health and metrics, until it is told to stop."),
    "demo": N_("Show the demo of the sample company on a page of 127.0.0.1."),
    "check": N_(
        "Check settings, database, people, platforms and providers; “check audit” verifies the audit.\n"
        "“check --provider litellm” checks that provider only."
    ),
    "export": N_("Write CSV to standard output: the audit, or a month as showback or in the columns of FOCUS."),
    "say": N_('Give a command as somebody and see the answer; without a command, chat until "quit".'),
    "try": N_(
        "Show what a proposed app.yaml would have done to people in the last months; nothing is changed.\n"
        "Behind the file: of whom and when, such as “of team search over last 6 months”."
    ),
    "sync": N_("Read all providers, or one, now, and apply limits; --dry-run only shows what would be changed."),
    "status": N_("Show what was read, and what could not be delivered."),
    "token": N_(
        'Make, list, renew or end tokens of programs, as the command "token" does in chat.\n'
        "A new token is all that standard output gets."
    ),
    "signin": N_("Print a link by which somebody signs in to the console: it works once, within five minutes."),
    "outcomes": N_("Import a CSV of what teams got done (team, day, kind, count), for the command value."),
    "manifest": N_(
        "Print Slack's app manifest, write the app package for Teams, or print settings of a coding agent.\n"
        "Those of Claude Code, Codex or Gemini CLI let it send telemetry; a token in BURSAR_TOKEN is put in.\n"
        "“manifest hooks claude-code” prints those that let it ask before it spends."
    ),
    "completion": N_(
        "Print what a shell needs to complete commands.\nFor bash: bursar completion bash > "
        "~/.local/share/bash-completion/completions/bursar"
    ),
    "backup": N_(
        "Write the database into a file while Bursar runs, and restore it for a trial to see that it is whole."
    ),
    "restore": N_("Put a backup in the place of the database. Stop Bursar first."),
    "move": N_("Copy all of the database into an empty PostgreSQL, and compare. Stop Bursar first."),
    "health": N_("Ask the Bursar that runs on this machine whether it lives, for containers."),
}
"""What each command is for; the first line stands in the list of all."""

LIGHT: Mapping[str, str] = {"health": "bot.cli.health", "say": "bot.cli.say", "status": "bot.cli.say"}
"""Commands that load little or nothing of Bursar, with where they are done: a container asks every few seconds."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_called(), description=t("Bursar: what people and agents spend on AI, governed in chat.")
    )
    parser.add_argument("--version", action="version", version=f"bursar {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    def add(name: str) -> argparse.ArgumentParser:
        said = t(HELP[name])
        return commands.add_parser(name, help=said.partition("\n")[0], description=said)

    def as_json(one: argparse.ArgumentParser) -> None:
        one.add_argument("--json", action="store_true", help=t("print JSON, for programs"))

    one = add("run")
    one.add_argument("--host", default="", help=t("where to listen, instead of server.host in app.yaml"))
    one = add("health")
    one.add_argument("--url", default=HEALTH, help=t("default {url}", url=HEALTH))
    one = add("demo")
    one.add_argument("--port", type=int, default=DEMO_PORT, help=t("default {port}", port=DEMO_PORT))
    one.add_argument(
        "--host", default=DEMO_HOST, help=t("default {host}; anybody who reaches it can be anyone", host=DEMO_HOST)
    )
    one.add_argument("--reset", action="store_true", help=t("delete the data of the demo first"))
    one = add("check")
    one.add_argument("what", nargs="?", choices=["audit"], help=t("only this"))
    one.add_argument("--provider", default="", metavar="NAME", help=t("only this provider"))
    one.add_argument("--person", default="", metavar="PERSON", help=t("which budgets count for somebody, and why"))
    as_json(one)
    one = add("export")
    one.add_argument("what", choices=["audit", "focus", "commitments", "showback"])
    one.add_argument("month", nargs="?", type=_month, help=t("such as 2026-10; default the last one"))
    one.add_argument("--profile", choices=PROFILES, default=PROFILES[0], help=t("the version of FOCUS"))
    one = add("say")
    one.add_argument("sentence", nargs="*", help=t('such as "balance"'))
    one.add_argument(
        "--as", dest="person", default=getpass.getuser(), metavar="PERSON", help=t("who speaks, such as ana")
    )
    as_json(one)
    _trying(add)
    one = add("sync")
    one.add_argument("provider", nargs="?", help=t("its name in app.yaml; default all"))
    one.add_argument("--dry-run", action="store_true", help=t("change no limit; show the plan"))
    as_json(add("status"))
    one = add("token")
    one.add_argument("words", nargs="*", help=t('such as "new telemetry 30 days"'))
    one.add_argument(
        "--as",
        dest="person",
        default=getpass.getuser(),
        metavar="PERSON",
        help=t("who speaks, such as ana; clock for the organization"),
    )
    one = add("signin")
    one.add_argument("--as", dest="person", default=getpass.getuser(), metavar="PERSON", help=t("who, such as ana"))
    one = add("outcomes")
    one.add_argument("file", type=Path, help=t("a CSV with the columns team, day, kind and count"))
    one = add("manifest")
    one.add_argument("platform", choices=["slack", "teams", *AGENTS, "hooks"])
    one.add_argument("program", nargs="?", choices=AGENTS, help=t("after hooks: whose hooks"))
    one.add_argument(
        "--url",
        default=None,
        help=t("public https address of the bot: for Teams, for Slack over HTTP, and for coding agents"),
    )
    one.add_argument("--script", default=HOOK, help=t("for hooks: where bursar-hook lies; default {path}", path=HOOK))
    one.add_argument(
        "--version", default="1.0.0", help=t("for Teams: higher than that of the package that is there now")
    )
    one = add("completion")
    one.add_argument("shell", choices=SHELLS)
    one.set_defaults(parser=parser)
    _keeping(add)
    return parser


def _trying(add: Callable[[str], argparse.ArgumentParser]) -> None:
    one = add("try")
    one.add_argument("file", type=Path, help=t("the proposed app.yaml"))
    one.add_argument("words", nargs="*", help=t('such as "over last 6 months"'))
    one.add_argument("--csv", action="store_true", help=t("only who would have reached a limit, as CSV"))
    one.add_argument("--json", action="store_true", help=t("print JSON, for programs"))


def _keeping(add: Callable[[str], argparse.ArgumentParser]) -> None:
    one = add("backup")
    one.add_argument(
        "file", type=Path, help=t("such as bursar.backup; what it holds is written into FILE.json beside it")
    )
    one.add_argument("--no-trial", action="store_true", help=t("do not restore it for a trial"))
    one = add("restore")
    one.add_argument("file", type=Path, help=t("what “backup” wrote"))
    one.add_argument("--replace", action="store_true", help=t("delete what is in the database now"))
    one = add("move")
    one.add_argument(
        "--to", required=True, metavar="URL", help=t("such as postgresql://user@host/name; it must be empty")
    )


def _called() -> str:
    """How the program was called: by its own name where it is installed."""
    name = Path(sys.argv[0]).name
    return name if name == "bursar" else "python -m bot"


def _month(words: str) -> Any:
    """A month.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        return import_module("bot.exports.files").of_month(words)
    except ValueError:
        raise argparse.ArgumentTypeError(t("“{word}” is not a month: write one such as 2026-10", word=words)) from None


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; see bot/cli/commands.py."""
    args = _parser().parse_args(argv)
    return int(_loaded(LIGHT.get(args.command, "bot.cli.commands")).main(args))


def _loaded(module: str) -> Any:
    """A module with all that it needs. None of that is garbage, so looking for some would take a third of the time."""
    gc.disable()
    with _left_out("rich"):
        found = import_module(module)
    gc.freeze()
    gc.enable()
    return found


@contextmanager
def _left_out(package: str) -> Iterator[None]:
    """Load what makes use of a package if it is installed, as if it were not: it can be loaded afterwards.

    structlog and httpx load rich, and what colours code, for tracebacks and a command line that nobody sees here: a
    fifteenth of the time and 5 MB. See docs.python.org, The import system, The module cache.
    """
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]


if __name__ == "__main__":
    sys.exit(main())
