"""The example for LiteLLM in deploy/: it asks before each call, and refuses with the sentence of Bursar."""

import importlib.util
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest

from tests.bot.api.conftest import Api
from tests.support.paths import ROOT


class RefusedCallError(Exception):
    """Stands for fastapi's HTTPException, which LiteLLM answers with."""

    def __init__(self, status_code: int, detail: str) -> None:
        super().__init__(detail)
        self.status_code = status_code


class CustomLogger:
    """Stands for LiteLLM's own base of custom loggers."""


def loaded(api: Api, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example, between stand-ins for LiteLLM and the API."""
    parts: dict[str, dict[str, object]] = {
        "fastapi": {"HTTPException": RefusedCallError},
        "litellm": {},
        "litellm.integrations": {},
        "litellm.integrations.custom_logger": {"CustomLogger": CustomLogger},
    }
    for name, values in parts.items():
        module = ModuleType(name)
        module.__dict__.update(values)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("BURSAR_URL", "http://bursar.example")
    monkeypatch.setenv("BURSAR_TOKEN", api.token("person/ana"))
    spec = importlib.util.spec_from_file_location("litellm_bursar", ROOT / "deploy" / "litellm_bursar.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    transport = httpx.ASGITransport(api.client.app)
    made.bursar._http = httpx.AsyncClient(transport=transport, base_url="http://bursar.example")
    return made.bursar


def calls(bursar: Any) -> Any:
    """A call of somebody on its way to the model."""
    who = SimpleNamespace(metadata={})

    async def call() -> Any:
        return await bursar.async_pre_call_hook(who, None, {"model": "claude-sonnet-4-5"}, "completion")

    return anyio.run(call)


def test_a_call_passes_until_nothing_is_left(acme_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then LiteLLM answers 429 with the sentence."""
    bursar = loaded(acme_api, monkeypatch)
    assert calls(bursar) == {"model": "claude-sonnet-4-5"}
    acme_api.company.llm.spends("ana", "400.00")
    acme_api.company.pull()
    with pytest.raises(RefusedCallError, match="To ask for more") as no:
        calls(bursar)
    assert no.value.status_code == 429
