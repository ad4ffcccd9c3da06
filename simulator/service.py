"""Builds the simulator service: the exchange's lane, and in mode paper the lane that feeds it live candles."""

from __future__ import annotations

from functools import partial

from shared.config.settings import CommonSettings
from shared.runtime.lane.spec import LaneSpec
from shared.runtime.service import ServiceSpec
from simulator.bracket_file import load_brackets
from simulator.paper import PaperMarket
from simulator.settings import SimulatorSettings
from simulator.simulated_exchange import SimulatedExchange


def spec(common: CommonSettings, settings: SimulatorSettings) -> ServiceSpec:
    """Return the service's lanes. In mode sim the replay driver sends the market steps; in mode paper the lane "paper"."""
    brackets = load_brackets(settings.brackets_file)
    build = partial(SimulatedExchange, settings, common.instrument_table(), brackets, common.account)
    lanes = [LaneSpec(name="exchange", stage="exchange", queue="exchange", build=build)]
    if common.mode == "paper":
        market = partial(PaperMarket, common.partitions.count, settings.paper_max_pending)
        lanes.append(LaneSpec(name="paper", stage="paper", queue="paper", build=market))
    return ServiceSpec(name="simulator", group="simulator", lanes=tuple(lanes))
