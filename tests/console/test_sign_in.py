"""Who gets in, how long they stay, and what no other page can do."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from storage import sessions
from storage.tables import people
from storage.tables import sessions as table
from tests.console.conftest import URL, Console, console_of, words_of
from tests.support.company import ACME, Company


def tokens_kept(console: Console) -> set[str]:
    """What the database keeps of browsers."""
    return {row.hash for row in console.company.database.ask(lambda conn: conn.execute(select(table)).all())}


def test_without_an_address_there_is_no_console(acme: Company) -> None:
    """Off until it is set up."""
    stranger = console_of(acme, url="").stranger()

    assert [stranger.get(path).status_code for path in ("/", "/signin", "/static/x/cards.css", "/ask")] == [404] * 4


def test_a_link_signs_in_once_and_is_gone(console_anywhere: Console) -> None:
    """Who opens it sees whose it is; who presses is in; who comes second is not."""
    link = console_anywhere.link("ana")
    browser, other = console_anywhere.stranger(), console_anywhere.stranger()

    assert "Sign in as Ana Silva" in browser.reads(link)
    assert "Sign in as Ana Silva" in browser.reads(link)
    token = link.partition("t=")[2]
    answer = browser.post("/signin/link", token=token)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "left of $400.00" in browser.reads("/")
    assert other.post("/signin/link", token=token).status_code == 403
    assert other.get(link).status_code == 404
    assert console_anywhere.audit()[-2:] == [
        ("ana", "made sign-in link", "person/ana"),
        ("ana", "signed in", "session/1"),
    ]


def test_a_link_that_nobody_used_ends(console: Console) -> None:
    """After five minutes."""
    link = console.link("ana")
    console.company.clock.forward(timedelta(minutes=5))

    assert console.stranger().get(link).status_code == 404
    assert console.stranger().post("/signin/link", token=link.partition("t=")[2]).status_code == 403


def test_the_cookie_is_for_our_server_alone(console: Console) -> None:
    """No script reads it, no other host sets it, no foreign form sends it. What is kept signs nobody in."""
    browser = console.stranger()
    answer = browser.post("/signin/link", token=console.link("ana").partition("t=")[2])
    cookie = answer.headers["set-cookie"]

    assert cookie.startswith("__Host-bursar=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"path=/", "secure", "httponly", "samesite=lax"}
    token = browser.client.cookies["__Host-bursar"]
    assert tokens_kept(console) == {sessions.hash_of(token)}
    assert len(token) >= 43


def test_each_sign_in_has_a_token_of_its_own_and_ends_the_one_before(console: Console) -> None:
    """A token that somebody planted is of no use."""
    browser = console.signed_in("ana")
    first = browser.client.cookies["__Host-bursar"]

    browser.post("/signin/link", token=console.link("ana").partition("t=")[2])

    second = browser.client.cookies["__Host-bursar"]
    assert first != second
    assert tokens_kept(console) == {sessions.hash_of(second)}


def test_who_signs_out_is_out(console: Console) -> None:
    """The token that was copied before, too."""
    browser, thief = console.signed_in("ana"), console.stranger()
    thief.client.cookies.set("__Host-bursar", browser.client.cookies["__Host-bursar"])
    assert "left of" in thief.reads("/")

    answer = browser.post("/signin/out")

    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert "__Host-bursar" not in browser.client.cookies
    assert thief.get("/").headers["location"] == "/signin"
    assert console.audit()[-1] == ("ana", "signed out", "session/1")


def test_a_leaver_is_out_at_the_next_click(console: Console) -> None:
    """Nobody has to end their session."""
    browser = console.signed_in("ana")
    console.company.directory = type(ACME)(
        people=tuple(each for each in ACME.people if each.id != "ana"), teams=ACME.teams, agents=ACME.agents
    )
    console.app.refresh_people()

    assert browser.get("/").status_code == 303
    assert browser.post("/say", says="request 50 finish it").status_code == 401
    assert tokens_kept(console) == set()
    assert console.audit()[-1] == ("clock", "ended session", "session/1")


def test_rights_are_looked_up_at_each_click(console: Console) -> None:
    """A session keeps no role."""
    browser = console.signed_in("fay")
    assert browser.get("/organization").status_code == 200

    console.company.database.transact(
        lambda conn: conn.execute(people.update().where(people.c.id == "fay").values(roles=""))
    )

    assert browser.get("/organization").status_code == 404


@pytest.mark.parametrize(("step", "times", "still"), [(7, 3, True), (9, 1, False), (7, 4, False)])
def test_a_session_ends_when_nobody_clicks_and_at_the_end_of_a_day(
    step: int, times: int, still: bool, console: Console
) -> None:
    """Eight hours without a click, or 24 with."""
    browser = console.signed_in("ana")
    for _ in range(times):
        console.company.clock.forward(timedelta(hours=step))
        answer = browser.get("/")

    assert (answer.status_code == 200) is still


def test_only_a_click_leads_to_the_sign_in_and_it_comes_back_to_where_it_was(console: Console) -> None:
    """Pictures, scripts and previews get no page."""
    stranger = console.stranger()

    assert stranger.get("/team/search?period=2026-10").headers["location"] == (
        "/signin?next=%2Fteam%2Fsearch%3Fperiod%3D2026-10"
    )
    assert stranger.get("/", headers={"Sec-Fetch-Dest": "image"}).status_code == 401
    assert stranger.post("/say", says="balance").status_code == 401
    assert stranger.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    page = stranger.get("/signin")
    assert "<title>Bursar</title>" in page.text


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "/\n/evil", "evil"]
)
def test_nobody_is_led_away_after_the_sign_in(target: str, console: Console) -> None:
    """Only to a page of ours."""
    assert console.of("ana").get("/signin", params={"next": target}).headers["location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": URL, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": f"{URL}.evil.example"},
    ],
)
def test_no_other_page_gives_orders(headers: dict[str, str], console: Console) -> None:
    """Though the browser sends the cookie along."""
    ana = console.of("ana")

    answer = ana.client.post("/say", data={"says": "request 50 finish it"}, headers=headers)

    assert answer.status_code == 403
    assert "No open requests" in ana.reads("/requests")


@pytest.mark.parametrize("headers", [{"Origin": URL}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
def test_our_own_page_does(headers: dict[str, str], console: Console) -> None:
    """Also of browsers that don't say more than their origin."""
    answer = console.of("ana").client.post("/say", data={"says": "balance"}, headers=headers)

    assert "left of" in words_of(answer.text)


@pytest.mark.parametrize("path", ["/", "/nope", "/signin", "/robots.txt", "/say"])
def test_every_answer_is_kept_by_nobody_and_framed_by_nobody(path: str, console: Console) -> None:
    """And runs nothing."""
    headers = console.of("ana").get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_files_of_pages_are_kept_for_ever_under_an_address_of_their_content(console: Console) -> None:
    """And no path leads out of them."""
    page = console.of("ana").get("/").text
    address = next(part for part in page.split('"') if part.endswith("/console.css"))

    assert "immutable" in console.stranger().get(address).headers["cache-control"]
    assert console.stranger().get("/static/0000000000000000/console.css").status_code == 404
    assert console.stranger().get(address.replace("console.css", "..%2fdesk.py")).status_code == 404


@pytest.mark.parametrize("body", [b"says=" + b"a" * 70_000, b"&".join(b"a%d=1" % n for n in range(100)), b"says=\xff"])
def test_what_is_no_form_of_ours_is_refused(body: bytes, console: Console) -> None:
    """Too long, too many fields, not text."""
    answer = console.of("ana").client.post("/say", content=body, headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code in (400, 413)
