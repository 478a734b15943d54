"""The edges: chat platforms, providers, directories, clock and network."""

__version__ = "0.2.0"
