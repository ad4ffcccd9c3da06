"""Commands about the exchange itself: record a session of it."""
