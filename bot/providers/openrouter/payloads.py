"""What OpenRouter's bodies look like, as far as we need them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from bot.providers.base import Limit
from bot.providers.payload_fields import Body, Dollars, Word, nanos
from storage.limits import Subject, Window

METRICS = ("credits_usage", "request_count", "tokens_prompt", "cached_tokens", "tokens_completion", "reasoning_tokens")
DIMENSIONS = ("user", "model")

WINDOWS: dict[str | None, Window] = {"daily": "day", "weekly": "week", "monthly": "month", None: "total"}

# Counts come as numbers or as numbers in quotes.
Tally = Annotated[int, Field(ge=0, le=10**13)]
Reset = Literal["daily", "weekly", "monthly"] | None


class CountedList(Body):
    """A page of any list. The keys have no total."""

    data: list[Any]
    total_count: Tally | None = None


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
    limit: Dollars | None
    limit_reset: Reset = None
    usage: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    byok_usage: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    created_at: datetime
    creator_user_id: Word | None = None

    def as_limit(self) -> Limit:
        """What the key may use."""
        amount = None if self.limit is None else nanos(self.limit)
        name = self.name or self.label or ""
        return Limit(Subject("key", self.hash), amount, WINDOWS[self.limit_reset], paused=self.disabled, name=name)


class RailRow(Body):
    """A guardrail: rules for whom it is assigned to, among them how much each may use."""

    id: Word
    name: Word
    limit_usd: Dollars | None = None
    reset_interval: Reset = None


class AssignedRow(Body):
    user_id: Word
    guardrail_id: Word


class One(Body):
    data: Any


class Credits(Body):
    total_credits: Decimal
    total_usage: Decimal


class Meta(Body):
    metrics: list[dict[str, Any]]
    dimensions: list[dict[str, Any]]

    def lacks(self) -> list[str]:
        """What we need and it does not name."""
        known = {each.get("name") for each in (*self.metrics, *self.dimensions)}
        return [name for name in (*METRICS, *DIMENSIONS) if name not in known]


class Cut(Body):
    truncated: bool


class Answer(Body):
    data: list[Any]
    metadata: Cut


class UsageRow(Body):
    day: Word = Field(validation_alias="date__day")
    model: Word | None = None
    user: Word | None = None
    user_email: Word | None = None
    credits_usage: Dollars
    request_count: Tally
    tokens_prompt: Tally
    cached_tokens: Tally | None = None
    tokens_completion: Tally
    reasoning_tokens: Tally | None = None

    @property
    def address(self) -> str:
        """Whose it is, "" if nobody's. Some answers have the address where a name would stand."""
        return (self.user_email or self.user or "").casefold()
