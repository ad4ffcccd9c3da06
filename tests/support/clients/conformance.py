"""A client's whole run: its virtualenv, a simulator of its own, its script, and what is kept of it."""

from __future__ import annotations

from pathlib import Path

from tests.support.clients.outcomes import Outcome, failures, forget, keep
from tests.support.clients.real_names import real_names
from tests.support.clients.scripts import addresses, run_script
from tests.support.clients.venvs import python_or_report
from tests.support.simulator.process import SimulatorProcess


def a_simulator(log: Path, *arguments: str) -> SimulatorProcess:
    """A simulator as a user starts it for clients that compare clocks: real time, and the market's time is now."""
    return SimulatorProcess(log, "--now", *arguments, speed="1")


def conforms(client: str, requirements: str, script: str, *arguments: str, logs: Path) -> list[Outcome]:
    """Run a client's script and keep its outcomes. AssertionError with every call that had to work and did not."""
    forget(client)
    python = python_or_report(requirements)
    with a_simulator(logs / "simulator.log") as simulator:
        outcomes = run_script(python, script, *arguments, told=addresses(simulator))
    return _kept(client, outcomes)


def conforms_under_the_real_names(client: str, requirements: str, script: str, *arguments: str, logs: Path) -> list[Outcome]:
    """``conforms`` with Binance's own host names: a simulator with TLS, and a hosts file that only the client sees."""
    forget(client)
    python = python_or_report(requirements)
    names = real_names(logs / "tls")
    with a_simulator(logs / "simulator.log", "--tls", str(names.tls)) as simulator:
        told = {**addresses(simulator), "certificate": str(names.certificate)}
        outcomes = run_script(python, script, *arguments, told=told, prefix=names.prefix)
    return _kept(client, outcomes)


def _kept(client: str, outcomes: list[Outcome]) -> list[Outcome]:
    keep(client, outcomes)
    assert not failures(outcomes), "\n".join(failures(outcomes))
    return outcomes
