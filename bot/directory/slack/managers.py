"""Who is whose manager, as Slack's profiles have it: a field that holds a user and is labelled "Manager".

Each profile must be asked for by itself and Slack allows about a hundred a minute, so one reading asks for that many at
most: first for people of whom no manager is known at all, and never again within a day unless the user has changed.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from slack_sdk import WebClient

from bot.directory.source import Known
from bot.errors import UndeliverableError, UnreachableError
from bot.platforms.slack.client import UNSEEN, asked, code
from handlers.language import Words

PROFILES_MAX = 100
FRESH = timedelta(days=1)
LABEL = "manager"
SCOPE = "users.profile:read"

SlackUser = Mapping[str, Any]

_log = logging.getLogger("bursar.directory")


@dataclass(frozen=True, slots=True)
class Profile:
    """Which user a profile calls manager, "" for nobody; when it was read; and how new the user was then."""

    manager: str
    read_at: datetime
    updated: int


@dataclass(slots=True)
class Managers:
    """Reads the managers of Slack users, and keeps them from one reading to the next.

    Args:
        client: of the Web API.
        now: the clock.
    """

    client: WebClient
    now: Callable[[], datetime]
    _profiles: dict[tuple[str, str], Profile] = field(default_factory=dict, init=False)  # by field and user

    def of(self, persons: Mapping[str, str], wanted: Mapping[str, SlackUser], known: Known) -> dict[str, str]:
        """The manager of each person, as a person, "" for nobody.

        Whose profile was not read yet keeps the manager that is remembered.

        Args:
            persons: who the users are, by their ids.
            wanted: the users whose managers are asked for, by the person they are.
            known: what is remembered.

        Raises:
            OutsideError: Slack cannot be asked for its fields, or refuses.
        """
        field_id = self._field_id() if wanted else ""
        if not field_id:
            return {}
        remembered = {id: one.manager for id, one in known.remembered.items() if id in wanted}
        self._read(field_id, sorted(wanted.items(), key=lambda each: bool(remembered.get(each[0]))))
        managers = {}
        for person, user in wanted.items():
            profile = self._profiles.get((field_id, user["id"]))
            managers[person] = persons.get(profile.manager, "") if profile else remembered.get(person, "")
        return managers

    def _field_id(self) -> str:
        """The id of the field, "" if the workspace has none."""
        doing = Words("Read Slack's profile fields (scope {scope})", {"scope": SCOPE})
        answer = asked(doing, lambda: self.client.team_profile_get(visibility="all"))
        fields = (answer.get("profile") or {}).get("fields") or ()
        ids = [each["id"] for each in fields if each.get("type") == "user" and _label(each) == LABEL]
        return str(min(ids, default=""))

    def _read(self, field_id: str, wanted: list[tuple[str, SlackUser]]) -> None:
        """Read the profiles that are due, the most needed first; what Slack has no time for is read later."""
        now = self.now()
        due = [user for _, user in wanted if self._is_due(field_id, user, now)]
        due.sort(key=lambda user: self._read_at(field_id, user))
        for number, user in enumerate(due[:PROFILES_MAX]):
            try:
                manager = self._manager(field_id, user["id"])
            except UnreachableError as busy:
                _log.warning("%d managers are asked for later. %s", len(due) - number, busy)
                return
            self._profiles[field_id, user["id"]] = Profile(manager, now, user.get("updated") or 0)

    def _is_due(self, field_id: str, user: SlackUser, now: datetime) -> bool:
        before = self._profiles.get((field_id, user["id"]))
        return before is None or before.updated != (user.get("updated") or 0) or now - before.read_at >= FRESH

    def _read_at(self, field_id: str, user: SlackUser) -> float:
        before = self._profiles.get((field_id, user["id"]))
        return before.read_at.timestamp() if before else 0.0

    def _manager(self, field_id: str, user_id: str) -> str:
        """The user whom a profile calls manager. Labels are left out: with them Slack allows far fewer requests."""
        doing = Words("Read who is the manager of {user} in Slack (scope {scope})", {"user": user_id, "scope": SCOPE})
        try:
            answer = asked(doing, lambda: self.client.users_profile_get(user=user_id))
        except UndeliverableError as no:
            if code(no.__cause__) in UNSEEN:
                return ""
            raise
        fields = (answer.get("profile") or {}).get("fields")
        value = (fields.get(field_id) or {}).get("value") if isinstance(fields, dict) else ""
        return str(value or "")


def _label(field: Mapping[str, Any]) -> str:
    return str(field.get("label") or "").strip().lower()
