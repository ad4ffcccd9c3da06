"""The exchange: the port that services see, its types, and the exchanges behind it."""
