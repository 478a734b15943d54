"""The person at the keyboard is shown what their agent asks for, in a form of the program, and may change it.

Only programs of revision 2026-07-28 that say they can show a form are asked to: older ones would need a connection that
is held open. `claude -p` cancels at once, for nobody is there (seen with 2.1.332). What a form comes back with was said
by the program, so it is taken as the program's word and no more.
"""

import base64
import binascii
from typing import Annotated, Any

from anyio.to_thread import run_sync
from mcp.server.mcpserver import Context, Elicit
from mcp.server.mcpserver.resolve import ElicitationResult, Resolve
from mcp.server.request_state import InvalidRequestState
from mcp_types.version import is_version_at_least
from pydantic import BaseModel, Field, create_model

from handlers.language import N_, say
from handlers.requests import clean

LANGUAGE = "bursar.language"
"""Where a request's scope holds a function that gives the language of whom a program works for."""
PERSONAL = "bursar.personal"
"""Where it says whether somebody may sit there: a token of a person, not of an agent that runs alone."""
FORMS_SINCE = "2026-07-28"
AMOUNT_MAX, REASON_MAX = 40, 300

MESSAGE = N_("An agent wants to ask for more budget for you. Correct it, or decline: then it does not ask.")
AMOUNT, REASON = N_("How much more, such as 50 USD"), N_("What for")


class Asked(BaseModel):
    """What is asked for."""

    amount: str
    reason: str


async def ask_person(ctx: Context, amount: str, reason: str) -> Asked | Elicit[Asked]:
    """A form with what an agent asks for, where somebody can be shown one; else what it asks for, as it is."""
    request: Any = ctx.request_context.request
    if not request.scope[PERSONAL] or not _shows_forms(ctx):
        return Asked(amount=amount, reason=reason)
    language = await run_sync(request.scope[LANGUAGE])
    return Elicit(say(language, MESSAGE), _form(language, clean(amount)[:AMOUNT_MAX], clean(reason)))


def _shows_forms(ctx: Context) -> bool:
    """Whether a program can show a form. One that names no kind of elicitation means forms."""
    version, able = ctx.protocol_version, ctx.client_capabilities
    if version is None or not is_version_at_least(version, FORMS_SINCE) or able is None or able.elicitation is None:
        return False
    return able.elicitation.form is not None or able.elicitation.url is None


def _form(language: str, amount: str, reason: str) -> type[Asked]:
    """The form, filled in with what the agent said."""
    first: Any = Field(amount or ..., title=say(language, AMOUNT), min_length=1, max_length=AMOUNT_MAX)
    second: Any = Field(reason or ..., title=say(language, REASON), min_length=1, max_length=REASON_MAX)
    return create_model("Asked", __base__=Asked, amount=(str, first), reason=(str, second))


Said = Annotated[ElicitationResult[Asked], Resolve(ask_person)]


class Open:
    """How the state of a call goes to the program and back while the person looks at the form: as it is.

    All of it is what the program itself answers, so it could forge nothing that it cannot say anyway; and it needs no
    key that all replicas would have to share. What it belongs to and how long it counts is checked by the SDK.
    """

    def seal(self, payload: bytes) -> str:
        """The state as a word."""
        return base64.urlsafe_b64encode(payload).decode()

    def unseal(self, token: str) -> bytes:
        """The state again.

        Raises:
            InvalidRequestState: it is none.
        """
        try:
            return base64.b64decode(token, altchars=b"-_", validate=True)
        except (ValueError, binascii.Error) as wrong:
            raise InvalidRequestState("not base64") from wrong
