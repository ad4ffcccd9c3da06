"""Real processes: brokers and databases, the services, and what they say of themselves."""
