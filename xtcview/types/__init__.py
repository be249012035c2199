"""Payload -> record: one table file per psana package."""
