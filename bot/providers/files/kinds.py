"""What the words of meters, kinds and units mean: each vendor names the same few things in its own way."""

import re
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

Kind = Literal[
    "tokens_input", "tokens_cache_read", "tokens_cache_write_5m", "tokens_cache_write_1h", "tokens_output", "requests"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

_CACHE = re.compile(r"cache|缓存")
_MISS = re.compile(r"miss|no.?cache|uncached|未命中")
_WRITE = re.compile(r"writ|creat|写入|创建|存储")
_HOUR = re.compile(r"1.?h(?:our)?(?![a-z])|1小时")
_OUTPUT = re.compile(r"(?<![a-z])out(?:p[a-z]*)?(?![a-z])|completion|response|generated|输出")
_INPUT = re.compile(r"(?<![a-z])in(?:p|pt)?(?![a-z])|input|prompt|输入")
_THOUGHT = re.compile(r"reasoning|thinking|thought|思考")  # last, for it stands in the names of models, too
_REQUEST = re.compile(r"request|calls?(?![a-z])|次")

_SCALES = {
    "": 1,
    "k": 10**3,
    "thousand": 10**3,
    "千": 10**3,
    "万": 10**4,
    "m": 10**6,
    "mn": 10**6,
    "million": 10**6,
    "百万": 10**6,
    "b": 10**9,
    "亿": 10**8,
}
_UNIT = re.compile(
    r"(?P<times>\d[\d,]*)?[\s_/-]*(?P<scale>thousand|million|mn|k|m|b|百万|千|万|亿)?[\s_/-]*"
    r"(?P<what>tokens?|requests?|calls?|counts?|次|个|)(?:\(s\))?",
    re.IGNORECASE,
)


class Unit(NamedTuple):
    """What one of a quantity is.

    Args:
        times: how many of it, such as 1,000.
        what: "token", "request" or "" if the unit does not say.
    """

    times: int
    what: str


@lru_cache(1024)
def kind_of(words: str) -> Kind | Literal[""]:
    """One of KINDS by the words of a meter, "" if they do not tell."""
    text = words.lower()
    if _CACHE.search(text) and not _MISS.search(text) and not _OUTPUT.search(text):
        if _WRITE.search(text):
            return "tokens_cache_write_1h" if _HOUR.search(text) else "tokens_cache_write_5m"
        return "tokens_cache_read"
    if _OUTPUT.search(text):
        return "tokens_output"
    if _INPUT.search(text) or _CACHE.search(text):
        return "tokens_input"
    if _THOUGHT.search(text):
        return "tokens_output"
    return "requests" if _REQUEST.search(text) else ""


@lru_cache(1024)
def unit_of(text: str) -> Unit | None:
    """A unit such as "1M Tokens", "1K", "1000_tokens" or "千tokens"; None if it counts something else."""
    match = _UNIT.fullmatch(text.strip())
    if match is None:
        return None
    what = match["what"].lower().rstrip("s")
    times = int((match["times"] or "1").replace(",", "")) * _SCALES[(match["scale"] or "").lower()]
    return Unit(times, {"token": "token", "个": "token", "count": "", "": ""}.get(what, "request"))


_METER = re.compile(
    r"^(?-i:[A-Z]{2,4}\d-|EU-)?(?P<model>.+?)[-_ ](?:mantle-)?(?:cach|inp|in[- ]|outp|out[- ]|opt[- ]|prompt|"
    r"completion|reasoning|thinking|batch|token|输入|输出|缓存|思考)",
    re.IGNORECASE,
)
_DIRECTION = re.compile(
    r"^(?:(?:cach\w*|read|write|writ\w*|inp\w*|outp\w*|uncached|tokens?|requests?)[-_ ]*)+$", re.IGNORECASE
)


@lru_cache(1024)
def model_of(meter: str) -> str:
    """The model in a meter's name, without what tells directions and regions apart; "" if it names none."""
    if _DIRECTION.match(meter):
        return ""
    match = _METER.match(meter)
    return match["model"].strip() if match else meter
