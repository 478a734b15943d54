"""Sign-in at the company's own page, against providers on loopback: one that is spoiled in each way, and another's."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.config import ConsoleSettings, Settings
from bot.console import sign_in_check
from storage.directory import Link
from tests.console.conftest import URL, Browser, Console, console_of, words_of
from tests.support.company import ACME, RULES, Company
from tests.support.fakes.oidc import CLIENT_ID, CLIENT_SECRET, OTHER_KEY, FakeIssuer, issuer

TENANT, OBJECT = "3f0c2a94-6c6e-4a52-9f63-0f6f3a1f7c11", "9a0a7c1e-0000-4000-8000-00000000a4a4"
ANA = {"sub": "00u1", "email": "ana@acme.example", "email_verified": True}
SECRETS = {
    "SLACK_CLIENT_SECRET": CLIENT_SECRET,
    "ENTRA_CLIENT_SECRET": CLIENT_SECRET,
    "OIDC_CLIENT_SECRET": CLIENT_SECRET,
}


@pytest.fixture
def okta() -> Iterator[FakeIssuer]:
    """A provider of the company, at which Ana is signed in."""
    with issuer(
        dict(ANA), f"{URL}/signin/okta/callback", f"{URL}/signin/slack/callback", f"{URL}/signin/entra/callback"
    ) as one:
        yield one


def opened(company: Company, provider: FakeIssuer, **settings: Any) -> Console:
    """The console with one way in."""
    way = {"kind": "oidc", "name": "okta", "issuer": provider.url, "client_id": CLIENT_ID, **settings}
    return console_of(company, SECRETS, sign_in=[way])


def there(browser: Browser, path: str = "/signin/okta") -> str:
    """Go to the company's page; the address at which it sends back."""
    answer = browser.get(path)
    assert answer.status_code == 303, words_of(answer.text)
    back = httpx.get(answer.headers["location"])
    assert back.status_code == 302, back.text
    return back.headers["location"].removeprefix(URL)


def comes_in(browser: Browser, path: str = "/signin/okta") -> Any:
    """Go there and come back."""
    return browser.get(there(browser, path))


def refused(answer: Any) -> str:
    """What somebody reads who is not let in, of whom nothing is kept."""
    assert answer.status_code == 403, answer.headers
    assert "__Host-bursar" not in answer.headers.get("set-cookie", "")
    return words_of(answer.text)


def test_who_has_a_verified_address_comes_in_and_is_told(acme: Company, okta: FakeIssuer) -> None:
    """The first time by the address, from then on by the subject; the page is where they wanted to go."""
    console = opened(acme, okta)
    browser = console.stranger()
    assert 'href="/signin/okta?next=%2Frequests"' in browser.get("/signin?next=/requests").text

    answer = comes_in(browser, "/signin/okta?next=/requests")

    assert answer.headers["location"] == "/requests"
    assert browser.get("/").status_code == 200
    assert ("ana", "linked", "person/ana") in console.audit()
    assert any("You can sign in to the console" in each for each in acme.reads("ana"))

    okta.claims = {"sub": "00u1", "email": "somebody@else.example"}
    assert comes_in(console.stranger()).status_code == 303
    assert len([each for each in console.audit() if each[1] == "linked"]) == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": "nobody@acme.example"},
        {"email": "ana@\u0430cme.example"},  # the first letter of the domain is Cyrillic
        {"email": ""},
        {"email": ["ana@acme.example"]},
        {"sub": ""},
        {"sub": None},
        {"sub": "x" * 300},
        {"sub": "a\nb"},
        {"sub": 1},
    ],
)
def test_who_is_not_certain_is_nobody(claims: Mapping[str, Any], acme: Company, okta: FakeIssuer) -> None:
    """And learns of nobody else."""
    okta.claims = {**ANA, **claims}

    assert "Ana Silva" not in refused(comes_in(opened(acme, okta).stranger()))


@pytest.mark.parametrize("written", ["Ana@ACME.example", " ana@acme.example "])
def test_an_address_is_compared_as_people_mean_it(written: str, acme: Company, okta: FakeIssuer) -> None:
    """In capitals, or with a blank."""
    okta.claims = {**ANA, "email": written}

    assert comes_in(opened(acme, okta).stranger()).status_code == 303


def test_an_issuer_may_be_known_to_verify_all_addresses(acme: Company, okta: FakeIssuer) -> None:
    """As app.yaml says, of some Keycloak."""
    okta.claims = {**ANA, "email_verified": None}

    assert comes_in(opened(acme, okta, email_is_verified_by_issuer=True).stranger()).status_code == 303


def test_who_takes_over_an_address_does_not_become_the_one_before(acme: Company, okta: FakeIssuer) -> None:
    """Another subject with Ana's address is nobody until an admin says who."""
    console = opened(acme, okta)
    assert comes_in(console.stranger()).status_code == 303

    okta.claims = {**ANA, "sub": "00u2"}

    said = refused(comes_in(console.stranger()))
    assert f"{okta.url} 00u2" in said


def test_the_same_subject_of_another_issuer_is_another(acme: Company, okta: FakeIssuer) -> None:
    """A link is to the issuer and its subject."""
    assert comes_in(opened(acme, okta).stranger()).status_code == 303
    with issuer({"sub": "00u1"}, f"{URL}/signin/okta/callback") as other:
        assert "does not know who you are" in refused(comes_in(opened(acme, other).stranger()))


def test_two_people_with_one_address_are_neither(acme: Company, okta: FakeIssuer) -> None:
    """A person is somebody certain."""
    twins = tuple(
        type(each)(**{**{n: getattr(each, n) for n in each.__slots__}, "email": "ana@acme.example"})
        if each.id in ("ana", "bob")
        else each
        for each in ACME.people
    )
    acme.directory = type(ACME)(people=twins, teams=ACME.teams, agents=ACME.agents)
    acme.app.refresh_people()

    refused(comes_in(opened(acme, okta).stranger()))


def test_who_leaves_between_two_pages_is_not_let_in(acme: Company, okta: FakeIssuer) -> None:
    """Nor is who was linked before they left."""
    console = opened(acme, okta)
    assert comes_in(console.stranger()).status_code == 303
    browser = console.stranger()
    back = there(browser)
    rest = tuple(each for each in ACME.people if each.id != "ana")
    acme.directory = type(ACME)(people=rest, teams=ACME.teams, agents=ACME.agents)
    acme.app.refresh_people()

    refused(browser.get(back))


SPOILED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another audience": lambda c: c | {"aud": "another"},
    "another audience, for us to use": lambda c: c | {"aud": "another", "azp": CLIENT_ID},
    "several audiences": lambda c: c | {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "no audience": lambda c: c | {"aud": None},
    "another issuer": lambda c: c | {"iss": "https://evil.example"},
    "no issuer": lambda c: c | {"iss": None},
    "another nonce": lambda c: c | {"nonce": "x"},
    "no nonce": lambda c: c | {"nonce": None},
    "over": lambda c: c | {"exp": c["iat"] - 600},
    "without an end": lambda c: c | {"exp": None},
    "of tomorrow": lambda c: c | {"iat": c["iat"] + 86_400},
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_token_that_is_not_for_us_now_lets_nobody_in(how: str, acme: Company, okta: FakeIssuer) -> None:
    """Whatever else is right about it."""
    okta.spoils = SPOILED[how]

    assert "could not be trusted" in refused(comes_in(opened(acme, okta).stranger()))


def unsigned(answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The same without a signature."""
    _, claims, _ = answer["id_token"].split(".")
    return 200, answer | {"id_token": f"eyJhbGciOiJub25lIn0.{claims}."}


def broken(answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The same with a letter changed."""
    start, signature = answer["id_token"].rsplit(".", 1)
    return 200, answer | {"id_token": f"{start}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"}


ANSWERS: dict[str, tuple[Callable[[dict[str, Any]], tuple[int, dict[str, Any]]], str]] = {
    "no id_token": (lambda a: (200, {n: v for n, v in a.items() if n != "id_token"}), "could not be trusted"),
    "unsigned": (unsigned, "could not be trusted"),
    "a broken signature": (broken, "could not be trusted"),
    "no token at all": (lambda a: (200, a | {"id_token": "nonsense"}), "could not be trusted"),
    "a refusal of Slack": (lambda _: (200, {"ok": False, "error": "invalid_code"}), "could not be trusted"),
    "a refusal": (lambda _: (400, {"error": "invalid_grant"}), "could not be trusted"),
    "trouble": (lambda _: (503, {}), "does not answer"),
}


@pytest.mark.parametrize("how", ANSWERS)
def test_an_answer_that_proves_nothing_lets_nobody_in(how: str, acme: Company, okta: FakeIssuer) -> None:
    """Also where discovery says that unsigned tokens are fine."""
    okta.answers, said = ANSWERS[how]
    okta.metadata = {"id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]}

    assert said in refused(comes_in(opened(acme, okta).stranger()))


def test_a_token_of_another_key_lets_nobody_in(acme: Company, okta: FakeIssuer) -> None:
    """Though it has the name of the right one."""
    okta.key = OTHER_KEY

    refused(comes_in(opened(acme, okta).stranger()))


def test_a_provider_that_says_it_is_another_is_not_believed(acme: Company, okta: FakeIssuer) -> None:
    """Discovery names the issuer of app.yaml."""
    okta.metadata = {"issuer": "https://evil.example"}
    okta.spoils = lambda claims: claims | {"iss": "https://evil.example"}

    refused(comes_in(opened(acme, okta).stranger()))


def test_an_answer_serves_once(acme: Company, okta: FakeIssuer) -> None:
    """Who copies the address is not let in by it, nor is who loads it again."""
    browser = opened(acme, okta).stranger()
    back = there(browser)
    assert browser.get(back).status_code == 303

    assert "done before" in refused(browser.get(back))


def test_an_answer_serves_the_browser_that_asked(acme: Company, okta: FakeIssuer) -> None:
    """Nobody is signed in as somebody else by a link."""
    console = opened(acme, okta)

    refused(console.stranger().get(there(console.stranger())))


def test_an_answer_comes_in_time(acme: Company, okta: FakeIssuer) -> None:
    """After ten minutes it is too late."""
    browser = opened(acme, okta).stranger()
    back = there(browser)
    acme.clock.forward(timedelta(minutes=10))

    assert "too long" in refused(browser.get(back))


def test_two_tabs_arrive_each_at_its_own_page(acme: Company, okta: FakeIssuer) -> None:
    """The second does not disturb the first."""
    browser = opened(acme, okta).stranger()
    first, second = there(browser, "/signin/okta?next=/requests"), there(browser, "/signin/okta?next=/waste")

    assert browser.get(first).headers["location"] == "/requests"
    assert browser.get(second).headers["location"] == "/waste"


def test_nobody_is_led_away_by_the_way_in(acme: Company, okta: FakeIssuer) -> None:
    """What comes behind the sign-in is a page of ours."""
    assert comes_in(opened(acme, okta).stranger(), "/signin/okta?next=//evil.example").headers["location"] == "/"


def test_what_the_provider_says_of_an_error_is_not_shown(acme: Company, okta: FakeIssuer) -> None:
    """It may be long and hostile."""
    browser = opened(acme, okta).stranger()
    state = there(browser).partition("state=")[2]

    answer = browser.get(f"/signin/okta/callback?error=access_denied&error_description=call+me&state={state}")

    assert "call me" not in refused(answer)
    assert "did not allow it" in words_of(answer.text)


def test_a_provider_that_is_gone_is_said(acme: Company, okta: FakeIssuer) -> None:
    """In a sentence; a link still works."""
    console = opened(acme, okta, issuer="http://127.0.0.1:9")
    assert "does not answer" in refused(console.stranger().get("/signin/okta"))
    assert console.of("ana").get("/").status_code == 200


def test_a_user_of_our_workspace_is_who_slack_says(acme: Company, okta: FakeIssuer) -> None:
    """By the ids of the workspace and the user; the address is not asked."""
    acme.directory = type(ACME)(
        people=ACME.people,
        teams=ACME.teams,
        agents=ACME.agents,
        links=(*ACME.links, Link("slack", "user", "U0ANA", "person/ana")),
    )
    acme.app.refresh_people()
    console = opened(acme, okta, kind="slack", name="slack", workspaces=["T024BE7LD"])
    here = {"https://slack.com/team_id": "T024BE7LD", "https://slack.com/user_id": "U0ANA"}

    okta.claims = {"sub": "U0ANA", **here}
    assert comes_in(console.stranger(), "/signin/slack").status_code == 303
    assert okta.asked[-1]["team"] == "T024BE7LD"
    for odd in ({"https://slack.com/team_id": "T0OTHER"}, {"https://slack.com/team_id": None}):
        okta.claims = {"sub": "U0ANA", **here, **odd}
        assert "another company" in refused(comes_in(console.stranger(), "/signin/slack"))
    okta.claims = {**ANA, **here, "https://slack.com/user_id": "U0GUEST"}
    assert "write to it there once" in refused(comes_in(console.stranger(), "/signin/slack"))


def test_somebody_of_our_tenant_is_who_entra_says(acme: Company, okta: FakeIssuer) -> None:
    """By the tenant and the object id, as in Teams; a guest and a foreign tenant are nobody."""
    acme.directory = type(ACME)(
        people=ACME.people,
        teams=ACME.teams,
        agents=ACME.agents,
        links=(*ACME.links, Link("teams", "user", f"{TENANT}/{OBJECT}", "person/ana")),
    )
    acme.app.refresh_people()
    console = opened(acme, okta, kind="entra", name="entra", tenant=TENANT)

    okta.claims = {"sub": "pairwise", "tid": TENANT, "oid": OBJECT.upper()}
    assert comes_in(console.stranger(), "/signin/entra").status_code == 303
    okta.claims = {"sub": "pairwise", "tid": "9188040d-6c67-4c5b-b112-36a304b66dad", "oid": OBJECT}
    assert "another company" in refused(comes_in(console.stranger(), "/signin/entra"))
    okta.claims = {**ANA, "tid": TENANT, "oid": "another", "preferred_username": "ana@acme.example"}
    refused(comes_in(console.stranger(), "/signin/entra"))


def test_pictures_and_previews_begin_no_sign_in(acme: Company, okta: FakeIssuer) -> None:
    """Only a click does."""
    answer = opened(acme, okta).stranger().get("/signin/okta", headers={"Sec-Fetch-Dest": "image"})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ({"kind": "oidc", "client_id": "x"}, "issuer"),
        ({"kind": "slack", "client_id": "x"}, "workspaces"),
        ({"kind": "entra", "client_id": "x"}, "tenant"),
        ({"kind": "oidc", "client_id": "x", "issuer": "http://acme.okta.example"}, "issuer"),
        ({"kind": "oidc", "client_id": "x", "issuer": "https://a.example", "tenant": TENANT}, "tenant"),
        ({"kind": "oidc", "client_id": "x", "issuer": "https://a.example", "name": "link"}, "address"),
        ({"kind": "saml", "client_id": "x"}, "kind"),
    ],
)
def test_a_way_in_that_cannot_work_is_said_at_the_start(way: dict[str, Any], why: str) -> None:
    """In app.yaml."""
    with pytest.raises(ValueError, match=why):
        Settings.model_validate({**RULES, "console": {"url": URL, "sign_in": [way]}})
    with pytest.raises(ValueError, match="url"):
        ConsoleSettings.model_validate({"sign_in": [{"kind": "oidc", "client_id": "x", "issuer": "https://a.example"}]})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_provider_that_nobody_here_wrote_lets_ana_in(acme: Company) -> None:
    """oidc-provider-mock, which is of flask and Authlib's server side."""
    mock = pytest.importorskip("oidc_provider_mock")
    with mock.run_server_in_thread(port=0, require_nonce=True) as server:
        url = f"http://localhost:{server.server_port}"
        httpx.put(f"{url}/users/00u9", json={"email": "ana@acme.example", "email_verified": True}).raise_for_status()
        console = console_of(
            acme, SECRETS, sign_in=[{"kind": "oidc", "name": "okta", "issuer": url, "client_id": CLIENT_ID}]
        )
        browser = console.stranger()
        asked = browser.get("/signin/okta").headers["location"]
        back = httpx.post(asked, data={"sub": "00u9"}).headers["location"]

        assert browser.get(back.removeprefix(URL)).status_code == 303
        assert "left of" in browser.reads("/")


def test_an_address_is_asked_for_where_a_strict_provider_tells_it(acme: Company, okta: FakeIssuer) -> None:
    """Of the same subject only; and whoever is linked already comes in though it does not answer."""
    okta.claims = {"sub": "00u1"}
    okta.userinfo = {**ANA, "sub": "00u2"}
    console = opened(acme, okta)
    refused(comes_in(console.stranger()))
    okta.userinfo = {}
    refused(comes_in(console.stranger()))
    okta.userinfo = {**ANA, "email_verified": False}
    refused(comes_in(console.stranger()))

    okta.userinfo = dict(ANA)
    assert comes_in(console.stranger()).status_code == 303
    okta.userinfo = {}
    assert comes_in(console.stranger()).status_code == 303


def checked(provider: FakeIssuer, environ: Mapping[str, str] = SECRETS, **settings: Any) -> list[tuple[str, str, str]]:
    """What `check` says of the way in by a provider."""
    way = {"kind": "oidc", "name": "okta", "issuer": provider.url, "client_id": CLIENT_ID, **settings}
    console = ConsoleSettings.model_validate({"url": URL, "sign_in": [way]})
    said = sign_in_check.lines(console, environ, lambda: datetime.now(UTC))
    return [(each.mark, each.what, each.advice) for each in said]


def test_check_says_that_people_can_sign_in(okta: FakeIssuer) -> None:
    """It answers, it has keys, and it would send people back to us."""
    assert checked(okta) == [
        ("ok", f"sign-in by okta: {okta.url} answers", ""),
        ("ok", "sign-in by okta: its keys", ""),
        ("ok", f"sign-in by okta: the redirect address {URL}/signin/okta/callback", ""),
    ]


def test_check_says_what_would_keep_people_out(okta: FakeIssuer) -> None:
    """Each before anybody has tried."""
    assert checked(okta, {})[0] == ("FAIL", "sign-in by okta", "OIDC_CLIENT_SECRET is not set")
    assert checked(okta, name="other")[2][0] == "FAIL"
    assert checked(okta, client_id="another")[2][0] == "FAIL"
    [(mark, _, advice)] = checked(okta, issuer=f"{okta.url}/")
    assert (mark, advice) == ("FAIL", f"It calls itself {okta.url}. Write exactly that as the issuer in app.yaml.")

    okta.metadata = {"jwks_uri": f"{okta.url}/nowhere"}
    assert checked(okta)[1][0] == "FAIL"
    okta.metadata = {"id_token_signing_alg_values_supported": ["none", "HS256"]}
    assert checked(okta)[1][2] == "It signs tokens in no way that Bursar trusts, such as RS256."


def test_check_says_that_a_provider_does_not_answer() -> None:
    """With the address at which it was asked."""
    way = {"kind": "oidc", "name": "okta", "issuer": "http://127.0.0.1:9", "client_id": CLIENT_ID}
    console = ConsoleSettings.model_validate({"url": URL, "sign_in": [way]})
    [line] = sign_in_check.lines(console, SECRETS, lambda: datetime.now(UTC))
    assert (line.mark, "http://127.0.0.1:9/.well-known" in line.advice) == ("FAIL", True)


def test_check_says_that_the_clock_is_wrong(okta: FakeIssuer) -> None:
    """Tokens would be from the future, or over."""
    way = {"kind": "oidc", "name": "okta", "issuer": okta.url, "client_id": CLIENT_ID}
    console = ConsoleSettings.model_validate({"url": URL, "sign_in": [way]})
    *_, line = sign_in_check.lines(console, SECRETS, lambda: datetime.now(UTC) - timedelta(minutes=9))
    assert (line.mark, line.what) == ("FAIL", "sign-in by okta: the clock")
