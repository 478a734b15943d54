"""The API, asked whatever its own document allows, and what it does not: no 5xx, and no figure of another."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from bot.api.document import document
from tests.bot.api.conftest import Api

EXAMPLES = 150
"""About ten for each operation, with data that fits and with data that does not."""


def operations(mode: GenerationMode) -> list[Any]:
    """What can be asked, by the document alone."""
    schema = schemathesis.openapi.from_dict(document())
    found: list[Any] = list(schema.get_all_operations())
    return [each.ok().as_strategy(generation_mode=mode) for each in found]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fits", "does not fit"])
def test_no_request_breaks_it_or_tells_of_another(acme_api: Api, mode: GenerationMode) -> None:
    """Bob spent $77.77 on a secret project; a program of Ana's may say what it likes."""
    company = acme_api.company
    company.llm.spends("bob", "77.77")
    company.pull()
    company.say("bob", "request 33.33 the bluebird project")
    acme_api.asks("person/bob", "POST", "/reservations", {"amount": "11.11 USD", "external_id": "bluebird"}, key="b")
    secret, strategies = acme_api.token("person/ana"), operations(mode)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data(), number=st.integers(0, len(strategies) - 1))
    def one(data: st.DataObject, number: int) -> None:
        case = data.draw(strategies[number])
        sent = case.as_transport_kwargs(base_url="http://testserver/api/v1")
        headers = {name: str(value) for name, value in (sent.get("headers") or {}).items()}
        headers = {name: value for name, value in headers.items() if value.isascii() and value.isprintable()}
        headers |= {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", "Idempotency-Key": "k"}
        answer = acme_api.client.request(
            sent["method"], sent["url"], headers=headers, params=sent.get("params"), json=sent.get("json")
        )
        assert answer.status_code < 500, (sent, answer.text)
        assert not [each for each in ("77.77", "33.33", "11.11", "bluebird", "Bob") if each in answer.text], sent

    one()
