"""The HTTP API: the same answers, permissions and audit as in chat, as data."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from bot.api.document import PROBLEMS, document
from bot.api.endpoint import BODY_MAX_BYTES, PREFIX, routes
from bot.api.operations import OPERATIONS
from bot.bearer import Doorkeeper
from handlers import CALLS
from storage import audit
from tests.bot.api.conftest import Api

ANA, BOB, CRAWLER = "person/ana", "person/bob", "agent/crawler"


def is_problem(answer: Any, status: int, name: str) -> str:
    """The sentence of a problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["type"] == f"urn:bursar:problem:{name}"
    assert said["status"] == status
    return str(said["detail"])


def test_a_balance_is_that_of_the_chat(api: Api) -> None:
    """With the figures as text and as numbers."""
    said = api.gets(ANA, "/balance").json()
    assert said["account"] == {"id": ANA, "name": "Ana Silva", "kind": "person"}
    assert said["may_spend"] is True
    first = said["budgets"][0]
    assert first["left"] == {"text": "$153.24", "amount": "153.24", "unit": "USD"}
    assert said["message"] == "Own budget, this month: $153.24 of $400.00 is left, until 1 December."


@pytest.mark.parametrize(
    ("spent", "amount", "decision", "why"),
    [
        ("100.00", "", "yes", ""),
        ("100.00", "300 USD", "yes", ""),
        ("100.00", "300.01 USD", "no", "too_much"),
        ("319.99", "", "yes", ""),
        ("320.00", "", "until", "near"),
        ("399.99", "0.01 USD", "until", "near"),
        ("400.00", "", "no", "used_up"),
        ("450.00", "1 USD", "no", "used_up"),
    ],
)
def test_check_says_yes_no_or_until(acme_api: Api, spent: str, amount: str, decision: str, why: str) -> None:
    """By what is left and by how much is asked."""
    acme_api.company.llm.spends("ana", spent)
    acme_api.company.pull()
    said = acme_api.posts(ANA, "/check", {"amount": amount}).json()
    assert (said["decision"], said["why"]) == (decision, why)
    assert (said["until"] is not None) == (decision == "until")
    assert said["decides"]["name"] == "per-person"
    assert bool(said["would_help"]) == (decision != "yes")


def test_a_no_says_what_decides_and_what_would_help(api: Api) -> None:
    """One sentence with the numbers, and how to ask for more; the ways as data."""
    api.company.llm.spends("ana", "412.00")
    api.company.pull()
    said = api.posts(ANA, "/check").json()
    assert said["message"] == (
        "Own budget, this month: $412.00 of $400.00 is used, until 1 December. "
        "To ask for more, say to Bursar in chat: request 40 …"
    )
    assert [each["kind"] for each in said["would_help"]] == ["ask", "wait"]


def test_a_used_up_pool_decides_whatever_is_left_of_ones_own(api: Api) -> None:
    """The search pool of $3,000 is gone; nothing that Ana could ask for helps."""
    api.company.llm.spends("max", "2800.00")
    api.company.pull()
    said = api.posts(ANA, "/check").json()
    assert (said["decision"], said["decides"]["name"]) == ("no", "search-pool")
    assert "The Search pool is shared." in said["message"]


def test_who_is_paused_may_not_spend(api: Api) -> None:
    """Whatever is left; resumed, they may again."""
    api.company.llm.knows("ana")
    api.company.app.limits.read(api.company.llm)
    api.company.say("fay", "pause ana")
    said = api.posts(ANA, "/check").json()
    assert (said["decision"], said["why"]) == ("no", "paused")
    assert said["message"] == "Ana Silva is paused. Ask Fay Osei to resume it."
    api.company.say("fay", "resume ana")
    api.company.settle()
    assert api.posts(ANA, "/check").json()["decision"] == "yes"


def test_a_reservation_goes_from_held_to_settled(api: Api) -> None:
    """201 with its number, then its cost."""
    made = api.posts(ANA, "/reservations", {"amount": "50 USD", "external_id": "run-7"}, key="run-7")
    assert made.status_code == 201
    number = made.json()["reservation"]
    assert api.gets(ANA, f"/reservations/{number}").json()["state"] == "held"
    settled = api.posts(ANA, f"/reservations/{number}/settle", {"cost": "3.205 USD"}, key="run-7-done").json()
    assert (settled["state"], settled["cost"]["amount"]) == ("settled", "3.205")
    again = api.posts(ANA, f"/reservations/{number}/settle", {"cost": "4 USD"}, key="other")
    assert is_problem(again, 409, "already-settled").startswith("Reservation 1 is settled with $3.2")


def test_what_is_not_left_is_not_reserved(api: Api) -> None:
    """409, with the sentence of check."""
    answer = api.posts(ANA, "/reservations", {"amount": "500 USD"}, key="a")
    assert "that is more than the $153.24 that is left of $400.00" in is_problem(answer, 409, "budget-exceeded")


# Idempotency ----------------------------------------------------------------------------------------------------------


def test_the_same_key_is_carried_out_once(api: Api) -> None:
    """A client that repeats is answered the same; $50 are reserved, not $100."""
    first, second = (api.posts(ANA, "/reservations", {"amount": "50 USD"}, key="k-1") for _ in range(2))
    assert first.json() == second.json()
    assert api.gets(ANA, "/balance").json()["budgets"][0]["reserved"]["amount"] == "50"


def test_a_quoted_key_is_the_bare_one(api: Api) -> None:
    """The draft of the IETF quotes it, most clients do not."""
    first = api.posts(ANA, "/reservations", {"amount": "50 USD"}, key="k-1")
    assert api.posts(ANA, "/reservations", {"amount": "50 USD"}, key='"k-1"').json() == first.json()


def test_a_key_that_named_something_else_is_refused(api: Api) -> None:
    """422, and nothing is done."""
    api.posts(ANA, "/reservations", {"amount": "50 USD"}, key="k-1")
    is_problem(api.posts(ANA, "/reservations", {"amount": "51 USD"}, key="k-1"), 422, "key-used")
    assert api.gets(ANA, "/balance").json()["budgets"][0]["reserved"]["amount"] == "50"


def test_a_replayed_key_of_another_tells_nothing(api: Api) -> None:
    """Bob replays Ana's order with his token: it is an order of his own, and hers is not read to him."""
    first = api.posts(ANA, "/reservations", {"amount": "50 USD"}, key="k-1").json()
    second = api.posts(BOB, "/reservations", {"amount": "50 USD"}, key="k-1").json()
    assert (first["account"], second["account"]) == (ANA, BOB)
    assert first["reservation"] != second["reservation"]


@pytest.mark.parametrize("key", ["", "x" * 256, '""'])
def test_an_order_that_holds_money_needs_a_key(acme_api: Api, key: str) -> None:
    """400 without one."""
    is_problem(acme_api.posts(ANA, "/reservations", {"amount": "50 USD"}, key=key), 400, "key-missing")


def test_a_refused_order_may_be_tried_again_under_its_key(api: Api) -> None:
    """Nothing was changed, so nothing is remembered."""
    is_problem(api.posts(ANA, "/reservations", {"amount": "160 USD"}, key="k"), 409, "budget-exceeded")
    api.company.say("ana", "request 50 for it")
    api.company.say("max", "approve 1")
    assert api.posts(ANA, "/reservations", {"amount": "160 USD"}, key="k").status_code == 201


# Who sees what --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "whose"),
    [
        (ANA, BOB),
        (ANA, "agent/crawler"),
        (ANA, "team/search"),
        (ANA, "org"),
        (ANA, "person/nobody"),
        (CRAWLER, "person/max"),
        ("person/fay", ANA),
    ],
)
def test_no_token_tells_anothers_figures(acme_api: Api, who: str, whose: str) -> None:
    """Not a colleague's, not the pool's, not that of an agent's owner; finance asks in chat, not by a token."""
    for answer in (
        acme_api.gets(who, f"/balance?account={whose}"),
        acme_api.posts(who, "/check", {"account": whose}),
        acme_api.posts(who, "/reservations", {"account": whose, "amount": "1 USD"}, key="k"),
        acme_api.posts(who, "/requests", {"account": whose, "amount": "1 USD", "reason": "x"}),
        acme_api.posts(who, "/done", {"account": whose, "outcome": "done"}),
    ):
        assert is_problem(answer, 404, "not-found") == f"There is no account “{whose}” that this token may see."


def test_an_owner_asks_for_the_agent(api: Api) -> None:
    """With a token of their own."""
    assert api.gets("person/max", "/balance?account=agent/crawler").json()["account"]["name"] == "Crawler"


def test_anothers_request_is_not_there(api: Api) -> None:
    """The answer is that for one that does not exist."""
    api.company.say("ana", "request 50 the secret project")
    for who in (BOB, CRAWLER, "person/max"):
        assert "There is no request 1" in is_problem(api.gets(who, "/requests/1"), 404, "not-found")
        assert api.gets(who, "/requests").json() == {"requests": []}
    assert "There is no request 9" in is_problem(api.gets(BOB, "/requests/9"), 404, "not-found")


@pytest.mark.parametrize("path", ["/balance", "/requests", "/statusline", "/requests/1", "/reservations/1"])
def test_without_a_token_nothing_is_told(acme_api: Api, path: str) -> None:
    """401, and how a token is made."""
    answer = acme_api.client.get(f"{PREFIX}{path}")
    assert "token new" in is_problem(answer, 401, "token-missing")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_for_telemetry_tells_nothing(acme_api: Api) -> None:
    """403: it only sends."""
    secret = acme_api.token(ANA, "telemetry")
    answer = acme_api.client.get(f"{PREFIX}/balance", headers={"Authorization": f"Bearer {secret}"})
    is_problem(answer, 403, "token-scope")


def test_a_stolen_token_ends_when_it_is_revoked(api: Api) -> None:
    """At once, for every path; the thief could see and ask for the owner only, and granted nothing."""
    assert api.gets(ANA, "/balance").status_code == 200
    api.company.say("ana", "token revoke 1")
    is_problem(api.gets(ANA, "/balance"), 401, "token-ended")
    is_problem(api.posts(ANA, "/reservations", {"amount": "1 USD"}, key="k"), 401, "token-ended")


def test_an_order_of_a_program_is_in_the_audit(api: Api) -> None:
    """In the name of whom it speaks for, with the token that spoke, and without what it wrote."""
    api.posts(ANA, "/reservations", {"amount": "50 USD", "what": "my secret plan"}, key="k")
    rows = api.company.database.ask(lambda conn: list(audit.rows(conn, "reservation/1")))
    assert [(row.deed.who, row.deed.what, row.deed.authority, row.deed.place) for row in rows] == [
        ("ana", "reserved", "token", "api:token #1")
    ]
    assert "secret" not in rows[0].deed.details


# Requests -------------------------------------------------------------------------------------------------------------


def test_a_program_waits_for_a_decision(api: Api) -> None:
    """Proposed to Ana, sent by her, approved by Max: the program sees each, and waits at most as long as it says."""
    asked = api.posts(ANA, "/requests", {"amount": "50 USD", "reason": "finish the migration"})
    assert (asked.status_code, asked.json()["state"]) == (201, "proposed")
    send = next(each for each in _messages(api, "ana")[-1].buttons if each.label == "Send")
    api.company.hear("ana", send.says)
    assert api.gets(ANA, "/requests/1?wait=1").json()["state"] == "pending"
    api.company.say("max", "approve 1 30")
    said = api.gets(ANA, "/requests/1?wait=45").json()
    assert (said["state"], said["granted"]["amount"], said["ask_again_in_seconds"]) == ("approved", "30", None)


def _messages(api: Api, person: str) -> Any:
    api.company.settle()
    return api.company.messages(person)


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind", "status", "name"),
    [
        (b"{", "application/json", 400, "not-json"),
        (b"[" * 100_000, "application/json", 413, "too-large"),
        (b"[" * 60_000, "application/json", 400, "not-json"),
        (b"[]", "application/json", 422, "invalid"),
        (b"{}", "text/plain", 415, "not-json"),
        (b'{"amount": 5}', "application/json", 422, "invalid"),
        (b'{"amount": "5 USD", "and": 1}', "application/json", 422, "invalid"),
        (b'{"amount": "\\u0000"}', "application/json", 422, "invalid"),
        (b'{"amount": "\\ud800"}', "application/json", 422, "invalid"),
        (b'{"amount": "' + b"9" * (BODY_MAX_BYTES + 1) + b'"}', "application/json", 413, "too-large"),
    ],
)
def test_what_is_not_understood_is_said(acme_api: Api, content: bytes, kind: str, status: int, name: str) -> None:
    """As a problem, without what was sent."""
    headers = {"Authorization": f"Bearer {acme_api.token(ANA)}", "Content-Type": kind, "Idempotency-Key": "k"}
    answer = acme_api.client.post(f"{PREFIX}/reservations", headers=headers, content=content)
    is_problem(answer, status, name)


def test_a_path_that_is_not_there_is_a_problem(acme_api: Api) -> None:
    """So is a method that the path does not have."""
    is_problem(acme_api.client.get(f"{PREFIX}/nothing"), 404, "not-found")
    answer = acme_api.client.delete(f"{PREFIX}/balance")
    is_problem(answer, 405, "method")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_a_busy_database_is_said(acme_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 and when to try again."""
    token = acme_api.token(ANA)

    def busy(*_args: object) -> None:
        acme_api.company.database._questions.dispose()
        from storage.db import BusyError  # noqa: PLC0415 - raised where the database would

        raise BusyError

    acme_api.gets(ANA, "/balance")
    monkeypatch.setattr(acme_api.company.app, "call", busy)
    answer = acme_api.client.get(f"{PREFIX}/balance", headers={"Authorization": f"Bearer {token}"})
    assert "Nothing was changed" in is_problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"


def test_a_bug_of_ours_is_said_by_its_number(acme_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 as a problem, with the number that the log has, and nothing was changed."""

    def broken(*_args: object) -> None:
        raise ValueError("SQL with secrets")

    acme_api.token(ANA)
    monkeypatch.setattr("storage.ledger.posted", broken)
    detail = is_problem(acme_api.posts(ANA, "/reservations", {"amount": "5 USD"}, key="k"), 500, "broke")
    assert re.fullmatch(r"That broke \([0-9a-f]{4}\)\. Nothing was changed\.", detail)


# The document ---------------------------------------------------------------------------------------------------------


def test_the_document_is_that_of_the_routes(acme_api: Api) -> None:
    """Each path and method of the one is in the other, and it is served without a token."""
    served = acme_api.client.get(f"{PREFIX}/openapi.json").json()
    assert served == json.loads(json.dumps(document()))
    assert served["openapi"] == "3.1.0"
    app = acme_api.company.app
    mount: Any = routes(app, Doorkeeper(acme_api.company.database, app.policy, app.now))[0]
    real = {
        (method, route.path.replace(":int}", "}"))
        for route in mount.routes
        for method in route.methods - {"HEAD"}
        if not route.path.startswith(("/ext-authz", "/openapi.json"))
    }
    said = {(method.upper(), path) for path, each in served["paths"].items() for method in each}
    assert real == said


def test_every_call_of_the_table_has_a_path(acme_api: Api) -> None:
    """But the line for a prompt, which is text."""
    assert {each.call.__name__ for each in OPERATIONS} | {"SeeLine"} == {call.__name__ for call in CALLS}
    for paths in acme_api.client.get(f"{PREFIX}/openapi.json").json()["paths"].values():
        for operation in paths.values():
            assert operation["responses"].keys() >= PROBLEMS.keys()


# The line and the gateway ---------------------------------------------------------------------------------------------


def test_the_line_fits_a_prompt(api: Api) -> None:
    """What is left of what, and when it resets; yellow when little is left, red when nothing is."""

    def line(color: str = "") -> str:
        return str(api.gets(ANA, f"/statusline{color}").text)

    assert line() == "$153.24 of $400.00 left · 1 Dec\n"
    api.company.llm.spends("ana", "340.00")
    api.company.pull()
    assert line("?color=1") == "\x1b[33m$60.00 of $400.00 left · 1 Dec\x1b[0m\n"
    api.company.llm.spends("ana", "400.00")
    api.company.pull()
    assert line("?color=1") == "\x1b[31mused up · resets 1 Dec\x1b[0m\n"


def test_a_gateway_lets_pass_or_shows_why_not(api: Api) -> None:
    """200, or 429 in the form that Claude Code and OpenAI's clients show, which is not tried again."""
    assert api.posts(ANA, "/ext-authz/v1/messages").status_code == 200
    api.company.llm.spends("ana", "400.00")
    api.company.pull()
    theirs = api.posts(ANA, "/ext-authz/v1/messages")
    assert (theirs.status_code, theirs.headers["x-should-retry"]) == (429, "false")
    assert theirs.json()["type"] == "error"
    assert theirs.json()["error"]["message"].startswith("Own budget, this month: $400.00 of $400.00 is used")
    assert api.posts(ANA, "/ext-authz/v1/chat/completions").json()["error"]["code"] == "insufficient_quota"


# Hooks ----------------------------------------------------------------------------------------------------------------

HOOKS = (
    ("claude-code/UserPromptSubmit", "decision", "block"),
    ("claude-code/PreToolUse", "continue", False),
    ("claude-code/PostToolBatch", "continue", False),
    ("codex/UserPromptSubmit", "decision", "block"),
    ("codex/PreToolUse", "decision", "block"),
    ("gemini/BeforeAgent", "decision", "deny"),
    ("gemini/BeforeModel", "continue", False),
)


@pytest.mark.parametrize(("hook", "field", "value"), HOOKS)
def test_over_the_limit_a_prompt_is_stopped_with_one_sentence(
    acme_api: Api, hook: str, field: str, value: object
) -> None:
    """In the form that each program understands; below the limit there is nothing to say."""
    assert acme_api.posts(ANA, f"/hooks/{hook}").json() == {}
    acme_api.company.llm.spends("ana", "400.00")
    acme_api.company.pull()
    acme_api.company.clock.forward(timedelta(seconds=3))
    said = acme_api.posts(ANA, f"/hooks/{hook}").json()
    assert said[field] == value
    assert "To ask for more, say to Bursar in chat: request 40 …" in (said.get("reason") or said["stopReason"])


def test_near_the_limit_a_session_is_warned_once(acme_api: Api) -> None:
    """Not with each prompt; another session is warned as well."""
    acme_api.company.llm.spends("ana", "340.00")
    acme_api.company.pull()
    body = {"session_id": "s-1", "prompt": "my secret"}
    first, second = (acme_api.posts(ANA, "/hooks/claude-code/UserPromptSubmit", body).json() for _ in range(2))
    assert first["systemMessage"].startswith("Own budget, this month: $60.00 of $400.00 is left")
    assert second == {}
    assert acme_api.posts(ANA, "/hooks/codex/UserPromptSubmit", {"session_id": "s-2"}).json() != {}


@pytest.mark.parametrize("client", ["claude-code", "codex", "gemini"])
def test_a_session_begins_with_what_is_left(acme_api: Api, client: str) -> None:
    """Each program shows it."""
    said = acme_api.posts(ANA, f"/hooks/{client}/SessionStart").json()
    assert said["systemMessage"].startswith("Own budget, this month: $153.24 of $400.00 is left")


def test_a_pause_stops_the_next_prompt(acme_api: Api) -> None:
    """Within three seconds, with no gateway at all."""
    assert acme_api.posts(ANA, "/hooks/claude-code/UserPromptSubmit").json() == {}
    assert acme_api.company.hear("fay", "pause ana").title == "Ana Silva is being paused"
    acme_api.company.clock.forward(timedelta(seconds=3))
    said = acme_api.posts(ANA, "/hooks/claude-code/UserPromptSubmit").json()
    assert said == {"decision": "block", "reason": "Ana Silva is paused. Ask Fay Osei to resume it."}
    acme_api.company.hear("fay", "resume ana")
    acme_api.company.clock.forward(timedelta(seconds=3))
    assert acme_api.posts(ANA, "/hooks/claude-code/UserPromptSubmit").json() == {}


def test_a_hook_that_nobody_knows_is_a_problem(acme_api: Api) -> None:
    """404, with those that are known."""
    assert "claude-code/UserPromptSubmit" in is_problem(
        acme_api.posts(ANA, "/hooks/claude-code/Nothing"), 404, "not-found"
    )


def test_a_large_prompt_is_read_past_and_a_broken_body_is_no_matter(acme_api: Api) -> None:
    """A hook must never fail by what somebody typed."""
    headers = {"Authorization": f"Bearer {acme_api.token(ANA)}"}
    for content in (b"x" * 1_000_000, b"{", b'{"session_id": 5}', b"\xff\xfe"):
        answer = acme_api.client.post(f"{PREFIX}/hooks/codex/UserPromptSubmit", headers=headers, content=content)
        assert (answer.status_code, answer.json()) == (200, {})


def test_what_no_database_can_keep_is_no_part_of_a_text(api: Api) -> None:
    """A null character is taken out; PostgreSQL has no text with one."""
    body = {"amount": "1 USD", "what": "a\0b", "external_id": "job\0", "model": "claude\0"}
    made = api.posts("person/ana", "/reservations", body, key="k")
    assert (made.status_code, made.json()["external_id"]) == (201, "job")
    asked = api.posts("person/ana", "/requests", {"amount": "20 USD", "reason": "the\0 move", "account": "\0"}, key="r")
    assert asked.json()["state"] == "proposed"
    assert api.gets("person/ana", "/balance?account=person/max%00").status_code == 404
