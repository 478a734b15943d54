"""LiteLLM, a proxy that a company runs in front of its model providers.

All facts here were seen on version 1.106.2, but for the word for an expired key, which is in the source of 1.109.1.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any, NamedTuple

from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field

from bot.providers.base import Finding, Member, Provider
from bot.providers.http import PATIENCE, Api, Key, KeyRefused, Page, Patience
from bot.trouble import Outside, Undeliverable
from storage.charges import Charge

USAGE = "/user/daily/activity"
USERS, TEAMS, KEYS = "/user/list", "/v2/team/list", "/key/list"
USAGE_ROWS_MAX = 1000
LIST_ROWS_MAX = 100

# The cheapest question to each route that we read. The day is any day.
PROBES: dict[str, dict[str, str | int]] = {
    USERS: {"page_size": 1},
    TEAMS: {"page_size": 1},
    KEYS: {"size": 1},
    USAGE: {"start_date": "2026-01-01", "end_date": "2026-01-01", "page_size": 1},
}

# A sum of floats may fall short of its parts by its last digits. If it falls short by more dollars, it is no sum.
NOISE = Decimal("0.000001")

# LiteLLM's words for what is wrong with a key. It has no word for a blocked key or one without a right.
REFUSALS = {"token_not_found_in_db": "it does not know this key", "expired_key": "the key has expired"}
NEEDED = "a management key of a user with the role proxy_admin"

NO_DATABASE = "give LiteLLM a PostgreSQL database (DATABASE_URL): without one it counts nothing"

Count = Annotated[int, Field(strict=True, ge=0, le=10**13)]
Dollars = Annotated[Decimal, Field(ge=0, le=10**6)]
Word = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]


class _Body(BaseModel):
    """What we need of a body; the rest may be anything."""

    model_config = ConfigDict(frozen=True)


class _Metrics(_Body):
    """What was used. `prompt_tokens` holds the cached ones too."""

    spend: Dollars
    prompt_tokens: Count
    completion_tokens: Count
    cache_read_input_tokens: Count = 0
    cache_creation_input_tokens: Count = 0
    api_requests: Count
    failed_requests: Count = 0

    def __add__(self, other: "_Metrics") -> "_Metrics":
        return self.model_construct(**{name: value + getattr(other, name) for name, value in self})

    def __sub__(self, other: "_Metrics") -> "_Metrics":
        return self.model_construct(**{name: value - getattr(other, name) for name, value in self})


NOTHING = _Metrics(spend=Decimal(0), prompt_tokens=0, completion_tokens=0, api_requests=0)


class _KeyOwner(_Body):
    user_id: Word | None = None
    team_id: Word | None = None


class _KeyUse(_Body):
    metrics: _Metrics
    metadata: _KeyOwner


class _ModelUse(_Body):
    metrics: _Metrics
    api_key_breakdown: dict[Word, _KeyUse] | None = None


class _Breakdown(_Body):
    models: dict[Word, _ModelUse]


class _Day(_Body):
    day: date = Field(validation_alias="date")
    metrics: _Metrics
    breakdown: _Breakdown


class _List(_Body):
    """A page of any list. The usage route keeps its paging in a corner of its own."""

    rows: list[Any] = Field(validation_alias=AliasChoices("users", "teams", "keys", "results"))
    pages_total: Count = Field(validation_alias=AliasChoices("total_pages", AliasPath("metadata", "total_pages")))


class _Ready(_Body):
    db: Word = ""


class _Licence(_Body):
    license_type: Word


class _UserRow(_Body):
    user_id: Word
    user_alias: Word | None = None
    user_email: Word | None = None


class _TeamRow(_Body):
    team_id: Word
    team_alias: Word | None = None


class _KeyRow(_Body):
    token: Word
    key_alias: Word | None = None
    user_id: Word | None = None


class _Cell(NamedTuple):
    team: str
    key: str
    user: str
    model: str


class LiteLLM(Provider):
    """One LiteLLM proxy, read with a management key.

    The master key would do and is never needed. What the proxy does with its master key it reports under the user
    "default_user_id" and the key "litellm_proxy_master_key".

    Args:
        name: its name in app.yaml.
        url: where it is.
        key: the management key.
        key_name: the environment variable that the key stands in.
        patience: how long one question may take.
        page_rows: rows of its database to ask for at once, at most 1000.
    """

    can = frozenset({"charges", "people"})

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        key_name: str = "LITELLM_API_KEY",
        patience: Patience = PATIENCE,
        page_rows: int = USAGE_ROWS_MAX,
    ) -> None:
        self.name = name
        self._api = Api("LiteLLM", url, Key(key_name, key, REFUSALS, NEEDED), patience)
        self._key_name = key_name
        self._page_rows = page_rows

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each day, team, key, user and model; days are UTC days.

        A key without admin rights is not refused the figures: it is given its own user's only, as if they were all.
        So we first ask for what only an admin may see.
        """
        self._api.get_json(USERS, PROBES[USERS])
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            yield from self._charges_of(date.fromordinal(ordinal))

    def people(self) -> Iterator[Member]:
        """Users, teams and keys. A key is known by its hash, as in its charges."""
        for row in self._rows(USERS, "users", page_size=LIST_ROWS_MAX):
            user = self._api.read(_UserRow, row, "a user")
            yield Member("user", user.user_id, name=user.user_alias or "", email=user.user_email or "")
        for row in self._rows(TEAMS, "teams", page_size=LIST_ROWS_MAX):
            team = self._api.read(_TeamRow, row, "a team")
            yield Member("team", team.team_id, name=team.team_alias or "")
        for row in self._rows(KEYS, "keys", size=LIST_ROWS_MAX, return_full_object="true"):
            key = self._api.read(_KeyRow, row, "a key")
            yield Member("key", key.token, name=key.key_alias or "", owner=key.user_id or "")

    def check(self) -> Iterator[Finding]:
        """Whether it answers, what licence it has, and whether the key may read all that we read."""
        try:
            ready = self._api.read(_Ready, self._api.get_json("/health/readiness"), "its state")
        except Outside as trouble:
            yield Finding(f"{self._api.who} answers", ok=False, advice=str(trouble))
            return
        yield Finding(f"{self._api.who} answers", ok=True)
        yield Finding(
            "its database is connected", ready.db == "connected", "" if ready.db == "connected" else NO_DATABASE
        )
        for path in PROBES:
            no = self._why_not(path)
            yield Finding(f"{self._key_name} may read {path}", ok=no is None, advice=str(no or ""))
            if isinstance(no, KeyRefused) and no.kind in REFUSALS:
                return
        yield self._licence()

    def _rows(self, path: str, what: str, **params: str | int) -> Iterator[Any]:
        def ask(number: int) -> Page:
            body = self._api.get_json(path, {**params, "page": number})
            page = self._api.read(_List, body, what)
            return Page(page.rows, page.pages_total)

        return self._api.pages(ask, what)

    def _charges_of(self, day: date) -> Iterator[Charge]:
        """A page counts rows of LiteLLM's database, so a cell may be on several: it is added up before it is given."""
        cells: dict[_Cell, _Metrics] = {}
        dates = {"start_date": day.isoformat(), "end_date": day.isoformat()}
        for row in self._rows(USAGE, "usage", **dates, page_size=self._page_rows):
            part = self._api.read(_Day, row, f"usage of {day}")
            if part.day != day:
                raise Undeliverable(
                    f"{self._api.who} was asked for {day} and answered for {part.day}: nothing is counted"
                )
            for cell, used in self._cells(part):
                cells[cell] = cells.get(cell, NOTHING) + used
        for cell in sorted(cells):
            yield _charge(self.name, day, cell, cells[cell])

    def _cells(self, part: _Day) -> Iterator[tuple[_Cell, _Metrics]]:
        """The cells of a page, and what it counts in a sum without saying whose it is, so that nothing is lost."""
        unnamed = part.metrics
        for model, use in part.breakdown.models.items():
            unnamed -= use.metrics
            unkeyed = use.metrics
            for key, keyed in (use.api_key_breakdown or {}).items():
                unkeyed -= keyed.metrics
                owner = keyed.metadata
                yield _Cell(owner.team_id or "", key, owner.user_id or "", model), keyed.metrics
            yield from self._rest(part.day, model, unkeyed)
        yield from self._rest(part.day, "", unnamed)

    def _rest(self, day: date, model: str, rest: _Metrics) -> Iterator[tuple[_Cell, _Metrics]]:
        counts = [value for name, value in rest if name != "spend"]
        if rest.spend < -NOISE or min(counts) < 0:
            raise Undeliverable(f"{self._api.who} says that parts of {day} are more than the whole: nothing is counted")
        if _nanos(rest.spend) > 0 or max(counts) > 0:
            yield _Cell("", "", "", model), rest

    def _why_not(self, path: str) -> Outside | None:
        try:
            self._api.get_json(path, PROBES[path])
        except Outside as trouble:
            return trouble
        return None

    def _licence(self) -> Finding:
        """A management key may not ask for it, and what we do needs none."""
        try:
            licence = self._api.read(_Licence, self._api.get_json("/health/license"), "its licence")
        except Outside:
            return Finding("licence: not shown to this key, and not needed", ok=True)
        return Finding(f"licence: {licence.license_type}, and none is needed", ok=True)


def _charge(provider: str, day: date, cell: _Cell, used: _Metrics) -> Charge:
    """LiteLLM does not say for how long a cache was written; most providers' default is five minutes."""
    cached = used.cache_read_input_tokens + used.cache_creation_input_tokens
    return Charge(
        provider=provider,
        bucket_start=datetime.combine(day, time(), UTC),
        bucket_hours=24,
        sub_account=cell.team,
        resource=cell.key,
        subject=cell.user,
        model=cell.model,
        tokens_input=max(used.prompt_tokens - cached, 0),
        tokens_cache_read=used.cache_read_input_tokens,
        tokens_cache_write_5m=used.cache_creation_input_tokens,
        tokens_output=used.completion_tokens,
        requests=used.api_requests,
        requests_failed=used.failed_requests,
        cost_nanos=_nanos(used.spend),
    )


def _nanos(dollars: Decimal) -> int:
    """Whole nanos, half to even. Digits below 10⁻¹² dollars are noise of floats, and must not decide a half."""
    without_noise = dollars.quantize(Decimal("1e-12"), ROUND_HALF_EVEN)
    return int(without_noise.scaleb(9).quantize(Decimal(1), ROUND_HALF_EVEN))
