"""Which build is used: the one of these sources, and no other."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime import native


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of all that a build depends on."""
    for pattern in (*native.COMPILED, *native.READ):
        for path in native.ROOT.glob(pattern):
            target = tmp_path / path.relative_to(native.ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return tmp_path


def test_a_copy_of_the_sources_has_their_key(sources: Path) -> None:
    """Where they lie does not matter: the image builds in one folder and runs in another."""
    assert native.key(sources) == native.key()


@pytest.mark.parametrize("edited", ["services/analysis/base/zones.py", "services/analysis/lifecycle.py"])
def test_an_edit_gives_another_key(sources: Path, edited: str) -> None:
    """A stale build is never used: compiled sources, and those whose types they were compiled against."""
    (sources / edited).write_text((sources / edited).read_text() + "\n")
    assert native.key(sources) != native.key()


def test_a_new_module_gives_another_key(sources: Path) -> None:
    """A detector that was added belongs to the build."""
    (sources / "services/analysis/detectors/brand_new.py").write_text("")
    assert native.key(sources) != native.key()


def first_party(source: str) -> set[str]:
    """The modules of ours that a source imports."""
    tree = ast.parse(source)
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return {name for name in names if name.split(".")[0] in ("services", "shared", "simulator", "cli", "research")}


def files_of(module: str) -> set[Path]:
    """Where its source may lie: a module, or a package with what it may pass on."""
    base = native.ROOT.joinpath(*module.split("."))
    return set(base.glob("*.py")) if base.is_dir() else {base.with_suffix(".py")}


def test_the_key_is_of_everything_that_the_compiled_modules_import() -> None:
    """mypyc takes types and constants from what it does not compile: those sources must be in READ."""
    known = {path for pattern in (*native.COMPILED, *native.READ) for path in native.ROOT.glob(pattern)}
    for path in native.compiled_sources():
        for module in first_party(path.read_text(encoding="utf-8")):
            missing = files_of(module) - known
            assert not missing, f"{path.name} imports {module}: name {sorted(missing)} in shared.runtime.native.READ"


def awaits_while_handling(source: str) -> list[int]:
    """The lines of ``await`` in ``except`` blocks."""
    handlers = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler))
    return sorted({node.lineno for handler in handlers for node in ast.walk(handler) if isinstance(node, ast.Await)})


def test_no_compiled_module_awaits_in_an_except_block() -> None:
    """In mypyc's coroutines the handled error would appear in whatever task runs meanwhile."""
    found = {path.name: awaits_while_handling(path.read_text(encoding="utf-8")) for path in native.compiled_sources()}
    assert not {name: lines for name, lines in found.items() if lines}


def test_an_await_in_an_except_block_is_caught() -> None:
    """STYLE: every checker has a specimen."""
    source = "async def f():\n    try:\n        await a()\n    except OSError:\n        await b()\n"
    assert awaits_while_handling(source) == [5]


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(native.ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


SHOW = "from shared.runtime.native import engine; import services.analysis.base.zones as z; print(engine(), z.__file__)"


def test_without_a_fitting_build_the_source_runs(tmp_path: Path) -> None:
    """Not compiled is always right, only slower."""
    (tmp_path / "0123456789abcdef").mkdir()
    said = run(SHOW, ICT_NATIVE_DIR=str(tmp_path), ICT_NATIVE="1")
    assert said == f"interpreted {native.ROOT / 'services/analysis/base/zones.py'}"


def test_a_build_is_refused_when_nobody_wants_it(tmp_path: Path) -> None:
    """ICT_NATIVE=0 forces the interpreter."""
    (tmp_path / native.key()).mkdir()
    assert run(SHOW, ICT_NATIVE_DIR=str(tmp_path), ICT_NATIVE="0").startswith("interpreted")


def test_a_fitting_build_comes_first(tmp_path: Path) -> None:
    """The key decides; here a module of the build says so itself."""
    place = tmp_path / native.key() / "services" / "analysis" / "base"
    place.mkdir(parents=True)
    (place / "zones.py").write_text("mark = 'of the build'\n")
    code = (
        "import services.analysis.base.zones as z; from services.analysis.base import close; print(z.mark, close.__file__)"
    )
    said = run(code, ICT_NATIVE_DIR=str(tmp_path), ICT_NATIVE="1")
    assert said == f"of the build {native.ROOT / 'services/analysis/base/close.py'}"
