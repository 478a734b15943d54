"""Where something is said or shown."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from storage.outbox import UNREACHED

UNLINKED = UNREACHED
"""The platform of somebody of whom no account is known: what is shown there waits until one is found."""


@dataclass(frozen=True, slots=True)
class Place:
    """One conversation on one platform.

    Args:
        platform: "slack", "teams", "web" or "terminal"; UNLINKED with a person's id for somebody who is looked for.
        id: the platform's own id of the conversation: a channel, a direct message, a person's page.
        public: others than the person who speaks can read here (a channel).
        thread: the platform's id of the message that is answered, if any.
        aloud: whether what is said in a thread is shown in the chat as well, for somebody must see it now.
    """

    platform: str
    id: str
    public: bool = False
    thread: str = ""
    aloud: bool = False

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}" + (f"#{self.thread}" if self.thread else "")


def named_place(words: str) -> Place:
    """A place as app.yaml writes it, such as "slack:C0123"; what is no person there is read by many."""
    platform, _, id = words.partition(":")
    private = ("a:",) if platform == "teams" else ("U", "W", "D")
    return Place(platform, id, public=not _WORKSPACE.sub("", id).startswith(private))


_WORKSPACE = re.compile(r"[TE][A-Z0-9]+/")


HOME = "home"
"""The key of what is shown as a Home; with its place it names one."""
HOMES = "home/"
"""What the id of somebody's Home begins with, on platforms that have one; that of the private place follows."""


def home_of(place: Place) -> Place:
    """The Home of somebody who talks to us in private at a place."""
    return Place(place.platform, f"{HOMES}{place.id}")


def paused_as(place: Place, workspaces: Collection[str]) -> str:
    """What is paused when nothing can be shown at a place: its platform, such as "slack", or "slack/T2".

    Args:
        place: where.
        workspaces: of the platform, those that may be paused by themselves.
    """
    workspace = place.id.removeprefix(HOMES).partition("/")[0]
    return f"{place.platform}/{workspace}" if workspace in workspaces else place.platform
