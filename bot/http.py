"""Speaking HTTP to a provider: one client, bounded patience, plain sentences. httpx is imported nowhere else."""

import hashlib
import json
import re
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlencode

import httpx
import stamina
from pydantic import BaseModel, ValidationError

from bot.errors import InvalidError, KeyRefusedError, NotFoundError, UndeliverableError, UnreachableError
from bot.hosts import is_inside, is_of_machine, resolved
from bot.secret_shapes import shown
from handlers.language import N_, Words

BODY_BYTES_MAX = 32 * 2**20
PAGES_MAX = 5_000
RETRY_AFTER_S_MAX = 3600.0

# A name or password in a url would show in logs, and a query would swallow the path that we add.
URL = re.compile(r"https?://[^/@?#\s]+(/[^@?#\s]*)?")

stamina.instrumentation.set_on_retry_hooks(())  # an attempt is no news; what comes of all of them is

Method = Literal["POST", "PUT", "PATCH", "DELETE"]
Shape = TypeVar("Shape", bound=BaseModel)
Heard = TypeVar("Heard")


Sign = Callable[[str], Mapping[str, str]]

# What a question asks for; a list is sent as the same name again and again.
Params = Mapping[str, str | int | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes out, for who signs all of it.

    Args:
        method: such as "POST".
        host: as in its header, with a port that is not the usual one.
        path: as it is written, quoted.
        query: the same, "" for none.
        headers: by their names in lower case.
        body: as it is sent.
    """

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


SignAll = Callable[[str, Sent], Mapping[str, str]]


def bearer(secret: str) -> Mapping[str, str]:
    """A secret as most services want it (RFC 6750)."""
    return {"Authorization": f"Bearer {secret}"}


def basic(secret: str, user: str = "") -> Mapping[str, str]:
    """A secret as the password of a user of basic authentication, or as the user, without a password (RFC 7617)."""
    said = f"{user}:{secret}" if user else f"{secret}:"
    return {"Authorization": f"Basic {b64encode(said.encode()).decode()}"}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A secret, and what may be said about it.

    Args:
        name: the environment variable it stands in; sentences call it so.
        secret: sent and shown nowhere.
        refusals: what it means when the key is refused, by the provider's own word for the refusal.
        needed: what key is needed, as the end of a sentence that says what to do.
        sign: the headers that carry it.
        sign_all: the headers that show that who sent the request has it, where it is not sent itself.
    """

    name: str
    secret: str = field(repr=False)
    refusals: Mapping[str, str]
    needed: str
    sign: Sign = bearer
    sign_all: SignAll | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call may take before it is left to the outbox.

    Args:
        attempts: requests made at most.
        total_s: seconds after which no pause for another attempt is begun and no body is read on.
        silence_s: seconds without a byte after which an attempt is given up.
        pause_s: first pause between attempts where the other side names none; it doubles each time.
    """

    attempts: int = 4
    total_s: float = 90.0
    silence_s: float = 30.0
    pause_s: float = 0.5


PATIENCE = Patience()


TROUBLES: Mapping[int, type[UndeliverableError]] = {400: InvalidError, 404: NotFoundError}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a body says of a request that was refused.

    Args:
        status: the HTTP status that it amounts to, 0 if that of the answer is right.
        kind: the service's word for it, "" for none.
        message: what it says, "" for nothing.
    """

    status: int
    kind: str
    message: str

    @classmethod
    def of_code(cls, code: str, message: object, statuses: Mapping[str, int], otherwise: int = 400) -> "Refusal":
        """By a service's own word, for one whose status does not say it.

        Args:
            code: its word, such as "AuthFailure.SignatureFailure".
            message: what it says besides.
            statuses: what its words amount to, by how they begin.
            otherwise: what any other word amounts to.
        """
        status = next((status for word, status in statuses.items() if code.startswith(word)), otherwise)
        return cls(status, code, f"{code}: {message}")


@dataclass(frozen=True, slots=True)
class Batch:
    """One page of a list that names the next page: its rows as they came, and the word for the next, "" at the end."""

    rows: list[Any]
    following: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a numbered list: its rows as they came, and how many pages there are by its own word."""

    rows: list[Any]
    pages_total: int


class Api:
    """Asks one service with one key. It may be shared by threads; close it when done.

    Args:
        service: what people call it, such as "LiteLLM".
        url: where it is, from app.yaml. A path in front of its routes is kept.
        key: what opens it.
        patience: how long a call may take.
        headers: what every request carries besides, such as a version.
        calls_per_minute: how often the service wants to be asked at most; calls are spread evenly, None for no limit.
        refusal: reads a refusal out of a body, for a service that refuses with status 200, too, or with words of its
            own; None if the body is none.

    Attributes:
        who: the service and where it is, for sentences.
        heard: the headers of the last answer that was none of trouble.
    """

    def __init__(
        self,
        service: str,
        url: str,
        key: ApiKey,
        patience: Patience,
        headers: Mapping[str, str] | None = None,
        calls_per_minute: int | None = None,
        refusal: Callable[[Any], Refusal | None] | None = None,
    ) -> None:
        self._refusal = refusal
        self.heard: Mapping[str, str] = {}
        self.who = f"{service} at {url}" if URL.fullmatch(url) else service
        self._url = url.rstrip("/")
        self._key = key
        self._patience = patience
        self._client = httpx.Client(
            auth=self._signed,
            headers=headers,
            timeout=patience.silence_s,
            follow_redirects=False,
            verify=_trusted(),
        )
        self._pace = _Pace(60.0 / calls_per_minute if calls_per_minute else 0.0)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def get_json(self, path: str, params: Params | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """Ask for something, again if need be. Fractions come as Decimal, never as float.

        Raises:
            UnreachableError: down, slow, busy or garbled even after some attempts, or it asks for a longer pause than
                ours.
            UndeliverableError: refused; KeyRefusedError if the key is to blame.
        """
        return self._patiently(
            lambda deadline: self._parsed(self._once("GET", path, deadline, params, headers=headers), path)
        )

    def ask_json(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
        """Ask for something that the service wants to be asked for by POST; otherwise as `get_json`."""
        return self._patiently(
            lambda deadline: self._parsed(self._once("POST", path, deadline, json=body, headers=headers), path)
        )

    def ask_form(self, path: str, fields: Mapping[str, str]) -> Any:
        """Ask for something by a form, such as for a token (RFC 6749); otherwise as `get_json`."""
        return self._patiently(
            lambda deadline: self._parsed(self._once("POST", path, deadline, data=dict(fields)), path)
        )

    def get_lines(self, path: str) -> Iterator[Any]:
        """A file of JSON lines. The service sends us to where it lies for a while; our key is not taken there.

        Raises:
            UnreachableError: as `get_json`, or the file is not there any more.
            UndeliverableError: as `get_json`. Lines already given must not be counted.
        """
        yield from self._lines(lambda deadline: self._elsewhere(path, deadline), path)

    def lines_at(self, address: str, what: str) -> Iterator[Any]:
        """A file of JSON lines at an address that the service told us; otherwise as `get_lines`.

        Args:
            address: where it lies. It opens the file for whoever has it, so it is never shown.
            what: name of the file in a complaint.
        """
        yield from self._lines(lambda deadline: self._fetched(httpx.URL(address), what, deadline), what)

    def file_at(self, address: str, what: str) -> bytes:
        """A file of any form at an address that the service told us; otherwise as `lines_at`."""
        return self._patiently(lambda deadline: self._fetched(httpx.URL(address), what, deadline))

    def _lines(self, ask: Callable[[float], bytes], what: str) -> Iterator[Any]:
        for line in self._patiently(ask).splitlines():
            if line.strip():
                yield self._parsed(line, what)

    def write_json(
        self,
        method: Method,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Say how something should be, once: whether to say it again is the outbox's to decide, after reading back.

        Returns:
            The answer; None if it has no body.

        Raises:
            UnreachableError: down, slow, busy or garbled; it may have been done nevertheless.
            UndeliverableError: refused; KeyRefusedError if the key is to blame.
        """
        deadline = time.monotonic() + self._patience.total_s
        answer = self._once(method, path, deadline, json=body, headers=headers)
        return self._parsed(answer, path) if answer else None

    def read(self, shape: type[Shape], body: Any, what: str) -> Shape:
        """Take what we need from a body, or refuse it whole: a figure that cannot be right is not counted.

        Raises:
            UndeliverableError: something is missing, of a wrong kind or out of bounds. It names where, not what.
        """
        try:
            return shape.model_validate(body)
        except ValidationError as trouble:
            first = trouble.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        wrong = f"{self.safe(where)}: {first['msg']}"
        raise UndeliverableError(
            "{service} sent {what} that cannot be right, so nothing of it is counted: {wrong}",
            service=self.who,
            what=what,
            wrong=wrong,
        )

    def safe(self, text: str) -> str:
        """Somebody else's text, on one line, short and without secrets."""
        return shown(text.replace(self._key.secret, "…"))

    def pages(self, ask: Callable[[int], Page], what: str) -> Iterator[Any]:
        """The rows of a list whose pages are numbered from 1, as they come.

        Args:
            ask: gives a page by its number.
            what: name of the list in a complaint.

        Raises:
            UndeliverableError: a page came twice, or there is no end of pages. Rows already given must not be counted.
        """
        seen = set()
        number, pages_total = 0, 1
        while number < pages_total:
            number += 1
            page = ask(number)
            pages_total = page.pages_total
            if pages_total > PAGES_MAX:
                raise UndeliverableError(
                    "{service} has no end of {what}: more than {most} pages, so nothing is counted",
                    service=self.who,
                    what=what,
                    most=PAGES_MAX,
                )
            mark = hashlib.sha256(repr(page.rows).encode("utf-8", "backslashreplace")).digest()
            if page.rows and mark in seen:
                raise UndeliverableError(
                    "{service} sent the same page of {what} twice, so nothing is counted", service=self.who, what=what
                )
            seen.add(mark)
            yield from page.rows

    def follow(self, ask: Callable[[str], Batch], what: str) -> Iterator[Any]:
        """The rows of a list whose pages each name the next one, as they come.

        Args:
            ask: gives a page by its name, the first by "".
            what: name of the list in a complaint.

        Raises:
            UndeliverableError: a page is named twice, or there is no end of pages. Rows already given must not be
                counted.
        """
        seen, following = set[str](), ""
        for _ in range(PAGES_MAX):
            batch = ask(following)
            yield from batch.rows
            following = batch.following
            if not following:
                return
            if following in seen:
                raise UndeliverableError(
                    "{service} sent the same page of {what} twice, so nothing is counted", service=self.who, what=what
                )
            seen.add(following)
        raise UndeliverableError(
            "{service} has no end of {what}: more than {most} pages, so nothing is counted",
            service=self.who,
            what=what,
            most=PAGES_MAX,
        )

    def _patiently(self, ask: Callable[[float], Heard]) -> Heard:
        deadline = time.monotonic() + self._patience.total_s
        for attempt in stamina.retry_context(
            on=_again(deadline),
            attempts=self._patience.attempts,
            timeout=None,
            wait_initial=self._patience.pause_s,
            wait_jitter=self._patience.pause_s,
        ):
            with attempt:
                return ask(deadline)
        raise AssertionError("stamina returns or raises")

    def _once(self, method: str, path: str, deadline: float, params: Params | None = None, **content: Any) -> bytes:
        # A blank is %20 here, for some services (LiteLLM) take a plus for a plus.
        query = "?" + urlencode(params, doseq=True, quote_via=quote, safe="") if params else ""
        answer, body = self._exchange(method, f"{self._url}{path}{query}", path, deadline, **content)
        if answer.status_code == httpx.codes.NO_CONTENT:
            return b"null"
        if answer.is_success and not (self._refusal and self._said(body).status):
            return body
        raise self._trouble(answer, body, f"{method} {self.safe(path)}")

    def _elsewhere(self, path: str, deadline: float) -> bytes:
        """What lies where a path leads to. The address there is a secret of its own, so it is not shown."""
        answer, body = self._exchange("GET", f"{self._url}{path}", path, deadline)
        there = answer.next_request
        if answer.is_success:
            return body
        if there is None:
            raise self._trouble(answer, body, f"GET {self.safe(path)}")
        return self._fetched(there.url, path, deadline)

    def _fetched(self, there: httpx.URL, what: str, deadline: float) -> bytes:
        """A file that lies elsewhere; our key is not taken there, and nobody sends us to where only we can go."""
        if there.scheme != httpx.URL(self._url).scheme or self._leads_inside(there.host):
            raise UndeliverableError(
                "{service} keeps {what} at an address that we do not trust", service=self.who, what=self.safe(what)
            )
        answer, body = self._exchange("GET", str(there), what, deadline, auth=None)
        if not answer.is_success:
            raise UnreachableError(
                "{service} sent us to {what}, and it was not there ({status})",
                service=self.who,
                what=self.safe(what),
                status=answer.status_code,
            )
        return body

    def _leads_inside(self, host: str) -> bool:
        """Whether a service sends us where it could not go itself: to a machine's metadata, or into our own network."""
        own = httpx.URL(self._url).host
        if host == own:
            return False
        found = resolved(host)
        return is_of_machine(host, found) or (is_inside(found) and not is_inside(resolved(own)))

    def _exchange(
        self, method: str, url: str, path: str, deadline: float, **content: Any
    ) -> tuple[httpx.Response, bytes]:
        self._refuse_bad_settings()
        self._pace.wait()
        try:
            with self._client.stream(method, url, **content) as answer:
                self.heard = answer.headers if answer.is_success else self.heard
                return answer, self._whole(answer, path, deadline)
        except httpx.InvalidURL:
            raise self._no_url() from None
        except httpx.TimeoutException:
            raise UnreachableError(
                "{service} did not answer {path} within {seconds} seconds",
                service=self.who,
                path=self.safe(path),
                seconds=f"{self._patience.silence_s:g}",
            ) from None
        except httpx.ConnectError as trouble:
            raise UnreachableError(
                "{service} cannot be reached ({error}): is it running, and is its url in app.yaml right?",
                service=self.who,
                error=self.safe(str(trouble)),
            ) from None
        except httpx.HTTPError:
            raise UnreachableError(
                "{service} broke off in the middle of {path}", service=self.who, path=self.safe(path)
            ) from None

    def _signed(self, request: httpx.Request) -> httpx.Request:
        if self._key.sign_all is None:
            request.headers.update(self._key.sign(self._key.secret))
            return request
        sent = Sent(
            method=request.method,
            host=request.headers["host"],
            path=request.url.raw_path.decode().partition("?")[0],
            query=request.url.query.decode(),
            headers=request.headers,
            body=request.read(),
        )
        request.headers.update(self._key.sign_all(self._key.secret, sent))
        return request

    def _refuse_bad_settings(self) -> None:
        if not URL.fullmatch(self._url):
            raise self._no_url()
        if not self._key.secret:
            raise UndeliverableError(
                "{name} is not set: it needs {needed}", name=self._key.name, needed=Words(self._key.needed)
            )
        if not re.fullmatch(r"[!-~]+", self._key.secret):  # the HTTP library would show others in its complaint
            raise UndeliverableError(
                "{name} has blanks or odd letters: it needs {needed}",
                name=self._key.name,
                needed=Words(self._key.needed),
            )

    def _no_url(self) -> UndeliverableError:
        return UndeliverableError(
            "The url of {service} in app.yaml must look like http://host:4000, without name, password or query",
            service=self.who,
        )

    def _whole(self, answer: httpx.Response, path: str, deadline: float) -> bytes:
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                limit = BODY_BYTES_MAX // 2**20
                raise UndeliverableError(
                    "{service} sent more than {limit} MiB for {path}, which no real page has",
                    service=self.who,
                    limit=limit,
                    path=self.safe(path),
                )
            if time.monotonic() > deadline:
                raise UnreachableError(
                    "{service} drips: {path} took over {seconds} seconds",
                    service=self.who,
                    path=self.safe(path),
                    seconds=f"{self._patience.total_s:g}",
                )
        return bytes(body)

    def _parsed(self, body: bytes, path: str) -> Any:
        try:
            return _json(body)
        except (ValueError, ArithmeticError, RecursionError):
            raise UnreachableError(
                "{service} answered {path} with something that is not JSON", service=self.who, path=self.safe(path)
            ) from None

    def _trouble(self, answer: httpx.Response, body: bytes, asked: str) -> Exception:
        no = self._said(body)
        status, kind, message = no.status or answer.status_code, no.kind, no.message
        tail = f"{status}: {message}" if message else str(status)
        if status in {408, 429} or status >= httpx.codes.INTERNAL_SERVER_ERROR or _is_out_of_calls(answer):
            pause_s = retry_after_s(answer.headers.get("retry-after"), datetime.now(UTC))
            return UnreachableError(
                "{service} cannot answer {asked} now ({tail})", pause_s, service=self.who, asked=asked, tail=tail
            )
        if status in {401, 403}:
            return KeyRefusedError(
                "{service} refused the key in {name} ({status}): {meaning}; it needs {needed}",
                kind,
                service=self.who,
                name=self._key.name,
                status=status,
                meaning=self._meaning(status, kind, f"{asked} ({message})" if message else asked),
                needed=Words(self._key.needed),
            )
        if answer.is_redirect:
            return UndeliverableError(
                "{service} sends us elsewhere ({status}), and we don't go: put its final url into app.yaml",
                service=self.who,
                status=status,
            )
        trouble = TROUBLES.get(status, UndeliverableError)
        return trouble(N_("{service} refused {asked} ({tail})"), service=self.who, asked=asked, tail=tail)

    def _meaning(self, status: int, kind: str, asked: str) -> Words:
        """What it means that the key is refused."""
        if kind in self._key.refusals:
            return Words(self._key.refusals[kind])
        if status == httpx.codes.UNAUTHORIZED and not self._key.refusals:
            return Words("it does not know this key, or it may not {asked}", {"asked": asked})
        return Words("it may not {asked}", {"asked": asked})

    def _said(self, body: bytes) -> Refusal:
        """What a body says of a request that was refused."""
        try:
            said = _json(body)
        except (ValueError, ArithmeticError, RecursionError):
            return Refusal(0, "", "")
        no = (self._refusal and self._refusal(said)) or Refusal(0, _kind(said), _message(said))
        return Refusal(no.status, no.kind, self.safe(no.message))


class _Pace:
    """Spreads calls evenly, over all threads that share an Api."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._lock = threading.Lock()
        self._next_s = 0.0

    def wait(self) -> None:
        """Sleep until it is this call's turn."""
        with self._lock:
            turn_s = max(self._next_s, time.monotonic())
            self._next_s = turn_s + self._step_s
        time.sleep(max(0.0, turn_s - time.monotonic()))


def _is_out_of_calls(answer: httpx.Response) -> bool:
    """GitHub refuses with 403, too, what comes too often."""
    headers = answer.headers
    too_often = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return answer.status_code == httpx.codes.FORBIDDEN and too_often


class TooLargeError(UndeliverableError):
    """A file is larger than it may be."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where files of a service lie: at its own server, or at one whose name ends with that.

    Args:
        url: such as "https://slack.com"; its scheme and port count, too.
    """

    url: str

    def covers(self, address: str) -> bool:
        """Whether an address is there; whoever wrote it may have meant us to fetch something else."""
        try:
            own, there = httpx.URL(self.url), httpx.URL(address)
        except httpx.InvalidURL:
            return False
        named = there.host == own.host or there.host.endswith(f".{own.host}")
        return named and not there.userinfo and (there.scheme, there.port) == (own.scheme, own.port)

    def fetch(self, service: str, address: str, most_bytes: int, headers: Mapping[str, str] | None = None) -> bytes:
        """A file, as it is: it is never unpacked, and no redirect is followed.

        Args:
            service: what people call it.
            address: where the file lies; it may be a secret, so it is never shown.
            most_bytes: how large it may be; no more of it is read.
            headers: such as a token, which goes nowhere else.

        Raises:
            UnreachableError: it cannot be had now.
            TooLargeError: it is larger.
            UndeliverableError: it lies elsewhere, or is refused.
        """
        if not self.covers(address):
            raise UndeliverableError("{service} keeps a file at an address that we do not trust", service=service)
        plain = {"Accept-Encoding": "identity", **(headers or {})}
        begun, body = time.monotonic(), bytearray()
        try:
            with httpx.stream(
                "GET", address, headers=plain, timeout=PATIENCE.silence_s, follow_redirects=False, verify=_trusted()
            ) as answer:
                if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
                    raise UnreachableError("{service} cannot give a file now", service=service)
                if not answer.is_success or "content-encoding" in answer.headers:
                    raise UndeliverableError(
                        "{service} does not give a file ({status})", service=service, status=answer.status_code
                    )
                for chunk in answer.iter_raw():
                    body += chunk
                    if len(body) > most_bytes:
                        raise TooLargeError("{service} has a file that is too large", service=service)
                    if time.monotonic() > begun + PATIENCE.total_s:
                        raise UnreachableError("{service} drips: a file took too long", service=service)
        except httpx.HTTPError:
            raise UnreachableError("{service} cannot give a file now", service=service) from None
        return bytes(body)


NO_ANSWER = (httpx.HTTPError,)
"""What a client of others' making raises, if it is made of httpx."""


@dataclass(frozen=True, slots=True)
class HttpRefusal:
    """What such a client was answered: the status, 0 for none; the service's word for it, "" for none."""

    status: int
    word: str
    retry_after_s: float | None = None


def refusal_of(trouble: BaseException) -> HttpRefusal:
    """Read one of NO_ANSWER; whatever else it is, nobody answered."""
    if not isinstance(trouble, httpx.HTTPStatusError):
        return HttpRefusal(0, type(trouble).__name__)
    answer = trouble.response
    try:
        said = _json(answer.content)
    except (ValueError, ArithmeticError, RecursionError):
        said = None
    match said:
        case {"error": {"code": str(word)}} if word.isidentifier():
            pass
        case _:
            word = ""
    return HttpRefusal(answer.status_code, word, retry_after_s(answer.headers.get("retry-after"), datetime.now(UTC)))


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After asks us to wait, at most an hour, None if it says nothing we understand.

    It is a number of seconds or a date (RFC 9110, 10.2.3).
    """
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return min(float(header), RETRY_AFTER_S_MAX)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    wait_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(wait_s.total_seconds(), 0.0), RETRY_AFTER_S_MAX)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust over TLS. It takes 50 ms to load, so all share it."""
    return httpx.create_ssl_context()


def _again(deadline: float) -> Callable[[Exception], bool | float]:
    """Whether to try again after a trouble, and if the other side named a pause, after which."""

    def again(trouble: Exception) -> bool | float:
        if not isinstance(trouble, UnreachableError):
            return False
        pause_s = trouble.retry_after_s
        if time.monotonic() + (pause_s or 0.0) >= deadline:
            return False
        return True if pause_s is None else pause_s

    return again


def _json(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal, parse_constant=Decimal)


def _message(said: Any) -> str:
    """The message in an error body. LiteLLM 1.106.2 has these shapes, and nearly everybody else has one of them."""
    match said:
        case (
            {"message": str(text)}
            | {"error": {"message": str(text)}}
            | {"error": str(text)}
            | {"detail": {"error": str(text)}}
            | {"detail": str(text)}
        ):
            return text
        case {"detail": [{"loc": [*steps], "msg": str(text)}, *_]}:
            return ".".join(str(step) for step in steps) + f": {text}"
        case _:
            return ""


def _kind(said: Any) -> str:
    match said:
        case {"error": {"type": str(kind)}}:
            return kind
        case _:
            return ""
