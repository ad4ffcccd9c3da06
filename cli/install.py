"""Install lock files as they stand, then this project: ``python -m cli.install LOCK ...``.

It runs before anything is installed, so it imports the standard library only. uv does it in a tenth of pip's time. pip
installs uv, by its hash, and does the rest itself where uv cannot be had, does not get what is locked, or would not look
where this machine's pip is told to look. Neither resolves anything.
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

UV_LOCK: Final = "requirements-uv.lock"
#: Locks are installed as they stand; Python compiles what it imports, and compiling everything would take longer.
_AS_LOCKED: Final = ("--no-deps", "--require-hashes")
#: Ours, compiled while the installer waits for the network.
_PACKAGES: Final = ("shared", "services", "simulator", "research", "cli")
#: Built by what requirements-build.lock has installed, not by what the index has today.
_ITSELF: Final = ("--no-deps", "--no-build-isolation", "--editable", ".")

#: Setting of pip → uv's variable for it, and what stands between several values.
_FOR_UV: Final = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
}
#: Settings of pip that say nothing about where a locked file comes from.
_NO_MATTER: Final = frozenset({
    "break-system-packages", "cache-dir", "config-file", "constraint", "default-timeout", "disable-pip-version-check",
    "log", "no-cache-dir", "no-color", "no-input", "no-python-version-warning", "no-warn-script-location", "prefer-binary",
    "progress-bar", "quiet", "require-virtualenv", "retries", "root-user-action", "timeout", "upgrade-strategy", "verbose",
})  # fmt: skip


def uv_environment(pip_settings: Iterable[str]) -> dict[str, str] | None:
    """Return uv's variables for settings of pip; None if one of them cannot be said to uv, and pip has to do it.

    pip_settings: the lines of ``pip config list``, as ``global.index-url='https://…'``.
    """
    chosen: dict[str, str] = {}
    # pip lists its environment's settings first, and they win over those of files; an install's over the global ones.
    for line in sorted(pip_settings, key=lambda line: (line.startswith(":env:"), line.startswith("install."))):
        name, _, value = line.partition("=")
        section, _, key = name.strip().rpartition(".")
        if section.partition(".")[0] not in ("global", "install", ":env:") or key in _NO_MATTER:
            continue
        if key not in _FOR_UV:
            return None
        chosen[key] = str(ast.literal_eval(value))
    if chosen.get("no-index", "0").lower() in ("0", "false", "no", "off"):
        chosen.pop("no-index", None)
    found = {_FOR_UV[key][0]: _FOR_UV[key][1].join(value.split()) for key, value in chosen.items() if value.split()}
    if "UV_NO_INDEX" in found:
        found["UV_NO_INDEX"] = "1"
    # What is taken is decided by its hash, whichever index has it.
    return found | {"UV_INDEX_STRATEGY": "unsafe-best-match"}


def main(arguments: list[str] | None = None) -> int:
    """Install with uv, else with pip. Return 0, or pip's exit code."""
    parser = argparse.ArgumentParser(prog="python -m cli.install", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("locks", nargs="+", metavar="LOCK", help="a lock file")
    locks = parser.parse_args(arguments).locks
    compiling = (sys.executable, "-m", "compileall", "-qq", *(name for name in _PACKAGES if Path(name).is_dir()))
    with subprocess.Popen(compiling):  # noqa: S603  ours; most of the time one core has nothing to do
        return _install(locks)


def _install(locks: Iterable[str]) -> int:
    environment = None if os.environ.get("ICT_INSTALLER") == "pip" else _with_uv()
    for what in ((*_AS_LOCKED, *(word for lock in locks for word in ("-r", lock))), _ITSELF):
        if environment is not None:
            if _run(("-m", "uv", "pip", "install", "--python", sys.executable), what, environment) == 0:
                continue
            print("uv could not install that; pip does it now", file=sys.stderr)
            environment = None
        failed = _pip(*what)
        if failed:
            return failed
    return 0


def _with_uv() -> Mapping[str, str] | None:
    """Return the environment in which uv works like this pip; None if it would not, or cannot be had."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    environment = uv_environment(listed.stdout.splitlines()) if listed.returncode == 0 else None
    if environment is None:
        return None
    if _pip(*_AS_LOCKED, "--only-binary", ":all:", "-r", UV_LOCK):
        print("uv cannot be had here; pip installs everything by itself, which takes longer", file=sys.stderr)
        return None
    return {**os.environ, **environment}


def _pip(*what: str) -> int:
    return _run(("-m", "pip", "--disable-pip-version-check", "install", "--no-compile"), what, os.environ)


def _run(installer: tuple[str, ...], what: tuple[str, ...], environment: Mapping[str, str]) -> int:
    command = [sys.executable, *installer, "--quiet", *what]
    return subprocess.run(command, env=dict(environment), check=False).returncode  # noqa: S603  ours, and names of locks


if __name__ == "__main__":
    sys.exit(main())
