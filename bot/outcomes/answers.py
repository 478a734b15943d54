"""What GitHub and GitLab answer alike."""

from collections.abc import Iterator
from typing import Any

from pydantic import Base64Bytes, BaseModel, ConfigDict, RootModel

from bot.http import Api, Page, Params

PAGE_ROWS = 100


class _Rows(RootModel[list[Any]]):
    """An answer that is a list, and nothing else."""


class StoredFile(BaseModel):
    """A file as both give it: GitHub's "Get repository content", GitLab's "Get file from repository"."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    content: Base64Bytes

    @property
    def text(self) -> str:
        """What it says; a byte that is no text stands for nobody."""
        return self.content.decode("utf-8", "replace")


def listed(api: Api, path: str, params: Params) -> Iterator[Any]:
    """The rows of a list whose pages are numbered; a page that is not full is the last.

    Args:
        api: where it is asked for.
        path: of the list.
        params: of the question, without the page.

    Raises:
        OutsideError: a page cannot be had, or is no list. Rows already given must not be counted.
    """

    def ask(number: int) -> Page:
        rows = api.read(_Rows, api.get_json(path, {**params, "per_page": PAGE_ROWS, "page": number}), path).root
        return Page(rows, number + (len(rows) >= PAGE_ROWS))

    return api.pages(ask, path)
