"""Amounts of app.yaml: read as the house writes numbers, and checked where they are read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from babel import Locale, UnknownLocaleError
from pydantic import BaseModel, ModelWrapValidatorHandler, model_validator

from handlers.amounts import CURRENCIES, read_amount
from handlers.errors import SettingError
from handlers.money import Amount

_writer: ContextVar[tuple[str, str]] = ContextVar("writer", default=("en_US", ""))
"""The locale and the currency of the organization whose settings are read."""


class House(BaseModel):
    """Settings that say how their organization writes numbers, which counts for all amounts in them."""

    @model_validator(mode="wrap")
    @classmethod
    def _amounts_as_the_house_writes_them(cls, value: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        said = value.get("organization") if isinstance(value, Mapping) else None
        with written_as(said if isinstance(said, Mapping) else vars(said) if isinstance(said, BaseModel) else {}):
            return handler(value)


@contextmanager
def written_as(organization: Mapping[str, Any]) -> Iterator[None]:
    """Read amounts as an organization writes them, by its locale and its currency."""
    locale, currency = (
        str(organization.get(each) or usual) for each, usual in (("locale", "en_US"), ("currency", "USD"))
    )
    token = _writer.set((locale if _exists(locale) else "en_US", currency if currency in CURRENCIES else ""))
    try:
        yield
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
        ValueError: it is none (SettingError), could be two things, or is more than a budget can hold (AmountError).
    """
    if isinstance(value, Amount):
        return value
    locale, currency = _writer.get()
    # A bare number was read by YAML, which knows no locale.
    amount = read_amount(str(value), locale if isinstance(value, str) else "en_US", currency)
    if amount is None or amount.number < 0:
        raise SettingError("invalid amount “{word}”: write one such as 400 USD", word=value)
    amount.units(amount.unit or currency or "USD", locale)
    return amount


def written_amount_with_unit(value: object) -> Amount:
    """The same of what must say its unit.

    Raises:
        ValueError: as above, or there is no unit.
    """
    amount = written_amount(value)
    if not amount.unit:
        raise SettingError(
            "invalid amount “{word}”: add a currency, such as {amount} USD, or tokens", word=value, amount=amount
        )
    return amount
