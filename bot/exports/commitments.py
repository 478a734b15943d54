"""Contracts in the columns of FOCUS's Contract Commitment dataset, 1.3: what was agreed, not how far it is drawn.

Source: the specification's files of that dataset that say "introduced 1.3", all of which it wants to be there. What 1.4
adds differs between its drafts, and most of it (the model, the benefit, how it is paid) is not in app.yaml. Charges
point to a row by ContractApplied (`bot/exports/focus.py`). Seats that are bought are a commitment of usage.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from handlers.amounts import read_amount
from handlers.periods import Period
from handlers.policy import Contract, Policy

COLUMNS = (
    "BillingCurrency",
    "ContractCommitmentCategory",
    "ContractCommitmentCost",
    "ContractCommitmentDescription",
    "ContractCommitmentId",
    "ContractCommitmentPeriodEnd",
    "ContractCommitmentPeriodStart",
    "ContractCommitmentQuantity",
    "ContractCommitmentType",
    "ContractCommitmentUnit",
    "ContractId",
    "ContractPeriodEnd",
    "ContractPeriodStart",
)
DAY = timedelta(days=1)


def rows(policy: Policy, month: Period) -> Iterator[Sequence[object]]:
    """The commitments of all contracts whose term has a day of a month; two of one that renews within it.

    Args:
        policy: has the contracts, and the zone in which their days begin.
        month: of the calendar.
    """
    for contract in policy.contracts:
        terms = {each.starts: each for each in (contract.on(month.first), contract.on(month.end - DAY))}
        for term in terms.values():
            if term.starts < month.end and month.first < term.ends:
                yield from (tuple(row[name] for name in COLUMNS) for row in _of_term(policy, term))


def _of_term(policy: Policy, term: Contract) -> Iterator[Mapping[str, object]]:
    starts, ends = (_midnight(policy, day) for day in (term.starts, term.ends))
    shared = {
        "BillingCurrency": term.currency or policy.organization.currency,
        "ContractCommitmentCost": "",
        "ContractCommitmentPeriodStart": starts,
        "ContractCommitmentPeriodEnd": ends,
        "ContractCommitmentQuantity": "",
        "ContractCommitmentUnit": "",
        "ContractId": term.name,
        "ContractPeriodStart": starts,
        "ContractPeriodEnd": ends,
    }
    amount = read_amount(term.commitment, own=policy.organization.currency) if term.commitment else None
    if amount and term.in_tokens:
        yield shared | {
            "ContractCommitmentCategory": "Usage",
            "ContractCommitmentDescription": f"{term.commitment} of {term.provider}",
            "ContractCommitmentId": term.name,
            "ContractCommitmentQuantity": f"{amount.number:f}",
            "ContractCommitmentType": "Committed tokens",
            "ContractCommitmentUnit": "Tokens",
        }
    elif amount:
        yield shared | {
            "ContractCommitmentCategory": "Spend",
            "ContractCommitmentCost": f"{amount.number:f}",
            "ContractCommitmentDescription": f"{term.commitment} of {term.provider}",
            "ContractCommitmentId": term.name,
            "ContractCommitmentType": "Committed spend",
        }
    if term.seats:
        yield shared | {
            "ContractCommitmentCategory": "Usage",
            "ContractCommitmentDescription": f"{term.seats} seats of {term.provider}",
            "ContractCommitmentId": f"{term.name}/seats",
            "ContractCommitmentQuantity": term.seats,
            "ContractCommitmentType": "Seats",
            "ContractCommitmentUnit": "Seats",
        }


def _midnight(policy: Policy, day: date) -> str:
    return datetime.combine(day, time(), policy.zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
