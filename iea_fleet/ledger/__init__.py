"""What was run, found and changed, in a database."""
