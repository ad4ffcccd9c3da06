"""Jobs on a Ray cluster: as many at once as it has CPUs, run again when a worker or a node is lost.

Nothing but this module imports Ray, and only when it is asked for. This process has to run on a node of the cluster.
What all jobs of a run share goes into Ray's object store in pieces, each once, under its hash; a node fetches it once, and
its processes map the same memory. Answers come back here: nodes need no common directory.
"""

from __future__ import annotations

import os
import pickle
import re
import socket
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from research.jobs.by_content import Piece, taken_apart
from research.jobs.executor import PATIENCE, A, J, Stopped
from research.jobs.software import software

#: Jobs that are handed over for each CPU: one that is played, one that waits beside it.
_AHEAD: Final = 2
#: Seconds without any job done, after which it is looked whether the cluster has a CPU left.
_LOOK: Final = 30.0
#: Seconds in which the head has to take a connection.
_ANSWER: Final = 5.0
#: Of Ray, in this process: no reports to its makers; one try to connect, not twenty; no environment of uv sent to the nodes.
_ENVIRONMENT: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_NUM_REDIS_GET_RETRIES": "1",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
#: With this Ray takes 127.0.0.1 for what it is, and listens nowhere else; without, for the machine's address in its network.
_LOOPBACK: Final = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
_VERSIONS: Final = re.compile(r"Ray: (\S+)\s+Python: (\S+).*Ray: (\S+)\s+Python: (\S+)", re.DOTALL)


class NoCluster(Exception):
    """The cluster cannot be used; the text says why, and what to do."""


class OnRay:
    """Runs jobs on the cluster whose head listens at ``address``: ``HOST:PORT``, or ``auto`` for the one of this machine."""

    def __init__(self, address: str) -> None:
        """Connect. Raises NoCluster."""
        self._ray: Final = _connected(address)
        self._work: Final = self._ray.remote(num_cpus=1, max_retries=0)(_by_value())
        self._software: Final = software()
        self._pieces: Final[dict[str, Any]] = {}
        self._stored: tuple[object, str, list[Any]] = (None, "", [])
        if not self._cpus():
            self.close()
            raise NoCluster(f"{address}: no node of this cluster has a CPU to give; start one: {_join(address)}")

    def run(self, do: Callable[[J], A], jobs: Sequence[J], on_done: Callable[[J, A], None]) -> None:
        """See the port. Raises NoCluster too: a node without the product, or with another version of it."""
        key, stored = self._store(do)
        waiting, lost = deque(jobs), Counter[str]()
        asked: dict[Any, J] = {}
        try:
            while waiting or asked:
                while waiting and len(asked) < _AHEAD * max(1, self._cpus()):
                    job = waiting.popleft()
                    asked[self._work.remote(self._software, key, stored, pickle.dumps(job, protocol=5))] = job
                ready, _ = self._ray.wait(list(asked), num_returns=1, timeout=_LOOK)
                if not ready and not self._cpus():
                    raise Stopped("no node of the Ray cluster is left")
                for each in ready:
                    job = asked.pop(each)
                    answer = self._answer(each)
                    if answer is not None:
                        on_done(job, answer[0])
                        continue
                    lost[job.key] += 1
                    if lost[job.key] == PATIENCE:
                        raise Stopped(f"{PATIENCE} Ray workers with the same job were ended, for example for want of memory")
                    waiting.appendleft(job)
        finally:
            for each in asked:
                self._ray.cancel(each, force=True)

    def close(self) -> None:
        """Leave the cluster; it goes on without us."""
        self._ray.shutdown()

    def _store(self, do: Callable[[J], A]) -> tuple[str, list[Any]]:
        """Put what all jobs share into the object store, but the pieces that are there. Returns its key, and where it is."""
        if not self._stored[1] or (self._stored[0] is not do and self._stored[0] != do):
            pieces: dict[str, Any] = {}

            def keep(name: str, piece: Piece) -> None:
                pieces[name] = self._pieces[name] if name in self._pieces else self._ray.put(piece)

            shared = taken_apart(do, keep)
            self._pieces.clear()  # what is no longer named may be forgotten by the object store
            self._pieces.update(pieces)
            self._stored = do, shared.key, [self._ray.put(tuple(shared)), *(pieces[each] for each in shared.hashes)]
        return self._stored[1], self._stored[2]

    def _answer(self, asked: Any) -> tuple[Any] | None:
        """The answer of a job; None if its worker or its node was lost. Raises what the job raised, or NoCluster."""
        errors = self._ray.exceptions
        try:
            kind, node, told = self._ray.get(asked)
        except errors.RayTaskError:
            raise
        except errors.RayError:
            return None
        if kind == "done":
            return (pickle.loads(told),)  # noqa: S301  of our own workers
        if kind == "raised":
            raise pickle.loads(told)  # noqa: S301  of our own workers
        if kind == "missing":
            raise NoCluster(
                f"node {node} cannot import what this machine has ({told}); install ict-trader there as it is here"
            )
        if kind == "other":
            raise NoCluster(f"node {node} would compute with {told}; install there what this machine has")
        raise NoCluster(f"node {node} did not get the candles as they were sent: {told}; are memory and network in order?")

    def _cpus(self) -> int:
        return int(self._ray.cluster_resources().get("CPU", 0))


def _by_value() -> Callable[..., tuple[str, str, object]]:
    """What a worker runs. It is sent as code, for it has to say so where the product is not installed."""

    def work(expected: dict[str, str], key: str, stored: list[Any], job: bytes) -> tuple[str, str, object]:
        import socket

        import ray

        node = f"{ray.util.get_node_ip_address()} ({socket.gethostname()})"
        try:
            from research.jobs import on_node
        except ImportError as error:
            return "missing", node, str(error)
        kind, told = on_node.run(expected, key, lambda: ray.get(stored), job)
        return kind, node, told

    return work


def _connected(address: str) -> Any:
    """Ray, connected. Raises NoCluster."""
    host = _host(address)
    os.environ.update(_ENVIRONMENT | (_LOOPBACK if host in ("127.0.0.1", "localhost") else {}))
    import ray

    ray.shutdown()  # of another cluster, if this process was connected to one
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        # What it says of nodes that are lost it prints on stdout, where results stand; it has no public switch for that.
        ray._private.worker._worker_logs_enabled = False
    except Exception as error:  # it raises whatever it meets
        ray.shutdown()
        said = " ".join(str(each) for each in (error, error.__cause__) if each is not None)
        versions = _VERSIONS.search(said)
        if versions:
            theirs, python, ours, our_python = versions.groups()
            raise NoCluster(
                f"{address}: the cluster has Ray {theirs} with Python {python}, and here are Ray {ours} with Python "
                f"{our_python}; install the same on every machine"
            ) from error
        raise NoCluster(
            f"{address}: no Ray cluster answers there of which this machine is a node ({' '.join(said.split())[:200]}); is "
            f"that the address of its head? To join it, type: {_join(address)}"
        ) from error
    return ray


def _host(address: str) -> str:
    """Where the head is. Raises NoCluster where nobody listens: Ray would try for a minute."""
    if address == "auto":
        return address
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise NoCluster(f"{address}: write HOST:PORT of the head of a Ray cluster, or auto for the one of this machine")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER).close()
    except OSError as error:
        raise NoCluster(
            f"{address}: no Ray answers there ({error.strerror or error}); start its head with: ray start --head, and type "
            "the address that it tells"
        ) from error
    return host


def _join(address: str) -> str:
    return f"ray start --address={address}"
