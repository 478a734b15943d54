"""What somebody sees of waste: one finding, several, totals, and what was saved."""

from collections.abc import Sequence
from datetime import date

from handlers.card import Block, Button, Card, Facts, Table, Text, Tone
from handlers.context import Context
from handlers.provenance import as_of
from handlers.waste import totals
from handlers.waste.detectors import DETECTORS
from handlers.waste.totals import Summary
from storage.findings import Finding

SHOWN_MAX = 8


UNSEEN = (
    "Usage figures hold no prompts: doubled or bad prompts, wrong answers and work that nobody needed cannot be seen "
    "here. Savings are estimates at own prices of the last four weeks; of overlapping ones only the largest counts."
)


def realised_card(ctx: Context, one: Finding, realised: int, days: int) -> Card:
    """What was saved since its owner acted, beside what was estimated."""
    title, unit = DETECTORS[one.found.detector].title, ctx.policy.organization.currency
    estimate = saving_of(ctx, one.found.saving)
    facts = [("Finding", f"#{one.id}, {title.lower()}"), ("Measured over", f"{days} days")]
    facts += [("Estimated", f"{estimate} a month")] if one.found.saving else []
    if not realised:
        text = Text("The account costs no less than before. Say waste to see what is still found.")
        return Card(f"#{one.id}: no saving can be measured", (Facts(tuple(facts)), text), "warn")
    shown = ctx.amount(realised, unit)
    return Card(f"{shown} a month saved", (Facts(tuple(facts)), Text("Thank you.")), "good")


def list_card(ctx: Context, here: Sequence[Finding], names: dict[str, str], sums: Summary) -> Card:
    """Several findings, the largest first, with a look at each of the first ones."""
    if not here:
        realised = realised_facts(ctx, sums)
        return Card("No waste found", (*([Facts(realised)] if realised else []), Text(UNSEEN, quiet=True), as_of(ctx)))
    here = sorted(here, key=totals.order)
    rows = tuple(
        (
            f"#{each.id}",
            _headline(each, names),
            ctx.amount(each.found.cost_nanos, ctx.policy.organization.currency),
            saving_of(ctx, each.found.saving),
            each.found.confidence,
        )
        for each in here[:SHOWN_MAX]
    )
    table = Table("What was found", ("No.", "What", "Costs a month", "Could be kept", "Sure"), rows, "llrrl")
    buttons = [Button(f"Look at #{each.id}", f"finding {each.id}") for each in here[:4]]
    blocks: list[Block] = [table]
    blocks += [Text(f"And {len(here) - SHOWN_MAX} smaller ones.")] if len(here) > SHOWN_MAX else []
    blocks += [Facts(realised_facts(ctx, sums))] if sums.realised_nanos else []
    return Card(_title(ctx, sums), (*blocks, *buttons, Text(UNSEEN, quiet=True), as_of(ctx)), _tone(sums))


def _headline(one: Finding, names: dict[str, str]) -> str:
    whose = names.get(one.found.account_id, "")
    return f"{whose}: {one.found.what}" if whose else one.found.what


def finding_card(ctx: Context, one: Finding) -> Card:
    """One finding: what could be kept, why we think so, what to do, and the buttons."""
    found, unit = one.found, ctx.policy.organization.currency
    account = ctx.account(found.account_id)
    whose = f"{account.name}: " if account and account.id != ctx.account_id else ""
    facts = [("Costs", f"{ctx.amount(found.cost_nanos, unit)} a month")] if found.cost_nanos else []
    facts += [*((name, _shown(ctx, value)) for name, value in found.evidence), ("How sure", found.confidence)]
    title = f"{saving_of(ctx, found.saving)} a month could be kept" if found.saving else found.what
    blocks: list[Block] = [Text(f"{found.what}.")] if found.saving else []
    blocks += [Facts(tuple(facts)), Text(found.advice)]
    if one.state == "open":
        blocks += _buttons(one)
    else:
        blocks.append(Text(_said(ctx, one)))
    seen = f"Finding #{one.id}, seen on {ctx.day(one.since)}"
    seen += f" and until {ctx.day(one.seen)}." if one.seen > one.since else "."
    seen += "" if DETECTORS[found.detector].of_seats else f" {UNSEEN}"
    return Card(f"{whose}{title}", (*blocks, Text(seen, quiet=True)), "warn" if one.state == "open" else "plain")


def _shown(ctx: Context, value: str) -> str:
    """Evidence as it was kept; a day as the reader writes days."""
    try:
        return ctx.day(date.fromisoformat(value))
    except ValueError:
        return value


def _buttons(one: Finding) -> list[Block]:
    if DETECTORS[one.found.detector].saves == "seat":
        confirm = "Give this seat back? You may have to wait for another one."
        return [
            Button("Keep", f"keep {one.id}", style="primary"),
            Button("Release", f"release {one.id}", confirm=confirm),
            Button("Remind me", f"postpone {one.id}"),
        ]
    return [
        Button("Done", f"done {one.id}", style="primary"),
        Button("Not waste", f"dismiss {one.id}"),
        Button("Remind me", f"postpone {one.id}"),
    ]


def _said(ctx: Context, one: Finding) -> str:
    match one.state:
        case "done":
            day = f" on {ctx.day(one.done_on)}" if one.done_on else ""
            return f"Done{day}."
        case "dismissed":
            return f"No waste: “{one.reason}”."
        case _:
            return "It is not seen any more."


def _title(ctx: Context, sums: Summary) -> str:
    unit = ctx.policy.organization.currency
    if sums.high_nanos:
        return f"{saving_of(ctx, (sums.low_nanos, sums.high_nanos))} a month could be kept"
    return f"{ctx.amount(sums.unexplained_nanos, unit)} a month belongs to nobody"


def _tone(sums: Summary) -> Tone:
    return "warn" if sums.high_nanos or sums.unexplained_nanos else "plain"


def saving_of(ctx: Context, saving: tuple[int, int] | None) -> str:
    """A saving as a range, or that it is not known."""
    if saving is None:
        return "–"
    unit = ctx.policy.organization.currency
    low, high = (ctx.amount(each, unit) for each in saving)
    return high if low == high else f"{low} to {high}"


def realised_facts(ctx: Context, sums: Summary) -> tuple[tuple[str, str], ...]:
    """What was saved so far."""
    if not sums.realised_nanos:
        return ()
    return (("Saved already", f"{ctx.amount(sums.realised_nanos, ctx.policy.organization.currency)} a month"),)
