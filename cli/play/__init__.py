"""Commands that play a market through the whole system: demo and lock-step replay."""
