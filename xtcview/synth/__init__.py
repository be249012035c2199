"""TODO synth."""
