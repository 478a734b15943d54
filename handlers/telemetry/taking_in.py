"""Measurements of programs come in: whose they are, what of them is new, and what follows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from handlers.context import Context
from handlers.events import CheckJobs, CheckPrices, CheckSpikes, CheckThresholds
from handlers.telemetry.counting import count
from storage import erased, former_links, people, pulls, telemetry
from storage.directory import Link, address
from storage.pulls import Pull
from storage.tables import UNALLOCATED
from storage.telemetry import Cell, Identity, Measured

CELLS_MAX = 200
"""Cells that one identity has in an hour; what would be more loses what it was for, and then its model."""
OTHERS = "other models"
Found = tuple[Link, str, str]
"""A link, how it is known, and the name over there."""
LOOK_EVERY_S = 30
"""How long what came in is collected before it is looked at."""
AFTER = (CheckThresholds(), CheckSpikes(), CheckPrices(), CheckJobs())


def take_in(ctx: Context, batch: Sequence[Measured]) -> int:
    """Count a batch of measurements; those that came before are passed over.

    Args:
        ctx: of an order, with nothing else in it.
        batch: of any tokens, in any order.

    Returns:
        How many were new.
    """
    batch, theirs = _under_pseudonyms(ctx, batch)
    identities = {_identity(each.cell) for each in batch}
    _link(ctx, identities, theirs)
    new = telemetry.news(ctx.conn, batch, ctx.today)
    if not new:
        return 0
    amounts: dict[Cell, dict[str, int]] = defaultdict(dict)
    cells = _bounded(ctx, {each.cell for each, _ in new})
    for each, value in new:
        here = amounts[cells[each.cell]]
        for name, factor in each.factors.items():
            here[name] = here.get(name, 0) + factor * value
    telemetry.add(ctx.conn, amounts)
    count(ctx, {(_identity(cell), cell.hour.astimezone(UTC).date()) for cell in amounts})
    for program in sorted({cell.program for cell in amounts}):
        heard = Pull(program, ctx.now, ctx.now, None, len(new), len(amounts), "", heard_until=ctx.now, late_seconds=0)
        pulls.note_pull(ctx.conn, heard)
    slot, due = _slot(ctx.now)
    for event in AFTER:
        ctx.emit(f"telemetry/{slot:%Y-%m-%dT%H:%M:%S}", event, due)
    return len(new)


def _under_pseudonyms(ctx: Context, batch: Sequence[Measured]) -> tuple[Sequence[Measured], list[Found]]:
    """The same, with the pseudonyms of who was erased where programs name them; and whose these are."""
    instead = erased.pseudonyms(ctx.conn)
    if instead is None:
        return batch, []
    renamed: dict[Cell, Cell] = {}
    for cell in {each.cell for each in batch}:
        subject = instead(cell.subject, cell.hour)
        if subject != cell.subject:
            renamed[cell] = replace(cell, subject=subject)
    theirs = {(cell.program, cell.subject) for cell in renamed.values()}
    known = people.persons(ctx.conn, {subject for _, subject in theirs}) if theirs else {}
    found = [(Link(program, "user", name, f"person/{name}"), "email", "") for program, name in theirs if name in known]
    return [replace(each, cell=renamed.get(each.cell, each.cell)) for each in batch], found


def _slot(now: datetime) -> tuple[datetime, datetime]:
    """The beginning and the end of the stretch of time that is looked at together."""
    start = now.replace(second=now.second // LOOK_EVERY_S * LOOK_EVERY_S, microsecond=0)
    return start, start + timedelta(seconds=LOOK_EVERY_S)


def _identity(cell: Cell) -> Identity:
    return cell.program, cell.resource, cell.subject


def _link(ctx: Context, identities: Collection[Identity], theirs: Sequence[Found]) -> None:
    """Make known whose identities are: the account of the token, or the one active person under an address.

    What was told under an address before its person was known follows them.

    Args:
        ctx: of an order.
        identities: as programs name them.
        theirs: the links of those that are pseudonyms.
    """
    known = telemetry.accounts_of(ctx.conn, identities)
    strangers = [each for each, account in known.items() if account == UNALLOCATED]
    addresses = {subject for _, resource, subject in strangers if not resource and "@" in subject}
    persons = people.ids_by_email(ctx.conn, addresses) if addresses else {}
    found = [(Link(program, "key", resource, resource), "token", "") for program, resource, _ in strangers if resource]
    found += theirs
    found += [
        (Link(program, "user", subject, f"person/{persons[subject]}"), "email", "")
        for program, resource, subject in strangers
        if not resource and subject in persons
    ]
    if found:
        former_links.settle(ctx.conn, people.link_all(ctx.conn, found), ctx.today, ctx.now)


def _bounded(ctx: Context, cells: Iterable[Cell]) -> Mapping[Cell, Cell]:
    """Where each cell is added up, so that nobody fills the database with names."""
    sizes = telemetry.sizes(ctx.conn, set(cells))
    found: dict[Cell, Cell] = {}
    for cell in sorted(cells):
        place = (*_identity(cell), cell.hour)
        sizes[place] = sizes.get(place, 0) + 1
        if sizes[place] > 2 * CELLS_MAX:
            found[cell] = Cell(cell.program, cell.hour, cell.resource, cell.subject, OTHERS)
        elif sizes[place] > CELLS_MAX:
            found[cell] = replace(cell, skill="", subagent="", mcp_server="", source="", effort="")
        else:
            found[cell] = cell
    return found


def subject_of(email: str, user_id: str) -> str:
    """Whom a program named: by address if it says one, else by its own id of the user."""
    return address(email) if "@" in email else user_id
