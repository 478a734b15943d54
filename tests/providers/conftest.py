"""Fakes that several files of tests ask."""

from collections.abc import Iterator

import pytest

from tests.support.fakes.chatgpt import FakeChatGPT
from tests.support.fakes.litellm import FakeLiteLLM


@pytest.fixture
def proxy() -> Iterator[FakeLiteLLM]:
    """A LiteLLM proxy as it was recorded."""
    with FakeLiteLLM() as server:
        yield server


@pytest.fixture
def chat() -> Iterator[FakeChatGPT]:
    """A ChatGPT workspace."""
    with FakeChatGPT() as server:
        yield server
