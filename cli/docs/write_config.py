"""``python -m cli.docs.write_config FILE…`` (``make config``): write the documented configurations from the settings models.

The name of a file says which mode it is for: ``config/paper.yaml``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cli.settings import Settings
from shared.bus.topology import Mode
from shared.config.document import document

_ABOUT: Final = (
    "every setting with its meaning, what is allowed, and its default. Made from the settings models by "
    "`make config`; copy it, change values, and run `ict check --config your.yaml`. Environment variables win over a file: "
    "ICT_RISK__LEVERAGE=5 sets risk.leverage. Lines that are commented out are secrets, or different in each process."
)
_TITLES: Final[dict[Mode, str]] = {
    "sim": "Simulation",
    "paper": "Paper: the exchange's live market, fills simulated here; no key is needed and no order leaves this system",
    "testnet": "Testnet: the exchange's demo exchange, its market and its fills; needs a key of that exchange",
    "live": "Live: real orders with real money; needs a key, an approval key of your own, and two acknowledgements",
}
#: What a mode's file says instead of the default, beside the mode itself.
_VALUES: Final[dict[Mode, Mapping[str, object]]] = {"sim": {}, "paper": {}, "testnet": {}, "live": {}}


def text(mode: Mode = "sim") -> str:
    """What config/<mode>.yaml must contain."""
    return document(Settings, f"{_TITLES[mode]}: {_ABOUT}", values={"mode": mode, **_VALUES[mode]})


def mode_of(file: Path) -> Mode:
    """The mode that a file is named for. Raises SystemExit."""
    for mode in _TITLES:
        if file.stem == mode:
            return mode
    raise SystemExit(f"{file}: name it after a mode, for example config/paper.yaml; the modes are {', '.join(_TITLES)}")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        Path(argument).write_text(text(mode_of(Path(argument))), encoding="utf-8")
