"""Cores know no clock, no randomness and no event loop, and the walk that says so is not blind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repository.pure_modules import ROOT, impurities, pure_modules


@pytest.mark.parametrize("module", pure_modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_core_reads_no_clock_and_rolls_no_dice(module: Path) -> None:
    """BT-1: the same messages give the same decisions on every run, in every process."""
    found = impurities(module.read_text(encoding="utf-8"))
    assert not found, "\n".join(f"{module.relative_to(ROOT)}, {each}" for each in found)


SPECIMENS = {
    "import time\nnow = time.time()\n": "import of time",
    "from time import monotonic\n": "import of time",
    "from datetime import datetime\nat = datetime.now()\n": "datetime.datetime.now",
    "import datetime as dt\nat = dt.datetime.utcnow()\n": "datetime.datetime.utcnow",
    "from datetime import date as day\nat = day.today()\n": "datetime.date.today",
    "import random\n": "import of random",
    "def later():\n    from random import choice\n": "import of random",
    "import uuid as u\nname = u.uuid4()\n": "uuid.uuid4",
    "from uuid import uuid1 as fresh\nname = fresh()\n": "uuid.uuid1",
    "import os\nnoise = os.urandom(8)\n": "os.urandom",
    "import os\nlevel = os.environ['ICT_LEVEL']\n": "os.environ",
    "import asyncio\n": "import of asyncio",
    "import asyncio.tasks\n": "import of asyncio.tasks",
    "import secrets\n": "import of secrets",
    "import numpy as np\nrng = np.random.default_rng()\n": "numpy.random.default_rng",
    "import numpy as np\njump = np.random.normal()\n": "numpy.random.normal",
    "from numpy.random import normal\njump = normal()\n": "numpy.random.normal",
    "key = hash('BTCUSDT')\n": "hash",
    "import datetime\nclock = datetime.datetime.now\n": "datetime.datetime.now",
}


@pytest.mark.parametrize(("source", "name"), SPECIMENS.items())
def test_the_walk_catches_what_would_make_a_core_differ(source: str, name: str) -> None:
    """STYLE: every checker has a specimen that it must catch, also behind aliases and inside functions."""
    assert name in {each.name for each in impurities(source)}


HARMLESS = (
    "from datetime import UTC, datetime\nat = datetime.fromtimestamp(1700000000, UTC)\n",
    "import numpy as np\nrng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([1])))\n",
    "class Clock:\n    time: int\n\ndef at(clock):\n    return clock.time\n",
    "def f(message):\n    return message.id\n",
    "class Fact:\n    id: str\n",
)


@pytest.mark.parametrize("source", HARMLESS)
def test_the_walk_lets_times_and_seeds_of_messages_pass(source: str) -> None:
    """A rule that also forbids what is right would be switched off."""
    assert impurities(source) == []


def test_the_walk_reaches_every_core_and_leaves_the_shells_alone() -> None:
    """A list that is empty, or that misses a core, would pass as well."""
    modules = {path.relative_to(ROOT).as_posix() for path in pure_modules()}
    cores = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("services/*/core.py")}
    assert len(cores) >= 6
    assert cores <= modules
    assert {
        "simulator/core/matching/matching.py",
        "simulator/market/generator.py",
        "shared/pipeline.py",
        "shared/domain/ids.py",
    } <= modules
    assert not {"services/risk/service.py", "simulator/replay_driver.py", "services/journal/sink.py"} & modules


def test_the_walk_would_catch_a_shell_among_the_cores() -> None:
    """The replay driver is a shell: if it were listed as a core, it would be found out."""
    assert impurities((ROOT / "simulator/replay_driver.py").read_text(encoding="utf-8"))
