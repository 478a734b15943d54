"""Charges in the columns of FOCUS, the FinOps Open Cost and Usage Specification, 1.2 and 1.4.

A row is a charge as its provider reported it (docs/explanation/decisions/0001): its cost is not divided up over kinds
of tokens, so that every sum ties to the provider's own. The kinds stand beside it in columns that begin with
x_, as FOCUS asks of what it does not define. 1.4 calls the provider ServiceProviderName and HostProviderName; else the
two agree here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from handlers.money import in_units
from handlers.periods import Period
from handlers.policy import Policy, Vendor
from storage.charges import HOURS_OF_A_DAY, TOKENS
from storage.exports import Line

Profile = Literal["1.2", "1.4"]
PROFILES: tuple[Profile, ...] = ("1.2", "1.4")

_PROVIDER = {"1.2": ("ProviderName", "PublisherName"), "1.4": ("HostProviderName", "ServiceProviderName")}
_ONLY: Mapping[Profile, tuple[str, ...]] = {"1.2": (), "1.4": ("ContractApplied",)}
"""Columns that only one of them has; ContractApplied is of 1.3."""
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
    "SubAccountName",
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
_COSTS = ("BilledCost", "ContractedCost", "EffectiveCost")
_QUALITY = {
    "invoice": "invoice",
    "cost_report": "cost_api",
    "own_price": "own_price",
    "list_price": "list_price",
    "unpriced": "unpriced",
    "telemetry": "telemetry",
}


def columns(profile: Profile) -> tuple[str, ...]:
    """The columns of a profile, in the order of the alphabet, ours at the end."""
    return (*sorted((*_COMMON, *_PROVIDER[profile], *_ONLY[profile])), *_OURS)


def rows(lines: Iterable[Line], profile: Profile, month: Period, policy: Policy) -> Iterator[Sequence[object]]:
    """The charges of a month as rows of a profile; what is unknown is empty.

    Args:
        lines: the charges.
        profile: the version of FOCUS.
        month: the billing period, a month of the organization's calendar.
        policy: knows the zone of that calendar and the accounts at the vendors.
    """
    names = columns(profile)
    billing = _billing(month, policy.zone)
    for line in lines:
        vendor = policy.vendor(line.charge.provider) or Vendor(name=line.charge.provider, service=line.charge.provider)
        row = {**billing, **_row(line, policy), **_seller(vendor, profile), "ContractApplied": _applied(line, policy)}
        yield [row[name] for name in names]


def notes(whys: Iterable[str], profile: Profile, month: Period, policy: Policy) -> Iterator[Sequence[object]]:
    """What is not known of a month, as adjustments of nothing: FOCUS has no other place for it in the file itself."""
    names = columns(profile)
    billing = _billing(month, policy.zone)
    for why in whys:
        row = {
            **dict.fromkeys(names, ""),
            **dict.fromkeys((*_COSTS, "ListCost", "x_CostInHouseCurrency"), 0),
            **billing,
            **_seller(Vendor(name="Bursar", service="Bursar"), profile),
            "ChargePeriodStart": billing["BillingPeriodStart"],
            "ChargePeriodEnd": billing["BillingPeriodEnd"],
            "BillingCurrency": policy.organization.currency,
            "ChargeCategory": "Adjustment",
            "ChargeDescription": f"INCOMPLETE: {why}",
            "ChargeFrequency": "One-Time",
            "ServiceCategory": "AI and Machine Learning",
            "ServiceSubcategory": "Generative AI",
        }
        yield [row[name] for name in names]


def _billing(month: Period, zone: ZoneInfo) -> dict[str, str]:
    return {
        "BillingPeriodStart": _moment(_midnight(month.first, zone)),
        "BillingPeriodEnd": _moment(_midnight(month.end, zone)),
    }


def _seller(vendor: Vendor, profile: Profile) -> dict[str, str]:
    """Who sells and who bills. The account is the one at the vendor, as far as app.yaml names it."""
    return {
        **dict.fromkeys((*_PROVIDER[profile], "InvoiceIssuerName", "ServiceName"), vendor.service),
        "BillingAccountId": vendor.account or vendor.name,
        "BillingAccountName": vendor.name,
    }


def _row(line: Line, policy: Policy) -> dict[str, object]:
    charge = line.charge
    cost = charge.cost_nanos or 0  # FOCUS wants a number; x_EstimateQuality tells that none is known
    tokens = sum(getattr(charge, name) for name in TOKENS)
    quantity, unit = (tokens, "Tokens") if tokens else (charge.requests, "Requests")
    is_use = cost >= 0 or quantity > 0
    tier = charge.tier or "standard"
    sku = charge.model or charge.provider  # use has a SKU in any case
    start, end = _period(charge, policy.zone)
    return {
        **dict.fromkeys(_COSTS, money(cost, charge.currency)),
        "BilledCost": money(cost if charge.billed_nanos is None else charge.billed_nanos, charge.currency),
        "ListCost": money(cost if charge.list_nanos is None else charge.list_nanos, charge.currency),
        "BillingCurrency": charge.currency,
        "ChargeCategory": "Usage" if is_use else "Credit",
        "ChargeClass": "",
        "ChargeDescription": f"{charge.model or 'No model named'}, {tier}",
        "ChargeFrequency": "Usage-Based" if is_use else "One-Time",
        "ChargePeriodStart": _moment(start),
        "ChargePeriodEnd": _moment(end),
        **dict.fromkeys(("ConsumedQuantity", "PricingQuantity"), quantity if is_use else ""),
        **dict.fromkeys(("ConsumedUnit", "PricingUnit"), unit if is_use else ""),
        "ResourceId": charge.resource,
        "ResourceType": "API key" if charge.resource else "",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "SkuId": sku if is_use else "",
        "SkuMeter": unit if is_use else "",
        "SkuPriceId": f"{sku}/{tier}" if is_use else "",
        "SkuPriceDetails": _json({"x_ModelId": charge.model, "x_ServiceTier": tier}) if is_use else "",
        "SubAccountId": charge.sub_account,
        "SubAccountName": charge.sub_account,
        "Tags": _json({"team": line.team, "cost_center": line.cost_center}),
        "x_AccountId": charge.account_id,
        "x_AccountName": line.account,
        "x_UserId": charge.subject,
        "x_EstimateQuality": _QUALITY["unpriced" if charge.cost_nanos is None else charge.cost_source],
        "x_CostInHouseCurrency": money(charge.cost_house_nanos, policy.organization.currency),
        "x_Requests": charge.requests,
        "x_RequestsFailed": charge.requests_failed,
        "x_TokensInputUncached": charge.tokens_input,
        "x_TokensCacheRead": charge.tokens_cache_read,
        "x_TokensCacheWrite5m": charge.tokens_cache_write_5m,
        "x_TokensCacheWrite1h": charge.tokens_cache_write_1h,
        "x_TokensOutput": charge.tokens_output,
        "x_TokensReasoning": charge.tokens_reasoning,
    }


def _applied(line: Line, policy: Policy) -> str:
    """The commitment that a charge draws on, with its cost or its tokens, as JSON; nothing if there is none.

    Of several contracts that it could draw on, it is the first of app.yaml. A contract has one commitment, so both have
    its name.
    """
    charge = line.charge
    then = (each.on(charge.day) for each in policy.contracts if each.provider == charge.provider)
    contract = next((each for each in then if each.commitment and each.starts <= charge.day < each.ends), None)
    if contract is None or (charge.cost_nanos is None and not contract.in_tokens):
        return ""
    applied = f'"ContractCommitmentAppliedCost": {money(charge.cost_nanos or 0, charge.currency)}'
    if contract.in_tokens:
        tokens = sum(getattr(charge, name) for name in TOKENS)
        applied = f'"ContractCommitmentAppliedQuantity": {tokens}, "ContractCommitmentAppliedUnit": "Tokens"'
    ids = ", ".join(f'"{key}": {json.dumps(contract.name)}' for key in ("ContractId", "ContractCommitmentId"))
    return f'{{"Elements": [{{{ids}, {applied}}}]}}'


def _period(charge: Row[Any], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a charge was. That of a day counts for the calendar day that its provider names, as everywhere."""
    if charge.bucket_hours < HOURS_OF_A_DAY:
        return charge.bucket_start, charge.bucket_start + timedelta(hours=charge.bucket_hours)
    return _midnight(charge.day, zone), _midnight(charge.day + timedelta(days=1), zone)


def money(parts: int, currency: str) -> Decimal:
    """An amount as a decimal without an exponent, which FOCUS and spreadsheets read alike."""
    return Decimal(f"{in_units(parts, currency):f}")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _json(pairs: dict[str, str]) -> str:
    """What is known of some pairs as a JSON object."""
    return json.dumps({name: value for name, value in pairs.items() if value}, ensure_ascii=False)
