"""Charges in the columns of FOCUS, the FinOps Open Cost and Usage Specification, 1.2 and 1.4.

A row is a charge as its provider reported it (docs/explanation/decisions/0001): its cost is not divided up over kinds
of tokens, so that every sum ties to the provider's own. The kinds stand beside it in columns that begin with
x_, as FOCUS asks of what it does not define. 1.4 calls the provider ServiceProviderName and HostProviderName; else the
two agree here.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from handlers.money import NANOS
from handlers.periods import Period
from storage.charges import TOKENS
from storage.exports import Line

Profile = Literal["1.2", "1.4"]
PROFILES: tuple[Profile, ...] = ("1.2", "1.4")

_PROVIDER = {"1.2": ("ProviderName", "PublisherName"), "1.4": ("HostProviderName", "ServiceProviderName")}
_COMMON = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ResourceId",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "Tags",
)
_OURS = (
    "x_AccountId",
    "x_AccountName",
    "x_UserId",
    "x_EstimateQuality",
    "x_CostInHouseCurrency",
    "x_Requests",
    "x_RequestsFailed",
    "x_TokensInputUncached",
    "x_TokensCacheRead",
    "x_TokensCacheWrite5m",
    "x_TokensCacheWrite1h",
    "x_TokensOutput",
    "x_TokensReasoning",
)
_QUALITY = {
    "invoice": "invoice",
    "cost_report": "cost_api",
    "own_price": "own_price",
    "list_price": "list_price",
    "unpriced": "unpriced",
}


def columns(profile: Profile) -> tuple[str, ...]:
    """The columns of a profile, in the order of the alphabet, ours at the end."""
    return (*sorted((*_COMMON, *_PROVIDER[profile])), *_OURS)


def rows(lines: Iterable[Line], profile: Profile, month: Period) -> Iterator[Sequence[object]]:
    """The charges of a month as rows of a profile; what is unknown is empty.

    Args:
        lines: the charges.
        profile: the version of FOCUS.
        month: the billing period. It is a month of the organization's calendar and is written as that month of UTC.
    """
    names = columns(profile)
    billing = {"BillingPeriodStart": _midnight(month.first), "BillingPeriodEnd": _midnight(month.end)}
    for line in lines:
        row = {**billing, **_row(line), **dict.fromkeys(_PROVIDER[profile], line.charge.provider)}
        yield [row[name] for name in names]


def notes(whys: Iterable[str], profile: Profile, month: Period, currency: str) -> Iterator[Sequence[object]]:
    """What is not known of a month, as adjustments of nothing: FOCUS has no other place for it in the file itself."""
    names = columns(profile)
    start, end = _midnight(month.first), _midnight(month.end)
    for why in whys:
        row = {
            **dict.fromkeys(names, ""),
            **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "x_CostInHouseCurrency"), 0),
            **dict.fromkeys(("BillingAccountId", "BillingAccountName", "InvoiceIssuerName"), "Bursar"),
            **dict.fromkeys((*_PROVIDER[profile], "ServiceName"), "Bursar"),
            **dict.fromkeys(("BillingPeriodStart", "ChargePeriodStart"), start),
            **dict.fromkeys(("BillingPeriodEnd", "ChargePeriodEnd"), end),
            "BillingCurrency": currency,
            "ChargeCategory": "Adjustment",
            "ChargeDescription": f"INCOMPLETE: {why}",
            "ChargeFrequency": "One-Time",
            "ServiceCategory": "AI and Machine Learning",
            "ServiceSubcategory": "Generative AI",
        }
        yield [row[name] for name in names]


def _row(line: Line) -> dict[str, object]:
    charge = line.charge
    cost = money(charge.cost_nanos or 0)  # FOCUS wants a number; x_EstimateQuality tells that none is known
    tokens = sum(getattr(charge, name) for name in TOKENS)
    quantity, unit = (tokens, "Tokens") if tokens else (charge.requests, "Requests")
    end = charge.bucket_start + timedelta(hours=charge.bucket_hours)
    tier = charge.tier or "standard"
    return {
        **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), cost),
        **dict.fromkeys(("BillingAccountId", "BillingAccountName", "InvoiceIssuerName"), charge.provider),
        "BillingCurrency": charge.currency,
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeDescription": f"{charge.model or 'No model named'}, {tier}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": _moment(charge.bucket_start),
        "ChargePeriodEnd": _moment(end),
        **dict.fromkeys(("ConsumedQuantity", "PricingQuantity"), quantity),
        **dict.fromkeys(("ConsumedUnit", "PricingUnit"), unit),
        "ResourceId": charge.resource,
        "ResourceType": "API key" if charge.resource else "",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": charge.provider,
        "ServiceSubcategory": "Generative AI",
        "SkuId": charge.model,
        "SkuMeter": unit if charge.model else "",
        "SkuPriceId": f"{charge.model}/{tier}" if charge.model else "",
        "SkuPriceDetails": _json({"x_ModelId": charge.model, "x_ServiceTier": tier}) if charge.model else "",
        "SubAccountId": charge.sub_account,
        "Tags": _json({"team": line.team, "cost_center": line.cost_center}),
        "x_AccountId": charge.account_id,
        "x_AccountName": line.account,
        "x_UserId": charge.subject,
        "x_EstimateQuality": _QUALITY["unpriced" if charge.cost_nanos is None else charge.cost_source],
        "x_CostInHouseCurrency": money(charge.cost_house_nanos),
        "x_Requests": charge.requests,
        "x_RequestsFailed": charge.requests_failed,
        "x_TokensInputUncached": charge.tokens_input,
        "x_TokensCacheRead": charge.tokens_cache_read,
        "x_TokensCacheWrite5m": charge.tokens_cache_write_5m,
        "x_TokensCacheWrite1h": charge.tokens_cache_write_1h,
        "x_TokensOutput": charge.tokens_output,
        "x_TokensReasoning": charge.tokens_reasoning,
    }


def money(nanos: int) -> Decimal:
    """Nanos as a decimal without an exponent, which FOCUS and spreadsheets read alike."""
    return Decimal(f"{Decimal(nanos) / NANOS:f}")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _midnight(day: date) -> str:
    return f"{day:%Y-%m-%d}T00:00:00Z"


def _json(pairs: dict[str, str]) -> str:
    """What is known of some pairs as a JSON object."""
    return json.dumps({name: value for name, value in pairs.items() if value}, ensure_ascii=False)
