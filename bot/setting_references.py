"""What the entries of app.yaml say of each other: ids that stand twice, names that stand nowhere, circles.

It looks at what is written, not at what was understood, so that it says everything at once, whatever else is wrong.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.cycles import circles
from bot.providers.registry import credit_price
from bot.setting_errors import meant
from bot.texts import in_words, t
from bot.yaml_file import Path
from handlers.amounts import CURRENCIES
from handlers.errors import SettingError
from handlers.language import N_
from handlers.policy import NONE, PROGRAMS, TIERS, Budget, clashes, contradictions, written_amount, written_as
from storage.directory import RESERVED

_OWN_NAME = {"people": "id", "teams": "id", "agents": "id", "providers": "name"}
_TWICE = {
    "people": N_("the id “{word}” stands twice; give each person an id of their own"),
    "teams": N_("the id “{word}” stands twice; give each team an id of its own"),
    "agents": N_("the id “{word}” stands twice; give each agent an id of its own"),
    "providers": N_("the name “{word}” stands twice; give each provider a name of its own (name: …)"),
}
# Section, setting, the section in which its word must stand, and what is said if it does not.
_MUST_STAND = (
    ("people", "manager", "people", N_("unknown manager “{word}”")),
    ("people", "team", "teams", N_("unknown team “{word}”")),
    ("teams", "parent", "teams", N_("unknown team “{word}”")),
    ("teams", "owner", "people", N_("unknown owner “{word}”")),
    ("agents", "owner", "people", N_("unknown owner “{word}”")),
    ("agents", "team", "teams", N_("unknown team “{word}”")),
)
_CIRCLES = (
    ("people", "manager", N_("these people are each other's managers: {names}. One of them must report to another")),
    ("teams", "parent", N_("a team cannot be below itself: {names}. Correct one of the parents")),
)
_BUDGET: TypeAdapter[Budget] = TypeAdapter(Budget)


@dataclass(frozen=True, slots=True)
class SettingFault:
    """Something wrong: where, and what, in the operator's language."""

    path: Path
    what: str


def contradicted(content: Mapping[str, Any]) -> Iterator[SettingFault]:
    """All that does not fit together.

    Args:
        content: app.yaml as it was read, whatever is in it.
    """
    yield from _twice(content)
    yield from _addresses(content)
    yield from _reserved(content)
    if not content.get("directory"):  # people of other sources are not known here
        yield from _unknown(content)
    yield from _circular(content)
    yield from _budgets(content)
    yield from _prices(content)
    yield from _telemetry(content)


def _telemetry(content: Mapping[str, Any]) -> Iterator[SettingFault]:
    """Providers that should speak for programs and stand nowhere, and those that are called as a program is."""
    known = {_word(entry, "name") or _word(entry, "kind"): path for path, entry in _entries(content, "providers")}
    for name in known.keys() & PROGRAMS.keys():
        what = t("“{word}” is the name of a program that sends telemetry; give this provider another one", word=name)
        yield SettingFault((*known[name], "name"), what)
    section = content.get("telemetry")
    said = section.get("provisional") if isinstance(section, Mapping) else None
    for program, word in (said if isinstance(said, Mapping) else {}).items():
        if isinstance(word, str) and word not in {NONE, *known}:
            what = meant(t("unknown provider “{word}”; write one of yours, or none", word=word), word, {*known})
            yield SettingFault(("telemetry", "provisional", program), what)


def _entries(content: Mapping[str, Any], section: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    listed = content.get(section)
    for place, each in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(each, Mapping):
            yield (section, place), each


def _word(entry: Mapping[str, Any], name: str) -> str:
    """The text of a setting, "" for anything else."""
    said = entry.get(name)
    return said if isinstance(said, str) else ""


def _twice(content: Mapping[str, Any]) -> Iterator[SettingFault]:
    for section, own in _OWN_NAME.items():
        seen = set()
        for path, entry in _entries(content, section):
            word = _word(entry, own) or (_word(entry, "kind") if section == "providers" else "")
            if word and word in seen:
                yield SettingFault((*path, own) if entry.get(own) else path, t(_TWICE[section], word=word))
            seen.add(word)


def _addresses(content: Mapping[str, Any]) -> Iterator[SettingFault]:
    """If two people shared an address, neither could be recognized by it."""
    whose: dict[str, str] = {}
    for path, entry in _entries(content, "people"):
        email = _word(entry, "email").strip().lower()
        if email in whose:
            what = t("{email} is the address of {name}, too; give each their own", email=email, name=whose[email])
            yield SettingFault((*path, "email"), what)
        elif email:
            whose[email] = _word(entry, "id")


def _reserved(content: Mapping[str, Any]) -> Iterator[SettingFault]:
    for path, entry in _entries(content, "people"):
        word = _word(entry, "id")
        if word in RESERVED:
            yield SettingFault((*path, "id"), t("the id “{word}” is the bot's own; choose another one", word=word))


def _unknown(content: Mapping[str, Any]) -> Iterator[SettingFault]:
    there = {each: {_word(entry, "id") for _, entry in _entries(content, each)} for each in ("people", "teams")}
    for section, name, where, said in _MUST_STAND:
        for path, entry in _entries(content, section):
            word = _word(entry, name)
            if word and word not in there[where]:
                yield SettingFault((*path, name), meant(t(said, word=word), word, there[where]))
    for path, entry in _entries(content, "groups"):
        listed = entry.get("people")
        for place, word in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(word, str) and word not in there["people"]:
                what = meant(t("nobody here has the id “{word}”", word=word), word, there["people"])
                yield SettingFault((*path, "people", place), what)


def _circular(content: Mapping[str, Any]) -> Iterator[SettingFault]:
    for section, name, said in _CIRCLES:
        paths: dict[str, Path] = {}
        above: dict[str, str] = {}
        for path, entry in _entries(content, section):
            paths.setdefault(_word(entry, "id"), path)
            above.setdefault(_word(entry, "id"), _word(entry, name))
        for circle in circles({one: each for one, each in above.items() if one and each}):
            around = " → ".join([*circle, circle[0]])
            yield SettingFault((*paths[circle[0]], name), t(said, names=around))


def _budgets(content: Mapping[str, Any]) -> Iterator[SettingFault]:
    """What budgets and amounts say against the currency and the tiers."""
    said = content.get("organization")
    organization = said if isinstance(said, Mapping) else {}
    currency, tiers = organization.get("currency", "USD"), content.get("tiers", TIERS)
    if not isinstance(currency, str) or currency not in CURRENCIES:
        return
    has_credits = currency == "USD" and credit_price(_credits(content)) is not None
    with written_as(organization):
        readable = list(_readable(content))
        paths = {id(budget): path for path, budget in readable}
        for budget, name, clash in clashes([budget for _, budget in readable]):
            yield SettingFault((*paths[id(budget)], name), in_words(clash))
        for path, budget in readable:
            known = tiers if isinstance(tiers, Mapping) else TIERS
            for name, error in contradictions(budget, currency, known, has_credits=has_credits):
                yield SettingFault((*path, name), in_words(error))
        for path, word in _floors(content):
            with suppress(ValueError):  # what is no amount is told by itself
                amount = written_amount(word)
                if amount.unit not in ("", currency):
                    what = t(
                        "{amount} is not in the organization's currency ({currency})", amount=word, currency=currency
                    )
                    yield SettingFault(path, what)


def _prices(content: Mapping[str, Any]) -> Iterator[SettingFault]:
    """Prices of providers that stand nowhere, and in currencies that cannot be converted."""
    said, rates = content.get("organization"), content.get("rates")
    house = said.get("currency", "USD") if isinstance(said, Mapping) else "USD"
    known = {_word(entry, "name") or _word(entry, "kind") for _, entry in _entries(content, "providers")}
    for path, entry in _entries(content, "prices"):
        word, currency = _word(entry, "provider"), _word(entry, "currency") or "USD"
        if word and word not in known:
            yield SettingFault((*path, "provider"), meant(t("unknown provider “{word}”", word=word), word, known))
        if "input" in entry and currency != house and currency not in (rates if isinstance(rates, Mapping) else {}):
            what = t("no rate from {currency} to {house}: add one under rates", currency=currency, house=house)
            yield SettingFault((*path, "currency") if entry.get("currency") else path, what)


def _credits(content: Mapping[str, Any]) -> Iterator[tuple[str, Decimal | None]]:
    """The kind of each provider, and what is said that its credit costs."""
    for _, entry in _entries(content, "providers"):
        try:
            yield _word(entry, "kind"), Decimal(str(entry["credit"])) if entry.get("credit") else None
        except ArithmeticError:
            yield _word(entry, "kind"), None  # it is told by itself


def _floors(content: Mapping[str, Any]) -> Iterator[tuple[Path, object]]:
    """The amounts that must be in the organization's currency."""
    for section in ("guard", "waste", "seats"):
        said = content.get(section)
        for name, word in (said if isinstance(said, Mapping) else {}).items():
            if word and not isinstance(word, dict | list):
                yield (section, name), word


def _readable(content: Mapping[str, Any]) -> Iterator[tuple[Path, Budget]]:
    for path, entry in _entries(content, "budgets"):
        try:
            yield path, _BUDGET.validate_python(entry)
        except (ValidationError, SettingError):
            continue  # it is told by itself
