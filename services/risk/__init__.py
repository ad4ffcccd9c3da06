"""Risk: how much, and whether at all (RISK-1, RISK-2, RISK-3). Only what it signs can reach an exchange."""
