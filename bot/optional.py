"""Modules of ours that need packages which not everybody installs."""

from importlib import import_module
from types import ModuleType

from bot.config import ConfigError
from bot.texts import t


def optional(module: str, what: str = "Teams", packages: str = "requirements-teams.txt") -> ModuleType:
    """A module of ours for Teams or MCP. Without these, neither packages nor the second of their import are needed.

    Args:
        module: its name.
        what: it is for.
        packages: the file that lists what it needs.

    Raises:
        ConfigError: the packages are not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        raise ConfigError(
            t(
                "For {what} the package {name} is missing: pip install -r {file}",
                what=what,
                name=missing.name,
                file=packages,
            )
        ) from missing
