"""What we need of LiteLLM's bodies; the rest may be anything."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import AliasChoices, AliasPath, ConfigDict, Field

from bot.providers.http import Api, Page
from bot.providers.shapes import Body, Count, Word

LIST_ROWS_MAX = 100


class List(Body):
    """A page of any list. The usage route keeps its paging in a corner of its own."""

    rows: list[Any] = Field(validation_alias=AliasChoices("users", "teams", "keys", "results"))
    pages_total: Count = Field(validation_alias=AliasChoices("total_pages", AliasPath("metadata", "total_pages")))


class Row(Body):
    """A user, team or key, and what it may spend. `spend` is what it spent since its window began.

    Somebody may have written any number there, by hand and below zero too: it is read, and what we make of it is ours.
    """

    external_id: Word
    name: Word | None = None
    email: Word | None = None
    owner: Word | None = None
    max_budget: Decimal | None
    budget_duration: Word | None = None
    spend: Decimal = Decimal(0)
    blocked: bool | None = None


class UserRow(Row):
    """A user. LiteLLM has no word for a blocked one."""

    external_id: Word = Field(validation_alias="user_id")
    name: Word | None = Field(None, validation_alias="user_alias")
    email: Word | None = Field(None, validation_alias="user_email")


class TeamRow(Row):
    """A team."""

    external_id: Word = Field(validation_alias="team_id")
    name: Word | None = Field(None, validation_alias="team_alias")


class KeyRow(Row):
    """A key, known by its hash; its owner is a user."""

    external_id: Word = Field(validation_alias="token")
    name: Word | None = Field(None, validation_alias="key_alias")
    owner: Word | None = Field(None, validation_alias="user_id")


class Told(Body):
    """What is told about one of them; some versions tell of nobody with a null."""

    row: dict[str, Any] | None = Field(validation_alias=AliasChoices("user_info", "team_info", "info"))


class Changed(Body):
    """What an order answers: the row as it is now, for keys without an envelope."""

    model_config = ConfigDict(extra="allow")

    data: dict[str, Any] | None = None

    @property
    def row(self) -> dict[str, Any] | None:
        """The row."""
        return self.data or self.model_extra


def rows(api: Api, path: str, what: str, **params: str | int) -> Iterator[Any]:
    """The rows of all pages of a list, as they come."""

    def ask(number: int) -> Page:
        page = api.read(List, api.get_json(path, {**params, "page": number}), what)
        return Page(page.rows, page.pages_total)

    return api.pages(ask, what)
