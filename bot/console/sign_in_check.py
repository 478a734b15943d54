"""What `check` says of the sign-in pages of the company: whether people will come in by them."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from bot.checks import CheckLine
from bot.config import ConsoleSettings, SignInSettings, secret
from bot.console.oidc import SIGNED, issuer_of
from bot.texts import t

WAIT_S = 5
APART = timedelta(minutes=2)
"""Tokens that are older or newer than this are refused (Authlib's leeway is 120 s)."""
REFUSED = range(400, 500)


def lines(settings: ConsoleSettings, environ: Mapping[str, str], now: Callable[[], datetime]) -> Iterator[CheckLine]:
    """A few lines for each way in.

    Args:
        settings: of the console.
        environ: where client secrets are.
        now: the clock.
    """
    with httpx2.Client(timeout=WAIT_S) as client:
        for one in settings.sign_in:
            yield from _of(client, one, f"{settings.url}/signin/{one.name}/callback", environ, now)


def _of(
    client: httpx2.Client, one: SignInSettings, back: str, environ: Mapping[str, str], now: Callable[[], datetime]
) -> Iterator[CheckLine]:
    name = t("sign-in by {name}", name=one.name)
    if not secret(one.secret, environ):
        yield CheckLine(name, ok=False, advice=t("{name} is not set", name=one.secret))
    issuer = issuer_of(one)
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        answer = client.get(address)
        said = answer.json() if answer.status_code == httpx2.codes.OK else None
    except (httpx2.HTTPError, ValueError):
        answer, said = None, None
    if answer is None or not isinstance(said, dict):
        advice = t("It does not answer at {address}. Correct the issuer in app.yaml.", address=address)
        yield CheckLine(name, ok=False, advice=advice)
        return
    if said.get("issuer") != issuer:
        advice = t("It calls itself {issuer}. Write exactly that as the issuer in app.yaml.", issuer=said.get("issuer"))
        yield CheckLine(name, ok=False, advice=advice)
        return
    yield CheckLine(t("{name}: {issuer} answers", name=name, issuer=issuer), ok=True)
    yield _keys(client, name, said)
    yield _redirect(client, one, name, said, back)
    yield from _clock(name, answer.headers.get("date", ""), now)


def _keys(client: httpx2.Client, name: str, said: Mapping[str, Any]) -> CheckLine:
    """Whether there is a key with which tokens can be verified, for a way of signing that proves something."""
    what = t("{name}: its keys", name=name)
    ways = said.get("id_token_signing_alg_values_supported") or ["RS256"]
    if not any(each in SIGNED for each in ways):
        return CheckLine(what, ok=False, advice=t("It signs tokens in no way that Bursar trusts, such as RS256."))
    try:
        keys = client.get(str(said.get("jwks_uri", ""))).json()["keys"]
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, LookupError, TypeError):
        keys = []
    return CheckLine(what, ok=bool(keys), advice="" if keys else t("They cannot be read, so nobody can be verified."))


def _redirect(client: httpx2.Client, one: SignInSettings, name: str, said: Mapping[str, Any], back: str) -> CheckLine:
    """Whether the provider would send people back to us: who is not registered there is refused at once."""
    asked = {
        "response_type": "code",
        "client_id": one.client_id,
        "redirect_uri": back,
        "scope": "openid email profile",
        "state": secrets.token_urlsafe(16),
        "nonce": secrets.token_urlsafe(16),
        "code_challenge": secrets.token_urlsafe(32),
        "code_challenge_method": "S256",
    }
    what = t("{name}: the redirect address {address}", name=name, address=back)
    try:
        refused = client.get(str(said.get("authorization_endpoint", "")), params=asked).status_code in REFUSED
    except (httpx2.HTTPError, httpx2.InvalidURL):
        refused = True
    advice = t("The sign-in page refuses it. Register this address and the client id there.")
    return CheckLine(what, ok=not refused, advice=advice if refused else "")


def _clock(name: str, date: str, now: Callable[[], datetime]) -> Iterator[CheckLine]:
    """A line if our clocks are too far apart for tokens to be valid."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return
    apart = abs(theirs.replace(tzinfo=theirs.tzinfo or UTC) - now())
    if apart > APART:
        seconds = int(apart.total_seconds())
        yield CheckLine(
            t("{name}: the clock", name=name),
            ok=False,
            advice=t(
                "It is {seconds} seconds away from that of the sign-in page. Set the clock of this machine.",
                seconds=seconds,
            ),
        )
