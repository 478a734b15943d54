"""A trial: the budgets of today and those that are proposed, each replayed over the same days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from handlers.access import told_apart
from handlers.context import Context
from handlers.planning.figures import Figures, figures
from handlers.planning.history import History, load
from handlers.planning.proposal import Proposal, Window, budget_period, checked
from handlers.planning.replay import Granting, Replay, Replayed
from handlers.planning.requests_made import Load, requests_made
from handlers.planning.suggestion import with_changes
from handlers.policy import Budget, Policy
from storage.people import Account
from storage.tables import UNALLOCATED


@dataclass(frozen=True, slots=True)
class Reckoned:
    """Some budgets and what they would have come to."""

    budgets: tuple[Budget, ...]
    figures: Figures


@dataclass(frozen=True, slots=True)
class Tried(Reckoned):
    """Some budgets and what would have come of them.

    Args:
        budgets: the budgets.
        figures: what it comes to.
        replayed: what would have happened, without how each budget of each person went: figures are all that is told.
        whole: the names of the budgets that had a whole period.
        load: what there would have been to decide.
    """

    replayed: Replayed
    whole: frozenset[str]
    load: Load


@dataclass(frozen=True, slots=True)
class Trial:
    """What is compared.

    Args:
        whom: the account of which, with all below it, figures are shown.
        window: the days.
        periods: how many whole periods they are.
        history: the past.
        today: the budgets of app.yaml.
        proposed: those that are tried.
        granting: what became of requests.
        mark: the same for the same question about the same past.
    """

    whom: Account
    window: Window
    periods: int
    history: History
    today: Reckoned
    proposed: Tried
    granting: Granting
    mark: str


def run(ctx: Context, proposal: Proposal, policy: Policy | None = None) -> Trial:
    """Replay the budgets of today and those that are proposed.

    Args:
        ctx: whoever asks; must be allowed to see the figures of the account.
        proposal: what is tried.
        policy: all rules of a proposed app.yaml; those of today if only budgets are others.

    Raises:
        RefusedError: the proposal is one that app.yaml would not take.
    """
    policy = policy or ctx.policy
    history = load(ctx, proposal.whom.id, proposal.window.first, proposal.window.end)
    budgets = checked(policy, with_changes(policy, ctx.policy.budgets, proposal.changes, history))
    today = _reckoned(ctx, history, proposal)
    proposed = tried(ctx, policy, history, budgets, proposal.granting, proposal.window)
    return Trial(
        proposal.whom,
        proposal.window,
        len(periods_of(ctx, proposal.window)),
        history,
        today,
        proposed,
        proposal.granting,
        _mark(history, budgets, proposal.granting, proposed.replayed),
    )


def tried(
    ctx: Context, policy: Policy, history: History, budgets: Sequence[Budget], granting: Granting, window: Window
) -> Tried:
    """What would have come of some budgets, and of the approval rules of a policy."""
    replayed = Replay(policy, budgets, history, granting).run()
    found = _figures(ctx, policy, budgets, history, replayed, granting, window)
    whole = frozenset(each.budget.name for each in replayed.courses)
    made = requests_made(policy, history, replayed.stops, ctx.now)
    return Tried(tuple(budgets), found, replace(replayed, courses=()), whole, made)


def _reckoned(ctx: Context, history: History, proposal: Proposal) -> Reckoned:
    """What the budgets of today would have come to: of them no more is told."""
    policy, granting = ctx.policy, proposal.granting
    replayed = Replay(policy, policy.budgets, history, granting).run()
    found = _figures(ctx, policy, policy.budgets, history, replayed, granting, proposal.window)
    return Reckoned(tuple(policy.budgets), found)


def _figures(
    ctx: Context,
    policy: Policy,
    budgets: Sequence[Budget],
    history: History,
    replayed: Replayed,
    granting: Granting,
    window: Window,
) -> Figures:
    here = [each for each in history.accounts.values() if each.active and each.id != UNALLOCATED]
    apart = told_apart(here, history.above)
    return figures(policy, budgets, history, replayed, granting, periods_of(ctx, window), apart)


def periods_of(ctx: Context, window: Window) -> list[tuple[date, date]]:
    """First day and end of each period of a window."""
    found, day = [], window.first
    while day < window.end:
        period = budget_period(ctx, day, window.every)
        found.append((period.first, period.end))
        day = period.end
    return found


def _mark(history: History, budgets: Sequence[Budget], granting: Granting, replayed: Replayed) -> str:
    """A short text that is the same for the same budgets and the same past."""
    said = sha256(f"{granting} {history.first} {history.end} {history.above}".encode())
    for budget in budgets:
        said.update(str(sorted(dict(budget).items())).encode())
    for each in (*history.models, *sorted(replayed.wanted_by.items()), *replayed.missed_by_day.items()):
        said.update(str(each).encode())
    said.update(str(history.granted).encode())
    return said.hexdigest()[:8]
