"""Research: what looks at markets and at the engine from outside; nothing here runs in a live service."""
