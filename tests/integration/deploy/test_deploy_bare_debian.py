"""README's two commands on a bare Debian 12: a fresh clone in a root file system with python3, venv and make alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.deploy.locks import ROOT, add_newer_releases

PACKAGES = "python3,python3-venv,make,ca-certificates"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
#: `make test` narrowed to tests that need no service: that it installs and runs is what is asked here.
SMOKE = "ARGS=tests/unit/shared/domain tests/unit/shared/config -q"

pytestmark = [
    pytest.mark.locks,
    pytest.mark.timeout(1_800),  # a distribution and two environments over the network, on a busy machine
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a root file system"),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="debootstrap is missing: apt-get install debootstrap"),
]


@pytest.fixture(scope="module")
def bare_debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root file system as it is after the installation of Debian, from the mirror that this machine uses."""
    root = tmp_path_factory.mktemp("bare") / "root"
    _run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root), *_mirror())
    for file in (Path("/etc/resolv.conf"), Path("/etc/hosts"), BUNDLE):
        if file.exists():
            shutil.copy(file, root / file.relative_to("/"))
    (root / "newer").mkdir()
    add_newer_releases(root / "newer")
    yield root
    shutil.rmtree(root.parent)


@pytest.fixture
def clone(bare_debian: Path) -> Iterator[Path]:
    """A fresh clone of the repository in there; goes with all that was made in it."""
    directory = bare_debian / "root/ict-trader"
    _run("git", "clone", "--quiet", str(ROOT), str(directory))
    yield bare_debian
    shutil.rmtree(directory)


@pytest.mark.parametrize("links", ["", "/newer"], ids=["today", "a-year-later"])
def test_both_commands_of_the_readme_work(clone: Path, links: str) -> None:
    demo = _in_clone(clone, links, "make", "demo")
    assert "Latency per stage" in demo
    tests = _in_clone(clone, links, "make", "test", SMOKE)
    assert " passed" in tests
    assert " failed" not in tests


def _in_clone(root: Path, links: str, *command: str) -> str:
    """Run a command there with nothing of our environment but where pip finds its index; /proc as in any container."""
    kept = [f"{name}={value}" for name, value in os.environ.items() if name in ("PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT")]
    pip = [*kept, f"PIP_CERT={BUNDLE}", f"PIP_FIND_LINKS={links}"]
    inside = ["env", "-i", "-C", "/root/ict-trader", "HOME=/root", "PATH=/usr/bin:/bin", *pip, *command]
    mounted = 'mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"'
    return _run("unshare", "--mount", "sh", "-c", mounted, str(root), *inside)


def _mirror() -> list[str]:
    """Where this machine has Debian from; nothing on other distributions, then debootstrap knows one."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Codename: bookworm", "Component: main"]
    if shutil.which("apt-get") is None:
        return []
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[:1]


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout
