"""Where hosts are: those at which nobody's provider can be, and those that only machines here can reach.

Link-local addresses are those of RFC 3927 and RFC 4291; clouds answer there, and at a few others, with the secrets of
the machine: docs.aws.amazon.com, Instance metadata; learn.microsoft.com, What is IP address 168.63.129.16.
"""

import socket
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address
OF_CLOUDS = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")))
NAMES_OF_CLOUDS = ("metadata.google.internal", "metadata.goog", "instance-data")


def resolved(host: str) -> list[Address]:
    """The addresses of a host, however it is written; none if nobody knows it."""
    with suppress(OSError, UnicodeError):
        return [plain(ip_address(str(found[4][0]).partition("%")[0])) for found in socket.getaddrinfo(host, None)]
    return []


def plain(address: Address) -> Address:
    """An IPv4 address that is written as one of IPv6 is the same."""
    return getattr(address, "ipv4_mapped", None) or address


def is_of_machine(host: str, addresses: Iterable[Address]) -> bool:
    """Whether a machine's own metadata answers at a host, and never a provider."""
    return host.rstrip(".").lower() in NAMES_OF_CLOUDS or any(
        each.is_link_local or each in OF_CLOUDS for each in addresses
    )


def is_inside(addresses: Iterable[Address]) -> bool:
    """Whether only machines here reach a host: it is on this one, or in a private network."""
    return any(not each.is_global for each in addresses)
