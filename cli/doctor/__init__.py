"""``ict doctor``: is everything there that this configuration needs? One check a line, with what to type next."""
