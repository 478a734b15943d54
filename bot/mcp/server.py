"""/mcp: tools with which an agent sees its budget, estimates a plan, asks for more and waits for the decision.

Streamable HTTP without sessions, JSON answers: what Claude Code 2.1.332, Codex CLI 0.171.0 and Gemini CLI 0.61.0 all
speak (seen). Each answer says the same as data and as text, for two of them show only the first and one the second.
A refusal is an answer like any other (`ok: false`), for errors are shown in wrappers. No tool approves anything, and
descriptions and instructions are constants: nothing that another person wrote is read to a model.
"""

import inspect
from functools import partial
from typing import Annotated, Any, Literal

import anyio
from anyio.to_thread import run_sync
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.resolve import AcceptedElicitation, DeclinedElicitation
from mcp.server.request_state import RequestStateSecurity
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.api.endpoint import ANSWERABLE, Desk
from bot.api.problems import problem_of
from bot.app import App
from bot.bearer import Doorkeeper, ProblemError
from bot.mcp.forms import LANGUAGE, PERSONAL, Open, Said
from handlers.language import N_, say
from handlers.programs import Call
from handlers.programs.shapes import (
    AskForMore,
    BudgetAnswer,
    DoneAnswer,
    Estimate,
    EstimateAnswer,
    ReportDone,
    RequestAnswer,
    SeeBudget,
    SeeRequest,
)
from storage.tokens import Bearer

PATH = "/mcp"
BODY_MAX_BYTES = 64 * 1024
WAIT_MAX_S = 45
"""Claude Code and Gemini CLI end a call that is silent for a minute (seen)."""
LOOKS_EVERY_S = 1.0
INSTRUCTIONS = (
    "Bursar keeps the budget of whoever you work for. Ask budget_status before long or expensive work, and "
    "estimate_cost before you start many runs. If it says that you may not spend, stop and tell the person. Use "
    "request_more only if the person you work for wants more, and once: a person decides, and you can't. Then ask "
    "request_status, and go on only when `applied` is true. Say report_done when a job is over."
)
BEARER = "bursar.bearer"
VERSION = "1.0.0"
"""Of the tools."""


class BudgetTool(BaseModel):
    """What is left, or why that is not told."""

    ok: bool
    message: str
    budget: BudgetAnswer | None = None


class EstimateTool(BaseModel):
    """What some work will cost, or why that is not told."""

    ok: bool
    message: str
    estimate: EstimateAnswer | None = None


class RequestTool(BaseModel):
    """How a request stands, or why it was refused."""

    ok: bool
    message: str
    request: RequestAnswer | None = None


class DoneTool(BaseModel):
    """That a job is over."""

    ok: bool
    message: str


NOT_ASKED = N_("The person at the keyboard does not want to ask for more. Do not ask again; a person can.")
INCOMPLETE = N_("Say how much, such as 50 USD, and what for. Ask the person you work for if you do not know.")

READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
Text = Annotated[str, Field(max_length=2000)]


class Tools:
    """The tools. Each says a call, as the HTTP API does.

    Args:
        desk: answers programs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def budget_status(self, ctx: Context, account: Text = "") -> BudgetTool:
        """See what is left of the budget, when it resets, and whether you may spend.

        Leave `account` empty for your own.
        """
        answer = await self._asked(ctx, {"account": account}, SeeBudget)
        if isinstance(answer, BudgetAnswer):
            return BudgetTool(ok=True, message=answer.message, budget=answer)
        return BudgetTool(ok=False, message=answer)

    async def estimate_cost(
        self,
        ctx: Context,
        model: Text,
        tokens_input: int,
        tokens_output: int,
        tokens_cached: int = 0,
        runs: int = 1,
    ) -> EstimateTool:
        """Estimate what a plan will cost, and whether it fits into what is left. Tokens are those of one run."""
        said = {
            "model": model,
            "tokens_input": tokens_input,
            "tokens_output": tokens_output,
            "tokens_cached": tokens_cached,
            "runs": runs,
        }
        answer = await self._asked(ctx, said, Estimate)
        if isinstance(answer, EstimateAnswer):
            return EstimateTool(ok=True, message=answer.message, estimate=answer)
        return EstimateTool(ok=False, message=answer)

    async def request_more(
        self, ctx: Context, said: Said, amount: Text = "", reason: Text = "", until: Text = "", key: Text = ""
    ) -> RequestTool:
        """Ask for more budget, such as `50 USD`. A person sends it on and another one decides; this grants nothing.

        `reason` is shown to them as your words. If you do not know one of them, leave it out: where somebody is there,
        they are asked. `until` is the last day, such as 2026-12-24; empty: until the budget resets. The same `key`
        asks once.
        """
        if isinstance(said, DeclinedElicitation):
            return RequestTool(ok=False, message=say(await self._language(ctx), NOT_ASKED))
        if isinstance(said, AcceptedElicitation):
            amount, reason = said.data.amount, said.data.reason
        if not (amount.strip() and reason.strip()):
            return RequestTool(ok=False, message=say(await self._language(ctx), INCOMPLETE))
        call = {"amount": amount, "reason": reason, "until": until or None}
        answer = await self._asked(ctx, call, AskForMore, key)
        if isinstance(answer, RequestAnswer):
            return RequestTool(ok=True, message=answer.message, request=answer)
        return RequestTool(ok=False, message=answer)

    async def request_status(self, ctx: Context, request: int, wait_seconds: int = 0) -> RequestTool:
        """See whether a request is decided and in effect. It can wait up to 45 seconds for the decision."""
        left = min(max(wait_seconds, 0), WAIT_MAX_S)
        while True:
            answer = await self._asked(ctx, {"request": request}, SeeRequest)
            if not isinstance(answer, RequestAnswer):
                return RequestTool(ok=False, message=answer)
            if left <= 0 or answer.state not in ("proposed", "pending"):
                return RequestTool(ok=True, message=answer.message, request=answer)
            await anyio.sleep(LOOKS_EVERY_S)
            left -= 1

    async def report_done(
        self, ctx: Context, outcome: Literal["done", "failed", "given_up"], what: Text = "", cost: Text = ""
    ) -> DoneTool:
        """Say that a job is over, however it went, so that what was reserved for it is free again."""
        answer = await self._asked(ctx, {"outcome": outcome, "what": what[:120], "cost": cost}, ReportDone)
        if isinstance(answer, DoneAnswer):
            return DoneTool(ok=answer.ok, message=answer.message)
        return DoneTool(ok=False, message=answer)

    @staticmethod
    async def _language(ctx: Context) -> str:
        """The language of whom an agent works for."""
        request: Any = ctx.request_context.request
        return str(await run_sync(request.scope[LANGUAGE]))

    async def _asked(self, ctx: Context, said: dict[str, Any], kind: type[Call], key: str = "") -> Any:
        """The answer to a call, or a sentence that says why there is none."""
        request = ctx.request_context.request
        if not isinstance(request, Request):
            raise TypeError("A tool was called without a request.")
        bearer: Bearer = request.scope[BEARER]
        language = await self._language(ctx)
        try:
            call = kind.model_validate(said)
            return await run_sync(self._desk.call, bearer, call, f"mcp/{key}" if key else "")
        except ANSWERABLE as trouble:
            return problem_of(trouble, language).detail


def mcp_server(desk: Desk) -> MCPServer[Any]:
    """The server with its tools."""
    server: MCPServer[Any] = MCPServer(
        "bursar",
        title="Bursar",
        version=VERSION,
        instructions=INSTRUCTIONS,
        subscriptions=False,
        request_state_security=RequestStateSecurity(codec=Open()),
    )
    tools = Tools(desk)
    table = (
        (tools.budget_status, "What is left", READS),
        (tools.estimate_cost, "What it will cost", READS),
        (tools.request_more, "Ask for more", WRITES),
        (tools.request_status, "How a request stands", READS),
        (tools.report_done, "A job is over", WRITES),
    )
    for tool, title, annotations in table:
        text = inspect.getdoc(tool)
        always = {"anthropic/alwaysLoad": True} if tool == tools.budget_status else None
        server.add_tool(tool, title=title, description=text, annotations=annotations, meta=always)
    return server


class Guarded:
    """Lets only programs with a token through to the server, and no page in a browser.

    Args:
        app: the server.
        door: lets programs in.
        desk: knows the language of whom they work for.
    """

    def __init__(self, app: ASGIApp, door: Doorkeeper, desk: Desk) -> None:
        self._app = app
        self._door = door
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        peer = request.client.host if request.client else ""
        client = request.headers.get("user-agent", "")
        if request.headers.get("origin", request.headers.get("host")) not in _own_origins(request):
            page = ProblemError(403, "origin", "Not from a page", "Pages in a browser can't use this.")
            await page.respond()(scope, receive, send)
            return
        try:
            scope[BEARER] = await run_sync(
                self._door.let_in, request.headers.get("authorization"), "figures", peer, client
            )
        except ProblemError as no:
            await no.respond()(scope, receive, send)
            return
        scope[LANGUAGE] = partial(self._desk.language, scope[BEARER])
        scope[PERSONAL] = scope[BEARER].token.scope == "own"
        await self._app(scope, receive, send)


def _own_origins(request: Request) -> tuple[str | None, ...]:
    host = request.headers.get("host")
    return host, f"http://{host}", f"https://{host}"


def add_to(asgi: Starlette, app: App) -> None:
    """Add the route to an application, and what has to run beside it as long as that does."""
    door = Doorkeeper(app.database, app.policy, app.now)
    desk = Desk(app, door)
    server = mcp_server(desk)
    inner = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        max_request_body_size=BODY_MAX_BYTES,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    asgi.router.routes.append(Route(PATH, Guarded(inner, door, desk)))
    asgi.router.lifespan_context = lambda _asgi: server.session_manager.run()
