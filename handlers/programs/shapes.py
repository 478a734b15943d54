"""What programs say, and what they are told: data, never cards, and never words that are parsed as a sentence.

Amounts go both ways in both forms: `text` for a model or a person, a decimal number without a float for a program.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from handlers.sentence import storable

HOUR_S = 3600
TTL_MAX_S = 14 * 24 * HOUR_S


class Shape(BaseModel):
    """Frozen, and no field but those it knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


AccountId = Annotated[
    str,
    Field(
        max_length=80,
        description="Whose, such as person/ana or agent/crawler. Empty: the token's own. A person may name an agent "
        "that they own.",
    ),
]
AmountText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=40,
        description="An amount with its unit, such as “50 USD”, “12.50 USD” or “2000000 tokens”.",
    ),
]
ModelName = Annotated[str, Field(max_length=255, description="The model that will be used, if it is known.")]


# What is said --------------------------------------------------------------------------------------------------------


class Call(Shape):
    """Something a program says. What no database can keep is taken out of its texts."""

    @field_validator("*", mode="before")
    @classmethod
    def _storable(cls, value: object) -> object:
        return storable(value) if isinstance(value, str) else value


class SeeBudget(Call):
    """What is left, and what decides it."""

    account: AccountId = ""


class SeeLine(Call):
    """What is left, in one short line for a prompt."""

    account: AccountId = ""


class Check(Call):
    """May I spend this? An answer promises nothing: who needs a promise makes a reservation."""

    account: AccountId = ""
    model: ModelName = ""
    amount: Annotated[
        str,
        Field(max_length=40, description="How much, such as “5 USD” or “2000000 tokens”. Empty: something."),
    ] = ""
    reservation: Annotated[
        int | None, Field(ge=1, lt=2**63, description="A reservation of one's own that it is for.")
    ] = None


class Reserve(Call):
    """Set something aside for a job, so that nobody else is told that it is left."""

    amount: AmountText
    account: AccountId = ""
    model: ModelName = ""
    ttl_seconds: Annotated[
        int, Field(ge=60, le=TTL_MAX_S, description="When it lapses by itself, if it is not settled.")
    ] = HOUR_S
    external_id: Annotated[
        str,
        Field(max_length=120, description="The program's own name of the job."),
    ] = ""
    what: Annotated[str, Field(max_length=120, description="What the job is, in a few words.")] = ""


Number = Annotated[int, Field(ge=1, lt=2**63, description="The number of a reservation.")]


class SeeReservation(Call):
    """How a reservation stands."""

    reservation: Number


class Settle(Call):
    """Say what a job cost. What was reserved above it is free at once; the cost counts until its charges arrive."""

    reservation: Number
    cost: Annotated[
        str,
        Field(
            min_length=1,
            max_length=40,
            description="In the unit of the reservation, such as “3.20 USD”; “0” for nothing.",
        ),
    ]


class Release(Call):
    """Let go of a reservation whose job did not run."""

    reservation: Number


class Extend(Call):
    """Let a reservation last so long from now on."""

    reservation: Number
    ttl_seconds: Annotated[int, Field(ge=60, le=TTL_MAX_S)] = HOUR_S


class AskForMore(Call):
    """Ask for more budget. A person is asked; a program never decides about its own request."""

    amount: AmountText
    reason: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            description="What for, in plain words, at most 300 letters.",
        ),
    ]
    account: AccountId = ""
    budget: Annotated[str, Field(max_length=64, description="Of which budget; empty: the one that decides.")] = ""
    until: Annotated[date | None, Field(description="The last day; empty: until the budget resets.")] = None


class SeeRequest(Call):
    """What has become of a request."""

    request: Annotated[int, Field(ge=1, lt=10**9, description="Its number.")]


class SeeRequests(Call):
    """The requests of the last 60 days."""


class Estimate(Call):
    """What some work will cost, and whether it fits into what is left."""

    model: Annotated[str, Field(min_length=1, max_length=255, description="Such as claude-sonnet-4-5.")]
    tokens_input: Annotated[int, Field(ge=0, le=10**12, description="Tokens of prompts, without cached ones.")]
    tokens_output: Annotated[int, Field(ge=0, le=10**12, description="Tokens of the answers.")]
    tokens_cached: Annotated[int, Field(ge=0, le=10**12, description="Tokens that are read from a cache.")] = 0
    runs: Annotated[int, Field(ge=1, le=10**6, description="How often all of this.")] = 1
    provider: Annotated[str, Field(max_length=64, description="Where, as app.yaml names it.")] = ""
    account: AccountId = ""


class ReportDone(Call):
    """Say that a job is over, however it went."""

    outcome: Annotated[Literal["done", "failed", "given_up"], Field(description="How it went.")]
    what: Annotated[str, Field(max_length=120, description="What was done, in a few words.")] = ""
    reservation: Annotated[int | None, Field(ge=1, lt=2**63, description="The reservation of the job.")] = None
    cost: Annotated[str, Field(max_length=40, description="What it cost, if the program knows.")] = ""
    account: AccountId = ""


# What is answered ----------------------------------------------------------------------------------------------------


class Money(Shape):
    """An amount."""

    text: Annotated[str, Field(description="As people write it, such as “$11.60”.")]
    amount: Annotated[str, Field(description="A decimal number, such as “11.6”.")]
    unit: Annotated[str, Field(description="The code of a currency, or “tokens” or “credits”.")]


class Whose(Shape):
    """An account."""

    id: str
    name: str
    kind: str


class OneBudget(Shape):
    """How one budget stands for the account."""

    name: str
    label: str
    limit: Money
    spent: Money
    left: Annotated[Money, Field(description="Limit less spent; below zero when it is overspent.")]
    reserved: Annotated[Money, Field(description="Set aside for jobs whose charges have not arrived.")]
    free: Annotated[Money, Field(description="Left less reserved: what may still be promised.")]
    resets_on: date
    stops: Annotated[bool, Field(description="Whether it stops who has used it up; a soft one only warns.")]


Decision = Literal["yes", "until", "no"]
Why = Literal["", "near", "used_up", "too_much", "paused", "checkpoint"]


class Help(Shape):
    """Something that would help."""

    kind: Literal["ask", "wait", "smaller", "resume", "continue"]
    text: str


class Verdict(Shape):
    """Whether something may be spent."""

    decision: Annotated[Decision, Field(description="yes; until: yes, but little is left; no.")]
    why: Annotated[Why, Field(description="What stands against it, or is near.")]
    decides: Annotated[OneBudget | None, Field(description="The budget that decides; null if none limits the account.")]
    until: Annotated[Money | None, Field(description="With “until”: so much may still be spent.")]
    would_help: tuple[Help, ...]
    not_known: Annotated[tuple[str, ...], Field(description="What the figures do not hold.")]
    as_of: Annotated[datetime | None, Field(description="When the oldest of the figures was read.")]
    message: Annotated[str, Field(description="All of it in one or two sentences.")]


class BudgetAnswer(Shape):
    """What is left."""

    account: Whose
    may_spend: bool
    decision: Decision
    why: Why
    budgets: Annotated[tuple[OneBudget, ...], Field(description="All that limit the account; the first decides.")]
    not_known: tuple[str, ...]
    as_of: datetime | None
    message: str


class LineAnswer(Shape):
    """What is left, in a line."""

    line: str
    tone: Literal["good", "warn", "bad"]


class ReservationAnswer(Shape):
    """A reservation."""

    reservation: int
    account: str
    state: Literal["held", "settled", "released", "lapsed"]
    amount: Money
    cost: Annotated[Money | None, Field(description="What the job cost, null until it is settled.")]
    outstanding: Annotated[Money, Field(description="What of it still counts, for its charges have not arrived.")]
    expires_at: Annotated[datetime | None, Field(description="When it lapses; null when it is over.")]
    external_id: str
    message: str


RequestStateName = Literal["proposed", "pending", "approved", "denied", "withdrawn", "expired", "revoked"]


class RequestAnswer(Shape):
    """A request."""

    request: int
    account: str
    state: Annotated[
        RequestStateName,
        Field(description="proposed: a person must send it on first. pending: whoever decides was asked."),
    ]
    asked: Money
    granted: Annotated[Money | None, Field(description="What was granted, null if nothing was.")]
    applied: Annotated[bool, Field(description="Whether every provider that needs to know has it. Only then it helps.")]
    until: date
    by_program: bool
    ask_again_in_seconds: Annotated[int | None, Field(description="When to look again; null when it is decided.")]
    message: str


class RequestList(Shape):
    """Some requests, the newest first."""

    requests: tuple[RequestAnswer, ...]


class EstimateAnswer(Shape):
    """What some work will cost."""

    model: str
    cost: Annotated[Money | None, Field(description="Null if nobody knows the price; that is not nothing.")]
    price_source: Annotated[Literal["own_price", "list_price", "unknown"], Field(description="Whose price it is.")]
    fits: Annotated[bool | None, Field(description="Whether it fits into what is free; null if that is not known.")]
    percent_of_free: int | None
    message: str


class DoneAnswer(Shape):
    """That a job is over."""

    ok: bool
    message: str
