"""What people who are new here ask in their own words, and what it is taken for."""

import pytest

from handlers import parse_command

ASKED = {
    "which team is over budget?": "overspent",
    "Which teams are over their budgets": "overspent",
    "who is over budget": "overspent",
    "is anyone over budget?": "overspent",
    "which teams will run out": "overspent",
    "who's my boss?": "who",
    "who is my manager": "who",
    "which team am i in": "who",
    "who do i ask for more budget": "who",
    "who is ana's manager": "who ana",
    "who owns crawler?": "who crawler",
    "is team search over budget?": "balance of team search",
    "how is my team doing?": "balance of my team",
    "how is team search doing this month": "balance of team search",
    "why was I stopped?": "balance",
    "why am i blocked": "balance",
    "why can't I use claude": "balance",
    "why is claude code not working?": "balance",
    "why was crawler paused": "balance of crawler",
    "为什么我被停了": "balance",
    "为什么不能用了": "balance",
    "我的团队怎么样": "balance of my team",
    "is my team over budget": "balance of my team",
    "are we over budget": "balance of us",
    "will my team run out?": "forecast of my team",
    "will we exceed the budget": "forecast of us",
    "how much did we spend last month": "spend of us last month",
    "how much does my team spend": "spend of my team",
    "how much did ana spend last week": "spend of ana last week",
    "which team spends the most": "spend of us by team",
    "who spends the most": "spend of us by person",
    "search vs ads": "spend of us by team",
    "compare this month with last month": "why",
    "how much is opus": "models",
    "can i use opus?": "models",
    "give ana 50": "help allot",
    "raise ana's limit to 500": "help raise",
    "unused seats": "waste",
    "what is unallocated": "link",
    "cancel my request": "requests",
    "哪个团队超预算了": "overspent",
    "谁超预算了？": "overspent",
    "how much opus do I have left": "balance on opus",
    "how many opus tokens do i have left?": "balance on opus",
    "is there any gpt 5 left?": "balance on gpt 5",
    "can I still use opus?": "balance on opus",
    "what is my limit for opus?": "balance for opus",
    "opus balance": "balance opus",
    "my opus limit": "balance opus",
    "team search's budget": "balance team search",
    "crawler spend last week": "spend crawler last week",
    "october costs": "spend october",
    "how much money have I spent last week?": "spend last week",
    "how many tokens do I have left": "balance",
    "do I have any budget left?": "balance",
    "how much opus have I used last month?": "spend on opus last month",
    "list budgets": "budgets",
    "show me all the budgets of team search": "budgets of team search",
    "what budgets are there?": "budgets",
    "what are my limits": "balance",
    "opus余额": "balance of opus",
    "我的opus还剩多少？": "balance of opus",
    "还剩多少opus额度": "balance of opus",
    "opus额度用完了吗": "balance of opus",
    "ana余额": "balance of ana",
    "列出预算": "budgets",
    "有哪些预算": "budgets",
    "所有预算": "budgets",
    "我的预算": "balance",
    "我的主管是谁": "who",
    "我属于哪个团队": "who",
    "opus 花了多少": "spend on opus",
    "在opus上花了多少钱": "spend on opus",
    "上周claude支出": "spend on claude 上周",
    "opus多少钱": "models",
    "还能用opus吗": "models",
    "预算还剩多少": "balance",
    "会不会超预算": "forecast",
    "为什么账单这么高": "why",
    "我们这个月花了多少": "spend of us",
    "我要更多额度": "request",
    "撤回我的申请": "requests",
    "有什么等我处理": "home",
    "闲置席位": "waste",
    "未归属的支出": "link",
}


@pytest.mark.parametrize(("asked", "meant"), ASKED.items())
def test_a_whole_question_stands_for_a_sentence(asked: str, meant: str) -> None:
    """A worker, a lead and finance, in English and Chinese."""
    one, rest = parse_command(asked)
    assert f"{one.name} {rest}".strip() == meant


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("how much is left", "balance "),
        ("give me the balance", "balance "),
        ("give me 100 more for the migration", "request 100 for the migration"),
        ("am i over budget", "balance "),
        ("will i run out", "forecast "),
        ("how much did i spend today", "spend today"),
        ("approve 42 30", "approve 42 30"),
        ("deny 42 who is over budget anyway", "deny 42 who is over budget anyway"),
        ("raise my limit", "raise "),
    ],
)
def test_what_was_understood_before_still_is(asked: str, meant: str) -> None:
    """An order with its reason stays one, and a question of one's own is one's own."""
    one, rest = parse_command(asked)
    assert f"{one.name} {rest}" == meant
