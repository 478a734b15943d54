"""What ChatGPT's log of costs says, and what we make of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.providers.openai.chatgpt import NO_MODELS, ChatGPT
from bot.providers.openai.chatgpt_cost_log import KEPT_DAYS
from storage.charges import Charge
from tests.providers.asking import QUICK, charges, refused
from tests.support.fakes.chatgpt import FakeChatGPT, billed

DAY = date(2026, 11, 18)
EVENING = datetime(2026, 11, 18, 21, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOGS = "/v1/compliance/organizations/org-abc/logs"
DANA = {"user_id": "user-dana", "email": "dana@acme.test"}


@pytest.fixture
def provider(chat: FakeChatGPT) -> Iterator[ChatGPT]:
    provider = at(chat)
    yield provider
    provider.close()


def at(chat: FakeChatGPT, credit: Decimal | None = Decimal("0.04"), now: datetime = NOW) -> ChatGPT:
    """A reader of the log of that workspace's organization."""
    account = f"{chat.workspace}/{chat.organization}"
    return ChatGPT(
        "chatgpt", chat.base, chat.key, account, credit, patience=QUICK, calls_per_minute=None, now=lambda: now
    )


def test_a_cell_is_an_hour_of_a_user_with_a_model(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """What was billed in that hour is added up, each kind of token apart."""
    chat.log(
        EVENING,
        "evt_1",
        DAY,
        14,
        billed("GPT-5.6 Sol - Input", 1_000, 2.5),
        billed("GPT-5.6 Sol - Cached Input", 600, 0.25),
        billed("GPT-5.6 Sol - Output", 50, 6.09925),
        identity=DANA,
        model="gpt-5.6-sol",
        service_tier="default",
    )
    assert charges(provider, DAY) == [
        Charge(
            provider="chatgpt",
            bucket_start=datetime(2026, 11, 18, 14, tzinfo=UTC),
            bucket_hours=1,
            subject="user-dana",
            model="gpt-5.6-sol",
            tier="standard",
            tokens_input=1_000,
            tokens_cache_read=600,
            tokens_output=50,
            cost_nanos=353_970_000,
        )
    ]


def test_the_report_by_day_is_not_read_beside_the_log(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Both tell the same usage, so one of them is counted."""
    chat.use(DAY, "user-dana", Decimal("1.23"), 10)
    assert sum(cell.cost_nanos or 0 for cell in charges(provider, DAY)) == 1_230_000_000
    assert not [heard for heard in chat.requests if "/analytics/" in heard.path]


def test_lines_of_one_hour_and_model_are_one_cell(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """A user in two groups, or with two products, has several lines for an hour."""
    for event, product in [("evt_1", "Work"), ("evt_2", "codex")]:
        chat.log(EVENING, event, DAY, 14, billed("x output", 5, 1), identity=DANA, model="m", product=product)
    assert [(cell.tokens_output, cell.cost_nanos) for cell in charges(provider, DAY)] == [(10, 80_000_000)]


def test_a_line_that_is_delivered_twice_is_counted_once(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Delivery is at least once, in other files too."""
    for hours in range(3):
        chat.log(EVENING + timedelta(hours=hours), "evt_1", DAY, 14, billed("x output", 5, 1), identity=DANA)
    assert [(cell.tokens_output, cell.cost_nanos) for cell in charges(provider, DAY)] == [(5, 40_000_000)]


def test_a_line_counts_for_its_own_day_whenever_it_was_written(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Files are found by when they were written, which is hours later; their lines may be of two days."""
    night = datetime(2026, 11, 19, 0, 44, tzinfo=UTC)
    chat.log(night, "evt_1", DAY, 19, billed("x", 1, 1), identity=DANA)
    chat.log(night, "evt_2", DAY + timedelta(days=1), 0, billed("x", 1, 2), identity=DANA)
    chat.log(night + timedelta(hours=23), "evt_3", DAY, 23, billed("x", 1, 4), identity=DANA)
    assert [cell.cost_nanos for cell in charges(provider, DAY)] == [40_000_000, 160_000_000]
    assert [cell.cost_nanos for cell in charges(provider, DAY + timedelta(days=1))] == [80_000_000]


def test_many_files_come_in_pages(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """The moment of the last file asks for those after it."""
    for number in range(150):
        chat.log(EVENING + timedelta(seconds=number), f"evt_{number}", DAY, 14, billed("x", 1, 1), identity=DANA)
    assert [cell.cost_nanos for cell in charges(provider, DAY)] == [150 * 40_000_000]
    lists = [heard.query for heard in chat.requests if heard.path == LOGS]
    assert [query["after"] for query in lists] == ["2026-11-18T00:00:00Z", "2026-11-18T21:01:39.000000Z"]
    assert {query["before"] for query in lists} == {"2026-11-20T00:00:00Z"}


def test_more_files_without_saying_where_are_refused(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Half a day is not a whole one."""
    chat.fail_next(200, body={"data": [], "has_more": True, "last_end_time": None}, path=LOGS)
    assert "there is more, but not where" in str(refused(lambda: charges(provider, DAY)))


def test_the_key_is_not_taken_to_where_files_lie(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """The address is signed, and that is enough."""
    chat.log(EVENING, "evt_1", DAY, 14, billed("x", 1, 1), identity=DANA)
    charges(provider, DAY)
    (signed,) = (heard for heard in chat.requests if heard.path.startswith("/signed/"))
    assert chat.key not in repr(signed)


@pytest.mark.parametrize("where", ["measures", "billing"])
def test_what_was_billed_may_stand_in_two_places(chat: FakeChatGPT, provider: ChatGPT, where: str) -> None:
    """The document and real lines differ."""
    lines = [billed("x", 1, 1)]
    payload = {
        "day": str(DAY),
        "hour": 3,
        **({"billing": lines} if where == "billing" else {where: {"billing": lines}}),
    }
    chat.log(EVENING, "evt_1", DAY, 3)
    chat._files[next(iter(chat._files))]["evt_1"] = {"event_id": "evt_1", "payload": payload}
    assert [(cell.subject, cell.model, cell.cost_nanos) for cell in charges(provider, DAY)] == [("", "", 40_000_000)]


def test_tokens_of_no_kind_and_things_that_are_no_tokens(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """The ones count as input, so that none is lost; of the others the cost is all there is to count."""
    image = {"sku": "image", "quantity": {"value": 2, "unit": "IMAGES"}, "cost": {"value": 0.5, "unit": "USD"}}
    chat.log(EVENING, "evt_1", DAY, 14, billed("codex_tokens", 120, 12.5), image, {"sku": "free"}, identity=DANA)
    (cell,) = charges(provider, DAY)
    assert (cell.tokens_input, cell.tokens_output, cell.cost_nanos) == (120, 0, 1_000_000_000)


def test_credits_without_a_price_are_unpriced(chat: FakeChatGPT) -> None:
    """Unknown is not zero, and not OpenAI's estimate."""
    provider = at(chat, credit=None)
    chat.log(EVENING, "evt_1", DAY, 14, billed("x", 1, 1), identity=DANA)
    cells = charges(provider, DAY)
    provider.close()
    assert [(cell.cost_nanos, cell.cost_source) for cell in cells] == [(None, "unpriced")]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ({"sku": "x", "cost": {"value": 1, "unit": "COINS"}}, "neither in credits nor in dollars"),
        ({"sku": "x", "cost": {"value": "one", "unit": "CREDITS"}}, "cannot be right"),
        ({"sku": "x", "quantity": {"value": -1, "unit": "TOKENS"}}, "it is below zero"),
        ({"sku": "x", "quantity": {"value": float("nan"), "unit": "TOKENS"}}, "cannot be right"),
    ],
)
def test_a_line_that_cannot_be_right_is_refused(
    chat: FakeChatGPT, provider: ChatGPT, line: Any, complaint: str
) -> None:
    """Nothing of its day is counted."""
    chat.log(EVENING, "evt_1", DAY, 14, line, identity=DANA)
    assert complaint in str(refused(lambda: charges(provider, DAY)))


def test_nothing_is_said_of_a_day_whose_files_may_be_gone(chat: FakeChatGPT) -> None:
    """A part of an old day would take the place of the whole that was heard in time."""
    chat.log(EVENING, "evt_1", DAY, 14, billed("x", 1, 1), identity=DANA)
    for days, cells in [(KEPT_DAYS, 1), (KEPT_DAYS + 1, 0)]:
        provider = at(chat, now=datetime(2026, 11, 18, tzinfo=UTC) + timedelta(days=days))
        assert len(charges(provider, DAY)) == cells
        provider.close()


def test_only_who_reads_the_report_by_day_knows_no_models(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """It says so, and what would help."""
    plain = ChatGPT("chatgpt", chat.base, chat.key, chat.workspace)
    assert NO_MODELS in plain.cannot
    assert NO_MODELS not in provider.cannot
    plain.close()


def test_the_right_for_the_log_is_checked(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """Instead of that for the report by day."""
    chat.lacking = {"logs", "usage"}
    (wrong,) = (finding for finding in provider.check() if not finding.ok)
    assert wrong.what == f"CHATGPT_ADMIN_KEY may read {LOGS.removeprefix('/v1')}"
    assert "compliance_logs_platform.costs.read" in wrong.advice


def test_a_file_that_is_gone_is_not_half_a_day(chat: FakeChatGPT, provider: ChatGPT) -> None:
    """If one of them cannot be read, nothing of the day is given."""
    chat.log(EVENING, "evt_1", DAY, 14, billed("x", 1, 1), identity=DANA)
    chat.log(EVENING + timedelta(hours=1), "evt_2", DAY, 15, billed("x", 1, 1), identity=DANA)
    body = {"data": [{"id": "eclf_2026-11-18T21:00:00.000000Z"}, {"id": "eclf_gone"}], "has_more": False}
    chat.fail_next(200, body=body, path=LOGS)
    cells: list[Charge] = []
    refused(lambda: cells.extend(provider.charges(DAY, DAY)))
    assert cells == []
