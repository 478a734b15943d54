"""The words that sentences are made of. Each knows how it is written and what it understands."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import unquote

from handlers.access import may_see
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import Amount, read_amount
from handlers.parser import InForm, nearest
from handlers.periods import period_of
from handlers.policy import Budget
from storage import limits, people
from storage.limits import Held
from storage.people import Account

NAME_WORDS_MAX = 4
KINDS = ("person", "team", "agent")
LEADS = ("of", "to", "from")
NOT_YOURS_TO_PAUSE = N_("There is nobody with this name at a provider whom you can pause or resume.")
"""The same for who is not there and for who is not theirs."""
ALIASES = {"everybody": "org", "everyone": "org", "organization": "org", "company": "org"}


@dataclass(frozen=True, slots=True)
class WhomWord:
    """An account: "me", "of ana", "@ana", "of team search", "organization".

    Args:
        lead: the word that may stand before it, "of", "to" or "from".
        figures: whether figures of the account are asked for; then it must be one that the asker may see.
        alone: whether it is understood without the leading word, too.
    """

    lead: str = "of"
    figures: bool = True
    alone: bool = True

    def usage(self, _name: str) -> str:
        """See Word."""
        return f"{self.lead} whom"

    def take(self, words: list[str], ctx: Context) -> tuple[Account, int] | None:
        """See Word. Somebody unknown and somebody the asker may not see get the same answer."""
        led = words[0].lower() == self.lead
        rest = words[1:] if led else words
        if not rest or not (led or (self.alone and rest[0].lower() not in LEADS)):
            return None
        skipped = len(words) - len(rest)
        if rest[0].lower() in ("me", "myself", "mine"):
            return self._own(ctx), skipped + 1
        certain = led or rest[0].startswith("@") or rest[0].lower() in KINDS
        kind = rest[0].lower() if rest[0].lower() in KINDS and len(rest) > 1 else ""
        if kind:
            rest, skipped = rest[1:], skipped + 1
        names = {n: " ".join(rest[:n]).removeprefix("@") for n in range(min(NAME_WORDS_MAX, len(rest)), 0, -1)}
        called = people.find_accounts(ctx.conn, [_no_alias(name) for name in names.values()])
        for count, name in names.items():
            account = self._fitting(name, called[_no_alias(name)], kind, ctx)
            if account:
                return account, skipped + count
        if certain:
            raise RefusedError(self._unknown(rest[0].removeprefix("@")))
        return None

    def _unknown(self, name: str) -> str:
        if not self.figures:
            return f"I know nobody called “{name}”. Write a name, an e-mail address, or such as: team search"
        return (
            f"I have no figures of “{name}” for you. You see your own, and those of teams and agents that you own; "
            "finance sees all."
        )

    def _own(self, ctx: Context) -> Account:
        account = ctx.account(ctx.account_id)
        if account is None:
            raise RefusedError("You have no account of your own. Say whose figures you mean, such as: of team search")
        return account

    def _fitting(self, name: str, found: list[Account], kind: str, ctx: Context) -> Account | None:
        fitting = [one for one in found if not kind or one.kind == kind]
        if self.figures:
            fitting = [one for one in fitting if may_see(ctx, one.id)]
        if len(fitting) > 1:
            which = ", ".join(each.id.replace("/", " ") for each in fitting)
            raise RefusedError(f"“{name}” could be {which}. Say which one.")
        return fitting[0] if fitting else None


def _no_alias(name: str) -> str:
    return ALIASES.get(name.lower(), name)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words, perhaps after a leading one: "by model"."""

    lead: str
    choices: tuple[str, ...]

    def usage(self, name: str) -> str:
        """See Word."""
        return f"{self.lead} {'|'.join(self.choices)}".strip() or name

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int] | None:
        """See Word."""
        if self.lead:
            if words[0].lower() != self.lead:
                return None
            said = words[1].lower() if len(words) > 1 else ""
            if said not in self.choices:
                meant = nearest(said, list(self.choices))
                hint = f"Did you mean “{self.lead} {meant}”?" if meant else f"I know {', '.join(self.choices)}."
                raise RefusedError(f"I don't know “{self.lead} {said}”. {hint}")
            return said, 2
        return (words[0].lower(), 1) if words[0].lower() in self.choices else None


@dataclass(frozen=True, slots=True)
class Span:
    """The days from `first` until before `end`, and how people call them."""

    first: date
    end: date
    label: str


_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {"today": 0, "yesterday": 1}
_EVERY = ("day", "week", "month", "quarter", "year")


class PeriodWord:
    """Which days: "today", "last week", "this month", "october", "2026-10", "2026-10-01..2026-10-15"."""

    def usage(self, name: str) -> str:
        """See Word."""
        return name

    def take(self, words: list[str], ctx: Context) -> tuple[Span, int] | None:
        """See Word."""
        word = words[0].lower()
        fiscal = ctx.policy.organization.fiscal_year_starts
        if word in ("last", "this") and len(words) > 1:
            return self._this_or_last(word, words[1].lower(), ctx.today, fiscal), 2
        if word in _DAYS:
            day = ctx.today - timedelta(days=_DAYS[word])
            return Span(day, day + timedelta(days=1), word), 1
        if word in _MONTHS:
            return self._month(_MONTHS[word], words[1:2], ctx.today)
        if word[:4].isdecimal() and "-" in word:
            return self._dates(word), 1
        meant = nearest(word, [*_MONTHS, *_DAYS]) if len(word) > 4 else ""  # noqa: PLR2004 - short words are near all
        if meant:
            raise RefusedError(f"I don't know “{words[0]}”. Did you mean “{meant}”?")
        return None

    def _this_or_last(self, which: str, every: str, today: date, fiscal: int) -> Span:
        if every not in _EVERY:
            raise RefusedError(f"“{which} {every}”? I know {which} day, week, month, quarter and year.")
        period = period_of(today, every, fiscal)  # type: ignore[arg-type]
        if which == "last":
            period = period_of(period.first - timedelta(days=1), every, fiscal)  # type: ignore[arg-type]
        return Span(period.first, period.end, f"{which} {every}")

    def _month(self, month: int, after: list[str], today: date) -> tuple[Span, int]:
        named = bool(after) and after[0].isdecimal() and len(after[0]) == 4  # noqa: PLR2004 - a year's digits
        year = int(after[0]) if named else today.year - (month > today.month)
        period = period_of(_date(f"{year:04}-{month:02}-01"), "month")
        return Span(period.first, period.end, f"{calendar.month_name[month]} {year}"), 1 + named

    def _dates(self, word: str) -> Span:
        first, dots, last = word.partition("..")
        if not dots and len(first) == len("2026-10"):
            period = period_of(_date(f"{first}-01"), "month")
            return Span(period.first, period.end, first)
        start = _date(first)
        end = _date(last) if dots else start
        if end < start:
            raise RefusedError(f"{end} is before {start}. Write the earlier day first, such as 2026-10-01..2026-10-15.")
        return Span(start, end + timedelta(days=1), word)


def _date(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise RefusedError(f"“{word}” is no day. Write days like 2026-10-15, or 2026-10-01..2026-10-15.") from None


@dataclass(frozen=True, slots=True)
class AmountWord:
    """How much: "50", "$50", "1,250.50 USD", "2M tokens"; with `signed` also "-20"."""

    signed: bool = False

    def usage(self, name: str) -> str:
        """See Word."""
        return name

    def take(self, words: list[str], _ctx: Context) -> tuple[Amount, int] | None:
        """See Word."""
        minus = words[0].startswith("-") and len(words[0]) > 1
        if minus and not self.signed:
            raise RefusedError("An amount must be above zero.")
        said = [words[0][1:], *words[1:3]] if minus else words[:3]
        for count in range(len(said), 0, -1):
            amount = read_amount(" ".join(said[:count]))
            if amount is not None:
                return (Amount(-amount.number, amount.unit) if minus else amount), count
        return None


def units_of(amount: Amount, unit: str, fault: str = "amount") -> int:
    """An amount in the unit of a budget.

    Raises:
        RefusedError: it is in another unit, or too large to be meant; the fault is the field of the form.
    """
    try:
        return amount.units(unit)
    except ValueError as wrong:
        raise RefusedError(str(wrong), fault=fault) from wrong


def units_above_zero(amount: Amount, unit: str, fault: str = "amount") -> int:
    """The same.

    Raises:
        RefusedError: as above, and when it is nothing or less.
    """
    units = units_of(amount, unit, fault)
    if units <= 0:
        raise RefusedError("An amount must be above zero.", fault=fault)
    return units


class TextWord:
    """All that is left of the sentence, as it stands."""

    def usage(self, name: str) -> str:
        """See Word."""
        return f"{name} …"

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int]:
        """See Word."""
        return " ".join(words), len(words)


class OneWord:
    """A single word, such as the number of a request."""

    def usage(self, name: str) -> str:
        """See Word."""
        return name

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int]:
        """See Word."""
        return words[0].removeprefix("#"), 1


@dataclass(frozen=True, slots=True)
class UntilWord:
    """A day to come: "until friday", "until 2026-12-24", "friday", "tomorrow"."""

    def usage(self, name: str) -> str:
        """See Word."""
        return f"{name} day"

    def take(self, words: list[str], ctx: Context) -> tuple[date, int] | None:
        """See Word."""
        led = words[0].lower() == "until"
        said = words[int(led)].lower() if len(words) > int(led) else ""
        day = self._day(said, ctx.today)
        if day is None and led:
            raise RefusedError(f"“until {said}”? Name a day, such as: until friday, until 2026-12-24")
        return (day, 1 + led) if day and (led or said in (*WEEKDAYS, "tomorrow") or said[:4].isdecimal()) else None

    def _day(self, said: str, today: date) -> date | None:
        if said in ("today", "tomorrow"):
            return today + timedelta(days=said == "tomorrow")
        if said in WEEKDAYS:
            return today + timedelta(days=(WEEKDAYS.index(said) - today.weekday()) % 7)
        return _date(said) if said[:4].isdecimal() and said.count("-") == 2 else None  # noqa: PLR2004 - a date's


WEEKDAYS = tuple(name.lower() for name in calendar.day_name)


@dataclass(frozen=True, slots=True)
class AgentWord:
    """An agent that something is for: "for crawler"."""

    def usage(self, name: str) -> str:
        """See Word."""
        return f"for {name}"

    def take(self, words: list[str], ctx: Context) -> tuple[Account, int] | None:
        """See Word. "for" may also begin the reason; then it is not mine."""
        if words[0].lower() != "for" or len(words) < 2:  # noqa: PLR2004 - the word and the name
            return None
        named = words[1].lower() == "agent" and len(words) > 2  # noqa: PLR2004 - and the kind
        word = words[1 + named].removeprefix("@")
        agents = [one for one in people.find_accounts(ctx.conn, [word])[word] if one.kind == "agent"]
        return (agents[0], 2 + named) if len(agents) == 1 else None


class PausedWord:
    """Somebody at the providers: "@ana", "agent crawler", "key sk-abc", or a button's "litellm/key:abc"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "whom"

    def take(self, words: list[str], ctx: Context) -> tuple[tuple[Held, ...], int]:
        """See Word. The handler decides whether the asker may; what is not there gets the same answer."""
        unknown = RefusedError(NOT_YOURS_TO_PAUSE)
        if words[0].lower() in ("key", "user") and len(words) > 1:
            found = [each for each in limits.named(ctx.conn, words[1]) if each.subject.kind == words[0].lower()]
            if not found:
                raise unknown
            return tuple(found), 2
        provider, slash, rest = words[0].partition("/")
        kind, colon, external_id = rest.partition(":")
        if slash and colon:
            one = limits.find(ctx.conn, provider, limits.Subject(kind, unquote(external_id)))  # type: ignore[arg-type]
            if one is None:
                raise unknown
            return (one,), 1
        taken = WhomWord("", figures=False).take(words, ctx)
        held = limits.of_account(ctx.conn, taken[0].id) if taken else []
        if taken is None or not held:
            raise unknown
        return tuple(held), taken[1]


class BudgetWord:
    """One of the house's budgets by its name: "of flagship"; a form says the name alone."""

    def usage(self, name: str) -> str:
        """See Word."""
        return f"of {name}"

    def take(self, words: list[str], ctx: Context) -> tuple[Budget, int] | None:
        """See Word. "of" may also begin the reason; then it is not mine."""
        led = words[0].lower() == "of" and len(words) > 1
        name = words[led].lower()
        found = next((each for each in ctx.policy.budgets if each.name == name), None)
        return (found, 1 + led) if found and (led or len(words) == 1) else None


ForAgent = Annotated[Account | None, AgentWord()]
OfBudget = Annotated[Budget | None, BudgetWord()]
FormText = Annotated[str, InForm()]
Until = Annotated[date | None, UntilWord()]
Whom = Annotated[Account | None, WhomWord()]
WhomSeen = Annotated[Account, WhomWord()]
To = Annotated[Account, WhomWord("to", figures=False)]
MaybeTo = Annotated[Account | None, WhomWord("to", figures=False)]
From = Annotated[Account | None, WhomWord("from", figures=False, alone=False)]
PoolOf = Annotated[Account | None, WhomWord("from", alone=False)]
When = Annotated[Span | None, PeriodWord()]
HowMuch = Annotated[Amount, AmountWord()]
MaybeHowMuch = Annotated[Amount | None, AmountWord()]
Signed = Annotated[Amount, AmountWord(signed=True)]
Rest = Annotated[str, TextWord()]
One = Annotated[str, OneWord()]
WhomPaused = Annotated[tuple[Held, ...], PausedWord()]
Kind = Annotated[str, OneOf("", ("user", "key", "team"))]
