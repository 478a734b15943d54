"""The first look: what waits for whoever reads, and what is left of their own."""

from handlers.home.first_look import home
from handlers.home.refresh import refresh_homes

__all__ = ["home", "refresh_homes"]
