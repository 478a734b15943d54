"""Chat platforms that take nothing from us."""

from dataclasses import replace

from handlers.card import Button, Card, Text
from handlers.context import Context
from handlers.events import PlatformRefused
from handlers.place import UNLINKED, paused_as
from storage import pauses, people

SERVICES = {"slack": "Slack", "teams": "Microsoft Teams"}
"""What people call the platforms."""


def service(platform: str) -> str:
    """What people call a platform, or one of its workspaces such as "slack/T2"."""
    name, _, workspace = platform.partition("/")
    return f"{SERVICES.get(name, name)} {workspace}".rstrip()


def platform_refused(ctx: Context, event: PlatformRefused) -> None:
    """Tell finance and admins by another platform, wherever they have one."""
    pause = pauses.of(ctx.conn, event.platform)
    if pause is None:
        return
    those = [*people.people_with_role(ctx.conn, "finance"), *people.people_with_role(ctx.conn, "admin")]
    places = ctx.places_of([each.id for each in those])
    for person in {each.id: each for each in those}.values():
        reader = replace(ctx, person=person)
        for place in places[person.id]:
            if paused_as(place, ctx.policy.workspaces[1:]) not in {event.platform, UNLINKED}:
                name = service(event.platform)
                title = reader.t("{service} takes no messages from me", service=name)
                waits = reader.t("Everything for {service} waits, and is sent when it works again.", service=name)
                blocks = (Text(reader.said(pause.error)), Text(waits), Button(reader.t("Status"), "status"))
                key = f"refused/{event.platform}/{pause.since:%Y-%m-%dT%H:%M:%S}"
                reader.show(key, place, Card(title, blocks, "warn"))
