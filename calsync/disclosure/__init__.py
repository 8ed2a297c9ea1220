"""Disclosure control: the only way from figures to a table that may be written."""
