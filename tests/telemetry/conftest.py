"""A company whose programs tell what they spend."""

from collections.abc import Iterator

import pytest

from storage.db import Database
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.exporters import RECORDED_AT, Collecting, collecting


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """The company on each kind of database, on the night on which the bodies were recorded."""
    clock.moment = RECORDED_AT
    return Company(database, clock)


@pytest.fixture
def door(company: Company) -> Iterator[Collecting]:
    """Its door for telemetry."""
    with collecting(company) as opened:
        yield opened
