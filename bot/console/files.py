"""The files that pages are made of: style sheets and the icon, each under an address that changes with its content."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.platforms.web.html import STATIC

FOLDERS = (STATIC, Path(__file__).parent / "static")
TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"
NAMES = ("cards.css", "icon.svg", "console.css")


@cache
def _all() -> dict[str, tuple[str, bytes]]:
    """Each file with the beginning of its hash, by name."""
    found = {}
    for name in NAMES:
        content = next(folder / name for folder in FOLDERS if (folder / name).exists()).read_bytes()
        found[name] = (sha256(content).hexdigest()[:16], content)
    return found


def address(name: str) -> str:
    """Where a page finds a file."""
    return f"/static/{_all()[name][0]}/{name}"


def serve(request: Request) -> Response:
    """GET /static/HASH/NAME: a file, to be kept for ever."""
    mark, content = _all().get(request.path_params["name"], ("", b""))
    if not mark or mark != request.path_params["mark"]:
        raise HTTPException(404)
    kind = TYPES[Path(request.path_params["name"]).suffix]
    return Response(content, media_type=kind, headers={"Cache-Control": FOR_EVER})
