"""What backtests keep on disk by content, so that the next one reads it: analyses, and decisions."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
