"""The certificate with which the server speaks HTTPS and WSS, so that a client needs no other address than the real one."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

#: Names of the files in the folder of ``server.tls``.
CERTIFICATE: Final = "certificate.pem"
KEY: Final = "key.pem"


class BadCertificate(Exception):
    """Raised for a folder without a usable certificate; the text says what is wrong and what to do."""


def read_certificate(folder: Path) -> ssl.SSLContext:
    """Read certificate and key of a folder. Raises BadCertificate if a file is missing or they do not belong together."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    except OSError as error:  # ssl.SSLError is one
        raise BadCertificate(
            f"server.tls: {folder} needs {CERTIFICATE} and {KEY} that belong together ({error}); "
            "docs/simulator.md has the command that makes them"
        ) from error
    return context
