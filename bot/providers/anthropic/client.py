"""How Anthropic's organizations are spoken to: headers, lists, money. Both kinds of organization share it."""

from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any

from pydantic import Field

from bot.http import Api, ApiKey, Batch, Params, Patience
from bot.providers.payload_fields import DOLLARS_MAX, Body

ROOT = "/v1/organizations"
LIST_ROWS_MAX = 1000

# Newer versions exist, with other shapes; this one is what we were made for.
HEADERS = {"anthropic-version": "2023-06-01", "User-Agent": "Bursar"}

NANOS_OF_A_CENT = 10**7

# Below zero it is a credit.
Cents = Annotated[Decimal, Field(ge=-100 * DOLLARS_MAX, le=100 * DOLLARS_MAX)]
Cursor = Annotated[str, Field(max_length=10_000)]


class _Page(Body):
    """A page of a list that names its next page."""

    data: list[Any]
    next_page: Cursor | None


class _Slice(Body):
    """A page of a list that goes on after the id of its last row."""

    data: list[Any]
    has_more: bool | None = None
    last_id: Cursor | None = None

    @property
    def following(self) -> str:
        """After whom it goes on, "" at the end. Where that is not said, a page that is not full is the last."""
        more = len(self.data) >= LIST_ROWS_MAX if self.has_more is None else self.has_more
        return (self.last_id or "") if more else ""


class AdminApi(Api):
    """Asks an organization at Anthropic with a key of its administrators.

    Args:
        service: what people call the kind of organization.
        url: where it is.
        key: opens it.
        patience: how long a call may take.
        calls_per_minute: how often it may be asked.
        beta: the name of a feature in beta that is asked for, "" for none.
    """

    def __init__(
        self, service: str, url: str, key: ApiKey, patience: Patience, calls_per_minute: int, beta: str = ""
    ) -> None:
        headers = HEADERS | ({"anthropic-beta": beta} if beta else {})
        super().__init__(service, url, key, patience, headers, calls_per_minute)

    def paged(
        self, path: str, what: str, params: Params, get: Callable[[str, Params], Any] | None = None
    ) -> Iterator[Any]:
        """The rows of a list whose pages each name the next one.

        Args:
            path: where the list is.
            what: name of the list in a complaint.
            params: what is asked of each page.
            get: gets a page, if it is not as simple as asking for it.
        """

        def ask(page: str) -> Batch:
            body = (get or self.get_json)(path, {**params, "page": page} if page else params)
            answer = self.read(_Page, body, what)
            return Batch(answer.data, answer.next_page or "")

        return self.follow(ask, what)

    def listed(self, path: str, what: str, params: Params | None = None) -> Iterator[Any]:
        """The rows of a list that goes on after the id of its last row."""
        asked = {**(params or {}), "limit": LIST_ROWS_MAX}

        def ask(after: str) -> Batch:
            body = self.get_json(path, {**asked, "after_id": after} if after else asked)
            answer = self.read(_Slice, body, what)
            return Batch(answer.data, answer.following)

        return self.follow(ask, what)


def signed(secret: str) -> Mapping[str, str]:
    """A secret as Anthropic wants it."""
    return {"x-api-key": secret}


def nanos(cents: Decimal) -> int:
    """Anthropic's fractions of a US cent in whole nanos of a dollar, half to even."""
    return int((cents * NANOS_OF_A_CENT).quantize(Decimal(1), ROUND_HALF_EVEN))


def cents(amount_nanos: int) -> str:
    """An amount as Anthropic takes it: whole US cents, rounded down."""
    return str(amount_nanos // NANOS_OF_A_CENT)
