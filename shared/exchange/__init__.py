"""The exchange: the port that services see, its types, and the venues behind it."""
