"""What the bodies of all providers are made of: checked figures and words, and dollars as whole nanos."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticUseDefault

NANOS = 10**9
COUNT_MAX = 10**15
COUNT_DIGITS_MAX = 16

DOLLARS_MAX = 10**9
"""A row of more is a mistake: nobody pays a thousand million dollars a day. A cost below zero is a credit."""


def _whole(given: Any) -> Any:
    """A count that came as a fraction without a fraction, or in quotes."""
    if isinstance(given, Decimal) and given.is_finite() and given == given.to_integral_value():
        return int(given)
    is_quoted = isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= COUNT_DIGITS_MAX
    return int(given) if is_quoted else given


def _floored(given: Any) -> Any:
    """Dollars of a limit that has cents, without them."""
    return given // 1 if isinstance(given, Decimal) and given.is_finite() else given


Count = Annotated[int, BeforeValidator(_whole), Field(strict=True, ge=0, le=COUNT_MAX)]
Dollars = Annotated[Decimal, Field(ge=-DOLLARS_MAX, le=DOLLARS_MAX)]
WholeDollars = Annotated[int, BeforeValidator(_floored), Field(ge=0, le=DOLLARS_MAX)]
Word = Annotated[str, Field(max_length=255, pattern=r"^[^\x00]*$")]
Tier = Annotated[str, Field(max_length=32, pattern=r"^[^\x00]*$")]
Address = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]
Currency = Annotated[
    str, Field(pattern=r"^[A-Z]{3}$"), BeforeValidator(lambda said: said.upper() if isinstance(said, str) else said)
]


class Body(BaseModel):
    """What we need of a body; the rest may be anything, and a null in a field that need not be there is no field."""

    model_config = ConfigDict(frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _null_is_absent(cls, given: Any, info: ValidationInfo) -> Any:
        if given is None and not cls.model_fields[info.field_name or ""].is_required():
            raise PydanticUseDefault
        return given


def nanos(dollars: Decimal) -> int:
    """Whole nanos, half to even. Digits below 10⁻¹² dollars are noise of floats, and must not decide a half."""
    without_noise = dollars.quantize(Decimal("1e-12"), ROUND_HALF_EVEN)
    return int(without_noise.scaleb(9).quantize(Decimal(1), ROUND_HALF_EVEN))
