"""Claude Console: what a company's API keys use, and Claude Code that is billed to them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any, Self
from urllib.parse import quote

from pydantic import AliasChoices, AliasPath, Field, model_validator

from bot.checks import CheckLine, may_read
from bot.errors import NotFoundError, UndeliverableError
from bot.http import Params
from bot.providers.anthropic.base import USERS, Claude
from bot.providers.anthropic.client import LIST_ROWS_MAX, NANOS_OF_A_CENT, ROOT, Cents, cents, nanos
from bot.providers.base import Limit, ProviderIdentity, ProviderOutcome, days, kind_of, outcomes_of
from bot.providers.payload_fields import Body, Count, Currency, Word
from bot.providers.set_aside import setting_aside, understood
from bot.texts import t
from handlers.language import N_, Words
from storage.limits import Subject

KEYS, WORKSPACES, LIMITS = f"{ROOT}/api_keys", f"{ROOT}/workspaces", f"{ROOT}/spend_limits"
CODE = f"{ROOT}/usage_report/claude_code"
MONTHLY = "monthly"
ACTIVE, INACTIVE = N_("active"), N_("inactive")
# Such a key opens nothing and cannot be switched.
ENDED = frozenset({"archived", "expired"})
ORGANIZATION = Subject("organization", "")

EARLY_ACCESS = N_(
    "limits by API are in early access for Console organizations: ask Anthropic's account team, or set them in the "
    "Console under Settings, Limits"
)


class _Principal(Body):
    """Whom a key acts for, which may be another than who made it: a user or a service account, told in two ways."""

    id: Annotated[Word, Field(validation_alias=AliasChoices("id", "user_id", "service_account_id"))] = ""
    type: Word = ""

    @property
    def user(self) -> str:
        """The user, "" if it is none, or of a kind that we do not know."""
        return self.id if self.type in {"user", "user_actor"} else ""


class _Scope(Body):
    """Where a key is good for: in a workspace, or, without one, in the whole organization."""

    workspace_id: Word = ""


class _ApiKey(Body):
    """A key. Where it is good for stands in one of two fields; none of them is the default workspace."""

    id: Word
    name: Word | None = None
    status: Word
    workspace_id: Word | None = None
    scope: _Scope | None = None
    principal: _Principal | None = None

    @property
    def workspace(self) -> str:
        """The workspace, "" if it is the default one or the key is of none."""
        return self.scope.workspace_id if self.scope else self.workspace_id or ""

    @property
    def owner(self) -> str:
        """The user it acts for, "" if none."""
        return self.principal.user if self.principal else ""

    @property
    def limit(self) -> Limit:
        """A key has no limit, but it can be paused."""
        return Limit(Subject("key", self.id), None, paused=self.status != ACTIVE, name=self.name or "")


class _Workspace(Body):
    id: Word
    name: Word | None = None


class _Configured(Body):
    """A limit as it was set. Without an amount it binds nobody; switched off, the organization may spend nothing more.

    Each period resolves on its own, and there are scopes that we do not know.
    """

    kind: Annotated[Word, Field(validation_alias=AliasPath("scope", "type"))] = ""
    workspace_id: Annotated[Word | None, Field(validation_alias=AliasPath("scope", "workspace_id"))] = None
    amount: Cents | None = None
    currency: Currency = "USD"
    period: Word = MONTHLY
    is_enabled: bool = True

    @model_validator(mode="after")
    def _says_whose_it_is(self) -> Self:
        if self.kind == "workspace" and not self.workspace_id:
            raise ValueError("a workspace without an id")
        return self

    @property
    def limit(self) -> Limit:
        """What it allows."""
        amount = None if self.amount is None else max(nanos(self.amount), 0)
        if self.kind == "workspace" and self.workspace_id:
            amount = amount if self.is_enabled else None
            return Limit(Subject("team", self.workspace_id), amount, currency=self.currency)
        return Limit(ORGANIZATION, amount, paused=not self.is_enabled, currency=self.currency)


class _Edits(Body):
    accepted: Count = 0
    rejected: Count = 0


_NO_EDITS = _Edits()


class _Session(Body):
    """What somebody did with Claude Code in one kind of terminal."""

    email: Annotated[Word | None, Field(validation_alias=AliasPath("actor", "email_address"))] = None
    commits: Annotated[Count, Field(validation_alias=AliasPath("core_metrics", "commits_by_claude_code"))] = 0
    pulls: Annotated[Count, Field(validation_alias=AliasPath("core_metrics", "pull_requests_by_claude_code"))] = 0
    lines: Annotated[Count, Field(validation_alias=AliasPath("core_metrics", "lines_of_code", "added"))] = 0
    sessions: Annotated[Count, Field(validation_alias=AliasPath("core_metrics", "num_sessions"))] = 0
    tool_actions: dict[Word, _Edits | None] = Field(default_factory=dict)

    def counts(self) -> Counter[str]:
        """What came of it."""
        edits = [each or _NO_EDITS for each in self.tool_actions.values()]
        return Counter(
            commits=self.commits,
            pull_requests=self.pulls,
            lines_accepted=self.lines,
            edits_accepted=sum(each.accepted for each in edits),
            edits_rejected=sum(each.rejected for each in edits),
            sessions=self.sessions,
        )


class _Before(Body):
    """What `resume` needs: the keys that were active."""

    active: tuple[Word, ...]


class ClaudeConsole(Claude):
    """One Claude Console organization, read with an admin key."""

    service = "Claude Console"
    needed = N_("an admin key (sk-ant-admin01-…, made by an admin in the Console, Settings, Admin keys)")
    dimensions = ("actor", "api_key_id", "workspace_id", "model", "service_tier")
    limits_beta = "spend-limit-reads-2026-09-26"
    can = frozenset({"charges", "hours", "people", "limits", "set_limit", "pause", "outcomes"})
    limited = frozenset({"team", "organization"})
    step_nanos = NANOS_OF_A_CENT
    cannot = (
        "Claude Console has no limit per person or key: such a limit can be kept only by pausing keys.",
        "Limits of workspaces and of the organization can be set only if Anthropic gave early access to that.",
        "The default workspace can have no limit of its own.",
        "Only API keys can be paused, and a workspace by its keys: a person who signs in goes on.",
        "A key of the whole organization goes on while a workspace is paused.",
    )

    def people(self) -> Iterator[ProviderIdentity]:
        """Members, keys and workspaces, archived ones included: they are in the reports of the past."""
        yield from self._members()
        for key in self._keys():
            yield ProviderIdentity("key", key.id, key.name or "", owner=key.owner)
        for workspace in self._workspaces(include_archived="true"):
            yield ProviderIdentity("team", workspace.id, workspace.name or "")

    def limits(self) -> Iterator[Limit]:
        """Keys, which can be paused; and what the organization and each workspace may spend, if that can be read."""
        keys = list(self._keys())
        yield from (key.limit for key in keys if key.status in {ACTIVE, INACTIVE})
        yield from self._spend_limits(keys)

    def limit(self, subject: Subject) -> Limit | None:
        """What a workspace or the organization may spend, or whether a key is paused."""
        if subject.kind != "key":
            with setting_aside():  # what stands beside has to be understood when all are read
                return next((each for each in self._spend_limits(list(self._keys())) if each.subject == subject), None)
        try:
            return self._key(subject.external_id).limit
        except NotFoundError:
            return None

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Set what a workspace or the organization may spend in a month."""
        scope = {"type": "organization"}
        if subject.kind == "team":
            scope = {"type": "workspace", "workspace_id": subject.external_id}
        body = {"scope": scope, "amount": cents(amount_nanos), "period": MONTHLY}
        try:
            said = self._api.write_json("POST", LIMITS, body)  # only reading is in beta
        except UndeliverableError as trouble:
            raise UndeliverableError("{trouble}; {advice}", trouble=trouble, advice=Words(EARLY_ACCESS)) from trouble
        return self._api.read(_Configured, said, "the limit that was set").limit

    def before(self, subject: Subject) -> str:
        """Which of a subject's keys are active."""
        with setting_aside():
            active = [key.id for key in self._keys_of(subject) if key.status == ACTIVE]
        return _Before(active=tuple(active)).model_dump_json()

    def pause(self, subject: Subject) -> None:
        """Make active keys inactive, and look whether they are. One that has ended opens nothing anyway.

        A key that cannot be understood saves no other from being paused, but then the pause may not be whole.
        """
        with setting_aside() as odd:
            keys = [key for key in self._keys_of(subject) if key.status not in ENDED]
        if not keys and subject.kind != "key":
            raise UndeliverableError(
                "{service} knows no key of the workspace {id}, so nothing was paused",
                service=self._api.who,
                id=subject.external_id,
            )
        for key in keys:
            self._switch(key, ACTIVE, INACTIVE)
        with setting_aside():
            still = [key.id for key in self._keys_of(subject) if key.status not in {INACTIVE, *ENDED}]
        if still:
            raise UndeliverableError(
                "{service} left keys open that were paused: {keys}", service=self._api.who, keys=", ".join(still)
            )
        if odd:
            raise UndeliverableError(
                "{service} paused what could be understood of {kind} {id}, and has keys that could not: "
                "look there whether one of them is still active",
                service=self._api.who,
                kind=kind_of(subject),
                id=subject.external_id,
            )

    def resume(self, subject: Subject, before: str) -> None:  # noqa: ARG002 - `before` knows which keys they are
        """Make keys active again that were; one that was archived since stays so."""
        for name in _Before.model_validate_json(before).active:
            self._switch(self._key(name), INACTIVE, ACTIVE)

    def outcomes(self, first: date, last: date) -> Iterator[ProviderOutcome]:
        """What came of the work with Claude Code, by member; what keys did on their own is nobody's."""
        ids = {member.email.lower(): member.external_id for member in self._members() if member.email}
        for day in days(first, min(last, self._now().date())):
            done: dict[str, Counter[str]] = {}
            for session in self._sessions(day):
                user = ids.get((session.email or "").lower())
                if user:
                    done.setdefault(user, Counter()).update(session.counts())
            for user, counts in done.items():
                yield from outcomes_of(user, day, counts)

    def _probes(self) -> Mapping[str, Params]:
        yesterday = self._now().date() - timedelta(days=1)
        return {
            USERS: {"limit": 1},
            KEYS: {"limit": 1},
            WORKSPACES: {"limit": 1},
            CODE: {"starting_at": yesterday.isoformat(), "limit": 1},
        }

    def _more(self) -> Iterator[CheckLine]:
        if self._tells_limits():
            yield may_read(self._key_name, LIMITS, None)
        else:
            yield CheckLine(
                t("limits cannot be read, and nothing but limits needs them"), ok=True, advice=t(EARLY_ACCESS)
            )

    def _spend_limits(self, keys: Sequence[_ApiKey]) -> Iterator[Limit]:
        """None if they cannot be read here: no limit is something else than an unknown one."""
        if not self._tells_limits():
            return
        known = {limit.subject: limit for limit in self._configured()}
        currency = next((limit.currency for limit in known.values()), "USD")  # all have that of the organization
        going = {key.workspace for key in keys if key.status not in {INACTIVE, *ENDED}}
        paused = {key.workspace for key in keys if key.status == INACTIVE} - going
        yield known.get(ORGANIZATION) or Limit(ORGANIZATION, None, currency=currency)
        for each in self._workspaces():
            limit = known.get(Subject("team", each.id)) or Limit(Subject("team", each.id), None, currency=currency)
            yield replace(limit, paused=each.id in paused, name=each.name or "")

    def _tells_limits(self) -> bool:
        """Whether this organization is among those whose limits can be read; a wrong key would have shown before."""
        try:
            self._limits.get_json(LIMITS, {"limit": 1})
        except UndeliverableError:
            return False
        return True

    def _keys(self) -> Iterator[_ApiKey]:
        return understood(self.who, "keys", self._api.listed(KEYS, "keys"), _ApiKey.model_validate)

    def _workspaces(self, **params: str) -> Iterator[_Workspace]:
        rows = self._api.listed(WORKSPACES, "workspaces", params)
        return understood(self.who, "workspaces", rows, _Workspace.model_validate)

    def _configured(self) -> Iterator[Limit]:
        params: Params = {"scope_type[]": ["organization", "workspace"], "limit": LIST_ROWS_MAX}
        for found in understood(self.who, "limits", self._limits.paged(LIMITS, "limits", params), _read_limit):
            if found.period == MONTHLY and found.kind in {"organization", "workspace"}:
                yield found.limit

    def _sessions(self, day: date) -> Iterator[_Session]:
        params: Params = {"starting_at": day.isoformat(), "limit": LIST_ROWS_MAX}
        what = "Claude Code's work"
        return understood(self.who, what, self._api.paged(CODE, what, params), _Session.model_validate, day)

    def _key(self, name: str) -> _ApiKey:
        return self._api.read(_ApiKey, self._api.get_json(_path(name)), "a key")

    def _keys_of(self, subject: Subject) -> list[_ApiKey]:
        if subject.kind == "key":
            return [self._key(subject.external_id)]
        if subject.kind == "team":
            return [key for key in self._keys() if key.workspace == subject.external_id]
        raise UndeliverableError(
            "{service} can pause keys, and workspaces by their keys, but no {kind}",
            service=self._api.who,
            kind=kind_of(subject),
        )

    def _switch(self, key: _ApiKey, old: str, new: str) -> None:
        if key.status == old:
            said = self._api.write_json("POST", _path(key.id), {"status": new})
            if self._api.read(_ApiKey, said, "a key").status != new:
                raise UndeliverableError(
                    "{service} left the key {key} {old} when told {new}",
                    service=self._api.who,
                    key=key.id,
                    old=Words(old),
                    new=Words(new),
                )


def _read_limit(row: Any) -> _Configured:
    return _Configured.model_validate(row)


def _path(key: str) -> str:
    return f"{KEYS}/{quote(key, safe='')}"
