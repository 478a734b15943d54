"""Claude Enterprise: claude.ai for a company, with seats, usage credits and a limit for each member."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AliasChoices, AliasPath, AwareDatetime, Field

from bot.checks import CheckLine, may_write
from bot.errors import UndeliverableError
from bot.http import Params
from bot.providers.anthropic.base import USERS, Claude
from bot.providers.anthropic.client import LIST_ROWS_MAX, NANOS_OF_A_CENT, ROOT, Cents, cents, nanos
from bot.providers.anthropic.reports import REPORTED_SINCE
from bot.providers.base import IncreaseRequest, Limit, ProviderOutcome, ProviderSeat, days, outcomes_of
from bot.providers.payload_fields import Body, Count, Currency, Word
from bot.providers.set_aside import setting_aside, understood
from handlers.language import N_
from storage.limits import Subject

ACTIVITY = f"{ROOT}/analytics/users"
LIMITS, EFFECTIVE = f"{ROOT}/spend_limits", f"{ROOT}/spend_limits/effective"
REQUESTS = f"{ROOT}/spend_limit_increase_requests"
SEAT = "claude_enterprise"

# A day of activity is there in the afternoon of the next one (UTC), so two days ago always is.
ACTIVITY_LAG = timedelta(days=2)
IDLE_DAYS = 90

# Months are the only period that Anthropic enforces today, and we know no other limits.
MONTHLY = "monthly"


class _Person(Body):
    """A member. The reports of August and those of October spell the id in two ways; a cloud's identity has none."""

    id: Annotated[Word, Field(validation_alias=AliasChoices("user_id", "id"))] = ""
    name: Word | None = None
    deleted: bool = False


class _Effective(Body):
    """What binds a member, wherever it comes from. No amount is no limit."""

    actor: _Person = _Person()
    amount: Cents | None = None
    currency: Currency = "USD"
    period: Word = MONTHLY


class _Configured(Body):
    """A limit as it was set."""

    user_id: Annotated[Word, Field(validation_alias=AliasPath("scope", "user_id"))]
    amount: Cents | None = None
    currency: Currency = "USD"


class _Request(Body):
    id: Word
    actor: _Person = _Person()
    status: Word
    period: Word = MONTHLY
    created_at: AwareDatetime | None = None
    spend_summary: _Effective | None = None

    @property
    def is_pending(self) -> bool:
        """Whether nobody has decided yet."""
        return self.status == "pending"


class _Edits(Body):
    accepted_count: Count = 0
    rejected_count: Count = 0


_NO_EDITS = _Edits()


class _Lines(Body):
    added_count: Count = 0


class _Work(Body):
    commit_count: Count = 0
    pull_request_count: Count = 0
    distinct_session_count: Count = 0
    lines_of_code: _Lines = _Lines()


class _Code(Body):
    core_metrics: _Work = _Work()
    tool_actions: dict[Word, _Edits | None] = Field(default_factory=dict)


class _Activity(Body):
    """What somebody did; a row that stands for a group has no user. A last day may be reported for nobody."""

    user: _Person = _Person()
    claude_code_metrics: _Code = _Code()
    last_activity_date: date | None = None

    def counts(self) -> Mapping[str, int]:
        """What came of the work with Claude Code."""
        work = self.claude_code_metrics.core_metrics
        edits = [each or _NO_EDITS for each in self.claude_code_metrics.tool_actions.values()]
        return {
            "commits": work.commit_count,
            "pull_requests": work.pull_request_count,
            "lines_accepted": work.lines_of_code.added_count,
            "edits_accepted": sum(each.accepted_count for each in edits),
            "edits_rejected": sum(each.rejected_count for each in edits),
            "sessions": work.distinct_session_count,
        }


class _Joined(Body):
    id: Word
    added_at: AwareDatetime | None = None


class ClaudeEnterprise(Claude):
    """One Claude Enterprise organization, read and limited with a scoped key of its primary owner."""

    service = "Claude Enterprise"
    needed = N_(
        "a key of the primary owner with read:members, read:analytics, read:spend_limits and write:spend_limits "
        "(claude.ai, Organization settings, API)"
    )
    dimensions = ("actor", "model")
    can = frozenset({"charges", "hours", "people", "limits", "set_limit", "increase_requests", "seats", "outcomes"})
    limited = frozenset({"user"})
    step_nanos = NANOS_OF_A_CENT
    cannot = (
        "Claude Enterprise limits a member by the month only, from the 1st at 00:00 UTC.",
        "Claude Enterprise cannot block a member altogether: a limit of $0 leaves what the plan includes.",
        "Limits of groups, seat tiers and the organization can be set in claude.ai only.",
        "Requests for more at Claude name no amount, and only the member can begin one there.",
    )

    def limits(self) -> Iterator[Limit]:
        """What binds each member."""
        return self._effective({"limit": LIST_ROWS_MAX})

    def limit(self, subject: Subject) -> Limit | None:
        """What binds one member."""
        with setting_aside():  # what stands beside has to be understood when all are read
            found = self._effective({"user_ids[]": [subject.external_id]})
            return next((each for each in found if each.subject == subject), None)

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Set a member's own limit; it stands above that of the group, seat or organization."""
        scope = {"type": subject.kind, "user_id": subject.external_id}
        body = {"scope": scope, "amount": cents(amount_nanos), "period": MONTHLY}
        said = self._limits.read(_Configured, self._limits.write_json("POST", LIMITS, body), "the limit that was set")
        return Limit(Subject("user", said.user_id), _amount(said), currency=said.currency)

    def increase_requests(self) -> Iterator[IncreaseRequest]:
        """Who waits in claude.ai for more. How much is wanted is never said there."""
        rows = self._limits.paged(REQUESTS, "requests", {"status[]": ["pending"], "limit": LIST_ROWS_MAX})
        for request in understood(self.who, "requests", rows, _Request.model_validate):
            if request.period == MONTHLY and request.actor.id:
                yield self._request(request)

    def answer(self, external_id: str, total_nanos: int | None) -> None:
        """Grant or deny, without Anthropic's mail: the asker hears it from us.

        Somebody may decide in claude.ai at the same time, and that is final there. What was denied there and granted
        here is then granted by the limit itself.
        """
        request = self._asked(external_id)
        if request.is_pending:
            try:
                self._decide(external_id, total_nanos)
            except UndeliverableError:
                request = self._asked(external_id)
                if request.is_pending:
                    raise
        if request.status == "denied" and total_nanos is not None:
            self.set_limit(Subject("user", request.actor.id), total_nanos)

    def seats(self) -> Iterator[ProviderSeat]:
        """Every member has a seat; when it was last used is known for the last three months.

        While Anthropic does not report last days at all, or a row cannot be understood, nobody is idle because of that.
        """
        end = self._now().date() - ACTIVITY_LAG + timedelta(days=1)  # itself not included
        since = end - timedelta(days=IDLE_DAYS)
        rows = list(self._activity_rows({"starting_date": since.isoformat(), "ending_date": end.isoformat()}))
        activity = list(understood(self.who, "activity", rows, _Activity.model_validate))
        active_on = {each.user.id: each.last_activity_date for each in activity}
        is_reported = any(active_on.values()) and len(activity) == len(rows)
        for member in understood(self.who, "members", self._api.listed(USERS, "members"), _Joined.model_validate):
            added_on = member.added_at.date() if member.added_at else None
            last = active_on.get(member.id)
            is_known = last is not None or (is_reported and member.id not in active_on)
            yield ProviderSeat(member.id, SEAT, added_on, last, use_known=is_known)

    def outcomes(self, first: date, last: date) -> Iterator[ProviderOutcome]:
        """What came of the work with Claude Code, of days that are reported already."""
        for day in days(max(first, REPORTED_SINCE), min(last, self._now().date() - ACTIVITY_LAG)):
            for each in self._activity({"date": day.isoformat()}):
                if each.user.id:
                    yield from outcomes_of(each.user.id, day, each.counts())

    def _probes(self) -> Mapping[str, Params]:
        return {
            USERS: {"limit": 1},
            ACTIVITY: {"date": (self._now().date() - ACTIVITY_LAG).isoformat(), "limit": 1},
            EFFECTIVE: {"limit": 1},
            REQUESTS: {"limit": 1},
        }

    def _more(self) -> Iterator[CheckLine]:
        yield may_write("The key needs write:spend_limits.")

    def _effective(self, params: Params) -> Iterator[Limit]:
        rows = self._limits.paged(EFFECTIVE, "limits", {**params, "period[]": [MONTHLY]})
        for found in understood(self.who, "limits", rows, _Effective.model_validate):
            if found.period == MONTHLY and found.actor.id and not found.actor.deleted:
                subject = Subject("user", found.actor.id)
                yield Limit(subject, _amount(found), name=found.actor.name or "", currency=found.currency)

    def _activity(self, params: Params) -> Iterator[_Activity]:
        return understood(self.who, "activity", self._activity_rows(params), _Activity.model_validate)

    def _activity_rows(self, params: Params) -> Iterator[Any]:
        return self._api.paged(ACTIVITY, "activity", {**params, "limit": LIST_ROWS_MAX})

    def _request(self, request: _Request) -> IncreaseRequest:
        subject = Subject("user", request.actor.id)
        if request.spend_summary:
            now_nanos, currency = _amount(request.spend_summary), request.spend_summary.currency
        else:
            known = self.limit(subject) or Limit(subject, None)
            now_nanos, currency = known.amount_nanos, known.currency
        return IncreaseRequest(request.id, subject, None, now_nanos, "", request.created_at or self._now(), currency)

    def _asked(self, external_id: str) -> _Request:
        body = self._limits.get_json(f"{REQUESTS}/{quote(external_id, safe='')}")
        return self._limits.read(_Request, body, "a request")

    def _decide(self, external_id: str, total_nanos: int | None) -> None:
        verb = "deny" if total_nanos is None else "approve"
        amount = {} if total_nanos is None else {"amount": cents(total_nanos)}
        path = f"{REQUESTS}/{quote(external_id, safe='')}/{verb}"
        self._limits.write_json("POST", path, {**amount, "suppress_notification": True})


def _amount(found: _Effective | _Configured) -> int | None:
    return None if found.amount is None else max(nanos(found.amount), 0)
