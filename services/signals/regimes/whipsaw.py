"""The whipsaw filter: a change of regime counts only once it is confirmed, so that it does not flip to and fro."""

from __future__ import annotations

import msgspec


class Whipsaw(msgspec.Struct, kw_only=True, omit_defaults=True):
    """regime: the confirmed one; empty = none yet. candidate: the other one that leads now; held: for how many candles."""

    regime: str = ""
    candidate: str = ""
    held: int = 0

    def take(self, leading: str, probability: float, candles: int, enough: float) -> None:
        """Take the regime that leads after one more candle, with its probability.

        It becomes the confirmed one when it has led for ``candles`` candles without a break, or its probability is
        ``enough``. The first regime is confirmed in the same way.
        """
        if leading == self.regime:
            self.candidate, self.held = "", 0
            return
        self.held = self.held + 1 if leading == self.candidate else 1
        self.candidate = leading
        if self.held >= candles or probability >= enough:
            self.regime, self.candidate, self.held = leading, "", 0
