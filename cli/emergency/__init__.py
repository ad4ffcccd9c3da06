"""``ict pause``, ``cancel``, ``flatten``, ``close``, ``rearm``: signed commands, and the way past every service."""
