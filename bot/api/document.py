"""The OpenAPI document of the API, made of the table of operations and of the shapes themselves."""

import inspect
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from bot.api.operations import OPERATIONS, Operation
from handlers import CALLS

VERSION = "1.0.0"
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One plain sentence with what to do."},
    },
}
PROBLEMS = {
    "400": "The body is not JSON, or the Idempotency-Key is missing.",
    "401": "There is no token that counts.",
    "403": "The token does not open that.",
    "404": "There is no such thing that this token may see.",
    "409": "Refused: not enough is left, or it was done already.",
    "413": "The body is too large.",
    "415": "The body is not sent as JSON.",
    "422": "A field is missing or wrong, or the Idempotency-Key was used for something else.",
    "429": "Too many requests; Retry-After says how long to wait.",
    "503": "Busy; nothing was changed.",
}
TEXT = {"text/plain": {"schema": {"type": "string"}}}


def document() -> dict[str, Any]:
    """The document, as /api/v1/openapi.json serves it."""
    kinds = [CALLS[each.call] for each in OPERATIONS]
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for each in kinds:
        models |= {(each.call, "validation"): None, (each.answer, "serialization"): None}
    refs, defs = models_json_schema(list(models), ref_template="#/components/schemas/{model}")
    schemas = {**defs["$defs"], "Problem": PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        kind = CALLS[one.call]
        said = _resolved(refs[one.call, "validation"], schemas)
        answer = refs[kind.answer, "serialization"]
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, kind.text, said, answer)
    paths["/statusline"] = {"get": _statusline()}
    paths["/hooks/{client}/{event}"] = {"post": _hook()}
    unused = {one.call.__name__ for one in OPERATIONS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bursar",
            "version": VERSION,
            "description": "What programs ask before they spend. Amounts have a text for people and a decimal number.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {name: schema for name, schema in schemas.items() if name not in unused},
        },
    }


def _resolved(said: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    name = str(said["$ref"]).rpartition("/")[2]
    schema: dict[str, Any] = schemas[name]
    return schema


def _operation(one: Operation, text: str, said: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = said.get("properties", {})
    needed = set(said.get("required", ()))
    parameters = []
    if one.in_path:
        parameters.append({"name": one.in_path, "in": "path", "required": True, "schema": fields[one.in_path]})
    if one.method == "GET":
        for name, schema in fields.items():
            if name != one.in_path:
                parameters.append({"name": name, "in": "query", "required": name in needed, "schema": schema})
    if one.wait:
        text = f"{text} With `wait`, the answer comes when it is decided, or after so many seconds."
        seconds = {"type": "integer", "minimum": 0, "maximum": 45, "default": 0}
        parameters.append({"name": "wait", "in": "query", "required": False, "schema": seconds})
    if one.key:
        key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        header = {"name": "Idempotency-Key", "in": "header", "required": one.key == "needed", "schema": key}
        parameters.append(header)
    found: dict[str, Any] = {
        "operationId": one.call.__name__,
        "summary": text,
        "parameters": parameters,
        "responses": _responses("201" if one.created else "200", {"application/json": {"schema": answer}}),
    }
    if one.method == "POST":
        own = {name: schema for name, schema in fields.items() if name != one.in_path}
        body: dict[str, Any] = {"type": "object", "properties": own, "additionalProperties": False}
        asked = sorted(needed - {one.in_path})
        if asked:
            body["required"] = asked
        found["requestBody"] = {"required": bool(asked), "content": {"application/json": {"schema": body}}}
    return found


def _responses(status: str, content: dict[str, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    problems = {each: {"description": text, "content": problem} for each, text in PROBLEMS.items()}
    return {status: {"description": "Done.", "content": content}, **problems}


def _statusline() -> dict[str, Any]:
    color = {"name": "color", "in": "query", "required": False, "schema": {"type": "string", "enum": ["0", "1"]}}
    return {
        "operationId": "StatusLine",
        "summary": "Say what is left in a line, such as “$155.00 of $400.00 left · 12 Dec”.",
        "parameters": [color],
        "responses": _responses("200", TEXT),
    }


def _hook() -> dict[str, Any]:
    client = {"type": "string", "enum": ["claude-code", "codex", "gemini"]}
    parameters = [
        {"name": "client", "in": "path", "required": True, "schema": client},
        {"name": "event", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[A-Za-z]{1,40}$"}},
    ]
    answer = {"application/json": {"schema": {"type": "object"}}}
    body = {"content": {"application/json": {"schema": {"type": "object"}}}}
    return {
        "operationId": "Hook",
        "summary": inspect.cleandoc("Say what a hook of a coding agent has to do, in the words of that program."),
        "parameters": parameters,
        "requestBody": body,
        "responses": _responses("200", answer),
    }
