"""OpenAI's lists, of the platform and of ChatGPT: each page says whether there is more and where."""

from collections.abc import Iterator
from typing import Any, Self

from pydantic import model_validator

from bot.http import Api, Batch, Params
from bot.providers.payload_fields import Address, Body


class Listed(Body):
    """A page of rows or of buckets. Reports name the next page, groups a cursor, other lists the last row."""

    data: list[Any]
    has_more: bool = False
    next_page: Address | None = None
    cursor: Address | None = None
    last_id: Address | None = None

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        if self.has_more and not self.following:
            raise ValueError("there is more, but not where")
        return self

    @property
    def following(self) -> str:
        """The parameter that asks for the next page, "" at the end."""
        words = {"page": self.next_page, "cursor": self.cursor, "after": self.last_id}
        return next((f"{word}={value}" for word, value in words.items() if value), "") if self.has_more else ""


def rows(api: Api, path: str, what: str, params: Params) -> Iterator[Any]:
    """All rows of a list, page by page.

    Args:
        api: who is asked.
        path: for which list.
        what: name of the list in a complaint.
        params: what else is asked for.

    Raises:
        UndeliverableError: a page is named twice, or there is no end of pages. Rows already given must not be counted.
    """

    def ask(following: str) -> Batch:
        word, _, value = following.partition("=")
        page = api.read(Listed, api.get_json(path, {**params, word: value} if following else params), what)
        return Batch(page.data, page.following)

    return api.follow(ask, what)
