"""Chat platforms and providers that take nothing from us."""

from collections.abc import Collection
from dataclasses import replace

from handlers.card import Button, Card, Table, Text
from handlers.context import CHAT_PLATFORMS, Context
from handlers.events import ServiceRefused
from handlers.place import UNLINKED, paused_as
from storage import outcomes, pauses, people, pulls
from storage.directory import Person
from storage.outcomes import SourceState
from storage.pauses import DeliveryPause

PLATFORMS = {"slack": "Slack", "teams": "Microsoft Teams"}
"""What people call the platforms."""


def service(ctx: Context, name: str) -> str:
    """What people call a provider, a platform, or one of its workspaces such as "slack/T2"."""
    vendor = next((each.service for each in ctx.policy.vendors if each.name == name), "")
    platform, _, workspace = name.partition("/")
    return vendor or f"{PLATFORMS.get(platform, platform)} {workspace}".rstrip()


def stopped(ctx: Context, providers: Collection[str], platforms: Collection[str] = ()) -> list[DeliveryPause]:
    """Those that take nothing now. Who refuses us comes first: somebody must act."""
    found = [
        each
        for each in pauses.every(ctx.conn)
        if each.target in providers or each.target.partition("/")[0] in platforms
    ]
    return sorted(found, key=lambda each: not each.refused)


def stopped_title(ctx: Context, first: DeliveryPause) -> str:
    """Which one takes nothing."""
    name = service(ctx, first.target)
    if not first.refused:
        return ctx.t("{service} does not answer", service=name)
    if first.target.partition("/")[0] in CHAT_PLATFORMS:
        return ctx.t("{service} takes no messages from me", service=name)
    return ctx.t("{service} refuses the key", service=name)


def stopped_table(ctx: Context, those: Collection[DeliveryPause]) -> list[Table]:
    """Since when, and why; nothing if there are none."""
    rows = tuple((service(ctx, each.target), ctx.moment(each.since), ctx.said(each.error)) for each in those)
    columns = (ctx.t("Service"), ctx.t("Since"), ctx.t("Error"))
    return [Table(ctx.t("Waiting until it works again"), columns, rows, "lll")] if rows else []


def service_refused(ctx: Context, event: ServiceRefused) -> None:
    """Tell finance and admins: of a platform by another one, wherever they have one."""
    pause = pauses.of(ctx.conn, event.name)
    if any(each.name == event.name for each in ctx.policy.vendors):
        _key_refused(ctx, event.name, pause)
    elif pause is not None:
        _platform_refused(ctx, pause)
    else:
        for name in ctx.policy.outcomes:
            if event.name == f"outcomes/{name}":
                _token_refused(ctx, outcomes.state_of(ctx.conn, name))


def those_who_look_after_it(ctx: Context) -> list[Person]:
    """Finance and admins, each once."""
    those = [*people.people_with_role(ctx.conn, "finance"), *people.people_with_role(ctx.conn, "admin")]
    return list({each.id: each for each in those}.values())


def _key_refused(ctx: Context, name: str, pause: DeliveryPause | None) -> None:
    read = next((each for each in pulls.pulled(ctx.conn) if each.provider == name), None)
    error = pause.error if pause else read.error if read else ""
    since = pause.since if pause else read.done_at or read.tried_at if read else ctx.now
    those = those_who_look_after_it(ctx) if error else []
    ctx.places_of([each.id for each in those])
    for person in those:
        reader = replace(ctx, person=person)
        title = reader.t("{service} refuses the key", service=service(ctx, name))
        goes_on = reader.t("Nothing new is read there until it works. Bursar tries again and goes on by itself.")
        if pause:
            goes_on = reader.t("Reading usage and setting limits wait there, and go on by themselves when it works.")
        blocks = (Text(reader.said(error)), Text(goes_on), Button(reader.t("Status"), "status"))
        reader.tell(person.id, f"refused/{name}/{since:%Y-%m-%dT%H:%M:%S}", Card(title, blocks, "warn"))


def _token_refused(ctx: Context, state: SourceState) -> None:
    """Tell finance and admins of a source of outcomes, once until it was read again."""
    if not state.refused or state.since is None:
        return
    those = those_who_look_after_it(ctx)
    ctx.places_of([each.id for each in those])
    for person in those:
        reader = replace(ctx, person=person)
        title = reader.t("The token for {what} is refused", what=reader.t("outcomes of {name}", name=state.name))
        stay = reader.t("What was counted stays. Bursar tries again and goes on by itself when it works.")
        blocks = (Text(reader.said(state.error)), Text(stay), Button(reader.t("Status"), "status"))
        key = f"refused/outcomes/{state.name}/{state.since:%Y-%m-%dT%H:%M:%S}"
        reader.tell(person.id, key, Card(title, blocks, "warn"))


def _platform_refused(ctx: Context, pause: DeliveryPause) -> None:
    those = those_who_look_after_it(ctx)
    places = ctx.places_of([each.id for each in those])
    for person in those:
        reader = replace(ctx, person=person)
        for place in places[person.id]:
            if paused_as(place, ctx.policy.workspaces[1:]) not in {pause.target, UNLINKED}:
                waits = reader.t(
                    "Everything for {service} waits, and is sent when it works again.",
                    service=service(ctx, pause.target),
                )
                blocks = (Text(reader.said(pause.error)), Text(waits), Button(reader.t("Status"), "status"))
                key = f"refused/{pause.target}/{pause.since:%Y-%m-%dT%H:%M:%S}"
                reader.show(key, place, Card(stopped_title(reader, pause), blocks, "warn"))
