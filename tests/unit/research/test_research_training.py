"""The training of the fill probability: time order, unseen months, honest rows, and a model that learns what is there."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from research.training.fvg import Source, TooLittleData, brier, split, train
from research.training.gaps import AGES, Row, rows_of
from research.training.settings import TrainingSettings
from services.analysis.fvg_fill import Features, load_model
from services.analysis.settings import AnalysisSettings
from services.analysis.settings.fvg import FvgSettings
from shared.domain.timeframes import DAY, DURATION, Timeframe
from shared.runtime.process.exits import Exit
from tests.support.analysis.candles import seeded_walk
from tests.support.ingest.candle_files import walk, write_csv

SMALL = TrainingSettings(least_rows=50)
SETTINGS = AnalysisSettings.model_validate({"fvg": {"min_size_percent": 0.0, "max_age_candles": 20}})
#: 2025-01-01.
YEAR = 1_735_689_600_000


def made(symbol: str, timeframe: Timeframe, days: int, seed: int, *, learnable: bool = True) -> Source:
    """Ten gaps a day, each asked about at birth; near ones are filled far more often than far ones."""
    draw = random.Random(seed)
    rows = []
    for number in range(days * 10):
        asked = YEAR + number * DAY // 10
        distance = draw.uniform(0.0, 6.0)
        chance = (0.95 - 0.15 * distance) if learnable else 0.5
        features = Features(draw.uniform(0.1, 2.0), distance, 1.0, draw.choice((-1.0, 1.0)), "", 15.0, 0.0, 0.0)
        rows.append(Row(symbol, timeframe, asked, asked + DURATION[timeframe] * 50, 0, features, draw.random() < chance))
    return Source(symbol, timeframe, f"{symbol}.parquet", rows)


def test_every_row_asks_about_an_open_gap_with_what_was_known_then() -> None:
    """ICT-6: ages rise, fills never fall, the answer is one of the gap's whole life."""
    rows = rows_of(seeded_walk(5, 900), SETTINGS)
    assert len(rows) > 300
    assert {row.place for row in rows} == set(range(len(AGES)))
    life = 20 * DURATION["15m"]
    for row in rows:
        assert 0.0 <= row.features.fill < 0.95
        born = row.answered_at - life
        assert row.asked_at == born + round(row.features.age * 20) * DURATION["15m"]
    assert 0.1 < np.mean([row.filled for row in rows]) < 0.9


def test_rows_do_not_change_with_the_future() -> None:
    """BT-5: questions that a prefix can answer are the same in the whole run."""
    candles = seeded_walk(5, 900)
    whole = rows_of(candles, SETTINGS)
    end = candles[599].close_time
    part = rows_of(candles[:600], SETTINGS)
    assert part == [row for row in whole if row.answered_at < end]
    assert rows_of([], SETTINGS) == []


def test_unseen_months_are_never_learnt_from_by_any_source() -> None:
    """ICT-6: not even through another timeframe of the same weeks."""
    sources = [made("BTCUSDT", "15m", 240, 1), made("BTCUSDT", "1h", 120, 2)]
    parts = split(sources, SMALL)
    assert [f"{np.datetime64(at, 'ms'):}"[:10] for at in parts.unseen_from] == ["2025-07-01", "2025-04-01"]
    seen = [*parts.train, *parts.calibrate]
    assert max(row.answered_at for row in parts.train) < min(row.asked_at for row in parts.calibrate)
    for begin, unseen in zip(parts.unseen_from, parts.unseen, strict=True):
        end = unseen[-1].answered_at
        assert unseen
        assert all(row.answered_at < begin or row.asked_at > end for row in seen)


def test_training_on_a_learnable_market_beats_the_base_rate() -> None:
    """ICT-6: on months it has not seen."""
    good = train([made("BTCUSDT", "15m", 240, 1), made("ETHUSDT", "15m", 240, 2)], FvgSettings(), SMALL, "ict train fvg")
    for name in ("BTCUSDT", "ETHUSDT", "all"):
        assert good.scores[name]["brier"] < 0.9 * good.scores[name]["brier_base_rate"]
    near = Features(0.5, 0.2, 1.0, 1.0, "", 15.0, 0.0, 0.0)
    assert good.probability(near) > 0.8 > 0.4 > good.probability(msgspec.structs.replace(near, distance=5.5))


def test_training_on_noise_does_not_beat_the_base_rate() -> None:
    """ICT-6: on months it has not seen."""
    noise = train([made("BTCUSDT", "15m", 240, 1, learnable=False)], FvgSettings(), SMALL, "ict train fvg")
    assert noise.scores["all"]["brier"] > 0.97 * noise.scores["all"]["brier_base_rate"]
    again = train([made("BTCUSDT", "15m", 240, 1, learnable=False)], FvgSettings(), SMALL, "ict train fvg")
    assert again == noise


@pytest.mark.parametrize(
    ("days", "least", "told"), [(20, 50, "1 calendar month"), (60, 5_000, "rows to learn from"), (60, 330, "rows to")]
)
def test_too_little_data_is_told(days: int, least: int, told: str) -> None:
    with pytest.raises(TooLittleData, match=told):
        train([made("BTCUSDT", "15m", days, 1)], FvgSettings(), TrainingSettings(least_rows=least), "")


def test_the_brier_score_is_the_mean_squared_distance() -> None:
    assert brier(np.array([1.0, 0.0, 0.5]), np.array([True, True, False])) == pytest.approx((0 + 1 + 0.25) / 3)


def test_shares_that_leave_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="less than a tenth"):
        TrainingSettings(unseen=0.9, calibration=0.5)


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_the_command_writes_a_model_that_the_engine_can_read(tmp_path: Path) -> None:
    """ICT-6: with its data and its command; exit 0 or 1 by its scores."""
    data = write_csv(tmp_path / "btc.csv", walk(3, 30_000, "15m"))
    config = tmp_path / "fvg.yaml"
    config.write_text("analysis: {fvg: {min_size_percent: 0.0}}\n")
    out = tmp_path / "model.json"
    result = ict("train", "fvg", "--data", f"BTCUSDT={data}@15m", "--out", out, "--config", config)
    assert out.exists(), result.output
    model = load_model(out)
    assert model is not None
    better = model.scores["BTCUSDT"]["brier"] < model.scores["BTCUSDT"]["brier_base_rate"]
    assert result.exit_code == (Exit.OK if better else Exit.NEGATIVE), result.output
    assert model.data[0]["file"] == "btc.csv"
    assert (model.min_size_percent, model.max_age_candles) == (0.0, 50)


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("--data", "BTCUSDT=x.csv", "--out", "m.json"), Exit.USAGE, "SYMBOL=FILE@TIMEFRAME"),
        (("--data", "BTCUSDT=x.csv@7m", "--out", "m.json"), Exit.USAGE, "SYMBOL=FILE@TIMEFRAME"),
        (("--data", "BTCUSDT=x.csv@15m", "--out", "m.json"), Exit.NEGATIVE, "missing_file"),
        (("--data", "BTCUSDT=x.csv@15m", "--out", "m.json", "--unseen", "1.5"), Exit.USAGE, "--unseen 1.5"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(arguments: tuple[str, ...], code: Exit, named: str) -> None:
    result = ict("train", "fvg", *arguments)
    assert result.exit_code == code
    assert named in result.output


def test_the_command_says_when_there_is_too_little(tmp_path: Path) -> None:
    few = write_csv(tmp_path / "few.csv", walk(3, 1_000, "15m"))
    none = write_csv(tmp_path / "none.csv", walk(3, 20, "15m"))
    for data, told in ((few, "calendar month"), (none, "no fair value gap")):
        result = ict("train", "fvg", "--data", f"BTCUSDT={data}@15m", "--out", tmp_path / "m.json")
        assert result.exit_code == Exit.NEGATIVE
        assert told in result.output
    assert not (tmp_path / "m.json").exists()
