"""What a people source knows when it is asked, in a few words."""

from collections.abc import Mapping

from bot.directory.source import Known
from storage.directory import Directory, Person, address

NOTHING: Mapping[str, str] = {}
NOBODY: Mapping[str, Person] = {}


def knowing(
    earlier: Directory | None = None,
    *,
    aliases: Mapping[str, str] = NOTHING,
    remembered: Mapping[str, Person] = NOBODY,
    linked: Mapping[str, str] = NOTHING,
) -> Known:
    """See Known; the earlier sources are said with their people."""
    earlier = earlier or Directory()
    people = {one.id: one for one in earlier.people}
    named = {address(one.email): one.id for one in earlier.people if one.email}
    return Known(earlier, people, named, aliases, remembered, linked)
