"""A cache for an hour is paid for, though requests come minutes apart."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.waste.usage import (
    WRITE_1H,
    WRITE_5M,
    Peers,
    Usage,
    add,
    monthly,
    plain,
    some_tokens,
    tokens_of,
    unknown,
)
from storage.findings import Found, Said

TOKENS_MIN = 10**6
REQUESTS_MIN = 12  # an hour: then they are less than five minutes apart, and each keeps the short cache alive


def wrong_cache_lifetime(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Among frequent requests the five-minute cache is as good, and its writes cost 1.25 times input instead of 2.

    Only of a program that runs like clockwork: where requests come and go with the day, people talk to it, and each of
    their conversations may pause for longer than five minutes, however many others there are meanwhile.
    """
    hours = add(one.hours)
    long = hours.tokens[3]
    if long < TOKENS_MIN or one.person or not one.is_clockwork:
        return
    frequent = [hour for hour in one.hours if hour.requests >= REQUESTS_MIN]
    needless = sum(hour.tokens[3] for hour in frequent)
    if needless * 2 < long:
        return
    saved = monthly(hours.worth(needless * (WRITE_1H - WRITE_5M)))
    yield Found(
        one.account_id,
        "",
        Said(N_("Pays for a one-hour cache, but requests are minutes apart")),
        (
            (Said(N_("Written for one hour")), some_tokens(long)),
            (Said(N_("Requests per hour")), plain(hours.requests // max(1, len(one.hours)))),
            unknown(N_("whether these are several conversations, each with pauses of more than five minutes")),
        ),
        Said(N_("Use the five-minute cache: every read extends it.")),
        monthly(hours.cost_nanos),
        (0, saved),
        "low",
        tokens_of(one.models, ["tokens_cache_write_1h"]),
    )
