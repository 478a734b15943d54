"""Errors as programs are told of them: RFC 9457, `application/problem+json`, in one plain sentence."""

from collections.abc import Sequence

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.app import BrokeError, KeyUsedError
from bot.bearer import ProblemError
from handlers.errors import RefusedError
from handlers.programs import CallRefusedError
from storage.db import BusyError, InDoubtError

STATUS = {"not-found": 404, "budget-exceeded": 409, "already-settled": 409, "lapsed": 409, "refused": 409}
TITLES = {
    "not-found": "Not found",
    "budget-exceeded": "Not enough is left",
    "already-settled": "Already settled",
    "lapsed": "Lapsed",
    "refused": "Refused",
    "invalid": "Not understood",
}
FIELDS_MAX = 5

Answerable = RefusedError | KeyUsedError | BusyError | BrokeError | ValidationError | ProblemError


def problem_of(trouble: Answerable, language: str) -> ProblemError:
    """The problem that a program is told.

    Args:
        trouble: what went wrong.
        language: of the person for whom the program speaks.
    """
    match trouble:
        case ProblemError():
            return trouble
        case CallRefusedError():
            return ProblemError(
                STATUS[trouble.problem], trouble.problem, TITLES[trouble.problem], trouble.said(language)
            )
        case RefusedError(fault=str(fault)) if fault:
            return ProblemError(422, "invalid", TITLES["invalid"], trouble.said(language))
        case RefusedError():
            return ProblemError(409, "refused", TITLES["refused"], trouble.said(language))
        case KeyUsedError():
            text = "Under this Idempotency-Key something else was ordered before. Use a new one."
            return ProblemError(422, "key-used", "Key used", text)
        case InDoubtError():
            text = (
                "The connection to the database broke while this was saved. It may have been done: send it again with "
                "the same Idempotency-Key and it is done once; without one, look first."
            )
            return ProblemError(503, "in-doubt", "In doubt", text, 1)
        case BusyError():
            return ProblemError(503, "busy", "Busy", "The database is busy. Nothing was changed; try again.", 1)
        case BrokeError():
            return ProblemError(500, "broke", "Broken", f"That broke ({trouble}). Nothing was changed.")
        case ValidationError():
            return ProblemError(422, "invalid", TITLES["invalid"], _in_words(trouble))


def _in_words(wrong: ValidationError) -> str:
    """What is wrong with which fields; never what was sent in them."""
    found = wrong.errors(include_url=False, include_input=False, include_context=False)
    said = [f"{_field(each['loc'])}: {each['msg']}" for each in found[:FIELDS_MAX]]
    return "; ".join(said)


def _field(place: Sequence[int | str]) -> str:
    return ".".join(map(str, place)) or "body"


async def of_http(_request: Request, wrong: Exception) -> Response:
    """An error that the router makes: no such path, no such method."""
    status = wrong.status_code if isinstance(wrong, HTTPException) else 500
    headers = dict(getattr(wrong, "headers", None) or {})
    titles = {
        404: ("not-found", "Not found", "There is no such path. /api/v1/openapi.json names all."),
        405: ("method", "Not this method", "This path is not for this method."),
    }
    name, title, detail = titles.get(status, ("refused", "Refused", "This request can't be answered."))
    answer = ProblemError(status, name, title, detail).respond()
    answer.headers.update(headers)
    return answer
