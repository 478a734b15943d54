"""Tokens: what a program of somebody shows to be let in, made, listed, renewed and ended in chat."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

from handlers.access import owns, role_of, sees_all
from handlers.amounts import half_width
from handlers.arguments import One, OneOf, WhomWord
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import CheckTokens, OldTokenUsed, TokenEnds
from handlers.language import N_
from storage import people, sessions, tokens
from storage.people import Account
from storage.tables import ORGANIZATION
from storage.tokens import Bearer, Scope, Token

DAYS_DEFAULT, DAYS_MAX = 90, 365
LIVE_MAX = 50
"""Tokens that one person can have made and that still count."""
OLD_LIVES = timedelta(hours=24)
WARNED_DAYS = (14, 3)
ACTS = ("new", "list", "rotate", "revoke")
OPENS: Mapping[Scope, str] = {
    "own": N_("your own figures, requests and telemetry"),
    "agent": N_("figures, requests and telemetry of the agent"),
    "telemetry": N_("sending telemetry, nothing else"),
    "telemetry_all": N_("sending telemetry of everybody, nothing else"),
    "reports": N_("reading reports, nothing else"),
}
GONE = N_("A token is shown once, and this one was. If you did not copy it, renew it: “token rotate {number}”")


class DaysWord:
    """For how long: "30 days"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "number days"

    def take(self, words: list[str], _ctx: Context) -> tuple[int, int] | None:
        """See Word."""
        said = [half_width(each).lower() for each in words[:2]]
        if len(said) < 2 or not said[0].isdecimal() or said[1] not in ("day", "days"):  # noqa: PLR2004 - number and unit
            return None
        return int(said[0][:9]), 2


Act = Annotated[str, OneOf("", ACTS)]
For = Annotated[Account | None, WhomWord("for", alone=False)]
Only = Annotated[str, OneOf("", ("telemetry", "reports"))]
Days = Annotated[int | None, DaysWord()]


def token(
    ctx: Context, act: Act = "list", whom: For = None, only: Only = "", days: Days = None, number: One = ""
) -> Card:
    """Make a token for your own programs, such as a coding agent: “token new”.

    It is shown once, in private. “token new for agent crawler” makes one for an agent that you own,
    “token new telemetry” one that can only send telemetry, “token new reports” one that can only read reports. It lasts
    90 days, or as you say: “token new telemetry 30 days”. Admins make one for the telemetry of everybody:
    “token new for organization telemetry”.

    “token” lists yours, “token rotate 3” puts a new one in the place of one, which works for 24 hours more, and
    “token revoke 3” ends one at once.
    """
    if act == "new":
        if number:
            raise RefusedError(
                "I don't understand “{word}”. Say it like this: token new for agent crawler telemetry 30 days",
                word=number[:40],
            )
        return _new(ctx, whom, only, DAYS_DEFAULT if days is None else days)
    if act == "list":
        return _listed(ctx)
    one = _mine(ctx, number)
    return _rotate(ctx, one) if act == "rotate" else _revoke(ctx, one)


def _new(ctx: Context, whom: Account | None, only: str, days: int) -> Card:
    account = whom or ctx.account(ctx.account_id)
    if account is None:
        raise RefusedError("You have no account of your own. Say for which agent, such as: token new for agent crawler")
    scope = _scope(account, only)
    authority = _authority(ctx, scope, account)
    if not 1 <= days <= DAYS_MAX:
        raise RefusedError("A token lasts 1 to {most} days.", most=DAYS_MAX)
    _only_in_private(ctx)
    if (
        sum(each.token.made_by == ctx.person.id for each in tokens.live_of(ctx.conn, [], ctx.person.id, ctx.now))
        >= LIVE_MAX
    ):
        raise RefusedError("You have {n} tokens. Revoke one that is not used: “token”", n=LIVE_MAX)
    made = _make(ctx, scope, account, days)
    ctx.deed("made token", f"token/{made.number}", authority, f"{scope} for {account.id}, {days} days")
    return _shown(ctx, made, account)


@dataclass(frozen=True, slots=True)
class _Made:
    """A new token, with the secret that is shown once."""

    number: int
    secret: str
    scope: Scope
    days: int


def _make(ctx: Context, scope: Scope, account: Account, days: int) -> _Made:
    secret, until = tokens.new_secret(scope), ctx.now + timedelta(days=days)
    number = tokens.make(ctx.conn, secret, scope, account.id, ctx.person.id, ctx.now, until)
    for before in (each for each in WARNED_DAYS if each < days):
        ctx.emit(f"{number}/{before}", TokenEnds(number, before), until - timedelta(days=before))
    return _Made(number, secret, scope, days)


def _scope(account: Account, only: str) -> Scope:
    """What a token of an account opens."""
    if only == "reports":
        return "reports"
    if account.id == ORGANIZATION and only:
        return "telemetry_all"
    if account.kind not in ("person", "agent"):
        raise RefusedError("A token speaks for a person or an agent. For everybody there is: telemetry, or reports")
    if only:
        return "telemetry"
    return "own" if account.kind == "person" else "agent"


def _authority(ctx: Context, scope: Scope, account: Account) -> str:
    """On whose authority somebody has a token of a scope in their hands.

    Raises:
        RefusedError: they may not.
    """
    if account.kind == "person":
        if account.id != ctx.account_id:
            raise RefusedError("Only {name} can make a token that speaks for {name}.", name=account.name)
        return "self"
    if scope == "telemetry_all" or account.id == ORGANIZATION:
        if not sees_all(ctx):
            raise RefusedError("Only finance and admins can do this.")
        return role_of(ctx)
    if owns(ctx, account.id):
        return "owner"
    if "admin" in ctx.person.roles:
        return "role admin"
    raise RefusedError("Only the owner of {name} and admins can make a token for it.", name=account.name)


def _only_in_private(ctx: Context) -> None:
    if ctx.place.public:
        raise RefusedError("A token is shown in private only. Send me this as a direct message.")


def _shown(ctx: Context, made: _Made, account: Account) -> Card:
    facts = (
        (ctx.t("For"), ctx.called(account)),
        (ctx.t("It opens"), ctx.t(OPENS[made.scope])),
        (ctx.t("Ends"), ctx.day((ctx.now + timedelta(days=made.days)).astimezone(ctx.policy.zone).date())),
    )
    return Card(
        ctx.t("Token #{number}: copy it now, it is shown only once", number=made.number),
        (
            Text(ctx.t(GONE, number=made.number), secret=made.secret),
            Facts(facts),
            Text(
                ctx.t("Keep it like a password, and out of repositories. Programs read it from BURSAR_TOKEN."),
                quiet=True,
            ),
        ),
        "good",
    )


def _listed(ctx: Context) -> Card:
    """What somebody may end: of themself, of their agents, what they made; finance and admins see all."""
    if sees_all(ctx):
        found = tokens.live(ctx.conn, ctx.now)
    else:
        owned = {each.id for each in people.owned(ctx.conn, ctx.person.id)} | {ctx.account_id}
        found = tokens.live_of(ctx.conn, owned, ctx.person.id, ctx.now)
    new = Button(ctx.t("New token"), "token new")
    offered = () if ctx.place.public else (new,)
    if not found:
        return Card(ctx.t("You have no tokens"), (Text(ctx.t("To make one, say: “token new”")), *offered))
    ctx.look_up([each.token.account_id for each in found])
    rows = tuple(_row(ctx, each.token) for each in found)
    columns = (ctx.t("Token"), ctx.t("For"), ctx.t("Opens"), ctx.t("Ends"), ctx.t("Last used"))
    table = Table(ctx.t("Tokens"), columns, rows, "lllll")
    hint = Text(ctx.t("To end one, say: “token revoke {number}”", number=found[0].token.id), quiet=True)
    return Card(ctx.nt("{n} token", "{n} tokens", len(found)), (table, hint, *offered))


def _row(ctx: Context, one: Token) -> tuple[str, ...]:
    account = ctx.account(one.account_id)
    return (
        f"#{one.id} …{one.tail}",
        ctx.called(account) if account else one.account_id,
        ctx.t(OPENS[one.scope]),
        ctx.day(one.expires_at.astimezone(ctx.policy.zone).date()),
        ctx.moment(one.used_at) if one.used_at else ctx.t("never"),
    )


def _mine(ctx: Context, number: str) -> Bearer:
    """A token that somebody may end. One that is not there and another's get the same answer."""
    if not number:
        raise RefusedError("Say which one, such as: token revoke 3. To see yours, say: token")
    found = tokens.find(ctx.conn, number)
    if found is None or not found.token.is_live(ctx.now) or not _may_end(ctx, found):
        raise RefusedError("You have no token with that number. To see yours, say: token")
    return found


def _may_end(ctx: Context, one: Bearer) -> bool:
    return sees_all(ctx) or ctx.person.id == one.token.made_by or owns(ctx, one.token.account_id)


def _rotate(ctx: Context, one: Bearer) -> Card:
    old = one.token
    account = ctx.account(old.account_id)
    if account is None or old.replaced_by:
        raise RefusedError("Token #{number} ends already. To make another, say: token new", number=old.id)
    authority = _authority(ctx, old.scope, account)
    _only_in_private(ctx)
    made = _make(ctx, old.scope, account, max(1, (old.expires_at - old.made_at).days))
    tokens.replace(ctx.conn, old.id, made.number, min(old.expires_at, ctx.now + OLD_LIVES))
    ctx.deed("rotated token", f"token/{old.id}", authority, f"to token/{made.number}")
    card = _shown(ctx, made, account)
    said: Block = Text(ctx.t("Token #{number} works for 24 hours more.", number=old.id))
    return replace(card, blocks=(*card.blocks, said))


def _revoke(ctx: Context, one: Bearer) -> Card:
    tokens.end(ctx.conn, one.token.id, ctx.person.id, ctx.now)
    is_own = ctx.person.id in (one.token.made_by, one.owner_id) or owns(ctx, one.token.account_id)
    ctx.deed("revoked token", f"token/{one.token.id}", "owner" if is_own else role_of(ctx))
    return Card(ctx.t("Token #{number} no longer works", number=one.token.id))


# What time and people do to them --------------------------------------------------------------------------------------


def check_tokens(ctx: Context, _event: CheckTokens) -> None:
    """End the tokens and sessions of those who left; who answers for a program hears of it, for it stops in silence."""
    for one in (each for each in tokens.live(ctx.conn, ctx.now) if not each.stands):
        tokens.end(ctx.conn, one.token.id, ctx.person.id, ctx.now)
        ctx.deed("ended token", f"token/{one.token.id}", "rules", f"{one.token.scope} for {one.token.account_id}")
        if one.kind != "person":
            _tell(ctx, one, f"token/{one.token.id}/ended", _ended_card)
    gone = sessions.of_leavers(ctx.conn)
    sessions.end(ctx.conn, [each.id for each in gone])
    for each in gone:
        ctx.deed("ended session", f"session/{each.id}", "rules", each.person_id)


def _ended_card(ctx: Context, one: Bearer) -> Card:
    title = ctx.t("Token #{number} of {name} ended, because somebody left", number=one.token.id, name=_name(ctx, one))
    return Card(
        title, (Text(ctx.t("Programs that use it are not let in any more. Make a new one: “token new”")),), "warn"
    )


def token_ends(ctx: Context, event: TokenEnds) -> None:
    """Say that a token ends soon, unless it ended or was renewed before."""
    one = tokens.find(ctx.conn, str(event.token_id))
    if one is None or not one.token.is_live(ctx.now) or one.token.replaced_by or not one.stands:
        return
    days = max(1, (one.token.expires_at - ctx.now).days)

    def card(reader: Context, one: Bearer) -> Card:
        title = reader.nt(
            "Token #{number} of {name} ends in {n} day",
            "Token #{number} of {name} ends in {n} days",
            days,
            number=one.token.id,
            name=_name(reader, one),
        )
        renew = Button(reader.t("Renew it"), f"token rotate {one.token.id}")
        used = one.token.used_at
        last = reader.t("Last used {moment}", moment=reader.moment(used)) if used else reader.t("It was never used.")
        return Card(title, (Text(last, quiet=True), renew), "warn")

    _tell(ctx, one, f"token/{one.token.id}/ends", card)


def old_token_used(ctx: Context, event: OldTokenUsed) -> None:
    """Say that a program still shows a token that was renewed and has ended."""
    one = tokens.find(ctx.conn, str(event.token_id))
    if one is None or not one.token.replaced_by:
        return

    def card(reader: Context, one: Bearer) -> Card:
        title = reader.t("Somebody still uses token #{number}, which ended", number=one.token.id)
        more = reader.t("It was renewed as #{number}. Give that one to the program.", number=one.token.replaced_by)
        return Card(title, (Text(more),), "warn")

    _tell(ctx, one, f"token/{one.token.id}/old", card)


def _tell(ctx: Context, one: Bearer, key: str, make: Callable[[Context, Bearer], Card]) -> None:
    """Tell who answers for a token: the owner, else who made it, else the admins."""
    account = ctx.line(one.token.account_id)
    speaker = people.person(ctx.conn, one.speaker)
    above = next((each.owner_id for each in account[1:] if each.owner_id), "")
    readers = [each for each in (speaker, people.person(ctx.conn, above)) if each and each.active][:1]
    for person in readers or people.people_with_role(ctx.conn, "admin"):
        theirs = replace(ctx, person=person)
        theirs.tell(person.id, key, make(theirs, one))


def _name(ctx: Context, one: Bearer) -> str:
    account = ctx.account(one.token.account_id)
    return ctx.called(account) if account else one.token.account_id
