"""The pages of the console: PAGES is the table.

A page is a list of sentences. Whatever somebody may not hear in the chat, no page shows them; `for_whom` only keeps out
of the navigation what would be of no use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from handlers.card import Input
from handlers.language import N_

Audience = Literal["all", "claimant", "decider", "owner", "viewer", "finance", "payer"]
"""Everybody; the same where something can be claimed; who is somebody's manager; who owns a team; who sees groups of
the whole company; who sees all; the same where something can be claimed."""

PERIOD = "period"
"""A placeholder that may stay empty: the page then is about now."""
PERIODS = 6
"""So many months are offered."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Args:
        path: its address; what stands in braces fills the sentences, such as `/team/{team}`.
        title: what the navigation calls it; with the number that is in its address, or the name of the team.
        question: what it answers.
        sentences: what it asks; the first one is the heart of it, and the page is there for whoever may ask that. One
            with a `{name}` is asked if that field is filled in; `{period}` and what is optional may stay empty.
        for_whom: in whose navigation it stands.
        fields: a form at its top; each fills the placeholder of its name.
        in_navigation: whether it stands there by itself.
        months_over: whether the months it offers are those that are over.
    """

    path: str
    title: str
    question: str
    sentences: tuple[str, ...]
    for_whom: Audience = "all"
    fields: tuple[Input, ...] = ()
    in_navigation: bool = True
    months_over: bool = False

    @property
    def has_period(self) -> bool:
        """Whether it can be about an earlier month."""
        return any(f"{{{PERIOD}}}" in each for each in self.sentences)

    @property
    def takes(self) -> tuple[str, ...]:
        """The names of what may stand behind its address."""
        return (*(each.name for each in self.fields), *([PERIOD] if self.has_period else []))

    def asks(self, values: Mapping[str, str]) -> list[str]:
        """Its sentences, as far as their placeholders are filled."""
        filled = {PERIOD: "", **{each.name: "" for each in self.fields}, **values}
        may_stay_empty = {PERIOD, *(each.name for each in self.fields if each.optional)}
        missing = [f"{{{name}}}" for name, value in filled.items() if not value and name not in may_stay_empty]
        ready = [each for each in self.sentences if not any(name in each for name in missing)]
        return [" ".join(each.format_map(filled).split()) for each in ready]

    def at(self, **values: str) -> str:
        """Its address."""
        return self.path.format(**{name: quote(value, safe="") for name, value in values.items()})


PAGES: tuple[Page, ...] = (
    Page(
        "/",
        N_("My budget"),
        N_("What is left, and will it last?"),
        ("balance", "spend by model {period}", "forecast"),
    ),
    Page(
        "/requests",
        N_("Requests"),
        N_("What did I ask for, and what waits for me?"),
        ("requests", "request", "exceptions"),
    ),
    Page(
        "/request/{number}",
        N_("Request #{number}"),
        N_("What was asked for, and what became of it?"),
        ("history {number}",),
        in_navigation=False,
    ),
    Page(
        "/claims",
        N_("My claims"),
        N_("What did I buy myself, and what is left of the year?"),
        ("claims", "claim"),
        "claimant",
    ),
    Page(
        "/claim/{number}",
        N_("Claim #{number}"),
        N_("What was bought, and what shows it?"),
        ("receipts {number}", "history {number}"),
        "claimant",
        in_navigation=False,
    ),
    Page(
        "/waste",
        N_("Savings"),
        N_("What was paid for and bought nothing?"),
        ("waste", "models"),
    ),
    Page(
        "/queue",
        N_("To decide"),
        N_("Who waits for my decision?"),
        ("home",),
        "decider",
    ),
    Page(
        "/team/{team}",
        N_("Team {name}"),
        N_("How does the budget of the team stand, and where does it go?"),
        (
            "spend of team {team} by model {period}",
            "pool of team {team}",
            "forecast of team {team}",
            "spend of team {team} by person {period}",
            "waste of team {team}",
            "value of team {team}",
        ),
        "owner",
        in_navigation=False,
    ),
    Page(
        "/organization",
        N_("Organization"),
        N_("What does the month cost, and who spends it?"),
        (
            "spend of organization by team {period}",
            "forecast of organization",
            "balance of organization",
            "spend of organization by model {period}",
            "spend of organization by provider {period}",
            "outcomes",
            "guard",
        ),
        "viewer",
    ),
    Page(
        "/providers",
        N_("Providers"),
        N_("Is everything read and applied?"),
        ("status", "providers"),
        "finance",
    ),
    Page(
        "/money",
        N_("Month end"),
        N_("What do I post, and what is not known yet?"),
        ("month {period}", "link", "price"),
        "finance",
        months_over=True,
    ),
    Page(
        "/payroll",
        N_("To pay back"),
        N_("Which claims does payroll have to pay?"),
        ("payroll", "claims all"),
        "payer",
    ),
    Page(
        "/lab",
        N_("Policy lab"),
        N_("What would other limits have done?"),
        ("lab", "try {first}", "try {second}", "contracts"),
        "finance",
        (
            Input("first", N_("Try"), hint=N_("such as: per-person 150 USD")),
            Input("second", N_("Compare with"), hint=N_("such as: per-person 200 USD granting none")),
        ),
    ),
    Page(
        "/audit",
        N_("Audit"),
        N_("Who did what?"),
        ("audit {filter}",),
        "finance",
        (Input("filter", N_("Of whom, and when"), hint=N_("such as: of ana last week"), optional=True),),
    ),
)
"""In the order of the navigation."""
