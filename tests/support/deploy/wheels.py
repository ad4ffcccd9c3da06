"""Wheels for tests of the installation: made-up releases, and installed packages packed again."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile, ZipInfo


def made_up(
    directory: Path,
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    extras: Iterable[str] = (),
    module: str = "",
) -> Path:
    """Write the wheel of a package with one module, of this text. ``requires``: requirement lines, markers included."""
    stem = name.replace("-", "_")
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {each}" for each in requires]
    info = f"{stem}-{version}.dist-info"
    contents = {
        f"{stem}.py": module.encode(),
        f"{info}/METADATA": ("\n".join(lines) + "\n").encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    return _pack(directory / f"{stem}-{version}-py3-none-any.whl", info, contents)


def packed_again(directory: Path, name: str) -> Path:
    """Write the wheel of a package from its files in this environment, its programs included."""
    found = distribution(name)
    info = f"{found.metadata['Name'].replace('-', '_')}-{found.version}.dist-info"
    contents = {}
    for file in found.files or ():
        if file.parts[0] == ".." and file.parent.name == "bin":
            contents[f"{info.removesuffix('.dist-info')}.data/scripts/{file.name}"] = file.read_binary()
        if file.parts[0] != ".." and file.suffix != ".pyc" and file.name not in ("RECORD", "INSTALLER", "REQUESTED"):
            path = file.as_posix()
            if file.parts[0].endswith(".dist-info"):
                path = path.replace(file.parts[0], info)
            contents[path] = file.read_binary()
    return _pack(directory / f"{info.removesuffix('.dist-info')}-py3-none-any.whl", info, contents)


def hashed(wheel: Path) -> str:
    """The line of a lock file for this wheel."""
    name, version = wheel.name.split("-")[:2]
    return f"{name.replace('_', '-')}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def _pack(wheel: Path, info: str, contents: dict[str, bytes]) -> Path:
    record = f"{info}/RECORD,,\n"
    with ZipFile(wheel, "w") as archive:
        for path, content in contents.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(content)}\n"
            member = ZipInfo(path)
            member.external_attr = (0o100755 if ".data/scripts/" in path else 0o100644) << 16
            archive.writestr(member, content)
        archive.writestr(f"{info}/RECORD", record)
    return wheel
