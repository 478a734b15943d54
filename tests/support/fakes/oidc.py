"""A provider of OpenID Connect on loopback, strict where a good one is, that can be made to say anything.

It wants what RFC 6749, RFC 7636 and OpenID Connect Core 1.0 want of a web application: a registered redirect address, a
state, a nonce, PKCE with S256, the client's secret, and each code once.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.support.small_bot import served

CLIENT_ID, CLIENT_SECRET = "bursar-at-acme", "a client's secret"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"}, auto_kid=False)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=False)
Claims = dict[str, Any]


@dataclass
class FakeIssuer:
    """A provider.

    Args:
        claims: of who is signed in there.
        redirects: addresses that may be sent back to.
        spoils: changes the claims of the next tokens.
        key: with which they are signed.
        headers: of the tokens.
        answers: changes what the token endpoint says.
        metadata: says otherwise in discovery.
        userinfo: what it tells where it is asked for it; None for a provider that has no such place.
    """

    claims: Claims = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    spoils: Callable[[Claims], Claims] = lambda claims: claims
    key: RSAKey = field(default_factory=lambda: KEY)
    headers: dict[str, str] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    answers: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]] = lambda answer: (200, answer)
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _tokens: list[str] = field(default_factory=list)

    @property
    def asgi(self) -> Starlette:
        """The provider as an application."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
                Route("/userinfo", self._userinfo),
            ]
        )

    def _discovery(self, _request: Request) -> Response:
        said = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        place = {"userinfo_endpoint": f"{self.url}/userinfo"} if self.userinfo is not None else {}
        return JSONResponse(said | place | self.metadata)

    def _userinfo(self, request: Request) -> Response:
        if request.headers.get("authorization") not in [f"Bearer {each}" for each in self._tokens] or not self.userinfo:
            return JSONResponse({"error": "invalid_token"}, 401)
        return JSONResponse(self.userinfo)

    def _keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [KEY.as_dict(private=False)]})

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        wanted = {"response_type": "code", "client_id": CLIENT_ID, "code_challenge_method": "S256"}
        missing = [name for name in ("state", "nonce", "code_challenge") if not asked.get(name)]
        if missing or any(asked.get(name) != value for name, value in wanted.items()):
            return PlainTextResponse(f"invalid_request {missing}", 400)
        if asked.get("redirect_uri") not in self.redirects or "openid" not in asked.get("scope", "").split():
            return PlainTextResponse("invalid_request: redirect_uri or scope", 400)
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def _token(self, request: Request) -> Response:
        said = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self._codes.pop(said.get("code", ""), {})
        verifier = hashlib.sha256(said.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        is_right = asked and (asked["code_challenge"], asked["redirect_uri"]) == (challenge, said.get("redirect_uri"))
        if (said.get("client_id"), said.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET) or not is_right:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        usual = {"iss": self.url, "aud": CLIENT_ID, "nonce": asked["nonce"], "iat": now, "exp": now + 300}
        claims = {name: value for name, value in self.spoils(usual | self.claims).items() if value is not None}
        token = jwt.encode(self.headers, claims, self.key)
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "id_token": token}
        self._tokens.append(answer["access_token"])
        status, answer = self.answers(answer)
        return JSONResponse(answer, status)


@contextmanager
def issuer(claims: Claims, *redirects: str) -> Iterator[FakeIssuer]:
    """A provider on a free port, at which somebody is signed in."""
    made = FakeIssuer(claims, redirects)
    with served(made.asgi) as url:
        made.url = url
        yield made
