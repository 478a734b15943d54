"""Which workspaces and organizations of Slack have installed the app. Their tokens are read by bot/installations.py."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from storage.tables import slack_bots


@dataclass(frozen=True, slots=True)
class InstalledWorkspace:
    """A workspace, or an organization.

    Args:
        id: of it, such as "T1" or "E1".
        name: as Slack has it, "" if it did not say.
        installed_at: when it was installed there.
    """

    id: str
    name: str
    installed_at: datetime


def installed(conn: Connection) -> dict[str, InstalledWorkspace]:
    """All of them, by id."""
    here = slack_bots.c
    rows = conn.execute(
        select(here.enterprise_id, here.enterprise_name, here.team_id, here.team_name, here.installed_at).order_by(
            here.installed_at
        )
    )
    found = (
        InstalledWorkspace(
            row.team_id or row.enterprise_id,
            (row.team_name if row.team_id else row.enterprise_name) or "",
            row.installed_at.replace(tzinfo=UTC),
        )
        for row in rows
    )
    return {each.id: each for each in found}
