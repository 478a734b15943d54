"""Which page of the console shows what a question of the chat answers: PAGES_OF is the table."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from handlers.access import is_viewer, page_of, sees_all
from handlers.card import Card, Text
from handlers.context import CONSOLE, Context
from storage.people import Account

PAGES_OF: Mapping[str, str] = {
    "balance": "/",
    "spend": "/",
    "forecast": "/",
    "requests": "/requests",
    "exceptions": "/requests",
    "claims": "/claims",
    "waste": "/waste",
    "models": "/waste",
}
"""What everybody has a page for; figures of a team or of the organization have theirs instead."""
PAGES_OF_ALL: Mapping[str, str] = {
    "outcomes": "/organization",
    "guard": "/organization",
    "status": "/providers",
    "providers": "/providers",
    "payroll": "/payroll",
    "lab": "/lab",
    "try": "/lab",
    "suggest": "/lab",
    "contracts": "/lab",
    "audit": "/audit",
}
"""What only those have a page for who see all."""


def with_page(ctx: Context, question: str, about: Iterable[object], card: Card) -> Card:
    """The answer to a question with the address of the page that shows the same, unless it names one already.

    Args:
        ctx: of whoever asked.
        question: the name of the command.
        about: what its words mean, an account among them if they name one.
        card: the answer.
    """
    if not ctx.policy.console_url or ctx.place.platform == CONSOLE or card.whole.files or card.inputs:
        return card
    account = next((each for each in about if isinstance(each, Account)), None)
    path = _page_of(ctx, question, account)
    if not path or any(isinstance(each, Text) and ctx.policy.console_url in each.text for each in card.blocks):
        return card
    return replace(card, blocks=(*card.blocks, *ctx.on_a_page(path)))


def _page_of(ctx: Context, question: str, account: Account | None) -> str:
    """The path of a page that whoever asked has, "" if there is none."""
    if question not in PAGES_OF:
        return PAGES_OF_ALL.get(question, "") if sees_all(ctx) else ""
    if question == "claims" and not ctx.policy.claims.categories:
        return ""
    if account is None or account.id == ctx.account_id:
        return PAGES_OF[question]
    if account.kind == "organization":
        return page_of(account) if sees_all(ctx) or is_viewer(ctx) else ""
    return page_of(account) if account.kind == "team" and not is_viewer(ctx) else ""
