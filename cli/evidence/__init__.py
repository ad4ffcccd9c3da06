"""``ict evidence``: what speaks for and against every strategy and preset, as a file that the documents show."""
