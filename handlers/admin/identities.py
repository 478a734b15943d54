"""Who is who: identities at providers that belong to nobody yet, and the people we know."""

from collections import Counter
from collections.abc import Mapping
from functools import partial

from handlers.access import role_of, sees_all
from handlers.arguments import AsFile, Kind, MaybeTo, One, Page
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import CHAT_PLATFORMS, Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import in_units
from handlers.pages import as_file, part_of, part_read
from handlers.provenance import as_of
from storage import former_links, people, roll, spend
from storage.directory import Link

SHOWN_MAX = 10
KINDS = {"key": N_("key"), "user": N_("user"), "team": N_("team"), "": ""}


def people_(ctx: Context, page: Page = 1, as_csv: AsFile = False) -> Card:
    """The people Bursar knows, and those without a manager or a team. For finance and admins.

    “people page 2” shows more of them, and “people as csv” sends you all of them as a file.
    """
    _only_finance(ctx)
    count = roll.count(ctx.conn)
    title = ctx.nt("{n} person", "{n} people", count)
    if as_csv:
        rows = (
            (each.id, each.name, each.email, one.team, each.manager, " ".join(each.roles))
            for one in roll.everybody(ctx.conn)
            for each in [one.person]
        )
        return as_file(ctx, title, f"people-{ctx.today}", ("id", "name", "email", "team", "manager", "roles"), rows)
    accounts = roll.counts(ctx.conn)
    facts = ((ctx.t("Teams"), str(accounts.get("team", 0))), (ctx.t("Agents"), str(accounts.get("agent", 0))))
    blocks: list[Block] = [Facts(facts)]
    names, odd = roll.without_manager(ctx.conn, SHOWN_MAX)
    blocks += [Text(ctx.t("Without a manager: {names}", names=_some(ctx, names, odd)))] if odd else []
    names, odd = roll.without_team(ctx.conn, SHOWN_MAX)
    blocks += [Text(ctx.t("Without a team: {names}", names=_some(ctx, names, odd)))] if odd else []
    part = part_read(count, page, partial(roll.listed, ctx.conn))
    lines = tuple((each.person.name, each.team, each.manager) for each in part.rows)
    heads = (ctx.t("Name"), ctx.t("Team"), ctx.t("Manager"))
    blocks.append(Table(part.captioned(ctx, ctx.t("People")), heads, lines, "lll"))
    return Card(title, (*blocks, *part.buttons(ctx, "people"), Button(ctx.t("What is not linked?"), "link")))


def link(
    ctx: Context,
    page: Page = 1,
    as_csv: AsFile = False,
    provider: One = "",
    kind: Kind = "",
    identity: One = "",
    to: MaybeTo = None,
) -> Card:
    """Say whose a key or user at a provider is: “link litellm key 1a2b… to ana”. For finance and admins.

    Past charges move to that person, too, also those that were charged to somebody else. “link” alone lists what is
    unallocated, the most expensive first.
    “link page 2” shows more of it, and “link as csv” sends you all of it as a file.
    """
    _only_finance(ctx)
    if not provider:
        return _unlinked(ctx, page, as_csv=as_csv)
    if not kind or not identity:
        raise RefusedError("Say it like this: link litellm user usr_123 to ana")
    if to is None:
        example = f"link {provider} {kind} {identity} to ana"
        raise RefusedError("Say whose it is, for example: {example}", fault="to", example=example)
    full, was = _complete(ctx, provider, kind, identity)
    new = Link(provider, kind, full, to.id)  # type: ignore[arg-type]
    people.relink(ctx.conn, new)
    moved = former_links.correct(ctx.conn, new, ctx.now)
    before = f", before {was}" if was not in ("", to.id) else ""
    ctx.deed("linked", to.id, role_of(ctx), f"{provider} {kind} {full}{before}, {moved} charges")
    title = ctx.t("{identity} is linked to {name}", identity=full, name=to.name)
    return Card(title, (Facts(((ctx.t("Charges moved"), str(moved)),)),))


def _only_finance(ctx: Context) -> None:
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can do this.")


def _complete(ctx: Context, provider: str, kind: str, identity: str) -> tuple[str, str]:
    """The whole id for the first characters of one that is linked or charged to nobody, and whose it is, or ""."""
    short = identity.removesuffix("…").replace("%20", " ")
    # Who is who in a chat decides what they may do, so that is never said here.
    is_provider = ctx.policy.vendor(provider) is not None and provider not in CHAT_PLATFORMS
    known = people.linked_like(ctx.conn, provider, kind, short) if is_provider else {}
    here = [each for each in spend.unallocated(ctx.conn) if (each.provider, each.kind) == (provider, kind)]
    known = dict.fromkeys((each.identity for each in here), "") | known
    found = sorted(each for each in known if each == short or (identity.endswith("…") and each.startswith(short)))
    found = found or sorted(each.identity for each in here if each.name == short)
    if len(found) > 1:
        is_name = any(each.name == short for each in here)
        hint = ", ".join(found[:SHOWN_MAX])
        if is_name:
            raise RefusedError("Several are called {short}. Say which: {ids}", short=short, ids=hint)
        raise RefusedError("Several begin with {short}. Write more characters.", short=short)
    if not found:
        raise RefusedError(
            "{provider} reports nothing for {kind} “{identity}”. To see what is unallocated, say: link",
            provider=provider,
            kind=kind,
            identity=identity,
        )
    return found[0], known[found[0]]


def _unlinked(ctx: Context, page: int, *, as_csv: bool) -> Card:
    found = sorted(spend.unallocated(ctx.conn), key=lambda each: -each.cost_nanos)
    unit = ctx.policy.organization.currency
    total = ctx.amount(sum(each.cost_nanos for each in found), unit)
    if not found:
        said = ctx.t("Every charge belongs to a person, a team or an agent.")
        return Card(ctx.t("Nothing is unallocated"), (Text(said), as_of(ctx)), "good")
    if as_csv:
        heads = ("provider", "kind", "id", "name", "cost", "currency", "last_seen")
        cells = [
            (each.provider, each.kind, each.identity, each.name, in_units(each.cost_nanos, unit), unit, str(each.last))
            for each in found
        ]
        return as_file(ctx, ctx.t("{amount} unallocated", amount=total), f"unallocated-{ctx.today}", heads, cells)
    part = part_of(found, page)
    often = Counter((each.provider, each.kind, each.name) for each in found)
    rows = tuple(
        (
            each.provider,
            ctx.t(KINDS[each.kind]),
            _called(each, often) or ctx.t("nobody named"),
            ctx.amount(each.cost_nanos, unit),
            ctx.day(each.last),
        )
        for each in part.rows
    )
    columns = (ctx.t("Provider"), ctx.t("Kind"), ctx.t("Name"), ctx.t("Cost"), ctx.t("Last seen"))
    caption = ctx.nt("{n} key or user is not linked", "{n} keys or users are not linked", len(found))
    named = next((each for each in part.rows if _called(each, often)), None)
    says = f"link {named.provider} {named.kind} {_called(named, often).replace(' ', '%20')} to ana" if named else ""
    return Card(
        ctx.t("{amount} unallocated", amount=total),
        (
            Table(part.captioned(ctx, caption), columns, rows, "lllrl"),
            *((Text(ctx.t("To link one, say: {example}", example=says)),) if says else ()),
            *part.buttons(ctx, "link"),
            as_of(ctx),
        ),
        "warn",
    )


def _called(one: spend.Unallocated, often: Mapping[tuple[str, str, str], int]) -> str:
    """By its name where only it is called so, else by its id."""
    return one.name if one.name and often[one.provider, one.kind, one.name] == 1 else _short(one.identity)


def _short(identity: str) -> str:
    return identity if len(identity) <= 20 else identity[:12] + "…"  # noqa: PLR2004 - what a line can hold


def _some(ctx: Context, names: list[str], count: int) -> str:
    shown = ctx.listed(names)
    more = count - len(names)
    return ctx.nt("{names} and {n} more", "{names} and {n} more", more, names=shown) if more > 0 else shown
