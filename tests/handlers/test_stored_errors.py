"""Why something outside did not work is kept so that everybody reads it in their own language."""

import json
from dataclasses import replace

import pytest

from bot.checks import works
from bot.errors import KeyRefusedError, OutsideError, UndeliverableError, UnreachableError
from bot.sync.usage import pull
from bot.texts import in_words
from handlers.language import Words, said_of, stored
from storage import pulls
from tests.support.company import Company

BUSY = UnreachableError(
    "{service} did not answer {path} within {seconds} seconds", 7.0, service="LiteLLM", path="/spend", seconds="30"
)
REFUSED = KeyRefusedError(
    "{service} refused the key in {name} ({status}): {meaning}; it needs {needed}",
    "expired_key",
    service="LiteLLM",
    name="LITELLM_KEY",
    status=401,
    meaning=Words("the key has expired"),
    needed=Words("a management key of a user with the role proxy_admin"),
)


def read(company: Company, trouble: OutsideError) -> None:
    """Read the provider in vain."""
    company.llm.trouble = trouble
    with pytest.raises(OutsideError):
        pull(company.database, company.llm, company.app.reading("llm"), company.clock)


def test_an_error_says_its_sentence_in_english() -> None:
    """As logs have it."""
    assert str(BUSY) == "LiteLLM did not answer /spend within 30 seconds"
    assert BUSY.retry_after_s == 7.0
    assert str(REFUSED) == (
        "LiteLLM refused the key in LITELLM_KEY (401): the key has expired; "
        "it needs a management key of a user with the role proxy_admin"
    )
    assert str(UndeliverableError("{no} placeholder")) == "{no} placeholder"


def test_everybody_reads_it_in_their_language(acme: Company) -> None:
    """In `status` and in `providers`, whoever looks."""
    read(acme, REFUSED)
    english = "LiteLLM refused the key in LITELLM_KEY (401): the key has expired"
    chinese = "LiteLLM 拒绝了 LITELLM_KEY 中的密钥（401）：密钥已过期；需要角色"  # noqa: RUF001 - as Chinese has them
    assert english in acme.say("fay", "status")
    acme.hear("fay", "settings language zh")
    for words in ("status", "providers"):
        said = acme.say("fay", words)
        assert chinese in said, words
        assert english not in said, words


def test_a_plain_text_of_an_older_version_is_shown_as_it_is(acme: Company) -> None:
    """Whatever the language of the reader."""
    read(acme, BUSY)
    (found,) = acme.database.ask(pulls.pulled)
    older = replace(found, error="LiteLLM at {url} did not answer")
    acme.database.transact(lambda conn: pulls.note_pull(conn, older))
    assert older.error in acme.say("fay", "status")
    acme.hear("fay", "settings language zh")
    assert older.error in acme.say("fay", "status")


@pytest.mark.parametrize(
    "kept",
    [
        '{"text": ',
        '{"text": 1}',
        '{"text": "{a}", "values": 1}',
        '{"text": "{a}", "values": {"b": 1}}',
        '{"text": "{a}"}',
        "{",
        "",
    ],
)
def test_what_only_looks_like_it_is_shown_as_it_is(kept: str) -> None:
    """A column may hold anything."""
    assert said_of("zh_Hans", kept) == kept


def test_a_trouble_within_another_is_said_in_the_same_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also once it was stored."""
    outer = UndeliverableError("{trouble}; {advice}", trouble=BUSY, advice="Settings")
    assert str(outer) == f"{BUSY}; Settings"
    chinese = "LiteLLM 在30秒内没有回答 /spend；Settings"
    assert said_of("zh_Hans", stored(outer)) == outer.said("zh_Hans") == chinese
    assert json.loads(stored(outer))["text"] == "{trouble}; {advice}"
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert in_words(outer) == works("", outer).advice == chinese
