"""What the audit has, in words: its verbs, why somebody might, and to what it was done.

The audit keeps short English words, which programs read, too. People read them here, in their language. What somebody
wrote, and figures of then, stand there as they were written.
"""

import re
from collections.abc import Mapping
from datetime import date

from handlers.context import Context
from handlers.language import N_
from storage.audit import Deed

OF_REQUESTS: Mapping[str, str] = {
    "proposed": N_("let a program ask"),
    "not sent": N_("did not send it"),
    "asked": N_("asked"),
    "agreed": N_("agreed"),
    "approved": N_("approved"),
    "denied": N_("denied"),
    "withdrawn": N_("withdrew it"),
    "changed": N_("changed the reason"),
    "reminded": N_("sent a reminder"),
    "nudged": N_("sent a reminder"),
    "raised": N_("asked the manager above"),
    "lapsed": N_("expired"),
    "said": N_("wrote"),
    "revoked": N_("took back the rest"),
    "given back": N_("returned the rest"),
    "handed over": N_("asked others"),
    "unreached": N_("could not reach"),
    "reached": N_("reached them after all"),
    "ended": N_("ended"),
    "continued": N_("let the job continue"),
    "applied": N_("applied at the provider"),
    "paid": N_("noted as paid back"),
    "added a receipt": N_("added a receipt"),
    "looked at a receipt": N_("looked at a receipt"),
    "sent a receipt twice": N_("sent a receipt twice"),
}
"""What was done to a request."""

DEEDS: Mapping[str, str] = {
    "let limits change": N_("let limits be written at the provider"),
    "restored ours": N_("restored Bursar's limit"),
    "kept theirs": N_("kept the provider's limit"),
    "adopted theirs": N_("took the provider's limit into the budget"),
    "paused": N_("paused"),
    "resumed": N_("resumed"),
    "reserved": N_("reserved"),
    "settled": N_("reported the cost"),
    "released": N_("released"),
    "extended": N_("extended"),
    "reported done": N_("reported as done"),
    "went live": N_("went live after a restore"),
    "made token": N_("made a token"),
    "rotated token": N_("replaced a token"),
    "revoked token": N_("revoked a token"),
    "ended token": N_("ended a token"),
    "first used token": N_("used a token for the first time"),
    "made sign-in link": N_("made a sign-in link"),
    "signed in": N_("signed in"),
    "signed out": N_("signed out"),
    "ended session": N_("ended a session"),
    "erased": N_("erased a person"),
    "linked": N_("linked an identity"),
    "promoted": N_("made a shadow budget count"),
    "demoted": N_("made a budget a shadow budget"),
    "proposed": N_("proposed limits"),
    "delegated": N_("delegated decisions"),
    "allotted": N_("set a share"),
    "split": N_("split a pool"),
    "transferred": N_("transferred"),
    "corrected": N_("corrected"),
    "enforced": N_("had limits enforced"),
    "expected": N_("marked as expected"),
    "unexpected": N_("marked as not expected"),
    "priced": N_("set a price"),
    "repriced": N_("priced again"),
    "done": N_("acted on a finding"),
    "dismissed": N_("dismissed a finding"),
    "postponed": N_("postponed a finding"),
    "kept": N_("kept a seat"),
    "commented": N_("commented on a finding"),
    "ended": N_("ended"),
}
"""What was done to anything else."""

RIGHTS: Mapping[str, str] = {
    "manager": N_("manager"),
    "manager above": N_("manager above"),
    "owner": N_("owner"),
    "lead": N_("lead of the pool"),
    "own": N_("own account"),
    "self": N_("the person"),
    "asker": N_("whoever asked"),
    "decider": N_("whoever decides"),
    "approval policy": N_("approval policy"),
    "reader": N_("may see the receipt"),
    "token": N_("token"),
    "rules": N_("rules of Bursar"),
    "prices": N_("prices"),
    "verified address": N_("verified address"),
    "server": N_("command line of the server"),
    "pause_above of the policy": N_("app.yaml pauses it automatically"),
    "no answer in time": N_("no answer in time"),
    "no message reaches them": N_("no message reaches them"),
    "people, budgets or the day changed": N_("people, budgets or the day changed"),
    "reached again": N_("they can be reached again"),
    "its last day is over": N_("its last day is over"),
    "no longer there": N_("no longer there"),
}
"""Why somebody might, or why it was done."""

ROLES: Mapping[str, str] = {"finance": N_("finance"), "admin": N_("admin"), "viewer": N_("viewer")}

EXPIRED_BECAUSE: Mapping[str, str] = {
    "silent": N_("nobody answered"),
    "period": N_("the period is over"),
    "asker": N_("whoever asked has left"),
    "account": N_("the account is no longer there"),
    "owner": N_("whoever asked no longer owns the agent"),
    "budget": N_("the budget no longer applies"),
    "provider": N_("the provider is no longer connected"),
    "nobody": N_("nobody can decide it"),
    "unreached": N_("nobody who decides can be reached"),
}
"""Why a request expired, instead."""

SUBJECTS: Mapping[str, str] = {
    "request": "#{name}",
    "finding": N_("finding #{name}"),
    "danger": N_("spike #{name}"),
    "token": N_("token #{name}"),
    "session": N_("session #{name}"),
    "reservation": N_("reservation #{name}"),
    "limit": N_("limit {name}"),
    "budget": N_("budget {name}"),
    "provider": N_("provider {name}"),
    "model": N_("model {name}"),
    "day": N_("day {name}"),
    "person": N_("person {name}"),
    "account": N_("account {name}"),
    "team": N_("team {name}"),
    "agent": N_("agent {name}"),
}
WHOLE: Mapping[str, str] = {"database": N_("database"), "prices": N_("prices")}

DELEGATED = re.compile(r"(?P<right>.+), for (?P<id>\S+) until (?P<until>\d{4}-\d\d-\d\d)")


def delegates(deed: Deed) -> set[str]:
    """The id of the person for whom somebody decided, if they did for another."""
    found = DELEGATED.fullmatch(deed.authority)
    return {found["id"]} if found else set()


def deed_in_words(ctx: Context, deed: Deed) -> str:
    """What was done."""
    table = OF_REQUESTS if deed.subject.startswith("request/") else DEEDS
    return ctx.t(table.get(deed.what, deed.what))


def right_in_words(ctx: Context, deed: Deed, names: Mapping[str, str]) -> str:
    """Why somebody might, or why it was done; a provider's name and the like as it is.

    Args:
        ctx: whose language.
        deed: as it stands in the audit.
        names: of the people that `delegates` has, by id.
    """
    if deed.what == "lapsed":
        return ctx.t(EXPIRED_BECAUSE.get(deed.authority, deed.authority))
    other = DELEGATED.fullmatch(deed.authority)
    if other is None:
        return _right(ctx, deed.authority)
    return ctx.t(
        "{right}, for {name} until {day}",
        right=_right(ctx, other["right"]),
        name=names.get(other["id"], other["id"]),
        day=ctx.day(date.fromisoformat(other["until"])),
    )


def _right(ctx: Context, said: str) -> str:
    kind, _, name = said.partition(" ")
    if said in RIGHTS:
        return ctx.t(RIGHTS[said])
    if kind == "role" and name:
        return ctx.t("role {role}", role=ctx.t(ROLES.get(name, name)))
    if kind == "people":
        return ctx.t("named in the approval policy")
    if kind == "for" and name:
        return ctx.t("for {name}", name=name)
    return said


def subject_in_words(ctx: Context, deed: Deed) -> str:
    """To what it was done: an account by its name, a request by its number."""
    account = ctx.account(deed.subject)
    if account:
        return ctx.called(account)
    kind, slash, name = deed.subject.partition("/")
    if slash and kind in SUBJECTS:
        return ctx.t(SUBJECTS[kind], name=name)
    return ctx.t(WHOLE[deed.subject]) if deed.subject in WHOLE else deed.subject
