"""``ict parity``: replays a recorded day and lists what came out differently."""
