"""Generates stream frames with the kinds, shares and sizes of a recorded minute of BTCUSDT, from a seed.

Recorded on 2024-08-08 (93,953 raw messages of USDⓈ-M): 70 % bookTicker of 190 bytes, 23 % trades of 150, 7 % depth diffs of
2.1 kB with 66 levels. A small share of klines and mark prices is added, as in a live feed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Final

#: Kind → share of all frames.
SHARES: Final = {"bookTicker": 0.69, "aggTrade": 0.227, "depthUpdate": 0.073, "kline": 0.008, "markPriceUpdate": 0.002}
_LEVELS: Final = 66
_PRICE: Final = 61_800.0


class Frames:
    """Makes the frames of one symbol; ``make`` stamps the time (ms) at which the frame is sent."""

    def __init__(self, symbol: str, seed: int) -> None:
        self._symbol = symbol
        self._name = symbol.lower()
        self._random = random.Random(seed)  # noqa: S311  a market for a benchmark, no secret
        self._update = 1_000
        self._trade = 0

    def kinds(self, count: int) -> Iterator[str]:
        """Draw ``count`` kinds of frame in the recorded shares."""
        yield from self._random.choices(tuple(SHARES), tuple(SHARES.values()), k=count)

    def make(self, kind: str, now: int) -> str:
        """Return a combined-stream frame of a kind."""
        stream, data = getattr(self, f"_{kind}")(now)
        return json.dumps({"stream": f"{self._name}@{stream}", "data": {"e": kind, "E": now, "s": self._symbol, **data}})

    @property
    def update(self) -> int:
        """Return the id of the newest book update."""
        return self._update

    def _price(self) -> str:
        return f"{_PRICE + self._random.randrange(-500, 500) / 10:.2f}"

    def _size(self) -> str:
        return f"{self._random.randrange(1, 9_000) / 1_000:.3f}"

    def _bookTicker(self, now: int) -> tuple[str, dict[str, object]]:  # noqa: N802  named for the exchange's event
        return "bookTicker", {
            "u": self._update, "b": f"{_PRICE:.2f}", "B": self._size(), "a": f"{_PRICE + 0.1:.2f}", "A": self._size(),
            "T": now,
        }  # fmt: skip

    def _aggTrade(self, now: int) -> tuple[str, dict[str, object]]:  # noqa: N802  likewise
        self._trade += 1
        return "aggTrade", {
            "a": self._trade, "p": self._price(), "q": self._size(), "f": self._trade, "l": self._trade, "T": now,
            "m": self._trade % 2 == 0,
        }  # fmt: skip

    def _depthUpdate(self, now: int) -> tuple[str, dict[str, object]]:  # noqa: N802  likewise
        previous, self._update = self._update, self._update + self._random.randrange(2, 900)
        sides = [[[self._price(), self._size()] for _ in range(_LEVELS // 2)] for _ in range(2)]
        book = {"U": previous + 1, "u": self._update, "pu": previous, "b": sides[0], "a": sides[1]}
        return "depth@100ms", {"T": now, **book}

    def _kline(self, now: int) -> tuple[str, dict[str, object]]:
        opened = now - now % 60_000
        candle = {
            "t": opened, "T": opened + 59_999, "s": self._symbol, "i": "1m", "f": 1, "L": 2, "o": f"{_PRICE:.2f}",
            "c": f"{_PRICE:.2f}", "h": f"{_PRICE + 60:.2f}", "l": f"{_PRICE - 60:.2f}", "v": "12.345", "n": 1_234,
            "x": False, "q": "762921.00", "V": "6.1", "Q": "376980.00", "B": "0",
        }  # fmt: skip
        return "kline_1m", {"k": candle}

    def _markPriceUpdate(self, now: int) -> tuple[str, dict[str, object]]:  # noqa: N802  likewise
        funding = now - now % 28_800_000 + 28_800_000
        return "markPrice@1s", {
            "p": f"{_PRICE:.8f}", "i": f"{_PRICE:.8f}", "P": f"{_PRICE:.8f}", "r": "0.00010000", "T": funding
        }  # fmt: skip
