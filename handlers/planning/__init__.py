"""Planning: what another policy would have done, before it is in force."""

from handlers.planning.commands import propose, try_, try_policy
from handlers.planning.suggest import suggest

__all__ = ["propose", "suggest", "try_", "try_policy"]
