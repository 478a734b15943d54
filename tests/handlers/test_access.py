"""Who may see what and do what, as a table: every asker, every subject, every command that takes one."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bot.directory.combined import Everybody
from bot.directory.known_people import Memory
from bot.platforms import terminal
from handlers import COMMANDS, EVENTS
from handlers.access import told_apart
from handlers.arguments import AmountWord, OneOf, OneWord, PeriodWord, TextWord, UntilWord, WhomWord
from handlers.card import Text
from handlers.parser import Command, Parameter
from handlers.place import Place
from handlers.questions.breakdown import too_few
from handlers.sentence import Sentence
from storage import alerts
from storage.alerts import Alert
from storage.directory import Agent, Directory, Link, Person, Team
from storage.people import Account
from storage.tables import metadata
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.databases import migrated

PEOPLE = (
    Person("ana", "Ana Silva", "ana@acme.example", "mia", "search"),
    Person("eva", "Eva Colleague", "eva@acme.example", "mia", "search"),
    Person("mia", "Mia Manager", "mia@acme.example", "max", "search"),
    Person("max", "Max Weber", "max@acme.example", "kim", "search"),
    Person("bob", "Bob Reyes", "bob@acme.example", "lea", "ads"),
    Person("oli", "Oli Operator", "oli@acme.example", "lea", "ads"),
    Person("lea", "Lea Novak", "lea@acme.example", "kim", "ads"),
    Person("kim", "Kim Tanaka", "kim@acme.example", "", "engineering"),
    Person("fay", "Fay Osei", "fay@acme.example", "kim", roles=("finance",)),
    Person("ada", "Ada Admin", "ada@acme.example", "kim", roles=("admin",)),
    Person("gus", "Gus Gone", "gus@acme.example", "max", "search", roles=("finance",), active=False),
)
ACME = Directory(
    people=PEOPLE,
    teams=(
        Team("engineering", "Engineering", "kim"),
        Team("search", "Search", "max", "engineering"),
        Team("ads", "Ads", "lea", "engineering"),
    ),
    agents=(Agent("crawler", "Crawler", "oli", "search"),),
    links=(
        *(Link("llm", "user", person.id, f"person/{person.id}") for person in PEOPLE),
        *(Link("web", "user", f"demo/{person.id}", f"person/{person.id}") for person in PEOPLE),
        Link("llm", "user", "crawler-key", "agent/crawler"),
    ),
)
# What each spent: figures that cannot be taken for one another.
SPENT = {"ana": "111.11", "eva": "155.55", "bob": "122.22", "crawler-key": "133.33", "ghost": "144.44", "gus": "166.66"}
ABOVE = {
    "person/ana": ("person/ana", "team/search", "team/engineering", "org"),
    "person/bob": ("person/bob", "team/ads", "team/engineering", "org"),
    "team/search": ("team/search", "team/engineering", "org"),
    "team/ads": ("team/ads", "team/engineering", "org"),
    "team/engineering": ("team/engineering", "org"),
    "agent/crawler": ("agent/crawler", "team/search", "team/engineering", "org"),
    "org": ("org",),
    "unallocated": ("unallocated", "org"),
}
TOTALS = {
    "person/ana": "$111.11",
    "person/bob": "$122.22",
    "team/search": "$566.65",
    "team/ads": "$122.22",
    "team/engineering": "$688.87",
    "agent/crawler": "$133.33",
    "org": "$833.31",
    "unallocated": "$144.44",
}
ASKERS = ("ana", "eva", "mia", "max", "lea", "kim", "oli", "fay", "ada", "gus", "stranger")
# How people may call a subject, and how they would call one that is not there.
CALLED = {
    "person/ana": (("ana", "zed"), ("@ana", "@zed"), ("person ana", "person zed"), ("ana@acme.example", "zed@acme.ex")),
    "person/bob": (("bob", "zed"), ("Bob Reyes", "Zed Reyes")),
    "team/search": (("team search", "team zed"), ("Search", "Zed")),
    "team/ads": (("team ads", "team zed"),),
    "team/engineering": (("team engineering", "team zed"),),
    "agent/crawler": (("agent crawler", "agent zed"), ("@crawler", "@zed")),
    "org": (("organization", "zed"), ("everybody", "zed")),
    "unallocated": (("unallocated", "zed"),),
}
OWNERS = {"team/search": "max", "team/ads": "lea", "team/engineering": "kim", "agent/crawler": "oli"}


def may(asker: str, subject: str) -> bool:
    """Invariant 10, anew in a few lines: the reference that the bot is compared with."""
    if asker in ("gus", "stranger"):
        return False
    if asker in ("fay", "ada") or subject == f"person/{asker}":
        return True
    return asker in {OWNERS.get(above) for above in ABOVE[subject]}


def made(path: Path, clock: Clock) -> Company:
    """The company with what was spent, a pending request, a grant and an alert."""
    database = migrated(path / "access.db")
    budgets = [*RULES["budgets"], {"name": "wide", "who": "organization", "amount": "9000 USD", "every": "year"}]
    company = Company(database, clock, {**RULES, "budgets": budgets}, ACME)
    company.llm.rows = []
    for subject, dollars in SPENT.items():
        company.llm.spends(subject, dollars, date(2026, 11, 20))
    company.llm.spends("ana", "0.00", date(2026, 11, 21), tokens=0)
    company.llm.spends("bob", "0.00", date(2026, 11, 21), "claude-opus-4-5", tokens=0)
    company.pull()
    company.hear("ana", "request 50 for the pending one")
    company.hear("ana", "request 20 for the granted one")
    company.hear("mia", "approve 2")
    told = Alert("per-person", date(2026, 11, 1), "person/ana", 80, "1", "fired", 1, 1, clock())
    database.transact(lambda conn: alerts.note(conn, [told]))
    company.llm.knows("ana")
    company.app.limits.read(company.llm, compare=False)
    return company


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """One that is only asked."""
    one = made(tmp_path_factory.mktemp("access"), Clock())
    yield one
    one.database.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Company]:
    """One that may be changed."""
    one = made(tmp_path, Clock())
    yield one
    one.database.close()


# Questions -----------------------------------------------------------------------------------------------------------


def takes_figures_of(one: Command) -> list[Parameter]:
    """The parameters of a command that name somebody whose figures are shown."""
    return [each for each in one.parameters if isinstance(each.word, WhomWord) and each.word.figures]


# Something to say for a parameter that must be said.
SAID = {AmountWord: "20", OneWord: "1", PeriodWord: "this month", UntilWord: "until friday", TextWord: "because"}


def filled(parameter: Parameter) -> str:
    """Words for a parameter; a new kind of word wants a line above."""
    word = parameter.word
    if isinstance(word, OneOf):
        return f"{word.lead} {word.choices[0]}".strip()
    return f"{word.lead} eva" if isinstance(word, WhomWord) else SAID.get(type(word), "for crawler")


def sentence(one: Command, whom: Parameter, name: str) -> str:
    """A command said about somebody, with whatever else it needs."""
    assert isinstance(whom.word, WhomWord)
    rest = [filled(each) for each in one.parameters if each is not whom and each.required]
    rest.sort(key="because".__eq__)  # free words come last
    return " ".join([one.name, f"{whom.word.lead} {name}", *rest])


ABOUT = [(one.name, whom.name) for one in COMMANDS.values() for whom in takes_figures_of(one)]


def test_the_table_knows_the_questions_there_are() -> None:
    """The table is made from the menu; if nothing is found there, it is empty and proves nothing."""
    questions = {one.name for one in COMMANDS.values() if takes_figures_of(one) and not one.writes}
    assert questions >= {"balance", "spend", "why", "forecast", "pool"}


@pytest.mark.parametrize("asker", ASKERS)
@pytest.mark.parametrize(("name", "parameter"), ABOUT)
def test_figures_are_for_oneself_for_owners_and_for_finance(
    company: Company, name: str, parameter: str, asker: str
) -> None:
    """Invariant 10: and the unknown and the forbidden sound alike, so that a refusal tells nothing."""
    one = COMMANDS[name]
    whom = next(each for each in one.parameters if each.name == parameter)
    for subject, names in CALLED.items():
        for word, unknown in names if not one.writes else names[:1]:
            if may(asker, subject) and one.writes:
                continue
            card = company.hear(asker, sentence(one, whom, word))
            shown = terminal.render(card)
            if may(asker, subject):
                assert not card.title.startswith(("You can't see figures", "I don't know")), (asker, subject, shown)
                continue
            other = terminal.render(company.hear(asker, sentence(one, whom, unknown)))
            assert card.tone == "warn"
            assert not has_figures(shown), (asker, subject, shown)
            assert quoted(shown, word) == quoted(other, unknown), (asker, subject)


def quoted(shown: str, name: str) -> str:
    """An answer without the name that was asked for, as the bot repeats it."""
    words = name.removeprefix("@").split()
    said = words[1] if words[0] in ("person", "team", "agent") else words[0]
    return shown.replace(f"“{said}”", "“…”")


def has_figures(shown: str) -> bool:
    """Whether there is an amount or a share in an answer."""
    return any(sign in shown for sign in ("$", "%", *TOTALS.values(), *SPENT.values()))


@pytest.mark.parametrize("asker", ASKERS)
def test_who_may_see_a_sum_sees_the_right_one(company: Company, asker: str) -> None:
    """So that the table above is not won by showing nothing to anybody."""
    for subject, names in CALLED.items():
        title = company.hear(asker, f"spend of {names[0][0]}").title
        assert (TOTALS[subject] in title) is may(asker, subject), (asker, subject, title)


@pytest.mark.parametrize("name", sorted({name for name, _ in ABOUT if not COMMANDS[name].writes}))
def test_what_one_sees_of_oneself_shows_nobody_elses_figures(company: Company, name: str) -> None:
    """Ana's own answers hold neither a colleague's name nor what the colleague spent; only “who” names her manager."""
    for words in (name, *(f"{name} by {by}" for by in ("person", "team", "agent", "key", "day") if name == "spend")):
        shown = company.say("ana", words)
        others = [SPENT[each] for each in SPENT if each != "ana"]
        names = ("Eva", "Bob", *(() if name == "who" else ("Mia",)))
        assert not any(secret in shown for secret in (*names, *others)), shown


@pytest.mark.parametrize("asker", ["gus", "stranger"])
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_who_has_left_or_was_never_there_gets_one_answer_to_everything(company: Company, name: str, asker: str) -> None:
    """Also whoever once had a role."""
    answer = company.hear(asker, " ".join([name, *(filled(each) for each in COMMANDS[name].parameters[:1])]))

    assert answer.title == "I don't know you. Ask an admin to add you to the people of Bursar."


def test_what_a_channel_reads_is_of_five_people_or_more(company: Company) -> None:
    """The clock may say totals to all; a list of teams tells those that are large enough, and all others together."""

    def personal(words: str) -> bool:
        return company.app.hear(Sentence(words, "clock", Place("web", "#all", public=True))).personal

    assert not personal("spend of organization by model")
    for words in ("balance", "spend", "spend of team ads", "balance of ana", "spend of crawler", "pool of team search"):
        assert personal(words), words
    for by in ("person", "agent", "key"):
        assert personal(f"spend of organization by {by}"), by
    by_team = company.app.hear(Sentence("spend of organization by team", "clock", Place("web", "#all", public=True)))
    assert not any(secret in terminal.render(by_team) for secret in (TOTALS["team/ads"], TOTALS["team/search"]))


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"a": 5, "b": 5}, {"lab", "a", "b"}),
        ({"a": 5, "b": 5, "": 2}, {"lab", "b"}),  # without b's, a and two others are seven
        ({"a": 5, "b": 2}, {"lab"}),
        ({"a": 8, "b": 5, "c": 4}, {"lab", "a"}),  # c alone would be four
        ({"a": 5, "b": 6, "c": 5, "": 5}, {"lab", "a", "b", "c"}),
        ({"a": 4}, set()),
    ],
)
def test_no_total_tells_of_few_by_what_it_leaves(sizes: dict[str, int], told: set[str]) -> None:
    """Fewer than five are behind no total, nor behind what is left when totals are taken from one another."""
    accounts = [Account("lab", "team", "Lab", "org", "", "", active=True)]
    for team, size in sizes.items():
        if team:
            accounts.append(Account(team, "team", team, "lab", "", "", active=True))
        accounts += [
            Account(f"person/{team}{n}", "person", "", team or "lab", "", "", active=True) for n in range(size)
        ]
    assert told_apart(accounts, "lab") == told


def test_models_that_few_use_are_told_together() -> None:
    """With the next one, until five people are behind it."""
    many, few = {f"p{n}" for n in range(6)}, {"p1", "p2"}
    assert too_few({"sonnet": many, "opus": few}) == {"sonnet", "opus"}
    assert too_few({"sonnet": many, "haiku": many | few | {"p7"}, "opus": few}) == {"sonnet", "opus"}
    assert too_few({"sonnet": many}) == set()


# Orders --------------------------------------------------------------------------------------------------------------

# An order, and who may give it; everybody else changes nothing by it.
ORDERS = {
    "allot 200 to ana from team search": {"max", "kim"},
    "allot 200 to max from team search": {"max", "kim"},
    "split now of team search": {"max", "kim"},
    "transfer 10 from ana to eva": {"ana", "max", "kim"},
    "transfer 10 from bob to ana": {"kim"},
    "transfer 10 from crawler to ana": set[str](),
    "correct 5 of ana for the outage": {"fay"},
    "correct 5 of fay for the outage": set[str](),
    "correct 5 of team search for the outage": {"fay"},
    "link llm user ghost to ana": {"fay", "ada"},
    "price my-model input 3 output 15": {"fay"},
    "price my-model free": {"fay"},
    "enforce per-person": {"fay", "ada"},
    "close": {"fay", "ada"},
    "approve 1": {"mia"},
    "approve 1 10": {"mia"},
    "deny 1 too early": {"mia"},
    "question 1 can it wait?": {"mia", "ana", "fay", "ada"},
    "withdraw 1": {"ana"},
    "change 1 a better reason": {"ana"},
    "remind 1": {"ana"},
    "revoke 2 the project ended": {"ana", "mia", "fay"},
    "return-grant 2": {"ana"},
    "request 10 for crawler a nightly job": {"oli"},
    "raise crawler to 900 a month until 2026-12-31: a nightly job": {"oli"},
    "permanent 900 a month for crawler: a nightly job": {"oli"},
    "end-exception 1 it is over": set[str](),
    "approve-anew 1": {"mia"},
    "known 1": {"ana"},
    "snooze 1": {"ana"},
    "retry": {"fay", "ada"},
    "pause @ana": {"ana", "max", "kim", "fay", "ada"},
    "resume @ana": set[str](),
    "proceed llm": {"fay", "clock"},
    "restore llm": {"fay", "clock"},
    "restore-ours llm user:ana 1": set[str](),
    "keep-theirs llm user:ana 1": set[str](),
    "adopt llm user:ana 1": set[str](),
    "done 1": set[str](),
    "dismiss 1 it is meant so": set[str](),
    "comment 1 is it needed?": set[str](),
    "postpone 1": set[str](),
    "keep 1": set[str](),
    "release 1": set[str](),
    "expected 1": set[str](),
    "unexpected 1": set[str](),
    "token new for agent crawler": {"oli", "max", "kim", "ada"},
    "send 1": set[str](),
    "dont-send 1": set[str](),
    "continue 1": set[str](),
}
# What anybody may do, for it concerns but them.
FREE = {"delegate", "settings"}
ELSEWHERE = {"claim", "demote", "erase", "go-live", "paid", "promote", "propose", "receipt"}
"""Orders that need something of their own first, such as a restored copy: their own tests hold who may give them."""


def test_no_person_says_an_event(fresh: Company) -> None:
    """What the machine tells itself is no sentence, whoever says it, and it is not raised by whom it is not of."""
    for name, kind in EVENTS.items():
        assert name not in COMMANDS
        for person in ("ana", "fay", "ada"):
            assert fresh.hear(person, f"{name} llm 1").title.startswith("I don't know")
        event = object.__new__(kind.event)
        for other in {"clock", "sync", "platform"} - kind.by:
            assert not fresh.app.handle(event, other)  # type: ignore[arg-type]


def test_every_order_of_the_menu_stands_in_the_table() -> None:
    """A new order without a word on who may give it fails here."""
    assert {words.split()[0] for words in ORDERS} | FREE | ELSEWHERE == {
        one.name for one in COMMANDS.values() if one.writes
    }


def everything(company: Company) -> str:
    """A hash of all rows of all tables."""

    def work(conn: Connection) -> str:
        rows = [sorted(map(repr, conn.execute(select(table)))) for table in metadata.sorted_tables]
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    return company.database.ask(work)


@pytest.mark.parametrize("words", sorted(ORDERS))
def test_an_order_is_carried_out_for_those_who_may_give_it_and_for_nobody_else(fresh: Company, words: str) -> None:
    """Whoever may not, hears so in one sentence without a figure, and not a row is changed."""
    before = everything(fresh)
    for asker in (*ASKERS, "clock"):
        if asker in ORDERS[words] or (asker == "clock" and not COMMANDS[words.split(maxsplit=1)[0]].hidden):
            continue  # the clock has every role and says what the schedule says
        card = fresh.hear(asker, words)
        assert card.tone == "warn", (asker, card.title)
        assert not has_figures(terminal.render(card)), (asker, card)
        assert not [block for block in card.blocks if not isinstance(block, Text)], (asker, card)
        assert everything(fresh) == before, asker
    for asker in sorted(ORDERS[words])[:1]:
        assert fresh.hear(asker, words).tone != "warn"


def test_a_button_gives_no_authority(fresh: Company) -> None:
    """The handle of a request, copied from the manager's message, is worth nothing to anybody else."""
    fresh.settle()
    card = next(card for card in fresh.messages("mia") if card.title.startswith("Ana Silva asks for $50.00"))
    says = next(button.says for button in card.buttons if button.says.startswith("approve "))
    before = everything(fresh)
    for asker in ASKERS:
        if asker != "mia":
            assert fresh.hear(asker, says).tone == "warn"
            assert fresh.hear(asker, "approve", number=says.split()[1]).tone == "warn"
    assert everything(fresh) == before

    assert fresh.hear("mia", says).tone != "warn"


def test_authority_is_of_now_and_not_of_when_it_was_asked(fresh: Company) -> None:
    """Whoever stops being the manager cannot decide any more, and the new one can."""
    people = tuple(replace(one, manager="max") if one.id == "ana" else one for one in PEOPLE)
    fresh.directory = replace(ACME, people=people)
    fresh.app.refresh_people()

    assert fresh.hear("mia", "approve 1").tone == "warn"
    assert fresh.hear("max", "approve 1").title.startswith("Approved")


def test_nobody_becomes_the_clock_by_a_name(fresh: Company) -> None:
    """Somebody whom the people sources call by the clock's id is not let in; everybody else stays as they were."""
    carl = Person("clock", "Carl Clock", "clock@acme.example", "max", "search")
    link = Link("web", "user", "demo/clock", "person/clock")
    both = replace(ACME, people=(*PEOPLE, carl), links=(*ACME.links, link))
    fresh.app.directory = Everybody(both, (), Memory)

    assert "clock" in fresh.app.refresh_people()
    assert fresh.app.who("web", "demo/clock") is None
    assert fresh.hear("ana", "balance").tone != "warn"
