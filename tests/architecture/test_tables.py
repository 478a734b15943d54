"""The tables that one can read, the contract cases and the docs name the same things; whoever forgets one is told."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from bot.directory import SOURCES
from bot.providers.base import Provider
from bot.providers.prepaid import VENDORS
from bot.providers.registry import PROVIDERS, Opening
from handlers.context import CHAT_PLATFORMS
from handlers.waste.detectors import DETECTORS
from tests.providers.cases import CASES, MADE_UP
from tests.support.clock import NOW
from tests.support.paths import ROOT

OTHER_SECTIONS = {"Prices"}
IN_APP_YAML = re.compile(r"\((\w+)\)$")


def headings(page: str) -> list[str]:
    """The sections of a page of the docs."""
    return re.findall(r"^## (.*)$", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_provider_keeps_the_contract() -> None:
    """A kind without a case would be believed without proof; a case may come in several variants.

    Vendors that tell nothing but what credit is left have a suite of their own (test_prepaid.py).
    """
    assert {name.partition(" ")[0] for name in CASES} | MADE_UP | set(VENDORS) == set(PROVIDERS)
    assert not MADE_UP & set(CASES)


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_can_be_made(name: str, tmp_path: Path) -> None:
    """The table has names of classes, which are only loaded where one is made: a wrong name is found here."""
    kind = PROVIDERS[name]
    url, file = kind.url or "http://127.0.0.1:9", f"{tmp_path}/usage.csv"
    made = kind.make(Opening(name, url, "secret", "KEY", "acme", file, Decimal(1), lambda: NOW))
    assert isinstance(made, Provider)
    made.close()


def test_every_provider_has_its_section_and_no_other_has() -> None:
    """Which key it needs and what its figures mean stands in the docs, under the heading that the table names."""
    sections = headings("reference/providers.md")

    assert {each.page for each in PROVIDERS.values()} == set(sections) - OTHER_SECTIONS
    assert len(set(sections)) == len(sections)


def test_every_provider_is_shown_as_app_yaml_writes_it() -> None:
    """Nobody has to guess the word."""
    content = (ROOT / "docs/reference/providers.md").read_text(encoding="utf-8")

    assert {kind for kind in PROVIDERS if f"kind: {kind}" not in content} == set()


def test_every_detector_is_explained() -> None:
    """Under its title, in the table of what is looked for."""
    page = (ROOT / "docs/explanation/waste.md").read_text(encoding="utf-8")
    table = page[page.index("| detector | sees |") :].partition("\n\n")[0]
    titles = [line.split("|")[1].strip() for line in table.splitlines()[2:]]

    assert titles == [each.title[0].lower() + each.title[1:] for each in DETECTORS.values()]


def test_every_people_source_has_its_section_and_no_other_has() -> None:
    """The word of app.yaml stands in brackets behind the heading."""
    found = [word[1] for heading in headings("how-to/people.md") if (word := IN_APP_YAML.search(heading))]

    assert sorted(found) == sorted(SOURCES)


def test_every_chat_platform_has_a_folder_and_a_page() -> None:
    """The web page is for trying it out and needs no setting up."""
    folders = {path.parent.name for path in (ROOT / "bot/platforms").glob("*/messenger.py")}

    assert folders == set(CHAT_PLATFORMS)
    assert {name for name in folders - {"web"} if not (ROOT / f"docs/how-to/{name}.md").exists()} == set()
