# ruff: noqa: INP001 - a file to copy, not a part of a package
"""A custom logger for LiteLLM that asks Bursar before each call. See docs/reference/api.md.

It needs BURSAR_URL and BURSAR_TOKEN in the environment of the proxy, or a token for each key in its metadata
(`bursar_token`). When Bursar can't be reached, calls pass, unless BURSAR_UNREACHABLE is "closed".
"""

import os
from typing import Any

import httpx
from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger

WAIT_S = 1.0


class Bursar(CustomLogger):
    """Refuses a call with Bursar's sentence when its budget is used up or somebody is paused."""

    def __init__(self) -> None:
        """Read where Bursar is."""
        super().__init__()
        self._http = httpx.AsyncClient(base_url=os.environ["BURSAR_URL"], timeout=WAIT_S)

    async def async_pre_call_hook(
        self,
        user_api_key_dict: Any,
        cache: Any,  # noqa: ARG002 - as LiteLLM calls it
        data: dict[str, Any],
        call_type: str,  # noqa: ARG002 - as LiteLLM calls it
    ) -> dict[str, Any]:
        """Ask before a call; see docs.litellm.ai/docs/proxy/call_hooks."""
        metadata = getattr(user_api_key_dict, "metadata", None) or {}
        token = metadata.get("bursar_token") or os.environ["BURSAR_TOKEN"]
        try:
            answer = await self._http.post(
                "/api/v1/check",
                headers={"Authorization": f"Bearer {token}"},
                json={"model": str(data.get("model", ""))},
            )
            answer.raise_for_status()
            verdict = answer.json()
        except httpx.HTTPError:
            if os.environ.get("BURSAR_UNREACHABLE") == "closed":
                raise HTTPException(503, detail="Bursar can't be reached.") from None
            return data
        if verdict["decision"] == "no":
            raise HTTPException(429, detail=verdict["message"])
        return data


bursar = Bursar()
