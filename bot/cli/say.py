"""`say` and `status`: an answer on the command line, from what is known. They load only what an answer needs.

The people sources are not read: whoever runs the bot has read them within the hour.
"""

import argparse
from collections.abc import Callable, Mapping
from importlib import import_module

from bot import logging
from bot.cli.opened import opened, plainly
from bot.platforms import terminal
from bot.texts import t
from handlers.card import CARD, Card
from handlers.place import Place
from handlers.sentence import Sentence
from storage import pulls


def say(args: argparse.Namespace) -> int:
    logging.quiet()
    app = opened(or_sample=True, refreshed=False)
    if app.settings.is_sample and not app.database.ask(pulls.pulled):
        import_module("bot.cli.sample_company").prepare(app)
    person = args.person.removeprefix("@")

    def hear(text: str) -> Card:
        return app.hear(Sentence(text, person, Place("terminal", person)))

    if args.sentence:
        card = hear(" ".join(args.sentence))
        print(CARD.dump_json(card, indent=2).decode() if args.json else terminal.render(card))
        return 1 if card.tone == "bad" else 0
    name = {one.id: one.name for one in app.everybody()}.get(person, person)
    print(t("You are {name}. Say “help” to see what I understand, “quit” to end.", name=name), end="\n\n")
    terminal.converse(hear, iter(lambda: _prompt(person), ""), lambda text: print(f"{text}\n"))
    return 0


def status(args: argparse.Namespace) -> int:
    args.sentence, args.person = ["status"], "clock"
    return say(args)


def _prompt(person: str) -> str:
    """A line, or "" at the end of the input."""
    try:
        return input(f"{person}> ") or "help"
    except (EOFError, KeyboardInterrupt):
        return ""


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {"say": say, "status": status}


def main(args: argparse.Namespace) -> int:
    """Run the command that `args.command` names."""
    return plainly(COMMANDS[args.command], args)
