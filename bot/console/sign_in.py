"""How people come in: by a link that was printed on the server, and out again."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlencode

import structlog
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.app import App
from bot.console.desk import Desk, base_of, local
from bot.console.forms import posted
from bot.console.visitors import TOKEN_MAX, Sessions, language_in, place_of
from handlers.context import Context, spoken_to
from handlers.language import N_, say
from storage import people, sessions
from storage.directory import Person
from storage.sessions import SignIn

log = structlog.get_logger()

LINK_LIVES = timedelta(minutes=5)
LINK = "link"
USED = N_("This link does not work any more: it works once, and for five minutes. Ask for a new one.")
HOW = N_("Whoever runs Bursar can give you a link: bursar signin --as {person}")


def make_link(app: App, person: Person) -> str:
    """An address by which somebody signs in once, within five minutes."""
    token, now = sessions.new_token(), app.now()

    def work(conn: Connection) -> None:
        sessions.start(conn, token, SignIn("link", person.id, ""), now + LINK_LIVES)
        ctx = Context(conn, now, person, place_of(person.id), app.policy)
        ctx.deed("made sign-in link", f"person/{person.id}", "server")
        ctx.write()

    app.database.transact(work, in_turn=True)
    return f"{app.settings.console.url}/signin/link?{urlencode({'t': token})}"


class Company(Protocol):
    """The company's own sign-in pages."""

    def routes(self) -> list[BaseRoute]:
        """Their routes."""

    def labels(self, language: str) -> list[tuple[str, str]]:
        """The ways in: name and what the link says."""


class Reception:
    """Lets people in and out.

    Args:
        app: the bot.
        door: keeps who is signed in.
        desk: draws pages.
        company: its own sign-in pages, None if it has none.
    """

    def __init__(self, app: App, door: Sessions, desk: Desk, company: Company | None = None) -> None:
        self._app = app
        self._door = door
        self._desk = desk
        self._company = company

    def routes(self) -> list[BaseRoute]:
        """The routes."""
        return [
            Route("/signin", self.ask),
            Route("/signin/link", self.show_link),
            Route("/signin/link", posted(self.use_link), methods=["POST"]),
            Route("/signin/out", posted(self.out), methods=["POST"]),
            *(self._company.routes() if self._company else ()),
        ]

    def ask(self, request: Request) -> Response:
        """GET /signin: the ways in."""
        if self._door.who(request):
            return RedirectResponse(local(request.query_params.get("next", "")) or "/", 303)
        language, wanted = language_in(request, self._app.policy), local(request.query_params.get("next", ""))
        more = f"?{urlencode({'next': wanted})}" if wanted else ""
        labels = self._company.labels(language) if self._company else []
        ways = tuple((f"{base_of(request)}/signin/{name}{more}", label) for name, label in labels)
        how = [] if ways else [say(language, HOW, person="ana")]
        return self._desk.stranger(request, say(language, "Sign in to Bursar"), how, ways=ways)

    def show_link(self, request: Request) -> Response:
        """GET /signin/link: whose link it is, and a button. Who only looks, such as a mail scanner, uses nothing up."""
        token = request.query_params.get("t", "")[:TOKEN_MAX]

        def look(conn: Connection) -> Person | None:
            found = sessions.under_way(conn, token, "link", self._app.now())
            return people.person(conn, found.person_id) if found else None

        person = self._app.database.ask(look)
        if person is None:
            return self._desk.stranger(request, say(language_in(request, self._app.policy), USED), [], status=404)
        language = spoken_to(person, self._app.policy)
        return self._desk.stranger(request, say(language, "Sign in as {name}", name=person.name), [], link=token)

    def use_link(self, request: Request, said: Mapping[str, str]) -> Response:
        """POST /signin/link: sign in."""
        token, before = said.get("token", "")[:TOKEN_MAX], self._door.token(request)

        def work(conn: Connection) -> str:
            found = sessions.take(conn, token, "link", self._app.now())
            person = people.person(conn, found.person_id) if found else None
            return self._door.begin(conn, person, LINK, "", before) if person and person.active else ""

        new = self._app.database.transact(work, in_turn=True)
        if not new:
            log.info("signin refused", why="link")
            return self._desk.stranger(request, say(language_in(request, self._app.policy), USED), [], status=403)
        answer = RedirectResponse(f"{base_of(request)}/", 303)
        self._door.give(answer, new)
        return answer

    def out(self, request: Request, _said: Mapping[str, str]) -> Response:
        """POST /signin/out: sign out, and let the browser forget what it has of us."""
        self._door.end(request)
        answer = RedirectResponse(f"{base_of(request)}/signin", 303, {"Clear-Site-Data": '"cache", "storage"'})
        self._door.take(answer)
        return answer
