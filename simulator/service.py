"""Wiring of the simulated exchange: one lane behind the exchange port."""

from __future__ import annotations

from functools import partial

from shared.runtime.common import CommonSettings
from shared.runtime.lane import LaneSpec
from shared.runtime.service import ServiceSpec
from simulator.exchange import SimulatedExchange
from simulator.settings import SimulatorSettings


def spec(common: CommonSettings, settings: SimulatorSettings) -> ServiceSpec:
    """The exchange's lane; whoever hosts it plays the market too."""
    build = partial(SimulatedExchange, settings, common.instrument_table())
    return ServiceSpec(
        name="simulator",
        group="simulator",
        lanes=(LaneSpec(name="exchange", stage="exchange", queue="exchange", build=build),),
    )
