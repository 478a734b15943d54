"""What ChatGPT counts in, credits or US dollars, and how its limits are written in the one or the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from bot.errors import UndeliverableError
from bot.providers.payload_fields import NANOS, Body, Count, nanos
from handlers.language import N_, Words

CENT_NANOS = 10**7
CREDITS_MAX = 2**31 - 1
PRICE_MISSING = N_("say what a credit costs you in US dollars, such as credit: 0.04, in app.yaml")

UnitAmount = Annotated[Decimal, Field(ge=0, le=10**9)]
Unit = Literal["credit", "usd"]


class Worth(Body):
    """So much of a unit."""

    unit: Unit
    amount: UnitAmount


class LimitRule(Body):
    """A limit. An older one has whole credits under `limit` and names no unit."""

    type: Literal["limited", "unlimited"]
    limit_amount: Worth | None = None
    limit: Count | None = None
    limit_expires_at: datetime | None = None

    @model_validator(mode="after")
    def _has_an_amount(self) -> Self:
        if self.type == "limited" and self.limit_amount is None and self.limit is None:
            raise ValueError("a limit without an amount")
        return self


@dataclass(frozen=True, slots=True)
class Money:
    """Turns credits and dollars into nanos of a dollar, and back.

    Args:
        who: whose amounts these are, for a complaint.
        credit_nanos: what a credit costs, None if nobody said.
    """

    who: str
    credit_nanos: int | None

    @property
    def step_nanos(self) -> int:
        """Limits are whole credits, or whole cents."""
        return self.credit_nanos or CENT_NANOS

    def cost(self, dollars: Decimal | None, credits_: Decimal | None) -> int | None:
        """What was used, None if it is said in neither, or in credits that have no price."""
        if dollars is not None:
            return nanos(dollars)
        if credits_ is None or self.credit_nanos is None:
            return None
        return nanos(credits_ * self.credit_nanos / NANOS)

    def limited(self, unit: Unit, amount_nanos: int) -> Mapping[str, Any]:
        """A limit as it is written, rounded down to what the unit can say.

        Raises:
            UndeliverableError: the service takes no limit as high.
        """
        if unit == "usd":
            cents = amount_nanos // CENT_NANOS
            amount = f"{cents // 100}.{cents % 100:02}"
        else:
            amount = str(amount_nanos // self._price())
            if int(amount) > CREDITS_MAX:
                raise UndeliverableError(
                    "{service} takes at most {most} credits, and {amount} were asked for",
                    service=self.who,
                    most=CREDITS_MAX,
                    amount=amount,
                )
        return {"type": "limited", "limit_amount": {"unit": unit, "amount": amount}}

    def allowed(self, rule: LimitRule) -> int | None:
        """What a limit allows, None if it has no end."""
        match rule:
            case LimitRule(type="unlimited"):
                return None
            case LimitRule(limit_amount=Worth(unit="usd", amount=amount)):
                return nanos(amount)
            case LimitRule(limit_amount=Worth(amount=amount)):
                return int(amount * self._price())
            case _:
                return (rule.limit or 0) * self._price()

    def _price(self) -> int:
        if self.credit_nanos is None:
            raise UndeliverableError(
                "{service} counts in credits: {reason}", service=self.who, reason=Words(PRICE_MISSING)
            )
        return self.credit_nanos
