"""Binance's host names for one process: a hosts file that only it sees says this machine, whose certificate is the bench's.

A client started so needs no other address than the real one, but for the port. Nothing outside of the process changes, and
every name is in the file before it starts.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.processes.answering import MISSING

HOSTS: Final = ("fapi.binance.com", "fstream.binance.com", "ws-fapi.binance.com", "api.binance.com", "dapi.binance.com")
_NAMESPACE: Final = ("unshare", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"')


@dataclass(frozen=True, slots=True)
class RealNames:
    """``tls``: what the simulator takes as ``--tls``. ``prefix``: what a command is started by."""

    tls: Path
    prefix: tuple[str, ...]

    @property
    def certificate(self) -> Path:
        """What a client is told to trust."""
        return self.tls / "certificate.pem"


def real_names(home: Path) -> RealNames:
    """Make certificate and hosts file; skip the test, loudly, where the machine cannot."""
    for tool in ("openssl", "unshare"):
        if shutil.which(tool) is None:
            pytest.skip(f"{MISSING}{tool}")
    names = ",".join(f"DNS:{name}" for name in HOSTS)
    home.mkdir(parents=True)
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=ict-simulator",
            "-keyout",
            str(home / "key.pem"),
            "-out",
            str(home / "certificate.pem"),
            "-addext",
            f"subjectAltName={names},DNS:localhost,IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    hosts = home / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {' '.join(HOSTS)}\n")
    names_of = RealNames(home, (*_NAMESPACE, str(hosts)))
    tried = subprocess.run([*names_of.prefix, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"{MISSING}a mount namespace: {tried.stderr.strip()}")
    return names_of
