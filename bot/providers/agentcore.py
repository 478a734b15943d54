"""Amazon Bedrock AgentCore's gateway, which stops a caller by a rate limit of nought.

Facts are from AWS's documents and the model of the service in botocore 1.44.8, November 2026; nothing was seen live.
Each caller who is stopped has a rate limit of their own, whose id says that it is ours: so two orders at once can't
undo each other, and no other rate limit is touched. What was used is in AWS's bill, which is read from files.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from bot.checks import CheckLine, may_write, why_not, works
from bot.errors import KeyRefusedError, NotFoundError, UndeliverableError, UnreachableError
from bot.http import PATIENCE, Api, ApiKey, Batch, Params, Patience
from bot.providers.base import Limit, Provider
from bot.providers.payload_fields import Body, Word
from bot.providers.set_aside import setting_aside, understood
from bot.providers.signatures import aws
from bot.texts import t
from handlers.language import N_, Words
from storage.limits import Subject

SERVICE, REGION = "bedrock-agentcore", "us-east-1"
CLAIM = "$.context.jwt.sub"
PREFIX = "bursar-block-"
OPEN, BLOCKED, DELETING = "open", "blocked", "DELETING"
PAGE_ROWS = 100
AGAIN_S = 10.0

# How often it may be asked stands in the account's own quotas.
CALLS_PER_MINUTE = 60

NEEDED = N_("the access key of an IAM user who may list the gateway's rate limits: its id, a colon and its secret")
TO_WRITE = N_("The IAM user must be allowed to put and delete rate limits of the gateway.")
UNLINKED = N_("Nobody can be paused yet. Link each caller by the claim of their token, under links in app.yaml.")
ACCOUNT = re.compile(r"(?P<gateway>[0-9a-z-]+-[0-9a-z]{10})(?:/(?P<claim>\S+))?")
HOST = re.compile(r"bedrock-agentcore-control\.([a-z0-9-]+)\.")


class _Rate(Body):
    rate: Annotated[Decimal, Field(ge=0)]


class _Entry(Body):
    dimensions: dict[Word, Word]
    requests: list[_Rate] = Field(default_factory=list)


class _RateLimit(Body):
    id: Word = Field(alias="rateLimitId")
    entries: list[_Entry]
    status: Word = ""

    def stopped(self, claim: str) -> str:
        """Who is stopped by it, "" for nobody or if it is none of ours."""
        match self.entries:
            case [_Entry(dimensions=whose, requests=[_Rate(rate=0)])] if list(whose) == [claim]:
                return whose[claim] if self.id == _id(claim, whose[claim]) and self.status != DELETING else ""
            case _:
                return ""


class _Page(Body):
    rows: list[Any] = Field(alias="rateLimits")
    following: str = Field("", alias="nextToken")


def _parts(key: str) -> tuple[str, str, str]:
    """The id of an access key, its secret and its session token; neither has a colon. Without an id it is no key."""
    key_id, colon, rest = key.partition(":")
    secret, _, session = rest.partition(":")
    return (key_id, secret, session) if colon else ("", key, "")


class AgentCore(Provider):
    """One gateway: who calls it is a user, known by a claim of their token.

    Args:
        name: its name in app.yaml.
        url: where the control API of its region is.
        key: the access key's id and its secret, with a colon between them; of temporary credentials the session token
            follows after another colon.
        account: the gateway's id, and after a slash maybe the claim.
        key_name: the environment variable that the key stands in.
        linked: who is linked here, by the claim: the gateway has no list of its callers.
        now: the clock.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"limits", "pause"})
    cannot = (
        N_("AgentCore's gateway stops callers and reports no usage: read the bill of AWS, with files."),
        N_("It stops whoever is linked by the claim in their token, within about 30 seconds."),
        N_("It has no limits in money, and stops nobody who calls Bedrock past the gateway."),
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        account: str,
        key_name: str,
        linked: Callable[[], Iterable[str]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._linked = linked
        self._account = ACCOUNT.fullmatch(account.strip())
        self._claim = (self._account["claim"] if self._account else "") or CLAIM
        host = HOST.search(url)
        self._key_name = key_name
        self._key_id, secret, session = _parts(key)
        sign = aws(self._key_id, SERVICE, host[1] if host else REGION, now, session)
        opens = ApiKey(key_name, secret, {}, NEEDED, sign_all=sign)
        self._api = Api("AgentCore", url, opens, patience, None, calls_per_minute)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def limits(self) -> Iterator[Limit]:
        """Everybody who is linked or stopped; whose rate limit is not understood is left out."""
        found, named = self._ours()
        stopped = {each.stopped(self._claim) for each in found.values()} - {""}
        for caller in sorted({*self._linked(), *stopped}):
            its = _id(self._claim, caller)
            if its in found or its not in named:
                yield Limit(Subject("user", caller), None, paused=caller in stopped)

    def limit(self, subject: Subject) -> Limit | None:
        """Whether one is stopped."""
        with setting_aside():  # what stands beside has to be understood when all are read
            return next((each for each in self.limits() if each.subject == subject), None)

    def before(self, subject: Subject) -> str:
        """Whether the caller was stopped before."""
        return BLOCKED if self._known(subject).paused else OPEN

    def pause(self, subject: Subject) -> None:
        """Put a rate limit of nought for the caller."""
        if self._known(subject).paused:
            return
        its = _id(self._claim, subject.external_id)
        found, _ = self._ours()
        if its in found and found[its].status == DELETING:
            raise UnreachableError(
                "{service} is still removing the block of {id}", AGAIN_S, service=self.who, id=subject.external_id
            )
        entry = {"dimensions": {self._claim: subject.external_id}, "requests": [{"rate": 0, "period": "minute"}]}
        wanted = {"rateLimitId": its, "description": "Bursar", "dimensionKeys": [self._claim], "entries": [entry]}
        self._api.write_json("PUT", f"{self._path()}/batch", {"rateLimits": [wanted]})

    def resume(self, subject: Subject, before: str) -> None:
        """Delete the caller's rate limit, unless it stood there before."""
        if before == BLOCKED or not self._known(subject).paused:
            return
        with suppress(NotFoundError):
            self._api.write_json("DELETE", f"{self._path()}/{_id(self._claim, subject.external_id)}")

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, the key may read rate limits, and anybody is linked who could be stopped."""
        no = why_not(lambda: list(self.limits()))
        yield works(t("{service} answers", service=self.who), no)
        if no:
            return
        linked = len(list(self._linked()))
        yield CheckLine(
            t("callers who are linked: {count}", count=linked), ok=True, advice="" if linked else t(UNLINKED)
        )
        yield may_write(TO_WRITE)

    def _known(self, subject: Subject) -> Limit:
        known = self.limit(subject)
        if known is None:
            raise NotFoundError("{service} does not know {id}", service=self.who, id=subject.external_id)
        return known

    def _ours(self) -> tuple[Mapping[str, _RateLimit], set[str]]:
        """Our rate limits by their ids, and the ids of all that are ours, be they understood or not."""
        rows = [row for row in self._api.follow(self._page, "rate limits") if _named(row).startswith(PREFIX)]
        read = understood(self.who, "rate limits", rows, _RateLimit.model_validate)
        return {each.id: each for each in read}, {_named(row) for row in rows}

    def _page(self, following: str) -> Batch:
        params: Params = {"maxResults": PAGE_ROWS, **({"nextToken": following} if following else {})}
        page = self._api.read(_Page, self._api.get_json(self._path(), params), "rate limits")
        return Batch(page.rows, page.following)

    def _path(self) -> str:
        if self._account is None:
            raise UndeliverableError(
                "account of {name} must be the id of a gateway, such as models-0a1b2c3d4e", name=self.name
            )
        if not self._key_id:
            raise KeyRefusedError(
                "{name} cannot be used: it needs {needed}", "", name=self._key_name, needed=Words(NEEDED)
            )
        return f"/gateways/{quote(self._account['gateway'])}/rate-limits"


def _id(claim: str, caller: str) -> str:
    """The id of the rate limit that stops a caller: any caller's fits, and it tells nobody who they are."""
    return PREFIX + hashlib.sha256(f"{claim}\n{caller}".encode()).hexdigest()[:32]


def _named(row: Any) -> str:
    return str(row.get("rateLimitId", "")) if isinstance(row, dict) else PREFIX
