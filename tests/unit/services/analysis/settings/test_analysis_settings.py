"""Settings: the shipped numbers and their bounds (ICT-1, ICT-3, ICT-5)."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from services.analysis.settings import AnalysisSettings


def test_the_defaults_are_the_required_numbers() -> None:
    """ICT-3: 3 touches, 100 candles, 70 % body; ICT-5: 0.1 %, 50 candles, 95 %, every 10 %."""
    settings = AnalysisSettings()
    assert (settings.order_block.max_touches, settings.order_block.max_age_candles) == (3, 100)
    assert settings.order_block.strong_body == 0.7
    assert (settings.fvg.min_size_percent, settings.fvg.max_age_candles) == (0.1, 50)
    assert (settings.fvg.filled_at, settings.fvg.fill_steps) == (0.95, 10)
    assert (settings.swing_length, settings.max_active) == (5, 20)


@pytest.mark.parametrize(
    "wrong",
    [
        {"swing_length": 0},
        {"swing_lenght": 5},
        {"fvg": {"filled_at": 1.5}},
        {"order_block": {"zone": "wick"}},
        {"order_block": {"score": {"reaction": 0, "displacement": 0, "fvg": 0, "age": 0, "touches": 0}}},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    """A typo or an impossible number never starts."""
    with pytest.raises(ValidationError):
        AnalysisSettings.model_validate(wrong)


def test_every_setting_says_what_it_is() -> None:
    """Each field has a description for the person who sets it."""

    def undescribed(model: type[BaseModel]) -> list[str]:
        found = [f"{model.__name__}.{name}" for name, field in model.model_fields.items() if not field.description]
        for field in model.model_fields.values():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                found += undescribed(field.annotation)
        return found

    assert undescribed(AnalysisSettings) == []
