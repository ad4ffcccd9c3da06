"""Wiring of risk: one lane for the account, because caps and the kill switch are the account's."""

from __future__ import annotations

from functools import partial

from services.risk.core import RiskCore
from services.risk.settings import RiskSettings
from shared.config.settings import CommonSettings
from shared.runtime.lane.spec import LaneSpec
from shared.runtime.service import ServiceSpec


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
    )
    lane = LaneSpec(
        name="risk", stage="risk", queue="risk", commands="risk.commands", build=build, tick_ms=common.lane.tick_ms
    )
    return ServiceSpec(name="risk", group="risk", lanes=(lane,))
