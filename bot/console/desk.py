"""Answers browsers: GET asks, POST orders.

A page is what its sentences answer to whoever looks, out of one snapshot. Nothing is decided here, and no figure made.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from babel.dates import format_skeleton
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from bot.app import App, BrokeError, WritesError
from bot.console import files
from bot.console.drawing import Drawer, once, page, with_values, without_echoes
from bot.console.pages import PAGES, PERIOD, PERIODS, Page
from bot.console.visitors import Door, Visitor, language_in, place_of
from bot.csv_files import media_type, text_of
from bot.platforms.web.html import fill
from handlers.card import Button, Card, File, Input
from handlers.context import locale_of
from handlers.errors import RefusedError
from handlers.language import N_, autonym, languages, say
from handlers.periods import called_after, period_of
from handlers.requests import is_receipt
from handlers.sentence import Sentence, storable
from storage import people
from storage.db import BusyError, InDoubtError

ONE_DAY = timedelta(days=1)
TEXT_MAX = 4000
CHUNK_BYTES = 64 * 1024
OWN_FIELDS = ("says", "delivery", "back", "form")
CLOSED = "default-src 'none'; sandbox"
LATE = N_("The database is busy. Nothing was changed. Load the page again in a moment.")
DOUBT = N_("The connection to the database broke while this was saved. It may have been done: load the page again.")
GONE = N_("You can't see this page, or it doesn't exist.")
BROKE = N_("That broke ({incident}). Nothing was changed.")


class AwayError(Exception):
    """Nobody who is known looks."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers browsers.

    Args:
        app: the bot.
        door: knows who looks.
        cast: whom one may be, as ids and names; empty where people sign in.
    """

    app: App
    door: Door
    cast: tuple[tuple[str, str], ...] = ()

    # Questions -------------------------------------------------------------------------------------------------------

    def look(self, request: Request, one: Page) -> Response:
        """GET of a page."""
        visitor = self.let_in(request)
        unknown = [name for name in request.query_params if name not in one.takes]
        if unknown:
            why = say(visitor.language, "This page doesn't know “{name}”.", name=unknown[0][:40])
            return self._message(request, visitor, why, status=400)
        values = {name: value[:TEXT_MAX].strip() for name, value in request.query_params.items()}
        values |= {
            name: value
            for name, value in request.path_params.items()
            if value.split() == [value] and value == storable(value) and not {*value} & {*"{}/"}
        }
        if one.for_whom not in visitor.audience or request.path_params.keys() - values.keys():
            return self._message(request, visitor, say(visitor.language, GONE), status=404)
        says = one.asks(values)
        answers = self.app.answers(visitor.person.id, place_of(visitor.person.id), says)
        if answers and isinstance(answers[0], RefusedError):
            return self._message(request, visitor, answers[0].said(visitor.language), status=404)
        typed = [values[each.name] for each in one.fields if values.get(each.name)]
        shown = [
            (text, answer if isinstance(answer, Card) else refusal(answer, visitor.language))
            for text, answer in zip(says, answers, strict=True)
            if isinstance(answer, Card) or _has(text, typed)
        ]
        return self._page(request, visitor, one, values, shown)

    def _page(
        self, request: Request, visitor: Visitor, one: Page, values: Mapping[str, str], shown: list[tuple[str, Card]]
    ) -> Response:
        drawer = Drawer(base_of(request), request.url.path + _query(request), lambda _says: "")
        typed = [values[each.name] for each in one.fields if values.get(each.name)]
        # What was asked for in the fields of the page comes first, then what is wrong.
        ranked = sorted(shown, key=lambda each: (not _has(each[0], typed), each[1].tone != "bad"))
        cards, notes = once(without_echoes(ranked))
        drawn = [
            drawer.card(card, f"c{number}", says)
            for number, (card, (says, _)) in enumerate(zip(cards, ranked, strict=True))
        ]
        fields = [
            fill("input.html", visitor.language, input=asked, key=f"f-{asked.name}", error="")
            for asked in (_said(each, values, visitor.language) for each in one.fields)
        ]
        months = self._months(one, visitor, values.get(PERIOD, "")) if one.has_period else []
        return self.filled(
            request,
            visitor,
            "page.html",
            title=say(visitor.language, one.title, **self._named(one, values)),
            question=say(visitor.language, one.question),
            cards=drawn,
            notes=notes,
            fields=fields,
            months=[
                (label, f"?{urlencode({PERIOD: word})}" if word else request.url.path, here)
                for label, word, here in months
            ],
            teams=f"{base_of(request)}/team" if one.path in WITH_TEAMS and "finance" in visitor.audience else "",
        )

    def _named(self, one: Page, values: Mapping[str, str]) -> dict[str, str]:
        """What the title of a page has besides words, of a page that may be seen."""
        if one.path != TEAM:
            return {name: value for name, value in values.items() if f"{{{name}}}" in one.title}
        account_id = f"team/{values['team']}"
        found = self.app.database.ask(lambda conn: people.accounts_of(conn, [account_id])).get(account_id)
        return {"name": found.name if found else values["team"]}

    def _months(self, one: Page, visitor: Visitor, chosen: str) -> Iterator[tuple[str, str, bool]]:
        """The months that are offered, the newest first: what is said, the word for it, whether it is shown."""
        calendar, locale = self.app.policy.calendar, locale_of(visitor.person, self.app.policy)
        first = period_of(self.app.now().astimezone(self.app.policy.zone).date(), "month", calendar).first
        if one.months_over:
            first = period_of(first - ONE_DAY, "month", calendar).first
        for number in range(PERIODS):
            word = f"{called_after(first):%Y-%m}" if number else ""
            yield format_skeleton("yMMMM", called_after(first), locale=locale), word, word == chosen
            first = period_of(first - ONE_DAY, "month", calendar).first

    def team(self, request: Request) -> Response:
        """GET /team?team=…: the page of a team that was typed."""
        self.let_in(request)
        wanted = request.query_params.get("team", "").strip()[:TEXT_MAX]
        return RedirectResponse(
            f"{base_of(request)}/team/{quote(wanted, safe='')}" if wanted else f"{base_of(request)}/", 303
        )

    def ask(self, request: Request) -> Response:
        """GET /ask?q=…: what a sentence answers. One that would do something is shown with a button."""
        visitor = self.let_in(request)
        text = request.query_params.get("q", "").strip()[:TEXT_MAX] or "help"
        try:
            (answer,) = self.app.answers(visitor.person.id, place_of(visitor.person.id), [text])
        except WritesError:
            return self._second_look(request, visitor, {"says": text})
        card = answer if isinstance(answer, Card) else refusal(answer, visitor.language)
        return self._answer(request, visitor, text, card)

    def download(self, request: Request) -> Response:
        """GET /files/NAME?q=…: a file that the answer to a question names."""
        visitor = self.let_in(request)
        name, text = request.path_params["name"], request.query_params.get("q", "")
        with suppress(WritesError):
            (answer,) = self.app.answers(visitor.person.id, place_of(visitor.person.id), [text])
            if isinstance(answer, Card):
                found = next((each for each in answer.whole.files if each.name == name), None)
                if found:
                    return self._receipt(visitor, name) if is_receipt(name) else self._file(found)
        return self._message(request, visitor, say(visitor.language, GONE), status=404)

    def _file(self, file: File) -> Response:
        headers = {"Content-Disposition": attachment(file.name)}
        kind = media_type(file)
        if file.is_here:
            return Response(text_of(file), media_type=kind, headers=headers)
        return StreamingResponse(self._made(file.name), media_type=kind, headers=headers)

    def _receipt(self, visitor: Visitor, name: str) -> Response:
        """A receipt, to be saved and never shown here: whatever is in it, no browser runs it in our name."""
        kind, content = self.app.receipt(visitor.person.id, place_of(visitor.person.id), name)
        headers = {"Content-Disposition": attachment(name), "Content-Security-Policy": CLOSED}
        return Response(content, media_type=kind, headers=headers)

    def _made(self, name: str) -> Iterator[bytes]:
        with self.app.file(name) as path, path.open("rb") as content:
            while chunk := content.read(CHUNK_BYTES):
                yield chunk

    # Orders ----------------------------------------------------------------------------------------------------------

    def say(self, request: Request, said: Mapping[str, str], sent: Mapping[str, bytes]) -> Response:
        """POST /say: a sentence, with the fields and the files of the form that was sent with it."""
        visitor = self.let_in(request)
        text = said.get("says", "").strip()
        inputs = {name: value for name, value in said.items() if name not in OWN_FIELDS}
        delivery = f"{visitor.person.id}/{storable(said['delivery'][:100])}" if said.get("delivery") else ""
        place = place_of(visitor.person.id)
        try:
            kept = {name: self.app.keep_receipt(visitor.person.id, content) for name, content in sent.items()}
        except RefusedError as refused:
            card = refusal(refused, visitor.language)
        else:
            card = self.app.hear(Sentence(text, visitor.person.id, place, {**inputs, **kept}, delivery)).whole
        return self._answer(request, visitor, text, self._again(visitor, said, inputs, card), said.get("back", ""))

    def _again(self, visitor: Visitor, said: Mapping[str, str], inputs: dict[str, str], refused: Card) -> Card:
        """What is shown for an answer: the form once more, if it finds fault with a field of it."""
        if not refused.fault or not said.get("form"):
            return refused
        try:
            (form,) = self.app.answers(visitor.person.id, place_of(visitor.person.id), [said["form"]])
        except WritesError:
            return refused
        if not isinstance(form, Card) or refused.fault not in [each.name for each in form.inputs]:
            return refused
        return with_values(form, inputs, refused)

    def speak(self, request: Request, said: Mapping[str, str]) -> Response:
        """POST /language: speak another language from now on, here and in chat, and show the same page in it."""
        visitor = self.let_in(request)
        if said.get("language") in languages():
            text = f"settings language {said['language']}"
            self.app.hear(Sentence(text, visitor.person.id, place_of(visitor.person.id)))
        return RedirectResponse(local(said.get("back", "")) or f"{base_of(request)}/", 303)

    def confirm(self, request: Request, said: Mapping[str, str]) -> Response:
        """POST /confirm?why=…: a second look at what a button says."""
        return self._second_look(request, self.let_in(request), said, request.query_params.get("why", "")[:TEXT_MAX])

    def _second_look(self, request: Request, visitor: Visitor, said: Mapping[str, str], why: str = "") -> Response:
        fresh = {"delivery": secrets.token_urlsafe(12), "back": ""}
        fields = [(name, value) for name, value in {**fresh, **said}.items() if name != "says"]
        text = said.get("says", "")
        title = why or say(visitor.language, "Do this?")
        back = local(said.get("back", "")) or f"{base_of(request)}/"
        return self.filled(request, visitor, "confirm.html", title=title, says=text, fields=fields, back=back)

    # What is shown ---------------------------------------------------------------------------------------------------

    def _answer(self, request: Request, visitor: Visitor, text: str, card: Card, back: str = "") -> Response:
        back = local(back)
        here = back or f"{base_of(request)}/ask?{urlencode({'q': text})}"
        drawn = Drawer(base_of(request), here, lambda _says: "").card(card, "c0", text, level=1)
        return self.filled(request, visitor, "answer.html", title=card.title, card=drawn, back=back)

    def _message(self, request: Request, visitor: Visitor | None, text: str, status: int) -> Response:
        return self.filled(request, visitor, "message.html", status, title=text)

    def filled(
        self, request: Request, visitor: Visitor | None, template: str, status: int = 200, **values: Any
    ) -> Response:
        """A page for somebody, or for nobody who is known."""
        language = visitor.language if visitor else language_in(request, self.app.policy)
        base = base_of(request)
        shared = {
            "base": base,
            "lang": language.replace("_", "-"),
            "here": request.url.path,
            "visitor": visitor,
            "navigation": list(navigation(visitor, base)) if visitor else [],
            "file": lambda name: base + files.address(name),
            "cast": self.cast,
            "others": [(each, each.replace("_", "-"), autonym(each)) for each in languages() if each != language],
            "back": request.url.path + _query(request) if request.method == "GET" else f"{base}/",
        }
        return HTMLResponse(page(template, language, **(shared | values)), status)

    def stranger(
        self,
        request: Request,
        title: str,
        texts: Sequence[str] = (),
        *,
        status: int = 200,
        facts: Sequence[tuple[str, str]] = (),
        link: str = "",
        ways: Sequence[tuple[str, str]] = (),
    ) -> Response:
        """A page for somebody who is not signed in.

        Args:
            request: theirs.
            title: what it says.
            texts: what else it says.
            status: of HTTP.
            facts: names and values.
            link: what a printed link showed, for a button that uses it.
            ways: addresses and labels of the ways in.
        """
        values = {"title": title, "texts": texts, "facts": facts, "link": link, "ways": ways}
        return self.filled(request, None, "signin.html", status, **values)

    def let_in(self, request: Request) -> Visitor:
        """Who looks.

        Raises:
            AwayError: nobody who is known.
        """
        visitor = self.door.who(request)
        if visitor is None:
            raise AwayError
        return visitor

    # What went wrong -------------------------------------------------------------------------------------------------

    def explain(self, request: Request, trouble: Exception) -> Response:
        """What is shown when a page cannot be."""
        visitor: Visitor | None = None
        status, text = 500, ""
        language = language_in(request, self.app.policy)
        if isinstance(trouble, BusyError):
            status, text = 503, say(language, DOUBT if isinstance(trouble, InDoubtError) else LATE)
        elif isinstance(trouble, BrokeError):
            text = say(language, BROKE, incident=str(trouble))
        elif isinstance(trouble, HTTPException):
            status = trouble.status_code
            text = say(language, GONE) if status == 404 else trouble.detail  # noqa: PLR2004 - HTTP's "not found"
            with suppress(BusyError):
                visitor = self.door.who(request)
        return self._message(request, visitor, text, status)


def refusal(refused: RefusedError, language: str) -> Card:
    """A refusal as a card, with what may have been meant."""
    offers = tuple(Button(each, each) for each in refused.offers)
    return Card(refused.said(language), offers, tone="warn", fault=refused.fault, language=language)


def attachment(name: str) -> str:
    """A header by which a browser saves a file under a name (RFC 6266), in whatever letters a team is called."""
    quoted = quote(name, safe="")
    return f'attachment; filename="{name}"' if quoted == name else f"attachment; filename*=UTF-8''{quoted}"


def base_of(request: Request) -> str:
    """What stands before all addresses of the console: "" as a rule, where it is mounted in another application."""
    return str(request.scope.get("root_path", ""))


def local(address: str) -> str:
    """An address within the console as it is, any other as ""."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_path and address.isprintable() and "\\" not in address else ""


def navigation(visitor: Visitor, base: str) -> Iterator[tuple[str, str]]:
    """Where somebody may go: the address and what it is called."""
    for one in PAGES:
        if one.for_whom in visitor.audience and one.in_navigation:
            yield base + one.path, say(visitor.language, one.title)
        elif one.path == TEAM:
            for team in visitor.owned:
                yield (
                    base + one.at(team=team.id.removeprefix("team/")),
                    say(visitor.language, one.title, name=team.name),
                )


TEAM = "/team/{team}"
WITH_TEAMS = ("/organization", TEAM)
"""The pages from which whoever sees all goes to the page of any team."""


def _has(text: str, typed: Sequence[str]) -> bool:
    """Whether a sentence has something in it that was typed into a field."""
    return any(" ".join(each.split()) in text for each in typed)


def _query(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""


def _said(field: Input, values: Mapping[str, str], language: str) -> Input:
    """A field of a page in the reader's language, with what was filled in."""
    label, hint = say(language, field.label), say(language, field.hint)
    return replace(field, label=label, hint=hint, value=values.get(field.name, field.value))
