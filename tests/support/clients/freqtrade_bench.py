"""Trades of freqtrade, looked at from both sides: what the bot knows, and what stands at the exchange."""

from __future__ import annotations

from typing import Any, Final

from tests.support.clients.freqtrade import BITCOIN, ETHER, Freqtrade, until
from tests.support.clients.outcomes import OK, Outcome
from tests.support.simulator.process import SimulatorProcess

SYMBOL: Final = {BITCOIN: "BTCUSDT", ETHER: "ETHUSDT"}


class Bench:
    """A bot, the simulator that it trades at, and the scenes that went as they should."""

    def __init__(self, bot: Freqtrade, simulator: SimulatorProcess) -> None:
        self._bot = bot
        self._simulator = simulator
        self.seen: list[Outcome] = []

    def saw(self, scene: str) -> None:
        """Note a scene."""
        self.seen.append(Outcome(scene, OK))

    def trade_left_by_hand(self, scene: str, pair: str, side: str) -> None:
        """Enter, see the stop, leave: flat, and no stop is left."""
        trade = self._enter(pair, side)
        self._bot.leave(trade)
        assert self._flat(pair, trade) == "force_exit"
        self.saw(scene)

    def trade_left_by_its_stop(self, scene: str, pair: str, side: str) -> None:
        """The price jumps beyond the stop, which closes the position at the exchange; freqtrade learns it."""
        trade = self._enter(pair, side)
        self._move_price(pair, 0.97 if side == "long" else 1.03)
        assert self._flat(pair, trade) == "stoploss_on_exchange"
        self.saw(scene)

    def trade_across_a_restart_of_the_bot(self, scene: str, pair: str, side: str) -> None:
        """The same stop stands before and after, and the trade is left by hand."""
        trade = self._enter(pair, side)
        before = self._stops(pair)
        self._bot.stop()
        assert self._stops(pair) == before
        self._bot.start()
        until(f"freqtrade knows trade {trade} and its stop again", lambda: self._bot.has_stop(trade))
        assert len(self._stops(pair)) == 1
        self._bot.leave(trade)
        assert self._flat(pair, trade) == "force_exit"
        self.saw(scene)

    def _enter(self, pair: str, side: str) -> int:
        """Open a trade; its number once position and stop stand at the exchange and freqtrade knows both."""
        trade = until(f"freqtrade enters {pair}", lambda: self._bot.enter(pair, side))
        until(f"one stop stands for {pair}", lambda: len(self._stops(pair)) == 1)
        until(f"freqtrade knows trade {trade} and its stop", lambda: self._bot.has_stop(trade))
        size = self._size(pair)
        assert size > 0 if side == "long" else size < 0
        return trade

    def _flat(self, pair: str, trade: int) -> str:
        """The reason of a trade's exit, once it is closed and nothing of it stands at the exchange."""
        closed = until(f"freqtrade has closed trade {trade}", lambda: self._bot.closed_trade(trade))
        until(f"no stop stands for {pair}", lambda: not self._stops(pair))
        assert self._size(pair) == 0
        return str(closed["exit_reason"])

    def _stops(self, pair: str) -> list[str]:
        """Numbers of the conditional orders that wait."""
        return [str(each["algoId"]) for each in self._of(pair, "algo_orders") if each["algoStatus"] == "NEW"]

    def _size(self, pair: str) -> float:
        """The position at the exchange; below zero for a short."""
        return sum(float(each["positionAmt"]) for each in self._of(pair, "positions"))

    def _of(self, pair: str, part: str) -> list[dict[str, Any]]:
        return [each for each in self._simulator.ask("account")[part] if each["symbol"] == SYMBOL[pair]]

    def _move_price(self, pair: str, factor: float) -> None:
        last = float(self._simulator.ask("state")["symbols"][SYMBOL[pair]]["last"])
        self._simulator.ask("price", "POST", {"symbol": SYMBOL[pair], "price": f"{last * factor:.1f}"})
