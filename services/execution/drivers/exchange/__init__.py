"""The driver for a real exchange: requests to calls, answers and news to inputs, everything written ahead."""
