"""Tables that somebody keeps, whose columns have the titles that people give them: "User", "Input tokens", "费用 (元)".

Only what has one meaning is read. A file with two columns that may mean the same, or with tokens of a cache, of which
nobody knows whether the input holds them, is not recognized; app.yaml says what its columns mean.
"""

from collections.abc import Mapping, Sequence

from bot.providers.files.mapping import plain, unit_of_title
from bot.providers.files.settings import Meaning

_COSTS = (
    "cost",
    "costs",
    "total cost",
    "spend",
    "total spend",
    "net cost",
    "cost amount",
    "费用",
    "花费",
    "成本",
    "消费金额",
)
_TITLES: Mapping[Meaning, Sequence[str]] = {
    "date": (
        *("date", "day", "usage date", "date (utc)", "timestamp", "time", "date time", "created at", "start time"),
        *("datum", "tag", "fecha", "data", "日期", "时间", "使用日期", "使用时间", "日付", "날짜"),
    ),
    "who": (
        *("who", "user", "user name", "user id", "member", "person", "employee", "developer", "benutzer", "nutzer"),
        *(
            "mitarbeiter",
            "utilisateur",
            "usuario",
            "用户",
            "用户名",
            "员工",
            "成员",
            "使用人",
            "姓名",
            "ユーザー",
            "사용자",
        ),
    ),
    "key": ("key", "api key", "key name", "api key name", "密钥", "密钥名称", "api密钥"),
    "team": ("team", "project", "workspace", "project name", "team name", "团队", "项目", "项目名称"),
    "model": ("model", "model name", "model id", "modell", "modèle", "modelo", "模型", "模型名称", "モデル", "모델"),
    "tokens_input": (
        *("tokens_input", "input tokens", "prompt tokens", "tokens in", "input", "tokens (in)", "input token count"),
        *("输入", "输入tokens", "输入token", "输入token数", "输入tokens数", "入力トークン", "입력 토큰"),
    ),
    "tokens_output": (
        *("tokens_output", "output tokens", "completion tokens", "tokens out", "output", "tokens (out)"),
        *(
            "output token count",
            "输出",
            "输出tokens",
            "输出token",
            "输出token数",
            "输出tokens数",
            "出力トークン",
            "출력 토큰",
        ),
    ),
    "tokens": ("tokens", "total tokens", "token", "token count", "总tokens", "总token数", "token总数", "用量(tokens)"),
    "requests": ("requests", "calls", "request count", "num requests", "api calls", "请求数", "请求次数", "调用次数"),
    "currency": ("currency", "währung", "devise", "moneda", "币种", "货币", "通貨"),
}
_MAIL = ("email", "e-mail", "user email", "user e-mail", "email address", "邮箱", "用户邮箱", "电子邮箱")
_OF_A_CACHE = ("cach", "缓存", "キャッシュ")
_BY_TITLE: Mapping[str, Meaning] = {
    **{plain(title): meaning for meaning, titles in _TITLES.items() for title in titles},
    **{plain(title): "cost" for title in _COSTS},
}
_AMOUNTS = frozenset(map(plain, ("amount", "total amount", "金额", "消费", "betrag", "kosten")))
"""Money only where a currency stands beside them."""
_MAILS = frozenset(map(plain, _MAIL))


def meanings(columns: Sequence[str]) -> dict[str, object] | None:
    """What the columns of a table mean, as under `columns` in app.yaml; None if that is not certain.

    Args:
        columns: the titles.
    """
    titles = {column: plain(column) for column in columns}
    if any(word in title for title in titles.values() for word in _OF_A_CACHE):
        return None
    found: dict[str, object] = {}
    for column, title in titles.items():
        if title in _MAILS:
            continue
        unit, rest = unit_of_title(column)
        meaning = _BY_TITLE.get(title) or (unit and _BY_TITLE.get(plain(rest)))
        if unit and plain(rest) in _AMOUNTS:
            meaning = "cost"
        if not meaning:
            continue
        if meaning in found:
            return None
        found[meaning] = column
    mails = [column for column, title in titles.items() if title in _MAILS]
    if len(mails) > 1:
        return None
    if mails:
        found["who"] = {"first_of": [*mails, *([found["who"]] if "who" in found else [])]}
    kinds = found.keys() & {"tokens_input", "tokens_output"}
    if len(kinds) == 2:  # noqa: PLR2004 - what they add up to is told again
        found.pop("tokens", None)
    counts = "cost" in found or len(kinds) == 2  # noqa: PLR2004 - both are needed for a price
    somebody = found.keys() & {"who", "model", "key", "team"}
    is_enough = "date" in found and counts and len(kinds) != 1 and somebody
    return found if is_enough else None
