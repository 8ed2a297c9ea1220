"""Reads the settings, `calsync.toml` and the list of managers; lower layers do not depend on this package."""
