"""Sentences: the signature of a handler is the grammar of its command.

    def spend(ctx: Context, whom: Whom = None, by: By = "model", period: When = None) -> Card:

hears "spend", "spend of search by day", "spend last week of me": each parameter's type is a Word, which looks at the
front of what is left of the sentence and takes what it understands, in any order. A field of a form fills the
parameter of its name by the same Word. A parameter without a default must be said.
"""

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import Any, Literal, Protocol, get_type_hints

from sqlalchemy import Connection

from handlers.amounts import half_width, split_words, taken_apart
from handlers.card import Card
from handlers.chinese_numbers import in_digits
from handlers.context import Context
from handlers.errors import MeantOtherwiseError, RefusedError
from handlers.synonyms import (
    CHINESE_LETTER,
    ENDS_WITH_A_DAY,
    ENGLISH,
    MEASURES,
    NUMBER_AND_TEXT,
    SIMPLIFIED,
    TONGUES,
    translated,
)
from handlers.whole_sentences import compiled

WORDS_MAX = 200
TEXT_MAX = 3000
UNTIL_LETTERS_MAX = 40
STOPS = "?!.,;:。~… "
QUOTES = '“”„«»「」"'
Beside = Callable[[Connection, str, Callable[[Connection], None]], bool]
ANYTHING = "…"
"""Ends what a synonym stands for if the rest of the sentence is passed over."""
FILLER_WORDS_MAX = 6
BEFORE_MAX = 4
NEVER_BEFORE = ("to", "from", "for", "until", "user", "key", "agent", "me", "permanent")
"""Words of the grammar that begin no question in Chinese by what it is about."""
NAMED_BEFORE = re.compile("[^的,，、。的]{1,20}?(?:团队|部门|智能体)")
DAYS_BEFORE = re.compile("[\u4e00-\u9fff]|(?:\\d{1,4}|[qQ][1-4])[\u4e00-\u9fff]")
EMOJI = re.compile(
    r"(?:\s*(?::[a-z0-9_+-]+:|[\u2600-\u27bf\u2b50\U0001f300-\U0001faff][\ufe0f\u200d\U0001f3fb-\U0001f3ff]*))+$"
)
"""Pictures at the end of a sentence, as they are and as Slack writes them."""
ABOUT = re.compile(
    r"(?:(?:monthly|weekly|daily|total|whole|own|personal|remaining) )?"
    r"(?P<whom>(?:(?:my|our) team|(?:team |agent |person )?@?[\w.-]+(?: \d[\w.]*| team)?))(?:'s)? (?:current )?"
    r"(?P<asks>balance|budget|limit|quota|left|remaining|spend|spending|usage|costs?|forecast)(?P<rest>(?: .*)?)",
    re.IGNORECASE,
)
"""A name, a model or a day, and behind it what is asked about it."""
_MARKED = re.compile(r"""[>•·]\s+(.+)|([“„"])([^“”„"]+)[”“"]|«([^«»]+)»|「([^「」]+)」|(['`*_]+)(.+?)\6""", re.DOTALL)
"""A quotation, or a sentence that was copied with the marks around it: quotation marks, those of code or of bold."""
Audience = Literal["all", "decider", "owner", "admin"]


class Word(Protocol):
    """Understands one kind of words. One that has `rest` set takes all that is left, and is asked last.

    One that has `last` set stands at the end of a usage line, though it is asked before others.
    """

    def usage(self, name: str) -> str:
        """How it is written in a usage line, such as "[of whom]"; the name is the parameter's."""

    def take(self, words: list[str], ctx: Context) -> tuple[Any, int] | None:
        """The value of the words at the front and how many they are, or None if they are not mine.

        Raises:
            RefusedError: they are mine, and wrong.
        """


class InForm:
    """Text that only a form asks for; in a sentence it is not told from what else is said."""

    def usage(self, _name: str) -> str:
        """See Word."""
        return ""

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int]:
        """See Word."""
        return " ".join(words), len(words)


Handler = Callable[..., Card]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a handler."""

    name: str
    word: Word
    required: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the menu.

    Args:
        name: the word people say.
        handler: what it does.
        writes: an order; a question only reads.
        hidden: said by buttons only, not shown in the menu.
        bulk: it may take long and writes nothing to the audit, so that other orders need not wait for it.
        beside: says of the rest of a sentence whether it may be carried out beside others of its kind, and holds what
            they have in common, in one trip with what it is given to ask; None if none may.
        at_once: said alone it takes a few milliseconds at most, however large the company is.
        long: it reads about many people or months, so that a read replica may answer it.
        example: what somebody would say, such as "approve 42"; "" for what only buttons say.
        group: under which heading help shows it.
        audience: to whom it is of use.
        parameters: what may follow the name.
        texts: the paragraphs of the handler's docstring; the first says what it is for.
    """

    name: str
    handler: Handler
    writes: bool
    hidden: bool
    bulk: bool
    beside: Beside | None
    at_once: bool
    long: bool
    parameters: tuple[Parameter, ...]
    texts: tuple[str, ...]
    example: str = ""
    group: str = ""
    audience: Audience = "all"

    @property
    def needs(self) -> bool:
        """Whether something must be said with it."""
        return any(each.required for each in self.parameters)

    @property
    def usage(self) -> str:
        """How the command is written."""
        spoken = [each for each in self.parameters if not isinstance(each.word, InForm)]
        spoken.sort(key=lambda each: getattr(each.word, "last", False))
        said = (p.word.usage(p.name) if p.required else f"[{p.word.usage(p.name)}]" for p in spoken)
        return " ".join([self.name, *said])


def command(
    handler: Handler,
    example: str = "",
    group: str = "",
    audience: Audience = "all",
    *,
    writes: bool,
    hidden: bool = False,
    bulk: bool = False,
    beside: Beside | None = None,
    at_once: bool = False,
    long: bool = False,
) -> Command:
    """Read a handler's signature and docstring."""
    hints = get_type_hints(handler, include_extras=True)
    parameters = tuple(
        Parameter(name, _word_of(hints[name]), parameter.default is inspect.Parameter.empty)
        for name, parameter in list(inspect.signature(handler).parameters.items())[1:]
    )
    texts = tuple(" ".join(each.split()) for each in (inspect.getdoc(handler) or "").split("\n\n"))
    name = handler.__name__.strip("_").replace("_", "-")
    return Command(
        name, handler, writes, hidden, bulk, beside, at_once, long, parameters, texts, example or name, group, audience
    )


def _word_of(hint: Any) -> Word:
    return next(extra for extra in hint.__metadata__ if hasattr(extra, "take"))  # type: ignore[no-any-return]


# What a sentence begins with ------------------------------------------------------------------------------------------


def heard(text: str, commands: Mapping[str, Command]) -> tuple[Command, str] | None:
    """The command that a sentence begins with, and the rest of it; None if it begins with none.

    What is said out of politeness is passed over, a synonym stands for its command. What only asks, such as "can I
    approve 42?", gives no order.

    Args:
        text: as somebody said it.
        commands: by every name they have.
    """
    said = _addressed(text)
    asks = False
    more = _more(said)
    if more:
        return commands["request"], more
    while True:
        found = _meant(said, commands) or _begins(said, commands) or _behind(said, commands)
        if found and asks and found[0].writes and found[1].strip(STOPS):
            return commands["help"], found[0].name
        if found or not said:
            return (found[0], _without_thanks(*found)) if found else (commands["help"], "")
        polite, asking = _POLITE.longest(said), _ASKING.longest(said)
        longest = max(polite, asking, key=len)
        if not longest:
            return _about(said, commands)
        asks = asks or (longest == asking and longest != polite)
        said = said[len(longest) :].lstrip(STOPS + "，、：！？")


def _about(said: str, commands: Mapping[str, Command]) -> tuple[Command, str] | None:
    """A question whose subject stands before it: "opus balance", "team search's spend last week"."""
    found = ABOUT.fullmatch(half_width(said).replace("’", "'").strip(STOPS))
    begun = _begins(f"{found['asks']} {found['whom']}{found['rest']}", commands) if found else None
    return begun if begun and not begun[0].writes else None


def _meant(said: str, commands: Mapping[str, Command]) -> tuple[Command, str] | None:
    """The question that a whole sentence stands for, whatever word it begins with: "which team is over budget"."""
    plain = half_width(said).replace("’", "'").strip(STOPS + "？！，").translate(SIMPLIFIED)
    for tongue in TONGUES:
        for pattern, stands_for in compiled(tongue.sentences):
            found = pattern.fullmatch(plain)
            begun = _begins(found.expand(stands_for), commands) if found else None
            if begun:
                return begun
    return None


def _addressed(text: str) -> str:
    """A sentence without whom it is said to, such as "/tokens" or "@Bursar", and without marks around all of it."""
    said = text.strip()
    while bare := _MARKED.fullmatch(said):
        said = next(each for each in (bare[1], bare[3], bare[4], bare[5], bare[7]) if each is not None).strip()
    first, _, rest = said.partition(" ")
    to_us = first.startswith("/") or (first.startswith("@") and rest.strip())
    return (rest if to_us else said).strip()


def _begins(said: str, commands: Mapping[str, Command]) -> tuple[Command, str] | None:
    first = said.split(maxsplit=1)[0] if said else ""
    name = half_width(first).lower().rstrip(STOPS) or half_width(first).lower()[:1]
    longest = _STARTS.longest(said)
    if name in commands and len(longest) <= len(name):
        return commands[name], said[len(first) :].strip()
    if any(longest in tongue.polite for tongue in TONGUES) and said[len(longest) :].strip(STOPS):
        return None
    if not longest:
        return None
    name, _, more = _MEANT[longest].partition(" ")
    rest = said[len(longest) :].strip()
    return commands[name], more.removesuffix(ANYTHING).strip() if more.endswith(ANYTHING) else f"{more} {rest}".strip()


def _more(said: str) -> str:
    """What a request is about that is asked in a whole sentence, "" if none is: "I need 50 more for the migration"."""
    for tongue in TONGUES:
        found = tongue.asks.match(in_digits(said, 1).replace("’", "'")) if tongue.asks else None
        if found:
            return f"{found['amount']} {found['why']}".strip().rstrip("?？。吗 ")
    return ""


class _Beginnings:
    """Words that a text may begin with. English words end where a word ends; Chinese ones need not."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_letter: dict[str, list[str]] = {}
        for each in words:
            self._by_letter.setdefault(each[0], []).append(each)

    def longest(self, said: str) -> str:
        """The longest that it begins with, "" if it begins with none."""
        lower = half_width(said).lower().replace("’", "'").translate(SIMPLIFIED)
        alike = self._by_letter.get(lower[:1], ())
        return max((each for each in alike if lower.startswith(each) and _ends(lower, len(each))), key=len, default="")


_MEANT: Mapping[str, str] = {each: name for tongue in TONGUES for each, name in tongue.commands.items()}
_STARTS = _Beginnings(_MEANT)
_POLITE = _Beginnings(each for tongue in TONGUES for each in tongue.polite)
_ASKING = _Beginnings(each for tongue in TONGUES for each in tongue.asking)
_FILLERS = _Beginnings(each for tongue in TONGUES for each in tongue.fillers)


def _ends(lower: str, at: int) -> bool:
    return CHINESE_LETTER.match(lower[at - 1]) is not None or (
        not lower[at : at + 1].isalnum() and lower[at : at + 1] not in (*("-", "_", "'", "/"),)
    )


def _behind(said: str, commands: Mapping[str, Command]) -> tuple[Command, str] | None:
    """A question whose days or account stand before it, as Chinese has them: "上周支出", "搜索团队本月支出"."""
    before: list[str] = []
    while DAYS_BEFORE.match(said) and len(before) < BEFORE_MAX:
        written = in_digits(said.split(maxsplit=1)[0])
        found = translated(written)
        named = NAMED_BEFORE.match(written)
        if found and found[0] not in NEVER_BEFORE:
            taken = written[: len(written) - len(found[1])]
            before.append(f"我的{taken}" if found[0] == "team" else taken)
        elif named:
            taken = named[0]
            before.append(taken)
        else:
            return None
        said = (written[len(taken) :] + said[len(said.split(maxsplit=1)[0]) :]).lstrip(STOPS + "的，我")
        begun = _begins(said, commands)
        if begun:
            return None if begun[0].writes else (begun[0], " ".join([_without_thanks(*begun), *before]).strip())
    return None


def _without_thanks(one: Command, rest: str) -> str:
    """The rest of a sentence without what politeness puts at its end; a reason stays as it was written."""
    if any(getattr(each.word, "rest", False) for each in one.parameters):
        return rest
    polite = [each for tongue in TONGUES for each in tongue.thanks]
    while True:
        bare = EMOJI.sub("", rest).rstrip(STOPS + "？！，")
        lower = bare.lower()
        last = max(
            (each for each in polite if lower.endswith(each) and _stands_alone(lower, each)), key=len, default=""
        )
        if bare == rest and not last:
            return rest
        rest = bare[: len(bare) - len(last)].rstrip()


def _stands_alone(lower: str, word: str) -> bool:
    return CHINESE_LETTER.match(word) is not None or lower == word or lower[: -len(word)].endswith((" ", ","))


# What follows ---------------------------------------------------------------------------------------------------------


def understand(one: Command, rest: str, inputs: Mapping[str, str], ctx: Context) -> dict[str, Any]:
    """The arguments of a handler, from the words after the command and the fields of a form.

    Raises:
        RefusedError: a word that nobody understands, or something that must be said and was not.
    """
    if not rest and not inputs and not one.needs:
        return {}
    values = _from_inputs(one, inputs, ctx)
    words = split_words(rest)
    if len(rest) > TEXT_MAX or len(words) > WORDS_MAX:
        raise RefusedError("That is too long. Say it in fewer words.")
    if not one.writes:
        words = [each.strip(QUOTES) or each for each in words]
    words = _day_at_the_end(one, words, values, ctx)
    before: list[str] = []
    while words:
        try:
            taken = _taken(one, words, values, ctx)
        except MeantOtherwiseError as meant:
            offers = (
                ()
                if one.writes
                else tuple(" ".join([one.name, *before, each, *words[meant.count :]]) for each in meant.instead)
            )
            raise RefusedError(meant.why, offers=offers, **meant.values) from meant
        if taken is None and not one.writes:
            taken = _passed_over(words)
        if taken is None:
            raise RefusedError(
                "I don't understand “{word}”. Say it like this: {example}", word=words[0], example=ctx.t(one.example)
            )
        words, used = taken
        before += used
    for parameter in one.parameters:
        if parameter.required and parameter.name not in values:
            raise RefusedError(
                "Something is missing. Say it like this: {example}",
                fault=parameter.name,
                example=ctx.t(one.example),
            )
    return values


def _taken(one: Command, words: list[str], values: dict[str, Any], ctx: Context) -> tuple[list[str], list[str]] | None:
    """What is left of some words when a parameter has taken its own, and those; None if none of them is anybody's."""
    for said in _readings(words):
        taken = _first_taken(one, said, values, ctx)
        if taken:
            return taken
    for parameter in one.parameters:
        if getattr(parameter.word, "rest", False) and parameter.name not in values:
            text = parameter.word.take(words, ctx)
            if text is not None:
                values[parameter.name] = text[0]
                return [], words
    return None


def _first_taken(
    one: Command, said: list[str], values: dict[str, Any], ctx: Context
) -> tuple[list[str], list[str]] | None:
    """The same of one reading. What a question's first word refuses may be another's: "of opus" is a model."""
    refused: RefusedError | None = None
    for parameter in one.parameters:
        rest = getattr(parameter.word, "rest", False)
        if parameter.name in values or isinstance(parameter.word, InForm) or rest:
            continue
        try:
            taken = parameter.word.take(said, ctx)
        except RefusedError as no:
            if one.writes:
                raise
            refused = refused or no
            continue
        if taken is not None:
            values[parameter.name], count = taken
            return said[count:], said[:count]
    if refused:
        raise refused
    return None


def _readings(words: list[str]) -> Iterator[list[str]]:
    """Some words as they may be read: with synonyms of the grammar, cut where Chinese has no blanks, as they are."""
    first, after = words[0], words[1:]
    plain = half_width(first)
    if CHINESE_LETTER.search(first):
        said = translated(plain)
        if said:
            left = [said[1]] if said[1] else []
            yield [*said[0].split(), *_translated_all([*left, *after])]
            yield [*said[0].split(), *left, *after]
        for kind, name in (("团队", "team"), ("部门", "team"), ("智能体", "agent")):
            if plain.endswith(kind) and plain != kind:
                yield [name, plain.removesuffix(kind).removesuffix("的"), *after]
        cut = _number_and_text(plain)
        if cut:
            yield [cut["number"], first[len(first) - len(cut["text"]) :], *after]
        numbered = in_digits(plain, 1)  # what follows an amount stays as it is written
        numbered = numbered if _number_and_text(numbered) else in_digits(plain)
        if numbered != plain:
            yield from _readings([numbered, *after])
    yield words
    if len(taken_apart(first)) > 1:
        yield [*taken_apart(first), *after]
    if plain != first:
        yield [plain, *after]
    if plain.lower() in ENGLISH.words:
        yield [ENGLISH.words[plain.lower()], *after]


def _number_and_text(word: str) -> re.Match[str] | None:
    """A number and the words behind it; None where they go on counting."""
    cut = NUMBER_AND_TEXT.fullmatch(word)
    return cut if cut and cut["text"][0] not in MEASURES else None


def _translated_all(words: list[str]) -> list[str]:
    """The same with all words of the grammar at the front said in English, up to the first that is none."""
    done: list[str] = []
    while words and CHINESE_LETTER.search(words[0]):
        said = translated(in_digits(half_width(words[0])))
        if said is None:
            break
        done += said[0].split()
        words = [*([said[1]] if said[1] else []), *words[1:]]
    return [*done, *words]


def _passed_over(words: list[str]) -> tuple[list[str], list[str]] | None:
    """What is left when a word was passed over that means nothing in a question."""
    text = half_width(" ".join(words[:FILLER_WORDS_MAX])).lower()
    longest = _FILLERS.longest(text)
    if not longest:
        return (
            ([words[0].rstrip(STOPS + "，、？"), *words[1:]], [])
            if words[0].rstrip(STOPS + "，、？") not in ("", words[0])
            else None
        )
    if CHINESE_LETTER.match(longest) or longest in (",", "、"):
        left = words[0][len(longest) :]
        return ([left] if left else []) + words[1:], []
    return words[len(longest.split()) :], []


def _day_at_the_end(one: Command, words: list[str], values: dict[str, Any], ctx: Context) -> list[str]:
    """Understand "until" wherever it stands, also behind a reason; the words that are left.

    Raises:
        RefusedError: what follows looks like a day and is none.
    """
    until = next((each for each in one.parameters if getattr(each.word, "ends", False)), None)
    free, spans = (any(getattr(each.word, name, False) for each in one.parameters) for name in ("rest", "spans"))
    if until is None or not free or until.name in values:
        return words
    for place in range(len(words)):
        word = words[place]
        cut = _ends_with_a_day(word) if place == len(words) - 1 else None
        if cut:
            before, day = cut
            said = translated(day) or (day, "")
            taken = until.word.take(["until", *said[0].split()], ctx)
            if taken:
                values[until.name] = taken[0]
                return [*words[:place], *([before] if before else [])]
        if half_width(word).lower() in ENGLISH.until and place + 1 < len(words):
            if place and spans and until.word.take([words[place - 1]], ctx):
                continue  # "friday until sunday" are days that belong together
            taken = until.word.take(["until", *_spoken_day(words[place + 1 :])], ctx)
            if taken:
                values[until.name] = taken[0]
                return [*words[:place], *words[place + taken[1] :]]
    return words


def _ends_with_a_day(word: str) -> tuple[str, str] | None:
    """What stands before "until" and a day in a Chinese word, as it is written, and the day; None if it has none."""
    for start in range(max(0, len(word) - UNTIL_LETTERS_MAX), len(word)) if CHINESE_LETTER.search(word) else ():
        cut = ENDS_WITH_A_DAY.fullmatch(in_digits(half_width(word[start:])))
        if cut and not cut["before"]:
            return word[:start], cut["day"]
    return None


def _spoken_day(words: Sequence[str]) -> list[str]:
    return [re.sub(r"[,.;:!]$", "", half_width(each)) if place < 4 else each for place, each in enumerate(words)]  # noqa: PLR2004


def _from_inputs(one: Command, inputs: Mapping[str, str], ctx: Context) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter in one.parameters:
        words = split_words(inputs.get(parameter.name, ""))
        if not words:
            continue
        try:
            free = isinstance(parameter.word, InForm) or getattr(parameter.word, "rest", False)
            readings = [words] if free else _readings(words)
            taken = next(filter(_all_of, ((parameter.word.take(said, ctx), said) for said in readings)), None)
        except RefusedError as refused:
            instead = refused.instead if isinstance(refused, MeantOtherwiseError) and not one.writes else ()
            offers = refused.offers or tuple(f"{one.name} {each}" for each in instead)
            raise RefusedError(refused.why, parameter.name, offers=offers, **refused.values) from refused
        if taken is None or taken[0] is None:
            raise RefusedError("I don't understand “{words}” here.", fault=parameter.name, words=" ".join(words))
        values[parameter.name] = taken[0][0]
    return values


def _all_of(tried: tuple[tuple[Any, int] | None, list[str]]) -> bool:
    return tried[0] is not None and tried[0][1] >= len(tried[1])


def nearest_in_chinese(word: str, known: Collection[str]) -> list[str]:
    """The known words that a Chinese one probably means, or begins with, the longest first: one letter is another."""
    said = re.match(f"{CHINESE_LETTER.pattern}*", word)[0]  # type: ignore[index]
    near = [
        each
        for each in known
        if 1 < len(each) <= len(said) and CHINESE_LETTER.match(each)
        if sum(a != b for a, b in zip(each, said, strict=False)) <= 1
    ]
    whole = [each for each in near if len(each) == len(said)]
    return sorted(whole or near, key=len, reverse=True) or nearest_few(word, known)


def nearest_few(word: str, known: Collection[str]) -> list[str]:
    """The known words that were probably meant, the likeliest first: all that are about as likely as that."""
    close = get_close_matches(word.lower(), known, n=6, cutoff=0.65)
    likely = [SequenceMatcher(None, each, word.lower()).ratio() for each in close]
    return [each for each, ratio in zip(close, likely, strict=True) if ratio >= likely[0] - 0.08]
