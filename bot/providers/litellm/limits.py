"""What users, teams, their members and keys may spend at LiteLLM: read, set, paused and restored.

LiteLLM makes a user of any unknown id that is written to, takes any number, and drops words that it does not know, each
with a 200. So everything is read before it is written, written by id, and taken from the answer.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.errors import GoneError, NotFoundError, UndeliverableError
from bot.http import Api
from bot.providers.base import Limit, kind_of
from bot.providers.litellm import members
from bot.providers.litellm.payloads import (
    LIST_ROWS_MAX,
    MONTHLY,
    NANO_DIGITS,
    Changed,
    InfoAnswer,
    LimitedRow,
    Owned,
    TeamRow,
    UserRow,
    VirtualKeyRow,
    dollars,
    limit_nanos,
    rows,
    window_of,
)
from bot.providers.set_aside import understood
from handlers.language import Words
from storage.limits import Subject, SubjectKind


@dataclass(frozen=True, slots=True)
class SubjectRoutes:
    """How LiteLLM speaks of one kind of subject.

    Args:
        shape: a row of it.
        listed: the route that lists all.
        asking: what that route wants besides the number of the page.
        info: the route that tells about one.
        update: the route that changes one.
        id: how these two name the id.
        column: how a row names it.
        spend_can_be_set: whether what was spent since the window began can be written.
    """

    shape: type[LimitedRow]
    listed: str
    asking: Mapping[str, str | int]
    info: str
    update: str
    id: str
    column: str
    spend_can_be_set: bool


_PAGE: Mapping[str, str | int] = {"page_size": LIST_ROWS_MAX}
_KEYS_PAGE: Mapping[str, str | int] = {"size": LIST_ROWS_MAX, "return_full_object": "true"}
# fmt: off
KINDS: Mapping[SubjectKind, SubjectRoutes] = {
    "user": SubjectRoutes(UserRow, "/user/list", _PAGE, "/user/info", "/user/update",
                 "user_id", "user_id", spend_can_be_set=True),
    "team": SubjectRoutes(TeamRow, "/v2/team/list", _PAGE, "/team/info", "/team/update",
                 "team_id", "team_id", spend_can_be_set=False),
    "key": SubjectRoutes(VirtualKeyRow, "/key/list", _KEYS_PAGE, "/key/info", "/key/update",
                "key", "token", spend_can_be_set=True),
}
# fmt: on
UPDATES = (*(kind.update for kind in KINDS.values()), members.UPDATE)
ROUTES = (*(kind.info for kind in KINDS.values()), *UPDATES)
OWN_KEY, MASTER_USER = "/key/info", "default_user_id"
BLOCKING = tuple(f"/{kind}/{verb}" for kind in ("team", "key") for verb in ("block", "unblock"))


class Limits:
    """The limits of one proxy.

    Args:
        api: the proxy.
        own_key: hash of the key that we use ourselves: whoever blocks it can never unblock it.
        spent_this_month: what a user or key spent since the first of the month, in dollars, by its usage report.
    """

    def __init__(self, api: Api, own_key: str, spent_this_month: Callable[[Subject], Decimal]) -> None:
        self._api = api
        self._own_key = own_key
        self._spent_this_month = spent_this_month
        self._members = members.Members(api)

    def every(self) -> Iterator[Limit]:
        """All of them, page by page. What LiteLLM does for itself, and what we are there, needs no limit."""
        ours = self._ours()
        for kind, how in KINDS.items():
            for row in (each for each in listed(self._api, kind) if (kind, each.external_id) not in ours):
                yield _limit(Subject(kind, row.external_id), row, how)
                if kind == "team":
                    yield from self._members.of_team(row.external_id)

    def of(self, subject: Subject) -> Limit | None:
        """One of them, None if the proxy does not know it."""
        if subject.kind == "member":
            return self._members.of(subject)
        row = self._row(subject)
        return None if row is None else _limit(subject, row, KINDS[subject.kind])

    def set(self, subject: Subject, amount_nanos: int) -> Limit:
        """Allow so much each month. The first monthly limit of somebody begins with what was spent this month."""
        if amount_nanos < 0:
            raise UndeliverableError(
                "A limit of {whom} below zero makes no sense: nothing was changed", whom=self._named(subject)
            )
        if subject.kind == "member":
            return self._members.set(subject, amount_nanos)
        how, row = KINDS[subject.kind], self._known(subject)
        body: dict[str, Any] = {"max_budget": dollars(amount_nanos)}
        if window_of(row.budget_duration) != "month":
            # Said again, a month is begun anew: a reset that is due, and takes place each ten minutes, would be lost.
            body |= {"budget_duration": MONTHLY, **self._begun(subject, row, amount_nanos)}
        return _limit(subject, self._written(subject, body), how)

    def before(self, subject: Subject) -> str:
        """What `resume` needs: the block of a team or key, the amount of a user and the keys that were not blocked."""
        row = self._known(subject)
        if subject.kind != "user":
            return json.dumps({"blocked": row.blocked is True})
        amount = None if row.max_budget is None else str(row.max_budget)
        return json.dumps({"max_budget": amount, "keys": self._open_keys(subject)})

    def pause(self, subject: Subject) -> None:
        """Block a team or key. A user is allowed nothing, and each of its keys is blocked, those of teams as well."""
        self._known(subject)
        if subject.kind != "user":
            self._block(subject, "block")
            return
        self._written(subject, {"max_budget": 0})
        for key in self._open_keys(subject):
            self._block(Subject("key", key), "block")

    def resume(self, subject: Subject, before: str) -> None:
        """Restore what `before` said. A key that is gone by now is no trouble."""
        self._known(subject)
        was = json.loads(before)
        if subject.kind != "user":
            self._block(subject, "block" if was["blocked"] else "unblock")
            return
        there = {row.external_id for row in listed(self._api, "key", user_id=subject.external_id)}
        for key in was["keys"]:
            if key in there:
                self._block(Subject("key", key), "unblock")
        amount = was["max_budget"]
        self._written(subject, {"max_budget": None if amount is None else float(Decimal(amount))})

    def _ours(self) -> Collection[tuple[str, str]]:
        """Our key and its user, and the user under whom the proxy reports what it does with its master key."""
        try:
            told = self._api.read(InfoAnswer, self._api.get_json(OWN_KEY), "our own key").row or {}
        except NotFoundError:  # the master key stands in no list
            told = {}
        own = self._api.read(Owned, told, "our own key").owner or ""
        return {("key", self._own_key), ("user", own), ("user", MASTER_USER)}

    def _row(self, subject: Subject) -> LimitedRow | None:
        """Somebody as the proxy tells it. Without an id it would tell about us, and some versions tell of nobody."""
        how = KINDS[subject.kind]
        if not subject.external_id:
            return None
        try:
            answer = self._api.get_json(how.info, {how.id: subject.external_id})
        except NotFoundError:
            return None
        told = self._api.read(InfoAnswer, answer, f"a {subject.kind}").row
        return None if told is None else self._same(subject, {how.column: subject.external_id, **told})

    def _known(self, subject: Subject) -> LimitedRow:
        if subject.kind == "member":
            raise UndeliverableError(
                "{whom} cannot be paused apart: pause the user, or the team's key", whom=self._named(subject)
            )
        row = self._row(subject)
        if row is None:
            raise GoneError(
                "{whom} is not known, so nothing was written: that would make one", whom=self._named(subject)
            )
        return row

    def _written(self, subject: Subject, body: Mapping[str, Any]) -> LimitedRow:
        how = KINDS[subject.kind]
        answer = self._api.write_json("POST", how.update, {how.id: subject.external_id, **body})
        return self._same(subject, self._api.read(Changed, answer, f"a {subject.kind} that was changed").row)

    def _same(self, subject: Subject, body: Any) -> LimitedRow:
        row = self._api.read(KINDS[subject.kind].shape, body, f"a {subject.kind}")
        if row.external_id != subject.external_id:
            raise UndeliverableError(
                "{whom} was asked for, and the answer is about somebody else", whom=self._named(subject)
            )
        return row

    def _begun(self, subject: Subject, row: LimitedRow, amount_nanos: int) -> dict[str, float]:
        """Where to count from if so far it counted from long ago: nobody is stopped for what they spent last year."""
        if KINDS[subject.kind].spend_can_be_set:
            return {"spend": float(self._spent_this_month(subject))}
        if row.spend >= Decimal(amount_nanos).scaleb(-NANO_DIGITS):
            raise UndeliverableError(
                "{whom} counts from its beginning ({spent} dollars), and so would be stopped until the "
                "first of next month: reset its spend at LiteLLM with the master key, then try again",
                whom=self._named(subject),
                spent=f"{row.spend:.2f}",
            )
        return {}

    def _block(self, subject: Subject, verb: str) -> None:
        if subject.external_id == self._own_key:
            raise UndeliverableError(
                "{service}: that is the key Bursar itself uses, so it was not blocked", service=self._api.who
            )
        body = {KINDS[subject.kind].id: subject.external_id}
        self._api.write_json("POST", f"/{subject.kind}/{verb}", body)

    def _open_keys(self, user: Subject) -> list[str]:
        found = listed(self._api, "key", user_id=user.external_id)
        return [row.external_id for row in found if not row.blocked and row.external_id != self._own_key]

    def _named(self, subject: Subject) -> Words:
        values = {"service": self._api.who, "kind": kind_of(subject), "id": subject.external_id}
        return Words("{service}: {kind} “{id}”", values)


def listed(api: Api, kind: SubjectKind, **chosen: str) -> Iterator[LimitedRow]:
    """All users, teams or keys that can be understood, page by page."""
    how, what = KINDS[kind], f"{kind}s"
    found = rows(api, how.listed, what, **how.asking, **chosen)
    return understood(api.who, what, found, how.shape.model_validate)


def _limit(subject: Subject, row: LimitedRow, how: SubjectRoutes) -> Limit:
    """A user who may spend nothing is as good as blocked."""
    amount = None if row.max_budget is None else limit_nanos(row.max_budget)
    paused = row.blocked is True if how.shape is not UserRow else amount == 0
    return Limit(
        subject,
        amount,
        window_of(row.budget_duration),
        paused,
        row.name or "",
        resets_at=row.resets_at,
        spent_nanos=limit_nanos(row.spend),
        caps=row.caps,
    )
