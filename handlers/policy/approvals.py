"""The rules of approval: who decides a request, as an admin wrote it in app.yaml. Read from the top; the first fits."""

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Literal

from babel.core import get_global
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from handlers.errors import SettingError
from handlers.money import COUNTED, Amount
from handlers.policy.amounts import written_amount, written_amount_with_unit

AmountWritten = Annotated[Amount, BeforeValidator(written_amount_with_unit)]


def _by(words: str) -> str:
    known = words in ("nobody", "manager", "owner", "lead") or words.startswith(("role ", "people "))
    if not known or not words.split(maxsplit=1)[-1]:
        raise SettingError(
            "unknown approver “{word}”: write nobody, manager, owner, role finance, or people kim, fay", word=words
        )
    return words


def _hours(words: object) -> object:
    try:
        first, last = (time.fromisoformat(part.strip()) for part in str(words).split("-"))
    except ValueError:
        first = last = time(0)
    if first >= last:
        raise SettingError("invalid hours “{word}”: write them like 09:00-18:00", word=words)
    return str(words)


def _several(words: object) -> object:
    return words if isinstance(words, list | tuple) else (words,)


def _country(word: object) -> object:
    if word in ("", "none") or word in get_global("zone_territories").values():
        return word
    raise ValueError(f"unknown country “{word}”: use its code of two letters, such as DE, or none")


class Frozen(BaseModel):
    """A part of app.yaml: frozen, and no key but those it knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Conditions(Frozen):
    """When a rule fits: if all that is said here is so.

    Args:
        amount_up_to: at most so much is asked.
        share_up_to: at most so many percent of the budget's limit.
        models: the budget is for this tier of models.
        team: the account is in this team or below it.
        times_up_to: it is at most the so-manieth grant in the period.
        within_pool: the pool above has so much left.
        permanent: a limit without an end is asked for (true), or anything else (false). Without it the rule is for
            both, but one that approves at once is not for limits without an end.
    """

    amount_up_to: Annotated[Amount, BeforeValidator(written_amount)] | None = None
    share_up_to: Annotated[int, Field(ge=1, le=1000)] | None = None
    models: str = ""
    team: str = ""
    times_up_to: Annotated[int, Field(ge=1, le=1000)] | None = None
    within_pool: bool = False
    permanent: bool | None = None


class Stage(Frozen):
    """One stage of a decision.

    Args:
        by: "nobody" (granted at once), "manager", "owner", "lead" (the owner of the pool of which a share is asked),
            "role finance", or "people kim, fay".
        need: one of them is enough ("any"), or each of them must agree ("all").
        fallback: who decides if nobody of `by` can be found.
        remind_after_hours: working hours until they are reminded, 0 for never.
        raise_after_hours: working hours until the manager above is asked, too, 0 for never.
        refuse_after_hours: working hours until it is refused by itself, 0 for never.
        unreachable_after_hours: working hours until the next in line is asked for somebody who cannot be reached.
    """

    by: Annotated[str, AfterValidator(_by)]
    need: Literal["any", "all"] = "any"
    fallback: Annotated[str, AfterValidator(_by)] = "role finance"
    remind_after_hours: Annotated[int, Field(ge=0, le=1000)] = 8
    raise_after_hours: Annotated[int, Field(ge=0, le=1000)] = 24
    refuse_after_hours: Annotated[int, Field(ge=0, le=1000)] = 80
    unreachable_after_hours: Annotated[int, Field(ge=0, le=1000)] = 4


class ApprovalRule(Frozen):
    """When it fits, and who decides then, stage by stage."""

    when: Conditions = Conditions()
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=5)]

    @property
    def at_once(self) -> bool:
        """Whether what it is for is granted without anybody's decision."""
        return self.stages[0].by == "nobody"

    @model_validator(mode="after")
    def _bounded(self) -> "ApprovalRule":
        """What is granted at once is bounded, or anybody could raise their own limit without end."""
        if any(stage.by == "nobody" for stage in self.stages):
            if len(self.stages) > 1:
                raise SettingError("“nobody” approves at once, so it must be the only stage of its rule")
            if self.when.times_up_to is None or (self.when.amount_up_to is None and self.when.share_up_to is None):
                raise SettingError("“nobody” needs limits: times_up_to, and amount_up_to or share_up_to")
        return self


class RequestRules(Frozen):
    """What holds for all requests, whoever decides them.

    Args:
        at_most: nobody can ask for more at once; one amount, or one for each unit.
        four_eyes_above: from more than this on, whoever decided one stage decides no other; 0 for always, "never".
    """

    at_most: Annotated[tuple[AmountWritten, ...], BeforeValidator(_several)] = ()
    four_eyes_above: Annotated[Amount, BeforeValidator(written_amount)] | Literal["never"] = Amount(Decimal(1000), "")

    def most(self, unit: str) -> int | None:
        """The most that may be asked for in a unit, None if nothing bounds it."""
        return next((each.units(unit) for each in self.at_most if each.unit == unit), None)

    def needs_four_eyes(self, amount: int, unit: str) -> bool:
        """Whether each stage of a request needs somebody else. An amount in another unit is above every bound."""
        if self.four_eyes_above == "never":
            return False
        bound = self.four_eyes_above
        if unit in COUNTED and bound.unit != unit:
            return True
        return bound.unit not in ("", unit) or amount > bound.units(unit)


class WorkingHours(Frozen):
    """When people can be expected to answer, in their own zone.

    Args:
        hours: from until.
        days: working days, Monday is 1.
        holidays: days on which nobody works.
        country: whose public holidays are expected to be quiet, such as "DE"; "none" for none. Empty is that of the
            organization's zone.
    """

    hours: Annotated[str, BeforeValidator(_hours)] = "09:00-18:00"
    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)
    holidays: tuple[date, ...] = ()
    country: Annotated[str, BeforeValidator(_country)] = ""

    def works_on(self, day: date) -> bool:
        """Whether a day is a working day."""
        return day.isoweekday() in self.days and day not in self.holidays

    @property
    def span(self) -> tuple[time, time]:
        """From, until."""
        first, last = (time.fromisoformat(part.strip()) for part in self.hours.split("-"))
        return first, last


# Without rules of one's own, the manager decides everything.
MANAGER: tuple[ApprovalRule, ...] = (ApprovalRule(stages=(Stage(by="manager"),)),)
STAGES: TypeAdapter[tuple[Stage, ...]] = TypeAdapter(tuple[Stage, ...])


@dataclass(frozen=True, slots=True)
class Ask:
    """What a rule looks at.

    Args:
        amount: what is asked, in the budget's unit.
        limit: the budget's limit without what was granted in the period, so that many small grants don't add up.
        unit: of both.
        models: the tier the budget is for, "all" for none.
        teams: ids of the teams above the account.
        times: grants in the period so far.
        pool_left: what the tightest pool above has left, None if there is none.
        granted: what was granted in the period so far, to the account of the budget or at once to whoever asks.
        permanent: whether a limit without an end is asked for.
    """

    amount: int
    limit: int
    unit: str
    models: str
    teams: frozenset[str]
    times: int
    pool_left: int | None
    granted: int = 0
    permanent: bool = False


def fits(rule: ApprovalRule, ask: Ask) -> bool:
    """Whether a rule is for this request."""
    when = rule.when
    permanent = False if rule.at_once and when.permanent is None else when.permanent
    return all(
        (
            permanent in (None, ask.permanent),
            when.amount_up_to is None or _within(ask, when.amount_up_to),
            when.share_up_to is None or ask.amount * 100 <= ask.limit * when.share_up_to,
            not when.models or when.models == ask.models,
            not when.team or when.team in ask.teams,
            when.times_up_to is None or ask.times < when.times_up_to,
            not rule.at_once or _adds_up(when, ask),
            not when.within_pool or ask.pool_left is None or ask.amount <= ask.pool_left,
        )
    )


def _adds_up(when: Conditions, ask: Ask) -> bool:
    """Whether all that is granted at once stays within so many times what may be, however it is cut."""
    times, in_all = when.times_up_to or 1, ask.granted + ask.amount
    return all(
        (
            when.amount_up_to is None
            or when.amount_up_to.unit not in ("", ask.unit)
            or in_all <= when.amount_up_to.units(ask.unit) * times,
            when.share_up_to is None or in_all * 100 <= ask.limit * when.share_up_to * times,
        )
    )


def _within(ask: Ask, most: Amount) -> bool:
    """An amount in another unit than the budget's bounds nothing, so the rule does not fit."""
    return most.unit in ("", ask.unit) and ask.amount <= most.units(ask.unit)


def stages_for(rules: tuple[ApprovalRule, ...], ask: Ask) -> tuple[Stage, ...] | None:
    """Who decides: the stages of the first rule that fits, or None if none does."""
    return next((rule.stages for rule in rules if fits(rule, ask)), None)


def exceeded(rules: tuple[ApprovalRule, ...], ask: Ask) -> int | None:
    """Why it is not an easier rule's: the amount of the rule before that the request exceeds, None if it does not.

    It is in nanos or pieces of the budget's unit.
    """
    most = None
    for rule in rules:
        if fits(rule, ask):
            return most
        bound = rule.when.amount_up_to
        if bound is not None and bound.unit in ("", ask.unit) and not _within(ask, bound):
            most = bound.units(ask.unit)
    return most
