"""Wiring of risk: one lane for the account, because caps and the kill switch are the account's."""

from __future__ import annotations

from functools import partial

from services.risk.core import RiskCore
from services.risk.metrics import FIGURES
from services.risk.settings import RiskSettings
from shared.config.settings import CommonSettings
from shared.runtime.lane.spec import LaneSpec
from shared.runtime.service import ServiceSpec


def _armed(common: CommonSettings) -> bool:
    """Whether a risk without a state begins NORMAL: where no order leaves, and where no command could re-arm it.

    Mode paper in one process has an in-memory bus, which `ict rearm` does not reach.
    """
    return common.mode == "sim" or (common.mode == "paper" and common.layout == "embedded")


def spec(common: CommonSettings, settings: RiskSettings) -> ServiceSpec:
    """The account's risk lane."""
    build = partial(
        RiskCore,
        common.partitions.count,
        common.instrument_table(),
        settings,
        common.account,
        common.signer(),
        common.command_judge(),
        sim=common.mode == "sim",
        real=not common.simulated,
        armed=_armed(common),
    )
    lane = LaneSpec(
        name="risk",
        stage="risk",
        queue="risk",
        commands="risk.commands",
        marks="" if common.mode == "sim" else "risk.marks",
        build=build,
        tick_ms=common.lane.tick_ms,
        show=FIGURES.show,
    )
    return ServiceSpec(name="risk", group="risk", lanes=(lane,))
