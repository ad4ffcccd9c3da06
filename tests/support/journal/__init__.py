"""Messages for the tests of the journal."""
