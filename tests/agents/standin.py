"""A model on loopback: answers as Anthropic's, OpenAI's and Google's APIs do, with what a test has put into it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

USAGE = {
    "input_tokens": 1200,
    "output_tokens": 321,
    "cache_creation_input_tokens": 3000,
    "cache_read_input_tokens": 20000,
}


@dataclass
class Model:
    """A model that says "Done.", after it has used the tools that a test names.

    Args:
        tools: calls that it makes next, each a name and its arguments.
        meanwhile: what happens while it thinks about its first answer.
        asked: the bodies of all that it was asked.
    """

    tools: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def prompts(self) -> list[dict[str, Any]]:
        """What it was asked with tools at hand: the turns of a session, without its titles and probes."""
        return [each for each in self.asked if each.get("tools")]

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/v1/messages", self._anthropic, methods=["POST"]),
                Route("/v1/messages/count_tokens", self._count, methods=["POST"]),
                Route("/v1/responses", self._openai, methods=["POST"]),
                Route("/{rest:path}", self._anything, methods=["GET", "POST", "HEAD"]),
            ]
        )

    def _next(self, body: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        self.asked.append(body)
        if body.get("tools") and self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return self.tools.pop(0) if body.get("tools") and self.tools else None

    async def _anthropic(self, request: Request) -> Response:
        body = await request.json()
        use = self._next(body)
        block: dict[str, Any] = {"type": "text", "text": ""}
        delta: dict[str, Any] = {"type": "text_delta", "text": "Done."}
        if use:
            block = {"type": "tool_use", "id": f"toolu_{len(self.asked)}", "name": use[0], "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(use[1])}
        reason = "tool_use" if use else "end_turn"
        message = {
            "id": f"msg_{len(self.asked)}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**USAGE, "output_tokens": 1},
        }
        if not body.get("stream"):
            content = [{**block, "input": use[1]} if use else {"type": "text", "text": "Done."}]
            return JSONResponse({**message, "content": content, "stop_reason": reason, "usage": USAGE})
        events = (
            {"type": "message_start", "message": message},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": USAGE},
            {"type": "message_stop"},
        )
        return StreamingResponse(_events(events), media_type="text/event-stream")

    async def _count(self, request: Request) -> Response:
        await request.json()
        return JSONResponse({"input_tokens": 24200})

    async def _openai(self, request: Request) -> Response:
        body = await request.json()
        use = self._next(body)
        number = len(self.asked)
        if use:
            namespace, _, name = use[0].rpartition("__")
            item: dict[str, Any] = {
                "type": "function_call",
                "id": f"fc_{number}",
                "call_id": f"call_{number}",
                "name": name,
                "namespace": namespace,
                "arguments": json.dumps(use[1]),
                "status": "completed",
            }
        else:
            text = {"type": "output_text", "text": "Done.", "annotations": []}
            item = {
                "type": "message",
                "id": f"msg_{number}",
                "role": "assistant",
                "status": "completed",
                "content": [text],
            }
        usage = {
            "input_tokens": 24200,
            "input_tokens_details": {"cached_tokens": 20000},
            "output_tokens": 321,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 24521,
        }
        answer = {
            "id": f"resp_{number}",
            "object": "response",
            "model": body["model"],
            "created_at": 1,
            "status": "completed",
        }
        events = (
            {"type": "response.created", "response": {**answer, "status": "in_progress", "output": []}},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": {**answer, "output": [item], "usage": usage}},
        )
        return StreamingResponse(_events(events), media_type="text/event-stream")

    async def _anything(self, request: Request) -> Response:
        """Google's way, which has the model in its path; and whatever else a program looks for at its start."""
        if "generateContent" not in request.url.path and "streamGenerateContent" not in request.url.path:
            return JSONResponse({})
        use = self._next(await request.json())
        part = {"functionCall": {"name": use[0], "args": use[1]}} if use else {"text": "Done."}
        answer = {
            "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {
                "promptTokenCount": 24200,
                "cachedContentTokenCount": 20000,
                "candidatesTokenCount": 321,
                "totalTokenCount": 24521,
            },
            "modelVersion": "gemini-2.5-pro",
        }
        if "stream" not in request.url.path:
            return JSONResponse(answer)
        return StreamingResponse(iter([f"data: {json.dumps(answer)}\n\n"]), media_type="text/event-stream")


def _events(events: tuple[dict[str, Any], ...]) -> Iterator[str]:
    for each in events:
        yield f"event: {each['type']}\ndata: {json.dumps(each)}\n\n"
