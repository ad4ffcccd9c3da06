"""Each bus, as one deployment of a test's own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest

from tests.support.bus.contract import Deployment, Memory, Rabbit


@pytest.fixture(params=["memory", "memory-codec", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
async def deployment(request: pytest.FixtureRequest) -> AsyncIterator[Deployment]:
    made: Deployment
    name = f"bus-{uuid.uuid4().hex[:10]}"
    if request.param == "rabbitmq":
        made = Rabbit(name, request.getfixturevalue("rabbitmq_url"))
    else:
        made = Memory(name, codec=request.param == "memory-codec")
    yield made
    await made.end()
