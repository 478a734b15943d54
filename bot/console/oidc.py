"""Sign-in at the company's own page by OpenID Connect: Slack, Microsoft Entra, or any other provider by discovery.

Authlib speaks the protocol. What it leaves open is closed here: the audience and the issuer are always compared, an
answer without an id_token is no sign-in, and each flow is a row of its own, so that two tabs don't disturb each other
and each answer serves once.

Somebody is known by what their provider never gives to another person, and by nothing that they can choose: the user of
a workspace (Slack), the object id in a tenant (Entra), the subject of an issuer (all others; OpenID Connect Core 1.0,
5.7). An address only makes the first link to a person, if the issuer has verified it.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from anyio.to_thread import run_sync
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.app import App
from bot.config import SignInSettings, secret
from bot.console.desk import local
from bot.console.visitors import TOKEN_MAX, Sessions, language_in, place_of
from handlers.card import Card, Text
from handlers.context import Context
from handlers.language import N_, say
from storage import people, sessions
from storage.directory import Link, Person
from storage.sessions import SignIn

log = structlog.get_logger()

FLOW_LIVES = timedelta(minutes=10)
WAIT_S = 5
SUBJECT_MAX = 255
"""Of a subject by OpenID Connect, and of the name of a link."""
SIGNED = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""With a key that only the issuer has; `none` and what is signed with our own secret prove nothing."""
PLATFORM = "oidc"
ADDRESS = ("email", "email_verified")
SLACK_TEAM, SLACK_USER = "https://slack.com/team_id", "https://slack.com/user_id"
LABELS = {"slack": N_("Sign in with Slack"), "entra": N_("Sign in with Microsoft"), "oidc": N_("Sign in with {name}")}

AWAY = N_("The sign-in of your company does not answer. Try again in a minute.")
LATE = N_("That took too long, or was done before. Sign in again.")
CANCELLED = N_("You were not signed in, because the sign-in page did not allow it.")
WRONG = N_("The answer of the sign-in page could not be trusted, so you were not signed in.")
OTHERS = N_("This is the sign-in of another company or workspace.")
NOBODY = N_("You are signed in there, but Bursar does not know who you are.")


class NotInError(Exception):
    """Somebody is not let in.

    Args:
        why: what they are told.
        code: for the log, such as "nonce".
        facts: what an admin needs for a link, as names and values.
    """

    def __init__(self, why: str, code: str, facts: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(code)
        self.why = why
        self.code = code
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at a provider.

    Args:
        platform: of the link to a person.
        external_id: of that link.
        issuer: who says so.
        email: an address that the issuer has verified, "" for none.
    """

    platform: str
    external_id: str
    issuer: str
    email: str = ""


def issuer_of(one: SignInSettings) -> str:
    """The issuer of a provider, as its tokens name it."""
    usual = {"slack": "https://slack.com", "entra": f"https://login.microsoftonline.com/{one.tenant}/v2.0"}
    return one.issuer or usual.get(one.kind, "")


def identity_of(one: SignInSettings, claims: Mapping[str, Any]) -> Identity:
    """Who the claims of a token that was verified are about.

    Raises:
        NotInError: about somebody of another company, or about nobody.
    """
    issuer = str(claims["iss"])
    if one.kind == "slack":
        team, user = _text(claims, SLACK_TEAM), _text(claims, SLACK_USER)
        if team not in one.workspaces:
            raise NotInError(OTHERS, "workspace")
        return Identity("slack", _named(user), issuer)
    if one.kind == "entra":
        tenant, person = _text(claims, "tid").lower(), _text(claims, "oid").lower()
        if tenant != one.tenant:
            raise NotInError(OTHERS, "tenant")
        return Identity("teams", f"{tenant}/{_named(person)}", issuer)
    verified = claims.get("email_verified") is True or one.email_is_verified_by_issuer
    return Identity(
        PLATFORM, _named(f"{issuer} {_named(_text(claims, 'sub'))}"), issuer, _text(claims, "email") if verified else ""
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _named(subject: str) -> str:
    if not subject or len(subject) > SUBJECT_MAX or not subject.isprintable():
        raise NotInError(WRONG, "subject")
    return subject


class CompanySignIn:
    """The sign-in pages of the company.

    Args:
        app: the bot.
        door: keeps who is signed in.
        environ: where client secrets are.
        show: makes a page of a title, texts and facts.
    """

    def __init__(
        self,
        app: App,
        door: Sessions,
        environ: Mapping[str, str],
        show: Callable[..., Response],
    ) -> None:
        self._app = app
        self._door = door
        self._show = show
        self._ways = {one.name: one for one in app.settings.console.sign_in}
        self._oauth = OAuth()
        for one in self._ways.values():
            self._oauth.register(
                one.name,
                client_id=one.client_id,
                client_secret=secret(one.secret, environ),
                server_metadata_url=f"{issuer_of(one).rstrip('/')}/.well-known/openid-configuration",
                client_kwargs={
                    "scope": "openid email profile",
                    "code_challenge_method": "S256",
                    "token_endpoint_auth_method": "client_secret_post",
                    "timeout": WAIT_S,
                },
            )

    def routes(self) -> list[BaseRoute]:
        """The routes."""
        return [Route("/signin/{name}", self.start), Route("/signin/{name}/callback", self.end)]

    def labels(self, language: str) -> list[tuple[str, str]]:
        """The ways in: name and what the link says."""
        return [
            (one.name, one.label or say(language, LABELS[one.kind], name=urlsplit(issuer_of(one)).hostname))
            for one in self._ways.values()
        ]

    @property
    def _cookie(self) -> str:
        """The name of the cookie that binds a flow to the browser that began it."""
        return "__Secure-bursar-signin" if self._door.secure else "bursar-signin"

    async def start(self, request: Request) -> Response:
        """GET /signin/NAME: to the company's page."""
        if request.headers.get("sec-fetch-dest", "document") != "document":
            return PlainTextResponse("Sign in first.", 401)
        one = self._ways.get(request.path_params["name"])
        if one is None:
            return self._refused(request, NotInError(LATE, "name"))
        browser = request.cookies.get(self._cookie, "")[:TOKEN_MAX] or sessions.new_token()
        state = sessions.new_token()
        request.scope["session"] = {}
        back = f"{self._app.settings.console.url}/signin/{one.name}/callback"
        hint = {"team": one.workspaces[0]} if len(one.workspaces) == 1 else {}
        try:
            answer = await self._client(one).authorize_redirect(request, back, state=state, **hint)
        except (httpx2.HTTPError, OAuthError, RuntimeError, ValueError) as trouble:
            return self._refused(request, NotInError(AWAY, type(trouble).__name__))
        flow = {
            "name": one.name,
            "browser": sessions.hash_of(browser),
            "next": local(request.query_params.get("next", "")),
            "session": request.scope["session"],
        }
        await run_sync(self._keep, state, json.dumps(flow))
        answer.set_cookie(
            self._cookie,
            browser,
            max_age=int(FLOW_LIVES.total_seconds()),
            path="/signin",
            secure=self._door.secure,
            httponly=True,
            samesite="lax",
        )
        return RedirectResponse(answer.headers["location"], 303, _cookies(answer))

    def _keep(self, state: str, flow: str) -> None:
        now = self._app.now()
        self._app.database.transact(
            lambda conn: sessions.start(conn, state, SignIn("flow", "", flow), now + FLOW_LIVES)
        )

    def _client(self, one: SignInSettings) -> Any:
        return self._oauth.create_client(one.name)

    async def end(self, request: Request) -> Response:
        """GET /signin/NAME/callback: back from the company's page."""
        try:
            one, flow = await run_sync(self._taken, request)
            identity = identity_of(one, await self._claims(request, one, flow))
            person, token = await run_sync(self._in, request, identity)
        except NotInError as no:
            return self._refused(request, no)
        log.info("signed in", person=person.id, issuer=identity.issuer)
        answer = RedirectResponse(flow["next"] or "/", 303)
        self._door.give(answer, token)
        return answer

    def _taken(self, request: Request) -> tuple[SignInSettings, dict[str, Any]]:
        """The flow that an answer belongs to; it serves once."""
        state, now = request.query_params.get("state", "")[:TOKEN_MAX], self._app.now()
        browser = request.cookies.get(self._cookie, "")[:TOKEN_MAX]
        found = self._app.database.transact(lambda conn: sessions.take(conn, state, "flow", now))
        flow: dict[str, Any] = json.loads(found.content) if found else {}
        one = self._ways.get(request.path_params["name"])
        if one is None or flow.get("name") != one.name:
            raise NotInError(LATE, "state")
        if not secrets.compare_digest(flow["browser"], sessions.hash_of(browser)):
            raise NotInError(LATE, "browser")
        return one, flow

    async def _claims(self, request: Request, one: SignInSettings, flow: dict[str, Any]) -> Mapping[str, Any]:
        """What the provider says of who came back, verified."""
        request.scope["session"] = flow["session"]
        if request.query_params.get("error"):
            raise NotInError(CANCELLED, "cancelled")
        client = self._client(one)
        try:
            metadata = await client.load_server_metadata()
            if metadata.get("issuer") != issuer_of(one):
                raise NotInError(WRONG, "discovery")
            if request.query_params.get("iss", issuer_of(one)) != issuer_of(one):  # RFC 9207: a mix-up of providers
                raise NotInError(WRONG, "iss")
            said = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
            metadata["id_token_signing_alg_values_supported"] = [each for each in said if each in SIGNED]
            wanted = {name: {"essential": True, "value": value} for name, value in self._wanted(one).items()}
            token = await client.authorize_access_token(request, claims_options=wanted)
        except httpx2.HTTPError as trouble:
            raise NotInError(AWAY, type(trouble).__name__) from trouble
        except (OAuthError, JoseError, RuntimeError, ValueError, LookupError, TypeError) as trouble:
            raise NotInError(WRONG, type(trouble).__name__) from trouble
        claims = token.get("userinfo")
        if not claims:
            raise NotInError(WRONG, "id_token")
        more = {} if one.kind != "oidc" or claims.get("email") else await self._told_apart(client, metadata, token)
        is_theirs = more.get("sub") == claims.get("sub")  # else a token of another may have been put in (5.3.2)
        return {**claims, **({name: more[name] for name in ADDRESS if name in more} if is_theirs else {})}

    async def _told_apart(
        self, client: Any, metadata: Mapping[str, Any], token: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """What a provider tells only where it is asked for it, as strict ones do (OpenID Connect Core 1.0, 5.4).

        Nobody is kept out if it does not answer: who was linked before needs no address.
        """
        if not metadata.get("userinfo_endpoint"):
            return {}
        try:
            return dict(await client.userinfo(token=token))
        except (httpx2.HTTPError, OAuthError, JoseError, RuntimeError, ValueError, LookupError, TypeError) as trouble:
            log.info("userinfo not read", why=type(trouble).__name__)
            return {}

    def _wanted(self, one: SignInSettings) -> dict[str, str]:
        return {"iss": issuer_of(one), "aud": one.client_id}

    def _in(self, request: Request, identity: Identity) -> tuple[Person, str]:
        """Sign in whoever is behind an identity.

        Raises:
            NotInError: nobody is.
        """
        before = self._door.token(request)

        def work(conn: Connection) -> tuple[Person, str] | None:
            person = self._person(conn, identity)
            if person is None:
                return None
            return person, self._door.begin(conn, person, identity.issuer, identity.external_id, before)

        found = self._app.database.transact(work, in_turn=True)
        if found is None:
            facts = (("platform", identity.platform), ("kind", "user"), ("id", identity.external_id))
            raise NotInError(NOBODY, "nobody", facts)
        return found

    def _person(self, conn: Connection, identity: Identity) -> Person | None:
        """The one who is linked, else the one whose verified address it is and who has no other identity there."""
        account = people.linked(conn, identity.platform, "user", identity.external_id)
        if account:
            person = people.person(conn, account.removeprefix("person/")) if account.startswith("person/") else None
            return person if person and person.active else None
        person = people.person_by_email(conn, identity.email)
        if person is None or self._has_another(conn, person, identity):
            return None
        people.link(conn, Link(PLATFORM, "user", identity.external_id, f"person/{person.id}"), "email")
        ctx = Context(conn, self._app.now(), person, place_of(person.id), self._app.policy)
        ctx.deed("linked", f"person/{person.id}", "verified address", f"{PLATFORM} user {identity.external_id}")
        host = urlsplit(identity.issuer).hostname or identity.issuer
        title = ctx.t("You can sign in to the console with {name} from now on", name=host)
        why = ctx.t("Somebody signed in there with your address. If that was not you, tell an admin.")
        ctx.tell(person.id, f"linked/{sessions.hash_of(identity.external_id)[:16]}", Card(title, (Text(why),)))
        ctx.write()
        return person

    def _has_another(self, conn: Connection, person: Person, identity: Identity) -> bool:
        """Whether somebody is known at this issuer under another subject: then the address is a newcomer's."""
        known = people.identities(conn, [person.id], [PLATFORM])[person.id]
        return any(external_id.startswith(f"{identity.issuer} ") for _, external_id in known)

    def _refused(self, request: Request, no: NotInError) -> Response:
        log.info("sign-in refused", why=no.code)
        language = language_in(request, self._app.policy)
        texts = [say(language, LINKED)] if no.facts else []
        return self._show(request, say(language, no.why), texts, status=403, facts=no.facts)


LINKED = N_(
    "If you use Bursar in Slack or Teams, write to it there once, then sign in again. Otherwise an admin can link you "
    "under links in app.yaml, with what stands here."
)


def _cookies(answer: Response) -> dict[str, str]:
    return {"Set-Cookie": answer.headers["set-cookie"]}
