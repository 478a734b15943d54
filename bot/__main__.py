"""The command line: python -m bot run | demo | check | say | sync | status | export | outcomes | manifest.

What a command needs is imported when it is run, so that help comes at once.
"""

import argparse
import getpass
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

DEMO_PORT = 8765
PROFILES = ("1.2", "1.4")

HELP: Mapping[str, str] = {
    "run": "Serve Slack and Teams, health and metrics until told to stop.",
    "demo": "Serve the try-it page of the sample company on 127.0.0.1.",
    "check": "Go through settings, database, platforms and providers, line by line; `check audit` verifies the audit.\n"
    "`check --provider litellm` looks at that provider only.",
    "export": "Write CSV to standard output: the audit, or a month as showback or in the columns of FOCUS.",
    "say": 'Say a sentence as somebody and see the answer; without a sentence, talk until "quit".',
    "sync": "Read all providers, or one, now, and make their limits equal; --dry-run shows what would be changed.",
    "status": "How the bot is doing: what was read, and what could not be delivered.",
    "outcomes": "Take in a CSV of what teams got done (team, day, kind, count), for what one says with value.",
    "manifest": "Print Slack's app manifest, to paste where a new app is made, or write the app package of Teams.",
}
"""What each command is for; the first line stands in the list of all."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Bursar: what people and agents spend on AI, governed in chat."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    def add(name: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=HELP[name].partition("\n")[0], description=HELP[name])

    add("run")
    one = add("demo")
    one.add_argument("--port", type=int, default=DEMO_PORT, help=f"default {DEMO_PORT}")
    one.add_argument("--reset", action="store_true", help="start afresh")
    one = add("check")
    one.add_argument("what", nargs="?", choices=["audit"], help="only this")
    one.add_argument("--provider", default="", metavar="NAME", help="only this provider")
    one.add_argument("--person", default="", metavar="PERSON", help="which budgets count for somebody, and why")
    one = add("export")
    one.add_argument("what", choices=["audit", "focus", "showback"])
    one.add_argument("month", nargs="?", type=_month, help="such as 2026-10; default the last one")
    one.add_argument("--profile", choices=PROFILES, default=PROFILES[0], help="the version of FOCUS")
    one = add("say")
    one.add_argument("sentence", nargs="*", help='such as "balance"')
    one.add_argument("--as", dest="person", default=getpass.getuser(), metavar="PERSON", help="who speaks, such as ana")
    one = add("sync")
    one.add_argument("provider", nargs="?", help="its name in app.yaml; default all")
    one.add_argument("--dry-run", action="store_true", help="change no limit; show the plan")
    add("status")
    one = add("outcomes")
    one.add_argument("file", type=Path, help="a CSV with the columns team, day, kind and count")
    one = add("manifest")
    one.add_argument("platform", choices=["slack", "teams"])
    one.add_argument("--url", default=None, help="public https address of the bot: for Teams, and for Slack over HTTP")
    one.add_argument("--version", default="1.0.0", help="for Teams: higher than that of the package that is there now")
    return parser


def _month(words: str) -> Any:
    """A month; ValueError for what is none."""
    return import_module("bot.exports.files").of_month(words)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; see bot/cli/commands.py."""
    args = _parser().parse_args(argv)
    return int(import_module("bot.cli.commands").main(args))


if __name__ == "__main__":
    sys.exit(main())
