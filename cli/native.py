"""``python -m cli.native``: compile the hot modules for this interpreter (``make native``).

Needs mypy, setuptools and a C compiler; without a compiler it says so, and everything runs interpreted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from shared.runtime.native import ROOT, compiled_sources, directory, key

#: Runs in a process and a directory of its own: mypyc writes its C files where it stands.
_SETUP: Final = """\
import sys
from mypyc.build import mypycify
from setuptools import setup

group, config, *files = sys.argv[1:]
sys.argv = ["setup.py", "--quiet", "build_ext", "--build-lib", "lib", "--build-temp", "temp"]
setup(
    name=group,
    packages=[],
    ext_modules=mypycify(
        [f"--config-file={config}", *files], group_name=group, target_dir="c", opt_level="3", debug_level="0"
    ),
)
"""
_CONFIG: Final = "[mypy]\npython_version = {}.{}\nstrict = True\nfollow_imports = silent\n"


def build(root: Path = ROOT) -> Path:
    """Compile into the folder that the sources as they are now ask for; what was built before goes. Returns the folder.

    Raises ``subprocess.CalledProcessError`` when the compilation fails; nothing is left behind then.
    """
    into = directory(root) / key(root)
    if into.is_dir():
        return into
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix="building-") as name:
        work = Path(name)
        (work / "setup.py").write_text(_SETUP, encoding="utf-8")
        (work / "mypy.ini").write_text(_CONFIG.format(*sys.version_info[:2]), encoding="utf-8")
        sources = [str(path) for path in compiled_sources(root)]
        environment = {**os.environ, "MYPYPATH": str(root), "PYTHONPATH": str(root), "ICT_NATIVE": "0"}
        command = [sys.executable, "setup.py", f"ict_{into.name}", "mypy.ini", *sources]
        subprocess.run(command, cwd=work, env=environment, check=True)  # noqa: S603  # our own setup, our own sources
        (work / "lib").rename(into)
    for other in into.parent.iterdir():
        if other.is_dir() and other != into:
            shutil.rmtree(other)
    return into


class Obstacle(NamedTuple):
    """Why nothing can be compiled here, and what to do about it."""

    text: str
    cure: str


def obstacle() -> Obstacle | None:
    """Find out what compiling needs and this machine has not; None when it has all."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return Obstacle(f"no C compiler ({compiler})", "apt-get install gcc python3-dev, then make native")
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        return Obstacle("no Python.h", "apt-get install python3-dev, then make native")
    return None


def main() -> int:
    """Build, or say what is missing; 0 also when there is no compiler: everything works interpreted."""
    if (missing := obstacle()) is not None:
        print(f"{missing.text}: the analysis runs interpreted, about eight times slower. {missing.cure}")
        return 0
    print(f"compiled into {build()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
