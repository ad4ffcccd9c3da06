"""Where execution's orders go: a driver carries out what the core asks for, and tells it what happened."""
