"""Tokens that open an API for a while, had for a secret that stays here (RFC 6749)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.http import bearer
from bot.providers.payload_fields import Body

EARLIER = timedelta(minutes=2)
"""A token is not used for so long before it ends."""


class AccessToken(Body):
    """What is answered to whoever asks for a token."""

    access_token: str
    expires_in: int = 3600


@dataclass(slots=True)
class TokenSign:
    """Signs requests with a token, made anew before it ends.

    Args:
        make: asks for a token.
        now: the clock.
    """

    make: Callable[[], AccessToken]
    now: Callable[[], datetime]
    token: str = field(default="", repr=False)
    until: datetime | None = None

    def __call__(self, _secret: str) -> Mapping[str, str]:
        """The headers of a request."""
        if self.until is None or self.now() >= self.until:
            made = self.make()
            self.token, self.until = made.access_token, self.now() + timedelta(seconds=made.expires_in) - EARLIER
        return bearer(self.token)


def unsigned(_secret: str) -> Mapping[str, str]:
    """No headers: what asks for a token has its secret in its form."""
    return {}
