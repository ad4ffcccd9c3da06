"""freqtrade trades futures live at the simulator, with its stops there, through restarts of either side."""

from __future__ import annotations

from pathlib import Path

from tests.support.clients.conformance import a_simulator
from tests.support.clients.freqtrade import BITCOIN, ETHER, Freqtrade
from tests.support.clients.freqtrade_bench import Bench
from tests.support.clients.outcomes import forget, keep
from tests.support.clients.scripts import addresses
from tests.support.clients.venvs import python_or_report
from tests.support.processes.answering import free_port


def test_freqtrade_trades_live_with_stops_on_the_exchange_through_restarts_of_either_side(tmp_path: Path) -> None:
    """EXEC-1: four trades left by hand, two by their stops; the bot is restarted with one open, then the exchange."""
    forget("freqtrade")
    python = python_or_report("freqtrade")
    log, port = tmp_path / "simulator.log", str(free_port())
    with (
        a_simulator(log, "--port", port) as simulator,
        Freqtrade(python, tmp_path / "freqtrade", addresses(simulator)) as bot,
    ):
        bench = Bench(bot, simulator)
        bench.saw("start with addresses alone")
        bench.trade_left_by_hand("a long trade, left by /forceexit", BITCOIN, "long")
        bench.trade_left_by_hand("a short trade, left by /forceexit", ETHER, "short")
        bench.trade_left_by_its_stop("a long trade, left by its stop at the exchange", BITCOIN, "long")
        bench.trade_across_a_restart_of_the_bot("freqtrade restarted with an open trade", ETHER, "long")
        simulator.restart()
        bench.trade_left_by_hand("a long trade after the simulator restarted", BITCOIN, "long")
        bench.trade_left_by_its_stop("a short trade after it, left by its stop", ETHER, "short")
        assert bot.refused_rows == []
    keep("freqtrade", bench.seen)
