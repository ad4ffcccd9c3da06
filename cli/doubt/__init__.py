"""Commands that try to prove a result wrong: walk-forward, optimise."""
