"""What we need of LiteLLM's bodies; the rest may be anything."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, AliasPath, BeforeValidator, ConfigDict, Field

from bot.http import Api, Page
from bot.providers.payload_fields import Body, Count, Word
from storage.limits import Cap, Window

LIST_ROWS_MAX = 100

MONTHLY = "1mo"
DOLLARS_MAX = 10**9
NANO_DIGITS = 9

# LiteLLM's words for how long a window is. "30d" ends with the calendar month and "7d" with the week, as it reckons.
_WINDOWS: Mapping[str, Window] = {
    "1mo": "month", "30d": "month", "monthly": "month",
    "7d": "week", "1w": "week", "weekly": "week",
    "1d": "day", "24h": "day", "daily": "day",
}  # fmt: skip


class NumberedList(Body):
    """A page of any list. The usage route keeps its paging in a corner of its own."""

    rows: list[Any] = Field(validation_alias=AliasChoices("users", "teams", "keys", "results"))
    pages_total: Count = Field(validation_alias=AliasChoices("total_pages", AliasPath("metadata", "total_pages")))


def _moment(said: object) -> object:
    """A moment as LiteLLM writes it; of another form it is not known. One without a zone is of UTC."""
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class _Window(Body):
    """One of the windows of a key or team (`budget_limits`), or the budget that a key stands on."""

    budget_duration: Word | None = None
    max_budget: Decimal | None = None


class LimitedRow(Body):
    """A user, team or key, and what it may spend. `spend` is what it spent since its window began.

    Somebody may have written any number there, by hand and below zero too: it is read, and what we make of it is ours.
    """

    external_id: Word
    name: Word | None = None
    email: Word | None = None
    owner: Word | None = None
    max_budget: Decimal | None
    budget_duration: Word | None = None
    spend: Decimal = Decimal(0)
    blocked: bool | None = None
    resets_at: Moment = Field(None, validation_alias="budget_reset_at")
    windows: list[_Window] | None = Field(None, validation_alias="budget_limits")
    shared: _Window | None = Field(None, validation_alias="litellm_budget_table")

    @property
    def caps(self) -> tuple[Cap, ...]:
        """What binds besides: windows of several lengths, and a budget that may be shared with others."""
        further = [*(self.windows or ()), *([self.shared] if self.shared else [])]
        return tuple(
            (window_of(each.budget_duration), limit_nanos(each.max_budget))
            for each in further
            if each.max_budget is not None
        )


class UserRow(LimitedRow):
    """A user. LiteLLM has no word for a blocked one."""

    external_id: Word = Field(validation_alias="user_id")
    name: Word | None = Field(None, validation_alias="user_alias")
    email: Word | None = Field(None, validation_alias="user_email")


class TeamMember(Body):
    """A member of a team. Who was invited by an address has no user yet."""

    user_id: Word | None = None


class TeamRow(LimitedRow):
    """A team and who is in it; its members are understood one by one."""

    external_id: Word = Field(validation_alias="team_id")
    name: Word | None = Field(None, validation_alias="team_alias")
    members: list[Any] = Field(default_factory=list, validation_alias="members_with_roles")


class VirtualKeyRow(LimitedRow):
    """A key, known by its hash; its owner is a user."""

    external_id: Word = Field(validation_alias="token")
    name: Word | None = Field(None, validation_alias="key_alias")
    owner: Word | None = Field(None, validation_alias="user_id")


class Owned(Body):
    """Whose a key is."""

    owner: Word | None = Field(None, validation_alias="user_id")


class InfoAnswer(Body):
    """What is told about one of them; some versions tell of nobody with a null."""

    row: dict[str, Any] | None = Field(validation_alias=AliasChoices("user_info", "team_info", "info"))


class Changed(Body):
    """What an order answers: the row as it is now, for keys without an envelope."""

    model_config = ConfigDict(extra="allow")

    data: dict[str, Any] | None = None

    @property
    def row(self) -> dict[str, Any] | None:
        """The row."""
        return self.data or self.model_extra


def limit_nanos(amount: Decimal) -> int:
    """A limit in dollars as nanos. Numbers below zero allow nothing, those without sense all."""
    return round(min(max(amount, Decimal(0)), Decimal(DOLLARS_MAX)).scaleb(NANO_DIGITS))


def dollars(amount_nanos: int) -> float:
    """JSON's number: the shortest that is this amount, so it comes back the same."""
    return float(Decimal(amount_nanos).scaleb(-NANO_DIGITS))


def window_of(duration: str | None) -> Window:
    """A window that we have no word for is told as the lifetime: it is not the month that we write."""
    return _WINDOWS.get(duration or "", "total")


def rows(api: Api, path: str, what: str, **params: str | int) -> Iterator[Any]:
    """The rows of all pages of a list, as they come."""

    def ask(number: int) -> Page:
        page = api.read(NumberedList, api.get_json(path, {**params, "page": number}), what)
        return Page(page.rows, page.pages_total)

    return api.pages(ask, what)
