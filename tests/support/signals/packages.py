"""Packages that offer strategies, installed without an index: modules and a dist-info in a directory of the import path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.signals.plugins import GROUP

STRANGER: Final = (Path(__file__).parent / "stranger_package" / "stranger_fade.py").read_text(encoding="utf-8")


def install(site: Path, package: str, points: Mapping[str, str], modules: Mapping[str, str]) -> Path:
    """Write a package as an installer does. points: strategy → ``module:object``; modules: name → source."""
    site.mkdir(parents=True, exist_ok=True)
    for name, source in modules.items():
        (site / f"{name}.py").write_text(source, encoding="utf-8")
    info = site / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}", encoding="utf-8")
    return site


def install_stranger(site: Path) -> Path:
    """Install the package of ``stranger_package``."""
    return install(site, "stranger-fade", {"stranger_fade": "stranger_fade:STRATEGY"}, {"stranger_fade": STRANGER})
