"""The language of whoever operates the bot."""

import pytest

from bot import texts
from bot.texts import terminal_locale


@pytest.mark.parametrize(
    ("environ", "locale"),
    [
        ({}, ""),
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "de_DE@euro"}, "de_DE"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US"}, "en_US"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, ""),
        ({"LANG": "", "LC_ALL": "POSIX"}, ""),
    ],
)
def test_a_terminal_asks_for_a_language_as_posix_says(environ: dict[str, str], locale: str) -> None:
    """The first variable that is set counts, and C asks for none."""
    assert terminal_locale(environ) == locale


def test_the_organizations_language_counts_where_the_terminal_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container."""
    token = texts._organization.set("")
    try:
        texts.speak_as("zh_CN")
        assert texts._language() == "zh_Hans"
        monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
        assert texts._language() == "en"
    finally:
        texts._organization.reset(token)
