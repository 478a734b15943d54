"""The floor: a Starlette app that reads each body and answers the same few words. python -m bench.answer PORT."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def answer(request: Request) -> Response:
    """Read what is sent and say yes."""
    await request.body()
    return JSONResponse({"decision": "yes"})


def serve(port: int) -> None:
    """Serve until SIGTERM."""
    app = Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", "POST"])])
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_config=None, access_log=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
