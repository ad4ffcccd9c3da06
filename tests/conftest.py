"""What every test may ask for: services, a namespace of its own, an own broker to kill, the market data.

A test that needs a service which is not to be had is skipped, and the last lines of the run say so; with
``ICT_REQUIRE_SERVICES=1`` it fails.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.processes import answering, clearing, on_demand, own_servers

# A busy machine is no fault of the code: no example is judged by its time (pytest-timeout ends what hangs).
settings.register_profile("exploring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in every run: a red run speaks of the change that made it red. `make soak` explores.
settings.register_profile("the same", settings.get_profile("exploring"), derandomize=True)
settings.load_profile("the same")

#: Asking for the fixture is saying the marker: `-m "not rabbitmq"` leaves nothing that needs a broker.
MARKER_OF_FIXTURE = {
    "rabbitmq_url": "rabbitmq",
    "private_rabbitmq": "rabbitmq",
    "redis_url": "redis",
    "postgres_url": "postgres",
    "market_data": "realdata",
}
_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if marker := MARKER_OF_FIXTURE.get(fixture):
                item.add_marker(marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Give the next test the root logger's level of before: a command that ran in this process has set it for itself."""
    root = logging.getLogger()
    level = root.level
    try:
        return (yield)
    finally:
        root.setLevel(level)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if answering.MISSING in reason:
            why = reason.split(answering.MISSING, 1)[1].splitlines()[0]
            missing[why] = missing.get(why, 0) + 1
    if missing:
        count = sum(missing.values())
        reasons = "; ".join(f"{number} for want of {why}" for why, number in missing.items())
        terminalreporter.write_line(f"!!! {count} TESTS WERE SKIPPED AND PROVE NOTHING: {reasons}", red=True, bold=True)


SOURCES = {"RabbitMQ": on_demand.rabbitmq, "Redis": on_demand.redis, "PostgreSQL": on_demand.postgres}


def _find(what: str, stack: ExitStack) -> dict[str, str]:
    """Find or start a service, which ends with ``stack``; when it cannot be had, say why."""
    try:
        return {"url": stack.enter_context(SOURCES[what]())}
    except answering.Missing as error:
        return {"why": str(error)}


_SHARED = pytest.StashKey[dict[str, dict[str, str]]]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Parallel workers share the services that the controlling process found or started, instead of starting their own."""
    config: pytest.Config = node.config
    if _SHARED not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[_SHARED] = {what: _find(what, stack) for what in SOURCES}
    node.workerinput["services"] = config.stash[_SHARED]


class _Service:
    """A service found or started at most once a run; when it cannot be had, every test that asks hears why."""

    def __init__(self, what: str, url: str | None = None, why: str = "") -> None:
        self._what = what
        self._url = url
        self._why = why

    @property
    def reached(self) -> bool:
        return self._url is not None

    def url(self) -> str:
        if self._url is None:
            answering.unavailable(self._what, self._why)
        return self._url


def _service(what: str, config: pytest.Config) -> Iterator[_Service]:
    shared = getattr(config, "workerinput", {}).get("services")
    with ExitStack() as stack:
        yield _Service(what, **(shared[what] if shared else _find(what, stack)))


@pytest.fixture(scope="session")
def _rabbitmq(pytestconfig: pytest.Config) -> Iterator[_Service]:
    yield from _service("RabbitMQ", pytestconfig)


@pytest.fixture(scope="session")
def _redis(pytestconfig: pytest.Config) -> Iterator[_Service]:
    yield from _service("Redis", pytestconfig)


@pytest.fixture(scope="session")
def _postgres(pytestconfig: pytest.Config) -> Iterator[_Service]:
    yield from _service("PostgreSQL", pytestconfig)


@pytest.fixture(scope="session")
def rabbitmq_url(_rabbitmq: _Service) -> str:
    """A RabbitMQ that tests share; each works under its own ``namespace``."""
    return _rabbitmq.url()


@pytest.fixture(scope="session")
def redis_url(_redis: _Service) -> str:
    """A Redis that tests share; each works under its own ``namespace``."""
    return _redis.url()


@pytest.fixture(scope="session")
def postgres_url(_postgres: _Service) -> str:
    """A PostgreSQL database that tests share: SQLAlchemy URL, asyncpg driver."""
    return _postgres.url()


@pytest.fixture
def private_rabbitmq() -> Iterator[own_servers.OwnRabbitmq]:
    """A broker of the test's own, to be killed and started again at will."""
    source = own_servers.own_rabbitmq()
    try:
        broker = source.__enter__()
    except answering.Missing as error:
        answering.unavailable("a RabbitMQ of its own", str(error))
    yield broker
    source.__exit__(None, None, None)


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """A name that no other test uses; what was made under it on the shared broker and Redis is deleted afterwards."""
    name = f"t{uuid.uuid4().hex[:10]}"
    yield name
    if "rabbitmq_url" in request.fixturenames and (service := request.getfixturevalue("_rabbitmq")).reached:
        clearing.run_apart(clearing.delete_from_broker(service.url(), name))
    if "redis_url" in request.fixturenames and (service := request.getfixturevalue("_redis")).reached:
        clearing.run_apart(clearing.delete_from_redis(service.url(), name))


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The directory of recorded market data beside the repository."""
    if not (_DATA / "market").is_dir():
        pytest.skip(f"{answering.MISSING}market data: {_DATA}/market is not there")
    return _DATA
