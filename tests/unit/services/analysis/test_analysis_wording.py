"""How prices are written in sentences (ICT-13)."""

from __future__ import annotations

import pytest

from services.analysis.wording import price


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.005e-07, "0.0000001005"),
        (1e-08, "0.00000001"),
        (2.5e-05, "0.000025"),
        (0.1 + 0.2, "0.3"),
        (95505.4, "95505.4"),
        (100.0, "100"),
        (9e11, "900000000000"),
        (0.0, "0"),
    ],
)
def test_a_price_is_written_in_digits_and_without_noise(value: float, written: str) -> None:
    """ICT-13: never in powers of ten, and read from the store of written prices as the first time."""
    assert [price(value), price(value)] == [written, written]
