"""``ict chaos``, small: a sound deployment holds, and one with a fault a symbol is caught in each, and nowhere else."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.chaos.drill import Drill
from cli.chaos.plan import Strike, Wanted, plan
from cli.chaos.servers import Servers
from cli.chaos.verdict import Verdict, as_json, as_text, verdict
from simulator.ledger.case import Limits
from tests.support.chaos.defective import BROKEN_IN
from tests.support.processes.fleet import ict

pytestmark = [
    pytest.mark.chaos, pytest.mark.e2e, pytest.mark.rabbitmq, pytest.mark.redis, pytest.mark.timeout(600),
]  # fmt: skip

#: Entries below which even a small run says nothing.
ENOUGH = 30
#: Two cores beside other tests: a process that is not given a core for seconds protects nothing meanwhile.
BUSY = Limits(naked_ms=6_000)


async def drilled(
    path: Path,
    rabbitmq_url: str,
    redis_url: str,
    strikes: Sequence[Strike],
    limits: Limits,
    *,
    entries: int = ENOUGH,
    **more: object,
) -> Verdict:
    """The verdict on a drill with these strikes."""
    async with Servers({"redis": redis_url, "rabbitmq": rabbitmq_url}, {}) as servers:
        drill = Drill(seed=1, strikes=strikes, servers=servers, directory=path, entries=entries, longest_s=240, **more)  # type: ignore[arg-type]  # fields of its
        found = await drill.run()
    return verdict(1, found, ENOUGH, len(strikes), limits)


@pytest.mark.drill
async def test_a_sound_deployment_holds_through_kills_stops_faults_and_servers_that_are_away(
    tmp_path: Path, rabbitmq_url: str, redis_url: str
) -> None:
    """EXEC-2, EXEC-3, OPS-9, invariants 3, 4 and 5: what `make chaos` runs for minutes, in one."""
    strikes = plan(1, Wanted(kills=4, pairs=4, servers=2, halts=1))
    found = await drilled(tmp_path, rabbitmq_url, redis_url, strikes, BUSY)
    assert found.word == "held", as_text(found)
    told = json.loads(json.dumps(as_json(found)))
    assert (told["verdict"], told["entries"] >= ENOUGH, told["breaches"]) == ("held", True, [])
    assert told["strikes"]["kill"] + told["strikes"]["stop"] == 4


@pytest.mark.drill
async def test_every_fault_of_execution_risk_and_guardian_is_caught_where_it_is(
    tmp_path: Path, rabbitmq_url: str, redis_url: str
) -> None:
    """OPS-9: an order twice, late, unapproved, forgotten, in a halt; a position bare, closed, or with a stop too many; an
    exit left. One symbol each, and one in which nothing is wrong.
    """
    config = tmp_path / "deployment.yaml"

    def defective(service: str) -> list[str]:
        return [sys.executable, "-m", "tests.support.chaos.defective", service, "run", service, "--config", str(config)]

    commands = {
        "execution.a": defective("execution"),
        "execution.b": defective("execution"),
        "risk": defective("risk"),
        "guardian": defective("guardian"),
    }
    halt, limits = Strike("halt", ms=8_000), Limits(naked_ms=BUSY.naked_ms, doubled_ms=500)  # trades last 1.5 s here
    found = await drilled(
        tmp_path, rabbitmq_url, redis_url, [halt, halt], limits, entries=60, commands=commands, flat_s=8, books_s=8
    )
    assert found.word == "broken"
    seen = {(each.invariant, symbol) for each in found.breaches for symbol in [each.what.partition(":")[0]]}
    missed = set(BROKEN_IN) - seen
    assert not missed, as_text(found)
    elsewhere = {symbol for _, symbol in seen} - {symbol for _, symbol in BROKEN_IN}
    assert not elsewhere, as_text(found)


@pytest.fixture(scope="module")
def a_plan() -> str:
    return ict("chaos", "--plan", "--seed", "9").stdout


def test_a_plan_is_printed_and_nothing_is_started(a_plan: str) -> None:
    """A failure prints the seed: it and the same options make the same plan."""
    assert len(a_plan.splitlines()) == 72
    assert ict("chaos", "--plan", "--seed", "9").stdout == a_plan
    parts = [ict("chaos", "--plan", "--seed", "9", "--part", f"{part}/3").stdout.splitlines() for part in (1, 2, 3)]
    strikes = [line.split(maxsplit=1)[1] for line in a_plan.splitlines()]
    assert sorted(line.split(maxsplit=1)[1] for part in parts for line in part) == sorted(strikes)


def test_a_part_that_is_none_is_refused() -> None:
    assert ict("chaos", "--plan", "--part", "4/3").returncode == 2


def test_a_directory_in_which_something_is_kept_already_is_refused(tmp_path: Path) -> None:
    """A journal of an earlier run would be taken for this one's."""
    (tmp_path / "journal.sqlite").write_bytes(b"earlier")
    done = ict("chaos", "--keep", str(tmp_path), "--plan")
    assert (done.returncode, str(tmp_path) in done.stderr) == (2, True)
    assert ict("chaos", "--over", "60", "--plan").returncode == 2
