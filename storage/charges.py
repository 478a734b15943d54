"""Charges as providers report them: the shape in which usage comes in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

CostSource = Literal["invoice", "cost_report", "own_price", "list_price", "unpriced", "telemetry"]
"""Who says what a charge costs. `own_price` is a price, discount or name of the company's own; `telemetry` is what a
program said, or what it is estimated at until its provider says it."""

HOURS_OF_A_DAY = 24
AMOUNTS = ("cost_nanos", "list_nanos", "billed_nanos", "reported_nanos")
TOKENS = ("tokens_input", "tokens_cache_read", "tokens_cache_write_5m", "tokens_cache_write_1h", "tokens_output")


@dataclass(frozen=True, slots=True)
class Charge:
    """One cell of a provider's report: its latest word about what was consumed.

    The cell is (provider, bucket_start, sub_account, resource, subject, model, tier); a later report of the same cell
    replaces it. The token kinds are disjoint: `tokens_input` is uncached input only. Reasoning is a part of output and
    is never added to it.

    Args:
        provider: name of the provider in app.yaml.
        bucket_start: start of the bucket, aware UTC.
        bucket_hours: 1 or 24. A day bucket counts for the calendar day that the provider names.
        sub_account: the provider's workspace, project or team, "" if none.
        resource: the provider's id of the key or service, "" if none.
        subject: the provider's id of the user, "" if none.
        model: the model's name as reported, "" if none.
        tier: service tier such as "standard", "batch", "priority", "" if not reported.
        tokens_input: uncached input tokens.
        tokens_cache_read: input tokens read from a cache.
        tokens_cache_write_5m: input tokens written to a cache for five minutes.
        tokens_cache_write_1h: input tokens written to a cache for an hour.
        tokens_output: output tokens, reasoning included.
        tokens_reasoning: the reasoning part of the output tokens.
        requests: requests made, failed ones included.
        requests_failed: requests that failed.
        cost_nanos: cost in 10⁻⁹ of the currency, None if nobody can price it (never zero for unknown).
        currency: ISO 4217 code of the cost.
        cost_source: who says so.
        list_nanos: what it would have cost by the provider's list prices, in 10⁻⁹ of the same currency, None if the
            provider does not say.
        billed_nanos: what the provider bills of the cost, as far as that is less or more, such as nothing for what
            included credits pay; in 10⁻⁹ of the same currency, None if it is the cost.
        reported_nanos: what the provider reported, in 10⁻⁹ of the same currency, where a discount of the company's own
            came off; else None.
    """

    provider: str
    bucket_start: datetime
    bucket_hours: int
    model: str
    sub_account: str = ""
    resource: str = ""
    subject: str = ""
    tier: str = ""
    tokens_input: int = 0
    tokens_cache_read: int = 0
    tokens_cache_write_5m: int = 0
    tokens_cache_write_1h: int = 0
    tokens_output: int = 0
    tokens_reasoning: int = 0
    requests: int = 0
    requests_failed: int = 0
    cost_nanos: int | None = None
    currency: str = "USD"
    cost_source: CostSource = "cost_report"
    list_nanos: int | None = None
    billed_nanos: int | None = None
    reported_nanos: int | None = None
