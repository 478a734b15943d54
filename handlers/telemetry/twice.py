"""Calls that are told twice: by a program and by a gateway that nobody named as the one that speaks for it.

A gateway reports all that a person sends through it, so of the same person, model and day it tells about as much as the
program did, or more. Where it does, both are taken to tell of the same calls, unless app.yaml says that nobody speaks
for the program.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from handlers.context import Context
from handlers.policy import PROGRAMS, Policy
from handlers.telemetry.counting import model_key
from storage import telemetry
from storage.telemetry import Beside

LOOKED_BACK = timedelta(days=7)
AS_MUCH_PERCENT = 90
"""Of the tokens that a program told: clocks and counts differ a little."""
TOKENS_MIN = 1_000
"""Less is no evidence."""


@dataclass(frozen=True, slots=True)
class Twice:
    """What a program and a provider both tell.

    Args:
        program: its name in app.yaml.
        provider: the same.
        accounts: of how many people and agents.
        cost_nanos: what counts twice, in the house currency.
    """

    program: str
    provider: str
    accounts: int
    cost_nanos: int


def told_twice(ctx: Context) -> list[Twice]:
    """What was told twice in the last days, the most expensive first."""
    vendors = {each.name for each in ctx.policy.vendors}
    programs = {each.provider for each in ctx.readings()} & PROGRAMS.keys()
    asked = {each for each in programs if _is_in_doubt(ctx.policy, each)}
    if not asked or not vendors:
        return []
    rows = telemetry.beside(ctx.conn, asked, vendors, ctx.today - LOOKED_BACK)
    return found_twice(rows, {each: ctx.policy.speaker(each) for each in asked})


def _is_in_doubt(policy: Policy, program: str) -> bool:
    """Whether app.yaml leaves open that a gateway tells of a program's calls: "none" says that nobody does."""
    return program not in policy.telemetry.provisional or bool(policy.speaker(program))


def found_twice(rows: Iterable[Beside], speakers: Mapping[str, str]) -> list[Twice]:
    """What of some days is told twice.

    Args:
        rows: what programs and providers tell of the same accounts on the same days.
        speakers: who speaks for each program, "" for nobody; their reports take the place of what it told already.
    """
    told: dict[tuple[str, str, str, object, str], list[Beside]] = defaultdict(list)
    for each in rows:
        if each.provider != speakers[each.program] and model_key(each.model) == model_key(each.its_model):
            told[each.program, each.provider, each.account_id, each.day, model_key(each.model)].append(each)
    sums: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for (program, provider, account_id, _, _), same in told.items():
        tokens, cost = _sum(each for each in {(one.model, one.tokens, one.cost_nanos) for one in same})
        its_tokens, its_cost = _sum(each for each in {(one.its_model, one.its_tokens, one.its_cost) for one in same})
        if tokens >= TOKENS_MIN and its_tokens * 100 >= tokens * AS_MUCH_PERCENT:
            sums[program, provider].append((account_id, max(0, min(cost, its_cost))))
    found = [Twice(*key, len({who for who, _ in some}), sum(cost for _, cost in some)) for key, some in sums.items()]
    return sorted(found, key=lambda each: (-each.cost_nanos, each.program, each.provider))


def _sum(models: Iterable[tuple[str, int, int]]) -> tuple[int, int]:
    """The tokens and the cost of several models that are one, each once."""
    known = list(models)
    return sum(tokens for _, tokens, _ in known), sum(cost for _, _, cost in known)


def twice_in_words(ctx: Context) -> Iterator[tuple[str, str]]:
    """What is told twice and what to set, a pair for each program and provider."""
    vendors = {each.name: each.service for each in ctx.policy.vendors}
    for each in told_twice(ctx):
        program, service = ctx.t(PROGRAMS[each.program].title), vendors[each.provider]
        amount = ctx.amount(each.cost_nanos, ctx.policy.organization.currency)
        said = ctx.nt(
            "{program} and {service} tell of the same calls of {n} person or agent: about {amount} counts twice",
            "{program} and {service} tell of the same calls of {n} people and agents: about {amount} counts twice",
            each.accounts,
            program=program,
            service=service,
            amount=amount,
        )
        setting = f"telemetry.provisional: {{{each.program}: {each.provider}}}"
        none = f"{{{each.program}: none}}"
        advice = ctx.t("Set {setting} in app.yaml. If these are other calls: {none}", setting=setting, none=none)
        yield said, advice
