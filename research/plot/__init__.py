"""Charts of candles with what the analysis knew of them, for people: one scene, drawn as PNG or as a page of its own."""
