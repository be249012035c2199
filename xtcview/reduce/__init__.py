"""TODO reduce."""
