"""Contracts with vendors, as an admin wrote them in app.yaml."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from handlers.amounts import CURRENCIES, read_amount
from handlers.errors import SettingError
from handlers.periods import add_months
from handlers.policy.approvals import Frozen
from handlers.policy.prices import KINDS, Price, is_model
from handlers.policy.thresholds import AmountText

USUAL_MIX = {"input": Decimal(3), "output": Decimal(1)}
"""Three tokens of input to one of output: how price comparisons usually blend the two where no use is known."""


Kind = Literal["input", "cache_read", "cache_write", "cache_write_1h", "output"]


class PriceChange(Frozen):
    """A price that a vendor has announced, from a day on.

    Args:
        model: the name of a model as it is reported, with `*` for any letters; "" for all of the provider.
        since: the first day on which the new price counts.
        percent: by how much everything becomes dearer, below zero cheaper; None if the prices are said.
        old: what a million tokens cost until then.
        new: what they cost from then on, of the same kinds.
        currency: of both.
    """

    model: str = ""
    since: Annotated[date, Field(alias="from")]
    percent: Annotated[Decimal, Field(gt=-100, le=10_000)] | None = None
    old: dict[Kind, Price] = Field(default_factory=dict)
    new: dict[Kind, Price] = Field(default_factory=dict)
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"

    @model_validator(mode="after")
    def _says_one_thing(self) -> "PriceChange":
        if (self.percent is None) != bool(self.old or self.new):
            raise SettingError("write percent, or both old and new")
        if self.old.keys() != self.new.keys():
            raise SettingError("write the same kinds of tokens in old and new, such as input and output")
        if not all(self.old.values()):
            raise SettingError("an old price of 0 cannot rise; leave out what is free")
        if self.currency not in CURRENCIES:
            raise SettingError("unknown currency {word}: write one such as USD or CNY", word=self.currency)
        return self

    def is_for(self, model: str) -> bool:
        """Whether it is for a model."""
        return not self.model or is_model(self.model, model)

    @property
    def ratios(self) -> dict[str, Decimal]:
        """By what the price of each kind of token is multiplied. What is not said of cached tokens follows input."""
        if self.percent is not None:
            return dict.fromkeys(KINDS, 1 + self.percent / 100)
        said: dict[str, Decimal] = {kind: price / self.old[kind] for kind, price in self.new.items()}
        follows = said.get("input", Decimal(1))
        return {kind: said.get(kind, Decimal(1) if kind == "output" else follows) for kind in KINDS}

    @property
    def is_even(self) -> bool:
        """Whether all kinds of tokens change alike, so that it does not matter which are used."""
        return len(set(self.ratios.values())) == 1

    def factor(self, paid: Mapping[str, Decimal] | None = None) -> Decimal:
        """By what the cost of the same use is multiplied.

        Args:
            paid: what is paid for each kind of token today, in any unit; where nothing is known, three tokens of input
                to one of output at the old price.
        """
        ratios = self.ratios
        known = {kind: share for kind, share in (paid or {}).items() if share > 0}
        if not known:
            old: dict[str, Decimal] = dict(self.old.items())
            known = {kind: weight * old.get(kind, Decimal(1)) for kind, weight in USUAL_MIX.items()}
        return sum((share * ratios[kind] for kind, share in known.items()), Decimal(0)) / sum(known.values())


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
        prices: what the vendor has announced to cost more or less, and from when on.
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
    prices: tuple[PriceChange, ...] = ()
    document: str = ""

    @property
    def in_tokens(self) -> bool:
        """Whether it is tokens that are committed, not money."""
        amount = read_amount(self.commitment, own="tokens") if self.commitment else None
        return bool(amount and amount.unit == "tokens")

    @property
    def currency(self) -> str:
        """The currency of its commitment, as it was written; "" where it has none, or one of tokens."""
        amount = read_amount(self.commitment, own="tokens") if self.commitment and not self.in_tokens else None
        return amount.unit if amount else ""

    @property
    def notice_until(self) -> date:
        """The last day on which notice can be given."""
        return self.ends - timedelta(days=self.notice_days)

    def on(self, day: date) -> "Contract":
        """The same with the term that runs on a day: where it renews by itself, the next one begins when one ends.

        What is committed in a term of another length is not known.
        """
        if day < self.ends or not self.renews_months:
            return self
        months = self.renews_months
        while add_months(self.ends, months) <= day:
            months += self.renews_months
        is_alike = add_months(self.starts, self.renews_months) == self.ends
        term = {"starts": add_months(self.ends, months - self.renews_months), "ends": add_months(self.ends, months)}
        return self.model_copy(update=term if is_alike else {**term, "commitment": ""})

    @model_validator(mode="after")
    def _has_days(self) -> "Contract":
        if self.ends <= self.starts:
            raise SettingError("ends must be after starts; it is the day after the last one")
        return self
