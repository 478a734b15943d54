"""Who is who: identities at providers that belong to nobody yet, and the people we know."""

from handlers.access import role_of, sees_all
from handlers.arguments import Kind, MaybeTo, One
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.provenance import as_of
from storage import ingest, people, spend
from storage.directory import Link

ROWS_MAX = 20
"""How many unlinked identities are shown, the dearest first."""


def people_(ctx: Context) -> Card:
    """Who is known here, and who lacks a manager or a team; for finance and admins."""
    _only_finance(ctx)
    everybody = people.active_people(ctx.conn)
    known = {each.id for each in everybody}
    accounts = {each.id: each for each in people.every_account(ctx.conn)}
    no_manager = [each.name for each in everybody if each.manager not in known]
    no_team = [each.name for each in everybody if accounts[f"person/{each.id}"].parent_id == "org"]
    teams = sum(each.kind == "team" for each in accounts.values())
    agents = sum(each.kind == "agent" for each in accounts.values())
    blocks: list[Block] = [Facts((("Teams", str(teams)), ("Agents", str(agents))))]
    blocks += [
        Text(f"{what}: {_some(names)}") for what, names in (("No manager", no_manager), ("No team", no_team)) if names
    ]
    return Card(f"{len(everybody)} people", (*blocks, Button("Who is not linked?", "link")))


def link(ctx: Context, provider: One = "", kind: Kind = "", identity: One = "", to: MaybeTo = None) -> Card:
    """What is charged to nobody yet, and whose it is: `link litellm key 1a2b… to ana`. For finance and admins.

    The charges of the past follow the link. Alone it lists what is not linked, the dearest first.
    """
    _only_finance(ctx)
    if not provider:
        return _unlinked(ctx)
    if not kind or not identity:
        raise RefusedError("Say it like this: link litellm user usr_123 to ana")
    if to is None:
        raise RefusedError(f"Say whose it is, such as: link {provider} {kind} {identity} to ana", fault="to")
    full = _complete(ctx, provider, kind, identity)
    new = Link(provider, kind, full, to.id)  # type: ignore[arg-type]
    people.link(ctx.conn, new, "explicit")
    moved = ingest.reattribute(ctx.conn, [new], ctx.now)
    ctx.deed("linked", to.id, role_of(ctx), f"{provider} {kind} {full}, {moved} charges")
    return Card(f"{kind.capitalize()} {full} is {to.name}'s now", (Facts((("Charges moved", str(moved)),)),))


def _only_finance(ctx: Context) -> None:
    if not sees_all(ctx):
        raise RefusedError("That is for finance and admins.")


def _complete(ctx: Context, provider: str, kind: str, identity: str) -> str:
    """The whole id for the first characters of one that is charged to nobody, as the list shows it."""
    short = identity.removesuffix("…")
    known = {each.identity for each in spend.unallocated(ctx.conn) if (each.provider, each.kind) == (provider, kind)}
    found = sorted(each for each in known if each == short or (identity.endswith("…") and each.startswith(short)))
    if len(found) > 1:
        raise RefusedError(f"Several begin with {short}. Write more of it.")
    if not found:
        raise RefusedError(f"Nothing that {provider} reports of a {kind} “{identity}” is charged to nobody. Say: link")
    return found[0]


def _unlinked(ctx: Context) -> Card:
    found = sorted(spend.unallocated(ctx.conn), key=lambda each: -each.cost_nanos)
    unit = ctx.policy.organization.currency
    total = ctx.amount(sum(each.cost_nanos for each in found), unit)
    if not found:
        return Card("Everything is linked", (Text("All usage is charged to somebody."), as_of(ctx)), "good")
    rows = tuple(
        (each.provider, each.kind, _short(each.identity), ctx.amount(each.cost_nanos, unit), ctx.day(each.last))
        for each in found[:ROWS_MAX]
    )
    columns = ("Provider", "What", "Which", "Cost", "Last seen")
    first = found[0]
    return Card(
        f"{total} belong to nobody yet",
        (
            Table(f"{len(found)} identities that are not linked", columns, rows, "lllrl"),
            Text(f"Say whose one is, such as: link {first.provider} {first.kind} {_short(first.identity)} to ana"),
            as_of(ctx),
        ),
        "warn",
    )


def _short(identity: str) -> str:
    return identity if len(identity) <= 20 else identity[:12] + "…"  # noqa: PLR2004 - what a line can hold


def _some(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")  # noqa: PLR2004 - as above
