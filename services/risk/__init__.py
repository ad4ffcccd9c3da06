"""Risk: how much, and whether at all (RISK-1, RISK-2, RISK-3). Only what it signs can reach an exchange."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
