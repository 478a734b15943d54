"""What members may spend within their teams at LiteLLM: read and set.

A user's own limit does not bind the keys of teams; this one does. It stands with the team and not with the user, is
changed by a route of its own, and the answer to that repeats only what was said: so it is read back.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import AliasPath, Field

from bot.errors import GoneError, NotFoundError, UndeliverableError
from bot.http import Api
from bot.providers.base import Limit
from bot.providers.litellm.payloads import MONTHLY, Moment, TeamMember, dollars, limit_nanos, window_of
from bot.providers.payload_fields import Body, Word
from bot.providers.set_aside import setting_aside, understood, understood_one
from storage.limits import Subject

INFO, UPDATE = "/team/info", "/team/member_update"


class _Share(Body):
    """A member's own limit, or that of the team for each member. Any number may stand there."""

    max_budget: Decimal | None = None
    budget_duration: Word | None = None
    resets_at: Moment = Field(None, validation_alias="budget_reset_at")


class _Membership(Body):
    """What a member spent with the team's keys since the window began. Who has no limit may have no such row."""

    user_id: Word
    spend: Decimal = Decimal(0)
    share: _Share | None = Field(None, validation_alias="litellm_budget_table")


class _Team(Body):
    """A team. Its members and what they have are understood one by one."""

    name: Word | None = Field(None, validation_alias=AliasPath("team_info", "team_alias"))
    members: list[Any] = Field(validation_alias=AliasPath("team_info", "members_with_roles"))
    memberships: list[Any] = Field(validation_alias="team_memberships")


class Members:
    """The limits of members in the teams of one proxy."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def of_team(self, team: str) -> Iterator[Limit]:
        """Every member's, also who has none."""
        told = understood_one(self._api.who, "a team", self._told(team), _read_team)
        if told:
            rows = self._rows(told)
            yield from (_limit(Subject.of_member(team, user), told, rows[user]) for user in rows)

    def of(self, subject: Subject) -> Limit | None:
        """A member's, None if the proxy knows no such team or member."""
        with setting_aside():  # whoever stands beside has to be understood when all are read
            return next((each for each in self.of_team(subject.team) if each.subject == subject), None)

    def set(self, subject: Subject, amount_nanos: int) -> Limit:
        """Allow a member so much each month. Bursar cannot set what was counted until now, as with a team."""
        with setting_aside():
            told = _read_team(self._told(subject.team))
            row = self._rows(told).get(subject.user) if told else None
        if told is None or row is None:
            raise GoneError(
                "{service}: team “{team}” has no member “{user}”",
                service=self._api.who,
                team=subject.team,
                user=subject.user,
            )
        duration = row.share.budget_duration if row.share else None
        is_first = window_of(duration) != "month"
        if is_first and row.spend >= Decimal(str(dollars(amount_nanos))) and row.spend:
            raise UndeliverableError(
                "{service}: what “{user}” spent in team “{team}” counts from its beginning ({spent} "
                "dollars), and so would be stopped until the first of next month: reset that member's "
                "spend at LiteLLM with the master key, then try again",
                service=self._api.who,
                user=subject.user,
                team=told.name,
                spent=f"{row.spend:.2f}",
            )
        # In its own word, a month goes on and a reset that is due is not lost; without one it would never reset.
        share = {"max_budget_in_team": dollars(amount_nanos), "budget_duration": MONTHLY if is_first else duration}
        self._api.write_json("POST", UPDATE, {"team_id": subject.team, "user_id": subject.user, **share})
        after = self.of(subject)
        if after is None:
            raise GoneError(
                "{service}: “{user}” left team “{team}” in this moment",
                service=self._api.who,
                user=subject.user,
                team=told.name,
            )
        return after

    def _told(self, team: str) -> Any:
        """A team as it is told, None if there is none such."""
        if not team:
            return None
        try:
            return self._api.get_json(INFO, {"team_id": team})
        except NotFoundError:
            return None

    def _rows(self, team: _Team) -> dict[str, _Membership]:
        """Each member's row, by user; who is invited by an address alone is no user yet.

        Who has no row has no limit, unless a row could not be understood: then it may have been theirs.
        """
        who, what = self._api.who, f"members of {team.name or 'a team'}"
        rows = {row.user_id: row for row in understood(who, what, team.memberships, _Membership.model_validate)}
        users = [each.user_id for each in understood(who, what, team.members, TeamMember.model_validate)]
        all_known = len(rows) == len(team.memberships)
        return {
            user: rows.get(user) or _Membership(user_id=user) for user in users if user in rows or (user and all_known)
        }


def _read_team(told: Any) -> _Team | None:
    return None if told is None else _Team.model_validate(told)


def _limit(subject: Subject, team: _Team, row: _Membership) -> Limit:
    share = row.share or _Share()
    amount = None if share.max_budget is None else limit_nanos(share.max_budget)
    window, spent = window_of(share.budget_duration), limit_nanos(row.spend)
    return Limit(subject, amount, window, name=team.name or "", resets_at=share.resets_at, spent_nanos=spent)
