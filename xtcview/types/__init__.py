"""Payload -> record: one file of tables per psana package; `registry` imports them when needed."""
