"""TODO calib."""
