"""Rows of FOCUS, the FinOps Foundation's format for cost and usage, versions 1.0 to 1.4 and what 1.5 adds for AI.

What AI costs stands among all other services, and is told by its service category. Version 1.4 has no column for a
token's kind, a model or a person yet. They are read from the columns and the keys of SkuPriceDetails that the working
draft of 1.5 has (November 2026), with `x_` before them, too; else from tags and from the words of the meter.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from bot.column_values import said, tidy
from bot.providers.files.charge_rows import (
    TOKENS_MAX,
    ChargeRow,
    DatedRowError,
    currency_of,
    id_of,
    name_of,
    pico_of,
    spread,
    utc,
)
from bot.providers.files.kinds import Kind, kind_of, model_of, unit_of
from bot.providers.files.readers import TextRow
from bot.providers.set_aside import RowError

START, END = "ChargePeriodStart", "ChargePeriodEnd"
AI = "ai and machine learning"
WHO_TAGS = (
    "user_email",
    "user_id",
    "user",
    "email",
    "owner",
    "iamPrincipal/owner",
    "iamPrincipal/email",
    "userAttribute/email",
    "aws:createdBy",
)
_LITELLM = frozenset(("custom_llm_provider", "api_key_alias", "model_group"))
_TOKEN_TYPES: Mapping[str, Kind] = {
    "input": "tokens_input",
    "output": "tokens_output",
    "cacheread": "tokens_cache_read",
    "cachewrite": "tokens_cache_write_5m",
}
_ACTIONS: Mapping[str, Kind] = {"read": "tokens_cache_read", "write": "tokens_cache_write_5m"}
_DAY = timedelta(days=1)


def read(row: TextRow, who_tags: Sequence[str] = WHO_TAGS) -> Iterable[ChargeRow]:
    """What a row says, nothing if it is not about AI. Prepaid and included use counts at its effective cost.

    Args:
        row: by the names of FOCUS.
        who_tags: tags that name a person, the first before the others.

    Raises:
        RowError: something in it cannot be right.
    """
    if tidy(row["ServiceCategory"]).lower() != AI:
        return ()
    start = _moment(row[START], START)
    day = start.date().isoformat()
    try:
        made = _made(row, who_tags, day)
        end = _moment(row[END], END) if _told(row, END) else start + _DAY
        return (made,) if end - start <= _DAY else tuple(spread(made, start, end))
    except RowError as wrong:
        raise DatedRowError(wrong, day) from None


def _made(row: TextRow, who_tags: Sequence[str], day: str) -> ChargeRow:
    details, tags = _object(row, "SkuPriceDetails"), _object(row, "Tags")
    gateway = not _LITELLM.isdisjoint(tags)  # it has its keys in place of accounts, and models in place of resources
    column = "EffectiveCost" if _told(row, "EffectiveCost") else "BilledCost"
    return ChargeRow(
        day=day,
        sub_account=id_of(row.get("SubAccountId", ""), "SubAccountId"),
        resource=_key(row, gateway=gateway),
        subject=_subject(row, tags, who_tags),
        model=name_of(_told(row, "ResourceId"), "ResourceId") if gateway else _model(row, details),
        currency=currency_of(row["BillingCurrency"], "BillingCurrency"),
        cost=pico_of(_decimal(row, column), column),
        list_cost=pico_of(_decimal(row, "ListCost"), "ListCost") if _told(row, "ListCost") else None,
        **_used(row, details),
    )


def _key(row: TextRow, *, gateway: bool) -> str:
    names = ("BillingAccountId",) if gateway else ("CredentialId", "x_CredentialId", "ResourceId")
    return next((word for name in names if (word := id_of(row.get(name, ""), name))), "")


def _subject(row: TextRow, tags: Mapping[str, Any], who_tags: Sequence[str]) -> str:
    """Who it was. Of several the one with an address counts, for by that a person is known.

    The draft of 1.5 knows who asked (PrincipalId) and for whom (ConsumerId); before, FOCUS knew no users.
    """
    folded = {name.casefold(): value for name, value in tags.items()}
    words = [_told(row, name) for name in ("x_UserId", "ConsumerId", "PrincipalId", "x_PrincipalId")]
    words += [said(str(folded.get(name.casefold()) or "")) for name in who_tags]
    found = next((word for word in words if "@" in word), next(filter(None, words), ""))
    return id_of(found, "PrincipalId")


def _model(row: TextRow, details: Mapping[str, Any]) -> str:
    meter = model_of(_told(row, "SkuMeter"))
    words = (_detail(details, "ModelId"), _told(row, "x_ModelId"), _detail(details, "ModelFamily"), meter)
    return name_of(next(filter(None, words), _told(row, "ServiceName")), "ModelId")


def _used(row: TextRow, details: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens or requests, if the row is use and counts one of them."""
    if (_told(row, "ChargeCategory") or "Usage") != "Usage":
        return {}
    meter = _told(row, "SkuMeter") or _told(row, "x_SkuMeterName")
    for name in ("Consumed", "Pricing"):
        unit = unit_of(_told(row, f"{name}Unit")) if _told(row, f"{name}Unit") else None
        if unit is None or not _told(row, f"{name}Quantity"):
            continue
        column = f"{name}Quantity"
        count = _decimal(row, column) * unit.times
        if abs(count) > TOKENS_MAX:
            raise RowError("it is more than a row can count", column)
        if unit.what == "request":
            return {"requests": round(count)}
        kind = _kind(meter, details)
        if unit.what == "token" or (kind and kind != "requests") or "token" in meter.lower():
            return {kind or "tokens_input": round(count)}
    return {}


def _kind(meter: str, details: Mapping[str, Any]) -> Kind | None:
    """Which kind of tokens, by the details, else by the meter's name; None if nothing says it."""
    token_type = _detail(details, "TokenType").lower().replace("_", "").replace(" ", "")
    if token_type in _TOKEN_TYPES:
        return _TOKEN_TYPES[token_type]
    if _detail(details, "TokenDirection").lower() == "output":
        return "tokens_output"
    action = _detail(details, "TokenCacheAction").lower()
    if action:
        return _ACTIONS.get(action, "tokens_input")
    found = kind_of(meter)
    if found in {"", "requests"} and _detail(details, "TokenDirection"):
        return "tokens_input"
    return found or None


def _detail(details: Mapping[str, Any], name: str) -> str:
    return said(str(details.get(name) or details.get(f"x_{name}") or ""))


def _told(row: TextRow, column: str) -> str:
    return said(row.get(column, ""))


def _decimal(row: TextRow, column: str) -> Decimal:
    """A number as FOCUS writes it: a decimal point, nothing between thousands, maybe an exponent."""
    try:
        number = Decimal(tidy(row[column]))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise RowError("it is no number; write it as 1234.56", column)
    return number


def _moment(text: str, column: str) -> datetime:
    try:
        return _utc(tidy(text))
    except (ValueError, OverflowError):
        raise RowError("it is no moment; write it as 2026-11-22T00:00:00Z", column) from None


@lru_cache(4096)
def _utc(text: str) -> datetime:
    """A moment; FOCUS has UTC only, and Parquet does not always say so."""
    return utc(datetime.fromisoformat(text))


def _object(row: TextRow, column: str) -> Mapping[str, Any]:
    """A column of names and values; FOCUS writes it as JSON, and Azure once left out the brackets."""
    text = _told(row, column)
    if not text:
        return {}
    found = _parsed(text if text.startswith(("{", "[")) else f"{{{text}}}")
    if isinstance(found, list) and all(isinstance(each, dict) and "key" in each for each in found):
        return {str(each["key"]): each.get("value") for each in found}
    if not isinstance(found, dict):
        raise RowError("it is no JSON object", column)
    return found


@lru_cache(4096)
def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
