"""``ict status``: the account, what is open, what keeps entries back, how far limits are, and how the services are."""
