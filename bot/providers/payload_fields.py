"""What the bodies of all providers are made of: checked figures and words, and dollars as whole nanos."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

NANOS = 10**9

Count = Annotated[int, Field(strict=True, ge=0, le=10**13)]
Dollars = Annotated[Decimal, Field(ge=-(10**9), le=10**9)]
"""A cost; below zero it is a credit. A row of more is a mistake: nobody pays a thousand million dollars a day."""
Word = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]


class Body(BaseModel):
    """What we need of a body; the rest may be anything."""

    model_config = ConfigDict(frozen=True)


def nanos(dollars: Decimal) -> int:
    """Whole nanos, half to even. Digits below 10⁻¹² dollars are noise of floats, and must not decide a half."""
    without_noise = dollars.quantize(Decimal("1e-12"), ROUND_HALF_EVEN)
    return int(without_noise.scaleb(9).quantize(Decimal(1), ROUND_HALF_EVEN))
