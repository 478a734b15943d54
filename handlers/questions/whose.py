"""Whose figures a question is about, in its title and in the sentences of its buttons."""

from handlers.context import Context
from handlers.errors import RefusedError
from storage.people import Account


def asked_about(ctx: Context, whom: Account | None, example: str) -> Account:
    """The account that is asked about: the one that was named, else the asker's own.

    Raises:
        RefusedError: none was named, and the asker has none; the example shows how to name one.
    """
    account = whom or ctx.account(ctx.account_id)
    if account is None:
        raise RefusedError(
            "You don't have an account of your own. Say whose figures you want, for example: {example}", example=example
        )
    return account


def headed(ctx: Context, account: Account, title: str) -> str:
    """A title, with the name before it if it is about somebody or something else than the asker."""
    return title if account.id == ctx.account_id else ctx.t("{name}: {news}", name=account.name, news=title)


def said_of(ctx: Context, account: Account) -> str:
    """The words by which a button asks about the same account, "" for the asker's own."""
    return "" if account.id == ctx.account_id else f" of {account.id.replace('/', ' ')}"
