"""What browsers send: the fields of a form, and files that go along."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from anyio.to_thread import run_sync
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

BODY_MAX_BYTES = 64 * 1024
FIELDS_MAX = 60
FILES_MAX = 3
UPLOAD_MAX_BYTES = 6 * 1024 * 1024
"""Of a form with files: more than a receipt may have, less than the server takes."""
MULTIPART = "multipart/form-data"
Endpoint = Callable[[Request], Awaitable[Response]]


def posted(answer: Callable[[Request, Mapping[str, str]], Response]) -> Endpoint:
    """An endpoint that reads the fields of a form first."""

    async def endpoint(request: Request) -> Response:
        return await run_sync(answer, request, await _fields(request))

    return endpoint


def posted_with_files(answer: Callable[[Request, Mapping[str, str], Mapping[str, bytes]], Response]) -> Endpoint:
    """An endpoint that reads the fields of a form first, and the content of each file that goes along, by its field."""

    async def endpoint(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MULTIPART:
            return await run_sync(answer, request, await _fields(request), {})
        fields, files = await _parts(request)
        return await run_sync(answer, request, fields, files)

    return endpoint


class _InMemory(MultiPartParser):
    """Keeps files in memory: what somebody sent is never written to the disk of this machine."""

    spool_max_size = UPLOAD_MAX_BYTES


async def _parts(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields of a form and its files; a field of a file that was left empty is none.

    Raises:
        HTTPException: it is none, or too large.
    """
    stream = _capped(request, UPLOAD_MAX_BYTES)
    parser = _InMemory(
        request.headers, stream, max_files=FILES_MAX, max_fields=FIELDS_MAX, max_part_size=BODY_MAX_BYTES
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise HTTPException(400, "Send a form.") from None
    fields, files = dict[str, str](), dict[str, bytes]()
    for name, value in form.multi_items():
        if not isinstance(value, UploadFile):
            fields[name] = value
        elif content := await value.read():
            files[name] = content
    await form.close()
    return fields, files


async def _capped(request: Request, most: int) -> AsyncGenerator[bytes]:
    """A body, as long as it is not too large."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise HTTPException(413, f"That is too long: {most // 1024} kB is the most I read.")
        yield chunk


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form.

    Raises:
        HTTPException: it is none, or too large.
    """
    body = b"".join([chunk async for chunk in _capped(request, BODY_MAX_BYTES)])
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        raise HTTPException(400, "Send a form.") from None
