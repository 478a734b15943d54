"""The local page: a small chat workspace in a browser, for trying Bursar and for browser tests.

Whoever opens the page chooses who to be; there is no sign-in. So it is for a sample company, and it answers this
machine only (see guard.py). Words are posted to /say and answered with a card; what the bot says by itself is fetched
from /messages once a second.
"""

import secrets
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Protocol

from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.platforms.web.html import STATIC, fill, render
from bot.platforms.web.local_only import Guard
from handlers.card import Card
from handlers.errors import RefusedError
from handlers.language import ENGLISH, autonym, languages, say
from handlers.place import Place
from handlers.sentence import Sentence

CHANNEL = Place("web", "#ai-spend", public=True)
BODY_MAX_BYTES = 64 * 1024
FILE_MAX_BYTES = 6 * 1024 * 1024
MESSAGES_MAX = 100
HEARD_MAX = 50
TEXT_MAX = 4000
HUES = 6
CHIPS = 8


class PageApp(Protocol):
    """The bot, as the page knows it."""

    def hear(self, sentence: Sentence) -> Card:
        """Answer a sentence. Never raises: what went wrong is a card too."""

    def messages(self, place: Place) -> Sequence[tuple[str, int, Card]]:
        """What the bot said at a place by itself: id, version and card, oldest first.

        A message that changes keeps its id and its place in the order; its version grows.
        """

    def sentences(self) -> Sequence[tuple[str, str]]:
        """What one can say: how it is written, and what it does in a line."""

    def keep_receipt(self, person: str, content: bytes) -> str:
        """Keep a file that somebody sent; its number, for the field of a form.

        Raises:
            RefusedError: it can be no receipt, and why.
        """

    def file(self, name: str) -> AbstractContextManager[Path]:
        """A file that a card names, made now and gone afterwards.

        Raises:
            KeyError: no card has a file of that name.
        """


def page(
    app: PageApp,
    people: Sequence[tuple[str, str, str]],
    tour: Sequence[tuple[str, str, str]] = (),
    language: Callable[[str], str] = lambda _person: ENGLISH,
    chose: Callable[[str], bool] = lambda _person: True,
    more: Sequence[Mount] = (),
) -> Starlette:
    """The page as an ASGI application.

    Args:
        app: the bot.
        people: who one can be, at least one: id, name and what they are in a few words.
        tour: what is offered to whom: id, sentence and what it shows. Others are offered the start of the menu.
        language: in which somebody is spoken to; what stands in `people` and `tour` is marked by N_.
        chose: whether somebody chose that language; who did not is spoken to in the browser's.
        more: other pages beside it; the first is the console, to which it leads.
    """
    desk = _Desk(app, people, tour, language, chose, more[0].path if more else "")
    routes = [
        Route("/", desk.look),
        Route("/say", desk.say, methods=["POST"]),
        Route("/messages", desk.fetch),
        Route("/files", desk.upload, methods=["POST"]),
        Route("/files/{name}", desk.download),
        Mount("/static", StaticFiles(directory=STATIC)),
        *more,
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard)], exception_handlers={HTTPException: _explain})


_Line = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]
_Words = Annotated[str, StringConstraints(max_length=TEXT_MAX, pattern=r"^[^\x00]*$")]


class Said(BaseModel):
    """The body of a POST to /say.

    Args:
        person: who speaks ("as" in the body).
        text: the words.
        inputs: the fields of the form that was sent with them.
        channel: "#ai-spend", or "" for the direct message.
        delivery: made up by the page for each press or line, the same when it is sent again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    person: _Line = Field(alias="as")
    text: _Words = Field(min_length=1)
    inputs: Annotated[dict[_Line, _Words], Field(max_length=50)] = {}
    channel: _Line = ""
    delivery: _Line = ""


@dataclass(frozen=True, slots=True)
class _Heard:
    """A question in the channel with its answer that all may see."""

    id: str
    person: str
    text: str
    card: Card


class _Desk:
    """Answers the three requests of the page."""

    def __init__(
        self,
        app: PageApp,
        people: Sequence[tuple[str, str, str]],
        tour: Sequence[tuple[str, str, str]],
        language: Callable[[str], str],
        chose: Callable[[str], bool],
        console: str,
    ) -> None:
        self._app = app
        self._console = console
        self._chose = chose
        self._language = language
        self._tour = tour
        self._people = people
        self._names = {person: name for person, name, _ in people}
        self._run = secrets.token_hex(8)  # a browser forgets what it kept of an earlier run
        self._hues = {person: number % HUES for number, (person, _, _) in enumerate(people)}
        self._heard: deque[_Heard] = deque(maxlen=HEARD_MAX)

    def look(self, request: Request) -> Response:
        """GET /: the page of one person."""
        person = request.query_params.get("as", "")
        if person not in self._names:
            return RedirectResponse(f"/?as={self._people[0][0]}")
        spoken = self._language(person)
        menu = [(say(spoken, example), say(spoken, text)) for example, text in self._app.sentences()]
        tour = [(say(spoken, says), say(spoken, shows)) for whose, says, shows in self._tour if whose == person]
        return HTMLResponse(
            fill(
                "page.html",
                spoken,
                lang=spoken.replace("_", "-"),
                tongues=[(each, autonym(each), each == spoken) for each in languages()],
                me=person,
                chose=self._chose(person),
                name=self._names[person],
                hues=self._hues,
                people=[(each, called, say(spoken, role)) for each, called, role in self._people],
                channel=CHANNEL.id,
                run=self._run,
                sentences=menu,
                menu=menu[:CHIPS],
                offered=tour or menu[:CHIPS],
                text_max=TEXT_MAX,
                console=self._console,
            )
        )

    async def say(self, request: Request) -> Response:
        """POST /say: words in, the message that answers them out."""
        said = await _read(request)
        self._known(said.person)
        if said.channel not in ("", CHANNEL.id):
            raise HTTPException(400, f"There is no channel {said.channel} here, only {CHANNEL.id}.")
        return HTMLResponse(await run_in_threadpool(self._answer, said))

    def _answer(self, said: Said) -> Markup:
        place = CHANNEL if said.channel else Place("web", said.person)
        delivery = f"{said.person}/{said.delivery}" if said.delivery else ""
        card = self._app.hear(Sentence(said.text, said.person, place, said.inputs, delivery))
        heard = _Heard(secrets.token_hex(8), said.person, said.text, card)
        if place.public and not card.personal and not card.fault:
            self._heard.append(heard)
            return _message(heard.id, 1, card)
        return _message(heard.id, 1, card, note=say(card.language, "Only visible to you") if place.public else "")

    def fetch(self, request: Request) -> Response:
        """GET /messages: all messages at the places of a person, and how much each person has got so far."""
        person = request.query_params.get("as", "")
        self._known(person)
        mail = {other: self._app.messages(Place("web", other))[-MESSAGES_MAX:] for other in self._names}
        pushed = {"": mail[person], CHANNEL.id: self._app.messages(CHANNEL)[-MESSAGES_MAX:]}
        heard = tuple(self._heard)
        news = {other: sum(version for _, version, _ in messages) for other, messages in mail.items()}
        seen = [[(place, id, version) for id, version, _ in messages] for place, messages in pushed.items()]
        tag = f'"{sha256(repr((self._run, seen, [one.id for one in heard], news)).encode()).hexdigest()}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        messages = [
            {"place": place, "id": id, "version": version, "html": _message(id, version, card)}
            for place, sent in pushed.items()
            for id, version, card in sent
        ]
        messages += [{"place": CHANNEL.id, "id": one.id, "version": 1, "html": self._retold(one)} for one in heard]
        return JSONResponse({"messages": messages, "news": news}, headers={"ETag": tag})

    def download(self, request: Request) -> Response:
        """GET /files/NAME: a file that came with a message."""
        name = request.path_params["name"]
        try:
            with self._app.file(name) as path:
                content = path.read_bytes()
        except KeyError:
            raise HTTPException(404, "There is no such file.") from None
        said = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="text/csv; charset=utf-8", headers=said)

    async def upload(self, request: Request) -> Response:
        """POST /files?as=…: the content of a file that goes along with a form; its number comes back."""
        person = request.query_params.get("as", "")
        self._known(person)
        content = await _body(request, FILE_MAX_BYTES)
        try:
            return PlainTextResponse(await run_in_threadpool(self._app.keep_receipt, person, content))
        except RefusedError as refused:
            raise HTTPException(400, refused.said(self._language(person))) from None

    def _retold(self, heard: _Heard) -> Markup:
        turn = fill("turn.html", name=self._names[heard.person], hue=self._hues[heard.person], text=heard.text)
        return _message(heard.id, 1, heard.card, turn=turn)

    def _known(self, person: str) -> None:
        if person not in self._names:
            raise HTTPException(400, "Say who speaks: nobody here has that name.")


def _message(id: str, version: int, card: Card, note: str = "", turn: Markup | None = None) -> Markup:
    """A list item with the card, and before it the words it answers if they are not on the page yet."""
    key = f"m{sha256(id.encode()).hexdigest()[:12]}v{version}"
    return fill("message.html", id=id, version=version, turn=turn or "", card=render(card, key, note))


async def _read(request: Request) -> Said:
    """The body of a request, or one plain sentence on what is wrong with it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(400, "Send the words as application/json.")
    body = await _body(request, BODY_MAX_BYTES)
    try:
        return Said.model_validate_json(body)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the body"
        raise HTTPException(400, f"I could not read that: {where}: {first['msg']}.") from None


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413, f"That is too long: {most // 1024} kB is the most I read.")
    return bytes(body)


def _explain(_request: Request, trouble: Exception) -> Response:
    assert isinstance(trouble, HTTPException)
    return PlainTextResponse(" ".join(trouble.detail.split()), trouble.status_code, trouble.headers)
