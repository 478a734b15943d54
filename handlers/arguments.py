"""The words that sentences are made of. Each knows how it is written and what it understands."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import unquote

from handlers.access import may_see, ours, sees_all
from handlers.amounts import half_width, take_amount
from handlers.chinese_numbers import in_digits
from handlers.context import Context
from handlers.day_parts import SHORT_WEEKDAYS
from handlers.days import WEEKDAYS, day_to_come, days_ahead, is_weekday, looks_like_a_day
from handlers.errors import MeantOtherwiseError, RefusedError
from handlers.language import N_
from handlers.money import ASKED_MAX, Amount, AmountError
from handlers.parser import STOPS, InForm, nearest_few
from handlers.period_words import span_of
from handlers.periods import Every
from handlers.policy import Budget
from handlers.spans import Span
from handlers.synonyms import TONGUES, translated
from storage import limits, people, spend, tokens
from storage.limits import Held
from storage.people import Account
from storage.tables import FOREVER

NAME_WORDS_MAX = 4
OFFERS_MAX = 3
KINDS = ("person", "team", "agent")
LEADS = ("of", "to", "from")
NOT_YOURS_TO_PAUSE = N_("There is nobody with this name at a provider whom you can pause or resume.")
"""The same for who is not there and for who is not theirs."""
ALIASES = {"everybody": "org", "everyone": "org", "organization": "org", "company": "org"}
SAME = {
    "user": "person",
    "people": "person",
    "member": "person",
    "employee": "person",
    "vendor": "provider",
    "department": "team",
    "bot": "agent",
    "date": "day",
    "token": "tokens",
}
"""Words that people say for one of a few choices."""
SORTS = ("sort", "sorted", "order", "ordered")
SORTED_BY = {"name": "name", "amount": "amount", "cost": "amount", "costs": "amount", "spend": "amount"}
FILES = ("csv", "excel", "spreadsheet")
MODEL_LEADS = ("on", "using")
MODEL_LEADS_OF_OTHERS = ("of", "for", "with")
SIZES_OF_MODELS = frozenset(
    (
        *("air", "chat", "coder", "flash", "large", "latest", "lite", "max", "medium", "micro", "mini", "nano", "plus"),
        *("preview", "pro", "small", "thinking", "tiny", "turbo", "ultra"),
    )
)
"""Parts of models' names that alone name none: "of max" is somebody, and not all models of that size."""
MODEL_WORDS_MAX, MODEL_LETTERS_MIN = 3, 3
IN_USE = timedelta(days=365)
MAKERS = {
    "anthropic": ("claude",),
    "openai": ("gpt", "o1", "o3", "o4", "codex", "chatgpt"),
    "google": ("gemini", "gemma"),
    "alibaba": ("qwen",),
    "moonshot": ("kimi",),
    "zhipu": ("glm",),
    "meta": ("llama",),
    "xai": ("grok",),
}
"""What the models of some makers are called, for who names the maker."""
WEEK = timedelta(days=7)
DAYS_TO = ("to", "until", "through", "-", "–")
TIMES_DIGITS, TIMES_MAX = 4, 100
PAGE_DIGITS = 6
TOOL_LEADS, WHEN_LEADS, SECOND = ("for", "at", "from"), ("on", "in", "for", "from"), "second-purchase"
BOUGHT_WORDS_MAX = 12
ADVERBS: dict[str, Every] = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annually": "year",
}
EVERY: dict[str, Every] = {
    "day": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
    **ADVERBS,
}
FOR_GOOD = (("permanent",), ("permanently",), ("forever",), ("for", "good"), ("until", "further", "notice"))


@dataclass(frozen=True, slots=True)
class WhomWord:
    """An account: "me", "of ana", "@ana", "of team search", "my team", "organization".

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
        led = half_width(words[0]).lower() == self.lead
        rest = words[1:] if led else words
        if not rest or not (led or (self.alone and rest[0].lower() not in LEADS)):
            return None
        skipped = len(words) - len(rest)
        if rest[0].lower() in ("me", "myself", "mine"):
            return self._own(ctx), skipped + 1
        if led and rest[0].lower() == "us":
            return self._ours(ctx), skipped + 1
        if [each.lower() for each in rest[:2]] in (["my", "team"], ["our", "team"]):
            rest = ["team", self._team(ctx), *rest[2:]]
        certain = led or rest[0].startswith("@") or rest[0].lower() in KINDS
        kind = rest[0].lower() if rest[0].lower() in KINDS and len(rest) > 1 else ""
        if kind:
            rest, skipped = rest[1:], skipped + 1
        names = {n: " ".join(rest[:n]).removeprefix("@") for n in range(min(NAME_WORDS_MAX, len(rest)), 0, -1)}
        called = people.find_accounts(ctx.conn, [_no_alias(name) for name in names.values()])
        for count, name in names.items():
            fitting = self._fitting(called[_no_alias(name)], kind, ctx)
            if len(fitting) > 1:
                raise self._ambiguous(name, fitting, skipped + count)
            if fitting:
                behind = [each.lower() for each in rest[count : count + 1]] == [fitting[0].kind]  # "the search team"
                return fitting[0], skipped + count + behind
        if certain:
            raise self._unknown(ctx, rest[0].removeprefix("@"), kind, skipped + 1)
        return None

    def _own(self, ctx: Context) -> Account:
        account = ctx.account(ctx.account_id)
        if account is None:
            raise RefusedError("You have no account of your own. Say whose, such as: of team search")
        return account

    def _ours(self, ctx: Context) -> Account:
        account = ours(ctx)
        return self._own(ctx) if account is None else account

    def _team(self, ctx: Context) -> str:
        team = next((one for one in ctx.line(ctx.account_id) if one.kind == "team"), None)
        if team is None:
            raise RefusedError("You are in no team. Say which one, such as: of team search")
        return team.id.removeprefix("team/")

    def _fitting(self, found: list[Account], kind: str, ctx: Context) -> list[Account]:
        fitting = [one for one in found if not kind or one.kind == kind]
        return [one for one in fitting if may_see(ctx, one.id)] if self.figures else fitting

    def _ambiguous(self, name: str, fitting: list[Account], count: int) -> RefusedError:
        names = ", ".join(map(_said, fitting))
        return MeantOtherwiseError(
            "“{name}” could be {names}. Say which one.", count, self._instead(fitting), name=name, names=names
        )

    def _unknown(self, ctx: Context, name: str, kind: str, count: int) -> RefusedError:
        """A name is proposed only of what the asker may see."""
        near = self._near(ctx, name, kind)
        names = ", ".join(map(_said, near))
        hidden = self.figures and not sees_all(ctx)
        if near:
            why = (
                N_("You can't see figures for “{name}”, or it doesn't exist. Did you mean {names}?")
                if hidden
                else N_("I don't know “{name}”. Did you mean {names}?")
            )
            return MeantOtherwiseError(why, count, self._instead(near), name=name, names=names)
        if hidden:
            return RefusedError(
                "You can't see figures for “{name}”, or it doesn't exist. You can see your own, and those of teams and "
                "agents that you own.",
                name=name,
            )
        return RefusedError(
            "I don't know “{name}”. Write a name, an e-mail address, or such as: team search", name=name
        )

    def _instead(self, accounts: Sequence[Account]) -> tuple[str, ...]:
        return tuple(f"{self.lead} {_said(each)}".strip() for each in accounts[:OFFERS_MAX])

    def _near(self, ctx: Context, name: str, kind: str) -> list[Account]:
        """Accounts that the asker may see whose name is much like what was said."""
        near = [
            each for each in people.nearby(ctx.conn, name) if each.kind in KINDS and (not kind or each.kind == kind)
        ]
        called: dict[str, Account] = {}
        for each in near if sees_all(ctx) else self._owned(ctx, near):
            called |= {each.id.partition("/")[2].lower(): each, each.name.lower(): each}
        found = {each.id: each for each in (called[word] for word in nearest_few(name, called))}
        return list(found.values())[:OFFERS_MAX]

    def _owned(self, ctx: Context, accounts: Sequence[Account]) -> list[Account]:
        """Those that the asker owns, or that are below one of these."""
        if not people.owned(ctx.conn, ctx.person.id):
            return []
        lines = people.lines(ctx.conn, [each.id for each in accounts])
        return [each for each in accounts if people.owns(ctx.person.id, lines[each.id])]


def _said(account: Account) -> str:
    """An account as a sentence names it, such as "team search"."""
    return account.id.replace("/", " ")


def _no_alias(name: str) -> str:
    return ALIASES.get(name.lower(), name)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words, perhaps after a leading one: "by model".

    Args:
        lead: the word before it, "" for none.
        choices: which.
        but: words behind the leading one that mean something else.
    """

    lead: str
    choices: tuple[str, ...]
    but: Collection[str] = ()

    def usage(self, name: str) -> str:
        """See Word."""
        return f"{self.lead} {'|'.join(self.choices)}".strip() or name

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int] | None:
        """See Word."""
        if not self.lead:
            return (words[0].lower(), 1) if words[0].lower() in self.choices else None
        if half_width(words[0]).lower() != self.lead:
            return None
        said = half_width(words[1]).lower().rstrip(STOPS) if len(words) > 1 else ""
        if said in self.but:
            return None
        for each in (said, said.removesuffix("s"), SAME.get(said, ""), SAME.get(said.removesuffix("s"), "")):
            if each in self.choices:
                return each, 2
        near = nearest_few(said, self.choices)[:OFFERS_MAX] if said else []
        instead = tuple(f"{self.lead} {each}" for each in near or self.choices[:OFFERS_MAX])
        asked = f"{self.lead} {said}".strip()
        if near:
            raise MeantOtherwiseError(
                "I don't know “{words}”. Did you mean “{meant}”?", 2, instead, words=asked, meant="”, “".join(instead)
            )
        raise MeantOtherwiseError(
            "I don't know “{words}”. I know {choices}.", 2, instead, words=asked, choices=", ".join(self.choices)
        )


class PeriodWord:
    """Which days: see handlers/period_words.py."""

    def usage(self, name: str) -> str:
        """See Word."""
        return name

    def take(self, words: list[str], ctx: Context) -> tuple[Span, int] | None:
        """See Word."""
        said = [half_width(each) for each in words]
        found = span_of(said, ctx)
        return (replace(found[0], words=" ".join(said[: found[1]])), found[1]) if found else None


@dataclass(frozen=True, slots=True)
class AmountWord:
    """How much: "50", "$50", "1,250.50 USD", "2M tokens"; with `signed` also "-20"."""

    signed: bool = False

    def usage(self, name: str) -> str:
        """See Word."""
        return name

    def take(self, words: list[str], ctx: Context) -> tuple[Amount, int] | None:
        """See Word."""
        try:
            taken = take_amount(words, ctx.locale, ctx.policy.organization.currency)
        except AmountError as wrong:
            raise RefusedError(wrong.why, **wrong.values) from wrong
        if taken and taken[0].number < 0 and not self.signed:
            raise RefusedError("An amount must be above zero.")
        return taken


def units_of(amount: Amount, unit: str, fault: str = "amount", most: int = ASKED_MAX) -> int:
    """An amount in the unit of a budget, at most so much.

    Raises:
        RefusedError: it is in another unit, or too large to be meant; the fault is the field of the form.
    """
    try:
        return amount.units(unit, most=most)
    except AmountError as wrong:
        raise RefusedError(wrong.why, fault=fault, **wrong.values) from wrong


def units_above_zero(amount: Amount, unit: str, fault: str = "amount") -> int:
    """The same.

    Raises:
        RefusedError: as above, and when it is nothing or less.
    """
    units = units_of(amount, unit, fault)
    if units <= 0:
        raise RefusedError("An amount must be above zero.", fault=fault)
    return units


_AND_THEN = re.compile(
    r"(?:and |then )+((?:approve|deny|withdraw|revoke|pause|resume|request|transfer|question)\b.*\d)|"
    r"(?:再|然后|并且?|同时)((?:批准|拒绝|撤回|撤销|暂停|恢复|申请)#?\d)",
    re.IGNORECASE,
)
"""What begins an order of its own, where the reason of another one is expected."""


@dataclass(frozen=True, slots=True)
class TextWord:
    """All that is left of the sentence, as it stands.

    Args:
        leads: words that may lead to it and are no part of it, such as "for".
    """

    leads: tuple[str, ...] = ()
    rest: bool = True

    def usage(self, name: str) -> str:
        """See Word."""
        return f"{name} …"

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int]:
        """See Word."""
        text = " ".join(words).lstrip(",，、:：;；—– ")
        again = _AND_THEN.match(text)
        if again:
            raise RefusedError(
                "I do one thing at a time. Say “{first}” in a sentence of its own.",
                first=(again[1] or text[again.start(2) :])[:80],
            )
        lower = text.lower()
        for lead in sorted(self.leads, key=len, reverse=True):
            chinese = not lead.isascii()
            if lower.startswith(lead if chinese else f"{lead} ") and len(text) > len(lead):
                return text[len(lead) :].lstrip(",，、:： "), len(words)
        return text, len(words)


_LISTED = re.compile(
    r"#?(\d+)(?:\s*[,、]\s*(?:and\s+)?|\s*(?:and|&|\+|和|与|以及)\s*)#?(\d+)(?=\s*$|\s*[,、]|\s+and\b|号)"
)
"""Two numbers that are said as a list; "42, 43 USD" is one, and an amount."""


class OneWord:
    """A single word, such as the number of a request."""

    def usage(self, name: str) -> str:
        """See Word."""
        return name

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int]:
        """See Word."""
        rest = [half_width(each) for each in words]
        listed = _LISTED.match(" ".join(rest))
        if listed:
            raise RefusedError(
                "Say one number at a time. {first} and {second} could also be a number and an amount.",
                first=listed[1],
                second=listed[2],
            )
        said = rest[0].removeprefix("#").rstrip(",:;!?")
        return said.removesuffix("号") if said[:-1].isdecimal() else said or words[0], 1


@dataclass(frozen=True, slots=True)
class UntilWord:
    """A day to come: "until friday", "until 24 December", "tomorrow", "for 3 days"; also behind a reason."""

    ends: bool = True

    def usage(self, name: str) -> str:
        """See Word."""
        return f"{name} day"

    def take(self, words: list[str], ctx: Context) -> tuple[date, int] | None:
        """See Word. "until it works" is a reason."""
        lead = half_width(words[0]).lower()
        led = lead == "until"
        said = [half_width(each) for each in words[led:]]
        if led and said and (short := SHORT_WEEKDAYS.get(said[0].lower().rstrip(STOPS))) is not None:
            said[0] = WEEKDAYS[short]
        found = day_to_come(said, ctx) if said else None
        if lead == "for" and len(said) > 1:
            found = days_ahead(said[1:], ctx)
            return (found[0], found[1] + 1) if found else None
        if found:
            return found[0], found[1] + led
        if led and looks_like_a_day(said):
            raise RefusedError(
                "I don't understand the day in “{words}”. Write such as: until friday, until 2026-12-24",
                words=" ".join(["until", *words[1:3]]),
            )
        return None


class ComingDaysWord:
    """Some days to come: "friday to sunday", "from 24 December to 2 January"; one day alone is none of mine."""

    spans = True

    def usage(self, _name: str) -> str:
        """See Word."""
        return "day to day"

    def take(self, words: list[str], ctx: Context) -> tuple[tuple[date, date], int] | None:
        """See Word."""
        led = half_width(words[0]).lower() == "from"
        said = [half_width(each).rstrip(",:;") for each in words[led:]]
        first = day_to_come(said, ctx) if said else None
        rest = said[first[1] :] if first else []
        if first is None or len(rest) < 2 or rest[0].lower() not in DAYS_TO:  # noqa: PLR2004 - "to" and a day
            return None
        last = day_to_come(rest[1:], ctx)
        if last is None:
            return None
        if last[0] < first[0] and is_weekday(rest[1:], ctx):
            last = last[0] + WEEK * -(-(first[0] - last[0]).days // WEEK.days), last[1]
        if last[0] < first[0]:
            raise RefusedError(
                "{last} is before {first}. Say the first day first, such as: friday to sunday",
                first=ctx.named_day(first[0]),
                last=ctx.named_day(last[0]),
            )
        return (first[0], last[0]), led + first[1] + 1 + last[1]


class TimesWord:
    """How many times as much: "3x", "3×", "3 times"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "3x"

    def take(self, words: list[str], _ctx: Context) -> tuple[int, int] | None:
        """See Word."""
        first = half_width(words[0]).lower()
        second = half_width(words[1]).lower() if len(words) > 1 else ""
        count = 1 + (second == "times")
        number = first if count > 1 else first.rstrip("x×")
        if not number.isdecimal() or (count == 1 and number == first):
            return None
        times = int(number[:TIMES_DIGITS])
        if not 1 < times <= TIMES_MAX:
            raise RefusedError("Say from 2x to {most}x, or an amount, such as: 500 USD", most=TIMES_MAX)
        return times, count


class SpikeOrWhomWord:
    """The number of a spike, or an account: "3", "crawler", "agent crawler"."""

    def usage(self, name: str) -> str:
        """See Word."""
        return f"{name}|whom"

    def take(self, words: list[str], ctx: Context) -> tuple[str | Account, int] | None:
        """See Word. The handler decides whether the asker may."""
        number = half_width(words[0]).removeprefix("#").rstrip(",:;!?")
        if number.isdecimal():
            return number, 1
        return WhomWord("of", figures=False).take(words, ctx)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some of the models that are in use, or all of one provider.

    Args:
        said: how they were named.
        models: their names.
        provider: its name, "" for models.
    """

    said: str
    models: frozenset[str]
    provider: str = ""


class ModelWord:
    """Models by a part of their name, their tier, or who makes or sells them: "on opus", "gpt 5.2", "on flagship"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "on model"

    def take(self, words: list[str], ctx: Context) -> tuple[Chosen, int] | None:
        """See Word. Without "on" it must be the name of something in use."""
        said = [half_width(each).rstrip(STOPS) for each in words[: MODEL_WORDS_MAX + 1]]
        led = said[0].lower() in MODEL_LEADS and len(said) > 1
        alike = said[0].lower() in MODEL_LEADS_OF_OTHERS and len(said) > 1  # "of opus", as "of ana"
        said = [each for each in said[led or alike :] if each]
        if alike and said and said[0].lower() in SIZES_OF_MODELS:
            return None
        if not said or not (led or len(said[0]) >= MODEL_LETTERS_MIN) or not said[0].isascii():
            return None
        names, providers = spend.in_use(ctx.conn, ctx.today - IN_USE)
        for count in range(min(MODEL_WORDS_MAX, len(said)), 0, -1):
            found = _chosen(ctx, " ".join(said[:count]), names, providers)
            if found:
                return found, (led or alike) + count
        if alike or (led and span_of(said, ctx)):
            return None
        parts = {part for name in names for part in _parts(name) if not part.isdecimal()}
        near = nearest_few(said[0], {*names, *providers, *parts} if led else _alike(said[0], parts))[:OFFERS_MAX]
        if near:
            raise MeantOtherwiseError(
                "I don't know “{words}”. Did you mean “{meant}”?",
                led + 1,
                tuple(f"on {each}" for each in near),
                words=said[0],
                meant="”, “".join(near),
            )
        return None


def _alike(said: str, parts: Collection[str]) -> list[str]:
    """The parts of names that a word is when some of its letters are in another order: "oups"."""
    return [each for each in parts if len(each) >= MODEL_LETTERS_MIN and sorted(each) == sorted(said.lower())]


def _chosen(ctx: Context, said: str, names: Collection[str], providers: Collection[str]) -> Chosen | None:
    """The models that a text names: one by its whole name, else all that have its parts in theirs, else a tier's."""
    lower = said.lower()
    if lower in providers:
        return Chosen(said, frozenset(), lower)
    parts, tier = _parts(lower), lower.removesuffix(" models")
    wanted = [_parts(each) for each in MAKERS.get(lower, ())] or [parts]
    exact = frozenset(name for name in names if name.lower() == lower or _parts(name) == parts)
    alike = exact or frozenset(name for name in names if any(_contains(_parts(name), each) for each in wanted))
    found = alike or frozenset(name for name in names if ctx.policy.tier_of(name) == tier)
    return Chosen(said, found) if found else None


def _parts(name: str) -> list[str]:
    """The words and numbers of a model's name: "gpt-5.2-mini" has four."""
    return re.findall(r"[^\W\d_]+|\d+", name.lower())


def _contains(parts: Sequence[str], some: Sequence[str]) -> bool:
    """Whether some parts stand one after another among others."""
    return bool(some) and any(list(parts[n : n + len(some)]) == list(some) for n in range(len(parts)))


class SortWord:
    """In which order: "sorted by name", "by amount"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "by name|amount"

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int] | None:
        """See Word."""
        led = half_width(words[0]).lower() in SORTS
        said = [half_width(each).lower().rstrip(STOPS) for each in words[led : led + 2]]
        if len(said) < 2 or said[0] != "by" or said[1] not in SORTED_BY:  # noqa: PLR2004 - "by" and by what
            return None
        return SORTED_BY[said[1]], 2 + led


class PageWord:
    """Which part of a long list: "page 2"."""

    last = True

    def usage(self, _name: str) -> str:
        """See Word."""
        return "page number"

    def take(self, words: list[str], _ctx: Context) -> tuple[int, int] | None:
        """See Word."""
        if words[0].lower() != "page" or len(words) < 2:  # noqa: PLR2004 - the word and the number
            return None
        number = half_width(words[1]).rstrip(STOPS)
        return (int(number[:PAGE_DIGITS]), 2) if number.isdecimal() else None


@dataclass(frozen=True, slots=True)
class FileWord:
    """That an answer is wanted as a file: "as csv".

    Args:
        alone: "csv" is enough; a provider may be called so.
        last: see Word.
    """

    alone: bool = False
    last: bool = True

    def usage(self, _name: str) -> str:
        """See Word."""
        return "as csv"

    def take(self, words: list[str], _ctx: Context) -> tuple[bool, int] | None:
        """See Word."""
        said = [half_width(each).lower().rstrip(STOPS) for each in words[:3]]
        for lead in (["as"], ["as", "a"], ["in"], *([[]] if self.alone else [])):
            if said[: len(lead)] == lead and said[len(lead) : len(lead) + 1] and said[len(lead)] in FILES:
                return True, len(lead) + 1
        return None


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


@dataclass(frozen=True, slots=True)
class LimitWord:
    """How much a limit is to be: "to 400", "400 USD"."""

    def usage(self, name: str) -> str:
        """See Word."""
        return f"to {name}"

    def take(self, words: list[str], ctx: Context) -> tuple[Amount, int] | None:
        """See Word."""
        led = words[0].lower() == "to" and len(words) > 1
        taken = AmountWord().take(words[led:], ctx)
        if taken is None and led and "/" in words[1]:
            amount, every = words[1].split("/", 1)
            raise RefusedError(
                "I don't understand “{words}”. Write it in words, such as: {example}",
                words=words[1],
                example=f"{amount} a {every}",
            )
        return (taken[0], taken[1] + led) if taken else None


class EveryWord:
    """How long a period is: "a month", "per week", "daily"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "a month"

    def take(self, words: list[str], _ctx: Context) -> tuple[Every, int] | None:
        """See Word."""
        said = [half_width(each).lower().strip(STOPS + "/") for each in words[:2]]
        led = len(said) > 1 and said[0] in ("a", "an", "per", "each", "every", "by")
        return (EVERY[said[led]], 1 + led) if (led or said[0] in ADVERBS) and said[led] in EVERY else None


class OwnerWord:
    """For whom something is asked that lasts: "me", "my limit", "for me", "for agent crawler", "crawler"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "me|agent"

    def take(self, words: list[str], ctx: Context) -> tuple[Account, int] | None:
        """See Word. "for" may also begin the reason; then it is not mine."""
        led = words[0].lower() == "for" and len(words) > 1
        said = [half_width(each).lower().strip(STOPS) for each in words[led : led + 2]]
        if said[0] in ("me", "myself"):
            return self._own(ctx), 1 + led
        if said[0] == "my" and said[1:] in (["limit"], ["budget"]):
            return self._own(ctx), 2 + led
        named = said[0] == "agent" and len(said) > 1
        word = words[led + named].removeprefix("@").strip(STOPS)
        found = people.find_accounts(ctx.conn, [word])[word]
        agents = [one for one in found if one.kind == "agent"]
        if len(agents) == 1:
            return agents[0], 1 + led + named
        if not led and found and words[1:2] == ["to"]:
            raise RefusedError(
                "You can ask for yourself and for agents that you own. {name} can ask: {example}",
                name=found[0].name,
                example="raise me to 400 a month until 31 March: migration",
            )
        return None

    def _own(self, ctx: Context) -> Account:
        account = ctx.account(ctx.account_id)
        if account is None:
            raise RefusedError("You have no account of your own, so you can't ask for more.")
        return account


class EndWord(UntilWord):
    """A day to come, or for good: "until 31 March", "permanent"."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return "until day|permanent"

    def take(self, words: list[str], ctx: Context) -> tuple[date, int] | None:
        """See Word."""
        said = [half_width(each).lower().strip(STOPS) for each in words[:3]]
        for each in FOR_GOOD:
            if said[: len(each)] == list(each):
                return FOREVER, len(each)
        return super().take(words, ctx)


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
        if provider == limits.HOOKS and colon:
            account = ctx.account(unquote(external_id))
            if account is None:
                raise unknown
            return (limits.account_held(account.id, account.name, ctx.now),), 1
        if slash and colon:
            one = limits.find(ctx.conn, provider, limits.Subject(kind, unquote(external_id)))  # type: ignore[arg-type]
            if one is None:
                raise unknown
            return (one,), 1
        taken = WhomWord("", figures=False).take(words, ctx)
        if taken is None:
            raise unknown
        held = limits.of_account(ctx.conn, taken[0].id)
        if _has_programs(ctx, taken[0]):
            held.append(limits.account_held(taken[0].id, taken[0].name, ctx.now))
        if not held:
            raise unknown
        return tuple(held), taken[1]


def _has_programs(ctx: Context, account: Account) -> bool:
    """Whether programs of an account can ask first whether they may spend; or could, when it was paused."""
    live = tokens.live_of(ctx.conn, [account.id], "", ctx.now)
    asking = any(each.token.scope in ("own", "agent") for each in live)
    return asking or any(each.provider == limits.HOOKS for each in limits.pauses_of(ctx.conn, account.id))


@dataclass(frozen=True, slots=True)
class Bought:
    """What somebody bought.

    Args:
        tool: its name.
        span: the month or day, None if it was not said.
        category: the yearly budget, "" if it was not said.
        second: that it is another purchase than one that looks the same.
    """

    tool: str
    span: Span | None = None
    category: str = ""
    second: bool = False


CENTS = frozenset({"cent", "cents", "ct", "cts", "¢", "pence", "penny", "pennies", "centimes", "分", "角"})
"""What would make a hundred times too much of an amount, if it were the name of a tool."""


class BoughtWord:
    """What was bought, and when: "cursor september", "for Claude Max on 3 Nov in tools:", "ChatGPT Plus: a comparison".

    It ends with a colon, or where a month, a day and a category end; without any of these it is one word.
    """

    def usage(self, name: str) -> str:
        """See Word."""
        return f"{name} [month|day] [in category]"

    def take(self, words: list[str], ctx: Context) -> tuple[Bought, int] | None:
        """See Word."""
        if words[0].lower().rstrip(",.:") in CENTS:
            raise RefusedError(
                "Say the amount as the receipt has it, such as: {example}", example="claim 2.50 USD cursor: pairing"
            )
        led = words[0].lower() in TOOL_LEADS and len(words) > 1
        said = [half_width(each) for each in words[led:]]
        ends = next((n + 1 for n, each in enumerate(said[:BOUGHT_WORDS_MAX]) if each.endswith(":")), 0)
        head = [each.rstrip(":") for each in said[: ends or BOUGHT_WORDS_MAX]]
        for count in range(1, min(NAME_WORDS_MAX, len(head)) + 1):
            found, used = self._when(Bought(" ".join(words[led : led + count]).rstrip(":：,")), head[count:], ctx)
            if used or count == ends:
                taken = count + used
                break
        else:
            taken, found = 1, Bought(head[0].rstrip(","))
        if taken < ends and any(head[taken:]):
            raise RefusedError(
                "I don't understand “{words}”. Say the tool, the month, a colon and what for, such as: {example}",
                words=" ".join(words[led + taken : led + ends]),
                example="claim 20 USD cursor September: pair programming",
            )
        return found, led + max(taken, ends)

    def _when(self, found: Bought, words: Sequence[str], ctx: Context) -> tuple[Bought, int]:
        """With the month or day, the category and the mark of a second purchase at the front, and how many words."""
        used, names = 0, {each.name for each in ctx.policy.claims.categories}
        while used < len(words):
            rest = list(words[used:])
            lead = rest[0].lower() in WHEN_LEADS and len(rest) > 1
            if rest[0].lower() == "in" and len(rest) > 1 and rest[1].lower() in names and not found.category:
                found, used = replace(found, category=rest[1].lower()), used + 2
            elif rest[0].lower() == SECOND:
                found, used = replace(found, second=True), used + 1
            elif not found.span and (taken := self._span(rest[lead:], ctx)):
                found, used = replace(found, span=taken[0]), used + taken[1] + lead
            else:
                break
        return found, used

    def _span(self, words: Sequence[str], ctx: Context) -> tuple[Span, int] | None:
        if not words[0]:
            return None
        chinese = translated(in_digits(words[0]))
        if chinese and not chinese[1]:
            said = chinese[0].split()
            found = span_of(said, ctx)
            return (found[0], 1) if found and found[1] == len(said) else None
        try:
            return span_of(words, ctx)
        except MeantOtherwiseError:  # much like a month, but then it is a name or a reason
            return None


class BudgetWord:
    """One of the budgets by its name: "of flagship"; a form says the name alone."""

    def usage(self, name: str) -> str:
        """See Word."""
        return f"of {name}"

    def take(self, words: list[str], ctx: Context) -> tuple[Budget, int] | None:
        """See Word. "of" may also begin the reason; then it is not mine."""
        led = words[0].lower() == "of" and len(words) > 1
        name = words[led].lower()
        found = next(iter(ctx.policy.rules_named(name)), None)
        return (found, 1 + led) if found and (led or len(words) == 1) else None


OnModels = Annotated[Chosen | None, ModelWord()]
MaybeBought = Annotated[Bought | None, BoughtWord()]
ForAgent = Annotated[Account | None, AgentWord()]
OfBudget = Annotated[Budget | None, BudgetWord()]
FormText = Annotated[str, InForm()]
Until = Annotated[date | None, UntilWord()]
End = Annotated[date | None, EndWord()]
MaybeEvery = Annotated[Every | None, EveryWord()]
MaybeOwner = Annotated[Account | None, OwnerWord()]
MaybeLimit = Annotated[Amount | None, LimitWord()]
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
WhatFor = Annotated[str, TextWord(tuple(each for tongue in TONGUES for each in tongue.reason))]
One = Annotated[str, OneWord()]
SpikeOrWhom = Annotated[str | Account, SpikeOrWhomWord()]
ComingDays = Annotated[tuple[date, date] | None, ComingDaysWord()]
MaybeTimes = Annotated[int | None, TimesWord()]
WhomPaused = Annotated[tuple[Held, ...], PausedWord()]
Kind = Annotated[str, OneOf("", ("user", "key", "team"))]
Sorted = Annotated[str, SortWord()]
Page = Annotated[int, PageWord()]
AsFile = Annotated[bool, FileWord()]
OrFile = Annotated[bool, FileWord(alone=True)]
