"""What people may have otherwise: their own private note of the week."""

from dataclasses import replace
from typing import Annotated
from zoneinfo import ZoneInfo

from babel import Locale

from handlers.arguments import OneOf
from handlers.card import Button, Card, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import SendNotes
from handlers.language import ENGLISH, autonym, language_of, languages
from handlers.policy import is_working, next_workday
from handlers.reports.digest import digest
from storage import people, preferences
from storage.directory import Person

WEEKLY, SENT, AUTO = "weekly", "note sent", "auto"

OnOff = Annotated[str, OneOf(WEEKLY, ("on", "off"))]


class LanguageWord:
    """The language that somebody wants to be spoken to in: "language zh", "language auto"."""

    def usage(self, name: str) -> str:
        """See Word."""
        return f"{name} zh|en|{AUTO}"

    def take(self, words: list[str], _ctx: Context) -> tuple[str, int] | None:
        """See Word. A short name such as "zh", a locale such as "zh-CN", or what people call it."""
        if words[0].lower() != "language":
            return None
        said = words[1].lower().replace("-", "_") if len(words) > 1 else ""
        found = AUTO if said == AUTO else next((each for each in languages() if said in _names(each)), "")
        if not found and language_of(said) != ENGLISH:
            found = language_of(said)
        if not found:
            known = ", ".join([*languages(), AUTO])
            raise RefusedError("I don't speak “{name}”. Choose one of: {known}", name=said[:40], known=known)
        return found, 2


def _names(language: str) -> set[str]:
    """What people call a language, in small letters: by its code, in English and in itself."""
    own = Locale.parse(language)
    names = {own.get_language_name("en"), own.get_language_name(language)}
    return {language.lower(), own.language, *(each.lower() for each in names if each)}


InLanguage = Annotated[str, LanguageWord()]


def settings(ctx: Context, weekly: OnOff = "", language: InLanguage = "") -> Card:
    """Show or change your own settings: the private weekly summary, and the language I use with you.

    “settings weekly on” sends you a summary of what you spent and why, every week. Only you see it.

    “settings language zh” makes me write to you in Chinese. “settings language auto” goes back to the language of your
    chat app.
    """
    if weekly:
        preferences.prefer(ctx.conn, ctx.person.id, WEEKLY, weekly)
    if language:
        chosen = "" if language == AUTO else language
        people.choose_language(ctx.conn, ctx.person.id, chosen)
        return _language_card(replace(ctx, person=replace(ctx.person, language=chosen)))
    on = preferences.preferred(ctx.conn, ctx.person.id).get(WEEKLY) == "on"
    first = Text(ctx.t("Every week: what you spent, what changed and why. Only you see it."))
    turn_off = Button(ctx.t("Turn off"), "settings weekly off")
    change = turn_off if on else Button(ctx.t("Turn on"), "settings weekly on")
    title = ctx.t("Your weekly summary is on") if on else ctx.t("Your weekly summary is off")
    return Card(title, (first, change, *_languages(ctx)))


def _language_card(ctx: Context) -> Card:
    """In which language somebody is spoken to from now on, said in that language."""
    return Card(ctx.t("Your language is {name}", name=autonym(ctx.language)), tuple(_languages(ctx)))


def _languages(ctx: Context) -> list[Button]:
    """A button for each other language."""
    others = [Button(autonym(each), f"settings language {each}") for each in languages() if each != ctx.language]
    auto = (
        [Button(ctx.t("Use the language of my chat app"), f"settings language {AUTO}")] if ctx.person.language else []
    )
    return [*others, *auto]


def send_notes(ctx: Context, _event: SendNotes) -> None:
    """Send the private notes of the week that are due."""
    wanted = [people.person(ctx.conn, each) for each in preferences.who_prefers(ctx.conn, WEEKLY, "on")]
    for each in wanted:
        if each and each.active and _is_due(ctx, each):
            _send(replace(ctx, person=each))


def _is_due(ctx: Context, person: Person) -> bool:
    """Whether it is working time on the first working day of the person's week, and nothing was sent yet."""
    zone = ZoneInfo(person.zone or ctx.policy.organization.zone)
    today = ctx.now.astimezone(zone).date()
    first = next_workday(ctx.period(today, "week").first, ctx.policy.working)
    sent = preferences.preferred(ctx.conn, person.id).get(SENT)
    return today == first and sent != str(first) and is_working(ctx.now, ctx.policy.working, zone)


def _send(theirs: Context) -> None:
    today = theirs.now.astimezone(ZoneInfo(theirs.person.zone or theirs.policy.organization.zone)).date()
    preferences.prefer(theirs.conn, theirs.person.id, SENT, str(today))
    card = digest(theirs, theirs.account(theirs.account_id))
    if not card.idle:
        theirs.tell(theirs.person.id, f"note/{theirs.person.id}/{today}", card.whole)
