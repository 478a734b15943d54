"""What is tried: "per-person 200 USD for contractors and without flagship over last 3 months".

The words become changes to the budgets of app.yaml. A change is applied when the past was read, for caps by percentile
are made of it (suggestion.py).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal

from handlers.amounts import half_width, split_words, take_amount
from handlers.arguments import EveryWord, WhomWord
from handlers.chinese_numbers import in_digits
from handlers.context import Context
from handlers.errors import RefusedError, SettingError
from handlers.language import N_
from handlers.money import COUNTED, Amount, AmountError
from handlers.period_words import span_of
from handlers.periods import Every, Period, period_of
from handlers.planning.replay import Granting
from handlers.policy import Budget, Policy, clashes, contradictions
from handlers.synonyms import CHINESE_LETTER, translated
from storage import comparisons, people
from storage.people import Account
from storage.tables import ORGANIZATION

EXAMPLE = N_("try per-person 200 USD")
PERIODS = 3
PERIODS_MAX = 36
LENGTHS: dict[Every, int] = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
ENDINGS = ("hard", "soft", "watch")
GRANTING: dict[tuple[str, ...], Granting] = {("none",): "none", ("all",): "all", ("as", "then"): "as then"}
BREAKS = ("and", ",", "plus", "&", "和", "、", "，")
PERCENT_MAX, TIMES_LEAST, TIMES_MOST = 99, Decimal("0.1"), Decimal(100)
DAY = timedelta(days=1)
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
USUAL = "trial"
"""How a budget is called that has no name yet."""
Basis = Literal["team", "group", "company"]
BASES: dict[str, Basis] = {
    "team": "team",
    "own": "team",
    "department": "team",
    "group": "group",
    "role": "group",
    "company": "company",
    "organization": "company",
}
"""How people say of what caps are made; a role, such as engineer, is a group of the people source."""


@dataclass(frozen=True, slots=True)
class SetBudget:
    """A rule that takes the place of the one of its name and people, or comes to the others."""

    budget: Budget


@dataclass(frozen=True, slots=True)
class DropBudget:
    """All rules of a name are taken out."""

    name: str


@dataclass(frozen=True, slots=True)
class Caps:
    """The limit of a budget for every person becomes what so many percent of them spent at most in a period.

    Args:
        name: the budget.
        percent: such as 90.
        of: whether each team has its own, each group and role of people, or the company one.
        times: by what it is multiplied.
        floor: the least that anybody gets, in nanos or pieces.
    """

    name: str
    percent: int
    of: Basis = "team"
    times: Decimal = Decimal(1)
    floor: int = 0


@dataclass(frozen=True, slots=True)
class NewBudgets:
    """All budgets of a proposed app.yaml in the place of those of today."""

    budgets: tuple[Budget, ...]


Change = SetBudget | DropBudget | Caps | NewBudgets


@dataclass(frozen=True, slots=True)
class Window:
    """The days that are gone through, first until before end, and how they were chosen: so many periods of a length."""

    first: date
    end: date
    every: Every


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is tried, on whom, and on which days.

    Args:
        changes: to the budgets of today.
        whom: the account of which, with all below it, figures are shown.
        window: the days.
        granting: what becomes of requests.
    """

    changes: tuple[Change, ...]
    whom: Account
    window: Window
    granting: Granting


def budget_period(ctx: Context, day: date, every: Every) -> Period:
    """The period that a day is in, as budgets have them."""
    return period_of(day, every, ctx.policy.budget_calendar)


@dataclass(frozen=True, slots=True)
class Wished:
    """What is tried and on whom, before it is known on which days.

    Args:
        changes: to the budgets of today.
        whom: the account.
        names_whom: whether the words say so.
    """

    changes: tuple[Change, ...]
    whom: Account
    names_whom: bool


def understand(ctx: Context, words: str, *, changes: tuple[Change, ...] = ()) -> Proposal:
    """Read a proposal. Of whom it is, is somebody whom the asker may see: that is how an account is read.

    Args:
        ctx: whoever asks.
        words: all that was said.
        changes: those of a proposed app.yaml; then the words only say of whom and when.

    Raises:
        RefusedError: one plain sentence about what is wrong and what would be right.
    """
    reading = Reading(ctx, split_words(words))
    wished = _wished(ctx, reading, changes)
    every = max((_every_of(ctx, each) for each in wished.changes), key=lambda each: LENGTHS[each])
    return Proposal(wished.changes, wished.whom, window_of(ctx, reading, every), reading.granting)


def wished(ctx: Context, words: str) -> Wished:
    """Read a proposal that is not tried now.

    Raises:
        RefusedError: as above.
    """
    return _wished(ctx, Reading(ctx, split_words(words)), ())


def _wished(ctx: Context, reading: "Reading", changes: tuple[Change, ...]) -> Wished:
    while reading.words:
        if not reading.step():
            raise RefusedError(
                "I don't understand “{word}”. Say it like this: {example}",
                word=reading.words[0],
                example=ctx.t(EXAMPLE),
            )
    made = (*changes, *reading.changes)
    if not made:
        raise RefusedError(
            "Say which budget should be another one, such as: {example}. Budgets today: {known}.",
            example=ctx.t(EXAMPLE),
            known=", ".join(dict.fromkeys(each.name for each in ctx.policy.budgets)) or ctx.t("none"),
        )
    return Wished(made, reading.whom or default_whom(ctx), reading.whom is not None)


def default_whom(ctx: Context) -> Account:
    """Everybody for those who see all, the team that an owner owns, else the own account.

    Raises:
        RefusedError: whoever asks has no account.
    """
    if ctx.person.roles and {"finance", "admin"} & set(ctx.person.roles):
        found = ctx.account(ORGANIZATION)
    else:
        teams = [each for each in people.owned(ctx.conn, ctx.person.id) if each.kind in ("team", "organization")]
        found = min(teams, key=lambda each: (len(ctx.line(each.id)), each.id)) if teams else ctx.account(ctx.account_id)
    if found is None:
        raise RefusedError("You have no account of your own. Say whose, such as: of team search")
    return found


def applied(policy_budgets: Sequence[Budget], changes: Sequence[Change]) -> tuple[Budget, ...]:
    """The budgets with the changes, but for caps, which are made of the past (suggestion.py)."""
    made = list(policy_budgets)
    for change in changes:
        match change:
            case NewBudgets(budgets):
                made = list(budgets)
            case DropBudget(name):
                made = [each for each in made if each.name != name]
            case SetBudget(budget):
                same = [n for n, each in enumerate(made) if (each.name, each.who) == (budget.name, budget.who)]
                if same:
                    made[same[0]] = budget
                else:
                    made.append(budget)
            case Caps():
                pass
    return tuple(made)


def checked(policy: Policy, budgets: Sequence[Budget]) -> tuple[Budget, ...]:
    """The budgets, if an app.yaml with the rest of a policy would take them.

    Raises:
        RefusedError: they contradict each other, or something else in app.yaml.
    """
    wrong: list[SettingError | AmountError] = [why for _, _, why in clashes(budgets)]
    for each in budgets:
        found = contradictions(each, policy.organization.currency, policy.tiers, has_credits=policy.credit_nanos > 0)
        wrong += [why for _, why in found]
    if wrong:
        raise RefusedError(wrong[0].why, **wrong[0].values)
    return tuple(budgets)


def base_of(ctx: Context, name: str) -> Budget | None:
    """The rule of a name that is for most: for everybody of a kind, else the first."""
    family = ctx.policy.rules_named(name)
    return next((each for each in family if each.who in ("every person", "every agent")), next(iter(family), None))


def _every_of(ctx: Context, change: Change) -> Every:
    match change:
        case SetBudget(budget):
            return budget.every
        case DropBudget(name) | Caps(name):
            base = base_of(ctx, name)
            return base.every if base else "month"
        case NewBudgets(budgets):
            return max((each.every for each in budgets), key=lambda each: LENGTHS[each], default="month")


def window_of(ctx: Context, reading: "Reading", every: Every) -> Window:
    """Whole periods that are over and of which figures are known.

    Raises:
        RefusedError: there is none.
    """
    every = every if LENGTHS[every] >= LENGTHS["month"] else "month"
    every = reading.every or every
    last = comparisons.whole_before(ctx.readings(), ctx.today)
    end = budget_period(ctx, min(reading.until or ctx.today, last), every).first
    begun = comparisons.begun(ctx.conn)
    least = max(begun or ctx.today, reading.since or date.min)
    firsts: list[date] = []
    first = end
    while len(firsts) < (PERIODS_MAX if reading.since else reading.count or PERIODS):
        first = budget_period(ctx, first - DAY, every).first
        if first < least:
            break
        firsts.append(first)
    if not firsts:
        whole = {
            "day": N_("There is no whole day of figures to try it on."),
            "week": N_("There is no whole week of figures to try it on."),
            "month": N_("There is no whole month of figures to try it on. With weeks: add “over last 4 weeks”."),
            "quarter": N_("There is no whole quarter of figures to try it on. With months: add “over last 2 months”."),
            "year": N_("There is no whole year of figures to try it on. With months: add “over last 6 months”."),
        }
        raise RefusedError(whole[every])
    return Window(firsts[-1], end, every)


def _in_english(word: str) -> list[str]:
    """A Chinese word of the grammar in English; a name stays as it is."""
    said = translated(in_digits(word)) if CHINESE_LETTER.match(word) and word not in BREAKS else None
    return said[0].split() if said and not said[1] else [word]


class Reading:
    """Words that are read one part after the other; what was understood so far."""

    def __init__(self, ctx: Context, words: Sequence[str]) -> None:
        self.ctx = ctx
        self.words = [each for word in words for each in _in_english(half_width(word))]
        self.changes: list[Change] = []
        self.whom: Account | None = None
        self.granting: Granting = "as then"
        self.count = 0
        self.every: Every | None = None
        self.since: date | None = None
        self.until: date | None = None

    def step(self) -> bool:
        """Understand what stands in front; whether it was understood."""
        first = self.words[0].lower()
        if first.strip(",") in BREAKS or first == ",":
            self.skip(1)
            return True
        if first == "without" and len(self.words) > 1:
            self.skip(1)
            name = self.word().lower()
            self._known(name)
            self.changes.append(DropBudget(name))
            return True
        if first == "granting":
            return self._granting()
        if first in ("last", "past"):
            self.words = ["over", *self.words]
            return self._days("over")
        if first in ("over", "since", "from", "in", "during"):
            return self._days(first)
        if first == "of":
            taken = WhomWord("of").take(self.words, self.ctx)
            if taken:
                self.whom = taken[0]
                self.skip(taken[1])
            return taken is not None
        return self._change()

    def skip(self, count: int) -> None:
        """Pass over some words."""
        self.words = self.words[count:]

    def word(self) -> str:
        """The word in front, which is passed over."""
        word = self.words[0].strip(",")
        self.skip(1)
        return word

    def next(self) -> str:
        """The word in front in small letters, "" at the end."""
        return self.words[0].lower().strip(",") if self.words else ""

    def _known(self, name: str) -> Budget:
        base = base_of(self.ctx, name)
        if base is None:
            known = ", ".join(dict.fromkeys(each.name for each in self.ctx.policy.budgets))
            raise RefusedError(
                "There is no budget “{budget}” in app.yaml. Budgets there: {known}.", budget=name, known=known
            )
        return base

    def _granting(self) -> bool:
        said = tuple(each.lower().strip(",") for each in self.words[1:3])
        for words, meant in GRANTING.items():
            if said[: len(words)] == words:
                self.granting = meant
                self.skip(1 + len(words))
                return True
        raise RefusedError("Say what becomes of requests: granting as then, granting none or granting all.")

    def _days(self, lead: str) -> bool:
        rest = self.words if lead == "since" else self.words[1:]
        said = [each.lower().strip(",") for each in rest]
        at = 1 if said[:1] in (["last"], ["past"], ["the"]) else 0
        every = said[at + 1].removesuffix("s") if len(said) > at + 1 else ""
        if lead != "since" and len(said) > at and said[at].isdecimal() and every in LENGTHS:
            self.count = int(said[at][:4])
            if not 0 < self.count <= PERIODS_MAX:
                raise RefusedError("Say from 1 to {most} periods.", most=PERIODS_MAX)
            self.every = next(each for each in LENGTHS if each == every)
            self.skip(at + 2 + (lead != "since"))
            return True
        found = span_of(rest, self.ctx) if rest else None
        if found is None:
            return False
        self.since, self.until = found[0].first, found[0].end
        self.skip(found[1] + (lead != "since"))
        return True

    # A budget ------------------------------------------------------------------------------------------------------

    def _change(self) -> bool:
        before = self.words
        name = "" if self.amount_in_front() or _percent(self.next()) else self.word().lower()
        if self.changes and not self.words and base_of(self.ctx, name) is None:
            self.words = before
            return False
        if not self.words:
            self._known(name)
            raise RefusedError("Say how much, such as: {example}", example=f"try {name} 200 USD")
        if _percent(self.next()):
            return self._caps(name)
        taken = self.amount_in_front()
        if taken is None:
            if name and base_of(self.ctx, name) and self.next() in ENDINGS:
                return self._set(name, None)
            self._known(name)
            return False
        self.skip(taken[1])
        return self._set(name, taken[0])

    def amount_in_front(self) -> tuple[Amount, int] | None:
        """The amount in front, and how many words it is; None if there is none.

        Raises:
            RefusedError: it cannot be understood, or is below zero.
        """
        try:
            taken = take_amount(self.words, self.ctx.locale, self.ctx.policy.organization.currency)
        except AmountError as wrong:
            raise RefusedError(wrong.why, **wrong.values) from wrong
        if taken and taken[0].number < 0:
            raise RefusedError("An amount must not be below zero.")
        return taken

    def _set(self, name: str, amount: Amount | None) -> bool:
        base = base_of(self.ctx, name) if name else None
        said: dict[str, object] = {}
        every = EveryWord().take(self.words, self.ctx) if self.words else None
        if every:
            self.skip(every[1])
            said["every"] = every[0]
        if self.next() == "for" and len(self.words) > 1:
            self.skip(1)
            said["who"] = self._who(is_personal=base is None or not base.is_pool)
        if self.next() in ENDINGS:
            said["limit"] = self.word().lower()
        if base is None and not name and "who" not in said:
            raise RefusedError("Say of which budget, such as: {example}", example=self.ctx.t(EXAMPLE))
        if base is None and ("who" not in said or not NAME.fullmatch(name or USUAL)):
            self._known(name)
        own = self.ctx.policy.organization.currency
        if amount is not None:
            unit = amount.unit or (base.unit if base else own)
            said["amount"] = Amount(amount.number, unit)
        made = {**(dict(base) if base else {"name": name or USUAL}), **said}
        self.changes.append(SetBudget(Budget.model_validate(made)))
        return True

    def _who(self, *, is_personal: bool) -> str:
        """Whose budget it is, as app.yaml writes it."""
        said = [each.lower().strip(",") for each in self.words]
        if said[0] == "every" and said[1:2] and said[1].removesuffix("s") in ("person", "agent"):
            kind = said[1].removesuffix("s")
            if len(said) > 4 and said[2:4] == ["of", "team"]:  # noqa: PLR2004 - every person of team search
                self.skip(5)
                return f"every {kind} of team {self._team(said[4])}"
            if len(said) > 3 and said[2] == "in" and kind == "person":  # noqa: PLR2004 - every person in contractors
                self.skip(4)
                return f"every person in {said[3]}"
            self.skip(2)
            return f"every {kind}"
        if said[0] in ("everybody", "everyone", "organization", "company"):
            self.skip(1)
            return "every person" if is_personal else "organization"
        kind, word = (
            (said[0], said[1]) if said[0] in ("team", "person", "agent", "role") and said[1:] else ("", said[0])
        )
        self.skip(2 if kind else 1)
        if kind == "team":
            team = self._team(word)
            return f"every person of team {team}" if is_personal else f"team {team}"
        if kind:
            return f"{kind} {word}"
        return self._called(word, is_personal=is_personal)

    def _team(self, word: str) -> str:
        found = [each for each in people.find_accounts(self.ctx.conn, [word])[word] if each.kind == "team"]
        if len(found) != 1:
            raise RefusedError("I don't know the team “{name}”.", name=word)
        return found[0].id.removeprefix("team/")

    def _called(self, word: str, *, is_personal: bool) -> str:
        """A group, a role, a team, a person or an agent by its name alone."""
        if people.is_group(self.ctx.conn, word):
            return f"every person in {word}"
        found = people.find_accounts(self.ctx.conn, [word])[word]
        if len(found) == 1 and found[0].kind in ("team", "person", "agent"):
            kind, _, name = found[0].id.partition("/")
            return f"every person of team {name}" if kind == "team" and is_personal else f"{kind} {name}"
        if people.is_role(self.ctx.conn, word):
            return f"role {word}"
        raise RefusedError(
            "I don't know for whom “{word}” is. Say such as: for team search, for contractors, for every agent",
            word=word,
        )

    def _caps(self, name: str) -> bool:
        name = name or self._usual()
        base = self._known(name)
        if base.is_pool or base.kind != "person":
            raise RefusedError(
                "Only a budget that every person has can be set by percentile, such as “{name}”.", name=self._usual()
            )
        percent = _percent(self.word()) or 0
        made, has_basis = Caps(name, percent), False
        while self.words:
            said = self.next()
            if said in ("of", "by") and len(self.words) > 1 and not has_basis:
                self.skip(1)
                has_basis = True
                made = replace(made, of=BASES.get(self.word().lower().removesuffix("s"), "company"))
            elif said in ("times", "x", "×") and len(self.words) > 1:
                self.skip(1)
                made = replace(made, times=_times(self.word()))
            elif said == "floor" and len(self.words) > 1:
                self.skip(1)
                taken = self.amount_in_front()
                if taken is None:
                    raise RefusedError("Say the floor as an amount, such as: floor 150")
                self.skip(taken[1])
                made = replace(made, floor=units_said(taken[0], base.unit))
            else:
                break
        self.changes.append(made)
        return True

    def _usual(self) -> str:
        """The name of the budget in money that every person has."""
        return usual_budget(self.ctx).name


def usual_budget(ctx: Context, who: str = "every person") -> Budget:
    """The budget in money for all models that everybody of a kind has.

    Raises:
        RefusedError: there is none.
    """
    money = [each for each in ctx.policy.budgets if each.models == "all" and each.unit not in COUNTED]
    found = next((each for each in money if each.who == who), None)
    if found is None:
        raise RefusedError(
            "No budget in app.yaml is for {who}. Try such as: {example}", who=who, example=f"try 200 USD for {who}"
        )
    return found


def units_said(amount: Amount, unit: str) -> int:
    """An amount that was said, in nanos or pieces of a unit.

    Raises:
        RefusedError: it is in another unit, or too large.
    """
    try:
        return amount.units(unit)
    except AmountError as wrong:
        raise RefusedError(wrong.why, **wrong.values) from wrong


def _percent(word: str) -> int:
    """The number of "p90", 0 if it is none."""
    number = word.lower().strip(",").removeprefix("p")
    is_one = word.lower().startswith("p") and number.isdecimal()
    return int(number) if is_one and 0 < int(number[:4]) <= PERCENT_MAX else 0


def _times(word: str) -> Decimal:
    try:
        times = Decimal(word.replace(",", "."))
    except InvalidOperation:
        times = Decimal(0)
    if not TIMES_LEAST <= times <= TIMES_MOST:
        raise RefusedError("Say by what to multiply, such as: times 1.2")
    return times
