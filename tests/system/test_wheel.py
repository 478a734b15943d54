"""What is installed by pip, pipx or uvx: the wheel, outside of a checkout."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bot import __version__
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds. What it depends on is there already: it is what the tests run with."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(folder / "site")
    return folder / "site"


def said(installed: Path, folder: Path, *arguments: str) -> str:
    """What the command answers, in an empty folder."""
    program = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); sys.argv[0] = 'bursar'; from bot.__main__ import main"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{program}; sys.exit(main())", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_command_is_called_bursar_and_says_its_version(installed: Path, tmp_path: Path) -> None:
    """The entry point is where the wheel says."""
    (entry,) = installed.glob("*.dist-info/entry_points.txt")

    assert "bursar = bot.__main__:main" in entry.read_text()
    assert said(installed, tmp_path, "--version") == f"bursar {__version__}\n"
    assert said(installed, tmp_path, "--help").startswith("usage: bursar ")


def test_the_sample_company_is_there_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    """Settings, tables, words and catalogs all come with it."""
    answer = said(installed, tmp_path, "say", "balance", "--as", "ana", "--json")

    assert re.search(r'"title": "\$[\d.]+ left of \$400\.00"', answer)
    assert said(installed, tmp_path, "say", "--as", "ana", "余额")


def test_nothing_but_the_program_is_in_the_wheel(installed: Path) -> None:
    """Neither tests nor benchmarks nor anybody's data."""
    at_top = {each.name for each in installed.iterdir() if not each.name.endswith(".dist-info")}

    assert at_top == {"bot", "handlers", "storage"}


def test_a_shell_can_complete_commands(tmp_path: Path) -> None:
    """Bash reads it without complaint, and it knows the commands."""
    script = subprocess.run(
        [sys.executable, "-m", "bot", "completion", "bash"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    (tmp_path / "completion").write_text(script)
    asked = "source ./completion; COMP_WORDS=(bursar ba); COMP_CWORD=1; _shtab_bursar; echo ${COMPREPLY[@]}"
    done = subprocess.run(["bash", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["backup"]
