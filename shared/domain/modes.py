"""The modes of a deployment."""

from __future__ import annotations

from typing import Literal

#: Where the market comes from and where orders go. ``sim``: both from the simulator; ``paper``: the live market, simulated
#: fills; ``testnet``: the exchange's demo exchange; ``live``: the exchange.
Mode = Literal["sim", "paper", "testnet", "live"]
