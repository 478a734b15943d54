"""Decisions: a sentence comes in, a card goes out.

COMMANDS is the menu: what the bot understands, on one screen. EVENTS is what the machine tells itself. A new capability
is a file and a line here.
"""

from collections.abc import Mapping

from handlers.admin import link, people_, providers, retry, status
from handlers.alerts import (
    check_drifts,
    check_spikes,
    check_thresholds,
    expected,
    guard,
    known,
    snooze,
    unexpected,
)
from handlers.arguments import One
from handlers.budgets import allot, correct, enforce, give_allotments, pool, split, transfer
from handlers.card import Button, Card, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import Event, EventType, event_type, name_of
from handlers.limits import (
    adopt,
    increase_decided,
    increase_requested,
    increase_withdrawn,
    keep_theirs,
    limit_applied,
    limit_failed,
    limits_,
    pause,
    pause_account,
    pause_applied,
    proceed,
    restore,
    restore_ours,
    resume,
    sync_account,
    sync_provider,
)
from handlers.parser import Command, command, nearest, understand
from handlers.questions import balance, forecast, models, spend, value, why
from handlers.reports import close, digest, send_notes, settings
from handlers.requests import (
    approve,
    change,
    delegate,
    deny,
    end_grants,
    escalate,
    history,
    other,
    question,
    remind,
    remind_approver,
    request,
    request_expired,
    requests_,
    return_grant,
    revoke,
    withdraw,
)
from handlers.waste import (
    detect_waste,
    dismiss,
    done,
    finding,
    keep,
    postpone,
    release,
    tell_findings,
    waste,
)


def help(_ctx: Context, about: One = "") -> Card:
    """What you can say to me, or more about one command: `help spend`."""
    if about:
        one = find(about)
        if one is None:
            raise RefusedError(f"I don't know “{about}”. {_did_you_mean(about)}")
        return Card(one.usage, (Text(one.details),))
    rows = tuple((one.usage, one.help) for one in COMMANDS.values() if not one.hidden)
    first = Text("Say one of these.")
    buttons = (Button("What is left?", "balance"), Button("Where did it go?", "spend"))
    return Card("What you can say", (first, Table("Commands", ("Say", "To see or do"), rows, "ll"), *buttons))


COMMANDS: Mapping[str, Command] = {
    one.name: one
    for one in (
        command(balance, writes=False),
        command(spend, writes=False),
        command(why, writes=False),
        command(forecast, writes=False),
        command(models, writes=False),
        command(digest, writes=False),
        command(request, writes=True),
        command(requests_, writes=False),
        command(change, writes=True),
        command(remind, writes=True),
        command(withdraw, writes=True),
        command(approve, writes=True),
        command(deny, writes=True),
        command(question, writes=True),
        command(revoke, writes=True),
        command(delegate, writes=True),
        command(history, writes=False),
        command(waste, writes=False),
        command(finding, writes=False),
        command(done, writes=True),
        command(dismiss, writes=True),
        command(postpone, writes=True),
        command(keep, writes=True),
        command(release, writes=True),
        command(value, writes=False),
        command(guard, writes=False),
        command(expected, writes=True),
        command(unexpected, writes=True),
        command(pool, writes=False),
        command(allot, writes=True),
        command(split, writes=True),
        command(transfer, writes=True),
        command(correct, writes=True),
        command(link, writes=True),
        command(people_, writes=False),
        command(enforce, writes=True),
        command(providers, writes=False),
        command(limits_, writes=False),
        command(pause, writes=True),
        command(resume, writes=True),
        command(close, writes=True, bulk=True),
        command(status, writes=False),
        command(retry, writes=True),
        command(settings, writes=True),
        command(help, writes=False),
        command(other, writes=False, hidden=True),
        command(return_grant, writes=True, hidden=True),
        command(proceed, writes=True, hidden=True),
        command(restore, writes=True, hidden=True),
        command(keep_theirs, writes=True, hidden=True),
        command(restore_ours, writes=True, hidden=True),
        command(adopt, writes=True, hidden=True),
        command(known, writes=True, hidden=True),
        command(snooze, writes=True, hidden=True),
    )
}

# What buttons of earlier releases say, in messages that still stand.
FORMER_NAMES = {"theirs": "keep-theirs", "ours": "restore-ours", "giveback": "return-grant"}

EVENTS: Mapping[str, EventType] = {
    one.name: one
    for one in (
        event_type(give_allotments, "clock", bulk=True),
        event_type(end_grants, "clock"),
        event_type(check_thresholds, "clock", bulk=True),
        event_type(check_spikes, "clock", bulk=True),
        event_type(check_drifts, "clock", bulk=True),
        event_type(detect_waste, "clock", bulk=True),
        event_type(tell_findings, "clock"),
        event_type(send_notes, "clock", bulk=True),
        event_type(remind_approver, "clock"),
        event_type(escalate, "clock"),
        event_type(request_expired, "clock"),
        event_type(sync_account, "clock", bulk=True),
        event_type(sync_provider, "clock", "sync", bulk=True),
        event_type(limit_applied, "sync"),
        event_type(limit_failed, "sync"),
        event_type(pause_account, "clock"),
        event_type(pause_applied, "sync"),
        event_type(increase_requested, "sync"),
        event_type(increase_withdrawn, "sync"),
        event_type(increase_decided, "clock"),
    )
}


def find(word: str) -> Command | None:
    """The command of that name, or None."""
    name = word.lower()
    return COMMANDS.get(FORMER_NAMES.get(name, name))


def parse_command(text: str) -> tuple[Command, str]:
    """The command that a sentence begins with, and the rest of the words. Silence asks for help.

    Raises:
        RefusedError: the first word is no command; the nearest one is named with its usage.
    """
    words = text.split(maxsplit=1)
    if not words:
        return COMMANDS["help"], ""
    one = find(words[0])
    if one is None:
        raise RefusedError(f"I don't know “{words[0][:40]}”. {_did_you_mean(words[0])}")
    return one, words[1] if len(words) > 1 else ""


def event_type_of(event: Event) -> EventType:
    """The row of the registry for an event."""
    return EVENTS[name_of(type(event))]


def answer(one: Command, rest: str, inputs: Mapping[str, str], ctx: Context) -> Card:
    """Carry out a command.

    Raises:
        RefusedError: no, and why.
    """
    card = one.handler(ctx, **understand(one, rest, inputs, ctx))
    ctx.write()
    return card


def is_order(text: str) -> bool:
    """Whether a sentence does something to something, such as `approve 42`; `request` alone only opens a form."""
    word, _, rest = text.partition(" ")
    one = find(word)
    return one is not None and one.writes and bool(rest)


def may_say(ctx: Context, text: str) -> bool:
    """Whether a sentence makes sense from the person who speaks.

    Each word of it is understood, and it asks for no figures that are not theirs to see. What an order may do is looked
    up when it is said.
    """
    try:
        one, rest = parse_command(text)
        understand(one, rest, {}, ctx)
    except RefusedError:
        return False
    return True


def _did_you_mean(word: str) -> str:
    meant = nearest(word, [name for name, one in COMMANDS.items() if not one.hidden])
    return f"Did you mean: {COMMANDS[meant].usage}" if meant else "Say “help” to see what I understand."
