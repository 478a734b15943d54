"""Addresses of providers that `check` warns of."""

from ipaddress import ip_address

import pytest

from bot.cli.addresses import addresses
from bot.config import ProviderSettings
from bot.hosts import Address, resolved

KNOWN = {"llm.acme.example": "203.0.113.7", "inner": "169.254.169.254", "localhost": "127.0.0.1", "proxy": "10.0.0.4"}


def marks(url: str) -> list[str]:
    """How the lines of one provider at an address begin."""

    def resolve(host: str) -> list[Address]:
        if host in KNOWN:
            return [ip_address(KNOWN[host])]
        return resolved(host) if host[0].isdigit() or ":" in host else []  # numbers only: nobody is asked

    provider = ProviderSettings.model_validate({"kind": "litellm", "url": url})
    return [each.mark for each in addresses([provider], "", resolve)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://llm.acme.example", []),
        ("http://127.0.0.1:4000", []),
        ("http://localhost:4000", []),
        ("http://[::1]:4000", []),
        ("http://[::ffff:127.0.0.1]:4000", []),
        ("http://llm.acme.example", ["note"]),
        ("http://proxy:4000", ["note"]),
        ("http://169.254.169.254/latest", ["FAIL"]),
        ("https://169.254.169.254/latest", ["FAIL"]),
        ("http://2852039166/", ["FAIL"]),
        ("http://0xa9fea9fe/", ["FAIL"]),
        ("http://[fe80::1]:4000", ["FAIL"]),
        ("http://[::ffff:169.254.169.254]/", ["FAIL"]),
        ("http://[fd00:ec2::254]/", ["FAIL"]),
        ("http://100.100.100.200/", ["FAIL"]),
        ("http://metadata.google.internal/", ["FAIL"]),
        ("http://METADATA.google.internal./", ["FAIL"]),
        ("https://inner/", ["FAIL"]),
    ],
)
def test_keys_are_not_sent_to_metadata_nor_in_the_clear(url: str, expected: list[str]) -> None:
    """However the address is written; on this machine plain http is no danger."""
    assert marks(url) == expected
