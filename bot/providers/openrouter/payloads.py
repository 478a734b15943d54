"""What OpenRouter's bodies look like, as far as we need them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from bot.providers.base import Limit
from bot.providers.payload_fields import Body, Count, Dollars, Word, nanos
from storage.limits import Subject, Window

METRICS = ("credits_usage", "request_count", "tokens_prompt", "cached_tokens", "tokens_completion", "reasoning_tokens")
DIMENSIONS = ("user", "model")

WINDOWS: dict[str | None, Window] = {"daily": "day", "weekly": "week", "monthly": "month", None: "total"}


def window_of(reset: str | None) -> Window:
    """How often it resets; an interval that we do not know is told as the lifetime: it is not the month we write."""
    return WINDOWS.get(reset, "total")


def allowed(dollars: Decimal | None) -> int | None:
    """A limit in nanos, None if there is none; one below zero allows nothing."""
    return None if dollars is None else max(nanos(dollars), 0)


class CountedList(Body):
    """A page of any list. The keys have no total."""

    data: list[Any]
    total_count: Count | None = None


class WorkspaceRow(Body):
    id: Word


class MemberRow(Body):
    id: Word
    email: Word
    first_name: Word | None = None
    last_name: Word | None = None

    @property
    def address(self) -> str:
        """The e-mail address as we compare it. Usage is reported under it, so it is our id of a user."""
        return self.email.casefold()

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.first_name, self.last_name)))


class ApiKeyRow(Body):
    hash: Word
    name: Word | None = None
    label: Word | None = None
    disabled: bool = False
    limit: Dollars | None = None
    limit_reset: Word | None = None
    usage: Dollars = Decimal(0)
    byok_usage: Dollars = Decimal(0)
    created_at: datetime | None = None
    creator_user_id: Word | None = None

    def as_limit(self) -> Limit:
        """What the key may use."""
        name = self.name or self.label or ""
        return Limit(Subject("key", self.hash), allowed(self.limit), window_of(self.limit_reset), self.disabled, name)


class RailRow(Body):
    """A guardrail: rules for whom it is assigned to, among them how much each may use."""

    id: Word
    name: Word
    limit_usd: Dollars | None = None
    reset_interval: Word | None = None


class AssignedRow(Body):
    user_id: Word
    guardrail_id: Word


class One(Body):
    data: Any


class Credits(Body):
    total_credits: Decimal = Decimal(0)
    total_usage: Decimal = Decimal(0)


class Meta(Body):
    metrics: list[dict[str, Any]]
    dimensions: list[dict[str, Any]]

    def lacks(self) -> list[str]:
        """What we need and it does not name."""
        known = {each.get("name") for each in (*self.metrics, *self.dimensions)}
        return [name for name in (*METRICS, *DIMENSIONS) if name not in known]


def _start(said: object) -> object:
    """When a day or an hour begins: a day is written as such, a moment without a zone is of UTC."""
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        raise ValueError("Input should be a valid date or datetime") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


Start = Annotated[datetime, BeforeValidator(_start)]


class Cut(Body):
    truncated: bool = False


class Answer(Body):
    data: list[Any]
    metadata: Cut = Cut()


class UsageRow(Body):
    """A row of analytics: what does not apply is null, and its time is named by one of two prefixes."""

    at: Start = Field(validation_alias=AliasChoices("date__day", "created_at__day", "date__hour", "created_at__hour"))
    model: Word | None = None
    user: Word | None = None
    user_email: Word | None = None
    credits_usage: Dollars = Decimal(0)
    request_count: Count = 0
    tokens_prompt: Count = 0
    cached_tokens: Count = 0
    tokens_completion: Count = 0
    reasoning_tokens: Count = 0

    @property
    def address(self) -> str:
        """Whose it is, "" if nobody's. Some answers have the address where a name would stand."""
        return (self.user_email or self.user or "").casefold()
