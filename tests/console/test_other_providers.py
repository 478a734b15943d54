"""Sign-in at providers that others wrote, on loopback: one that is certified, and one that says what it is told.

They are packages of npm: `make oidc` installs them for these tests.
"""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.console.conftest import URL, Console, console_of, words_of
from tests.support.company import Company
from tests.support.fakes.oidc import CLIENT_ID
from tests.support.paths import ROOT

HOME = ROOT / "var" / "oidc"
SCRIPTS = ROOT / "tests" / "support" / "oidc"
CLIENT_SECRET = "a-secret-of-32-letters-and-more-x"
BACK = f"{URL}/signin/okta/callback"

pytestmark = pytest.mark.skipif(
    not (HOME / "node_modules").exists() or shutil.which("node") is None, reason="no providers: make oidc"
)


@contextmanager
def running(script: str, spoilt: dict[str, Any] | None = None) -> Iterator[str]:
    """A provider, its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["node", "--input-type=module", "-", str(port), CLIENT_ID, CLIENT_SECRET, BACK, json.dumps(spoilt or {})]
    with (
        (SCRIPTS / script).open("rb") as text,
        subprocess.Popen(words, cwd=HOME, stdin=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process,
    ):
        try:
            assert process.stdout is not None
            assert any(b"ready" in line for line in process.stdout)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def opened(company: Company, url: str) -> Console:
    """The console with that way in."""
    way = {"kind": "oidc", "name": "okta", "issuer": url, "client_id": CLIENT_ID}
    return console_of(company, {"OIDC_CLIENT_SECRET": CLIENT_SECRET}, sign_in=[way])


def came_back(address: str, login: str) -> str:
    """Go through a provider's pages as somebody; the address at which it sends back to us."""
    with httpx.Client() as browser:
        for _ in range(12):
            if address.startswith(URL):
                return address.removeprefix(URL)
            answer = browser.get(address)
            if "location" not in answer.headers:
                form = re.search(r'action="([^"]+)"', answer.text)
                assert form, answer.text
                prompt = "login" if 'name="login"' in answer.text else "consent"
                said = {"prompt": prompt, **({"login": login, "password": "any"} if prompt == "login" else {})}
                answer = browser.post(urljoin(address, form[1]), data=said)
            address = urljoin(address, answer.headers["location"])
    raise AssertionError(address)


def signs_in(console: Console, login: str) -> Any:
    """What somebody gets who goes there and comes back."""
    browser = console.stranger()
    there = browser.get("/signin/okta?next=/requests").headers["location"]
    return browser.get(came_back(there, login))


def test_a_certified_provider_lets_people_in(acme: Company) -> None:
    """With its login page, its consent and PKCE; it tells the address at its userinfo endpoint only."""
    with running("certified.mjs") as url:
        console = opened(acme, url)

        answer = signs_in(console, "ana")

        assert (answer.status_code, answer.headers.get("location")) == (303, "/requests"), words_of(answer.text)
        assert ("ana", "linked", "person/ana") in console.audit()
        assert signs_in(console, "bob").status_code == 403  # whose address it has not verified
        assert signs_in(console, "nobody").status_code == 403


@pytest.mark.parametrize(
    ("spoilt", "status"),
    [
        ({}, 303),
        ({"aud": "another"}, 403),
        ({"aud": "another", "azp": CLIENT_ID}, 403),
        ({"iss": "https://evil.example"}, 403),
        ({"nonce": "another"}, 403),
        ({"exp": 1}, 403),
        ({"email_verified": False}, 403),
        ({"sub": ""}, 403),
    ],
)
def test_a_provider_that_says_what_it_is_told(spoilt: dict[str, Any], status: int, acme: Company) -> None:
    """Each token that is spoilt is refused."""
    with running("mock.mjs", spoilt) as url:
        assert signs_in(opened(acme, url), "ana").status_code == status
