"""``ict config``: what is configured, and where each value comes from."""
