"""Sources of outcomes: how each is read, and whether its token ends soon."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from handlers.admin.services import those_who_look_after_it
from handlers.card import Button, Card, Table, Text
from handlers.context import Context
from handlers.events import CheckSources
from storage import outcomes
from storage.outcomes import SourceState

ENDS_SOON = timedelta(days=30)
"""So long before its end a token is spoken of."""
MILESTONES = (30, 7, 1)
"""So many days before a token ends it is told."""
SILENT = timedelta(days=2)
"""They are read once a day, and a day's reading may be late."""


def sources(ctx: Context) -> list[SourceState]:
    """How each source of app.yaml stands."""
    return [outcomes.state_of(ctx.conn, name) for name in ctx.policy.outcomes]


def trouble_with(ctx: Context, states: Sequence[SourceState]) -> list[tuple[str, str]]:
    """What is wrong with sources, each with its name as a text; a refused token first."""
    found = [
        *((each, ctx.said(each.error)) for each in states if each.refused),
        *((each, ctx.said(each.error)) for each in states if each.error and not each.refused),
        *((each, _ends(ctx, each)) for each in states if _ends_soon(ctx, each)),
        *(
            (each, ctx.t("Last read: {when}", when=ctx.moment(each.read_at)))
            for each in states
            if not each.error and each.read_at and each.read_at < ctx.now - SILENT
        ),
    ]
    return [(ctx.t("outcomes of {name}", name=each.name), why) for each, why in found]


def sources_table(ctx: Context, states: Sequence[SourceState]) -> list[Table]:
    """When each was read, and what is wrong with it; nothing if there are none."""
    rows = tuple(
        (
            each.name,
            ctx.moment(each.read_at) if each.read_at else ctx.t("never"),
            (ctx.said(each.error) if each.error else "")
            or (_ends(ctx, each) if _ends_soon(ctx, each) else "")
            or (ctx.t("none") if each.read_at else ctx.t("not read yet")),
        )
        for each in states
    )
    columns = (ctx.t("Source"), ctx.t("Last read"), ctx.t("Error"))
    return [Table(ctx.t("Outcomes"), columns, rows, "lll")] if rows else []


def check_sources(ctx: Context, _event: CheckSources) -> None:
    """Tell finance and admins, once each, 30 days, 7 days and a day before the token of a source ends."""
    for state in sources(ctx):
        if state.expires is None or not _ends_soon(ctx, state):
            continue
        due = min(each for each in MILESTONES if each >= (state.expires - ctx.today).days)
        those = those_who_look_after_it(ctx)
        ctx.places_of([each.id for each in those])
        for person in those:
            reader = replace(ctx, person=person)
            title = reader.t("The token for {what} ends soon", what=reader.t("outcomes of {name}", name=state.name))
            blocks = (
                Text(_ends(reader, state)),
                Text(reader.t("Make a new one and set it before that day, so that no day is missing.")),
                Button(reader.t("Status"), "status"),
            )
            reader.tell(person.id, f"token ends/{state.name}/{state.expires}/{due}", Card(title, blocks, "warn"))


def _ends_soon(ctx: Context, state: SourceState) -> bool:
    return state.expires is not None and state.expires <= ctx.today + ENDS_SOON


def _ends(ctx: Context, state: SourceState) -> str:
    day = state.expires or ctx.today
    if day < ctx.today:
        return ctx.t("The token ended on {day}.", day=ctx.last_day(day))
    return ctx.t("The token ends on {day}.", day=ctx.last_day(day))
