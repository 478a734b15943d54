"""OpenAI's lists, of the platform and of ChatGPT: each page says whether there is more and where."""

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import AliasChoices, Field, model_validator

from bot.providers.http import Api, Batch, Params
from bot.providers.shapes import Body, Word


class Listed(Body):
    """A page of rows or of buckets. Reports name the next page, lists the last row."""

    data: list[Any]
    has_more: bool
    cursor: Word | None = Field(default=None, validation_alias=AliasChoices("next_page", "last_id"))

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        if self.has_more and not self.cursor:
            raise ValueError("there is more, but not where")
        return self


def rows(api: Api, path: str, what: str, params: Params, word: Literal["after", "page"] = "after") -> Iterator[Any]:
    """All rows of a list, page by page.

    Args:
        api: who is asked.
        path: for which list.
        what: name of the list in a complaint.
        params: what else is asked for.
        word: the parameter that takes the cursor.

    Raises:
        Undeliverable: a page is named twice, or there is no end of pages. Rows already given must not be counted.
    """

    def ask(cursor: str) -> Batch:
        page = api.read(Listed, api.get_json(path, {**params, word: cursor} if cursor else params), what)
        return Batch(page.data, (page.cursor or "") if page.has_more else "")

    return api.follow(ask, what)
