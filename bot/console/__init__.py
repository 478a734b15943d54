"""The console: pages in a browser that show what the chat shows, made of the same sentences and cards."""

from bot.console.serve import connected, of_anyone

__all__ = ["connected", "of_anyone"]
