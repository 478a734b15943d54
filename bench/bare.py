"""The floor: a Bolt app that only acknowledges, served as fast as Bolt can be. python -m bench.bare PORT URL [ANSWER].

It is set up in the way that was the fastest for a synchronous app: `process_before_response`, Bolt's own ASGI adapter,
uvicorn with uvloop and httptools. It checks the signature, as every app must.
"""

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from slack_bolt import Ack, App
from slack_bolt.adapter.asgi import SlackRequestHandler
from slack_sdk import WebClient

from bench.load import PATH
from tests.support.fakes.slack import FakeSlack


def serve(port: int, base_url: str, answer: dict[str, Any]) -> None:
    """Serve until SIGTERM.

    Args:
        port: on 127.0.0.1.
        base_url: of the Web API, which Bolt asks once who it is.
        answer: what it acknowledges with, such as the text and the blocks of a message; an empty one is none.
    """
    app = App(
        client=WebClient(token=FakeSlack.bot_token, base_url=base_url),
        signing_secret=FakeSlack.secret,
        process_before_response=True,
    )

    @app.command("/tokens")
    def tokens(ack: Ack) -> None:
        ack(**answer)

    handler = SlackRequestHandler(app, PATH)
    uvicorn.run(handler, port=port, loop="uvloop", http="httptools", log_config=None, access_log=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], json.loads(Path(sys.argv[3]).read_bytes()) if sys.argv[3:] else {})
