"""The matching core of a Binance USDⓈ-M venue: one account, pure and exact; ``venue.Venue`` is the way in.

The lock-step lane (``simulator.simulated_exchange``), the protocol server and paper mode all use it.
"""
