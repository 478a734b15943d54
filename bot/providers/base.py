"""What a provider is: it sells tokens or guards them, and declares what it can do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from storage.charges import Charge

Capability = Literal["charges", "people", "limits", "set_limit", "pause", "increase_requests", "seats", "outcomes"]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody or something the provider knows and charges are reported for.

    Args:
        kind: "user" (matches Charge.subject), "key" (Charge.resource) or "team" (Charge.sub_account).
        external_id: the provider's own id.
        name: what people call it there, "" if it has no name.
        email: verified e-mail of a user, "" if unknown. It is the only thing we link by ourselves.
        owner: external id of the user that a key belongs to, "" if none.
    """

    kind: Literal["user", "key", "team"]
    external_id: str
    name: str = ""
    email: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `check`: what was looked at, whether it works, and what to do if it does not."""

    what: str
    ok: bool
    advice: str = ""


class Provider(Protocol):
    """Speaks to one provider. Every method may raise Unreachable or Undeliverable; each is one whole sentence."""

    @property
    def name(self) -> str:
        """The name under which app.yaml lists it."""

    @property
    def can(self) -> frozenset[Capability]:
        """What it declares; nothing else may be asked of it."""

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """Everything reported for the days first to last, both included, in the provider's own calendar.

        Pages are streamed. If a page fails for good, it raises: the caller then counts nothing of the call.
        """

    def people(self) -> Iterator[Member]:
        """Users, keys and teams as the provider knows them."""

    def check(self) -> Iterator[Finding]:
        """Probe address, key and rights, cheaply and without changing anything."""

    def close(self) -> None:
        """Let connections go."""
