"""Planning: what another policy would have done, before it is in force."""

from handlers.planning.commands import propose, try_, try_policy

__all__ = ["propose", "try_", "try_policy"]
