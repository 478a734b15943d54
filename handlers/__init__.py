"""Decisions: a sentence comes in, a card goes out.

COMMANDS is the menu: what the bot understands, on one screen. EVENTS is what the machine tells itself, CALLS what
programs ask. A new capability is a file and a line here.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache

from handlers.access import TooFewError, as_viewer, is_viewer, sees_all
from handlers.admin import (
    audit,
    check_sources,
    check_tokens,
    erase,
    forget_months,
    forget_old,
    go_live,
    link,
    old_token_used,
    people_,
    providers,
    report_set_aside,
    retry,
    service_refused,
    status,
    token,
    token_ends,
)
from handlers.alerts import (
    check_credit,
    check_drifts,
    check_spikes,
    check_thresholds,
    expected,
    guard,
    known,
    overspent,
    snooze,
    unexpected,
)
from handlers.arguments import One, Rest
from handlers.budgets import allot, correct, enforce, give_allotments, pool, split, transfer
from handlers.card import Button, Card, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import Event, EventType, event_type, name_of
from handlers.home import home, refresh_homes
from handlers.language import N_
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
    pause_failed,
    proceed,
    restore,
    restore_ours,
    resume,
    sync_account,
    sync_provider,
)
from handlers.on_pages import with_page
from handlers.parser import Audience, Command, command, heard, nearest_few, nearest_in_chinese, understand
from handlers.planning import (
    check_contracts,
    check_shadows,
    contracts,
    demote,
    lab,
    promote,
    propose,
    renewal,
    report_contract,
    report_shadow,
    suggest,
    try_,
)
from handlers.pricing import check_prices, price, reprice_charges, reprice_day
from handlers.programs import (
    Call,
    CallType,
    ask_for_more,
    budget_status,
    call_type,
    check,
    estimate_cost,
    extend,
    line,
    report_done,
    reserve,
    see_request,
    see_requests,
    see_reservation,
    settle,
)
from handlers.programs import release as release_reservation
from handlers.questions import balance, budgets_, forecast, models, outcomes_, spend, value, why
from handlers.reports import channel_closed, close, digest, month, send_notes, settings
from handlers.requests import (
    approve,
    approve_anew,
    approved_apart,
    ask_next_in_line,
    change,
    check_jobs,
    check_requests,
    claim,
    claims_,
    continue_,
    delegate,
    deny,
    dont_send,
    end_exception,
    end_grants,
    escalate,
    exceptions,
    follow_request,
    history,
    message_given_up,
    other,
    paid,
    payroll,
    permanent,
    proposal_expired,
    question,
    raise_,
    receipt_,
    receipts_,
    remind,
    remind_approver,
    request,
    request_expired,
    request_of,
    requests_,
    return_grant,
    revoke,
    send,
    who,
    withdraw,
)
from handlers.sentence import storable
from handlers.synonyms import CHINESE_LETTER, TONGUES
from handlers.telemetry import reconcile
from handlers.waste import (
    comment,
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
from storage import people, requests

OFFERS_MAX = 3
OFTEN_SAID_MAX = 24
"""Letters of what is said often; longer words are somebody's own."""
WORDS_TRIED_MAX = 4
MEANS_LITTLE = frozenset(
    (
        *("a", "an", "any", "are", "can", "did", "do", "does", "how", "i", "is", "it", "many", "me", "much", "my"),
        *("of", "our", "show", "the", "we", "what", "when", "which"),
    )
)
EXAMPLES = re.compile(r"\s*[:：]\s*“[^”]+”(?:(?:, | or |、|或 ?| 或 ?)“[^”]+”)*(?=[.。])")
ASK, REQUEST, DECIDE, TEAM, WASTE, ADMIN = N_("Ask"), N_("Request"), N_("Decide"), N_("Team"), N_("Waste"), N_("Admin")
CLAIMS = ("claim", "claims", "receipt", "receipts", "payroll", "paid")
"""Commands that are of use only where app.yaml says what can be claimed."""
GROUPS = (ASK, REQUEST, DECIDE, TEAM, WASTE, ADMIN)


def help(ctx: Context, about: One = "") -> Card:
    """What you can say, or more about one command: “help spend”."""
    if about and about.lower() not in ("me", "please"):
        return _help_about(ctx, about)
    shown = _of_use_to(ctx)
    tables = []
    for group in GROUPS:
        rows = tuple((ctx.t(one.example), _first_of(ctx, one)) for one in shown if one.group == group)
        if rows:
            tables.append(Table(ctx.t(group), (ctx.t("Say"), ctx.t("What it does")), rows, "ll"))
    buttons = (Button(ctx.t("What is left?"), "balance"), Button(ctx.t("Where did it go?"), "spend"))
    more = Text(ctx.t("More about one of them: {example}", example=ctx.t("help request")), quiet=True)
    return Card(ctx.t("What you can say"), (*tables, more, *buttons))


def _help_about(ctx: Context, about: str) -> Card:
    """Everything about one command, with all that may follow it."""
    one = find(about)
    if one is None or one.hidden:
        raise RefusedError(
            "I don't know “{word}”. Say “help” to see what I understand.", offers=("help",), word=about[:40]
        )
    example = () if one.example == one.name else (Text(ctx.t("Such as: {example}", example=ctx.t(one.example))),)
    return Card(one.usage, (*(Text(ctx.t(each)) for each in one.texts), *example))


def _first_of(ctx: Context, one: Command) -> str:
    """What a command is for, without its examples: the list has one."""
    return EXAMPLES.sub("", ctx.t(one.texts[0]))


def unknown(ctx: Context, words: Rest = "") -> Card:
    """What no command begins is answered with what was probably meant: only questions, and only what is of use."""
    shown = _of_use_to(ctx)
    said = words.split()
    # "my balence": the first word that is much like a command.
    place = next(
        (
            n
            for n, each in enumerate(said[:WORDS_TRIED_MAX])
            if each.lower() not in MEANS_LITTLE and _meant(each, shown)
        ),
        0,
    )
    first, rest = said[place] if said else "", " ".join(said[place + 1 :])
    likely = _meant(first, shown)
    word = (words if first.lower() in likely else first)[:40]
    meant = [each for each in likely if not COMMANDS[each].writes and not COMMANDS[likely[0]].writes]
    offers = tuple(each if not rest or not may_say(ctx, f"{each} {rest}") else f"{each} {rest}" for each in meant)
    if len(offers) == 1:
        raise RefusedError("I don't know “{word}”. Did you mean “{meant}”?", offers=offers, word=word, meant=offers[0])
    if offers:
        raise RefusedError("I don't know “{word}”. Did you mean one of these?", offers=offers, word=word)
    if likely:
        raise RefusedError(
            "I don't know “{word}”. If you mean “{meant}”: “help {meant}” shows how to say it.",
            offers=tuple(f"help {each}" for each in likely[:1]),
            word=word,
            meant=likely[0],
        )
    raise RefusedError("I don't know “{word}”. Say “help” to see what I understand.", offers=("help",), word=word)


def _meant(word: str, of_these: Collection[Command]) -> list[str]:
    """The names of the commands that a misspelt word probably means."""
    names = {one.name: one.name for one in of_these}
    for tongue in TONGUES:
        names |= {each: name for each, name in tongue.commands.items() if name in names and " " not in each}
    near = nearest_in_chinese(word, names) if CHINESE_LETTER.match(word) else nearest_few(word, names)
    return list(dict.fromkeys(names[each] for each in near))[:OFFERS_MAX]


def _of_use_to(ctx: Context) -> list[Command]:
    """The commands that somebody may say, and that are not for those who decide, own or administer only."""
    shown: set[Audience] = {"all"}
    if sees_all(ctx):
        shown |= {"decider", "owner", "admin"}
    elif any(each.kind in ("team", "agent") for each in people.owned(ctx.conn, ctx.person.id)):
        shown |= {"decider", "owner"}
    elif requests.open_for(ctx.conn, ctx.person.id) or people.manages(ctx.conn, ctx.person.id):
        shown |= {"decider"}
    unset = () if ctx.policy.claims.categories else CLAIMS
    return [one for one in COMMANDS.values() if not one.hidden and one.audience in shown and one.name not in unset]


COMMANDS: Mapping[str, Command] = {
    one.name: one
    for one in (
        command(balance, N_("balance"), ASK, writes=False, at_once=True),
        command(home, N_("home"), ASK, writes=False),
        command(spend, N_("spend by day last week"), ASK, writes=False, long=True),
        command(why, N_("why last week"), ASK, writes=False, long=True),
        command(forecast, N_("forecast"), ASK, writes=False),
        command(budgets_, N_("budgets"), ASK, writes=False),
        command(overspent, N_("overspent"), ASK, writes=False, long=True),
        command(who, N_("who"), ASK, writes=False),
        command(models, N_("models"), ASK, writes=False),
        command(digest, N_("digest"), ASK, writes=False, long=True),
        command(request, N_("request 50 finish the migration"), REQUEST, writes=True),
        command(requests_, N_("requests"), REQUEST, writes=False),
        command(raise_, N_("raise me to 400 until 31 March"), REQUEST, writes=True),
        command(permanent, N_("permanent: 400 a month for me"), REQUEST, writes=True),
        command(exceptions, N_("exceptions"), REQUEST, writes=False),
        command(claim, N_("claim 20 USD cursor: pairing"), REQUEST, writes=True),
        command(claims_, N_("claims"), REQUEST, writes=False),
        command(receipt_, N_("receipt 42"), REQUEST, writes=True),
        command(receipts_, N_("receipts 42"), REQUEST, writes=False),
        command(end_exception, N_("end-exception 42 it is over"), DECIDE, "decider", writes=True),
        command(change, N_("change 42 the deadline moved"), REQUEST, writes=True),
        command(remind, N_("remind 42"), REQUEST, writes=True),
        command(withdraw, N_("withdraw 42"), REQUEST, writes=True),
        command(approve, N_("approve 42 30"), DECIDE, "decider", writes=True, beside=approved_apart),
        command(deny, N_("deny 42 too early"), DECIDE, "decider", writes=True),
        command(question, N_("question 42 can it wait?"), REQUEST, writes=True),
        command(revoke, N_("revoke 42 the project ended"), DECIDE, "decider", writes=True),
        command(delegate, N_("delegate @kim until friday"), DECIDE, "decider", writes=True),
        command(history, N_("history 42"), REQUEST, writes=False),
        command(waste, N_("waste"), WASTE, writes=False, long=True),
        command(finding, N_("finding 12"), WASTE, writes=False),
        command(done, N_("done 12"), WASTE, writes=True),
        command(dismiss, N_("dismiss 12 it is needed"), WASTE, writes=True),
        command(postpone, N_("postpone 12 until friday"), WASTE, writes=True),
        command(keep, N_("keep 12"), WASTE, writes=True),
        command(comment, N_("comment 12 is it still needed?"), WASTE, writes=True),
        command(release, N_("release 12"), WASTE, writes=True),
        command(value, N_("value of my team"), TEAM, "owner", writes=False, long=True),
        command(outcomes_, N_("outcomes"), TEAM, "owner", writes=False, long=True),
        command(guard, N_("guard"), WASTE, writes=False),
        command(expected, N_("expected 3 until friday"), WASTE, writes=True),
        command(unexpected, N_("unexpected 3"), WASTE, writes=True),
        command(try_, N_("try per-person 200 USD"), TEAM, "owner", writes=False, long=True),
        command(suggest, N_("suggest limits for every person"), TEAM, "owner", writes=False, long=True),
        command(propose, N_("propose per-person 200 USD"), TEAM, "owner", writes=True),
        command(pool, N_("pool"), TEAM, "owner", writes=False),
        command(allot, N_("allot 300 to ana"), TEAM, "owner", writes=True),
        command(split, N_("split"), TEAM, "owner", writes=True),
        command(transfer, N_("transfer 50 to bob"), REQUEST, writes=True),
        command(correct, N_("correct 20 of ana refund"), ADMIN, "admin", writes=True),
        command(price, N_("price my-model input 3 output 15"), ADMIN, "admin", writes=True),
        command(payroll, N_("payroll"), ADMIN, "admin", writes=False, long=True),
        command(paid, N_("paid 42 43"), ADMIN, "admin", writes=True),
        command(link, N_("link"), ADMIN, "admin", writes=True),
        command(erase, N_("erase ana"), ADMIN, "admin", writes=True),
        command(go_live, N_("go-live"), ADMIN, "admin", writes=True),
        command(people_, N_("people"), ADMIN, "admin", writes=False, long=True),
        command(contracts, N_("contracts"), ADMIN, "admin", writes=False, long=True),
        command(renewal, N_("renewal cursor +400 %"), ADMIN, "admin", writes=False, long=True),
        command(lab, N_("lab"), ADMIN, "admin", writes=False, long=True),
        command(promote, N_("promote per-person-next"), ADMIN, "admin", writes=True),
        command(demote, N_("demote per-person-next"), ADMIN, "admin", writes=True),
        command(enforce, N_("enforce per-person"), ADMIN, "admin", writes=True),
        command(providers, N_("providers"), ADMIN, "admin", writes=False, long=True),
        command(limits_, N_("limits"), ADMIN, "admin", writes=False, long=True),
        command(pause, N_("pause agent crawler"), TEAM, "owner", writes=True),
        command(resume, N_("resume agent crawler"), TEAM, "owner", writes=True),
        command(close, N_("close last month"), ADMIN, "admin", writes=True, bulk=True),
        command(reconcile, N_("reconcile last week"), ADMIN, "admin", writes=False, long=True),
        command(month, N_("month"), ADMIN, "admin", writes=False, long=True),
        command(audit, N_("audit last week"), ADMIN, "admin", writes=False, long=True),
        command(status, N_("status"), ADMIN, "admin", writes=False),
        command(retry, N_("retry"), ADMIN, "admin", writes=True),
        command(settings, N_("settings"), ASK, writes=True),
        command(token, N_("token new"), ASK, writes=True),
        command(help, N_("help request"), ASK, writes=False),
        command(other, writes=False, hidden=True),
        command(return_grant, writes=True, hidden=True),
        command(send, writes=True, hidden=True),
        command(dont_send, writes=True, hidden=True),
        command(continue_, writes=True, hidden=True),
        command(approve_anew, writes=True, hidden=True),
        command(proceed, writes=True, hidden=True),
        command(restore, writes=True, hidden=True),
        command(keep_theirs, writes=True, hidden=True),
        command(restore_ours, writes=True, hidden=True),
        command(adopt, writes=True, hidden=True),
        command(known, writes=True, hidden=True),
        command(snooze, writes=True, hidden=True),
    )
}
UNKNOWN = command(unknown, writes=False, hidden=True)

# What buttons of earlier releases say, in messages that still stand.
FORMER_NAMES = {"theirs": "keep-theirs", "ours": "restore-ours", "giveback": "return-grant"}

EVENTS: Mapping[str, EventType] = {
    one.name: one
    for one in (
        event_type(give_allotments, "clock", bulk=True),
        event_type(end_grants, "clock"),
        event_type(check_thresholds, "clock", bulk=True, looks=True),
        event_type(check_spikes, "clock", bulk=True),
        event_type(check_drifts, "clock", bulk=True, looks=True),
        event_type(check_contracts, "clock", bulk=True, looks=True),
        event_type(report_contract, "clock"),
        event_type(check_sources, "clock", bulk=True, looks=True),
        event_type(check_shadows, "clock", bulk=True, looks=True),
        event_type(report_shadow, "clock", bulk=True),
        event_type(check_prices, "clock", bulk=True, looks=True),
        event_type(check_credit, "clock", bulk=True, looks=True),
        event_type(reprice_charges, "clock"),
        event_type(reprice_day, "clock"),
        event_type(detect_waste, "clock", bulk=True),
        event_type(tell_findings, "clock"),
        event_type(send_notes, "clock", bulk=True),
        event_type(check_requests, "clock", bulk=True),
        event_type(follow_request, "clock"),
        event_type(refresh_homes, "clock", bulk=True),
        event_type(message_given_up, "sync"),
        event_type(service_refused, "sync"),
        event_type(channel_closed, "sync"),
        event_type(ask_next_in_line, "clock"),
        event_type(remind_approver, "clock"),
        event_type(escalate, "clock"),
        event_type(request_expired, "clock"),
        event_type(proposal_expired, "clock"),
        event_type(check_jobs, "clock"),
        event_type(sync_account, "clock", bulk=True),
        event_type(sync_provider, "clock", "sync", bulk=True),
        event_type(limit_applied, "sync"),
        event_type(limit_failed, "sync"),
        event_type(pause_account, "clock"),
        event_type(pause_applied, "sync"),
        event_type(pause_failed, "sync"),
        event_type(increase_requested, "sync"),
        event_type(increase_withdrawn, "sync"),
        event_type(increase_decided, "clock"),
        event_type(report_set_aside, "clock"),
        event_type(forget_old, "clock", bulk=True),
        event_type(forget_months, "clock", bulk=True),
        event_type(check_tokens, "clock"),
        event_type(token_ends, "clock"),
        event_type(old_token_used, "clock"),
    )
}


CALLS: Mapping[type[Call], CallType] = {
    one.call: one
    for one in (
        call_type(budget_status, "figures"),
        call_type(check, "figures"),
        call_type(line, "figures"),
        call_type(estimate_cost, "figures"),
        call_type(see_reservation, "figures"),
        call_type(see_request, "figures"),
        call_type(see_requests, "figures"),
        call_type(reserve, "requests", writes=True),
        call_type(settle, "requests", writes=True),
        call_type(release_reservation, "requests", writes=True),
        call_type(extend, "requests", writes=True),
        call_type(report_done, "requests", writes=True),
        call_type(ask_for_more, "requests", writes=True),
    )
}


NAMED: Mapping[str, Command] = {**COMMANDS, **{name: COMMANDS[new] for name, new in FORMER_NAMES.items()}}


def find(word: str) -> Command | None:
    """The command of that name, or that people call so; None if there is none."""
    found = heard(word, NAMED)
    return found[0] if found and not found[1] else None


def parse_command(text: str) -> tuple[Command, str]:
    """The command that a sentence begins with, and the rest of the words. Silence asks for help."""
    return _often_said(text) if len(text) <= OFTEN_SAID_MAX else _parsed(text)


def _parsed(text: str) -> tuple[Command, str]:
    text = storable(text)
    if not text.strip():
        return COMMANDS["help"], ""
    return heard(text, NAMED) or (UNKNOWN, text.strip())


# Nearly everybody asks in the same few words, and to look for these in all tongues takes longer than to answer some.
_often_said = lru_cache(maxsize=256)(_parsed)


def event_type_of(event: Event) -> EventType:
    """The row of the registry for an event."""
    return EVENTS[name_of(type(event))]


def answer(one: Command, rest: str, inputs: Mapping[str, str], ctx: Context) -> Card:
    """Carry out a command.

    Raises:
        RefusedError: no, and why.
    """
    said: Mapping[str, object] = {}
    try:
        said = _understood(one, rest, {name: storable(value) for name, value in inputs.items()}, ctx)
        card = one.handler(ctx, **said)
    except RefusedError:
        seen = _for_viewer(one, rest, ctx)
        if seen is None:
            raise
        card = seen
    ctx.write()
    return card if one.writes else with_page(ctx, one.name, said.values(), card)


_AND_THEN = re.compile(r"\s*(?:[,;，；]\s*(?:and |then )*|\b(?:and|then)\b(?: then)?|和|然后)\s*", re.IGNORECASE)
"""What may stand between two wishes."""


def _understood(one: Command, rest: str, inputs: Mapping[str, str], ctx: Context) -> Mapping[str, object]:
    """The arguments of a command.

    Raises:
        RefusedError: see understand; of a question with another wish behind it, that they are two.
    """
    try:
        return understand(one, rest, inputs, ctx)
    except RefusedError as refused:
        both = None if one.writes else _both(one, rest, ctx)
        if both is None:
            raise
        raise RefusedError(
            "I do one thing at a time. Say “{first}”, then “{second}”.",
            offers=tuple(each for each in both if not parse_command(each)[0].writes),
            first=both[0],
            second=both[1],
        ) from refused


def _both(one: Command, rest: str, ctx: Context) -> tuple[str, str] | None:
    """The two wishes of a sentence such as "balance and spend last week", None if they are no two."""
    cuts = [*(between.span() for between in _AND_THEN.finditer(rest)), (0, 0)]  # "balance; spend" has lost its mark
    for ends, begins in cuts:
        first, second = f"{one.name} {rest[:ends]}".strip(), rest[begins:].strip()
        other, _ = parse_command(second)
        if second and other not in (UNKNOWN, COMMANDS["help"]) and may_say(ctx, first) and may_say(ctx, second):
            return first, second
    return None


def _for_viewer(one: Command, rest: str, ctx: Context) -> Card | None:
    """What somebody who sees groups only is answered about one that is not theirs; None for all that is personal."""
    if one.writes or not is_viewer(ctx):
        return None
    channel = as_viewer(ctx)
    try:
        card = one.handler(channel, **understand(one, rest, {}, channel))
    except TooFewError:
        raise
    except RefusedError:
        return None
    if card.personal:
        return None
    asked = (each for each in card.blocks if not isinstance(each, Button) or not parse_command(each.says)[0].writes)
    return replace(card, blocks=tuple(asked), personal=True)


def is_order(text: str) -> bool:
    """Whether a sentence does something to something, such as `approve 42`; `request` alone only opens a form."""
    one, rest = parse_command(text)
    return one.writes and bool(rest)


_COMMENT = re.compile(r"comment/(\d+)/")
ALONE = frozenset({"help", "balance", "requests"})
"""What is heard as a question to the bot in every thread, if it is said with nothing else."""


def in_reply(key: str, card: Card, words: str) -> str:
    """What somebody says who replies below a message: about a request or a finding it goes to the other side.

    What names it by its number, such as `approve 42`, is still said to the bot, and so is `help`.

    Args:
        key: of the message, as the outbox has it.
        card: what the message shows.
        words: the reply.
    """
    about, name = request_of(key, card), question.__name__
    if found := _COMMENT.match(key):
        about, name = found[1], comment.__name__
    if not about or not words.strip():
        return words
    one, rest = parse_command(words)
    if (one.name in ALONE and not rest) or (one is not UNKNOWN and rest.partition(" ")[0].lstrip("#") == about):
        return words
    return f"{name} {about} {words}"


def takes_file(text: str) -> bool:
    """Whether a sentence can do something with a file that was sent with it; one without words asks what it is for."""
    return not text.strip() or any(each.name == "receipt" for each in parse_command(text)[0].parameters)


def may_say(ctx: Context, text: str) -> bool:
    """Whether a sentence makes sense from the person who speaks.

    Each word of it is understood, and it asks for no figures that are not theirs to see. What an order may do is looked
    up when it is said.
    """
    one, rest = parse_command(text)
    try:
        understand(one, rest, {}, ctx)
    except RefusedError:
        return False
    return one is not UNKNOWN
