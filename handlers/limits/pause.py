"""Stop somebody at the providers, at once, and let them go on exactly as before."""

import json
from dataclasses import replace

from handlers.access import owns, sees_all
from handlers.arguments import NOT_YOURS_TO_PAUSE, WhomPaused
from handlers.card import Button, Card, Facts, Text
from handlers.context import CLOCK, Context
from handlers.errors import RefusedError
from handlers.events import PauseAccount, PauseApplied, PauseFailed
from handlers.limits.plan import subject_key, subject_word
from handlers.notify import tell_finance
from storage import limits, outbox
from storage.limits import HOOKS, Held, Subject
from storage.people import Account


def pause(ctx: Context, whom: WhomPaused) -> Card:
    """Pause a person's or an agent's spending at every provider that supports it: “pause @ana”, “pause key sk-abc”.

    For finance and for the owner. Nothing is lost: “resume” restores everything as it was.
    """
    _refuse_strangers(ctx, whom)
    able = [each for each in whom if _can_pause(ctx, each)]
    if not able:
        where = ctx.listed(sorted({_service(ctx, each) for each in whom}))
        raise RefusedError(
            "Bursar can't pause anybody at {service}. Lower the limit there, or lower the budget, for example: "
            "correct -50 of ana the agent loops",
            service=where,
        )
    new = [each for each in able if limits.pause(ctx.conn, each, ctx.person.id, ctx.now)]
    for each in new:
        _have_paused(ctx, each, paused=True)
        _deed(ctx, "paused", each, _authority(ctx, whom))
    if not new:
        return Card(ctx.t("{name} is already paused", name=_called(ctx, able)), (_resume(ctx, able),))
    facts = Facts(tuple((_service(ctx, each), each.name or each.subject.external_id) for each in new))
    return Card(ctx.t("{name} is being paused", name=_called(ctx, able)), (facts, _resume(ctx, able)))


def resume(ctx: Context, whom: WhomPaused) -> Card:
    """Resume the spending of somebody who was paused, as it was before: “resume @ana”, “resume key sk-abc”.

    For finance and for the owner. If another person paused it, a second person must agree.
    """
    _refuse_strangers(ctx, whom)
    found = {held: limits.find_paused(ctx.conn, held.provider, held.subject) for held in whom}
    paused = {held: one for held, one in found.items() if one}
    if not paused:
        raise RefusedError("{name} is not paused.", name=_called(ctx, list(whom)))
    freed = []
    for held, one in paused.items():
        alone = one.paused_by in (ctx.person.id, CLOCK.id)
        if not alone and one.resumed_by in ("", ctx.person.id):
            limits.note_resumer(ctx.conn, held.provider, held.subject, ctx.person.id)
            _ask_a_second(ctx, held, one.paused_by)
            continue
        _have_paused(ctx, held, paused=False)
        _deed(ctx, "resumed", held, _authority(ctx, whom))
        freed.append(held)
    if freed:
        return Card(ctx.t("{name} is being resumed", name=_called(ctx, freed)), tone="good")
    first = next(iter(paused.values()))
    by = ctx.somebody(first.paused_by)
    name = by.name if by else first.paused_by
    return Card(
        ctx.t("{name} paused this, so a second person must agree", name=name),
        (Text(ctx.t("I asked {name} and finance. It resumes as soon as one of them agrees.", name=name)),),
    )


def is_pausable(ctx: Context, account: Account) -> bool:
    """Whether a provider can stop an account's spending."""
    return any(_can_pause(ctx, each) for each in limits.of_account(ctx.conn, account.id))


def pause_account(ctx: Context, event: PauseAccount) -> None:
    """Pause an account that spends far above usual, as the rules say, wherever it can be paused."""
    account = ctx.account(event.account_id)
    here = [limits.account_held(account.id, account.name, ctx.now)] if account else []
    for each in [*limits.of_account(ctx.conn, event.account_id), *here]:
        if _can_pause(ctx, each) and limits.pause(ctx.conn, each, ctx.person.id, ctx.now):
            _have_paused(ctx, each, paused=True)
            _deed(ctx, "paused", each, "pause_above of the policy")


def pause_applied(ctx: Context, event: PauseApplied) -> None:
    """Note that a provider has paused or resumed somebody, and tell."""
    provider, subject = event.provider, event.subject
    one = limits.find_paused(ctx.conn, provider, subject)
    held = limits.find(ctx.conn, provider, subject)
    if one is None or held is None:
        return
    if not event.paused:
        limits.end_pause(ctx.conn, provider, subject)
    account = ctx.account(held.account_id) if held.account_id else None
    for person_id in {one.paused_by, account.owner_id if account else ""} - {"", CLOCK.id}:
        theirs = _reader(ctx, person_id)
        key = f"halted/{provider}/{subject_key(subject)}/{one.paused_at:%Y-%m-%dT%H:%M:%S}"
        theirs.tell(person_id, key, _applied_card(theirs, held, paused=event.paused))


def pause_failed(ctx: Context, event: PauseFailed) -> None:
    """Tell whoever said it, and finance, that somebody goes on who was to be paused, or the other way round."""
    provider, subject = event.provider, event.subject
    one = limits.find_paused(ctx.conn, provider, subject)
    held = limits.find(ctx.conn, provider, subject)
    item = outbox.find(ctx.conn, _pause_key(provider, subject))
    if one is None or held is None or item is None or not item.error:
        return
    error, is_open, paused = item.error, item.state == "open", not one.resumed_by
    ctx.look_up([held.account_id] if held.account_id else [])

    def card(reader: Context) -> Card:
        values = {"name": _called(reader, [held]), "service": _service(reader, held)}
        title = (
            reader.t("{name} is not paused at {service}", **values)
            if paused
            else reader.t("{name} is not resumed at {service}", **values)
        )
        next_ = (
            reader.t("I keep trying.")
            if is_open
            else reader.t("I stopped trying. Correct the cause, then say: {example}", example="retry")
        )
        return Card(title, (Text(reader.said(error)), Text(next_), Button(reader.t("Status"), "status")), "warn")

    key = f"{_pause_key(provider, subject)}/failed/{one.paused_at:%Y-%m-%dT%H:%M:%S}"
    tell_finance(ctx, key, card)
    asker = one.resumed_by or one.paused_by
    if asker != CLOCK.id:
        theirs = _reader(ctx, asker)
        theirs.tell(asker, key, card(theirs))


def _applied_card(ctx: Context, held: Held, *, paused: bool) -> Card:
    values = {"name": _called(ctx, [held]), "service": _service(ctx, held)}
    if paused:
        return Card(ctx.t("{name} is paused at {service}", **values), (_resume(ctx, [held]),), "warn")
    return Card(ctx.t("{name} is resumed at {service}", **values), tone="good")


def _reader(ctx: Context, person_id: str) -> Context:
    """The words of somebody else."""
    person = ctx.somebody(person_id)
    return replace(ctx, person=person) if person else ctx


def _refuse_strangers(ctx: Context, whom: tuple[Held, ...]) -> None:
    """The same answer for what is not there and what is not theirs."""
    for held in whom:
        owner = bool(held.account_id) and owns(ctx, held.account_id)
        if not (sees_all(ctx) or owner):
            raise RefusedError(NOT_YOURS_TO_PAUSE)


def _can_pause(ctx: Context, held: Held) -> bool:
    if held.provider == HOOKS:
        return True
    vendor = ctx.policy.vendor(held.provider)
    return vendor is not None and "pause" in vendor.can and held.subject.kind not in ("organization", "member")


def _ask_a_second(ctx: Context, held: Held, paused_by: str) -> None:
    def card(reader: Context) -> Card:
        agree = Button(reader.t("Agree"), f"resume {held.provider}/{subject_word(held.subject)}", style="primary")
        name = _called(reader, [held])
        why = Text(reader.t("Another person paused {name}, so a second person must agree.", name=name))
        title = reader.t("{asker} wants to resume {name}", asker=ctx.person.name, name=name)
        return Card(title, (why, agree))

    key = f"resume/{held.provider}/{subject_key(held.subject)}/{ctx.person.id}"
    tell_finance(ctx, key, card)
    theirs = _reader(ctx, paused_by)
    theirs.tell(paused_by, key, card(theirs))


def _have_paused(ctx: Context, held: Held, *, paused: bool) -> None:
    """Have a provider do it. Where programs ask first, it is done: they are told the next time they ask."""
    if held.provider == HOOKS:
        if not paused:
            limits.end_pause(ctx.conn, held.provider, held.subject)
        return
    key = _pause_key(held.provider, held.subject)
    payload = {"kind": held.subject.kind, "id": held.subject.external_id, "paused": paused}
    outbox.ensure(ctx.conn, key, "pause", held.provider, json.dumps(payload), ctx.now, ctx.now, again=True)


def _pause_key(provider: str, subject: Subject) -> str:
    return f"pause/{provider}/{subject_key(subject)}"


def _resume(ctx: Context, whom: list[Held]) -> Button:
    first = whom[0]
    return Button(ctx.t("Resume"), f"resume {first.provider}/{subject_word(first.subject)}")


def _authority(ctx: Context, whom: tuple[Held, ...]) -> str:
    own = all(held.account_id and owns(ctx, held.account_id) for held in whom)
    return "owner" if own else "role finance"


def _deed(ctx: Context, what: str, held: Held, authority: str) -> None:
    ctx.deed(what, f"limit/{held.provider}/{subject_word(held.subject)}"[:80], authority)


def _service(ctx: Context, held: Held) -> str:
    if held.provider == HOOKS:
        return ctx.t("programs that ask Bursar first")
    vendor = ctx.policy.vendor(held.provider)
    return vendor.service if vendor else held.provider


def _called(ctx: Context, whom: list[Held]) -> str:
    first = whom[0]
    account = ctx.account(first.account_id) if first.account_id else None
    return account.name if account else first.name or first.subject.external_id
