"""Who looks at the console: a session becomes a person, looked up anew at each request."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from bot.app import App
from bot.console.pages import Audience
from handlers.context import CONSOLE, Context, spoken_to
from handlers.language import ENGLISH, language_of
from handlers.place import Place
from handlers.policy import Policy
from handlers.sentence import storable
from storage import people, requests, sessions
from storage.directory import Person
from storage.people import Account
from storage.sessions import Lifetime, Session

TOKEN_MAX = 200
HEADER_MAX = 500
TEAMS_MAX = 8
"""So many teams of one person stand in the navigation."""


def language_in(request: Request, policy: Policy) -> str:
    """The language of a browser of which nobody knows who sits before it: the first it asks for that we have.

    It asks in its header Accept-Language, each language with a weight (RFC 9110, 12.5.4).
    """
    wanted = []
    for each in request.headers.get("accept-language", "")[:HEADER_MAX].split(","):
        name, _, weight = each.strip().partition(";q=")
        with suppress(ValueError):
            wanted.append((-float(weight or 1), name))
    for _, name in sorted(wanted, key=lambda each: each[0]):
        spoken = language_of(name)
        if spoken != ENGLISH or name.lower().partition("-")[0] == ENGLISH:
            return spoken
    return spoken_to(None, policy)


def place_of(person_id: str) -> Place:
    """Where somebody speaks in the console: the audit says so."""
    return Place(CONSOLE, person_id)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks.

    Args:
        person: who it is.
        language: in which they are spoken to.
        owned: the teams that they own.
        decides: whether they are somebody's manager, or a request waits for them.
        session: their session, None on a page without sign-in.
        can_claim: whether something can be claimed at all.
    """

    person: Person
    language: str
    owned: tuple[Account, ...]
    decides: bool
    session: Session | None
    can_claim: bool = False

    @property
    def audience(self) -> frozenset[Audience]:
        """Which pages are of use to them."""
        found: set[Audience] = {"all"}
        if {"finance", "admin"} & {*self.person.roles}:
            found |= {"decider", "owner", "viewer", "finance"}
        if "viewer" in self.person.roles:
            found.add("viewer")
        if self.owned:
            found |= {"decider", "owner"}
        if self.decides:
            found.add("decider")
        if self.can_claim:
            found |= {"claimant", "payer"} if "finance" in found else {"claimant"}
        return frozenset(found)


def visitor_of(conn: Connection, person: Person, policy: Policy, session: Session | None = None) -> Visitor:
    """What is to be known of who looks."""
    owned = [each for each in people.owned(conn, person.id) if each.kind == "team"]
    decides = people.manages(conn, person.id) or bool(requests.waiting_for(conn, person.id))
    can_claim = bool(policy.claims.categories)
    return Visitor(person, spoken_to(person, policy), tuple(owned[:TEAMS_MAX]), decides, session, can_claim)


class Door(Protocol):
    """Lets people in."""

    def who(self, request: Request) -> Visitor | None:
        """Who looks, None for nobody who is known."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Browsers that are signed in.

    Args:
        app: the bot.
        lifetime: how long they stay so.
        secure: whether they reach us by https: then no other page of the host can set the cookie.
    """

    app: App
    lifetime: Lifetime
    secure: bool

    @property
    def cookie(self) -> str:
        """The name of the cookie; browsers keep its promise (RFC 6265bis, 4.1.3.2)."""
        return "__Host-bursar" if self.secure else "bursar"

    def who(self, request: Request) -> Visitor | None:
        """See Door. Notes that they were seen, at most once a minute."""
        token = self.token(request)
        if not token:
            return None
        now = self.app.now()

        def look(conn: Connection) -> Visitor | None:
            found = sessions.find(conn, token, self.lifetime, now)
            if found is None:
                return None
            person, session = found
            return visitor_of(conn, person, self.app.policy, session)

        visitor = self.app.database.ask(look)
        session = visitor.session if visitor else None
        if session and now - session.seen_at >= sessions.SEEN_AGAIN:
            self.app.database.transact(lambda conn: sessions.seen(conn, session.id, now))
        return visitor

    def token(self, request: Request) -> str:
        """What the browser shows, "" for nothing that could be ours."""
        token = request.cookies.get(self.cookie, "")
        return token if len(token) <= TOKEN_MAX else ""

    def begin(self, conn: Connection, person: Person, issuer: str, subject: str, before: str = "") -> str:
        """Sign somebody in; what the browser shows from now on.

        Args:
            conn: in an order.
            person: who it is.
            issuer: who says so.
            subject: whom the issuer named.
            before: what the browser showed until now; that ends.
        """
        now, token = self.app.now(), sessions.new_token()
        old = sessions.find(conn, before, self.lifetime, now) if before else None
        if old:
            sessions.end(conn, [old[1].id])
        sessions.tidy(conn, self.lifetime, now)
        number = sessions.begin(conn, token, person.id, issuer, subject, now)
        self._deed(conn, person, "signed in", f"session/{number}", issuer, subject)
        return token

    def end(self, request: Request) -> None:
        """Sign a browser out."""
        token = self.token(request)

        def work(conn: Connection) -> None:
            found = sessions.find(conn, token, self.lifetime, self.app.now())
            if found:
                person, session = found
                sessions.end(conn, [session.id])
                self._deed(conn, person, "signed out", f"session/{session.id}", session.issuer, session.subject)

        if token:
            self.app.database.transact(work, in_turn=True)

    def _deed(self, conn: Connection, person: Person, what: str, subject: str, issuer: str, named: str) -> None:
        ctx = Context(conn, self.app.now(), person, place_of(person.id), self.app.policy)
        ctx.deed(what, subject, "self", f"{issuer} {named}".strip())
        ctx.write()

    def give(self, response: Response, token: str) -> None:
        """Let a browser show a token from now on."""
        response.set_cookie(self.cookie, token, path="/", secure=self.secure, httponly=True, samesite="lax")

    def take(self, response: Response) -> None:
        """Let a browser show nothing from now on."""
        response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="lax")


def lifetime_of(app: App) -> Lifetime:
    """How long app.yaml lets somebody stay signed in."""
    said = app.settings.console.session
    return Lifetime(timedelta(hours=said.idle_hours), timedelta(hours=said.hours))


@dataclass(frozen=True, slots=True)
class AnyoneAsAnyone:
    """The demo's door: who looks is whom they chose. It is for the sample company alone, on this machine alone.

    Args:
        app: the bot.
    """

    app: App
    cookie: str = "bursar-demo"

    def who(self, request: Request) -> Visitor | None:
        """See Door."""
        chosen = storable(request.cookies.get(self.cookie, ""))

        def look(conn: Connection) -> Visitor | None:
            person = people.person(conn, chosen)
            return visitor_of(conn, person, self.app.policy) if person and person.active else None

        return self.app.database.ask(look) if chosen else None
