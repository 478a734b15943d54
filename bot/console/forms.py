"""What browsers send: the fields of a form."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

BODY_MAX_BYTES = 64 * 1024
FIELDS_MAX = 60
Endpoint = Callable[[Request], Awaitable[Response]]


def posted(answer: Callable[[Request, Mapping[str, str]], Response]) -> Endpoint:
    """An endpoint that reads the fields of a form first."""

    async def endpoint(request: Request) -> Response:
        return await run_sync(answer, request, await _fields(request))

    return endpoint


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form.

    Raises:
        HTTPException: it is none, or too large.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            raise HTTPException(413, f"That is too long: {BODY_MAX_BYTES // 1024} kB is the most I read.")
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        raise HTTPException(400, "Send a form.") from None
