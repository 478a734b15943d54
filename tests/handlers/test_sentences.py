"""What people say, and what is understood: hundreds of sentences in English and in Chinese."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from babel.numbers import list_currencies
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Connection, text

from bot.config import Settings
from handlers import COMMANDS, UNKNOWN, parse_command
from handlers.amounts import read_amount, split_words, take_amount
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import languages, say
from handlers.money import NANOS, Amount, AmountError, show_amount, smallest
from handlers.parser import understand
from handlers.place import Place
from handlers.policy import Budget
from handlers.spans import Span
from storage.db import Database
from storage.people import Account
from tests.support.clock import Clock
from tests.support.company import PEOPLE, Company

# Sunday, 22 November 2026. What Max says; he owns team Search and the agent Crawler, and manages Ana.
UNDERSTOOD = """
balance -> balance
balance? -> balance
Balance! -> balance
balance please -> balance
my balance -> balance
show balance -> balance
show me my balance -> balance
show my balance please -> balance
what is my balance -> balance
what's my balance? -> balance
What’s my balance? -> balance
could you show me my balance, please? -> balance
how much do I have left -> balance
How much do I have left? -> balance
how much is left? -> balance
what is left -> balance
/tokens balance -> balance
@Bursar balance -> balance
@Bursar, balance -> balance
bursar balance -> balance
hey bursar, balance -> balance
budget -> balance
limit -> balance
quota -> balance
left -> balance
balance of ana -> balance | whom=person/ana
balance ana -> balance | whom=person/ana
balance for ana -> balance | whom=person/ana
balance @ana -> balance | whom=person/ana
balance of team search -> balance | whom=team/search
balance of my team -> balance | whom=team/search
balance this week -> balance
hi -> help
hello! -> help
hey -> help
help -> help
help me -> help
? -> help
？ -> help
/tokens -> help
help spend -> help | about=spend
help usage -> help | about=usage
how does this work? -> help
spend -> spend
usage -> spend
cost -> spend
costs -> spend
spent -> spend
my spending -> spend
where did it go -> spend
Where did my money go? -> spend
what did I spend last week -> spend | period=2026-11-09..2026-11-15
how much did I spend yesterday? -> spend | period=2026-11-21..2026-11-21
how much did ana spend last week? -> spend | whom=person/ana | period=2026-11-09..2026-11-15
how much have we spent in october -> spend | whom=team/search | period=2026-10-01..2026-10-31
spend in october -> spend | period=2026-10-01..2026-10-31
spend October -> spend | period=2026-10-01..2026-10-31
spend oct -> spend | period=2026-10-01..2026-10-31
spend october 2025 -> spend | period=2025-10-01..2025-10-31
spend during last week -> spend | period=2026-11-09..2026-11-15
spend for ana last week -> spend | whom=person/ana | period=2026-11-09..2026-11-15
spend of ana by day -> spend | whom=person/ana | by=day
spend by day of ana -> spend | whom=person/ana | by=day
spend by user -> spend | by=person
spend by users -> spend | by=person
spend by people -> spend | by=person
spend per model -> spend | by=model
spend by models -> spend | by=model
spend by vendor -> spend | by=provider
spend by key november -> spend | by=key | period=2026-11-01..2026-11-30
spend last 7 days -> spend | period=2026-11-16..2026-11-22
spend in the last two weeks -> spend | period=2026-11-09..2026-11-22
spend mtd -> spend | period=2026-11-01..2026-11-30
spend month to date by team -> spend | by=team | period=2026-11-01..2026-11-30
spend YTD -> spend | period=2026-01-01..2026-12-31
spend 1-5 november -> spend | period=2026-11-01..2026-11-05
spend november 1st to 5th 2025 -> spend | period=2025-11-01..2025-11-05
spend between monday and wednesday -> spend | period=2026-11-16..2026-11-18
spend from october to november -> spend | period=2026-10-01..2026-11-30
spend the day before yesterday -> spend | period=2026-11-20..2026-11-20
spend 3 days ago -> spend | period=2026-11-19..2026-11-19
spend a week ago by model -> spend | by=model | period=2026-11-15..2026-11-15
spend over the weekend -> spend | period=2026-11-21..2026-11-22
spend last weekend -> spend | period=2026-11-14..2026-11-15
spend week 47 -> spend | period=2026-11-16..2026-11-22
spend kw 46 -> spend | period=2026-11-09..2026-11-15
spend week before last -> spend | period=2026-11-02..2026-11-08
spend the month before last -> spend | period=2026-09-01..2026-09-30
spend last fortnight -> spend | period=2026-11-09..2026-11-22
spend this past week -> spend | period=2026-11-09..2026-11-15
spend week of 3 november -> spend | period=2026-11-02..2026-11-08
spend between 1 and 5 november -> spend | period=2026-11-01..2026-11-05
支出 上上周 -> spend | period=2026-11-02..2026-11-08
支出 上上个月 -> spend | period=2026-09-01..2026-09-30
支出 这个礼拜 -> spend | period=2026-11-16..2026-11-22
支出 上星期 -> spend | period=2026-11-09..2026-11-15
支出 近半个月 -> spend | period=2026-11-08..2026-11-22
支出 上周五 -> spend | period=2026-11-13..2026-11-13
支出 上周日 -> spend | period=2026-11-15..2026-11-15
支出 本周二 -> spend | period=2026-11-17..2026-11-17
支出 上周一到上周三 -> spend | period=2026-11-09..2026-11-11
支出 月初到现在 -> spend | period=2026-11-01..2026-11-30
spend week 48 -> spend | period=2025-11-24..2025-11-30
spend h1 -> spend | period=2026-01-01..2026-06-30
spend h2 2025 -> spend | period=2025-07-01..2025-12-31
spend 30/10/2026 -> spend | period=2026-10-30..2026-10-30
spend 11/30 -> spend | period=2025-11-30..2025-11-30
spend 前天 -> spend | period=2026-11-20..2026-11-20
spend 3天前 -> spend | period=2026-11-19..2026-11-19
spend 周一以来 -> spend | period=2026-11-16..2026-11-22
spend 上个月以来 -> spend | period=2026-10-01..2026-11-22
spend 11月5日以来 -> spend | period=2026-11-05..2026-11-22
spend 月初至今 -> spend | period=2026-11-01..2026-11-30
spend 11月5日到8日 -> spend | period=2026-11-05..2026-11-08
spend 10月28日至11月3日 -> spend | period=2026-10-28..2026-11-03
spend 上半年 -> spend | period=2026-01-01..2026-06-30
spend 第46周 -> spend | period=2026-11-09..2026-11-15
request 50 until 11/30 x -> request | amount=50 | until=2026-11-30 | reason=x
request 50 until EOM the review -> request | amount=50 | until=2026-11-30 | reason=the review
request 50 for 3 days the review -> request | amount=50 | until=2026-11-25 | reason=the review
request 50 for two weeks: x -> request | amount=50 | until=2026-12-06 | reason=x
request 50 for 3 days of tests -> request | amount=50 | reason=3 days of tests
request 50 for two people -> request | amount=50 | reason=two people
spend last 30 days -> spend | period=2026-10-24..2026-11-22
spend past 7 days -> spend | period=2026-11-16..2026-11-22
spend last 2 weeks -> spend | period=2026-11-09..2026-11-22
spend the last 7 days -> spend | period=2026-11-16..2026-11-22
spend last 3 months -> spend | period=2026-08-23..2026-11-22
spend since 1 november -> spend | period=2026-11-01..2026-11-22
spend since November 1 -> spend | period=2026-11-01..2026-11-22
spend since monday -> spend | period=2026-11-16..2026-11-22
spend since last week -> spend | period=2026-11-09..2026-11-22
spend since 2026-11-01 -> spend | period=2026-11-01..2026-11-22
spend from 1 november to 15 november -> spend | period=2026-11-01..2026-11-15
spend 20 November -> spend | period=2026-11-20..2026-11-20
spend on 20 November -> spend | period=2026-11-20..2026-11-20
spend November 20 -> spend | period=2026-11-20..2026-11-20
spend November 20, 2025 -> spend | period=2025-11-20..2025-11-20
spend 20th november -> spend | period=2026-11-20..2026-11-20
spend 20 Nov. -> spend | period=2026-11-20..2026-11-20
spend nov 20 -> spend | period=2026-11-20..2026-11-20
spend 20 november 2025 -> spend | period=2025-11-20..2025-11-20
spend 2026 -> spend | period=2026-01-01..2026-12-31
spend 2025 -> spend | period=2025-01-01..2025-12-31
spend q4 -> spend | period=2026-10-01..2026-12-31
spend Q3 -> spend | period=2026-07-01..2026-09-30
spend q1 2026 -> spend | period=2026-01-01..2026-03-31
spend today -> spend | period=2026-11-22..2026-11-22
spend yesterday -> spend | period=2026-11-21..2026-11-21
spend friday -> spend | period=2026-11-20..2026-11-20
spend last friday -> spend | period=2026-11-20..2026-11-20
spend this week -> spend | period=2026-11-16..2026-11-22
spend last month -> spend | period=2026-10-01..2026-10-31
spend previous month -> spend | period=2026-10-01..2026-10-31
spend this quarter -> spend | period=2026-10-01..2026-12-31
spend last year -> spend | period=2025-01-01..2025-12-31
spend 2026-10 -> spend | period=2026-10-01..2026-10-31
spend 2026-10-15 -> spend | period=2026-10-15..2026-10-15
spend 20.11.2026 -> spend | period=2026-11-20..2026-11-20
spend 2026/11/20 -> spend | period=2026-11-20..2026-11-20
spend 2026-10-01..2026-10-15 -> spend | period=2026-10-01..2026-10-15
spend last november -> spend | period=2025-11-01..2025-11-30
why -> why
why last week -> why | period=2026-11-09..2026-11-15
why so much? -> why
forecast -> forecast
when do I run out? -> forecast
will it last? -> forecast
models -> models
prices -> models
digest -> digest
report -> digest
waste -> waste
savings -> waste
guard -> guard
request -> request
request 50 finish the migration -> request | amount=50 | reason=finish the migration
request 50 -> request | amount=50
request $50 demo -> request | amount=50 USD | reason=demo
request 50$ demo -> request | amount=50 USD | reason=demo
request 50 dollars for the demo -> request | amount=50 USD | reason=the demo
request 50 USD demo -> request | amount=50 USD | reason=demo
request USD 50 demo -> request | amount=50 USD | reason=demo
request 50 usd demo -> request | amount=50 USD | reason=demo
request 1k demo -> request | amount=1000 | reason=demo
request 1.5k demo -> request | amount=1500 | reason=demo
request 1,500 demo -> request | amount=1500 | reason=demo
request 1,250.50 demo -> request | amount=1250.5 | reason=demo
request 1.250,50 demo -> request | amount=1250.5 | reason=demo
request 12.50 demo -> request | amount=12.5 | reason=demo
request 12,50 demo -> request | amount=12.5 | reason=demo
request 50, finish the migration -> request | amount=50 | reason=finish the migration
request 50: finish the migration -> request | amount=50 | reason=finish the migration
request \uff15\uff10 demo -> request | amount=50 | reason=demo
request \uff04\uff15\uff10 demo -> request | amount=50 USD | reason=demo
request 50\u212a demo -> request | amount=50000 | reason=demo
request 2 thousand demo -> request | amount=2000 | reason=demo
request 50 2 weeks of testing -> request | amount=50 | reason=2 weeks of testing
request 30 4 GPUs -> request | amount=30 | reason=4 GPUs
request 50 token refresh -> request | amount=50 | reason=token refresh
request 50 try again -> request | amount=50 | reason=try again
request 50 m tests -> request | amount=50 | reason=m tests
request 50 for the review -> request | amount=50 | reason=the review
request 50 because the review is late -> request | amount=50 | reason=the review is late
request 50 for crawler nightly reindex -> request | amount=50 | agent=agent/crawler | reason=nightly reindex
request 50 for agent crawler nightly -> request | amount=50 | agent=agent/crawler | reason=nightly
request 9 for crawler until friday tests -> request | amount=9 | agent=agent/crawler | until=2026-11-27 | reason=tests
request 20 review until 2026-12-10 -> request | amount=20 | until=2026-12-10 | reason=review
request 20 review until friday -> request | amount=20 | until=2026-11-27 | reason=review
request 20 review until 10 december -> request | amount=20 | until=2026-12-10 | reason=review
request 20 until tomorrow the demo -> request | amount=20 | until=2026-11-23 | reason=the demo
request 20 until end of month the demo -> request | amount=20 | until=2026-11-30 | reason=the demo
request 20 until the end of the week the demo -> request | amount=20 | until=2026-11-22 | reason=the demo
request 20 test until it works -> request | amount=20 | reason=test until it works
request until friday 20 review -> request | amount=20 | until=2026-11-27 | reason=review
please request 50 for the demo -> request | amount=50 | reason=the demo
can you request 50 for the demo -> request | amount=50 | reason=the demo
ask for 50 the demo -> request | amount=50 | reason=the demo
ask for more -> request
i need more -> request
more -> request
requests -> requests
my requests -> requests
approve 42 -> approve | number=42
approve 42 30 -> approve | number=42 | amount=30
approve 42 $30 -> approve | number=42 | amount=30 USD
approve #42 -> approve | number=42
approve 42. -> approve | number=42
approve 42 please -> approve | number=42
please approve 42 -> approve | number=42
accept 42 -> approve | number=42
deny 42 too early -> deny | number=42 | reason=too early
reject 42 too early -> deny | number=42 | reason=too early
decline 42 -> deny | number=42
deny 42 for now -> deny | number=42 | reason=for now
withdraw 3 -> withdraw | number=3
cancel 3 -> withdraw | number=3
cancel 3 please -> withdraw | number=3
withdraw #3! -> withdraw | number=3
can I approve 42? -> help | about=approve
could I withdraw 3 -> help | about=withdraw
how about approve 42 -> help | about=approve
transfer 50 to ana -> transfer | amount=50 | to=person/ana
transfer 50 to ana for the demo -> transfer | amount=50 | to=person/ana | reason=the demo
transfer 1,5 to ana -> transfer | amount=1.5 | to=person/ana
transfer 50 from ana to crawler -> transfer | amount=50 | to=agent/crawler | giver=person/ana
allot 300 to ana -> allot | amount=300 | to=person/ana
allot 12,50 to ana -> allot | amount=12.5 | to=person/ana
delegate @kim until friday -> delegate | to=person/kim | until=2026-11-27
delegate kim until 24 december -> delegate | to=person/kim | until=2026-12-24
revoke 42 the project ended -> revoke | number=42 | reason=the project ended
question 42 can it wait? -> question | number=42 | words=can it wait?
change 42 for something else -> change | number=42 | reason=for something else
history 42 -> history | number=42
theirs llm u-ana 5 -> keep-theirs | provider=llm | who=u-ana | seen=5
settings -> settings
status -> status
余额 -> balance
余额？ -> balance
我的余额 -> balance
我的余额是多少？ -> balance
请问我的余额 -> balance
预算 -> balance
还剩多少 -> balance
我还剩多少？ -> balance
余额 团队 search -> balance | whom=team/search
余额 search团队 -> balance | whom=team/search
支出 -> spend
支出 按模型 上周 -> spend | by=model | period=2026-11-09..2026-11-15
支出按模型上周 -> spend | by=model | period=2026-11-09..2026-11-15
支出 按天 -> spend | by=day
支出 本月 -> spend | period=2026-11-01..2026-11-30
支出本周 -> spend | period=2026-11-16..2026-11-22
支出 上个月 -> spend | period=2026-10-01..2026-10-31
支出 最近7天 -> spend | period=2026-11-16..2026-11-22
支出 过去30天 -> spend | period=2026-10-24..2026-11-22
支出 最近３天 -> spend | period=2026-11-20..2026-11-22
支出 11月20日 -> spend | period=2026-11-20..2026-11-20
支出 2025年11月20日 -> spend | period=2025-11-20..2025-11-20
支出 10月 -> spend | period=2026-10-01..2026-10-31
支出 2026年10月 -> spend | period=2026-10-01..2026-10-31
支出 2026年 -> spend | period=2026-01-01..2026-12-31
支出 第三季度 -> spend | period=2026-07-01..2026-09-30
支出 今天 -> spend | period=2026-11-22..2026-11-22
支出 昨天 -> spend | period=2026-11-21..2026-11-21
支出 周五 -> spend | period=2026-11-20..2026-11-20
支出 自11月1日 -> spend | period=2026-11-01..2026-11-22
支出 从上周 -> spend | period=2026-11-09..2026-11-22
上周支出 -> spend | period=2026-11-09..2026-11-15
上周花了多少？ -> spend | period=2026-11-09..2026-11-15
我上周花了多少 -> spend | period=2026-11-09..2026-11-15
本月花了多少 -> spend | period=2026-11-01..2026-11-30
查看上月支出 -> spend | period=2026-10-01..2026-10-31
看一下支出 -> spend
花了多少 -> spend
用量 -> spend
为什么 -> why
预测 -> forecast
浪费 -> waste
申请50完成迁移 -> request | amount=50 | reason=完成迁移
申请 50 完成迁移 -> request | amount=50 | reason=完成迁移
申请５０完成迁移 -> request | amount=50 | reason=完成迁移
申请50，完成迁移 -> request | amount=50 | reason=完成迁移
申请 50，完成迁移。 -> request | amount=50 | reason=完成迁移。
申请50美元完成迁移 -> request | amount=50 USD | reason=完成迁移
申请1万完成迁移 -> request | amount=10000 | reason=完成迁移
申请 1.5万 完成迁移 -> request | amount=15000 | reason=完成迁移
申请50用于评审 -> request | amount=50 | reason=评审
申请 50 为了评审 -> request | amount=50 | reason=评审
申请50 评审 until 2026-12-10 -> request | amount=50 | until=2026-12-10 | reason=评审
申请20评审到12月10日 -> request | amount=20 | until=2026-12-10 | reason=评审
申请 20 评审 直到周五 -> request | amount=20 | until=2026-11-27 | reason=评审
申请 20 评审，截至11月27日 -> request | amount=20 | until=2026-11-27 | reason=评审
申请 20 直到明天 演示 -> request | amount=20 | until=2026-11-23 | reason=演示
申请2个星期的测试 -> request | reason=2个星期的测试
申请5月的费用 -> request | reason=5月的费用
申请五十完成迁移 -> request | amount=50 | reason=完成迁移
申请 两百 完成迁移 -> request | amount=200 | reason=完成迁移
申请一百五升级三个服务 -> request | amount=150 | reason=升级三个服务
申请五十美元完成迁移 -> request | amount=50 USD | reason=完成迁移
申请一万二训练模型 -> request | amount=12000 | reason=训练模型
申请 五百万Token 训练 -> request | amount=5000000 tokens | reason=训练
申请二十评审到十二月十号 -> request | amount=20 | until=2026-12-10 | reason=评审
申请两个星期的测试 -> request | reason=两个星期的测试
申请五月的费用 -> request | reason=五月的费用
申请十分重要的预算 -> request | reason=十分重要的预算
批准四十二 三十 -> approve | number=42 | amount=30
支出 最近七天 -> spend | period=2026-11-16..2026-11-22
最近三十天支出 -> spend | period=2026-10-24..2026-11-22
支出 十月 -> spend | period=2026-10-01..2026-10-31
支出 二〇二六年十月 -> spend | period=2026-10-01..2026-10-31
支出 按周 第二页 -> spend | by=week | page=2
支出按月今年 导出csv -> spend | by=month | period=2026-01-01..2026-12-31 | as_csv=True
支出 按金额 按天 -> spend | by=day | order=amount
spend as csv -> spend | as_csv=True
spend by team as a spreadsheet -> spend | by=team | as_csv=True
spend by team sorted by name page 3 -> spend | by=team | order=name | page=3
limits llm page 2 -> limits | page=2 | provider=llm
link page 2 -> link | page=2
link as csv -> link | as_csv=True
requests as csv -> requests | as_csv=True
申请 -> request
我想申请50做演示 -> request | amount=50 | reason=演示
请批准 42 -> approve | number=42
我的申请 -> requests
批准 42 30 -> approve | number=42 | amount=30
批准 42 -> approve | number=42
批准42 -> approve | number=42
批准42 30 -> approve | number=42 | amount=30
批准 \uff14\uff12 -> approve | number=42
同意 42 -> approve | number=42
拒绝 42 太早 -> deny | number=42 | reason=太早
拒绝42太早 -> deny | number=42 | reason=太早
拒绝 42，太早 -> deny | number=42 | reason=太早
撤回 3 -> withdraw | number=3
取消3 -> withdraw | number=3
转账 50 给 ana -> transfer | amount=50 | to=person/ana
转账 50 给ana 演示 -> transfer | amount=50 | to=person/ana | reason=演示
委托 kim 直到周五 -> delegate | to=person/kim | until=2026-11-27
帮助 -> help
帮助 申请 -> help | about=申请
你好 -> help
怎么用 -> help
设置 -> settings
状态 -> status
支出 自11月1日 按天 -> spend | by=day | period=2026-11-01..2026-11-22
支出 最近7天 按模型 -> spend | by=model | period=2026-11-16..2026-11-22
委托 kim 直到 周五 -> delegate | to=person/kim | until=2026-11-27
how much have we spent in october? -> spend | whom=team/search | period=2026-10-01..2026-10-31
how much of my budget is gone? -> balance
how much money do I have left this month -> balance
am I over my limit? -> balance
what's my limit -> balance
when does my budget reset? -> balance
when do I get new budget -> balance
how am I doing -> balance
show me what I spent yesterday -> spend | period=2026-11-21..2026-11-21
which model costs the most? -> spend | by=model
what is my most expensive model -> spend | by=model
why is my bill so high -> why
why did I spend so much last week -> why | period=2026-11-09..2026-11-15
how much will I have spent by the end of the month? -> forecast
will my budget last until the end of the month? -> forecast
I need 50 more to finish the migration -> request | amount=50 | reason=to finish the migration
can I get 50 dollars more for the migration? -> request | amount=50 USD | reason=the migration
could I have another 100 USD for the demo -> request | amount=100 USD | reason=the demo
give me 50 USD more please -> request | amount=50 USD
what happened to my request? -> requests
where is my request -> requests
who approves my requests? -> who
cheapest model -> models
which models can I use -> models
how much does opus cost -> models
how much has my team spent? -> spend | whom=team/search
what did my team spend last month -> spend | whom=team/search | period=2026-10-01..2026-10-31
how much is left for my team -> balance | whom=team/search
team balance -> balance | whom=team/search
my team's budget -> balance | whom=team/search
what is waiting for me? -> home
anything to approve? -> home
is anything wrong? -> guard
is anyone wasting money? -> waste
what can we save -> waste
stop the crawler -> help | about=pause
total spend by team last quarter -> spend | by=team | period=2026-07-01..2026-09-30
who changed the limits yesterday? -> audit | period=2026-11-21..2026-11-21
show me unusual spending -> guard
my agents -> spend | by=agent
balance pls!! -> balance
turn off the weekly report -> help | about=settings
change my language to Chinese -> help | about=settings
how do I make a token for claude code -> help | about=token
request status -> requests
approve request 1 -> approve | number=1
help me please -> help
tokens -> token
need 2,000,000 tokens more for the batch -> request | amount=2000000 tokens | reason=the batch
we need more budget -> request
what is my budget? -> balance
what's the status of my request? -> requests
我的团队余额 -> balance | whom=team/search
团队余额 -> balance | whom=team/search
我这个月花了多少钱？ -> spend | period=2026-11-01..2026-11-30
我还剩多少预算？ -> balance
我还有多少钱可以用 -> balance
预算什么时候重置？ -> balance
额度什么时候恢复 -> balance
我超额了吗？ -> balance
上周用了多少 -> spend | period=2026-11-09..2026-11-15
昨天花了多少钱 -> spend | period=2026-11-21..2026-11-21
哪个模型最贵？ -> spend | by=model
哪个模型花钱最多 -> spend | by=model
为什么这个月花了这么多 -> why | period=2026-11-01..2026-11-30
为什么上周这么贵 -> why | period=2026-11-09..2026-11-15
月底会花多少？ -> forecast
这个月够用吗 -> forecast
预算够不够 -> forecast
钱什么时候用完 -> forecast
我想再要50美元完成迁移 -> request | amount=50 USD | reason=完成迁移
能不能多给我50美元 -> request | amount=50 USD
再给我100美元，用于演示 -> request | amount=100 USD | reason=演示
申请增加50美元预算 -> request | reason=增加50美元预算
我的申请批了吗 -> requests
申请进度 -> requests
我的申请到哪一步了 -> requests
谁审批我的申请？ -> who
最便宜的模型 -> models
有哪些模型可以用 -> models
能用哪些模型 -> models
我的团队花了多少 -> spend | whom=team/search
团队本月支出 -> spend | whom=team/search | period=2026-11-01..2026-11-30
我们团队上个月花了多少钱 -> spend | whom=team/search | period=2026-10-01..2026-10-31
团队还剩多少 -> balance | whom=team/search
有什么要我审批的吗 -> home
待我审批 -> home
有没有浪费 -> waste
哪里可以省钱 -> waste
有异常吗 -> guard
停掉crawler -> help | about=pause
各团队支出 -> spend | by=team
昨天谁改了限额 -> audit | period=2026-11-21..2026-11-21
把语言改成中文 -> help | about=settings
怎么创建令牌 -> help | about=token
令牌 -> token
今天用了多少 -> spend | period=2026-11-22..2026-11-22
过去30天支出 -> spend | period=2026-10-24..2026-11-22
本周支出按模型 -> spend | by=model | period=2026-11-16..2026-11-22
关闭周报 -> help | about=settings
再给我五十美元做测试 -> request | amount=50 USD | reason=测试
申请 50 状态页 -> request | amount=50 | reason=状态页
批准 1 -> approve | number=1
上周支出按模型 -> spend | by=model | period=2026-11-09..2026-11-15
昨天我花了多少 -> spend | period=2026-11-21..2026-11-21
我的团队上周花了多少 -> spend | whom=team/search | period=2026-11-09..2026-11-15
团队支出 -> spend | whom=team/search
> balance -> balance
spend first week of november -> spend | period=2026-11-01..2026-11-07
spend second week of november -> spend | period=2026-11-08..2026-11-14
spend last week of october -> spend | period=2026-10-25..2026-10-31
spend first half of november -> spend | period=2026-11-01..2026-11-15
spend first 10 days of november -> spend | period=2026-11-01..2026-11-10
spend 2026 Q3 -> spend | period=2026-07-01..2026-09-30
spend 2026-Q3 -> spend | period=2026-07-01..2026-09-30
spend 2026q3 -> spend | period=2026-07-01..2026-09-30
spend FY26 -> spend | period=2026-01-01..2026-12-31
spend third quarter -> spend | period=2026-07-01..2026-09-30
spend last couple of days -> spend | period=2026-11-21..2026-11-22
spend mid november -> spend | period=2026-11-11..2026-11-20
spend early november -> spend | period=2026-11-01..2026-11-10
spend late october -> spend | period=2026-10-21..2026-10-31
spend end of october -> spend | period=2026-10-21..2026-10-31
spend beginning of november -> spend | period=2026-11-01..2026-11-10
spend 11/2026 -> spend | period=2026-11-01..2026-11-30
spend Nov '25 -> spend | period=2025-11-01..2025-11-30
spend monday to friday -> spend | period=2026-11-16..2026-11-20
spend mon-fri -> spend | period=2026-11-16..2026-11-20
spend mon -> spend | period=2026-11-16..2026-11-16
spend last mon -> spend | period=2026-11-16..2026-11-16
spend nov 3 - nov 9 -> spend | period=2026-11-03..2026-11-09
spend 3 nov to 9 nov -> spend | period=2026-11-03..2026-11-09
spend 3.11.2026 - 9.11.2026 -> spend | period=2026-11-03..2026-11-09
spend 2026-11-03 to 2026-11-09 -> spend | period=2026-11-03..2026-11-09
spend 2026-11-03 - 2026-11-09 -> spend | period=2026-11-03..2026-11-09
spend 20261103 -> spend | period=2026-11-03..2026-11-03
spend 2026-11-03T00:00:00Z -> spend | period=2026-11-03..2026-11-03
spend after 3 november -> spend | period=2026-11-04..2026-11-22
spend w47 -> spend | period=2026-11-16..2026-11-22
spend cw47 -> spend | period=2026-11-16..2026-11-22
spend 2026-W47 -> spend | period=2026-11-16..2026-11-22
spend calendar week 47 -> spend | period=2026-11-16..2026-11-22
spend trailing 30 days -> spend | period=2026-10-24..2026-11-22
spend rolling 7 days -> spend | period=2026-11-16..2026-11-22
spend 7d -> spend | period=2026-11-16..2026-11-22
spend last 7d -> spend | period=2026-11-16..2026-11-22
spend 30d -> spend | period=2026-10-24..2026-11-22
spend 30 days -> spend | period=2026-10-24..2026-11-22
spend 7 days -> spend | period=2026-11-16..2026-11-22
spend last thirty days -> spend | period=2026-10-24..2026-11-22
spend TTM -> spend | period=2025-11-23..2026-11-22
spend 12 months -> spend | period=2025-11-23..2026-11-22
spend two months ago -> spend | period=2026-09-01..2026-09-30
spend 2 months ago -> spend | period=2026-09-01..2026-09-30
spend a month ago -> spend | period=2026-10-01..2026-10-31
spend two quarters ago -> spend | period=2026-04-01..2026-06-30
spend last year november -> spend | period=2025-11-01..2025-11-30
spend november last year -> spend | period=2025-11-01..2025-11-30
spend november of last year -> spend | period=2025-11-01..2025-11-30
spend Q3 last year -> spend | period=2025-07-01..2025-09-30
spend same month last year -> spend | period=2025-11-01..2025-11-30
spend today and yesterday -> spend | period=2026-11-21..2026-11-22
spend october and november -> spend | period=2026-10-01..2026-11-30
spend oct-nov -> spend | period=2026-10-01..2026-11-30
spend oct to nov -> spend | period=2026-10-01..2026-11-30
spend october to november -> spend | period=2026-10-01..2026-11-30
spend january through march -> spend | period=2026-01-01..2026-03-31
spend jan-mar -> spend | period=2026-01-01..2026-03-31
支出 上旬 -> spend | period=2026-11-01..2026-11-10
支出 11月上旬 -> spend | period=2026-11-01..2026-11-10
11月上旬支出 -> spend | period=2026-11-01..2026-11-10
支出 本月中旬 -> spend | period=2026-11-11..2026-11-20
上个月下旬支出 -> spend | period=2026-10-21..2026-10-31
支出 国庆 -> spend | period=2026-10-01..2026-10-07
国庆期间支出 -> spend | period=2026-10-01..2026-10-07
支出 国庆节 -> spend | period=2026-10-01..2026-10-07
支出 前三天 -> spend | period=2026-11-20..2026-11-22
支出 11月第一周 -> spend | period=2026-11-01..2026-11-07
支出 11月第一个星期 -> spend | period=2026-11-01..2026-11-07
支出 2026年Q3 -> spend | period=2026-07-01..2026-09-30
支出 2026/11/1-2026/11/7 -> spend | period=2026-11-01..2026-11-07
支出 2026.11.1~2026.11.7 -> spend | period=2026-11-01..2026-11-07
支出 本月1号到今天 -> spend | period=2026-11-01..2026-11-22
支出 本月1日以来 -> spend | period=2026-11-01..2026-11-22
支出 月初 -> spend | period=2026-11-01..2026-11-10
支出 上月底 -> spend | period=2026-10-21..2026-10-31
支出 自9月以来 -> spend | period=2026-09-01..2026-11-22
支出 从9月到11月 -> spend | period=2026-09-01..2026-11-30
支出 9月到11月 -> spend | period=2026-09-01..2026-11-30
支出 9-11月 -> spend | period=2026-09-01..2026-11-30
支出 九月至十一月 -> spend | period=2026-09-01..2026-11-30
支出 去年11月 -> spend | period=2025-11-01..2025-11-30
支出 去年同期 -> spend | period=2025-11-01..2025-11-22
支出 上个月同期 -> spend | period=2026-10-01..2026-10-22
支出 双十一 -> spend | period=2026-11-11..2026-11-11
支出 上半月 -> spend | period=2026-11-01..2026-11-15
支出 下半月 -> spend | period=2026-11-16..2026-11-30
支出 11月上半月 -> spend | period=2026-11-01..2026-11-15
支出 周一到周五 -> spend | period=2026-11-16..2026-11-20
支出 周末 -> spend | period=2026-11-21..2026-11-22
支出 上个周末 -> spend | period=2026-11-14..2026-11-15
支出 前两周 -> spend | period=2026-11-09..2026-11-22
支出 三个月前 -> spend | period=2026-08-01..2026-08-31
支出 今年第一季度 -> spend | period=2026-01-01..2026-03-31
支出 去年第四季度 -> spend | period=2025-10-01..2025-12-31
支出 今年上半年 -> spend | period=2026-01-01..2026-06-30
支出 去年下半年 -> spend | period=2025-07-01..2025-12-31
昨天一共花了多少钱？ -> spend | period=2026-11-21..2026-11-21
这个月哪个模型最费钱 -> spend | by=model | period=2026-11-01..2026-11-30
我这周还能花多少 -> balance
馀额 -> balance
余額 -> balance
批准42号 -> approve | number=42
“balance” -> balance
"balance" -> balance
'balance' -> balance
`balance` -> balance
*balance* -> balance
_balance_ -> balance
balance 👍 -> balance
approve 42 👍 -> approve | number=42
Hey @Bursar can you tell me how much I have left please? -> balance
who spent the most yesterday -> spend | whom=team/search | by=person | period=2026-11-21..2026-11-21
what did october cost us -> spend | period=2026-10-01..2026-10-31
request $50 — finish the migration -> request | amount=50 USD | reason=finish the migration
request 50 – finish the migration -> request | amount=50 | reason=finish the migration
spend for the search team -> spend | whom=team/search
search team spend -> spend | whom=team/search
spend last week grouped by model -> spend | by=model | period=2026-11-09..2026-11-15
spend breakdown by model -> spend | by=model
11月支出 -> spend | period=2026-11-01..2026-11-30
2026年支出 -> spend | period=2026-01-01..2026-12-31
支出 11月5日起 -> spend | period=2026-11-05..2026-11-22
支出 11月5日至今 -> spend | period=2026-11-05..2026-11-22
支出 11月5日到今天 -> spend | period=2026-11-05..2026-11-22
支出 9月至今 -> spend | period=2026-09-01..2026-11-22
支出 2026年9月至今 -> spend | period=2026-09-01..2026-11-22
支出 上個月 -> spend | period=2026-10-01..2026-10-31
餘額 -> balance
申請50美元完成遷移 -> request | amount=50 USD | reason=完成遷移
批準 42 -> approve | number=42
昨天谁花得最多 -> spend | whom=team/search | by=person | period=2026-11-21..2026-11-21
谁昨天花得最多 -> spend | whom=team/search | by=person | period=2026-11-21..2026-11-21
上个月哪个团队花得最多 -> spend | whom=team/search | by=team | period=2026-10-01..2026-10-31
who spent the most last month in my team? -> spend | whom=team/search | by=person | period=2026-10-01..2026-10-31
which team spent the most in october? -> spend | whom=team/search | by=team | period=2026-10-01..2026-10-31
top 5 models last week -> spend | by=model | period=2026-11-09..2026-11-15
"token new" -> token | act=new
“request 50 finish” -> request | amount=50 | reason=finish
approve 42 :thumbsup: -> approve | number=42
spend search team last week -> spend | whom=team/search | period=2026-11-09..2026-11-15
request 50 until end of december -> request | amount=50 | until=2026-12-31
request 50 until the weekend -> request | amount=50 | until=2026-11-22
request 50 until fri -> request | amount=50 | until=2026-11-27
spend of “ana” last week -> spend | whom=person/ana | period=2026-11-09..2026-11-15
balance of "Search" -> balance | whom=team/search
request 50 “ana” -> request | amount=50 | reason=“ana”
spend ytd by model -> spend | by=model | period=2026-01-01..2026-12-31
spend mtd of ana -> spend | whom=person/ana | period=2026-11-01..2026-11-30
spend week 53 -> spend | period=2020-12-28..2021-01-03
spend october to date -> spend | period=2026-10-01..2026-11-22
spend month of october -> spend | period=2026-10-01..2026-10-31
spend for the calendar year 2025 -> spend | period=2025-01-01..2025-12-31
spend fiscal 2026 -> spend | period=2026-01-01..2026-12-31
spend 28/10-13/11 -> spend | period=2026-10-28..2026-11-13
why october vs september -> why | period=2026-10-01..2026-10-31
spend this week vs last week -> why | period=2026-11-16..2026-11-22
spend 20 nov to 30 nov -> spend | period=2026-11-20..2026-11-30
spend dec to feb -> spend | period=2025-12-01..2026-02-28
spend since 2 months ago -> spend | period=2026-09-22..2026-11-22
spend on the 31st -> spend | period=2026-10-31..2026-10-31
spend last 2 weeks of october -> spend | period=2026-10-18..2026-10-31
spend second half of last year -> spend | period=2025-07-01..2025-12-31
"""
REFUSED = """
spend last 24 hours -> ! I count whole days and know no “last 24 hours”.
spend past 24h -> ! I count whole days
spend last night -> ! I count whole days
spend yesterday evening -> ! I count whole days
支出 过去24小时 -> ! I count whole days
支出 昨晚 -> ! I count whole days
spend the last few days -> ! I don't know how many “last few days” are.
spend tomorrow -> ! “tomorrow” is still to come.
spend next month -> ! “next month” is still to come.
spend october and december -> ! Name days that follow each other
approve 42, 43 -> ! Say one number at a time.
approve 42 and 43 -> ! Say one number at a time.
approve #42, #43 -> ! Say one number at a time.
批准42、43 -> ! Say one number at a time.
批准42和43 -> ! Say one number at a time.
deny 42 and approve 43 -> ! I do one thing at a time. Say “approve 43” in a sentence of its own.
拒绝42并批准43 -> ! I do one thing at a time.
request 1.500 demo -> ! “1.500” could be 1.50 or 1,500.00. Write 1500 or 1.50.
request 12,5,0 demo -> ! I can't read “12,5,0” as a number.
request 1,500k demo -> ! “1,500” could be 1.50 or 1,500.00.
spend week 60 -> ! There is no week 60 in 2026.
spend 30-31 february -> ! There is no day “30 february”.
spend 13/13 -> ! There is no day “13/13”.
request 1,00,000 demo -> ! I can't read “1,00,000” as a number.
request -5 x -> ! An amount must be above zero.
request 1 250.50 € demo -> ! Is that 1 or 1250.50?
request $50 EUR demo -> ! “$50 EUR” names two currencies.
request 20 review until next friday -> ! “next friday” could be 27 November or 4 December.
request 20 review until 2026-13-01 -> ! There is no day “2026-13-01”.
request 20 review until 31 february -> ! There is no day “31 february”.
request 20 until yesterday x -> ! I don't understand the day in “until yesterday x”.
spend 9999-12-31 -> ! “9999-12-31” is too far away.
spend 0001-01-01 -> ! “0001-01-01” is too far away.
why 0001-01-01 -> ! “0001-01-01” is too far away.
spend 1999 -> ! “1999” is too far away.
spend last 99999999 days -> ! Ask for at most ten years
spend 2026-13 -> ! There is no day “2026-13”.
spend 31 february -> ! There is no day “31 february”.
spend 11/12/2026 -> ! “11/12/2026” could be two days.
spend since forever -> ! I don't understand “since forever”.
spend last moon -> ! I don't know “last moon”. I know day, week, month, quarter and year.
spend by moon -> ! I don't know “by moon”. Did you mean “by month”?
spend by modle -> ! I don't know “by modle”. Did you mean “by model”?
spend ocotber -> ! I don't know “ocotber”. Did you mean “october”?
balance of serch -> ! You can't see figures for “serch”, or it doesn't exist. Did you mean team search?
balance of bob -> ! You can't see figures for “bob”, or it doesn't exist. You can see your own
approve -> ! Something is missing. Say it like this: approve 42 30
my team -> ?
xyzzy -> ?
aprove 42 -> ?
don't approve 42 -> ?
do not withdraw 3 -> ?
should I approve 42? -> ?
不要批准 42 -> ?
"""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """One company for all sentences: nothing is carried out, only understood."""
    folder: Path = tmp_path_factory.mktemp("sentences")
    database = Database(f"sqlite:///{folder}/bot.db")
    database.migrate()
    yield Company(database, Clock())
    database.close()


def shown(value: object) -> str:
    """An argument as the table writes it."""
    match value:
        case Account():
            return value.id
        case Budget():
            return value.name
        case Span():
            return f"{value.first}..{date.fromordinal(value.end.toordinal() - 1)}"
        case tuple():
            return f"{len(value)} held"
        case _:
            return str(value)


def understood(company: Company, text: str, who: str = "max", locale: str = "") -> str:
    """The command of a sentence and its arguments, or why it is refused."""
    person = next(each for each in PEOPLE if each.id == who)

    def ask(conn: Connection) -> str:
        place = Place("terminal", who)
        ctx = Context(conn, company.clock(), replace(person, locale=locale), place, company.app.policy)
        one, rest = parse_command(text)
        if one is UNKNOWN:
            return "?"
        try:
            values = understand(one, rest, {}, ctx)
        except RefusedError as refused:
            return f"! {refused}"
        given = (f"{each.name}={shown(values[each.name])}" for each in one.parameters if each.name in values)
        return " | ".join([one.name, *given])

    return company.database.ask(ask)


def table(text: str) -> list[tuple[str, str]]:
    """The lines of a table: what is said, and what is understood."""
    pairs = (line.partition(" -> ") for line in text.strip().splitlines() if line.strip())
    return [(said.strip(), heard.strip()) for said, _, heard in pairs]


@pytest.mark.parametrize(("said", "heard"), table(UNDERSTOOD))
def test_a_sentence_is_understood(company: Company, said: str, heard: str) -> None:
    """Politeness and stops are passed over, synonyms stand for their words, a number is one word."""
    assert understood(company, said) == heard


@pytest.mark.parametrize(("said", "why"), table(REFUSED))
def test_a_sentence_that_could_be_misread_is_refused(company: Company, said: str, why: str) -> None:
    """What could be two things is asked back, and what is no order gives none."""
    assert understood(company, said).startswith(why)


@pytest.mark.parametrize(
    ("locale", "said", "heard"),
    [
        ("de_DE", "request 12,50 demo", "request | amount=12.5 | reason=demo"),
        ("de_DE", "request 1.250,00 $ demo", "request | amount=1250 USD | reason=demo"),
        ("de_DE", "request 1.250,00\xa0$ demo", "request | amount=1250 USD | reason=demo"),
        ("de_DE", "request 1.250 demo", "request | amount=1250 | reason=demo"),
        ("de_DE", "request 1,250 demo", "! “1,250” could be 1,25 or 1.250,00."),
        ("fr_FR", "request 1\u202f250,50\xa0$US demo", "request | amount=1250.5 USD | reason=demo"),
        ("fr_FR", "request 50\xa0les tests", "request | amount=50 | reason=les tests"),
        ("fr_FR", "request 1 250,50 demo", "! Is that 1 or 1250,50?"),
        ("de_CH", "request 1’250.50 demo", "request | amount=1250.5 | reason=demo"),
        ("en_IN", "request 1,00,000 demo", "request | amount=100000 | reason=demo"),
        ("en_US", "request 1,00,000 demo", "! I can't read “1,00,000” as a number."),
        ("en_US", "request ₹1,00,000 demo", "request | amount=100000 INR | reason=demo"),
        ("en_US", "request 2.5 lakh rupees demo", "request | amount=250000 INR | reason=demo"),
        ("en_IN", "request 1 crore tokens demo", "request | amount=10000000 tokens | reason=demo"),
        ("zh_CN", "request CN¥100 demo", "request | amount=100 CNY | reason=demo"),
        ("de_DE", "request A$50 demo", "request | amount=50 AUD | reason=demo"),
        ("id_ID", "request 2M demo", "! “M” could be"),
        ("de_DE", "spend 20. November", "spend | period=2026-11-20..2026-11-20"),
        ("de_DE", "spend Oktober", "spend | period=2026-10-01..2026-10-31"),
        ("fr_FR", "spend 20 novembre", "spend | period=2026-11-20..2026-11-20"),
        ("de_DE", "spend 3.11.", "spend | period=2026-11-03..2026-11-03"),
        ("de_DE", "spend 3.11. - 9.11.", "spend | period=2026-11-03..2026-11-09"),
        ("en_US", "spend 3.11", "! I don't understand “3.11”."),
        ("zh_CN", "支出 11/1至11/7", "spend | period=2026-11-01..2026-11-07"),
        ("en_US", "spend 11/1", "! “11/1” could be two days."),
        ("zh_CN", "申请 1,500 迁移", "request | amount=1500 | reason=迁移"),
    ],
)
def test_a_reader_writes_numbers_and_days_as_they_are_shown_to_them(
    company: Company, locale: str, said: str, heard: str
) -> None:
    """A decimal comma where the locale has it, its groups, its months."""
    assert understood(company, said, locale=locale).startswith(heard)


@pytest.mark.parametrize("one", [each for each in COMMANDS.values() if not each.hidden])
@pytest.mark.parametrize("language", languages())
def test_an_example_of_the_help_begins_with_its_command(one: object, language: str) -> None:
    """Also where a catalog says it in another language."""
    assert parse_command(say(language, one.example))[0] is one  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "said",
    ["friday to sunday: reindex", "friday until sunday: reindex", "周五到周日：重建索引", "周五 至 周日 重建索引"],
)
def test_a_weekday_that_ends_some_days_follows_their_first(company: Company, said: str) -> None:
    """Also on a Sunday, which is not the one that is meant."""

    def ask(conn: Connection) -> object:
        ctx = Context(conn, company.clock(), PEOPLE[1], Place("terminal", "max"), company.app.policy)
        return understand(*parse_command(f"expected crawler 500 USD {said}"), {}, ctx)["days"]

    assert company.clock().strftime("%A") == "Sunday"
    assert company.database.ask(ask) == (date(2026, 11, 27), date(2026, 11, 29))


@pytest.mark.parametrize(
    "said",
    [
        "can I get 2 more seats?",
        "give me 3 more days",
        "I need another 2 people",
        "need 5 more minutes to finish",
        "I want 1",
    ],
)
def test_more_of_other_things_is_no_request_for_money(company: Company, said: str) -> None:
    """Nothing is asked for that somebody did not mean."""
    assert understood(company, said) == "?"


# Amounts -------------------------------------------------------------------------------------------------------------

# fmt: off
LOCALES = [
    "en_US", "en_GB", "en_CA", "en_IN", "de_DE", "de_CH", "fr_FR", "fr_CA", "es_ES", "es_MX",
    "pt_BR", "it_IT", "nl_NL", "sv_SE", "da_DK", "nb_NO", "fi_FI", "pl_PL", "cs_CZ", "hu_HU",
    "ru_RU", "uk_UA", "tr_TR", "ar_EG", "he_IL", "fa_IR", "hi_IN", "bn_BD", "ta_IN", "th_TH",
    "vi_VN", "id_ID", "ja_JP", "ko_KR", "zh_CN", "zh_TW", "sw_KE", "bg_BG", "et_EE",
]
# fmt: on
CURRENCIES = (
    "USD",
    "EUR",
    "GBP",
    "CNY",
    "JPY",
    "INR",
    "CHF",
    "CAD",
    "AUD",
    "SEK",
    "PLN",
    "BRL",
    "KRW",
    "KWD",
    "HUF",
    "VND",
)


def back(text: str, locale: str, own: str) -> Amount | None:
    """What is read where an amount stands in a sentence, or None if it is refused."""
    try:
        taken = take_amount(split_words(f"{text} the demo"), locale, own)
        alone = read_amount(text, locale, own)
    except AmountError:
        return None
    if taken is None or alone is None:
        return None
    assert taken[0] == alone
    return taken[0]


@settings(max_examples=1500, deadline=None)
@given(
    st.sampled_from(LOCALES),
    st.sampled_from(CURRENCIES),
    st.one_of(st.integers(1, 10**5), st.integers(1, 4 * 10**9)),
    st.booleans(),
)
def test_money_that_the_bot_writes_is_read_back_as_the_same_or_refused(
    locale: str, unit: str, cents: int, plain_blanks: bool
) -> None:
    """In every locale and currency, also where a chat has made plain blanks of those that do not break."""
    units = cents * smallest(unit)
    text = show_amount(units, unit, locale)
    text = " ".join(text.split()) if plain_blanks else text
    try:
        read = back(text, locale, unit)
        assert read is None or read.units(unit) == units, text
    except AmountError as refused:
        assert "counted in" in str(refused)  # noqa: PT017 - refused is right, another amount is not


@settings(max_examples=800, deadline=None)
@given(st.sampled_from(LOCALES), st.integers(1, 10**13), st.booleans())
def test_tokens_that_the_bot_writes_are_read_back_as_about_the_same_or_refused(
    locale: str, pieces: int, plain_blanks: bool
) -> None:
    """Millions are written with one digit behind the point, so what is read may differ by as much, and no more."""
    text = show_amount(pieces, "tokens", locale)
    text = " ".join(text.split()) if plain_blanks else text
    read = back(text, locale, "USD")
    assert read is None or abs(read.number - pieces) <= pieces / 10, text


@given(
    st.text(alphabet="0123456789.,'’ _-+$€¥£kKmM²½①NaN\u212a\u00a0\uff10\uff15", max_size=12), st.sampled_from(LOCALES)
)
def test_whatever_is_written_is_read_or_refused(text: str, locale: str) -> None:
    """Never with an error of ours, and never as a number whose digits were not written."""
    try:
        read = read_amount(text, locale, "USD")
    except AmountError:
        return
    if read is not None:
        assert read.number.is_finite()


def test_a_usual_amount_is_read_back_everywhere() -> None:
    """Not all may be refused: what people of each locale are shown, they may write."""
    currencies = [each for each in CURRENCIES if each in list_currencies()]
    unread = [
        (locale, unit)
        for locale in LOCALES
        for unit in currencies
        if back(show_amount(int(1250 * NANOS), unit, locale), locale, unit) is None
    ]
    assert unread == []


@pytest.mark.parametrize(
    ("locale", "written", "nanos"),
    [
        ("de_DE", "400,50 EUR", 400_500_000_000),
        ("de_DE", "1.500 EUR", 1_500_000_000_000),
        ("de_DE", "1,500 EUR", 0),
        ("en_US", "1,500 EUR", 1_500_000_000_000),
        ("en_US", "1.500 EUR", 0),
        ("en_US", "€400", 400_000_000_000),
        ("en_US", "0.001 EUR", 0),
        ("en_US", "400", 0),
        ("en_US", "99999999999 EUR", 0),
    ],
)
def test_an_amount_of_the_settings_is_read_as_their_organization_writes_it(
    locale: str, written: str, nanos: int
) -> None:
    """What could be two amounts, is too much or too little, or names no unit is refused (0 here) when it is read."""
    said = {
        "organization": {"locale": locale, "currency": "EUR"},
        "budgets": [{"name": "b", "who": "every person", "amount": written}],
    }
    try:
        found = Settings.model_validate(said).budgets[0].allotment
    except ValidationError:
        found = 0
    assert found == nanos


@pytest.mark.parametrize("bad", ["\0", "\ud800"])
def test_what_no_database_can_keep_breaks_nothing(database: Database, clock: Clock, bad: str) -> None:
    """A null character, or half of a pair of surrogates: no text of PostgreSQL holds it, and no UTF-8 the other."""
    company = Company(database, clock)
    said = ("balance of {}ana", "spend on {}", "history {}", "deny {}1", "token new for {}", "audit of {}", "{}balance")
    for each in said:
        assert "broke" not in company.say("ada", each.format(bad)), each
    assert "#1" in company.say("ana", f"request 50 the{bad} move")
    assert "#2" in company.say("ana", "request", amount="50", reason=f"the other{bad} move")
    assert [each["reason"] for each in company.database.ask(reasons)] == ["the move", "the other move"]


def reasons(conn: Connection) -> list[Any]:
    """The reasons of all requests."""
    return list(conn.execute(text("select reason from requests order by id")).mappings())


WORDS_FOR_DAYS = """
first second last this next the of november feb 29 31st 1 99999 week weeks month days half quarters year q1 h2 2024 9999
'25 fy26 ttm mid end start since from between after to and - monday mon-fri oct-feb 7d 99999y w53 2026-w01 ago same
period few couple today now calendar fiscal 11/2026 20260229 13/13 28/2-3/3 2026-02-28..2026-03-01 ytd
"""


@settings(max_examples=150)
@given(st.lists(st.sampled_from(WORDS_FOR_DAYS.split()), min_size=1, max_size=6))
def test_any_words_for_days_are_days_or_refused(company: Company, words: list[str]) -> None:
    """However they follow each other, nothing breaks, and no day is looked for where the calendar has none."""
    assert understood(company, f"spend {' '.join(words)}")
