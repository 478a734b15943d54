"""Keys in app.yaml: refused wherever they stand, and never said again."""

import random
import string
from pathlib import Path

import pytest

from bot.secret_shapes import KEYS, lines_with_keys, without_random
from tests.bot.test_config import GOOD, complaint, load

LETTERS = string.ascii_letters + string.digits


def drawn(length: int, letters: str = LETTERS) -> str:
    """What a service draws at random; the same in every run."""
    return "".join(random.Random(length).choices(letters, k=length))


SECRETS = {
    "slack bot": "xoxb-2147483647-2147483647-" + drawn(24),
    "slack app": "xapp-1-A024BE7LD-" + drawn(24),
    "openai": "sk-proj-" + drawn(48),
    "anthropic": "sk-ant-admin01-" + drawn(90),
    "openrouter": "sk-or-v1-" + drawn(64, "0123456789abcdef"),
    "litellm": "sk-" + drawn(22),
    "litellm of the tutorial": "sk-1234",
    "github": "ghp_" + drawn(36),
    "github app": "github_pat_" + drawn(22) + "_" + drawn(59),
    "aws": "AKIA" + drawn(16, string.ascii_uppercase + "234567"),
    "google": "AIza" + drawn(35),
    "xai": "xai-" + drawn(80),
    "xai to manage": "xai-token-" + drawn(72),
    "devin": "cog_" + drawn(48),
    "vercel": "vck_" + drawn(56),
    "groq": "gsk_" + drawn(52),
    "cursor": "key_" + drawn(64, "0123456789abcdef"),
    "entra": drawn(3) + "8Q~" + drawn(34),
    "zhipu": drawn(32, "0123456789abcdef") + "." + drawn(16),
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ." + drawn(43),
    "our own": "bursar_p_" + drawn(36),
    "private key": "-----BEGIN RSA PRIVATE KEY-----",
    "password": "postgresql://bursar:" + drawn(12) + "@db.acme.example/bursar",
}
PLACES = {
    "a value": "database: {{url: '{}'}}\n",
    "a value that is not read": "somewhere: {{deep: [1, '{}']}}\n",
    "a name": "budgets:\n  - '{}': 1\n",
    "a comment": "# was {}\n",
    "where a variable is named": "providers:\n  - {{kind: litellm, url: 'http://127.0.0.1:4000', key: {}}}\n",
    "wrong YAML": "providers:\n\t- key: {}\n",
    "open quotes": "organization: {{name: '{}\n",
    "an id": "links:\n  - {{platform: litellm, kind: key, id: '{}', account: person/ana}}\n",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", SECRETS)
def test_a_key_in_the_settings_is_refused_without_being_said(tmp_path: Path, kind: str, place: str) -> None:
    """With its line, and what to do; nothing else is said of such a file."""
    key = SECRETS[kind]
    content = "organization: {name: Acme}\n" + PLACES[place].format(key)
    said = complaint(tmp_path, content)

    assert key not in said
    assert not KEYS.search(said)
    line = next(number for number, each in enumerate(content.splitlines(), 1) if key in each)
    assert f"line {line}: this looks like a key, token or password." in said


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("LITELLM_API_KEY", drawn(32)),
        ("name: litellm", f"name: {drawn(32)}"),
        ("currency: EUR", f"currency: {drawn(32)}"),
        ("kind: litellm", f"kind: {drawn(32)}"),
        ("zone: Europe/Berlin", f"zone: {drawn(32)}"),
        ("400 EUR", drawn(32)),
        ("owner: max", f"{drawn(32)}: max"),
    ],
)
def test_a_key_of_no_known_shape_is_not_said_either(tmp_path: Path, right: str, wrong: str) -> None:
    """The error of the setting says what would be right, with … in place of what looks drawn at random."""
    assert right in GOOD or right == "name: litellm"
    content = GOOD.replace(right, wrong) if right in GOOD else GOOD.replace("kind: litellm", f"kind: x, {wrong}")
    assert drawn(32) not in complaint(tmp_path, content)


def test_words_that_people_write_are_no_keys(tmp_path: Path) -> None:
    """Ids, hashes of keys, names of models and of variables, addresses and days."""
    innocent = """
task-force-2026 risk-averse-team-1 sk-anna desk-12 key_01H8XKZ4 apikey_01Rj2N8SVvo6BePZj99NhmiT user-AbCd1234
88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b LITELLM_API_KEY claude-sonnet-4-5-20250929
0f8fad5b-d9cb-469f-a165-70867728950e https://llm.acme.example:4000/v1 ana@acme.example 2026-11-29T12:00:00
bedrock/eu.anthropic.claude-3-5-sonnet-20240620-v1:0 "sqlite:////srv/bursar/bursar.db" postgresql://bursar@db/bursar
"""
    assert list(lines_with_keys(innocent)) == []
    assert load(tmp_path, GOOD + "# " + " ".join(innocent.split()) + "\n").organization.name == "Acme"
    names = "Ana, 2026-11-29, team/a-very-long-name-of-a-team, claude-sonnet-4-5-20250929, internationalization"
    assert without_random(names) == names
