"""What pages show, and to whom: the same as the chat, out of the same sentences."""

import re
from dataclasses import replace
from urllib.parse import unquote

import pytest
import yaml

from bot.console.desk import attachment
from bot.console.drawing import once
from bot.console.pages import PAGES
from handlers import COMMANDS, is_order, parse_command
from handlers.card import Card, Table, Text
from handlers.on_pages import PAGES_OF, PAGES_OF_ALL
from handlers.policy.policy import ClaimRules
from tests.console.conftest import URL, Console, console_of, words_of
from tests.support.company import ACME, Company
from tests.support.history import on_working_days, read_all, uses

EXAMPLES = {"team": "search", "period": "2026-11", "number": "1"}


def test_a_page_shows_the_figures_of_the_chat(console: Console) -> None:
    """One number, whoever is asked."""
    said = console.company.say("ana", "balance")

    page = console.of("ana").reads("/")

    assert "$153.24" in said
    assert "$153.24 left of $400.00" in page.replace("\n", "")
    assert "Own budget, this month" in page


def test_somebody_has_the_pages_that_are_of_use_to_them(console: Console) -> None:
    """Ana has hers; Max his team and what he decides; finance all."""
    pages = {
        person: re.findall(r'<li><a href="([^"]+)"', console.of(person).get("/").text)
        for person in ("ana", "max", "fay")
    }

    assert pages["ana"] == ["/", "/requests", "/waste"]
    assert pages["max"] == ["/", "/requests", "/waste", "/queue", "/team/search"]
    assert pages["fay"] == [
        "/",
        "/requests",
        "/waste",
        "/queue",
        "/organization",
        "/providers",
        "/money",
        "/lab",
        "/audit",
    ]


@pytest.mark.parametrize(
    "path", ["/organization", "/providers", "/money", "/lab", "/audit", "/team/search", "/team/nowhere", "/queue"]
)
def test_what_one_may_not_see_and_what_is_not_there_are_answered_alike(path: str, console: Console) -> None:
    """Nobody learns by an address what there is."""
    ana = console.of("ana")

    assert (ana.get(path).status_code, words_of(ana.get(path).text)) == (404, words_of(ana.get("/none").text))


def test_who_owns_a_team_sees_no_other(console: Console) -> None:
    """Max owns Search; Ads is as if it were not there."""
    max_ = console.of("max")

    assert "Search: $246.76 spent" in max_.reads("/team/search").replace("\n", "")
    ads, none = max_.get("/team/ads"), max_.get("/team/none")
    assert (ads.status_code, none.status_code) == (404, 404)
    assert words_of(ads.text).replace("ads", "none") == words_of(none.text)


def test_a_question_in_a_link_is_answered_within_the_same_rights(console: Console) -> None:
    """`/ask` hears what the chat hears."""
    assert "$246.76" in console.of("max").reads("/ask?q=spend+of+team+search")
    assert "You can't see figures" in console.of("ana").reads("/ask?q=spend+of+team+ads")


@pytest.mark.parametrize(
    "order", ["approve 1", "retry", "close", "token new", "allot 300 to ana", "settings language zh"]
)
def test_an_order_in_a_link_is_a_button_and_nothing_more(order: str, console: Console) -> None:
    """Corporate proxies and mail scanners open links."""
    before = console.audit()

    page = console.of("fay").get("/ask", params={"q": order})

    assert page.status_code == 200
    assert f'name="says" value="{order}"' in page.text
    assert console.audit()[len(before) :] == [
        ("fay", "made sign-in link", "person/fay"),
        ("fay", "signed in", "session/1"),
    ]


def test_an_order_is_carried_out_by_whoever_presses_it_once(console_anywhere: Console) -> None:
    """A double click, or a page that is loaded again, is one order; the audit says from where."""
    ana = console_anywhere.of("ana")

    first = ana.says("request 50 finish the migration", delivery="a")
    again = ana.says("request 50 finish the migration", delivery="a")

    assert first == again
    assert "Max Weber" in first
    assert "1 open" in ana.reads("/requests")
    rows = console_anywhere.audit()
    assert [each for each in rows if each[1] == "asked"] == [("ana", "asked", "request/1")]


def test_a_manager_decides_on_the_page_and_nobody_else_can(console_anywhere: Console) -> None:
    """The same permission check as in the chat."""
    console_anywhere.of("ana").says("request 50 finish the migration")
    queue = console_anywhere.of("max").get("/queue").text
    says = re.search(r'name="says" value="(approve [^"]+)"', queue)
    assert says

    assert "approved" not in console_anywhere.of("ana").says(says[1]).lower().replace("can't", "")
    assert "Approved" in console_anywhere.of("max").says(says[1])


def test_a_form_that_is_refused_is_shown_again_with_what_was_filled_in(console: Console) -> None:
    """Nothing is asked twice, and the fault stands at its field."""
    ana = console.of("ana")
    form = ana.get("/ask?q=request").text
    names = re.findall(r' name="(\w+)" aria', form)
    assert "amount" in names

    answer = ana.post("/say", says="request", form="request", amount="lots", reason="finish the migration")

    assert 'aria-invalid="true"' in answer.text
    assert 'value="lots"' in answer.text
    assert "finish the migration" in answer.text


def test_a_page_knows_what_may_stand_behind_its_address(console: Console) -> None:
    """A filter that is misspelt is said, not left out."""
    answer = console.of("ana").get("/?perod=2026-10")

    assert answer.status_code == 400
    assert "perod" in answer.text


def test_a_page_can_be_about_an_earlier_month(console: Console) -> None:
    """Everything on it that has a period follows."""
    assert "October 2026" in console.of("ana").reads("/?period=2026-10")


def test_months_are_called_as_the_reader_says_them(console: Console) -> None:
    """Who chose a language reads the whole page in it."""
    console.company.say("ana", "settings language zh")

    page = console.of("ana").get("/").text

    assert re.findall(r'aria-current="true">([^<]+)<', page) == ["2026年11月"]
    assert 'placeholder="支出 按模型 上周"' in page


def test_what_cards_say_alike_in_small_print_stands_once_below() -> None:
    """A note that says the same and something more takes the place of the shorter one."""
    short, long = Text("As of 9:00.", quiet=True), Text("As of 9:00. $1 is an estimate.", quiet=True)
    cards = [Card("One", (each,)) for each in (short, long, short, long)]

    left, below = once(cards)

    assert [card.blocks for card in left] == [()] * 4
    assert below == [short.text, "$1 is an estimate."]


def test_what_is_not_known_is_said_where_the_figure_is_read() -> None:
    """Only what cards say alike goes below them."""
    short, long = Text("As of 9:00.", quiet=True), Text("As of 9:00. 5 tokens are not in the sum.", quiet=True)

    left, below = once([Card("One", (short,)), Card("Two", (long,))])

    assert [card.blocks for card in left] == [(), (Text("5 tokens are not in the sum.", quiet=True),)]
    assert below == [short.text]


def test_a_sum_that_several_cards_show_is_their_title_once() -> None:
    """The others are called after their table."""
    by_team, by_model = (Table(f"By {what}", ("",), (), "l") for what in ("team", "model"))

    left, _ = once([Card("$5 spent", (by_team,)), Card("$5 spent", (by_model,)), Card("$5 spent")])

    assert [card.title for card in left] == ["$5 spent", "By model", "$5 spent"]


def test_a_page_offers_no_button_for_what_stands_on_it(console: Console) -> None:
    """The form beside the list needs no button that opens it; elsewhere the card has it."""
    console.app.policy = console.app.policy.model_copy(
        update={"claims": ClaimRules.model_validate({"categories": [{"name": "tools", "amount": "1000 USD"}]})}
    )
    ana = console.of("ana")

    assert 'href="/ask?q=claim"' not in ana.get("/claims").text
    assert 'name="says" value="claim"' in ana.get("/claims").text
    assert 'href="/ask?q=claim"' in ana.get("/ask?q=claims").text
    assert "What is left?" not in ana.reads("/")


def test_what_is_wrong_stands_first(console: Console) -> None:
    """On any page."""
    console.company.llm.spends("ana", "400.00", console.company.clock().date())
    console.company.pull()

    page = console.of("ana").get("/").text

    assert page.index('class="card bad"') < min(
        page.find(f'class="card {tone}"') % 10**9 for tone in ("warn", "good", "plain")
    )


def test_a_page_of_a_team_has_its_name(console: Console) -> None:
    """And finance gets from one to another."""
    fay = console.of("fay")

    assert "<h1>Team Search</h1>" in console.of("max").get("/team/search").text
    assert "<h1>Team Ads</h1>" in fay.get("/team/ads").text
    assert 'action="/team"' in fay.get("/organization").text
    assert fay.get("/team?team=ads").headers["location"] == "/team/ads"
    assert 'action="/team"' not in console.of("max").get("/team/search").text


def test_the_details_of_a_card_are_folded(console: Console) -> None:
    """Long lists stand behind their caption; files do not."""
    page = console.of("fay").get("/money").text

    assert re.search(r'<details class="folded">\s*<summary dir="auto">By team, without its subteams</summary>', page)
    assert "showback-2026-10.csv" in page


def test_a_request_has_a_page_for_whom_it_concerns(console_anywhere: Console) -> None:
    """The address in the message to whoever decides opens that request, with all that can be done."""
    console_anywhere.of("ana").says("request 50 finish the migration")
    console_anywhere.of("ana").says("request 20 try the new model")
    max_ = console_anywhere.of("max")

    page = max_.get("/request/2")

    assert "<h1>Request #2</h1>" in page.text
    assert "try the new model" in page.text
    assert "finish the migration" not in page.text
    for says in ("approve", "deny", "other", "question"):
        assert re.search(rf'(value="|q=){says}[ +]', page.text), says
    assert "finish the migration" in console_anywhere.of("ana").reads("/request/1")
    assert "approve " not in console_anywhere.of("ana").get("/request/1").text
    assert "approve " not in console_anywhere.of("fay").get("/request/1").text
    for who, number in (
        ("bob", "1"),
        ("max", "3"),
        ("max", "x"),
        ("max", "1%20of%20ana"),
        ("max", "99999999999999999999"),
    ):
        answer = console_anywhere.of(who).get(f"/request/{number}")
        assert answer.status_code == 404, (who, number)


def test_a_small_file_comes_with_the_rights_of_its_question(console: Console) -> None:
    """A CSV is handed out to whoever may ask for what is in it."""
    path = "/files/spend-Search-by-person-2026-11-01.csv?q=spend+of+team+search+by+person+as+csv"

    own, other = console.of("max").get(path), console.of("bob").get(path)

    assert own.headers["content-disposition"] == 'attachment; filename="spend-Search-by-person-2026-11-01.csv"'
    assert "Ana Silva" in own.text
    assert other.status_code == 404


@pytest.mark.parametrize("name", ["showback-2026-10.csv", "focus-1.2-2026-10.csv"])
def test_a_file_of_a_month_is_not_had_by_its_name(name: str, console: Console) -> None:
    """What stands on no card of theirs is not there."""
    for text in ("balance", "close october", "", "nonsense"):
        assert console.of("ana").get(f"/files/{name}", params={"q": text}).status_code == 404


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.path)
def test_pages_ask_and_order_nothing(one: object) -> None:
    """All that a page says by itself is a question, or opens a form; and the first is a question."""
    (page,) = (each for each in PAGES if each is one)
    says = page.asks({**EXAMPLES, **{each.name: "x" for each in page.fields}})

    assert not any(map(is_order, says))
    assert not parse_command(says[0])[0].writes or says[0] == "link"
    assert {parse_command(each)[0].name for each in says} <= COMMANDS.keys()


def test_what_breaks_says_a_number_and_no_more(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug of ours is one plain sentence."""

    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    ana = console.of("ana")
    monkeypatch.setattr(console.app, "_answer", broken)

    answer = ana.get("/")

    assert answer.status_code == 500
    assert "That broke (" in answer.text
    assert "secret" not in answer.text


def test_the_close_of_a_month_is_looked_at_without_sending_it(console: Console) -> None:
    """Its files are there for whoever sees the page, and its messages are not sent."""
    fay = console.of("fay")

    page = fay.get("/money")

    assert "spent in October 2026" in words_of(page.text)
    files = re.findall(r'href="(/files/[^"]+)"', page.text)
    assert [each.partition("?")[0] for each in files] == [
        "/files/showback-2026-10.csv",
        "/files/focus-1.2-2026-10.csv",
        "/files/focus-1.4-2026-10.csv",
    ]
    assert fay.get(files[0].replace("&amp;", "&")).text.startswith("\ufeffmonth,team,cost_center")
    assert console.of("max").get(files[0].replace("&amp;", "&")).status_code == 404
    assert console.company.reads("fay") == []


def test_two_proposals_stand_beside_each_other_in_the_lab(console: Console) -> None:
    """Each is a sentence of the chat; what cannot be tried is said where it was typed."""
    fay = console.of("fay")
    assert "whole week" not in words_of(fay.get("/lab").text)
    both = words_of(fay.get("/lab?first=per-person+1+USD&second=per-person+9+USD+over+last+1+week").text)
    assert "There is no whole month of figures" in both
    assert "There is no whole week of figures" in both


def test_the_audit_is_searched(console: Console) -> None:
    """By whom it is about; and it says whether it is complete."""
    console.of("ana").says("request 50 finish the migration")
    fay = console.of("fay")

    assert "asked" in fay.reads("/audit")
    assert "asked" in fay.reads("/audit?filter=of+ana")
    assert "asked" not in fay.reads("/audit?filter=of+bob")
    assert "The audit is complete" in fay.reads("/ask?q=audit+verify")
    assert fay.get("/audit?filter=nonsense").status_code == 404


def test_a_viewer_has_the_organization_and_no_person_in_it(console: Console) -> None:
    """Whatever the address."""
    people = tuple(replace(each, roles=("viewer",)) if each.id == "kim" else each for each in ACME.people)
    console.company.directory = replace(ACME, people=people)
    console.app.refresh_people()
    kim = console.of("kim")

    page = kim.reads("/organization")

    assert "Acme: $346.76 spent this month" in page.replace("\n", "")
    names = [each.name for each in ACME.people if each.id != "kim"]
    paths = ["/organization", "/organization?period=2026-11", "/ask?q=spend+of+organization+by+person"]
    paths += [
        f"/ask?q=balance+of+{each.id}" for each in ACME.people if each.id not in ("kim", "max", "lea", "ana", "bob")
    ]
    shown = {path: [name for name in names if name in words_of(kim.get(path).text)] for path in paths}
    assert shown == {path: [] for path in paths}
    assert kim.get("/money").status_code == 404


def test_cards_of_the_chat_lead_to_their_page(console: Console) -> None:
    """The digest, the close and the Home name an address that shows the same, but not on that page."""
    acme = console.company
    acme.app.policy = acme.app.policy.model_copy(update={"console_url": URL})

    assert f"{URL}/team/search" in acme.say("max", "digest of team search")
    assert f"{URL}/money?period=2026-10" in acme.say("fay", "month")
    acme.say("ana", "request 50 finish the migration")
    assert f"{URL}/queue" in acme.say("max", "home")
    assert f"{URL}/" in acme.say("bob", "home")
    assert URL not in console.of("max").reads("/queue")
    pool = acme.say("max", "pool")
    assert f"{URL}/team/search" in pool
    assert f"{URL}/request/2" in acme.say("bob", "request 20 try the new model")


@pytest.mark.parametrize(
    ("who", "says", "path"),
    [
        ("ana", "balance", "/"),
        ("ana", "spend by day", "/"),
        ("ana", "requests", "/requests"),
        ("ana", "waste", "/waste"),
        ("max", "spend of team search", "/team/search"),
        ("max", "forecast of team search", "/team/search"),
        ("max", "spend of ana", ""),
        ("max", "guard", ""),
        ("max", "outcomes", ""),
        ("ana", "claims", ""),
        ("ana", "spend by day as csv", ""),
        ("fay", "spend of organization by team", "/organization"),
        ("fay", "status", "/providers"),
        ("fay", "audit", "/audit"),
        ("fay", "lab", "/lab"),
    ],
)
def test_an_answer_in_the_chat_leads_to_the_page_that_shows_the_same(
    who: str, says: str, path: str, console: Console
) -> None:
    """Where there is one that they may open; and it is there for them."""
    acme = console.company
    assert URL not in acme.say(who, says)
    acme.app.policy = acme.app.policy.model_copy(update={"console_url": URL})

    addresses = re.findall(rf"{URL}(\S*)", acme.say(who, says))

    assert addresses == ([path] if path else [])
    assert [console.of(who).get(each).status_code for each in addresses] == [200] * len(addresses)


def test_each_page_is_led_to_from_the_chat() -> None:
    """Every address of the tables is a page, and no page of the navigation is left out."""
    led = {*PAGES_OF.values(), *PAGES_OF_ALL.values(), "/queue", "/money"}

    assert led == {each.path for each in PAGES if each.in_navigation}


def test_a_card_in_somebodys_chat_leads_to_the_page_wherever_it_was_caused(console: Console) -> None:
    """Ana asks on a page; Max reads it in his chat, with the address of what waits for him."""
    acme = console.company
    acme.app.policy = acme.app.policy.model_copy(update={"console_url": URL})

    assert URL not in console.of("ana").says("request 50 finish the migration")

    assert any(f"{URL}/request/1" in each for each in acme.reads("max"))


def test_who_is_asked_for_somebody_has_the_page_on_which_they_decide(console: Console) -> None:
    """Lea stands in for Max, whose people are not hers: the address in her message is there for her."""
    acme = console.company
    console.of("ana").says("request 50 finish the migration")
    lea = console.of("bob")
    assert lea.get("/queue").status_code == 404

    acme.say("max", "delegate to bob until 2026-12-01")

    assert "finish the migration" in lea.reads("/queue")


def test_the_language_is_changed_on_the_page_and_holds_in_the_chat_too(console: Console) -> None:
    """One press, and the same page again."""
    ana = console.of("ana")
    page = ana.get("/requests").text
    assert '<button type="submit" name="language" value="zh_Hans" lang="zh-Hans">' in page

    answer = ana.post("/language", language="zh_Hans", back="/requests")

    assert (answer.status_code, answer.headers["location"]) == (303, "/requests")
    assert '<html lang="zh-Hans">' in ana.get("/requests").text
    assert "剩余" in console.company.say("ana", "balance")
    assert ana.post("/language", language="tlh", back="//evil.example").headers["location"] == "/"
    assert '<html lang="zh-Hans">' in ana.get("/").text


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("fr-FR, zh;q=0.5", "zh-Hans"),
        ("en-GB,zh;q=0.9", "en"),
        ("zh;q=0.1, en;q=0.2", "en"),
        ("fr", "en"),
        ("", "en"),
        (";;q=x,,*;q=0.1", "en"),
    ],
)
def test_who_is_not_signed_in_reads_what_their_browser_asks_for(asked: str, spoken: str, console: Console) -> None:
    """As far as there is a catalog; else what the organization speaks."""
    page = console.stranger().get("/signin", headers={"Accept-Language": asked}).text

    assert f'<html lang="{spoken}">' in page


@pytest.mark.parametrize("name", ["搜索", "Größe", 'a"b', "x\r\nSet-Cookie: a=b"])
def test_a_file_is_called_as_its_team_in_whatever_letters(name: str) -> None:
    """A header has no other letters than ASCII, and no line of its own."""
    header = attachment(f"spend-{name}.csv")

    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 0
    assert unquote(header.partition("UTF-8''")[2]) == f"spend-{name}.csv"


def test_a_team_of_another_alphabet_has_its_file(console: Console) -> None:
    """From the card to the browser."""
    teams = tuple(replace(each, name="搜索") if each.id == "search" else each for each in ACME.teams)
    console.company.directory = replace(ACME, teams=teams)
    console.app.refresh_people()
    max_ = console.of("max")
    page = max_.get("/ask?q=spend+of+team+search+by+person+as+csv").text
    address = re.search(r'href="(/files/[^"]+)"', page)
    assert address

    answer = max_.get(address[1].replace("&amp;", "&"))

    assert answer.status_code == 200
    assert "UTF-8''spend-%E6%90%9C%E7%B4%A2" in answer.headers["content-disposition"]


def test_nobody_reaches_what_is_anothers_by_its_number(console_anywhere: Console) -> None:
    """Every command of the menu with the number of Ana's request and with its handle, on a page and as an order."""
    console_anywhere.of("ana").says("request 50 finish the migration")
    handle = re.search(r"withdraw ([0-9a-f]{32})", console_anywhere.of("ana").get("/requests").text)
    assert handle
    bob = console_anywhere.of("bob")
    before = console_anywhere.audit()

    for name in COMMANDS:
        for named in ("#1", handle[1]):
            texts = [words_of(bob.get("/ask", params={"q": f"{name} {named}"}).text)]
            # What makes something new of Bob's own, or of the whole company's, is refused or his.
            if name not in ("request", "claim", "raise", "permanent", "token", "settings", "delegate"):
                texts.append(words_of(bob.post("/say", says=f"{name} {named}").text))
            for text in texts:
                assert "finish the migration" not in text, (name, named)
                assert "Ana" not in text, (name, named)

    assert console_anywhere.audit() == before
    assert "1 open request" in console_anywhere.of("ana").reads("/requests")


def test_suggested_limits_are_saved_as_a_file_of_yaml(acme: Company) -> None:
    """For whoever may see them, and nobody else."""
    acme.llm.rows = []
    uses(acme, "ana", on_working_days("10.00"))
    console = console_of(read_all(acme))
    fay = console.of("fay")
    link = re.search(r'href="(/files/suggested-per-person\.yaml[^"]+)"', fay.get("/ask?q=suggest+as+yaml").text)
    assert link
    address = link[1].replace("&amp;", "&")

    answer = fay.get(address)

    assert answer.headers["content-type"] == "application/yaml; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="suggested-per-person.yaml"'
    assert yaml.safe_load(answer.text)["budgets"] == [
        {"name": "per-person", "who": "every person", "amount": "270 USD", "every": "month"}
    ]
    assert console.of("max").get(address).text != answer.text
    assert console.of("ana").get(address).status_code == 404
