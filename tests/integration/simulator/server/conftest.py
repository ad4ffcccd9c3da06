"""The scene in which one fault is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.simulator.fault_scene import FaultScene, fault_scene


@pytest.fixture
async def scene() -> AsyncIterator[FaultScene]:
    async with fault_scene() as found:
        yield found
