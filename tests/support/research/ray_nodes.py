"""A Ray cluster of several nodes on this machine's loopback address, each node in processes that may be killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

#: Patient with a machine that is busy: a node may take a minute to start, and is not taken for lost while it is slow.
_ENVIRONMENT = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # 127.0.0.1 stays 127.0.0.1
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_agent_register_timeout_ms": "150000",
    "RAY_worker_register_timeout_seconds": "150",
    "RAY_health_check_initial_delay_ms": "60000",
    "RAY_health_check_timeout_ms": "60000",
}
_STORE = 80 * 2**20
#: Seconds in which a node has to start.
_START = 150.0


class RayNodes:
    """The nodes, in the order in which they were started, the head first."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self._nodes = [cluster.head_node]

    @property
    def address(self) -> str:
        """Where the head listens."""
        return str(self._cluster.address)

    def add(self, environment: Mapping[str, str] | None = None) -> int:
        """Start a node with one CPU, and return its place. ``environment``: of its processes, beside that of this one."""
        place = len(self._nodes)
        with _environment(environment or {}):
            node = self._cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1", object_store_memory=_STORE)
        self._nodes.append(node)
        return place

    def raylet(self, place: int) -> int:
        """The process of a node that starts its workers."""
        return int(self._nodes[place].all_processes["raylet"][0].process.pid)

    def kill(self, place: int) -> None:
        """Kill everything that a node consists of, at once."""
        processes = self._processes(place)
        for each in processes:
            each.send_signal(signal.SIGKILL)
        psutil.wait_procs(processes, timeout=30)

    def end(self) -> None:
        """Kill all nodes, the head last."""
        for place in reversed(range(len(self._nodes))):
            self.kill(place)

    def listening(self) -> set[str]:
        """The addresses on which the nodes' processes listen, and this one."""
        found = set()
        for processes in ([psutil.Process()], *map(self._processes, range(len(self._nodes)))):
            for each in processes:
                found |= {one.laddr.ip for one in each.net_connections("inet") if one.status == psutil.CONN_LISTEN}
        return found

    def _processes(self, place: int) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for started in self._nodes[place].all_processes.values():
            for each in started:
                with _gone():
                    process = psutil.Process(each.process.pid)
                    found += [process, *process.children(recursive=True)]
        return found


@contextmanager
def ray_nodes(directory: Path) -> Iterator[RayNodes]:
    """A cluster with its head, which has one CPU. Its dashboard is left out, which alone takes as long as all the rest."""
    with _environment(_ENVIRONMENT), pytest.MonkeyPatch.context() as patched:
        from ray._private import services
        from ray._private.node import Node
        from ray.cluster_utils import Cluster

        patched.setattr(Node, "start_api_server", lambda self, **_: None)
        patched.setattr(services, "get_node", _patient(services.get_node))
        head = {
            "num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": _STORE, "temp_dir": str(directory),
            "no_monitor": True, "include_log_monitor": False,
        }  # fmt: skip
        nodes = RayNodes(Cluster(initialize_head=True, head_node_args=head))
        try:
            yield nodes
        finally:
            nodes.end()


def _patient(get_node: Callable[..., Any]) -> Callable[..., Any]:
    """Ray gives a node 30 s to start, which is little on a machine on which everything runs at once."""

    def found(*arguments: Any) -> Any:
        deadline = time.monotonic() + _START
        while True:
            try:
                return get_node(*arguments)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    return found


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _gone() -> Iterator[None]:
    """A process that ended meanwhile."""
    try:
        yield
    except psutil.NoSuchProcess:
        return
