"""What every provider keeps, whoever sells: figures to the nano, each once, whole or not at all; no secret shown."""

import logging
import traceback
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.errors import KeyRefusedError, OutsideError, RefusesUsError, UndeliverableError, UnreachableError
from bot.http import Patience
from bot.providers.base import Provider, midnight
from storage.charges import Charge
from storage.limits import Subject
from tests.providers.cases import CASES, Case, told_elsewhere
from tests.support.fakes.loopback import Loopback

DAY = date(2026, 11, 18)
QUICK = Patience(attempts=2, total_s=20.0, silence_s=0.3, pause_s=0.001)
FOR_EVER = 500
METHODS = {
    "charges": ("charges",),
    "hours": ("hours",),
    "people": ("people",),
    "limits": ("limits", "limit"),
    "set_limit": ("set_limit",),
    "pause": ("before", "pause", "resume"),
    "increase_requests": ("increase_requests", "answer"),
    "seats": ("seats",),
    "outcomes": ("outcomes",),
}
LIMITED = [(name, subject) for name, case in CASES.items() for subject in case.subjects]
USED = [name for name, case in CASES.items() if case.use is not told_elsewhere]
ASKED = [name for name, case in CASES.items() if case.is_asked]
HOURLY = ("anthropic-console", "anthropic-enterprise", "litellm", "openai", "openrouter", "xai")
PAUSED = [name for name, case in CASES.items() if case.paused]


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def fake(case: Case) -> Iterator[Any]:
    with case.fake() as server:
        yield server


@pytest.fixture
def provider(case: Case, fake: Loopback) -> Iterator[Provider]:
    provider = case.make(fake, QUICK)
    yield provider
    provider.close()


def every(names: Any = CASES) -> pytest.MarkDecorator:
    """For each provider in turn."""
    return pytest.mark.parametrize("case", list(names), indirect=True)


def each_limited(but: str = "") -> pytest.MarkDecorator:
    """For somebody of each kind whose limit can be set, at each provider."""
    chosen = [(name, subject) for name, subject in LIMITED if subject.kind != but]
    return pytest.mark.parametrize(
        ("case", "subject"), chosen, indirect=["case"], ids=[f"{name}-{subject.kind}" for name, subject in chosen]
    )


def read(provider: Provider, first: date = DAY, last: date = DAY) -> list[Any]:
    """What is reported for those days; of a provider that reports no usage its limits."""
    return list(provider.charges(first, last) if "charges" in provider.can else provider.limits())


def cost_of(case: Case, cells: list[Charge], user: str) -> int:
    """What a user's cells cost together, in nanos."""
    return sum(
        case.figure(cell) for cell in cells if case.named(user) in (cell.subject, cell.resource, cell.sub_account)
    )


def key_of(cell: Charge) -> tuple[object, ...]:
    """What makes a cell the same cell."""
    return (cell.bucket_start, cell.sub_account, cell.resource, cell.subject, cell.model, cell.tier)


# Declared ------------------------------------------------------------------------------------------------------------


@every()
def test_a_provider_can_what_it_declares_and_nothing_else(provider: Provider) -> None:
    """Each capability has its methods, and a method without its capability is the one that refuses."""
    for capability, methods in METHODS.items():
        own = [getattr(type(provider), each) is not getattr(Provider, each) for each in methods]
        if capability == "limits" and "limits" not in provider.can:
            continue
        assert all(own) == any(own) == (capability in provider.can), capability


@every()
def test_who_sets_limits_says_whose_and_reads_them(case: Case, provider: Provider) -> None:
    """A limit that cannot be read back cannot be kept equal. Each kind of whom it limits is tried below."""
    assert ("set_limit" in provider.can) == bool(provider.limited)
    assert {each.kind for each in case.subjects} in (provider.limited, set())
    assert "set_limit" not in provider.can or "limits" in provider.can
    assert all(sentence.endswith(".") for sentence in provider.cannot)


# Charges -------------------------------------------------------------------------------------------------------------


@every(USED)
def test_usage_is_counted_to_the_nano(case: Case, fake: Loopback, provider: Provider) -> None:
    """Each user's figures are those that were said, in whole nanos."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    case.use(fake, DAY, "yan", Decimal("0.07"), 10)
    cells = read(provider)
    assert cost_of(case, cells, "zoe") == 1_230_000_000
    assert cost_of(case, cells, "yan") == 70_000_000


@every(USED)
def test_a_restatement_replaces_its_cell(case: Case, fake: Loopback, provider: Provider) -> None:
    """The latest word counts, under the same key."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    before = {key_of(cell) for cell in read(provider)}
    case.use(fake, DAY, "zoe", Decimal("2.46"), 2_000)
    after = read(provider)
    assert cost_of(case, after, "zoe") == 2_460_000_000
    assert {key_of(cell) for cell in after} == before


@every(USED)
def test_a_cell_is_given_once(case: Case, fake: Loopback, provider: Provider) -> None:
    """And reading again gives the same."""
    for number in range(7):
        case.use(fake, DAY, f"u{number}", Decimal("0.5"), 10 + number)
    cells = read(provider)
    assert len({key_of(cell) for cell in cells}) == len(cells)
    assert sorted(map(repr, read(provider))) == sorted(map(repr, cells))


@every(USED)
def test_days_add_up(case: Case, fake: Loopback, provider: Provider) -> None:
    """Three days read at once are three days read one by one: invariant 9 at its source."""
    for number in range(3):
        case.use(fake, DAY + timedelta(days=number), "zoe", Decimal("1.5") + number, 100)
    together = read(provider, DAY, DAY + timedelta(days=2))
    apart = [cell for number in range(3) for cell in read(provider, *[DAY + timedelta(days=number)] * 2)]
    assert sorted(map(repr, together)) == sorted(map(repr, apart))
    assert cost_of(case, together, "zoe") == 7_500_000_000


@every(USED)
def test_kinds_of_tokens_are_disjoint_and_never_negative(case: Case, fake: Loopback, provider: Provider) -> None:
    """Reasoning is inside output; no count is below zero."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    for cell in read(provider):
        assert min(cell.tokens_input, cell.tokens_cache_read, cell.tokens_cache_write_5m, cell.tokens_output) >= 0
        assert 0 <= cell.tokens_reasoning <= cell.tokens_output
        assert cell.bucket_hours in (1, 24)
        assert cell.bucket_start.utcoffset() == timedelta()


# Hours ---------------------------------------------------------------------------------------------------------------


def hours_of(provider: Provider, day: date = DAY) -> list[Charge]:
    """What is told of the hours of a day."""
    start = midnight(day)
    return list(provider.hours(start, start + timedelta(days=1)))


@every(HOURLY)
def test_the_hours_of_a_day_are_what_the_day_is(case: Case, fake: Loopback, provider: Provider) -> None:
    """By whom, key and tokens; what they cost is the same, or is not told by the hour."""
    for number in range(3):
        case.use(fake, DAY, f"u{number}", Decimal("0.5"), 10 + number)
    case.use(fake, DAY + timedelta(days=1), "zoe", Decimal(9), 900)

    told = hours_of(provider)

    def sums(cells: list[Charge]) -> dict[tuple[str, ...], int]:
        found: dict[tuple[str, ...], int] = {}
        for each in cells:
            who = each.sub_account, each.resource, each.subject
            found[who] = found.get(who, 0) + each.tokens_input + each.tokens_cache_read + each.tokens_output
        return {who: tokens for who, tokens in found.items() if tokens}

    assert sums(told) == sums(read(provider))
    assert {each.bucket_hours for each in told} == {1}
    assert all(each.bucket_start.date() == DAY and each.bucket_start.minute == 0 for each in told)
    assert sum(each.cost_nanos or 0 for each in told) in {0, 1_500_000_000}


@every(HOURLY)
def test_hours_without_usage_are_nothing(provider: Provider) -> None:
    """They may be there, empty, or may not be."""
    assert hours_of(provider) == []


@every(HOURLY)
@pytest.mark.parametrize("body", [b"<html>busy</html>", b"null", b'{"data": 7}', b"{}"])
def test_hours_of_another_shape_are_a_trouble_in_words(
    case: Case, fake: Loopback, provider: Provider, body: bytes
) -> None:
    """A page that fails raises, so that half of the hours is never kept."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    fake.fail_next(200, body=body, times=FOR_EVER)
    with pytest.raises(OutsideError):
        hours_of(provider)


# Trouble -------------------------------------------------------------------------------------------------------------


def trouble_of(provider: Provider) -> OutsideError:
    """The trouble that reading meets. A reader that gives something first must not have been counted."""
    with pytest.raises(OutsideError) as trouble:
        read(provider)
    return trouble.value


@every()
@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_a_no_is_final(case: Case, fake: Loopback, provider: Provider, status: int) -> None:
    """What is refused is not asked again and again."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    fake.fail_next(status, times=FOR_EVER)
    assert isinstance(trouble_of(provider), UndeliverableError)


@every(ASKED)
def test_a_refused_key_is_told_by_its_name(case: Case, fake: Loopback, provider: Provider) -> None:
    """The sentence names the environment variable."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    fake.fail_next(401, times=FOR_EVER)
    trouble = trouble_of(provider)
    assert isinstance(trouble, KeyRefusedError)
    assert "_KEY" in str(trouble)


@every(ASKED)
@pytest.mark.parametrize(("status", "refuses"), [(401, True), (503, False)])
def test_a_key_is_tried(case: Case, fake: Loopback, provider: Provider, status: int, *, refuses: bool) -> None:
    """A provider that takes the key for nothing is told from one that is down, and from one that is well."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    provider.try_key()
    fake.fail_next(status, {"Retry-After": "77"}, times=FOR_EVER)
    with pytest.raises(UnreachableError) as trouble:
        provider.try_key()
    assert isinstance(trouble.value, RefusesUsError) == refuses


@every(ASKED)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again_and_then_left_to_the_outbox(
    case: Case, fake: Loopback, provider: Provider, status: int
) -> None:
    """Once is nothing; for ever is unreachable, with the pause that was asked for."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    before = read(provider)
    assert before
    fake.fail_next(status, {"Retry-After": "0"})
    assert read(provider) == before
    fake.fail_next(status, {"Retry-After": "77"}, times=FOR_EVER)
    trouble = trouble_of(provider)
    assert isinstance(trouble, UnreachableError)
    assert trouble.retry_after_s == 77


@every(ASKED)
@pytest.mark.parametrize("spoil", ["drop_next", "halve_next"])
def test_a_broken_connection_is_nothing_once(case: Case, fake: Loopback, provider: Provider, spoil: str) -> None:
    """And unreachable when it stays so."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    before = read(provider)
    assert before
    getattr(fake, spoil)()
    assert read(provider) == before
    getattr(fake, spoil)(times=FOR_EVER)
    assert isinstance(trouble_of(provider), UnreachableError)


@every(ASKED)
def test_silence_is_unreachable(case: Case, fake: Loopback, provider: Provider) -> None:
    """Nobody waits for ever."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    fake.slow_next(0.8, times=4)
    assert isinstance(trouble_of(provider), UnreachableError)


@every()
@pytest.mark.parametrize("body", [b"<html>busy</html>", b"[1, 2", b"null", b"7", b'{"data": 7}', b'"\\u0000"'])
def test_garbage_is_never_counted(case: Case, fake: Loopback, provider: Provider, body: bytes) -> None:
    """A body of another shape is a trouble in words."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    fake.fail_next(200, body=body, times=FOR_EVER)
    assert len(str(trouble_of(provider))) > 20


@every()
def test_half_of_a_body_is_never_counted(case: Case, fake: Loopback, provider: Provider) -> None:
    """It is a trouble in words, and whole again it is as it was."""
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    before = read(provider)
    fake.halve_next(times=QUICK.attempts)
    assert len(str(trouble_of(provider))) > 20
    case.use(fake, DAY, "zoe", Decimal("1.23"), 1_000)
    assert read(provider) == before


@every()
def test_check_tells_a_dead_provider_in_words(case: Case) -> None:
    """Each line says what is wrong and what to do; it never raises."""
    with case.fake() as gone:
        provider = case.make(gone, QUICK)
    findings = list(provider.check())
    provider.close()
    assert [each for each in findings if not each.ok and each.advice]


@every()
def test_check_is_content_with_a_good_key_and_changes_nothing(case: Case, fake: Loopback, provider: Provider) -> None:
    """Only questions are asked."""
    assert [each for each in provider.check() if not each.ok] == []
    assert [heard for heard in fake.requests if case.changes(heard)] == []


@every()
@pytest.mark.parametrize("status", [401, 403, 500])
def test_what_is_secret_is_shown_nowhere(
    case: Case, fake: Loopback, provider: Provider, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in a repr, a sentence, a traceback or a log, even if the other side sends it back.

    A key, and of a file the texts that stand in columns which are none of our business.
    """
    caplog.set_level(logging.DEBUG)
    secret = case.secret(fake)
    fake.fail_next(status, body={"error": {"message": f"bad key {secret}", "type": secret}}, times=FOR_EVER)
    shown = repr(provider) + repr(vars(provider)) + repr(list(provider.check()))
    shown += "".join(traceback.format_exception(trouble_of(provider))) + caplog.text
    assert secret not in shown


# Limits --------------------------------------------------------------------------------------------------------------


@each_limited()
def test_a_limit_is_set_and_read_back(provider: Provider, subject: Subject) -> None:
    """What was set is what is seen, by itself and in the list; set again it is the same; 0 allows nothing."""
    for dollars in (120, 120, 45, 0):
        wanted = dollars * 10**9
        assert wanted % provider.step_nanos == 0
        assert provider.set_limit(subject, wanted).amount_nanos == wanted
        seen = provider.limit(subject)
        assert seen is not None
        assert (seen.subject, seen.amount_nanos, seen.window) == (subject, wanted, provider.window)
        assert [each.amount_nanos for each in provider.limits() if each.subject == subject] == [wanted]


@each_limited(but="organization")
def test_nobody_is_made_by_a_limit(provider: Provider, subject: Subject) -> None:
    """Somebody the provider does not know is refused in a sentence, and stays unknown."""
    unknown = Subject(subject.kind, "nobody-of-that-name")
    before = {each.subject for each in provider.limits()}
    with pytest.raises(UndeliverableError):
        provider.set_limit(unknown, 10**9)
    assert {each.subject for each in provider.limits()} == before
    assert provider.limit(unknown) is None


@each_limited()
def test_an_order_is_sent_once(case: Case, fake: Loopback, provider: Provider, subject: Subject) -> None:
    """Whether a broken order is said again is the outbox's to decide, after reading back."""
    provider.set_limit(subject, 10**10)
    provider.set_limit(subject, 2 * 10**10)
    before = len([heard for heard in fake.requests if case.changes(heard)])
    provider.set_limit(subject, 3 * 10**10)
    assert len([heard for heard in fake.requests if case.changes(heard)]) == before + 1
    assert subject in {each.subject for each in provider.limits()}


@every(PAUSED)
def test_paused_is_restored_exactly(case: Case, provider: Provider) -> None:
    """Paused twice is paused; resumed is as it was, to the last figure."""
    subject = case.paused
    assert subject is not None
    as_it_was, before = provider.limit(subject), provider.before(subject)
    provider.pause(subject)
    provider.pause(subject)
    paused = provider.limit(subject)
    assert paused is not None
    assert paused.paused
    provider.resume(subject, before)
    provider.resume(subject, before)
    assert provider.limit(subject) == as_it_was


def test_what_is_told_of_long_ago_is_bounded_where_the_vendor_says_so() -> None:
    """A gap before that is noted as missing instead of being read as days on which nothing happened."""
    today = date(2028, 12, 31)
    told = {}
    for name, case in CASES.items():
        with case.fake() as server:
            provider = case.make(server, QUICK)
            told[name] = provider.earliest(today)
            provider.close()
    bounded = {name: (today - first).days for name, first in told.items() if first > date.min}
    assert {days for name, days in bounded.items() if "anthropic" in name} == {364}
    assert bounded["claude-gateway"] == 30
    assert {days for name, days in bounded.items() if "copilot" in name} == {730}
    assert {days for name, days in bounded.items() if "log" in name} == {28}
