"""The routes of the console."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from bot.app import App, BrokeError
from bot.console import files
from bot.console.desk import AwayError, Desk, base_of
from bot.console.forms import posted, posted_with_files
from bot.console.guard import Guard
from bot.console.pages import PAGES, Page
from bot.console.sign_in import Reception
from bot.console.visitors import AnyoneAsAnyone, Sessions, lifetime_of
from bot.optional import optional
from storage.db import BusyError


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of all pages, of what somebody asks and of what they order."""

    def looks(one: Page) -> Callable[[Request], Response]:
        return lambda request: desk.look(request, one)

    return [
        *(Route(one.path, looks(one)) for one in PAGES),
        Route("/team", desk.team),
        Route("/ask", desk.ask),
        Route("/files/{name}", desk.download),
        Route("/say", posted_with_files(desk.say), methods=["POST"]),
        Route("/confirm", posted(desk.confirm), methods=["POST"]),
        Route("/language", posted(desk.speak), methods=["POST"]),
        Route("/static/{mark}/{name}", files.serve),
        Route("/robots.txt", _robots),
    ]


def _robots(_request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


def application(desk: Desk, more: Sequence[BaseRoute], url: str) -> Starlette:
    """The console as an application of its own.

    Args:
        desk: answers.
        more: routes of whoever lets people in.
        url: how browsers reach it.
    """

    def away(request: Request, _trouble: Exception) -> Response:
        if request.method not in ("GET", "HEAD") or request.headers.get("sec-fetch-dest", "document") != "document":
            return PlainTextResponse("Sign in first.", 401)
        wanted = request.url.path.removeprefix(base_of(request)) + (
            f"?{request.url.query}" if request.url.query else ""
        )
        more = "" if wanted == "/" else f"?{urlencode({'next': wanted})}"
        return RedirectResponse(f"{base_of(request)}/signin{more}", 303)

    known = {AwayError: away, HTTPException: desk.explain, BusyError: desk.explain, BrokeError: desk.explain}
    return Starlette(routes=[*routes(desk), *more], middleware=[Middleware(Guard, url=url)], exception_handlers=known)


def of_anyone(app: App, cast: Sequence[tuple[str, str]], base: str) -> Mount:
    """The console of the demo, where whoever looks chooses who to be.

    Args:
        app: the bot, of the sample company.
        cast: whom one may be, as ids and names, at least one.
        base: where it stands.
    """
    door = AnyoneAsAnyone(app)

    def become(request: Request) -> Response:
        answer = RedirectResponse(f"{base}/", 303)
        answer.set_cookie(door.cookie, request.path_params["person"], path=base, httponly=True, samesite="strict")
        return answer

    def choose(_request: Request) -> Response:
        return RedirectResponse(f"{base}/as/{cast[0][0]}", 303)

    more = [Route("/as/{person}", become), Route("/signin", choose)]
    return Mount(base, app=application(Desk(app, door, tuple(cast)), more, ""))


@contextmanager
def connected(app: App, environ: Mapping[str, str] = os.environ) -> Iterator[list[BaseRoute]]:
    """The console, for as long as the server runs; nothing of it unless app.yaml says how browsers reach it."""
    settings = app.settings.console
    if not settings.url:
        yield []
        return
    door = Sessions(app, lifetime_of(app), settings.url.startswith("https:"))
    desk = Desk(app, door)
    company = None
    if settings.sign_in:
        oidc = optional("bot.console.oidc", "OpenID Connect", "requirements-console.txt")
        company = oidc.CompanySignIn(app, door, environ, desk.stranger)
    reception = Reception(app, door, desk, company)
    yield [Mount("/", app=application(desk, reception.routes(), settings.url))]
