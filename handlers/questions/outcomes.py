"""What came out of the work of teams, beside what they spent: a line for each team, in the order of the alphabet."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from handlers.access import GROUP_MIN, groups_below, may_see, sees_all
from handlers.arguments import Page
from handlers.card import Block, Button, Card, Table, Text
from handlers.context import CLOCK, Context
from handlers.errors import RefusedError
from handlers.money import percent
from handlers.pages import part_of
from handlers.provenance import as_of
from handlers.questions.unit_cost import HONEST, PREFERRED, REVERTS, as_long_before, cost_words, usual_span, words_of
from handlers.spans import Span
from storage import installation, people, spend
from storage import outcomes as counts
from storage.tables import ORGANIZATION, UNALLOCATED


def outcomes_(ctx: Context, page: Page = 1) -> Card:
    """What merged pull requests, closed issues and other outcomes cost each team: the last four weeks and those before.

    For finance, admins, viewers and who owns a team; teams of five people or more, in the order of the alphabet.
    """
    span = usual_span(ctx)
    first, end, earlier = span.first, span.end, as_long_before(ctx, span)
    now = counts.counted_by(ctx.conn, first, end)
    if not now and sees_all(ctx):  # nobody's team is asked about where nothing is counted
        return _none(ctx, span)
    seen = _teams(ctx, replace(span, first=earlier))
    if not seen:
        raise RefusedError("Outcomes are shown for teams of five people or more, to who owns one, and to finance.")
    kind = next((each for each in PREFERRED if any((team, each) in now for team in seen)), "")
    if not kind:
        return _none(ctx, span)
    then = counts.counted_by(ctx.conn, earlier, first)
    counted = [each for each in seen if (each, kind) in now or (each, kind) in then]  # not all teams write code
    spent, before = _spent(ctx, counted, first, end), _spent(ctx, counted, earlier, first)
    rows = []
    for team in sorted(counted, key=lambda each: ctx.line(each)[0].name.casefold()):
        number, was = now.get((team, kind), 0), then.get((team, kind), 0)
        one = cost_words(ctx, spent.get(team, 0), number)
        rows.append((ctx.line(team)[0].name, str(number), one, cost_words(ctx, before.get(team, 0), was)))
    part = part_of(rows, page)
    heads = (ctx.t("Team"), ctx.t("Counted"), ctx.t("Cost of one"), ctx.t("Before"))
    caption = part.captioned(ctx, ctx.t("Counted: {outcomes}", outcomes=words_of(ctx, kind)))
    blocks: list[Block] = [Table(caption, heads, tuple(part.rows), "lrrr"), *part.buttons(ctx, "outcomes", file=False)]
    blocks += [*_reverted(ctx, kind, now), *_unallocated(ctx, first, end), *_trouble(ctx)]
    mine = next((each for each in seen if now.get((each, kind))), "")
    blocks.append(Button(ctx.t("One team in detail"), f"value of {mine.replace('/', ' ')}"))
    blocks += [Text(ctx.t(HONEST), quiet=True), as_of(ctx, first=earlier, end=end)]
    title = ctx.nt("Outcomes of {n} team {period}", "Outcomes of {n} teams {period}", len(rows), period=span.label)
    is_public = ctx.place.public and ctx.person.id == CLOCK.id
    return Card(title, tuple(blocks), personal=not is_public)


def _none(ctx: Context, span: Span) -> Card:
    why = Text(ctx.t("No source counts outcomes here. Add one to app.yaml under “outcomes:”, or import a list."))
    return Card(ctx.t("No outcomes counted {period}", period=span.label), (why, *_trouble(ctx)))


def _teams(ctx: Context, span: Span) -> list[str]:
    """The teams that are shown: so large that nobody is told out of them; for many readers also by subtraction."""
    if ctx.person.id == CLOCK.id:
        shown = [each for each in groups_below(ctx, ORGANIZATION, span) if each != ORGANIZATION]
        ctx.look_up(shown)
        return shown
    teams, direct = people.teams_below(ctx.conn, ORGANIZATION), people.headcounts(ctx.conn, ORGANIZATION)
    ctx.look_up([each.id for each in teams])
    sizes = Counter[str]()
    for each in teams:
        for above in ctx.line(each.id):
            sizes[above.id] += direct.get(each.id, 0)
    return [each.id for each in teams if sizes[each.id] >= GROUP_MIN and may_see(ctx, each.id)]


def _spent(ctx: Context, teams: list[str], first: date, end: date) -> dict[str, int]:
    rows = spend.spent_by_account(ctx.conn, ORGANIZATION, teams, first, end)
    return {each.name: each.cost_nanos for each in rows}


def _reverted(ctx: Context, kind: str, now: dict[tuple[str, str], int]) -> Iterator[Text]:
    """How much was taken back in the whole company, which is counted apart."""
    reverts, all_ = now.get((ORGANIZATION, REVERTS), 0), now.get((ORGANIZATION, kind), 0)
    if reverts and all_ and sees_all(ctx):
        yield Text(
            ctx.nt(
                "{n} revert is counted apart ({percent} % of what was merged).",
                "{n} reverts are counted apart ({percent} % of what was merged).",
                reverts,
                percent=percent(reverts, all_),
            )
        )


def _unallocated(ctx: Context, first: date, end: date) -> Iterator[Text]:
    """That spending which is nobody's makes teams look cheap."""
    if not sees_all(ctx):
        return
    whole = sum(each.cost_nanos for each in spend.spent_by(ctx.conn, ORGANIZATION, first, end, "provider"))
    lost = sum(each.cost_nanos for each in spend.spent_by(ctx.conn, UNALLOCATED, first, end, "provider"))
    share = percent(lost, whole) if whole else 0
    if share:
        yield Text(ctx.t("{percent} % of all spending is unallocated and in no team's cost.", percent=share))


def _trouble(ctx: Context) -> Iterator[Text]:
    """What a source could not read, so that a fall of a figure is not taken for a fall of the work."""
    for name in ctx.policy.outcomes:
        noted = installation.noted(ctx.conn, counts.note_of(name))
        if noted is None:
            yield Text(ctx.t("{name}: not read yet.", name=name))
            continue
        said = json.loads(noted[0])
        yield Text(ctx.t("{name}: counted until {day}.", name=name, day=ctx.day(date.fromisoformat(said["last"]))))
        if not sees_all(ctx):
            continue
        if said["unread"]:
            names = ctx.listed(said["unread"])
            yield Text(ctx.t("Not readable, so their teams keep the figures of before: {names}", names=names))
        if said["unmatched"]:
            names = ctx.listed(said["unmatched"])
            yield Text(ctx.t("No repository is called so, it may have been renamed: {names}", names=names))
        if said.get("unowned"):
            names = ctx.listed(said["unowned"])
            yield Text(ctx.t("CODEOWNERS not readable, so app.yaml says whose these are: {names}", names=names))
        if said.get("members_unread"):
            yield Text(ctx.t("{name}: the token may not read teams, so nobody's membership counts.", name=name))
        if said["unallocated"]:
            n = said["unallocated"]
            yield Text(ctx.nt("{n} outcome belongs to no team.", "{n} outcomes belong to no team.", n))
