"""Receipts of claims: kept outside the chat, seen by the claimant, whoever decides the claim, and finance.

A file comes in by itself and belongs to nobody's claim until a sentence names it, or says which claim it is for.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from handlers.arguments import FormText, One
from handlers.card import Block, Button, Card, Facts, File, Input, Text
from handlers.context import CONSOLE, Context
from handlers.errors import RefusedError
from handlers.notify import tell_finance
from handlers.policy import units
from handlers.requests.approvers import decider
from handlers.requests.case import Case, load
from handlers.requests.claimed import paid, receipt_in_words, receipts_in_words
from handlers.requests.receipt_files import ENDINGS, TYPES, kind_of
from handlers.requests.write import deed, record
from storage import claims, receipts
from storage.claims import Claim, Claimed
from storage.receipts import Receipt
from storage.requests import Request

RECEIPTS_MAX = 3
STRAYS_MAX = 10
FRESH = timedelta(hours=1)
"""So long after a file was sent the next claim is the one it was sent for."""
OFFERED_MAX = 5
NAME = re.compile(r"receipt-(?P<claim>[0-9]{1,18})-(?P<number>[1-9])\.(?:pdf|png|jpg|heic)")


def keep_receipt(ctx: Context, content: bytes) -> str:
    """Keep a file that somebody sent, until they say which claim it belongs to.

    Args:
        ctx: theirs.
        content: of the file.

    Returns:
        Its number, for the field of a form.

    Raises:
        RefusedError: it can be no receipt, or there are too many.
    """
    if not ctx.policy.claims.categories:
        raise RefusedError("I keep files for claims only, and there are none here.", fault="receipt")
    kind = kind_of(content)
    mark = sha256(content).hexdigest()
    strays = receipts.of_no_claim(ctx.conn, ctx.person.id)
    if len(strays) >= STRAYS_MAX and mark not in {each.sha256 for each in strays}:
        raise RefusedError(
            "{n} files that you sent belong to no claim yet. Claim first, or wait a day: they are deleted then.",
            fault="receipt",
            n=len(strays),
        )
    new = Receipt(0, ctx.person.id, None, mark, kind, len(content), ctx.now)
    return str(receipts.keep(ctx.conn, new, content))


def chosen(ctx: Context, said: str) -> list[Receipt]:
    """The files that a sentence brings along; if it names none, the one that was sent within the last hour.

    Raises:
        RefusedError: too many.
    """
    strays = receipts.of_no_claim(ctx.conn, ctx.person.id)
    named = set(said.split())
    if not named:
        return _last_of(ctx, [each for each in strays if each.sent_at > ctx.now - FRESH])
    found = [each for each in strays if str(each.id) in named]
    if len(found) < len(named):
        raise RefusedError("The file is not here any more. Send it again.", fault="receipt")
    if len(found) > RECEIPTS_MAX:
        raise _too_many()
    return found


def _last_of(ctx: Context, fresh: Sequence[Receipt]) -> list[Receipt]:
    """The last one that is no receipt yet: a message that comes twice brings its file twice."""
    used = {each.sha256 for each in receipts.used_already(ctx.conn, {each.sha256 for each in fresh})} if fresh else ()
    return [each for each in fresh if each.sha256 not in used][-1:]


def _too_many() -> RefusedError:
    return RefusedError("A claim has at most {n} receipts.", fault="receipt", n=RECEIPTS_MAX)


def refuse_without(ctx: Context, amount: int, brought: Sequence[Receipt]) -> None:
    """Refuse a claim that needs a receipt and has none.

    Args:
        ctx: the claimant's.
        amount: in the house currency.
        brought: the files that come with it.
    """
    unit = ctx.policy.organization.currency
    above = units(ctx.policy.claims.receipt_above, unit)
    if above is not None and amount > above and not brought:
        raise RefusedError(
            "A claim above {amount} needs its receipt. Send me the file in a direct message, then say the claim again.",
            fault="receipt",
            amount=ctx.amount(above, unit),
        )


def used_twice(ctx: Context, brought: Sequence[Receipt], request_id: int = 0) -> Card | None:
    """What is said about a file that is the receipt of another claim already, None if it is of none.

    Finance is told if that is somebody else's; the claimant is told nothing of whose it is.
    """
    same = receipts.used_already(ctx.conn, {each.sha256 for each in brought}, request_id) if brought else []
    if not same:
        return None
    own = next((each for each in same if each.person_id == ctx.person.id), None)
    if own:
        text = ctx.t("This file is the receipt of your claim #{number} already.", number=own.request_id)
        return Card(text, (Button(ctx.t("Your claims"), "claims"),), "warn", fault="receipt")
    name, number = ctx.person.name, same[0].request_id
    ctx.deed("sent a receipt twice", f"request/{number}", "asker")

    def card(reader: Context) -> Card:
        title = reader.t("{name} sent the receipt of another person's claim", name=name)
        what = reader.t("It is the receipt of claim #{number}. Nothing was claimed with it.", number=number)
        look = Button(reader.t("Look at #{number}", number=number), f"history {number}")
        return Card(title, (Text(what), look), "warn")

    tell_finance(ctx, f"receipt/{number}/{ctx.person.id}", card)
    advice = Text(ctx.t("Nothing was claimed. If this is a mistake, ask finance."))
    return Card(ctx.t("This file is the receipt of another claim already."), (advice,), "warn", fault="receipt")


def attach(ctx: Context, request_id: int, brought: Sequence[Receipt]) -> None:
    """Let files belong to a claim."""
    if brought:
        receipts.attach(ctx.conn, [each.id for each in brought], request_id)


# Commands ------------------------------------------------------------------------------------------------------------


def receipts_(ctx: Context, number: One) -> Card:
    """The receipts of a claim: “receipts 42”. For the claimant, whoever decides the claim, and finance."""
    case, claim = _seen(ctx, number)
    request, kept = case.request, receipts.of_request(ctx.conn, case.request.id)
    mine = request.asker_id == ctx.person.id
    facts = [
        (ctx.t("Claimed by"), case.name_of(request.asker_id)),
        (ctx.t("Tool"), claim.vendor),
        (ctx.t("Paid"), paid(ctx, claim)),
        *((name_of(request, n, each), _state(ctx, each)) for n, each in enumerate(kept, 1)),
    ]
    blocks: list[Block] = [Facts(tuple(facts))]
    if any(each.is_kept for each in kept):
        if ctx.place.platform == CONSOLE:
            blocks += [File(name_of(request, n, each)) for n, each in enumerate(kept, 1) if each.is_kept]
        else:
            where = ctx.on_a_page(f"/claim/{request.id}")
            blocks += where or [Text(ctx.t("Files are opened on a page, and there is none here: ask an admin."))]
    if mine and _can_grow(request, claim, kept):
        blocks += [_file_input(ctx), Button(ctx.t("Add"), f"receipt {request.id}", style="primary")]
    title = ctx.nt("{n} receipt of claim #{number}", "{n} receipts of claim #{number}", len(kept), number=request.id)
    return Card(title, tuple(blocks))


def receipt_(ctx: Context, number: One = "", receipt: FormText = "") -> Card:
    """Add the receipt of a claim: send me the file and say “receipt 42”.

    A file may be a PDF, PNG, JPEG or HEIC of at most 5 MB. It is seen by you, whoever decides the claim, and finance.
    """
    if not number:
        return _which(ctx, receipt)
    case, claim = _seen(ctx, number)
    request = case.request
    if request.asker_id != ctx.person.id:
        raise RefusedError("Only the claimant adds receipts to a claim.")
    kept = receipts.of_request(ctx.conn, request.id)
    if not _can_grow(request, claim, ()):
        raise RefusedError("Claim #{number} is closed: no receipt can be added.", number=request.id)
    brought = [each for each in chosen(ctx, receipt) if each.sha256 not in {one.sha256 for one in kept}]
    if not brought:
        if receipt:
            raise RefusedError("Claim #{number} has this receipt already.", fault="receipt", number=request.id)
        return receipts_(ctx, number)
    if len(kept) + len(brought) > RECEIPTS_MAX:
        raise _too_many()
    twice = used_twice(ctx, brought, request.id)
    if twice:
        return twice
    attach(ctx, request.id, brought)
    record(ctx, case, case, "added a receipt", "asker", ", ".join(each.sha256[:12] for each in brought))
    fact = (ctx.t("Receipt"), receipts_in_words(ctx, [*kept, *brought]))
    return Card(ctx.t("Added to claim #{number}", number=request.id), (Facts((fact,)),), "good")


def opened(ctx: Context, name: str) -> tuple[str, bytes]:
    """The content of a receipt, and its type; that somebody looked at it stands in the audit.

    Args:
        ctx: of whoever looks.
        name: such as "receipt-42-1.pdf".

    Raises:
        RefusedError: there is none, or it is not for them.
    """
    found = NAME.fullmatch(name)
    if found is None:
        raise _unseen()
    case, _ = _seen(ctx, found["claim"])
    kept = receipts.of_request(ctx.conn, case.request.id)
    place = int(found["number"]) - 1
    content = receipts.content(ctx.conn, kept[place].id) if place < len(kept) else None
    if content is None or name_of(case.request, place + 1, kept[place]) != name:
        raise _unseen()
    if case.request.asker_id != ctx.person.id:
        deed(ctx, case.request, "looked at a receipt", "reader")
    return TYPES[kept[place].kind], content


def is_receipt(name: str) -> bool:
    """Whether a file is called as receipts are."""
    return NAME.fullmatch(name) is not None


def name_of(request: Request, number: int, one: Receipt) -> str:
    """What a receipt is called: nothing of the name under which it was sent."""
    return f"receipt-{request.id}-{number}.{ENDINGS[one.kind]}"


def _which(ctx: Context, receipt: str) -> Card:
    """A file came without words: which claim is it for?"""
    brought = chosen(ctx, receipt)
    if not brought:
        raise RefusedError("Send me the file in a direct message, and say for which claim: receipt 42")
    since = ctx.now - timedelta(days=400)
    mine = [each for each in claims.of_account(ctx.conn, ctx.account_id, since) if is_open(each.request, each.claim)]
    having = receipts.counted(ctx.conn, [each.request.id for each in mine])
    offered = [each for each in mine[::-1] if having.get(each.request.id, 0) < RECEIPTS_MAX][:OFFERED_MAX]
    buttons = [
        Button(
            ctx.t(
                "#{number}: {amount}, {tool}", number=one.request.id, amount=paid(ctx, one.claim), tool=one.claim.vendor
            ),
            f"receipt {one.request.id}",
        )
        for one in offered
    ]
    what = Text(ctx.t("I have your file ({file}). Which claim is it for?", file=receipts_in_words(ctx, brought)))
    note = Text(ctx.t("A file that belongs to no claim is deleted after a day."), quiet=True)
    return Card(
        ctx.t("Which claim is it for?"), (what, *buttons, Button(ctx.t("Claim what you paid yourself"), "claim"), note)
    )


def _in_short(ctx: Context, one: Claimed) -> str:
    """A claim in a line."""
    values = {"number": one.request.id, "amount": paid(ctx, one.claim), "tool": one.claim.vendor}
    return ctx.t("#{number}: {amount}, {tool}", **values)


def _seen(ctx: Context, number: str) -> tuple[Case, Claim]:
    """A claim whose receipts somebody may see.

    Raises:
        RefusedError: there is none, or it is not for them.
    """
    case = load(ctx, number.removeprefix("#"))
    if case is None or case.claim is None or not _may_see(ctx, case):
        raise _unseen()
    return case, case.claim


def _may_see(ctx: Context, case: Case) -> bool:
    request, me = case.request, ctx.person.id
    agreed = {each.person_id for each in case.asked if each.agreed}
    decides = request.state == "pending" and decider(case, ctx.person) is not None
    return me in {request.asker_id, request.resolved_by, *agreed} or decides or "finance" in ctx.person.roles


def _unseen() -> RefusedError:
    return RefusedError("You can't see the receipts of a claim with that number, or it doesn't exist.")


def _can_grow(request: Request, claim: Claim, kept: Sequence[Receipt]) -> bool:
    return is_open(request, claim) and len(kept) < RECEIPTS_MAX


def is_open(request: Request, claim: Claim) -> bool:
    """Whether a claim may still come to be paid back, so that a receipt is of use to it."""
    return request.state in ("pending", "approved") and claim.paid_at is None


def _state(ctx: Context, one: Receipt) -> str:
    return receipt_in_words(ctx, one) if one.is_kept else ctx.t("deleted, its time is over")


def _file_input(ctx: Context, *, optional: bool = False) -> Input:
    return Input(
        "receipt",
        ctx.t("Receipt"),
        form="file",
        hint=ctx.t("A PDF, PNG, JPEG or HEIC file of at most 5 MB"),
        optional=optional,
    )


def receipt_input(ctx: Context) -> Input:
    """The field of the form of a claim that takes its receipt."""
    return _file_input(ctx, optional=not ctx.policy.claims.receipt_above)
