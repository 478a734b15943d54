"""How a provider is asked: what is tried again, what is given up, and what is never shown."""

import gzip
import itertools
import logging
import threading
import time
import traceback
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from bot import http
from bot.errors import InvalidError, KeyRefusedError, NotFoundError, UndeliverableError, UnreachableError
from bot.http import PAGES_MAX, RETRY_AFTER_S_MAX, Api, ApiKey, Batch, Page, Patience, basic, retry_after_s
from tests.providers.asking import refused
from tests.support.fakes.loopback import Answer, Heard, Loopback

SECRET = "open-sesame"
HASH = "57ba9f5d57711e279091af26479d9617f7db6fb65770c60bf602a493dd4b3083"
QUICK = Patience(attempts=3, total_s=20.0, silence_s=5.0, pause_s=0.001)
HASTY = Patience(attempts=2, total_s=60.0, silence_s=0.2, pause_s=0.001)
FOR_EVER_S = 600.0  # a fake stops waiting when its test is over
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Echo(Loopback):
    """Answers with what it heard."""

    def answer(self, heard: Heard) -> Answer:
        return Answer(200, {"method": heard.method, "query": heard.query, "body": heard.body.decode()})


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        yield server


@pytest.fixture
def api(echo: Echo) -> Iterator[Api]:
    api = api_at(echo.url)
    yield api
    api.close()


def api_at(url: str, secret: str = SECRET, patience: Patience = QUICK) -> Api:
    """An asker of a service called Echo."""
    return Api("Echo", url, ApiKey("ECHO_KEY", secret, {"gone": "the key has expired"}, "a new key"), patience)


def said(api: Api) -> Any:
    """The answer to a plain question."""
    return api.get_json("/ask", {"page": 1})


def test_a_question_carries_the_key_and_its_parameters(echo: Echo, api: Api) -> None:
    """The key goes in the Authorization header and nowhere else."""
    assert said(api)["query"] == {"page": "1"}
    assert echo.requests[0].headers["authorization"] == f"Bearer {SECRET}"


def test_an_order_is_sent_once_as_json(echo: Echo, api: Api) -> None:
    """write_json sends a body and gives back the answer."""
    assert api.write_json("POST", "/tell", {"max": 5})["body"] == '{"max":5}'
    assert len(echo.requests) == 1


def test_an_order_that_fails_is_not_said_again(echo: Echo, api: Api) -> None:
    """Nobody knows whether a broken order was carried out, so the outbox decides after reading back."""
    echo.drop_next()
    assert isinstance(refused(lambda: api.write_json("POST", "/tell", {})), UnreachableError)
    assert len(echo.requests) == 1


def test_an_answer_to_an_order_may_be_empty(echo: Echo, api: Api) -> None:
    """204 No Content is how some say that it was done."""
    echo.fail_next(204)
    assert api.write_json("DELETE", "/tell") is None


def test_a_question_may_be_a_post(echo: Echo, api: Api) -> None:
    """Where a service is asked by POST, a passing trouble is tried again all the same, for nothing is changed by it."""
    echo.fail_next(503)
    assert api.ask_json("/ask", {"page": 2}) == {"method": "POST", "query": {}, "body": '{"page":2}'}


def test_a_key_may_be_carried_otherwise(echo: Echo) -> None:
    """As the user of basic authentication, or in a header of its own, beside headers that every request has."""
    api = Api("Echo", echo.url, ApiKey("ECHO_KEY", SECRET, {}, "a new key", basic), QUICK, {"x-version": "2"})
    said(api)
    api.close()
    assert echo.requests[0].headers["authorization"] == f"Basic {b64encode(f'{SECRET}:'.encode()).decode()}"
    assert echo.requests[0].headers["x-version"] == "2"


def test_calls_are_spread_over_the_minute(echo: Echo) -> None:
    """A service that allows 600 calls a minute is asked every tenth of a second, however many ask."""
    api = Api("Echo", echo.url, ApiKey("ECHO_KEY", SECRET, {}, "a new key"), QUICK, calls_per_minute=600)
    threads = [threading.Thread(target=said, args=(api,)) for _ in range(5)]
    began_s = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    api.close()
    assert max(heard.at_s for heard in echo.requests) - began_s >= 0.4


def test_a_list_is_followed_to_its_end(api: Api) -> None:
    """Each page names the next, the last one names none."""
    pages = {"": Batch([1], "a"), "a": Batch([], "b"), "b": Batch([2], "")}
    assert list(api.follow(pages.__getitem__, "rows")) == [1, 2]


def test_a_list_that_names_a_page_twice_is_refused(api: Api) -> None:
    """Going round in a circle would count the same rows for ever."""
    pages = {"": Batch([1], "a"), "a": Batch([2], "a")}
    assert isinstance(refused(lambda: list(api.follow(pages.__getitem__, "rows"))), UndeliverableError)


def test_a_list_that_never_ends_is_refused(api: Api) -> None:
    """New names for ever are no list either."""
    names = (str(number) for number in itertools.count())
    assert "no end" in str(refused(lambda: list(api.follow(lambda _: Batch([], next(names)), "rows"))))


@pytest.mark.parametrize("word", ["NaN", "Infinity", "0.5"])
def test_no_number_is_a_float(echo: Echo, api: Api, word: str) -> None:
    """Not even what JSON does not allow and Python reads."""
    echo.fail_next(200, body=word.encode())
    assert isinstance(said(api), Decimal)


def test_fractions_are_decimals(echo: Echo, api: Api) -> None:
    """Money never passes through a float: the digits of the body are the digits we count."""
    echo.fail_next(200, body=b'{"spend": 0.14700000000000002}')
    assert said(api) == {"spend": Decimal("0.14700000000000002")}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_trouble_is_tried_again(echo: Echo, api: Api, status: int) -> None:
    """Busy and broken answers are asked again until a good one comes."""
    echo.fail_next(status, times=2)
    assert said(api)["method"] == "GET"
    assert len(echo.requests) == 3


@pytest.mark.parametrize("spoil", ["drop_next", "halve_next"])
def test_a_broken_connection_is_tried_again(echo: Echo, api: Api, spoil: str) -> None:
    """A hang-up and half a body count as no answer."""
    getattr(echo, spoil)(times=2)
    assert said(api)["method"] == "GET"


def test_silence_is_tried_again(echo: Echo) -> None:
    """An attempt without a byte for some time is given up, and the next may do."""
    api = api_at(echo.url, patience=replace(HASTY, attempts=50))
    echo.slow_next(FOR_EVER_S)
    assert said(api)["method"] == "GET"
    api.close()


def test_silence_is_said_plainly(echo: Echo) -> None:
    """The sentence says how long we waited."""
    api = api_at(echo.url, patience=HASTY)
    echo.slow_next(FOR_EVER_S, times=2)
    trouble = refused(lambda: said(api))
    api.close()
    assert isinstance(trouble, UnreachableError)
    assert str(trouble) == f"Echo at {echo.url} did not answer /ask within 0.2 seconds"


def test_attempts_are_bounded(echo: Echo, api: Api) -> None:
    """After the last attempt the trouble is the outbox's, with a sentence for the operator."""
    echo.fail_next(503, body={"error": {"message": "No connected db."}}, times=9)
    trouble = refused(lambda: said(api))
    assert isinstance(trouble, UnreachableError)
    assert str(trouble) == f"Echo at {echo.url} cannot answer GET /ask now (503: No connected db.)"
    assert len(echo.requests) == QUICK.attempts


def test_total_time_is_bounded(echo: Echo) -> None:
    """However many attempts are allowed, none is begun after the time is up."""
    api = api_at(echo.url, patience=Patience(attempts=8, total_s=0.3, silence_s=30.0, pause_s=0.05))
    echo.fail_next(500, times=8)
    assert isinstance(refused(lambda: said(api)), UnreachableError)
    api.close()
    assert len(echo.requests) <= 4  # the pauses are 0.05, 0.1 and 0.2 seconds or more, and then the time is up


def test_a_dripping_body_is_given_up(echo: Echo) -> None:
    """A byte now and then does not keep us for ever."""
    api = api_at(echo.url, patience=Patience(attempts=1, total_s=0.2, silence_s=30.0, pause_s=0.001))
    echo.drip_next(0.1)
    assert "drips" in str(refused(lambda: said(api)))
    api.close()


def test_nobody_there_is_said_plainly() -> None:
    """A refused connection names the address and what to look at."""
    api = api_at("http://127.0.0.1:9")
    trouble = refused(lambda: said(api))
    api.close()
    assert isinstance(trouble, UnreachableError)
    assert "Echo at http://127.0.0.1:9 cannot be reached" in str(trouble)
    assert "app.yaml" in str(trouble)


def test_a_pause_asked_for_is_kept(echo: Echo, api: Api) -> None:
    """No attempt comes sooner than Retry-After says."""
    echo.fail_next(429, {"Retry-After": "1"})
    said(api)
    first, second = echo.requests
    assert second.at_s - first.at_s >= 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_long_pause_is_left_to_the_outbox(echo: Echo, api: Api, status: int) -> None:
    """A pause longer than our patience is not slept through; it is handed on."""
    echo.fail_next(status, {"Retry-After": "600"})
    trouble = refused(lambda: said(api))
    assert isinstance(trouble, UnreachableError)
    assert trouble.retry_after_s == 600
    assert len(echo.requests) == 1


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        ("9" * 5000, RETRY_AFTER_S_MAX),
        ("99999999999999999999", RETRY_AFTER_S_MAX),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90),
        ("Sun, 22 Nov 2026 12:01:30 -0000", 90),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Fri, 22 Nov 2030 11:00:00 GMT", RETRY_AFTER_S_MAX),
        ("-5", None),
        ("²", None),
        ("soon", None),
        ("Sun, 22 Nov 20269999999999999999 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, wait_s: float | None) -> None:
    """Both forms of RFC 9110 are understood and capped at an hour; nonsense says nothing."""
    assert retry_after_s(header, NOON) == wait_s


@given(st.text())
def test_retry_after_is_never_our_downfall(header: str) -> None:
    """Whatever stands in the header, the wait is none or within bounds."""
    wait_s = retry_after_s(header, NOON)
    assert wait_s is None or 0 <= wait_s <= RETRY_AFTER_S_MAX


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, {"error": {"message": "Invalid budget_duration", "code": "400"}}, "400: Invalid budget_duration"),
        (404, {"error": "no such thing"}, "404: no such thing"),
        (400, {"error": "Bad Request", "message": "Invalid email"}, "400: Invalid email"),
        (409, {"detail": {"error": "taken"}}, "409: taken"),
        (404, {"detail": "Not Found"}, "404: Not Found"),
        (
            422,
            {"detail": [{"loc": ["body", "max_budget"], "msg": "not a number"}]},
            "422: body.max_budget: not a number",
        ),
        (400, b"<html>no</html>", "400"),
        (400, b"[" * 200_000, "400"),
        (400, {"error": {"message": None}}, "400"),
        (400, {"detail": []}, "400"),
        (400, [], "400"),
    ],
)
def test_a_no_is_final_and_says_why(echo: Echo, api: Api, status: int, body: Any, message: str) -> None:
    """A refusal is not tried again; its message is told in whatever shape it came."""
    echo.fail_next(status, body=body)
    trouble = refused(lambda: said(api))
    assert type(trouble) is {400: InvalidError, 404: NotFoundError}.get(status, UndeliverableError)
    assert str(trouble) == f"Echo at {echo.url} refused GET /ask ({message})"
    assert len(echo.requests) == 1


def test_a_refused_key_says_which_and_what_to_do(echo: Echo, api: Api) -> None:
    """The sentence names the variable of the key, never the key."""
    echo.fail_next(401, body={"error": {"message": "long story", "type": "gone"}})
    trouble = refused(lambda: said(api))
    assert isinstance(trouble, KeyRefusedError)
    assert trouble.kind == "gone"
    assert (
        str(trouble) == f"Echo at {echo.url} refused the key in ECHO_KEY (401): the key has expired; it needs a new key"
    )


def test_a_right_that_is_missing_is_named(echo: Echo, api: Api) -> None:
    """Where the provider has no word for it, we say what was asked and what it answered."""
    echo.fail_next(403, body={"detail": "not this route"})
    sentence = "(403): it may not GET /ask (not this route); it needs a new key"
    assert sentence in str(refused(lambda: said(api)))


@pytest.mark.parametrize("headers", [{"Retry-After": "0"}, {"X-RateLimit-Remaining": "0"}])
def test_a_403_may_mean_too_many_calls(echo: Echo, api: Api, headers: dict[str, str]) -> None:
    """GitHub says so; then the key is not to blame, and the question is asked again."""
    echo.fail_next(403, headers)
    assert api.get_json("/x")["method"] == "GET"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(echo: Echo, api: Api, status: int) -> None:
    """A key goes to the address in app.yaml and to no other."""
    echo.fail_next(status, {"Location": f"{echo.url}/elsewhere"})
    assert "put its final url into app.yaml" in str(refused(lambda: said(api)))
    assert len(echo.requests) == 1


def lines(api: Api) -> list[Any]:
    """The lines of a file."""
    return list(api.get_lines("/file"))


def test_a_file_is_fetched_from_where_it_lies_without_our_key(echo: Echo, api: Api) -> None:
    """Its address is a key of its own, and ours is nobody's business there."""
    echo.fail_next(307, {"Location": f"{echo.url}/signed?sig=secret"})
    echo.fail_next(200, body=b'{"n": 0.1}\n\n{"n": 2}\n')
    assert lines(api) == [{"n": Decimal("0.1")}, {"n": 2}]
    first, second = echo.requests
    assert (first.path, second.path, second.query) == ("/file", "/signed", {"sig": "secret"})
    assert "authorization" in first.headers
    assert SECRET not in repr(second)


def test_a_file_may_come_at_once(echo: Echo, api: Api) -> None:
    """Without being sent elsewhere."""
    echo.fail_next(200, body=b'{"n": 1}')
    assert lines(api) == [{"n": 1}]


def test_a_file_whose_address_is_too_old_is_asked_for_again(echo: Echo, api: Api) -> None:
    """A new address is asked for, and a refusal there says nothing about our key."""
    for _ in range(2):
        echo.fail_next(307, {"Location": "/signed"})
        echo.fail_next(403, body={"error": {"message": "expired"}})
    echo.fail_next(307, {"Location": "/signed"})
    echo.fail_next(200, body=b"[1]")
    assert lines(api) == [[1]]


def test_a_file_that_is_never_there_is_unreachable(echo: Echo, api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """The sentence names the path, and not the address."""
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        echo.fail_next(307, {"Location": "/signed?sig=very-secret"})
        echo.fail_next(404)
    trouble = refused(lambda: lines(api))
    assert isinstance(trouble, UnreachableError)
    assert str(trouble) == f"Echo at {echo.url} sent us to /file, and it was not there (404)"
    assert "very-secret" not in "".join(traceback.format_exception(trouble)) + caplog.text


@pytest.mark.parametrize(("status", "headers"), [(307, {}), (404, {}), (401, {})])
def test_a_file_that_is_refused_is_told_as_ever(echo: Echo, api: Api, status: int, headers: dict[str, str]) -> None:
    """Nobody is followed to nowhere."""
    echo.fail_next(status, headers)
    assert isinstance(refused(lambda: lines(api)), UndeliverableError)
    assert len(echo.requests) == 1


def test_a_file_at_another_kind_of_address_is_not_fetched(echo: Echo, api: Api) -> None:
    """What is asked for over TLS is not fetched without, nor the other way round."""
    echo.fail_next(307, {"Location": "https://127.0.0.1:9/signed"})
    assert "an address that we do not trust" in str(refused(lambda: lines(api)))


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data/iam",
        "http://[::ffff:169.254.169.254]/latest",
        "http://2852039166/",
        "http://metadata.google.internal./computeMetadata",
    ],
)
def test_nobody_sends_us_to_the_secrets_of_our_machine(api: Api, address: str) -> None:
    """However the address is written."""
    assert "an address that we do not trust" in str(refused(lambda: list(api.lines_at(address, "a file"))))


def test_a_service_elsewhere_sends_us_to_nothing_of_ours(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider in the internet has no files in our network; one in our network may have."""
    elsewhere = api_at("http://echo.example")
    where = {"echo.example": [ip_address("93.184.215.14")], "127.0.0.1": [ip_address("127.0.0.1")]}
    monkeypatch.setattr(http, "resolved", lambda host: where[host])
    address = f"{echo.url}/reports/1"
    assert "an address that we do not trust" in str(refused(lambda: list(elsewhere.lines_at(address, "a file"))))
    assert echo.requests == []
    where["echo.example"] = [ip_address("10.1.2.3")]
    assert list(elsewhere.lines_at(address, "a file"))
    elsewhere.close()


def test_a_broken_line_is_no_file(echo: Echo, api: Api) -> None:
    """The lines before it must not be counted."""
    echo.fail_next(200, body=b'{"n": 1}\n{"n": ')
    assert isinstance(refused(lambda: lines(api)), UnreachableError)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"a": ', b"[" * 200_000, b"\xff\xfe\xff", b'{"a": 1e9999999999999999999}']
)
def test_garbage_is_no_answer(echo: Echo, api: Api, body: bytes) -> None:
    """A good status with a body that is not JSON is trouble that may pass."""
    echo.fail_next(200, body=body, times=3)
    trouble = refused(lambda: said(api))
    assert isinstance(trouble, UnreachableError)
    assert str(trouble) == f"Echo at {echo.url} answered /ask with something that is not JSON"


def test_a_body_has_a_limit(echo: Echo, api: Api) -> None:
    """A body beyond all reason is not read to its end."""
    echo.fail_next(200, body=b" " * (33 * 2**20))
    trouble = refused(lambda: said(api))
    assert isinstance(trouble, UndeliverableError)
    assert "more than 32 MiB" in str(trouble)


def test_a_body_that_unpacks_to_a_giant_has_a_limit(echo: Echo, api: Api) -> None:
    """What counts is the size after unpacking."""
    echo.fail_next(200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * (200 * 2**20), 1))
    assert "more than 32 MiB" in str(refused(lambda: said(api)))


@pytest.mark.parametrize(
    "url", ["http://me:hush@127.0.0.1:9", "ftp://127.0.0.1", "127.0.0.1:4000", "http://h:1?x=1", ""]
)
def test_an_odd_url_is_refused_and_not_shown(url: str) -> None:
    """A url with a name, a password or a query is refused before anything is sent."""
    api = api_at(url)
    sentence = str(refused(lambda: said(api)))
    api.close()
    assert sentence.startswith("The url of Echo in app.yaml must look like")
    assert "hush" not in sentence


def test_a_url_with_an_impossible_port_is_refused() -> None:
    """What only the HTTP library finds wrong is said as plainly."""
    api = api_at("http://127.0.0.1:none")
    assert "must look like" in str(refused(lambda: said(api)))
    api.close()


@pytest.mark.parametrize("secret", ["", "sk-broken\n", "sk-ümlaut", "two words"])
def test_an_impossible_key_is_refused_and_not_shown(echo: Echo, secret: str) -> None:
    """A key that cannot stand in a header is refused before the HTTP library can complain about it."""
    api = api_at(echo.url, secret=secret)
    trouble = refused(lambda: said(api))
    api.close()
    wrong = "has blanks or odd letters" if secret else "is not set"
    assert str(trouble) == f"ECHO_KEY {wrong}: it needs a new key"
    assert not secret or secret not in "".join(traceback.format_exception(trouble))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500])
def test_secrets_are_shown_nowhere(echo: Echo, api: Api, caplog: pytest.LogCaptureFixture, status: int) -> None:
    """Neither our key nor a hash of any key stands in a sentence, a traceback, a repr or a log."""
    caplog.set_level(logging.DEBUG)
    other = "sk-ant-" + "x" * 30
    echo.fail_next(
        status, body={"error": {"message": f"you sent {SECRET}, hash {HASH}, not {other}", "type": HASH}}, times=3
    )
    trouble = refused(lambda: api.get_json(f"/key/{HASH}/reset"))
    shown = "".join(traceback.format_exception(trouble)) + repr(trouble) + repr(api) + repr(api._key) + caplog.text
    assert SECRET not in shown
    assert other not in shown
    assert HASH not in str(trouble)


def test_a_message_is_one_short_line(echo: Echo, api: Api) -> None:
    """What a provider says is cut, and control characters are taken out, right-to-left marks too."""
    echo.fail_next(400, body={"detail": "a\n\x1b[31mb\u202ec " + "word " * 100})
    sentence = str(refused(lambda: said(api)))
    assert "(400: a [31mb c word word" in sentence
    assert sentence.isprintable()
    assert len(sentence) < 300


def test_a_short_id_stays_readable(echo: Echo, api: Api) -> None:
    """A UUID is no secret: it says which team is meant."""
    echo.fail_next(404, body={"detail": "no team fade7cc2-70f1-441e-8f49-f47774cee9ee"})
    assert "fade7cc2-70f1-441e-8f49-f47774cee9ee" in str(refused(lambda: said(api)))


class Bill(BaseModel):
    """What a body should be."""

    cost: Annotated[int, Field(ge=0)]


@pytest.mark.parametrize("body", [{"cost": -1}, {"cost": None}, {}, [], None, "x", {"cost": Decimal("NaN")}])
def test_a_body_out_of_bounds_is_refused_whole(api: Api, body: Any) -> None:
    """A figure that cannot be right is not counted, and the sentence says where it stood."""
    trouble = refused(lambda: api.read(Bill, body, "a bill"))
    assert isinstance(trouble, UndeliverableError)
    assert "sent a bill that cannot be right, so nothing of it is counted: " in str(trouble)


def test_a_refused_body_does_not_show_its_keys(api: Api) -> None:
    """Where a wrong figure stood may lead through the hash of a key, which is left out."""

    class Bills(BaseModel):
        by_key: dict[str, Bill]

    trouble = refused(lambda: api.read(Bills, {"by_key": {HASH: {"cost": -1}}}, "bills"))
    assert "by_key.….cost" in str(trouble)
    assert HASH not in "".join(traceback.format_exception(trouble))


def listed(api: Api, *pages: list[int], pages_total: int | None = None) -> list[int]:
    """The rows of these pages, and how many pages there are said to be if not as many."""
    return list(api.pages(lambda number: Page(pages[number - 1], pages_total or len(pages)), "things"))


def test_pages_are_read_to_the_last(api: Api) -> None:
    """All rows of all pages come, in their order; an empty list has one empty page."""
    assert listed(api, [1, 2], [3, 4], [5]) == [1, 2, 3, 4, 5]
    assert listed(api, []) == []
    assert list(api.pages(lambda _number: Page([], 0), "things")) == []


def test_a_page_that_comes_twice_is_refused(api: Api) -> None:
    """A server that ignores the page number would have us count everything twice."""
    trouble = refused(lambda: listed(api, [1], [2], [1]))
    assert isinstance(trouble, UndeliverableError)
    assert "sent the same page of things twice" in str(trouble)


def test_empty_pages_are_not_the_same_page(api: Api) -> None:
    """Rows may go away while we read; two empty pages are no sign of a loop."""
    assert listed(api, [1], [], []) == [1]


def test_an_endless_list_is_refused(api: Api) -> None:
    """A list that grows while it is read has an end all the same."""
    trouble = refused(lambda: list(api.pages(lambda number: Page([number], number + 1), "things")))
    assert isinstance(trouble, UndeliverableError)
    assert f"more than {PAGES_MAX} pages" in str(trouble)


def test_a_list_said_to_be_endless_is_refused_at_once(api: Api) -> None:
    """We don't begin what has no end."""
    asked = []

    def ask(number: int) -> Page:
        asked.append(number)
        return Page([number], 10**9)

    assert isinstance(refused(lambda: list(api.pages(ask, "things"))), UndeliverableError)
    assert asked == [1]
