"""Sentences of the policy lab: what a limit would have done, before it is one."""

from dataclasses import replace
from decimal import Decimal

from handlers.arguments import AsFile, Rest
from handlers.card import Button, Card, Facts, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.money import in_units
from handlers.pages import as_file
from handlers.planning.cards import trial_card, trial_rules, whose
from handlers.planning.figures import days_without
from handlers.planning.proposal import NewBudgets, understand, wished
from handlers.planning.trial import Trial, run
from handlers.policy import Policy
from storage import people

AS_FILE = " as csv"
AS_LINES = " as yaml"
COLUMNS = ("who", "name", "budget", "day", "until", "working_days", "not_spent", "kept_by_provider")


def try_(ctx: Context, as_csv: AsFile = False, what: Rest = "") -> Card:
    """What another limit would have done in the last three months: “try per-person 200 USD”.

    Nothing is changed. Say it for some only (“for contractors”, “for team search”), by what people spent (“try p90 of
    team times 1.2 floor 150”), or without a budget (“try without flagship”); join several with “and”. Add “over last 6
    months”, “since 2026-09-01”, “of team search”, and what becomes of requests (“granting none”, “granting all”).
    “as csv” sends you all stops as a file, “as yaml” the lines for app.yaml.
    """
    words = what.strip()
    if words.lower().endswith(AS_LINES):
        words = words[: -len(AS_LINES)]
        return trial_rules(ctx, run(ctx, understand(ctx, words)), words)
    if words.lower().endswith(AS_FILE):
        words, as_csv = words[: -len(AS_FILE)], True
    trial = run(ctx, understand(ctx, words))
    return _file(ctx, trial) if as_csv else trial_card(ctx, trial, words)


def try_policy(ctx: Context, policy: Policy, words: str = "", *, as_csv: bool = False) -> Card:
    """What the budgets and approval rules of a proposed app.yaml would have done.

    Args:
        ctx: whoever asks.
        policy: the rules of the proposed app.yaml.
        words: of whom and when, such as "of team search over last 6 months"; "" for everybody and three periods.
        as_csv: as a file of all stops.

    Raises:
        RefusedError: no, and why.
    """
    proposal = understand(ctx, words, changes=(NewBudgets(policy.budgets),))
    trial = run(ctx, proposal, policy.model_copy(update={"vendors": ctx.policy.vendors}))
    return _file(ctx, trial) if as_csv else trial_card(ctx, trial, "")


def propose(ctx: Context, what: Rest = "") -> Card:
    """Send a limit that you tried to finance: “propose per-person 200 USD”. Nothing is changed by it."""
    words = what.strip()
    proposal = wished(ctx, words)
    to = [each for each in people.people_with_role(ctx.conn, "finance") if each.id != ctx.person.id]
    if not to:
        raise RefusedError("Nobody else is in finance. Put the lines of the proposal into app.yaml yourself.")
    key = f"proposal/{ctx.person.id}/{ctx.now:%Y-%m-%dT%H:%M:%S}"
    again = words if proposal.names_whom else f"{words}{whose(proposal.whom)}"
    for each in to:
        theirs = replace(ctx, person=each)
        facts = Facts(((theirs.t("Proposal"), words), (theirs.t("Of whom"), proposal.whom.name)))
        title = theirs.t("{name} proposes other limits", name=ctx.person.name)
        theirs.tell(each.id, key, Card(title, (facts, Button(theirs.t("See what they would do"), f"try {again}"))))
    ctx.deed("proposed", f"account/{proposal.whom.id}", "asker", words)
    sent = ctx.nt("Sent to {n} person in finance", "Sent to {n} people in finance", len(to))
    return Card(sent, (Text(ctx.t("They see what the limits would have done. Nothing was changed.")),))


def _file(ctx: Context, trial: Trial) -> Card:
    """All stops, for who asked and nobody else."""
    unit = ctx.policy.organization.currency
    rows: list[tuple[str | int | Decimal, ...]] = [
        (
            each.account_id,
            trial.history.accounts[each.account_id].name,
            each.budget.name,
            str(each.day),
            str(each.until),
            days_without(ctx.policy, each),
            in_units(each.missed_nanos, unit),
            "yes" if each.kept else "no",
        )
        for each in sorted(trial.proposed.replayed.stops, key=lambda one: (one.account_id, one.day))
    ]
    return as_file(ctx, ctx.t("Who would have reached a limit"), f"trial {trial.window.first}", COLUMNS, rows)
