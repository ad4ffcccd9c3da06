"""Who does the work of a command that can be done by several: ``--jobs`` processes, or the Ray cluster at ``--ray``."""

from __future__ import annotations

from typing import NamedTuple

from cli.run.configuration import refuse
from research.jobs.executor import Executor, executor
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit


class Workers(NamedTuple):
    """The two options, as they were typed."""

    jobs: int
    ray: str | None = None

    def executor(self) -> Executor:
        """Who they ask for. Ends the command: 2 for both, 4 where Ray, or its cluster, is not to be had."""
        if self.ray is None:
            return executor(self.jobs)
        if self.jobs != 1:
            refuse(f"--jobs {self.jobs}: with --ray the CPUs of the cluster decide how many work; leave it out", Exit.USAGE)
        require("ray", "work on several machines")
        from research.jobs.ray_cluster import NoCluster, OnRay

        try:
            return OnRay(self.ray)
        except NoCluster as error:
            refuse(f"--ray {error}", Exit.UNREACHABLE)
