"""Where a provider's key is sent to: addresses at which nobody's provider can be, and those that anybody can listen to.

Link-local addresses are those of RFC 3927 and RFC 4291; clouds answer there, and at a few others, with the secrets of
the machine: docs.aws.amazon.com, Instance metadata; learn.microsoft.com, What is IP address 168.63.129.16.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from bot.checks import CheckLine
from bot.config import ProviderSettings
from bot.texts import t

Address = IPv4Address | IPv6Address
OF_CLOUDS = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")))
NAMES_OF_CLOUDS = ("metadata.google.internal", "metadata.goog", "instance-data")


def resolved(host: str) -> list[Address]:
    """The addresses of a host, however it is written; none if nobody knows it."""
    with suppress(OSError, UnicodeError):
        return [ip_address(str(found[4][0]).partition("%")[0]) for found in socket.getaddrinfo(host, None)]
    return []


def addresses(
    providers: Sequence[ProviderSettings], only: str = "", resolve: Callable[[str], list[Address]] = resolved
) -> Iterator[CheckLine]:
    """What is odd about the addresses in app.yaml.

    Args:
        providers: of app.yaml.
        only: the name of the one provider to be looked at, "" for all.
        resolve: gives the addresses of a host.
    """
    for each in providers:
        if each.url and only in ("", each.name):
            yield from _of(each.name, each.url, resolve)


def _of(name: str, url: str, resolve: Callable[[str], list[Address]]) -> Iterator[CheckLine]:
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    found = [_plain(each) for each in resolve(host)]
    what = t("{name}: {url}", name=name, url=f"{parts.scheme}://{host}")
    if host in NAMES_OF_CLOUDS or any(each.is_link_local or each in OF_CLOUDS for each in found):
        advice = t("This is the address of a machine's own metadata, not of a provider. Correct url in app.yaml.")
        yield CheckLine(what, ok=False, advice=advice)
    elif parts.scheme == "http" and not (found and all(each.is_loopback for each in found)):
        advice = t(
            "The key is sent unencrypted, so anybody on the way can read it. Use https, or a proxy on this host."
        )
        yield CheckLine(what, ok=True, advice=advice)


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as one of IPv6 is the same."""
    return getattr(address, "ipv4_mapped", None) or address
