"""Amounts of app.yaml: read as the house writes numbers, and checked where they are read."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from babel import Locale, UnknownLocaleError
from pydantic import BaseModel, ModelWrapValidatorHandler, model_validator

from handlers.amounts import CURRENCIES, read_amount
from handlers.money import Amount

_writer: ContextVar[tuple[str, str]] = ContextVar("writer", default=("en_US", ""))
"""The locale and the currency of the organization whose settings are read."""


class House(BaseModel):
    """Settings that say how their organization writes numbers, which counts for all amounts in them."""

    @model_validator(mode="wrap")
    @classmethod
    def _amounts_as_the_house_writes_them(cls, value: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        said = value.get("organization") if isinstance(value, Mapping) else None
        fields = said if isinstance(said, Mapping) else vars(said) if isinstance(said, BaseModel) else {}
        locale, currency = (
            str(fields.get(each) or usual) for each, usual in (("locale", "en_US"), ("currency", "USD"))
        )
        token = _writer.set((locale if _exists(locale) else "en_US", currency if currency in CURRENCIES else ""))
        try:
            return handler(value)
        finally:
            _writer.reset(token)


def _exists(locale: str) -> bool:
    try:
        Locale.parse(locale)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def written_amount(value: object) -> Amount:
    """An amount of app.yaml.

    Raises:
        ValueError: it is none, could be two things, or is more than a budget can hold.
    """
    if isinstance(value, Amount):
        return value
    locale, currency = _writer.get()
    # A bare number was read by YAML, which knows no locale.
    amount = read_amount(str(value), locale if isinstance(value, str) else "en_US", currency)
    if amount is None or amount.number < 0:
        raise ValueError(f"invalid amount “{value}”: write one such as 400 USD")
    amount.units(amount.unit or currency or "USD", locale)
    return amount


def written_amount_with_unit(value: object) -> Amount:
    """The same of what must say its unit.

    Raises:
        ValueError: as above, or there is no unit.
    """
    amount = written_amount(value)
    if not amount.unit:
        raise ValueError(f"invalid amount “{value}”: add a currency, such as {amount} USD, or tokens")
    return amount
