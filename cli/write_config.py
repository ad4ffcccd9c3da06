"""``python -m cli.write_config FILE`` (``make config``): write the documented configuration from the settings models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from cli.settings import Settings
from shared.runtime.config_document import document

TITLE: Final = (
    "Simulation: every setting with its meaning, what is allowed, and its default. Made from the settings models by "
    "`make config`; copy it, change values, and run `ict check --config your.yaml`. Environment variables win over a file: "
    "ICT_RISK__LEVERAGE=5 sets risk.leverage. Lines that are commented out are secrets, or different in each process."
)


def text() -> str:
    """What config/sim.yaml must contain."""
    return document(Settings, TITLE)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
