"""``python -m tests.support.analysis.digest``: one line, a digest of all that the engine says of a set of walks, and which
engine said it. Run compiled and interpreted, the digest must be the same."""

from __future__ import annotations

import hashlib
import json

import msgspec

from services.analysis.engine import Engine
from services.analysis.settings import AnalysisSettings
from shared.runtime.native import engine
from tests.support.analysis.candles import LIVELY, OTHER_OPTIONS, SYMBOL, TIMEFRAME, run, seeded_walk


def digest() -> str:
    """Of every analysis and every state, in bytes: an int where the other has a float is a difference."""
    told = hashlib.blake2b(digest_size=16)
    for settings in (LIVELY, OTHER_OPTIONS, AnalysisSettings()):
        for seed in range(3):
            walk = seeded_walk(seed, 1_200)
            del walk[500:503]
            told.update(msgspec.msgpack.encode(run(walk, settings)))
            one = Engine(SYMBOL, TIMEFRAME, settings)
            for candle in walk:
                one.update(candle)
            told.update(msgspec.msgpack.encode(one.state()))
    return told.hexdigest()


if __name__ == "__main__":
    print(json.dumps({"engine": engine(), "digest": digest()}))
