"""Ways to prove a result wrong: data it has not seen, settings beside it, higher costs, entries by chance."""
