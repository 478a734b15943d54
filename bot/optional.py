"""Modules of ours that need packages which not everybody installs."""

from importlib import import_module
from types import ModuleType

from bot.config import ConfigError
from bot.texts import t


def optional(module: str) -> ModuleType:
    """A module of ours for Teams. Without Teams, neither its packages nor the second of their import are needed.

    Raises:
        ConfigError: the packages are not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        raise ConfigError(
            t("For Teams the package {name} is missing: pip install -r requirements-teams.txt", name=missing.name)
        ) from missing
