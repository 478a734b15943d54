"""Several HR exports, one laid over the other: what is known on either database, in whatever order they stand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.app import App
from bot.config import Settings
from bot.directory import everybody
from storage import people
from storage.db import Database
from tests.support.clock import Clock

PAYROLL = """\
Employee ID,Name,Email,Manager,Status
1,Kim Tanaka,kim@acme.example,,active
2,Ana Silva,ana@acme.example,1,active
3,Zed Gone,zed@acme.example,1,active
"""
ORG_CHART = """\
Email,Name,Manager email,Department
ANA@acme.example,Ana S.,,Search
bob@acme.example,Bob Reyes,ana@acme.example,Search
kim@acme.example,Kim,bob@acme.example,Search
zed@acme.example,Zed,ana@acme.example,Search
"""
LEAVERS = """\
Email,Name,Status,Time zone
zed@acme.example,Zed,left,
ana@acme.example,Ana,active,Asia/Kolkata
"""
FILES = {"payroll.csv": PAYROLL, "chart.csv": ORG_CHART, "leavers.csv": LEAVERS}
Learnt = Callable[..., App]


@pytest.fixture
def learnt(tmp_path: Path, database: Database, clock: Clock) -> Learnt:
    """A bot that has read the files of some names."""

    def reading(*names: str) -> App:
        for name, text in FILES.items():
            (tmp_path / name).write_text(text)
        settings = Settings.model_validate({"directory": [{"csv": str(tmp_path / name)} for name in names]})
        app = App(settings, database, directory=everybody(settings, {}, clock, database), now=clock)
        assert not app.refresh_people()
        return app

    return reading


def known(app: App) -> dict[str, tuple[str, str, str]]:
    """Everybody who is there, with name, manager and zone."""
    return {one.id: (one.name, one.manager, one.zone) for one in app.database.ask(people.active_people)}


def test_the_first_file_counts_most_and_each_fills_what_is_empty(learnt: Learnt) -> None:
    """Kim has no manager by payroll; the one by the chart would be a circle, and is left out."""
    app = learnt("payroll.csv", "chart.csv", "leavers.csv")

    assert known(app) == {
        "ana": ("Ana Silva", "kim", "Asia/Kolkata"),
        "bob": ("Bob Reyes", "ana", ""),
        "kim": ("Kim Tanaka", "", ""),
    }
    told = app.directory
    assert [each.partition(":")[0] for each in told.disagreements.shown] == ["zed"]  # type: ignore[attr-defined]
    assert [each.partition(":")[0] for each in told.left_out] == ["kim"]  # type: ignore[attr-defined]


def test_another_order_gives_another_weight(learnt: Learnt) -> None:
    """Who has left by any file has left."""
    assert known(learnt("leavers.csv", "chart.csv", "payroll.csv")) == {
        "ana": ("Ana", "", "Asia/Kolkata"),
        "bob": ("Bob Reyes", "ana", ""),
        "kim": ("Kim", "bob", ""),
    }


def test_the_same_files_again_change_nothing(learnt: Learnt) -> None:
    """Ids stay, whichever file names somebody first."""
    before = known(learnt("payroll.csv", "chart.csv", "leavers.csv"))

    assert known(learnt("payroll.csv", "chart.csv", "leavers.csv")) == before
