"""Erase somebody who has left: what they spent stays under a pseudonym, and nothing says any more who it was."""

from collections.abc import Iterator
from typing import Annotated

from handlers.arguments import One, OneOf
from handlers.card import Button, Card, Table, Text
from handlers.context import CHAT_PLATFORMS, Context
from handlers.errors import RefusedError
from handlers.language import N_
from storage import audit, claims, erasure, exceptions, people, requests, reservations, tokens
from storage.directory import Person

SURE = "confirm"
PLATFORMS = (*CHAT_PLATFORMS, "oidc", "web", "terminal")
Sure = Annotated[str, OneOf("", (SURE,))]

TO_DO = N_("What to do first")
SOURCES = N_("Remove them from the people sources (app.yaml, HR export, Slack or Entra); Bursar reads these each hour")


def erase(ctx: Context, who: One, sure: Sure = "") -> Card:
    """Erase somebody who has left: “erase @ana”. For admins.

    Sums, budgets and the audit stay, under a pseudonym; name, address, chats, messages and reasons are removed.
    """
    if "admin" not in ctx.person.roles:
        raise RefusedError("Only admins can do this.")
    word = who.removeprefix("@")
    person = erasure.find(ctx.conn, word)
    if person is None:
        raise RefusedError("I don't know “{name}”. Write the id or the e-mail address, such as: erase ana", name=word)
    if person.id == ctx.person.id:
        raise RefusedError("You can't erase yourself. Ask another admin.")
    target = erasure.target(ctx.conn, person, erasure.new_pseudonym(), PLATFORMS)
    first = tuple(_first(ctx, person, target))
    if first:
        rows = tuple((ctx.t(what), how) for what, how in first)
        table = Table(ctx.t(TO_DO), (ctx.t("There is still"), ctx.t("What to do")), rows, "ll")
        return Card(ctx.t("{name} can't be erased yet", name=person.name), (table,), "warn")
    if not sure:
        return _asked(ctx, person)
    changed = erasure.erase(ctx.conn, target, PLATFORMS, ctx.now)
    ctx.deed(audit.ERASED, f"person/{target.pseudonym}", "role admin", audit.numbered(changed))
    done = ctx.t(
        "What they spent stays as “{name}”. Messages that were sent stay in Slack and Teams, and backups keep what "
        "they hold: delete these there. The files of the database are cleaned within some minutes.",
        name=target.pseudonym,
    )
    return Card(ctx.t("Erased"), (Text(done),), "good")


def _asked(ctx: Context, person: Person) -> Card:
    what = ctx.t(
        "Name, e-mail address, chat accounts, messages, reasons and tokens are removed. Sums, budgets and the audit "
        "stay under a pseudonym. This can't be undone."
    )
    says = f"erase {person.id} {SURE}"
    button = Button(ctx.t("Erase"), says, "danger", ctx.t("Erase {name}? This can't be undone.", name=person.name))
    return Card(ctx.t("Erase {name}?", name=person.name), (Text(what), button), "warn")


def _first(ctx: Context, person: Person, target: erasure.Target) -> Iterator[tuple[str, str]]:
    """What stands in the way, and what to do about each."""
    account = f"person/{person.id}"
    if person.active:
        yield N_("an active person"), ctx.t(SOURCES)
    yield from _of_others(ctx, person)
    yield from _of_requests(ctx, person)
    if reservations.held(ctx.conn, account, ctx.now):
        yield N_("reservations for jobs"), ctx.t("Wait until they end")
    if tokens.live_of(ctx.conn, [account], person.id, ctx.now):
        yield N_("tokens of their programs"), ctx.t("End them: token list, then token revoke")
    named = [each.name for each in ctx.policy.budgets if each.account_id == account]
    if named:
        yield N_("a budget of their own"), ctx.t("Remove {names} from app.yaml", names=ctx.listed(named))
    if erasure.unapplied(ctx.conn, target):
        yield N_("limits that are not applied at a provider yet"), ctx.t("Wait, or see what is wrong: status")


def _of_others(ctx: Context, person: Person) -> Iterator[tuple[str, str]]:
    reports = erasure.reports_of(ctx.conn, person.id)
    if reports:
        said = ctx.nt("Give {n} person another manager", "Give {n} people another manager", reports)
        yield N_("people who report to them"), said
    owned = [each.name for each in people.owned(ctx.conn, person.id) if each.kind != "person"]
    if owned:
        yield N_("teams or agents of theirs"), ctx.t("Name another owner of {names}", names=ctx.listed(owned))


def _of_requests(ctx: Context, person: Person) -> Iterator[tuple[str, str]]:
    account = f"person/{person.id}"
    every = [each for each, _ in requests.all_pending(ctx.conn)]
    pending = [each.id for each in every if each.asker_id == person.id or each.account_id == account]
    if pending:
        numbers = ctx.listed([f"#{each}" for each in pending])
        yield N_("open requests"), ctx.t("Decide {numbers}, such as: deny {first}", numbers=numbers, first=pending[0])
    unpaid = [each.request.id for each in claims.unpaid(ctx.conn) if each.request.asker_id == person.id]
    if unpaid:
        numbers = ctx.listed([f"#{each}" for each in unpaid])
        said = ctx.t("Pay back {numbers}, and say: paid {first}", numbers=numbers, first=unpaid[0])
        yield N_("claims that are not paid back"), said
    to_decide = requests.open_for(ctx.conn, person.id)
    if to_decide:
        numbers = ctx.listed([f"#{each.id}" for each in to_decide])
        said = ctx.t("Decide {numbers}, or wait until somebody else is asked", numbers=numbers)
        yield N_("requests that they decide"), said
    limits = [each for each in exceptions.running(ctx.conn) if each.account_id == account]
    if limits:
        yield N_("a limit of their own"), ctx.t("End it: end-exception {number}", number=limits[0].request_id)
