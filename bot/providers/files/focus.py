"""Rows of FOCUS, the FinOps Foundation's format for cost and usage, versions 1.2 to 1.4.

What AI costs stands among all other services, and is told by its service category. Version 1.4 has no column for a
token's kind or a model yet: they stand in SkuPriceDetails, under names of the draft of 1.5 or with `x_` before them, or
can be read from the meter's name.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.providers.files.charge_rows import ChargeRow, cost_of, currency_of, decimal_of, utc_day_of, word_of
from bot.providers.files.readers import RowError, TextRow

MARK = "ChargePeriodStart"
NEEDED = ("BillingCurrency", "ServiceCategory", "BilledCost")
AI = "AI and Machine Learning"

_UNIT = re.compile(r"(?P<times>\d+)?\s*(?P<scale>[KM])?\s*(?P<what>token|request)s?", re.IGNORECASE)
_SCALES = {"": 1, "k": 10**3, "m": 10**6}
_USERS = ("user_email", "user_id", "user")
_CACHE = {"read": "tokens_cache_read", "write": "tokens_cache_write_5m"}


def cell(row: TextRow) -> ChargeRow | None:
    """What a row says, None if it is not about AI. Prepaid and included use counts at its effective cost.

    Raises:
        RowError: something in it cannot be right.
    """
    if row["ServiceCategory"] != AI:
        return None
    details = _object(row, "SkuPriceDetails")
    column = "EffectiveCost" if row.get("EffectiveCost", "").strip() else "BilledCost"
    return ChargeRow(
        day=utc_day_of(row[MARK], MARK),
        sub_account=word_of(row.get("SubAccountId", ""), "SubAccountId"),
        resource=word_of(row.get("ResourceId", ""), "ResourceId"),
        subject=_subject(row),
        model=_model(row, details),
        currency=currency_of(row["BillingCurrency"], "BillingCurrency"),
        cost=cost_of(row[column], column),
        **_used(row, details),
    )


def _subject(row: TextRow) -> str:
    """FOCUS knows no users. They stand in a column of one's own, or in a tag."""
    tags = _object(row, "Tags")
    found = row.get("x_UserId") or next((tags[name] for name in _USERS if tags.get(name)), "")
    return word_of(str(found), "x_UserId")


def _model(row: TextRow, details: Mapping[str, Any]) -> str:
    found = _detail(details, "ModelId") or row.get("x_ModelId") or row.get("SkuMeter") or row.get("ServiceName")
    return word_of(str(found or ""), "ModelId")


def _used(row: TextRow, details: Mapping[str, Any]) -> dict[str, int]:
    """Tokens or requests, if the row is use and counts one of them."""
    unit = _UNIT.fullmatch(row.get("ConsumedUnit", "").strip())
    if unit is None or row.get("ChargeCategory", "Usage") != "Usage" or not row.get("ConsumedQuantity", "").strip():
        return {}
    quantity = decimal_of(row["ConsumedQuantity"], "ConsumedQuantity")
    count = round(quantity * int(unit["times"] or 1) * _SCALES[(unit["scale"] or "").lower()])
    if abs(count) > Decimal(10) ** 13:
        raise RowError(f"“{row['ConsumedQuantity']}” under ConsumedQuantity is more than a row can count")
    return {"requests" if unit["what"].lower() == "request" else _kind(row, details): count}


def _kind(row: TextRow, details: Mapping[str, Any]) -> str:
    """Which kind of tokens, by the details, else by the meter's name; what says nothing is input."""
    meter = row.get("SkuMeter", "").lower()
    action = _detail(details, "TokenCacheAction").lower()
    if not action and "cache" in meter:
        action = "write" if "writ" in meter or "creat" in meter else "read"
    direction = _detail(details, "TokenDirection").lower() or ("output" if "out" in meter else "input")
    return "tokens_output" if direction == "output" else _CACHE.get(action, "tokens_input")


def _detail(details: Mapping[str, Any], name: str) -> str:
    return str(details.get(name) or details.get(f"x_{name}") or "")


def _object(row: TextRow, column: str) -> Mapping[str, Any]:
    """A column of names and values; FOCUS writes it as JSON."""
    text = row.get(column, "").strip()
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RowError(f"what stands under {column} is no JSON object")
    return found
