r"""Questions that people ask in a whole sentence, and what of the grammar each stands for: one table a language.

A sentence is compared as a whole, without what ends it. All that they stand for are questions or the help of an order:
nothing is done because of them. `\g<whom>` is what was said in that place.
"""

import re
from collections.abc import Sequence
from functools import cache

Sentences = tuple[tuple[str, str], ...]
"""What of the grammar a sentence stands for, and the pattern of the sentence."""


@cache
def compiled(sentences: Sentences) -> Sequence[tuple[re.Pattern[str], str]]:
    """The patterns, ready, with what they stand for: made at the first sentence that begins with no command."""
    return tuple((re.compile(pattern, re.IGNORECASE), said) for said, pattern in sentences)


_SOMEBODY = (
    r"(?P<whom>(?!any|every|it\b|there\b|this\b|that\b|i\b|we\b|my budget|my limit)"
    r"(?:my team|(?:team |agent |person )?[\w@.-]+))"
)
_OVER = r"\b(?:over|exceed\w*|above|run(?:ning)? out|used up|overspen[dt]\w*|out of)\b"
_BUDGET = r"(?: (?:its|their|the|his|her|our))?(?: (?:budgets?|limits?|money))"
_WILL_BE = r"(?:going to )?(?:run out|be over|go over|exceed|overspend|make it|last|spend too much)\b"

_STOPPED = r"(?:stopped|blocked|cut off|locked out|limited|throttled|paused|refused|denied|capped)"

_MODEL_NAMED = (
    r"(?P<model>(?!(?:money|budget|quota|allowance|credits?|more|much|of|longer|tokens?|is|are|do|does|did|has|have|can"
    r"|will|could|my|our|the|it|this|that|any|anything|i|we|left|time|people|requests?)\b)[a-z][\w.-]*(?: \d[\w.]*)?)"
)

_UNITS = "day|week|weekend|month|quarter|year"
_MONTHS = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
_DAYS = (
    r"(?P<when>today|yesterday|(?:this|last|past|previous|current) (?:[\w]+ )?(?:" + _UNITS + r")s?|"
    r"(?:since )?(?:"
    + _MONTHS
    + r"|nov(?:ember)?|dec(?:ember)?|q[1-4]|20\d\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day)(?: 20\d\d)?)"
)
_REST = rf"(?:.*?\b{_DAYS}(?!\w).*|.*)"
"""All that follows, of which days are kept."""

_MEANS = r"(?:budget|money|quota|allowance|credits?|tokens?)"
_OF_IT = r"(?: (?:budget|tokens?|quota|usage|credits?|money))?"
_I_HAVE = r"(?:do i (?:still )?have|have i (?:still )?(?:got|left)|(?:can|may) i (?:still )?(?:use|spend))\b"
_I_USED = r"(?:did|have|do) i (?:use|spend|used|spent|consumed?)\b(?P<when>.*)"
_WHAT_OF = r"(?:status of|what about|who (?:approved|denied|decided)|what happened (?:to|with))"
_IS_ANY = r"(?:is there|do i have|have i got) (?:still )?(?:any|some|enough)"

ENGLISH: Sentences = (
    ("balance", rf"how (?:much|many) (?:of (?:my|the) )?{_MEANS} {_I_HAVE}.*"),
    (r"spend\g<when>", rf"how (?:much|many) {_MEANS} {_I_USED}"),
    ("balance", rf"{_IS_ANY} {_MEANS}(?: left| remaining)?"),
    (r"balance on \g<model>", rf"how (?:much|many) {_MODEL_NAMED}{_OF_IT} {_I_HAVE}.*"),
    (r"spend on \g<model>\g<when>", rf"how (?:much|many) {_MODEL_NAMED}{_OF_IT} {_I_USED}"),
    (r"balance on \g<model>", rf"{_IS_ANY} {_MODEL_NAMED}{_OF_IT} (?:left|remaining)"),
    (r"balance on \g<model>", rf"(?:can|may|could) i still use {_MODEL_NAMED}"),
    ("forecast", r"(?:when )?will i (?:hit|reach|exceed|pass) (?:my|the) (?:limit|budget|cap).*"),
    ("balance", r"(?:i'm|i am|we're|we are)? ?out of (?:budget|money|tokens|credits?)"),
    (r"spend of my team by person", r"who in my team (?:spends?|spent|costs?|uses?|used|is spending)\b.*"),
    (r"spend of us by model \g<when>", rf"(?:which|what) models? (?:is|are|was|were|costs?) .*\bfor us\b{_REST}"),
    (r"history \g<n>", rf"{_WHAT_OF} (?:request )?#?(?P<n>\d{{1,9}})"),
    ("waste of us", r"how much (?:do|did|are) we wast(?:e|ing)\b.*"),
    (r"budgets\g<whom>", r"(?:list|show|see|view|give me)(?: me)?(?: all| the| my| our)* budgets(?P<whom> of .+)?"),
    ("budgets", r"(?:what|which) (?:budgets|limits) (?:are there|do (?:i|we) have|apply(?: to me)?|exist|are set)"),
    ("overspent", rf"(?:which|what) (?:teams?|agents?|departments?|budgets?|limits?|people|persons?)\b.*{_OVER}.*"),
    (
        "over",
        rf"(?:who|is any ?(?:one|body)|(?:is|are) any teams?|any teams?)\b.*{_OVER}{_BUDGET}?(?: (?:now|this).*)?",
    ),
    ("overspent", r"who (?:will |is going to )?(?:run|runs|ran|running) out.*"),
    ("balance of us", rf"(?:are|have) we (?:still |already )?(?:over|above|out of|within|exceeded){_BUDGET}"),
    (
        r"balance of \g<whom>",
        rf"is {_SOMEBODY} (?:still |already )?(?:over|above|out of|within|under|below|in){_BUDGET}",
    ),
    (r"balance of \g<whom>", rf"how much (?:does|do|has|have) {_SOMEBODY} (?:have |got )?(?:left|remaining)"),
    (r"spend of \g<whom>\g<when>", rf"how much (?:does|do|did|has|have) {_SOMEBODY} (?:spend|spent)(?P<when>\b.*)"),
    ("models", r"how much (?:is|are) (?!left|my|our|the|it|that|this|there|a|gone|used|unallocated)[\w .-]+"),
    (r"why \g<when>", rf"(?:why |spend |compare )*{_DAYS} (?:vs\.?|versus|compared (?:to|with)|against) .+"),
    ("why", r"compare .*\b(?:week|month|quarter|year)s?\b.*"),
    ("spend of us by team", r"compare .+ (?:and|with|to|vs) .+|.+ (?:vs\.?|versus) .+"),
    (r"balance of \g<whom>", rf"how (?:is|are) {_SOMEBODY} doing(?: .*)?"),
    ("balance of us", r"how are we doing(?: .*)?"),
    ("balance", rf"why (?:am|was|were|are) (?:i|we) (?:being )?{_STOPPED}.*"),
    ("balance", rf"(?:am|was) i {_STOPPED}"),
    (r"balance of \g<whom>", rf"why (?:is|was|are|were) {_SOMEBODY} (?:being )?{_STOPPED}.*"),
    ("balance", r"why (?:can't|cannot|can i not|couldn't) (?:i|we) (?:use|call|run)\b.*"),
    (
        "balance",
        r"why (?:is|does|did|are|was) [\w. -]{1,30} (?:not work(?:ing)?|stop(?:ped)?(?: working)?|blocked)",
    ),
    ("forecast of us", rf"(?:will|when will|when do|are) we {_WILL_BE}.*"),
    (r"forecast of \g<whom>", rf"(?:will|is) {_SOMEBODY} {_WILL_BE}.*"),
    (r"forecast of \g<whom>", rf"when (?:will|does) {_SOMEBODY}(?:'s budget)? run out.*"),
    (
        r"who \g<whom>",
        r"who(?: is|'s) (?P<whom>(?!my\b|our\b|the\b)[\w@. -]{1,40}?)(?:'s|s'|s) (?:manager|boss|lead|approver|owner)",
    ),
    (r"who \g<whom>", r"who(?: is|'s) the (?:manager|boss|lead|owner) of (?P<whom>[\w@. -]{1,40})"),
    (r"who \g<whom>", r"who (?:owns|manages|leads|runs) (?P<whom>[\w@. -]{1,40})"),
    (
        r"spend of us by team \g<when>",
        rf"(?:which|what) (?:teams?|departments?)\b.*\b(?:spends?|spent|costs?|uses?|used|expensive)\b{_REST}",
    ),
    (
        "spend of us by team",
        r"(?:top|most expensive|biggest|largest|list|show|compare)(?: all| the)? (?:teams?|departments?)",
    ),
    (r"spend of us by person \g<when>", rf"who (?:spends?|spent|costs?|uses?|used|is spending)\b{_REST}"),
    (r"spend of us by person \g<when>", rf"(?:top|biggest|largest)(?: \d+)? (?:spenders?|users?|people)\b{_REST}"),
    (r"spend by model \g<when>", rf"(?:top|most used|biggest|favou?rite)(?: \d+)? models?\b{_REST}"),
    ("help allot", r"(?:give|grant) (?!me\b|us\b)@?[\w.-]+ (?:[$€£¥]\s?)?\d.*"),
    ("help raise", r"(?:raise|increase|set|change) (?!me\b|my\b|the\b|limit\b|to\b)@?[\w.-]+'s (?:limit|budget)\b.*"),
)

_MODEL = r"(?P<model>[a-z][a-z0-9.-]*(?: [0-9][0-9.]*)?)"
_WHEN = r"[\u4e00-\u9fff]{0,8}?"
_SPENT = r"(?:一共|总共|总)?(?:花了多少钱?|花费|花销|支出|费用|用了多少钱?|用量|成本|消耗|消费)(?:是?多少钱?|了)?"
_MANAGER = "(?:直属|直接)?(?:主管|经理|上级|老板|领导|负责人|审批人)"
_LEFT = (
    "(?:的?(?:余额|预算|额度|限额|剩余额度|剩余)?(?:现在)?(?:还?(?:剩|有|能用|可用|可以用|能花)(?:下)?多少(?:钱|额度|预算|余额)?)"
    "|的?(?:余额|额度|限额|剩余额度|剩余)|(?:还有|有没有)(?:余额|额度)|(?:额度)?用完了(?:没有?)?|够不?够用?)[吗呢]?"
)
_SEAT = "(?:席位|座位|订阅|许可证?)"

CHINESE: Sentences = (
    (r"balance of \g<model>", rf"(?:我的?)?\s*{_MODEL}\s*{_LEFT}"),
    (r"balance of \g<model>", rf"我?还?(?:剩下?|有|能用)多少\s*{_MODEL}\s*的?(?:额度|预算|余额|钱)?"),
    (
        "budgets",
        "(?:列出|查看|显示)?(?:我的|我们的|全部|所有|有?哪些)的?预算(?:列表|有哪些)|(?:预算|限额)(?:列表|清单|规则)",
    ),
    ("budgets", "列出预算|(?:列出|查看|显示)?(?:全部|所有|有哪些|哪些)的?预算"),
    (
        r"spend on \g<model> \g<before>\g<after>",
        rf"(?P<before>{_WHEN})我?[在用]?\s*{_MODEL}\s*[上的]?\s*(?P<after>{_WHEN}){_SPENT}",
    ),
    (r"spend on \g<model> \g<before>", rf"(?P<before>{_WHEN})我?{_SPENT}在\s*{_MODEL}\s*上?"),
    (r"why \g<when>", rf"(?:为什么|为何|怎么)(?P<when>{_WHEN})我?(?:花|用)得?(?:这么|那么|比)?.*[多贵高].*"),
    (r"spend \g<when>", rf"我?(?P<when>{_WHEN})我?(?:花|用)得(?:多不多|多吗|怎么样)"),
    (
        "forecast",
        rf"{_WHEN}(?:额度|预算|钱)?还?(?:能|可以|够)(?:撑|用|花|坚持)(?:多久|几天|多少天|到什么时候|到哪天|到月底吗?)",
    ),
    ("balance", "(?:我的?)?(?:额度|预算|余额|限额)(?:什么时候|何时|几号|哪天)(?:会)?(?:刷新|更新|重置|恢复|清零|到账)"),
    (
        "request",
        "(?:能不能|可不可以|可以|能否|请)?(?:再)?(?:多)?给我(?:多)?(?:一点|一些|点|加点|加一点|更多)的?(?:额度|预算|钱)吗?",
    ),
    (r"spend on \g<model> \g<after>", rf"(?:花费|支出|费用|用量)\s+{_MODEL}\s*(?P<after>{_WHEN})"),
    ("models", r"我?还?(?:能|可以|能不能|可不可以)(?:用|使用)\s*[a-z][\w. -]*\s*吗?"),
    ("models", r"[a-z][\w. -]*\s*的?(?:价格|单价|多少钱|贵吗|贵不贵|怎么收费)(?:是多少)?"),
    ("models", r"(?:推荐|应该|该)?用?(?:哪个|什么)模型(?:最?好|更好)?|推荐用?(?:哪个|什么)?模型"),
    ("overspent", "(?:有?哪个|有?哪些|谁的?|有没有人?|有人)(?:团队|部门|人|预算|智能体)?.*(?:超|用完|花完|不够).*"),
    (
        r"spend of us by team \g<when>",
        f"(?P<when>{_WHEN})(?:(?:哪个|哪些)(?:团队|部门).*(?:最多|最贵|最高|多少).*|(?:对比|比较)(?:各|所有)?(?:团队|部门).*)",
    ),
    (
        r"spend of us by person \g<when> \g<at>",
        f"(?P<when>{_WHEN})(?:我的)?(?:团队)?[里中]?谁(?P<at>{_WHEN})[花用]得?的?钱?最多.*",
    ),
    ("who", rf"(?:我的?|谁是我的){_MANAGER}(?:是谁|叫什么)?|我是谁"),
    ("who", "我(?:属于|在)(?:哪个|哪|什么)(?:团队|部门|组)|我的(?:团队|部门)(?:是哪个|是什么)|我的(?:资料|账号|账户)"),
    ("who", "由?谁来?(?:审批|批准|决定)(?:我的?)?(?:申请|预算|额度)?"),
    (r"who \g<whom>", rf"(?P<whom>[^我谁的]{{1,20}}?)的{_MANAGER}(?:是谁)?"),
    ("balance", "(?:为什么|为何|怎么)我?(?:被(?:停|限|暂停|拒绝|封|禁)[了用]?|不能用|用不了|没法用|无法使用).*"),
    ("balance of my team", "(?:我的|我们)团队(?:的?情况|现在)?(?:怎么样|如何)了?"),
    ("requests", "(?:撤回|取消)我的申请|我的申请(?:谁批的|被谁批准了)"),
    ("forecast", "(?:会不会|会|是否会)(?:超预算|超额|超支|用完|花完)吗?|预算会?不?会?(?:超|用完|花完|超支)吗?"),
    ("waste", rf"有?(?:哪些|多少)?(?:闲置|未使用|没用|没人用|空闲)的?(?:{_SEAT}|账号)(?:有哪些|有多少)?"),
    ("contracts", rf"(?:我们)?(?:有|买了|付费)?(?:多少|几个|哪些)?{_SEAT}(?:有多少|数量)?"),
    ("link", "未归属的?(?:支出|费用|用量|花费)?(?:有哪些|是多少|有多少)?"),
    ("home", "有(?:什么|没有)(?:等|需要)我?(?:处理|批准|审批|决定)的?吗?"),
    ("balance", "(?:我的)?(?:预算|额度|余额|钱)还[剩有]多少(?:钱|额度)?"),
    ("why", "为什么(?:我的|我们的)?(?:账单|费用|支出|花费|开销)[这那变]?么?[高多贵大]?"),
    ("request", "我?(?:要|想要|需要)(?:更多|多一些|多点)(?:额度|预算|钱)?|(?:额度|预算)不够用?"),
    ("spend of us", "我们(?:这个月|本月)?(?:一共|总共)?[花用]了多少钱?|我们的(?:支出|花费|费用|用量)"),
    ("spend of us last month", "我们上个?月(?:一共|总共)?[花用]了多少钱?"),
    ("balance of us", "我们的?(?:预算|额度)(?:还剩多少|还有多少)?|我们还[剩有]多少(?:钱|预算|额度)?"),
    ("help", "我?可?以?能?做什么"),
    ("spend as csv", "导出(?:数据|支出|费用|报表)?"),
    ("spend as csv last month", "导出上个?月的?(?:数据|支出|费用|报表)?"),
)
