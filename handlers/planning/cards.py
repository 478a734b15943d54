"""What a trial looks like: the number first, then what it rests on and what nobody can know."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from handlers.access import GROUP_MIN, sees_all
from handlers.budgets import can_be_enforced
from handlers.card import Block, Button, Card, Chart, Facts, Series, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import percent
from handlers.pages import as_text_file
from handlers.planning.figures import PARTS, Falls, Figures, days_without, difference
from handlers.planning.history import History
from handlers.planning.replay import Stop
from handlers.planning.trial import Trial, Tried
from handlers.planning.written import changed, lines
from handlers.policy import Budget
from handlers.provenance import as_of
from storage.people import Account
from storage.tables import ORGANIZATION

DAY = timedelta(days=1)
FEW_PERIODS = 6
ROWS_MAX = 20
APPROVERS_MAX = 3
UNUSED_MAX = 3
YAML_MAX = 3
EVERYBODY = "every person"
PART_LABELS = tuple(
    f"{low}–{high} %" if high <= 150 else f"> {low} %"  # noqa: PLR2004 - the last part has no end
    for low, high in PARTS
)
GRANTS = {
    "as then": N_("extra budget as it was granted then"),
    "none": N_("no extra budget"),
    "all": N_("everything that is asked for is granted"),
}
RIGHTS = {
    "manager": N_("managers"),
    "owner": N_("owners"),
    "lead": N_("leads"),
    "people": N_("the people named in app.yaml"),
    "role finance": N_("finance"),
    "role admin": N_("admins"),
}


def trial_card(ctx: Context, trial: Trial, says: str) -> Card:
    """What would have happened."""
    found = trial.proposed.figures
    blocks: list[Block] = [
        Facts(tuple(_facts(ctx, trial))),
        *([_chart(ctx, trial)] if sum(found.parts) > 1 else []),
        *falls(ctx, trial.history, trial.proposed.figures),
        Text(_what_nobody_knows(ctx, trial), quiet=True),
        *_buttons(ctx, trial, says),
        as_of(ctx, trial.history.tokens_unpriced, trial.window.first, trial.window.end),
    ]
    thread = [*stops_table(ctx, trial.history, trial.proposed.replayed.stops), *_yaml(ctx, trial)]
    return Card(_title(ctx, trial), tuple(blocks), "warn" if found.stopped else "plain", thread=tuple(thread))


def _title(ctx: Context, trial: Trial) -> str:
    found = trial.proposed.figures
    if trial.whom.kind in ("person", "agent"):
        if found.stopped:
            return ctx.t("{name} would have reached a limit", name=trial.whom.name)
        return ctx.t("{name} would have reached no limit", name=trial.whom.name)
    return ctx.nt(
        "{n} of {all} people and agents would have reached a limit",
        "{n} of {all} people and agents would have reached a limit",
        len(found.stopped),
        all=found.spenders,
    )


def _facts(ctx: Context, trial: Trial) -> Iterator[tuple[str, str]]:
    tried, found = trial.proposed, trial.proposed.figures
    yield ctx.t("Replay"), _window(ctx, trial)
    if found.stopped:
        each = _each(ctx, trial)
        stops = ctx.nt("{n} stop {each}", "{n} stops {each}", found.stops_a_period, each=each)
        yield ctx.t("How often"), stops
        yield (
            ctx.t("When"),
            ctx.t(
                "usually on day {day} of the period; the earliest on {earliest}",
                day=found.first_day,
                earliest=ctx.day(found.earliest) if found.earliest else "",
            ),
        )
        yield (
            ctx.t("For how long"),
            ctx.nt("{n} working day (median)", "{n} working days (median)", found.days_without),
        )
        yield ctx.t("Requests"), _requests(ctx, trial)
    if trial.granting != "all":
        yield ctx.t("Not spent"), _not_spent(ctx, trial)
    if found.cheaper_nanos:
        moved = _a_period(trial, found.cheaper_nanos)
        yield (
            ctx.t("At cheaper models"),
            ctx.t("about {amount} {each} of it would be spent there", amount=money(ctx, moved), each=_each(ctx, trial)),
        )
    apart = difference(trial.today.figures, found)
    yield ctx.t("Against today"), _against_today(ctx, trial, len(apart.newly), len(apart.no_longer))
    if found.warned:
        yield ctx.t("Soft limits"), ctx.nt("reached {n} time", "reached {n} times", found.warned)
    yield from _unused(ctx, tried, trial.history)


def _window(ctx: Context, trial: Trial) -> str:
    count = {
        "day": ctx.nt("{n} whole day", "{n} whole days", trial.periods),
        "week": ctx.nt("{n} whole week", "{n} whole weeks", trial.periods),
        "month": ctx.nt("{n} whole month", "{n} whole months", trial.periods),
        "quarter": ctx.nt("{n} whole quarter", "{n} whole quarters", trial.periods),
        "year": ctx.nt("{n} whole year", "{n} whole years", trial.periods),
    }[trial.window.every]
    return ctx.t(
        "{first} to {last} ({count}), {grants}",
        first=ctx.day(trial.window.first),
        last=ctx.last_day(trial.window.end - DAY),
        count=count,
        grants=ctx.t(GRANTS[trial.granting]),
    )


def _each(ctx: Context, trial: Trial) -> str:
    return {
        "day": ctx.t("a day"),
        "week": ctx.t("a week"),
        "month": ctx.t("a month"),
        "quarter": ctx.t("a quarter"),
        "year": ctx.t("a year"),
    }[trial.window.every]


def _a_period(trial: Trial, amount: int) -> int:
    return amount // max(1, trial.periods)


def _requests(ctx: Context, trial: Trial) -> str:
    """How many requests a period: at least one for each stop; and how many of the most each approver would decide."""
    load = trial.proposed.load

    def a_period(count: int) -> int:
        return -(-count // max(1, trial.periods))

    least, most = load.least // max(1, trial.periods), a_period(load.count)
    said = ctx.nt("{n} request {each}", "{n} requests {each}", most, each=_each(ctx, trial))
    if least < most:
        said = ctx.t("between {least} and {most} requests {each}", least=least, most=most, each=_each(ctx, trial))
    parts = [said]
    shown = list(load.by.items())[:APPROVERS_MAX]
    for who, count in shown:
        name = ctx.t(RIGHTS[who]) if who in RIGHTS else who
        parts.append(ctx.t("{n} to {name}", n=a_period(count), name=name))
    others = sum(load.by.values()) - sum(count for _, count in shown)
    if others:
        parts.append(ctx.t("{n} to others", n=a_period(others)))
    if load.at_once:
        parts.append(ctx.t("{n} approved at once", n=a_period(load.at_once)))
    if load.unruled:
        parts.append(ctx.t("{n} that no approval rule is for", n=a_period(load.unruled)))
    return ctx.listed(parts)


def _not_spent(ctx: Context, trial: Trial) -> str:
    found = trial.proposed.figures
    least, most, told = (_a_period(trial, each) for each in (found.least_nanos, found.most_nanos, found.told_nanos))
    text = N_("between {least} and {most} {each} ({percent} % of the spending at most)")
    said = ctx.t(
        text if least < most else N_("about {most} {each} ({percent} % of the spending)"),
        least=money(ctx, least),
        most=money(ctx, most),
        each=_each(ctx, trial),
        percent=percent(found.most_nanos, found.spent_nanos),
    )
    if told:
        heed = ctx.t("{amount} of it only if people keep limits that no provider keeps", amount=money(ctx, told))
        said = ctx.t("{list}, {next}", list=said, next=heed)
    low, high = (_a_period(trial, each) for each in found.resampled)
    if most and high > low:
        mixed = ctx.t("with other weeks at most {low} to {high}", low=money(ctx, low), high=money(ctx, high))
        said = ctx.t("{list}, {next}", list=said, next=mixed)
    return said


def _against_today(ctx: Context, trial: Trial, newly: int, no_longer: int) -> str:
    before = trial.today.figures
    said = ctx.t("{now} reached a limit by the budgets of today", now=len(before.stopped))
    if newly or no_longer:
        more = ctx.t("{newly} more would, {fewer} no longer would", newly=newly, fewer=no_longer)
        return ctx.t("{list}, {next}", list=said, next=more)
    return said


def _unused(ctx: Context, tried: Tried, history: History) -> Iterator[tuple[str, str]]:
    found = tried.figures
    if found.never_bind:
        names = [each.name for each in tried.budgets]
        shown = [
            ctx.t(
                "{budget} (highest use {percent} %)",
                budget=each.budget.name
                if names.count(each.budget.name) == 1
                else ctx.t(
                    "{list}, {next}",
                    list=each.budget.name,
                    next=_named(each.budget, history) or ctx.t("Everybody else"),
                ),
                percent=each.highest,
            )
            for each in found.never_bind[:UNUSED_MAX]
        ]
        yield ctx.t("Never binds"), ctx.listed(shown)
    if found.bind_all:
        yield ctx.t("Binds nearly everybody"), ctx.listed(found.bind_all[:UNUSED_MAX])


def _chart(ctx: Context, trial: Trial) -> Chart:
    """How many people used which part of their limit."""
    parts = trial.proposed.figures.parts
    return Chart(
        ctx.t("Accounts by used part of their limit"),
        "bar",
        PART_LABELS,
        (Series(ctx.t("Accounts"), tuple(map(float, parts))),),
        "",
        ctx.t(
            "Of {all} people and agents with a limit, {over} used more than it and {half} less than half of it.",
            all=sum(parts),
            over=sum(parts[4:]),
            half=sum(parts[:2]),
        ),
        locale=ctx.locale,
    )


def falls(ctx: Context, history: History, found: Figures) -> Iterator[Block]:
    """On whom it falls, by team and by group."""
    if len(found.falls_on_teams) > 1:
        yield _table_of(ctx, history, ctx.t("By team"), ctx.t("Team"), found.falls_on_teams)
    if len(found.falls_on_groups) > 1:
        yield _table_of(ctx, history, ctx.t("By group"), ctx.t("Group"), found.falls_on_groups)


def _table_of(ctx: Context, history: History, caption: str, head: str, found: Sequence[Falls]) -> Table:
    rows = [
        (
            _called(ctx, history, each.name),
            str(each.size),
            str(each.stopped),
            ctx.percent(percent(each.stopped, each.size)),
        )
        for each in found
    ]
    heads = (head, ctx.t("Spenders"), ctx.t("Reach a limit"), ctx.t("Share"))
    return Table(caption, heads, tuple(rows[:ROWS_MAX]), "lrrr")


def _called(ctx: Context, history: History, name: str) -> str:
    if name == "agent":
        return ctx.t("Agents")
    account = history.accounts.get(name)
    if account:
        return ctx.called(account)
    return name or ctx.t("Others")


def _what_nobody_knows(ctx: Context, trial: Trial) -> str:
    """What a replay cannot know, the most important of it."""
    history, found = trial.history, trial.proposed.figures
    said = [ctx.t("People who know a limit behave otherwise, and work that is not done is not counted here.")]
    if trial.today.figures.stopped and trial.granting != "all":
        said.append(ctx.t("What people wanted beyond the limits of then is not known."))
    if trial.periods < FEW_PERIODS:
        said.append(ctx.nt("{n} period says little.", "{n} periods say little.", trial.periods))
    if history.unallocated_nanos:
        said.append(ctx.t("{amount} is unallocated and left out.", amount=money(ctx, history.unallocated_nanos)))
    whole = trial.proposed.whole
    left_out = dict.fromkeys(each.name for each in trial.proposed.budgets if each.name not in whole)
    if left_out:
        said.append(
            ctx.t("Not replayed, for nobody used them in a whole period: {names}.", names=ctx.listed(list(left_out)))
        )
    if trial.whom.id != ORGANIZATION:
        said.append(ctx.t("Pools above {name} are left out.", name=trial.whom.name))
    if any(each.zone for each in trial.proposed.budgets):
        said.append(ctx.t("Days are those of the organization's time zone."))
    if found.spenders < GROUP_MIN:
        said.append(ctx.t("So few people say little about others."))
    text = said[0]
    for each in said[1:]:
        text = ctx.t("{text} {next}", text=text, next=each)
    return text


def _buttons(ctx: Context, trial: Trial, says: str) -> Iterator[Button]:
    if says and trial.proposed.figures.stopped:
        yield Button(ctx.t("As a file"), f"try {says} as csv")
    new, _ = changed(trial.today.budgets, trial.proposed.budgets)
    if len(new) > YAML_MAX and says:
        yield Button(ctx.t("Lines for app.yaml"), f"try {says} as yaml")
    if says and not sees_all(ctx):
        yield Button(ctx.t("Send to finance"), f"propose {says}")
    if trial.whom.id == ORGANIZATION:
        yield Button(ctx.t("Suggest limits"), "suggest")


def stops_table(ctx: Context, history: History, stops: Sequence[Stop]) -> Iterator[Block]:
    """Who would have been stopped, in the order of the alphabet: nobody is ranked."""
    if not stops:
        return
    accounts = history.accounts

    def order(stop: Stop) -> tuple[str, object]:
        return ctx.called(accounts[stop.account_id]).casefold(), stop.day

    rows = [
        (
            ctx.called(accounts[each.account_id]),
            each.budget.name,
            ctx.day(each.day),
            str(days_without(ctx.policy, each)),
            money(ctx, each.missed_nanos),
            ctx.t("the provider") if each.kept else ctx.t("people themselves"),
        )
        for each in sorted(stops, key=order)[:ROWS_MAX]
    ]
    if len(stops) > ROWS_MAX:
        shown = ctx.t("The first {shown} of {all} stops; the file has all.", shown=ROWS_MAX, all=len(stops))
        yield Text(shown, quiet=True)
    heads = (
        ctx.t("Who"),
        ctx.t("Budget"),
        ctx.t("Day"),
        ctx.t("Working days"),
        ctx.t("Not spent"),
        ctx.t("Kept by"),
    )
    yield Table(ctx.t("Who would have reached a limit"), heads, tuple(rows), "lllrrl")


def _yaml(ctx: Context, trial: Trial) -> Iterator[Block]:
    """What would stand in app.yaml: a few lines as they are, of more what they say, and all of them as a file."""
    new, gone = changed(trial.today.budgets, trial.proposed.budgets)
    if new and len(new) <= YAML_MAX:
        yield Text(ctx.t("For budgets in app.yaml:\n{lines}", lines="\n".join(lines(new))))
    elif new:
        yield from limits_table(ctx, new, trial.history, ROWS_MAX)
    if gone:
        yield Text(ctx.t("To be taken out of app.yaml:\n{lines}", lines="\n".join(lines(gone[:YAML_MAX]))))
    if len(gone) > YAML_MAX:
        yield Text(ctx.nt("and {n} more line", "and {n} more lines", len(gone) - YAML_MAX), quiet=True)
    if new and not any(can_be_enforced(each) for each in new):
        yield Text(ctx.t("Providers cannot keep these: Bursar only tells people."), quiet=True)


def trial_rules(ctx: Context, trial: Trial, says: str) -> Card:
    """The lines of a trial as a file for app.yaml; those that go stand in it as remarks."""
    new, gone = changed(trial.today.budgets, trial.proposed.budgets)
    if not new:
        raise RefusedError("This trial adds no line to app.yaml.")
    out = ctx.t("To be taken out of app.yaml:\n{lines}", lines="\n".join(lines(gone))) if gone else ""
    remarks = (_title(ctx, trial), f"try {says}", *out.splitlines())
    return rules_file(ctx, _title(ctx, trial), f"trial {trial.window.first}", remarks, new)


def limits_table(ctx: Context, rules: Sequence[Budget], history: History, most: int) -> Iterator[Block]:
    """Whose limit is how high, in the order of their names; who has none of their own comes last.

    Args:
        ctx: who reads it.
        rules: of app.yaml.
        history: knows the names of teams.
        most: so many rows are shown.
    """
    several = len({each.name for each in rules}) > 1
    rest = ctx.t("Everybody else") if len(rules) > 1 else ctx.t("Everybody")
    named = [(_named(each, history), each.name, ctx.amount(each.allotment, each.unit)) for each in rules]
    all_ = [(who or rest, name, amount) for who, name, amount in sorted(named, key=lambda one: _by_name(*one))]
    shown = [each if several else (each[0], each[2]) for each in all_[:most]]
    heads = (ctx.t("Who"), *([ctx.t("Budget")] if several else []), ctx.t("Limit"))
    yield Table(ctx.t("Limits"), heads, tuple(shown), "llr" if several else "lr")
    if len(all_) > most:
        more = len(all_) - most
        yield Text(ctx.nt("{n} more is in the file.", "{n} more are in the file.", more), quiet=True)


def _by_name(who: str, budget: str, _amount: str) -> tuple[str, bool, str]:
    return budget, not who, who.casefold()


def _named(rule: Budget, history: History) -> str:
    """Whose rule it is, as people call them; "" for everybody's."""
    account = history.accounts.get(rule.team_id or rule.who.replace(" ", "/", 1))
    if account:
        return account.name
    return rule.group or rule.role or ("" if rule.who == EVERYBODY else rule.who)


def rules_file(ctx: Context, title: str, name: str, remarks: Sequence[str], rules: Sequence[Budget]) -> Card:
    """Rules as a file that is one by itself.

    Args:
        ctx: who gets it.
        title: of the card it hangs on.
        name: of the file.
        remarks: what stands above them, each in a line.
        rules: of app.yaml, in their order.
    """
    said = [f"# {' '.join(each.split())}" for each in remarks if each]
    all_ = lines(rules)
    text = "\n".join([*said, "budgets:", *all_, ""])
    counted = ctx.nt("{n} line for app.yaml", "{n} lines for app.yaml", len(all_))
    return as_text_file(title, f"{name}.yaml", text, counted)


def money(ctx: Context, nanos: int) -> str:
    """An amount of the organization's currency, as estimates are written."""
    return ctx.estimate(nanos, ctx.policy.organization.currency)


def whose(account: Account) -> str:
    """An account as a sentence names it."""
    return "" if account.id == ORGANIZATION else f" of {account.id.replace('/', ' ')}"
