"""Wiring of execution: one lane for the account; its single active consumer is the account's only hand."""

from __future__ import annotations

from functools import partial

from services.execution.core import ExecutionCore
from services.execution.settings import ExecutionSettings
from shared.config.settings import CommonSettings
from shared.runtime.lane.spec import LaneSpec
from shared.runtime.service import ServiceSpec


def spec(common: CommonSettings, settings: ExecutionSettings) -> ServiceSpec:
    """The account's execution lane."""
    build = partial(ExecutionCore, common.instrument_table(), settings, common.approval_key.get_secret_value())
    return ServiceSpec(
        name="execution",
        group="execution",
        lanes=(LaneSpec(name="execution", stage="execution", queue="execution", build=build),),
    )
