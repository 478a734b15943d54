"""The words that people say beside those of the grammar: one table a language.

Whatever a reader's language is, the words of all tables are understood. The grammar itself is English: a synonym stands
for words of it. Where nothing is misread, nothing is asked; what could do something by mistake is in no table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers import whole_sentences


@dataclass(frozen=True, slots=True)
class Tongue:
    """The words of one language.

    Args:
        commands: what begins a sentence, and the command it stands for, with the words that follow it; whole words,
            or several. “…” stands for all that follows in the sentence and is passed over.
        asks: how people ask for more in whole sentences, with `amount` and `why`.
        polite: what may stand before an order or a question, and means nothing.
        asking: what may stand before a question only: "can I approve 42?" approves nothing.
        thanks: what may stand at the end, and means nothing.
        fillers: words within a question that mean nothing.
        words: words of the grammar, by those that stand for them.
        patterns: the same for words with numbers in them.
        reason: what may lead to the reason of a request and is no part of it.
        until: what may stand before a day that something ends with.
        sentences: those of the grammar, and the whole questions that stand for them, without what ends these.
    """

    commands: Mapping[str, str]
    polite: tuple[str, ...] = ()
    asking: tuple[str, ...] = ()
    thanks: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    asks: re.Pattern[str] | None = None
    patterns: tuple[tuple[re.Pattern[str], str], ...] = ()
    reason: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    sentences: whole_sentences.Sentences = ()


def _words(several: str) -> tuple[str, ...]:
    return tuple(several.split(","))


def _same(**groups: str) -> dict[str, str]:
    return {each.strip(): name.rstrip("_") for name, several in groups.items() for each in several.split(",")}


ENGLISH = Tongue(
    commands=_same(
        help="hi,hello,hey,menu,commands,start,man,?,help me,what can you do,what can i do,what can i say,"
        "how does this work,how do i use this,who are you",
        balance="budget,my budget,limit,my limit,my limits,quota,allowance,left,remaining,"
        "what is left,what's left,whats left,"
        "how much is left,how much i have left,how much i have,how much i can spend,how much we have left,"
        "how much i have got left,how much left,how much do i have left,how much do i have,how much have i got left,"
        "how much have i left,how much budget do i have left,how much budget do i have,how much can i spend,"
        "how much can i still spend,do i have budget left,do i have money left,how much money do i have left,"
        "how much money is left,how much money do i have,how much more can i spend,how much budget is left,"
        "am i over my limit,am i over budget,am i over,am i out of budget,am i within budget,how am i doing,"
        "how much of my budget is gone,how much of my budget is used,how much of my budget have i used,"
        "when does my budget reset,when does my limit reset,when does it reset,when do i get new budget",
        spend="usage,cost,costs,spent,spending,expense,expenses,bill,consumption,where did it go,"
        "where the money went,"
        "where did the money go,where did my money go,where did my budget go,what did i spend,how much did i spend,"
        "how much have i spent,where does my money go,where does it go,where is my money going,"
        "how much did,how much has,how much have,what have i spent,"
        "how much i spent,how much we spent,how much money i spent,how much money we spent,how much money did,"
        "how much i have spent,how much we have spent,"
        "how much did it cost,what did it cost,what i spent,what did,what has,what have",
        home="overview,what waits,what needs me,start page,what is waiting for me,what's waiting for me,"
        "what is waiting,anything to approve,anything for me,is there anything to approve,what needs my approval,"
        "what do i have to approve,what should i approve,what is pending,what should i do",
        forecast="prediction,predict,projection,estimate,when do i run out,when will i run out,"
        "will it last,will i run out,will it be enough,will i make it,will my budget last,will the budget last,"
        "will the money last,how much will i spend,how much will i have spent,"
        "how much will i have left,"
        "how much will it be,how much will it cost,what will i spend,what will it cost,where will it end,"
        "where will i end,when will my budget run out,when does my budget run out,when is my budget gone",
        why="why did my spending,why did my spend,why did my costs,why did my bill,why did my usage,why did,"
        "why so much,why is it so much,why did it go up,why was it more,what changed,why so expensive,"
        "why is my bill,why was my bill,why are my costs,why is my spending,why is it so expensive",
        models="prices,model prices,tiers,which models,what models,available models,cheapest model,"
        "the cheapest model,which model is cheapest,which model is the cheapest,what is the cheapest model,"
        "which models can i use,what models can i use,which models are there,what models are there,"
        "which model should i use,what model should i use,which model is best",
        overspent="who is over budget,who is over the limit,who is over,what is over budget,anyone over budget,"
        "is anyone over budget,is anybody over budget,over budget,over the limit,budgets over,over limit,over",
        who="who is my manager,who's my manager,who is my boss,who's my boss,who is my lead,who is my approver,"
        "my manager,my boss,my team lead,who am i,whoami,what team am i in,which team am i in,"
        "who approves my request,who approves my requests,who decides my requests,who decides about my budget,"
        "who decides my budget,who do i ask,who do i ask for more budget,who do i ask for more,who can i ask,"
        "who can approve,who can give me more,profile,my profile,my account",
        digest="report,weekly report,weekly,summary,last week's report",
        waste="savings,save,saving,where can i save,what is wasted,where can we save,what can i save,"
        "what can we save,how can i save,how can we save,how do i save,is anyone wasting,are we wasting,am i wasting",
        guard="spikes,spike,alerts,anomalies,is anything wrong,is something wrong,is anything unusual,"
        "anything unusual,unusual spending,what is unusual,unusual",
        request="ask for more,ask for,ask,apply for,more,i need more,need more,"
        "i need more budget,we need more,we need more budget",
        raise_="raise my limit,raise the limit,increase,increase my limit,increase me,new limit",
        permanent="permanently",
        exceptions="exception,my exceptions",
        **{"end-exception": "end exception,end the exception"},
        requests="my requests,open requests,pending requests,what did i ask for,what waits for me,my request,"
        "what happened to my request,where is my request,where are my requests,is my request approved,"
        "was my request approved,what about my request,status of my request,request status,"
        "who approved my request,who approved my last request,cancel my request,withdraw my request,"
        "cancel my requests,withdraw my requests",
        withdraw="cancel,cancel request,withdraw request,cancel claim,withdraw claim",
        approve="accept,approve request,approve claim",
        deny="reject,decline,refuse,deny request,disapprove,deny claim,reject claim",
        delegate="deputy",
        resume="unpause",
        settings="preferences,subscriptions",
        history="show request,story of",
        audit="who changed what,who did what,who changed the limits,who changed the limit,who changed my limit",
    )
    | {
        "which model costs the most": "spend by model",
        "which models cost the most": "spend by model",
        "which model do i use most": "spend by model",
        "my most expensive model": "spend by model",
        "most expensive model": "spend by model",
        "what is my most expensive model": "spend by model",
        **dict.fromkeys(_words("model costs,model cost,model spend,model usage,cost per model"), "spend by model"),
        **dict.fromkeys(
            _words("what did we spend,how much did we spend,what we spent,how much have we spent"), "spend of us"
        ),
        **dict.fromkeys(_words("our spend,our spending,our costs,our cost,our usage,our bill"), "spend of us"),
        **dict.fromkeys(
            _words("how much will we spend,what will we spend,our forecast,what's our forecast"), "forecast of us"
        ),
        **dict.fromkeys(
            _words("our budget,our balance,how much do we have left,how much can we spend"), "balance of us"
        ),
        **dict.fromkeys(_words("spend per team,cost per team,costs by team,costs per team"), "spend of us by team"),
        **dict.fromkeys(
            _words("can i use,may i use,am i allowed to use,price of,the price of,cost of using"), "models …"
        ),
        **dict.fromkeys(
            _words("what's the price of,what is the price of,how expensive is,is it ok to use"), "models …"
        ),
        **dict.fromkeys(_words("unused seats,idle seats,unused licenses,unused licences,who has a seat"), "waste …"),
        **dict.fromkeys(_words("seats,licenses,licences,our seats,how many seats,subscriptions we pay"), "contracts …"),
        **dict.fromkeys(_words("unallocated,what is unallocated,who is not linked,unallocated spending"), "link"),
        "export": "spend as csv",
        "team balance": "balance of my team",
        "team budget": "balance of my team",
        "my team's budget": "balance of my team",
        "my team's balance": "balance of my team",
        "team spend": "spend of my team",
        "my team's spend": "spend of my team",
        "my agents": "spend by agent",
        "my tokens": "token",
        "tokens": "token",
        "api token": "token",
        "how much does": "models …",
        "how much do models": "models …",
        "how do i make a token": "help token …",
        "how do i get a token": "help token …",
        "how do i create a token": "help token …",
        "how do i ask for more": "help request …",
        "how do i get more": "help request …",
        "change my language": "help settings …",
        "change language": "help settings …",
        "language": "help settings …",
        "stop the agent": "help pause …",
        "stop the": "help pause …",
        "turn off the weekly report": "help settings …",
        "unsubscribe": "help settings …",
    },
    polite=_words(
        "please,pls,plz,kindly,can you,could you,would you,will you,i want to,i'd like to,i would like to,"
        "hi,hello,hey,good morning,ok,okay,bursar,@bursar,so,and,just,now"
    ),
    asking=_words(
        "can i,could i,may i,let me,show me,show,tell me,tell me about,give me,get me,get,see,check,view,"
        "display,list,open,what is,what's,whats,what are,what was,what were,how is,how's,how are,is there,"
        "are there,do i have,i want,i need,how about,my,our,the,a,all,me,current,total,you,much,"
        "what about"
    ),
    thanks=_words("please,pls,plz,thanks,thank you,thx,ty,for me,to me,bursar"),
    fillers=_words(
        "in,on,during,for,at,the,a,and,with,please,over,within,so far,yet,now,right now,currently,so much,"
        "this week,this month,today,left,go,did,i,we,have,has,had,is,was,do,you,spend,spent,money,budget,"
        "go up,rise,increase,grow,go down,at the end of the month,end of the month,at month end,"
        "cost,us,me,grouped,split,broken down,breakdown,total,"
        "just,all,my,our,there,so high,so expensive,bill,costs,by the end of the month,until the end of the month,"
        "by the end of this month,until then,money"
    ),
    asks=re.compile(
        r"(?:(?:can|could|may) i (?:get|have)|i need|i want|i'd like|i would like|give me|need)"
        r"(?: (?P<another>another))? "
        r"(?P<amount>(?:[$€£¥]\s?)?\d[\d.,]*(?: ?(?:usd|eur|gbp|dollars?|euros?|bucks|tokens))?)"
        r"(?(another)| more)\b[ ,]*(?:please\b ?)?(?P<why>(?:(?:for|to|until|because|so|this|next)\b.*)?)[?!. ]*$",
        re.IGNORECASE,
    ),
    words={
        "per": "by",
        "past": "last",
        "previous": "last",
        "current": "this",
        "everybody": "organization",
        "everyone": "organization",
        "company": "organization",
        "till": "until",
        "til": "until",
        "through": "until",
    },
    reason=("for", "because of", "because"),
    until=("until", "till", "til", "through"),
    sentences=whole_sentences.ENGLISH,
)

_WEEKDAYS = {"一": "monday", "二": "tuesday", "三": "wednesday", "四": "thursday", "五": "friday", "六": "saturday"}
_BY_LETTER = {**_WEEKDAYS, "日": "sunday", "天": "sunday"}
_DAY_LETTERS = "[一二三四五六日天]"
_DAY_NAMES = {f"{lead}{name}": day for lead in ("周", "星期", "礼拜") for name, day in _BY_LETTER.items()}
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
    "december",
)
_NUMBERS = {"一": "1", "二": "2", "三": "3", "四": "4"}
_DAY = (
    r"(?:\d{4}年)?\d{1,2}月\d{1,2}[日号]?|\d{4}-\d{1,2}-\d{1,2}|(?:周|星期|礼拜)[一二三四五六日天]|明天|今天|月底|周末"
)

_SINCE = {
    **dict.fromkeys(_words("本周至今,本周以来,这周以来"), "this week"),
    **dict.fromkeys(_words("月初至今,月初以来,本月至今,本月以来,这个月以来"), "this month"),
    **dict.fromkeys(_words("本季度至今,本季度以来"), "this quarter"),
    **dict.fromkeys(_words("年初至今,年初以来,今年至今,今年以来"), "this year"),
    **dict.fromkeys(_words("昨天以来,昨日以来"), "since yesterday"),
    **dict.fromkeys(_words("上周以来,上一周以来"), "since last week"),
    **dict.fromkeys(_words("上月以来,上个月以来"), "since last month"),
    **dict.fromkeys(_words("上季度以来,上个季度以来"), "since last quarter"),
    "去年以来": "since last year",
    **{f"{name}以来": f"since {day}" for name, day in _DAY_NAMES.items()},
}

_UNTIL_NOW = "(?:以来|[起到至]?(?:至今|今天|现在|目前)|起)"
_YEARS = {"今年": "this year", "本年": "this year", "去年": "last year", "上年": "last year"}
_YEAR = "(今年|本年|去年|上年)的?"
_NTH = {
    letter: word
    for letters, word in zip(
        ("1一", "2二", "3三", "4四", "5五"), ("first", "second", "third", "fourth", "fifth"), strict=True
    )
    for letter in letters
}
_PARTS = {
    "上旬": "early",
    "初": "early",
    "中旬": "mid",
    "下旬": "late",
    **dict.fromkeys(("底", "末"), "end of"),
    **dict.fromkeys(("上半月", "前半月"), "first half of"),
    **dict.fromkeys(("下半月", "后半月"), "second half of"),
}
_TENS = {part: said for part, said in _PARTS.items() if len(part) > 1}
_PARTS_OF_MONTHS = (
    *((re.compile(rf"(\d{{1,2}})月份?的?{part}"), f"{said} {{month0}}") for part, said in _PARTS.items()),
    *((re.compile(rf"上个?月的?{part}"), f"{said} last month") for part, said in _PARTS.items()),
    *((re.compile(rf"(?:本月|这个月|当月)?的?{part}"), f"{said} this month") for part, said in _TENS.items()),
    (re.compile("(?:本月|这个月|当月)[底末]"), "end of this month"),
    (re.compile(r"(\d{1,2})月份?的?第([1-5一二三四五])个?(?:周|星期|礼拜)"), "{nth1} week of {month0}"),
)
_OF_YEARS = (
    (re.compile(rf"{_YEAR}(\d{{1,2}})月(\d{{1,2}})[日号]?"), "{2} {month1} {year0}"),
    (re.compile(rf"{_YEAR}(\d{{1,2}})月份?"), "{month1} {year0}"),
    (re.compile(rf"{_YEAR}第?([一二三四1-4])季度"), "q{quarter1} {year0}"),
    (re.compile(rf"{_YEAR}上半年"), "h1 {year0}"),
    (re.compile(rf"{_YEAR}下半年"), "h2 {year0}"),
    (re.compile(rf"{_YEAR}(?:国庆|黄金周)(?:节|期间|假期|长假)?"), "from 1 october {year0} to 7 october {year0}"),
    (re.compile("(?:国庆|黄金周|(?:十一|11)(?=期间|假期|长假))(?:节|期间|假期|长假)?"), "from 1 october to 7 october"),
    (re.compile("(?:五一|劳动节|51(?=假期|期间))(?:节|期间|假期|长假)?"), "from 1 may to 5 may"),
    (re.compile("双(?:十一|11)"), "11 november"),
    (re.compile("元旦(?:节|当天)?"), "1 january"),
)

CHINESE = Tongue(
    commands=_same(
        help="帮助,怎么用,如何使用,菜单,命令,你好,您好,嗨,你能做什么,你会什么",
        balance="余额,预算,我的预算,额度,限额,剩余,剩余额度,剩余预算,还剩多少,我还剩多少,还剩多少钱,剩多少,还有多少,我还有多少,"
        "还有多少额度,还有多少预算,还能花多少,还能用多少,还剩多少预算,我还剩多少预算,还剩多少额度,我还剩多少额度,"
        "还有多少钱,我还有多少钱,还有多少钱可以用,我还有多少钱可以用,还有多少钱可用,还能花多少钱,还能用多少钱,"
        "超额了吗,超预算了吗,超支了吗,超了吗,是否超额,预算用了多少,用掉了多少预算,"
        "什么时候重置,何时重置,什么时候恢复,预算什么时候重置,预算何时重置,额度什么时候重置,额度什么时候恢复",
        home="首页,概览,总览,待办,我的待办,待我审批,等我审批,有什么要我审批,有没有要我审批,有什么要审批,需要我审批",
        spend="一共花了多少,一共花了多少钱,总共花了多少,总共花了多少钱,一共用了多少,总共用了多少,支出,总支出,总花费,总费用,花费,花销,费用,用量,消费,成本,开销,消耗,花了多少,花了多少钱,我花了多少,我花了多少钱,用了多少,我用了多少,钱花在哪里,"
        "钱花到哪里去了",
        forecast="预测,预计,什么时候用完,何时用完,钱什么时候用完,预算什么时候用完,额度什么时候用完,够用吗,还够用吗,够不够用,"
        "够不够,预算够不够,预算够用吗,预算够吗,会超吗,会不会超,会超支吗,会花多少,要花多少,会花多少钱,预计花多少",
        overspent="超支,超额,超预算,超额名单,超预算名单,超支名单,谁超额",
        who="我的主管,我的资料",
        why="原因,为什么,为何,为什么这么多",
        models="模型,模型价格,价格,最便宜的模型,哪个模型最便宜,有哪些模型,能用哪些模型,可以用哪些模型,哪些模型",
        digest="周报,摘要,汇总,报告",
        request="申请,申请额度,请求额度,追加,追加额度,需要更多",
        raise_="提高额度,提高限额,上调额度,调整我的额度",
        permanent="永久额度,永久,长期额度",
        exceptions="例外,例外额度",
        **{"end-exception": "结束例外", "go-live": "上线"},
        requests="我的申请,申请记录,申请列表,待审批,待批准,申请进度,申请状态,我的申请进度,我的申请状态,我的申请批了吗,"
        "申请批了吗,我的申请到哪一步了,申请到哪一步了,我的申请怎么样了,谁审批我的申请,谁批准我的申请",
        change="修改申请,修改,更改",
        remind="催办,提醒",
        withdraw="撤回,取消,撤回申请,取消申请",
        history="历史,记录,历史记录",
        transfer="转账,转让,转移",
        approve="批准,同意,通过,批准申请",
        deny="拒绝,驳回,否决,拒绝申请,不同意,不批准,不批,不通过",
        question="追问,提问,询问",
        revoke="撤销,收回",
        delegate="委托,代理",
        waste="浪费,节省,有没有浪费,有浪费吗,哪里可以省钱,哪里能省钱,怎么省钱,如何省钱,省钱,能省多少",
        finding="发现",
        done="已处理,完成",
        dismiss="忽略",
        comment="评论",
        postpone="推迟,延后,稍后",
        keep="保留",
        release="释放,退还",
        guard="异常,异常消耗,有异常吗,有没有异常,有什么异常,异常支出,异常花费",
        expected="预期",
        unexpected="非预期",
        value="单位成本,价值",
        outcomes="产出,成果",
        pool="额度池,预算池",
        allot="分配",
        split="平分,均分",
        correct="更正,调整",
        try_="试算",
        suggest="建议,建议额度,建议限额",
        propose="提议",
        lab="试验室,影子预算",
        promote="启用",
        demote="停止启用",
        claim="报销",
        claims="我的报销,报销记录",
        receipt="收据,添加收据",
        receipts="收据列表,查看收据",
        payroll="待报销,报销清单",
        paid="已报销",
        budgets="预算列表,所有预算",
        contracts="合同",
        renewal="续约,续签",
        month="月度,月度账目",
        audit="审计,审计记录,谁改了限额,谁修改了限额,谁改了什么",
        erase="删除个人数据,抹除",
        link="关联,绑定",
        people="人员,成员",
        enforce="生效",
        providers="服务商,供应商",
        limits="限制",
        pause="暂停",
        resume="恢复",
        close="结账,月结",
        status="状态",
        retry="重试",
        settings="设置",
    )
    | {
        "哪个模型最贵": "spend by model",
        "哪个模型花钱最多": "spend by model",
        "哪个模型花得最多": "spend by model",
        "哪个模型用得最多": "spend by model",
        "最贵的模型": "spend by model",
        "哪个模型最费钱": "spend by model",
        "令牌": "token",
        "我的令牌": "token",
        "怎么创建令牌": "help token …",
        "如何创建令牌": "help token …",
        "怎么申请": "help request …",
        "如何申请": "help request …",
        "停掉": "help pause …",
        "停止": "help pause …",
        "怎么暂停": "help pause …",
        "切换语言": "help settings …",
        "把语言": "help settings …",
        "语言": "help settings …",
        "关闭周报": "help settings …",
        "取消订阅": "help settings …",
    },
    polite=(
        *_words("请,麻烦,帮我,我想,我要,我想要,麻烦你,你好,您好,、,:"),
        ",",
    ),
    asking=_words(
        "请问,查一下,查询,查看,查,看看,看一下,看,显示,我的,我们的,告诉我,给我看,我,当前,目前,现在,列出,今天的"
    ),
    thanks=_words("谢谢,谢谢你,多谢,吗,呢,吧,啊,是多少,有多少,多少,怎么样,情况,了"),
    fillers=(
        *_words("的,在,情况,了,总,我,我们,花了,用了,多少,是,从,以来,期间,里,、,这么多,那么多,这么贵,这么高,可以用,钱"),
        *_words("本月,这个月,月底,本周,这周,这个星期,今天,今年,本季度"),
        ",",
    ),
    asks=re.compile(
        r"我?还?(?:想|要|能不能|能否|可以|可不可以|可否|请)*(?:给我|帮我)?(?:再要|给我加|帮我加|加|再给我?|多给我?|多要|再加|还需要|再需要)(?P<amount>)"
        r"(?P<why>[$€£¥]?\d[\d.,]*(?![\d.,]|\s*[天日周个小分年月人台位名次]).*)"
    ),
    words={
        "我的团队": "of my team",
        "我团队": "of my team",
        "我们团队": "of my team",
        "各团队": "by team",
        "各部门": "by team",
        "各模型": "by model",
        "按模型": "by model",
        "按天": "by day",
        "按小时": "by hour",
        "按日": "by day",
        "按服务商": "by provider",
        "按供应商": "by provider",
        "按团队": "by team",
        "按部门": "by team",
        "按群组": "by group",
        "按角色": "by group",
        "按公司": "by company",
        "按人": "by person",
        "按人员": "by person",
        "按成员": "by person",
        "按用户": "by person",
        "按智能体": "by agent",
        "按密钥": "by key",
        "按周": "by week",
        "按月": "by month",
        "按级别": "by tier",
        "按档次": "by tier",
        "按token": "by tokens",
        "按名称": "by name",
        "按姓名": "by name",
        "按金额": "by amount",
        "按费用": "by amount",
        "导出为yaml": "as yaml",
        "导出yaml": "as yaml",
        "导出为csv": "as csv",
        "导出csv": "as csv",
        "导出": "as csv",
        "今天": "today",
        "今日": "today",
        "昨天": "yesterday",
        "昨日": "yesterday",
        "明天": "tomorrow",
        "本周": "this week",
        "这周": "this week",
        "上周": "last week",
        "上一周": "last week",
        "本月": "this month",
        "这个月": "this month",
        "当月": "this month",
        "上月": "last month",
        "上个月": "last month",
        "本季度": "this quarter",
        "这个季度": "this quarter",
        "上季度": "last quarter",
        "上个季度": "last quarter",
        "今年": "this year",
        "本年": "this year",
        "去年": "last year",
        "前天": "2 days ago",
        "大前天": "3 days ago",
        "上周末": "last weekend",
        **dict.fromkeys(_words("这个礼拜,这礼拜,本礼拜,这个星期,这星期,本星期,这一周"), "this week"),
        **dict.fromkeys(_words("上礼拜,上个礼拜,上星期,上个星期,上个周"), "last week"),
        **dict.fromkeys(_words("上上周,上上个周,上上个星期,上上星期,上上个礼拜,上上礼拜"), "week before last"),
        **dict.fromkeys(_words("上上月,上上个月"), "month before last"),
        **dict.fromkeys(_words("近半个月,最近半个月,过去半个月"), "last 15 days"),
        **dict.fromkeys(_words("近半年,最近半年,过去半年"), "last 6 months"),
        **dict.fromkeys(_words("月初到现在,月初到今天,本月到目前,本月到现在,这个月到现在"), "this month"),
        **dict.fromkeys(_words("年初到现在,年初到今天,今年到现在,今年到目前"), "this year"),
        **dict.fromkeys(_words("有史以来,全部时间,所有时间"), "all time"),
        **_SINCE,
        "上半年": "h1",
        "下半年": "h2",
        "月底": "end of month",
        "周末": "weekend",
        **dict.fromkeys(_words("本周末,这周末,这个周末"), "this weekend"),
        "上个周末": "last weekend",
        "月初": "early this month",
        **dict.fromkeys(_words("今早,今晨,今天早上,今天上午,今天下午,今天晚上,今晚"), "this morning"),
        **dict.fromkeys(_words("昨晚,昨夜,昨天晚上,昨天夜里"), "last night"),
        **dict.fromkeys(_words("这几天,近几天,最近几天,前几天"), "last few days"),
        **dict.fromkeys(_words("去年同期,上年同期"), "same period last year"),
        **dict.fromkeys(_words("上月同期,上个月同期"), "same period last month"),
        "团队": "team",
        "部门": "team",
        "智能体": "agent",
        "公司": "organization",
        "全公司": "organization",
        "组织": "organization",
        "所有人": "organization",
        "自己": "me",
        "给": "to",
        "从": "from",
        "用户": "user",
        "密钥": "key",
        "用于": "for",
        "为了": "for",
        "直到": "until",
        "截至": "until",
        "截止": "until",
        "预览": "preview",
        "每天": "a day",
        "每日": "a day",
        "每周": "a week",
        "每月": "a month",
        "每个月": "a month",
        "每季度": "a quarter",
        "每年": "a year",
        "永久": "permanent",
        "长期": "permanent",
        **_DAY_NAMES,
    },
    patterns=(
        (re.compile(r"第(\d{1,4})页"), "page {0}"),
        *_PARTS_OF_MONTHS,
        *_OF_YEARS,
        (re.compile(r"(?:最近|过去|近)(\d{1,4})个?(?:小时|钟头)"), "last {0} hours"),
        (re.compile(r"前(\d{1,4})[天日]"), "last {0} days"),
        (re.compile(r"前(\d{1,3})个?(?:周|星期|礼拜)"), "last {0} weeks"),
        (re.compile(r"前(\d{1,3})个?月"), "last {0} months"),
        (re.compile(r"(\d{1,3})个?月前"), "{0} months ago"),
        (re.compile(rf"(?:本月|这个月|当月)(\d{{1,2}})[日号]{_UNTIL_NOW}"), "since {0}th"),
        (re.compile(r"(?:本月|这个月|当月)(\d{1,2})[日号]"), "{0}th"),
        (re.compile(rf"(\d{{4}})年(\d{{1,2}})月(\d{{1,2}})[日号]?{_UNTIL_NOW}"), "since {2} {month1} {0}"),
        (re.compile(rf"(\d{{4}})年(\d{{1,2}})月份?{_UNTIL_NOW}"), "since {month1} {0}"),
        (re.compile(r"(\d{1,4}(?:[/.-]\d{1,2}){1,2})[到至](\d{1,4}(?:[/.-]\d{1,2}){1,2})"), "from {0} to {1}"),
        (re.compile(r"(\d{1,2})月?份?[到至~-](\d{1,2})月份?(?!\d)"), "from {month0} to {month1}"),
        (re.compile(r"(?:最近|过去|近)(\d{1,4})[个]?[天日]"), "last {0} days"),
        (re.compile(r"(?:最近|过去|近)(\d{1,3})[个]?(?:周|星期)"), "last {0} weeks"),
        (re.compile(r"(?:最近|过去|近)(\d{1,3})个?月"), "last {0} months"),
        (re.compile(r"自(?=\d|[上本今昨周星])"), "since"),
        (re.compile(r"从(?=\d|[上本今昨周星])"), "since"),
        (re.compile(rf"[到至](?={_DAY}|$)"), "until"),
        (re.compile(r"(\d{1,3})天前"), "{0} days ago"),
        (re.compile(r"(\d{1,2})个?(?:周|星期)前"), "{0} weeks ago"),
        (re.compile(r"第(\d{1,2})周"), "week {0}"),
        (
            re.compile(rf"上个?(?:周|星期|礼拜)({_DAY_LETTERS})[到至~-]上个?(?:周|星期|礼拜)({_DAY_LETTERS})"),
            "{day0} of last week to {day1} of last week",
        ),
        (re.compile(rf"上个?(?:周|星期|礼拜)({_DAY_LETTERS})"), "{day0} of last week"),
        (re.compile(rf"(?:本|这个?)(?:周|星期|礼拜)({_DAY_LETTERS})"), "{day0} of this week"),
        (
            re.compile(r"(\d{1,2})月(\d{1,2})[日号]?[到至~-](\d{1,2})月(\d{1,2})[日号]?"),
            "from {1} {month0} to {3} {month2}",
        ),
        (re.compile(r"(\d{1,2})月(\d{1,2})[日号]?[到至~-](\d{1,2})[日号]"), "from {1} {month0} to {2} {month0}"),
        (re.compile(rf"(\d{{1,2}})月(\d{{1,2}})[日号]?{_UNTIL_NOW}"), "since {1} {month0}"),
        (re.compile(rf"(\d{{1,2}})月份?{_UNTIL_NOW}"), "since {month0}"),
        (re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]?"), "{2} {month1} {0}"),
        (re.compile(r"(\d{1,2})月(\d{1,2})[日号]?"), "{1} {month0}"),
        (re.compile(r"(\d{4})年(\d{1,2})月份?"), "{month1} {0}"),
        (re.compile(r"(\d{4})年?第?([一二三四1-4])季度"), "q{quarter1} {0}"),
        (re.compile(r"(\d{1,2})月份?"), "{month0}"),
        (re.compile(r"第?([一二三四1-4])季度"), "q{quarter0}"),
        (re.compile(r"(20\d\d)年?(?:第)?[Qq]([1-4])"), "q{1} {0}"),
        (re.compile(r"(20\d\d)年"), "{0}"),
    ),
    reason=("用于", "为了", "用来", "因为", "做", "来"),
    until=("直到", "截至", "截止", "到", "至"),
    sentences=whole_sentences.CHINESE,
)

TONGUES = (ENGLISH, CHINESE)
_TRADITIONAL = (
    "額餘預費團隊門級調請準絕銷記錄審狀態歷員設轉讓週個過這當時數據導幫選語賬帳單價報發異總結關聯綁連優該為麼還夠錢節約實試議啟續處簽歸屬訂閱許證資產間兩塊萬億對從"
    "開號頁顯檢買貴誰樣種後較謝問碼辦複復計刪應務暫閉減閒雜費讀寫點鐘頭馀"
)
_SIMPLIFIED = (
    "额余预费团队门级调请准绝销记录审状态历员设转让周个过这当时数据导帮选语账账单价报发异总结关联绑连优该为么还够钱节约实试议启续处签归属订阅许证资产间两块万亿对从"
    "开号页显检买贵谁样种后较谢问码办复复计删应务暂闭减闲杂费读写点钟头余"
)
SIMPLIFIED = str.maketrans(_TRADITIONAL, _SIMPLIFIED)
"""The letters of the words here as Taiwan and Hong Kong write them, one for one. Names and reasons stay as they are."""
ENDS_WITH_A_DAY = re.compile(rf"(?P<before>.*?)[,，、]?(?:直到|截至|截止到?|到|至)(?P<day>{_DAY})(?:为止|止)?[。.!！]?")
CHINESE_LETTER = re.compile("[\u4e00-\u9fff]")
NUMBER_AND_TEXT = re.compile(
    r"(?P<number>#?[^\u4e00-\u9fff，、：；。,:;]{0,3}?\d[\d.,]*(?:千万|百万|[百千万亿])?"
    r"(?:美元|美金|欧元|日元|人民币|块钱|元|块|个?[Tt]okens?)?)[，、：；。,:;]?(?P<text>[\u4e00-\u9fff].*)"
)
MEASURES = "月日号天周年个点次小分人台条位名项折倍度秒季星"
"""What begins with one of these goes on counting: "2个星期" is two weeks and no amount."""


def translated(word: str) -> tuple[str, str] | None:
    """What a Chinese word begins with says in words of the grammar, and what is left of it; None if it says nothing."""
    plain = word.translate(SIMPLIFIED)
    for pattern, said in CHINESE.patterns:
        found = pattern.match(plain)
        if found:
            parts = found.groups()
            weekdays = {f"day{n}": _BY_LETTER.get(part or "", "") for n, part in enumerate(parts)}
            months = {f"month{n}": _month(part) for n, part in enumerate(parts)}
            years = {f"year{n}": _YEARS.get(part or "", "") for n, part in enumerate(parts)}
            nths = {f"nth{n}": _NTH.get(part or "", "") for n, part in enumerate(parts)}
            quarters = {f"quarter{n}": _NUMBERS.get(part, part) for n, part in enumerate(parts)}
            return said.format(*parts, **months, **quarters, **weekdays, **years, **nths), word[found.end() :]
    lower = plain.lower()
    longest = max((each for each in CHINESE.words if lower.startswith(each)), key=len, default="")
    return (CHINESE.words[longest], word[len(longest) :]) if longest else None


def _month(number: str | None) -> str:
    return _MONTHS[int(number) - 1] if number and number.isdecimal() and 0 < int(number) <= len(_MONTHS) else "month"
