"""Builds the service ``execution`` of the modes sim and paper: its lane has the matching core in it.

In mode paper a second lane feeds it the live candles.
"""

from __future__ import annotations

from functools import partial

from services.execution.core import ExecutionCore
from services.execution.settings import ExecutionSettings
from shared.approval.risk_orders import judge_of
from shared.config.settings import CommonSettings
from shared.domain.client_ids import lineage
from shared.runtime.lane.spec import LaneSpec
from shared.runtime.service import ServiceSpec
from simulator.bracket_file import load_brackets
from simulator.execution_lane import ExecutionLane
from simulator.matching_driver import MatchingDriver
from simulator.paper import PaperMarket
from simulator.settings import SimulatorSettings


def spec(common: CommonSettings, execution: ExecutionSettings, settings: SimulatorSettings) -> ServiceSpec:
    """Return the service's lanes. In mode sim the market is played to it; in mode paper the lane "paper" makes the steps."""
    brackets = load_brackets(settings.brackets_file)
    instruments = common.instrument_table()
    verifier, judge = common.verifier(), common.command_judge()
    risk_orders = judge_of(verifier, timed=common.mode != "sim")

    def build() -> ExecutionLane:
        core = ExecutionCore(
            instruments,
            execution,
            verifier.approved,
            commands=judge,
            risk_orders=risk_orders,
            lineage=lineage(common.mode, ""),  # nobody else trades on this account: the same bytes in any namespace
            validity_ms=common.exchange.recv_window_ms,
        )
        return ExecutionLane(core, MatchingDriver(settings, instruments, brackets, common.account))

    tick_ms = common.lane.tick_ms
    lanes = [
        LaneSpec(
            name="execution",
            stage="execution",
            queue="execution",
            commands="execution.commands",
            build=build,
            tick_ms=tick_ms,
        )
    ]
    if common.mode == "paper":
        market = partial(PaperMarket, common.partitions.count, settings.paper_max_pending)
        lanes.append(LaneSpec(name="paper", stage="paper", queue="paper", build=market))
    return ServiceSpec(name="execution", group="execution", lanes=tuple(lanes))
