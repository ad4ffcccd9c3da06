"""What a user may type at the command line."""
