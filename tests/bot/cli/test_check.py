"""`check --provider NAME`: one provider by itself, line by line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.checks import CheckLine
from bot.cli.check import findings
from tests.support.fakes.litellm import FakeLiteLLM


@pytest.fixture
def proxy() -> Iterator[FakeLiteLLM]:
    with FakeLiteLLM() as server:
        yield server


def found(tmp_path: Path, proxy: FakeLiteLLM, name: str) -> list[CheckLine]:
    """What check says of one provider of a company with two."""
    settings = tmp_path / "app.yaml"
    settings.write_text(
        f"providers:\n  - {{kind: litellm, url: '{proxy.url}'}}\n  - {{kind: openrouter, url: 'http://127.0.0.1:9'}}\n"
    )
    environ = {
        "BURSAR_CONFIG": str(settings),
        "DATABASE_URL": f"sqlite:///{tmp_path}/bursar.db",
        "LITELLM_API_KEY": proxy.key,
    }
    return list(findings(environ, name))


def test_only_that_provider_is_asked(tmp_path: Path, proxy: FakeLiteLLM) -> None:
    """What is wrong with the others is not said."""
    lines = found(tmp_path, proxy, "litellm")
    assert all(each.ok for each in lines), lines
    assert any("answers" in each.what for each in lines)
    assert not any("OpenRouter" in each.what for each in lines)


def test_an_unknown_provider_is_told_with_those_there_are(tmp_path: Path, proxy: FakeLiteLLM) -> None:
    """One plain sentence."""
    assert [each.advice for each in found(tmp_path, proxy, "litelm") if not each.ok] == [
        "There is no provider “litelm” in app.yaml; there is litellm, openrouter."
    ]
