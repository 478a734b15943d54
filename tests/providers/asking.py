"""How tests ask a provider, and how they ask a fake past its provider."""

import http.client
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.errors import OutsideError
from bot.http import Patience
from bot.providers.base import Provider
from bot.providers.set_aside import OddRows, setting_aside
from storage.charges import Charge

QUICK = Patience(attempts=2, total_s=20.0, silence_s=5.0, pause_s=0.001)


def charges(provider: Provider, first: date, last: date | None = None) -> list[Charge]:
    """All cells of those days."""
    return list(provider.charges(first, last or first))


def with_odd(read: Callable[[], Iterable[Any]]) -> tuple[list[Any], list[OddRows]]:
    """All that can be understood, and what was set aside."""
    with setting_aside() as odd:
        return list(read()), list(odd)


def refused(what: Callable[[], Any]) -> OutsideError:
    """The trouble that asking meets."""
    with pytest.raises(OutsideError) as trouble:
        what()
    return trouble.value


def findings(provider: Provider) -> dict[str, str]:
    """What check finds wrong, by what was looked at, with what to do."""
    return {finding.what: finding.advice for finding in provider.check() if not finding.ok}


def answered(url: str, method: str, headers: Mapping[str, str], body: Any = None) -> tuple[int, Any]:
    """Status and body with which a fake answers, None if it has no body."""
    where = urlsplit(url)
    line = http.client.HTTPConnection(where.netloc)
    line.request(method, f"{where.path}?{where.query}", None if body is None else json.dumps(body), dict(headers))
    answer = line.getresponse()
    said = answer.read()
    line.close()
    return answer.status, json.loads(said) if said else None
