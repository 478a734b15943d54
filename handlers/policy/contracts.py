"""Contracts with vendors, as an admin wrote them in app.yaml."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field, model_validator

from handlers.amounts import read_amount
from handlers.errors import SettingError
from handlers.policy.approvals import Frozen
from handlers.policy.thresholds import AmountText


class Contract(Frozen):
    """What was agreed with a vendor.

    Args:
        name: a short word for it.
        provider: the name of a provider in app.yaml whose charges draw on it.
        owner: id of the person who is told, besides finance; "" for finance alone.
        starts: the first day.
        ends: the day after the last one.
        notice_days: so many days before its end notice must be given at the latest.
        renews_months: for how long it renews by itself without notice, 0 if it does not.
        commitment: what is to be spent in its term at least, in money or in tokens; "" if nothing is.
        overage_percent: what use beyond the commitment costs, in percent of what it costs within.
        uplift_percent: by how much the price may rise at most when it renews, None if nothing was agreed.
        seats: how many seats were bought, 0 for none.
        document: where the paper is, as a link.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
    provider: str
    owner: str = ""
    starts: date
    ends: date
    notice_days: Annotated[int, Field(ge=0, le=730)] = 90
    renews_months: Annotated[int, Field(ge=0, le=120)] = 0
    commitment: AmountText = ""
    overage_percent: Annotated[int, Field(ge=0, le=1_000)] = 100
    uplift_percent: Annotated[int, Field(ge=0, le=1_000)] | None = None
    seats: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    document: str = ""

    @property
    def in_tokens(self) -> bool:
        """Whether it is tokens that are committed, not money."""
        amount = read_amount(self.commitment, own="tokens") if self.commitment else None
        return bool(amount and amount.unit == "tokens")

    @property
    def notice_until(self) -> date:
        """The last day on which notice can be given."""
        return self.ends - timedelta(days=self.notice_days)

    @model_validator(mode="after")
    def _has_days(self) -> "Contract":
        if self.ends <= self.starts:
            raise SettingError("ends must be after starts; it is the day after the last one")
        return self
