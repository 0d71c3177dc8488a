"""OpenTelemetry-native, in-process routing for LLM calls, with a receipt for every decision."""

from waypost._version import __version__

__all__ = ["__version__"]
