"""What somebody sees of waste: one finding, several, totals, and what was saved."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from babel.numbers import format_compact_decimal, format_decimal

from handlers.card import Block, Button, Card, Facts, Table, Text, Tone
from handlers.context import Context
from handlers.language import N_
from handlers.pages import part_of
from handlers.provenance import as_of
from handlers.waste import totals
from handlers.waste.detectors import DETECTORS
from handlers.waste.totals import Summary
from storage.findings import Confidence, Finding, Said
from storage.people import Account

SHOWN_MAX = 8
COMPACT_FROM = 10**6  # as amounts of tokens are shown
KEPT = "kept"
"""Why a seat is no waste, as it is stored when its owner keeps it."""

UNSEEN = N_(
    "Usage data contains no prompts, so repeated or poor prompts, wrong answers and unneeded work are not visible here."
    " Savings are estimates from your own prices in the last four weeks. Where findings overlap, only the largest"
    " counts."
)
CONFIDENCES: Mapping[Confidence, str] = {"high": N_("high"), "medium": N_("medium"), "low": N_("low")}


def in_words(ctx: Context, said: Said) -> str:
    """A text that was kept as data, in the reader's language; numbers and days as the reader writes them."""
    return ctx.t(said.text, **{name: _shown(ctx, value) for name, value in said.values.items()})


def _shown(ctx: Context, value: str | float) -> str:
    if isinstance(value, str):
        try:
            return ctx.day(date.fromisoformat(value))
        except ValueError:
            return value
    if isinstance(value, int) and abs(value) >= COMPACT_FROM:
        return format_compact_decimal(value, locale=ctx.locale, fraction_digits=1)
    return format_decimal(Decimal(str(value)), locale=ctx.locale)


def realised_card(ctx: Context, one: Finding, realised: int, days: int) -> Card:
    """What was saved since its owner acted, beside what was estimated."""
    title = ctx.t(DETECTORS[one.found.detector].title)
    estimate = saving_of(ctx, one.found.saving)
    facts = [
        (ctx.t("Finding"), ctx.t("#{number}, {title}", number=one.id, title=title)),
        (ctx.t("Measured over"), ctx.nt("{n} day", "{n} days", days)),
    ]
    facts += [(ctx.t("Estimated"), ctx.t("{amount} a month", amount=estimate))] if one.found.saving else []
    if not realised:
        text = Text(ctx.t("The account costs no less than before. To see what is still found, say: waste"))
        return Card(ctx.t("#{number}: no saving measured", number=one.id), (Facts(tuple(facts)), text), "warn")
    shown = ctx.amount(realised, ctx.policy.organization.currency)
    blocks = (Facts(tuple(facts)), Text(ctx.t("Thank you.")))
    return Card(ctx.t("{amount} a month saved", amount=shown), blocks, "good")


def list_card(
    ctx: Context, here: Sequence[Finding], names: dict[str, str], sums: Summary, says: str = "waste", page: int = 1
) -> Card:
    """Several findings, the largest first, a page of them at a time, with a look at each of the first ones there."""
    if not here:
        return Card(ctx.t("No waste found"), (*realised_blocks(ctx, sums), unseen(ctx), as_of(ctx)))
    part = part_of(sorted(here, key=totals.order), page, SHOWN_MAX)
    buttons = [Button(ctx.t("Show #{number}", number=each.id), f"finding {each.id}") for each in part.rows[:4]]
    buttons += part.buttons(ctx, says, file=False)
    more = part.total - part.first + 1 - len(part.rows)
    blocks: list[Block] = [findings_table(ctx, part.captioned(ctx, ctx.t("Findings")), part.rows, names)]
    blocks += [Text(ctx.nt("And {n} smaller finding.", "And {n} smaller findings.", more))] if more > 0 else []
    blocks += realised_blocks(ctx, sums)
    return Card(title_of_sums(ctx, sums), (*blocks, *buttons, unseen(ctx), as_of(ctx)), tone_of_sums(sums))


def findings_table(ctx: Context, caption: str, here: Sequence[Finding], names: dict[str, str]) -> Table:
    """The first of some findings by the names of their kinds, for in a table a sentence is too long."""
    unit = ctx.policy.organization.currency
    rows = tuple(
        (_headline(ctx, each, names), ctx.amount(each.found.cost_nanos, unit), saving_of(ctx, each.found.saving))
        for each in here[:SHOWN_MAX]
    )
    heads = (ctx.t("Finding"), ctx.t("Cost a month"), ctx.t("Potential savings"))
    return Table(caption, heads, rows, "lrr")


def _headline(ctx: Context, one: Finding, names: dict[str, str]) -> str:
    title, whose = ctx.t(DETECTORS[one.found.detector].title), names.get(one.found.account_id, "")
    if not whose:
        return ctx.t("#{number} {title}", number=one.id, title=title)
    return ctx.t("#{number} {name}: {title}", number=one.id, name=whose, title=title)


def finding_card(ctx: Context, one: Finding) -> Card:
    """One finding: the potential savings, why we think so, what to do, and the buttons."""
    found, unit = one.found, ctx.policy.organization.currency
    cost = ctx.t("{amount} a month", amount=ctx.amount(found.cost_nanos, unit))
    facts = [(ctx.t("Cost"), cost)] if found.cost_nanos else []
    facts += [(in_words(ctx, name), in_words(ctx, value)) for name, value in found.evidence]
    facts += [(ctx.t("Confidence"), ctx.t(CONFIDENCES[found.confidence]))]
    blocks: list[Block] = [Text(in_words(ctx, found.what))] if found.saving else []
    blocks += [Facts(tuple(facts)), Text(in_words(ctx, found.advice))]
    blocks += _buttons(ctx, one) if one.state == "open" else [Text(_state(ctx, one))]
    blocks.append(Text(_seen(ctx, one), quiet=True))
    blocks += [] if DETECTORS[found.detector].of_seats else [unseen(ctx)]
    title = savings(ctx, found.saving) if found.saving else in_words(ctx, found.what)
    account = ctx.account(found.account_id)
    named = title if account is None or account.id == ctx.account_id else of_account(ctx, account, title)
    return Card(named, tuple(blocks), "warn" if one.state == "open" else "plain")


def savings(ctx: Context, saving: tuple[int, int]) -> str:
    """What could be saved, as a title."""
    if saving[0] or not saving[1]:
        return ctx.t("{amount} a month in potential savings", amount=saving_of(ctx, saving))
    high = ctx.amount(saving[1], ctx.policy.organization.currency)
    return ctx.t("Up to {amount} a month in potential savings", amount=high)


def of_account(ctx: Context, account: Account, title: str) -> str:
    """A title with whose it is before it."""
    return ctx.t("{name}: {news}", name=ctx.called(account), news=title)


def unseen(ctx: Context) -> Text:
    """What no finding can say."""
    return Text(ctx.t(UNSEEN), quiet=True)


def _seen(ctx: Context, one: Finding) -> str:
    first = ctx.day(one.since)
    if one.seen == one.since:
        return ctx.t("Finding #{number}, seen on {day}.", number=one.id, day=first)
    last = ctx.day(one.seen)
    return ctx.t("Finding #{number}, first seen on {first}, last on {last}.", number=one.id, first=first, last=last)


def _buttons(ctx: Context, one: Finding) -> list[Block]:
    later = Button(ctx.t("Remind me later"), f"postpone {one.id}")
    if DETECTORS[one.found.detector].saves == "seat":
        confirm = ctx.t("Release this seat? You may have to wait for another one.")
        return [
            Button(ctx.t("Keep"), f"keep {one.id}", style="primary"),
            Button(ctx.t("Release"), f"release {one.id}", confirm=confirm),
            later,
        ]
    return [
        Button(ctx.t("Done"), f"done {one.id}", style="primary"),
        Button(ctx.t("Not waste"), f"dismiss {one.id}"),
        later,
    ]


def _state(ctx: Context, one: Finding) -> str:
    match one.state:
        case "done":
            return ctx.t("Done on {day}.", day=ctx.day(one.done_on)) if one.done_on else ctx.t("Done.")
        case "dismissed" if one.reason == KEPT and DETECTORS[one.found.detector].saves == "seat":
            return ctx.t("You keep this seat.")
        case "dismissed":
            return ctx.t("Not waste: “{reason}”.", reason=one.reason)
        case _:
            return ctx.t("It is no longer seen.")


def title_of_sums(ctx: Context, sums: Summary) -> str:
    """What some findings come to: what could be saved, else what is only shown."""
    if sums.high_nanos:
        return savings(ctx, (sums.low_nanos, sums.high_nanos))
    if sums.unexplained_nanos:
        shown = ctx.amount(sums.unexplained_nanos, ctx.policy.organization.currency)
        return ctx.t("{amount} a month to review", amount=shown)
    return ctx.nt("{n} finding to review", "{n} findings to review", sums.count)


def tone_of_sums(sums: Summary) -> Tone:
    """How worrying they are."""
    return "warn" if sums.high_nanos or sums.unexplained_nanos else "plain"


def saving_of(ctx: Context, saving: tuple[int, int] | None) -> str:
    """A saving as a range, or that it is not known; a range from nothing is shown by its end."""
    if saving is None:
        return "–"
    unit = ctx.policy.organization.currency
    low, high = (ctx.amount(each, unit) for each in saving)
    if low == high:
        return high
    return ctx.t("{low} to {high}", low=low, high=high) if saving[0] else ctx.t("up to {high}", high=high)


def realised_blocks(ctx: Context, sums: Summary) -> list[Block]:
    """What was saved so far; nothing before the first saving is measured."""
    if not sums.realised_nanos:
        return []
    shown = ctx.amount(sums.realised_nanos, ctx.policy.organization.currency)
    return [Facts(((ctx.t("Saved"), ctx.t("{amount} a month", amount=shown)),))]
